private import Foundation
internal import PaperKit
private import Platform

/// Reads `experiments:` of pipeline.yaml: the programs of a project that compute some.
struct ExperimentReader {
  /// The project's folder.
  private let folder: String
  private let catalogue: Catalogue
  private let facts: ProjectFacts
  static let keys = [
    "command", "sources", "versions", "parameters", "outputs", "data", "mutants", "random",
  ]

  static let outputKeys = ["axes", "unit", "meaning", "allowsNaN"]
  static let arrayKeys = ["axes", "meaning"]

  init(folder: String, catalogue: Catalogue) {
    self.folder = folder
    self.catalogue = catalogue
    facts = ProjectFacts(folder: folder)
  }

  /// The names of all experiments, also of those with mistakes.
  static func names(_ value: YAMLValue?) -> Set<String> {
    guard let value, case .mapping(let pairs) = value.content else { return [] }
    return Set(pairs.compactMap { if case .word(let name) = $0.key.content { name } else { nil } })
  }

  /// The experiments without mistakes; those are reported. No program is started.
  func experiments(_ value: YAMLValue?) -> [ExperimentDescription] {
    (value?.mapping("experiments", in: "")?.entries ?? []).compactMap { entry in
      let before = entry.value.diagnostics.reportCount
      let experiment = experiment(entry.key, entry.value, at: entry.location)
      return entry.value.diagnostics.reportCount == before ? experiment : nil
    }
  }

  private func experiment(_ name: String, _ value: YAMLValue, at location: SourceLocation) -> ExperimentDescription? {
    let context = "experiment '\(name)'"
    func refuse(_ text: String) { value.diagnostics.report(.message(text), at: location, in: context) }
    guard PipelineFile.isName(name) else {
      value.diagnostics.report(.badName(kind: "experiment", name: name), at: location, in: "")
      return nil
    }
    if !name.contains("/") {
      refuse("its name must be that of the paper and its own, as in lu2020/\(name)")
      return nil
    }
    // A catalogue may hold this project's own already.
    if case .compiled = catalogue.experiments[name]?.implementation {
      refuse("refig has an experiment of this name itself; take another name")
    }
    guard let mapping = value.mapping("experiment", allowing: Self.keys, in: context) else { return nil }
    let command = mapping.required("command", in: context).flatMap { words($0, "command", in: context) }
    let versions = (mapping["versions"]?.list("versions", in: context) ?? []).compactMap {
      words($0, "versions", in: context)
    }
    let sources = sources(mapping["sources"], command: command ?? [], in: context)
    if sources.isEmpty, let command {
      let missing = command.filter { isFileName($0) && Files.sizeAndTime("\(folder)/\(Self.path($0))") == nil }
      let names = missing.map { "'\($0)'" }.joined(separator: ", ")
      refuse(
        (missing.isEmpty ? "" : "the project has no file \(names), which its command names; correct the name, or ")
          + "say under `sources:` which files are its code, as none of the command's words is a file of the project")
    }
    let parameters = parameters(mapping["parameters"], in: context)
    let outputs = outputs(mapping.required("outputs", in: context), in: context)
    for text in Self.sharedColumns(parameters: parameters.keys.sorted(), outputs: outputs) { refuse(text) }
    let data = data(mapping["data"], in: context)
    let mutants = mutants(mapping["mutants"], in: context)
    let isRandom = mapping["random"].map { $0.flag("random", in: context) ?? true } ?? true
    guard let command else { return nil }
    // A single number with chance in it must not become exact when somebody says that there is none.
    let declaration =
      outputs.map { "\($0.name) \($0.axes) \($0.unit) \($0.allowsNaN)\n" }.joined() + (isRandom ? "" : "no chance\n")
    let dataDeclaration = data.map { "\($0.file) \($0.name) \($0.axes)\n" }.joined()
    return ExperimentDescription(
      name, outputs: outputs, data: data, mutants: mutants,
      implementation: .program(
        ProgramExperiment(
          command: command, folder: folder, isRandom: isRandom, sources: sources, versions: versions,
          declaration: declaration, dataDeclaration: dataDeclaration, facts: facts))
    ) { parameters.sorted { $0.key < $1.key }.map { ParameterDeclaration($0.key, $0.value) } }
  }

