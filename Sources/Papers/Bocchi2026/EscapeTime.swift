private import Foundation
package import NumericalMethods
package import PaperKit

/// When the loss first falls to half that of the plateau.
package enum EscapeTime: Experiment {
  /// What moves the student.
  package enum Dynamics: String, Choice {
    /// The overlap equations.
    case flow
    /// Stochastic gradient descent, looked at every ceil(N/100) steps.
    case descent
  }

  package struct Parameters: NetworkParameters {
    @Parameter("p", in: 1...16) package var studentWidth = 2
    @Parameter("p*", in: 1...16) package var teacherWidth = 2
    @Parameter("eta", atLeast: 1e-6) package var learningRate = 0.05
    @Parameter("N", atLeast: 4) package var inputDimension = 1000
    @Parameter("free rows of the student, or rows of unit norm") package var constraint = Constraint.free
    @Parameter("flow of the equations, or descent itself") package var dynamics = Dynamics.flow
    @Parameter("where the student starts") package var start = Start.typical

    package init() {}

    package func validateRelations() throws {
      try validateNetwork()
      try validate(inputDimension: inputDimension)
      try require(
        start == .random || constraint == .free || studentWidth <= teacherWidth, "constraint",
        constraint.rawValue, allowed: "free for a typical start with p > p*: constrained rows of zero overlap stay so")
    }
  }

  package static let name = "bocchi2026/escape-time"
  package static let sourceFile = #fileID
  package static let escapeTime = OutputArray(
    "escapeTime", unit: "steps/N", meaning: "first time at which the loss is half that of the plateau")
  package static let flowTime = OutputArray(
    "flowTime", unit: "steps/N", meaning: "the same by the overlap equations from the same start")
  package static let typicalTime = OutputArray(
    "typicalTime", unit: "steps/N", allowsNaN: true,
    meaning: "the same by the overlap equations from a typical start, which constrained rows with p > p* do not have")
  package static let noiseGain = OutputArray(
    "noiseGain", allowsNaN: true, meaning: "nu; descent escapes earlier by ln(1 + nu)/(2 r); not for constrained rows")
  package static let amplitude = OutputArray("amplitude", meaning: "X = N tr(R R^T)/(p p*) of the start")
  package static let correctedTime = OutputArray(
    "correctedTime", unit: "steps/N", meaning: "escape time + ln(X)/(2 r): less of the chance of the start")
  package static let expectedSlope = OutputArray(
    "expectedSlope", unit: "steps/N", meaning: "1/(2 r), time per unit of ln N")
  package static let outputs = [
    escapeTime, flowTime, typicalTime, noiseGain, amplitude, correctedTime, expectedSlope,
  ]
  /// Half of the power of p by which steps are too short.
  package static let halvedPlainGradient = Mutant(
    "halved-plain-gradient", meaning: "steps are sqrt(p p*) times the plain gradient instead of p times")
  package static let mutants =
    Mistake.ofEquations + Mistake.ofDescent + [
      Mistake.plainGradient, Mistake.halvedGain, Mistake.smallStart, Mistake.halvedScatter, halvedPlainGradient,
    ]

  package static func drawsRandomNumbers(_ parameters: Parameters) -> Bool {
    parameters.dynamics == .descent || parameters.start == .random
  }

  package static func run(_ parameters: Parameters, in context: RunContext) throws -> [OutputArray: NDArray] {
    try run(parameters, replicas: [context])[0]
  }

  package static func run(_ parameters: Parameters, replicas: [RunContext]) throws -> [[OutputArray: NDArray]] {
    let mutant = replicas[0].mutant
    var theory = mutant == Mistake.plainGradient ? parameters.theory.ofPlainGradient : parameters.theory
    if mutant == halvedPlainGradient {
      theory = Theory(
        studentWidth: theory.studentWidth, teacherWidth: theory.teacherWidth,
        learningRate: theory.learningRate * (Double(theory.teacherWidth) / Double(theory.studentWidth)).squareRoot(),
        constraint: theory.constraint)
    }
    let target = try theory.plateauLoss() / 2
    let slope = 1 / (2 * (try theory.escapeRate()))
    let dimension = Double(parameters.inputDimension)
    // A start smaller than e^-40 of the mean is not to be met.
    let limit = slope * (log(dimension) + 40) + 20 / theory.learningRate
    let isFree = theory.constraint == .free
    let gain = isFree ? (mutant == Mistake.halvedGain ? 0.5 : 1) * (try theory.noiseGain()) : .nan

    // A narrow student may settle above it.
    func notEscaped(_ loss: Double) -> NumericalError {
      .undefined("no escape: by time \(limit) the loss has come down to \(loss), half that of the plateau is \(target)")
    }
    let equations = OverlapEquations(theory, mistakes: replicas[0].equationMistakes)
    func flow(_ start: Overlaps, relativeTolerance: Double) throws -> Double {
      let method = OverlapEquations.method(relativeTolerance: relativeTolerance, inputDimension: dimension)
      guard let time = try equations.firstPassage(from: start, target: target, limit: limit, method: method) else {
        throw notEscaped(equations.loss(try equations.solve(from: start, at: [limit], method: method)[0]))
      }
      return time
    }
    let typicalStart = Overlaps.start(.typical, theory, inputDimension: dimension, in: replicas[0])
    let typical =
      isFree || theory.studentWidth <= theory.teacherWidth ? try flow(typicalStart, relativeTolerance: 1e-11) : .nan
    // Chance makes 1e-7 of a random start's time good enough.
    func flow(_ start: Overlaps) throws -> Double {
      parameters.start == .typical ? typical : try flow(start, relativeTolerance: 1e-8)
    }
    func result(_ time: Double, _ flowTime: Double, _ start: Overlaps) -> [OutputArray: NDArray] {
      let x = start.amplitude(inputDimension: dimension)
      return [
        escapeTime: NDArray(time), self.flowTime: NDArray(flowTime), typicalTime: NDArray(typical),
        noiseGain: NDArray(gain), amplitude: NDArray(x), correctedTime: NDArray(time + log(x) * slope),
        expectedSlope: NDArray(slope),
      ]
    }

    switch parameters.dynamics {
    case .flow:
      return try replicas.map { context in
        var start = Overlaps.start(parameters.start, theory, inputDimension: dimension, in: context)
        if mutant == Mistake.halvedScatter {
          let (left, values, right) = try LinearAlgebra.singularValueDecomposition(start.teacherOverlap)
          let typical = try typicalStart.singularValues()
          start.teacherOverlap =
            left * Matrix(diagonal: zip(values, typical).map { ($0 * $1).squareRoot() }) * right
        }
        let time = try flow(start)
        return result(time, time, start)
      }
    case .descent:
      let interval = (parameters.inputDimension + 99) / 100
      return try ReducedChain.run(
        theory, inputDimension: parameters.inputDimension, start: parameters.start, replicas: replicas
      ) { chain, starts, _ in
        var times = Array(repeating: Double.nan, count: starts.count)
        while times.contains(where: \.isNaN) {
          let losses = chain.populationLosses()
          for lane in starts.indices where times[lane].isNaN && losses[lane] <= target { times[lane] = chain.time }
          if chain.time > limit { throw notEscaped(losses.max()) }
          try chain.advance(interval)
        }
        return try starts.indices.map { result(times[$0], try flow(starts[$0]), starts[$0]) }
      }
    }
  }
}
