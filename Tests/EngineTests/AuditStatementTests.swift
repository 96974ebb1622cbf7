import Foundation
import Ledger
import NumericalMethods
import Testing

/// What a sample without a difference proves.
@Suite struct AuditStatementTests {
  private typealias Draws = AuditStatement.Draws

  @Test("312 of 20 565 cells: at most 195 differ, at most 0.96 % of the time")
  func reference() {
    #expect(
      AuditStatement.greatestDifferingCount(of: 20_565, [Draws(population: 20_565, count: 312)]) == 195)
    let share = AuditStatement.greatestDifferingShare(of: 1, [Draws(population: 1, count: 312)])
    #expect(abs(share - (1 - pow(0.05, 1 / 312.0))) < 1e-9)
    #expect(abs(share - 0.0096) < 1e-4)
  }

  @Test("nothing drawn proves nothing, everything drawn proves everything")
  func ends() {
    #expect(AuditStatement.greatestDifferingCount(of: 50, []) == 50)
    #expect(AuditStatement.greatestDifferingCount(of: 50, [Draws(population: 50, count: 50)]) == 0)
    #expect(AuditStatement.greatestDifferingShare(of: 2, []) == 1)
    // Half of the weight was never in reach.
    #expect(AuditStatement.greatestDifferingShare(of: 2, [Draws(population: 1, count: 1_000_000)]) >= 0.5)
  }

  /// The probability that n draws without replacement from N cells miss K given ones, by multiplying.
  private func missing(_ population: Int, _ differing: Int, _ count: Int) -> Double {
    (0..<count).reduce(1) { $0 * Double(max(0, population - differing - $1)) / Double(population - $1) }
  }

  @Test("the bound is the greatest number that is missed with more than 5 %, wherever the cells lie")
  func nestedPopulations() {
    // 40 cells, of which the second audit could draw 25 and the third 10.
    let draws = [(40, 6), (25, 9), (10, 4)]
    let bound = AuditStatement.greatestDifferingCount(
      of: 40, draws.map { Draws(population: Double($0.0), count: $0.1) })
    /// The greatest chance that K cells are missed over all ways to spread them over the three parts.
    func chance(_ total: Int) -> Double {
      var best = 0.0
      for inner in 0...min(10, total) {
        for middle in 0...min(15, total - inner) where total - inner - middle <= 15 {
          best = max(
            best, missing(40, total, 6) * missing(25, inner + middle, 9) * missing(10, inner, 4))
        }
      }
      return best
    }
    #expect(chance(bound) >= 0.05)
    #expect(chance(bound + 1) < 0.05)
  }

  @Test("the bound holds: of ledgers with one more wrong cell than it says, 95 % are found out")
  func coverage() {
    let (cells, drawn) = (200, 40)
    let bound = AuditStatement.greatestDifferingCount(of: cells, [Draws(population: 200, count: drawn)])
    var random = RandomStream(key: 9, purpose: "audit.test", stream: 0)
    let trials = 4000
    let missed = (0..<trials).count { _ in
      !random.permutation(cells).prefix(drawn).contains { $0 <= bound }
    }
    // 0.05 with a standard error of 0.0034.
    #expect(Double(missed) / Double(trials) < 0.05 + 4 * 0.0034)
    #expect(Double(missed) / Double(trials) > 0.02)
  }
}
