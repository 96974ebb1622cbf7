internal import NumericalMethods

/// Aligned memory for rows of eight-double lanes, zero at first, freed with its last owner.
///
/// Why not arrays: a descent step at d = 8 takes half a microsecond, and uniqueness checks on a dozen arrays would cost as
/// much as the arithmetic.
final class Lanes {
  let pointer: UnsafeMutablePointer<SIMD8<Double>>
  let count: Int

  init(count: Int) {
    self.count = count
    pointer = .allocate(capacity: count)
    pointer.initialize(repeating: .zero, count: count)
  }
  deinit { pointer.deallocate() }

  /// The same memory as single numbers, `8 * count` of them.
  var numbers: UnsafeMutablePointer<Double> {
    UnsafeMutableRawPointer(pointer).assumingMemoryBound(to: Double.self)
  }
}

/// Weights of a student, [neuron, input] with rows padded by zeros to a multiple of eight: row i is w_i / sqrt(m), and the
/// student is f(x) = x^T A x with A = W^T W.
struct Weights {
  let neuronCount: Int
  let inputDimension: Int
  let lanes: Lanes
  /// Groups of eight in a row.
  let chunkCount: Int

  /// Zero weights of a shape.
  init(neuronCount: Int, inputDimension: Int) {
    self.neuronCount = neuronCount
    self.inputDimension = inputDimension
    chunkCount = (inputDimension + 7) / 8
    lanes = Lanes(count: neuronCount * chunkCount)
  }

  /// Weights from a matrix, [neuron, input].
  init(_ matrix: Matrix) {
    self.init(neuronCount: matrix.rowCount, inputDimension: matrix.columnCount)
    for neuron in 0..<neuronCount {
      for input in 0..<inputDimension { lanes.numbers[8 * chunkCount * neuron + input] = matrix[neuron, input] }
    }
  }

  /// The weights as a matrix, [neuron, input].
  var matrix: Matrix {
    Matrix(rowCount: neuronCount, columnCount: inputDimension) { lanes.numbers[8 * chunkCount * $0 + $1] }
  }

  /// All numbers with their padding, the state of an integrator.
  var numbers: [Double] { Array(UnsafeBufferPointer(start: lanes.numbers, count: 8 * lanes.count)) }

  /// Overwrites the weights with such numbers.
  func read(_ numbers: UnsafeBufferPointer<Double>) {
    for index in 0..<(8 * lanes.count) { lanes.numbers[index] = numbers[index] }
  }

  /// Writes factor times these numbers.
  func write(_ numbers: UnsafeMutableBufferPointer<Double>, times factor: Double) {
    for index in 0..<(8 * lanes.count) { numbers[index] = factor * lanes.numbers[index] }
  }

  /// Overwrites these weights with others of the same shape.
  func copy(from other: Weights) { lanes.pointer.update(from: other.lanes.pointer, count: lanes.count) }

  /// Overwrites these weights with start + factor * direction.
  func set(_ start: Weights, plus factor: Double, times direction: Weights) {
    for index in 0..<lanes.count {
      lanes.pointer[index] = start.lanes.pointer[index] + factor * direction.lanes.pointer[index]
    }
  }

  /// Overwrites these weights with end + factor * (end - start).
  func extrapolate(from start: Weights, through end: Weights, by factor: Double) {
    for index in 0..<lanes.count {
      lanes.pointer[index] = end.lanes.pointer[index] + factor * (end.lanes.pointer[index] - start.lanes.pointer[index])
    }
  }

  /// Frobenius distance to weights of the same shape.
  func distance(to other: Weights) -> Double {
    var sum = SIMD8<Double>.zero
    for index in 0..<lanes.count {
      let difference = lanes.pointer[index] - other.lanes.pointer[index]
      sum += difference * difference
    }
    return sum.sum().squareRoot()
  }

  /// Squared Frobenius norm.
  var squaredNorm: Double {
    var sum = SIMD8<Double>.zero
    for index in 0..<lanes.count { sum += lanes.pointer[index] * lanes.pointer[index] }
    return sum.sum()
  }
}

