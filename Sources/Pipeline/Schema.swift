package import PaperKit

/// What a YAML file may hold, as JSON Schema (draft 2020-12), from the same lists of keys that the readers check against:
/// editors complete and check with it.
package indirect enum Schema: Encodable, Sendable, Equatable {
  case text(String)
  case number(Int)
  case flag(Bool)
  case list([Schema])
  case object([String: Schema])

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    switch self {
    case .text(let text): try container.encode(text)
    case .number(let number): try container.encode(number)
    case .flag(let flag): try container.encode(flag)
    case .list(let list): try container.encode(list)
    case .object(let object): try container.encode(object)
    }
  }
}

extension Schema: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral,
  ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
  package init(stringLiteral text: String) { self = .text(text) }
  package init(integerLiteral number: Int) { self = .number(number) }
  package init(booleanLiteral flag: Bool) { self = .flag(flag) }
  package init(arrayLiteral list: Schema...) { self = .list(list) }
  package init(dictionaryLiteral entries: (String, Schema)...) {
    self = .object(Dictionary(entries) { first, _ in first })
  }
}

// MARK: Vocabulary

extension Schema {
  /// The readers take a number as the text that it is written as.
  package static let anyText: Schema = ["type": ["string", "number"]]
  package static let anyNumber: Schema = ["type": "number"]
  package static let anyInteger: Schema = ["type": "integer"]
  package static let anyFlag: Schema = ["type": "boolean"]
  /// `[low, high]`.
  package static let pair: Schema = [
    "type": "array", "items": ["type": "number"], "minItems": 2, "maxItems": 2,
  ]

  /// Texts one by one in a list, or a single one.
  package static func texts(_ text: Schema = anyText, atLeast count: Int = 0) -> Schema {
    anyOf([text, list(text, atLeast: count)])
  }

  package static func list(_ items: Schema, atLeast count: Int = 0) -> Schema {
    ["type": "array", "items": items, "minItems": .number(count)]
  }

  package static func words(_ words: some Sequence<String>) -> Schema {
    ["type": "string", "enum": .list(words.map(Schema.text))]
  }

  package static func words<Word: RawRepresentable & CaseIterable>(_ type: Word.Type) -> Schema
  where Word.RawValue == String { words(type.allCases.map(\.rawValue)) }

  package static func anyOf(_ schemas: [Schema]) -> Schema { ["anyOf": .list(schemas)] }

  package static func reference(_ name: String) -> Schema {
    // A JSON pointer in a URI.
    let pointer = name.replacing("~", with: "~0").replacing("/", with: "~1").replacing(" ", with: "%20")
    return ["$ref": .text("#/$defs/\(pointer)")]
  }

  /// A mapping with exactly these keys, which must be those that the reader knows; `required` must be there.
  package static func mapping(
    _ keys: [String], _ properties: [String: Schema], required: [String] = []
  ) -> Schema {
    precondition(Set(keys) == Set(properties.keys), "keys \(keys) have the schemas of \(properties.keys.sorted())")
    return [
      "type": "object", "properties": .object(properties), "required": .list(required.map(Schema.text)),
      "additionalProperties": false,
    ]
  }

  /// A mapping with names of the author's.
  package static func named(_ values: Schema) -> Schema {
    [
      "type": "object", "additionalProperties": values,
      "propertyNames": ["type": "string", "pattern": "^[A-Za-z0-9_-][A-Za-z0-9._-]*(/[A-Za-z0-9_-][A-Za-z0-9._-]*)*$"],
    ]
  }

  /// A mapping with some of these names.
  package static func some(of names: some Sequence<String>, _ value: Schema) -> Schema {
    [
      "type": "object", "properties": .object(Dictionary(names.map { ($0, value) }) { first, _ in first }),
      "additionalProperties": false,
    ]
  }

  /// A mapping with one of some keys.
  package static func one(of properties: [String: Schema]) -> Schema {
    [
      "type": "object", "properties": .object(properties), "minProperties": 1, "maxProperties": 1,
      "additionalProperties": false,
    ]
  }

  /// Values that a parameter may have which has this one when nothing is said.
  package static func value(like standard: ParameterValue) -> Schema {
    switch standard {
    case .integer: anyInteger
    case .real: anyNumber
    case .flag: anyFlag
    case .text: anyText
    case .list: ["type": "array"]
    }
  }

  /// A whole document.
  package static func document(title: String, _ body: Schema, definitions: [String: Schema]) -> Schema {
    guard case .object(var members) = body else { return body }
    members["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    members["title"] = .text(title)
    members["$defs"] = .object(definitions)
    return .object(members)
  }
}
