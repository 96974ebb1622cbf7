import Figures
import Foundation
import PaperKit
import Pipeline
import Testing

/// Repository folder, from this file's place in it.
let repository = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
  .deletingLastPathComponent()

/// The figures in a YAML text, in a font unless they have their own. Throws the mistakes in it.
func figures(_ yaml: String, font: Figure.Font = .standard) throws -> [Figure] {
  let diagnostics = Diagnostics()
  let value = try YAMLValue.document(yaml, file: "figures/toy.yaml", diagnostics: diagnostics)
  let figures = FigureFile.figures(
    in: value, paper: "toy", table: { name in FigureGallery.tables.first { $0.name == name } },
    tableNames: { _ in FigureGallery.tables.map(\.name).sorted() }, stages: ["success", "one", "two"], font: font)
  try diagnostics.throwIfAny()
  return figures
}

func provide(_ reference: TableReference) throws -> Table {
  let definition = try #require(FigureGallery.tables.first { $0.name == reference.table })
  return Table(columns: definition.columns.map(\.name), rows: try definition.rows(Results(points: [])))
}

let style = Result { try String(contentsOf: repository.appending(path: "figures/style.gp"), encoding: .utf8) }

/// The script of the first figure in a YAML text.
func script(_ yaml: String, style text: String? = nil, claims: [String] = ["toy/claim"]) throws -> GnuplotScript {
  let figure = try #require(try figures(yaml).first)
  return try script(figure, style: text, claims: claims)
}

func script(_ figure: Figure, style text: String? = nil, claims: [String] = ["toy/claim"]) throws -> GnuplotScript {
  try GnuplotScript(
    figure, style: text ?? style.get(), claims: claims, command: "make figure-\(figure.id)", table: provide)
}

@Suite struct FigureScriptTests {
  @Test("what draws a series beside gnuplot has the colour that the style gives its look, if it gives one")
  func colors() throws {
    let colors = StyleColors(style: try style.get())
    for (look, color) in [
      ("lt 2", "#d55e00"), ("ls 11", "#555555"), ("lt 3 lc rgb '#000000'", "#000000"),
      ("lt 1 lc palette frac 0", "#440154"), ("lt 1 lc palette frac 0.5", "#21918c"),
      ("lt 1 lc palette frac 0.0625", "#461768"), ("lt 1 lc palette frac 1", "#fde725"),
    ] {
      #expect(colors.color(of: look) == color, "\(look)")
    }
    #expect(StyleColors(style: "set linetype 1 lc rgb 'red'").color(of: "lt 1") == nil)
    let later = "set linetype 1 lc rgb '#000001'\nset linetype 1 lw 2 lc rgb \"#0000ff\""
    #expect(StyleColors(style: later).color(of: "lt 1") == "#0000ff")
    // Series that look the same say the same, and others do not.
    let series = "{draw: line, table: toy/decay-theory, x: time, y: loss}"
    let two = try script(
      FigureFileTests.yaml(series: series + "\n        - " + series.replacing("y: loss", with: "y: loss, label: b")))
    #expect(two.chart.drawings.map(\.color) == ["#0072b2", "#d55e00"])
  }

  /// Set REFIG_UPDATE_SNAPSHOTS to write them anew; then look at what `gnuplot` makes of them.
  @Test func scriptsAreAsCommitted() throws {
    let folder = repository.appending(path: "Tests/EngineTests/Snapshots")
    for figure in try figures(FigureGallery.yaml) {
      let text = try script(figure).text
      let file = folder.appending(path: figure.name + ".gp")
      if ProcessInfo.processInfo.environment["REFIG_UPDATE_SNAPSHOTS"] != nil {
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        try text.write(to: file, atomically: true, encoding: .utf8)
      }
      #expect(try String(contentsOf: file, encoding: .utf8) == text, "\(figure.name).gp")
    }
  }

  @Test func theKeyFollowsWhatIsSeenAndNothingElse() throws {
    let yaml = FigureFileTests.yaml()
    let first = try script(yaml)
    #expect(try script(yaml).text == first.text)
    #expect(try script(yaml, claims: []).key == first.key)
    #expect(try script(yaml.replacing("A caption.", with: "Another.")).key == first.key)
    #expect(try script(yaml.replacing("y: loss", with: "y: low")).key != first.key)
    #expect(try script(yaml.replacing("label: a", with: "label: c")).key != first.key)
    #expect(first.text.contains("name 'toy_fig1_key_\(first.key)'"))
  }

  @Test func aTableIsMadeOnceForAllSeriesThatDrawIt() throws {
    let figure = try #require(try figures(FigureGallery.yaml).last)
    var asked: [String] = []
    _ = try GnuplotScript(figure, style: "", claims: [], command: "") { reference in
      asked.append(reference.table)
      return try provide(reference)
    }
    #expect(asked == ["toy/family"])
  }

