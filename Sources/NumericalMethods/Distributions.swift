private import CQuantiles

/// Quantiles and distribution functions, from Boost.Math.
public enum Distributions {
  /// The value that a Student t variable with `degreesOfFreedom` > 0 stays below with the given probability in (0, 1).
  public static func studentTQuantile(_ probability: Double, degreesOfFreedom: Double) -> Double {
    checked(cq_student_t(probability, degreesOfFreedom), probability, degreesOfFreedom)
  }

  /// The value that a standard normal variable stays below with the given probability in (0, 1).
  public static func normalQuantile(_ probability: Double) -> Double { checked(cq_normal(probability), probability) }

  /// The value that a Beta(a, b) variable, a and b > 0, stays below with the given probability in [0, 1].
  public static func betaQuantile(_ probability: Double, a: Double, b: Double) -> Double {
    checked(cq_beta(probability, a, b), probability, a, b)
  }

  /// Probability of at most `successes` in `trials` independent trials.
  public static func binomialCumulative(successes: Int, trials: Int, probability: Double) -> Double {
    checked(
      cq_binomial_cdf(Double(successes), Double(trials), probability), Double(successes), Double(trials), probability)
  }

  /// Probability that a Gamma(shape) variable of the given scale (mean shape * scale) is at most x >= 0.
  public static func gammaCumulative(_ x: Double, shape: Double, scale: Double = 1) -> Double {
    checked(cq_gamma_cdf(x, shape, scale), x, shape, scale)
  }

  /// Probability that a standard normal variable is at most x.
  public static func normalCumulative(_ x: Double) -> Double { checked(cq_normal_cdf(x), x) }

  /// Probability that a Beta(a, b) variable, a and b > 0, is at most x in [0, 1].
  public static func betaCumulative(_ x: Double, a: Double, b: Double) -> Double {
    checked(cq_beta_cdf(x, a, b), x, a, b)
  }

  private static func checked(_ value: Double, _ arguments: Double...) -> Double {
    precondition(!value.isNaN, "arguments \(arguments) are outside the domain")
    return value
  }
}
