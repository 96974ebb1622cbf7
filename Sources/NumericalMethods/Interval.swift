/// A closed interval of the extended real line.
public struct Interval: Sendable, Equatable {
  /// Lower end, possibly minus infinity.
  public let low: Double
  /// Upper end, possibly infinity.
  public let high: Double

  /// An interval from its ends.
  ///
  /// Checked: low <= high.
  public init(_ low: Double, _ high: Double) {
    precondition(low <= high, "interval from \(low) to \(high)")
    self.low = low
    self.high = high
  }

  /// The whole line.
  public static let everything = Interval(-.infinity, .infinity)

  /// Half the length.
  public var halfWidth: Double { (high - low) / 2 }

  /// Whether the other interval lies inside this one.
  public func contains(_ other: Interval) -> Bool { low <= other.low && other.high <= high }

  /// Whether the value lies inside.
  public func contains(_ value: Double) -> Bool { low <= value && value <= high }

  /// Whether the two have a point in common.
  public func intersects(_ other: Interval) -> Bool { low <= other.high && other.low <= high }
}
