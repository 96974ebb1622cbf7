private import Foundation
package import NumericalMethods

/// Where gradient flow on the l2-regularised loss ends, in the limit of infinite dimension.
///
/// Z_inf behaves as f(Z* + sqrt(xi) GOE), f soft thresholding at q restricted to the rank kappa d, with (xi, q) from
///
///     2 alpha xi = MSE + Delta/2,    lambda = q (1 - I/alpha).
///
/// Normalisation of the paper: loss L = (1/4n) sum_k (tr X_k Z - y_k)^2, flow dW/dt = -d grad L - 2 lambda W, sensing
/// matrices of off-diagonal variance 1/d and diagonal variance 2/d. Exact where the rank constraint does not bind
/// (kappa >= kappa_min, the rank for kappa = 1); below it is an approximation, because f is then discontinuous and the
/// stability of the solution is lost.
package struct LongTimeTheory: Sendable {
  /// kappa = m/d > 0; beyond 1 it makes no difference.
  package var studentWidthRatio: Double
  /// kappa* = m*/d > 0.
  package var teacherWidthRatio: Double
  /// Delta >= 0, variance of the label noise.
  package var noiseVariance: Double
  /// Share of 4 xi I that the mean squared error has; anything but 1 is a deliberate mistake.
  package var steinShare = 1.0

  /// Which flow.
  package init(
    studentWidthRatio: Double, teacherWidthRatio: Double, noiseVariance: Double, steinShare: Double = 1
  ) {
    self.studentWidthRatio = studentWidthRatio
    self.teacherWidthRatio = teacherWidthRatio
    self.noiseVariance = noiseVariance
    self.steinShare = steinShare
  }

  /// The end of the flow.
  package struct Solution: Sendable {
    /// alpha = n/d^2.
    package let sampleRatio: Double
    /// xi, variance of the effective noise.
    package let effectiveNoise: Double
    /// q, effective threshold.
    package let threshold: Double
    /// |Z - Z*|_F^2/d.
    package let meanSquaredError: Double
    /// alpha xi (lambda/q)^2, without the regulariser.
    package let trainingLoss: Double
    /// Loss against the noiseless labels.
    package let inSampleError: Double
    /// Rank over d.
    package let rank: Double
    /// Eigenvalues of Z* + sqrt(xi) GOE below this are cut off.
    package let cutoff: Double
    /// Whether the rank constraint binds: kappa < kappa_min, and the theory is an approximation.
    package let isRankLimited: Bool
  }

  private func thresholding(_ xi: Double, _ c: Double) throws -> FreeConvolution.Thresholding {
    try FreeConvolution(variance: xi, teacherWidthRatio: teacherWidthRatio).thresholding(
      at: c * xi.squareRoot(), studentWidthRatio: studentWidthRatio, steinShare: steinShare)
  }

  /// ln of (MSE + Delta/2)/(2 xi alpha), decreasing in xi at fixed c = q/sqrt(xi).
  private func balance(_ logXi: Double, _ c: Double, _ alpha: Double) throws -> Double {
    let xi = exp(logXi)
    let error = try thresholding(xi, c).meanSquaredError
    // Rounding may leave -1e-18 of an error that is zero.
    return log(max(error + noiseVariance / 2, .leastNormalMagnitude) / (2 * xi * alpha))
  }

  private static let logXiRange = Interval(log(1e-14), log(1e12))

  /// ln xi at which 2 alpha xi = MSE + Delta/2 for q = c sqrt(xi); nil where there is none.
  ///
  /// `guess` is a solution nearby, to save evaluations.
  private func logNoise(at c: Double, _ alpha: Double, guess: Double?) throws -> Double? {
    func function(_ logXi: Double) throws -> Double { try balance(logXi, c, alpha) }
    if let guess {
      let near = Interval(guess - 0.05, guess + 0.05)
      if near.low > Self.logXiRange.low, try function(near.low) > 0, try function(near.high) < 0 {
        return try RootFinding.brent(in: near, tolerance: 1e-14, function)
      }
    }
    let range = Self.logXiRange
    guard try function(range.low) > 0, try function(range.high) < 0 else { return nil }
    return try RootFinding.brent(in: range, tolerance: 1e-14, function)
  }

  /// The end of the flow at alpha = `sampleRatio` > 0 and lambda = `regularization` >= 0, where 0 means the limit 0+.
  ///
  /// Why q = c sqrt(xi): q(xi) and the error are multivalued near the peak of double descent, but at fixed c the first
  /// equation has one solution xi(c), and lambda(c) = c sqrt(xi) (1 - I/alpha) increases where it is positive. So two
  /// nested bracketing searches suffice, without continuation. About 150 evaluations of the density.
  package func solve(sampleRatio alpha: Double, regularization lambda: Double) throws -> Solution {
    if lambda == 0, noiseVariance == 0,
      alpha > (try Thresholds.regularizedRecovery(studentWidthRatio, teacherWidthRatio).sampleRatio)
    {
      return Solution(
        sampleRatio: alpha, effectiveNoise: 0, threshold: 0, meanSquaredError: 0, trainingLoss: 0, inSampleError: 0,
        rank: min(studentWidthRatio, teacherWidthRatio, 1), cutoff: 0, isRankLimited: false)
    }
    var guess: Double?
    /// lambda(c) - lambda, or at lambda = 0 the factor 1 - I/alpha; very negative where xi(c) does not exist.
    func excess(_ c: Double) throws -> Double {
      guard let logXi = try logNoise(at: c, alpha, guess: guess) else { return lambda == 0 ? -1 : -1e9 }
      guess = logXi
      let xi = exp(logXi)
      let slack = 1 - (try thresholding(xi, c).divergence) / alpha
      return lambda == 0 ? slack : c * xi.squareRoot() * slack - lambda
    }
    if lambda == 0, try excess(0) >= 0 { return try solution(0, alpha, guess) }
    var high = 0.5
    while try excess(high) < 0 {
      high *= 1.6
      guard high < 1e8 else {
        throw NumericalError.notBracketed(
          lower: 0, upper: high, valueAtLower: try excess(0), valueAtUpper: try excess(high))
      }
    }
    // Why from below: the last growth step that failed is the best lower bound.
    let low = high > 0.5 ? high / 1.6 : 0
    let c = try RootFinding.brent(in: Interval(low, high), tolerance: 1e-14, excess)
    return try solution(c, alpha, guess)
  }

  private func solution(_ c: Double, _ alpha: Double, _ guess: Double?) throws -> Solution {
    guard let logXi = try logNoise(at: c, alpha, guess: guess) else {
      throw NumericalError.undefined("no effective noise at c = \(c), sample ratio \(alpha)")
    }
    return try solution(c, effectiveNoise: exp(logXi), sampleRatio: alpha)
  }

  private func solution(_ c: Double, effectiveNoise xi: Double, sampleRatio alpha: Double) throws -> Solution {
    let found = try thresholding(xi, c)
    let slack = 1 - found.divergence / alpha
    let loss = alpha * xi * slack * slack
    return Solution(
      sampleRatio: alpha, effectiveNoise: xi, threshold: c * xi.squareRoot(),
      meanSquaredError: found.meanSquaredError, trainingLoss: loss,
      inSampleError: loss + noiseVariance / 4 * (1 - 2 * slack), rank: found.rank, cutoff: found.cutoff,
      isRankLimited: found.isRankLimited)
  }

  /// The interpolation threshold with noise at lambda = 0+: where the training loss of the q = 0 branch reaches 0,
  /// I = alpha. Its sample ratio and effective noise.
  package func interpolation() throws -> (sampleRatio: Double, effectiveNoise: Double) {
    func ratioAndDivergence(_ logXi: Double) throws -> (Double, Double) {
      let xi = exp(logXi)
      let found = try thresholding(xi, 0)
      return ((found.meanSquaredError + noiseVariance / 2) / (2 * xi), found.divergence)
    }
    func gap(_ logXi: Double) throws -> Double {
      let (alpha, divergence) = try ratioAndDivergence(logXi)
      return alpha - divergence
    }
    let low = log(max(1e-8, noiseVariance * 1e-2))
    let step = (log(1e6) - low) / 200
    var previous = low
    while try gap(previous + step) > 0 {
      previous += step
      guard previous < log(1e6) else { throw NumericalError.undefined("no interpolation threshold below xi = 1e6") }
    }
    let logXi = try RootFinding.brent(in: Interval(previous, previous + step), tolerance: 1e-14, gap)
    return (try ratioAndDivergence(logXi).0, exp(logXi))
  }

  /// The density of the nonzero eigenvalues y of Z at the end: rho_xi(y + q) for y > b - q; the rest 1 - rank sits at 0.
  package func spectrum(of solution: Solution) throws -> EndSpectrum {
    EndSpectrum(
      density: try FreeConvolution(variance: solution.effectiveNoise, teacherWidthRatio: teacherWidthRatio),
      threshold: solution.threshold, cutoff: solution.cutoff)
  }
}

/// The spectrum of Z at the end of the flow: an atom at 0 and a shifted part of the free convolution.
package struct EndSpectrum: Sendable {
  /// rho_xi.
  package let density: FreeConvolution
  /// q.
  package let threshold: Double
  /// b.
  package let cutoff: Double

  /// The lowest and the highest nonzero eigenvalue.
  package var bulk: Interval {
    let low = max(cutoff, density.support.low) - threshold
    return Interval(low, max(low, density.support.high - threshold))
  }

  /// Density at a nonzero eigenvalue y > 0.
  package func density(at y: Double) -> Double { y + threshold > cutoff ? density.density(at: y + threshold) : 0 }

  /// Share of eigenvalues above y >= 0.
  package func share(above y: Double) -> Double { density.mass(above: max(cutoff, y + threshold)) }
}
