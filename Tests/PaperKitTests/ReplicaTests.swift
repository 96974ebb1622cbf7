import NumericalMethods
import PaperKit
import TestSupport
import Testing

@Suite struct ReplicaTests {
  private func points(_ points: Results.Point...) throws -> [ExperimentPoint<Decay>] {
    try Results(points: points).points(of: Decay.self)
  }

  /// What was thrown, in words.
  private func reason(_ body: () throws -> Void) -> String {
    do {
      try body()
      return ""
    } catch { return "\(error)" }
  }

  @Test("points are compared by the numbers of their replicas, whatever failed where")
  func pairing() throws {
    let all = Array(0..<100)
    let pair = try paired(
      points(
        Decay.point(all.filter { ![3, 50].contains($0) }, failed: [3, 50]),
        Decay.point(all.filter { ![7, 50].contains($0) }, failed: [7, 50], rate: 2)))
    let expected = all.filter { ![3, 7, 50].contains($0) }
    #expect(pair.map(\.replicas) == [expected, expected])
    // The level of a replica says its number.
    for point in pair { #expect(point[Decay.level].column(0) == expected.map { 10 * Double($0) }) }
    for point in pair { #expect(point[Decay.end].values == expected.map { 10 * Double($0) + 2 }) }
    #expect(pair.map { $0[Decay.time].values } == [[0, 0.1, 0.2], [0, 0.1, 0.2]])
  }

  @Test("a pair with a failed half counts as failed: twice as many as either point alone has")
  func failedPairs() throws {
    let all = Array(0..<100)
    func half(_ failed: [Int]) throws -> Results.Point {
      try Decay.point(all.filter { !failed.contains($0) }, failed: failed, rate: Double(1 + failed[0]))
    }
    #expect(try paired(points(half([0, 1]), half([2, 3, 4])))[0].replicaCount == 95)
    #expect(
      reason { _ = try paired(points(half([0, 1, 2]), half([3, 4, 5]))) }
        == "6 of 100 replicas failed at one of the points they are compared at")
  }

  @Test("replicas that one point was not asked for are no failures, but there must be some in common")
  func unequalCounts() throws {
    let pair = try paired(points(Decay.point(Array(0..<8)), Decay.point(Array(5..<90), rate: 2)))
    #expect(pair.map(\.replicas) == [[5, 6, 7], [5, 6, 7]])
    #expect(reason { _ = try paired(points(Decay.point([0, 1]), Decay.point([2], rate: 2))) }.contains("no replica"))
    let (first, second) = try paired(
      Results(points: [Decay.point([1, 4])]).point(of: Decay.self),
      Results(points: [Decay.point([0, 4])]).point(of: Decay.self))
    #expect(first.replicas == [4] && second.replicas == [4])
  }

  @Test("two points come in the order of a parameter, and are refused where it is the same or there are more")
  func orderedPair() throws {
    func pair(_ rates: [Double]) throws -> [Double] {
      let points = try rates.map { try Decay.point([0], rate: $0) }
      let (lesser, greater) = try Results(points: points).pair(of: Decay.self, ascending: \.rate)
      return [lesser, greater].map(\.parameters.rate)
    }
    #expect(try pair([7, 2]) == [2, 7])
    for rates in [[2], [2, 2], [2, 7, 9]] as [[Double]] {
      #expect(throws: EvidenceError.self) { try pair(rates) }
    }
  }

  @Test("columns are the numbers of all replicas at a place on the other axes")
  func columns() {
    let array = NDArray(shape: [2, 2, 3], values: (0..<12).map(Double.init))
    #expect(array.column(1, 0) == [3, 9] && array.lastColumn(0) == [2, 8] && NDArray([4, 5]).column() == [4, 5])
  }

  @Test("errors of independent estimates add in squares")
  func independentEstimates() {
    let samples: [[Double]] = [[1, 2, 6], [2, 4, 9, 5]]
    let difference = Estimate.combination(of: samples, weights: [1, -1]).divided(by: 2)
    let propagated = Estimate.propagated(samples.map { .mean($0) }, degreesOfFreedom: 2) { ($0[0] - $0[1]) / 2 }
    for estimate in [difference, propagated] {
      expectClose(estimate.value, -1, absolute: 1e-14)
      expectClose(estimate.standardError, ((7.0 / 3 + 26.0 / 3 / 4) / 4).squareRoot(), absolute: 1e-14)
      #expect(estimate.replicaCount == 3)
    }
  }

  @Test("a value of a coordinate is found but for rounding; what is not there is refused with what there is")
  func coordinates() throws {
    let times = (0..<21).map { 20.0 * Double($0) / 20 * 0.1 }
    let point = try points(Decay.point([0], times: times))[0]
    #expect(try point.index(of: 0.3, in: Decay.time) == 3)
    #expect(try point.index(of: 0, in: Decay.time) == 0)
    #expect(try point.index(of: 2 + 1e-13, in: Decay.time) == 20)
    #expect(throws: EvidenceError.self) { try point.index(of: 2 + 1e-9, in: Decay.time) }
    #expect(
      reason { _ = try point.index(of: 2.5, in: Decay.time) }
        == "needs time 2.5; the 21 of test/decay go from 0.0 to 2.0, nearest 2.0")
    #expect(try point.index(nearestTo: 1.96, in: Decay.time, within: 0.05) == 20)
    #expect(throws: EvidenceError.self) { try point.index(nearestTo: 2.5, in: Decay.time, within: 0.05) }
    #expect(throws: EvidenceError.self) { try point.index(of: .nan, in: Decay.time) }
  }

