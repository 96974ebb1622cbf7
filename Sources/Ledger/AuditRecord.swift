private import Foundation
internal import Pipeline
private import Platform
private import Store

/// A cell of a ledger as audits see it.
struct AuditCell {
  /// Digest of stage, place and results: another cell, or other results, have another.
  let id: String
  let stage: String
  /// Number of the cell in the plan's stage.
  let cell: Int
  /// Processor time; 0 where no record tells.
  let seconds: Double
  /// The same with the cells it reads.
  let cost: Double
  let recorded: String
  /// When its stage's lines were last kept through a change of code: what was computed again before was of other code.
  let accepted: String
  let outcome: StageRecord.Outcome

  static func id(_ stage: Plan.Stage, _ cell: Int, _ outcome: StageRecord.Outcome) -> String {
    String(CellKey.digest("\(stage.id)\t\(stage.place(cell))\t\(outcome.digest)").prefix(16))
  }

  /// The cells of a ledger that are current, in the order of the plan.
  static func all(_ reader: LedgerReader) -> [AuditCell] {
    var costs: [String: Double] = [:]
    return reader.plan.stages.flatMap { stage -> [AuditCell] in
      guard let standing = reader.standings[stage.id], standing.isCurrent else { return [] }
      // Inputs come before the stages that read them.
      let upstream = stage.definition.inputs.reduce(0) { $0 + (costs[$1.stage] ?? 0) }
      let accepted = standing.record?.acceptances.map(\.time).max() ?? ""
      costs[stage.id] = upstream + standing.outcomes.values.reduce(0) { $0 + ($1.seconds ?? 0) }
      return standing.outcomes.sorted { $0.key < $1.key }.map { cell, outcome in
        AuditCell(
          id: id(stage, cell, outcome), stage: stage.id, cell: cell, seconds: outcome.seconds ?? 0,
          cost: upstream + (outcome.seconds ?? 0), recorded: outcome.run.recorded, accepted: accepted, outcome: outcome)
      }
    }
  }
}

/// One audit: a line of data/ledger/audits.jsonl.
package struct AuditRecord: Codable, Sendable, Equatable {
  /// A cell that came out differently.
  package struct Difference: Codable, Sendable, Equatable {
    package let cell: String
    package let stage: String
    package let place: String
    /// Digest, or claim's number, in the ledger and now.
    package let was: String
    package let now: String
  }

  package let profile: String
  /// ISO 8601.
  package let time: String
  /// Of the ledger it drew from.
  package let ledger: String
  /// What the draws follow from.
  package let seed: String
  package let numericClass: String
  package let machine: String
  /// Cells that cost more processor seconds, with those they read, were not drawn.
  package let limit: Double
  /// How many cells of each stage could be drawn; nil in older records: those of all stages.
  package let population: [String: Int]?
  /// Cells drawn uniformly without replacement, with replacement by their processor time, and because no cell of their
  /// stage was looked at for longest.
  package let uniform: [String]
  package let weighted: [String]
  package let visits: [String]
  /// Claims whose number was made again from recomputed cells.
  package let claims: [String]
  package let processorSeconds: Double
  package let differences: [Difference]

  /// The cells among some that could be drawn. Of a stage with more such cells than there were, none: some have come from
  /// elsewhere since, and nobody knows which.
  func covered(_ cells: [AuditCell]) -> [AuditCell] {
    let possible = cells.filter { $0.recorded <= time && $0.accepted <= time && $0.cost <= limit }
    guard let population else { return possible }
    let counts = possible.reduce(into: [:]) { $0[$1.stage, default: 0] += 1 }
    return possible.filter { counts[$0.stage, default: 0] <= population[$0.stage] ?? 0 }
  }

  /// The file of all audits of a project.
  static func path(root: String) -> String { "\(root)/data/ledger/audits.jsonl" }

  /// The audits of a profile on record. Throws ``PipelineError/damaged(path:reason:)`` for a line that is none.
  package static func all(root: String, profile: String) throws -> [AuditRecord] {
    let path = path(root: root)
    guard let bytes = try Files.bytes(of: path, limit: 256 << 20) else { return [] }
    let lines = bytes.split(separator: UInt8(ascii: "\n"))
    return try lines.enumerated().compactMap { number, line in
      do {
        let record = try JSONDecoder().decode(AuditRecord.self, from: Data(line))
        return record.profile == profile ? record : nil
      } catch {
        throw PipelineError.damaged(
          path: path, reason: "line \(number + 1) is no audit; restore it from version control")
      }
    }
  }

  /// Adds it to the file.
  package func save(root: String) throws {
    // Lines that two people add are both kept by git.
    let attributes = "\(root)/data/ledger/.gitattributes"
    if Files.sizeAndTime(attributes) == nil {
      try Files.write(Array("audits.jsonl merge=union\n".utf8), to: attributes, by: "\(attributes).\(getpid()).tmp")
    }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    try Files.append(Array(try encoder.encode(self)) + [UInt8(ascii: "\n")], to: Self.path(root: root))
  }
}
