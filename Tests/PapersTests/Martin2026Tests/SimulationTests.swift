import Foundation
import Martin2026
import NumericalMethods
import PaperKit
import TestSupport
import Testing

private func context(_ replica: Int = 0, mutant: Mutant? = nil) -> RunContext {
  RunContext(replica: replica, streamKey: 20_260_601, mutant: mutant)
}

private func size(
  _ d: Int, alpha: Double, kappa: Double = 0.5, teacher: Double = 0.25, noise: Double = 0
) -> SystemSize {
  SystemSize(
    inputDimension: d, studentWidthRatio: kappa, teacherWidthRatio: teacher, sampleRatio: alpha, noiseVariance: noise)
}

/// Deterministic small systems of the reference.
private struct SmallSystems: Decodable {
  struct Step: Decodable {
    let mse: Double
    let loss: Double
    let W: [[Double]]
  }
  struct Descent: Decodable {
    let X: [[[Double]]]
    let Zstar: [[Double]]
    let y: [Double]
    let eta: Double
    let lam: Double
    let steps: [Step]
  }
  struct Oja: Decodable {
    let A_diag: [Double]
    let W0: [[Double]]
    let Z: [String: [[Double]]]
  }
  struct Deterministic: Decodable {
    let gd_small: Descent
    let oja_exact_small: Oja
    let oja_constants: [String: Double]
  }
  let deterministic: Deterministic

  static func read() throws -> Deterministic {
    try JSONDecoder().decode(SmallSystems.self, from: martinReference()).deterministic
  }
}

extension RandomStream {
  /// Normal numbers of standard deviation `scale`, from a copy of the stream.
  fileprivate func standardMatrix(rowCount: Int, columnCount: Int, scale: Double) -> Matrix {
    var stream = self
    return stream.normalMatrix(rowCount: rowCount, columnCount: columnCount, standardDeviation: scale)
  }
}

extension Matrix {
  fileprivate init(_ rows: [[Double]]) {
    self.init(rowCount: rows.count, columnCount: rows[0].count, values: rows.flatMap { $0 })
  }
}

@Suite struct DescentTests {
  @Test("steps of descent equal the reference") func smallDescent() throws {
    let reference = try SmallSystems.read().gd_small
    let teacher = Matrix(reference.Zstar)
    let sensing = Matrix(reference.X.map { Instance.vector(of: Matrix($0)) })
    let clean = sensing * Instance.vector(of: teacher)
    let instance = Instance(
      size(2, alpha: 0.75, kappa: 1, teacher: 1, noise: 1), teacher: teacher, sensing: sensing,
      noise: zip(reference.y, clean).map { $0 - $1 })
    var descent = Descent(
      instance, starts: [Matrix(reference.steps[0].W)], regularization: reference.lam, learningRate: reference.eta,
      data: NormalOperator(sensing: sensing, labels: instance.labels))
    for (index, step) in reference.steps.enumerated() {
      if index > 0 { try descent.advance(stepCount: 1) }
      expectClose(descent.weights[0], Matrix(step.W), absolute: 1e-12)
      let errors = instance.errors(of: descent.weights[0])
      expectClose(errors.meanSquaredError, step.mse, absolute: 1e-12)
      expectClose(errors.trainingLoss, step.loss, absolute: 1e-12)
    }
  }

  @Test("S^T S z by both routes, for counts that no vector width divides", arguments: [3, 7, 10, 13])
  func products(inputDimension: Int) {
    for alpha in [0.2, 0.55, 1.3] {
      let instance = Instance(size(inputDimension, alpha: alpha), law: .gaussian, in: context())
      let vectors = [instance.teacher, instance.teacher * instance.teacher].map(Instance.vector)
      let expected = vectors.map {
        LinearAlgebra.multiply(instance.sensing, instance.sensing * $0, transposingFirst: true)
      }
      for usesGram in [false, true] {
        let data = NormalOperator(sensing: instance.sensing, labels: instance.labels, usesGram: usesGram)
        for (found, expected) in zip(data.multiply(vectors), expected) {
          expectClose(found, expected, relative: 1e-12, absolute: 1e-12)
        }
      }
    }
  }

