private import CBocchi2026
private import Foundation
package import NumericalMethods
package import PaperKit

/// One-pass stochastic gradient descent on all p N weights: the definition that the reduced chain is checked against.
///
/// The teacher's rows are along the first p* unit vectors, exact by rotation invariance. Cost per step: N normals
/// and 4 p N operations.
package enum FullSGD: Experiment {
  package struct Parameters: NetworkParameters {
    @Parameter("p", in: 1...16) package var studentWidth = 2
    @Parameter("p*", in: 1...16) package var teacherWidth = 2
    @Parameter("eta", atLeast: 1e-6) package var learningRate = 0.05
    @Parameter("N", atLeast: 4) package var inputDimension = 1000
    @Parameter("free rows of the student, or rows of unit norm") package var constraint = Constraint.free
    @Parameter("s of the teacher rows' squared norms 1 + s ... 1 - s", atLeast: 0, below: 1)
    package var teacherSpread = 0.0
    @Parameter("last output time", above: 0, atMost: 1e9) package var lastTime = 120.0
    @Parameter("number of output times", in: 2...1_000_000) package var timeCount = 61

    package init() {}

    package static var idleParameters: [IdleParameter<Self>] {
      [IdleParameter("teacherSpread", "with one teacher row") { $0.teacherWidth == 1 }]
    }

    package func validateRelations() throws {
      try validateNetwork()
      try validate(inputDimension: inputDimension, upTo: 10_000_000)
    }
  }

  package static let name = "bocchi2026/full-sgd"
  package static let sourceFile = #fileID
  package static let time = OutputArray("time", axes: ["time"], unit: "steps/N", meaning: "time")
  package static let populationLoss = OutputArray("populationLoss", axes: ["time"], meaning: "population loss")
  package static let singularValues = OutputArray(
    "singularValues", axes: ["time", "singularValue"], meaning: "singular values of R, descending")
  package static let squaredNorm = OutputArray("squaredNorm", axes: ["time"], meaning: "mean diagonal element of Q")
  package static let outputs = [time, populationLoss, singularValues, squaredNorm]
  /// Half of what makes a power law of the end.
  package static let halvedSurplus = Mutant(
    "halved-surplus", meaning: "the student has half as many neurons more than its teacher as it should")
  package static let mutants = Mistake.ofDescent + [halvedSurplus]

  package static func run(_ parameters: Parameters, in context: RunContext) throws -> [OutputArray: NDArray] {
    var theory = parameters.theory
    if context.mutant == halvedSurplus {
      theory = Theory(
        studentWidth: (theory.studentWidth + theory.teacherWidth) / 2, teacherWidth: theory.teacherWidth,
        learningRate: theory.learningRate, constraint: theory.constraint, teacherSpread: theory.teacherSpread)
    }
    let equations = OverlapEquations(theory)
    let times = Spacing.linear.times(to: parameters.lastTime, count: parameters.timeCount)
    let descent = Descent(theory, inputDimension: parameters.inputDimension, context: context)
    var overlaps: [Overlaps] = []
    for time in times {
      try descent.advance(Int((time * Double(parameters.inputDimension)).rounded()) - descent.stepCount)
      overlaps.append(descent.overlaps)
    }
    return [
      time: NDArray(times), populationLoss: NDArray(overlaps.map(equations.loss)),
      singularValues: NDArray(rows: try overlaps.map { try $0.singularValues() }),
      squaredNorm: NDArray(overlaps.map(\.meanSquaredNorm)),
    ]
  }
}

