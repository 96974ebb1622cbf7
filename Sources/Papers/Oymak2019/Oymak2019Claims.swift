private import Foundation
internal import NumericalMethods
internal import PaperKit

// How the numbers behind the claims on descent, on counting and on the certified regime are measured. The unit of evidence
// is the replica: one problem, one run.

/// Steps of the third decade of |r| over those of the second, per run.
func decadeRatios(_ point: ExperimentPoint<Distance>) -> [Double] {
  point.perReplica(Distance.decadeEnd) { ($0[2] - $0[1]) / ($0[1] - $0[0]) }
}

/// Estimators of convergence and distance.
let descentEstimators: [Estimator] = [
  .median(
    "oymak2019/late-rate-ratio", of: Convergence.self,
    meaning: "rate of $\\ln |r|$ over the last 30 % of the steps, over $η λ_\\min(K)$ at the end; median at one width"
  ) { point in
    let steps = point[Convergence.iteration].values
    return (0..<point.replicaCount).map { replica in
      let boundRate = -log(point[Convergence.bound][replica, steps.count - 1]) / steps[steps.count - 1]
      return point[Convergence.rateRatio][replica] * boundRate
        / (point[Convergence.stepSize][replica] * point[Convergence.endSpectrum][replica, 0])
    }
  },
  .greatest(
    "oymak2019/bound-over-rate", of: Convergence.self,
    meaning: """
      rate of the bound over that of ln |r| over the last 30 % of the steps, median over runs, greatest over widths
      """
  ) { .median($0[Convergence.rateRatio].values.map { 1 / $0 }) },
  .greatest(
    "oymak2019/linear-residual-gap", of: Convergence.self,
    meaning: """
      relative distance of |r| from the linearised network after one step, median over runs, greatest over widths \
      and activations
      """
  ) { point in
    let residuals = try [Convergence.residual, Convergence.linearResidual].map {
      try point.values(of: $0, at: 1, in: Convergence.iteration)
    }
    return .median(zip(residuals[0], residuals[1]).map { abs($0 / $1 - 1) })
  },
  .pooledShare(
    "oymak2019/fit-share", of: Distance.self, meaning: "share of runs that fit the labels, all sweep points together"
  ) { $0[Distance.fitted].values.map { $0 > 0.5 } },
  .greatest(
    "oymak2019/decade-ratio", of: Distance.self,
    meaning: """
      steps in which $|r|$ falls from 1/100 to 1/1000 of $|r_0|$, over those from 1/10 to 1/100; median over runs, greatest \
      over sizes
      """
  ) { .median(decadeRatios($0)) },
  Estimator(
    "oymak2019/movement-sample-exponent", from: [Distance.self],
    meaning: "slope of $\\ln(|W - W_0|/|W_0|)$ against $\\ln n$, median over sets of problems"
  ) { .median(try logSlopes($0.points(of: Distance.self), Distance.relativeMovement) { Double($0.sampleCount) }) },
  Estimator(
    "oymak2019/distance-width-exponent", from: [Distance.self], meaning: "slope of $\\ln |W - W_0|$ against $\\ln k$"
  ) { .mean(try logSlopes($0.points(of: Distance.self), Distance.distance) { Double($0.studentWidth) }) },
  .greatest(
    "oymak2019/eigenvalue-loss", of: Distance.self,
    meaning: "1 - $λ_\\min(K)$ at the end over that at the start; median over runs, greatest over sizes"
  ) { .median($0[Distance.eigenvalueRatio].values.map { 1 - $0 }) },
  Estimator(
    "oymak2019/distance-exponent", from: [Distance.self],
    meaning: "slope of $\\ln |W - W_0|$ against $\\ln n$; median over sets of problems, for runs that go far are rare"
  ) { .median(try logSlopes($0.points(of: Distance.self), Distance.distance) { Double($0.sampleCount) }) },
  .median(
    "oymak2019/linear-distance-ratio", of: Distance.self,
    meaning:
      "$|W - W_0|$ over that of the linearised network, at one sweep point; median, for runs that go far are rare"
  ) { $0.ratios(Distance.distance, over: Distance.linearDistance) },
  Estimator(
    "oymak2019/flip-exponent", from: [Distance.self], meaning: "slope of ln(share of sign changes) against ln k"
  ) { .mean(try logSlopes($0.points(of: Distance.self), Distance.flippedShare) { Double($0.studentWidth) }) },
  Estimator(
    "oymak2019/corruption-distance-ratio", from: [LabelCorruption.self],
    meaning: "distance for clean labels over that for random labels, paired"
  ) { results in
    .mean(
      try cleanOverRandom(results, LabelCorruption.self, LabelCorruption.distance, \.corruptedShare),
      scale: .logarithmic)
  },
  Estimator(
    "oymak2019/digit-true-ratio", from: [DigitLabels.self],
    meaning: "kd/n at which descent fits half of the problems with true labels of digits"
  ) { try transitionRatio(digitCounts($0, corruptedShare: 0)) },
  Estimator(
    "oymak2019/digit-random-ratio", from: [DigitLabels.self],
    meaning: "kd/n at which descent fits half of the problems with random labels of digits"
  ) { try transitionRatio(digitCounts($0, corruptedShare: 1)) },
  Estimator(
    "oymak2019/digit-iteration-ratio", from: [DigitLabels.self],
    meaning: "steps needed for true labels of digits over those for random labels, paired, median over problems"
  ) { .median(try cleanOverRandom($0, DigitLabels.self, DigitLabels.iterationCount, \.corruptedShare)) },
  Estimator(
    "oymak2019/digit-distance-ratio", from: [DigitLabels.self],
    meaning: "distance for true labels of digits over that for random labels, paired; median, for long runs are rare"
  ) { .median(try cleanOverRandom($0, DigitLabels.self, DigitLabels.distance, \.corruptedShare)) },
]

