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

  /// Keys of the cells behind some evidence.
  package func keys(_ evidence: Evidence) -> [CellKey] {
    evidence.stages.compactMap { plan[$0] }.flatMap { stage in
      stage.keys.indices.filter { evidence.accepts(stage.manifest($0).parameters) }.map { stage.keys[$0] }
    }
  }

  /// A claim's verdict by the cells behind it, nil where one of them is not among those `present`; and how many are not.
  package func judge(
    _ claim: Claim, of project: Project, present: Set<CellKey>
  ) throws -> (evaluated: EvaluatedClaim?, cells: [CellKey], missingCount: Int) {
    let keys = keys(claim.evidence)
    let missing = keys.count { !present.contains($0) }
    guard missing == 0 else { return (nil, keys, missing) }
    let evaluated = EvaluatedClaim(
      claim, familySize: project.claims.count, results: try results(claim.evidence), catalogue: project.catalogue)
    return (evaluated, keys, 0)
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
  /// Number of claims that share the family-wise error.
  package let familySize: Int
  /// Nil when the results did not suffice for an estimate; the reason is then the judgement's.
  package let estimate: Estimate?
  package let verdict: Verdict
  package let reason: String
  package let judgement: Judgement?

  package var isExpected: Bool { verdict == claim.expected }

  /// Evaluates a claim as one of a family.
  package init(_ claim: Claim, familySize: Int, results: Results, catalogue: Catalogue) {
    do {
      try results.requireNumbers(catalogue)
      let estimate = try claim.estimator.estimate(results)
      let judgement = Judgement(
        of: estimate, accepted: claim.accepted, familySize: familySize, failedReplicas: results.failedReplicaCount,
        plannedReplicas: results.plannedReplicaCount)
      self.init(claim, familySize, estimate, judgement, judgement.verdict, judgement.reason)
    } catch {
      // Too little to work with, or numbers that a fit cannot digest: a reason, not a failure of the evaluation.
      self.init(claim, familySize, nil, nil, .inconclusive, ErrorMessage.reason(of: error))
    }
  }

  private init(
    _ claim: Claim, _ familySize: Int, _ estimate: Estimate?, _ judgement: Judgement?, _ verdict: Verdict,
    _ reason: String
  ) {
    self.claim = claim
    self.familySize = familySize
    self.estimate = estimate
    self.judgement = judgement
    self.verdict = verdict
    self.reason = reason
  }
}

extension Results {
  /// Throws ``EvidenceError`` where there is nothing, or something that is not a number where the experiment promises one:
  /// an estimator that counts or takes the greatest might pass over it. Workers refuse such results; cells can also come
  /// from elsewhere.
  fileprivate func requireNumbers(_ catalogue: Catalogue) throws {
    guard !points.isEmpty else { throw EvidenceError("nothing was computed") }
    for point in points {
      for output in catalogue.experiments[point.experiment]?.outputs ?? [] where !output.allowsNaN {
        if point.arrays[output.name]?.values.contains(where: \.isNaN) ?? false {
          throw EvidenceError("output '\(output.name)' of \(point.experiment) holds something that is not a number")
        }
      }
    }
  }
}