/// The weights and their steps.
package final class Descent {
  private typealias Vector = SIMD8<Double>
  private let theory: Theory
  private let norms: [Double]
  private let inputDimension: Int
  /// Vectors per row; the last may be padded with zeros.
  private let length: Int
  /// [row][vector].
  private let weights: UnsafeMutablePointer<Vector>
  private let input: UnsafeMutablePointer<Vector>
  private let mistakes: ReducedChain.Mistakes
  private var stream: RandomStream
  /// Steps done.
  package private(set) var stepCount = 0

  /// Random weights from the stream "start"; inputs come from the stream "samples".
  package init(_ theory: Theory, inputDimension: Int, context: RunContext) {
    self.theory = theory
    norms = theory.teacherNorms
    self.inputDimension = inputDimension
    mistakes = context.descentMistakes
    // Sixteen normals are made at a time; whole groups are the fast way to draw them.
    length = 2 * ((inputDimension + 15) / 16)
    stream = context.random("samples")
    let p = theory.studentWidth
    weights = alignedVectors(p * length)
    input = alignedVectors(length)
    var start = context.random("start")
    for row in 0..<p {
      for index in 0..<inputDimension { weights[row * length + index / 8][index % 8] = start.normal() }
      if theory.constraint == .spherical { normalise(row) }
    }
  }

  deinit {
    UnsafeMutableRawPointer(weights).deallocate()
    UnsafeMutableRawPointer(input).deallocate()
  }

  /// R and Q - R R^T, the latter summed over the directions that the teacher does not use.
  package var overlaps: Overlaps {
    let n = Double(inputDimension)
    func weight(_ row: Int, _ index: Int) -> Double { weights[row * length + index / 8][index % 8] }
    return Overlaps(
      teacherOverlap: Matrix(rowCount: theory.studentWidth, columnCount: theory.teacherWidth) {
        weight($0, $1) / n.squareRoot()
      },
      perpendicular: Matrix(rowCount: theory.studentWidth, columnCount: theory.studentWidth) { row, other in
        (theory.teacherWidth..<inputDimension).reduce(0) { $0 + weight(row, $1) * weight(other, $1) } / n
      })
  }

  /// Some steps, one fresh input each. Throws `notFinite` with the time when the weights have left the range of numbers.
  package func advance(_ steps: Int) throws {
    precondition(steps >= 0, "\(steps) steps")
    for _ in 0..<steps {
      drawInput()
      step()
      if mistakes.reusesSamples { step() }
    }
    stepCount += steps
    for row in 0..<theory.studentWidth where !squaredNorm(row).isFinite {
      throw NumericalError.notFinite(quantity: "overlap Q", time: Double(stepCount) / Double(inputDimension))
    }
  }

  private func drawInput() {
    input.withMemoryRebound(to: Double.self, capacity: 8 * length) { numbers in
      stream.fillNormals(UnsafeMutableBufferPointer(start: numbers, count: 8 * length))
      for index in inputDimension..<(8 * length) { numbers[index] = 0 }
    }
  }

  /// The p rows (from `first` on) times a vector of the rows' length.
  private func multiply(
    _ first: Int, _ count: Int, _ other: UnsafeMutablePointer<Vector>, into products: UnsafeMutablePointer<Double>
  ) {
    (weights + first * length).withMemoryRebound(to: Double.self, capacity: 8 * count * length) { rows in
      other.withMemoryRebound(to: Double.self, capacity: 8 * length) { other in
        cb_products(CInt(count), rows, other, 8 * length, products)
      }
    }
  }

  private func squaredNorm(_ row: Int) -> Double {
    var norm = 0.0
    multiply(row, 1, weights + row * length, into: &norm)
    return norm
  }

  private func step() {
    let (p, pStar) = (theory.studentWidth, theory.teacherWidth)
    let n = Double(inputDimension)
    withUnsafeTemporaryAllocation(of: Double.self, capacity: p) { projections in
      guard let projections = projections.baseAddress else { return }
      var e = 0.0
      for t in 0..<pStar { e += norms[t] * (input[t / 8][t % 8] * input[t / 8][t % 8]) / Double(pStar) }
      multiply(0, p, input, into: projections)
      for row in 0..<p {
        projections[row] /= n.squareRoot()
        e -= projections[row] * projections[row] / Double(p)
      }
      let scale = 2 * theory.learningRate * e / (mistakes.scalesInputsByN ? n : n.squareRoot())
      for row in 0..<p { projections[row] *= scale }
      weights.withMemoryRebound(to: Double.self, capacity: 8 * p * length) { rows in
        input.withMemoryRebound(to: Double.self, capacity: 8 * length) { input in
          cb_add(CInt(p), rows, input, 8 * length, projections)
        }
      }
      guard theory.constraint == .spherical else { return }
      for row in 0..<p { normalise(row) }
    }
  }

  private func normalise(_ row: Int) {
    let w = weights + row * length
    let factor = (Double(inputDimension) / squaredNorm(row)).squareRoot()
    for index in 0..<length { w[index] *= factor }
  }
}
