private import Foundation

/// Eigenvalues and eigenvectors of a symmetric matrix A = V diag(values) V^T.
public struct SymmetricEigen: Sendable {
  /// Eigenvalues, ascending.
  public let values: [Double]
  /// Orthonormal eigenvectors in the columns, [component, eigenvalue].
  ///
  /// The sign of each is arbitrary.
  public let vectors: Matrix
}

/// Factorisations and what follows from them. All take a matrix, copy it once, and cost order n^3.
extension LinearAlgebra {
  // MARK: Symmetric eigenproblems

  /// Eigenvalues and eigenvectors of a symmetric matrix (divide and conquer, LAPACK dsyevd).
  ///
  /// Checked: square. Not checked: symmetry; only the lower triangle is used. Throws `undefined` for a matrix
  /// that is not finite, and ``NumericalError/linearAlgebraFailed(routine:info:)``.
  public static func symmetricEigen(_ matrix: Matrix) throws -> SymmetricEigen {
    var rows = matrix
    let values = try symmetricEigen(&rows, vectors: true)
    return SymmetricEigen(values: values, vectors: rows.transposed)
  }

  /// Eigenvalues of a symmetric matrix, ascending; about a third of the time of ``symmetricEigen(_:)``.
  public static func symmetricEigenvalues(_ matrix: Matrix) throws -> [Double] {
    var rows = matrix
    return try symmetricEigen(&rows, vectors: false)
  }

  private static func symmetricEigen(_ matrix: inout Matrix, vectors: Bool) throws -> [Double] {
    let size = try matrix.sizeOfFiniteSquare()
    var values = [Double](repeating: 0, count: size)
    try matrix.values.withUnsafeMutableBufferPointer { matrix in
      guard let matrix = matrix.baseAddress else { return }
      try OpenBLAS.symmetricEigen(size, matrix, values: &values, vectors: vectors)
    }
    return values
  }

  // MARK: Orthogonal factorisations

  /// A = Q R by Householder reflections: Q [row, k] with orthonormal columns, R [k, column] upper triangular with a
  /// diagonal >= 0, k = min(rowCount, columnCount), or k = rowCount when a complete Q is asked for.
  ///
  /// The sign convention makes the thin factorisation of a matrix of full column rank unique; so Q of a Gaussian matrix is
  /// uniformly (Haar) distributed. (The further columns of a complete Q are an arbitrary basis.) LAPACK dgelqf and dorglq
  /// applied to the transpose. Throws ``NumericalError/linearAlgebraFailed(routine:info:)``.
  public static func qr(_ matrix: Matrix, complete: Bool = false) throws -> (q: Matrix, r: Matrix) {
    let (m, n) = (matrix.rowCount, matrix.columnCount)
    let reflectorCount = min(m, n)
    let k = complete ? m : reflectorCount
    var factored = matrix.values
    var reflectors = [Double](repeating: 0, count: max(1, reflectorCount))
    if reflectorCount > 0 {
      try factored.withUnsafeMutableBufferPointer { factored in
        guard let factored = factored.baseAddress else { return }
        try OpenBLAS.qr(m, n, factored, reflectors: &reflectors)
      }
    }
    var r = Matrix(rowCount: k, columnCount: n) { $0 <= $1 ? factored[$0 * n + $1] : 0 }
    var q = Matrix(rowCount: m, columnCount: k) { $1 < reflectorCount ? factored[$0 * n + $1] : 0 }
    try q.values.withUnsafeMutableBufferPointer { q in
      guard let q = q.baseAddress else { return }
      try OpenBLAS.orthogonal(m, columnCount: k, reflectorCount: reflectorCount, q, reflectors: reflectors)
    }
    for index in 0..<reflectorCount where r[index, index] < 0 {
      for column in index..<n { r[index, column].negate() }
      for row in 0..<m { q[row, index].negate() }
    }
    return (q, r)
  }

  /// Thin singular value decomposition A = left diag(values) right: left [row, k] with orthonormal columns, values
  /// descending and >= 0, right [k, column] with orthonormal rows; k = min(rowCount, columnCount).
  ///
  /// Divide and conquer, LAPACK dgesdd. Throws ``NumericalError/linearAlgebraFailed(routine:info:)``, or `undefined` for a matrix that is not finite.
  public static func singularValueDecomposition(
    _ matrix: Matrix
  ) throws -> (left: Matrix, values: [Double], right: Matrix) {
    try matrix.requireFinite()
    let rank = min(matrix.rowCount, matrix.columnCount)
    var left = Matrix(rowCount: matrix.rowCount, columnCount: rank)
    var right = Matrix(rowCount: rank, columnCount: matrix.columnCount)
    var values = [Double](repeating: 0, count: rank)
    var destroyed = matrix.values
    if rank > 0 {
      try OpenBLAS.singularValues(
        matrix.rowCount, matrix.columnCount, &destroyed, values: &values, left: &left.values, right: &right.values)
    }
    return (left, values, right)
  }

