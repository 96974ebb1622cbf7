private import Foundation
internal import NumericalMethods
internal import PaperKit

// How the numbers behind the claims on spectra, outputs and descent in time are measured.

// MARK: Spectra and outputs

/// Estimators of distributions.
let distributionEstimators: [Estimator] = [
  .greatest(
    "martin2026/spectrum-distance", of: Spectrum.self,
    meaning: """
      greatest distance of the distribution function of eigenvalues of Z above 1/1000, all replicas together, from \
      theory; jackknife over replicas
      """
  ) { point in try jackknife(replicaCount: point.replicaCount) { try spectralDistance(point, $0) } },
  .median(
    "martin2026/least-eigenvalue", of: Spectrum.self,
    meaning: """
      least eigenvalue of Z above 1/1000 of the greatest, over the predicted lower end of the bulk of nonzero eigenvalues, \
      median
      """
  ) { point in
    let leasts = point.perReplica(Spectrum.eigenvalues) { eigenvalues in
      eigenvalues.values.filter { $0 > 1e-3 * eigenvalues.values.greatest() }.least()
    }
    return zip(leasts, point[Spectrum.predictedLeast].values).map { $0 / $1 }
  },
  Estimator(
    "martin2026/gaussianity", from: [GaussianOutputs.self],
    meaning: """
      greatest over sample ratios and times of the mean of $\\sqrt{n}$ times the Kolmogorov distance of the outputs from \
      their Gaussian
      """
  ) { results in
    .greatest(
      try results.points(of: GaussianOutputs.self).flatMap { point in
        point[GaussianOutputs.time].values.indices.map {
          .mean(point[GaussianOutputs.distance].column($0), scale: .logarithmic)
        }
      })
  },
]

/// The greatest distance of the eigenvalues of some replicas together.
private func spectralDistance(_ point: ExperimentPoint<Spectrum>, _ replicas: [Int]) throws -> Double {
  var pairs = replicas.flatMap { replica in
    zip(point[Spectrum.eigenvalues].row(replica), point[Spectrum.predictedShare].row(replica)).map {
      (value: $0, share: $1)
    }
  }
  guard !pairs.contains(where: \.value.isNaN) else { return .nan }
  pairs.sort { $0.value > $1.value }
  let count = Double(pairs.count)
  return pairs.enumerated().filter { $0.element.value > 1e-3 }.flatMap { rank, pair in
    [abs(Double(rank) / count - pair.share), abs(Double(rank + 1) / count - pair.share)]
  }.greatest()
}

// MARK: Dynamics

