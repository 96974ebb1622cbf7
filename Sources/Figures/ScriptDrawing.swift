private import Foundation
private import PaperKit
private import Pipeline

/// The parts of a script that show: data blocks and drawing commands.
struct ScriptDrawing: Sendable {
  let layout: FigureLayout
  /// Width and height on a screen of 96 pixels an inch.
  var pixels: String { "\(Int((layout.width * 4 / 3).rounded())),\(Int((layout.height * 4 / 3).rounded()))" }
  private(set) var blocks = ""
  private(set) var commands = ""
  private let figure: Figure
  private let labels: GnuplotScript.Labels
  let ranges: [FigureLayout.Ranges]
  /// Of each curve.
  let looks: [String]

  init(_ figure: Figure, _ curves: [Curve], _ labels: GnuplotScript.Labels) {
    self.figure = figure
    self.labels = labels
    ranges = FigureLayout.ranges(figure, curves)
    let looks = Self.looks(figure, curves)
    self.looks = looks
    let entries = figure.panels.indices.map { index in
      KeyEntry.entries(of: zip(curves, looks).filter { $0.0.panel == index }.map { (curve: $0.0, look: $0.1) })
    }
    // Keys above panels that say the same of all panels stand once, above all of them.
    let isShared = figure.panels.allSatisfy { $0.key == .above } && Set(entries.map(Set.init)).count == 1
    let above = figure.panels.indices.filter { figure.panels[$0].key == .above && !entries[$0].isEmpty }
    let keyed = isShared ? Array(above.prefix(1)) : above
    layout = FigureLayout(
      figure, ranges: ranges, keys: keyed.map { (isShared ? nil : $0, entries[$0].map(\.title)) },
      // LaTeX sets labels in the type of its document.
      fontSize: labels == .latex ? Figure.Font.standard.size : figure.font.size)

    for (index, panel) in figure.panels.enumerated() {
      let isMap = ranges[index].z != nil
      var elements: [String] = []
      for (number, curve) in curves.enumerated() where curve.panel == index {
        let block = "$data\(number + 1)"
        blocks += data(curve.fit(to: ranges[index]), name: block)
        elements += Self.elements(curve, block, looks[number], isMap: isMap)
      }
      let isInside = panel.key != .above && panel.key != .none
      let hasKey = isInside && !entries[index].isEmpty
      if hasKey { elements += entries[index].map(command) }
      commands += frame(panel, index, hasKey: hasKey)
      // A key inside a panel speaks for those without one that say the same.
      let alike = figure.panels.indices.filter { other in
        other == index || figure.panels[other].key == .none && Set(entries[other]) == Set(entries[index])
      }
      let speaksForMany = hasKey && alike.count > 1
      if speaksForMany { commands += "set key title \(quoted(Panel.letters(alike)))\n" }
      commands += "plot \\\n  " + elements.joined(separator: ", \\\n  ") + "\n"
      if speaksForMany { commands += "set key notitle\n" }
    }
    for (index, key) in zip(keyed, layout.keys) { commands += keyStrip(key, entries[index]) }
  }

  // MARK: Looks

  /// The look of each curve. Equal origins look the same in all panels. Up to eight they are the linetypes of the style;
  /// a larger family takes its colours from the palette, whose order can be seen.
  private static func looks(_ figure: Figure, _ curves: [Curve]) -> [String] {
    var looks: [Curve.Origin: String] = [:]
    var coloured: [Curve.Origin] = []
    var greyCount = 0
    for curve in curves where looks[curve.origin] == nil && curve.series.draw != .heatmap {
      switch curve.origin {
      case .style(let number): looks[curve.origin] = "lt \(number)"
      case .grey:
        looks[curve.origin] = "ls \(11 + greyCount % 3)"
        greyCount += 1
      case .value, .label, .position:
        looks[curve.origin] = "lt \(coloured.count % FigureFile.styleCount + 1)"
        coloured.append(curve.origin)
      }
    }
    if coloured.count > FigureFile.styleCount {
      let family = coloured.filter { if case .value = $0 { true } else { false } }
      for (place, origin) in family.enumerated() {
        // Why 0.9: the last colours of the palette are too pale for a line on white.
        looks[origin]? += " lc palette frac \(rounded(0.9 * Double(place) / Double(max(1, family.count - 1))))"
      }
    }
    return curves.map { curve in
      let look = looks[curve.origin] ?? ""
      // Why black: no colour of the eight stands out from every colour of the palette.
      let isOnMap = figure.panels[curve.panel].series.contains { $0.draw == .heatmap }
      return isOnMap && look.hasPrefix("lt") ? "\(look.prefix(4)) lc rgb '#000000'" : look
    }
  }

