private import Bocchi2026
private import Martin2023
private import Martin2026
private import Oymak2019
public import PaperKit
private import Sarao2020

/// Every paper, one line each.
public let allPapers: [Paper] = [
  sarao2020,
  oymak2019,
  martin2023,
  martin2026,
  bocchi2026,
]
