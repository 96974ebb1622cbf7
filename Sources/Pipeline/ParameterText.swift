public import PaperKit

extension ParameterValue {
  /// The value as tables show it: words without quotes, all else as hashed.
  package var plainText: String {
    if case .text(let word) = self { word } else { canonicalText }
  }
}

extension ParameterValue: Encodable {
  /// Numbers as numbers, words as words, lists as lists; an infinite number, which JSON lacks, as the word `inf` or `-inf`.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    switch self {
    case .integer(let value): try container.encode(value)
    case .real(let value) where !value.isFinite: try container.encode("\(value)")
    case .real(let value): try container.encode(value)
    case .flag(let value): try container.encode(value)
    case .text(let value): try container.encode(value)
    case .list(let values): try container.encode(values)
    }
  }
}
