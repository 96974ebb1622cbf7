internal import NumericalMethods
internal import PaperKit

// How the numbers behind the claims are measured. The unit of evidence is the replica: one data set, one run.

/// Estimators of the landscape: where is the teacher the only zero?
let landscapeEstimators: [Estimator] = [
  Estimator(
    "sarao2020/threshold-formula-gap", from: [Uniqueness.self],
    meaning: "greatest distance of a measured threshold $n_{50}$ from the counting formula $n_c$, in samples"
  ) { results in
    .greatest(try thresholds(results).map { system, threshold in threshold.distance(from: system.countingThreshold) })
  },
  Estimator(
    "sarao2020/formula-ratio-gap", from: [Uniqueness.self],
    meaning: "greatest relative distance of the counting formula $n_c$ from the measured $n_{50}$"
  ) { results in
    .greatest(
      try thresholds(results).map { system, threshold in relativeGap(of: system.countingThreshold, from: threshold) })
  },
  Estimator(
    "sarao2020/threshold-ratio", from: [Uniqueness.self], meaning: "$n_{50}/d$ of one pair $(d, m^*)$"
  ) { results in
    let found = try thresholds(results)
    guard found.count == 1 else {
      throw EvidenceError("needs exactly one pair of input dimension and teacher width, found \(found.count)")
    }
    return found[0].threshold.divided(by: Double(found[0].system.inputDimension))
  },
  thresholdLimit("threshold-limit", "$d^{-2/5}$, the drift of the conic threshold", power: 0.4),
  thresholdLimit("threshold-limit-fast", "1/d, the fastest drift of a threshold", power: 1),
  Estimator(
    "sarao2020/threshold-limit-bias", from: [Uniqueness.self, ConicThreshold.self],
    meaning: """
      how far below $3 m^*$, the limit of $n_{SD}/d$ at large $d$, a straight line in $d^{-2/5}$ ends through $n_{SD}/d$ at \
      the input dimensions of the measured $n_{50}/d$, weighted as those
      """
  ) { results in
    let found = try conicThresholds(results)
    let line = try limitWeights(found.map { ($0.system, $0.measured) }, power: 0.4)
    let ratios = found.map { $0.conic.divided(by: Double($0.system.inputDimension)) }
    return .propagated(ratios) { ratios in
      3 * Double(found[0].system.teacherWidth) - zip(line, ratios).reduce(0) { $0 + $1.0 * $1.1 }
    }
  },
  Estimator(
    "sarao2020/uniqueness-fall", from: [Uniqueness.self],
    meaning: "share of unique data sets at the smallest input dimension less that at the largest, at one n/d"
  ) { results in
    let shares = try sharesAtFixedRatio(results)
    return .propagated(shares) { $0[0] - $0[1] }
  },
  Estimator(
    "sarao2020/uniqueness-lost-share", from: [Uniqueness.self],
    meaning: """
      1 less the share of unique data sets at the largest input dimension over that at the smallest, at one n/d
      """
  ) { results in
    let shares = try sharesAtFixedRatio(results)
    return .propagated(shares) { 1 - $0[1] / $0[0] }
  },
  .share(
    "sarao2020/uniqueness-probability", of: Uniqueness.self,
    meaning: "share of data sets at one $(d, m^*, n)$ on which the teacher is the only zero"
  ) { $0[Uniqueness.unique].values.map { $0 > 0.5 } },
  Estimator(
    "sarao2020/conic-threshold-gap", from: [Uniqueness.self, ConicThreshold.self],
    meaning: "greatest relative distance of the conic threshold $n_\\mathrm{SD}$ from the measured $n_{50}$"
  ) { results in
    .greatest(
      try conicThresholds(results).map { _, measured, conic in
        relativeGap(of: conic.value, standardError: conic.standardError, from: measured)
      })
  },
  Estimator(
    "sarao2020/conic-excess", from: [Uniqueness.self, ConicThreshold.self],
    meaning: """
      relative distance of the conic threshold $n_{SD}$ from the measured $n_{50}$ less that of the counting formula $n_c$, \
      greatest over systems
      """
  ) { results in
    .greatest(
      try conicThresholds(results).map { system, measured, conic in
        .propagated([conic, measured]) { abs($0[0] / $0[1] - 1) - abs(system.countingThreshold / $0[1] - 1) }
      })
  },
]

