private import Foundation

/// Predictions for gradient flow dW/dt = -2 (Z - Z*) W - tr(Z - Z*) W, Z = W W^T, on the population risk
///
///     L = 1/2 |Z - Z*|_F^2 + 1/4 (tr(Z - Z*))^2 = 1/4 E_x [(x^T Z x - x^T Z* x)^2],   x ~ N(0, I_d).
///
/// Normalisation as in the authors' scripts. A text with risk 1/2 E[..] or E[..] has half or a quarter of our time.
/// gamma = t/d; chi = tr(Z Z*) / (|Z| |Z*|); phi = int_0^t tr(Z - Z*).
package enum Theory {
  // MARK: Fixed input dimension

  /// The greatest lower bound of the risk over students of m neurons, and the student that attains it. [derived]
  package struct Minimum: Sendable {
    /// L_min = 1/2 [ sum_{i>m} mu_i^2 + S^2/(m+2) ], S = sum_{i>m} mu_i.
    package let loss: Double
    /// chi of the minimiser sum_{i<=m} (mu_i + S/(m+2)) u_i u_i^T.
    package let overlap: Double
    /// tr(Z - Z*) there: -2 S/(m+2).
    package let traceDifference: Double
  }

  /// The minimum over rank <= m for teacher eigenvalues mu (any order, zeros allowed); the flow from a generic start ends
  /// there.
  package static func minimum(teacherEigenvalues: [Double], studentWidth: Int) -> Minimum {
    let levels = teacherEigenvalues.sorted(by: >)
    let kept = levels.prefix(studentWidth)
    let lost = levels.dropFirst(studentWidth)
    let lostTrace = lost.reduce(0, +)
    let shift = lostTrace / Double(studentWidth + 2)
    let inner = kept.reduce(0) { $0 + ($1 + shift) * $1 }
    let studentNorm = kept.reduce(0) { $0 + ($1 + shift) * ($1 + shift) }
    let teacherNorm = levels.reduce(0) { $0 + $1 * $1 }
    return Minimum(
      loss: (lost.reduce(0) { $0 + $1 * $1 } + lostTrace * shift) / 2,
      overlap: inner / (studentNorm * teacherNorm).squareRoot(), traceDifference: -2 * shift)
  }

  /// Limit of t^2 L for m > m*: r (m*+2) / (32 (m*+2+r)), r = min(m, d) - m*, whatever the teacher's spectrum. [derived; the
  /// paper states the power t^-2]
  package static func powerLawLimit(inputDimension: Int, studentWidth: Int, teacherWidth: Int) -> Double {
    let excess = Double(min(studentWidth, inputDimension) - teacherWidth)
    let width = Double(teacherWidth + 2)
    return excess * width / (32 * (width + excess))
  }

  /// Where a start that is orthogonal to the first teacher direction ends, for m >= m*: 1/2 mu_1^2 (1 + 1/(r+2)),
  /// r = min(m, d-1). [derived]
  package static func saddleLoss(firstEigenvalue: Double, inputDimension: Int, studentWidth: Int) -> Double {
    let rank = Double(min(studentWidth, inputDimension - 1))
    return firstEigenvalue * firstEigenvalue * (1 + 1 / (rank + 2)) / 2
  }

  /// The risk on the plateau of an orthonormal teacher at large d with m, m* fixed: Z ~ U U^T/(m+2). [derived]
  package static func plateauLoss(studentWidth: Int, teacherWidth: Int) -> Double {
    (1 / Double(teacherWidth) + 1 / Double(studentWidth + 2)) / 2
  }

  // MARK: Late times of the high-dimensional limit, orthonormal teacher [derived; the laws in gamma are guide lines of Fig. 6]

  /// chi at gamma = infinity: min(1, sqrt(alpha/alpha*)).
  package static func finalOverlap(_ law: OverlapLaw) -> Double {
    min(1, (law.studentWidthRatio / law.teacherWidthRatio).squareRoot())
  }

  /// Leading behaviour of finalOverlap - chi at large gamma: gamma^-2 for alpha > alpha*, sqrt(gamma) e^(-2 gamma/alpha*) for
  /// equal ratios, e^(-4 gamma/alpha*) for alpha < alpha*.
  package static func overlapGap(_ law: OverlapLaw, rescaledTime gamma: Double) -> Double {
    let (a, b) = (law.studentWidthRatio, law.teacherWidthRatio)
    if a > b { return (a - b) * b * b * b / (32 * a * a * gamma * gamma) }
    if a == b { return ((1 - a) * gamma).squareRoot() / (2 * a) * exp(-2 * gamma / a) }
    return (a / b).squareRoot() * (1 - b) / (b - a) * exp(-4 * gamma / b)
  }

  /// Leading behaviour of phi at large gamma: logarithmic growth, a constant, or descent at slope -2 (1/alpha - 1/alpha*).
  package static func integratedTrace(_ law: OverlapLaw, rescaledTime gamma: Double) -> Double {
    let (a, b) = (law.studentWidthRatio, law.teacherWidthRatio)
    let constant = law.logarithmicMoment / (2 * a)
    if a <= b { return -2 * (1 / a - 1 / b) * gamma + constant }
    return (1 - b / a) / 2 * log(4 * a * gamma / (b * b)) - log(a / b) / 2 + constant
  }

  /// d L at gamma = infinity: max(0, 1/alpha - 1/alpha*)/2, the limit of d L_min (``minimum(teacherEigenvalues:studentWidth:)``).
  ///
  /// Without the shift of the kept directions by S/(m+2) it would be (1 - alpha/alpha*)/(2 alpha*), half as much at the ratios
  /// of the figures.
  package static func finalScaledLoss(_ law: OverlapLaw) -> Double {
    max(0, 1 / law.studentWidthRatio - 1 / law.teacherWidthRatio) / 2
  }

  /// Leading behaviour of d L - finalScaledLoss at large gamma for alpha >= alpha*; 0 for alpha < alpha*, where it is beyond
  /// double precision as soon as the limit itself is not.
  package static func scaledLossGap(_ law: OverlapLaw, rescaledTime gamma: Double) -> Double {
    let (a, b) = (law.studentWidthRatio, law.teacherWidthRatio)
    if a > b { return (a - b) * b / (32 * a * gamma * gamma) }
    return a == b ? overlapGap(law, rescaledTime: gamma) / b : 0
  }
}
