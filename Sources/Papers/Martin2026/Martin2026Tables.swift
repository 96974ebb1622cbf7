private import Foundation
internal import NumericalMethods
internal import PaperKit

// Columns that several tables share.
private let systemColumns = [
  Column("inputDimension", meaning: "input dimension d"),
  Column("studentWidthRatio", meaning: "student width over input dimension"),
  Column("teacherWidthRatio", meaning: "teacher width over input dimension"),
  Column("sampleRatio", meaning: "sample ratio n/d^2"),
  Column("noiseVariance", meaning: "variance of the label noise"),
  Column("regularization", meaning: "strength of the l2 penalty"),
]
private let isQuadraticColumn = Column("isQuadratic", meaning: "1 for data x x^T - I, 0 for Gaussian sensing matrices")

/// A mean over replicas with twice its standard error.
private func meanColumns(_ name: String, _ meaning: String) -> [Column] {
  [
    Column(name, meaning: "\(meaning), mean over replicas"),
    Column("\(name)Error", meaning: "twice the standard error of \(name)"),
  ]
}

private func meanValues(_ values: [Double]) -> [Double] {
  [Statistics.mean(values), values.count > 1 ? 2 * Statistics.standardError(values) : 0]
}

/// The long-time theory, a row for every sample ratio of every curve.
let longTimeTable = TableDefinition(
  "martin2026/long-time", from: [LongTime.self],
  columns: Array(systemColumns.dropFirst()) + [
    Column("meanSquaredError", meaning: "mean squared error |Z - Z*|^2/d"),
    Column("trainingLoss", meaning: "training loss without the regulariser"),
    Column("inSampleError", meaning: "loss against the clean labels"),
    Column("rank", meaning: "rank of Z over d; for kappa = 1 the minimal width kappa_min"),
    Column("effectiveNoise", meaning: "variance xi of the effective noise"),
    Column("threshold", meaning: "effective soft threshold q"),
    Column("isRankLimited", meaning: "1 where the width binds and the theory is an approximation"),
  ]
) { results in
  try results.points(of: LongTime.self).flatMap { point -> [[Double]] in
    let parameters = point.parameters
    let outputs = [
      LongTime.meanSquaredError, LongTime.trainingLoss, LongTime.inSampleError, LongTime.rank,
      LongTime.effectiveNoise, LongTime.threshold, LongTime.isRankLimited,
    ]
    return point[LongTime.sampleRatio].values.enumerated().map { index, ratio in
      [
        parameters.studentWidthRatio, parameters.teacherWidthRatio, ratio, parameters.noiseVariance,
        parameters.regularization,
      ] + outputs.map { point[$0][0, index] }
    }
  }
}

/// The Bayes-optimal error, a row for every sample ratio of every curve.
let bayesOptimalTable = TableDefinition(
  "martin2026/bayes-optimal", from: [BayesOptimal.self],
  columns: [
    Column("teacherWidthRatio", meaning: "teacher width over input dimension"),
    Column("sampleRatio", meaning: "sample ratio n/d^2"),
    Column("noiseVariance", meaning: "variance of the label noise"),
    Column("meanSquaredError", meaning: "least mean squared error |Z - Z*|^2/d of any method"),
  ]
) { results in
  try results.points(of: BayesOptimal.self).flatMap { point -> [[Double]] in
    point[BayesOptimal.sampleRatio].values.enumerated().map { index, ratio in
      [
        point.parameters.teacherWidthRatio, ratio, point.parameters.noiseVariance,
        point[BayesOptimal.meanSquaredError][0, index],
      ]
    }
  }
}

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
  columns: Array(systemColumns.dropFirst()) + [
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
  "martin2026/minima", from: [RegularizedMinimum.self],
  columns: systemColumns + [isQuadraticColumn] + meanColumns("meanSquaredError", "mean squared error")
    + meanColumns("trainingLoss", "training loss without the regulariser")
    + meanColumns("inSampleError", "loss against the clean labels") + meanColumns("rank", "rank over d")
    + [Column("isRankLimited", meaning: "1 where the width binds: one of several minima")]
) { results in
  try results.points(of: RegularizedMinimum.self).map { point in
    let p = point.parameters
    let system = [
      Double(p.inputDimension), p.studentWidthRatio, p.teacherWidthRatio, p.sampleRatio, p.noiseVariance,
      p.regularization, p.sensing == .quadratic ? 1 : 0,
    ]
    return system + meanValues(point[RegularizedMinimum.meanSquaredError].values)
      + meanValues(point[RegularizedMinimum.trainingLoss].values)
      + meanValues(point[RegularizedMinimum.inSampleError].values)
      + meanValues(point[RegularizedMinimum.rank].values)
      + [point[RegularizedMinimum.isRankLimited].values[0]]
  }
}

