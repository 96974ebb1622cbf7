private import Foundation

/// The limit law of the eigenvalues of Y = U^T P U at large input dimension d, U a Haar frame of m = alpha d vectors and P
/// the projection on the span of the m* = alpha* d teacher neurons (free Jacobi law).
///
/// Eigenvalues are squared cosines of the principal angles between student and teacher. Continuous part on
/// [r1, r2], r = (sqrt(alpha (1 - alpha*)) -/+ sqrt(alpha* (1 - alpha)))^2, with density
///
///     (1/alpha) sqrt((r2 - x)(x - r1)) / (2 pi x (1 - x)),
///
/// and atoms at 0 and 1. [Fig. 1 of the authors' scripts; the law is classical.] Total mass 1 here; the functions
/// ``logarithmicIntegral(_:)``, ``resolvent(_:)`` and ``logarithmicMoment`` use mu = alpha times the law, as the paper does.
package struct OverlapLaw: Sendable {
  /// alpha = m/d, in (0, 1).
  package let studentWidthRatio: Double
  /// alpha* = m*/d, in (0, 1).
  package let teacherWidthRatio: Double
  /// Ends r1 < r2 of the continuous part.
  package let edges: ClosedRange<Double>

  /// The law at two ratios.
  ///
  /// Checked: both in (0, 1).
  package init(studentWidthRatio alpha: Double, teacherWidthRatio alphaStar: Double) {
    precondition(
      alpha > 0 && alpha < 1 && alphaStar > 0 && alphaStar < 1, "ratios \(alpha), \(alphaStar) must lie in (0, 1)")
    studentWidthRatio = alpha
    teacherWidthRatio = alphaStar
    let u = (alpha * (1 - alphaStar)).squareRoot()
    let v = (alphaStar * (1 - alpha)).squareRoot()
    edges = ((u - v) * (u - v))...min(1, (u + v) * (u + v))
  }

  /// Mass at 0: student directions without teacher, max(1 - alpha*/alpha, 0).
  package var massAtZero: Double { max(1 - teacherWidthRatio / studentWidthRatio, 0) }

  /// Mass at 1: directions that both must share, max((alpha + alpha* - 1)/alpha, 0).
  package var massAtOne: Double { max((studentWidthRatio + teacherWidthRatio - 1) / studentWidthRatio, 0) }

  /// Density of the continuous part; 0 outside the edges.
  package func density(_ x: Double) -> Double {
    guard x > edges.lowerBound, x < edges.upperBound else { return 0 }
    return ((edges.upperBound - x) * (x - edges.lowerBound)).squareRoot()
      / (2 * .pi * studentWidthRatio * x * (1 - x))
  }

  /// int y / (1 + x y) dmu(y), atoms included, for x >= -1: the derivative of ``logarithmicIntegral(_:)``.
  ///
  ///     2 alpha alpha* / (1 + (alpha + alpha*) x + s),
  ///     s = sqrt(1 + 2 (alpha + alpha* - 2 alpha alpha*) x + (alpha - alpha*)^2 x^2).
  ///
  /// [derived] The authors' scripts have the derivative of Theta without the atom; this is one formula for all ratios.
  package func resolvent(_ x: Double) -> Double {
    let (a, b) = (studentWidthRatio, teacherWidthRatio)
    let s = (1 + 2 * (a + b - 2 * a * b) * x + (a - b) * (a - b) * x * x).squareRoot()
    return 2 * a * b / (1 + (a + b) * x + s)
  }

  /// Theta(x) = int log(1 + x y) dmu(y), atoms included, for x > -1. [Proposition 5.1 of the paper, after the authors'
  /// scripts, plus the atom at 1]
  package func logarithmicIntegral(_ x: Double) -> Double { logarithmicIntegral(scale: 1, excess: x) }

  /// Theta(x) + min(alpha, alpha*) ln(scale) for 1 + x y = (scale + excess y) / scale, that is x = excess / scale.
  ///
  /// Why: at late times scale = e^(-4 gamma/alpha*) underflows and x overflows, but this sum stays finite.
  package func logarithmicIntegral(scale: Double, excess: Double) -> Double {
    let (a, b) = (studentWidthRatio, teacherWidthRatio)
    let (a1, a2) = ((scale + excess * edges.lowerBound).squareRoot(), (scale + excess * edges.upperBound).squareRoot())
    let (b1, b2) = rootEdges
    let (c1, c2) = rootComplements
    var sum = log((a1 + a2) / 2)
    if a != b { sum -= abs(a - b) * log((b2 * a1 + b1 * a2) / (b1 + b2)) }
    if a + b != 1 { sum -= abs(1 - a - b) * log((c2 * a1 + c1 * a2) / (c1 + c2)) }
    return a + b > 1 ? sum + (a + b - 1) * log(scale + excess) : sum
  }

  /// K = int over y > 0 of log y dmu(y); for alpha = alpha* it is alpha ln alpha + (1 - alpha) ln(1 - alpha).
  package var logarithmicMoment: Double {
    let (a, b) = (studentWidthRatio, teacherWidthRatio)
    let (b1, b2) = rootEdges
    let (c1, c2) = rootComplements
    var sum = log((b1 + b2) / 2)
    if a != b { sum -= abs(a - b) * log(2 * b1 * b2 / (b1 + b2)) }
    if a + b != 1 { sum -= abs(1 - a - b) * log((c2 * b1 + c1 * b2) / (c1 + c2)) }
    return sum
  }

  private var rootEdges: (Double, Double) { (edges.lowerBound.squareRoot(), edges.upperBound.squareRoot()) }
  private var rootComplements: (Double, Double) {
    (max(1 - edges.lowerBound, 0).squareRoot(), max(1 - edges.upperBound, 0).squareRoot())
  }

  /// The Kolmogorov–Smirnov distance sup |F_n - F| of a sample from this law, atoms included.
  ///
  /// F by the midpoint rule in theta, x = middle - half cos theta, with 2 10^4 points and straight lines between them. Its
  /// absolute error is below 1e-9 over the lesser of |alpha - alpha*| and |1 - alpha - alpha*| that is not 0 (at most 1): such
  /// a small difference puts an edge so close to 0 or 1 that the integrand is nearly singular. At d = 10^4 that is 1e-5.
  /// - Parameters:
  ///   - values: the sample; sorted here.
  ///   - includingAtoms: false leaves the atoms out of F and scales the rest to mass 1 (a deliberate mistake).
  package func kolmogorovDistance(of values: [Double], includingAtoms: Bool = true) -> Double {
    let pointCount = 20_000
    let middle = (edges.lowerBound + edges.upperBound) / 2
    let half = (edges.upperBound - edges.lowerBound) / 2
    // cumulative[k]: mass of the continuous part below the k-th end of the theta grid.
    var cumulative = [0.0]
    cumulative.reserveCapacity(pointCount + 1)
    var sum = 0.0
    for index in 0..<pointCount {
      let theta = (Double(index) + 0.5) * .pi / Double(pointCount)
      let x = middle - half * cos(theta)
      let root = half * sin(theta)
      sum += root * root / (2 * studentWidthRatio * x * (1 - x)) / Double(pointCount)
      cumulative.append(sum)
    }
    let (zero, one, scale) = includingAtoms ? (massAtZero, massAtOne, 1.0) : (0, 0, 1 / sum)
    func below(_ x: Double) -> Double {
      guard x > edges.lowerBound else { return x < 0 ? 0 : zero }
      guard x < edges.upperBound else { return zero + scale * sum }
      let place = acos((middle - x) / half) / .pi * Double(pointCount)
      let index = min(Int(place), pointCount - 1)
      let step = cumulative[index + 1] - cumulative[index]
      return zero + scale * (cumulative[index] + (place - Double(index)) * step)
    }
    guard !values.contains(where: \.isNaN) else { return .nan }
    let sorted = values.sorted()
    let count = Double(sorted.count)
    var distance = 0.0
    var first = 0
    // Equal values, such as those in an atom, jump together.
    while first < sorted.count {
      var last = first
      while last + 1 < sorted.count, sorted[last + 1] == sorted[first] { last += 1 }
      let x = sorted[first]
      let leftLimit = x <= 0 ? 0 : below(x)
      let value = x >= 1 ? zero + scale * sum + one : below(x)
      distance = max(distance, abs(leftLimit - Double(first) / count), abs(value - Double(last + 1) / count))
      first = last + 1
    }
    return distance
  }
}
