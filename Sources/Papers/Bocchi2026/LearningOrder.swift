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

  /// Steps until the weakest direction is learnt, from equal norms to these: (ln N + 8) e-foldings of its R R^T.
  static func stepCount(_ theory: Theory, inputDimension: Int) -> Int {
    let efolding = Double(theory.teacherWidth) / (8 * theory.learningRate * (1 - theory.teacherSpread))
    return Int((efolding * (log(Double(inputDimension)) + 8)).rounded(.down)) * inputDimension
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
  /// Half of the way.
  package static let halfwayEnd = Mutant(
    "halfway-end", meaning: "descent and the equations end half-way to the closest solution, on the set of solutions")
  package static let mutants = [Mistake.equalNorms, halfwayEnd]

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
    let stepCount = Self.stepCount(parameters.theory, inputDimension: dimension)
    let time = Double(stepCount) / Double(dimension)
    let noise = try noiseGains(parameters.theory).map { ($0 / Double(dimension)).squareRoot() }
    return try ReducedChain.run(theory, inputDimension: dimension, start: .random, replicas: replicas) {
      chain, starts, contexts in
      try chain.advance(stepCount)
      return try starts.indices.map { lane in
        let start = starts[lane].teacherOverlap
        let aim = Overlaps.scaled(start, by: norms, rootPower: 1)
        let nearest = try Overlaps.polar(aim)
        let way = orthonormal(start) - nearest
        func solution(_ overlaps: Overlaps) throws -> Matrix {
          let end = try Overlaps.polar(
            Overlaps.scaled(overlaps.teacherOverlap, by: theory.teacherNorms, rootPower: -1))
          return mutant == halfwayEnd ? try Overlaps.polar(end + nearest) : end
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
          return product(orthonormal(noisy) - nearest, way)
        }
        return [
          turn: NDArray(product(end - nearest, way)), flowTurn: NDArray(product(flowEnd - nearest, way)),
          wholeTurn: NDArray(way.squaredNorm), predictedTurn: NDArray(Statistics.mean(predicted)),
          deficit: NDArray(try Overlaps.deficit(of: end, from: aim)),
        ]
      }
    }
  }

  /// nu_r, the relative gain of E[|R_r|^2] from the noise of single samples on the first plateau: ``Theory/noiseGain(until:)``
  /// with 2 c* t_r for 2 c* in the rate and
  ///
  ///     E4_r = q {[1 + 2 c* t_r - kappa(p+2)]^2 + c*^2 (2 sum_s t_s^2 + 4 t_r^2) + 2 kappa^2 (p+2)}.
  ///
  /// Throws where there is no plateau or no growth.
  package static func noiseGains(_ theory: Theory) throws -> [Double] {
    let (p, eta) = (Double(theory.studentWidth), theory.learningRate)
    let levels = theory.teacherNorms.map { $0 / Double(theory.teacherWidth) }
    let squares = levels.reduce(0) { $0 + $1 * $1 }
    func rate(_ kappa: Double, _ level: Double) -> Double { 2 * eta * (1 - p * kappa + 2 * level - 2 * kappa) }
    func source(_ kappa: Double, _ level: Double) -> Double {
      let mean = 1 + 2 * level - kappa * (p + 2)
      return 4 * eta * eta * p * kappa
        * (mean * mean + 2 * squares + 4 * level * level + 2 * kappa * kappa * (p + 2))
    }
    let plateau = try theory.plateauNorm()
    return try levels.map { level in
      guard rate(plateau, level) > 0 else {
        throw NumericalError.undefined("no escape: a direction grows at the rate \(rate(plateau, level))")
      }
      var state = [1.0, 0, 0]
      try DormandPrince(relativeTolerance: 1e-12, absoluteTolerance: 1e-14).integrate(
        from: 0, to: 10 * (p + 2) / eta, state: &state
      ) { _, state, derivative in
        let kappa = state[0] / p
        let delta = 1 - p * kappa
        let squared = delta * delta + 2 * (p * kappa * kappa + squares)
        derivative[0] =
          4 * eta * state[0] * (delta - 2 * kappa)
          + 4 * eta * eta * state[0] * (squared - 4 * delta * kappa + 8 * kappa * kappa)
        derivative[1] = rate(kappa, level)
        derivative[2] = source(kappa, level) * exp(-2 * state[1])
      } onStep: { _ in
        .proceed
      }
      return state[2] + source(plateau, level) * exp(-2 * state[1]) / (2 * rate(plateau, level))
    }
  }

  static func product(_ left: Matrix, _ right: Matrix) -> Double {
    zip(left.values, right.values).reduce(0) { $0 + $1.0 * $1.1 }
  }

  /// The columns made orthonormal by Gram and Schmidt's way, from the first on.
  static func orthonormal(_ matrix: Matrix) -> Matrix {
    var columns: [[Double]] = []
    for index in 0..<matrix.columnCount {
      var column = matrix.column(index)
      for other in columns {
        let overlap = zip(column, other).reduce(0) { $0 + $1.0 * $1.1 }
        column = zip(column, other).map { $0 - overlap * $1 }
      }
      let length = column.reduce(0) { $0 + $1 * $1 }.squareRoot()
      columns.append(column.map { $0 / length })
    }
    return Matrix(rowCount: matrix.rowCount, columnCount: matrix.columnCount) { columns[$1][$0] }
  }
}
