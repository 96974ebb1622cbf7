// Parameters to named values and back. Synthesised decoding ignores the property initialisers and accepts unknown keys,
// so defaults are had by encoding `Parameters()`, and the engine overlays pipeline.yaml on them by name.

extension ExperimentParameters {
  /// All parameters by name.
  public func values() throws -> [String: ParameterValue] {
    let encoder = ParameterEncoder()
    try encode(to: encoder)
    return encoder.record.values
  }

  /// Parameters from a value for every name, validated. Throws ``InvalidParameter`` for a missing or ill-typed value and
  /// whatever ``validate()`` throws.
  public init(values: [String: ParameterValue]) throws {
    self = try Self(from: ParameterDecoder(values: values))
    try validate()
  }
}

private final class Record {
  var values: [String: ParameterValue] = [:]
}

private struct Unsupported: Error, CustomStringConvertible {
  let description: String
}

private struct ParameterEncoder: Encoder {
  let record = Record()
  let codingPath: [any CodingKey] = []
  let userInfo: [CodingUserInfoKey: Any] = [:]

  func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
    KeyedEncodingContainer(FlatEncoding(record: record))
  }
  func unkeyedContainer() -> any UnkeyedEncodingContainer { preconditionFailure("parameters are a struct, not a list") }
  func singleValueContainer() -> any SingleValueEncodingContainer {
    preconditionFailure("parameters are a struct, not a single value")
  }
}

private struct FlatEncoding<Key: CodingKey>: KeyedEncodingContainerProtocol {
  let record: Record
  let codingPath: [any CodingKey] = []

  mutating func encode<Value: Encodable>(_ value: Value, forKey key: Key) throws {
    record.values[key.stringValue] = try parameterValue(of: value, named: key.stringValue)
  }
  mutating func encodeNil(forKey key: Key) throws {
    throw Unsupported(description: "parameter '\(key.stringValue)' is optional; give it a default instead")
  }
  mutating func nestedContainer<Nested: CodingKey>(keyedBy type: Nested.Type, forKey key: Key)
    -> KeyedEncodingContainer<Nested>
  { preconditionFailure("parameter '\(key.stringValue)' is nested; parameters are flat") }
  mutating func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer {
    preconditionFailure("parameter '\(key.stringValue)' is nested; parameters are flat")
  }
  mutating func superEncoder() -> any Encoder { preconditionFailure("parameters are a struct, not a class") }
  mutating func superEncoder(forKey key: Key) -> any Encoder { superEncoder() }
}

private func parameterValue(of value: any Encodable, named name: String) throws -> ParameterValue {
  switch value {
  case let value as Int: return .integer(value)
  case let value as Double: return .real(value)
  case let value as Bool: return .flag(value)
  case let value as String: return .text(value)
  case let value as any Choice: return .text(value.rawValue)
  case let values as [any Encodable]: return .list(try values.map { try parameterValue(of: $0, named: name) })
  default: throw Unsupported(description: "parameter '\(name)' has the unsupported type \(type(of: value))")
  }
}

private struct ParameterDecoder: Decoder {
  let values: [String: ParameterValue]
  let codingPath: [any CodingKey] = []
  let userInfo: [CodingUserInfoKey: Any] = [:]

  func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedDecodingContainer<Key> {
    KeyedDecodingContainer(FlatDecoding(values: values))
  }
  func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
    throw Unsupported(description: "parameters are a struct, not a list")
  }
  func singleValueContainer() throws -> any SingleValueDecodingContainer {
    throw Unsupported(description: "parameters are a struct, not a single value")
  }
}

private struct FlatDecoding<Key: CodingKey>: KeyedDecodingContainerProtocol {
  let values: [String: ParameterValue]
  let codingPath: [any CodingKey] = []
  var allKeys: [Key] { values.keys.compactMap(Key.init(stringValue:)) }

  func contains(_ key: Key) -> Bool { values[key.stringValue] != nil }
  func decodeNil(forKey key: Key) throws -> Bool { false }
  func decode<Value: Decodable>(_ type: Value.Type, forKey key: Key) throws -> Value {
    guard let value = values[key.stringValue] else {
      throw InvalidParameter(key.stringValue, "nothing", allowed: "a value")
    }
    return try Value(from: ValueDecoder(value: value, codingPath: [key]))
  }
  func nestedContainer<Nested: CodingKey>(keyedBy type: Nested.Type, forKey key: Key) throws
    -> KeyedDecodingContainer<Nested>
  { throw Unsupported(description: "parameter '\(key.stringValue)' is nested; parameters are flat") }
  func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer {
    throw Unsupported(description: "parameter '\(key.stringValue)' is nested; parameters are flat")
  }
  func superDecoder() throws -> any Decoder { throw Unsupported(description: "parameters are a struct, not a class") }
  func superDecoder(forKey key: Key) throws -> any Decoder { try superDecoder() }
}

private struct ValueDecoder: Decoder, SingleValueDecodingContainer {
  let value: ParameterValue
  let codingPath: [any CodingKey]
  let userInfo: [CodingUserInfoKey: Any] = [:]

  func container<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
    throw refused("a single value or a list")
  }
  func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
    guard case .list(let values) = value else { throw refused("a list") }
    return ListDecoding(values: values, codingPath: codingPath)
  }
  func singleValueContainer() -> any SingleValueDecodingContainer { self }

  func decodeNil() -> Bool { false }
  func decode(_ type: Int.Type) throws -> Int {
    guard case .integer(let number) = value else { throw refused("a whole number") }
    return number
  }
  func decode(_ type: Double.Type) throws -> Double {
    switch value {
    case .real(let number): return number
    case .integer(let number): return Double(number)
    default: throw refused("a number")
    }
  }
  func decode(_ type: Bool.Type) throws -> Bool {
    guard case .flag(let flag) = value else { throw refused("true or false") }
    return flag
  }
  func decode(_ type: String.Type) throws -> String {
    guard case .text(let text) = value else { throw refused("a word") }
    return text
  }
  func decode<Value: Decodable>(_ type: Value.Type) throws -> Value { try Value(from: self) }

  private func refused(_ allowed: String) -> InvalidParameter {
    InvalidParameter(codingPath.last?.stringValue ?? "?", value.canonicalText, allowed: allowed)
  }
}

private struct ListDecoding: UnkeyedDecodingContainer {
  let values: [ParameterValue]
  let codingPath: [any CodingKey]
  var currentIndex = 0
  var count: Int? { values.count }
  var isAtEnd: Bool { currentIndex == values.count }

  mutating func decodeNil() -> Bool { false }
  mutating func decode<Value: Decodable>(_ type: Value.Type) throws -> Value {
    defer { currentIndex += 1 }
    return try Value(from: ValueDecoder(value: values[currentIndex], codingPath: codingPath))
  }
  mutating func nestedContainer<Nested: CodingKey>(keyedBy type: Nested.Type) throws -> KeyedDecodingContainer<Nested> {
    throw Unsupported(description: "lists hold single values")
  }
  mutating func nestedUnkeyedContainer() throws -> any UnkeyedDecodingContainer {
    throw Unsupported(description: "lists hold single values")
  }
  mutating func superDecoder() throws -> any Decoder { throw Unsupported(description: "lists hold single values") }
}
