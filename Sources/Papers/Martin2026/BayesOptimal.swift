private import Foundation
package import NumericalMethods
package import PaperKit

/// The least mean squared error that any method can reach on the data of this teacher, in the limit of infinite dimension.
///
/// Whoever knows the law of the teacher sees Z* + sqrt(xi) GOE effectively, as gradient flow does, and denoises it with
/// f(x) = x - 2 xi H(x) in place of the soft threshold, so that
///
///     2 alpha xi = MSE + Delta/2,    MSE = xi - (4 pi^2/3) xi^2 int rho_xi^3.
///
/// Source: Maillard, Troiani, Martin, Krzakala and Zdeborová (2024) for the samples; Bun, Allez, Bouchaud and Potters (2016)
/// for the denoiser. Without label noise the error vanishes from alpha = kappa* - kappa*^2/2 on, the teacher's degrees of
/// freedom.
package struct BayesOptimalTheory: Sendable {
  /// kappa* = m*/d > 0.
  package var teacherWidthRatio: Double
  /// Delta >= 0, variance of the label noise.
  package var noiseVariance: Double
  /// Deliberate mistake: the best multiple of Z* + sqrt(xi) GOE - 1 alone.
  package var denoisesLinearly = false

  /// Which data.
  package init(teacherWidthRatio: Double, noiseVariance: Double, denoisesLinearly: Bool = false) {
    self.teacherWidthRatio = teacherWidthRatio
    self.noiseVariance = noiseVariance
    self.denoisesLinearly = denoisesLinearly
  }

  /// The least error of an estimate of Z* from Z* + sqrt(xi) GOE, xi > 0.
  package func denoisingError(effectiveNoise xi: Double) throws -> Double {
    if denoisesLinearly { return xi / (1 + teacherWidthRatio * xi) }
    let law = try FreeConvolution(variance: xi, teacherWidthRatio: teacherWidthRatio)
    return xi - 4 * .pi * .pi / 3 * xi * xi * law.cubedDensity
  }

  /// The effective noise and the error at alpha = `sampleRatio` > 0; zero both where the teacher is recovered exactly.
  ///
  /// (MSE + Delta/2)/xi falls as xi grows. Its root lies below that of the prior's variance 1/kappa* in place of the error.
  package func solve(sampleRatio alpha: Double) throws -> (effectiveNoise: Double, meanSquaredError: Double) {
    let top = (1 / teacherWidthRatio + noiseVariance / 2) / (2 * alpha)
    func excess(_ logXi: Double) throws -> Double {
      let xi = exp(logXi)
      return (try denoisingError(effectiveNoise: xi) + noiseVariance / 2) / (2 * xi * alpha) - 1
    }
    let range = Interval(log(top) - 30, log(top) + 0.01)
    guard try excess(range.low) > 0 else { return (0, 0) }
    let xi = exp(try RootFinding.brent(in: range, tolerance: 1e-14, excess))
    return (xi, try denoisingError(effectiveNoise: xi))
  }
}

/// The Bayes-optimal error along sample ratios (no simulation, no chance). One cell is one curve.
package enum BayesOptimal: Experiment {
  /// What can be varied.
  package struct Parameters: ExperimentParameters {
    @Parameter("first alpha = n/d^2", above: 0, atMost: 1000) package var firstSampleRatio = 0.02
    @Parameter("last alpha", above: 0, atMost: 1000) package var lastSampleRatio = 0.6
    @Parameter("number of values of alpha in equal steps", in: 2...1_000_000) package var sampleRatioCount = 30
    @Parameter("kappa* = m*/d", above: 0, atMost: 100) package var teacherWidthRatio = 0.3
    @Parameter("Delta", atLeast: 0) package var noiseVariance = 0.0

    /// The defaults: kappa* = 0.3, no noise.
    package init() {}

    package func validateRelations() throws {
      try require(
        lastSampleRatio > firstSampleRatio, "lastSampleRatio", lastSampleRatio, allowed: "above firstSampleRatio")
    }

    /// The sample ratios.
    package var sampleRatios: [Double] {
      (0..<sampleRatioCount).map { index in
        firstSampleRatio + (lastSampleRatio - firstSampleRatio) * Double(index) / Double(sampleRatioCount - 1)
      }
    }
  }

  package static let name = "martin2026/bayes-optimal"
  package static let sourceFile = #fileID

  package static let sampleRatio = OutputArray("sampleRatio", axes: ["sampleRatio"], meaning: "sample ratio n/d^2")
  package static let meanSquaredError = OutputArray(
    "meanSquaredError", axes: ["sampleRatio"], meaning: "least mean squared error |Z - Z*|^2/d of any method")
  package static let effectiveNoise = OutputArray(
    "effectiveNoise", axes: ["sampleRatio"], meaning: "variance xi of the effective noise")
  package static let outputs = [sampleRatio, meanSquaredError, effectiveNoise]

  /// Any error of a linear method lies above.
  package static let linearDenoiser = Mutant("linear-denoiser", meaning: "the best linear method in place of the best")
  package static let mutants = [linearDenoiser]

  package static func drawsRandomNumbers(_ parameters: Parameters) -> Bool { false }

  /// Solves the equation at every sample ratio.
  package static func run(_ parameters: Parameters, in context: RunContext) throws -> [OutputArray: NDArray] {
    let theory = BayesOptimalTheory(
      teacherWidthRatio: parameters.teacherWidthRatio, noiseVariance: parameters.noiseVariance,
      denoisesLinearly: context.mutant == linearDenoiser)
    let found = try parameters.sampleRatios.map { try theory.solve(sampleRatio: $0) }
    return [
      sampleRatio: NDArray(parameters.sampleRatios), meanSquaredError: NDArray(found.map(\.meanSquaredError)),
      effectiveNoise: NDArray(found.map(\.effectiveNoise)),
    ]
  }
}
