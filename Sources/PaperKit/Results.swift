public import NumericalMethods

/// What some stages produced: one entry per sweep point, replicas stacked. The only thing tables and estimators see.
public struct Results: Sendable {
  /// One sweep point of one experiment.
  public struct Point: Sendable {
    /// Name of the experiment.
    public let experiment: String
    /// All parameters, defaults filled in.
    public let parameters: [String: ParameterValue]
    /// Numbers of the replicas whose results are here, ascending: the leading axis of every array but coordinates.
    public let replicas: [Int]
    /// Numbers of the replicas that failed and are missing here, ascending.
    public let failedReplicas: [Int]
    /// The arrays by output name: shape [replica] + axes; a coordinate's shape is [its axis].
    public let arrays: [String: NDArray]

    /// A point from its parts.
    public init(
      experiment: String, parameters: [String: ParameterValue], replicas: [Int], failedReplicas: [Int] = [],
      arrays: [String: NDArray]
    ) {
      self.experiment = experiment
      self.parameters = parameters
      self.replicas = replicas
      self.failedReplicas = failedReplicas
      self.arrays = arrays
    }

    /// Number of replicas whose results are here.
    public var replicaCount: Int { replicas.count }

    /// The point with some of its replicas alone, which it must have, in the given order. `scales` are its arrays without
    /// an axis for replicas.
    package func keeping(_ kept: [Int], scales: Set<String>) -> Self {
      guard kept != replicas || !failedReplicas.isEmpty else { return self }
      let position = Dictionary(uniqueKeysWithValues: replicas.enumerated().map { ($1, $0) })
      let rows = kept.compactMap { position[$0] }
      let arrays = arrays.reduce(into: self.arrays) { arrays, entry in
        if !scales.contains(entry.key) { arrays[entry.key] = entry.value.rows(rows) }
      }
      return Self(experiment: experiment, parameters: parameters, replicas: kept, arrays: arrays)
    }
  }

  /// The sweep points, in the order of pipeline.yaml.
  public let points: [Point]

  /// Results from sweep points.
  public init(points: [Point]) { self.points = points }

  /// The points of one experiment, with its parameters in their Swift type. Points whose replicas all failed are left
  /// out.
  public func points<E: Experiment>(of experiment: E.Type) throws -> [ExperimentPoint<E>] {
    try points.filter { $0.experiment == E.name && $0.replicaCount > 0 }.map(ExperimentPoint.init)
  }

  /// The points of one experiment, at least one. Throws ``EvidenceError`` where there is none.
  public func somePoints<E: Experiment>(of experiment: E.Type) throws -> [ExperimentPoint<E>] {
    let points = try points(of: experiment)
    guard !points.isEmpty else { throw EvidenceError("needs sweep points of \(E.name), found none") }
    return points
  }

  /// The only point of one experiment, or of those that are meant. Throws ``EvidenceError`` when there are none or several.
  public func point<E: Experiment>(
    of experiment: E.Type, where isMeant: (E.Parameters) -> Bool = { _ in true }
  ) throws -> ExperimentPoint<E> {
    let found = try points(of: experiment).filter { isMeant($0.parameters) }
    guard let point = found.first, found.count == 1 else {
      throw EvidenceError("needs exactly one sweep point of \(E.name), found \(found.count)")
    }
    return point
  }

  /// The points of one experiment in ascending order of a number, of which there must be two values at least: to compare its
  /// ends. Throws ``EvidenceError`` otherwise.
  public func points<E: Experiment>(
    of experiment: E.Type, ascending key: (E.Parameters) -> some Comparable
  ) throws -> [ExperimentPoint<E>] {
    let points = try points(of: experiment).sorted { key($0.parameters) < key($1.parameters) }
    guard let first = points.first, let last = points.last, key(first.parameters) < key(last.parameters) else {
      throw EvidenceError("needs two different sweep points of \(E.name) at least, found \(points.count)")
    }
    return points
  }

