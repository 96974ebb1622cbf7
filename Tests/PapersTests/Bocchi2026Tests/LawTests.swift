import Bocchi2026
import Foundation
import NumericalMethods
import PaperKit
import TestSupport
import Testing

private func contexts(_ count: Int, key: UInt64 = 11, mutant: Mutant? = nil) -> [RunContext] {
  (0..<count).map { RunContext(replica: $0, streamKey: key, mutant: mutant) }
}

/// Runs one replica of an experiment with changed parameters and returns one output's numbers.
private func values<E: Experiment>(
  _ experiment: E.Type, _ output: OutputArray, mutant: Mutant? = nil, _ change: (inout E.Parameters) -> Void = { _ in }
) throws -> [Double] {
  var parameters = E.Parameters()
  change(&parameters)
  try parameters.validate()
  return try #require(
    E.run(parameters, in: RunContext(replica: 0, streamKey: 5, mutant: mutant))[output]
  ).values
}

@Suite struct ChainTests {
  @Test("a replica's numbers are the same bits alone and in any lane", arguments: [Constraint.free, .spherical])
  func lanes(constraint: Constraint) throws {
    for p in [1, 2, 3, 5] {
      let theory = Theory(studentWidth: p, teacherWidth: 2, learningRate: 0.01, constraint: constraint)
      // Few inputs, so that chi-square numbers are rejected now and then.
      let dimension = p + 4
      let all = contexts(8)
      let starts = all.map { Overlaps.start(.random, theory, inputDimension: Double(dimension), in: $0) }
      let together = ReducedChain(theory, inputDimension: dimension, starts: starts, contexts: all)
      // Stops in the middle of a chunk must not matter either.
      for steps in [1, 70, 29] { try together.advance(steps) }
      for lane in all.indices {
        let alone = ReducedChain(theory, inputDimension: dimension, starts: [starts[lane]], contexts: [all[lane]])
        try alone.advance(100)
        #expect(alone.overlaps(lane: 0) == together.overlaps(lane: lane))
      }
    }
  }

  @Test(
    "chain, descent and overlap equations have the same bits at every vector width",
    arguments: [1, 2, 3, 4, 8, 11], [Constraint.free, .spherical])
  func vectorWidths(studentWidth: Int, constraint: Constraint) throws {
    try expectSameBitsAtEveryWidth {
      try values(ReducedSGD.self, ReducedSGD.populationLoss) {
        ($0.studentWidth, $0.constraint, $0.inputDimension, $0.lastTime) = (studentWidth, constraint, 100, 5)
      }
        + values(FullSGD.self, FullSGD.populationLoss) {
          ($0.studentWidth, $0.constraint, $0.inputDimension, $0.lastTime) = (studentWidth, constraint, 100, 5)
        }
        + values(OverlapFlow.self, OverlapFlow.populationLoss) {
          ($0.studentWidth, $0.constraint, $0.lastTime) = (studentWidth, constraint, 20)
        }
    }
  }

