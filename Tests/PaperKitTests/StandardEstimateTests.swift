import NumericalMethods
import PaperKit
import TestSupport
import Testing

/// Estimates that know no experiment but by the names of its outputs.
@Suite struct StandardEstimateTests {
  /// A point with one number for each replica of some outputs.
  private func point(
    _ x: Double, replicas: [Int]? = nil, failed: [Int] = [], experiment: String = "toy/walk",
    _ outputs: [String: [Double]]
  ) -> Results.Point {
    let count = outputs.values.first?.count ?? 0
    return Results.Point(
      experiment: experiment, parameters: ["x": .real(x), "law": .text("normal")],
      replicas: replicas ?? Array(0..<count), failedReplicas: failed, arrays: outputs.mapValues { NDArray($0) })
  }

  private func estimate(_ estimate: StandardEstimate, _ points: [Results.Point]) throws -> Estimate {
    try estimate.estimate(Results(points: points)) { $0.experiment == "toy/theory" }
  }

  private let a = Quantity("a")
  private let b = Quantity("b")

  @Test("mean, median and share are those of the replicas")
  func onePoint() throws {
    let points = [point(1, ["a": [1, 2, 6], "b": [0, 1, 1]])]
    let mean = try estimate(.mean(a, .linear), points)
    expectClose(mean.value, 3, relative: 1e-15)
    expectClose(mean.standardError, Statistics.standardError([1, 2, 6]), relative: 1e-15)
    expectClose(try estimate(.mean(a, .logarithmic), points).value, 2.2894284851066637, relative: 1e-14)
    #expect(try estimate(.median(a), points).value == 2)
    let share = try estimate(.proportion(b), points)
    #expect(share.kind == "proportion" && share.replicaCount == 3)
    expectClose(share.value, 2.0 / 3, relative: 1e-15)
    #expect(throws: EvidenceError.self) { try estimate(.proportion(a), points) }
  }

  @Test("several points are no single one, and an output that is not there is none")
  func ambiguous() {
    let points = [point(1, ["a": [1, 2]]), point(2, ["a": [1, 2]])]
    #expect(throws: EvidenceError.self) { try estimate(.mean(a, .linear), points) }
    #expect(throws: EvidenceError.self) { try estimate(.mean(b, .linear), points) }
    let narrow = Quantity("a", where: ["x": [.integer(2)], "law": [.text("normal")]])
    #expect(throws: Never.self) { try estimate(.mean(narrow, .linear), points) }
  }

  @Test("numbers are compared by the number of their replica, not by their row")
  func pairing() throws {
    let noise = (0..<40).map { Double(($0 * 7919) % 101) }
    let first = point(1, replicas: Array(1..<40), failed: [0], ["a": noise.dropFirst().map { $0 + 3 }])
    let second = point(2, replicas: Array(0..<39), failed: [39], ["a": Array(noise.dropLast())])
    func at(_ x: Double) -> Quantity { Quantity("a", where: ["x": [.real(x)]]) }
    let difference = try estimate(.difference(at(1), at(2)), [first, second])
    #expect(difference.value == 3 && difference.standardError == 0 && difference.replicaCount == 38)
  }

  @Test("a number that is NaN counts as a failed replica, and more than 5 % of them are no evidence")
  func notNumbers() throws {
    let most = point(1, ["a": Array(repeating: 1, count: 39) + [.nan]])
    #expect(try estimate(.mean(a, .linear), [most]).value == 1)
    let few = point(1, ["a": [1, 1, 1, .nan]])
    #expect(throws: EvidenceError.self) { try estimate(.mean(a, .linear), [few]) }
  }

