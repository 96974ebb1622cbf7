public import PaperKit

/// Martin, Bach and Biroli (2024): how wide must a student with quadratic activation be to recover its teacher by gradient
/// flow on the population risk, and how fast does it do so, at fixed and at infinite input dimension?
public let martin2023 = Paper(
  key: "martin2023",
  citation: """
    S. Martin, F. Bach and G. Biroli, "On the Impact of Overparameterization on the Training of a Shallow Neural Network \
    in High Dimensions", AISTATS 2024, PMLR 238:3655-3663, arXiv:2311.03794
    """,
  experiments: [
    OverlapSpectrum.self, OrthonormalFlow.self, GaussianFlow.self, ConvergenceRates.self, HighDimensionalLimit.self,
    GaussianLimit.self, Escape.self, WidthSweep.self, NonGenericStart.self, PopulationRisk.self,
  ],
  tables: [
    orthonormalTable, gaussianTable, limitTable, gaussianLimitTable, histogramTable, lawTable, powerLawTable,
    exponentialTable, escapeTable, widthTable, bestOverlapTable,
  ],
  estimators: settingEstimators + limitEstimators + recoveryEstimators + rateEstimators)