/// Histogram of the nonzero eigenvalues of Z at the minimum, all replicas together.
let spectrumTable = TableDefinition(
  "martin2026/spectra", from: [Spectrum.self],
  columns: systemColumns + [
    Column("eigenvalue", meaning: "centre of a bin"),
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

private let descentColumns =
  systemColumns + [isQuadraticColumn, Column("initialScale", meaning: "scale gamma of the start")]

private func systemValues(_ p: GradientDescent.Parameters, initialScale: Double) -> [Double] {
  [
    Double(p.inputDimension), p.studentWidthRatio, p.teacherWidthRatio, p.sampleRatio, p.noiseVariance,
    p.regularization, p.sensing == .quadratic ? 1 : 0, initialScale,
  ]
}

/// Gradient descent in time.
let trajectoryTable = TableDefinition(
  "martin2026/trajectories", from: [GradientDescent.self],
  columns: descentColumns + [Column("time", meaning: "time of the flow")]
    + meanColumns("meanSquaredError", "mean squared error") + meanColumns("trainingLoss", "training loss")
    + meanColumns("lossGap", "regularised loss above that of the minimum reached")
) { results in
  try results.points(of: GradientDescent.self).flatMap { point -> [[Double]] in
    point[GradientDescent.initialScale].values.enumerated().flatMap { row, scale in
      point[GradientDescent.time].values.enumerated().map { column, time in
        func values(_ output: OutputArray) -> [Double] {
          (0..<point.replicaCount).map { point[output][$0, row, column] }
        }
        let gaps = zip(values(GradientDescent.regularizedLoss), 0..<point.replicaCount).map { loss, replica in
          loss - point[GradientDescent.limitLoss][replica, row]
        }
        return systemValues(point.parameters, initialScale: scale) + [time]
          + meanValues(values(GradientDescent.meanSquaredError)) + meanValues(values(GradientDescent.trainingLoss))
          + meanValues(gaps)
      }
    }
  }
}

/// The end of gradient descent.
let endTable = TableDefinition(
  "martin2026/ends", from: [GradientDescent.self],
  columns: descentColumns + meanColumns("meanSquaredError", "mean squared error")
    + meanColumns("trainingLoss", "training loss") + meanColumns("inSampleError", "loss against the clean labels")
) { results in
  try results.points(of: GradientDescent.self).flatMap { point -> [[Double]] in
    let last = point[GradientDescent.time].values.count - 1
    return point[GradientDescent.initialScale].values.enumerated().map { row, scale in
      func values(_ output: OutputArray) -> [Double] { (0..<point.replicaCount).map { point[output][$0, row, last] } }
      return systemValues(point.parameters, initialScale: scale)
        + meanValues(values(GradientDescent.meanSquaredError)) + meanValues(values(GradientDescent.trainingLoss))
        + meanValues(values(GradientDescent.inSampleError))
    }
  }
}

/// Thresholds against the width of the student.
let thresholdTable = TableDefinition(
  "martin2026/thresholds", from: [SampleThresholds.self],
  columns: [
    Column("teacherWidthRatio", meaning: "teacher width over input dimension"),
    Column("studentWidthRatio", meaning: "student width over input dimension"),
    Column("interpolation", meaning: "sample ratio of noiseless interpolation"),
    Column("regularizedRecovery", meaning: "sample ratio of recovery for lambda -> 0+"),
    Column("unregularizedRecovery", meaning: "conjectured sample ratio of recovery without regularisation"),
    Column("freedom", meaning: "kappa - kappa^2/2, degrees of freedom of the student, up to kappa = 1"),
  ]
) { results in
  try results.points(of: SampleThresholds.self).flatMap { point -> [[Double]] in
    point[SampleThresholds.studentWidthRatio].values.enumerated().map { index, width in
      let capped = min(width, 1)
      return [
        point.parameters.teacherWidthRatio, width, point[SampleThresholds.interpolation][0, index],
        point[SampleThresholds.regularizedRecovery][0, index],
        point[SampleThresholds.unregularizedRecovery][0, index], capped - capped * capped / 2,
      ]
    }
  }
}

/// Where the curves of thresholds begin, become flat, or cross.
let criticalWidthTable = TableDefinition(
  "martin2026/critical-widths", from: [SampleThresholds.self],
  columns: [
    Column("teacherWidthRatio", meaning: "teacher width over input dimension"),
    Column("kind", meaning: "1: kappa_c+, 2: (1 + kappa*)/2, 3: kappa*, 4: crossing"),
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
  "martin2026/outputs", from: [GaussianOutputs.self],
  columns: [
    Column("sampleRatio", meaning: "sample ratio n/d^2"), Column("time", meaning: "time of the flow"),
    Column("standardizedOutput", meaning: "output over its root mean square"),
    Column("density", meaning: "density of outputs, all replicas"),
    Column("gaussian", meaning: "standard normal density"),
  ]
) { results in
  try results.points(of: GaussianOutputs.self).flatMap { point -> [[Double]] in
    point[GaussianOutputs.time].values.enumerated().flatMap { row, time in
      point[GaussianOutputs.standardizedOutput].values.enumerated().map { bin, x in
        let values = (0..<point.replicaCount).map { point[GaussianOutputs.density][$0, row, bin] }
        return [
          point.parameters.sampleRatio, time, x, Statistics.mean(values), exp(-x * x / 2) / (2 * .pi).squareRoot(),
        ]
      }
    }
  }
}

/// Oja's flow with its asymptotic law.
let ojaTable = TableDefinition(
  "martin2026/oja", from: [OjaFlow.self],
  columns: [
    Column("inputDimension", meaning: "dimension d"), Column("studentWidthRatio", meaning: "width over dimension"),
    Column("time", meaning: "time of the flow"),
  ] + meanColumns("distance", "squared distance to the limit over d") + [Column("law", meaning: "asymptotic law")]
) { results in
  try results.points(of: OjaFlow.self).flatMap { point -> [[Double]] in
    try point[OjaFlow.time].values.enumerated().map { index, time in
      let values = (0..<point.replicaCount).map { point[OjaFlow.distance][$0, index] }
      return [Double(point.parameters.inputDimension), point.parameters.studentWidthRatio, time] + meanValues(values)
        + [try ojaLaw(studentWidthRatio: point.parameters.studentWidthRatio, time: time)]
    }
  }
}

/// Mean-field theory of descent in time.
let meanFieldTable = TableDefinition(
  "martin2026/dmft", from: [DynamicalMeanField.self],
  columns: Array(systemColumns.dropFirst()) + [Column("time", meaning: "time, learning rate times steps")]
    + meanColumns("meanSquaredError", "mean squared error") + meanColumns("trainingLoss", "training loss")
) { results in
  try results.points(of: DynamicalMeanField.self).flatMap { point -> [[Double]] in
    let p = point.parameters
    return point[DynamicalMeanField.time].values.enumerated().map { index, time in
      func values(_ output: OutputArray) -> [Double] { (0..<point.replicaCount).map { point[output][$0, index] } }
      return [
        p.studentWidthRatio, p.teacherWidthRatio, p.sampleRatio, p.noiseVariance, p.regularization, time,
      ] + meanValues(values(DynamicalMeanField.meanSquaredError)) + meanValues(values(DynamicalMeanField.trainingLoss))
    }
  }
}

/// Error of the unregularised flow across the recovery threshold.
let recoveryTable = TableDefinition(
  "martin2026/recovery", from: [RecoveryScan.self],
  columns: [
    Column("studentWidthRatio", meaning: "student width over input dimension"),
    Column("teacherWidthRatio", meaning: "teacher width over input dimension"),
    Column("sampleRatio", meaning: "sample ratio n/d^2"),
  ] + meanColumns("meanSquaredError", "mean squared error")
) { results in
  try results.points(of: RecoveryScan.self).flatMap { point -> [[Double]] in
    point[RecoveryScan.sampleRatio].values.enumerated().map { index, ratio in
      [point.parameters.studentWidthRatio, point.parameters.teacherWidthRatio, ratio]
        + meanValues((0..<point.replicaCount).map { point[RecoveryScan.meanSquaredError][$0, index] })
    }
  }
}

/// Measured and conjectured thresholds of the unregularised flow.
let recoveryThresholdTable = TableDefinition(
  "martin2026/recovery-thresholds", from: [RecoveryScan.self],
  columns: [
    Column("studentWidthRatio", meaning: "student width over input dimension"),
    Column("teacherWidthRatio", meaning: "teacher width over input dimension"),
  ] + meanColumns("sampleRatio", "sample ratio of the steepest fall of the error")
    + [Column("predicted", meaning: "conjectured threshold")]
) { results in
  try results.points(of: RecoveryScan.self).map { point in
    [point.parameters.studentWidthRatio, point.parameters.teacherWidthRatio]
      + meanValues(point[RecoveryScan.steepestRatio].values) + [point[RecoveryScan.predictedRatio].values[0]]
  }
}

/// Every table of the paper.
let allTables = [
  longTimeTable, bayesOptimalTable, publishedDescentTable, predictedSpectrumTable, minimumTable, spectrumTable,
  trajectoryTable, endTable, thresholdTable,
  criticalWidthTable, outputTable, ojaTable, meanFieldTable, recoveryTable, recoveryThresholdTable,
]
