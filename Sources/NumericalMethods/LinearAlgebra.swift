/// Dense real linear algebra on ``Matrix``, computed by OpenBLAS on one thread.
///
/// Results repeat bit for bit on machines of one ``NumericClass``. Shapes are checked throughout. This file has the products; the factorisations are in LinearAlgebra+Factorisations.swift.
public enum LinearAlgebra {
  /// The processor family whose kernels OpenBLAS uses: `Haswell` on every processor of the class, see ``NumericClass``.
  public static var coreName: String { OpenBLAS.coreName }

  /// Version and build options of OpenBLAS, for provenance.
  public static var configuration: String { OpenBLAS.configuration }

  /// Why OpenBLAS cannot be loaded; nil if it can. Anything else here ends a program that cannot load it.
  public static var loadingError: String? { OpenBLAS.loadingError }

  // MARK: Matrix products

  /// op(A) op(B), where op transposes when asked to.
  ///
  /// 2 m n k operations.
  public static func multiply(
    _ first: Matrix, _ second: Matrix, transposingFirst: Bool = false, transposingSecond: Bool = false
  ) -> Matrix {
    var product = Matrix(
      rowCount: transposingFirst ? first.columnCount : first.rowCount,
      columnCount: transposingSecond ? second.rowCount : second.columnCount)
    multiply(
      first, second, transposingFirst: transposingFirst, transposingSecond: transposingSecond, into: &product)
    return product
  }

  /// C <- scale op(A) op(B) + adding C, in place.
  ///
  /// With `adding` 0 the old elements of C do not matter, even when NaN.
  public static func multiply(
    _ first: Matrix, _ second: Matrix, transposingFirst: Bool = false, transposingSecond: Bool = false,
    scale: Double = 1, into product: inout Matrix, adding: Double = 0
  ) {
    let innerCount = transposingFirst ? first.rowCount : first.columnCount
    precondition(
      innerCount == (transposingSecond ? second.columnCount : second.rowCount)
        && product.rowCount == (transposingFirst ? first.columnCount : first.rowCount)
        && product.columnCount == (transposingSecond ? second.rowCount : second.columnCount),
      """
      \(first.shapeText)\(transposingFirst ? " transposed" : "") times \(second.shapeText)\
      \(transposingSecond ? " transposed" : "") into \(product.shapeText)
      """)
    let (rowCount, columnCount) = (product.rowCount, product.columnCount)
    first.values.withUnsafeBufferPointer { first in
      second.values.withUnsafeBufferPointer { second in
        product.values.withUnsafeMutableBufferPointer { product in
          multiply(
            first, second, rowCount: rowCount, innerCount: innerCount, columnCount: columnCount,
            transposingFirst: transposingFirst, transposingSecond: transposingSecond, scale: scale, into: product,
            adding: adding)
        }
      }
    }
  }

  /// C <- scale op(A) op(B) + adding C over memory in row-major order, for hot loops.
  ///
  /// op(A) is rowCount x innerCount, op(B) innerCount x columnCount, C rowCount x columnCount and apart from the others
  /// in memory (not checked). Checked: the buffers are large enough. Allocates nothing.
  public static func multiply(
    _ first: UnsafeBufferPointer<Double>, _ second: UnsafeBufferPointer<Double>, rowCount: Int, innerCount: Int,
    columnCount: Int, transposingFirst: Bool = false, transposingSecond: Bool = false, scale: Double = 1,
    into product: UnsafeMutableBufferPointer<Double>, adding: Double = 0
  ) {
    precondition(
      first.count >= rowCount * innerCount && second.count >= innerCount * columnCount
        && product.count >= rowCount * columnCount,
      "\(rowCount) x \(innerCount) x \(columnCount) from \(first.count) and \(second.count) into \(product.count)")
    guard let product = product.baseAddress, rowCount * columnCount > 0 else { return }
    guard let first = first.baseAddress, let second = second.baseAddress, innerCount > 0 else {
      // An empty sum; BLAS need not be asked, and empty arrays have no address.
      for index in 0..<(rowCount * columnCount) { product[index] = adding == 0 ? 0 : adding * product[index] }
      return
    }
    OpenBLAS.multiply(
      rowCount, columnCount, innerCount, scale: scale, first, transposed: transposingFirst, second,
      transposed: transposingSecond, adding: adding, into: product)
  }

  /// A^T A of an m x n matrix: n x n, exactly symmetric, at half the cost of a general product.
  public static func gram(_ matrix: Matrix) -> Matrix {
    symmetricProduct(matrix, size: matrix.columnCount, innerCount: matrix.rowCount, transposed: true)
  }

