import Foundation
import NumericalMethods
import PaperKit
import TestSupport
import Testing

/// A worked verdict of data/reference/verdicts.json.
private struct VerdictCase: Decodable, Sendable, CustomTestStringConvertible {
  let name: String
  let seeds: [Double]
  let accept: [Double?]
  let claims_in_family: Int
  let verdict: String
  let C: [Double]
  let R: [Double]
  var testDescription: String { name }

  var accepted: Interval { Interval(accept[0] ?? -.infinity, accept[1] ?? .infinity) }
}

private func verdictCases() throws -> [VerdictCase] {
  struct File: Decodable { let verdict_cases: [VerdictCase] }
  return try JSONDecoder().decode(File.self, from: try referenceData("verdicts")).verdict_cases
}

private func judge(
  _ estimate: Estimate, _ low: Double, _ high: Double, family: Int = 60, failed: Int = 0, planned: Int = 100
) -> Judgement {
  Judgement(
    of: estimate, accepted: Interval(low, high), familySize: family, failedReplicas: failed, plannedReplicas: planned)
}

/// Replicas with the given mean and unit spread, symmetric about it.
private func replicas(_ count: Int, mean: Double, spread: Double = 1) -> [Double] {
  (0..<count).map { mean + spread * Distributions.normalQuantile((Double($0) + 0.5) / Double(count)) }
}

@Suite struct VerdictTests {
  @Test("worked verdicts are reproduced to 1e-10", arguments: try verdictCases())
  fileprivate func reference(_ worked: VerdictCase) {
    let judgement = Judgement(
      of: .mean(worked.seeds), accepted: worked.accepted, familySize: worked.claims_in_family)
    #expect(abs(judgement.confirming.low - worked.C[0]) < 1e-10)
    #expect(abs(judgement.confirming.high - worked.C[1]) < 1e-10)
    #expect(abs(judgement.refuting.low - worked.R[0]) < 1e-10)
    #expect(abs(judgement.refuting.high - worked.R[1]) < 1e-10)
    #expect(judgement.verdict.rawValue == (worked.verdict == "not confirmed" ? "inconclusive" : worked.verdict))
  }

  @Test(
    "a missing effect cannot pass by noise: a wide interval is inconclusive, with the number of replicas that would do")
  func equivalence() {
    let judgement = judge(.mean(replicas(10, mean: 0, spread: 3)), -1, 1)
    #expect(judgement.verdict == .inconclusive)
    #expect(judgement.reason.hasPrefix("too few replicas (10); about "))
    #expect(judge(.mean(replicas(2000, mean: 0, spread: 3)), -1, 1).verdict == .confirmed)
    #expect(judge(.mean(replicas(200, mean: 1)), -1, 1).reason == "at the bound")
  }

  @Test("a shift past the accepted interval is never confirmed", arguments: [0.5, 2.0])
  func shifted(scale: Double) {
    for sign in [-1.0, 1] {
      let verdict = judge(.mean(replicas(40, mean: sign * (1 + scale), spread: 0.5)), -1, 1).verdict
      #expect(verdict == .refuted)
    }
  }

  @Test("a larger family needs more evidence")
  func family() {
    let estimate = Estimate.mean(replicas(20, mean: 0))
    #expect(judge(estimate, -0.85, 0.85, family: 1).verdict == .confirmed)
    #expect(judge(estimate, -0.85, 0.85, family: 1000).verdict == .inconclusive)
  }

  @Test("proportions: all successes confirm 0.8 with 39 replicas among 60 claims, not with 38")
  func proportions() {
    #expect(judge(.proportion(successes: 39, trials: 39), 0.8, 1).verdict == .confirmed)
    #expect(judge(.proportion(successes: 38, trials: 38), 0.8, 1).verdict == .inconclusive)
    #expect(judge(.proportion(successes: 0, trials: 39), 0.8, 1).verdict == .refuted)
  }

  @Test("failed replicas, numerical error and skewness make a claim inconclusive, and say so")
  func vetoes() throws {
    let good = Estimate.mean(replicas(40, mean: 0, spread: 0.1))
    #expect(judge(good, -1, 1, failed: 5).verdict == .confirmed)
    #expect(judge(good, -1, 1, failed: 6).reason == "6 of 100 replicas failed")
    #expect(judge(try exact(0.5, numericalError: 0.01), 0, 1).verdict == .confirmed)
    #expect(judge(try exact(0.95, numericalError: 0.01), 0, 1).reason.contains("exceeds a tenth of the margin"))
    #expect(judge(try exact(0.5, numericalError: .infinity), 0, 1).reason.contains("numerical error inf"))
    #expect(judge(try exact(0.5, numericalError: .nan), 0, 1).reason.contains("numerical error is not a number"))
    let skewed = (0..<40).map { $0 == 0 ? 1.0 : 0 }
    #expect(judge(.mean(skewed), -1, 1).reason.contains("skewed"))
    #expect(judge(.mean([1, .nan, 2]), -1, 1).verdict == .inconclusive)
  }

