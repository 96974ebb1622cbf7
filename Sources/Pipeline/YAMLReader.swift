private import CYaml

/// Makes values of what libyaml says stands in a text. Here it is seen that the values are no more than a file may have
/// and not nested too deeply, before anything walks through them: an alias is one word for as many values as one likes.
final class YAMLReader {
  private enum Event {
    case scalar(String, isPlain: Bool)
    case alias(String)
    case listStart, mappingStart
    /// Of a list or a mapping.
    case end
    case documentEnd, streamEnd, other
  }

  private struct Token {
    let event: Event
    let location: SourceLocation
    /// The name that aliases may call it by.
    let anchor: String?

    var isEnd: Bool { if case .end = event { true } else { false } }
  }

  /// Lists and mappings may be in each other so often.
  private static let depthLimit = 64

  private let text: SourceText
  private let file: String
  private let diagnostics: Diagnostics
  /// Not a property's own memory: libyaml remembers where it lies.
  private let parser: UnsafeMutablePointer<yaml_parser_t>
  private var anchors: [String: (value: YAMLValue, nodeCount: Int)] = [:]
  private var nodeCount = 0

  private init(_ text: SourceText, file: String, diagnostics: Diagnostics) {
    self.text = text
    self.file = file
    self.diagnostics = diagnostics
    parser = .allocate(capacity: 1)
    parser.initialize(to: yaml_parser_t())
  }

  deinit {
    yaml_parser_delete(parser)
    parser.deallocate()
  }

  /// The only document of a text. Throws ``PipelineError/invalidFiles(_:)`` for what is not YAML, or too much of it; keys
  /// that are given twice are reported.
  static func document(_ text: SourceText, file: String, diagnostics: Diagnostics) throws -> YAMLValue {
    let reader = YAMLReader(text, file: file, diagnostics: diagnostics)
    return try Array(text.string.utf8).withUnsafeBufferPointer { bytes in
      guard let start = bytes.baseAddress, yaml_parser_initialize(reader.parser) == 1 else { throw reader.isEmpty }
      yaml_parser_set_encoding(reader.parser, YAML_UTF8_ENCODING)
      yaml_parser_set_input_string(reader.parser, start, bytes.count)
      return try reader.document()
    }
  }

  private var isEmpty: PipelineError {
    error(.message("the file is empty; docs/yaml.md lists the keys that it may hold"), at: location(0))
  }

  private func document() throws -> YAMLValue {
    var token = try next()
    while case .other = token.event { token = try next() }
    if case .streamEnd = token.event { throw isEmpty }
    let value = try value(token, depth: 0)
    token = try next()
    while case .documentEnd = token.event { token = try next() }
    guard case .streamEnd = token.event else {
      throw error(.syntax("a second document begins here, but a file holds one"), at: token.location)
    }
    return value
  }

  private func value(_ token: Token, depth: Int) throws -> YAMLValue {
    guard depth <= Self.depthLimit else { throw error(.tooDeep(limit: Self.depthLimit), at: token.location) }
    let before = nodeCount
    try count(1, at: token.location)
    let value: YAMLValue
    switch token.event {
    case .scalar(let text, let isPlain):
      value = YAMLValue(scalar: text, isPlain: isPlain, at: token.location, diagnostics)
    case .alias(let name):
      guard let (meant, nodeCount) = anchors[name] else {
        throw error(.syntax("found undefined alias '\(name)'"), at: token.location)
      }
      try count(nodeCount, at: token.location)
      return meant
    case .listStart:
      var values: [YAMLValue] = []
      var element = try next()
      while !element.isEnd {
        values.append(try self.value(element, depth: depth + 1))
        element = try next()
      }
      value = YAMLValue(.list(values), at: token.location, diagnostics)
    default:
      var pairs: [(key: YAMLValue, value: YAMLValue)] = []
      var names: Set<String> = []
      var element = try next()
      while !element.isEnd {
        let key = try self.value(element, depth: depth + 1)
        if let name = key.scalarText, !names.insert(name).inserted {
          diagnostics.report(.duplicateKey(name), at: element.location, in: "")
        }
        pairs.append((key, try self.value(try next(), depth: depth + 1)))
        element = try next()
      }
      value = YAMLValue(.mapping(pairs), at: token.location, diagnostics)
    }
    if let anchor = token.anchor { anchors[anchor] = (value, nodeCount - before) }
    return value
  }

  private func count(_ nodes: Int, at location: SourceLocation) throws {
    nodeCount += nodes
    if nodeCount > YAMLValue.nodeLimit { throw error(.tooManyNodes(limit: YAMLValue.nodeLimit), at: location) }
  }

  private func next() throws -> Token {
    var event = yaml_event_t()
    guard yaml_parser_parse(parser, &event) == 1 else { throw failure }
    defer { yaml_event_delete(&event) }
    let location = location(event.start_mark.index)
    func token(_ kind: Event, anchor: UnsafeMutablePointer<UInt8>?, tag: UnsafeMutablePointer<UInt8>?) -> Token {
      if let tag { diagnostics.report(.tag(String(cString: tag)), at: location, in: "") }
      return Token(event: kind, location: location, anchor: anchor.map { String(cString: $0) })
    }
    switch event.type {
    case YAML_SCALAR_EVENT:
      let scalar = event.data.scalar
      let text = String(decoding: UnsafeBufferPointer(start: scalar.value, count: scalar.length), as: UTF8.self)
      return token(
        .scalar(text, isPlain: scalar.style == YAML_PLAIN_SCALAR_STYLE), anchor: scalar.anchor, tag: scalar.tag)
    case YAML_SEQUENCE_START_EVENT:
      return token(.listStart, anchor: event.data.sequence_start.anchor, tag: event.data.sequence_start.tag)
    case YAML_MAPPING_START_EVENT:
      return token(.mappingStart, anchor: event.data.mapping_start.anchor, tag: event.data.mapping_start.tag)
    case YAML_ALIAS_EVENT:
      return Token(event: .alias(String(cString: event.data.alias.anchor)), location: location, anchor: nil)
    case YAML_SEQUENCE_END_EVENT, YAML_MAPPING_END_EVENT: return Token(event: .end, location: location, anchor: nil)
    case YAML_DOCUMENT_END_EVENT: return Token(event: .documentEnd, location: location, anchor: nil)
    case YAML_STREAM_END_EVENT: return Token(event: .streamEnd, location: location, anchor: nil)
    default: return Token(event: .other, location: location, anchor: nil)
    }
  }

  /// What libyaml has against the text.
  private var failure: PipelineError {
    let problem = parser.pointee.problem.map { String(cString: $0) } ?? "libyaml cannot read it"
    // What is no text at all has a place in bytes, not yet in characters.
    let index =
      parser.pointee.error == YAML_READER_ERROR
      ? String(decoding: text.string.utf8.prefix(parser.pointee.problem_offset), as: UTF8.self).unicodeScalars.count
      : parser.pointee.problem_mark.index
    return error(.syntax(YAMLSyntax.reason(problem, at: index, of: text.string)), at: location(index))
  }

  private func location(_ index: Int) -> SourceLocation {
    let (line, column) = text.place(index)
    return SourceLocation(file: file, line: line, column: column)
  }

  private func error(_ fact: Diagnostic.Fact, at location: SourceLocation) -> PipelineError {
    .invalidFiles([Diagnostic(location: location, context: "", fact: fact)])
  }
}
