import Figures
import Pipeline
import Testing

@Suite struct FigureFileTests {
  /// A figure with one panel; `axes` and `series` are put in.
  static func yaml(
    axes: String = "x: {label: a}, y: {label: b}",
    series: String = "{draw: line, table: toy/decay-theory, x: time, y: loss}"
  ) -> String {
    """
    fig1:
      caption: A caption.
      source: Fig. 1
      panels:
        - \(axes.replacing(", y:", with: "\n      y:"))
          series:
            - \(series)
    """
  }

  func mistakes(_ yaml: String) throws -> [Diagnostic] {
    do {
      _ = try figures(yaml)
      return []
    } catch PipelineError.invalidFiles(let found) { return found }
  }

  @Test func aWholeFigureIsRead() throws {
    let read = try figures(FigureGallery.yaml)
    #expect(read.map(\.id) == ["toy/map", "toy/decay", "toy/two", "toy/stacked", "toy/spectra", "toy/family"])
    let decay = read[1]
    #expect(decay.panels[0].key == .bottomLeft)
    #expect(decay.panels[0].x.scale == .log)
    #expect(decay.panels[0].y.low == 1e-7)
    #expect(decay.panels[0].series.map(\.draw) == [.band, .line, .points, .guide, .vertical])
    #expect(decay.panels[0].series[3].guide?.range == 10...600)
    #expect(decay.tables.map(\.table) == ["toy/decay-theory", "toy/decay"])
    #expect(decay.tables[1].stages == ["one", "two"])
    #expect(read[3].rows == 3)
    #expect(read[4].panels[0].series[1].filters.first?.values == [0.25])
  }

