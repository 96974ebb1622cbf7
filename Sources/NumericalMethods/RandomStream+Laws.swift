private import Foundation

/// Random numbers of other laws, each exact and made from the normals and uniforms of the stream.
extension RandomStream {
  /// A matrix of independent normals with mean zero, drawn row after row.
  public mutating func normalMatrix(rowCount: Int, columnCount: Int, standardDeviation: Double = 1) -> Matrix {
    var values = normals(rowCount * columnCount)
    if standardDeviation != 1 {
      for index in values.indices { values[index] *= standardDeviation }
    }
    return Matrix(rowCount: rowCount, columnCount: columnCount, values: values)
  }

  /// +1 or -1 with equal probability.
  public mutating func sign() -> Double { word() >> 63 == 0 ? 1 : -1 }

  /// A whole number in 0 ..< bound, each with exactly the same probability.
  ///
  /// Checked: bound > 0.
  ///
  /// Lemire's multiplication with rejection (ACM TOMACS 29, 2019); one word except with probability bound / 2^64.
  public mutating func integer(below bound: Int) -> Int {
    precondition(bound > 0, "an integer below \(bound)")
    let bound = UInt64(bound)
    var product = bound.multipliedFullWidth(by: word())
    if product.low < bound {
      let rejected = (0 &- bound) % bound
      while product.low < rejected { product = bound.multipliedFullWidth(by: word()) }
    }
    return Int(product.high)
  }

  /// The numbers 0 ..< count in a random order, each order with the same probability (Fisher and Yates).
  public mutating func permutation(_ count: Int) -> [Int] {
    precondition(count >= 0, "a permutation of \(count)")
    var order = Array(0..<count)
    for last in stride(from: count - 1, to: 0, by: -1) { order.swapAt(last, integer(below: last + 1)) }
    return order
  }

  /// A Gamma number of the given shape and scale 1: density proportional to x^(shape - 1) e^(-x), mean = shape.
  ///
  /// Marsaglia and Tsang (ACM TOMS 26, 2000), exact; a shape below 1 by Gamma(shape) = Gamma(shape + 1) U^(1/shape), which
  /// may underflow to 0 for shapes below 0.05. Checked: shape > 0. About 1.05 normals and uniforms each.
  public mutating func gamma(shape: Double) -> Double {
    precondition(shape > 0 && shape.isFinite, "gamma law of shape \(shape)")
    return shape < 1 ? exp(logarithmOfGamma(shape: shape)) : gammaOfLargeShape(shape)
  }

  /// A chi-square number with the given degrees of freedom > 0, not necessarily whole: 2 Gamma(degrees / 2).
  public mutating func chiSquare(degreesOfFreedom: Double) -> Double { 2 * gamma(shape: degreesOfFreedom / 2) }

  /// A Beta(a, b) number X / (X + Y) from Gamma numbers X, Y of shapes a, b > 0.
  ///
  /// Why logarithms: for shapes below 0.05 both X and Y may underflow.
  public mutating func beta(_ a: Double, _ b: Double) -> Double {
    precondition(a > 0 && b > 0 && a.isFinite && b.isFinite, "beta law of shapes \(a), \(b)")
    let first = logarithmOfGamma(shape: a)
    let second = logarithmOfGamma(shape: b)
    return 1 / (1 + exp(second - first))
  }

  private mutating func logarithmOfGamma(shape: Double) -> Double {
    shape < 1 ? log(gammaOfLargeShape(shape + 1)) + log(uniform()) / shape : log(gammaOfLargeShape(shape))
  }

  /// Marsaglia and Tsang for shape >= 1: d (1 + c x)^3 with d = shape - 1/3, c = 1 / sqrt(9 d) and x normal, accepted
  /// with the probability that makes it exact.
  private mutating func gammaOfLargeShape(_ shape: Double) -> Double {
    let d = shape - 1.0 / 3
    let c = 1 / (9 * d).squareRoot()
    while true {
      let x = normal()
      let root = 1 + c * x
      guard root > 0 else { continue }
      let cube = root * root * root
      let u = uniform()
      let square = x * x
      // The squeeze of the paper spares the logarithms in all but a few per cent of the cases.
      if u < 1 - 0.0331 * square * square || log(u) < 0.5 * square + d * (1 - cube + log(cube)) { return d * cube }
    }
  }
}
