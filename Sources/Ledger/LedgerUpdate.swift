package import Claims
package import Figures
private import Foundation
private import NumericalMethods
package import PaperKit
package import Pipeline
private import Platform
package import Runner
package import Store

/// Writes into a ledger what a store holds and can prove: cells whose bytes are sound, and estimates and tables that are made
/// of them here.
package struct LedgerUpdate {
  /// What an update did.
  package struct Summary: Sendable, Encodable {
    /// Cells that the ledger did not have.
    package var cells = 0
    package var claims = 0
    package var tables = 0
    /// Files that were written and, by compacting alone, removed.
    package var written = 0
    package var removed = 0
  }

  /// Where numbers of claims and figures come from.
  package struct Sources {
    let estimation: (Claim) throws -> Estimation
    let table: (TableReference) throws -> Table

    package init(
      estimation: @escaping (Claim) throws -> Estimation, table: @escaping (TableReference) throws -> Table
    ) {
      self.estimation = estimation
      self.table = table
    }
  }

  private let ledger: Ledger
  private let plan: Plan
  private let catalogue: Catalogue
  private let store: Store
  private let records: EarlierRuns
  private let sources: Sources
  /// Now, in ISO 8601.
  private let time: String
  /// Stages whose cells in the store are those of the ledger, as far as they are there.
  private var proved: Set<String> = []
  private var summary = Summary()

  package init(
    _ ledger: Ledger, plan: Plan, catalogue: Catalogue, store: Store, records: EarlierRuns, time: String,
    sources: Sources
  ) {
    self.ledger = ledger
    self.plan = plan
    self.catalogue = catalogue
    self.store = store
    self.records = records
    self.time = time
    self.sources = sources
  }

  /// Brings the ledger up to date for some stages and the claims and tables that read them. Throws
  /// ``PipelineError/damaged(path:reason:)`` where a cell of the store has other results than the ledger says, for the same
  /// code in the same numeric class; nothing is written then.
  ///
  /// What is new goes into new files, and older ones stay: git would take a file that was removed and one that was added for
  /// the same, and two such updates for a conflict. `isCompacting` puts all that still holds into one file each and
  /// removes the others, new files first, so that an update that is interrupted leaves a ledger that says what it said.
  package mutating func run(
    stages: Set<String>, claims: [Claim], tables: [TableReference], allClaims: [Claim], allTables: [TableReference],
    isCompacting: Bool
  ) throws -> Summary {
    var standings: [String: Ledger.Standing] = [:]
    var texts: [String: String] = [:]
    func keep(_ kind: LedgerFile.Kind, _ subject: String, _ text: String) {
      texts[LedgerFile.path(kind, subject, text: text)] = text
    }
    let reader = try LedgerReader(ledger, plan: plan, catalogue: catalogue)
    for stage in plan.stages {
      try Interruption.check()
      guard let before = reader.standings[stage.id] else { continue }
      var standing = before
      if stages.contains(stage.id) { try add(stage, to: &standing) }
      standings[stage.id] = standing
      // Of cells that nobody plans any more, current ones go, and older ones stay as long as there is nothing newer.
      guard var record = standing.record else { continue }
      var outcomes = standing.outcomes
      if !isCompacting, before.isCurrent { outcomes = outcomes.filter { before.outcomes[$0.key] == nil } }
      if standing.isCurrent {
        record.outcomes = Dictionary(uniqueKeysWithValues: outcomes.map { (stage.place($0.key), $0.value) })
      }
      if isCompacting || standing.isCurrent && !outcomes.isEmpty { keep(.stage, stage.id, record.text) }
    }
    let estimates = try lines(of: allClaims, id: \.id) { claim in
      guard
        let record = try record(
          of: claim, isWanted: claims.contains { $0.id == claim.id }, standings, reader),
        isCompacting || !(ledger.claims[claim.id] ?? []).contains(where: { $0.says(record) })
      else { return [] }
      return [try record.line()]
    }
    func keep(_ kind: LedgerFile.Kind, _ linesByPaper: [String: [[String]]]) {
      for (paper, lines) in linesByPaper {
        let kept = isCompacting ? ledger.acceptances[Ledger.Evaluations(kind: kind, paper: paper)] ?? [] : []
        keep(kind, paper, LedgerFile.text(kind, paper, CodeAcceptance.lines(kept) + lines))
      }
    }
    keep(.claims, estimates)
    let wanted = Set(tables)
    let rows = try lines(of: allTables, id: \.table) { reference in
      guard let record = try record(of: reference, isWanted: wanted.contains(reference), standings, reader),
        isCompacting || !(ledger.tables[reference.ledgerName] ?? []).contains(where: { $0.says(record) })
      else { return [] }
      return record.lines
    }
    keep(.tables, rows)
    try write(texts, isCompacting)
    return summary
  }

  private func lines<Item>(
    of items: [Item], id: (Item) -> String, _ lines: (Item) throws -> [[String]]
  ) rethrows -> [String: [[String]]] {
    var byPaper: [String: [[String]]] = [:]
    for item in items {
      let added = try lines(item)
      if !added.isEmpty { byPaper[id(item).paper, default: []] += added }
    }
    return byPaper
  }

  private mutating func add(_ stage: Plan.Stage, to standing: inout Ledger.Standing) throws {
    let present = stage.keys.indices.filter { store.contains(stage.keys[$0]) }
    guard !present.isEmpty else { return }
    let experiment = stage.definition.experiment
    var outcomes = standing.isCurrent ? standing.outcomes : [:]
    var acceptances = Set(standing.isCurrent ? standing.record?.acceptances ?? [] : [])
    proved.insert(stage.id)
    for index in present {
      try Interruption.check()
      guard let cell = try store.cell(stage.keys[index]) else { continue }
      let digest = cell.resultDigest(outputs: experiment.outputs)
      let numericClass = cell.bitClass
      acceptances.formUnion(cell.acceptances)
      let cost = records.costs[stage.keys[index]]
      let seconds = cost.map { ($0.processorSeconds * 1000).rounded() / 1000 }
      if let known = outcomes[index] {
        guard known.digest != digest else {
          // What it takes may have been on no record where it was written down.
          if known.seconds == nil, let seconds { outcomes[index] = known.costing(seconds) }
          continue
        }
        guard known.run.numericClass != numericClass else {
          throw PipelineError.damaged(
            path: store.path(of: stage.keys[index]),
            reason:
              "\(stage.id) \(stage.label(index)) has other results than the ledger says, for the same code; `refig "
              + "store audit` tells whether the cell is right, and then the ledger's line is wrong")
        }
        // Another class may have other bits; what was written first stays, with what was made of it.
        proved.remove(stage.id)
        continue
      }
      let run = cost.flatMap { records.runs[$0.run] }
      summary.cells += 1
      outcomes[index] = StageRecord.Outcome(
        digest: digest, seconds: seconds,
        run: StageRecord.Run(
          time: run?.time ?? "", numericClass: numericClass, machine: run.map(Self.machine) ?? "", recorded: time),
        probes: cell.probes(outputs: experiment.outputs))
    }
    standing.outcomes = outcomes
    standing.changes = []
    standing.record = StageRecord(
      stage: stage.id, basis: standing.basis, acceptances: Array(acceptances),
      outcomes: Dictionary(uniqueKeysWithValues: outcomes.map { (stage.place($0.key), $0.value) }))
  }

  /// What ran and where, in a few words.
  private static func machine(_ run: EarlierRuns.Run) -> String {
    ["processor", "refig", "commit"].compactMap { run.facts[$0].map { String($0.prefix(60)) } }.joined(separator: ", ")
  }

  /// What is to be said of a claim: its number made of cells that are here or, failing that, the one that was written
  /// before, while it still stands for something.
  private mutating func record(
    of claim: Claim, isWanted: Bool, _ standings: [String: Ledger.Standing], _ reader: LedgerReader
  ) throws -> ClaimRecord? {
    if isWanted, let evidence = provable(claim.evidence, standings) {
      let record = ClaimRecord(
        claim: claim.id, estimator: claim.estimator.name,
        binding: Binding(code: reader.code(of: claim.id), evidence: evidence), estimation: try sources.estimation(claim)
      )
      if !(ledger.claims[claim.id] ?? []).contains(where: record.says) { summary.claims += 1 }
      return record
    }
    return try Ledger.digest(of: claim.evidence, in: plan, standings).flatMap {
      try reader.record(of: claim, evidence: $0)
    }
  }

  private mutating func record(
    of reference: TableReference, isWanted: Bool, _ standings: [String: Ledger.Standing], _ reader: LedgerReader
  ) throws -> TableRecord? {
    let evidence = reference.evidence
    if isWanted, let digest = provable(evidence, standings) {
      let record = TableRecord(
        name: reference.ledgerName, binding: Binding(code: reader.code(of: reference.table), evidence: digest),
        table: try sources.table(reference))
      if !(ledger.tables[reference.ledgerName] ?? []).contains(where: record.says) { summary.tables += 1 }
      return record
    }
    return try Ledger.digest(of: evidence, in: plan, standings).flatMap {
      try reader.record(of: reference, evidence: $0)
    }
  }

  /// The digest of evidence whose cells are all here, current and in the ledger as they are here.
  private func provable(_ evidence: Evidence, _ standings: [String: Ledger.Standing]) -> String? {
    for id in evidence.stages {
      guard let stage = plan[id], proved.contains(id) else { return nil }
      for index in stage.keys.indices where evidence.accepts(stage.manifest(index).parameters) {
        guard store.contains(stage.keys[index]) else { return nil }
      }
    }
    return Ledger.digest(of: evidence, in: plan, standings)
  }

  private mutating func write(_ texts: [String: String], _ isCompacting: Bool) throws {
    let old = Set(ledger.paths)
    for (path, text) in texts.sorted(by: { $0.key < $1.key }) where !old.contains(path) {
      let target = "\(ledger.folder)/\(path)"
      try Files.write(Array(text.utf8), to: target, by: "\(target).\(getpid()).tmp", isDurable: true)
      summary.written += 1
    }
    guard isCompacting else { return }
    for path in old.subtracting(texts.keys) {
      guard unlink("\(ledger.folder)/\(path)") == 0 || errno == ENOENT else {
        throw FileError(.write, "\(ledger.folder)/\(path)", code: errno)
      }
      summary.removed += 1
    }
  }
}
