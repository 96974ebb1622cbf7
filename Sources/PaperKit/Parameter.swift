private import Foundation
private import Synchronization

/// One parameter of an experiment, declared in one place: name and default by the property, meaning and allowed values by
/// this attribute.
///
///     @Parameter("d", in: 2...64) var inputDimension = 8
///     @Parameter("eta", above: 0, atMost: 1) var learningRate = 1e-3
///
/// What ties parameters to each other stands in ``ExperimentParameters/validateRelations()``.
@propertyWrapper
public struct Parameter<Value: ParameterType>: Sendable {
  @usableFromInline var storage: Storage

  /// The value. Copies of the parameters have values of their own.
  public var wrappedValue: Value {
    @inlinable get { storage.value }
    set {
      guard !isKnownUniquelyReferenced(&storage) else { return storage.value = newValue }
      storage = storage.copy(with: newValue)
    }
  }

  fileprivate init(_ value: Value, _ meaning: String, _ allowed: AllowedValues<Value>) {
    storage = Storage(value, meaning, allowed)
    Making.collector?.parameters.append(storage)
  }

  /// Any value, or what ``ExperimentParameters/validateRelations()`` leaves of them.
  public init(wrappedValue: Value, _ meaning: String) { self.init(wrappedValue, meaning, .all) }

  /// Value and declaration. A reference, so that named values can be laid over a fresh struct of parameters whatever its
  /// properties are; a value changes only while one struct has it.
  @usableFromInline final class Storage: DeclaredParameter, @unchecked Sendable {
    @usableFromInline var value: Value
    private let allowed: AllowedValues<Value>

    fileprivate init(_ value: Value, _ meaning: String, _ allowed: AllowedValues<Value>) {
      (self.value, self.allowed) = (value, allowed)
      super.init(meaning: meaning)
    }

    fileprivate func copy(with value: Value) -> Storage { Storage(value, meaning, allowed) }

    override var allowedText: String? { allowed.text() ?? Value.choices }
    override var namedValue: ParameterValue { value.parameterValue }

    override func set(_ value: ParameterValue, name: String) throws {
      self.value = try Value(value, name: name)
      try validate(name: name)
    }

    override func validate(name: String) throws {
      if !allowed.contains(value) { throw InvalidParameter(name, value, allowed: allowed.text() ?? "") }
    }
  }
}

/// What is known of a parameter whatever its Swift type.
@usableFromInline class DeclaredParameter: @unchecked Sendable {
  /// What it is, one phrase for people: the symbol of the paper where it has one.
  final let meaning: String

  fileprivate init(meaning: String) { self.meaning = meaning }

  /// Which values it may have, in words; nil for all of its type.
  fileprivate var allowedText: String? { nil }
  fileprivate var namedValue: ParameterValue { preconditionFailure("a parameter has a value") }

  /// Gives it another value. Throws ``InvalidParameter`` for one of another type or that is not allowed.
  fileprivate func set(_ value: ParameterValue, name: String) throws {}
  /// Throws ``InvalidParameter`` unless its value is allowed.
  fileprivate func validate(name: String) throws {}
}

/// Which values a parameter may have by itself.
private struct AllowedValues<Value: Sendable>: Sendable {
  /// In words, as in "at least 2"; nil where all are allowed.
  let text: @Sendable () -> String?
  let contains: @Sendable (Value) -> Bool

  static var all: Self { Self(text: { nil }, contains: { _ in true }) }
}

extension Parameter where Value: Comparable & LosslessStringConvertible {
  /// Values from the first to the last, both included.
  public init(wrappedValue: Value, _ meaning: String, in range: ClosedRange<Value>) {
    self.init(
      wrappedValue, meaning,
      AllowedValues(
        text: { "\(shortText(range.lowerBound)) to \(shortText(range.upperBound))" }, contains: range.contains))
  }

