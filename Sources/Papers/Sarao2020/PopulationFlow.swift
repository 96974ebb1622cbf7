private import Foundation
public import NumericalMethods
public import PaperKit

/// Gradient flow on the population loss (infinitely many samples): how fast does the student become the teacher?
///
///     dW/dt = -W (2 B + (tr B) I),   B = W^T W - A*,   E(t) = |B|^2 + (tr B)^2 / 2.
///
/// The flow is invariant under rotations of the inputs, so the teacher is taken diagonal: diag(l), l its eigenvalues. From
/// A(0) = I the student then stays diagonal and d numbers suffice: dp_i/dt = -2 p_i (2 (p_i - l_i) + tr B).
public enum PopulationFlow: Experiment {
  /// Where the flow starts.
  public enum Start: String, Choice {
    /// A(0) = I, the limit of infinite width.
    case identity
    /// Independent N(0, 1/m) weights: A(0) is a Wishart matrix of mean I.
    case wishart
  }
  /// The teacher.
  public enum Teacher: String, Choice {
    /// Independent N(0, 1/m*) weights.
    case gaussian
    /// The eigenvalues `teacherEigenvalues`.
    case diagonal
  }
  /// Units of the time axis.
  public enum TimeUnit: String, Choice {
    /// The unit of the flow above.
    case one
    /// 1/g, the relaxation time of the slowest mode; needs a teacher of full rank.
    case relaxationTime
  }
  /// Spacing of the times.
  public enum Spacing: String, Choice {
    /// Equal differences.
    case linear
    /// Equal ratios.
    case logarithmic
  }

  /// What can be varied.
  public struct Parameters: ExperimentParameters {
    /// d, 2 to 64.
    public var inputDimension = 8
    /// m*, at least 1.
    public var teacherWidth = 1
    /// m, at least 1; used by the Wishart start only.
    public var studentWidth = 8
    /// The start.
    public var start = Start.identity
    /// The teacher.
    public var teacher = Teacher.gaussian
    /// For the diagonal teacher: min(m*, d) positive eigenvalues; the others are 0.
    public var teacherEigenvalues = [1.0]
    /// First time, at least 0 (above 0 if logarithmic).
    public var firstTime = 0.1
    /// Last time, above the first.
    public var lastTime = 1000.0
    /// Number of times, at least 2.
    public var timeCount = 41
    /// Spacing of the times.
    public var timeSpacing = Spacing.logarithmic
    /// Unit of the times.
    public var timeUnit = TimeUnit.one
    /// Relative tolerance of the integrator on every weight.
    public var relativeTolerance = 1e-10
    /// Absolute tolerance of the integrator on every weight.
    public var absoluteTolerance = 1e-13

    /// The defaults: a Gaussian teacher of one neuron in d = 8, from A(0) = I to t = 1000.
    public init() {}

    /// Checks the ranges above.
    public func validate() throws {
      try require((2...64).contains(inputDimension), "inputDimension", inputDimension, allowed: "2 to 64")
      try require(teacherWidth >= 1, "teacherWidth", teacherWidth, allowed: "at least 1")
      try require(studentWidth >= 1, "studentWidth", studentWidth, allowed: "at least 1")
      if teacher == .diagonal {
        let count = min(teacherWidth, inputDimension)
        try require(
          teacherEigenvalues.count == count && teacherEigenvalues.allSatisfy { $0 > 0 }, "teacherEigenvalues",
          teacherEigenvalues, allowed: "\(count) numbers above 0 (the smaller of teacherWidth and inputDimension)")
      }
      try require(firstTime >= (timeSpacing == .linear ? 0 : .leastNormalMagnitude), "firstTime", firstTime,
        allowed: timeSpacing == .linear ? "at least 0" : "above 0")
      try require(lastTime > firstTime, "lastTime", lastTime, allowed: "above firstTime")
      try require(timeCount >= 2, "timeCount", timeCount, allowed: "at least 2")
      try require(
        timeUnit == .one || teacherWidth >= inputDimension, "timeUnit", timeUnit.rawValue,
        allowed: "one, unless teacherWidth is at least inputDimension")
      try require(
        relativeTolerance > 0 && relativeTolerance < 1, "relativeTolerance", relativeTolerance, allowed: "in (0, 1)")
      try require(absoluteTolerance > 0, "absoluteTolerance", absoluteTolerance, allowed: "above 0")
    }

    /// Rank of A(0): d from the identity, else min(m, d).
    public var startRank: Int { start == .identity ? inputDimension : min(studentWidth, inputDimension) }
  }

  public static let name = "sarao2020/population-flow"
  public static let sourceFile = #fileID

  /// The times, in `timeUnit`.
  public static let time = OutputArray("time", axes: ["time"], unit: "timeUnit", meaning: "time of the flow")
  /// E(t).
  public static let populationLoss = OutputArray("populationLoss", axes: ["time"], meaning: "population loss")
  /// Eigenvalues of A(t), ascending.
  public static let eigenvalues = OutputArray(
    "eigenvalues", axes: ["time", "eigenvalue"], meaning: "eigenvalues of the student, ascending")
  /// Eigenvalues of A*, ascending.
  public static let teacherEigenvalues = OutputArray(
    "teacherEigenvalues", axes: ["eigenvalue"], meaning: "eigenvalues of the teacher, ascending")
  /// g; 0 where A* is singular.
  public static let exponentialRate = OutputArray(
    "exponentialRate", meaning: "predicted rate g of the exponential decay, 0 where the teacher is singular")
  public static let outputs = [time, populationLoss, eigenvalues, teacherEigenvalues, exponentialRate]

