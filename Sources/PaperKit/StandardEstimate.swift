internal import NumericalMethods

/// The estimates that most claims need, of any experiment's outputs: pipeline files say them as `estimate: {mean: overlap}`.
///
/// Several numbers are compared replica by replica: those with the same number belong together. A replica that failed or
/// whose number is NaN at one point is left out at all, and more than a verdict tolerates is an ``EvidenceError``. Of
/// calculations without chance the estimate is exact; beside replicas, such a number stands for each of them.
public indirect enum StandardEstimate: Sendable, Hashable {
  /// Which way a curve goes.
  public enum Direction: String, Sendable, CaseIterable {
    case increasing, decreasing
  }

  /// The mean over the replicas of one point.
  case mean(Quantity, Estimate.Scale)
  /// The median over the replicas of one point.
  case median(Quantity)
  /// The share of replicas of one point at which the quantity is 1 and not 0.
  case proportion(Quantity)
  /// The greatest mean of all points.
  case greatest(Quantity)
  /// Mean of the first over mean of the second, by the jackknife.
  case ratio(Quantity, Quantity)
  /// Mean of first minus second.
  case difference(Quantity, Quantity)
  /// Slope of the means against a parameter, both or neither on a logarithmic scale, by least squares and the jackknife.
  case slope(Quantity, against: String, Estimate.Scale)
  /// Where the means, joined by straight lines along a parameter, cross a level; see ``Crossing``.
  case crossing(Quantity, against: String, level: Double)
  /// The greatest distance of the means of two quantities: at the same points, or at those with the same value of a
  /// parameter.
  case greatestGap(Quantity, Quantity, against: String?)
  /// The greatest step of the means against a direction along a parameter: at most 0 for a monotone curve.
  case monotone(Quantity, against: String, Direction)

  /// What is estimated, in words; equal for equal estimates alone.
  public var description: String {
    switch self {
    case .mean(let quantity, .linear): "mean of \(quantity.description)"
    case .mean(let quantity, .logarithmic): "geometric mean of \(quantity.description)"
    case .median(let quantity): "median of \(quantity.description)"
    case .proportion(let quantity): "share of \(quantity.description)"
    case .greatest(let quantity): "greatest mean of \(quantity.description)"
    case .ratio(let first, let second): "mean of \(first.description) over mean of \(second.description)"
    case .difference(let first, let second): "mean of \(first.description) minus \(second.description)"
    case .slope(let quantity, let parameter, let scale):
      "slope of \(quantity.description) against \(parameter)" + (scale == .logarithmic ? " on logarithmic scales" : "")
    case .crossing(let quantity, let parameter, let level):
      "\(parameter) at which \(quantity.description) crosses \(level)"
    case .greatestGap(let first, let second, let parameter):
      "greatest gap between \(first.description) and \(second.description)" + (parameter.map { " along \($0)" } ?? "")
    case .monotone(let quantity, let parameter, let direction):
      "greatest step against \(direction.rawValue) \(quantity.description) along \(parameter)"
    }
  }

  /// The quantities it is of.
  public var quantities: [Quantity] {
    switch self {
    case .mean(let quantity, _), .median(let quantity), .proportion(let quantity), .greatest(let quantity),
      .slope(let quantity, _, _), .crossing(let quantity, _, _), .monotone(let quantity, _, _):
      [quantity]
    case .ratio(let first, let second), .difference(let first, let second), .greatestGap(let first, let second, _):
      [first, second]
    }
  }

  /// How many standard errors a mean must be from zero to be divided by: nearer to it, the law of a quotient has tails that
  /// no standard error tells of.
  private static let fewestErrors = 10.0

  /// The estimate. `isExact` says of a point whether it is a calculation without chance. Throws ``EvidenceError`` where
  /// the results do not suffice.
  public func estimate(_ results: Results, isExact: (Results.Point) throws -> Bool) throws -> Estimate {
    func samples(_ quantity: Quantity) throws -> [Sample] {
      let samples = try quantity.samples(results, isExact: isExact)
      if samples.isEmpty { throw EvidenceError("no point has \(quantity.description)") }
      return samples
    }
    func point(_ quantity: Quantity) throws -> Sample {
      let samples = try samples(quantity)
      guard samples.count == 1 else {
        throw EvidenceError(
          "\(samples.count) points have \(quantity.description), and the estimate is of one; say which under `where:`")
      }
      return samples[0]
    }
    switch self {
    case .mean(let quantity, let scale): return try Aligned([point(quantity)]).mean(scale) { $0[0] }
    case .median(let quantity):
      let sample = try point(quantity)
      let aligned = try Aligned([sample])
      // Replicas may have failed because their numbers were large.
      return try aligned.exact { $0[0] }
        ?? .median(determined: aligned.rows.map { $0[0] } + sample.failed.map { _ in .nan })
    case .proportion(let quantity):
      let sample = try point(quantity)
      let values = try Aligned([sample]).rows.map { $0[0] }
      guard values.allSatisfy({ $0 == 0 || $0 == 1 }) else {
        throw EvidenceError("\(quantity.description) is not 0 or 1 everywhere, so it has no share")
      }
      return .proportion(
        successes: values.count { $0 == 1 }, trials: values.count, undetermined: sample.failed.count)
    case .greatest(let quantity): return .greatest(try samples(quantity).map { try Aligned([$0]).mean { $0[0] } })
    case .ratio(let first, let second):
      let aligned = try Aligned([point(first), point(second)])
      let (mean, error) = (aligned.means[1], Estimate.standardError(aligned.rows.map { $0[1] }))
      guard aligned.isExact || abs(mean) >= Self.fewestErrors * error else {
        throw EvidenceError(
          "the mean of \(second.description), \(short(mean)) with a standard error of \(short(error)), is too uncertain "
            + "to divide by; compare differences, or take more replicas"
            + aligned.count(grownBy: Self.fewestErrors * error / abs(mean)))
      }
      return try aligned.fit { $0[0] / $0[1] }
    case .difference(let first, let second):
      return try Aligned([point(first), point(second)]).mean { $0[0] - $0[1] }
    case .slope(let quantity, let parameter, let scale):
      let curve = try Curve(samples(quantity), against: parameter)
      let x = scale == .linear ? curve.x : curve.x.map(Double.logarithm)
      return try curve.aligned.fit { means in
        let y = scale == .linear ? means : means.map(Double.logarithm)
        guard (x + y).allSatisfy(\.isFinite) else {
          throw EvidenceError("a logarithmic scale has no place for a mean or a \(parameter) that is not positive")
        }
        return Statistics.linearFit(x, y).slope
      }
    case .crossing(let quantity, let parameter, let level):
      let curve = try Curve(samples(quantity), against: parameter)
      let crossing = Crossing(places: curve.x, replicas: curve.aligned.rows, level: level)
      guard let place = crossing.place, crossing.count == 1 else {
        throw EvidenceError(
          "\(quantity.description) \(crossing.course) along \(parameter), from \(curve.x[0]) to \(curve.x[curve.x.count - 1])"
        )
      }
      if let exact = curve.aligned.exact({ _ in place }) { return exact }
      try curve.aligned.requireMildSkewness(crossing.excess)
      return .crossing(crossing)
    case .greatestGap(let first, let second, let parameter):
      let pairs = try Self.pairs(samples(first), samples(second), parameter)
      return .greatest(try pairs.map { try Aligned([$0, $1]).mean { $0[0] - $0[1] }.distance(from: 0) })
    case .monotone(let quantity, let parameter, let direction):
      let curve = try Curve(samples(quantity), against: parameter)
      let sign = direction == .increasing ? 1.0 : -1
      return .greatest(
        try zip(curve.samples, curve.samples.dropFirst()).map {
          try Aligned([$0, $1]).mean { sign * ($0[0] - $0[1]) }
        })
    }
  }

  private static func pairs(_ first: [Sample], _ second: [Sample], _ parameter: String?) throws -> [(Sample, Sample)] {
    guard let parameter else {
      guard first.count == second.count, zip(first, second).allSatisfy({ $0.parameters == $1.parameters }) else {
        throw EvidenceError("the two quantities are not of the same points; say along which parameter, with `against:`")
      }
      return Array(zip(first, second))
    }
    return try first.map { sample in
      let value = sample.parameters[parameter]?.number
      let partners = second.filter { value != nil && $0.parameters[parameter]?.number == value }
      guard partners.count == 1 else {
        throw EvidenceError(
          "\(partners.count) points of the other quantity have \(parameter) = \(value ?? .nan), not one")
      }
      return (sample, partners[0])
    }
  }
}

