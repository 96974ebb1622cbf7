internal import NumericalMethods
internal import PaperKit

// How the numbers behind the claims are measured. The unit of evidence is the replica: one data set, one run.

/// Estimators of the landscape: where is the teacher the only zero?
let landscapeEstimators = [
  Estimator(
    "sarao2020/threshold-formula-gap", from: [Uniqueness.self],
    meaning: "greatest distance of a measured threshold n_50 from the counting formula n_c, in samples"
  ) { results in
    let gaps = try thresholds(uniquenessCounts(results)).map { system, threshold in
      threshold.distance(
        from: Double(
          Theory.countingThreshold(inputDimension: system.inputDimension, teacherWidth: system.teacherWidth)))
    }
    guard !gaps.isEmpty else { throw EvidenceError("no data sets") }
    return .greatest(gaps)
  },
  Estimator(
    "sarao2020/formula-ratio-gap", from: [Uniqueness.self],
    meaning: "greatest relative distance of the counting formula n_c from the measured n_50"
  ) { results in
    let gaps = try thresholds(uniquenessCounts(results)).map { system, threshold in
      try relativeGap(
        of: Double(
          Theory.countingThreshold(inputDimension: system.inputDimension, teacherWidth: system.teacherWidth)),
        from: threshold)
    }
    guard !gaps.isEmpty else { throw EvidenceError("no data sets") }
    return .greatest(gaps)
  },
  Estimator(
    "sarao2020/threshold-ratio", from: [Uniqueness.self], meaning: "n_50/d of one pair (d, m*)"
  ) { results in
    let found = try thresholds(uniquenessCounts(results))
    guard let only = found.first, found.count == 1 else {
      throw EvidenceError("needs exactly one pair of input dimension and teacher width, found \(found.count)")
    }
    return only.threshold.divided(by: Double(only.system.inputDimension))
  },
  thresholdLimit(
    "threshold-limit", "d^(-2/5), the drift of the conic threshold", power: 0.4),
  thresholdLimit("threshold-limit-fast", "1/d, the fastest drift of a threshold", power: 1),
  Estimator(
    "sarao2020/uniqueness-fall", from: [Uniqueness.self],
    meaning: "share of unique data sets at the smallest input dimension less that at the largest, at one n/d"
  ) { results in
    let counts = try uniquenessCounts(results).sorted { $0.inputDimension < $1.inputDimension }
    guard let first = counts.first, let last = counts.last, first.inputDimension < last.inputDimension,
      Set(counts.map(\.teacherWidth)).count == 1,
      counts.allSatisfy({ $0.sampleCount * first.inputDimension == first.sampleCount * $0.inputDimension })
    else { throw EvidenceError("needs one teacher width and one n/d at two or more input dimensions") }
    let shares = [first, last].map { (Double($0.successes) + 0.5) / (Double($0.trials) + 1) }
    let variance = zip(shares, [first, last]).reduce(0) { $0 + $1.0 * (1 - $1.0) / Double($1.1.trials) }
    return .fit(value: shares[0] - shares[1], standardError: variance.squareRoot())
  },
  Estimator(
    "sarao2020/uniqueness-probability", from: [Uniqueness.self],
    meaning: "share of data sets at one (d, m*, n) on which the teacher is the only zero"
  ) { results in
    let point = try results.point(of: Uniqueness.self)
    return .proportion(
      successes: count(point[Uniqueness.unique]), trials: point.replicaCount, undetermined: point.failedReplicas.count)
  },
  Estimator(
    "sarao2020/conic-threshold-gap", from: [Uniqueness.self, ConicThreshold.self],
    meaning: "greatest relative distance of the conic threshold n_SD from the measured n_50"
  ) { results in
    .greatest(
      try conicThresholds(results).map {
        try relativeGap(of: $0.conic.value, standardError: $0.conic.standardError, from: $0.measured)
      })
  },
  Estimator(
    "sarao2020/conic-excess", from: [Uniqueness.self, ConicThreshold.self],
    meaning: """
      relative distance of the conic threshold n_SD from the measured n_50 less that of the counting formula n_c, greatest \
      over systems
      """
  ) { results in
    .greatest(
      try conicThresholds(results).map { system, measured, conic in
        let formula = Double(
          Theory.countingThreshold(inputDimension: system.inputDimension, teacherWidth: system.teacherWidth))
        func excess(_ conic: Double, _ measured: Double) -> Double {
          abs(conic / measured - 1) - abs(formula / measured - 1)
        }
        // The errors of both, by a step of one standard error either way.
        let changes = [
          excess(conic.value + conic.standardError, measured.value)
            - excess(conic.value - conic.standardError, measured.value),
          excess(conic.value, measured.value + measured.standardError)
            - excess(conic.value, measured.value - measured.standardError),
        ]
        return .fit(
          value: excess(conic.value, measured.value),
          standardError: changes.reduce(0) { $0 + $1 * $1 / 4 }.squareRoot())
      })
  },
]

