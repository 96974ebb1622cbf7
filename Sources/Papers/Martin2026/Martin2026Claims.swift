private import Foundation
internal import NumericalMethods
internal import PaperKit

// How the numbers behind the claims are measured. The unit of evidence is the replica: one teacher with its data.

/// Estimators of pure theory, read from stages without chance.
let theoryEstimators: [Estimator] = [
  .greatestExact(
    "martin2026/threshold-limits", of: SampleThresholds.self, numericalError: 1e-13,
    meaning: """
      greatest violation of: both thresholds are $κ^* - κ^{*2}/2$ at $κ = κ^*$, interpolation is \
      $(1 + 2 κ^* - κ^{*2})/4$ from $κ = (1 + κ^*)/2$ on, regularised recovery is constant from $κ_c^+$ on
      """
  ) { point in
    let teacher = point.parameters.teacherWidthRatio
    let widths = point[SampleThresholds.studentWidthRatio].values
    let recovery = point[SampleThresholds.regularizedRecovery].values
    let interpolation = point[SampleThresholds.interpolation].values
    let freedom = teacher - teacher * teacher / 2
    var violations = [abs(recovery[0] - freedom), abs(interpolation[0] - freedom)]
    let saturated = (1 + 2 * teacher - teacher * teacher) / 4
    let critical = point.number(SampleThresholds.criticalWidthRatio)
    for (index, width) in widths.enumerated() {
      if width >= (1 + teacher) / 2 { violations.append(abs(interpolation[index] - saturated)) }
      if width >= critical { violations.append(abs(recovery[index] - recovery[recovery.count - 1])) }
    }
    return violations.greatest()
  },
  .exact(
    "martin2026/crossing-order", of: SampleThresholds.self,
    meaning: """
      share of width ratios at which the order of the recovery thresholds is wrong: regularised above unregularised \
      below the crossing, and below it above
      """
  ) { point in
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
    return Double(wrong) / Double(interior.count)
  },
  .exact(
    "martin2026/greatest-minimal-width", of: LongTime.self, numericalError: 1e-8,
    meaning: "greatest rank over d along the curve"
  ) { $0[LongTime.rank].values.greatest() },
  Estimator(
    "martin2026/minimal-width-peak", from: [LongTime.self],
    meaning: "sample ratio at which the rank over d is greatest along the curve"
  ) { results in
    let point = try results.calculation(of: LongTime.self)
    let peak = try peak(point[LongTime.sampleRatio].values, point[LongTime.rank].values)
    return .exact(peak.position, numericalError: peak.error, from: [point])
  },
  .exact(
    "martin2026/least-growth", of: LongTime.self, numericalError: 1e-8,
    meaning: "least growth of the rank over d from one sample ratio of the curve to the next"
  ) { point in
    let ranks = point[LongTime.rank].values
    return zip(ranks.dropFirst(), ranks).map(-).least()
  },
  .exact(
    "martin2026/last-minimal-width", of: LongTime.self, numericalError: 1e-8,
    meaning: "rank over d at the last sample ratio"
  ) { $0[LongTime.rank].values.last ?? .nan },
  Estimator(
    "martin2026/best-error-over-optimal", from: [LongTime.self, BayesOptimal.self],
    meaning: """
      predicted error of the flow at the best regularisation over the Bayes-optimal error, greatest over sample ratios
      """
  ) { results in
    let flows = try results.calculations(of: LongTime.self)
    let optimum = try results.calculation(of: BayesOptimal.self)
    let excesses = try optimum[BayesOptimal.sampleRatio].values.enumerated().map { index, ratio in
      let errors = try flows.map { $0[LongTime.meanSquaredError][try $0.index(of: ratio, in: LongTime.sampleRatio)] }
      return errors.least() / optimum[BayesOptimal.meanSquaredError][index]
    }
    return .exact(excesses.greatest(), numericalError: 1e-6, from: flows)
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
      abs(try peakPosition(first) - threshold) / abs(try peakPosition(last) - threshold), numericalError: 1e-2,
      from: [first, last])
  },
]

/// The sample ratio of the greatest predicted error of a curve.
private func peakPosition(_ point: Calculation<LongTime>) throws -> Double {
  try peak(point[LongTime.sampleRatio].values, point[LongTime.meanSquaredError].values.map { log($0) }).position
}

/// Where a curve is highest, by the parabola through its highest point and the neighbours; the error is the distance from
/// what the next neighbours but one say.
private func peak(_ x: [Double], _ y: [Double]) throws -> (position: Double, error: Double) {
  guard !y.contains(where: \.isNaN), let best = y.indices.max(by: { y[$0] < y[$1] }), best > 1, best < y.count - 2
  else {
    throw EvidenceError("no peak inside the range of sample ratios")
  }
  func top(_ spacing: Int) -> Double {
    let (before, at, after) = (y[best - spacing], y[best], y[best + spacing])
    return x[best] + 0.5 * (before - after) / (before - 2 * at + after) * (x[best + spacing] - x[best])
  }
  return (top(1), abs(top(1) - top(2)))
}