/// The limit of n_50/d at large d, at one teacher width: intercept of a straight line in a power of 1/d.
private func thresholdLimit(_ name: String, _ drift: String, power: Double) -> Estimator {
  Estimator(
    "sarao2020/\(name)", from: [Uniqueness.self],
    meaning: "limit of $n_{50}/d$ at large $d$, a straight line in \(drift), through the measured ones"
  ) { results in
    let found = try thresholds(results)
    let line = try limitWeights(found, power: power)
    let ratios = found.map { $0.threshold.divided(by: Double($0.system.inputDimension)) }
    return .propagated(ratios) { zip(line, $0).reduce(0) { $0 + $1.0 * $1.1 } }
  }
}

/// The intercept of the straight line in d^(-power) through some n_50/d, weighted by their errors, is a sum of them times these
/// numbers. Throws unless they are of one teacher width at three or more input dimensions.
private func limitWeights(
  _ found: [(system: System, threshold: Estimate)], power: Double
) throws -> [Double] {
  guard found.count > 2, Set(found.map(\.system.teacherWidth)).count == 1 else {
    throw EvidenceError("needs one teacher width at three or more input dimensions")
  }
  let dimensions = found.map { Double($0.system.inputDimension) }
  let weights = zip(found, dimensions).map { $1 * $1 / ($0.threshold.standardError * $0.threshold.standardError) }
  let places = dimensions.map { Double.exponential(-power * Double.logarithm($0)) }
  return found.indices.map { index in
    let unit = found.indices.map { $0 == index ? 1.0 : 0 }
    return Statistics.linearFit(places, unit, weights: weights).intercept
  }
}

/// The shares of unique data sets at the smallest and at the largest input dimension, of one teacher width at one n/d; with
/// half a success and half a failure more, so that a share of 0 has an error.
private func sharesAtFixedRatio(_ results: Results) throws -> [Estimate] {
  let counts = try uniquenessCounts(results).sorted { $0.inputDimension < $1.inputDimension }
  guard let first = counts.first, let last = counts.last, first.inputDimension < last.inputDimension,
    Set(counts.map(\.teacherWidth)).count == 1,
    counts.allSatisfy({ $0.sampleCount * first.inputDimension == first.sampleCount * $0.inputDimension })
  else { throw EvidenceError("needs one teacher width and one n/d at two or more input dimensions") }
  return [first, last].map { count in
    let share = (Double(count.successes) + 0.5) / (Double(count.trials) + 1)
    return .fit(value: share, standardError: (share * (1 - share) / Double(count.trials)).squareRoot())
  }
}

/// The measured and the conic threshold, of every system that has the latter. Throws where the former is missing.
private func conicThresholds(
  _ results: Results
) throws -> [(system: System, measured: Estimate, conic: Estimate)] {
  let measured = try thresholds(results)
  return try results.somePoints(of: ConicThreshold.self).map { point in
    let system = System(inputDimension: point.parameters.inputDimension, teacherWidth: point.parameters.teacherWidth)
    guard let threshold = measured.first(where: { $0.system == system })?.threshold else {
      throw EvidenceError("no measured threshold at d = \(system.inputDimension), m* = \(system.teacherWidth)")
    }
    guard point.replicaCount > 1 else { throw EvidenceError("needs at least 2 replicas of the conic threshold") }
    return (system, threshold, .mean(point[ConicThreshold.threshold].values))
  }
}

/// |prediction/threshold - 1| with the errors of both.
private func relativeGap(of prediction: Double, standardError: Double = 0, from threshold: Estimate) -> Estimate {
  let ratio = prediction / threshold.value
  let errors = [standardError / prediction, threshold.standardError / threshold.value]
  return Estimate.fit(
    value: ratio, standardError: ratio * errors.reduce(0) { $0 + $1 * $1 }.squareRoot()
  ).distance(from: 1)
}

