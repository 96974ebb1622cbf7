public import PaperKit

/// Bocchi, Regimbeau, Lucibello, Saglietti and Cammarota (2026): how a quadratic student wider than its teacher leaves the
/// plateau under one-pass stochastic gradient descent, and which of its many perfect solutions it then finds.
public let bocchi2026 = Paper(
  key: "bocchi2026",
  citation: """
    D. Bocchi, T. Regimbeau, C. Lucibello, L. Saglietti and C. Cammarota, "Escape dynamics and implicit bias of one-pass \
    SGD in overparameterized quadratic networks", 2026, arXiv:2604.03068
    """,
  experiments: [
    Plateau.self, OverlapFlow.self, ReducedSGD.self, FullSGD.self, EscapeRate.self, EscapeTime.self,
    EscapeAmplitude.self, ConservedQuantity.self, NearestSolution.self, LearningOrder.self, LearningOrderFlow.self,
    LearningOrderNoise.self, SolutionManifold.self, Hessian.self, HessianPath.self, LateTime.self,
  ],
  tables: [
    dynamicsTable, fullRunTable, gapTable, prefactorTable, prefactorCurveTable, escapeTimeTable, gainTable, driftTable,
    pathTable, endTable, circleTable, deficitTable, flowDeficitTable, dimensionTable, dimensionCurveTable, rowNormTable,
    spectrumTable, curvatureTable, lateTable, widthTable,
  ],
  estimators: dynamicsEstimators + tailEstimators + escapeEstimators + gainEstimators + biasEstimators
    + landscapeEstimators)
