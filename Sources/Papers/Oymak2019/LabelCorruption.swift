package import NumericalMethods
package import PaperKit

/// The same data with labels of a linear teacher, a share of which is replaced by random signs, E5c.
///
/// With `streams: common` a replica has the same data, teacher, start and random signs at every share.
package enum LabelCorruption: Experiment {
  /// What can be varied.
  package struct Parameters: ExperimentParameters {
    @Parameter("phi", among: Activation.trained) package var activation = Activation.softplus
    @Parameter("d", in: 2...10_000) package var inputDimension = 20
    @Parameter("n", in: 1...20_000) package var sampleCount = 100
    @Parameter("k", in: 2...1_000_000) package var studentWidth = 100
    @Parameter("share of the labels that are random signs", in: 0...1) package var corruptedShare = 0.0
    @Parameter("most steps that are made, of length 1 / lambda_max(K(W_0))", in: 1...1_000_000_000)
    package var maximumIterationCount = 20_000
    @Parameter("|r| / |y| at which descent stops", above: 0, below: 1) package var tolerance = 1e-2

    /// The defaults.
    package init() {}

    package func validateRelations() throws {
      try requireNetwork(inputDimension: inputDimension, studentWidth: studentWidth)
      try requireSamples(sampleCount, studentWidth: studentWidth)
    }
  }

  package static let name = "oymak2019/label-corruption"
  package static let sourceFile = #fileID
  package static let mutants = [
    Mistakes.forgottenOutputWeights, Mistakes.doubledStep, Mistakes.correlatedLabels, Mistakes.repeatedUnits,
  ]

  /// Steps made.
  package static let iterationCount = OutputArray("iterationCount", unit: "steps", meaning: "descent steps made")
  /// |W - W_0| at the end.
  package static let distance = OutputArray("distance", meaning: "|W - W_0| at the end of descent")
  /// |r| / |y| at the end.
  package static let relativeResidual = OutputArray("relativeResidual", meaning: "|r|/|y| at the end")
  package static let outputs = [iterationCount, distance, relativeResidual]

  /// Draws a problem, replaces labels and descends.
  package static func run(_ parameters: Parameters, in context: RunContext) throws -> [OutputArray: NDArray] {
    let drawn = Problem(
      parameters.activation, sampleCount: parameters.sampleCount, inputDimension: parameters.inputDimension,
      studentWidth: parameters.studentWidth, in: context)
    var stream = context.random("teacher")
    let teacher = stream.normals(parameters.inputDimension)
    let labels = LinearAlgebra.multiply(drawn.data, teacher).map { $0 > 0 ? 1.0 : -1.0 }
    let problem = drawn.labelled(labels, keepingShare: parameters.corruptedShare, in: context)
    let layer = problem.layer
    let stepSize = try StepRule.spectral.size(for: problem)
    let end = try descend(
      layer, of: problem, stepSize: stepSize,
      maximumIterationCount: parameters.maximumIterationCount, tolerance: parameters.tolerance, mutant: context.mutant)
    guard end.residualNorm.isFinite else {
      throw NumericalError.notFinite(quantity: "residual", time: Double(end.iterationCount))
    }
    return [
      iterationCount: NDArray(Double(end.iterationCount)), distance: NDArray(layer.distance(to: problem.start)),
      relativeResidual: NDArray(end.residualNorm / problem.labelNorm),
    ]
  }
}
