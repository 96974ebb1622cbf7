private import Foundation
package import NumericalMethods

/// z -> S^T S z, the one expensive product of every simulation, by whichever route moves less memory.
///
/// Direct: S [n, p] is cut into blocks of rows that fit the cache; each block is multiplied by z and at once, while it is
/// there, its transpose by the result, so S is read once, not twice. Gram: K = S^T S [p, p] is formed once; a product
/// reads p^2 instead of n p numbers and takes half the operations per number. Measured, the routes break even near
/// n = 0.6 p when they fit the cache (d <= 40) and near n = 0.9 p when not (d = 60): Gram from n = 2p/3 on.
package struct NormalOperator: Sendable {
  /// p.
  private let dimension: Int
  private let blocks: [Matrix]
  /// Whether the Gram matrix is used.
  package let usesGram: Bool
  /// S^T y.
  package let projectedLabels: [Double]

  /// Rows of a block: a quarter of a megabyte. Measured at d = 80: 16 to 17 GB/s of S, the speed of reading memory once;
  /// unblocked 8 GB/s.
  private static func blockRowCount(_ dimension: Int) -> Int { max(8, 32_768 / max(1, dimension)) }

  /// Prepares the products for sensing matrices S [n, p] and labels y. Memory: n p numbers, or p^2.
  package init(sensing: Matrix, labels: [Double], usesGram: Bool? = nil) {
    dimension = sensing.columnCount
    projectedLabels = LinearAlgebra.multiply(sensing, labels, transposingFirst: true)
    let usesGram = usesGram ?? (3 * sensing.rowCount > 2 * sensing.columnCount)
    self.usesGram = usesGram
    let full = usesGram ? LinearAlgebra.gram(sensing) : sensing
    let size = Self.blockRowCount(dimension)
    blocks = stride(from: 0, to: full.rowCount, by: size).map { full.rows($0..<min($0 + size, full.rowCount)) }
  }

  /// S^T S times each of several vectors of length p, which lie one after the other in `vectors`.
  package func multiply(_ vectors: [[Double]]) -> [[Double]] {
    var products = vectors.map { _ in [Double](repeating: 0, count: dimension) }
    multiply(vectors, into: &products)
    return products
  }

  /// The same, in place.
  ///
  /// Why vector by vector: a block is in the cache after the first, and with few vectors a matrix product would spend
  /// more on packing the block than it saves.
  package func multiply(_ vectors: [[Double]], into products: inout [[Double]]) {
    if usesGram {
      var first = 0
      for block in blocks {
        for index in vectors.indices {
          let part = block * vectors[index]
          products[index].replaceSubrange(first..<(first + block.rowCount), with: part)
        }
        first += block.rowCount
      }
      return
    }
    for index in products.indices {
      for element in products[index].indices { products[index][element] = 0 }
    }
    for block in blocks {
      for index in vectors.indices {
        let outputs = block * vectors[index]
        LinearAlgebra.multiply(block, outputs, transposingFirst: true, into: &products[index], adding: 1)
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
