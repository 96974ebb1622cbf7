package import NumericalMethods
package import PaperKit

/// The same data with labels of a linear teacher, a share of which is replaced by random signs, E5c.
///
/// With `streams: common` a replica has the same data, teacher, start and random signs at every share.
package enum LabelCorruption: Experiment {
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
    /// Share of the labels that are random signs, 0 to 1.
    package var corruptedShare = 0.0
    /// Most steps that are made, of length 1 / lambda_max(K(W_0)).
    package var maximumIterationCount = 20_000
    /// |r| / |y| at which descent stops.
    package var tolerance = 1e-2

    /// The defaults.
    package init() {}

    /// Checks the ranges above.
    package func validate() throws {
      try requireTrainable(activation)
      try requireNetwork(inputDimension: inputDimension, studentWidth: studentWidth)
      try requireSamples(sampleCount, studentWidth: studentWidth)
      try requireDescent(maximumIterationCount: maximumIterationCount, tolerance: tolerance)
      try requireShare(corruptedShare)
    }
  }

  package static let name = "oymak2019/label-corruption"
  package static let sourceFile = #fileID
  package static let mutants = [
    Mistakes.forgottenOutputWeights, Mistakes.doubledStep, Mistakes.correlatedLabels, Mistakes.repeatedUnits,
  ]

  /// Steps made.
  package static let iterationCount = OutputArray("iterationCount", unit: "steps", meaning: "descent steps made")
  /// |W - W_0| at the end.
  package static let distance = OutputArray("distance", meaning: "|W - W_0| at the end of descent")
  /// |r| / |y| at the end.
  package static let relativeResidual = OutputArray("relativeResidual", meaning: "|r|/|y| at the end")
  package static let outputs = [iterationCount, distance, relativeResidual]

  /// Draws a problem, replaces labels and descends.
  package static func run(_ parameters: Parameters, in context: RunContext) throws -> [OutputArray: NDArray] {
    let drawn = Problem(
      parameters.activation, sampleCount: parameters.sampleCount, inputDimension: parameters.inputDimension,
      studentWidth: parameters.studentWidth, in: context)
    var stream = context.random("teacher")
    let teacher = stream.normals(parameters.inputDimension)
    let labels = LinearAlgebra.multiply(drawn.data, teacher).map { $0 > 0 ? 1.0 : -1.0 }
    let problem = drawn.labelled(labels, keepingShare: parameters.corruptedShare, in: context)
    let layer = problem.layer
    let stepSize = try StepRule.spectral.size(for: problem)
    let end = try descend(
      layer, of: problem, stepSize: stepSize,
      maximumIterationCount: parameters.maximumIterationCount, tolerance: parameters.tolerance, mutant: context.mutant)
    guard end.residualNorm.isFinite else {
      throw NumericalError.notFinite(quantity: "residual", time: Double(end.iterationCount))
    }
    return [
      iterationCount: NDArray(Double(end.iterationCount)), distance: NDArray(layer.distance(to: problem.start)),
      relativeResidual: NDArray(end.residualNorm / problem.labelNorm),
    ]
  }
}