  /// Singular values, descending; several times faster than with the vectors.
  public static func singularValues(_ matrix: Matrix) throws -> [Double] {
    try matrix.requireFinite()
    var values = [Double](repeating: 0, count: min(matrix.rowCount, matrix.columnCount))
    var destroyed = matrix.values
    if !values.isEmpty {
      try OpenBLAS.singularValues(
        matrix.rowCount, matrix.columnCount, &destroyed, values: &values, left: nil, right: nil)
    }
    return values
  }

  // MARK: Positive definite matrices

  /// The lower triangular L with a positive diagonal and A = L L^T.
  ///
  /// Checked: square. Only the lower triangle is used. Throws ``NumericalError/notPositiveDefinite(order:)`` with the order
  /// of the first leading minor that is not positive (or holds NaN).
  public static func cholesky(_ matrix: Matrix) throws -> Matrix {
    let size = matrix.sizeOfSquare
    var factor = Matrix(rowCount: size, columnCount: size) { $1 <= $0 ? matrix[$0, $1] : 0 }
    try factor.values.withUnsafeMutableBufferPointer { factor in
      guard let factor = factor.baseAddress else { return }
      try OpenBLAS.cholesky(size, factor)
    }
    // OpenBLAS asks whether a pivot is <= 0, which NaN is not.
    if let order = (0..<size).first(where: { !(factor[$0, $0] > 0) }) {
      throw NumericalError.notPositiveDefinite(order: order + 1)
    }
    return factor
  }

  /// The solution X of A X = B for a positive definite A [n, n] and B [n, column], by Cholesky.
  ///
  /// Throws as ``cholesky(_:)``.
  public static func solve(positiveDefinite matrix: Matrix, _ right: Matrix) throws -> Matrix {
    let factor = try cholesky(matrix)
    return solveTriangular(factor, solveTriangular(factor, right), transposed: true)
  }

  /// The solution x of A x = b for a positive definite A, by Cholesky.
  ///
  /// Throws as ``cholesky(_:)``.
  public static func solve(positiveDefinite matrix: Matrix, _ right: [Double]) throws -> [Double] {
    try solve(positiveDefinite: matrix, Matrix(rowCount: right.count, columnCount: 1, values: right)).values
  }

  /// log det A of a positive definite matrix.
  ///
  /// Throws as ``cholesky(_:)``.
  public static func logDeterminant(positiveDefinite matrix: Matrix) throws -> Double {
    try 2 * cholesky(matrix).diagonal.reduce(0) { $0 + log($1) }
  }

  // MARK: Linear systems

  /// The solution X of op(T) X = B for a triangular T [n, n] and B [n, column].
  ///
  /// Checked: shapes. Not checked: that the diagonal has no zero (the result is then not finite); the other triangle is
  /// not read.
  public static func solveTriangular(
    _ triangle: Matrix, _ right: Matrix, lower: Bool = true, transposed: Bool = false
  ) -> Matrix {
    let size = triangle.sizeOfSquare
    precondition(right.rowCount == size, "\(triangle.shapeText) system with a right side of \(right.shapeText)")
    var solution = right
    solution.values.withUnsafeMutableBufferPointer { solution in
      triangle.values.withUnsafeBufferPointer { triangle in
        guard let solution = solution.baseAddress, let triangle = triangle.baseAddress else { return }
        OpenBLAS.solveTriangular(
          size, columnCount: right.columnCount, triangle, lower: lower, transposed: transposed, solution)
      }
    }
    return solution
  }

  /// The solution X of A X = B for a general square A [n, n] and B [n, column], by LU with row exchanges.
  ///
  /// Throws ``NumericalError/linearAlgebraFailed(routine:info:)`` for an exactly singular A (info = the zero pivot).
  public static func solve(_ matrix: Matrix, _ right: Matrix) throws -> Matrix {
    let size = matrix.sizeOfSquare
    precondition(right.rowCount == size, "\(matrix.shapeText) system with a right side of \(right.shapeText)")
    guard size > 0, right.columnCount > 0 else { return right }
    var factored = matrix.values
    // LAPACK wants one right-hand side after the other.
    var solutions = right.transposed
    try OpenBLAS.solve(size, columnCount: right.columnCount, &factored, &solutions.values)
    return solutions.transposed
  }

  /// The solution x of A x = b for a general square A.
  ///
  /// Throws as for several right-hand sides.
  public static func solve(_ matrix: Matrix, _ right: [Double]) throws -> [Double] {
    try solve(matrix, Matrix(rowCount: right.count, columnCount: 1, values: right)).values
  }
}

extension Matrix {
  fileprivate var sizeOfSquare: Int {
    precondition(rowCount == columnCount, "a square matrix is needed, not \(shapeText)")
    return rowCount
  }

  // Why: LAPACK may loop or return nonsense on NaN and infinity.
  fileprivate func requireFinite() throws {
    if let index = values.firstIndex(where: { !$0.isFinite }) {
      throw NumericalError.undefined("matrix element (\(index / columnCount), \(index % columnCount)) is not finite")
    }
  }

  fileprivate func sizeOfFiniteSquare() throws -> Int {
    try requireFinite()
    return sizeOfSquare
  }
}
