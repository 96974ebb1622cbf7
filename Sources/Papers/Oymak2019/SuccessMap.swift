package import NumericalMethods
package import PaperKit

/// The same question as ``FittingTransition`` on a grid of widths and sample counts, E1a.
package enum SuccessMap: Experiment {
  /// What can be varied.
  package struct Parameters: ExperimentParameters {
    @Parameter("phi", among: Activation.trained) package var activation = Activation.softplus
    @Parameter("d", in: 2...10_000) package var inputDimension = 20
    @Parameter("k", in: 2...1_000_000) package var studentWidth = 8
    @Parameter("n", in: 1...20_000) package var sampleCount = 100
    @Parameter("most steps that are made", in: 1...1_000_000_000) package var maximumIterationCount = 4000
    @Parameter("|r| / |y| that counts as a fit", above: 0, below: 1) package var tolerance = 1e-2

    /// The defaults.
    package init() {}

    package func validateRelations() throws {
      try requireNetwork(inputDimension: inputDimension, studentWidth: studentWidth)
      try requireSamples(sampleCount, studentWidth: studentWidth)
    }
  }

  package static let name = "oymak2019/success-map"
  package static let sourceFile = #fileID
  package static let mutants = [Mistakes.forgottenOutputWeights]

  /// 1 for a fit, else 0.
  package static let fitted = OutputArray("fitted", meaning: "whether |r|/|y| came down to the tolerance")
  /// Steps made.
  package static let iterationCount = OutputArray("iterationCount", unit: "steps", meaning: "descent steps made")
  package static let outputs = [fitted, iterationCount]

  /// Draws a problem and descends with step 1 / lambda_max(K(W_0)).
  package static func run(_ parameters: Parameters, in context: RunContext) throws -> [OutputArray: NDArray] {
    let problem = Problem(
      parameters.activation, sampleCount: parameters.sampleCount, inputDimension: parameters.inputDimension,
      studentWidth: parameters.studentWidth, in: context)
    let stepSize = try StepRule.spectral.size(for: problem)
    let end = try descend(
      problem.layer, of: problem, stepSize: stepSize,
      maximumIterationCount: parameters.maximumIterationCount, tolerance: parameters.tolerance, mutant: context.mutant)
    return [fitted: NDArray(end.hasConverged ? 1 : 0), iterationCount: NDArray(Double(end.iterationCount))]
  }
}
