private import Foundation
package import NumericalMethods
package import PaperKit

/// Where the theorem for smooth activations holds with explicit constants, and what happens there, E9.
package enum CertifiedRegime: Experiment {
  /// What can be varied.
  package struct Parameters: ExperimentParameters {
    @Parameter("phi", among: [.softplus, .tanh]) package var activation = Activation.softplus
    @Parameter("d", in: 2...10_000) package var inputDimension = 12
    @Parameter("n", in: 1...20_000) package var sampleCount = 18
    @Parameter("whether to train a network that the theorem covers; else only its width is computed")
    package var runsDescent = false
    @Parameter("width of that network over the certified one", in: 1...100) package var widthFactor = 1.3
    @Parameter("steps of descent, of the length of the theory", in: 1...1_000_000_000)
    package var maximumIterationCount = 400
    @Parameter("greatest width that is trained; data that need more are refused", in: 2...10_000_000)
    package var greatestWidth = 200_000

    /// The defaults.
    package init() {}

    package static var idleParameters: [IdleParameter<Self>] {
      ["widthFactor", "maximumIterationCount", "greatestWidth"].map { name in
        IdleParameter(name, "without runsDescent") { !$0.runsDescent }
      }
    }

  }

  package static let name = "oymak2019/certified-regime"
  package static let sourceFile = #fileID
  /// The theorem asks for less than it needs.
  package static let halvedCertificate = Mutant(
    "halved-certificate", meaning: "the certified width is half of what the theorem asks for")
  package static let mutants = [
    Mistakes.truncatedKernel, Mistakes.forgottenOutputWeights, Mistakes.doubledStep, Mistakes.frozenUnits,
    halvedCertificate,
  ]

  /// lambda(X).
  package static let eigenvalue = OutputArray("eigenvalue", meaning: "lambda(X), least eigenvalue of Sigma(X)")
  /// k_cert d.
  package static let certifiedParameterCount = OutputArray(
    "certifiedParameterCount", unit: "weights", meaning: "k d that the theorem asks for, with explicit constants")
  /// 4 Lip |r_0| / lambda_min(K(W_0)); NaN without descent.
  package static let condition = OutputArray(
    "condition", allowsNaN: true, meaning: "4 Lip |r_0| / lambda_min(K(W_0)), at most 1 where the theorem holds")
  /// Least lambda_min(K) on the path over that at the start; NaN without descent.
  package static let pathEigenvalue = OutputArray(
    "pathEigenvalue", allowsNaN: true, meaning: "least lambda_min(K) on the path over that at the start")
  /// |W - W_0| / (2 |r_0| / alpha_0); NaN without descent.
  package static let distanceRatio = OutputArray(
    "distanceRatio", allowsNaN: true, meaning: "|W - W_0| over its bound 2 |r_0|/alpha_0")
  /// |W - W_0| over the prediction of the linearised network at the same time; NaN without descent.
  package static let linearRatio = OutputArray(
    "linearRatio", allowsNaN: true, meaning: "|W - W_0| over that of the linearised network")
  /// Greatest |r| over the bound (1 - eta alpha_0^2 / 8)^(tau/2) |r_0| after one step or more; NaN without descent.
  package static let boundRatio = OutputArray(
    "boundRatio", allowsNaN: true, meaning: "greatest |r| over the bound of the theorem, after one step or more")
  package static let outputs = [
    eigenvalue, certifiedParameterCount, condition, pathEigenvalue, distanceRatio, linearRatio, boundRatio,
  ]

  /// Draws data, computes the certified width and, if asked for, trains a network of it.
  package static func run(_ parameters: Parameters, in context: RunContext) throws -> [OutputArray: NDArray] {
    let n = parameters.sampleCount
    let data = Problem.sphere(n, parameters.inputDimension, in: context)
    let covariance = Theory.covariance(
      of: data, parameters.activation, isTruncated: context.mutant == Mistakes.truncatedKernel)
    let lambda = try LinearAlgebra.symmetricEigenvalues(covariance).first ?? 0
    guard lambda > 1e-11 else { throw NumericalError.undefined("lambda(X) is zero, so no width is certified") }
    let spectralNorm = try LinearAlgebra.singularValues(data).first ?? 0
    let width =
      Theory.certifiedWidth(
        parameters.activation, sampleCount: n, spectralNorm: spectralNorm, eigenvalue: lambda)
      * (context.mutant == halvedCertificate ? 0.5 : 1)
    var results: [OutputArray: NDArray] = [
      eigenvalue: NDArray(lambda), certifiedParameterCount: NDArray(width * Double(parameters.inputDimension)),
    ]
    for output in outputs where results[output] == nil { results[output] = NDArray(.nan) }
    guard parameters.runsDescent else { return results }

    let studentWidth = 2 * Int((width * parameters.widthFactor / 2).rounded(.up))
    guard studentWidth <= parameters.greatestWidth else {
      throw NumericalError.undefined(
        "these data need a width of \(studentWidth), above greatestWidth = \(parameters.greatestWidth)")
    }
    let problem = Problem(
      parameters.activation, sampleCount: n, inputDimension: parameters.inputDimension, studentWidth: studentWidth,
      in: context)
    try train(problem, spectralNorm: spectralNorm, parameters, mutant: context.mutant, into: &results)
    return results
  }

  private static func train(
    _ problem: Problem, spectralNorm: Double, _ parameters: Parameters, mutant: Mutant?,
    into results: inout [OutputArray: NDArray]
  ) throws {
    let kernel = problem.kernel(at: problem.start)
    let spectrum = try LinearAlgebra.symmetricEigen(kernel)
    let first = spectrum.values.first ?? 0
    let eta = try StepRule.theory.size(for: problem)
    let layer = problem.layer
    var norms: [Double] = []
    var least = first
    let end = try descend(
      layer, of: problem, stepSize: eta, maximumIterationCount: parameters.maximumIterationCount, tolerance: 1e-8,
      mutant: mutant
    ) { iteration, norm in
      norms.append(norm)
      guard iteration.isMultiple(of: 50) else { return }
      least = min(
        least, try LinearAlgebra.symmetricEigenvalues(problem.kernel(at: layer.currentWeights)).first ?? 0)
    }
    // The linearised network after tau steps: W - W_0 = J^T U (1 - (1 - eta e)^tau) / e U^T r_0.
    let modes = LinearAlgebra.multiply(spectrum.vectors, problem.startResiduals, transposingFirst: true)
    let square = zip(modes, spectrum.values).reduce(0) { sum, mode in
      let share = 1 - pow(1 - eta * mode.1, Double(end.iterationCount))
      return sum + mode.0 * mode.0 * share * share / mode.1
    }
    let distance = layer.distance(to: problem.start)
    let lipschitz =
      (problem.outputWeights.first ?? 0) * (parameters.activation.curvatureBound ?? .nan) * spectralNorm
    let decay = log1p(-eta * first / 8) / 2
    results[condition] = NDArray(4 * lipschitz * norms[0] / first)
    results[pathEigenvalue] = NDArray(least / first)
    results[distanceRatio] = NDArray(distance / (2 * norms[0] / first.squareRoot()))
    results[linearRatio] = NDArray(distance / square.squareRoot())
    results[boundRatio] = NDArray(
      norms.enumerated().dropFirst().map { $1 / norms[0] / exp(decay * Double($0)) }.greatest())
  }
}
