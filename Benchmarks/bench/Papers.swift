import Foundation
import Martin2023
import NumericalMethods
import Oymak2019
import PaperKit
import Sarao2020

// The costly steps of three papers, one `name value` line each; Benchmarks/papers.py runs them beside other programs.

/// Gradient descent of quadratic students, and what its matrix products alone would take.
func timeSarao2020() {
  var random = RandomStream(key: 2, stream: 0)
  for (d, n) in [(8, 15), (32, 64)] {
    let teacher = LinearAlgebra.gram(random.normalMatrix(rowCount: 1, columnCount: d))
    let data = random.normalMatrix(rowCount: n, columnCount: d)
    let start = random.normalMatrix(rowCount: d, columnCount: d, standardDeviation: (1 / Double(d)).squareRoot())
    let loss = QuadraticLoss(data: data, teacher: teacher)
    let stepCount = 16_000 / d
    report(
      "sarao2020.step\(d)",
      leastProcessorTime(repetitions: 40) {
        _ = Descent.fixedStep(loss, from: Weights(start), learningRate: 1e-4, stepCount: stepCount)
      } * 1e6 / Double(stepCount))
    // A = W^T W, X B, X^T (r X) and W M.
    let (w, b) = (start, LinearAlgebra.gram(start))
    var (square, images) = (b, data)
    report(
      "sarao2020.products\(d)",
      leastProcessorTime(repetitions: 200) {
        for _ in 0..<20 {
          LinearAlgebra.multiply(w, w, transposingFirst: true, into: &square)
          LinearAlgebra.multiply(data, b, into: &images)
          LinearAlgebra.multiply(data, data, transposingFirst: true, into: &square)
          LinearAlgebra.multiply(w, b, into: &square)
        }
      } * 1e6 / 20)
  }
}

/// The limit of high dimension, the three scalars, the Riccati march and direct integration.
func timeMartin2023() throws {
  let gammas = Spacing.logarithmic.times(from: 1e-3, to: 10, count: 200)
  let shapes = [(0.5, 0.25), (0.5, 0.5), (0.25, 0.5)]
  for (index, (alpha, alphaStar)) in shapes.enumerated() {
    let law = OverlapLaw(studentWidthRatio: alpha, teacherWidthRatio: alphaStar)
    let seconds = try leastProcessorTime(repetitions: 40) { _ = try HighDimensionalLimit.solve(law, at: gammas) }
    report("martin2023.limit\(index)", seconds * 1e3)
    let d = 2000
    let (m, mStar) = (Int(alpha * Double(d)), Int(alphaStar * Double(d)))
    var random = RandomStream(key: 3, stream: UInt64(index))
    let times = Spacing.logarithmic.times(from: 1e-3 * Double(d), to: 10 * Double(d), count: 25)
    let overlaps = try Overlaps.sample(inputDimension: d, studentWidth: m, teacherWidth: mStar, from: &random)
    report(
      "martin2023.orthonormal\(index)",
      try leastProcessorTime(repetitions: 8) {
        let reduction = ScalarReduction(overlaps, teacherWidth: mStar)
        _ = try reduction.states(at: times).map(reduction.observables)
      })
  }
  for d in [250, 500, 1000] {
    let network = try gaussianNetwork(d)
    let times = Spacing.logarithmic.times(from: 1e-3 * Double(d), to: 10 * Double(d), count: 25)
    report(
      "martin2023.march\(d)",
      try leastProcessorTime(repetitions: d > 500 ? 1 : 2) { _ = try RiccatiMarch(network).states(at: times) })
  }
  try timeDirectFlow()
}

private func gaussianNetwork(_ d: Int) throws -> Network {
  var (teacher, start) = (RandomStream(key: 4, stream: 0), RandomStream(key: 4, stream: 1))
  return try Network.gaussian(
    inputDimension: d, studentWidth: d / 2, teacherWidth: d / 4, teacher: &teacher, start: &start
  ).compressed()
}