/// The training loss of one data set and teacher, and the direction in which it falls, for quadratic students.
///
///     E_n(W) = (1/2n) sum_k r_k^2,   r_k = x_k^T B x_k,   B = W^T W - A*,
///     M = (1/n) sum_k r_k x_k x_k^T;   the gradient of E_n is 2 W M, gradient flow here is dW/dt = -W M.
///
/// The residuals come from B, not from f(x) - y, so they keep their relative accuracy however small the loss becomes.
/// Cost of one evaluation with its direction, D = d(d+1)/2 and m neurons: 2nD for n <= D, D^2 beyond (through the D x D
/// matrix of fourth moments), plus 3 m d^2.
final class EmpiricalLoss {
  /// How residuals and gradient are computed.
  enum Form {
    /// From the products x_i x_j of every sample, for n <= D.
    case features
    /// From their second moments, for n > D: the cost does not depend on n.
    case moments
    /// By matrix products, for n <= D and d so large that a BLAS call costs less than it saves.
    case products
  }

  private let form: Form
  private let inputDimension: Int
  private let sampleCount: Int
  /// Groups of eight inputs, and of eight pairs i <= j.
  private let chunkCount: Int
  private let pairChunkCount: Int
  /// A*, then B and M, [input, padded input].
  private let teacher: Lanes
  private let difference: Lanes
  private let gradient: Lanes
  /// B_ij for i <= j, doubled off the diagonal; M_ij for i <= j.
  private let packedDifference: Lanes
  private let packedGradient: Lanes
  /// 1 on the diagonal, 1/2 off it, 0 in the padding: |B|^2 = sum pairWeight * packedDifference^2.
  private let pairWeight: Lanes
  /// features: x_i x_j, [sample, padded pair]; moments: their mean products, [pair, padded pair]; products: X.
  private let coefficients: Lanes
  /// products: X B, then diag(r / n) X.
  private let images: Lanes
  private let residuals: Lanes

