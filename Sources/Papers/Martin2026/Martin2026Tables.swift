private import Foundation
internal import NumericalMethods
internal import PaperKit

// Columns that several tables share.
private let inputDimensionColumn = Column("inputDimension", meaning: "input dimension d")
private let studentWidthColumn = Column("studentWidthRatio", meaning: "student width over input dimension")
private let teacherWidthColumn = Column("teacherWidthRatio", meaning: "teacher width over input dimension")
private let sampleRatioColumn = Column("sampleRatio", meaning: "sample ratio n/d^2")
private let noiseVarianceColumn = Column("noiseVariance", meaning: "variance of the label noise")
private let regularizationColumn = Column("regularization", meaning: "strength of the l2 penalty")
private let isQuadraticColumn = Column("isQuadratic", meaning: "1 for data x x^T - I, 0 for Gaussian sensing matrices")

/// Parameters of a student, its teacher and the data.
private protocol SystemParameters: ExperimentParameters {
  var inputDimension: Int { get }
  var studentWidthRatio: Double { get }
  var teacherWidthRatio: Double { get }
  var sampleRatio: Double { get }
  var noiseVariance: Double { get }
  var regularization: Double { get }
  var sensing: SensingLaw { get }
}

extension RegularizedMinimum.Parameters: SystemParameters {}
extension GradientDescent.Parameters: SystemParameters {}

extension Columns where E.Parameters: SystemParameters {
  /// What tells one system from another.
  fileprivate static var system: Self {
    .all([
      .parameter(inputDimensionColumn, \.inputDimension), .parameter(studentWidthColumn, \.studentWidthRatio),
      .parameter(teacherWidthColumn, \.teacherWidthRatio), .parameter(sampleRatioColumn, \.sampleRatio),
      .parameter(noiseVarianceColumn, \.noiseVariance), .parameter(regularizationColumn, \.regularization),
      .parameter(isQuadraticColumn) { $0.sensing == .quadratic },
    ])
  }
}

/// The long-time theory, a row for every sample ratio of every curve.
let longTimeTable = TableDefinition(
  "martin2026/long-time", of: LongTime.self, along: LongTime.sampleRatio,
  columns: [
    .parameter(studentWidthColumn, \.studentWidthRatio), .parameter(teacherWidthColumn, \.teacherWidthRatio),
    .place(LongTime.sampleRatio), .parameter(noiseVarianceColumn, \.noiseVariance),
    .parameter(regularizationColumn, \.regularization), .first(LongTime.meanSquaredError),
    .first(LongTime.trainingLoss), .first(LongTime.inSampleError),
    .first(LongTime.rank, meaning: "rank of Z over d; for kappa = 1 the minimal width kappa_min"),
    .first(LongTime.effectiveNoise), .first(LongTime.threshold), .first(LongTime.isRankLimited),
  ])

/// The Bayes-optimal error, a row for every sample ratio of every curve.
let bayesOptimalTable = TableDefinition(
  "martin2026/bayes-optimal", of: BayesOptimal.self, along: BayesOptimal.sampleRatio,
  columns: [
    .parameter(teacherWidthColumn, \.teacherWidthRatio), .place(BayesOptimal.sampleRatio),
    .parameter(noiseVarianceColumn, \.noiseVariance), .first(BayesOptimal.meanSquaredError),
  ])

/// The authors' own runs; errors are twice the standard error, as in the other tables.
let publishedDescentTable = TableDefinition(
  "martin2026/published-descent", from: [PublishedDescent.self],
  columns: PublishedDescent.outputs.map { output in
    Column(
      output.name,
      meaning: output.name.hasSuffix("Error") && output.meaning.hasPrefix("its")
        ? "twice \(output.meaning)" : output.meaning)
  }
) { results in
  try results.points(of: PublishedDescent.self).flatMap { point -> [[Double]] in
    let columns = PublishedDescent.outputs.map { output in
      let factor = output.meaning.hasPrefix("its") ? 2.0 : 1
      return point[output].values.map { factor * $0 }
    }
    return columns[0].indices.map { row in columns.map { $0[row] } }
  }
}

