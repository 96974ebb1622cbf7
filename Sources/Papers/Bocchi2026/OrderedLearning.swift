private import Foundation
internal import NumericalMethods

/// What the theory says of descent that learns the teacher's directions one after the other, as it does where their norms
/// differ: see ``LearningOrder``.
package enum OrderedLearning {
  /// Steps until the weakest direction is learnt, from equal norms to these: (ln N + 8) e-foldings of its R R^T.
  static func stepCount(_ theory: Theory, inputDimension: Int) -> Int {
    let efolding = Double(theory.teacherWidth) / (8 * theory.learningRate * (1 - theory.teacherSpread))
    return Int((efolding * (log(Double(inputDimension)) + 8)).rounded(.down)) * inputDimension
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

  /// The sum of the products of their elements.
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
