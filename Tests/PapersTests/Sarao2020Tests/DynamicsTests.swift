import Foundation
import NumericalMethods
import PaperKit
import Sarao2020
import TestSupport
import Testing

@Suite struct DynamicsTests {
  private func random(_ purpose: String) -> RandomStream { RandomStream(key: 5, purpose: purpose, stream: 0) }

  @Test func closedFormsEqualTheReference() throws {
    let reference = try Reference.load()
    for row in reference.prefactors {
      expectClose(
        Theory.powerLawPrefactor(rank: row.rank, teacherWidth: row.teacherWidth), row.prefactor, relative: 1e-15)
    }
    for row in reference.countingThresholds {
      #expect(
        Theory.countingThreshold(inputDimension: row.inputDimension, teacherWidth: row.teacherWidth) == row.threshold)
    }
    for row in reference.populationFlow where row.exponentialRate > 0 {
      let rate = try Theory.exponentialRate(teacherEigenvalues: row.teacherEigenvalues)
      expectClose(rate, row.exponentialRate, relative: 1e-12)
    }
  }

  @Test func fixedStepDescentEqualsTheReference() throws {
    for fixture in try Reference.load().fixedStepDescent {
      var generator = FixtureGenerator(seed: fixture.seed)
      let (d, width, m) = (fixture.inputDimension, fixture.teacherWidth, fixture.studentWidth)
      let teacherWeights = generator.matrix(d, width, scale: 1 / Double(width).squareRoot())
      let data = generator.matrix(fixture.sampleCount, d)
      let start = generator.matrix(d, m, scale: 1 / Double(m).squareRoot())
      let teacher = LinearAlgebra.multiply(teacherWeights, teacherWeights, transposingSecond: true)
      let losses = Descent.fixedStep(
        QuadraticLoss(data: data, teacher: teacher), from: Weights(start.transposed),
        learningRate: fixture.learningRate, stepCount: fixture.step.max() ?? 0)
      expectClose(fixture.step.map { losses[$0].training }, fixture.trainingLoss, relative: 1e-9)
      expectClose(fixture.step.map { losses[$0].population }, fixture.populationLoss, relative: 1e-9)
    }
  }

  /// All forms of the loss against its definition, and its direction against a difference quotient.
  @Test(arguments: [(3, 4, 2), (8, 15, 8), (9, 60, 5), (21, 30, 21)])
  func lossFormsAgree(inputDimension d: Int, sampleCount n: Int, neuronCount: Int) throws {
    var stream = random("loss \(d)")
    let data = stream.normalMatrix(rowCount: n, columnCount: d)
    let teacher = LinearAlgebra.gram(stream.normalMatrix(rowCount: 2, columnCount: d))
    let weights = stream.normalMatrix(rowCount: neuronCount, columnCount: d)
    let probe = stream.normalMatrix(rowCount: neuronCount, columnCount: d)
    let difference = LinearAlgebra.gram(weights) - teacher
    let expected =
      (0..<n).reduce(0) { sum, sample in
        let input = data.row(sample)
        let residual = LinearAlgebra.dot(input, LinearAlgebra.multiply(difference, input))
        return sum + residual * residual
      } / Double(2 * n)
    func check(_ loss: QuadraticLoss, _ expected: Double) {
      expectClose(loss.evaluate(Weights(weights)), expected, relative: 1e-12)
      expectClose(loss.populationLoss, Theory.populationLoss(difference: difference), relative: 1e-12)
      let direction = Weights(neuronCount: neuronCount, inputDimension: d)
      loss.writeDirection(at: Weights(weights), into: direction)
      let slope = 2 * LinearAlgebra.dot(direction.matrix.values, probe.values)
      let step = 1e-5
      let ahead = loss.evaluate(Weights(weights + step * probe))
      let behind = loss.evaluate(Weights(weights - step * probe))
      expectClose((ahead - behind) / (2 * step), slope, relative: 1e-6, absolute: 1e-6 * expected)
    }
    for form in [QuadraticLoss.Form.features, .moments, .products] {
      check(QuadraticLoss(data: data, teacher: teacher, form: form), expected)
    }
    check(QuadraticLoss(teacher: teacher), Theory.populationLoss(difference: difference))
  }

  @Test(
    "the loss and its direction have the same bits at every vector width",
    arguments: [(3, 4), (8, 15), (21, 30), (32, 67)])
  func vectorWidths(inputDimension d: Int, sampleCount n: Int) {
    var stream = random("widths \(d)")
    let data = stream.normalMatrix(rowCount: n, columnCount: d)
    let teacher = LinearAlgebra.gram(stream.normalMatrix(rowCount: 2, columnCount: d))
    let weights = stream.normalMatrix(rowCount: d, columnCount: d)
    for form in [QuadraticLoss.Form.features, .moments, .products] {
      expectSameBitsAtEveryWidth("\(form)") {
        let loss = QuadraticLoss(data: data, teacher: teacher, form: form)
        let direction = Weights(neuronCount: d, inputDimension: d)
        let value = loss.evaluate(Weights(weights))
        loss.writeDirection(at: Weights(weights), into: direction)
        return [value] + direction.matrix.values
      }
    }
  }

  /// In two dimensions x = r (cos a, sin a) with E r^4 = 8 and a uniform: the trapezoidal rule in a is exact.
  @Test func populationLossIsTheGaussianMean() {
    let difference = Matrix(rowCount: 2, columnCount: 2, values: [0.7, -0.4, -0.4, 1.9])
    let count = 16
    let mean =
      (0..<count).reduce(0) { sum, index in
        let angle = 2 * Double.pi * Double(index) / Double(count)
        let x = [cos(angle), sin(angle)]
        let form = LinearAlgebra.dot(x, LinearAlgebra.multiply(difference, x))
        return sum + form * form
      } / Double(count)
    expectClose(Theory.populationLoss(difference: difference), 8 * mean / 2, relative: 1e-14)
  }

  @Test func populationFlowEqualsTheReference() throws {
    for row in try Reference.load().populationFlow {
      var parameters = PopulationFlow.Parameters()
      parameters.inputDimension = row.inputDimension
      parameters.teacher = .diagonal
      parameters.teacherEigenvalues = row.teacherEigenvalues
      parameters.teacherWidth = row.teacherEigenvalues.count
      parameters.relativeTolerance = 1e-12
      parameters.absoluteTolerance = 1e-15
      parameters.firstTime = 0
      parameters.timeSpacing = .linear
      parameters.timeCount = 2
      for (time, loss) in zip(row.time, row.populationLoss) where time > 0 {
        parameters.lastTime = time
        let result = try PopulationFlow.run(parameters, in: RunContext())
        // Losses near 1e-9 are squares of differences near 1e-5, which both integrators know to about 1e-12.
        expectClose(
          result[PopulationFlow.populationLoss]?.values ?? [], [row.populationLoss[0], loss], relative: 1e-8,
          absolute: 2e-16)
      }
    }
  }

  /// The flow from a wide Gaussian start against the Riccati solution with h and J from Simpson's rule.
  @Test func flowSolvesTheRiccatiEquation() throws {
    let levels = [0, 0, 0, 0.6, 1.9]
    var stream = random("start")
    let start = stream.normalMatrix(rowCount: 7, columnCount: 5, standardDeviation: (1.0 / 7).squareRoot())
    let count = 2000
    let end = 0.7
    let width = end / Double(count)
    let times = (0...count).map { Double($0) * width }
    let path = try PopulationFlow.weights(from: start, teacherEigenvalues: levels, at: times)
    let traces = path.map { LinearAlgebra.gram($0).trace - levels.reduce(0, +) }
    var integrals = [0.0]
    for index in stride(from: 2, through: count, by: 2) {
      let piece = width / 3 * (traces[index - 2] + 4 * traces[index - 1] + traces[index])
      integrals.append(integrals[integrals.count - 1] + piece)
    }
    // J by Simpson's rule on the even grid points.
    let growth = levels.map { level in
      let values = integrals.indices.map { exp(4 * level * times[2 * $0] - 2 * integrals[$0]) }
      return stride(from: 2, to: values.count, by: 2).reduce(0) {
        $0 + 2 * width / 3 * (values[$1 - 2] + 4 * values[$1 - 1] + values[$1])
      }
    }
    let student = try Theory.flowedStudent(
      start: start, teacherEigenvalues: levels, integratedTrace: integrals[integrals.count - 1],
      integratedGrowth: growth, time: end)
    expectClose(student, LinearAlgebra.gram(path[count]), absolute: 1e-9)
  }

  /// E t^2 -> K whatever the rank of the start: d, and m < d.
  @Test func powerLawHasItsPrefactor() throws {
    for (d, width, rank) in [(4, 1, 4), (8, 3, 8), (8, 1, 3)] {
      // Equal null eigenvalues relax at once to the law; unequal ones only as a small power of t.
      let start = Matrix(rowCount: rank, columnCount: d) { $0 + d - rank == $1 ? 1 : 0 }
      let levels = (0..<d).map { $0 < d - width ? 0.0 : 1.0 }
      let weights = try PopulationFlow.weights(from: start, teacherEigenvalues: levels, at: [2000])[0]
      let difference = LinearAlgebra.gram(weights) - Matrix(diagonal: levels)
      let law = Theory.populationLoss(difference: difference) * 2000 * 2000
      expectClose(law, Theory.powerLawPrefactor(rank: rank, teacherWidth: width), relative: 2e-3)
    }
  }

  /// Both flows go downhill, but for the noise of (100 relativeTolerance)^2 in which their losses end, and the student's rank, which the flow of W cannot change, stays to the longest times of any
  /// stage and at the stages' tolerances.
  @Test(arguments: [(8, 1, 1), (8, 3, 3), (8, 8, 32), (2, 4, 1), (16, 4, 5)])
  func lossesFallAndRanksStay(inputDimension d: Int, teacherWidth: Int, studentWidth: Int) throws {
    var parameters = PopulationFlow.Parameters()
    (parameters.inputDimension, parameters.teacherWidth, parameters.studentWidth) = (d, teacherWidth, studentWidth)
    (parameters.start, parameters.relativeTolerance) = (.wishart, 1e-8)
    parameters.lastTime = 10_000
    let result = try PopulationFlow.run(parameters, in: RunContext(streamKey: 17))
    let losses = try #require(result[PopulationFlow.populationLoss]).values
    for (early, late) in zip(losses, losses.dropFirst()) { #expect(late <= early * (1 + 1e-12) + 1e-12) }
    let eigenvalues = try #require(result[PopulationFlow.eigenvalues])
    for row in 0..<losses.count {
      let values = eigenvalues.slice(row).values
      #expect(values.prefix(max(0, d - studentWidth)).allSatisfy { abs($0) < 1e-12 }, "\(values)")
      #expect(values.allSatisfy { $0 > -1e-12 })
    }
    var empirical = EmpiricalFlow.Parameters()
    (empirical.inputDimension, empirical.teacherWidth, empirical.studentWidth) = (d, teacherWidth, studentWidth)
    (empirical.sampleCount, empirical.lastTime) = (2 * d, 1000)
    let training = try #require(
      try EmpiricalFlow.run(empirical, in: RunContext(streamKey: 18))[EmpiricalFlow.trainingLoss]
    ).values
    for (early, late) in zip(training, training.dropFirst()) { #expect(late <= early * (1 + 1e-6) + 1e-8) }
  }

  /// 500 steps of descent on 20 x 6 weights and on the 6 x 6 factor of the same A(0) have the same losses.
  @Test func widthEntersThroughTheStartOnly() throws {
    var stream = random("width")
    let teacher = LinearAlgebra.gram(stream.normalMatrix(rowCount: 2, columnCount: 6))
    let data = stream.normalMatrix(rowCount: 40, columnCount: 6)
    let wide = stream.normalMatrix(rowCount: 20, columnCount: 6, standardDeviation: 0.2)
    let factor = try LinearAlgebra.cholesky(LinearAlgebra.gram(wide)).transposed
    let losses = [wide, factor].map { start in
      Descent.fixedStep(
        QuadraticLoss(data: data, teacher: teacher), from: Weights(start), learningRate: 0.003, stepCount: 500
      ).map(\.training)
    }
    for (one, other) in zip(losses[0], losses[1]) { expectClose(other, one, relative: 1e-12) }
  }

  /// Descent ends as the certificate says on instances that are far from undecided.
  @Test func descentFollowsTheCertificate() throws {
    var parameters = GradientDescent.Parameters()
    for sampleCount in [11, 18] {
      parameters.sampleCount = sampleCount
      for replica in 0..<15 {
        let result = try GradientDescent.run(parameters, in: RunContext(replica: replica, streamKey: 9))
        guard result[GradientDescent.undecided]?.values == [0] else { continue }
        #expect(result[GradientDescent.recovered] == result[GradientDescent.unique])
      }
    }
  }

  @Test func everyRunHasOneOutcome() throws {
    var parameters = GradientDescent.Parameters()
    parameters.maximumStepCount = 300
    for method in GradientDescent.Method.allCases {
      parameters.method = method
      for replica in 0..<10 {
        let result = try GradientDescent.run(parameters, in: RunContext(replica: replica, streamKey: 10))
        let flags = [GradientDescent.recovered, GradientDescent.elsewhere, GradientDescent.undecided]
        #expect(flags.reduce(0) { $0 + (result[$1]?.values[0] ?? .nan) } == 1)
      }
    }
  }

  /// The string's ends stay, and a wide student's path from the random start falls all the way.
  @Test func wideStudentMeetsNoBarrier() throws {
    var parameters = MinimumEnergyPath.Parameters()
    parameters.beginning = .random
    parameters.iterationCount = 500
    let result = try MinimumEnergyPath.run(parameters, in: RunContext(streamKey: 4))
    let losses = result[MinimumEnergyPath.trainingLoss]?.values ?? []
    #expect(losses.count == parameters.imageCount)
    expectClose(losses.first ?? .nan, result[MinimumEnergyPath.initialLoss]?.values[0] ?? .nan, relative: 1e-12)
    expectClose(losses.last ?? .nan, 0, absolute: 1e-20)
    #expect(losses.max() == losses.first)
  }

  /// What a quick stage calls the height of a path is near that of a finer one: an upper bound that hardly moves.
  @Test func heightOfRelaxedPaths() throws {
    func height(_ sampleCount: Int, _ replica: Int, isFine: Bool) throws -> (height: Double, isCaught: Bool) {
      var parameters = MinimumEnergyPath.Parameters()
      (parameters.studentWidth, parameters.sampleCount) = (1, sampleCount)
      (parameters.imageCount, parameters.iterationCount) = isFine ? (96, 8000) : (24, 1000)
      let result = try MinimumEnergyPath.run(parameters, in: RunContext(replica: replica, streamKey: 90))
      let losses = try #require(result[MinimumEnergyPath.trainingLoss]).values
      let initial = try #require(result[MinimumEnergyPath.initialLoss])[]
      return (losses.greatest() / losses[0], losses[0] > 1e-3 * initial)
    }
    var count = 0
    for sampleCount in [12, 18] {
      for replica in 0..<6 {
        let coarse = try height(sampleCount, replica, isFine: false)
        guard coarse.isCaught else { continue }
        count += 1
        let fine = try height(sampleCount, replica, isFine: true)
        expectClose(coarse.height, fine.height, relative: 0.05, "n = \(sampleCount), replica \(replica)")
      }
    }
    #expect(count >= 4)
  }
}
