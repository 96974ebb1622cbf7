private import Foundation

extension Statistics {
  /// Kolmogorov and Smirnov's test of whether a sample comes from a continuous law.
  ///
  /// The statistic is the greatest distance between the sample's distribution function and `cumulative`. The p-value is
  /// the asymptotic one with Stephens' correction for finite samples (J. R. Stat. Soc. B 32, 1970), good to about 0.01 from
  /// n = 8 on, much better in the tail. Both are NaN if a value or the law is. Checked: at least one value. Order n log n.
  public static func kolmogorovSmirnov(
    _ sample: [Double], cumulative: (Double) throws -> Double
  ) rethrows -> (statistic: Double, pValue: Double) {
    precondition(!sample.isEmpty, "no sample")
    let count = Double(sample.count)
    let statistic = try sample.sorted().enumerated().map { index, value in
      let expected = try cumulative(value)
      return value.isNaN ? .nan : max(expected - Double(index) / count, Double(index + 1) / count - expected)
    }.greatest()
    return (statistic, kolmogorovTail(statistic, effectiveCount: count))
  }

  /// The same test of whether two samples come from one continuous law, with the effective count n m / (n + m).
  /// Both numbers are NaN if a value is.
  public static func kolmogorovSmirnov(_ first: [Double], _ second: [Double]) -> (statistic: Double, pValue: Double) {
    precondition(!first.isEmpty && !second.isEmpty, "samples of \(first.count) and \(second.count)")
    guard !first.contains(where: \.isNaN), !second.contains(where: \.isNaN) else { return (.nan, .nan) }
    let (first, second) = (first.sorted(), second.sorted())
    let (countFirst, countSecond) = (Double(first.count), Double(second.count))
    var (i, j) = (0, 0)
    var statistic = 0.0
    while i < first.count, j < second.count {
      // Equal values must all be passed before the distance is taken.
      let value = min(first[i], second[j])
      while i < first.count, first[i] <= value { i += 1 }
      while j < second.count, second[j] <= value { j += 1 }
      statistic = max(statistic, abs(Double(i) / countFirst - Double(j) / countSecond))
    }
    let effective = countFirst * countSecond / (countFirst + countSecond)
    return (statistic, kolmogorovTail(statistic, effectiveCount: effective))
  }

  /// Probability that the statistic of `effectiveCount` values exceeds the given one under the law tested.
  private static func kolmogorovTail(_ statistic: Double, effectiveCount: Double) -> Double {
    let root = effectiveCount.squareRoot()
    let x = (root + 0.12 + 0.11 / root) * statistic
    if x < 0.2 { return 1 }
    if x < 1.18 {
      // The complement by Jacobi's identity: 2 sum (-1)^(k-1) exp(-2 k^2 x^2) converges slowly for small x.
      let y = exp(-Double.pi * Double.pi / (8 * x * x))
      return 1 - (2 * Double.pi).squareRoot() / x * (y + pow(y, 9) + pow(y, 25) + pow(y, 49))
    }
    let y = exp(-2 * x * x)
    return 2 * (y - pow(y, 4) + pow(y, 9))
  }
}
