package import Claims
package import Ledger
package import Pipeline
private import Store

/// The verdicts on some claims, by the cells that are here and, where some are missing, by the ledger.
package struct Verdicts {
  /// Verdict of a claim, or why there is none.
  package struct Entry {
    package let claim: Claim
    /// Nil where cells are missing that the ledger has no number for.
    package let evaluated: EvaluatedClaim?
    package let origin: Origin?
    package let cellCount: Int
    package let missingCount: Int
  }

  package let entries: [Entry]
  package let report: VerdictReport
  /// Stages that numbers were taken of which are not those of today.
  package let staleStages: [String]
  /// What audits prove, if a number comes from the ledger.
  package let audits: AuditStatement?

  /// Cells that are missing behind the claims without verdict.
  package var missingCount: Int { entries.reduce(0) { $1.evaluated == nil ? $0 + $1.missingCount : $0 } }

  /// Judges claims whose stages are planned; by the ledger alone unless `usesCells`.
  package init(
    of claims: [Claim], in project: Project, plan: Plan, ledger: LedgerReader?, usesCells: Bool = true
  ) throws {
    let present = try usesCells ? project.store.presentKeys() : []
    let judge = project.judge(project.reader(plan))
    entries = try claims.map { claim in
      let judged = try judge.judge(claim, present: present)
      var (evaluated, origin) = (judged.evaluated, judged.evaluated == nil ? nil : Origin.computed)
      if evaluated == nil, let recorded = ledger?.estimation(of: claim) {
        evaluated = judge.judge(claim, by: recorded.estimation)
        origin = recorded.origin
      }
      return Entry(
        claim: claim, evaluated: evaluated, origin: origin, cellCount: judged.cells.count,
        missingCount: judged.missingCount)
    }
    judge.saveEstimations()
    let isFromLedger = entries.contains { $0.origin != nil && $0.origin != .computed }
    let origins = entries.compactMap { entry in entry.origin.map { (entry.claim.id, $0.name) } }
    report = VerdictReport(
      profile: project.profile, claims: entries.compactMap(\.evaluated),
      unjudgedCount: entries.count { $0.evaluated == nil },
      origins: isFromLedger ? Dictionary(uniqueKeysWithValues: origins) : [:])
    staleStages = Set(
      entries.flatMap { entry -> [String] in
        guard case .outOfDate = entry.origin else { return [] }
        return entry.claim.evidence.stages.filter { !(ledger?.standings[$0]?.isCurrent ?? true) }
      }
    ).sorted()
    audits = try isFromLedger ? ledger.map { try project.auditStatement($0) } : nil
  }
}

extension Project {
  /// What the audits on record say about a ledger.
  package func auditStatement(_ reader: LedgerReader, paper: String? = nil) throws -> AuditStatement {
    Audit.statement(reader, try AuditRecord.all(root: root, profile: profile), paper: paper)
  }
}
