private import NumericalMethods
package import PaperKit

/// Reads the cells of planned stages, each at most once.
package final class ResultReader {
  /// What it means that a cell is not in the store.
  package enum Absence {
    /// It has to be computed first: what is left would pass for the whole.
    case error
    /// Its replicas failed: deliberate mistakes may make cells fail.
    case failedReplicas
  }

  private let plan: Plan
  private let project: Project
  private let absence: Absence
  /// What became of reading a stage. Damage is remembered, as its cell is gone afterwards.
  private var cells: [String: Result<[Cell], any Error>] = [:]
  private var known: KnownEstimations?
  /// Cells whose digests were checked.
  private var sound: Set<CellKey> = []

  package init(plan: Plan, of project: Project, absence: Absence = .error) {
    self.plan = plan
    self.project = project
    self.absence = absence
  }

  /// The results some evidence asks for. Throws ``PipelineError/cellsMissing(count:command:)`` and
  /// ``PipelineError/damaged(path:reason:)`` unless all cells of its stages are there.
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
    _ claim: Claim, present: Set<CellKey>
  ) throws -> (evaluated: EvaluatedClaim?, cells: [CellKey], missingCount: Int) {
    let keys = keys(claim.evidence)
    let missing = keys.count { !present.contains($0) }
    guard missing == 0 else { return (nil, keys, missing) }
    return (try judge(claim), keys, 0)
  }

  /// A claim's verdict by the cells behind it, which must be there.
  package func judge(_ claim: Claim) throws -> EvaluatedClaim {
    let known = known ?? KnownEstimations(store: project.store, codeDigest: project.catalogue.codeDigest)
    self.known = known
    let keys = keys(claim.evidence)
    let estimation: Estimation
    if let before = known.estimation(by: claim.estimator, from: keys) {
      // What the cells say is known; that they are the sound ones it was made from is looked at every time.
      try requireSound(keys)
      estimation = before
    } else {
      estimation = Estimation(
        by: claim.estimator, from: try results(claim.evidence), catalogue: project.catalogue)
      known.add(estimation, by: claim.estimator, from: keys)
    }
    // The family is all claims of the profile, whichever are asked for: a verdict must not depend on the question.
    return EvaluatedClaim(claim, familySize: project.claims.count, estimation: estimation)
  }

  /// Keeps the estimates made so far for later questions.
  package func saveEstimations() { known?.save() }

  /// Checks the digests of cells without opening them, each once. Throws as ``results(_:)`` does.
  private func requireSound(_ keys: [CellKey]) throws {
    for key in keys where sound.insert(key).inserted {
      guard try project.store.verifiedBytes(key) != nil else {
        throw PipelineError.cellsMissing(count: 1, command: "refig run --profile \(project.profile)")
      }
    }
  }

  private func cells(of id: String) throws -> [Cell] {
    if let known = cells[id] { return try known.get() }
    let outcome = Result { try read(id) }
    cells[id] = outcome
    return try outcome.get()
  }

  private func read(_ id: String) throws -> [Cell] {
    guard let stage = plan[id] else { preconditionFailure("stage \(id) is not planned") }
    var missingCount = 0
    let cells = try stage.keys.indices.map { index in
      if let cell = try project.store.cell(stage.keys[index]) { return cell }
      missingCount += 1
      let manifest = stage.manifest(index)
      return Cell(
        manifest: manifest, replicas: [], failures: manifest.replicas.map { ($0, "not in the store") }, arrays: [:],
        coordinates: [:])
    }
    if absence == .error, missingCount > 0 {
      throw PipelineError.cellsMissing(
        count: missingCount, command: "refig run \(id) --profile \(project.profile)")
    }
    return cells
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

  /// Judges a claim as one of a family.
  package init(_ claim: Claim, familySize: Int, estimation: Estimation) {
    self.claim = claim
    self.familySize = familySize
    estimate = estimation.estimate
    judgement = estimation.estimate.map {
      Judgement(
        of: $0, accepted: claim.accepted, familySize: familySize, failedReplicas: estimation.failedReplicas,
        plannedReplicas: estimation.plannedReplicas)
    }
    verdict = judgement?.verdict ?? .inconclusive
    reason = judgement?.reason ?? estimation.failure
  }

  /// Estimates and judges.
  package init(_ claim: Claim, familySize: Int, results: Results, catalogue: Catalogue) {
    self.init(
      claim, familySize: familySize,
      estimation: Estimation(by: claim.estimator, from: results, catalogue: catalogue))
  }
}

/// What an estimator makes of results: all of a verdict that needs their arrays.
package struct Estimation: Sendable, Codable {
  package let estimate: Estimate?
  /// Why there is no estimate; else empty.
  package let failure: String
  package let failedReplicas: Int
  package let plannedReplicas: Int

  package init(_ estimate: Estimate, failedReplicas: Int, plannedReplicas: Int) {
    self.estimate = estimate
    failure = ""
    self.failedReplicas = failedReplicas
    self.plannedReplicas = plannedReplicas
  }

  package init(by estimator: Estimator, from results: Results, catalogue: Catalogue) {
    failedReplicas = results.failedReplicaCount
    plannedReplicas = results.plannedReplicaCount
    do {
      try results.requireNumbers(catalogue)
      estimate = try estimator.estimate(results)
      failure = ""
    } catch {
      // Too little to work with, or numbers that a fit cannot digest: a reason, not a failure of the evaluation.
      estimate = nil
      failure = ErrorMessage.reason(of: error)
    }
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
