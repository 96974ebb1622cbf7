import Foundation
import NumericalMethods
import TestSupport
import Testing

/// y' = y cos(t), y(0) = 1: y = exp(sin t), smooth and not autonomous.
private func exponentialOfSine(
  _ time: Double, _ y: UnsafeBufferPointer<Double>, _ slope: UnsafeMutableBufferPointer<Double>
) {
  for i in 0..<y.count { slope[i] = y[i] * cos(time) }
}

/// The Kepler problem in the plane, state (x, y, vx, vy), attraction 1 / r^2.
private func kepler(
  _ time: Double, _ y: UnsafeBufferPointer<Double>, _ slope: UnsafeMutableBufferPointer<Double>
) {
  let r = (y[0] * y[0] + y[1] * y[1]).squareRoot()
  slope[0] = y[2]
  slope[1] = y[3]
  slope[2] = -y[0] / (r * r * r)
  slope[3] = -y[1] / (r * r * r)
}

/// An orbit of eccentricity 0.6 and period 2 pi, from its nearest point.
private let orbit = [0.4, 0, 0, 2.0]

private func energy(_ y: some Collection<Double>) -> Double {
  let y = Array(y)
  return (y[2] * y[2] + y[3] * y[3]) / 2 - 1 / (y[0] * y[0] + y[1] * y[1]).squareRoot()
}

/// Exponent p of error = constant * step^p from errors at steps that halve.
private func measuredOrder(_ errors: [Double]) -> Double {
  let steps = errors.indices.map { -Double($0) * log(2) }
  return Statistics.linearFit(steps, errors.map(log)).slope
}

@Suite struct IntegratorTests {
  /// Steps of one size: tolerances so wide that the greatest step is always taken.
  @Test func dormandPrinceHasOrderFive() throws {
    let errors = try [0.4, 0.2, 0.1, 0.05].map { step in
      let method = DormandPrince(
        relativeTolerance: 1, absoluteTolerance: 1e3, initialStep: step, maximumStep: step)
      let end = try method.integrate(from: 0, to: 3.2, state: [1], at: [3.2], derivative: exponentialOfSine)[0][0]
      return abs(end - exp(sin(3.2)))
    }
    expectClose(measuredOrder(errors), 5, absolute: 0.25)
  }

