private import NumericalMethods
package import PaperKit
package import Pipeline

/// A change of a claim's evidence that costs no run: what remains of the verdict tells whether the claim can fail.
package enum SyntheticMutant: String, Sendable, CaseIterable {
  /// The number lies beyond the lower or the upper bound of the accepted interval, by one and a half half-widths of its
  /// confidence interval. For a claim that is expected to be refuted: as far inside, at most to the middle.
  case below, above
  case doubled, halved
  /// Every sweep point has the arrays of its mirror image.
  case reversed
  /// The first replica of every sweep point is not a number.
  case undefined
  /// Only the first replica of every sweep point was asked for.
  case single
  /// Nothing was computed.
  case empty
  /// Standard normal numbers in place of all results, coin flips in place of flags.
  case noise

  /// What became of a claim's verdict.
  package enum Outcome: Sendable, Equatable {
    /// The verdict is no longer the expected one.
    case killed
    /// It still is.
    case survived
    /// The change says nothing about this claim.
    case notApplicable
  }

  /// Whether a claim that survives this is one that cannot fail. The other changes may leave a claim true: a bound on
  /// something that is zero, a sweep that is symmetric.
  package var isDeadly: Bool {
    switch self {
    case .below, .above, .undefined, .empty, .noise: true
    case .doubled, .halved, .reversed, .single: false
    }
  }
}

extension EvaluatedClaim {
  /// What the claim's verdict becomes under a synthetic mutant of its results. Inconclusive claims have nothing to lose. Throws
  /// `InvalidParameter` for results whose parameters their experiment does not accept.
  package func outcome(
    of mutant: SyntheticMutant, results: Results, catalogue: Catalogue
  ) throws -> SyntheticMutant.Outcome {
    // Tried whatever the verdict: no estimator may end the program for want of a second replica.
    let single = mutant == .single ? results.withSingleReplicas(catalogue).map { outcome(of: $0, catalogue) } : nil
    guard isExpected, let estimate, let judgement, verdict != .inconclusive else { return .notApplicable }
    switch mutant {
    case .single: return single ?? .notApplicable
    case .below, .above:
      return outcome(of: targets(estimate, judgement, past: mutant).lazy.compactMap { estimate.moved(to: $0) }.first)
    case .doubled, .halved:
      guard estimate.value != 0 else { return .notApplicable }
      return outcome(of: estimate.moved(to: estimate.value * (mutant == .doubled ? 2 : 0.5)))
    case .reversed:
      return results.reversed().map { outcome(of: $0, catalogue) } ?? .notApplicable
    case .undefined:
      return results.withUndefinedReplica(catalogue).map { outcome(of: $0, catalogue) } ?? .notApplicable
    case .empty: return outcome(of: Results(points: []), catalogue)
    case .noise:
      // What noise refutes may be refuted for good reasons too; a calculation without chance has no noise of its own.
      guard verdict == .confirmed, estimate.standardError > 0 else { return .notApplicable }
      let outcomes = try (0..<Self.noiseCount).map { outcome(of: try results.noise($0, catalogue), catalogue) }
      return outcomes.contains(.survived) ? .survived : .killed
    }
  }

  /// How many samples of noise a claim is tried on.
  private static let noiseCount: UInt64 = 20

  /// Where the number must not be, the first that evidence of its kind can have: past a bound for a claim that holds,
  /// inside the interval for one that does not.
  private func targets(_ estimate: Estimate, _ judgement: Judgement, past side: SyntheticMutant) -> [Double] {
    let bound = side == .below ? claim.accepted.low : claim.accepted.high
    guard bound.isFinite else { return [] }
    let width = judgement.confirming.halfWidth
    let step = max(1.5 * (width.isFinite ? width : 0), 1e-6 * max(abs(bound), abs(estimate.value), 1e-300))
    if claim.expected == .refuted {
      let inside = min(step, claim.accepted.halfWidth)
      return [side == .below ? bound + inside : bound - inside]
    }
    // A share or a geometric mean cannot be below 0, nor a share above 1.
    return side == .below
      ? [bound - step] + (bound > 0 ? [bound / 10, 0] : [])
      : [bound + step, (bound + 1) / 2, 1]
        .filter { $0 > bound }
  }

