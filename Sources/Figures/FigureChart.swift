private import PaperKit
private import Pipeline

/// What can be pointed at in a picture: where its axes are, and the numbers that are drawn between them.
package struct FigureChart: Sendable {
  /// The numbers at the ends of an axis.
  package struct Scale: Sendable {
    package let low: Double
    package let high: Double
    package let isLog: Bool

    init(_ range: AxisRange) { (low, high, isLog) = (range.low, range.high, range.isLog) }
  }

  /// A rectangle of axes, in shares of the picture's width and height from its upper left corner.
  package struct Panel: Sendable {
    package let left: Double
    package let right: Double
    package let top: Double
    package let bottom: Double
    package let x: Scale
    package let y: Scale
  }

  /// Numbers that belong together: a series, or one split value of it.
  package struct Drawing: Sendable {
    /// From 0.
    package let panel: Int
    package let draw: Series.Draw
    /// Its text in the key, without markup.
    package let label: String
    /// As `#rrggbb`; nil if the style does not tell.
    package let color: String?
    package let table: TableReference
    /// What stands in each row: x, y, and z of a heat map. The x of a histogram is where a bin begins.
    package let columns: [String]
    /// NaN breaks a line.
    package let rows: [[Double]]
    /// Where the bars of each row end, or of a line the band behind it; empty without either.
    package let bars: [(low: Double, high: Double)]
    /// The column of their half length; nil where a table has their ends.
    package let error: String?
    /// Of each row what all rows of the table with its x and y have in common, by column.
    package let shared: [[String: Double]]
  }

  package let panels: [Panel]
  package let drawings: [Drawing]

  /// `colors` has one for each curve.
  init(_ curves: [Curve], colors: [String?], layout: FigureLayout, ranges: [FigureLayout.Ranges]) {
    panels = zip(layout.places, ranges).map { place, range in
      Panel(
        left: place.left / layout.width, right: place.right / layout.width, top: 1 - place.top / layout.height,
        bottom: 1 - place.bottom / layout.height, x: Scale(range.x), y: Scale(range.y))
    }
    let bands = zip(curves, colors).filter { $0.0.series.draw == .band }
    drawings = zip(curves, colors).compactMap { curve, color in
      Drawing(curve, color: color, bands: bands.filter { $0.1 == color }.map(\.0))
    }
  }
}

extension FigureChart.Drawing {
  /// Nil for what has no points: guides, marked values, and bands, which stand behind a line. `bands` are those of its
  /// colour.
  fileprivate init?(_ curve: Curve, color: String?, bands: [Curve]) {
    let series = curve.series
    guard let table = series.table else { return nil }
    var rows = curve.rows
    switch series.draw {
    case .line, .points, .steps, .impulses, .heatmap: break
    // The last is only where the last bin ends.
    case .histogram: rows = rows.dropLast()
    case .guide, .vertical, .horizontal, .band: return nil
    }
    let positions = series.draw == .heatmap ? [0, 1, curve.parts.count - 1] : [0, 1]
    let ends = curve.parts.indices.filter { curve.parts[$0].isBar && curve.parts[$0].axis == .y }
    self.init(
      panel: curve.panel, draw: series.draw, label: curve.title.plainText, color: color, table: table,
      columns: positions.map { curve.parts[$0].name }, rows: rows.map { row in positions.map { row[$0] } },
      bars: ends.count == 2 ? rows.map { ($0[ends[0]], $0[ends[1]]) } : Self.band(behind: curve, rows, bands),
      error: series.columns[.error]?.name, shared: Self.shared(curve, rows))
  }

  /// Ends of the band of a line, which is one of the same rows in the same panel, at each of its rows; empty without one.
  private static func band(behind curve: Curve, _ rows: [[Double]], _ bands: [Curve]) -> [(low: Double, high: Double)] {
    guard curve.series.draw == .line else { return [] }
    for band in bands {
      guard band.panel == curve.panel, band.series.table == curve.series.table, band.splitValue == curve.splitValue,
        band.parts.count == 3, band.parts[0].name == curve.parts[0].name
      else { continue }
      let ends = Dictionary(band.rows.map { ($0[0], (low: $0[1], high: $0[2])) }) { first, _ in first }
      let found = rows.map { ends[$0[0]] ?? (.nan, .nan) }
      if found.contains(where: { $0.low.isFinite && $0.high.isFinite }) { return found }
    }
    return []
  }

  private static func shared(_ curve: Curve, _ rows: [[Double]]) -> [[String: Double]] {
    let table = curve.table
    func common(_ rows: [[Double]]) -> [String: Double] {
      guard let first = rows.first else { return [:] }
      let columns = table.columns.indices.filter { column in rows.allSatisfy { $0[column] == first[column] } }
      return Dictionary(uniqueKeysWithValues: columns.map { (table.columns[$0], first[$0]) })
    }
    let places = [Series.Role.x, .y].compactMap { role in
      curve.series.columns[role].flatMap { table.columns.firstIndex(of: $0.name) }
    }
    let alike = Dictionary(grouping: table.rows) { row in places.map { row[$0] } }.mapValues(common)
    // Where a bin begins, or where a line breaks, is in no row of the table.
    let all = common(table.rows)
    return rows.map { alike[Array($0[...1])] ?? all }
  }
}
