private import Foundation
package import PaperKit
private import Platform

/// Reads one stage.
struct StageReader {
  let id: String
  let folder: String
  let siblings: Set<String>
  let catalogue: Catalogue
  let profiles: [String]
  /// What tasks get unless the stage says otherwise.
  let slurm: SlurmSettings
  let diagnostics: Diagnostics
  private var context: String { "stage '\(id)'" }
  static let overridable = ["parameters", "sweep", "replicas", "streams", "timeLimit", "memoryLimit", "slurm"]
  /// Of seconds and of megabytes: 30 years, a petabyte.
  private static let limit = 1e9
  static let keys = ["experiment", "inputs", "data", "profiles"] + overridable
  static let inputKeys = ["stage", "replicas"]
  static let replicaKeys = ["count", "perCell"]
  static let fileKeys = ["path", "sha256"]

  /// The stage as the chosen profile sees it; the other profiles are read too, for their mistakes.
  func stage(_ value: YAMLValue, at location: SourceLocation, profile chosen: String) -> PipelineFile.Stage? {
    guard PipelineFile.isName(id) else {
      diagnostics.report(.badName(kind: "stage", name: id), at: location, in: "")
      return nil
    }
    guard let mapping = value.mapping("stage", allowing: Self.keys, in: context),
      let experiment = experiment(mapping, at: location)
    else { return nil }
    let inputs = inputs(mapping["inputs"])
    let data = data(mapping["data"], of: experiment, at: location)
    var overrides: [String: YAMLMapping] = [:]
    for entry in mapping["profiles"]?.mapping("profiles", allowing: profiles, in: context)?.entries ?? [] {
      let inner = context + ", profile '\(entry.key)'"
      overrides[entry.key] = entry.value.mapping("profile", allowing: Self.overridable, in: inner)
    }
    // What a profile overrides is read too, and so are the other profiles.
    var counts: [String: Int] = [:]
    for name in overrides.keys.filter({ $0 != chosen }).sorted() {
      counts[name] = variant(mapping, overrides[name], experiment, inputs, data, location)?.replicas.count
    }
    let plain = overrides.isEmpty ? nil : variant(mapping, nil, experiment, inputs, data, location)
    var stage = variant(mapping, overrides[chosen], experiment, inputs, data, location)
    for name in profiles where overrides[name] == nil { counts[name] = (plain ?? stage)?.replicas.count }
    counts[chosen] = stage?.replicas.count
    stage?.replicaCounts = counts
    return stage
  }

  private func experiment(_ mapping: YAMLMapping, at location: SourceLocation) -> ExperimentDescription? {
    let value = mapping["experiment"]
    guard let name = value == nil ? id : value?.text("experiment", in: context) else { return nil }
    if let experiment = catalogue.experiments[name] { return experiment }
    if let known = catalogue.experimentNames(for: name) {
      diagnostics.report(
        .unknownName(kind: "experiment", name: name, known: known), at: value?.location ?? location, in: context)
    }
    return nil
  }

  private func inputs(_ value: YAMLValue?) -> [PipelineFile.Input] {
    guard let mapping = value?.mapping("inputs", in: context) else { return [] }
    return mapping.entries.compactMap { entry in
      guard PipelineFile.isName(entry.key) else {
        diagnostics.report(.badName(kind: "input", name: entry.key), at: entry.location, in: context)
        return nil
      }
      return input(entry.key, entry.value)
    }.sorted { $0.name < $1.name }
  }