/// Several samples with the replicas that all of them have, as rows of one number for each sample.
private struct Aligned {
  let rows: [[Double]]
  let isExact: Bool

  init(_ samples: [Sample]) throws {
    var found: [(found: [Int], failed: [Int])] = []
    for sample in samples {
      if case .replicas(let values, let failed) = sample.values { found.append((Array(values.keys), Array(failed))) }
    }
    isExact = found.isEmpty
    rows = try (isExact ? [0] : commonReplicas(found)).map { replica in
      samples.map { sample in
        switch sample.values {
        case .exact(let value): value
        case .replicas(let values, _): values[replica] ?? .nan
        }
      }
    }
  }

  /// Means over the replicas, one for each sample.
  var means: [Double] {
    (rows.first ?? []).indices.map { column in Statistics.mean(rows.map { $0[column] }) }
  }

  func exact(_ measure: ([Double]) throws -> Double) rethrows -> Estimate? {
    isExact ? Estimate(.exact(try measure(rows[0]), numericalError: 0)) : nil
  }

  /// The mean of one number for each replica.
  func mean(_ scale: Estimate.Scale = .linear, _ measure: ([Double]) throws -> Double) rethrows -> Estimate {
    try exact(measure) ?? .mean(try rows.map(measure), scale: scale)
  }

