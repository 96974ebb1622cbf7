private import Foundation
internal import NumericalMethods
internal import PaperKit

// How the numbers behind the claims on the transition between fitting and not fitting are measured. None depends on how many
// sample counts or runs a network has: each network has a transition of its own, and all of them count alike.

/// Estimators of the transition.
let transitionEstimators: [Estimator] = [
  Estimator(
    "oymak2019/transition-ratio", from: [FittingTransition.self],
    meaning: "$kd/n$ at which descent fits half of the problems, geometric mean over networks"
  ) { try transitionRatio(fittingCounts($0)) },
  Estimator(
    "oymak2019/capacity-ratio", from: [Capacity.self],
    meaning: "$kd/n$ at which Levenberg–Marquardt fits half of the problems, geometric mean over networks"
  ) { try transitionRatio(capacityCounts($0)) },
  Estimator(
    "oymak2019/transition-load-slope-quarter", from: [FittingTransition.self],
    meaning: "slope of $\\ln(kd/n^*)$ against $n^*/d^2$ over networks of the same $kd$, with a quarter of the steps"
  ) { results in
    let counts = try ofMostCommonSize(fittingCounts(results, withinShare: 0.25))
    return try ofTransitions(counts, loadSlope)
  },
  Estimator(
    "oymak2019/capacity-load-slope", from: [Capacity.self],
    meaning: "slope of $\\ln(kd/n^*)$ against $n^*/d^2$ over networks of the same $kd$, by Levenberg–Marquardt"
  ) { try ofTransitions(ofMostCommonSize(capacityCounts($0)), loadSlope) },
  Estimator(
    "oymak2019/transition-load-fall", from: [FittingTransition.self],
    meaning: """
      share of the slope of $\\ln(kd/n^*)$ against $n^*/d^2$ over networks of the same $kd$ with a quarter of the steps \
      that is gone with all
      """
  ) { results in
    try ofBothBudgets(ofMostCommonSize(outcomes(results))) { networks, quarter, all in
      1 - loadSlope(networks, all) / loadSlope(networks, quarter)
    }
  },
  Estimator(
    "oymak2019/budget-exponent", from: [FittingTransition.self],
    meaning: """
      minus the power of the number of steps with which the excess of $kd/n$ over 1 falls, where half of the problems are \
      fitted: a quarter of the steps against all; mean over networks
      """
  ) { results in
    try ofBothBudgets(outcomes(results)) { Statistics.mean(budgetExponents($1, $2)) }
  },
  Estimator(
    "oymak2019/transition-exponent", from: [FittingTransition.self],
    meaning: "slope of $\\ln kd$ against $\\ln n^*$ over the networks"
  ) { results in
    try ofTransitions(fittingCounts(results)) { networks, ratios in
      let parameters = networks.map { Double($0.studentWidth * $0.inputDimension) }
      return Statistics.linearFit(zip(parameters, ratios).map { log($0 / $1) }, parameters.map { log($0) }).slope
    }
  },
  .mean(
    "oymak2019/start-residual", of: FittingTransition.self,
    meaning: "$|r_0|^2/|y|^2$ over its expectation $1 + \\operatorname{Var} φ(g)$"
  ) { point in
    point[FittingTransition.startResidual].values.map { $0 / (1 + point.parameters.activation.variance) }
  },
]

/// The slope of ln(kd/n*) against n*/d^2.
private func loadSlope(_ networks: [Network], _ ratios: [Double]) -> Double {
  let loads = zip(networks, ratios).map { Double($0.studentWidth) / Double($0.inputDimension) / $1 }
  return Statistics.linearFit(loads, ratios.map { log($0) }).slope
}

/// Minus the powers of the number of steps with which kd/n* - 1 falls from a quarter of the steps to all, network by network.
func budgetExponents(_ quarter: [Double], _ all: [Double]) -> [Double] {
  zip(quarter, all).map { log(($0 - 1) / ($1 - 1)) / log(4) }
}

