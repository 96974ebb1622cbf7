internal import NumericalMethods
internal import PaperKit

// How the numbers behind the claims are measured. The unit of evidence is the replica: one teacher, one start.

/// Estimators of the setting: the risk and the overlap law.
let settingEstimators = [
  Estimator(
    "martin2023/population-risk-ratio", from: [PopulationRisk.self],
    meaning: "Monte Carlo mean of the squared error over the closed form of the risk; median over networks"
  ) { results in
    .median(try results.point(of: PopulationRisk.self)[PopulationRisk.ratio].values)
  },
  Estimator(
    "martin2023/overlap-law-distance", from: [OverlapSpectrum.self],
    meaning: "median Kolmogorov-Smirnov distance of the overlaps from the limit law, the greatest over the ratios"
  ) { results in
    .greatest(
      try some(results.points(of: OverlapSpectrum.self), "overlaps").map {
        .median($0[OverlapSpectrum.kolmogorovDistance].values)
      })
  },
  Estimator(
    "martin2023/reduction-error", from: [OrthonormalFlow.self],
    meaning: "greatest difference of the overlap between the three scalars and all weights, same starts"
  ) { results in
    let points = try results.points(of: OrthonormalFlow.self)
    let direct = points.filter { $0.parameters.method == .direct }
    return .identity(
      try some(direct, "direct flows").flatMap { direct in
        let reduced = try only(
          points.filter {
            $0.parameters.method == .frameReduction && $0.parameters.inputDimension == direct.parameters.inputDimension
              && $0.parameters.ratios == direct.parameters.ratios
          }, "reduction of the same starts")
        return try greatestDifferences([direct, reduced], OrthonormalFlow.overlap)
      })
  },
  Estimator(
    "martin2023/march-error", from: [GaussianFlow.self],
    meaning: "greatest difference of the overlap between the Riccati march and direct integration, same instances"
  ) { results in
    let points = try results.points(of: GaussianFlow.self)
    let direct = points.filter { $0.parameters.method == .direct }
    return .identity(
      try some(direct, "direct flows").flatMap { direct in
        let march = try only(
          points.filter { $0.parameters.method == .riccati && $0.parameters.ratios == direct.parameters.ratios },
          "march of the same instances")
        return try greatestDifferences([direct, march], GaussianFlow.overlap)
      })
  },
]

/// The greatest difference between an output at two points, of every replica that both have.
private func greatestDifferences<E: Experiment>(
  _ points: [ExperimentPoint<E>], _ output: OutputArray
) throws -> [Double] {
  let points = try paired(points).map { $0[output] }
  return (0..<points[0].shape[0]).map { replica in
    zip(points[0].slice(replica).values, points[1].slice(replica).values).map { abs($0 - $1) }.greatest()
  }
}

