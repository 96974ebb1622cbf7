private import Foundation

/// The maximum-likelihood fit of a logistic transition P(x) = 1 / (1 + exp(-(x - midpoint) / width)) to counted successes.
public struct LogisticFit: Sendable, Equatable {
  /// Where P = 1/2; always within the range of the positions.
  public let midpoint: Double
  /// Width of the transition: P goes from 0.27 to 0.73 over twice this; negative for a falling transition.
  public let width: Double
  /// Standard error of the midpoint, from the information matrix at the maximum.
  public let midpointStandardError: Double
  /// Standard error of the width, likewise (of log |width|, times |width|).
  public let widthStandardError: Double
  /// Logarithm of the greatest likelihood, binomial coefficients left out.
  public let logLikelihood: Double

  /// Why there is no fit: the likelihood has no maximum, or one that says nothing about the transition.
  public enum Failure: Error, Equatable, Sendable {
    /// One position divides failures from successes, so the likeliest width is 0 and the slope infinite; the transition is
    /// somewhere in this interval between neighbouring positions.
    case separated(between: Interval)
    /// P does not cross 1/2 within the range of the positions; why, in words.
    case noCrossing(String)
  }

  /// Fits the counts at some positions, in any order.
  ///
  /// Newton's method with step halving on the likelihood of (a, b) in P = 1 / (1 + exp(-a - b x)), which is concave, so a
  /// maximum is the only one. It exists unless the data are separated (Albert and Anderson, Biometrika 71, 1984), which
  /// is tested for first. Checked: equal counts of the three lists, finite positions, 0 <= successes <= trials; positions
  /// without trials are left out. Throws ``Failure``.
  public init(positions: [Double], successes: [Int], trials: [Int]) throws(Failure) {
    precondition(
      positions.count == successes.count && positions.count == trials.count,
      "\(positions.count) positions, \(successes.count) successes, \(trials.count) trials")
    let counts = Counts(positions, successes, trials)
    try counts.requireOverlap()
    self = try counts.fit()
  }

  fileprivate init(
    midpoint: Double, width: Double, midpointStandardError: Double, widthStandardError: Double, logLikelihood: Double
  ) {
    self.midpoint = midpoint
    self.width = width
    self.midpointStandardError = midpointStandardError
    self.widthStandardError = widthStandardError
    self.logLikelihood = logLikelihood
  }

  /// The fitted probability of success at a position.
  public func probability(at position: Double) -> Double { logistic((position - midpoint) / width) }
}

extension LogisticFit.Failure: CustomStringConvertible {
  /// One sentence.
  public var description: String {
    switch self {
    case .separated(let interval):
      "failures and successes are separated: the transition is between \(interval.low) and \(interval.high)"
    case .noCrossing(let reason): reason
    }
  }
}

private func logistic(_ z: Double) -> Double { 1 / (1 + exp(-z)) }

/// log(1 + exp(z)) without overflow.
private func softplus(_ z: Double) -> Double { max(z, 0) + log1p(exp(-abs(z))) }

/// Successes and failures at distinct positions, ascending.
private struct Counts {
  let positions: [Double]
  let successes: [Double]
  let failures: [Double]

  init(_ positions: [Double], _ successes: [Int], _ trials: [Int]) {
    var merged: [Double: (successes: Int, trials: Int)] = [:]
    for (position, (success, trial)) in zip(positions, zip(successes, trials)) where trial != 0 {
      precondition(
        position.isFinite && (0...max(0, trial)).contains(success),
        "\(success) successes in \(trial) trials at \(position)")
      let before = merged[position] ?? (0, 0)
      merged[position] = (before.successes + success, before.trials + trial)
    }
    let sorted = merged.sorted { $0.key < $1.key }
    self.positions = sorted.map(\.key)
    self.successes = sorted.map { Double($0.value.successes) }
    failures = sorted.map { Double($0.value.trials - $0.value.successes) }
  }

  /// Throws unless both outcomes occur on both sides of every position, which is when the likelihood has a maximum.
  func requireOverlap() throws(LogisticFit.Failure) {
    let successful = positions.indices.filter { successes[$0] > 0 }
    let failed = positions.indices.filter { failures[$0] > 0 }
    guard let firstSuccess = successful.first, let lastSuccess = successful.last else {
      throw .noCrossing("no trial succeeded")
    }
    guard let firstFailure = failed.first, let lastFailure = failed.last else {
      throw .noCrossing("no trial failed")
    }
    guard positions.count > 1 else { throw .noCrossing("trials at one position only, \(positions[0])") }
    if lastFailure <= firstSuccess { try throwSeparated(lastFailure, firstSuccess, rising: true) }
    if lastSuccess <= firstFailure { try throwSeparated(lastSuccess, firstFailure, rising: false) }
  }

