private import Digest
private import Foundation
package import PaperKit

/// The gnuplot script of one figure: a pure function of the figure, its tables and the style. It holds all numbers, so
/// `gnuplot <name>.gp` in an empty folder writes `<name>.svg` and `<name>.pdf`.
package struct GnuplotScript: Sendable {
  package let figure: Figure
  package let text: String
  /// Digest of all that can be seen: numbers, drawing and style, but not the comment at the top. It is the title of the
  /// SVG, so that a picture on its own tells which numbers it shows.
  package let key: String
  /// Estimates and claims that read the same arrays.
  package let claims: [String]
  /// What was drawn, for the sidecar.
  package let series: [FigureSidecar.Series]

  /// Names under which the claims, the command that rebuilds the figure and the text of figures/style.gp go into the
  /// script. Throws ``PipelineError/droppedPoints(figure:series:count:axis:)`` for points that a logarithmic axis would
  /// leave out silently, ``PipelineError/evidence(subject:reason:)`` for series without a row, and what `table` throws.
  package init(
    _ figure: Figure, style: String, claims: [String], command: String, table: (TableReference) throws -> Table
  ) throws {
    self.figure = figure
    self.claims = claims
    var curves: [Curve] = []
    for (panel, axes) in figure.panels.enumerated() {
      for (position, series) in axes.series.enumerated() {
        curves += try Curve.curves(of: series, position: position, panel: panel, in: figure, table: table)
      }
    }
    let drawing = Drawing(figure, curves)
    series = drawing.curves.map(FigureSidecar.Series.init)
    let body = style + "\n" + drawing.blocks + drawing.commands
    key = SHA256.hexadecimal("\(drawing.size)\n\(body)")
    let name = figure.id.map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "_" }
    text = """
      # Figure \(figure.id) (\(figure.source.oneLine))
      # Data key \(key)
      # Claims from the same arrays: \(claims.isEmpty ? "none" : claims.joined(separator: ", ").oneLine)
      # Rebuild with: \(command.oneLine)
      # This file is complete: `gnuplot \(figure.name).gp` writes \(figure.name).svg and \(figure.name).pdf here.
      reset session
      set encoding utf8
      set minussign

      \(style)
      \(drawing.blocks)
      do for [format in 'svg pdf'] {
      if (format eq 'svg') {
      set terminal svg size \(drawing.size(dotsPerInch: 96)) fixed font 'DejaVu Sans,\(FigureLayout.fontSize.scriptText)' \
      fontscale 1.3333 linewidth 1.3333 background '#ffffff' butt name '\(String(name))_key_\(key)'
      } else {
      set terminal pdfcairo size \(drawing.size) font 'DejaVu Sans,\(FigureLayout.fontSize.scriptText)' \
      fontscale 0.75 linewidth 2 pointscale 0.62 dashlength 2 background '#ffffff' butt
      }
      set output '\(figure.name).'.format
      set multiplot
      \(drawing.commands)unset multiplot
      unset output
      }

      """
  }
}

/// The parts of a script that show: data blocks and drawing commands.
private struct Drawing {
  let layout: FigureLayout
  private(set) var blocks = ""
  private(set) var commands = ""
  private(set) var curves: [Curve]
  private let figure: Figure
  private var ranges: [(x: AxisRange, y: AxisRange, z: AxisRange?)] = []
  private var looks: [Curve.Origin: String] = [:]

  var size: String { "\(inches(layout.width))in,\(inches(layout.height))in" }

  func size(dotsPerInch: Double) -> String {
    "\(Int((layout.width / 72 * dotsPerInch).rounded())),\(Int((layout.height / 72 * dotsPerInch).rounded()))"
  }

  private func inches(_ points: Double) -> String { ((points / 72 * 1000).rounded() / 1000).scriptText }

  init(_ figure: Figure, _ curves: [Curve]) {
    self.figure = figure
    self.curves = curves
    ranges = Self.ranges(figure, curves)
    for index in curves.indices {
      let range = ranges[self.curves[index].panel]
      self.curves[index].fit(to: (range.x.low...range.x.high, range.y.low...range.y.high), xIsLog: range.x.isLog)
    }
    let curves = self.curves
    looks = Self.looks(curves)

    // Entries of the key above the panels: what looks the same and says the same stands there once.
    var entries: [(title: String, drawing: String)] = []
    for curve in curves where figure.panels[curve.panel].key == .above && !curve.title.isEmpty {
      for drawing in Self.keyDrawing(curve, Self.look(curve, looks, figure)) {
        if !entries.contains(where: { $0 == (curve.title, drawing) }) { entries.append((curve.title, drawing)) }
      }
    }
    layout = FigureLayout(figure, ranges: ranges, keyTitles: entries.map(\.title))

    for (index, panel) in figure.panels.enumerated() {
      let own = curves.indices.filter { curves[$0].panel == index }
      for number in own { blocks += block(curves[number], number: number + 1) }
      commands += panelCommands(panel, index, own.map { (curves[$0], $0 + 1) })
    }
    commands += keyCommands(entries)
  }

