internal import Figures
private import FileFormats
private import Foundation
internal import PaperKit
internal import Pipeline

/// The numbers of a picture for the page's script: what several drawings share stands once.
struct ChartData: Encodable {
  struct Panel: Encodable {
    /// Left, right, top and bottom of the axes, in shares of the picture.
    let box: [Double]
    /// Both ends, and 1 if the axis is logarithmic.
    let x: [Double]
    let y: [Double]
  }

  struct Drawing: Encodable {
    let panel: Int
    let draw: String
    let label: String
    /// In the picture, if that is known.
    let color: String?
    /// Of x, y and z, and the half length of bars or both their ends.
    let names: [String]
    /// The same by their places among all columns.
    let columns: [Int]
    /// What computes all of it, by its place among the commands.
    let run: Int
    /// The column of what computes one replica of a point, by places among the commands.
    let at: Int?
  }

  struct Command: Encodable, Hashable {
    /// `{0}` stands for the x of a point and `{1}` for its y.
    let text: String
    /// How many replicas a point has.
    let replicas: Int?
  }

  let panels: [Panel]
  let drawings: [Drawing]
  /// Each a text of fields: one that is empty repeats the one before, `n` is no number.
  let columns: [String]
  let commands: [Command]
  /// Lines of more points are whole in the picture alone: so many of their points, evenly spaced, answer to the pointer.
  private static let lineLimit = 32
  /// Fewer where there are many lines, so that the page stays small.
  private static let (fewest, allLines) = (12, 640)

  /// The plan must hold the figure's stages; `option` chooses the profile in commands, if it is not the first.
  init(_ chart: FigureChart, plan: Plan, option: String) {
    panels = chart.panels.map { panel in
      func ends(_ scale: FigureChart.Scale) -> [Double] { [scale.low, scale.high, scale.isLog ? 1 : 0] }
      let box = [panel.left, panel.right, panel.top, panel.bottom].map { ($0 * 1e4).rounded() / 1e4 }
      return Panel(box: box, x: ends(panel.x), y: ends(panel.y))
    }
    var columns = Pool<String>()
    var commands = Pool<Command>()
    let lineCount = chart.drawings.count { Self.isLine($0) }
    let limit = min(Self.lineLimit, max(Self.fewest, Self.allLines / max(1, lineCount)))
    drawings = chart.drawings.map { drawing in
      let stages = drawing.table.stages.compactMap { plan[$0] }
      let kept = Self.kept(drawing, atMost: limit)
      let rows = kept.map { drawing.rows[$0] }
      let varying = Set(stages.flatMap(\.names))
      var names = drawing.columns
      var places = names.indices.map { column in
        // What a command repeats is told exactly.
        columns.place(
          of: Self.column(
            rows.map { varying.contains(names[column]) ? $0[column].scriptText : Self.short($0[column], digits: 4) }))
      }
      let bars = drawing.bars.isEmpty ? [] : kept.map { drawing.bars[$0] }
      let lengths: [(name: String, fields: [Double])] =
        bars.isEmpty
        ? []
        : drawing.error.map { [($0, bars.map { ($0.high - $0.low) / 2 })] }
          ?? [("from", bars.map(\.low)), ("to", bars.map(\.high))]
      for (name, fields) in lengths {
        names.append(name)
        places.append(
          columns.place(of: Self.column(fields.map { Self.short($0, digits: drawing.error == nil ? 4 : 2) })))
      }
      // Which of its stages computed a row is told only where there is no doubt.
      let finders = stages.map { PointFinder($0, drawing: drawing, option: option) }
      let found = rows.map { row in finders.compactMap { $0.command(at: row) } }
      let at = found.map { $0.count == 1 ? "\(commands.place(of: $0[0]))" : "n" }
      let run = Command(text: "refig run \(stages.map(\.id).joined(separator: " "))\(option)", replicas: nil)
      return Drawing(
        panel: drawing.panel, draw: drawing.draw.rawValue, label: drawing.label, color: drawing.color, names: names,
        columns: places,
        run: commands.place(of: run), at: at.allSatisfy { $0 == "n" } ? nil : columns.place(of: Self.column(at)))
    }
    self.columns = columns.elements
    self.commands = commands.elements
  }

