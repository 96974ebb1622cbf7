private import Foundation
internal import NumericalMethods

/// Sample ratios alpha = n/d^2 at which the end of the flow changes its nature, without label noise. All depend on
/// kappa = m/d and kappa* = m*/d alone; a teacher with kappa* >= 1 has all thresholds at 1/2.
package enum Thresholds {
  /// Mass, first and second moment of the semicircle on [-2, 2] above x.
  package static func semicircleMoments(above x: Double) -> (mass: Double, first: Double, second: Double) {
    let x = min(max(x, -2), 2)
    let root = (4 - x * x).squareRoot()
    let arc = asin(x / 2) / .pi
    return (
      0.5 - x * root / (4 * .pi) - arc, root * root * root / (6 * .pi),
      0.5 - root * (x * x * x - 2 * x) / (8 * .pi) - arc
    )
  }

  /// omega_s: the semicircle above has mass (min(kappa, 1) - kappa*)/(1 - kappa*), the share of null directions of the
  /// teacher that the student can still use.
  package static func rankCutoff(_ kappa: Double, _ teacher: Double) throws -> Double {
    let mass = (min(kappa, 1) - teacher) / (1 - teacher)
    if mass <= 0 { return 2 }
    if mass >= 1 { return -2 }
    return try RootFinding.brent(in: Interval(-2, 2), tolerance: 0) { semicircleMoments(above: $0).mass - mass }
  }

  /// Sample ratio below which the labels can be fitted exactly: kappa* - kappa*^2/2 + (1 - kappa*)^2/2 m2(max(0, omega_s)).
  package static func interpolation(_ kappa: Double, _ teacher: Double) throws -> Double {
    guard teacher < 1 else { return 0.5 }
    let second = semicircleMoments(above: max(0, try rankCutoff(kappa, teacher))).second
    return teacher - teacher * teacher / 2 + (1 - teacher) * (1 - teacher) / 2 * second
  }

  /// Sample ratio above which the flow with lambda -> 0+ recovers the teacher, and the threshold q_o in units of
  /// sqrt(xi (1 - kappa*)): m1(b) - q m0(b) = q kappa*/(1 - kappa*), b = max(q, omega_s).
  package static func regularizedRecovery(
    _ kappa: Double, _ teacher: Double
  ) throws -> (sampleRatio: Double, threshold: Double) {
    guard teacher < 1 else { return (0.5, 0) }
    let freedom = teacher - teacher * teacher / 2
    let cutoff = try rankCutoff(kappa, teacher)
    if cutoff >= 2 { return (freedom, 0) }
    let q = try optimalThreshold(teacher, cutoff: cutoff)
    let moments = semicircleMoments(above: max(q, cutoff))
    return (freedom + (1 - teacher) * (1 - teacher) / 2 * (moments.second - q * moments.first), q)
  }

  private static func optimalThreshold(_ teacher: Double, cutoff: Double) throws -> Double {
    try RootFinding.brent(in: Interval(0, 2), tolerance: 0) { q in
      let moments = semicircleMoments(above: max(q, cutoff))
      return (moments.first - q * moments.mass) * (1 - teacher) - teacher * q
    }
  }

  /// Sample ratio above which the flow without regularisation recovers the teacher: a conjecture of the paper,
  /// min(kappa - kappa^2/2, interpolation).
  package static func unregularizedRecovery(_ kappa: Double, _ teacher: Double) throws -> Double {
    guard teacher < 1 else { return 0.5 }
    let width = min(kappa, 1)
    return min(width - width * width / 2, try interpolation(kappa, teacher))
  }

  /// kappa_c+: the width ratio beyond which the recovery threshold with lambda -> 0+ no longer depends on it.
  package static func criticalWidthRatio(_ teacher: Double) throws -> Double {
    guard teacher < 1 else { return 1 }
    let q = try optimalThreshold(teacher, cutoff: -2)
    return teacher + (1 - teacher) * semicircleMoments(above: q).mass
  }

  /// The width ratio at which the thresholds with and without regularisation are equal; below it regularisation hurts.
  package static func crossingWidthRatio(_ teacher: Double) throws -> Double {
    let interval = Interval(teacher + 1e-3 * (1 - teacher), try criticalWidthRatio(teacher))
    return try RootFinding.brent(in: interval, tolerance: 0) { kappa in
      kappa - kappa * kappa / 2 - (try regularizedRecovery(kappa, teacher).sampleRatio)
    }
  }

  /// Leading mean squared error 2 alpha xi at small lambda without noise above the recovery threshold, where
  /// xi = (lambda/(c (1 - I_0/alpha)))^2: it falls as lambda^2. With c = q/sqrt(xi).
  package static func smallRegularization(
    sampleRatio alpha: Double, regularization lambda: Double, _ kappa: Double, _ teacher: Double
  ) throws -> (meanSquaredError: Double, slope: Double) {
    let cutoff = try rankCutoff(kappa, teacher)
    let rest = 1 - teacher
    func dimension(_ q: Double) -> Double {
      let m = semicircleMoments(above: max(q, cutoff))
      return teacher * (2 - teacher) + teacher * rest * q * q + rest * rest
        * (m.second - 2 * q * m.first + q * q * m.mass)
    }
    func divergence(_ q: Double) -> Double {
      let m = semicircleMoments(above: max(q, cutoff))
      return teacher * (2 - teacher) + rest * rest * (m.second - q * m.first)
    }
    let (threshold, optimum) = try regularizedRecovery(kappa, teacher)
    guard alpha > threshold else {
      throw NumericalError.undefined("the error does not vanish at sample ratio \(alpha), below \(threshold)")
    }
    var high = max(2 * optimum, 1)
    while dimension(high) < 2 * alpha { high *= 1.5 }
    let q = try RootFinding.brent(in: Interval(optimum, high), tolerance: 0) { dimension($0) - 2 * alpha }
    let slope = q * rest.squareRoot()
    let root = lambda / (slope * (1 - divergence(q) / (2 * alpha)))
    return (2 * alpha * root * root, slope)
  }
}
