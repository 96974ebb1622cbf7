/// A Swift type that a parameter can have: `Int`, `Double`, `Bool`, `String`, a ``Choice``, or a list of one of these.
public protocol ParameterType: Sendable {
  /// The words among which it is a choice; nil if it is none.
  static var choices: String? { get }
  /// Reads it; throws ``InvalidParameter`` for a value of another type.
  init(_ value: ParameterValue, name: String) throws
  /// The value, free of its Swift type.
  var parameterValue: ParameterValue { get }
}

extension ParameterType {
  /// None.
  public static var choices: String? { nil }
}

extension ParameterValue {
  fileprivate func refused(_ name: String, allowed: String) -> InvalidParameter {
    InvalidParameter(name, canonicalText, allowed: allowed)
  }
}

extension Int: ParameterType {
  /// A whole number.
  public init(_ value: ParameterValue, name: String) throws {
    guard case .integer(let number) = value else { throw value.refused(name, allowed: "a whole number") }
    self = number
  }
  /// The number.
  public var parameterValue: ParameterValue { .integer(self) }
}

extension Double: ParameterType {
  /// A number, whole ones too.
  public init(_ value: ParameterValue, name: String) throws {
    switch value {
    case .real(let number): self = number
    case .integer(let number): self = Double(number)
    default: throw value.refused(name, allowed: "a number")
    }
  }
  /// The number.
  public var parameterValue: ParameterValue { .real(self) }
}

extension Bool: ParameterType {
  /// True or false.
  public init(_ value: ParameterValue, name: String) throws {
    guard case .flag(let flag) = value else { throw value.refused(name, allowed: "true or false") }
    self = flag
  }
  /// The flag.
  public var parameterValue: ParameterValue { .flag(self) }
}

extension String: ParameterType {
  /// A word.
  public init(_ value: ParameterValue, name: String) throws {
    guard case .text(let text) = value else { throw value.refused(name, allowed: "a word") }
    self = text
  }
  /// The word.
  public var parameterValue: ParameterValue { .text(self) }
}

extension Array: ParameterType where Element: ParameterType {
  /// Those of its elements.
  public static var choices: String? { Element.choices }

  /// A list.
  public init(_ value: ParameterValue, name: String) throws {
    guard case .list(let values) = value else { throw value.refused(name, allowed: "a list") }
    self = try values.map { try Element($0, name: name) }
  }
  /// The list.
  public var parameterValue: ParameterValue { .list(map(\.parameterValue)) }
}

/// A choice between words, such as `start: identity | wishart`: an enumeration with text raw values that knows them all,
/// so that a wrong word is refused with the list of the right ones.
public protocol Choice: ParameterType, RawRepresentable, CaseIterable where RawValue == String {}

extension Choice {
  /// The words, in the order of their declarations.
  public static var choices: String? { allCases.map(\.rawValue).joined(separator: ", ") }

  /// Reads the word.
  public init(_ value: ParameterValue, name: String) throws {
    let word = try String(value, name: name)
    guard let choice = Self(rawValue: word) else { throw InvalidParameter(name, word, allowed: Self.choices ?? "") }
    self = choice
  }
  /// The word.
  public var parameterValue: ParameterValue { .text(rawValue) }
}
