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
    var violations: [Double] = []
    let points = try results.calculations(of: SampleThresholds.self)
    for point in points {
      let teacher = point.parameters.teacherWidthRatio
      let widths = point[SampleThresholds.studentWidthRatio].values
      let recovery = point[SampleThresholds.regularizedRecovery].values
      let interpolation = point[SampleThresholds.interpolation].values
      let freedom = teacher - teacher * teacher / 2
      violations += [abs(recovery[0] - freedom), abs(interpolation[0] - freedom)]
      let saturated = (1 + 2 * teacher - teacher * teacher) / 4
      let critical = point.number(SampleThresholds.criticalWidthRatio)
      for (index, width) in widths.enumerated() {
        if width >= (1 + teacher) / 2 { violations.append(abs(interpolation[index] - saturated)) }
        if width >= critical { violations.append(abs(recovery[index] - recovery[recovery.count - 1])) }
      }
    }
    return .exact(violations.greatest(), numericalError: 1e-13, from: points)
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
    let point = try results.calculation(of: SampleThresholds.self)
    return .exact(point.number(SampleThresholds.criticalWidthRatio), numericalError: 1e-13, from: [point])
  },
  Estimator(
    "martin2026/crossing-width", from: [SampleThresholds.self],
    meaning: "width ratio at which the recovery thresholds with and without regularisation cross"
  ) { results in
    let point = try results.calculation(of: SampleThresholds.self)
    return .exact(point.number(SampleThresholds.crossingWidthRatio), numericalError: 1e-13, from: [point])
  },
  Estimator(
    "martin2026/crossing-order", from: [SampleThresholds.self],
    meaning: """
      share of width ratios at which the order of the recovery thresholds is wrong: regularised above unregularised \
      below the crossing, and below it above
      """
  ) { results in
    let point = try results.calculation(of: SampleThresholds.self)
    let widths = point[SampleThresholds.studentWidthRatio].values
    let crossing = point.number(SampleThresholds.crossingWidthRatio)
    let regularized = point[SampleThresholds.regularizedRecovery].values
    let unregularized = point[SampleThresholds.unregularizedRecovery].values
    guard !crossing.isNaN, !(regularized + unregularized).contains(where: \.isNaN) else {
      throw EvidenceError("a threshold is not a number")
    }
    // At kappa* all thresholds are equal, so rounding decides.
    let interior = widths.indices.filter { widths[$0] > point.parameters.teacherWidthRatio + 1e-6 && widths[$0] <= 1 }
    let wrong = interior.count { (regularized[$0] > unregularized[$0]) != (widths[$0] < crossing) }
    return .exact(Double(wrong) / Double(interior.count), from: [point])
  },
  Estimator("martin2026/greatest-minimal-width", from: [LongTime.self], meaning: "greatest rank over d along the curve")
  {
    results in
    let point = try results.calculation(of: LongTime.self)
    return .exact(point[LongTime.rank].values.greatest(), numericalError: 1e-8, from: [point])
  },
  Estimator("martin2026/last-minimal-width", from: [LongTime.self], meaning: "rank over d at the last sample ratio") {
    results in
    let point = try results.calculation(of: LongTime.self)
    return .exact(point[LongTime.rank].values.last ?? .nan, numericalError: 1e-8, from: [point])
  },
  Estimator(
    "martin2026/peak-position", from: [LongTime.self],
    meaning: "sample ratio of the greatest predicted error along the curve"
  ) { results in
    let point = try results.calculation(of: LongTime.self)
    let peak = try peak(point)
    return .exact(peak.position, numericalError: peak.positionError, from: [point])
  },
  Estimator(
    "martin2026/peak-height", from: [LongTime.self], meaning: "greatest predicted mean squared error along the curve"
  ) { results in
    let point = try results.calculation(of: LongTime.self)
    let peak = try peak(point)
    return .exact(peak.height, numericalError: peak.heightError, from: [point])
  },
  Estimator(
    "martin2026/peak-approach", from: [LongTime.self],
    meaning: """
      distance of the peak from the noisy interpolation threshold at the smallest regularisation over that at the \
      greatest
      """
  ) { results in
    let points = try results.calculations(of: LongTime.self).sorted {
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
      abs(try peak(first).position - threshold) / abs(try peak(last).position - threshold), numericalError: 1e-2,
      from: [first, last])
  },
]

private func lastOfThresholds(_ results: Results, _ output: OutputArray) throws -> Estimate {
  let point = try results.calculation(of: SampleThresholds.self)
  return .exact(point[output].values.last ?? .nan, numericalError: 1e-12, from: [point])
}

