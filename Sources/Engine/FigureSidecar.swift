private import PaperKit

/// What stands beside a figure as JSON: where its numbers come from and what its files must be.
package struct FigureSidecar: Codable, Sendable, Equatable {
  /// One drawing.
  package struct Series: Codable, Sendable, Equatable {
    package struct Column: Codable, Sendable, Equatable {
      let name: String
      let unit: String
    }

    let panel: Int
    let draw: String
    let label: String?
    let table: String?
    let stages: [String]?
    let filters: [String: [Double]]?
    let split: [String: Double]?
    /// By their use: x, y, error.
    let columns: [String: Column]?
    /// Rows of the table drawn here; of these, rows with a missing value, and rows a logarithmic axis cannot show whole.
    let rows: Int
    let missing: Int
    let dropped: Int

    init(_ curve: Curve) {
      let series = curve.series
      panel = curve.panel + 1
      draw = series.draw.rawValue
      label = curve.title.isEmpty ? nil : curve.title
      table = series.table?.table
      stages = series.table?.stages
      filters =
        series.filters.isEmpty
        ? nil : Dictionary(series.filters.map { ($0.column, $0.values) }, uniquingKeysWith: { $0 + $1 })
      split = series.split.flatMap { name in curve.splitValue.map { [name: $0] } }
      columns =
        series.table == nil
        ? nil
        : Dictionary(
          uniqueKeysWithValues: series.columns.map { ($0.key.rawValue, Column(name: $0.value.name, unit: $0.value.unit)) })
      (rows, missing, dropped) = (curve.rowCount, curve.missingCount, curve.droppedCount)
    }
  }

  let figure: String
  let caption: String
  let source: String
  /// Data key; also the title of the SVG.
  let key: String
  let series: [Series]
  /// Keys of the cells that were read.
  let cells: [String]
  let claims: [String]
  /// SHA-256 of the .gp, .svg and .pdf.
  let files: [String: String]
  let gnuplot: String
}