/// Estimators of gradient descent in time.
let dynamicsEstimators: [Estimator] = [
  .mean(
    "martin2026/initial-loss", of: GradientDescent.self, meaning: "training loss at time 0 over (2 MSE(0) + Delta)/4"
  ) { point in
    zip(point[GradientDescent.trainingLoss].column(0, 0), point[GradientDescent.meanSquaredError].column(0, 0)).map {
      $0 / ((2 * $1 + point.parameters.noiseVariance) / 4)
    }
  },
  .mean(
    "martin2026/overfitting-in-time", of: GradientDescent.self, scale: .logarithmic,
    meaning: "mean squared error at the last time over its minimum along the flow"
  ) { point in
    point.perReplica(GradientDescent.meanSquaredError) { errors in
      let flow = errors.row(0)
      return flow[flow.count - 1] / flow.least()
    }
  },
  .mean(
    "martin2026/start-dependence", of: GradientDescent.self, scale: .logarithmic,
    meaning: "final mean squared error from the greatest start over that from the smallest, on the same data"
  ) { point in
    let (large, small) = try extremeStarts(point)
    let errors = point[GradientDescent.meanSquaredError]
    return zip(errors.lastColumn(large), errors.lastColumn(small)).map(/)
  },
  Estimator(
    "martin2026/start-spread", from: [GradientDescent.self],
    meaning: """
      relative spread of the final mean squared error over starts, median over replicas and sample ratios
      """
  ) { results in
    let spreads = try results.points(of: GradientDescent.self).flatMap { point -> [Double] in
      let rows = point[GradientDescent.initialScale].values.indices.map {
        point[GradientDescent.meanSquaredError].lastColumn($0)
      }
      return (0..<point.replicaCount).map { replica in
        let values = rows.map { $0[replica] }
        return (values.greatest() - values.least()) / abs(Statistics.mean(values))
      }
    }
    guard !spreads.isEmpty else { throw EvidenceError("no runs") }
    return .median(spreads)
  },
  Estimator(
    "martin2026/flow-over-theory", from: [GradientDescent.self],
    meaning:
      "final mean squared error of the unregularised flow over theory (first start), geometric mean over sample ratios"
  ) { results in
    let points = try paired(results.points(of: GradientDescent.self))
    let logs = try points.map { point in
      let p = point.parameters
      let theory = try LongTimeTheory(
        studentWidthRatio: p.studentWidthRatio, teacherWidthRatio: p.teacherWidthRatio, noiseVariance: p.noiseVariance
      ).solve(sampleRatio: p.sampleRatio, regularization: p.regularization).meanSquaredError
      return point[GradientDescent.meanSquaredError].lastColumn(0).map { log($0 / theory) }
    }
    return .mean(
      (0..<points[0].replicaCount).map { replica in exp(Statistics.mean(logs.map { $0[replica] })) },
      scale: .logarithmic)
  },
  .greatest(
    "martin2026/final-training-loss", of: GradientDescent.self,
    meaning: "training loss at the last time from the worst start, median over replicas, greatest over sample ratios"
  ) { .median($0.perReplica(GradientDescent.trainingLoss) { $0.lastColumn().greatest() }) },
  .median(
    "martin2026/relaxation-exponent", of: GradientDescent.self,
    meaning: "slope of ln(regularised loss - its minimum) against ln t, t in [100, 400], median"
  ) { point in
    try logSlopes(point, over: GradientDescent.time, in: 100...400) { replica, index in
      point[GradientDescent.regularizedLoss][replica, 0, index] - point[GradientDescent.limitLoss][replica, 0]
    }
  },
  Estimator(
    "martin2026/regularization-gain", from: [GradientDescent.self, RegularizedMinimum.self],
    meaning: "final mean squared error without regularisation over that of the regularised minimum, median"
  ) { results in
    let (flow, minimum) = try paired(
      results.point(of: GradientDescent.self), results.point(of: RegularizedMinimum.self))
    return .median(
      zip(
        flow[GradientDescent.meanSquaredError].lastColumn(0), minimum[RegularizedMinimum.meanSquaredError].values
      ).map(/))
  },
  .median(
    "martin2026/recovery-threshold-gap", of: RecoveryScan.self,
    meaning: "sample ratio at which the error falls fastest, less the conjectured threshold, median"
  ) { $0.differences(RecoveryScan.steepestRatio, from: RecoveryScan.predictedRatio) },
  .median(
    "martin2026/oja-exponent", of: OjaFlow.self,
    meaning: """
      slope of the logarithm of the distance against that of time, $t$ in $[20, 70]$ if $κ \\ge 1/2$, else $[3, 30]$; median
      """
  ) { point in
    let window = point.parameters.studentWidthRatio >= 0.5 ? 20.0...70.0 : 3.0...30.0
    return try logSlopes(point, over: OjaFlow.time, in: window) { point[OjaFlow.distance][$0, $1] }
  },
  .mean(
    "martin2026/oja-prefactor", of: OjaFlow.self, scale: .logarithmic,
    meaning: "distance over its asymptotic law, geometric mean over t in [5, 10]"
  ) { point in
    let times = point[OjaFlow.time].values
    let used = try point.indices(of: OjaFlow.time, in: 5...10)
    let laws = try used.map { try ojaLaw(studentWidthRatio: point.parameters.studentWidthRatio, time: times[$0]) }
    return point.perReplica(OjaFlow.distance) { distances in
      exp(Statistics.mean(zip(used, laws).map { log(distances[$0] / $1) }))
    }
  },
  Estimator(
    "martin2026/dmft-end-over-theory", from: [DynamicalMeanField.self, LongTime.self],
    meaning: "mean-field squared error at the last time over that of the long-time equations"
  ) { results in
    let point = try results.point(of: DynamicalMeanField.self)
    let theory = try results.calculation(of: LongTime.self)
    let index = try theory.index(of: point.parameters.sampleRatio, in: LongTime.sampleRatio)
    return .mean(
      point[DynamicalMeanField.meanSquaredError].lastColumn().map { $0 / theory[LongTime.meanSquaredError][index] },
      scale: .logarithmic)
  },
  Estimator(
    "martin2026/dmft-error-ratio", from: [DynamicalMeanField.self, GradientDescent.self],
    meaning: """
      greatest distance from 1, over times, of the mean-field squared error over that of gradient descent, both relative \
      to their start
      """
  ) { try meanFieldRatio($0, DynamicalMeanField.meanSquaredError, GradientDescent.meanSquaredError) },
  Estimator(
    "martin2026/dmft-loss-ratio", from: [DynamicalMeanField.self, GradientDescent.self],
    meaning: """
      greatest distance from 1, over times, of the mean-field training loss over that of gradient descent, both relative \
      to their start
      """
  ) { try meanFieldRatio($0, DynamicalMeanField.trainingLoss, GradientDescent.trainingLoss) },
]

