public import NumericalMethods

/// What can stand in a column: a number, or a condition as 1 where it holds and 0 where not.
public protocol TableNumber: Sendable {
  /// The number in the table.
  var tableNumber: Double { get }
}

extension Double: TableNumber {
  /// The number itself.
  public var tableNumber: Double { self }
}

extension Int: TableNumber {
  /// The same as a real number.
  public var tableNumber: Double { Double(self) }
}

extension Bool: TableNumber {
  /// 1 or 0.
  public var tableNumber: Double { self ? 1 : 0 }
}

/// Columns of a table of one experiment together with the numbers that stand in them: one column or some that belong
/// together, such as a mean and its standard error.
public struct Columns<E: Experiment>: Sendable {
  /// The columns, in order.
  let columns: [Column]
  /// A number for each of them.
  let numbers: @Sendable (TableRow<E>) throws -> [Double]

  /// A column of numbers that the parameters alone determine: `.parameter(widthColumn, \.studentWidth)`.
  public static func parameter<Value: TableNumber>(
    _ column: Column, _ value: @escaping @Sendable (E.Parameters) -> Value
  ) -> Self {
    Self(columns: [column]) { [value($0.parameters).tableNumber] }
  }

  /// The value of a scale at the place of the row, in a column of its name and meaning unless others are given. Checked: the
  /// table goes along its axis.
  public static func place(_ coordinate: OutputArray, as name: String? = nil, meaning: String? = nil) -> Self {
    Self(columns: [Column(coordinate, as: name, meaning: meaning)]) { [$0.place(coordinate)] }
  }

  /// An output at the place of the row in the first replica, in a column of its name and meaning unless others are given: for
  /// calculations without chance, for what is the same in every replica, and for one replica as an example. Of what has more
  /// axes than the table goes along, `element` says which number.
  public static func first(
    _ output: OutputArray, as name: String? = nil, meaning: String? = nil,
    element: @escaping @Sendable (NDArray) -> Double = { $0[] }
  ) -> Self {
    Self(columns: [Column(output, as: name, meaning: meaning)]) { [$0.first(output, element: element)] }
  }

  /// A column with the number of the replica, for a table with a row for each of them.
  public static func replica(_ column: Column) -> Self { computed(column) { $0.point.replicas[0] } }

  /// A column of numbers computed from the row, whatever they are.
  public static func computed<Value: TableNumber>(
    _ column: Column, _ value: @escaping @Sendable (TableRow<E>) throws -> Value
  ) -> Self {
    Self(columns: [column]) { [try value($0).tableNumber] }
  }

  /// The mean of an output over the replicas and its standard error: the columns `x` and `xError`, x the output's name unless
  /// another is given. See ``mean(_:standardErrors:_:)`` for the numbers, ``first(_:as:meaning:element:)`` for `element`.
  public static func mean(
    _ output: OutputArray, as name: String? = nil, meaning: String? = nil, standardErrors: Int = 1,
    element: @escaping @Sendable (NDArray) -> Double = { $0[] }
  ) -> Self {
    mean(Column(output, as: name, meaning: meaning), standardErrors: standardErrors) {
      $0.perReplica(output, element)
    }
  }

  /// The mean of one number for each replica and its standard error, or a multiple of it: the columns `x` and `xError`.
  ///
  /// NaN counts for neither; the mean of nothing is NaN. Of a calculation without chance the error is 0, of a single
  /// replica NaN.
  public static func mean(
    _ column: Column, standardErrors: Int = 1, _ replicas: @escaping @Sendable (TableRow<E>) throws -> [Double]
  ) -> Self {
    Self(columns: MeanOfReplicas.columns(column, standardErrors: standardErrors)) { row in
      let found = MeanOfReplicas(try replicas(row), isExact: !E.drawsRandomNumbers(row.parameters))
      return [found.mean, Double(standardErrors) * found.standardError]
    }
  }

  /// The median of an output over the replicas, in the column of its name unless another is given. See
  /// ``median(_:within:stem:_:)`` for the numbers, ``first(_:as:meaning:element:)`` for `element`.
  public static func median(
    _ output: OutputArray, as name: String? = nil, meaning: String? = nil, within quantiles: ClosedRange<Double>? = nil,
    stem: String? = nil, element: @escaping @Sendable (NDArray) -> Double = { $0[] }
  ) -> Self {
    median(Column(output, as: name, meaning: meaning), within: quantiles, stem: stem) {
      $0.perReplica(output, element)
    }
  }

