private import PaperKit

/// What stands beside a figure as JSON: where its numbers come from and what its files must be.
package struct FigureSidecar: Codable, Sendable, Equatable {
  /// One drawing.
  package struct Series: Codable, Sendable, Equatable {
    package struct Column: Codable, Sendable, Equatable {
      package let name: String
      package let unit: String
    }

    package let panel: Int
    package let draw: String
    package let label: String?
    package let table: String?
    package let stages: [String]?
    /// Numbers that are not finite are nil.
    package let filters: [String: [Double?]]?
    package let split: [String: Double?]?
    /// By their use: x, y, error.
    package let columns: [String: Column]?
    /// Rows of the table drawn here.
    package let rows: Int
    /// Of these: with a missing value, and not to be shown whole on a logarithmic axis.
    package let missing: Int
    package let dropped: Int

    init(_ curve: Curve) {
      let series = curve.series
      panel = curve.panel + 1
      draw = series.draw.rawValue
      label = curve.title.isEmpty ? nil : curve.title.markup
      table = series.table?.table
      stages = series.table?.stages
      filters =
        series.filters.isEmpty
        ? nil
        : Dictionary(
          series.filters.map { ($0.column, $0.values.map { $0.isFinite ? $0 : nil }) }, uniquingKeysWith: { $0 + $1 })
      split = series.split.flatMap { name in curve.splitValue.map { [name: $0.isFinite ? $0 : nil] } }
      columns =
        series.table == nil
        ? nil
        : Dictionary(
          uniqueKeysWithValues: series.columns.map {
            ($0.key.rawValue, Column(name: $0.value.name, unit: $0.value.unit))
          })
      (rows, missing, dropped) = (curve.rowCount, curve.missingCount, curve.droppedCount)
    }
  }

  package let figure: String
  package let caption: String
  package let source: String
  /// Data key; also the title of the SVG.
  package let key: String
  package let series: [Series]
  /// Digest of all that the script was made from.
  package let inputs: String
  /// Keys of the cells that were read.
  package let cells: [String]
  package let claims: [String]
  /// SHA-256 of the .gp, the .svg and, unless gnuplot makes none, the .pdf.
  package let files: [String: String]
  package let gnuplot: String
  /// Where its numbers come from; nil where they come from cells that are here. Not what audits say, which each audit
  /// changes and no picture shows.
  package let origin: String?
}