  @Test("products and the effective process have the same bits at every vector width")
  func vectorWidths() throws {
    for (inputDimension, alpha) in [(3, 1.3), (7, 0.55), (12, 0.3)] {
      let instance = Instance(size(inputDimension, alpha: alpha), law: .gaussian, in: context())
      let data = NormalOperator(sensing: instance.sensing, labels: instance.labels, usesGram: false)
      expectSameBitsAtEveryWidth { data.multiply([Instance.vector(of: instance.teacher)])[0] }
    }
    var parameters = DynamicalMeanField.Parameters()
    (parameters.inputDimension, parameters.stepCount, parameters.probedSystemCount) = (11, 9, 5)
    try expectSameBitsAtEveryWidth {
      try #require(DynamicalMeanField.run(parameters, in: context())[DynamicalMeanField.trainingLoss]).values
    }
  }

  @Test("numbers that single precision does not hold are not rounded") func exactness() {
    let instance = Instance(size(6, alpha: 0.4), law: .gaussian, in: context())
    #expect(!NormalOperator(sensing: instance.sensing, labels: instance.labels).usesGram)
    #expect(NormalOperator(sensing: 0.3 * instance.sensing, labels: instance.labels).usesGram)
  }

  @Test("the force is d times the gradient of the loss; both routes to it agree")
  func gradient() throws {
    let instance = Instance(size(6, alpha: 0.7, noise: 0.3), law: .quadratic, in: context())
    let start = instance.start(initialScale: 1, in: context())
    let lambda = 0.07
    func loss(_ weights: Matrix) -> Double {
      instance.errors(of: weights).trainingLoss + lambda / 6 * weights.squaredNorm
    }
    let rate = 1e-3
    let moved = try [false, true].map { usesGram -> Matrix in
      var descent = Descent(
        instance, starts: [start], regularization: lambda, learningRate: rate,
        data: NormalOperator(sensing: instance.sensing, labels: instance.labels, usesGram: usesGram))
      try descent.advance(stepCount: 1)
      return descent.weights[0]
    }
    expectClose(moved[0], moved[1], absolute: 1e-13)
    for index in start.values.indices {
      var (above, below) = (start, start)
      above.values[index] += 1e-5
      below.values[index] -= 1e-5
      let slope = 6 * (loss(above) - loss(below)) / 2e-5
      expectClose((start.values[index] - moved[0].values[index]) / rate, slope, relative: 1e-5, absolute: 1e-6)
    }
  }

  @Test("with an isotropic design the force is exactly 2 (Z - Z*)") func populationForce() throws {
    let d = 4
    let p = 10
    var design = Matrix.identity(p)
    for index in design.values.indices { design.values[index] *= (2 * Double(p) / Double(d)).squareRoot() }
    let random = Instance(size(d, alpha: 0.625), law: .gaussian, in: context())
    let instance = Instance(
      size(d, alpha: 0.625), teacher: random.teacher, sensing: design, noise: Array(repeating: 0, count: p))
    let start = instance.start(initialScale: 1, in: context())
    var descent = Descent(
      instance, starts: [start], regularization: 0, learningRate: 0.1,
      data: NormalOperator(sensing: design, labels: instance.labels))
    try descent.advance(stepCount: 1)
    let excess = LinearAlgebra.outerGram(start) - instance.teacher
    expectClose(descent.weights[0], start - 0.2 * (excess * start), absolute: 1e-13)
  }

  @Test("several starts at once are the same as one after the other") func batch() throws {
    let instance = Instance(size(8, alpha: 0.4), law: .gaussian, in: context())
    let starts = [1.0, 0.01].map { instance.start(initialScale: $0, in: context()) }
    let data = NormalOperator(sensing: instance.sensing, labels: instance.labels)
    func run(_ starts: [Matrix]) throws -> [Matrix] {
      var descent = Descent(instance, starts: starts, regularization: 0.1, learningRate: 0.01, data: data)
      try descent.advance(stepCount: 20)
      return descent.weights
    }
    let together = try run(starts)
    for (index, start) in starts.enumerated() { expectClose(together[index], try run([start])[0], absolute: 1e-14) }
    // Starts of different scale are the same normals.
    expectClose(starts[0], 10 * starts[1], relative: 1e-14)
  }

