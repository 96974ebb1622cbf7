import Foundation
import NumericalMethods
import TestSupport
import Testing

/// Quantiles and exact intervals from SciPy, the part of data/reference/verdicts.json that this module answers for.
private struct Reference: Decodable {
  struct StudentT: Decodable {
    let p: Double
    let df: Double
    let value: Double
  }
  struct Normal: Decodable {
    let p: Double
    let value: Double
  }
  struct ClopperPearson: Decodable {
    let k: Int
    let n: Int
    let alpha: Double
    let interval: [Double]
  }
  struct MedianIndex: Decodable {
    let n: Int
    let alpha: Double
    let k: Int
  }

  let tQuantile: [StudentT]
  let normalQuantile: [Normal]
  let clopperPearsonTwoSided: [ClopperPearson]
  let medianOrderIndex: [MedianIndex]

  init() throws {
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    self = try decoder.decode(Reference.self, from: referenceData("verdicts"))
  }
}

@Suite struct DistributionsTests {
  @Test func quantilesAgreeWithTheReference() throws {
    let reference = try Reference()
    #expect(reference.tQuantile.count == 40 && reference.normalQuantile.count == 6)
    for entry in reference.tQuantile {
      expectClose(
        Distributions.studentTQuantile(entry.p, degreesOfFreedom: entry.df), entry.value, relative: 1e-10,
        "t, \(entry.df) degrees of freedom, p = \(entry.p)")
    }
    for entry in reference.normalQuantile {
      expectClose(Distributions.normalQuantile(entry.p), entry.value, absolute: 1e-10, "normal, p = \(entry.p)")
    }
  }

  @Test func exactIntervalsAgreeWithTheReference() throws {
    let reference = try Reference()
    #expect(reference.clopperPearsonTwoSided.count == 10 && reference.medianOrderIndex.count == 12)
    for entry in reference.clopperPearsonTwoSided {
      let interval = Statistics.clopperPearson(successes: entry.k, trials: entry.n, tail: entry.alpha / 2)
      expectClose([interval.low, interval.high], entry.interval, absolute: 1e-10, "\(entry.k) of \(entry.n)")
    }
    for entry in reference.medianOrderIndex {
      let rank = Statistics.medianRank(count: entry.n, tail: entry.alpha / 2)
      #expect((rank ?? 0) == entry.k, "median of \(entry.n) at \(entry.alpha)")
    }
  }

  @Test func quantilesInvertDistributionFunctions() {
    for p in [1e-6, 0.1, 0.5, 0.99] {
      expectClose(Distributions.normalCumulative(Distributions.normalQuantile(p)), p, relative: 1e-12)
      let x = Distributions.betaQuantile(p, a: 2.5, b: 7)
      expectClose(Distributions.betaCumulative(x, a: 2.5, b: 7), p, relative: 1e-10)
    }
    expectClose(Distributions.normalCumulative(1), erfc(-0.5.squareRoot()) / 2, absolute: 1e-15)
    // The binomial law by its definition, and through the beta law.
    expectClose(
      Distributions.binomialCumulative(successes: 2, trials: 5, probability: 0.3), 0.83692, absolute: 1e-12)
    expectClose(Distributions.betaCumulative(0.7, a: 3, b: 3), 0.83692, absolute: 1e-12)
    expectClose(Distributions.gammaCumulative(2, shape: 1, scale: 4), 1 - exp(-0.5), absolute: 1e-14)
  }

  /// An exact interval of tail 0.05 leaves out the truth below and above in at most 5 % of experiments each.
  @Test(arguments: [0.01, 0.3, 0.5]) func clopperPearsonCovers(probability: Double) {
    let trials = 30
    var (missedLow, missedHigh) = (0.0, 0.0)
    for successes in 0...trials {
      let cumulative = Distributions.binomialCumulative(successes: successes, trials: trials, probability: probability)
      let before =
        successes == 0
        ? 0 : Distributions.binomialCumulative(successes: successes - 1, trials: trials, probability: probability)
      let interval = Statistics.clopperPearson(successes: successes, trials: trials, tail: 0.05)
      if interval.low > probability { missedLow += cumulative - before }
      if interval.high < probability { missedHigh += cumulative - before }
    }
    #expect(missedLow <= 0.05 && missedHigh <= 0.05)
  }
}