  @Test("of calculations without chance, every estimate is exact; beside replicas they stand for each")
  func exactness() throws {
    let theory = (1...4).map { point(Double($0), experiment: "toy/theory", ["b": [Double($0 * $0)]]) }
    let slope = try estimate(.slope(b, against: "x", .logarithmic), theory)
    #expect(slope.kind == "exact")
    expectClose(slope.value, 2, relative: 1e-14)
    let walks = (1...4).map { point(Double($0), ["a": [Double($0 * $0) - 0.5, Double($0 * $0) + 0.5]]) }
    let gap = try estimate(.greatestGap(a, b, against: "x"), walks + theory)
    expectClose(gap.value, 0, absolute: 1e-14)
    #expect(gap.standardError > 0)
    #expect(throws: EvidenceError.self) { try estimate(.greatestGap(a, b, against: nil), walks + theory.dropLast()) }
  }

  @Test("slope and ratio have the error of a jackknife over replicas")
  func fits() throws {
    let shifts = [-0.5, 0.25, 0.5, 1]
    let points = (1...3).map { x in
      point(Double(x), ["a": shifts.map { 2 * Double(x) * (1 + $0) }, "b": [2, 2, 2, 2]])
    }
    let slope = try estimate(.slope(a, against: "x", .linear), points)
    expectClose(slope.value, 2 * (1 + Statistics.mean(shifts)), relative: 1e-14)
    expectClose(slope.standardError, 2 * Statistics.standardError(shifts), relative: 1e-12)
    let ratio = try estimate(.ratio(a, b), [points[0]])
    expectClose(ratio.value, 1 + Statistics.mean(shifts), relative: 1e-14)
    expectClose(ratio.standardError, Statistics.standardError(shifts), relative: 1e-12)
  }

  @Test("the jackknife is that of the definition, also beside a number that dwarfs the rest")
  func definition() throws {
    let rows = (0..<12).map { (index: Int) -> [Double] in
      [Double((index * 7919) % 101) - 40, 50 + Double((index * 104_729) % 89)]
    }
    for scale in [1, 1e17] {
      var rows = rows
      rows[3] = rows[3].map { $0 * scale }
      let points = [point(1, ["a": rows.map { $0[0] }, "b": rows.map { $0[1] }])]
      let (value, _, error) = Statistics.jackknife(rows) { rows in
        Statistics.mean(rows.map { $0[0] }) / Statistics.mean(rows.map { $0[1] })
      }
      guard scale == 1 else {
        // One replica decides: nothing can be divided by such a mean, and a slope is too skewed.
        #expect(throws: EvidenceError.self) { try estimate(.ratio(a, b), points) }
        let curve = [1, 2].map { x in point(Double(x), ["a": rows.map { $0[x - 1] }]) }
        let error = #expect(throws: EvidenceError.self) { try estimate(.slope(a, against: "x", .linear), curve) }
        let text = error.map { "\($0)" } ?? ""
        #expect(text.contains("|skewness| = ") && text.contains("> 1.0, the greater of 1 and"), "\(text)")
        // As many as bring an eighth of their root to the skewness, were it to stay.
        let told = try #require(
          text.firstMatch(of: /skewness\| = ([0-9.]+) .* take more replicas, about (\d+)/), "\(text)")
        let (skewness, count) = (try #require(Double(told.1)), try #require(Double(told.2)))
        expectClose(count, 64 * skewness * skewness, relative: 0.01)
        continue
      }
      let ratio = try estimate(.ratio(a, b), points)
      expectClose(ratio.value, value, relative: 1e-14)
      expectClose(ratio.standardError, error, relative: 1e-12)
    }
  }

