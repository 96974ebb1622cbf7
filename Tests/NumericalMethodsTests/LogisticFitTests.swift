import Foundation
import NumericalMethods
import TestSupport
import Testing

@Suite struct LogisticFitTests {
  /// Counts of 400 trials and their fit by an independent program (simplex search of the same likelihood; reference
  /// data of the uniqueness threshold of Sarao Mannelli et al.
  ///
  /// 2020, d = 8), which stops at 1e-5.
  static let references:
    [(first: Int, successes: [Int], trials: Int, midpoint: Double, width: Double, standardError: Double)] = [
      (
        5, [163, 488, 821, 976, 998, 1000], 1000, 6.016032042432655, 0.5863144757123933, 0.02536541254710745
      ),
      (
        9, [1, 12, 26, 65, 127, 181, 274, 314, 372, 388, 394, 397, 400], 400, 14.11452652385854, 1.1906639083828676,
        0.05486210280244256
      ),
      (
        27, [10, 50, 119, 202, 300, 365, 389, 400], 400, 29.89849011544368, 0.8961315427477815, 0.04801885347515654
      ),
    ]

  @Test(arguments: references.indices) func agreesWithAnIndependentFit(index: Int) throws {
    let reference = Self.references[index]
    let fit = try LogisticFit(
      positions: reference.successes.indices.map { Double(reference.first + $0) }, successes: reference.successes,
      trials: reference.successes.map { _ in reference.trials })
    expectClose(fit.midpoint, reference.midpoint, absolute: 1e-4)
    expectClose(fit.width, reference.width, absolute: 1e-4)
    expectClose(fit.midpointStandardError, reference.standardError, relative: 1e-3)
  }

  private func sample(
    _ random: inout RandomStream, midpoint: Double, width: Double, positions: [Double], trials: Int
  ) throws -> LogisticFit {
    let successes = positions.map { position in
      let probability = 1 / (1 + exp(-(position - midpoint) / width))
      return random.uniforms(trials).count { $0 < probability }
    }
    return try LogisticFit(
      positions: positions, successes: successes, trials: positions.map { _ in trials })
  }

  @Test func manyTrialsGiveTheTruth() throws {
    var random = RandomStream(key: 1, purpose: "logistic", stream: 0)
    let positions = (0..<30).map { 990 + Double($0) }
    for width in [2.0, -3] {
      let fit = try sample(&random, midpoint: 1004.3, width: width, positions: positions, trials: 50_000)
      expectClose(fit.midpoint, 1004.3, absolute: 4 * fit.midpointStandardError)
      expectClose(fit.width, width, absolute: 4 * fit.widthStandardError)
      #expect(fit.midpointStandardError < 0.02)
      expectClose(fit.probability(at: fit.midpoint), 0.5, absolute: 1e-12)
    }
  }

  /// An interval of one standard error covers the truth in 68 %, of two in 95 % of repeated experiments.
  @Test func standardErrorsCover() throws {
    let repetitions = 2000
    var within = [0, 0, 0, 0]
    for repetition in 0..<repetitions {
      var random = RandomStream(key: 2, purpose: "coverage", stream: UInt64(repetition))
      let fit = try sample(&random, midpoint: 3.3, width: 1.2, positions: (0..<8).map(Double.init), trials: 60)
      let midpoint = abs(fit.midpoint - 3.3) / fit.midpointStandardError
      let width = abs(fit.width - 1.2) / fit.widthStandardError
      for (index, covered) in [midpoint < 1, midpoint < 1.96, width < 1, width < 1.96].enumerated() where covered {
        within[index] += 1
      }
    }
    let shares = within.map { Double($0) / Double(repetitions) }
    expectClose(shares, [0.683, 0.95, 0.683, 0.95], absolute: 0.035)
  }

  @Test func theMaximumIsOne() throws {
    let positions = [1.0, 2, 3, 4, 5]
    let successes = [1, 3, 2, 9, 8]
    let fit = try LogisticFit(positions: positions, successes: successes, trials: [10, 10, 10, 10, 10])
    func logLikelihood(_ midpoint: Double, _ width: Double) -> Double {
      zip(positions, successes).reduce(0) { sum, pair in
        let p = 1 / (1 + exp(-(pair.0 - midpoint) / width))
        return sum + Double(pair.1) * log(p) + Double(10 - pair.1) * log(1 - p)
      }
    }
    expectClose(fit.logLikelihood, logLikelihood(fit.midpoint, fit.width), relative: 1e-12)
    for (a, b) in [(1e-4, 0.0), (-1e-4, 0), (0, 1e-4), (0, -1e-4)] {
      #expect(logLikelihood(fit.midpoint + a, fit.width + b) < fit.logLikelihood)
    }
  }

  @Test func orderAndEmptyPositionsDoNotMatter() throws {
    let fit = try LogisticFit(positions: [1, 2, 3], successes: [1, 5, 9], trials: [10, 10, 10])
    #expect(try LogisticFit(positions: [3, 9, 1, 2], successes: [9, 0, 1, 5], trials: [10, 0, 10, 10]) == fit)
    #expect(try LogisticFit(positions: [1, 2, 2, 3], successes: [1, 2, 3, 9], trials: [10, 4, 6, 10]) == fit)
  }

  @Test func separationIsToldWithItsInterval() {
    typealias Failure = LogisticFit.Failure
    func failure(_ successes: [Int], _ trials: Int = 10) -> Failure? {
      do throws(Failure) {
        _ = try LogisticFit(
          positions: successes.indices.map(Double.init), successes: successes, trials: successes.map { _ in trials })
        return nil
      } catch { return error }
    }
    #expect(failure([0, 0, 10, 10]) == .separated(between: Interval(1, 2)))
    #expect(failure([10, 10, 10, 0]) == .separated(between: Interval(2, 3)))
    // Both outcomes at one position only: the slope is infinite there too.
    #expect(failure([0, 0, 3, 10]) == .separated(between: Interval(2, 3)))
    #expect(failure([0, 0, 7, 10]) == .separated(between: Interval(1, 2)))
    #expect(failure([0, 0, 5, 10]) == .separated(between: Interval(2, 2)))
    #expect(failure([10, 7, 0]) == .separated(between: Interval(1, 2)))
    for successes in [[0, 0, 0], [10, 10], [5], [0, 0, 3], [1, 2, 1, 2], []] {
      guard case .noCrossing = failure(successes) else {
        Issue.record("\(successes) of 10: \(String(describing: failure(successes)))")
        continue
      }
    }
  }
}