  // MARK: Ranges and looks

  private static func ranges(_ figure: Figure, _ curves: [Curve]) -> [(x: AxisRange, y: AxisRange, z: AxisRange?)] {
    var ranges = figure.panels.enumerated().map { index, panel in
      let own = curves.filter { $0.panel == index }
      let draws = Set(own.map(\.series.draw))
      let isMap = draws.contains(.heatmap)
      let standsOnZero = !draws.isDisjoint(with: [.histogram, .impulses])
      func range(_ axis: Axis, _ name: Curve.AxisName, isTight: Bool) -> AxisRange {
        AxisRange(
          axis, values: own.flatMap { $0.values(on: name) }, isTight: isTight, fromZero: name == .y && standsOnZero)
      }
      let hasMarks = !draws.isDisjoint(with: [.points, .impulses])
      return (
        x: range(panel.x, .x, isTight: isMap || !hasMarks), y: range(panel.y, .y, isTight: isMap),
        z: isMap ? panel.z.map { range($0, .z, isTight: true) } : nil
      )
    }
    // Equal axes in a column (x) or a row (y) of panels get one range, so that the panels can be compared.
    for a in figure.panels.indices {
      for b in figure.panels.indices where a != b {
        if a % figure.columns == b % figure.columns, figure.panels[a].x == figure.panels[b].x {
          ranges[a].x.join(ranges[b].x)
        }
        if a / figure.columns == b / figure.columns, figure.panels[a].y == figure.panels[b].y {
          ranges[a].y.join(ranges[b].y)
        }
      }
    }
    return ranges
  }

  /// One look for each origin, in order of appearance. Up to eight they are the linetypes of the style; a larger family
  /// takes its colours from the palette, whose order can be seen.
  private static func looks(_ curves: [Curve]) -> [Curve.Origin: String] {
    var origins: [Curve.Origin] = []
    for curve in curves where !([.guide, .heatmap].contains(curve.series.draw)) && curve.hasOwnLook {
      if case .style = curve.origin { continue }
      if !origins.contains(curve.origin) { origins.append(curve.origin) }
    }
    let family = origins.filter { if case .value = $0 { true } else { false } }
    var looks: [Curve.Origin: String] = [:]
    for (index, origin) in origins.enumerated() {
      var look = "lt \(index % 8 + 1)"
      if origins.count > 8, let place = family.firstIndex(of: origin) {
        // Why 0.9: the last colours of the palette are too pale for a line on white.
        let fraction = (Double(place) / Double(max(1, family.count - 1)) * 900).rounded() / 1000
        look += " lc palette frac \(fraction.scriptText)"
      }
      looks[origin] = look
    }
    return looks
  }

  private static func look(_ curve: Curve, _ looks: [Curve.Origin: String], _ figure: Figure) -> String {
    if case .style(let number) = curve.origin { return "lt \(number)" }
    if let look = looks[curve.origin], curve.hasOwnLook {
      // Why black: no colour of the eight stands out from every colour of the palette.
      let isOnMap = figure.panels[curve.panel].series.contains { $0.draw == .heatmap }
      return isOnMap ? "\(look) lc rgb '#000000'" : look
    }
    let sameKind = figure.panels[curve.panel].series.filter { !$0.hasOwnLook && $0.style == nil }
    return "ls \(11 + (sameKind.firstIndex(of: curve.series) ?? 0) % 3)"
  }

  // MARK: Data

