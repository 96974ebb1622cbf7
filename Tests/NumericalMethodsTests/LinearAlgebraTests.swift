import NumericalMethods
import TestSupport
import Testing

@Suite struct LinearAlgebraTests {
  static let shapes = [(1, 1), (5, 5), (40, 7), (7, 40), (65, 64)]

  private func gaussian(_ rowCount: Int, _ columnCount: Int, _ stream: UInt64 = 0) -> Matrix {
    var random = RandomStream(key: 11, stream: stream)
    return random.normalMatrix(rowCount: rowCount, columnCount: columnCount)
  }

  private func product(_ a: Matrix, _ b: Matrix) -> Matrix {
    Matrix(rowCount: a.rowCount, columnCount: b.columnCount) { row, column in
      (0..<a.columnCount).reduce(0) { $0 + a[row, $1] * b[$1, column] }
    }
  }

  private func expectOrthonormalColumns(_ q: Matrix) {
    expectClose(LinearAlgebra.gram(q), .identity(q.columnCount), absolute: 1e-13)
  }

  @Test("OpenBLAS uses the kernels of the numeric class in any process, such as this one")
  func core() {
    #expect(NumericClass.hasRequiredProcessor == (LinearAlgebra.coreName == "Haswell"))
    #expect(NumericClass.current.description.contains(LinearAlgebra.coreName))
    #expect(LinearAlgebra.loadingError == nil)
  }

  @Test(arguments: [(false, false), (true, false), (false, true), (true, true)])
  func productIsTheSumOfProducts(transposing: (Bool, Bool)) {
    let a = gaussian(9, 13)
    let b = gaussian(13, 4, 1)
    var c = gaussian(9, 4, 2)
    let expected = 0.5 * product(a, b) + 2 * c
    let first = transposing.0 ? a.transposed : a
    let second = transposing.1 ? b.transposed : b
    expectClose(
      LinearAlgebra.multiply(first, second, transposingFirst: transposing.0, transposingSecond: transposing.1),
      product(a, b), absolute: 1e-13)
    LinearAlgebra.multiply(
      first, second, transposingFirst: transposing.0, transposingSecond: transposing.1, scale: 0.5, into: &c, adding: 2)
    expectClose(c, expected, absolute: 1e-13)
  }

  @Test func productWithoutAddingIgnoresWhatWasThere() {
    var c = Matrix(rowCount: 9, columnCount: 4, repeating: .nan)
    LinearAlgebra.multiply(gaussian(9, 13), gaussian(13, 4), into: &c)
    #expect(c.values.allSatisfy { $0.isFinite })
    let empty = LinearAlgebra.multiply(Matrix(rowCount: 2, columnCount: 0), Matrix(rowCount: 0, columnCount: 3))
    #expect(empty == Matrix(rowCount: 2, columnCount: 3))
  }

  @Test(arguments: shapes) func gramMatricesAreSymmetricProducts(shape: (Int, Int)) {
    let a = gaussian(shape.0, shape.1)
    let gram = LinearAlgebra.gram(a)
    let outer = LinearAlgebra.outerGram(a)
    expectClose(gram, product(a.transposed, a), absolute: 1e-12)
    expectClose(outer, product(a, a.transposed), absolute: 1e-12)
    #expect(gram == gram.transposed)
    #expect(outer == outer.transposed)
  }

  @Test func productsWithVectorsAreProductsWithColumns() {
    let a = gaussian(6, 11)
    let x = gaussian(11, 1, 1)
    let y = gaussian(6, 1, 2)
    expectClose(a * x.values, product(a, x).values, absolute: 1e-13)
    expectClose(
      LinearAlgebra.multiply(a, y.values, transposingFirst: true), product(a.transposed, y).values, absolute: 1e-13)
    var sum = y.values
    LinearAlgebra.add(-2, times: a * x.values, to: &sum)
    expectClose(sum, (y - 2 * product(a, x)).values, absolute: 1e-13)
    expectClose(LinearAlgebra.dot(y.values, y.values), y.squaredNorm, absolute: 1e-13)
  }

  @Test(arguments: [1, 2, 8, 65]) func eigenvectorsDiagonalise(size: Int) throws {
    let a = gaussian(size, size)
    let symmetric = a + a.transposed
    let eigen = try LinearAlgebra.symmetricEigen(symmetric)
    expectOrthonormalColumns(eigen.vectors)
    expectClose(symmetric * eigen.vectors, eigen.vectors * Matrix(diagonal: eigen.values), absolute: 1e-12)
    #expect(eigen.values == eigen.values.sorted())
    expectClose(try LinearAlgebra.symmetricEigenvalues(symmetric), eigen.values, absolute: 1e-12)
  }

