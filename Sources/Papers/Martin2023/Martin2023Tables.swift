internal import NumericalMethods
internal import PaperKit

// Columns that several tables share.
private let inputDimensionColumn = Column("inputDimension", meaning: "input dimension d")
private let studentWidthColumn = Column("studentWidth", meaning: "student width m")
private let teacherWidthColumn = Column("teacherWidth", meaning: "teacher width m*")
private let ratioColumns = [
  Column("studentWidthRatio", meaning: "alpha = m/d"), Column("teacherWidthRatio", meaning: "alpha* = m*/d"),
]
private let widthRatioColumn = Column("widthRatio", meaning: "student width over teacher width")
private let scaledLossColumn = Column("scaledLoss", meaning: "input dimension times risk")

/// Parameters of which the two widths over the input dimension follow.
private protocol RatioParameters: ExperimentParameters {
  /// alpha and alpha*.
  var ratios: [Double] { get }
}

extension OrthonormalFlow.Parameters: RatioParameters {}
extension GaussianFlow.Parameters: RatioParameters {}
extension HighDimensionalLimit.Parameters: RatioParameters {}
extension GaussianLimit.Parameters: RatioParameters {}

extension Columns where E.Parameters: RatioParameters {
  /// alpha and alpha*.
  fileprivate static var ratios: Self {
    .all([.parameter(ratioColumns[0]) { $0.ratios[0] }, .parameter(ratioColumns[1]) { $0.ratios[1] }])
  }
}

/// Observables of the orthonormal flow over gamma.
let orthonormalTable = TableDefinition(
  "martin2023/orthonormal-flow", of: OrthonormalFlow.self, along: OrthonormalFlow.rescaledTime,
  columns: [
    .parameter(inputDimensionColumn, \.inputDimension), .ratios, .place(OrthonormalFlow.rescaledTime),
    .mean(OrthonormalFlow.integratedTrace), .mean(OrthonormalFlow.overlap),
    .mean(scaledLossColumn) { row in
      row[OrthonormalFlow.populationLoss].map { $0 * Double(row.parameters.inputDimension) }
    },
  ])

/// Observables of the Gaussian flow over gamma.
let gaussianTable = TableDefinition(
  "martin2023/gaussian-flow", of: GaussianFlow.self, along: GaussianFlow.rescaledTime,
  columns: [
    .parameter(inputDimensionColumn, \.inputDimension), .ratios, .place(GaussianFlow.rescaledTime),
    .mean(GaussianFlow.integratedTrace), .mean(GaussianFlow.overlap),
    .mean(scaledLossColumn) { row in
      row[GaussianFlow.populationLoss].map { $0 * Double(row.parameters.inputDimension) }
    },
  ])

/// The orthonormal limit over gamma.
let limitTable = TableDefinition(
  "martin2023/high-dimensional-limit", of: HighDimensionalLimit.self, along: HighDimensionalLimit.rescaledTime,
  columns: [
    .ratios,
    // To nine digits, so that a figure can pick a time.
    .computed(Column("rescaledTime", meaning: "gamma = t/d")) {
      ($0.place(HighDimensionalLimit.rescaledTime) * 1e9).rounded() / 1e9
    },
    .first(HighDimensionalLimit.integratedTrace), .first(HighDimensionalLimit.overlap),
    .first(HighDimensionalLimit.scaledLoss), .first(HighDimensionalLimit.overlapGap),
    .computed(
      Column("overlapGapAsymptote", meaning: "its leading behaviour at late times; missing before gamma = 0.2")
    ) {
      $0.place(HighDimensionalLimit.rescaledTime) < 0.2 ? .nan : $0.first(HighDimensionalLimit.overlapGapAsymptote)
    },
  ])

/// The Gaussian limit over gamma.
let gaussianLimitTable = TableDefinition(
  "martin2023/gaussian-limit", of: GaussianLimit.self, along: GaussianLimit.rescaledTime,
  columns: [
    .ratios, .place(GaussianLimit.rescaledTime), .first(GaussianLimit.integratedTrace), .first(GaussianLimit.overlap),
    .first(GaussianLimit.scaledLoss),
  ])

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
  "martin2023/power-law", of: ConvergenceRates.self, along: ConvergenceRates.time,
  columns: [
    .parameter(inputDimensionColumn, \.inputDimension), .place(ConvergenceRates.time),
    .mean(Column("scaledLoss", meaning: "t^2 times risk")) { row in
      let time = row.place(ConvergenceRates.time)
      return row.perReplica(ConvergenceRates.populationLoss) { $0[0] * time * time }
    },
    .parameter(Column("limit", meaning: "predicted limit of t^2 times risk")) {
      Theory.powerLawLimit(
        inputDimension: $0.inputDimension, studentWidth: $0.studentWidth, teacherWidth: $0.teacherWidth)
    },
  ])

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
  columns: [
    inputDimensionColumn, studentWidthColumn,
    Column("escapeTime", meaning: "time of half the final overlap, mean over replicas"),
    Column("escapeTimeError", meaning: "its standard error"),
    Column("recoveryTime", meaning: "time of 0.99 of the final overlap, mean over replicas"),
    Column("recoveryTimeError", meaning: "its standard error"),
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
      + [Escape.escapeTime, Escape.recoveryTime].flatMap {
        [Statistics.mean(point[$0].values), Statistics.standardError(point[$0].values)]
      }
      + [Escape.escapeTime, Escape.recoveryTime].map { Statistics.mean(largest[$0].values) + shift }
  }
}

/// Where the flow ends over the student's width.
let widthTable = TableDefinition(
  "martin2023/width-sweep", of: WidthSweep.self,
  columns: [
    .parameter(inputDimensionColumn, \.inputDimension), .parameter(studentWidthColumn, \.studentWidth),
    .parameter(teacherWidthColumn, \.teacherWidth),
    .parameter(widthRatioColumn) { Double($0.studentWidth) / Double($0.teacherWidth) },
    .mean(WidthSweep.finalOverlap),
    .computed(
      Column("predictedOverlap", meaning: "overlap of the best student of this width, mean over replicas")
    ) { $0.mean(WidthSweep.predictedOverlap) },
    .mean(WidthSweep.scaledLoss),
    .computed(Column("predictedLoss", meaning: "input dimension times the least risk, mean over replicas")) {
      $0.mean(WidthSweep.predictedLoss)
    },
  ])

/// min(1, sqrt(m/m*)) as a smooth curve.
let bestOverlapTable = TableDefinition(
  "martin2023/best-overlap", from: [],
  columns: [
    widthRatioColumn, Column("overlap", meaning: "overlap of the best student with an orthonormal teacher"),
  ]
) { _ in
  (0...100).map { index in
    let ratio = 3 * Double(index) / 100
    return [ratio, min(1, ratio.squareRoot())]
  }
}