/// The limit of n_50/d at large d, at one teacher width: intercept of a straight line in a power of 1/d.
private func thresholdLimit(_ name: String, _ drift: String, power: Double) -> Estimator {
  Estimator(
    "sarao2020/\(name)", from: [Uniqueness.self],
    meaning: "limit of n_50/d at large d, a straight line in \(drift), through the measured ones"
  ) { results in
    let found = try thresholds(uniquenessCounts(results))
    guard found.count > 2, Set(found.map(\.system.teacherWidth)).count == 1 else {
      throw EvidenceError("needs one teacher width at three or more input dimensions")
    }
    let ratios = found.map { $0.threshold.divided(by: Double($0.system.inputDimension)) }
    let fit = Statistics.linearFit(
      found.map { Double.exponential(-power * Double.logarithm(Double($0.system.inputDimension))) },
      ratios.map(\.value), weights: ratios.map { 1 / ($0.standardError * $0.standardError) })
    return .fit(value: fit.intercept, standardError: fit.interceptStandardError)
  }
}

/// The measured and the conic threshold, of every system that has the latter. Throws where the former is missing.
private func conicThresholds(
  _ results: Results
) throws -> [(system: System, measured: Estimate, conic: (value: Double, standardError: Double))] {
  let measured = try thresholds(uniquenessCounts(results))
  let points = try results.points(of: ConicThreshold.self)
  guard !points.isEmpty else { throw EvidenceError("no conic thresholds") }
  return try points.map { point in
    let system = System(inputDimension: point.parameters.inputDimension, teacherWidth: point.parameters.teacherWidth)
    guard let threshold = measured.first(where: { $0.system == system })?.threshold else {
      throw EvidenceError("no measured threshold at d = \(system.inputDimension), m* = \(system.teacherWidth)")
    }
    let values = point[ConicThreshold.threshold].values
    guard values.count > 1 else { throw EvidenceError("needs at least 2 replicas of the conic threshold") }
    return (system, threshold, (Statistics.mean(values), Statistics.standardError(values)))
  }
}

/// |prediction/threshold - 1| with the errors of both.
private func relativeGap(
  of prediction: Double, standardError: Double = 0, from threshold: Estimate
) throws -> Estimate {
  let ratio = prediction / threshold.value
  let errors = [standardError / prediction, threshold.standardError / threshold.value]
  return Estimate.fit(
    value: ratio, standardError: ratio * errors.reduce(0) { $0 + $1 * $1 }.squareRoot()
  ).distance(from: 1)
}

