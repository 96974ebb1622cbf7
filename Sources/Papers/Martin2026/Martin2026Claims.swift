private import Foundation
internal import NumericalMethods
internal import PaperKit

// How the numbers behind the claims are measured. The unit of evidence is the replica: one teacher with its data.

/// Estimators of pure theory, read from stages without chance.
let theoryEstimators = [
  Estimator(
    "martin2026/threshold-limits", from: [SampleThresholds.self],
    meaning: """
      greatest violation of: both thresholds are kappa* - kappa*^2/2 at kappa = kappa*, interpolation is \
      (1 + 2 kappa* - kappa*^2)/4 from kappa = (1 + kappa*)/2 on, regularised recovery is constant from kappa_c+ on
      """
  ) { results in
    var worst = 0.0
    let points = try results.points(of: SampleThresholds.self)
    guard !points.isEmpty else { throw EvidenceError("no thresholds") }
    for point in points {
      let teacher = point.parameters.teacherWidthRatio
      let widths = point[SampleThresholds.studentWidthRatio].values
      let recovery = point[SampleThresholds.regularizedRecovery].slice(0).values
      let interpolation = point[SampleThresholds.interpolation].slice(0).values
      let freedom = teacher - teacher * teacher / 2
      worst = max(worst, abs(recovery[0] - freedom), abs(interpolation[0] - freedom))
      let saturated = (1 + 2 * teacher - teacher * teacher) / 4
      let critical = point[SampleThresholds.criticalWidthRatio].values[0]
      for (index, width) in widths.enumerated() {
        if width >= (1 + teacher) / 2 { worst = max(worst, abs(interpolation[index] - saturated)) }
        if width >= critical { worst = max(worst, abs(recovery[index] - recovery[recovery.count - 1])) }
      }
    }
    return .exact(worst, numericalError: 1e-13)
  },
  Estimator(
    "martin2026/regularized-recovery", from: [SampleThresholds.self],
    meaning: "regularised recovery threshold at the last width ratio"
  ) { results in try lastOfThresholds(results, SampleThresholds.regularizedRecovery) },
  Estimator(
    "martin2026/interpolation", from: [SampleThresholds.self],
    meaning: "noiseless interpolation threshold at the last width ratio"
  ) { results in try lastOfThresholds(results, SampleThresholds.interpolation) },
  Estimator(
    "martin2026/noisy-interpolation", from: [SampleThresholds.self],
    meaning: "interpolation threshold with label noise at the last width ratio"
  ) { results in try lastOfThresholds(results, SampleThresholds.noisyInterpolation) },
  Estimator(
    "martin2026/unregularized-recovery", from: [SampleThresholds.self],
    meaning: "conjectured recovery threshold without regularisation at the last width ratio"
  ) { results in try lastOfThresholds(results, SampleThresholds.unregularizedRecovery) },
  Estimator(
    "martin2026/critical-width", from: [SampleThresholds.self],
    meaning: "width ratio beyond which regularised recovery no longer changes"
  ) { results in
    .exact(
      try results.point(of: SampleThresholds.self)[SampleThresholds.criticalWidthRatio].values[0], numericalError: 1e-13
    )
  },
  Estimator(
    "martin2026/crossing-width", from: [SampleThresholds.self],
    meaning: "width ratio at which the recovery thresholds with and without regularisation cross"
  ) { results in
    .exact(
      try results.point(of: SampleThresholds.self)[SampleThresholds.crossingWidthRatio].values[0], numericalError: 1e-13
    )
  },
  Estimator(
    "martin2026/crossing-order", from: [SampleThresholds.self],
    meaning: """
      share of width ratios at which the order of the recovery thresholds is wrong: regularised above unregularised \
      below the crossing, and below it above
      """
  ) { results in
    let point = try results.point(of: SampleThresholds.self)
    let widths = point[SampleThresholds.studentWidthRatio].values
    let crossing = point[SampleThresholds.crossingWidthRatio].values[0]
    // At kappa* all thresholds are equal, so rounding decides.
    let interior = widths.indices.filter { widths[$0] > point.parameters.teacherWidthRatio + 1e-6 && widths[$0] <= 1 }
    let wrong = interior.count { index in
      let difference =
        point[SampleThresholds.regularizedRecovery][0, index] - point[SampleThresholds.unregularizedRecovery][0, index]
      return (difference > 0) != (widths[index] < crossing)
    }
    return .exact(Double(wrong) / Double(interior.count))
  },
  Estimator("martin2026/greatest-minimal-width", from: [LongTime.self], meaning: "greatest rank over d along the curve")
  {
    results in
    let values = try results.point(of: LongTime.self)[LongTime.rank].values
    return .exact(values.max() ?? .nan, numericalError: 1e-8)
  },
  Estimator("martin2026/last-minimal-width", from: [LongTime.self], meaning: "rank over d at the last sample ratio") {
    results in
    let values = try results.point(of: LongTime.self)[LongTime.rank].values
    return .exact(values.last ?? .nan, numericalError: 1e-8)
  },
  Estimator(
    "martin2026/peak-position", from: [LongTime.self],
    meaning: "sample ratio of the greatest predicted error along the curve"
  ) { results in
    let peak = try peak(results.point(of: LongTime.self))
    return .exact(peak.position, numericalError: peak.positionError)
  },
  Estimator(
    "martin2026/peak-height", from: [LongTime.self], meaning: "greatest predicted mean squared error along the curve"
  ) { results in
    let peak = try peak(results.point(of: LongTime.self))
    return .exact(peak.height, numericalError: peak.heightError)
  },
  Estimator(
    "martin2026/peak-approach", from: [LongTime.self],
    meaning: """
      distance of the peak from the noisy interpolation threshold at the smallest regularisation over that at the \
      greatest
      """
  ) { results in
    let points = try results.points(of: LongTime.self).sorted {
      $0.parameters.regularization < $1.parameters.regularization
    }
    guard let first = points.first, let last = points.last, points.count > 1 else {
      throw EvidenceError("needs two or more regularisations")
    }
    let p = first.parameters
    let threshold = try LongTimeTheory(
      studentWidthRatio: p.studentWidthRatio, teacherWidthRatio: p.teacherWidthRatio, noiseVariance: p.noiseVariance
    ).interpolation().sampleRatio
    return .exact(
      abs(try peak(first).position - threshold) / abs(try peak(last).position - threshold), numericalError: 1e-2)
  },
]

