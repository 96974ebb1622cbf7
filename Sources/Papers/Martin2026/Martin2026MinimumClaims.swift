private import Foundation
internal import NumericalMethods
internal import PaperKit

// How the numbers behind the claims on regularised minima are measured.

/// Estimators of minima of the regularised loss.
let minimumEstimators: [Estimator] = [
  Estimator(
    "martin2026/error-over-theory", from: [RegularizedMinimum.self, LongTime.self],
    meaning: "mean squared error over theory, geometric mean over sample ratios"
  ) { try overTheory($0, RegularizedMinimum.meanSquaredError, LongTime.meanSquaredError) },
  Estimator(
    "martin2026/greatest-deviation", from: [RegularizedMinimum.self, LongTime.self],
    meaning: """
      distance from 1 of the mean squared error over theory, geometric mean over replicas, greatest over sample ratios
      """
  ) { results in
    .greatest(
      try results.points(of: RegularizedMinimum.self).map { point in
        let theory = try prediction(results, LongTime.meanSquaredError, for: point.parameters)
        return Estimate.mean(
          point[RegularizedMinimum.meanSquaredError].values.map { $0 / theory }, scale: .logarithmic
        ).distance(from: 1)
      })
  },
  Estimator(
    "martin2026/loss-over-theory", from: [RegularizedMinimum.self, LongTime.self],
    meaning: "training loss over theory, geometric mean over sample ratios"
  ) { try overTheory($0, RegularizedMinimum.trainingLoss, LongTime.trainingLoss) },
  Estimator(
    "martin2026/optimal-over-error", from: [RegularizedMinimum.self, BayesOptimal.self],
    meaning: """
      Bayes-optimal error over the mean squared error, geometric mean over replicas, greatest over regularisations and \
      sample ratios
      """
  ) { results in
    let optimum = try results.calculation(of: BayesOptimal.self)
    return .greatest(
      try results.points(of: RegularizedMinimum.self).map { point in
        let index = try optimum.index(of: point.parameters.sampleRatio, in: BayesOptimal.sampleRatio)
        let least = optimum[BayesOptimal.meanSquaredError][index]
        return .mean(point[RegularizedMinimum.meanSquaredError].values.map { least / $0 }, scale: .logarithmic)
      })
  },
  Estimator(
    "martin2026/sufficient-width", from: [RegularizedMinimum.self, LongTime.self],
    meaning: """
      width ratio from which on the mean squared error is within 1/10 000 of that of the widest student on the same data, \
      less the predicted rank of the widest
      """
  ) { results in
    let points = try paired(results.points(of: RegularizedMinimum.self)).sorted {
      $0.parameters.studentWidthRatio < $1.parameters.studentWidthRatio
    }
    guard let widest = points.last, points.count > 2 else { throw EvidenceError("needs three or more widths") }
    let predicted = try prediction(results, LongTime.rank, for: widest.parameters)
    let wide = widest[RegularizedMinimum.meanSquaredError].values
    return .mean(
      wide.enumerated().map { replica, error in
        let lacking = points.dropLast().lastIndex {
          abs($0[RegularizedMinimum.meanSquaredError].values[replica] / error - 1) > 1e-4
        }
        return points[lacking.map { $0 + 1 } ?? 0].parameters.studentWidthRatio - predicted
      })
  },
  Estimator(
    "martin2026/recovery-by-exponent", from: [RegularizedMinimum.self],
    meaning: """
      sample ratio at which the slope of ln(mean squared error) against ln(regularisation) passes 1 on its way from 0 to 2
      """
  ) { results in
    let points = try paired(results.points(of: RegularizedMinimum.self))
    return try jackknife(replicaCount: points[0].replicaCount) { try recoveryRatio(points, $0) }
  },
  Estimator(
    "martin2026/flow-over-minimum", from: [RegularizedMinimum.self],
    meaning: """
      distance from 1 of the mean squared error at the end of the flow over that of the minimum by L-BFGS on the same \
      data, median over replicas, greatest over sample ratios
      """
  ) { results in
    let points = try paired(results.points(of: RegularizedMinimum.self))
    let flows = points.filter(\.parameters.followsFlow)
    return .greatest(
      try flows.map { flow in
        guard
          let minimum = points.first(where: {
            !$0.parameters.followsFlow && $0.parameters.sampleRatio == flow.parameters.sampleRatio
          })
        else { throw EvidenceError("no minimum at sample ratio \(flow.parameters.sampleRatio)") }
        return Estimate.median(try ratios(RegularizedMinimum.meanSquaredError, of: flow, over: minimum))
          .distance(from: 1)
      })
  },
  Estimator(
    "martin2026/error-ratio", from: [RegularizedMinimum.self],
    meaning: "mean squared error at the smaller of two sample ratios or widths over that at the greater"
  ) { results in
    let points = try results.points(of: RegularizedMinimum.self).sorted {
      ($0.parameters.sampleRatio, $0.parameters.studentWidthRatio)
        < ($1.parameters.sampleRatio, $1.parameters.studentWidthRatio)
    }
    guard points.count == 2 else { throw EvidenceError("needs two sample ratios or widths, found \(points.count)") }
    return .mean(try ratios(RegularizedMinimum.meanSquaredError, of: points[0], over: points[1]), scale: .logarithmic)
  },
  Estimator(
    "martin2026/greatest-rise", from: [RegularizedMinimum.self],
    meaning: "greatest ratio of the mean squared errors at successive sample ratios, medians over replicas"
  ) { results in
    let points = try results.points(of: RegularizedMinimum.self).sorted {
      $0.parameters.sampleRatio < $1.parameters.sampleRatio
    }
    return .greatest(
      try zip(points, points.dropFirst()).map { before, after in
        .median(try ratios(RegularizedMinimum.meanSquaredError, of: after, over: before))
      })
  },
  Estimator(
    "martin2026/regularization-exponent", from: [RegularizedMinimum.self],
    meaning: "slope of the logarithm of the mean squared error against that of the regularisation, median"
  ) { results in
    .median(
      try logSlopes(
        results.points(of: RegularizedMinimum.self), RegularizedMinimum.meanSquaredError, against: \.regularization))
  },
  Estimator(
    "martin2026/law-ratio", from: [RegularizedMinimum.self],
    meaning: "training loss with quadratic data over that with Gaussian sensing matrices, median"
  ) { .median(try lawRatios(paired($0.points(of: RegularizedMinimum.self)))) },
  Estimator(
    "martin2026/law-excess-exponent", from: [RegularizedMinimum.self],
    meaning: """
      exponent of the input dimension in the excess of the training loss with quadratic data over that with Gaussian data, \
      geometric mean over sample ratios, from the smallest to the greatest dimension
      """
  ) { results in
    let points = try paired(results.points(of: RegularizedMinimum.self, ascending: \.inputDimension))
    let (low, high) = (points[0].parameters.inputDimension, points[points.count - 1].parameters.inputDimension)
    func logs(_ dimension: Int) throws -> [Double] {
      try lawRatios(points.filter { $0.parameters.inputDimension == dimension }).map { log($0) }
    }
    let (small, large) = (try logs(low), try logs(high))
    func excess(_ logs: [Double], _ replicas: [Int]) -> Double { expm1(Statistics.mean(replicas.map { logs[$0] })) }
    return jackknife(replicaCount: points[0].replicaCount) { replicas in
      log(excess(large, replicas) / excess(small, replicas)) / log(Double(high) / Double(low))
    }
  },
]

