private import Foundation

/// An axis whose range is known, with the ticks it gets.
struct AxisRange: Equatable {
  var low: Double
  var high: Double
  let isLog: Bool
  let userTicks: [Double]

  /// The range of an axis: what the user gave, else what the data need with a little air, or none where `isTight`.
  /// With `fromZero` a linear axis begins at zero if all is positive: bars stand on it.
  init(_ axis: Axis, values: [Double], isTight: Bool, fromZero: Bool) {
    isLog = axis.scale == .log
    userTicks = axis.ticks
    let values = isLog ? values.filter { $0 > 0 } : values
    var low = values.min() ?? axis.low ?? axis.high ?? 1
    var high = values.max() ?? axis.high ?? low
    if isLog {
      let air = isTight ? 1 : pow(high / low, 0.05)
      (low, high) = low < high ? (low / air, high * air) : (low / 2, high * 2)
    } else {
      let isPositive = low >= 0
      let air = isTight ? 0 : 0.05 * (high - low)
      (low, high) = low < high ? (low - air, high + air) : (low - 0.5 * max(abs(low), 1), high + 0.5 * max(abs(high), 1))
      if fromZero, isPositive { low = 0 }
    }
    self.low = axis.low ?? low
    self.high = axis.high ?? high
    // Why: one bound from the user may lie beyond all data.
    if self.low >= self.high { if axis.low == nil { self.low = isLog ? self.high / 10 : self.high - 1 } else { self.high = isLog ? self.low * 10 : self.low + 1 } }
  }

  /// The smallest range that holds both.
  mutating func join(_ other: AxisRange) { (low, high) = (min(low, other.low), max(high, other.high)) }

  /// Where ticks stand and what they say; a text that is nil is a minor tick. About `count` labels.
  func ticks(about count: Int) -> [(value: Double, text: String?)] {
    guard userTicks.isEmpty else { return userTicks.map { ($0, $0.drawnText) } }
    guard isLog else { return linearTicks(about: count) }
    let decades = Int(log10(low).rounded(.up))...max(Int(log10(low).rounded(.up)), Int(log10(high).rounded(.down)))
    if high / low < 4 { return linearTicks(about: count) }
    if high / low < 30 {
      let labelled = high / low < 12 && count > 4 ? [1, 2, 3, 5] : [1, 2, 5]
      return (decades.lowerBound - 1...decades.upperBound).flatMap { decade in
        (1...9).map { digit in
          let value = Self.decimal(digit, decade)
          return (value, labelled.contains(digit) ? value.drawnText : nil)
        }
      }.filter { low...high ~= $0.value }
    }
    let step = max(1, Int((Double(decades.count) / Double(max(count, 2))).rounded(.up)))
    return (decades.lowerBound - 1...decades.upperBound).flatMap { decade -> [(value: Double, text: String?)] in
      let text = decade % step == 0 ? "10^{\(decade)}".replacing("-", with: "−") : nil
      return [(Self.decimal(1, decade), text)] + (step > 1 ? [] : (2...9).map { (Self.decimal($0, decade), nil) })
    }.filter { low...high ~= $0.value }
  }

  private func linearTicks(about count: Int) -> [(value: Double, text: String?)] {
    let raw = (high - low) / Double(max(count, 1))
    let exponent = Int(log10(raw).rounded(.down))
    let digit = [1, 2, 5, 10].first { Double($0) * pow(10, Double(exponent)) >= 0.7 * raw } ?? 10
    let step = Self.decimal(digit, exponent)
    let first = (low / step - 1e-9).rounded(.up)
    let last = (high / step + 1e-9).rounded(.down)
    guard first <= last, abs(first) < 1e9, abs(last) < 1e9 else { return [(low, low.drawnText), (high, high.drawnText)] }
    return (Int(first)...Int(last)).map {
      let value = Self.decimal($0 * digit, exponent)
      return (value, value.drawnText)
    }
  }

