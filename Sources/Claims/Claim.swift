package import NumericalMethods
package import PaperKit
package import Pipeline

/// A statement of a paper with the interval that its number must lie in, from `claims:` in figures/<paper>.yaml.
package struct Claim: Sendable {
  /// Whose statement it is.
  package enum Kind: String, Sendable, CaseIterable {
    /// The paper makes it.
    case published
    /// An exact or heuristic consequence, ours.
    case derived
    /// Something seen that goes beyond the paper or qualifies it.
    case observation
  }

  /// `paper/name`.
  package let id: String
  package let statement: Prose
  package let source: Prose
  package let kind: Kind
  package let estimator: Estimator
  package let evidence: Evidence
  package let accepted: Interval
  /// Why this interval: statistical error plus finite-size bias.
  package let because: Prose
  package let expected: Verdict
  /// Names of the deliberate mistakes that must change its verdict.
  package let kills: [String]
  /// Mutants, synthetic or deliberate mistakes, that cannot change its verdict: why, by name.
  package let immunities: [String: String]
  package let location: SourceLocation
}

/// Reads `claims:` of one figure file.
package struct ClaimFile {
  private let paper: String
  private let file: PipelineFile
  private let profile: String
  private let catalogue: Catalogue
  private let diagnostics: Diagnostics
  static let keys = [
    "statement", "source", "kind", "estimate", "from", "where", "accept", "because", "expect", "kills", "immune",
    "profiles", "only",
  ]
  static let profileKeys = ["accept", "because", "expect", "from", "where"]

  package init(
    paper: String, pipeline: PipelineFile, profile: String, catalogue: Catalogue, diagnostics: Diagnostics
  ) {
    self.paper = paper
    self.file = pipeline
    self.profile = profile
    self.catalogue = catalogue
    self.diagnostics = diagnostics
  }

  /// The claims that the profile evaluates; mistakes are reported.
  package func claims(_ value: YAMLValue) -> [Claim] {
    Self.entries(value.mapping("claims", in: "")).compactMap { claim($0.key, $0.value, $0.location) }
  }

  /// Each claim by its name, those with facets filled in.
  private static func entries(_ mapping: YAMLMapping?) -> [YAMLMapping.Entry] {
    Facets().expanded(mapping?.entries ?? []) { "claim '\($0)'" }
  }

  /// The accepted intervals in the text of a figure file, such as an older one, by claim. Claims that cannot be read are
  /// left out.
  package static func acceptedIntervals(in text: String, file: String, paper: String, profile: String) throws
    -> [String: Interval]
  {
    let document = try YAMLValue.document(text, file: file, diagnostics: Diagnostics())
    var intervals: [String: Interval] = [:]
    for entry in entries(document.mapping("file", in: "")?["claims"]?.mapping("claims", in: "")) {
      let claim = entry.value.mapping("claim", in: "")
      let only = claim?["only"]?.texts("only", in: "")
      let override = claim?["profiles"]?.mapping("profiles", in: "")?[profile]?.mapping("profile", in: "")
      guard only?.contains(profile) ?? true,
        let (low, high) = (override?["accept"] ?? claim?["accept"])?.pair("accept", in: ""), low <= high
      else { continue }
      intervals["\(paper)/\(entry.key)"] = Interval(low, high)
    }
    return intervals
  }

  private func claim(_ name: String, _ value: YAMLValue, _ location: SourceLocation) -> Claim? {
    let context = "claim '\(name)'"
    guard PipelineFile.isName(name), !name.contains("/") else {
      diagnostics.report(.badName(kind: "claim", name: name), at: location, in: "")
      return nil
    }
    guard let mapping = value.mapping("claim", allowing: Self.keys, in: context) else { return nil }
    func prose(_ key: String) -> Prose? { mapping.required(key, in: context)?.prose(key, in: context) }
    let statement = prose("statement")
    let source = prose("source")
    let because = prose("because")
    let kind = mapping.required("kind", in: context)?.word("kind", as: Claim.Kind.self, in: context)
    let named = namedEstimator(mapping["estimate"], context)
    let only = mapping["only"].map { profiles($0, context) } ?? file.profiles
    let overrides = overrides(mapping, context)
    let override = overrides.first { $0.profile == profile }?.value
    // What other profiles say is read too, for its mistakes.
    let stages = mapping.required("from", in: context)
    let sources = ([override, mapping] + overrides.map(\.value)).compactMap { $0 }.map { source in
      (stages: source["from"] ?? stages, conditions: source["where"] ?? mapping["where"])
    }
    let evidence = evidence(sources, named, checksPoints: only.contains(profile), context)
    let estimator =
      named ?? standardEstimator(mapping, only.contains(profile) ? evidence : nil, context)
    let verdicts = [override?["expect"], mapping["expect"]].compactMap { $0 }
      .map { $0.word("expect", as: Verdict.self, in: context) }
    let expected = verdicts.first ?? .confirmed
    let acceptance = override?["accept"] == nil ? mapping.required("accept", in: context) : mapping["accept"]
    let accepted = [override?["accept"], acceptance].compactMap { $0 }.map { interval($0, context) }.first ?? nil
    let kills = evidence.map { self.kills(mapping["kills"], $0, context) } ?? []
    let immunities = evidence.map { self.immunities(mapping["immune"], $0, context) } ?? [:]
    guard let statement, let source, let because, let kind, let expected, let estimator, let evidence, let accepted,
      only.contains(profile)
    else { return nil }
    return Claim(
      id: "\(paper)/\(name)", statement: statement, source: source, kind: kind, estimator: estimator,
      evidence: evidence, accepted: accepted,
      because: override?["because"]?.prose("because", in: context) ?? because, expected: expected, kills: kills,
      immunities: immunities, location: location)
  }

  /// The mistakes that the claim says it notices: its evidence must be able to make them.
  private func kills(_ value: YAMLValue?, _ evidence: Evidence, _ context: String) -> [String] {
    let names = value?.texts("kills", in: context) ?? []
    let known = file.mutants(of: evidence).map(\.name)
    for name in names where !known.contains(name) {
      value?.report(.unknownName(kind: "mutant", name: name, known: known), in: context)
    }
    return names
  }

  private func immunities(_ value: YAMLValue?, _ evidence: Evidence, _ context: String) -> [String: String] {
    let known = SyntheticMutant.allCases.filter(\.isDeadly).map(\.rawValue) + file.mutants(of: evidence).map(\.name)
    var reasons: [String: String] = [:]
    for entry in value?.mapping("immune", in: context)?.entries ?? [] {
      if !known.contains(entry.key) {
        entry.value.report(.unknownName(kind: "mutant", name: entry.key, known: known), in: context)
      }
      reasons[entry.key] = entry.value.text(entry.key, in: context)
    }
    return reasons
  }

  private func standardEstimator(_ mapping: YAMLMapping, _ evidence: Evidence?, _ context: String) -> Estimator? {
    guard let value = mapping.required("estimate", in: context), case .mapping = value.content else { return nil }
    return EstimateReader(
      mapping["from"], evidence: evidence, pipeline: file, catalogue: catalogue, context: context
    ).estimator(value)
  }

  private func namedEstimator(_ value: YAMLValue?, _ context: String) -> Estimator? {
    guard let value else { return nil }
    if case .mapping = value.content { return nil }
    guard let name = value.text("estimate", in: context) else { return nil }
    if let estimator = catalogue.estimators[name] { return estimator }
    value.report(
      EstimateReader.kinds.contains(name)
        ? .message("say what '\(name)' is taken of: estimate: {\(name): …}, as in docs/yaml.md")
        : .unknownName(kind: "estimator", name: name, known: catalogue.estimatorNames(for: name)), in: context)
    return nil
  }

  /// The evidence of the first of some stages with their conditions; the others are those of other profiles, read for their
  /// mistakes.
  private func evidence(
    _ sources: [(stages: YAMLValue?, conditions: YAMLValue?)], _ estimator: Estimator?, checksPoints: Bool,
    _ context: String
  ) -> Evidence? {
    func read(_ source: (stages: YAMLValue?, conditions: YAMLValue?), checksPoints: Bool) -> Evidence? {
      source.stages.flatMap {
        Evidence.read(
          from: $0, where: source.conditions, experiments: estimator?.experiments, pipeline: file,
          checksPoints: checksPoints, in: context)
      }
    }
    for other in sources.dropFirst() { _ = read(other, checksPoints: false) }
    return sources.first.flatMap { read($0, checksPoints: checksPoints) }
  }

  /// What profiles say in place of the claim, all of it read for its mistakes.
  private func overrides(_ mapping: YAMLMapping, _ context: String) -> [(profile: String, value: YAMLMapping)] {
    let entries = mapping["profiles"]?.mapping("profiles", allowing: file.profiles, in: context)?.entries ?? []
    return entries.compactMap { entry in
      guard let override = entry.value.mapping("profile", allowing: Self.profileKeys, in: context) else { return nil }
      _ = override["accept"].map { interval($0, context) }
      _ = override["expect"].map { $0.word("expect", as: Verdict.self, in: context) }
      _ = override["because"].map { $0.prose("because", in: context) }
      return (entry.key, override)
    }
  }

  private func profiles(_ value: YAMLValue, _ context: String) -> [String] {
    let names = value.names("only", in: context) ?? []
    for name in names where !file.profiles.contains(name) {
      value.report(.unknownName(kind: "profile", name: name, known: file.profiles), in: context)
    }
    return names
  }

  private func interval(_ value: YAMLValue?, _ context: String) -> Interval? {
    guard let value, let (low, high) = value.pair("accept", in: context) else { return nil }
    guard low <= high else {
      value.report(.invertedInterval(low: low, high: high), in: context)
      return nil
    }
    return Interval(low, high)
  }
}
