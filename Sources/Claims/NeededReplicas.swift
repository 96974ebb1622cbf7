internal import NumericalMethods
package import PaperKit

extension Estimate {
  /// Whether no random number is behind the number: a calculation, or a law of every replica.
  package var isWithoutChance: Bool {
    switch evidence {
    case .exact, .identity: true
    case .greatest(let estimates): estimates.allSatisfy(\.isWithoutChance)
    case .distance(let estimate, _): estimate.isWithoutChance
    case .mean, .median, .proportion, .fit, .crossing: false
    }
  }

  /// How few replicas can have an interval with this tail at all; nil where that is not their number's doing.
  package func fewestReplicas(tail: Double) -> Int? {
    switch evidence {
    case .mean, .fit: 2
    // 2^-n is the chance that all of n values lie on one side of the median.
    case .median: undetermined > 0 ? nil : Int((-Double.logarithm(tail) / Double.logarithm(2)).rounded(.up))
    case .greatest(let estimates):
      estimates.compactMap { $0.fewestReplicas(tail: tail / Double(estimates.count)) }.max()
    case .distance(let estimate, _): estimate.fewestReplicas(tail: tail)
    // That of a crossing has no end where the slope of the curve is uncertain.
    case .exact, .identity, .proportion, .crossing: nil
    }
  }

  /// Whether a verdict on it is inconclusive for what no number of replicas mends for sure: it is not a number, its numerical
  /// error is too great, or its replicas are too skewed or all equal.
  func isHindered(accepted: Interval) -> Bool {
    !value.isFinite || lacksSpread || isTooSkewed
      || !(numericalError <= 0.1 * abs(min(value - accepted.low, accepted.high - value)))
  }
}

extension EvaluatedClaim {
  /// See ``Judgement/neededGrowth(of:accepted:familySize:)``; nil too where no number of replicas helps.
  package var neededGrowth: Double? {
    guard !isHindered, let estimate, !estimate.isWithoutChance else { return nil }
    return Judgement.neededGrowth(of: estimate, accepted: claim.accepted, familySize: familySize)
  }

  /// Why no number of replicas is needed; empty where one is.
  var reasonWithoutNeed: String {
    guard neededGrowth == nil else { return "" }
    return isHindered ? reason : "without random numbers: replicas change nothing"
  }
}
