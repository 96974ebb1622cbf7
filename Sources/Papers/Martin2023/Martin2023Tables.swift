internal import NumericalMethods
internal import PaperKit

// Columns that several tables share.
private let inputDimensionColumn = Column("inputDimension", meaning: "input dimension d")
private let studentWidthColumn = Column("studentWidth", meaning: "student width m")
private let teacherWidthColumn = Column("teacherWidth", meaning: "teacher width m*")
private let ratioColumns = [
  Column("studentWidthRatio", meaning: "alpha = m/d"), Column("teacherWidthRatio", meaning: "alpha* = m*/d"),
]
private let rescaledTimeColumn = Column("rescaledTime", meaning: "gamma = t/d")

/// A mean over replicas with its standard error.
private func meanColumns(_ name: String, _ meaning: String) -> [Column] {
  [
    Column(name, meaning: "\(meaning), mean over replicas"),
    Column("\(name)Error", meaning: "\(meaning), standard error of the mean"),
  ]
}

private func meanValues(_ values: [Double]) -> [Double] {
  [Statistics.mean(values), values.count > 1 ? Statistics.standardError(values) : .nan]
}

private let flowColumns =
  [inputDimensionColumn] + ratioColumns + [rescaledTimeColumn] + meanColumns("integratedTrace", "phi")
  + meanColumns("overlap", "overlap chi") + meanColumns("scaledLoss", "input dimension times risk")

private func flowRows(
  inputDimension: Int, ratios: [Double], times: NDArray, integratedTrace: NDArray, overlap: NDArray, loss: NDArray
) -> [[Double]] {
  times.values.enumerated().map { index, time in
    let losses = loss.column(index).map { $0 * Double(inputDimension) }
    return [Double(inputDimension)] + ratios + [time] + meanValues(integratedTrace.column(index))
      + meanValues(overlap.column(index)) + meanValues(losses)
  }
}

/// Observables of the orthonormal flow over gamma.
let orthonormalTable = TableDefinition(
  "martin2023/orthonormal-flow", from: [OrthonormalFlow.self], columns: flowColumns
) { results in
  try results.points(of: OrthonormalFlow.self).flatMap { point in
    flowRows(
      inputDimension: point.parameters.inputDimension, ratios: point.parameters.ratios,
      times: point[OrthonormalFlow.rescaledTime], integratedTrace: point[OrthonormalFlow.integratedTrace],
      overlap: point[OrthonormalFlow.overlap], loss: point[OrthonormalFlow.populationLoss])
  }
}

/// Observables of the Gaussian flow over gamma.
let gaussianTable = TableDefinition("martin2023/gaussian-flow", from: [GaussianFlow.self], columns: flowColumns) {
  results in
  try results.points(of: GaussianFlow.self).flatMap { point in
    flowRows(
      inputDimension: point.parameters.inputDimension, ratios: point.parameters.ratios,
      times: point[GaussianFlow.rescaledTime], integratedTrace: point[GaussianFlow.integratedTrace],
      overlap: point[GaussianFlow.overlap], loss: point[GaussianFlow.populationLoss])
  }
}

/// The orthonormal limit over gamma.
let limitTable = TableDefinition(
  "martin2023/high-dimensional-limit", from: [HighDimensionalLimit.self],
  columns: ratioColumns + [
    rescaledTimeColumn, Column("integratedTrace", meaning: "phi"), Column("overlap", meaning: "overlap chi"),
    Column("scaledLoss", meaning: "input dimension times risk"),
    Column("overlapGap", meaning: "final overlap less overlap"),
    Column("overlapGapAsymptote", meaning: "its leading behaviour at late times; missing before gamma = 0.2"),
  ]
) { results in
  try results.points(of: HighDimensionalLimit.self).flatMap { point in
    point[HighDimensionalLimit.rescaledTime].values.enumerated().map { index, time in
      // To nine digits, so that a figure can pick a time.
      point.parameters.ratios + [(time * 1e9).rounded() / 1e9]
        + [
          HighDimensionalLimit.integratedTrace, HighDimensionalLimit.overlap, HighDimensionalLimit.scaledLoss,
          HighDimensionalLimit.overlapGap,
        ].map { point[$0][0, index] }
        + [time < 0.2 ? .nan : point[HighDimensionalLimit.overlapGapAsymptote][0, index]]
    }
  }
}

