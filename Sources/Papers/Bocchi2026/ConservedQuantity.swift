private import Foundation
package import NumericalMethods
package import PaperKit

/// What the overlap equations conserve, and that it selects the zero-loss solution closest to the start.
///
/// Free rows move by W <- W (I + g x x^T), from the right, hence for gradient flow from any start
/// C = exp(-8 eta c* time) R^T (Q - R R^T)^-1 R is constant, and from Q = I polar(R) is, with noise too. So R ends at
/// sqrt(p/p*) polar(R0), the closest solution. Constrained rows conserve C as well, which does not see their rescaling, but
/// not polar(R).
///
/// From any start norm learning makes K with K Q_perp K^T proportional to I out of R = K R0 before the teacher is seen, so that
/// at small eta R ends at polar(Q_perp0^(-1/2) R0), which differs from the closest solution by order N^-1/2 and in the deficit
/// by order 1/N. Noise divides the logarithm of K by 1 - 4 eta/(p + 2). [derived] With unequal norms of the teacher rows
/// directions are learnt one after the other and none of this holds.
package enum ConservedQuantity: Experiment {
  package struct Parameters: NetworkParameters {
    @Parameter("p", in: 1...16) package var studentWidth = 2
    @Parameter("p*", in: 1...16) package var teacherWidth = 2
    @Parameter("eta", atLeast: 1e-6) package var learningRate = 0.05
    @Parameter("N of the random start", atLeast: 4) package var inputDimension = 1000
    @Parameter("free rows of the student, or rows of unit norm") package var constraint = Constraint.free
    @Parameter("s of the teacher rows' squared norms 1 + s ... 1 - s", atLeast: 0, below: 1)
    package var teacherSpread = 0.0
    @Parameter("number of output times", in: 2...1_000_000) package var timeCount = 61

    package init() {}

    package static var idleParameters: [IdleParameter<Self>] {
      [IdleParameter("teacherSpread", "with one teacher row") { $0.teacherWidth == 1 }]
    }

    package func validateRelations() throws {
      try validateNetwork()
      try validate(inputDimension: inputDimension)
      try require(
        studentWidth >= teacherWidth, "studentWidth", studentWidth, allowed: "at least teacherWidth (\(teacherWidth))")
    }

    /// Last time of the paths to a solution: (3 + 0.4 ln N) / eta.
    package var lastTime: Double { (3 + 0.4 * log(Double(inputDimension))) / learningRate }
  }

  package static let name = "bocchi2026/conserved-quantity"
  package static let sourceFile = #fileID
  package static let time = OutputArray("time", axes: ["time"], unit: "steps/N", meaning: "time")
  package static let earlyTime = OutputArray(
    "earlyTime", axes: ["earlyTime"], unit: "steps/N", meaning: "two thirds of the times, for matrixDrift")
  package static let matrixDrift = OutputArray(
    "matrixDrift", axes: ["earlyTime"], meaning: "greatest relative change of C in gradient flow")
  package static let noisyMatrixDrift = OutputArray(
    "noisyMatrixDrift", meaning: "relative change of C by two thirds of the time, noise included")
  package static let polarDrift = OutputArray(
    "polarDrift", axes: ["time"], meaning: "greatest change of an element of polar(R) from Q = I, noise included")
  package static let path = OutputArray(
    "path", axes: ["time", "student", "teacher"], meaning: "R from a random start, noise included")
  package static let reached = OutputArray(
    "reached", axes: ["student", "teacher"], meaning: "polar(R) at the last time of that path")
  package static let nearest = OutputArray("nearest", axes: ["student", "teacher"], meaning: "polar(R) at its start")
  package static let deficit = OutputArray(
    "deficit", meaning: "1 - efficiency of that path: 0 at the closest solution, mean 1 for one chosen blindly")
  package static let expectedDeficit = OutputArray(
    "expectedDeficit", meaning: "1 - efficiency of polar(Q_perp^(-1/2) R) of the start")
  package static let outputs = [
    time, earlyTime, matrixDrift, noisyMatrixDrift, polarDrift, path, reached, nearest, deficit, expectedDeficit,
  ]
  /// Half of what is missed.
  package static let halvedVariance = Mutant(
    "halved-variance", meaning: "Q - R R^T of a random start has half of its variance around I")
  package static let mutants =
    Mistake.ofEquations + [
      Mistake.identityProcrustes, Mistake.freedRows, Mistake.equalNorms, Mistake.halfwayStart, Mistake.halvedExponent,
      halvedVariance,
    ]

  package static func run(_ parameters: Parameters, in context: RunContext) throws -> [OutputArray: NDArray] {
    var theory = parameters.theory
    if context.mutant == Mistake.equalNorms { theory = theory.ofEqualNorms }
    let dimension = Double(parameters.inputDimension)
    let start = Overlaps.start(.random, theory, inputDimension: dimension, in: context)
    let times = Spacing.linear.times(to: parameters.lastTime, count: parameters.timeCount)
    let method = OverlapEquations.method(inputDimension: dimension)
    let withNoise = OverlapEquations(theory, mistakes: context.equationMistakes)
    let gradientFlow = OverlapEquations(theory, isGradientFlow: true, mistakes: context.equationMistakes)

    // C is a quotient of numbers that both vanish towards the end; its test stops earlier.
    let early = times.map { $0 * 2 / 3 }
    func matrix(_ overlaps: Overlaps, _ time: Double) throws -> Matrix {
      let quotient = LinearAlgebra.multiply(
        overlaps.teacherOverlap,
        try LinearAlgebra.solve(positiveDefinite: overlaps.perpendicular, overlaps.teacherOverlap),
        transposingFirst: true)
      return exp(-8 * theory.learningRate / Double(theory.teacherWidth) * time) * quotient
    }
    let matrices = try zip(early, gradientFlow.solve(from: start, at: early, method: method)).map { time, state in
      try matrix(gradientFlow.overlaps(state), time)
    }
    let identity = Matrix.identity(theory.studentWidth)
    let fromIdentity = Overlaps(
      teacherOverlap: start.teacherOverlap,
      selfOverlap: context.mutant == Mistake.halfwayStart ? 0.5 * (identity + start.selfOverlap) : identity)
    let polars = try withNoise.solve(from: fromIdentity, at: times, method: method).map {
      try Overlaps.polar(withNoise.overlaps($0).teacherOverlap)
    }
    let states = try withNoise.solve(from: mistaken(start, theory, dimension, in: context), at: times, method: method)
      .map(withNoise.overlaps)
    let paths = states.map(\.teacherOverlap)
    let (middle, norms) = ((times.count - 1) * 2 / 3, theory.teacherNorms)
    let noisy = try matrix(states[middle], times[middle])
    let aim = Overlaps.scaled(start.teacherOverlap, by: norms, rootPower: 1)
    let near = try Overlaps.polar(aim)
    var end = try Overlaps.polar(Overlaps.scaled(paths[paths.count - 1], by: norms, rootPower: -1))
    // Q_perp = V diag(w) V^T.
    let eigen = try LinearAlgebra.symmetricEigen(start.perpendicular)
    let inverseRoot = Matrix(rowCount: theory.studentWidth, columnCount: theory.studentWidth) { row, column in
      eigen.values.indices.reduce(0) {
        $0 + eigen.vectors[row, $1] * eigen.vectors[column, $1] / eigen.values[$1].squareRoot()
      }
    }
    let expected = try Overlaps.polar(inverseRoot * start.teacherOverlap)
    if context.mutant == Mistake.identityProcrustes {
      end = Matrix(rowCount: end.rowCount, columnCount: end.columnCount) { $0 == $1 ? 1 : 0 }
    }
    let size = greatest(matrices[0])
    return [
      time: NDArray(times), earlyTime: NDArray(early),
      matrixDrift: NDArray(matrices.map { greatest($0 - matrices[0]) / size }),
      noisyMatrixDrift: NDArray(greatest(noisy - matrices[0]) / size),
      polarDrift: NDArray(polars.map { greatest($0 - polars[0]) }), path: NDArray.stack(paths.map { NDArray($0) }),
      reached: NDArray(end), nearest: NDArray(near),
      deficit: NDArray(try Overlaps.deficit(of: end, from: aim)),
      expectedDeficit: NDArray(try Overlaps.deficit(of: expected, from: start.teacherOverlap)),
    ]
  }

  /// The start from which the path goes: the true one unless a deliberate mistake changes its Q_perp.
  private static func mistaken(
    _ start: Overlaps, _ theory: Theory, _ dimension: Double, in context: RunContext
  ) -> Overlaps {
    var result = start
    if context.mutant == Mistake.halvedExponent {
      result.perpendicular =
        Overlaps.start(.random, theory, inputDimension: dimension.squareRoot(), in: context).perpendicular
    }
    if context.mutant == halvedVariance {
      let identity = Matrix.identity(theory.studentWidth)
      result.perpendicular = identity + 0.5.squareRoot() * (start.perpendicular - identity)
    }
    return result
  }

  private static func greatest(_ matrix: Matrix) -> Double { matrix.values.lazy.map(abs).greatest() }
}
