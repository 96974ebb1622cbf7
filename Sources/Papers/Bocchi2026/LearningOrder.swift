private import Foundation
package import NumericalMethods
package import PaperKit

/// Which zero-loss solution descent and the overlap equations reach when the teacher's rows differ in norm: not the closest one.
///
/// A column R_r grows as exp(4 eta c* t_r time), so the strongest direction is learnt first, by itself: it ends along its own
/// start, u_1 = R_1/|R_1|. On the plateau that follows Q is kappa_1 along u_1 and kappa across, delta + 2 c* t_1 - 2 c kappa_1 = 0
/// and delta - 2 c kappa = 0, so R_2 shrinks along u_1, at the rate 4 eta c* (t_1 - t_2), and grows across, at 4 eta c* t_2. It
/// ends along what is left of its start across u_1, and so on: O is what Gram and Schmidt make of the columns of R, in descending
/// order of t_r. At finite N the next column has the size e = N^(-(1 - t_2/t_1)/2) when the first is learnt, which turns O by
/// e^min(2, t_1/t_2): where t_2 > t_1/2 it still grows along u_1 meanwhile. Noise of single samples adds to R on the plateau,
/// sqrt(nu_r/N) of a standard normal number to each element of column r, before Gram and Schmidt see it. [derived]
package enum LearningOrder: Experiment {
  package struct Parameters: NetworkParameters {
    @Parameter("p, at least p*", in: 1...16) package var studentWidth = 2
    @Parameter("p*", in: 2...16) package var teacherWidth = 2
    @Parameter("eta", atLeast: 1e-6) package var learningRate = 0.02
    @Parameter("N", atLeast: 4) package var inputDimension = 250
    @Parameter("s of the teacher rows' squared norms 1 + s ... 1 - s", atLeast: 0, below: 1)
    package var teacherSpread = 0.5
    @Parameter("draws of the noise behind the prediction of each replica", in: 1...1_000_000)
    package var noiseCount = 50
    package let constraint = Constraint.free

    package init() {}

    package func validateRelations() throws {
      try validateNetwork()
      try validate(inputDimension: inputDimension, upTo: 1_000_000_000)
      try require(
        studentWidth >= teacherWidth, "studentWidth", studentWidth, allowed: "at least teacherWidth (\(teacherWidth))")
    }
  }

  package static let name = "bocchi2026/learning-order"
  package static let sourceFile = #fileID
  package static let turn = OutputArray(
    "turn", meaning: "how far descent ends from the closest solution, times the way from there to Gram and Schmidt's")
  package static let flowTurn = OutputArray(
    "flowTurn", meaning: "the same of the overlap equations from the same start")
  package static let wholeTurn = OutputArray(
    "wholeTurn", meaning: "squared distance of Gram and Schmidt's solution from the closest one")
  package static let predictedTurn = OutputArray(
    "predictedTurn",
    meaning: "what Gram and Schmidt make of the start with the noise of single samples, in place of descent")
  package static let deficit = OutputArray("deficit", meaning: "1 - efficiency of descent, in [0, 2]")
  package static let outputs = [turn, flowTurn, wholeTurn, predictedTurn, deficit]
  package static let mutants = [Mistake.equalNorms, Mistake.halfwayEnd]

  package static func run(_ parameters: Parameters, in context: RunContext) throws -> [OutputArray: NDArray] {
    try run(parameters, replicas: [context])[0]
  }

  package static func run(_ parameters: Parameters, replicas: [RunContext]) throws -> [[OutputArray: NDArray]] {
    let mutant = replicas[0].mutant
    let theory = mutant == Mistake.equalNorms ? parameters.theory.ofEqualNorms : parameters.theory
    let dimension = parameters.inputDimension
    let norms = parameters.theory.teacherNorms
    let equations = OverlapEquations(theory)
    let method = OverlapEquations.method(relativeTolerance: 1e-8, inputDimension: Double(dimension))
    let stepCount = OrderedLearning.stepCount(parameters.theory, inputDimension: dimension)
    let time = Double(stepCount) / Double(dimension)
    let noise = try OrderedLearning.noiseGains(parameters.theory).map { ($0 / Double(dimension)).squareRoot() }
    return try ReducedChain.run(theory, inputDimension: dimension, start: .random, replicas: replicas) {
      chain, starts, contexts in
      try chain.advance(stepCount)
      return try starts.indices.map { lane in
        let start = starts[lane].teacherOverlap
        let aim = Overlaps.scaled(start, by: norms, rootPower: 1)
        let nearest = try Overlaps.polar(aim)
        let way = OrderedLearning.orthonormal(start) - nearest
        func solution(_ overlaps: Overlaps) throws -> Matrix {
          let end = try Overlaps.polar(
            Overlaps.scaled(overlaps.teacherOverlap, by: theory.teacherNorms, rootPower: -1))
          return mutant == Mistake.halfwayEnd ? try Overlaps.polar(end + nearest) : end
        }
        let end = try solution(chain.overlaps(lane: lane))
        let flow = try equations.solve(from: starts[lane], at: [time], method: method)
        let flowEnd = try solution(equations.overlaps(flow[0]))
        var stream = contexts[lane].random("prediction")
        let predicted = (0..<parameters.noiseCount).map { _ in
          let normals = stream.normalMatrix(rowCount: start.rowCount, columnCount: start.columnCount)
          let noisy = Matrix(rowCount: start.rowCount, columnCount: start.columnCount) {
            start[$0, $1] + noise[$1] * normals[$0, $1]
          }
          return OrderedLearning.product(OrderedLearning.orthonormal(noisy) - nearest, way)
        }
        return [
          turn: NDArray(OrderedLearning.product(end - nearest, way)),
          flowTurn: NDArray(OrderedLearning.product(flowEnd - nearest, way)),
          wholeTurn: NDArray(way.squaredNorm), predictedTurn: NDArray(Statistics.mean(predicted)),
          deficit: NDArray(try Overlaps.deficit(of: end, from: aim)),
        ]
      }
    }
  }
}
