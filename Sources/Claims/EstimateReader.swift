internal import PaperKit
internal import Pipeline

/// Reads `estimate: {mean: overlap}` and the like: a standard estimate of what the claim's stages return.
struct EstimateReader {
  private let stages: [PipelineFile.Stage]
  private let experiments: [ExperimentDescription]
  private let parameters: [String: ParameterValue]
  private let evidence: Evidence?
  private let pipeline: PipelineFile
  private let catalogue: Catalogue
  private let context: String
  static let kinds = [
    "mean", "median", "proportion", "greatest", "ratio", "difference", "slope", "crossing", "greatestGap", "monotone",
  ]
  static let quantityKeys = ["of", "at", "where"]
  static let meanKeys = ["scale"]
  static let gapKeys = ["between", "against"]
  static let curveKeys = [
    "slope": ["against", "scale"], "crossing": ["against", "level"], "monotone": ["against", "direction"],
  ]

  /// `stages` is the claim's `from:`, whose own mistakes others report. `evidence` is what the profile at hand judges it by,
  /// perhaps of other stages, of which the quantities must have points; nil if it does not judge it.
  init(
    _ stages: YAMLValue?, evidence: Evidence?, pipeline: PipelineFile, catalogue: Catalogue, context: String
  ) {
    let named = (stages?.listOrSingle ?? []).compactMap { value -> String? in
      if case .word(let id) = value.content { id } else { nil }
    }
    let known = (evidence?.stages ?? named).compactMap { pipeline[$0] }
    self.stages = known
    experiments = known.map(\.experiment)
    parameters = known.reduce(into: [:]) { $0.merge($1.base) { first, _ in first } }
    self.evidence = evidence
    self.pipeline = pipeline
    self.catalogue = catalogue
    self.context = context
  }

  /// The estimator, nil with reports of mistakes.
  func estimator(_ value: YAMLValue) -> Estimator? {
    let before = value.diagnostics.reportCount
    guard let mapping = value.mapping("estimate", allowing: Self.kinds, in: context) else { return nil }
    guard let entry = mapping.entries.first, mapping.entries.count == 1 else {
      value.report(.notOneRange("estimate", known: Self.kinds), in: context)
      return nil
    }
    // Without stages there is nothing to check it against, and they have been reported; so has a kind that is none.
    guard Self.kinds.contains(entry.key), !experiments.isEmpty, let estimate = estimate(entry.key, entry.value) else {
      return nil
    }
    let outputs = Set(estimate.quantities.map(\.output))
    for stage in self.stages where !stage.experiment.outputs.contains(where: { outputs.contains($0.name) }) {
      let names = outputs.sorted().joined(separator: ", ")
      value.report(.message("the stage '\(stage.id)' under `from:` has no \(names); leave it out"), in: context)
    }
    // What follows from another mistake is none of its own.
    if let evidence, value.diagnostics.reportCount == before, !hasManyPoints {
      let misfit = estimate.misfit { points(of: $0, evidence) }
      if let misfit { entry.value.report(.message("\(entry.key): \(misfit)"), in: context) }
    }
    let catalogue = catalogue
    let chance = SharedChance(of: self.stages, in: pipeline)
    let readers = Set(self.stages.filter(chance.isRead).map(\.experiment.name))
    // Results name the experiment of a point, not its stage.
    let reasons = Dictionary(
      self.stages.compactMap { stage in chance.reason(of: stage).map { (stage.experiment.name, $0) } }
    ) {
      first, _ in first
    }
    return Estimator(
      estimate.description, fromExperiments: experiments.map(\.name), meaning: "standard estimate"
    ) { results in
      try estimate.estimate(results) { point in
        if let reason = reasons[point.experiment] { throw EvidenceError(reason) }
        return try !readers.contains(point.experiment)
          && !(catalogue.experiments[point.experiment]?.drawsRandomNumbers(point.parameters) ?? true)
      }
    }
  }

  /// Whether there are more points than are looked at one by one before anything is computed.
  private var hasManyPoints: Bool { stages.contains { $0.sweep.pointCount.map { $0 > 10_000 } ?? true } }

  /// Parameters of the evidence's points that have a quantity, each once where stages share it.
  private func points(of quantity: Quantity, _ evidence: Evidence) -> [[String: ParameterValue]] {
    let narrowed = Evidence(stages: [], conditions: quantity.conditions)
    var seen: [String: Set<[String: ParameterValue]>] = [:]
    return stages.filter { $0.experiment.outputs.contains { $0.name == quantity.output } }.flatMap { stage in
      (0..<(stage.sweep.pointCount ?? 0)).map { stage.base.merging(stage.sweep.given($0)) { $1 } }.filter {
        evidence.accepts($0) && narrowed.accepts($0) && seen[stage.experiment.name, default: []].insert($0).inserted
      }
    }
  }

  private func estimate(_ kind: String, _ value: YAMLValue) -> StandardEstimate? {
    switch kind {
    case "mean":
      guard let quantity = quantity(value, kind, and: Self.meanKeys) else { return nil }
      return scale(value).map { .mean(quantity, $0) }
    case "median": return quantity(value, kind).map { .median($0) }
    case "proportion": return quantity(value, kind).map { .proportion($0) }
    case "greatest": return quantity(value, kind).map { .greatest($0) }
    case "ratio": return pair(value, kind).map { .ratio($0, $1) }
    case "difference": return pair(value, kind).map { .difference($0, $1) }
    case "greatestGap":
      guard let mapping = value.mapping(kind, allowing: Self.gapKeys, in: context),
        let (first, second) = mapping.required("between", in: context).flatMap({ pair($0, "between") })
      else { return nil }
      guard mapping["against"] != nil else { return .greatestGap(first, second, against: nil) }
      return against(mapping).map { .greatestGap(first, second, against: $0) }
    default: return curve(kind, value)
    }
  }

