private import Foundation

/// An axis whose range is known.
struct AxisRange: Equatable {
  private(set) var low: Double
  private(set) var high: Double
  let isLog: Bool
  private let userTicks: [Double]

  /// What the user gave, else what the data need with a little air, or none where `isTight`. With `fromZero` a linear
  /// axis of positive values begins at zero: bars stand on it.
  init(_ axis: Axis, values: [Double], isTight: Bool, fromZero: Bool) {
    isLog = axis.scale == .log
    userTicks = axis.ticks
    let toLinear = { [isLog] (value: Double) in isLog ? log10(value) : value }
    let fromLinear = { [isLog] (value: Double) in isLog ? pow(10, value) : value }
    let values = values.filter { [isLog] in !isLog || $0 > 0 }
    let first = toLinear(axis.low ?? values.min() ?? axis.high ?? 1)
    let last = toLinear(axis.high ?? values.max() ?? axis.low ?? 1)
    // Why the maximum: all values may be equal, and one bound from the user may lie beyond all of them.
    let air = last > first ? (isTight ? 0 : 0.05 * (last - first)) : isLog ? 0.5 : max(0.5, abs(first) / 2)
    let (lowest, highest) = (fromLinear(min(first, last) - air), fromLinear(max(first, last) + air))
    // A logarithmic axis cannot begin at zero, to which the smallest numbers are rounded.
    low = axis.low ?? (isLog ? max(lowest, .leastNormalMagnitude) : fromZero && first >= 0 ? 0 : lowest)
    high = axis.high ?? (isLog && highest <= low ? 10 * low : highest)
  }

  /// The smallest range that holds both.
  mutating func join(_ other: AxisRange) { (low, high) = (min(low, other.low), max(high, other.high)) }

  /// Where ticks stand and what they say, `count` steps at most; a minor tick says nothing.
  func ticks(atMost count: Double) -> [(value: Double, text: String?)] {
    guard userTicks.isEmpty else { return userTicks.map { ($0, $0.drawnText) } }
    // Numbers near the largest and smallest there are: no step leads from one end to the other.
    guard (high - low).isFinite, high > low, !isLog || low > 0 else { return [] }
    guard isLog, high / low >= 4 else {
      let raw = (high - low) / count * (1 - 1e-9)
      guard raw >= .leastNormalMagnitude else { return [] }
      let exponent = Int(log10(raw).rounded(.down))
      let digit = [1, 2, 5].first { Self.decimal($0, exponent) >= raw } ?? 10
      let step = Self.decimal(digit, exponent)
      // Adding zero turns -0 into 0.
      let numbers = stride(from: (low / step - 1e-9).rounded(.up) + 0, through: high / step + 1e-9, by: 1)
      return numbers.map { Self.decimal($0 * Double(digit), exponent) }.map { ($0, $0.drawnText) }
    }
    let decades = Int(log10(low).rounded(.down))...Int(log10(high).rounded(.up))
    let step = max(1, Int((Double(decades.count - 2) / count).rounded(.up)))
    let isShort = high / low < 30
    return decades.flatMap { decade in
      (1...(step > 1 ? 1 : 9)).map { digit in
        let value = Self.decimal(Double(digit), decade)
        let isNamed = isShort ? [1, 2, 5].contains(digit) : digit == 1 && decade % step == 0
        let power = "10^{\(decade)}".replacing("-", with: "−")
        return (value, isNamed ? isShort ? value.drawnText : power : nil)
      }
    }.filter { low...high ~= $0.value }
  }

  /// number · 10^exponent, correctly rounded for whole numbers: 3·10^-1 is 0.3, not 0.30000000000000004.
  private static func decimal(_ number: Double, _ exponent: Int) -> Double {
    (-22..<0).contains(exponent) ? number / pow(10, Double(-exponent)) : number * pow(10, Double(exponent))
  }
}