  @Test("fits and crossings of skewed replicas reach farther where the tail is, as means do")
  func skewedFits() throws {
    let skewed = (0..<400).map { -Double.logarithm((Double($0) + 0.5) / 400) }
    func curve(_ sign: Double) -> [Results.Point] {
      (0...2).map { x in point(Double(x), ["a": skewed.map { Double(x) * (2 + sign * $0) - 3 }]) }
    }
    for sign in [1.0, -1] {
      let slope = try estimate(.slope(a, against: "x", .linear), curve(sign))
      let mean = Estimate.mean(skewed.map { 2 + sign * $0 })
      expectClose(slope.value, mean.value, relative: 1e-12)
      for tail in [1e-2, 1e-5] {
        let (own, other) = (slope.interval(tail: tail), mean.interval(tail: tail))
        expectClose(own.low, other.low, relative: 1e-9)
        expectClose(own.high, other.high, relative: 1e-9)
        let moved = try #require(slope.moved(to: 7)).interval(tail: tail)
        expectClose(moved.high - moved.low, own.high - own.low, relative: 1e-9)
      }
    }
    // The bound is that of a mean.
    let few = (0...2).map { x in point(Double(x), ["a": skewed.prefix(100).map { Double(x) * (2 + $0 * $0 * $0) }]) }
    #expect(throws: EvidenceError.self) { try estimate(.slope(a, against: "x", .linear), few) }
    let crossed = try estimate(.crossing(a, against: "x", level: 0), [curve(1)[0], curve(1)[2]])
    let plain = Distributions.studentTQuantile(1 - 1e-3, degreesOfFreedom: 399) * crossed.standardError
    let interval = crossed.interval(tail: 1e-3)
    #expect(interval.low < crossed.value - plain && interval.high > crossed.value + plain)
  }

  @Test("no quotient by a mean that may be zero: its tails confirm anything")
  func uncertainDenominator() throws {
    let noise = (0..<40).map { Distributions.normalQuantile((Double(($0 * 7) % 40) + 0.5) / 40) }
    let wide = [point(1, ["a": Array(repeating: 1, count: 40), "b": noise.map { 0.5 + $0 }])]
    #expect(throws: EvidenceError.self) { try estimate(.ratio(a, b), wide) }
    let sharp = [point(1, ["a": noise.map { 1 + 0.1 * $0 }, "b": noise.map { 0.5 + 0.1 * $0 }])]
    expectClose(try estimate(.ratio(a, b), sharp).value, 2, relative: 1e-2)
  }

  @Test("failed replicas may lie on either side of a median, as of a share")
  func undeterminedMedian() throws {
    let values = (0..<96).map { Double($0) }
    let whole = try estimate(.median(a), [point(1, ["a": values])])
    let some = try estimate(.median(a), [point(1, failed: [96, 97, 98, 99], ["a": values])])
    #expect(some.undetermined == 4)
    let (narrow, wide) = (whole.interval(tail: 0.01), some.interval(tail: 0.01))
    #expect(wide.low < narrow.low && wide.high > narrow.high)
  }

  @Test("whole numbers stay distinct where reals do not; a place that occurs twice is refused")
  func exactPlaces() {
    #expect(!ParameterValue.integer(9_007_199_254_740_993).isSame(.integer(9_007_199_254_740_992)))
    #expect(ParameterValue.integer(2).isSame(.real(2)) && ParameterValue.flag(true).isSame(.flag(true)))
    let twice = Results.Point(
      experiment: "toy/walk", parameters: [:], replicas: [0, 1], failedReplicas: [],
      arrays: ["a": NDArray(shape: [2, 3], values: [1, 2, 3, 4, 5, 6]), "t": NDArray([5, 5, 6])])
    #expect(throws: EvidenceError.self) { try estimate(.mean(Quantity("a", at: ["t": 5]), .linear), [twice]) }
    #expect(throws: Never.self) { try estimate(.mean(Quantity("a", at: ["t": 6]), .linear), [twice]) }
  }

