private import Foundation
internal import NumericalMethods
internal import PaperKit

// What tables and estimators share: counts of fits, and the transitions fitted to them.

/// A pair (k, d).
struct Network: Hashable, Comparable {
  let studentWidth: Int
  let inputDimension: Int

  /// kd.
  var parameterCount: Double { Double(studentWidth * inputDimension) }

  static func < (left: Network, right: Network) -> Bool {
    (left.inputDimension, left.studentWidth) < (right.inputDimension, right.studentWidth)
  }
}

/// Something that was counted of one network.
protocol OfNetwork {
  var network: Network { get }
}

/// Fits among trials at one (k, d, n).
struct FitCount: OfNetwork {
  let network: Network
  let sampleCount: Double
  let successes: Int
  let trials: Int

  /// kd/n.
  var parameterRatio: Double { network.parameterCount / sampleCount }
}

/// How often descent fitted the labels within a share of the allowed steps, per sweep point. Throws ``EvidenceError`` where a
/// replica failed.
func fittingCounts(_ results: Results, withinShare share: Double = 1) throws -> [FitCount] {
  try results.points(of: FittingTransition.self).map { point in
    try point.requireAllReplicas()
    let steps = point[FittingTransition.iterationCount].values
    let budget = share * Double(point.parameters.maximumIterationCount)
    return FitCount(
      network: Network(
        studentWidth: point.parameters.studentWidth, inputDimension: point.parameters.inputDimension),
      sampleCount: Double(point.parameters.sampleCount),
      successes: zip(point[FittingTransition.fitted].values, steps).filter { $0 > 0.5 && $1 <= budget }.count,
      trials: point.replicaCount)
  }
}

/// How often Levenberg–Marquardt did.
func capacityCounts(_ results: Results) throws -> [FitCount] {
  try results.points(of: Capacity.self).map { point in
    try point.requireAllReplicas()
    return FitCount(
      network: Network(
        studentWidth: point.parameters.studentWidth, inputDimension: point.parameters.inputDimension),
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
      network: Network(
        studentWidth: point.parameters.studentWidth,
        inputDimension: Int((point[DigitLabels.parameterRatio][0] * n / k).rounded())),
      sampleCount: n,
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

/// kd/n* of the networks in some counts, in order of d and k. Throws ``EvidenceError`` where one has no transition.
func transitions(_ counts: [FitCount]) throws -> [(network: Network, ratio: Estimate)] {
  try Dictionary(grouping: counts, by: \.network).sorted { $0.key < $1.key }.map { network, counts in
    let fit = try transition(counts)
    return (
      network,
      .fit(
        value: exp(fit.midpoint), standardError: exp(fit.midpoint) * fit.midpointStandardError,
        degreesOfFreedom: Double(counts.reduce(0) { $0 + $1.trials } - 2))
    )
  }
}

/// kd/n* of some counts, the geometric mean over their networks: each counts alike, at however many sample counts and in
/// however many runs it was tried.
func transitionRatio(_ counts: [FitCount]) throws -> Estimate {
  let found = try transitions(counts)
  guard !found.isEmpty else { throw EvidenceError("no runs") }
  return .propagated(
    found.map(\.ratio), degreesOfFreedom: Double(counts.reduce(0) { $0 + $1.trials } - 2 * found.count)
  ) { exp(Statistics.mean($0.map { log($0) })) }
}
