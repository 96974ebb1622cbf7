package import NumericalMethods
package import PaperKit

/// Where the flow ends as a function of the student's width: m = m* neurons are needed and enough.
package enum WidthSweep: Experiment {
  /// The start and the teacher.
  package enum Start: String, Choice {
    /// Orthonormal; the three-scalar reduction.
    case orthonormal
    /// Gaussian, normalised; the Riccati march.
    case gaussian
  }

  /// What can be varied.
  package struct Parameters: ExperimentParameters {
    @Parameter("d", in: 1...10_000) package var inputDimension = 200
    @Parameter("m; at most d when orthonormal", atLeast: 1) package var studentWidth = 50
    @Parameter("m*", atLeast: 1) package var teacherWidth = 50
    @Parameter("law of start and teacher") package var start = Start.orthonormal
    @Parameter("gamma = t/d at the end", above: 0, atMost: 1e9) package var lastTime = 10.0
    @Parameter("factor of the Gaussian start's weights", above: 0) package var startScale = 1.0
    @Parameter("weights of the Gaussian start along the teacher's weakest over its strongest direction", atLeast: 1)
    package var startAnisotropy = 1.0
    @Parameter("relative tolerance of the integrator; of the march at least 1e-10", in: 1e-13...1e-3)
    package var relativeTolerance = 1e-8

    /// The defaults: m = m* = d/4.
    package init() {}

    package static var idleParameters: [IdleParameter<Self>] {
      ["startScale", "startAnisotropy"].map { name in
        IdleParameter(name, "with start: orthonormal") { $0.start == .orthonormal }
      }
    }

    package func validateRelations() throws {
      try validateWidth(studentWidth, "studentWidth", upTo: start == .orthonormal ? inputDimension : 10_000)
      try validateWidth(teacherWidth, "teacherWidth", upTo: inputDimension)
      let allowed = RiccatiMarch.relativeTolerances
      try require(
        start == .orthonormal || allowed.contains(relativeTolerance), "relativeTolerance", relativeTolerance,
        allowed: "\(allowed.lowerBound) to \(allowed.upperBound) with start: \(start.rawValue)")
    }
  }

  package static let name = "martin2023/width-sweep"
  package static let sourceFile = #fileID

  /// chi at the end.
  package static let finalOverlap = OutputArray("finalOverlap", meaning: "overlap chi at gamma = lastTime")
  /// chi at infinite time.
  package static let predictedOverlap = OutputArray(
    "predictedOverlap", meaning: "overlap of the best student of this width")
  /// d L at the end.
  package static let scaledLoss = OutputArray(
    "scaledLoss", meaning: "input dimension times population risk at gamma = lastTime")
  /// d L_min.
  package static let predictedLoss = OutputArray(
    "predictedLoss", meaning: "input dimension times the least risk at this width")
  package static let outputs = [finalOverlap, predictedOverlap, scaledLoss, predictedLoss]

  /// Half of the risk's gradient is missing.
  package static let droppedTrace = Mutant("dropped-trace", meaning: "the term tr(Z - Z*) W is missing from the flow")
  /// One neuron too few.
  package static let lostNeuron = Mutant("lost-neuron", meaning: "the student has one neuron fewer than it should")
  package static let mutants = [droppedTrace, lostNeuron, Mistake.surplusNeurons]

  /// Draws the start and follows the flow to its end.
  package static func run(_ parameters: Parameters, in context: RunContext) throws -> [OutputArray: NDArray] {
    let d = parameters.inputDimension
    let end = parameters.lastTime * Double(d)
    let dropsTrace = context.mutant == droppedTrace
    let width =
      context.mutant == Mistake.surplusNeurons
      ? parameters.studentWidth * 3 / 2 : parameters.studentWidth - (context.mutant == lostNeuron ? 1 : 0)
    var start = context.random("start")
    let reached: (loss: Double, overlap: Double)
    let levels: [Double]
    switch parameters.start {
    case .orthonormal:
      let overlaps = try Overlaps.sample(
        inputDimension: d, studentWidth: width, teacherWidth: parameters.teacherWidth, from: &start)
      let reduction = ScalarReduction(overlaps, teacherWidth: parameters.teacherWidth, dropsTrace: dropsTrace)
      let states = try reduction.states(at: [end], relativeTolerance: parameters.relativeTolerance)
      let last = reduction.observables(states[0])
      reached = (last.loss, last.overlap)
      levels = Array(repeating: 1 / Double(parameters.teacherWidth), count: parameters.teacherWidth)
    case .gaussian:
      var teacher = context.random("teacher")
      let network = try Network.gaussian(
        inputDimension: d, studentWidth: width, teacherWidth: parameters.teacherWidth,
        teacher: &teacher, start: &start
      ).started(scale: parameters.startScale, anisotropy: parameters.startAnisotropy)
      let last = try RiccatiMarch(
        network.compressed(), relativeTolerance: parameters.relativeTolerance, dropsTrace: dropsTrace
      ).states(at: [end])[0]
      reached = (last.loss, last.overlap)
      levels = network.teacherEigenvalues
    }
    let minimum = Theory.minimum(teacherEigenvalues: levels, studentWidth: parameters.studentWidth)
    return [
      finalOverlap: NDArray(reached.overlap), predictedOverlap: NDArray(minimum.overlap),
      scaledLoss: NDArray(Double(d) * reached.loss), predictedLoss: NDArray(Double(d) * minimum.loss),
    ]
  }
}
