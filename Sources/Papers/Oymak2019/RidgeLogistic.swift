private import Foundation

/// A logistic transition P(x) = 1 / (1 + exp(-slope (x - midpoint))) fitted to outcomes at some positions.
///
/// Maximum likelihood with a ridge of 1e-3 on the slope, which keeps it finite for separable outcomes; then only the
/// midpoint means something. Why not the maximum alone: with a dozen trials at each of a few positions separable
/// outcomes are common, and the sharper the transition the commoner.
package struct RidgeLogistic: Sendable {
  /// Where P = 1/2.
  package let midpoint: Double
  /// d logit P / dx.
  package let slope: Double
  /// Standard error of the midpoint by the delta method.
  package let midpointStandardError: Double

  /// Why there is no transition to report.
  package struct Failure: Error, Equatable, CustomStringConvertible {
    /// The reason.
    package let description: String
  }

  /// Fits outcomes: successes among trials at every position.
  ///
  /// Newton's method on (a, b) in logit P = a + b (x - mean x), from (0, 5), steps at most 5 in size, logits clipped to
  /// +-35. Checked: equal counts. Throws ``Failure`` where all trials succeed or fail, or P = 1/2 is not reached within the
  /// positions: a transition is never extrapolated.
  package init(positions: [Double], successes: [Int], trials: [Int]) throws {
    precondition(
      positions.count == successes.count && positions.count == trials.count,
      "\(positions.count) positions, \(successes.count) successes, \(trials.count) trials")
    let total = trials.reduce(0, +)
    let succeeded = successes.reduce(0, +)
    guard total > 0 else { throw Failure(description: "no trials") }
    guard succeeded > 0 else { throw Failure(description: "no trial succeeds: the transition is outside the grid") }
    guard succeeded < total else {
      throw Failure(description: "every trial succeeds: the transition is outside the grid")
    }
    let centre = zip(positions, trials).reduce(0) { $0 + $1.0 * Double($1.1) } / Double(total)
    var (a, b) = (0.0, 5.0)
    var information = (aa: 0.0, ab: 0.0, bb: 0.0)
    for _ in 0..<200 {
      var gradient = (0.0, -Self.ridge * b)
      information = (1e-9, 0, Self.ridge + 1e-9)
      for index in positions.indices {
        let x = positions[index] - centre
        let probability = 1 / (1 + exp(-min(max(a + b * x, -35), 35)))
        let residual = Double(successes[index]) - Double(trials[index]) * probability
        let weight = Double(trials[index]) * probability * (1 - probability)
        gradient.0 += residual
        gradient.1 += residual * x
        information.aa += weight
        information.ab += weight * x
        information.bb += weight * x * x
      }
      let determinant = information.aa * information.bb - information.ab * information.ab
      var step = (
        (information.bb * gradient.0 - information.ab * gradient.1) / determinant,
        (information.aa * gradient.1 - information.ab * gradient.0) / determinant
      )
      let size = max(abs(step.0), abs(step.1))
      guard size.isFinite else { throw Failure(description: "the fit of the transition diverges") }
      let share = min(1, 5 / size)
      step = (share * step.0, share * step.1)
      a += step.0
      b += step.1
      if size < 1e-10 { break }
    }
    let offset = -a / b
    let found = centre + offset
    guard let low = positions.min(), let high = positions.max(), b > 0, low <= found, found <= high else {
      throw Failure(description: "the fitted transition is outside the grid")
    }
    let determinant = information.aa * information.bb - information.ab * information.ab
    let (jacobianA, jacobianB) = (-1 / b, a / (b * b))
    let variance =
      (information.bb * jacobianA * jacobianA - 2 * information.ab * jacobianA * jacobianB
        + information.aa * jacobianB * jacobianB) / determinant
    midpoint = found
    slope = b
    midpointStandardError = variance.squareRoot()
  }

  private static let ridge = 1e-3

  /// P at a position.
  package func probability(at position: Double) -> Double { 1 / (1 + exp(-slope * (position - midpoint))) }
}
