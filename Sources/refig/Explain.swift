import ArgumentParser
import Claims
import Figures
import Foundation
import Ledger
import NumericalMethods
import PaperKit
import Pipeline
import Reports
import Runner
import Store

/// `refig explain`.
struct Explain: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "explain",
    abstract: "What a target depends on, what of it is cached, why the rest would run, and why what is there did.",
    discussion: """
      A cell runs when its manifest, the text of everything it depends on, is not that of any stored cell. explain compares \
      it with the stored cell that differs least, and for cells that are there with what was there before them.
      """)

  @Argument(help: "A stage, figure or claim, or paper:KEY.", completion: .targets)
  var target: String

  @Flag(help: "Also print the manifest of each stage's first cell; in JSON it is always there.")
  var manifest = false

  @OptionGroup var project: ProjectOptions
  @OptionGroup var output: OutputOptions

  private struct Report: Encodable {
    /// Claims and figures by id: `refig show` tells about them.
    let claims, figures: [String]
    let stages: [Explanation]
    /// How the stages stand in the ledger, in words.
    let ledger: [String: String]
  }

  func run() throws {
    let project = try project.load()
    let targets = try project.targets([target])
    let plan = try Plan(project.pipeline, stages: targets.stages, catalogue: project.catalogue)
    let present = try project.store.presentKeys()
    let starts = try RunLog.starts(root: project.root)
    let report = Report(
      claims: targets.claims.map(\.id), figures: targets.figures.map(\.id),
      stages: try Explanation.of(plan.stages, store: project.store, present: present, runStarts: starts),
      ledger: try project.ledger(plan)?.standings.compactMapValues(\.summary) ?? [:])
    try output.show(report, text(report, project.store).joined(separator: "\n"))
  }

  private func text(_ report: Report, _ store: Store) -> [String] {
    var lines: [String] = []
    for claim in report.claims { lines.append("claim \(claim): refig show claim:\(claim) tells what it says") }
    for figure in report.figures { lines.append("figure \(figure): refig show fig:\(figure) tells what it shows") }
    for stage in report.stages {
      lines.append("stage \(stage.stage): experiment \(stage.experiment), \(Text.count(stage.points, "point"))")
      for (name, id) in stage.inputs.sorted(by: { $0.key < $1.key }) {
        let isOwn = stage.ownInputs.contains(name)
        lines.append("  reads stage \(id) as '\(name)'\(isOwn ? ", each replica the one with its own number" : "")")
      }
      for (name, file) in stage.data.sorted(by: { $0.key < $1.key }) {
        lines.append("  reads \(file) as '\(name)'")
      }
      lines.append("  \(stage.cached) of \(stage.cells) cells cached in \(store.root)")
      lines += Text.tally(stage.failedReplicas, of: "failed replica").map { "    \($0)" }
      if let standing = report.ledger[stage.stage] { lines.append("  \(standing)") }
      for reason in stage.missing { lines += text(reason, "would run", stage) }
      for reason in stage.computed { lines += text(reason, "ran", stage) }
      if manifest { lines += ["  manifest of the first:"] + stage.manifest.split(separator: "\n").map { "    \($0)" } }
    }
    return lines
  }

  private func text(_ reason: Explanation.Reason, _ verb: String, _ stage: Explanation) -> [String] {
    let count = "\(reason.cells) \(reason.cells == 1 ? "cell" : "cells")"
    var lines: [String]
    if let relative = reason.relative {
      lines = [
        "  \(count) \(verb), such as \(reason.example), which differs from the nearest stored cell \(relative) in:"
      ]
      lines += reason.differences.map { "    \($0)" }
    } else {
      lines = ["  \(count) \(verb), such as \(reason.example), in the first run of \(stage.experiment)"]
    }
    if let failure = reason.failure { lines.append("    its last run failed: \(failure)") }
    return lines
  }
}
