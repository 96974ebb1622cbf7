internal import NumericalMethods
internal import PaperKit

// How the numbers behind the claims are measured. The unit of evidence is the replica: one random start with its samples.

/// Descent against its limit N -> infinity.
let dynamicsEstimators = [
  Estimator(
    "bocchi2026/law-difference", from: [FullSGD.self, ReducedSGD.self],
    meaning: "mean ln of the last loss of full descent less that of the reduced chain"
  ) { results in
    let full = try results.point(of: FullSGD.self)[FullSGD.populationLoss]
    let reduced = try results.point(of: ReducedSGD.self)[ReducedSGD.populationLoss]
    let samples = [full, reduced].map { $0.column($0.shape[1] - 1).map(Double.logarithm) }
    let errors = samples.map(Statistics.standardError)
    return .fit(
      value: Statistics.mean(samples[0]) - Statistics.mean(samples[1]),
      standardError: (errors[0] * errors[0] + errors[1] * errors[1]).squareRoot(),
      degreesOfFreedom: Double(samples.map(\.count).min() ?? 2) - 1)
  },
  Estimator(
    "bocchi2026/flow-distance-slope", from: [ReducedSGD.self],
    meaning:
      "slope against ln N of the mean ln of the greatest distance over time between the losses of descent and flow"
  ) { results in
    let points = try results.points(of: ReducedSGD.self)
    let logarithms = points.map { greatestDistances($0).map(Double.logarithm) }
    let fit = try slope(
      x: points.map { .logarithm(Double($0.parameters.inputDimension)) }, y: logarithms.map(Statistics.mean),
      standardErrors: logarithms.map(Statistics.standardError))
    return .fit(
      value: fit.slope, standardError: fit.standardError,
      degreesOfFreedom: Double(logarithms.map(\.count).min() ?? 2) - 1)
  },
  Estimator(
    "bocchi2026/scaled-flow-distance", from: [ReducedSGD.self],
    meaning: "sqrt(N) times that greatest distance; geometric mean over runs at the largest N"
  ) { results in
    let points = try results.points(of: ReducedSGD.self)
    guard let point = points.max(by: { $0.parameters.inputDimension < $1.parameters.inputDimension }) else {
      throw EvidenceError("no runs")
    }
    let scale = Double(point.parameters.inputDimension).squareRoot()
    return .mean(greatestDistances(point).map { $0 * scale }, scale: .logarithmic)
  },
  Estimator(
    "bocchi2026/plateau-start-bias", from: [ReducedSGD.self],
    meaning: "greatest |mean / standard deviation| over times from 10 on of loss of descent less loss of flow"
  ) { results in
    let point = try results.point(of: ReducedSGD.self)
    let times = point[ReducedSGD.time].values
    let count = Double(point.replicaCount)
    return .greatest(
      times.indices.filter { times[$0] >= 10 }.map { index in
        let differences = zip(
          point[ReducedSGD.populationLoss].column(index), point[ReducedSGD.flowLoss].column(index)
        ).map { $0 - $1 }
        let ratio = Statistics.mean(differences) / Statistics.variance(differences).squareRoot()
        // Standard error of a standardised mean.
        let error = ((1 + ratio * ratio / 2) / count).squareRoot()
        return Estimate.fit(value: ratio, standardError: error, degreesOfFreedom: count - 1).distance(from: 0)
      })
  },
  Estimator(
    "bocchi2026/plateau-loss-ratio", from: [ReducedSGD.self],
    meaning: "loss of descent over that of the overlap equations at time 10, mean over runs"
  ) { results in
    let point = try results.point(of: ReducedSGD.self)
    let place = index(of: 10, in: point[ReducedSGD.time])
    return .mean(
      zip(point[ReducedSGD.populationLoss].column(place), point[ReducedSGD.flowLoss].column(place)).map { $0 / $1 })
  },
]

