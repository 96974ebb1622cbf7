public import NumericalMethods

/// One sweep point of an experiment that draws no random numbers there, made once: its numbers involve no chance.
///
/// Only the results of such points can be ``Estimate/exact(_:numericalError:from:)``.
public struct Calculation<E: Experiment>: Sendable {
  /// The parameters of this point.
  public let parameters: E.Parameters
  private let point: ExperimentPoint<E>

  /// Throws ``EvidenceError`` where there is chance, or more than one replica.
  init(_ point: ExperimentPoint<E>) throws {
    guard !E.drawsRandomNumbers(point.parameters) else {
      throw EvidenceError("\(E.name) draws random numbers with these parameters, so nothing of it is exact")
    }
    guard point.replicaCount == 1 else {
      throw EvidenceError("\(E.name) is a calculation without chance, but has \(point.replicaCount) replicas")
    }
    parameters = point.parameters
    self.point = point
  }

  /// An output: shape axes, without an axis for replicas. Checked: the experiment must have declared it.
  public subscript(_ output: OutputArray) -> NDArray { output.isCoordinate ? point[output] : point[output].slice(0) }

  /// An output that is a single number. Checked: it must be one.
  public func number(_ output: OutputArray) -> Double { self[output][] }

  /// See ``ExperimentPoint/index(of:in:)``.
  public func index(of value: Double, in coordinate: OutputArray) throws -> Int {
    try point.index(of: value, in: coordinate)
  }

  /// See ``ExperimentPoint/index(nearestTo:in:within:)``.
  public func index(nearestTo value: Double, in coordinate: OutputArray, within tolerance: Double) throws -> Int {
    try point.index(nearestTo: value, in: coordinate, within: tolerance)
  }
}

extension Results {
  /// The points of one experiment as calculations without chance, at least one. Throws ``EvidenceError`` where there is
  /// none, or one that draws random numbers.
  public func calculations<E: Experiment>(of experiment: E.Type) throws -> [Calculation<E>] {
    try somePoints(of: experiment).map(Calculation.init)
  }

  /// The only point of one experiment, or of those that are meant, as a calculation without chance. Throws
  /// ``EvidenceError`` otherwise.
  public func calculation<E: Experiment>(
    of experiment: E.Type, where isMeant: (E.Parameters) -> Bool = { _ in true }
  ) throws -> Calculation<E> {
    try Calculation(point(of: experiment, where: isMeant))
  }
}

extension Estimate {
  /// A number calculated without chance from some results, known up to `numericalError`.
  public static func exact<E: Experiment>(
    _ value: Double, numericalError: Double = 0, from calculations: [Calculation<E>]
  ) -> Estimate {
    precondition(!calculations.isEmpty, "an exact number from no calculation")
    return Estimate(.exact(value, numericalError: numericalError), numericalError: numericalError)
  }

  /// A law that holds for every replica, whatever its random numbers: the greatest deviation among `replicas`, one number
  /// each. NaN if one of them is, or if there is none.
  ///
  /// For theorems and conservation laws, which one replica can refute and more of them try harder; not for a number that
  /// merely happens to be small, which has a law of its own: use a mean, a median or a proportion.
  public static func identity(_ replicas: [Double], numericalError: Double = 0) -> Estimate {
    Estimate(
      .identity(worst: replicas.greatest(), replicaCount: replicas.count, numericalError: numericalError),
      numericalError: numericalError)
  }
}
