package import NumericalMethods
package import PaperKit

/// The flow of a Gaussian student towards a Gaussian teacher at finite size (Fig. 4).
package enum GaussianFlow: Experiment {
  /// How the flow is integrated.
  package enum Method: String, Choice {
    /// Dormand and Prince on the weights; steps bounded by the stiff trace mode.
    case direct
    /// The Riccati march in large steps.
    case riccati
  }

  /// What can be varied.
  package struct Parameters: ExperimentParameters, TimeGrid {
    @Parameter("d", in: 1...10_000) package var inputDimension = 80
    @Parameter("m; may exceed d", in: 1...10_000) package var studentWidth = 40
    @Parameter("m*", atLeast: 1) package var teacherWidth = 20
    @Parameter("how the flow is integrated") package var method = Method.direct
    @Parameter("first gamma reported", atLeast: 0) package var firstTime = 1e-3
    @Parameter("last gamma reported", above: 0, atMost: 1e9) package var lastTime = 3.0
    @Parameter("number of values of gamma", in: 2...1_000_000) package var timeCount = 100
    @Parameter("spacing of the times") package var timeSpacing = Spacing.logarithmic
    @Parameter("relative tolerance of the integrator; of the march at least 1e-10", in: 1e-13...1e-3)
    package var relativeTolerance = 1e-7
    @Parameter("absolute tolerance of direct integration", above: 0) package var absoluteTolerance = 1e-10

    /// The defaults: the first panel of Fig. 4 at d = 80, to gamma = 3.
    package init() {}

    package static var idleParameters: [IdleParameter<Self>] {
      [IdleParameter("absoluteTolerance", "with method: riccati") { $0.method == .riccati }]
    }

    package func validateRelations() throws {
      try validateWidth(teacherWidth, "teacherWidth", upTo: inputDimension)
      try validateTimes()
      try validateTolerance(relativeTolerance, method)
    }
  }

  package static let name = "martin2023/gaussian-flow"
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
  package static let outputs = [rescaledTime, overlap, integratedTrace, populationLoss]

  /// Half of the risk's gradient is missing.
  package static let droppedTrace = Mutant("dropped-trace", meaning: "the term tr(Z - Z*) W is missing from the flow")
  /// Time for rescaled time.
  package static let unscaledTime = Mutant("unscaled-time", meaning: "gamma is taken for t, not for t/d")
  /// Another start and teacher.
  package static let orthonormalRows = Mutant("orthonormal-rows", meaning: "student and teacher are orthonormal")
  /// Half of the Riccati solution's growth.
  package static let halvedBracket = Mutant(
    "halved-bracket", meaning: "the march takes M = I + 2 W^T diag(kappa) W instead of 4")
  /// Twice the time.
  package static let doubledTime = Mutant("doubled-time", meaning: "the flow runs for twice as long as it should")
  /// Half of what tells Gaussian networks from orthonormal ones.
  package static let halvedSpread = Mutant(
    "halved-spread", meaning: "eigenvalues of student and teacher lie half as far from their mean as they should")
  package static let mutants = [
    droppedTrace, unscaledTime, orthonormalRows, halvedBracket, doubledTime, halvedSpread,
  ]

  /// Draws teacher and start and follows the flow.
  package static func run(_ parameters: Parameters, in context: RunContext) throws -> [OutputArray: NDArray] {
    var teacher = context.random("teacher")
    var start = context.random("start")
    let (d, m, mStar) = (parameters.inputDimension, parameters.studentWidth, parameters.teacherWidth)
    var network =
      context.mutant == orthonormalRows
      ? try Network.orthonormal(inputDimension: d, studentWidth: m, teacherWidth: mStar, start: &start).network
      : try Network.gaussian(
        inputDimension: d, studentWidth: m, teacherWidth: mStar, teacher: &teacher, start: &start)
    if context.mutant == halvedSpread { network = try spreadHalved(network, teacherWidth: mStar) }
    network = try network.compressed()
    let pace: Double = context.mutant == doubledTime ? 2 : 1
    let scale = context.mutant == unscaledTime ? 1 : pace * Double(d)
    let times = parameters.times.map { $0 * scale }
    let dropsTrace = context.mutant == droppedTrace
    let states: [FlowState] =
      switch parameters.method {
      case .direct:
        try DirectFlow(
          network, relativeTolerance: parameters.relativeTolerance, absoluteTolerance: parameters.absoluteTolerance,
          dropsTrace: dropsTrace
        ).states(at: times)
      case .riccati:
        try RiccatiMarch(
          network, relativeTolerance: parameters.relativeTolerance, dropsTrace: dropsTrace,
          halvesBracket: context.mutant == halvedBracket
        ).states(at: times)
      }
    return [
      rescaledTime: NDArray(parameters.times), overlap: NDArray(states.map(\.overlap)),
      integratedTrace: NDArray(states.map(\.integratedTrace)), populationLoss: NDArray(states.map(\.loss)),
    ]
  }

  /// The same traces and directions, with eigenvalues half-way to equal ones.
  private static func spreadHalved(_ network: Network, teacherWidth: Int) throws -> Network {
    let level = network.teacherEigenvalues.reduce(0, +) / Double(teacherWidth)
    let (left, values, right) = try LinearAlgebra.singularValueDecomposition(network.weights)
    let square = values.reduce(0) { $0 + $1 * $1 } / Double(values.count)
    return Network(
      weights: left * Matrix(diagonal: values.map { (($0 * $0 + square) / 2).squareRoot() }) * right,
      teacherEigenvalues: network.teacherEigenvalues.enumerated().map { $0 < teacherWidth ? ($1 + level) / 2 : $1 })
  }
}

extension ExperimentParameters {
  /// Checks the relative tolerance of a flow on all weights.
  func validateTolerance(_ relative: Double, _ method: GaussianFlow.Method) throws {
    let allowed = RiccatiMarch.relativeTolerances
    try require(
      method == .direct || allowed.contains(relative), "relativeTolerance", relative,
      allowed: "\(allowed.lowerBound) to \(allowed.upperBound) with method: riccati")
  }
}
