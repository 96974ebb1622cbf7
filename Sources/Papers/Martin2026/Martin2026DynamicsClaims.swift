private import Foundation
internal import NumericalMethods
internal import PaperKit

// How the numbers behind the claims on spectra, outputs and descent in time are measured.

// MARK: Spectra and outputs

/// Estimators of distributions.
let distributionEstimators = [
  Estimator(
    "martin2026/spectrum-distance", from: [Spectrum.self],
    meaning: """
      greatest distance of the distribution function of eigenvalues of Z above 1/1000, all replicas together, from \
      theory; jackknife over replicas
      """
  ) { results in
    .greatest(
      try results.points(of: Spectrum.self).map { point in
        let count = point.replicaCount
        let all = try spectralDistance(point, leavingOut: nil)
        let parts = try (0..<count).map { try spectralDistance(point, leavingOut: $0) }
        let mean = Statistics.mean(parts)
        let spread = parts.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
        return .fit(
          value: all, standardError: (spread * Double(count - 1) / Double(count)).squareRoot(),
          degreesOfFreedom: Double(count - 1))
      })
  },
  Estimator(
    "martin2026/least-eigenvalue", from: [Spectrum.self],
    meaning: """
      least eigenvalue of Z above 1/1000 of the greatest, over the predicted lower end of the bulk of nonzero eigenvalues, \
      median
      """
  ) { results in
    let point = try results.point(of: Spectrum.self)
    return .median(
      (0..<point.replicaCount).map { replica in
        let values = point[Spectrum.eigenvalues].row(replica)
        let nonzero = values.filter { $0 > 1e-3 * values.greatest() }
        return nonzero.least() / point[Spectrum.predictedLeast].values[replica]
      })
  },
  Estimator(
    "martin2026/gaussianity", from: [GaussianOutputs.self],
    meaning: """
      greatest over sample ratios and times of the mean of sqrt(n) times the Kolmogorov distance of the outputs from \
      their Gaussian
      """
  ) { results in
    .greatest(
      try results.points(of: GaussianOutputs.self).flatMap { point in
        point[GaussianOutputs.time].values.indices.map { index in
          .mean((0..<point.replicaCount).map { point[GaussianOutputs.distance][$0, index] }, scale: .logarithmic)
        }
      })
  },
]

