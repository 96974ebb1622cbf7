import Foundation
import NumericalMethods
import Oymak2019
import PaperKit
import TestSupport
import Testing

/// Everything but the data of a random problem.
private func randomProblem(
  _ activation: Activation, sampleCount: Int, inputDimension: Int, studentWidth: Int, key: UInt64 = 1
) -> Problem {
  var stream = RandomStream(key: key, stream: 0)
  let data = Problem.unitRows(stream.normalMatrix(rowCount: sampleCount, columnCount: inputDimension))
  let labels = (0..<sampleCount).map { _ in stream.sign() }
  let start = stream.normalMatrix(rowCount: studentWidth, columnCount: inputDimension)
  return Problem(activation, data: data, labels: labels, start: start)
}

@Suite struct DescentTests {
  let reference: Reference

  init() throws { reference = try Reference() }

  private func fixture(_ name: String) throws -> (Problem, Reference.Network) {
    let fixture = reference.fixture
    let activation = try #require(Activation(rawValue: name))
    let network = try #require(fixture.networks[name])
    return (
      Problem(activation, data: matrix(fixture.data), labels: fixture.labels, start: matrix(fixture.start)), network
    )
  }

  @Test("outputs, loss, gradient and Jacobian of the fixture", arguments: ["softplus", "relu", "tanh"])
  func start(name: String) throws {
    let (problem, network) = try fixture(name)
    expectClose(problem.outputWeights, reference.fixture.outputWeights, relative: 1e-12)
    expectClose(try problem.spectralNorm(), reference.fixture.spectralNorm, relative: 1e-12)
    let layer = problem.layer
    layer.evaluate()
    expectClose(zip(layer.residuals, problem.labels).map { $0 + $1 }, network.outputs, absolute: 1e-12)
    expectClose(layer.squaredResidual / 2, network.loss, relative: 1e-12)
    expectClose(layer.currentGradient.squaredNorm.squareRoot(), network.gradientNorm, relative: 1e-12)
    expectClose(layer.currentGradient.row(0), network.gradientRow, absolute: 1e-12)
    let jacobian = problem.jacobian(at: problem.start)
    expectClose(try LinearAlgebra.singularValues(jacobian), network.singularValues, absolute: 1e-9)
    expectClose(LinearAlgebra.outerGram(jacobian), problem.kernel(at: problem.start), absolute: 1e-12)
  }

  @Test("descent of the fixture: 1e-9 up to 100 steps, 1e-8 at 1000", arguments: ["softplus", "relu", "tanh"])
  func descent(name: String) throws {
    let (problem, network) = try fixture(name)
    let eta = try StepRule.theory.size(for: problem)
    expectClose(eta, network.stepSize, relative: 1e-12)
    let layer = problem.layer
    descend(layer, of: problem, stepSize: eta, maximumIterationCount: 1000, tolerance: 1e-12) { iteration, norm in
      let tolerance = iteration > 100 ? 1e-8 : 1e-9
      if let value = network.residualNorms["\(iteration)"] { expectClose(norm, value, relative: tolerance) }
      if let value = network.distances["\(iteration)"] {
        expectClose(layer.distance(to: problem.start), value, relative: tolerance)
      }
    }
  }

  @Test("stochastic descent of the fixture, 240 cyclic steps", arguments: ["softplus", "relu", "tanh"])
  func stochastic(name: String) throws {
    let (problem, network) = try fixture(name)
    let eta = 1 / (problem.kernel(at: problem.start).diagonal.max() ?? 0)
    expectClose(eta, network.stochasticStepSize, relative: 1e-12)
    let layer = problem.layer
    let rates = layer.rates(eta)
    for step in 0..<240 { layer.step(sample: step % 12, rates) }
    layer.evaluate()
    expectClose(layer.squaredResidual.squareRoot(), network.stochasticResidual, relative: 1e-9)
    expectClose(layer.distance(to: problem.start), network.stochasticDistance, relative: 1e-9)
  }

