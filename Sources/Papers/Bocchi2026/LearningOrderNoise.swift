private import Foundation
package import NumericalMethods
package import PaperKit

/// How far noise of single samples takes one-pass descent from where the overlap equations end when the teacher's rows differ in
/// norm, beside what predicted noise makes of the start: sqrt(nu_r/N) of a standard normal number in each element of column r,
/// before Gram and Schmidt see it; nu_r as ``gains(_:inputDimension:)`` has it at this N.
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
  package static let predictedLogarithm = OutputArray(
    "predictedLogarithm", meaning: "mean natural logarithm of that squared distance")
  package static let outputs = [distance, predictedDistance, predictedLogarithm]
  /// Half of the noise in descent itself, whose variance is of order eta at a given time.
  package static let halvedNoise = Mutant(
    "halved-noise", meaning: "descent takes twice as many steps, of half the size, whose noise has half the variance")
  package static let mutants = [Mistake.halvedGain, halvedNoise]

  package static func run(_ parameters: Parameters, in context: RunContext) throws -> [OutputArray: NDArray] {
    try run(parameters, replicas: [context])[0]
  }

  package static func run(_ parameters: Parameters, replicas: [RunContext]) throws -> [[OutputArray: NDArray]] {
    let (theory, dimension) = (parameters.theory, parameters.inputDimension)
    let share: Double = replicas[0].mutant == Mistake.halvedGain ? 0.5 : 1
    let noise = try gains(theory, inputDimension: dimension).map { (share * $0 / Double(dimension)).squareRoot() }
    let equations = OverlapEquations(theory)
    let method = OverlapEquations.method(relativeTolerance: 1e-8, inputDimension: Double(dimension))
    let stepCount = OrderedLearning.stepCount(theory, inputDimension: dimension)
    func solution(_ overlaps: Overlaps) throws -> Matrix {
      try Overlaps.polar(Overlaps.scaled(overlaps.teacherOverlap, by: theory.teacherNorms, rootPower: -1))
    }
    let isQuiet = replicas[0].mutant == halvedNoise
    let descent = isQuiet ? parameters.theory(atLearningRate: parameters.learningRate / 2) : theory
    return try ReducedChain.run(descent, inputDimension: dimension, start: .random, replicas: replicas) {
      chain, starts, contexts in
      try chain.advance(isQuiet ? 2 * stepCount : stepCount)
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
          predictedLogarithm: NDArray(Statistics.mean(predicted.map { log($0) })),
        ]
      }
    }
  }

  /// nu_r, the variance of the noise in an element of column r of R, referred to the start, where it is 1/N:
  ///
  ///     nu_r = (p/N) int 4 eta^2 S_pp E4_r / R_rr^2 dt,   E4_r = E[e^2 xi^2 lambda*_r^2],
  ///
  /// along the overlap equations from the typical start R = sqrt(p/N) [I; 0], Q - R R^T = S = (1 - p*/N) I, whose R and S stay
  /// diagonal; v = sqrt(S_pp) xi is what the teacher leaves open of the last neuron's output, so that v lambda*_r stands for the
  /// noise across the directions learnt before. With xi^2 = b and lambda*_r^2 = a, e = z^T M z for the standard normal z =
  /// (lambda*, xi):
  ///
  ///     E4_r = (delta + 2 M_aa + 2 M_bb)^2 - 4 M_aa^2 - 4 M_bb^2 + 8 (M^2)_aa + 8 (M^2)_bb + 16 M_ab^2 + E[e^2] - delta^2.
  ///
  /// As N -> infinity that is ``OrderedLearning/noiseGains(_:)``, where the first plateau lasts for ever. It does not: when the
  /// first direction is learnt, E4 of those left falls (for the second of two, at s = 1/2 and p = 4, by a factor 13), and of nu_2
  /// some N^(-t_2/t_1) is missing. [derived]
  package static func gains(_ theory: Theory, inputDimension: Int) throws -> [Double] {
    let (p, q, dimension) = (theory.studentWidth, theory.teacherWidth, Double(inputDimension))
    let (c, eta, size) = (1 / Double(p), theory.learningRate, Double(p) / dimension)
    let levels = theory.teacherNorms.map { $0 / Double(q) }
    let equations = OverlapEquations(theory)
    let start = Overlaps(
      teacherOverlap: Matrix(rowCount: p, columnCount: q) { $0 == $1 ? size.squareRoot() : 0 },
      perpendicular: Matrix(diagonal: Array(repeating: 1 - Double(q) / dimension, count: p)))
    let time = Double(OrderedLearning.stepCount(theory, inputDimension: inputDimension)) / dimension
    let intervals = 500
    let states = try equations.solve(
      from: start, at: (0...intervals).map { time * Double($0) / Double(intervals) },
      method: OverlapEquations.method(inputDimension: dimension))
    var gains = [Double](repeating: 0, count: q)
    for (index, state) in states.enumerated() {
      let overlaps = equations.overlaps(state)
      let r = (0..<p).map { $0 < q ? overlaps.teacherOverlap[$0, $0] : 0 }
      let s = overlaps.perpendicular.diagonal
      let (own, open) = (r[p - 1], s[p - 1])
      let delta = levels.reduce(0, +) - c * (0..<p).reduce(0) { $0 + s[$1] + r[$1] * r[$1] }
      let across = -c * open
      let acrossSquare = across * across + c * c * own * own * open
      // Simpson's rule.
      let weight = time / Double(3 * intervals) * (index == 0 || index == intervals ? 1 : index % 2 == 1 ? 4 : 2)
      for column in 0..<q {
        let along = levels[column] - c * r[column] * r[column]
        let mixed = c * c * r[column] * r[column] * s[column]
        let mean = delta + 2 * along + 2 * across
        let fourth =
          mean * mean - 4 * along * along - 4 * across * across + 8 * (along * along + mixed) + 8 * acrossSquare
          + (column == p - 1 ? 16 * mixed : 0) + 2 * equations.loss(state) - delta * delta
        gains[column] += weight * 4 * eta * eta * size * open * fourth / (r[column] * r[column])
      }
    }
    return gains
  }
}

extension LearningOrderNoise.Parameters {
  /// The problem at another learning rate.
  fileprivate func theory(atLearningRate rate: Double) -> Theory {
    Theory(
      studentWidth: studentWidth, teacherWidth: teacherWidth, learningRate: rate, constraint: constraint,
      teacherSpread: teacherSpread)
  }
}
