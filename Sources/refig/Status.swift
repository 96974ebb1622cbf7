import ArgumentParser
import Engine
import Foundation

/// `refig status`.
struct Status: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Per stage: how many cells are there, missing, failed, and what they cost.")

  @Argument(help: "Stages, figures, claims or paper:KEY; everything unless given.")
  var targets: [String] = []

  @OptionGroup var project: ProjectOptions

  @Flag(help: "Exit with status 7 if anything is missing.")
  var check = false

  @Flag(help: "Print as JSON.")
  var json = false

  /// One line of the report.
  private struct Row: Encodable {
    let stage: String
    let total: Int
    let cached: Int
    let missing: Int
    let failed: Int
    let meanSeconds: Double?
    let meanBytes: Int?
  }

  func run() throws {
    let project = try project.load()
    let plan = Plan(project.pipeline, stages: try project.targets(targets).stages, catalogue: project.catalogue)
    let present = try project.store.presentKeys()
    let costs = try CostHistory(root: project.root)
    let rows = try plan.stages.map { stage -> Row in
      let missing = stage.keys.filter { !present.contains($0) }
      let cost = costs.stages[stage.id]
      return Row(
        stage: stage.id, total: stage.keys.count, cached: stage.keys.count - missing.count, missing: missing.count,
        failed: try missing.filter { try project.store.failure(of: $0) != nil }.count,
        meanSeconds: cost?.meanSeconds, meanBytes: cost.map { $0.fileBytes / max(1, $0.cells) })
    }
    if json {
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
      print(String(decoding: try encoder.encode(rows), as: UTF8.self))
    } else {
      printTable(rows, project)
    }
    let missing = rows.reduce(0) { $0 + $1.missing }
    if check, missing > 0 { throw PipelineError.outOfDate(count: missing) }
  }

  private func printTable(_ rows: [Row], _ project: Project) {
    let width = rows.map(\.stage.count).max() ?? 0
    for row in rows {
      var text = row.stage.padding(toLength: width, withPad: " ", startingAt: 0) + "  \(row.cached)/\(row.total) cells"
      if row.missing > 0 { text += ", \(row.missing) missing" }
      if row.failed > 0 { text += ", \(row.failed) failed last time (refig explain \(row.stage))" }
      if let seconds = row.meanSeconds, let bytes = row.meanBytes {
        text += String(format: "  (%.3g s, %.3g kB a cell)", seconds, Double(bytes) / 1000)
      }
      print(text)
    }
    let cached = rows.reduce(0) { $0 + $1.cached }
    let total = rows.reduce(0) { $0 + $1.total }
    print(
      "profile \(project.profile): \(cached) of \(total) cells, \(project.figures.count) figures, "
        + "\(project.claims.count) claims")
  }
}
