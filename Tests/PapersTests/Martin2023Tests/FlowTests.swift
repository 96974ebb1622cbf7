import Foundation
import Martin2023
import NumericalMethods
import PaperKit
import TestSupport
import Testing

@Suite("Martin2023: the flow and its integrators")
struct FlowTests {
  let reference: ReferenceNumbers

  init() throws { reference = try ReferenceNumbers.read() }

  @Test("Direct integration agrees with the reference, compressed or not") func directFlow() throws {
    for entry in reference.direct_flow {
      let weights = Matrix(rowCount: entry.d, columnCount: entry.m) { i, j in
        0.3 * sin(Double(1 + 2 * i + 5 * j)) + 0.1 * cos(Double(3 * i * j))
      }
      let network = Network(weights: weights, teacherEigenvalues: entry.mu)
      for network in [network, try network.compressed()] {
        let flow = DirectFlow(network, relativeTolerance: 1e-12, absoluteTolerance: 1e-15)
        let start = try flow.states(at: [0])[0]
        expectClose(start.loss, entry.risk0, relative: 1e-12)
        let states = try flow.states(at: entry.t)
        expectClose(states.map(\.loss), entry.loss, relative: 1e-8, absolute: 1e-15)
        expectClose(states.map(\.traceDifference), entry.tau, relative: 1e-8, absolute: 1e-12)
        expectClose(states.map(\.overlap), entry.chi, relative: 1e-8)
        expectClose(states.map(\.integratedTrace), entry.phi, relative: 1e-8, absolute: 1e-12)
      }
    }
  }

  @Test(
    "The march keeps its stated error",
    arguments: [
      (24, 9, 6, false), (20, 10, 10, false), (20, 5, 10, false), (16, 8, 4, true), (12, 6, 6, true),
      (20, 20, 1, false), (12, 12, 12, false), (12, 1, 12, false), (8, 20, 4, true), (1, 1, 1, true),
    ])
  func march(d: Int, m: Int, teacherWidth: Int, raw: Bool) throws {
    let network = try gaussianNetwork(key: 5, d, m, teacherWidth, raw: raw)
    let last = raw ? 10.0 : 100
    let times = [0] + Spacing.logarithmic.times(from: 1e-3 * last, to: last, count: 60)
    let exact = try DirectFlow(network, relativeTolerance: 1e-12, absoluteTolerance: 1e-15).states(at: times)
    for tolerance in [1e-3, 1e-4, 1e-5, 1e-7, 1e-9] {
      let march = RiccatiMarch(network, relativeTolerance: tolerance)
      let trace = network.teacherEigenvalues.reduce(0, +)
      for (state, exact) in zip(try march.states(at: times), exact) {
        let allowed = tolerance * (1 + abs(exact.integratedTrace))
        expectClose(state.integratedTrace, exact.integratedTrace, absolute: allowed, "\(tolerance)")
        let root = exact.loss.squareRoot()
        expectClose(state.loss.squareRoot(), root, absolute: 1e-10 + tolerance * (root + trace), "\(tolerance)")
        // Where there is more than the trace to learn, the errors left in it count less.
        if m > 1 || teacherWidth > 1 {
          expectClose(
            state.loss, exact.loss, relative: 3 * tolerance, absolute: 1e-18 + pow(tolerance * trace, 2),
            "\(tolerance), \(exact.time)")
        }
        expectClose(state.overlap, exact.overlap, absolute: tolerance, "\(tolerance)")
      }
    }
  }

  @Test("The march's results do not depend on which times are reported, to the bit") func marchGrids() throws {
    let network = try gaussianNetwork(key: 16, 24, 9, 6, raw: false)
    let march = RiccatiMarch(network)
    let all = try march.states(at: [0, 0, 1e-3, 3, 40, 40, 250])
    for (index, time) in [(0, 0.0), (2, 1e-3), (3, 3), (4, 40), (5, 40), (6, 250)] {
      let one = try march.states(at: [time])[0]
      #expect(one.loss == all[index].loss && one.integratedTrace == all[index].integratedTrace, "\(time)")
    }
    #expect(try march.states(at: []).isEmpty)
  }

