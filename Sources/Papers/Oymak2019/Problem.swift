private import Foundation
package import NumericalMethods
internal import PaperKit

/// The deliberate mistakes of this paper's experiments.
enum Mistakes {
  static let forgottenOutputWeights = Mutant(
    "gradient-without-output-weights", meaning: "the gradient lacks the factor v_l of the output weights")
  static let doubledStep = Mutant("doubled-step", meaning: "steps are twice as long as stated")
  static let correlatedLabels = Mutant(
    "correlated-labels", meaning: "labels are the signs of the initial outputs instead of independent ones")
  static let fadingStep = Mutant("fading-step", meaning: "steps shrink as 1 / (1 + steps made / 100)")
  static let repeatedUnits = Mutant(
    "repeated-units", meaning: "every second hidden unit is a copy of the one before it at the start")
  static let frozenUnits = Mutant("frozen-units", meaning: "every second hidden unit is never moved")
  static let smallOutputs = Mutant("small-outputs", meaning: "output weights lack the factor |y|")
  static let steepOutputs = Mutant(
    "steep-outputs", meaning: "output weights fall as k^(-3/4) instead of k^(-1/2)")
  static let truncatedKernel = Mutant(
    "truncated-kernel", meaning: "covariance from two Hermite terms without the exact diagonal")
}