  /// Finite values within the bounds given.
  public init(
    wrappedValue: Value, _ meaning: String, atLeast least: Value? = nil, above infimum: Value? = nil,
    atMost greatest: Value? = nil, below supremum: Value? = nil
  ) {
    self.init(
      wrappedValue, meaning,
      AllowedValues {
        [("at least", least), ("above", infimum), ("at most", greatest), ("below", supremum)]
          .compactMap { word, bound in bound.map { "\(word) \(shortText($0))" } }.joined(separator: ", ")
      } contains: { value in
        // NaN is in no relation to a bound.
        least.map { value >= $0 } ?? true && infimum.map { value > $0 } ?? true && greatest.map { value <= $0 } ?? true
          && supremum.map { value < $0 } ?? true && (value as? Double)?.isFinite ?? true
      })
  }
}

extension Parameter where Value: Choice & Equatable {
  /// Some words of the choice only.
  public init(wrappedValue: Value, _ meaning: String, among words: [Value]) {
    self.init(
      wrappedValue, meaning,
      AllowedValues(text: { words.map(\.rawValue).joined(separator: ", ") }, contains: { words.contains($0) }))
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

/// The parameters of a struct that is being made, in the order of their declarations.
private final class Collector: @unchecked Sendable {  // Of one task, while it makes the struct.
  var parameters: [DeclaredParameter] = []
}

private enum Making {
  @TaskLocal static var collector: Collector?
}

/// The names of the parameters of each struct: found by reflection, which is slow.
private let namesOfTypes = Mutex<[ObjectIdentifier: [String]]>([:])

extension ExperimentParameters {
  /// The defaults, and the storage of each parameter in the order of the declarations.
  private static func make() -> (Self, [(name: String, parameter: DeclaredParameter)]) {
    let collector = Collector()
    let parameters = Making.$collector.withValue(collector) { Self() }
    let names = namesOfTypes.withLock { all in
      if let names = all[ObjectIdentifier(Self.self)] { return names }
      let reflected = parameters.reflected
      precondition(
        reflected.map { ObjectIdentifier($0.parameter) } == collector.parameters.map { ObjectIdentifier($0) },
        "\(Self.self): parameters have their defaults by declaration; init() sets none")
      let names = reflected.map(\.name)
      all[ObjectIdentifier(Self.self)] = names
      return names
    }
    return (parameters, Array(zip(names, collector.parameters)))
  }

  private var reflected: [(name: String, parameter: DeclaredParameter)] {
    Mirror(reflecting: self).children.compactMap { child in
      // The property `x` of a wrapper is stored as `_x`.
      Mirror(reflecting: child.value).children.lazy.compactMap { $0.value as? DeclaredParameter }.first
        .map { (String(child.label?.dropFirst() ?? "?"), $0) }
    }
  }

  /// All parameters in the order of their declarations, with their defaults.
  public static var declarations: [ParameterDeclaration] {
    make().1.map { name, parameter in
      ParameterDeclaration(name, parameter.namedValue, meaning: parameter.meaning, allowed: parameter.allowedText)
    }
  }

  /// All parameters by name.
  public func values() -> [String: ParameterValue] {
    Dictionary(uniqueKeysWithValues: reflected.map { ($0.name, $0.parameter.namedValue) })
  }

  /// Parameters from a value for every name, validated. Throws ``InvalidParameter`` for a missing, ill-typed or refused
  /// value.
  public init(values: [String: ParameterValue]) throws {
    let (parameters, declared) = Self.make()
    for (name, parameter) in declared {
      guard let value = values[name] else { throw InvalidParameter(name, "nothing", allowed: "a value") }
      try parameter.set(value, name: name)
    }
    self = parameters
    try validateRelations()
  }

  /// Throws ``InvalidParameter`` for a value outside the range the experiment is meant for.
  public func validate() throws {
    for (name, parameter) in reflected { try parameter.validate(name: name) }
    try validateRelations()
  }
}
