/// One parameter's value, free of its Swift type.
public enum ParameterValue: Hashable, Sendable {
  /// A whole number.
  case integer(Int)
  /// A real number; never NaN.
  case real(Double)
  /// True or false.
  case flag(Bool)
  /// A word.
  case text(String)
  /// A list.
  case list([ParameterValue])

  /// Canonical text, the one that is hashed: shortest round-trip numbers, reals always with point or exponent,
  /// -0 as 0.0, words quoted as in JSON, with codes for all that is not seen.
  public var canonicalText: String {
    switch self {
    case .integer(let value): "\(value)"
    case .real(let value): value == 0 ? "0.0" : "\(value)"
    case .flag(let value): value ? "true" : "false"
    case .text(let value): Self.quoted(value)
    case .list(let values): "[" + values.map(\.canonicalText).joined(separator: ", ") + "]"
    }
  }

  /// The value as a number for tables: whole numbers and flags (0, 1) too; nil for words and lists.
  public var number: Double? {
    switch self {
    case .integer(let value): Double(value)
    case .real(let value): value
    case .flag(let value): value ? 1 : 0
    case .text, .list: nil
    }
  }

  /// Whether another value is this one; whole numbers equal reals of the same value.
  public func isSame(_ other: ParameterValue) -> Bool {
    // Beyond 2^53 different whole numbers have the same real one.
    if case .integer = self, case .integer = other { return self == other }
    return self == other || number != nil && number == other.number
  }

  private static func quoted(_ text: String) -> String {
    var quoted = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": quoted += "\\\""
      case "\\": quoted += "\\\\"
      case "\n": quoted += "\\n"
      case "\r": quoted += "\\r"
      case "\t": quoted += "\\t"
      case _ where isSeen(scalar): quoted.unicodeScalars.append(scalar)
      default:
        for unit in String(scalar).utf16 {
          quoted += "\\u" + String(0x10000 + UInt32(unit), radix: 16).dropFirst()
        }
      }
    }
    return quoted + "\""
  }

  /// Whether a sign is neither a control character, one without a width of its own such as a joiner, nor a line break.
  private static func isSeen(_ scalar: Unicode.Scalar) -> Bool {
    if (0x20..<0x7f).contains(scalar.value) { return true }
    switch scalar.properties.generalCategory {
    case .control, .format, .lineSeparator, .paragraphSeparator: return false
    default: return true
    }
  }
}