/// One training problem: data on the unit sphere, labels, a Gaussian start, fixed output weights.
///
/// Normalisation: |x_i| = 1, w ~ N(0, I), v_l = +-|y| / sqrt(k n), so E K(W_0) = (|y|^2 / n) Sigma(X).
package struct Problem {
  package let activation: Activation
  /// X, [sample, input].
  package let data: Matrix
  /// y, [sample].
  package let labels: [Double]
  /// W_0, [neuron, input].
  package let start: Matrix
  /// v, [neuron]: the first half positive, the second negative.
  package let outputWeights: [Double]

  /// A problem from its parts; v follows from the labels, but for a factor.
  package init(
    _ activation: Activation, data: Matrix, labels: [Double], start: Matrix, outputFactor: Double = 1
  ) {
    self.activation = activation
    self.data = data
    self.labels = labels
    self.start = start
    let size = outputFactor * LinearAlgebra.norm(labels) / Double(start.rowCount * labels.count).squareRoot()
    outputWeights = (0..<start.rowCount).map { $0 < start.rowCount / 2 ? size : -size }
  }

  /// Draws data, signs and start from the streams of those names.
  init(
    _ activation: Activation, sampleCount: Int, inputDimension: Int, studentWidth: Int, in context: RunContext
  ) {
    self.init(
      activation, data: Self.sphere(sampleCount, inputDimension, in: context), studentWidth: studentWidth, in: context)
  }

  /// Draws signs and start for given data [sample, input].
  init(_ activation: Activation, data: Matrix, studentWidth: Int, in context: RunContext) {
    let drawn = Self.start(studentWidth, data.columnCount, in: context)
    let start =
      context.mutant == Mistakes.repeatedUnits
      ? Matrix(rowCount: studentWidth, columnCount: data.columnCount) { drawn[$0 - $0 % 2, $1] } : drawn
    var stream = context.random("labels")
    let labels = (0..<data.rowCount).map { _ in stream.sign() }
    let factor =
      switch context.mutant {
      case Mistakes.smallOutputs: 1 / LinearAlgebra.norm(labels)
      case Mistakes.steepOutputs: pow(Double(studentWidth), -0.25)
      default: 1.0
      }
    let problem = Problem(activation, data: data, labels: labels, start: start, outputFactor: factor)
    guard context.mutant == Mistakes.correlatedLabels else {
      self = problem
      return
    }
    let outputs = zip(problem.startResiduals, labels).map { $0 + $1 }
    self.init(activation, data: data, labels: outputs.map { $0 > 0 ? 1 : -1 }, start: start)
  }

  /// The same problem with other labels, but for a share of them, chosen by the stream "corruption".
  func labelled(_ labels: [Double], keepingShare share: Double, in context: RunContext) -> Problem {
    var labels = labels
    var order = context.random("corruption")
    let keptCount = Int((share * Double(labels.count)).rounded())
    for sample in order.permutation(labels.count).prefix(keptCount) { labels[sample] = self.labels[sample] }
    return Problem(activation, data: data, labels: labels, start: start)
  }

  /// n points spread evenly over the unit sphere in d dimensions, [sample, input].
  static func sphere(_ sampleCount: Int, _ inputDimension: Int, in context: RunContext) -> Matrix {
    var stream = context.random("data")
    return unitRows(stream.normalMatrix(rowCount: sampleCount, columnCount: inputDimension))
  }

  /// Standard normal weights, [neuron, input].
  static func start(_ studentWidth: Int, _ inputDimension: Int, in context: RunContext) -> Matrix {
    var stream = context.random("start")
    return stream.normalMatrix(rowCount: studentWidth, columnCount: inputDimension)
  }

  /// The rows divided by their lengths.
  package static func unitRows(_ matrix: Matrix) -> Matrix {
    var unit = matrix
    for row in 0..<matrix.rowCount {
      let length = LinearAlgebra.norm(matrix.row(row))
      for column in 0..<matrix.columnCount { unit[row, column] /= length }
    }
    return unit
  }

  /// The network with its data, at the start.
  package var layer: NeuronLayer {
    NeuronLayer(
      activation.function, data: data, labels: labels, weights: start, outputWeights: outputWeights)
  }

  /// |y|.
  package var labelNorm: Double { LinearAlgebra.norm(labels) }

  /// r_0 = f(W_0) - y.
  package var startResiduals: [Double] {
    let layer = layer
    layer.evaluate(gradient: false)
    return layer.residuals
  }

  /// phi(X W^T) and phi'(X W^T), [sample, neuron].
  package func hiddenUnits(at weights: Matrix) -> (values: Matrix, slopes: Matrix) {
    var values = LinearAlgebra.multiply(data, weights, transposingSecond: true)
    var slopes = values
    values.values.withUnsafeMutableBufferPointer { values in
      slopes.values.withUnsafeMutableBufferPointer { slopes in
        VectorFunctions.evaluate(
          activation.function, at: UnsafeBufferPointer(values), values: values, slopes: slopes)
      }
    }
    return (values, slopes)
  }

  /// phi'(X W^T) diag(v), [sample, neuron].
  private func weightedSlopes(at weights: Matrix) -> Matrix {
    var slopes = hiddenUnits(at: weights).slopes
    for sample in 0..<slopes.rowCount {
      for neuron in 0..<slopes.columnCount { slopes[sample, neuron] *= outputWeights[neuron] }
    }
    return slopes
  }

  /// K(W) = J J^T = (phi'(Z) diag(v^2) phi'(Z)^T) o (X X^T), Z = X W^T, [sample, sample]; 2 n^2 (k + d) operations.
  package func kernel(at weights: Matrix) -> Matrix {
    var kernel = LinearAlgebra.outerGram(weightedSlopes(at: weights))
    let gram = LinearAlgebra.outerGram(data)
    for index in kernel.values.indices { kernel.values[index] *= gram.values[index] }
    return kernel
  }

  /// J(W), [sample, neuron * input]: the gradient of f_i with respect to W row by row.
  package func jacobian(at weights: Matrix) -> Matrix {
    let slopes = weightedSlopes(at: weights)
    let d = data.columnCount
    return Matrix(rowCount: data.rowCount, columnCount: weights.rowCount * d) { slopes[$0, $1 / d] * data[$0, $1 % d] }
  }

  /// Spectral norm of X.
  package func spectralNorm() throws -> Double { try LinearAlgebra.singularValues(data).first ?? 0 }

  /// Fraction of pairs (sample, neuron) whose preactivation has another sign than at the start.
  package func flippedShare(at weights: Matrix) -> (mean: Double, greatest: Double) {
    let before = LinearAlgebra.multiply(data, start, transposingSecond: true)
    let after = LinearAlgebra.multiply(data, weights, transposingSecond: true)
    var total = 0
    var greatest = 0
    for sample in 0..<data.rowCount {
      var flips = 0
      for neuron in 0..<start.rowCount where (before[sample, neuron] > 0) != (after[sample, neuron] > 0) { flips += 1 }
      total += flips
      greatest = max(greatest, flips)
    }
    let width = Double(start.rowCount)
    return (Double(total) / (width * Double(data.rowCount)), Double(greatest) / width)
  }
}
