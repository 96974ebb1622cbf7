internal import NumericalMethods
internal import PaperKit

/// Estimators of speed: rates and escape times.
let rateEstimators: [Estimator] = [
  .median(
    "martin2023/power-law-ratio", of: ConvergenceRates.self,
    meaning: "median of $t^2 L$ at the last time over its predicted limit"
  ) { point in
    let p = point.parameters
    let limit = Theory.powerLawLimit(
      inputDimension: p.inputDimension, studentWidth: p.studentWidth, teacherWidth: p.teacherWidth)
    return point[ConvergenceRates.populationLoss].lastColumn(0).map { $0 * p.lastTime * p.lastTime / limit }
  },
  .greatest(
    "martin2023/power-law-exponent", of: ConvergenceRates.self,
    meaning:
      "slope of ln L over ln t between the last time and one about half as late, median, the greatest distance from -2"
  ) { point in
    let times = point[ConvergenceRates.time].values
    let (end, losses) = (times.count - 1, point[ConvergenceRates.populationLoss])
    guard let middle = times.firstIndex(where: { $0 >= times[end] / 2.01 }), times[middle] <= times[end] / 1.8 else {
      throw EvidenceError("no time lies between 1/2.01 and 1/1.8 of the last, \(times[end])")
    }
    let duration = Double.logarithm(times[end] / times[middle])
    let slopes = zip(losses.column(0, end), losses.column(0, middle)).map { Double.logarithm($0 / $1) / duration }
    return .median(slopes).distance(from: -2)
  },
  Estimator(
    "martin2023/exponential-rate-ratio", from: [ConvergenceRates.self],
    meaning: "median fitted rate of the exponential decay over $4 μ_\\min$; runs without a fit may have any"
  ) { results in
    // The first start of each teacher: others of the same are no replicas.
    try .median(determined: results.point(of: ConvergenceRates.self)[ConvergenceRates.rateRatio].column(0))
  },
  Estimator(
    "martin2023/escape-slope", from: [Escape.self],
    meaning: "slope of the escape time over $\\ln d$, in units of $m^*/4$, mean over replicas of one width"
  ) { results in
    try meanSlope(results.points(of: Escape.self), of: Escape.escapeTime)
  },
  Estimator(
    "martin2023/recovery-gain", from: [Escape.self],
    meaning: "median of the recovery time of the narrower less that of the wider of two students"
  ) { results in
    let (narrow, wide) = try results.pair(of: Escape.self, ascending: \.studentWidth)
    let times = try paired([narrow, wide]).map { $0[Escape.recoveryTime].values }
    return .median(zip(times[0], times[1]).map { $0 - $1 })
  },
  Estimator(
    "martin2023/recovery-slope-distance", from: [Escape.self],
    meaning:
      "distance from 1 of the slope of the recovery time over $\\ln d$ in units of $m^*/4$, the greatest of the widths"
  ) { results in
    .greatest(
      try Dictionary(grouping: results.points(of: Escape.self), by: \.parameters.studentWidth).sorted {
        $0.key < $1.key
      }
      .map { try meanSlope($0.value, of: Escape.recoveryTime).distance(from: 1) })
  },
  Estimator(
    "martin2023/recovery-spread-ratio", from: [Escape.self],
    meaning: "standard deviation of the recovery time of the narrower over that of the wider of two students"
  ) { results in
    let (narrow, wide) = try results.pair(of: Escape.self, ascending: \.studentWidth)
    let samples = [narrow, wide].map { $0[Escape.recoveryTime].values }
    guard samples.allSatisfy({ $0.count > 2 }) else { throw EvidenceError("needs 3 replicas or more of each") }
    let parts = samples.map { values in
      Statistics.jackknife(values) { Double.logarithm(Statistics.variance($0)) / 2 }
    }
    let ratio = Double.exponential(parts[0].value - parts[1].value)
    return .fit(
      value: ratio, standardError: ratio * parts.reduce(0) { $0 + $1.standardError * $1.standardError }.squareRoot(),
      degreesOfFreedom: Double(min(samples[0].count, samples[1].count) - 1))
  },
]

/// Slope of a time over ln d in units of m*/4, for one student width at three or more d; mean over replicas.
private func meanSlope(_ points: [ExperimentPoint<Escape>], of output: OutputArray) throws -> Estimate {
  let points = try paired(points)
  guard Set(points.map(\.parameters.inputDimension)).count >= 3, Set(points.map(\.parameters.studentWidth)).count == 1
  else { throw EvidenceError("needs one student width at three or more input dimensions") }
  let x = points.map { Double.logarithm(Double($0.parameters.inputDimension)) }
  return .mean(
    (0..<points[0].replicaCount).map { replica in
      let times = points.map { $0[output].values[replica] }
      return Statistics.linearFit(x, times).slope * 4 / Double(points[0].parameters.teacherWidth)
    })
}
