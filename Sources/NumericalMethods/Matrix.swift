/// A real matrix in row-major order: element (i, j) is `values[i * columnCount + j]`.
public struct Matrix: Sendable, Equatable {
  /// Number of rows.
  public let rowCount: Int
  /// Number of columns.
  public let columnCount: Int
  /// The elements row after row.
  public var values: [Double]

  /// A matrix from its elements row after row.
  ///
  /// Checked: the count must fit.
  public init(rowCount: Int, columnCount: Int, values: [Double]) {
    precondition(
      rowCount * columnCount == values.count, "\(rowCount) x \(columnCount) matrix from \(values.count) values")
    self.rowCount = rowCount
    self.columnCount = columnCount
    self.values = values
  }

  /// A matrix of zeros, or of one repeated value.
  public init(rowCount: Int, columnCount: Int, repeating value: Double = 0) {
    self.init(
      rowCount: rowCount, columnCount: columnCount, values: Array(repeating: value, count: rowCount * columnCount))
  }

  /// A matrix from an element for every (row, column).
  public init(rowCount: Int, columnCount: Int, element: (_ row: Int, _ column: Int) throws -> Double) rethrows {
    var values: [Double] = []
    values.reserveCapacity(rowCount * columnCount)
    for row in 0..<rowCount {
      for column in 0..<columnCount { values.append(try element(row, column)) }
    }
    self.init(rowCount: rowCount, columnCount: columnCount, values: values)
  }

  /// A square matrix with the given diagonal and zeros elsewhere.
  public init(diagonal: [Double]) {
    self.init(rowCount: diagonal.count, columnCount: diagonal.count) { $0 == $1 ? diagonal[$0] : 0 }
  }

  /// The identity matrix.
  public static func identity(_ size: Int) -> Matrix { Matrix(diagonal: Array(repeating: 1, count: size)) }

  /// Element (row, column).
  ///
  /// Checked: both indices.
  @inlinable public subscript(_ row: Int, _ column: Int) -> Double {
    get {
      require(row, column)
      return values[row &* columnCount &+ column]
    }
    set {
      require(row, column)
      values[row &* columnCount &+ column] = newValue
    }
  }

  /// Element (row, column) for inner loops whose ranges imply both bounds: an index beyond one of them reads or writes
  /// another element of the same matrix.
  @inlinable public subscript(unchecked row: Int, _ column: Int) -> Double {
    get { values[row &* columnCount &+ column] }
    set { values[row &* columnCount &+ column] = newValue }
  }

  @inlinable func require(_ row: Int, _ column: Int) {
    precondition(
      row >= 0 && row < rowCount && column >= 0 && column < columnCount,
      "element (\(row), \(column)) of a \(rowCount) x \(columnCount) matrix")
  }

  /// One row as a list.
  ///
  /// Checked.
  public func row(_ index: Int) -> [Double] {
    precondition((0..<rowCount).contains(index), "row \(index) of \(rowCount)")
    return Array(values[(index * columnCount)..<((index + 1) * columnCount)])
  }

  /// One column as a list.
  ///
  /// Checked.
  public func column(_ index: Int) -> [Double] {
    precondition((0..<columnCount).contains(index), "column \(index) of \(columnCount)")
    return (0..<rowCount).map { self[unchecked: $0, index] }
  }

  /// The transpose.
  public var transposed: Matrix {
    // Why blocks: reading down a column of a large matrix misses the cache at every element.
    let block = 16
    let transposed = [Double](unsafeUninitializedCapacity: values.count) { transposed, count in
      values.withUnsafeBufferPointer { values in
        for firstRow in stride(from: 0, to: rowCount, by: block) {
          for firstColumn in stride(from: 0, to: columnCount, by: block) {
            for row in firstRow..<min(firstRow + block, rowCount) {
              for column in firstColumn..<min(firstColumn + block, columnCount) {
                transposed[column * rowCount + row] = values[row * columnCount + column]
              }
            }
          }
        }
      }
      count = values.count
    }
    return Matrix(rowCount: columnCount, columnCount: rowCount, values: transposed)
  }

  /// The diagonal, min(rows, columns) elements.
  public var diagonal: [Double] { (0..<min(rowCount, columnCount)).map { self[unchecked: $0, $0] } }

  /// Sum of the diagonal.
  public var trace: Double { diagonal.reduce(0, +) }

  /// Squared Frobenius norm: the sum of the squared elements.
  public var squaredNorm: Double { values.reduce(0) { $0 + $1 * $1 } }

  /// The columns in a range as a matrix of their own.
  ///
  /// Checked.
  public func columns(_ range: Range<Int>) -> Matrix {
    precondition(range.lowerBound >= 0 && range.upperBound <= columnCount, "columns \(range) of \(columnCount)")
    return Matrix(rowCount: rowCount, columnCount: range.count) {
      self[unchecked: $0, range.lowerBound + $1]
    }
  }

  /// The rows in a range as a matrix of their own.
  ///
  /// Checked.
  public func rows(_ range: Range<Int>) -> Matrix {
    precondition(range.lowerBound >= 0 && range.upperBound <= rowCount, "rows \(range) of \(rowCount)")
    return Matrix(
      rowCount: range.count, columnCount: columnCount,
      values: Array(values[(range.lowerBound * columnCount)..<(range.upperBound * columnCount)]))
  }

  /// Sum, element by element.
  ///
  /// Checked: equal shapes.
  public static func + (left: Matrix, right: Matrix) -> Matrix { left.combined(with: right, +) }

  /// Difference, element by element.
  ///
  /// Checked: equal shapes.
  public static func - (left: Matrix, right: Matrix) -> Matrix { left.combined(with: right, -) }

  /// Every element multiplied by a number.
  public static func * (factor: Double, matrix: Matrix) -> Matrix {
    Matrix(rowCount: matrix.rowCount, columnCount: matrix.columnCount, values: matrix.values.map { factor * $0 })
  }

  private func combined(with other: Matrix, _ operation: (Double, Double) -> Double) -> Matrix {
    precondition(
      rowCount == other.rowCount && columnCount == other.columnCount,
      "shapes \(rowCount) x \(columnCount) and \(other.rowCount) x \(other.columnCount)")
    return Matrix(rowCount: rowCount, columnCount: columnCount, values: zip(values, other.values).map(operation))
  }
}
