package import PaperKit
package import Pipeline

/// Reads the cells of planned stages, each at most once.
package final class ResultReader {
  /// What it means that a cell is not in the store.
  package enum Absence {
    /// It has to be computed first: what is left would pass for the whole.
    case error
    /// Its replicas failed: deliberate mistakes may make cells fail.
    case failedReplicas
  }

  package let store: Store
  private let plan: Plan
  private let absence: Absence
  /// What became of reading a stage. Damage is remembered, as its cell is gone afterwards.
  private var cells: [String: Result<[Entry], any Error>] = [:]
  /// A cell, or failed replicas in the place of one that is missing.
  private typealias Entry = (cell: Cell, identity: String, isMissing: Bool)
  private var digests: [CellKey: String] = [:]

  package init(plan: Plan, store: Store, absence: Absence = .error) {
    self.plan = plan
    self.store = store
    self.absence = absence
  }

  /// The results some evidence asks for, each replica once even where stages share it. Throws
  /// ``PipelineError/cellsMissing(count:command:)`` and ``PipelineError/damaged(path:reason:)`` unless all cells that it
  /// accepts are there and fit together.
  package func results(_ evidence: Evidence) throws -> Results {
    var chosen: [(cell: Cell, identity: String)] = []
    for id in evidence.stages {
      let own = try cells(of: id).filter { evidence.accepts($0.cell.manifest.parameters) }
      let missingCount = own.count { $0.isMissing }
      if absence == .error, missingCount > 0 {
        throw PipelineError.cellsMissing(count: missingCount, command: "refig run \(id) --profile \(plan.profile)")
      }
      chosen += own.map { ($0.cell, $0.identity) }
    }
    return try Results(cells: chosen)
  }

  /// Keys of the cells behind some evidence, each once.
  package func keys(_ evidence: Evidence) -> [CellKey] {
    var seen: Set<CellKey> = []
    return evidence.stages.compactMap { plan[$0] }.flatMap { stage in
      stage.keys.indices.filter {
        (evidence.conditions.isEmpty || evidence.accepts(stage.manifest($0).parameters))
          && seen.insert(stage.keys[$0]).inserted
      }
      .map { stage.keys[$0] }
    }
  }

  /// Keys of the cells behind some evidence, and of all that those are computed from.
  package func closure(of evidence: [Evidence]) -> Set<CellKey> {
    var needed = Set(evidence.flatMap(keys))
    // A stage comes after those that it reads, of which it reads every point.
    for stage in plan.stages.reversed() where stage.keys.contains(where: needed.contains) {
      for input in stage.definition.inputs { needed.formUnion(plan[input.stage]?.keys ?? []) }
    }
    return needed
  }

  /// Digests of what cells hold, which are checked without opening them, each once. Throws as ``results(_:)`` does.
  package func digests(of keys: [CellKey]) throws -> [String] {
    try keys.map { key in
      if let known = digests[key] { return known }
      guard let bytes = try store.verifiedBytes(key) else {
        throw PipelineError.cellsMissing(count: 1, command: "refig run --profile \(plan.profile)")
      }
      // The header holds the digest of the rest.
      let digest = bytes.prefix(Cell.headerSize).withUnsafeBytes { CellKey.digest($0) }
      digests[key] = digest
      return digest
    }
  }

  private func cells(of id: String) throws -> [Entry] {
    if let known = cells[id] { return try known.get() }
    let outcome = Result { try read(id) }
    cells[id] = outcome
    return try outcome.get()
  }

  private func read(_ id: String) throws -> [Entry] {
    guard let stage = plan[id] else { preconditionFailure("stage \(id) is not planned") }
    return try stage.keys.indices.map { index in
      if let cell = try store.cell(stage.keys[index]) { return (cell, stage.identity(index), false) }
      let manifest = stage.manifest(index)
      let failed = Cell(
        manifest: manifest, replicas: [], failures: manifest.replicas.map { ($0, "not in the store") }, arrays: [:],
        coordinates: [:], numericClass: nil)
      return (failed, stage.identity(index), true)
    }
  }
}
