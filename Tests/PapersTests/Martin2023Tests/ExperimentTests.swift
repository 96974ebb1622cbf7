import Martin2023
import NumericalMethods
import PaperKit
import TestSupport
import Testing

@Suite("Martin2023: experiments, estimators and deliberate mistakes")
struct ExperimentTests {
  /// Results of one sweep point, as the engine would stack them.
  private func point<E: Experiment>(
    _ experiment: E.Type, replicas: Int = 1, mutant: Mutant? = nil, change: (inout E.Parameters) -> Void = { _ in }
  ) throws -> Results.Point {
    var parameters = E.Parameters()
    change(&parameters)
    try parameters.validate()
    let runs = try E.run(
      parameters, replicas: (0..<replicas).map { RunContext(replica: $0, streamKey: 99, mutant: mutant) })
    var arrays: [String: NDArray] = [:]
    for output in E.outputs {
      let parts = try runs.map { try #require($0[output]) }
      arrays[output.name] = output.isCoordinate ? parts[0] : .stack(parts)
    }
    return Results.Point(
      experiment: E.name, parameters: parameters.values(), replicas: Array(0..<replicas), arrays: arrays)
  }

  private func estimate(_ name: String, _ points: [Results.Point]) throws -> Double {
    let estimator = try #require(martin2023.estimators.first { $0.name == "martin2023/\(name)" })
    return try estimator.estimate(Results(points: points)).value
  }

  private func limit(_ ratios: (Double, Double) = (0.5, 0.25), mutant: Mutant? = nil) throws -> Results.Point {
    try point(HighDimensionalLimit.self, mutant: mutant) {
      ($0.studentWidthRatio, $0.teacherWidthRatio) = ratios
      $0.firstTime = 0.1
      $0.timeCount = 21
    }
  }

  @Test("the three scalars have the same bits at every vector width") func vectorWidths() throws {
    try expectSameBitsAtEveryWidth {
      try #require(orthonormal().arrays[OrthonormalFlow.populationLoss.name]).values
    }
  }

  @Test("The fitted rate is as exact as stated, against a finer march at ten times as many times")
  func fittedRateError() throws {
    var found = 0
    for replica in 0..<12 {
      var parameters = ConvergenceRates.Parameters()
      (parameters.inputDimension, parameters.studentWidth, parameters.teacherWidth) = (14, 6, 6)
      (parameters.fitsRate, parameters.method, parameters.timeCount) = (true, .riccati, 2)
      let context = RunContext(replica: replica, streamKey: 12)
      let result = try ConvergenceRates.run(parameters, in: context)
      let ratio = try #require(result[ConvergenceRates.rateRatio]).values[0]
      let smallest = try #require(result[ConvergenceRates.smallestEigenvalue])[]
      guard ratio.isFinite else { continue }
      found += 1
      var (teacher, start) = (context.random("teacher"), context.random("start"))
      let network = try Network.gaussian(
        inputDimension: 14, studentWidth: 6, teacherWidth: 6, raw: true, teacher: &teacher, start: &start
      ).compressed()
      let times = Martin2023.Spacing.linear.times(from: 0.1, to: min(14 / smallest, 400), count: 4000)
      let states = try RiccatiMarch(network, relativeTolerance: 1e-9).states(at: times)
      let window = states.prefix { $0.loss >= 1e-10 }.filter { $0.loss < 1e-6 }
      let fit = Statistics.linearFit(window.map(\.time), window.map { Double.logarithm($0.loss) })
      expectClose(ratio, -fit.slope / (4 * smallest), relative: 2e-3, "replica \(replica)")
    }
    #expect(found >= 10)
  }

  private func orthonormal(_ mutant: Mutant? = nil, method: OrthonormalFlow.Method = .reduction) throws -> Results.Point
  {
    try point(OrthonormalFlow.self, replicas: 6, mutant: mutant) {
      $0.method = method
      $0.inputDimension = method == .reduction ? 400 : 24
      $0.studentWidth = $0.inputDimension / 2
      $0.teacherWidth = $0.inputDimension / 4
      $0.firstTime = 0.1
      $0.lastTime = 1
      $0.timeCount = 2
    }
  }

  @Test("Orthonormal flow: honest numbers pass, every mistake is noticed") func orthonormalMutants() throws {
    let limit = try limit()
    #expect(try estimate("phi-distance-wider", [orthonormal(), limit]) < 0.02)
    #expect(try estimate("overlap-distance", [orthonormal(), limit]) < 0.01)
    let honest = try orthonormal(method: .frameReduction)
    #expect(try estimate("reduction-error", [honest, orthonormal(method: .direct)]) < 1e-6)
    for mutant in OrthonormalFlow.mutants {
      let values = try [
        estimate("phi-distance-wider", [orthonormal(mutant), limit]) / 0.02,
        estimate("overlap-distance", [orthonormal(mutant), limit]) / 0.01,
        estimate("reduction-error", [honest, orthonormal(mutant, method: .direct)]) / 1e-6,
      ]
      #expect(values.contains { $0 > 2 }, "\(mutant.name): \(values)")
    }
  }

  @Test("Limits: the conserved quantity and phi notice every mistake") func limitMutants() throws {
    #expect(try estimate("conserved-residual", [limit()]) < 1e-11)
    #expect(try estimate("conserved-residual", [limit(mutant: HighDimensionalLimit.forgottenAtoms)]) > 1e-3)
    #expect(try estimate("conserved-residual", [limit(mutant: HighDimensionalLimit.halvedGrowth)]) > 1e-3)
    let flipped = try limit(mutant: HighDimensionalLimit.flippedPhi)
    #expect(try estimate("phi-distance-wider", [orthonormal(), flipped]) > 0.1)
    let spectrum = { (mutant: Mutant?) in
      try point(OverlapSpectrum.self, replicas: 3, mutant: mutant) {
        ($0.inputDimension, $0.studentWidth, $0.teacherWidth) = (500, 400, 350)
      }
    }
    #expect(try estimate("overlap-law-distance", [spectrum(nil)]) < 0.012)
    #expect(try estimate("overlap-law-distance", [spectrum(OverlapSpectrum.forgottenAtoms)]) > 0.1)
    #expect(try estimate("overlap-law-distance", [spectrum(OverlapSpectrum.halvedAtoms)]) > 0.03)
  }

  @Test("Gaussian flow: honest numbers pass, every mistake is noticed") func gaussianMutants() throws {
    let flow = { (mutant: Mutant?, method: GaussianFlow.Method) in
      try point(GaussianFlow.self, replicas: 4, mutant: mutant) {
        ($0.inputDimension, $0.studentWidth, $0.teacherWidth) = (40, 10, 20)
        $0.method = method
        ($0.firstTime, $0.lastTime, $0.timeCount) = (0.004, 1, 60)
      }
    }
    let limit = { (mutant: Mutant?) in
      try point(GaussianLimit.self, mutant: mutant) {
        ($0.studentWidthRatio, $0.teacherWidthRatio) = (0.25, 0.5)
        ($0.firstTime, $0.lastTime, $0.timeCount) = (0.1, 1, 2)
      }
    }
    let distance = try estimate("gaussian-phi-distance-narrower", [flow(nil, .direct), limit(nil)])
    #expect(distance < 0.9, "about 21/d = 0.5")
    #expect(try estimate("march-error", [flow(nil, .direct), flow(nil, .riccati)]) < 1e-3)
    for mutant in GaussianFlow.mutants {
      let values = try [
        estimate("gaussian-phi-distance-narrower", [flow(mutant, .direct), limit(nil)]) / 0.9,
        // Ten times what honest flows are apart at most.
        estimate("march-error", [flow(mutant, .direct), flow(nil, .riccati)]) / 0.01,
        estimate("march-error", [flow(nil, .direct), flow(mutant, .riccati)]) / 0.01,
      ]
      #expect(values.contains { $0 > 1.5 }, "\(mutant.name): \(values)")
    }
    for mutant in GaussianLimit.mutants {
      let distance = try estimate("gaussian-phi-distance-narrower", [flow(nil, .direct), limit(mutant)])
      #expect(distance > 1, "\(mutant.name)")
    }
  }

  @Test("Rates and ends: honest numbers pass, the dropped trace is noticed") func rateMutants() throws {
    let power = { (mutant: Mutant?) in
      try point(ConvergenceRates.self, replicas: 4, mutant: mutant) { $0.method = .riccati }
    }
    #expect((0.98...1.05).contains(try estimate("power-law-ratio", [power(nil)])))
    for mutant in [ConvergenceRates.droppedTrace, ConvergenceRates.halvedSurplus] {
      #expect(!(0.9...1.2).contains(try estimate("power-law-ratio", [power(mutant)])), "\(mutant.name)")
    }
    let narrow = { (mutant: Mutant?) in
      try point(WidthSweep.self, replicas: 3, mutant: mutant) {
        ($0.start, $0.inputDimension, $0.studentWidth, $0.teacherWidth) = (.gaussian, 20, 5, 10)
        $0.lastTime = 1000
      }
    }
    #expect(try estimate("final-loss-error", [narrow(nil)]) < 1e-8)
    #expect(try estimate("final-loss-error", [narrow(WidthSweep.droppedTrace)]) > 1e-3)
    #expect(try estimate("saddle-loss-error", [point(NonGenericStart.self, replicas: 3)]) < 1e-8)
    for mutant in NonGenericStart.mutants {
      #expect(try estimate("saddle-loss-error", [point(NonGenericStart.self, replicas: 3, mutant: mutant)]) > 1e-3)
    }
    #expect(abs(try estimate("population-risk-ratio", [point(PopulationRisk.self, replicas: 4)]) - 1) < 0.02)
    let dropped = try point(PopulationRisk.self, replicas: 4, mutant: PopulationRisk.droppedTrace)
    #expect(abs(try estimate("population-risk-ratio", [dropped]) - 1) > 0.1)
  }

  @Test("Escape: the slope is 1 and notices a wrong time") func escapeMutants() throws {
    let escapes = { (mutant: Mutant?) in
      try [1000, 10_000, 100_000].map { d in
        try point(Escape.self, replicas: 20, mutant: mutant) { ($0.inputDimension, $0.studentWidth) = (d, 20) }
      }
    }
    #expect(abs(try estimate("escape-slope", escapes(nil)) - 1) < 0.05)
    #expect(abs(try estimate("escape-slope", escapes(Escape.halvedTime)) - 1) > 0.3)
    let (honest, mutant) = (try escapes(nil)[0], try escapes(Escape.droppedTrace)[0])
    #expect(honest.arrays["recoveryTime"] != mutant.arrays["recoveryTime"])
  }

  @Test("The same replica gives the same numbers, another one does not") func streams() throws {
    let first = try point(OrthonormalFlow.self, replicas: 2) { $0.lastTime = 1 }
    let again = try point(OrthonormalFlow.self, replicas: 2) { $0.lastTime = 1 }
    #expect(first.arrays == again.arrays)
    let overlaps = try #require(first.arrays["overlap"])
    #expect(overlaps.slice(0) != overlaps.slice(1))
  }

  @Test("Values outside the ranges are refused by name") func badParameters() throws {
    func refused<E: Experiment>(_ experiment: E.Type, _ name: String, _ change: (inout E.Parameters) -> Void) {
      var parameters = E.Parameters()
      change(&parameters)
      do {
        try parameters.validate()
        Issue.record("\(E.name) accepts a bad \(name)")
      } catch let error as InvalidParameter {
        #expect(error.name == name)
      } catch {
        Issue.record("\(E.name): \(error)")
      }
    }
    for ratio in [0, 1, -0.5, 1.5, .infinity] {
      refused(HighDimensionalLimit.self, "studentWidthRatio") { $0.studentWidthRatio = ratio }
      refused(HighDimensionalLimit.self, "teacherWidthRatio") { $0.teacherWidthRatio = ratio }
      refused(GaussianLimit.self, "teacherWidthRatio") { $0.teacherWidthRatio = ratio }
    }
    refused(HighDimensionalLimit.self, "timeCount") { $0.timeCount = 0 }
    refused(HighDimensionalLimit.self, "lastTime") { $0.lastTime = 0 }
    refused(HighDimensionalLimit.self, "firstTime") { $0.firstTime = 0 }
    refused(OrthonormalFlow.self, "studentWidth") { $0.studentWidth = $0.inputDimension + 1 }
    refused(OrthonormalFlow.self, "studentWidth") { $0.studentWidth = 0 }
    refused(OrthonormalFlow.self, "teacherWidth") { $0.teacherWidth = 0 }
    refused(OrthonormalFlow.self, "timeCount") { $0.timeCount = 1 }
    refused(GaussianFlow.self, "studentWidth") { $0.studentWidth = 0 }
    refused(GaussianFlow.self, "teacherWidth") { $0.teacherWidth = 81 }
    refused(ConvergenceRates.self, "startCount") { $0.startCount = 0 }
    refused(ConvergenceRates.self, "fitsRate") { $0.fitsRate = true }
    refused(Escape.self, "studentWidth") { $0.studentWidth = 0 }
    refused(WidthSweep.self, "studentWidth") { $0.studentWidth = 201 }
    refused(NonGenericStart.self, "studentWidth") { $0.studentWidth = 3 }
    refused(PopulationRisk.self, "sampleCount") { $0.sampleCount = 0 }
    refused(OverlapSpectrum.self, "studentWidth") { $0.studentWidth = 2000 }
  }

  @Test("The Gaussian and the orthonormal flow agree with the means of the reference")
  func moments() throws {
    let reference = try ReferenceNumbers.read()
    for entry in reference.stat_orthonormal where entry.d == 80 {
      let results = try point(OrthonormalFlow.self, replicas: 60) {
        $0.inputDimension = entry.d
        $0.studentWidth = Int(entry.alpha * Double(entry.d))
        $0.teacherWidth = Int(entry.alphastar * Double(entry.d))
        ($0.firstTime, $0.lastTime, $0.timeCount) = (0.1, 1, 2)
      }
      try compare(results, entry)
    }
    for entry in reference.stat_gaussian where entry.d == 20 {
      let results = try point(GaussianFlow.self, replicas: 60) {
        $0.inputDimension = entry.d
        $0.studentWidth = Int(entry.alpha * Double(entry.d))
        $0.teacherWidth = Int(entry.alphastar * Double(entry.d))
        ($0.firstTime, $0.lastTime, $0.timeCount) = (0.1, 1, 2)
      }
      try compare(results, entry)
    }
  }

  private func compare(_ point: Results.Point, _ entry: ReferenceNumbers.Moments) throws {
    for (name, means, deviations) in [
      ("integratedTrace", entry.phi_mean, entry.phi_sd), ("overlap", entry.chi_mean, entry.chi_sd),
    ] {
      let array = try #require(point.arrays[name])
      for (index, gamma) in [(0, 0), (1, 2)] {
        let values = (0..<point.replicaCount).map { array[$0, index] }
        let error = deviations[gamma] * (1 / Double(entry.runs) + 1 / Double(point.replicaCount)).squareRoot()
        expectClose(
          Statistics.mean(values), means[gamma], absolute: 5 * error, "\(point.experiment) \(entry.alpha) \(name)")
      }
    }
  }
}