/// The slope of ln y against ln t over a window of times by least squares, of every replica; `y` gets its place in the arrays
/// and the index of the time.
private func logSlopes<E: Experiment>(
  _ point: ExperimentPoint<E>, over time: OutputArray, in window: ClosedRange<Double>,
  _ y: (_ replica: Int, _ index: Int) -> Double
) throws -> [Double] {
  let used = try point.indices(of: time, in: window)
  let times = used.map { log(point[time].values[$0]) }
  return (0..<point.replicaCount).map { replica in
    Statistics.linearFit(times, used.map { log(y(replica, $0)) }).slope
  }
}

/// Rows of the greatest and the smallest start.
private func extremeStarts(_ point: ExperimentPoint<GradientDescent>) throws -> (large: Int, small: Int) {
  let scales = point[GradientDescent.initialScale].values
  guard let large = scales.indices.max(by: { scales[$0] < scales[$1] }),
    let small = scales.indices.min(by: { scales[$0] < scales[$1] }), large != small
  else { throw EvidenceError("needs two starts") }
  return (large, small)
}

/// Mean field over descent at every saved time of the descent but 0, both relative to their start, as the greatest distance
/// from 1 of the ratio of means.
private func meanFieldRatio(
  _ results: Results, _ meanField: OutputArray, _ descent: OutputArray
) throws -> Estimate {
  let theory = try results.point(of: DynamicalMeanField.self)
  let runs = try results.point(of: GradientDescent.self)
  let gaps = try runs[GradientDescent.time].values.enumerated().dropFirst().map { column, time -> Estimate in
    let index = try theory.index(of: time, in: DynamicalMeanField.time)
    // Relative to each one's own start, whose fluctuations (those of the teacher) are thereby left out.
    let predicted = theory.ratios(meanField, at: index, over: 0)
    let measured = zip(runs[descent].column(0, column), runs[descent].column(0, 0)).map { $0 / $1 }
    let ratio = Statistics.mean(predicted) / Statistics.mean(measured)
    let variances = [predicted, measured].map { pow(Statistics.standardError($0) / Statistics.mean($0), 2) }
    let variance = variances[0] + variances[1]
    // Degrees of freedom by Welch and Satterthwaite.
    let counts = [predicted.count, measured.count]
    let spread = zip(variances, counts).reduce(0) { $0 + $1.0 * $1.0 / Double($1.1 - 1) }
    return Estimate.fit(
      value: ratio, standardError: ratio * variance.squareRoot(), degreesOfFreedom: variance * variance / spread
    ).distance(from: 1)
  }
  return .greatest(gaps)
}
