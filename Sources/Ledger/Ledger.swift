package import Claims
package import Figures
package import PaperKit
package import Pipeline
private import Platform
internal import Store

/// What was computed at one profile's sizes, in text, in the repository: `data/ledger/<profile>/<paper>/…`. With it verdicts
/// and figures need no cell; audits (``Audit``) tell how far it can be believed.
package struct Ledger: Sendable {
  package let folder: String
  package let profile: String
  /// Names of its files.
  let paths: [String]
  private(set) var stages: [String: [StageRecord]] = [:]
  private(set) var claims: [String: [ClaimRecord]] = [:]
  private(set) var tables: [String: [TableRecord]] = [:]
  /// By paper and kind of file: when estimates or tables of other code were taken for those of today's.
  private(set) var acceptances: [Evaluations: [CodeAcceptance]] = [:]

  /// All estimates, or all tables, of one paper.
  struct Evaluations: Hashable, Sendable {
    let kind: LedgerFile.Kind
    let paper: String
  }

  /// The folder of a project's ledger for one profile.
  package static func folder(root: String, profile: String) -> String { "\(root)/data/ledger/\(profile)" }

  /// Reads a ledger; one without files is empty. Throws ``PipelineError/damaged(path:reason:)``.
  package init(root: String, profile: String) throws {
    try self.init(folder: Self.folder(root: root, profile: profile), profile: profile)
  }

  package init(folder: String, profile: String) throws {
    self.folder = folder
    self.profile = profile
    paths = try LedgerFile.paths(in: folder)
    for path in paths {
      let file = try LedgerFile(folder, path)
      do {
        switch file.kind {
        case .stage: stages[file.subject, default: []].append(try StageRecord(file))
        case .claims: for record in try ClaimRecord.records(file) { claims[record.claim, default: []].append(record) }
        case .tables: for record in try TableRecord.records(file) { tables[record.name, default: []].append(record) }
        }
        guard file.kind != .stage else { continue }
        let evaluations = Evaluations(kind: file.kind, paper: file.subject)
        for acceptance in try CodeAcceptance.all(in: file)
        where !(acceptances[evaluations] ?? []).contains(acceptance) {
          acceptances[evaluations, default: []].append(acceptance)
        }
      } catch let unreadable as UnreadableFact {
        throw PipelineError.damaged(path: "\(folder)/\(path)", reason: ErrorMessage.visible(unreadable.reason))
      }
    }
  }

  package var isEmpty: Bool { paths.isEmpty }

  /// The files of the ledgers of all profiles and of their audits, relative to the project's folder.
  package static func files(root: String) throws -> [String] {
    let profiles = try Files.names(in: "\(root)/data/ledger").sorted().filter {
      Files.isFolder("\(root)/data/ledger/\($0)")
    }
    let files = try profiles.flatMap { profile in
      try LedgerFile.paths(in: folder(root: root, profile: profile)).map { "data/ledger/\(profile)/\($0)" }
    }
    let audits = "data/ledger/audits.jsonl"
    return files + (Files.sizeAndTime("\(root)/\(audits)") == nil ? [] : [audits])
  }

  /// One digest of all that it says.
  package var digest: String { CellKey.digest(paths.map { $0 + "\n" }.joined()) }

  // MARK: Against a plan

  /// How a stage of a plan stands in a ledger.
  package struct Standing: Sendable {
    /// What its cells are computed from today.
    let basis: StageRecord.Basis
    /// What came out, by cell of the plan.
    package var outcomes: [Int: StageRecord.Outcome] = [:]
    /// What is different today from what the cells were computed with; empty where they are current.
    package var changes: [String] = []
    package var cellCount = 0
    /// What the outcomes were computed from, nil where there are none.
    package var record: StageRecord?
    /// A cell of which two files say different things.
    var contradiction: String?

    package var isCurrent: Bool { changes.isEmpty }
    package var isComplete: Bool { outcomes.count == cellCount }

    /// In words; nil where there is nothing of the stage.
    package var summary: String? {
      guard record != nil else { return nil }
      return isCurrent
        ? "\(outcomes.count) of \(cellCount) cells in the ledger"
        : "in the ledger, out of date: " + changes.joined(separator: "; ")
    }
  }

  /// How a stage stands: its current cells or, where there are none, those of the basis that was written down last. What
  /// several files say of one basis counts together.
  private func standing(of stage: Plan.Stage, _ basis: StageRecord.Basis) -> Standing {
    let records = stages[stage.id] ?? []
    var standing = Standing(basis: basis, cellCount: stage.keys.count)
    var found = records.filter { $0.basis == basis }
    if found.isEmpty, let last = records.max(by: { $0.recorded < $1.recorded }) {
      found = records.filter { $0.basis == last.basis }
      standing.changes = basis.differences(from: last.basis)
    }
    guard var record = found.first else { return standing }
    for other in found.dropFirst() {
      for (place, outcome) in other.outcomes {
        guard let first = record.outcomes[place] else {
          record.outcomes[place] = outcome
          continue
        }
        if first.digest != outcome.digest, first.run.numericClass == outcome.run.numericClass {
          standing.contradiction = place.replacing("\t", with: " ")
        }
        if outcome.run.recorded < first.run.recorded { record.outcomes[place] = outcome }
      }
      record.acceptances += other.acceptances.filter { !record.acceptances.contains($0) }
    }
    standing.record = record
    for cell in stage.keys.indices { standing.outcomes[cell] = record.outcomes[stage.place(cell)] }
    return standing
  }

  /// How the stages of a plan stand, by id.
  package func standings(_ plan: Plan) -> [String: Standing] {
    let bases = StageRecord.Basis.all(of: plan)
    return Dictionary(
      uniqueKeysWithValues: plan.stages.compactMap { stage in
        bases[stage.id].map { (stage.id, standing(of: stage, $0)) }
      })
  }

  /// One digest of what came out of the cells behind some evidence and of the settings that they share, which an estimator
  /// can read too; nil where a cell is not in the ledger.
  package static func digest(of evidence: Evidence, in plan: Plan, _ standings: [String: Standing]) -> String? {
    var lines: [String] = []
    for id in evidence.stages {
      guard let stage = plan[id], let standing = standings[id], let record = standing.record else { return nil }
      lines += record.basis.settings.map { "\(id)\t\($0.key)\t\($0.value)\n" }
      for cell in stage.keys.indices
      where evidence.conditions.isEmpty || evidence.accepts(stage.manifest(cell).parameters) {
        guard let outcome = standing.outcomes[cell] else { return nil }
        lines.append("\(id)\t\(stage.place(cell))\t\(outcome.digest)\n")
      }
    }
    return CellKey.digest(lines.sorted().joined())
  }
}

