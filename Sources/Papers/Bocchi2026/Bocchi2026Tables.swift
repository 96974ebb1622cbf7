internal import NumericalMethods
internal import PaperKit

/// The quantiles of one standard deviation.
private let deviation = 0.16...0.84

/// Loss and overlaps of descent and of the overlap equations over time.
let dynamicsTable = TableDefinition(
  "bocchi2026/dynamics", of: ReducedSGD.self, along: ReducedSGD.time,
  columns: [
    .parameter(studentWidthColumn, \.studentWidth), .parameter(inputDimensionColumn, \.inputDimension),
    .parameter(constrainedColumn) { $0.constraint == .spherical }, .place(ReducedSGD.time),
    .median(ReducedSGD.populationLoss, as: "loss", within: deviation), .median(ReducedSGD.flowLoss),
    .first(ReducedSGD.plateauLoss),
    .median(
      ReducedSGD.singularValues, as: "firstOverlap", meaning: "greatest singular value of R", within: deviation,
      stem: "first"
    ) { $0[0] },
    .median(
      ReducedSGD.singularValues, as: "lastOverlap", meaning: "least singular value of R", within: deviation,
      stem: "last"
    ) { $0[$0.shape[0] - 1] },
    .median(ReducedSGD.squaredNorm, within: deviation, stem: "norm"),
    .median(
      ReducedSGD.flowSingularValues, as: "flowFirstOverlap",
      meaning: "greatest singular value of R by the overlap equations"
    ) { $0[0] },
    .median(
      ReducedSGD.flowSingularValues, as: "flowLastOverlap",
      meaning: "least singular value of R by the overlap equations"
    ) { $0[$0.shape[0] - 1] },
    .median(ReducedSGD.flowSquaredNorm),
  ])

/// Runs of descent on all weights.
let fullRunTable = TableDefinition(
  "bocchi2026/full-run", of: FullSGD.self, eachReplica: true, along: FullSGD.time,
  columns: [
    .parameter(studentWidthColumn, \.studentWidth), .parameter(inputDimensionColumn, \.inputDimension),
    .place(FullSGD.time), .replica(Column("run", meaning: "number of the run")),
    .first(FullSGD.populationLoss, as: "loss", meaning: "population loss of a run of descent on all weights"),
  ])

/// N (plateau loss - loss) in the linear regime, by its leading term.
let gapTable = TableDefinition(
  "bocchi2026/escape-gap", of: EscapeRate.self, along: EscapeRate.time,
  columns: [
    .parameter(studentWidthColumn, \.studentWidth), .parameter(teacherWidthColumn, \.teacherWidth),
    .computed(Column("scaledTime", meaning: "eta time / p*")) {
      $0.parameters.learningRate * $0.place(EscapeRate.time) / Double($0.parameters.teacherWidth)
    },
    .first(EscapeRate.gap, meaning: "2 c c* N tr R R^T"),
  ])

/// The prefactor A, per (p, p*).
let prefactorTable = TableDefinition(
  "bocchi2026/prefactors", of: EscapeRate.self,
  columns: [
    .parameter(studentWidthColumn, \.studentWidth), .parameter(teacherWidthColumn, \.teacherWidth),
    .parameter(constrainedColumn) { $0.constraint == .spherical },
    .first(EscapeRate.lossAmplitude, as: "prefactor", meaning: "measured prefactor A"),
    .parameter(Column("expected", meaning: "2p/(p+2), or 2 for constrained rows"), \.theory.prefactor),
    .first(EscapeRate.rateRatio, meaning: "escape rate of the loss in units of 8 eta/p*"),
  ])

/// 2p/(p+2) as a smooth curve.
let prefactorCurveTable = TableDefinition(
  "bocchi2026/prefactor-curve", from: [],
  columns: [studentWidthColumn, Column("prefactor", meaning: "2p/(p+2)")]
) { _ in
  (0...100).map { index in
    let p = Double.exponential(Double.logarithm(16) * Double(index) / 100)
    return [p, 2 * p / (p + 2)]
  }
}

