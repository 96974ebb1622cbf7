import Claims
import Figures
import NumericalMethods
import PaperKit
import Pipeline
import Reports
import TestSupport
import Testing
import ToyPaper

/// What has facets is what would stand there if each of them were written out.
@Suite struct FacetTests {
  private static func panel(_ ratio: String, _ column: String, _ label: String) -> String {
    """
        - title: "{/:Italic γ} = \(ratio)"
          x: {label: time, scale: log}
          y: {label: "\(label) at $γ = \(ratio)$", scale: log}
          series:
            - {draw: line, table: toy/decay-theory, where: {ratio: \(ratio)}, x: time, y: \(column), label: "γ = {ratio}"}
            - {draw: points, table: toy/decay, from: [one, two], where: {ratio: [\(ratio), 4]}, x: time, y: loss, error: error}

    """
  }

  private static func figure(_ panels: String) -> String {
    "many:\n  caption: Decay.\n  source: here\n  layout: [2, 3]\n  panels:\n" + panels
  }

  @Test("a figure with facets is the figure with its panels written out, byte for byte")
  func figure() throws {
    let written = [("loss", "population loss"), ("low", "lower end")].flatMap { column, label in
      ["1", "2", "4"].map { Self.panel($0, column, label) }
    }.joined()
    let facets = """
          - facets:
              - - {column: loss, label: population loss}
                - {column: low, label: lower end}
              - {ratio: [1, 2, 4]}

      """
    let template = Self.panel("<ratio>", "<column>", "<label>").replacing("    - title", with: "      title")
    let (whole, short) = try (script(Self.figure(written)), script(Self.figure(facets + template)))
    #expect(short.text == whole.text)
    #expect(whole.text.contains("population loss") && short.key == whole.key)
    // One list after another goes on where that ended, and panels without facets stay where they are.
    let lists = """
          - facets:
              - - {column: loss, label: population loss, ratio: 1}
                - {column: [loss, loss], label: population loss, ratio: [2, 4]}

      """
    let mixed =
      lists + template
      + ["1", "2", "4"].map { Self.panel($0, "low", "lower end") }.joined()
    #expect(try script(Self.figure(mixed)).text == whole.text)
  }

  private static func claims(_ text: String) throws -> [Claim] {
    let workspace = try Workspace()
    try workspace.write(
      """
      seed: 3
      profiles: [quick, paper]
      figures: [figures/toy.yaml]
      stages:
        toy/walk: {sweep: [{drift: [1, 2, 4], stepCount: 4}], replicas: {count: 60, perCell: 30}}
      """, to: "pipeline.yaml")
    try workspace.write("claims:\n" + text, to: "figures/toy.yaml")
    return try Project(root: workspace.path, profile: nil, catalogue: toyCatalogue()).claims
  }

  private static func claim(_ name: String, _ drift: String, _ bounds: String, _ mistake: String, facets: String = "")
    -> String
  {
    """
      \(name):\(facets)
        statement: Walks of drift $\(drift)$ drift.
        source: ours
        kind: derived
        estimate: {mean: end}
        from: [toy/walk]
        where: {drift: \(drift)}
        accept: \(bounds)
        kills: [\(mistake)]
        because: four steps of drift \(drift)
        profiles: {paper: {accept: [0, \(drift)]}}

    """
  }

  @Test("a claim with facets is its claims written out, under their own names")
  func claims() throws {
    let written =
      Self.claim("drift-1", "1", "[2, 6]", "no-drift") + Self.claim("drift-two", "2", "[6, 10]", "no-drift")
      + Self.claim("drift-4", "4", "[12, .inf]", "no-drift")
    let facets = "\n    facets: [{name: [1, two, 4], drift: [1, 2, 4], low: [2, 6, 12], high: [6, 10, .inf]}]"
    let template = Self.claim("drift-<name>", "<drift>", "[<low>, <high>]", "no-drift", facets: facets)
    func facts(_ claims: [Claim]) -> [String] {
      claims.map {
        """
        \($0.id): \($0.statement) \($0.source) \($0.kind) \($0.estimator.name) \($0.evidence) \($0.accepted) \
        \($0.because) \($0.expected) \($0.kills) \($0.immunities)
        """
      }
    }
    let (whole, short) = try (Self.claims(written), Self.claims(template))
    #expect(whole.map(\.id) == ["toy/drift-1", "toy/drift-two", "toy/drift-4"])
    #expect(facts(short) == facts(whole))
    #expect(Set(short.map(\.location.line)) == [2])
    for profile in ["quick", "paper"] {
      func intervals(_ text: String) throws -> [String: Interval] {
        try ClaimFile.acceptedIntervals(in: "claims:\n" + text, file: "old", paper: "toy", profile: profile)
      }
      #expect(try intervals(template) == intervals(written))
      #expect(try intervals(template).count == 3)
    }
  }

