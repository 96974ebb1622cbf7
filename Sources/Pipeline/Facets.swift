/// Fills in facets: an entry of a file with `facets:` stands for one entry at each of its points, and `<name>` in its texts
/// for what the facet of this name is there. A text that is nothing but `<name>` becomes the value itself, a number or a
/// list for instance; what is filled in is not looked into again. One instance counts what all entries of a file come to.
package final class Facets {
  private typealias Entry = YAMLMapping.Entry

  private indirect enum Template {
    /// Has no names.
    case plain(YAMLValue)
    /// Is a name and nothing else.
    case name(String, YAMLValue)
    case text([Piece], YAMLValue)
    case list([Template], YAMLValue)
    case mapping([(key: YAMLValue, value: Template)], YAMLValue)

    var isPlain: Bool { if case .plain = self { true } else { false } }
  }

  private enum Piece {
    case literal(Substring)
    case name(String)
  }

  /// The values of all facets at each point, and where each facet is given first.
  private struct Points {
    var values: [[String: YAMLValue]] = [[:]]
    var locations: [String: SourceLocation] = [:]
    var names: [String] { locations.keys.sorted() }
  }

  package static let key = "facets"
  /// Points that an entry may have: panels that a figure has room for. An entry has no more facets either.
  package static let limit = 144
  /// Bytes of a text with facets filled in.
  static let textLimit = 10_000
  /// Values that all entries may still come to.
  private var room = YAMLValue.nodeLimit

  package init() {}

  /// The entries of a list, those with facets once for each point; what has mistakes is reported and left out.
  package func expanded(_ values: [YAMLValue], in context: String) -> [YAMLValue] {
    values.flatMap { expanded(("", $0, $0.location), in: context).map(\.value) }
  }

  /// The entries of a mapping likewise. The key of one with facets must say which it is.
  package func expanded(_ entries: [YAMLMapping.Entry], context: (String) -> String) -> [YAMLMapping.Entry] {
    var names: Set<String> = []
    return entries.flatMap { entry in
      let made = expanded(entry, in: context(entry.key))
      if made.count > 1, Set(made.map(\.key)).count == 1 {
        entry.value.diagnostics.report(
          .message(
            "each of its \(made.count) facets needs a name of its own: one with a facet in it, such as "
              + "'\(entry.key)-<width>'"),
          at: entry.location, in: context(entry.key))
        return Array(made.prefix(1))
      }
      for other in made where !names.insert(other.key).inserted {
        entry.value.diagnostics.report(.duplicateKey(other.key), at: entry.location, in: context(entry.key))
      }
      return made
    }
  }

  private func expanded(_ entry: Entry, in context: String) -> [Entry] {
    guard case .mapping(let pairs) = entry.value.content,
      let facets = pairs.first(where: { $0.key.scalarText == Self.key })?.value
    else { return [entry] }
    guard let points = points(facets, in: context) else { return [] }
    var used: Set<String> = []
    var nodeCount = 0
    let others = YAMLValue(
      .mapping(pairs.filter { $0.key.scalarText != Self.key }), at: entry.value.location, entry.value.diagnostics)
    let key = YAMLValue(.word(entry.key), at: entry.location, entry.value.diagnostics)
    let mistakeCount = facets.diagnostics.reportCount
    let template = (
      key: self.template(key, points, &used, &nodeCount, in: context),
      value: self.template(others, points, &used, &nodeCount, in: context)
    )
    // One that is misspelt was reported where it is.
    let isSpelt = facets.diagnostics.reportCount == mistakeCount
    for name in points.names where isSpelt && !used.contains(name) {
      facets.diagnostics.report(
        .message("no text of it has '<\(name)>'; use this facet or leave it out"),
        at: points.locations[name] ?? facets.location, in: context)
    }
    guard facets.diagnostics.reportCount == mistakeCount else { return [] }
    return points.values.compactMap { point in
      guard hasRoom(for: nodeCount, facets, in: context), let key = filled(template.key, point, in: context),
        let value = filled(template.value, point, in: context)
      else { return nil }
      return (key.scalarText ?? entry.key, value, entry.location)
    }
  }

  /// Takes room for so many values more; false with a report if there is none left.
  private func hasRoom(for count: Int, _ value: YAMLValue, in context: String) -> Bool {
    room -= min(count, YAMLValue.nodeLimit + 1)
    if room < 0 { value.report(.tooManyNodes(limit: YAMLValue.nodeLimit), in: context) }
    return room >= 0
  }

  // MARK: Points

  /// The points of `facets:`, written as a sweep is: a list of factors, of which the first varies slowest.
  private func points(_ value: YAMLValue, in context: String) -> Points? {
    guard let factors = value.list(Self.key, in: context) else { return nil }
    var points = Points()
    for factor in factors {
      let groups = factor.listOrSingle.compactMap { rows($0, in: context) }
      guard groups.count == factor.listOrSingle.count else { return nil }
      let own: [String: SourceLocation] = groups.reduce(into: [:]) { $0.merge($1.locations) { first, _ in first } }
      for name in own.keys.sorted() where points.locations[name] != nil {
        factor.report(
          .message(
            "facet '\(name)' stands in two factors, which are multiplied; one after the other they are a list of one "
              + "factor: [[{\(name): …}, {\(name): …}]]"), in: context)
        return nil
      }
      for (group, place) in zip(groups, factor.listOrSingle) {
        for name in own.keys.sorted() where group.locations[name] == nil {
          place.report(.missingKey(name), in: context)
          return nil
        }
      }
      points.locations.merge(own) { first, _ in first }
      let further = groups.flatMap(\.values)
      guard points.values.count * further.count <= Self.limit, points.locations.count <= Self.limit else {
        factor.report(.message("more than \(Self.limit) facets"), in: context)
        return nil
      }
      points.values = points.values.flatMap { point in further.map { point.merging($0) { first, _ in first } } }
    }
    guard points.locations.isEmpty || points.values.isEmpty else { return points }
    value.report(
      .message("'\(Self.key)' has no values; give one or more, as a sweep's factors: [{width: [2, 4]}]"), in: context)
    return nil
  }

  /// The rows of a group: lists advance together, single values are repeated.
  private func rows(_ group: YAMLValue, in context: String) -> Points? {
    guard let mapping = group.mapping(Self.key, in: context) else { return nil }
    var points = Points(values: [])
    var columns: [(name: String, values: [YAMLValue], isList: Bool)] = []
    for entry in mapping.entries {
      guard entry.key.wholeMatch(of: /[A-Za-z][A-Za-z0-9_-]*/) != nil, PipelineFile.isName(entry.key) else {
        mapping.diagnostics.report(
          .message("'\(entry.key)' cannot name a facet: use a letter, then letters, digits, '_' and '-'"),
          at: entry.location, in: context)
        return nil
      }
      let values = entry.value.listOrSingle
      guard !values.isEmpty, values.allSatisfy(\.isScalarOrScalars) else {
        entry.value.report(
          .wrongType(key: entry.key, expected: "a value or a list of values", found: entry.value.kind), in: context)
        return nil
      }
      columns.append((entry.key, values, entry.value.elements != nil))
      points.locations[entry.key] = entry.location
    }
    let lists = columns.filter(\.isList)
    let count = columns.isEmpty ? 0 : lists.first?.values.count ?? 1
    guard lists.allSatisfy({ $0.values.count == count }) else {
      group.report(.unequalLists(lists.map { ($0.name, $0.values.count) }), in: context)
      return nil
    }
    guard count <= Self.limit else {
      group.report(.message("more than \(Self.limit) facets"), in: context)
      return nil
    }
    points.values = (0..<count).map { row in
      Dictionary(columns.map { ($0.name, $0.isList ? $0.values[row] : $0.values[0]) }) { first, _ in first }
    }
    return points
  }

  // MARK: Templates

  /// A value with its names found, once for all points; unknown ones are reported.
  private func template(
    _ value: YAMLValue, _ points: Points, _ used: inout Set<String>, _ nodeCount: inout Int, in context: String
  ) -> Template {
    nodeCount += 1
    switch value.content {
    case .number, .flag, .null: return .plain(value)
    case .list(let values):
      let parts = values.map { template($0, points, &used, &nodeCount, in: context) }
      return parts.allSatisfy(\.isPlain) ? .plain(value) : .list(parts, value)
    case .mapping(let pairs):
      let parts = pairs.map { ($0.key, template($0.value, points, &used, &nodeCount, in: context)) }
      return parts.allSatisfy(\.1.isPlain) ? .plain(value) : .mapping(parts.map { (key: $0.0, value: $0.1) }, value)
    case .word(let text):
      let pieces = Self.pieces(text)
      for case .name(let name) in pieces where points.locations[name] == nil {
        value.report(.unknownName(kind: "facet", name: name, known: points.names), in: context)
      }
      for case .name(let name) in pieces { used.insert(name) }
      if pieces.count == 1, case .name(let name) = pieces[0] { return .name(name, value) }
      return pieces.contains { if case .name = $0 { true } else { false } } ? .text(pieces, value) : .plain(value)
    }
  }

  /// What stands between names in angle brackets, and the names.
  private static func pieces(_ text: String) -> [Piece] {
    let bytes = text.utf8
    var pieces: [Piece] = []
    var (start, index) = (bytes.startIndex, bytes.startIndex)
    while let open = bytes[index...].firstIndex(of: UInt8(ascii: "<")) {
      let first = bytes.index(after: open)
      let end = bytes[first...].firstIndex { !isOfName($0) } ?? bytes.endIndex
      index = first
      guard end < bytes.endIndex, bytes[end] == UInt8(ascii: ">"), isLetter(bytes[first]) else { continue }
      if start < open { pieces.append(.literal(text[start..<open])) }
      pieces.append(.name(String(text[first..<end])))
      index = bytes.index(after: end)
      start = index
    }
    if start < bytes.endIndex { pieces.append(.literal(text[start...])) }
    return pieces
  }

  private static func isLetter(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
  }

  private static func isOfName(_ byte: UInt8) -> Bool {
    isLetter(byte) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || [0x2D, 0x5F].contains(byte)
  }

  /// A template at a point; nil with a report for what no text can hold.
  private func filled(_ template: Template, _ point: [String: YAMLValue], in context: String) -> YAMLValue? {
    switch template {
    case .plain(let value): return value
    case .name(let name, let value):
      let given = point[name] ?? value
      return hasRoom(for: given.elements?.count ?? 0, value, in: context) ? given : nil
    case .list(let parts, let value):
      let values = parts.compactMap { filled($0, point, in: context) }
      return values.count == parts.count ? YAMLValue(.list(values), at: value.location, value.diagnostics) : nil
    case .mapping(let parts, let value):
      let pairs = parts.compactMap { part in filled(part.value, point, in: context).map { (key: part.key, value: $0) } }
      return pairs.count == parts.count ? YAMLValue(.mapping(pairs), at: value.location, value.diagnostics) : nil
    case .text(let pieces, let value):
      var text = ""
      for piece in pieces {
        switch piece {
        case .literal(let literal): text += literal
        case .name(let name):
          guard let given = point[name] else { continue }
          guard let scalar = given.scalarText else {
            given.report(
              .wrongType(key: name, expected: "a single value, as it is filled into a text", found: given.kind),
              in: context)
            return nil
          }
          text += scalar
        }
        guard text.utf8.count <= Self.textLimit else {
          value.report(.message("a text of more than \(Self.textLimit) bytes with its facets filled in"), in: context)
          return nil
        }
      }
      guard hasRoom(for: text.utf8.count / 64, value, in: context) else { return nil }
      return YAMLValue(.word(text), at: value.location, value.diagnostics)
    }
  }
}

extension YAMLValue {
  /// Whether it can stand for a name: a text, a number, a flag or a list of them.
  fileprivate var isScalarOrScalars: Bool {
    switch content {
    case .word, .number, .flag: true
    case .list(let values): values.allSatisfy { $0.scalarText != nil }
    case .null, .mapping: false
    }
  }
}
