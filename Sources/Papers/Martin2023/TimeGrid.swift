private import Foundation
package import PaperKit

/// Where on the time axis results are reported.
package enum Spacing: String, Choice {
  /// Equal differences.
  case linear
  /// Equal ratios.
  case logarithmic

  /// `count` >= 2 times from `first` to `last`, both exact; one time is `last`.
  package func times(from first: Double, to last: Double, count: Int) -> [Double] {
    (0..<count).map { index in
      if index == count - 1 { return last }
      if index == 0 { return first }
      let share = Double(index) / Double(count - 1)
      return self == .linear ? first + (last - first) * share : first * pow(last / first, share)
    }
  }
}

/// Parameters that report on a grid of times: all have the same allowed ranges.
package protocol TimeGrid {
  /// First time reported, above 0 when logarithmic, else at least 0.
  var firstTime: Double { get }
  /// Last time reported, above the first.
  var lastTime: Double { get }
  /// Number of times, at least 2.
  var timeCount: Int { get }
  /// Their spacing.
  var timeSpacing: Spacing { get }
}

extension TimeGrid {
  /// The times.
  package var times: [Double] { timeSpacing.times(from: firstTime, to: lastTime, count: timeCount) }
}

extension ExperimentParameters where Self: TimeGrid {
  /// Checks the ranges of the grid.
  package func validateTimes() throws {
    try require(
      firstTime >= 1e-9 || firstTime == 0 && timeSpacing == .linear, "firstTime", firstTime,
      allowed: timeSpacing == .linear ? "0, or at least 1e-9" : "at least 1e-9")
    try require(
      lastTime > firstTime && lastTime <= 1e9, "lastTime", lastTime, allowed: "above firstTime, at most 1e9")
    try require((2...1_000_000).contains(timeCount), "timeCount", timeCount, allowed: "2 to 1000000")
  }
}

extension ExperimentParameters {
  /// Checks a ratio of width to input dimension: in (0, 1).
  package func validateRatio(_ ratio: Double, _ name: String) throws {
    try require(ratio >= 1e-6 && ratio < 1, name, ratio, allowed: "1e-6 to 1, exclusive")
  }

  /// Checks a width: 1 to `largest`.
  package func validateWidth(_ width: Int, _ name: String, upTo largest: Int? = nil) throws {
    try require(
      width >= 1 && width <= largest ?? 10_000, name, width,
      allowed: largest.map { "1 to \($0) (the input dimension)" } ?? "1 to 10000")
  }
}
