private import Foundation
private import PaperKit
private import Platform
private import Yams

/// A value in a YAML file that knows where it stands. Reading it never throws: a mistake is reported to the shared
/// ``Diagnostics`` and the reader returns nil, so that one pass finds them all.
package struct YAMLValue {
  /// The kinds of value a file may hold; words that look like numbers or flags are such, unless quoted.
  package indirect enum Content {
    case word(String)
    case number(Double, text: String, integer: Int?)
    case flag(Bool)
    case null
    case list([YAMLValue])
    case mapping([(key: YAMLValue, value: YAMLValue)])
  }

  package let content: Content
  package let location: SourceLocation
  package let diagnostics: Diagnostics

  /// Expanded nodes a document may have; aliases count each time they are used.
  package static let nodeLimit = 200_000
  private static let byteLimit = 16 << 20

  /// The document in a file. Throws ``PipelineError`` for a file that is missing, too large, not UTF-8 or not YAML; what
  /// the values mean is checked by their readers.
  package static func document(at path: String, purpose: String, diagnostics: Diagnostics) throws -> YAMLValue {
    guard let data = try Files.bytes(of: path) else { throw PipelineError.fileMissing(path: path, purpose: purpose) }
    guard data.count <= byteLimit else {
      throw PipelineError.fileTooLarge(path: path, bytes: data.count, limit: byteLimit)
    }
    guard let text = String(validating: data, as: UTF8.self) else { throw PipelineError.notUTF8(path: path) }
    return try document(text, file: path, diagnostics: diagnostics)
  }

  /// The document in a text; `file` is used in messages only.
  package static func document(_ text: String, file: String, diagnostics: Diagnostics) throws -> YAMLValue {
    func fail(_ fact: Diagnostic.Fact, _ mark: Mark?) -> PipelineError {
      .invalidFiles([
        Diagnostic(
          location: SourceLocation(file: file, line: mark?.line ?? 1, column: mark?.column ?? 1), context: "",
          fact: fact)
      ])
    }
    // Some editors begin a file with a byte order mark.
    let text = text.unicodeScalars.first == "\u{FEFF}" ? String(text.unicodeScalars.dropFirst()) : text
    do {
      // Without rules for tags, which nothing here asks for: they are regular expressions, tried on every key.
      guard let node = try Yams.compose(yaml: text, .basic) else { throw fail(.syntax("the file is empty"), nil) }
      var budget = nodeLimit
      guard let value = YAMLValue(node, file: file, diagnostics: diagnostics, budget: &budget) else {
        throw fail(.tooManyNodes(limit: nodeLimit), nil)
      }
      return value
    } catch let error as YamlError {
      switch error {
      case .duplicatedKeysInMapping(let keys, let context):
        throw PipelineError.invalidFiles(
          keys.map { key in
            let line = lastLine(of: key, in: text, from: context.mark.line) ?? context.mark.line
            return Diagnostic(
              location: SourceLocation(file: file, line: line, column: context.mark.column), context: "",
              fact: .duplicateKey(key))
          })
      case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
        .composer(_, let problem, let mark, _):
        throw fail(.syntax(problem), mark)
      case .reader(let problem, _, _, _): throw fail(.syntax(problem), nil)
      default: throw fail(.syntax("\(error)"), nil)
      }
    }
  }

  /// Yams gives the place of a duplicate's first occurrence only; the next line that begins with the key is the second.
  private static func lastLine(of key: String, in text: String, from line: Int) -> Int? {
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    return lines.indices.dropFirst(line).first {
      lines[$0].drop { $0 == " " || $0 == "-" }.hasPrefix("\(key):")
    }.map { $0 + 1 }
  }

  private init(_ content: Content, at location: SourceLocation, _ diagnostics: Diagnostics) {
    self.content = content
    self.location = location
    self.diagnostics = diagnostics
  }

  private init?(_ node: Node, file: String, diagnostics: Diagnostics, budget: inout Int) {
    budget -= 1
    guard budget > 0 else { return nil }
    let location = SourceLocation(file: file, line: node.mark?.line ?? 1, column: node.mark?.column ?? 1)
    switch node {
    case .scalar(let scalar):
      self.init(
        Self.scalar(scalar.string, plain: scalar.style == .plain || scalar.style == .any), at: location, diagnostics)
    case .sequence(let sequence):
      var values: [YAMLValue] = []
      for element in sequence {
        guard let value = YAMLValue(element, file: file, diagnostics: diagnostics, budget: &budget) else { return nil }
        values.append(value)
      }
      self.init(.list(values), at: location, diagnostics)
    case .mapping(let mapping):
      var pairs: [(key: YAMLValue, value: YAMLValue)] = []
      for (key, value) in mapping {
        guard let key = YAMLValue(key, file: file, diagnostics: diagnostics, budget: &budget),
          let value = YAMLValue(value, file: file, diagnostics: diagnostics, budget: &budget)
        else { return nil }
        pairs.append((key, value))
      }
      self.init(.mapping(pairs), at: location, diagnostics)
    case .alias:
      self.init(.null, at: location, diagnostics)
    }
  }

  private static func scalar(_ text: String, plain: Bool) -> Content {
    guard plain else { return .word(text) }
    switch text {
    case "", "~", "null": return .null
    case "true": return .flag(true)
    case "false": return .flag(false)
    case ".inf", "+.inf": return .number(.infinity, text: text, integer: nil)
    case "-.inf": return .number(-.infinity, text: text, integer: nil)
    default:
      guard let first = text.utf8.first, first == 43 || first == 45 || first == 46 || (48...57).contains(first),
        let number = Double(text), number.isFinite
      else { return .word(text) }
      return .number(number, text: text, integer: Int(text) ?? Int(exactly: number))
    }
  }

  /// What the content is, for messages.
  package var kind: String {
    switch content {
    case .word(let text): "the word '\(text)'"
    case .number(_, let text, _): "the number \(text)"
    case .flag(let flag): "\(flag)"
    case .null: "nothing"
    case .list: "a list"
    case .mapping: "a mapping"
    }
  }

  package func report(_ fact: Diagnostic.Fact, in context: String) {
    diagnostics.report(fact, at: location, in: context)
  }

  private func refuse<Value>(_ key: String, _ expected: String, _ context: String) -> Value? {
    report(.wrongType(key: key, expected: expected, found: kind), in: context)
    return nil
  }

  /// A text: a word, or a number as it was written.
  package func text(_ key: String, in context: String) -> String? {
    switch content {
    case .word(let text):
      guard let hidden = text.unicodeScalars.first(where: \.isHidden) else { return text }
      report(.hiddenCharacter("U+" + String(hidden.value, radix: 16, uppercase: true)), in: context)
      return nil
    case .number(_, let text, _): return text
    default: return refuse(key, "a text", context)
    }
  }

  package func number(_ key: String, in context: String) -> Double? {
    guard case .number(let number, _, _) = content else { return refuse(key, "a number", context) }
    return number
  }

  package func integer(_ key: String, in context: String) -> Int? {
    guard case .number(_, _, let integer?) = content else { return refuse(key, "a whole number", context) }
    return integer
  }

  package func flag(_ key: String, in context: String) -> Bool? {
    guard case .flag(let flag) = content else { return refuse(key, "true or false", context) }
    return flag
  }

  package func list(_ key: String, in context: String) -> [YAMLValue]? {
    guard case .list(let values) = content else { return refuse(key, "a list", context) }
    return values
  }

  /// A list, or a single value as a list of one.
  package var listOrSingle: [YAMLValue] {
    if case .list(let values) = content { values } else { [self] }
  }

  /// A list of texts, or a single text.
  package func texts(_ key: String, in context: String) -> [String]? {
    let texts = listOrSingle.compactMap { $0.text(key, in: context) }
    return texts.count == listOrSingle.count ? texts : nil
  }

  /// A list of exactly two numbers.
  package func pair(_ key: String, in context: String) -> (Double, Double)? {
    guard case .list(let values) = content, values.count == 2 else {
      return refuse(key, "a list of two numbers", context)
    }
    guard let first = values[0].number(key, in: context), let second = values[1].number(key, in: context) else {
      return nil
    }
    return (first, second)
  }

  /// One of some words, or nil with a report that offers the nearest.
  package func word<Word: RawRepresentable & CaseIterable>(_ key: String, as type: Word.Type, in context: String)
    -> Word?
  where Word.RawValue == String {
    guard let text = text(key, in: context) else { return nil }
    if let word = Word(rawValue: text) { return word }
    report(.unknownName(kind: key, name: text, known: Word.allCases.map(\.rawValue)), in: context)
    return nil
  }

  /// A mapping with any keys, in the order of the file.
  package func mapping(_ key: String, in context: String) -> YAMLMapping? {
    guard case .mapping(let pairs) = content else { return refuse(key, "a mapping", context) }
    var entries: [(key: String, value: YAMLValue, location: SourceLocation)] = []
    for (name, value) in pairs {
      if let text = name.text("key", in: context) { entries.append((text, value, name.location)) }
    }
    return YAMLMapping(entries: entries, location: location, diagnostics: diagnostics)
  }

  /// A mapping whose keys must be among the allowed ones; others are reported.
  package func mapping(_ key: String, allowing keys: [String], in context: String) -> YAMLMapping? {
    guard let mapping = mapping(key, in: context) else { return nil }
    for entry in mapping.entries where !keys.contains(entry.key) {
      diagnostics.report(.unknownKey(entry.key, known: keys), at: entry.location, in: context)
    }
    return mapping
  }
}

extension Unicode.Scalar {
  /// Whether XML and YAML have no place for it: control characters but tab and line feed, and what is no character.
  fileprivate var isHidden: Bool {
    properties.generalCategory == .control ? self != "\n" && self != "\t" : properties.isNoncharacterCodePoint
  }
}

/// A mapping of a YAML file, in the order of the file.
package struct YAMLMapping {
  package let entries: [(key: String, value: YAMLValue, location: SourceLocation)]
  package let location: SourceLocation
  package let diagnostics: Diagnostics

  /// The value of a key, if it is there.
  package subscript(_ key: String) -> YAMLValue? { entries.first { $0.key == key }?.value }

  /// The value of a key that must be there; reported if it is not.
  package func required(_ key: String, in context: String) -> YAMLValue? {
    if let value = self[key] { return value }
    diagnostics.report(.missingKey(key), at: location, in: context)
    return nil
  }
}
