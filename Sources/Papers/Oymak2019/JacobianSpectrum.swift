package import NumericalMethods
package import PaperKit

/// The Jacobian at a random start against its infinite-width limit: K(W_0) = J J^T and Sigma(X), E2. No training.
///
/// With `streams: common` a replica has the same data at every width. (Our protocol: new data for every replica, where the
/// prototype kept one data set.)
package enum JacobianSpectrum: Experiment {
  /// What can be varied.
  package struct Parameters: ExperimentParameters {
    @Parameter("phi") package var activation = Activation.softplus
    @Parameter("d", in: 2...10_000) package var inputDimension = 20
    @Parameter("n", in: 1...20_000) package var sampleCount = 120
    @Parameter("k", in: 2...1_000_000) package var studentWidth = 24

    /// The defaults.
    package init() {}

    package func validateRelations() throws {
      try requireNetwork(inputDimension: inputDimension, studentWidth: studentWidth)
      try requireSamples(sampleCount, studentWidth: studentWidth)
    }
  }

  package static let name = "oymak2019/jacobian-spectrum"
  package static let sourceFile = #fileID
  package static let mutants = [Mistakes.truncatedKernel, Mistakes.repeatedUnits]

  /// lambda_min(K) / lambda(X).
  package static let eigenvalueRatio = OutputArray(
    "eigenvalueRatio", meaning: "least eigenvalue of K over that of Sigma(X)")
  /// |K - Sigma|_F / |Sigma|_F.
  package static let kernelDistance = OutputArray("kernelDistance", meaning: "|K - Sigma|/|Sigma|, Frobenius norms")
  /// Number of singular values of J above 1e-13 of the greatest.
  package static let rank = OutputArray(
    "rank", meaning: "rank of the Jacobian, singular values above 1e-13 of the greatest")
  package static let outputs = [eigenvalueRatio, kernelDistance, rank]

  /// Draws data and weights and compares the two kernels; order n^3 operations.
  package static func run(_ parameters: Parameters, in context: RunContext) throws -> [OutputArray: NDArray] {
    // Sign labels only set the scale of v: |y|^2 = n.
    let problem = Problem(
      parameters.activation, sampleCount: parameters.sampleCount, inputDimension: parameters.inputDimension,
      studentWidth: parameters.studentWidth, in: context)
    let limit = Theory.covariance(
      of: problem.data, parameters.activation, isTruncated: context.mutant == Mistakes.truncatedKernel)
    let kernel = problem.kernel(at: problem.start)
    let eigenvalues = try LinearAlgebra.symmetricEigenvalues(kernel)
    let greatest = eigenvalues.last ?? 0
    let least = try LinearAlgebra.symmetricEigenvalues(limit).first ?? 0
    guard least > 1e-11 * greatest else {
      throw NumericalError.undefined("lambda(X) is zero for these data, so there is nothing to compare with")
    }
    return [
      eigenvalueRatio: NDArray(max(0, eigenvalues.first ?? 0) / least),
      kernelDistance: NDArray(((kernel - limit).squaredNorm / limit.squaredNorm).squareRoot()),
      rank: NDArray(Double(try jacobianRank(of: problem, kernelEigenvalues: eigenvalues))),
    ]
  }

  /// Why the eigenvalues of K = J J^T do not suffice: they are squares, known to 1e-16 of the greatest, and one square
  /// Jacobian in eighty has singular values below 3e-6 of the greatest without being singular. What they show is a lower
  /// bound, which spares the decomposition of large Jacobians.
  private static func jacobianRank(of problem: Problem, kernelEigenvalues: [Double]) throws -> Int {
    let certain = kernelEigenvalues.filter { $0 > 1e-11 * (kernelEigenvalues.last ?? 0) }.count
    if certain == min(problem.data.rowCount, problem.start.rowCount * problem.start.columnCount) { return certain }
    let singularValues = try LinearAlgebra.singularValues(problem.jacobian(at: problem.start))
    return singularValues.filter { $0 > 1e-13 * (singularValues.first ?? 0) }.count
  }
}