/// The plateau and the way out of it.
let escapeEstimators = [
  Estimator(
    "bocchi2026/plateau-gap", from: [Plateau.self],
    meaning: "greatest relative distance of the loss that the overlap equations settle at from the closed form"
  ) { results in
    .exact(
      try greatest(
        results.points(of: Plateau.self).map {
          abs($0[Plateau.settledLoss].values[0] / $0[Plateau.populationLoss].values[0] - 1)
        }))
  },
  Estimator(
    "bocchi2026/plateau-height-gap", from: [Plateau.self],
    meaning: "greatest distance of the settled loss from 1/(p+2) + 1/p*"
  ) { results in
    .exact(
      try greatest(
        results.points(of: Plateau.self).map { point in
          let expected = 1 / Double(point.parameters.studentWidth + 2) + 1 / Double(point.parameters.teacherWidth)
          return abs(point[Plateau.settledLoss].values[0] - expected)
        }))
  },
  Estimator(
    "bocchi2026/escape-rate-gap", from: [EscapeRate.self],
    meaning: "greatest distance from 1 of the escape rate of the loss in units of 8 eta/p*"
  ) { results in
    .exact(
      try greatest(results.points(of: EscapeRate.self).flatMap { $0[EscapeRate.rateRatio].values.map { abs($0 - 1) } }))
  },
  Estimator(
    "bocchi2026/escape-rate-spread", from: [EscapeRate.self],
    meaning: "greatest difference, at equal p*, between escape rates of different p in units of 8 eta/p*"
  ) { results in
    let groups = Dictionary(grouping: try results.points(of: EscapeRate.self), by: \.parameters.teacherWidth)
    return .exact(
      try greatest(
        groups.values.map { points in
          let ratios = points.flatMap { $0[EscapeRate.rateRatio].values }
          return (ratios.max() ?? .nan) - (ratios.min() ?? .nan)
        }))
  },
  Estimator(
    "bocchi2026/prefactor-gap", from: [EscapeRate.self],
    meaning: "greatest relative distance of the prefactor A from 2p/(p+2), or from 2 for constrained rows"
  ) { results in
    .exact(
      try greatest(
        results.points(of: EscapeRate.self).flatMap { point in
          point[EscapeRate.lossAmplitude].values.map { abs($0 / point.parameters.theory.prefactor - 1) }
        }))
  },
  Estimator(
    "bocchi2026/amplitude-rank", from: [EscapeAmplitude.self],
    meaning: "mean of F(X/(1+nu)), F the distribution function of the Gamma law of mean 1; 1/2 if the law holds"
  ) { results in
    let point = try results.point(of: EscapeAmplitude.self)
    let shape = Double(point.parameters.studentWidth * point.parameters.teacherWidth) / 2
    let scaled = zip(point[EscapeAmplitude.amplitude].values, point[EscapeAmplitude.noiseGain].values).map {
      $0 / (1 + $1)
    }
    guard scaled.allSatisfy({ $0 >= 0 }) else { throw EvidenceError("an amplitude is not a positive number") }
    return .mean(scaled.map { Distributions.gammaCumulative($0, shape: shape, scale: 1 / shape) })
  },
  Estimator(
    "bocchi2026/amplitude-ratio", from: [EscapeAmplitude.self],
    meaning: "geometric mean of X/(1+nu) over that of the Gamma law of mean 1"
  ) { results in
    let point = try results.point(of: EscapeAmplitude.self)
    let expected = Double.exponential(point.parameters.theory.meanLogarithmOfAmplitude)
    return .mean(
      zip(point[EscapeAmplitude.amplitude].values, point[EscapeAmplitude.noiseGain].values).map {
        $0 / (1 + $1) / expected
      }, scale: .logarithmic)
  },
  Estimator(
    "bocchi2026/escape-slope-gap", from: [EscapeTime.self],
    meaning:
      "greatest relative distance from 1/(2r) of the slope of the escape time against ln N, between the two largest N"
  ) { results in
    let groups = Dictionary(grouping: try results.points(of: EscapeTime.self)) {
      [$0.parameters.studentWidth, $0.parameters.teacherWidth]
    }
    return .exact(
      try greatest(
        groups.values.map { points in
          let ends = points.sorted { $0.parameters.inputDimension < $1.parameters.inputDimension }.suffix(2)
          guard let first = ends.first, let last = ends.last, ends.count == 2 else {
            throw EvidenceError("needs two input dimensions")
          }
          let duration = last[EscapeTime.escapeTime].values[0] - first[EscapeTime.escapeTime].values[0]
          let efoldings = Double.logarithm(
            Double(last.parameters.inputDimension) / Double(first.parameters.inputDimension))
          return abs(duration / efoldings / first[EscapeTime.expectedSlope].values[0] - 1)
        }))
  },
  Estimator(
    "bocchi2026/escape-slope-ratio", from: [EscapeTime.self],
    meaning: "slope of the mean corrected escape time of descent against ln N, in units of 1/(2r)"
  ) { results in
    let points = try results.points(of: EscapeTime.self)
    let times = points.map { $0[EscapeTime.correctedTime].values }
    let fit = try slope(
      x: points.map { .logarithm(Double($0.parameters.inputDimension)) }, y: times.map(Statistics.mean),
      standardErrors: times.map(Statistics.standardError))
    let unit = points[0][EscapeTime.expectedSlope].values[0]
    return .fit(
      value: fit.slope / unit, standardError: fit.standardError / unit,
      degreesOfFreedom: Double(times.map(\.count).min() ?? 2) - 1)
  },
  Estimator(
    "bocchi2026/width-gain-ratio", from: [EscapeTime.self],
    meaning: "time gained by the widest over the narrowest student at the largest N, over that at the smallest"
  ) { results in
    let gains = try widthGains(results)
    guard let first = gains.first, let last = gains.last, gains.count > 1 else {
      throw EvidenceError("needs two input dimensions")
    }
    return .exact(last.gain / first.gain, numericalError: 1e-6)
  },
  Estimator(
    "bocchi2026/relative-width-gain", from: [EscapeTime.self],
    meaning: "share of the escape time gained by the widest over the narrowest student at the largest N"
  ) { results in
    guard let last = try widthGains(results).last else { throw EvidenceError("no results") }
    return .exact(last.gain / last.time, numericalError: 1e-8)
  },
]

