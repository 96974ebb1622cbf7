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

      With --check FILE nothing is written: status 7 if a quoted number is no longer what it was, a name is unknown, a \
      picture is not of today's numbers, or refig.tex is not what would be written now. Files that FILE takes in with \
      \\input or \\include are looked through too.
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
    var lacksPDF = false
    func hasPDF(_ figure: Figure) throws -> Bool {
      guard try gallery.isCurrent(figure, look: look) else { return false }
      if Files.sizeAndTime("\(folder)/\(figure.id).pdf") != nil { return true }
      lacksPDF = true
      return false
    }
    let file = try TeXFile(
      of: project, verdicts: verdicts, commit: try ProcessEnvironment.facts(of: project)["commit"],
      picture: { figure in
        try hasPDF(figure) ? "\(folder)/\(figure.id).pdf" : nil
      },
      latex: { figure in
        let folder = "\(folder)/\(figure.id.paper)/latex"
        if latex, check.isEmpty, try hasPDF(figure) {
          try gallery.drawLaTeX(figure, look: look, in: folder)
        }
        return try gallery.isLaTeXCurrent(figure, look: look, in: folder) ? "\(folder)/\(figure.name).tex" : nil
      })
    if lacksPDF {
      warn(
        "refig: the gnuplot that drew \(folder) writes no PDF, which LaTeX needs. Install one that does (Debian: apt-get "
          + "install gnuplot-nox), remove \(folder) and draw again with `refig run`.")
    }
    guard check.isEmpty else { return try check(file, profile: project.profile) }
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

  /// So many files are looked through at most for each that is named, itself among them.
  private static let fileLimit = 100

  private func check(_ file: TeXFile, profile: String) throws {
    var mistakes: [String] = []
    var made: [String] = []
    for main in check {
      let folder = main.lastIndex(of: "/").map { String(main[...$0]) } ?? ""
      var paths = [main]
      var next = 0
      while next < paths.count {
        let path = paths[next]
        next += 1
        guard let source = try Self.source(path) else {
          throw PipelineError.fileMissing(path: path, purpose: "it was to be checked")
        }
        mistakes += file.mistakes(in: source).map { "\(path):\($0.line):\($0.column): \($0.text)" }
        for name in TeXFile.inputs(in: source) {
          let name = name.hasPrefix("/") ? name : folder + name
          // As TeX looks for it. What is missing LaTeX tells, and below, if it is refig.tex.
          let found = try (name.hasSuffix(".tex") ? [name] : [name + ".tex", name]).first {
            try !Files.isFolder($0) && Self.source($0) != nil
          }
          guard let found, !paths.contains(found), !made.contains(found) else { continue }
          if try TeXFile.isMade(Self.source(found) ?? "") {
            made.append(found)
          } else if paths.count < Self.fileLimit {
            paths.append(found)
          } else {
            mistakes.append(
              "\(found): not looked through, as \(main) has more than \(Self.fileLimit) files; check it by name")
          }
        }
      }
    }
    for path in made.isEmpty ? [out] : made {
      let source = try Self.source(path)
      guard source.map(file.isCurrent) != true else { continue }
      let command = "refig tex --profile \(profile)" + (path == "refig.tex" ? "" : " --out \(path)")
      mistakes.append("\(path): \(source == nil ? "missing" : "not of today's numbers"); write it with `\(command)`")
    }
    for mistake in mistakes { print(ErrorMessage.visible(mistake)) }
    if !mistakes.isEmpty { throw PipelineError.quotedNumbers(count: mistakes.count) }
    print("\(check.count == 1 ? check[0] : "\(check.count) files"): every number, name and picture is that of today")
  }

  private static func source(_ path: String) throws -> String? {
    try Files.bytes(of: path, limit: 64 << 20).map { String(decoding: $0, as: UTF8.self) }
  }
}