  @Test("both laws of sensing matrices measure distances: E tr(XA)^2 = 2 |A|^2/d") func isometry() {
    for law in SensingLaw.allCases {
      var squares: [Double] = []
      for replica in 0..<20 {
        let instance = Instance(size(12, alpha: 2, noise: 0), law: law, in: context(replica))
        let outputs = instance.sensing * Instance.vector(of: instance.teacher)
        squares.append(
          LinearAlgebra.dot(outputs, outputs) / Double(outputs.count) / (2 * instance.teacher.squaredNorm / 12))
      }
      let error = Statistics.standardError(squares)
      // Quadratic data add a diagonal term of relative order 1/d: E (x^T A x - tr A)^2 = 2 |A|^2 exactly for Gaussian x.
      #expect(abs(Statistics.mean(squares) - 1) < 5 * error, "\(law): \(Statistics.mean(squares)) ± \(error)")
    }
  }

  @Test("the error of a start is 1/kappa + 1/kappa* + 1/m + 1/m* on average") func startingError() {
    let system = size(8, alpha: 0.02, kappa: 0.5, teacher: 0.25)
    let errors = (0..<4000).map { replica in
      let here = context(replica)
      let instance = Instance(system, law: .gaussian, in: here)
      return instance.errors(of: instance.start(initialScale: 1, in: here)).meanSquaredError
    }
    // m = 4, m* = 2.
    let expected = 2.0 + 4 + 0.25 + 0.5
    #expect(abs(Statistics.mean(errors) - expected) < 4 * Statistics.standardError(errors))
    #expect(Statistics.standardError(errors) < 0.02 * expected)
  }

  @Test("with more samples than unknowns the flow recovers the teacher, and fits only exact labels exactly")
  func recovery() throws {
    let instance = Instance(size(8, alpha: 1, kappa: 1), law: .gaussian, in: context())
    var descent = Descent(
      instance, starts: [instance.start(initialScale: 1, in: context())], regularization: 0, learningRate: 0.02,
      data: NormalOperator(sensing: instance.sensing, labels: instance.labels))
    try descent.advance(stepCount: 20_000)
    #expect(instance.errors(of: descent.weights[0]).meanSquaredError < 1e-3)
  }

  @Test("a learning rate that is too large is told") func divergence() throws {
    let instance = Instance(size(8, alpha: 0.3), law: .gaussian, in: context())
    var descent = Descent(
      instance, starts: [instance.start(initialScale: 1, in: context())], regularization: 0, learningRate: 0.9,
      data: NormalOperator(sensing: instance.sensing, labels: instance.labels))
    #expect(throws: NumericalError.self) { try descent.advance(stepCount: 200) }
  }
}

@Suite struct GradientFlowTests {
  private static func ends(
    _ instance: Instance, _ starts: [Matrix], to time: Double, tolerance: Double = 1e-6, lambda: Double = 0.05
  ) throws -> [Matrix] {
    var flow = GradientFlow(
      instance, starts: starts, regularization: lambda,
      data: NormalOperator(sensing: instance.sensing, labels: instance.labels), tolerance: tolerance)
    // An output in between must not matter.
    try flow.advance(to: 0.37 * time)
    try flow.advance(to: time)
    #expect(flow.time == time)
    return flow.weights
  }