  @Test("few equal trials give no fit that decides; a crossing that hangs on one replica is none")
  func discrete() throws {
    let certain = (1...4).map { point(Double($0), ["a": Array(repeating: $0 > 2 ? 1 : 0, count: 8)]) }
    let slope = try estimate(.slope(a, against: "x", .linear), certain)
    #expect(slope.lacksSpread && slope.interval(tail: 0.1) == .everything)
    let most = [point(1, ["a": [0, 0, 0, 0, 0, 1]]), point(2, ["a": [1, 1, 1, 1, 1, 1]])]
    #expect(throws: EvidenceError.self) {
      try estimate(.ratio(Quantity("a", where: ["x": [.real(1)]]), Quantity("a", where: ["x": [.real(2)]])), most)
    }
    let lost = [point(1, ["a": [0, 0, 0, 0]]), point(2, ["a": [0.5, 0.5, 0.5, 0.6]])]
    #expect(throws: EvidenceError.self) { try estimate(.crossing(a, against: "x", level: 0.51), lost) }
  }

  @Test("a crossing lies where the straight lines have the level, once")
  func crossing() throws {
    let points = [(1.0, [0.0, 0.2]), (2, [0.4, 0.4]), (4, [0.8, 1.0])].map { point($0, ["a": $1]) }
    expectClose(
      try estimate(.crossing(a, against: "x", level: 0.5), points).value, 2 + 2 * 0.1 / 0.5, relative: 1e-14)
    for (level, course) in [(2.0, "stays below 2.0 along x, from 1.0 to 4.0"), (-1, "stays above -1.0 along x")] {
      let error = #expect(throws: EvidenceError.self) {
        try estimate(.crossing(a, against: "x", level: level), points)
      }
      #expect(error.map { "\($0)".contains(course) } ?? false, "\(String(describing: error))")
    }
    let wave = [(1.0, [0.0, 0.2]), (2, [0.4, 0.4]), (4, [0.0, 0.1])].map { point($0, ["a": $1]) }
    let error = #expect(throws: EvidenceError.self) { try estimate(.crossing(a, against: "x", level: 0.3), wave) }
    #expect(error.map { "\($0)".contains("crosses 0.3 2 times, not once, along x") } ?? false)
  }

  @Test("the interval of a crossing has every place at which the mean may be the level, and its ends are such")
  func crossingInterval() throws {
    var random = RandomStream(key: 7, purpose: "crossing", stream: 0)
    let (x, level, tail) = ([1.0, 2, 4, 5], 0.3, 0.01)
    for round in 0..<40 {
      let slope = 0.1 + 0.05 * Double(round)
      let rows = (0..<9).map { _ in x.map { slope * ($0 - 3) + level + random.normal() } }
      let points = x.indices.map { place in point(x[place], ["a": rows.map { $0[place] }]) }
      let found: Estimate
      do { found = try estimate(.crossing(a, against: "x", level: level), points) } catch is EvidenceError { continue }
      func excess(_ place: Double) -> [Double] {
        let left = min(x.lastIndex { $0 <= place } ?? 0, x.count - 2)
        let share = (place - x[left]) / (x[left + 1] - x[left])
        return rows.map { (1 - share) * $0[left] + share * $0[left + 1] - level }
      }
      // Longer where the numbers at the crossing are more skewed than normal ones by chance.
      let plain = Distributions.studentTQuantile(1 - tail, degreesOfFreedom: 8)
      let skewness = abs(Statistics.skewness(excess(found.value)))
      let quantile = plain + (skewness > (6.0 / 9).squareRoot() ? skewness * (1 + 2 * plain * plain) / 18 : 0)
      /// The mean at a place in units of what the interval allows: at most 1 inside.
      func reach(_ place: Double) -> Double {
        let values = excess(place)
        return abs(Statistics.mean(values)) / (quantile * Statistics.standardError(values))
      }
      let interval = found.interval(tail: tail)
      for step in 0...400 {
        let place = 1 + 4 * Double(step) / 400
        if reach(place) <= 1 { #expect(interval.low <= place && place <= interval.high, "\(place) \(interval)") }
      }
      for end in [interval.low, interval.high] where end.isFinite {
        #expect(abs(reach(end) - 1) < 1e-9 || x.contains(end), "\(end)")
      }
      if reach(1) <= 1 { #expect(interval.low == -.infinity) }
      if reach(5) <= 1 { #expect(interval.high == .infinity) }
      // Units of the curve do not matter.
      let scaled = x.indices.map { place in point(x[place], ["a": rows.map { 1024 * $0[place] }]) }
      #expect(
        try estimate(.crossing(a, against: "x", level: 1024 * level), scaled).interval(tail: tail) == interval)
    }
  }

  @Test("the interval of a crossing of a flat curve misses it no more often than it says")
  func crossingCoverage() throws {
    var random = RandomStream(key: 11, purpose: "crossing", stream: 0)
    var (missed, judged) = (0, 0)
    for _ in 0..<3000 {
      // The mean crosses 0 at 2; a step of 1.5 standard errors.
      let points = [1.0, 2, 3].map { x in point(x, ["a": (0..<12).map { _ in 0.43 * (x - 2) + random.normal() }]) }
      guard let found = try? estimate(.crossing(a, against: "x", level: 0), points) else { continue }
      judged += 1
      let interval = found.interval(tail: 0.025)
      if !(interval.low <= 2 && 2 <= interval.high) { missed += 1 }
    }
    // 5 %, and three standard errors of a count.
    #expect(judged > 1500 && Double(missed) < 0.05 * Double(judged) + 3 * (0.05 * Double(judged)).squareRoot())
  }

  @Test("a curve is monotone if its greatest step the other way is not positive")
  func monotone() throws {
    let points = [(1.0, [0.0, 0.1]), (2, [1.0, 1.1]), (3, [3.0, 3.1])].map { point($0, ["a": $1]) }
    expectClose(try estimate(.monotone(a, against: "x", .increasing), points).value, -1, relative: 1e-14)
    expectClose(try estimate(.monotone(a, against: "x", .decreasing), points).value, 2, relative: 1e-14)
    expectClose(try estimate(.greatest(a), points).value, 3.05, relative: 1e-14)
  }

  @Test("a place on an axis is a value of its scale, or an index")
  func places() throws {
    let array = NDArray(rows: [[1, 2, 3], [3, 4, 5]])
    func point(_ arrays: [String: NDArray]) -> Results.Point {
      Results.Point(experiment: "toy/walk", parameters: [:], replicas: [0, 1], arrays: arrays)
    }
    let scaled = point(["a": array, "time": NDArray([0.1, 0.2, 0.3])])
    #expect(try estimate(.mean(Quantity("a", at: ["time": 0.3]), .linear), [scaled]).value == 4)
    #expect(try estimate(.mean(Quantity("a", at: ["time": 1]), .linear), [point(["a": array])]).value == 3)
    #expect(throws: EvidenceError.self) { try estimate(.mean(Quantity("a", at: ["time": 0.25]), .linear), [scaled]) }
    for (points, place, range) in [([point(["a": array])], 7.0, "go from 0 to 2"), ([scaled], 0.25, "from 0.1 to 0.3")]
    {
      #expect {
        try estimate(.mean(Quantity("a", at: ["time": place]), .linear), points)
      } throws: {
        "\($0)".contains(range)
      }
    }
    #expect(throws: EvidenceError.self) { try estimate(.mean(a, .linear), [scaled]) }
  }

  @Test("automatic tables: parameters, then mean and standard error; one row for each place on an axis")
  func tables() throws {
    let outputs = [
      OutputArray("time", axes: ["time"], unit: "s", meaning: "time"), OutputArray("a", axes: ["time"], meaning: "a"),
      OutputArray("end", meaning: "end"),
    ]
    let tables = AutomaticTable.tables(
      of: "toy/walk", parameters: ["x": .real(1), "law": .text("normal")], outputs: outputs)
    #expect(tables.map(\.name) == ["toy/walk", "toy/walk/time"])
    #expect(tables[0].columns.map(\.name) == ["x", "replicas", "end", "endError"])
    #expect(tables[1].columns.map(\.name) == ["x", "time", "a", "aError"])
    let results = Results(points: [
      Results.Point(
        experiment: "toy/walk", parameters: ["x": .real(7)], replicas: [0, 1],
        arrays: ["time": NDArray([0, 0.5]), "a": NDArray(rows: [[1, 2], [3, .nan]]), "end": NDArray([1, 3])])
    ])
    #expect(try tables[0].rows(results) == [[7, 2, 2, 1]])
    let rows = try tables[1].rows(results)
    #expect(rows[0] == [7, 0, 2, 1])
    #expect(rows[1][..<3] == [7, 0.5, 2] && rows[1][3].isNaN)
  }
}
