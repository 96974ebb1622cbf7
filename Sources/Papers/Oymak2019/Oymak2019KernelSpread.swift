private import Foundation
internal import NumericalMethods
internal import PaperKit

/// k E|K - Sigma|^2 / E|Sigma|^2, Frobenius norms, for random data on the sphere: K is a mean of k independent terms, so that
/// its entries have the variance (x_i x_j)^2 Var(phi'_i phi'_j) / k.
///
/// Quadrature over the angle between two data points, as for the weights of the harmonics, and over two Gaussians. Checked:
/// d >= 2. Throws what ``GaussRule/hermite(_:)`` throws.
package func relativeKernelVariance(
  _ activation: Activation, sampleCount n: Int, inputDimension d: Int
) throws -> Double {
  precondition(d >= 2, "angles in \(d) dimensions")
  let (angles, gaussian) = (GaussRule.legendre(400), try GaussRule.hermite(40))
  var (density, variance, square) = (0.0, 0.0, 0.0)
  for (node, weight) in zip(angles.nodes, angles.weights) {
    let angle = .pi / 2 * (1 + node)
    let (share, rho) = (weight * pow(sin(angle), Double(d - 2)), cos(angle))
    let kernel = rho * activation.derivativeKernel(rho)
    density += share
    square += share * kernel * kernel
    variance += share * (rho * rho * squaredSlopeKernel(activation, rho, gaussian) - kernel * kernel)
  }
  let diagonal = activation.slopeSecondMoment * activation.slopeSecondMoment
  let pairs = Double(n - 1) / density
  return (squaredSlopeKernel(activation, 1, gaussian) - diagonal + pairs * variance) / (diagonal + pairs * square)
}

/// E[phi'(u)^2 phi'(u')^2] for standard normals of correlation rho.
private func squaredSlopeKernel(_ activation: Activation, _ rho: Double, _ rule: GaussRule) -> Double {
  // The slopes of relu are 0 and 1, their own squares.
  guard activation != .relu else { return activation.derivativeKernel(rho) }
  let rest = max(0, 1 - rho * rho).squareRoot()
  func squares(_ arguments: [Double]) -> [Double] {
    var (values, slopes) = (arguments, arguments)
    arguments.withUnsafeBufferPointer { arguments in
      values.withUnsafeMutableBufferPointer { values in
        slopes.withUnsafeMutableBufferPointer { slopes in
          VectorFunctions.evaluate(activation.function, at: arguments, values: values, slopes: slopes)
        }
      }
    }
    return slopes.map { $0 * $0 }
  }
  let first = squares(rule.nodes)
  return rule.nodes.indices.reduce(0) { sum, index in
    let second = squares(rule.nodes.map { rho * rule.nodes[index] + rest * $0 })
    return sum + rule.weights[index] * first[index] * zip(rule.weights, second).reduce(0) { $0 + $1.0 * $1.1 }
  }
}
