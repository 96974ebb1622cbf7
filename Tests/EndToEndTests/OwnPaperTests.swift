import Foundation
import TestSupport
import Testing

/// Papers that are no part of this repository: what `refig new` makes, and the examples.
@Suite struct OwnPaperTests {
  private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()

  private static func refig(_ arguments: [String], in folder: String) throws -> ProgramResult {
    try runProgram(try productPath("refig"), arguments, in: folder)
  }

  @Test("docs/own-paper.md: its commands do what it says")
  func walk() throws {
    let page = try String(contentsOf: Self.root.appending(path: "docs/own-paper.md"), encoding: .utf8)
    let commands = try #require(page.firstMatch(of: /```sh\n([^`]*)```/)).1.split(separator: "\n").map(String.init)
    #expect(commands.count == 5)
    let workspace = try Workspace()
    var folder = workspace.path
    for command in commands {
      let words = command.split(separator: " ").map(String.init)
      if words[0] == "cd" {
        folder += "/" + words[1]
        continue
      }
      let result = try Self.refig(Array(words.dropFirst()), in: folder)
      #expect(result.status == 0, "\(command): \(result.output)\(result.errors)")
    }
    let drawn = workspace.files(under: "mypaper/figures/quick/mypaper")
    #expect(drawn.contains("fig1.svg") && drawn.contains("fig1.pdf"))
    #expect(try Self.refig(["run"], in: folder).output.contains("20 cached, 0 computed"))

    // The page's own code and claim are those of the project.
    let code = try #require(page.firstMatch(of: /```python\n([^`]*)```/)).1
    func words(_ text: some StringProtocol) -> String {
      text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    }
    let docstring = "    \"\"\"A random walk of p.steps normal steps. rng: the random numbers of this replica.\"\"\"\n"
    let own = try workspace.read("mypaper/walk.py").replacing(docstring, with: "")
    #expect(words(code) == words(own))
    let claim = try #require(page.firstMatch(of: /```yaml\n([^`]*)```/)).1
    #expect(try workspace.read("mypaper/figures/mypaper.yaml").contains(claim))

    // As the page says under "What is computed", from a folder below.
    let pipeline = try workspace.read("mypaper/pipeline.yaml")
    try workspace.write(pipeline.replacing("128, 256]", with: "128, 256, 512]"), to: "mypaper/pipeline.yaml")
    let dry = try Self.refig(["run", "--dry"], in: folder + "/figures")
    #expect(dry.output.contains("4 of 24 cells would run"), "\(dry.output)\(dry.errors)")
    let again = try Self.refig(["new", "mypaper"], in: workspace.path)
    #expect(again.status == 2 && again.errors.contains("is there already"))
    #expect(try Self.refig(["new", "../mine"], in: workspace.path).status == 2)
  }

  @Test("a project in C, and the same in Perl, run, are confirmed and notice their mistake")
  func languages() throws {
    let workspace = try Workspace()
    #expect(try Self.refig(["new", "mine", "--c"], in: workspace.path).status == 0)
    let folder = workspace.path + "/mine"
    func check() throws {
      let verify = try Self.refig(["verify"], in: folder)
      #expect(verify.status == 0, "\(verify.output)\(verify.errors)")
      let mutate = try Self.refig(["mutate"], in: folder)
      #expect(mutate.status == 0 && mutate.output.contains("1 of 1 deliberate mistakes noticed"), "\(mutate.output)")
    }
    try check()
    try FileManager.default.copyItem(
      at: Self.root.appending(path: "docs/examples/walk/walk.pl"), to: URL(fileURLWithPath: folder + "/walk.pl"))
    let pipeline = try workspace.read("mine/pipeline.yaml")
    try workspace.write(
      pipeline.replacing(/command: .*\n/, with: "command: [perl, walk.pl]\n").replacing(
        "    sources: [walk.c, Makefile]\n", with: ""
      )
      .replacing("[[cc, --version]]", with: "[[perl, -v]]"), to: "mine/pipeline.yaml")
    let explained = try Self.refig(["explain", "mine/walk"], in: folder)
    #expect(explained.output.contains("[\"perl\", \"walk.pl\"]"), "\(explained.output)")
    try check()
    let refused = try Self.refig(["try", "mine/walk", "--set", "steps=0"], in: folder)
    #expect(refused.status == 2 && refused.errors.contains("steps must be at least 1"), "\(refused.errors)")
  }

  @Test("the example of the spectral method: three claims, two mistakes, at most 150 lines of Python")
  func spectral() throws {
    let workspace = try Workspace()
    let folder = workspace.path + "/spectral"
    try FileManager.default.copyItem(
      at: Self.root.appending(path: "docs/examples/spectral"), to: URL(fileURLWithPath: folder))
    #expect(
      try workspace.read("spectral/spectral.py").split(separator: "\n", omittingEmptySubsequences: false).count <= 150)
    let limit = try Self.refig(["run", "spectral/limit"], in: folder)
    #expect(limit.status == 0, "\(limit.errors)")
    let rows = try Self.refig(["data", "spectral/limit", "--csv"], in: folder).output.split(separator: "\n").dropFirst()
      .map { $0.split(separator: ",").compactMap { Double($0) } }
    // Nothing below 1/2, and monotone above: the threshold of weak recovery.
    #expect(rows.allSatisfy { ($0[0] > 0.5 + 1e-9) == ($0[2] > 0) }, "\(rows)")
    #expect(zip(rows, rows.dropFirst()).allSatisfy { $0[2] <= $1[2] })
    let claims = try Self.refig(["mutate", "--dry"], in: folder)
    #expect(claims.status == 0 && claims.output.contains("half-of-the-samples"), "\(claims.output)\(claims.errors)")
  }
}