/// The predicted density of nonzero eigenvalues, normalised to 1 among them.
let predictedSpectrumTable = TableDefinition(
  "martin2026/predicted-spectra", from: [LongTime.self],
  columns: [
    studentWidthColumn, teacherWidthColumn, sampleRatioColumn, noiseVarianceColumn, regularizationColumn,
    Column("eigenvalue", meaning: "eigenvalue of Z"),
    Column("density", meaning: "density among the nonzero eigenvalues"),
  ]
) { results in
  try results.points(of: LongTime.self).flatMap { point -> [[Double]] in
    let parameters = point.parameters
    return point[LongTime.sampleRatio].values.enumerated().flatMap { index, ratio -> [[Double]] in
      let system = [
        parameters.studentWidthRatio, parameters.teacherWidthRatio, ratio, parameters.noiseVariance,
        parameters.regularization,
      ]
      let bulk = (0..<parameters.spectrumPointCount).map { position in
        [
          point[LongTime.eigenvalue][0, index, position],
          point[LongTime.eigenvalueDensity][0, index, position] / point[LongTime.rank][0, index],
        ]
      }
      // The bulk begins with a jump where the rank constraint cuts it.
      return [system + [0, 0], system + [bulk[0][0], 0]] + bulk.map { system + $0 }
    }
  }
}

/// Minima of the regularised loss at finite dimension.
let minimumTable = TableDefinition(
  "martin2026/minima", of: RegularizedMinimum.self,
  columns: [
    .system, .mean(RegularizedMinimum.meanSquaredError, standardErrors: 2),
    .mean(RegularizedMinimum.trainingLoss, standardErrors: 2),
    .mean(RegularizedMinimum.inSampleError, standardErrors: 2),
    .mean(RegularizedMinimum.rank, meaning: "rank over d", standardErrors: 2),
    .first(RegularizedMinimum.isRankLimited, meaning: "1 where the width binds: one of several minima"),
  ])

/// Histogram of the nonzero eigenvalues of Z at the minimum, all replicas together.
let spectrumTable = TableDefinition(
  "martin2026/spectra", from: [Spectrum.self],
  columns: [
    inputDimensionColumn, studentWidthColumn, teacherWidthColumn, sampleRatioColumn, noiseVarianceColumn,
    regularizationColumn, Column("eigenvalue", meaning: "centre of a bin"),
    Column("density", meaning: "density among the eigenvalues above 1/100"),
  ]
) { results in
  try results.points(of: Spectrum.self).flatMap { point -> [[Double]] in
    let p = point.parameters
    let values = point[Spectrum.eigenvalues].values.filter { $0 > 1e-2 }
    let binCount = values.count < 2000 ? 24 : 40
    let width = (values.max() ?? 1) * (1 + 1e-9) / Double(binCount)
    return (0..<binCount).map { bin in
      let count = values.count { Int($0 / width) == bin }
      return [
        Double(p.inputDimension), p.studentWidthRatio, p.teacherWidthRatio, p.sampleRatio, p.noiseVariance,
        p.regularization, width * (Double(bin) + 0.5), Double(count) / (Double(values.count) * width),
      ]
    }
  }
}

/// Gradient descent in time.
let trajectoryTable = TableDefinition(
  "martin2026/trajectories", of: GradientDescent.self, along: GradientDescent.initialScale, GradientDescent.time,
  columns: [
    .system, .place(GradientDescent.initialScale), .place(GradientDescent.time),
    .mean(GradientDescent.meanSquaredError, standardErrors: 2),
    .mean(GradientDescent.trainingLoss, standardErrors: 2),
    .mean(Column("lossGap", meaning: "regularised loss above that of the minimum reached"), standardErrors: 2) {
      zip($0[GradientDescent.regularizedLoss], $0[GradientDescent.limitLoss]).map(-)
    },
  ])

/// The end of gradient descent.
let endTable = TableDefinition(
  "martin2026/ends", of: GradientDescent.self, along: GradientDescent.initialScale,
  columns: [
    .system, .place(GradientDescent.initialScale),
    .mean(GradientDescent.meanSquaredError, standardErrors: 2, element: last),
    .mean(GradientDescent.trainingLoss, standardErrors: 2, element: last),
    .mean(GradientDescent.inSampleError, standardErrors: 2, element: last),
  ])

/// The last element of an array with one axis.
@Sendable private func last(_ array: NDArray) -> Double { array[array.shape[0] - 1] }

/// Thresholds against the width of the student.
let thresholdTable = TableDefinition(
  "martin2026/thresholds", of: SampleThresholds.self, along: SampleThresholds.studentWidthRatio,
  columns: [
    .parameter(teacherWidthColumn, \.teacherWidthRatio), .place(SampleThresholds.studentWidthRatio),
    .first(SampleThresholds.interpolation), .first(SampleThresholds.regularizedRecovery),
    .first(SampleThresholds.unregularizedRecovery),
    .computed(
      Column("freedom", meaning: "kappa - kappa^2/2, degrees of freedom of the student, up to kappa = 1")
    ) {
      let capped = min($0.place(SampleThresholds.studentWidthRatio), 1)
      return capped - capped * capped / 2
    },
  ])

