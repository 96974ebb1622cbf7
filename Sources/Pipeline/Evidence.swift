package import PaperKit

/// Which sweep points a table or an estimator reads: stages, narrowed by values of parameters.
package struct Evidence: Sendable, Hashable {
  package let stages: [String]
  /// Allowed values by parameter name; empty: no condition.
  package private(set) var conditions: [String: [ParameterValue]]

  package init(stages: [String], conditions: [String: [ParameterValue]] = [:]) {
    self.stages = stages
    self.conditions = conditions
  }

  /// Whether a point fulfils the conditions.
  package func accepts(_ parameters: [String: ParameterValue]) -> Bool {
    conditions.allSatisfy { name, allowed in
      guard let value = parameters[name] else { return false }
      return allowed.contains(where: value.isSame)
    }
  }
}

extension PipelineFile {
  /// The deliberate mistakes that the experiments behind some evidence can make, each once.
  package func mutants(of evidence: Evidence) -> [Mutant] {
    var found: [Mutant] = []
    // Those of the stages themselves first.
    for stage in closure(of: evidence.stages.reversed()).reversed() {
      found += stage.experiment.mutants.filter { mutant in !found.contains { $0.name == mutant.name } }
    }
    return found
  }
}

extension Evidence {
  /// Reads `from:` and `where:`: the stages must exist and run one of the experiments, the conditions must name their
  /// parameters, and each value must belong to a point, if `checksPoints`. Nil with reports otherwise.
  package static func read(
    from value: YAMLValue, where conditions: YAMLValue?, experiments: [String]?, pipeline: PipelineFile,
    checksPoints: Bool, in context: String
  ) -> Evidence? {
    guard let ids = value.names("from", in: context) else { return nil }
    let before = value.diagnostics.reportCount
    var stages: [PipelineFile.Stage] = []
    for (index, id) in ids.enumerated() {
      if ids[..<index].contains(id) { value.listOrSingle[index].report(.repeatedValue("stage '\(id)'"), in: context) }
      guard let stage = pipeline[id] else {
        // A stage with mistakes has been reported already; it is only unknown if the file does not name it.
        if pipeline.stageNames.contains(id) { return nil }
        value.report(.unknownName(kind: "stage", name: id, known: pipeline.stageNames), in: context)
        continue
      }
      stages.append(stage)
      if let experiments, !experiments.contains(stage.experiment.name) {
        let wanted = experiments.joined(separator: ", ")
        value.report(
          .message("stage '\(id)' runs \(stage.experiment.name), but this needs results of \(wanted)"), in: context)
      }
    }
    var evidence = Evidence(stages: ids)
    let given = stages.isEmpty ? [] : Condition.read(conditions, of: stages, in: context)
    evidence.conditions = Condition.values(given)
    guard value.diagnostics.reportCount == before else { return nil }
    if checksPoints {
      evidence.requirePoints(given, stages, in: context)
      guard value.diagnostics.reportCount == before else { return nil }
      for stage in stages where !given.isEmpty && !stage.hasPoint([evidence.conditions]) {
        value.report(.message("stage '\(stage.id)' has no point that `where:` selects; leave it out"), in: context)
      }
      guard value.diagnostics.reportCount == before else { return nil }
    }
    return evidence
  }

  /// Reads a `where:` that narrows some evidence further: it must name parameters of `stages`, and each of its values must
  /// belong to a point of the evidence, if there is any. Mistakes are reported.
  package static func narrowing(
    _ conditions: YAMLValue?, of stages: [PipelineFile.Stage], evidence: Evidence?, pipeline: PipelineFile,
    in context: String
  ) -> [String: [ParameterValue]] {
    let given = Condition.read(conditions, of: stages, in: context)
    if let evidence { evidence.requirePoints(given, evidence.stages.compactMap { pipeline[$0] }, in: context) }
    return Condition.values(given)
  }

