/// Minima of functions of one variable.
extension RootFinding {
  /// A local minimum inside an interval by Brent's method: parabolas where they help, golden sections where they do not.
  ///
  /// The minimum when the function has only one. Source: Brent, *Algorithms for Minimization without Derivatives*, 1973,
  /// chapter 5 (`localmin`). A minimum is flat: a `tolerance` below about 1e-8 times the width of the valley is not
  /// reached, only paid for. Throws `undefined` where the function is NaN, `notConverged`, and what the function throws.
  public static func minimum(
    in interval: Interval, tolerance: Double, maximumIterationCount: Int = 500, _ function: (Double) throws -> Double
  ) throws -> (argument: Double, value: Double) {
    precondition(
      interval.low.isFinite && interval.high.isFinite && tolerance > 0,
      "minimum on [\(interval.low), \(interval.high)], tolerance \(tolerance)")
    func evaluate(_ x: Double) throws -> Double {
      let value = try function(x)
      if value.isNaN { throw NumericalError.undefined("the function is not a number at \(x)") }
      return value
    }
    let golden = 0.381_966_011_250_105_1
    var (low, high) = (interval.low, interval.high)
    // x: the best point; w: the second best; v: the second best before.
    var x = low + golden * (high - low)
    var valueX = try evaluate(x)
    var (w, valueW) = (x, valueX)
    var (v, valueV) = (x, valueX)
    var step = 0.0
    var previousStep = 0.0
    for _ in 0..<maximumIterationCount {
      let middle = low + (high - low) / 2
      let margin = tolerance / 3 + 2 * x.ulp
      if abs(x - middle) <= 2 * margin - (high - low) / 2 { return (x, valueX) }

      var parabola: Double?
      if abs(previousStep) > margin {
        let r = (x - w) * (valueX - valueV)
        let q = (x - v) * (valueX - valueW)
        let p = (x - v) * q - (x - w) * r
        let denominator = 2 * (q - r)
        let candidate = -p / denominator
        if denominator != 0, abs(candidate) < abs(previousStep) / 2, x + candidate > low, x + candidate < high {
          parabola = candidate
        }
      }
      if let candidate = parabola {
        previousStep = step
        let point = x + candidate
        // Never evaluate next to an end of the bracket.
        step = point - low < 2 * margin || high - point < 2 * margin ? (x < middle ? margin : -margin) : candidate
      } else {
        previousStep = x < middle ? high - x : low - x
        step = golden * previousStep
      }
      let u = x + (abs(step) >= margin ? step : (step > 0 ? margin : -margin))
      let valueU = try evaluate(u)

      if valueU <= valueX {
        if u < x { high = x } else { low = x }
        (v, valueV) = (w, valueW)
        (w, valueW) = (x, valueX)
        (x, valueX) = (u, valueU)
      } else {
        if u < x { low = u } else { high = u }
        if valueU <= valueW || w == x {
          (v, valueV) = (w, valueW)
          (w, valueW) = (u, valueU)
        } else if valueU <= valueV || v == x || v == w {
          (v, valueV) = (u, valueU)
        }
      }
    }
    throw NumericalError.notConverged(method: "minimum", iterations: maximumIterationCount, residual: high - low)
  }
}
