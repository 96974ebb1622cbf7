package import NumericalMethods
package import PaperKit

/// Does descent on the training loss find the teacher, and does it exactly where the teacher is the only zero?
///
/// Nesterov's accelerated method unless another is asked for: around the threshold plain gradient descent leaves a third of
/// the instances and more undecided after hundreds of thousands of steps.
///
/// One replica draws a teacher, a data set and a start (see the paper's setup: everything Gaussian, E A(0) = I), descends
/// until the outcome is certain or the steps are used up, and decides uniqueness on the same data.
package enum GradientDescent: Experiment {
  /// How to descend.
  package enum Method: String, Choice {
    /// Gradient descent with an adaptive learning rate.
    case gradient
    /// Nesterov's accelerated descent with restarts.
    case nesterov
  }

  /// What can be varied.
  package struct Parameters: ExperimentParameters {
    @Parameter("d", in: 2...64) package var inputDimension = 8
    @Parameter("m*", in: 1...1_000_000) package var teacherWidth = 1
    @Parameter("n", in: 1...1_000_000) package var sampleCount = 15
    @Parameter("m; beyond d it costs nothing", in: 1...1_000_000) package var studentWidth = 8
    @Parameter("method of descent") package var method = Method.nesterov
    @Parameter("first learning rate eta; adapted on the way", above: 1e-12) package var learningRate = 1e-3
    @Parameter("steps after which a run is undecided", in: 1...1_000_000) package var maximumStepCount = 30_000
    @Parameter("recovered when the population loss has fallen by this factor", above: 0, below: 1)
    package var successTolerance = 1e-6
    @Parameter("elsewhere when the training loss is below this share of the population loss", above: 0, below: 1)
    package var failureTolerance = 1e-10

    /// The defaults: d = m = 8, m* = 1 at the paper's threshold.
    package init() {}

    package func validateRelations() throws {
      try require(
        failureTolerance < successTolerance, "failureTolerance", failureTolerance,
        allowed: "below successTolerance = \(successTolerance)")
    }
  }

  package static let name = "sarao2020/gradient-descent"
  package static let sourceFile = #fileID

  /// 1 where descent found the teacher, else 0.
  package static let recovered = OutputArray("recovered", meaning: "whether descent found the teacher")
  /// 1 where descent reached another zero of the training loss, else 0.
  package static let elsewhere = OutputArray(
    "elsewhere", meaning: "whether descent reached a zero other than the teacher")
  /// 1 where the steps ran out before either was certain, else 0.
  package static let undecided = OutputArray(
    "undecided", meaning: "whether the steps ran out before the outcome was certain")
  /// Final population loss over the first one.
  package static let relativePopulationLoss = OutputArray(
    "relativePopulationLoss", meaning: "final population loss over the initial one")
  /// Final training loss over the first population loss.
  package static let relativeTrainingLoss = OutputArray(
    "relativeTrainingLoss", meaning: "final training loss over the initial population loss")
  /// Steps taken.
  package static let stepCount = OutputArray("stepCount", meaning: "steps taken")
  /// 1 where the certificate says the teacher is the only zero, else 0.
  package static let unique = OutputArray(
    "unique", meaning: "whether the certificate says that the teacher is the only zero on these data")
  package static let outputs = [
    recovered, elsewhere, undecided, relativePopulationLoss, relativeTrainingLoss, stepCount, unique,
  ]

  /// The certificate reads the data in the wrong frame.
  package static let unrotatedCertificate = Mutant(
    "unrotated-certificate", meaning: "the data are not rotated into the teacher's frame before the certificate")
  /// Success is called a hundred times too early.
  package static let earlySuccess = Mutant("early-success", meaning: "success tolerance 1e-4 instead of 1e-6")
  /// Descent knows less than the certificate.
  package static let unseenSamples = Mutant(
    "unseen-samples", meaning: "descent sees three quarters of the samples, the certificate all of them")
  /// Descent ends too early.
  package static let shortDescent = Mutant("short-descent", meaning: "a hundredth of the steps")
  package static let mutants = [unrotatedCertificate, earlySuccess, unseenSamples, shortDescent]

  /// Runs one descent and one certificate.
  package static func run(_ parameters: Parameters, in context: RunContext) throws -> [OutputArray: NDArray] {
    let instance = try Instance(
      inputDimension: parameters.inputDimension, teacherWidth: parameters.teacherWidth,
      sampleCount: parameters.sampleCount, studentWidth: parameters.studentWidth, in: context)
    let seen =
      context.mutant == unseenSamples
      ? instance.data.rows(0..<(3 * parameters.sampleCount + 3) / 4) : instance.data
    let loss = QuadraticLoss(data: seen, teacher: instance.teacher)
    let rule = StoppingRule(
      maximumStepCount: context.mutant == shortDescent
        ? (parameters.maximumStepCount + 99) / 100 : parameters.maximumStepCount,
      successTolerance: context.mutant == earlySuccess
        ? 100 * parameters.successTolerance : parameters.successTolerance,
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
