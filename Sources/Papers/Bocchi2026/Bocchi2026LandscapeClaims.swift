internal import NumericalMethods
internal import PaperKit

// How the numbers behind the claims on solutions and the landscape around them are measured.

/// Which solution is reached.
let biasEstimators: [Estimator] = [
  .identity(
    "bocchi2026/solution-loss", of: SolutionManifold.self, meaning: "greatest loss at a random point of the solutions"
  ) { $0[SolutionManifold.populationLoss].values.map(abs) },
  .identity(
    "bocchi2026/dimension-mismatch", of: SolutionManifold.self,
    meaning:
      "greatest distance of the dimension of the set of solutions, from below and from above, from the expected one"
  ) { point in
    [SolutionManifold.dimension, SolutionManifold.greatestDimension].flatMap {
      point.differences($0, from: SolutionManifold.expectedDimension).map(abs)
    }
  },
  .identity(
    "bocchi2026/greatest-dimension", of: SolutionManifold.self,
    meaning: "greatest dimension of the set of solutions, from above"
  ) { $0[SolutionManifold.greatestDimension].values },
  .greatest(
    "bocchi2026/noisy-matrix-drift", of: ConservedQuantity.self,
    meaning:
      "median relative change of $\\exp(-8 η c^* t) R^\\top (Q - R R^\\top)^{-1} R$ with the noise of single samples; greatest of all "
      + "points"
  ) { .median($0[ConservedQuantity.noisyMatrixDrift].values) },
  .median(
    "bocchi2026/expected-deficit-ratio", of: ConservedQuantity.self,
    meaning:
      "median of 1 - efficiency of the overlap equations over that of the polar factor of "
      + "$(Q - R R^\\top)^{-1/2} R$ of the start"
  ) { $0.ratios(ConservedQuantity.deficit, over: ConservedQuantity.expectedDeficit) },
  .identity(
    "bocchi2026/matrix-drift", of: ConservedQuantity.self,
    meaning:
      "greatest relative change of $\\exp(-8 η c^* t) R^\\top (Q - R R^\\top)^{-1} R$ over time and "
      + "starts, gradient flow"
  ) { $0.perReplica(ConservedQuantity.matrixDrift) { $0.values.greatest() } },
  .identity(
    "bocchi2026/polar-drift", of: ConservedQuantity.self,
    meaning: "greatest change of polar(R) over time and starts, from Q = I, noise included"
  ) { $0.perReplica(ConservedQuantity.polarDrift) { $0.values.greatest() } },
  Estimator(
    "bocchi2026/flow-deficit-slope", from: [ConservedQuantity.self],
    meaning: "slope against ln N of the mean ln of 1 - efficiency of the overlap equations"
  ) { results in
    try slopeInDimension(
      results.points(of: ConservedQuantity.self).map {
        ($0.parameters.inputDimension, $0[ConservedQuantity.deficit].values.map(Double.logarithm))
      })
  },
  ratioOfSums(
    "bocchi2026/turn-share", from: LearningOrder.self,
    meaning: "how far descent ends on the way from the closest solution to Gram and Schmidt's, over the prediction"
  ) { ($0[LearningOrder.turn].values, $0[LearningOrder.predictedTurn].values) },
  Estimator(
    "bocchi2026/noise-distance-ratio", from: [LearningOrderNoise.self],
    meaning:
      "squared distance of the end of descent from that of the overlap equations, over the prediction from nu; geometric mean "
      + "over runs and student widths"
  ) { results in
    // Logarithms, because the noise counts in them as it is, whatever the start, and what is left scatters little.
    let points = try results.points(of: LearningOrderNoise.self)
    let logarithms = points.map { point in
      zip(point[LearningOrderNoise.distance].values, point[LearningOrderNoise.predictedLogarithm].values).map {
        Double.logarithm($0) - $1
      }
    }
    let errors = logarithms.map(Statistics.standardError)
    let value = Double.exponential(Statistics.mean(logarithms.map(Statistics.mean)))
    return .fit(
      value: value,
      standardError: value * errors.reduce(0) { $0 + $1 * $1 }.squareRoot() / Double(points.count),
      degreesOfFreedom: Double((points.map(\.replicaCount).min() ?? 0) - 1))
  },
  ratioOfSums(
    "bocchi2026/flow-turn-share", from: LearningOrderFlow.self,
    meaning: "where the overlap equations end on the way from the closest solution, 0, to Gram and Schmidt's, 1"
  ) { ($0[LearningOrderFlow.turn].values, $0[LearningOrderFlow.wholeDistance].values) },
  ratioOfSums(
    "bocchi2026/flow-distance-share", from: LearningOrderFlow.self,
    meaning: "squared distance of the end of the overlap equations from Gram and Schmidt's solution, over the closest's"
  ) { ($0[LearningOrderFlow.distance].values, $0[LearningOrderFlow.wholeDistance].values) },
  Estimator(
    "bocchi2026/deficit-root-ratio", from: [NearestSolution.self],
    meaning: "mean fourth root of 1 - efficiency over that predicted from nu; mean over all points"
  ) { results in
    let ratios = try results.points(of: NearestSolution.self).map { (rootRatio($0), $0.replicaCount) }
    let variance = ratios.reduce(0) { $0 + $1.0.standardError * $1.0.standardError }
    return .fit(
      value: Statistics.mean(ratios.map(\.0.value)), standardError: variance.squareRoot() / Double(ratios.count),
      degreesOfFreedom: Double((ratios.map(\.1).min() ?? 0) - 1))
  },
  Estimator(
    "bocchi2026/deficit-growth", from: [NearestSolution.self],
    meaning:
      "mean fourth root of 1 - efficiency at the largest $η$ and $N$ over that at the smallest, to the fourth power"
  ) { results in
    let points = try results.points(of: NearestSolution.self).sorted {
      ($0.parameters.learningRate, $0.parameters.inputDimension)
        < ($1.parameters.learningRate, $1.parameters.inputDimension)
    }
    guard let first = points.first, let last = points.last, points.count > 1 else {
      throw EvidenceError("needs two learning rates or two input dimensions")
    }
    let ratio = ratioOfMeans(last[NearestSolution.rootDeficit].values, over: first[NearestSolution.rootDeficit].values)
    let fourth = ratio.value * ratio.value * ratio.value * ratio.value
    return .fit(
      value: fourth, standardError: 4 * fourth * ratio.relativeError, degreesOfFreedom: ratio.degreesOfFreedom)
  },
]

