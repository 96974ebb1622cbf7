public import NumericalMethods

/// What honest numerics say about a claim.
public enum Verdict: String, Sendable, CaseIterable {
  /// The confirming interval lies inside the accepted interval: evidence for the claim.
  case confirmed
  /// The wider refuting interval misses the accepted interval: evidence against.
  case refuted
  /// Neither.
  case inconclusive
}

/// A verdict with the numbers it rests on.
public struct Judgement: Sendable {
  /// The verdict.
  public let verdict: Verdict
  /// Why it is inconclusive; empty otherwise.
  public let reason: String
  /// The interval that must lie inside the accepted one to confirm, family-wise error 10^-2.
  public let confirming: Interval
  /// The interval that must miss the accepted one to refute, family-wise error 10^-3.
  public let refuting: Interval
  /// Distance of the estimate from the nearest accepted bound in standard errors; negative outside.
  public let margin: Double
  /// Whether the end of the deciding interval is closer to the bound than a tenth of its half-width, so that another
  /// machine's rounding could tip the verdict.
  public let isFragile: Bool

  /// Family-wise error of all confirmations together.
  public static let confirmationLevel = 1e-2
  /// Family-wise error of all refutations together.
  public static let refutationLevel = 1e-3

  /// Whether so many failed replicas leave a verdict possible: at most 5 % of those asked for.
  public static func tolerates(failed: Int, of planned: Int) -> Bool { failed * 20 <= planned }

  /// Judges an estimate among `familySize` claims (Bonferroni).
  ///
  /// confirmed iff C is inside `accepted`, where C leaves out 10^-2 / familySize on either side (two one-sided tests: a
  /// missing effect cannot pass by noise); refuted iff R misses `accepted`, where R leaves out 10^-3 / (2 familySize) on
  /// either side. More than 5 % failed replicas, a numerical error above 10 % of the margin, or n replicas that are too
  /// skewed for their mean to have an interval (|skewness| above the greater of 1 and sqrt(n) / 8) or all equal
  /// (``Estimate/lacksSpread``) make it inconclusive.
  public init(
    of estimate: Estimate, accepted: Interval, familySize: Int, failedReplicas: Int = 0, plannedReplicas: Int = 0
  ) {
    precondition(familySize > 0, "a family of \(familySize) claims")
    let value = estimate.value
    let nearest = min(value - accepted.low, accepted.high - value)
    guard value.isFinite else {
      self.init(
        verdict: .inconclusive, reason: "the estimate is not a number", confirming: .everything, refuting: .everything,
        margin: .nan, isFragile: false)
      return
    }
    let confirming = estimate.interval(tail: Self.confirmationLevel / Double(familySize))
    let refuting = estimate.interval(tail: Self.refutationLevel / Double(2 * familySize))
    let margin = nearest / max(estimate.standardError, estimate.numericalError)

    var verdict = Verdict.inconclusive
    var reason = ""
    if !Self.tolerates(failed: failedReplicas, of: plannedReplicas) {
      reason = "\(failedReplicas) of \(plannedReplicas) replicas failed"
    } else if estimate.numericalError.isNaN {
      reason = "its numerical error is not a number"
    } else if estimate.numericalError > 0.1 * abs(nearest), abs(nearest) > 0 {
      reason = "numerical error \(short(estimate.numericalError)) exceeds a tenth of the margin \(short(abs(nearest)))"
    } else if let (skewness, bound) = estimate.excessSkewness {
      reason =
        "replicas are too skewed for their mean to have an interval (|skewness| = \(short(abs(skewness))) > \(short(bound)), "
        + "the greater of 1 and an eighth of the root of their number); \(estimate.adviceOnSkewness)"
    } else if accepted.contains(confirming) {
      verdict = .confirmed
    } else if !refuting.intersects(accepted) {
      verdict = .refuted
    } else {
      reason = Self.shortfall(estimate, accepted: accepted, familySize: familySize, nearest > 0 ? confirming : refuting)
    }
    let reachable = estimate.reachablePart(of: accepted)
    let room =
      switch verdict {
      case .confirmed: min(confirming.low - reachable.low, reachable.high - confirming.high)
      case .refuted: max(refuting.low - accepted.high, accepted.low - refuting.high)
      case .inconclusive: Double.infinity
      }
    let halfWidth = (verdict == .refuted ? refuting : confirming).halfWidth
    self.init(
      verdict: verdict, reason: reason, confirming: confirming, refuting: refuting, margin: margin,
      isFragile: room < 0.1 * halfWidth)
  }

  private init(
    verdict: Verdict, reason: String, confirming: Interval, refuting: Interval, margin: Double, isFragile: Bool
  ) {
    self.verdict = verdict
    self.reason = reason
    self.confirming = confirming
    self.refuting = refuting
    self.margin = margin
    self.isFragile = isFragile
  }