  /// The transition is between positions `left` and `right`, which may be one position with both outcomes: then on the
  /// side of it where the share of successes says.
  private func throwSeparated(_ left: Int, _ right: Int, rising: Bool) throws(LogisticFit.Failure) {
    guard left == right else { throw .separated(between: Interval(positions[left], positions[right])) }
    let excess = (successes[left] - failures[left]) * (rising ? 1 : -1)
    let neighbour = excess == 0 ? left : excess > 0 ? left - 1 : left + 1
    guard positions.indices.contains(neighbour) else {
      throw .noCrossing("successes and failures together only at the last position, \(positions[left])")
    }
    let ends = [positions[left], positions[neighbour]].sorted()
    throw .separated(between: Interval(ends[0], ends[1]))
  }

  /// Log-likelihood of logit P = a + b x, with its gradient and (negative) Hessian in (a, b).
  private func likelihood(
    _ a: Double, _ b: Double, _ x: [Double]
  ) -> (value: Double, gradient: (Double, Double), information: (aa: Double, ab: Double, bb: Double)) {
    var value = 0.0
    var gradient = (0.0, 0.0)
    var information = (aa: 0.0, ab: 0.0, bb: 0.0)
    for index in x.indices {
      let z = a + b * x[index]
      let p = logistic(z)
      let trials = successes[index] + failures[index]
      value -= successes[index] * softplus(-z) + failures[index] * softplus(z)
      // Not successes - trials * p: that cancels where p is next to 1.
      let residual = successes[index] * logistic(-z) - failures[index] * p
      gradient.0 += residual
      gradient.1 += residual * x[index]
      let weight = trials * p * logistic(-z)
      information.aa += weight
      information.ab += weight * x[index]
      information.bb += weight * x[index] * x[index]
    }
    return (value, gradient, information)
  }

  func fit() throws(LogisticFit.Failure) -> LogisticFit {
    let low = positions[0]
    let high = positions[positions.count - 1]
    // Positions on [-1, 1] make one start and one tolerance do for all units.
    let (centre, scale) = ((low + high) / 2, (high - low) / 2)
    let x = positions.map { ($0 - centre) / scale }
    var (a, b) = (0.0, 0.0)
    var current = likelihood(a, b, x)
    for _ in 0..<200 {
      let (aa, ab, bb) = current.information
      let determinant = aa * bb - ab * ab
      let stepA = (bb * current.gradient.0 - ab * current.gradient.1) / determinant
      let stepB = (aa * current.gradient.1 - ab * current.gradient.0) / determinant
      guard stepA.isFinite && stepB.isFinite else { break }
      var share = 1.0
      var next = likelihood(a + stepA, b + stepB, x)
      while !(next.value >= current.value), share > 1e-10 {
        share /= 2
        next = likelihood(a + share * stepA, b + share * stepB, x)
      }
      // Nothing to gain any more: rounding decides.
      guard next.value >= current.value else { break }
      a += share * stepA
      b += share * stepB
      current = next
      if abs(stepA) + abs(stepB) < 1e-12 * (1 + abs(a) + abs(b)) { break }
    }
    let midpoint = centre - scale * a / b
    let width = scale / b
    guard midpoint >= low, midpoint <= high else {
      throw .noCrossing("the fitted P is 1/2 at \(midpoint), outside the positions \(low) to \(high)")
    }
    // Information in (midpoint, log width), from that in (a, b): z = (x - midpoint) / width.
    var (mm, mw, ww) = (0.0, 0.0, 0.0)
    for index in positions.indices {
      let z = (positions[index] - midpoint) / width
      let weight = (successes[index] + failures[index]) * logistic(z) * logistic(-z)
      mm += weight / (width * width)
      mw += weight * z / width
      ww += weight * z * z
    }
    let determinant = mm * ww - mw * mw
    return LogisticFit(
      midpoint: midpoint, width: width, midpointStandardError: (ww / determinant).squareRoot(),
      widthStandardError: abs(width) * (mm / determinant).squareRoot(), logLikelihood: current.value)
  }
}