  @Test("The march in equal steps is of order 11", arguments: [(12, 6, 3), (12, 6, 6), (12, 3, 6)])
  func marchOrder(d: Int, m: Int, teacherWidth: Int) throws {
    let network = try gaussianNetwork(key: 18, d, m, teacherWidth, raw: true)
    let march = RiccatiMarch(network, relativeTolerance: 1e-10)
    func phi(_ stepCount: Int) throws -> Double {
      let state = try march.state(at: 0.25, afterEqualSteps: stepCount)
      return try #require(state).integratedTrace
    }
    let exact = try phi(32)
    // Smaller steps would end in rounding and what Newton's method leaves.
    let errors = try [1, 2].map { abs(try phi($0) - exact) }
    #expect(errors[1] > 1e-10 && log2(errors[0] / errors[1]) > 8, "\(errors)")
    let direct = try DirectFlow(network, relativeTolerance: 1e-13, absoluteTolerance: 1e-16).states(at: [0.25])[0]
    expectClose(exact, direct.integratedTrace, absolute: 1e-11)
  }

  @Test("Moments of exponentials, against a Gauss rule") func moments() {
    let rule = GaussRule.legendre(60)
    for z in [-300.0, -30, -5, -2, -1.999, -0.7, -1e-9, 0, 1e-9, 0.3, 1.999, 2, 7, 40, 300] {
      let moments = RiccatiMarch.moments(of: z, count: 6)
      for (power, moment) in moments.enumerated() {
        let expected = rule.integral(over: Interval(0, 1)) { pow($0, Double(power)) * exp(z * $0) }
        if abs(z) < 50 { expectClose(moment, expected, relative: 1e-13, "z = \(z), power \(power)") }
        #expect(moment > 0 && moment <= max(1, exp(z)))
      }
    }
  }

  @Test("The march goes to late times in few steps of its own, from one reported time") func lateMarch() throws {
    for (d, m, teacherWidth) in [(40, 16, 6), (40, 60, 20), (12, 6, 4), (20, 19, 20)] {
      for raw in [false, true] {
        var teacher = RandomStream(key: 15, purpose: "teacher", stream: UInt64(m))
        var start = RandomStream(key: 15, purpose: "start", stream: UInt64(m))
        let network = try Network.gaussian(
          inputDimension: d, studentWidth: m, teacherWidth: teacherWidth, raw: raw, teacher: &teacher, start: &start
        ).compressed()
        // The latest of any stage: gamma = 1000 at d = 20, or t = 10^4 with eigenvalues of order 1.
        let end = raw ? 1e4 : 2e4
        let one = try RiccatiMarch(network).states(at: [end])[0]
        let two = try RiccatiMarch(network).states(at: [end / 7, end / 2, end])[2]
        // Surplus neurons have weights of order loss^(1/4), the tolerance is one of all weights.
        let root = one.loss.squareRoot()
        expectClose(
          one.loss, two.loss, relative: 1e-4, absolute: 1e-15 + min(2e-7 * root, 2e-6 * root * root.squareRoot()))
        let minimum = Theory.minimum(teacherEigenvalues: network.teacherEigenvalues, studentWidth: m)
        #expect(one.loss >= minimum.loss - 1e-14)
        // Absolute, for the least two eigenvalues may be close, and the flow slow to tell them apart.
        if m < teacherWidth { expectClose(one.loss, minimum.loss, absolute: 1e-11) }
      }
    }
  }

  @Test("Weights that are not numbers are an error, not an endless search for a step") func badWeights() throws {
    let network = Network(weights: Matrix(rowCount: 1, columnCount: 1, values: [.nan]), teacherEigenvalues: [1])
    #expect(throws: NumericalError.self) { try RiccatiMarch(network).states(at: [1]) }
  }

