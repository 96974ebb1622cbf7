package import NumericalMethods
package import PaperKit

/// How the overlap equations converge: exponentially at p = p*, as time^-2 at p > p*, to a floor at p < p*.
package enum LateTime: Experiment {
  package struct Parameters: NetworkParameters {
    /// p, 1 to 16.
    package var studentWidth = 2
    /// p*, 1 to 16.
    package var teacherWidth = 2
    /// eta, 1e-6 to p*/(2(p*+2)), exclusive.
    package var learningRate = 0.05
    /// N of the start, at least p + p* + 2.
    package var inputDimension = 1000
    package var start = Start.typical
    package var constraint = Constraint.free
    /// Whether the noise of single samples is left out.
    package var isGradientFlow = false
    /// Last time of the logarithmic grid, above 1.
    package var lastTime = 2e4
    /// Number of times, at least 2.
    package var timeCount = 201

    package init() {}

    package func validate() throws {
      try validateNetwork()
      try validate(inputDimension: inputDimension)
      try validate(lastTime: lastTime, above: 1)
      try require((2...1_000_000).contains(timeCount), "timeCount", timeCount, allowed: "2 to 1000000")
    }
  }

  package static let name = "bocchi2026/late-time"
  package static let sourceFile = #fileID
  package static let time = OutputArray("time", axes: ["time"], unit: "steps/N", meaning: "time")
  package static let populationLoss = OutputArray("populationLoss", axes: ["time"], meaning: "population loss")
  package static let prediction = OutputArray(
    "prediction",
    meaning: "decay rate at p = p*, limit of loss time^2 at p > p*, final loss of gradient flow at p < p*")
  package static let outputs = [time, populationLoss, prediction]
  package static let mutants = Mistake.ofEquations

  package static func drawsRandomNumbers(_ parameters: Parameters) -> Bool { parameters.start == .random }

  package static func run(_ parameters: Parameters, in context: RunContext) throws -> [OutputArray: NDArray] {
    let theory = parameters.theory
    let dimension = Double(parameters.inputDimension)
    let equations = OverlapEquations(
      theory, isGradientFlow: parameters.isGradientFlow, mistakes: context.equationMistakes)
    let times = Spacing.logarithmic.times(to: parameters.lastTime, count: parameters.timeCount)
    let start = Overlaps.start(parameters.start, theory, inputDimension: dimension, in: context)
    let states = try equations.solve(
      from: start, at: times, method: OverlapEquations.method(inputDimension: dimension))
    let expected =
      if theory.studentWidth == theory.teacherWidth {
        theory.decayRate
      } else { theory.studentWidth > theory.teacherWidth ? theory.tailConstant : theory.lossFloor }
    return [
      time: NDArray(times), populationLoss: NDArray(states.map { equations.loss($0) }), prediction: NDArray(expected),
    ]
  }
}
