internal import PaperKit

// Short forms of the checks that the experiments' parameters make.
extension ExperimentParameters {
  /// Throws ``InvalidParameter`` for a value outside a range.
  func require(_ name: String, _ value: Int, in range: ClosedRange<Int>) throws {
    try require(range.contains(value), name, value, allowed: "\(range.lowerBound) to \(range.upperBound)")
  }

  /// Throws ``InvalidParameter`` for a value below a bound or above 10^6, far beyond what memory and time allow.
  func require(_ name: String, _ value: Int, atLeast bound: Int) throws {
    try require(name, value, in: bound...1_000_000)
  }

  /// Throws ``InvalidParameter`` for a value that is not above one bound and at most another, and for NaN.
  func require(_ name: String, _ value: Double, above bound: Double, upTo largest: Double = .infinity) throws {
    try require(
      value > bound && value <= largest, name, value,
      allowed: "above \(bound)" + (largest < .infinity ? ", at most \(largest)" : ""))
  }

  /// Throws ``InvalidParameter`` for a value that is not a tolerance between 0 and 1.
  func require(_ name: String, tolerance value: Double) throws {
    try require(value > 0 && value < 1, name, value, allowed: "between 0 and 1")
  }

  /// Throws ``InvalidParameter`` for an integrator's relative tolerance that double precision cannot hold.
  func require(_ name: String, relativeTolerance value: Double) throws {
    try require((1e-14..<1).contains(value), name, value, allowed: "1e-14 to 1, exclusive")
  }
}