/// Escape times, per (p, p*, eta, N).
let escapeTimeTable = TableDefinition(
  "bocchi2026/escape-times", of: EscapeTime.self,
  columns: [
    .parameter(studentWidthColumn, \.studentWidth), .parameter(teacherWidthColumn, \.teacherWidth),
    .parameter(learningRateColumn, \.learningRate), .parameter(inputDimensionColumn, \.inputDimension),
    .mean(EscapeTime.escapeTime, as: "time", meaning: "escape time"),
    .computed(Column("scaledTime", meaning: "eta times the mean escape time")) {
      $0.parameters.learningRate * $0.mean(EscapeTime.escapeTime)
    },
  ])

/// What a student of p neurons gains on the narrowest one of equal p*, eta and N, and its parts, in e-foldings: time times
/// 2 r of the narrowest.
///
/// From a typical start: at r instead of its own rate the narrowest would need its time times r_narrow/r ("exponent"), the rest is
/// the prefactor and the height of the plateau. Random starts add the difference of the delays behind a typical start, the noise
/// of single samples that of ln(1+nu) as predicted.
let gainTable = TableDefinition(
  "bocchi2026/escape-gains", from: [EscapeTime.self],
  columns: [
    studentWidthColumn, teacherWidthColumn, learningRateColumn, inputDimensionColumn,
    Column("share", meaning: "share of the narrowest student's mean escape time that is gained"),
    Column("shareError", meaning: "its standard error"), Column("gain", meaning: "mean gain in e-foldings"),
    Column("gainError", meaning: "its standard error"),
    Column("exponent", meaning: "part of a greater rate of escape, from a typical start"),
    Column("prefactor", meaning: "the rest of the gain from a typical start"),
    Column("start", meaning: "part of random starts"),
    Column("noise", meaning: "part of noise, ln((1+nu)/(1+nu_narrow))"),
  ]
) { results in
  let groups = Dictionary(grouping: try results.points(of: EscapeTime.self)) { point in
    [Double(point.parameters.teacherWidth), point.parameters.learningRate, Double(point.parameters.inputDimension)]
  }
  return groups.sorted { $0.key.lexicographicallyPrecedes($1.key) }.flatMap { group, points -> [[Double]] in
    let sorted = points.sorted { $0.parameters.studentWidth < $1.parameters.studentWidth }
    guard let narrow = sorted.first else { return [] }
    let unit = narrow[EscapeTime.expectedSlope].values[0]
    func mean(_ point: ExperimentPoint<EscapeTime>, _ output: OutputArray) -> Double {
      Statistics.mean(point[output].values)
    }
    func error(_ point: ExperimentPoint<EscapeTime>) -> Double {
      let times = point[EscapeTime.escapeTime].values
      return times.count > 1 ? Statistics.standardError(times) : 0
    }
    let (time, typical) = (mean(narrow, EscapeTime.escapeTime), mean(narrow, EscapeTime.typicalTime))
    return sorted.dropFirst().map { point in
      let gain = time - mean(point, EscapeTime.escapeTime)
      let gainError = (error(narrow) * error(narrow) + error(point) * error(point)).squareRoot()
      let slower = typical * point[EscapeTime.expectedSlope].values[0] / unit
      let delay = mean(point, EscapeTime.flowTime) - mean(point, EscapeTime.typicalTime)
      let noise = point[EscapeTime.noiseGain].values[0] - narrow[EscapeTime.noiseGain].values[0]
      let parts: [Double] = [
        (typical - slower) / unit, (slower - mean(point, EscapeTime.typicalTime)) / unit,
        (mean(narrow, EscapeTime.flowTime) - typical - delay) / unit,
        Double.logarithm(1 + noise / (1 + narrow[EscapeTime.noiseGain].values[0])),
      ]
      let whole: [Double] = [gain / time, gainError / time, gain / unit, gainError / unit]
      return [Double(point.parameters.studentWidth)] + group + whole + parts
    }
  }
}
