private import Foundation
package import NumericalMethods
package import PaperKit

/// Where the student starts.
package enum Start: String, Choice {
  /// Deterministic: R = sqrt(p p* / (k N)) [I_k; 0], k = min(p, p*), Q = I, so that tr R R^T is the mean p p*/N of a
  /// random start. (With p > p* constrained rows some rows would stay at R = 0 for ever.)
  case typical
  /// The exact law of overlaps of independent N(0, 1) weights, normalised row by row if constrained.
  case random
  /// R = 0.2 [I; 0], Q = I: past the plateau, so that fluctuations of order 1/sqrt(N) stay small.
  case informed
}

/// Overlaps of a student with the teacher and with itself.
///
/// Kept apart: R [student, teacher], overlaps with the teacher's rows scaled to squared norm N, and Q_perp = Q - R R^T [student, student], Q = W W^T / N, because near a
/// solution Q_perp is a small difference of large numbers.
package struct Overlaps: Sendable, Equatable {
  /// R [student, teacher].
  package var teacherOverlap: Matrix
  /// Q - R R^T [student, student], symmetric, positive semidefinite.
  package var perpendicular: Matrix

  /// Overlaps from R and Q - R R^T.
  package init(teacherOverlap: Matrix, perpendicular: Matrix) {
    self.teacherOverlap = teacherOverlap
    self.perpendicular = perpendicular
  }

  /// Overlaps from R and Q.
  package init(teacherOverlap: Matrix, selfOverlap: Matrix) {
    self.init(
      teacherOverlap: teacherOverlap, perpendicular: selfOverlap - LinearAlgebra.outerGram(teacherOverlap))
  }

  /// Q [student, student].
  package var selfOverlap: Matrix { perpendicular + LinearAlgebra.outerGram(teacherOverlap) }

  /// p.
  package var studentWidth: Int { teacherOverlap.rowCount }
  /// p*.
  package var teacherWidth: Int { teacherOverlap.columnCount }

  /// X = N tr(R R^T) / (p p*), the size of R in units of a random start's mean.
  package func amplitude(inputDimension: Double) -> Double {
    inputDimension * teacherOverlap.squaredNorm / Double(studentWidth * teacherWidth)
  }

  /// Singular values of R, descending.
  package func singularValues() throws -> [Double] { try LinearAlgebra.singularValues(teacherOverlap) }

  /// Mean diagonal element of Q: the rows' mean squared norm over N.
  package var meanSquaredNorm: Double { (perpendicular.trace + teacherOverlap.squaredNorm) / Double(studentWidth) }

  // MARK: Starts

  /// A deterministic start; `inputDimension` may be as large as one likes.
  package static func deterministic(
    _ start: Start, studentWidth p: Int, teacherWidth pStar: Int, inputDimension: Double
  ) -> Overlaps {
    let k = min(p, pStar)
    let size = start == .informed ? 0.2 : (Double(p * pStar) / (Double(k) * inputDimension)).squareRoot()
    return Overlaps(
      teacherOverlap: Matrix(rowCount: p, columnCount: pStar) { $0 == $1 ? size : 0 }, selfOverlap: .identity(p))
  }

  /// Overlaps of p x N independent N(0, 1) weights with p* orthogonal teacher rows, without the weights: R has independent
  /// N(0, 1/N) elements, and N Q_perp is a Wishart matrix of N - p* degrees of freedom, made as A A^T from Bartlett's
  /// lower triangular A (A_ii^2 chi-square with N - p* - i degrees of freedom, i from 0; A_ij normal).
  package static func random(
    studentWidth p: Int, teacherWidth pStar: Int, inputDimension: Double, constraint: Constraint,
    stream: inout RandomStream
  ) -> Overlaps {
    let scale = 1 / inputDimension.squareRoot()
    let r = stream.normalMatrix(rowCount: p, columnCount: pStar, standardDeviation: scale)
    let factor = Matrix(rowCount: p, columnCount: p) { row, column in
      if column > row { return 0 }
      if column < row { return scale * stream.normal() }
      return scale * stream.chiSquare(degreesOfFreedom: inputDimension - Double(pStar + row)).squareRoot()
    }
    let overlaps = Overlaps(teacherOverlap: r, perpendicular: LinearAlgebra.outerGram(factor))
    return constraint == .spherical ? overlaps.normalised : overlaps
  }

  /// Every row of W rescaled to squared norm N: Q_kk = 1.
  package var normalised: Overlaps {
    let factors = selfOverlap.diagonal.map { 1 / $0.squareRoot() }
    return Overlaps(
      teacherOverlap: Matrix(rowCount: studentWidth, columnCount: teacherWidth) {
        factors[$0] * teacherOverlap[$0, $1]
      },
      perpendicular: Matrix(rowCount: studentWidth, columnCount: studentWidth) {
        factors[$0] * factors[$1] * perpendicular[$0, $1]
      })
  }

  /// The start that an experiment asks for, random ones from the stream "start".
  package static func start(
    _ start: Start, _ theory: Theory, inputDimension: Double, in context: RunContext
  ) -> Overlaps {
    var overlaps: Overlaps
    if start == .random {
      var stream = context.random("start")
      overlaps = random(
        studentWidth: theory.studentWidth, teacherWidth: theory.teacherWidth, inputDimension: inputDimension,
        constraint: theory.constraint, stream: &stream)
    } else {
      overlaps = deterministic(
        start, studentWidth: theory.studentWidth, teacherWidth: theory.teacherWidth, inputDimension: inputDimension)
    }
    if context.mutant == Mistake.smallStart {
      overlaps.teacherOverlap = 1 / inputDimension.squareRoot() * overlaps.teacherOverlap
    }
    return overlaps
  }

  /// A random zero-loss solution, p >= p*: R = sqrt(p/p*) O with O uniform on O^T O = I, Q = R R^T.
  package static func solution(
    studentWidth p: Int, teacherWidth pStar: Int, stream: inout RandomStream
  ) throws -> Overlaps {
    let orthonormal = try LinearAlgebra.qr(stream.normalMatrix(rowCount: p, columnCount: pStar)).q
    return Overlaps(
      teacherOverlap: (Double(p) / Double(pStar)).squareRoot() * orthonormal,
      perpendicular: Matrix(rowCount: p, columnCount: p))
  }

  // MARK: Nearest solution

  /// The matrix with column r times t_r^power, for the teacher rows' squared norms t_r.
  ///
  /// With unequal norms solutions are R = sqrt(p/p*) O diag(t)^(1/2), so that O = polar(R diag(t)^(-1/2)) there, and the one
  /// closest to weights of overlap R is polar(R diag(t)^(1/2)).
  package static func scaled(_ matrix: Matrix, by norms: [Double], rootPower: Int) -> Matrix {
    let factors = norms.map { rootPower > 0 ? $0.squareRoot() : 1 / $0.squareRoot() }
    return Matrix(rowCount: matrix.rowCount, columnCount: matrix.columnCount) { matrix[$0, $1] * factors[$1] }
  }

  /// polar(R) = U V^T of the thin singular value decomposition R = U s V^T: the O with O^T O = I (p >= p*) that maximises
  /// tr(O^T R), so sqrt(p/p*) O W* is the zero-loss solution closest to weights of overlap R (orthogonal Procrustes).
  package static func polar(_ matrix: Matrix) throws -> Matrix {
    let (left, _, right) = try LinearAlgebra.singularValueDecomposition(matrix)
    return left * right
  }

  /// 1 - tr(O^T R0) / |R0|_nuclear in [0, 2]: 0 if and only if O is the solution nearest to a start of overlap R0, mean 1
  /// for an O that knows nothing of R0.
  ///
  /// With R0 = U s V^T this is sum_i s_i (1 - (U^T O V)_ii) / sum_i s_i, and 1 - u.O v = |u - O v|^2 / 2 for O v of unit
  /// length; that form keeps its digits when the deficit is tiny.
  package static func deficit(of solution: Matrix, from start: Matrix) throws -> Double {
    let (left, values, right) = try LinearAlgebra.singularValueDecomposition(start)
    let image = LinearAlgebra.multiply(solution, right, transposingSecond: true)
    var sum = 0.0
    var total = 0.0
    for (index, value) in values.enumerated() {
      let u = left.column(index)
      let v = image.column(index)
      // Exact for unit u and any v: (|u - v|^2 + 1 - |v|^2) / 2 = 1 - u.v.
      let distance = zip(u, v).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
      let length = studentNarrower(solution) ? v.reduce(0) { $0 + $1 * $1 } : 1
      sum += value * (distance + 1 - length) / 2
      total += value
    }
    return sum / total
  }

  private static func studentNarrower(_ solution: Matrix) -> Bool { solution.rowCount < solution.columnCount }
}
