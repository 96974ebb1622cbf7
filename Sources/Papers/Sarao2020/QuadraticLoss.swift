private import CSarao2020
package import NumericalMethods

/// The loss of quadratic students under one teacher, over a data set or over all Gaussian inputs, and the direction in
/// which it falls.
///
///     E_n(W) = (1/2n) sum_k r_k^2,   r_k = x_k^T B x_k,   B = W^T W - A*,   M = (1/n) sum_k r_k x_k x_k^T,
///     E(W) = |B|^2 + (tr B)^2 / 2,   M = 2 B + (tr B) I;
///
/// the gradient is 2 W M, gradient flow here is dW/dt = -W M. The residuals come from B, not from f(x) - y, so they keep
/// their relative accuracy however small the loss becomes. Cost of one evaluation with its direction, D = d(d+1)/2 and m
/// neurons: 2nD for n <= D, D^2 beyond (through the D x D matrix of fourth moments), plus 3 m d^2.
package final class QuadraticLoss {
  /// How the loss and M are computed.
  package enum Form {
    /// From the products x_i x_j of every sample, for n <= D.
    case features
    /// From their second moments, for n > D: the cost does not depend on n.
    case moments
    /// By matrix products, for n <= D and d so large that a BLAS call costs less than it saves.
    case products
    /// Over all inputs, in closed form.
    case population
  }

  private let form: Form
  private let inputDimension: Int
  private let sampleCount: Int
  /// Groups of eight inputs, and of eight pairs i <= j.
  private let chunkCount: Int
  private let pairChunkCount: Int
  /// A*, B and M, [input, padded input].
  private let teacher: Lanes
  private let difference: Lanes
  private let gradient: Lanes
  /// For the first two forms: B_ij for i <= j, doubled off the diagonal, and M_ij for i <= j.
  private let packedDifference: Lanes
  private let packedGradient: Lanes
  /// features: x_i x_j, [sample, padded pair]; moments: their mean products, [pair, padded pair]; products: X.
  private let coefficients: Lanes
  /// features: r_k / n; products: X B, then diag(r / n) X.
  private let images: Lanes
  /// 1 but for the deliberate mistake of forgetting (tr B) I.
  private let traceFactor: Double

  /// The population loss under the teacher matrix A*, [input, input].
  package init(teacher matrix: Matrix, traceFactor: Double = 1) {
    inputDimension = matrix.columnCount
    sampleCount = 0
    chunkCount = (inputDimension + 7) / 8
    pairChunkCount = 0
    form = .population
    teacher = Self.padded(matrix)
    difference = Lanes(count: inputDimension * chunkCount)
    gradient = Lanes(count: inputDimension * chunkCount)
    packedDifference = Lanes(count: 0)
    packedGradient = Lanes(count: 0)
    coefficients = Lanes(count: 0)
    images = Lanes(count: 0)
    self.traceFactor = traceFactor
  }

  /// The training loss of a data set, [sample, input], under the teacher matrix A*, [input, input].
  package init(data: Matrix, teacher matrix: Matrix, form chosen: Form? = nil) {
    let d = data.columnCount
    let pairCount = Theory.symmetricDimension(d)
    inputDimension = d
    sampleCount = data.rowCount
    chunkCount = (d + 7) / 8
    pairChunkCount = (pairCount + 7) / 8
    // Why 20: below, plain loops beat BLAS calls, whose overhead is a quarter of a microsecond each.
    form = chosen ?? (sampleCount > pairCount ? .moments : d < 20 ? .features : .products)
    traceFactor = 1
    teacher = Self.padded(matrix)
    difference = Lanes(count: 8 * chunkCount * chunkCount)
    gradient = Lanes(count: 8 * chunkCount * chunkCount)
    packedDifference = Lanes(count: pairChunkCount)
    packedGradient = Lanes(count: pairChunkCount)
    switch form {
    case .features:
      coefficients = Lanes(count: sampleCount * pairChunkCount)
      images = Lanes(count: (sampleCount + 7) / 8)
      for sample in 0..<sampleCount {
        Self.writeProducts(data, sample, into: coefficients.numbers + 8 * pairChunkCount * sample)
      }
    case .moments:
      coefficients = Lanes(count: pairCount * pairChunkCount)
      images = Lanes(count: 0)
      let products = Lanes(count: pairChunkCount)
      for sample in 0..<sampleCount {
        Self.writeProducts(data, sample, into: products.numbers)
        for pair in 0..<pairCount {
          Self.add(
            products.numbers[pair] / Double(sampleCount), products.pointer,
            to: coefficients.pointer + pairChunkCount * pair, pairChunkCount)
        }
      }
    case .products:
      coefficients = Self.padded(data)
      images = Lanes(count: sampleCount * chunkCount)
    case .population: preconditionFailure("the population loss has no data")
    }
  }

  /// A matrix with rows padded by zeros.
  private static func padded(_ matrix: Matrix) -> Lanes {
    let width = (matrix.columnCount + 7) / 8 * 8
    let lanes = Lanes(count: matrix.rowCount * width / 8)
    for row in 0..<matrix.rowCount {
      for column in 0..<matrix.columnCount { lanes.numbers[width * row + column] = matrix[row, column] }
    }
    return lanes
  }

  /// Writes x_i x_j, i <= j, of one sample.
  private static func writeProducts(_ data: Matrix, _ sample: Int, into products: UnsafeMutablePointer<Double>) {
    var pair = 0
    for i in 0..<data.columnCount {
      for j in i..<data.columnCount {
        products[pair] = data[sample, i] * data[sample, j]
        pair += 1
      }
    }
  }

  /// The loss of the weights. Remembers B and M for ``populationLoss`` and ``writeDirection(at:into:)``.
  package func evaluate(_ weights: Weights) -> Double {
    writeDifference(weights)
    switch form {
    case .features:
      packDifference()
      cs_multiply_rows(
        coefficients.numbers, sampleCount, pairChunkCount, packedDifference.numbers, images.numbers)
      var sum = 0.0
      for sample in 0..<sampleCount {
        let residual = images.numbers[sample]
        images.numbers[sample] = residual / Double(sampleCount)
        sum += residual * residual
      }
      return sum / Double(2 * sampleCount)
    case .moments:
      packDifference()
      combine(packedDifference, Theory.symmetricDimension(inputDimension))
      return Self.dot(packedDifference.pointer, packedGradient.pointer, pairChunkCount) / 2
    case .products:
      let width = 8 * chunkCount
      Self.multiply(coefficients, difference, sampleCount, width, width, into: images)
      var sum = 0.0
      for sample in 0..<sampleCount {
        let input = coefficients.pointer + chunkCount * sample
        let image = images.pointer + chunkCount * sample
        let residual = Self.dot(input, image, chunkCount)
        sum += residual * residual
        for chunk in 0..<chunkCount { image[chunk] = residual / Double(sampleCount) * input[chunk] }
      }
      return sum / Double(2 * sampleCount)
    case .population: return populationLoss
    }
  }

  /// The population loss |B|_F^2 + (tr B)^2 / 2 of the weights evaluated last.
  package var populationLoss: Double {
    let squares = Self.dot(difference.pointer, difference.pointer, inputDimension * chunkCount)
    let trace = trace
    return squares + trace * trace / 2
  }

  private var trace: Double {
    (0..<inputDimension).reduce(0) { $0 + difference.numbers[(8 * chunkCount + 1) * $1] }
  }

  /// Writes W M, half the gradient, at the weights evaluated last.
  package func writeDirection(at weights: Weights, into direction: Weights) {
    let width = 8 * chunkCount
    switch form {
    case .features:
      combine(images, sampleCount)
      unpackGradient()
    case .moments: unpackGradient()
    case .population:
      let trace = traceFactor * trace
      for index in 0..<difference.count { gradient.pointer[index] = 2 * difference.pointer[index] }
      for i in 0..<inputDimension { gradient.numbers[(width + 1) * i] += trace }
    case .products:
      Self.multiply(coefficients, images, width, sampleCount, width, transposingFirst: true, into: gradient)
      Self.multiply(weights.lanes, gradient, weights.neuronCount, width, width, into: direction.lanes)
      return
    }
    cs_combine_rows(
      weights.lanes.numbers, width, 1, gradient.numbers, inputDimension, chunkCount, nil, direction.lanes.numbers,
      weights.neuronCount)
  }

  /// M_ij for i <= j: the coefficients' first `count` rows with these factors.
  private func combine(_ factors: Lanes, _ count: Int) {
    cs_combine_rows(
      factors.numbers, 0, 1, coefficients.numbers, count, pairChunkCount, nil, packedGradient.numbers, 1)
  }

  /// B = W^T W - A*.
  private func writeDifference(_ weights: Weights) {
    let width = 8 * chunkCount
    if form == .products {
      Self.multiply(
        weights.lanes, weights.lanes, width, weights.neuronCount, width, transposingFirst: true, into: difference)
      for index in 0..<teacher.count { difference.pointer[index] -= teacher.pointer[index] }
      return
    }
    let weightNumbers = weights.lanes.numbers
    cs_combine_rows(
      weightNumbers, 1, width, weightNumbers, weights.neuronCount, chunkCount, teacher.numbers, difference.numbers,
      inputDimension)
  }

  private func packDifference() {
    var pair = 0
    for i in 0..<inputDimension {
      let row = difference.numbers + 8 * chunkCount * i
      packedDifference.numbers[pair] = row[i]
      pair += 1
      for j in (i + 1)..<inputDimension {
        packedDifference.numbers[pair] = 2 * row[j]
        pair += 1
      }
    }
  }

  private func unpackGradient() {
    let width = 8 * chunkCount
    var pair = 0
    for i in 0..<inputDimension {
      for j in i..<inputDimension {
        let value = packedGradient.numbers[pair]
        gradient.numbers[width * i + j] = value
        gradient.numbers[width * j + i] = value
        pair += 1
      }
    }
  }

  @inline(__always)
  private static func add(
    _ factor: Double, _ row: UnsafeMutablePointer<SIMD8<Double>>, to sum: UnsafeMutablePointer<SIMD8<Double>>,
    _ count: Int
  ) {
    for chunk in 0..<count { sum[chunk] += factor * row[chunk] }
  }

  @inline(__always)
  private static func dot(
    _ left: UnsafeMutablePointer<SIMD8<Double>>, _ right: UnsafeMutablePointer<SIMD8<Double>>, _ count: Int
  ) -> Double {
    var sum = SIMD8<Double>.zero
    for chunk in 0..<count { sum += left[chunk] * right[chunk] }
    return sum.sum()
  }

  private static func multiply(
    _ first: Lanes, _ second: Lanes, _ rowCount: Int, _ innerCount: Int, _ columnCount: Int,
    transposingFirst: Bool = false, into product: Lanes
  ) {
    LinearAlgebra.multiply(
      UnsafeBufferPointer(first.buffer), UnsafeBufferPointer(second.buffer), rowCount: rowCount,
      innerCount: innerCount, columnCount: columnCount, transposingFirst: transposingFirst, into: product.buffer)
  }
}
