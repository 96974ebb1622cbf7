private import Foundation
package import NumericalMethods

/// A minimum of the regularised loss by L-BFGS, with an exact line search where its own step is not good enough.
///
/// Minimises Phi(W) = (d/4n) |r|^2 + lambda |W|_F^2 with r = S svec(W W^T) - y, that is d times the regularised loss, whose
/// gradient is (F + 2 lambda) W. Along W + s D the residual is r + s u + s^2 v, so Phi is a quartic in s and its first
/// minimum is a root of a cubic. With lambda > 0 and kappa >= kappa_min the end is that of the gradient flow (measured);
/// below kappa_min there are several local minima and the flow may choose another.
package struct RegularizedDescent: Sendable {
  /// Correction pairs kept.
  package var memory = 20
  /// Ends when the gradient has fallen to this times its first norm.
  package var tolerance = 1e-7
  /// Throws after so many iterations.
  package var maximumIterationCount = 4000
  /// A quasi-Newton step is taken as it is if the slope along it falls to this share.
  package var acceptedSlope = 0.9

  package init(tolerance: Double = 1e-7, maximumIterationCount: Int = 4000) {
    self.tolerance = tolerance
    self.maximumIterationCount = maximumIterationCount
  }

  /// How a descent ended.
  package struct Outcome: Sendable {
    /// W [d, m].
    package let weights: Matrix
    /// Iterations used.
    package let iterationCount: Int
    /// Norm of the gradient over its first norm.
    package let relativeGradient: Double
  }

  /// Position, S^T r, |r|^2/... and gradient.
  private struct State {
    var weights: Matrix
    /// S^T (S svec Z - y).
    var force: [Double]
    var gradient: [Double]
  }

  /// Runs from a start.
  ///
  /// An iteration costs S^T S times one vector where the quasi-Newton step itself is good: where the slope along D
  /// falls to `acceptedSlope`. Else a second product separates the terms of the quartic, whose first minimum is then
  /// taken. Throws ``NumericalError/notConverged(method:iterations:residual:)``.
  package func minimise(
    _ instance: Instance, from start: Matrix, regularization lambda: Double, data: NormalOperator
  ) throws -> Outcome {
    let d = instance.size.inputDimension
    let scale = Double(d) / Double(instance.size.sampleCount)
    var forceMatrix = Matrix(rowCount: d, columnCount: d)
    func force(_ weights: Matrix) -> [Double] {
      var force = data.multiply([Instance.vector(of: LinearAlgebra.outerGram(weights))])[0]
      LinearAlgebra.add(-1, times: data.projectedLabels, to: &force)
      return force
    }
    func gradient(_ weights: Matrix, _ force: [Double]) -> [Double] {
      Instance.write(force[...], times: scale, into: &forceMatrix)
      var gradient = LinearAlgebra.multiply(forceMatrix, weights).values
      LinearAlgebra.add(2 * lambda, times: weights.values, to: &gradient)
      return gradient
    }
    let firstForce = force(start)
    var state = State(weights: start, force: firstForce, gradient: gradient(start, firstForce))
    let firstNorm = LinearAlgebra.norm(state.gradient)
    guard firstNorm > 0 else { return Outcome(weights: start, iterationCount: 0, relativeGradient: 0) }
    var pairs: [(step: [Double], change: [Double], inverse: Double)] = []
    var norm = firstNorm
    for iteration in 1...maximumIterationCount {
      var direction = quasiNewton(state.gradient, pairs)
      var slope = LinearAlgebra.dot(direction, state.gradient)
      if slope >= 0 {
        direction = state.gradient.map { -0.01 * $0 }
        slope = LinearAlgebra.dot(direction, state.gradient)
        pairs = []
      }
      var next = state
      LinearAlgebra.add(1, times: direction, to: &next.weights.values)
      next.force = force(next.weights)
      next.gradient = gradient(next.weights, next.force)
      var s = 1.0
      if abs(LinearAlgebra.dot(direction, next.gradient)) > acceptedSlope * abs(slope) {
        guard let best = try firstMinimum(state, along: direction, to: next, lambda: lambda, scale: scale, data: data)
        else { break }
        s = best.step
        next = state
        LinearAlgebra.add(s, times: direction, to: &next.weights.values)
        next.force = best.force
        next.gradient = gradient(next.weights, next.force)
      }
      let step = direction.map { s * $0 }
      var change = next.gradient
      LinearAlgebra.add(-1, times: state.gradient, to: &change)
      let curvature = LinearAlgebra.dot(step, change)
      if curvature > 1e-14 * LinearAlgebra.norm(step) * LinearAlgebra.norm(change) {
        pairs.append((step, change, 1 / curvature))
        if pairs.count > memory { pairs.removeFirst() }
      }
      state = next
      norm = LinearAlgebra.norm(state.gradient)
      if norm < tolerance * firstNorm {
        return Outcome(weights: state.weights, iterationCount: iteration, relativeGradient: norm / firstNorm)
      }
    }
    throw NumericalError.notConverged(
      method: "L-BFGS", iterations: maximumIterationCount, residual: norm / firstNorm)
  }

  /// The first minimum of Phi(W + s D), s > 0, and S^T r there, given S^T r at s = 0 and at s = 1. Nil where Phi does not
  /// rise again.
  ///
  /// S^T r is a quadratic in s: S^T r(0) + s S^T u + s^2 S^T v with v = S svec(D D^T), so one product gives all of it.
  private func firstMinimum(
    _ state: State, along direction: [Double], to unit: State, lambda: Double, scale: Double, data: NormalOperator
  ) throws -> (step: Double, force: [Double])? {
    let search = Matrix(
      rowCount: state.weights.rowCount, columnCount: state.weights.columnCount, values: direction)
    let cross = LinearAlgebra.multiply(search, state.weights, transposingSecond: true)
    let linear = Instance.vector(of: cross + cross.transposed)
    let quadratic = Instance.vector(of: LinearAlgebra.outerGram(search))
    let second = data.multiply([quadratic])[0]
    var first = unit.force
    LinearAlgebra.add(-1, times: state.force, to: &first)
    LinearAlgebra.add(-1, times: second, to: &first)
    // |r + s u + s^2 v|^2 through S^T S: u.u, u.v, v.v, r.u, r.v.
    let uu = LinearAlgebra.dot(linear, first)
    let uv = LinearAlgebra.dot(linear, second)
    let vv = LinearAlgebra.dot(quadratic, second)
    let ru = LinearAlgebra.dot(state.force, linear)
    let rv = LinearAlgebra.dot(state.force, quadratic)
    let dd = LinearAlgebra.dot(direction, direction)
    let wd = LinearAlgebra.dot(state.weights.values, direction)
    // Derivative of the quartic, ascending powers of s.
    let k = scale / 4
    let slope = [
      2 * k * ru + 2 * lambda * wd, 2 * (k * (uu + 2 * rv) + lambda * dd), 6 * k * uv, 4 * k * vv,
    ]
    guard let s = try Self.firstPositiveRoot(slope) else { return nil }
    var force = state.force
    LinearAlgebra.add(s, times: first, to: &force)
    LinearAlgebra.add(s * s, times: second, to: &force)
    return (s, force)
  }

  /// The two-loop recursion: minus the approximate inverse Hessian times the gradient.
  private func quasiNewton(
    _ gradient: [Double], _ pairs: [(step: [Double], change: [Double], inverse: Double)]
  ) -> [Double] {
    var q = gradient
    var factors: [Double] = []
    for pair in pairs.reversed() {
      let factor = pair.inverse * LinearAlgebra.dot(pair.step, q)
      factors.append(factor)
      LinearAlgebra.add(-factor, times: pair.change, to: &q)
    }
    let first = pairs.last.map { 1 / ($0.inverse * LinearAlgebra.dot($0.change, $0.change)) } ?? 0.01
    for index in q.indices { q[index] *= first }
    for (pair, factor) in zip(pairs, factors.reversed()) {
      let back = pair.inverse * LinearAlgebra.dot(pair.change, q)
      LinearAlgebra.add(factor - back, times: pair.step, to: &q)
    }
    return q.map { -$0 }
  }

  /// Smallest positive root of a cubic c[0] + c[1] s + c[2] s^2 + c[3] s^3 with c[0] < 0 and c[3] >= 0: between turning
  /// points the cubic is monotone, so the first sign change is found by bracketing. Nil where there is none.
  package static func firstPositiveRoot(_ c: [Double]) throws -> Double? {
    func value(_ s: Double) -> Double { ((c[3] * s + c[2]) * s + c[1]) * s + c[0] }
    guard c[0] < 0 else { return nil }
    // Turning points: zeros of 3 c3 s^2 + 2 c2 s + c1.
    var turns: [Double] = []
    let discriminant = c[2] * c[2] - 3 * c[3] * c[1]
    if c[3] > 0, discriminant > 0 {
      let root = discriminant.squareRoot()
      let q = -(c[2] + (c[2] >= 0 ? root : -root))
      turns = [q / (3 * c[3]), q == 0 ? 0 : c[1] / q].filter { $0 > 0 && $0.isFinite }.sorted()
    }
    var low = 0.0
    for turn in turns {
      if value(turn) >= 0 { return try root(Interval(low, turn), value) }
      low = turn
    }
    var high = max(2 * low, 1e-3)
    for _ in 0..<200 {
      if value(high) >= 0 { return try root(Interval(low, high), value) }
      high *= 2
    }
    return nil
  }

  private static func root(_ interval: Interval, _ function: (Double) -> Double) throws -> Double {
    try RootFinding.brent(in: interval, tolerance: 0, function)
  }
}
