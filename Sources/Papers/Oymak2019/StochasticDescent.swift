private import Foundation
package import NumericalMethods
package import PaperKit

/// Stochastic gradient descent, one uniformly drawn sample a step, with step 1 / max_i K_ii(W_0), E6.
///
/// One replica is one problem run with several independent orders of the samples, over which |r|^2 is averaged. The step is
/// Kaczmarz's; the paper's is smaller.
package enum StochasticDescent: Experiment {
  /// What can be varied.
  package struct Parameters: ExperimentParameters {
    @Parameter("phi", among: Activation.trained) package var activation = Activation.relu
    @Parameter("d", in: 2...10_000) package var inputDimension = 20
    @Parameter("n", in: 1...20_000) package var sampleCount = 100
    @Parameter("k", in: 2...1_000_000) package var studentWidth = 100
    @Parameter("number of orders that are averaged", in: 1...10_000) package var orderCount = 4
    @Parameter("number of epochs of n steps", in: 2...1_000_000) package var epochCount = 200

    /// The defaults.
    package init() {}

    package func validateRelations() throws {
      try requireNetwork(inputDimension: inputDimension, studentWidth: studentWidth)
      try requireSamples(sampleCount, studentWidth: studentWidth)
    }
  }

  package static let name = "oymak2019/sgd"
  package static let sourceFile = #fileID
  package static let mutants = [
    Mistakes.doubledStep, Mistakes.forgottenOutputWeights, Mistakes.repeatedUnits, Mistakes.frozenUnits,
  ]

  /// Epochs done.
  package static let epoch = OutputArray("epoch", axes: ["epoch"], unit: "epochs", meaning: "epochs of n steps done")
  /// E |r|^2 / |y|^2 over the orders; NaN after a divergence.
  package static let meanSquare = OutputArray(
    "meanSquare", axes: ["epoch"], allowsNaN: true, meaning: "|r|^2/|y|^2, mean over orders; missing after a divergence"
  )
  /// |r|^2 / |y|^2 of full descent with step 1 / lambda_max(K(W_0)), one step an epoch.
  package static let fullDescent = OutputArray(
    "fullDescent", axes: ["epoch"], allowsNaN: true, meaning: "|r|^2/|y|^2 of full gradient descent, one step an epoch")
  /// Rate bound per step, eta min(lambda_min(K) at both ends) / n.
  package static let boundRate = OutputArray(
    "boundRate", unit: "1/step", meaning: "bound eta lambda_min(K)/n on the rate")
  /// Observed rate per step; NaN where too little of the curve is in range.
  package static let rate = OutputArray(
    "rate", unit: "1/step", allowsNaN: true,
    meaning: "rate of ln E|r|^2 between 1e-3 and 1e-13; missing where fewer than 5 epochs are there")
  package static let outputs = [epoch, meanSquare, fullDescent, boundRate, rate]

  /// Draws a problem and runs every order.
  package static func run(_ parameters: Parameters, in context: RunContext) throws -> [OutputArray: NDArray] {
    let problem = Problem(
      parameters.activation, sampleCount: parameters.sampleCount, inputDimension: parameters.inputDimension,
      studentWidth: parameters.studentWidth, in: context)
    let n = parameters.sampleCount
    let kernel = problem.kernel(at: problem.start)
    let stated = 1 / kernel.diagonal.greatest()
    let eta = context.mutant == Mistakes.doubledStep ? 2 * stated : stated
    let scale = problem.labelNorm * problem.labelNorm
    var orders = context.random("orders")
    var sums = Array(repeating: 0.0, count: parameters.epochCount + 1)
    var leastAtEnd = 0.0
    for _ in 0..<parameters.orderCount {
      let layer = problem.layer
      let rates =
        switch context.mutant {
        case Mistakes.forgottenOutputWeights: layer.rates(eta).map { $0 == 0 ? 0 : eta }
        case Mistakes.frozenUnits: layer.rates(eta).enumerated().map { $0 % 2 == 1 ? 0 : $1 }
        default: layer.rates(eta)
        }
      for epoch in 0...parameters.epochCount {
        layer.evaluate(gradient: false)
        sums[epoch] += layer.squaredResidual / scale
        guard layer.squaredResidual < 1e12 * scale else {
          for late in epoch...parameters.epochCount { sums[late] = .nan }
          break
        }
        if epoch < parameters.epochCount {
          for _ in 0..<n { layer.step(sample: orders.integer(below: n), rates) }
        }
      }
      if sums.last?.isNaN == false {
        let end = try LinearAlgebra.symmetricEigenvalues(problem.kernel(at: layer.currentWeights))
        leastAtEnd += max(0, end.first ?? 0) / Double(parameters.orderCount)
      }
    }
    let mean = sums.map { $0 / Double(parameters.orderCount) }
    let least = max(0, try LinearAlgebra.symmetricEigenvalues(kernel).first ?? 0)
    var full = Array(repeating: Double.nan, count: parameters.epochCount + 1)
    descend(
      problem.layer, of: problem, stepSize: try StepRule.spectral.size(for: problem, startKernel: kernel),
      maximumIterationCount: parameters.epochCount, tolerance: 1e-7
    ) { full[$0] = $1 * $1 / scale }
    let used = mean.indices.filter { mean[$0] > 1e-13 && mean[$0] < 1e-3 }
    return [
      epoch: NDArray(mean.indices.map(Double.init)), meanSquare: NDArray(mean), fullDescent: NDArray(full),
      boundRate: NDArray(stated * min(least, leastAtEnd) / Double(n)),
      rate: NDArray(
        used.count < 5
          ? .nan : -Statistics.linearFit(used.map { Double($0 * n) }, used.map { log(mean[$0]) }).slope),
    ]
  }
}
