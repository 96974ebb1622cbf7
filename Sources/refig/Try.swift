import ArgumentParser
import Foundation
import NumericalMethods
import PaperKit
import Pipeline
import Platform
import Runner
import Store

/// `refig try`.
struct Try: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "try",
    abstract: "Run one replica of an experiment outside the store and print what it returns.")

  @Argument(help: "Name of an experiment, such as sarao2020/population-flow.")
  var experiment: String

  @Option(name: .customLong("set"), help: "A parameter, as name=value; may be repeated.")
  var settings: [String] = []

  @Option(name: .customLong("data"), help: "A file the experiment reads, as name=path; may be repeated.")
  var dataFiles: [String] = []

  @Option(help: "A stage that gives it inputs, data files and parameters; what it reads must have been computed.")
  var stage: String?

  @Option(help: "Which replica.")
  var replica = 0

  @Option(help: "A deliberate mistake of the experiment to make.")
  var mutant: String?

  @Option(help: "Root of the random streams.")
  var seed = 0

  @Flag(help: "Print all arrays as JSON.")
  var json = false

  @Flag(help: "Print what a program would be asked, and run nothing: see docs/protocol.md.")
  var request = false

  @Option(name: .customLong("project"), help: "Folder with pipeline.yaml; unless given, the nearest from here upward.")
  var folder: String?

  func validate() throws {
    // As many as a stage may have.
    let limit = PipelineFile.Replicas.limit
    guard (0..<limit).contains(replica) else { throw ValidationError("--replica must be from 0 to \(limit - 1)") }
  }

  func run() throws {
    let root = folder ?? ProjectOptions.nearest
    let path = root + "/pipeline.yaml"
    let catalogue =
      Files.sizeAndTime(path) == nil
      ? Catalogue.linked : try PipelineFile.catalogue(.linked, withProgramsOf: path)
    // Behind its paper's name, an experiment's may be all that its own program knows.
    let names = catalogue.experiments.keys.filter { $0 == experiment || $0.hasSuffix("/\(experiment)") }
    guard let experiment = names.first, names.count == 1, let type = catalogue.experiments[experiment] else {
      throw PipelineError.unknownExperiment(experiment, known: catalogue.experimentNames(for: experiment) ?? [])
    }
    var files = try dataFiles.map(Self.dataFile)
    for (index, file) in files.enumerated() where files[..<index].contains(where: { $0.name == file.name }) {
      throw PipelineError.badOption(name: "--data", value: file.name, allowed: "it is given twice; keep one")
    }
    let declared = Set(type.data.map(\.file)).sorted()
    if let other = files.first(where: { !declared.contains($0.name) }) {
      throw PipelineError.badOption(
        name: "--data", value: other.name,
        allowed: "\(experiment) reads \(declared.isEmpty ? "no data file" : declared.joined(separator: ", "))")
    }
    let planned = try stage.map { try Self.planned($0, of: experiment, path, catalogue) }
    var manifest =
      try planned?.manifest(ofPoint: 0, replicas: replica..<(replica + 1))
      ?? Manifest(
        experiment: experiment, code: catalogue.code(of: type), seed: seed, streams: .independent,
        parameters: type.defaults, replicas: replica..<(replica + 1))
    files += (planned?.definition.data ?? []).filter { file in !files.contains { $0.name == file.name } }
    manifest.data = files.map { ($0.name, $0.digest) }
    manifest.parameters = try ParameterSettings.parameters(of: type, settings, over: manifest.parameters)
    if let mutant, !type.mutants.contains(where: { $0.name == mutant }) {
      let names = type.mutants.map(\.name)
      throw PipelineError.badOption(
        name: "--mutant", value: mutant,
        allowed: "\(experiment) "
          + (names.isEmpty ? "has no mutants" : "has the mutants \(names.joined(separator: ", "))"))
    }
    manifest.mutant = mutant
    let store = Store(root: root + "/data/store", catalogue: catalogue)
    let worker = Worker(catalogue: catalogue, store: store, showsPrinted: true)
    if request {
      guard let bytes = try worker.request(manifest, data: files) else {
        throw PipelineError.badOption(name: "--request", value: experiment, allowed: "only programs are asked")
      }
      return FileHandle.standardOutput.write(Data(bytes))
    }
    // A program that goes on for ever must not be left behind.
    if case .program = type.implementation { Interruption.listen(once: true) }
    let cell: Cell
    do {
      cell = try worker.compute(manifest, data: files)
    } catch PipelineError.interrupted {
      warn("refig: interrupted; `refig try` keeps nothing.")
      throw ExitCode(ErrorMessage.ExitCode.interrupted.rawValue)
    }
    if let failure = cell.failures.first {
      throw PipelineError.programFailed(reason: "\(experiment): replica \(failure.replica) failed: \(failure.reason)")
    }
    let outputs = type.outputs.compactMap { output -> (OutputArray, NDArray)? in
      if output.isCoordinate { return cell.coordinates[output.name].map { (output, $0) } }
      return cell.arrays[output.name].map { (output, $0.slice(0)) }
    }
    if json { return try printJSON(manifest, outputs) }
    for (output, array) in outputs {
      print(
        "\(output.name)\(output.axes.isEmpty ? "" : "[\(output.axes.joined(separator: ", "))]") = \(summary(array))")
      print("    \(output.meaning), unit \(output.unit)")
    }
  }

  /// A stage of an experiment as pipeline.yaml says it.
  private static func planned(
    _ stage: String, of experiment: String, _ path: String, _ catalogue: Catalogue
  ) throws -> Plan.Stage {
    let diagnostics = Diagnostics()
    let file = try PipelineFile(path: path, profile: nil, catalogue: catalogue, diagnostics: diagnostics)
    try diagnostics.throwIfAny()
    let stages = file.stages.filter { $0.experiment.name == experiment }.map(\.id)
    guard stages.contains(stage), let planned = try Plan(file, stages: [stage], catalogue: catalogue)[stage] else {
      throw PipelineError.badOption(
        name: "--stage", value: stage,
        allowed: stages.isEmpty
          ? "no stage runs \(experiment)" : "stages that run \(experiment) are \(stages.joined(separator: ", "))")
    }
    return planned
  }

  private static func dataFile(_ setting: String) throws -> DataFile {
    let parts = setting.split(separator: "=", maxSplits: 1).map(String.init)
    guard parts.count == 2 else {
      throw PipelineError.badOption(name: "--data", value: setting, allowed: "write it as name=path")
    }
    guard let bytes = try Files.bytes(of: parts[1], limit: DataFile.byteLimit) else {
      throw PipelineError.badOption(name: "--data", value: setting, allowed: "no such file")
    }
    return DataFile(
      name: parts[0], path: parts[1], location: SourceLocation(file: "--data", line: 1, column: 1), bytes: bytes)
  }

  private func summary(_ array: NDArray) -> String {
    let texts = array.values.prefix(8).map { $0.isNaN ? "NaN" : String(format: "%.6g", $0) }
    if array.rank == 0 { return texts[0] }
    return "\(array.shape) \(texts.joined(separator: " "))\(array.values.count > 8 ? " …" : "")"
  }

  private struct Report: Encodable {
    let experiment: String
    let parameters: [String: ParameterValue]
    let replica: Int
    let outputs: [String: NestedArray]
  }

  private func printJSON(_ manifest: Manifest, _ outputs: [(OutputArray, NDArray)]) throws {
    try Report(
      experiment: experiment, parameters: manifest.parameters, replica: replica,
      outputs: Dictionary(uniqueKeysWithValues: outputs.map { ($0.name, NestedArray($1)) })
    ).printJSON()
  }
}

