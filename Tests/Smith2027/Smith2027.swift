import NumericalMethods
public import PaperKit

/// An example: the mean of n normal numbers is off by less than 1/√n in 68 % of samples.
public let smith2027 = Paper(
  key: "smith2027", citation: "A. Smith, 2027", experiments: [SampleMean.self],
  tables: [
    TableDefinition(
      "smith2027/error", from: [SampleMean.self],
      columns: [Column("sampleCount", meaning: "n"), Column("error", meaning: "root mean square of the mean")]
    ) { results in
      try results.points(of: SampleMean.self).map { point in
        let squares = point[SampleMean.mean].values.map { $0 * $0 }
        return [Double(point.parameters.sampleCount), Statistics.mean(squares).squareRoot()]
      }
    }
  ],
  estimators: [
    .share("smith2027/within", of: SampleMean.self, meaning: "share of means within 1/√n") { point in
      point[SampleMean.mean].values.map { Double(point.parameters.sampleCount) * $0 * $0 < 1 }
    }
  ])
