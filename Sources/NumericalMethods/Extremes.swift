extension Sequence<Double> {
  /// The greatest number; NaN if there is none or one of them is NaN, which `max()` may pass over.
  public func greatest() -> Double {
    var greatest: Double?
    for value in self {
      if value.isNaN { return .nan }
      greatest = Swift.max(greatest ?? value, value)
    }
    return greatest ?? .nan
  }

  /// The least number; NaN if there is none or one of them is NaN, which `min()` may pass over.
  public func least() -> Double { -lazy.map { -$0 }.greatest() }
}
