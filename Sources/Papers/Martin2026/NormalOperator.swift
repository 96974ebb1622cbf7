private import CMartin2026
private import Foundation
package import NumericalMethods

/// z -> S^T S z, the one expensive product of every simulation, by whichever route moves less memory.
///
/// Direct: four rows of S [n, p] at a time are multiplied by z and at once, while they are in the nearest cache, their
/// transpose by the result, so S is read once, not twice. ``Instance`` rounds its sensing matrices to single precision (they
/// are then the data), so they take half the memory and no accuracy is lost: all sums are in double precision. Gram: K = S^T
/// S [p, p] is formed once; of it only the blocks on and above the diagonal are kept, and each of the latter serves for
/// itself and for its mirror image while it is in the cache. Measured with d = 40 (AVX2): 73 and 145 microseconds direct for
/// n = 480 and 960, 110 by Gram, whose n p^2 operations of preparation cost as much as several hundred products: Gram from
/// n = 5 p/2 on.
package struct NormalOperator: Sendable {
  /// p.
  private let dimension: Int
  /// Direct: S row by row, in single precision.
  private let rows: [Float]
  private let rowCount: Int
  /// Gram: what stands right of each block on the diagonal of K.
  private let blocks: [Matrix]
  /// Gram: the blocks on the diagonal of K.
  private let diagonal: [Matrix]
  /// Whether the Gram matrix is used.
  package let usesGram: Bool
  /// S^T y.
  package let projectedLabels: [Double]

  /// Prepares the products for sensing matrices S [n, p] and labels y. Memory: n p numbers of single precision, or about
  /// p^2/2 of double precision. Numbers that single precision does not hold exactly go the way of the Gram matrix.
  package init(sensing: Matrix, labels: [Double], usesGram: Bool? = nil) {
    let p = sensing.columnCount
    dimension = p
    rowCount = sensing.rowCount
    projectedLabels = LinearAlgebra.multiply(sensing, labels, transposingFirst: true)
    let usesGram =
      usesGram ?? (2 * sensing.rowCount > 5 * p || !sensing.values.allSatisfy { Double(Float($0)) == $0 })
    self.usesGram = usesGram
    guard usesGram else {
      rows = sensing.values.map { Float($0) }
      (blocks, diagonal) = ([], [])
      return
    }
    rows = []
    let gram = LinearAlgebra.gram(sensing)
    // A quarter of a megabyte a block.
    var firsts: [Int] = []
    var first = 0
    while first < p {
      firsts.append(first)
      first = min(p, first + max(8, 32_768 / (p - first)))
    }
    let ends = firsts.dropFirst() + [p]
    func part(_ rows: Range<Int>, _ columns: Range<Int>) -> Matrix {
      Matrix(
        rowCount: rows.count, columnCount: columns.count,
        values: rows.flatMap { gram.values[($0 * p + columns.lowerBound)..<($0 * p + columns.upperBound)] })
    }
    diagonal = zip(firsts, ends).map { part($0..<$1, $0..<$1) }
    blocks = zip(firsts, ends).map { part($0..<$1, $1..<p) }
  }

  /// S^T S times each of several vectors of length p.
  package func multiply(_ vectors: [[Double]]) -> [[Double]] {
    var products = vectors.map { _ in [Double](repeating: 0, count: dimension) }
    multiply(vectors, into: &products)
    return products
  }

  /// The same, in place.
  ///
  /// Why vector by vector: rows are in the cache after the first, and with few vectors a matrix product would spend more on
  /// packing them than it saves.
  package func multiply(_ vectors: [[Double]], into products: inout [[Double]]) {
    for index in products.indices {
      for element in products[index].indices { products[index][element] = 0 }
    }
    guard usesGram else { return multiplyDirectly(vectors, into: &products) }
    var first = 0
    for (own, right) in zip(diagonal, blocks) {
      let end = first + own.rowCount
      for index in vectors.indices {
        let here = Array(vectors[index][first..<end])
        var product = own * here
        if end < dimension {
          LinearAlgebra.multiply(right, Array(vectors[index][end...]), into: &product, adding: 1)
          add(LinearAlgebra.multiply(right, here, transposingFirst: true), to: &products[index], from: end)
        }
        add(product, to: &products[index], from: first)
      }
      first = end
    }
  }

  private func multiplyDirectly(_ vectors: [[Double]], into products: inout [[Double]]) {
    rows.withUnsafeBufferPointer { rows in
      guard let rows = rows.baseAddress else { return }
      // About 128 KB of rows at a time for all vectors; in fours, as they are worked on.
      let size = vectors.count == 1 ? rowCount : max(4, 8_192 / dimension * 4)
      for first in stride(from: 0, to: rowCount, by: size) {
        for index in vectors.indices {
          precondition(vectors[index].count == dimension && products[index].count == dimension)
          vectors[index].withUnsafeBufferPointer { vector in
            products[index].withUnsafeMutableBufferPointer { product in
              guard let vector = vector.baseAddress, let product = product.baseAddress else { return }
              cm_add_normal_product(
                rows + first * dimension, min(size, rowCount - first), max(0, rowCount - first - size), dimension,
                vector, product)
            }
          }
        }
      }
    }
  }

  private func add(_ part: [Double], to sum: inout [Double], from first: Int) {
    sum.withUnsafeMutableBufferPointer { sum in
      part.withUnsafeBufferPointer { part in
        for index in part.indices { sum[first + index] += part[index] }
      }
    }
  }
}

