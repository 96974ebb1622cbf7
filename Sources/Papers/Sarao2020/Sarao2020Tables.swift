internal import NumericalMethods
internal import PaperKit

// Columns that several tables share.
private let inputDimensionColumn = Column("inputDimension", meaning: "input dimension d")
private let teacherWidthColumn = Column("teacherWidth", meaning: "teacher width m*")
private let sampleCountColumn = Column("sampleCount", unit: "samples", meaning: "number of samples n")
private let sampleRatioColumn = Column("sampleRatio", meaning: "n/d")
private let studentWidthColumn = Column("studentWidth", meaning: "student width m")

/// The tail of a 95 % interval.
private let tail = 0.025
private let quartiles = 0.25...0.75

/// Probability that the teacher is the only zero, per (d, m*, n).
let uniquenessTable = TableDefinition(
  "sarao2020/uniqueness", of: Uniqueness.self,
  sortedBy: { [$0.inputDimension, $0.teacherWidth, $0.sampleCount].map(Double.init) },
  columns: [
    .parameter(inputDimensionColumn, \.inputDimension), .parameter(teacherWidthColumn, \.teacherWidth),
    .parameter(sampleCountColumn, \.sampleCount),
    .parameter(sampleRatioColumn) { Double($0.sampleCount) / Double($0.inputDimension) },
    .share(
      Uniqueness.unique,
      as: Column("probability", meaning: "share of data sets on which the teacher is the only zero"), tail: tail),
  ])

/// How descent ended, per (d, m*, n, m): the shares that found the teacher, were left undecided, or ended in a spurious
/// minimum.
let recoveryTable = TableDefinition(
  "sarao2020/recovery", of: GradientDescent.self,
  columns: [
    .parameter(inputDimensionColumn, \.inputDimension), .parameter(teacherWidthColumn, \.teacherWidth),
    .parameter(sampleCountColumn, \.sampleCount),
    .parameter(sampleRatioColumn) { Double($0.sampleCount) / Double($0.inputDimension) },
    .parameter(studentWidthColumn, \.studentWidth),
    .share(
      GradientDescent.recovered, as: Column("probability", meaning: "share of runs that found the teacher"),
      tail: tail),
    .computed(
      Column("decidedProbability", meaning: "share of the runs with a certain outcome that found the teacher")
    ) { row in
      let decided = row.point.replicaCount - row.point.count(GradientDescent.undecided)
      return decided > 0 ? Double(row.point.count(GradientDescent.recovered)) / Double(decided) : .nan
    },
    .computed(Column("undecidedShare", meaning: "share of runs without a certain outcome")) {
      $0.mean(GradientDescent.undecided)
    },
    .computed(
      Column(
        "spuriousShare", meaning: "share of runs that end at a training loss above 1e-3 of the first population loss")
    ) { row in
      let ends = zip(row[GradientDescent.undecided], row[GradientDescent.relativeTrainingLoss])
      return Double(ends.filter { $0 == 1 && $1 > 1e-3 }.count) / Double(row.point.replicaCount)
    },
    .median(GradientDescent.stepCount, as: "medianStepCount", meaning: "number of steps"),
  ])

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
  try thresholds(results).map { system, threshold in
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
    let threshold = system.countingThreshold
    return [d, Double(system.teacherWidth), threshold, threshold / d, Double(system.teacherWidth + 1)]
  }
}

/// The conic prediction n_SD, per (d, m*).
let conicTable = TableDefinition(
  "sarao2020/conic-thresholds", of: ConicThreshold.self,
  sortedBy: { [$0.teacherWidth, $0.inputDimension].map(Double.init) },
  columns: [
    .parameter(inputDimensionColumn, \.inputDimension), .parameter(teacherWidthColumn, \.teacherWidth),
    .computed(Column("threshold", unit: "samples", meaning: "conic threshold n_SD")) {
      $0.mean(ConicThreshold.threshold)
    },
    .computed(Column("standardError", unit: "samples", meaning: "Monte Carlo error of n_SD")) {
      Statistics.standardError($0[ConicThreshold.threshold])
    },
    .computed(Column("ratio", meaning: "n_SD/d")) {
      $0.mean(ConicThreshold.threshold) / Double($0.parameters.inputDimension)
    },
  ])

