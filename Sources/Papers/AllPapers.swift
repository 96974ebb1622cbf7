private import Bocchi2026
public import PaperKit
private import Sarao2020

/// Every paper, one line each.
public let allPapers: [Paper] = [
  sarao2020,
  bocchi2026,
]