  @Test("a window is used whole, or refused with what the grid reaches")
  func windows() throws {
    let point = try points(Decay.point([0], times: [0, 0.5, 1, 2, 4, 8]))[0]
    #expect(try point.indices(of: Decay.time, in: 1...4) == [2, 3, 4])
    // The ends need not be times; the grid must go beyond them.
    #expect(try point.indices(of: Decay.time, in: 0.7...7) == [2, 3, 4])
    #expect(try point.indices(of: Decay.time, in: 4...(8 + 1e-13)) == [4, 5])
    for window in [2.0...9, -1...4, 2.5...3.5, 4...7] {
      #expect(throws: EvidenceError.self) { try point.indices(of: Decay.time, in: window) }
    }
    #expect(
      reason { _ = try point.indices(of: Decay.time, in: 2...20) }
        == "needs time from 2.0 to 20.0; the 6 of test/decay go from 0.0 to 8.0, 3 of them between")
  }

  @Test("a fit to shares refuses a point that lost a replica")
  func whole() throws {
    try points(Decay.point([0, 1, 2]))[0].requireAllReplicas()
    #expect(
      reason { try points(Decay.point([0, 2], failed: [1]))[0].requireAllReplicas() }.contains("1 of 3 replicas failed")
    )
  }

  @Test("only what draws no random numbers, once, is exact")
  func calculations() throws {
    func calculations(_ points: Results.Point...) throws -> Int {
      try Results(points: points).calculations(of: Decay.self).count
    }
    #expect(try calculations(Decay.point([0], isNoisy: false), Decay.point([0], isNoisy: false, rate: 2)) == 2)
    #expect(reason { _ = try calculations() }.contains("found none"))
    #expect(
      reason { _ = try calculations(Decay.point([0], isNoisy: false), Decay.point([0])) }
        .contains("draws random numbers"))
    #expect(reason { _ = try calculations(Decay.point([0, 1], isNoisy: false)) }.contains("2 replicas"))
    let point = try Results(points: [Decay.point([4], isNoisy: false)]).calculation(of: Decay.self)
    #expect(point[Decay.level].values == [40, 41, 42])
    #expect(point[Decay.time].values == [0, 0.1, 0.2])
    #expect(point.number(Decay.end) == 42)
    #expect(try point.index(of: 0.1, in: Decay.time) == 1)
  }

  @Test(
    "an identity is as far off as its worst replica, says how many there are, and cannot hide one that is no number")
  func identities() {
    let law = Estimate.identity([1e-14, 3e-13, 0])
    #expect(law.value == 3e-13)
    #expect(law.replicaCount == 3)
    #expect(law.standardError == 0)
    let accepted = Interval(0, 1e-12)
    #expect(Judgement(of: law, accepted: accepted, familySize: 200).verdict == .confirmed)
    #expect(Judgement(of: .identity([0, 2e-12, 0]), accepted: accepted, familySize: 200).verdict == .refuted)
    #expect(Judgement(of: .identity([0, .nan]), accepted: accepted, familySize: 200).verdict == .inconclusive)
    #expect(Judgement(of: .identity([]), accepted: accepted, familySize: 200).verdict == .inconclusive)
  }

  @Test("the greatest and the least of numbers notice one that is none, wherever it stands")
  func extremes() {
    #expect([1.0, 3, 2].greatest() == 3 && [1.0, -3, 2].least() == -3)
    #expect([-Double.infinity].greatest() == -.infinity && [Double.infinity].least() == .infinity)
    for values in [[.nan, 1, 2], [1, .nan, 2], [1, 2, .nan], []] as [[Double]] {
      #expect(values.greatest().isNaN && values.least().isNaN, "\(values)")
      #expect(Estimate.greatest(values.map { .identity([$0]) }).value.isNaN)
    }
  }

  @Test("one replica says nothing on its error: never a verdict, never the end of the program")
  func singleReplicas() {
    for degreesOfFreedom in [0.0, -1, .nan] {
      let estimate = Estimate.fit(value: 1, standardError: 0.1, degreesOfFreedom: degreesOfFreedom)
      #expect(Judgement(of: estimate, accepted: Interval(0, 2), familySize: 3).verdict == .inconclusive)
      #expect(estimate.replicaCount >= 0)
    }
    for estimate in [Estimate.mean([1]), .median([1]), .proportion(successes: 1, trials: 1), .greatest([.mean([1])])] {
      #expect(Judgement(of: estimate, accepted: Interval(0.9, 2), familySize: 3).verdict == .inconclusive)
      _ = Judgement.neededGrowth(of: estimate, accepted: Interval(0.9, 2), familySize: 3)
    }
  }
}
