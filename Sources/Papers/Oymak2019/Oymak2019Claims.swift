private import Foundation
internal import NumericalMethods
internal import PaperKit

// How the numbers behind the claims are measured. The unit of evidence is the replica: one problem, one run.

/// Estimators of the transition between fitting and not fitting.
let transitionEstimators = [
  Estimator(
    "oymak2019/transition-ratio", from: [FittingTransition.self],
    meaning: "kd/n at which descent fits half of the problems, all networks together"
  ) { try pooledRatio(fittingCounts($0)) },
  Estimator(
    "oymak2019/capacity-ratio", from: [Capacity.self],
    meaning: "kd/n at which Levenberg–Marquardt fits half of the problems, all networks together"
  ) { try pooledRatio(capacityCounts($0)) },
  Estimator(
    "oymak2019/transition-load-slope-quarter", from: [FittingTransition.self],
    meaning: "slope of ln(kd/n*) against n*/d^2 over networks of the same kd, with a quarter of the steps"
  ) { try loadSlope(fittingCounts($0, withinShare: 0.25)) },
  Estimator(
    "oymak2019/capacity-load-slope", from: [Capacity.self],
    meaning: "slope of ln(kd/n*) against n*/d^2 over networks of the same kd, by Levenberg–Marquardt"
  ) { try loadSlope(capacityCounts($0)) },
  Estimator(
    "oymak2019/transition-load-fall", from: [FittingTransition.self],
    meaning: """
      share of the slope of ln(kd/n*) against n*/d^2 over networks of the same kd with a quarter of the steps that is gone \
      with all
      """
  ) { results in
    try ofBothBudgets(results, loadSlope) { 1 - $0[1] / $0[0] }
  },
  Estimator(
    "oymak2019/budget-exponent", from: [FittingTransition.self],
    meaning: """
      minus the power of the number of steps with which the excess of kd/n over 1 falls, where half of the problems are \
      fitted: a quarter of the steps against all
      """
  ) { results in
    try ofBothBudgets(results, pooledRatio) { ratios in log((ratios[0] - 1) / (ratios[1] - 1)) / log(4) }
  },
  Estimator(
    "oymak2019/transition-exponent", from: [FittingTransition.self],
    meaning: "weighted slope of ln kd against ln n* over the networks"
  ) { results in
    let found = try thresholds(fittingCounts(results))
    let parameters = found.map { Double($0.network.studentWidth * $0.network.inputDimension) }
    return propagated(
      found.map { ($0.value, $0.standardError) }, degreesOfFreedom: Double(found.reduce(0) { $0 + $1.trials - 2 })
    ) { ratios in
      Statistics.linearFit(
        zip(parameters, ratios).map { log($0 / $1) }, parameters.map { log($0) }, weights: weights(found)
      ).slope
    }
  },
  Estimator(
    "oymak2019/start-residual", from: [FittingTransition.self],
    meaning: "|r_0|^2/|y|^2 over its expectation 1 + Var phi(g)"
  ) { results in
    let point = try results.point(of: FittingTransition.self)
    return .mean(
      point[FittingTransition.startResidual].values.map { $0 / (1 + point.parameters.activation.variance) })
  },
]

/// A function of a number within a quarter of the steps and of the same within all. Their errors are taken for independent:
/// what decides at few steps are runs with many more weights, so that they hardly go together, and as far as they do the
/// errors of differences and ratios are smaller.
private func ofBothBudgets(
  _ results: Results, _ measure: ([FitCount]) throws -> Estimate, _ function: ([Double]) -> Double
) throws -> Estimate {
  let counts = try [0.25, 1].map { try fittingCounts(results, withinShare: $0) }
  return propagated(
    try counts.map(measure).map { ($0.value, $0.standardError) },
    degreesOfFreedom: Double(counts[0].reduce(0) { $0 + $1.trials } - 4), function)
}

func pooledRatio(_ counts: [FitCount]) throws -> Estimate {
  let (value, standardError) = try threshold(counts)
  return .fit(
    value: value, standardError: standardError, degreesOfFreedom: Double(counts.reduce(0) { $0 + $1.trials } - 2))
}

