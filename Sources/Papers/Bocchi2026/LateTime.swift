package import NumericalMethods
package import PaperKit

/// How the overlap equations converge: exponentially at p = p*, as time^-2 at p > p*, to a floor at p < p*.
package enum LateTime: Experiment {
  package struct Parameters: NetworkParameters {
    @Parameter("p", in: 1...16) package var studentWidth = 2
    @Parameter("p*", in: 1...16) package var teacherWidth = 2
    @Parameter("eta", atLeast: 1e-6) package var learningRate = 0.05
    @Parameter("N of the start", atLeast: 4) package var inputDimension = 1000
    @Parameter("where the student starts") package var start = Start.typical
    @Parameter("free rows of the student, or rows of unit norm") package var constraint = Constraint.free
    @Parameter("whether the noise of single samples is left out") package var isGradientFlow = false
    @Parameter("last time of the logarithmic grid", above: 1, atMost: 1e9) package var lastTime = 2e4
    @Parameter("number of times", in: 2...1_000_000) package var timeCount = 201

    package init() {}

    package func validateRelations() throws {
      try validateNetwork()
      try validate(inputDimension: inputDimension)
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
