private import Foundation
internal import NumericalMethods

/// The flow in large steps: with the trace difference tau frozen, the rest is a Riccati equation with the exact solution
///
///     kappa_i = (e^((4 mu_i - 2 tau) h) - 1)/(4 mu_i - 2 tau),   M = I + 4 W^T diag(kappa) W = L L^T,
///     W <- diag(e^((2 mu_i - tau) h)) W L^-T   (up to a rotation of the neurons, which Z does not see).
///
/// tau is that at the end of the substep (found by a secant iteration), so the method is stable at any h, of order 1, and its
/// fixed points are those of the flow. Why: the stiff trace mode holds explicit steps to 3.3/(2 tr Z), while learning takes
/// t ~ d. A step is made of 1, 2, 3 ... equal substeps and extrapolated (Aitken and Neville, as in the code SEULEX of Hairer
/// and Wanner, *Solving Ordinary Differential Equations II*, IV.9), until two neighbours of the highest order agree to the
/// tolerance; if five substeps do not suffice the step is shortened. Why the weights can be extrapolated: L depends smoothly
/// on W and h, so the march follows one smooth path among the rotations.
///
/// Error: the allowed difference per step is absoluteTolerance + relativeTolerance times the root mean square of the weights
/// and, in phi, 1 + |phi|. Over a whole flow phi is within 100 relativeTolerance (1 + |phi|) and the risk L within 300
/// relativeTolerance of itself (300 and 1000 for m = d and m* = 1), whichever times are reported, unless it is tiny. A student wider than its teacher ends as
/// t^-2 with surplus neurons of weights of order L^(1/4), of which an error of relativeTolerance times all weights is a
/// greater part the smaller they are: then L is within 20 relativeTolerance L^(3/4) in addition. Cost per trial of tau: 2 d m^2 + m^3/3 operations; the number
/// of steps does not grow with d. [derived]
package struct RiccatiMarch: Sendable {
  /// Tolerances that the march accepts; below, the rounding of traces is seen.
  package static let relativeTolerances = 1e-10...1e-3
  private static let mostSubsteps = 5

  private let levels: [Double]
  private let teacherTrace: Double
  private let start: Matrix
  private let relativeTolerance: Double
  private let absoluteTolerance: Double
  private let dropsTrace: Bool
  /// 4, the factor in M; 2 is a deliberate mistake.
  private let bracketFactor: Double

  /// The flow from a network. Checked: the relative tolerance is one of ``relativeTolerances``.
  package init(
    _ network: Network, relativeTolerance: Double = 1e-7, absoluteTolerance: Double = 1e-10, dropsTrace: Bool = false,
    halvesBracket: Bool = false
  ) {
    precondition(Self.relativeTolerances.contains(relativeTolerance), "relative tolerance \(relativeTolerance)")
    levels = network.teacherEigenvalues
    teacherTrace = levels.reduce(0, +)
    start = network.weights.transposed
    self.relativeTolerance = relativeTolerance
    self.absoluteTolerance = absoluteTolerance
    self.dropsTrace = dropsTrace
    bracketFactor = halvesBracket ? 2 : 4
  }

  /// Where the flow is: W^T [neuron, input], phi, and tau, which is kept as a first guess.
  private struct Point {
    var weights: Matrix
    var phi: Double
    var tau: Double

    /// fine + factor (fine - coarse).
    static func extrapolated(_ fine: Point, _ coarse: Point, _ factor: Double) -> Point {
      Point(
        weights: (1 + factor) * fine.weights - factor * coarse.weights,
        phi: fine.phi + factor * (fine.phi - coarse.phi), tau: fine.tau + factor * (fine.tau - coarse.tau))
    }
  }

  /// The observables at ascending times >= 0, each of which ends a step.
  ///
  /// Throws ``NumericalError/stepSizeUnderflow(time:stepSize:)`` where no step is short enough.
  package func states(at times: [Double]) throws -> [FlowState] {
    let squaredNorm = start.squaredNorm
    var point = Point(weights: start, phi: 0, tau: squaredNorm - teacherTrace)
    var time = 0.0
    var size = 0.1 / (2 * squaredNorm + 4 * (levels.first ?? 0) + abs(point.tau))
    var wasShortened = false
    return try times.map { next in
      while time < next {
        let isLast = size >= next - time
        let step = isLast ? next - time : size
        guard let (end, error, substepCount) = attempt(point, by: step), error <= 1 else {
          size = step / 4
          wasShortened = true
          // Also where the weights or the start are not numbers.
          guard size > 10 * max(time, 1e-6).ulp else {
            throw NumericalError.stepSizeUnderflow(time: time, stepSize: size)
          }
          continue
        }
        point = end
        time = isLast ? next : time + step
        var growth = min(4, max(0.3, 0.9 * pow(max(error, 1e-10), -1 / Double(substepCount))))
        // Where few substeps do, longer steps with more of them cost less.
        if substepCount < Self.mostSubsteps - 1 { growth = 1.5 * max(growth, 1) }
        if wasShortened { growth = min(growth, 1) }
        wasShortened = false
        // A step cut short by an output time says little about the one after it.
        size = isLast ? max(size, growth * step) : growth * step
      }
      return FlowState(
        time: next, student: LinearAlgebra.gram(point.weights), teacherEigenvalues: levels, integratedTrace: point.phi)
    }
  }

  /// One step: its end, the difference of the two best extrapolations in units of the tolerance, and into how many substeps
  /// the finest was divided; nil where a substep is too long to be done at all.
  private func attempt(_ point: Point, by h: Double) -> (end: Point, error: Double, substepCount: Int)? {
    var coarser: [Point] = []
    var slope: Double?
    var error = Double.infinity
    for count in 1...Self.mostSubsteps {
      guard let end = marched(point, by: h, substepCount: count, slope: &slope) else { return nil }
      var row = [end]
      for order in 1..<count {
        row.append(.extrapolated(row[order - 1], coarser[order - 1], Double(count - order) / Double(order)))
      }
      if count > 1 {
        let (best, other) = (row[count - 1], row[count - 2])
        let size = (best.weights.squaredNorm / Double(best.weights.values.count)).squareRoot()
        let difference =
          ((best.weights - other.weights).squaredNorm / Double(best.weights.values.count)).squareRoot()
        error = max(
          difference / (absoluteTolerance + relativeTolerance * size),
          abs(best.phi - other.phi) / (absoluteTolerance + relativeTolerance * (1 + abs(best.phi))))
        // Not a number is no small error.
        guard error.isFinite else { return nil }
        if error <= 1 || count == Self.mostSubsteps { return (best, error, count) }
      }
      coarser = row
    }
    return nil
  }

  /// The march itself, of order 1, in equal substeps.
  ///
  /// `slope` is that of the excess below: with it and an extrapolated guess of tau two or three trials do.
  private func marched(_ start: Point, by h: Double, substepCount: Int, slope: inout Double?) -> Point? {
    let h = h / Double(substepCount)
    var point = start
    var growth = 0.0
    for _ in 0..<substepCount {
      guard let next = substep(point.weights, by: h, guess: point.tau + growth, slope: &slope) else { return nil }
      growth = next.tau - point.tau
      point = Point(weights: next.weights, phi: point.phi + h * next.tau, tau: next.tau)
    }
    return point
  }

  private func substep(
    _ weights: Matrix, by h: Double, guess: Double, slope: inout Double?
  ) -> (weights: Matrix, tau: Double)? {
    var tau = guess
    var old: (tau: Double, excess: Double)?
    for _ in 0..<60 {
      guard let after = frozen(weights, tau: dropsTrace ? 0 : tau, by: h) else { return nil }
      let excess = after.squaredNorm - teacherTrace - tau
      guard excess.isFinite else { return nil }
      if let old, excess != old.excess { slope = (excess - old.excess) / (tau - old.tau) }
      if abs(excess) <= 1e-4 * relativeTolerance * (1 + abs(tau)) || excess == old?.excess { return (after, tau) }
      old = (tau, excess)
      // The trace falls with tau at about 2 h tr Z per unit in a short step.
      tau -= excess / (slope ?? -(1 + 2 * h))
    }
    return nil
  }

  /// The exact flow at frozen tau, on the transpose of W, [neuron, input]; nil where a long step leaves M no longer
  /// positive definite to rounding.
  private func frozen(_ weights: Matrix, tau: Double, by h: Double) -> Matrix? {
    let neurons = weights.rowCount
    let roots = levels.map { level -> Double in
      let rate = 4 * level - 2 * tau
      return (bracketFactor * (abs(rate * h) < 1e-12 ? h : expm1(rate * h) / rate)).squareRoot()
    }
    let growths = levels.map { exp((2 * $0 - tau) * h) }
    guard roots.allSatisfy(\.isFinite) else { return nil }
    var bracket = LinearAlgebra.outerGram(scaled(weights, roots))
    for index in 0..<neurons { bracket.values[index * (neurons + 1)] += 1 }
    do {
      return try LinearAlgebra.solveTriangular(LinearAlgebra.cholesky(bracket), scaled(weights, growths))
    } catch { return nil }
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
}
