private import Claims
private import PaperKit
package import Runner

extension EvaluatedClaim {
  /// The number as a run's record keeps it; a seed that is not the pipeline's own is told.
  package func record(freshSeed: Int? = nil) -> EarlierRuns.Number {
    func finite(_ value: Double?) -> Double? { value.flatMap { $0.isFinite ? $0 : nil } }
    return EarlierRuns.Number(
      claim: claim.id, verdict: verdict.rawValue, estimate: finite(estimate?.value),
      standardError: finite(estimate?.standardError), freshSeed: freshSeed)
  }
}
