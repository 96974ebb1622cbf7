package import NumericalMethods
package import PaperKit

/// The flow of an orthonormal student towards an orthonormal teacher at finite size (Figs. 2 and 3).
package enum OrthonormalFlow: Experiment {
  /// How the flow is followed.
  package enum Method: String, Choice {
    /// Three scalars, from overlaps drawn from their law.
    case reduction
    /// Three scalars, from the overlaps of a frame drawn in full.
    case frameReduction = "frame-reduction"
    /// All weights, from the same frame.
    case direct
  }

  /// What can be varied.
  package struct Parameters: ExperimentParameters, TimeGrid {
    @Parameter("d", in: 1...10_000) package var inputDimension = 200
    @Parameter("m", atLeast: 1) package var studentWidth = 100
    @Parameter("m*", atLeast: 1) package var teacherWidth = 50
    @Parameter("how the flow is followed") package var method = Method.reduction
    @Parameter("first gamma reported", atLeast: 0) package var firstTime = 1e-3
    @Parameter("last gamma reported", above: 0, atMost: 1e9) package var lastTime = 10.0
    @Parameter("number of values of gamma", in: 2...1_000_000) package var timeCount = 100
    @Parameter("spacing of the times") package var timeSpacing = Spacing.logarithmic
    @Parameter("relative tolerance of the integrator", in: 1e-13...1e-3) package var relativeTolerance = 1e-8
    @Parameter("absolute tolerance of the integrator", above: 0) package var absoluteTolerance = 1e-12

    /// The defaults: the first panel of Figs. 2 and 3 at d = 200.
    package init() {}

    package func validateRelations() throws {
      try validateWidth(studentWidth, "studentWidth", upTo: inputDimension)
      try validateWidth(teacherWidth, "teacherWidth", upTo: inputDimension)
      try validateTimes()
    }
  }

  package static let name = "martin2023/orthonormal-flow"
  package static let sourceFile = #fileID

  /// gamma.
  package static let rescaledTime = OutputArray(
    "rescaledTime", axes: ["rescaledTime"], meaning: "gamma = t/d, time over input dimension")
  /// chi.
  package static let overlap = OutputArray(
    "overlap", axes: ["rescaledTime"], meaning: "overlap chi of student and teacher")
  /// phi.
  package static let integratedTrace = OutputArray(
    "integratedTrace", axes: ["rescaledTime"], meaning: "phi = integral of tr(Z - Z*) over time")
  /// L.
  package static let populationLoss = OutputArray(
    "populationLoss", axes: ["rescaledTime"], meaning: "population risk")
  /// tau.
  package static let traceDifference = OutputArray(
    "traceDifference", axes: ["rescaledTime"], meaning: "tr(Z - Z*)")
  package static let outputs = [rescaledTime, overlap, integratedTrace, populationLoss, traceDifference]

  /// Half of the risk's gradient is missing.
  package static let droppedTrace = Mutant("dropped-trace", meaning: "the term tr(Z - Z*) W is missing from the flow")
  /// phi with the wrong sign.
  package static let flippedPhi = Mutant("flipped-phi", meaning: "phi is reported with the wrong sign")
  /// Time for rescaled time.
  package static let unscaledTime = Mutant("unscaled-time", meaning: "gamma is taken for t, not for t/d")
  /// Half of a term of the three scalars' equations.
  package static let halvedDecay = Mutant(
    "halved-decay", meaning: "in the reduction (ln c)' contains 2 c/m instead of 4 c/m")
  /// One neuron too few.
  package static let lostNeuron = Mutant("lost-neuron", meaning: "the student has one neuron fewer than it should")
  /// Twice the time.
  package static let doubledTime = Mutant("doubled-time", meaning: "the flow runs for twice as long as it should")
  package static let mutants = [
    droppedTrace, flippedPhi, unscaledTime, halvedDecay, doubledTime, lostNeuron,
  ]

  /// Draws the start and follows the flow.
  package static func run(_ parameters: Parameters, in context: RunContext) throws -> [OutputArray: NDArray] {
    let d = parameters.inputDimension
    let pace: Double = context.mutant == doubledTime ? 2 : 1
    let scale = context.mutant == unscaledTime ? 1 : pace * Double(d)
    let width = parameters.studentWidth - (context.mutant == lostNeuron ? 1 : 0)
    let times = parameters.times.map { $0 * scale }
    let states: [ScalarReduction.Observables]
    var stream = context.random("start")
    switch parameters.method {
    case .reduction:
      let overlaps = try Overlaps.sample(
        inputDimension: d, studentWidth: width, teacherWidth: parameters.teacherWidth, from: &stream)
      states = try reduced(overlaps, parameters, at: times, context)
    case .frameReduction:
      let start = try Network.orthonormal(
        inputDimension: d, studentWidth: width, teacherWidth: parameters.teacherWidth, start: &stream)
      states = try reduced(
        Overlaps.of(frame: start.frame, teacherWidth: parameters.teacherWidth), parameters, at: times, context)
    case .direct:
      let start = try Network.orthonormal(
        inputDimension: d, studentWidth: width, teacherWidth: parameters.teacherWidth, start: &stream)
      let flow = DirectFlow(
        try start.network.compressed(), relativeTolerance: parameters.relativeTolerance,
        absoluteTolerance: parameters.absoluteTolerance, dropsTrace: context.mutant == droppedTrace)
      states = try flow.states(at: times).map {
        ScalarReduction.Observables(
          loss: $0.loss, overlap: $0.overlap, traceDifference: $0.traceDifference, integratedTrace: $0.integratedTrace)
      }
    }
    let sign: Double = context.mutant == flippedPhi ? -1 : 1
    return [
      rescaledTime: NDArray(parameters.times), overlap: NDArray(states.map(\.overlap)),
      integratedTrace: NDArray(states.map { sign * $0.integratedTrace }),
      populationLoss: NDArray(states.map(\.loss)), traceDifference: NDArray(states.map(\.traceDifference)),
    ]
  }

  private static func reduced(
    _ overlaps: Overlaps, _ parameters: Parameters, at times: [Double], _ context: RunContext
  ) throws -> [ScalarReduction.Observables] {
    let reduction = ScalarReduction(
      overlaps, teacherWidth: parameters.teacherWidth, dropsTrace: context.mutant == droppedTrace,
      halvesDecay: context.mutant == halvedDecay)
    return try reduction.states(
      at: times, relativeTolerance: parameters.relativeTolerance, absoluteTolerance: parameters.absoluteTolerance
    ).map(reduction.observables)
  }
}