  /// The loss of a data set, [sample, input], under the teacher matrix A*, [input, input].
  init(data: Matrix, teacher matrix: Matrix, form chosen: Form? = nil) {
    let d = data.columnCount
    let pairCount = Theory.symmetricDimension(d)
    inputDimension = d
    sampleCount = data.rowCount
    chunkCount = (d + 7) / 8
    pairChunkCount = (pairCount + 7) / 8
    // Why 20: below, plain loops beat the call overhead of four BLAS products.
    form = chosen ?? (data.rowCount > pairCount ? .moments : d < 20 ? .features : .products)
    teacher = Lanes(count: d * chunkCount)
    difference = Lanes(count: 8 * chunkCount * chunkCount)
    gradient = Lanes(count: 8 * chunkCount * chunkCount)
    packedDifference = Lanes(count: pairChunkCount)
    packedGradient = Lanes(count: pairChunkCount)
    pairWeight = Lanes(count: pairChunkCount)
    residuals = Lanes(count: (data.rowCount + 7) / 8)
    var pair = 0
    for i in 0..<d {
      for j in 0..<d { teacher.numbers[8 * chunkCount * i + j] = matrix[i, j] }
      for j in i..<d {
        pairWeight.numbers[pair] = i == j ? 1 : 0.5
        pair += 1
      }
    }
    switch form {
    case .features:
      coefficients = Lanes(count: sampleCount * pairChunkCount)
      images = Lanes(count: 0)
      for sample in 0..<sampleCount {
        Self.writeProducts(data, sample, into: coefficients.numbers + 8 * pairChunkCount * sample)
      }
    case .moments:
      coefficients = Lanes(count: pairCount * pairChunkCount)
      images = Lanes(count: 0)
      addMoments(of: data)
    case .products:
      coefficients = Lanes(count: sampleCount * chunkCount)
      images = Lanes(count: sampleCount * chunkCount)
      for sample in 0..<sampleCount {
        for i in 0..<d { coefficients.numbers[8 * chunkCount * sample + i] = data[sample, i] }
      }
    }
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

  /// Adds (1/n) sum_k (x_i x_j)(x_a x_b) to the moments, in blocks of samples so that memory does not grow with n.
  private func addMoments(of data: Matrix) {
    let pairCount = Theory.symmetricDimension(inputDimension)
    let product = Lanes(count: pairChunkCount)
    let scale = 1 / Double(sampleCount)
    for sample in 0..<sampleCount {
      Self.writeProducts(data, sample, into: product.numbers)
      for pair in 0..<pairCount {
        Self.add(scale * product.numbers[pair], product.pointer, to: coefficients.pointer + pairChunkCount * pair, pairChunkCount)
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

  /// The training loss E_n(W). Remembers B and the residuals for ``populationLoss`` and ``writeDirection(at:into:)``.
  func evaluate(_ weights: Weights) -> Double {
    writeDifference(weights)
    let n = Double(sampleCount)
    switch form {
    case .features:
      var sum = 0.0
      for sample in 0..<sampleCount {
        let residual = Self.dot(packedDifference.pointer, coefficients.pointer + pairChunkCount * sample, pairChunkCount)
        residuals.numbers[sample] = residual / n
        sum += residual * residual
      }
      return sum / (2 * n)
    case .moments:
      packedGradient.pointer.update(repeating: .zero, count: pairChunkCount)
      for pair in 0..<Theory.symmetricDimension(inputDimension) {
        Self.add(
          packedDifference.numbers[pair], coefficients.pointer + pairChunkCount * pair, to: packedGradient.pointer,
          pairChunkCount)
      }
      return Self.dot(packedDifference.pointer, packedGradient.pointer, pairChunkCount) / 2
    case .products:
      return evaluateByProducts() / (2 * n)
    }
  }

  /// The population loss |B|_F^2 + (tr B)^2 / 2 of the weights evaluated last.
  var populationLoss: Double {
    var squares = SIMD8<Double>.zero
    for chunk in 0..<pairChunkCount {
      squares += pairWeight.pointer[chunk] * packedDifference.pointer[chunk] * packedDifference.pointer[chunk]
    }
    var trace = 0.0
    var pair = 0
    for i in 0..<inputDimension {
      trace += packedDifference.numbers[pair]
      pair += inputDimension - i
    }
    return squares.sum() + trace * trace / 2
  }

  /// Writes W M, half the gradient, at the weights evaluated last.
  func writeDirection(at weights: Weights, into direction: Weights) {
    if form == .features {
      packedGradient.pointer.update(repeating: .zero, count: pairChunkCount)
      for sample in 0..<sampleCount {
        Self.add(
          residuals.numbers[sample], coefficients.pointer + pairChunkCount * sample, to: packedGradient.pointer,
          pairChunkCount)
      }
    }
    if form != .products { unpackGradient() }
    let stride = 8 * chunkCount
    for neuron in 0..<weights.neuronCount {
      for chunk in 0..<chunkCount {
        var sum = SIMD8<Double>.zero
        for input in 0..<inputDimension {
          sum += weights.lanes.numbers[stride * neuron + input] * gradient.pointer[chunkCount * input + chunk]
        }
        direction.lanes.pointer[chunkCount * neuron + chunk] = sum
      }
    }
  }

  /// B = W^T W - A* on and right of the diagonal, whole and packed.
  private func writeDifference(_ weights: Weights) {
    let stride = 8 * chunkCount
    var pair = 0
    for i in 0..<inputDimension {
      for chunk in (i / 8)..<chunkCount {
        var sum = -teacher.pointer[chunkCount * i + chunk]
        for neuron in 0..<weights.neuronCount {
          sum += weights.lanes.numbers[stride * neuron + i] * weights.lanes.pointer[chunkCount * neuron + chunk]
        }
        difference.pointer[chunkCount * i + chunk] = sum
      }
      let row = difference.numbers + stride * i
      packedDifference.numbers[pair] = row[i]
      pair += 1
      for j in (i + 1)..<max(inputDimension, i + 1) {
        packedDifference.numbers[pair] = 2 * row[j]
        pair += 1
      }
    }
  }

  private func unpackGradient() {
    let stride = 8 * chunkCount
    var pair = 0
    for i in 0..<inputDimension {
      for j in i..<inputDimension {
        let value = packedGradient.numbers[pair]
        gradient.numbers[stride * i + j] = value
        gradient.numbers[stride * j + i] = value
        pair += 1
      }
    }
  }

  /// The sum of squared residuals through X B, leaving M in `gradient`.
  private func evaluateByProducts() -> Double {
    preconditionFailure("later")
  }
}
