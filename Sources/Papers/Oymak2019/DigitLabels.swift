package import NumericalMethods
package import PaperKit

/// Real inputs: gradient descent on images of handwritten digits, with true labels, random ones, or a mixture.
///
/// The label is the parity of the digit, +1 for odd and -1 for even; a share of the labels is replaced by random signs.
/// Pixels that are alike in all images (three of the 64 are never dark) are left out: they carry no weights that could
/// move. The mean of all images is subtracted and rows are made unit vectors, as the theorems ask. With `streams: common` a replica has the same images, start and random signs at
/// every share.
package enum DigitLabels: Experiment {
  /// What can be varied.
  package struct Parameters: ExperimentParameters {
    @Parameter("phi", among: Activation.trained) package var activation = Activation.softplus
    @Parameter("n", in: 1...20_000) package var sampleCount = 100
    @Parameter("k; d is 61, the number of pixels that are not alike in all images", in: 2...1_000_000)
    package var studentWidth = 32
    @Parameter("share of the labels that are random signs", in: 0...1) package var corruptedShare = 0.0
    @Parameter("most steps that are made, of length 1 / lambda_max(K(W_0))", in: 1...1_000_000_000)
    package var maximumIterationCount = 10_000
    @Parameter("|r| / |y| at which descent stops", above: 0, below: 1) package var tolerance = 1e-2

    /// The defaults.
    package init() {}

    package func validateRelations() throws {
      try requireEven(studentWidth)
      try requireSamples(sampleCount, studentWidth: studentWidth)
    }
  }

  package static let name = "oymak2019/digit-labels"
  package static let sourceFile = #fileID
  package static let mutants = [
    Mistakes.forgottenOutputWeights, Mistakes.doubledStep, Mistakes.correlatedLabels, Mistakes.repeatedUnits,
    Mistakes.frozenUnits,
  ]

  private static let pixels = DataArray(
    file: "digits", "pixels", axes: ["sample", "pixel"], meaning: "dark pixels in each of 8 x 8 blocks, 0 to 16")
  private static let digit = DataArray(file: "digits", "digit", axes: ["sample"], meaning: "digit written, 0 to 9")
  package static let data = [pixels, digit]
  private static let pixelCount = 64

  /// Steps made.
  package static let iterationCount = OutputArray("iterationCount", unit: "steps", meaning: "descent steps made")
  /// |r| / |y| at the end; NaN where descent diverged.
  package static let relativeResidual = OutputArray(
    "relativeResidual", allowsNaN: true, meaning: "|r|/|y| at the end; missing where descent diverged")
  /// 1 for a fit, else 0.
  package static let fitted = OutputArray("fitted", meaning: "whether |r|/|y| came down to the tolerance")
  /// |W - W_0| at the end; NaN where descent diverged.
  package static let distance = OutputArray(
    "distance", allowsNaN: true, meaning: "|W - W_0| at the end; missing where descent diverged")
  /// kd/n.
  package static let parameterRatio = OutputArray(
    "parameterRatio", meaning: "kd/n, d the number of pixels that are not alike in all images")
  package static let outputs = [iterationCount, relativeResidual, fitted, distance, parameterRatio]

  /// Draws images, signs and a start, and descends.
  package static func run(_ parameters: Parameters, in context: RunContext) throws -> [OutputArray: NDArray] {
    let images = context[pixels]
    let imageCount = images.shape[0]
    guard images.shape[1] == pixelCount else {
      throw EvidenceError("images have \(images.shape[1]) pixels, not \(pixelCount)")
    }
    let n = parameters.sampleCount
    try parameters.require(
      n <= imageCount, "sampleCount", n, allowed: "at most \(imageCount), the number of images")
    // Why centred: the direction of the mean would make lambda_max(K), and so the steps needed, fifty times greater.
    let mean = (0..<pixelCount).map { pixel in Statistics.mean((0..<imageCount).map { images[$0, pixel] }) }
    let varying = (0..<pixelCount).filter { pixel in (1..<imageCount).contains { images[$0, pixel] != images[0, pixel] }
    }
    var order = context.random("data")
    let chosen = Array(order.permutation(imageCount).prefix(n))
    let data = Matrix(rowCount: n, columnCount: varying.count) {
      images[chosen[$0], varying[$1]] - mean[varying[$1]]
    }
    let parities = chosen.map { context[digit][$0].truncatingRemainder(dividingBy: 2) == 1 ? 1.0 : -1.0 }
    let problem = Problem(
      parameters.activation, data: Problem.unitRows(data), studentWidth: parameters.studentWidth, in: context
    ).labelled(parities, keepingShare: parameters.corruptedShare, in: context)
    let layer = problem.layer
    let end = try descend(
      layer, of: problem, stepSize: StepRule.spectral.size(for: problem),
      maximumIterationCount: parameters.maximumIterationCount, tolerance: parameters.tolerance, mutant: context.mutant)
    return [
      iterationCount: NDArray(Double(end.iterationCount)),
      relativeResidual: NDArray(end.residualNorm / problem.labelNorm), fitted: NDArray(end.hasConverged ? 1 : 0),
      distance: NDArray(end.residualNorm.isFinite ? layer.distance(to: problem.start) : .nan),
      parameterRatio: NDArray(Double(parameters.studentWidth * varying.count) / Double(n)),
    ]
  }
}
