import ArgumentParser
import Claims
import Figures
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
      \\refigquote{ID}{2.016(15)}, which may be rounded: 2.02(2) or 2.0. Nothing is computed: numbers are those of the \
      cells that are here or of the ledger.

      With --latex a paper can have each figure with labels in its own type, set by LaTeX: \\refiglatex{ID}, in \
      \\footnotesize and as wide as the figure is drawn, 8.6 or 17.2 cm, or smaller, to fit a line.

      With --check FILE nothing is written: status 7 if a quoted number is no longer what it was, a name is unknown, or a \
      picture is not of today's numbers.
      """)

  @Option(help: "File to write.")
  var out = "refig.tex"

  @Flag(help: "Draw each figure for \\refiglatex too, which leaves its labels to LaTeX.")
  var latex = false

  @Option(help: "A paper's source to check.", completion: .file(extensions: ["tex"]))
  var check: [String] = []

  @OptionGroup var project: ProjectOptions

  func run() throws {
    let project = try project.load()
    let plan = try Plan(project.pipeline, stages: try project.targets([]).stages, catalogue: project.catalogue)
    let ledger = try project.ledger(plan)
    let verdicts = try Verdicts(of: project.claims, in: project, plan: plan, ledger: ledger)
    guard !verdicts.report.claims.isEmpty else {
      throw PipelineError.cellsMissing(
        count: verdicts.missingCount, command: "refig run --profile \(project.profile)")
    }
    let gallery = try project.gallery(plan, project.reader(plan), ledger: ledger)
    let look = try project.look()
    let folder = "\(project.root == "." ? "" : project.root + "/")figures/\(project.profile)"
    let file = try TeXFile(
      of: project, verdicts: verdicts, commit: try ProcessEnvironment.facts(of: project)["commit"],
      picture: { figure in
        let path = "\(folder)/\(figure.id).pdf"
        return try Files.sizeAndTime(path) != nil && gallery.isCurrent(figure, look: look) ? path : nil
      },
      latex: { figure in
        guard latex, try gallery.isCurrent(figure, look: look) else { return nil }
        let folder = "\(folder)/\(figure.id.paper)/latex"
        try gallery.drawLaTeX(figure, look: look, in: folder)
        return "\(folder)/\(figure.name).tex"
      })
    guard check.isEmpty else { return try check(file) }
    try Files.save(Array(file.text.utf8), to: out)
    print(
      "wrote \(out): \(Text.count(verdicts.report.claims.count, "claim")), "
        + Text.count(project.figures.count, "figure")
        + (verdicts.report.unjudgedCount > 0
          ? "; without a number yet: \(Text.count(verdicts.report.unjudgedCount, "claim"))" : ""))
    let pictureless = file.picturelessFigures
    if !pictureless.isEmpty {
      let names = pictureless.prefix(5).joined(separator: ", ") + (pictureless.count > 5 ? ", …" : "")
      let text =
        "\(Text.count(pictureless.count, "figure")) without a picture of today's numbers: \(names); draw with `refig run`"
      print(Text.wrapped(text, columns: StandardOutput.columns, indent: 2).joined(separator: "\n"))
    }
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