  /// A stage's name, or `{stage: name, replicas: own}`.
  private func input(_ name: String, _ value: YAMLValue) -> PipelineFile.Input? {
    var (place, replicas) = (value, YAMLValue?.none)
    if case .mapping = value.content {
      guard let mapping = value.mapping(name, allowing: Self.inputKeys, in: context),
        let stage = mapping.required("stage", in: context)
      else { return nil }
      (place, replicas) = (stage, mapping["replicas"])
    }
    guard let stage = place.text(name, in: context) else { return nil }
    guard siblings.contains(stage) else {
      place.report(.unknownName(kind: "stage", name: stage, known: siblings.sorted()), in: context)
      return nil
    }
    guard let replicas else {
      return PipelineFile.Input(name: name, stage: stage, replicas: .all, location: place.location)
    }
    return replicas.word("replicas", as: PipelineFile.Input.Replicas.self, in: context).map {
      PipelineFile.Input(name: name, stage: stage, replicas: $0, location: replicas.location)
    }
  }

  /// The files of the experiment's data, which must be those whose digests stand here: nothing looks into any other. Their
  /// arrays are read when a cell is needed: a no-op opens no HDF5 file.
  private func data(_ value: YAMLValue?, of experiment: ExperimentDescription, at location: SourceLocation)
    -> [DataFile]
  {
    let names = Set(experiment.data.map(\.file)).sorted()
    guard let value else {
      for name in names { diagnostics.report(.missingKey(Self.dataForm(name)), at: location, in: context) }
      return []
    }
    guard let mapping = value.mapping("data", allowing: names, in: context) else { return [] }
    return names.compactMap { name in mapping.required(name, in: context).flatMap { dataFile(name, $0) } }
  }

  private static func dataForm(_ name: String, path: String = "FILE", digest: String = "DIGEST") -> String {
    "data: {\(name): {path: \(path), sha256: \(digest)}}"
  }

  private func dataFile(_ name: String, _ value: YAMLValue) -> DataFile? {
    // A path alone: its digest is what is missing.
    var (place, digest) = (value, YAMLValue?.none)
    if case .mapping = value.content {
      guard let mapping = value.mapping(name, allowing: Self.fileKeys, in: context),
        let path = mapping.required("path", in: context)
      else { return nil }
      (place, digest) = (path, mapping["sha256"])
    }
    guard let path = place.text("path", in: context) else { return nil }
    guard PipelineFile.isName(path) else {
      place.report(.badName(kind: "data file in the project", name: path), in: context)
      return nil
    }
    func refuse(_ reason: String, at value: YAMLValue) -> DataFile? {
      value.report(.badData(path: path, reason: reason), in: context)
      return nil
    }
    let file: DataFile?
    var problem = "no such file"
    var impostor: String?
    do {
      file = try Files.bytes(of: folder + "/" + path, limit: DataFile.byteLimit).map {
        DataFile(name: name, path: path, location: place.location, bytes: $0)
      }
    } catch {
      file = nil
      problem = ErrorMessage.reason(of: error)
      impostor = "cannot be read: \((error as? FileError)?.reason ?? problem)"
    }
    guard let digest else {
      guard let file else { return refuse(problem, at: place) }
      return refuse(
        "its SHA-256 must stand beside its path; if it is the right file, write "
          + Self.dataForm(name, path: path, digest: file.digest), at: value)
    }
    guard let stated = digest.text("sha256", in: context) else { return nil }
    if let file, file.digest == stated { return file }
    if let file {
      problem = "its SHA-256 is \(file.digest)"
      impostor = "has the SHA-256 \(file.digest), not the one stated"
    }
    guard let key = CellKey(stated) else {
      return refuse("\(problem), and '\(stated)' is no SHA-256, which has 64 digits from 0 to f", at: digest)
    }
    return DataFile(
      name: name, path: path, location: (impostor == nil ? place : digest).location, absent: key, impostor: impostor)
  }