  /// What to say of columns of the experiment's tables that would have one name: a parameter's, `replicas`, and an output's own
  /// and with `Error`.
  private static func sharedColumns(parameters: [String], outputs: [OutputArray]) -> [String] {
    var owners = Dictionary(uniqueKeysWithValues: parameters.map { ($0, "the parameter '\($0)'") })
    var found: [String] = []
    func claim(_ column: String, _ owner: String) {
      if let other = owners.updateValue(owner, forKey: column) {
        found.append("\(owner) and \(other) would both be the column '\(column)' of its tables; rename one")
      }
    }
    claim("replicas", "the number of replicas")
    for output in outputs where !output.isCoordinate {
      claim(output.name, "the output '\(output.name)'")
      claim(output.name + "Error", "the error of the output '\(output.name)'")
    }
    return found
  }

  /// Words of a command: a list of texts, one at least.
  private func words(_ value: YAMLValue, _ key: String, in context: String) -> [String]? {
    guard let list = value.list(key, in: context) else { return nil }
    let words = list.compactMap { $0.text(key, in: context) }
    guard words.count == list.count else { return nil }
    guard words.first?.isEmpty == false else {
      value.report(.refusedValue(name: key, value: "[]", allowed: "a list of words, the program first"), in: context)
      return nil
    }
    return words
  }

  /// The files and folders of the code: those listed, and those that the command names.
  private func sources(_ value: YAMLValue?, command: [String], in context: String) -> [String] {
    var sources: Set<String> = []
    for entry in value?.listOrSingle ?? [] {
      guard let text = entry.text("sources", in: context) else { continue }
      let path = Self.path(text)
      if !PipelineFile.isPath(path) {
        entry.report(
          .message(
            "'\(text)' cannot name a source in the project: write its path from the project's folder, without '..'"),
          in: context)
      } else if Files.sizeAndTime("\(folder)/\(path)") == nil {
        entry.report(.message("no file or folder '\(path)' in the project"), in: context)
      } else {
        sources.insert(path)
      }
    }
    for word in command {
      let path = Self.path(word)
      let full = "\(folder)/\(path)"
      if isFileName(word), !Files.isFolder(full), Files.sizeAndTime(full) != nil { sources.insert(path) }
    }
    return sources.sorted()
  }

  /// Whether a word of a command may name a file of the project.
  private func isFileName(_ word: String) -> Bool {
    PipelineFile.isPath(Self.path(word)) && (word.contains("/") || word.contains("."))
  }

  /// A path as sources are called by it.
  static func path(_ text: String) -> String {
    let path = text.hasSuffix("/") ? text.dropLast() : text[...]
    return String(path.hasPrefix("./") ? path.dropFirst(2) : path)
  }

  private func parameters(_ value: YAMLValue?, in context: String) -> [String: ParameterValue] {
    var parameters: [String: ParameterValue] = [:]
    for entry in value?.mapping("parameters", in: context)?.entries ?? [] {
      guard isPlainName(entry.key, "parameter", entry.value, at: entry.location, in: context) else { continue }
      parameters[entry.key] = self.value(entry.key, entry.value, in: context)
    }
    return parameters
  }

  /// A default, whose form says the parameter's type: `2` is a whole number, `2.0` a real one.
  private func value(_ name: String, _ value: YAMLValue, in context: String) -> ParameterValue? {
    switch value.content {
    case .word: return value.text(name, in: context).map(ParameterValue.text)
    case .flag(let flag): return .flag(flag)
    case .number(let number):
      if number.isWrittenWhole { return value.integer(name, in: context).map(ParameterValue.integer) }
      guard let real = value.number(name, in: context) else { return nil }
      guard real.isFinite else { break }
      return .real(real)
    case .list(let elements):
      let values = elements.compactMap { self.value(name, $0, in: context) }
      guard values.count == elements.count else { return nil }
      let kinds = Set(values.map(\.kind))
      if kinds.count == 1, kinds != ["list"] { return .list(values) }
      if kinds == ["whole", "real"] { return .list(values.map { .real($0.number ?? 0) }) }
    case .mapping, .null: break
    }
    value.report(
      .wrongType(
        key: name, expected: "a default: a number, a word, true or false, or a list of such of one kind, not empty",
        found: value.kind), in: context)
    return nil
  }

