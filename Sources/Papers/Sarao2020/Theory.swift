private import Foundation
package import NumericalMethods

/// Closed forms for quadratic networks f(x) = x^T A x, teacher A* of rank min(m*, d), difference B = A - A*.
///
/// Normalisation: the training loss is E_n = (1/2n) sum_k (x_k^T B x_k)^2, the population loss its mean over Gaussian x,
/// and time is that of dW/dt = -W M with M = (1/n) sum_k (x_k^T B x_k) x_k x_k^T (rows of W are neurons / sqrt(m), so
/// A = W^T W). [known] The paper seems to use a loss of the form (1/4) E|f - f*|^2; that rescales losses and times by
/// constants and moves only the prefactors below, no exponent and no threshold.
package enum Theory {
  /// D = d(d+1)/2, the dimension of the symmetric d x d matrices.
  package static func symmetricDimension(_ inputDimension: Int) -> Int { inputDimension * (inputDimension + 1) / 2 }

  /// p = m* d - m*(m*-1)/2 for m* < d, else D: the dimension of the symmetric matrices that vanish on the complement of
  /// the teacher's range. [derived] With n <= p samples the teacher is never the only zero of the training loss.
  package static func tangentDimension(inputDimension: Int, teacherWidth: Int) -> Int {
    let width = min(teacherWidth, inputDimension)
    return width * inputDimension - width * (width - 1) / 2
  }

  /// The paper's threshold: n_c = d(m*+1) - m*(m*+1)/2 for m* < d, D for m* >= d. [paper, Eqs. 12-13]
  ///
  /// [derived] It is the number of free parameters of a positive matrix of rank m*+1: a counting argument.
  package static func countingThreshold(inputDimension: Int, teacherWidth: Int) -> Int {
    guard teacherWidth < inputDimension else { return symmetricDimension(inputDimension) }
    return inputDimension * (teacherWidth + 1) - teacherWidth * (teacherWidth + 1) / 2
  }

  /// Prefactor K of the power law E(t) -> K t^-2 of the population loss for m* < d. [derived]
  ///
  ///     K = (r - m*)(m* + 2) / (16 (r + 2)),   r = rank A(0) = min(m, d) > m*,
  ///
  /// whatever the eigenvalues of A*: the d - m* directions without teacher relax as a(t) -> (m*+2) / (4 (r+2) t).
  package static func powerLawPrefactor(rank: Int, teacherWidth: Int) -> Double {
    precondition(rank > teacherWidth, "rank \(rank) must exceed the teacher width \(teacherWidth)")
    return Double((rank - teacherWidth) * (teacherWidth + 2)) / Double(16 * (rank + 2))
  }

  /// Rate g of the exponential decay E ~ exp(-g t) of the population loss when A* is positive definite. [derived]
  ///
  ///     g = 2 min( lambda_min(4 diag(l) + 2 s s^T), 2 (l_1 + l_2) ),   l ascending eigenvalues of A*, s = sqrt(l):
  ///
  /// the slowest of the relaxations along and across the eigenvectors. 0 when A* is singular. Throws when the
  /// eigenvalue routine fails.
  package static func exponentialRate(teacherEigenvalues: [Double]) throws -> Double {
    let levels = teacherEigenvalues.map { max($0, 0) }.sorted()
    let alongAxes = Matrix(rowCount: levels.count, columnCount: levels.count) { row, column in
      (row == column ? 4 * levels[row] : 0) + 2 * (levels[row] * levels[column]).squareRoot()
    }
    let slowestAlong = try LinearAlgebra.symmetricEigenvalues(alongAxes)[0]
    let slowestAcross = levels.count > 1 ? 2 * (levels[0] + levels[1]) : .infinity
    return 2 * min(slowestAlong, slowestAcross)
  }

  /// Population loss (1/2) E (x^T B x)^2 = |B|_F^2 + (tr B)^2 / 2 for x ~ N(0, I_d), by Wick's theorem. [derived; the
  /// paper's Lemma on the population loss is of this form]
  package static func populationLoss(difference: Matrix) -> Double {
    difference.squaredNorm + difference.trace * difference.trace / 2
  }

  /// The student at time t of the population flow as a function of two integrals over its past. [derived]
  ///
  ///     A(t) = e^F W0^T [I + 4 W0 J W0^T]^-1 W0 e^F,   F = 2 A* t - h I,
  ///     h = int_0^t tr B(s) ds,   J = int_0^t exp(4 A* s - 2 h(s) I) ds,
  ///
  /// in the eigenbasis of A*, where F and J are diagonal. A Riccati equation solved but for the scalar function h.
  /// - Parameters:
  ///   - start: W(0), [neuron, input], in the eigenbasis of A*.
  ///   - teacherEigenvalues: eigenvalues of A*, [input].
  ///   - integratedTrace: h.
  ///   - integratedGrowth: the diagonal of J, [input].
  ///   - time: t.
  /// - Returns: A(t), [input, input]. Throws ``NumericalError`` when the bracket is not positive definite.
  package static func flowedStudent(
    start: Matrix, teacherEigenvalues: [Double], integratedTrace: Double, integratedGrowth: [Double], time: Double
  ) throws -> Matrix {
    let weighted = Matrix(rowCount: start.rowCount, columnCount: start.columnCount) {
      start[$0, $1] * integratedGrowth[$1]
    }
    let bracket =
      Matrix.identity(start.rowCount) + 4 * LinearAlgebra.multiply(weighted, start, transposingSecond: true)
    let grown = Matrix(rowCount: start.rowCount, columnCount: start.columnCount) {
      start[$0, $1] * exp(2 * teacherEigenvalues[$1] * time - integratedTrace)
    }
    let solved = try LinearAlgebra.solve(positiveDefinite: bracket, grown)
    return LinearAlgebra.multiply(grown, solved, transposingFirst: true)
  }
}