/// A quantity for clean labels over that for random labels, problem by problem.
private func cleanOverRandom<E: Experiment>(
  _ results: Results, _ experiment: E.Type, _ output: OutputArray, _ corruptedShare: (E.Parameters) -> Double
) throws -> [Double] {
  try ratios(
    output, of: results.point(of: experiment) { corruptedShare($0) == 0 },
    over: results.point(of: experiment) { corruptedShare($0) == 1 })
}

/// Estimators of stochastic descent, of counting, and of the certified regime.
let otherEstimators: [Estimator] = [
  .greatest(
    "oymak2019/stochastic-rate-ratio", of: StochasticDescent.self,
    meaning: "greatest rate of $\\ln E|r|^2$ over the bound, median over problems"
  ) { .median(try stochasticRatios($0)) },
  .greatest(
    "oymak2019/stochastic-bound-ratio", of: StochasticDescent.self,
    meaning: "greatest bound over rate of $\\ln E|r|^2$, median over problems"
  ) { .median(try stochasticRatios($0).map { 1 / $0 }) },
  .greatest(
    "oymak2019/counting-gap", of: OutputLayer.self,
    meaning: "greatest distance of the residual from 1 - (trained weights)/n, or from 0 beyond"
  ) { point in
    let (residuals, rest) = (point[OutputLayer.residual].values, 1 - point.parameters.trainedRatio)
    // With as many weights as samples nothing is left but rounding, about 1e-28, whatever the features are.
    return rest > 0 ? .mean(residuals).distance(from: rest) : .identity(residuals, numericalError: 1e-20)
  },
  .mean(
    "oymak2019/certified-constant", of: CertifiedRegime.self, scale: .logarithmic,
    meaning: "certified $kd$ over $n^2$ at one $n$"
  ) { point in
    let n = Double(point.parameters.sampleCount)
    return point[CertifiedRegime.certifiedParameterCount].values.map { $0 / (n * n) }
  },
  Estimator(
    "oymak2019/certified-linear-gap", from: [CertifiedRegime.self],
    meaning: "relative distance of $|W - W_0|$ from that of the linearised network, median over certified runs"
  ) { .median(try certified($0, CertifiedRegime.linearRatio).map { abs($0 - 1) }) },
  Estimator(
    "oymak2019/certified-eigenvalue-loss", from: [CertifiedRegime.self],
    meaning: "greatest fall of $λ_\\min(K)$ on the path, over certified runs"
  ) { .identity(try certified($0, CertifiedRegime.pathEigenvalue).map { 1 - $0 }) },
  Estimator(
    "oymak2019/certified-distance-ratio", from: [CertifiedRegime.self],
    meaning: "greatest distance over its bound, over certified runs"
  ) { .identity(try certified($0, CertifiedRegime.distanceRatio)) },
  Estimator(
    "oymak2019/certified-bound-ratio", from: [CertifiedRegime.self],
    meaning: "greatest |r| over its bound, over certified runs"
  ) { .identity(try certified($0, CertifiedRegime.boundRatio)) },
]

/// rate / bound of every problem. Throws where a rate is missing.
private func stochasticRatios(_ point: ExperimentPoint<StochasticDescent>) throws -> [Double] {
  let ratios = point.ratios(StochasticDescent.rate, over: StochasticDescent.boundRate)
  guard ratios.allSatisfy({ $0 > 0 && $0.isFinite }) else {
    throw EvidenceError(
      "some problems at width \(point.parameters.studentWidth) have no positive rate: too few epochs, or divergence")
  }
  return ratios
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
