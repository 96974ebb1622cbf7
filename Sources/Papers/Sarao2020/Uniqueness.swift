public import NumericalMethods
public import PaperKit

/// Is the teacher the only zero of the training loss? One replica is one data set, decided exactly; see ``Certificate``.
///
/// The law of the answer depends on the teacher only through the dimension min(m*, d) of its range (rotation
/// invariance), so the range is taken to be that of the first m* coordinates and no teacher is drawn.
public enum Uniqueness: Experiment {
  /// What can be varied.
  public struct Parameters: ExperimentParameters {
    /// d, at least 2.
    public var inputDimension = 8
    /// m*, at least 0.
    public var teacherWidth = 1
    /// n, at least 1.
    public var sampleCount = 15
    /// |t*| below which the answer is ambiguous.
    public var gapTolerance = 1e-9
    /// Whether to compute the value of t* as well as its sign.
    public var resolvesCertificate = false

    /// The defaults: d = 8, m* = 1 at the paper's threshold.
    public init() {}

    /// Checks the ranges above; d at most 128.
    public func validate() throws {
      try require((2...128).contains(inputDimension), "inputDimension", inputDimension, allowed: "2 to 128")
      try require(teacherWidth >= 0, "teacherWidth", teacherWidth, allowed: "at least 0")
      try require(sampleCount >= 1, "sampleCount", sampleCount, allowed: "at least 1")
      try require(
        gapTolerance >= 1e-12 && gapTolerance < 1, "gapTolerance", gapTolerance, allowed: "at least 1e-12, below 1")
    }
  }

  public static let name = "sarao2020/uniqueness"
  public static let sourceFile = #fileID

  /// 1 where the teacher is the only zero, else 0.
  public static let unique = OutputArray("unique", meaning: "whether the teacher is the only zero of the training loss")
  /// 1 where round-off hides the answer, else 0; such an instance counts as not unique.
  public static let ambiguous = OutputArray("ambiguous", meaning: "whether round-off hides the answer")
  /// t*; NaN where its sign was enough.
  public static let certificate = OutputArray(
    "certificate", allowsNaN: true, meaning: "largest least eigenvalue t* of the pencil S(c) of trace one")
  public static let outputs = [unique, ambiguous, certificate]

  /// Draws X with independent standard normal entries and decides.
  public static func run(_ parameters: Parameters, in context: RunContext) throws -> [OutputArray: NDArray] {
    var stream = context.random("data")
    let data = stream.normalMatrix(rowCount: parameters.sampleCount, columnCount: parameters.inputDimension)
    let decision = try Certificate.decide(
      data: data, teacherWidth: parameters.teacherWidth, gapTolerance: parameters.gapTolerance,
      resolving: parameters.resolvesCertificate)
    return [
      unique: NDArray(decision.verdict == .unique ? 1 : 0), ambiguous: NDArray(decision.verdict == .ambiguous ? 1 : 0),
      certificate: NDArray(decision.value),
    ]
  }
}
