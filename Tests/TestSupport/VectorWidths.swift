internal import NumericalMethods
public import Testing

/// Expects one result, bit for bit, from every width of vectors that this processor has.
public func expectSameBitsAtEveryWidth(
  _ comment: Comment? = nil, sourceLocation: SourceLocation = #_sourceLocation, _ numbers: () throws -> [Double]
) rethrows {
  let results = try VectorWidth.each { try numbers().map(\.bitPattern) }
  #expect(results.first?.isEmpty == false, comment, sourceLocation: sourceLocation)
  for result in results { #expect(result == results[0], comment, sourceLocation: sourceLocation) }
}
