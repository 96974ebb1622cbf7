private import CVectors
private import Synchronization

/// Elementary functions of many numbers at once, and the layers of neurons made from them.
///
/// Computed in vectors of eight doubles by the widest code this processor has; every ``VectorWidth`` gives the same bits.
public enum VectorFunctions {
  /// A function of one variable together with its derivative.
  public enum Function: Sendable, CaseIterable {
    /// log(1 + e^z) and 1 / (1 + e^-z); relative error of both below 1e-15 for z > -708.
    case softplus
    /// max(z, 0) and 1 for z > 0, else 0 (so 0 at 0).
    case rectifier
    /// tanh z and 1 - tanh^2 z; absolute error of the value and relative error of the derivative below 1e-15.
    case hyperbolicTangent
    /// erf z and 2 e^(-z^2) / sqrt(pi), the former by the C library.
    case errorFunction
    /// z^2 / 2 and z.
    case halfSquare

    fileprivate var code: cv_function {
      switch self {
      case .softplus: CV_SOFTPLUS
      case .rectifier: CV_RELU
      case .hyperbolicTangent: CV_TANH
      case .errorFunction: CV_ERF
      case .halfSquare: CV_QUADRATIC
      }
    }
  }

  /// Values and derivatives of a function at many arguments.
  ///
  /// Checked: equal counts. The buffers may coincide.
  public static func evaluate(
    _ function: Function, at arguments: UnsafeBufferPointer<Double>, values: UnsafeMutableBufferPointer<Double>,
    slopes: UnsafeMutableBufferPointer<Double>
  ) {
    precondition(
      arguments.count == values.count && arguments.count == slopes.count,
      "\(arguments.count) arguments, \(values.count) values, \(slopes.count) slopes")
    guard let z = arguments.baseAddress, let value = values.baseAddress, let slope = slopes.baseAddress else { return }
    cv_evaluate(function.code, arguments.count, z, value, slope)
  }

  /// Values and derivatives of a function at many arguments.
  package static func evaluate(_ function: Function, at arguments: [Double]) -> (values: [Double], slopes: [Double]) {
    var values = [Double](repeating: 0, count: arguments.count)
    var slopes = values
    cv_evaluate(function.code, arguments.count, arguments, &values, &slopes)
    return (values, slopes)
  }
}

/// The vectors that all loops in C use: those of AVX2 with fused multiply-add or of AVX-512, the widest of this processor
/// unless a test says otherwise. Other processors than x86-64 have the former's code.
package enum VectorWidth: Int32, CaseIterable, Sendable {
  case avx2 = 256
  case avx512 = 512

  /// Those that this processor can run, ascending; none on x86-64 without AVX2 and fused multiply-add.
  package static var supported: [VectorWidth] { allCases.filter { cv_supports($0.rawValue) != 0 } }

  private static let isInUse = Mutex(())

  /// What `body` gives with each of the supported widths, which it must not change itself.
  ///
  /// Why this may be done while others compute: the width changes no bits.
  package static func each<Result: Sendable>(_ body: () throws -> Result) rethrows -> [Result] {
    try isInUse.withLock { _ in
      defer { if let widest = supported.last { cv_use(widest.rawValue) } }
      return try supported.map { width in
        cv_use(width.rawValue)
        return try body()
      }
    }
  }
}

/// A layer of neurons with fixed output weights, f(x) = sum_l v_l phi(w_l . x), fitted to samples by moving the w_l.
///
/// Keeps weights, gradient and residuals in place, so that a descent step allocates nothing. Below 2000 weights one fused
/// pass over the samples does everything; above, two matrix products do most of it.
public final class NeuronLayer {
  /// Number of samples, n.
  public let sampleCount: Int
  /// Dimension of the inputs, d.
  public let inputDimension: Int
  /// Number of neurons, k.
  public let neuronCount: Int
  /// f(x_i) - y_i at the weights of the last ``evaluate(gradient:)``, [sample].
  public private(set) var residuals: [Double]
  /// Sum of the squared residuals.
  public private(set) var squaredResidual = Double.nan

  private let function: VectorFunctions.Function
  private let data: Matrix
  private let labels: [Double]
  /// Neurons are padded by zeros to a multiple of eight.
  private let chunkCount: Int
  private let outputWeights: [Double]
  /// [input, padded neuron].
  private var weights: Matrix
  private var gradient: Matrix
  private var scratch: [Double]
  /// For the matrix products, [sample, padded neuron]; empty for the fused pass.
  private var preactivations: Matrix
  private var values: Matrix

  /// Why 2000: measured, the fused pass is faster below, where weights and gradient fit into the first cache.
  private static let fusedWeightCount = 2000