  private static func told(_ panel: String) throws -> [String] {
    do {
      _ = try figures(figure(panel))
      return []
    } catch PipelineError.invalidFiles(let found) {
      return found.map { ErrorMessage.text(of: PipelineError.invalidFiles([$0])) }
    }
  }

  @Test(
    "mistakes in facets are told where they stand, once for all of them",
    arguments: [
      ("[{ratio: [1, 2]}]", "<ratoi>", ["10:64: figure 'toy/many': unknown facet 'ratoi'; did you mean 'ratio'?"]),
      ("[{ratio: [1, 2], other: 3}]", "<ratio>", ["6:32: figure 'toy/many': no text of it has '<other>'"]),
      ("[{ratio: [1, 2], b: [3]}]", "<ratio>", ["6:16: figure 'toy/many': lists in one group advance together but"]),
      ("[{ratio: 1}, {ratio: 2}]", "<ratio>", ["6:28: figure 'toy/many': facet 'ratio' stands in two factors"]),
      ("[[{ratio: 1, a: 1}, {ratio: 2}]]", "<ratio><a>", ["6:35: figure 'toy/many': 'a' is missing"]),
      ("[{ratio: []}]", "<ratio>", ["6:24: figure 'toy/many': 'ratio' must be a value or a list of values, not an"]),
      ("[{ratio: {a: 1}}]", "<ratio>", ["must be a value or a list of values, not the mapping {a: 1}"]),
      ("[{2x: 1}]", "<ratio>", ["6:17: figure 'toy/many': '2x' cannot name a facet"]),
      ("[]", "2", ["6:15: figure 'toy/many': 'facets' has no values"]),
      ("{ratio: 1}", "<ratio>", ["6:15: figure 'toy/many': 'facets' must be a list, not the mapping {ratio: 1}"]),
      (
        "[{ratio: [[1, 2], 3]}]", "1<ratio>",
        ["6:25: figure 'toy/many': 'ratio' must be a single value", "'ratio' must be a number, not the word '13'"]
      ),
      (
        "[{ratio: [1, 2]}]", "x<ratio>",
        [
          "panel 1, series 1: 'ratio' must be a number, not the word 'x1'",
          "panel 2, series 1: 'ratio' must be a number",
        ]
      ),
      ("[{ratio: [1, one]}]", "<ratio>", ["6:28: figure 'toy/many', panel 2, series 1: 'ratio' must be a number"]),
      (
        "[{ratio: [1, 2]}]", "<ratio>, ration: 1", ["unknown column of table 'toy/decay-theory' 'ration'; did you mean"]
      ),
    ] as [(String, String, [String])])
  func mistakes(facets: String, ratio: String, messages: [String]) throws {
    let told = try Self.told(
      """
          - facets: \(facets)
            x: {label: time}
            y: {label: loss}
            series:
              - {draw: line, table: toy/decay-theory, where: {ratio: \(ratio)}, x: time, y: loss}

      """)
    for message in messages {
      #expect(told.contains { $0.contains(message) }, "\(message): \(told)")
    }
    #expect(told.count == messages.count, "\(told)")
  }

