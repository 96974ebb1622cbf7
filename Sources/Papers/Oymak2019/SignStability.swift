package import NumericalMethods
package import PaperKit

/// The mechanism behind the theorem for relu: few units change sign on any sample while descent fits the labels, E7.
package enum SignStability: Experiment {
  /// What can be varied.
  package struct Parameters: ExperimentParameters {
    /// phi: softplus, relu or tanh.
    package var activation = Activation.relu
    /// d, at least 2.
    package var inputDimension = 20
    /// n, at least 1.
    package var sampleCount = 100
    /// k, even.
    package var studentWidth = 100
    /// Most steps that are made, of length 1 / lambda_max(K(W_0)).
    package var maximumIterationCount = 60_000
    /// |r| / |y| at which descent stops.
    package var tolerance = 1e-3

    /// The defaults.
    package init() {}

    /// Checks the ranges above.
    package func validate() throws {
      try requireTrainable(activation)
      try requireNetwork(inputDimension: inputDimension, studentWidth: studentWidth)
      try requireSamples(sampleCount)
      try requireDescent(maximumIterationCount: maximumIterationCount, tolerance: tolerance)
    }
  }

  package static let name = "oymak2019/sign-stability"
  package static let sourceFile = #fileID

  /// |W - W_0| / |W_0|.
  package static let relativeMovement = OutputArray("relativeMovement", meaning: "|W - W_0|/|W_0| at the end")
  /// Share of all (sample, unit).
  package static let flippedShare = OutputArray("flippedShare", meaning: "share of preactivations that changed sign")
  /// Share of the units on the worst sample.
  package static let greatestFlippedShare = OutputArray(
    "greatestFlippedShare", meaning: "the same for the sample with most changes")
  package static let outputs = [relativeMovement, flippedShare, greatestFlippedShare]

  /// Draws a problem and descends.
  package static func run(_ parameters: Parameters, in context: RunContext) throws -> [OutputArray: NDArray] {
    let problem = Problem(
      parameters.activation, sampleCount: parameters.sampleCount, inputDimension: parameters.inputDimension,
      studentWidth: parameters.studentWidth, in: context)
    let journey = try Journey(
      problem, step: .spectral, maximumIterationCount: parameters.maximumIterationCount,
      tolerance: parameters.tolerance, mutant: context.mutant)
    return [
      relativeMovement: NDArray(journey.relativeMovement), flippedShare: NDArray(journey.flippedShare.mean),
      greatestFlippedShare: NDArray(journey.flippedShare.greatest),
    ]
  }
}
