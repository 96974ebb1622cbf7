public import NumericalMethods

/// A measured number with the evidence behind it, from which confidence intervals at any level follow.
///
/// The unit of evidence is the replica, never the time step.
public struct Estimate: Sendable, Codable {
  /// On which scale a mean is taken; losses, which spread over decades, on `logarithmic`.
  public enum Scale: String, Sendable, Codable {
    case linear, logarithmic
  }

  /// The kinds of evidence, one interval method each.
  public indirect enum Evidence: Sendable, Codable {
    /// A calculation without chance; its interval is the numerical error.
    case exact(Double, numericalError: Double)
    /// A law without chance, found in replicas that have it: the greatest deviation; its interval is the numerical error.
    case identity(worst: Double, replicaCount: Int, numericalError: Double)
    /// One value per replica; Student t interval for the mean on the scale, transformed back.
    case mean([Double], scale: Scale)
    /// One value per replica; order-statistic interval for the median, free of assumptions on the law.
    case median([Double])
    /// Independent trials; Clopper–Pearson interval.
    case proportion(successes: Int, trials: Int)
    /// A fitted number with its standard error, from a jackknife over replicas or from the information matrix.
    case fit(value: Double, standardError: Double, degreesOfFreedom: Double)
    /// Where the means of a curve, joined by straight lines, cross a level; the interval has all places at which the mean
    /// may be the level (Fieller).
    case crossing(Crossing)
    /// The greatest of several numbers; simultaneous (Bonferroni) intervals.
    case greatest([Estimate])
    /// Distance of a number from a given one.
    case distance(Estimate, from: Double)
  }

  /// The evidence.
  public let evidence: Evidence
  /// Bound on the numerical error of whatever theory entered, in the unit of `value`.
  public let numericalError: Double
  /// Of a proportion or a median: replicas of which nobody knows how they would have come out. The interval allows for all
  /// ways.
  public let undetermined: Int
  /// Of a fit by the jackknife: the skewness of the replicas' pseudovalues; 0 for other evidence.
  let fitSkewness: Double

  /// An estimate from its evidence. Not public: an exact number needs a ``Calculation`` to show.
  init(_ evidence: Evidence, numericalError: Double = 0, undetermined: Int = 0, fitSkewness: Double = 0) {
    self.evidence = evidence
    self.numericalError = numericalError
    self.undetermined = undetermined
    self.fitSkewness = fitSkewness
  }

  private enum CodingKeys: String, CodingKey { case evidence, numericalError, undetermined, fitSkewness }

