internal import NumericalMethods
internal import PaperKit

// How the numbers behind the claims are measured. The unit of evidence is the replica: one random start with its samples.

/// Descent against its limit N -> infinity.
let dynamicsEstimators: [Estimator] = [
  Estimator(
    "bocchi2026/law-difference", from: [FullSGD.self, ReducedSGD.self],
    meaning: "mean ln of the last loss of full descent less that of the reduced chain"
  ) { results in
    let (descent, chain) = (try results.point(of: FullSGD.self), try results.point(of: ReducedSGD.self))
    guard descent.parameters.lastTime == chain.parameters.lastTime else {
      throw EvidenceError(
        "descent ends at time \(descent.parameters.lastTime), the chain at \(chain.parameters.lastTime)")
    }
    let losses = [descent[FullSGD.populationLoss], chain[ReducedSGD.populationLoss]]
    return .combination(of: losses.map { $0.lastColumn().map(Double.logarithm) }, weights: [1, -1])
  },
  Estimator(
    "bocchi2026/flow-distance-slope", from: [ReducedSGD.self],
    meaning:
      "slope against ln N of the mean ln of the greatest distance over time between the losses of descent and flow"
  ) { results in
    try slopeInDimension(
      results.points(of: ReducedSGD.self).map {
        ($0.parameters.inputDimension, greatestDistances($0).map(Double.logarithm))
      })
  },
  Estimator(
    "bocchi2026/plateau-start-bias", from: [ReducedSGD.self],
    meaning: "greatest |mean / standard deviation| over times from 10 on of loss of descent less loss of flow"
  ) { results in
    let point = try results.point(of: ReducedSGD.self)
    let times = point[ReducedSGD.time].values
    let count = Double(point.replicaCount)
    return .greatest(
      try times.indices[point.index(of: 10, in: ReducedSGD.time)...].map { index in
        let losses = [ReducedSGD.populationLoss, ReducedSGD.flowLoss].map { point[$0].column(index) }
        let differences = zip(losses[0], losses[1]).map { $0 - $1 }
        let ratio = Statistics.mean(differences) / Statistics.variance(differences).squareRoot()
        // Standard error of a standardised mean.
        let error = ((1 + ratio * ratio / 2) / count).squareRoot()
        return Estimate.fit(value: ratio, standardError: error, degreesOfFreedom: count - 1).distance(from: 0)
      })
  },
  .mean(
    "bocchi2026/plateau-loss-ratio", of: ReducedSGD.self,
    meaning: "loss of descent over that of the overlap equations at time 10, mean over runs"
  ) { point in
    let losses = try [ReducedSGD.populationLoss, ReducedSGD.flowLoss].map {
      try point.values(of: $0, at: 10, in: ReducedSGD.time)
    }
    return zip(losses[0], losses[1]).map { $0 / $1 }
  },
]

/// The late loss of descent with p > p*.
let tailEstimators: [Estimator] = [
  .median(
    "bocchi2026/descent-tail-exponent", of: FullSGD.self,
    meaning: "slope of ln loss against ln time between half of the last time and the last, median over runs"
  ) { point in
    let (middle, last) = try lateHalf(point)
    return point.logSlopes(of: FullSGD.populationLoss, over: FullSGD.time, from: middle, to: last)
  },
  .median(
    "bocchi2026/descent-tail-pace", of: FullSGD.self,
    meaning:
      "growth of $\\text{loss}^{-1/2}$ per time between half of the last time and the last, in units of the predicted limit; median"
  ) { point in
    let (middle, last) = try lateHalf(point)
    let (times, losses) = (point[FullSGD.time].values, point[FullSGD.populationLoss])
    let unit = (times[last] - times[middle]) / point.parameters.theory.tailConstant.squareRoot()
    return zip(losses.column(last), losses.column(middle)).map {
      (1 / $0.squareRoot() - 1 / $1.squareRoot()) / unit
    }
  },
]

