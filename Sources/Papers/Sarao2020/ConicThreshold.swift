package import NumericalMethods
package import PaperKit

/// The threshold that conic geometry predicts: the statistical dimension of the cone of matrices along which the trace
/// can fall at A*. [derived; heuristic: it treats the measurements x x^T - I as isotropic, with the trace known]
///
///     n_SD(d, m*) = min_{tau >= 0} [ p + m* tau^2 + E sum_{i <= q} (lambda_i - tau)_+^2 ],   q = d - m*,
///
/// lambda_i the eigenvalues of a GOE matrix of size q with variance 1 on and 1/2 off the diagonal (edge sqrt(2q)). For
/// m*/d -> 0 it tends to 3 m* d, not to the (m*+1) d of the counting formula. A comparison curve, not a claim of the
/// paper. One replica averages over its own matrices, so the spread of replicas measures the Monte Carlo error.
package enum ConicThreshold: Experiment {
  /// What can be varied.
  package struct Parameters: ExperimentParameters {
    @Parameter("d", in: 3...256) package var inputDimension = 8
    @Parameter("m*, below d", atLeast: 1) package var teacherWidth = 1
    @Parameter("number of GOE matrices to average over", in: 1...1_000_000) package var matrixCount = 200

    /// The defaults: d = 8, m* = 1.
    package init() {}

    package func validateRelations() throws {
      try require(
        (1..<inputDimension).contains(teacherWidth), "teacherWidth", teacherWidth, allowed: "1 to inputDimension - 1")
    }
  }

  package static let name = "sarao2020/conic-threshold"
  package static let sourceFile = #fileID

  /// n_SD.
  package static let threshold = OutputArray("threshold", unit: "samples", meaning: "statistical dimension of the cone")
  /// The minimising tau.
  package static let level = OutputArray("level", meaning: "minimising level tau")
  package static let outputs = [threshold, level]

  /// The matrices are those of another ensemble.
  package static let wideOffDiagonal = Mutant(
    "wide-off-diagonal", meaning: "entries off the diagonal have variance 1 instead of 1/2")
  package static let mutants = [wideOffDiagonal]

  /// Draws the matrices and minimises the convex function of tau by bisection on its derivative.
  package static func run(_ parameters: Parameters, in context: RunContext) throws -> [OutputArray: NDArray] {
    let q = parameters.inputDimension - parameters.teacherWidth
    var stream = context.random("matrices")
    var eigenvalues: [Double] = []
    for _ in 0..<parameters.matrixCount {
      let square = stream.normalMatrix(rowCount: q, columnCount: q)
      let divisor = context.mutant == wideOffDiagonal ? 2.0.squareRoot() : 2
      let symmetric = Matrix(rowCount: q, columnCount: q) {
        $0 == $1 ? square[$0, $0] : (square[$0, $1] + square[$1, $0]) / divisor
      }
      eigenvalues += try LinearAlgebra.symmetricEigenvalues(symmetric)
    }
    let width = Double(parameters.teacherWidth)
    let count = Double(parameters.matrixCount)
    var below = 0.0
    var above = max(eigenvalues.greatest(), 0)
    while above - below > 1e-12 * above {
      let middle = (below + above) / 2
      let pull = eigenvalues.reduce(0) { $0 + max($1 - middle, 0) } / count
      if width * middle < pull { below = middle } else { above = middle }
    }
    let tau = (below + above) / 2
    let excess = eigenvalues.reduce(0) { $0 + max($1 - tau, 0) * max($1 - tau, 0) } / count
    let p = Theory.tangentDimension(inputDimension: parameters.inputDimension, teacherWidth: parameters.teacherWidth)
    return [threshold: NDArray(Double(p) + width * tau * tau + excess), level: NDArray(tau)]
  }
}
