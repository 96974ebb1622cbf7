/// A straight line y = intercept + slope x through points, by least squares.
public struct LinearFit: Sendable, Equatable {
  /// Rise of y per x.
  public let slope: Double
  /// y at x = 0.
  public let intercept: Double
  /// Standard error of the slope; NaN for two points without weights.
  public let slopeStandardError: Double
  /// Standard error of the intercept; NaN for two points without weights.
  public let interceptStandardError: Double
  /// Sum of the (weighted) squared distances in y.
  public let residualSumOfSquares: Double

  /// The line's y at some x.
  public func value(at x: Double) -> Double { intercept + slope * x }
}

extension Statistics {
  /// The straight line through the points (x, y) by least squares.
  ///
  /// Without weights all points count the same and the standard errors come from the scatter about the line, with n - 2
  /// degrees of freedom. Weights are 1 / variance of each y, known beforehand; the standard errors then follow from the
  /// weights alone. Checked: equal counts, at least two points, weights > 0, not all x equal.
  public static func linearFit(_ x: [Double], _ y: [Double], weights: [Double]? = nil) -> LinearFit {
    let weight = weights ?? Array(repeating: 1, count: x.count)
    precondition(
      x.count == y.count && x.count == weight.count && x.count >= 2 && weight.allSatisfy { $0 > 0 },
      "a line through \(x.count) x, \(y.count) y, \(weight.count) weights")
    let total = weight.reduce(0, +)
    let centreX = zip(weight, x).reduce(0) { $0 + $1.0 * $1.1 } / total
    let centreY = zip(weight, y).reduce(0) { $0 + $1.0 * $1.1 } / total
    var (spread, product) = (0.0, 0.0)
    for index in x.indices {
      spread += weight[index] * (x[index] - centreX) * (x[index] - centreX)
      product += weight[index] * (x[index] - centreX) * (y[index] - centreY)
    }
    precondition(spread != 0, "a line through points that all have x = \(centreX)")
    let slope = product / spread
    let intercept = centreY - slope * centreX
    let residual = x.indices.reduce(0.0) { sum, index in
      let distance = y[index] - centreY - slope * (x[index] - centreX)
      return sum + weight[index] * distance * distance
    }
    let variance = weights == nil ? residual / Double(x.count - 2) : 1
    return LinearFit(
      slope: slope, intercept: intercept, slopeStandardError: (variance / spread).squareRoot(),
      interceptStandardError: (variance * (1 / total + centreX * centreX / spread)).squareRoot(),
      residualSumOfSquares: residual)
  }
}