  @Test("The noise in which the direct flow's risk ends is as large as stated") func directFloor() throws {
    var teacher = RandomStream(key: 9, purpose: "teacher", stream: 0)
    var start = RandomStream(key: 9, purpose: "start", stream: 0)
    let network = try Network.gaussian(
      inputDimension: 12, studentWidth: 6, teacherWidth: 6, raw: true, teacher: &teacher, start: &start
    ).compressed()
    let rate = 4 * network.teacherEigenvalues[5]
    let times = Spacing.linear.times(from: 80 / rate, to: 90 / rate, count: 30)
    let trace = network.teacherEigenvalues.reduce(0, +)
    for tolerance in [1e-6, 1e-8] {
      let flow = DirectFlow(network, relativeTolerance: tolerance, absoluteTolerance: 1e-3 * tolerance)
      let worst = try flow.states(at: times).map(\.loss).max() ?? .nan
      #expect(worst < 30 * tolerance * tolerance * trace * trace, "\(worst)")
    }
    // The march has no such noise: its fixed points are those of the flow.
    expectClose(try RiccatiMarch(network).states(at: times)[29].loss, 0, absolute: 1e-24)
  }

  @Test(
    "The experiment's direct flow keeps with the march, downhill and above the minimum, to the longest time of any stage",
    arguments: [(12, 6, 3), (12, 6, 6), (12, 3, 6), (12, 1, 12), (12, 12, 1), (8, 20, 4), (8, 1, 1), (8, 8, 8)])
  func lateDirectFlow(d: Int, m: Int, teacherWidth: Int) throws {
    var parameters = GaussianFlow.Parameters()
    (parameters.inputDimension, parameters.studentWidth, parameters.teacherWidth) = (d, m, teacherWidth)
    (parameters.firstTime, parameters.lastTime, parameters.timeCount) = (1e-2, 10, 40)
    let context = RunContext(streamKey: 37)
    let direct = try GaussianFlow.run(parameters, in: context)
    parameters.method = .riccati
    let march = try GaussianFlow.run(parameters, in: context)
    func values(_ results: [OutputArray: NDArray], _ output: OutputArray) throws -> [Double] {
      try #require(results[output]).values
    }
    let losses = try values(direct, GaussianFlow.populationLoss)
    var teacher = context.random("teacher")
    let levels = try Network.gaussianTeacher(
      inputDimension: d, teacherWidth: teacherWidth, raw: false, from: &teacher)
    let minimum = Theory.minimum(teacherEigenvalues: levels, studentWidth: m)
    // The noise in which it ends.
    let noise = 30 * 1e-14 * pow(levels.reduce(0, +), 2)
    for (early, late) in zip(losses, losses.dropFirst()) { #expect(late <= early * (1 + 1e-6) + noise) }
    #expect(losses.allSatisfy { $0 >= minimum.loss - noise })
    for output in [GaussianFlow.overlap, GaussianFlow.integratedTrace] {
      expectClose(try values(direct, output), try values(march, output), absolute: 1e-4, "\(output.name)")
    }
    expectClose(losses, try values(march, GaussianFlow.populationLoss), relative: 1e-3, absolute: noise)
  }

  @Test(
    "A start orthogonal to the first teacher direction ends at its saddle at the corners of the widths",
    arguments: [
      (2, 1, 1), (2, 2, 2), (2, 5, 1), (12, 1, 1), (12, 4, 4), (12, 12, 12), (12, 40, 12), (12, 12, 1), (30, 29, 2),
    ])
  func saddles(d: Int, m: Int, teacherWidth: Int) throws {
    var parameters = NonGenericStart.Parameters()
    (parameters.inputDimension, parameters.studentWidth, parameters.teacherWidth) = (d, m, teacherWidth)
    try parameters.validate()
    for replica in 0..<3 {
      let context = RunContext(replica: replica, streamKey: 43)
      let result = try NonGenericStart.run(parameters, in: context)
      let (found, saddle) = (
        try #require(result[NonGenericStart.finalLoss])[], try #require(result[NonGenericStart.saddleLoss])[]
      )
      expectClose(found, saddle, relative: 1e-5, "replica \(replica)")
    }
  }

  @Test("The flow ends at the least risk of its rank") func minimum() throws {
    var teacher = RandomStream(key: 8, purpose: "teacher", stream: 0)
    var start = RandomStream(key: 8, purpose: "start", stream: 0)
    let network = try Network.gaussian(
      inputDimension: 20, studentWidth: 5, teacherWidth: 10, teacher: &teacher, start: &start)
    let last = try RiccatiMarch(network.compressed()).states(at: [2e4])[0]
    let minimum = Theory.minimum(teacherEigenvalues: network.teacherEigenvalues, studentWidth: 5)
    expectClose(last.loss, minimum.loss, relative: 1e-10)
    expectClose(last.overlap, minimum.overlap, relative: 1e-10)
    expectClose(last.traceDifference, minimum.traceDifference, relative: 1e-9)
  }

  @Test(
    "Nothing measured depends on the bases of inputs without teacher and of neurons, and compression is such a rotation"
  )
  func rotationInvariance() throws {
    let (network, times) = try gaussianNetwork(key: 6)
    let (d, m) = (network.weights.rowCount, network.weights.columnCount)
    let taught = network.teacherEigenvalues.prefix { $0 > 0 }.count
    var stream = RandomStream(key: 7, stream: 0)
    let free = try LinearAlgebra.qr(stream.normalMatrix(rowCount: d - taught, columnCount: d - taught)).q
    let neurons = try LinearAlgebra.qr(stream.normalMatrix(rowCount: m, columnCount: m)).q
    let left = Matrix(rowCount: d, columnCount: d) { i, j in
      i < taught || j < taught ? (i == j ? 1 : 0) : free[i - taught, j - taught]
    }
    let rotated = Network(
      weights: left * network.weights * neurons, teacherEigenvalues: network.teacherEigenvalues)
    let states = try DirectFlow(network, relativeTolerance: 1e-11, absoluteTolerance: 1e-14).states(at: times)
    for other in [rotated, try network.compressed()] {
      let others = try DirectFlow(other, relativeTolerance: 1e-11, absoluteTolerance: 1e-14).states(at: times)
      expectClose(others.map(\.loss), states.map(\.loss), absolute: 1e-10)
      expectClose(others.map(\.overlap), states.map(\.overlap), absolute: 1e-9)
      expectClose(others.map(\.integratedTrace), states.map(\.integratedTrace), absolute: 1e-8)
    }
  }

  @Test("The risk never grows, whatever the widths", arguments: [(8, 3, 5), (8, 5, 5), (8, 7, 3), (8, 13, 3)])
  func descent(d: Int, m: Int, teacherWidth: Int) throws {
    var teacher = RandomStream(key: 11, purpose: "teacher", stream: UInt64(m))
    var start = RandomStream(key: 11, purpose: "start", stream: UInt64(m))
    let network = try Network.gaussian(
      inputDimension: d, studentWidth: m, teacherWidth: teacherWidth, raw: true, teacher: &teacher, start: &start
    ).compressed()
    let times = [0.0] + Spacing.logarithmic.times(from: 1e-3, to: 50, count: 100)
    let direct = try DirectFlow(network, relativeTolerance: 1e-10, absoluteTolerance: 1e-13).states(at: times)
    for (early, late) in zip(direct, direct.dropFirst()) { #expect(late.loss <= early.loss + 1e-10) }
    let march = try RiccatiMarch(network).states(at: times)
    for (early, late) in zip(march, march.dropFirst()) { #expect(late.loss <= early.loss + 1e-10) }
  }

  @Test("The three scalars agree with the reference") func reduction() throws {
    for entry in reference.ortho_scalar {
      let n = min(entry.m, entry.ms)
      let angles = (1...n).map { pow(sin(.pi * Double(2 * $0 - 1) / Double(4 * n)), 2) }
      let overlaps = Overlaps(
        Array(repeating: 0, count: entry.m - n) + angles, inputDimension: entry.d, teacherWidth: entry.ms)
      let reduction = ScalarReduction(overlaps, teacherWidth: entry.ms)
      let states = try reduction.states(
        at: entry.gamma.map { $0 * Double(entry.d) }, relativeTolerance: 1e-12, absoluteTolerance: 1e-15)
      let observed = states.map(reduction.observables)
      expectClose(states.map(\.integratedTrace), entry.phi, relative: 1e-8)
      expectClose(observed.map(\.overlap), entry.chi, relative: 1e-8)
      expectClose(observed.map(\.traceDifference), entry.tau, relative: 1e-8, absolute: 1e-12)
      expectClose(states.map(\.rho), entry.rho, relative: 1e-8)
      expectClose(states.map { exp($0.logarithmOfC) }, entry.c, relative: 1e-8)
      // Below about 1e-18 both losses are squares of integration errors.
      expectClose(observed.map(\.loss), entry.loss, relative: 1e-8, absolute: 1e-18)
      for state in states { expectClose(reduction.conservedResidual(state), 0, absolute: 1e-9) }
    }
  }

  @Test("The three scalars are the direct flow", arguments: [(40, 20, 10), (40, 20, 20), (40, 10, 20), (40, 30, 25)])
  func reductionIsTheFlow(d: Int, m: Int, teacherWidth: Int) throws {
    var stream = RandomStream(key: 21, stream: UInt64(m))
    let (network, frame) = try Network.orthonormal(
      inputDimension: d, studentWidth: m, teacherWidth: teacherWidth, start: &stream)
    let times = Spacing.logarithmic.times(from: 0.4, to: 200, count: 20)
    let flow = try DirectFlow(network, relativeTolerance: 1e-10, absoluteTolerance: 1e-13).states(at: times)
    let reduction = ScalarReduction(
      try Overlaps.of(frame: frame, teacherWidth: teacherWidth), teacherWidth: teacherWidth)
    let states = try reduction.states(at: times, relativeTolerance: 1e-11, absoluteTolerance: 1e-14)
    let observed = states.map(reduction.observables)
    expectClose(observed.map(\.overlap), flow.map(\.overlap), absolute: 1e-8)
    expectClose(observed.map(\.integratedTrace), flow.map(\.integratedTrace), absolute: 1e-7)
    expectClose(observed.map(\.loss), flow.map(\.loss), absolute: 1e-9)
    expectClose(observed.map(\.traceDifference), flow.map(\.traceDifference), absolute: 1e-8)
  }

  @Test("At late times nothing over- or underflows into NaN, and the loss only falls") func lateTimes() throws {
    for (m, teacherWidth) in [(100, 50), (50, 50), (25, 50), (190, 50)] {
      var stream = RandomStream(key: 31, stream: UInt64(m))
      let overlaps = try Overlaps.sample(
        inputDimension: 200, studentWidth: m, teacherWidth: teacherWidth, from: &stream)
      let reduction = ScalarReduction(overlaps, teacherWidth: teacherWidth)
      let times = [0.0] + Spacing.logarithmic.times(from: 1e-2, to: 40_000, count: 60)
      let observed = try reduction.states(at: times).map(reduction.observables)
      for (early, late) in zip(observed, observed.dropFirst()) {
        #expect(late.loss.isFinite && late.overlap.isFinite && late.integratedTrace.isFinite)
        #expect(late.loss <= early.loss + 1e-12, "\(m): \(early.loss), \(late.loss)")
      }
    }
  }

  @Test(
    "The three scalars keep the paper's implicit equation at the experiments' tolerances, to the longest time of any stage",
    arguments: [
      (20, 1, 20), (20, 20, 1), (40, 20, 20), (200, 150, 50), (1000, 63, 250), (1000, 750, 250), (1_000_000, 5, 5),
      (1_000_000, 20, 5), (1_000_000, 1, 5),
    ])
  func scalarInvariant(d: Int, m: Int, teacherWidth: Int) throws {
    var stream = RandomStream(key: 61, stream: UInt64(d + m))
    let overlaps = try Overlaps.sample(inputDimension: d, studentWidth: m, teacherWidth: teacherWidth, from: &stream)
    let reduction = ScalarReduction(overlaps, teacherWidth: teacherWidth)
    let times = Spacing.logarithmic.times(from: 1e-2, to: min(10 * Double(d), 10_000), count: 50)
    for state in try reduction.states(at: times) {
      // Terms of the equation, which cancel, grow with time.
      let size = 1 + state.time * Double(min(m, teacherWidth)) / Double(teacherWidth)
      expectClose(reduction.conservedResidual(state) / size, 0, absolute: 1e-6, "time \(state.time)")
      #expect(state.rho > 0 && state.rho <= 1 + 1e-12)
    }
  }

  @Test("On the plateau the risk is 1/2 (1/m* + 1/(m+2))") func plateau() throws {
    var stream = RandomStream(key: 41, stream: 0)
    let overlaps = try Overlaps.sample(inputDimension: 1_000_000_000, studentWidth: 10, teacherWidth: 5, from: &stream)
    let reduction = ScalarReduction(overlaps, teacherWidth: 5)
    let state = reduction.observables(try reduction.states(at: [5])[0])
    let plateau = reference.plateau
    expectClose(state.loss, plateau.loss, absolute: 1e-5)
    expectClose(state.traceDifference, plateau.tau, absolute: 1e-4)
  }

  @Test(
    "Sampled overlaps have the moments of the law and of dense frames",
    arguments: [(20, 8, 6), (20, 12, 14), (9, 9, 4)])
  func overlapMoments(d: Int, m: Int, teacherWidth: Int) throws {
    let runs = 4000
    let traces = try (0..<runs).map { run -> Double in
      var stream = RandomStream(key: 51, stream: UInt64(run))
      return try Overlaps.sample(inputDimension: d, studentWidth: m, teacherWidth: teacherWidth, from: &stream)
        .values.reduce(0, +)
    }
    let (dd, mm, ss) = (Double(d), Double(m), Double(teacherWidth))
    let mean = mm * ss / dd
    let variance = 2 * mm * ss * (dd - mm) * (dd - ss) / (dd * dd * (dd - 1) * (dd + 2))
    expectClose(Statistics.mean(traces), mean, absolute: 5 * (variance / Double(runs)).squareRoot() + 1e-12)
    expectClose(Statistics.variance(traces), variance, relative: 0.15, absolute: 1e-12)
    // The smallest and the greatest overlap, which the trace does not see.
    let ends = try (0..<1000).map { run -> ([Double], [Double]) in
      var fast = RandomStream(key: 52, stream: UInt64(run))
      var dense = RandomStream(key: 53, stream: UInt64(run))
      let frame = try LinearAlgebra.qr(dense.normalMatrix(rowCount: d, columnCount: m)).q
      return (
        try Overlaps.sample(inputDimension: d, studentWidth: m, teacherWidth: teacherWidth, from: &fast).interior,
        try Overlaps.of(frame: frame, teacherWidth: teacherWidth).interior
      )
    }
    guard ends.allSatisfy({ !$0.0.isEmpty }) else { return }
    for pick in [{ (values: [Double]) in values[0] }, { (values: [Double]) in values[values.count - 1] }] {
      let (fast, dense) = (ends.map { pick($0.0) }, ends.map { pick($0.1) })
      let error = (Statistics.variance(fast) + Statistics.variance(dense)).squareRoot() / 1000.0.squareRoot()
      expectClose(Statistics.mean(fast), Statistics.mean(dense), absolute: 5 * error)
    }
  }

  @Test("Eigenvalues of a tridiagonal matrix") func tridiagonal() throws {
    // Discrete Laplacian: 2 - 2 cos(k pi/(n+1)).
    let n = 200
    let values = try tridiagonalEigenvalues(
      diagonal: Array(repeating: 2, count: n), offDiagonal: Array(repeating: -1, count: n - 1))
    expectClose(values, (1...n).map { 2 - 2 * cos(Double($0) * .pi / Double(n + 1)) }, absolute: 1e-13)
    for (diagonal, offDiagonal) in [([3.0], []), ([3, 1, 2], [0.0, 0]), ([], [])] {
      let values = try tridiagonalEigenvalues(diagonal: diagonal, offDiagonal: offDiagonal)
      #expect(values == diagonal.sorted())
    }
  }

  private func gaussianNetwork(
    key: UInt64, _ d: Int, _ m: Int, _ teacherWidth: Int, raw: Bool
  ) throws -> Network {
    var teacher = RandomStream(key: key, purpose: "teacher", stream: UInt64(m))
    var start = RandomStream(key: key, purpose: "start", stream: UInt64(m))
    return try Network.gaussian(
      inputDimension: d, studentWidth: m, teacherWidth: teacherWidth, raw: raw, teacher: &teacher, start: &start
    ).compressed()
  }

  private func gaussianNetwork(key: UInt64) throws -> (Network, [Double]) {
    var teacher = RandomStream(key: key, purpose: "teacher", stream: 0)
    var start = RandomStream(key: key, purpose: "start", stream: 0)
    let network = try Network.gaussian(
      inputDimension: 24, studentWidth: 9, teacherWidth: 6, teacher: &teacher, start: &start)
    return (network, Spacing.logarithmic.times(from: 0.1, to: 100, count: 100))
  }
}