  /// The median of one number for each replica, in the column `x`, and, if asked for, two quantiles around it, such as
  /// `within: 0.25...0.75`: the columns `xLow` and `xHigh`, with another stem for x if they have one. NaN counts for none.
  public static func median(
    _ column: Column, within quantiles: ClosedRange<Double>? = nil, stem: String? = nil,
    _ replicas: @escaping @Sendable (TableRow<E>) throws -> [Double]
  ) -> Self {
    func end(_ suffix: String, _ probability: Double) -> Column {
      Column(
        (stem ?? column.name) + suffix, unit: column.unit,
        meaning: "\(column.meaning), \(percent(probability)) quantile over replicas")
    }
    let middle = Column(column.name, unit: column.unit, meaning: "\(column.meaning), median over replicas")
    let ends = quantiles.map { [end("Low", $0.lowerBound), end("High", $0.upperBound)] } ?? []
    let probabilities = [0.5] + (quantiles.map { [$0.lowerBound, $0.upperBound] } ?? [])
    return Self(columns: [middle] + ends) { row in
      let numbers = try replicas(row).filter { !$0.isNaN }
      return probabilities.map { Statistics.quantile(numbers, $0) }
    }
  }

  /// The share of replicas for which an output is 1 and not 0, and its Clopper–Pearson interval, outside of which the
  /// probability lies with a chance of at most `tail` on either side: the given column and `low` and `high`.
  ///
  /// Replicas that failed may have been 1 or 0: the interval allows for both. Throws ``EvidenceError`` for other numbers.
  public static func share(_ output: OutputArray, as column: Column, tail: Double) -> Self {
    func end(_ name: String, _ word: String) -> Column {
      Column(name, meaning: "\(word) end of its \(percent(1 - 2 * tail)) interval")
    }
    return Self(columns: [column, end("low", "lower"), end("high", "upper")]) { row in
      let flags = row[output]
      guard flags.allSatisfy({ $0 == 0 || $0 == 1 }) else {
        throw EvidenceError("\(output.name) is not 0 or 1 everywhere, so it has no share")
      }
      let share = Estimate.proportion(
        successes: flags.count { $0 == 1 }, trials: flags.count, undetermined: row.point.failedReplicas.count)
      let interval = share.interval(tail: tail)
      return [share.value, interval.low, interval.high]
    }
  }

  /// Several columns as one: those that tables share.
  public static func all(_ parts: [Self]) -> Self {
    Self(columns: parts.flatMap(\.columns)) { row in try parts.flatMap { try $0.numbers(row) } }
  }
}

/// Mean and standard error over replicas as tables show them: of the numbers among some values; NaN where there are too few.
struct MeanOfReplicas {
  let mean: Double
  let standardError: Double

  /// `isExact`: the values are a calculation without chance, whose error is 0.
  init(_ values: [Double], isExact: Bool = false) {
    let numbers = values.filter { !$0.isNaN }
    mean = Statistics.mean(numbers)
    standardError =
      numbers.count > 1 ? Statistics.standardError(numbers) : isExact && !numbers.isEmpty ? 0 : .nan
  }

  /// The columns of a mean and its error.
  static func columns(_ column: Column, standardErrors: Int = 1) -> [Column] {
    let factor = standardErrors == 1 ? "" : "\(standardErrors) times the "
    return [
      Column(column.name, unit: column.unit, meaning: "\(column.meaning), mean over replicas"),
      Column(
        "\(column.name)Error", unit: column.unit, meaning: "\(column.meaning), \(factor)standard error of the mean"),
    ]
  }
}

extension Column {
  /// The column of an output, with its unit.
  init(_ output: OutputArray, as name: String? = nil, meaning: String? = nil) {
    self.init(name ?? output.name, unit: output.unit, meaning: meaning ?? output.meaning)
  }
}

/// "25 %".
private func percent(_ share: Double) -> String { "\(Int((100 * share).rounded())) %" }

extension TableDefinition {
  /// Declares a table of one experiment by columns that carry their numbers.
  ///
  /// It has a row for each sweep point, in the order of pipeline.yaml or, with `sortedBy`, of one or more numbers; with
  /// `eachReplica` one for each replica of a point; and with `along` one for each place on the axes of these scales, the last
  /// of which runs fastest. `where` says which of the rows are shown. Checked: column names are unique.
  ///
  /// ```swift
  /// TableDefinition(
  ///   "smith2027/loss", of: Descent.self, along: Descent.time,
  ///   columns: [
  ///     .parameter(Column("width", meaning: "width k"), \.studentWidth), .place(Descent.time), .mean(Descent.loss),
  ///   ])
  /// ```
  public init<E: Experiment>(
    _ name: String, of experiment: E.Type, eachReplica: Bool = false, along axes: OutputArray...,
    sortedBy key: (@Sendable (E.Parameters) -> [Double])? = nil,
    where isShown: @escaping @Sendable (TableRow<E>) throws -> Bool = { _ in true }, columns: [Columns<E>]
  ) {
    let all = Columns.all(columns)
    precondition(Set(all.columns.map(\.name)).count == all.columns.count, "\(name) has two columns of one name")
    self.init(name, from: [experiment], columns: all.columns) { results in
      var points = try results.points(of: E.self)
      if let key { points.sort { key($0.parameters).lexicographicallyPrecedes(key($1.parameters)) } }
      if eachReplica { points = points.flatMap { point in point.replicas.map { point.keeping([$0]) } } }
      return try points.flatMap { try TableRow.rows($0, along: axes).filter(isShown).map(all.numbers) }
    }
  }
}