/// Where everything stands on the page, in points from the lower left corner. Computed here and not by gnuplot, whose
/// own margins differ from panel to panel and between its terminals.
struct FigureLayout {
  typealias Ranges = (x: AxisRange, y: AxisRange, z: AxisRange?)

  static let fontSize = 7.0
  static let labelSize = 7.5
  /// From the axes down to the middle of the x label.
  static let xLabelOffset = 18.5
  private static let labelLine = 13.0
  private static let titleLine = 13.0
  private static let keyLine = 8.6

  /// One panel: the rectangle of its axes, which labels it has, and how far from the axes two of them are.
  struct Place {
    var left = 0.0
    var right = 0.0
    var bottom = 0.0
    var top = 0.0
    var hasXLabels = true
    var hasYLabels = true
    var yLabelOffset = 0.0
    var zLabelOffset = 0.0
  }

  let width: Double
  let height: Double
  private(set) var places: [Place] = []
  /// Columns of the key above the panels.
  private(set) var keyColumns: [(left: Double, entries: Range<Int>)] = []

  /// The ticks of an x axis of some length: as many as their texts leave room for.
  static func ticks(_ range: AxisRange, width: Double) -> [(value: Double, text: String?)] {
    let ticks = range.ticks(atMost: max(2, width / 20))
    let isCrowded = ticks.reduce(0) { $0 + textWidth($1.text ?? "") } > 0.8 * width
    return isCrowded ? range.ticks(atMost: max(2, width / 50)) : ticks
  }

  /// The ticks of a y axis of some length.
  static func ticks(_ range: AxisRange, height: Double) -> [(value: Double, text: String?)] {
    range.ticks(atMost: max(2, height / 17))
  }

  /// The ranges of all panels. Equal axes in a column (x) or a row (y) of panels get one range: panels can be compared.
  static func ranges(_ figure: Figure, _ curves: [Curve]) -> [Ranges] {
    var ranges = figure.panels.enumerated().map { index, panel -> Ranges in
      let own = curves.filter { $0.panel == index }
      let draws = Set(own.map(\.series.draw))
      let isMap = draws.contains(.heatmap)
      let hasBars = !draws.isDisjoint(with: [.histogram, .impulses])
      func range(_ axis: Axis, _ name: Curve.AxisName, isTight: Bool) -> AxisRange {
        let values = own.flatMap { $0.values(on: name) }
        return AxisRange(axis, values: values, isTight: isTight, fromZero: name == .y && hasBars)
      }
      return (
        range(panel.x, .x, isTight: isMap || draws.isDisjoint(with: [.points, .impulses])),
        range(panel.y, .y, isTight: isMap), isMap ? panel.z.map { range($0, .z, isTight: true) } : nil
      )
    }
    for (a, first) in figure.panels.enumerated() {
      for (b, second) in figure.panels.enumerated() {
        if a % figure.columns == b % figure.columns, first.x == second.x { ranges[a].x.join(ranges[b].x) }
        if a / figure.columns == b / figure.columns, first.y == second.y { ranges[a].y.join(ranges[b].y) }
      }
    }
    return ranges
  }