/// Where the curves of thresholds begin, become flat, or cross.
let criticalWidthTable = TableDefinition(
  "martin2026/critical-widths", from: [SampleThresholds.self],
  columns: [
    teacherWidthColumn, Column("kind", meaning: "1: kappa_c+, 2: (1 + kappa*)/2, 3: kappa*, 4: crossing"),
    Column("studentWidthRatio", meaning: "the width ratio"), Column("sampleRatio", meaning: "the threshold there"),
  ]
) { results in
  try results.points(of: SampleThresholds.self).flatMap { point -> [[Double]] in
    let teacher = point.parameters.teacherWidthRatio
    let critical = point[SampleThresholds.criticalWidthRatio].values[0]
    let crossing = point[SampleThresholds.crossingWidthRatio].values[0]
    return [
      [teacher, 1, critical, try Thresholds.regularizedRecovery(critical, teacher).sampleRatio],
      [teacher, 2, (1 + teacher) / 2, try Thresholds.interpolation((1 + teacher) / 2, teacher)],
      [teacher, 3, teacher, teacher - teacher * teacher / 2],
      [teacher, 4, crossing, try Thresholds.regularizedRecovery(crossing, teacher).sampleRatio],
    ]
  }
}

/// Histograms of the student's outputs.
let outputTable = TableDefinition(
  "martin2026/outputs", of: GaussianOutputs.self, along: GaussianOutputs.time, GaussianOutputs.standardizedOutput,
  columns: [
    .parameter(sampleRatioColumn, \.sampleRatio), .place(GaussianOutputs.time),
    .place(GaussianOutputs.standardizedOutput),
    .computed(Column("density", meaning: "density of outputs, all replicas")) { $0.mean(GaussianOutputs.density) },
    .computed(Column("gaussian", meaning: "standard normal density")) {
      let x = $0.place(GaussianOutputs.standardizedOutput)
      return exp(-x * x / 2) / (2 * .pi).squareRoot()
    },
  ])

/// Oja's flow with its asymptotic law.
let ojaTable = TableDefinition(
  "martin2026/oja", of: OjaFlow.self, along: OjaFlow.time,
  columns: [
    .parameter(inputDimensionColumn, \.inputDimension), .parameter(studentWidthColumn, \.studentWidthRatio),
    .place(OjaFlow.time), .mean(OjaFlow.distance, standardErrors: 2),
    .computed(Column("law", meaning: "asymptotic law")) {
      try ojaLaw(studentWidthRatio: $0.parameters.studentWidthRatio, time: $0.place(OjaFlow.time))
    },
  ])

/// Mean-field theory of descent in time.
let meanFieldTable = TableDefinition(
  "martin2026/dmft", of: DynamicalMeanField.self, along: DynamicalMeanField.time,
  columns: [
    .parameter(studentWidthColumn, \.studentWidthRatio), .parameter(teacherWidthColumn, \.teacherWidthRatio),
    .parameter(sampleRatioColumn, \.sampleRatio), .parameter(noiseVarianceColumn, \.noiseVariance),
    .parameter(regularizationColumn, \.regularization), .place(DynamicalMeanField.time),
    .mean(DynamicalMeanField.meanSquaredError, standardErrors: 2),
    .mean(DynamicalMeanField.trainingLoss, standardErrors: 2),
  ])

/// Error of the unregularised flow across the recovery threshold.
let recoveryTable = TableDefinition(
  "martin2026/recovery", of: RecoveryScan.self, along: RecoveryScan.sampleRatio,
  columns: [
    .parameter(studentWidthColumn, \.studentWidthRatio), .parameter(teacherWidthColumn, \.teacherWidthRatio),
    .place(RecoveryScan.sampleRatio), .mean(RecoveryScan.meanSquaredError, standardErrors: 2),
  ])

/// Measured and conjectured thresholds of the unregularised flow.
let recoveryThresholdTable = TableDefinition(
  "martin2026/recovery-thresholds", of: RecoveryScan.self,
  columns: [
    .parameter(studentWidthColumn, \.studentWidthRatio), .parameter(teacherWidthColumn, \.teacherWidthRatio),
    .mean(RecoveryScan.steepestRatio, as: "sampleRatio", standardErrors: 2),
    .first(RecoveryScan.predictedRatio, as: "predicted"),
  ])

/// Every table of the paper.
let allTables = [
  longTimeTable, bayesOptimalTable, publishedDescentTable, predictedSpectrumTable, minimumTable, spectrumTable,
  trajectoryTable, endTable, thresholdTable,
  criticalWidthTable, outputTable, ojaTable, meanFieldTable, recoveryTable, recoveryThresholdTable,
]
