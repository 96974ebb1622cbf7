import ArgumentParser
import Engine
import Foundation
import NumericalMethods
import PaperKit

/// `refig explain`.
struct Explain: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "What a target depends on, what of it is cached, and why the rest would run.")

  @Argument(help: "A stage, figure or claim.")
  var target: String

  @OptionGroup var project: ProjectOptions

  func run() throws {
    let project = try project.load()
    let targets = try project.targets([target])
    for claim in targets.claims where claim.id == target || "claim:\(claim.id)" == target {
      print("claim \(claim.id) (\(claim.kind.rawValue)): \(claim.statement)")
      print("  source: \(claim.source)")
      print("  measured by \(claim.estimator.name): \(claim.estimator.meaning)")
      print("  accepted: [\(claim.accepted.low), \(claim.accepted.high)] because \(claim.because)")
    }
    for figure in targets.figures where figure.id == target || "fig:\(figure.id)" == target {
      print("figure \(figure.id) (\(figure.source)): \(figure.caption)")
      for table in figure.tables { print("  shows table \(table.table) of \(table.stages.joined(separator: ", "))") }
      let stages = Set(figure.tables.flatMap(\.stages))
      let claims = project.claims.filter { !stages.isDisjoint(with: $0.evidence.stages) }.map(\.id)
      print("  claims from the same arrays: \(claims.isEmpty ? "none" : claims.joined(separator: ", "))")
      print("  files: \(Gallery.folder(of: figure, in: project))/\(figure.name).svg .pdf .gp .json")
    }
    let plan = Plan(project.pipeline, stages: targets.stages, catalogue: project.catalogue)
    let present = try project.store.presentKeys()
    for stage in plan.stages {
      let missing = stage.keys.indices.filter { !present.contains(stage.keys[$0]) }
      print("stage \(stage.id): experiment \(stage.definition.experiment.name), \(stage.points.count) points")
      for input in stage.definition.inputs { print("  reads stage \(input.stage) as '\(input.name)'") }
      for file in stage.definition.data { print("  reads \(file.path) as '\(file.name)', SHA-256 \(file.digest)") }
      print("  \(stage.keys.count - missing.count) of \(stage.keys.count) cells cached in \(project.store.root)")
      guard let first = missing.first else { continue }
      print("  would run, for example: \(stage.label(first))")
      if let reason = try project.store.failure(of: stage.keys[first]) { print("  its last run failed: \(reason)") }
      let manifest = stage.manifest(first)
      if let (key, difference) = try project.store.nearestRelative(of: manifest, among: present) {
        print("  differs from its nearest cached relative \(key.short) in:")
        for line in difference { print("    \(line)") }
      } else {
        print("  no cell of this experiment is cached; its manifest is:")
        for line in manifest.canonicalText.split(separator: "\n") { print("    \(line)") }
      }
    }
  }
}