  /// What a script says under the heading of a key, once for each of its entries.
  private func key(_ heading: String, in text: String) throws -> [String] {
    let section = try #require(text.components(separatedBy: "# \(heading)\n").dropFirst().first, "no \(heading)")
    let own = section.prefix { $0 != "#" }
    return own.matches(of: /keyentry with (\S+) .*?title '(.*?)'/).map { "\($0.output.1): \($0.output.2)" }
  }

  @Test("a key says what its panels draw, and shows lines and points as they are drawn")
  func keys() throws {
    func panel(_ series: String...) -> String {
      "    - {x: {label: a}, y: {label: b}, series: [\(series.map { "{\($0)}" }.joined(separator: ", "))]}\n"
    }
    func text(_ panels: String...) throws -> String {
      try script("fig1:\n  caption: A caption.\n  source: Fig. 1\n  panels:\n" + panels.joined()).text
    }
    let theory = "draw: line, table: toy/descent-theory, x: alpha, y: mse, split: lambda"
    let runs = "draw: points, table: toy/descent, from: one, x: alpha, y: mse, error: error, split: lambda"
    let label = "label: 'value {lambda}'"
    let both = ["linespoints: value 0.1", "linespoints: value 0.01"]
    // Whichever has the label, and where both have it.
    for (first, second) in [("", ", \(label)"), (", \(label)", ""), (", \(label)", ", \(label)")] {
      #expect(try key("key", in: try text(panel(theory + first, runs + second))) == both)
    }
    // Points of a look of their own, or with another label, have their own entries.
    let named = try text(panel("\(theory), \(label)", "\(runs), label: 'runs {lambda}'"))
    #expect(
      try key("key", in: named) == ["lines: value 0.1", "lines: value 0.01", "points: runs 0.1", "points: runs 0.01"])
    let apart = try text(panel("\(theory), \(label)", "\(runs), style: 8"))
    #expect(try key("key", in: apart) == ["lines: value 0.1", "lines: value 0.01"])
    #expect(!named.contains("(a"), "one panel needs no letter")

