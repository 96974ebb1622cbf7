private import Foundation
internal import PaperKit

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
    case label(String)
    case position(Int)
  }

  let panel: Int
  let series: Series
  let origin: Origin
  /// Value of the split column, if the series is split.
  let splitValue: Double?
  let title: String
  private(set) var parts: [Part]
  /// One list of values for each part. NaN breaks a line; minus infinity is a bar that ends below a logarithmic axis.
  private(set) var rows: [[Double]]
  /// Rows of the table that belong here; rows with a missing value; rows that a logarithmic axis cannot show whole.
  let rowCount: Int
  let missingCount: Int
  let droppedCount: Int
  /// Rows outside a range the user gave.
  private(set) var outsideCount = 0

  /// `{word}` in a label, with a `^` or `_` before it.
  static var placeholder: Regex<(Substring, Substring, Substring)> { /([\^_]?)\{([A-Za-z][A-Za-z0-9_-]*)\}/ }

  /// The drawings of one series. Throws where no row is left or a logarithmic axis would silently drop a point.
  static func curves(
    of series: Series, position: Int, panel: Int, in figure: Figure, table: (TableReference) throws -> Table
  ) throws -> [Curve] {
    let subject = "figure '\(figure.id)', panel \(panel + 1), series \(position + 1)"
    guard let reference = series.table else {
      let rows = series.value.map { [[$0]] } ?? []
      return [
        try Curve(
          rows, names: series.value == nil ? [] : ["value"], of: series, splitValue: nil, position: position, panel,
          figure, subject)
      ]
    }
    let table = try table(reference)
    func index(_ column: String) -> Int {
      guard let index = table.columns.firstIndex(of: column) else {
        preconditionFailure("table '\(reference.table)' has no column '\(column)' of its definition")
      }
      return index
    }
    var rows = table.rows
    for filter in series.filters {
      let column = index(filter.column)
      let kept = rows.filter { filter.values.contains($0[column]) }
      guard !kept.isEmpty else {
        var seen: Set<Double> = []
        let there = rows.map { $0[column] }.filter { seen.insert($0).inserted }.prefix(12)
        throw PipelineError.evidence(
          subject: subject,
          reason: "no row where \(filter.column) is \(list(filter.values)); there it is \(list(Array(there)))")
      }
      rows = kept
    }
    guard !rows.isEmpty else {
      throw PipelineError.evidence(subject: subject, reason: "table '\(reference.table)' has no rows")
    }
    guard let split = series.split.map(index) else {
      return [try Curve(rows, names: table.columns, of: series, splitValue: nil, position: position, panel, figure, subject)]
    }
    var values: [Double] = []
    for row in rows where !values.contains(row[split]) && !row[split].isNaN { values.append(row[split]) }
    return try values.map { value in
      try Curve(
        rows.filter { $0[split] == value }, names: table.columns, of: series, splitValue: value, position: position,
        panel, figure, subject)
    }
  }

  private static func list(_ values: [Double]) -> String { values.map(\.scriptText).joined(separator: ", ") }

  private init(
    _ tableRows: [[Double]], names: [String], of series: Series, splitValue: Double?, position: Int, _ panel: Int,
    _ figure: Figure, _ subject: String
  ) throws {
    self.panel = panel
    self.series = series
    self.splitValue = splitValue
    let title = try Self.title(series.label, rows: tableRows, names: names, subject)
    self.title = title
    origin =
      if let style = series.style {
        .style(style)
      } else if let split = series.split, let splitValue {
        .value(column: split, splitValue)
      } else if !title.isEmpty { .label(title) } else { .position(position) }

    var parts: [Part] = []
    var readers: [([Double]) -> Double] = []
    func add(_ name: String, _ axis: AxisName, isBar: Bool = false, _ read: @escaping ([Double]) -> Double) {
      parts.append(Part(name: name, axis: axis, isBar: isBar))
      readers.append(read)
    }
    func add(_ role: Series.Role, _ axis: AxisName, isBar: Bool = false) {
      guard let name = series.columns[role]?.name, let index = names.firstIndex(of: name) else { return }
      add(name, axis, isBar: isBar) { $0[index] }
    }
    func addInterval(_ axis: AxisName, around role: Series.Role, error: Series.Role) {
      guard let name = series.columns[error]?.name, let error = names.firstIndex(of: name),
        let centre = series.columns[role].flatMap({ names.firstIndex(of: $0.name) })
      else { return }
      add("\(names[centre])-\(name)", axis, isBar: true) { $0[centre] - $0[error] }
      add("\(names[centre])+\(name)", axis, isBar: true) { $0[centre] + $0[error] }
    }
    switch series.draw {
    case .vertical, .horizontal:
      let axis = series.draw == .vertical ? AxisName.x : .y
      if series.value != nil { add("value", axis) { $0[0] } } else { add(.at, axis) }
    default:
      add(.x, .x)
      add(.y, .y)
      add(.z, .z)
      addInterval(.x, around: .x, error: .xerror)
      addInterval(.y, around: .y, error: .error)
      add(.low, .y, isBar: true)
      add(.high, .y, isBar: true)
    }
    self.parts = parts

    // Why counted here: gnuplot leaves out such points without a word and still reports success.
    let axes = figure.panels[panel]
    let isLog = parts.map { part in
      switch part.axis {
      case .x: axes.x.scale == .log
      case .y: axes.y.scale == .log
      case .z: axes.z?.scale == .log
      }
    }
    var (missing, dropped) = (0, 0)
    var droppedAxis = AxisName.y
    rows = tableRows.compactMap { tableRow in
      var row = readers.map { read in read(tableRow) }
      var isMissing = false
      var isDropped = false
      var isWhole = true
      for i in row.indices where !row[i].isFinite || isLog[i] && row[i] <= 0 {
        if isLog[i] { (isDropped, droppedAxis) = (true, parts[i].axis) } else { isMissing = true }
        let isPositionless = !row[i].isFinite && series.draw == .band
        if !parts[i].isBar || isPositionless { isWhole = false }
        row[i] = row[i].isFinite ? -.infinity : .nan
      }
      if isDropped { dropped += 1 } else if isMissing { missing += 1 }
      guard !isWhole else { return row }
      switch series.draw {
      case .line, .steps, .band: return row[0].isFinite ? row.indices.map { $0 == 0 ? row[0] : .nan } : nil
      case .histogram, .heatmap: return row[0].isFinite ? row.map { $0.isFinite ? $0 : .nan } : nil
      default: return nil
      }
    }
    (rowCount, missingCount, droppedCount) = (tableRows.count, missing, dropped)
    if dropped > 0, !series.dropNonPositive {
      throw PipelineError.droppedPoints(
        figure: figure.id, series: "panel \(panel + 1), series \(position + 1)", count: dropped,
        axis: droppedAxis.rawValue)
    }
    if series.draw != .guide, !rows.contains(where: { $0.allSatisfy { !$0.isNaN } }), series.draw != .points || rows.isEmpty {
      throw PipelineError.evidence(
        subject: subject, reason: "nothing to draw: none of its \(tableRows.count) rows has all its values")
    }
    switch series.draw {
    case .histogram: (self.parts, rows) = Self.edges(rows, parts, isLog: isLog[0])
    case .heatmap: (self.parts, rows) = Self.cells(rows, parts, isLog: isLog)
    default: break
    }
  }

  /// The label with each `{column}` replaced by the value that all rows have there.
  private static func title(_ label: String, rows: [[Double]], names: [String], _ subject: String) throws -> String {
    try label.replacing(placeholder) { match in
      guard let index = names.firstIndex(of: String(match.output.2)), let first = rows.first?[index] else {
        return match.output.0
      }
      guard rows.allSatisfy({ $0[index] == first }) else {
        throw PipelineError.evidence(
          subject: subject, reason: "the label names column '\(names[index])', which has several values; split by it")
      }
      let value = first.drawnText
      return match.output.1.isEmpty ? Substring(value) : "\(match.output.1){\(value)}"
    }
  }

  // MARK: Shapes

  /// Borders between neighbouring positions, in the middle of them (geometrically on a logarithmic axis).
  private static func borders(_ positions: [Double], isLog: Bool, lone: Double) -> [Double] {
    let p = isLog ? positions.map { log10($0) } : positions
    var borders = zip(p, p.dropFirst()).map { ($0 + $1) / 2 }
    let width = (first: p.count > 1 ? p[1] - p[0] : lone, last: p.count > 1 ? p[p.count - 1] - p[p.count - 2] : lone)
    borders.insert(p[0] - width.first / 2, at: 0)
    borders.append(p[p.count - 1] + width.last / 2)
    return isLog ? borders.map { pow(10, $0) } : borders
  }

  /// A histogram as steps: the left border of each bin with its height, then the right border of the last.
  private static func edges(_ rows: [[Double]], _ parts: [Part], isLog: Bool) -> ([Part], [[Double]]) {
    let rows = rows.sorted { $0[0] < $1[0] }
    let borders = borders(rows.map { $0[0] }, isLog: isLog, lone: 1)
    return (
      [Part(name: "left", axis: .x, isBar: false), parts[1]],
      zip(borders, rows.map { $0[1] } + [rows[rows.count - 1][1]]).map { [$0, $1] }
    )
  }

  /// A heat map as one rectangle for each row: x, y, left, right, bottom, top, z. The grid need not be regular: along
  /// the axis with more distinct values, each line of cells has its own positions, and where neighbours are further
  /// apart than those around them, and another line has a cell in between, a cell is missing and stays open.
  private static func cells(_ rows: [[Double]], _ parts: [Part], isLog: [Bool]) -> ([Part], [[Double]]) {
    let counts = (0...1).map { axis in Set(rows.map { $0[axis] }).count }
    let across = counts[0] <= counts[1] ? 0 : 1
    let along = 1 - across
    let lines = Dictionary(grouping: rows) { $0[across] }.sorted { $0.key < $1.key }
    let all = Set(rows.map { $0[along] }).sorted()
    let scaled = { (value: Double) in isLog[along] ? log10(value) : value }
    let smallestGap = zip(all, all.dropFirst()).map { scaled($1) - scaled($0) }.min() ?? 1
    let acrossBorders = borders(lines.map(\.key), isLog: isLog[across], lone: 1)
    var cells: [[Double]] = []
    for (lineIndex, line) in lines.enumerated() {
      let line = line.value.sorted { $0[along] < $1[along] }
      let positions = line.map { $0[along] }
      let gaps = zip(positions, positions.dropFirst()).map { scaled($1) - scaled($0) }
      let borders = borders(positions, isLog: isLog[along], lone: smallestGap)
      for (index, row) in line.enumerated() where row[2].isFinite {
        var (low, high) = (borders[index], borders[index + 1])
        func half(_ gap: Int, _ sign: Double) -> Double? {
          guard gaps.indices.contains(gap) else { return nil }
          let around = max(gap > 0 ? gaps[gap - 1] : 0, gap + 1 < gaps.count ? gaps[gap + 1] : 0)
          let between = all.contains { $0 > positions[gap] && $0 < positions[gap + 1] }
          guard around > 0, gaps[gap] > 1.5 * around, between else { return nil }
          let border = scaled(row[along]) + sign * around / 2
          return isLog[along] ? pow(10, border) : border
        }
        low = half(index - 1, -1) ?? low
        high = half(index, 1) ?? high
        let alongInterval = [low, high]
        let acrossInterval = [acrossBorders[lineIndex], acrossBorders[lineIndex + 1]]
        cells.append(
          [row[0], row[1]] + (across == 0 ? acrossInterval + alongInterval : alongInterval + acrossInterval) + [row[2]])
      }
    }
    let names: [(String, AxisName)] = [("left", .x), ("right", .x), ("bottom", .y), ("top", .y)]
    return (
      [parts[0], parts[1]] + names.map { Part(name: $0.0, axis: $0.1, isBar: false) } + [parts[2]], cells
    )
  }

  // MARK: Display

  /// The finite values on one axis.
  func values(on axis: AxisName) -> [Double] {
    let indices = parts.indices.filter { parts[$0].axis == axis }
    return rows.flatMap { row in indices.map { row[$0] } }.filter(\.isFinite)
  }

  /// What is left to do once ranges are known: bars that end below a logarithmic axis end at its border, bars that are
  /// unknown have no length, and lines of many points keep in each of 1000 pixel columns only their first, last,
  /// lowest and highest, which look the same.
  mutating func fit(to range: (x: ClosedRange<Double>, y: ClosedRange<Double>), xIsLog: Bool) {
    outsideCount =
      rows.count { row in
        parts.indices.contains { i in
          let allowed = parts[i].axis == .x ? range.x : range.y
          return parts[i].axis != .z && !parts[i].isBar && row[i].isFinite && !allowed.contains(row[i])
        }
      }
    for row in rows.indices {
      for i in parts.indices where !rows[row][i].isFinite && parts[i].isBar && rows[row][0].isFinite {
        let isY = parts[i].axis == .y
        rows[row][i] = rows[row][i].isNaN ? rows[row][isY ? 1 : 0] : (isY ? range.y : range.x).lowerBound
      }
    }
    guard [.line, .steps, .band].contains(series.draw), rows.count > 5000 else { return }
    let x = rows.map { $0[0] }
    guard zip(x, x.dropFirst()).allSatisfy({ $0 <= $1 }) else { return }
    let scaled = { (value: Double) in xIsLog ? log10(value) : value }
    let (low, high) = (scaled(range.x.lowerBound), scaled(range.x.upperBound))
    let columns = rows.indices.chunked { a, b in
      let pixel = { (row: Int) in ((scaled(x[row]) - low) / (high - low) * 1000).rounded(.down) }
      return pixel(a) == pixel(b) && rows[a][1].isNaN == rows[b][1].isNaN
    }
    rows = columns.flatMap { column -> [[Double]] in
      let lowest = column.min { rows[$0][1] < rows[$1][1] }
      let highest = column.max { rows[$0][parts.count - 1] < rows[$1][parts.count - 1] }
      return Set([column.first, column.last, lowest, highest].compactMap { $0 }).sorted().map { rows[$0] }
    }
  }
}

extension Range where Bound == Int {
  /// Runs of neighbours that belong together.
  fileprivate func chunked(_ belong: (Int, Int) -> Bool) -> [[Int]] {
    var runs: [[Int]] = []
    for i in self {
      if let last = runs.last?.last, belong(last, i) { runs[runs.count - 1].append(i) } else { runs.append([i]) }
    }
    return runs
  }
}

extension Double {
  /// The number for people, in gnuplot's markup: shortest digits, 10^{−5} for 1e-05.
  var drawnText: String {
    let pieces = "\(self)".split(separator: "e")
    let digits = pieces[0].hasSuffix(".0") ? pieces[0].dropLast(2) : pieces[0]
    let mantissa = digits.replacing("-", with: "−")
    guard pieces.count == 2, let exponent = Int(pieces[1]) else { return String(mantissa) }
    let power = "10^{\(exponent)}".replacing("-", with: "−")
    return mantissa == "1" ? power : "\(mantissa)·\(power)"
  }

  /// The number for gnuplot: the shortest text that reads back as the same number.
  var scriptText: String {
    guard isFinite else { return "NaN" }
    let text = "\(self)"
    return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
  }
}
