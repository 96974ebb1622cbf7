private import Foundation

/// What audits that found no difference prove, at a confidence of 95 %.
///
/// An audit draws from a population: the cells that were in the ledger then and took no longer than its limit. What its
/// draws say holds for those of its population that are still in the ledger. Several audits are ordered so that each
/// population lies in the one before, by leaving out draws that do not: of cells that differ, as many as can are then
/// where the fewest audits look.
package struct AuditStatement: Sendable, Equatable {
  package static let confidence = 0.95

  /// Draws of one audit: how many cells (or what weight of them) it could draw, and how many it drew.
  package struct Draws: Equatable {
    package let population: Double
    package let count: Int

    package init(population: Double, count: Int) {
      self.population = population
      self.count = count
    }
  }

  /// The greatest number of cells, of `cellCount`, that can differ without being noticed by draws without replacement with
  /// probability above 5 %. `draws` are ordered by population, greatest first, each a part of the one before.
  package static func greatestDifferingCount(of cellCount: Int, _ draws: [Draws]) -> Int {
    // Of D cells that differ, all that can lie outside a population do.
    func isPlausible(_ differing: Int) -> Bool {
      let logarithm = draws.reduce(0.0) { sum, audit in
        let population = Int(audit.population)
        let inside = max(0, differing - (cellCount - population))
        return sum + Self.logOfMissing(population, inside, audit.count)
      }
      return logarithm >= log(1 - confidence)
    }
    var (low, high) = (0, cellCount + 1)
    while high - low > 1 {
      let middle = (low + high) / 2
      if isPlausible(middle) { low = middle } else { high = middle }
    }
    return low
  }

  /// Logarithm of C(N−K, n) / C(N, n): no one of K among n of N.
  package static func logOfMissing(_ population: Int, _ differing: Int, _ count: Int) -> Double {
    guard differing > 0, count > 0 else { return 0 }
    guard differing + count <= population else { return -.infinity }
    func logFactorial(_ number: Int) -> Double { lgamma(Double(number) + 1) }
    return logFactorial(population - differing) + logFactorial(population - count)
      - logFactorial(population - differing - count) - logFactorial(population)
  }

  /// The greatest share of a total weight that can lie in cells that differ, for draws with replacement and with
  /// probability proportional to weight: 1 − 0.05^(1/n) for one audit of everything.
  package static func greatestDifferingShare(of total: Double, _ draws: [Draws]) -> Double {
    guard total > 0 else { return 1 }
    func isPlausible(_ share: Double) -> Bool {
      let logarithm = draws.reduce(0.0) { sum, audit in
        let part = audit.population / total
        guard part > 0, audit.count > 0 else { return sum }
        let inside = min(1, max(0, share - (1 - part)) / part)
        return sum + Double(audit.count) * log(1 - inside)
      }
      return logarithm >= log(1 - confidence)
    }
    var (low, high) = (0.0, 1.0)
    if isPlausible(1) { return 1 }
    for _ in 0..<60 {
      let middle = (low + high) / 2
      if isPlausible(middle) { low = middle } else { high = middle }
    }
    return low
  }

  /// Cells of the ledger, and how many of them were recomputed at least once.
  package let cellCount: Int
  package let recomputedCount: Int
  /// With 95 % confidence at most so many cells would differ.
  package let differingCount: Int
  /// Processor time of the cells whose time is known, and how much of it can lie in cells that would differ.
  package let processorSeconds: Double
  package let differingShare: Double
  /// Cells that came out differently and have not been computed again since.
  package let differences: [String]
  /// Stages none of whose cells was ever recomputed.
  package let unvisitedStages: [String]

  /// "312 of 20565 cells recomputed, all the same: with 95 % confidence at most 195 cells (0.95 %) would differ".
  package var text: String {
    guard cellCount > 0 else { return "no cells on record" }
    let cells = "\(recomputedCount) of \(cellCount) cells recomputed"
    guard differences.isEmpty else {
      return "\(cells), \(differences.count) of them with other results: nothing is proved until \(differences[0]) "
        + "is computed again"
    }
    guard recomputedCount > 0 else { return "none of \(cellCount) cells recomputed yet" }
    let share = 100 * Double(differingCount) / Double(cellCount)
    func percent(_ value: Double) -> String { value >= 99.5 ? "100" : String(format: "%.2g", value) }
    return "\(cells), all the same: with 95 % confidence at most \(differingCount) cells "
      + "(\(percent(share)) %) would differ, and cells with at most \(percent(100 * differingShare)) % of the "
      + "processor time"
  }
}

extension AuditStatement {
  /// What all audits together say about some cells of a ledger.
  init(about cells: [AuditCell], audits: [AuditRecord]) {
    let byID = Dictionary(cells.map { ($0.id, $0) }) { first, _ in first }
    let total = cells.reduce(0) { $0 + $1.seconds }
    cellCount = cells.count
    processorSeconds = total
    let recomputed = audits.flatMap { audit in
      (audit.uniform + audit.weighted + audit.visits).compactMap { byID[$0] }.filter { $0.accepted <= audit.time }
    }
    let same = Set(recomputed.map(\.id))
    recomputedCount = same.count
    // Audits of one ledger with one limit draw from one population: there, a cell that is drawn again says nothing new.
    let groups = Dictionary(grouping: audits) { "\($0.ledger) \($0.limit) \($0.population ?? [:])" }.values.map {
      group in
      // All of them lie after what the first one lies after.
      (audits: group, population: (group.min { $0.time < $1.time } ?? group[0]).covered(cells))
    }
    var chain = Set(byID.keys)
    var (counts, shares): ([Draws], [Draws]) = ([], [])
    for (group, population) in groups.sorted(by: { $0.population.count > $1.population.count }) {
      chain.formIntersection(population.map(\.id))
      let weight = population.reduce(0) { chain.contains($1.id) ? $0 + $1.seconds : $0 }
      counts.append(
        Draws(population: Double(chain.count), count: Set(group.flatMap(\.uniform)).intersection(chain).count))
      shares.append(Draws(population: weight, count: group.flatMap(\.weighted).count(where: chain.contains)))
    }
    // Whatever was drawn how: what came out the same does not differ.
    let rest = cells.reduce(0) { same.contains($1.id) ? $0 : $0 + $1.seconds }
    differingCount = min(Self.greatestDifferingCount(of: cells.count, counts), cells.count - same.count)
    differingShare = min(
      Self.greatestDifferingShare(of: total, shares), total > 0 ? rest / total : same.count == cells.count ? 0 : 1)
    // A claim's number counts until a later audit makes it again and agrees.
    let inOrder = audits.sorted { $0.time < $1.time }
    let standing = inOrder.enumerated().flatMap { number, audit in
      audit.differences.filter { difference in
        guard difference.cell.hasPrefix("claim:") else { return byID[difference.cell] != nil }
        return !inOrder[(number + 1)...].contains { $0.claims.contains(String(difference.cell.dropFirst(6))) }
      }
    }
    differences = standing.map { "\($0.stage) \($0.place)" }
    let visited = Set(recomputed.map(\.stage))
    unvisitedStages = Set(cells.map(\.stage)).subtracting(visited).sorted()
  }
}