  @Test("least squares on the random features of the fixture", arguments: ["softplus", "relu", "tanh"])
  func leastSquares(name: String) throws {
    let (problem, network) = try fixture(name)
    let features = problem.hiddenUnits(at: problem.start).values
    let (q, _) = try LinearAlgebra.qr(features)
    let modes = LinearAlgebra.multiply(q, problem.labels, transposingFirst: true)
    let rest = LinearAlgebra.dot(problem.labels, problem.labels) - LinearAlgebra.dot(modes, modes)
    expectClose(rest.squareRoot(), network.leastSquares, relative: 1e-9)
  }

  @Test("the fused pass and the matrix products agree", arguments: [Activation.softplus, .relu, .tanh])
  func forms(activation: Activation) {
    // 2000 weights or more go through matrix products; samples one by one through the fused pass never do.
    let problem = randomProblem(activation, sampleCount: 7, inputDimension: 50, studentWidth: 42)
    let wide = problem.layer
    wide.evaluate()
    let narrow = (0..<3).map { part in
      let neurons = Array((14 * part)..<(14 * part + 14))
      return NeuronLayer(
        activation.function, data: problem.data, labels: Array(repeating: 0, count: 7),
        weights: Matrix(rowCount: 14, columnCount: 50) { problem.start[neurons[$0], $1] },
        outputWeights: neurons.map { problem.outputWeights[$0] })
    }
    for layer in narrow { layer.evaluate() }
    for sample in 0..<7 {
      let output = narrow.reduce(-problem.labels[sample]) { $0 + $1.residuals[sample] }
      expectClose(wide.residuals[sample], output, absolute: 1e-12)
    }
  }

  @Test(
    "the gradient is that of |r|^2/2", arguments: [Activation.softplus, .tanh, .erf, .quadratic, .relu], [6, 200])
  func gradient(activation: Activation, width: Int) {
    let problem = randomProblem(activation, sampleCount: 9, inputDimension: 11, studentWidth: width)
    let layer = problem.layer
    layer.evaluate()
    let step = 1e-5
    func loss(_ neuron: Int, _ input: Int, _ change: Double) -> Double {
      var weights = problem.start
      weights[neuron, input] += change
      let moved = NeuronLayer(
        activation.function, data: problem.data, labels: problem.labels, weights: weights,
        outputWeights: problem.outputWeights)
      moved.evaluate(gradient: false)
      return moved.squaredResidual / 2
    }
    for (neuron, input) in [(0, 0), (3, 7), (width - 1, 10)] {
      let slope = (loss(neuron, input, step) - loss(neuron, input, -step)) / (2 * step)
      expectClose(layer.currentGradient[neuron, input], slope, absolute: 1e-8)
    }
  }

  @Test("one small step lowers the loss by the squared gradient, and rotations change nothing")
  func laws() throws {
    let problem = randomProblem(.softplus, sampleCount: 15, inputDimension: 6, studentWidth: 8)
    let layer = problem.layer
    layer.evaluate()
    let (before, square) = (layer.squaredResidual / 2, layer.currentGradient.squaredNorm)
    layer.step(layer.rates(1e-7))
    layer.evaluate()
    expectClose((before - layer.squaredResidual / 2) / 1e-7, square, relative: 1e-5)

    var stream = RandomStream(key: 9, stream: 0)
    let rotation = try LinearAlgebra.qr(stream.normalMatrix(rowCount: 6, columnCount: 6)).q
    let turned = Problem(
      .softplus, data: problem.data * rotation, labels: problem.labels, start: problem.start * rotation)
    let ends = [problem, turned].map { problem in
      descend(problem.layer, of: problem, stepSize: 0.3, maximumIterationCount: 50, tolerance: 1e-9) { _, _ in }
    }
    expectClose(ends[0].residualNorm, ends[1].residualNorm, relative: 1e-10)
    expectClose(
      try LinearAlgebra.symmetricEigenvalues(problem.kernel(at: problem.start)),
      try LinearAlgebra.symmetricEigenvalues(turned.kernel(at: turned.start)), absolute: 1e-12)
  }

