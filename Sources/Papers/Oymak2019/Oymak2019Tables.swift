private import Foundation
internal import NumericalMethods
internal import PaperKit

private let widthColumn = Column("studentWidth", meaning: "hidden units k")
private let dimensionColumn = Column("inputDimension", meaning: "input dimension d")
private let samplesColumn = Column("sampleCount", unit: "samples", meaning: "number of samples n")
private let ratioColumn = Column("parameterRatio", meaning: "kd/n")

/// A mean with its standard error.
private func meanColumns(_ name: String, unit: String = "1", _ meaning: String) -> [Column] {
  [
    Column(name, unit: unit, meaning: "\(meaning), mean over problems"),
    Column("\(name)Error", unit: unit, meaning: "\(meaning), standard error of the mean"),
  ]
}

private func meanValues(_ values: [Double]) -> [Double] {
  [Statistics.mean(values), values.count > 1 ? Statistics.standardError(values) : 0]
}

/// Share of fitted problems, per (k, n) of the map.
let successMapTable = TableDefinition(
  "oymak2019/success-map", from: [SuccessMap.self],
  columns: [
    dimensionColumn, widthColumn, samplesColumn, Column("success", meaning: "share of problems that were fitted"),
    Column("countingWidth", meaning: "n/d, the width with as many weights as samples"),
  ]
) { results in
  try results.points(of: SuccessMap.self).map { point in
    [
      Double(point.parameters.inputDimension), Double(point.parameters.studentWidth),
      Double(point.parameters.sampleCount), Statistics.mean(point[SuccessMap.fitted].values),
      Double(point.parameters.sampleCount) / Double(point.parameters.inputDimension),
    ]
  }
}

/// Share of fitted problems, per (k, d, n).
let fittingTable = TableDefinition(
  "oymak2019/fitting", from: [FittingTransition.self],
  columns: [
    dimensionColumn, widthColumn, samplesColumn, ratioColumn, Column("widthRatio", meaning: "k/n"),
    Column("success", meaning: "share of problems that were fitted"),
    Column("low", meaning: "lower end of its 68 % interval"), Column("high", meaning: "upper end of its 68 % interval"),
  ] + meanColumns("residual", "|r|^2/|y|^2 at the end")
) { results in
  let points = try results.points(of: FittingTransition.self)
  return try zip(points, fittingCounts(results)).map { point, count in
    let interval = Statistics.clopperPearson(successes: count.successes, trials: count.trials, tail: 0.16)
    return [
      Double(count.inputDimension), Double(count.studentWidth), count.sampleCount, count.parameterRatio,
      Double(count.studentWidth) / count.sampleCount, Double(count.successes) / Double(count.trials), interval.low,
      interval.high,
    ] + meanValues(point[FittingTransition.relativeResidual].values.map { $0 * $0 })
  }
}

/// The logistic curve through them, all networks together: P as a function of kd/n.
let fittedCurveTable = TableDefinition(
  "oymak2019/fitted-curve", from: [FittingTransition.self],
  columns: [ratioColumn, Column("probability", meaning: "fitted probability of success")]
) { results in
  let counts = try fittingCounts(results)
  let ratios = counts.map(\.parameterRatio)
  guard let low = ratios.min(), let high = ratios.max() else { throw EvidenceError("no runs") }
  let fit = try transition(counts)
  return (0...80).map { step in
    let ratio = low * pow(high / low, Double(step) / 80)
    return [ratio, fit.probability(at: log(ratio))]
  }
}

/// The transition of every network: n* and kd. A transition outside the grid is missing.
let thresholdTable = TableDefinition(
  "oymak2019/thresholds", from: [FittingTransition.self],
  columns: [
    dimensionColumn, widthColumn,
    Column("threshold", unit: "samples", meaning: "n*, fitted with probability 1/2; missing outside the grid"),
    Column("thresholdError", unit: "samples", meaning: "standard error of n*"),
    Column("parameterCount", unit: "weights", meaning: "kd"), Column("ratio", meaning: "kd/n*"),
    Column("ratioError", meaning: "standard error of kd/n*"), Column("load", meaning: "n*/d^2"),
    Column("quarterRatio", meaning: "kd/n* with a quarter of the steps"),
    Column("quarterRatioError", meaning: "standard error of that"),
    Column("quarterLoad", meaning: "n*/d^2 with a quarter of the steps"),
  ]
) { results in
  let all = try Dictionary(grouping: fittingCounts(results), by: \.network)
  let quarter = try Dictionary(grouping: fittingCounts(results, withinShare: 0.25), by: \.network)
  return try all.sorted { $0.key < $1.key }.map { network, counts in
    let d = Double(network.inputDimension)
    let parameters = Double(network.studentWidth) * d
    func find(_ counts: [FitCount]) throws -> (value: Double, standardError: Double) {
      do { return try threshold(counts) } catch is EvidenceError { return (.nan, .nan) }
    }
    let found = try find(counts)
    let early = try find(quarter[network] ?? [])
    let n = parameters / found.value
    return [
      d, Double(network.studentWidth), n, n * found.standardError / found.value, parameters, found.value,
      found.standardError, n / (d * d), early.value, early.standardError, parameters / early.value / (d * d),
    ]
  }
}

