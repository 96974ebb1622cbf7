internal import NumericalMethods
internal import PaperKit

// Columns that several tables share.
private let inputDimensionColumn = Column("inputDimension", meaning: "input dimension d")
private let teacherWidthColumn = Column("teacherWidth", meaning: "teacher width m*")
private let sampleCountColumn = Column("sampleCount", unit: "samples", meaning: "number of samples n")
private let sampleRatioColumn = Column("sampleRatio", meaning: "n/d")
private let studentWidthColumn = Column("studentWidth", meaning: "student width m")

/// A probability with its 95 % Clopper–Pearson interval.
private func probabilityColumns(_ meaning: String) -> [Column] {
  [
    Column("probability", meaning: meaning), Column("low", meaning: "lower end of its 95 % interval"),
    Column("high", meaning: "upper end of its 95 % interval"),
  ]
}

private func probabilityValues(_ successes: Int, _ trials: Int) -> [Double] {
  let interval = Statistics.clopperPearson(successes: successes, trials: trials, tail: 0.025)
  return [Double(successes) / Double(trials), interval.low, interval.high]
}

/// A median over replicas with quartiles.
private func medianColumns(_ name: String, _ meaning: String) -> [Column] {
  [
    Column(name, meaning: "\(meaning), median over replicas"),
    Column("\(name)Low", meaning: "\(meaning), lower quartile"),
    Column("\(name)High", meaning: "\(meaning), upper quartile"),
  ]
}

private func medianValues(_ values: [Double]) -> [Double] {
  [0.5, 0.25, 0.75].map { Statistics.quantile(values, $0) }
}

/// Probability that the teacher is the only zero, per (d, m*, n).
let uniquenessTable = TableDefinition(
  "sarao2020/uniqueness", from: [Uniqueness.self],
  columns: [inputDimensionColumn, teacherWidthColumn, sampleCountColumn, sampleRatioColumn]
    + probabilityColumns("share of data sets on which the teacher is the only zero")
) { results in
  try uniquenessCounts(results).sorted { ($0.system, $0.sampleCount) < ($1.system, $1.sampleCount) }.map { count in
    [
      Double(count.inputDimension), Double(count.teacherWidth), Double(count.sampleCount),
      Double(count.sampleCount) / Double(count.inputDimension),
    ] + probabilityValues(count.successes, count.trials)
  }
}

/// How descent ended, per (d, m*, n, m): the shares that found the teacher, were left undecided, or ended in a spurious
/// minimum.
let recoveryTable = TableDefinition(
  "sarao2020/recovery", from: [GradientDescent.self],
  columns: [inputDimensionColumn, teacherWidthColumn, sampleCountColumn, sampleRatioColumn, studentWidthColumn]
    + probabilityColumns("share of runs that found the teacher")
    + [
      Column("decidedProbability", meaning: "share of the runs with a certain outcome that found the teacher"),
      Column("undecidedShare", meaning: "share of runs without a certain outcome"),
      Column(
        "spuriousShare", meaning: "share of runs that end at a training loss above 1e-3 of the first population loss"),
      Column("medianStepCount", meaning: "median number of steps"),
    ]
) { results in
  try results.points(of: GradientDescent.self).map { point in
    let d = Double(point.parameters.inputDimension)
    let n = Double(point.parameters.sampleCount)
    let recovered = count(point[GradientDescent.recovered])
    let undecided = count(point[GradientDescent.undecided])
    let spurious = zip(point[GradientDescent.undecided].values, point[GradientDescent.relativeTrainingLoss].values)
      .filter { $0 == 1 && $1 > 1e-3 }.count
    let total = Double(point.replicaCount)
    return [d, Double(point.parameters.teacherWidth), n, n / d, Double(point.parameters.studentWidth)]
      + probabilityValues(recovered, point.replicaCount)
      + [
        undecided < point.replicaCount ? Double(recovered) / Double(point.replicaCount - undecided) : .nan,
        Double(undecided) / total, Double(spurious) / total,
        Statistics.median(point[GradientDescent.stepCount].values),
      ]
  }
}

/// Measured thresholds n_50 of uniqueness, per (d, m*).
let thresholdTable = TableDefinition(
  "sarao2020/thresholds", from: [Uniqueness.self],
  columns: [
    inputDimensionColumn, teacherWidthColumn,
    Column("threshold", unit: "samples", meaning: "n_50, where uniqueness has probability 1/2"),
    Column("standardError", unit: "samples", meaning: "standard error of n_50"), Column("ratio", meaning: "n_50/d"),
    Column("ratioError", meaning: "standard error of n_50/d"),
  ]
) { results in
  try thresholds(uniquenessCounts(results)).map { system, threshold in
    let d = Double(system.inputDimension)
    return [
      d, Double(system.teacherWidth), threshold.value, threshold.standardError, threshold.value / d,
      threshold.standardError / d,
    ]
  }
}

/// The paper's counting formula, for every (d, m*) of some stages.
let countingTable = TableDefinition(
  "sarao2020/counting-formula", from: [Uniqueness.self, GradientDescent.self],
  columns: [
    inputDimensionColumn, teacherWidthColumn,
    Column("threshold", unit: "samples", meaning: "n_c of the counting formula"),
    Column("ratio", meaning: "n_c/d"), Column("limit", meaning: "limit m*+1 of n_c/d at large d"),
  ]
) { results in
  let systems =
    try uniquenessCounts(results).map(\.system)
    + results.points(of: GradientDescent.self).map {
      System(inputDimension: $0.parameters.inputDimension, teacherWidth: $0.parameters.teacherWidth)
    }
  return Set(systems).sorted().map { system in
    let d = Double(system.inputDimension)
    let threshold = Double(
      Theory.countingThreshold(inputDimension: system.inputDimension, teacherWidth: system.teacherWidth))
    return [d, Double(system.teacherWidth), threshold, threshold / d, Double(system.teacherWidth + 1)]
  }
}