  /// digits · 10^exponent, correctly rounded: 3·10^-1 is 0.3, not 0.30000000000000004.
  private static func decimal(_ digits: Int, _ exponent: Int) -> Double {
    exponent < 0 && exponent > -22 ? Double(digits) / pow(10, Double(-exponent)) : Double(digits) * pow(10, Double(exponent))
  }
}

/// Where everything stands on the page, in points from the lower left corner. Computed here and not by gnuplot, whose
/// own margins differ from panel to panel and between its terminals.
struct FigureLayout {
  static let fontSize = 7.0
  static let labelSize = 7.5
  /// Height of a line of the key, of a panel's title, and of an axis label.
  static let keyLine = 8.6
  static let titleLine = 13.0
  static let labelLine = 13.0

  /// One panel: the rectangle of its axes and whether tick labels and axis labels are written.
  struct Place {
    var left = 0.0
    var right = 0.0
    var bottom = 0.0
    var top = 0.0
    var xLabels = true
    var yLabels = true
    /// Distance from the axes to the middle of the y label, and to that of the colour axis.
    var yLabelOffset = 0.0
    var zLabelOffset = 0.0
  }

  /// A column of the key above the panels.
  struct KeyColumn {
    let left: Double
    let entries: Range<Int>
  }

  private(set) var width: Double
  private(set) var height = 0.0
  private(set) var places: [Place] = []
  private(set) var keyColumns: [KeyColumn] = []
  private(set) var keyTop = 0.0

  init(_ figure: Figure, ranges: [(x: AxisRange, y: AxisRange, z: AxisRange?)], keyTitles: [String]) {
    let points = 72 / 2.54
    width = figure.width.centimetres * points
    let (rows, columns) = (figure.rows, figure.columns)
    let panels = figure.panels

    // Key: as many columns as fit, then as few as the number of rows needs.
    let sample = 24.0
    var keyHeight = 0.0
    if !keyTitles.isEmpty {
      let widths = keyTitles.map { sample + 8 + Self.textWidth($0) * Self.fontSize }
      func columnWidths(_ lines: Int) -> [Double] {
        stride(from: 0, to: widths.count, by: lines).map { widths[$0..<min($0 + lines, widths.count)].max() ?? 0 }
      }
      let lines = (1...widths.count).first { columnWidths($0).reduce(0, +) <= width - 8 } ?? widths.count
      var left = max(4, (width - columnWidths(lines).reduce(0, +)) / 2)
      for (index, columnWidth) in columnWidths(lines).enumerated() {
        keyColumns.append(KeyColumn(left: left, entries: index * lines..<min((index + 1) * lines, widths.count)))
        left += columnWidth
      }
      keyHeight = Double(lines) * Self.keyLine + 3
    }

    // What each panel needs on its four sides. A label that its neighbour below or to the left has too is left out.
    let ticksAcross = max(2, Int(width / Double(columns) / 28))
    var needs: [Place] = []
    for (index, panel) in panels.enumerated() {
      var need = Place()
      let below = index + columns
      let isInner = index % columns > 0
      need.xLabels = !(below < panels.count && Self.shares(panels[below].x, panel.x, ranges[below].x, ranges[index].x))
      need.yLabels = !(isInner && Self.shares(panels[index - 1].y, panel.y, ranges[index - 1].y, ranges[index].y))
      func widest(_ range: AxisRange) -> Double {
        range.ticks(about: 6).map { Self.textWidth($0.text ?? "") }.max().map { $0 * Self.fontSize } ?? 0
      }
      let yTicks = widest(ranges[index].y)
      need.yLabelOffset = 7.5 + yTicks + Self.labelLine / 2
      need.left = need.yLabels ? 7.5 + yTicks + (panel.y.label.isEmpty ? 0 : Self.labelLine) : 4
      need.bottom = need.xLabels ? 12.5 + (panel.x.label.isEmpty ? 0 : Self.labelLine) : 4
      need.top = panels.count > 1 || !panel.title.isEmpty ? Self.titleLine : 4
      let lastTick = ranges[index].x.ticks(about: ticksAcross).last { $0.text != nil }?.text ?? ""
      need.right = max(5, Self.textWidth(lastTick) * Self.fontSize / 2 + 1)
      if let z = panel.z, let range = ranges[index].z {
        let zTicks = widest(range)
        need.zLabelOffset = 19 + zTicks + Self.labelLine / 2
        need.right = 20 + zTicks + (z.label.isEmpty ? 0 : Self.labelLine)
      }
      needs.append(need)
    }
    func most(_ side: KeyPath<Place, Double>, _ belongs: (Int) -> Bool) -> Double {
      needs.indices.filter(belongs).map { needs[$0][keyPath: side] }.max() ?? 0
    }
    let lefts = (0..<columns).map { column in most(\.left) { $0 % columns == column } }
    let rights = (0..<columns).map { column in most(\.right) { $0 % columns == column } }
    let tops = (0..<rows).map { row in most(\.top) { $0 / columns == row } }
    let bottoms = (0..<rows).map { row in most(\.bottom) { $0 / columns == row } }
    let gap = 6.0
    let innerWidth =
      (width - (lefts + rights).reduce(0, +) - gap * Double(columns - 1) - 2) / Double(columns)
    let fixedHeight = (tops + bottoms).reduce(0, +) + keyHeight + 2
    let aspect = rows > 1 && columns == 1 ? 0.46 : 0.72
    let ownHeight = min(max(innerWidth * aspect, 80), 190)
    height = figure.height.map { $0 * points } ?? fixedHeight + ownHeight * Double(rows)
    let innerHeight = max(20, (height - fixedHeight) / Double(rows))
    keyTop = height - 1

    for index in needs.indices {
      var place = needs[index]
      let (row, column) = (index / columns, index % columns)
      place.left =
        1 + lefts[...column].reduce(0, +) + rights[..<column].reduce(0, +) + Double(column) * (innerWidth + gap)
      place.right = place.left + innerWidth
      place.top =
        height - 1 - keyHeight - tops[...row].reduce(0, +) - bottoms[..<row].reduce(0, +) - Double(row) * innerHeight
      place.bottom = place.top - innerHeight
      // Why: labels of panels above one another stand in one line.
      place.yLabelOffset = most(\.yLabelOffset) { $0 % columns == column }
      places.append(place)
    }
  }

