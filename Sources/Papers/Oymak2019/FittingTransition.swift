package import NumericalMethods
package import PaperKit

/// Does gradient descent on the hidden layer fit n random signs with kd weights? One replica is one random problem.
///
/// E1 of our protocol: step 1 / lambda_max(K(W_0)), success when |r| <= tolerance |y| within the allowed iterations. The
/// number of iterations is kept, so success within any smaller budget is known too.
package enum FittingTransition: Experiment {
  /// What can be varied.
  package struct Parameters: ExperimentParameters {
    @Parameter("phi", among: Activation.trained) package var activation = Activation.softplus
    @Parameter("d", in: 2...10_000) package var inputDimension = 10
    @Parameter("k", in: 2...1_000_000) package var studentWidth = 10
    @Parameter("kd/n; n = kd / ratio rounded must be at least 2", above: 0) package var parameterRatio = 1.2
    @Parameter("most steps that are made", in: 1...1_000_000_000) package var maximumIterationCount = 10_000
    @Parameter("|r| / |y| that counts as a fit", above: 0, below: 1) package var tolerance = 1e-2

    /// The defaults: k = d = 10 near the transition.
    package init() {}

    /// n, the number of samples.
    var sampleCount: Int { Int((Double(studentWidth * inputDimension) / parameterRatio).rounded()) }

    package func validateRelations() throws {
      try requireNetwork(inputDimension: inputDimension, studentWidth: studentWidth)
      try requireRatio(parameterRatio, parameterCount: studentWidth * inputDimension, perSample: studentWidth)
    }
  }

  package static let name = "oymak2019/fitting-transition"
  package static let sourceFile = #fileID
  package static let mutants = [
    Mistakes.forgottenOutputWeights, Mistakes.doubledStep, Mistakes.fadingStep, Mistakes.correlatedLabels,
    Mistakes.repeatedUnits, Mistakes.frozenUnits,
  ]

  /// n.
  package static let sampleCount = OutputArray("sampleCount", unit: "samples", meaning: "number of samples n")
  /// Steps made.
  package static let iterationCount = OutputArray("iterationCount", unit: "steps", meaning: "descent steps made")
  /// |r| / |y| at the end; NaN where descent diverged.
  package static let relativeResidual = OutputArray(
    "relativeResidual", allowsNaN: true, meaning: "|r|/|y| at the end; missing where descent diverged")
  /// 1 for a fit, else 0.
  package static let fitted = OutputArray("fitted", meaning: "whether |r|/|y| came down to the tolerance")
  /// |r_0|^2 / |y|^2.
  package static let startResidual = OutputArray("startResidual", meaning: "|r_0|^2/|y|^2 at the start")
  package static let outputs = [sampleCount, iterationCount, relativeResidual, fitted, startResidual]

  /// Draws a problem and descends.
  package static func run(_ parameters: Parameters, in context: RunContext) throws -> [OutputArray: NDArray] {
    let problem = Problem(
      parameters.activation, sampleCount: parameters.sampleCount, inputDimension: parameters.inputDimension,
      studentWidth: parameters.studentWidth, in: context)
    var start = 0.0
    let end = descend(
      problem.layer, of: problem, stepSize: try StepRule.spectral.size(for: problem),
      maximumIterationCount: parameters.maximumIterationCount, tolerance: parameters.tolerance, mutant: context.mutant
    ) { iteration, norm in
      if iteration == 0 { start = norm / problem.labelNorm }
    }
    return [
      sampleCount: NDArray(Double(parameters.sampleCount)), iterationCount: NDArray(Double(end.iterationCount)),
      relativeResidual: NDArray(end.residualNorm / problem.labelNorm), fitted: NDArray(end.hasConverged ? 1 : 0),
      startResidual: NDArray(start * start),
    ]
  }
}
