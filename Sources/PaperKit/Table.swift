/// Columns of numbers made from results; what figures draw. Missing values are NaN.
public struct Table: Sendable, Equatable {
  /// Names of the columns.
  public let columns: [String]
  /// The rows, each as long as `columns`.
  public private(set) var rows: [[Double]]

  /// A table from rows. Checked: every row as long as the list of columns.
  public init(columns: [String], rows: [[Double]] = []) {
    precondition(rows.allSatisfy { $0.count == columns.count }, "rows must have \(columns.count) values")
    self.columns = columns
    self.rows = rows
  }

  /// Adds a row. Checked: as many values as columns.
  public mutating func append(_ row: [Double]) {
    precondition(row.count == columns.count, "\(row.count) values for the columns \(columns)")
    rows.append(row)
  }

  /// One column's values, or nil where there is no such column.
  public subscript(_ column: String) -> [Double]? {
    guard let index = columns.firstIndex(of: column) else { return nil }
    return rows.map { $0[index] }
  }
}

/// A column of a table: its name, unit and meaning.
public struct Column: Hashable, Sendable {
  /// Name, as figures refer to it.
  public let name: String
  /// Unit, "1" for a pure number.
  public let unit: String
  /// One phrase for people.
  public let meaning: String

  /// Declares a column.
  public init(_ name: String, unit: String = "1", meaning: String) {
    self.name = name
    self.unit = unit
    self.meaning = meaning
  }
}

/// How a table is made from results: a pure function with a name that figures refer to.
public struct TableDefinition: Sendable {
  /// `paper/kebab-name`.
  public let name: String
  /// The columns, in the order in which `rows` gives the values.
  public let columns: [Column]
  /// Names of the experiments whose sweep points it reads.
  public let experiments: [String]
  /// The rows. Throws ``EvidenceError`` where the results do not suffice.
  public let rows: @Sendable (Results) throws -> [[Double]]

  /// Declares a table.
  public init(
    _ name: String, from experiments: [any Experiment.Type], columns: [Column],
    rows: @escaping @Sendable (Results) throws -> [[Double]]
  ) {
    self.init(name, fromExperiments: experiments.map { $0.name }, columns: columns, rows: rows)
  }

  /// Declares a table of experiments that are known by name.
  public init(
    _ name: String, fromExperiments experiments: [String], columns: [Column],
    rows: @escaping @Sendable (Results) throws -> [[Double]]
  ) {
    self.name = name
    self.experiments = experiments
    self.columns = columns
    self.rows = rows
  }
}