  @Test(arguments: shapes, [false, true]) func qrReconstructs(shape: (Int, Int), complete: Bool) throws {
    let a = gaussian(shape.0, shape.1)
    let (q, r) = try LinearAlgebra.qr(a, complete: complete)
    #expect(q.columnCount == (complete ? shape.0 : min(shape.0, shape.1)))
    expectOrthonormalColumns(q)
    expectClose(q * r, a, absolute: 1e-13)
    for row in 0..<r.rowCount {
      for column in 0..<min(row, r.columnCount) { #expect(r[row, column] == 0) }
    }
    #expect(r.diagonal.allSatisfy { $0 >= 0 })
  }

  @Test(arguments: shapes) func singularValuesReconstruct(shape: (Int, Int)) throws {
    let a = gaussian(shape.0, shape.1)
    let (left, values, right) = try LinearAlgebra.singularValueDecomposition(a)
    expectOrthonormalColumns(left)
    expectOrthonormalColumns(right.transposed)
    expectClose(left * Matrix(diagonal: values) * right, a, absolute: 1e-13)
    #expect(values == values.sorted(by: >) && values.allSatisfy { $0 >= 0 })
    expectClose(try LinearAlgebra.singularValues(a), values, absolute: 1e-13)
  }

  @Test func choleskyReconstructsAndSolves() throws {
    let a = LinearAlgebra.gram(gaussian(50, 30))
    let factor = try LinearAlgebra.cholesky(a)
    expectClose(LinearAlgebra.outerGram(factor), a, absolute: 1e-12)
    #expect(factor[0, 1] == 0)
    let b = gaussian(30, 3, 1)
    expectClose(a * (try LinearAlgebra.solve(positiveDefinite: a, b)), b, absolute: 1e-11)
    expectClose(a * (try LinearAlgebra.solve(positiveDefinite: a, b.column(1))), b.column(1), absolute: 1e-11)
    let logarithms = try LinearAlgebra.symmetricEigenvalues(a).map(Double.logarithm)
    expectClose(try LinearAlgebra.logDeterminant(positiveDefinite: a), logarithms.reduce(0, +), absolute: 1e-11)
  }

  @Test func choleskyNamesTheMinorThatFails() {
    let matrix = Matrix(diagonal: [1, 2, -1, 3])
    #expect(throws: NumericalError.notPositiveDefinite(order: 3)) { try LinearAlgebra.cholesky(matrix) }
  }

  @Test func symmetricRoutinesReadTheLowerTriangleOnly() throws {
    let a = LinearAlgebra.gram(gaussian(12, 9))
    let lower = Matrix(rowCount: 9, columnCount: 9) { $1 <= $0 ? a[$0, $1] : 1e9 }
    #expect(try LinearAlgebra.symmetricEigenvalues(lower) == LinearAlgebra.symmetricEigenvalues(a))
    #expect(try LinearAlgebra.symmetricEigen(lower).vectors == LinearAlgebra.symmetricEigen(a).vectors)
    #expect(try LinearAlgebra.cholesky(lower) == LinearAlgebra.cholesky(a))
  }

  @Test(arguments: [true, false], [true, false]) func trianglesSolve(lower: Bool, transposed: Bool) {
    let full = gaussian(12, 12) + 5 * Matrix.identity(12)
    let triangle = Matrix(rowCount: 12, columnCount: 12) { (lower ? $1 <= $0 : $1 >= $0) ? full[$0, $1] : 0 }
    let b = gaussian(12, 2, 1)
    let x = LinearAlgebra.solveTriangular(full, b, lower: lower, transposed: transposed)
    expectClose((transposed ? triangle.transposed : triangle) * x, b, absolute: 1e-12)
  }

  @Test func generalSystemsSolve() throws {
    let a = gaussian(20, 20)
    let b = gaussian(20, 3, 1)
    expectClose(a * (try LinearAlgebra.solve(a, b)), b, absolute: 1e-11)
    expectClose(a * (try LinearAlgebra.solve(a, b.column(0))), b.column(0), absolute: 1e-11)
    #expect(throws: NumericalError.self) { try LinearAlgebra.solve(Matrix(rowCount: 2, columnCount: 2), [1, 1]) }
  }

  @Test func notANumberIsRefused() {
    let matrix = Matrix(diagonal: [1, .nan])
    #expect(throws: NumericalError.self) { try LinearAlgebra.symmetricEigen(matrix) }
    #expect(throws: NumericalError.self) { try LinearAlgebra.singularValues(matrix) }
    #expect(throws: NumericalError.notPositiveDefinite(order: 2)) { try LinearAlgebra.cholesky(matrix) }
  }

  @Test func transposingTwiceIsNothing() {
    let a = gaussian(37, 50)
    #expect(a.transposed.transposed == a)
    #expect(a.transposed[49, 36] == a[36, 49])
  }

  @Test func uncheckedAccessIsTheSameElement() {
    var a = gaussian(3, 5)
    for row in 0..<3 {
      for column in 0..<5 {
        #expect(a[unchecked: row, column] == a[row, column])
        a[row, column] = 1
        a[unchecked: row, column] += Double(10 * row + column)
      }
    }
    #expect(a.row(2) == [21, 22, 23, 24, 25] && a.column(4) == [5, 15, 25])
  }
}
