private import Foundation
private import PaperKit
package import Pipeline
private import Platform

/// Why cells of a stage would run, and why those that are there did: what in their manifests differs from those of the
/// nearest cells that were there before.
package struct Explanation: Sendable, Encodable {
  /// Cells with the same reason.
  package struct Reason: Sendable, Encodable {
    package fileprivate(set) var cells: Int
    /// One of them, for people.
    package let example: String
    /// What differs, for the example; nothing if there is no cell to compare it with.
    package let differences: [String]
    /// The cell it was compared with.
    package let relative: String?
    /// Why the example's last run failed.
    package let failure: String?
  }

  package let stage: String
  package let experiment: String
  /// Stages it reads by the names it knows them under.
  package let inputs: [String: String]
  /// Names of those of which each replica reads the one with its own number.
  package let ownInputs: [String]
  /// Data files it reads and their SHA-256, by the names it knows them under.
  package let data: [String: String]
  package let points: Int
  package let cells: Int
  package let cached: Int
  /// Of the cells that are there: why replicas failed, with how many for each reason.
  package let failedReplicas: [String: Int]
  /// Of the cells that would run.
  package private(set) var missing: [Reason] = []
  /// Of the cells that are there.
  package private(set) var computed: [Reason] = []
  /// The manifest of the first cell: the text whose SHA-256 is its key.
  package let manifest: String

  /// Compares at most so many cells of a stage.
  private static let sampleLimit = 40

  /// Explains planned stages; `present` are the keys in the store, `runStarts` the times at which runs began.
  package static func of(
    _ stages: [Plan.Stage], store: Store, present: Set<CellKey>, runStarts: [Double]
  ) throws -> [Explanation] {
    // Stages share experiments, and looking for an experiment's cells means looking into every file.
    var relatives: [String: [Relative]] = [:]
    return try stages.map { stage in
      let experiment = stage.definition.experiment.name
      let known = try relatives[experiment] ?? store.relatives(of: experiment)
      relatives[experiment] = known
      return try Explanation(stage, store: store, present: present, runStarts: runStarts, relatives: known)
    }
  }

  private init(
    _ stage: Plan.Stage, store: Store, present: Set<CellKey>, runStarts: [Double], relatives: [Relative]
  ) throws {
    self.stage = stage.id
    experiment = stage.definition.experiment.name
    inputs = Dictionary(uniqueKeysWithValues: stage.definition.inputs.map { ($0.name, $0.stage) })
    ownInputs = stage.definition.inputs.filter { $0.replicas == .own }.map(\.name)
    data = Dictionary(
      uniqueKeysWithValues: stage.definition.data.map {
        let problem = $0.impostor ?? (store.absence(of: $0) == nil ? nil : "is not there")
        return ($0.name, "\($0.path)\(problem.map { ", which \($0)," } ?? ",") SHA-256 \($0.digest)")
      })
    points = stage.pointCount
    cells = stage.keys.count
    manifest = stage.keys.isEmpty ? "" : stage.manifest(0).canonicalText
    let (there, missing) = (
      stage.keys.indices.filter { present.contains(stage.keys[$0]) },
      stage.keys.indices.filter { !present.contains(stage.keys[$0]) }
    )
    cached = there.count
    let own = Set(there.map { stage.keys[$0] })
    failedReplicas = relatives.filter { own.contains($0.key) }.reduce(into: [:]) {
      $0.merge($1.failures, uniquingKeysWith: +)
    }
    var stored: [CellKey: Double] = [:]
    for relative in relatives { stored[relative.key] = relative.changed }
    self.missing = try Self.reasons(missing, stage, store) { _ in relatives[...] }
    // What is there ran because it differed from what was there when its run began.
    computed = try Self.reasons(there, stage, store) { key in
      let start = runStarts.last { $0 <= stored[key] ?? 0 } ?? 0
      return relatives[(relatives.firstIndex { $0.changed < start } ?? relatives.count)...]
    }
  }

  private static func reasons(
    _ cells: [Int], _ stage: Plan.Stage, _ store: Store, among relatives: (CellKey) -> ArraySlice<Relative>
  ) throws -> [Reason] {
    var reasons: [Reason] = []
    var kinds: [[String]: Int] = [:]
    let step = max(1, cells.count / sampleLimit)
    for (number, cell) in cells.enumerated() where number % step == 0 {
      let (key, facts) = (stage.keys[cell], ManifestFacts(stage.manifest(cell)))
      var nearest: (relative: Relative, names: [String])?
      for relative in relatives(key) where relative.key != key {
        let names = facts.differingNames(from: relative.facts)
        if names.count < nearest?.names.count ?? .max { nearest = (relative, names) }
      }
      // Each cell looked at stands for those up to the next.
      let weight = min(step, cells.count - number)
      let kind = nearest?.names ?? []
      if let index = kinds[kind] {
        reasons[index].cells += weight
        continue
      }
      kinds[kind] = reasons.count
      reasons.append(
        Reason(
          cells: weight, example: stage.label(cell),
          differences: try nearest.map { nearest in
            try facts.difference(from: nearest.relative.facts, in: nearest.names) {
              try store.changedSources(of: stage.definition.experiment, from: $0, to: $1)
            }
          } ?? [],
          relative: nearest?.relative.key.short, failure: try store.failure(of: key)))
    }
    return reasons
  }
}

