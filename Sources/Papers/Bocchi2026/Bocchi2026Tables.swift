internal import NumericalMethods
internal import PaperKit

/// Median with the quantiles of one standard deviation, 16 % and 84 %.
private func quantiles(_ values: [Double]) -> [Double] { [0.5, 0.16, 0.84].map { Statistics.quantile(values, $0) } }

/// Loss and overlaps of descent and of the overlap equations over time.
let dynamicsTable = TableDefinition(
  "bocchi2026/dynamics", from: [ReducedSGD.self],
  columns: [
    studentWidthColumn, inputDimensionColumn, constrainedColumn, timeColumn,
    Column("loss", meaning: "population loss of descent, median"), Column("lossLow", meaning: "its 16 % quantile"),
    Column("lossHigh", meaning: "its 84 % quantile"),
    Column("flowLoss", meaning: "population loss of the overlap equations from the same starts, median"),
    Column("plateauLoss", meaning: "population loss of the plateau"),
    Column("firstOverlap", meaning: "greatest singular value of R, median"),
    Column("firstLow", meaning: "its 16 % quantile"), Column("firstHigh", meaning: "its 84 % quantile"),
    Column("lastOverlap", meaning: "least singular value of R, median"),
    Column("lastLow", meaning: "its 16 % quantile"), Column("lastHigh", meaning: "its 84 % quantile"),
    Column("squaredNorm", meaning: "mean diagonal element of Q, median"),
    Column("normLow", meaning: "its 16 % quantile"), Column("normHigh", meaning: "its 84 % quantile"),
    Column("flowFirstOverlap", meaning: "greatest singular value of R by the overlap equations, median"),
    Column("flowLastOverlap", meaning: "least singular value of R by the overlap equations, median"),
    Column("flowSquaredNorm", meaning: "mean diagonal element of Q by the overlap equations, median"),
  ]
) { results in
  try results.points(of: ReducedSGD.self).flatMap { point in
    let parameters = point.parameters
    let times = point[ReducedSGD.time].values
    return times.indices.map { time -> [Double] in
      func values(_ output: OutputArray, last: Bool = false) -> [Double] {
        let array = point[output]
        guard array.rank == 3 else { return array.column(time) }
        return (0..<point.replicaCount).map { array[$0, time, last ? array.shape[2] - 1 : 0] }
      }
      let head = [
        Double(parameters.studentWidth), Double(parameters.inputDimension), flag(parameters.constraint), times[time],
      ]
      let losses =
        quantiles(values(ReducedSGD.populationLoss))
        + [Statistics.median(values(ReducedSGD.flowLoss)), point[ReducedSGD.plateauLoss].values[0]]
      let overlaps =
        quantiles(values(ReducedSGD.singularValues)) + quantiles(values(ReducedSGD.singularValues, last: true))
        + quantiles(values(ReducedSGD.squaredNorm))
      let flow = [
        Statistics.median(values(ReducedSGD.flowSingularValues)),
        Statistics.median(values(ReducedSGD.flowSingularValues, last: true)),
        Statistics.median(values(ReducedSGD.flowSquaredNorm)),
      ]
      return head + losses + overlaps + flow
    }
  }
}

/// Runs of descent on all weights.
let fullRunTable = TableDefinition(
  "bocchi2026/full-run", from: [FullSGD.self],
  columns: [
    studentWidthColumn, inputDimensionColumn, timeColumn, Column("run", meaning: "number of the run"),
    Column("loss", meaning: "population loss of a run of descent on all weights"),
  ]
) { results in
  try results.points(of: FullSGD.self).flatMap { point in
    (0..<point.replicaCount).flatMap { run in
      zip(point[FullSGD.time].values, point[FullSGD.populationLoss].row(run)).map { time, loss in
        [
          Double(point.parameters.studentWidth), Double(point.parameters.inputDimension), time,
          Double(point.replicas[run]), loss,
        ]
      }
    }
  }
}

/// N (plateau loss - loss) in the linear regime, by its leading term.
let gapTable = TableDefinition(
  "bocchi2026/escape-gap", from: [EscapeRate.self],
  columns: [
    studentWidthColumn, teacherWidthColumn, Column("scaledTime", meaning: "eta time / p*"),
    Column("gap", meaning: "2 c c* N tr R R^T"),
  ]
) { results in
  try results.points(of: EscapeRate.self).flatMap { point in
    let parameters = point.parameters
    return zip(point[EscapeRate.time].values, point[EscapeRate.gap].row(0)).map { time, gap in
      [
        Double(parameters.studentWidth), Double(parameters.teacherWidth),
        parameters.learningRate * time / Double(parameters.teacherWidth), gap,
      ]
    }
  }
}

/// The prefactor A, per (p, p*).
let prefactorTable = TableDefinition(
  "bocchi2026/prefactors", from: [EscapeRate.self],
  columns: [
    studentWidthColumn, teacherWidthColumn, constrainedColumn, Column("prefactor", meaning: "measured prefactor A"),
    Column("expected", meaning: "2p/(p+2), or 2 for constrained rows"),
    Column("rateRatio", meaning: "escape rate of the loss in units of 8 eta/p*"),
  ]
) { results in
  try results.points(of: EscapeRate.self).map { point in
    [
      Double(point.parameters.studentWidth), Double(point.parameters.teacherWidth), flag(point.parameters.constraint),
      point[EscapeRate.lossAmplitude].values[0], point.parameters.theory.prefactor,
      point[EscapeRate.rateRatio].values[0],
    ]
  }
}

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
  "bocchi2026/escape-times", from: [EscapeTime.self],
  columns: [
    studentWidthColumn, teacherWidthColumn, learningRateColumn, inputDimensionColumn,
    Column("time", unit: "steps/N", meaning: "escape time, mean over runs"),
    Column("timeError", unit: "steps/N", meaning: "its standard error, 0 for the overlap equations"),
    Column("scaledTime", meaning: "eta times the escape time"),
  ]
) { results in
  try results.points(of: EscapeTime.self).map { point in
    let parameters = point.parameters
    let times = point[EscapeTime.escapeTime].values
    let mean = Statistics.mean(times)
    return [
      Double(parameters.studentWidth), Double(parameters.teacherWidth), parameters.learningRate,
      Double(parameters.inputDimension), mean, times.count > 1 ? Statistics.standardError(times) : 0,
      parameters.learningRate * mean,
    ]
  }
}

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
