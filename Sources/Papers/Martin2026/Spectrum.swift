package import NumericalMethods
package import PaperKit

/// Eigenvalues of Z at the end of the regularised flow, beside the law that the theory predicts.
package enum Spectrum: Experiment {
  /// What can be varied.
  package struct Parameters: MinimumParameters {
    @Parameter("d", in: 2...1000) package var inputDimension = 40
    @Parameter("kappa = m/d", above: 0, atMost: 4) package var studentWidthRatio = 0.7
    @Parameter("kappa* = m*/d", above: 0, atMost: 4) package var teacherWidthRatio = 0.5
    @Parameter("alpha = n/d^2", above: 0, atMost: 1000) package var sampleRatio = 0.25
    @Parameter("Delta", atLeast: 0) package var noiseVariance = 0.0
    @Parameter("lambda", above: 0) package var regularization = 0.1
    @Parameter("fall of the gradient norm at which L-BFGS ends", above: 0, below: 1)
    package var gradientTolerance = 1e-7
    @Parameter("whether to follow the flow where the theory says that the rank constraint binds")
    package var followsFlow = false
    @Parameter("last time of the flow that is followed", above: 0, atMost: 1e9) package var lastTime = 1000.0

    /// The defaults: d = 40, kappa = 0.7, kappa* = 0.5, alpha = 0.25, no noise, lambda = 0.1.
    package init() {}

    /// The system.
    package var size: SystemSize {
      SystemSize(
        inputDimension: inputDimension, studentWidthRatio: studentWidthRatio, teacherWidthRatio: teacherWidthRatio,
        sampleRatio: sampleRatio, noiseVariance: noiseVariance)
    }

    package static var idleParameters: [IdleParameter<Self>] {
      idleParameters(ofDescent: ["gradientTolerance"])
    }

    /// Checks that the data fit into memory.
    package func validateRelations() throws { try size.validate() }
  }

  package static let name = "martin2026/spectrum"
  package static let sourceFile = #fileID

  package static let eigenvalues = OutputArray(
    "eigenvalues", axes: ["eigenvalueIndex"], meaning: "eigenvalues of Z, ascending")
  package static let predictedShare = OutputArray(
    "predictedShare", axes: ["eigenvalueIndex"], meaning: "share of eigenvalues above each of them, from theory")
  package static let predictedRank = OutputArray("predictedRank", meaning: "rank over d from theory")
  package static let predictedLeast = OutputArray(
    "predictedLeast", meaning: "lower end of the bulk of nonzero eigenvalues from theory; 0 without a gap")
  package static let outputs = [eigenvalues, predictedShare, predictedRank, predictedLeast]

  package static let uncentredData = Mutant("uncentred-data", meaning: "quadratic data x x^T without subtracting I")
  package static let ignoredRank = Mutant("ignored-rank", meaning: "the student is as wide as the input dimension")
  package static let mutants = [uncentredData, ignoredRank]

  /// Draws teacher, data and start, finds the minimum, diagonalises.
  package static func run(_ parameters: Parameters, in context: RunContext) throws -> [OutputArray: NDArray] {
    let isUncentred = context.mutant == uncentredData
    var size = parameters.size
    if context.mutant == ignoredRank { size.studentWidthRatio = 1 }
    let instance = Instance(
      size, law: isUncentred ? .quadratic : .gaussian, mistakes: Instance.Mistakes(isUncentred: isUncentred),
      in: context)
    let theory = LongTimeTheory(
      studentWidthRatio: parameters.studentWidthRatio, teacherWidthRatio: parameters.teacherWidthRatio,
      noiseVariance: parameters.noiseVariance)
    let solution = try theory.solve(sampleRatio: parameters.sampleRatio, regularization: parameters.regularization)
    let spectrum = try theory.spectrum(of: solution)
    let (weights, _) = try instance.endOfFlow(
      from: instance.start(initialScale: 1, in: context), regularization: parameters.regularization,
      bindsRank: solution.isRankLimited, followsFlow: parameters.followsFlow, lastTime: parameters.lastTime,
      descent: RegularizedDescent(tolerance: parameters.gradientTolerance, maximumIterationCount: 10_000))
    let found = try LinearAlgebra.symmetricEigenvalues(LinearAlgebra.outerGram(weights))
    return [
      eigenvalues: NDArray(found), predictedShare: NDArray(found.map { spectrum.share(above: max($0, 0)) }),
      predictedRank: NDArray(solution.rank), predictedLeast: NDArray(spectrum.bulk.low),
    ]
  }
}
