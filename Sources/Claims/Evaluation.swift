private import NumericalMethods
package import PaperKit
package import Pipeline
private import Platform
package import Store

/// Judges claims by the cells behind them.
package final class Judge {
  private let reader: ResultReader
  private let catalogue: Catalogue
  /// Number of claims that share the family-wise error.
  private let familySize: Int
  private var known: KnownEstimations?

  /// A judge of claims of a family of `familySize`; `reader` reads the stages that they name.
  package init(reader: ResultReader, catalogue: Catalogue, familySize: Int) {
    self.reader = reader
    self.catalogue = catalogue
    self.familySize = familySize
  }

  /// A claim's verdict by the cells behind it, nil where one of them is not among those `present`; and how many are not.
  package func judge(
    _ claim: Claim, present: Set<CellKey>
  ) throws -> (evaluated: EvaluatedClaim?, cells: [CellKey], missingCount: Int) {
    let keys = reader.keys(claim.evidence)
    let missing = keys.count { !present.contains($0) }
    guard missing == 0 else { return (nil, keys, missing) }
    return (try judge(claim), keys, 0)
  }

  /// A claim's verdict by the cells behind it, which must be there. Throws ``PipelineError/interrupted`` when the user
  /// wants to stop, and ``PipelineError/estimatorTrapped(claim:)``.
  package func judge(_ claim: Claim) throws -> EvaluatedClaim { judge(claim, by: try estimation(of: claim)) }

  /// A claim's verdict by an estimate that was made elsewhere.
  package func judge(_ claim: Claim, by estimation: Estimation) -> EvaluatedClaim {
    EvaluatedClaim(claim, familySize: familySize, estimation: estimation)
  }

  /// A claim's estimate from the cells behind it, otherwise like ``judge(_:)``.
  package func estimation(of claim: Claim) throws -> Estimation {
    try Interruption.check()
    let known = known ?? KnownEstimations(store: reader.store, codeDigest: catalogue.codeDigest)
    self.known = known
    let cells = try reader.digests(of: reader.keys(claim.evidence))
    let estimation: Estimation
    if let before = known.estimation(by: claim.estimator, from: cells) {
      estimation = before
    } else if TrapGuard.trapped.contains(claim.id) {
      throw PipelineError.estimatorTrapped(claim: claim.id)
    } else {
      do {
        let results = try reader.results(claim.evidence)
        estimation = TrapGuard.guarding(claim.id) {
          Estimation(by: claim.estimator, from: results, catalogue: catalogue)
        }
      } catch let error as EvidenceError {
        // Cells that do not fit together cost the claims that read them, not the others.
        estimation = Estimation(failure: error.description)
      }
      known.add(estimation, by: claim.estimator, from: cells)
    }
    return estimation
  }

  /// Keeps the estimates made so far for later questions.
  package func saveEstimations() { known?.save() }
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
  /// Whether it is inconclusive for what no number of replicas mends.
  let isHindered: Bool

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
    let isTolerable = Judgement.tolerates(failed: estimation.failedReplicas, of: estimation.plannedReplicas)
    let reasonOfValues = verdict == .inconclusive && isTolerable ? estimate?.reasonOfTwoValues : nil
    isHindered =
      verdict == .inconclusive
      && (!isTolerable || reasonOfValues != nil || estimate?.isHindered(accepted: claim.accepted) ?? true)
    var advice = ""
    if verdict == .inconclusive, !isHindered, let estimate, claim.accepted.contains(estimate.value),
      judgement?.confirming.halfWidth == .infinity,
      let fewest = estimate.fewestReplicas(tail: Judgement.confirmationLevel / Double(familySize))
    {
      advice = "; at least \(fewest) have an interval"
    }
    reason = reasonOfValues ?? judgement.map { $0.reason + advice } ?? estimation.failure
  }

  /// Estimates and judges.
  package init(_ claim: Claim, familySize: Int, results: Results, catalogue: Catalogue) {
    self.init(
      claim, familySize: familySize,
      estimation: Estimation(by: claim.estimator, from: results, catalogue: catalogue))
  }
}

