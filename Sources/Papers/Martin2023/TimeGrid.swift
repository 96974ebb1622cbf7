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
  /// Checks that the times ascend and can stand on a grid of this spacing.
  package func validateTimes() throws {
    try require(
      firstTime >= 1e-9 || firstTime == 0 && timeSpacing == .linear, "firstTime", firstTime,
      allowed: timeSpacing == .linear ? "0, or at least 1e-9" : "at least 1e-9")
    try require(lastTime > firstTime, "lastTime", lastTime, allowed: "above firstTime")
  }
}

extension ExperimentParameters {
  /// Checks a width that the input dimension bounds.
  package func validateWidth(_ width: Int, _ name: String, upTo largest: Int) throws {
    try require(width <= largest, name, width, allowed: "1 to \(largest) (the input dimension)")
  }
}
