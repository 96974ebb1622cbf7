package import NumericalMethods

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
  /// The same memory for matrix products.
  var buffer: UnsafeMutableBufferPointer<Double> { UnsafeMutableBufferPointer(start: numbers, count: 8 * count) }
}

/// Weights of a student, [neuron, input] with rows padded by zeros to a multiple of eight: row i is w_i / sqrt(m), and the
/// student is f(x) = x^T A x with A = W^T W.
package struct Weights {
  let neuronCount: Int
  let inputDimension: Int
  let lanes: Lanes
  /// Groups of eight in a row.
  let chunkCount: Int

  /// Zero weights of a shape.
  package init(neuronCount: Int, inputDimension: Int) {
    self.neuronCount = neuronCount
    self.inputDimension = inputDimension
    chunkCount = (inputDimension + 7) / 8
    lanes = Lanes(count: neuronCount * chunkCount)
  }

  /// Weights from a matrix, [neuron, input].
  package init(_ matrix: Matrix) {
    self.init(neuronCount: matrix.rowCount, inputDimension: matrix.columnCount)
    for neuron in 0..<neuronCount {
      for input in 0..<inputDimension { lanes.numbers[8 * chunkCount * neuron + input] = matrix[neuron, input] }
    }
  }

  /// The weights as a matrix, [neuron, input].
  package var matrix: Matrix {
    Matrix(rowCount: neuronCount, columnCount: inputDimension) { lanes.numbers[8 * chunkCount * $0 + $1] }
  }

  /// All numbers with their padding, the state of an integrator.
  var numbers: [Double] { Array(UnsafeBufferPointer(start: lanes.numbers, count: 8 * lanes.count)) }

  /// Overwrites the weights with such numbers.
  func read(_ numbers: UnsafeBufferPointer<Double>) {
    guard let start = numbers.baseAddress else { return }
    lanes.numbers.update(from: start, count: 8 * lanes.count)
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
