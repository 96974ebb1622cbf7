public import PaperKit

/// Martin, Biroli and Bach (2026): where does gradient flow of a quadratic network of extensive width end, when does it
/// recover its teacher, and how does it get there?
public let martin2026 = Paper(
  key: "martin2026",
  citation: """
    S. Martin, G. Biroli and F. Bach, "High-Dimensional Analysis of Gradient Flow for Extensive-Width Quadratic Neural \
    Networks", Journal of Machine Learning Research 27(136), 2026, arXiv:2601.10483
    """,
  experiments: [
    LongTime.self, SampleThresholds.self, GradientDescent.self, RegularizedMinimum.self, Spectrum.self,
    GaussianOutputs.self, OjaFlow.self, DynamicalMeanField.self, RecoveryScan.self, BayesOptimal.self,
    PublishedDescent.self,
  ],
  tables: allTables,
  estimators: theoryEstimators + minimumEstimators + distributionEstimators + dynamicsEstimators)