  private func outputs(_ value: YAMLValue?, in context: String) -> [OutputArray] {
    guard let value, let mapping = value.mapping("outputs", in: context) else { return [] }
    let outputs: [OutputArray] = mapping.entries.compactMap { entry -> OutputArray? in
      let inner = "\(context), output '\(entry.key)'"
      guard isPlainName(entry.key, "output", entry.value, at: entry.location, in: context),
        let output = entry.value.mapping("output", allowing: Self.outputKeys, in: inner)
      else { return nil }
      let axes = self.axes(output["axes"], in: inner)
      let meaning = output.required("meaning", in: inner)?.text("meaning", in: inner) ?? ""
      return OutputArray(
        entry.key, axes: axes, unit: output["unit"]?.text("unit", in: inner) ?? "1",
        allowsNaN: output["allowsNaN"]?.flag("allowsNaN", in: inner) ?? false, meaning: meaning)
    }
    if mapping.entries.isEmpty { value.report(.message("it declares no output, so it has no results"), in: context) }
    let scales = Set(outputs.flatMap(\.axes))
    for output in outputs where !output.isCoordinate && scales.contains(output.name) {
      value.report(
        .message("'\(output.name)' is an output and an axis; the scale of an axis has this axis alone"), in: context)
    }
    if outputs.allSatisfy(\.isCoordinate), !outputs.isEmpty {
      value.report(.message("scales of axes alone are no results"), in: context)
    }
    return outputs
  }

  private func axes(_ value: YAMLValue?, in context: String) -> [String] {
    guard let value, let axes: [String] = value.texts("axes", in: context) else { return [] }
    for axis in axes where axis == "replica" || !isPlain(axis) {
      value.report(.badName(kind: "axis", name: axis), in: context)
    }
    if Set(axes).count < axes.count { value.report(.message("an axis stands there twice"), in: context) }
    return axes
  }

  /// `data: {digits: {images: {axes: [image, pixel], meaning: …}}}`: arrays by file.
  private func data(_ value: YAMLValue?, in context: String) -> [DataArray] {
    (value?.mapping("data", in: context)?.entries ?? []).flatMap { file -> [DataArray] in
      guard isPlainName(file.key, "data file", file.value, at: file.location, in: context) else { return [] }
      return (file.value.mapping(file.key, in: context)?.entries ?? []).compactMap { entry in
        let inner = "\(context), data '\(file.key)/\(entry.key)'"
        guard let array = entry.value.mapping("array", allowing: Self.arrayKeys, in: inner) else { return nil }
        return DataArray(
          file: file.key, entry.key, axes: axes(array.required("axes", in: inner), in: inner),
          meaning: array["meaning"]?.text("meaning", in: inner) ?? "")
      }
    }
  }

  private func mutants(_ value: YAMLValue?, in context: String) -> [Mutant] {
    (value?.mapping("mutants", in: context)?.entries ?? []).compactMap { entry in
      guard isPlainName(entry.key, "mutant", entry.value, at: entry.location, in: context) else { return nil }
      return entry.value.text(entry.key, in: context).map { Mutant(entry.key, meaning: $0) }
    }
  }

  private func isPlain(_ name: String) -> Bool { PipelineFile.isName(name) && !name.contains("/") }

  private func isPlainName(
    _ name: String, _ kind: String, _ value: YAMLValue, at location: SourceLocation, in context: String
  ) -> Bool {
    if kind == "output", name == "replica" {
      value.diagnostics.report(
        .message("an output cannot be called 'replica', as the numbers of replicas are in every cell"), at: location,
        in: context)
      return false
    }
    if isPlain(name) { return true }
    value.diagnostics.report(.badName(kind: kind, name: name), at: location, in: context)
    return false
  }
}

extension ParameterValue {
  /// Its type in a word.
  fileprivate var kind: String {
    switch self {
    case .integer: "whole"
    case .real: "real"
    case .flag: "flag"
    case .text: "word"
    case .list: "list"
    }
  }
}

extension WrittenNumber {
  /// Whether it stands there as whole numbers do, without point or exponent.
  var isWrittenWhole: Bool { !text.contains { ".eEi".contains($0) } || text.hasPrefix("0x") }
}