/// Where a number that is shown was made.
package enum Origin: Sendable, Equatable {
  /// Of cells that are here.
  case computed
  /// Taken from the ledger, for the cells and the code of today.
  case ledger
  /// The same, but the code of the estimator or the table has changed since; its cells are those of today's code.
  case ledgerOfOtherCode
  /// Taken from the ledger, for cells of other code or other parameters: what has changed.
  case outOfDate([String])

  package var isCurrent: Bool { if case .outOfDate = self { false } else { true } }

  /// In a word or two.
  package var name: String {
    switch self {
    case .computed: "here"
    case .ledger: "ledger"
    case .ledgerOfOtherCode: "ledger, other estimator"
    case .outOfDate: "out of date"
    }
  }

  /// In a sentence.
  package var explanation: String {
    switch self {
    case .computed: "of cells that are here"
    case .ledger: "from the ledger"
    case .ledgerOfOtherCode: "from the ledger, made by older code from today's cells"
    case .outOfDate(let changes): "from the ledger, out of date: \(changes.joined(separator: "; "))"
    }
  }
}

/// A ledger beside the plan of today's pipeline: what of it still holds.
package struct LedgerReader {
  package let ledger: Ledger
  package let plan: Plan
  package let standings: [String: Ledger.Standing]
  private let catalogue: Catalogue

  /// Throws ``PipelineError/damaged(path:reason:)`` where two files say different things of a cell of today's code.
  package init(_ ledger: Ledger, plan: Plan, catalogue: Catalogue) throws {
    self.ledger = ledger
    self.plan = plan
    self.catalogue = catalogue
    standings = ledger.standings(plan)
    for (id, standing) in standings.sorted(by: { $0.key < $1.key }) {
      guard let cell = standing.contradiction else { continue }
      throw PipelineError.damaged(
        path: ledger.folder,
        reason:
          "two of its files say different things of \(id) \(ErrorMessage.visible(cell)), for the same code: compute the "
          + "cell with `refig run \(id)`, delete the file that is wrong")
    }
  }

  /// "5640 of 20565 cells, 3 stages out of date".
  package var summary: String {
    let current = standings.values.filter(\.isCurrent)
    let stale = standings.count - current.count
    return
      "\(current.reduce(0) { $0 + $1.outcomes.count }) of \(standings.values.reduce(0) { $0 + $1.cellCount }) cells"
      + (stale > 0 ? ", \(stale) \(stale == 1 ? "stage" : "stages") out of date" : "")
  }

  /// What has changed since the cells behind some evidence were computed, by stage.
  package func changes(_ evidence: Evidence) -> [String] {
    evidence.stages.flatMap { id in (standings[id]?.changes ?? []).map { "\(id): \($0)" } }
  }

  /// A claim's number, if the ledger has one of the cells that today's claim asks for. Throws
  /// ``PipelineError/damaged(path:reason:)`` where two of its files say different things.
  package func estimation(of claim: Claim) throws -> (estimation: Estimation, origin: Origin)? {
    guard let evidence = Ledger.digest(of: claim.evidence, in: plan, standings),
      let record = try record(of: claim, evidence: evidence)
    else { return nil }
    return (record.estimation, origin(changes(claim.evidence), record.binding.code == code(of: claim.id)))
  }

  /// A table, if the ledger has it of the cells that today's figure asks for. Throws as ``estimation(of:)`` does.
  package func table(_ reference: TableReference) throws -> (table: Table, origin: Origin, evidence: String)? {
    let evidence = reference.evidence
    guard let digest = Ledger.digest(of: evidence, in: plan, standings),
      let record = try record(of: reference, evidence: digest),
      record.table.columns == catalogue.table(reference.table)?.columns.map(\.name)
    else { return nil }
    return (record.table, origin(changes(evidence), record.binding.code == code(of: reference.table)), digest)
  }

  func code(of id: String) -> String { catalogue.evaluationCode(ofPaper: id.paper) }

  func record(of claim: Claim, evidence: String) throws -> ClaimRecord? {
    try one(ledger.claims[claim.id]?.filter { $0.estimator == claim.estimator.name }, of: claim.id, evidence)
  }

  func record(of reference: TableReference, evidence: String) throws -> TableRecord? {
    try one(ledger.tables[reference.ledgerName], of: reference.table, evidence)
  }

  /// Of all records those of some evidence and, among them, of today's code if there are any. Which file is read first must
  /// not decide: of records of today's code that differ one is wrong, and which of older ones is the last is not known.
  private func one<Record: EvaluationRecord>(_ records: [Record]?, of id: String, _ evidence: String) throws -> Record?
  {
    let found = (records ?? []).filter { $0.binding.evidence == evidence }
    let current = found.filter { $0.binding.code == code(of: id) }
    let candidates = current.isEmpty ? found : current
    guard let first = candidates.first else { return nil }
    if try candidates.dropFirst().allSatisfy({ try $0.content() == first.content() }) { return first }
    guard !current.isEmpty else { return nil }
    throw PipelineError.damaged(
      path: ledger.folder,
      reason:
        "two of its files say different things of \(ErrorMessage.visible(id)), for the same cells and code; with its cells "
        + "here (`refig run --profile \(ledger.profile)`), `refig ledger update --compact` keeps what they say")
  }

  private func origin(_ changes: [String], _ hasSameCode: Bool) -> Origin {
    !changes.isEmpty ? .outOfDate(changes) : hasSameCode ? .ledger : .ledgerOfOtherCode
  }
}

extension TableReference {
  /// The cells it is made of.
  package var evidence: Evidence { Evidence(stages: stages, conditions: conditions) }

  /// Table, stages and conditions in one field of a ledger.
  package var ledgerName: String {
    let conditions = conditions.sorted { $0.key < $1.key }.map { name, values in
      " \(name)=" + values.map(\.canonicalText).joined(separator: "|")
    }
    return "\(table) \(stages.joined(separator: " "))" + conditions.joined()
  }
}
