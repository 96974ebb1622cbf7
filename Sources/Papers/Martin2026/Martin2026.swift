public import PaperKit

/// Martin, Biroli and Bach (2026): where does gradient flow of a quadratic network of extensive width end, and how?
public let martin2026 = Paper(
  key: "martin2026",
  citation: """
    S. Martin, G. Biroli and F. Bach, "High-Dimensional Analysis of Gradient Flow for Extensive-Width Quadratic Neural \
    Networks", Journal of Machine Learning Research 27(136), 2026, arXiv:2601.10483
    """,
  experiments: [], tables: [], estimators: [])
