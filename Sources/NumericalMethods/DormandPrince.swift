private import Foundation

/// The explicit Runge–Kutta method of Dormand and Prince, order 5 with an embedded error estimate of order 4, adaptive
/// steps and a continuous solution of order 4.
///
/// Seven stages, the last of which is the first of the next step. Step control with memory (PI), initial step and constants
/// as in Hairer, Nørsett and Wanner, *Solving Ordinary Differential Equations I*, 2nd edition, II.4–II.6 (their DOPRI5).
/// A step is accepted when the root mean square over components of
/// error / (absoluteTolerance + relativeTolerance max(|y before|, |y after|)) is at most 1.
///
/// For non-stiff equations: steps stay below about 3.3 / (greatest rate of decay).
public struct DormandPrince: Sendable {
  /// Allowed error per step relative to the size of a component.
  public let relativeTolerance: Double
  /// Allowed error per step of a component near zero.
  public let absoluteTolerance: Double
  /// Size of the first step to try; nil: chosen from the derivative at the start.
  public let initialStep: Double?
  /// Greatest size of a step.
  public let maximumStep: Double
  /// Greatest number of steps to try, rejected ones included.
  public let maximumStepCount: Int

  /// The method with its tolerances, which are the caller's to choose.
  ///
  /// Checked: tolerances >= 0, not both 0 and the relative one at least 1e-15 or 0; step sizes and step count positive.
  public init(
    relativeTolerance: Double, absoluteTolerance: Double, initialStep: Double? = nil, maximumStep: Double = .infinity,
    maximumStepCount: Int = 1_000_000
  ) {
    precondition(
      relativeTolerance >= 0 && absoluteTolerance >= 0 && max(relativeTolerance, absoluteTolerance) > 0
        && (relativeTolerance == 0 || relativeTolerance >= 1e-15),
      "tolerances: relative \(relativeTolerance), absolute \(absoluteTolerance)")
    precondition(
      (initialStep ?? 1) > 0 && maximumStep > 0 && maximumStepCount > 0,
      "steps: initial \(initialStep ?? .nan), maximum \(maximumStep), count \(maximumStepCount)")
    self.relativeTolerance = relativeTolerance
    self.absoluteTolerance = absoluteTolerance
    self.initialStep = initialStep
    self.maximumStep = maximumStep
    self.maximumStepCount = maximumStepCount
  }

  /// The states at the output times, [output time][component], from the continuous solution: output times do not influence
  /// the steps.
  ///
  /// Checked: output times run from `start` to `end` without turning back. Throws as the form with an observer.
  public func integrate(
    from start: Double, to end: Double, state: [Double], at outputTimes: [Double], derivative: TimeDerivative
  ) throws -> [[Double]] {
    requireOrder(of: outputTimes, from: start, to: end)
    var outputs: [[Double]] = []
    outputs.reserveCapacity(outputTimes.count)
    while outputs.count < outputTimes.count, outputTimes[outputs.count] == start { outputs.append(state) }
    var state = state
    let direction: Double = end >= start ? 1 : -1
    try integrate(from: start, to: end, state: &state, derivative: derivative) { step in
      while outputs.count < outputTimes.count, (step.endTime - outputTimes[outputs.count]) * direction >= 0 {
        outputs.append(step.state(at: outputTimes[outputs.count]))
      }
      return outputs.count == outputTimes.count ? .stop : .proceed
    }
    return outputs
  }

  /// Advances the state from `start` towards `end` (earlier or later) and shows every accepted step, on whose continuous
  /// solution an observer may look for an event and stop; returns the time reached, that of `state`.
  ///
  /// Allocates nothing per step. Throws ``NumericalError/stepSizeUnderflow(time:stepSize:)``,
  /// ``NumericalError/notConverged(method:iterations:residual:)`` (residual: the time still to go) after `maximumStepCount`
  /// steps, ``NumericalError/notFinite(quantity:time:)`` where the derivative is not finite however small the step, and
  /// what the closures throw; the state is then that of the last accepted step.
  @discardableResult public func integrate(
    from start: Double, to end: Double, state: inout [Double], derivative: TimeDerivative,
    onStep: (borrowing Step) throws -> Continuation
  ) throws -> Double {
    guard !state.isEmpty, start != end else { return end }
    var stages = Stages(state)
    defer {
      stages.copyState(to: &state)
      stages.deallocate()
    }
    let direction: Double = end > start ? 1 : -1
    var time = start
    try stages.begin(time, derivative)
    var size = min(try initialStep ?? guessedStep(&stages, time, direction, derivative), maximumStep)
    var previousError = 1e-4
    var rejected = false

    for _ in 0..<maximumStepCount {
      // A last step up to 1 % longer spares a tiny one after it.
      let isLast = abs(end - time) <= min(1.01 * size, maximumStep)
      let step = isLast ? end - time : direction * size
      let error = try stages.attempt(time, step, self, derivative)
      if error <= 1 {
        let reached = isLast ? end : time + step
        let answer = try onStep(stages.step(from: time, to: reached))
        stages.accept()
        if isLast || answer == .stop { return reached }
        time = reached
        let growth = Self.growth(error, previousError)
        size = min(rejected ? min(growth, 1) * abs(step) : growth * abs(step), maximumStep)
        previousError = max(error, 1e-4)
        rejected = false
      } else {
        // A state outside the domain of the derivative: not a number is no measure for the next step.
        size = abs(step) * (error.isFinite ? max(0.2, 0.9 * pow(error, -0.17)) : 0.1)
        rejected = true
        if size < 10 * time.ulp || size < .leastNormalMagnitude {
          throw error.isFinite
            ? NumericalError.stepSizeUnderflow(time: time, stepSize: size)
            : NumericalError.notFinite(quantity: "derivative", time: time)
        }
      }
    }
    throw NumericalError.notConverged(
      method: "Dormand-Prince", iterations: maximumStepCount, residual: abs(end - time))
  }

  /// Factor from an accepted step to the next, in [0.2, 10], from its error and that of the step before.
  private static func growth(_ error: Double, _ previousError: Double) -> Double {
    min(10, max(0.2, 0.9 * pow(error, -0.17) * pow(previousError, 0.04)))
  }

  /// A first step whose error should be a hundredth of the tolerance, from the first two derivatives (Hairer, II.4).
  private func guessedStep(
    _ stages: inout Stages, _ time: Double, _ direction: Double, _ derivative: TimeDerivative
  ) throws -> Double {
    let (stateSize, slopeSize) = stages.scaledSizes(self)
    var guess = stateSize < 1e-5 || slopeSize < 1e-5 ? 1e-6 : 0.01 * stateSize / slopeSize
    guess = min(guess, maximumStep)
    let curvature = try stages.scaledCurvature(time, direction * guess, self, derivative)
    let steepest = max(curvature, slopeSize)
    let next = steepest <= 1e-15 ? max(1e-6, guess * 1e-3) : pow(0.01 / steepest, 0.2)
    return next.isFinite ? min(100 * guess, next) : guess
  }
}

/// Checks that output times lie between the ends in the direction of the integration.
private func requireOrder(of outputTimes: [Double], from start: Double, to end: Double) {
  let direction: Double = end >= start ? 1 : -1
  let all = [start] + outputTimes + [end]
  precondition(
    zip(all, all.dropFirst()).allSatisfy { ($1 - $0) * direction >= 0 },
    "output times \(outputTimes.prefix(4))... do not run from \(start) to \(end)")
}