/// The indices of half of the last time and of the last.
private func lateHalf(_ point: ExperimentPoint<FullSGD>) throws -> (middle: Int, last: Int) {
  (
    try point.index(of: point.parameters.lastTime / 2, in: FullSGD.time),
    point[FullSGD.time].values.count - 1
  )
}

/// The plateau and the way out of it.
let escapeEstimators: [Estimator] = [
  .greatestExact(
    "bocchi2026/plateau-gap", of: Plateau.self,
    meaning: "greatest relative distance of the loss that the overlap equations settle at from the closed form"
  ) { abs($0.number(Plateau.settledLoss) / $0.number(Plateau.populationLoss) - 1) },
  .greatestExact(
    "bocchi2026/plateau-height-gap", of: Plateau.self,
    meaning: "greatest distance of the settled loss from $1/(p+2) + 1/p^*$"
  ) { point in
    let expected = 1 / Double(point.parameters.studentWidth + 2) + 1 / Double(point.parameters.teacherWidth)
    return abs(point.number(Plateau.settledLoss) - expected)
  },
  .greatestExact(
    "bocchi2026/escape-rate-gap", of: EscapeRate.self,
    meaning: "greatest distance from 1 of the escape rate of the loss in units of $8η/p^*$"
  ) { abs($0.number(EscapeRate.rateRatio) - 1) },
  Estimator(
    "bocchi2026/escape-rate-spread", from: [EscapeRate.self],
    meaning: "greatest difference, at equal $p^*$, between escape rates of different $p$ in units of $8η/p^*$"
  ) { results in
    let points = try results.calculations(of: EscapeRate.self)
    let spreads = Dictionary(grouping: points, by: \.parameters.teacherWidth).values.map { points in
      let ratios = points.map { $0.number(EscapeRate.rateRatio) }
      return ratios.greatest() - ratios.least()
    }
    return .exact(spreads.greatest(), from: points)
  },
  Estimator(
    "bocchi2026/escape-rate-power", from: [EscapeRate.self],
    meaning: "slope of ln of the escape rate of the loss against ln p"
  ) { results in
    let points = try results.calculations(of: EscapeRate.self)
    guard points.count > 1, Set(points.map(\.parameters.teacherWidth)).count == 1 else {
      throw EvidenceError("needs several student widths at one teacher width")
    }
    let fit = Statistics.linearFit(
      points.map { .logarithm(Double($0.parameters.studentWidth)) },
      points.map { .logarithm($0.number(EscapeRate.rateRatio) * $0.parameters.learningRate) })
    return .exact(fit.slope, numericalError: 1e-8, from: points)
  },
  .greatestExact(
    "bocchi2026/prefactor-gap", of: EscapeRate.self,
    meaning: "greatest relative distance of the prefactor A of free rows from 2p/(p+2)"
  ) { abs($0.number(EscapeRate.lossAmplitude) / $0.parameters.theory.prefactor - 1) },
  .greatest(
    "bocchi2026/random-prefactor-gap", of: EscapeRate.self,
    meaning:
      "median relative distance of the prefactor A from 2, of constrained rows from random starts; greatest of all widths"
  ) { point in
    .median(point[EscapeRate.lossAmplitude].values.map { abs($0 / point.parameters.theory.prefactor - 1) })
  },
  .share(
    "bocchi2026/amplitude-middle-share", of: EscapeAmplitude.self,
    meaning: "share of runs whose F(X/(1+nu)) lies between 1/4 and 3/4; 1/2 if the law has the right shape"
  ) { try amplitudeRanks($0).map { (0.25...0.75).contains($0) } },
  .mean(
    "bocchi2026/amplitude-ratio", of: EscapeAmplitude.self, scale: .logarithmic,
    meaning: "geometric mean of X/(1+nu) over that of the Gamma law of mean 1"
  ) { point in
    let expected = Double.exponential(point.parameters.theory.meanLogarithmOfAmplitude)
    return scaledAmplitudes(point).map { $0 / expected }
  },
  Estimator(
    "bocchi2026/escape-slope-gap", from: [EscapeTime.self],
    meaning:
      "greatest relative distance from 1/(2r) of the slope of the escape time against ln N, between the two largest N"
  ) { results in
    let points = try results.calculations(of: EscapeTime.self)
    let groups = Dictionary(grouping: points) { [$0.parameters.studentWidth, $0.parameters.teacherWidth] }
    let gaps = try groups.values.map { points in
      let ends = points.sorted { $0.parameters.inputDimension < $1.parameters.inputDimension }.suffix(2)
      guard let first = ends.first, let last = ends.last, ends.count == 2 else {
        throw EvidenceError("needs two input dimensions")
      }
      let duration = last.number(EscapeTime.escapeTime) - first.number(EscapeTime.escapeTime)
      let efoldings = Double.logarithm(
        Double(last.parameters.inputDimension) / Double(first.parameters.inputDimension))
      return abs(duration / efoldings / first.number(EscapeTime.expectedSlope) - 1)
    }
    return .exact(gaps.greatest(), from: points)
  },
  Estimator(
    "bocchi2026/escape-slope-ratio", from: [EscapeTime.self],
    meaning: "slope of the mean corrected escape time of descent against ln N, in units of 1/(2r)"
  ) { results in
    let points = try results.points(of: EscapeTime.self)
    return try slopeInDimension(
      points.map { ($0.parameters.inputDimension, $0[EscapeTime.correctedTime].values) }
    ).divided(by: points[0][EscapeTime.expectedSlope].values[0])
  },
  Estimator(
    "bocchi2026/width-gain-ratio", from: [EscapeTime.self],
    meaning: "time gained by the widest over the narrowest student at the largest N, over that at the smallest"
  ) { results in
    let gains = try widthGains(results)
    guard let first = gains.first, let last = gains.last, gains.count > 1 else {
      throw EvidenceError("needs two input dimensions")
    }
    return .exact(
      last / first, numericalError: 1e-6, from: try results.calculations(of: EscapeTime.self))
  },
]