/// Estimators of the high-dimensional limit against finite sizes.
let limitEstimators =
  Regime.allCases.flatMap { regime in
    [
      Estimator(
        "martin2023/phi-distance-\(regime.rawValue)", from: [OrthonormalFlow.self, HighDimensionalLimit.self],
        meaning: "distance of the median phi at gamma = 1 from its limit, orthonormal, \(regime.rawValue) student"
      ) { results in
        let point = try only(
          results.points(of: OrthonormalFlow.self).filter { $0.parameters.regime == regime }, "\(regime) flow")
        let values = point[OrthonormalFlow.integratedTrace].column(
          try point.index(of: 1, in: OrthonormalFlow.rescaledTime))
        let limit = try results.orthonormalLimit(
          HighDimensionalLimit.integratedTrace, ratios: point.parameters.ratios, at: 1)
        return .median(values).distance(from: limit)
      },
      Estimator(
        "martin2023/gaussian-phi-distance-\(regime.rawValue)", from: [GaussianFlow.self, GaussianLimit.self],
        meaning: "distance of phi at gamma = 1 from the Gaussian limit, \(regime.rawValue) student"
      ) { results in
        let point = try only(
          results.points(of: GaussianFlow.self).filter { $0.parameters.regime == regime }, "\(regime) flow")
        let values = point[GaussianFlow.integratedTrace].column(
          try point.index(of: 1, in: GaussianFlow.rescaledTime))
        let limit = try results.gaussianLimit(GaussianLimit.integratedTrace, ratios: point.parameters.ratios, at: 1)
        return .mean(values).distance(from: limit)
      },
      Estimator(
        "martin2023/gaussian-orthonormal-distance-\(regime.rawValue)",
        from: [GaussianFlow.self, HighDimensionalLimit.self],
        meaning:
          "distance of phi at gamma = 1 of Gaussian networks from the orthonormal limit, \(regime.rawValue) student"
      ) { results in
        let point = try only(
          results.points(of: GaussianFlow.self).filter { $0.parameters.regime == regime }, "\(regime) flow")
        let values = point[GaussianFlow.integratedTrace].column(
          try point.index(of: 1, in: GaussianFlow.rescaledTime))
        let limit = try results.orthonormalLimit(
          HighDimensionalLimit.integratedTrace, ratios: point.parameters.ratios, at: 1)
        return .mean(values).distance(from: limit)
      },
      Estimator(
        "martin2023/gaussian-phi-extrapolated-\(regime.rawValue)", from: [GaussianFlow.self, GaussianLimit.self],
        meaning:
          "distance of phi at gamma = 1, extrapolated from d and 2d to 1/d = 0, from the Gaussian limit, "
          + "\(regime.rawValue) student"
      ) { results in
        let points = try results.points(of: GaussianFlow.self).filter { $0.parameters.regime == regime }
          .sorted { $0.parameters.inputDimension < $1.parameters.inputDimension }
        guard points.count == 2, points[1].parameters.inputDimension == 2 * points[0].parameters.inputDimension else {
          throw EvidenceError("needs two sizes, one twice the other")
        }
        let samples = try points.map {
          $0[GaussianFlow.integratedTrace].column(try $0.index(of: 1, in: GaussianFlow.rescaledTime))
        }
        let (means, errors) = (samples.map(Statistics.mean), samples.map(Statistics.standardError))
        let limit = try results.gaussianLimit(GaussianLimit.integratedTrace, ratios: points[0].parameters.ratios, at: 1)
        return Estimate.fit(
          value: 2 * means[1] - means[0],
          standardError: (4 * errors[1] * errors[1] + errors[0] * errors[0]).squareRoot(),
          degreesOfFreedom: Double((samples.map(\.count).min() ?? 0) - 1)
        ).distance(from: limit)
      },
      Estimator(
        "martin2023/gap-ratio-\(regime.rawValue)", from: [HighDimensionalLimit.self],
        meaning: "distance of the overlap from its final value over the late-time law, \(regime.rawValue) student"
      ) { results in
        let point = try only(
          results.calculations(of: HighDimensionalLimit.self).filter { $0.parameters.regime == regime },
          "\(regime) limit")
        let last = point.parameters.timeCount - 1
        let gap = point[HighDimensionalLimit.overlapGap][last]
        let law = point[HighDimensionalLimit.overlapGapAsymptote][last]
        // The gap is a difference of numbers of order 1.
        return .exact(gap / law, numericalError: 1e-15 / gap, from: [point])
      },
      Estimator(
        "martin2023/gap-shape-\(regime.rawValue)", from: [HighDimensionalLimit.self],
        meaning:
          "fall of the overlap's distance from its final value between the first and the last gamma, over that of the "
          + "late-time law, \(regime.rawValue) student"
      ) { results in
        let point = try only(
          results.calculations(of: HighDimensionalLimit.self).filter { $0.parameters.regime == regime },
          "\(regime) limit")
        let last = point.parameters.timeCount - 1
        let gap = point[HighDimensionalLimit.overlapGap]
        let law = point[HighDimensionalLimit.overlapGapAsymptote]
        return .exact(
          gap[last] / gap[0] / (law[last] / law[0]), numericalError: 2e-15 / gap[last], from: [point])
      },
      Estimator(
        "martin2023/phi-growth-\(regime.rawValue)", from: [HighDimensionalLimit.self],
        meaning: "phi at the last gamma less its late-time law, \(regime.rawValue) student"
      ) { results in
        let point = try only(
          results.calculations(of: HighDimensionalLimit.self).filter { $0.parameters.regime == regime },
          "\(regime) limit")
        let last = point.parameters.timeCount - 1
        let law = Theory.integratedTrace(point.parameters.law, rescaledTime: point.parameters.lastTime)
        return .exact(
          point[HighDimensionalLimit.integratedTrace][last] - law, numericalError: 1e-10, from: [point])
      },
    ]
  } + [
    Estimator(
      "martin2023/overlap-distance", from: [OrthonormalFlow.self, HighDimensionalLimit.self],
      meaning: "distance of the overlap at gamma = 0.1 from its limit, orthonormal, the greatest over the regimes"
    ) { results in
      .greatest(
        try some(results.points(of: OrthonormalFlow.self), "flows").map { point in
          let values = point[OrthonormalFlow.overlap].column(
            try point.index(of: 0.1, in: OrthonormalFlow.rescaledTime))
          let limit = try results.orthonormalLimit(
            HighDimensionalLimit.overlap, ratios: point.parameters.ratios, at: 0.1)
          return Estimate.mean(values).distance(from: limit)
        })
    },
    Estimator(
      "martin2023/phi-bias-ratio", from: [OrthonormalFlow.self, HighDimensionalLimit.self],
      meaning: "bias of phi at gamma = 1 at the smaller of two sizes over that at the larger"
    ) { results in
      let points = try results.points(of: OrthonormalFlow.self)
        .sorted { $0.parameters.inputDimension < $1.parameters.inputDimension }
      guard points.count == 2 else { throw EvidenceError("needs two sizes, found \(points.count)") }
      let biases = try points.map { point -> (value: Double, error: Double) in
        let values = point[OrthonormalFlow.integratedTrace].column(
          try point.index(of: 1, in: OrthonormalFlow.rescaledTime))
        let limit = try results.orthonormalLimit(
          HighDimensionalLimit.integratedTrace, ratios: point.parameters.ratios, at: 1)
        return (Statistics.mean(values) - limit, Statistics.standardError(values))
      }
      let ratio = biases[0].value / biases[1].value
      let relative = biases.reduce(0) { $0 + $1.error * $1.error / ($1.value * $1.value) }.squareRoot()
      return .fit(
        value: ratio, standardError: abs(ratio) * relative,
        degreesOfFreedom: Double((points.map(\.replicaCount).min() ?? 0) - 1))
    },
    Estimator(
      "martin2023/conserved-residual", from: [HighDimensionalLimit.self],
      meaning: "greatest relative residual of the implicit equation for phi over all gamma and ratios"
    ) { results in
      let limits = try results.calculations(of: HighDimensionalLimit.self)
      let residuals = limits.flatMap { $0[HighDimensionalLimit.conservedResidual].values.map(abs) }
      return .exact(residuals.greatest(), from: limits)
    },
  ]

