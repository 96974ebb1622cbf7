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

  @Test("objects that a repository says to lie elsewhere are not asked for: no program of its settings runs")
  func promisedObjects() throws {
    let project = try Project()
    let marker = project.workspace.path + "/ran"
    let script = """
      git init -q . && git add -A && git -c user.name=a -c user.email=a@b commit -qm x \
      && git config core.repositoryFormatVersion 1 && git config extensions.partialClone origin \
      && git config remote.origin.url "$PWD/nowhere" && git config remote.origin.promisor true \
      && git config remote.origin.uploadpack "touch \(marker); false" \
      && tree=$(git rev-parse 'HEAD^{tree}') && rm -f ".git/objects/$(echo "$tree" | cut -c1-2)/$(echo "$tree" | cut -c3-)"
      """
    let made = try runProgram("sh", ["-c", script], in: project.workspace.path)
    #expect(made.status == 0, "\(made.errors)")
    let asked = try runProgram("sh", ["-c", "git ls-tree HEAD; rm \(marker)"], in: project.workspace.path)
    #expect(asked.status == 0, "git itself runs it: \(asked.errors)")
    #expect(try project.refig("run", "-q").status == 0)
    for command in [["report"], ["crate", "crate"], ["verify", "--md", "v.md", "--diff-bounds", "HEAD"]] {
      _ = try runProgram(try productPath("refig"), command, in: project.workspace.path)
      #expect(!FileManager.default.fileExists(atPath: marker), "\(command)")
    }
  }

  @Test("the record of a run that somebody wrote sends a terminal no sign, and one from the future is over")
  func records() throws {
    let project = try Project()
    #expect(try project.refig("run", "-q").status == 0)
    let record = try #require(project.workspace.files(under: "data/runs").first { $0.hasSuffix("events.jsonl") })
    let path = "data/runs/" + record
    let run = String(record.prefix { $0 != "/" })
    let hidden = "\\u001b[2J\\u202e"
    let events = """
      {"event":"run","time":"\(hidden)","command":["refig","\(hidden)"],"profile":"\(hidden)","facts":{"host":"\(hidden)"}}
      {"event":"job","name":"\(hidden)","id":"\(hidden)","tasks":2}
      {"event":"task","task":"\(hidden)","reason":"\(hidden)"}
      {"event":"queue","running":1,"waiting":1,"reasons":["\(hidden)"]}

      """
    let end = "{\"event\":\"end\",\"status\":1,\"error\":\"\(hidden)\"}\n"
    for text in [events, events + end] {
      try project.workspace.write(text, to: path)
      let status = try project.refig("status", run)
      #expect(status.output.contains("[2J"), "\(status.output)\(status.errors)")
      for sign in ["\u{1b}", "\u{202e}"] { #expect(!(status.output + status.errors).contains(sign)) }
    }
    try project.workspace.write(events, to: path)
    try FileManager.default.setAttributes(
      [.modificationDate: Date(timeIntervalSinceNow: 1e8)], ofItemAtPath: project.workspace.path + "/" + path)
    let watched = try project.refig("watch", run)
    #expect(watched.status == 130, "\(watched.output)\(watched.errors)")
  }

  @Test("a file of refig's own that somebody made endless is written anew, and costs no memory")
  func endless() throws {
    let workspace = try Workspace()
    #expect(try runProgram(try productPath("refig"), ["new", "mine"], in: workspace.path).status == 0)
    /// Standard output and the greatest resident size in kilobytes of a command.
    func measured(_ command: String) throws -> (ProgramResult, Int) {
      let script = """
        import resource, subprocess, sys
        result = subprocess.run(sys.argv[1:], capture_output=True, text=True)
        sys.stdout.write(result.stdout + result.stderr)
        print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
        sys.exit(result.returncode)
        """
      let result = try runProgram(
        "python3", ["-c", script, try productPath("refig")] + command.split(separator: " ").map(String.init),
        in: workspace.path + "/mine")
      return (result, Int(result.output.split(separator: "\n").last ?? "") ?? .max)
    }
    #expect(try measured("run --workers 1").0.status == 0)
    for (file, command) in [
      ("data/python/refig.py", "try mine/walk"), ("figures/quick/mine/fig1.svg", "run"),
      ("figures/quick/mine/fig1.json", "report"),
    ] {
      let path = workspace.path + "/mine/" + file
      #expect(FileManager.default.fileExists(atPath: path), "\(file)")
      #expect(truncate(path, 2 << 30) == 0)
      let (result, size) = try measured(command)
      #expect(result.status == 0 && size < 400_000, "\(file): \(size) kB, \(result.output)\(result.errors)")
      let length = try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int
      #expect(try #require(length) < 1 << 20, "\(file)")
    }
    #expect(mkfifo(workspace.path + "/mine/pipe.tar", 0o600) == 0)
    let pipe = try measured("store import pipe.tar").0
    #expect(pipe.status == 6 && pipe.output.contains("it must be a file"), "\(pipe.output)")
  }

  @Test("chance is in the stages that a profile judges a claim by, whatever stages it names otherwise")
  func chanceOfProfile() throws {
    let folder = try ProgramTests.Folder(
      """
      experiments:
        mine/coin: {command: [python3, walk.py], outputs: {m: {meaning: a draw}}}
        mine/fixed: {command: [python3, walk.py], random: false, outputs: {m: {meaning: no draw}}}
        mine/summary: {command: [python3, walk.py], random: false, outputs: {m: {meaning: the mean of what it reads}}}
      stages:
        mine/coin: {replicas: 4}
        mine/fixed: {}
        sumOfFixed: {experiment: mine/summary, inputs: {up: mine/fixed}}
        sumOfCoin: {experiment: mine/summary, inputs: {up: mine/coin}}
      figures: [figures/mine.yaml]

      """,
      program: """
        import refig

        @refig.experiment
        def coin(p, rng):
            return {"m": rng.normal()}

        @refig.experiment
        def fixed(p, rng):
            return {"m": 0.5}

        @refig.experiment
        def summary(p, rng, cell):
            return {"m": cell.inputs["up"][0].arrays["m"].mean()}

        refig.main()
        """)
    func claim(_ name: String, from: String, override: String) -> String {
      "  \(name): {statement: s, source: ours, kind: observation, because: b, estimate: {mean: m}, from: [\(from)], "
        + "accept: [-2, 2]\(override)}\n"
    }
    let cheat = claim("cheat", from: "sumOfFixed", override: ", profiles: {quick: {from: [sumOfCoin]}}")
    let honest = claim("honest", from: "sumOfCoin", override: "")
    let plain = claim("plain", from: "sumOfFixed", override: "")
    for claims in [cheat + honest + plain, plain + honest + cheat] {
      try folder.workspace.write("claims:\n" + claims, to: "figures/mine.yaml")
      let result = try folder.refig("verify", "--all", "--json", "-j1")
      let json = try #require(try JSONSerialization.jsonObject(with: Data(result.output.utf8)) as? [String: Any])
      var verdicts: [String: String] = [:]
      for claim in json["claims"] as? [[String: Any]] ?? [] {
        verdicts[claim["claim"] as? String ?? ""] = claim["verdict"] as? String
      }
      #expect(
        verdicts == ["mine/plain": "confirmed", "mine/cheat": "inconclusive", "mine/honest": "inconclusive"],
        "\(result.output)\(result.errors)")
    }
  }

  @Test("a word that a spreadsheet takes for a formula stands behind an apostrophe in CSV, and as it is in JSON")
  func formulas() throws {
    let folder = try ProgramTests.Folder(
      """
      experiments:
        mine/f: {command: [python3, walk.py], parameters: {law: a, shift: 0.5}, outputs: {m: {meaning: a draw}}}
      stages:
        mine/f: {sweep: [{law: ["=1+1", "+x", "@SUM(A1)", "-1+2", "plain"]}, {shift: [-0.5]}]}

      """,
      program: """
        import refig

        @refig.experiment
        def f(p, rng):
            return {"m": -1.0}

        refig.main()
        """)
    #expect(try folder.refig("run", "-j1").status == 0)
    let rows = try folder.refig("data", "mine/f", "--csv").output.split(separator: "\n").dropFirst()
    #expect(Set(rows.map { $0.prefix { $0 != "," } }) == ["'=1+1", "'+x", "'@SUM(A1)", "'-1+2", "plain"])
    #expect(rows.allSatisfy { $0.contains(",-0.5,0,-1.0") }, "\(rows)")
    #expect(try folder.refig("data", "mine/f", "--json").output.contains("\"=1+1\""))
  }
}
