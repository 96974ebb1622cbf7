private import Foundation
package import NumericalMethods
package import PaperKit

/// Residual and distance along gradient descent beside the theorem's bound and the linearised network, E4.
package enum Convergence: Experiment {
  /// What can be varied.
  package struct Parameters: ExperimentParameters {
    @Parameter("phi", among: Activation.trained) package var activation = Activation.softplus
    @Parameter("d", in: 2...10_000) package var inputDimension = 20
    @Parameter("n", in: 1...20_000) package var sampleCount = 100
    @Parameter("k", in: 2...1_000_000) package var studentWidth = 100
    @Parameter("rule for the step eta") package var step = StepRule.theory
    @Parameter("most steps that are made", in: 1...1_000_000_000) package var maximumIterationCount = 20_000
    @Parameter("|r| / |y| at which descent stops", above: 0, below: 1) package var tolerance = 1e-3
    @Parameter("number of logarithmically spaced iterations that are kept", in: 2...10_000) package var pointCount = 200
    @Parameter("steps from one least eigenvalue along the path to the next; 0: only at both ends", in: 0...1_000_000)
    package var spectrumInterval = 0

    /// The defaults.
    package init() {}

    package func validateRelations() throws {
      try requireNetwork(inputDimension: inputDimension, studentWidth: studentWidth)
      try requireSamples(sampleCount, studentWidth: studentWidth)
    }

    /// 0 and about pointCount numbers of steps, logarithmically spaced up to the greatest.
    var iterations: [Int] {
      let reach = log(Double(maximumIterationCount))
      let spaced = (0..<pointCount).map { Int(exp(reach * Double($0) / Double(pointCount - 1)).rounded()) }
      return [0] + spaced.enumerated().filter { $0 == 0 || $1 > spaced[$0 - 1] }.map(\.element)
    }
  }

  package static let name = "oymak2019/convergence"
  package static let sourceFile = #fileID
  package static let mutants = [
    Mistakes.forgottenOutputWeights, Mistakes.doubledStep, Mistakes.fadingStep, Mistakes.frozenUnits,
  ]

  /// Numbers of steps that are kept.
  package static let iteration = OutputArray("iteration", axes: ["iteration"], unit: "steps", meaning: "steps made")
  /// |r| / |r_0|; NaN after the end.
  package static let residual = OutputArray(
    "residual", axes: ["iteration"], allowsNaN: true, meaning: "|r|/|r_0|; missing after the end of descent")
  /// |W - W_0|; NaN after the end.
  package static let distance = OutputArray(
    "distance", axes: ["iteration"], allowsNaN: true, meaning: "|W - W_0|; missing after the end of descent")
  /// (1 - eta alpha^2 / 2)^(tau / 2).
  package static let bound = OutputArray(
    "bound", axes: ["iteration"], meaning: "bound (1 - eta alpha^2/2)^(tau/2) of the theorem")
  /// |r_lin| / |r_0| of the network linearised at the start.
  package static let linearResidual = OutputArray(
    "linearResidual", axes: ["iteration"], meaning: "|r|/|r_0| of the network linearised at its start")
  /// Eigenvalues of K(W_0) and K at the end, ascending.
  package static let startSpectrum = OutputArray("startSpectrum", axes: ["mode"], meaning: "eigenvalues of K(W_0)")
  package static let endSpectrum = OutputArray("endSpectrum", axes: ["mode"], meaning: "eigenvalues of K at the end")
  /// max over tau of residual / bound, every step counted.
  package static let boundRatio = OutputArray("boundRatio", meaning: "greatest residual over bound, every step counted")
  /// Observed rate of ln |r| over the last 30 % of the steps, over that of the bound.
  package static let rateRatio = OutputArray(
    "rateRatio", allowsNaN: true, meaning: "rate of ln |r| over the last 30 % of the steps over that of the bound")
  /// eta.
  package static let stepSize = OutputArray("stepSize", meaning: "step size eta")
  /// Steps made.
  package static let iterationCount = OutputArray("iterationCount", unit: "steps", meaning: "descent steps made")
  package static let outputs = [
    iteration, residual, distance, bound, linearResidual, startSpectrum, endSpectrum, boundRatio, rateRatio, stepSize,
    iterationCount,
  ]

  /// Draws a problem and descends. alpha^2 is the least eigenvalue of K found at the ends or along the path.
  package static func run(_ parameters: Parameters, in context: RunContext) throws -> [OutputArray: NDArray] {
    let problem = Problem(
      parameters.activation, sampleCount: parameters.sampleCount, inputDimension: parameters.inputDimension,
      studentWidth: parameters.studentWidth, in: context)
    let kernel = problem.kernel(at: problem.start)
    let eigen = try LinearAlgebra.symmetricEigen(kernel)
    let eta = try parameters.step.size(for: problem, startKernel: kernel)
    let iterations = parameters.iterations
    var norms: [Double] = []
    var distances: [Int: Double] = [:]
    let kept = Set(iterations)
    var least = max(0, eigen.values.first ?? 0)
    let layer = problem.layer
    let end = try descend(
      layer, of: problem, stepSize: eta, maximumIterationCount: parameters.maximumIterationCount,
      tolerance: parameters.tolerance, mutant: context.mutant
    ) { iteration, norm in
      norms.append(norm)
      if kept.contains(iteration) { distances[iteration] = layer.distance(to: problem.start) }
      if parameters.spectrumInterval > 0, iteration > 0, iteration.isMultiple(of: parameters.spectrumInterval) {
        let path = try LinearAlgebra.symmetricEigenvalues(problem.kernel(at: layer.currentWeights))
        least = min(least, max(0, path.first ?? 0))
      }
    }
    guard end.residualNorm.isFinite, let first = norms.first else {
      throw NumericalError.notFinite(quantity: "residual", time: Double(end.iterationCount))
    }
    let after = try LinearAlgebra.symmetricEigenvalues(problem.kernel(at: layer.currentWeights))
    least = min(least, max(0, after.first ?? 0))
    let decay = log1p(-eta * least / 2) / 2
    let boundRatio = norms.enumerated().map { $1 / first / exp(decay * Double($0)) }.greatest()
    let lateStart = Int(0.7 * Double(norms.count))
    let lateRate = log(norms[norms.count - 1] / norms[lateStart]) / Double(norms.count - 1 - lateStart)

    let modes = LinearAlgebra.multiply(eigen.vectors, problem.startResiduals, transposingFirst: true)
    let linear = iterations.map { tau -> Double in
      let squares = zip(modes, eigen.values).reduce(0) { sum, mode in
        let value = mode.0 * pow(1 - eta * max(0, mode.1), Double(tau))
        return sum + value * value
      }
      return squares.squareRoot() / first
    }
    return [
      iteration: NDArray(iterations.map(Double.init)),
      residual: NDArray(iterations.map { $0 < norms.count ? norms[$0] / first : .nan }),
      distance: NDArray(iterations.map { distances[$0] ?? .nan }),
      bound: NDArray(iterations.map { exp(decay * Double($0)) }), linearResidual: NDArray(linear),
      startSpectrum: NDArray(eigen.values), endSpectrum: NDArray(after), Self.boundRatio: NDArray(boundRatio),
      rateRatio: NDArray(decay < 0 ? lateRate / decay : .nan), stepSize: NDArray(eta),
      iterationCount: NDArray(Double(end.iterationCount)),
    ]
  }
}
