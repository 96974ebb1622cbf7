internal import NumericalMethods
internal import PaperKit

// How the numbers behind the claims on solutions and the landscape around them are measured.

/// Which solution is reached.
let biasEstimators = [
  Estimator(
    "bocchi2026/solution-loss", from: [SolutionManifold.self],
    meaning: "greatest loss at a random point of the solutions"
  ) { results in
    .identity(
      try results.points(of: SolutionManifold.self).flatMap { $0[SolutionManifold.populationLoss].values.map(abs) })
  },
  Estimator(
    "bocchi2026/dimension-mismatch", from: [SolutionManifold.self],
    meaning:
      "greatest distance of the dimension of the set of solutions, from below and from above, from the expected one"
  ) { results in
    .identity(
      try results.points(of: SolutionManifold.self).flatMap { point in
        let expected = point[SolutionManifold.expectedDimension].values
        return [SolutionManifold.dimension, SolutionManifold.greatestDimension].flatMap { output in
          zip(point[output].values, expected).map { abs($0 - $1) }
        }
      })
  },
  Estimator(
    "bocchi2026/greatest-dimension", from: [SolutionManifold.self],
    meaning: "greatest dimension of the set of solutions, from above"
  ) { results in
    .identity(
      try results.points(of: SolutionManifold.self).flatMap { $0[SolutionManifold.greatestDimension].values })
  },
  Estimator(
    "bocchi2026/noisy-matrix-drift", from: [ConservedQuantity.self],
    meaning:
      "median relative change of exp(-8 eta c* time) R^T (Q - R R^T)^-1 R with the noise of single samples; greatest of all "
      + "points"
  ) { results in
    .greatest(
      try results.points(of: ConservedQuantity.self).map { .median($0[ConservedQuantity.noisyMatrixDrift].values) })
  },
  Estimator(
    "bocchi2026/expected-deficit-ratio", from: [ConservedQuantity.self],
    meaning: "median of 1 - efficiency of the overlap equations over that of polar((Q - R R^T)^(-1/2) R) of the start"
  ) { results in
    let point = try results.point(of: ConservedQuantity.self)
    return .median(
      zip(point[ConservedQuantity.deficit].values, point[ConservedQuantity.expectedDeficit].values).map { $0 / $1 })
  },
  Estimator(
    "bocchi2026/matrix-drift", from: [ConservedQuantity.self],
    meaning: "greatest relative change of exp(-8 eta c* time) R^T (Q - R R^T)^-1 R over time and starts, gradient flow"
  ) { results in
    .identity(
      try results.points(of: ConservedQuantity.self).flatMap { point in
        point.perReplica(ConservedQuantity.matrixDrift) { $0.values.greatest() }
      })
  },
  Estimator(
    "bocchi2026/polar-drift", from: [ConservedQuantity.self],
    meaning: "greatest change of polar(R) over time and starts, from Q = I, noise included"
  ) { results in
    .identity(
      try results.points(of: ConservedQuantity.self).flatMap { point in
        point.perReplica(ConservedQuantity.polarDrift) { $0.values.greatest() }
      })
  },
  Estimator(
    "bocchi2026/flow-deficit-slope", from: [ConservedQuantity.self],
    meaning: "slope against ln N of the mean ln of 1 - efficiency of the overlap equations"
  ) { results in
    try slopeInDimension(
      results.points(of: ConservedQuantity.self).map {
        ($0.parameters.inputDimension, $0[ConservedQuantity.deficit].values)
      })
  },
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
      degreesOfFreedom: Double(min(roots[0].count, roots[1].count) - 1))
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
    try spectralIdentity(results) { parameters, found in
      let predicted = predictedSpectrum(parameters).flatMap {
        Array(repeating: $0.eigenvalue, count: $0.multiplicity)
      }
      guard found.count == predicted.count else {
        throw EvidenceError("\(found.count) eigenvalues, predicted \(predicted.count)")
      }
      return zip(found, predicted).map { abs($0 - $1) }.greatest()
    }
  },
  Estimator(
    "bocchi2026/missing-negative-directions", from: [Hessian.self],
    meaning: "p p* less the number of eigenvalues below -1e-9; greatest size of all points"
  ) { results in
    try spectralIdentity(results) { parameters, found in
      abs(Double(parameters.studentWidth * parameters.teacherWidth - found.count { $0 < -1e-9 }))
    }
  },
  Estimator(
    "bocchi2026/negative-curvature", from: [Hessian.self],
    meaning: "size of the least eigenvalue of the Hessian, greatest of all points"
  ) { results in
    try spectralIdentity(results) { _, found in abs(found.least()) }
  },
  Estimator(
    "bocchi2026/least-curvature-gap", from: [Hessian.self],
    meaning:
      "greatest distance of the least eigenvalue of the Hessian at a critical point from its closed form, and greatest gradient"
  ) { results in
    let gradients = try results.points(of: Hessian.self).flatMap { $0[Hessian.gradient].values }
    let gaps = try results.points(of: Hessian.self).flatMap { point in
      (0..<point.replicaCount).map { abs(eigenvalues(point, replica: $0).least() - leastCurvature(point.parameters)) }
    }
    return .identity(gaps + gradients)
  },
  Estimator(
    "bocchi2026/plateau-curvature-gap", from: [HessianPath.self],
    meaning:
      "relative distance of the least eigenvalue on the way from minus the escape rate over eta, greatest of all widths"
  ) { results in
    let points = try results.calculations(of: HessianPath.self)
    let gaps = try points.map { point in
      let theory = point.parameters.theory
      let time = point.number(HessianPath.minimumTime)
      guard time > 0, time < point.parameters.lastTime else {
        throw EvidenceError("the eigenvalue is least at time \(time), an end of the way, so its minimum may lie beyond")
      }
      return abs(point.number(HessianPath.pathMinimum) * theory.learningRate / (try theory.escapeRate()) + 1)
    }
    return .exact(gaps.greatest(), numericalError: 1e-8, from: points)
  },
  Estimator(
    "bocchi2026/times-without-descent", from: [HessianPath.self],
    meaning: "number of times at which the Hessian has no eigenvalue below -1e-8 on the way, from time 2 on"
  ) { results in
    let points = try results.calculations(of: HessianPath.self)
    let counts = try points.map { point in
      let first = try point.index(of: 2, in: HessianPath.time)
      return Double(point[HessianPath.negativeCount].values[first...].count { $0 == 0 })
    }
    return .exact(counts.greatest(), from: points)
  },
  Estimator(
    "bocchi2026/excess-zero-modes", from: [Hessian.self],
    meaning: "number of zero eigenvalues less the dimension of the set of solutions, less (p-p*)(N-p*); greatest size"
  ) { results in
    try spectralIdentity(results) { parameters, found in
      let quartic =
        (parameters.studentWidth - parameters.teacherWidth) * (parameters.inputDimension - parameters.teacherWidth)
      let zeros = found.count { abs($0) < 1e-9 }
      return abs(Double(zeros - parameters.theory.solutionDimension - quartic))
    }
  },
  Estimator(
    "bocchi2026/decay-rate-gap", from: [LateTime.self],
    meaning: "greatest relative distance of the decay rate of the loss between 1e-8 and 1e-14 from the predicted one"
  ) { results in
    try worst(results) { losses, times, prediction in
      let window = losses.indices.filter { losses[$0] < 1e-8 && losses[$0] > 1e-14 }
      guard let first = window.first, let last = window.last, first < last, losses.greatest() >= 1e-8,
        losses.least() <= 1e-14
      else {
        throw EvidenceError(
          "needs losses from 1e-8 to 1e-14; they go from \(losses.greatest()) to \(losses.least())")
      }
      let rate = Double.logarithm(losses[first] / losses[last]) / (times[last] - times[first])
      return abs(rate / prediction - 1)
    }
  },
  Estimator(
    "bocchi2026/tail-exponent-gap", from: [LateTime.self],
    meaning: "greatest distance from -2 of the slope of ln loss against ln time at the last two times"
  ) { results in
    try worst(results) { losses, times, _ in
      let last = times.count - 1
      return abs(
        Double.logarithm(losses[last] / losses[last - 1]) / Double.logarithm(times[last] / times[last - 1]) + 2)
    }
  },
  Estimator(
    "bocchi2026/tail-constant-gap", from: [LateTime.self],
    meaning: "greatest relative distance of loss time^2 at the last time from the predicted limit"
  ) { results in
    try worst(results) { losses, times, prediction in
      let last = times.count - 1
      return abs(losses[last] * times[last] * times[last] / prediction - 1)
    }
  },
  Estimator(
    "bocchi2026/floor-gap", from: [LateTime.self],
    meaning: "median relative distance of the last loss from (p*-p)(p*+2)/(p*^2(p+2)), greatest of all widths"
  ) { results in
    // The floor is the same for all starts; how near the loss has come by the last time is not.
    .greatest(
      try results.points(of: LateTime.self).map { point in
        let losses = point[LateTime.populationLoss].column(point[LateTime.time].values.count - 1)
        return .median(zip(losses, point[LateTime.prediction].values).map { abs($0 / $1 - 1) })
      })
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

/// A deviation of each spectrum from what it is wherever the Hessian is taken, for every one of them the same.
private func spectralIdentity(
  _ results: Results, _ deviation: (Hessian.Parameters, _ eigenvalues: [Double]) throws -> Double
) throws -> Estimate {
  .identity(
    try results.points(of: Hessian.self).flatMap { point in
      try (0..<point.replicaCount).map { try deviation(point.parameters, eigenvalues(point, replica: $0)) }
    })
}

/// The greatest deviation of a decay by the overlap equations, from its losses, times and prediction.
private func worst(
  _ results: Results, _ deviation: (_ losses: [Double], _ times: [Double], _ prediction: Double) throws -> Double
) throws -> Estimate {
  let points = try results.calculations(of: LateTime.self)
  let deviations = try points.map {
    try deviation($0[LateTime.populationLoss].values, $0[LateTime.time].values, $0.number(LateTime.prediction))
  }
  return .exact(deviations.greatest(), from: points)
}
