public import PaperKit

/// Oymak and Soltanolkotabi (2019): how many neurons does gradient descent need to fit any labels?
public let oymak2019 = Paper(
  key: "oymak2019",
  citation: """
    S. Oymak and M. Soltanolkotabi, "Towards moderate overparameterization: global convergence guarantees for training \
    shallow neural networks", IEEE J. Sel. Areas Inf. Theory 1(1), 84-105 (2020), arXiv:1902.04674
    """,
  experiments: [
    FittingTransition.self, SuccessMap.self, Capacity.self, JacobianSpectrum.self, CovarianceEigenvalue.self,
    Convergence.self, Distance.self, LabelCorruption.self, DigitLabels.self, StochasticDescent.self,
    OutputLayer.self, CertifiedRegime.self,
  ],
  tables: [
    successMapTable, fittingTable, fittedCurveTable, thresholdTable, certifiedTable, jacobianTable, covarianceTable,
    edgeTable, convergenceTable, distanceTable, stochasticTable, corruptionTable, digitTable,
    countingTable, featureTable,
  ],
  estimators: transitionEstimators + spectrumEstimators + descentEstimators + otherEstimators)
