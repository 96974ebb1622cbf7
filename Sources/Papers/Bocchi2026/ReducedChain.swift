private import Foundation
internal import NumericalMethods
package import PaperKit

/// One-pass stochastic gradient descent in the overlaps alone, exact at every N, several replicas at a time.
///
/// By rotation invariance (R, Q_perp) is a Markov chain of its own. With S = Q_perp = L L^T, one step draws lambda* ~
/// N(0, I_{p*}), xi ~ N(0, I_p), rho^2 ~ chi-square with N - p - p* degrees of freedom and sets
///
///     v = L xi,  lambda = R lambda* + v,  e = c* |lambda*|^2 - c |lambda|^2,  g = 2 eta e / N,  x^2 = |xi|^2 + rho^2
///     R <- R + g lambda lambda*^T,   S <- S + g (lambda v^T + v lambda^T) + g^2 x^2 lambda lambda^T,
///
/// which is w_k <- w_k + 2 eta e (w_k.x) x / N seen through the overlaps. Constrained rows are then rescaled. L is the
/// Cholesky factor, a pivot that is not positive counting as 0 (at the solutions S is singular).
///
/// Why lanes: the square roots and divisions of one replica wait for each other; eight replicas side by side fill the gaps.
/// Every lane draws from streams of its own and no operation mixes lanes, so a replica's numbers have the same bits alone
/// and in any company.
package final class ReducedChain {
  /// Replicas side by side.
  package typealias Lanes = SIMD8<Double>
  /// The deliberate mistakes that the chain can make.
  package struct Mistakes: Sendable {
    /// The weights move by 2 eta e lambda x / N instead of / sqrt(N).
    package var scalesInputsByN = false
    /// Every sample is used twice in a row.
    package var reusesSamples = false

    /// None, or those of a mutant.
    package init(scalesInputsByN: Bool = false, reusesSamples: Bool = false) {
      self.scalesInputsByN = scalesInputsByN
      self.reusesSamples = reusesSamples
    }
  }

  private let p: Int
  private let pStar: Int
  private let inputDimension: Int
  private let learningRate: Double
  private let isSpherical: Bool
  private let mistakes: Mistakes
  private let laneCount: Int
  /// Steps done.
  package private(set) var stepCount = 0

  // R row by row, then the lower triangle of S row by row, then work space.
  private let memory: UnsafeMutablePointer<Lanes>
  private let r, s, factor, inverse, projections, v: UnsafeMutablePointer<Lanes>

  // Random numbers of a chunk of steps: [lane][step][number of the step].
  private static let chunk = 64
  private let normals: UnsafeMutablePointer<Double>
  private let uniforms: UnsafeMutablePointer<Double>
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
    isSpherical = theory.constraint == .spherical
    self.mistakes = mistakes
    laneCount = starts.count
    streams = contexts.map { ($0.random("samples"), $0.random("further samples")) }

    let triangle = p * (p + 1) / 2
    let count = p * pStar + 2 * triangle + 3 * p
    memory = .allocate(capacity: count)
    memory.initialize(repeating: Lanes(repeating: 0), count: count)
    r = memory
    s = r + p * pStar
    factor = s + triangle
    inverse = factor + triangle
    projections = inverse + p
    v = projections + p
    let perStep = p + pStar + 1
    normals = .allocate(capacity: Lanes.scalarCount * Self.chunk * perStep)
    normals.initialize(repeating: 0, count: Lanes.scalarCount * Self.chunk * perStep)
    uniforms = .allocate(capacity: Lanes.scalarCount * Self.chunk)
    uniforms.initialize(repeating: 0.5, count: Lanes.scalarCount * Self.chunk)
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
    memory.deallocate()
    normals.deallocate()
    uniforms.deallocate()
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

  /// Population loss of every lane by E[e^2]/2 = delta^2/2 + c^2 tr Q^2 - 2 c c* tr R R^T + c*^2 p*, with an absolute error
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
    for index in 0..<(p * pStar) { overlap += r[index] * r[index] }
    let constant = Lanes(repeating: cStar * cStar * Double(pStar))
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
      for _ in 0..<now { step() }
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
    let perLane = Self.chunk * (p + pStar + 1)
    for lane in 0..<laneCount {
      streams[lane].samples.fillNormals(
        UnsafeMutableBufferPointer(start: normals + lane * perLane, count: perLane))
      let drawn = streams[lane].samples.uniforms(Self.chunk)
      for step in 0..<Self.chunk { uniforms[lane * Self.chunk + step] = drawn[step] }
    }
    position = 0
  }

  /// One number from every lane's buffer.
  @inline(__always) private static func gather(_ start: UnsafeMutablePointer<Double>, _ stride: Int) -> Lanes {
    Lanes(
      start[0], start[stride], start[2 * stride], start[3 * stride], start[4 * stride], start[5 * stride],
      start[6 * stride], start[7 * stride])
  }

  /// One step of every lane.
  @inline(__always) private func step() {
    let (p, pStar) = (p, pStar)
    let (r, s, factor, inverse, projections, v) = (r, s, factor, inverse, projections, v)
    let (c, cStar) = (1 / Double(p), 1 / Double(pStar))
    let perStep = p + pStar + 1
    let stride = Self.chunk * perStep
    let numbers = normals + position * perStep
    let zero = Lanes(repeating: 0)

    // |xi|^2 + rho^2 and |lambda*|^2.
    var squaredInput = chiSquares(Self.gather(numbers + perStep - 1, stride))
    var e = zero
    for t in 0..<pStar {
      let x = Self.gather(numbers + t, stride)
      e += x * x
    }
    e *= cStar

    // L row by row, with v = L xi and lambda on the way.
    var squaredOutput = zero
    for a in 0..<p {
      let row = factor + a * (a + 1) / 2
      let source = s + a * (a + 1) / 2
      var projection = zero
      var pivot = source[a]
      for b in 0..<a {
        let other = factor + b * (b + 1) / 2
        var sum = source[b]
        for j in 0..<b { sum -= row[j] * other[j] }
        let element = sum * inverse[b]
        row[b] = element
        pivot -= element * element
        projection += element * Self.gather(numbers + pStar + b, stride)
      }
      let isPositive = pivot .> zero
      let root = zero.replacing(with: pivot, where: isPositive).squareRoot()
      row[a] = root
      inverse[a] = zero.replacing(with: 1 / root, where: isPositive)
      let xi = Self.gather(numbers + pStar + a, stride)
      squaredInput += xi * xi
      projection += root * xi
      v[a] = projection
      var output = projection
      for t in 0..<pStar { output += r[a * pStar + t] * Self.gather(numbers + t, stride) }
      projections[a] = output
      squaredOutput += output * output
    }

    update(numbers, stride, squaredInput, e, c * squaredOutput)
    if mistakes.reusesSamples {
      // The same x once more, through the weights it has just changed: lambda = R lambda* + v anew.
      var squaredOutput = zero
      for a in 0..<p {
        var output = v[a]
        for t in 0..<pStar { output += r[a * pStar + t] * Self.gather(numbers + t, stride) }
        projections[a] = output
        squaredOutput += output * output
      }
      update(numbers, stride, squaredInput, e, c * squaredOutput)
    }
    position += 1
  }

  /// The step itself, given lambda and v.
  @inline(__always) private func update(
    _ numbers: UnsafeMutablePointer<Double>, _ stride: Int, _ squaredInput: Lanes, _ target: Lanes, _ answer: Lanes
  ) {
    var scale = 2 * learningRate / Double(inputDimension)
    if mistakes.scalesInputsByN { scale /= Double(inputDimension).squareRoot() }
    let g = scale * (target - answer)
    let half = 0.5 * (g * g * squaredInput)
    for a in 0..<p {
      let (lambda, across) = (projections[a], v[a])
      let change = g * lambda
      for t in 0..<pStar { r[a * pStar + t] += change * Self.gather(numbers + t, stride) }
      // v becomes w with S + lambda w^T + w lambda^T the new S; for a reused sample v itself moves as the weights do.
      let w = g * across + half * lambda
      inverse[a] = w
      v[a] = across + g * squaredInput * lambda
    }
    for a in 0..<p {
      let target = s + a * (a + 1) / 2
      let (lambda, w) = (projections[a], inverse[a])
      for b in 0...a { target[b] += lambda * inverse[b] + w * projections[b] }
    }
    if isSpherical {
      for a in 0..<p {
        var norm = s[a * (a + 1) / 2 + a]
        for t in 0..<pStar { norm += r[a * pStar + t] * r[a * pStar + t] }
        let rescaling = 1 / norm.squareRoot()
        inverse[a] = rescaling
        v[a] *= rescaling
        for t in 0..<pStar { r[a * pStar + t] *= rescaling }
        let target = s + a * (a + 1) / 2
        for b in 0...a { target[b] *= rescaling * inverse[b] }
      }
    }
  }

  /// rho^2 of every lane from one normal x and one uniform u each, by Marsaglia and Tsang (2000): 2 d (1 + y)^3, y = x /
  /// sqrt(9 d), d = (N - p - p*)/2 - 1/3, accepted if ln u < x^2/2 + d (1 - (1 + y)^3 + 3 ln(1 + y)).
  ///
  /// The right side is at least -1.28 d y^4 for y > -1/2, so u < 1 - 1.28 d y^4 accepts without logarithms, nearly always
  /// for large d. A lane that rejects takes a chi-square number from its second stream instead, which leaves the law exact
  /// and the first stream in step.
  @inline(__always) private func chiSquares(_ x: Lanes) -> Lanes {
    let degrees = Double(inputDimension - p - pStar)
    let d = degrees / 2 - 1.0 / 3
    let y = x * (1 / (9 * d).squareRoot())
    let root = 1 + y
    var value = (2 * d) * (root * root * root)
    let u = Self.gather(uniforms + position, Self.chunk)
    let square = y * y
    // One comparison for both conditions: the second sum is +1 or more where y <= -1/2.
    let excess = u + (1.28 * d) * (square * square)
    let worst = max(excess.max(), 0.5 - y.min())
    if worst >= 1 { correct(&value, x, u) }
    return value
  }

  @inline(never) private func correct(_ value: inout Lanes, _ x: Lanes, _ u: Lanes) {
    let degrees = Double(inputDimension - p - pStar)
    let d = degrees / 2 - 1.0 / 3
    for lane in 0..<laneCount {
      let root = 1 + x[lane] / (9 * d).squareRoot()
      let cube = root * root * root
      if root > 0, log(u[lane]) < 0.5 * x[lane] * x[lane] + d * (1 - cube + log(cube)) { continue }
      value[lane] = streams[lane].further.chiSquare(degreesOfFreedom: degrees)
    }
  }
}
