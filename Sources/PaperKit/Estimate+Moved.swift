internal import NumericalMethods

extension Estimate {
  /// Evidence of the same kind and spread for another number: the replicas shifted to it (scaled, on a logarithmic
  /// scale); for a proportion the nearest count at or past it.
  ///
  /// Nil where no evidence of this kind has that number: a share above 1, a distance or a geometric mean below 0.
  public func moved(to target: Double) -> Estimate? {
    evidence.moved(from: value, to: target).map {
      Estimate($0, numericalError: numericalError, undetermined: undetermined, fitSkewness: fitSkewness)
    }
  }
}

extension Estimate {
  /// The interval without the bounds that evidence of this kind cannot be beyond, such as 0 and 1 for a share, and, for a
  /// median, those that no replica is beyond: the ends of its interval are replicas.
  func reachablePart(of interval: Interval) -> Interval {
    if case .median(let values) = evidence {
      return Interval(
        values.contains { $0 < interval.low } ? interval.low : -.infinity,
        values.contains { $0 > interval.high } ? interval.high : .infinity)
    }
    if case .greatest(let parts) = evidence {
      // It is below the interval if all parts are, above it if one is.
      let reachable = parts.map { $0.reachablePart(of: interval) }
      return Interval(reachable.map(\.low).least(), reachable.map(\.high).least())
    }
    let step = 1e-9 * max(1, abs(value))
    return Interval(
      moved(to: interval.low - step) == nil ? -.infinity : interval.low,
      moved(to: interval.high + step) == nil ? .infinity : interval.high)
  }
}

extension Estimate.Evidence {
  fileprivate func moved(from value: Double, to target: Double) -> Self? {
    let shift = target - value
    switch self {
    case .exact(_, let error): return .exact(target, numericalError: error)
    case .identity(_, let count, let error):
      return .identity(worst: target, replicaCount: count, numericalError: error)
    case .mean(let values, .linear): return .mean(values.map { $0 + shift }, scale: .linear)
    case .mean(let values, .logarithmic):
      return target > 0 ? .mean(values.map { $0 * (target / value) }, scale: .logarithmic) : nil
    case .median(let values): return .median(values.map { $0 + shift })
    case .proportion(_, let trials):
      let successes = (target * Double(trials)).rounded(target > value ? .up : .down)
      return (0...Double(trials)).contains(successes)
        ? .proportion(successes: Int(successes), trials: trials) : nil
    case .fit(_, let standardError, let degreesOfFreedom):
      return .fit(value: target, standardError: standardError, degreesOfFreedom: degreesOfFreedom)
    case .crossing(let crossing): return .crossing(crossing.moved(by: shift))
    case .greatest(let estimates):
      // Upwards the greatest alone moves, downwards all that would exceed the target.
      let moved = estimates.map { estimate in
        estimate.value == value || estimate.value > target ? estimate.moved(to: target) : estimate
      }
      return moved.contains { $0 == nil } ? nil : .greatest(moved.compactMap { $0 })
    case .distance(let estimate, let centre):
      guard target >= 0 else { return nil }
      let moved = estimate.moved(to: estimate.value < centre ? centre - target : centre + target)
      return moved.map { .distance($0, from: centre) }
    }
  }
}
