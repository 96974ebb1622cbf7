private import Foundation
internal import NumericalMethods

/// The flow in large steps. Given phi, the integral of tr(Z - Z*), it is a Riccati equation with the exact solution
///
///     kappa_i(t) = int_0^t e^(4 mu_i s - 2 phi(s)) ds,   M = I + 4 W^T diag(kappa) W = L L^T,
///     W(t) = diag(e^(2 mu_i t - phi(t))) W L^-T   (up to a rotation of the neurons, which Z does not see).
///
/// The derivative of log det M is 4 tr Z, so that phi solves one scalar equation:
///
///     phi(t) + t tr Z* = (log det M(t))/4.
///
/// A step takes e^(-2 (phi - tau t)), tau = tr(Z - Z*) at its start, for a polynomial of degree 5 that makes the equation hold
/// at Radau's six points, of which the last is the step's end (collocation). Its integrals with e^((4 mu_i - 2 tau) s) are
/// exact. Newton's method finds it: d(log det M)/4 = sum_i |Y_i|^2 d kappa_i, Y = W L^-T. The method is of order 11 at the ends
/// of steps and 6 between, damps the stiff trace mode at any step, and its fixed points are those of the flow. Why: that
/// mode holds explicit steps to 3.3/(2 tr Z), while learning takes t ~ d.
///
/// The start of the step is not among the points: phi is 0 there, and what the polynomial makes of it measures its error. A
/// step is accepted if that is at most relativeTolerance, a relative error of the weights. Steps do not depend on the times
/// that are reported. Over a whole flow phi is within relativeTolerance (1 + |phi|), the overlap within relativeTolerance
/// and the root of the risk L, which is a norm of Z - Z*, within relativeTolerance (tr Z* + root). Where there is more than
/// the trace to learn, L is within 3 relativeTolerance of itself and (relativeTolerance tr Z*)^2. Cost per point and
/// iteration: 2 d m^2 + m^3/3 operations, about 13 of them a step; the number of steps grows with the logarithm of time.
/// [derived]
package struct RiccatiMarch: Sendable {
  /// Tolerances that the march accepts; below, the rounding of phi is seen.
  package static let relativeTolerances = 1e-10...1e-3

  private let levels: [Double]
  private let teacherTrace: Double
  private let start: Matrix
  private let relativeTolerance: Double
  private let dropsTrace: Bool
  /// 4, the factor in M; 2 is a deliberate mistake.
  private let bracketFactor: Double

  /// The flow from a network, its teacher's eigenvalues descending. Checked: the tolerance is one of ``relativeTolerances``.
  package init(
    _ network: Network, relativeTolerance: Double = 1e-7, dropsTrace: Bool = false, halvesBracket: Bool = false
  ) {
    precondition(Self.relativeTolerances.contains(relativeTolerance), "relative tolerance \(relativeTolerance)")
    levels = network.teacherEigenvalues
    teacherTrace = levels.reduce(0, +)
    start = network.weights
    self.relativeTolerance = relativeTolerance
    self.dropsTrace = dropsTrace
    bracketFactor = halvesBracket ? 2 : 4
  }

  /// The observables at ascending times >= 0.
  ///
  /// Throws ``NumericalError/stepSizeUnderflow(time:stepSize:)`` where no step is short enough, and what LAPACK does.
  package func states(at times: [Double]) throws -> [FlowState] {
    var point = try firstPoint()
    var states = times.prefix { $0 == 0 }.map { _ in state(point, at: 0) }
    var time = 0.0
    var size = 0.3 / (2 * start.squaredNorm + 4 * (levels.first ?? 0) + abs(point.tau))
    var last: Step?
    while states.count < times.count {
      let allowed = min(size, longest(from: point))
      let step = step(from: point, by: allowed, after: last)
      guard let step, step.error <= 1, let end = self.point(of: step, at: step.size) else {
        size = allowed * (step.map { max(0.2, 0.8 * pow($0.error, -1.0 / 6)) } ?? 0.25)
        // Also where the weights or the start are not numbers.
        guard size > 10 * max(time, 1e-6).ulp else {
          throw NumericalError.stepSizeUnderflow(time: time, stepSize: size)
        }
        continue
      }
      while states.count < times.count, times[states.count] <= time + step.size {
        let next = times[states.count]
        guard let between = self.point(of: step, at: next - time) else {
          throw NumericalError.notFinite(quantity: "the weights", time: next)
        }
        states.append(state(between, at: next))
      }
      point = end
      time += step.size
      last = step
      size = step.size * min(5, 0.85 * pow(max(step.error, 1e-10), -1.0 / 6))
    }
    return states
  }

  /// Where the flow is after equal steps whose error nobody controls, for tests of the order; nil where one is too long.
  package func state(at time: Double, afterEqualSteps count: Int) throws -> FlowState? {
    var point = try firstPoint()
    for _ in 0..<count {
      guard let step = step(from: point, by: time / Double(count), after: nil),
        let end = self.point(of: step, at: step.size)
      else { return nil }
      point = end
    }
    return state(point, at: time)
  }

  // MARK: Points of the flow

  /// Where the flow is: W^T [neuron, input], phi, and tau = tr(Z - Z*).
  private struct Point {
    var weights: Matrix
    var phi: Double
    var tau: Double
  }

  /// The start, its neurons rotated so that the strongest teacher direction acts on the last of them alone, the next on the
  /// last two, and so on, which the flow keeps; directions that no neuron sees are passed over.
  ///
  /// Why: M is then graded, and Cholesky's method exact for each direction, although over a long step they grow by factors
  /// whose ratio exceeds 1/rounding.
  private func firstPoint() throws -> Point {
    let isSeen = (0..<start.rowCount).map { row in start.row(row).contains { $0 != 0 } }
    let order = levels.indices.filter { isSeen[$0] } + levels.indices.filter { !isSeen[$0] }
    let sorted = Matrix(rowCount: start.columnCount, columnCount: start.rowCount) { start[order[$1], $0] }
    let rotated = try LinearAlgebra.qr(sorted).r
    var weights = rotated
    for (column, input) in order.enumerated() {
      for row in 0..<rotated.rowCount { weights[row, input] = rotated[rotated.rowCount - 1 - row, column] }
    }
    return Point(weights: weights, phi: 0, tau: weights.squaredNorm - teacherTrace)
  }

  private func state(_ point: Point, at time: Double) -> FlowState {
    FlowState(
      time: time, student: LinearAlgebra.gram(point.weights), teacherEigenvalues: levels, integratedTrace: point.phi)
  }

  /// The step after which weights could overflow.
  private func longest(from point: Point) -> Double {
    let rate = 4 * (levels.first ?? 0) - 2 * (dropsTrace ? 0 : point.tau)
    return rate > 0 ? 600 / rate : .infinity
  }

  /// L; nil where M is not positive definite to rounding, or not finite.
  private func factor(_ weights: Matrix, _ kappa: [Double]) -> Matrix? {
    var bracket = LinearAlgebra.outerGram(scaled(weights, kappa.map { (bracketFactor * $0).squareRoot() }))
    for index in 0..<bracket.rowCount { bracket.values[index * (bracket.rowCount + 1)] += 1 }
    return try? LinearAlgebra.cholesky(bracket)
  }

  /// (log det M)/4.
  private func logarithm(_ factor: Matrix) -> Double {
    2 / bracketFactor * factor.diagonal.reduce(0) { $0 + log($1) }
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

  // MARK: A step

  /// A step: where it starts, its size, tau of the exponent, coefficients of the polynomial in time over size, and how far
  /// it makes phi from 0 at the start, in units of the tolerance.
  private struct Step {
    let start: Point
    let size: Double
    let tau: Double
    let polynomial: [Double]
    let error: Double
  }

  /// Where a step is after some time.
  private func point(of step: Step, at time: Double) -> Point? {
    let weights = step.start.weights
    guard let factor = factor(weights, kappa(step.polynomial, integrals(upTo: time, of: step.size, tau: step.tau)))
    else { return nil }
    let excess = -log(Self.value(step.polynomial, at: time / step.size)) / 2
    let shrinking = excess + step.tau * time
    let end = LinearAlgebra.solveTriangular(factor, scaled(weights, levels.map { exp(2 * $0 * time - shrinking) }))
    let growth = dropsTrace ? logarithm(factor) - time * teacherTrace : shrinking
    let tau = end.squaredNorm - teacherTrace
    return tau.isFinite ? Point(weights: end, phi: step.start.phi + growth, tau: tau) : nil
  }

  /// The step of a size; nil where it is too long to be done at all. The one before gives the first guess.
  private func step(from point: Point, by size: Double, after last: Step?) -> Step? {
    if dropsTrace { return Step(start: point, size: size, tau: 0, polynomial: [1], error: 0) }
    let (weights, tau) = (point.weights, point.tau)
    let nodes = Self.radauPoints
    let integrals = nodes.map { self.integrals(upTo: $0 * size, of: size, tau: tau) }
    // phi - tau t at the points.
    var excess = guess(size, tau, after: last)
    for iteration in 1...8 {
      let polynomial = Self.interpolant(excess.map { exp(-2 * $0) })
      var residuals = Matrix(rowCount: nodes.count, columnCount: 1)
      var slopes = Matrix.identity(nodes.count)
      for (index, node) in nodes.enumerated() {
        guard let factor = factor(weights, kappa(polynomial, integrals[index])) else { return nil }
        residuals[index, 0] = logarithm(factor) - excess[index] - (tau + teacherTrace) * node * size
        let norms = squaredColumnNorms(LinearAlgebra.solveTriangular(factor, weights))
        // What log det M / 4 changes with each value of the polynomial.
        let powers = LinearAlgebra.multiply(integrals[index], norms)
        for (other, basis) in Self.lagrangeBasis.enumerated() {
          slopes[index, other] +=
            2 * exp(-2 * excess[other]) * zip(powers, basis).reduce(0) { $0 + $1.0 * $1.1 }
        }
      }
      guard let change = try? LinearAlgebra.solve(slopes, residuals).values else { return nil }
      for (index, change) in change.enumerated() { excess[index] += change }
      let greatest = change.reduce(0) { max($0, $1.magnitude) }
      guard greatest < 10, change.allSatisfy(\.isFinite) else { return nil }
      // The next change would be about the square of this one.
      if greatest * greatest <= 1e-3 * relativeTolerance { break }
      if iteration == 8 { return nil }
    }
    let polynomial = Self.interpolant(excess.map { exp(-2 * $0) })
    let error = abs(log(polynomial[0])) / 2 / relativeTolerance
    return error.isFinite ? Step(start: point, size: size, tau: tau, polynomial: polynomial, error: error) : nil
  }

  /// phi - tau t at the points, from the polynomial of the step before; zeros where there is none that helps.
  private func guess(_ size: Double, _ tau: Double, after last: Step?) -> [Double] {
    let none = Self.radauPoints.map { _ in 0.0 }
    guard let last else { return none }
    let end = Self.value(last.polynomial, at: 1)
    let guess = Self.radauPoints.map { node in
      -log(Self.value(last.polynomial, at: 1 + node * size / last.size) / end) / 2 + (last.tau - tau) * node * size
    }
    // Far beyond its step a polynomial may be anything.
    return guess.allSatisfy { abs($0) < 3 } ? guess : none
  }

  private func kappa(_ polynomial: [Double], _ integrals: Matrix) -> [Double] {
    LinearAlgebra.multiply(
      polynomial.count == integrals.rowCount ? integrals : integrals.rows(0..<polynomial.count), polynomial,
      transposingFirst: true)
  }

  private func squaredColumnNorms(_ matrix: Matrix) -> [Double] {
    var norms = [Double](repeating: 0, count: matrix.columnCount)
    let columnCount = matrix.columnCount
    matrix.values.withUnsafeBufferPointer { values in
      norms.withUnsafeMutableBufferPointer { norms in
        for row in 0..<matrix.rowCount {
          for column in 0..<columnCount {
            let value = values[row * columnCount + column]
            norms[column] += value * value
          }
        }
      }
    }
    return norms
  }

  /// The integrals of (s/size)^p e^((4 mu_i - 2 tau) s) over s from 0 to a time, [power p, input].
  private func integrals(upTo time: Double, of size: Double, tau: Double) -> Matrix {
    let count = Self.radauPoints.count
    var integrals = Matrix(rowCount: count, columnCount: levels.count)
    let share = time / size
    for (column, level) in levels.enumerated() {
      if column > 0, level == levels[column - 1] {
        for power in 0..<count { integrals[power, column] = integrals[power, column - 1] }
        continue
      }
      var factor = time
      for (power, moment) in Self.moments(of: (4 * level - 2 * tau) * time, count: count).enumerated() {
        integrals[power, column] = factor * moment
        factor *= share
      }
    }
    return integrals
  }

  // MARK: Polynomials and points

  /// Radau's points: (1 + x)/2 for the zeros x of P_6 - P_5, Legendre's polynomials.
  package static let radauPoints = [
    0.03980985705146874, 0.19801341787360817, 0.43797481024738614, 0.6954642733536361, 0.9014649142011736, 1,
  ]

  /// Coefficients of the polynomials that are 1 at one of the points and 0 at the others.
  private static let lagrangeBasis = radauPoints.map { point in
    radauPoints.filter { $0 != point }.reduce([1.0]) { coefficients, other in
      // Times (x - other)/(point - other).
      zip([0] + coefficients, coefficients + [0]).map { ($0 - other * $1) / (point - other) }
    }
  }

  /// Coefficients of the polynomial with these values at the points.
  private static func interpolant(_ values: [Double]) -> [Double] {
    var coefficients = [Double](repeating: 0, count: values.count)
    for (value, basis) in zip(values, lagrangeBasis) {
      for power in coefficients.indices { coefficients[power] += value * basis[power] }
    }
    return coefficients
  }

  private static func value(_ polynomial: [Double], at x: Double) -> Double {
    polynomial.reversed().reduce(0) { $0 * x + $1 }
  }

  /// The integrals of x^p e^(z x) over [0, 1], p from 0 to count - 1, to a few units of rounding.
  ///
  /// By parts, upwards where |z| >= 2; below, downwards from a power series for the highest.
  package static func moments(of z: Double, count: Int) -> [Double] {
    var moments = [Double](repeating: 0, count: count)
    let end = exp(z)
    if abs(z) >= 2 {
      moments[0] = expm1(z) / z
      for power in 1..<max(1, count) { moments[power] = (end - Double(power) * moments[power - 1]) / z }
      return moments
    }
    var term = 1.0
    for degree in 0...26 {
      moments[count - 1] += term / Double(count + degree)
      term *= z / Double(degree + 1)
    }
    for power in stride(from: count - 1, to: 0, by: -1) {
      moments[power - 1] = (end - z * moments[power]) / Double(power)
    }
    return moments
  }
}