  /// Time runs at half its pace.
  public static let halvedGradient = Mutant("halved-gradient", meaning: "the right-hand side is halved")
  /// A wrong average over the data.
  public static let droppedTrace = Mutant("dropped-trace", meaning: "the term (tr B) I is missing from the flow")
  public static let mutants = [halvedGradient, droppedTrace]

  /// Draws what is random and integrates.
  public static func run(_ parameters: Parameters, in context: RunContext) throws -> [OutputArray: NDArray] {
    let d = parameters.inputDimension
    let levels = try levels(parameters, in: context)
    let rate = parameters.teacherWidth >= d ? try Theory.exponentialRate(teacherEigenvalues: levels) : 0
    let axis = times(parameters)
    let scale = parameters.timeUnit == .one ? 1 : 1 / rate
    let problem = Problem(
      levels: levels, factor: context.mutant == halvedGradient ? 0.5 : 1,
      traceFactor: context.mutant == droppedTrace ? 0 : 1, relativeTolerance: parameters.relativeTolerance,
      absoluteTolerance: parameters.absoluteTolerance)
    var losses: [Double] = []
    var spectra: [[Double]] = []
    switch parameters.start {
    case .identity:
      for student in try problem.diagonal(from: Array(repeating: 1, count: d), at: axis.map { $0 * scale }) {
        losses.append(Theory.populationLoss(difference: Matrix(diagonal: zip(student, levels).map { $0 - $1 })))
        spectra.append(student.sorted())
      }
    case .wishart:
      let start = try Instance.start(inputDimension: d, studentWidth: parameters.studentWidth, in: context)
      for weights in try problem.full(from: start, at: axis.map { $0 * scale }) {
        let student = LinearAlgebra.gram(weights)
        losses.append(Theory.populationLoss(difference: student - Matrix(diagonal: levels)))
        spectra.append(try LinearAlgebra.symmetricEigenvalues(student))
      }
    }
    return [
      time: NDArray(axis), populationLoss: NDArray(losses), eigenvalues: NDArray(rows: spectra),
      teacherEigenvalues: NDArray(levels), exponentialRate: NDArray(rate),
    ]
  }

  /// W(t) at ascending times from W(0), [neuron, input], under a diagonal teacher: the flow itself, for tests and for
  /// other starts.
  public static func weights(
    from start: Matrix, teacherEigenvalues: [Double], at times: [Double], relativeTolerance: Double = 1e-10,
    absoluteTolerance: Double = 1e-13
  ) throws -> [Matrix] {
    try Problem(
      levels: teacherEigenvalues, factor: 1, traceFactor: 1, relativeTolerance: relativeTolerance,
      absoluteTolerance: absoluteTolerance
    ).full(from: start, at: times)
  }

  /// The eigenvalues of A*, ascending, with zeros up to d.
  private static func levels(_ parameters: Parameters, in context: RunContext) throws -> [Double] {
    let d = parameters.inputDimension
    if parameters.teacher == .diagonal {
      let missing = d - parameters.teacherEigenvalues.count
      return Array(repeating: 0, count: missing) + parameters.teacherEigenvalues.sorted()
    }
    var stream = context.random("teacher")
    let width = parameters.teacherWidth
    let weights = stream.normalMatrix(
      rowCount: width, columnCount: d, standardDeviation: (1 / Double(width)).squareRoot())
    let values = try LinearAlgebra.symmetricEigenvalues(LinearAlgebra.gram(weights))
    // The null eigenvalues are exact zeros, not round-off of either sign.
    return values.enumerated().map { $0 < d - width ? 0 : $1 }
  }

  private static func times(_ parameters: Parameters) -> [Double] {
    let (first, last, count) = (parameters.firstTime, parameters.lastTime, parameters.timeCount)
    return (0..<count).map { index in
      let share = Double(index) / Double(count - 1)
      if index == count - 1 { return last }
      return parameters.timeSpacing == .linear ? first + (last - first) * share : first * pow(last / first, share)
    }
  }

  /// The differential equation; the factors are 1 but for deliberate mistakes.
  private struct Problem {
    let levels: [Double]
    let factor: Double
    let traceFactor: Double
    let relativeTolerance: Double
    let absoluteTolerance: Double

    private var method: DormandPrince {
      DormandPrince(relativeTolerance: relativeTolerance, absoluteTolerance: absoluteTolerance)
    }

    /// The eigenvalues p of a student that shares the teacher's eigenvectors.
    func diagonal(from start: [Double], at times: [Double]) throws -> [[Double]] {
      let count = levels.count
      return try levels.withUnsafeBufferPointer { levels in
        try method.integrate(from: 0, to: times.last ?? 0, state: start, at: times) { _, state, derivative in
          var trace = 0.0
          for index in 0..<count { trace += state[index] - levels[index] }
          trace *= traceFactor
          for index in 0..<count {
            derivative[index] = -2 * factor * state[index] * (2 * (state[index] - levels[index]) + trace)
          }
        }
      }
    }

    /// The weights of any student.
    func full(from start: Matrix, at times: [Double]) throws -> [Matrix] {
      let weights = Weights(start)
      let direction = Weights(neuronCount: weights.neuronCount, inputDimension: weights.inputDimension)
      let loss = QuadraticLoss(teacher: Matrix(diagonal: levels), traceFactor: traceFactor)
      let states = try method.integrate(from: 0, to: times.last ?? 0, state: weights.numbers, at: times) {
        _, state, derivative in
        weights.read(state)
        _ = loss.evaluate(weights)
        loss.writeDirection(at: weights, into: direction)
        direction.write(derivative, times: -factor)
      }
      return states.map { state in
        state.withUnsafeBufferPointer { weights.read($0) }
        return weights.matrix
      }
    }
  }
}
