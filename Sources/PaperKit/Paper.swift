/// How a claim's number is measured: a pure function from results to an estimate, with a name that
/// figures/<paper>.yaml refers to.
public struct Estimator: Sendable {
  /// `paper/kebab-name`.
  public let name: String
  /// What is estimated, one phrase.
  public let meaning: String
  /// Names of the experiments whose sweep points it reads.
  public let experiments: [String]
  /// Where it is declared: `#fileID`, and the line; nil of an estimate that is written in YAML.
  public let source: (file: String, line: Int)?
  /// The estimate. Throws ``EvidenceError`` where the results do not suffice.
  public let estimate: @Sendable (Results) throws -> Estimate

  /// Declares an estimator.
  public init(
    _ name: String, from experiments: [any Experiment.Type], meaning: String, file: String = #fileID, line: Int = #line,
    estimate: @escaping @Sendable (Results) throws -> Estimate
  ) {
    self.init(
      name, fromExperiments: experiments.map { $0.name }, meaning: meaning, source: (file, line), estimate: estimate)
  }

  /// Declares an estimator of experiments that are known by name.
  public init(
    _ name: String, fromExperiments experiments: [String], meaning: String, source: (file: String, line: Int)? = nil,
    estimate: @escaping @Sendable (Results) throws -> Estimate
  ) {
    self.name = name
    self.experiments = experiments
    self.meaning = meaning
    self.source = source
    self.estimate = estimate
  }
}

/// A paper: what was published, and the experiments, tables and estimators that reproduce it.
public struct Paper: Sendable {
  /// `surnameYear`.
  public let key: String
  /// Authors, title, venue, year and identifier, as one would cite it.
  public let citation: String
  /// The experiments.
  public let experiments: [any Experiment.Type]
  /// The tables that figures draw.
  public let tables: [TableDefinition]
  /// The estimators that claims refer to.
  public let estimators: [Estimator]

  /// Declares a paper.
  public init(
    key: String, citation: String, experiments: [any Experiment.Type], tables: [TableDefinition],
    estimators: [Estimator]
  ) {
    self.key = key
    self.citation = citation
    self.experiments = experiments
    self.tables = tables
    self.estimators = estimators
  }
}
