private import Oymak2019
public import PaperKit
private import Sarao2020

/// Every paper, one line each.
public let allPapers: [Paper] = [
  sarao2020, oymak2019,
]
