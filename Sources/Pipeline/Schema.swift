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

  /// With a text that editors show.
  package func described(_ text: String) -> Schema {
    guard case .object(var members) = self else { return self }
    members["description"] = .text(text)
    return .object(members)
  }

  // MARK: Facets

  private static let nameOfFacet = "[A-Za-z][A-Za-z0-9_-]*"
  private static let withFacets = " with facets"

  /// `facets:`, written as a sweep is.
  private static let facets: Schema = {
    let scalar: Schema = ["type": ["string", "number", "boolean"]]
    let group: Schema = [
      "type": "object", "minProperties": 1, "propertyNames": ["pattern": .text("^\(nameOfFacet)$")],
      "additionalProperties": anyOf([scalar, list(anyOf([scalar, list(scalar)]), atLeast: 1)]),
    ]
    return list(anyOf([group, list(group, atLeast: 1)]), atLeast: 1)
  }()

  /// An entry that may have facets, of a definition that has a form with them.
  package static func entry(_ name: String) -> Schema {
    ["if": ["required": [.text(Facets.key)]], "then": reference(name + withFacets), "else": reference(name)]
  }

  /// Definitions with those that entries with facets need: in these each value may be a text with names of facets. `entries`
  /// are the names of those that have the facets.
  package static func definitions(_ plain: [String: Schema], entries: [String]) -> [String: Schema] {
    var all = plain
    for (name, schema) in plain {
      var form = schema.template
      if entries.contains(name), case .object(var members) = form,
        case .object(var properties)? = members["properties"]
      {
        properties[Facets.key] = facets
        members["properties"] = .object(properties)
        form = .object(members)
      }
      all[name + withFacets] = form
    }
    return all
  }

  private var template: Schema {
    guard case .object(var members) = self else { return self }
    if case .text(let place)? = members["$ref"] {
      return ["$ref": .text(place + Self.withFacets.replacing(" ", with: "%20"))]
    }
    for (key, member) in members {
      switch (key, member) {
      case ("properties", .object(let properties)): members[key] = .object(properties.mapValues(\.template))
      case ("allOf", .list(let schemas)), ("anyOf", .list(let schemas)): members[key] = .list(schemas.map(\.template))
      case ("items", _), ("additionalProperties", _), ("then", _), ("else", _): members[key] = member.template
      default: break
      }
    }
    // What is filled in is no mapping.
    if members["type"] == "object" || members["anyOf"] != nil || members["then"] != nil { return .object(members) }
    return Self.anyOf([.object(members), ["type": "string", "pattern": .text("<\(Self.nameOfFacet)>")]])
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