/// Rate of the direct flow in units of that of its own matrix products. Evaluations are counted by integrating once more
/// here, with the same method and tolerances.
private func timeDirectFlow() throws {
  let d = 200
  let network = try gaussianNetwork(d)
  let times = [1e-2 * Double(d), 0.1 * Double(d)]
  let seconds = try leastProcessorTime(repetitions: 3) { _ = try DirectFlow(network).states(at: times) }
  let (weights, levels) = (network.weights, network.teacherEigenvalues)
  let (rows, columns) = (weights.rowCount, weights.columnCount)
  var evaluationCount = 0
  var state = weights.values + [0]
  let method = DormandPrince(relativeTolerance: 1e-7, absoluteTolerance: 1e-10, maximumStepCount: 100_000_000)
  _ = try method.integrate(
    from: 0, to: times[1], state: &state,
    derivative: { _, state, derivative in
      evaluationCount += 1
      let w = Matrix(rowCount: rows, columnCount: columns, values: Array(state.dropLast()))
      var p = LinearAlgebra.multiply(w, w, transposingFirst: true)
      let tau = (0..<columns).reduce(0) { $0 + p[$1, $1] } - levels.reduce(0, +)
      p.values = p.values.map { -2 * $0 }
      for i in 0..<columns { p[i, i] -= tau }
      let change = LinearAlgebra.multiply(w, p)
      for index in 0..<change.values.count {
        derivative[index] = change.values[index] + 2 * levels[index / columns] * state[index]
      }
      derivative[change.values.count] = tau
    }, onStep: { _ in .proceed })
  var (gram, product) = (LinearAlgebra.gram(weights), weights)
  let products = leastProcessorTime(repetitions: 200) {
    LinearAlgebra.multiply(weights, weights, transposingFirst: true, into: &gram)
    LinearAlgebra.multiply(weights, gram, into: &product)
  }
  let square = RandomStream.square(400)
  var squareProduct = square
  let dgemm = leastProcessorTime(repetitions: 20) { LinearAlgebra.multiply(square, square, into: &squareProduct) }
  report("martin2023.direct", seconds)
  report("martin2023.directEvaluations", Double(evaluationCount))
  report("martin2023.directProductShare", Double(evaluationCount) * products / seconds)
  report(
    "martin2023.directRate", Double(evaluationCount) * 4 * Double(rows * columns * columns) / seconds * 1e-9)
  report("martin2023.dgemmRate", 2 * pow(400, 3) / dgemm * 1e-9)
}

extension RandomStream {
  fileprivate static func square(_ size: Int) -> Matrix {
    var random = RandomStream(key: 6, stream: 0)
    return random.normalMatrix(rowCount: size, columnCount: size)
  }
}

/// One iteration of gradient descent on a hidden layer.
func timeOymak2019() {
  var random = RandomStream(key: 5, stream: 0)
  for activation in [Activation.softplus, .relu] {
    for (n, k, d) in [(200, 20, 10), (400, 200, 20)] {
      let problem = Problem(
        activation, data: Problem.unitRows(random.normalMatrix(rowCount: n, columnCount: d)),
        labels: (0..<n).map { _ in random.sign() }, start: random.normalMatrix(rowCount: k, columnCount: d))
      let layer = problem.layer
      let rates = layer.rates(1e-4)
      let count = 8_000_000 / (n * k * d)
      report(
        "oymak2019.\(activation.rawValue)\(k)",
        leastProcessorTime(repetitions: 30) {
          for _ in 0..<count {
            layer.evaluate()
            layer.step(rates)
          }
        } * 1e6 / Double(count))
      guard activation == .softplus, k > 100 else { continue }
      let (w, z) = (problem.start.transposed, Matrix(rowCount: n, columnCount: k, repeating: 0.5))
      var (forward, gradient) = (z, w)
      report(
        "oymak2019.products\(k)",
        leastProcessorTime(repetitions: 100) {
          LinearAlgebra.multiply(problem.data, w, into: &forward)
          LinearAlgebra.multiply(problem.data, z, transposingFirst: true, into: &gradient)
        } * 1e6)
    }
  }
}