  /// y' = t^k: both solutions are exact up to k = 3, so that one step does; for k = 4 only the one that is used.
  @Test(arguments: 0...4) func embeddedSolutionHasOrderFour(power: Int) throws {
    let method = DormandPrince(relativeTolerance: 1e-13, absoluteTolerance: 1e-13, initialStep: 1)
    var evaluationCount = 0
    var state = [1.0]
    try method.integrate(
      from: 0, to: 1, state: &state,
      derivative: { time, _, slope in
        evaluationCount += 1
        slope[0] = pow(time, Double(power))
      }, onStep: { _ in .proceed })
    expectClose(state[0], 1 + 1 / Double(power + 1), absolute: 1e-14)
    if power < 4 { #expect(evaluationCount == 7) } else { #expect(evaluationCount > 13) }
  }

  /// The continuous solution within the first step, from an exact start: local error of order 5, that is order 4.
  @Test func continuousSolutionHasOrderFour() throws {
    let errors = try [0.2, 0.1, 0.05, 0.025].map { step in
      let method = DormandPrince(relativeTolerance: 1, absoluteTolerance: 1e3, initialStep: step, maximumStep: step)
      var worst = 0.0
      var state = [exp(sin(1.0))]
      try method.integrate(from: 1, to: 1 + step, state: &state, derivative: exponentialOfSine) { interval in
        for theta in stride(from: 0.1, to: 0.95, by: 0.1) {
          let time = interval.startTime + theta * (interval.endTime - interval.startTime)
          worst = max(worst, abs(interval.component(0, at: time) - exp(sin(time))))
        }
        return .proceed
      }
      return worst
    }
    expectClose(measuredOrder(errors), 5, absolute: 0.3)
  }

  @Test(arguments: [1e-6, 1e-9, 1e-12]) func errorFollowsTheTolerance(tolerance: Double) throws {
    let method = DormandPrince(relativeTolerance: tolerance, absoluteTolerance: tolerance)
    let times = stride(from: 0.0, through: 20, by: 0.37).map { $0 }
    let states = try method.integrate(from: 0, to: 20, state: [1], at: times, derivative: exponentialOfSine)
    expectClose(states.map { $0[0] }, times.map { exp(sin($0)) }, absolute: 100 * tolerance)
  }

  @Test func keplerOrbitClosesAndKeepsItsEnergy() throws {
    let method = DormandPrince(relativeTolerance: 1e-11, absoluteTolerance: 1e-13)
    var state = orbit
    var worst = 0.0
    try method.integrate(from: 0, to: 20 * .pi, state: &state, derivative: kepler) { step in
      worst = max(worst, abs(energy(step.endState) - energy(orbit)))
      return .proceed
    }
    #expect(worst < 1e-8)
    expectClose(state, orbit, absolute: 1e-6)
  }

  @Test func integratingBackReturns() throws {
    let method = DormandPrince(relativeTolerance: 1e-12, absoluteTolerance: 1e-12)
    let there = try method.integrate(from: 0, to: 5, state: orbit, at: [5], derivative: kepler)[0]
    let back = try method.integrate(from: 5, to: 0, state: there, at: [2.5, 0], derivative: kepler)
    expectClose(back[1], orbit, absolute: 1e-9)
  }

  @Test func outputTimesDoNotRestrictTheStep() throws {
    let method = DormandPrince(relativeTolerance: 1e-8, absoluteTolerance: 1e-8)
    func evaluations(_ times: [Double]) throws -> (count: Int, end: [Double]) {
      var count = 0
      let states = try method.integrate(from: 0, to: 10, state: orbit, at: times) { time, y, slope in
        count += 1
        kepler(time, y, slope)
      }
      return (count, states[states.count - 1])
    }
    let few = try evaluations([10])
    let many = try evaluations((0...1000).map { Double($0) / 100 })
    #expect(few.count == many.count)
    #expect(few.end == many.end)
  }

  @Test func outputAtTheStartIsTheStart() throws {
    let method = DormandPrince(relativeTolerance: 1e-8, absoluteTolerance: 1e-8)
    #expect(try method.integrate(from: 1, to: 2, state: orbit, at: [1, 1, 1.5], derivative: kepler)[1] == orbit)
    #expect(try method.integrate(from: 1, to: 1, state: orbit, at: [1, 1], derivative: kepler) == [orbit, orbit])
  }

  /// Passage through the far point after half a period, found on the continuous solution.
  @Test func anEventIsFoundAndStopsTheIntegration() throws {
    let method = DormandPrince(relativeTolerance: 1e-11, absoluteTolerance: 1e-13)
    var state = orbit
    var event = Double.nan
    let reached = try method.integrate(from: 0, to: 100, state: &state, derivative: kepler) { step in
      guard step.startState[1] > 0, step.endState[1] <= 0 else { return .proceed }
      event = try RootFinding.brent(in: Interval(step.startTime, step.endTime), tolerance: 1e-14) {
        step.component(1, at: $0)
      }
      return .stop
    }
    expectClose(event, .pi, absolute: 1e-8)
    #expect(reached >= event && reached < 4)
  }

  @Test func failuresSayWhatFailed() {
    let method = DormandPrince(relativeTolerance: 1e-8, absoluteTolerance: 1e-8)
    // y' = -sign(y) from 1/2 slides along y = 0 from t = 1/2 on, which no step of this accuracy can follow.
    let sliding = DormandPrince(relativeTolerance: 0, absoluteTolerance: 1e-17)
    let stuck = #expect(throws: NumericalError.self) {
      try sliding.integrate(from: 0, to: 2, state: [0.5], at: [2]) { $2[0] = $1[0] > 0 ? -1 : 1 }
    }
    guard case .stepSizeUnderflow(let time, _) = stuck else {
      Issue.record("\(String(describing: stuck)) is no underflow of the step size")
      return
    }
    expectClose(time, 0.5, absolute: 1e-12)
    // y' = y^2 from 1 is infinite at t = 1.
    #expect(throws: NumericalError.self) {
      try method.integrate(from: 0, to: 2, state: [1], at: [2]) { $2[0] = $1[0] * $1[0] }
    }
    let domain = #expect(throws: NumericalError.self) {
      try method.integrate(from: 0, to: 2, state: [1], at: [2]) { $2[0] = $0 > 0.5 ? .nan : 1 }
    }
    guard case .notFinite(_, let edge) = domain else {
      Issue.record("\(String(describing: domain)) is no NaN")
      return
    }
    expectClose(edge, 0.5, absolute: 1e-12)
    let short = DormandPrince(relativeTolerance: 1e-8, absoluteTolerance: 1e-8, maximumStepCount: 3)
    #expect(throws: NumericalError.self) {
      try short.integrate(from: 0, to: 100, state: orbit, at: [100], derivative: kepler)
    }
  }

  @Test func aConstantStateIsNoTrouble() throws {
    let method = DormandPrince(relativeTolerance: 1e-10, absoluteTolerance: 0)
    let states = try method.integrate(from: 0, to: 1e6, state: [0, 3], at: [1e6]) { _, _, slope in
      slope[0] = 0
      slope[1] = 0
    }
    #expect(states == [[0, 3]])
  }
}