  private static func isLine(_ drawing: FigureChart.Drawing) -> Bool { [.line, .steps].contains(drawing.draw) }

  /// All rows, or evenly spaced ones of a long line with both its ends.
  private static func kept(_ drawing: FigureChart.Drawing, atMost limit: Int) -> [Int] {
    let count = drawing.rows.count
    guard isLine(drawing), count > limit else { return Array(0..<count) }
    return (0..<limit).map { $0 * (count - 1) / (limit - 1) }
  }

  private static func column(_ fields: [String]) -> String {
    fields.indices.map { $0 > 0 && fields[$0] == fields[$0 - 1] ? "" : fields[$0] }.joined(separator: ",")
  }

  private static func short(_ value: Double, digits: Int) -> String {
    value.isFinite ? String(format: "%.\(digits)g", value) : "n"
  }

  /// The charts of a page as one text for its script, which alone can use them: JSON, compressed to a third, in base 64.
  static func packed(_ charts: [ChartData]) -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    // Texts, whole numbers and ends of axes, which are finite, can be encoded. Without them the pictures are still whole.
    guard let data = try? encoder.encode(charts) else { return "" }
    return Data(Deflate.deflate(Array(data))).base64EncodedString()
  }
}

/// What is named by its place, each once.
private struct Pool<Element: Hashable> {
  private(set) var elements: [Element] = []
  private var places: [Element: Int] = [:]

  mutating func place(of element: Element) -> Int {
    if let place = places[element] { return place }
    elements.append(element)
    places[element] = elements.count - 1
    return elements.count - 1
  }
}

/// Finds which point of a stage a row was computed at: the one whose varying parameters all stand in the row or are the same
/// in all rows.
private struct PointFinder {
  private let names: [String]
  private let drawing: FigureChart.Drawing
  private let commands: [[Double]: ChartData.Command]

  init(_ stage: Plan.Stage, drawing: FigureChart.Drawing, option: String) {
    self.drawing = drawing
    names = stage.names
    let known = Set(drawing.columns.prefix(2)).union(drawing.constants.keys)
    var commands: [[Double]: ChartData.Command] = [:]
    // `refig try` reads the first profile, whose inputs would be others.
    if stage.names.allSatisfy(known.contains), option.isEmpty || stage.definition.inputs.isEmpty {
      let replicas = stage.blocks.reduce(0) { $0 + $1.count }
      for point in 0..<stage.pointCount {
        let parameters = stage.parameters(point)
        let values = stage.names.compactMap { parameters[$0]?.number }
        let isWanted = drawing.table.conditions.allSatisfy { name, allowed in
          parameters[name].map(allowed.contains) ?? true
        }
        guard isWanted, values.count == stage.names.count else { continue }
        let idle = stage.definition.experiment.idleParameters(of: parameters)
        let settings = (option.isEmpty ? stage.names : parameters.keys.sorted()).compactMap { name -> String? in
          guard idle[name] == nil, let value = parameters[name] else { return nil }
          let column = drawing.columns.prefix(2).firstIndex(of: name)
          return " --set \(column.map { "\(name)={\($0)}" } ?? "\(name)=\(value.canonicalText)".quotedForShell)"
        }
        commands[values] = ChartData.Command(
          text: "refig try \(stage.definition.experiment.name) --stage \(stage.id)\(settings.joined())",
          replicas: replicas)
      }
    }
    self.commands = commands
  }

  func command(at row: [Double]) -> ChartData.Command? {
    commands[
      names.compactMap { name in
        drawing.columns.prefix(2).firstIndex(of: name).map { row[$0] } ?? drawing.constants[name]
      }]
  }
}

extension String {
  /// As one word of a shell.
  fileprivate var quotedForShell: String {
    allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "=._-+/".contains($0)) }
      ? self : "'\(replacing("'", with: "'\\''"))'"
  }
}