/// The Gaussian limit over gamma.
let gaussianLimitTable = TableDefinition(
  "martin2023/gaussian-limit", from: [GaussianLimit.self],
  columns: ratioColumns + [
    rescaledTimeColumn, Column("integratedTrace", meaning: "phi"), Column("overlap", meaning: "overlap chi"),
    Column("scaledLoss", meaning: "input dimension times risk"),
  ]
) { results in
  try results.points(of: GaussianLimit.self).flatMap { point in
    point[GaussianLimit.rescaledTime].values.enumerated().map { index, time in
      [point.parameters.studentWidthRatio, point.parameters.teacherWidthRatio, time]
        + [GaussianLimit.integratedTrace, GaussianLimit.overlap, GaussianLimit.scaledLoss].map { point[$0][0, index] }
    }
  }
}

/// Histogram of the overlaps inside (0, 1), all replicas together, in 30 bins between the edges of the law.
let histogramTable = TableDefinition(
  "martin2023/overlap-histogram", from: [OverlapSpectrum.self],
  columns: ratioColumns + [
    Column("position", meaning: "middle of the bin"), Column("density", meaning: "share of overlaps per length"),
  ]
) { results in
  try results.points(of: OverlapSpectrum.self).flatMap { point in
    let law = point.parameters.law
    let values = point[OverlapSpectrum.overlaps].values
    let binCount = 30
    let width = (law.edges.upperBound - law.edges.lowerBound) / Double(binCount)
    return (0..<binCount).map { bin in
      let low = law.edges.lowerBound + Double(bin) * width
      let count = values.count { $0 >= low && $0 < low + width }
      return [
        law.studentWidthRatio, law.teacherWidthRatio, low + width / 2, Double(count) / Double(values.count) / width,
      ]
    }
  }
}

/// Density of the limit law.
let lawTable = TableDefinition(
  "martin2023/overlap-law", from: [OverlapSpectrum.self],
  columns: ratioColumns + [
    Column("position", meaning: "overlap"), Column("density", meaning: "density of the limit law"),
  ]
) { results in
  try results.points(of: OverlapSpectrum.self).flatMap { point in
    let law = point.parameters.law
    return (0...400).map { index in
      let x = law.edges.lowerBound + (law.edges.upperBound - law.edges.lowerBound) * Double(index) / 400
      return [law.studentWidthRatio, law.teacherWidthRatio, x, law.density(x)]
    }
  }
}

/// t^2 L for students wider than the teacher.
let powerLawTable = TableDefinition(
  "martin2023/power-law", from: [ConvergenceRates.self],
  columns: [inputDimensionColumn, Column("time", meaning: "time t")]
    + meanColumns("scaledLoss", "t^2 times risk")
    + [Column("limit", meaning: "predicted limit of t^2 times risk")]
) { results in
  try results.points(of: ConvergenceRates.self).flatMap { point -> [[Double]] in
    let parameters = point.parameters
    let limit = Theory.powerLawLimit(
      inputDimension: parameters.inputDimension, studentWidth: parameters.studentWidth,
      teacherWidth: parameters.teacherWidth)
    let losses = point[ConvergenceRates.populationLoss]
    return point[ConvergenceRates.time].values.enumerated().map { index, time in
      let scaled = (0..<point.replicaCount).map { losses[$0, 0, index] * time * time }
      return [Double(parameters.inputDimension), time] + meanValues(scaled) + [limit]
    }
  }
}

