/// The classical Runge–Kutta method of order 4 with a fixed step, for equations that are smooth on a known scale.
///
/// Global error proportional to stepSize^4; four evaluations of the derivative a step.
public struct RungeKutta4: Sendable {
  /// The greatest step; an interval is divided into the fewest equal steps that are no longer.
  public let stepSize: Double

  /// The method with the given greatest step.
  ///
  /// Checked: positive and finite.
  public init(stepSize: Double) {
    precondition(stepSize > 0 && stepSize.isFinite, "step size \(stepSize)")
    self.stepSize = stepSize
  }

  /// The states at the output times, [output time][component].
  ///
  /// The intervals between output times are divided separately, so every output time is reached exactly. Checked: output
  /// times run from `start` to `end` without turning back. Throws `notFinite`, and what the derivative throws.
  public func integrate(
    from start: Double, to end: Double, state: [Double], at outputTimes: [Double], derivative: TimeDerivative
  ) throws -> [[Double]] {
    requireOrder(of: outputTimes, from: start, to: end)
    var state = state
    var time = start
    return try outputTimes.map { next in
      time = try integrate(from: time, to: next, state: &state, derivative: derivative) { _, _ in .proceed }
      return state
    }
  }

  /// Advances the state from `start` to `end` (earlier or later) and shows it after every step; returns the time reached.
  ///
  /// Allocates nothing per step. Throws ``NumericalError/notFinite(quantity:time:)`` when the state stops being finite, and
  /// what the closures throw; the state is then the last one shown.
  @discardableResult public func integrate(
    from start: Double, to end: Double, state: inout [Double], derivative: TimeDerivative,
    onStep: (_ time: Double, _ state: UnsafeBufferPointer<Double>) throws -> Continuation
  ) throws -> Double {
    let count = state.count
    // A span that is a whole number of steps but for rounding is divided into that number.
    let stepCount = Int((abs(end - start) / stepSize * (1 - 1e-12)).rounded(.up))
    guard count > 0, stepCount > 0 else { return end }
    let h = (end - start) / Double(stepCount)
    let work = UnsafeMutablePointer<Double>.allocate(capacity: 4 * count)
    defer { work.deallocate() }
    let slope = UnsafeMutableBufferPointer(start: work, count: count)
    let trial = UnsafeMutableBufferPointer(start: work + count, count: count)
    let sum = UnsafeMutableBufferPointer(start: work + 2 * count, count: count)
    let next = UnsafeMutableBufferPointer(start: work + 3 * count, count: count)

    return try state.withUnsafeMutableBufferPointer { state in
      for step in 0..<stepCount {
        let time = start + Double(step) * h
        try derivative(time, UnsafeBufferPointer(state), slope)
        for i in 0..<count {
          sum[i] = slope[i]
          trial[i] = state[i] + h / 2 * slope[i]
        }
        try derivative(time + h / 2, UnsafeBufferPointer(trial), slope)
        for i in 0..<count {
          sum[i] += 2 * slope[i]
          trial[i] = state[i] + h / 2 * slope[i]
        }
        try derivative(time + h / 2, UnsafeBufferPointer(trial), slope)
        for i in 0..<count {
          sum[i] += 2 * slope[i]
          trial[i] = state[i] + h * slope[i]
        }
        try derivative(time + h, UnsafeBufferPointer(trial), slope)
        for i in 0..<count { next[i] = state[i] + h / 6 * (sum[i] + slope[i]) }

        let reached = step + 1 == stepCount ? end : start + Double(step + 1) * h
        guard next.allSatisfy({ $0.isFinite }) else { throw NumericalError.notFinite(quantity: "state", time: reached) }
        for i in 0..<count { state[i] = next[i] }
        if try onStep(reached, UnsafeBufferPointer(state)) == .stop { return reached }
      }
      return end
    }
  }
}

/// Checks that output times lie between the ends in the direction of the integration.
func requireOrder(of outputTimes: [Double], from start: Double, to end: Double) {
  let direction: Double = end >= start ? 1 : -1
  let all = [start] + outputTimes + [end]
  precondition(
    zip(all, all.dropFirst()).allSatisfy { ($1 - $0) * direction >= 0 },
    "output times \(outputTimes.prefix(4))... do not run from \(start) to \(end)")
}