  /// The only two points of one experiment, that with the lesser number first. Throws ``EvidenceError`` unless there are two
  /// and the numbers differ.
  public func pair<E: Experiment>(
    of experiment: E.Type, ascending key: (E.Parameters) -> some Comparable
  ) throws -> (ExperimentPoint<E>, ExperimentPoint<E>) {
    let points = try points(of: experiment, ascending: key)
    guard points.count == 2 else {
      throw EvidenceError("needs two sweep points of \(E.name), found \(points.count)")
    }
    return (points[0], points[1])
  }

  /// Number of replicas that failed, over all points.
  public var failedReplicaCount: Int { points.reduce(0) { $0 + $1.failedReplicas.count } }

  /// Number of replicas that were asked for, over all points.
  public var plannedReplicaCount: Int { points.reduce(0) { $0 + $1.replicas.count + $1.failedReplicas.count } }
}

/// One sweep point of a known experiment.
public struct ExperimentPoint<E: Experiment>: Sendable {
  /// The parameters of this point.
  public let parameters: E.Parameters
  /// Numbers of the replicas in the arrays, ascending.
  public let replicas: [Int]
  /// Numbers of the replicas that failed, ascending.
  public let failedReplicas: [Int]
  private let arrays: [String: NDArray]

  init(_ point: Results.Point) throws {
    parameters = try E.Parameters(values: point.parameters)
    replicas = point.replicas
    failedReplicas = point.failedReplicas
    arrays = point.arrays
  }

  private init(_ point: Self, replicas: [Int], arrays: [String: NDArray]) {
    parameters = point.parameters
    self.replicas = replicas
    failedReplicas = point.failedReplicas
    self.arrays = arrays
  }

  /// Number of replicas in the arrays.
  public var replicaCount: Int { replicas.count }

  /// An output of all replicas: shape [replica] + axes; a coordinate: shape [its axis]. Checked: the experiment must
  /// have declared it.
  public subscript(_ output: OutputArray) -> NDArray {
    guard let array = arrays[output.name] else { preconditionFailure("\(E.name) has no output '\(output.name)'") }
    return array
  }

  /// One number for each replica, from its part of an output: shape axes.
  public func perReplica(_ output: OutputArray, _ measure: (NDArray) throws -> Double) rethrows -> [Double] {
    let array = self[output]
    return try (0..<replicaCount).map { try measure(array.slice($0)) }
  }

  /// The index at which a coordinate has a value, but for rounding (1e-12 of it). Throws ``EvidenceError`` that says what
  /// there is.
  public func index(of value: Double, in coordinate: OutputArray) throws -> Int {
    try index(nearestTo: value, in: coordinate, within: 1e-12)
  }

  /// The index at which a coordinate is nearest to a value, for grids that need not hold the value itself. Throws
  /// ``EvidenceError`` if even that is further off than `tolerance`, relative to the greater of the two.
  public func index(nearestTo value: Double, in coordinate: OutputArray, within tolerance: Double) throws -> Int {
    let values = self[coordinate].values
    guard let index = values.indices.min(by: { abs(values[$0] - value) < abs(values[$1] - value) }) else {
      throw EvidenceError("\(E.name) has no \(coordinate.name) at all, so none of \(value)")
    }
    guard abs(values[index] - value) <= tolerance * max(abs(values[index]), abs(value)) else {
      throw EvidenceError(
        "needs \(coordinate.name) \(value); the \(values.count) of \(E.name) go from \(values.least()) to "
          + "\(values.greatest()), nearest \(values[index])")
    }
    return index
  }

  /// The indices at which a coordinate lies in a range, ascending, for what is measured over a window. Throws
  /// ``EvidenceError`` unless the grid reaches both of its ends, but for rounding, and has two places in it: a window cut
  /// short would be another one.
  public func indices(of coordinate: OutputArray, in range: ClosedRange<Double>) throws -> [Int] {
    let values = self[coordinate].values
    let used = values.indices.filter { range.contains(values[$0]) }
    let slack = 1e-12 * max(abs(range.lowerBound), abs(range.upperBound))
    guard let least = values.min(), let greatest = values.max(), least <= range.lowerBound + slack,
      greatest >= range.upperBound - slack, used.count > 1
    else {
      throw EvidenceError(
        "needs \(coordinate.name) from \(range.lowerBound) to \(range.upperBound); the \(values.count) of \(E.name) go "
          + "from \(values.least()) to \(values.greatest()), \(used.count) of them between")
    }
    return used
  }

