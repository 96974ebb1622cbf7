public import NumericalMethods
public import Testing

/// Records an issue unless |value - expected| <= absolute + relative |expected|.
///
/// NaN is close to nothing.
public func expectClose(
  _ value: Double, _ expected: Double, relative: Double = 0, absolute: Double = 0, _ comment: Comment? = nil,
  sourceLocation: SourceLocation = #_sourceLocation
) {
  let allowed = absolute + relative * abs(expected)
  #expect(
    value == expected || abs(value - expected) <= allowed,
    "\(value) differs from \(expected) by \(value - expected), allowed \(allowed)\(comment.map { ": \($0)" } ?? "")",
    sourceLocation: sourceLocation)
}

/// The same for every pair of elements of two lists, reported once with the worst pair.
public func expectClose(
  _ values: [Double], _ expected: [Double], relative: Double = 0, absolute: Double = 0, _ comment: Comment? = nil,
  sourceLocation: SourceLocation = #_sourceLocation
) {
  #expect(values.count == expected.count, comment, sourceLocation: sourceLocation)
  // An excess that is not <= 0 is one too many; NaN counts as the greatest.
  let excess = zip(values, expected).map { value, expected in
    value == expected ? -1 : abs(value - expected) - absolute - relative * abs(expected)
  }
  guard let worst = excess.indices.first(where: { !(excess[$0] <= 0) }) else { return }
  expectClose(
    values[worst], expected[worst], relative: relative, absolute: absolute, "element \(worst)",
    sourceLocation: sourceLocation)
}

/// The same for two matrices of equal shape.
public func expectClose(
  _ matrix: Matrix, _ expected: Matrix, relative: Double = 0, absolute: Double = 0, _ comment: Comment? = nil,
  sourceLocation: SourceLocation = #_sourceLocation
) {
  #expect(matrix.rowCount == expected.rowCount && matrix.columnCount == expected.columnCount, comment)
  expectClose(
    matrix.values, expected.values, relative: relative, absolute: absolute, comment, sourceLocation: sourceLocation)
}