/// Explicit Euler steps of the flow dW/dt = -(F + 2 lambda) W, F = (d/n) sum_k (tr X_k Z - y_k) X_k, for several starts at
/// once on the same data.
package struct Descent: Sendable {
  /// Deliberate mistakes in the dynamics.
  package struct Mistakes: Sendable {
    /// The flow at half its pace but with the full regularisation: F/2 + 2 lambda.
    package var halvesForce = false
    package init(halvesForce: Bool = false) { self.halvesForce = halvesForce }
  }

  private let inputDimension: Int
  private let forceScale: Double
  private let decay: Double
  private let learningRate: Double
  private let data: NormalOperator
  /// The weights W [d, m], one for each start.
  package private(set) var weights: [Matrix]
  private var vectors: [[Double]]
  private var products: [[Double]]
  private var force: Matrix
  private var product: Matrix

  /// Begins at the given weights. Checked: at least one start.
  package init(
    _ instance: Instance, starts: [Matrix], regularization: Double, learningRate: Double, data: NormalOperator,
    mistakes: Mistakes = Mistakes()
  ) {
    precondition(!starts.isEmpty, "descent without a start")
    let d = instance.size.inputDimension
    inputDimension = d
    forceScale = Double(d) / Double(instance.size.sampleCount) * (mistakes.halvesForce ? 0.5 : 1)
    decay = 2 * regularization
    self.learningRate = learningRate
    self.data = data
    weights = starts
    vectors = starts.map { _ in [] }
    products = starts.map { _ in [Double](repeating: 0, count: instance.size.symmetricDimension) }
    force = Matrix(rowCount: d, columnCount: d)
    product = Matrix(rowCount: d, columnCount: starts[0].columnCount)
  }

  /// W <- W - eta (F + 2 lambda) W, so many times.
  ///
  /// Throws ``NumericalError/notFinite(quantity:time:)`` when the learning rate is too large.
  package mutating func advance(stepCount: Int) throws {
    for _ in 0..<stepCount {
      for index in weights.indices { vectors[index] = Instance.vector(of: LinearAlgebra.outerGram(weights[index])) }
      data.multiply(vectors, into: &products)
      for index in weights.indices {
        LinearAlgebra.add(-1, times: data.projectedLabels, to: &products[index])
        Instance.write(products[index][...], times: forceScale, into: &force)
        LinearAlgebra.multiply(force, weights[index], into: &product)
        let keep = 1 - learningRate * decay
        let rate = learningRate
        weights[index].values.withUnsafeMutableBufferPointer { w in
          product.values.withUnsafeBufferPointer { f in
            for element in w.indices { w[element] = keep * w[element] - rate * f[element] }
          }
        }
      }
    }
    for matrix in weights where !matrix.squaredNorm.isFinite {
      throw NumericalError.notFinite(quantity: "weights (learning rate \(learningRate) too large)", time: 0)
    }
  }
}
