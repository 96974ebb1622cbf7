import Martin2026
import NumericalMethods
import PaperKit

/// Times the inner loops of martin2026; Benchmarks/martin2026.py runs them beside other implementations.
func benchMartin2026(rounds: Int) throws {
  func context(_ replica: Int) -> RunContext { RunContext(replica: replica, streamKey: 1, mutant: nil) }

  // What this machine can do: bytes a second of a sum over memory, and operations a second of a matrix product.
  let big = [Double](repeating: 1, count: 1 << 24)
  var sum = 0.0
  let reading = leastProcessorTime(repetitions: rounds) { sum += LinearAlgebra.dot(big, big) }
  report("martin2026.memoryBandwidth", 8 * Double(big.count) / reading * 1e-9)
  var random = RandomStream(key: 1, stream: 0)
  let square = random.normalMatrix(rowCount: 600, columnCount: 600)
  var product = square
  report(
    "martin2026.operations",
    2 * 600 * 600 * 600
      / leastProcessorTime(repetitions: rounds) { LinearAlgebra.multiply(square, square, into: &product) }
      * 1e-9)

  // Milliseconds a long-time solve: the points of figure 6, alpha from 0.01 to 0.6.
  let theory = LongTimeTheory(studentWidthRatio: 0.4, teacherWidthRatio: 0.3, noiseVariance: 1)
  for (name, lambda) in [("0.1", 0.1), ("0.01", 0.01), ("0.0002", 0.0002)] {
    report(
      "martin2026.longTime\(name)",
      try leastProcessorTime(repetitions: rounds) {
        for index in 1...20 { _ = try theory.solve(sampleRatio: 0.03 * Double(index), regularization: lambda) }
      } * 1e3 / 20)
  }

  // Microseconds a step of descent (one and three starts), and a product S^T S z; and seconds of the flow to t = 100.
  for (d, alpha) in [(24, 0.3), (40, 0.3), (40, 0.6), (60, 0.3), (100, 0.3)] {
    let size = SystemSize(
      inputDimension: d, studentWidthRatio: 0.7, teacherWidthRatio: 0.5, sampleRatio: alpha, noiseVariance: 0)
    let instance = Instance(size, law: .gaussian, in: context(0))
    let name = "\(d).\(alpha)"
    for usesGram in d < 100 ? [false, true] : [false] {
      let data = NormalOperator(sensing: instance.sensing, labels: instance.labels, usesGram: usesGram)
      let vector = [instance.sensing.row(0)]
      var products = vector
      let count = max(10, 20_000_000 / (size.sampleCount * size.symmetricDimension))
      report(
        "martin2026.product\(usesGram ? "Gram" : "Direct")\(name)",
        leastProcessorTime(repetitions: rounds) { for _ in 0..<count { data.multiply(vector, into: &products) } } * 1e6
          / Double(count))
    }
    let data = NormalOperator(sensing: instance.sensing, labels: instance.labels)
    for starts in [1, 3] {
      var descent = Descent(
        instance, starts: (0..<starts).map { _ in instance.start(initialScale: 1, in: context(0)) },
        regularization: 0, learningRate: 0.001, data: data)
      let count = max(10, 20_000_000 / (size.sampleCount * size.symmetricDimension) / starts)
      report(
        "martin2026.descent\(name).\(starts)",
        try leastProcessorTime(repetitions: rounds) { try descent.advance(stepCount: count) } * 1e6 / Double(count))
    }
    if d <= 40 {
      var evaluations = 0
      let seconds = try leastProcessorTime(repetitions: 2) {
        var flow = GradientFlow(
          instance, starts: [instance.start(initialScale: 1, in: context(0))], regularization: 0, data: data)
        try flow.advance(to: 100)
        evaluations = flow.evaluationCount
      }
      report("martin2026.flow\(name)", seconds)
      report("martin2026.flowEvaluations\(name)", Double(evaluations))
    }
  }

  // Seconds of the effective process, D = 40, K = 101, B = 8.
  let parameters = DynamicalMeanField.Parameters()
  report(
    "martin2026.dmft",
    try leastProcessorTime(repetitions: 2) { _ = try DynamicalMeanField.run(parameters, in: context(0)) })
}
