import ArgumentParser
import Claims
import Foundation
import NumericalMethods
import Pipeline
import Platform
import Reports
import Runner
import Store

/// `refig store`.
struct StoreCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "store", abstract: "Look after the store of cells.",
    subcommands: [Check.self, Collect.self, Export.self, Import.self, Audit.self, Accept.self])

  /// `refig store check`.
  struct Check: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "check",
      abstract: "Check the digest of every cell; damaged ones are moved to quarantine and will be computed again.")

    @OptionGroup var project: ProjectOptions
    @OptionGroup var output: OutputOptions

    @Flag(help: "Also read every cell and compare its manifest with its name.")
    var deep = false

    func run() throws {
      let project = try project.load()
      let report = try StoreCare(store: project.store, catalogue: project.catalogue).check(deep: deep)
      var text = "\(Text.count(report.cells, "cell")), \(Text.size(report.bytes)), \(report.damaged.count) damaged"
      if report.newer > 0 { text += ", \(report.newer) of a newer refig and not looked at" }
      for (name, count) in report.classes.sorted(by: { $0.key < $1.key }) {
        text += "\n  \(count) of the numeric class \(name)"
      }
      try output.show(report, (report.damaged + [text]).joined(separator: "\n"))
      if let first = report.damaged.first {
        throw PipelineError.damaged(
          path: project.store.root, reason: "\(Text.count(report.damaged.count, "cell")), such as \(first)")
      }
    }
  }

  /// `refig store gc`.
  struct Collect: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "gc", abstract: "Remove cells that no profile of pipeline.yaml needs; only says so without --yes.")

    @OptionGroup var project: ProjectOptions
    @OptionGroup var output: OutputOptions

    @Option(help: "Keep cells younger than this many days.")
    var graceDays = 14.0

    @Option(
      help: "Keep cells of older code that `store accept` could give to missing ones, if younger than this many days.")
    var acceptDays = 180.0

    @Flag(help: "Really remove.")
    var yes = false

    private struct Report: Encodable {
      let cells: [String]
      /// Files of processes that were killed, damaged cells, reasons of failures.
      let leftovers: [String]
      let bytes: Int
      let removed: Bool
      /// Cells that stay because they could be accepted.
      let acceptable: Int
    }

    func run() throws {
      let first = try project.load()
      var needed: Set<CellKey> = []
      var wanted: [Manifest] = []
      for profile in first.pipeline.profiles {
        let project = try Project(root: project.root, profile: profile, catalogue: .linked)
        let stages = Set(project.pipeline.stages.map(\.id))
        let plan = try Plan(project.pipeline, stages: stages, catalogue: project.catalogue)
        needed.formUnion(plan.stages.flatMap(\.keys))
        for stage in plan.stages {
          wanted += stage.keys.indices.filter { !project.store.contains(stage.keys[$0]) }.map { stage.manifest($0) }
        }
        // The cells of deliberate mistakes that claims must notice.
        for mutant in Set(project.claims.flatMap { $0.kills + $0.immunities.keys }) {
          let claims = project.claims.filter { $0.kills.contains(mutant) || $0.immunities[mutant] != nil }
          let mutated = try Plan(
            project.pipeline, stages: Set(claims.flatMap(\.evidence.stages)), catalogue: project.catalogue,
            mutant: mutant)
          needed.formUnion(mutated.stages.flatMap(\.keys))
        }
      }
      let care = StoreCare(store: first.store, catalogue: first.catalogue)
      let garbage = try care.garbage(
        needed: needed, wanted: wanted, graceSeconds: graceDays * 86400, acceptanceSeconds: acceptDays * 86400,
        now: Date().timeIntervalSince1970)
      if yes { try care.remove(garbage) }
      let text =
        "\(Text.count(garbage.keys.count, "cell")) and \(Text.count(garbage.leftovers.count, "leftover")), "
        + "\(Text.size(garbage.bytes))"
      let kept =
        garbage.acceptableCount == 0
        ? ""
        : "\nkept, as `refig store accept` could take them over: \(Text.count(garbage.acceptableCount, "cell")) of older code"
      try output.show(
        Report(
          cells: garbage.keys.map(\.description), leftovers: garbage.leftovers, bytes: garbage.bytes, removed: yes,
          acceptable: garbage.acceptableCount),
        (yes ? "removed \(text)" : "would remove \(text); say --yes to do it") + kept)
    }
  }

  /// `refig store export`.
  struct Export: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "export",
      abstract: "Write the cells behind stages, figures or claims to a tar archive, the same bytes wherever it is made."
    )

    @Argument(help: "The archive to write.")
    var archive: String

    @Argument(help: "Stages, figures, claims or paper:KEY; everything unless given.", completion: .targets)
    var targets: [String] = []

    @OptionGroup var project: ProjectOptions
    @OptionGroup var output: OutputOptions

    private struct Report: Encodable {
      let archive: String
      let cells: [String]
      let bytes: Int
    }

    func run() throws {
      let project = try project.load()
      let plan = try Plan(project.pipeline, stages: try project.targets(targets).stages, catalogue: project.catalogue)
      let keys = Set(plan.stages.flatMap(\.keys))
      let missing = keys.filter { !project.store.contains($0) }.count
      if missing > 0 {
        throw PipelineError.cellsMissing(count: missing, command: "refig run --profile \(project.profile)")
      }
      let care = StoreCare(store: project.store, catalogue: project.catalogue)
      var size = 0
      try Files.save(to: archive) { write in
        try care.export(keys) { part in
          size += part.count
          try write(part)
        }
      }
      try output.show(
        Report(archive: archive, cells: keys.map(\.description).sorted(), bytes: size),
        "\(Text.count(keys.count, "cell")), \(Text.size(size)) in \(archive)")
    }
  }

  /// `refig store import`.
  struct Import: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "import",
      abstract: "Take cells from a tar archive, also a gzipped one; each is verified first.")

    @Argument(help: "The archive to read.")
    var archive: String

    @OptionGroup var project: ProjectOptions
    @OptionGroup var output: OutputOptions

    func run() throws {
      let project = try project.load()
      let report = try StoreCare(store: project.store, catalogue: project.catalogue).take(archive)
      let text =
        "\(Text.count(report.added, "cell")) added, \(report.present) were there, \(report.refused.count) refused"
      try output.show(report, (report.refused.map { "refused \($0)" } + [text]).joined(separator: "\n"))
      if !report.refused.isEmpty {
        throw PipelineError.damaged(path: archive, reason: "\(report.refused.count) members are not valid cells")
      }
    }
  }

  /// `refig store audit`.
  struct Audit: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "audit",
      abstract: "Compute a sample of stored cells again and demand the same bits.",
      discussion: "Of cells that were computed in another numeric class, numbers are compared to a tolerance.")

    @Argument(help: "Stages, figures, claims or paper:KEY; everything unless given.", completion: .targets)
    var targets: [String] = []

    @Option(help: "How many cells.")
    var sample = 10

    @Option(help: "Which sample.")
    var seed: UInt64 = 0

    @OptionGroup var project: ProjectOptions
    @OptionGroup var output: OutputOptions

    private struct Report: Encodable {
      let cells: [String]
      let differences: [String]
      /// This machine's.
      let numericClass: String
      /// Cells that were compared to a tolerance.
      let ofOtherClasses: Int
      /// Cells that could not be computed again, and what is not here.
      let skipped: [String]
    }

    func run() throws {
      let project = try project.load()
      let plan = try Plan(project.pipeline, stages: try project.targets(targets).stages, catalogue: project.catalogue)
      let keys = StoreCommand.sample(plan.stages.flatMap(\.keys).filter(project.store.contains), sample, seed)
      let care = StoreCare(store: project.store, catalogue: project.catalogue)
      let audit = try care.audit(keys, data: project.pipeline.stages.flatMap(\.data))
      let lines = audit.differences.map { "\($0.key.short): \($0.reason)" }
      let skipped = audit.skipped.map { "\($0.key.short): \($0.reason)" }
      var text =
        "\(Text.count(keys.count - skipped.count, "cell")) computed again, \(lines.count) differ"
        + (skipped.isEmpty ? "" : ", \(skipped.count) not computed")
      if audit.ofOtherClasses > 0 {
        text += "; \(audit.ofOtherClasses) of another numeric class, compared to a relative \(NumericClass.tolerance)"
      }
      try output.show(
        Report(
          cells: keys.map(\.description), differences: lines, numericClass: NumericClass.current.description,
          ofOtherClasses: audit.ofOtherClasses, skipped: skipped),
        (lines + Text.tally(audit.skipped.reduce(into: [:]) { $0[$1.reason, default: 0] += 1 }, of: "cell") + [text])
          .joined(separator: "\n"))
      if !lines.isEmpty {
        throw PipelineError.damaged(
          path: project.store.root, reason: "\(Text.count(lines.count, "cell")) cannot be reproduced here")
      }
      if let first = audit.skipped.first {
        throw Absence("\(Text.count(skipped.count, "cell")) not looked at: \(first.reason)")
      }
    }
  }

  /// `refig store accept`.
  struct Accept: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "accept",
      abstract:
        "After a harmless change of code: compute a sample again and, if its bits are the same, keep the old cells.",
      discussion: "Status 7 if no cell was kept.")

    @Argument(help: "Stages, figures, claims or paper:KEY.")
    var targets: [String]

    @Option(help: "Why the change is harmless; kept with the cells and in the run's record.")
    var reason: String

    @Option(help: "How many cells of each stage to compute again.")
    var sample = 5

    @OptionGroup var project: ProjectOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
      guard reason.contains(where: { !$0.isWhitespace }) else { throw ValidationError("--reason: say why") }
    }

    func run() throws {
      let project = try project.load()
      let plan = try Plan(project.pipeline, stages: try project.targets(targets).stages, catalogue: project.catalogue)
      let care = StoreCare(store: project.store, catalogue: project.catalogue)
      let wanted = plan.stages.flatMap { stage in stage.keys.indices.map { stage.manifest($0) } }
      let old = Dictionary(
        try care.predecessors(of: wanted).map { ($0.new.key, $0.old) }, uniquingKeysWith: { first, _ in first })
      var (kept, audited) = (0, 0)
      // Stage by stage, so that one whose numbers changed does not stop the others' cells from being kept.
      var changed: [String] = []
      var absences: [String] = []
      for stage in plan.stages {
        let pairs = stage.keys.indices.compactMap { index in
          old[stage.keys[index]].map { (old: $0, new: stage.manifest(index)) }
        }
        let sampled = StoreCommand.sample(pairs.map(\.old), sample, .random(in: 0 ... .max))
        let audit = try care.audit(sampled, data: stage.definition.data)
        audited += sampled.count - audit.skipped.count
        if let first = audit.skipped.first, audit.differences.isEmpty {
          absences.append("nothing was accepted of \(stage.id) (\(first.key.short): \(first.reason))")
          continue
        }
        if let first = audit.differences.first {
          changed.append("\(stage.id) (\(first.key.short): \(first.reason))")
          continue
        }
        let count = try care.accept(
          pairs, sampled: sampled.count, who: try Git.user(project.root), reason: reason, time: RunLog.timeStamp())
        guard count > 0 else { continue }
        kept += count
        let log = try ProcessEnvironment.log(for: project)
        log.write("accept", ["stage": stage.id, "reason": reason, "cells": count, "audited": sampled.count])
      }
      if output.json || kept > 0 {
        let isInLedger = try project.ledger(plan) != nil
        try output.show(
          ["kept": kept, "computedAgain": audited, "changedStages": changed.count],
          "\(Text.count(kept, "cell")) kept under the new code, \(audited) computed again"
            + (changed.isEmpty && audited > 0 ? " with the same bits" : "")
            + (isInLedger ? "; `refig ledger update` writes that down" : ""))
      }
      if !changed.isEmpty {
        throw PipelineError.changeMatters(stages: changed)
      }
      if !absences.isEmpty { throw Absence(absences.joined(separator: "; ")) }
      if kept == 0 {
        throw PipelineError.nothingKept(missing: Set(wanted.map(\.key)).count { !project.store.contains($0) })
      }
    }
  }

  /// Some of the keys, the same for the same seed.
  private static func sample(_ keys: [CellKey], _ count: Int, _ seed: UInt64) -> [CellKey] {
    var random = RandomStream(key: seed, purpose: "audit", stream: 0)
    return random.permutation(keys.count).prefix(max(0, count)).map { keys[$0] }
  }
}
