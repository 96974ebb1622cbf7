import ArgumentParser
import Claims
import Figures
import Foundation
import Ledger
import NumericalMethods
import PaperKit
import Pipeline
import Reports
import Store

/// `refig show`.
struct Show: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "show",
    abstract: "What a claim, a figure or an experiment says, where it comes from, and where to look next.",
    discussion: """
      Of an experiment: its parameters with their defaults, allowed values and meanings, its outputs and its mistakes.
      Of a figure: its YAML, the experiments with their files, the cells with keys and parameters, the claims on the same \
      arrays, and the commands that draw it again and print its numbers; in kitty, WezTerm, Ghostty, foot and others that \
      say so also the picture.
      A list of cells is cut short unless --all is given; JSON has all of them.
      """)

  @Argument(
    help: "A claim or a figure, with `claim:` or `fig:` in front where both have the name; or an experiment.",
    completion: .targets)
  var target: String

  /// Forms of a picture in a terminal.
  enum Form: String, CaseIterable, ExpressibleByArgument {
    case kitty, sixel, none
  }

  @Option(help: "How to show a figure's picture; as the terminal says it can unless given.")
  var picture: Form?

  @Flag(help: "List all cells.")
  var all = false

  @OptionGroup var project: ProjectOptions

  @OptionGroup var output: OutputOptions

  /// Cells of a list that are shown unless all are asked for.
  private static let shownCells = 3

  private struct Report: Encodable {
    struct ClaimFacts: Encodable {
      let id, kind, statement, source, estimator, meaning, because, place: String
      let accepted: [Double]
      let stages, figures: [String]
      let conditions: [String: [ParameterValue]]
      /// Nil while cells are missing.
      let verdict: String?
      let expected: String
      /// The verdict with its numbers, or what is missing.
      let evidence: String
      /// What the claim says of each deliberate mistake that its evidence can have.
      let mistakes: [String: String]
      let cells: [String]
    }

    struct FigureFacts: Encodable {
      let id, source, caption, files: String
      /// Stages read, by table.
      let tables: [String: [String]]
      let lineage: FigureLineage
    }

    let claims: [ClaimFacts]
    let figures: [FigureFacts]
    let experiments: [ExperimentFacts]
  }

  func run() throws {
    let project = try project.load()
    if let experiment = project.catalogue.experiments[target] {
      let stages = project.pipeline.stages.filter { $0.experiment.name == target }.map(\.id)
      let facts = ExperimentFacts(experiment, stages: stages)
      return try output.show(Report(claims: [], figures: [], experiments: [facts]), facts.text)
    }
    let targets = try project.targets([target])
    let figures = targets.figures.filter { [$0.id, "fig:\($0.id)"].contains(target) }
    let report = Report(
      claims: try targets.claims.filter { [$0.id, "claim:\($0.id)"].contains(target) }.map { try facts($0, project) },
      figures: try figures.map { try facts($0, project) }, experiments: [])
    guard !report.claims.isEmpty || !report.figures.isEmpty else {
      throw PipelineError.badOption(
        name: "show", value: target,
        allowed: "must be a claim, a figure or an experiment; `refig explain \(target)` tells about stages")
    }
    try output.show(report, (report.claims.map(text) + report.figures.map(text)).joined(separator: "\n"))
    fflush(nil)  // The picture takes another way to the terminal.
    for (figure, facts) in zip(figures, report.figures) { try showPicture(of: figure, facts, project) }
  }

  private func facts(_ claim: Claim, _ project: Project) throws -> Report.ClaimFacts {
    let plan = try Plan(project.pipeline, stages: Set(claim.evidence.stages), catalogue: project.catalogue)
    let present = try project.store.presentKeys()
    let ledger = try project.ledger(plan)
    let verdict = try Verdicts(of: [claim], in: project, plan: plan, ledger: ledger).entries[0]
    let keys = project.reader(plan).keys(claim.evidence)
    let recorded = verdict.origin.map { $0 == .computed ? "" : "; \($0.explanation)" } ?? ""
    let stages = Set(claim.evidence.stages)
    let mistakes = project.pipeline.mutants(of: claim.evidence).map { mutant in
      let says =
        claim.kills.contains(mutant.name)
        ? "must be noticed" : claim.immunities[mutant.name].map { "is not noticed: \($0)" } ?? "is left to other claims"
      return ("\(mutant.name) (\(mutant.meaning))", says)
    }
    return Report.ClaimFacts(
      id: claim.id, kind: claim.kind.rawValue, statement: claim.statement.unicode, source: claim.source.unicode,
      estimator: claim.estimator.name,
      meaning: (try? Prose(claim.estimator.meaning))?.unicode ?? claim.estimator.meaning,
      because: claim.because.unicode,
      place: "\(claim.location.file):\(claim.location.line)", accepted: [claim.accepted.low, claim.accepted.high],
      stages: claim.evidence.stages,
      figures: project.figures.filter { !stages.isDisjoint(with: $0.tables.flatMap(\.stages)) }.map(\.id),
      conditions: claim.evidence.conditions,
      verdict: verdict.evaluated?.verdict.rawValue, expected: claim.expected.rawValue,
      evidence: verdict.evaluated.map { $0.result + recorded }
        ?? "\(verdict.reason); `refig verify claim:\(claim.id) --profile \(project.profile)` computes what is missing",
      mistakes: Dictionary(mistakes) { first, _ in first },
      cells: keys.map { "\($0)\(present.contains($0) ? "" : " missing")" })
  }

  private func facts(_ figure: Figure, _ project: Project) throws -> Report.FigureFacts {
    Report.FigureFacts(
      id: figure.id, source: figure.source.unicode, caption: figure.caption.unicode,
      files: "\(project.stem(of: figure)).svg .pdf .gp .json",
      tables: Dictionary(figure.tables.map { ($0.table, $0.stages) }, uniquingKeysWith: { $0 + $1 }),
      lineage: try FigureLineage(
        of: figure, in: project, plan: try plan(of: figure, project), present: try project.store.presentKeys()))
  }

  private func plan(of figure: Figure, _ project: Project) throws -> Plan {
    try Plan(project.pipeline, stages: Set(figure.tables.flatMap(\.stages)), catalogue: project.catalogue)
  }

  /// Shows a figure in a terminal that can, once all its cells are there.
  private func showPicture(of figure: Figure, _ facts: Report.FigureFacts, _ project: Project) throws {
    guard !output.json, facts.lineage.missingCount == 0,
      let form = picture == nil
        ? TerminalPicture.ofThisTerminal : picture.flatMap({ TerminalPicture(rawValue: $0.rawValue) })
    else { return }
    let plan = try plan(of: figure, project)
    let gallery = try project.gallery(plan, project.reader(plan))
    StandardOutput.write(try form.escapes(for: try gallery.script(of: figure, style: try project.style())))
  }

  private func text(_ claim: Report.ClaimFacts) -> String {
    let conditions = claim.conditions.sorted { $0.key < $1.key }
      .map { "; \($0) = \($1.map(\.plainText).joined(separator: " or "))" }.joined()
    var lines = [
      "claim \(claim.id) (\(claim.kind)): \(claim.statement)", "  source: \(claim.source)",
      "  measured by \(claim.estimator): \(claim.meaning)",
      "  accepted: \(claim.accepted) because \(claim.because)",
      "  from stages: \(claim.stages.joined(separator: ", "))\(conditions)",
      "  figures of the same arrays: \(list(claim.figures))", "  defined at \(claim.place)",
      "  verdict: \(claim.verdict ?? "none yet"), expected \(claim.expected)", "  \(claim.evidence)",
    ]
    for (mistake, says) in claim.mistakes.sorted(by: { $0.key < $1.key }) {
      lines.append("  mistake \(mistake): \(says)")
    }
    return (lines + ["  cells (\(claim.cells.count)):"] + shown(claim.cells)).joined(separator: "\n")
  }

  /// Lines of a list of cells, the first few of many.
  private func shown(_ cells: [String]) -> [String] {
    let isCut = !all && cells.count > Self.shownCells + 1
    return (isCut ? cells.prefix(Self.shownCells) : cells[...]).map { "    \($0)" }
      + (isCut ? ["    and \(cells.count - Self.shownCells) more; --all lists them"] : [])
  }

  private func text(_ figure: Report.FigureFacts) -> String {
    let lineage = figure.lineage
    var lines = ["figure \(figure.id) (\(figure.source)): \(figure.caption)"]
    lines += figure.tables.sorted { $0.key < $1.key }.map {
      "  shows table \($0)\($1.isEmpty ? "" : " of \(list($1))")"
    }
    lines += [
      "  claims from the same arrays: \(list(lineage.claims))", "  files: \(figure.files)",
      "  draw it again: \(lineage.drawCommand)", "  its numbers: \(lineage.dataCommand)",
      "  written at \(lineage.yaml.file):\(lineage.yaml.line):",
    ]
    lines += lineage.yaml.text.split(separator: "\n").map { "    \($0)" }
    for stage in lineage.stages {
      let code = stage.code.isEmpty ? "" : " in \(list(stage.code))"
      let missing = stage.missingCount > 0 ? ", \(stage.missingCount) missing" : ""
      let inputs = stage.inputs.isEmpty ? "" : ", reads \(list(stage.inputs))"
      lines.append(
        "  stage \(stage.id): experiment \(stage.experiment)\(code)\(inputs); \(Text.count(stage.cells.count, "cell"))\(missing)"
      )
      lines += shown(stage.cells.map { "\($0.key.prefix(12))  \($0.label)\($0.isPresent ? "" : "  missing")" })
    }
    return lines.joined(separator: "\n")
  }

  private func list(_ names: [String]) -> String { names.isEmpty ? "none" : names.joined(separator: ", ") }
}
