package import NumericalMethods
package import PaperKit

/// The end of the regularised flow at finite dimension: a minimum of the regularised loss.
///
/// Found by L-BFGS, whose end is that of the flow for kappa >= kappa_min (measured). Below kappa_min there are several
/// local minima; there `followsFlow` makes the experiment follow the flow instead, at a higher price.
package enum RegularizedMinimum: Experiment {
  /// What can be varied.
  package struct Parameters: MinimumParameters {
    @Parameter("d", in: 2...1000) package var inputDimension = 40
    @Parameter("kappa = m/d", above: 0, atMost: 4) package var studentWidthRatio = 0.4
    @Parameter("kappa* = m*/d", above: 0, atMost: 4) package var teacherWidthRatio = 0.3
    @Parameter("alpha = n/d^2", above: 0, atMost: 1000) package var sampleRatio = 0.3
    @Parameter("Delta", atLeast: 0) package var noiseVariance = 0.0
    @Parameter("lambda", above: 0) package var regularization = 0.1
    @Parameter("gamma: entries of W(0) have variance gamma/m", above: 0) package var initialScale = 1.0
    @Parameter("law of the sensing matrices") package var sensing = SensingLaw.gaussian
    @Parameter("fall of the gradient norm at which L-BFGS ends", above: 0, below: 1)
    package var gradientTolerance = 1e-7
    @Parameter("iterations L-BFGS may take", in: 1...1_000_000) package var maximumIterationCount = 10_000
    @Parameter("whether to follow the flow where the theory says that the rank constraint binds")
    package var followsFlow = false
    @Parameter("last time of the flow that is followed", above: 0, atMost: 1e9) package var lastTime = 1000.0

    /// The defaults: d = 40, kappa = 0.4, kappa* = 0.3, alpha = 0.3, no noise, lambda = 0.1.
    package init() {}

    /// The system.
    package var size: SystemSize {
      SystemSize(
        inputDimension: inputDimension, studentWidthRatio: studentWidthRatio, teacherWidthRatio: teacherWidthRatio,
        sampleRatio: sampleRatio, noiseVariance: noiseVariance)
    }

    package static var idleParameters: [IdleParameter<Self>] {
      idleParameters(ofDescent: ["gradientTolerance", "maximumIterationCount"])
    }

    /// Checks that the data fit into memory.
    package func validateRelations() throws { try size.validate() }
  }

  package static let name = "martin2026/regularized-minimum"
  package static let sourceFile = #fileID

  package static let meanSquaredError = OutputArray("meanSquaredError", meaning: "mean squared error |Z - Z*|^2/d")
  package static let trainingLoss = OutputArray("trainingLoss", meaning: "training loss without the regulariser")
  package static let inSampleError = OutputArray("inSampleError", meaning: "loss against the clean labels")
  package static let rank = OutputArray(
    "rank", meaning: "share of eigenvalues of Z above 1/1000 of the greatest")
  package static let isRankLimited = OutputArray(
    "isRankLimited",
    meaning: "1 where the theory says that the rank constraint binds: the minimum is then one of several")
  package static let iterationCount = OutputArray(
    "iterationCount", unit: "iterations", meaning: "iterations of L-BFGS, or evaluations of the flow")
  package static let outputs = [meanSquaredError, trainingLoss, inSampleError, rank, isRankLimited, iterationCount]

  package static let uncentredData = Mutant("uncentred-data", meaning: "quadratic data x x^T without subtracting I")
  package static let forgottenNoise = Mutant("forgotten-noise", meaning: "labels carry no noise")
  package static let ignoredRank = Mutant("ignored-rank", meaning: "the student is as wide as the input dimension")
  package static let narrowStudent = Mutant("narrow-student", meaning: "the student is only as wide as the teacher")
  package static let halvedNoise = Mutant("halved-noise", meaning: "the labels' noise has half its variance")
  package static let repeatedSamples = Mutant(
    "repeated-samples", meaning: "a quarter of the samples are copies of others")
  package static let weakenedDecay = Mutant(
    "weakened-decay", meaning: "the regularisation is 0.3 of what it should be")
  package static let halvedForce = Mutant(
    "halved-force", meaning: "the factor 2 of the population force is missing where the flow is followed")
  package static let mutants = [
    uncentredData, forgottenNoise, halvedNoise, repeatedSamples, ignoredRank, narrowStudent, weakenedDecay, halvedForce,
  ]

  /// Draws teacher, data and start and finds the minimum.
  package static func run(_ parameters: Parameters, in context: RunContext) throws -> [OutputArray: NDArray] {
    var parameters = parameters
    if context.mutant == ignoredRank { parameters.studentWidthRatio = 1 }
    if context.mutant == narrowStudent { parameters.studentWidthRatio = parameters.teacherWidthRatio }
    if context.mutant == weakenedDecay { parameters.regularization *= 0.3 }
    let isUncentred = context.mutant == uncentredData
    let instance = Instance(
      parameters.size, law: isUncentred ? .quadratic : parameters.sensing,
      mistakes: Instance.Mistakes(
        isUncentred: isUncentred,
        noiseShare: context.mutant == forgottenNoise ? 0 : context.mutant == halvedNoise ? 0.5 : 1,
        repeatsSamples: context.mutant == repeatedSamples),
      in: context)
    let theory = try LongTimeTheory(
      studentWidthRatio: parameters.studentWidthRatio, teacherWidthRatio: parameters.teacherWidthRatio,
      noiseVariance: parameters.noiseVariance
    ).solve(sampleRatio: parameters.sampleRatio, regularization: parameters.regularization)
    let (weights, iterations) = try instance.endOfFlow(
      from: instance.start(initialScale: parameters.initialScale, in: context),
      regularization: parameters.regularization, bindsRank: theory.isRankLimited, followsFlow: parameters.followsFlow,
      lastTime: parameters.lastTime,
      descent: RegularizedDescent(
        tolerance: parameters.gradientTolerance, maximumIterationCount: parameters.maximumIterationCount),
      mistakes: Descent.Mistakes(halvesForce: context.mutant == halvedForce))
    let errors = instance.errors(of: weights)
    let eigenvalues = try LinearAlgebra.symmetricEigenvalues(LinearAlgebra.outerGram(weights))
    let greatest = eigenvalues.last ?? 0
    return [
      meanSquaredError: NDArray(errors.meanSquaredError), trainingLoss: NDArray(errors.trainingLoss),
      inSampleError: NDArray(errors.inSampleError),
      rank: NDArray(Double(eigenvalues.count { $0 > 1e-3 * greatest }) / Double(parameters.inputDimension)),
      isRankLimited: NDArray(theory.isRankLimited ? 1 : 0), iterationCount: NDArray(Double(iterations)),
    ]
  }
}
