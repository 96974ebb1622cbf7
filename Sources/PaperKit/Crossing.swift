internal import NumericalMethods

/// A curve of means, joined by straight lines, and a level that it crosses once.
///
/// A place x is in the interval if the mean there, which is linear in the means of its two neighbours, may be the level:
/// |m(x) - level| <= t s(x), with Student's t, longer where the numbers at the crossing are skewed (``Estimate/reach(_:skewness:count:)``),
/// and the standard error s(x) of the replicas' own numbers at x. Where the curve
/// is flat for its errors that is more than a slope and a standard error tell: up to everything.
/// Source: E. C. Fieller, J. R. Stat. Soc. B 16, 175 (1954).
public struct Crossing: Sendable, Codable, Equatable {
  /// Where the curve was measured, ascending, at least two places.
  let places: [Double]
  /// One number for each place, by replica: [replica][place].
  let replicas: [[Double]]
  let level: Double

  /// Checked: at least two places, as many numbers of every replica.
  init(places: [Double], replicas: [[Double]], level: Double) {
    precondition(
      places.count > 1 && replicas.allSatisfy { $0.count == places.count },
      "\(replicas.map(\.count)) numbers at \(places.count) places")
    self.places = places
    self.replicas = replicas
    self.level = level
  }

  private enum CodingKeys: String, CodingKey { case places, replicas, level }

  /// Reads what was encoded. Throws `DecodingError` unless there are two places and as many numbers of every replica.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    places = try container.decode([Double].self, forKey: .places)
    replicas = try container.decode([[Double]].self, forKey: .replicas)
    level = try container.decode(Double.self, forKey: .level)
    guard places.count > 1, replicas.allSatisfy({ $0.count == places.count }) else {
      throw DecodingError.dataCorruptedError(
        forKey: .replicas, in: container, debugDescription: "not one number for each place")
    }
  }

  /// Means less the level.
  private var means: [Double] {
    places.indices.map { place in Statistics.mean(replicas.map { $0[place] - level }) }
  }

  /// The stretches between neighbours in which the means cross the level: a number before and how far into it.
  private var crossed: [(left: Int, share: Double)] {
    let means = means
    return means.indices.dropLast().compactMap { left in
      let (below, above) = (means[left], means[left + 1])
      return below < 0 && above >= 0 || below >= 0 && above < 0 ? (left, below / (below - above)) : nil
    }
  }

  /// How often the means cross the level.
  var count: Int { crossed.count }

  /// How the means lie to the level, to follow what was measured: where there is not one crossing, that says why.
  var course: String {
    switch count {
    case 0: "stays \(means[0] < 0 ? "below" : "above") \(level)"
    case 1: "crosses \(level) once"
    default: "crosses \(level) \(count) times, not once,"
    }
  }

  /// Where they do so first; nil if they do not.
  var place: Double? { crossed.first.map { self.place($0.left, $0.share) } }

  private func place(_ left: Int, _ share: Double) -> Double {
    places[left] + share * (places[left + 1] - places[left])
  }

  /// The replicas' numbers at the crossing, less the level.
  var excess: [Double] {
    crossed.first.map { left, share in
      replicas.map { (1 - share) * ($0[left] - level) + share * ($0[left + 1] - level) }
    } ?? []
  }

  /// Whether the numbers at the crossing are all equal, but for their rounding.
  var lacksSpread: Bool {
    let size = replicas.joined().reduce(abs(level)) { max($0, abs($1)) }
    return !(Estimate.standardError(excess) > 0x1p-44 * size)
  }

  /// Standard error of the place where the curve is steep for its errors: theirs over the slope.
  var standardError: Double {
    guard let left = crossed.first?.left else { return .nan }
    let means = means
    return Estimate.standardError(excess) * abs((places[left + 1] - places[left]) / (means[left + 1] - means[left]))
  }

  /// The least and the greatest place that may be the crossing; infinite beyond an end of the curve that may be it.
  func ends(tail: Double) -> (low: Double, high: Double) {
    guard replicas.count > 1 else { return (-.infinity, .infinity) }
    let reach = Estimate.reach(
      Distributions.studentTQuantile(1 - tail, degreesOfFreedom: Double(replicas.count - 1)),
      skewness: Estimate.skewness(excess), count: Double(replicas.count))
    // The quadratic below knows one for both sides.
    let quantile = max(reach.down, reach.up)
    let found = places.indices.dropLast().flatMap { left in shares(left, quantile).map { place(left, $0) } }
    guard let low = found.min(), let high = found.max() else { return (-.infinity, .infinity) }
    return (low > places[0] ? low : -.infinity, high < places[places.count - 1] ? high : .infinity)
  }

  /// The ends of what lies between two neighbours, 0 and 1 among them where they belong to it: of (m_0 + w dm)^2 <=
  /// t^2 var(m_0 + w dm), which is quadratic in w.
  private func shares(_ left: Int, _ quantile: Double) -> [Double] {
    let starts = replicas.map { $0[left] - level }
    let steps = replicas.map { $0[left + 1] - $0[left] }
    let (start, step) = (Statistics.mean(starts), Statistics.mean(steps))
    let weight = quantile * quantile / Double(replicas.count) / Double(replicas.count - 1)
    func covariance(_ first: [Double], _ firstMean: Double, _ second: [Double], _ secondMean: Double) -> Double {
      weight * zip(first, second).reduce(0) { $0 + ($1.0 - firstMean) * ($1.1 - secondMean) }
    }
    let constant = start * start - covariance(starts, start, starts, start)
    let linear = 2 * (start * step - covariance(starts, start, steps, step))
    let square = step * step - covariance(steps, step, steps, step)
    // Numbers whose squares have no place among Doubles tell nothing.
    guard (constant + linear + square).isFinite else { return [0, 1] }
    func isIn(_ share: Double) -> Bool { constant + share * (linear + share * square) <= 0 }
    var roots: [Double] = []
    let discriminant = linear * linear - 4 * square * constant
    if discriminant >= 0 {
      // The form that loses no digits where one root is near 0.
      let half = -0.5 * (linear + (linear < 0 ? -1 : 1) * discriminant.squareRoot())
      roots = [half / square, constant / half].filter { $0 >= 0 && $0 <= 1 }
    }
    return roots + [0, 1].filter(isIn)
  }

  /// The same along an axis that is shifted.
  func moved(by shift: Double) -> Self { Self(places: places.map { $0 + shift }, replicas: replicas, level: level) }
}
