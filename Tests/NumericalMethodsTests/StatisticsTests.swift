import Foundation
import NumericalMethods
import TestSupport
import Testing

@Suite struct StatisticsTests {
  @Test func aLineThroughItsOwnPointsIsExact() {
    let fit = Statistics.linearFit([1, 2, 4, 8], [5, 7, 11, 19])
    expectClose([fit.slope, fit.intercept, fit.slopeStandardError], [2, 3, 0], absolute: 1e-13)
    expectClose(fit.value(at: 100), 203, absolute: 1e-11)
  }

  /// Known answer: Anscombe's first quartet (American Statistician 27, 1973).
  @Test func anscombe() {
    let x: [Double] = [10, 8, 13, 9, 11, 14, 6, 4, 12, 7, 5]
    let y = [8.04, 6.95, 7.58, 8.81, 8.33, 9.96, 7.24, 4.26, 10.84, 4.82, 5.68]
    let fit = Statistics.linearFit(x, y)
    expectClose([fit.slope, fit.intercept], [0.500_090_909_090_909, 3.000_090_909_090_909], absolute: 1e-12)
    expectClose(
      [fit.slopeStandardError, fit.interceptStandardError], [0.117_905_500_595_634, 1.124_746_790_808_644],
      absolute: 1e-12)
  }

  @Test func standardErrorsOfLinesCover() {
    let x = (0..<12).map(Double.init)
    let deviations = x.map { 0.5 + 0.2 * $0 }
    var within = [0, 0, 0, 0]
    for repetition in 0..<4000 {
      var random = RandomStream(key: 20, purpose: "lines", stream: UInt64(repetition))
      let noise = random.normals(x.count)
      let plain = Statistics.linearFit(x, x.map { 2 - 3 * $0 + noise[Int($0)] })
      let weighted = Statistics.linearFit(
        x, x.map { 2 - 3 * $0 + deviations[Int($0)] * noise[Int($0)] }, weights: deviations.map { 1 / ($0 * $0) })
      // 1.3722 is the 0.9 quantile of Student's t with 10 degrees of freedom, 1.2816 that of the normal law.
      if abs(plain.slope + 3) < 1.3722 * plain.slopeStandardError { within[0] += 1 }
      if abs(plain.intercept - 2) < 1.3722 * plain.interceptStandardError { within[1] += 1 }
      if abs(weighted.slope + 3) < 1.2816 * weighted.slopeStandardError { within[2] += 1 }
      if abs(weighted.intercept - 2) < 1.2816 * weighted.interceptStandardError { within[3] += 1 }
    }
    expectClose(within.map { Double($0) / 4000 }, [0.8, 0.8, 0.8, 0.8], absolute: 0.026)
  }

  @Test func weightedMean() {
    let (mean, error) = Statistics.weightedMean([1, 3], weights: [1, 3])
    expectClose([mean, error], [2.5, 0.5], absolute: 1e-15)
  }

  /// For the mean the jackknife is the classical standard error; of the biased variance it removes the bias exactly.
  @Test func jackknifeOfKnownStatistics() {
    let values = [3.0, 1, 4, 1, 5, 9, 2, 6]
    let mean = Statistics.jackknife(values, Statistics.mean)
    expectClose(mean.standardError, Statistics.standardError(values), relative: 1e-13)
    expectClose(mean.bias, 0, absolute: 1e-13)
    let variance = Statistics.jackknife(values) { sample in
      let centre = Statistics.mean(sample)
      return Statistics.mean(sample.map { ($0 - centre) * ($0 - centre) })
    }
    expectClose(variance.value - variance.bias, Statistics.variance(values), relative: 1e-13)
  }

  /// p-values from SciPy 1.17 `special.kolmogorov` at Stephens' argument.
  @Test func kolmogorovTailAgreesWithTheSeries() {
    for (statistic, expected) in [
      (0.02, 0.9999999999988989), (0.05, 0.9596004458626864), (0.1, 0.25622118507010405), (0.115, 0.13240416642200814),
      (0.12, 0.10404373794515669), (0.2, 0.0005433126073938166), (0.3, 1.8948486068759575e-08),
    ] {
      // A sample of n = 100 evenly spread over (0, 1), tested against a law shifted by just that statistic.
      let sample = (0..<100).map { (Double($0) + 0.5) / 100 }
      let result = Statistics.kolmogorovSmirnov(sample) { max(0, $0 - statistic + 0.005) }
      expectClose(result.statistic, statistic, absolute: 1e-12)
      expectClose(result.pValue, expected, absolute: 1e-10)
    }
  }

  /// Under the law tested p-values are uniform (a little cautiously so for two samples).
  @Test func kolmogorovSmirnovRejectsAsOftenAsItSays() {
    var rejected = [0, 0]
    var shifted = 0
    for repetition in 0..<4000 {
      var random = RandomStream(key: 21, purpose: "ks", stream: UInt64(repetition))
      let first = random.uniforms(30)
      let second = random.uniforms(40)
      if Statistics.kolmogorovSmirnov(first, cumulative: { $0 }).pValue < 0.1 { rejected[0] += 1 }
      if Statistics.kolmogorovSmirnov(first, second).pValue < 0.1 { rejected[1] += 1 }
      if Statistics.kolmogorovSmirnov(first, second.map { $0 + 0.5 }).pValue < 0.1 { shifted += 1 }
    }
    expectClose(Double(rejected[0]) / 4000, 0.1, absolute: 0.02)
    expectClose(Double(rejected[1]) / 4000, 0.1, absolute: 0.03)
    #expect(shifted > 3900)
  }

  @Test func twoSamplesWithTies() {
    let result = Statistics.kolmogorovSmirnov([1, 1, 2, 2], [1, 2, 2, 3])
    expectClose(result.statistic, 0.25, absolute: 1e-15)
    #expect(Statistics.kolmogorovSmirnov([1, 2], [1, 2]).statistic == 0)
  }

  @Test func quantilesInterpolate() {
    expectClose(Statistics.quantile([4, 1, 3, 2], 0.25), 1.75, absolute: 1e-15)
    #expect(Statistics.median([5, 1, 3]) == 3)
    #expect(Statistics.mean([]).isNaN && Statistics.variance([1]).isNaN)
  }

  @Test func extremesAndDistancesNoticeWhatIsNotANumber() {
    for place in 0..<3 {
      var values = [3.0, -1, 2]
      values[place] = .nan
      #expect(values.greatest().isNaN && values.least().isNaN, "NaN at \(place)")
      let first = Statistics.kolmogorovSmirnov(values) { $0 }
      #expect(first.statistic.isNaN && first.pValue.isNaN)
      for pair in [(values, [1.0, 2]), ([1.0, 2], values)] {
        let result = Statistics.kolmogorovSmirnov(pair.0, pair.1)
        #expect(result.statistic.isNaN && result.pValue.isNaN)
      }
    }
    #expect(Statistics.kolmogorovSmirnov([0.2, 0.4]) { _ in .nan }.statistic.isNaN)
    #expect([3.0, -1, 2].greatest() == 3 && [3.0, -1, 2].least() == -1)
    #expect([Double]().greatest().isNaN && [-Double.infinity].greatest() == -.infinity)
  }
}
