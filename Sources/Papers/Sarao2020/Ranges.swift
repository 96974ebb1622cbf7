internal import PaperKit

// Short forms of the checks that the experiments' parameters make.
extension ExperimentParameters {
  /// Throws ``InvalidParameter`` for a value outside a range.
  func require(_ name: String, _ value: Int, in range: ClosedRange<Int>) throws {
    try require(range.contains(value), name, value, allowed: "\(range.lowerBound) to \(range.upperBound)")
  }

  /// Throws ``InvalidParameter`` for a value below a bound.
  func require(_ name: String, _ value: Int, atLeast bound: Int) throws {
    try require(value >= bound, name, value, allowed: "at least \(bound)")
  }

  /// Throws ``InvalidParameter`` for a value that is not above a bound, and for NaN.
  func require(_ name: String, _ value: Double, above bound: Double) throws {
    try require(value > bound, name, value, allowed: "above \(bound)")
  }

  /// Throws ``InvalidParameter`` for a value that is not a tolerance between 0 and 1.
  func require(_ name: String, tolerance value: Double) throws {
    try require(value > 0 && value < 1, name, value, allowed: "between 0 and 1")
  }
}