  @Test("the vectorised form of experiments equals the single form")
  func experiments() throws {
    var escape = EscapeTime.Parameters()
    escape.dynamics = .descent
    escape.start = .random
    escape.inputDimension = 100
    let together = try EscapeTime.run(escape, replicas: contexts(11))
    for (context, result) in zip(contexts(11), together) { #expect(try EscapeTime.run(escape, in: context) == result) }
  }

  @Test(
    "the chain has the law of descent on all weights, with unequal teacher norms too",
    arguments: [(Constraint.free, 0), (.spherical, 0), (.free, 0.4), (.spherical, 0.4)])
  func law(constraint: Constraint, spread: Double) throws {
    let theory = Theory(
      studentWidth: 3, teacherWidth: 2, learningRate: 0.05, constraint: constraint, teacherSpread: spread)
    let equations = OverlapEquations(theory)
    var full: [Overlaps] = []
    for context in contexts(1200, key: 21) {
      let descent = Descent(theory, inputDimension: 40, context: context)
      try descent.advance(1000)
      full.append(descent.overlaps)
    }
    let all = contexts(1200, key: 22)
    var reduced: [Overlaps] = []
    for first in stride(from: 0, to: all.count, by: 8) {
      let group = Array(all[first..<(first + 8)])
      let chain = ReducedChain(
        theory, inputDimension: 40,
        starts: group.map { Overlaps.start(.random, theory, inputDimension: 40, in: $0) }, contexts: group)
      try chain.advance(1000)
      reduced += group.indices.map { chain.overlaps(lane: $0) }
    }
    for number in [{ equations.loss($0) }, { $0.teacherOverlap[0, 0] }, { $0.selfOverlap[1, 0] }]
      as [(Overlaps) -> Double]
    {
      #expect(Statistics.kolmogorovSmirnov(full.map(number), reduced.map(number)).pValue > 1e-3)
    }
  }

  @Test("constrained rows keep their norm; losses by both formulas agree")
  func norms() throws {
    let theory = Theory(studentWidth: 4, teacherWidth: 2, learningRate: 0.05, constraint: .spherical)
    let all = contexts(8)
    let starts = all.map { Overlaps.start(.random, theory, inputDimension: 100, in: $0) }
    let chain = ReducedChain(theory, inputDimension: 100, starts: starts, contexts: all)
    try chain.advance(3000)
    let losses = chain.populationLosses()
    for lane in 0..<8 {
      let overlaps = chain.overlaps(lane: lane)
      expectClose(overlaps.selfOverlap.diagonal, [1, 1, 1, 1], absolute: 1e-13)
      expectClose(OverlapEquations(theory).loss(overlaps), losses[lane], absolute: 1e-14)
    }
  }

  @Test("divergence is an error with its time")
  func divergence() throws {
    // Beyond the bound that experiments accept.
    let theory = Theory(studentWidth: 2, teacherWidth: 2, learningRate: 3)
    let all = contexts(2)
    let chain = ReducedChain(
      theory, inputDimension: 50, starts: all.map { Overlaps.start(.random, theory, inputDimension: 50, in: $0) },
      contexts: all)
    #expect(throws: NumericalError.self) { try chain.advance(20_000) }
    let descent = Descent(theory, inputDimension: 50, context: all[0])
    #expect(throws: NumericalError.self) { try descent.advance(20_000) }
  }

  @Test("escape times of descent agree with an independent simulation")
  func escapeTimes() throws {
    var parameters = EscapeTime.Parameters()
    parameters.dynamics = .descent
    parameters.start = .random
    let times = try EscapeTime.run(parameters, replicas: contexts(400)).map {
      try #require($0[EscapeTime.correctedTime]).values[0]
    }
    // 39.56 ± 0.32 at N = 1000, p = p* = 2, eta = 0.05, 200 runs.
    let error = (0.323 * 0.323 + Statistics.variance(times) / 400).squareRoot()
    expectClose(Statistics.mean(times), 39.555, absolute: 4 * error)
  }
}

@Suite struct EquationTests {
  @Test(
    "losses from full weights by Monte Carlo, moments by the chain: the drift of one step is the right-hand side",
    arguments: [0, 0.4])
  func drift(spread: Double) throws {
    let theory = Theory(studentWidth: 2, teacherWidth: 2, learningRate: 0.1, teacherSpread: spread)
    let start = Overlaps(
      teacherOverlap: Matrix([[0.4, -0.1], [0.2, 0.3]]), selfOverlap: Matrix([[0.9, 0.1], [0.1, 0.7]]))
    let dimension = 400
    let equations = OverlapEquations(theory)
    let expected = equations.state(start)
    var rate = [Double](repeating: 0, count: expected.count)
    expected.withUnsafeBufferPointer { state in
      rate.withUnsafeMutableBufferPointer { equations.derivative(state, $0) }
    }
    // One step changes the overlaps by rate/N on average, up to terms of order 1/N^2 from |x|^2/N.
    let runs = contexts(8 * 6000)
    var changes = Array(repeating: [Double](), count: expected.count)
    for first in stride(from: 0, to: runs.count, by: 8) {
      let group = Array(runs[first..<(first + 8)])
      let chain = ReducedChain(
        theory, inputDimension: dimension, starts: Array(repeating: start, count: 8), contexts: group)
      try chain.advance(1)
      for lane in 0..<8 {
        for (index, value) in equations.state(chain.overlaps(lane: lane)).enumerated() {
          changes[index].append((value - expected[index]) * Double(dimension))
        }
      }
    }
    for index in rate.indices {
      expectClose(
        Statistics.mean(changes[index]), rate[index], absolute: 5 * Statistics.standardError(changes[index]))
    }
  }