/// The weighted slope of ln(kd/n*) against n*/d^2, with the errors of both: over the networks of that kd which most have, so
/// that kd plays no part.
private func loadSlope(_ counts: [FitCount]) throws -> Estimate {
  let networks = Dictionary(grouping: counts, by: \.parameterCount).mapValues { Set($0.map(\.network)).count }
  guard let most = networks.max(by: { $0.value < $1.value }) else { throw EvidenceError("no runs") }
  let found = try thresholds(counts.filter { $0.parameterCount == most.key })
  return propagated(
    found.map { ($0.value, $0.standardError) }, degreesOfFreedom: Double(found.reduce(0) { $0 + $1.trials - 2 })
  ) { ratios in
    let loads = zip(found, ratios).map { network, ratio in
      Double(network.network.studentWidth) / Double(network.network.inputDimension) / ratio
    }
    return Statistics.linearFit(loads, ratios.map { log($0) }, weights: weights(found)).slope
  }
}

/// Weights of the logarithms of transitions: one over their variances.
private func weights(_ found: [(network: Network, value: Double, standardError: Double, trials: Int)]) -> [Double] {
  found.map { ($0.value / $0.standardError) * ($0.value / $0.standardError) }
}

/// Steps of the third decade of |r| over those of the second, per run.
func decadeRatios(_ point: ExperimentPoint<Distance>) -> [Double] {
  point.perReplica(Distance.decadeEnd) { ($0[2] - $0[1]) / ($0[1] - $0[0]) }
}

