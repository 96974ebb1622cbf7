private import Foundation
internal import PaperKit
private import Pipeline

/// One drawing of a figure with its numbers: a series, or one split value of it.
struct Curve {
  enum AxisName: String { case x, y, z }

  /// A column as it is drawn.
  struct Part {
    let name: String
    let axis: AxisName
    /// Bars may be cut where an axis ends; without the other columns there is no point.
    let isBar: Bool
  }

  /// What a drawing looks like is chosen by this: equal origins look the same in all panels.
  enum Origin: Hashable {
    case style(Int)
    case value(column: String, Double)
    case label(Label)
    case position(Int)
    /// Guides and marked values, which are grey.
    case grey(label: Label)
  }

  let panel: Int
  let series: Series
  let origin: Origin
  /// Value of the split column, if the series is split.
  let splitValue: Double?
  let title: Label
  private(set) var parts: [Part]
  /// One list of values for each part. NaN breaks a line; minus infinity is a bar that ends below a logarithmic axis.
  private(set) var rows: [[Double]]
  /// The rows of the table that belong here, whole.
  let table: Table
  /// Rows of the table that belong here; rows with a missing value; rows that a logarithmic axis cannot show whole.
  let rowCount: Int
  let missingCount: Int
  let droppedCount: Int

  /// The drawings of one series. Throws where no row is left or a logarithmic axis would silently drop a point.
  static func curves(
    of series: Series, position: Int, panel: Int, in figure: Figure, _ tables: [TableReference: Table]
  ) throws -> [Curve] {
    let subject = "figure '\(figure.id)', panel \(panel + 1), series \(position + 1)"
    func list(_ values: some Sequence<Double>) -> String { values.map(\.scriptText).joined(separator: ", ") }
    let table =
      series.table.flatMap { tables[$0] } ?? Table(columns: ["value"], rows: series.value.map { [[$0]] } ?? [])
    func index(_ column: String) -> Int {
      guard let index = table.columns.firstIndex(of: column) else {
        preconditionFailure("\(subject): the table has no column '\(column)' of its definition")
      }
      return index
    }
    var rows = table.rows
    for filter in series.filters where !rows.isEmpty {
      let column = index(filter.column)
      let there = Set(rows.map { $0[column] })
      let absent = filter.values.filter { !there.contains($0) }
      guard absent.isEmpty else {
        throw PipelineError.evidence(
          subject: subject,
          reason: "no row where \(filter.column) is \(list(absent)); there it is \(list(there.sorted().prefix(12)))")
      }
      rows = rows.filter { filter.values.contains($0[column]) }
    }
    if rows.isEmpty, series.draw != .guide {
      throw PipelineError.evidence(subject: subject, reason: "the table has no rows")
    }
    var splits: [Double?] = [nil]
    if let split = series.split.map(index) {
      var seen: Set<Double> = []
      splits = rows.map { $0[split] }.filter { !$0.isNaN && seen.insert($0).inserted }
    }
    return try splits.map { value in
      let own = value == nil ? rows : rows.filter { $0[index(series.split ?? "")] == value }
      return try Curve(
        Table(columns: table.columns, rows: own), of: series, splitValue: value, position: position, panel: panel,
        in: figure, subject)
    }
  }

