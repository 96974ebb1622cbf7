/// A calculation that could not be carried out: the fact with its numbers.
///
/// Thrown by methods and experiments.
public enum NumericalError: Error, Equatable, Sendable {
  /// An adaptive integrator needed a step below the resolution of its time.
  case stepSizeUnderflow(time: Double, stepSize: Double)
  /// A method used up its allowed number of steps or iterations.
  case notConverged(method: String, iterations: Int, residual: Double)
  /// A root finder was given an interval at whose ends the function has the same sign.
  case notBracketed(lower: Double, upper: Double, valueAtLower: Double, valueAtUpper: Double)
  /// A number became infinite or not a number.
  case notFinite(quantity: String, time: Double)
  /// A Cholesky factor was asked of a matrix that is not positive definite; the order of the failing minor.
  case notPositiveDefinite(order: Int)
  /// A LAPACK routine reported failure.
  case linearAlgebraFailed(routine: String, info: Int)
  /// The quantity asked for does not exist at these parameters; why, in words.
  case undefined(String)
}

extension NumericalError: CustomStringConvertible {
  /// One sentence with the numbers.
  public var description: String {
    switch self {
    case .stepSizeUnderflow(let time, let stepSize):
      "step size \(stepSize) at time \(time) is below the resolution of the time"
    case .notConverged(let method, let iterations, let residual):
      "\(method) did not converge in \(iterations) iterations (residual \(residual))"
    case .notBracketed(let lower, let upper, let valueAtLower, let valueAtUpper):
      "no sign change on [\(lower), \(upper)]: the function is \(valueAtLower) and \(valueAtUpper) at the ends"
    case .notFinite(let quantity, let time): "\(quantity) is not finite at time \(time)"
    case .notPositiveDefinite(let order): "the leading minor of order \(order) is not positive"
    case .linearAlgebraFailed(let routine, let info): "LAPACK routine \(routine) failed with info = \(info)"
    case .undefined(let reason): reason
    }
  }
}