  /// A A^T of an m x n matrix: m x m, exactly symmetric, at half the cost of a general product.
  public static func outerGram(_ matrix: Matrix) -> Matrix {
    symmetricProduct(matrix, size: matrix.rowCount, innerCount: matrix.columnCount, transposed: false)
  }

  private static func symmetricProduct(_ matrix: Matrix, size: Int, innerCount: Int, transposed: Bool) -> Matrix {
    var product = Matrix(rowCount: size, columnCount: size)
    matrix.values.withUnsafeBufferPointer { matrix in
      product.values.withUnsafeMutableBufferPointer { product in
        guard let matrix = matrix.baseAddress, let product = product.baseAddress else { return }
        OpenBLAS.symmetricProduct(size, innerCount, matrix, transposed: transposed, into: product)
        for row in 0..<size {
          for column in 0..<row { product[column * size + row] = product[row * size + column] }
        }
      }
    }
    return product
  }

  // MARK: Products with vectors

  /// op(A) x.
  public static func multiply(_ matrix: Matrix, _ vector: [Double], transposingFirst: Bool = false) -> [Double] {
    var product = [Double](repeating: 0, count: transposingFirst ? matrix.columnCount : matrix.rowCount)
    multiply(matrix, vector, transposingFirst: transposingFirst, into: &product)
    return product
  }

  /// y <- scale op(A) x + adding y, in place.
  ///
  /// With `adding` 0 the old elements of y do not matter.
  public static func multiply(
    _ matrix: Matrix, _ vector: [Double], transposingFirst: Bool = false, scale: Double = 1,
    into product: inout [Double], adding: Double = 0
  ) {
    precondition(
      vector.count == (transposingFirst ? matrix.rowCount : matrix.columnCount)
        && product.count == (transposingFirst ? matrix.columnCount : matrix.rowCount),
      "\(matrix.shapeText)\(transposingFirst ? " transposed" : "") times \(vector.count) into \(product.count)")
    matrix.values.withUnsafeBufferPointer { values in
      vector.withUnsafeBufferPointer { vector in
        product.withUnsafeMutableBufferPointer { product in
          guard let values = values.baseAddress, let vector = vector.baseAddress, let product = product.baseAddress
          else {
            for index in product.indices { product[index] = adding == 0 ? 0 : adding * product[index] }
            return
          }
          OpenBLAS.multiply(
            matrix.rowCount, matrix.columnCount, scale: scale, values, transposed: transposingFirst, vector,
            adding: adding, into: product)
        }
      }
    }
  }

  /// The scalar product of x and y.
  ///
  /// Checked: equal counts.
  public static func dot(_ first: [Double], _ second: [Double]) -> Double {
    precondition(first.count == second.count, "scalar product of \(first.count) and \(second.count) numbers")
    return first.withUnsafeBufferPointer { first in
      second.withUnsafeBufferPointer { second in
        guard let x = first.baseAddress, let y = second.baseAddress else { return 0 }
        return OpenBLAS.dot(first.count, x, y)
      }
    }
  }

  /// The Euclidean length of x (not protected against overflow beyond 1e154).
  public static func norm(_ vector: [Double]) -> Double { dot(vector, vector).squareRoot() }

  /// y <- y + factor x, in place.
  ///
  /// Checked: equal counts.
  public static func add(_ factor: Double, times vector: [Double], to sum: inout [Double]) {
    precondition(vector.count == sum.count, "\(vector.count) numbers added to \(sum.count)")
    vector.withUnsafeBufferPointer { vector in
      sum.withUnsafeMutableBufferPointer { sum in
        guard let x = vector.baseAddress, let y = sum.baseAddress else { return }
        OpenBLAS.add(vector.count, factor, x, to: y)
      }
    }
  }

  /// Y <- Y + factor X, in place.
  ///
  /// Checked: equal shapes.
  public static func add(_ factor: Double, times matrix: Matrix, to sum: inout Matrix) {
    precondition(
      matrix.rowCount == sum.rowCount && matrix.columnCount == sum.columnCount,
      "\(matrix.shapeText) added to \(sum.shapeText)")
    add(factor, times: matrix.values, to: &sum.values)
  }
}

extension Matrix {
  /// The matrix product, ``LinearAlgebra/multiply(_:_:transposingFirst:transposingSecond:)``.
  public static func * (left: Matrix, right: Matrix) -> Matrix { LinearAlgebra.multiply(left, right) }

  /// The product of a matrix with a vector.
  public static func * (left: Matrix, right: [Double]) -> [Double] { LinearAlgebra.multiply(left, right) }

  var shapeText: String { "\(rowCount) x \(columnCount)" }
}
