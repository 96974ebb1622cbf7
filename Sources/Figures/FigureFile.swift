package import PaperKit
package import Pipeline

/// Reads the `figures:` of figures/<paper>.yaml. Mistakes go to the ``Diagnostics`` of the value; a figure that has some
/// is left out.
package struct FigureFile {
  private let table: (String) -> TableDefinition?
  private let stages: [String]
  private let pipeline: PipelineFile?
  private let tableNames: (String) -> [String]?
  private let font: Figure.Font
  private let facets = Facets()

  /// Looks that figures/style.gp defines.
  package static let styleCount = 8
  static let keys = ["caption", "source", "width", "height", "layout", "font", "key", "panels"]
  static let fontKeys = ["family", "size"]
  static let panelKeys = ["title", "x", "y", "z", "key", "series"]
  static let axisKeys = ["label", "range", "scale", "ticks"]

  /// The figures of one paper, in the order of the file. `table` finds a table by its name; `tableNames` are to be named
  /// where it finds none, nil where the reason has been reported; `stages` are those that exist; `pipeline` has those of the
  /// stages that have no mistakes; `font` is the one of figures that say nothing else.
  package static func figures(
    in value: YAMLValue, paper: String, table: @escaping (String) -> TableDefinition?,
    tableNames: @escaping (String) -> [String]?, stages: [String], pipeline: PipelineFile? = nil,
    font: Figure.Font = .standard
  ) -> [Figure] {
    let file = FigureFile(table: table, stages: stages, pipeline: pipeline, tableNames: tableNames, font: font)
    return (value.mapping("figures", in: "")?.entries ?? []).compactMap { name, value, location in
      let context = "figure '\(paper)/\(name)'"
      let mistakeCount = value.diagnostics.reportCount
      if !PipelineFile.isName(name) || name.contains("/") {
        value.diagnostics.report(.badName(kind: "figure", name: name), at: location, in: context)
      }
      let figure = file.figure("\(paper)/\(name)", value, at: location, in: context)
      return value.diagnostics.reportCount == mistakeCount ? figure : nil
    }
  }

  /// A font; what it does not say, `standard` says.
  package static func font(_ value: YAMLValue, over standard: Figure.Font = .standard, in context: String)
    -> Figure.Font
  {
    guard let mapping = value.mapping("font", allowing: fontKeys, in: context) else { return standard }
    let family = mapping["family"]?.text("family", in: context)
    // It stands in a string of gnuplot's, where a comma would end the name and a quote the string. A number is a size that
    // was written in the wrong place.
    if let family,
      family.wholeMatch(of: /[A-Za-z0-9]+([ -][A-Za-z0-9]+)*/) == nil
        || !family.contains(where: \.isLetter) || Double(family) != nil
    {
      mapping.refuse(
        "family", "a name of letters from A to Z and digits with single spaces or hyphens between", context)
    }
    let size = mapping["size"]?.number("size", in: context)
    if let size, !(5...20).contains(size) { mapping.refuse("size", "5 to 20 points", context) }
    return Figure.Font(family: family ?? standard.family, size: size ?? standard.size)
  }

  private func figure(
    _ id: String, _ value: YAMLValue, at location: SourceLocation, in context: String
  ) -> Figure? {
    guard let mapping = value.mapping("figure", allowing: Self.keys, in: context) else { return nil }
    let caption = mapping.required("caption", in: context)?.prose("caption", in: context)
    let source = mapping.required("source", in: context)?.prose("source", in: context)
    let width = mapping["width"]?.word("width", as: Figure.Width.self, in: context) ?? .oneColumn
    let height = mapping["height"]?.number("height", in: context)
    if let height, !(2...30).contains(height) { mapping.refuse("height", "2 to 30 cm", context) }
    let font = mapping["font"].map { Self.font($0, over: self.font, in: context) } ?? self.font
    let key = mapping["key"]?.word("key", as: Figure.Key.self, in: context) ?? .above
    let written = mapping.required("panels", in: context)?.list("panels", in: context) ?? []
    if written.isEmpty { mapping.refuse("panels", "one panel or more", context) }
    let list = facets.expanded(written, in: context)
    let panels = list.enumerated().compactMap { index, value in
      panel(value, key: key, in: list.count > 1 ? "\(context), panel \(index + 1)" : context)
    }
    var (rows, columns) = (1, max(1, list.count))
    if let layout = mapping["layout"]?.list("layout", in: context) {
      let counts = layout.compactMap { $0.integer("layout", in: context) }.filter { (1...12).contains($0) }
      if counts.count == 2, layout.count == 2, counts[0] * counts[1] >= list.count {
        (rows, columns) = (counts[0], counts[1])
      } else {
        mapping.refuse("layout", "[rows, columns] with room for \(list.count) panels", context)
      }
    }
    guard let caption, let source, panels.count <= rows * columns else { return nil }
    // The font stands outside of the figure's own entry.
    let digest = CellKey.digest("\(font.family) \(font.size)\n\(value.fullText)")
    return Figure(
      id: id, caption: caption, source: source, width: width, height: height, font: font, rows: rows,
      columns: columns, panels: panels, location: location, digest: digest)
  }

  private func panel(_ value: YAMLValue, key: Figure.Key, in context: String) -> Panel? {
    guard let mapping = value.mapping("panels", allowing: Self.panelKeys, in: context) else { return nil }
    let x = mapping.required("x", in: context).flatMap { axis($0, "x", in: context) }
    let y = mapping.required("y", in: context).flatMap { axis($0, "y", in: context) }
    let list = mapping.required("series", in: context)?.list("series", in: context) ?? []
    if list.isEmpty { mapping.refuse("series", "one series or more", context) }
    let series = list.enumerated().compactMap { index, value in
      self.series(value, x: x, y: y, in: "\(context), series \(index + 1)")
    }
    if series.contains(where: { $0.draw == .heatmap }) { _ = mapping.required("z", in: context) }
    let title = drawnText("title", of: mapping, in: context)
    let z = mapping["z"].flatMap { axis($0, "z", in: context) }
    let key = mapping["key"]?.word("key", as: Figure.Key.self, in: context) ?? key
    guard let x, let y else { return nil }
    return Panel(title: title, x: x, y: y, z: z, key: key, series: series)
  }

  private func axis(_ value: YAMLValue, _ name: String, in context: String) -> Axis? {
    let context = "\(context), axis \(name)"
    guard let mapping = value.mapping(name, allowing: Self.axisKeys, in: context) else { return nil }
    _ = mapping.required("label", in: context)
    let scale = mapping["scale"]?.word("scale", as: Axis.Scale.self, in: context) ?? .linear
    let ticks = mapping["ticks"]?.list("ticks", in: context)?.compactMap { $0.number("ticks", in: context) } ?? []
    var bounds: [Double?] = [nil, nil]
    if let range = mapping["range"] {
      if case .list(let values) = range.content, values.count == 2 {
        bounds = values.map { if case .word("auto") = $0.content { nil } else { $0.number("range", in: context) } }
      } else {
        mapping.refuse("range", "[low, high], of which either may be 'auto'", context)
      }
      if let low = bounds[0], let high = bounds[1], low >= high {
        range.report(.invertedInterval(low: low, high: high), in: context)
      }
    }
    for (key, values) in [("range", bounds.compactMap { $0 }), ("ticks", ticks)] {
      // Beyond it nothing can be told apart, and the page's own arithmetic would overflow.
      if values.contains(where: { abs($0) > 1e100 || scale == .log && (0..<1e-100).contains($0) && $0 > 0 }) {
        mapping.refuse(key, "numbers from 1e-100 to 1e100 in size", context)
      }
      if scale == .log, values.contains(where: { $0 <= 0 }) {
        mapping.refuse(key, "positive numbers, as the axis is logarithmic", context)
      }
    }
    return Axis(
      label: drawnText("label", of: mapping, in: context), low: bounds[0], high: bounds[1], scale: scale, ticks: ticks)
  }

  // MARK: Series

  /// The columns a kind of series must and may have.
  static func roles(of draw: Series.Draw) -> (required: [Series.Role], optional: [Series.Role]) {
    switch draw {
    case .line, .steps, .histogram, .impulses: ([.x, .y], [])
    case .points: ([.x, .y], [.error, .low, .high, .xerror])
    case .band: ([.x, .low, .high], [])
    case .heatmap: ([.x, .y, .z], [])
    case .guide: ([], [])
    case .vertical, .horizontal: ([.at], [])
    }
  }

  /// The keys a kind of series may have.
  static func keys(of draw: Series.Draw) -> [String] {
    var keys = ["draw", "label", "style"]
    switch draw {
    case .guide: keys += ["slope", "rate", "through", "range"]
    case .vertical, .horizontal: keys += ["value", "table", "from", "where", "split", "at", "dropNonPositive"]
    default: keys += ["table", "from", "where", "split", "dropNonPositive"]
    }
    let roles = roles(of: draw)
    return keys + (roles.required + roles.optional).map(\.rawValue).filter { !keys.contains($0) }
  }

  private func series(_ value: YAMLValue, x: Axis?, y: Axis?, in context: String) -> Series? {
    guard
      let draw = value.mapping("series", in: context)?.required("draw", in: context)?
        .word("draw", as: Series.Draw.self, in: context)
    else { return nil }
    let roles = Self.roles(of: draw)
    guard let mapping = value.mapping("series", allowing: Self.keys(of: draw), in: context) else { return nil }
    let style = mapping["style"]?.integer("style", in: context)
    if let style, !(1...Self.styleCount).contains(style) {
      mapping.refuse("style", "1 to \(Self.styleCount)", context)
    }
    let label = drawnText("label", of: mapping, in: context)
    let fixed = mapping["value"]?.number("value", in: context)
    let guide = draw == .guide ? self.guide(mapping, x: x, y: y, in: context) : nil
    let drop = mapping["dropNonPositive"]?.flag("dropNonPositive", in: context) ?? false
    func series(
      _ table: TableReference?, _ filters: [Series.Filter], _ columns: [Series.Role: Column], _ split: String?
    )
      -> Series
    {
      Series(
        draw: draw, table: table, filters: filters, columns: columns, split: split, label: label, style: style,
        dropNonPositive: drop, guide: guide, value: fixed)
    }
    if draw == .guide { return guide.map { _ in series(nil, [], [:], nil) } }
    if fixed != nil { return series(nil, [], [.at: Column("value", meaning: "as the figure says")], nil) }

    guard let definition = table(mapping, in: context) else { return nil }
    var columns: [Series.Role: Column] = [:]
    for role in roles.required { _ = mapping.required(role.rawValue, in: context) }
    for role in roles.required + roles.optional {
      columns[role] = column(role.rawValue, of: mapping, in: definition, context)
    }
    if draw == .points, mapping["low"] != nil || mapping["high"] != nil {
      for key in ["low", "high"] { _ = mapping.required(key, in: context) }
      if mapping["error"] != nil { mapping.refuse("error", "either 'error' or 'low' and 'high'", context) }
    }
    let stages = self.stages(mapping, of: definition, in: context)
    let known = stages.compactMap { pipeline?[$0] }
    let entries = mapping["where"]?.mapping("where", in: context)?.entries ?? []
    func isColumn(_ name: String) -> Bool { definition.columns.contains { $0.name == name } }
    func isParameter(_ name: String) -> Bool { known.contains { $0.base[name] != nil } }
    var conditions: [String: [ParameterValue]] = [:]
    // What a stage with mistakes would have as a parameter cannot be told.
    let isCertain = pipeline == nil || known.count == stages.count
    if let pipeline, isCertain {
      let evidence = Evidence(stages: stages).narrowed(
        by: entries.filter { isParameter($0.key) }, pipeline: pipeline, in: context)
      conditions = evidence.conditions.filter { !isColumn($0.key) }
    }
    let filters = entries.compactMap { entry -> Series.Filter? in
      guard isColumn(entry.key) else {
        if isCertain, !isParameter(entry.key) {
          check(entry.key, isColumnOf: definition, at: entry.location, value.diagnostics, context)
        }
        return nil
      }
      return Series.Filter(
        column: entry.key, values: entry.value.listOrSingle.compactMap { $0.number(entry.key, in: context) })
    }
    for column in label.columns {
      let location = mapping["label"]?.location ?? value.location
      check(column, isColumnOf: definition, at: location, value.diagnostics, context)
    }
    refuseColumns(ofFormulasIn: mapping["label"], definition, context)
    let reference = TableReference(table: definition.name, stages: stages, conditions: conditions)
    return series(reference, filters, columns, column("split", of: mapping, in: definition, context)?.name)
  }

  /// Refuses the name of a column in a formula, as in `$10^{steps}$`, which is not its value.
  private func refuseColumns(ofFormulasIn label: YAMLValue?, _ definition: TableDefinition, _ context: String) {
    // What is no formula has been reported.
    guard let label, case .word(let text) = label.content, let prose = try? Prose(text) else { return }
    let formulas = prose.rendered(text: { _ in " " }, formula: \.tex)
    for match in formulas.matches(of: /\{([A-Za-z][A-Za-z0-9_-]+)\}/) {
      let name = String(match.output.1)
      guard definition.columns.contains(where: { $0.name == name }) else { continue }
      label.report(
        .message(
          "'label': '{\(name)}' stands for no value in a formula; end the formula before it, as in '$k =$ {\(name)}', "
            + "or use gnuplot's markup, as in '10^{\(name)}'"), in: context)
    }
  }

  private func table(_ mapping: YAMLMapping, in context: String) -> TableDefinition? {
    guard let value = mapping.required("table", in: context), let name = value.text("table", in: context) else {
      return nil
    }
    if let table = table(name) { return table }
    if let known = tableNames(name) {
      value.report(.unknownName(kind: "table", name: name, known: known), in: context)
    }
    return nil
  }

  /// The stages a series reads. A table of theory alone reads no experiment and needs none.
  private func stages(_ mapping: YAMLMapping, of definition: TableDefinition, in context: String) -> [String] {
    let value = definition.experiments.isEmpty ? mapping["from"] : mapping.required("from", in: context)
    let names = value?.names("from", in: context) ?? []
    for (index, name) in names.enumerated() {
      if !stages.contains(name) {
        value?.report(.unknownName(kind: "stage", name: name, known: stages), in: context)
      } else if let experiment = pipeline?[name]?.experiment.name, !definition.experiments.contains(experiment) {
        let wanted = definition.experiments.isEmpty ? "no stage" : definition.experiments.joined(separator: ", ")
        value?.listOrSingle[index].report(
          .message("stage '\(name)' runs \(experiment), but the table '\(definition.name)' is of \(wanted)"),
          in: context)
      }
    }
    return names
  }

  private func column(
    _ key: String, of mapping: YAMLMapping, in definition: TableDefinition, _ context: String
  ) -> Column? {
    guard let value = mapping[key], let name = value.text(key, in: context) else { return nil }
    check(name, isColumnOf: definition, at: value.location, value.diagnostics, context)
    return definition.columns.first { $0.name == name }
  }

  private func check(
    _ name: String, isColumnOf definition: TableDefinition, at location: SourceLocation, _ diagnostics: Diagnostics,
    _ context: String
  ) {
    let names = definition.columns.map(\.name)
    guard !names.contains(name) else { return }
    diagnostics.report(
      .unknownName(kind: "column of table '\(definition.name)'", name: name, known: names), at: location, in: context)
  }

  private func guide(_ mapping: YAMLMapping, x: Axis?, y: Axis?, in context: String) -> Series.Guide? {
    if x?.scale == .log, y?.scale == .linear {
      mapping.refuse(
        "draw", "a guide goes with axes that are both linear, both logarithmic, or of which y alone is logarithmic",
        context)
    }
    let isExponential = x?.scale == .linear && y?.scale == .log
    let (key, other) = isExponential ? ("rate", "slope") : ("slope", "rate")
    if mapping[other] != nil { mapping.refuse(other, "on these axes a guide has '\(key)' in its place", context) }
    let slope = mapping.required(key, in: context)?.number(key, in: context)
    let point = mapping.required("through", in: context)?.pair("through", in: context)
    let range = mapping["range"]?.pair("range", in: context)
    if let range, range.0 >= range.1 {
      mapping["range"]?.report(.invertedInterval(low: range.0, high: range.1), in: context)
      return nil
    }
    for (key, position) in [("through", point?.0), ("range", range?.0)] {
      if let position, x?.scale == .log, position <= 0 {
        mapping.refuse(key, "a positive number of x first, as the axis is logarithmic", context)
      }
    }
    if let point, y?.scale == .log, point.1 <= 0 {
      mapping.refuse("through", "[x, y] with y positive, as the axis is logarithmic", context)
    }
    guard let slope, let point else { return nil }
    return Series.Guide(slope: slope, x: point.0, y: point.1, range: range.map { $0.0...$0.1 })
  }

  /// A text that gnuplot will draw; empty if there is none.
  private func drawnText(_ key: String, of mapping: YAMLMapping, in context: String) -> Label {
    if let label = Label(mapping[key]?.prose(key, in: context)?.gnuplot ?? "") { return label }
    mapping.refuse(key, "one line of text with paired braces", context)
    return .none
  }
}

extension YAMLMapping {
  /// Reports that the value of a key, if it is there, is not what is allowed.
  fileprivate func refuse(_ key: String, _ allowed: String, _ context: String) {
    guard let value = self[key] else { return }
    value.report(.refusedValue(name: key, value: value.written, allowed: allowed), in: context)
  }
}