/// The time that the widest student gains on the narrowest, by N.
private func widthGains(_ results: Results) throws -> [Double] {
  let groups = Dictionary(grouping: try results.calculations(of: EscapeTime.self), by: \.parameters.inputDimension)
  return try groups.sorted { $0.key < $1.key }.map { _, points in
    let sorted = points.sorted { $0.parameters.studentWidth < $1.parameters.studentWidth }
    guard let narrow = sorted.first, let wide = sorted.last, sorted.count > 1 else {
      throw EvidenceError("needs two student widths")
    }
    return narrow.number(EscapeTime.escapeTime) - wide.number(EscapeTime.escapeTime)
  }
}

/// What the width gains in time, from random starts.
let gainEstimators: [Estimator] = [
  Estimator(
    "bocchi2026/random-width-gain", from: [EscapeTime.self],
    meaning: "share of the mean escape time that the wider of two students gains, from random starts"
  ) { results in
    let (narrow, wide) = try results.pair(of: EscapeTime.self, ascending: \.studentWidth)
    let ratio = ratioOfMeans(wide[EscapeTime.escapeTime].values, over: narrow[EscapeTime.escapeTime].values)
    return .fit(
      value: 1 - ratio.value, standardError: ratio.value * ratio.relativeError,
      degreesOfFreedom: ratio.degreesOfFreedom)
  },
  Estimator(
    "bocchi2026/gain-in-foldings", from: [EscapeTime.self],
    meaning: "time that the wider of two students gains from a typical start, in units of 1/(2 r) of the narrower"
  ) { results in
    let (narrow, wide) = try results.pair(of: EscapeTime.self, ascending: \.studentWidth)
    // Without chance, the same in every replica.
    let times = [narrow, wide].map { $0[EscapeTime.typicalTime].values[0] }
    return .identity([(times[0] - times[1]) / narrow[EscapeTime.expectedSlope].values[0]])
  },
  Estimator(
    "bocchi2026/start-gain-in-foldings", from: [EscapeTime.self],
    meaning:
      "time by which the wider of two students gains more from random than from typical starts, in units of 1/(2 r)"
  ) { results in
    let (narrow, wide) = try results.pair(of: EscapeTime.self, ascending: \.studentWidth)
    let delays = [narrow, wide].map { point in
      point.differences(EscapeTime.flowTime, from: EscapeTime.typicalTime).map {
        $0 / point[EscapeTime.expectedSlope].values[0]
      }
    }
    return .combination(of: delays, weights: [1, -1])
  },
  Estimator(
    "bocchi2026/descent-gain-excess", from: [EscapeTime.self],
    meaning:
      "time that wider students gain by descent less what they gain by the overlap equations from the same starts and by "
      + "$\\ln((1 + ν)/(1 + ν_\\text{narrow}))$, in units of $1/(2r)$ of the narrowest; mean over all widths, $η$ and $N$"
  ) { results in
    let groups = Dictionary(grouping: try results.points(of: EscapeTime.self)) { point in
      [Double(point.parameters.teacherWidth), point.parameters.learningRate, Double(point.parameters.inputDimension)]
    }
    var (excess, variance, count) = (0.0, 0.0, 0.0)
    for points in groups.sorted(by: { $0.key.lexicographicallyPrecedes($1.key) }).map(\.value) {
      let sorted = points.sorted { $0.parameters.studentWidth < $1.parameters.studentWidth }
      guard sorted.count > 1 else { throw EvidenceError("needs two student widths at each learning rate and N") }
      let unit = sorted[0][EscapeTime.expectedSlope].values[0]
      // Descent's advance before the equations, less what noise makes of it.
      let advances = sorted.map { point in
        let expected = noiseAdvance(point)
        return point.differences(EscapeTime.flowTime, from: EscapeTime.escapeTime).map { ($0 - expected) / unit }
      }
      let errors = advances.map(Statistics.standardError)
      let wider = Double(sorted.count - 1)
      count += wider
      excess += advances.dropFirst().reduce(0) { $0 + Statistics.mean($1) } - wider * Statistics.mean(advances[0])
      variance += errors.dropFirst().reduce(0) { $0 + $1 * $1 } + wider * wider * errors[0] * errors[0]
    }
    return .fit(
      value: excess / count, standardError: variance.squareRoot() / count,
      degreesOfFreedom: Double((try results.points(of: EscapeTime.self).map(\.replicaCount).min() ?? 0) - 1))
  },
  Estimator(
    "bocchi2026/noise-advance", from: [EscapeTime.self],
    meaning:
      "time by which descent escapes before the overlap equations from the same start, in units of ln(1 + nu)/(2 r); mean "
      + "over all N and widths"
  ) { results in
    let advances = try results.somePoints(of: EscapeTime.self).map { point in
      point.differences(EscapeTime.flowTime, from: EscapeTime.escapeTime).map { $0 / noiseAdvance(point) }
    }
    return .combination(of: advances, weights: advances.map { _ in 1 }).divided(by: Double(advances.count))
  },
]

/// The time ln(1 + nu)/(2 r) that noise is predicted to save, the same for every replica.
private func noiseAdvance(_ point: ExperimentPoint<EscapeTime>) -> Double {
  Double.logarithm(1 + point[EscapeTime.noiseGain].values[0]) * point[EscapeTime.expectedSlope].values[0]
}

/// X/(1+nu) of every run.
private func scaledAmplitudes(_ point: ExperimentPoint<EscapeAmplitude>) -> [Double] {
  zip(point[EscapeAmplitude.amplitude].values, point[EscapeAmplitude.noiseGain].values).map { $0 / (1 + $1) }
}

/// F(X/(1+nu)) of every run, F the distribution function of the Gamma law of shape p p*/2 and mean 1.
private func amplitudeRanks(_ point: ExperimentPoint<EscapeAmplitude>) throws -> [Double] {
  let shape = Double(point.parameters.studentWidth * point.parameters.teacherWidth) / 2
  let scaled = scaledAmplitudes(point)
  guard scaled.allSatisfy({ $0 >= 0 }) else { throw EvidenceError("an amplitude is not a positive number") }
  return scaled.map { Distributions.gammaCumulative($0, shape: shape, scale: 1 / shape) }
}