/// Estimators of descent: does it find the teacher?
let recoveryEstimators: [Estimator] = [
  .pooledShare(
    "sarao2020/certificate-mismatch", of: GradientDescent.self,
    meaning: "share of decided runs whose outcome contradicts the certificate on the same data"
  ) { point in
    let (recovered, unique) = (point[GradientDescent.recovered], point[GradientDescent.unique])
    let decided = point.replicas.indices.filter { point[GradientDescent.undecided][$0] == 0 }
    return decided.map { recovered[$0] != unique[$0] }
  },
  .pooledShare(
    "sarao2020/certificate-order", of: GradientDescent.self,
    meaning: """
      share of pairs of runs at one sweep point, one on data on which the teacher is the only zero and one on other data, in \
      which the first ends at the greater training loss over population loss; decided or not, each run in one pair
      """
  ) { point in
    let ratios = point.ratios(GradientDescent.relativeTrainingLoss, over: GradientDescent.relativePopulationLoss)
    let unique = point[GradientDescent.unique].values.map { $0 == 1 }
    func ratiosOfRuns(unique wanted: Bool) -> [Double] { zip(ratios, unique).filter { $1 == wanted }.map(\.0) }
    return zip(ratiosOfRuns(unique: true), ratiosOfRuns(unique: false)).map { $0 > $1 }
  },
  .pooledShare(
    "sarao2020/undecided-share", of: GradientDescent.self, meaning: "share of runs without a certain outcome"
  ) { $0[GradientDescent.undecided].values.map { $0 == 1 } },
  .pooledShare(
    "sarao2020/recovery-probability", of: GradientDescent.self,
    meaning: "share of runs that found the teacher; undecided ones count as failures"
  ) { $0[GradientDescent.recovered].values.map { $0 == 1 } },
  .pooledShare(
    "sarao2020/possible-recovery", of: GradientDescent.self,
    meaning: "share of runs that did not end on another zero; undecided ones count as successes"
  ) { zip($0[GradientDescent.recovered].values, $0[GradientDescent.undecided].values).map { $0 + $1 == 1 } },
  .pooledShare(
    "sarao2020/spurious-share", of: GradientDescent.self,
    meaning:
      "share of runs that end without a certain outcome at a training loss above 1e-3 of the first population loss"
  ) {
    zip($0[GradientDescent.undecided].values, $0[GradientDescent.relativeTrainingLoss].values).map {
      $0 == 1 && $1 > 1e-3
    }
  },
]