  @Test(
    arguments: [
      ("series: {drow: line}", "{drow: line, table: toy/decay, x: time, y: loss}", "missingKey(\"draw\")", 8, nil),
      (
        "draw", "{draw: lines, table: toy/decay, x: time, y: loss}", "unknownName(kind: \"draw\", name: \"lines\"", 8,
        "line"
      ),
      ("key", "{draw: line, table: toy/decay-theory, x: time, y: loss, lable: a}", "unknownKey(\"lable\"", 8, "label"),
      ("table", "{draw: line, table: toy/decoy, x: time, y: loss}", "unknownName(kind: \"table\"", 8, "toy/decay"),
      ("column", "{draw: line, table: toy/decay-theory, x: tme, y: loss}", "name: \"tme\"", 8, "time"),
      (
        "stage", "{draw: points, table: toy/decay, from: to, x: time, y: loss}", "unknownName(kind: \"stage\"", 8, "two"
      ),
      ("from", "{draw: points, table: toy/decay, x: time, y: loss}", "missingKey(\"from\")", 8, nil),
      (
        "where", "{draw: line, table: toy/decay-theory, x: time, y: loss, where: {ration: 1}}", "name: \"ration\"", 8,
        "ratio"
      ),
      (
        "where value", "{draw: line, table: toy/decay-theory, x: time, y: loss, where: {ratio: one}}",
        "wrongType(key: \"ratio\"", 8, nil
      ),
      (
        "label", "{draw: line, table: toy/decay-theory, x: time, y: loss, label: '{rati}'}", "name: \"rati\"", 8,
        "ratio"
      ),
      (
        "control", "{draw: line, table: toy/decay-theory, x: time, y: loss, label: \"a\\nb\"}",
        "refusedValue(name: \"label\"", 8, nil
      ),
      (
        "braces", "{draw: line, table: toy/decay-theory, x: time, y: loss, label: 'm^{2'}",
        "refusedValue(name: \"label\"", 8, nil
      ),
      (
        "bars", "{draw: points, table: toy/half, from: one, x: width, y: n50, low: low}", "missingKey(\"high\")", 8, nil
      ),
      ("band", "{draw: band, table: toy/decay-theory, x: time, low: low}", "missingKey(\"high\")", 8, nil),
      (
        "map", "{draw: heatmap, table: toy/recovery, from: one, x: width, y: n, z: success}", "missingKey(\"z\")", 5,
        nil
      ),
      ("guide", "{draw: guide, rate: -1, through: [1, 1]}", "refusedValue(name: \"rate\", value: \"-1\"", 8, nil),
      ("style", "{draw: guide, slope: -1, through: [1, 1], style: 9}", "refusedValue(name: \"style\"", 8, nil),
      ("split guide", "{draw: guide, slope: -1, through: [1, 1], split: a}", "unknownKey(\"split\"", 8, nil),
    ] as [(String, String, String, Int, String?)])
  func aMistakeInASeriesIsTold(_ name: String, _ series: String, _ fact: String, _ line: Int, _ nearest: String?) throws
  {
    let found = try mistakes(Self.yaml(series: series))
    let mistake = try #require(found.first { "\($0.fact)".contains(fact) }, "\(name): \(found.map(\.fact))")
    #expect(mistake.location.line == line || name == "map")
    #expect(mistake.context.hasPrefix("figure 'toy/fig1'"))
    switch mistake.fact {
    case .unknownKey(let word, let known), .unknownName(_, let word, let known):
      if let nearest { #expect(nearestSpelling(of: word, among: known) == nearest) }
    default: #expect(nearest == nil)
    }
  }

  @Test(arguments: [
    ("x: {label: a, range: [2, 1]}, y: {label: b}", "invertedInterval(low: 2.0, high: 1.0)"),
    ("x: {label: a, range: [1]}, y: {label: b}", "refusedValue(name: \"range\", value: \"[1]\""),
    ("x: {label: a, scale: log, range: [0, 1]}, y: {label: b}", "refusedValue(name: \"range\""),
    ("x: {label: a, range: [0.5, .inf]}, y: {label: b}", "refusedValue(name: \"range\""),
    ("x: {label: a, range: [-.inf, .inf]}, y: {label: b}", "refusedValue(name: \"range\""),
    ("x: {label: a, range: [-1.7e308, 1.7e308]}, y: {label: b}", "refusedValue(name: \"range\""),
    ("x: {label: a, scale: log, range: [1e-300, 1]}, y: {label: b}", "refusedValue(name: \"range\""),
    ("x: {label: a, ticks: [.inf, 1]}, y: {label: b}", "refusedValue(name: \"ticks\", value: \"[.inf, 1]\""),
    ("x: {label: \"a\\uFFFE\"}, y: {label: b}", "hiddenCharacter(\"U+FFFE\")"),
    ("x: {label: a, scale: lag}, y: {label: b}", "unknownName(kind: \"scale\", name: \"lag\""),
    ("x: {}, y: {label: b}", "missingKey(\"label\")"),
    ("x: {label: a, tics: [1]}, y: {label: b}", "unknownKey(\"tics\""),
  ])
  func aMistakeInAnAxisIsTold(_ axes: String, _ fact: String) throws {
    let found = try mistakes(Self.yaml(axes: axes))
    #expect(found.contains { "\($0.fact)".contains(fact) && $0.location.line == 5 }, "\(found)")
  }

  @Test func allMistakesAreToldAtOnce() throws {
    let found = try mistakes(
      """
      .hidden:
        captoin: A caption.
        source: Fig. 1
        width: half
        height: 200
        layout: [1, 1]
        panels:
          - x: {label: a}
            y: {label: b}
            key: nowhere
            series: []
          - x: {label: a}
            series: [{draw: guide, slope: -1, through: [1, 1]}]
      """)
    let facts = found.map { "\($0.fact)" }
    for fact in [
      "badName(kind: \"figure\"", "unknownKey(\"captoin\"", "name: \"half\"",
      "name: \"height\"",
      "name: \"layout\"", "name: \"nowhere\"", "name: \"series\"", "missingKey(\"y\")",
    ] {
      #expect(facts.contains { $0.contains(fact) }, "\(fact) is not among \(facts)")
    }
    // It is there, misspelt.
    #expect(!facts.contains { $0.contains("missingKey(\"caption\")") })
    #expect(found.map(\.location.line) == found.map(\.location.line).sorted())
  }

  /// A figure with a font, in line 4.
  private static func yaml(font: String) -> String {
    yaml().replacing("  panels:", with: "  font: \(font)\n  panels:")
  }

  @Test("what a figure does not say of its font the file says, and what neither says is as ever")
  func font() throws {
    let file = Figure.Font(family: "Latin Modern Roman", size: 6.5)
    func font(_ text: String, _ file: Figure.Font = .standard) throws -> Figure.Font? {
      try figures(Self.yaml(font: text), font: file).first?.font
    }
    #expect(try figures(Self.yaml()).map(\.font) == [Figure.Font(family: "DejaVu Sans", size: 7)])
    #expect(try figures(Self.yaml(), font: file).map(\.font) == [file])
    #expect(try font("{size: 20}", file) == Figure.Font(family: "Latin Modern Roman", size: 20))
    #expect(try font("{family: Exo-2 Thin}", file) == Figure.Font(family: "Exo-2 Thin", size: 6.5))
    #expect(try font("{size: 5}") == Figure.Font(family: "DejaVu Sans", size: 5))
  }

  @Test(
    arguments: [
      "''", "\"Times'; system 'id\"", "'Times,12'", "'Times:Bold'", "'@macro'", "'`id`'", "\"a\\\\\"", "'{/Symbol}'",
      "' Times'", "'Times '", "'Times  New'", "'-Times'", "'Größe'", "'a<b'", "[Times]", "{a: b}", "\"Times\\n\"",
      "8", "1e3", "'12 34'",
    ])
  func aNameThatIsNoFontsIsRefused(_ name: String) throws {
    let found = try mistakes(Self.yaml(font: "{family: \(name)}"))
    #expect(found.map(\.location.line) == [4] && found.map(\.location.column) == [18], "\(found)")
    #expect(found.first?.context == "figure 'toy/fig1'")
  }

  @Test(arguments: ["4.9", "20.5", "0", "-7", ".inf", ".nan", "large"])
  func aSizeThatNobodyReadsIsRefused(_ size: String) throws {
    let found = try mistakes(Self.yaml(font: "{size: \(size)}"))
    #expect(found.map(\.location.line) == [4] && found.map(\.location.column) == [16], "\(found)")
  }

  @Test func anOpenRangeFollowsTheData() throws {
    let figure = try #require(try figures(Self.yaml(axes: "x: {label: a, range: [0.5, auto]}, y: {label: b}")).first)
    #expect(figure.panels[0].x.low == 0.5)
    #expect(figure.panels[0].x.high == nil)
  }
}