  /// A layer.
  ///
  /// data X [sample, input], labels y [sample], weights W [neuron, input], outputWeights v [neuron]. Checked: shapes.
  public init(
    _ function: VectorFunctions.Function, data: Matrix, labels: [Double], weights start: Matrix, outputWeights: [Double]
  ) {
    (sampleCount, inputDimension, neuronCount) = (data.rowCount, data.columnCount, start.rowCount)
    precondition(
      labels.count == data.rowCount && start.columnCount == data.columnCount && outputWeights.count == start.rowCount,
      "data \(data.shapeText), \(labels.count) labels, weights \(start.shapeText), \(outputWeights.count) outputs")
    self.function = function
    self.data = data
    self.labels = labels
    chunkCount = (neuronCount + 7) / 8
    let padded = 8 * chunkCount
    self.outputWeights = outputWeights + Array(repeating: 0, count: padded - neuronCount)
    weights = Matrix(rowCount: inputDimension, columnCount: padded)
    gradient = weights
    for neuron in 0..<neuronCount {
      for input in 0..<inputDimension { weights[unchecked: input, neuron] = start[unchecked: neuron, input] }
    }
    residuals = Array(repeating: 0, count: sampleCount)
    let isFused = neuronCount * inputDimension < Self.fusedWeightCount
    scratch = Array(repeating: 0, count: 4 * padded)
    preactivations = Matrix(rowCount: isFused ? 0 : sampleCount, columnCount: isFused ? 0 : padded)
    values = preactivations
  }

  /// The weights W, [neuron, input].
  public var currentWeights: Matrix {
    Matrix(rowCount: neuronCount, columnCount: inputDimension) { weights[unchecked: $1, $0] }
  }

  /// Frobenius distance of the weights to others, [neuron, input].
  ///
  /// Checked: shape.
  public func distance(to other: Matrix) -> Double {
    precondition(
      other.rowCount == neuronCount && other.columnCount == inputDimension,
      "weights \(other.shapeText) beside \(neuronCount) x \(inputDimension)")
    var sum = 0.0
    for input in 0..<inputDimension {
      for neuron in 0..<neuronCount {
        let difference = weights[unchecked: input, neuron] - other[unchecked: neuron, input]
        sum += difference * difference
      }
    }
    return sum.squareRoot()
  }

  /// The gradient of |r|^2 / 2 with respect to W at the last evaluation, [neuron, input]:
  /// v_l sum_i r_i phi'(w_l . x_i) x_i.
  public var currentGradient: Matrix {
    Matrix(rowCount: neuronCount, columnCount: inputDimension) {
      outputWeights[$0] * gradient[unchecked: $1, $0]
    }
  }

  /// Computes the residuals, and the gradient unless it is not wanted.
  public func evaluate(gradient wantsGradient: Bool = true) {
    if preactivations.rowCount > 0 { return evaluateByProducts(gradient: wantsGradient) }
    squaredResidual = gradient.values.withUnsafeMutableBufferPointer { gradient in
      cv_layer_pass(
        function.code, sampleCount, inputDimension, neuronCount, data.values, labels, outputWeights, weights.values,
        wantsGradient ? gradient.baseAddress : nil, &residuals, &scratch)
    }
  }

  private func evaluateByProducts(gradient wantsGradient: Bool) {
    let padded = 8 * chunkCount
    LinearAlgebra.multiply(data, weights, into: &preactivations)
    preactivations.values.withUnsafeMutableBufferPointer { z in
      values.values.withUnsafeMutableBufferPointer { values in
        // In place: the slopes take the place of the preactivations.
        VectorFunctions.evaluate(function, at: UnsafeBufferPointer(z), values: values, slopes: z)
      }
    }
    LinearAlgebra.multiply(values, outputWeights, into: &residuals)
    var total = 0.0
    for sample in 0..<sampleCount {
      residuals[sample] -= labels[sample]
      total += residuals[sample] * residuals[sample]
    }
    squaredResidual = total
    guard wantsGradient else { return }
    preactivations.values.withUnsafeMutableBufferPointer { slopes in
      for sample in 0..<sampleCount {
        let residual = residuals[sample]
        for index in (sample * padded)..<((sample + 1) * padded) { slopes[index] *= residual }
      }
    }
    LinearAlgebra.multiply(data, preactivations, transposingFirst: true, into: &gradient)
  }

  /// A vector of rates, one per neuron, for ``step(_:)`` and ``step(sample:_:)``: factor times the output weights.
  public func rates(_ factor: Double) -> [Double] { outputWeights.map { factor * $0 } }

  /// A step down the gradient of the last evaluation: w_l <- w_l - rates_l sum_i r_i phi'(w_l . x_i) x_i.
  ///
  /// With rates eta v this is gradient descent on |r|^2 / 2 with step eta. Checked: the count of rates, which include the
  /// padding.
  public func step(_ rates: [Double]) {
    precondition(rates.count == outputWeights.count, "\(rates.count) rates for \(outputWeights.count) neurons")
    cv_layer_step(inputDimension, neuronCount, rates, gradient.values, &weights.values)
  }

  /// A stochastic step on one sample: w_l <- w_l - rates_l r_i phi'(w_l . x_i) x_i.
  ///
  /// Checked: the sample, the count of rates. Does not change ``residuals``.
  public func step(sample: Int, _ rates: [Double]) {
    precondition((0..<sampleCount).contains(sample), "sample \(sample) of \(sampleCount)")
    precondition(rates.count == outputWeights.count, "\(rates.count) rates for \(outputWeights.count) neurons")
    data.values.withUnsafeBufferPointer { data in
      guard let data = data.baseAddress else { return }
      _ = cv_sample_step(
        function.code, inputDimension, neuronCount, data + sample * inputDimension, labels[sample], outputWeights,
        rates, &weights.values, &scratch)
    }
  }
}