/// What belongs to the networks of that kd which most have, so that kd plays no part.
private func ofMostCommonSize<Count: OfNetwork>(_ counts: [Count]) throws -> [Count] {
  let networks = Dictionary(grouping: counts, by: \.network.parameterCount).mapValues { Set($0.map(\.network)).count }
  guard let most = networks.max(by: { ($0.value, $0.key) < ($1.value, $1.key) }) else { throw EvidenceError("no runs") }
  return counts.filter { $0.network.parameterCount == most.key }
}

/// A function of kd/n* of every (k, d) in some counts, in order. Throws where a transition is missing or there are fewer than
/// three.
private func ofTransitions(
  _ counts: [FitCount], _ function: ([Network], _ ratios: [Double]) -> Double
) throws -> Estimate {
  let found = try transitions(counts)
  guard found.count > 2 else { throw EvidenceError("needs three networks or more, found \(found.count)") }
  return .propagated(
    found.map(\.ratio), degreesOfFreedom: Double(counts.reduce(0) { $0 + $1.trials } - 2 * found.count)
  ) { function(found.map(\.network), $0) }
}

/// How the runs at one (k, d, n) ended.
struct Outcomes: OfNetwork {
  let network: Network
  let sampleCount: Double
  /// Runs that fitted within a quarter of the steps, that did later, and that did not.
  var counts: [Int]

  /// The fits within a quarter of the steps, or within all.
  func fits(withinQuarter: Bool) -> FitCount {
    FitCount(
      network: network, sampleCount: sampleCount, successes: counts[0] + (withinQuarter ? 0 : counts[1]),
      trials: counts.reduce(0, +))
  }
}

/// How the runs ended, per sweep point.
func outcomes(_ results: Results) throws -> [Outcomes] {
  let (quarter, all) = (try fittingCounts(results, withinShare: 0.25), try fittingCounts(results))
  return zip(quarter, all).map {
    Outcomes(
      network: $0.network, sampleCount: $0.sampleCount,
      counts: [$0.successes, $1.successes - $0.successes, $1.trials - $1.successes])
  }
}

/// A function of kd/n* of every network within a quarter of the steps and within all.
///
/// The two go together, as the same runs decide both, so that the error is that of the delete-one jackknife over runs, network
/// by network: the runs of one are independent of those of another. Runs that ended alike at one sample count leave the same
/// behind. Throws where a transition is missing or there are fewer than three networks.
func ofBothBudgets(
  _ outcomes: [Outcomes], _ function: ([Network], _ quarter: [Double], _ all: [Double]) -> Double
) throws -> Estimate {
  let groups = Dictionary(grouping: outcomes, by: \.network).sorted { $0.key < $1.key }
  guard groups.count > 2 else { throw EvidenceError("needs three networks or more, found \(groups.count)") }
  func ratios(_ outcomes: [Outcomes]) throws -> [Double] {
    try [true, false].map { quarter in exp(try transition(outcomes.map { $0.fits(withinQuarter: quarter) }).midpoint) }
  }
  let found = try groups.map { try ratios($0.value) }
  func value(_ found: [[Double]]) -> Double { function(groups.map(\.key), found.map { $0[0] }, found.map { $0[1] }) }
  let variances = try groups.indices.map { index in
    let points = groups[index].value
    var (partial, multiplicities): ([Double], [Double]) = ([], [])
    for place in points.indices {
      for ending in points[place].counts.indices where points[place].counts[ending] > 0 {
        var others = points
        others[place].counts[ending] -= 1
        var changed = found
        changed[index] = try ratios(others)
        partial.append(value(changed))
        multiplicities.append(Double(points[place].counts[ending]))
      }
    }
    let count = multiplicities.reduce(0, +)
    let centre = zip(partial, multiplicities).reduce(0) { $0 + $1.0 * $1.1 } / count
    return (count - 1) / count
      * zip(partial, multiplicities).reduce(0) { $0 + ($1.0 - centre) * ($1.0 - centre) * $1.1 }
  }
  let runs = outcomes.reduce(0) { $0 + $1.counts.reduce(0, +) }
  return .fit(
    value: value(found), standardError: variances.reduce(0, +).squareRoot(),
    degreesOfFreedom: Double(runs - 4 * groups.count))
}
