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
    /// The column of what computes a point again, by places among the commands.
    let at: Int?
  }

  struct Command: Encodable, Hashable {
    /// `{0}` stands for the x of a point and `{1}` for its y.
    let text: String
    /// What it was computed from; nil for a whole drawing.
    var about: String?
    /// Whether it computes one of many replicas.
    var isSample = false
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
          // A line has a band behind it, which need not be of its own numbers.
          ?? ["from", "to"].map { end in
            (drawing.draw == .line ? "band \(end)" : end, bars.map(end == "from" ? \.low : \.high))
          }
      for (name, fields) in lengths {
        names.append(name)
        places.append(
          columns.place(of: Self.column(fields.map { Self.short($0, digits: drawing.error == nil ? 4 : 2) })))
      }
      let finders = stages.map { PointFinder($0, drawing: drawing, option: option) }
      let at = kept.map { row in
        Self.command(finders.compactMap { $0.points(behind: row) }, option: option)
          .map { "\(commands.place(of: $0))" } ?? "n"
      }
      let run = Command(text: "refig run \(stages.map(\.id).joined(separator: " "))\(option)")
      return Drawing(
        panel: drawing.panel, draw: drawing.draw.rawValue, label: drawing.label, color: drawing.color, names: names,
        columns: places,
        run: commands.place(of: run), at: at.allSatisfy { $0 == "n" } ? nil : columns.place(of: Self.column(at)))
    }
    self.columns = columns.elements
    self.commands = commands.elements
  }

  /// What computes again what stands behind a row; nil if that is not known.
  private static func command(_ found: [PointFinder.Points], option: String) -> Command? {
    if found.count == 1, let command = found[0].command { return command }
    guard !found.isEmpty else { return nil }
    return Command(
      text: "refig run \(found.map(\.stage).joined(separator: " "))\(option)",
      about: found.map(\.about).joined(separator: "; "))
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

/// Finds which points of a stage a row was computed from: those whose parameters have the values that the row has in columns
/// of their names. Of a row that says all that varies this is one.
private struct PointFinder {
  struct Points {
    let stage: String
    /// "stage: 40 replicas", or "stage: among 3 points of 40 replicas" where the row may tell more in other columns.
    let about: String
    /// What computes one replica of the only one.
    let command: ChartData.Command?
  }

  private let stage: Plan.Stage
  private let drawing: FigureChart.Drawing
  private let option: String
  private let replicaCount: Int
  /// Names of parameters that are columns too.
  private let names: [String]
  /// The points by the values of these.
  private let points: [[Double]: [Int]]

  init(_ stage: Plan.Stage, drawing: FigureChart.Drawing, option: String) {
    (self.stage, self.drawing, self.option) = (stage, drawing, option)
    replicaCount = stage.blocks.reduce(0) { $0 + $1.count }
    let columns = drawing.shared.reduce(into: Set<String>()) { $0.formUnion($1.keys) }
    let names = stage.names.filter(columns.contains)
    self.names = names
    var points: [[Double]: [Int]] = [:]
    for point in 0..<stage.pointCount {
      let parameters = stage.parameters(point)
      let values = names.compactMap { parameters[$0]?.number }
      let isWanted = drawing.table.conditions.allSatisfy { name, allowed in
        parameters[name].map(allowed.contains) ?? true
      }
      if isWanted, values.count == names.count { points[values, default: []].append(point) }
    }
    self.points = points
  }

  /// Nil if none fits the row.
  func points(behind row: Int) -> Points? {
    let shared = drawing.shared[row]
    let known = names.indices.filter { shared[names[$0]] != nil }
    let values = known.compactMap { shared[names[$0]] }
    let found =
      known.count == names.count
      ? points[values] ?? []
      : points.filter { key, _ in known.map { key[$0] } == values }.flatMap(\.value)
    guard let first = found.first else { return nil }
    let replicas = Text.count(replicaCount, "replica")
    let about = found.count == 1 ? replicas : "among \(found.count) points of \(replicas)"
    return Points(
      stage: stage.id, about: "\(stage.id): \(about)", command: found.count == 1 ? command(first, about) : nil)
  }

  /// `refig try` reads the first profile, whose inputs would be others.
  private func command(_ point: Int, _ about: String) -> ChartData.Command? {
    guard option.isEmpty || stage.definition.inputs.isEmpty else { return nil }
    let parameters = stage.parameters(point)
    let idle = stage.definition.experiment.idleParameters(of: parameters)
    let settings = (option.isEmpty ? stage.names : parameters.keys.sorted()).compactMap { name -> String? in
      guard idle[name] == nil, let value = parameters[name] else { return nil }
      let column = value.number == nil ? nil : drawing.columns.prefix(2).firstIndex(of: name)
      return " --set \(column.map { "\(name)={\($0)}" } ?? "\(name)=\(value.canonicalText)".quotedForShell)"
    }
    return ChartData.Command(
      text: "refig try \(stage.definition.experiment.name) --stage \(stage.id)\(settings.joined())",
      about: "\(stage.id): \(about)", isSample: replicaCount > 1)
  }
}

extension String {
  /// As one word of a shell.
  fileprivate var quotedForShell: String {
    allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "=._-+/".contains($0)) }
      ? self : "'\(replacing("'", with: "'\\''"))'"
  }
}