/// Estimators of descent: does it find the teacher?
let recoveryEstimators = [
  Estimator(
    "sarao2020/certificate-mismatch", from: [GradientDescent.self],
    meaning: "share of decided runs whose outcome contradicts the certificate on the same data"
  ) { results in
    try share(results, among: { $0.undecided == 0 }) { $0.recovered != $0.unique }
  },
  Estimator(
    "sarao2020/undecided-share", from: [GradientDescent.self], meaning: "share of runs without a certain outcome"
  ) { results in
    try share(results) { $0.undecided == 1 }
  },
  Estimator(
    "sarao2020/recovery-probability", from: [GradientDescent.self],
    meaning: "share of runs that found the teacher; undecided ones count as failures"
  ) { results in
    try share(results) { $0.recovered == 1 }
  },
  Estimator(
    "sarao2020/possible-recovery", from: [GradientDescent.self],
    meaning: "share of runs that did not end on another zero; undecided ones count as successes"
  ) { results in
    try share(results) { $0.recovered + $0.undecided == 1 }
  },
  Estimator(
    "sarao2020/spurious-share", from: [GradientDescent.self],
    meaning:
      "share of runs that end without a certain outcome at a training loss above 1e-3 of the first population loss"
  ) { results in
    try share(results) { $0.undecided == 1 && $0.training > 1e-3 }
  },
]

/// The flags of one run of descent.
private typealias Run = (recovered: Double, undecided: Double, unique: Double, training: Double)

private func runs(_ point: ExperimentPoint<GradientDescent>) -> [Run] {
  (0..<point.replicaCount).map {
    (
      point[GradientDescent.recovered][$0], point[GradientDescent.undecided][$0], point[GradientDescent.unique][$0],
      point[GradientDescent.relativeTrainingLoss][$0]
    )
  }
}

/// The share of runs, over all sweep points, with a property among those with another.
private func share(
  _ results: Results, among isCounted: (Run) -> Bool = { _ in true }, of hasProperty: (Run) -> Bool
) throws -> Estimate {
  let counted = try results.points(of: GradientDescent.self).flatMap(runs).filter(isCounted)
  guard !counted.isEmpty else { throw EvidenceError("no runs to count") }
  return .proportion(
    successes: counted.filter(hasProperty).count, trials: counted.count, undetermined: results.failedReplicaCount)
}

