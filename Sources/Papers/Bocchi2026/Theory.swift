private import Foundation
internal import NumericalMethods
package import PaperKit

/// What the student's rows are free to do.
package enum Constraint: String, Choice {
  /// Nothing but the descent step.
  case free
  /// Every row is rescaled to |w|^2 = N after each step.
  case spherical
}

/// The problem: widths, learning rate and constraint, and everything about it that has a closed form.
///
/// Student (1/p) sum_k (w_k.x)^2 / N, p = `studentWidth`; teacher (1/p*) sum_r (w*_r.x)^2 / N with p* = `teacherWidth`
/// orthogonal rows of squared norms N t_r, of mean N and all N unless `teacherSpread` says otherwise; inputs x ~ N(0, I_N); loss e^2/2 with e = teacher - student. One step with a fresh x
/// is w_k <- w_k + 2 eta e (w_k.x) x / N, which is p times plain gradient descent at learning rate eta; the time is
/// steps / N. Overlaps Q = W W^T / N and R with the teacher's directions, R_kr = w_k.w*_r / (N sqrt(t_r)); c = 1/p, c* = 1/p*.
///
/// All formulas are derived here, the paper's own normalisation is not known: for a student c sum lambda^2 and a teacher
/// c* sum lambda*^2 of unit rows, with plain descent at eta_raw, put eta = eta_raw c c* p*, and read Q as c p Q / (c* p*).
package struct Theory: Sendable, Hashable {
  /// p, 1 to 16.
  package let studentWidth: Int
  /// p*, 1 to 16.
  package let teacherWidth: Int
  /// eta.
  package let learningRate: Double
  /// Whether rows keep their norm.
  package let constraint: Constraint
  /// s in [0, 1): the teacher rows' squared norms over N fall evenly from 1 + s to 1 - s.
  package let teacherSpread: Double

  /// The problem with its parameters.
  package init(
    studentWidth: Int, teacherWidth: Int, learningRate: Double, constraint: Constraint = .free,
    teacherSpread: Double = 0
  ) {
    self.studentWidth = studentWidth
    self.teacherWidth = teacherWidth
    self.learningRate = learningRate
    self.constraint = constraint
    self.teacherSpread = teacherSpread
  }

  private var p: Double { Double(studentWidth) }
  private var pStar: Double { Double(teacherWidth) }

  /// t_r, descending, of mean 1.
  package var teacherNorms: [Double] {
    (0..<teacherWidth).map {
      teacherWidth == 1 ? 1 : 1 + teacherSpread * (1 - 2 * Double($0) / Double(teacherWidth - 1))
    }
  }

  /// c*^2 sum_r t_r^2; 1/p* for equal norms.
  private var squaredTeacher: Double { teacherNorms.reduce(0) { $0 + $1 * $1 } / (pStar * pStar) }

  /// The same with steps that are p* times the plain gradient instead of p times: a deliberate mistake.
  package var ofPlainGradient: Theory {
    Theory(
      studentWidth: studentWidth, teacherWidth: teacherWidth, learningRate: learningRate * pStar / p,
      constraint: constraint, teacherSpread: teacherSpread)
  }

  /// The same with teacher rows of equal norms: a deliberate mistake where they are not.
  package var ofEqualNorms: Theory {
    Theory(studentWidth: studentWidth, teacherWidth: teacherWidth, learningRate: learningRate, constraint: constraint)
  }

  // MARK: Range

  /// Widths that the experiments accept.
  package static let widths = 1...16

  /// Largest learning rate at which the zero-loss solutions are stable: p* / (2 (p* + 2)), whatever p.
  package static func criticalLearningRate(teacherWidth: Int) -> Double {
    Double(teacherWidth) / (2 * (Double(teacherWidth) + 2))
  }

  /// The same for this teacher: the eta at which sum_r 2 eta y_r / (1 - 4 eta y_r) = 1, y_r = c* t_r.
  ///
  /// Beside a solution of p = p* the loss is carried by u_r = y_r S_rr, du_r/dt = 8 eta y_r (-(1 - 4 eta y_r) u_r +
  /// 2 eta y_r sum u), which has a growing mode beyond. [derived]
  package var criticalLearningRate: Double {
    if teacherSpread == 0 { return Self.criticalLearningRate(teacherWidth: teacherWidth) }
    let levels = teacherNorms.map { $0 / pStar }
    var (low, high) = (0.0, 1 / (4 * levels[0]))
    while true {
      let eta = (low + high) / 2
      if eta <= low || eta >= high { return low }
      if levels.reduce(0, { $0 + 2 * eta * $1 / (1 - 4 * eta * $1) }) < 1 { low = eta } else { high = eta }
    }
  }

  /// Discriminant of the plateau equation, negative where the norm runs away before a plateau is reached; positive for
  /// the constrained student, which always has one.
  package var plateauDiscriminant: Double {
    if constraint == .spherical { return 1 }
    let b = (p + 2) * (1 + 2 * learningRate)
    return b * b - 4 * learningRate * (p + 2) * (p + 4) * (1 + learningRate * (1 + 2 * squaredTeacher))
  }

  // MARK: Plateau

  /// kappa = q/p at the plateau Q = q I, R = 0: for free rows the smaller root of
  /// eta [(p+2)(p+4) kappa^2 - 2 (p+2) kappa + 1 + 2/p*] - (p+2) kappa + 1 = 0 (for unequal norms of the teacher c*^2 tr T^2
  /// for the last 1/p*, here and below), which at eta = 0 is 1/(p+2); 1/p for constrained rows.
  ///
  /// Throws `undefined` where there is no plateau.
  package func plateauNorm() throws -> Double {
    if constraint == .spherical { return 1 / p }
    let discriminant = plateauDiscriminant
    guard discriminant >= 0 else {
      throw NumericalError.undefined("no plateau: its discriminant is \(discriminant), below 0")
    }
    // The form without cancellation, also right at eta = 0.
    return 2 * (1 + learningRate * (1 + 2 * squaredTeacher))
      / ((p + 2) * (1 + 2 * learningRate) + discriminant.squareRoot())
  }

  /// Mean residual E[e] = 1 - p kappa at R = 0 and Q = p kappa I.
  private func residual(_ kappa: Double) -> Double { 1 - p * kappa }

  /// E[e^2] at R = 0 and Q = p kappa I.
  private func squaredResidual(_ kappa: Double) -> Double {
    let delta = residual(kappa)
    return delta * delta + 2 * (p * kappa * kappa + squaredTeacher)
  }

  /// Population loss of the plateau; 1/(p+2) + 1/p* at eta = 0, 1/p + 1/p* for constrained rows.
  package func plateauLoss() throws -> Double { squaredResidual(try plateauNorm()) / 2 }

  /// Rate r at which R grows out of the plateau, in the strongest of the teacher's directions; the loss leaves it as
  /// exp(2 r time).
  ///
  /// 2 eta (E[e] + 2 c* - 2 kappa) for free rows; 4 eta/p* - 4 eta^2 (1/p + 1/p* + 4/p^2) for constrained ones. Both
  /// 4 eta/p* to first order, whatever p.
  package func escapeRate() throws -> Double {
    switch constraint {
    case .free: return growthRate(try plateauNorm())
    case .spherical:
      return 4 * learningRate * teacherNorms[0] / pStar
        - 4 * learningRate * learningRate * (1 / p + squaredTeacher + 4 / (p * p))
    }
  }

  private func growthRate(_ kappa: Double) -> Double {
    2 * learningRate * (residual(kappa) + 2 * teacherNorms[0] / pStar - 2 * kappa)
  }

  /// A of (plateau loss - loss) = A X exp(2 r time) / N at eta -> 0, X = N tr(R0 R0^T) / (p p*): 2p/(p+2), or 2 for
  /// constrained rows.
  package var prefactor: Double { constraint == .free ? 2 * p / (p + 2) : 2 }

  // MARK: Noise of single samples

  /// nu, the relative gain of E[X] from the noise of single samples, for free rows starting from Q = I:
  ///
  ///     nu = int_0^inf 4 eta^2 E4(t) exp(-2 int_0^t r) dt,
  ///     E4 = q {[c*(p*+2) - kappa(p+2)]^2 + 2 c*^2 (p*+2) + 2 kappa^2 (p+2)},
  ///
  /// where q = p kappa follows dq/dt = 4 eta q (E[e] - 2 kappa) + 4 eta^2 q (E[e^2] - 4 E[e] kappa + 8 kappa^2) and
  /// r = 2 eta (E[e] + 2 c* - 2 kappa). At eta -> 0: eta [(p*+4)/p* + p*/(p+2)]. The integral runs until q has settled;
  /// the rest of it is an exponential. With an end it is the gain accumulated by then. Throws where there is no plateau or
  /// no growth.
  package func noiseGain(until end: Double = .infinity) throws -> Double {
    guard constraint == .free, teacherSpread == 0 else {
      throw NumericalError.undefined("the noise gain of constrained rows or unequal teacher norms")
    }
    if learningRate == 0 { return 0 }
    let eta = learningRate
    let finalRate = try escapeRate()
    guard finalRate > 0 else { throw NumericalError.undefined("no escape: the growth rate is \(finalRate)") }
    // Norms settle at least as fast as 4 eta / (p + 2), in every case within this time to a part in 10^17.
    let settling = min(end, 10 * (p + 2) / eta)
    var state = [1.0, 0, 0]
    try DormandPrince(relativeTolerance: 1e-12, absoluteTolerance: 1e-14).integrate(
      from: 0, to: settling, state: &state
    ) { _, state, derivative in
      let kappa = state[0] / p
      let (delta, squared) = (residual(kappa), squaredResidual(kappa))
      derivative[0] =
        4 * eta * state[0] * (delta - 2 * kappa)
        + 4 * eta * eta * state[0] * (squared - 4 * delta * kappa + 8 * kappa * kappa)
      derivative[1] = growthRate(kappa)
      derivative[2] = noiseSource(kappa) * exp(-2 * state[1])
    } onStep: { _ in
      .proceed
    }
    let rest = end.isFinite ? 1 - exp(-2 * finalRate * (end - settling)) : 1
    return state[2] + rest * noiseSource(state[0] / p) * exp(-2 * state[1]) / (2 * finalRate)
  }

  private func noiseSource(_ kappa: Double) -> Double {
    let difference = (pStar + 2) / pStar - kappa * (p + 2)
    let fourth =
      p * kappa * (difference * difference + 2 * (pStar + 2) / (pStar * pStar) + 2 * kappa * kappa * (p + 2))
    return 4 * learningRate * learningRate * fourth
  }

  /// E[ln X] of X ~ Gamma(p p*/2) with mean 1: psi(p p*/2) - ln(p p*/2).
  package var meanLogarithmOfAmplitude: Double {
    let shape = p * pStar / 2
    return Self.digamma(shape) - log(shape)
  }

  /// psi(x) for x > 0: recurrence up to x >= 10, then the asymptotic series (error below 1e-15).
  package static func digamma(_ x: Double) -> Double {
    precondition(x > 0, "digamma of \(x)")
    var x = x
    var shift = 0.0
    while x < 10 {
      shift -= 1 / x
      x += 1
    }
    let z = 1 / (x * x)
    let series = 1.0 / 12 - z * (1.0 / 120 - z * (1.0 / 252 - z * (1.0 / 240 - z * (1.0 / 132 - z * 691 / 32760))))
    return shift + log(x) - 0.5 / x - z * series
  }

  // MARK: Solutions and late times

  /// Dimension of the set of zero-loss solutions W = sqrt(p/p*) O W*, O^T O = I, for p >= p*: p p* - p*(p*+1)/2.
  ///
  /// Constrained rows leave those whose O has rows of equal norm (unit-norm tight frames): p(p-1)/2 for p = p*, where all
  /// have; else p (p*-1) - p*(p*+1)/2 + 1.
  package var solutionDimension: Int {
    let (p, q) = (studentWidth, teacherWidth)
    return constraint == .spherical && p > q ? p * (q - 1) - q * (q + 1) / 2 + 1 : p * q - q * (q + 1) / 2
  }

  /// Rate of the final exponential decay of the loss for p = p* and free rows: (8 eta/p*)(1 - eta/eta_c).
  package var decayRate: Double {
    8 * learningRate / pStar * (1 - learningRate / Self.criticalLearningRate(teacherWidth: teacherWidth))
  }

  /// Limit of loss time^2 for p > p* and free rows: (p-p*)(p*+2)/(64 eta^2 (p+2)) (1 - 4 eta/p*)/(1 - eta/eta_c).
  package var tailConstant: Double {
    (p - pStar) * (pStar + 2) / (64 * learningRate * learningRate * (p + 2)) * (1 - 4 * learningRate / pStar)
      / (1 - learningRate / Self.criticalLearningRate(teacherWidth: teacherWidth))
  }

  /// Final loss of gradient flow with p < p* free rows: (p*-p)(p*+2)/(p*^2 (p+2)).
  package var lossFloor: Double { (pStar - p) * (pStar + 2) / (pStar * pStar * (p + 2)) }
}

