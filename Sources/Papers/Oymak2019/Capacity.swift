package import NumericalMethods
package import PaperKit

/// Do solutions exist? The problems of ``FittingTransition`` handed to Levenberg–Marquardt, which finds them with little
/// more than n weights; not the paper's algorithm, E1b.
package enum Capacity: Experiment {
  /// What can be varied.
  package struct Parameters: ExperimentParameters {
    @Parameter("phi", among: Activation.trained) package var activation = Activation.softplus
    @Parameter("d", in: 2...10_000) package var inputDimension = 10
    @Parameter("k", in: 2...1_000_000) package var studentWidth = 10
    @Parameter("kd/n; n = kd / ratio rounded must be at least 2", above: 0) package var parameterRatio = 1.1
    @Parameter("most steps that are made", in: 1...1_000_000_000) package var maximumIterationCount = 200
    @Parameter("|r| / |y| that counts as a fit", above: 0, below: 1) package var tolerance = 1e-4

    /// The defaults.
    package init() {}

    var sampleCount: Int { Int((Double(studentWidth * inputDimension) / parameterRatio).rounded()) }

    package func validateRelations() throws {
      try requireNetwork(inputDimension: inputDimension, studentWidth: studentWidth)
      try requireRatio(
        parameterRatio, parameterCount: studentWidth * inputDimension, perSample: studentWidth * inputDimension)
    }
  }

  package static let name = "oymak2019/capacity"
  package static let sourceFile = #fileID
  package static let mutants = [Mistakes.correlatedLabels, Mistakes.repeatedUnits]

  /// n.
  package static let sampleCount = OutputArray("sampleCount", unit: "samples", meaning: "number of samples n")
  /// Steps made.
  package static let iterationCount = OutputArray("iterationCount", unit: "steps", meaning: "accepted steps")
  /// |r| / |y| at the end.
  package static let relativeResidual = OutputArray("relativeResidual", meaning: "|r|/|y| at the end")
  /// 1 for a fit, else 0.
  package static let fitted = OutputArray("fitted", meaning: "whether |r|/|y| came down to the tolerance")
  package static let outputs = [sampleCount, iterationCount, relativeResidual, fitted]

  /// Draws a problem and solves (K + mu I) a = r, W <- W - J^T a; mu starts at 0.01, falls to a third after a step that
  /// lowers the loss and grows four times, at most twelve times in a row, after one that does not.
  package static func run(_ parameters: Parameters, in context: RunContext) throws -> [OutputArray: NDArray] {
    let problem = Problem(
      parameters.activation, sampleCount: parameters.sampleCount, inputDimension: parameters.inputDimension,
      studentWidth: parameters.studentWidth, in: context)
    var weights = problem.start
    var residuals = problem.startResiduals
    var damping = 1e-2
    var iteration = 0
    let goal = parameters.tolerance * problem.labelNorm
    while LinearAlgebra.norm(residuals) > goal, iteration < parameters.maximumIterationCount {
      guard let next = try step(problem, weights, residuals, &damping) else { break }
      (weights, residuals) = next
      iteration += 1
    }
    let norm = LinearAlgebra.norm(residuals)
    return [
      sampleCount: NDArray(Double(parameters.sampleCount)), iterationCount: NDArray(Double(iteration)),
      relativeResidual: NDArray(norm / problem.labelNorm), fitted: NDArray(norm <= goal ? 1 : 0),
    ]
  }

  /// The next weights and residuals; nil where no damping lowers the loss.
  private static func step(
    _ problem: Problem, _ weights: Matrix, _ residuals: [Double], _ damping: inout Double
  ) throws -> (Matrix, [Double])? {
    let slopes = problem.hiddenUnits(at: weights).slopes
    let kernel = problem.kernel(at: weights)
    for _ in 0..<12 {
      var damped = kernel
      for row in 0..<damped.rowCount { damped[row, row] += damping }
      if let solution = try solution(damped, residuals) {
        // (J^T a)_l = v_l sum_i a_i phi'(z_il) x_i.
        let scaled = Matrix(rowCount: slopes.rowCount, columnCount: slopes.columnCount) {
          slopes[$0, $1] * solution[$0] * problem.outputWeights[$1]
        }
        let next = weights - LinearAlgebra.multiply(scaled, problem.data, transposingFirst: true)
        let values = LinearAlgebra.multiply(problem.hiddenUnits(at: next).values, problem.outputWeights)
        let nextResiduals = zip(values, problem.labels).map { $0 - $1 }
        if LinearAlgebra.dot(nextResiduals, nextResiduals) < LinearAlgebra.dot(residuals, residuals) {
          damping = max(damping / 3, 1e-12)
          return (next, nextResiduals)
        }
      }
      damping *= 4
    }
    return nil
  }

  /// The solution of a damped system; nil where rounding has made it indefinite.
  private static func solution(_ matrix: Matrix, _ right: [Double]) throws -> [Double]? {
    do {
      return try LinearAlgebra.solve(positiveDefinite: matrix, right)
    } catch NumericalError.notPositiveDefinite {
      return nil
    }
  }
}
