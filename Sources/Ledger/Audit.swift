package import Claims
private import NumericalMethods
internal import PaperKit
internal import Pipeline
package import Store

/// Which cells an audit computes again, and how they compare.
///
/// The draws follow from a seed alone, so that nobody can choose the convenient cells.
package struct Audit {
  /// How much is to be drawn.
  package enum Extent: Sendable {
    /// Cells of so many processor seconds altogether.
    case seconds(Double)
    /// So many cells of each kind.
    case cells(Int)
  }

  private let reader: LedgerReader
  private let earlier: [AuditRecord]
  private let cells: [AuditCell]
  private let byID: [String: AuditCell]
  package let seed: String
  package let limit: Double
  private(set) var uniform: [AuditCell] = []
  private(set) var weighted: [AuditCell] = []
  private(set) var visits: [AuditCell] = []
  /// A claim whose number is made again, where one is cheap enough.
  package private(set) var claim: Claim?

  /// A stage's turn comes at the latest after so many audits.
  package static let visitPeriod = 10

  /// Draws cells of a ledger, of some of its stages or of all, and one of some claims.
  package init(
    _ reader: LedgerReader, stages: Set<String>, claims: [Claim], earlier: [AuditRecord], extent: Extent, seed: String
  ) throws {
    self.reader = reader
    self.earlier = earlier
    self.seed = seed
    let all = AuditCell.all(reader).filter { stages.contains($0.stage) }
    var budget = Double.infinity
    if case .seconds(let seconds) = extent { budget = seconds }
    // A cell that would take most of the time alone would end the sample before it began.
    let limit = budget / 8
    self.limit = limit.isFinite ? limit : Double.greatestFiniteMagnitude
    cells = all.filter { $0.cost <= limit }
    byID = Dictionary(all.map { ($0.id, $0) }) { first, _ in first }
    var count = Int.max
    if case .cells(let number) = extent { count = number }
    drawVisits()
    drawUniformly(count: count, budget: 0.5 * budget)
    drawByWeight(count: count, budget: 0.3 * budget)
    try drawClaim(claims, budget: 0.2 * budget)
  }

  private func random(_ purpose: String) -> RandomStream {
    RandomStream(key: CellKey.streamKey(seed), purpose: purpose, stream: 0)
  }

  private mutating func drawUniformly(count: Int, budget: Double) {
    var random = random("audit.uniform")
    var spent = 0.0
    for index in random.permutation(cells.count).prefix(count) {
      spent += cells[index].cost
      guard spent <= budget else { break }
      uniform.append(cells[index])
    }
  }

  private mutating func drawByWeight(count: Int, budget: Double) {
    var ends: [Double] = []
    var total = 0.0
    for cell in cells {
      total += cell.seconds
      ends.append(total)
    }
    guard total > 0 else { return }
    var random = random("audit.weighted")
    var spent = 0.0
    // As many as there are cells are enough, however cheap they are.
    for _ in 0..<min(count, cells.count) {
      let place = random.uniform() * total
      let cell = cells[ends.partitioningIndex { $0 > place }]
      spent += cell.cost
      guard spent <= budget else { break }
      weighted.append(cell)
    }
  }

  /// One cell of each of the stages that were looked at longest ago.
  private mutating func drawVisits() {
    var last: [String: String] = [:]
    for record in earlier {
      for id in record.uniform + record.weighted + record.visits {
        if let stage = byID[id]?.stage { last[stage] = max(last[stage] ?? "", record.time) }
      }
    }
    let byStage = Dictionary(grouping: cells, by: \.stage)
    let turn = byStage.keys.sorted { (last[$0] ?? "", $0) < (last[$1] ?? "", $1) }
    var random = random("audit.visits")
    for stage in turn.prefix((byStage.count + Self.visitPeriod - 1) / Self.visitPeriod) {
      guard let own = byStage[stage] else { continue }
      visits.append(own[random.permutation(own.count)[0]])
    }
  }

  private mutating func drawClaim(_ claims: [Claim], budget: Double) throws {
    let costs = Dictionary(grouping: cells, by: \.stage)
    let affordable = try claims.filter { claim in
      guard try reader.estimation(of: claim)?.origin == .ledger else { return false }
      var cost = 0.0
      for id in claim.evidence.stages {
        guard let standing = reader.standings[id], (costs[id] ?? []).count == standing.outcomes.count else {
          return false
        }
        cost += standing.outcomes.values.reduce(0) { $0 + ($1.seconds ?? 0) }
      }
      return cost <= budget
    }
    var random = random("audit.claim")
    if let first = random.permutation(affordable.count).first { claim = affordable[first] }
  }

  /// The cells to compute, by stage.
  package var drawn: [String: Set<Int>] {
    var drawn: [String: Set<Int>] = [:]
    for cell in uniform + weighted + visits { drawn[cell.stage, default: []].insert(cell.cell) }
    guard let claim else { return drawn }
    for id in claim.evidence.stages {
      guard let stage = reader.plan[id] else { continue }
      for cell in stage.keys.indices where claim.evidence.accepts(stage.manifest(cell).parameters) {
        drawn[id, default: []].insert(cell)
      }
    }
    return drawn
  }

  /// Compares what was computed again, in a store of its own, with the ledger.
  package func differences(
    _ store: Store, estimation: (Claim) throws -> Estimation
  ) throws -> [AuditRecord.Difference] {
    var differences: [AuditRecord.Difference] = []
    for (id, chosen) in drawn.sorted(by: { $0.key < $1.key }) {
      guard let stage = reader.plan[id] else { continue }
      for index in chosen.sorted() {
        guard let outcome = reader.standings[id]?.outcomes[index] else { continue }
        guard let cell = try store.cell(stage.keys[index]) else {
          throw PipelineError.cellsMissing(count: 1, command: "refig run \(id) --profile \(reader.plan.profile)")
        }
        if let now = Self.difference(cell, outcome, stage.definition.experiment.outputs) {
          let found = AuditCell.id(stage, index, outcome)
          differences.append(
            AuditRecord.Difference(cell: found, stage: id, place: stage.label(index), was: outcome.digest, now: now))
        }
      }
    }
    if let claim, let known = try reader.estimation(of: claim)?.estimation {
      let now = try estimation(claim)
      let isOtherwise = try KnownEstimations.encoded(["": now]) != KnownEstimations.encoded(["": known])
      if try isOtherwise && (reader.isOfThisClass(claim.evidence, store) || Self.isFar(now, known)) {
        differences.append(
          AuditRecord.Difference(
            cell: "claim:\(claim.id)", stage: "claim:\(claim.id)", place: "its estimate", was: Self.number(known),
            now: Self.number(now)))
      }
    }
    return differences
  }

  /// How a cell that was computed here differs from what was written down; nil if it does not.
  static func difference(
    _ cell: Cell, _ outcome: StageRecord.Outcome, _ outputs: [OutputArray]
  ) -> String? {
    let digest = cell.resultDigest(outputs: outputs)
    if digest == outcome.digest { return nil }
    guard outcome.run.numericClass != cell.bitClass else { return digest }
    return cell.disagreement(with: outcome.probes, outputs: outputs)
  }

  /// Whether two estimates differ by more than cells of different numeric classes make them.
  static func isFar(_ now: Estimation, _ known: Estimation) -> Bool {
    guard let first = now.estimate, let second = known.estimate, first.kind == second.kind else { return true }
    let allowed = 0.1 * first.standardError + NumericClass.tolerance * max(1, abs(first.value))
    return !(abs(first.value - second.value) <= allowed)
      || !(abs(first.standardError - second.standardError) <= allowed)
      || now.failedReplicas != known.failedReplicas || now.plannedReplicas != known.plannedReplicas
  }

  private static func number(_ estimation: Estimation) -> String {
    estimation.estimate.map { "\($0.value)" } ?? "none: \(estimation.failure)"
  }

  /// What goes on record.
  package func record(
    time: String, machine: String, processorSeconds: Double, differences: [AuditRecord.Difference]
  ) -> AuditRecord {
    AuditRecord(
      profile: reader.ledger.profile, time: time, ledger: reader.ledger.digest, seed: seed,
      numericClass: NumericClass.current.description, machine: machine, limit: limit,
      population: cells.reduce(into: [:]) { $0[$1.stage, default: 0] += 1 }, uniform: uniform.map(\.id),
      weighted: weighted.map(\.id), visits: visits.map(\.id), claims: claim.map { [$0.id] } ?? [],
      processorSeconds: processorSeconds, differences: differences)
  }

  /// What audits say about the cells of a ledger that are current, or about those of one paper.
  package static func statement(
    _ reader: LedgerReader, _ audits: [AuditRecord], paper: String? = nil
  ) -> AuditStatement {
    let cells = AuditCell.all(reader).filter { cell in paper == nil || cell.stage.paper == paper }
    return AuditStatement(about: cells, audits: audits)
  }
}

extension Array {
  /// The first index whose element fulfils a condition that holds from some place on.
  fileprivate func partitioningIndex(_ holds: (Element) -> Bool) -> Int {
    var (low, high) = (0, count - 1)
    while low < high {
      let middle = (low + high) / 2
      if holds(self[middle]) { high = middle } else { low = middle + 1 }
    }
    return low
  }
}
