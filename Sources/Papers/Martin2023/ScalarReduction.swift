private import CMartin2023
private import Foundation
package import NumericalMethods

/// The flow of an orthonormal student W(0) = U/sqrt(m) towards an orthonormal teacher Z* = U* U*^T/m*, reduced exactly to
/// three scalars. [derived]
///
/// The overlaps y_i (``Overlaps``) stay the only data of the start: with q = e^(-4t/m*) and
/// r_i = (q + (1-q) y_i)/(q + (rho-q) y_i), S = (1/m) sum r_i,
///
///     (ln c)' = 2 - c (2 S + 4/m),   rho' = (4/m) c (1 - rho) - (4/m*) rho,   phi' = c S - 1 = tr(Z - Z*),
///
/// c(0) = rho(0) = 1, phi(0) = 0. In terms of the Riccati solution c = e^(-2 phi)/F, rho = q G/F, F = 1 + (4/m) int e^(-2 phi),
/// G = 1 + (4/m) int e^(-2 phi + 4s/m*). Nothing overflows and the risk has no cancellation. O(m) per right-hand side.
package struct ScalarReduction: Sendable {
  /// The state of the flow.
  package struct State: Sendable {
    /// Time t.
    package let time: Double
    /// ln c.
    package let logarithmOfC: Double
    /// rho.
    package let rho: Double
    /// phi.
    package let integratedTrace: Double

    /// The start: c = rho = 1, phi = 0.
    package static let start = State(time: 0, logarithmOfC: 0, rho: 1, integratedTrace: 0)

    private init(time: Double, logarithmOfC: Double, rho: Double, integratedTrace: Double) {
      self.time = time
      self.logarithmOfC = logarithmOfC
      self.rho = rho
      self.integratedTrace = integratedTrace
    }

    /// The state at a time within a step of ``follow(to:relativeTolerance:absoluteTolerance:onStep:)``.
    package init(_ step: borrowing DormandPrince.Step, at time: Double) {
      self.time = time
      logarithmOfC = step.component(0, at: time)
      rho = step.component(1, at: time)
      integratedTrace = step.component(2, at: time)
    }
  }

  /// What is measured along the flow.
  package struct Observables: Sendable {
    /// L.
    package let loss: Double
    /// chi.
    package let overlap: Double
    /// tr(Z - Z*).
    package let traceDifference: Double
    /// phi.
    package let integratedTrace: Double
  }

  private let overlaps: Overlaps
  /// m.
  package let studentWidth: Int
  /// m*.
  package let teacherWidth: Int
  /// 0 leaves the trace term out of the flow, a deliberate mistake.
  private let traceFactor: Double
  /// 4, the factor of c/m in the decay of c; 2 is a deliberate mistake.
  private let decay: Double
  // The interior overlaps padded with ones to whole groups of thirty-two.
  private let padded: [Double]
  private let paddingCount: Int

  /// The flow from given overlaps.
  package init(_ overlaps: Overlaps, teacherWidth: Int, dropsTrace: Bool = false, halvesDecay: Bool = false) {
    self.overlaps = overlaps
    self.teacherWidth = teacherWidth
    studentWidth = overlaps.zeroCount + overlaps.interior.count + overlaps.oneCount
    traceFactor = dropsTrace ? 0 : 1
    decay = halvesDecay ? 2 : 4
    paddingCount = (32 - overlaps.interior.count % 32) % 32
    padded = overlaps.interior + Array(repeating: 1, count: paddingCount)
  }

  /// The states at ascending times >= 0.
  ///
  /// Throws ``NumericalError``.
  package func states(
    at times: [Double], relativeTolerance: Double = 1e-8, absoluteTolerance: Double = 1e-12
  ) throws -> [State] {
    var states: [State] = []
    states.reserveCapacity(times.count)
    while states.count < times.count, times[states.count] == 0 { states.append(.start) }
    try follow(to: times.last ?? 0, relativeTolerance: relativeTolerance, absoluteTolerance: absoluteTolerance) {
      step in
      while states.count < times.count, times[states.count] <= step.endTime {
        states.append(State(step, at: times[states.count]))
      }
      return .proceed
    }
    return states
  }

  /// Follows the flow from t = 0 and shows every step.
  ///
  /// Throws ``NumericalError``.
  package func follow(
    to end: Double, relativeTolerance: Double = 1e-8, absoluteTolerance: Double = 1e-12,
    onStep: (borrowing DormandPrince.Step) throws -> Continuation
  ) throws {
    let method = DormandPrince(relativeTolerance: relativeTolerance, absoluteTolerance: absoluteTolerance)
    var state = [0.0, 1.0, 0.0]
    _ = try method.integrate(
      from: 0, to: end, state: &state,
      derivative: { time, state, derivative in
        let (m, mStar) = (Double(studentWidth), Double(teacherWidth))
        let c = exp(state[0])
        let rho = state[1]
        let mean = meanRatio(exp(-4 * time / mStar), rho)
        derivative[0] = -2 * traceFactor * (c * mean - 1) - decay * c / m
        derivative[1] = 4 / m * c * (1 - rho) - 4 / mStar * rho
        derivative[2] = c * mean - 1
      }, onStep: onStep)
  }

  /// S = (1/m) sum r_i. Denominators are at least rho times the smallest overlap (about 1/d^2), so that the product of
  /// four that is divided by is far from underflow.
  private func meanRatio(_ q: Double, _ rho: Double) -> Double {
    var sum = Double(overlaps.zeroCount) + Double(overlaps.oneCount) / rho
    if q == 0 {
      // r_i = 1/rho for every y_i > 0.
      return (sum + Double(overlaps.interior.count) / rho) / Double(studentWidth)
    }
    // Padding has y = 1, hence r = 1/rho.
    sum += cm_sum_of_ratios(padded, padded.count, q, rho) - Double(paddingCount) / rho
    return sum / Double(studentWidth)
  }

  /// The observables of a state.
  ///
  /// Z has the 2 x 2 blocks of the principal angles: a_i = (c/m) y_i/(q + (rho-q) y_i) within the teacher's span,
  /// b_i = (c/m) (1-y_i) q/(q + (rho-q) y_i) outside;
  /// |Z - Z*|^2 = sum (a_i - 1/m*)^2 + sum (2 a_i b_i + b_i^2) + max(m*-m, 0)/m*^2.
  package func observables(_ state: State) -> Observables {
    let (m, mStar) = (Double(studentWidth), Double(teacherWidth))
    let scale = exp(state.logarithmOfC) / m
    let rho = state.rho
    let q = exp(-4 * state.time / mStar)
    // Students without teacher: a = 0 and b = c/m, also where q has underflowed.
    var trace = Double(overlaps.zeroCount) * scale
    var norm = trace * scale
    var inner = 0.0
    var distance = norm + Double(max(teacherWidth - studentWidth, 0)) / (mStar * mStar)
    func add(_ a: Double, _ b: Double, count: Double = 1) {
      trace += count * (a + b)
      norm += count * (a + b) * (a + b)
      inner += count * a
      distance += count * ((a - 1 / mStar) * (a - 1 / mStar) + 2 * a * b + b * b)
    }
    for y in overlaps.interior {
      let inverse = 1 / (q + (rho - q) * y)
      add(scale * y * inverse, scale * (1 - y) * q * inverse)
    }
    if overlaps.oneCount > 0 { add(scale / rho, 0, count: Double(overlaps.oneCount)) }
    let difference = trace - 1
    return Observables(
      loss: distance / 2 + difference * difference / 4, overlap: inner / (mStar * norm).squareRoot(),
      traceDifference: difference, integratedTrace: state.integratedTrace)
  }

  /// phi less its expression 1/4 log det M - t through the other two scalars: zero but for the integration. [the paper's
  /// implicit equation (12)]
  package func conservedResidual(_ state: State) -> Double {
    let mStar = Double(teacherWidth)
    let q = exp(-4 * state.time / mStar)
    var sum = -Double(studentWidth) * (2 * state.integratedTrace + state.logarithmOfC)
    sum += overlaps.interior.reduce(0) { $0 + log(q + (state.rho - q) * $1) }
    sum += Double(overlaps.oneCount) * log(state.rho)
    let learnt = Double(overlaps.interior.count + overlaps.oneCount) / mStar
    return state.integratedTrace - (sum / 4 + (learnt - 1) * state.time)
  }
}