  private init(
    _ table: Table, of series: Series, splitValue: Double?, position: Int, panel: Int, in figure: Figure,
    _ subject: String
  ) throws {
    self.panel = panel
    self.series = series
    self.splitValue = splitValue
    self.table = table
    title = try series.label.filled { try Self.value(of: $0, table, subject) }
    origin =
      if let style = series.style {
        .style(style)
      } else if let split = series.split, let splitValue {
        .value(column: split, splitValue)
      } else if [.guide, .vertical, .horizontal].contains(series.draw) {
        .grey(label: title)
      } else if !title.isEmpty { .label(title) } else { .position(position) }

    // The columns as they are drawn: each is a column of the table, with a multiple of an error added.
    var parts: [Part] = []
    var sources: [(column: Int, error: Int, factor: Double)] = []
    func add(_ role: Series.Role, _ axis: AxisName, error: Series.Role? = nil, factor: Double = 0, isBar: Bool = false)
    {
      guard let name = series.columns[role]?.name, let column = table.columns.firstIndex(of: name) else { return }
      guard let error else {
        parts.append(Part(name: name, axis: axis, isBar: isBar))
        return sources.append((column, column, 0))
      }
      guard let width = series.columns[error]?.name, let index = table.columns.firstIndex(of: width) else { return }
      parts.append(Part(name: "\(name)\(factor < 0 ? "-" : "+")\(width)", axis: axis, isBar: true))
      sources.append((column, index, factor))
    }
    add(.x, .x)
    add(.y, .y)
    add(.z, .z)
    for factor in [-1.0, 1] { add(.x, .x, error: .xerror, factor: factor) }
    for factor in [-1.0, 1] { add(.y, .y, error: .error, factor: factor) }
    add(.low, .y, isBar: true)
    add(.high, .y, isBar: true)
    add(.at, series.draw == .vertical ? .x : .y)

    // Why counted here: gnuplot leaves out such points without a word and still reports success.
    let axes = figure.panels[panel]
    let isLog = parts.map { ($0.axis == .x ? axes.x : $0.axis == .y ? axes.y : axes.z ?? axes.y).scale == .log }
    var (missing, dropped) = (0, 0)
    var droppedAxis = AxisName.y
    rows = table.rows.compactMap { tableRow in
      var row = sources.map { tableRow[$0.column] + ($0.factor == 0 ? 0 : $0.factor * tableRow[$0.error]) }
      var (isMissing, isDropped, isWhole) = (false, false, true)
      for i in row.indices where !row[i].isFinite || isLog[i] && row[i] <= 0 {
        if isLog[i] { (isDropped, droppedAxis) = (true, parts[i].axis) } else { isMissing = true }
        row[i] = row[i].isFinite ? -.infinity : .nan
        // A bar may be cut or left out; a band without one of its edges is none.
        if !parts[i].isBar || series.draw == .band && row[i].isNaN { isWhole = false }
      }
      if isDropped { dropped += 1 } else if isMissing { missing += 1 }
      if isWhole { return row }
      // What is drawn as a line breaks here, a bin or a cell stays empty; a point is left out.
      let isKept =
        [.line, .steps, .band, .histogram].contains(series.draw) || series.draw == .heatmap && row[1].isFinite
      guard row[0].isFinite, isKept else { return nil }
      return row.enumerated().map { $0 == 0 || $1.isFinite && series.draw != .band ? $1 : .nan }
    }
    (rowCount, missingCount, droppedCount) = (table.rows.count, missing, dropped)
    if dropped > 0, !series.dropNonPositive {
      throw PipelineError.droppedPoints(
        figure: figure.id, series: "panel \(panel + 1), series \(position + 1)", count: dropped,
        axis: droppedAxis.rawValue)
    }
    let essential = parts.indices.filter { !parts[$0].isBar || series.draw == .band }
    if series.draw != .guide, !rows.contains(where: { row in essential.allSatisfy { !row[$0].isNaN } }) {
      throw PipelineError.evidence(
        subject: subject, reason: "nothing to draw: none of its \(rowCount) rows has all its values")
    }
    switch series.draw {
    case .histogram: (parts, rows) = Self.edges(rows, parts, isLog: isLog[0])
    case .heatmap: (parts, rows) = Self.cells(rows, parts, isLog: isLog)
    default: break
    }
    self.parts = parts
  }

  /// The value of a column that a label names, which all rows must have; nil where there is no such column, or no row.
  private static func value(of column: String, _ table: Table, _ subject: String) throws -> Double? {
    guard let values = table[column], let first = values.first else { return nil }
    guard values.allSatisfy({ $0 == first }) else {
      throw PipelineError.evidence(
        subject: subject, reason: "the label names column '\(column)', which has several values; split by it")
    }
    return first
  }

  // MARK: Shapes

  /// Borders between neighbouring positions, in the middle of them, and half a step beyond the outer ones.
  private static func borders(_ p: [Double], lone: Double) -> [Double] {
    let (first, last) = (p[0], p[p.count - 1])
    let steps = p.count > 1 ? (p[1] - first, last - p[p.count - 2]) : (lone, lone)
    return [first - steps.0 / 2] + zip(p, p.dropFirst()).map { ($0 + $1) / 2 } + [last + steps.1 / 2]
  }

  /// A histogram as steps: the left border of each bin with its height, then the right border of the last.
  private static func edges(_ rows: [[Double]], _ parts: [Part], isLog: Bool) -> ([Part], [[Double]]) {
    let rows = rows.sorted { $0[0] < $1[0] }
    let edges = borders(rows.map { isLog ? log10($0[0]) : $0[0] }, lone: 1).map { isLog ? pow(10, $0) : $0 }
    let heights = rows.map { $0[1] }
    return (
      [Part(name: "left", axis: .x, isBar: false), parts[1]], zip(edges, heights + heights.suffix(1)).map { [$0, $1] }
    )
  }

