private import NumericalMethods
package import PaperKit

/// Reads the cells of planned stages, each once.
package final class ResultReader {
  private let plan: Plan
  private let store: Store
  private var cells: [String: [Cell]] = [:]

  package init(plan: Plan, store: Store) {
    self.plan = plan
    self.store = store
  }

  /// The results some evidence asks for. A cell that is not in the store counts as failed replicas.
  package func results(_ evidence: Evidence) throws -> Results {
    var chosen: [Cell] = []
    for id in evidence.stages { chosen += try cells(of: id).filter { evidence.accepts($0.manifest.parameters) } }
    return Results(cells: chosen)
  }

  private func cells(of id: String) throws -> [Cell] {
    if let known = cells[id] { return known }
    guard let stage = plan[id] else { preconditionFailure("stage \(id) is not planned") }
    let read = try stage.keys.indices.map { index in
      if let cell = try store.cell(stage.keys[index]) { return cell }
      let manifest = stage.manifest(index)
      return Cell(
        manifest: manifest, replicas: [], failures: manifest.replicas.map { ($0, "not in the store") }, arrays: [:],
        coordinates: [:])
    }
    cells[id] = read
    return read
  }
}

/// A claim with its verdict.
package struct EvaluatedClaim: Sendable {
  package let claim: Claim
  /// Nil when the results did not suffice for an estimate; the reason is then the judgement's.
  package let estimate: Estimate?
  package let verdict: Verdict
  package let reason: String
  package let judgement: Judgement?

  package var isExpected: Bool { verdict == claim.expected }

  /// Evaluates a claim as one of a family.
  package init(_ claim: Claim, familySize: Int, reader: ResultReader) throws {
    let results = try reader.results(claim.evidence)
    do {
      let estimate = try claim.estimator.estimate(results)
      let judgement = Judgement(
        of: estimate, accepted: claim.accepted, familySize: familySize, failedReplicas: results.failedReplicaCount,
        plannedReplicas: results.plannedReplicaCount)
      self.init(claim, estimate, judgement, judgement.verdict, judgement.reason)
    } catch let error as EvidenceError {
      self.init(claim, nil, nil, .inconclusive, error.description)
    } catch let error as NumericalError {
      self.init(claim, nil, nil, .inconclusive, error.description)
    }
  }

  private init(_ claim: Claim, _ estimate: Estimate?, _ judgement: Judgement?, _ verdict: Verdict, _ reason: String) {
    self.claim = claim
    self.estimate = estimate
    self.judgement = judgement
    self.verdict = verdict
    self.reason = reason
  }
}
