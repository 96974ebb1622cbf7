package import NumericalMethods
package import PaperKit

/// Dynamical mean-field theory of gradient descent: what d -> infinity leaves of the first K steps.
///
/// A matrix-valued process with scalar memory,
///
///     W_{k+1} = W_k - eta (S_k + 2 lambda) W_k,   S_k = 2 sum_{j<=k} R_kj (Z_j - Z*) + G_k,
///
/// G a Gaussian process of GOE matrices with covariance C_r/alpha; C_kj = (2/d) <Z_k - Z*, Z_j - Z*> + Delta,
/// chi_kj = (2/d^2) Tr dZ_k/dH_j (response to W_{j+1} += H_j W_j), R = (I + eta chi/alpha)^{-1}, C_r = R C R^T, training
/// loss C_r(k, k)/4. It is not low-dimensional: solved by Monte Carlo with several systems of finite dimension D that share
/// C and chi; chi by one random probe H_j, of signs, and its tangent trajectory for every past step of some of the systems.
/// Derived here; the paper has an equivalent set. Time K^2 P (D^2 K/3 + 6 D^2 m), memory K^2 P D^2 single-precision numbers
/// over 4: what is not probed costs a tenth, and most of the chance is that of teachers and starts.
package enum DynamicalMeanField: Experiment {
  /// What can be varied.
  package struct Parameters: ExperimentParameters {
    @Parameter("D", in: 2...200) package var inputDimension = 40
    @Parameter("B, systems that share C and chi", in: 1...1_000_000) package var systemCount = 8
    @Parameter("P, in how many of them the response is measured, 1 to B") package var probedSystemCount = 8
    @Parameter("kappa = m/d", above: 0, atMost: 4) package var studentWidthRatio = 0.4
    @Parameter("kappa* = m*/d", above: 0, atMost: 4) package var teacherWidthRatio = 0.3
    @Parameter("alpha = n/d^2", above: 0) package var sampleRatio = 0.3
    @Parameter("Delta", atLeast: 0) package var noiseVariance = 0.5
    @Parameter("lambda", atLeast: 0) package var regularization = 0.05
    @Parameter("gamma: entries of W(0) have variance gamma/m", above: 0) package var initialScale = 1.0
    @Parameter("eta", atLeast: 1e-9, below: 1) package var learningRate = 0.01
    @Parameter("K, number of steps including step 0", in: 2...1_000_000) package var stepCount = 101

    /// The defaults: D = 40, B = P = 8, K = 101.
    package init() {}

    /// Checks the memory.
    package func validateRelations() throws {
      try require(
        (1...systemCount).contains(probedSystemCount), "probedSystemCount", probedSystemCount,
        allowed: "1 to systemCount")
      try require(studentWidth >= 1, "studentWidthRatio", studentWidthRatio, allowed: "at least 1/(2 inputDimension)")
      try require(teacherWidth >= 1, "teacherWidthRatio", teacherWidthRatio, allowed: "at least 1/(2 inputDimension)")
      let bytes =
        4.0 * Double(stepCount * stepCount / 2) * Double(probedSystemCount * inputDimension * (inputDimension + 1) / 2)
      try require(
        bytes <= 8e9, "stepCount", stepCount,
        allowed:
          "a response history of at most 8 GB; with \(probedSystemCount) systems of \(inputDimension) it is \(bytes) bytes"
      )
    }

    /// m.
    package var studentWidth: Int { Int((studentWidthRatio * Double(inputDimension)).rounded()) }
    /// m*.
    package var teacherWidth: Int { Int((teacherWidthRatio * Double(inputDimension)).rounded()) }
  }

  package static let name = "martin2026/dmft"
  package static let sourceFile = #fileID

  package static let time = OutputArray("time", axes: ["time"], meaning: "time, learning rate times steps")
  package static let meanSquaredError = OutputArray(
    "meanSquaredError", axes: ["time"], meaning: "mean squared error |Z - Z*|^2/d, mean over the systems")
  package static let trainingLoss = OutputArray("trainingLoss", axes: ["time"], meaning: "training loss C_r(t, t)/4")
  package static let response = OutputArray("response", axes: ["time"], meaning: "response chi(t, 0)")
  package static let outputs = [time, meanSquaredError, trainingLoss, response]

  // Why not the names of the mistakes of descent: they would be made on both sides of a comparison.
  package static let noiselessProcess = Mutant(
    "noiseless-process", meaning: "the correlation of the effective process leaves out the label noise")
  package static let weakenedDrift = Mutant("weakened-drift", meaning: "the factor 2 of the effective drift is 1.5")
  package static let mutants = [noiselessProcess, weakenedDrift]

  /// Integrates K steps.
  package static func run(_ parameters: Parameters, in context: RunContext) throws -> [OutputArray: NDArray] {
    var history = MeanFieldHistory(
      parameters, noiseVariance: context.mutant == noiselessProcess ? 0 : parameters.noiseVariance,
      forceFactor: context.mutant == weakenedDrift ? 1.5 : 2, in: context)
    for _ in 0..<parameters.stepCount { try history.advance() }
    return [
      time: NDArray((0..<parameters.stepCount).map { Double($0) * parameters.learningRate }),
      meanSquaredError: NDArray(history.meanSquaredError), trainingLoss: NDArray(history.trainingLoss),
      response: NDArray(history.response),
    ]
  }
}
