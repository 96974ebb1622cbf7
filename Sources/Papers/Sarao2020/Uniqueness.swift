package import NumericalMethods
package import PaperKit

/// Is the teacher the only zero of the training loss? One replica is one data set, decided exactly; see ``Certificate``.
///
/// The law of the answer depends on the teacher only through the dimension min(m*, d) of its range (rotation
/// invariance), so the range is taken to be that of the first m* coordinates and no teacher is drawn.
package enum Uniqueness: Experiment {
  /// What can be varied.
  package struct Parameters: ExperimentParameters {
    @Parameter("d", in: 2...128) package var inputDimension = 8
    @Parameter("m*", in: 0...1_000_000) package var teacherWidth = 1
    @Parameter("n", atLeast: 1) package var sampleCount = 15
    @Parameter("|t*| below which the answer is ambiguous", atLeast: 1e-12, below: 1) package var gapTolerance = 1e-9
    @Parameter("whether to compute the value of t* as well as its sign") package var resolvesCertificate = false

    /// The defaults: d = 8, m* = 1 at the paper's threshold.
    package init() {}

    package func validateRelations() throws {
      // Every sample has d(d+1)/2 numbers.
      let most = 200_000_000 / (inputDimension * (inputDimension + 1))
      try require(sampleCount <= most, "sampleCount", sampleCount, allowed: "at most \(most)")
    }
  }

  package static let name = "sarao2020/uniqueness"
  package static let sourceFile = #fileID

  /// 1 where the teacher is the only zero, else 0.
  package static let unique = OutputArray(
    "unique", meaning: "whether the teacher is the only zero of the training loss")
  /// 1 where round-off hides the answer, else 0; such an instance counts as not unique.
  package static let ambiguous = OutputArray("ambiguous", meaning: "whether round-off hides the answer")
  /// t*; NaN where its sign was enough.
  package static let certificate = OutputArray(
    "certificate", allowsNaN: true, meaning: "largest least eigenvalue t* of the pencil S(c) of trace one")
  package static let outputs = [unique, ambiguous, certificate]

  /// Thresholds appear a fifth too low.
  package static let uncountedSamples = Mutant(
    "uncounted-samples", meaning: "a quarter more samples are drawn than stated")
  package static let mutants = [uncountedSamples]

  /// Draws X with independent standard normal entries and decides.
  package static func run(_ parameters: Parameters, in context: RunContext) throws -> [OutputArray: NDArray] {
    var stream = context.random("data")
    let sampleCount =
      context.mutant == uncountedSamples ? parameters.sampleCount * 5 / 4 : parameters.sampleCount
    let data = stream.normalMatrix(rowCount: sampleCount, columnCount: parameters.inputDimension)
    let decision = try Certificate.decide(
      data: data, teacherWidth: parameters.teacherWidth, gapTolerance: parameters.gapTolerance,
      resolving: parameters.resolvesCertificate)
    return [
      unique: NDArray(decision.verdict == .unique ? 1 : 0), ambiguous: NDArray(decision.verdict == .ambiguous ? 1 : 0),
      certificate: NDArray(decision.value),
    ]
  }
}
