private import CBocchi2026
private import Foundation
package import NumericalMethods
internal import PaperKit

/// The limit N -> infinity at fixed widths and time = steps/N: ordinary differential equations for the overlaps.
///
/// In R and S = Q - R R^T, with D = c* diag(t) - c R^T R, A = R D - c S R and delta = tr D - c tr S = E[e]:
///
///     loss  = delta^2/2 + |D|^2 + 2 c^2 tr(R^T S R) + c^2 |S|^2 = E[e^2]/2
///     U     = A R^T - c Q S,    V = A A^T + c^2 Q S Q
///     dR/dt = 2 eta (delta R + 2 A)
///     dS/dt = 4 eta (delta S - c (Q S + S Q)) + 4 eta^2 (E[e^2] Q + 4 delta U + 8 V)
///
/// which are dR = 2 eta [delta R + 2 (c* R diag(t) - c Q R)], dQ = 4 eta [delta Q + 2 U] + 4 eta^2 [...] without their
/// cancellations, so that losses far below rounding of 1 keep their digits. "Gradient flow" is the same without eta^2.
/// Constrained rows: g_k = (dQ_kk/dt + 4 eta (Q_kk - 1)) / (2 Q_kk) is taken off, dR_kr - g_k R_kr and
/// dS_kl - (g_k + g_l) S_kl. At Q_kk = 1 that is half of dQ_kk/dt. Why the rest: off the constraint an error of Q_kk then dies
/// out at the rate 4 eta. Without, it grows at the rate -dQ_kk/dt, which is above 0 on the plateau and, for p < p*, for ever.
///
/// A loss has an absolute error of about the integrator's absolute tolerance, from S, which may get tiny eigenvalues below 0.
///
/// State of the integrator: R row by row, then the lower triangle of S row by row.
package struct OverlapEquations: Sendable {
  /// The deliberate mistakes that the equations can make.
  package struct Mistakes: Sendable {
    /// The term of order eta^2, the noise of single samples, is missing.
    package var dropsNoise = false
    /// dQ contains U instead of 2 U.
    package var halvesU = false
    /// Constrained rows are left free.
    package var freesRows = false

    /// None, or those of a mutant.
    package init(dropsNoise: Bool = false, halvesU: Bool = false, freesRows: Bool = false) {
      self.dropsNoise = dropsNoise
      self.halvesU = halvesU
      self.freesRows = freesRows
    }
  }

  /// The problem.
  package let theory: Theory
  private let p: Int
  private let q: Int
  private let hasNoise: Bool
  private let halvesU: Bool
  private let isSpherical: Bool
  private let norms: [Double]

  /// The equations of a problem; gradient flow leaves out the noise of single samples.
  package init(_ theory: Theory, isGradientFlow: Bool = false, mistakes: Mistakes = Mistakes()) {
    self.theory = theory
    p = theory.studentWidth
    q = theory.teacherWidth
    hasNoise = !isGradientFlow && !mistakes.dropsNoise
    halvesU = mistakes.halvesU
    isSpherical = theory.constraint == .spherical && !mistakes.freesRows
    norms = theory.teacherNorms
  }

  // MARK: States

  /// The state of some overlaps.
  package func state(_ overlaps: Overlaps) -> [Double] {
    precondition(overlaps.studentWidth == p && overlaps.teacherWidth == q, "overlaps of other widths")
    return overlaps.teacherOverlap.values + (0..<p).flatMap { a in (0...a).map { overlaps.perpendicular[a, $0] } }
  }

  /// The overlaps of a state.
  package func overlaps(_ state: [Double]) -> Overlaps {
    Overlaps(
      teacherOverlap: Matrix(rowCount: p, columnCount: q, values: Array(state[..<(p * q)])),
      perpendicular: Matrix(rowCount: p, columnCount: p) { a, b in
        state[p * q + (a >= b ? a * (a + 1) / 2 + b : b * (b + 1) / 2 + a)]
      })
  }

  // MARK: Right-hand side

  /// Population loss of a state.
  package func loss(_ state: UnsafeBufferPointer<Double>) -> Double {
    guard let state = state.baseAddress else { return .nan }
    return cb_overlap_loss(CInt(p), CInt(q), norms, state)
  }

  /// Population loss of a state.
  package func loss(_ state: [Double]) -> Double { state.withUnsafeBufferPointer { loss($0) } }

  /// Population loss of some overlaps.
  package func loss(_ overlaps: Overlaps) -> Double { loss(state(overlaps)) }

  /// Writes the derivative of a state (both of the state's count, not checked).
  package func derivative(
    _ state: UnsafeBufferPointer<Double>, _ derivative: UnsafeMutableBufferPointer<Double>
  ) {
    guard let state = state.baseAddress, let change = derivative.baseAddress else { return }
    cb_overlap_rates(
      CInt(p), CInt(q), norms, state, theory.learningRate, hasNoise ? 1 : 0, halvesU ? 1 : 0,
      isSpherical ? 1 : 0, change)
  }

  /// Greatest size of a rate of change at some overlaps.
  package func greatestRate(_ overlaps: Overlaps) -> Double {
    let state = state(overlaps)
    let rates = [Double](unsafeUninitializedCapacity: state.count) { rates, count in
      state.withUnsafeBufferPointer { derivative($0, rates) }
      count = state.count
    }
    return rates.map(abs).greatest()
  }

  // MARK: Integration

  /// The integrator: relative error 1e-11 per step in every overlap, absolute error far below the size of R at the start
  /// of the least overlap. Explicit steps suffice: every decay is slower than about 10 eta.
  package static func method(relativeTolerance: Double = 1e-11, inputDimension: Double) -> DormandPrince {
    DormandPrince(
      relativeTolerance: relativeTolerance,
      absoluteTolerance: 1e-3 * relativeTolerance / max(1, inputDimension).squareRoot())
  }

  /// The overlaps at ascending times from 0 on. Throws what the integrator throws.
  package func solve(from start: Overlaps, at times: [Double], method: DormandPrince) throws -> [[Double]] {
    guard let last = times.last else { return [] }
    return try method.integrate(from: 0, to: last, state: state(start), at: times) { _, state, change in
      derivative(state, change)
    }
  }

  /// The first time at which the loss is at most `target`, located on the continuous solution, or nil if that is not
  /// before `limit`.
  package func firstPassage(
    from start: Overlaps, target: Double, limit: Double, method: DormandPrince
  ) throws -> Double? {
    var state = state(start)
    if loss(state) <= target { return 0 }
    var found: Double?
    let count = state.count
    _ = try withUnsafeTemporaryAllocation(of: Double.self, capacity: count) { trial in
      try method.integrate(from: 0, to: limit, state: &state) { _, state, change in
        derivative(state, change)
      } onStep: { step in
        guard loss(step.endState) <= target else { return .proceed }
        // The loss falls through the target once within a step: bisection to the resolution of time.
        var (before, after) = (step.startTime, step.endTime)
        while true {
          let middle = (before + after) / 2
          if middle <= before || middle >= after { break }
          step.write(at: middle, to: trial)
          if loss(UnsafeBufferPointer(trial)) <= target { after = middle } else { before = middle }
        }
        found = after
        return .stop
      }
    }
    return found
  }
}
