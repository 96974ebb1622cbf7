private import Claims
private import Foundation
private import Ledger
private import PaperKit
private import Pipeline
private import Store

/// How complete a ledger is and what it is worth: for the terminal, for programs, and as a page of Markdown.
package struct LedgerPage {
  /// One paper's part.
  package struct Paper: Encodable, Sendable {
    package let paper: String
    package let stages, completeStages: Int
    package let cells, recordedCells: Int
    package let processorSeconds: Double
    package let claims, judgedClaims, asExpected: Int
    /// Stages whose lines are not of today's code or parameters.
    package let outOfDate: [String]
    /// What audits prove of it.
    package let audits: String
  }

  package let papers: [Paper]
  private let profile: String
  private let audits: String
  private let rows: [(stage: String, cells: Int, seconds: Double, time: String, machine: String)]
  private let verdicts: VerdictReport
  private let expected: [String: Verdict]

  package init(of project: Project) throws {
    let plan = try Plan(
      project.pipeline, stages: Set(project.pipeline.stages.map(\.id)), catalogue: project.catalogue)
    let ledger = try Ledger(root: project.root, profile: project.profile)
    let reader = try LedgerReader(ledger, plan: plan, catalogue: project.catalogue)
    let records = try AuditRecord.all(root: project.root, profile: project.profile)
    let verdicts = try Verdicts(of: project.claims, in: project, plan: plan, ledger: reader, usesCells: false)
    profile = project.profile
    self.verdicts = verdicts.report
    expected = Dictionary(uniqueKeysWithValues: project.claims.map { ($0.id, $0.expected) })
    audits = Audit.statement(reader, records).text
    var keys: [String] = []
    for stage in plan.stages {
      let key = stage.id.paper
      if !keys.contains(key) { keys.append(key) }
    }
    papers = keys.map { key in
      func isOwn(_ id: String) -> Bool { id.paper == key }
      let stages = plan.stages.filter { isOwn($0.id) }
      let standings = stages.compactMap { reader.standings[$0.id] }
      let current = standings.filter(\.isCurrent)
      let claims = verdicts.entries.filter { isOwn($0.claim.id) }
      let judged = claims.compactMap(\.evaluated)
      return Paper(
        paper: key, stages: stages.count, completeStages: current.count(where: \.isComplete),
        cells: stages.reduce(0) { $0 + $1.keys.count }, recordedCells: current.reduce(0) { $0 + $1.outcomes.count },
        processorSeconds: current.reduce(0) { $0 + $1.outcomes.values.reduce(0) { $0 + ($1.seconds ?? 0) } },
        claims: claims.count, judgedClaims: judged.count, asExpected: judged.count(where: \.isExpected),
        outOfDate: stages.filter { !(reader.standings[$0.id]?.isCurrent ?? true) }.map(\.id),
        audits: Audit.statement(reader, records, paper: key).text)
    }
    rows = plan.stages.compactMap { stage in
      guard let standing = reader.standings[stage.id], standing.isCurrent, !standing.outcomes.isEmpty else {
        return nil
      }
      let runs = standing.outcomes.values.map(\.run)
      return (
        stage.id, standing.outcomes.count, standing.outcomes.values.reduce(0) { $0 + ($1.seconds ?? 0) },
        runs.map(\.time).max() ?? "", runs.map(\.machine).max() ?? ""
      )
    }
  }

  /// How many stages of a paper are named where nobody asked for all of them.
  private static let shownCount = 5

  /// A few lines for the terminal; which stages are out of date, one by one, where `showsAll`.
  package func text(columns: Int, showsAll: Bool) -> String {
    var lines = Text.wrapped("profile \(profile): \(audits)", columns: columns, indent: 2)
    for paper in papers where paper.recordedCells > 0 || !paper.outOfDate.isEmpty {
      var parts = [
        "\(paper.recordedCells) of \(Text.count(paper.cells, "cell"))",
        "\(paper.completeStages) of \(Text.count(paper.stages, "stage")) whole",
        "\(paper.judgedClaims) of \(Text.count(paper.claims, "claim")) judged, \(paper.asExpected) as expected",
      ]
      let namesAll = showsAll || paper.outOfDate.count <= Self.shownCount
      if !namesAll { parts.append("\(paper.outOfDate.count) stages out of date") }
      lines += Text.wrapped("\(paper.paper): \(parts.joined(separator: "; "))", columns: columns, indent: 2)
      if paper.recordedCells > 0 { lines += Text.wrapped("  \(paper.audits)", columns: columns, indent: 2) }
      if namesAll { lines += paper.outOfDate.map { "  out of date: \($0)" } }
    }
    let missing = papers.filter { $0.recordedCells == 0 && $0.outOfDate.isEmpty }.map(\.paper)
    if !missing.isEmpty {
      lines += Text.wrapped("nothing on record: \(missing.joined(separator: ", "))", columns: columns, indent: 2)
    }
    if !showsAll, papers.contains(where: { $0.outOfDate.count > Self.shownCount }) {
      lines.append("`--all` names the stages that are out of date.")
    }
    return lines.joined(separator: "\n")
  }

  /// The page docs and README show.
  package var markdown: String {
    let inert = VerdictReport.inertMarkdown
    var text = """
      # The \(inert(profile)) profile

      Made by `refig ledger status --profile \(profile) --markdown` from [data/ledger](../data/ledger); do not edit. Processor
      time is that of one worker with one thread, on machines that also did other work.

      Audits: \(inert(audits)).

      | paper | cells on record | stages whole | processor time | claims judged | as expected |
      | --- | ---: | ---: | ---: | ---: | ---: |

      """
    for paper in papers {
      text += "| \(inert(paper.paper)) | \(paper.recordedCells) of \(paper.cells) "
      text += "| \(paper.completeStages) of \(paper.stages) | \(Text.duration(paper.processorSeconds)) "
      text += "| \(paper.judgedClaims) of \(paper.claims) | \(paper.asExpected) |\n"
    }
    text += "\n## Verdicts\n\n| claim | verdict | estimate | origin |\n| --- | --- | ---: | --- |\n"
    for evaluated in verdicts.claims {
      let remark = evaluated.isExpected ? "" : ", expected \(evaluated.claim.expected.rawValue)"
      text += "| \(inert(evaluated.claim.id)) | \(evaluated.verdict.rawValue)\(remark) | \(evaluated.concise) "
      text += "| \(verdicts.origins[evaluated.claim.id] ?? "") |\n"
    }
    text += "\n## Stages\n\n| stage | cells | processor time | computed | where |\n| --- | ---: | ---: | --- | --- |\n"
    for row in rows {
      text +=
        "| \(inert(row.stage)) | \(row.cells) | \(Text.duration(row.seconds)) | \(inert(String(row.time.prefix(10)))) "
      text += "| \(inert(row.machine)) |\n"
    }
    return text
  }
}