  private static func shares(_ first: Axis, _ second: Axis, _ firstRange: AxisRange, _ secondRange: AxisRange) -> Bool {
    first == second && firstRange == secondRange
  }

  /// Width of a text in gnuplot's markup, in units of the font size; an estimate for DejaVu Sans that errs upwards.
  static func textWidth(_ markup: String) -> Double {
    var width = 0.0
    var scales = [1.0]
    var next = 1.0
    var isFontName = false
    var before: Character = " "
    for character in markup {
      defer { before = character }
      if isFontName {
        if character == " " { isFontName = false }
        continue
      }
      switch character {
      case "{" where before != "\\":
        scales.append((scales.last ?? 1) * next)
        next = 1
      case "}" where before != "\\": if scales.count > 1 { scales.removeLast() }
      case "^" where before != "\\", "_" where before != "\\": next = 0.8
      case "/" where before == "{": isFontName = true
      case "\\" where before != "\\": break
      default:
        let own =
          switch character {
          case "i", "j", "l", "I", "|", "'", "!": 0.3
          case " ", ",", ".", ":", ";", "·": 0.33
          case "f", "t", "r", "(", ")", "[", "]", "-", "/", "{", "}": 0.41
          case "m", "w", "M", "W", "@", "%", "×", "−", "=", "+", "<", ">", "≤", "≥", "→", "∝", "≈": 0.88
          case "A"..."Z": 0.72
          default: 0.62
          }
        width += own * (scales.last ?? 1) * next
        next = 1
      }
    }
    return width
  }
}
