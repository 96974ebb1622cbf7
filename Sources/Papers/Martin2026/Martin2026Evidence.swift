internal import NumericalMethods
internal import PaperKit

// What estimators share.

/// An output that is a single number at one point over the same at another, replica by replica.
func ratios<E: Experiment>(
  _ numerator: ExperimentPoint<E>, _ denominator: ExperimentPoint<E>, _ output: OutputArray
) throws -> [Double] {
  let values = try paired([numerator, denominator]).map { $0[output].values }
  return zip(values[0], values[1]).map { $0 / $1 }
}