    let pair = panel("\(theory), \(label)", runs)
    let same = try text(pair, pair, pair)
    #expect(try key("key", in: same) == both)
    #expect(same.contains("set label '{/:Bold (a–c)}'") && !same.contains("# key of"))
    #expect(try text(pair, pair).contains("set label '{/:Bold (a, b)}'"))
    // The same labels, but drawn otherwise in one of them; other labels; a panel without any.
    let different = try text(
      pair, panel("\(theory), \(label)"), panel("\(theory), label: limit, style: 3"), panel(theory))
    #expect(try key("key of panel 1", in: different) == both)
    #expect(try key("key of panel 2", in: different) == ["lines: value 0.1", "lines: value 0.01"])
    #expect(try key("key of panel 3", in: different) == ["lines: limit"])
    #expect(!different.contains("# key of panel 4") && !different.contains("# key\n"))
    // One inside a panel speaks for those without a key that say the same, and for no others.
    func keyed(_ panel: String, _ place: String) -> String { panel.replacing("- {x:", with: "- {key: \(place), x:") }
    let inside = try text(
      keyed(pair, "none"), keyed(pair, "top right"), keyed(panel("\(theory), label: limit"), "none"),
      keyed(pair, "none"))
    #expect(inside.contains("set key title '{/:Bold (a, b, d)}'\nplot") && inside.contains("\nset key notitle\n"))
    let own = try text(keyed(pair, "top left"), keyed(pair, "top right"), keyed(panel("\(theory)"), "none"))
    #expect(!own.contains("set key title"))
  }

  static let logAxes = "x: {label: a}, y: {label: b, scale: log}"

  @Test func pointsThatALogAxisCannotShowAreRefused() throws {
    let yaml = FigureFileTests.yaml(
      axes: Self.logAxes, series: "{draw: points, table: toy/bad, from: one, x: x, y: y, low: low, high: high}")
    let error = #expect(throws: PipelineError.self) { try script(yaml) }
    guard case .droppedPoints("toy/fig1", "panel 1, series 1", 3, "y") = error else {
      Issue.record("\(String(describing: error))")
      return
    }
  }

  @Test func pointsThatALogAxisCannotShowMayBeDropped() throws {
    let yaml = FigureFileTests.yaml(
      axes: Self.logAxes,
      series: "{draw: points, table: toy/bad, from: one, x: x, y: y, low: low, high: high, dropNonPositive: true}")
    let drawn = try script(yaml)
    #expect(drawn.series[0].dropped == 3)
    #expect(drawn.series[0].rows == 5)
    #expect(drawn.text.contains("dropped=3"))
    // The bar that would end below the axis ends at it; the zero and the missing value are gone.
    let low = try #require(drawn.text.firstMatch(of: /set yrange \[(\S+):/)?.output.1)
    #expect(drawn.text.contains("# x y low high\n1 1 0.5 2\n3 2 \(low) 4\n5 3 2 4\nEOD"))
  }

  @Test func missingValuesBreakALineAndAreCounted() throws {
    let drawn = try script(FigureFileTests.yaml(series: "{draw: line, table: toy/bad, from: one, x: x, y: y}"))
    #expect(drawn.text.contains("3 2\n4 NaN\n5 3\n"))
    #expect(drawn.series[0].missing == 1)
    #expect(drawn.series[0].dropped == 0)
  }

  @Test func aFilterWithoutRowsIsTold() throws {
    let yaml = FigureFileTests.yaml(
      series: "{draw: line, table: toy/decay-theory, x: time, y: loss, where: {ratio: 3}}")
    let error = #expect(throws: PipelineError.self) { try script(yaml) }
    guard case .evidence("figure 'toy/fig1', panel 1, series 1", let reason) = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(reason == "no row where ratio is 3; there it is 1, 2, 4")
  }

  @Test func aLabelMustNotNameAColumnWithSeveralValues() throws {
    let series = "{draw: line, table: toy/decay-theory, x: time, y: loss, label: '{ratio}'}"
    #expect(throws: PipelineError.self) { try script(FigureFileTests.yaml(series: series)) }
    let split = series.replacing("label", with: "split: ratio, label")
    #expect(try script(FigureFileTests.yaml(series: split)).series.map(\.label) == ["1", "2", "4"])
  }

  @Test func longLinesKeepTheirShapeAndLoseTheirBulk() throws {
    let text = try script(FigureFileTests.yaml(series: "{draw: line, table: toy/long, from: one, x: x, y: y}")).text
    let rows = text.split(separator: "\n").filter { $0.contains(/^\d+ -?\d/) }
    #expect(rows.count > 1000 && rows.count <= 4004)
    #expect(rows.contains { $0.hasPrefix("7001 ") }, "the one point that stands out")
    #expect(rows.first == "0 0")
    #expect(rows.last?.hasPrefix("19999 ") == true)
  }

  /// Width 3 has no cell at n = 24: its neighbours end half a step before it, and others do not.
  @Test func aMissingCellOfAMapStaysOpen() throws {
    let map = try script(FigureGallery.yaml).text
    func cell(_ position: String) -> [Substring] {
      map.split(separator: "\n").first { $0.hasPrefix(position + " ") }?.split(separator: " ").dropLast() ?? []
    }
    #expect(cell("3 23") == ["3", "23", "2.5", "3.5", "22.5", "23.5"])
    #expect(cell("3 24").isEmpty)
    #expect(cell("3 25") == ["3", "25", "2.5", "3.5", "24.5", "25.5"])
    #expect(cell("6 30") == ["6", "30", "5.5", "6.5", "29", "31"], "steps of two are no gaps")
  }

  /// Numbers whose ratios, differences and air around them leave what a Double can hold.
  @Test(
    arguments: [
      "5e-324 1e-323 3e-320", "1e-310 2e-310", "1e308 1.7e308", "5e-324 1e308", "1 1.0000000000000002",
    ])
  func axesHoldNumbersOfAnySize(texts: String) throws {
    let numbers = texts.split(separator: " ").compactMap { Double($0) }
    for scale in ["linear", "log"] {
      let axis = "{label: a, scale: \(scale)}"
      let yaml = FigureFileTests.yaml(
        axes: "x: \(axis), y: \(axis)\n      z: \(axis)",
        series: "{draw: heatmap, table: toy/recovery, from: success, x: width, y: n, z: success}")
      let figure = try #require(try figures(yaml).first)
      let text = try GnuplotScript(figure, style: style.get(), claims: [], command: "draw") { reference in
        let columns = try provide(reference).columns
        let rows = numbers.flatMap { x in numbers.map { y in columns.map { $0 == "width" ? x : y } } }
        return Table(columns: columns, rows: rows)
      }.text
      for range in text.matches(of: /set [xy]range \[(\S+):(\S+)\]/) {
        let (low, high) = (Double(range.output.1) ?? .nan, Double(range.output.2) ?? .nan)
        #expect(low < high && (scale == "linear" || low > 0), "\(range.output.0)")
      }
    }
  }

  @Test func theoryAndSimulationOfOneValueShareTheirLook() throws {
    let text = try script(try figures(FigureGallery.yaml)[1]).text
    for (look, block) in [(1, 1), (2, 2), (3, 3), (1, 4), (2, 5), (3, 6), (1, 7), (2, 8), (3, 9)] {
      #expect(text.contains(try Regex("\\$data\(block) using [0-9:]+ with [a-z]+ lt \(look) ")))
    }
  }
}
