import Foundation
import NumericalMethods
import TestSupport
import Testing

@Suite struct RandomStreamTests {
  /// Known answers published with the Random123 library (kat_vectors, philox4x32 10).
  @Test func philoxKnownAnswers() {
    let ones = UInt32.max
    #expect(
      RandomStream.philoxBlock(counter: [0, 0, 0, 0], key: [0, 0])
        == [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8])
    #expect(
      RandomStream.philoxBlock(counter: [ones, ones, ones, ones], key: [ones, ones])
        == [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd])
    #expect(
      RandomStream.philoxBlock(
        counter: [0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344], key: [0xa409_3822, 0x299f_31d0])
        == [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1])
  }

  /// From an independent evaluation to 60 digits: 0.40005359751909440330 and 0.25004981334540277668. The kernel's are the
  /// nearest double to the first and, in the last place, one below that to the second.
  @Test func normalsKnownAnswers() {
    var random = RandomStream(key: 1, stream: 0)
    let normals = random.normals(16)
    #expect(normals[0] == 0.4000535975190944)
    #expect(normals[8] == 0.25004981334540277.nextDown)
  }

  /// The layout by definition: block 8 g + lane of Philox gives element `lane` and, from its second half, 8 + lane.
  @Test func normalsAndWordsFollowTheirDefinition() {
    let (key, stream): (UInt64, UInt64) = (0x0123_4567_89ab_cdef, 0xfedc_ba98_7654_3210)
    var random = RandomStream(key: key, stream: stream)
    let normals = random.normals(48)
    func block(_ index: UInt64) -> (UInt64, UInt64) {
      let words = RandomStream.philoxBlock(
        counter: [index, index >> 32, stream, stream >> 32].map { UInt32(truncatingIfNeeded: $0) },
        key: [key, key >> 32].map { UInt32(truncatingIfNeeded: $0) }
      ).map(UInt64.init)
      return (words[0] | words[1] << 32, words[2] | words[3] << 32)
    }
    for group in 0..<3 {
      for lane in 0..<8 {
        let (first, second) = block(UInt64(8 * group + lane))
        let radius = (-2 * log((Double(first >> 12) + 0.5) * 0x1p-52)).squareRoot()
        let y = (Double(second >> 12) + 0.5) * 0x1p-52 * .pi / 4
        var (along, across) = second & 1 == 0 ? (cos(y), sin(y)) : (sin(y), cos(y))
        if second & 2 != 0 { along.negate() }
        if second & 4 != 0 { across.negate() }
        expectClose(normals[16 * group + lane], radius * along, absolute: 1e-14)
        expectClose(normals[16 * group + 8 + lane], radius * across, absolute: 1e-14)
      }
    }
    let (first, second) = block(1 << 63 + 8)
    let words = (0..<32).map { _ in random.word() }
    #expect(words[16] == first && words[24] == second)
  }

  @Test func vectorWidthsGiveTheSameBits() {
    #expect(VectorWidth.supported.contains(.avx2))
    for (key, stream, firstGroup) in [(0, 0, 0), (7, 3, 1 << 33), (.max, .max, (1 << 60) - 500)]
      as [(UInt64, UInt64, UInt64)]
    {
      let all = VectorWidth.each {
        RandomStream.normals(groupCount: 1000, key: key, stream: stream, firstGroup: firstGroup).map(\.bitPattern)
      }
      for bits in all { #expect(bits == all[0], "key \(key)") }
    }
  }

  @Test func chunksDoNotMatter() {
    let whole = {
      var random = RandomStream(key: 5, stream: 9)
      return (random.normals(1000), random.uniforms(1000))
    }()
    for sizes in [[1000], [1, 15, 984], [16, 16, 968], [7, 0, 100, 29, 864], [999, 1]] {
      var random = RandomStream(key: 5, stream: 9)
      let normals = sizes.flatMap { random.normals($0) }
      let uniforms = sizes.reversed().flatMap { random.uniforms($0) }
      #expect(normals == whole.0 && uniforms == whole.1, "chunks \(sizes)")
    }
    var single = RandomStream(key: 5, stream: 9)
    // Interleaved: neither kind may shift the other.
    let pairs = (0..<1000).map { _ in (single.normal(), single.uniform()) }
    #expect(pairs.map(\.0) == whole.0 && pairs.map(\.1) == whole.1)
  }

  @Test func copiesContinueAlikeAndApart() {
    var random = RandomStream(key: 5, purpose: "copy", stream: 0)
    _ = random.normals(5)
    _ = random.uniforms(3)
    var copy = random
    #expect(copy.normals(50) == random.normals(50))
    #expect(copy.uniforms(50) == random.uniforms(50))
  }

  @Test func keysPurposesAndStreamsDiffer() {
    var firsts: Set<Double> = []
    for key in 0..<10 as Range<UInt64> {
      for purpose in ["", "a", "b", "ab", "teacher", "teacheR"] {
        for stream in 0..<10 as Range<UInt64> {
          var random = RandomStream(key: key, purpose: purpose, stream: stream)
          firsts.insert(random.normal())
        }
      }
    }
    #expect(firsts.count == 600)
  }

  /// The derivation of keys is part of every stored result, so it is pinned.
  @Test func purposesArePinned() {
    var random = RandomStream(key: 1, purpose: "teacher", stream: 2)
    #expect(random.word() == 0x7e65ad7c0d15aa8b)
  }

  @Test func uniformsStayInsideTheUnitInterval() {
    var random = RandomStream(key: 3, stream: 0)
    let uniforms = random.uniforms(1 << 18)
    #expect(uniforms.allSatisfy { $0 > 0 && $0 < 1 })
    #expect(Statistics.kolmogorovSmirnov(uniforms) { $0 }.pValue > 1e-3)
  }

  /// Moments within four standard errors, and the whole law by the Kolmogorov-Smirnov test.
  @Test func normalsAreNormal() {
    var random = RandomStream(key: 42, stream: 17)
    let count = 1 << 20
    let normals = random.normals(count)
    let n = Double(count)
    for (power, moment, variance) in [(1, 0.0, 1.0), (2, 1, 2), (3, 0, 15), (4, 3, 96), (6, 15, 10170)] {
      let measured = Statistics.mean(normals.map { pow($0, Double(power)) })
      expectClose(measured, moment, absolute: 4 * (variance / n).squareRoot(), "moment \(power)")
    }
    #expect(Statistics.kolmogorovSmirnov(normals, cumulative: Distributions.normalCumulative).pValue > 1e-3)
    // Neighbours and the two halves of a group are uncorrelated.
    for lag in [1, 8, 16] {
      let product = zip(normals, normals.dropFirst(lag)).reduce(0) { $0 + $1.0 * $1.1 } / n
      expectClose(product, 0, absolute: 4 / n.squareRoot(), "lag \(lag)")
    }
  }

  @Test(arguments: [0.03, 0.5, 1, 1.5, 7, 300]) func gammaFollowsItsLaw(shape: Double) {
    var random = RandomStream(key: 8, purpose: "gamma \(shape)", stream: 0)
    let sample = (0..<20_000).map { _ in random.gamma(shape: shape) }
    #expect(
      Statistics.kolmogorovSmirnov(sample) { Distributions.gammaCumulative($0, shape: shape) }.pValue > 1e-3)
    expectClose(Statistics.mean(sample), shape, absolute: 4 * (shape / 20_000).squareRoot())
  }

  @Test(arguments: [0.5, 1, 3.5, 40]) func chiSquareFollowsItsLaw(degrees: Double) {
    var random = RandomStream(key: 9, purpose: "chi square \(degrees)", stream: 0)
    let sample = (0..<20_000).map { _ in random.chiSquare(degreesOfFreedom: degrees) }
    #expect(
      Statistics.kolmogorovSmirnov(sample) {
        Distributions.gammaCumulative($0, shape: degrees / 2, scale: 2)
      }.pValue > 1e-3)
  }

  @Test(arguments: [(0.5, 0.5), (1, 3), (12, 4), (0.2, 2)]) func betaFollowsItsLaw(shapes: (Double, Double)) {
    var random = RandomStream(key: 10, purpose: "beta \(shapes)", stream: 0)
    let sample = (0..<20_000).map { _ in random.beta(shapes.0, shapes.1) }
    #expect(
      Statistics.kolmogorovSmirnov(sample) { Distributions.betaCumulative($0, a: shapes.0, b: shapes.1) }.pValue > 1e-3)
  }

  /// With such shapes every gamma number underflows, and yet one of the two ends must win, each half of the time.
  @Test func betaOfTinyShapesIsAnEnd() {
    var random = RandomStream(key: 10, stream: 0)
    let sample = (0..<2000).map { _ in random.beta(1e-4, 1e-4) }
    #expect(sample.allSatisfy { $0 >= 0 && $0 <= 1 })
    expectClose(Statistics.mean(sample), 0.5, absolute: 0.05)
  }

  @Test(arguments: [1, 2, 6, 1000]) func integersAreEven(bound: Int) {
    var random = RandomStream(key: 12, stream: UInt64(bound))
    let cells = min(bound, 10)
    var counts = Array(repeating: 0.0, count: cells)
    for _ in 0..<50_000 {
      let value = random.integer(below: bound)
      #expect((0..<bound).contains(value))
      counts[value * cells / bound] += 1
    }
    let expected = 50_000 / Double(cells)
    let chiSquare = counts.reduce(0) { $0 + ($1 - expected) * ($1 - expected) / expected }
    #expect(Distributions.gammaCumulative(chiSquare, shape: Double(max(1, cells - 1)) / 2, scale: 2) < 0.999)
  }

  /// A bound where the plain remainder of a word would favour the lower third by half.
  @Test func integersBelowAHugeBoundAreUnbiased() {
    var random = RandomStream(key: 13, stream: 0)
    let bound = Int.max / 4 * 3
    let low = (0..<20_000).reduce(0) { count, _ in count + (random.integer(below: bound) < bound / 3 ? 1 : 0) }
    expectClose(Double(low) / 20_000, 1.0 / 3, absolute: 4 * (2.0 / 9 / 20_000).squareRoot())
  }

  @Test func permutationsAreAllEquallyLikely() {
    var random = RandomStream(key: 14, stream: 0)
    var counts: [[Int]: Int] = [:]
    for _ in 0..<24_000 { counts[random.permutation(4), default: 0] += 1 }
    #expect(counts.count == 24)
    for (order, count) in counts { expectClose(Double(count), 1000, absolute: 4.5 * 31, "\(order)") }
    #expect(random.permutation(0).isEmpty)
    #expect(random.permutation(100).sorted() == Array(0..<100))
  }

  @Test func signsAndMatrices() {
    var random = RandomStream(key: 15, stream: 0)
    let sum = (0..<10_000).reduce(0.0) { sum, _ in sum + random.sign() }
    expectClose(sum, 0, absolute: 400)
    var copy = random
    let matrix = random.normalMatrix(rowCount: 3, columnCount: 5, standardDeviation: 0.5)
    #expect(matrix.values == copy.normals(15).map { 0.5 * $0 })
  }
}
