import NumericalMethods
import PaperKit
import Sarao2020
import TestSupport
import Testing

@Suite struct CertificateTests {
  private func data(_ sampleCount: Int, _ inputDimension: Int, _ stream: UInt64) -> Matrix {
    var random = RandomStream(key: 7, purpose: "data", stream: stream)
    return random.normalMatrix(rowCount: sampleCount, columnCount: inputDimension)
  }

  @Test func valuesEqualTheReference() throws {
    for fixture in try Reference.load().certificates {
      var generator = FixtureGenerator(seed: fixture.seed)
      let data = generator.matrix(fixture.sampleCount, fixture.inputDimension)
      expectClose(data[0, 0], fixture.firstEntry, relative: 1e-13)
      let certificate = try Certificate.decide(
        data: data, teacherWidth: fixture.teacherWidth, gapTolerance: 1e-11, resolving: true)
      expectClose(certificate.value, fixture.certificate, absolute: 1e-10)
      #expect((certificate.verdict == .unique) == fixture.unique)
      let quick = try Certificate.decide(data: data, teacherWidth: fixture.teacherWidth)
      #expect(quick.verdict == certificate.verdict)
      #expect(quick.value.isNaN && quick.stepCount < certificate.stepCount)
    }
  }

  @Test func signIsThatOfTheValue() throws {
    for stream in 0..<150 {
      let data = data(14, 8, UInt64(stream))
      let quick = try Certificate.decide(data: data, teacherWidth: 1)
      let certificate = try Certificate.decide(data: data, teacherWidth: 1, resolving: true)
      #expect(quick.verdict == certificate.verdict)
      #expect((certificate.value > 0) == (certificate.verdict == .unique))
      #expect(certificate.value <= 1.0 / 7)
    }
  }

  /// Rotations within the teacher's range and within its complement, and the order and signs of samples, change nothing.
  @Test func valueIsInvariant() throws {
    for (teacherWidth, sampleCount, stream) in [(1, 14, 1), (2, 20, 2), (3, 26, 3)] as [(Int, Int, UInt64)] {
      let data = data(sampleCount, 8, stream)
      var random = RandomStream(key: 8, purpose: "rotation", stream: stream)
      let inside = try LinearAlgebra.qr(random.normalMatrix(rowCount: teacherWidth, columnCount: teacherWidth)).q
      let outside = try LinearAlgebra.qr(random.normalMatrix(rowCount: 8 - teacherWidth, columnCount: 8 - teacherWidth))
        .q
      let rotation = Matrix(rowCount: 8, columnCount: 8) { row, column in
        switch (row < teacherWidth, column < teacherWidth) {
        case (true, true): inside[row, column]
        case (false, false): outside[row - teacherWidth, column - teacherWidth]
        default: 0
        }
      }
      let rotated = LinearAlgebra.multiply(data, rotation)
      let reordered = Matrix(rowCount: sampleCount, columnCount: 8) { row, column in
        (row % 2 == 0 ? -1 : 1) * rotated[sampleCount - 1 - row, column]
      }
      let value = try Certificate.decide(data: data, teacherWidth: teacherWidth, resolving: true).value
      let other = try Certificate.decide(data: reordered, teacherWidth: teacherWidth, resolving: true).value
      expectClose(other, value, absolute: 2e-9)
    }
  }

  /// One more sample is one more condition: it cannot bring other zeros back.
  @Test func uniquenessIsMonotoneInTheSamples() throws {
    for stream in 0..<20 {
      let all = data(24, 8, 100 + UInt64(stream))
      let verdicts = try (9...24).map { count in
        try Certificate.decide(data: all.rows(0..<count), teacherWidth: 1).verdict == .unique
      }
      #expect(verdicts == verdicts.sorted { !$0 && $1 })
    }
  }

  @Test func countingDecidesTheExtremes() throws {
    let cases: [(d: Int, width: Int, n: Int, verdict: Certificate.Verdict)] = [
      (5, 4, 14, .continuum), (5, 4, 15, .unique), (5, 5, 14, .continuum), (5, 9, 15, .unique), (4, 0, 3, .continuum),
      (4, 0, 4, .unique), (7, 2, 13, .continuum), (7, 2, 28, .unique), (7, 2, 40, .unique), (6, 3, 1, .continuum),
    ]
    for (index, item) in cases.enumerated() {
      let decision = try Certificate.decide(data: data(item.n, item.d, UInt64(index)), teacherWidth: item.width)
      #expect(decision.verdict == item.verdict, "d = \(item.d), m* = \(item.width), n = \(item.n)")
    }
  }

  /// Repeated samples are not generic; the decision must say so rather than guess.
  @Test func repeatedSamplesAreAmbiguous() throws {
    let row = data(1, 4, 0)
    let data = Matrix(rowCount: 10, columnCount: 4) { row[0, $1] + 0 * Double($0) }
    #expect(try Certificate.decide(data: data, teacherWidth: 1).verdict == .ambiguous)
  }

  /// Frequencies of the experiment against counts of the reference: 4.5 standard errors of the difference.
  @Test func frequenciesEqualTheReference() throws {
    for row in try Reference.load().thresholds where row.inputDimension == 8 && [1, 3, 5].contains(row.teacherWidth) {
      for (sampleCount, unique) in zip(row.sampleCount, row.unique) where unique > 40 && unique < 360 {
        var parameters = Uniqueness.Parameters()
        parameters.teacherWidth = row.teacherWidth
        parameters.sampleCount = sampleCount
        let successes = try (0..<300).reduce(0) { sum, replica in
          let context = RunContext(replica: replica, streamKey: UInt64(sampleCount))
          return try sum + Int(Uniqueness.run(parameters, in: context)[Uniqueness.unique]?.values[0] ?? .nan)
        }
        let expected = Double(unique) / Double(row.replicaCount)
        let variance = expected * (1 - expected) * (1 / Double(row.replicaCount) + 1.0 / 300)
        expectClose(Double(successes) / 300, expected, absolute: 4.5 * variance.squareRoot())
      }
    }
  }

  /// The reference averages over 400 matrices: 0.3 % at d >= 8, 1 % at d = 4.
  @Test func conicThresholdsEqualTheReference() throws {
    for row in try Reference.load().thresholds where row.conicThreshold > 0 && row.inputDimension <= 16 {
      var parameters = ConicThreshold.Parameters()
      parameters.inputDimension = row.inputDimension
      parameters.teacherWidth = row.teacherWidth
      parameters.matrixCount = 4000
      let threshold = try ConicThreshold.run(parameters, in: RunContext())[ConicThreshold.threshold]?.values[0] ?? .nan
      expectClose(threshold, row.conicThreshold, relative: row.inputDimension == 4 ? 0.03 : 0.01)
    }
  }
}
