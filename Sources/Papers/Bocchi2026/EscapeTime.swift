private import Foundation
internal import NumericalMethods
internal import PaperKit

/// When the loss first falls to half that of the plateau.
enum EscapeTime: Experiment {
  /// What moves the student.
  enum Dynamics: String, Choice {
    /// The overlap equations, from a typical start; exact to about 1e-9.
    case flow
    /// Stochastic gradient descent from random starts, looked at every ceil(N/100) steps.
    case descent
  }

  struct Parameters: NetworkParameters {
    /// p, 1 to 16.
    var studentWidth = 2
    /// p*, 1 to 16.
    var teacherWidth = 2
    /// eta, above 0 and below p*/(2(p*+2)).
    var learningRate = 0.05
    /// N, at least p + p* + 2.
    var inputDimension = 1000
    var constraint = Constraint.free
    var dynamics = Dynamics.flow

    func validate() throws {
      try validateNetwork()
      try validate(inputDimension: inputDimension)
      try require(
        dynamics == .descent || constraint == .free || studentWidth <= teacherWidth, "constraint",
        constraint.rawValue, allowed: "free for a typical start with p > p*: constrained rows of zero overlap stay so")
    }
  }

  static let name = "bocchi2026/escape-time"
  static let sourceFile = #fileID
  static let escapeTime = OutputArray(
    "escapeTime", unit: "steps/N", meaning: "first time at which the loss is half that of the plateau")
  static let amplitude = OutputArray("amplitude", meaning: "X = N tr(R R^T)/(p p*) of the start")
  static let correctedTime = OutputArray(
    "correctedTime", unit: "steps/N", meaning: "escape time + ln(X)/(2 r): less of the chance of the start")
  static let expectedSlope = OutputArray("expectedSlope", unit: "steps/N", meaning: "1/(2 r), time per unit of ln N")
  static let outputs = [escapeTime, amplitude, correctedTime, expectedSlope]
  static let mutants = Mistake.ofEquations + Mistake.ofDescent

  static func run(_ parameters: Parameters, in context: RunContext) throws -> [OutputArray: NDArray] {
    try run(parameters, replicas: [context])[0]
  }

  static func run(_ parameters: Parameters, replicas: [RunContext]) throws -> [[OutputArray: NDArray]] {
    let theory = parameters.theory
    let target = try theory.plateauLoss() / 2
    let slope = 1 / (2 * (try theory.escapeRate()))
    let dimension = Double(parameters.inputDimension)
    // A start smaller than e^-40 of the mean is not to be met.
    let limit = slope * (log(dimension) + 40) + 20 / theory.learningRate

    func result(_ time: Double, _ start: Overlaps) -> [OutputArray: NDArray] {
      let x = start.amplitude(inputDimension: dimension)
      return [
        escapeTime: NDArray(time), amplitude: NDArray(x), correctedTime: NDArray(time + log(x) * slope),
        expectedSlope: NDArray(slope),
      ]
    }
    func notEscaped(_ loss: Double) -> NumericalError {
      .notConverged(method: "escape from the plateau", iterations: Int(limit), residual: loss - target)
    }

    switch parameters.dynamics {
    case .flow:
      return try replicas.map { context in
        let start = Overlaps.start(.typical, theory, inputDimension: dimension, in: context)
        let equations = OverlapEquations(theory, mistakes: context.equationMistakes)
        let method = OverlapEquations.method(inputDimension: dimension)
        guard let time = try equations.firstPassage(from: start, target: target, limit: limit, method: method) else {
          throw notEscaped(.nan)
        }
        return result(time, start)
      }
    case .descent:
      let interval = (parameters.inputDimension + 99) / 100
      return try ReducedChain.run(
        theory, inputDimension: parameters.inputDimension, start: .random, replicas: replicas
      ) { chain, starts, _ in
        var times = Array(repeating: Double.nan, count: starts.count)
        while times.contains(where: \.isNaN) {
          let losses = chain.populationLosses()
          for lane in starts.indices where times[lane].isNaN && losses[lane] <= target { times[lane] = chain.time }
          if chain.time > limit { throw notEscaped(losses.max()) }
          try chain.advance(interval)
        }
        return starts.indices.map { result(times[$0], starts[$0]) }
      }
    }
  }
}
