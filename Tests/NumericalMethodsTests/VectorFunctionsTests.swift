import Foundation
import NumericalMethods
import TestSupport
import Testing

@Suite struct VectorFunctionsTests {
  private static let arguments: [Double] = {
    var stream = RandomStream(key: 7, stream: 0)
    let random = stream.normals(20_000).map { 5 * $0 } + stream.normals(2000).map { 200 * $0 }
    let special = [0, 1e-300, 1e-9, 0.881373587019543, 16, 16.001, 31.999, 32, 32.001, 700]
    return random.filter { $0 > -700 } + special + special.map { -$0 } + [1e4]
  }()

  @Test("softplus and its derivative agree with the C library to 1e-15")
  func softplus() {
    let z = Self.arguments
    let (values, slopes) = VectorFunctions.evaluate(.softplus, at: z)
    expectClose(values, z.map { max($0, 0) + log1p(exp(-abs($0))) }, relative: 1e-15)
    expectClose(slopes, z.map { $0 > 0 ? 1 / (1 + exp(-$0)) : exp($0) / (1 + exp($0)) }, relative: 1e-15)
  }

  @Test("what is not a number is not made one", arguments: [VectorFunctions.Function.softplus, .hyperbolicTangent])
  func notANumber(function: VectorFunctions.Function) {
    let (values, slopes) = VectorFunctions.evaluate(function, at: [1, .nan, -1])
    #expect(values.map(\.isNaN) == [false, true, false] && slopes.map(\.isNaN) == [false, true, false])
  }

  @Test("the other functions agree with the C library")
  func others() {
    let z = Self.arguments
    let (tanhValues, tanhSlopes) = VectorFunctions.evaluate(.hyperbolicTangent, at: z)
    expectClose(tanhValues, z.map { tanh($0) }, absolute: 1e-15)
    // tanh z is 1 to rounding beyond 20, so the derivative comes from cosh; beyond 350 that overflows.
    let moderate = z.indices.filter { abs(z[$0]) < 350 }
    expectClose(
      moderate.map { tanhSlopes[$0] }, moderate.map { 1 / (cosh(z[$0]) * cosh(z[$0])) }, relative: 4e-15)
    let (erfValues, erfSlopes) = VectorFunctions.evaluate(.errorFunction, at: z)
    expectClose(erfValues, z.map { erf($0) }, relative: 1e-15)
    expectClose(erfSlopes, z.map { 2 / Double.pi.squareRoot() * exp(-$0 * $0) }, relative: 1e-13, absolute: 1e-300)
    let (rectified, steps) = VectorFunctions.evaluate(.rectifier, at: z)
    #expect(rectified == z.map { max($0, 0) } && steps == z.map { $0 > 0 ? 1 : 0 })
    let (squares, identity) = VectorFunctions.evaluate(.halfSquare, at: z)
    #expect(squares == z.map { $0 * $0 / 2 } && identity == z)
  }

  @Test("every vector width gives the same bits", arguments: VectorFunctions.Function.allCases)
  func widths(function: VectorFunctions.Function) {
    let z = Self.arguments
    expectSameBitsAtEveryWidth {
      let (values, slopes) = VectorFunctions.evaluate(function, at: z)
      return values + slopes
    }
  }

  @Test(
    "any number of samples and neurons: the layer is the sum it says", arguments: [1, 2, 3, 4, 5, 9],
    [1, 4, 8, 12, 20, 21, 32, 36, 70])
  func layer(sampleCount: Int, neuronCount: Int) {
    var stream = RandomStream(key: 3, stream: UInt64(sampleCount * 100 + neuronCount))
    let data = stream.normalMatrix(rowCount: sampleCount, columnCount: 3)
    let weights = stream.normalMatrix(rowCount: neuronCount, columnCount: 3)
    let (labels, outputs) = (stream.normals(sampleCount), stream.normals(neuronCount))
    let layer = NeuronLayer(.hyperbolicTangent, data: data, labels: labels, weights: weights, outputWeights: outputs)
    layer.evaluate()
    let z = LinearAlgebra.multiply(data, weights, transposingSecond: true)
    let residuals = (0..<sampleCount).map { i in
      (0..<neuronCount).reduce(-labels[i]) { $0 + outputs[$1] * tanh(z[i, $1]) }
    }
    expectClose(layer.residuals, residuals, absolute: 1e-13)
    let gradient = Matrix(rowCount: neuronCount, columnCount: 3) { l, j in
      (0..<sampleCount).reduce(0) { $0 + residuals[$1] * outputs[l] * data[$1, j] / pow(cosh(z[$1, l]), 2) }
    }
    expectClose(layer.currentGradient, gradient, absolute: 1e-12)
    expectClose(layer.currentWeights, weights)
  }

  @Test("layers and their steps have the same bits at every vector width", arguments: 1...40)
  func layerWidths(neuronCount: Int) {
    var stream = RandomStream(key: 4, stream: UInt64(neuronCount))
    let data = stream.normalMatrix(rowCount: 7, columnCount: 5)
    let weights = stream.normalMatrix(rowCount: neuronCount, columnCount: 5)
    let (labels, outputs) = (stream.normals(7), stream.normals(neuronCount))
    for function in VectorFunctions.Function.allCases {
      expectSameBitsAtEveryWidth("\(function)") {
        let layer = NeuronLayer(function, data: data, labels: labels, weights: weights, outputWeights: outputs)
        layer.evaluate()
        layer.step(layer.rates(0.01))
        layer.step(sample: 3, layer.rates(0.02))
        layer.evaluate(gradient: false)
        return layer.residuals + layer.currentWeights.values + [layer.squaredResidual]
      }
    }
  }
}
