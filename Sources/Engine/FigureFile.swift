private import Foundation
package import PaperKit

/// Reads the `figures:` of figures/<paper>.yaml. Mistakes go to the value's ``Diagnostics``; a figure that has some is
/// left out.
package struct FigureFile {
  private let paper: String
  private let tables: [String: TableDefinition]
  private let stages: [String]

  /// Words a position or a name is not enough for: looks that figures/style.gp defines.
  package static let styleCount = 8

  /// The figures of one paper, in the order of the file. Tables and stages are those that exist.
  package static func figures(
    in value: YAMLValue, paper: String, tables: [TableDefinition], stages: [String]
  ) -> [Figure] {
    let file = FigureFile(
      paper: paper, tables: Dictionary(tables.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first }),
      stages: stages)
    guard let mapping = value.mapping("figures", in: "") else { return [] }
    return mapping.entries.compactMap { file.figure($0.key, $0.value, at: $0.location) }
  }

  private func figure(_ name: String, _ value: YAMLValue, at location: SourceLocation) -> Figure? {
    let context = "figure '\(paper)/\(name)'"
    let found = value.diagnostics.found.count
    if name.isEmpty || name.hasPrefix(".") || !name.utf8.allSatisfy(Self.isNameByte) {
      value.diagnostics.report(.badName(kind: "figure", name: name), at: location, in: context)
    }
    let keys = ["caption", "source", "width", "height", "layout", "key", "panels"]
    guard let mapping = value.mapping(name, allowing: keys, in: context) else { return nil }
    let caption = mapping.required("caption", in: context)?.text("caption", in: context)
    let source = mapping.required("source", in: context)?.text("source", in: context)
    let width = mapping["width"].map { $0.word("width", as: Figure.Width.self, in: context) } ?? .oneColumn
    let height = mapping["height"]?.number("height", in: context)
    if let height, !(2...30).contains(height) {
      mapping["height"]?.refuse("height", "\(height)", "2 to 30 cm", context)
    }
    let key = mapping["key"]?.word("key", as: Figure.Key.self, in: context) ?? .above
    let list = mapping.required("panels", in: context)?.list("panels", in: context) ?? []
    let panels = list.enumerated().compactMap { index, value in
      panel(value, key: key, in: list.count > 1 ? "\(context), panel \(index + 1)" : context)
    }
    if mapping["panels"] != nil, list.isEmpty { mapping["panels"]?.refuse("panels", "[]", "one panel or more", context) }
    var (rows, columns) = (1, list.count)
    if let layout = mapping["layout"], let values = layout.list("layout", in: context) {
      let counts = values.compactMap { $0.integer("layout", in: context) }
      if counts.count == 2, counts.allSatisfy({ (1...12).contains($0) }), counts[0] * counts[1] >= list.count {
        (rows, columns) = (counts[0], counts[1])
      } else {
        layout.refuse(
          "layout", "\(counts)", "[rows, columns] with room for all \(list.count) panels", context)
      }
    }
    guard value.diagnostics.found.count == found, let caption, let source, let width else { return nil }
    return Figure(
      id: "\(paper)/\(name)", caption: caption, source: source, width: width, height: height, rows: rows,
      columns: columns, panels: panels)
  }

  private static func isNameByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
      true
    default: false
    }
  }

  private func panel(_ value: YAMLValue, key: Figure.Key, in context: String) -> Panel? {
    guard
      let mapping = value.mapping("panels", allowing: ["title", "x", "y", "z", "key", "series"], in: context)
    else { return nil }
    let title = mapping["title"].map { drawnText($0, "title", in: context) } ?? ""
    let x = mapping.required("x", in: context).flatMap { axis($0, "x", in: context) }
    let y = mapping.required("y", in: context).flatMap { axis($0, "y", in: context) }
    let z = mapping["z"].flatMap { axis($0, "z", in: context) }
    let key = mapping["key"].map { $0.word("key", as: Figure.Key.self, in: context) } ?? key
    guard let list = mapping.required("series", in: context)?.list("series", in: context) else { return nil }
    let series = list.enumerated().compactMap { index, value in
      self.series(value, x: x, y: y, in: "\(context), series \(index + 1)")
    }
    if list.isEmpty { mapping["series"]?.refuse("series", "[]", "one series or more", context) }
    if z == nil, series.contains(where: { $0.draw == .heatmap }) { _ = mapping.required("z", in: context) }
    guard let title, let x, let y, let key else { return nil }
    return Panel(title: title, x: x, y: y, z: z, key: key, series: series)
  }

  private func axis(_ value: YAMLValue, _ name: String, in context: String) -> Axis? {
    let context = "\(context), axis \(name)"
    guard let mapping = value.mapping(name, allowing: ["label", "range", "scale", "ticks"], in: context) else {
      return nil
    }
    let label = mapping.required("label", in: context).flatMap { drawnText($0, "label", in: context) }
    let scale = mapping["scale"].map { $0.word("scale", as: Axis.Scale.self, in: context) } ?? .linear
    let ticks = mapping["ticks"]?.list("ticks", in: context)?.compactMap { $0.number("ticks", in: context) } ?? []
    var bounds: [Double?] = [nil, nil]
    if let range = mapping["range"] {
      let values = range.listOrSingle
      if values.count == 2 {
        bounds = values.map { if case .word("auto") = $0.content { nil } else { $0.number("range", in: context) } }
      } else {
        range.report(
          .wrongType(key: "range", expected: "a list of two numbers (or 'auto')", found: range.kind), in: context)
      }
      if let low = bounds[0], let high = bounds[1], low >= high {
        range.report(.invertedInterval(low: low, high: high), in: context)
      }
    }
    if scale == .log, let bad = (bounds + ticks).compactMap({ $0 }).first(where: { $0 <= 0 }) {
      (mapping["range"] ?? value).refuse("range", number(bad), "positive numbers on a logarithmic axis", context)
    }
    guard let label, let scale else { return nil }
    return Axis(label: label, low: bounds[0], high: bounds[1], scale: scale, ticks: ticks)
  }

  /// The columns a kind of series must and may have.
  private static func roles(of draw: Series.Draw) -> (required: [Series.Role], optional: [Series.Role]) {
    switch draw {
    case .line, .steps, .histogram, .impulses: ([.x, .y], [])
    case .points: ([.x, .y], [.error, .low, .high, .xerror])
    case .band: ([.x, .low, .high], [])
    case .heatmap: ([.x, .y, .z], [])
    case .guide: ([], [])
    case .vertical, .horizontal: ([.at], [])
    }
  }

  private func series(_ value: YAMLValue, x: Axis?, y: Axis?, in context: String) -> Series? {
    guard let drawn = value.mapping("series", in: context)?.required("draw", in: context),
      let draw = drawn.word("draw", as: Series.Draw.self, in: context)
    else { return nil }
    let roles = Self.roles(of: draw)
    let fromTable = ["table", "from", "where"] + (roles.required + roles.optional).map(\.rawValue)
    let special: [String] =
      switch draw {
      case .guide: ["slope", "rate", "through", "range"]
      case .vertical, .horizontal: fromTable + ["value", "split"]
      case .heatmap: fromTable + ["dropNonPositive"]
      default: fromTable + ["split", "dropNonPositive"]
      }
    guard let mapping = value.mapping("series", allowing: ["draw", "label", "style"] + special, in: context) else {
      return nil
    }
    let style = mapping["style"]?.integer("style", in: context)
    if let style, !(1...Self.styleCount).contains(style) {
      mapping["style"]?.refuse("style", "\(style)", "1 to \(Self.styleCount)", context)
    }
    let label = mapping["label"].map { drawnText($0, "label", in: context) } ?? ""
    let fixed = mapping["value"]?.number("value", in: context)
    let guide = draw == .guide ? self.guide(mapping, x: x, y: y, in: context) : nil
    if draw == .guide || mapping["value"] != nil {
      guard draw != .guide || guide != nil, let label else { return nil }
      return Series(
        draw: draw, table: nil, filters: [], columns: [:], split: nil, label: label, style: style,
        dropNonPositive: false, guide: guide, value: fixed)
    }

    guard let definition = table(mapping, in: context) else { return nil }
    var columns: [Series.Role: Column] = [:]
    for role in roles.required {
      columns[role] = mapping.required(role.rawValue, in: context).flatMap {
        column($0, role.rawValue, of: definition, in: context)
      }
    }
    for role in roles.optional {
      columns[role] = mapping[role.rawValue].flatMap { column($0, role.rawValue, of: definition, in: context) }
    }
    if draw == .points, mapping["low"] != nil || mapping["high"] != nil {
      _ = (mapping.required("low", in: context), mapping.required("high", in: context))
      if let error = mapping["error"] {
        error.refuse("error", error.kind, "either 'error' or 'low' and 'high'", context)
      }
    }
    let split = mapping["split"].flatMap { column($0, "split", of: definition, in: context)?.name }
    if let value = mapping["label"], let label { check(label, namesColumnsOf: definition, at: value, in: context) }
    let filters = mapping["where"]?.mapping("where", in: context)?.entries.compactMap { entry -> Series.Filter? in
      guard known(entry.key, among: definition, at: entry.location, value.diagnostics, in: context) else { return nil }
      let values = entry.value.listOrSingle.compactMap { $0.number(entry.key, in: context) }
      return Series.Filter(column: entry.key, values: values)
    }
    let drop = mapping["dropNonPositive"].map { $0.flag("dropNonPositive", in: context) } ?? false
    guard columns.count >= roles.required.count, let label, let drop else { return nil }
    return Series(
      draw: draw, table: TableReference(table: definition.name, stages: stages(mapping, of: definition, in: context)),
      filters: filters ?? [], columns: columns, split: split, label: label, style: style, dropNonPositive: drop,
      guide: nil, value: nil)
  }

  private func table(_ mapping: YAMLMapping, in context: String) -> TableDefinition? {
    guard let value = mapping.required("table", in: context), let name = value.text("table", in: context) else {
      return nil
    }
    if let definition = tables[name] { return definition }
    value.report(.unknownName(kind: "table", name: name, known: tables.keys.sorted()), in: context)
    return nil
  }

  /// The stages a series reads. A table of theory alone reads no experiment and so needs none.
  private func stages(_ mapping: YAMLMapping, of definition: TableDefinition, in context: String) -> [String] {
    guard let value = definition.experiments.isEmpty ? mapping["from"] : mapping.required("from", in: context)
    else { return [] }
    return value.listOrSingle.compactMap { value in
      guard let stage = value.text("from", in: context) else { return nil }
      if !stages.contains(stage) {
        value.report(.unknownName(kind: "stage", name: stage, known: stages), in: context)
      }
      return stage
    }
  }

  private func column(
    _ value: YAMLValue, _ key: String, of definition: TableDefinition, in context: String
  ) -> Column? {
    guard let name = value.text(key, in: context),
      known(name, among: definition, at: value.location, value.diagnostics, in: context)
    else { return nil }
    return definition.columns.first { $0.name == name }
  }

  private func known(
    _ name: String, among definition: TableDefinition, at location: SourceLocation, _ diagnostics: Diagnostics,
    in context: String
  ) -> Bool {
    let names = definition.columns.map(\.name)
    if names.contains(name) { return true }
    diagnostics.report(
      .unknownName(kind: "column of table '\(definition.name)'", name: name, known: names), at: location, in: context)
    return false
  }

  /// A `{word}` in a label must be a column; as a sub- or superscript it may be plain text.
  private func check(
    _ label: String, namesColumnsOf definition: TableDefinition, at value: YAMLValue, in context: String
  ) {
    for match in label.matches(of: Curve.placeholder) where match.output.1.isEmpty {
      _ = known(String(match.output.2), among: definition, at: value.location, value.diagnostics, in: context)
    }
  }

  private func guide(_ mapping: YAMLMapping, x: Axis?, y: Axis?, in context: String) -> Series.Guide? {
    let isExponential = x?.scale == .linear && y?.scale == .log
    if x?.scale == .log, y?.scale == .linear {
      mapping["draw"]?.refuse("draw", "guide", "axes both linear, both log, or y alone log", context)
    }
    let key = isExponential ? "rate" : "slope"
    if let other = mapping[isExponential ? "slope" : "rate"] {
      other.refuse(isExponential ? "slope" : "rate", other.kind, "'\(key)' on these axes", context)
      return nil
    }
    let slope = mapping.required(key, in: context)?.number(key, in: context)
    let point = mapping.required("through", in: context)?.pair("through", in: context)
    if let point, x?.scale == .log && point.0 <= 0 || y?.scale == .log && point.1 <= 0 {
      mapping["through"]?.refuse(
        "through", "[\(number(point.0)), \(number(point.1))]", "positive numbers on a logarithmic axis", context)
    }
    let range = mapping["range"]?.pair("range", in: context)
    if let range, range.0 >= range.1 || x?.scale == .log && range.0 <= 0 {
      mapping["range"]?.report(.invertedInterval(low: range.0, high: range.1), in: context)
      return nil
    }
    guard let slope, let point else { return nil }
    return Series.Guide(slope: slope, x: point.0, y: point.1, range: range.map { $0.0...$0.1 })
  }

  /// A text that gnuplot will draw. Refused: control characters, and braces that do not pair, which its markup
  /// (`x^{2}`, `{/:Italic d}`) needs.
  private func drawnText(_ value: YAMLValue, _ key: String, in context: String) -> String? {
    guard let text = value.text(key, in: context) else { return nil }
    guard text.isDrawable else {
      value.refuse(key, text.debugDescription, "one line of text with paired braces", context)
      return nil
    }
    return text
  }

  private func number(_ value: Double) -> String { "\(value)" }
}

extension YAMLValue {
  /// Reports a value that is not among the allowed ones.
  fileprivate func refuse(_ name: String, _ value: String, _ allowed: String, _ context: String) {
    report(.refusedValue(name: name, value: value, allowed: allowed), in: context)
  }
}

extension String {
  /// Whether gnuplot can draw the text: one line, no control characters, braces in pairs.
  var isDrawable: Bool {
    var depth = 0
    var isEscaped = false
    for scalar in unicodeScalars {
      switch scalar.properties.generalCategory {
      case .control, .lineSeparator, .paragraphSeparator, .surrogate: return false
      default: break
      }
      if scalar == "{", !isEscaped { depth += 1 }
      if scalar == "}", !isEscaped { depth -= 1 }
      if depth < 0 { return false }
      isEscaped = scalar == "\\" && !isEscaped
    }
    return depth == 0 && !isEscaped
  }
}
