/// Zeros and minima of functions of one variable on an interval.
///
/// All take a finite interval and a tolerance, which has no default: the result is within `tolerance` plus four units of
/// rounding of a point with the property (a sign change, a local minimum).
public enum RootFinding {
  /// A zero by Brent's method: interpolation where it helps, bisection where it does not.
  ///
  /// Source: Brent, *Algorithms for Minimization without Derivatives*, 1973, chapter 4 (`zero`). Superlinear for smooth
  /// functions, never more than about the square of the bisection count. Throws
  /// ``NumericalError/notBracketed(lower:upper:valueAtLower:valueAtUpper:)`` unless the function has opposite signs (or a
  /// zero) at the ends, `undefined` where it is NaN, `notConverged`, and what the function throws.
  public static func brent(
    in interval: Interval, tolerance: Double, maximumIterationCount: Int = 200, _ function: (Double) throws -> Double
  ) throws -> Double {
    func evaluate(_ x: Double) throws -> Double { try checked(function(x), at: x) }
    var (a, b) = (interval.low, interval.high)
    var (valueA, valueB) = try valuesAtEnds(of: interval, tolerance, evaluate)
    // b is the best point, a the one before it, c the other end of the bracket.
    var (c, valueC) = (a, valueA)
    var step = b - a
    var previousStep = step
    for _ in 0..<maximumIterationCount {
      if (valueB > 0) == (valueC > 0) {
        (c, valueC) = (a, valueA)
        step = b - a
        previousStep = step
      }
      if abs(valueC) < abs(valueB) {
        (a, valueA) = (b, valueB)
        (b, valueB) = (c, valueC)
        (c, valueC) = (a, valueA)
      }
      let margin = 2 * b.ulp + tolerance / 2
      let half = (c - b) / 2
      if abs(half) <= margin || valueB == 0 { return b }
      if let interpolated = interpolatedStep(a, valueA, b, valueB, valueC, half), abs(previousStep) >= margin,
        abs(valueA) > abs(valueB),
        2 * abs(interpolated) < min(3 * abs(half) - margin, abs(previousStep))
      {
        previousStep = step
        step = interpolated
      } else {
        step = half
        previousStep = half
      }
      (a, valueA) = (b, valueB)
      b += abs(step) > margin ? step : (half > 0 ? margin : -margin)
      valueB = try evaluate(b)
    }
    throw NumericalError.notConverged(method: "Brent", iterations: maximumIterationCount, residual: abs(c - b))
  }

  /// The step from b towards the zero of the secant, or of the inverse parabola when three points are known; nil when it
  /// leads out of the bracket.
  private static func interpolatedStep(
    _ a: Double, _ valueA: Double, _ b: Double, _ valueB: Double, _ valueC: Double, _ half: Double
  ) -> Double? {
    let s = valueB / valueA
    var p: Double
    var q: Double
    if valueA == valueC {
      p = 2 * half * s
      q = 1 - s
    } else {
      let t = valueA / valueC
      let r = valueB / valueC
      p = s * (2 * half * t * (t - r) - (b - a) * (r - 1))
      q = (t - 1) * (r - 1) * (s - 1)
    }
    if p > 0 { q = -q } else { p = -p }
    // p >= 0 now, so that p / q points towards c exactly when q and half have the same sign.
    return q != 0 && (q > 0) == (half > 0) ? p / q : nil
  }

  /// A zero by halving the bracket: slow and unable to fail, for functions with jumps (the jump is then the zero).
  ///
  /// Throws as ``brent(in:tolerance:maximumIterationCount:_:)``.
  public static func bisection(
    in interval: Interval, tolerance: Double, _ function: (Double) throws -> Double
  ) throws -> Double {
    func evaluate(_ x: Double) throws -> Double { try checked(function(x), at: x) }
    var (low, high) = (interval.low, interval.high)
    let (valueLow, valueHigh) = try valuesAtEnds(of: interval, tolerance, evaluate)
    if valueLow == 0 { return low }
    if valueHigh == 0 { return high }
    while high - low > tolerance {
      let middle = low + (high - low) / 2
      guard middle > low, middle < high else { break }
      let value = try evaluate(middle)
      if value == 0 { return middle }
      if (value > 0) == (valueLow > 0) { low = middle } else { high = middle }
    }
    return low + (high - low) / 2
  }

