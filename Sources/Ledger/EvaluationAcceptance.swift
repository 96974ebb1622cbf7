package import Claims
package import Figures
private import Glibc
private import NumericalMethods
internal import PaperKit
internal import Pipeline
private import Platform
package import Store

/// Estimates and tables of one paper that one older code has made of today's cells, and a sample of them that today's code
/// makes again: where it agrees, all of them can stand for today's code.
package struct EvaluationAcceptance {
  package let paper: String
  /// The sample.
  package let claims: [Claim]
  package let tables: [TableReference]
  /// The cells it is made of, by stage.
  package let cells: [String: Set<Int>]
  /// How many estimates and tables would be kept.
  package var count: Int { claimRecords.count + tableRecords.count }
  package var sampleCount: Int { claims.count + tables.count }
  let from: String
  fileprivate let claimRecords: [ClaimRecord]
  fileprivate let tableRecords: [TableRecord]
}

extension LedgerReader {
  /// What has to be shown before a paper's estimates and tables of older code stand for today's, one for each such code.
  /// The sample has `sample` of them, drawn from those whose cells take at most `budget` seconds of processor time.
  package func evaluationAcceptances(
    of paper: String, claims: [Claim], tables: [TableReference], sample: Int, budget: Double, seed: String
  ) throws -> [EvaluationAcceptance] {
    let today = code(of: paper + "/")
    func aged<Item, Record: EvaluationRecord>(
      _ items: [Item], _ evidence: (Item) -> Evidence, _ record: (Item, String) throws -> Record?
    ) throws -> [(item: Item, evidence: Evidence, record: Record)] {
      try items.compactMap { item in
        let evidence = evidence(item)
        guard changes(evidence).isEmpty, let digest = Ledger.digest(of: evidence, in: plan, standings),
          let record = try record(item, digest), record.binding.code != today
        else { return nil }
        return (item, evidence, record)
      }
    }
    let oldClaims = try aged(claims.filter { $0.id.paper == paper }, \.evidence) { try record(of: $0, evidence: $1) }
    let oldTables = try aged(tables.filter { $0.table.paper == paper }, \.evidence) { try record(of: $0, evidence: $1) }
    let codes = Set(oldClaims.map(\.record.binding.code) + oldTables.map(\.record.binding.code)).sorted()
    return codes.map { code in
      let ownClaims = oldClaims.filter { $0.record.binding.code == code }
      let ownTables = oldTables.filter { $0.record.binding.code == code }
      let evidences = ownClaims.map(\.evidence) + ownTables.map(\.evidence)
      var random = RandomStream(key: CellKey.streamKey(seed), purpose: "accept.evaluations", stream: 0)
      let drawn = random.permutation(evidences.count).filter { cost(evidences[$0]) <= budget }.prefix(sample)
      return EvaluationAcceptance(
        paper: paper, claims: drawn.filter { $0 < ownClaims.count }.map { ownClaims[$0].item },
        tables: drawn.filter { $0 >= ownClaims.count }.map { ownTables[$0 - ownClaims.count].item },
        cells: drawn.reduce(into: [:]) { $0.merge(cells(evidences[$1])) { $0.union($1) } }, from: code,
        claimRecords: ownClaims.map(\.record), tableRecords: ownTables.map(\.record))
    }
  }

  private func cells(_ evidence: Evidence) -> [String: Set<Int>] {
    var cells: [String: Set<Int>] = [:]
    for id in evidence.stages {
      guard let stage = plan[id] else { continue }
      cells[id] = Set(stage.keys.indices.filter { evidence.accepts(stage.manifest($0).parameters) })
    }
    return cells
  }

