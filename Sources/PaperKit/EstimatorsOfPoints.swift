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
      return .share(of: try hasIt(point), undetermined: point.failedReplicas.count)
    }
  }

  /// The same of all sweep points together; `hasIt` says it of each replica that counts, one of them at least.
  public static func pooledShare<E: Experiment>(
    _ name: String, of experiment: E.Type, meaning: String, file: String = #fileID, line: Int = #line,
    _ hasIt: @escaping @Sendable (ExperimentPoint<E>) throws -> [Bool]
  ) -> Self {
    Self(name, from: [experiment], meaning: meaning, file: file, line: line) { results in
      let flags = try results.points(of: E.self).flatMap(hasIt)
      guard !flags.isEmpty else { throw EvidenceError("no replica of \(E.name) counts") }
      return .share(of: flags, undetermined: results.failedReplicaCount)
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

extension Estimate {
  /// The share of what is true.
  fileprivate static func share(of flags: [Bool], undetermined: Int) -> Estimate {
    .proportion(successes: flags.count { $0 }, trials: flags.count, undetermined: undetermined)
  }
}
