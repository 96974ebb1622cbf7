internal import NumericalMethods

// Comparing sweep points replica by replica.

/// Several points with the replicas that all of them have, in the same order: what may be compared replica by replica.
///
/// Replicas belong together by their number, which a failed one does not pass on. A number that failed at one point is left
/// out at all, and counts as failed: throws ``EvidenceError`` if more of those that every point was asked for failed than a
/// verdict tolerates (``Judgement/tolerates(failed:of:)``), or if the points have no number in common.
public func paired<E: Experiment>(_ points: [ExperimentPoint<E>]) throws -> [ExperimentPoint<E>] {
  let common = try commonReplicas(points.map { ($0.replicas, $0.failedReplicas) })
  return points.map { $0.keeping(common) }
}

/// The same for one point each of two experiments.
public func paired<First: Experiment, Second: Experiment>(
  _ first: ExperimentPoint<First>, _ second: ExperimentPoint<Second>
) throws -> (ExperimentPoint<First>, ExperimentPoint<Second>) {
  let common = try commonReplicas([
    (first.replicas, first.failedReplicas), (second.replicas, second.failedReplicas),
  ])
  return (first.keeping(common), second.keeping(common))
}

/// An output that is a single number at one point over the same at another, replica by replica.
public func ratios<E: Experiment>(
  _ output: OutputArray, of point: ExperimentPoint<E>, over other: ExperimentPoint<E>
) throws -> [Double] {
  let values = try paired([point, other]).map { $0[output].values }
  return zip(values[0], values[1]).map { $0 / $1 }
}

/// The slope of ln y against ln x by least squares, replica by replica: y an output that is a single number, x one number a
/// point. Throws ``EvidenceError`` unless there are two x and all y are positive.
public func logSlopes<E: Experiment>(
  _ points: [ExperimentPoint<E>], _ output: OutputArray, against x: (E.Parameters) -> Double
) throws -> [Double] {
  let positions = points.map { Double.logarithm(x($0.parameters)) }
  guard Set(positions).count > 1 else { throw EvidenceError("needs two positions or more") }
  let samples = try paired(points).map { $0[output].values }
  guard samples.joined().allSatisfy({ $0 > 0 }) else {
    throw EvidenceError("\(output.name) is not positive everywhere, so it has no logarithm")
  }
  return samples[0].indices.map { replica in
    Statistics.linearFit(positions, samples.map { .logarithm($0[replica]) }).slope
  }
}

/// The numbers of the replicas that several points have, ascending; throws as ``paired(_:)`` does.
func commonReplicas(_ points: [(found: [Int], failed: [Int])]) throws -> [Int] {
  guard let first = points.first else { throw EvidenceError("no results to compare") }
  func inAll(_ numbers: ([Int], [Int]) -> [Int]) -> Set<Int> {
    points.dropFirst().reduce(into: Set(numbers(first.found, first.failed))) {
      $0.formIntersection(numbers($1.found, $1.failed))
    }
  }
  let common = inAll { found, _ in found }
  let planned = inAll(+)
  guard !common.isEmpty else { throw EvidenceError("no replica is there at each of \(points.count) points") }
  let failed = planned.count - common.count
  guard Judgement.tolerates(failed: failed, of: planned.count) else {
    throw EvidenceError("\(failed) of \(planned.count) replicas failed at one of the points they are compared at")
  }
  return common.sorted()
}
