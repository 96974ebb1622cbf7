import Foundation
import TestSupport
import Testing

/// Papers that cite numbers instead of copying them.
@Suite struct TeXTests {
  private static let source = #"""
    \documentclass{article}
    \usepackage{graphicx}
    \input{refig.tex}
    \begin{document}
    \tableofcontents
    \section{Growth with exponent \refigvalue{mine/diffusion}}
    The exponent is $\nu = \refigvalue{mine/diffusion}$, which is \refigverdict{mine/diffusion} (\refigorigin{mine/diffusion},
    commit \refigcommit): \refigstatement{mine/diffusion}
    \begin{equation} \nu = \refigquote{mine/diffusion}{NUMBER} \end{equation}
    % a number in a comment: \refigquote{mine/diffusion}{7}
    \begin{figure}\centering\refigfigure[width=5cm]{mine/fig1}\caption{\refigcaption{mine/fig1} Here \refigvalue{mine/diffusion}.}\end{figure}
    \begin{figure}\refiglatex{mine/fig1}\end{figure}
    \setbox0\hbox{\parbox{4cm}{\setbox2\hbox{\renewcommand\refigmargin[1]{}\refiglatex{mine/fig1}}\message{width: \the\wd2}}}
    \end{document}

    """#

  @Test("a paper builds with its numbers in text, headings, mathematics and captions; a stale number is found")
  func paper() throws {
    let workspace = try Workspace()
    let folder = workspace.path + "/mine"
    func refig(_ arguments: String...) throws -> ProgramResult {
      try runProgram(try productPath("refig"), arguments, in: folder)
    }
    #expect(try runProgram(try productPath("refig"), ["new", "mine"], in: workspace.path).status == 0)
    #expect(try refig("tex").status == 7)
    #expect(try refig("run", "-q").status == 0)
    let written = try refig("tex", "--latex")
    #expect(
      written.status == 0 && written.output == "wrote refig.tex: 1 claim, 1 figure\n",
      "\(written.output)\(written.errors)")
    let file = try workspace.read("mine/refig.tex")
    let number = try #require(file.firstMatch(of: /refig@value@mine\/diffusion\\endcsname\{\\ensuremath\{([^}]*)\}\}/))
      .output.1
    // The mean of 400 walks of 16 to 256 steps: 1 within a few per cent, whose error has two digits.
    #expect(number.wholeMatch(of: /(0\.9|1\.0|1\.1)\d*\(\d\d\)/) != nil, "\(number)")
    try workspace.write(Self.source.replacing("NUMBER", with: number), to: "mine/paper.tex")
    #expect(try refig("tex", "--check", "paper.tex").status == 0)
    // The number with fewer digits, rightly rounded, and the same in its last digit but one.
    let value = try #require(Double(number.prefix { $0 != "(" }))
    for (shift, isRight) in [(0.0, true), (0.1, false), (-0.1, false)] {
      let rounded = String(format: "%.1f", value + shift)
      try workspace.write("\\refigquote{mine/diffusion}{$\(rounded)$}\n", to: "mine/other.tex")
      let found = try refig("tex", "--check", "other.tex")
      #expect(found.status == (isRight ? 0 : 7), "\(rounded) of \(number): \(found.output)")
    }

    // What LaTeX would read, changed and then missing, one file at a time.
    let latex = "mine/figures/quick/mine/latex/fig1"
    for (path, text, told) in [
      (
        "mine/refig.tex", file.replacing(number, with: "8.25(3)"),
        "refig.tex: not of today's numbers; write it with `refig tex"
      ),
      ("mine/refig.tex", file + file, "refig.tex: not of today's numbers"),
      (
        "\(latex).tex", try workspace.read("\(latex).tex") + "%\n",
        "paper.tex:12:15: no picture of mine/fig1 with today's numbers"
      ),
      ("\(latex).pdf", "", "draw it with `refig tex --latex --profile quick`"),
    ] {
      let url = URL(fileURLWithPath: "\(workspace.path)/\(path)")
      let before = try Data(contentsOf: url)
      try workspace.write(text, to: path)
      let found = try refig("tex", "--check", "paper.tex")
      #expect(found.status == 7 && found.output.contains(told), "\(path): \(found.output)\(found.errors)")
      try FileManager.default.removeItem(at: url)
      #expect(try refig("tex", "--check", "paper.tex").status == 7, "without \(path)")
      try before.write(to: url)
    }
    // What no picture shows is edited, lines above and below a figure among it; then the picture is as it was.
    let figures = try workspace.read("mine/figures/mine.yaml")
    let reworded = figures.replacing("because:", with: "because: in other words,")
    #expect(reworded != figures)
    for text in ["# a remark\n\n" + figures, reworded] {
      try workspace.write(text, to: "mine/figures/mine.yaml")
      let found = try refig("tex", "--check", "paper.tex")
      #expect(found.status == 0, "\(found.output)\(found.errors)")
    }
    let restated = figures.replacing("statement: ", with: "statement: It is said that ")
    #expect(restated != figures)
    try workspace.write(restated, to: "mine/figures/mine.yaml")
    let rewritten = try refig("tex", "--check", "paper.tex").output
    #expect(rewritten.hasPrefix("refig.tex: not of today's numbers") && !rewritten.contains("picture"), "\(rewritten)")
    // What it shows is.
    try workspace.write(figures.replacing("label: mean", with: "label: the mean"), to: "mine/figures/mine.yaml")
    let relabelled = try refig("tex", "--check", "paper.tex").output
    #expect(relabelled.contains("no picture of mine/fig1 with today's numbers"), "\(relabelled)")
    try workspace.write(figures, to: "mine/figures/mine.yaml")

    // A refig.tex under version control is of the commit before the one that has it.
    try workspace.write(
      file.replacing(/\\refigcommit\{[^}]*\}/, with: "\\refigcommit{0123456789}"), to: "mine/refig.tex")
    #expect(try refig("tex", "--check", "paper.tex").status == 0)

    // Files that are taken in, by a file that is too, from the folder of the main one; a ring of them ends.
    try workspace.write(
      "\\input{refig}\\include{parts/a}\n%\\input{parts/never}\n\\input{absent}\n", to: "mine/main.tex")
    try workspace.write("\n\\input parts/b.txt\n\\input{main}", to: "mine/parts/a.tex")
    try workspace.write("% \r\n \\refigvalue{mine/diffusion} \\refigvalue{mine/none}", to: "mine/parts/b.txt")
    try workspace.write("\\refigvalue{mine/none}", to: "mine/parts/never.tex")
    let taken = try refig("tex", "--check", "main.tex")
    #expect(
      taken.status == 7 && taken.output.hasPrefix("parts/b.txt:2:30: no number"), "\(taken.output)\(taken.errors)")
    #expect(taken.output.split(separator: "\n").count == 1, "\(taken.output)")

    // Twice, for the contents list.
    for _ in 0..<2 {
      let build = try runProgram("pdflatex", ["-interaction=nonstopmode", "-halt-on-error", "paper.tex"], in: folder)
      #expect(build.status == 0, "\(build.output.suffix(2000))")
      // 4 cm are 113.81 points, which a picture of 8.6 cm keeps to.
      #expect(build.output.contains("width: 113.8"), "\(build.output.suffix(2000))")
    }
    let text = try runProgram("pdftotext", ["-layout", "paper.pdf", "-"], in: folder).output
    #expect(text.matches(of: /simulation/).count == 2, "in the key of either picture: \(text)")
    #expect(text.contains(number) && text.contains("confirmed") && text.contains("refig run fig:mine/fig1"), "\(text)")

    // Other random numbers: the number by hand is stale, the macros are not.
    let pipeline = try workspace.read("mine/pipeline.yaml")
    try workspace.write(pipeline.replacing("seed: 1", with: "seed: 8"), to: "mine/pipeline.yaml")
    #expect(try refig("run", "mine/walk", "-q").status == 0)
    // The cells are new, the picture is still the old one.
    let old = try refig("tex", "--check", "paper.tex")
    #expect(old.status == 7 && old.output.contains("no picture of mine/fig1 with today's numbers"), "\(old.output)")
    let without = try refig("tex")
    #expect(without.status == 0 && without.output.contains("1 figure without a picture"), "\(without.output)")
    #expect(try !workspace.read("mine/refig.tex").contains("fig1.pdf"))
    #expect(try refig("run", "-q").status == 0)
    #expect(try refig("tex", "--check", "paper.tex").output.contains("refig.tex: not of today's numbers"))
    #expect(try refig("tex", "--latex").status == 0)
    let stale = try refig("tex", "--check", "paper.tex")
    #expect(stale.status == 7)
    #expect(
      stale.output.contains("paper.tex:9:") && stale.output.contains("\(number) is neither that nor a rounding"),
      "\(stale.output)")
    #expect(stale.output.split(separator: "\n").count == 1, "a comment is no text: \(stale.output)")
    // TeX takes an argument behind spaces, on the next line, and behind a comment.
    for gap in [" ", "\n", "% a comment\n  "] {
      try workspace.write("text\n  \\refigquote\(gap){mine/diffusion}\(gap){9.99(1)}\n", to: "mine/other.tex")
      let found = try refig("tex", "--check", "other.tex")
      #expect(found.status == 7 && found.output.hasPrefix("other.tex:2:3: "), "\(found.output)")
    }
    try workspace.write(Self.source.replacing("{mine/fig1}", with: "{mine/fig9}"), to: "mine/paper.tex")
    let unknown = try refig("tex", "--check", "paper.tex")
    #expect(unknown.status == 7 && unknown.output.contains("no figure 'mine/fig9'"), "\(unknown.output)")
  }
}
