private import Foundation

/// Sample statistics and exact confidence intervals.
public enum Statistics {
  /// Arithmetic mean; NaN for no values.
  public static func mean(_ values: [Double]) -> Double {
    values.isEmpty ? .nan : values.reduce(0, +) / Double(values.count)
  }

  /// Unbiased sample variance (divisor n - 1); NaN for fewer than two values.
  public static func variance(_ values: [Double]) -> Double {
    guard values.count > 1 else { return .nan }
    let centre = mean(values)
    return values.reduce(0) { $0 + ($1 - centre) * ($1 - centre) } / Double(values.count - 1)
  }

  /// Standard error of the mean, sqrt(variance / n).
  public static func standardError(_ values: [Double]) -> Double {
    (variance(values) / Double(values.count)).squareRoot()
  }

  /// The mean of values that count by 1 / variance, and its standard error 1 / sqrt(sum of the weights).
  ///
  /// Checked: equal counts, at least one value, weights > 0.
  public static func weightedMean(_ values: [Double], weights: [Double]) -> (mean: Double, standardError: Double) {
    precondition(
      values.count == weights.count && !values.isEmpty && weights.allSatisfy { $0 > 0 },
      "mean of \(values.count) values with \(weights.count) weights")
    let total = weights.reduce(0, +)
    return (zip(values, weights).reduce(0) { $0 + $1.0 * $1.1 } / total, (1 / total).squareRoot())
  }

  /// The delete-one jackknife of any statistic of independent replicas.
  ///
  /// `value` is the statistic of all replicas, `bias` its estimated bias (n - 1) (mean of the n leave-one-out values -
  /// value), `standardError` sqrt((n - 1) / n sum of their squared deviations). Source: Efron and Tibshirani, *An
  /// Introduction to the Bootstrap*, 1993, chapter 11; not for medians, whose jackknife is inconsistent. Checked: at least
  /// two replicas. The statistic is evaluated n + 1 times.
  public static func jackknife<Replica>(
    _ replicas: [Replica], _ statistic: ([Replica]) throws -> Double
  ) rethrows -> (value: Double, bias: Double, standardError: Double) {
    precondition(replicas.count > 1, "jackknife of \(replicas.count) replicas")
    let value = try statistic(replicas)
    let partial = try replicas.indices.map { index in
      var others = replicas
      others.remove(at: index)
      return try statistic(others)
    }
    let factor = Double(replicas.count - 1)
    let centre = mean(partial)
    let spread = partial.reduce(0) { $0 + ($1 - centre) * ($1 - centre) }
    return (value, factor * (centre - value), (factor / Double(replicas.count) * spread).squareRoot())
  }

  /// Sample skewness m3 / m2^(3/2) with moments about the mean, divisor n; 0 when all values are equal.
  public static func skewness(_ values: [Double]) -> Double {
    let centre = mean(values)
    let second = mean(values.map { ($0 - centre) * ($0 - centre) })
    let third = mean(values.map { ($0 - centre) * ($0 - centre) * ($0 - centre) })
    return second == 0 ? 0 : third / pow(second, 1.5)
  }

  /// Median (mean of the two middle values for an even count); NaN for no values.
  public static func median(_ values: [Double]) -> Double { quantile(values, 0.5) }

  /// Quantile by linear interpolation between order statistics, at position (n - 1) * probability; NaN for no values.
  public static func quantile(_ values: [Double], _ probability: Double) -> Double {
    precondition((0...1).contains(probability), "quantile at \(probability)")
    guard !values.isEmpty else { return .nan }
    let sorted = values.sorted()
    let position = probability * Double(values.count - 1)
    let index = min(Int(position), values.count - 1)
    let next = min(index + 1, values.count - 1)
    return sorted[index] + (position - Double(index)) * (sorted[next] - sorted[index])
  }

  /// Clopper–Pearson interval of a probability: each side is exceeded with probability at most `tail`.
  public static func clopperPearson(successes: Int, trials: Int, tail: Double) -> Interval {
    precondition((0...trials).contains(successes), "\(successes) successes in \(trials) trials")
    let k = Double(successes)
    let n = Double(trials)
    return Interval(
      successes == 0 ? 0 : Distributions.betaQuantile(tail, a: k, b: n - k + 1),
      successes == trials ? 1 : Distributions.betaQuantile(1 - tail, a: k + 1, b: n - k))
  }

  /// The rank r (from 1) such that the r-th smallest and r-th largest of `count` values enclose the median of any
  /// continuous law but for probability at most `tail` on either side; nil when there are too few values.
  public static func medianRank(count: Int, tail: Double) -> Int? {
    var rank = 0
    while rank < count, Distributions.binomialCumulative(successes: rank, trials: count, probability: 0.5) <= tail {
      rank += 1
    }
    return rank == 0 ? nil : rank
  }
}

extension Double {
  /// Natural logarithm, for modules that do not import a platform library.
  public static func logarithm(_ value: Double) -> Double { log(value) }
  /// Exponential function, for modules that do not import a platform library.
  public static func exponential(_ value: Double) -> Double { exp(value) }
}