/// The greatest predicted error of a curve, by the parabola through its logarithm at the highest point and its neighbours;
/// the errors are the distances from what the next neighbours but one say.
private func peak(_ point: Calculation<LongTime>) throws -> (
  position: Double, height: Double, positionError: Double, heightError: Double
) {
  let x = point[LongTime.sampleRatio].values
  let y = point[LongTime.meanSquaredError].values.map { log($0) }
  guard !y.contains(where: \.isNaN), let best = y.indices.max(by: { y[$0] < y[$1] }), best > 1, best < y.count - 2
  else {
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
    let points = try paired(results.points(of: RegularizedMinimum.self))
    return .median(
      try logRatios(points, results, RegularizedMinimum.meanSquaredError, LongTime.meanSquaredError).map { exp($0) })
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
    return .mean(try ratios(points[0], points[1], RegularizedMinimum.meanSquaredError), scale: .logarithmic)
  },
  Estimator(
    "martin2026/greatest-rise", from: [RegularizedMinimum.self],
    meaning: "greatest ratio of the mean squared errors at successive sample ratios"
  ) { results in
    let points = try results.points(of: RegularizedMinimum.self).sorted {
      $0.parameters.sampleRatio < $1.parameters.sampleRatio
    }
    return .greatest(
      try zip(points, points.dropFirst()).map { before, after in
        .mean(try ratios(after, before, RegularizedMinimum.meanSquaredError), scale: .logarithmic)
      })
  },
  Estimator(
    "martin2026/regularization-exponent", from: [RegularizedMinimum.self],
    meaning: "slope of the logarithm of the mean squared error against that of the regularisation, median"
  ) { results in
    let points = try paired(results.points(of: RegularizedMinimum.self))
    guard Set(points.map(\.parameters.regularization)).count > 1 else {
      throw EvidenceError("needs two or more regularisations")
    }
    return .median(
      (0..<points[0].replicaCount).map { replica in
        Statistics.linearFit(
          points.map { log($0.parameters.regularization) },
          points.map { log($0[RegularizedMinimum.meanSquaredError].values[replica]) }
        ).slope
      })
  },
  Estimator(
    "martin2026/law-ratio", from: [RegularizedMinimum.self],
    meaning: "training loss with quadratic data over that with Gaussian sensing matrices, median"
  ) { results in
    .median(
      try lawRatios(paired(results.points(of: RegularizedMinimum.self)), RegularizedMinimum.trainingLoss))
  },
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
    let points = try paired(results.points(of: RegularizedMinimum.self))
    func logs(_ dimension: Int) throws -> [Double] {
      try lawRatios(
        points.filter { $0.parameters.inputDimension == dimension }, RegularizedMinimum.trainingLoss
      ).map { log($0) }
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
    let points = try paired(results.points(of: RegularizedMinimum.self))
    let logs = try [high, low].map { dimension in
      try logRatios(
        points.filter { $0.parameters.inputDimension == dimension }, results, RegularizedMinimum.meanSquaredError,
        LongTime.meanSquaredError)
    }
    return .mean(zip(logs[0], logs[1]).map { exp($0 - $1) }, scale: .logarithmic)
  },
]

/// The predicted value for a simulated system, from the curve that contains its sample ratio.
private func prediction(
  _ results: Results, _ output: OutputArray, for p: RegularizedMinimum.Parameters
) throws -> Double {
  for point in try results.calculations(of: LongTime.self)
  where point.parameters.studentWidthRatio == p.studentWidthRatio
    && point.parameters.teacherWidthRatio == p.teacherWidthRatio
    && point.parameters.noiseVariance == p.noiseVariance && point.parameters.regularization == p.regularization
  {
    // One of several curves has it.
    if let index = point[LongTime.sampleRatio].values.firstIndex(where: { abs($0 - p.sampleRatio) <= 1e-12 }) {
      return point[output][index]
    }
  }
  throw EvidenceError("no theory at sample ratio \(p.sampleRatio), regularisation \(p.regularization)")
}

/// ln(simulation/theory) for every replica, averaged over sweep points with the same replicas. Replica i of one point is
/// independent of replica i of another, so the averages are independent of each other.
private func logRatios(
  _ points: [ExperimentPoint<RegularizedMinimum>], _ results: Results, _ output: OutputArray, _ predicted: OutputArray
) throws -> [Double] {
  let theory = try points.map { try prediction(results, predicted, for: $0.parameters) }
  return (0..<(points.first?.replicaCount ?? 0)).map { replica in
    Statistics.mean(zip(points, theory).map { log($0[output].values[replica] / $1) })
  }
}

private func overTheory(_ results: Results, _ output: OutputArray, _ predicted: OutputArray) throws -> Estimate {
  let points = try paired(results.points(of: RegularizedMinimum.self))
  return .mean(try logRatios(points, results, output, predicted).map { exp($0) }, scale: .logarithmic)
}

/// Quadratic over Gaussian data, replica by replica, geometric mean over sweep points with the same replicas.
private func lawRatios(_ points: [ExperimentPoint<RegularizedMinimum>], _ output: OutputArray) throws -> [Double] {
  let groups = Dictionary(grouping: points) { $0.parameters.sensing }
  guard let quadratic = groups[.quadratic], let gaussian = groups[.gaussian],
    quadratic.map(\.parameters.sampleRatio) == gaussian.map(\.parameters.sampleRatio)
  else { throw EvidenceError("needs quadratic and Gaussian data at the same sample ratios") }
  return (0..<points[0].replicaCount).map { replica in
    let logs = zip(quadratic, gaussian).map { log($0[output].values[replica] / $1[output].values[replica]) }
    return exp(Statistics.mean(logs))
  }
}