extension Estimate {
  /// Why a median of replicas with two values is inconclusive: its interval ends at one or the other, so that neither its width
  /// nor its distance from a bound tells how many replicas would do. Nil of other evidence.
  fileprivate var reasonOfTwoValues: String? {
    switch evidence {
    case .distance(let estimate, _): return estimate.reasonOfTwoValues
    case .median(let values):
      guard values.count > 2, values.allSatisfy(\.isFinite), numericalError == 0 else { return nil }
      let two = Set(values).sorted()
      guard two.count == 2 else { return nil }
      return
        "replicas have two values alone, \(VerdictReport.number(two[0])) (\(values.count { $0 == two[0] }) times) and "
        + "\(VerdictReport.number(two[1])) (\(values.count { $0 == two[1] }) times), so that their median tells no more than which is more "
        + "frequent; return 1 and 0 for them and use `proportion`"
    default: return nil
    }
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

  /// No estimate, and why.
  package init(failure: String) {
    estimate = nil
    self.failure = failure
    failedReplicas = 0
    plannedReplicas = 0
  }

  /// Reads one that somebody else may have written: a number that no estimator makes is refused, and its words are made
  /// visible.
  package init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    estimate = try container.decodeIfPresent(Estimate.self, forKey: .estimate)
    failure = ErrorMessage.visible(try container.decode(String.self, forKey: .failure))
    failedReplicas = try container.decode(Int.self, forKey: .failedReplicas)
    plannedReplicas = try container.decode(Int.self, forKey: .plannedReplicas)
    guard Self.counts.contains(failedReplicas), Self.counts.contains(plannedReplicas),
      estimate.map({ Self.isPossible($0, partCount: 1) }) ?? true
    else {
      throw DecodingError.dataCorrupted(
        .init(codingPath: decoder.codingPath, debugDescription: "no estimator makes such a number"))
    }
  }

  /// How many replicas, trials or parts there can be.
  private static let counts = 0...1_000_000_000

  /// Whether an estimate, one of `partCount` that share a level, is such that intervals can be made of it.
  private static func isPossible(_ estimate: Estimate, partCount: Int) -> Bool {
    guard !(estimate.numericalError < 0), estimate.undetermined >= 0 else { return false }
    switch estimate.evidence {
    case .exact(_, let error): return !(error < 0)
    case .identity(_, let replicaCount, let error): return counts.contains(replicaCount) && !(error < 0)
    case .mean: return true
    case .median(let values): return estimate.undetermined <= values.count
    case .proportion(let successes, let trials):
      return counts.contains(trials) && (0...trials).contains(successes) && counts.contains(estimate.undetermined)
    case .fit(_, let standardError, let degreesOfFreedom):
      return !(standardError < 0) && !(degreesOfFreedom > 0 && degreesOfFreedom < 0.1)
    case .crossing: return true
    case .greatest(let estimates):
      let (product, overflows) = partCount.multipliedReportingOverflow(by: estimates.count)
      return !overflows && product <= 1_000_000 && estimates.allSatisfy { isPossible($0, partCount: product) }
    case .distance(let estimate, _): return isPossible(estimate, partCount: partCount)
    }
  }

  package init(by estimator: Estimator, from results: Results, catalogue: Catalogue) {
    failedReplicas = results.failedReplicaCount
    plannedReplicas = results.plannedReplicaCount
    do {
      try results.requireNumbers(catalogue)
      try results.requireReplicasEverywhere()
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

  /// Throws ``EvidenceError`` where more replicas of one sweep point failed than a verdict tolerates: those that are left
  /// would pass for all, however many the other points have.
  fileprivate func requireReplicasEverywhere() throws {
    let poor = points.filter { point in
      let failed = point.failedReplicas.count
      return point.replicas.isEmpty || !Judgement.tolerates(failed: failed, of: failed + point.replicas.count)
    }
    guard let first = poor.first else { return }
    let names = Set(poor.map(\.experiment)).sorted().joined(separator: ", ")
    let count = first.failedReplicas.count
    let others = poor.count > 1 ? ", and too many at \(poor.count - 1) others" : ""
    let place = points.count == 1 ? "the only sweep point" : "one of \(points.count) sweep points\(others)"
    throw EvidenceError("\(count) of \(count + first.replicas.count) replicas failed at \(place) (\(names))")
  }
}
