internal import PaperKit

/// A value in a YAML file that knows where it stands. Reading it never throws: a mistake is reported to the shared
/// ``Diagnostics`` and the reader returns nil, so that one pass finds them all.
package struct YAMLValue {
  /// The kinds of value a file may hold; words that look like numbers or flags are such, unless quoted.
  package indirect enum Content {
    case word(String)
    case number(WrittenNumber)
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
  /// Bytes a file may have.
  package static let byteLimit = 16 << 20

  /// The document in a file. Throws ``PipelineError`` for a file that is missing, too large, not UTF-8 or not YAML; what
  /// the values mean is checked by their readers.
  package static func document(at path: String, purpose: String, diagnostics: Diagnostics) throws -> YAMLValue {
    guard let text = try SourceText(path: path, limit: byteLimit) else {
      throw PipelineError.fileMissing(path: path, purpose: purpose)
    }
    return try document(text.string, file: path, diagnostics: diagnostics)
  }

  /// The document in a text; `file` is used in messages only.
  package static func document(_ text: String, file: String, diagnostics: Diagnostics) throws -> YAMLValue {
    try YAMLReader.document(SourceText(text), file: file, diagnostics: diagnostics)
  }

  init(_ content: Content, at location: SourceLocation, _ diagnostics: Diagnostics) {
    self.content = content
    self.location = location
    self.diagnostics = diagnostics
  }

  /// A scalar; `isPlain` unless it is quoted or a block of text.
  init(scalar text: String, isPlain: Bool, at location: SourceLocation, _ diagnostics: Diagnostics) {
    let content: Content
    switch text {
    case _ where !isPlain: content = .word(text)
    case "", "~", "null": content = .null
    case "true": content = .flag(true)
    case "false": content = .flag(false)
    default: content = WrittenNumber(text).map(Content.number) ?? .word(text)
    }
    self.init(content, at: location, diagnostics)
  }

  /// A scalar as keys are compared: with or without quotes it is the same.
  var scalarText: String? {
    switch content {
    case .word(let text): text
    case .number(let number): number.text
    case .flag(let flag): "\(flag)"
    case .null, .list, .mapping: nil
    }
  }

  /// What the content is, for messages.
  package var kind: String {
    switch content {
    case .word(let text): "the word '\(text)'"
    case .number(let number): "the number \(number.text)"
    case .flag(let flag): "\(flag)"
    case .null: "nothing"
    case .list(let values): values.isEmpty ? "an empty list" : "the list \(written)"
    case .mapping: "the mapping \(written)"
    }
  }

  /// The value as it may be written in one line, for messages; what is long has no end.
  package var written: String {
    let text: String
    switch content {
    case .word(let word): text = "'\(word)'"
    case .number, .flag, .null: text = scalarText ?? "nothing"
    case .list(let values):
      let parts = values.prefix(8).map(\.written)
      text = "[\(parts.joined(separator: ", "))\(values.count > 8 ? ", …" : "")]"
    case .mapping(let pairs):
      let parts = pairs.prefix(8).map { "\($0.scalarText ?? $0.written): \($1.written)" }
      text = "{\(parts.joined(separator: ", "))\(pairs.count > 8 ? ", …" : "")}"
    }
    return text.count > 60 ? text.prefix(60) + "…" : text
  }

  /// All of the value in one text, the same for values alone that mean the same; of aliases what they stand for.
  package var fullText: String {
    switch content {
    case .word(let word): ParameterValue.text(word).canonicalText
    case .number, .flag: scalarText ?? ""
    case .null: "null"
    case .list(let values): "[\(values.map(\.fullText).joined(separator: ", "))]"
    case .mapping(let pairs):
      "{\(pairs.map { "\($0.key.fullText): \($0.value.fullText)" }.joined(separator: ", "))}"
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
    case .number(let number): return number.text
    default: return refuse(key, "a text", context)
    }
  }

  /// The number as it was written, if a Double can stand for it.
  func writtenNumber(_ key: String, in context: String) -> WrittenNumber? {
    guard case .number(let number) = content else { return refuse(key, "a number", context) }
    guard let allowed = number.allowedInstead else { return number }
    report(.refusedValue(name: key, value: number.text, allowed: allowed), in: context)
    return nil
  }

  package func number(_ key: String, in context: String) -> Double? { writtenNumber(key, in: context)?.nearest }

  package func integer(_ key: String, in context: String) -> Int? {
    guard case .number(let number) = content, let integer = number.integer else {
      let isLarge = if case .number(let number) = content { number.isWhole } else { false }
      return refuse(key, isLarge ? "a whole number from \(Int.min) to \(Int.max)" : "a whole number", context)
    }
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

  /// The elements of a list; nil for anything else.
  package var elements: [YAMLValue]? {
    if case .list(let values) = content { values } else { nil }
  }

  /// A list of texts, or a single text.
  package func texts(_ key: String, in context: String) -> [String]? {
    let texts = listOrSingle.compactMap { $0.text(key, in: context) }
    return texts.count == listOrSingle.count ? texts : nil
  }

  /// The same where one must be there at least.
  package func names(_ key: String, in context: String) -> [String]? {
    guard !listOrSingle.isEmpty else { return refuse(key, "one name or more", context) }
    return texts(key, in: context)
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
    var entries: [YAMLMapping.Entry] = []
    for (name, value) in pairs {
      if let text = name.text("key", in: context) { entries.append((text, value, name.location)) }
    }
    return YAMLMapping(entries: entries, location: location, diagnostics: diagnostics)
  }

  /// A mapping whose keys must be among the allowed ones; others are reported.
  package func mapping(_ key: String, allowing keys: [String], in context: String) -> YAMLMapping? {
    guard var mapping = mapping(key, in: context) else { return nil }
    for entry in mapping.entries where !keys.contains(entry.key) {
      mapping.unknownKeys.append(entry.key)
      diagnostics.report(.unknownKey(entry.key, known: keys), at: entry.location, in: context)
    }
    return mapping
  }
}

extension Unicode.Scalar {
  /// Whether XML and YAML have no place for it: control characters but tab and line feed, and what is no character; or it
  /// makes a terminal or a page show the text in another order than it has.
  fileprivate var isHidden: Bool {
    switch self {
    case "\n", "\t", " "..."~": false
    case "\u{202A}"..."\u{202E}", "\u{2066}"..."\u{2069}": true
    default: properties.generalCategory == .control || properties.isNoncharacterCodePoint
    }
  }
}

/// A mapping of a YAML file, in the order of the file.
package struct YAMLMapping {
  package typealias Entry = (key: String, value: YAMLValue, location: SourceLocation)

  package let entries: [Entry]
  package let location: SourceLocation
  package let diagnostics: Diagnostics
  /// Keys that were reported, as they mean nothing.
  fileprivate var unknownKeys: [String] = []

  fileprivate init(entries: [Entry], location: SourceLocation, diagnostics: Diagnostics) {
    self.entries = entries
    self.location = location
    self.diagnostics = diagnostics
  }

  /// The value of a key, if it is there.
  package subscript(_ key: String) -> YAMLValue? { entries.first { $0.key == key }?.value }

  /// Whether a key is not there, but one that means nothing and is like it, which was told with this one.
  package func isMisspelt(_ key: String) -> Bool {
    self[key] == nil && unknownKeys.contains { nearestSpelling(of: $0, among: [key]) != nil }
  }

  /// The value of a key that must be there; reported if it is not.
  package func required(_ key: String, in context: String) -> YAMLValue? {
    if let value = self[key] { return value }
    if isMisspelt(key) { return nil }
    diagnostics.report(.missingKey(key), at: location, in: context)
    return nil
  }
}