/// Estimators of convergence and distance.
let descentEstimators = [
  Estimator(
    "oymak2019/late-rate-ratio", from: [Convergence.self],
    meaning: "rate of ln |r| over the last 30 % of the steps, over eta lambda_min(K) at the end; median at one width"
  ) { results in
    let point = try results.point(of: Convergence.self)
    let steps = point[Convergence.iteration].values
    let ratios = (0..<point.replicaCount).map { replica in
      let boundRate = -log(point[Convergence.bound][replica, steps.count - 1]) / steps[steps.count - 1]
      return point[Convergence.rateRatio][replica] * boundRate
        / (point[Convergence.stepSize][replica] * point[Convergence.endSpectrum][replica, 0])
    }
    return .median(ratios)
  },
  Estimator(
    "oymak2019/bound-over-rate", from: [Convergence.self],
    meaning: "rate of the bound over that observed, median over runs, greatest over widths"
  ) { results in
    .greatest(
      try results.points(of: Convergence.self).map {
        .median($0[Convergence.rateRatio].values.map { 1 / $0 })
      })
  },
  Estimator(
    "oymak2019/linear-residual-gap", from: [Convergence.self],
    meaning: """
      relative distance of |r| from the linearised network after one step, median over runs, greatest over widths \
      and activations
      """
  ) { results in
    .greatest(
      try results.points(of: Convergence.self).map { point in
        let first = try point.index(of: 1, in: Convergence.iteration)
        let linear = point[Convergence.linearResidual].column(first)
        return .median(zip(point[Convergence.residual].column(first), linear).map { abs($0 / $1 - 1) })
      })
  },
  Estimator(
    "oymak2019/fit-share", from: [Distance.self],
    meaning: "share of runs that fit the labels, all sweep points together"
  ) { results in
    let flags = try results.points(of: Distance.self).flatMap { $0[Distance.fitted].values }
    return .proportion(
      successes: flags.filter { $0 > 0.5 }.count, trials: flags.count, undetermined: results.failedReplicaCount)
  },
  Estimator(
    "oymak2019/decade-ratio", from: [Distance.self],
    meaning: """
      steps in which |r| falls from 1/100 to 1/1000 of |r_0|, over those from 1/10 to 1/100; median over runs, greatest over \
      sizes
      """
  ) { results in
    .greatest(try results.points(of: Distance.self).map { .median(decadeRatios($0)) })
  },
  Estimator(
    "oymak2019/movement-sample-exponent", from: [Distance.self],
    meaning: "slope of ln(|W - W_0|/|W_0|) against ln n, median over sets of problems"
  ) { results in
    .median(
      try logSlopes(results.points(of: Distance.self), Distance.relativeMovement) { Double($0.sampleCount) })
  },
  Estimator(
    "oymak2019/distance-width-exponent", from: [Distance.self], meaning: "slope of ln |W - W_0| against ln k"
  ) { results in
    .mean(try logSlopes(results.points(of: Distance.self), Distance.distance) { Double($0.studentWidth) })
  },
  Estimator(
    "oymak2019/eigenvalue-loss", from: [Distance.self],
    meaning: "1 - lambda_min(K) at the end over that at the start; median over runs, greatest over sizes"
  ) { results in
    .greatest(
      try results.points(of: Distance.self).map { .median($0[Distance.eigenvalueRatio].values.map { 1 - $0 }) })
  },
  Estimator(
    "oymak2019/distance-exponent", from: [Distance.self],
    meaning: "slope of ln |W - W_0| against ln n; median over sets of problems, for runs that go far are rare"
  ) { results in
    .median(try logSlopes(results.points(of: Distance.self), Distance.distance) { Double($0.sampleCount) })
  },
  Estimator(
    "oymak2019/linear-distance-ratio", from: [Distance.self],
    meaning: "|W - W_0| over that of the linearised network, at one sweep point; median, for runs that go far are rare"
  ) { results in
    let point = try results.point(of: Distance.self)
    return .median(zip(point[Distance.distance].values, point[Distance.linearDistance].values).map { $0 / $1 })
  },
  Estimator(
    "oymak2019/flip-exponent", from: [Distance.self], meaning: "slope of ln(share of sign changes) against ln k"
  ) { results in
    .mean(try logSlopes(results.points(of: Distance.self), Distance.flippedShare) { Double($0.studentWidth) })
  },
  Estimator(
    "oymak2019/corruption-distance-ratio", from: [LabelCorruption.self],
    meaning: "distance for clean labels over that for random labels, paired"
  ) { .mean(try corruptionRatios($0, LabelCorruption.distance), scale: .logarithmic) },
  Estimator(
    "oymak2019/digit-true-ratio", from: [DigitLabels.self],
    meaning: "kd/n at which descent fits half of the problems with true labels of digits"
  ) { try pooledRatio(digitCounts($0, corruptedShare: 0)) },
  Estimator(
    "oymak2019/digit-random-ratio", from: [DigitLabels.self],
    meaning: "kd/n at which descent fits half of the problems with random labels of digits"
  ) { try pooledRatio(digitCounts($0, corruptedShare: 1)) },
  Estimator(
    "oymak2019/digit-iteration-ratio", from: [DigitLabels.self],
    meaning: "steps needed for true labels of digits over those for random labels, paired, median over problems"
  ) { .median(try digitRatios($0, DigitLabels.iterationCount)) },
  Estimator(
    "oymak2019/digit-distance-ratio", from: [DigitLabels.self],
    meaning: "distance for true labels of digits over that for random labels, paired; median, for long runs are rare"
  ) { .median(try digitRatios($0, DigitLabels.distance)) },
]

private func corruptionRatios(_ results: Results, _ output: OutputArray) throws -> [Double] {
  try pairedRatios(results.points(of: LabelCorruption.self), output, \.corruptedShare)
}

private func digitRatios(_ results: Results, _ output: OutputArray) throws -> [Double] {
  try pairedRatios(results.points(of: DigitLabels.self), output, \.corruptedShare)
}

/// A quantity for clean labels over that for random labels, problem by problem.
private func pairedRatios<E: Experiment>(
  _ points: [ExperimentPoint<E>], _ output: OutputArray, _ corruptedShare: (E.Parameters) -> Double
) throws -> [Double] {
  let clean = points.filter { corruptedShare($0.parameters) == 0 }
  let random = points.filter { corruptedShare($0.parameters) == 1 }
  guard clean.count == 1, random.count == 1 else {
    throw EvidenceError("needs one point of corruptedShare 0 and one of 1, found \(clean.count) and \(random.count)")
  }
  let values = try paired(clean + random).map { $0[output].values }
  return zip(values[0], values[1]).map { $0 / $1 }
}

