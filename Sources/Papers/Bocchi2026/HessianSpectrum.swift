internal import NumericalMethods

/// The exact spectrum of the Hessian of the population loss in the p N weights, from the overlaps.
///
/// Times N p (canonical units, W scaled by 1/sqrt(p N)) the second variation is
///
///     H[d, d] = (2 tr W^T d)^2 + 2 |W^T d + d^T W|^2 + 2 tr(D) |d|^2 + 4 tr(d D d^T),   D = W^T W - S*.
///
/// In the d = p* + p directions that teacher and student span, W is X = [R, S], S S^T = Q - R R^T; these give p d
/// eigenvalues. In each of the N - d others H is the p x p matrix 4 c Q + 2 tr(D) I.
package struct HessianSpectrum: Sendable {
  /// Eigenvalues of multiplicity 1, ascending.
  package let inside: [Double]
  /// Eigenvalues of multiplicity N - p - p*, ascending.
  package let outside: [Double]

  /// The spectrum at some overlaps of a teacher of equal norms; order (p (p + p*))^3. Shares below 1 are deliberate
  /// mistakes, that share of the term with tr(D) or of the teacher. Throws what LAPACK throws.
  package init(_ overlaps: Overlaps, traceShare: Double = 1, teacherShare: Double = 1) throws {
    let (p, pStar) = (overlaps.studentWidth, overlaps.teacherWidth)
    let d = p + pStar
    let c = 1 / Double(p)
    let eigen = try LinearAlgebra.symmetricEigen(overlaps.perpendicular)
    let roots = eigen.values.map { max(0, $0).squareRoot() }
    let x = Matrix(rowCount: p, columnCount: d) { row, column in
      column < pStar
        ? overlaps.teacherOverlap[row, column] : eigen.vectors[row, column - pStar] * roots[column - pStar]
    }
    let gram = LinearAlgebra.gram(x)
    let difference = Matrix(rowCount: d, columnCount: d) {
      c * gram[$0, $1] - ($0 == $1 && $0 < pStar ? teacherShare / Double(pStar) : 0)
    }
    let q = LinearAlgebra.outerGram(x)
    let trace = traceShare * difference.trace
    let hessian = Matrix(rowCount: p * d, columnCount: p * d) { first, second in
      let (k, i) = first.quotientAndRemainder(dividingBy: d)
      let (l, j) = second.quotientAndRemainder(dividingBy: d)
      var element = 4 * c * (x[k, i] * x[l, j] + x[l, i] * x[k, j])
      if i == j { element += 4 * c * q[k, l] }
      if k == l { element += 4 * difference[i, j] + (i == j ? 2 * trace : 0) }
      return element
    }
    inside = try LinearAlgebra.symmetricEigenvalues(hessian)
    outside = try LinearAlgebra.symmetricEigenvalues(
      Matrix(rowCount: p, columnCount: p) { 4 * c * q[$0, $1] + ($0 == $1 ? 2 * trace : 0) })
  }

  /// The least eigenvalue.
  package var least: Double { min(inside[0], outside[0]) }

  /// Number of eigenvalues in an interval, at N inputs.
  package func count(in range: ClosedRange<Double>, inputDimension: Int, dimensions d: Int) -> Int {
    inside.count { range.contains($0) } + outside.count { range.contains($0) } * (inputDimension - d)
  }
}
