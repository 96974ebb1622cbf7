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
    "oymak2019/rank-gap", from: [JacobianSpectrum.self],
    meaning: "greatest distance of the rank of a Jacobian from min(n, kd)"
  ) { results in
    .identity(
      try results.points(of: JacobianSpectrum.self).flatMap { point in
        let parameters = point.parameters
        let full = Double(min(parameters.sampleCount, parameters.studentWidth * parameters.inputDimension))
        return point[JacobianSpectrum.rank].values.map { abs($0 - full) }
      })
  },
  Estimator(
    "oymak2019/kernel-distance-exponent", from: [JacobianSpectrum.self],
    meaning: "slope of ln(|K - Sigma|/|Sigma|) against ln k, per data set"
  ) { results in
    .mean(
      try logSlopes(results.points(of: JacobianSpectrum.self), JacobianSpectrum.kernelDistance) {
        Double($0.studentWidth)
      })
  },
  Estimator(
    "oymak2019/eigenvalue-ratio", from: [JacobianSpectrum.self],
    meaning: "lambda_min(K)/lambda(X) at one width"
  ) { .mean(try $0.point(of: JacobianSpectrum.self)[JacobianSpectrum.eigenvalueRatio].values) },
  Estimator(
    "oymak2019/eigenvalue-deficit-exponent", from: [JacobianSpectrum.self],
    meaning: "slope of ln(1 - lambda_min(K)/lambda(X)) against ln k, of the means over data sets"
  ) { results in
    let points = try paired(results.points(of: JacobianSpectrum.self))
    let widths = points.map { log(Double($0.parameters.studentWidth)) }
    guard Set(widths).count > 1 else { throw EvidenceError("needs two widths or more") }
    return try jackknife(replicaCount: points[0].replicaCount) { replicas in
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
    "oymak2019/schur-violation", from: [CovarianceEigenvalue.self],
    meaning: "1 if lambda(X) of a data set is below Schur's bound by more than rounding, else 0"
  ) { results in
    .identity(
      try results.points(of: CovarianceEigenvalue.self).flatMap { point in
        zip(point[CovarianceEigenvalue.eigenvalue].values, point[CovarianceEigenvalue.schurBound].values)
          .map { $0 >= $1 * (1 - 1e-9) ? 0 : 1 }
      })
  },
]

/// Estimators of convergence and distance.
let descentEstimators = [
  Estimator(
    "oymak2019/bound-ratio", from: [Convergence.self],
    meaning: "greatest |r| over the bound of the theorem, over all runs and steps"
  ) { results in
    .identity(try results.points(of: Convergence.self).flatMap { $0[Convergence.boundRatio].values })
  },
  Estimator(
    "oymak2019/bound-over-rate", from: [Convergence.self],
    meaning: "rate of the bound over that observed, median over runs, greatest over widths"
  ) { results in
    .greatest(
      try results.points(of: Convergence.self).map { .median($0[Convergence.rateRatio].values.map { 1 / $0 }) })
  },
  Estimator(
    "oymak2019/rate-over-bound", from: [Convergence.self],
    meaning: "observed rate over that of the bound, median over runs, greatest over widths"
  ) { results in
    .greatest(try results.points(of: Convergence.self).map { .median($0[Convergence.rateRatio].values) })
  },
  Estimator(
    "oymak2019/linear-residual-gap", from: [Convergence.self],
    meaning: """
      relative distance of |r| from the linearised network after one step, median over runs, greatest over widths and \
      activations
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
    "oymak2019/distance-bound-violation", from: [Distance.self],
    meaning: "1 if the distance of a run is not between the two bounds, or one of them is missing, else 0"
  ) { results in
    .identity(
      try results.points(of: Distance.self).flatMap { point in
        (0..<point.replicaCount).map { replica in
          let distance = point[Distance.distance][replica]
          return point[Distance.lowerBound][replica] <= distance && distance <= point[Distance.upperBound][replica]
            ? 0 : 1
        }
      })
  },
  Estimator(
    "oymak2019/distance-exponent", from: [Distance.self], meaning: "slope of ln |W - W_0| against ln n"
  ) { results in
    .mean(try logSlopes(results.points(of: Distance.self), Distance.distance) { Double($0.sampleCount) })
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
    .mean(
      try logSlopes(results.points(of: SignStability.self), SignStability.relativeMovement) {
        Double($0.studentWidth)
      })
  },
  Estimator(
    "oymak2019/flip-exponent", from: [SignStability.self],
    meaning: "slope of ln(share of sign changes) against ln k"
  ) { results in
    .mean(
      try logSlopes(results.points(of: SignStability.self), SignStability.flippedShare) { Double($0.studentWidth) })
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
        // With as many weights as samples rounding is left, about 1e-28: its law is no property of the features.
        let residuals = point[OutputLayer.residual].values.map { $0 < 1e-20 ? 0 : $0 }
        return .mean(residuals).distance(from: max(0, 1 - point.parameters.trainedRatio))
      })
  },
  Estimator(
    "oymak2019/greatest-residual", from: [OutputLayer.self], meaning: "greatest residual over all problems"
  ) { results in
    .identity(try results.points(of: OutputLayer.self).flatMap { $0[OutputLayer.residual].values })
  },
  Estimator(
    "oymak2019/output-descent-ratio", from: [OutputLayer.self],
    meaning: "greatest |r| of output-layer descent over its bound, over all problems"
  ) { results in
    .identity(try results.points(of: OutputLayer.self).flatMap { $0[OutputLayer.descentRatio].values })
  },
  Estimator(
    "oymak2019/certified-exponent", from: [CertifiedRegime.self],
    meaning: "slope of ln(certified kd) against ln n"
  ) { results in
    .mean(
      try logSlopes(results.points(of: CertifiedRegime.self), CertifiedRegime.certifiedParameterCount) {
        Double($0.sampleCount)
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
    "oymak2019/certified-condition", from: [CertifiedRegime.self],
    meaning: "4 Lip |r_0|/lambda_min(K(W_0)), at most 1 where the theorem holds; median over runs"
  ) { results in .median(try results.point(of: CertifiedRegime.self)[CertifiedRegime.condition].values) },
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
