import Foundation
import NumericalMethods

// `bench PAPER` times what only that paper has; Benchmarks/<paper>.py runs it beside other implementations.
switch CommandLine.arguments.dropFirst().first {
case "bocchi2026":
  try benchBocchi2026(rounds: 7)
  exit(0)
case "martin2026":
  try benchMartin2026(rounds: 7)
  exit(0)
default: break
}

// Times the numerical kernels and prints one `name value` line each; Benchmarks/numerics.py runs it beside NumPy and SciPy.

/// Least of several timings, in seconds: the one that other work on the machine disturbed least.
func leastTime(repetitions: Int, _ body: () throws -> Void) rethrows -> Double {
  let clock = ContinuousClock()
  var least = Double.infinity
  for _ in 0..<repetitions {
    let duration = try clock.measure(body)
    least = min(least, Double(duration.components.seconds) + Double(duration.components.attoseconds) * 1e-18)
  }
  return least
}

func report(_ name: String, _ value: Double) { print(name, value) }

// The papers are timed alone: their rounds are longer.
if CommandLine.arguments.contains("papers") {
  timeSarao2020()
  try timeMartin2023()
  timeOymak2019()
  print("core", LinearAlgebra.coreName)
  exit(0)
}

// MARK: Random numbers, nanoseconds each

let count = 1 << 16
let buffer = UnsafeMutableBufferPointer<Double>.allocate(capacity: count)
buffer.initialize(repeating: 0)
var random = RandomStream(key: 1, stream: 0)
report("normals", leastTime(repetitions: 400) { random.fillNormals(buffer) } * 1e9 / Double(count))
report(
  "normal",
  leastTime(repetitions: 400) {
    for index in 0..<count { buffer[index] = random.normal() }
  } * 1e9 / Double(count))
report("uniforms", leastTime(repetitions: 400) { _ = random.uniforms(count) } * 1e9 / Double(count))
report(
  "gamma",
  leastTime(repetitions: 50) {
    for index in 0..<count { buffer[index] = random.gamma(shape: 2.5) }
  } * 1e9 / Double(count))

// MARK: Population gradient flow, seconds for one integration

/// Rows of eight numbers in memory.
func row(_ index: Int, of numbers: UnsafeBufferPointer<Double>) -> SIMD8<Double> {
  UnsafeRawBufferPointer(numbers).loadUnaligned(fromByteOffset: 64 * index, as: SIMD8<Double>.self)
}

/// dW/dt = -(2 B + tr(B) I) W with B = W W^T - A*, W and A* 8 x 8.
struct PopulationFlow {
  let teacher: [SIMD8<Double>]

  func writeDerivative(_ state: UnsafeBufferPointer<Double>, _ derivative: UnsafeMutableBufferPointer<Double>) {
    withUnsafeTemporaryAllocation(of: SIMD8<Double>.self, capacity: 8) { difference in
      var trace = 0.0
      for i in 0..<8 {
        let weights = row(i, of: state)
        var overlaps = SIMD8<Double>.zero
        for j in 0..<8 { overlaps[j] = (weights * row(j, of: state)).sum() }
        difference[i] = overlaps - teacher[i]
        trace += difference[i][i]
      }
      for i in 0..<8 {
        var sum = trace * row(i, of: state)
        for j in 0..<8 { sum += (2 * difference[i][j]) * row(j, of: state) }
        UnsafeMutableRawBufferPointer(derivative).storeBytes(of: -sum, toByteOffset: 64 * i, as: SIMD8<Double>.self)
      }
    }
  }
}

let flow = PopulationFlow(
  teacher: (0..<8).map { i in
    var row = SIMD8<Double>.zero
    // The teacher of one neuron along the first axis.
    if i == 0 { row[0] = 1 }
    return row
  })
/// A fixed start, the same in numerics.py.
let start = (0..<64).map { 0.35 * cos(Double($0 * $0) + 1) }
let method = DormandPrince(relativeTolerance: 1e-10, absoluteTolerance: 1e-12)
var end: [Double] = []
var evaluationCount = 0
let seconds = try leastTime(repetitions: 40) {
  evaluationCount = 0
  end = start
  try method.integrate(
    from: 0, to: 1000, state: &end,
    derivative: { _, state, derivative in
      evaluationCount += 1
      flow.writeDerivative(state, derivative)
    }, onStep: { _ in .proceed })
}
report("flow", seconds)
report("flowEvaluations", Double(evaluationCount))
report("flowTrace", end.reduce(0) { $0 + $1 * $1 })

// MARK: Matrices, milliseconds

for size in [100, 300] {
  let a = random.normalMatrix(rowCount: size, columnCount: size)
  var c = a
  report("multiply\(size)", leastTime(repetitions: 100) { LinearAlgebra.multiply(a, a, into: &c) } * 1e3)
  let symmetric = LinearAlgebra.gram(a)
  report("eigen\(size)", try leastTime(repetitions: 20) { _ = try LinearAlgebra.symmetricEigen(symmetric) } * 1e3)
  report("qr\(size)", try leastTime(repetitions: 20) { _ = try LinearAlgebra.qr(a) } * 1e3)
}
print("core", LinearAlgebra.coreName)