  /// By how much the evidence must grow so that this verdict would come out again in all but one of a thousand
  /// repetitions, were the truth what was measured: intervals and standard errors shrink as the root of the number of
  /// replicas, on the scale of the mean.
  ///
  /// At most 1 where there are replicas enough; infinite where the number sits at the bound or has no interval; nil for a
  /// calculation or a law without chance and for an estimate that is not a number.
  public static func neededGrowth(of estimate: Estimate, accepted: Interval, familySize: Int) -> Double? {
    guard estimate.value.isFinite else { return nil }
    switch estimate.evidence {
    case .exact, .identity: return nil
    case .median(let values): return neededGrowth(ofMedian: values, accepted: accepted, familySize: familySize)
    case .proportion(let successes, let trials)
    where (successes == 0 || successes == trials) && accepted.contains(estimate.value):
      // That all of n come out alike has the chance tail where their share is tail^(1/n), the end of the interval.
      let share = successes == 0 ? 1 - accepted.high : accepted.low
      let tail = confirmationLevel / Double(familySize)
      return share > 0 ? Double.logarithm(tail) / Double.logarithm(share) / Double(trials) : 0
    default: break
    }
    var scale: (Double) -> Double = { $0 }
    var standardError = estimate.standardError
    if case .mean(_, .logarithmic) = estimate.evidence {
      scale = { $0 > 0 ? Double.logarithm($0) : -.infinity }
      standardError /= estimate.value
    }
    let value = scale(estimate.value)
    let chance = Distributions.normalQuantile(0.999) * standardError
    func growth(from end: Double, to bound: Double) -> Double {
      let ratio = (abs(scale(end) - value) + chance) / abs(scale(bound) - value)
      return bound.isFinite ? ratio * ratio : 0
    }
    if accepted.contains(estimate.value) {
      let interval = estimate.interval(tail: confirmationLevel / Double(familySize))
      let reachable = estimate.reachablePart(of: accepted)
      return max(growth(from: interval.low, to: reachable.low), growth(from: interval.high, to: reachable.high))
    }
    let interval = estimate.interval(tail: refutationLevel / Double(2 * familySize))
    return estimate.value > accepted.high
      ? growth(from: interval.low, to: accepted.high) : growth(from: interval.high, to: accepted.low)
  }

  /// The same for a median, whose interval ends at values that were seen: a repetition draws from them, and its end is
  /// past a bound when too many draws are. The interval is of rank z sqrt(n)/2 about n/2, as the draws past the bound vary.
  private static func neededGrowth(ofMedian values: [Double], accepted: Interval, familySize: Int) -> Double? {
    let isInside = accepted.contains(Statistics.median(values))
    let tail = isInside ? confirmationLevel / Double(familySize) : refutationLevel / Double(2 * familySize)
    let reach = (Distributions.normalQuantile(1 - tail) + Distributions.normalQuantile(0.999)) / 2
    // 2^-n is the chance that all of n values lie on one side of the median.
    let fewest = -Double.logarithm(tail) / Double.logarithm(2)
    func count(_ pastBound: (Double) -> Bool) -> Double {
      let share = Double(values.filter(pastBound).count) / Double(values.count)
      let excess = 0.5 - share
      return share == 0 ? fewest : excess > 0 ? max(fewest, reach * reach / (excess * excess)) : .infinity
    }
    let needed =
      isInside
      ? max(count { $0 < accepted.low }, count { $0 > accepted.high })
      : Statistics.median(values) > accepted.high ? count { $0 <= accepted.high } : count { $0 >= accepted.low }
    return needed / Double(values.count)
  }

  /// Why the interval that was to decide is neither inside nor outside, and how many replicas would do.
  private static func shortfall(
    _ estimate: Estimate, accepted: Interval, familySize: Int, _ deciding: Interval
  ) -> String {
    if estimate.lacksSpread {
      return
        "replicas are all equal, which tells nothing of the error of a mean; claim a median or a proportion of one "
        + "output at one point"
    }
    let count = estimate.replicaCount
    let tooFew = count > 0 ? "too few replicas (\(count))" : "too few replicas"
    guard deciding.halfWidth.isFinite else { return tooFew }
    let growth = neededGrowth(of: estimate, accepted: accepted, familySize: familySize) ?? .infinity
    guard let needed = estimate.replicas(growth: growth) else { return "at the bound" }
    return "\(tooFew); about \(needed) would do"
  }
}

extension Estimate {
  /// What `growth` times its replicas are: "1200", or "3.1 times as many" where it has no one number of them; nil where
  /// nobody can run so many, as where the number sits at the bound.
  package func replicas(growth: Double) -> String? {
    let needed = growth * Double(max(1, replicaCount))
    guard needed <= 1e9 else { return nil }
    return replicaCount > 0 ? "\(Int(needed.rounded(.up)))" : "\(short(growth)) times as many"
  }
}

/// A number for people, with about three digits.
func short(_ value: Double) -> String {
  guard value.isFinite else { return "\(value)" }
  let digits = 3 - Int(Double.logarithm(max(abs(value), .leastNormalMagnitude)) / Double.logarithm(10))
  guard (0...9).contains(digits) else { return "\(value)" }
  var scale = 1.0
  for _ in 0..<digits { scale *= 10 }
  return "\((value * scale).rounded() / scale)"
}