/// The sum over runs of one number over that of another; the mean of all student widths.
private func ratioOfSums<E: Experiment>(
  _ name: String, from _: E.Type, meaning: String,
  numbers: @escaping @Sendable (ExperimentPoint<E>) -> (parts: [Double], wholes: [Double])
) -> Estimator {
  Estimator(name, from: [E.self], meaning: meaning + "; ratio of sums over runs, mean over student widths") { results in
    let points = try results.points(of: E.self)
    let shares = try points.map { point -> (value: Double, error: Double) in
      let (parts, wholes) = numbers(point)
      let mean = Statistics.mean(wholes)
      guard mean > 0 else { throw EvidenceError("the sum that others are measured by is \(mean), not above 0") }
      let share = Statistics.mean(parts) / mean
      return (share, Statistics.standardError(zip(parts, wholes).map { ($0 - share * $1) / mean }))
    }
    let variance = shares.reduce(0) { $0 + $1.error * $1.error }
    return .fit(
      value: Statistics.mean(shares.map(\.value)), standardError: variance.squareRoot() / Double(points.count),
      degreesOfFreedom: Double((points.map(\.replicaCount).min() ?? 0) - 1))
  }
}

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
let landscapeEstimators: [Estimator] = [
  .identity(
    "bocchi2026/spectrum-gap", of: Hessian.self,
    meaning: "greatest distance of an eigenvalue of the Hessian from the predicted one of the same rank"
  ) { point in
    let predicted = predictedSpectrum(point.parameters).flatMap {
      Array(repeating: $0.eigenvalue, count: $0.multiplicity)
    }
    return try spectra(point).map { found in
      guard found.count == predicted.count else {
        throw EvidenceError("\(found.count) eigenvalues, predicted \(predicted.count)")
      }
      return zip(found, predicted).map { abs($0 - $1) }.greatest()
    }
  },
  .identity(
    "bocchi2026/missing-negative-directions", of: Hessian.self,
    meaning: "$p p^*$ less the number of eigenvalues below $-10^{-9}$; greatest size of all points"
  ) { point in
    let expected = point.parameters.studentWidth * point.parameters.teacherWidth
    return spectra(point).map { found in abs(Double(expected - found.count { $0 < -1e-9 })) }
  },
  .identity(
    "bocchi2026/negative-curvature", of: Hessian.self,
    meaning: "size of the least eigenvalue of the Hessian, greatest of all points"
  ) { spectra($0).map { abs($0.least()) } },
  .identity(
    "bocchi2026/least-curvature-gap", of: Hessian.self,
    meaning:
      "greatest distance of the least eigenvalue of the Hessian at a critical point from its closed form, and greatest gradient"
  ) { point in
    spectra(point).map { abs($0.least() - leastCurvature(point.parameters)) } + point[Hessian.gradient].values
  },
  .greatestExact(
    "bocchi2026/plateau-curvature-gap", of: HessianPath.self, numericalError: 1e-8,
    meaning:
      "relative distance of the least eigenvalue on the way from minus the escape rate over $η$, greatest of all widths"
  ) { point in
    let theory = point.parameters.theory
    let time = point.number(HessianPath.minimumTime)
    guard time > 0, time < point.parameters.lastTime else {
      throw EvidenceError("the eigenvalue is least at time \(time), an end of the way, so its minimum may lie beyond")
    }
    return abs(point.number(HessianPath.pathMinimum) * theory.learningRate / (try theory.escapeRate()) + 1)
  },
  .greatestExact(
    "bocchi2026/times-without-descent", of: HessianPath.self,
    meaning: "number of times at which the Hessian has no eigenvalue below -1e-8 on the way, from time 2 on"
  ) { point in
    let first = try point.index(of: 2, in: HessianPath.time)
    return Double(point[HessianPath.negativeCount].values[first...].count { $0 == 0 })
  },
  .identity(
    "bocchi2026/excess-zero-modes", of: Hessian.self,
    meaning:
      "number of zero eigenvalues less the dimension of the set of solutions, less $(p - p^*)(N - p^*)$; greatest size"
  ) { point in
    let p = point.parameters
    let expected =
      p.theory.solutionDimension + (p.studentWidth - p.teacherWidth) * (p.inputDimension - p.teacherWidth)
    return spectra(point).map { found in abs(Double(found.count { abs($0) < 1e-9 } - expected)) }
  },
  .greatestExact(
    "bocchi2026/decay-rate-gap", of: LateTime.self,
    meaning: "greatest relative distance of the decay rate of the loss between 1e-8 and 1e-14 from the predicted one"
  ) { point in
    let (times, losses) = (point[LateTime.time].values, point[LateTime.populationLoss].values)
    let window = losses.indices.filter { losses[$0] < 1e-8 && losses[$0] > 1e-14 }
    guard let first = window.first, let last = window.last, first < last, losses.greatest() >= 1e-8,
      losses.least() <= 1e-14
    else {
      throw EvidenceError("needs losses from 1e-8 to 1e-14; they go from \(losses.greatest()) to \(losses.least())")
    }
    let rate = Double.logarithm(losses[first] / losses[last]) / (times[last] - times[first])
    return abs(rate / point.number(LateTime.prediction) - 1)
  },
  .greatestExact(
    "bocchi2026/tail-exponent-gap", of: LateTime.self,
    meaning: "greatest distance from -2 of the slope of ln loss against ln time at the last two times"
  ) { point in
    let (times, losses) = (point[LateTime.time].values, point[LateTime.populationLoss].values)
    let last = times.count - 1
    return abs(
      Double.logarithm(losses[last] / losses[last - 1]) / Double.logarithm(times[last] / times[last - 1]) + 2)
  },
  .greatestExact(
    "bocchi2026/tail-constant-gap", of: LateTime.self,
    meaning: "greatest relative distance of loss times $t^2$ at the last time from the predicted limit"
  ) { point in
    let (times, losses) = (point[LateTime.time].values, point[LateTime.populationLoss].values)
    let last = times.count - 1
    return abs(losses[last] * times[last] * times[last] / point.number(LateTime.prediction) - 1)
  },
  .greatest(
    "bocchi2026/floor-gap", of: LateTime.self,
    meaning:
      "median relative distance of the last loss from $(p^* - p)(p^* + 2)/((p^*)^2 (p + 2))$, greatest of all widths"
  ) { point in
    // The floor is the same for all starts; how near the loss has come by the last time is not.
    .median(
      zip(point[LateTime.populationLoss].lastColumn(), point[LateTime.prediction].values).map { abs($0 / $1 - 1) })
  },
  Estimator(
    "bocchi2026/best-width", from: [OverlapFlow.self],
    meaning: "student width of least loss at the last time, less the teacher's"
  ) { results in
    let points = try results.calculations(of: OverlapFlow.self)
    let losses = points.map { ($0, $0[OverlapFlow.populationLoss].values) }
    guard let best = losses.min(by: { $0.1[$0.1.count - 1] < $1.1[$1.1.count - 1] })?.0.parameters,
      !losses.contains(where: { $0.1[$0.1.count - 1].isNaN })
    else { throw EvidenceError("a loss is not a number") }
    return .exact(Double(best.studentWidth - best.teacherWidth), from: points)
  },
  Estimator(
    "bocchi2026/greatest-step-in-width", from: [OverlapFlow.self],
    meaning: "greatest increase of the loss at time 60 from one student width to the next, in units of the loss"
  ) { results in
    let points = try results.calculations(of: OverlapFlow.self).sorted {
      $0.parameters.studentWidth < $1.parameters.studentWidth
    }
    guard points.count > 1 else { throw EvidenceError("needs two student widths") }
    let losses = try points.map { $0[OverlapFlow.populationLoss][try $0.index(of: 60, in: OverlapFlow.time)] }
    let steps = zip(losses, losses.dropFirst()).map { $1 / $0 - 1 }
    return .exact(steps.greatest(), numericalError: 1e-8, from: points)
  },
]