  /// A function of the means, with a standard error from leaving out one replica at a time: the jackknife.
  func fit(_ statistic: ([Double]) throws -> Double) throws -> Estimate {
    if let exact = try exact(statistic) { return exact }
    guard rows.count > 1 else { throw EvidenceError("one replica says nothing on the error of the estimate") }
    let (value, count) = (try statistic(means), Double(rows.count))
    // One number for each replica, whose mean is the estimate but for its bias: Tukey's pseudovalues.
    let pseudovalues = try meansWithoutOne.map { count * value - (count - 1) * (try statistic($0)) }
    try requireMildSkewness(pseudovalues)
    return Estimate(
      .fit(value: value, standardError: Estimate.standardError(pseudovalues), degreesOfFreedom: Double(rows.count - 1)),
      fitSkewness: Estimate.skewness(pseudovalues))
  }

  /// Throws where numbers, one for each replica, are so skewed that the law of their mean is not near to normal; the more
  /// replicas there are, the nearer it is.
  func requireMildSkewness(_ values: [Double]) throws {
    let skewness = Estimate.skewness(values)
    let bound = Estimate.skewnessBound(count: values.count)
    guard abs(skewness) <= bound || skewness.isNaN else {
      throw EvidenceError(
        "replicas are too skewed for a standard error of the estimate (|skewness| = \(short(abs(skewness))) > "
          + "\(short(bound)), the greater of 1 and an eighth of the root of their number); "
          + adviceOnSkewness(skewness))
    }
  }

  /// What helps where they are too skewed for a fit.
  private func adviceOnSkewness(_ skewness: Double) -> String {
    let columns = (rows.first ?? []).indices.map { column in rows.map { $0[column] } }
    let hasTwoValues = columns.contains { Set($0).count == 2 }
    return hasTwoValues
      ? "outputs with two values alone are skewed where one of them is rare: take points where it is not, or claim a"
        + " `proportion` at a point"
      : "take more replicas\(count(grownBy: abs(skewness) * 8 / Double(rows.count).squareRoot())), or an output that is "
        + "less skewed"
  }

  /// ", about 400": how many replicas have what falls with the root of their number smaller by a factor; nothing where they
  /// are more than anybody has.
  func count(grownBy factor: Double) -> String {
    let count = (factor * factor * Double(rows.count)).rounded(.up)
    return count <= 1e9 ? ", about \(Int(count))" : ""
  }

  /// For each replica the means over all others: sums of those before and those behind, as a difference from the sum of
  /// all would lose a small number beside a large one.
  private var meansWithoutOne: [[Double]] {
    let zeros = means.map { _ in 0.0 }
    func sums(_ rows: some Sequence<[Double]>) -> [[Double]] {
      rows.reduce(into: [zeros]) { sums, row in sums.append(zip(sums[sums.count - 1], row).map(+)) }
    }
    let (before, behind) = (sums(rows), Array(sums(rows.reversed()).reversed()))
    return rows.indices.map { index in
      zip(before[index], behind[index + 1]).map { ($0 + $1) / Double(rows.count - 1) }
    }
  }
}

/// Samples in ascending order of a parameter.
private struct Curve {
  let x: [Double]
  let samples: [Sample]
  let aligned: Aligned

  init(_ samples: [Sample], against parameter: String) throws {
    let placed = try samples.map { sample in
      guard let x = sample.parameters[parameter]?.number else {
        throw EvidenceError("'\(parameter)' is no parameter that is a number")
      }
      return (x: x, sample: sample)
    }.sorted { $0.x < $1.x }
    guard placed.count > 1, zip(placed, placed.dropFirst()).allSatisfy({ $0.x < $1.x }) else {
      throw EvidenceError("needs points with different values of \(parameter); narrow them with `where:`")
    }
    x = placed.map(\.x)
    self.samples = placed.map(\.sample)
    aligned = try Aligned(self.samples)
  }
}
