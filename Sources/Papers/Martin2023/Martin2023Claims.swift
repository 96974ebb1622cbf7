internal import NumericalMethods
internal import PaperKit

// How the numbers behind the claims are measured. The unit of evidence is the replica: one teacher, one start.

/// Estimators of the setting: the risk and the overlap law.
let settingEstimators: [Estimator] = [
  .median(
    "martin2023/population-risk-ratio", of: PopulationRisk.self,
    meaning: "Monte Carlo mean of the squared error over the closed form of the risk; median over networks"
  ) { $0[PopulationRisk.ratio].values },
  .greatest(
    "martin2023/overlap-law-distance", of: OverlapSpectrum.self,
    meaning: "median Kolmogorov-Smirnov distance of the overlaps from the limit law, the greatest over the ratios"
  ) { .median($0[OverlapSpectrum.kolmogorovDistance].values) },
  Estimator(
    "martin2023/reduction-error", from: [OrthonormalFlow.self],
    meaning: "greatest difference of the overlap between the three scalars and all weights, same starts"
  ) { results in
    let direct = try results.somePoints(of: OrthonormalFlow.self).filter { $0.parameters.method == .direct }
    return .identity(
      try direct.flatMap { direct in
        let reduced = try results.point(of: OrthonormalFlow.self) {
          $0.method == .frameReduction && $0.inputDimension == direct.parameters.inputDimension
            && $0.ratios == direct.parameters.ratios
        }
        return try greatestDifferences([direct, reduced], OrthonormalFlow.overlap)
      })
  },
  Estimator(
    "martin2023/march-error", from: [GaussianFlow.self],
    meaning: "greatest difference of the overlap between the Riccati march and direct integration, same instances"
  ) { results in
    let direct = try results.somePoints(of: GaussianFlow.self).filter { $0.parameters.method == .direct }
    return .identity(
      try direct.flatMap { direct in
        let march = try results.point(of: GaussianFlow.self) {
          $0.method == .riccati && $0.ratios == direct.parameters.ratios
        }
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

/// phi at gamma = 1 of every replica.
private func phi(_ flow: ExperimentPoint<OrthonormalFlow>) throws -> [Double] {
  try flow.values(of: OrthonormalFlow.integratedTrace, at: 1, in: OrthonormalFlow.rescaledTime)
}

private func phi(_ flow: ExperimentPoint<GaussianFlow>) throws -> [Double] {
  try flow.values(of: GaussianFlow.integratedTrace, at: 1, in: GaussianFlow.rescaledTime)
}

/// Estimators of the high-dimensional limit against finite sizes.
let limitEstimators: [Estimator] =
  Regime.allCases.flatMap { regime in
    [
      Estimator(
        "martin2023/phi-distance-\(regime.rawValue)", from: [OrthonormalFlow.self, HighDimensionalLimit.self],
        meaning: "distance of the median $φ$ at $γ = 1$ from its limit, orthonormal, \(regime.rawValue) student"
      ) { results in
        let flow = try results.point(of: OrthonormalFlow.self) { $0.regime == regime }
        return .median(try phi(flow)).distance(from: try results.orthonormalPhi(ratios: flow.parameters.ratios))
      },
      Estimator(
        "martin2023/gaussian-phi-distance-\(regime.rawValue)", from: [GaussianFlow.self, GaussianLimit.self],
        meaning: "distance of $φ$ at $γ = 1$ from the Gaussian limit, \(regime.rawValue) student"
      ) { results in
        let flow = try results.point(of: GaussianFlow.self) { $0.regime == regime }
        return .mean(try phi(flow)).distance(from: try results.gaussianPhi(ratios: flow.parameters.ratios))
      },
      Estimator(
        "martin2023/gaussian-orthonormal-distance-\(regime.rawValue)",
        from: [GaussianFlow.self, HighDimensionalLimit.self],
        meaning:
          "distance of $φ$ at $γ = 1$ of Gaussian networks from the orthonormal limit, \(regime.rawValue) student"
      ) { results in
        let flow = try results.point(of: GaussianFlow.self) { $0.regime == regime }
        return .mean(try phi(flow)).distance(from: try results.orthonormalPhi(ratios: flow.parameters.ratios))
      },
      Estimator(
        "martin2023/gaussian-phi-extrapolated-\(regime.rawValue)", from: [GaussianFlow.self, GaussianLimit.self],
        meaning:
          "distance of $φ$ at $γ = 1$, extrapolated from $d$ and $2d$ to $1/d = 0$, from the Gaussian limit, "
          + "\(regime.rawValue) student"
      ) { results in
        let flows = try results.points(of: GaussianFlow.self, ascending: \.inputDimension).filter {
          $0.parameters.regime == regime
        }
        guard flows.count == 2, flows[1].parameters.inputDimension == 2 * flows[0].parameters.inputDimension else {
          throw EvidenceError("needs two sizes, one twice the other")
        }
        return .combination(of: try flows.map(phi), weights: [-1, 2])
          .distance(from: try results.gaussianPhi(ratios: flows[0].parameters.ratios))
      },
      Estimator(
        "martin2023/gap-ratio-\(regime.rawValue)", from: [HighDimensionalLimit.self],
        meaning: "distance of the overlap from its final value over the late-time law, \(regime.rawValue) student"
      ) { results in
        let point = try results.calculation(of: HighDimensionalLimit.self) { $0.regime == regime }
        let last = point.parameters.timeCount - 1
        let gap = point[HighDimensionalLimit.overlapGap][last]
        let law = point[HighDimensionalLimit.overlapGapAsymptote][last]
        // The gap is a difference of numbers of order 1.
        return .exact(gap / law, numericalError: 1e-15 / gap, from: [point])
      },
      Estimator(
        "martin2023/gap-shape-\(regime.rawValue)", from: [HighDimensionalLimit.self],
        meaning:
          "fall of the overlap's distance from its final value between the first and the last $γ$, over that of the "
          + "late-time law, \(regime.rawValue) student"
      ) { results in
        let point = try results.calculation(of: HighDimensionalLimit.self) { $0.regime == regime }
        let last = point.parameters.timeCount - 1
        let gap = point[HighDimensionalLimit.overlapGap]
        let law = point[HighDimensionalLimit.overlapGapAsymptote]
        return .exact(
          gap[last] / gap[0] / (law[last] / law[0]), numericalError: 2e-15 / gap[last], from: [point])
      },
      Estimator(
        "martin2023/phi-growth-\(regime.rawValue)", from: [HighDimensionalLimit.self],
        meaning: "$φ$ at the last $γ$ less its late-time law, \(regime.rawValue) student"
      ) { results in
        let point = try results.calculation(of: HighDimensionalLimit.self) { $0.regime == regime }
        let last = point.parameters.timeCount - 1
        let law = Theory.integratedTrace(point.parameters.law, rescaledTime: point.parameters.lastTime)
        return .exact(
          point[HighDimensionalLimit.integratedTrace][last] - law, numericalError: 1e-10, from: [point])
      },
    ]
  } + [
    Estimator(
      "martin2023/overlap-distance", from: [OrthonormalFlow.self, HighDimensionalLimit.self],
      meaning: "distance of the overlap at $γ = 0.1$ from its limit, orthonormal, the greatest over the regimes"
    ) { results in
      .greatest(
        try results.somePoints(of: OrthonormalFlow.self).map { flow in
          let overlaps = try flow.values(of: OrthonormalFlow.overlap, at: 0.1, in: OrthonormalFlow.rescaledTime)
          let limit = try results.orthonormalLimit(
            HighDimensionalLimit.overlap, ratios: flow.parameters.ratios, at: 0.1)
          return Estimate.mean(overlaps).distance(from: limit)
        })
    },
    Estimator(
      "martin2023/phi-bias-ratio", from: [OrthonormalFlow.self, HighDimensionalLimit.self],
      meaning: "bias of $φ$ at $γ = 1$ at the smaller of two sizes over that at the larger"
    ) { results in
      let (small, large) = try results.pair(of: OrthonormalFlow.self, ascending: \.inputDimension)
      let biases = try [small, large].map { flow in
        let values = try phi(flow)
        return (
          value: Statistics.mean(values) - (try results.orthonormalPhi(ratios: flow.parameters.ratios)),
          error: Statistics.standardError(values)
        )
      }
      let ratio = biases[0].value / biases[1].value
      let relative = biases.reduce(0) { $0 + $1.error * $1.error / ($1.value * $1.value) }.squareRoot()
      return .fit(
        value: ratio, standardError: abs(ratio) * relative,
        degreesOfFreedom: Double(min(small.replicaCount, large.replicaCount) - 1))
    },
    .greatestExact(
      "martin2023/conserved-residual", of: HighDimensionalLimit.self,
      meaning: "greatest relative residual of the implicit equation for $φ$ over all $γ$ and ratios"
    ) { $0[HighDimensionalLimit.conservedResidual].values.map(abs).greatest() },
  ]

/// Estimators of recovery: how wide must the student be?
let recoveryEstimators: [Estimator] = [
  .greatest(
    "martin2023/recovery-gap", of: OrthonormalFlow.self,
    meaning:
      "median distance of the overlap from $\\min(1, \\sqrt{m/m^*})$ at the last $γ$, the greatest over the flows"
  ) { point in
    let ratio = Double(point.parameters.studentWidth) / Double(point.parameters.teacherWidth)
    let final = min(1, ratio.squareRoot())
    return .median(point[OrthonormalFlow.overlap].lastColumn().map { abs(final - $0) })
  },
  .greatest(
    "martin2023/width-threshold-error", of: WidthSweep.self,
    meaning: "median distance of the final overlap from that of the best student, the greatest over the widths"
  ) { .median($0.differences(WidthSweep.finalOverlap, from: WidthSweep.predictedOverlap).map(abs)) },
  Estimator(
    "martin2023/least-deficit", from: [WidthSweep.self],
    meaning: "1 less the median final overlap, least of all widths and starts"
  ) { results in
    .greatest(try results.somePoints(of: WidthSweep.self).map { .median($0[WidthSweep.finalOverlap].values) })
      .distance(from: 1)
  },
  .median(
    "martin2023/final-loss-error", of: WidthSweep.self,
    meaning: "median relative error of the final risk against the least risk at this width"
  ) { $0.ratios(WidthSweep.scaledLoss, over: WidthSweep.predictedLoss).map { abs($0 - 1) } },
  Estimator(
    "martin2023/late-loss-ratio", from: [WidthSweep.self],
    meaning: "median of the final risk of the narrower over that of the wider of two students"
  ) { results in
    let (narrow, wide) = try results.pair(of: WidthSweep.self, ascending: \.studentWidth)
    return .median(try ratios(WidthSweep.scaledLoss, of: narrow, over: wide))
  },
  .median(
    "martin2023/saddle-loss-error", of: NonGenericStart.self,
    meaning: "median relative error of the final risk against the saddle's"
  ) { $0.ratios(NonGenericStart.finalLoss, over: NonGenericStart.saddleLoss).map { abs($0 - 1) } },
]