  /// A zero by Newton's method kept inside a shrinking bracket: where a step would leave the bracket or not halve the last
  /// one but one, the bracket is halved instead.
  ///
  /// The function gives its value and its derivative. Throws as ``brent(in:tolerance:maximumIterationCount:_:)``.
  public static func newton(
    in interval: Interval, tolerance: Double, maximumIterationCount: Int = 200,
    _ function: (Double) throws -> (value: Double, derivative: Double)
  ) throws -> Double {
    let (valueLow, valueHigh) = try valuesAtEnds(of: interval, tolerance) { try checked(function($0).value, at: $0) }
    if valueLow == 0 { return interval.low }
    if valueHigh == 0 { return interval.high }
    // The ends by the sign of the function.
    var (below, above) = valueLow < 0 ? (interval.low, interval.high) : (interval.high, interval.low)
    var x = interval.low + (interval.high - interval.low) / 2
    var previousStep = abs(interval.high - interval.low)
    for _ in 0..<maximumIterationCount {
      let (value, derivative) = try function(x)
      _ = try checked(value, at: x)
      if value == 0 { return x }
      if value < 0 { below = x } else { above = x }
      let newton = x - value / derivative
      let inside = newton > min(below, above) && newton < max(below, above)
      let next = inside && 2 * abs(newton - x) <= previousStep ? newton : below + (above - below) / 2
      previousStep = abs(next - x)
      x = next
      if previousStep <= tolerance + 4 * x.ulp { return x }
    }
    throw NumericalError.notConverged(method: "Newton", iterations: maximumIterationCount, residual: abs(above - below))
  }

  /// An interval with a sign change, found by growing the given one on the side where the function is smaller in size, by
  /// the golden ratio each time.
  ///
  /// Throws ``NumericalError/notBracketed(lower:upper:valueAtLower:valueAtUpper:)`` with the last ends after `growthCount`
  /// attempts or at the limits.
  public static func bracket(
    startingFrom interval: Interval, within limits: Interval = .everything, growthCount: Int = 60,
    _ function: (Double) throws -> Double
  ) throws -> Interval {
    var (low, high) = (interval.low, interval.high)
    var (valueLow, valueHigh) = (try checked(function(low), at: low), try checked(function(high), at: high))
    for _ in 0..<growthCount where (valueLow > 0) == (valueHigh > 0) && valueLow != 0 && valueHigh != 0 {
      let growth = 1.618_033_988_749_895 * (high - low)
      let lowFirst = high >= limits.high || (low > limits.low && abs(valueLow) < abs(valueHigh))
      if lowFirst {
        low = max(limits.low, low - growth)
        valueLow = try checked(function(low), at: low)
      } else {
        high = min(limits.high, high + growth)
        valueHigh = try checked(function(high), at: high)
      }
      if low == limits.low && high == limits.high { break }
    }
    guard (valueLow > 0) != (valueHigh > 0) || valueLow == 0 || valueHigh == 0 else {
      throw NumericalError.notBracketed(lower: low, upper: high, valueAtLower: valueLow, valueAtUpper: valueHigh)
    }
    return Interval(low, high)
  }

  private static func checked(_ value: Double, at point: Double) throws -> Double {
    if value.isNaN { throw NumericalError.undefined("the function is not a number at \(point)") }
    return value
  }

  private static func valuesAtEnds(
    of interval: Interval, _ tolerance: Double, _ function: (Double) throws -> Double
  ) throws -> (Double, Double) {
    precondition(
      interval.low.isFinite && interval.high.isFinite && tolerance >= 0,
      "zero on [\(interval.low), \(interval.high)], tolerance \(tolerance)")
    let (low, high) = (try function(interval.low), try function(interval.high))
    guard (low > 0) != (high > 0) || low == 0 || high == 0 else {
      throw NumericalError.notBracketed(
        lower: interval.low, upper: interval.high, valueAtLower: low, valueAtUpper: high)
    }
    return (low, high)
  }
}