  @Test("loss and flow are invariant under rotations of the student")
  func rotations() throws {
    var stream = RandomStream(key: 4, stream: 0)
    let theory = Theory(studentWidth: 3, teacherWidth: 2, learningRate: 0.05)
    let equations = OverlapEquations(theory)
    let start = Overlaps.random(
      studentWidth: 3, teacherWidth: 2, inputDimension: 50, constraint: .free, stream: &stream)
    let rotation = try LinearAlgebra.qr(stream.normalMatrix(rowCount: 3, columnCount: 3)).q
    let rotated = Overlaps(
      teacherOverlap: rotation * start.teacherOverlap,
      perpendicular: LinearAlgebra.multiply(rotation * start.perpendicular, rotation, transposingSecond: true))
    let method = OverlapEquations.method(inputDimension: 50)
    let times = [0.0, 20, 60, 100]
    let one = try equations.solve(from: start, at: times, method: method)
    let other = try equations.solve(from: rotated, at: times, method: method)
    expectClose(one.map { equations.loss($0) }, other.map { equations.loss($0) }, relative: 1e-8)
    expectClose(
      equations.overlaps(other[3]).teacherOverlap, rotation * equations.overlaps(one[3]).teacherOverlap, absolute: 1e-9)
  }

  @Test("plateau and noise gain at small learning rate; beyond the bounds there is an error")
  func plateau() throws {
    let theory = Theory(studentWidth: 4, teacherWidth: 2, learningRate: 1e-5)
    expectClose(try theory.plateauLoss(), 1.0 / 6 + 0.5, relative: 1e-4)
    expectClose(try theory.noiseGain(), 1e-5 * (6.0 / 2 + 2.0 / 6) * 0.94, relative: 0.02)
    #expect(throws: NumericalError.self) {
      try Theory(studentWidth: 2, teacherWidth: 2, learningRate: 5).plateauLoss()
    }
  }

  @Test("solutions of a teacher of unequal norms have no loss, and are stable up to the critical learning rate")
  func unequalNorms() throws {
    var stream = RandomStream(key: 12, stream: 0)
    for (pStar, spread) in [(2, 0.2), (2, 0.8), (3, 0.5)] {
      func theory(_ eta: Double) -> Theory {
        Theory(studentWidth: pStar, teacherWidth: pStar, learningRate: eta, teacherSpread: spread)
      }
      let critical = theory(0.01).criticalLearningRate
      let solution = try Overlaps.solution(studentWidth: pStar, teacherWidth: pStar, stream: &stream)
      let scaled = Overlaps.scaled(solution.teacherOverlap, by: theory(0.01).teacherNorms, rootPower: 1)
      // Beside it: every row a little longer in a direction of its own.
      let start = Overlaps(teacherOverlap: scaled, perpendicular: 1e-6 * Matrix.identity(pStar))
      for share in [0.97, 1.03] {
        let equations = OverlapEquations(theory(share * critical))
        expectClose(
          equations.loss(Overlaps(teacherOverlap: scaled, perpendicular: Matrix(rowCount: pStar, columnCount: pStar))),
          0, absolute: 1e-28)
        let losses = try equations.solve(
          from: start, at: [200, 300], method: OverlapEquations.method(inputDimension: 1e6)
        ).map { equations.loss($0) }
        #expect((losses[1] < losses[0]) == (share < 1), "p* = \(pStar), s = \(spread): \(losses)")
      }
    }
    expectClose(
      Theory(studentWidth: 2, teacherWidth: 3, learningRate: 0.01, teacherSpread: 1e-9).criticalLearningRate,
      Theory.criticalLearningRate(teacherWidth: 3), relative: 1e-8)
  }

  @Test("digamma at whole and half numbers")
  func digamma() {
    expectClose(Theory.digamma(1), -0.577215664901532861, relative: 1e-14)
    expectClose(Theory.digamma(0.5), -1.963510026021423479, relative: 1e-14)
    expectClose(Theory.digamma(20), 2.970523992242149051, relative: 1e-14)
  }