private func lastOfThresholds(_ results: Results, _ output: OutputArray) throws -> Estimate {
  .exact(try results.point(of: SampleThresholds.self)[output].values.last ?? .nan, numericalError: 1e-12)
}

/// The greatest predicted error of a curve, by the parabola through its logarithm at the highest point and its neighbours;
/// the errors are the distances from what the next neighbours but one say.
private func peak(_ point: ExperimentPoint<LongTime>) throws -> (
  position: Double, height: Double, positionError: Double, heightError: Double
) {
  let x = point[LongTime.sampleRatio].values
  let y = point[LongTime.meanSquaredError].values.map { log($0) }
  guard let best = y.indices.max(by: { y[$0] < y[$1] }), best > 1, best < y.count - 2 else {
    throw EvidenceError("no peak inside the range of sample ratios")
  }
  func top(_ spacing: Int) -> (position: Double, height: Double) {
    let (before, at, after) = (y[best - spacing], y[best], y[best + spacing])
    let shift = 0.5 * (before - after) / (before - 2 * at + after)
    return (x[best] + shift * (x[best + spacing] - x[best]), exp(at - 0.25 * (before - after) * shift))
  }
  let (near, far) = (top(1), top(2))
  return (near.position, near.height, abs(near.position - far.position), abs(near.height - far.height))
}

// MARK: Regularised minima

