import NumericalMethods
import Oymak2019
import PaperKit
import TestSupport
import Testing

private func refused<P: ExperimentParameters>(_ type: P.Type, _ change: (inout P) -> Void) -> String? {
  var parameters = P()
  change(&parameters)
  do {
    try parameters.validate()
    return nil
  } catch let error as InvalidParameter {
    return error.name
  } catch { return "\(error)" }
}

private func number<E: Experiment>(
  _ experiment: E.Type, _ output: OutputArray, _ parameters: E.Parameters, mutant: Mutant? = nil
) throws -> Double {
  let results = try E.run(parameters, in: RunContext(replica: 3, streamKey: 5, mutant: mutant))
  #expect(Set(results.keys) == Set(E.outputs), "\(E.name) returns what it declares")
  return try #require(results[output]).values[0]
}

@Suite struct ExperimentTests {
  @Test("bad parameters are refused by name")
  func validation() {
    #expect(refused(FittingTransition.Parameters.self) { $0.studentWidth = 7 } == "studentWidth")
    #expect(refused(FittingTransition.Parameters.self) { $0.parameterRatio = 51 } == "parameterRatio")
    #expect(refused(FittingTransition.Parameters.self) { $0.parameterRatio = 50 } == nil)
    #expect(refused(FittingTransition.Parameters.self) { $0.parameterRatio = -1 } == "parameterRatio")
    #expect(refused(FittingTransition.Parameters.self) { $0.tolerance = 1 } == "tolerance")
    #expect(refused(FittingTransition.Parameters.self) { $0.maximumIterationCount = 0 } == "maximumIterationCount")
    #expect(refused(FittingTransition.Parameters.self) { $0.activation = .quadratic } == "activation")
    #expect(refused(SuccessMap.Parameters.self) { $0.sampleCount = 0 } == "sampleCount")
    #expect(refused(Capacity.Parameters.self) { $0.inputDimension = 1 } == "inputDimension")
    #expect(refused(CovarianceEigenvalue.Parameters.self) { $0.sampleCount = -4 } == "sampleCount")
    #expect(refused(LabelCorruption.Parameters.self) { $0.corruptedShare = 1.5 } == "corruptedShare")
    #expect(refused(StochasticDescent.Parameters.self) { $0.orderCount = 0 } == "orderCount")
    #expect(refused(CertifiedRegime.Parameters.self) { $0.activation = .relu } == "activation")
    #expect(refused(Convergence.Parameters.self) { $0.pointCount = 1 } == "pointCount")
  }

