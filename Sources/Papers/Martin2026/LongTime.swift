package import NumericalMethods
package import PaperKit

/// The end of the regularised flow along sample ratios, from the long-time equations (no simulation, no chance).
///
/// One cell is one curve. Below kappa_min, where `isRankLimited` is 1, the equations are an approximation.
package enum LongTime: Experiment {
  /// What can be varied.
  package struct Parameters: ExperimentParameters {
    @Parameter("first alpha = n/d^2", above: 0, atMost: 1000) package var firstSampleRatio = 0.02
    @Parameter("last alpha", above: 0, atMost: 1000) package var lastSampleRatio = 0.6
    @Parameter("number of values of alpha in equal steps", in: 1...1_000_000) package var sampleRatioCount = 30
    @Parameter("kappa = m/d", above: 0, atMost: 100) package var studentWidthRatio = 0.4
    @Parameter("kappa* = m*/d", above: 0, atMost: 100) package var teacherWidthRatio = 0.3
    @Parameter("Delta", atLeast: 0) package var noiseVariance = 0.0
    @Parameter("lambda; 0 is the limit 0+", atLeast: 0) package var regularization = 0.1
    @Parameter("number of points of every spectrum", in: 2...1_000_000) package var spectrumPointCount = 50

    /// The defaults: kappa = 0.4, kappa* = 0.3, no noise, lambda = 0.1.
    package init() {}

    package static var idleParameters: [IdleParameter<Self>] {
      [IdleParameter("lastSampleRatio", "with sampleRatioCount: 1") { $0.sampleRatioCount == 1 }]
    }

    package func validateRelations() throws {
      try require(
        sampleRatioCount == 1 || lastSampleRatio >= firstSampleRatio, "lastSampleRatio", lastSampleRatio,
        allowed: "at least firstSampleRatio")
    }

    /// The sample ratios.
    package var sampleRatios: [Double] {
      guard sampleRatioCount > 1 else { return [firstSampleRatio] }
      return (0..<sampleRatioCount).map { index in
        firstSampleRatio + (lastSampleRatio - firstSampleRatio) * Double(index) / Double(sampleRatioCount - 1)
      }
    }
  }

  package static let name = "martin2026/long-time"
  package static let sourceFile = #fileID

  package static let sampleRatio = OutputArray("sampleRatio", axes: ["sampleRatio"], meaning: "sample ratio n/d^2")
  package static let meanSquaredError = OutputArray(
    "meanSquaredError", axes: ["sampleRatio"], meaning: "mean squared error |Z - Z*|^2/d")
  package static let trainingLoss = OutputArray(
    "trainingLoss", axes: ["sampleRatio"], meaning: "training loss without the regulariser")
  package static let inSampleError = OutputArray(
    "inSampleError", axes: ["sampleRatio"], meaning: "loss against the clean labels")
  package static let rank = OutputArray("rank", axes: ["sampleRatio"], meaning: "rank of Z over d")
  package static let effectiveNoise = OutputArray(
    "effectiveNoise", axes: ["sampleRatio"], meaning: "variance xi of the effective noise")
  package static let threshold = OutputArray("threshold", axes: ["sampleRatio"], meaning: "effective soft threshold q")
  package static let isRankLimited = OutputArray(
    "isRankLimited", axes: ["sampleRatio"],
    meaning: "1 where the student's width binds and the theory is an approximation, else 0")
  package static let eigenvalue = OutputArray(
    "eigenvalue", axes: ["sampleRatio", "spectrumPoint"], meaning: "points of the bulk of the spectrum of Z")
  package static let eigenvalueDensity = OutputArray(
    "eigenvalueDensity", axes: ["sampleRatio", "spectrumPoint"],
    meaning: "density of nonzero eigenvalues of Z, with the rank over d as its integral")
  package static let outputs = [
    sampleRatio, meanSquaredError, trainingLoss, inSampleError, rank, effectiveNoise, threshold, isRankLimited,
    eigenvalue, eigenvalueDensity,
  ]

  /// The error with half the term of Stein's lemma.
  package static let halvedStein = Mutant("halved-stein", meaning: "mean squared error with 2 xi I in place of 4 xi I")
  // Why not the name of the mistake of simulations: it would be made on both sides of a comparison.
  package static let noiselessTheory = Mutant("noiseless-theory", meaning: "the equations leave out the label noise")
  package static let noisierTheory = Mutant(
    "noisier-theory", meaning: "the label noise of the equations is 0.1 too great")
  /// The student can have any rank.
  package static let ignoredRank = Mutant("ignored-rank", meaning: "the rank constraint Z = W W^T is ignored")
  package static let mutants = [halvedStein, noiselessTheory, noisierTheory, ignoredRank]

  package static func drawsRandomNumbers(_ parameters: Parameters) -> Bool { false }

  /// Solves the equations at every sample ratio.
  package static func run(_ parameters: Parameters, in context: RunContext) throws -> [OutputArray: NDArray] {
    let theory = LongTimeTheory(
      studentWidthRatio: context.mutant == ignoredRank ? 1 : parameters.studentWidthRatio,
      teacherWidthRatio: parameters.teacherWidthRatio,
      noiseVariance: context.mutant == noiselessTheory
        ? 0 : parameters.noiseVariance + (context.mutant == noisierTheory ? 0.1 : 0),
      steinShare: context.mutant == halvedStein ? 0.5 : 1)
    var found: [LongTimeTheory.Solution] = []
    var eigenvalues: [[Double]] = []
    var densities: [[Double]] = []
    for ratio in parameters.sampleRatios {
      let solution = try theory.solve(sampleRatio: ratio, regularization: parameters.regularization)
      found.append(solution)
      // At perfect recovery the spectrum is the teacher's, whose bulk needs no curve here.
      guard solution.effectiveNoise > 0 else {
        eigenvalues.append(Array(repeating: 0, count: parameters.spectrumPointCount))
        densities.append(Array(repeating: 0, count: parameters.spectrumPointCount))
        continue
      }
      let spectrum = try theory.spectrum(of: solution)
      let bulk = spectrum.bulk
      let points = (0..<parameters.spectrumPointCount).map { index in
        bulk.low + (bulk.high - bulk.low) * Double(index) / Double(parameters.spectrumPointCount - 1)
      }
      eigenvalues.append(points)
      densities.append(points.map { spectrum.density.density(at: $0 + spectrum.threshold) })
    }
    return [
      sampleRatio: NDArray(parameters.sampleRatios), meanSquaredError: NDArray(found.map(\.meanSquaredError)),
      trainingLoss: NDArray(found.map(\.trainingLoss)), inSampleError: NDArray(found.map(\.inSampleError)),
      rank: NDArray(found.map(\.rank)), effectiveNoise: NDArray(found.map(\.effectiveNoise)),
      threshold: NDArray(found.map(\.threshold)), isRankLimited: NDArray(found.map { $0.isRankLimited ? 1 : 0 }),
      eigenvalue: NDArray(rows: eigenvalues), eigenvalueDensity: NDArray(rows: densities),
    ]
  }
}
