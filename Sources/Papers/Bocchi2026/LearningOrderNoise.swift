package import NumericalMethods
package import PaperKit

/// How far noise of single samples takes one-pass descent from where the overlap equations end when the teacher's rows differ in
/// norm, beside what the noise that ``LearningOrder`` predicts makes of the start: sqrt(nu_r/N) of a standard normal number
/// in each element of column r, before Gram and Schmidt see it.
package enum LearningOrderNoise: Experiment {
  package struct Parameters: NetworkParameters {
    @Parameter("p, at least p*", in: 1...16) package var studentWidth = 4
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

  package static let name = "bocchi2026/learning-order-noise"
  package static let sourceFile = #fileID
  package static let distance = OutputArray(
    "distance",
    meaning: "squared distance of the end of descent from that of the overlap equations from the same start")
  package static let predictedDistance = OutputArray(
    "predictedDistance",
    meaning: "mean squared distance of Gram and Schmidt's solution with the noise from that without")
  package static let outputs = [distance, predictedDistance]
  package static let mutants = [Mistake.halvedGain]

  package static func run(_ parameters: Parameters, in context: RunContext) throws -> [OutputArray: NDArray] {
    try run(parameters, replicas: [context])[0]
  }

  package static func run(_ parameters: Parameters, replicas: [RunContext]) throws -> [[OutputArray: NDArray]] {
    let (theory, dimension) = (parameters.theory, parameters.inputDimension)
    let share: Double = replicas[0].mutant == Mistake.halvedGain ? 0.5 : 1
    let noise = try OrderedLearning.noiseGains(theory).map { (share * $0 / Double(dimension)).squareRoot() }
    let equations = OverlapEquations(theory)
    let method = OverlapEquations.method(relativeTolerance: 1e-8, inputDimension: Double(dimension))
    let stepCount = OrderedLearning.stepCount(theory, inputDimension: dimension)
    func solution(_ overlaps: Overlaps) throws -> Matrix {
      try Overlaps.polar(Overlaps.scaled(overlaps.teacherOverlap, by: theory.teacherNorms, rootPower: -1))
    }
    return try ReducedChain.run(theory, inputDimension: dimension, start: .random, replicas: replicas) {
      chain, starts, contexts in
      try chain.advance(stepCount)
      return try starts.indices.map { lane in
        let flow = try equations.solve(
          from: starts[lane], at: [Double(stepCount) / Double(dimension)], method: method)[0]
        let found = try solution(chain.overlaps(lane: lane)) - solution(equations.overlaps(flow))
        let start = starts[lane].teacherOverlap
        let ordered = OrderedLearning.orthonormal(start)
        var stream = contexts[lane].random("prediction")
        let predicted = (0..<parameters.noiseCount).map { _ in
          let normals = stream.normalMatrix(rowCount: start.rowCount, columnCount: start.columnCount)
          let noisy = Matrix(rowCount: start.rowCount, columnCount: start.columnCount) {
            start[$0, $1] + noise[$1] * normals[$0, $1]
          }
          return (OrderedLearning.orthonormal(noisy) - ordered).squaredNorm
        }
        return [
          distance: NDArray(found.squaredNorm), predictedDistance: NDArray(Statistics.mean(predicted)),
        ]
      }
    }
  }
}
