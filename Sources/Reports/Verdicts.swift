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
    fileprivate let missing: Set<CellKey>
    /// Why there is no verdict; empty where there is one.
    package let reason: String
  }

  package let entries: [Entry]
  package let report: VerdictReport
  /// Stages that numbers were taken of which are not those of today.
  package let staleStages: [String]
  /// What left a claim without a verdict that has its cells: an estimator that trapped, or damage.
  package let problem: PipelineError?
  /// What audits prove, if a number comes from the ledger.
  package let audits: AuditStatement?

  /// Cells that are missing behind the claims without verdict, those that several need once.
  package var missingCount: Int {
    entries.reduce(into: Set<CellKey>()) { if $1.evaluated == nil { $0.formUnion($1.missing) } }.count
  }

  /// Judges claims whose stages are planned; by the ledger alone unless `usesCells`. Throws at the first ``problem`` unless
  /// `goesOn`.
  package init(
    of claims: [Claim], in project: Project, plan: Plan, ledger: LedgerReader?, usesCells: Bool = true,
    goesOn: Bool = false
  ) throws {
    let present = try usesCells ? project.store.presentKeys() : []
    let failed = try usesCells ? project.store.failedKeys() : []
    let judge = project.judge(project.reader(plan))
    var problem: PipelineError?
    entries = try claims.map { claim in
      let judged: (evaluated: EvaluatedClaim?, cells: [CellKey], missingCount: Int)
      let recorded: (estimation: Estimation, origin: Origin)?
      do {
        judged = try judge.judge(claim, present: present)
        recorded = try judged.evaluated == nil ? ledger?.estimation(of: claim) : nil
      } catch let error as PipelineError {
        switch error {
        case .estimatorTrapped where goesOn, .damaged where goesOn: problem = error
        // What was damaged has been moved away, so that the next claim on it finds nothing.
        case .cellsMissing where problem != nil: break
        default: throw error
        }
        return Entry(
          claim: claim, evaluated: nil, origin: nil, missing: [], reason: ErrorMessage.reason(of: error))
      }
      var (evaluated, origin) = (judged.evaluated, judged.evaluated == nil ? nil : Origin.computed)
      if let recorded {
        evaluated = judge.judge(claim, by: recorded.estimation)
        origin = recorded.origin
      }
      let missing = judged.missingCount == 0 ? [] : judged.cells.filter { !present.contains($0) }
      let reason = try evaluated == nil ? Self.reason(missing, failed, claim, project, plan) : ""
      return Entry(
        claim: claim, evaluated: evaluated, origin: origin, missing: Set(missing), reason: reason)
    }
    self.problem = problem
    judge.saveEstimations()
    let isFromLedger = entries.contains { $0.origin != nil && $0.origin != .computed }
    let origins = entries.compactMap { entry in entry.origin.map { (entry.claim.id, $0.name) } }
    report = VerdictReport(
      profile: project.profile, claims: entries.compactMap(\.evaluated),
      unjudged: entries.filter { $0.evaluated == nil }.map { ($0.claim, $0.reason) },
      origins: isFromLedger ? Dictionary(uniqueKeysWithValues: origins) : [:])
    staleStages = Set(
      entries.flatMap { entry -> [String] in
        guard case .outOfDate = entry.origin else { return [] }
        return entry.claim.evidence.stages.filter { !(ledger?.standings[$0]?.isCurrent ?? true) }
      }
    ).sorted()
    audits = try isFromLedger ? ledger.map { try project.auditStatement($0) } : nil
  }

  /// Why cells of a claim are missing.
  private static func reason(
    _ missing: [CellKey], _ failed: Set<CellKey>, _ claim: Claim, _ project: Project, _ plan: Plan
  ) throws -> String {
    let own = missing.filter(failed.contains)
    let stages = claim.evidence.stages.joined(separator: ", ")
    if !own.isEmpty {
      var reasons: [String] = []
      for key in own where reasons.count < 2 {
        if let reason = try project.store.failure(of: key), !reasons.contains(reason) { reasons.append(reason) }
      }
      return "\(Text.count(own.count, "cell")) of \(stages) failed: " + reasons.joined(separator: "; or: ")
    }
    let read = project.pipeline.closure(of: claim.evidence.stages).map(\.id).filter { id in
      !claim.evidence.stages.contains(id) && plan[id]?.keys.contains(where: failed.contains) ?? false
    }
    return "\(Text.count(missing.count, "cell")) of \(stages) \(missing.count == 1 ? "is" : "are") missing"
      + (read.isEmpty ? "" : ", as cells of \(read.joined(separator: ", ")) failed")
  }
}

extension Project {
  /// What the audits on record say about a ledger.
  package func auditStatement(_ reader: LedgerReader, paper: String? = nil) throws -> AuditStatement {
    Audit.statement(reader, try AuditRecord.all(root: root, profile: profile), paper: paper)
  }
}
