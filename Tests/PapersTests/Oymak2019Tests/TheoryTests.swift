import Foundation
import NumericalMethods
import Oymak2019
import TestSupport
import Testing

private func activation(_ name: String) throws -> Activation {
  try #require(Activation(rawValue: name == "quad" ? "quadratic" : name))
}

@Suite struct TheoryTests {
  let reference: Reference

  init() throws { reference = try Reference() }

  @Test("kernels, Hermite coefficients and moments of the reference, to 1e-12")
  func kernels() throws {
    for (name, values) in reference.derivativeKernel {
      let activation = try activation(name)
      expectClose(reference.rho.map(activation.derivativeKernel), values, absolute: 1e-12, "\(name)")
    }
    expectClose(reference.rho.map(Activation.relu.outputKernel), reference.reluOutputKernel, absolute: 1e-12)
    for (name, values) in reference.hermiteCoefficients {
      let found = try activation(name).hermiteCoefficients(order: values.count - 1)
      expectClose(found, values, absolute: 1e-12, "\(name)")
    }
    for (name, value) in reference.slopeSecondMoment {
      expectClose(try activation(name).slopeSecondMoment, value, absolute: 1e-12, "\(name)")
    }
    for (name, value) in reference.variance {
      expectClose(try activation(name).variance, value, absolute: 1e-12, "\(name)")
    }
    for (name, value) in reference.mean { expectClose(try activation(name).mean, value, absolute: 1e-12, "\(name)") }
  }

  @Test("the kernel at correlation 1 is the exact diagonal", arguments: Activation.allCases)
  func diagonal(activation: Activation) {
    expectClose(activation.derivativeKernel(1), activation.slopeSecondMoment, relative: 1e-14)
    let second = activation.variance + activation.mean * activation.mean
    expectClose(activation.outputKernel(1), second, relative: 1e-13)
    expectClose(activation.outputKernel(0), activation.mean * activation.mean, absolute: 1e-13)
  }

  @Test("the derivative of the output kernel is the derivative kernel", arguments: Activation.allCases)
  func priceTheorem(activation: Activation) {
    // d/drho E[phi(u) phi(u')] = E[phi'(u) phi'(u')].
    for rho in [-0.8, -0.3, 0.2, 0.7] {
      let slope = (activation.outputKernel(rho + 1e-5) - activation.outputKernel(rho - 1e-5)) / 2e-5
      expectClose(slope, activation.derivativeKernel(rho), absolute: 1e-8)
    }
  }

  @Test("harmonic numbers and weights of the reference")
  func harmonics() throws {
    expectClose((0...6).map { Theory.harmonicCount(dimension: 20, degree: $0) }, reference.harmonicCounts)
    for (name, values) in reference.harmonicWeights {
      expectClose(
        Theory.harmonicWeights(try activation(name), dimension: 20, degree: 6), values, absolute: 1e-10, "\(name)")
    }
  }

  @Test("the harmonic weights of a kernel are positive and sum to its value at 1", arguments: [3, 7, 25])
  func harmonicSum(dimension: Int) {
    // Degrees beyond 10 hold less than a thousandth.
    let weights = Theory.harmonicWeights(.softplus, dimension: dimension, degree: 10)
    let share = weights.reduce(0, +) / Activation.softplus.slopeSecondMoment
    #expect(share > 0.999 && share < 1 + 1e-9)
    #expect(weights.allSatisfy { $0 > -1e-9 })
  }

  @Test("free edges of the reference, to 1e-9")
  func freeEdge() throws {
    for edge in reference.freeEdge {
      expectClose(
        try Theory.freeEdge(activation(edge.activation), sampleCount: edge.sampleCount, dimension: edge.dimension),
        edge.value, relative: 1e-9)
    }
  }

  @Test("the free edge falls with the number of samples")
  func edgeOrder() throws {
    for activation in [Activation.softplus, .relu] {
      let edges = try [20, 50, 100, 200, 400].map { try Theory.freeEdge(activation, sampleCount: $0, dimension: 20) }
      #expect(zip(edges, edges.dropFirst()).allSatisfy { $0 > $1 })
    }
  }

