package import NumericalMethods
package import PaperKit

/// lambda(X), the least eigenvalue of the neural net covariance of random data on the sphere, against free probability, E3.
package enum CovarianceEigenvalue: Experiment {
  /// What can be varied.
  package struct Parameters: ExperimentParameters {
    @Parameter("phi") package var activation = Activation.softplus
    @Parameter("d", in: 2...10_000) package var inputDimension = 40
    @Parameter("n", in: 1...20_000) package var sampleCount = 200

    /// The defaults.
    package init() {}
  }

  package static let name = "oymak2019/covariance-eigenvalue"
  package static let sourceFile = #fileID
  package static let mutants = [Mistakes.truncatedKernel]

  /// lambda(X) of the drawn data; below 1e-11 of the greatest eigenvalue it is zero.
  package static let eigenvalue = OutputArray("eigenvalue", meaning: "lambda(X), least eigenvalue of Sigma(X)")
  /// The free edge, the same for all replicas.
  package static let prediction = OutputArray("prediction", meaning: "left edge of the free convolution")
  /// kappa(X) = sqrt(d/n) |X| / lambda(X); NaN for lambda(X) = 0.
  package static let conditionNumber = OutputArray(
    "conditionNumber", allowsNaN: true, meaning: "kappa(X) = sqrt(d/n) |X| / lambda(X); missing where lambda(X) = 0")
  /// mu_1^2 lambda_min((X X^T) o (X X^T)).
  package static let schurBound = OutputArray(
    "schurBound", meaning: "Schur's lower bound mu_1^2 lambda_min((X X^T) o (X X^T))")
  package static let outputs = [eigenvalue, prediction, conditionNumber, schurBound]

  /// Draws data and takes the spectrum; order n^3 operations.
  package static func run(_ parameters: Parameters, in context: RunContext) throws -> [OutputArray: NDArray] {
    let data = Problem.sphere(parameters.sampleCount, parameters.inputDimension, in: context)
    let covariance = Theory.covariance(
      of: data, parameters.activation, isTruncated: context.mutant == Mistakes.truncatedKernel)
    let spectrum = try LinearAlgebra.symmetricEigenvalues(covariance)
    let greatest = spectrum.last ?? 0
    let least = spectrum.first ?? 0
    let lambda = least > 1e-11 * greatest ? least : 0
    var squares = LinearAlgebra.outerGram(data)
    squares.values = squares.values.map { $0 * $0 }
    let slope = parameters.activation.hermiteCoefficients(order: 1)[1]
    let bound = slope * slope * max(0, try LinearAlgebra.symmetricEigenvalues(squares).first ?? 0)
    let spectralNorm = try LinearAlgebra.singularValues(data).first ?? 0
    let aspect = Double(parameters.inputDimension) / Double(parameters.sampleCount)
    return [
      eigenvalue: NDArray(lambda),
      prediction: NDArray(
        try Theory.freeEdge(
          parameters.activation, sampleCount: parameters.sampleCount, dimension: parameters.inputDimension)),
      conditionNumber: NDArray(lambda > 0 ? aspect.squareRoot() * spectralNorm / lambda : .nan),
      schurBound: NDArray(bound),
    ]
  }
}
