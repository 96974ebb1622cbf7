private import Foundation
package import NumericalMethods
internal import PaperKit

/// The activation phi of the hidden units and what theory needs to know of it. phi'(0) = 0 for relu.
package enum Activation: String, Choice {
  /// log(1 + e^z), the smooth example of the paper.
  case softplus
  /// max(z, 0).
  case relu
  /// tanh z.
  case tanh
  /// erf z.
  case erf
  /// z^2 / 2, whose covariance has rank at most d(d+1)/2.
  case quadratic

  /// The same for the vectorised routines.
  package var function: VectorFunctions.Function {
    switch self {
    case .softplus: .softplus
    case .relu: .rectifier
    case .tanh: .hyperbolicTangent
    case .erf: .errorFunction
    case .quadratic: .halfSquare
    }
  }

  /// Those that networks are trained with here; the others serve the theory of the covariance.
  static let trained: [Activation] = [.softplus, .relu, .tanh]

  /// B = sup |phi'|; nil where there is none.
  package var slopeBound: Double? {
    switch self {
    case .softplus, .relu, .tanh: 1
    case .erf: 2 / Double.pi.squareRoot()
    case .quadratic: nil
    }
  }

  /// B2 = sup |phi''|; nil for relu, which has none.
  package var curvatureBound: Double? {
    switch self {
    case .softplus: 0.25
    case .tanh: 4 / (3 * 3.0.squareRoot())
    case .erf: (8 / (.pi * exp(1))).squareRoot()
    case .quadratic: 1
    case .relu: nil
    }
  }

  /// E phi'(g)^2 for a standard normal g: the derivative kernel at correlation 1.
  package var slopeSecondMoment: Double {
    switch self {
    case .relu: 0.5
    case .quadratic: 1
    case .erf: 4 / (.pi * 5.0.squareRoot())
    case .softplus: Self.softplusMoments.slopeSquare
    case .tanh: Self.tanhMoments.slopeSquare
    }
  }

  /// E phi(g).
  package var mean: Double {
    switch self {
    case .relu: 1 / (2 * Double.pi).squareRoot()
    case .quadratic: 0.5
    case .softplus: Self.softplusMoments.mean
    case .tanh, .erf: 0
    }
  }

  /// Var phi(g).
  package var variance: Double {
    switch self {
    case .relu: 0.5 - 1 / (2 * .pi)
    case .quadratic: 0.5
    case .erf: 2 / .pi * asin(2.0 / 3)
    case .softplus: Self.softplusMoments.variance
    case .tanh: Self.tanhMoments.variance
    }
  }

  /// q(rho) = E[phi'(u) phi'(u')] for standard normals of correlation rho, which is clipped to [-1, 1].
  ///
  /// Closed forms but for softplus and tanh: there sum_r mu_r^2 rho^r, to 1e-15.
  package func derivativeKernel(_ rho: Double) -> Double {
    let rho = min(max(rho, -1), 1)
    switch self {
    case .relu: return (.pi - acos(rho)) / (2 * .pi)
    case .quadratic: return rho
    case .erf: return 4 / .pi / (9 - 4 * rho * rho).squareRoot()
    case .softplus, .tanh: return series(rho, slopeCoefficients.map { $0 * $0 })
    }
  }

  /// q at many correlations, in place.
  func derivativeKernel(of correlations: inout [Double]) {
    guard self == .softplus || self == .tanh else {
      for index in correlations.indices { correlations[index] = derivativeKernel(correlations[index]) }
      return
    }
    let squares = slopeCoefficients.map { $0 * $0 }
    for index in correlations.indices { correlations[index] = series(min(max(correlations[index], -1), 1), squares) }
  }

  /// E[phi(u) phi(u')] for standard normals of correlation rho.
  package func outputKernel(_ rho: Double) -> Double {
    let rho = min(max(rho, -1), 1)
    switch self {
    case .relu: return ((1 - rho * rho).squareRoot() + rho * (.pi - acos(rho))) / (2 * .pi)
    case .quadratic: return (1 + 2 * rho * rho) / 4
    case .erf: return 2 / .pi * asin(2 * rho / 3)
    case .softplus, .tanh:
      // E[phi h_r] = E[phi' h_(r-1)] / sqrt(r), by parts.
      let squares = slopeCoefficients.enumerated().map { $1 * $1 / Double($0 + 1) }
      return mean * mean + rho * series(rho, squares)
    }
  }

  /// mu_r = E[phi'(g) h_r(g)], r = 0 ... order, with h_r = He_r / sqrt(r!) (the paper's mu_phi is mu_1).
  package func hermiteCoefficients(order: Int) -> [Double] {
    switch self {
    case .softplus, .tanh, .erf: Self.hermiteCoefficients(of: function, order: order)
    // Not smooth enough for quadrature: mu_r = He_(r-1)(0) / sqrt(2 pi r!), and mu_0 = 1/2.
    case .relu:
      (0...order).map { r in
        guard r > 0 else { return 0.5 }
        guard r % 2 == 1 else { return 0 }
        let half = (r - 1) / 2
        let hermite: Double = lgamma(Double(r)) - lgamma(Double(half + 1)) - Double(half) * log(2.0)
        let magnitude = exp(hermite - lgamma(Double(r + 1)) / 2) / (2 * Double.pi).squareRoot()
        return half % 2 == 0 ? magnitude : -magnitude
      }
    case .quadratic: (0...order).map { $0 == 1 ? 1 : 0 }
    }
  }

  // MARK: Quadratures, made once

  private var slopeCoefficients: [Double] { self == .softplus ? Self.softplusCoefficients : Self.tanhCoefficients }

  // Why these orders: the sum of squares then misses q(1) by less than 1e-15.
  private static let softplusCoefficients = hermiteCoefficients(of: .softplus, order: 40)
  private static let tanhCoefficients = hermiteCoefficients(of: .hyperbolicTangent, order: 240)
  private static let softplusMoments = Moments(of: .softplus)
  private static let tanhMoments = Moments(of: .hyperbolicTangent)

  private struct Moments {
    let mean: Double
    let variance: Double
    let slopeSquare: Double

    init(of function: VectorFunctions.Function) {
      let step = 1.0 / 32
      let arguments = stride(from: -30.0, through: 30.0, by: step).map { $0 }
      let (values, slopes) = tabulated(function, at: arguments)
      var sums = (0.0, 0.0, 0.0)
      for (index, x) in arguments.enumerated() {
        let density = step * exp(-x * x / 2) / (2 * Double.pi).squareRoot()
        sums.0 += density * values[index]
        sums.1 += density * values[index] * values[index]
        sums.2 += density * slopes[index] * slopes[index]
      }
      mean = sums.0
      variance = sums.1 - sums.0 * sums.0
      slopeSquare = sums.2
    }
  }

  /// The trapezoid rule, spectrally accurate for analytic functions, on Hermite functions
  /// psi_r(x) = h_r(x) sqrt(density), whose recurrence stays bounded where that of the polynomials overflows.
  private static func hermiteCoefficients(of function: VectorFunctions.Function, order: Int) -> [Double] {
    let step = 1.0 / 32
    let reach = order <= 120 ? 30.0 : 45.0
    let arguments = stride(from: -reach, through: reach, by: step).map { $0 }
    let slopes = tabulated(function, at: arguments).slopes
    var current = arguments.map { exp(-$0 * $0 / 4) / pow(2 * .pi, 0.25) }
    var previous = current.map { _ in 0.0 }
    let weights = zip(slopes, current).map { step * $0 * $1 }
    return (0...order).map { r in
      let coefficient = zip(weights, current).reduce(0) { $0 + $1.0 * $1.1 }
      let next = arguments.indices.map {
        (arguments[$0] * current[$0] - Double(r).squareRoot() * previous[$0]) / Double(r + 1).squareRoot()
      }
      (previous, current) = (current, next)
      return coefficient
    }
  }
}

/// The polynomial sum_r coefficients_r x^r.
private func series(_ x: Double, _ coefficients: [Double]) -> Double {
  var sum = 0.0
  for coefficient in coefficients.reversed() { sum = sum * x + coefficient }
  return sum
}

/// Values and derivatives at a list of arguments.
private func tabulated(
  _ function: VectorFunctions.Function, at arguments: [Double]
) -> (values: [Double], slopes: [Double]) {
  var values = arguments
  var slopes = arguments
  arguments.withUnsafeBufferPointer { arguments in
    values.withUnsafeMutableBufferPointer { values in
      slopes.withUnsafeMutableBufferPointer { slopes in
        VectorFunctions.evaluate(function, at: arguments, values: values, slopes: slopes)
      }
    }
  }
  return (values, slopes)
}