/// Population loss of the population flow beside its asymptotic law.
let populationDecayTable = TableDefinition(
  "sarao2020/population-decay", of: PopulationFlow.self, along: PopulationFlow.time,
  columns: [
    .parameter(inputDimensionColumn, \.inputDimension), .parameter(teacherWidthColumn, \.teacherWidth),
    .parameter(Column("studentWidth", meaning: "student width m (0: A(0) = I)")) {
      $0.start == .identity ? 0 : $0.studentWidth
    },
    .place(PopulationFlow.time), .median(PopulationFlow.populationLoss, within: quartiles),
    .median(
      Column("powerLawRatio", meaning: "t^2 E / K, 1 where the power law holds; missing for m* >= d"),
      within: quartiles
    ) { row in
      let (parameters, time) = (row.parameters, row.place(PopulationFlow.time))
      guard parameters.teacherWidth < parameters.startRank else { return [] }
      let prefactor = Theory.powerLawPrefactor(rank: parameters.startRank, teacherWidth: parameters.teacherWidth)
      return row[PopulationFlow.populationLoss].map { $0 * time * time / prefactor }
    },
    .median(
      Column("exponentialRatio", meaning: "E exp(t), t in units of 1/g, over its last value; missing in other units"),
      within: quartiles
    ) { row in
      guard row.parameters.timeUnit == .relaxationTime else { return [] }
      let last = row.point[PopulationFlow.time].values.count - 1
      let growth = Double.exponential(row.place(PopulationFlow.time) - row.point[PopulationFlow.time][last])
      return zip(row[PopulationFlow.populationLoss], row.point[PopulationFlow.populationLoss].column(last)).map {
        $0 / $1 * growth
      }
    },
  ])

/// Training and population loss of the flow with n samples.
let empiricalDecayTable = TableDefinition(
  "sarao2020/empirical-decay", of: EmpiricalFlow.self, along: EmpiricalFlow.time,
  columns: [
    .parameter(inputDimensionColumn, \.inputDimension), .parameter(teacherWidthColumn, \.teacherWidth),
    .parameter(sampleCountColumn, \.sampleCount), .place(EmpiricalFlow.time),
    .median(EmpiricalFlow.trainingLoss, within: quartiles), .median(EmpiricalFlow.populationLoss, within: quartiles),
  ])

/// Training loss along relaxed paths that begin in a spurious minimum, in units of the loss there; its height is an upper
/// bound of the lowest pass.
let pathTable = TableDefinition(
  "sarao2020/paths", of: MinimumEnergyPath.self, along: MinimumEnergyPath.arcLength,
  where: { !relativeLosses($0).isEmpty },
  columns: [
    .parameter(inputDimensionColumn, \.inputDimension), .parameter(teacherWidthColumn, \.teacherWidth),
    .parameter(studentWidthColumn, \.studentWidth), .parameter(sampleCountColumn, \.sampleCount),
    .place(MinimumEnergyPath.arcLength, meaning: "arc length from the beginning over that of the path"),
    .median(
      Column("relativeLoss", meaning: "training loss over that of the beginning"), within: quartiles, relativeLosses),
  ])

/// The training loss over that of the beginning; runs that descent brought below a thousandth of the first loss have nothing
/// to leave and are left out.
@Sendable private func relativeLosses(_ row: TableRow<MinimumEnergyPath>) -> [Double] {
  let beginnings = row.point[MinimumEnergyPath.trainingLoss].column(0)
  let initial = row[MinimumEnergyPath.initialLoss]
  return zip(row[MinimumEnergyPath.trainingLoss], zip(beginnings, initial)).filter { $1.0 > 1e-3 * $1.1 }
    .map { $0 / $1.0 }
}
