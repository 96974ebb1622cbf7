import Figures
import Foundation
import FoundationXML
import Pipeline
import TestSupport
import Testing

/// A folder of its own for one test, removed afterwards.
func withFolder(_ body: (URL) throws -> Void) throws {
  let folder = FileManager.default.temporaryDirectory.appending(path: "refig-test-\(UUID().uuidString)")
  try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  defer { #expect(throws: Never.self) { try FileManager.default.removeItem(at: folder) } }
  try body(folder)
}

@Suite struct FigureDrawingTests {
  @Test(
    "a label beside a picture is text: no markup of gnuplot or TeX, scripts in signs of Unicode where there are some",
    arguments: [
      ("{/:Italic N} = 10^{-3}", "N = 10⁻³"), ("x^2 {/:Bold y}_{12}", "x² y₁₂"), ("{/:Italic p}_{{/:Italic c}}", "p_c"),
      ("{/:Italic p}^{*}", "p*"), ("a\\_b \\{c\\}", "a_b {c}"), ("α_{esc}", "α_esc"), ("plain", "plain"),
    ])
  func labelWithoutMarkup(label: String, text: String) {
    #expect(Label(label)?.plainText == text)
  }

  static let path = ProcessInfo.processInfo.environment["PATH"] ?? ""

  /// A folder with a program `gnuplot` that adds a line to `calls` and then is the real one.
  func countingGnuplot(in folder: URL) throws -> (path: String, calls: () throws -> Int) {
    let calls = folder.appending(path: "calls")
    try Data().write(to: calls)
    let program = folder.appending(path: "bin/gnuplot")
    try FileManager.default.createDirectory(at: program.deletingLastPathComponent(), withIntermediateDirectories: true)
    try """
    #!/bin/sh
    echo called >> '\(calls.path)'
    PATH='\(Self.path)' exec gnuplot "$@"

    """.write(to: program, atomically: true, encoding: .utf8)
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: program.path)
    let count = { try String(contentsOf: calls, encoding: .utf8).split(separator: "\n").count }
    return (folder.appending(path: "bin").path, count)
  }

  func files(_ folder: URL) throws -> [String] {
    FileManager.default.fileExists(atPath: folder.path)
      ? try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() : []
  }

  func message(_ outcome: Gnuplot.Outcome?) -> String {
    if case .failed(PipelineError.gnuplotFailed(_, let message)) = outcome {
      message
    } else {
      "\(String(describing: outcome))"
    }
  }

  @Test func everyKindOfFigureIsDrawnAndItsScriptAloneDrawsTheSame() throws {
    try withFolder { folder in
      let jobs = try figures(FigureGallery.yaml).map { Gnuplot.Job(try script($0), folder: folder, cells: ["ab"]) }
      for (job, outcome) in zip(jobs, try Gnuplot.draw(jobs)) {
        guard case .drawn = outcome else {
          Issue.record("\(job.script.figure.id): \(outcome)")
          continue
        }
        let name = job.script.figure.name
        let svg = try Data(contentsOf: folder.appending(path: name + ".svg"))
        #expect(String(decoding: svg, as: UTF8.self).contains("<title>toy_\(name)_key_\(job.script.key)</title>"))
        // No program of ours: gnuplot itself in an empty folder.
        let alone = folder.appending(path: "alone-\(name)")
        try FileManager.default.createDirectory(at: alone, withIntermediateDirectories: true)
        try FileManager.default.copyItem(
          at: folder.appending(path: name + ".gp"), to: alone.appending(path: name + ".gp"))
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["gnuplot", name + ".gp"]
        process.currentDirectoryURL = alone
        process.environment = ProcessInfo.processInfo.environment.merging(["TZ": "UTC"]) { $1 }
        try process.run()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
        for ending in [".svg", ".pdf"] {
          let (drawn, again) = (folder.appending(path: name + ending), alone.appending(path: name + ending))
          #expect(try Data(contentsOf: again) == Data(contentsOf: drawn), "\(name)\(ending)")
        }
        #expect(try files(alone) == [name + ".gp", name + ".pdf", name + ".svg"])
      }
    }
  }

  @Test func pdfAndPermissionsAreReproducible() throws {
    try withFolder { folder in
      let script = try script(FigureGallery.yaml)
      let folders = ["a", "b"].map { folder.appending(path: $0) }
      _ = try Gnuplot.draw(folders.map { Gnuplot.Job(script, folder: $0, cells: []) })
      let pdfs = try folders.map { try Data(contentsOf: $0.appending(path: "map.pdf")) }
      #expect(pdfs[0] == pdfs[1])
      #expect(pdfs[0].range(of: Data("/CreationDate (D:19700101000000".utf8)) != nil)
      #expect(try files(folders[0]) == ["map.gp", "map.json", "map.pdf", "map.svg"])
      let mode = try FileManager.default.attributesOfItem(atPath: folders[0].appending(path: "map.pdf").path)
      #expect((mode[.posixPermissions] as? Int ?? 0) & 0o044 == 0o044, "others may read what was drawn")
    }
  }

  @Test("a PDF has one date in every time zone, at its end the place of its table, and without sed today's")
  func date() throws {
    try withFolder { folder in
      let script = try script(FigureGallery.yaml)
      let name = script.figure.name
      let gnuplot = try #require(
        try runProgram("sh", ["-c", "command -v gnuplot"]).output.split(separator: "\n").first.map(String.init))
      for (zone, path) in [("UTC", nil), ("Asia/Kolkata", nil), ("America/Lima", nil), ("UTC", "/nowhere")] {
        let alone = folder.appending(path: UUID().uuidString)
        try FileManager.default.createDirectory(at: alone, withIntermediateDirectories: true)
        try Data(script.text.utf8).write(to: alone.appending(path: name + ".gp"))
        let process = Process()
        process.executableURL = URL(filePath: gnuplot)
        process.arguments = [name + ".gp"]
        process.currentDirectoryURL = alone
        process.standardError = FileHandle.nullDevice
        process.environment = ["TZ": zone, "PATH": path ?? ProcessInfo.processInfo.environment["PATH"] ?? ""]
        try process.run()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
        let pdf = try Data(contentsOf: alone.appending(path: name + ".pdf"))
        let text = String(decoding: pdf, as: UTF8.self)
        #expect(text.contains("/CreationDate (D:19700101000000Z)") == (path == nil), "\(zone)")
        let end = String(decoding: pdf.suffix(60), as: UTF8.self)
        let place = try #require(end.firstMatch(of: /startxref\s+(\d+)/).flatMap { Int($0.output.1) })
        #expect(pdf[place...].prefix(4) == Data("xref".utf8), "\(zone)")
        #expect(try files(alone) == [name + ".gp", name + ".pdf", name + ".svg"])
      }
    }
  }

  @Test func nothingIsDrawnTwice() throws {
    try withFolder { folder in
      let (path, calls) = try countingGnuplot(in: folder)
      let out = folder.appending(path: "out")
      func draw(_ yaml: String) throws -> Bool {
        let outcomes = try Gnuplot.draw([Gnuplot.Job(try script(yaml), folder: out, cells: [])], path: path)
        if case .drawn = try #require(outcomes.first) { return true } else { return false }
      }
      let yaml = FigureFileTests.yaml()
      #expect(try draw(yaml))
      #expect(try !draw(yaml))
      #expect(try calls() == 1)
      // A new caption changes what is told beside the figure, not the figure.
      let told = yaml.replacing("A caption.", with: "Another caption.")
      #expect(try !draw(told))
      #expect(try calls() == 1)
      #expect(try String(contentsOf: out.appending(path: "fig1.json"), encoding: .utf8).contains("Another caption."))
      #expect(Gnuplot.isUpToDate(Gnuplot.Job(try script(told), folder: out, cells: [])))
      #expect(!Gnuplot.isUpToDate(Gnuplot.Job(try script(yaml), folder: out, cells: [])))
      for name in ["fig1.svg", "fig1.pdf", "fig1.gp"] {
        try Data("damaged".utf8).write(to: out.appending(path: name))
        #expect(try draw(told))
      }
      try FileManager.default.removeItem(at: out.appending(path: "fig1.json"))
      #expect(try draw(told))
      #expect(try calls() == 5)
    }
  }

  @Test func aFigureFromTheSameInputsIsCurrentWithoutItsTables() throws {
    try withFolder { folder in
      let script = try script(FigureFileTests.yaml())
      func isCurrent(_ inputs: String) -> Bool { Gnuplot.isCurrent(script.figure, inputs: inputs, in: folder) }
      #expect(!isCurrent("abc"))
      _ = try Gnuplot.draw([Gnuplot.Job(script, folder: folder, cells: [], inputs: "abc")])
      #expect(isCurrent("abc"))
      #expect(!isCurrent("abd"))
      try Data("damaged".utf8).write(to: folder.appending(path: "fig1.pdf"))
      #expect(!isCurrent("abc"))
    }
  }

  @Test func aFailureLeavesTheOlderFigure() throws {
    try withFolder { folder in
      let good = try script(FigureFileTests.yaml())
      let bad = try script(FigureFileTests.yaml(), style: "set nonsense")
      let fresh = folder.appending(path: "fresh")
      #expect(message(try Gnuplot.draw([Gnuplot.Job(bad, folder: fresh, cells: [])]).first).contains("line"))
      #expect(try files(fresh).isEmpty)
      _ = try Gnuplot.draw([Gnuplot.Job(good, folder: folder, cells: [])])
      let before = try Data(contentsOf: folder.appending(path: "fig1.svg"))
      _ = try Gnuplot.draw([Gnuplot.Job(bad, folder: folder, cells: [])])
      #expect(try Data(contentsOf: folder.appending(path: "fig1.svg")) == before)
      #expect(Gnuplot.isUpToDate(Gnuplot.Job(good, folder: folder, cells: [])))
    }
  }

  /// gnuplot goes on after a warning and reports success.
  @Test(arguments: ["plot 1/0", "warn \"beware\""])
  func aWarningIsAFailure(_ command: String) throws {
    try withFolder { folder in
      let text = try style.get() + "\nset output '/dev/null'\n\(command)\nplot 1\n"
      let outcome = try Gnuplot.draw([
        Gnuplot.Job(try script(FigureFileTests.yaml(), style: text), folder: folder, cells: [])
      ])
      #expect(message(outcome.first).contains("line"))
      #expect(try files(folder).isEmpty)
    }
  }

  @Test func oneFailureDoesNotStopTheOthers() throws {
    try withFolder { folder in
      let scripts = try (1...5).map { number in
        try script(
          FigureFileTests.yaml().replacing("fig1", with: "fig\(number)"), style: number == 2 ? "set nonsense" : nil)
      }
      let outcomes = try Gnuplot.draw(scripts.map { Gnuplot.Job($0, folder: folder, cells: []) })
      #expect(outcomes.map { if case .drawn = $0 { true } else { false } } == [true, false, true, true, true])
    }
  }

  @Test func aMissingGnuplotIsTold() throws {
    try withFolder { folder in
      let job = Gnuplot.Job(try script(FigureFileTests.yaml()), folder: folder, cells: [])
      let error = #expect(throws: PipelineError.self) { try Gnuplot.draw([job], path: "") }
      guard case .gnuplotMissing = error else {
        Issue.record("\(String(describing: error))")
        return
      }
      // Nothing to draw needs no gnuplot.
      _ = try Gnuplot.draw([job])
      _ = try Gnuplot.draw([job], path: "")
    }
  }

  @Test func textIsDrawnAndNeverExecuted() throws {
    try withFolder { folder in
      let sentinel = folder.appending(path: "sentinel")
      let command = "touch \(sentinel.path)"
      let text =
        "it's `\(command)` \\$(\(command)) \"`\(command)`\" @command R & D ~x <b> µ{/:Italic λ}^∗ \\$data1 # \\\\ %s "
        + "$\\bar x'_{c} < \\frac{\\|z\\|^2}{95\\%} \\in \\{y\\}$"
      let series = "{draw: guide, slope: 1, through: [1, 1], label: \(yaml(text))}"
      let drawn = try script(
        FigureFileTests.yaml(axes: "x: {label: \(yaml(text))}, y: {label: \(yaml(text))}", series: series)
          .replacing("source: Fig. 1", with: "source: \(yaml(text))")
          .replacing("series:", with: "title: \(yaml(text))\n      series:"),
        claims: [text, "end\\", "break\nset output"])
      let outcome = try Gnuplot.draw([Gnuplot.Job(drawn, folder: folder, cells: [])])
      #expect(message(outcome.first) == "Optional(Figures.Gnuplot.Outcome.drawn)")
      #expect(!FileManager.default.fileExists(atPath: sentinel.path))
      let svg = try String(contentsOf: folder.appending(path: "fig1.svg"), encoding: .utf8)
      #expect(svg.contains("it's `touch"))
      #expect(svg.contains("@command R &amp; D ~x &lt;b"))
      _ = try XMLDocument(xmlString: svg)
    }
  }

  @Test("both pictures name the font of a figure, which has room for its size, and LaTeX takes its own")
  func font() throws {
    try withFolder { folder in
      let plain = try #require(try figures(FigureFileTests.yaml()).first)
      let serif = try #require(
        try figures(FigureFileTests.yaml(), font: Figure.Font(family: "DejaVu Serif", size: 14)).first)
      let large = try script(serif)
      _ = try Gnuplot.draw([Gnuplot.Job(large, folder: folder, cells: [])])
      let svg = try String(contentsOf: folder.appending(path: "fig1.svg"), encoding: .utf8)
      #expect(svg.contains("font-family=\"DejaVu Serif\"") && !svg.contains("DejaVu Sans"))
      let fonts = try runProgram("pdffonts", ["fig1.pdf"], in: folder.path).output
      #expect(fonts.contains("DejaVuSerif") && !fonts.contains("DejaVuSans"), "\(fonts)")
      // Twice the size, about twice the room beside the axes.
      let room = try [script(plain), large].map { $0.chart.panels[0] }.map { ($0.left, 1 - $0.bottom) }
      #expect(1.8...2.2 ~= room[1].0 / room[0].0 && 1.5...2.2 ~= room[1].1 / room[0].1, "\(room)")
      let latex = try [plain, serif].map { figure in
        try GnuplotScript(figure, style: style.get(), claims: [], command: "", labels: .latex, table: provide).text
      }
      #expect(latex[0] == latex[1])
    }
  }

  @Test("LaTeX sets labels: a formula is mathematics, and nothing of a text is a command")
  func latex() throws {
    try withFolder { folder in
      let text =
        "it's 95% of R & D #1 ~x <b> \\\\input{secret} `id` "
        + "$n_{50} \\leq \\bar x^{-2}$ {/:Bold max}_5^6 Größe"
      let series = "{draw: guide, slope: 1, through: [1, 1], label: \(yaml(text))}"
      let figure = try #require(
        try figures(
          FigureFileTests.yaml(axes: "x: {label: \(yaml("[h] \(text)"))}, y: {label: \(yaml(text))}", series: series)
        ).first)
      let drawn = try Gnuplot.latex(
        try GnuplotScript(figure, style: style.get(), claims: [], command: "", labels: .latex, table: provide))
      try Data(drawn.tex).write(to: folder.appending(path: "fig1.tex"))
      try Data(drawn.pdf).write(to: folder.appending(path: "fig1.pdf"))
      let paper = """
        \\documentclass{article}\\usepackage{graphicx}\\providecommand\\definecolor[3]{}
        \\begin{document}\\input{fig1.tex}\\end{document}
        """
      try paper.write(to: folder.appending(path: "paper.tex"), atomically: true, encoding: .utf8)
      func run(_ program: String, _ arguments: String...) throws -> ProgramResult {
        try runProgram(program, arguments, in: folder.path)
      }
      let built = try run("pdflatex", "-interaction=nonstopmode", "-halt-on-error", "paper.tex")
      #expect(built.status == 0, "\(built.output.suffix(1000))")
      let said = try run("pdftotext", "-layout", "paper.pdf", "-").output
      for part in ["95% of R & D #1", "\\inputsecret", "[h] it", "max"] {
        #expect(said.contains(part), "\(part) in \(said)")
      }
      let fonts = try run("pdffonts", "paper.pdf").output
      #expect(fonts.contains("CMMI") && fonts.contains("CMBX") && !fonts.contains("DejaVu"), "\(fonts)")
    }
  }

  @Test(arguments: ["f''(x)", "'t Hooft", "Gauss'", "''", "'", "x'^{2}''"])
  func apostrophesAreDrawn(_ label: String) throws {
    try withFolder { folder in
      let series = "{draw: guide, slope: 1, through: [1, 1], label: \(yaml(label))}"
      let drawn = try script(
        FigureFileTests.yaml(axes: "x: {label: \(yaml(label))}, y: {label: \(yaml(label))}", series: series))
      let outcome = try Gnuplot.draw([Gnuplot.Job(drawn, folder: folder, cells: [])])
      #expect(message(outcome.first) == "Optional(Figures.Gnuplot.Outcome.drawn)")
      let svg = try XMLDocument(
        xmlString: try String(contentsOf: folder.appending(path: "fig1.svg"), encoding: .utf8))
      let texts = try svg.nodes(forXPath: "//*[local-name()='text']").map { $0.stringValue ?? "" }
      let shown = label.replacing("^{2}", with: "2")
      #expect(texts.count { $0.trimmingCharacters(in: .whitespaces) == shown } == 3, "\(texts)")
    }
  }

  private func yaml(_ text: String) -> String { "'" + text.replacing("'", with: "''") + "'" }
}
