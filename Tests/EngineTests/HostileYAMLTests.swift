import Claims
import Figures
import Foundation
import PaperKit
import Pipeline
import Reports
import Runner
import Store
import TestSupport
import Testing
import ToyPaper

/// Texts as other people's editors write them.
@Suite struct SourceTextTests {
  private static let figures = """
    figures:
      ends:
        caption: Größe — 大きさ, \u{1F600}e\u{301}
        source: here
        panels:
          - x: {label: n}
            y: {label: end}

            series: [{draw: guide, slope: 1, through: [1, 1]}]
    """

  private func project(_ figures: String, stages: String = "toy/walk: {}") throws -> Project {
    let workspace = try Workspace()
    let text = "seed: 1\nprofiles: [quick]\nfigures: [figures/demo.yaml]\nstages:\n  \(stages)"
    try workspace.write(figures.contains("\r") ? text.replacing("\n", with: "\r\n") : text, to: "pipeline.yaml")
    try workspace.write(figures, to: "figures/demo.yaml")
    return try Project(root: workspace.path, profile: nil, catalogue: toyCatalogue())
  }

  @Test(
    "line ends of other systems and a byte order mark change neither places nor excerpts",
    arguments: ["\n", "\r\n", "\r"], ["", "\u{FEFF}"])
  func lineEnds(end: String, mark: String) throws {
    let figures = mark + Self.figures.replacing("\n", with: end)
    let workspace = try Workspace()
    try workspace.write("seed: 1\nprofiles: [quick]\nfigures: [demo.yaml]\nstages: {}", to: "pipeline.yaml")
    try workspace.write(figures, to: "demo.yaml")
    let figure = try #require(
      try Project(root: workspace.path, profile: nil, catalogue: toyCatalogue()).figures.first)
    #expect((figure.location.line, figure.location.column) == (2, 3))
    let excerpt = try SourceExcerpt(at: figure.location).text
    let lines = Self.figures.split(separator: "\n", omittingEmptySubsequences: false).dropFirst()
    #expect(excerpt == lines.map { $0.dropFirst(min(2, $0.count)) }.joined(separator: "\n"))
  }

  @Test(
    "a mistake stands where an editor shows it, whatever signs and line ends are before it", arguments: ["\n", "\r\n"])
  func places(end: String) throws {
    // A Unicode line break would end the comment, as YAML 1.1 has it.
    let signs = "# \u{e9} \u{FB01} \u{1F1E9}\u{1F1EA}"
    let text = [signs, "seed: 1", "profiles: [quick]", "stages:", "  toy/walk: {}", "  \"toy/walk\": {}"]
      .joined(separator: end)
    #expect(try mistakes(text) == ["pipeline.yaml:6:3: key 'toy/walk' is given twice; keep one"])
  }

  @Test("signs that a terminal obeys are named, not sent to it", arguments: ["\\e[31m", "\\u202e", "\\u2028", "\\a"])
  func visible(sign: String) throws {
    for text in [
      "seed: \"\(sign)\"\nprofiles: [a]\nstages: {}", "seed: 1\nprofiles: [a]\nstages: {}\n\"\(sign)\": 1",
      "seed: 1\nprofiles: [a]\nstages: {}\n\"x\(sign)\": 1\n\"x\(sign)\": 1",
    ] {
      let told = try mistakes(text).joined()
      #expect(!told.isEmpty)
      #expect(
        !told.unicodeScalars.contains { $0 == "\u{1B}" || $0 == "\u{7}" || $0.value >= 0x2028 && $0.value <= 0x202E })
    }
  }
}

/// Small files that mean a lot of work. That they end at all is the test; a run without a limit would take hours.
@Suite struct BombTests {
  @Test(
    "an alias bomb is refused wherever it stands, also as a key",
    arguments: ["? *a11\n: 1", "a: {? [*a11] : 1}", "a: *a11"])
  func aliases(use: String) throws {
    var text = "a0: &a0 {x: [1, 1, 1, 1, 1, 1, 1, 1]}\n"
    for level in 1...11 {
      text += "a\(level): &a\(level) [\(Array(repeating: "*a\(level - 1)", count: 9).joined(separator: ", "))]\n"
    }
    let found = try mistakes(text + use)
    #expect(found.count == 1)
    #expect(found[0].contains("more than 200000 values"))
  }

