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
  func ticks(atMost count: Double) -> [(value: Double, label: Label?)] {
    guard userTicks.isEmpty else { return userTicks.map { ($0, Label($0)) } }
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
      return numbers.map { Self.decimal($0 * Double(digit), exponent) }.map { ($0, Label($0)) }
    }
    let decades = Int(log10(low).rounded(.down))...Int(log10(high).rounded(.up))
    let step = max(1, Int((Double(decades.count - 2) / count).rounded(.up)))
    // One power of ten alone would not tell the scale.
    let isShort = high / low < 30 || decades.count { low...high ~= Self.decimal(1, $0) } < 2
    return decades.flatMap { decade in
      (1...(step > 1 ? 1 : 9)).map { digit in
        let value = Self.decimal(Double(digit), decade)
        let isNamed = isShort ? [1, 2, 5].contains(digit) : digit == 1 && decade % step == 0
        let power = Label(known: "10^{\(decade)}".replacing("-", with: "−"))
        return (value, isNamed ? isShort ? Label(value) : power : nil)
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

  /// Size of numbers and keys in points.
  private let fontSize: Double
  /// What lengths beside texts are multiplied with: they are given for the standard size.
  private let scale: Double
  /// Size of the labels of axes and of titles.
  var labelSize: Double { fontSize + 0.5 }
  /// From the axes down to the middle of the x label.
  var xLabelOffset: Double { 18.5 * scale }
  /// From the top of a key to the middle of its first line.
  var keyMiddle: Double { 4.6 * scale }

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
    var titleOffset = 0.0
  }

  /// A key outside of the axes.
  struct Key {
    /// The panel above which it stands, or nil above all of them.
    let panel: Int?
    /// Before its entries: the panels it is for, where they are several.
    let label: Label
    fileprivate(set) var left = 0.0
    fileprivate(set) var top = 0.0
    fileprivate(set) var columns: [(left: Double, entries: Range<Int>)] = []
    fileprivate var height = 0.0
  }

  let width: Double
  private(set) var height = 0.0
  private(set) var places: [Place] = []
  private(set) var keys: [Key] = []

  /// The ticks of an x axis of some length: as many as their texts leave room for.
  func ticks(_ range: AxisRange, width: Double) -> [(value: Double, label: Label?)] {
    let ticks = range.ticks(atMost: max(2, width / (20 * scale)))
    let isCrowded = ticks.reduce(0) { $0 + textWidth($1.label ?? .none) } > 0.8 * width
    return isCrowded ? range.ticks(atMost: max(2, width / (50 * scale))) : ticks
  }

  /// The ticks of a y axis of some length.
  func ticks(_ range: AxisRange, height: Double) -> [(value: Double, label: Label?)] {
    range.ticks(atMost: max(2, height / (17 * scale)))
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

  /// `keys` are those outside of the axes: the panel, nil for one above all of them, and its titles.
  init(_ figure: Figure, ranges: [Ranges], keys: [(panel: Int?, titles: [Label])], fontSize: Double) {
    self.fontSize = fontSize
    scale = fontSize / Figure.Font.standard.size
    let points = 72 / 2.54
    let (rows, columns, panels) = (figure.rows, figure.columns, figure.panels)
    let line = 13 * scale
    width = figure.width.centimetres * points

    // What each panel needs on its four sides. Labels that the neighbour below or to the left has too are left out.
    for (index, panel) in panels.enumerated() {
      var need = Place()
      let (range, below) = (ranges[index], index + columns)
      need.hasXLabels = below >= panels.count || panels[below].x != panel.x || ranges[below].x != range.x
      need.hasYLabels = index % columns == 0 || panels[index - 1].y != panel.y || ranges[index - 1].y != range.y
      func widest(_ range: AxisRange) -> Double {
        range.ticks(atMost: 8).map { textWidth($0.label ?? .none) }.max() ?? 0
      }
      need.yLabelOffset = 7.5 * scale + widest(range.y) + line / 2
      need.left = need.hasYLabels ? 7.5 * scale + widest(range.y) + (panel.y.label.isEmpty ? 0 : line) : 4
      need.bottom = need.hasXLabels ? 12.5 * scale + (panel.x.label.isEmpty ? 0 : line) : 4
      need.top = panels.count > 1 || !panel.title.isEmpty ? line : 4
      let lastTick = ticks(range.x, width: width / Double(columns)).last { $0.label != nil }
      need.right = max(5, textWidth(lastTick?.label ?? .none) / 2 + 1)
      if let z = range.z {
        need.zLabelOffset = 12 + 7 * scale + widest(z) + line / 2
        need.right = 13 + 7 * scale + widest(z) + (panel.z?.label.isEmpty == false ? line : 0)
      }
      places.append(need)
    }
    func most(_ side: KeyPath<Place, Double>, column: Int? = nil, row: Int? = nil) -> Double {
      let own = panels.indices.filter { $0 % columns == column ?? $0 % columns && $0 / columns == row ?? $0 / columns }
      return own.map { places[$0][keyPath: side] }.max() ?? 0
    }
    let lefts = (0..<columns).map { most(\.left, column: $0) }
    let rights = (0..<columns).map { most(\.right, column: $0) }
    let gap = 6.0
    let panelWidth = (width - (lefts + rights).reduce(2, +) - gap * Double(columns - 1)) / Double(columns)

    self.keys = keys.map { key($0.titles, of: $0.panel, in: figure, within: $0.panel == nil ? width - 8 : panelWidth) }
    let keyHeight = self.keys.first { $0.panel == nil }?.height ?? 0
    let keyHeights = (0..<rows).map { row in
      self.keys.filter { $0.panel.map { $0 / columns } == row }.map(\.height).max() ?? 0
    }
    let tops = (0..<rows).map { most(\.top, row: $0) + keyHeights[$0] }
    let bottoms = (0..<rows).map { most(\.bottom, row: $0) }
    let fixedHeight = (tops + bottoms).reduce(keyHeight + 2, +)
    let ownHeight = min(max(panelWidth * (rows > 1 && columns == 1 ? 0.46 : 0.72), 80), 190)
    height = figure.height.map { $0 * points } ?? fixedHeight + ownHeight * Double(rows)
    let panelHeight = max(20, (height - fixedHeight) / Double(rows))

    // Why: labels of panels above one another stand in one line.
    let yLabelOffsets = (0..<columns).map { most(\.yLabelOffset, column: $0) }
    for index in places.indices {
      let (row, column) = (index / columns, index % columns)
      let left = lefts[...column].reduce(1, +) + rights[..<column].reduce(0, +) + Double(column) * (panelWidth + gap)
      let down = tops[...row].reduce(keyHeight + 1, +) + bottoms[..<row].reduce(0, +) + Double(row) * panelHeight
      (places[index].left, places[index].right) = (left, left + panelWidth)
      (places[index].top, places[index].bottom) = (height - down, height - down - panelHeight)
      places[index].yLabelOffset = yLabelOffsets[column]
      places[index].titleOffset = 7 * scale + keyHeights[row]
    }
    for index in self.keys.indices {
      let panel = self.keys[index].panel
      let left = panel.map { places[$0].left } ?? self.keys[index].left
      self.keys[index].top = panel.map { places[$0].top + keyHeights[$0 / columns] } ?? height - 1
      self.keys[index].columns = self.keys[index].columns.map { (left + $0.left, $0.entries) }
      self.keys[index].left = left
    }
  }

  /// A key in as few lines as its columns allow. Its columns are counted from its left.
  private func key(_ titles: [Label], of panel: Int?, in figure: Figure, within space: Double) -> Key {
    let isForMany = panel == nil && figure.panels.count > 1
    var key = Key(panel: panel, label: isForMany ? Panel.letters(Array(figure.panels.indices)) : .none)
    let labelWidth = isForMany ? 4 * scale + textWidth(key.label) : 0
    let widths = titles.map { 37 * scale + textWidth($0) }
    func columnWidths(_ lines: Int) -> [Double] {
      stride(from: 0, to: widths.count, by: lines).map { widths[$0..<min($0 + lines, widths.count)].max() ?? 0 }
    }
    let lines = (1...widths.count).first { columnWidths($0).reduce(labelWidth, +) <= space } ?? widths.count
    key.left = max(4, (width - columnWidths(lines).reduce(labelWidth, +)) / 2)
    var left = labelWidth
    for (index, columnWidth) in columnWidths(lines).enumerated() {
      key.columns.append((left, index * lines..<min((index + 1) * lines, widths.count)))
      left += columnWidth
    }
    key.height = Double(lines) * 8.6 * scale + 3
    return key
  }

  /// Width of a text: an estimate for DejaVu Sans, than which few fonts are wider, that errs upwards.
  private func textWidth(_ label: Label) -> Double { 0.6 * fontSize * Double(label.letterCount) }
}