/// Estimators of minima of the regularised loss.
let minimumEstimators = [
  Estimator(
    "martin2026/error-over-theory", from: [RegularizedMinimum.self, LongTime.self],
    meaning: "mean squared error over theory, geometric mean over sample ratios"
  ) { results in try overTheory(results, RegularizedMinimum.meanSquaredError, LongTime.meanSquaredError) },
  Estimator(
    "martin2026/median-error-over-theory", from: [RegularizedMinimum.self, LongTime.self],
    meaning: "mean squared error over theory, geometric mean over sample ratios, median over replicas"
  ) { results in
    .median(try logRatios(results, RegularizedMinimum.meanSquaredError, LongTime.meanSquaredError).map { exp($0) })
  },
  Estimator(
    "martin2026/loss-over-theory", from: [RegularizedMinimum.self, LongTime.self],
    meaning: "training loss over theory, geometric mean over sample ratios"
  ) { results in try overTheory(results, RegularizedMinimum.trainingLoss, LongTime.trainingLoss) },
  Estimator(
    "martin2026/rank-over-theory", from: [RegularizedMinimum.self, LongTime.self],
    meaning: "rank over theory, geometric mean over sample ratios"
  ) { results in try overTheory(results, RegularizedMinimum.rank, LongTime.rank) },
  Estimator(
    "martin2026/error-ratio", from: [RegularizedMinimum.self],
    meaning: "mean squared error at the smaller sample ratio over that at the greater"
  ) { results in
    let points = try results.points(of: RegularizedMinimum.self).sorted {
      $0.parameters.sampleRatio < $1.parameters.sampleRatio
    }
    guard points.count == 2 else { throw EvidenceError("needs two sample ratios, found \(points.count)") }
    return .mean(
      ratios(
        points[0][RegularizedMinimum.meanSquaredError].values, points[1][RegularizedMinimum.meanSquaredError].values),
      scale: .logarithmic)
  },
  Estimator(
    "martin2026/greatest-rise", from: [RegularizedMinimum.self],
    meaning: "greatest ratio of the mean squared errors at successive sample ratios"
  ) { results in
    let points = try results.points(of: RegularizedMinimum.self).sorted {
      $0.parameters.sampleRatio < $1.parameters.sampleRatio
    }
    return .greatest(
      zip(points, points.dropFirst()).map { before, after in
        .mean(
          ratios(after[RegularizedMinimum.meanSquaredError].values, before[RegularizedMinimum.meanSquaredError].values),
          scale: .logarithmic)
      })
  },
  Estimator(
    "martin2026/regularization-exponent", from: [RegularizedMinimum.self],
    meaning: "slope of the logarithm of the mean squared error against that of the regularisation, median"
  ) { results in
    let points = try results.points(of: RegularizedMinimum.self)
    guard let count = points.map(\.replicaCount).min(), points.count > 1 else {
      throw EvidenceError("needs two or more regularisations")
    }
    return .median(
      (0..<count).map { replica in
        Statistics.linearFit(
          points.map { log($0.parameters.regularization) },
          points.map { log($0[RegularizedMinimum.meanSquaredError].values[replica]) }
        ).slope
      })
  },
  Estimator(
    "martin2026/law-ratio", from: [RegularizedMinimum.self],
    meaning: "training loss with quadratic data over that with Gaussian sensing matrices, median"
  ) { results in .median(try lawRatios(results, RegularizedMinimum.trainingLoss)) },
  Estimator(
    "martin2026/law-ratio-trend", from: [RegularizedMinimum.self],
    meaning: """
      logarithm of the ratio of the loss with quadratic data to that with Gaussian data: at the greatest input dimension \
      less that at the smallest
      """
  ) { results in
    let dimensions = Set(try results.points(of: RegularizedMinimum.self).map(\.parameters.inputDimension))
    guard let low = dimensions.min(), let high = dimensions.max(), low < high else {
      throw EvidenceError("needs two input dimensions")
    }
    func logs(_ dimension: Int) throws -> [Double] {
      try lawRatios(results, RegularizedMinimum.trainingLoss, inputDimension: dimension).map { log($0) }
    }
    return .mean(zip(try logs(high), try logs(low)).map { $0 - $1 })
  },
  Estimator(
    "martin2026/size-trend", from: [RegularizedMinimum.self, LongTime.self],
    meaning: """
      mean squared error over theory at the greatest input dimension relative to that at the smallest, geometric mean \
      over sample ratios
      """
  ) { results in
    let dimensions = Set(try results.points(of: RegularizedMinimum.self).map(\.parameters.inputDimension))
    guard let low = dimensions.min(), let high = dimensions.max(), low < high else {
      throw EvidenceError("needs two input dimensions")
    }
    let (near, far) = (
      try logRatios(results, RegularizedMinimum.meanSquaredError, LongTime.meanSquaredError, inputDimension: high),
      try logRatios(results, RegularizedMinimum.meanSquaredError, LongTime.meanSquaredError, inputDimension: low)
    )
    return .mean(zip(near, far).map { exp($0 - $1) }, scale: .logarithmic)
  },
]