  /// Reads those entries of a `where:` that are of parameters: each value must belong to a point of the evidence, or is
  /// reported.
  package func narrowed(by entries: [YAMLMapping.Entry], pipeline: PipelineFile, in context: String) -> Evidence {
    let stages = self.stages.compactMap { pipeline[$0] }
    let given = Condition.read(entries, of: stages, in: context)
    requirePoints(given, stages, in: context)
    return Evidence(stages: self.stages, conditions: Condition.values(given))
  }

  /// Reports values that no point has: the others would pass for all of the evidence.
  private func requirePoints(_ given: [Condition], _ stages: [PipelineFile.Stage], in context: String) {
    for condition in given {
      guard let value = condition.value else { continue }
      var own = Condition.values(given)
      own[condition.name] = [value]
      if stages.contains(where: { $0.hasPoint([conditions, own]) }) { continue }
      let there = stages.reduce(into: Set<ParameterValue>()) { values, stage in
        values.formUnion(stage.sweep.values(of: condition.name, base: stage.base[condition.name]))
      }
      let isThere = there.contains(where: value.isSame)
      let sorted = there.sorted { ($0.number ?? 0, $0.plainText) < ($1.number ?? 0, $1.plainText) }
      condition.source.report(
        .selectsNothing(name: condition.name, value: value.plainText, there: isThere ? [] : sorted.map(\.plainText)),
        in: context)
    }
  }
}

/// One value of `where:`, nil if it is none of its parameter's.
private struct Condition {
  let name: String
  let value: ParameterValue?
  let source: YAMLValue

  /// The values that a `where:` lists; those that are none, or are there twice, are reported.
  static func read(_ conditions: YAMLValue?, of stages: [PipelineFile.Stage], in context: String) -> [Condition] {
    read(conditions?.mapping("where", in: context)?.entries ?? [], of: stages, in: context)
  }

  static func read(
    _ entries: [YAMLMapping.Entry], of stages: [PipelineFile.Stage], in context: String
  ) -> [Condition] {
    let parameters = stages.reduce(into: [:]) { $0.merge($1.base) { first, _ in first } }
    var read: [Condition] = []
    for entry in entries {
      let alternatives = entry.value.alternatives(to: parameters[entry.key])
      if alternatives.isEmpty {
        entry.value.report(.refusedValue(name: entry.key, value: "[]", allowed: "at least one value"), in: context)
      }
      for alternative in alternatives {
        let value = alternative.parameter(entry.key, of: parameters, in: context)
        if let value, values(read)[entry.key]?.contains(where: value.isSame) ?? false {
          alternative.report(.repeatedValue("\(entry.key) \(value.plainText)"), in: context)
        }
        read.append(Condition(name: entry.key, value: value, source: alternative))
      }
    }
    return read
  }

  /// Allowed values by parameter name.
  static func values(_ conditions: [Condition]) -> [String: [ParameterValue]] {
    conditions.reduce(into: [:]) { values, condition in
      if let value = condition.value { values[condition.name, default: []].append(value) }
    }
  }
}

extension PipelineFile.Stage {
  /// Whether a point fulfils all of some conditions.
  fileprivate func hasPoint(_ conditions: [[String: [ParameterValue]]]) -> Bool {
    conditions.allSatisfy { $0.keys.allSatisfy { base[$0] != nil } }
      && sweep.hasPoint(base: base) { name, value in
        conditions.allSatisfy { $0[name]?.contains(where: value.isSame) ?? true }
      }
  }
}

extension YAMLValue {
  /// The values of a condition: a list means any of its elements, unless the parameter is a list itself.
  fileprivate func alternatives(to standard: ParameterValue?) -> [YAMLValue] {
    if case .list = standard, case .list(let elements) = content,
      !elements.allSatisfy({ if case .list = $0.content { true } else { false } })
    {
      return [self]
    }
    return listOrSingle
  }
}