  init(_ figure: Figure, ranges: [Ranges], keyTitles: [String]) {
    let points = 72 / 2.54
    let (rows, columns, panels) = (figure.rows, figure.columns, figure.panels)
    let width = figure.width.centimetres * points

    // The key: in as few lines as its columns allow.
    var keyHeight = 0.0
    if !keyTitles.isEmpty {
      let widths = keyTitles.map { 37 + Self.textWidth($0) }
      func columnWidths(_ lines: Int) -> [Double] {
        stride(from: 0, to: widths.count, by: lines).map { widths[$0..<min($0 + lines, widths.count)].max() ?? 0 }
      }
      let lines = (1...widths.count).first { columnWidths($0).reduce(0, +) <= width - 8 } ?? widths.count
      var left = max(4, (width - columnWidths(lines).reduce(0, +)) / 2)
      for (index, columnWidth) in columnWidths(lines).enumerated() {
        keyColumns.append((left, index * lines..<min((index + 1) * lines, widths.count)))
        left += columnWidth
      }
      keyHeight = Double(lines) * Self.keyLine + 3
    }

    // What each panel needs on its four sides. Labels that the neighbour below or to the left has too are left out.
    for (index, panel) in panels.enumerated() {
      var need = Place()
      let (range, below) = (ranges[index], index + columns)
      need.hasXLabels = below >= panels.count || panels[below].x != panel.x || ranges[below].x != range.x
      need.hasYLabels = index % columns == 0 || panels[index - 1].y != panel.y || ranges[index - 1].y != range.y
      func widest(_ range: AxisRange) -> Double {
        range.ticks(atMost: 8).map { Self.textWidth($0.text ?? "") }.max() ?? 0
      }
      need.yLabelOffset = 7.5 + widest(range.y) + Self.labelLine / 2
      need.left = need.hasYLabels ? 7.5 + widest(range.y) + (panel.y.label.isEmpty ? 0 : Self.labelLine) : 4
      need.bottom = need.hasXLabels ? 12.5 + (panel.x.label.isEmpty ? 0 : Self.labelLine) : 4
      need.top = panels.count > 1 || !panel.title.isEmpty ? Self.titleLine : 4
      let lastTick = Self.ticks(range.x, width: width / Double(columns)).last { $0.text != nil }
      need.right = max(5, Self.textWidth(lastTick?.text ?? "") / 2 + 1)
      if let z = range.z {
        need.zLabelOffset = 19 + widest(z) + Self.labelLine / 2
        need.right = 20 + widest(z) + (panel.z?.label.isEmpty == false ? Self.labelLine : 0)
      }
      places.append(need)
    }
    let needs = places
    func most(_ side: KeyPath<Place, Double>, column: Int? = nil, row: Int? = nil) -> Double {
      let own = needs.indices.filter { $0 % columns == column ?? $0 % columns && $0 / columns == row ?? $0 / columns }
      return own.map { needs[$0][keyPath: side] }.max() ?? 0
    }
    let lefts = (0..<columns).map { most(\.left, column: $0) }
    let rights = (0..<columns).map { most(\.right, column: $0) }
    let tops = (0..<rows).map { most(\.top, row: $0) }
    let bottoms = (0..<rows).map { most(\.bottom, row: $0) }
    let gap = 6.0
    let panelWidth = (width - (lefts + rights).reduce(2, +) - gap * Double(columns - 1)) / Double(columns)
    let fixedHeight = (tops + bottoms).reduce(keyHeight + 2, +)
    let ownHeight = min(max(panelWidth * (rows > 1 && columns == 1 ? 0.46 : 0.72), 80), 190)
    let height = figure.height.map { $0 * points } ?? fixedHeight + ownHeight * Double(rows)
    let panelHeight = max(20, (height - fixedHeight) / Double(rows))
    (self.width, self.height) = (width, height)

    for index in places.indices {
      let (row, column) = (index / columns, index % columns)
      let left = lefts[...column].reduce(1, +) + rights[..<column].reduce(0, +) + Double(column) * (panelWidth + gap)
      let down = tops[...row].reduce(keyHeight + 1, +) + bottoms[..<row].reduce(0, +) + Double(row) * panelHeight
      (places[index].left, places[index].right) = (left, left + panelWidth)
      (places[index].top, places[index].bottom) = (height - down, height - down - panelHeight)
      // Why: labels of panels above one another stand in one line.
      places[index].yLabelOffset = most(\.yLabelOffset, column: column)
    }
  }

  /// Width of a text in gnuplot's markup: an estimate for DejaVu Sans that errs upwards.
  private static func textWidth(_ markup: String) -> Double {
    0.6 * fontSize * Double(markup.replacing(#/\{/[^ ]* |[{}^_\\]/#, with: "").count)
  }
}
