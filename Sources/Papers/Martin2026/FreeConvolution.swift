private import Foundation
package import NumericalMethods

/// The eigenvalue density rho of Z* + sqrt(xi) GOE in the limit of infinite dimension: the free convolution of the
/// Marchenko–Pastur law of the teacher with a semicircle.
///
/// Z* = G G^T / m* with Gaussian G [d, m*], k = m*/d (so tr Z*/d = 1, and an atom 1 - k at 0 if k < 1), and a semicircle of
/// variance xi. The Cauchy transform g(z) = int rho(y) / (z - y) dy solves
///
///     z = 1/g + k/(k - g) + xi g,
///
/// a cubic in g. On the support rho = |Im g|/pi, and H(x) = PV int rho(y)/(x - y) dy = Re g. Because z is explicit in g,
/// integrals of rho, x^2 rho and H rho over [b, infinity) are elementary functions of g(b): no quadrature, about a
/// microsecond each. Source: section on the long-time limit; Biane (1997) for the convolution with a semicircle.
package struct FreeConvolution: Sendable {
  /// xi > 0, variance of the semicircle.
  package let variance: Double
  /// k = kappa* > 0, teacher width over input dimension.
  package let teacherWidthRatio: Double
  /// The support: one interval, or two with the lower around 0, ascending.
  package let intervals: [Interval]
  /// Transform at the lower edge of every interval (real there).
  private let lowerTransforms: [Double]
  /// Where the density dips inside an interval because two are about to part; panels of quadrature are cut there.
  private let dip: Double?

  /// Finds the support. Edges are the zeros of dz/dg, that is of F(g) = 1/g^2 - k/(k - g)^2 - xi on the real axis.
  ///
  /// F falls from infinity to minus infinity on (0, k): the upper edge. It has one zero on g < 0: the lower edge. On g > k
  /// it has a single maximum, at k/(1 - k^(1/3)), if k < 1; where it is positive there, two further zeros enclose a gap.
  /// So every edge has a bracket known beforehand. Checked: xi > 0, k > 0, finite.
  package init(variance: Double, teacherWidthRatio: Double) throws {
    precondition(
      variance > 0 && teacherWidthRatio > 0 && variance.isFinite && teacherWidthRatio.isFinite,
      "free convolution of variance \(variance), width ratio \(teacherWidthRatio)")
    let (xi, k) = (variance, teacherWidthRatio)
    self.variance = xi
    self.teacherWidthRatio = k
    func position(_ g: Double) -> Double { 1 / g + k / (k - g) + xi * g }
    func slope(_ g: Double) -> Double { 1 / (g * g) - k / ((k - g) * (k - g)) - xi }
    // |g| of an edge away from k lies between min(1, ...)-like scales; grow from the larger of the natural scales.
    let scale = 1 / xi.squareRoot() + 1
    func zero(_ low: Double, _ high: Double) throws -> Double {
      try RootFinding.brent(in: Interval(low, high), tolerance: 0, slope)
    }
    // On (0, k): F > 0 as long as 1/g^2 exceeds both other terms.
    let small = 0.5 * min(1 / (xi + 1).squareRoot(), k, k.squareRoot())
    var start = small
    while slope(start) < 0 { start /= 2 }
    var end = k - small
    while slope(end) > 0 { end = k - (k - end) / 2 }
    let upper = try zero(start, end)
    // On g < 0: F < 0 far away, > 0 near 0.
    var near = -small
    while slope(near) < 0 { near /= 2 }
    let lowest = try zero(-2 * scale, near)
    let summit = k < 1 ? k / (1 - cbrt(k)) : .nan
    if k < 1, slope(summit) > 0 {
      var close = (k + summit) / 2
      while slope(close) > 0 { close = k + (close - k) / 2 }
      let upperBulk = try zero(close, summit)
      let lowerBulk = try zero(summit, max(2 * scale, 2 * summit))
      intervals = [
        Interval(position(lowest), position(lowerBulk)), Interval(position(upperBulk), position(upper)),
      ]
      lowerTransforms = [lowest, upperBulk]
      dip = nil
    } else {
      intervals = [Interval(position(lowest), position(upper))]
      lowerTransforms = [lowest]
      let middle = k < 1 ? position(summit) : .nan
      dip = intervals[0].contains(middle) ? middle : nil
    }
  }

  /// The lower and the upper end of the support.
  package var support: Interval { Interval(intervals[0].low, intervals[intervals.count - 1].high) }

  // MARK: Density

  /// H(x) and pi rho(x) on the support; zero and zero outside.
  ///
  /// The real root of the cubic a g^3 + b g^2 + c g - 1 comes from Cardano's formula with the cube root that does not
  /// cancel, then Newton; the complex pair follows from Vieta's relations |g|^2 = 1/(a r), Re g = (c/a - |g|^2)/(2r).
  /// Why: the textbook formula for the pair has lost all digits at xi = 1e-6; this one has not at 1e-10.
  package func transform(at x: Double) -> (hilbert: Double, imaginary: Double) {
    let t = 1 / teacherWidthRatio
    let a = variance * t
    let c = x - 1 + t
    let bigB = -(variance + x * t) / a
    let bigC = c / a
    let p = bigC - bigB * bigB / 3
    let h = (2 * bigB * bigB * bigB / 27 - bigB * bigC / 3 - 1 / a) / 2
    let third = p / 3
    let root = max(h * h + third * third * third, 0).squareRoot()
    let u = cbrt(h > 0 ? -h - root : -h + root)
    var r = (u == 0 ? 0 : u - third / u) - bigB / 3
    for _ in 0..<6 {
      let value = ((r + bigB) * r + bigC) * r - 1 / a
      let slope = (3 * r + 2 * bigB) * r + bigC
      guard slope != 0 else { break }
      let step = value / slope
      r -= step
      if abs(step) <= 2 * r.ulp { break }
    }
    let square = 1 / (a * r)
    // Re g from the sum of the roots or from the sum of their pair products, whichever subtracts the smaller numbers.
    // Why: at xi = 1e-8 the pair products alone lose four digits, and at small lambda the long-time equations magnify that
    // by another 1/sqrt(xi).
    let bySum = abs(bigB) + abs(r) < (abs(bigC) + square) / abs(r)
    let re = bySum ? (-bigB - r) / 2 : (bigC - square) / (2 * r)
    let im2 = square - re * re
    return square > 0 && im2 > 0 ? (re, im2.squareRoot()) : (0, 0)
  }

  /// rho(x).
  package func density(at x: Double) -> Double { transform(at: x).imaginary / .pi }

  // MARK: Integrals over [b, infinity)

  /// A point at which upper integrals are taken: b itself on the support, or the lower edge of the next interval above.
  private struct Cut {
    let position: Double
    let g: Complex
    /// ln g and ln(1 - g/k), on the branches that are real above the support.
    let logG: Complex
    let logRest: Complex
  }

  /// Nil when nothing of the support lies above.
  private func cut(at b: Double) -> Cut? {
    for (interval, lower) in zip(intervals, lowerTransforms) where b < interval.high {
      guard b > interval.low else { return cut(interval.low, Complex(lower, -0.0)) }
      let (re, im) = transform(at: b)
      // On an edge, rounding may say "outside".
      guard im > 0 else {
        if b - interval.low < interval.high - b { return cut(interval.low, Complex(lower, -0.0)) }
        return nil
      }
      return cut(b, Complex(re, -im))
    }
    return nil
  }

  private func cut(_ position: Double, _ g: Complex) -> Cut {
    Cut(
      position: position, g: g, logG: g.logarithm,
      logRest: Complex(1 - g.re / teacherWidthRatio, -g.im / teacherWidthRatio).logarithm)
  }

  /// int_b^inf rho. From the antiderivative of g dz: g z - ln g + k ln(1 - g/k) - xi g^2/2.
  package func mass(above b: Double) -> Double { cut(at: b).map(mass) ?? 0 }

  private func mass(_ cut: Cut) -> Double {
    let g2 = cut.g * cut.g
    return (cut.position * cut.g.im - cut.logG.im + teacherWidthRatio * cut.logRest.im - variance / 2 * g2.im) / .pi
  }

  /// I(b, q) = int_b^inf (x - q) H(x) rho(x) dx, from an antiderivative of (z - q) g^2 dz.
  package func divergence(above b: Double, threshold q: Double) -> Double {
    cut(at: b).map { divergence($0, q) } ?? 0
  }

  private func divergence(_ cut: Cut, _ q: Double) -> Double {
    let (xi, k, g) = (variance, teacherWidthRatio, cut.g)
    let g2 = g * g
    let g3 = g2 * g
    let pole = k * Complex(k - g.re, -g.im).reciprocal
    let distance = cut.position - q
    // int (z - q)^2 g dg, term by term with (z - q)^2 = (xi g - q)^2 + 1/g^2 + B^2 + ..., B = k/(k - g).
    let square = xi * xi / 4 * (g2 * g2) - 2 * xi * q / 3 * g3 + q * q / 2 * g2
    let teacher = k * k * (cut.logRest + pole) - 2 * k * cut.logRest
    let mixed = xi * (g2 - k * (g2 + 2 * k * (g + k * cut.logRest))) - 2 * q * (g - k * (g + k * cut.logRest))
    let rest = square + cut.logG + teacher + mixed
    return (distance * distance / 2 * g2.im - rest.im) / (2 * .pi)
  }

  /// int_b^inf x^2 rho, from an antiderivative of z^2 g dz.
  package func secondMoment(above b: Double) -> Double { cut(at: b).map(secondMoment) ?? 0 }

  private func secondMoment(_ cut: Cut) -> Double {
    let (xi, k, g) = (variance, teacherWidthRatio, cut.g)
    let g2 = g * g
    let inverse = g.reciprocal
    let rest = Complex(k - g.re, -g.im).reciprocal
    let pole = k * rest
    let (l, m) = (cut.logG, cut.logRest)
    // int z^3 dg with z = A + B, A = xi g + 1/g, B = k/(k - g): A^3, 3 A^2 B, 3 A B^2, B^3.
    let first = xi * xi * xi / 4 * (g2 * g2) + 1.5 * xi * xi * g2 + 3 * xi * l - 0.5 * (inverse * inverse)
    let second =
      -(xi * xi * k) * (0.5 * g2 + k * (g + k * m)) - 2 * xi * k * m - inverse + (1 / k) * (l - m)
    let third = xi * k * k * (m + pole) + l - m + pole
    let fourth = 0.5 * k * (pole * pole)
    let cube = cut.position * cut.position * cut.position
    return (cube * g.im - (first + 3 * second + 3 * third + fourth).im) / (3 * .pi)
  }

  /// int_{-inf}^b x^2 rho by quadrature, with full relative accuracy however small xi is.
  ///
  /// Why besides the closed form: at xi -> 0 and b inside the lower interval the integral is of order xi, and the closed
  /// form is a difference of numbers of order 1. Gauss–Legendre in phi with x = centre + radius sin(phi), which absorbs
  /// the square roots at the edges.
  package func secondMoment(below b: Double) -> Double {
    quadrature(below: b) { x, g in x * x * g.imaginary }
  }

  /// int rho^3, which by the identity int H^2 rho = (pi^2/3) int rho^3 says how far denoising can go.
  package var cubedDensity: Double {
    quadrature(below: .infinity) { _, g in g.imaginary * g.imaginary * g.imaginary } / (.pi * .pi)
  }

  /// int_{-inf}^b f/pi, f a function of the position and of the transform there.
  private func quadrature(
    below b: Double, _ f: (Double, (hilbert: Double, imaginary: Double)) -> Double
  ) -> Double {
    var sum = 0.0
    for interval in intervals where b > interval.low {
      let end = min(b, interval.high)
      var cuts = [interval.low, end]
      if let dip, dip > interval.low, dip < end { cuts.insert(dip, at: 1) }
      for (low, high) in zip(cuts, cuts.dropFirst()) {
        let centre = (low + high) / 2
        let radius = (high - low) / 2
        sum += Self.rule.sum { node in
          let phi = node * .pi / 2
          let x = centre + radius * sin(phi)
          return f(x, transform(at: x)) * radius * cos(phi) / 2
        }
      }
    }
    return sum
  }

  private static let rule = GaussRule.legendre(128)

  /// omega with int_omega^inf rho = mass; minus infinity for a mass of 1 or more. In a gap: its upper end.
  ///
  /// Newton with the density as derivative, kept inside the interval.
  package func quantile(mass: Double) throws -> Double {
    guard mass < 1 else { return -.infinity }
    for interval in intervals.reversed() where self.mass(above: interval.low) > mass {
      // At the upper edge the mass is that of the intervals above, so the bracket holds.
      return try RootFinding.newton(in: interval, tolerance: 0) { x in
        let value = x >= interval.high ? self.mass(above: interval.high) : self.mass(above: x)
        return (value - mass, -density(at: x))
      }
    }
    return intervals[0].low
  }

  // MARK: The estimator Z = f(Z* + sqrt(xi) GOE), f(x) = (x - q) 1{x > b}

  /// What the long-time equations need of rho: error, divergence, rank.
  package struct Thresholding: Sendable {
    /// b = max(q, omega(kappa)): eigenvalues below are cut off.
    package let cutoff: Double
    /// Whether the rank constraint, rather than the threshold, decides.
    package let isRankLimited: Bool
    /// int_b^inf rho, rank of Z over d.
    package let rank: Double
    /// I = int_b^inf (x - q) H rho.
    package let divergence: Double
    /// |Z - Z*|_F^2/d.
    package let meanSquaredError: Double
  }

  /// Soft thresholding at q with at most a share kappa of the eigenvalues kept.
  ///
  /// By Stein's lemma MSE = 1 + 1/k - int_b^inf (x^2 - q^2) rho + 4 xi I; the form used at small xi,
  /// int_{-inf}^b x^2 rho + q^2 int_b^inf rho - xi (1 - 4I), is equal and free of cancellation. `steinShare` multiplies
  /// 4 xi I; anything but 1 is a deliberate mistake.
  package func thresholding(
    at q: Double, studentWidthRatio kappa: Double, steinShare: Double = 1
  ) throws -> Thresholding {
    var cut = cut(at: q)
    var cutoff = q
    var isRankLimited = false
    if kappa < 1, let free = cut, mass(free) > kappa {
      cutoff = try quantile(mass: kappa)
      cut = self.cut(at: cutoff)
      isRankLimited = true
    }
    guard let cut else {
      return Thresholding(
        cutoff: cutoff, isRankLimited: false, rank: 0, divergence: 0, meanSquaredError: 1 + 1 / teacherWidthRatio)
    }
    let rank = mass(cut)
    let divergence = divergence(cut, q)
    let stein = steinShare * 4 * variance * divergence
    let error =
      variance < 0.01
      ? secondMoment(below: cutoff) + q * q * rank - variance + stein
      : 1 + 1 / teacherWidthRatio - secondMoment(cut) + q * q * rank + stein
    return Thresholding(
      cutoff: cutoff, isRankLimited: isRankLimited, rank: rank, divergence: divergence, meanSquaredError: error)
  }
}