/// Estimators of the dynamics: how fast?
let dynamicsEstimators = [
  Estimator(
    "sarao2020/power-law-exponent-gap", from: [PopulationFlow.self],
    meaning: "greatest distance from -2 of the slope of log E against log t over the last decade"
  ) { results in
    try .greatest(
      refined(results) { point in
        let times = point[PopulationFlow.time]
        let losses = point[PopulationFlow.populationLoss]
        let last = times.shape[0] - 1
        let first = try point.index(of: times[last] / 10, in: PopulationFlow.time)
        return Double.logarithm(losses[last] / losses[first]) / Double.logarithm(times[last] / times[first])
      }.map { $0.distance(from: -2) })
  },
  Estimator(
    "sarao2020/power-law-prefactor-gap", from: [PopulationFlow.self],
    meaning: "greatest distance from 1 of t^2 E / K at the last time"
  ) { results in
    try .greatest(
      refined(results) { point in
        let times = point[PopulationFlow.time]
        let last = times.shape[0] - 1
        let prefactor = Theory.powerLawPrefactor(
          rank: point.parameters.startRank, teacherWidth: point.parameters.teacherWidth)
        return point[PopulationFlow.populationLoss][last] * times[last] * times[last] / prefactor
      }.map { $0.distance(from: 1) })
  },
  Estimator(
    "sarao2020/exponential-rate-ratio", from: [PopulationFlow.self],
    meaning: "decay rate of E over the last sixth of the time, in units of the predicted rate g; median over teachers"
  ) { results in
    let point = try results.point(of: PopulationFlow.self)
    guard point.parameters.timeUnit == .relaxationTime else { throw EvidenceError("needs times in units of 1/g") }
    let times = point[PopulationFlow.time]
    let last = times.shape[0] - 1
    let first = try point.index(of: times[last] * 5 / 6, in: PopulationFlow.time)
    let falls = ratios(point[PopulationFlow.populationLoss], first, over: last)
    return .median(falls.map { Double.logarithm($0) / (times[last] - times[first]) })
  },
  sampled("training-loss-fall", "training loss at the last time over that at the reported time nearest to 1") {
    point, _, last in ratios(point[EmpiricalFlow.trainingLoss], last, over: try nearest(1, point))
  },
  sampled("late-population-loss", "population loss at the last time over that nearest to a twentieth of it") {
    point, times, last in
    ratios(point[EmpiricalFlow.populationLoss], last, over: try nearest(times[last] / 20, point))
  },
  sampled("population-loss-fall", "population loss at the reported time nearest to 50 over that nearest to 10") {
    point, _, _ in ratios(point[EmpiricalFlow.populationLoss], try nearest(50, point), over: try nearest(10, point))
  },
  sampled(
    "sampled-power-law-exponent",
    "slope of log E against log t from the reported time nearest to a quarter of the last on"
  ) { point, times, last in
    let first = try nearest(times[last] / 4, point)
    let duration = Double.logarithm(times[last] / times[first])
    return ratios(point[EmpiricalFlow.populationLoss], last, over: first).map { Double.logarithm($0) / duration }
  },
  Estimator(
    "sarao2020/sampled-prefactor-exponent", from: [EmpiricalFlow.self],
    meaning: "slope of the mean of ln E at the last time against ln n, between two numbers of samples"
  ) { results in
    let points = try results.points(of: EmpiricalFlow.self).sorted {
      $0.parameters.sampleCount < $1.parameters.sampleCount
    }
    guard points.count == 2, points[0].parameters.sampleCount < points[1].parameters.sampleCount,
      points.allSatisfy({ $0.replicaCount > 1 }),
      points[0].parameters.lastTime == points[1].parameters.lastTime
    else { throw EvidenceError("needs two numbers of samples, to the same time, with two replicas or more") }
    let logarithms = points.map { point in
      let times = point[EmpiricalFlow.time]
      let last = times.shape[times.shape.count - 1] - 1
      return (0..<point.replicaCount).map { Double.logarithm(point[EmpiricalFlow.populationLoss][$0, last]) }
    }
    let range = Double.logarithm(
      Double(points[1].parameters.sampleCount) / Double(points[0].parameters.sampleCount))
    let errors = logarithms.map(Statistics.standardError)
    return .fit(
      value: (Statistics.mean(logarithms[1]) - Statistics.mean(logarithms[0])) / range,
      standardError: (errors[0] * errors[0] + errors[1] * errors[1]).squareRoot() / range,
      degreesOfFreedom: Double(logarithms.map(\.count).min() ?? 0) - 1)
  },
  sampled("sampled-prefactor-ratio", "t^2 E / K at the last time") { point, times, last in
    let rank = min(point.parameters.studentWidth, point.parameters.inputDimension)
    let prefactor = Theory.powerLawPrefactor(rank: rank, teacherWidth: point.parameters.teacherWidth)
    return point[EmpiricalFlow.populationLoss].column(last).map { $0 * times[last] * times[last] / prefactor }
  },
]

/// An estimator of the median over instances of one number of each flow with n samples.
private func sampled(
  _ name: String, _ meaning: String,
  _ measure: @escaping @Sendable (ExperimentPoint<EmpiricalFlow>, _ times: NDArray, _ last: Int) throws -> [Double]
) -> Estimator {
  Estimator("sarao2020/\(name)", from: [EmpiricalFlow.self], meaning: "\(meaning); median over instances") { results in
    let point = try results.point(of: EmpiricalFlow.self)
    let times = point[EmpiricalFlow.time]
    return .median(try measure(point, times, times.shape[0] - 1))
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

/// Per replica, the value at one index over that at another.
private func ratios(_ values: NDArray, _ numerator: Int, over denominator: Int) -> [Double] {
  zip(values.column(numerator), values.column(denominator)).map { $0 / $1 }
}
