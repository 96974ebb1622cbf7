import Foundation
import NumericalMethods
import PaperKit
import TestSupport
import Testing

private let samples: [Estimate] = [
  .identity([1, 2], numericalError: 0.1), .mean([1, 2, 4, 3]), .mean([1, 2, 4, 3], scale: .logarithmic),
  .median([1, 2, 4, 3, 9]),
  .proportion(successes: 30, trials: 100), .fit(value: 0.4, standardError: 0.1),
  .greatest([.fit(value: 0.2, standardError: 0.1), .fit(value: 0.7, standardError: 0.2)]),
  Estimate.fit(value: 0.7, standardError: 0.1).distance(from: 1),
]

@Suite struct EvidenceTests {
  @Test("evidence moved to another number has that number and keeps its spread", arguments: samples.indices)
  func moved(index: Int) throws {
    let estimate = samples[index]
    for target in [0.05, 0.5, 0.9] {
      let moved = try #require(estimate.moved(to: target))
      #expect(abs(moved.value - target) < 1e-12)
      #expect(moved.replicaCount == estimate.replicaCount)
      if case .mean(_, .logarithmic) = estimate.evidence {
        #expect(abs(moved.standardError / moved.value - estimate.standardError / estimate.value) < 1e-12)
      } else if case .mean = estimate.evidence {
        #expect(abs(moved.standardError - estimate.standardError) < 1e-12)
      }
    }
  }

  @Test("trials that failed may have come out either way: the interval of a share holds both")
  func undeterminedTrials() throws {
    let share = Estimate.proportion(successes: 190, trials: 190, undetermined: 10)
    let (none, all) = (
      Estimate.proportion(successes: 190, trials: 200), Estimate.proportion(successes: 200, trials: 200)
    )
    for tail in [0.01, 1e-5] {
      #expect(share.interval(tail: tail).low == none.interval(tail: tail).low)
      #expect(share.interval(tail: tail).high == all.interval(tail: tail).high)
    }
    #expect(share.interval(tail: 0.01).low < 0.956)
    let back = try JSONDecoder().decode(Estimate.self, from: JSONEncoder().encode(share))
    #expect(back.undetermined == 10 && back.interval(tail: 0.01) == share.interval(tail: 0.01))
    let text = String(decoding: try JSONEncoder().encode(none), as: UTF8.self)
    #expect(!text.contains("undetermined"), "what earlier ledgers hold is read and written as before")
  }

