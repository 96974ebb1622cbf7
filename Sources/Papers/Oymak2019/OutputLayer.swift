package import NumericalMethods
package import PaperKit

/// Counting weights: what least squares leaves of random labels when only some weights are trained, and how well conditioned
/// random features are, E8.
package enum OutputLayer: Experiment {
  /// Which weights are trained.
  package enum Layer: String, Choice {
    /// The output weights, on the random features phi(X W_0^T).
    case output
    /// The hidden weights of the network linearised at its start.
    case linearisedHidden
  }

  /// What can be varied.
  package struct Parameters: ExperimentParameters {
    @Parameter("phi", among: Activation.trained) package var activation = Activation.softplus
    @Parameter("d", in: 2...10_000) package var inputDimension = 20
    @Parameter("n", in: 1...20_000) package var sampleCount = 200
    @Parameter("k", in: 2...1_000_000) package var studentWidth = 200
    @Parameter("which weights are trained") package var layer = Layer.output

    /// The defaults.
    package init() {}

    /// Number of trained weights over n.
    var trainedRatio: Double {
      Double(layer == .output ? studentWidth : studentWidth * inputDimension) / Double(sampleCount)
    }

    package func validateRelations() throws {
      try requireNetwork(inputDimension: inputDimension, studentWidth: studentWidth)
      try requireSamples(sampleCount, studentWidth: studentWidth)
    }
  }

  package static let name = "oymak2019/output-layer"
  package static let sourceFile = #fileID
  package static let mutants = [Mistakes.correlatedLabels, Mistakes.repeatedUnits]

  /// min |y - Phi v|^2 / |y|^2.
  package static let residual = OutputArray("residual", meaning: "least |residual|^2/|y|^2")
  /// Number of singular values above 1e-10 of the greatest.
  package static let rank = OutputArray(
    "rank", meaning: "rank of the features, singular values above 1e-10 of the greatest")
  /// lambda_min(Phi Phi^T) / k over lambda_out(X); NaN for a linearised hidden layer.
  package static let eigenvalueRatio = OutputArray(
    "eigenvalueRatio", allowsNaN: true,
    meaning: "least eigenvalue of Phi Phi^T/k over lambda_out(X); missing for a hidden layer")
  package static let outputs = [residual, rank, eigenvalueRatio]

  /// Draws a problem and solves by the singular value decomposition of the n x p features.
  package static func run(_ parameters: Parameters, in context: RunContext) throws -> [OutputArray: NDArray] {
    let problem = Problem(
      parameters.activation, sampleCount: parameters.sampleCount, inputDimension: parameters.inputDimension,
      studentWidth: parameters.studentWidth, in: context)
    let isOutput = parameters.layer == .output
    let features = isOutput ? problem.hiddenUnits(at: problem.start).values : problem.jacobian(at: problem.start)
    let (left, values, _) = try LinearAlgebra.singularValueDecomposition(features)
    let greatest = values.first ?? 0
    let rank = values.filter { $0 > 1e-10 * greatest }.count
    let modes = LinearAlgebra.multiply(left, problem.labels, transposingFirst: true)
    var rest = problem.labels
    for sample in rest.indices {
      for mode in 0..<rank { rest[sample] -= left[sample, mode] * modes[mode] }
    }
    let n = parameters.sampleCount
    let least = values.count >= n ? values[n - 1] : 0
    var ratio = Double.nan
    if isOutput {
      let limit = try LinearAlgebra.symmetricEigenvalues(
        Theory.outputCovariance(of: problem.data, parameters.activation))
      if let limit = limit.first, limit > 1e-11 { ratio = least * least / Double(parameters.studentWidth) / limit }
    }
    return [
      residual: NDArray(LinearAlgebra.dot(rest, rest) / Double(n)), Self.rank: NDArray(Double(rank)),
      eigenvalueRatio: NDArray(ratio),
    ]
  }
}