  @Test("descent tends to the flow in proportion to its learning rate") func limit() throws {
    let instance = Instance(size(8, alpha: 0.4, noise: 0.5), law: .gaussian, in: context())
    let start = instance.start(initialScale: 1, in: context())
    let flow = try Self.ends(instance, [start], to: 2)[0]
    let gaps = try [0.004, 0.002].map { rate -> Double in
      var descent = Descent(
        instance, starts: [start], regularization: 0.05, learningRate: rate,
        data: NormalOperator(sensing: instance.sensing, labels: instance.labels))
      try descent.advance(stepCount: Int((2 / rate).rounded()))
      return (descent.weights[0] - flow).squaredNorm.squareRoot()
    }
    #expect(gaps[0] < 0.05 * flow.squaredNorm.squareRoot())
    expectClose(gaps[0] / gaps[1], 2, relative: 0.1)
  }

  @Test("with an isotropic design every eigenvalue follows the logistic law of the population flow") func logistic()
    throws
  {
    // dZ/dt = -4 (Z - 1) Z for Z* = 1 and Z(0) a multiple of the unit matrix.
    let p = 6
    var design = Matrix.identity(p)
    for index in design.values.indices { design.values[index] *= 2 }
    let instance = Instance(
      size(3, alpha: 0.67, kappa: 1, teacher: 1), teacher: .identity(3), sensing: design,
      noise: Array(repeating: 0, count: p))
    let end = try Self.ends(instance, [0.1 * Matrix.identity(3)], to: 1.2, lambda: 0)[0]
    let expected = 1 / (1 + 99 * exp(-4 * 1.2))
    expectClose(LinearAlgebra.outerGram(end), expected * Matrix.identity(3), absolute: 1e-4)
  }

  @Test("the error falls with the tolerance; long after all fast modes have died out steps are long") func tolerance()
    throws
  {
    let instance = Instance(size(8, alpha: 0.5), law: .gaussian, in: context())
    let start = instance.start(initialScale: 1, in: context())
    let reference = try Self.ends(instance, [start], to: 20, tolerance: 1e-9)[0]
    for tolerance in [1e-4, 1e-5, 1e-6] {
      let end = try Self.ends(instance, [start], to: 20, tolerance: tolerance)[0]
      let error = ((end - reference).squaredNorm / reference.squaredNorm).squareRoot()
      #expect(error < 50 * tolerance, "\(error) at tolerance \(tolerance)")
    }
    var flow = GradientFlow(
      instance, starts: [start], regularization: 0.1,
      data: NormalOperator(sensing: instance.sensing, labels: instance.labels))
    try flow.advance(to: 1000)
    #expect(flow.evaluationCount < 5000)
  }

  @Test(
    "the regularised loss never grows, and directions without student stay so, to the longest time of any stage",
    arguments: [(0.3, 0.0, 0.01), (1.5, 1.0, 0.0), (0.5, 0.5, 0.001), (0.125, 0.0, 0.1)])
  func invariants(kappa: Double, noise: Double, lambda: Double) throws {
    let instance = Instance(size(8, alpha: 0.4, kappa: kappa, noise: noise), law: .gaussian, in: context())
    var start = instance.start(initialScale: 1, in: context())
    // dW/dt is a matrix times W: a neuron without weights, and a sum of neurons that is 0, stay so.
    if start.columnCount > 1 { for row in 0..<8 { start[row, 1] = -start[row, 0] } }
    var flow = GradientFlow(
      instance, starts: [start], regularization: lambda,
      data: NormalOperator(sensing: instance.sensing, labels: instance.labels))
    var last = Double.infinity
    for time in [0, 1e-3, 1e-2, 0.1, 0.5, 1, 2, 5, 10, 30, 100, 300, 1000, 3000, 5000, 10_000] {
      try flow.advance(to: time)
      let weights = flow.weights[0]
      let loss = instance.errors(of: weights).trainingLoss + lambda * weights.squaredNorm / 8
      #expect(loss <= last + 1e-5 * last + 1e-24, "time \(time)")
      last = loss
      if weights.columnCount > 1 {
        let sum = (0..<8).map { abs(weights[$0, 0] + weights[$0, 1]) }.max() ?? .nan
        #expect(sum < 1e-12, "time \(time)")
      }
    }
  }

