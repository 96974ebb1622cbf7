/// An array of doubles with any number of axes, in row-major order (the last axis runs fastest).
public struct NDArray: Sendable, Equatable {
  /// Length of every axis; empty for a single number.
  public let shape: [Int]
  /// The numbers, `shape` multiplied together many.
  public var values: [Double]

  /// An array from its numbers in row-major order.
  ///
  /// Checked: the count must fit the shape.
  public init(shape: [Int], values: [Double]) {
    let count = shape.reduce(1, *)
    precondition(count == values.count, "shape \(shape) wants \(count) values, got \(values.count)")
    self.shape = shape
    self.values = values
  }

  /// An array with every number the same.
  public init(shape: [Int], repeating value: Double = 0) {
    self.init(shape: shape, values: Array(repeating: value, count: shape.reduce(1, *)))
  }

  /// A single number (no axes).
  public init(_ value: Double) { self.init(shape: [], values: [value]) }

  /// A list of numbers (one axis).
  public init(_ values: [Double]) { self.init(shape: [values.count], values: values) }

  /// Rows of equal length (two axes).
  ///
  /// Checked.
  public init(rows: [[Double]]) {
    let width = rows.first?.count ?? 0
    precondition(rows.allSatisfy { $0.count == width }, "rows of unequal lengths \(rows.map(\.count))")
    self.init(shape: [rows.count, width], values: rows.flatMap { $0 })
  }

  /// A matrix (two axes: row, column).
  public init(_ matrix: Matrix) {
    self.init(shape: [matrix.rowCount, matrix.columnCount], values: matrix.values)
  }

  /// Number of axes.
  public var rank: Int { shape.count }

  /// The element at one index per axis.
  ///
  /// Checked.
  public subscript(_ indices: Int...) -> Double {
    get { values[offset(indices)] }
    set { values[offset(indices)] = newValue }
  }

  /// The array that remains when the first axis is fixed, such as one replica of stacked results.
  ///
  /// Checked.
  public func slice(_ index: Int) -> NDArray {
    precondition(rank > 0 && (0..<shape[0]).contains(index), "slice \(index) of shape \(shape)")
    let rest = Array(shape.dropFirst())
    let count = rest.reduce(1, *)
    return NDArray(shape: rest, values: Array(values[(index * count)..<((index + 1) * count)]))
  }

  /// Arrays of equal shape stacked along a new first axis.
  ///
  /// Checked: at least one, equal shapes.
  public static func stack(_ parts: [NDArray]) -> NDArray {
    precondition(!parts.isEmpty, "nothing to stack")
    let shape = parts[0].shape
    precondition(parts.allSatisfy { $0.shape == shape }, "cannot stack shapes \(parts.map(\.shape))")
    return NDArray(shape: [parts.count] + shape, values: parts.flatMap(\.values))
  }

  /// Arrays joined along their first axis.
  ///
  /// Checked: at least one, equal shapes but for the first axis.
  public static func concatenate(_ parts: [NDArray]) -> NDArray {
    precondition(!parts.isEmpty && parts[0].rank > 0, "nothing to join")
    let rest = parts[0].shape.dropFirst()
    precondition(parts.allSatisfy { $0.shape.dropFirst() == rest }, "cannot join shapes \(parts.map(\.shape))")
    return NDArray(shape: [parts.reduce(0) { $0 + $1.shape[0] }] + rest, values: parts.flatMap(\.values))
  }

  private func offset(_ indices: [Int]) -> Int {
    precondition(indices.count == shape.count, "\(indices.count) indices for shape \(shape)")
    var offset = 0
    for (index, length) in zip(indices, shape) {
      precondition((0..<length).contains(index), "index \(indices) outside shape \(shape)")
      offset = offset * length + index
    }
    return offset
  }
}