  /// Reads what ``encode(to:)`` wrote. Throws `DecodingError`.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    self.init(
      try container.decode(Evidence.self, forKey: .evidence),
      numericalError: try container.decode(Double.self, forKey: .numericalError),
      undetermined: try container.decodeIfPresent(Int.self, forKey: .undetermined) ?? 0,
      fitSkewness: try container.decodeIfPresent(Double.self, forKey: .fitSkewness) ?? 0)
  }

  /// Writes the evidence; `undetermined` only where there are such trials, the skewness of a fit only where its interval
  /// allows for it. Throws `EncodingError`.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(evidence, forKey: .evidence)
    try container.encode(numericalError, forKey: .numericalError)
    if undetermined > 0 { try container.encode(undetermined, forKey: .undetermined) }
    if case .fit(_, _, let degreesOfFreedom) = evidence,
      abs(fitSkewness) > Self.chanceSkewness(count: degreesOfFreedom + 1)
    {
      try container.encode(fitSkewness, forKey: .fitSkewness)
    }
  }

  /// The mean over replicas, one value each.
  public static func mean(_ values: [Double], scale: Scale = .linear) -> Estimate {
    Estimate(.mean(values, scale: scale))
  }
  /// The median over replicas, one value each.
  public static func median(_ values: [Double]) -> Estimate { Estimate(.median(values)) }
  /// The median over replicas, one value each; those that are not finite numbers are undetermined: the interval allows for
  /// any value of theirs. Throws ``EvidenceError`` if they are more than a verdict tolerates as failed
  /// (``Judgement/tolerates(failed:of:)``).
  public static func median(determined values: [Double]) throws -> Estimate {
    let found = values.filter(\.isFinite)
    let undetermined = values.count - found.count
    guard Judgement.tolerates(failed: undetermined, of: values.count) else {
      throw EvidenceError("\(undetermined) of \(values.count) replicas have no value, too many for a median")
    }
    return Estimate(.median(found), undetermined: undetermined)
  }
  /// A share of independent trials, beside which some failed.
  public static func proportion(successes: Int, trials: Int, undetermined: Int = 0) -> Estimate {
    Estimate(.proportion(successes: successes, trials: trials), undetermined: undetermined)
  }
  /// A fitted number; degrees of freedom of 0 or below say nothing on its error.
  public static func fit(value: Double, standardError: Double, degreesOfFreedom: Double = .infinity) -> Estimate {
    Estimate(.fit(value: value, standardError: standardError, degreesOfFreedom: degreesOfFreedom))
  }
  /// Where a curve crosses a level.
  static func crossing(_ crossing: Crossing) -> Estimate { Estimate(.crossing(crossing)) }
  /// The greatest of several estimates.
  public static func greatest(_ estimates: [Estimate]) -> Estimate {
    Estimate(.greatest(estimates), numericalError: estimates.isEmpty ? 0 : estimates.map(\.numericalError).greatest())
  }
  /// The distance of this number from a given one.
  public func distance(from centre: Double) -> Estimate {
    Estimate(.distance(self, from: centre), numericalError: numericalError)
  }

  /// The kind of evidence in a word, as reports show it.
  public var kind: String {
    switch evidence {
    case .exact: "exact"
    case .identity: "identity"
    case .mean(_, .linear): "mean"
    case .mean(_, .logarithmic): "geometric mean"
    case .median: "median"
    case .proportion: "proportion"
    case .fit: "fit"
    case .crossing: "crossing"
    case .greatest: "greatest"
    case .distance(let estimate, _): estimate.kind
    }
  }

  /// The number itself; NaN without evidence.
  public var value: Double {
    switch evidence {
    case .exact(let value, _), .identity(let value, _, _): value
    case .mean(let values, .linear): Statistics.mean(values)
    case .mean(let values, .logarithmic): Double.exponential(Statistics.mean(values.map(Double.logarithm)))
    case .median(let values): values.contains(where: \.isNaN) ? .nan : Statistics.median(values)
    case .proportion(let successes, let trials): Double(successes) / Double(trials)
    case .fit(let value, _, _): value
    case .crossing(let crossing): crossing.place ?? .nan
    case .greatest(let estimates): estimates.map(\.value).greatest()
    case .distance(let estimate, let centre): abs(estimate.value - centre)
    }
  }

  /// Standard error of the number, on its own unit (for a logarithmic mean: value times the error of the logarithm; for a
  /// median: a third of the half-width of its interval at the level of three standard errors).
  public var standardError: Double {
    switch evidence {
    case .exact, .identity: 0
    case .mean(let values, .linear): Self.standardError(values)
    case .mean(let values, .logarithmic): value * Self.standardError(values.map(Double.logarithm))
    case .median: interval(tail: 0.00135).halfWidth / 3
    case .proportion(let successes, let trials):
      (Double(successes) * Double(trials - successes) / Double(trials)).squareRoot() / Double(trials)
    case .fit(_, let standardError, _): standardError
    case .crossing(let crossing): crossing.standardError
    case .greatest(let estimates): estimates.max { $0.value < $1.value }?.standardError ?? .nan
    case .distance(let estimate, _): estimate.standardError
    }
  }

  /// Number of replicas behind the number (the fewest behind any part that has some); 0 for a calculation without chance.
  public var replicaCount: Int {
    switch evidence {
    case .exact: 0
    case .identity(_, let count, _): count
    case .mean(let values, _), .median(let values): values.count
    case .proportion(_, let trials): trials
    case .fit(_, _, let degreesOfFreedom):
      // Beyond it a Double has no room for every whole number.
      (0...0x1p53).contains(degreesOfFreedom) ? Int(degreesOfFreedom) + 1 : 0
    case .crossing(let crossing): crossing.replicas.count
    case .greatest(let estimates): estimates.map(\.replicaCount).filter { $0 > 0 }.min() ?? 0
    case .distance(let estimate, _): estimate.replicaCount
    }
  }

  // MARK: Skewness

  /// How skewed n numbers may be for their mean to have an interval: the greater of 1 and sqrt(n) / 8. What skewness g does to
  /// the law of a mean falls as g / sqrt(n).
  static func skewnessBound(count: Int) -> Double { max(1, Double(count).squareRoot() / 8) }

  /// The skewness that n numbers of a normal law show by chance: its standard error sqrt(6 / n), and no more than 1.
  static func chanceSkewness(count: Double) -> Double { min(1, (6 / count).squareRoot()) }

  /// How many standard errors an interval of Student's t reaches to either side of the mean of n numbers.
  ///
  /// Where these have a long tail upwards, with skewness g > 0, t leaves out too much above: to first order in 1 / sqrt(n) its
  /// quantile q must be q + g (1 + 2 q^2) / (6 sqrt(n)) there, and likewise below for g < 0. The other side, where as much could
  /// be taken off, keeps q, and so do both where g is no more than chance makes it: intervals of few normal numbers would grow
  /// by a third. Source: N. J. Johnson, J. Am. Stat. Assoc. 73, 536 (1978).
  static func reach(_ quantile: Double, skewness: Double, count: Double) -> (down: Double, up: Double) {
    guard count.isFinite, abs(skewness) > chanceSkewness(count: count) else { return (quantile, quantile) }
    let longer = quantile + abs(skewness) * (1 + 2 * quantile * quantile) / (6 * count.squareRoot())
    return skewness > 0 ? (quantile, longer) : (longer, quantile)
  }

  /// A mean behind this estimate that is too skewed for an interval, the most so of several: its skewness, and the bound.
  var excessSkewness: (skewness: Double, bound: Double)? {
    switch evidence {
    case .mean(let values, _):
      guard let skewness, abs(skewness) > Self.skewnessBound(count: values.count) else { return nil }
      return (skewness, Self.skewnessBound(count: values.count))
    case .greatest(let estimates):
      return estimates.compactMap(\.excessSkewness).max { abs($0.skewness / $0.bound) < abs($1.skewness / $1.bound) }
    case .distance(let estimate, _): return estimate.excessSkewness
    case .exact, .identity, .median, .proportion, .fit, .crossing: return nil
    }
  }

  /// Whether a mean behind this estimate is too skewed for an interval.
  package var isTooSkewed: Bool { excessSkewness != nil }

  /// Skewness of the replicas on the scale of the mean; nil for other evidence.
  public var skewness: Double? {
    switch evidence {
    case .mean(let values, .linear): Self.skewness(values)
    case .mean(let values, .logarithmic): Self.skewness(values.map(Double.logarithm))
    case .greatest(let estimates): estimates.compactMap(\.skewness).max { abs($0) < abs($1) }
    case .distance(let estimate, _): estimate.skewness
    case .exact, .identity, .median, .proportion, .fit, .crossing: nil
    }
  }

  /// What helps where the replicas of a mean are too skewed: no monotone map makes two values less so, and what is not
  /// positive has no logarithm.
  var adviceOnSkewness: String {
    switch evidence {
    case .mean(let values, let scale):
      if Set(values).count == 2 {
        return "they have two values alone, of which the mean is a share on another scale: return 1 and 0 for them and"
          + " use `proportion`"
      }
      return "return an output that is less skewed, or claim the median, which is of one output at one point"
        + (scale == .linear && values.allSatisfy { $0 > 0 }
          ? ", or a logarithmic scale where the estimate has one" : "") + replicasAgainstSkewness
    case .greatest(let estimates): return estimates.max(by: Self.isLessSkewed)?.adviceOnSkewness ?? ""
    case .distance(let estimate, _): return estimate.adviceOnSkewness
    case .exact, .identity, .median, .proportion, .fit, .crossing: return ""
    }
  }

  /// ", or take more replicas, about 400": how many bear the skewness of these; nothing where they are more than anybody has.
  private var replicasAgainstSkewness: String {
    let count = (64 * (skewness ?? 0) * (skewness ?? 0)).rounded(.up)
    return count <= 1e9 ? ", or take more replicas, about \(Int(count)) if they are as skewed" : ""
  }

  private static func isLessSkewed(_ one: Estimate, than other: Estimate) -> Bool {
    abs(one.skewness ?? 0) < abs(other.skewness ?? 0)
  }

  /// Whether replicas behind a mean, a fit or a crossing, of several numbers behind any, are all equal: they may be so by
  /// chance, as where all of few trials succeed, and tell nothing of how far the others lie.
  public var lacksSpread: Bool {
    switch evidence {
    case .mean(let values, .linear): values.count > 1 && Self.isRounding(Self.standardError(values), of: value)
    case .mean(let values, .logarithmic):
      values.count > 1 && Self.isRounding(standardError, of: value)
    case .fit(let value, let standardError, let degreesOfFreedom):
      degreesOfFreedom > 0 && Self.isRounding(standardError, of: value)
    case .crossing(let crossing): crossing.lacksSpread
    case .greatest(let estimates): estimates.contains(where: \.lacksSpread)
    case .distance(let estimate, _): estimate.lacksSpread
    case .exact, .identity, .median, .proportion: false
    }
  }

  /// Functions of equal numbers differ in their last digits.
  private static func isRounding(_ standardError: Double, of value: Double) -> Bool {
    standardError <= 0x1p-44 * abs(value)
  }

  /// Standard error of a mean, also of numbers whose squares are too small or too large for a Double; 0 where all are
  /// equal, which the rounded mean may differ from.
  static func standardError(_ values: [Double]) -> Double {
    if values.count > 1, values.allSatisfy({ $0 == values[0] }) { return 0 }
    let scale = scale(values)
    return scale * Statistics.standardError(values.map { $0 / scale })
  }

  /// Skewness, the same for all powers of two that numbers are multiplied with.
  static func skewness(_ values: [Double]) -> Double {
    let scale = scale(values)
    return Statistics.skewness(values.map { $0 / scale })
  }

  /// The power of two of the greatest number; dividing by it is exact.
  private static func scale(_ values: [Double]) -> Double {
    let greatest = values.reduce(0) { max($0, abs($1)) }
    return greatest > 0 && greatest.isFinite ? greatest.binade : 1
  }

  /// The interval outside of which the truth lies with probability at most `tail` on either side. Infinite where the
  /// replicas are too few for a statement at this level or all equal (``lacksSpread``), or for evidence that is not a
  /// number.
  public func interval(tail: Double) -> Interval {
    let (low, high) = ends(tail: tail)
    return low <= high ? Interval(low, high) : .everything
  }

  private func ends(tail: Double) -> (low: Double, high: Double) {
    switch evidence {
    case .exact(let value, let error), .identity(let value, _, let error): return (value - error, value + error)
    case .mean(let values, let scale):
      guard values.count > 1, !lacksSpread else { return (-.infinity, .infinity) }
      let scaled = scale == .linear ? values : values.map(Double.logarithm)
      let quantile = Distributions.studentTQuantile(1 - tail, degreesOfFreedom: Double(values.count - 1))
      let reach = Self.reach(quantile, skewness: Self.skewness(scaled), count: Double(values.count))
      let (centre, error) = (Statistics.mean(scaled), Self.standardError(scaled))
      let (low, high) = (centre - reach.down * error, centre + reach.up * error)
      return scale == .linear ? (low, high) : (Double.exponential(low), Double.exponential(high))
    case .median(let values):
      let sorted = values.sorted()
      guard let rank = Statistics.medianRank(count: values.count + undetermined, tail: tail) else {
        return (-.infinity, .infinity)
      }
      // What is not determined may lie below all that is, or above.
      let (low, high) = (rank - 1 - undetermined, values.count + undetermined - rank)
      return (low < 0 ? -.infinity : sorted[low], high < values.count ? sorted[high] : .infinity)
    case .proportion(let successes, let trials):
      // What failed may have been nothing but failures, or nothing but successes.
      func interval(_ more: Int) -> Interval {
        Statistics.clopperPearson(successes: successes + more, trials: trials + undetermined, tail: tail)
      }
      return (interval(0).low, interval(undetermined).high)
    case .fit(let value, let standardError, let degreesOfFreedom):
      guard degreesOfFreedom > 0, !lacksSpread else { return (-.infinity, .infinity) }
      let quantile =
        degreesOfFreedom.isFinite
        ? Distributions.studentTQuantile(1 - tail, degreesOfFreedom: degreesOfFreedom)
        : Distributions.normalQuantile(1 - tail)
      let reach = Self.reach(quantile, skewness: fitSkewness, count: degreesOfFreedom + 1)
      return (value - reach.down * standardError, value + reach.up * standardError)
    case .crossing(let crossing): return lacksSpread ? (-.infinity, .infinity) : crossing.ends(tail: tail)
    case .greatest(let estimates):
      let intervals = estimates.map { $0.interval(tail: tail / Double(estimates.count)) }
      return (intervals.map(\.low).greatest(), intervals.map(\.high).greatest())
    case .distance(let estimate, let centre):
      let interval = estimate.interval(tail: tail)
      let below = centre - interval.low
      let above = interval.high - centre
      return (max(0, -min(below, above)), max(abs(below), abs(above)))
    }
  }
}
