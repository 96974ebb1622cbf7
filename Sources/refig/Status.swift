import ArgumentParser
import Foundation
import Ledger
import Pipeline
import Reports
import Runner
import Store

/// `refig status`.
struct Status: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Per stage: how many cells are there, missing, failed, and what they cost. Of a run: how far it is.")

  @Argument(
    help: "Stages, figures, claims or paper:KEY, or the id of a run; everything unless given.", completion: .targets)
  var targets: [String] = []

  @OptionGroup var project: ProjectOptions

  @Flag(help: "Exit with status 7 if anything is missing.")
  var check = false

  @OptionGroup var output: OutputOptions

  /// One line of the report.
  private struct Row: Encodable {
    let stage: String
    let total: Int
    let cached: Int
    let missing: Int
    let failed: Int
    /// Of the cells that are there.
    let bytes: Int
    /// Mean wall seconds of a cell in earlier runs, and of all cells of the last run.
    let meanSeconds: Double?
    let lastSeconds: Double?
    let lastTime: String?
    /// Of the cell that needed most.
    let peakBytes: Int?
  }

  func run() throws {
    if targets.count == 1, RunRecord.isRun(targets[0], root: project.root) {
      let record = try RunRecord(root: project.root, run: targets[0])
      try record.update()
      try record.requireBeginning()
      let isAlive = try record.isAlive
      return try output.show(record.status, record.status.text(isAlive: isAlive))
    }
    let project = try project.load()
    let store = project.store
    let plan = try Plan(project.pipeline, stages: try project.targets(targets).stages, catalogue: project.catalogue)
    let sizes = try store.presentSizes()
    let failed = try store.failedKeys()
    let costs = try CostHistory(root: project.root)
    let rows = plan.stages.map { stage -> Row in
      var row = (cached: 0, failed: 0, bytes: 0)
      for key in stage.keys {
        if let size = sizes[key] {
          row.cached += 1
          row.bytes += size
        } else if failed.contains(key) {
          row.failed += 1
        }
      }
      let cost = costs.stages[stage.id]
      return Row(
        stage: stage.id, total: stage.keys.count, cached: row.cached, missing: stage.keys.count - row.cached,
        failed: row.failed, bytes: row.bytes, meanSeconds: cost?.meanSeconds, lastSeconds: cost?.lastSeconds,
        lastTime: cost?.lastTime, peakBytes: cost?.peakBytes)
    }
    if rows.contains(where: { $0.missing > 0 }) {
      let diagnostics = Diagnostics()
      plan.validate(diagnostics) { sizes[$0] == nil }
      try diagnostics.throwIfAny()
    }
    // Stages may share cells.
    let keys = Set(plan.stages.flatMap(\.keys))
    let cached = keys.compactMap { sizes[$0] }
    let ledger = try project.ledger(plan)
    try output.show(
      rows, table(rows, project, of: keys.count, cached) + (ledger.map { "\nledger: \($0.summary)" } ?? ""))
    let missing = keys.count - cached.count
    if check, missing > 0 { throw PipelineError.outOfDate(count: missing) }
  }

  private func table(_ rows: [Row], _ project: Project, of total: Int, _ cached: [Int]) -> String {
    func megabytes(_ bytes: Int) -> String { String(format: "%.3g MB", Double(bytes) / 1e6) }
    let width = rows.map(\.stage.count).max() ?? 0
    var lines = rows.map { row in
      var text = row.stage.padding(toLength: width, withPad: " ", startingAt: 0) + "  \(row.cached)/\(row.total) cells"
      if row.missing > 0 { text += ", \(row.missing) missing" }
      if row.failed > 0 { text += ", \(row.failed) failed last time (refig explain \(row.stage))" }
      text += ", " + megabytes(row.bytes)
      if let mean = row.meanSeconds, let last = row.lastSeconds, let time = row.lastTime, let peak = row.peakBytes {
        text += String(format: "  (%.3g s a cell, at most ", mean) + megabytes(peak) + " of memory; last run "
        text += "\(time.prefix(10)): \(Text.duration(last)))"
      }
      return text
    }
    lines.append(
      "profile \(project.profile): \(cached.count) of \(total) cells, \(megabytes(cached.reduce(0, +))), "
        + "\(project.figures.count) figures, \(project.claims.count) claims")
    return lines.joined(separator: "\n")
  }
}
