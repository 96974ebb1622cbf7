private import Foundation
package import NumericalMethods
package import PaperKit

/// Oja's flow towards the best approximation of a random matrix by a positive one of rank m: a toy of how the long-time
/// limit is approached.
///
///     dW/dt = (A - W W^T) W,   A = GOE [d, d] with a semicircle on [-2, 2]
///
/// (no factor 2 here, unlike the flow of the network). In the eigenbasis of A, with eigenvalues L, the solution is exact:
/// W(t + h) = e^{hL} W C^{-T}, C C^T = I + W^T ((e^{2hL} - 1)/L) W.
package enum OjaFlow: Experiment {
  /// What can be varied.
  package struct Parameters: ExperimentParameters {
    @Parameter("d", in: 2...5000) package var inputDimension = 200
    @Parameter("kappa = m/d", above: 0, atMost: 1) package var studentWidthRatio = 0.8
    @Parameter("first time", atLeast: 1e-9) package var firstTime = 0.1
    @Parameter("last time", above: 0, atMost: 1e9) package var lastTime = 100.0
    @Parameter("number of times, in equal ratios", in: 2...1_000_000) package var timeCount = 25

    /// The defaults: d = 200, kappa = 0.8, t from 0.1 to 100.
    package init() {}

    /// m.
    package var studentWidth: Int { Int((studentWidthRatio * Double(inputDimension)).rounded()) }

    package func validateRelations() throws {
      try require(
        studentWidth >= 1, "studentWidthRatio", studentWidthRatio, allowed: "at least 1/(2 inputDimension)")
      try require(
        lastTime > firstTime, "lastTime", lastTime, allowed: "above firstTime")
    }

    /// The times.
    package var times: [Double] {
      (0..<timeCount).map { index in
        index == timeCount - 1
          ? lastTime : firstTime * pow(lastTime / firstTime, Double(index) / Double(timeCount - 1))
      }
    }
  }

  package static let name = "martin2026/oja-flow"
  package static let sourceFile = #fileID

  package static let time = OutputArray("time", axes: ["time"], meaning: "time of the flow")
  package static let distance = OutputArray(
    "distance", axes: ["time"], meaning: "squared distance to the limit |Z(t) - Z_inf|^2/d")
  package static let outputs = [time, distance]

  package static let doubledForce = Mutant("doubled-force", meaning: "the flow runs at twice its pace")
  package static let mutants = [doubledForce]

  /// Draws A's eigenvalues and the start, and steps exactly.
  package static func run(_ parameters: Parameters, in context: RunContext) throws -> [OutputArray: NDArray] {
    let d = parameters.inputDimension
    let m = parameters.studentWidth
    var targetStream = context.random("target")
    let half = targetStream.normalMatrix(
      rowCount: d, columnCount: d, standardDeviation: 1 / (2 * Double(d)).squareRoot())
    let eigenvalues = try LinearAlgebra.symmetricEigenvalues(half + half.transposed)
    // Why no rotation: a Gaussian start has the same law in every basis.
    var startStream = context.random("start")
    var weights = startStream.normalMatrix(
      rowCount: d, columnCount: m, standardDeviation: 1 / Double(m).squareRoot())
    var now = 0.0
    var distances: [Double] = []
    let pace = context.mutant == doubledForce ? 2.0 : 1.0
    for time in parameters.times {
      let span = pace * time - now
      let count = max(1, Int((span / longestStep).rounded(.up)))
      for _ in 0..<count {
        weights = try advanced(weights, eigenvalues: eigenvalues, by: span / Double(count))
      }
      now = pace * time
      var z = LinearAlgebra.outerGram(weights)
      for index in (d - m)..<d { z[index, index] -= max(eigenvalues[index], 0) }
      distances.append(z.squaredNorm / Double(d))
    }
    return [time: NDArray(parameters.times), distance: NDArray(distances)]
  }

  /// Longest exact step: C C^T has eigenvalues between 1 and e^(4 h), of which rounding must leave the least ones. Distances
  /// of steps of 1 and of 4 agree to 1e-10; with steps of 8 five digits are lost.
  private static let longestStep = 4.0

  /// The exact solution after a time h, up to a rotation of the hidden space; eigenvalues of A in any order, W [d, m] in
  /// its eigenbasis.
  package static func advanced(_ weights: Matrix, eigenvalues: [Double], by h: Double) throws -> Matrix {
    let m = weights.columnCount
    var scaled = weights
    var grown = weights
    for (row, eigenvalue) in eigenvalues.enumerated() {
      let gain = abs(h * eigenvalue) < 1e-8 ? 2 * h : expm1(2 * h * eigenvalue) / eigenvalue
      let growth = exp(h * eigenvalue)
      for column in 0..<m {
        scaled[row, column] *= gain.squareRoot()
        grown[row, column] *= growth
      }
    }
    var metric = LinearAlgebra.gram(scaled)
    for index in 0..<m { metric[index, index] += 1 }
    let factor = try LinearAlgebra.cholesky(metric)
    return LinearAlgebra.solveTriangular(factor, grown.transposed).transposed
  }
}

/// The asymptotic law of Oja's flow: |Z(t) - Z_inf|^2/d falls as t^-3 when the student can hold the whole positive part
/// of A (kappa >= 1/2), and only as 1/t when an edge of rank cuts through the bulk.
///
/// kappa >= 1/2: (pi^2/12 - zeta(3)/2) sigma(0) t^-3 with sigma(0) = 1/pi; kappa < 1/2: ln 2 omega^2 sigma(omega)/t with
/// omega the kappa-quantile of the semicircle sigma.
package func ojaLaw(studentWidthRatio kappa: Double, time: Double) throws -> Double {
  if kappa >= 0.5 {
    let zeta3 = 1.202_056_903_159_594_2
    return (.pi * .pi / 12 - zeta3 / 2) / .pi / (time * time * time)
  }
  let omega = try Thresholds.rankCutoff(kappa, 0)
  return M_LN2 * omega * omega * (4 - omega * omega).squareRoot() / (2 * .pi) / time
}