  /// Processor seconds of the cells behind some evidence, with all that they read; endless where no record tells of any.
  private func cost(_ evidence: Evidence) -> Double {
    let own = cells(evidence).reduce(0) { sum, stage in
      sum + stage.value.reduce(0) { $0 + (standings[stage.key]?.outcomes[$1]?.seconds ?? .infinity) }
    }
    let upstream = evidence.stages.flatMap { plan[$0]?.definition.inputs.map(\.stage) ?? [] }
    return upstream.isEmpty ? own : own + cost(Evidence(stages: upstream, conditions: [:]))
  }

  /// Writes a paper's estimates and tables down for today's code, if those of the sample, made of cells in `store`, are the
  /// same as they say: bit for bit in one numeric class. Throws ``PipelineError/auditFailed(count:first:)`` if not, and
  /// changes nothing.
  package func accept(
    _ acceptance: EvaluationAcceptance, store: Store, sources: LedgerUpdate.Sources, who: String, reason: String,
    time: String
  ) throws {
    var differing: [String] = []
    for claim in acceptance.claims {
      let known = acceptance.claimRecords.first { $0.claim == claim.id }?.estimation
      let now = try sources.estimation(claim)
      let isSame = try known.map {
        let isEqual = try KnownEstimations.encoded(["": now]) == KnownEstimations.encoded(["": $0])
        return try isEqual || (!isOfThisClass(claim.evidence, store) && !Audit.isFar(now, $0))
      }
      if isSame != true { differing.append("the estimate of \(claim.id)") }
    }
    for reference in acceptance.tables {
      let known = acceptance.tableRecords.first { $0.name == reference.ledgerName }
      let now = TableRecord(
        name: reference.ledgerName, binding: Binding(code: "", evidence: ""), table: try sources.table(reference))
      let isSame = try known.map { known in
        try known.content() == now.content()
          || (!isOfThisClass(reference.evidence, store) && Self.isNear(known.table, now.table))
      }
      if isSame != true { differing.append("the table \(reference.table)") }
    }
    if let first = differing.first { throw PipelineError.auditFailed(count: differing.count, first: first) }
    let today = code(of: acceptance.paper + "/")
    let line = CodeAcceptance(
      time: time, who: who, reason: reason,
      sampled: acceptance.sampleCount, from: acceptance.from, to: today)
    func renewed<Record: EvaluationRecord>(_ record: Record) -> Record {
      var record = record
      record.binding.code = today
      return record
    }
    try write(.claims, acceptance, line, try acceptance.claimRecords.map { try renewed($0).line() })
    try write(.tables, acceptance, line, acceptance.tableRecords.flatMap { renewed($0).lines })
  }

  private func write(
    _ kind: LedgerFile.Kind, _ acceptance: EvaluationAcceptance, _ line: CodeAcceptance, _ lines: [[String]]
  ) throws {
    guard !lines.isEmpty else { return }
    let text = LedgerFile.text(kind, acceptance.paper, CodeAcceptance.lines([line]) + lines)
    let target = "\(ledger.folder)/\(LedgerFile.path(kind, acceptance.paper, text: text))"
    try Files.write(Array(text.utf8), to: target, by: "\(target).\(getpid()).tmp", isDurable: true)
  }

  /// Whether all cells behind some evidence must have the bits that they have in a store.
  func isOfThisClass(_ evidence: Evidence, _ store: Store) throws -> Bool {
    for id in evidence.stages {
      guard let stage = plan[id], let outcomes = standings[id]?.outcomes else { continue }
      for (index, outcome) in outcomes where evidence.accepts(stage.manifest(index).parameters) {
        if try store.cell(stage.keys[index])?.bitClass != outcome.run.numericClass { return false }
      }
    }
    return true
  }

  private static func isNear(_ first: Table, _ second: Table) -> Bool {
    first.columns == second.columns && first.rows.count == second.rows.count
      && zip(first.rows.joined(), second.rows.joined()).allSatisfy {
        $0 == $1 || $0.isNaN && $1.isNaN || abs($0 - $1) <= NumericClass.tolerance * max(1, abs($0))
      }
  }
}
