private import Foundation
package import NumericalMethods
package import PaperKit

/// How far from the zero-loss solution that Gram and Schmidt make of the start the overlap equations end when the teacher's rows
/// differ in norm: the limit of ``LearningOrder``, which follows descent, at any N.
package enum LearningOrderFlow: Experiment {
  package struct Parameters: NetworkParameters {
    @Parameter("p, at least p*", in: 1...16) package var studentWidth = 4
    @Parameter("p*", in: 2...16) package var teacherWidth = 2
    @Parameter("eta", atLeast: 1e-6) package var learningRate = 0.02
    @Parameter("N of the random start", atLeast: 4) package var inputDimension = 1000
    @Parameter("s of the teacher rows' squared norms 1 + s ... 1 - s", atLeast: 0, below: 1)
    package var teacherSpread = 0.5
    package let constraint = Constraint.free

    package init() {}

    package func validateRelations() throws {
      try validateNetwork()
      try validate(inputDimension: inputDimension, upTo: 1_000_000_000)
      try require(
        studentWidth >= teacherWidth, "studentWidth", studentWidth, allowed: "at least teacherWidth (\(teacherWidth))")
    }

    /// When the weakest direction is learnt, from equal norms to these: after ln N + 8 e-foldings of its R R^T.
    var lastTime: Double {
      Double(teacherWidth) / (8 * learningRate * (1 - teacherSpread)) * (log(Double(inputDimension)) + 8)
    }
  }

  package static let name = "bocchi2026/learning-order-flow"
  package static let sourceFile = #fileID
  package static let distance = OutputArray(
    "distance", meaning: "squared distance of the end, |O - O_GS|^2, from Gram and Schmidt's solution")
  package static let wholeDistance = OutputArray(
    "wholeDistance", meaning: "squared distance of the solution closest to the start from Gram and Schmidt's")
  package static let turn = OutputArray(
    "turn", meaning: "how far the end is from the closest solution, times the way from there to Gram and Schmidt's")
  package static let outputs = [distance, wholeDistance, turn]
  package static let mutants = [Mistake.equalNorms, Mistake.halfwayEnd]

  package static func run(_ parameters: Parameters, in context: RunContext) throws -> [OutputArray: NDArray] {
    let theory = context.mutant == Mistake.equalNorms ? parameters.theory.ofEqualNorms : parameters.theory
    let dimension = Double(parameters.inputDimension)
    let start = Overlaps.start(.random, theory, inputDimension: dimension, in: context)
    let equations = OverlapEquations(theory)
    let last = try equations.solve(
      from: start, at: [parameters.lastTime],
      method: OverlapEquations.method(relativeTolerance: 1e-8, inputDimension: dimension))[0]
    var end = try Overlaps.polar(
      Overlaps.scaled(equations.overlaps(last).teacherOverlap, by: theory.teacherNorms, rootPower: -1))
    let nearest = try Overlaps.polar(
      Overlaps.scaled(start.teacherOverlap, by: parameters.theory.teacherNorms, rootPower: 1))
    if context.mutant == Mistake.halfwayEnd { end = try Overlaps.polar(end + nearest) }
    let ordered = OrderedLearning.orthonormal(start.teacherOverlap)
    let way = ordered - nearest
    return [
      distance: NDArray((end - ordered).squaredNorm), wholeDistance: NDArray(way.squaredNorm),
      turn: NDArray(OrderedLearning.product(end - nearest, way)),
    ]
  }
}