  @Test("advice on skewed replicas fits them: two values are a share, and what is not positive has no logarithm")
  func adviceOnSkewness() {
    func reason(_ estimate: Estimate) -> String { judge(estimate, -10, 10).reason }
    func rare(_ value: Double, among common: (Int) -> Double) -> [Double] {
      (0..<40).map { $0 == 0 ? value : common($0) }
    }
    let signs = Estimate.mean(rare(-1, among: { _ in 1 }))
    let positive = Estimate.mean(rare(50, among: { 1 + 0.01 * Double($0) }))
    let centred = Estimate.mean(rare(200, among: { Double($0) - 20 }))
    let mild = Estimate.mean(replicas(40, mean: 0))
    for (estimate, advice, others) in [
      (signs, "use `proportion`", ["median", "scale where"]), (positive, "logarithmic scale", ["proportion"]),
      (centred, "claim the median, which is of one output", ["proportion", "logarithmic"]),
      (signs.distance(from: 0), "use `proportion`", ["median"]),
      (.greatest([mild, signs, mild]), "use `proportion`", ["median"]),
      (.greatest([mild, centred]), "return an output that is less skewed", ["use the median", "logarithmic"]),
      (
        .mean(rare(50, among: { 1 + 0.001 * Double($0) }), scale: .logarithmic),
        "claim the median, which is of one output", ["logarithmic"]
      ),
    ] {
      let reason = reason(estimate)
      #expect(reason.contains("(|skewness| = ") && reason.contains(" > 1.0, the greater of 1 and "), "\(reason)")
      #expect(reason.contains(advice) && !others.contains { reason.contains($0) }, "\(reason)")
    }
    #expect(judge(.mean([]), -1, 1).verdict == .inconclusive)
  }

  /// Quantiles of the exponential law: skewed by nearly 2.
  private func exponential(_ count: Int) -> [Double] {
    (0..<count).map { -log((Double($0) + 0.5) / Double(count)) }
  }

  /// The ratio of these to ones.
  private func fit(skewed values: [Double]) throws -> Estimate {
    let replicas = Array(values.indices)
    func array(_ values: [Double]) -> NDArray { NDArray(shape: [values.count], values: values) }
    let point = Results.Point(
      experiment: "toy/walk", parameters: [:], replicas: replicas,
      arrays: ["a": array(values), "b": array(values.map { _ in 1 })])
    return try StandardEstimate.ratio(Quantity("a"), Quantity("b"))
      .estimate(Results(points: [point])) { _ in false }
  }

  @Test("skewness is borne by many replicas and not by few, the other way round too")
  func skewnessAndNumber() {
    for sign in [-1.0, 1] {
      func judgement(_ count: Int) -> Judgement { judge(.mean(exponential(count).map { sign * $0 }), -2, 2) }
      #expect(judgement(128).verdict == .inconclusive)
      #expect(judgement(400).verdict == .confirmed, "\(judgement(400).reason)")
      // What it advises is right, with a little more than the skewness of these few.
      let advised = judgement(128).reason.firstMatch(of: /more replicas, about (\d+) if/).flatMap { Int($0.1) }
      #expect((200..<256).contains(advised ?? 0), "\(judgement(128).reason)")
    }
  }

  @Test("an interval is never shorter than Student's, and longer where the tail of skewed replicas is")
  func longerThanStudents() throws {
    func ends(_ values: [Double], _ tail: Double) -> (own: Interval, low: Double, high: Double) {
      let reach =
        Distributions.studentTQuantile(1 - tail, degreesOfFreedom: Double(values.count - 1))
        * Statistics.standardError(values)
      let mean = Statistics.mean(values)
      return (Estimate.mean(values).interval(tail: tail), mean - reach, mean + reach)
    }
    for tail in [1e-2, 1e-4, 1e-6] {
      let mild = ends(replicas(400, mean: 3), tail)
      expectClose(mild.own.low, mild.low, relative: 1e-12)
      expectClose(mild.own.high, mild.high, relative: 1e-12)
      let up = ends(exponential(400), tail)
      expectClose(up.own.low, up.low, relative: 1e-12)
      #expect(up.own.high > up.high + 0.01 * (up.high - up.low))
      let down = ends(exponential(400).map { -$0 }, tail)
      expectClose(down.own.high, down.high, relative: 1e-12)
      #expect(down.own.low < down.low - 0.01 * (down.high - down.low))
      // A fit by the jackknife keeps its skewness in JSON.
      let fit = try fit(skewed: exponential(400))
      let again = try JSONDecoder().decode(Estimate.self, from: try JSONEncoder().encode(fit))
      #expect(again.interval(tail: tail) == fit.interval(tail: tail))
      expectClose(fit.interval(tail: tail).high, up.own.high, relative: 1e-9)
      // A logarithmic mean has its skewness on the logarithm.
      let logarithmic = Estimate.mean(exponential(400).map { exp($0) }, scale: .logarithmic).interval(tail: tail)
      expectClose(log(logarithmic.high), up.own.high, relative: 1e-12)
    }
  }

