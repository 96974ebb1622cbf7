internal import Claims
private import Foundation
private import NumericalMethods
internal import PaperKit
internal import Pipeline

/// What was made of cells: code and cells it came from, by their digests, so that it says whether it still stands for them.
package struct Binding: Sendable, Equatable {
  /// Code of the table or the estimator, see ``Catalogue/evaluationCode(ofPaper:)``.
  package var code: String
  /// See ``Ledger/digest(of:in:)``.
  package let evidence: String

  package init(code: String, evidence: String) {
    self.code = code
    self.evidence = evidence
  }
}

/// What a ledger says that was made of cells.
protocol EvaluationRecord {
  var binding: Binding { get set }
  /// All that it says, code and cells aside.
  func content() throws -> [[String]]
}

/// A claim's number as a ledger has it.
struct ClaimRecord: Sendable, EvaluationRecord {
  let claim: String
  let estimator: String
  var binding: Binding
  let estimation: Estimation
}

/// A table of numbers at full precision as a ledger has it.
struct TableRecord: Sendable, EvaluationRecord {
  /// Table, stages and conditions.
  let name: String
  var binding: Binding
  let table: Table
}

extension ClaimRecord {
  /// Whether it says the same as another, bit for bit.
  func says(_ other: ClaimRecord) -> Bool {
    do { return try line() == other.line() } catch { return false }
  }

  func line() throws -> [String] {
    try ["claim", claim, estimator, binding.code, binding.evidence] + content()[0]
  }

  func content() throws -> [[String]] {
    [[String(decoding: try KnownEstimations.encoded(["": estimation]), as: UTF8.self)]]
  }

  static func records(_ file: LedgerFile) throws -> [ClaimRecord] {
    try file.lines.filter { $0[0] != "accepted" }.map { fields in
      guard fields.count == 6, fields[0] == "claim" else {
        throw UnreadableFact("a line of \(fields.count) fields that begins with '\(fields[0].prefix(40))'")
      }
      let estimation: Estimation?
      do { estimation = try KnownEstimations.decoded(Array(fields[5].utf8))[""] } catch { estimation = nil }
      guard let estimation else { throw UnreadableFact("the estimate of '\(fields[1])' cannot be read") }
      return ClaimRecord(
        claim: String(fields[1]), estimator: String(fields[2]),
        binding: Binding(code: String(fields[3]), evidence: String(fields[4])), estimation: estimation)
    }
  }
}

extension TableRecord {
  /// Whether it says the same as another; NaN is a number like others here.
  func says(_ other: TableRecord) -> Bool { lines == other.lines }

  /// A head, then a line for each row.
  var lines: [[String]] {
    [["table", name, binding.code, binding.evidence, "\(table.rows.count)"] + table.columns] + content()
  }

  func content() -> [[String]] { table.rows.map { ["row"] + $0.map { "\($0)" } } }

  static func records(_ file: LedgerFile) throws -> [TableRecord] {
    var records: [TableRecord] = []
    var lines = file.lines.filter { $0[0] != "accepted" }[...]
    while let head = lines.popFirst() {
      guard head[0] == "table", head.count > 5, let count = Int(head[4]), (0...lines.count).contains(count) else {
        throw UnreadableFact("a line of \(head.count) fields that begins with '\(head[0].prefix(40))'")
      }
      let columns = head[5...].map(String.init)
      let rows = try lines.prefix(count).map { fields -> [Double] in
        let values = fields.dropFirst().compactMap { Double($0) }
        guard fields[0] == "row", values.count == columns.count, fields.count == columns.count + 1 else {
          throw UnreadableFact("a row of '\(head[1])' is none of \(columns.count) numbers")
        }
        return values
      }
      lines = lines.dropFirst(count)
      records.append(
        TableRecord(
          name: String(head[1]), binding: Binding(code: String(head[2]), evidence: String(head[3])),
          table: Table(columns: columns, rows: rows)))
    }
    return records
  }
}