/// The number of weights that the theorem asks for, per (n, d).
let certifiedTable = TableDefinition(
  "oymak2019/certified", from: [CertifiedRegime.self],
  columns: [
    dimensionColumn, samplesColumn,
    Column("parameterCount", unit: "weights", meaning: "certified kd, geometric mean over data sets"),
  ]
) { results in
  try results.points(of: CertifiedRegime.self).map { point in
    [
      Double(point.parameters.inputDimension), Double(point.parameters.sampleCount),
      exp(Statistics.mean(point[CertifiedRegime.certifiedParameterCount].values.map { log($0) })),
    ]
  }
}

/// Least eigenvalue of the Jacobian's kernel and its distance from the limit, per width.
let jacobianTable = TableDefinition(
  "oymak2019/jacobian", from: [JacobianSpectrum.self],
  columns: [widthColumn, ratioColumn] + meanColumns("eigenvalueRatio", "lambda_min(K)/lambda(X)")
    + meanColumns("kernelDistance", "|K - Sigma|/|Sigma|")
) { results in
  try results.points(of: JacobianSpectrum.self).map { point in
    let width = Double(point.parameters.studentWidth)
    return [width, width * Double(point.parameters.inputDimension) / Double(point.parameters.sampleCount)]
      + meanValues(point[JacobianSpectrum.eigenvalueRatio].values)
      + meanValues(point[JacobianSpectrum.kernelDistance].values)
  }
}

/// lambda(X) of random data.
let covarianceTable = TableDefinition(
  "oymak2019/covariance", from: [CovarianceEigenvalue.self],
  columns: [dimensionColumn, samplesColumn, Column("load", meaning: "2n/d^2")]
    + meanColumns("eigenvalue", "lambda(X)") + [Column("prediction", meaning: "free edge")]
) { results in
  try results.points(of: CovarianceEigenvalue.self).map { point in
    let (d, n) = (Double(point.parameters.inputDimension), Double(point.parameters.sampleCount))
    return [d, n, 2 * n / (d * d)] + meanValues(point[CovarianceEigenvalue.eigenvalue].values)
      + [point[CovarianceEigenvalue.prediction][0]]
  }
}

/// The free edge at d = 40 as a curve over 2n/d^2.
let edgeTable = TableDefinition(
  "oymak2019/free-edge", from: [],
  columns: [
    Column("load", meaning: "2n/d^2"), Column("softplus", meaning: "free edge for softplus, d = 40"),
    Column("relu", meaning: "free edge for relu, d = 40"),
  ]
) { _ in
  try (1...60).map { step in
    let n = Int((800 * 0.02 * Double(step)).rounded())
    return [Double(n) / 800]
      + (try [Activation.softplus, .relu].map { try Theory.freeEdge($0, sampleCount: n, dimension: 40) })
  }
}

/// Residual along descent of the first problem, with the bound and the linearised network.
let convergenceTable = TableDefinition(
  "oymak2019/convergence", from: [Convergence.self],
  columns: [
    widthColumn, Column("iteration", unit: "steps", meaning: "steps made"),
    Column("residual", meaning: "|r|/|r_0|; missing after the end"), Column("bound", meaning: "bound of the theorem"),
    Column("linearResidual", meaning: "|r|/|r_0| of the linearised network; missing after the end"),
  ]
) { results in
  try results.points(of: Convergence.self).flatMap { point in
    point[Convergence.iteration].values.enumerated().compactMap { index, iteration -> [Double]? in
      let residual = point[Convergence.residual][0, index]
      guard iteration > 0, residual.isFinite else { return nil }
      return [
        Double(point.parameters.studentWidth), iteration, residual, point[Convergence.bound][0, index],
        point[Convergence.linearResidual][0, index],
      ]
    }
  }
}

/// Distance with its bounds, per sweep point.
let distanceTable = TableDefinition(
  "oymak2019/distance", from: [Distance.self],
  columns: [dimensionColumn, samplesColumn, widthColumn] + meanColumns("distance", "|W - W_0|")
    + meanColumns("linearDistance", "the same of the linearised network") + [
      Column("upperBound", meaning: "|r_0|/alpha, mean over problems; missing where K is singular"),
      Column("lowerBound", meaning: "(|r_0| - |r|)/beta, mean over problems"),
      Column("success", meaning: "share of runs that fit the labels"),
    ] + meanColumns("relativeMovement", "|W - W_0|/|W_0|")
    + meanColumns("decadeRatio", "steps from |r_0|/100 to |r_0|/1000 over those from |r_0|/10 to |r_0|/100")
    + meanColumns("eigenvalueRatio", "lambda_min(K) at the end over that at the start")
    + meanColumns("flippedShare", "share of sign changes")
    + meanColumns("greatestFlippedShare", "share of sign changes on the worst sample")
) { results in
  try results.points(of: Distance.self).map { point in
    [
      Double(point.parameters.inputDimension), Double(point.parameters.sampleCount),
      Double(point.parameters.studentWidth),
    ] + meanValues(point[Distance.distance].values) + meanValues(point[Distance.linearDistance].values)
      + [
        Statistics.mean(point[Distance.upperBound].values), Statistics.mean(point[Distance.lowerBound].values),
        Statistics.mean(point[Distance.fitted].values),
      ] + meanValues(point[Distance.relativeMovement].values) + meanValues(decadeRatios(point))
      + meanValues(point[Distance.eigenvalueRatio].values)
      + meanValues(point[Distance.flippedShare].values) + meanValues(point[Distance.greatestFlippedShare].values)
  }
}