/// The predicted value for a simulated system, from the curve that contains its sample ratio.
private func prediction(
  _ results: Results, _ output: OutputArray, for p: RegularizedMinimum.Parameters
) throws -> Double {
  for point in try results.points(of: LongTime.self)
  where point.parameters.studentWidthRatio == p.studentWidthRatio
    && point.parameters.teacherWidthRatio == p.teacherWidthRatio
    && point.parameters.noiseVariance == p.noiseVariance && point.parameters.regularization == p.regularization
  {
    let ratios = point[LongTime.sampleRatio].values
    if let index = ratios.firstIndex(where: { abs($0 - p.sampleRatio) < 1e-9 }) { return point[output][0, index] }
  }
  throw EvidenceError("no theory at sample ratio \(p.sampleRatio), regularisation \(p.regularization)")
}

/// ln(simulation/theory) for every replica, averaged over the sweep points of one input dimension. Replica i of one point
/// is independent of replica i of another, so the averages are independent of each other.
private func logRatios(
  _ results: Results, _ output: OutputArray, _ predicted: OutputArray, inputDimension: Int? = nil
) throws -> [Double] {
  let points = try results.points(of: RegularizedMinimum.self).filter {
    inputDimension == nil || $0.parameters.inputDimension == inputDimension
  }
  guard let count = points.map(\.replicaCount).min() else { throw EvidenceError("no minima") }
  var sums = [Double](repeating: 0, count: count)
  for point in points {
    let theory = try prediction(results, predicted, for: point.parameters)
    for replica in 0..<count { sums[replica] += log(point[output].values[replica] / theory) / Double(points.count) }
  }
  return sums
}

private func overTheory(_ results: Results, _ output: OutputArray, _ predicted: OutputArray) throws -> Estimate {
  .mean(try logRatios(results, output, predicted).map { exp($0) }, scale: .logarithmic)
}

/// Quadratic over Gaussian data, replica by replica, geometric mean over sample ratios.
private func lawRatios(_ results: Results, _ output: OutputArray, inputDimension: Int? = nil) throws -> [Double] {
  let points = try results.points(of: RegularizedMinimum.self).filter {
    inputDimension == nil || $0.parameters.inputDimension == inputDimension
  }
  let groups = Dictionary(grouping: points) { $0.parameters.sensing }
  guard let quadratic = groups[.quadratic], let gaussian = groups[.gaussian], quadratic.count == gaussian.count,
    let count = points.map(\.replicaCount).min()
  else { throw EvidenceError("needs quadratic and Gaussian data at the same sample ratios") }
  return (0..<count).map { replica in
    let logs = zip(quadratic, gaussian).map { log($0[output].values[replica] / $1[output].values[replica]) }
    return exp(Statistics.mean(logs))
  }
}
