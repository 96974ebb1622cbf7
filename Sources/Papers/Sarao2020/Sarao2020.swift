public import PaperKit

/// Sarao Mannelli, Vanden-Eijnden and Zdeborová (2020): when is the teacher the only zero of the training loss of a
/// quadratic student, does descent find it, and how fast?
public let sarao2020 = Paper(
  key: "sarao2020",
  citation: """
    S. Sarao Mannelli, E. Vanden-Eijnden and L. Zdeborová, "Optimization and Generalization of Shallow Neural Networks \
    with Quadratic Activation Functions", NeurIPS 2020, arXiv:2006.15459
    """,
  experiments: [
    Uniqueness.self, ConicThreshold.self, GradientDescent.self, PopulationFlow.self, EmpiricalFlow.self,
    MinimumEnergyPath.self,
  ],
  tables: [
    uniquenessTable, recoveryTable, thresholdTable, countingTable, conicTable, populationDecayTable,
    empiricalDecayTable, pathTable,
  ],
  estimators: landscapeEstimators + recoveryEstimators + dynamicsEstimators)
