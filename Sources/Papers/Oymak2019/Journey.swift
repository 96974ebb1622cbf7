private import Foundation
internal import NumericalMethods
package import PaperKit

/// What one run of gradient descent says about how fast and how far it went: measured, predicted and bounded.
package struct Journey {
  /// Steps made.
  package let iterationCount: Int
  /// |r| / |y| at the end.
  package let relativeResidual: Double
  /// Whether |r| came down to the tolerance.
  package let hasConverged: Bool
  /// Steps until |r| has fallen to 1/10, 1/100 and 1/1000 of |r_0|, between whole steps by a straight line in ln |r|; NaN
  /// where the run ended before.
  package let decadeEnds: [Double]
  /// lambda_min(K) at the end over that at the start; NaN for a singular K(W_0).
  package let eigenvalueRatio: Double
  /// |W_tau - W_0|.
  package let distance: Double
  /// sqrt(r_0^T K(W_0)^-1 r_0), where the network linearised at the start would end; NaN for a singular K(W_0).
  package let linearDistance: Double
  /// |r_0| / alpha, alpha^2 the lesser of the least eigenvalues of K at both ends; infinity for alpha = 0.
  package let upperBound: Double
  /// (|r_0| - |r_tau|) / beta, beta^2 the greater of the greatest eigenvalues of K at both ends.
  package let lowerBound: Double
  /// |W_tau - W_0| / |W_0|.
  package let relativeMovement: Double
  /// Share of the preactivations that changed sign: all, and of the worst sample.
  package let flippedShare: (mean: Double, greatest: Double)

  /// Descends and measures. Throws `notFinite` where descent diverges.
  package init(
    _ problem: Problem, step: StepRule, maximumIterationCount: Int, tolerance: Double, mutant: Mutant? = nil
  ) throws {
    let kernel = problem.kernel(at: problem.start)
    let before = try LinearAlgebra.symmetricEigen(kernel)
    let layer = problem.layer
    var first = 0.0
    var last = 0.0
    var decadeEnds: [Double] = []
    let end = descend(
      layer, of: problem, stepSize: try step.size(for: problem, startKernel: kernel),
      maximumIterationCount: maximumIterationCount, tolerance: tolerance, mutant: mutant
    ) { iteration, norm in
      if iteration == 0 { first = norm }
      while decadeEnds.count < 3, norm < first * pow(0.1, Double(decadeEnds.count + 1)) {
        let goal = first * pow(0.1, Double(decadeEnds.count + 1))
        decadeEnds.append(Double(iteration) - log(goal / norm) / log(last / norm))
      }
      last = norm
    }
    guard end.residualNorm.isFinite else {
      throw NumericalError.notFinite(quantity: "residual", time: Double(end.iterationCount))
    }
    let weights = layer.currentWeights
    let after = try LinearAlgebra.symmetricEigenvalues(problem.kernel(at: weights))
    let alpha = max(0, min(before.values.first ?? 0, after.first ?? 0)).squareRoot()
    let beta = max(before.values.last ?? 0, after.last ?? 0).squareRoot()
    let modes = LinearAlgebra.multiply(before.vectors, problem.startResiduals, transposingFirst: true)
    let isRegular = (before.values.first ?? 0) > 1e-11 * (before.values.last ?? 0)
    let square = zip(modes, before.values).reduce(0) { $0 + $1.0 * $1.0 / $1.1 }

    iterationCount = end.iterationCount
    relativeResidual = end.residualNorm / problem.labelNorm
    hasConverged = end.hasConverged
    self.decadeEnds = decadeEnds + Array(repeating: .nan, count: 3 - decadeEnds.count)
    eigenvalueRatio = isRegular ? max(0, after.first ?? 0) / (before.values.first ?? .nan) : .nan
    distance = layer.distance(to: problem.start)
    linearDistance = isRegular ? square.squareRoot() : .nan
    upperBound = first / alpha
    lowerBound = (first - end.residualNorm) / beta
    relativeMovement = distance / problem.start.squaredNorm.squareRoot()
    flippedShare = problem.flippedShare(at: weights)
  }
}
