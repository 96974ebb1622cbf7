internal import NumericalMethods
internal import PaperKit

// What tables and estimators share.

let studentWidthColumn = Column("studentWidth", meaning: "student width p")
let teacherWidthColumn = Column("teacherWidth", meaning: "teacher width p*")
let learningRateColumn = Column("learningRate", meaning: "learning rate eta")
let inputDimensionColumn = Column("inputDimension", meaning: "input dimension N")
let constrainedColumn = Column("isSpherical", meaning: "0: free rows, 1: rows of constant norm")
let timeColumn = Column("time", unit: "steps/N", meaning: "time")

/// 1 for constrained rows, else 0.
func flag(_ constraint: Constraint) -> Double { constraint == .spherical ? 1 : 0 }

/// Slope against ln N of the mean of one number for each run, found at each input dimension N, by weighted least squares.
func slopeInDimension(_ samples: [(inputDimension: Int, values: [Double])]) throws -> Estimate {
  let values = samples.map(\.values)
  let errors = values.map(Statistics.standardError)
  guard Set(samples.map(\.inputDimension)).count > 1, errors.allSatisfy({ $0 > 0 }) else {
    throw EvidenceError("a slope needs at least 2 input dimensions with replicas")
  }
  let fit = Statistics.linearFit(
    samples.map { .logarithm(Double($0.inputDimension)) }, values.map(Statistics.mean),
    weights: errors.map { 1 / ($0 * $0) })
  return .fit(
    value: fit.slope, standardError: fit.slopeStandardError,
    degreesOfFreedom: Double(values.map(\.count).min() ?? 0) - 1)
}

/// The mean of one sample over that of another, independent one.
func ratioOfMeans(
  _ numerator: [Double], over denominator: [Double]
) -> (value: Double, relativeError: Double, degreesOfFreedom: Double) {
  let means = [numerator, denominator].map(Statistics.mean)
  let errors = zip([numerator, denominator], means).map { Statistics.standardError($0) / $1 }
  return (
    means[0] / means[1], (errors[0] * errors[0] + errors[1] * errors[1]).squareRoot(),
    Double(min(numerator.count, denominator.count) - 1)
  )
}

/// Greatest distance |loss of descent - loss of the overlap equations| over time, per replica.
func greatestDistances(_ point: ExperimentPoint<ReducedSGD>) -> [Double] {
  (0..<point.replicaCount).map { replica in
    zip(point[ReducedSGD.populationLoss].row(replica), point[ReducedSGD.flowLoss].row(replica))
      .map { abs($0 - $1) }.greatest()
  }
}

/// A spectrum as (eigenvalue, multiplicity), ascending, with eigenvalues of zero multiplicity left out.
typealias Spectrum = [(eigenvalue: Double, multiplicity: Int)]

/// The predicted spectrum of free rows, times N p.
///
/// Plateau of gradient flow: -4/p* (p p*), 0 (p(N-p-p*) + p(p-1)/2), 8/(p+2) (p(p+1)/2 - 1), 4 (1). Solution, p >= p*: 0
/// (p*(p*-1)/2 + (p-p*) N), 4/p* (p*(N-p*)), 8/p* (p*(p*+1)/2 - 1), 4(p*+2)/p* (1).
func predictedSpectrum(_ parameters: Hessian.Parameters) -> Spectrum {
  let (p, q, n) = (parameters.studentWidth, parameters.teacherWidth, parameters.inputDimension)
  let spectrum: Spectrum =
    switch parameters.place {
    case .plateau:
      [
        (-4 / Double(q), p * q), (0, p * (n - p - q) + p * (p - 1) / 2), (8 / Double(p + 2), p * (p + 1) / 2 - 1),
        (4, 1),
      ]
    case .solution:
      [
        (0, q * (q - 1) / 2 + (p - q) * n), (4 / Double(q), q * (n - q)), (8 / Double(q), q * (q + 1) / 2 - 1),
        (4 * Double(q + 2) / Double(q), 1),
      ]
    case .critical: []
    }
  return spectrum.filter { $0.multiplicity > 0 }
}

/// The least eigenvalue at a critical point of k learnt directions and j others, times N p: none is negative where all of
/// min(p, p*) are learnt; else -4/p* for turning a row into a direction that is not, and 2 delta less where a row is left that
/// does nothing. [derived]
func leastCurvature(_ parameters: Hessian.Parameters) -> Double {
  let (p, q) = (parameters.studentWidth, parameters.teacherWidth)
  let (k, used) = (parameters.learntCount, parameters.learntCount + parameters.otherCount)
  if k == min(p, q) { return 0 }
  return -4 / Double(q) - (used < p ? 2 * parameters.residual : 0)
}

/// The measured spectrum with every eigenvalue repeated as often as its multiplicity, ascending; not a number where a
/// multiplicity is none.
func eigenvalues(_ point: ExperimentPoint<Hessian>, replica: Int = 0) -> [Double] {
  zip(point[Hessian.eigenvalues].row(replica), point[Hessian.multiplicities].row(replica)).flatMap {
    eigenvalue, multiplicity in
    guard let count = Int(exactly: multiplicity), count >= 0 else { return [Double.nan] }
    return Array(repeating: eigenvalue, count: count)
  }
}

/// The same of every replica.
func spectra(_ point: ExperimentPoint<Hessian>) -> [[Double]] {
  (0..<point.replicaCount).map { eigenvalues(point, replica: $0) }
}