  private func variant(
    _ mapping: YAMLMapping, _ override: YAMLMapping?, _ experiment: ExperimentDescription,
    _ inputs: [PipelineFile.Input], _ data: [DataFile], _ location: SourceLocation
  ) -> PipelineFile.Stage? {
    func value(_ key: String) -> YAMLValue? { override?[key] ?? mapping[key] }
    let defaults = experiment.defaults
    var locations: [String: SourceLocation] = [:]
    var fixed: Set<String> = []
    var base = defaults
    for entry in parameters(mapping, override) {
      guard let standard = known(entry.key, defaults, at: entry.location) else { continue }
      if let parameter = parameter(entry.key, entry.value, like: standard) {
        base[entry.key] = parameter
        fixed.insert(entry.key)
        locations[entry.key] = entry.value.location
      }
    }
    let sweep = SweepReader(context: context, defaults: defaults, base: base, stage: self)
      .sweep(value("sweep"), locations: &locations)
    let replicas = replicas(value("replicas"))
    let streams = value("streams").map { $0.word("streams", as: Manifest.Streams.self, in: context) } ?? .independent
    func limit(_ key: String) -> Double? {
      guard let value = value(key), let limit = value.number(key, in: context) else { return nil }
      if limit > 0, limit <= Self.limit { return limit }
      value.report(.refusedValue(name: key, value: value.written, allowed: "more than 0, at most 1e9"), in: context)
      return nil
    }
    let (timeLimit, megabytes) = (limit("timeLimit"), limit("memoryLimit"))
    let slurm = slurm(mapping["slurm"], override?["slurm"], megabytes, location)
    guard let sweep, let replicas, let streams else { return nil }
    let (points, blocks) = (sweep.pointCount ?? 0, replicas.blockCount)
    let (cellCount, overflow) = points.multipliedReportingOverflow(by: blocks)
    if overflow || cellCount > Sweep.pointLimit {
      diagnostics.report(
        .tooManyCells(points: points, blocks: blocks, limit: Sweep.pointLimit),
        at: (value("replicas") ?? value("sweep"))?.location ?? location, in: context)
      return nil
    }
    let stage = PipelineFile.Stage(
      id: id, experiment: experiment, base: base, sweep: sweep, replicas: replicas, streams: streams,
      replicaCounts: [:], inputs: inputs, data: data, timeLimit: timeLimit,
      memoryLimit: megabytes.map { Int($0 * 1e6) }, slurm: slurm,
      locations: locations,
      location: location)
    stage.reportIdleParameters(fixed: fixed, diagnostics)
    return stage
  }

  /// The stage's values, with those of its profile in their place.
  private func parameters(_ mapping: YAMLMapping, _ override: YAMLMapping?) -> [YAMLMapping.Entry] {
    let blocks = [mapping, override].map {
      $0?["parameters"]?.mapping("parameters", in: context)?.entries ?? []
    }
    let replaced = Set(blocks[1].map(\.key))
    return blocks[0].filter { !replaced.contains($0.key) } + blocks[1]
  }

  /// The stage's block and its profile's, key by key. A task must be given the memory that its cells may need.
  private func slurm(
    _ block: YAMLValue?, _ override: YAMLValue?, _ megabytes: Double?, _ location: SourceLocation
  ) -> SlurmSettings {
    let blocks = [block, override].map { $0?.mapping("slurm", allowing: SlurmSettings.keys, in: context) }
    var settings = blocks.reduce(slurm) { $0.overlaid(with: $1, in: context) }
    if let need = megabytes {
      let all = need * Double(settings.processors)
      guard all <= Self.limit else {
        diagnostics.report(
          .refusedValue(
            name: "memoryLimit", value: "\(need) MB for each of \(settings.processors) processors",
            allowed: "at most 1e9 MB together"),
          at: (override ?? block)?.location ?? location, in: context)
        return settings
      }
      if let memory = settings.memory, Double(memory) < all * 1e6 {
        diagnostics.report(
          .refusedValue(
            name: "slurm.memory", value: "\(memory / 1_000_000) MB",
            allowed: "the stage's memoryLimit is \(need) MB for each processor; raise one or lower the other"),
          at: (override ?? block)?.location ?? location, in: context)
      }
      // What limits count is what a cell adds to a worker; the workers are there before.
      settings.memory = settings.memory ?? Int((all + 200 * Double(settings.processors + 1)) * 1e6)
    }
    return settings
  }

