internal import NumericalMethods

/// Tables that every experiment has, so that its figures need no code: the parameters that are numbers, and mean and
/// standard error over the replicas of every output.
public enum AutomaticTable {
  /// The tables of an experiment: one of its outputs that are single numbers, named like the experiment, with a row for
  /// each sweep point; and for each axis that an output has alone, named `experiment/axis`, a row for each of its places.
  ///
  /// An output `x` has the columns `x` and `xError`. `parameters` are the defaults. NaN counts for neither.
  public static func tables(
    of experiment: String, parameters: [String: ParameterValue], outputs: [OutputArray]
  ) -> [TableDefinition] {
    let names = parameters.filter { $0.value.number != nil }.keys.sorted()
    let own = names.map { Column($0, meaning: "parameter \($0)") }
    let numbers = outputs.filter(\.axes.isEmpty)
    var tables: [TableDefinition] = []
    if !numbers.isEmpty {
      tables.append(
        TableDefinition(
          experiment, fromExperiments: [experiment],
          columns: own + [Column("replicas", meaning: "number of replicas")] + numbers.flatMap(columns)
        ) { results in
          results.points.map { point in
            parameterValues(names, point) + [Double(point.replicaCount)]
              + numbers.flatMap { statistics(point.arrays[$0.name]?.values ?? []) }
          }
        })
    }
    let axes = outputs.filter { $0.axes.count == 1 }.map { $0.axes[0] }
    for axis in Set(axes).sorted() {
      let arrays = outputs.filter { $0.axes == [axis] && !$0.isCoordinate }
      guard !arrays.isEmpty else { continue }
      let scale = outputs.first { $0.isCoordinate && $0.name == axis }
      let place = Column(axis, unit: scale?.unit ?? "1", meaning: scale?.meaning ?? "index")
      tables.append(
        TableDefinition(
          "\(experiment)/\(axis)", fromExperiments: [experiment],
          columns: own.filter { $0.name != axis } + [place] + arrays.flatMap(columns)
        ) { results in
          results.points.flatMap { point in rows(point, names.filter { $0 != axis }, axis, arrays) }
        })
    }
    return tables
  }

  private static func columns(_ output: OutputArray) -> [Column] { MeanOfReplicas.columns(Column(output)) }

  private static func parameterValues(_ names: [String], _ point: Results.Point) -> [Double] {
    names.map { point.parameters[$0]?.number ?? .nan }
  }

  private static func rows(
    _ point: Results.Point, _ names: [String], _ axis: String, _ outputs: [OutputArray]
  ) -> [[Double]] {
    guard let length = outputs.lazy.compactMap({ point.arrays[$0.name]?.shape[1] }).first else { return [] }
    let scale = point.arrays[axis]?.values ?? (0..<length).map(Double.init)
    return (0..<length).map { index in
      parameterValues(names, point) + [scale[index]]
        + outputs.flatMap { statistics(point.arrays[$0.name]?.column(index) ?? []) }
    }
  }

  private static func statistics(_ values: [Double]) -> [Double] {
    let found = MeanOfReplicas(values)
    return [found.mean, found.standardError]
  }
}
