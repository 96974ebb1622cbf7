private import Foundation

/// Nodes and weights of a quadrature rule: integral = sum of weight times value at node.
public struct GaussRule: Sendable {
  /// Where the function is evaluated, ascending.
  public let nodes: [Double]
  /// What its values count; all positive.
  public let weights: [Double]

  /// Gauss–Legendre: the integral over [-1, 1], exact for polynomials of degree below 2 `count`.
  ///
  /// Newton's method on the Legendre polynomial from the asymptotic zeros cos(pi (j - 1/4) / (count + 1/2)); order count^2
  /// operations, nodes and weights to a few units of rounding. Checked: count > 0.
  public static func legendre(_ count: Int) -> GaussRule {
    precondition(count > 0, "rule of \(count) nodes")
    let pairs = (1...count).map { j -> (Double, Double) in
      var x = -cos(.pi * (Double(j) - 0.25) / (Double(count) + 0.5))
      var slope = 1.0
      // From these starts Newton needs at most four steps; the fifth costs nothing that matters.
      for _ in 0..<5 {
        var (value, previous) = (1.0, 0.0)
        for degree in 1...count {
          let n = Double(degree)
          (value, previous) = (((2 * n - 1) * x * value - (n - 1) * previous) / n, value)
        }
        slope = Double(count) * (previous - x * value) / (1 - x * x)
        x -= value / slope
      }
      return (x, 2 / ((1 - x * x) * slope * slope))
    }
    return GaussRule(nodes: pairs.map(\.0), weights: pairs.map(\.1))
  }

  /// Gauss–Hermite for expectations: sum of weight times f(node) = E f(Z), Z standard normal; exact for polynomials of
  /// degree below 2 `count`.
  ///
  /// Note the normalisation: the weights sum to 1 and belong to exp(-x^2 / 2) / sqrt(2 pi), not to exp(-x^2). Nodes are
  /// eigenvalues of the Jacobi matrix (Golub and Welsch, Math. Comp. 23, 1969), polished by Newton; weights are
  /// 1 / sum_k p_k(node)^2 with orthonormal Hermite polynomials p_k, k < count, accurate in the tails too. Checked:
  /// 1 ... 300 nodes (beyond, outer weights underflow). Order count^3 operations. Throws what
  /// ``LinearAlgebra/symmetricEigenvalues(_:)`` throws.
  public static func hermite(_ count: Int) throws -> GaussRule {
    precondition((1...300).contains(count), "Hermite rule of \(count) nodes, not 1 ... 300")
    var jacobi = Matrix(rowCount: count, columnCount: count)
    for index in 1..<max(1, count) {
      jacobi[index, index - 1] = Double(index).squareRoot()
      jacobi[index - 1, index] = Double(index).squareRoot()
    }
    let pairs = try LinearAlgebra.symmetricEigenvalues(jacobi).map { eigenvalue -> (Double, Double) in
      var x = eigenvalue
      var sum = 0.0
      for _ in 0..<2 {
        // p_(k+1) = (x p_k - sqrt(k) p_(k-1)) / sqrt(k + 1), and p_n' = sqrt(n) p_(n-1).
        var (value, previous) = (1.0, 0.0)
        sum = 0
        for k in 0..<count {
          sum += value * value
          (value, previous) = ((x * value - Double(k).squareRoot() * previous) / Double(k + 1).squareRoot(), value)
        }
        x -= value / (Double(count).squareRoot() * previous)
      }
      return (x, 1 / sum)
    }
    return GaussRule(nodes: pairs.map(\.0), weights: pairs.map(\.1))
  }

  /// The sum of weight times value at node.
  public func sum(_ function: (Double) throws -> Double) rethrows -> Double {
    var sum = 0.0
    for (node, weight) in zip(nodes, weights) { sum += weight * (try function(node)) }
    return sum
  }

  /// The integral over a finite interval by this rule, which must be one for [-1, 1].
  public func integral(over interval: Interval, _ function: (Double) throws -> Double) rethrows -> Double {
    let centre = (interval.low + interval.high) / 2
    return try interval.halfWidth * sum { try function(centre + interval.halfWidth * $0) }
  }
}