  @Test("intervals of skewed means that are judged miss hardly more often than they say")
  func coverageOfSkewed() {
    var random = RandomStream(key: 12, stream: 0)
    let (trials, tail) = (30_000, 1e-3)
    for (count, law, mean) in [
      (300, { (z: Double) in z * z }, 1.0), (300, { exp(0.5 * $0) }, exp(0.125)), (600, { exp($0) }, exp(0.5)),
    ] {
      var misses = 0
      for _ in 0..<trials {
        let estimate = Estimate.mean(random.normals(count).map(law))
        // Skewed beyond the bound, it has no verdict.
        guard abs(estimate.skewness ?? 0) <= max(1, Double(count).squareRoot() / 8) else { continue }
        if !estimate.interval(tail: tail).contains(mean) { misses += 1 }
      }
      let expected = 2 * tail * Double(trials)
      #expect(Double(misses) < 1.3 * expected + 4 * expected.squareRoot(), "\(misses) for \(expected) with \(count)")
    }
  }

  @Test("few exponential numbers miss less often than by Student's t, and normal ones have hardly wider intervals")
  func coverageOfFew() {
    func student(_ values: [Double], _ tail: Double) -> Interval {
      let quantile = Distributions.studentTQuantile(1 - tail, degreesOfFreedom: Double(values.count - 1))
      let (mean, error) = (Statistics.mean(values), quantile * Statistics.standardError(values))
      return Interval(mean - error, mean + error)
    }
    // Those that are judged, a third of them at n = 20 and a fifth at 32, are the less skewed ones.
    var random = RandomStream(key: 13, stream: 0)
    for count in [20, 32] {
      var (own, plain) = (0, 0)
      for _ in 0..<40_000 {
        let values = (0..<count).map { _ in -log(1 - random.uniform()) }
        let estimate = Estimate.mean(values)
        guard !estimate.isTooSkewed else { continue }
        if !student(values, 1e-3).contains(1) { plain += 1 }
        if !estimate.interval(tail: 1e-3).contains(1) { own += 1 }
      }
      #expect(plain > 50 && 10 * own < 8 * plain, "\(own) of \(plain) with \(count)")
    }
    for count in [3, 5, 8, 12, 20, 64, 200] {
      for tail in [1e-2, 1e-4] {
        let growth = (0..<1000).compactMap { _ in
          let values = random.normals(count)
          let estimate = Estimate.mean(values)
          guard !estimate.isTooSkewed else { return nil as Double? }
          return estimate.interval(tail: tail).halfWidth / student(values, tail).halfWidth - 1
        }
        #expect(growth.allSatisfy { $0 > -1e-9 } && Statistics.mean(growth) < 0.05, "\(count) \(tail)")
      }
    }
  }

  @Test("however few of equal trials succeed, their mean confirms no certainty")
  func equalReplicas() {
    for count in [2, 5, 10, 30] {
      for successes in 0...count {
        let trials = (0..<count).map { $0 < successes ? 1.0 : 0 }
        // A coin of 0.9 would often show these.
        #expect(judge(.mean(trials), 0.98, 1.02).verdict != .confirmed, "\(successes) of \(count)")
        #expect(judge(.greatest([.mean(trials), .mean(trials.reversed())]), 0.98, 1.02).verdict != .confirmed)
      }
    }
    // Differences that only rounding made are no spread.
    let rounded = (0..<50).map { Double($0) * 0.7 + 0.1 - Double($0) * 0.7 }
    #expect(Set(rounded).count > 1 && judge(.mean(rounded), 0, 0.2).verdict == .inconclusive)
    let equal = Estimate.mean(Array(repeating: 0.3, count: 20))
    #expect(judge(equal, 0, 1).reason.contains("all equal") && judge(equal, 2, 3).verdict == .inconclusive)
    #expect(judge(.mean(Array(repeating: 0.3, count: 20), scale: .logarithmic), 0, 1).verdict == .inconclusive)
    #expect(judge(.fit(value: 0.3, standardError: 0, degreesOfFreedom: 9), 0, 1).reason.contains("all equal"))
    let spread = Estimate.mean(replicas(40, mean: 0.3, spread: 0.01))
    #expect(judge(.greatest([equal, spread]), 0, 1).verdict == .inconclusive)
    #expect(judge(equal.distance(from: 0), 0, 1).verdict == .inconclusive)
    // These need no spread.
    #expect(judge(.median(Array(repeating: 0.3, count: 40)), 0, 1).verdict == .confirmed)
    #expect(judge(.proportion(successes: 39, trials: 39), 0.8, 1).verdict == .confirmed)
  }

