internal import NumericalMethods
internal import PaperKit

// What estimators share.

/// A number from some of the replicas, with its jackknife error over all of them.
func jackknife(replicaCount count: Int, _ number: ([Int]) throws -> Double) rethrows -> Estimate {
  let all = Array(0..<count)
  let parts = try all.map { left in try number(all.filter { $0 != left }) }
  let mean = Statistics.mean(parts)
  let spread = parts.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
  return .fit(
    value: try number(all), standardError: (spread * Double(count - 1) / Double(count)).squareRoot(),
    degreesOfFreedom: Double(count - 1))
}
