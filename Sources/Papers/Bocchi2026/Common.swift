private import Foundation
package import NumericalMethods
package import PaperKit

// What several experiments share: time grids, deliberate mistakes, and running chains eight at a time.

/// Spacing of output times.
package enum Spacing: String, Choice {
  /// Equal differences from 0 on.
  case linear
  /// Equal ratios from 1 on.
  case logarithmic

  /// `count` times up to `last`.
  package func times(to last: Double, count: Int) -> [Double] {
    (0..<count).map { index in
      let share = Double(index) / Double(count - 1)
      if index == count - 1 { return last }
      return self == .linear ? last * share : pow(last, share)
    }
  }
}

/// The deliberate mistakes of this paper.
package enum Mistake {
  /// The overlap equations without the noise of single samples.
  package static let droppedNoise = Mutant("dropped-noise", meaning: "the eta^2 term is missing from dQ/dt")
  /// The overlap equations with half of one term.
  package static let halvedU = Mutant("halved-u", meaning: "dQ/dt contains U instead of 2 U")
  /// Descent with inputs of the wrong size.
  package static let smallInputs = Mutant("input-scaled-by-n", meaning: "steps move along x/N instead of x/sqrt(N)")
  /// Descent that is not one-pass.
  package static let reusedSamples = Mutant("reused-samples", meaning: "every sample is used twice in a row")
  /// The closest solution, forgotten.
  package static let identityProcrustes = Mutant(
    "identity-procrustes", meaning: "the solution reached is taken to be [I; 0] W* whatever R is")

  /// Steps without the factor that keeps their pace at every width.
  package static let plainGradient = Mutant(
    "plain-gradient", meaning: "steps are p* times the plain gradient instead of p times")
  /// Half of the noise of single samples on the plateau.
  package static let halvedGain = Mutant("halved-noise-gain", meaning: "the noise gain nu is taken half as large")
  /// Part of the overlaps.
  package static let lostRow = Mutant("lost-row", meaning: "the size of R is taken from its first row alone")
  /// Solutions that are none.
  package static let shortSolution = Mutant("short-solution", meaning: "solutions are taken one part in 10^6 too short")
  /// Fewer equations for a solution.
  package static let forgottenLengths = Mutant(
    "forgotten-lengths", meaning: "columns of a solution have to be orthogonal, but not of equal length")
  /// Half of one term of the Hessian.
  package static let halvedTrace = Mutant("halved-trace", meaning: "the Hessian contains tr(D) instead of 2 tr(D)")
  /// Half of the teacher in the Hessian.
  package static let halvedTeacher = Mutant("halved-teacher", meaning: "the Hessian is that of half the teacher")
  /// Descent with half of the noise of single samples.
  package static let halvedLength = Mutant("halved-length", meaning: "the reduced chain takes |x|^2 half as large")
  /// A constraint, forgotten.
  package static let freedRows = Mutant("freed-rows", meaning: "rows of constant norm are left free")
  /// The teacher's norms, forgotten.
  package static let equalNorms = Mutant("equal-norms", meaning: "the teacher's rows are taken to have equal norms")
  /// Half of the way from a start of orthonormal rows to a random one.
  package static let halfwayStart = Mutant(
    "halfway-start", meaning: "Q starts half-way from I to that of random rows where it should be I")
  /// The start of another N.
  package static let smallStart = Mutant("small-start", meaning: "R starts of order 1/N instead of N^(-1/2)")

  /// Random starts with half of the scatter.
  package static let halvedScatter = Mutant(
    "halved-scatter", meaning: "ln of a random start's singular values differs half as much from a typical one's")

  /// Half of the exponent with which what a random start misses falls.
  package static let halvedExponent = Mutant(
    "halved-exponent", meaning: "Q - R R^T of a random start scatters as that of sqrt(N) inputs")
  /// Half of the way from the closest solution to that of Gram and Schmidt.
  package static let halfwayEnd = Mutant(
    "halfway-end", meaning: "descent and the equations end half-way to the closest solution, on the set of solutions")

  /// Those that the overlap equations can make.
  package static let ofEquations = [droppedNoise, halvedU]
  /// Those that stochastic gradient descent can make.
  package static let ofDescent = [smallInputs, reusedSamples]
}

extension RunContext {
  /// What the overlap equations are to do wrong.
  package var equationMistakes: OverlapEquations.Mistakes {
    .init(
      dropsNoise: mutant == Mistake.droppedNoise, halvesU: mutant == Mistake.halvedU,
      freesRows: mutant == Mistake.freedRows)
  }

  /// What descent is to do wrong.
  package var descentMistakes: ReducedChain.Mistakes {
    .init(
      scalesInputsByN: mutant == Mistake.smallInputs, reusesSamples: mutant == Mistake.reusedSamples,
      halvesLength: mutant == Mistake.halvedLength)
  }
}

extension ReducedChain {
  /// Runs one chain for every group of up to eight replicas and returns what `body` makes of each, in order.
  package static func run(
    _ theory: Theory, inputDimension: Int, start: Start, replicas: [RunContext],
    body: (ReducedChain, [Overlaps], [RunContext]) throws -> [[OutputArray: NDArray]]
  ) throws -> [[OutputArray: NDArray]] {
    try stride(from: 0, to: replicas.count, by: Lanes.scalarCount).flatMap { first in
      let contexts = Array(replicas[first..<min(first + Lanes.scalarCount, replicas.count)])
      let starts = contexts.map {
        Overlaps.start(start, theory, inputDimension: Double(inputDimension), in: $0)
      }
      let chain = ReducedChain(
        theory, inputDimension: inputDimension, starts: starts, contexts: contexts,
        mistakes: contexts[0].descentMistakes)
      return try body(chain, starts, contexts)
    }
  }

  /// Advances to the step nearest to a time.
  package func advance(to time: Double, inputDimension: Int) throws {
    try advance(Int((time * Double(inputDimension)).rounded()) - stepCount)
  }
}