/// L for students as wide as the teacher, the mean over the starts with one teacher, with the predicted exponential.
let exponentialTable = TableDefinition(
  "martin2023/exponential-decay", from: [ConvergenceRates.self],
  columns: [
    inputDimensionColumn, Column("time", meaning: "time t"),
    Column("populationLoss", meaning: "population risk, mean over starts with one teacher"),
    Column(
      "exponential",
      meaning: "e^(-4 mu_min t) from the mean risk at t = 12 (15 for d >= 100) on; missing before"),
  ]
) { results in
  try results.points(of: ConvergenceRates.self).flatMap { point -> [[Double]] in
    let times = point[ConvergenceRates.time].values
    let losses = point[ConvergenceRates.populationLoss]
    let means = times.indices.map { index in
      Statistics.mean((0..<point.parameters.startCount).map { losses[0, $0, index] })
    }
    let rate = 4 * point[ConvergenceRates.smallestEigenvalue].values[0]
    let first = times.firstIndex { $0 >= (point.parameters.inputDimension < 100 ? 12 : 15) } ?? 0
    return times.indices.map { index in
      let law = means[first] * Double.exponential(rate * (times[first] - times[index]))
      return [
        Double(point.parameters.inputDimension), times[index], means[index], index >= first ? law : .nan,
      ]
    }
  }
}

/// Escape and recovery times over the input dimension.
let escapeTable = TableDefinition(
  "martin2023/escape", from: [Escape.self],
  columns: [inputDimensionColumn, studentWidthColumn] + meanColumns("escapeTime", "time of half the final overlap")
    + meanColumns("recoveryTime", "time of 0.99 of the final overlap")
    + [
      Column("escapeLaw", meaning: "(m*/4) ln d through the mean at the largest d"),
      Column("recoveryLaw", meaning: "(m*/4) ln d through the mean at the largest d"),
    ]
) { results in
  let points = try results.points(of: Escape.self)
  return points.map { point in
    let parameters = point.parameters
    let largest =
      points.filter { $0.parameters.studentWidth == parameters.studentWidth }
      .max { $0.parameters.inputDimension < $1.parameters.inputDimension } ?? point
    let shift =
      Double(parameters.teacherWidth) / 4
      * Double.logarithm(Double(parameters.inputDimension) / Double(largest.parameters.inputDimension))
    return [Double(parameters.inputDimension), Double(parameters.studentWidth)]
      + meanValues(point[Escape.escapeTime].values) + meanValues(point[Escape.recoveryTime].values)
      + [Escape.escapeTime, Escape.recoveryTime].map { Statistics.mean(largest[$0].values) + shift }
  }
}

/// Where the flow ends over the student's width.
let widthTable = TableDefinition(
  "martin2023/width-sweep", from: [WidthSweep.self],
  columns: [
    inputDimensionColumn, studentWidthColumn, teacherWidthColumn,
    Column("widthRatio", meaning: "student width over teacher width"),
  ] + meanColumns("finalOverlap", "overlap at the end")
    + [Column("predictedOverlap", meaning: "overlap of the best student of this width, mean over replicas")]
    + meanColumns("scaledLoss", "input dimension times risk at the end")
    + [Column("predictedLoss", meaning: "input dimension times the least risk, mean over replicas")]
) { results in
  try results.points(of: WidthSweep.self).map { point in
    let parameters = point.parameters
    return [
      Double(parameters.inputDimension), Double(parameters.studentWidth), Double(parameters.teacherWidth),
      Double(parameters.studentWidth) / Double(parameters.teacherWidth),
    ] + meanValues(point[WidthSweep.finalOverlap].values)
      + [Statistics.mean(point[WidthSweep.predictedOverlap].values)]
      + meanValues(point[WidthSweep.scaledLoss].values) + [Statistics.mean(point[WidthSweep.predictedLoss].values)]
  }
}

/// min(1, sqrt(m/m*)) as a smooth curve.
let bestOverlapTable = TableDefinition(
  "martin2023/best-overlap", from: [],
  columns: [
    Column("widthRatio", meaning: "student width over teacher width"),
    Column("overlap", meaning: "overlap of the best student with an orthonormal teacher"),
  ]
) { _ in
  (0...100).map { index in
    let ratio = 3 * Double(index) / 100
    return [ratio, min(1, ratio.squareRoot())]
  }
}