/// Mean squared residual per epoch of the first problem: stochastic and full descent.
let stochasticTable = TableDefinition(
  "oymak2019/stochastic", from: [StochasticDescent.self],
  columns: [
    widthColumn, Column("epoch", unit: "epochs", meaning: "epochs done"),
    Column("meanSquare", meaning: "|r|^2/|y|^2 of stochastic descent, mean over orders; missing at round-off"),
    Column("fullDescent", meaning: "|r|^2/|y|^2 of full descent"),
    Column("bound", meaning: "exp(-bound rate) from the same start"),
  ]
) { results in
  try results.points(of: StochasticDescent.self).flatMap { point in
    let first = point[StochasticDescent.meanSquare][0, 0]
    let rate = point[StochasticDescent.boundRate][0] * Double(point.parameters.sampleCount)
    return point[StochasticDescent.epoch].values.enumerated().map { index, epoch -> [Double] in
      let square = point[StochasticDescent.meanSquare][0, index]
      return [
        Double(point.parameters.studentWidth), epoch, square > 1e-13 ? square : .nan,
        point[StochasticDescent.fullDescent][0, index], first * exp(-rate * epoch),
      ]
    }
  }
}

/// Steps and distance, per share of random labels.
let corruptionTable = TableDefinition(
  "oymak2019/label-corruption", from: [LabelCorruption.self],
  columns: [Column("corruptedShare", meaning: "share of random labels")]
    + meanColumns("iterationCount", unit: "steps", "steps needed") + meanColumns("distance", "|W - W_0|")
) { results in
  try results.points(of: LabelCorruption.self).map { point in
    [point.parameters.corruptedShare] + meanValues(point[LabelCorruption.iterationCount].values)
      + meanValues(point[LabelCorruption.distance].values)
  }
}

/// Real inputs: share of fitted problems, steps and distance, per (k, n, share of random labels).
let digitTable = TableDefinition(
  "oymak2019/digits", from: [DigitLabels.self],
  columns: [
    widthColumn, samplesColumn, ratioColumn, Column("corruptedShare", meaning: "share of random labels"),
    Column("success", meaning: "share of problems that were fitted"),
    Column("low", meaning: "lower end of its 68 % interval"), Column("high", meaning: "upper end of its 68 % interval"),
  ] + meanColumns("iterationCount", unit: "steps", "steps made") + meanColumns("distance", "|W - W_0|")
) { results in
  try results.points(of: DigitLabels.self).map { point in
    let fitted = point[DigitLabels.fitted].values
    let interval = Statistics.clopperPearson(
      successes: fitted.filter { $0 > 0.5 }.count, trials: fitted.count, tail: 0.16)
    let (k, n) = (Double(point.parameters.studentWidth), Double(point.parameters.sampleCount))
    return [
      k, n, point[DigitLabels.parameterRatio][0], point.parameters.corruptedShare, Statistics.mean(fitted),
      interval.low, interval.high,
    ] + meanValues(point[DigitLabels.iterationCount].values) + meanValues(point[DigitLabels.distance].values)
  }
}

/// How well conditioned random features are, per width.
let featureTable = TableDefinition(
  "oymak2019/features", from: [OutputLayer.self],
  columns: [Column("widthRatio", meaning: "k/n")]
    + meanColumns("eigenvalueRatio", "lambda_min(Phi Phi^T)/k over lambda_out(X)")
    + [Column("bound", meaning: "(1 - sqrt(n/k))^2, or 0 for k < n")]
) { results in
  try results.points(of: OutputLayer.self).map { point in
    let ratio = Double(point.parameters.studentWidth) / Double(point.parameters.sampleCount)
    let edge = max(0, 1 - (1 / ratio).squareRoot())
    return [ratio] + meanValues(point[OutputLayer.eigenvalueRatio].values) + [edge * edge]
  }
}

/// What least squares leaves, per number of trained weights.
let countingTable = TableDefinition(
  "oymak2019/counting", from: [OutputLayer.self],
  columns: [Column("trainedRatio", meaning: "trained weights over n")]
    + meanColumns("residual", "least |residual|^2/|y|^2")
    + [Column("prediction", meaning: "1 - (trained weights)/n, or 0")]
) { results in
  try results.points(of: OutputLayer.self).map { point in
    let ratio = point.parameters.trainedRatio
    return [ratio] + meanValues(point[OutputLayer.residual].values) + [max(0, 1 - ratio)]
  }
}