  @Test("a refusal names the parameter, the value and what is allowed")
  func refusals() {
    var parameters = FittingTransition.Parameters()
    parameters.studentWidth = 7
    #expect(refusal(parameters) == InvalidParameter("studentWidth", 7, allowed: "an even number"))
    parameters = .init()
    parameters.tolerance = 1
    #expect(refusal(parameters) == InvalidParameter("tolerance", 1.0, allowed: "above 0, below 1"))
    parameters = .init()
    parameters.parameterRatio = 51
    #expect(
      refusal(parameters)
        == InvalidParameter(
          "parameterRatio", 51.0, allowed: "kd/n = 0.005 to 50.0, for 2 to 20000 samples"))
    var map = SuccessMap.Parameters()
    map.sampleCount = 0
    #expect(refusal(map) == InvalidParameter("sampleCount", 0, allowed: "1 to 20000"))
    map = .init()
    map.activation = .quadratic
    #expect(refusal(map) == InvalidParameter("activation", "quadratic", allowed: "softplus, relu, tanh"))
    var digits = DigitLabels.Parameters()
    digits.corruptedShare = .nan
    #expect(refusal(digits) == InvalidParameter("corruptedShare", Double.nan, allowed: "0 to 1"))
    digits = .init()
    digits.studentWidth = 0
    #expect(refusal(digits)?.name == "studentWidth")
  }

  private func refusal(_ parameters: some ExperimentParameters) -> InvalidParameter? {
    do {
      try parameters.validate()
      return nil
    } catch { return error as? InvalidParameter }
  }

  @Test("an unknown activation is refused with the known ones")
  func unknownActivation() throws {
    var values = FittingTransition.Parameters().values()
    values["activation"] = .text("swish")
    #expect(throws: InvalidParameter("activation", "swish", allowed: "softplus, relu, tanh, erf, quadratic")) {
      try FittingTransition.Parameters(values: values)
    }
  }

  @Test("defaults of every experiment are valid")
  func defaults() throws {
    func expectValid<E: Experiment>(_ experiment: E.Type) {
      #expect(throws: Never.self, "\(E.name)") { try E.Parameters().validate() }
    }
    for experiment in oymak2019.experiments { expectValid(experiment) }
  }

  @Test("a softplus network's square Jacobian has full rank even where it is nearly singular")
  func rankOfSquareJacobians() throws {
    var parameters = JacobianSpectrum.Parameters()
    parameters.studentWidth = parameters.sampleCount / parameters.inputDimension
    var least = Double.infinity
    for replica in 0..<100 {
      let results = try JacobianSpectrum.run(parameters, in: RunContext(replica: replica, streamKey: 11))
      #expect(results[JacobianSpectrum.rank]?.values == [Double(parameters.sampleCount)])
      least = min(least, try #require(results[JacobianSpectrum.eigenvalueRatio]).values[0])
    }
    // The test says something only if there was a hard case: here lambda_max(K) is about 300 lambda(X), so that the least
    // eigenvalue of K is below 1e-11 of the greatest.
    #expect(least < 1e-9)
  }

  @Test("the mutants change the results")
  func mutants() throws {
    var fitting = FittingTransition.Parameters()
    fitting.parameterRatio = 2
    #expect(try number(FittingTransition.self, FittingTransition.fitted, fitting) == 1)
    let forgotten = try #require(FittingTransition.mutants.first { $0.name == "gradient-without-output-weights" })
    #expect(try number(FittingTransition.self, FittingTransition.fitted, fitting, mutant: forgotten) == 0)
    let correlated = try #require(FittingTransition.mutants.first { $0.name == "correlated-labels" })
    let start = try number(FittingTransition.self, FittingTransition.startResidual, fitting)
    #expect(
      try number(FittingTransition.self, FittingTransition.startResidual, fitting, mutant: correlated) < start - 0.2)

    // A doubled step leaves the bound, which is computed from the stated step, twice as far behind.
    let doubled = try #require(Convergence.mutants.first { $0.name == "doubled-step" })
    var convergence = Convergence.Parameters()
    convergence.studentWidth = 50
    let rate = try number(Convergence.self, Convergence.rateRatio, convergence)
    expectClose(
      try number(Convergence.self, Convergence.rateRatio, convergence, mutant: doubled), 2 * rate, relative: 0.15)
    convergence.studentWidth = 400
    convergence.maximumIterationCount = 10
    #expect(try linearGap(convergence, mutant: nil) < 0.01)
    // The first step is not yet shorter when steps fade.
    for mutant in Convergence.mutants where mutant.name != "fading-step" {
      #expect(try linearGap(convergence, mutant: mutant) > 0.02)
    }

    let truncated = try #require(CovarianceEigenvalue.mutants.first { $0.name == "truncated-kernel" })
    let covariance = CovarianceEigenvalue.Parameters()
    let right = try number(CovarianceEigenvalue.self, CovarianceEigenvalue.eigenvalue, covariance)
    let wrong = try number(CovarianceEigenvalue.self, CovarianceEigenvalue.eigenvalue, covariance, mutant: truncated)
    #expect(wrong < 0.98 * right)
  }

  /// The estimate behind a claim that notices a wrong step.
  private func linearGap(_ parameters: Convergence.Parameters, mutant: Mutant?) throws -> Double {
    let results = try Convergence.run(parameters, in: RunContext(streamKey: 8, mutant: mutant))
    let arrays = results.map { output, array in
      (output.name, output.isCoordinate ? array : NDArray.stack([array]))
    }
    let estimator = try #require(oymak2019.estimators.first { $0.name == "oymak2019/linear-residual-gap" })
    let point = Results.Point(
      experiment: Convergence.name, parameters: parameters.values(), replicas: [0],
      arrays: Dictionary(uniqueKeysWithValues: arrays))
    return try estimator.estimate(Results(points: [point])).value
  }

  /// Random images, with every digit in turn.
  private func images(_ count: Int) -> [DataArray: NDArray] {
    var stream = RandomStream(key: 12, stream: 0)
    let pixels = (0..<(64 * count)).map { _ in Double(stream.integer(below: 17)) }
    return [
      DigitLabels.data[0]: NDArray(shape: [count, 64], values: pixels),
      DigitLabels.data[1]: NDArray((0..<count).map { Double($0 % 10) }),
    ]
  }

  @Test("images are fitted with true and with random labels; more samples than images are refused")
  func digits() throws {
    var parameters = DigitLabels.Parameters()
    parameters.sampleCount = 30
    parameters.studentWidth = 8
    for share in [0.0, 1] {
      parameters.corruptedShare = share
      let results = try DigitLabels.run(parameters, in: RunContext(streamKey: 5, data: images(40)))
      #expect(Set(results.keys) == Set(DigitLabels.outputs))
      #expect(results[DigitLabels.fitted]?.values == [1])
    }
    parameters.sampleCount = 41
    #expect(throws: InvalidParameter("sampleCount", 41, allowed: "at most 40, the number of images")) {
      try DigitLabels.run(parameters, in: RunContext(data: images(40)))
    }
  }

  @Test("a pixel that is alike in all images carries no weights")
  func constantPixels() throws {
    var data = images(40)
    data[DigitLabels.data[0]] = data[DigitLabels.data[0]].map { array in
      NDArray(shape: array.shape, values: array.values.enumerated().map { $0 % 64 == 5 ? 7 : $1 })
    }
    var parameters = DigitLabels.Parameters()
    (parameters.sampleCount, parameters.studentWidth, parameters.maximumIterationCount) = (30, 8, 1)
    let results = try DigitLabels.run(parameters, in: RunContext(streamKey: 5, data: data))
    #expect(results[DigitLabels.parameterRatio]?.values == [8 * 63 / 30.0])
  }

  @Test("descent passes the decades of |r| in order, before it ends at the tolerance")
  func decades() throws {
    var parameters = Distance.Parameters()
    (parameters.inputDimension, parameters.sampleCount, parameters.studentWidth) = (8, 16, 32)
    let results = try Distance.run(parameters, in: RunContext(streamKey: 6))
    let ends = try #require(results[Distance.decadeEnd]).values
    let last = try #require(results[Distance.iterationCount]).values[0]
    #expect(results[Distance.fitted]?.values == [1])
    #expect(0 < ends[0] && ends[0] < ends[1] && ends[1] < ends[2] && ends[2] <= last)
    parameters.maximumIterationCount = Int(ends[1]) + 1
    let early = try #require(Distance.run(parameters, in: RunContext(streamKey: 6))[Distance.decadeEnd]).values
    #expect(early[0] == ends[0] && early[1] == ends[1] && early[2].isNaN)
  }

  @Test("images all of whose pixels are scaled, or shifted alike, are the same problem")
  func digitInvariance() throws {
    var parameters = DigitLabels.Parameters()
    parameters.sampleCount = 20
    parameters.studentWidth = 4
    parameters.maximumIterationCount = 50
    let data = images(25)
    var changed = data
    changed[DigitLabels.data[0]] = data[DigitLabels.data[0]].map { array in
      NDArray(shape: array.shape, values: array.values.enumerated().map { 4 * ($1 + Double($0 % 64)) })
    }
    let distances = try [data, changed].map {
      try #require(DigitLabels.run(parameters, in: RunContext(streamKey: 5, data: $0))[DigitLabels.distance]).values[0]
    }
    expectClose(distances[1], distances[0], relative: 1e-9)
  }

  @Test("every mutant of every experiment changes what it returns")
  func mutantsDiffer() throws {
    var fitting = FittingTransition.Parameters()
    fitting.maximumIterationCount = 100
    var map = SuccessMap.Parameters()
    map.sampleCount = 40
    var convergence = Convergence.Parameters()
    convergence.maximumIterationCount = 100
    var distance = Distance.Parameters()
    distance.maximumIterationCount = 100
    var stochastic = StochasticDescent.Parameters()
    stochastic.epochCount = 5
    var corruption = LabelCorruption.Parameters()
    corruption.corruptedShare = 1
    #expect(try unchanged(FittingTransition.self, fitting) == [])
    #expect(try unchanged(SuccessMap.self, map) == [])
    #expect(try unchanged(JacobianSpectrum.self, JacobianSpectrum.Parameters()) == [])
    #expect(try unchanged(CovarianceEigenvalue.self, CovarianceEigenvalue.Parameters()) == [])
    #expect(try unchanged(Convergence.self, convergence) == [])
    #expect(try unchanged(Distance.self, distance) == [])
    #expect(try unchanged(LabelCorruption.self, corruption) == [])
    #expect(try unchanged(StochasticDescent.self, stochastic) == [])
    #expect(try unchanged(OutputLayer.self, OutputLayer.Parameters()) == [])
    #expect(try unchanged(Capacity.self, Capacity.Parameters()) == [])
    var certified = CertifiedRegime.Parameters()
    (certified.inputDimension, certified.sampleCount, certified.runsDescent) = (10, 5, true)
    certified.maximumIterationCount = 20
    #expect(try unchanged(CertifiedRegime.self, certified) == [])
    var digits = DigitLabels.Parameters()
    digits.sampleCount = 20
    digits.studentWidth = 4
    digits.corruptedShare = 1
    digits.maximumIterationCount = 100
    #expect(try unchanged(DigitLabels.self, digits, data: images(25)) == [])
  }

  /// Names of the mutants that return what the honest experiment does.
  private func unchanged<E: Experiment>(
    _ experiment: E.Type, _ parameters: E.Parameters, data: [DataArray: NDArray] = [:]
  ) throws -> [String] {
    let honest = try E.run(parameters, in: RunContext(streamKey: 4, data: data))
    return E.mutants.filter { mutant in
      do {
        let results = try E.run(parameters, in: RunContext(streamKey: 4, data: data, mutant: mutant))
        // Missing numbers, NaN, differ from everything.
        return E.outputs.allSatisfy { results[$0] == honest[$0] || $0.allowsNaN && isMissing(honest[$0]) }
      } catch { return false }
    }.map(\.name)
  }

  private func isMissing(_ array: NDArray?) -> Bool { array?.values.contains { $0.isNaN } ?? true }

  @Test("solutions exist above kd = n and not below")
  func capacity() throws {
    var parameters = Capacity.Parameters()
    parameters.parameterRatio = 1.3
    #expect(try number(Capacity.self, Capacity.fitted, parameters) == 1)
    parameters.parameterRatio = 0.8
    #expect(try number(Capacity.self, Capacity.fitted, parameters) == 0)
  }

  @Test("least squares leaves the share of labels that counting says")
  func counting() throws {
    var parameters = OutputLayer.Parameters()
    parameters.studentWidth = 50
    expectClose(try number(OutputLayer.self, OutputLayer.residual, parameters), 0.75, absolute: 0.15)
    #expect(try number(OutputLayer.self, OutputLayer.rank, parameters) == 50)
    parameters.layer = .linearisedHidden
    #expect(try number(OutputLayer.self, OutputLayer.residual, parameters) < 1e-9)
    #expect(try number(OutputLayer.self, OutputLayer.rank, parameters) == 200)
  }

  @Test("the residual stays below the bound of the theorem")
  func bound() throws {
    var parameters = Convergence.Parameters()
    parameters.inputDimension = 10
    parameters.sampleCount = 20
    #expect(try number(Convergence.self, Convergence.boundRatio, parameters) <= 1 + 1e-9)
    parameters.activation = .relu
    parameters.spectrumInterval = 20
    #expect(try number(Convergence.self, Convergence.boundRatio, parameters) <= 1 + 1e-9)
  }

  @Test("kept iterations start at 0, rise and end at the greatest")
  func iterations() throws {
    let results = try Convergence.run(Convergence.Parameters(), in: RunContext())
    let iterations = try #require(results[Convergence.iteration]).values
    #expect(iterations.first == 0 && iterations.last == 20_000)
    #expect(zip(iterations, iterations.dropFirst()).allSatisfy { $0 < $1 })
  }

  @Test("inside the certified regime the network is its linearisation")
  func certified() throws {
    var parameters = CertifiedRegime.Parameters()
    parameters.inputDimension = 10
    parameters.sampleCount = 5
    parameters.runsDescent = true
    parameters.maximumIterationCount = 100
    expectClose(try number(CertifiedRegime.self, CertifiedRegime.linearRatio, parameters), 1, absolute: 0.01)
    #expect(try number(CertifiedRegime.self, CertifiedRegime.distanceRatio, parameters) <= 1)
    parameters.greatestWidth = 2
    #expect(throws: NumericalError.self) { try CertifiedRegime.run(parameters, in: RunContext()) }
  }

  @Test("every experiment has an output each estimator and table can be made from")
  func names() {
    let names = Set(oymak2019.experiments.map { $0.name })
    #expect(names.count == 12)
    for estimator in oymak2019.estimators {
      #expect(estimator.name.hasPrefix("oymak2019/") && !estimator.experiments.isEmpty)
    }
    #expect(Set(oymak2019.estimators.map(\.name)).count == oymak2019.estimators.count)
  }
}
