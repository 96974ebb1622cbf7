// What estimators share.

/// Elementwise ratios of replicas that are independent of each other; as many as the shorter list has.
func ratios(_ numerators: [Double], _ denominators: [Double]) -> [Double] {
  zip(numerators, denominators).map { $0 / $1 }
}