  @Test("replicas without a value may lie on either side of a median: its interval holds all they could make")
  func undeterminedValues() throws {
    var random = RandomStream(key: 21, purpose: "medians", stream: 0)
    let found = random.normals(57)
    let estimate = try Estimate.median(determined: found + [.nan, -.infinity, .nan])
    #expect(estimate.undetermined == 3 && estimate.replicaCount == 57)
    for tail in [0.01, 1e-5] {
      let interval = estimate.interval(tail: tail)
      for others in [[-9.0, -9, -9], [9, 9, 9], [-9, 9, 0], [0, 0.1, 0.2]] {
        let possible = Estimate.median(found + others).interval(tail: tail)
        #expect(interval.contains(possible), "\(others)")
      }
      #expect(interval.low == Estimate.median(found + [-9, -9, -9]).interval(tail: tail).low)
      #expect(interval.high == Estimate.median(found + [9, 9, 9]).interval(tail: tail).high)
    }
    let back = try JSONDecoder().decode(Estimate.self, from: JSONEncoder().encode(estimate))
    #expect(back.undetermined == 3 && back.interval(tail: 0.01) == estimate.interval(tail: 0.01))
    #expect(estimate.moved(to: 4)?.undetermined == 3)

    // As many as failed replicas may be: a twentieth.
    #expect(try Estimate.median(determined: Array(repeating: 1, count: 19) + [.nan]).undetermined == 1)
    let error = #expect(throws: EvidenceError.self) {
      try Estimate.median(determined: Array(repeating: 1, count: 37) + [.nan, .nan])
    }
    #expect(error?.description.hasPrefix("2 of 39 replicas have no value") ?? false)
    #expect(try Estimate.median(determined: found).interval(tail: 0.01) == Estimate.median(found).interval(tail: 0.01))
    // So many that the interval has no ends.
    #expect(try Estimate.median(determined: found + [.nan, .nan]).interval(tail: 1e-18) == .everything)
  }

  @Test("evidence cannot be moved to what its kind cannot measure")
  func unreachable() {
    #expect(Estimate.proportion(successes: 3, trials: 10).moved(to: 1.2) == nil)
    #expect(Estimate.proportion(successes: 3, trials: 10).moved(to: -0.1) == nil)
    #expect(Estimate.mean([1, 2], scale: .logarithmic).moved(to: -1) == nil)
    #expect(Estimate.fit(value: 3, standardError: 1).distance(from: 1).moved(to: -0.5) == nil)
    // A share between two counts becomes the one further on.
    #expect(Estimate.proportion(successes: 3, trials: 10).moved(to: 0.52)?.value == 0.6)
  }

  @Test("evidence that is not a number has the whole line as its interval, whatever its kind")
  func undefined() throws {
    let undefined: [Estimate] = [
      try exact(.nan), try exact(1, numericalError: .nan), .identity([1, .nan]), .mean([1, .nan, 2]),
      .mean([1, -1, 2], scale: .logarithmic),
      .median(Array(repeating: 1, count: 40) + [.nan]), .fit(value: 1, standardError: .nan),
      .greatest([try exact(1), .fit(value: 0, standardError: .nan)]),
    ]
    for estimate in undefined {
      let judgement = Judgement(of: estimate, accepted: Interval(0, 2), familySize: 10)
      #expect(judgement.verdict == .inconclusive, "\(estimate.evidence)")
    }
  }

  @Test(
    "with the replicas that the plan asks for, a verdict comes out again in nearly all repetitions; with half, it does not"
  )
  func power() throws {
    let accepted = Interval(-1, 1)
    let truth = 0.4
    let spread = 2.0
    let pilot = Estimate.fit(value: truth, standardError: spread / 10, degreesOfFreedom: 99)
    let growth = try #require(Judgement.neededGrowth(of: pilot, accepted: accepted, familySize: 60))
    let needed = Int((growth * 100).rounded(.up))
    var random = RandomStream(key: 4, stream: 0)
    func confirmedShare(_ count: Int) -> Double {
      let confirmed = (0..<1000).count { _ in
        let sample = random.normals(count).map { truth + spread * $0 }
        return Judgement(of: .mean(sample), accepted: accepted, familySize: 60).verdict == .confirmed
      }
      return Double(confirmed) / 1000
    }
    #expect(confirmedShare(needed) >= 0.995)
    #expect(confirmedShare(needed / 2) < 0.9)
  }

  @Test("for medians too: the plan asks for enough, and values that all lie inside ask for no more than a median needs")
  func powerOfMedians() throws {
    let accepted = Interval(-.infinity, 1)
    var random = RandomStream(key: 4, stream: 1)
    func sample(_ count: Int) -> [Double] { random.normals(count).map { Double.exponential($0) / 2 } }
    let growth = try #require(
      Judgement.neededGrowth(of: .median(sample(2001)), accepted: accepted, familySize: 60))
    let needed = Int((growth * 2001).rounded(.up))
    func confirmedShare(_ count: Int) -> Double {
      Double(
        (0..<1000).count { _ in
          Judgement(of: .median(sample(count)), accepted: accepted, familySize: 60).verdict == .confirmed
        }) / 1000
    }
    #expect(confirmedShare(needed) >= 0.99)
    #expect(confirmedShare(needed / 3) < 0.9)
    let positive = Estimate.median((1...40).map { Double($0) })
    let bounded = try #require(Judgement.neededGrowth(of: positive, accepted: Interval(0, 100), familySize: 60))
    #expect(bounded < 1)
    #expect(Judgement(of: positive, accepted: Interval(0, 100), familySize: 60).verdict == .confirmed)
  }

  @Test("a verdict is fragile exactly when its interval ends within a tenth of its half-width of the bound")
  func fragility() {
    func isFragile(_ high: Double) -> Bool {
      let estimate = Estimate.fit(value: 0, standardError: 1)
      let reach = estimate.interval(tail: Judgement.confirmationLevel / 60).high
      return Judgement(of: estimate, accepted: Interval(-100, reach * high), familySize: 60).isFragile
    }
    #expect(isFragile(1.05))
    #expect(!isFragile(1.15))
    // Not even confirmed.
    #expect(!isFragile(0.95))
  }
}