  @Test(
    "verdicts do not depend on the unit, however small or large", arguments: [0x1p-1000, 0x1p-560, 0x1p560, 0x1p1000])
  func units(unit: Double) {
    for (low, high) in [(-1.0, 1.0), (0.02, 1), (-1, 0.2)] {
      let values = replicas(40, mean: 0, spread: 0.1)
      let (one, other) = (
        judge(.mean(values), low, high), judge(.mean(values.map { $0 * unit }), low * unit, high * unit)
      )
      #expect(one.verdict == other.verdict && one.margin == other.margin)
      #expect(one.confirming.low * unit == other.confirming.low && one.refuting.high * unit == other.refuting.high)
    }
  }

  @Test("an exact number on its accepted point is confirmed, beside it refuted")
  func exactNumbers() throws {
    #expect(judge(try exact(1), 1, 1).verdict == .confirmed)
    #expect(judge(try exact(1 + 1e-15), 1, 1).verdict == .refuted)
  }

  @Test("the greatest of several numbers has simultaneous intervals; a distance is folded at its centre")
  func composed() {
    let parts = [0.0, 1, 2].map { Estimate.fit(value: $0, standardError: 0.1) }
    let tail = 1e-3
    #expect(Estimate.greatest(parts).value == 2)
    #expect(Estimate.greatest(parts).interval(tail: tail) == parts[2].interval(tail: tail / 3))
    let near = Estimate.fit(value: 5.05, standardError: 0.1).distance(from: 5)
    #expect(abs(near.value - 0.05) < 1e-12)
    #expect(near.interval(tail: tail).low == 0)
    let far = Estimate.fit(value: 3, standardError: 0.1).distance(from: 5)
    let plain = Estimate.fit(value: 3, standardError: 0.1).interval(tail: tail)
    #expect(abs(far.interval(tail: tail).low - (5 - plain.high)) < 1e-12)
    #expect(abs(far.interval(tail: tail).high - (5 - plain.low)) < 1e-12)
  }

  @Test("the greatest of several medians is not fragile at a bound that no replica is beyond")
  func greatestAtItsBound() {
    let gaps = [1e-16, 0, 3e-16].map { size in Estimate.median(replicas(25, mean: 0).map { abs($0) * size }) }
    func isFragile(_ low: Double, _ high: Double, _ parts: [Estimate]) -> Bool {
      let judgement = judge(.greatest(parts), low, high)
      #expect(judgement.verdict == .confirmed)
      return judgement.isFragile
    }
    #expect(!isFragile(0, 1e-6, gaps))
    // One part within reach of the upper bound is enough.
    let near = Estimate.median((0..<25).map { Double($0) / 24 })
    let end = near.interval(tail: Judgement.confirmationLevel / Double(60 * 4)).high
    #expect(isFragile(0, end * (1 + 1e-12), gaps + [near]))
  }

  @Test("scales: a logarithmic mean is the geometric mean, its interval that of the logarithms")
  func logarithmic() {
    let values = replicas(30, mean: -3, spread: 0.5).map { exp($0) }
    let estimate = Estimate.mean(values, scale: .logarithmic)
    #expect(abs(estimate.value - exp(-3)) < 1e-12)
    let linear = Estimate.mean(values.map { log($0) }).interval(tail: 1e-3)
    #expect(abs(estimate.interval(tail: 1e-3).low - exp(linear.low)) < 1e-12)
    #expect(abs(estimate.skewness ?? 1) < 1e-9)
  }

  @Test("intervals cover the truth as often as they promise")
  func coverage() {
    var random = RandomStream(key: 11, stream: 0)
    let trials = 4000
    let tail = 0.02
    var misses = (mean: 0, median: 0, proportion: 0)
    for _ in 0..<trials {
      let sample = random.normals(15)
      if !Estimate.mean(sample).interval(tail: tail).contains(0.0) { misses.mean += 1 }
      if !Estimate.median(sample).interval(tail: tail).contains(0.0) { misses.median += 1 }
      let successes = (0..<15).filter { _ in random.uniform() < 0.3 }.count
      if !Estimate.proportion(successes: successes, trials: 15).interval(tail: tail).contains(0.3) {
        misses.proportion += 1
      }
    }
    // Both sides together; four standard deviations of a binomial count.
    let expected = 2 * tail * Double(trials)
    let slack = 4 * (expected * (1 - 2 * tail)).squareRoot()
    #expect(abs(Double(misses.mean) - expected) < slack)
    #expect(Double(misses.median) < expected + slack)
    #expect(Double(misses.proportion) < expected + slack)
  }
}