/// An array as nested lists.
struct NestedArray: Encodable {
  private let array: NDArray

  init(_ array: NDArray) { self.array = array }

  func encode(to encoder: any Encoder) throws {
    guard array.rank > 0 else {
      var container = encoder.singleValueContainer()
      return try container.encode(array.values[0])
    }
    var container = encoder.unkeyedContainer()
    for index in 0..<array.shape[0] { try container.encode(NestedArray(array.slice(index))) }
  }
}

extension Encodable {
  /// Prints the value as one line of JSON.
  func printJSON() throws { print(try JSON.text(self)) }
}

/// `name=value` settings on the command line.
enum ParameterSettings {
  /// The experiment's parameters, the given ones or its defaults, with some set.
  static func parameters(
    of type: ExperimentDescription, _ settings: [String], over given: [String: ParameterValue]? = nil
  ) throws -> [String: ParameterValue] {
    let diagnostics = Diagnostics()
    var parameters = given ?? type.defaults
    var names: Set<String> = []
    for setting in settings {
      let parts = setting.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
      guard parts.count == 2, !parts[0].isEmpty else {
        throw PipelineError.badOption(name: "--set", value: setting, allowed: "write it as name=value")
      }
      guard names.insert(parts[0]).inserted else {
        throw PipelineError.badOption(name: "--set", value: setting, allowed: "'\(parts[0])' is set twice; keep one")
      }
      // What YAML takes for nothing is a text of its own here.
      let isEmpty = parts[1].allSatisfy(\.isWhitespace)
      let value = try YAMLValue.document(
        isEmpty ? "'\(parts[1])'" : parts[1], file: "--set \(parts[0])", diagnostics: diagnostics)
      if let parameter = value.parameter(parts[0], of: parameters, in: "") { parameters[parts[0]] = parameter }
    }
    try diagnostics.throwIfAny()
    try type.validate(parameters)
    for (name, condition) in type.idleParameters(of: parameters).sorted(by: { $0.key < $1.key })
    where names.contains(name) {
      throw PipelineError.badOption(name: "--set", value: name, allowed: "it has no effect \(condition); leave it out")
    }
    return parameters
  }
}
