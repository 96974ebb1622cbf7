package import NumericalMethods
package import PaperKit

/// The overlap equations of N -> infinity, from a start of finite N.
package enum OverlapFlow: Experiment {
  package struct Parameters: NetworkParameters {
    @Parameter("p", in: 1...16) package var studentWidth = 2
    @Parameter("p*", in: 1...16) package var teacherWidth = 2
    @Parameter("eta", atLeast: 1e-6) package var learningRate = 0.05
    @Parameter("N of the start", atLeast: 4) package var inputDimension = 1000
    @Parameter("where the student starts") package var start = Start.typical
    @Parameter("free rows of the student, or rows of unit norm") package var constraint = Constraint.free
    @Parameter("s of the teacher rows' squared norms 1 + s ... 1 - s", atLeast: 0, below: 1)
    package var teacherSpread = 0.0
    @Parameter("whether the noise of single samples is left out") package var isGradientFlow = false
    @Parameter("last output time", above: 0, atMost: 1e9) package var lastTime = 120.0
    @Parameter("number of output times", in: 2...1_000_000) package var timeCount = 121
    @Parameter("spacing of the times") package var timeSpacing = Spacing.linear
    @Parameter("relative error per step", in: 1e-13...1e-3) package var relativeTolerance = 1e-11

    package init() {}

    package static var idleParameters: [IdleParameter<Self>] {
      [
        IdleParameter("teacherSpread", "with one teacher row") { $0.teacherWidth == 1 },
        IdleParameter("inputDimension", "with start: informed, the same for every N") { $0.start == .informed },
      ]
    }

    package func validateRelations() throws {
      try validateNetwork()
      try validate(inputDimension: inputDimension)
      try require(
        timeSpacing == .linear || lastTime > 1, "lastTime", lastTime, allowed: "above 1 on a logarithmic grid")
    }
  }

  package static let name = "bocchi2026/overlap-flow"
  package static let sourceFile = #fileID
  package static let time = OutputArray("time", axes: ["time"], unit: "steps/N", meaning: "time")
  package static let populationLoss = OutputArray("populationLoss", axes: ["time"], meaning: "population loss")
  package static let teacherOverlap = OutputArray(
    "teacherOverlap", axes: ["time", "student", "teacher"], meaning: "overlaps R of student and teacher")
  package static let selfOverlap = OutputArray(
    "selfOverlap", axes: ["time", "student", "otherStudent"], meaning: "overlaps Q of the student with itself")
  package static let escapeTime = OutputArray(
    "escapeTime", unit: "steps/N", allowsNaN: true,
    meaning: "first time at which the loss is half that of the plateau, NaN if not before the last time")
  package static let plateauLoss = OutputArray("plateauLoss", meaning: "population loss of the plateau")
  package static let outputs = [time, populationLoss, teacherOverlap, selfOverlap, escapeTime, plateauLoss]
  /// Half of the power of p by which steps are too short.
  package static let halvedPlainGradient = Mutant(
    "halved-plain-gradient", meaning: "steps are sqrt(p p*) times the plain gradient instead of p times")
  package static let mutants = Mistake.ofEquations + [Mistake.plainGradient, halvedPlainGradient]

  package static func drawsRandomNumbers(_ parameters: Parameters) -> Bool { parameters.start == .random }

  package static func run(_ parameters: Parameters, in context: RunContext) throws -> [OutputArray: NDArray] {
    var theory = context.mutant == Mistake.plainGradient ? parameters.theory.ofPlainGradient : parameters.theory
    if context.mutant == halvedPlainGradient {
      theory = Theory(
        studentWidth: theory.studentWidth, teacherWidth: theory.teacherWidth,
        learningRate: theory.learningRate * (Double(theory.teacherWidth) / Double(theory.studentWidth)).squareRoot(),
        constraint: theory.constraint, teacherSpread: theory.teacherSpread)
    }
    let dimension = Double(parameters.inputDimension)
    let start = Overlaps.start(parameters.start, theory, inputDimension: dimension, in: context)
    let equations = OverlapEquations(
      theory, isGradientFlow: parameters.isGradientFlow, mistakes: context.equationMistakes)
    let method = OverlapEquations.method(
      relativeTolerance: parameters.relativeTolerance,
      inputDimension: parameters.start == .informed ? 1 : dimension)
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
