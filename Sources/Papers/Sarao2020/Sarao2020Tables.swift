internal import NumericalMethods
internal import PaperKit

// Columns that several tables share.
private let inputDimensionColumn = Column("inputDimension", meaning: "input dimension d")
private let teacherWidthColumn = Column("teacherWidth", meaning: "teacher width m*")
private let sampleCountColumn = Column("sampleCount", unit: "samples", meaning: "number of samples n")
private let sampleRatioColumn = Column("sampleRatio", meaning: "n/d")

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

/// How descent ended, per (d, m*, n): the share that found the teacher and the share left undecided.
let recoveryTable = TableDefinition(
  "sarao2020/recovery", from: [GradientDescent.self],
  columns: [inputDimensionColumn, teacherWidthColumn, sampleCountColumn, sampleRatioColumn]
    + probabilityColumns("share of runs that found the teacher")
    + [
      Column("undecidedShare", meaning: "share of runs without a certain outcome"),
      Column("medianStepCount", meaning: "median number of steps"),
    ]
) { results in
  try results.points(of: GradientDescent.self).map { point in
    let d = Double(point.parameters.inputDimension)
    let n = Double(point.parameters.sampleCount)
    return [d, Double(point.parameters.teacherWidth), n, n / d]
      + probabilityValues(count(point[GradientDescent.recovered]), point.replicaCount)
      + [
        Double(count(point[GradientDescent.undecided])) / Double(point.replicaCount),
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
    + [
      Column("powerLaw", meaning: "K t^-2 for m* < d, else missing"),
      Column("exponential", meaning: "exp(-t) through the last point, t in units of 1/g; else missing"),
    ]
) { results in
  try results.points(of: PopulationFlow.self).flatMap { point -> [[Double]] in
    let parameters = point.parameters
    let times = point[PopulationFlow.time].values
    let losses = point[PopulationFlow.populationLoss]
    let lastLoss = Statistics.median(losses.column(times.count - 1))
    let isPowerLaw = parameters.teacherWidth < parameters.startRank
    let prefactor =
      isPowerLaw
      ? Theory.powerLawPrefactor(rank: parameters.startRank, teacherWidth: parameters.teacherWidth) : .nan
    return times.indices.map { index in
      let decay = Double.exponential(times[times.count - 1] - times[index])
      return [
        Double(parameters.inputDimension), Double(parameters.teacherWidth),
        parameters.start == .identity ? 0 : Double(parameters.studentWidth), times[index],
      ] + medianValues(losses.column(index)) + [
        prefactor / (times[index] * times[index]), parameters.timeUnit == .relaxationTime ? lastLoss * decay : .nan,
      ]
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

/// Training loss along relaxed paths, in units of the loss of the random start.
let pathTable = TableDefinition(
  "sarao2020/paths", from: [MinimumEnergyPath.self],
  columns: [
    inputDimensionColumn, teacherWidthColumn, Column("studentWidth", meaning: "student width m"), sampleCountColumn,
    Column("arcLength", meaning: "arc length from the beginning over that of the path"),
  ] + medianColumns("relativeLoss", "training loss over that of the random start")
) { results in
  try results.points(of: MinimumEnergyPath.self).flatMap { point -> [[Double]] in
    let parameters = point.parameters
    let initial = point[MinimumEnergyPath.initialLoss].values
    return point[MinimumEnergyPath.arcLength].values.enumerated().map { index, position in
      let relative = zip(point[MinimumEnergyPath.trainingLoss].column(index), initial).map { $0 / $1 }
      return [
        Double(parameters.inputDimension), Double(parameters.teacherWidth), Double(parameters.studentWidth),
        Double(parameters.sampleCount), position,
      ] + medianValues(relative)
    }
  }
}
