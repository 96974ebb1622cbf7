package import PaperKit

/// Which sweep points a table or an estimator reads: stages, narrowed by values of parameters.
package struct Evidence: Sendable, Hashable {
  package let stages: [String]
  /// Allowed values by parameter name; empty: no condition.
  package let conditions: [String: [ParameterValue]]

  package init(stages: [String], conditions: [String: [ParameterValue]] = [:]) {
    self.stages = stages
    self.conditions = conditions
  }

  /// Whether a point fulfils the conditions; whole numbers equal reals of the same value.
  package func accepts(_ parameters: [String: ParameterValue]) -> Bool {
    conditions.allSatisfy { name, allowed in
      guard let value = parameters[name] else { return false }
      return allowed.contains { $0 == value || $0.number != nil && $0.number == value.number }
    }
  }
}

extension PipelineFile {
  /// The deliberate mistakes that the experiments behind some evidence can make, each once.
  package func mutants(of evidence: Evidence) -> [Mutant] {
    var found: [Mutant] = []
    var seen: Set<String> = []
    func collect(_ id: String) {
      guard seen.insert(id).inserted, let stage = stages.first(where: { $0.id == id }) else { return }
      found += stage.experiment.mutants.filter { mutant in !found.contains { $0.name == mutant.name } }
      for input in stage.inputs { collect(input.stage) }
    }
    for id in evidence.stages { collect(id) }
    return found
  }
}

extension Evidence {
  /// Reads `from:` and `where:`: the stages must exist and run one of the experiments, the conditions must name their
  /// parameters. Nil with reports otherwise.
  package static func read(
    from value: YAMLValue, where conditions: YAMLValue?, experiments: [any Experiment.Type]?, pipeline: PipelineFile,
    in context: String
  ) -> Evidence? {
    guard let ids = value.texts("from", in: context) else { return nil }
    let before = value.diagnostics.found.count
    var parameters: Set<String> = []
    for id in ids {
      guard let stage = pipeline.stages.first(where: { $0.id == id }) else {
        // A stage with mistakes has been told of already; it is only unknown if the file does not name it.
        if pipeline.stageNames.contains(id) { return nil }
        value.report(.unknownName(kind: "stage", name: id, known: pipeline.stageNames), in: context)
        continue
      }
      parameters.formUnion(stage.base.keys)
      if let experiments, !experiments.contains(where: { $0.name == stage.experiment.name }) {
        let wanted = experiments.map { $0.name }.joined(separator: ", ")
        value.report(
          .message("stage '\(id)' runs \(stage.experiment.name), but this needs results of \(wanted)"), in: context)
      }
    }
    var allowed: [String: [ParameterValue]] = [:]
    for entry in conditions?.mapping("where", in: context)?.entries ?? [] {
      if !parameters.isEmpty, !parameters.contains(entry.key) {
        value.diagnostics.report(
          .unknownName(kind: "parameter", name: entry.key, known: parameters.sorted()), at: entry.location, in: context)
      }
      allowed[entry.key] = entry.value.listOrSingle.compactMap { $0.plainValue(entry.key, in: context) }
    }
    return value.diagnostics.found.count == before ? Evidence(stages: ids, conditions: allowed) : nil
  }
}

extension YAMLValue {
  /// A single value in the type it has of itself.
  fileprivate func plainValue(_ key: String, in context: String) -> ParameterValue? {
    switch content {
    case .number(let number, _, let integer): integer.map(ParameterValue.integer) ?? .real(number)
    case .flag(let flag): .flag(flag)
    default: text(key, in: context).map(ParameterValue.text)
    }
  }
}