  /// A heat map as one rectangle for each row: x, y, left, right, bottom, top, z. The grid need not be regular: along
  /// the axis with more distinct values, each line of cells has its own positions, and where neighbours are further
  /// apart than those around them, and another line has a cell in between, a cell is missing and stays open.
  private static func cells(_ rows: [[Double]], _ parts: [Part], isLog: [Bool]) -> ([Part], [[Double]]) {
    let counts = (0...1).map { axis in Set(rows.map { $0[axis] }).count }
    let (across, along) = counts[0] <= counts[1] ? (0, 1) : (1, 0)
    func linear(_ row: [Double], _ axis: Int) -> Double { isLog[axis] ? log10(row[axis]) : row[axis] }
    let all = Set(rows.map { linear($0, along) }).sorted()
    let smallestStep = zip(all, all.dropFirst()).map { $1 - $0 }.min() ?? 1
    let lines = Dictionary(grouping: rows) { linear($0, across) }.sorted { $0.key < $1.key }
    let lineBorders = borders(lines.map(\.key), lone: 1)
    var cells: [[Double]] = []
    for (lineIndex, (_, line)) in lines.enumerated() {
      let line = line.sorted { $0[along] < $1[along] }
      let positions = line.map { linear($0, along) }
      let borders = borders(positions, lone: smallestStep)
      let steps = zip(positions, positions.dropFirst()).map { $1 - $0 }
      /// Half the usual step where the step from this position to the next leaves a cell out, else nil.
      func reach(_ step: Int) -> Double? {
        let around = max(step > 0 ? steps[step - 1] : 0, step + 1 < steps.count ? steps[step + 1] : 0)
        guard around > 0, steps[step] > 1.5 * around,
          all.contains(where: { $0 > positions[step] && $0 < positions[step + 1] })
        else { return nil }
        return around / 2
      }
      for (i, row) in line.enumerated() where row[2].isFinite {
        let low = (i > 0 ? reach(i - 1) : nil).map { positions[i] - $0 } ?? borders[i]
        let high = (i < steps.count ? reach(i) : nil).map { positions[i] + $0 } ?? borders[i + 1]
        let alongBorders = [low, high].map { isLog[along] ? pow(10, $0) : $0 }
        let acrossBorders = lineBorders[lineIndex...lineIndex + 1].map { isLog[across] ? pow(10, $0) : $0 }
        let borders = across == 0 ? acrossBorders + alongBorders : alongBorders + acrossBorders
        cells.append(row[0...1] + borders + row[2...])
      }
    }
    let borderParts = [("left", AxisName.x), ("right", .x), ("bottom", .y), ("top", .y)].map {
      Part(name: $0.0, axis: $0.1, isBar: false)
    }
    return (parts[0...1] + borderParts + parts[2...], cells)
  }

  // MARK: Display

  /// The finite values on one axis.
  func values(on axis: AxisName) -> [Double] {
    let indices = parts.indices.filter { parts[$0].axis == axis }
    return rows.flatMap { row in indices.map { row[$0] } }.filter(\.isFinite)
  }

  /// The curve as it is drawn on axes of known ranges: bars that end below a logarithmic axis end at its border, bars
  /// that are unknown have no length, and lines of many points keep in each of 1000 pixel columns only their first,
  /// last, lowest and highest, which look the same.
  func fit(to range: FigureLayout.Ranges) -> Curve {
    var fitted = self
    for (index, row) in rows.enumerated() where row.first?.isFinite == true {
      for (i, part) in parts.enumerated() where part.isBar && !row[i].isFinite {
        let isY = part.axis == .y
        fitted.rows[index][i] = row[i].isNaN ? row[isY ? 1 : 0] : (isY ? range.y : range.x).low
      }
    }
    guard [.line, .steps, .band].contains(series.draw), rows.count > 5000,
      zip(rows, rows.dropFirst()).allSatisfy({ $0[0] <= $1[0] })
    else { return fitted }
    let scaled = { (value: Double) in range.x.isLog ? log10(value) : value }
    let perPixel = 1000 / (scaled(range.x.high) - scaled(range.x.low))
    let columns = Dictionary(grouping: rows.indices) { row in
      // Gaps are columns of their own.
      (scaled(rows[row][0]) * perPixel).rounded(.down) + (rows[row][1].isNaN ? 0.5 : 0)
    }
    let kept = columns.values.flatMap { column in
      let lowest = column.min { fitted.rows[$0][1] < fitted.rows[$1][1] }
      let highest = column.max { (fitted.rows[$0].last ?? 0) < (fitted.rows[$1].last ?? 0) }
      return [column.first, column.last, lowest, highest].compactMap { $0 }
    }
    fitted.rows = Set(kept).sorted().map { fitted.rows[$0] }
    return fitted
  }
}

extension Double {
  /// The number for people, in gnuplot's markup: shortest digits, 10^{−5} for 1e-05, 2·10^{6} for 2000000.
  var drawnText: String {
    var mantissa = "\(self)"
    var exponent = 0
    if let match = mantissa.wholeMatch(of: /(.*)e(.*)/), let power = Int(match.output.2) {
      (mantissa, exponent) = (String(match.output.1), power)
    } else if let match = mantissa.wholeMatch(of: /(-?[0-9]{1,3}?)(0{4,})\.0/), abs(self) >= 1e5 {
      (mantissa, exponent) = (String(match.output.1), match.output.2.count)
    }
    let factor = mantissa.replacing(/\.0$/, with: "").replacing("-", with: "−")
    guard exponent != 0 else { return factor }
    let power = "10^{\(exponent)}".replacing("-", with: "−")
    return factor == "1" ? power : factor == "−1" ? "−\(power)" : "\(factor)·\(power)"
  }

  /// The number for gnuplot: the shortest text that reads back as the same number.
  package var scriptText: String {
    guard isFinite else { return "NaN" }
    let text = "\(self)"
    return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
  }
}
