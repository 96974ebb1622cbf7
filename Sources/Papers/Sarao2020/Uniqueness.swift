package import NumericalMethods
package import PaperKit

/// Is the teacher the only zero of the training loss? One replica is one data set, decided exactly; see ``Certificate``.
///
/// The law of the answer depends on the teacher only through the dimension min(m*, d) of its range (rotation
/// invariance), so the range is taken to be that of the first m* coordinates and no teacher is drawn.
package enum Uniqueness: Experiment {
  /// What can be varied.
  package struct Parameters: ExperimentParameters {
    /// d, at least 2.
    package var inputDimension = 8
    /// m*, at least 0.
    package var teacherWidth = 1
    /// n, at least 1.
    package var sampleCount = 15
    /// |t*| below which the answer is ambiguous.
    package var gapTolerance = 1e-9
    /// Whether to compute the value of t* as well as its sign.
    package var resolvesCertificate = false

    /// The defaults: d = 8, m* = 1 at the paper's threshold.
    package init() {}

    /// Checks the ranges above; d at most 128.
    package func validate() throws {
      try require("inputDimension", inputDimension, in: 2...128)
      try require("teacherWidth", teacherWidth, atLeast: 0)
      // Every sample has d(d+1)/2 numbers.
      try require("sampleCount", sampleCount, in: 1...200_000_000 / (inputDimension * (inputDimension + 1)))
      try require(
        gapTolerance >= 1e-12 && gapTolerance < 1, "gapTolerance", gapTolerance, allowed: "at least 1e-12, below 1")
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