/// Estimators of recovery: how wide must the student be?
let recoveryEstimators = [
  Estimator(
    "martin2023/recovery-gap", from: [OrthonormalFlow.self],
    meaning: "median distance of the overlap from min(1, sqrt(m/m*)) at the last gamma, the greatest over the flows"
  ) { results in
    .greatest(
      try some(results.points(of: OrthonormalFlow.self), "flows").map { point in
        let ratio = Double(point.parameters.studentWidth) / Double(point.parameters.teacherWidth)
        let final = min(1, ratio.squareRoot())
        return .median(
          point[OrthonormalFlow.overlap].column(point.parameters.timeCount - 1).map { abs(final - $0) })
      })
  },
  Estimator(
    "martin2023/width-threshold-error", from: [WidthSweep.self],
    meaning: "median distance of the final overlap from that of the best student, the greatest over the widths"
  ) { results in
    .greatest(
      try some(results.points(of: WidthSweep.self), "widths").map { point in
        .median(
          zip(point[WidthSweep.finalOverlap].values, point[WidthSweep.predictedOverlap].values).map { abs($0 - $1) })
      })
  },
  Estimator(
    "martin2023/least-deficit", from: [WidthSweep.self],
    meaning: "1 less the median final overlap, least of all widths and starts"
  ) { results in
    .greatest(
      try some(results.points(of: WidthSweep.self), "widths").map { .median($0[WidthSweep.finalOverlap].values) }
    ).distance(from: 1)
  },
  Estimator(
    "martin2023/final-loss-error", from: [WidthSweep.self],
    meaning: "median relative error of the final risk against the least risk at this width"
  ) { results in
    let point = try results.point(of: WidthSweep.self)
    return .median(
      zip(point[WidthSweep.scaledLoss].values, point[WidthSweep.predictedLoss].values).map { abs($0 / $1 - 1) })
  },
  Estimator(
    "martin2023/late-loss-ratio", from: [WidthSweep.self],
    meaning: "median of the final risk of the narrower over that of the wider of two students"
  ) { results in
    let points = try results.points(of: WidthSweep.self)
      .sorted { $0.parameters.studentWidth < $1.parameters.studentWidth }
    guard points.count == 2 else { throw EvidenceError("needs two widths, found \(points.count)") }
    let losses = try paired(points).map { $0[WidthSweep.scaledLoss].values }
    return .median(zip(losses[0], losses[1]).map(/))
  },
  Estimator(
    "martin2023/saddle-loss-error", from: [NonGenericStart.self],
    meaning: "median relative error of the final risk against the saddle's"
  ) { results in
    let point = try results.point(of: NonGenericStart.self)
    return .median(
      zip(point[NonGenericStart.finalLoss].values, point[NonGenericStart.saddleLoss].values).map { abs($0 / $1 - 1) })
  },
]