  /// The default of a parameter, or nil with a report if the experiment has none of this name.
  func known(_ name: String, _ defaults: [String: ParameterValue], at location: SourceLocation) -> ParameterValue? {
    diagnostics.known(name, among: defaults, at: location, in: context)
  }

  func parameter(_ name: String, _ value: YAMLValue, like standard: ParameterValue) -> ParameterValue? {
    value.parameter(name, like: standard, in: context)
  }

  private func replicas(_ value: YAMLValue?) -> PipelineFile.Replicas? {
    guard let value else { return PipelineFile.Replicas(count: 1, perCell: 1) }
    switch value.content {
    case .number:
      return number(value, "replicas").map { PipelineFile.Replicas(count: $0, perCell: min($0, 50)) }
    case .mapping: break
    default:
      let expected = "a whole number or a mapping such as {count: 100, perCell: 10}"
      value.report(.wrongType(key: "replicas", expected: expected, found: value.kind), in: context)
      return nil
    }
    guard let mapping = value.mapping("replicas", allowing: Self.replicaKeys, in: context) else { return nil }
    let count = mapping.required("count", in: context).flatMap { number($0, "count") }
    guard let written = mapping["perCell"] else {
      return count.map { PipelineFile.Replicas(count: $0, perCell: min($0, 50)) }
    }
    guard let perCell = number(written, "perCell"), let count else { return nil }
    return PipelineFile.Replicas(count: count, perCell: perCell)
  }

  /// A number of replicas.
  private func number(_ value: YAMLValue, _ key: String) -> Int? {
    guard let number = value.integer(key, in: context) else { return nil }
    let limit = PipelineFile.Replicas.limit
    guard (1...limit).contains(number) else {
      value.report(.refusedValue(name: key, value: "\(number)", allowed: "at least 1, at most \(limit)"), in: context)
      return nil
    }
    return number
  }
}

extension Diagnostics {
  fileprivate func known(
    _ name: String, among defaults: [String: ParameterValue], at location: SourceLocation, in context: String
  ) -> ParameterValue? {
    if let value = defaults[name] { return value }
    report(.unknownName(kind: "parameter", name: name, known: defaults.keys.sorted()), at: location, in: context)
    return nil
  }
}

extension YAMLValue {
  /// The value as a parameter of the same type as its default; mistakes are reported.
  fileprivate func parameter(_ name: String, like standard: ParameterValue, in context: String) -> ParameterValue? {
    switch standard {
    case .integer: integer(name, in: context).map(ParameterValue.integer)
    case .real: finiteNumber(name, in: context).map(ParameterValue.real)
    case .flag: flag(name, in: context).map(ParameterValue.flag)
    case .text: text(name, in: context).map(ParameterValue.text)
    case .list(let elements):
      list(name, in: context).flatMap { values in
        let list = values.compactMap { $0.parameter(name, like: elements.first ?? $0.plainest, in: context) }
        return list.count == values.count ? .list(list) : nil
      }
    }
  }

  /// No law has an infinite parameter, and JSON has no word for it.
  private func finiteNumber(_ name: String, in context: String) -> Double? {
    guard let number = number(name, in: context), !number.isFinite else { return number(name, in: context) }
    report(.refusedValue(name: name, value: "\(number)", allowed: "a finite number"), in: context)
    return nil
  }

  /// The value as the named one of some parameters, of the same type as that is now; mistakes are reported.
  package func parameter(_ name: String, of parameters: [String: ParameterValue], in context: String)
    -> ParameterValue?
  {
    diagnostics.known(name, among: parameters, at: location, in: context)
      .flatMap { parameter(name, like: $0, in: context) }
  }

  /// The type a value has of itself, for the elements of a list whose default is empty.
  private var plainest: ParameterValue {
    switch content {
    case .number: .real(0)
    case .flag: .flag(false)
    default: .text("")
    }
  }
}
