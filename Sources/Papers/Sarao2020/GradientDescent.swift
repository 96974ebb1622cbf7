public import NumericalMethods
public import PaperKit

/// Does descent on the training loss find the teacher, and does it exactly where the teacher is the only zero?
///
/// One replica draws a teacher, a data set and a start (see the paper's setup: everything Gaussian, E A(0) = I), descends
/// until the outcome is certain or the steps are used up, and decides uniqueness on the same data.
public enum GradientDescent: Experiment {
  /// How to descend.
  public enum Method: String, Choice {
    /// Gradient descent with an adaptive learning rate.
    case gradient
    /// Nesterov's accelerated descent with restarts.
    case nesterov
  }

  /// What can be varied.
  public struct Parameters: ExperimentParameters {
    /// d, 2 to 64.
    public var inputDimension = 8
    /// m*, at least 1.
    public var teacherWidth = 1
    /// n, at least 1.
    public var sampleCount = 15
    /// m, at least 1; beyond d it costs nothing.
    public var studentWidth = 8
    /// The method.
    public var method = Method.nesterov
    /// First learning rate eta; adapted on the way.
    public var learningRate = 1e-3
    /// Steps after which a run is undecided.
    public var maximumStepCount = 30_000
    /// Recovered when the population loss has fallen by this factor.
    public var successTolerance = 1e-6
    /// Elsewhere when the training loss is below this share of the population loss.
    public var failureTolerance = 1e-10

    /// The defaults: d = m = 8, m* = 1 at the paper's threshold.
    public init() {}

    /// Checks the ranges above; rates and tolerances positive.
    public func validate() throws {
      try require((2...64).contains(inputDimension), "inputDimension", inputDimension, allowed: "2 to 64")
      try require(teacherWidth >= 1, "teacherWidth", teacherWidth, allowed: "at least 1")
      try require(sampleCount >= 1, "sampleCount", sampleCount, allowed: "at least 1")
      try require(studentWidth >= 1, "studentWidth", studentWidth, allowed: "at least 1")
      try require(learningRate > 0, "learningRate", learningRate, allowed: "above 0")
      try require(maximumStepCount >= 1, "maximumStepCount", maximumStepCount, allowed: "at least 1")
      try require(successTolerance > 0 && successTolerance < 1, "successTolerance", successTolerance, allowed: "in (0, 1)")
      try require(failureTolerance > 0 && failureTolerance < 1, "failureTolerance", failureTolerance, allowed: "in (0, 1)")
    }
  }

  public static let name = "sarao2020/gradient-descent"
  public static let sourceFile = #fileID

  /// 1 where descent found the teacher, else 0.
  public static let recovered = OutputArray("recovered", meaning: "whether descent found the teacher")
  /// 1 where descent reached another zero of the training loss, else 0.
  public static let elsewhere = OutputArray("elsewhere", meaning: "whether descent reached a zero other than the teacher")
  /// 1 where the steps ran out before either was certain, else 0.
  public static let undecided = OutputArray("undecided", meaning: "whether the steps ran out before the outcome was certain")
  /// Final population loss over the first one.
  public static let relativePopulationLoss = OutputArray(
    "relativePopulationLoss", meaning: "final population loss over the initial one")
  /// Final training loss over the first population loss.
  public static let relativeTrainingLoss = OutputArray(
    "relativeTrainingLoss", meaning: "final training loss over the initial population loss")
  /// Steps taken.
  public static let stepCount = OutputArray("stepCount", meaning: "steps taken")
  /// 1 where the certificate says the teacher is the only zero, else 0.
  public static let unique = OutputArray(
    "unique", meaning: "whether the certificate says that the teacher is the only zero on these data")
  public static let outputs = [
    recovered, elsewhere, undecided, relativePopulationLoss, relativeTrainingLoss, stepCount, unique,
  ]

  /// The certificate reads the data in the wrong frame.
  public static let unrotatedCertificate = Mutant(
    "unrotated-certificate", meaning: "the data are not rotated into the teacher's frame before the certificate")
  /// Success is called a hundred times too early.
  public static let earlySuccess = Mutant("early-success", meaning: "success tolerance 1e-4 instead of 1e-6")
  public static let mutants = [unrotatedCertificate, earlySuccess]

  /// Runs one descent and one certificate.
  public static func run(_ parameters: Parameters, in context: RunContext) throws -> [OutputArray: NDArray] {
    let instance = try Instance(
      inputDimension: parameters.inputDimension, teacherWidth: parameters.teacherWidth,
      sampleCount: parameters.sampleCount, studentWidth: parameters.studentWidth, in: context)
    let loss = QuadraticLoss(data: instance.data, teacher: instance.teacher)
    let rule = StoppingRule(
      maximumStepCount: parameters.maximumStepCount,
      successTolerance: context.mutant == earlySuccess ? 100 * parameters.successTolerance : parameters.successTolerance,
      failureTolerance: parameters.failureTolerance)
    let descend = parameters.method == .nesterov ? Descent.nesterov : Descent.plain
    let result = try descend(loss, Weights(instance.start), parameters.learningRate, rule)
    let certificate = try instance.certificate(rotating: context.mutant != unrotatedCertificate)
    func flag(_ outcome: Outcome) -> NDArray { NDArray(result.outcome == outcome ? 1 : 0) }
    return [
      recovered: flag(.recovered), elsewhere: flag(.elsewhere), undecided: flag(.undecided),
      relativePopulationLoss: NDArray(result.populationLoss / result.initialPopulationLoss),
      relativeTrainingLoss: NDArray(result.trainingLoss / result.initialPopulationLoss),
      stepCount: NDArray(Double(result.stepCount)), unique: NDArray(certificate.verdict == .unique ? 1 : 0),
    ]
  }
}