  /// An estimate of a curve along a parameter.
  private func curve(_ kind: String, _ value: YAMLValue) -> StandardEstimate? {
    guard let quantity = quantity(value, kind, and: Self.curveKeys[kind] ?? []),
      let mapping = value.mapping(kind, in: context), let parameter = against(mapping)
    else { return nil }
    switch kind {
    case "slope": return scale(value).map { .slope(quantity, against: parameter, $0) }
    case "crossing":
      return mapping.required("level", in: context)?.number("level", in: context)
        .map { .crossing(quantity, against: parameter, level: $0) }
    default:
      return mapping.required("direction", in: context)?
        .word("direction", as: StandardEstimate.Direction.self, in: context)
        .map { .monotone(quantity, against: parameter, $0) }
    }
  }

  private func against(_ mapping: YAMLMapping) -> String? {
    guard let value = mapping.required("against", in: context), let name = value.text("against", in: context) else {
      return nil
    }
    if parameters[name]?.number != nil { return name }
    let known = parameters.filter { $0.value.number != nil }.keys.sorted()
    value.report(.unknownName(kind: "parameter that is a number", name: name, known: known), in: context)
    return nil
  }

  enum Scale: String, CaseIterable { case linear, log }

  private func scale(_ value: YAMLValue) -> Estimate.Scale? {
    guard case .mapping = value.content, let scale = value.mapping("estimate", in: context)?["scale"] else {
      return .linear
    }
    return scale.word("scale", as: Scale.self, in: context).map { $0 == .log ? .logarithmic : .linear }
  }

  private func pair(_ value: YAMLValue, _ key: String) -> (Quantity, Quantity)? {
    guard let list = value.list(key, in: context) else { return nil }
    let quantities = list.compactMap { quantity($0, key) }
    guard list.count == 2 else {
      value.report(.wrongType(key: key, expected: "a list of two quantities", found: value.kind), in: context)
      return nil
    }
    return quantities.count == 2 ? (quantities[0], quantities[1]) : nil
  }

  /// An output by its name, or `{of: output, at: {axis: place}, where: {parameter: value}}` with some more keys.
  private func quantity(_ value: YAMLValue, _ key: String, and others: [String] = []) -> Quantity? {
    guard case .mapping = value.content else {
      return value.text(key, in: context).flatMap { output($0, at: value) }.flatMap { quantity($0, [:], [:], value) }
    }
    guard let mapping = value.mapping(key, allowing: Self.quantityKeys + others, in: context),
      let of = mapping.required("of", in: context), let name = of.text("of", in: context),
      let output = output(name, at: of)
    else { return nil }
    var place: [String: Double] = [:]
    for entry in mapping["at"]?.mapping("at", in: context)?.entries ?? [] {
      if !output.axes.contains(entry.key) {
        entry.value.report(.unknownName(kind: "axis of '\(name)'", name: entry.key, known: output.axes), in: context)
      }
      place[entry.key] = entry.value.number(entry.key, in: context)
    }
    let conditions = Evidence.narrowing(
      mapping["where"], of: stages, evidence: evidence, pipeline: pipeline, in: context)
    return quantity(output, place, conditions, value)
  }

  private func quantity(
    _ output: OutputArray, _ place: [String: Double], _ conditions: [String: [ParameterValue]], _ value: YAMLValue
  ) -> Quantity? {
    let axes = output.axes.joined(separator: ", ")
    let problem: String
    if output.isCoordinate {
      problem = "'\(output.name)' is the scale of an axis, not a result; estimate another output"
    } else if output.axes.count > 1 {
      problem = "'\(output.name)' has the axes \(axes); standard estimates are of outputs with one axis or none"
    } else if place.count < output.axes.count {
      problem = "'\(output.name)' has a value for each \(axes); say which with at: {\(axes): …}"
    } else {
      // A place on an axis that it lacks has been reported.
      return Quantity(output.name, at: place, where: conditions)
    }
    value.report(.message(problem), in: context)
    return nil
  }

  /// What it is, its meaning aside.
  private static func form(of output: OutputArray) -> String {
    let axes = output.axes.joined(separator: ", ")
    return
      (output.isCoordinate
      ? "the scale of an axis" : output.axes.isEmpty ? "a single number" : "an array over [\(axes)]")
      + (output.unit == "1" ? "" : " in \(output.unit)")
  }

  private func output(_ name: String, at value: YAMLValue) -> OutputArray? {
    let outputs = experiments.flatMap(\.outputs)
    let found = experiments.compactMap { experiment in
      experiment.outputs.first { $0.name == name }.map { (experiment: experiment.name, output: $0) }
    }
    if let (first, output) = found.first {
      // Points of all stages count together, so what has one name must be of one kind.
      if let (other, different) = found.first(where: { Self.form(of: $0.output) != Self.form(of: output) }) {
        value.report(
          .message(
            "'\(name)' is \(Self.form(of: output)) in \(first), but \(Self.form(of: different)) in \(other); leave one of the "
              + "two out of `from:`, or give its output another name"), in: context)
        return nil
      }
      return output
    }
    value.report(.unknownName(kind: "output", name: name, known: Set(outputs.map(\.name)).sorted()), in: context)
    return nil
  }
}