  private func block(_ curve: Curve, number: Int) -> String {
    let (x, y) = (ranges[curve.panel].x, ranges[curve.panel].y)
    var names = curve.parts.map(\.name)
    var rows = curve.rows
    let series = curve.series
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
      # \(comment.oneLine)
      $data\(number) << EOD
      # \(names.joined(separator: " ").oneLine)
      \(rows.map { $0.map(\.scriptText).joined(separator: " ") }.joined(separator: "\n"))
      EOD

      """
  }

  // MARK: Panels

  private func panelCommands(_ panel: Panel, _ index: Int, _ curves: [(curve: Curve, number: Int)]) -> String {
    let place = layout.places[index]
    let range = ranges[index]
    let isMap = range.z != nil
    let screen = { (x: Double, y: Double) in "screen \(fraction(x, layout.width)), screen \(fraction(y, layout.height))" }
    var lines = [
      "# panel \(index + 1)",
      "set lmargin at screen \(fraction(place.left, layout.width))",
      "set rmargin at screen \(fraction(place.right, layout.width))",
      "set bmargin at screen \(fraction(place.bottom, layout.height))",
      "set tmargin at screen \(fraction(place.top, layout.height))",
      isMap ? "set border 15 ls 100; unset grid" : "set border 3 ls 100; set grid back ls 101",
      "unset logscale", "unset label", "unset colorbox",
    ]
    let across = max(2, Int((place.right - place.left) / 28))
    let upwards = max(2, Int((place.top - place.bottom) / 18))
    lines += axisCommands("x", range.x, ticks: across, isLabelled: place.xLabels)
    lines += axisCommands("y", range.y, ticks: upwards, isLabelled: place.yLabels)
    if let z = range.z, let axis = panel.z {
      lines += axisCommands("cb", z, ticks: upwards, isLabelled: true)
      lines.append(
        "set colorbox vertical user origin \(screen(place.right + 6, place.bottom)) size "
          + "\(screen(6, place.top - place.bottom)) front noborder")
      let position = screen(place.right + place.zLabelOffset, (place.bottom + place.top) / 2)
      lines.append(label(axis.label, at: position, "center rotate by 90"))
    }
    let letter = figure.panels.count > 1 ? "{/:Bold (\(UnicodeScalar(UInt8(97 + index % 26))))} " : ""
    let title = letter + panel.title
    if !title.isEmpty { lines.append(label(title, at: screen(place.left, place.top + 7), "left")) }
    if place.xLabels, !panel.x.label.isEmpty {
      let below = place.bottom - 12 - FigureLayout.labelLine / 2
      lines.append(label(panel.x.label, at: screen((place.left + place.right) / 2, below), "center"))
    }
    if place.yLabels, !panel.y.label.isEmpty {
      let beside = place.left - place.yLabelOffset
      lines.append(label(panel.y.label, at: screen(beside, (place.bottom + place.top) / 2), "center rotate by 90"))
    }
    let hasKey = panel.key != .above && panel.key != .none
    lines.append(hasKey ? "set key inside \(panel.key.rawValue) vertical maxrows auto" : "unset key")
    var elements = curves.flatMap { plotElements($0.curve, $0.number, isMap: isMap) }
    for (curve, _) in curves where hasKey && !curve.title.isEmpty {
      elements += Self.keyDrawing(curve, Self.look(curve, looks, figure)).map {
        "keyentry \($0) title \(quoted(curve.title))"
      }
    }
    lines.append("plot \\\n  " + elements.joined(separator: ", \\\n  "))
    return lines.joined(separator: "\n") + "\n"
  }

  private func label(_ text: String, at position: String, _ how: String) -> String {
    "set label \(quoted(text)) at \(position) \(how) front font ',\(FigureLayout.labelSize.scriptText)'"
  }

  private func axisCommands(_ name: String, _ range: AxisRange, ticks: Int, isLabelled: Bool) -> [String] {
    let ticks = range.ticks(about: ticks).map { tick in
      "\(quoted(isLabelled ? tick.text ?? "" : "")) \(tick.value.scriptText)\(tick.text == nil ? " 1" : "")"
    }
    return [
      "set \(name)range [\(range.low.scriptText):\(range.high.scriptText)]", range.isLog ? "set logscale \(name)" : "",
      "set \(name)tics (\(ticks.joined(separator: ", ")))",
    ].filter { !$0.isEmpty }
  }

  /// The data of one curve with their columns, and how they are drawn.
  private func plotElements(_ curve: Curve, _ number: Int, isMap: Bool) -> [String] {
    let look = Self.look(curve, looks, figure)
    func data(_ columns: Int) -> String {
      "$data\(number) using \((1...columns).map(String.init).joined(separator: ":"))"
    }
    // Why twice on a map: a white edge makes a line visible on every colour.
    func outlined(_ what: String, _ edge: String, _ how: String) -> [String] {
      let shape = look.split(separator: " ").prefix(2).joined(separator: " ")
      return (isMap ? ["\(what) \(shape) lc rgb '#ffffff' \(edge) notitle"] : []) + ["\(what) \(look) \(how) notitle"]
    }
    switch curve.series.draw {
    case .line, .guide, .vertical, .horizontal: return outlined("\(data(2)) with lines", "lw 2.6 dt solid", "")
    case .steps: return outlined("\(data(2)) with steps", "lw 2.6 dt solid", "")
    case .points:
      let bars = Set(curve.parts.filter(\.isBar).map(\.axis.rawValue)).sorted().joined()
      let style = bars.isEmpty ? "points" : "\(bars)errorbars"
      return outlined("\(data(curve.parts.count)) with \(style)", "lw 2.4 dt solid", "lw 0.7 dt solid")
    case .band: return ["\(data(3)) with filledcurves \(look) \(Self.translucent) noborder notitle"]
    case .histogram:
      return ["\(data(2)) with fillsteps \(look) \(Self.translucent) noborder notitle", "\(data(2)) with steps \(look) notitle"]
    case .impulses: return ["\(data(2)) with impulses \(look) dt solid notitle", "\(data(2)) with points \(look) notitle"]
    case .heatmap: return ["\(data(7)) with boxxyerror lc palette fs solid 1 noborder notitle"]
    }
  }

  private static let translucent = "fs transparent solid 0.22"

  // MARK: Key above the panels

  private static func keyDrawing(_ curve: Curve, _ look: String) -> [String] {
    switch curve.series.draw {
    case .line, .guide, .vertical, .horizontal, .steps: ["with lines \(look)"]
    case .band: ["with filledcurves \(look) \(translucent) noborder"]
    case .histogram: ["with boxes \(look) \(translucent) border"]
    case .points, .impulses: ["with points \(look)"]
    case .heatmap: []
    }
  }

  /// A last, empty panel as large as the page for each column of the key.
  private func keyCommands(_ entries: [(title: String, drawing: String)]) -> String {
    guard !entries.isEmpty else { return "" }
    var text = """
      # key
      set lmargin at screen 0; set rmargin at screen 1; set bmargin at screen 0; set tmargin at screen 1
      unset border; set xtics ('' 2); set ytics ('' 2); unset label; unset grid; unset colorbox; unset logscale
      set xrange [0:1]; set yrange [0:1]

      """
    for column in layout.keyColumns {
      let position = "\(fraction(column.left, layout.width)), screen \(fraction(layout.keyTop, layout.height))"
      let list = entries[column.entries].map { "keyentry \($0.drawing) title \(quoted($0.title))" }
      text += "set key at screen \(position) left top vertical maxrows \(list.count)\n"
      // Why `NaN`: keyentry needs a plot before it.
      text += "plot NaN notitle, \\\n  " + list.joined(separator: ", \\\n  ") + "\n"
    }
    return text
  }
}

extension Series {
  /// Guides and marked values are grey; the rest has a colour of its own.
  fileprivate var hasOwnLook: Bool {
    switch draw {
    case .guide: style != nil
    case .vertical, .horizontal: style != nil || split != nil
    default: true
    }
  }
}

extension Curve {
  fileprivate var hasOwnLook: Bool { series.hasOwnLook }
}

/// A position as a part of the page, to a hundredth of a pixel.
private func fraction(_ points: Double, _ whole: Double) -> String { ((points / whole * 1e5).rounded() / 1e5).scriptText }

/// A text as gnuplot's single-quoted string, in which nothing is executed or replaced but the doubled quote.
private func quoted(_ text: String) -> String {
  precondition(text.isDrawable, "text for gnuplot with control characters or unpaired braces: \(text.debugDescription)")
  // Why zero-width spaces: SVG viewers may lose a space that ends or begins a piece of text in one font.
  let spaced = text.replacing(" {", with: " \u{200B}{")
    .replacing(#/(\}|[\^_][^\s{]) /#) { "\($0.output.1)\u{200B} " }
  return "'" + spaced.replacing("'", with: "''") + "'"
}

extension String {
  /// The text for a comment of a script: a line break would end the comment, a last backslash would continue it.
  fileprivate var oneLine: String {
    let line = String(unicodeScalars.map { $0.properties.generalCategory == .control ? " " : Character($0) })
    return line.hasSuffix("\\") ? line + " " : line
  }
}
