private import Foundation
internal import NumericalMethods
internal import PaperKit

private let widthColumn = Column("studentWidth", meaning: "hidden units k")
private let dimensionColumn = Column("inputDimension", meaning: "input dimension d")
private let samplesColumn = Column("sampleCount", unit: "samples", meaning: "number of samples n")
private let ratioColumn = Column("parameterRatio", meaning: "kd/n")

private let corruptedShareColumn = Column("corruptedShare", meaning: "share of random labels")
private let successColumn = Column("success", meaning: "share of problems that were fitted")
/// The tail of a 68 % interval.
private let tail = 0.16

/// Share of fitted problems, per (k, n) of the map.
let successMapTable = TableDefinition(
  "oymak2019/success-map", of: SuccessMap.self,
  columns: [
    .parameter(dimensionColumn, \.inputDimension), .parameter(widthColumn, \.studentWidth),
    .parameter(samplesColumn, \.sampleCount), .computed(successColumn) { $0.mean(SuccessMap.fitted) },
    .parameter(Column("countingWidth", meaning: "n/d, the width with as many weights as samples")) {
      Double($0.sampleCount) / Double($0.inputDimension)
    },
  ])

/// Share of fitted problems, per (k, d, n).
let fittingTable = TableDefinition(
  "oymak2019/fitting", of: FittingTransition.self,
  columns: [
    .parameter(dimensionColumn, \.inputDimension), .parameter(widthColumn, \.studentWidth),
    .parameter(samplesColumn, \.sampleCount),
    .parameter(ratioColumn) { Double($0.studentWidth * $0.inputDimension) / Double($0.sampleCount) },
    .parameter(Column("widthRatio", meaning: "k/n")) { Double($0.studentWidth) / Double($0.sampleCount) },
    .share(FittingTransition.fitted, as: successColumn, tail: tail),
    .mean(Column("residual", meaning: "|r|^2/|y|^2 at the end")) {
      $0[FittingTransition.relativeResidual].map { $0 * $0 }
    },
  ])

/// The mean of the networks' logistic curves: P as a function of kd/n, each network counting alike.
let fittedCurveTable = TableDefinition(
  "oymak2019/fitted-curve", from: [FittingTransition.self],
  columns: [ratioColumn, Column("probability", meaning: "fitted probability of success, mean over networks")]
) { results in
  let counts = try fittingCounts(results)
  let ratios = counts.map(\.parameterRatio)
  guard let low = ratios.min(), let high = ratios.max() else { throw EvidenceError("no runs") }
  let fits = try Dictionary(grouping: counts, by: \.network).sorted { $0.key < $1.key }.map { try transition($0.value) }
  return (0...80).map { step in
    let ratio = low * pow(high / low, Double(step) / 80)
    return [ratio, Statistics.mean(fits.map { $0.probability(at: log(ratio)) })]
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
    Column(
      "budgetExponent",
      meaning: "minus the power of the number of steps with which kd/n* - 1 falls, a quarter of the steps against all"),
  ]
) { results in
  let all = try Dictionary(grouping: fittingCounts(results), by: \.network)
  let quarter = try Dictionary(grouping: fittingCounts(results, withinShare: 0.25), by: \.network)
  return try all.sorted { $0.key < $1.key }.map { network, counts in
    let d = Double(network.inputDimension)
    let parameters = Double(network.studentWidth) * d
    func find(_ counts: [FitCount]) throws -> Estimate {
      do { return try transitionRatio(counts) } catch is EvidenceError { return .fit(value: .nan, standardError: .nan) }
    }
    let found = try find(counts)
    let early = try find(quarter[network] ?? [])
    let n = parameters / found.value
    return [
      d, Double(network.studentWidth), n, n * found.standardError / found.value, parameters, found.value,
      found.standardError, n / (d * d), early.value, early.standardError, parameters / early.value / (d * d),
      budgetExponents([early.value], [found.value])[0],
    ]
  }
}

/// The number of weights that the theorem asks for, per (n, d).
let certifiedTable = TableDefinition(
  "oymak2019/certified", of: CertifiedRegime.self,
  columns: [
    .parameter(dimensionColumn, \.inputDimension), .parameter(samplesColumn, \.sampleCount),
    .computed(
      Column("parameterCount", unit: "weights", meaning: "certified kd, geometric mean over data sets")
    ) { exp(Statistics.mean($0[CertifiedRegime.certifiedParameterCount].map { log($0) })) },
  ])

/// Least eigenvalue of the Jacobian's kernel and its distance from the limit, per width.
let jacobianTable = TableDefinition(
  "oymak2019/jacobian", of: JacobianSpectrum.self,
  columns: [
    .parameter(widthColumn, \.studentWidth),
    .parameter(ratioColumn) { Double($0.studentWidth) * Double($0.inputDimension) / Double($0.sampleCount) },
    .mean(JacobianSpectrum.eigenvalueRatio), .mean(JacobianSpectrum.kernelDistance),
  ])