  @Test("the distance is between its bounds and a wide network follows its linearisation")
  func journey() throws {
    let problem = randomProblem(.relu, sampleCount: 20, inputDimension: 20, studentWidth: 2000)
    let journey = try Journey(problem, step: .spectral, maximumIterationCount: 5000, tolerance: 1e-4)
    #expect(journey.lowerBound < journey.distance && journey.distance < journey.upperBound)
    expectClose(journey.distance, journey.linearDistance, relative: 0.05)
    #expect(journey.flippedShare.mean < 0.05)
  }

  @Test("the expectation of K over the start is Sigma")
  func expectation() {
    var stream = RandomStream(key: 4, stream: 0)
    let data = Problem.unitRows(stream.normalMatrix(rowCount: 10, columnCount: 5))
    let start = stream.normalMatrix(rowCount: 200_000, columnCount: 5)
    for activation in [Activation.softplus, .relu, .tanh, .erf] {
      let problem = Problem(activation, data: data, labels: Array(repeating: 1, count: 10), start: start)
      let kernel = problem.kernel(at: start)
      expectClose(kernel, Theory.covariance(of: data, activation), absolute: 0.008)
    }
  }

  @Test("K is as far from Sigma as a mean of independent terms", arguments: [Activation.softplus, .relu, .tanh])
  func kernelSpread(activation: Activation) throws {
    var stream = RandomStream(key: 6, stream: 0)
    var (distances, limits) = (0.0, 0.0)
    for _ in 0..<6000 {
      let data = Problem.unitRows(stream.normalMatrix(rowCount: 6, columnCount: 4))
      let start = stream.normalMatrix(rowCount: 4, columnCount: 4)
      let problem = Problem(activation, data: data, labels: Array(repeating: 1, count: 6), start: start)
      let limit = Theory.covariance(of: data, activation)
      distances += (problem.kernel(at: start) - limit).squaredNorm
      limits += limit.squaredNorm
    }
    let predicted = try relativeKernelVariance(activation, sampleCount: 6, inputDimension: 4)
    // The statistical error is 1 %. Without the diagonal, or with second moments for variances, it would be tens of per cent off.
    expectClose(4 * distances / limits, predicted, relative: 0.05)
  }

  @Test("in 10 000 steps linearised networks with k = 6 and d = 20 begin to fit near kd/n = 1.37, which bounds O1")
  func linearisedTransition() throws {
    let shares = try [1.28, 1.46].map { ratio in
      let sampleCount = Int((120 / ratio).rounded())
      let fitted = try (0..<40).filter { replica in
        let problem = randomProblem(
          .softplus, sampleCount: sampleCount, inputDimension: 20, studentWidth: 6, key: UInt64(100 + replica))
        let eigen = try LinearAlgebra.symmetricEigen(problem.kernel(at: problem.start))
        let modes = LinearAlgebra.multiply(eigen.vectors, problem.startResiduals, transposingFirst: true)
        let greatest = try #require(eigen.values.last)
        let rest = zip(modes, eigen.values).reduce(0) { $0 + pow($1.0 * pow(1 - $1.1 / greatest, 10_000), 2) }
        return rest <= 1e-4 * Double(sampleCount)
      }
      return Double(fitted.count) / 40
    }
    #expect(shares[0] < 0.5 && shares[1] > 0.5)
  }

  @Test("the greatest eigenvalue by power iteration")
  func powerIteration() throws {
    let problem = randomProblem(.relu, sampleCount: 60, inputDimension: 10, studentWidth: 20)
    let kernel = problem.kernel(at: problem.start)
    let exact = try #require(LinearAlgebra.symmetricEigenvalues(kernel).last)
    expectClose(greatestEigenvalue(of: kernel), exact, relative: 1e-7)
  }
}
