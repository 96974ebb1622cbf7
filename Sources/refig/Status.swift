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
    commandName: "status",
    abstract: """
      How many cells are there, missing, failed, and what they cost, by paper and stage. Of a run: how far it is.
      """)

  @Argument(
    help: "Stages, figures, claims or paper:KEY, or the id of a run; everything unless given.", completion: .targets)
  var targets: [String] = []

  @OptionGroup var project: ProjectOptions

  @Flag(help: "Exit with status 7 if anything is missing.")
  var check = false

  @Flag(help: "Show every stage, not only those that are incomplete.")
  var all = false

  @OptionGroup var output: OutputOptions

  /// One line of the report.
  private struct Row: Encodable {
    let stage: String
    let total: Int
    let cached: Int
    let missing: Int
    let failed: Int
    /// Data files that missing cells need and that are neither in the project nor in the store: what to do.
    let absentData: [String]
    /// Of the cells that are there.
    let bytes: Int
    /// Mean wall seconds of a cell in earlier runs, and of all cells of the last run.
    let meanSeconds: Double?
    let lastSeconds: Double?
    /// Mean processor seconds of a cell in earlier runs.
    let meanProcessorSeconds: Double?
    let lastTime: String?
    /// Of the cell that needed most.
    let peakBytes: Int?
    /// Why replicas failed in the last run, with how many for each reason.
    let failedReplicas: [String: Int]?
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
        failed: row.failed,
        absentData: row.cached < stage.keys.count
          ? stage.definition.data.compactMap(store.absence(of:)).map(\.description) : [],
        bytes: row.bytes, meanSeconds: cost?.meanSeconds, lastSeconds: cost?.lastSeconds,
        meanProcessorSeconds: cost?.meanProcessorSeconds,
        lastTime: cost?.lastTime, peakBytes: cost?.peakBytes, failedReplicas: cost?.lastFailures)
    }
    if rows.contains(where: { $0.missing > 0 }) {
      let diagnostics = Diagnostics()
      plan.validate(diagnostics) { sizes[$0] == nil }
      try diagnostics.throwIfAny()
    }
    // Stages may share cells.
    let keys = Dictionary(grouping: plan.stages, by: \.id.paper).mapValues { Set($0.lazy.flatMap(\.keys)) }
    let cells = keys.mapValues { (total: $0.count, cached: $0.compactMap { sizes[$0] }) }
    let ledger = try project.ledger(plan)
    try output.show(
      rows,
      text(rows, project, cells) + (ledger.map { "\nledger: \($0.summary)" } ?? ""))
    let missing = cells.values.reduce(0) { $0 + $1.total - $1.cached.count }
    if check, missing > 0 { throw PipelineError.outOfDate(count: missing) }
  }

  /// How many stages are shown one by one where nobody asked for all of them.
  private static let shownCount = 20

  /// Sums, of each paper too, and then stages: those that are incomplete, or all of them.
  private func text(_ rows: [Row], _ project: Project, _ cells: [String: (total: Int, cached: [Int])]) -> String {
    let columns = StandardOutput.columns
    let asked =
      targets.isEmpty
      ? ", \(Text.count(project.figures.count, "figure")), "
        + Text.count(project.claims.count, "claim") : ""
    func there(_ cells: some Collection<(total: Int, cached: [Int])>) -> String {
      let cached = cells.flatMap(\.cached)
      return
        "\(cached.count) of \(Text.count(cells.reduce(0) { $0 + $1.total }, "cell")), \(Text.size(cached.reduce(0, +)))"
    }
    let sum = "profile \(project.profile): \(there(cells.values))" + asked
    var lines = Text.wrapped(sum, columns: columns, indent: 2)
    let papers = Dictionary(grouping: rows) { $0.stage.paper }
    if papers.count > 1 {
      for paper in paperNames(of: rows.map(\.stage)) {
        let rows = papers[paper, default: []]
        let incomplete = rows.count { $0.missing > 0 }
        let line =
          "  \(paper): \(there(cells[paper].map { [$0] } ?? []))"
          + (incomplete > 0 ? "; \(incomplete) of \(Text.count(rows.count, "stage")) incomplete" : "")
        lines += Text.wrapped(line, columns: columns, indent: 4)
      }
    }
    let wanted = all || rows.count <= Self.shownCount ? rows : rows.filter { $0.missing > 0 }
    let shown =
      all ? wanted : Array((wanted.filter { $0.failed > 0 } + wanted.filter { $0.failed == 0 }).prefix(Self.shownCount))
    if !shown.isEmpty { lines.append("") }
    for row in shown {
      var parts = ["\(row.cached) of \(Text.count(row.total, "cell"))"]
      if row.failed > 0 { parts.append("\(row.failed) failed last time (refig explain \(row.stage))") }
      parts += row.absentData
      parts.append(Text.size(row.bytes))
      if let mean = row.meanProcessorSeconds, let time = row.lastTime, let peak = row.peakBytes {
        parts.append(String(format: "%.3g s of processor time a cell, at most ", mean) + Text.size(peak) + " of memory")
        parts.append("last run \(time.prefix(10))")
        parts += Text.tally(row.failedReplicas ?? [:], of: "failed replica", limit: 3)
      }
      lines += Text.wrapped("\(row.stage)  \(parts.joined(separator: ", "))", columns: columns, indent: 4)
    }
    if shown.count < rows.count {
      let rest = wanted.count - shown.count
      lines += ["", (rest > 0 ? "\(Text.count(rest, "incomplete stage")) more; " : "") + "`--all` shows every stage."]
    }
    return lines.joined(separator: "\n")
  }
}