/// lambda(X) of random data.
let covarianceTable = TableDefinition(
  "oymak2019/covariance", of: CovarianceEigenvalue.self,
  columns: [
    .parameter(dimensionColumn, \.inputDimension), .parameter(samplesColumn, \.sampleCount),
    .parameter(Column("load", meaning: "2n/d^2")) {
      2 * Double($0.sampleCount) / Double($0.inputDimension * $0.inputDimension)
    },
    .mean(CovarianceEigenvalue.eigenvalue, meaning: "lambda(X)"),
    .first(CovarianceEigenvalue.prediction, meaning: "free edge"),
  ])

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
  "oymak2019/convergence", of: Convergence.self, along: Convergence.iteration,
  where: { $0.place(Convergence.iteration) > 0 && $0.first(Convergence.residual).isFinite },
  columns: [
    .parameter(widthColumn, \.studentWidth), .place(Convergence.iteration), .first(Convergence.residual),
    .first(Convergence.bound), .first(Convergence.linearResidual),
  ])

/// Distance with its bounds, per sweep point.
let distanceTable = TableDefinition(
  "oymak2019/distance", of: Distance.self,
  columns: [
    .parameter(dimensionColumn, \.inputDimension), .parameter(samplesColumn, \.sampleCount),
    .parameter(widthColumn, \.studentWidth), .mean(Distance.distance), .mean(Distance.linearDistance),
    .computed(Column("upperBound", meaning: "|r_0|/alpha, mean over problems; missing where K is singular")) {
      $0.mean(Distance.upperBound)
    },
    .computed(Column("lowerBound", meaning: "(|r_0| - |r|)/beta, mean over problems")) { $0.mean(Distance.lowerBound) },
    .computed(Column("success", meaning: "share of runs that fit the labels")) { $0.mean(Distance.fitted) },
    .mean(Distance.relativeMovement),
    .mean(
      Column(
        "decadeRatio",
        meaning:
          "steps from |r_0|/100 to |r_0|/1000 over those from |r_0|/10 to |r_0|/100; missing unless all get there")
    ) {
      let ratios = decadeRatios($0.point)
      return ratios.contains(where: \.isNaN) ? [] : ratios
    },
    .mean(Distance.eigenvalueRatio), .mean(Distance.flippedShare),
    .mean(Distance.greatestFlippedShare),
  ])

/// Mean squared residual per epoch of the first problem: stochastic and full descent.
let stochasticTable = TableDefinition(
  "oymak2019/stochastic", of: StochasticDescent.self, along: StochasticDescent.epoch,
  columns: [
    .parameter(widthColumn, \.studentWidth), .place(StochasticDescent.epoch),
    .computed(
      Column("meanSquare", meaning: "|r|^2/|y|^2 of stochastic descent, mean over orders; missing at round-off")
    ) {
      let square = $0.first(StochasticDescent.meanSquare)
      return square > 1e-13 ? square : .nan
    },
    .first(StochasticDescent.fullDescent),
    .computed(Column("bound", meaning: "exp(-bound rate) from the same start")) {
      let rate = $0.first(StochasticDescent.boundRate) * Double($0.parameters.sampleCount)
      return $0.point[StochasticDescent.meanSquare][0, 0] * exp(-rate * $0.place(StochasticDescent.epoch))
    },
  ])

/// Steps and distance, per share of random labels.
let corruptionTable = TableDefinition(
  "oymak2019/label-corruption", of: LabelCorruption.self,
  columns: [
    .parameter(corruptedShareColumn, \.corruptedShare), .mean(LabelCorruption.iterationCount),
    .mean(LabelCorruption.distance),
  ])

/// Real inputs: share of fitted problems, steps and distance, per (k, n, share of random labels).
let digitTable = TableDefinition(
  "oymak2019/digits", of: DigitLabels.self,
  columns: [
    .parameter(widthColumn, \.studentWidth), .parameter(samplesColumn, \.sampleCount),
    .first(DigitLabels.parameterRatio, meaning: "kd/n"), .parameter(corruptedShareColumn, \.corruptedShare),
    .share(DigitLabels.fitted, as: successColumn, tail: tail), .mean(DigitLabels.iterationCount),
    .mean(DigitLabels.distance),
  ])

/// How well conditioned random features are, per width.
let featureTable = TableDefinition(
  "oymak2019/features", of: OutputLayer.self,
  columns: [
    .parameter(Column("widthRatio", meaning: "k/n")) { Double($0.studentWidth) / Double($0.sampleCount) },
    .mean(OutputLayer.eigenvalueRatio),
    .parameter(Column("bound", meaning: "(1 - sqrt(n/k))^2, or 0 for k < n")) {
      let edge = max(0, 1 - (1 / (Double($0.studentWidth) / Double($0.sampleCount))).squareRoot())
      return edge * edge
    },
  ])

/// What least squares leaves, per number of trained weights.
let countingTable = TableDefinition(
  "oymak2019/counting", of: OutputLayer.self,
  columns: [
    .parameter(Column("trainedRatio", meaning: "trained weights over n"), \.trainedRatio),
    .mean(OutputLayer.residual, meaning: "least |residual|^2/|y|^2"),
    .parameter(Column("prediction", meaning: "1 - (trained weights)/n, or 0")) { max(0, 1 - $0.trainedRatio) },
  ])
