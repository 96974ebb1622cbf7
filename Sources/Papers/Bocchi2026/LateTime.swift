internal import NumericalMethods
internal import PaperKit

/// How the overlap equations converge: exponentially at p = p*, as time^-2 at p > p*, to a floor at p < p*.
enum LateTime: Experiment {
  struct Parameters: NetworkParameters {
    /// p, 1 to 16.
    var studentWidth = 2
    /// p*, 1 to 16.
    var teacherWidth = 2
    /// eta, above 0 and below p*/(2(p*+2)).
    var learningRate = 0.05
    /// N of the start, at least p + p* + 2.
    var inputDimension = 1000
    var start = Start.typical
    var constraint = Constraint.free
    /// Whether the noise of single samples is left out.
    var isGradientFlow = false
    /// Last time of the logarithmic grid, above 1.
    var lastTime = 2e4
    /// Number of times, at least 2.
    var timeCount = 201

    func validate() throws {
      try validateNetwork()
      try validate(inputDimension: inputDimension)
      try require(lastTime > 1 && lastTime.isFinite, "lastTime", lastTime, allowed: "above 1")
      try require(timeCount >= 2, "timeCount", timeCount, allowed: "at least 2")
    }
  }

  static let name = "bocchi2026/late-time"
  static let sourceFile = #fileID
  static let time = OutputArray("time", axes: ["time"], unit: "steps/N", meaning: "time")
  static let populationLoss = OutputArray("populationLoss", axes: ["time"], meaning: "population loss")
  static let prediction = OutputArray(
    "prediction",
    meaning: "decay rate at p = p*, limit of loss time^2 at p > p*, final loss of gradient flow at p < p*")
  static let outputs = [time, populationLoss, prediction]
  static let mutants = Mistake.ofEquations

  static func run(_ parameters: Parameters, in context: RunContext) throws -> [OutputArray: NDArray] {
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
