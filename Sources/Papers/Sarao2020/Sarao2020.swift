public import PaperKit

/// Sarao Mannelli, Vanden-Eijnden and Zdeborová (2020).
public let sarao2020 = Paper(
  key: "sarao2020",
  citation: """
    S. Sarao Mannelli, E. Vanden-Eijnden and L. Zdeborová, "Optimization and Generalization of Shallow Neural Networks \
    with Quadratic Activation Functions", NeurIPS 2020, arXiv:2006.15459
    """,
  experiments: [], tables: [], estimators: [])
