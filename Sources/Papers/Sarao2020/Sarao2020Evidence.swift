internal import NumericalMethods
internal import PaperKit

// What tables and estimators share: counts over sweep points, and thresholds fitted to them.

/// Successes among trials at one (d, m*, n).
struct SuccessCount {
  let inputDimension: Int
  let teacherWidth: Int
  let sampleCount: Int
  let successes: Int
  let trials: Int

  /// The group that one threshold belongs to.
  var system: System { System(inputDimension: inputDimension, teacherWidth: teacherWidth) }
}

/// A pair (d, m*).
struct System: Hashable, Comparable {
  let inputDimension: Int
  let teacherWidth: Int

  /// The counting formula n_c.
  var countingThreshold: Double {
    Double(Theory.countingThreshold(inputDimension: inputDimension, teacherWidth: teacherWidth))
  }

  static func < (left: System, right: System) -> Bool {
    (left.inputDimension, left.teacherWidth) < (right.inputDimension, right.teacherWidth)
  }
}

/// How often the teacher was the only zero, per sweep point.
func uniquenessCounts(_ results: Results) throws -> [SuccessCount] {
  try results.points(of: Uniqueness.self).map { point in
    try point.requireAllReplicas()
    return SuccessCount(
      inputDimension: point.parameters.inputDimension, teacherWidth: point.parameters.teacherWidth,
      sampleCount: point.parameters.sampleCount, successes: point.count(Uniqueness.unique), trials: point.replicaCount)
  }
}

/// The sample count n_50 at which the probability of one (d, m*) passes 1/2.
///
/// Logistic maximum likelihood P(n) = 1 / (1 + exp(-(n - n_50) / w)), standard error from the information matrix. For
/// m* >= d - 1 the law is a step between D - 1 and D (proved); a step in the counts is then an identity. Throws
/// ``EvidenceError`` where there is no fit.
func threshold(_ counts: [SuccessCount], of system: System) throws -> Estimate {
  do {
    let fit = try LogisticFit(
      positions: counts.map { Double($0.sampleCount) }, successes: counts.map(\.successes),
      trials: counts.map(\.trials))
    return .fit(value: fit.midpoint, standardError: fit.midpointStandardError)
  } catch .separated(let step) where system.teacherWidth >= system.inputDimension - 1 {
    let middle = (step.low + step.high) / 2
    return .identity(counts.flatMap { Array(repeating: middle, count: $0.trials) })
  } catch {
    throw EvidenceError("d = \(system.inputDimension), m* = \(system.teacherWidth): \(error.description)")
  }
}

/// The thresholds of every (d, m*) that data sets are counted at, in order. Throws ``EvidenceError`` where there is none.
func thresholds(_ results: Results) throws -> [(system: System, threshold: Estimate)] {
  let counts = try uniquenessCounts(results)
  guard !counts.isEmpty else { throw EvidenceError("no data sets") }
  return try Dictionary(grouping: counts, by: \.system).sorted { $0.key < $1.key }.map { system, counts in
    (system, try threshold(counts, of: system))
  }
}
