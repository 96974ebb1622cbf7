internal import NumericalMethods

// Estimators in one line: the same number of every sweep point, and how the numbers become one estimate.

extension Estimator {
  /// The mean over the replicas of the only sweep point of an experiment; `values` are one number for each replica.
  public static func mean<E: Experiment>(
    _ name: String, of experiment: E.Type, scale: Estimate.Scale = .linear, meaning: String, file: String = #fileID,
    line: Int = #line, _ values: @escaping @Sendable (ExperimentPoint<E>) throws -> [Double]
  ) -> Self {
    Self(name, from: [experiment], meaning: meaning, file: file, line: line) {
      .mean(try values($0.point(of: E.self)), scale: scale)
    }
  }

  /// The median over the replicas of the only sweep point of an experiment; `values` are one number for each replica.
  public static func median<E: Experiment>(
    _ name: String, of experiment: E.Type, meaning: String, file: String = #fileID, line: Int = #line,
    _ values: @escaping @Sendable (ExperimentPoint<E>) throws -> [Double]
  ) -> Self {
    Self(name, from: [experiment], meaning: meaning, file: file, line: line) {
      .median(try values($0.point(of: E.self)))
    }
  }

  /// The share of replicas of the only sweep point of an experiment that have a property; replicas that failed may have it or
  /// not. `hasIt` says it of each replica.
  public static func share<E: Experiment>(
    _ name: String, of experiment: E.Type, meaning: String, file: String = #fileID, line: Int = #line,
    _ hasIt: @escaping @Sendable (ExperimentPoint<E>) throws -> [Bool]
  ) -> Self {
    Self(name, from: [experiment], meaning: meaning, file: file, line: line) { results in
      let point = try results.point(of: E.self)
      return .proportion(
        successes: try hasIt(point).count { $0 }, trials: point.replicaCount, undetermined: point.failedReplicas.count)
    }
  }

  /// The greatest of one estimate for each sweep point of an experiment. Throws ``EvidenceError`` where there is no point.
  public static func greatest<E: Experiment>(
    _ name: String, of experiment: E.Type, meaning: String, file: String = #fileID, line: Int = #line,
    _ estimate: @escaping @Sendable (ExperimentPoint<E>) throws -> Estimate
  ) -> Self {
    Self(name, from: [experiment], meaning: meaning, file: file, line: line) {
      .greatest(try $0.somePoints(of: E.self).map(estimate))
    }
  }

  /// A law that holds for every replica of every sweep point of an experiment, ``Estimate/identity(_:numericalError:)``;
  /// `deviations` are those at one point. Throws ``EvidenceError`` where there is no point.
  public static func identity<E: Experiment>(
    _ name: String, of experiment: E.Type, meaning: String, file: String = #fileID, line: Int = #line,
    _ deviations: @escaping @Sendable (ExperimentPoint<E>) throws -> [Double]
  ) -> Self {
    Self(name, from: [experiment], meaning: meaning, file: file, line: line) {
      .identity(try $0.somePoints(of: E.self).flatMap(deviations))
    }
  }

  /// A number of the only sweep point of an experiment, calculated there without chance and known up to `numericalError`.
  public static func exact<E: Experiment>(
    _ name: String, of experiment: E.Type, numericalError: Double = 0, meaning: String, file: String = #fileID,
    line: Int = #line, _ number: @escaping @Sendable (Calculation<E>) throws -> Double
  ) -> Self {
    Self(name, from: [experiment], meaning: meaning, file: file, line: line) { results in
      let point = try results.calculation(of: E.self)
      return .exact(try number(point), numericalError: numericalError, from: [point])
    }
  }

  /// The greatest of one number for each sweep point of an experiment, calculated without chance and known up to
  /// `numericalError`; NaN if one of them is. Throws ``EvidenceError`` where there is no point.
  public static func greatestExact<E: Experiment>(
    _ name: String, of experiment: E.Type, numericalError: Double = 0, meaning: String, file: String = #fileID,
    line: Int = #line, _ number: @escaping @Sendable (Calculation<E>) throws -> Double
  ) -> Self {
    Self(name, from: [experiment], meaning: meaning, file: file, line: line) { results in
      let points = try results.calculations(of: E.self)
      return .exact(try points.map(number).greatest(), numericalError: numericalError, from: points)
    }
  }
}

extension Results {
  /// The points of one experiment, at least one. Throws ``EvidenceError`` where there is none.
  public func somePoints<E: Experiment>(of experiment: E.Type) throws -> [ExperimentPoint<E>] {
    let points = try points(of: experiment)
    guard !points.isEmpty else { throw EvidenceError("needs sweep points of \(E.name), found none") }
    return points
  }
}

extension ExperimentPoint {
  /// Replica by replica one output that is a single number over another.
  public func ratios(_ numerator: OutputArray, over denominator: OutputArray) -> [Double] {
    zip(self[numerator].values, self[denominator].values).map { $0 / $1 }
  }
}
