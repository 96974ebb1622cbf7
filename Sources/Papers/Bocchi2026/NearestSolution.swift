private import Foundation
package import NumericalMethods
package import PaperKit

/// How close stochastic gradient descent comes to the zero-loss solution nearest to its start.
///
/// The noise of single samples turns R on the plateau by an angle that does not shrink with N: the deficit has the law of
/// 1 - efficiency of polar(A + sqrt(nu) B) for a start A, with A, B independent Gaussian p x p* matrices.
package enum NearestSolution: Experiment {
  package struct Parameters: NetworkParameters {
    @Parameter("p", in: 1...16) package var studentWidth = 2
    @Parameter("p*", in: 1...16) package var teacherWidth = 2
    @Parameter("eta", atLeast: 1e-6) package var learningRate = 0.05
    @Parameter("N", atLeast: 4) package var inputDimension = 500
    @Parameter("Gaussian pairs behind the prediction of each replica", in: 1...1_000_000) package var pairCount = 200
    package let constraint = Constraint.free

    package init() {}

    package func validateRelations() throws {
      try validateNetwork()
      try validate(inputDimension: inputDimension, upTo: 1_000_000_000)
      try require(
        studentWidth >= teacherWidth, "studentWidth", studentWidth, allowed: "at least teacherWidth (\(teacherWidth))")
    }
  }

  package static let name = "bocchi2026/nearest-solution"
  package static let sourceFile = #fileID
  package static let deficit = OutputArray("deficit", meaning: "1 - efficiency of descent, in [0, 2]")
  package static let rootDeficit = OutputArray(
    "rootDeficit", meaning: "fourth root of the deficit, of a law nearly symmetric")
  package static let predictedDeficit = OutputArray(
    "predictedDeficit", meaning: "mean deficit of polar(A + sqrt(nu) B) over pairs of Gaussian matrices")
  package static let predictedRootDeficit = OutputArray(
    "predictedRootDeficit", meaning: "mean fourth root of the deficit over the same pairs")
  package static let noiseGain = OutputArray("noiseGain", meaning: "nu")
  package static let outputs = [deficit, rootDeficit, predictedDeficit, predictedRootDeficit, noiseGain]
  package static let mutants =
    Mistake.ofDescent + [Mistake.identityProcrustes, Mistake.halvedGain, Mistake.halvedExponent]

  package static func run(_ parameters: Parameters, in context: RunContext) throws -> [OutputArray: NDArray] {
    try run(parameters, replicas: [context])[0]
  }

  package static func run(_ parameters: Parameters, replicas: [RunContext]) throws -> [[OutputArray: NDArray]] {
    let theory = parameters.theory
    let dimension = parameters.inputDimension
    let gain = (replicas[0].mutant == Mistake.halvedGain ? 0.5 : 1) * (try theory.noiseGain())
    let efoldings = log(Double(dimension)) + 8
    let stepCount =
      Int((Double(theory.teacherWidth) / (8 * theory.learningRate) * efoldings).rounded(.down)) * dimension
    func ends(
      _ chain: ReducedChain, _ starts: [Overlaps], _ contexts: [RunContext]
    ) throws -> [[OutputArray: NDArray]] {
      try chain.advance(stepCount)
      return try starts.indices.map { lane in
        var end = try Overlaps.polar(chain.overlaps(lane: lane).teacherOverlap)
        if contexts[lane].mutant == Mistake.identityProcrustes {
          end = Matrix(rowCount: end.rowCount, columnCount: end.columnCount) { $0 == $1 ? 1 : 0 }
        }
        let found = try Overlaps.deficit(of: end, from: starts[lane].teacherOverlap)
        var stream = contexts[lane].random("prediction")
        let pairs = try (0..<parameters.pairCount).map { _ in
          let a = stream.normalMatrix(rowCount: theory.studentWidth, columnCount: theory.teacherWidth)
          let b = stream.normalMatrix(rowCount: theory.studentWidth, columnCount: theory.teacherWidth)
          return try Overlaps.deficit(of: Overlaps.polar(a + gain.squareRoot() * b), from: a)
        }
        return [
          deficit: NDArray(found), rootDeficit: NDArray(root(found)), predictedDeficit: NDArray(Statistics.mean(pairs)),
          predictedRootDeficit: NDArray(Statistics.mean(pairs.map(root))), noiseGain: NDArray(gain),
        ]
      }
    }
    guard replicas[0].mutant == Mistake.halvedExponent else {
      return try ReducedChain.run(
        theory, inputDimension: dimension, start: .random, replicas: replicas, body: ends)
    }
    return try stride(from: 0, to: replicas.count, by: ReducedChain.Lanes.scalarCount).flatMap { first in
      let contexts = Array(replicas[first..<min(first + ReducedChain.Lanes.scalarCount, replicas.count)])
      let starts = contexts.map { context in
        var start = Overlaps.start(.random, theory, inputDimension: Double(dimension), in: context)
        start.perpendicular =
          Overlaps.start(.random, theory, inputDimension: Double(dimension).squareRoot(), in: context).perpendicular
        return start
      }
      return try ends(
        ReducedChain(theory, inputDimension: dimension, starts: starts, contexts: contexts), starts, contexts)
    }
  }

  /// Fourth root; rounding may leave a tiny negative deficit.
  private static func root(_ deficit: Double) -> Double { max(0, deficit).squareRoot().squareRoot() }
}