private func spectralDistance(_ point: ExperimentPoint<Spectrum>, leavingOut left: Int?) throws -> Double {
  let d = point.parameters.inputDimension
  var pairs: [(value: Double, share: Double)] = []
  for replica in 0..<point.replicaCount where replica != left {
    for index in 0..<d {
      pairs.append((point[Spectrum.eigenvalues][replica, index], point[Spectrum.predictedShare][replica, index]))
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
let dynamicsEstimators = [
  Estimator(
    "martin2026/initial-loss", from: [GradientDescent.self],
    meaning: "training loss at time 0 over (2 MSE(0) + Delta)/4"
  ) { results in
    let point = try results.point(of: GradientDescent.self)
    return .mean(
      (0..<point.replicaCount).map { replica in
        point[GradientDescent.trainingLoss][replica, 0, 0]
          / ((2 * point[GradientDescent.meanSquaredError][replica, 0, 0] + point.parameters.noiseVariance) / 4)
      })
  },
  Estimator(
    "martin2026/overfitting-in-time", from: [GradientDescent.self],
    meaning: "mean squared error at the last time over its minimum along the flow"
  ) { results in
    let point = try results.point(of: GradientDescent.self)
    let count = point[GradientDescent.time].values.count
    return .mean(
      (0..<point.replicaCount).map { replica in
        let errors = (0..<count).map { point[GradientDescent.meanSquaredError][replica, 0, $0] }
        return errors[count - 1] / errors.least()
      }, scale: .logarithmic)
  },
  Estimator(
    "martin2026/start-dependence", from: [GradientDescent.self],
    meaning: "final mean squared error from the greatest start over that from the smallest, on the same data"
  ) { results in
    let point = try results.point(of: GradientDescent.self)
    let (large, small) = try extremeStarts(point)
    return .mean(
      zip(
        finals(point, GradientDescent.meanSquaredError, row: large),
        finals(point, GradientDescent.meanSquaredError, row: small)
      ).map(/), scale: .logarithmic)
  },
  Estimator(
    "martin2026/start-spread", from: [GradientDescent.self],
    meaning: """
      relative spread of the final mean squared error over starts, median over replicas and sample ratios
      """
  ) { results in
    let spreads = try results.points(of: GradientDescent.self).flatMap { point -> [Double] in
      let rows = point[GradientDescent.initialScale].values.indices.map {
        finals(point, GradientDescent.meanSquaredError, row: $0)
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
      return finals(point, GradientDescent.meanSquaredError, row: 0).map { log($0 / theory) }
    }
    return .mean(
      (0..<points[0].replicaCount).map { replica in exp(Statistics.mean(logs.map { $0[replica] })) },
      scale: .logarithmic)
  },
  Estimator(
    "martin2026/final-training-loss", from: [GradientDescent.self],
    meaning: "training loss at the last time from the worst start, median over replicas, greatest over sample ratios"
  ) { results in
    .greatest(
      try results.points(of: GradientDescent.self).map { point in
        let last = point[GradientDescent.time].values.count - 1
        return .median(
          point.perReplica(GradientDescent.trainingLoss) { losses in
            (0..<losses.shape[0]).map { losses[$0, last] }.greatest()
          })
      })
  },
  Estimator(
    "martin2026/relaxation-exponent", from: [GradientDescent.self],
    meaning: "slope of ln(regularised loss - its minimum) against ln t, t in [100, 400], median"
  ) { results in
    let point = try results.point(of: GradientDescent.self)
    let times = point[GradientDescent.time].values
    let used = try point.indices(of: GradientDescent.time, in: 100...400)
    return .median(
      (0..<point.replicaCount).map { replica in
        let limit = point[GradientDescent.limitLoss][replica, 0]
        return Statistics.linearFit(
          used.map { log(times[$0]) }, used.map { log(point[GradientDescent.regularizedLoss][replica, 0, $0] - limit) }
        ).slope
      })
  },
  Estimator(
    "martin2026/regularization-gain", from: [GradientDescent.self, RegularizedMinimum.self],
    meaning: "final mean squared error without regularisation over that of the regularised minimum, median"
  ) { results in
    let (flow, minimum) = try paired(
      results.point(of: GradientDescent.self), results.point(of: RegularizedMinimum.self))
    return .median(
      zip(
        finals(flow, GradientDescent.meanSquaredError, row: 0), minimum[RegularizedMinimum.meanSquaredError].values
      ).map(/))
  },
  Estimator(
    "martin2026/recovery-threshold-gap", from: [RecoveryScan.self],
    meaning: "sample ratio at which the error falls fastest, less the conjectured threshold, median"
  ) { results in
    let point = try results.point(of: RecoveryScan.self)
    return .median(
      (0..<point.replicaCount).map {
        point[RecoveryScan.steepestRatio].values[$0] - point[RecoveryScan.predictedRatio].values[$0]
      })
  },
  Estimator(
    "martin2026/oja-exponent", from: [OjaFlow.self],
    meaning: """
      slope of the logarithm of the distance against that of time, t in [20, 70] if kappa >= 1/2, else [3, 30]; median
      """
  ) { results in
    let point = try results.point(of: OjaFlow.self)
    let window = point.parameters.studentWidthRatio >= 0.5 ? 20.0...70.0 : 3.0...30.0
    let times = point[OjaFlow.time].values
    let used = try point.indices(of: OjaFlow.time, in: window)
    return .median(
      (0..<point.replicaCount).map { replica in
        Statistics.linearFit(
          used.map { log(times[$0]) }, used.map { log(point[OjaFlow.distance][replica, $0]) }
        ).slope
      })
  },
  Estimator(
    "martin2026/oja-prefactor", from: [OjaFlow.self],
    meaning: "distance over its asymptotic law, geometric mean over t in [5, 10]"
  ) { results in
    let point = try results.point(of: OjaFlow.self)
    let times = point[OjaFlow.time].values
    let used = try point.indices(of: OjaFlow.time, in: 5...10)
    let laws = try used.map { try ojaLaw(studentWidthRatio: point.parameters.studentWidthRatio, time: times[$0]) }
    return .mean(
      (0..<point.replicaCount).map { replica in
        exp(Statistics.mean(zip(used, laws).map { log(point[OjaFlow.distance][replica, $0] / $1) }))
      }, scale: .logarithmic)
  },
  Estimator(
    "martin2026/dmft-end-over-theory", from: [DynamicalMeanField.self, LongTime.self],
    meaning: "mean-field squared error at the last time over that of the long-time equations"
  ) { results in
    let point = try results.point(of: DynamicalMeanField.self)
    let theory = try results.calculation(of: LongTime.self)
    let index = try theory.index(of: point.parameters.sampleRatio, in: LongTime.sampleRatio)
    let last = point[DynamicalMeanField.time].values.count - 1
    return .mean(
      point[DynamicalMeanField.meanSquaredError].column(last).map { $0 / theory[LongTime.meanSquaredError][index] },
      scale: .logarithmic)
  },
  Estimator(
    "martin2026/dmft-error-ratio", from: [DynamicalMeanField.self, GradientDescent.self],
    meaning: """
      greatest distance from 1, over times, of the mean-field squared error over that of gradient descent, both relative \
      to their start
      """
  ) { results in
    try meanFieldRatio(results, DynamicalMeanField.meanSquaredError, GradientDescent.meanSquaredError)
  },
  Estimator(
    "martin2026/dmft-loss-ratio", from: [DynamicalMeanField.self, GradientDescent.self],
    meaning: """
      greatest distance from 1, over times, of the mean-field training loss over that of gradient descent, both relative \
      to their start
      """
  ) { results in try meanFieldRatio(results, DynamicalMeanField.trainingLoss, GradientDescent.trainingLoss) },
]

/// Values at the last time from one start.
private func finals(_ point: ExperimentPoint<GradientDescent>, _ output: OutputArray, row: Int) -> [Double] {
  let last = point[GradientDescent.time].values.count - 1
  return (0..<point.replicaCount).map { point[output][$0, row, last] }
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
    let predicted = (0..<theory.replicaCount).map { theory[meanField][$0, index] / theory[meanField][$0, 0] }
    let measured = (0..<runs.replicaCount).map { runs[descent][$0, 0, column] / runs[descent][$0, 0, 0] }
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