  private func outcome(of estimate: Estimate?) -> SyntheticMutant.Outcome {
    guard let estimate else { return .notApplicable }
    let judgement = Judgement(of: estimate, accepted: claim.accepted, familySize: familySize)
    return judgement.verdict == claim.expected ? .survived : .killed
  }

  private func outcome(of results: Results, _ catalogue: Catalogue) -> SyntheticMutant.Outcome {
    EvaluatedClaim(claim, familySize: familySize, results: results, catalogue: catalogue).isExpected
      ? .survived : .killed
  }
}

extension Results {
  /// The arrays in the reverse order of the sweep, experiment by experiment; nil where there is nothing to reverse.
  fileprivate func reversed() -> Results? {
    var points = points
    var isChanged = false
    for indices in Dictionary(grouping: points.indices, by: { points[$0].experiment }).values {
      for (index, mirror) in zip(indices, indices.reversed()) where index != mirror {
        let arrays = self.points[mirror].arrays
        // An estimator may count on shapes that follow from parameters.
        guard arrays.mapValues(\.shape) == points[index].arrays.mapValues(\.shape) else { continue }
        points[index] = self.points[index].replacing(arrays)
        isChanged = true
      }
    }
    return isChanged ? Results(points: points) : nil
  }

  /// With the first replica of every point alone; nil where no point has another.
  fileprivate func withSingleReplicas(_ catalogue: Catalogue) -> Results? {
    guard points.contains(where: { $0.replicaCount > 1 }) else { return nil }
    return Results(
      points: points.map { point in
        guard let first = point.replicas.first else { return point }
        let single = point.mapping(catalogue) { _, array in array = .stack([array.slice(0)]) }
        return Results.Point(
          experiment: point.experiment, parameters: point.parameters, replicas: [first], arrays: single.arrays)
      })
  }

  /// With the first replica not a number, outputs aside that may be so; nil where there are no others.
  fileprivate func withUndefinedReplica(_ catalogue: Catalogue) -> Results? {
    var isChanged = false
    let points = points.map { point in
      point.mapping(catalogue) { output, array in
        guard !output.allowsNaN, point.replicaCount > 0 else { return }
        for index in 0..<(array.values.count / point.replicaCount) { array.values[index] = .nan }
        isChanged = true
      }
    }
    return isChanged ? Results(points: points) : nil
  }

  /// Standard normal numbers of the same shapes, coin flips in place of flags; always the same for one sample.
  /// Calculations without chance stay as they are: noise is compared with the theory that the claim names. One with
  /// replicas has the chance of what it reads.
  fileprivate func noise(_ sample: UInt64, _ catalogue: Catalogue) throws -> Results {
    var random = RandomStream(key: 0, purpose: "null control", stream: sample)
    return Results(
      points: try points.map { point in
        let experiment = catalogue.experiments[point.experiment]
        guard try point.replicaCount > 1 || experiment?.drawsRandomNumbers(point.parameters) ?? true else {
          return point
        }
        return point.mapping(catalogue) { _, array in
          let isFlag = array.values.allSatisfy { $0 == 0 || $0 == 1 }
          let noise = random.normals(array.values.count)
          array.values = isFlag ? noise.map { $0 < 0 ? 0 : 1 } : noise
        }
      })
  }
}

extension Results.Point {
  fileprivate func replacing(_ arrays: [String: NDArray]) -> Results.Point {
    Results.Point(
      experiment: experiment, parameters: parameters, replicas: replicas, failedReplicas: failedReplicas,
      arrays: arrays)
  }

  /// With every array but the coordinates changed, in the order in which the experiment declares them.
  fileprivate func mapping(_ catalogue: Catalogue, _ change: (OutputArray, inout NDArray) -> Void) -> Results.Point {
    var arrays = arrays
    for output in catalogue.experiments[experiment]?.outputs ?? [] where !output.isCoordinate {
      guard var array = arrays[output.name] else { continue }
      change(output, &array)
      arrays[output.name] = array
    }
    return replacing(arrays)
  }
}
