private import Foundation
package import NumericalMethods
package import PaperKit

/// How the step size of gradient descent is chosen.
package enum StepRule: String, Choice {
  /// n / (B^2 |y|^2 |X|^2), the paper's; guarantees eta |J|^2 <= 1.
  case theory
  /// 1 / lambda_max(K(W_0)), about four times larger for softplus.
  case spectral

  /// The step size eta for a problem. Checked: phi has a bounded derivative.
  package func size(for problem: Problem, startKernel: Matrix? = nil) throws -> Double {
    switch self {
    case .theory:
      guard let bound = problem.activation.slopeBound else {
        preconditionFailure("the step of the theory does not exist for \(problem.activation)")
      }
      let product = bound * problem.labelNorm * (try problem.spectralNorm())
      return Double(problem.labels.count) / (product * product)
    case .spectral: return 1 / greatestEigenvalue(of: startKernel ?? problem.kernel(at: problem.start))
    }
  }
}

/// The greatest eigenvalue of a positive semidefinite matrix by power iteration, to about nine digits.
///
/// Why not all eigenvalues: at n = 200 they cost as much as a hundred descent steps.
package func greatestEigenvalue(of matrix: Matrix) -> Double {
  var vector = (0..<matrix.rowCount).map { 1 + cos(Double($0) * Double($0)) }
  var eigenvalue = 0.0
  for _ in 0..<5000 {
    let length = LinearAlgebra.norm(vector)
    guard length > 0 else { return 0 }
    for index in vector.indices { vector[index] /= length }
    let image = LinearAlgebra.multiply(matrix, vector)
    let next = LinearAlgebra.dot(vector, image)
    vector = image
    if abs(next - eigenvalue) <= 1e-10 * next { return next }
    eigenvalue = next
  }
  return eigenvalue
}

/// How a run of gradient descent ended.
package struct DescentEnd {
  /// Number of steps made.
  package let iterationCount: Int
  /// |r| at the end; NaN when the run diverged.
  package let residualNorm: Double
  /// Whether |r| came down to the tolerance.
  package let hasConverged: Bool
}

/// Gradient descent W <- W - eta grad L, L = |r|^2 / 2, from the start of a problem until |r| <= tolerance |y|.
///
/// `observe` sees (iteration, |r|) before every step and at the end. A run beyond 10^6 |y| counts as diverged. Mutants:
/// the doubled and the fading step, the forgotten output weights and the frozen units.
@discardableResult
package func descend(
  _ layer: NeuronLayer, of problem: Problem, stepSize: Double, maximumIterationCount: Int, tolerance: Double,
  mutant: Mutant? = nil, observe: (Int, Double) throws -> Void = { _, _ in }
) rethrows -> DescentEnd {
  let eta = mutant == Mistakes.doubledStep ? 2 * stepSize : stepSize
  var rates = layer.rates(eta)
  if mutant == Mistakes.forgottenOutputWeights {
    for index in rates.indices where rates[index] != 0 { rates[index] = eta }
  }
  if mutant == Mistakes.frozenUnits {
    for index in rates.indices where index % 2 == 1 { rates[index] = 0 }
  }
  let goal = tolerance * problem.labelNorm
  let limit = 1e6 * problem.labelNorm
  for iteration in 0... {
    layer.evaluate()
    let norm = layer.squaredResidual.squareRoot()
    guard norm < limit else { return DescentEnd(iterationCount: iteration, residualNorm: .nan, hasConverged: false) }
    try observe(iteration, norm)
    if norm <= goal || iteration == maximumIterationCount {
      return DescentEnd(iterationCount: iteration, residualNorm: norm, hasConverged: norm <= goal)
    }
    layer.step(
      mutant == Mistakes.fadingStep ? rates.map { $0 / (1 + Double(iteration) / 100) } : rates)
  }
  preconditionFailure("descent without an end")
}