  /// The data of one curve with their columns, and how they are drawn.
  private static func elements(_ curve: Curve, _ block: String, _ look: String, isMap: Bool) -> [String] {
    func element(_ columns: Int, _ kind: String, _ how: String) -> String {
      "\(block) using \((1...columns).map(String.init).joined(separator: ":")) with \(kind) \(how) notitle"
    }
    // Why twice on a map: a white edge makes a line visible on every colour.
    func outlined(_ columns: Int, _ kind: String, _ edge: String, _ how: String) -> [String] {
      (isMap ? [element(columns, kind, "\(look.prefix(5)) lc rgb '#ffffff' \(edge)")] : [])
        + [element(columns, kind, look + how)]
    }
    switch curve.series.draw {
    case .line, .guide, .vertical, .horizontal: return outlined(2, "lines", "lw 2.6 dt solid", "")
    case .steps: return outlined(2, "steps", "lw 2.6 dt solid", "")
    case .points:
      let bars = Set(curve.parts.filter(\.isBar).map(\.axis.rawValue)).sorted().joined()
      let kind = bars.isEmpty ? "points" : "\(bars)errorbars"
      return outlined(curve.parts.count, kind, "lw 2.4 dt solid", " lw 0.7 dt solid")
    case .band: return [element(3, "filledcurves", "\(look) \(KeyEntry.translucent) noborder")]
    case .histogram:
      return [element(2, "fillsteps", "\(look) \(KeyEntry.translucent) noborder"), element(2, "steps", look)]
    case .impulses: return [element(2, "impulses", "\(look) dt solid"), element(2, "points", look)]
    case .heatmap: return [element(7, "boxxyerror", "lc palette fs solid 1 noborder")]
    }
  }

  // MARK: Data

  private func data(_ curve: Curve, name: String) -> String {
    let (x, y) = (ranges[curve.panel].x, ranges[curve.panel].y)
    let series = curve.series
    var names = curve.parts.map(\.name)
    var rows = curve.rows
    switch series.draw {
    case .guide:
      guard let guide = series.guide else { return "" }
      names = ["x", "y"]
      rows = [guide.range?.lowerBound ?? x.low, guide.range?.upperBound ?? x.high].map { position in
        switch (x.isLog, y.isLog) {
        case (true, true): [position, guide.y * pow(position / guide.x, guide.slope)]
        case (false, true): [position, guide.y * exp(guide.slope * (position - guide.x))]
        default: [position, guide.y + guide.slope * (position - guide.x)]
        }
      }
    case .vertical: (names, rows) = (["x", "y"], rows.flatMap { [[$0[0], y.low], [$0[0], y.high], []] })
    case .horizontal: (names, rows) = (["x", "y"], rows.flatMap { [[x.low, $0[0]], [x.high, $0[0]], []] })
    default: break
    }
    var comment = "panel \(curve.panel + 1), \(series.draw.rawValue)"
    if let table = series.table { comment += ", table \(table.table) from \(table.stages.joined(separator: ", "))" }
    for filter in series.filters {
      comment += ", \(filter.column) = \(filter.values.map(\.scriptText).joined(separator: " or "))"
    }
    if let split = series.split, let value = curve.splitValue { comment += ", \(split) = \(value.scriptText)" }
    if curve.droppedCount > 0 { comment += ", dropped=\(curve.droppedCount)" }
    return """
      # \(oneLine(comment))
      \(name) << EOD
      # \(oneLine(names.joined(separator: " ")))
      \(rows.map { $0.map(\.scriptText).joined(separator: " ") }.joined(separator: "\n"))
      EOD

      """
  }

  // MARK: Panels

  private func quoted(_ label: Label) -> String { labels == .latex ? label.latex : label.gnuplot }

  private func label(_ text: Label, _ x: Double, _ y: Double, _ how: String) -> String {
    guard !text.isEmpty else { return "" }
    let font = "font ',\(layout.labelSize.scriptText)'"
    return "set label \(quoted(text)) at \(screen(x, y)) \(how) front \(font)\n"
  }

  private func screen(_ x: Double, _ y: Double) -> String {
    "screen \(rounded(x / layout.width)), screen \(rounded(y / layout.height))"
  }