  @Test("spectra and rows of Sigma of the fixture")
  func covariance() throws {
    let data = matrix(reference.fixture.data)
    for (name, network) in reference.fixture.networks {
      let covariance = Theory.covariance(of: data, try activation(name))
      expectClose(covariance.row(0), network.covarianceRow, absolute: 1e-12, "\(name)")
      expectClose(
        try LinearAlgebra.symmetricEigenvalues(covariance), network.covarianceSpectrum, absolute: 1e-12, "\(name)")
    }
    let quadratic = Theory.covariance(of: data, .quadratic)
    expectClose(
      try LinearAlgebra.symmetricEigenvalues(quadratic), reference.fixture.quadraticSpectrum, absolute: 1e-12)
    #expect(try LinearAlgebra.symmetricEigenvalues(quadratic).filter { $0 > 1e-11 }.count == 10)
  }

  @Test("the truncated kernel, a deliberate mistake, is another matrix")
  func truncation() {
    let data = matrix(reference.fixture.data)
    let right = Theory.covariance(of: data, .relu)
    let wrong = Theory.covariance(of: data, .relu, isTruncated: true)
    #expect((right - wrong).squaredNorm > 0.01 * right.squaredNorm)
  }

  @Test("the certified width grows with the square of 1/lambda and of |X|")
  func certifiedWidth() {
    let width = Theory.certifiedWidth(.softplus, sampleCount: 8, spectralNorm: 1.5, eigenvalue: 0.05)
    // 4 * 0.25 * 1.5 * sqrt(8 * 1.2715) / 0.05 squared.
    expectClose(width, 9154.9, relative: 1e-4)
    expectClose(
      Theory.certifiedWidth(.softplus, sampleCount: 8, spectralNorm: 3, eigenvalue: 0.1), width, relative: 1e-14)
  }

  @Test("logistic fits of the reference")
  func logistic() throws {
    let example = reference.logistic
    let fit = try RidgeLogistic(
      positions: example.positions, successes: example.successes, trials: example.positions.map { _ in 1 })
    expectClose(fit.midpoint, example.midpoint, absolute: 1e-9)
    expectClose(fit.slope, example.slope, relative: 1e-7)
    expectClose(fit.midpointStandardError, example.standardError, relative: 1e-7)

    let separable = reference.separableLogistic
    let second = try RidgeLogistic(
      positions: example.positions, successes: example.positions.map { $0 > separable.firstSuccess ? 1 : 0 },
      trials: example.positions.map { _ in 1 })
    expectClose(second.midpoint, separable.midpoint, absolute: 1e-9)
    expectClose(second.slope, separable.slope, relative: 1e-7)
    expectClose(second.midpointStandardError, separable.standardError, relative: 1e-7)
  }

  @Test("counts at one position weigh as single trials do")
  func grouped() throws {
    let single = try RidgeLogistic(
      positions: [0, 0, 1, 1, 2, 2], successes: [0, 0, 0, 1, 1, 1], trials: [1, 1, 1, 1, 1, 1])
    let grouped = try RidgeLogistic(positions: [0, 1, 2], successes: [0, 1, 2], trials: [2, 2, 2])
    expectClose(single.midpoint, grouped.midpoint, absolute: 1e-12)
    expectClose(grouped.midpoint, 1, absolute: 1e-9)
    expectClose(grouped.probability(at: 1), 0.5, absolute: 1e-9)
  }

  @Test("a transition outside the grid is refused, never extrapolated")
  func outside() {
    #expect(throws: RidgeLogistic.Failure.self) {
      try RidgeLogistic(positions: [0, 1, 2], successes: [4, 4, 4], trials: [4, 4, 4])
    }
    #expect(throws: RidgeLogistic.Failure.self) {
      try RidgeLogistic(positions: [0, 1, 2], successes: [0, 0, 0], trials: [4, 4, 4])
    }
    #expect(throws: RidgeLogistic.Failure.self) {
      try RidgeLogistic(positions: [0, 1, 2], successes: [3, 4, 4], trials: [4, 4, 4])
    }
    #expect(throws: RidgeLogistic.Failure.self) {
      try RidgeLogistic(positions: [0, 1, 2], successes: [4, 2, 0], trials: [4, 4, 4])
    }
  }
}