  @Test("polar factor and deficit: 0 at the nearest solution, as much as the loss of tr(O^T R0)")
  func deficit() throws {
    var stream = RandomStream(key: 9, stream: 0)
    let start = stream.normalMatrix(rowCount: 4, columnCount: 2)
    let near = try Overlaps.polar(start)
    expectClose(LinearAlgebra.gram(near), .identity(2), absolute: 1e-14)
    expectClose(try Overlaps.deficit(of: near, from: start), 0, absolute: 1e-15)
    for _ in 0..<20 {
      let other = try LinearAlgebra.qr(stream.normalMatrix(rowCount: 4, columnCount: 2)).q
      let overlap = zip(other.values, start.values).reduce(0) { $0 + $1.0 * $1.1 }
      let nuclear = try LinearAlgebra.singularValues(start).reduce(0, +)
      let deficit = try Overlaps.deficit(of: other, from: start)
      expectClose(deficit, 1 - overlap / nuclear, absolute: 1e-13)
      #expect(deficit > 0)
    }
  }

  @Test("fast spectrum of the Hessian against second differences of the loss in full weights")
  func hessian() throws {
    let (p, q, n) = (2, 1, 5)
    var stream = RandomStream(key: 3, stream: 0)
    let weights = stream.normalMatrix(rowCount: p, columnCount: n)
    let equations = OverlapEquations(Theory(studentWidth: p, teacherWidth: q, learningRate: 0.01))
    func overlaps(_ weights: Matrix) -> Overlaps {
      let rest = weights.columns(q..<n)
      return Overlaps(
        teacherOverlap: (1 / Double(n).squareRoot()) * weights.columns(0..<q),
        perpendicular: (1 / Double(n)) * LinearAlgebra.outerGram(rest))
    }
    func loss(_ first: Int, _ second: Int, _ a: Double, _ b: Double) -> Double {
      var moved = weights
      moved.values[first] += a
      moved.values[second] += b
      return equations.loss(overlaps(moved))
    }
    let h = 1e-3
    let dense = Matrix(rowCount: p * n, columnCount: p * n) { i, j in
      Double(n * p) * (loss(i, j, h, h) - loss(i, j, h, -h) - loss(i, j, -h, h) + loss(i, j, -h, -h)) / (4 * h * h)
    }
    let found = try HessianSpectrum(overlaps(weights))
    let all = (found.inside + (0..<(n - p - q)).flatMap { _ in found.outside }).sorted()
    expectClose(try LinearAlgebra.symmetricEigenvalues(dense), all, absolute: 1e-4)
  }
}

@Suite struct ParameterTests {
  @Test("values outside the ranges are refused with name, value and bound")
  func refused() {
    func expectRefused<P: ExperimentParameters>(
      _ name: String, _ value: String, _ bound: String, _ change: (inout P) -> Void,
      sourceLocation: SourceLocation = #_sourceLocation
    ) {
      var parameters = P()
      change(&parameters)
      let error = #expect(throws: InvalidParameter.self, sourceLocation: sourceLocation) { try parameters.validate() }
      #expect(error?.name == name, sourceLocation: sourceLocation)
      #expect(error?.value == value, sourceLocation: sourceLocation)
      #expect(error?.allowed.contains(bound) == true, "\(error?.allowed ?? "")", sourceLocation: sourceLocation)
    }
    // eta_c = p*/(2 (p* + 2)) = 1/4 for p* = 2.
    expectRefused("learningRate", "0.25", "0.25") { (p: inout OverlapFlow.Parameters) in p.learningRate = 0.25 }
    expectRefused("learningRate", "0.0", "1e-6") { (p: inout OverlapFlow.Parameters) in p.learningRate = 0 }
    expectRefused("learningRate", "nan", "1e-6") { (p: inout FullSGD.Parameters) in p.learningRate = .nan }
    expectRefused("studentWidth", "17", "1 to 16") { (p: inout OverlapFlow.Parameters) in p.studentWidth = 17 }
    expectRefused("studentWidth", "0", "1 to 16") { (p: inout ReducedSGD.Parameters) in p.studentWidth = 0 }
    expectRefused("teacherWidth", "0", "1 to 16") { (p: inout OverlapFlow.Parameters) in p.teacherWidth = 0 }
    expectRefused("teacherWidth", "17", "1 to 16") { (p: inout EscapeTime.Parameters) in p.teacherWidth = 17 }
    expectRefused("inputDimension", "5", "at least 6") { (p: inout FullSGD.Parameters) in p.inputDimension = 5 }
    expectRefused("inputDimension", "13", "at least 14") { (p: inout ReducedSGD.Parameters) in
      (p.studentWidth, p.teacherWidth, p.inputDimension) = (8, 4, 13)
    }
    // The plateau ends before eta_c where the discriminant of its equation falls below 0.
    expectRefused("learningRate", "0.3", "discriminant") { (p: inout OverlapFlow.Parameters) in
      (p.studentWidth, p.teacherWidth, p.learningRate) = (1, 4, 0.3)
    }
    expectRefused("studentWidth", "1", "teacherWidth (2)") { (p: inout NearestSolution.Parameters) in
      p.studentWidth = 1
    }
  }

