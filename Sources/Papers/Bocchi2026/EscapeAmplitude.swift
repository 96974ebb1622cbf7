private import Foundation
package import NumericalMethods
package import PaperKit

/// The random size of the overlaps with which descent leaves the plateau: X = N tr(R R^T) / (p p* G^2) in the linear regime,
/// G the growth of an infinitesimal R by the overlap equations. At large N its law is that of (1 + nu) Y, Y ~ Gamma(p p*/2) of
/// mean 1, nu the gain by noise up to the time of looking.
package enum EscapeAmplitude: Experiment {
  package struct Parameters: NetworkParameters {
    @Parameter("p", in: 1...16) package var studentWidth = 2
    @Parameter("p*", in: 1...16) package var teacherWidth = 2
    @Parameter("eta", atLeast: 1e-6) package var learningRate = 0.02
    @Parameter("N; large, for X e^{efoldings}/N to stay small", atLeast: 4) package var inputDimension = 4000
    // Few, as the gain is known at any time and X e^{efoldings} p p*/N must stay well below 1.
    @Parameter("time in units of p*/(8 eta), in which R R^T grows by a factor e", above: 0, below: 20)
    package var efoldings = 2.0
    package let constraint = Constraint.free

    package init() {}

    package func validateRelations() throws {
      try validateNetwork()
      try validate(inputDimension: inputDimension, upTo: 1_000_000_000)
    }
  }

  package static let name = "bocchi2026/escape-amplitude"
  package static let sourceFile = #fileID
  package static let amplitude = OutputArray("amplitude", meaning: "X in the linear regime, growth taken out")
  package static let noiseGain = OutputArray(
    "noiseGain", meaning: "nu, the predicted relative gain of E[X] by noise up to then")
  package static let outputs = [amplitude, noiseGain]
  /// A law of twice the shape, half the variance.
  package static let doubledWidth = Mutant(
    "doubled-width", meaning: "the student has twice as many neurons as it should")
  package static let mutants = Mistake.ofDescent + [Mistake.halvedGain, Mistake.lostRow, doubledWidth]

  package static func run(_ parameters: Parameters, in context: RunContext) throws -> [OutputArray: NDArray] {
    try run(parameters, replicas: [context])[0]
  }

  package static func run(_ parameters: Parameters, replicas: [RunContext]) throws -> [[OutputArray: NDArray]] {
    var theory = parameters.theory
    if replicas[0].mutant == doubledWidth {
      theory = Theory(
        studentWidth: 2 * theory.studentWidth, teacherWidth: theory.teacherWidth, learningRate: theory.learningRate)
    }
    let dimension = parameters.inputDimension
    let stepCount = Int(
      parameters.efoldings * Double(theory.teacherWidth) / (8 * theory.learningRate) * Double(dimension))
    let small = 1e-9
    let seed = Overlaps(
      teacherOverlap: Matrix(rowCount: theory.studentWidth, columnCount: theory.teacherWidth) {
        $0 == 0 && $1 == 0 ? small : 0
      }, selfOverlap: .identity(theory.studentWidth))
    let equations = OverlapEquations(theory)
    let end = try equations.solve(
      from: seed, at: [Double(stepCount) / Double(dimension)], method: OverlapEquations.method(inputDimension: 1e18))
    let growth = end[0][0] / small
    let share = replicas[0].mutant == Mistake.halvedGain ? 0.5 : 1
    let gain = share * (try theory.noiseGain(until: Double(stepCount) / Double(dimension)))
    return try ReducedChain.run(theory, inputDimension: dimension, start: .random, replicas: replicas) {
      chain, starts, _ in
      try chain.advance(stepCount)
      return starts.indices.map { lane in
        var x = chain.overlaps(lane: lane).amplitude(inputDimension: Double(dimension))
        if replicas[0].mutant == Mistake.lostRow {
          let first = chain.overlaps(lane: lane).teacherOverlap.rows(0..<1)
          x = Double(dimension) * first.squaredNorm / Double(theory.teacherWidth)
        }
        return [amplitude: NDArray(x / (growth * growth)), noiseGain: NDArray(gain)]
      }
    }
  }
}
