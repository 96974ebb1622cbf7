package import NumericalMethods
package import PaperKit

/// How far gradient descent goes, with the bounds on either side and the linearised prediction, E5.
package enum Distance: Experiment {
  /// What can be varied.
  package struct Parameters: ExperimentParameters {
    /// phi: softplus, relu or tanh.
    package var activation = Activation.softplus
    /// d, at least 2.
    package var inputDimension = 20
    /// n, at least 1.
    package var sampleCount = 100
    /// k, even.
    package var studentWidth = 100
    /// eta: theory or spectral.
    package var step = StepRule.spectral
    /// Most steps that are made.
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

  package static let name = "oymak2019/distance"
  package static let sourceFile = #fileID
  package static let mutants = [
    Mistakes.forgottenOutputWeights, Mistakes.doubledStep, Mistakes.correlatedLabels,
  ]

  /// |W - W_0| at the end.
  package static let distance = OutputArray("distance", meaning: "|W - W_0| at the end of descent")
  /// sqrt(r_0^T K(W_0)^-1 r_0).
  package static let linearDistance = OutputArray(
    "linearDistance", allowsNaN: true,
    meaning: "the same for the network linearised at its start; missing where singular")
  /// |r_0| / alpha; NaN where K is singular.
  package static let upperBound = OutputArray(
    "upperBound", allowsNaN: true, meaning: "|r_0|/alpha of the theorem; missing where K is singular")
  /// (|r_0| - |r|) / beta.
  package static let lowerBound = OutputArray("lowerBound", meaning: "(|r_0| - |r|)/beta")
  /// Steps made.
  package static let iterationCount = OutputArray("iterationCount", unit: "steps", meaning: "descent steps made")
  /// |r| / |y| at the end.
  package static let relativeResidual = OutputArray("relativeResidual", meaning: "|r|/|y| at the end")
  package static let outputs = [
    distance, linearDistance, upperBound, lowerBound, iterationCount, relativeResidual,
  ]

  /// Draws a problem and descends.
  package static func run(_ parameters: Parameters, in context: RunContext) throws -> [OutputArray: NDArray] {
    let problem = Problem(
      parameters.activation, sampleCount: parameters.sampleCount, inputDimension: parameters.inputDimension,
      studentWidth: parameters.studentWidth, in: context)
    let journey = try Journey(
      problem, step: parameters.step, maximumIterationCount: parameters.maximumIterationCount,
      tolerance: parameters.tolerance, mutant: context.mutant)
    return [
      distance: NDArray(journey.distance), linearDistance: NDArray(journey.linearDistance),
      upperBound: NDArray(journey.upperBound.isFinite ? journey.upperBound : .nan),
      lowerBound: NDArray(journey.lowerBound), iterationCount: NDArray(Double(journey.iterationCount)),
      relativeResidual: NDArray(journey.relativeResidual),
    ]
  }
}