  @Test("a claim's facets must have names of their own, which no other claim has")
  func names() throws {
    func told(_ text: String) -> String {
      do {
        _ = try Self.claims(text)
        return "nothing"
      } catch { return ErrorMessage.text(of: error) }
    }
    let facets = "\n    facets: [{drift: [1, 2]}]"
    let one = Self.claim("drift", "<drift>", "[2, 6]", "no-drift", facets: facets)
    #expect(told(one).contains("toy.yaml:2:3: claim 'drift': each of its 2 facets needs a name of its own"))
    let two = Self.claim("drift-<drift>", "<drift>", "[2, 6]", "no-drift", facets: facets)
    #expect(told(two) == "nothing")
    #expect(told(two + Self.claim("drift-2", "2", "[2, 6]", "no-drift")).contains("key 'drift-2' is given twice"))
    #expect(told(Self.claim("drift-2", "2", "[2, 6]", "no-drift") + two).contains("key 'drift-2' is given twice"))
    let bad = Self.claim("drift<drift>", "1", "[2, 6]", "no-drift", facets: "\n    facets: [{drift: [' ', /]}]")
    #expect(told(bad).contains("cannot name a claim"))
  }

  @Test("what is filled in is not filled in again, and angle brackets elsewhere stand for themselves")
  func texts() throws {
    let read = try figures(
      Self.figure(
        """
            - facets: [{a: [<b>, "2 < 3"], b: [<a>, "< a >"]}]
              title: 1 < 2 <a> <b> <3> <
              x: {label: time}
              y: {label: loss}
              series: [{draw: guide, slope: 1, through: [1, 1], label: <a>}]
            - title: <a>
              x: {label: time}
              y: {label: loss}
              series: [{draw: guide, slope: 1, through: [1, 1]}]

        """))
    #expect(read[0].panels.map(\.title.markup) == ["1 < 2 <b> <a> <3> <", "1 < 2 2 < 3 < a > <3> <", "<a>"])
    #expect(read[0].panels[0].series[0].label.markup == "<b>")
  }

  private static func many(_ count: Int, _ values: String) -> (facets: String, text: String) {
    let factors = (0..<count).map { "{a\($0): \(values)}" }
    let names = (0..<count).map { "<a\($0)>" }
    return ("[\(factors.joined(separator: ", "))]", names.joined())
  }

  private static let endless: [(facets: String, text: String)] = {
    let ones = Array(repeating: "1", count: 145).joined(separator: ", ")
    let deep = String(repeating: "[", count: 50) + String(repeating: "]", count: 50)
    return [
      ("[{a: {range: [1, 1e9]}}]", "<a>"), ("[{a: [\(ones)]}]", "<a>"), ("[{a: \(deep)}]", "<a>"),
      ("[{a: \(String(repeating: "x", count: 5000))}]", "<a><a><a>"), many(8, "[1, 2]"), many(200, "1"),
    ]
  }()

  @Test("small files that would have no end are refused", arguments: endless)
  func bombs(facets: String, text: String) throws {
    let told = try Self.told(
      """
          - facets: \(facets)
            title: \(text)
            x: {label: time}
            y: {label: loss}
            series: [{draw: guide, slope: 1, through: [1, 1]}]

      """)
    #expect(!told.isEmpty && told.count < 4, "\(told)")
  }

  @Test("a list that is filled in counts as often as it is")
  func lists() throws {
    let told = try Self.told(
      """
          - facets: [{a: [[\(Array(repeating: "1", count: 2000).joined(separator: ", "))]]}]
            x: {label: time, ticks: <a>}
            y: {label: loss}
            series: [\(Array(repeating: "<a>", count: 200).joined(separator: ", "))]

      """)
    #expect(told.contains { $0.contains("more than 200000 values") }, "\(told)")
  }

  @Test("facets of a file come together to no more values than a file may have")
  func room() throws {
    let series = Array(repeating: "{draw: guide, slope: 1, through: [1, 1]}", count: 300).joined(separator: ", ")
    let told = try Self.told(
      """
          - facets: [{a: [\((1...144).map(String.init).joined(separator: ", "))]}]
            title: <a>
            x: {label: time}
            y: {label: loss}
            series: [\(series)]

      """)
    #expect(told.contains { $0.contains("more than 200000 values") }, "\(told)")
  }
}