/// Parameters that every experiment of this paper shares the ranges of.
package protocol NetworkParameters: ExperimentParameters {
  var studentWidth: Int { get }
  var teacherWidth: Int { get }
  var learningRate: Double { get }
  var constraint: Constraint { get }
  /// s, 0 unless an experiment varies it.
  var teacherSpread: Double { get }
}

extension NetworkParameters {
  /// Equal norms.
  package var teacherSpread: Double { 0 }

  /// The problem these parameters pose.
  package var theory: Theory {
    Theory(
      studentWidth: studentWidth, teacherWidth: teacherWidth, learningRate: learningRate, constraint: constraint,
      teacherSpread: teacherSpread)
  }

  /// Checks the learning rate: eta < eta_c(p*), and a plateau to pass.
  package func validateNetwork() throws {
    let critical = theory.criticalLearningRate
    try require(
      learningRate < critical, "learningRate", learningRate,
      allowed: "below \(critical), from which on solutions with \(teacherWidth) teacher neurons are unstable")
    try require(
      theory.plateauDiscriminant >= 0, "learningRate", learningRate,
      allowed: "smaller: there is no plateau where its discriminant \(theory.plateauDiscriminant) is below 0")
    if constraint == .spherical {
      let rate = try theory.escapeRate()
      try require(
        rate > 0, "learningRate", learningRate, allowed: "smaller: the constrained student escapes at the rate \(rate)")
    }
  }

  /// Checks that the input space has room for teacher, student and one direction more, N >= p + p* + 2, and, where steps
  /// are counted, that N is at most 10^9.
  package func validate(inputDimension: Int, upTo largest: Int = .max) throws {
    let least = studentWidth + teacherWidth + 2
    try require(
      inputDimension >= least && inputDimension <= largest, "inputDimension", inputDimension,
      allowed: "at least \(least) (studentWidth + teacherWidth + 2)" + (largest < .max ? ", at most \(largest)" : ""))
  }
}