  @Test("deep nesting is refused where it becomes too deep", arguments: [65, 900, 100_000])
  func depth(levels: Int) throws {
    for (open, close) in [("[", "]"), ("{a: ", "}")] {
      let text = "seed: " + String(repeating: open, count: levels) + "1" + String(repeating: close, count: levels)
      let mistake = try mistakes(text)[0]
      // libyaml has a limit of its own.
      #expect(
        mistake.contains("more than 64 deep in each other")
          || levels > 1000 && mistake.contains("Maximum nesting level"))
    }
    let block = (0..<min(levels, 900)).map { String(repeating: " ", count: $0) + "a:\n" }.joined()
    #expect(try mistakes(block)[0].contains("more than 64 deep in each other"))
  }

  private func chain(_ count: Int, last: String) -> String {
    head + "  toy/walk: {}\n"
      + (0..<count).map { index in
        "  s\(index): {experiment: toy/mean, inputs: {walks: \(index == 0 ? last : "s\(index - 1)")}}\n"
      }.joined()
  }

  @Test("a chain of 10 000 stages is planned, each after its input")
  func chain() throws {
    let workspace = try Workspace()
    try workspace.write(chain(10_000, last: "toy/walk"), to: "pipeline.yaml")
    let project = try Project(root: workspace.path, profile: nil, catalogue: toyCatalogue())
    let plan = try Plan(project.pipeline, stages: ["s9999"], catalogue: project.catalogue)
    #expect(plan.stages.map(\.id) == ["toy/walk"] + (0..<10_000).map { "s\($0)" })
  }

  @Test("what other readers of YAML take for truth or a number is a name where a name stands; quotes make no other key")
  func names() throws {
    let workspace = try Workspace()
    let ids = ["no", "yes", "on", "off", "y", "True", "1e3", "010"]
    try workspace.write(
      head + ids.map { "  \($0): {experiment: toy/walk}\n" }.joined(), to: "pipeline.yaml")
    let project = try Project(root: workspace.path, profile: nil, catalogue: toyCatalogue())
    #expect(project.pipeline.stages.map(\.id) == ids)
    let twice = try mistakes(head + "  a: {experiment: toy/walk}\n  'a': {experiment: toy/walk}\n")
    #expect(twice.count == 1 && twice[0].contains("key 'a' is given twice"), "\(twice)")
  }

  @Test("a circle of 10 000 stages is told in a line")
  func circle() throws {
    let found = try mistakes(chain(10_000, last: "s9999"))
    #expect(found.count == 1)
    #expect(found[0].hasPrefix("pipeline.yaml:5:3: stage 's0': stages depend on each other in a circle: s0 -> s9999"))
    #expect(found[0].count < 300)
  }

  @Test("of ten thousand mistakes a hundred are reported, and how many more there are")
  func manyMistakes() throws {
    let found = try mistakes(head + (0..<10_000).map { "  stage\($0): {experiment: toy/wolk\($0), x: 1}\n" }.joined())
    #expect(found.count == 101)
    #expect(found[100].hasSuffix("more mistakes"))
  }

  @Test("names of a megabyte are refused, and cut in the message")
  func longNames() throws {
    // YAML itself has no plain key of more than 1024 signs.
    for (count, expected) in [(1000, 3), (1 << 20, 1)] {
      let name = String(repeating: "a", count: count)
      let found = try mistakes(
        head + "  \(name): {}\n  toy/walk: {parameters: {\(name): 1}, inputs: {\(name)b: \(name)}}\n")
      #expect(found.count >= expected)
      #expect(found.allSatisfy { $0.utf8.count < 8100 })
    }
  }

  @Test("devices and pipes are no files")
  func devices() throws {
    let workspace = try Workspace()
    let pipe = workspace.path + "/figures.yaml"
    #expect(mkfifo(pipe, 0o600) == 0)
    for path in ["/dev/zero", pipe] {
      let other = try Workspace()
      try FileManager.default.createSymbolicLink(atPath: other.path + "/figures.yaml", withDestinationPath: path)
      try other.write("seed: 1\nprofiles: [a]\nfigures: [figures.yaml]\nstages: {}", to: "pipeline.yaml")
      do {
        _ = try Project(root: other.path, profile: nil, catalogue: toyCatalogue())
        Issue.record("\(path) was read")
      } catch {
        #expect(ErrorMessage.text(of: error).contains("it is a device or a pipe, not a file"))
      }
    }
  }
}