  @Test("every mutant changes what is measured")
  func mutants() throws {
    func differs<E: Experiment>(
      _ experiment: E.Type, _ outputs: OutputArray..., change: (inout E.Parameters) -> Void
    ) throws {
      func all(_ mutant: Mutant?) throws -> [[Double]] {
        try outputs.map { try values(E.self, $0, mutant: mutant, change) }
      }
      let right = try all(nil)
      for mutant in E.mutants { #expect(try all(mutant) != right, "\(E.name), \(mutant.name)") }
    }
    try differs(OverlapFlow.self, OverlapFlow.populationLoss) { ($0.studentWidth, $0.lastTime) = (4, 20) }
    try differs(Plateau.self, Plateau.settledLoss) { _ in }
    try differs(LateTime.self, LateTime.populationLoss) { $0.lastTime = 100 }
    try differs(EscapeRate.self, EscapeRate.rateRatio) { $0.studentWidth = 4 }
    try differs(HessianPath.self, HessianPath.leastEigenvalue) { $0.lastTime = 20 }
    try differs(FullSGD.self, FullSGD.populationLoss) {
      ($0.studentWidth, $0.inputDimension, $0.lastTime) = (4, 50, 10)
    }
    try differs(ReducedSGD.self, ReducedSGD.populationLoss, ReducedSGD.flowLoss) {
      ($0.inputDimension, $0.lastTime) = (50, 10)
    }
    try differs(EscapeAmplitude.self, EscapeAmplitude.amplitude, EscapeAmplitude.noiseGain) { $0.inputDimension = 100 }
    try differs(SolutionManifold.self, SolutionManifold.populationLoss, SolutionManifold.greatestDimension) { _ in }
    try differs(Hessian.self, Hessian.eigenvalues) { _ in }
    try differs(ConservedQuantity.self, ConservedQuantity.deficit, ConservedQuantity.polarDrift) {
      ($0.constraint, $0.teacherSpread, $0.timeCount) = (.spherical, 0.2, 2)
    }
    try differs(NearestSolution.self, NearestSolution.deficit, NearestSolution.noiseGain) {
      ($0.inputDimension, $0.learningRate, $0.pairCount) = (50, 0.09, 1)
    }
    try differs(LearningOrder.self, LearningOrder.turn, LearningOrder.flowTurn) {
      ($0.inputDimension, $0.learningRate, $0.noiseCount) = (20, 0.05, 1)
    }
    try differs(LearningOrderFlow.self, LearningOrderFlow.distance) { $0.inputDimension = 20 }
    try differs(LearningOrderNoise.self, LearningOrderNoise.distance, LearningOrderNoise.predictedLogarithm) {
      ($0.inputDimension, $0.learningRate, $0.noiseCount) = (20, 0.05, 1)
    }
  }

  @Test("half-way between two solutions is as far from the one as from the other, along the way between them")
  func halfwayEnd() throws {
    let whole = try values(LearningOrderFlow.self, LearningOrderFlow.wholeDistance) { $0.inputDimension = 1_000_000 }[0]
    let turn = try values(
      LearningOrderFlow.self, LearningOrderFlow.turn, mutant: Mistake.halfwayEnd
    ) { $0.inputDimension = 1_000_000 }[0]
    expectClose(turn, whole / 2, relative: 0.05)
  }

  @Test("for equal norms the noise of every column gains what it gains in all")
  func noiseOfColumns() throws {
    for (p, q, eta) in [(2, 2, 0.05), (4, 2, 0.1), (3, 3, 0.01)] {
      let theory = Theory(studentWidth: p, teacherWidth: q, learningRate: eta)
      let gain = try theory.noiseGain()
      for column in try OrderedLearning.noiseGains(theory) { expectClose(column, gain, relative: 1e-9) }
    }
  }

  @Test("noise counts on the first plateau alone, which lasts for ever as N grows")
  func noiseAtFiniteSize() throws {
    for (p, q, spread) in [(4, 2, 0.5), (5, 3, 0.4), (2, 2, 0.5)] {
      let theory = Theory(studentWidth: p, teacherWidth: q, learningRate: 0.02, teacherSpread: spread)
      let limit = try OrderedLearning.noiseGains(theory)
      let gains = try [250, 1_000_000, 1_000_000_000].map {
        try LearningOrderNoise.gains(theory, inputDimension: $0)
      }
      for column in 0..<q {
        let missing = gains.map { 1 - $0[column] / limit[column] }
        #expect(missing[0] < 0.4 && missing[0] > missing[1] && missing[1] > missing[2] && missing[2] > -1e-4)
        #expect(missing[2] < 0.02)
      }
    }
  }

  @Test("the least curvature of the way does not depend on which times are output, and is below all of them")
  func leastCurvature() throws {
    var found: [(value: Double, time: Double)] = []
    for count in [2, 12, 401] {
      var parameters = HessianPath.Parameters()
      (parameters.studentWidth, parameters.inputDimension, parameters.timeCount) = (2, 20_000, count)
      parameters.lastTime = 150
      let result = try HessianPath.run(parameters, in: RunContext(isRandom: false))
      let least = try #require(result[HessianPath.pathMinimum])[]
      let reported = try #require(result[HessianPath.leastEigenvalue]).values
      #expect(reported.allSatisfy { $0 >= least })
      if count == 401 {
        // Three eighths of a time apart near a flat minimum.
        expectClose(reported.least(), least, relative: 1e-4)
        let times = try #require(result[HessianPath.time]).values
        let place = try #require(reported.indices.min { reported[$0] < reported[$1] })
        expectClose(try #require(result[HessianPath.minimumTime])[], times[place], absolute: times[1])
      }
      found.append((least, try #require(result[HessianPath.minimumTime])[]))
    }
    for other in found {
      expectClose(other.value, found[0].value, relative: 1e-15)
      expectClose(other.time, found[0].time, relative: 1e-15)
    }
  }

  @Test("a way that ends before its least curvature has none to compare with the plateau's")
  func shortWay() throws {
    func gap(to lastTime: Double) throws -> Estimate {
      var parameters = HessianPath.Parameters()
      (parameters.inputDimension, parameters.lastTime, parameters.timeCount) = (1_000_000, lastTime, 3)
      let result = try HessianPath.run(parameters, in: RunContext(isRandom: false))
      let arrays = Dictionary(
        uniqueKeysWithValues: HessianPath.outputs.map { output in
          (output.name, output.isCoordinate ? result[output]! : NDArray.stack([result[output]!]))
        })
      let point = Results.Point(
        experiment: HessianPath.name, parameters: parameters.values(), replicas: [0], arrays: arrays)
      let estimator = try #require(bocchi2026.estimators.first { $0.name == "bocchi2026/plateau-curvature-gap" })
      return try estimator.estimate(Results(points: [point]))
    }
    #expect(try gap(to: 200).value < 0.01)
    let error = #expect(throws: EvidenceError.self) { try gap(to: 10) }
    #expect(error?.description.contains("least at time 10.0, an end of the way") ?? false, "\(error as Any)")
  }

  @Test("the paper's lists have no repeated names")
  func names() {
    #expect(Set(bocchi2026.tables.map(\.name)).count == bocchi2026.tables.count)
    #expect(Set(bocchi2026.estimators.map(\.name)).count == bocchi2026.estimators.count)
  }
}