  @Test("starts that flow together end where they end alone") func together() throws {
    let instance = Instance(size(8, alpha: 0.4), law: .gaussian, in: context())
    let starts = [1.0, 0.01].map { instance.start(initialScale: $0, in: context()) }
    let together = try Self.ends(instance, starts, to: 5, tolerance: 1e-7)
    for (index, start) in starts.enumerated() {
      let alone = try Self.ends(instance, [start], to: 5, tolerance: 1e-7)[0]
      expectClose(together[index], alone, absolute: 1e-4)
    }
  }
}

@Suite struct RegularizedDescentTests {
  @Test("first positive root of cubics") func roots() throws {
    // (s - 1)(s - 2)(s - 3), one root, and a quadratic.
    expectClose(try #require(try RegularizedDescent.firstPositiveRoot([-6, 11, -6, 1])), 1, relative: 1e-12)
    expectClose(try #require(try RegularizedDescent.firstPositiveRoot([-8, 0, 0, 1])), 2, relative: 1e-12)
    expectClose(try #require(try RegularizedDescent.firstPositiveRoot([-2, -1, 1, 0])), 2, relative: 1e-12)
    #expect(try RegularizedDescent.firstPositiveRoot([1, 1, 1, 1]) == nil)
    #expect(try RegularizedDescent.firstPositiveRoot([-1, 0, 0, 0]) == nil)
  }

  @Test("a minimum is stationary, and is the end of descent for a wide student") func stationary() throws {
    let instance = Instance(size(14, alpha: 0.5, kappa: 0.8, noise: 0.1), law: .gaussian, in: context())
    let data = NormalOperator(sensing: instance.sensing, labels: instance.labels)
    let start = instance.start(initialScale: 1, in: context())
    let end = try RegularizedDescent(tolerance: 1e-10).minimise(instance, from: start, regularization: 0.1, data: data)
    var still = Descent(instance, starts: [end.weights], regularization: 0.1, learningRate: 0.01, data: data)
    try still.advance(stepCount: 1)
    expectClose(still.weights[0], end.weights, absolute: 1e-9)
    var descent = Descent(instance, starts: [start], regularization: 0.1, learningRate: 0.01, data: data)
    try descent.advance(stepCount: 20_000)
    expectClose(
      LinearAlgebra.outerGram(descent.weights[0]), LinearAlgebra.outerGram(end.weights), absolute: 1e-3)
  }
}

@Suite struct OjaFlowTests {
  @Test("exact steps equal the reference") func reference() throws {
    let reference = try SmallSystems.read().oja_exact_small
    for (time, expected) in reference.Z {
      let t = try #require(Double(time))
      var weights = Matrix(reference.W0)
      let count = max(1, Int((t / 4).rounded(.up)))
      for _ in 0..<count {
        weights = try OjaFlow.advanced(weights, eigenvalues: reference.A_diag, by: t / Double(count))
      }
      expectClose(LinearAlgebra.outerGram(weights), Matrix(expected), absolute: 1e-12)
    }
    let constants = try SmallSystems.read().oja_constants
    expectClose(try ojaLaw(studentWidthRatio: 0.8, time: 1), constants["c3_full"] ?? .nan, relative: 1e-12)
    expectClose(try ojaLaw(studentWidthRatio: 0.2, time: 1), constants["c1_kappa02"] ?? .nan, relative: 1e-10)
  }

  @Test(
    "to the longest time the length of the exact steps, at most 4, does not matter",
    arguments: [0.2, 0.8, 1], [96.0, 5000])
  func stepLength(studentWidthRatio: Double, lastTime: Double) throws {
    let d = 60
    let half = RandomStream(key: 3, purpose: "target", stream: 0)
      .standardMatrix(rowCount: d, columnCount: d, scale: 1 / (2 * Double(d)).squareRoot())
    let eigenvalues = try LinearAlgebra.symmetricEigenvalues(half + half.transposed)
    let m = Int((studentWidthRatio * Double(d)).rounded())
    let start = RandomStream(key: 3, purpose: "start", stream: 0)
      .standardMatrix(rowCount: d, columnCount: m, scale: 1 / Double(m).squareRoot())
    let distances = try [1.0, 4].map { step -> Double in
      var weights = start
      for _ in 0..<Int(lastTime / step) { weights = try OjaFlow.advanced(weights, eigenvalues: eigenvalues, by: step) }
      var difference = LinearAlgebra.outerGram(weights)
      for index in (d - m)..<d { difference[index, index] -= max(eigenvalues[index], 0) }
      return difference.squaredNorm / Double(d)
    }
    // Late distances are round-off.
    expectClose(distances[1], distances[0], absolute: 1e-24 + 1e-10 * distances[0])
  }

  @Test("two steps are one of twice the length; a short step is that of the differential equation") func semigroup()
    throws
  {
    var stream = context().random("test")
    let weights = stream.normalMatrix(rowCount: 6, columnCount: 3)
    let eigenvalues = [-1.5, -0.3, 0, 0.2, 1, 1.9]
    let once = try OjaFlow.advanced(weights, eigenvalues: eigenvalues, by: 0.8)
    let half = try OjaFlow.advanced(weights, eigenvalues: eigenvalues, by: 0.4)
    let twice = try OjaFlow.advanced(half, eigenvalues: eigenvalues, by: 0.4)
    expectClose(LinearAlgebra.outerGram(once), LinearAlgebra.outerGram(twice), absolute: 1e-12)
    let h = 1e-6
    let z = LinearAlgebra.outerGram(weights)
    let drift = (Matrix(diagonal: eigenvalues) - z) * z
    let moved = LinearAlgebra.outerGram(try OjaFlow.advanced(weights, eigenvalues: eigenvalues, by: h))
    expectClose((1 / h) * (moved - z), drift + drift.transposed, relative: 1e-3, absolute: 1e-3)
  }
}

@Suite struct MeanFieldTests {
  @Test("at time 0 the loss is (2 MSE + noise)/4, and the first response is that of Z to W <- W + H W")
  func start() throws {
    var parameters = DynamicalMeanField.Parameters()
    parameters.inputDimension = 20
    parameters.stepCount = 4
    parameters.probedSystemCount = 3
    let found = try DynamicalMeanField.run(parameters, in: context())
    let error = try #require(found[DynamicalMeanField.meanSquaredError]).values[0]
    let loss = try #require(found[DynamicalMeanField.trainingLoss]).values[0]
    expectClose(loss, (2 * error + parameters.noiseVariance) / 4, relative: 1e-6)
    // E <H, H Z + Z H> = (d + 1) tr Z for a probe of unit variance, and tr Z = d: chi(1, 0) -> 2.
    let response = try #require(found[DynamicalMeanField.response]).values
    #expect(response[0] == 0)
    expectClose(response[1], 2, relative: 0.4)
  }

  @Test("mean field and descent agree at early times within 15 %") func agreement() throws {
    var parameters = DynamicalMeanField.Parameters()
    parameters.stepCount = 31
    var descent = GradientDescent.Parameters()
    descent.inputDimension = 30
    descent.noiseVariance = parameters.noiseVariance
    descent.regularization = parameters.regularization
    descent.timeSpacing = .linear
    descent.firstTime = 0.1
    descent.lastTime = 0.3
    descent.timeCount = 3
    let predicted = try DynamicalMeanField.run(parameters, in: context())
    let runs = try (0..<12).map { try GradientDescent.run(descent, in: context($0)) }
    for (index, step) in [0, 10, 20, 30].enumerated() {
      let error = Statistics.mean(runs.map { $0[GradientDescent.meanSquaredError]?[0, index] ?? .nan })
      expectClose(predicted[DynamicalMeanField.meanSquaredError]?.values[step] ?? .nan, error, relative: 0.15)
      let loss = Statistics.mean(runs.map { $0[GradientDescent.trainingLoss]?[0, index] ?? .nan })
      expectClose(predicted[DynamicalMeanField.trainingLoss]?.values[step] ?? .nan, loss, relative: 0.2)
    }
  }
}

@Suite struct ExperimentTests {
  @Test("minima at d = 40 lie near the theory") func minimumNearTheory() throws {
    var parameters = RegularizedMinimum.Parameters()
    (parameters.studentWidthRatio, parameters.teacherWidthRatio) = (0.7, 0.5)
    let theory = try LongTimeTheory(studentWidthRatio: 0.7, teacherWidthRatio: 0.5, noiseVariance: 0).solve(
      sampleRatio: 0.3, regularization: 0.1)
    let logs = try (0..<6).map { replica -> Double in
      log(
        (try RegularizedMinimum.run(parameters, in: context(replica))[RegularizedMinimum.meanSquaredError]?.values[0]
          ?? .nan)
          / theory.meanSquaredError)
    }
    #expect(abs(Statistics.mean(logs)) < 0.2, "\(logs)")
  }

  @Test("the steepest fall of a sigmoid is found between grid points") func steepest() {
    let x = (0..<11).map { 0.1 * Double($0) }
    let y = x.map { -tanh(8 * ($0 - 0.53)) }
    expectClose(RecoveryScan.steepest(x, y), 0.53, absolute: 0.01)
    expectClose(RecoveryScan.steepest([0, 1, 2], [3, 1, 0]), 0.5)
  }

  /// The complaint about some parameters, as name, value and allowed range.
  private func refusal(_ parameters: some ExperimentParameters) -> InvalidParameter? {
    do {
      try parameters.validate()
      return nil
    } catch { return error as? InvalidParameter }
  }

  @Test("bad input is refused with its name, its value and the allowed range") func badInput() throws {
    func expectRefused(
      _ parameters: some ExperimentParameters, _ name: String, _ value: String,
      sourceLocation: SourceLocation = #_sourceLocation
    ) {
      let found = refusal(parameters)
      #expect(found?.name == name, sourceLocation: sourceLocation)
      #expect(found?.value == value, sourceLocation: sourceLocation)
      #expect(found?.allowed.isEmpty == false, sourceLocation: sourceLocation)
    }
    func simulation(_ change: (inout GradientDescent.Parameters) -> Void) -> GradientDescent.Parameters {
      var parameters = GradientDescent.Parameters()
      change(&parameters)
      return parameters
    }
    #expect(refusal(GradientDescent.Parameters()) == nil)
    expectRefused(simulation { $0.studentWidthRatio = 0 }, "studentWidthRatio", "0.0")
    expectRefused(simulation { $0.studentWidthRatio = -0.4 }, "studentWidthRatio", "-0.4")
    expectRefused(simulation { $0.teacherWidthRatio = -1 }, "teacherWidthRatio", "-1.0")
    expectRefused(simulation { $0.sampleRatio = 0 }, "sampleRatio", "0.0")
    expectRefused(simulation { $0.noiseVariance = -0.1 }, "noiseVariance", "-0.1")
    expectRefused(simulation { $0.regularization = -0.1 }, "regularization", "-0.1")
    var theory = LongTime.Parameters()
    theory.regularization = -1
    expectRefused(theory, "regularization", "-1.0")
    theory = LongTime.Parameters()
    theory.noiseVariance = .nan
    expectRefused(theory, "noiseVariance", "nan")
    theory = LongTime.Parameters()
    theory.firstSampleRatio = 0
    expectRefused(theory, "firstSampleRatio", "0.0")
    theory = LongTime.Parameters()
    theory.studentWidthRatio = 0
    expectRefused(theory, "studentWidthRatio", "0.0")
    var meanField = DynamicalMeanField.Parameters()
    meanField.stepCount = 20_000
    expectRefused(meanField, "stepCount", "20000")
    meanField = DynamicalMeanField.Parameters()
    meanField.probedSystemCount = 9
    expectRefused(meanField, "probedSystemCount", "9")
  }

  @Test("the memory guard tells n, p and what they come to") func memoryGuard() throws {
    var parameters = GradientDescent.Parameters()
    parameters.inputDimension = 400
    let found = try #require(refusal(parameters))
    #expect(found.name == "sampleRatio")
    // n = 0.3 * 400^2, p = 400 * 401 / 2, at most 2^29 numbers.
    for number in ["536870912", "400", "48000", "80200"] { #expect(found.allowed.contains(number), "\(found.allowed)") }
  }

  @Test("below kappa_min the result carries a flag") func flag() throws {
    var parameters = RegularizedMinimum.Parameters()
    (parameters.inputDimension, parameters.noiseVariance, parameters.regularization) = (12, 1, 0.01)
    for (width, expected) in [(0.35, 1.0), (1, 0)] {
      parameters.studentWidthRatio = width
      let found = try RegularizedMinimum.run(parameters, in: context())
      #expect(found[RegularizedMinimum.isRankLimited]?.values == [expected])
    }
    var theory = LongTime.Parameters()
    (theory.teacherWidthRatio, theory.noiseVariance, theory.regularization) = (0.3, 1, 0.01)
    for (width, expected) in [(0.35, 1.0), (1, 0)] {
      theory.studentWidthRatio = width
      (theory.firstSampleRatio, theory.lastSampleRatio, theory.sampleRatioCount) = (0.3, 0.32, 2)
      let found = try LongTime.run(theory, in: context())
      #expect(found[LongTime.isRankLimited]?.values == [expected, expected])
    }
  }

  @Test("every deliberate mistake changes the results") func mutants() throws {
    func differs<E: Experiment>(_ experiment: E.Type, _ parameters: E.Parameters) throws {
      let right = try E.run(parameters, in: context())
      let again = try E.run(parameters, in: context())
      #expect(right.mapValues { $0.values.map(\.bitPattern) } == again.mapValues { $0.values.map(\.bitPattern) })
      for mutant in E.mutants {
        let wrong = try E.run(parameters, in: context(mutant: mutant))
        #expect(wrong != right, "\(E.name): \(mutant.name)")
      }
    }
    var theory = LongTime.Parameters()
    theory.sampleRatioCount = 2
    (theory.studentWidthRatio, theory.teacherWidthRatio, theory.regularization) = (0.35, 0.3, 0.01)
    (theory.firstSampleRatio, theory.noiseVariance) = (0.3, 0.5)
    try differs(LongTime.self, theory)
    try differs(SampleThresholds.self, SampleThresholds.Parameters())
    var optimum = BayesOptimal.Parameters()
    optimum.sampleRatioCount = 2
    try differs(BayesOptimal.self, optimum)
    var descent = GradientDescent.Parameters()
    (descent.inputDimension, descent.lastTime, descent.timeCount, descent.noiseVariance) = (10, 1, 3, 1)
    try differs(GradientDescent.self, descent)
    // Uncentred data allow far shorter steps only.
    (descent.dynamics, descent.learningRate) = (.descent, 0.001)
    try differs(GradientDescent.self, descent)
    var minimum = RegularizedMinimum.Parameters()
    (minimum.inputDimension, minimum.noiseVariance, minimum.regularization) = (12, 0.5, 0.01)
    (minimum.followsFlow, minimum.lastTime) = (true, 5)
    try differs(RegularizedMinimum.self, minimum)
    var spectrum = Spectrum.Parameters()
    spectrum.inputDimension = 12
    try differs(Spectrum.self, spectrum)
    var outputs = GaussianOutputs.Parameters()
    (outputs.inputDimension, outputs.times) = (10, [0.1, 0.5])
    try differs(GaussianOutputs.self, outputs)
    var oja = OjaFlow.Parameters()
    oja.inputDimension = 20
    try differs(OjaFlow.self, oja)
    var meanField = DynamicalMeanField.Parameters()
    (meanField.inputDimension, meanField.stepCount) = (10, 5)
    (meanField.systemCount, meanField.probedSystemCount) = (3, 2)
    try differs(DynamicalMeanField.self, meanField)
    var scan = RecoveryScan.Parameters()
    (scan.inputDimension, scan.lastTime, scan.sampleRatioCount) = (8, 1, 3)
    try differs(RecoveryScan.self, scan)
  }
}