  /// All that is set for a panel. What one panel sets, the next sets anew, so that none depends on the one before.
  private func frame(_ panel: Panel, _ index: Int, hasKey: Bool) -> String {
    let place = layout.places[index]
    let range = ranges[index]
    func axis(
      _ name: String, _ range: AxisRange, _ ticks: [(value: Double, label: Label?)], isLabelled: Bool = true
    ) -> String {
      let ticks = ticks.map { tick in
        "\(quoted(isLabelled ? tick.label ?? .none : .none)) \(tick.value.scriptText)\(tick.label == nil ? " 1" : "")"
      }
      return """
        unset logscale \(name); set \(name)range [\(range.low.scriptText):\(range.high.scriptText)]\
        \(range.isLog ? "; set logscale \(name)" : "")
        set \(name)tics (\(ticks.joined(separator: ", ")))

        """
    }
    let (middleX, middleY) = ((place.left + place.right) / 2, (place.bottom + place.top) / 2)
    let (width, height) = (place.right - place.left, place.top - place.bottom)
    var text = """
      # panel \(index + 1)
      set margins at \(screen(place.left, place.right, of: layout.width)), \
      \(screen(place.bottom, place.top, of: layout.height))
      unset label; unset colorbox; \(hasKey ? "set key inside \(panel.key.rawValue) vertical maxrows auto" : "unset key")
      \(range.z == nil ? "set border 3 ls 100; set grid back ls 101" : "set border 15 ls 100; unset grid")

      """
    text += axis("x", range.x, layout.ticks(range.x, width: width), isLabelled: place.hasXLabels)
    text += axis("y", range.y, layout.ticks(range.y, height: height), isLabelled: place.hasYLabels)
    if let z = range.z {
      text += axis("cb", z, layout.ticks(z, height: height))
      text += """
        set colorbox vertical user origin \(screen(place.right + 6, place.bottom)) \
        size \(screen(6, height)) front noborder

        """
      text += label(panel.z?.label ?? .none, place.right + place.zLabelOffset, middleY, "center rotate by 90")
    }
    let letter = figure.panels.count > 1 ? Panel.letters([index]) + Label(known: " ") : .none
    text += label(letter + panel.title, place.left, place.top + place.titleOffset, "left")
    if place.hasXLabels { text += label(panel.x.label, middleX, place.bottom - layout.xLabelOffset, "center") }
    if place.hasYLabels {
      text += label(panel.y.label, place.left - place.yLabelOffset, middleY, "center rotate by 90")
    }
    return text
  }

  private func screen(_ low: Double, _ high: Double, of whole: Double) -> String {
    "screen \(rounded(low / whole)), screen \(rounded(high / whole))"
  }

  private func command(_ entry: KeyEntry) -> String {
    "keyentry with \(entry.sample) title \(quoted(entry.title))"
  }

  /// A key outside of the axes: a last, empty panel as large as the page for each of its columns.
  private func keyStrip(_ key: FigureLayout.Key, _ entries: [KeyEntry]) -> String {
    // Why ticks at 2: `unset tics` would forget how the style wants them.
    var text = """
      # key\(key.panel.map { " of panel \($0 + 1)" } ?? "")
      set margins at screen 0, screen 1, screen 0, screen 1
      unset border; unset label; unset grid; unset colorbox; unset logscale
      set xtics ('' 2); set ytics ('' 2); set xrange [0:1]; set yrange [0:1]
      \(label(key.label, key.left, key.top - layout.keyMiddle, "left"))
      """
    for (index, column) in key.columns.enumerated() {
      if index == 1, !key.label.isEmpty { text += "unset label\n" }
      text += "set key at \(screen(column.left, key.top)) left top vertical maxrows \(column.entries.count)\n"
      // Why `NaN`: keyentry needs a plot before it.
      text += "plot NaN notitle, \\\n  "
      text += entries[column.entries].map(command).joined(separator: ", \\\n  ") + "\n"
    }
    return text
  }
}

/// A part of the page, to a hundredth of a pixel.
func rounded(_ value: Double) -> String { ((value * 1e5).rounded() / 1e5).scriptText }

/// A text for a comment: a line break would end the comment, a backslash at the end would continue it.
func oneLine(_ text: String) -> String {
  let line = String(text.map { $0.unicodeScalars.contains { $0.properties.generalCategory == .control } ? " " : $0 })
  return line.hasSuffix("\\") ? line + " " : line
}
