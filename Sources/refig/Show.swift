import ArgumentParser
import Engine
import Foundation
import NumericalMethods
import PaperKit

/// `refig show`.
struct Show: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "What a claim or a figure says, where it comes from, and where to look next.")

  @Argument(help: "A claim or a figure, with `claim:` or `fig:` in front where both have the name.")
  var target: String

  @OptionGroup var project: ProjectOptions

  func run() throws {
    let project = try project.load()
    let targets = try project.targets([target])
    let claims = targets.claims.filter { [$0.id, "claim:\($0.id)"].contains(target) }
    let figures = targets.figures.filter { [$0.id, "fig:\($0.id)"].contains(target) }
    guard !claims.isEmpty || !figures.isEmpty else {
      throw PipelineError.badOption(
        name: "show", value: target, allowed: "must be a claim or a figure; `refig explain \(target)` tells about stages")
    }
    for claim in claims { print(try Self.text(of: claim, in: project)) }
    for figure in figures { print(Self.text(of: figure, in: project)) }
  }

  /// A claim with its evidence as far as it is in the store.
  private static func text(of claim: Claim, in project: Project) throws -> String {
    let plan = Plan(project.pipeline, stages: Set(claim.evidence.stages), catalogue: project.catalogue)
    let reader = ResultReader(plan: plan, store: project.store)
    let keys = reader.keys(claim.evidence)
    let present = try project.store.presentKeys()
    let missing = keys.count { !present.contains($0) }
    var lines = summary(of: claim, in: project)
    if missing == 0 {
      let evaluated = EvaluatedClaim(
        claim, familySize: project.claims.count, results: try reader.results(claim.evidence),
        catalogue: project.catalogue)
      lines.append("  verdict: \(evaluated.verdict.rawValue), expected \(claim.expected.rawValue)")
      lines.append("  \(evaluated.sentence)")
    } else {
      lines.append(
        "  no verdict: \(missing) of \(keys.count) cells are missing; `refig verify claim:\(claim.id)` computes them")
    }
    for mutant in project.pipeline.mutants(of: claim.evidence) {
      let says =
        claim.kills.contains(mutant.name)
        ? "must be noticed" : claim.immunities[mutant.name].map { "is not noticed: \($0)" } ?? "is left to other claims"
      lines.append("  mistake \(mutant.name) (\(mutant.meaning)): \(says)")
    }
    lines.append("  cells (\(keys.count)):")
    lines += keys.map { "    \($0)\(present.contains($0) ? "" : " missing")" }
    return lines.joined(separator: "\n")
  }

  /// What a claim states and how it is measured.
  static func summary(of claim: Claim, in project: Project) -> [String] {
    let stages = Set(claim.evidence.stages)
    let figures = project.figures.filter { !stages.isDisjoint(with: $0.tables.flatMap(\.stages)) }.map(\.id)
    return [
      "claim \(claim.id) (\(claim.kind.rawValue)): \(claim.statement)", "  source: \(claim.source)",
      "  measured by \(claim.estimator.name): \(claim.estimator.meaning)",
      "  accepted: [\(claim.accepted.low), \(claim.accepted.high)] because \(claim.because)",
      "  from stages: \(claim.evidence.stages.joined(separator: ", "))"
        + claim.evidence.conditions.sorted { $0.key < $1.key }.map { name, values in
          "; \(name) = \(values.map(\.canonicalText).joined(separator: " or "))"
        }.joined(),
      "  figures of the same arrays: \(figures.isEmpty ? "none" : figures.joined(separator: ", "))",
      "  defined at \(claim.location.file):\(claim.location.line)",
    ]
  }

  /// What a figure shows and where it stands.
  static func text(of figure: Figure, in project: Project) -> String {
    let stages = Set(figure.tables.flatMap(\.stages))
    let claims = project.claims.filter { !stages.isDisjoint(with: $0.evidence.stages) }.map(\.id)
    return (["figure \(figure.id) (\(figure.source)): \(figure.caption)"]
      + figure.tables.map { "  shows table \($0.table) of \($0.stages.joined(separator: ", "))" }
      + [
        "  claims from the same arrays: \(claims.isEmpty ? "none" : claims.joined(separator: ", "))",
        "  files: \(Gallery.folder(of: figure, in: project))/\(figure.name).svg .pdf .gp .json",
        "  its numbers: refig data fig:\(figure.id) --csv; drawn again by refig run fig:\(figure.id)",
      ]).joined(separator: "\n")
  }
}
