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

  private static func expectSuccess(_ commands: [String], in folder: String) throws {
    for command in commands {
      let result = try refig([command], in: folder)
      #expect(result.status == 0, "\(command): \(result.output)\(result.errors)")
    }
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
    #expect(try !workspace.read("mypaper/.gitignore").contains("/walk"))
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

  @Test("docs/own-paper.md: the file that h5py makes is what its experiment is given")
  func dataFile() throws {
    let page = try String(contentsOf: Self.root.appending(path: "docs/own-paper.md"), encoding: .utf8)
    let section = try #require(page.components(separatedBy: "## Data from elsewhere").last)
    let blocks = section.matches(of: /```(?:python|yaml)\n([^`]*)```/).map { String($0.1) }
    try #require(blocks.count == 3)
    let workspace = try Workspace()
    try workspace.write(blocks[0], to: "data/make_heights.py")
    let made = try runProgram("/usr/bin/python3", ["data/make_heights.py"], in: workspace.path)
    #expect(made.status == 0, "\(made.errors)")
    let digest = try runProgram("sha256sum", ["data/heights.h5"], in: workspace.path).output.prefix(64)
    try workspace.write(
      "seed: 1\nprofiles: [quick]\n" + blocks[1].replacing("DIGEST", with: digest), to: "pipeline.yaml")
    try workspace.write(blocks[2], to: "resampled.py")
    try Self.expectSuccess(["run"], in: workspace.path)
    let means = try Self.refig(["data", "mypaper/resampled", "--csv"], in: workspace.path).output.split(separator: "\n")
      .dropFirst().compactMap { $0.split(separator: ",").last.flatMap { Double($0) } }
    #expect(means.count == 100 && Set(means).count > 30 && means.allSatisfy { (164.5...182).contains($0) }, "\(means)")
    let tried = try Self.refig(["try", "mypaper/resampled", "--stage", "mypaper/resampled"], in: workspace.path)
    #expect(tried.status == 0 && tried.output.contains("mean = 1"), "\(tried.output)\(tried.errors)")

    // A crate takes the file along, so that its cells can be computed again where it is unpacked.
    let crate = try Self.refig(["crate", "crate"], in: workspace.path)
    #expect(crate.status == 0, "\(crate.errors)")
    let unpacked = workspace.path + "/crate"
    func audit() throws -> ProgramResult { try Self.refig(["store", "audit", "--sample", "2"], in: unpacked) }
    try #require(try Self.refig(["store", "import", "cells.tar"], in: unpacked).status == 0)
    let audited = try audit()
    #expect(audited.status == 0 && audited.output.contains("2 cells computed again, 0 differ"), "\(audited.errors)")

    // Without the file, what needs it is refused with what to do, and the rest goes on.
    try FileManager.default.removeItem(atPath: unpacked + "/data/heights.h5")
    let advice = "data file 'data/heights.h5' is not there; put the file with the SHA-256 \(digest)"
    let refused = try audit()
    #expect(refused.status == 3 && refused.errors.contains(advice), "\(refused.status): \(refused.errors)")
    #expect(!(refused.output + refused.errors).contains("damaged"), "\(refused.errors)")
    try workspace.write(
      workspace.read("crate/pipeline.yaml").replacing(
        "replicas: 100", with: "replicas: 100\n  mypaper/more: {experiment: mypaper/chance}"
      )
      .replacing("seed: 1", with: "seed: 2").replacing(
        "stages:", with: "  mypaper/chance: {command: [python3, chance.py], outputs: {one: {meaning: one}}}\nstages:"),
      to: "crate/pipeline.yaml")
    try workspace.write(
      "import refig\n@refig.experiment\ndef chance(p, rng):\n    return {'one': rng.random()}\nrefig.main()\n",
      to: "crate/chance.py")
    let run = try Self.refig(["run", "-q"], in: unpacked)
    #expect(run.status == 3 && run.errors.contains(advice), "\(run.errors)")
    #expect(run.errors.components(separatedBy: advice).count == 2, "once, not for each cell: \(run.errors)")
    let status = try Self.refig(["status"], in: unpacked).output.split(whereSeparator: \.isWhitespace).joined(
      separator: " ")
    #expect(status.contains("mypaper/more 1 of 1 cell") && status.contains(advice), "\(status)")
  }

  @Test("one mistake is one message: what follows from it is not told")
  func oneMistake() throws {
    let workspace = try Workspace()
    try #require(try Self.refig(["new", "mine"], in: workspace.path).status == 0)
    for (file, right, wrong, told) in [
      ("figures/mine.yaml", "{slope:", "{slopp:", "unknown key 'slopp'; did you mean 'slope'?"),
      ("pipeline.yaml", "experiments:", "experments:", "unknown key 'experments'; did you mean 'experiments'?"),
      ("pipeline.yaml", "stages:", "stags:", "unknown key 'stags'; did you mean 'stages'?"),
      ("pipeline.yaml", "  mine/walk:\n    command", "  walk:\n    command", "as in lu2020/walk"),
    ] {
      let text = try workspace.read("mine/" + file)
      try workspace.write(text.replacing(right, with: wrong), to: "mine/" + file)
      let result = try Self.refig(["status"], in: workspace.path + "/mine")
      #expect(result.status == 2 && result.errors.contains(told), "\(result.errors)")
      #expect(result.errors.split(separator: "\n").count == 1, "\(result.errors)")
      try workspace.write(text, to: "mine/" + file)
    }
  }

  @Test("a claim or a series of no stages, and a claim for no profile, is refused with its place")
  func emptyNames() throws {
    let workspace = try Workspace()
    try #require(try Self.refig(["new", "mine"], in: workspace.path).status == 0)
    let text = try workspace.read("mine/figures/mine.yaml")
    for (right, wrong, key) in [
      ("    from: [mine/walk]", "    from: []", "from"), ("    accept:", "    only: []\n    accept:", "only"),
      ("table: mine/walk, from: [mine/walk]", "table: mine/walk, from: []", "from"),
    ] {
      #expect(text.contains(right))
      try workspace.write(text.replacing(right, with: wrong), to: "mine/figures/mine.yaml")
      let result = try Self.refig(["status"], in: workspace.path + "/mine")
      let refusal = try Regex("mine\\.yaml:\\d+:\\d+: .*'\(key)' .*one name or more")
      #expect(try result.status == 2 && refusal.firstMatch(in: result.errors) != nil, "\(result.errors)")
    }
  }

  @Test("a figure of points that are there is whole, whatever became of others; a verdict without a number is one")
  func partOfAStage() throws {
    let workspace = try Workspace()
    try #require(try Self.refig(["new", "mine"], in: workspace.path).status == 0)
    let folder = workspace.path + "/mine"
    try workspace.write(
      workspace.read("mine/walk.py").replacing(
        "    bias =", with: "    if p.law == 'odd':\n        import os\n        os._exit(3)\n    bias ="),
      to: "mine/walk.py")
    try workspace.write(
      workspace.read("mine/pipeline.yaml").replacing("{steps: 16}", with: "{steps: 16, law: normal}")
        .replacing("256]}]", with: "256]}, {law: [normal, odd]}]"), to: "mine/pipeline.yaml")
    let text = try workspace.read("mine/figures/mine.yaml")
    try workspace.write(
      text.replacing("from: [mine/walk], draw", with: "from: [mine/walk], where: {law: normal}, draw")
        .replacing("    accept:", with: "    where: {law: normal}\n    expect: inconclusive\n    accept:")
        .replacing(
          "{slope: {of: squaredDistance, against: steps, scale: log}}",
          with: "{crossing: {of: squaredDistance, against: steps, level: -1}}"),
      to: "mine/figures/mine.yaml")
    #expect(try Self.refig(["run", "-q"], in: folder).status == 3)
    #expect(try Self.refig(["graph"], in: folder).output.contains("figure fig:mine/fig1  ready"))
    #expect(try Self.refig(["report"], in: folder).status == 0)
    #expect(try !workspace.read("mine/report/quick/index.html").contains("No picture"))
    // No square is negative: the verdict stands in refig.tex without a number.
    let told = try Self.refig(["tex"], in: folder)
    #expect(told.status == 0 && told.output.contains("1 claim"), "\(told.output)\(told.errors)")
    let macros = try workspace.read("mine/refig.tex")
    #expect(macros.contains("refig@verdict@mine/diffusion\\endcsname{inconclusive}"), "\(macros)")
    #expect(macros.contains("refig@value@mine/diffusion\\endcsname{\\textendash{}}"), "\(macros)")
  }

  @Test("all files among a program's sources are shown, the command's own first; what is no text is not")
  func sources() throws {
    let workspace = try Workspace()
    try #require(try Self.refig(["new", "mine"], in: workspace.path).status == 0)
    let folder = workspace.path + "/mine"
    try workspace.write("step = 1\n", to: "mine/before.py")
    try workspace.write([0xff, 0, 1], to: "mine/zeros.bin")
    try workspace.write("import before\n" + workspace.read("mine/walk.py"), to: "mine/walk.py")
    try workspace.write(
      workspace.read("mine/pipeline.yaml").replacing(
        "walk.py]\n", with: "./walk.py]\n    sources: [zeros.bin, before.py]\n"), to: "mine/pipeline.yaml")
    try Self.expectSuccess(["run", "report"], in: folder)
    let shown = try Self.refig(["show", "fig:mine/fig1"], in: folder).output
    #expect(shown.contains("experiment mine/walk in walk.py, before.py, zeros.bin;"), "\(shown)")
    let page = try workspace.read("mine/report/quick/index.html")
    let places = ["walk.py", "before.py", "zeros.bin"].compactMap { page.range(of: "id=code:\($0)>")?.lowerBound }
    #expect(places.count == 3 && places == places.sorted())
    #expect(page.contains("def walk(p, rng, cell):") && page.contains("step = 1"))
    #expect(page.contains("not shown: 3 bytes"))
    for file in ["walk.py", "before.py"] { #expect(page.contains("href=#code:\(file)>"), "\(file)") }
  }

  @Test("what running a new project makes is not for git, and without a commit the record says what is missing")
  func underGit() throws {
    let workspace = try Workspace()
    let made = try Self.refig(["new", "mine"], in: workspace.path)
    let page = try #require(made.output.firstMatch(of: /\S+own-paper\.md/)).0
    #expect(FileManager.default.fileExists(atPath: String(page)), "\(page)")
    let doctor = try Self.refig(["doctor"], in: workspace.path).output
    #expect(doctor.contains(page.dropLast("/own-paper.md".count)), "\(doctor)")
    #expect(try !workspace.read("mine/.github/workflows/verify.yml").contains("pip install refig"))
    let folder = workspace.path + "/mine"
    func git(_ arguments: String...) throws -> ProgramResult {
      try runProgram("git", ["-c", "user.name=n", "-c", "user.email=n@example.org"] + arguments, in: folder)
    }
    #expect(try git("init", "-q").status == 0)
    let run = try Self.refig(["run"], in: folder)
    #expect(
      run.status == 0 && run.errors.contains("the record names no commit, as the repository has none yet"),
      "\(run.errors)")
    #expect(!run.errors.contains("fatal"), "\(run.errors)")
    #expect(try git("add", "--all").status == 0)
    let staged = try git("diff", "--cached", "--name-only").output.split(separator: "\n")
    #expect(
      Set(staged) == [
        ".github/workflows/verify.yml", ".gitignore", "CITATION.cff", "README.md", "figures/mine.yaml",
        "figures/style.gp",
        "pipeline.yaml", "walk.py",
      ], "\(staged)")
    #expect(try git("commit", "-q", "-m", "Begin").status == 0)
    try Self.expectSuccess(["verify", "mutate", "report", "run"], in: folder)
    #expect(try git("status", "--porcelain").output.isEmpty)
  }

  @Test("a project in C runs, is confirmed and notices its mistake")
  func languages() throws {
    let workspace = try Workspace()
    #expect(try Self.refig(["new", "mine", "--c"], in: workspace.path).status == 0)
    try Self.check(workspace.path + "/mine")
  }

  @Test("the example in Perl, R and C runs, is confirmed and notices its mistake")
  func walks() throws {
    let workspace = try Workspace()
    let folder = workspace.path + "/walk"
    // A link among them stands for its file.
    let example = Self.root.appending(path: "docs/examples/walk").path
    #expect(try runProgram("cp", ["-rL", example, folder], in: workspace.path).status == 0)
    let command = try #require(try workspace.read("walk/pipeline.yaml").firstMatch(of: /`(cc [^`]*)`/)).1
    #expect(try runProgram("sh", ["-c", String(command)], in: folder).status == 0)
    try Self.check(folder)
    for language in ["perl", "r", "c"] {
      let refused = try Self.refig(["try", "walk/\(language)", "--set", "steps=0"], in: folder)
      #expect(refused.status == 3 && refused.errors.contains("steps must be at least 1"), "\(refused.errors)")
    }
  }

  /// Its claims are confirmed and its mistake noticed.
  private static func check(_ folder: String) throws {
    let verify = try refig(["verify"], in: folder)
    #expect(verify.status == 0, "\(verify.output)\(verify.errors)")
    let mutate = try refig(["mutate"], in: folder)
    #expect(
      mutate.status == 0 && mutate.output.contains("1 of 1 deliberate mistakes noticed"), "\(mutate.output)")
  }

  @Test("the example in Ruby: a law of queues, failures, and an experiment that reads the results of another")
  func queue() throws {
    let workspace = try Workspace()
    let folder = workspace.path + "/queue"
    try FileManager.default.copyItem(
      at: Self.root.appending(path: "docs/examples/queue"), to: URL(fileURLWithPath: folder))
    #expect(try workspace.read("queue/queue.rb").split(separator: "\n", omittingEmptySubsequences: false).count <= 60)
    func rows(_ stage: String, _ output: String...) throws -> [[Double]] {
      let result = try Self.refig(["data", stage, "--csv"] + output.flatMap { ["--output", $0] }, in: folder)
      #expect(result.status == 0, "\(result.errors)")
      return result.output.split(separator: "\n").dropFirst().map { $0.split(separator: ",").compactMap { Double($0) } }
    }
    // Replica, load, mean: of two hundred customers, who find the server idle at first.
    let means = try rows("queue/summary")
    #expect(means.map { $0[1] } == [0.25, 0.5, 0.75])
    for row in means.prefix(2) { expectClose(row[2], row[1] / (1 - row[1]), relative: 0.15) }
    let waits = try rows("queue/waiting", "meanWait")
    #expect(waits.count == 180)
    for row in means {
      let own = waits.filter { $0.contains(row[1]) }.compactMap(\.last)
      expectClose(row[2], own.reduce(0, +) / Double(own.count), relative: 1e-12)
    }
    let tried = try Self.refig(["try", "queue/summary", "--stage", "queue/summary", "--json"], in: folder)
    #expect(tried.output.contains("\(means[2][2])"), "\(tried.output)\(tried.errors)")
    let other = try Self.refig(["try", "queue/summary", "--stage", "queue/waiting"], in: folder)
    #expect(other.status == 2 && other.errors.contains("stages that run queue/summary are queue/summary"))

    try workspace.write(
      workspace.read("queue/pipeline.yaml").replacing("room: 40.0", with: "room: 8.0"), to: "queue/pipeline.yaml")
    let crowded = try Self.refig(["run"], in: folder)
    #expect(crowded.status == 0 && crowded.errors.contains("replicas failed:"), "\(crowded.errors)")
    let kept = try rows("queue/waiting", "meanWait")
    #expect(kept.count < 180)
    let least = kept.filter { $0.contains(0.75) }.compactMap(\.last)
    expectClose(try rows("queue/summary")[2][2], least.reduce(0, +) / Double(least.count), relative: 1e-12)
  }

  @Test("docs/yaml.md names every key that the readers accept, and its project and its sweep are what it says")
  func reference() throws {
    let page = try String(contentsOf: Self.root.appending(path: "docs/yaml.md"), encoding: .utf8)
    let blocks = page.matches(of: /```(?:python|yaml)\n((?:.*\n)*?)```/).map { String($0.1) }
    try #require(blocks.count == 5)
    let workspace = try Workspace()
    for (name, text) in zip(["drunkard.py", "pipeline.yaml", "figures/drunkard.yaml"], blocks) {
      try workspace.write(text, to: name)
    }
    try Self.expectSuccess(["run", "verify", "mutate"], in: workspace.path)
    // Each table behind a figure has the name that the figure file gives it, and a short one.
    func table(_ name: String) throws -> ProgramResult {
      try Self.refig(["data", "fig:drunkard/approach", "--table", name], in: workspace.path)
    }
    for full in ["drunkard/limit", "drunkard/position", "drunkard/position/step"] {
      let (short, long) = (try table(String(full.split(separator: "/").last ?? "")), try table(full))
      #expect(short.status == 0 && short.output == long.output, "\(full): \(short.errors)\(long.errors)")
    }
    let unknown = try table("drunkard/none")
    #expect(unknown.status == 2 && unknown.errors.contains("one of step, limit, position"), "\(unknown.errors)")
    // It has no look of its own; the standard one is a file as others are.
    let drawn = try workspace.read("figures/quick/drunkard/approach.svg")
    let style = try String(contentsOf: Self.root.appending(path: "figures/style.gp"), encoding: .utf8)
    try workspace.write(style, to: "figures/style.gp")
    #expect(try Self.refig(["run"], in: workspace.path).output.contains("1 figure: 0 drawn"))
    try workspace.write(style.replacing("#0072b2", with: "#0072b3"), to: "figures/style.gp")
    #expect(try Self.refig(["run"], in: workspace.path).output.contains("1 figure: 1 drawn"))
    #expect(try workspace.read("figures/quick/drunkard/approach.svg") != drawn)
    try workspace.write("font: {family: DejaVu Serif}\n" + blocks[2], to: "figures/drunkard.yaml")
    #expect(try Self.refig(["run"], in: workspace.path).output.contains("1 figure: 1 drawn"))
    #expect(try workspace.read("figures/quick/drunkard/approach.svg").contains("font-family=\"DejaVu Serif\""))
    try workspace.write("font: {family: \"DejaVu', 'Serif\"}\n" + blocks[2], to: "figures/drunkard.yaml")
    let refused = try Self.refig(["run"], in: workspace.path)
    #expect(refused.status == 2 && refused.errors.contains("figures/drunkard.yaml:1:16"), "\(refused.errors)")
    // The page's other figure and claims, with facets.
    try workspace.write(blocks[4], to: "figures/drunkard.yaml")
    try Self.expectSuccess(["run", "verify", "mutate"], in: workspace.path)
    let panels = try workspace.read("figures/quick/drunkard/laws.gp").matches(of: /(\w+) steps, pull (0.\d+)/)
    #expect(
      panels.map { "\($0.1) \($0.2)" } == ["normal 0.25", "normal 0.75", "signs 0.25", "signs 0.75"])
    let verdicts = try Self.refig(["verify"], in: workspace.path).output
    #expect(verdicts.contains("2 claims: 2 confirmed"), "\(verdicts)")
    try workspace.write(blocks[2], to: "figures/drunkard.yaml")
    #expect(try Self.refig(["run", "--profile", "paper", "--dry"], in: workspace.path).status == 0)
    // The page's other sweep, with as many points more as no claim of the page expects.
    let sweep = blocks[3].split(separator: "\n").map { "    \($0)\n" }.joined()
    try workspace.write(
      blocks[1].replacing(#/    sweep:\n(?:      - .*\n)+/#, with: sweep).replacing(#/figures: .*\n/#, with: ""),
      to: "pipeline.yaml")
    let dry = try Self.refig(["run", "drunkard/position", "--dry"], in: workspace.path)
    #expect(dry.output.contains("of 36 cells would run"), "\(dry.output)\(dry.errors)")  // 3 × 3 points in 4 cells each

    let spans = page.matches(of: /`([^`\n]+)`/).flatMap { $0.1.matches(of: /\w+/).map { String($0.0) } }
    var keys: Set<String> = []
    for file in [
      "Pipeline/PipelineFile", "Pipeline/ExperimentReader", "Pipeline/StageReader", "Pipeline/SweepReader",
      "Pipeline/SlurmSettings", "Figures/FigureFile", "Claims/Claim", "Claims/EstimateReader", "Reports/Project",
    ] {
      let code = try String(contentsOf: Self.root.appending(path: "Sources/\(file).swift"), encoding: .utf8)
      let lists = code.matches(
        of: /(?:[kK]eys|kinds|ranges|overridable) \+?= (\[[^\]]*\])|(?:allowing|and): (\[[^\]]*\])/)
      let found = lists.flatMap { ($0.1 ?? $0.2 ?? "").matches(of: /"(\w+)"/).map { String($0.1) } }
      #expect(!found.isEmpty, "\(file) has no list of keys")
      keys.formUnion(found)
    }
    #expect(keys.count > 85)
    #expect(keys.subtracting(spans).isEmpty, "the page does not name \(keys.subtracting(spans).sorted())")
  }

  @Test("refig new --swift puts a paper into refig's own sources and changes nothing else there")
  func compiled() throws {
    let workspace = try Workspace()
    let article = "Sources/Pipeline/Pipeline.docc/AddingAPaper.md"
    let lists = ["Package.swift", "Sources/Papers/AllPapers.swift", "pipeline.yaml", "Tests/EndToEndTests/digests.txt"]
    var before: [String: String] = [:]
    for file in lists + [article] {
      before[file] = try String(contentsOf: Self.root.appending(path: file), encoding: .utf8)
      try workspace.write(before[file] ?? "", to: file)
    }
    let made = try Self.refig(["new", "lu2020", "--swift"], in: workspace.path + "/Sources/Papers")
    #expect(made.status == 0, "\(made.errors)")
    let own = [
      "Sources/Papers/Lu2020/SampleMean.swift", "Sources/Papers/Lu2020/Lu2020.swift",
      "Tests/PapersTests/Lu2020Tests/SampleMeanTests.swift", "figures/lu2020.yaml",
    ]
    let files = workspace.files(under: "").filter { $0.contains(/\.(swift|yaml|txt|md)$/) }
    #expect(Set(files) == Set(lists + own + [article]))
    for file in own {
      #expect(try workspace.read(file).contains(/[Ll]u2020/) && !workspace.read(file).contains("mith2027"))
    }
    // What is new in the lists, and that the rest is as it was.
    let added = [
      [", \"Lu2020\""], ["private import Lu2020\n", "  lu2020,\n"],
      [
        "  - figures/lu2020.yaml\n",
        "  lu2020/sample-mean: {sweep: [{sampleCount: {logspace: [10, 1000, 3]}}], replicas: 2000}\n",
      ],
      [String(repeating: "0", count: 64) + "  lu2020/sample-mean {sampleCount: 10}\n"],
    ]
    for (file, parts) in zip(lists, added) {
      var rest = try workspace.read(file)
      for part in parts {
        #expect(rest.contains(part), "\(file)")
        rest = rest.replacing(part, with: "")
      }
      #expect(rest == before[file], "\(file)")
    }
    let imports = try workspace.read(lists[1]).matches(of: /import (\w+)/).map { String($0.1) }
    #expect(imports == imports.sorted())

    for (key, reason) in [("lu2020", "is there already"), ("store", "is there already"), ("lu-2020", "small letters")] {
      try workspace.write("", to: "Sources/Store/Store.swift")
      let again = try Self.refig(["new", key, "--swift"], in: workspace.path)
      #expect(again.status == 2 && again.errors.contains(reason), "\(again.errors)")
    }
    let empty = try Workspace()
    let elsewhere = try Self.refig(["new", "lu2020", "--swift"], in: empty.path)
    #expect(elsewhere.status == 2 && elsewhere.errors.contains("which are not here"), "\(elsewhere.errors)")
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
    try Self.expectSuccess(["run", "verify", "mutate"], in: folder)
  }

  @Test("the README's ten lines are a whole experiment")
  func lines() throws {
    let page = try String(contentsOf: Self.root.appending(path: "README.md"), encoding: .utf8)
    let code = try #require(page.firstMatch(of: /```python\n([^`]*)```/)).1
    #expect(code.split(separator: "\n", omittingEmptySubsequences: false).count <= 11)
    let workspace = try Workspace()
    try workspace.write(String(code), to: "walk.py")
    try workspace.write(
      """
      seed: 1
      profiles: [quick]
      experiments:
        my/walk:
          command: [python3, walk.py]
          parameters: {drift: 3.0, steps: 100}
          outputs: {squaredDistance: {meaning: squared distance}}
      stages:
        my/walk: {replicas: 20}

      """, to: "pipeline.yaml")
    let rows = try Self.refig(["data", "my/walk", "--csv"], in: workspace.path).output.split(separator: "\n")
      .dropFirst()
    let distances = rows.compactMap { $0.split(separator: ",").last.flatMap { Double($0) } }
    // 300 ± 10, squared.
    #expect(
      distances.count == 20 && Set(distances).count == 20
        && distances.allSatisfy { (250 * 250...350 * 350).contains($0) })
  }
}
