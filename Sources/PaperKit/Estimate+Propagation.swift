internal import NumericalMethods

// Estimates made of others that are independent of each other, with the error that follows from theirs.

extension Estimate {
  /// The sum of the means of independent samples, each times its weight; the degrees of freedom are those of the smallest.
  public static func combination(of samples: [[Double]], weights: [Double]) -> Estimate {
    precondition(samples.count == weights.count, "\(samples.count) samples with \(weights.count) weights")
    let errors = zip(samples, weights).map { $1 * standardError($0) }
    return .fit(
      value: zip(samples, weights).reduce(0) { $0 + $1.1 * Statistics.mean($1.0) },
      standardError: errors.reduce(0) { $0 + $1 * $1 }.squareRoot(),
      degreesOfFreedom: Double(samples.map(\.count).min() ?? 0) - 1)
  }

  /// A smooth function of independent estimates, by a step of one standard error of each either way.
  public static func propagated(
    _ estimates: [Estimate], degreesOfFreedom: Double = .infinity, _ function: ([Double]) -> Double
  ) -> Estimate {
    let centre = estimates.map(\.value)
    let variance = estimates.enumerated().reduce(0) { sum, estimate in
      var (up, down) = (centre, centre)
      up[estimate.offset] += estimate.element.standardError
      down[estimate.offset] -= estimate.element.standardError
      let change = (function(up) - function(down)) / 2
      return sum + change * change
    }
    return .fit(value: function(centre), standardError: variance.squareRoot(), degreesOfFreedom: degreesOfFreedom)
  }

  /// This fitted number, or one without chance, divided by a positive number that is known.
  public func divided(by divisor: Double) -> Estimate {
    var freedom = Double.infinity
    if case .fit(_, _, let degreesOfFreedom) = evidence { freedom = degreesOfFreedom }
    return .fit(value: value / divisor, standardError: standardError / divisor, degreesOfFreedom: freedom)
  }
}