/// Escape times by N: that of the narrowest student, and the time the widest gains on it.
private func widthGains(_ results: Results) throws -> [(time: Double, gain: Double)] {
  let groups = Dictionary(grouping: try results.points(of: EscapeTime.self), by: \.parameters.inputDimension)
  return try groups.sorted { $0.key < $1.key }.map { _, points in
    let sorted = points.sorted { $0.parameters.studentWidth < $1.parameters.studentWidth }
    guard let narrow = sorted.first, let wide = sorted.last, sorted.count > 1 else {
      throw EvidenceError("needs two student widths")
    }
    let time = narrow[EscapeTime.escapeTime].values[0]
    return (time, time - wide[EscapeTime.escapeTime].values[0])
  }
}

/// Which solution is reached.
let biasEstimators = [
  Estimator(
    "bocchi2026/solution-loss", from: [SolutionManifold.self],
    meaning: "greatest loss at a random point of the solutions"
  ) { results in
    .exact(
      try greatest(
        results.points(of: SolutionManifold.self).flatMap { $0[SolutionManifold.populationLoss].values.map(abs) }))
  },
  Estimator(
    "bocchi2026/dimension-mismatch", from: [SolutionManifold.self],
    meaning: "greatest distance of the number of independent rotations from p p* - p*(p*+1)/2"
  ) { results in
    .exact(
      try greatest(
        results.points(of: SolutionManifold.self).flatMap { point in
          zip(point[SolutionManifold.dimension].values, point[SolutionManifold.expectedDimension].values)
            .map { abs($0 - $1) }
        }))
  },
  Estimator(
    "bocchi2026/matrix-drift", from: [ConservedQuantity.self],
    meaning: "greatest relative change of exp(-8 eta c* time) R^T (Q - R R^T)^-1 R over time and starts, gradient flow"
  ) { results in
    .exact(
      try greatest(results.points(of: ConservedQuantity.self).flatMap { $0[ConservedQuantity.matrixDrift].values }))
  },
  Estimator(
    "bocchi2026/polar-drift", from: [ConservedQuantity.self],
    meaning: "greatest change of polar(R) over time and starts, from Q = I, noise included"
  ) { results in
    .exact(try greatest(results.points(of: ConservedQuantity.self).flatMap { $0[ConservedQuantity.polarDrift].values }))
  },
  Estimator(
    "bocchi2026/scaled-flow-deficit", from: [ConservedQuantity.self],
    meaning: "N (1 - efficiency) of the overlap equations from random starts; median"
  ) { results in
    let point = try results.point(of: ConservedQuantity.self)
    return .median(point[ConservedQuantity.deficit].values.map { $0 * Double(point.parameters.inputDimension) })
  },
  Estimator(
    "bocchi2026/deficit-ratio-gap", from: [NearestSolution.self],
    meaning: "greatest distance from 1 of the mean fourth root of 1 - efficiency over that predicted from nu"
  ) { results in
    .greatest(try results.points(of: NearestSolution.self).map { rootRatio($0).distance(from: 1) })
  },
  Estimator(
    "bocchi2026/deficit-growth", from: [NearestSolution.self],
    meaning:
      "mean fourth root of 1 - efficiency at the largest eta and N over that at the smallest, to the fourth power"
  ) { results in
    let points = try results.points(of: NearestSolution.self).sorted {
      ($0.parameters.learningRate, $0.parameters.inputDimension)
        < ($1.parameters.learningRate, $1.parameters.inputDimension)
    }
    guard let first = points.first, let last = points.last, points.count > 1 else {
      throw EvidenceError("needs two learning rates or two input dimensions")
    }
    let roots = [first, last].map { $0[NearestSolution.rootDeficit].values }
    let means = roots.map(Statistics.mean)
    let errors = zip(roots, means).map { Statistics.standardError($0) / $1 }
    let ratio = means[1] / means[0]
    let fourth = ratio * ratio * ratio * ratio
    return .fit(
      value: fourth, standardError: 4 * fourth * (errors[0] * errors[0] + errors[1] * errors[1]).squareRoot(),
      degreesOfFreedom: Double(roots.map(\.count).min() ?? 2) - 1)
  },
]

