public import NumericalMethods

/// What some stages produced: one entry per sweep point, replicas stacked. The only thing tables and estimators see.
public struct Results: Sendable {
  /// One sweep point of one experiment.
  public struct Point: Sendable {
    /// Name of the experiment.
    public let experiment: String
    /// All parameters, defaults filled in.
    public let parameters: [String: ParameterValue]
    /// Number of replicas whose results are here; the length of the leading axis of every array but coordinates.
    public let replicaCount: Int
    /// Number of replicas that failed and are missing here.
    public let failedReplicaCount: Int
    /// The arrays by output name: shape [replica] + axes; a coordinate's shape is [its axis].
    public let arrays: [String: NDArray]

    /// A point from its parts.
    public init(
      experiment: String, parameters: [String: ParameterValue], replicaCount: Int, failedReplicaCount: Int = 0,
      arrays: [String: NDArray]
    ) {
      self.experiment = experiment
      self.parameters = parameters
      self.replicaCount = replicaCount
      self.failedReplicaCount = failedReplicaCount
      self.arrays = arrays
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

  /// The only point of one experiment. Throws ``EvidenceError`` when there are none or several.
  public func point<E: Experiment>(of experiment: E.Type) throws -> ExperimentPoint<E> {
    let found = try points(of: experiment)
    guard let point = found.first, found.count == 1 else {
      throw EvidenceError("needs exactly one sweep point of \(E.name), found \(found.count)")
    }
    return point
  }

  /// Number of replicas that failed, over all points.
  public var failedReplicaCount: Int { points.reduce(0) { $0 + $1.failedReplicaCount } }

  /// Number of replicas that were asked for, over all points.
  public var plannedReplicaCount: Int { points.reduce(0) { $0 + $1.replicaCount + $1.failedReplicaCount } }
}

/// One sweep point of a known experiment.
public struct ExperimentPoint<E: Experiment>: Sendable {
  /// The parameters of this point.
  public let parameters: E.Parameters
  /// Number of replicas in the arrays.
  public let replicaCount: Int
  private let arrays: [String: NDArray]

  init(_ point: Results.Point) throws {
    parameters = try E.Parameters(values: point.parameters)
    replicaCount = point.replicaCount
    arrays = point.arrays
  }

  /// An output of all replicas: shape [replica] + axes; a coordinate: shape [its axis]. Checked: the experiment must
  /// have declared it.
  public subscript(_ output: OutputArray) -> NDArray {
    guard let array = arrays[output.name] else { preconditionFailure("\(E.name) has no output '\(output.name)'") }
    return array
  }
}

/// Results that a table or an estimator cannot work with: why, in words.
public struct EvidenceError: Error, Equatable, Sendable, CustomStringConvertible {
  /// The reason.
  public let description: String

  /// An error with its reason.
  public init(_ reason: String) { description = reason }
}
