import NumericalMethods
public import PaperKit

/// An example: the mean of n normal numbers has variance 1/n.
public let smith2027 = Paper(
  key: "smith2027", citation: "A. Smith, 2027", experiments: [SampleMean.self],
  tables: [
    TableDefinition(
      "smith2027/spread", from: [SampleMean.self],
      columns: [Column("sampleCount", meaning: "n"), Column("spread", meaning: "n times the mean square of the mean")]
    ) { results in
      try results.points(of: SampleMean.self).map { point in
        [Double(point.parameters.sampleCount), Statistics.mean(spread(point))]
      }
    }
  ],
  estimators: [
    Estimator("smith2027/spread", from: [SampleMean.self], meaning: "n times the mean square of the mean") { results in
      .mean(spread(try results.point(of: SampleMean.self)))
    }
  ])

/// n times the square of each replica's mean.
private func spread(_ point: ExperimentPoint<SampleMean>) -> [Double] {
  point[SampleMean.mean].values.map { Double(point.parameters.sampleCount) * $0 * $0 }
}
