internal import NumericalMethods
internal import PaperKit

/// The overlap equations of N -> infinity, from a start of finite N.
enum OverlapFlow: Experiment {
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
    /// Last output time, above 0.
    var lastTime = 120.0
    /// Number of output times, at least 2.
    var timeCount = 121
    var timeSpacing = Spacing.linear
    /// Relative error per step, 1e-13 to 1e-3.
    var relativeTolerance = 1e-11

    func validate() throws {
      try validateNetwork()
      try validate(inputDimension: inputDimension)
      try require(lastTime > 0 && lastTime.isFinite, "lastTime", lastTime, allowed: "above 0")
      try require(
        timeSpacing == .linear || lastTime > 1, "lastTime", lastTime, allowed: "above 1 on a logarithmic grid")
      try require(timeCount >= 2, "timeCount", timeCount, allowed: "at least 2")
      try require(
        (1e-13...1e-3).contains(relativeTolerance), "relativeTolerance", relativeTolerance, allowed: "1e-13 to 1e-3")
    }
  }

  static let name = "bocchi2026/overlap-flow"
  static let sourceFile = #fileID
  static let time = OutputArray("time", axes: ["time"], unit: "steps/N", meaning: "time")
  static let populationLoss = OutputArray("populationLoss", axes: ["time"], meaning: "population loss")
  static let teacherOverlap = OutputArray(
    "teacherOverlap", axes: ["time", "student", "teacher"], meaning: "overlaps R of student and teacher")
  static let selfOverlap = OutputArray(
    "selfOverlap", axes: ["time", "student", "otherStudent"], meaning: "overlaps Q of the student with itself")
  static let escapeTime = OutputArray(
    "escapeTime", unit: "steps/N", allowsNaN: true,
    meaning: "first time at which the loss is half that of the plateau, NaN if not before the last time")
  static let plateauLoss = OutputArray("plateauLoss", meaning: "population loss of the plateau")
  static let outputs = [time, populationLoss, teacherOverlap, selfOverlap, escapeTime, plateauLoss]
  static let mutants = Mistake.ofEquations

  static func run(_ parameters: Parameters, in context: RunContext) throws -> [OutputArray: NDArray] {
    let theory = parameters.theory
    let dimension = Double(parameters.inputDimension)
    let start = Overlaps.start(parameters.start, theory, inputDimension: dimension, in: context)
    let equations = OverlapEquations(
      theory, isGradientFlow: parameters.isGradientFlow, mistakes: context.equationMistakes)
    let method = OverlapEquations.method(
      relativeTolerance: parameters.relativeTolerance, inputDimension: dimension)
    let times = parameters.timeSpacing.times(to: parameters.lastTime, count: parameters.timeCount)
    let states = try equations.solve(from: start, at: times, method: method)
    let overlaps = states.map(equations.overlaps)
    let plateau = try theory.plateauLoss()
    let escape = try equations.firstPassage(
      from: start, target: plateau / 2, limit: parameters.lastTime, method: method)
    return [
      time: NDArray(times), populationLoss: NDArray(states.map { equations.loss($0) }),
      teacherOverlap: NDArray.stack(overlaps.map { NDArray($0.teacherOverlap) }),
      selfOverlap: NDArray.stack(overlaps.map { NDArray($0.selfOverlap) }), escapeTime: NDArray(escape ?? .nan),
      plateauLoss: NDArray(plateau),
    ]
  }
}