/// The lines of a manifest by their names: what is compared is what is hashed.
struct ManifestFacts: Sendable {
  private let values: [String: String]
  /// The replicas as people read them: "replicas 0–99".
  private let replicas: String

  init(_ manifest: Manifest) {
    replicas = Text.replicas(manifest.replicas)
    var values: [String: String] = [:]
    // An input has a line for each of its cells.
    for (name, value) in manifest.facts { values[name, default: ""] += (values[name] == nil ? "" : " ") + value }
    self.values = values
  }

  func differingNames(from other: ManifestFacts) -> [String] {
    (values.keys.filter { values[$0] != other.values[$0] } + other.values.keys.filter { values[$0] == nil }).sorted()
  }

  /// "learningRate: 0.05 → 0.1" for each name. `changedSources` tells, by the digests of all sources before and now, what
  /// became of which file.
  func difference(
    from other: ManifestFacts, in names: [String], changedSources: (String, String) throws -> String
  ) rethrows -> [String] {
    let experiment = values["experiment"] ?? ""
    let paper = experiment.paper
    return try names.map { name in
      switch name {
      case "code.experiment": "code of the experiment \(experiment) changed"
      case "code.paper": "code that the experiments of \(paper) share changed"
      case "code.methods": "code of the numerical methods changed"
      case "code.compiler": "the compiler changed"
      case "code.sources":
        "sources of the program of \(experiment) changed"
          + (try changedSources(other.values[name] ?? "", values[name] ?? ""))
      case "code.outputs": "the outputs that \(experiment) declares changed"
      case "code.data": "the arrays of data files that \(experiment) declares changed"
      case "code.command", "code.versions", "code.protocol":
        "\(name.dropFirst(5)): \(other.values[name] ?? "nothing") → \(values[name] ?? "nothing")"
      case _ where name.hasPrefix("own."):
        "input '\(name.dropFirst(4))' of each replica's own number changed: other cells of the stage it reads"
      case _ where name.hasPrefix("input."): "input '\(name.dropFirst(6))' changed: other cells of the stage it reads"
      case "replicas": "\(other.replicas) → \(replicas)"
      default: "\(name): \(other.values[name] ?? "nothing") → \(values[name] ?? "nothing")"
      }
    }
  }
}

/// A stored cell to compare others of its experiment with.
struct Relative: Sendable {
  let key: CellKey
  let facts: ManifestFacts
  /// When it was stored, in seconds since 1970.
  let changed: Double
  /// Why its replicas failed, with how many for each reason.
  let failures: [String: Int]
}

extension Store {
  /// The stored cells of an experiment, the latest first. Cells that cannot be read are left to `store check`.
  fileprivate func relatives(of experiment: String) throws -> [Relative] {
    var relatives: [Relative] = []
    for key in try presentKeys() {
      let path = path(of: key)
      // Why the bytes first: HDF5 keeps texts as they are, and most cells are of other experiments.
      guard let bytes = try Files.bytes(of: path), bytes.firstIndex(of: "\nexperiment \(experiment)\n") != nil,
        try bytes.withUnsafeBytes({ try Cell.damage(in: $0, path: path) }) == nil,
        let changed = Files.sizeAndTime(path)?.changed
      else { continue }
      if let (manifest, failures) = try manifestAndFailures(key), manifest.experiment == experiment {
        relatives.append(Relative(key: key, facts: ManifestFacts(manifest), changed: changed, failures: failures))
      }
    }
    return relatives.sorted { ($1.changed, $0.key) < ($0.changed, $1.key) }
  }
}
