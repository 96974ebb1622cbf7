private import Foundation
package import NumericalMethods

/// Closed forms and spectral theory of the neural net covariance Sigma(X) and what follows from its least eigenvalue.
package enum Theory {
  /// Sigma(X) = E_w[phi'(Xw) phi'(Xw)^T] o (X X^T), w standard normal, for unit rows of X [sample, input]: [sample, sample].
  ///
  /// The diagonal is set to its exact value E phi'(g)^2. `isTruncated` makes a deliberate mistake: two terms of the Hermite
  /// series without that diagonal. n^2 evaluations of the kernel.
  package static func covariance(of data: Matrix, _ activation: Activation, isTruncated: Bool = false) -> Matrix {
    let gram = LinearAlgebra.outerGram(data)
    var kernel = gram
    if isTruncated {
      let mu = activation.hermiteCoefficients(order: 1)
      kernel.values = gram.values.map { mu[0] * mu[0] + mu[1] * mu[1] * $0 }
    } else {
      activation.derivativeKernel(of: &kernel.values)
    }
    for index in kernel.values.indices { kernel.values[index] *= gram.values[index] }
    if !isTruncated {
      for row in 0..<kernel.rowCount { kernel[row, row] = activation.slopeSecondMoment }
    }
    return kernel
  }

  /// E[phi(Xw) phi(Xw)^T], the same for training the output layer.
  package static func outputCovariance(of data: Matrix, _ activation: Activation) -> Matrix {
    var kernel = LinearAlgebra.outerGram(data)
    for row in 0..<kernel.rowCount { kernel[row, row] = 1 }
    kernel.values = kernel.values.map(activation.outputKernel)
    return kernel
  }

  /// Number N(d, r) of spherical harmonics of degree r in d dimensions, C(d+r-1, r) - C(d+r-3, r-2).
  package static func harmonicCount(dimension d: Int, degree r: Int) -> Double {
    func binomial(_ n: Int, _ k: Int) -> Double {
      k < 0 || k > n ? 0 : (0..<k).reduce(1) { ($0 * Double(n - $1) / Double($1 + 1)).rounded() }
    }
    return binomial(d + r - 1, r) - (r >= 2 ? binomial(d + r - 3, r - 2) : 0)
  }

  /// Weights a_r of the covariance kernel rho q(rho) = sum_r a_r P_r(rho), P_r the Gegenbauer polynomials of the sphere in
  /// d dimensions with P_r(1) = 1: a_r = N(d, r) E[rho q(rho) P_r(rho)] for the scalar product rho of two random points.
  ///
  /// With rho = cos(angle) the density is sin(angle)^(d-2), and every integrand is analytic in the angle, that of relu too:
  /// 400 Gauss–Legendre nodes. Checked: d >= 2.
  package static func harmonicWeights(_ activation: Activation, dimension d: Int, degree: Int = 10) -> [Double] {
    precondition(d >= 2, "harmonics in \(d) dimensions")
    let angles = legendreRule.nodes.map { .pi / 2 * (1 + $0) }
    let density = zip(angles, legendreRule.weights).map { $1 * pow(sin($0), Double(d - 2)) }
    let total = density.reduce(0, +)
    let rho = angles.map { cos($0) }
    let kernel = rho.map { $0 * activation.derivativeKernel($0) }
    var previous = rho.map { _ in 0.0 }
    var current = rho.map { _ in 1.0 }
    return (0...degree).map { r in
      let mean = rho.indices.reduce(0) { $0 + density[$1] * kernel[$1] * current[$1] } / total
      let (a, b, c) = (Double(2 * r + d - 2), Double(r), Double(r + d - 2))
      let next = rho.indices.map { r == 0 ? rho[$0] : (a * rho[$0] * current[$0] - b * previous[$0]) / c }
      (previous, current) = (current, next)
      return harmonicCount(dimension: d, degree: r) * mean
    }
  }

  /// Predicted lambda(X) = least eigenvalue of Sigma(X) for n points on the sphere in d dimensions. [derived]
  ///
  /// The Gram matrix of P_r behaves as a Marchenko–Pastur matrix of ratio c_r = n / N(d, r), and the sum as the free
  /// convolution of these laws, whose left edge is sup over g < 0 of 1/g + sum_r a_r / (1 - a_r c_r g). Degree 0 is of rank
  /// one and is left out; what lies beyond degree 10 acts as a multiple of the identity. Accurate to 2.5 % for softplus and
  /// relu, d >= 20, n >= 50 and 2n/d^2 <= 1/2; 6 % too high for tanh. Throws what the
  /// search for the maximum throws.
  package static func freeEdge(_ activation: Activation, sampleCount: Int, dimension d: Int) throws -> Double {
    var terms = harmonicWeights(activation, dimension: d).enumerated().map { r, weight in
      (
        weight: max(0, abs(weight) < 1e-14 ? 0 : weight),
        ratio: Double(sampleCount) / harmonicCount(dimension: d, degree: r)
      )
    }
    let rest = activation.slopeSecondMoment - terms.reduce(0) { $0 + $1.weight }
    terms[0].weight = 0
    // -edge as a function of t = log(-g).
    func depth(_ t: Double) -> Double {
      let g = -exp(t)
      return -terms.reduce(1 / g + rest) { $0 + $1.weight / (1 - $1.weight * $1.ratio * g) }
    }
    let count = 400
    let grid = (0..<count).map { -8 + 33 * Double($0) / Double(count - 1) }
    let depths = grid.map(depth)
    let best = depths.indices.min { depths[$0] < depths[$1] } ?? 0
    guard best > 0, best < count - 1 else { return max(0, -depths[best]) }
    return max(
      0, -(try RootFinding.minimum(in: Interval(grid[best - 1], grid[best + 1]), tolerance: 1e-8, depth).value))
  }

  /// The width that makes the theorem for smooth activations applicable to these data, with our explicit constant:
  /// k = (4 B2 |X| sqrt(n (1 + Var phi)) / lambda)^2, from 4 Lip |r_0| <= lambda with sign labels. [derived]
  ///
  /// Infinite for lambda = 0. Checked: phi has a bounded second derivative.
  package static func certifiedWidth(
    _ activation: Activation, sampleCount: Int, spectralNorm: Double, eigenvalue: Double
  ) -> Double {
    guard let curvature = activation.curvatureBound else { preconditionFailure("no certificate for \(activation)") }
    let root =
      4 * curvature * spectralNorm * (Double(sampleCount) * (1 + activation.variance)).squareRoot() / eigenvalue
    return root * root
  }

  private static let legendreRule = GaussRule.legendre(400)
}
