import Foundation
import TestSupport
import Testing

/// What files of others can make the program do.
@Suite struct HostileInputTests {
  @Test("signs that a terminal obeys are shown, not sent, wherever they stand in a file")
  func terminal() throws {
    let project = try Project()
    let hidden = "\u{1b}]0;title\u{7}\u{202e}\u{9b}31m"
    for text in [
      "seed: \"\(hidden)\"\n", "\"\(hidden)\": 3\n", "seed: 3\nprofiles: [\"\(hidden)\"]\n",
      "seed: 3\nx: !!\(hidden)\n",
      "seed: 3\nprofiles: [quick]\nstages: {a: {experiment: \"\(hidden)\"}}\n", "# \(hidden)\nseed: [\n",
    ] {
      try project.workspace.write(text, to: "pipeline.yaml")
      let result = try project.refig("status")
      #expect(result.status == 2, "\(text.debugDescription)")
      for sign in ["\u{1b}", "\u{7}", "\u{202e}", "\u{9b}"] { #expect(!(result.errors + result.output).contains(sign)) }
    }
    let result = try Project().refig("show", hidden, "--project", "no\u{1b}[31m")
    #expect(!result.errors.contains("\u{1b}"))
  }

  @Test(
    "what ends a section of XML, in a label, caption or statement, breaks no picture, page, crate or list of verdicts")
  func endOfSection() throws {
    let hostile = "]]> --> <![CDATA["
    let project = try Project(
      figures: Project.figures.replacing("{label: n}", with: "{label: '\(hostile)'}")
        .replacing("caption: Probability", with: "caption: '\(hostile) Probability")
        .replacing("only zero.\n    source: \"Fig. 1\"", with: "only zero.'\n    source: \"Fig. 1\"")
        .replacing("statement: With d(d+1)/2", with: "statement: '\(hostile) With d(d+1)/2")
        .replacing("always the only zero.\n", with: "always the only zero.'\n"))
    for command in [["run", "-q"], ["verify", "-q", "--junit", "v.xml"], ["report"], ["crate", "crate"]] {
      let result = try runProgram(try productPath("refig"), command, in: project.workspace.path)
      #expect(result.status == 0, "\(command): \(result.errors)")
    }
    let parse = """
      import json, sys, xml.dom.minidom
      for path in sys.argv[1:]:
          text = open(path).read()
          json.loads(text) if path.endswith("json") else xml.dom.minidom.parseString(text)
      """
    let result = try runProgram(
      "python3",
      [
        "-c", parse, "figures/quick/demo/thresholds.svg", "v.xml",
        "crate/ro-crate-metadata.json", "crate/report/verdicts.json", "crate/report/figures/demo/thresholds.svg",
      ], in: project.workspace.path)
    #expect(result.status == 0, "\(result.errors)")
    let page = try project.workspace.read("report/quick/index.html")
    #expect(page.contains("]]&gt; --&gt; &lt;![CDATA["))
    #expect(!page.contains(hostile))
  }

  @Test("a style file that could run programs is refused with its line; --trust runs it")
  func style() throws {
    let project = try Project()
    let style = try project.workspace.read("figures/style.gp")
    let marker = project.workspace.path + "/ran"
    try project.workspace.write(style + "system 'touch \(marker)'\n", to: "figures/style.gp")
    let refused = try project.refig("run", "-q")
    #expect(refused.status == 2)
    #expect(
      refused.errors.contains(
        "style.gp:\(style.split(separator: "\n", omittingEmptySubsequences: false).count):1: 'system'"))
    #expect(!FileManager.default.fileExists(atPath: marker))
    #expect(try project.refig("run", "-q", "--trust").status == 0)
    #expect(FileManager.default.fileExists(atPath: marker))
  }

  /// A project in a repository whose own settings name programs, with a changed file.
  private func repository() throws -> (project: Project, marker: String) {
    let project = try Project()
    let marker = project.workspace.path + "/ran"
    try project.workspace.write("#!/bin/sh\ntouch \(marker)\ncat\n", to: "program")
    try project.workspace.write(
      "pipeline.yaml filter=own\nfigures/demo.yaml filter=a=b\nfigures/style.gp filter=near\n", to: ".gitattributes")
    let script = """
      chmod +x program; mkdir hooks; git init -q . && git add -A \
      && git -c user.name=a -c user.email=a@b commit -qm x && cp program hooks/post-index-change \
      && git config core.fsmonitor "$PWD/program" && git config core.hooksPath "$PWD/hooks" \
      && git config filter.own.clean "$PWD/program" && git config filter.own.process "$PWD/program" \
      && git config filter.a=b.clean "$PWD/program" && git config extensions.worktreeConfig true \
      && git config --worktree filter.near.clean "$PWD/program" \
      && git config core.pager "$PWD/program" && touch pipeline.yaml figures/demo.yaml figures/style.gp
      """
    let made = try runProgram("sh", ["-c", script], in: project.workspace.path)
    #expect(made.status == 0, "\(made.errors)")
    return (project, marker)
  }

  @Test("no program that a repository's own settings name is run; commit and changes are recorded")
  func git() throws {
    let (project, marker) = try repository()
    #expect(try project.refig("run", "-q").status == 0)
    #expect(try project.refig("verify", "-q", "--md", "v.md", "--diff-bounds", "HEAD").status == 0)
    #expect(try project.refig("crate", "crate").status == 0)
    #expect(!FileManager.default.fileExists(atPath: marker))
    let record = try #require(project.workspace.files(under: "data/runs").first { $0.hasSuffix("events.jsonl") })
    let events = try project.workspace.read("data/runs/" + record)
    #expect(events.contains("\"commit\":\""))
    #expect(project.workspace.files(under: "crate").contains("source.tar"))
  }

  @Test("where git refuses, its reason is said and recorded, and nothing passes for no repository")
  func gitRefuses() throws {
    let (project, _) = try repository()
    // What git does for a repository of another user.
    let environment = ["GIT_TEST_ASSUME_DIFFERENT_OWNER": "1", "HOME": project.workspace.path]
    let run = try project.refig("run", "-q", environment: environment)
    #expect(run.status == 0)
    #expect(run.errors.contains("dubious ownership"))
    let crate = try project.refig("crate", "crate", environment: environment)
    #expect(crate.status == 0, "\(crate.errors)")
    let readme = try project.workspace.read("crate/README.md")
    #expect(readme.contains("dubious ownership") && !readme.contains("not a git checkout"))
    let verify = try project.refig("verify", "-q", "--md", "v.md", "--diff-bounds", "HEAD", environment: environment)
    #expect(verify.status == 2)
    #expect(verify.errors.contains("dubious ownership"))
    let unknown = try project.refig("verify", "-q", "--md", "v.md", "--diff-bounds", "nowhere")
    #expect(unknown.status == 2 && unknown.errors.contains("must be a revision git knows here: fatal: "))
    #expect(try project.refig("verify", "-q", "--md", "v.md", "--diff-bounds", "HEAD:figures").status == 2)
  }
}
