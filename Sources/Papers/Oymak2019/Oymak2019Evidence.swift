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
      sampleCount: Double(point.parameters.sampleCount), successes: point.count(Capacity.fitted),
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
      successes: point.count(DigitLabels.fitted), trials: point.replicaCount)
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

/// kd/n* of some counts together.
func transitionRatio(_ counts: [FitCount]) throws -> Estimate {
  let fit = try transition(counts)
  return .fit(
    value: exp(fit.midpoint), standardError: exp(fit.midpoint) * fit.midpointStandardError,
    degreesOfFreedom: Double(counts.reduce(0) { $0 + $1.trials } - 2))
}
