private import Foundation
package import NumericalMethods
package import PaperKit

/// The flow of an orthonormal student and teacher at infinite input dimension, at fixed alpha = m/d, alpha* = m*/d and
/// gamma = t/d.
///
/// To leading order tr Z = 1 at all times, which closes the Riccati solution (the paper's implicit equation for phi) into
/// two scalar equations [derived], q = e^(-4 gamma/alpha*):
///
///     rho' = 4 (1 - rho)/D - 4 rho/alpha*,   (ln F)' = 4/D,   rho(0) = 1, ln F(0) = 0,
///     D = alpha + (1 - rho) E,   E = int y / (q + (rho - q) y) dmu(y),   phi = -1/2 (ln(alpha/D) + ln F).
///
/// Conserved, and equivalent to the paper's equation: alpha ln F + Theta(rho/q - 1) = 4 gamma.
/// Why not the implicit equation itself: with rho and ln F nothing over- or underflows at late times.
package enum HighDimensionalLimit: Experiment {
  /// What can be varied.
  package struct Parameters: ExperimentParameters, TimeGrid {
    @Parameter("alpha = m/d", atLeast: 1e-6, below: 1) package var studentWidthRatio = 0.5
    @Parameter("alpha* = m*/d", atLeast: 1e-6, below: 1) package var teacherWidthRatio = 0.25
    @Parameter("first gamma reported", atLeast: 0) package var firstTime = 1e-3
    @Parameter("last gamma reported", above: 0, atMost: 1e9) package var lastTime = 10.0
    @Parameter("number of values of gamma", in: 2...1_000_000) package var timeCount = 200
    @Parameter("spacing of the times") package var timeSpacing = Spacing.logarithmic
    @Parameter("relative tolerance of the integrator", in: 1e-14...1e-3) package var relativeTolerance = 1e-12

    /// The defaults: the first panel of Fig. 2.
    package init() {}

    package func validateRelations() throws { try validateTimes() }
  }

  package static let name = "martin2023/high-dimensional-limit"
  package static let sourceFile = #fileID

  /// gamma.
  package static let rescaledTime = OutputArray(
    "rescaledTime", axes: ["rescaledTime"], meaning: "gamma = t/d, time over input dimension")
  /// chi.
  package static let overlap = OutputArray(
    "overlap", axes: ["rescaledTime"], meaning: "overlap chi of student and teacher, limit of large d")
  /// lim chi - chi.
  package static let overlapGap = OutputArray(
    "overlapGap", axes: ["rescaledTime"], meaning: "final overlap less overlap (its asymptote below 1e-13)")
  /// Asymptote of lim chi - chi.
  package static let overlapGapAsymptote = OutputArray(
    "overlapGapAsymptote", axes: ["rescaledTime"], allowsNaN: true,
    meaning: "leading behaviour of overlapGap at large gamma; NaN at gamma = 0")
  /// phi.
  package static let integratedTrace = OutputArray(
    "integratedTrace", axes: ["rescaledTime"], meaning: "phi = integral of tr(Z - Z*) over time")
  /// d L.
  package static let scaledLoss = OutputArray(
    "scaledLoss", axes: ["rescaledTime"], meaning: "input dimension times population risk")
  /// Residual of the conserved quantity.
  package static let conservedResidual = OutputArray(
    "conservedResidual", axes: ["rescaledTime"],
    meaning: "(alpha ln F + Theta(rho/q - 1) - 4 gamma) / max(1, 4 gamma); zero but for the integration")
  package static let outputs = [
    rescaledTime, overlap, overlapGap, overlapGapAsymptote, integratedTrace, scaledLoss, conservedResidual,
  ]

  /// phi with the wrong sign.
  package static let flippedPhi = Mutant("flipped-phi", meaning: "phi is reported with the wrong sign")
  /// Half of a term of the equations.
  package static let halvedGrowth = Mutant("halved-growth", meaning: "(ln F)' is 2/D instead of 4/D")
  /// A law without its atoms.
  package static let forgottenAtoms = Mutant(
    "forgotten-atoms", meaning: "the overlap law is taken without its atoms: students without teacher do not decay")
  /// Half of a law's atom at 0.
  package static let halvedAtom = Mutant(
    "halved-atom", meaning: "half of the students without teacher do not decay")
  package static let mutants = [
    flippedPhi, halvedGrowth, forgottenAtoms, halvedAtom, Mistake.halvedTime, Mistake.noSurplus,
  ]

  package static func drawsRandomNumbers(_ parameters: Parameters) -> Bool { false }

  /// Solves the two equations.
  package static func run(_ parameters: Parameters, in context: RunContext) throws -> [OutputArray: NDArray] {
    let law = OverlapLaw(
      studentWidthRatio: parameters.studentWidthRatio, teacherWidthRatio: parameters.teacherWidthRatio)
    let width = context.mutant == Mistake.noSurplus ? law.teacherWidthRatio : law.studentWidthRatio
    let share: Double = context.mutant == forgottenAtoms ? 1 : context.mutant == halvedAtom ? 0.5 : 0
    let massAtZero = share * law.massAtZero * law.studentWidthRatio
    let pace: Double = context.mutant == Mistake.halvedTime ? 2 : 1
    let limit = try solve(
      OverlapLaw(studentWidthRatio: width, teacherWidthRatio: law.teacherWidthRatio),
      at: parameters.times.map { pace * $0 }, relativeTolerance: parameters.relativeTolerance,
      forgottenMass: massAtZero, growth: context.mutant == halvedGrowth ? 2 : 4)
    let factor: Double = context.mutant == flippedPhi ? -1 : 1
    return [
      rescaledTime: NDArray(parameters.times), overlap: NDArray(limit.map(\.overlap)),
      overlapGap: NDArray(limit.map(\.overlapGap)),
      overlapGapAsymptote: NDArray(
        parameters.times.map { $0 > 0 ? Theory.overlapGap(law, rescaledTime: $0) : .nan }),
      integratedTrace: NDArray(limit.map { factor * $0.integratedTrace }),
      scaledLoss: NDArray(limit.map(\.scaledLoss)), conservedResidual: NDArray(limit.map(\.conservedResidual)),
    ]
  }

  /// The limit at one gamma.
  package struct State: Sendable {
    /// gamma.
    package let rescaledTime: Double
    /// chi.
    package let overlap: Double
    /// lim chi - chi.
    package let overlapGap: Double
    /// phi.
    package let integratedTrace: Double
    /// d L.
    package let scaledLoss: Double
    /// rho, the weight of the learnt against the initial part of the student.
    package let rho: Double
    /// ln F.
    package let logarithmOfF: Double
    /// Relative residual of the conserved quantity.
    package let conservedResidual: Double
  }

  /// The limit at ascending gamma >= 0, by Dormand and Prince from one to the next, so that every reported state has the full
  /// accuracy of a step (the continuous solution has only order 4).
  ///
  /// `forgottenMass` (a deliberate mistake) is taken off the mass alpha of the law; a `growth` other than 4 in (ln F)' is
  /// another. Throws ``NumericalError``.
  package static func solve(
    _ law: OverlapLaw, at gammas: [Double], relativeTolerance: Double = 1e-12, forgottenMass: Double = 0,
    growth: Double = 4
  ) throws -> [State] {
    let method = DormandPrince(relativeTolerance: relativeTolerance, absoluteTolerance: relativeTolerance * 1e-2)
    let equations = Equations(law: law, mass: law.studentWidthRatio - forgottenMass)
    var state = [1.0, 0.0]
    var time = 0.0
    return try gammas.map { gamma in
      time = try method.integrate(
        from: time, to: gamma, state: &state,
        derivative: { gamma, state, derivative in
          let (rho, d) = (state[0], equations.moments(gamma, rho: state[0]).normalisation)
          derivative[0] = 4 * (1 - rho) / d - 4 * rho / law.teacherWidthRatio
          derivative[1] = growth / d
        }, onStep: { _ in .proceed })
      return equations.observed(gamma, rho: state[0], logarithmOfF: state[1])
    }
  }

  private struct Equations {
    let law: OverlapLaw
    let mass: Double

    /// E, s' and D at one gamma and rho.
    func moments(_ gamma: Double, rho: Double) -> (resolvent: Double, slope: Double, normalisation: Double) {
      let (a, b) = (law.studentWidthRatio, law.teacherWidthRatio)
      let q = exp(-4 * gamma / b)
      let w = rho - q
      let mixed = a + b - 2 * a * b
      let difference = (a - b) * (a - b)
      let root = (q * q + 2 * mixed * q * w + difference * w * w).squareRoot()
      let resolvent = 2 * a * b / (q + (a + b) * w + root)
      // For equal ratios q and the root underflow together at late times; the quotient then tends to 0.
      let slope = (mixed * q + difference * w) / max(root, 1e-300)
      return (resolvent, slope, mass + (1 - rho) * resolvent)
    }

    func observed(_ gamma: Double, rho: Double, logarithmOfF: Double) -> State {
      let (a, b) = (law.studentWidthRatio, law.teacherWidthRatio)
      let (e, slope, d) = moments(gamma, rho: rho)
      let second = e * e * (a + b + slope) / (2 * a * b)
      let norm = mass + 2 * (1 - rho) * e + (1 - rho) * (1 - rho) * second
      let overlap = e / (b * norm).squareRoot()
      var gap = Theory.finalOverlap(law) - overlap
      if gamma > 1, gap < 1e-13 { gap = Theory.overlapGap(law, rescaledTime: gamma) }
      var loss = (norm / (d * d) - 2 * e / (b * d) + 1 / b) / 2
      let final = Theory.finalScaledLoss(law)
      if gamma > 1, loss - final < 1e-13 { loss = final + Theory.scaledLossGap(law, rescaledTime: gamma) }
      let q = exp(-4 * gamma / b)
      let theta = law.logarithmicIntegral(scale: q, excess: rho - q) + 4 * gamma * min(a, b) / b
      return State(
        rescaledTime: gamma, overlap: overlap, overlapGap: gap, integratedTrace: -(log(mass / d) + logarithmOfF) / 2,
        scaledLoss: loss, rho: rho, logarithmOfF: logarithmOfF,
        conservedResidual: (a * logarithmOfF + theta - 4 * gamma) / max(1, 4 * gamma))
    }
  }
}
