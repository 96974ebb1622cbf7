package import NumericalMethods
package import PaperKit

/// How fast and how far gradient descent goes to a fit, with the bounds on the distance and the linearised prediction, E5;
/// and the mechanism behind the theorem for relu: how many units change sign on the way, E7.
package enum Distance: Experiment {
  /// What can be varied.
  package struct Parameters: ExperimentParameters {
    @Parameter("phi", among: Activation.trained) package var activation = Activation.softplus
    @Parameter("d", in: 2...10_000) package var inputDimension = 20
    @Parameter("n", in: 1...20_000) package var sampleCount = 100
    @Parameter("k", in: 2...1_000_000) package var studentWidth = 100
    @Parameter("rule for the step eta") package var step = StepRule.spectral
    @Parameter("most steps that are made", in: 1...1_000_000_000) package var maximumIterationCount = 60_000
    @Parameter("|r| / |y| at which descent stops", above: 0, below: 1) package var tolerance = 1e-3

    /// The defaults.
    package init() {}

    package func validateRelations() throws {
      try requireNetwork(inputDimension: inputDimension, studentWidth: studentWidth)
      try requireSamples(sampleCount, studentWidth: studentWidth)
    }
  }

  package static let name = "oymak2019/distance"
  package static let sourceFile = #fileID
  package static let mutants = [
    Mistakes.forgottenOutputWeights, Mistakes.doubledStep, Mistakes.fadingStep, Mistakes.correlatedLabels,
    Mistakes.repeatedUnits, Mistakes.frozenUnits, Mistakes.smallOutputs, Mistakes.steepOutputs,
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
  /// 1 for a fit, else 0.
  package static let fitted = OutputArray("fitted", meaning: "whether |r|/|y| came down to the tolerance")
  /// Steps to 1/10, 1/100 and 1/1000 of |r_0|; NaN where descent ended before.
  package static let decadeEnd = OutputArray(
    "decadeEnd", axes: ["decade"], unit: "steps", allowsNaN: true,
    meaning: "steps until |r| has fallen to 1/10, 1/100 and 1/1000 of |r_0|; missing where descent ended before")
  /// |W - W_0| / |W_0|.
  package static let relativeMovement = OutputArray("relativeMovement", meaning: "|W - W_0|/|W_0| at the end")
  /// lambda_min(K) at the end over that at the start; NaN where K(W_0) is singular.
  package static let eigenvalueRatio = OutputArray(
    "eigenvalueRatio", allowsNaN: true,
    meaning: "lambda_min(K) at the end over that at the start; missing where singular")
  /// Share of all (sample, unit).
  package static let flippedShare = OutputArray("flippedShare", meaning: "share of preactivations that changed sign")
  /// Share of the units on the worst sample.
  package static let greatestFlippedShare = OutputArray(
    "greatestFlippedShare", meaning: "the same for the sample with most changes")
  package static let outputs = [
    distance, linearDistance, upperBound, lowerBound, iterationCount, relativeResidual, fitted, decadeEnd,
    relativeMovement, eigenvalueRatio, flippedShare, greatestFlippedShare,
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
      relativeResidual: NDArray(journey.relativeResidual), fitted: NDArray(journey.hasConverged ? 1 : 0),
      decadeEnd: NDArray(journey.decadeEnds), relativeMovement: NDArray(journey.relativeMovement),
      eigenvalueRatio: NDArray(journey.eigenvalueRatio), flippedShare: NDArray(journey.flippedShare.mean),
      greatestFlippedShare: NDArray(journey.flippedShare.greatest),
    ]
  }
}
