private import Foundation
package import NumericalMethods
package import PaperKit

/// Gradient flow on the population loss (infinitely many samples): how fast does the student become the teacher?
///
///     dW/dt = -W (2 B + (tr B) I),   B = W^T W - A*,   E(t) = |B|^2 + (tr B)^2 / 2.
///
/// The flow and the law of a Gaussian start are invariant under rotations of the inputs, so the teacher is taken diagonal:
/// diag(l), l its eigenvalues.
package enum PopulationFlow: Experiment {
  /// Where the flow starts.
  package enum Start: String, Choice {
    /// A(0) = I, the limit of infinite width.
    case identity
    /// Independent N(0, 1/m) weights: A(0) is a Wishart matrix of mean I.
    case wishart
  }
  /// The teacher.
  package enum Teacher: String, Choice {
    /// Independent N(0, 1/m*) weights.
    case gaussian
    /// The eigenvalues `teacherEigenvalues`.
    case diagonal
  }
  /// Units of the time axis.
  package enum TimeUnit: String, Choice {
    /// The unit of the flow above.
    case one
    /// 1/g, the relaxation time of the slowest mode; needs a teacher of full rank.
    case relaxationTime
  }
  /// Spacing of the times.
  package enum Spacing: String, Choice {
    /// Equal differences.
    case linear
    /// Equal ratios.
    case logarithmic
  }

  /// What can be varied.
  package struct Parameters: ExperimentParameters {
    @Parameter("d", in: 2...64) package var inputDimension = 8
    @Parameter("m*", in: 1...1_000_000) package var teacherWidth = 1
    @Parameter("m; used by the Wishart start only", in: 1...1_000_000) package var studentWidth = 8
    @Parameter("start of the flow") package var start = Start.identity
    @Parameter("law of the teacher") package var teacher = Teacher.gaussian
    @Parameter("for the diagonal teacher: min(m*, d) positive eigenvalues; the others are 0")
    package var teacherEigenvalues = [1.0]
    @Parameter("first time, above 0 with logarithmic spacing", atLeast: 0) package var firstTime = 0.1
    @Parameter("last time", above: 0, atMost: 1e9) package var lastTime = 1000.0
    @Parameter("number of times", in: 2...1_000_000) package var timeCount = 41
    @Parameter("spacing of the times") package var timeSpacing = Spacing.logarithmic
    @Parameter("unit of the times") package var timeUnit = TimeUnit.one
    // Losses end in its noise, at most (100 relativeTolerance)^2: steps at the stability limit keep the tolerated error in
    // the fast modes.
    @Parameter("relative tolerance of the integrator on every weight", atLeast: 1e-14, below: 1)
    package var relativeTolerance = 1e-10
    @Parameter("absolute tolerance of the integrator on every weight", above: 0) package var absoluteTolerance = 1e-13

    /// The defaults: a Gaussian teacher of one neuron in d = 8, from A(0) = I to t = 1000.
    package init() {}

    package static var idleParameters: [IdleParameter<Self>] {
      [
        IdleParameter("studentWidth", "with start: identity, which has no neurons") { $0.start == .identity },
        IdleParameter("teacherEigenvalues", "with teacher: gaussian, which draws its own") { $0.teacher == .gaussian },
      ]
    }

    package func validateRelations() throws {
      if teacher == .diagonal {
        let count = min(teacherWidth, inputDimension)
        try require(
          teacherEigenvalues.count == count && teacherEigenvalues.allSatisfy { $0 > 0 }, "teacherEigenvalues",
          teacherEigenvalues, allowed: "\(count) numbers above 0 (the smaller of teacherWidth and inputDimension)")
      }
      try require(
        firstTime > 0 || timeSpacing == .linear && firstTime == 0, "firstTime", firstTime,
        allowed: "above 0, or 0 with linear spacing")
      try require(lastTime > firstTime, "lastTime", lastTime, allowed: "above firstTime")
      try require(
        timeUnit == .one || teacherWidth >= inputDimension, "timeUnit", timeUnit.rawValue,
        allowed: "one, unless teacherWidth is at least inputDimension")
    }

    /// Rank of A(0): d from the identity, else min(m, d).
    package var startRank: Int { start == .identity ? inputDimension : min(studentWidth, inputDimension) }
  }

  package static let name = "sarao2020/population-flow"
  package static let sourceFile = #fileID

  /// The times, in `timeUnit`.
  package static let time = OutputArray("time", axes: ["time"], unit: "timeUnit", meaning: "time of the flow")
  /// E(t).
  package static let populationLoss = OutputArray("populationLoss", axes: ["time"], meaning: "population loss")
  /// Eigenvalues of A(t), ascending.
  package static let eigenvalues = OutputArray(
    "eigenvalues", axes: ["time", "eigenvalue"], meaning: "eigenvalues of the student, ascending")
  /// Eigenvalues of A*, ascending.
  package static let teacherEigenvalues = OutputArray(
    "teacherEigenvalues", axes: ["eigenvalue"], meaning: "eigenvalues of the teacher, ascending")
  /// g; 0 where A* is singular.
  package static let exponentialRate = OutputArray(
    "exponentialRate", meaning: "predicted rate g of the exponential decay, 0 where the teacher is singular")
  package static let outputs = [time, populationLoss, eigenvalues, teacherEigenvalues, exponentialRate]

  /// Time runs at half its pace.
  package static let halvedGradient = Mutant("halved-gradient", meaning: "the right-hand side is halved")
  /// A wrong average over the data.
  package static let droppedTrace = Mutant("dropped-trace", meaning: "the term (tr B) I is missing from the flow")
  /// Another clock: powers of time become others.
  package static let fadingRate = Mutant(
    "fading-rate", meaning: "the right-hand side is divided by the fourth root of 1 + time")
  package static let mutants = [halvedGradient, droppedTrace, fadingRate]

  package static func drawsRandomNumbers(_ parameters: Parameters) -> Bool {
    parameters.teacher != .diagonal || parameters.start != .identity
  }

  package static func run(_ parameters: Parameters, in context: RunContext) throws -> [OutputArray: NDArray] {
    let d = parameters.inputDimension
    let levels = try levels(parameters, in: context)
    let rate = parameters.teacherWidth >= d ? try Theory.exponentialRate(teacherEigenvalues: levels) : 0
    let axis = times(parameters)
    let scale = parameters.timeUnit == .one ? 1 : 1 / rate
    let start =
      parameters.start == .identity
      ? Matrix.identity(d)
      : try Instance.start(inputDimension: d, studentWidth: parameters.studentWidth, in: context)
    let students = try weights(
      from: start, teacherEigenvalues: levels, at: axis.map { $0 * scale },
      relativeTolerance: parameters.relativeTolerance, absoluteTolerance: parameters.absoluteTolerance,
      mutant: context.mutant
    ).map(LinearAlgebra.gram)
    return [
      time: NDArray(axis),
      populationLoss: NDArray(
        students.map { Theory.populationLoss(difference: $0 - Matrix(diagonal: levels)) }),
      eigenvalues: NDArray(rows: try students.map(LinearAlgebra.symmetricEigenvalues)),
      teacherEigenvalues: NDArray(levels), exponentialRate: NDArray(rate),
    ]
  }

  /// W(t) at ascending times from W(0), [neuron, input], under a diagonal teacher.
  package static func weights(
    from start: Matrix, teacherEigenvalues: [Double], at times: [Double], relativeTolerance: Double = 1e-10,
    absoluteTolerance: Double = 1e-13, mutant: Mutant? = nil
  ) throws -> [Matrix] {
    let weights = Weights(start)
    let direction = Weights(neuronCount: weights.neuronCount, inputDimension: weights.inputDimension)
    let loss = QuadraticLoss(
      teacher: Matrix(diagonal: teacherEigenvalues), traceFactor: mutant == droppedTrace ? 0 : 1)
    let factor = mutant == halvedGradient ? -0.5 : -1.0
    let method = DormandPrince(relativeTolerance: relativeTolerance, absoluteTolerance: absoluteTolerance)
    let states = try method.integrate(from: 0, to: times.last ?? 0, state: weights.numbers, at: times) {
      time, state, derivative in
      weights.read(state)
      _ = loss.evaluate(weights)
      loss.writeDirection(at: weights, into: direction)
      direction.write(derivative, times: mutant == fadingRate ? factor / pow(1 + time, 0.25) : factor)
    }
    return states.map { state in
      state.withUnsafeBufferPointer { weights.read($0) }
      return weights.matrix
    }
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
}
