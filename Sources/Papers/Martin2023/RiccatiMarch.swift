private import Foundation
internal import NumericalMethods

/// The flow in large steps: on each the trace difference tau is frozen, and the rest is a Riccati equation with the exact
/// solution
///
///     kappa_i = (e^((4 mu_i - 2 tau) h) - 1)/(4 mu_i - 2 tau),   M = I + 4 W^T diag(kappa) W = L L^T,
///     W <- diag(e^((2 mu_i - tau) h)) W L^-T   (up to a rotation of the neurons, which Z does not see).
///
/// tau is that at the end of the step (found by a secant iteration), so the method is stable at any h, of order 1, and its
/// fixed points are those of the flow. Why: the stiff trace mode holds explicit steps to 3.3/(2 tr Z), while learning takes
/// t ~ d. Cost per trial of tau: 2 d m^2 + m^3/3 operations; the number of steps does not grow with d. [derived]
package struct RiccatiMarch: Sendable {
  private let levels: [Double]
  private let start: Matrix
  private let dropsTrace: Bool

  /// The flow from a network.
  package init(_ network: Network, dropsTrace: Bool = false) {
    levels = network.teacherEigenvalues
    start = network.weights.transposed
    self.dropsTrace = dropsTrace
  }

  /// The observables at ascending times > 0: the march with `substepCount` and twice as many steps between times,
  /// extrapolated to order 2 (Richardson).
  ///
  /// Throws ``NumericalError``.
  package func states(at times: [Double], substepCount: Int = 1) throws -> [FlowState] {
    let coarse = try marched(times, substepCount: substepCount)
    let fine = try marched(times, substepCount: 2 * substepCount)
    return zip(coarse, fine).map { coarse, fine in
      FlowState(
        time: fine.time, loss: 2 * fine.loss - coarse.loss, overlap: 2 * fine.overlap - coarse.overlap,
        traceDifference: 2 * fine.traceDifference - coarse.traceDifference,
        integratedTrace: 2 * fine.integratedTrace - coarse.integratedTrace)
    }
  }

  /// The march itself, of order 1, with equal substeps between the times (more where e^(4 mu h) would overflow).
  package func marched(_ times: [Double], substepCount: Int = 1) throws -> [FlowState] {
    let teacherTrace = levels.reduce(0, +)
    var weights = start
    var time = 0.0
    var phi = 0.0
    var tau = start.squaredNorm - teacherTrace
    var growth = 0.0
    var slope: Double?
    var states: [FlowState] = []
    for next in times {
      let count = substepCount * max(1, Int((4 * (levels.first ?? 0) * (next - time) / 100).rounded(.up)))
      let h = (next - time) / Double(count)
      for _ in 0..<count where h > 0 {
        let step = try advanced(weights, by: h, guess: tau + growth, slope: &slope, teacherTrace)
        growth = step.tau - tau
        tau = step.tau
        weights = step.weights
        phi += h * tau
      }
      time = next
      states.append(observed(time, weights, phi))
    }
    return states
  }

  /// One step: the weights after it and their tau, from a guess of it and of the slope of the excess below.
  ///
  /// Why the slope is kept from step to step: with it and the extrapolated guess two or three trials do.
  private func advanced(
    _ weights: Matrix, by h: Double, guess: Double, slope: inout Double?, _ teacherTrace: Double
  ) throws -> (weights: Matrix, tau: Double) {
    func trial(_ tau: Double) throws -> (weights: Matrix, excess: Double) {
      let after = try frozen(weights, tau: dropsTrace ? 0 : tau, by: h)
      return (after, after.squaredNorm - teacherTrace - tau)
    }
    var tau = guess
    var old: (tau: Double, excess: Double)?
    for _ in 0..<60 {
      let (after, excess) = try trial(tau)
      if let old, excess != old.excess { slope = (excess - old.excess) / (tau - old.tau) }
      if abs(excess) <= 1e-11 * (1 + abs(tau)) || excess == old?.excess { return (after, tau) }
      old = (tau, excess)
      // The trace falls with tau at about 2 h tr Z per unit in a short step.
      tau -= excess / (slope ?? -(1 + 2 * h))
    }
    throw NumericalError.notConverged(method: "Riccati march", iterations: 60, residual: old?.excess ?? .nan)
  }

  /// The exact flow at frozen tau, on the transpose of W, [neuron, input].
  private func frozen(_ weights: Matrix, tau: Double, by h: Double) throws -> Matrix {
    let neurons = weights.rowCount
    let roots = levels.map { level -> Double in
      let rate = 4 * level - 2 * tau
      return 2 * (abs(rate * h) < 1e-12 ? h : expm1(rate * h) / rate).squareRoot()
    }
    let growths = levels.map { exp((2 * $0 - tau) * h) }
    var bracket = LinearAlgebra.outerGram(scaled(weights, roots))
    for index in 0..<neurons { bracket.values[index * (neurons + 1)] += 1 }
    return try LinearAlgebra.solveTriangular(LinearAlgebra.cholesky(bracket), scaled(weights, growths))
  }

  private func scaled(_ weights: Matrix, _ factors: [Double]) -> Matrix {
    var scaled = weights
    let columnCount = weights.columnCount
    scaled.values.withUnsafeMutableBufferPointer { values in
      factors.withUnsafeBufferPointer { factors in
        for row in 0..<weights.rowCount {
          for column in 0..<columnCount { values[row * columnCount + column] *= factors[column] }
        }
      }
    }
    return scaled
  }

  private func observed(_ time: Double, _ weights: Matrix, _ phi: Double) -> FlowState {
    var inner = 0.0
    for row in 0..<weights.rowCount {
      for column in 0..<weights.columnCount {
        let weight = weights.values[row * weights.columnCount + column]
        inner += levels[column] * weight * weight
      }
    }
    return FlowState(
      time: time, gram: LinearAlgebra.outerGram(weights), inner: inner, teacherEigenvalues: levels, integratedTrace: phi
    )
  }
}