/// The conic prediction n_SD, per (d, m*).
let conicTable = TableDefinition(
  "sarao2020/conic-thresholds", from: [ConicThreshold.self],
  columns: [
    inputDimensionColumn, teacherWidthColumn, Column("threshold", unit: "samples", meaning: "conic threshold n_SD"),
    Column("standardError", unit: "samples", meaning: "Monte Carlo error of n_SD"), Column("ratio", meaning: "n_SD/d"),
  ]
) { results in
  try results.points(of: ConicThreshold.self).sorted {
    ($0.parameters.teacherWidth, $0.parameters.inputDimension)
      < ($1.parameters.teacherWidth, $1.parameters.inputDimension)
  }.map { point in
    let values = point[ConicThreshold.threshold].values
    let d = Double(point.parameters.inputDimension)
    return [
      d, Double(point.parameters.teacherWidth), Statistics.mean(values), Statistics.standardError(values),
      Statistics.mean(values) / d,
    ]
  }
}

/// Population loss of the population flow beside its asymptotic law.
let populationDecayTable = TableDefinition(
  "sarao2020/population-decay", from: [PopulationFlow.self],
  columns: [
    inputDimensionColumn, teacherWidthColumn, Column("studentWidth", meaning: "student width m (0: A(0) = I)"),
    Column("time", unit: "timeUnit", meaning: "time of the flow"),
  ] + medianColumns("populationLoss", "population loss")
    + medianColumns("powerLawRatio", "t^2 E / K, 1 where the power law holds; missing for m* >= d")
    + medianColumns("exponentialRatio", "E exp(t), t in units of 1/g, over its last value; missing in other units")
) { results in
  try results.points(of: PopulationFlow.self).flatMap { point -> [[Double]] in
    let parameters = point.parameters
    let times = point[PopulationFlow.time].values
    let losses = point[PopulationFlow.populationLoss]
    let last = times.count - 1
    let isPowerLaw = parameters.teacherWidth < parameters.startRank
    let prefactor =
      isPowerLaw
      ? Theory.powerLawPrefactor(rank: parameters.startRank, teacherWidth: parameters.teacherWidth) : .nan
    return times.indices.map { index in
      let growth =
        parameters.timeUnit == .relaxationTime ? Double.exponential(times[index] - times[last]) : .nan
      let column = losses.column(index)
      return [
        Double(parameters.inputDimension), Double(parameters.teacherWidth),
        parameters.start == .identity ? 0 : Double(parameters.studentWidth), times[index],
      ] + medianValues(column) + medianValues(column.map { $0 * times[index] * times[index] / prefactor })
        + medianValues(zip(column, losses.column(last)).map { $0 / $1 * growth })
    }
  }
}

/// Training and population loss of the flow with n samples.
let empiricalDecayTable = TableDefinition(
  "sarao2020/empirical-decay", from: [EmpiricalFlow.self],
  columns: [inputDimensionColumn, teacherWidthColumn, sampleCountColumn, Column("time", meaning: "time of the flow")]
    + medianColumns("trainingLoss", "training loss") + medianColumns("populationLoss", "population loss")
) { results in
  try results.points(of: EmpiricalFlow.self).flatMap { point -> [[Double]] in
    let parameters = point.parameters
    return point[EmpiricalFlow.time].values.enumerated().map { index, time in
      [Double(parameters.inputDimension), Double(parameters.teacherWidth), Double(parameters.sampleCount), time]
        + medianValues(point[EmpiricalFlow.trainingLoss].column(index))
        + medianValues(point[EmpiricalFlow.populationLoss].column(index))
    }
  }
}

/// Training loss along relaxed paths, whose height is an upper bound of the lowest pass, that begin in a spurious minimum, in units of the loss there; runs that descent brought
/// below a thousandth of the first loss have nothing to leave and are left out.
let pathTable = TableDefinition(
  "sarao2020/paths", from: [MinimumEnergyPath.self],
  columns: [
    inputDimensionColumn, teacherWidthColumn, studentWidthColumn, sampleCountColumn,
    Column("arcLength", meaning: "arc length from the beginning over that of the path"),
  ] + medianColumns("relativeLoss", "training loss over that of the beginning")
) { results in
  try results.points(of: MinimumEnergyPath.self).flatMap { point -> [[Double]] in
    let parameters = point.parameters
    let losses = point[MinimumEnergyPath.trainingLoss]
    let beginnings = losses.column(0)
    let caught = zip(beginnings, point[MinimumEnergyPath.initialLoss].values).enumerated().filter {
      $0.element.0 > 1e-3 * $0.element.1
    }.map(\.offset)
    guard !caught.isEmpty else { return [] }
    return point[MinimumEnergyPath.arcLength].values.enumerated().map { index, position in
      let column = losses.column(index)
      return [
        Double(parameters.inputDimension), Double(parameters.teacherWidth), Double(parameters.studentWidth),
        Double(parameters.sampleCount), position,
      ] + medianValues(caught.map { column[$0] / beginnings[$0] })
    }
  }
}
