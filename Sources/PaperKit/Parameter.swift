private import Foundation

/// One parameter of an experiment, declared in one place: name and default by the property, meaning and allowed values by
/// this attribute.
///
///     @Parameter("d", in: 2...64) var inputDimension = 8
///     @Parameter("eta", above: 0, atMost: 1) var learningRate = 1e-3
///
/// What ties parameters to each other stands in ``ExperimentParameters/validateRelations()``.
@propertyWrapper
public struct Parameter<Value: ParameterType>: Sendable {
  /// What it is, one phrase for people: the symbol of the paper where it has one.
  public let meaning: String
  private let allowed: AllowedValues<Value>
  @usableFromInline var storage: Storage

  /// The value. Copies of the parameters have values of their own.
  @inlinable public var wrappedValue: Value {
    get { storage.value }
    set {
      if isKnownUniquelyReferenced(&storage) { storage.value = newValue } else { storage = Storage(newValue) }
    }
  }

  // A reference, so that named values can be laid over a fresh struct of parameters, whose properties are reached by
  // reflection alone. Changed only while it has one owner.
  @usableFromInline final class Storage: @unchecked Sendable {
    @usableFromInline var value: Value
    @usableFromInline init(_ value: Value) { self.value = value }
  }

  fileprivate init(_ value: Value, _ meaning: String, _ allowed: AllowedValues<Value>) {
    self.meaning = meaning
    self.allowed = allowed
    storage = Storage(value)
  }

  /// Any value, or what ``ExperimentParameters/validateRelations()`` leaves of them.
  public init(wrappedValue: Value, _ meaning: String) { self.init(wrappedValue, meaning, .all) }
}

/// Which values a parameter may have by itself.
private struct AllowedValues<Value: Sendable>: Sendable {
  /// In words, as in "at least 2"; nil where all are allowed.
  let text: String?
  let contains: @Sendable (Value) -> Bool

  static var all: Self { Self(text: nil) { _ in true } }
}

extension Parameter where Value: Comparable & LosslessStringConvertible {
  /// Values from the first to the last, both included.
  public init(wrappedValue: Value, _ meaning: String, in range: ClosedRange<Value>) {
    let text = "\(shortText(range.lowerBound)) to \(shortText(range.upperBound))"
    self.init(wrappedValue, meaning, AllowedValues(text: text, contains: range.contains))
  }

  /// Finite values within the bounds given.
  public init(
    wrappedValue: Value, _ meaning: String, atLeast least: Value? = nil, above infimum: Value? = nil,
    atMost greatest: Value? = nil, below supremum: Value? = nil
  ) {
    let words = [("at least", least), ("above", infimum), ("at most", greatest), ("below", supremum)].compactMap {
      word, bound in bound.map { "\(word) \(shortText($0))" }
    }
    let allowed = AllowedValues<Value>(text: words.joined(separator: ", ")) { value in
      // NaN is in no relation to a bound.
      least.map { value >= $0 } ?? true && infimum.map { value > $0 } ?? true && greatest.map { value <= $0 } ?? true
        && supremum.map { value < $0 } ?? true && (value as? Double)?.isFinite ?? true
    }
    self.init(wrappedValue, meaning, allowed)
  }
}

extension Parameter where Value: Choice & Equatable {
  /// Some words of the choice only.
  public init(wrappedValue: Value, _ meaning: String, among words: [Value]) {
    let text = words.map(\.rawValue).joined(separator: ", ")
    self.init(wrappedValue, meaning, AllowedValues(text: text, contains: words.contains))
  }
}

extension Parameter: Equatable where Value: Equatable {
  /// Whether the values are equal.
  public static func == (one: Self, other: Self) -> Bool { one.wrappedValue == other.wrappedValue }
}

/// A bound as people write it: 2, 0.5, 1e-13, 1e9.
private func shortText(_ value: some LosslessStringConvertible) -> String {
  guard let number = value as? Double, number.magnitude < 1e15, number == number.rounded() else {
    return "\(value)".replacing("e-0", with: "e-")
  }
  let exponent = Int(log10(max(number, 1)).rounded())
  return exponent >= 6 && number == pow(10, Double(exponent)) ? "1e\(exponent)" : "\(Int(number))"
}

/// What is known of a parameter whatever its Swift type.
protocol DeclaredParameter {
  var meaning: String { get }
  var allowedText: String? { get }
  var value: ParameterValue { get }
  /// Gives it another value. Throws ``InvalidParameter`` for one of another type or that is not allowed.
  func set(_ value: ParameterValue, name: String) throws
  /// Throws ``InvalidParameter`` unless its value is allowed.
  func validate(name: String) throws
}

extension Parameter: DeclaredParameter {
  var allowedText: String? { allowed.text ?? Value.choices }
  var value: ParameterValue { wrappedValue.parameterValue }

  func set(_ value: ParameterValue, name: String) throws {
    storage.value = try Value(value, name: name)
    try validate(name: name)
  }

  func validate(name: String) throws {
    guard let text = allowed.text, !allowed.contains(wrappedValue) else { return }
    throw InvalidParameter(name, wrappedValue, allowed: text)
  }
}

/// A parameter as users are shown it.
public struct ParameterDeclaration: Equatable, Sendable {
  /// Its name in pipeline.yaml.
  public let name: String
  /// Its value unless given.
  public let initialValue: ParameterValue
  /// What it is, one phrase.
  public let meaning: String
  /// Which values it may have by itself, in words; nil for all of its type.
  public let allowed: String?

  /// A declaration; of a parameter of a program no more than its default is known.
  public init(_ name: String, _ initialValue: ParameterValue, meaning: String = "", allowed: String? = nil) {
    self.name = name
    self.initialValue = initialValue
    self.meaning = meaning
    self.allowed = allowed
  }
}

extension ExperimentParameters {
  private var declared: [(name: String, parameter: any DeclaredParameter)] {
    // The property `x` of a wrapper is stored as `_x`.
    Mirror(reflecting: self).children.compactMap { child in
      (child.value as? any DeclaredParameter).map { (String(child.label?.dropFirst() ?? "?"), $0) }
    }
  }

  /// All parameters in the order of their declarations, with their defaults.
  public static var declarations: [ParameterDeclaration] {
    Self().declared.map { name, parameter in
      ParameterDeclaration(name, parameter.value, meaning: parameter.meaning, allowed: parameter.allowedText)
    }
  }

  /// All parameters by name.
  public func values() -> [String: ParameterValue] {
    Dictionary(uniqueKeysWithValues: declared.map { ($0.name, $0.parameter.value) })
  }

  /// Parameters from a value for every name, validated. Throws ``InvalidParameter`` for a missing, ill-typed or refused
  /// value.
  public init(values: [String: ParameterValue]) throws {
    self.init()
    for (name, parameter) in declared {
      guard let value = values[name] else { throw InvalidParameter(name, "nothing", allowed: "a value") }
      try parameter.set(value, name: name)
    }
    try validateRelations()
  }

  /// Throws ``InvalidParameter`` for a value outside the range the experiment is meant for.
  public func validate() throws {
    for (name, parameter) in declared { try parameter.validate(name: name) }
    try validateRelations()
  }
}
