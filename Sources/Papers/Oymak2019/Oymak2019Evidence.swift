private import Foundation
internal import NumericalMethods
internal import PaperKit

// What tables and estimators share: counts of fits, and the transitions fitted to them.

/// Fits among trials at one (k, d, n).
struct FitCount {
  let studentWidth: Int
  let inputDimension: Int
  let sampleCount: Double
  let successes: Int
  let trials: Int

  /// kd.
  var parameterCount: Double { Double(studentWidth * inputDimension) }
  /// kd/n.
  var parameterRatio: Double { parameterCount / sampleCount }
  /// The network that one transition belongs to.
  var network: Network { Network(studentWidth: studentWidth, inputDimension: inputDimension) }
}

/// A pair (k, d).
struct Network: Hashable, Comparable {
  let studentWidth: Int
  let inputDimension: Int

  static func < (left: Network, right: Network) -> Bool {
    (left.inputDimension, left.studentWidth) < (right.inputDimension, right.studentWidth)
  }
}

/// Number of ones in an output of flags.
private func ones(_ flags: NDArray) -> Int { flags.values.reduce(0) { $1 > 0.5 ? $0 + 1 : $0 } }

/// How often descent fitted the labels within a share of the allowed steps, per sweep point; of some replicas, by their
/// places in the arrays, or of all. Throws ``EvidenceError`` where a replica failed.
func fittingCounts(
  _ points: [ExperimentPoint<FittingTransition>], withinShare share: Double = 1, replicas: [Int]? = nil
) throws -> [FitCount] {
  try points.map { point in
    try point.requireAllReplicas()
    let steps = point[FittingTransition.iterationCount]
    let fitted = point[FittingTransition.fitted]
    let budget = share * Double(point.parameters.maximumIterationCount)
    let replicas = replicas ?? Array(0..<point.replicaCount)
    return FitCount(
      studentWidth: point.parameters.studentWidth, inputDimension: point.parameters.inputDimension,
      sampleCount: Double(point.parameters.sampleCount),
      successes: replicas.filter { fitted[$0] > 0.5 && steps[$0] <= budget }.count, trials: replicas.count)
  }
}

/// The same of all points and replicas.
func fittingCounts(_ results: Results, withinShare share: Double = 1) throws -> [FitCount] {
  try fittingCounts(results.points(of: FittingTransition.self), withinShare: share)
}

/// How often Levenberg–Marquardt did.
func capacityCounts(_ results: Results) throws -> [FitCount] {
  try results.points(of: Capacity.self).map { point in
    try point.requireAllReplicas()
    return FitCount(
      studentWidth: point.parameters.studentWidth, inputDimension: point.parameters.inputDimension,
      sampleCount: Double(point.parameters.sampleCount), successes: ones(point[Capacity.fitted]),
      trials: point.replicaCount)
  }
}

/// How often descent fitted the labels of digits, per sweep point: true labels or random ones.
func digitCounts(_ results: Results, corruptedShare: Double) throws -> [FitCount] {
  try results.points(of: DigitLabels.self).filter { $0.parameters.corruptedShare == corruptedShare }.map { point in
    try point.requireAllReplicas()
    let (k, n) = (Double(point.parameters.studentWidth), Double(point.parameters.sampleCount))
    return FitCount(
      studentWidth: point.parameters.studentWidth,
      inputDimension: Int((point[DigitLabels.parameterRatio][0] * n / k).rounded()), sampleCount: n,
      successes: ones(point[DigitLabels.fitted]), trials: point.replicaCount)
  }
}

/// The logistic fit in ln(kd/n). Throws ``EvidenceError`` with the reason where the grid holds no transition.
func transition(_ counts: [FitCount]) throws -> RidgeLogistic {
  do {
    return try RidgeLogistic(
      positions: counts.map { log($0.parameterRatio) }, successes: counts.map(\.successes),
      trials: counts.map(\.trials))
  } catch let failure as RidgeLogistic.Failure {
    throw EvidenceError(failure.description)
  }
}

/// kd/n* of some counts together, with its standard error.
func threshold(_ counts: [FitCount]) throws -> (value: Double, standardError: Double) {
  let fit = try transition(counts)
  return (exp(fit.midpoint), exp(fit.midpoint) * fit.midpointStandardError)
}

/// kd/n* of every (k, d) in some counts, in order. Throws where one is missing or there are fewer than three.
func thresholds(
  _ counts: [FitCount]
) throws -> [(network: Network, value: Double, standardError: Double, trials: Int)] {
  let found = try Dictionary(grouping: counts, by: \.network).sorted { $0.key < $1.key }.map { network, counts in
    let (value, standardError) = try threshold(counts)
    return (network, value, standardError, counts.reduce(0) { $0 + $1.trials })
  }
  guard found.count > 2 else { throw EvidenceError("needs three networks or more, found \(found.count)") }
  return found
}

/// A smooth function of independent measured numbers with the error that follows from theirs.
func propagated(
  _ values: [(value: Double, standardError: Double)], degreesOfFreedom: Double, _ function: ([Double]) -> Double
) -> Estimate {
  let centre = values.map(\.value)
  var variance = 0.0
  for index in values.indices {
    var (up, down) = (centre, centre)
    up[index] += values[index].standardError
    down[index] -= values[index].standardError
    let change = (function(up) - function(down)) / 2
    variance += change * change
  }
  return .fit(
    value: function(centre), standardError: variance.squareRoot(), degreesOfFreedom: degreesOfFreedom)
}

/// A number computed from all replicas, with the jackknife's standard error: `value` gets the replicas to use.
func jackknife(replicaCount: Int, _ value: ([Int]) throws -> Double) throws -> Estimate {
  guard replicaCount > 2 else { throw EvidenceError("needs 3 replicas or more, found \(replicaCount)") }
  let found = try Statistics.jackknife(Array(0..<replicaCount), value)
  return .fit(
    value: found.value, standardError: found.standardError, degreesOfFreedom: Double(replicaCount - 1))
}

/// The slope of ln y against ln x for every replica: y an output that is a single number, x one number a point.
func logSlopes<E: Experiment>(
  _ points: [ExperimentPoint<E>], _ output: OutputArray, against x: (E.Parameters) -> Double
) throws -> [Double] {
  let positions = points.map { log(x($0.parameters)) }
  guard Set(positions).count > 1 else { throw EvidenceError("needs two positions or more") }
  let points = try paired(points)
  guard points.allSatisfy({ $0[output].values.allSatisfy { $0 > 0 } }) else {
    throw EvidenceError("a quantity that should be positive is not, so it has no logarithm")
  }
  return (0..<points[0].replicaCount).map { replica in
    Statistics.linearFit(positions, points.map { log($0[output].values[replica]) }).slope
  }
}

/// Throws unless something was measured.
func requireSome<Value>(_ values: [Value]) throws -> [Value] {
  guard !values.isEmpty else { throw EvidenceError("no runs") }
  return values
}
