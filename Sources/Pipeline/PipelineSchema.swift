private import PaperKit

extension PipelineFile {
  /// The JSON Schema of pipeline.yaml, with the experiments, stages and profiles that this one has.
  package var schema: Schema {
    let experiments = catalogue.experiments
    // A project with programs of its own has no use for the names of refig's papers.
    let programs = experiments.values.filter { if case .program = $0.implementation { true } else { false } }
    let used = Set(programs.map(\.name) + stages.map(\.experiment.name))
    let names = experiments.keys.filter { programs.isEmpty || used.contains($0) }.sorted()
    // An experiment of a stage's own name need not be named.
    let own = Dictionary(
      uniqueKeysWithValues: names.map { name -> (String, Schema) in
        let given: Schema = ["required": ["experiment"]]
        return (name, ["if": given, "then": .reference("stage"), "else": .reference("stage of \(name)")])
      })
    let body = Schema.mapping(
      Self.keys,
      [
        "seed": Schema.anyInteger, "profiles": .texts(atLeast: 1), "figures": .list(.anyText),
        "slurm": SlurmSettings.schema(profiles: profiles), "experiments": .named(ExperimentReader.schema),
        "stages": [
          "type": "object", "properties": .object(own),
          "additionalProperties": ["allOf": [.reference("stage"), ["required": ["experiment"]]]],
        ],
      ], required: ["seed", "profiles", "stages"])
    var definitions: [String: Schema] = [
      "stage": [
        "type": "object", "properties": ["experiment": .words(names)],
        "allOf": .list(
          names.map { name in
            [
              "if": ["properties": ["experiment": ["const": .text(name)]], "required": ["experiment"]],
              "then": .reference("stage of \(name)"),
            ]
          }),
      ],
      "name of a stage": .words(stageNames), "slurm": SlurmSettings.schema(profiles: nil),
      "replicas": StageReader.replicas, "range": SweepReader.rangeSchema,
    ]
    for name in names {
      guard let experiment = experiments[name] else { continue }
      definitions.merge(StageReader.schemas(of: experiment, profiles: profiles)) { first, _ in first }
    }
    return .document(title: "pipeline.yaml of refig", body, definitions: definitions)
  }
}

extension StageReader {
  fileprivate static let replicas: Schema = {
    let count: Schema = ["type": "integer", "minimum": 1, "maximum": .number(PipelineFile.Replicas.limit)]
    return .anyOf([count, .mapping(replicaKeys, ["count": count, "perCell": count], required: ["count"])])
  }()

  /// A stage of an experiment, its parameters and its sweep.
  fileprivate static func schemas(of experiment: ExperimentDescription, profiles: [String]) -> [String: Schema] {
    let name = experiment.name
    let single = experiment.parameterSchemas { Schema.value(like: $0) }
    let several = experiment.parameterSchemas { standard in
      let value = Schema.value(like: standard)
      return .anyOf([value, .list(value, atLeast: 1)] + (standard.isNumber ? [.reference("range")] : []))
    }
    let group: Schema = [
      "type": "object", "properties": .object(several), "minProperties": 1, "additionalProperties": false,
    ]
    let overridable: [String: Schema] = [
      "parameters": .reference("parameters of \(name)"), "sweep": .reference("sweep of \(name)"),
      "replicas": .reference("replicas"), "streams": .words(Manifest.Streams.self), "timeLimit": Schema.anyNumber,
      "memoryLimit": Schema.anyNumber, "slurm": .reference("slurm"),
    ]
    let stage = Schema.reference("name of a stage")
    let input = Schema.mapping(
      inputKeys, ["stage": stage, "replicas": .words(PipelineFile.Input.Replicas.self)], required: ["stage"])
    let file = Schema.mapping(
      fileKeys, ["path": Schema.anyText, "sha256": ["type": "string", "pattern": "^[0-9a-f]{64}$"]],
      required: ["path", "sha256"])
    let files = Set(experiment.data.map(\.file)).sorted()
    let properties: [String: Schema] = [
      "experiment": .words([name]), "inputs": .named(.anyOf([stage, input])), "data": .some(of: files, file),
      "profiles": .some(of: profiles, .mapping(Self.overridable, overridable)),
    ]
    return [
      "parameters of \(name)": ["type": "object", "properties": .object(single), "additionalProperties": false],
      "sweep of \(name)": .list(.anyOf([group, .list(group)])),
      "stage of \(name)": .mapping(
        keys, properties.merging(overridable) { first, _ in first }, required: files.isEmpty ? [] : ["data"]),
    ]
  }
}

extension ExperimentDescription {
  /// What each parameter may be, of what it is when nothing is said, with what editors show of it.
  fileprivate func parameterSchemas(_ schema: (ParameterValue) -> Schema) -> [String: Schema] {
    Dictionary(
      uniqueKeysWithValues: parameters.map { parameter in
        let facts = [parameter.meaning, parameter.allowed ?? "", "\(parameter.initialValue.plainText) unless given"]
        return (
          parameter.name, schema(parameter.initialValue).described(facts.filter { !$0.isEmpty }.joined(separator: "; "))
        )
      })
  }
}

extension SweepReader {
  /// Numbers by a range.
  fileprivate static let rangeSchema = Schema.one(
    of: Dictionary(
      uniqueKeysWithValues: ranges.map { name -> (String, Schema) in
        (name, ["type": "array", "items": Schema.anyNumber, "minItems": name == "range" ? 2 : 3, "maxItems": 3])
      }))
}

extension ExperimentReader {
  /// An experiment that a program computes.
  fileprivate static let schema: Schema = {
    let words = Schema.list(.anyText, atLeast: 1)
    let axes = Schema.texts()
    let output = Schema.mapping(
      outputKeys,
      ["axes": axes, "unit": Schema.anyText, "meaning": Schema.anyText, "allowsNaN": Schema.anyFlag],
      required: ["meaning"])
    let array = Schema.mapping(arrayKeys, ["axes": axes, "meaning": Schema.anyText], required: ["axes"])
    return .mapping(
      keys,
      [
        "command": words, "sources": .texts(), "versions": .list(words),
        "parameters": .named(["type": ["number", "string", "boolean", "array"]]), "outputs": .named(output),
        "data": .named(.named(array)), "mutants": .named(.anyText), "random": Schema.anyFlag,
      ], required: ["command", "outputs"])
  }()
}

extension SlurmSettings {
  /// What tasks get; with profiles at the top of the file alone.
  fileprivate static func schema(profiles: [String]?) -> Schema {
    let count: Schema = ["type": "integer", "minimum": 1]
    let properties: [String: Schema] = [
      "partition": Schema.anyText, "account": Schema.anyText, "time": Schema.anyText, "memory": Schema.anyText,
      "processors": count, "runningTasks": count, "taskTime": Schema.anyText, "cellTime": Schema.anyNumber,
      "options": .list(.anyText),
    ]
    guard let profiles else { return .mapping(keys, properties) }
    return .mapping(
      keys + ["profiles"],
      properties.merging(["profiles": .some(of: profiles, .mapping(keys, properties))]) { first, _ in first })
  }
}

extension ParameterValue {
  fileprivate var isNumber: Bool {
    switch self {
    case .integer, .real: true
    case .flag, .text, .list: false
    }
  }
}