/// Estimators of the dynamics: how fast?
let dynamicsEstimators: [Estimator] = [
  Estimator(
    "sarao2020/power-law-exponent-gap", from: [PopulationFlow.self],
    meaning: "greatest distance from -2 of the slope of log E against log t over the last decade"
  ) { results in
    try .greatest(
      refined(results) { point in
        let (times, losses) = (point[PopulationFlow.time].values, point[PopulationFlow.populationLoss].values)
        let last = times.count - 1
        let first = try point.index(of: times[last] / 10, in: PopulationFlow.time)
        return Double.logarithm(losses[last] / losses[first]) / Double.logarithm(times[last] / times[first])
      }.map { $0.distance(from: -2) })
  },
  Estimator(
    "sarao2020/power-law-prefactor-gap", from: [PopulationFlow.self],
    meaning: "greatest distance from 1 of $t^2 E/K$ at the last time"
  ) { results in
    try .greatest(
      refined(results) { point in
        let (times, losses) = (point[PopulationFlow.time].values, point[PopulationFlow.populationLoss].values)
        let last = times.count - 1
        let prefactor = Theory.powerLawPrefactor(
          rank: point.parameters.startRank, teacherWidth: point.parameters.teacherWidth)
        return losses[last] * times[last] * times[last] / prefactor
      }.map { $0.distance(from: 1) })
  },
  .median(
    "sarao2020/exponential-rate-ratio", of: PopulationFlow.self,
    meaning: "decay rate of E over the last sixth of the time, in units of the predicted rate g; median over teachers"
  ) { point in
    guard point.parameters.timeUnit == .relaxationTime else { throw EvidenceError("needs times in units of 1/g") }
    let times = point[PopulationFlow.time].values
    let last = times.count - 1
    let first = try point.index(of: times[last] * 5 / 6, in: PopulationFlow.time)
    return point.ratios(PopulationFlow.populationLoss, at: first, over: last).map {
      Double.logarithm($0) / (times[last] - times[first])
    }
  },
  sampled("training-loss-fall", "training loss at the last time over that at the reported time nearest to 1") {
    point, _, last in point.ratios(EmpiricalFlow.trainingLoss, at: last, over: try nearest(1, point))
  },
  sampled("late-population-loss", "population loss at the last time over that nearest to a twentieth of it") {
    point, times, last in
    point.ratios(EmpiricalFlow.populationLoss, at: last, over: try nearest(times[last] / 20, point))
  },
  sampled("population-loss-fall", "population loss at the reported time nearest to 50 over that nearest to 10") {
    point, _, _ in
    point.ratios(EmpiricalFlow.populationLoss, at: try nearest(50, point), over: try nearest(10, point))
  },
  sampled(
    "sampled-power-law-exponent",
    "slope of log E against log t from the reported time nearest to a quarter of the last on"
  ) { point, times, last in
    point.logSlopes(
      of: EmpiricalFlow.populationLoss, over: EmpiricalFlow.time, from: try nearest(times[last] / 4, point), to: last)
  },
  Estimator(
    "sarao2020/sampled-prefactor-exponent", from: [EmpiricalFlow.self],
    meaning: "slope of the mean of ln E at the last time against ln n, between two numbers of samples"
  ) { results in
    let (few, many) = try results.pair(of: EmpiricalFlow.self, ascending: \.sampleCount)
    guard few.replicaCount > 1, many.replicaCount > 1, few.parameters.lastTime == many.parameters.lastTime else {
      throw EvidenceError("needs two numbers of samples to the same time, with two replicas or more")
    }
    let logarithms = [few, many].map { $0[EmpiricalFlow.populationLoss].lastColumn().map(Double.logarithm) }
    return .combination(of: logarithms, weights: [-1, 1]).divided(
      by: .logarithm(Double(many.parameters.sampleCount) / Double(few.parameters.sampleCount)))
  },
  sampled("sampled-prefactor-ratio", "$t^2 E/K$ at the last time") { point, times, last in
    let rank = min(point.parameters.studentWidth, point.parameters.inputDimension)
    let prefactor = Theory.powerLawPrefactor(rank: rank, teacherWidth: point.parameters.teacherWidth)
    return point[EmpiricalFlow.populationLoss].column(last).map { $0 * times[last] * times[last] / prefactor }
  },
]

/// An estimator of the median over instances of one number of each flow with n samples.
private func sampled(
  _ name: String, _ meaning: String, line: Int = #line,
  _ measure: @escaping @Sendable (ExperimentPoint<EmpiricalFlow>, _ times: [Double], _ last: Int) throws -> [Double]
) -> Estimator {
  .median("sarao2020/\(name)", of: EmpiricalFlow.self, meaning: "\(meaning); median over instances", line: line) {
    let times = $0[EmpiricalFlow.time].values
    return try measure($0, times, times.count - 1)
  }
}

/// The index of the reported time nearest to a given one: times are in equal ratios, which hold few round numbers, but one
/// within a hundredth of each that is asked for.
private func nearest(_ time: Double, _ point: ExperimentPoint<EmpiricalFlow>) throws -> Int {
  try point.index(nearestTo: time, in: EmpiricalFlow.time, within: 0.01)
}

/// A number of one deterministic flow per teacher, at the finest tolerance, with the change from the next coarser one as
/// its numerical error.
private func refined(
  _ results: Results, _ measure: (Calculation<PopulationFlow>) throws -> Double
) throws -> [Estimate] {
  let points = try results.calculations(of: PopulationFlow.self)
  return try Dictionary(grouping: points, by: \.parameters.teacherEigenvalues).sorted {
    $0.key.lexicographicallyPrecedes($1.key)
  }.map { teacher, points in
    let sorted = points.sorted { $0.parameters.relativeTolerance < $1.parameters.relativeTolerance }
    guard sorted.count > 1, sorted[0].parameters.teacher == .diagonal, sorted[0].parameters.start == .identity else {
      throw EvidenceError("needs the teacher \(teacher) from A(0) = I at two tolerances")
    }
    let values = try sorted.prefix(2).map(measure)
    return .exact(values[0], numericalError: abs(values[0] - values[1]), from: sorted)
  }
}
