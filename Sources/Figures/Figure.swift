package import PaperKit
package import Pipeline

/// A figure as figures/<paper>.yaml asks for it: panels on a grid, each with series drawn from tables.
package struct Figure: Sendable, Equatable {
  /// The width of the page it is meant for.
  package enum Width: String, CaseIterable, Sendable {
    case oneColumn = "one-column"
    case twoColumn = "two-column"

    /// Width on paper.
    package var centimetres: Double { self == .oneColumn ? 8.6 : 17.2 }
  }

  /// The font of all texts.
  package struct Font: Sendable, Equatable {
    /// As fontconfig knows it: letters, digits, spaces and hyphens.
    package let family: String
    /// Of numbers and keys in points; labels and titles are half a point larger.
    package let size: Double

    package static let standard = Font(family: "DejaVu Sans", size: 7)

    package init(family: String, size: Double) { (self.family, self.size) = (family, size) }
  }

  /// Where the key stands: above the panel, nowhere, or at a place inside it. Keys above panels that are all the same stand
  /// once, above all panels.
  package enum Key: String, CaseIterable, Sendable {
    case above, none
    case topLeft = "top left"
    case topCenter = "top center"
    case topRight = "top right"
    case centerLeft = "center left"
    case center = "center"
    case centerRight = "center right"
    case bottomLeft = "bottom left"
    case bottomCenter = "bottom center"
    case bottomRight = "bottom right"
  }

  /// `paper/name`.
  package let id: String
  package let caption: Prose
  /// The paper's own figure, "Fig. 1", or "ours".
  package let source: Prose
  package let width: Width
  /// Height in cm, or nil for one that suits the layout.
  package let height: Double?
  package let font: Font
  package let rows: Int
  package let columns: Int
  /// The panels, row by row.
  package let panels: [Panel]
  /// Where figures/<paper>.yaml names it.
  package let location: SourceLocation
  /// A digest of all that figures/<paper>.yaml says of it, the file's font among it, and of nothing else there.
  package var digest = ""

  /// The part of the id after the paper; names the files.
  package var name: String { String(id.split(separator: "/").last ?? "") }

  /// Every table the figure needs, each once, in the order of its series.
  package var tables: [TableReference] {
    var seen: Set<TableReference> = []
    return panels.flatMap(\.series).compactMap(\.table).filter { seen.insert($0).inserted }
  }

  /// The same with short names of their own, such as for files: the last part of the table's name, and a number behind it
  /// from the second table of that name on.
  package var namedTables: [(name: String, table: TableReference)] {
    var counts: [String: Int] = [:]
    return tables.map { table in
      let name = table.table.split(separator: "/").last.map(String.init) ?? table.table
      counts[name, default: 0] += 1
      return (counts[name, default: 1] == 1 ? name : "\(name)-\(counts[name, default: 1])", table)
    }
  }
}

/// A table made from the results of some stages.
package struct TableReference: Sendable, Hashable {
  /// `paper/table`.
  package let table: String
  /// Ids of the stages, in the order of the file; none for a table of theory alone.
  package let stages: [String]
  /// Allowed values by parameter name, of parameters that are no columns; empty: no condition.
  package let conditions: [String: [ParameterValue]]

  package init(table: String, stages: [String], conditions: [String: [ParameterValue]] = [:]) {
    self.table = table
    self.stages = stages
    self.conditions = conditions
  }
}

/// One pair of axes and what is drawn in it.
package struct Panel: Sendable, Equatable {
  package let title: Label
  package let x: Axis
  package let y: Axis
  /// The colour axis of a heat map.
  package let z: Axis?
  package let key: Figure.Key
  package let series: [Series]

  /// The letter of the panel with a number from 0.
  private static func letter(_ index: Int) -> String { String(UnicodeScalar(UInt8(97 + index % 26))) }

  /// How panels are named, by their numbers from 0 in order: bold "(a)", "(a, c)" or "(a–c)".
  static func letters(_ indices: [Int]) -> Label {
    let isRun = indices.count > 2 && indices == Array(indices[0]..<indices[0] + indices.count)
    let letters =
      isRun
      ? letter(indices[0]) + "–" + letter(indices[0] + indices.count - 1)
      : indices.map(letter).joined(separator: ", ")
    return Label(known: "{/:Bold (\(letters))}")
  }
}

/// One axis of a panel. A bound that is nil follows the data.
package struct Axis: Sendable, Equatable {
  package enum Scale: String, CaseIterable, Sendable { case linear, log }

  package let label: Label
  package let low: Double?
  package let high: Double?
  package let scale: Scale
  /// Where ticks stand; empty for a choice that suits the range.
  package let ticks: [Double]
}

/// One drawing in a panel; with `split`, one for each value of that column.
package struct Series: Sendable, Equatable {
  package enum Draw: String, CaseIterable, Sendable {
    case line, points, band, steps, histogram, impulses, heatmap, guide, vertical, horizontal
  }

  /// What a column is used for.
  package enum Role: String, Sendable { case x, y, z, low, high, error, xerror, at }

  /// Rows are kept where the column equals one of the values.
  package struct Filter: Sendable, Equatable {
    package let column: String
    package let values: [Double]
  }

  /// A guide to the eye through a point, straight on its axes: a power law on two logarithmic axes, an exponential
  /// where y alone is logarithmic, a straight line on linear axes.
  package struct Guide: Sendable, Equatable {
    /// Exponent, rate or slope.
    package let slope: Double
    package let x: Double
    package let y: Double
    /// Where it begins and ends, or nil for the whole axis.
    package let range: ClosedRange<Double>?
  }

  package let draw: Draw
  package let table: TableReference?
  package let filters: [Filter]
  package let columns: [Role: Column]
  package let split: String?
  /// Text for the key; `{column}` stands for the column's value. Empty for no entry.
  package let label: Label
  /// Number of the look in figures/style.gp, or nil for the next free one.
  package let style: Int?
  /// Leave out what a logarithmic axis cannot show. Without it such a point is an error.
  package let dropNonPositive: Bool
  package let guide: Guide?
  /// Where a vertical or horizontal line stands, unless a table says.
  package let value: Double?
}
