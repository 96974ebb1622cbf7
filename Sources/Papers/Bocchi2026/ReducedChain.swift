private import CBocchi2026
private import Foundation
internal import NumericalMethods
package import PaperKit

/// One-pass stochastic gradient descent in the overlaps alone, exact at every N, several replicas at a time.
///
/// By rotation invariance (R, Q_perp) is a Markov chain of its own. With S = Q_perp = L L^T, one step draws lambda* ~
/// N(0, I_{p*}), xi ~ N(0, I_p), rho^2 ~ chi-square with N - p - p* degrees of freedom and sets
///
///     v = L xi,  lambda = R lambda* + v,  e = c* sum_r t_r lambda*_r^2 - c |lambda|^2,  g = 2 eta e / N,  x^2 = |xi|^2 + rho^2
///     R <- R + g lambda lambda*^T,   S <- S + g (lambda v^T + v lambda^T) + g^2 x^2 lambda lambda^T,
///
/// which is w_k <- w_k + 2 eta e (w_k.x) x / N seen through the overlaps. Constrained rows are then rescaled. L is the
/// Cholesky factor, a pivot that is not positive counting as 0 (at the solutions S is singular).
///
/// Why lanes: the square roots and divisions of one replica wait for each other; eight replicas side by side fill the gaps.
/// The steps themselves are in C (CBocchi2026), compiled for several vector widths. Every lane draws from streams of its own
/// and no operation mixes lanes, so a replica's numbers have the same bits alone and in any company.
package final class ReducedChain {
  /// Replicas side by side.
  package typealias Lanes = SIMD8<Double>
  /// The deliberate mistakes that the chain can make.
  package struct Mistakes: Sendable {
    /// The weights move by 2 eta e lambda x / N instead of / sqrt(N).
    package var scalesInputsByN = false
    /// Every sample is used twice in a row.
    package var reusesSamples = false
    /// |x|^2 is half as large, and with it the noise of single samples in Q.
    package var halvesLength = false

    /// None, or those of a mutant.
    package init(scalesInputsByN: Bool = false, reusesSamples: Bool = false, halvesLength: Bool = false) {
      self.scalesInputsByN = scalesInputsByN
      self.reusesSamples = reusesSamples
      self.halvesLength = halvesLength
    }
  }

  private let p: Int
  private let pStar: Int
  private let inputDimension: Int
  private let learningRate: Double
  private let norms: [Double]
  private let isSpherical: Bool
  private let mistakes: Mistakes
  private let laneCount: Int
  /// Steps done.
  package private(set) var stepCount = 0

  // R row by row, then the lower triangle of S row by row.
  private let r: UnsafeMutablePointer<Lanes>
  private let s: UnsafeMutablePointer<Lanes>

  // Random numbers of a chunk of steps: as a lane draws them, [step][number of the step], and as the steps read them, the
  // same with all lanes side by side, rho^2 in the place of the normal that it is made from.
  private static let chunk = 64
  private let drawn: UnsafeMutablePointer<Double>
  private let numbers: UnsafeMutablePointer<Lanes>
  private var position = ReducedChain.chunk
  private var streams: [(samples: RandomStream, further: RandomStream)]

  /// Chains from given starts (1 to 8, equal widths), one context each, from which they take the streams "samples" and
  /// "further samples".
  package init(
    _ theory: Theory, inputDimension: Int, starts: [Overlaps], contexts: [RunContext], mistakes: Mistakes = Mistakes()
  ) {
    precondition(
      (1...Lanes.scalarCount).contains(starts.count) && starts.count == contexts.count,
      "\(starts.count) starts, \(contexts.count) contexts")
    p = theory.studentWidth
    pStar = theory.teacherWidth
    precondition(inputDimension >= p + pStar + 2, "N = \(inputDimension) for p = \(p), p* = \(pStar)")
    self.inputDimension = inputDimension
    learningRate = theory.learningRate
    norms = theory.teacherNorms
    isSpherical = theory.constraint == .spherical
    self.mistakes = mistakes
    laneCount = starts.count
    streams = contexts.map { ($0.random("samples"), $0.random("further samples")) }

    let count = p * pStar + p * (p + 1) / 2
    r = alignedVectors(count)
    s = r + p * pStar
    let perChunk = Self.chunk * (p + pStar + 1)
    drawn = .allocate(capacity: perChunk)
    drawn.initialize(repeating: 0, count: perChunk)
    numbers = alignedVectors(perChunk)
    for lane in 0..<Lanes.scalarCount {
      // Idle lanes repeat the first one's start; nobody reads them.
      let start = starts[lane < laneCount ? lane : 0]
      precondition(start.studentWidth == p && start.teacherWidth == pStar, "start of other widths")
      for index in 0..<(p * pStar) { r[index][lane] = start.teacherOverlap.values[index] }
      for a in 0..<p {
        for b in 0...a { s[a * (a + 1) / 2 + b][lane] = start.perpendicular[a, b] }
      }
    }
  }

  deinit {
    UnsafeMutableRawPointer(r).deallocate()
    drawn.deallocate()
    UnsafeMutableRawPointer(numbers).deallocate()
  }

  /// Time = steps / N.
  package var time: Double { Double(stepCount) / Double(inputDimension) }

  /// The overlaps of one lane.
  package func overlaps(lane: Int) -> Overlaps {
    Overlaps(
      teacherOverlap: Matrix(rowCount: p, columnCount: pStar) { r[$0 * pStar + $1][lane] },
      perpendicular: Matrix(rowCount: p, columnCount: p) { a, b in
        a >= b ? s[a * (a + 1) / 2 + b][lane] : s[b * (b + 1) / 2 + a][lane]
      })
  }

  /// Population loss of every lane by E[e^2]/2 = delta^2/2 + c^2 tr Q^2 - 2 c c* tr R T R^T + c*^2 tr T^2, with an absolute error
  /// of about 1e-16.
  package func populationLosses() -> Lanes {
    let (c, cStar) = (1 / Double(p), 1 / Double(pStar))
    var delta = Lanes(repeating: 1)
    var squares = Lanes(repeating: 0)
    var overlap = Lanes(repeating: 0)
    for a in 0..<p {
      for b in 0...a {
        var q = s[a * (a + 1) / 2 + b]
        for t in 0..<pStar { q += r[a * pStar + t] * r[b * pStar + t] }
        squares += a == b ? q * q : 2 * (q * q)
        if a == b { delta -= c * q }
      }
    }
    for index in 0..<(p * pStar) { overlap += norms[index % pStar] * (r[index] * r[index]) }
    let constant = Lanes(repeating: cStar * cStar * norms.reduce(0) { $0 + $1 * $1 })
    let loss = 0.5 * (delta * delta) + (c * c) * squares - (2 * c * cStar) * overlap
    return loss + constant
  }

  /// Advances every lane by some steps.
  ///
  /// Throws `notFinite` with the time when an overlap of any lane has left the range of numbers; it is then up to the
  /// caller to find out which, lane by lane.
  package func advance(_ steps: Int) throws {
    precondition(steps >= 0, "\(steps) steps")
    var left = steps
    while left > 0 {
      if position == Self.chunk { drawChunk() }
      let now = min(left, Self.chunk - position)
      step(now)
      stepCount += now
      left -= now
    }
    try requireFinite()
  }

  private func requireFinite() throws {
    var sum = Lanes(repeating: 0)
    for a in 0..<p {
      sum += s[a * (a + 1) / 2 + a]
      for t in 0..<pStar { sum += r[a * pStar + t] * r[a * pStar + t] }
    }
    for lane in 0..<laneCount where !sum[lane].isFinite {
      throw NumericalError.notFinite(quantity: "overlap Q", time: time)
    }
  }

  /// Random numbers for the next chunk of steps. The counts are fixed, so what a step finds does not depend on rejections.
  private func drawChunk() {
    let perStep = p + pStar + 1
    let perChunk = Self.chunk * perStep
    let share = mistakes.halvesLength ? 0.5 : 1
    numbers.withMemoryRebound(to: Double.self, capacity: Lanes.scalarCount * perChunk) { numbers in
      for lane in 0..<laneCount {
        streams[lane].samples.fillNormals(UnsafeMutableBufferPointer(start: drawn, count: perChunk))
        let uniforms = streams[lane].samples.uniforms(Self.chunk)
        for step in 0..<Self.chunk {
          let place = step * perStep + perStep - 1
          drawn[place] = share * chiSquare(drawn[place], uniforms[step], lane)
        }
        for index in 0..<perChunk { numbers[index * Lanes.scalarCount + lane] = drawn[index] }
      }
    }
    position = 0
  }

  /// Some steps of every lane, all within the chunk.
  private func step(_ count: Int) {
    let perStep = p + pStar + 1
    var scale = 2 * learningRate / Double(inputDimension)
    if mistakes.scalesInputsByN { scale /= Double(inputDimension).squareRoot() }
    r.withMemoryRebound(to: Double.self, capacity: Lanes.scalarCount * (p * pStar + p * (p + 1) / 2)) { overlaps in
      (numbers + position * perStep).withMemoryRebound(
        to: Double.self, capacity: Lanes.scalarCount * count * perStep
      ) { numbers in
        cb_chain_steps(
          CInt(p), CInt(pStar), norms, overlaps, numbers, count, scale, isSpherical ? 1 : 0,
          mistakes.reusesSamples ? 1 : 0)
      }
    }
    position += count
  }

  /// rho^2 from one normal x and one uniform u, by Marsaglia and Tsang (2000): 2 d (1 + y)^3, y = x / sqrt(9 d),
  /// d = (N - p - p*)/2 - 1/3, accepted if ln u < x^2/2 + d (1 - (1 + y)^3 + 3 ln(1 + y)).
  ///
  /// The right side is at least -1.28 d y^4 for y > -1/2, so u < 1 - 1.28 d y^4 accepts without logarithms, nearly always
  /// for large d. A lane that rejects takes a chi-square number from its second stream instead, which leaves the law exact
  /// and the first stream in step.
  @inline(__always) private func chiSquare(_ x: Double, _ u: Double, _ lane: Int) -> Double {
    let degrees = Double(inputDimension - p - pStar)
    let d = degrees / 2 - 1.0 / 3
    let y = x * (1 / (9 * d).squareRoot())
    let root = 1 + y
    let cube = root * root * root
    let square = y * y
    if y > -0.5, u < 1 - (1.28 * d) * (square * square) { return (2 * d) * cube }
    if root > 0, log(u) < 0.5 * x * x + d * (1 - cube + log(cube)) { return (2 * d) * cube }
    return streams[lane].further.chiSquare(degreesOfFreedom: degrees)
  }
}

/// Vectors of zeros for the loops in C, which need them at multiples of their size. Why not `allocate(capacity:)`: Swift
/// aligns no type to more than 16 bytes. To be freed as raw memory.
func alignedVectors(_ count: Int) -> UnsafeMutablePointer<SIMD8<Double>> {
  let memory = UnsafeMutableRawPointer.allocate(byteCount: 64 * count, alignment: 64)
  return memory.initializeMemory(as: SIMD8<Double>.self, repeating: SIMD8<Double>(repeating: 0), count: count)
}