  /// An output with one axis of all replicas where that axis's coordinate has a value. Throws as ``index(of:in:)`` does.
  public func values(of output: OutputArray, at value: Double, in coordinate: OutputArray) throws -> [Double] {
    self[output].column(try index(of: value, in: coordinate))
  }

  /// Replica by replica one output that is a single number over another.
  public func ratios(_ numerator: OutputArray, over denominator: OutputArray) -> [Double] {
    zip(self[numerator].values, self[denominator].values).map { $0 / $1 }
  }

  /// Replica by replica an output with one axis at one index on it over the same at another.
  public func ratios(_ output: OutputArray, at index: Int, over other: Int) -> [Double] {
    zip(self[output].column(index), self[output].column(other)).map { $0 / $1 }
  }

  /// Replica by replica the slope of ln y against ln x between two indices, of an output y with x as the scale of its only
  /// axis.
  public func logSlopes(of y: OutputArray, over x: OutputArray, from first: Int, to last: Int) -> [Double] {
    let range = Double.logarithm(self[x][last] / self[x][first])
    return ratios(y, at: last, over: first).map { .logarithm($0) / range }
  }

  /// Replica by replica one output that is a single number less another.
  public func differences(_ output: OutputArray, from other: OutputArray) -> [Double] {
    zip(self[output].values, self[other].values).map { $0 - $1 }
  }

  /// The replicas for which an output that is 0 or 1 is 1.
  public func count(_ flag: OutputArray) -> Int { self[flag].values.count { $0 > 0.5 } }

  /// Throws ``EvidenceError`` where a replica failed: for fits to counts, which a missing trial would shift either way.
  public func requireAllReplicas() throws {
    guard failedReplicas.isEmpty else {
      throw EvidenceError(
        "\(failedReplicas.count) of \(replicas.count + failedReplicas.count) replicas failed at a point of \(E.name), "
          + "and a fit to shares needs every one")
    }
  }

  /// The same point with some of its replicas alone, which it must have, in the given order.
  func keeping(_ kept: [Int]) -> Self {
    guard kept != replicas else { return self }
    let position = Dictionary(uniqueKeysWithValues: replicas.enumerated().map { ($1, $0) })
    let rows = kept.compactMap { position[$0] }
    // An axis has a scale, its indices if the experiment gives none; scales are the same for every replica.
    let scales = Set(E.outputs.flatMap(\.axes))
    let arrays = arrays.reduce(into: self.arrays) { arrays, entry in
      if !scales.contains(entry.key) { arrays[entry.key] = entry.value.rows(rows) }
    }
    return Self(self, replicas: kept, arrays: arrays)
  }
}

extension NDArray {
  /// For stacked outputs [replica] + axes: the values of all replicas at one place on the axes. Checked.
  public func column(_ place: Int...) -> [Double] { column(at: place) }

  /// The same at the last place on the last axis; `place` is that on the axes before. Checked.
  public func lastColumn(_ place: Int...) -> [Double] { column(at: place + [shape[rank - 1] - 1]) }

  private func column(at place: [Int]) -> [Double] {
    let axes = shape.dropFirst()
    precondition(
      place.count == axes.count && zip(place, axes).allSatisfy { (0..<$1).contains($0) }, "\(place) outside \(axes)")
    let (offset, stride) = (zip(place, axes).reduce(0) { $0 * $1.1 + $1.0 }, axes.reduce(1, *))
    return (0..<shape[0]).map { values[$0 * stride + offset] }
  }

  /// For stacked outputs [replica, index]: the values of one replica.
  public func row(_ replica: Int) -> [Double] { slice(replica).values }

  /// Some elements of the first axis, in the given order. Checked.
  func rows(_ indices: [Int]) -> NDArray {
    NDArray(shape: [indices.count] + shape.dropFirst(), values: indices.flatMap { slice($0).values })
  }
}

/// Results that a table or an estimator cannot work with: why, in words.
public struct EvidenceError: Error, Equatable, Sendable, CustomStringConvertible {
  /// The reason.
  public let description: String

  /// An error with its reason.
  public init(_ reason: String) { description = reason }
}
