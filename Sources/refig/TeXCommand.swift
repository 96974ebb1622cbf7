import ArgumentParser
import Claims
import Foundation
import Pipeline
import Platform
import Reports

/// `refig tex`.
struct TeXCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "tex",
    abstract: "Write refig.tex, by which a paper cites numbers and figures instead of copying them.",
    discussion: """
      In the paper: \\input{refig.tex}, then \\refigvalue{ID} for a claim's number with its error, \\refigverdict{ID}, \
      \\refigorigin{ID}, \\refigstatement{ID}, and \\refigfigure{ID}, \\refigcaption{ID}, \\refiglink{ID} for figures; a \
      link stands in the margin unless \\refigmargin is defined as empty before. A number that must be written by hand is \
      \\refigquote{ID}{2.016(15)}. Nothing is computed: numbers are those of the cells that are here or of the ledger.

      With --check FILE nothing is written: status 7 if a quoted number is no longer what it was, or a name is unknown.
      """)

  @Option(help: "File to write.")
  var out = "refig.tex"

  @Option(help: "A paper's source to check.", completion: .file(extensions: ["tex"]))
  var check: [String] = []

  @OptionGroup var project: ProjectOptions

  func run() throws {
    let project = try project.load()
    let plan = try Plan(
      project.pipeline, stages: Set(project.claims.flatMap(\.evidence.stages)), catalogue: project.catalogue)
    let verdicts = try Verdicts(of: project.claims, in: project, plan: plan, ledger: project.ledger(plan))
    guard !verdicts.report.claims.isEmpty else {
      throw PipelineError.cellsMissing(
        count: verdicts.missingCount, command: "refig run --profile \(project.profile)")
    }
    let file = TeXFile(
      of: project, verdicts: verdicts, commit: try ProcessEnvironment.facts(of: project)["commit"],
      stem: { "\(project.root == "." ? "" : project.root + "/")figures/\(project.profile)/\($0)" })
    guard check.isEmpty else { return try check(file) }
    try Files.save(Array(file.text.utf8), to: out)
    print(
      "wrote \(out): \(Text.count(verdicts.report.claims.count, "claim")), "
        + Text.count(project.figures.count, "figure")
        + (verdicts.report.unjudgedCount > 0
          ? "; without a number yet: \(Text.count(verdicts.report.unjudgedCount, "claim"))" : ""))
  }

  private func check(_ file: TeXFile) throws {
    var count = 0
    for path in check {
      guard let bytes = try Files.bytes(of: path, limit: 64 << 20) else {
        throw PipelineError.fileMissing(path: path, purpose: "it was to be checked")
      }
      for mistake in file.mistakes(in: String(decoding: bytes, as: UTF8.self)) {
        count += 1
        print(ErrorMessage.visible("\(path):\(mistake.line):\(mistake.column): \(mistake.text)"))
      }
    }
    if count > 0 { throw PipelineError.quotedNumbers(count: count) }
    print("\(check.count == 1 ? check[0] : "\(check.count) files"): every number and name is that of today")
  }
}
