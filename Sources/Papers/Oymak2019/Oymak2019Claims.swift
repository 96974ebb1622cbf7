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
    "oymak2019/parameter-ratio-spread", from: [FittingTransition.self],
    meaning: "standard deviation over mean of kd/n* of the networks"
  ) { try spread($0) { _, ratio in ratio } },
  Estimator(
    "oymak2019/width-ratio-spread", from: [FittingTransition.self],
    meaning: "standard deviation over mean of k/n* of the networks"
  ) { try spread($0) { network, ratio in ratio / Double(network.inputDimension) } },
  Estimator(
    "oymak2019/root-ratio-spread", from: [FittingTransition.self],
    meaning: "standard deviation over mean of sqrt(kd)/n* of the networks"
  ) {
    try spread($0) { network, ratio in ratio / Double(network.studentWidth * network.inputDimension).squareRoot() }
  },
  Estimator(
    "oymak2019/transition-exponent", from: [FittingTransition.self],
    meaning: "slope of ln kd against ln n* over the networks"
  ) { results in
    let found = try thresholds(fittingCounts(results))
    let parameters = found.map { Double($0.network.studentWidth * $0.network.inputDimension) }
    return propagated(
      found.map { ($0.value, $0.standardError) }, degreesOfFreedom: Double(found.reduce(0) { $0 + $1.trials - 2 })
    ) { ratios in
      Statistics.linearFit(zip(parameters, ratios).map { log($0 / $1) }, parameters.map { log($0) }).slope
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

func pooledRatio(_ counts: [FitCount]) throws -> Estimate {
  let (value, standardError) = try threshold(counts)
  return .fit(
    value: value, standardError: standardError, degreesOfFreedom: Double(counts.reduce(0) { $0 + $1.trials } - 2))
}

private func spread(_ results: Results, _ quantity: @Sendable (Network, Double) -> Double) throws -> Estimate {
  let found = try thresholds(fittingCounts(results))
  return propagated(
    found.map { ($0.value, $0.standardError) }, degreesOfFreedom: Double(found.reduce(0) { $0 + $1.trials - 2 })
  ) { ratios in
    variationCoefficient(zip(found, ratios).map { quantity($0.network, $1) })
  }
}

/// Estimators of the spectra.
let spectrumEstimators = [
  Estimator(
    "oymak2019/rank-violations", from: [JacobianSpectrum.self],
    meaning: "share of Jacobians whose rank is not min(n, kd)"
  ) { results in
    var (violations, total) = (0, 0)
    for point in try results.points(of: JacobianSpectrum.self) {
      let parameters = point.parameters
      let full = Double(min(parameters.sampleCount, parameters.studentWidth * parameters.inputDimension))
      violations += point[JacobianSpectrum.rank].values.filter { $0 != full }.count
      total += point.replicaCount
    }
    guard total > 0 else { throw EvidenceError("no Jacobians") }
    return .exact(Double(violations) / Double(total))
  },
  Estimator(
    "oymak2019/kernel-distance-exponent", from: [JacobianSpectrum.self],
    meaning: "slope of ln(|K - Sigma|/|Sigma|) against ln k, per data set"
  ) { results in
    let points = try results.points(of: JacobianSpectrum.self)
    return .mean(
      try logSlopes(
        points.map { Double($0.parameters.studentWidth) }, points.map { $0[JacobianSpectrum.kernelDistance].values }))
  },
  Estimator(
    "oymak2019/eigenvalue-ratio", from: [JacobianSpectrum.self],
    meaning: "lambda_min(K)/lambda(X) at one width"
  ) { .mean(try $0.point(of: JacobianSpectrum.self)[JacobianSpectrum.eigenvalueRatio].values) },
  Estimator(
    "oymak2019/eigenvalue-deficit-exponent", from: [JacobianSpectrum.self],
    meaning: "slope of ln(1 - lambda_min(K)/lambda(X)) against ln k, of the means over data sets"
  ) { results in
    let points = try results.points(of: JacobianSpectrum.self)
    guard points.count > 1, let count = points.map(\.replicaCount).min() else {
      throw EvidenceError("needs two widths or more")
    }
    let widths = points.map { log(Double($0.parameters.studentWidth)) }
    return try jackknife(replicaCount: count) { replicas in
      let deficits = points.map { point in
        let ratios = point[JacobianSpectrum.eigenvalueRatio]
        return 1 - Statistics.mean(replicas.map { ratios[$0] })
      }
      guard deficits.allSatisfy({ $0 > 0 }) else {
        throw EvidenceError("lambda_min(K) exceeds lambda(X) at some width, so the deficit has no logarithm")
      }
      return Statistics.linearFit(widths, deficits.map { log($0) }).slope
    }
  },
  Estimator(
    "oymak2019/free-edge-gap", from: [CovarianceEigenvalue.self],
    meaning: "greatest relative distance of the mean lambda(X) from the free edge"
  ) { results in
    let points = try requireSome(results.points(of: CovarianceEigenvalue.self))
    return .greatest(
      points.map { point in
        let values = zip(point[CovarianceEigenvalue.eigenvalue].values, point[CovarianceEigenvalue.prediction].values)
        return .mean(values.map { $0 / $1 }).distance(from: 1)
      })
  },
  Estimator(
    "oymak2019/eigenvalue-fall", from: [CovarianceEigenvalue.self],
    meaning: "mean lambda(X) at the fewest samples over that at the most"
  ) { results in
    let points = try results.points(of: CovarianceEigenvalue.self).sorted {
      $0.parameters.sampleCount < $1.parameters.sampleCount
    }
    guard let first = points.first, let last = points.last, points.count > 1 else {
      throw EvidenceError("needs two sample counts or more")
    }
    let values = [first, last].map { point in
      let values = point[CovarianceEigenvalue.eigenvalue].values
      return (Statistics.mean(values), Statistics.standardError(values))
    }
    return propagated(
      values, degreesOfFreedom: Double(min(first.replicaCount, last.replicaCount) - 1)
    ) { $0[0] / $0[1] }
  },
  Estimator(
    "oymak2019/schur-violations", from: [CovarianceEigenvalue.self],
    meaning: "share of data sets whose lambda(X) is below Schur's bound"
  ) { results in
    let pairs = try requireSome(
      results.points(of: CovarianceEigenvalue.self).flatMap { point in
        zip(point[CovarianceEigenvalue.eigenvalue].values, point[CovarianceEigenvalue.schurBound].values).map { $0 }
      })
    return .exact(Double(pairs.filter { $0.0 < $0.1 * (1 - 1e-9) }.count) / Double(pairs.count))
  },
]

/// Estimators of convergence and distance.
let descentEstimators = [
  Estimator(
    "oymak2019/bound-ratio", from: [Convergence.self],
    meaning: "greatest |r| over the bound of the theorem, over all runs and steps"
  ) { results in
    let values = try requireSome(
      results.points(of: Convergence.self).flatMap { $0[Convergence.boundRatio].values })
    return .exact(values.max() ?? .nan)
  },
  Estimator(
    "oymak2019/least-rate-ratio", from: [Convergence.self],
    meaning: "least observed rate over that of the bound, over all runs"
  ) { results in
    let values = try requireSome(results.points(of: Convergence.self).flatMap { $0[Convergence.rateRatio].values })
    return .exact(values.reduce(.infinity) { $1.isNaN || $0.isNaN ? .nan : min($0, $1) })
  },
  Estimator(
    "oymak2019/greatest-rate-ratio", from: [Convergence.self],
    meaning: "greatest observed rate over that of the bound, over all runs"
  ) { results in
    let values = try requireSome(results.points(of: Convergence.self).flatMap { $0[Convergence.rateRatio].values })
    return .exact(values.reduce(-.infinity) { $1.isNaN || $0.isNaN ? .nan : max($0, $1) })
  },
  Estimator(
    "oymak2019/linear-residual-gap", from: [Convergence.self],
    meaning: "greatest relative distance of |r| from the linearised network after one step, over all runs"
  ) { results in
    let gaps = try requireSome(
      results.points(of: Convergence.self).flatMap { point in
        (0..<point.replicaCount).flatMap { replica in
          point[Convergence.iteration].values.indices.filter { point[Convergence.iteration][$0] <= 1 }.map {
            abs(point[Convergence.residual][replica, $0] / point[Convergence.linearResidual][replica, $0] - 1)
          }
        }
      })
    return .exact(gaps.reduce(0) { $0.isNaN || $1.isNaN ? .nan : max($0, $1) })
  },
  Estimator(
    "oymak2019/distance-bound-violations", from: [Distance.self],
    meaning: "share of runs whose distance is not between the two bounds"
  ) { results in
    var (violations, total) = (0, 0)
    for point in try results.points(of: Distance.self) {
      for replica in 0..<point.replicaCount {
        let distance = point[Distance.distance][replica]
        let upper = point[Distance.upperBound][replica]
        let isWithin = point[Distance.lowerBound][replica] <= distance && (upper.isNaN || distance <= upper)
        total += 1
        if !isWithin { violations += 1 }
      }
    }
    guard total > 0 else { throw EvidenceError("no runs") }
    return .exact(Double(violations) / Double(total))
  },
  Estimator(
    "oymak2019/distance-exponent", from: [Distance.self], meaning: "slope of ln |W - W_0| against ln n"
  ) { results in
    let points = try results.points(of: Distance.self)
    return .mean(
      try logSlopes(points.map { Double($0.parameters.sampleCount) }, points.map { $0[Distance.distance].values }))
  },
  Estimator(
    "oymak2019/linear-distance-ratio", from: [Distance.self],
    meaning: "|W - W_0| over that of the linearised network, at one sweep point"
  ) { results in
    let point = try results.point(of: Distance.self)
    return .mean(zip(point[Distance.distance].values, point[Distance.linearDistance].values).map { $0 / $1 })
  },
  Estimator(
    "oymak2019/movement-exponent", from: [SignStability.self],
    meaning: "slope of ln(|W - W_0|/|W_0|) against ln k"
  ) { results in
    let points = try results.points(of: SignStability.self)
    return .mean(
      try logSlopes(
        points.map { Double($0.parameters.studentWidth) }, points.map { $0[SignStability.relativeMovement].values }))
  },
  Estimator(
    "oymak2019/flip-exponent", from: [SignStability.self],
    meaning: "slope of ln(share of sign changes) against ln k"
  ) { results in
    let points = try results.points(of: SignStability.self)
    return .mean(
      try logSlopes(
        points.map { Double($0.parameters.studentWidth) }, points.map { $0[SignStability.flippedShare].values }))
  },
  Estimator(
    "oymak2019/corruption-iteration-ratio", from: [LabelCorruption.self],
    meaning: "steps needed for clean labels over those for random labels, paired"
  ) { .mean(try corruptionRatios($0, LabelCorruption.iterationCount), scale: .logarithmic) },
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
    meaning: "distance for true labels of digits over that for random labels, paired"
  ) { .mean(try digitRatios($0, DigitLabels.distance), scale: .logarithmic) },
]

private func corruptionRatios(_ results: Results, _ output: OutputArray) throws -> [Double] {
  try pairedRatios(results.points(of: LabelCorruption.self).map { ($0.parameters.corruptedShare, $0[output].values) })
}

private func digitRatios(_ results: Results, _ output: OutputArray) throws -> [Double] {
  try pairedRatios(results.points(of: DigitLabels.self).map { ($0.parameters.corruptedShare, $0[output].values) })
}

/// A quantity for clean labels over that for random labels, problem by problem.
private func pairedRatios(_ points: [(share: Double, values: [Double])]) throws -> [Double] {
  guard let clean = points.first(where: { $0.share == 0 }), let random = points.first(where: { $0.share == 1 }),
    clean.values.count == random.values.count
  else { throw EvidenceError("needs corruptedShare 0 and 1 with equal replicas") }
  return zip(clean.values, random.values).map { $0 / $1 }
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
        // With as many weights as samples rounding is left, about 1e-28: its law is no property of the features.
        let residuals = point[OutputLayer.residual].values.map { $0 < 1e-20 ? 0 : $0 }
        return .mean(residuals).distance(from: max(0, 1 - point.parameters.trainedRatio))
      })
  },
  Estimator(
    "oymak2019/greatest-residual", from: [OutputLayer.self], meaning: "greatest residual over all problems"
  ) { results in
    let values = try requireSome(results.points(of: OutputLayer.self).flatMap { $0[OutputLayer.residual].values })
    return .exact(values.max() ?? .nan)
  },
  Estimator(
    "oymak2019/output-descent-ratio", from: [OutputLayer.self],
    meaning: "greatest |r| of output-layer descent over its bound, over all problems"
  ) { results in
    let values = try requireSome(results.points(of: OutputLayer.self).flatMap { $0[OutputLayer.descentRatio].values })
    return .exact(values.max() ?? .nan)
  },
  Estimator(
    "oymak2019/certified-exponent", from: [CertifiedRegime.self],
    meaning: "slope of ln(certified kd) against ln n"
  ) { results in
    let points = try results.points(of: CertifiedRegime.self)
    return .mean(
      try logSlopes(
        points.map { Double($0.parameters.sampleCount) },
        points.map { $0[CertifiedRegime.certifiedParameterCount].values }))
  },
  Estimator(
    "oymak2019/certified-constant", from: [CertifiedRegime.self], meaning: "certified kd over n^2 at one n"
  ) { results in
    let point = try results.point(of: CertifiedRegime.self)
    let n = Double(point.parameters.sampleCount)
    return .mean(
      point[CertifiedRegime.certifiedParameterCount].values.map { $0 / (n * n) }, scale: .logarithmic)
  },
  certified("certified-condition", CertifiedRegime.condition, "greatest 4 Lip |r_0|/lambda_min(K(W_0))") { $0 },
  certified("certified-eigenvalue-loss", CertifiedRegime.pathEigenvalue, "greatest fall of lambda_min(K) on the path") {
    1 - $0
  },
  certified("certified-distance-ratio", CertifiedRegime.distanceRatio, "greatest distance over its bound") { $0 },
  certified("certified-bound-ratio", CertifiedRegime.boundRatio, "greatest |r| over its bound") { $0 },
  certified(
    "certified-linear-gap", CertifiedRegime.linearRatio, "greatest relative distance from the linearised network"
  ) { abs($0 - 1) },
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

private func certified(
  _ name: String, _ output: OutputArray, _ meaning: String, _ number: @escaping @Sendable (Double) -> Double
) -> Estimator {
  Estimator("oymak2019/\(name)", from: [CertifiedRegime.self], meaning: "\(meaning), over all runs") { results in
    let values = try requireSome(results.points(of: CertifiedRegime.self).flatMap { $0[output].values })
    return .exact(values.map(number).reduce(-.infinity) { $0.isNaN || $1.isNaN ? .nan : max($0, $1) })
  }
}