/// The sample ratio at which the exponent of the error in the regularisation, mean over some replicas, first passes 1, by
/// linear interpolation; one width, two regularisations.
private func recoveryRatio(_ points: [ExperimentPoint<RegularizedMinimum>], _ replicas: [Int]) throws -> Double {
  let groups = Dictionary(grouping: points) { $0.parameters.sampleRatio }.sorted { $0.key < $1.key }
  let exponents = try groups.map { _, pair -> Double in
    guard pair.count == 2 else { throw EvidenceError("needs two regularisations, found \(pair.count)") }
    let logs = pair.map { point in
      Statistics.mean(replicas.map { log(point[RegularizedMinimum.meanSquaredError].values[$0]) })
    }
    return (logs[0] - logs[1]) / log(pair[0].parameters.regularization / pair[1].parameters.regularization)
  }
  guard let above = exponents.indices.dropFirst().first(where: { exponents[$0 - 1] < 1 && exponents[$0] >= 1 }) else {
    throw EvidenceError("the exponent does not pass 1 between sample ratios \(groups.map(\.key))")
  }
  let share = (1 - exponents[above - 1]) / (exponents[above] - exponents[above - 1])
  return groups[above - 1].key + share * (groups[above].key - groups[above - 1].key)
}

/// The predicted value for a simulated system, from the curve that contains its sample ratio.
private func prediction(
  _ results: Results, _ output: OutputArray, for p: RegularizedMinimum.Parameters
) throws -> Double {
  for point in try results.calculations(of: LongTime.self)
  where point.parameters.studentWidthRatio == p.studentWidthRatio
    && point.parameters.teacherWidthRatio == p.teacherWidthRatio
    && point.parameters.noiseVariance == p.noiseVariance && point.parameters.regularization == p.regularization
  {
    // One of several curves has it.
    if let index = point[LongTime.sampleRatio].values.firstIndex(where: { abs($0 - p.sampleRatio) <= 1e-12 }) {
      return point[output][index]
    }
  }
  throw EvidenceError("no theory at sample ratio \(p.sampleRatio), regularisation \(p.regularization)")
}

/// Simulation over theory for every replica, geometric mean over sweep points with the same replicas. Replica i of one point is
/// independent of replica i of another, so the means are independent of each other.
private func overTheory(_ results: Results, _ output: OutputArray, _ predicted: OutputArray) throws -> Estimate {
  let points = try paired(results.points(of: RegularizedMinimum.self))
  let theory = try points.map { try prediction(results, predicted, for: $0.parameters) }
  return .mean(
    (0..<points[0].replicaCount).map { replica in
      exp(Statistics.mean(zip(points, theory).map { log($0[output].values[replica] / $1) }))
    }, scale: .logarithmic)
}

/// The training loss with quadratic over that with Gaussian data, replica by replica, geometric mean over sweep points with the same replicas.
private func lawRatios(_ points: [ExperimentPoint<RegularizedMinimum>]) throws -> [Double] {
  let groups = Dictionary(grouping: points) { $0.parameters.sensing }
  guard let quadratic = groups[.quadratic], let gaussian = groups[.gaussian],
    quadratic.map(\.parameters.sampleRatio) == gaussian.map(\.parameters.sampleRatio)
  else { throw EvidenceError("needs quadratic and Gaussian data at the same sample ratios") }
  return (0..<points[0].replicaCount).map { replica in
    let logs = zip(quadratic, gaussian).map {
      log($0[RegularizedMinimum.trainingLoss][replica] / $1[RegularizedMinimum.trainingLoss][replica])
    }
    return exp(Statistics.mean(logs))
  }
}