/// Estimators of stochastic descent, of counting, and of the certified regime.
let otherEstimators = [
  Estimator(
    "oymak2019/stochastic-rate-ratio", from: [StochasticDescent.self],
    meaning: "greatest rate of ln E|r|^2 over the bound, median over problems"
  ) { results in
    .greatest(try stochasticRatios(results).map { .median($0) })
  },
  Estimator(
    "oymak2019/stochastic-bound-ratio", from: [StochasticDescent.self],
    meaning: "greatest bound over rate of ln E|r|^2, median over problems"
  ) { results in
    .greatest(try stochasticRatios(results).map { .median($0.map { 1 / $0 }) })
  },
  Estimator(
    "oymak2019/counting-gap", from: [OutputLayer.self],
    meaning: "greatest distance of the residual from 1 - (trained weights)/n, or from 0 beyond"
  ) { results in
    let points = try requireSome(results.points(of: OutputLayer.self))
    return .greatest(
      points.map { point in
        let (residuals, rest) = (point[OutputLayer.residual].values, 1 - point.parameters.trainedRatio)
        // With as many weights as samples nothing is left but rounding, about 1e-28, whatever the features are.
        return rest > 0 ? .mean(residuals).distance(from: rest) : .identity(residuals, numericalError: 1e-20)
      })
  },
  Estimator(
    "oymak2019/certified-constant", from: [CertifiedRegime.self], meaning: "certified kd over n^2 at one n"
  ) { results in
    let point = try results.point(of: CertifiedRegime.self)
    let n = Double(point.parameters.sampleCount)
    return .mean(
      point[CertifiedRegime.certifiedParameterCount].values.map { $0 / (n * n) }, scale: .logarithmic)
  },
  Estimator(
    "oymak2019/certified-linear-gap", from: [CertifiedRegime.self],
    meaning: "relative distance of |W - W_0| from that of the linearised network, median over certified runs"
  ) { results in .median(try certified(results, CertifiedRegime.linearRatio).map { abs($0 - 1) }) },
  Estimator(
    "oymak2019/certified-eigenvalue-loss", from: [CertifiedRegime.self],
    meaning: "greatest fall of lambda_min(K) on the path, over certified runs"
  ) { results in .identity(try certified(results, CertifiedRegime.pathEigenvalue).map { 1 - $0 }) },
  Estimator(
    "oymak2019/certified-distance-ratio", from: [CertifiedRegime.self],
    meaning: "greatest distance over its bound, over certified runs"
  ) { results in .identity(try certified(results, CertifiedRegime.distanceRatio)) },
  Estimator(
    "oymak2019/certified-bound-ratio", from: [CertifiedRegime.self],
    meaning: "greatest |r| over its bound, over certified runs"
  ) { results in .identity(try certified(results, CertifiedRegime.boundRatio)) },
]

/// rate / bound of every problem, per sweep point. Throws where a rate is missing.
private func stochasticRatios(_ results: Results) throws -> [[Double]] {
  try requireSome(results.points(of: StochasticDescent.self)).map { point in
    let ratios = zip(point[StochasticDescent.rate].values, point[StochasticDescent.boundRate].values).map { $0 / $1 }
    guard ratios.allSatisfy({ $0 > 0 && $0.isFinite }) else {
      throw EvidenceError(
        "some problems at width \(point.parameters.studentWidth) have no positive rate: too few epochs, or divergence")
    }
    return ratios
  }
}

/// An output of the runs that fulfil the condition of the theorem.
private func certified(_ results: Results, _ output: OutputArray) throws -> [Double] {
  let runs = try results.points(of: CertifiedRegime.self).flatMap { point in
    zip(point[CertifiedRegime.condition].values, point[output].values).map { (condition: $0, value: $1) }
  }
  guard !runs.contains(where: \.condition.isNaN) else { throw EvidenceError("a run was not followed") }
  let certified = runs.filter { $0.condition <= 1 }
  guard !certified.isEmpty else { throw EvidenceError("no run fulfils the condition of the theorem") }
  return certified.map(\.value)
}