/// Mean fourth root of the deficit over the predicted one.
func rootRatio(_ point: ExperimentPoint<NearestSolution>) -> Estimate {
  let found = point[NearestSolution.rootDeficit].values
  let predicted = point[NearestSolution.predictedRootDeficit].values
  let centre = Statistics.mean(predicted)
  let ratio = Statistics.mean(found) / centre
  let errors = [Statistics.standardError(found), ratio * Statistics.standardError(predicted)].map { $0 / centre }
  return .fit(
    value: ratio, standardError: (errors[0] * errors[0] + errors[1] * errors[1]).squareRoot(),
    degreesOfFreedom: Double(found.count - 1))
}

/// Curvature, and the approach to the solutions.
let landscapeEstimators = [
  Estimator(
    "bocchi2026/spectrum-gap", from: [Hessian.self],
    meaning: "greatest distance of an eigenvalue of the Hessian from the predicted one of the same rank"
  ) { results in
    .exact(
      try greatest(
        results.points(of: Hessian.self).map { point in
          let predicted = predictedSpectrum(point.parameters).flatMap {
            Array(repeating: $0.eigenvalue, count: $0.multiplicity)
          }
          let found = eigenvalues(point)
          guard found.count == predicted.count else {
            throw EvidenceError("\(found.count) eigenvalues, predicted \(predicted.count)")
          }
          return zip(found, predicted).map { abs($0 - $1) }.max() ?? 0
        }))
  },
  Estimator(
    "bocchi2026/negative-directions", from: [Hessian.self],
    meaning: "number of eigenvalues below -1e-9 over p p*, least of all points"
  ) { results in
    .exact(
      -(try greatest(
        results.points(of: Hessian.self).map { point in
          -Double(eigenvalues(point).count { $0 < -1e-9 })
            / Double(point.parameters.studentWidth * point.parameters.teacherWidth)
        })))
  },
  Estimator(
    "bocchi2026/least-eigenvalue", from: [Hessian.self], meaning: "least eigenvalue of the Hessian over all points"
  ) { results in
    .exact(-(try greatest(results.points(of: Hessian.self).flatMap { $0[Hessian.eigenvalues].values.map { -$0 } })))
  },
  Estimator(
    "bocchi2026/excess-zero-modes", from: [Hessian.self],
    meaning: "number of zero eigenvalues less the dimension of the set of solutions, less (p-p*)(N-p*); greatest size"
  ) { results in
    .exact(
      try greatest(
        results.points(of: Hessian.self).map { point in
          let parameters = point.parameters
          let quartic =
            (parameters.studentWidth - parameters.teacherWidth) * (parameters.inputDimension - parameters.teacherWidth)
          let zeros = eigenvalues(point).count { abs($0) < 1e-9 }
          return abs(Double(zeros - parameters.theory.solutionDimension - quartic))
        }))
  },
  Estimator(
    "bocchi2026/decay-rate-gap", from: [LateTime.self],
    meaning: "greatest relative distance of the decay rate of the loss between 1e-8 and 1e-14 from the predicted one"
  ) { results in
    .exact(
      try greatest(
        results.points(of: LateTime.self).map { point in
          let losses = point[LateTime.populationLoss].row(0)
          let times = point[LateTime.time].values
          let window = losses.indices.filter { losses[$0] < 1e-8 && losses[$0] > 1e-14 }
          guard let first = window.first, let last = window.last, first < last else {
            throw EvidenceError("the loss has no times between 1e-8 and 1e-14")
          }
          let rate = Double.logarithm(losses[first] / losses[last]) / (times[last] - times[first])
          return abs(rate / point[LateTime.prediction].values[0] - 1)
        }))
  },
  Estimator(
    "bocchi2026/tail-exponent-gap", from: [LateTime.self],
    meaning: "greatest distance from -2 of the slope of ln loss against ln time at the last two times"
  ) { results in
    .exact(
      try greatest(
        results.points(of: LateTime.self).map { point in
          let losses = point[LateTime.populationLoss].row(0)
          let times = point[LateTime.time].values
          let last = times.count - 1
          return abs(
            Double.logarithm(losses[last] / losses[last - 1]) / Double.logarithm(times[last] / times[last - 1]) + 2)
        }))
  },
  Estimator(
    "bocchi2026/tail-constant-gap", from: [LateTime.self],
    meaning: "greatest relative distance of loss time^2 at the last time from the predicted limit"
  ) { results in
    .exact(
      try greatest(
        results.points(of: LateTime.self).map { point in
          let losses = point[LateTime.populationLoss].row(0)
          let times = point[LateTime.time].values
          let last = times.count - 1
          return abs(losses[last] * times[last] * times[last] / point[LateTime.prediction].values[0] - 1)
        }))
  },
  Estimator(
    "bocchi2026/floor-gap", from: [LateTime.self],
    meaning: "greatest relative distance of the last loss from (p*-p)(p*+2)/(p*^2(p+2))"
  ) { results in
    .exact(
      try greatest(
        results.points(of: LateTime.self).map { point in
          let losses = point[LateTime.populationLoss].row(0)
          return abs(losses[losses.count - 1] / point[LateTime.prediction].values[0] - 1)
        }))
  },
  Estimator(
    "bocchi2026/best-width", from: [OverlapFlow.self],
    meaning: "student width of least loss at the last time, less the teacher's"
  ) { results in
    let losses = try losses(results, at: .infinity)
    guard let best = losses.min(by: { $0.loss < $1.loss }) else { throw EvidenceError("no results") }
    return .exact(Double(best.studentWidth - best.teacherWidth))
  },
  Estimator(
    "bocchi2026/greatest-step-in-width", from: [OverlapFlow.self],
    meaning: "greatest increase of the loss at time 60 from one student width to the next, in units of the loss"
  ) { results in
    let losses = try losses(results, at: 60)
    return .exact(try greatest(zip(losses, losses.dropFirst()).map { $1.loss / $0.loss - 1 }), numericalError: 1e-8)
  },
]

/// Losses of the overlap equations at the time nearest to a given one, by student width.
private func losses(
  _ results: Results, at time: Double
) throws -> [(studentWidth: Int, teacherWidth: Int, loss: Double)] {
  try results.points(of: OverlapFlow.self).map { point in
    let times = point[OverlapFlow.time]
    let place = time.isFinite ? index(of: time, in: times) : times.shape[0] - 1
    return (
      point.parameters.studentWidth, point.parameters.teacherWidth, point[OverlapFlow.populationLoss][0, place]
    )
  }.sorted { $0.0 < $1.0 }
}
