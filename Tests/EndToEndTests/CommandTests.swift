import Foundation
import TestSupport
import Testing

/// The program on small projects of its own, as a user would run it.
struct Project {
  let workspace: Workspace
  static let stages = """
      sarao2020/population-flow: {sweep: [{teacherWidth: [1, 2]}], parameters: {inputDimension: 6}}
      sarao2020/uniqueness:
        parameters: {inputDimension: 4}
        sweep: [{sampleCount: {range: [5, 10]}}]
        replicas: {count: 40, perCell: 20}
    """
  static let figures = """
    figures:
      thresholds:
        caption: Probability that the teacher is the only zero.
        source: "Fig. 1"
        panels:
          - x: {label: n}
            y: {label: probability, range: [0, 1]}
            series:
              - {table: sarao2020/uniqueness, from: [sarao2020/uniqueness], draw: points, x: sampleCount, y: probability, low: low, high: high}
    claims:
      always:
        statement: With d(d+1)/2 samples the teacher is always the only zero.
        source: ours
        kind: derived
        estimate: sarao2020/uniqueness-probability
        from: [sarao2020/uniqueness]
        where: {sampleCount: 10}
        accept: [0.5, 1]
        because: an exact consequence of counting
    """

  init(stages: String = stages, figures: String = figures) throws {
    workspace = try Workspace()
    try workspace.write(
      "seed: 3\nprofiles: [quick]\nfigures: [figures/demo.yaml]\nstages:\n" + stages, to: "pipeline.yaml")
    try workspace.write(figures, to: "figures/demo.yaml")
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    let style = try String(contentsOf: root.appending(path: "figures/style.gp"), encoding: .utf8)
    try workspace.write(style, to: "figures/style.gp")
  }

  func refig(_ arguments: String..., environment: [String: String] = [:]) throws -> ProgramResult {
    try runProgram(try productPath("refig"), arguments, in: workspace.path, environment: environment)
  }

  func cells() throws -> [String: Data] {
    var cells: [String: Data] = [:]
    for name in workspace.files(under: "data/store") where name.hasSuffix(".h5") {
      cells[name] = try Data(contentsOf: URL(fileURLWithPath: workspace.path + "/data/store/" + name))
    }
    return cells
  }
}

@Suite struct CommandTests {
  @Test("watch says of a run whose drawing failed what the run said")
  func watchAfterFailedDrawing() throws {
    let project = try Project()
    let environment = ["PATH": project.workspace.path]
    #expect(try project.refig("run", environment: environment).status == 6)
    let watched = try project.refig("watch", environment: environment)
    #expect(watched.status == 6, "\(watched.output)\(watched.errors)")
    #expect(watched.output.contains("gnuplot"))
  }

  @Test("a record ends with the status of its command, and watch with the same")
  func finalStatus() throws {
    for (accepted, status) in [("[0.5, 1]", 0), ("[2, 3]", 4)] as [(String, Int32)] {
      let project = try Project(figures: Project.figures.replacing("accept: [0.5, 1]", with: "accept: \(accepted)"))
      #expect(try project.refig("verify", "--quiet").status == status)
      let run = try #require(project.workspace.files(under: "data/runs").first { $0.hasSuffix("events.jsonl") })
      let end = try #require(try project.workspace.read("data/runs/" + run).split(separator: "\n").last)
      #expect(end.contains("\"event\":\"end\"") && end.contains("\"status\":\(status),"), "\(end)")
      let watched = try project.refig("watch")
      #expect(watched.status == status, "\(watched.output)\(watched.errors)")
    }
    // What fails to print its answer has failed, whatever it computed.
    let project = try Project()
    let full = try runProgram(
      "sh", ["-c", "'\(try productPath("refig"))' run --json >/dev/full"], in: project.workspace.path)
    #expect(full.status == 6)
    #expect(try project.refig("watch").status == 6)
  }

  /// A project that `refig new` has made, computed, and what runs commands in it.
  private func computed() throws -> (workspace: Workspace, refig: ([String]) throws -> ProgramResult) {
    let workspace = try Workspace()
    #expect(try runProgram(try productPath("refig"), ["new", "mine"], in: workspace.path).status == 0)
    func refig(_ arguments: [String]) throws -> ProgramResult {
      try runProgram(try productPath("refig"), arguments, in: workspace.path + "/mine")
    }
    #expect(try refig(["run", "--quiet"]).status == 0)
    return (workspace, refig)
  }

  @Test("accepting nothing is said and is not success; gc leaves what could be accepted")
  func acceptNothing() throws {
    let (workspace, refig) = try computed()
    func accept() throws -> ProgramResult {
      try refig(["store", "accept", "mine/walk", "--reason", "a name is other"])
    }
    let early = try accept()
    #expect(early.status == 7)
    #expect(early.errors.contains("all are there already") && early.output.isEmpty, "\(early.output)\(early.errors)")
    let cells = Set(workspace.files(under: "mine/data/store").filter { $0.hasSuffix(".h5") })
    try workspace.write(try workspace.read("mine/walk.py") + "\nunused = 1\n", to: "mine/walk.py")
    let collected = try refig(["store", "gc", "--grace-days", "0", "--yes"])
    #expect(collected.output.contains("removed 0 cells"), "\(collected.output)")
    #expect(collected.output.contains("\(cells.count) cells of older code"), "\(collected.output)")
    #expect(try accept().output.hasPrefix("\(cells.count) cells kept"))
    // The ledger tells that they come from other code.
    #expect(try refig(["ledger", "update"]).status == 0)
    let ledger = "mine/data/ledger/quick/mine"
    let stage = try #require(workspace.files(under: ledger).first { $0.hasPrefix("stage") })
    #expect(try workspace.read("\(ledger)/\(stage)").contains("\ta name is other\t"))
    #expect(try refig(["store", "gc", "--grace-days", "0", "--yes"]).output.contains("removed \(cells.count) cells"))
    try workspace.write(try workspace.read("mine/walk.py") + "other = 2\n", to: "mine/walk.py")
    #expect(
      try refig(["store", "gc", "--grace-days", "0", "--accept-days", "0", "--yes"]).output.contains(
        "removed \(cells.count) cells"))
    let late = try accept()
    #expect(late.status == 7)
    #expect(late.errors.contains("\(cells.count) are missing, and the store holds none"), "\(late.errors)")
  }

  @Test("which cells are computed again before others are accepted is left to chance")
  func acceptanceSample() throws {
    let (workspace, refig) = try computed()
    // One cell in five of those with the most steps is another now, and no more than one is looked at.
    let program = try workspace.read("mine/walk.py")
    #expect(program.contains("rng.normal("))
    try workspace.write(program.replacing("rng.normal(", with: "(p.steps > 128) + rng.normal("), to: "mine/walk.py")
    let store = workspace.path + "/mine/data/store"
    try FileManager.default.copyItem(atPath: store, toPath: store + ".kept")
    var seen: Set<Int32> = []
    for _ in 0..<60 where seen.count < 2 {
      seen.insert(try refig(["store", "accept", "mine/walk", "--sample", "1", "--reason", "harmless"]).status)
      try FileManager.default.removeItem(atPath: store)
      try FileManager.default.copyItem(atPath: store + ".kept", toPath: store)
    }
    #expect(seen == [0, 5])
  }

  @Test("try reads a data file that is named, and says what is wrong with one")
  func tryWithData() throws {
    let project = try Project()
    let digits = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().appending(path: "data/digits.h5").path
    func attempt(_ arguments: String...) throws -> ProgramResult {
      try runProgram(
        try productPath("refig"),
        ["try", "oymak2019/digit-labels", "--set", "sampleCount=20", "--set", "studentWidth=8"] + arguments,
        in: project.workspace.path)
    }
    let result = try attempt("--data", "digits=" + digits)
    #expect(result.status == 0, "\(result.errors)")
    #expect(result.output.contains("fitted = 1"))
    for (arguments, message) in [
      ([], "oymak2019/digit-labels reads a data file; say which with --data digits=FILE"),
      (["--data", "digits=missing.h5"], "--data digits=missing.h5: no such file"),
      (["--data", "digits"], "--data digits: write it as name=path"),
      (["--data", "digits=pipeline.yaml"], "data file 'digits': it does not begin as an HDF5 file does"),
      (["--data", "digits=" + digits, "--set", "sampleCount=1798"], "at most 1797, the number of images"),
    ] {
      let refused = try runProgram(
        try productPath("refig"), ["try", "oymak2019/digit-labels"] + arguments, in: project.workspace.path)
      #expect(refused.status == 2)
      #expect(refused.errors.contains(message), "\(refused.errors)")
    }
  }

  @Test("a project from nothing: run computes and draws, a second run does neither, the claim is confirmed")
  func firstUse() throws {
    let project = try Project()
    let first = try project.refig("run", "-j2")
    #expect(first.status == 0, "\(first.errors)")
    #expect(first.output.contains("14 cells: 0 cached, 14 computed"))
    #expect(first.output.contains("1 figure: 1 drawn, 0 failed"))
    for ending in ["svg", "pdf", "gp", "json"] {
      #expect(project.workspace.files(under: "figures/quick/demo").contains("thresholds.\(ending)"))
    }
    let second = try project.refig("run")
    #expect(second.output.contains("14 cached, 0 computed"))
    #expect(second.output.contains("0 drawn"))
    let verify = try project.refig("verify", "--cached-only")
    #expect(verify.status == 0, "\(verify.errors)")
    #expect(verify.output.contains("1 claim: 1 confirmed, 0 refuted, 0 inconclusive; all as expected"))
    #expect(try project.refig("status", "--check").status == 0)
  }

  @Test("status and run --dry begin with sums, then name what is incomplete, at most 20 stages, in 80 columns")
  func summaries() throws {
    let stages = (0..<25).map {
      "  sarao2020/with-a-rather-long-name-of-a-stage-\($0): {parameters: {inputDimension: \($0 + 4)}, "
        + "experiment: sarao2020/uniqueness}\n"
    }.joined()
    let project = try Project(stages: stages + "  martin2023/escape: {}\n", figures: "figures: {}")
    #expect(try project.refig("run", "martin2023/escape", "-q").status == 0)
    for (command, incomplete) in [(["status"], "sarao2020: 0 of 25 cells"), (["run", "--dry"], "sarao2020: 25 cells")] {
      func lines(_ more: String...) throws -> [String] {
        let result = try runProgram(try productPath("refig"), command + more, in: project.workspace.path)
        #expect(result.status == 0, "\(result.errors)")
        return result.output.split(separator: "\n").map(String.init)
      }
      let short = try lines()
      #expect(short[0].hasPrefix("profile quick: "), "\(short)")
      #expect(short.contains { $0.hasPrefix("  " + incomplete) }, "\(short)")
      #expect(short.count { $0.contains("a-stage-") } == 20)
      #expect(!short.contains { $0.hasPrefix("martin2023/escape") } && short.last?.contains("--all") == true)
      #expect(short.allSatisfy { $0.count <= 80 }, "\(short)")
      let all = try lines("--all")
      #expect(all.count { $0.contains("a-stage-") } == 25 && all.contains { $0.hasPrefix("martin2023/escape") })
    }
  }

  @Test("the store is the same for one worker, two, and none")
  func workers() throws {
    let projects = try ["-j1", "-j2", "-j0"].map { workers in
      let project = try Project()
      #expect(try project.refig("run", workers, "--quiet").status == 0)
      return try project.cells()
    }
    #expect(projects[0].count == 14)
    #expect(projects[0] == projects[1])
    #expect(projects[0] == projects[2])
  }

  @Test("mistakes in the YAML end with status 2 before anything is written")
  func badInput() throws {
    let project = try Project(
      stages: "  sarao2020/uniqueness: {parameters: {inputDimension: 1, sampleCount: 0, teacherwidth: 2}}")
    let result = try project.refig("run")
    #expect(result.status == 2)
    #expect(result.errors.contains("unknown parameter 'teacherwidth'; did you mean 'teacherWidth'?"))
    #expect(project.workspace.files(under: "data").isEmpty)
    let range = try Project(
      stages: "  sarao2020/uniqueness: {parameters: {inputDimension: 1}}", figures: "figures: {}")
    let refused = try range.refig("run")
    #expect(refused.status == 2)
    #expect(
      refused.errors.hasPrefix("refig: pipeline.yaml:5:55: stage 'sarao2020/uniqueness': inputDimension = 1 is not"))
    #expect(range.workspace.files(under: "data").isEmpty)
  }

  private static let statuses: [(command: String, status: Int32)] = [
    ("frobnicate", 2), ("run --frobnicate", 2), ("run no-such-stage", 2), ("run --profile big", 2),
    ("status --check", 7), ("verify --cached-only", 7), ("try sarao2020/uniquenes", 2),
    ("try sarao2020/uniqueness --set sampleCount=0", 2), ("--help", 0), ("run --help", 0),
    ("try sarao2020/uniqueness --replica 9223372036854775807", 2), ("try sarao2020/uniqueness --replica=-1", 2),
    ("try sarao2020/uniqueness --data undeclared=pipeline.yaml", 2), ("doctor --project nowhere", 2),
    ("data sarao2020/uniqueness --json --output unique", 2), ("data fig:demo/thresholds --output unique", 2),
    ("data sarao2020/uniqueness --output nope", 2), ("verify --md x --junit x", 2),
  ]

  @Test("exit statuses", arguments: statuses)
  func exitStatus(command: String, status: Int32) throws {
    let arguments = command.split(separator: " ").map(String.init)
    let project = try Project()
    let result = try runProgram(try productPath("refig"), arguments, in: project.workspace.path)
    #expect(result.status == status, "\(result.errors)")
    if !command.hasPrefix("data") {
      #expect(project.workspace.files(under: "data/store").allSatisfy { !$0.hasSuffix(".h5") })
    }
    #expect(!project.workspace.files(under: ".").contains("nowhere"))
  }

  @Test("a stage or a figure stands for the claims that read it", arguments: ["verify", "mutate --synthetic"])
  func claimsOfStages(command: String) throws {
    let project = try Project()
    for target in ["sarao2020/uniqueness", "stage:sarao2020/uniqueness", "fig:demo/thresholds", "paper:demo"] {
      let result = try runProgram(
        try productPath("refig"), command.split(separator: " ").map(String.init) + [target], in: project.workspace.path)
      #expect(result.output.contains("demo/always"), "\(target): \(result.errors)")
    }
    #expect(try project.refig("verify", "sarao2020/population-flow").status == 4, "no claim reads it")
  }

  @Test(
    "a name that is nobody's: the nearest, and what lists them all",
    arguments: [
      ("paper:sarao", "paper:sarao2020"), ("fig:demo/threshold", "fig:demo/thresholds"),
      ("demo/allways", "demo/always"), ("sarao2020", "paper:sarao2020"), ("demmo", "paper:demo"),
      ("thresholds", "demo/thresholds"), ("alwys", "demo/always"), ("claim:alwys", "claim:demo/always"),
      ("fig:thresholds", "fig:demo/thresholds"),
    ])
  func nearestName(name: String, nearest: String) throws {
    let project = try Project()
    let result = try project.refig("explain", name)
    #expect(result.status == 2)
    #expect(
      result.errors == """
        refig: no stage, figure or claim is called '\(name)' (`refig graph` lists them); did you mean '\(nearest)'?

        """)
    #expect(try project.refig("graph").output.contains(nearest.replacing(/^[a-z]+:/, with: "")))
  }

  @Test(
    "a command that there is none of: the nearest, also below a command",
    arguments: [("vrify", "verify"), ("store chek", "check"), ("ledger acept", "accept")])
  func nearestCommand(words: String, nearest: String) throws {
    let result = try runProgram(try productPath("refig"), words.split(separator: " ").map(String.init))
    #expect(result.status == 2)
    #expect(result.errors.hasSuffix("  Did you mean '\(nearest)'?\n"), "\(result.errors)")
    // What is wrong with a command that there is has another remedy.
    #expect(try !runProgram(try productPath("refig"), ["verify", "--plann"]).errors.contains("Did you mean 'v"))
  }

  @Test("mistakes in one paper's figure file stop no run for another paper, and every other command")
  func faultyFile() throws {
    let project = try Project()
    let pipeline = try project.workspace.read("pipeline.yaml")
    try project.workspace.write(
      pipeline.replacing("figures/demo.yaml", with: "figures/demo.yaml, figures/other.yaml"), to: "pipeline.yaml")
    for (text, place) in [("figures: {one: {caption: x}}", ":1:"), ("figures: {", ":")] {
      try project.workspace.write(text, to: "figures/other.yaml")
      for target in ["sarao2020/population-flow", "fig:demo/thresholds", "paper:demo"] {
        let result = try project.refig("run", target)
        #expect(result.status == 0, "\(target): \(result.errors)")
        #expect(result.errors.contains("figures/other.yaml has mistakes, which do not concern what is asked for"))
      }
      for words in [["run"], ["run", "paper:other"], ["run", "other/one"], ["verify", "demo/always"], ["status"]] {
        let result = try runProgram(try productPath("refig"), words, in: project.workspace.path)
        #expect(result.status == 2 && result.errors.contains("other.yaml\(place)"), "\(words): \(result.errors)")
      }
    }
  }

  @Test("cells that a change of perCell leaves behind are named before anything is computed again")
  func recut() throws {
    let project = try Project()
    #expect(try project.refig("run", "sarao2020/uniqueness").status == 0)
    let file = try project.workspace.read("pipeline.yaml")
    #expect(try !project.refig("run", "--dry").output.contains("perCell"))
    try project.workspace.write(file.replacing("perCell: 20", with: "perCell: 8"), to: "pipeline.yaml")
    let advice = "`perCell: 20` would keep them"
    let dry = try project.refig("run", "--dry", "sarao2020/uniqueness").output.replacing("\n ", with: "")
    #expect(dry.contains("cells of 20 replicas") && dry.contains(advice), "\(dry)")
    let run = try project.refig("run", "sarao2020/uniqueness")
    #expect(run.status == 0 && run.errors.contains(advice), "\(run.errors)")
    // Other numbers are no other cut of the same.
    try project.workspace.write(file.replacing("inputDimension: 4", with: "inputDimension: 5"), to: "pipeline.yaml")
    #expect(try !project.refig("run", "--dry", "sarao2020/uniqueness").output.contains("perCell"))
  }

  @Test("a figure that is asked for by name and up to date is told where it lies")
  func upToDate() throws {
    let project = try Project()
    #expect(try project.refig("run", "fig:demo/thresholds").output.contains("drew ./figures/quick/demo/thresholds.svg"))
    #expect(
      try project.refig("run", "fig:demo/thresholds").output.contains(
        "up to date: ./figures/quick/demo/thresholds.svg\n1 figure: 0 drawn, 0 failed"))
    #expect(try project.refig("run").output.contains("up to date: ./figures/quick\n"))
  }

  @Test("the data of several stages: one list as JSON, as CSV each under its name")
  func dataOfSeveral() throws {
    let project = try Project()
    // The claim is of one point of its stage.
    for (target, count) in [("paper:sarao2020", 8), ("claim:demo/always", 1)] {
      let json = try project.refig("data", target, "--json", "--quiet").output
      let points = try #require(try JSONSerialization.jsonObject(with: Data(json.utf8)) as? [[String: Any]])
      #expect(points.count == count)
    }
    // One table is printed, chosen by name; or each has a file.
    let several = try project.refig("data", "paper:sarao2020", "--quiet")
    let names = ["sarao2020-population-flow", "sarao2020-uniqueness"]
    #expect(several.status == 2 && several.errors.contains("one of \(names[0]), \(names[1]); or --folder DIR"))
    let chosen = try project.refig("data", "paper:sarao2020", "--table", names[1], "--quiet")
    #expect(chosen.output == (try project.refig("data", "sarao2020/uniqueness", "--quiet").output))
    #expect(try project.refig("data", "paper:sarao2020", "--table", "nothing").status == 2)
    let written = try project.refig("data", "paper:sarao2020", "--folder", "tables", "--quiet")
    #expect(written.output.split(separator: "\n") == names.map { "tables/\($0).csv" })
    #expect(try project.workspace.read("tables/\(names[1]).csv") == chosen.output)
  }

  @Test("a run that goes on by itself is named as JSON too")
  func detachedJSON() throws {
    let project = try Project()
    let result = try project.refig("run", "--detach", "--json")
    #expect(result.status == 0, "\(result.errors)")
    let object = try JSONSerialization.jsonObject(with: Data(result.output.utf8)) as? [String: String]
    let run = try #require(object?["run"])
    #expect(try project.refig("watch", run).status == 0)
  }

  @Test("what a foreign archive calls its members is shown without what a terminal obeys")
  func hostileArchive() throws {
    let project = try Project()
    let made = try runProgram(
      "bash", ["-c", "touch $'a\\e]0;taken\\ab' && tar --format=ustar -cf a.tar a*b"], in: project.workspace.path)
    #expect(made.status == 0, "\(made.errors)")
    let result = try project.refig("store", "import", "a.tar")
    #expect(result.status == 5)
    #expect(result.output.contains("refused a\\u{1B}]0;taken\\u{07}b"), "\(result.output.debugDescription)")
    #expect(!(result.output + result.errors).contains("\u{1b}"))
  }

  @Test(
    "parameters that no experiment accepts are told of before anything runs",
    arguments: ["run --dry", "run", "status"])
  func refusedParameters(command: String) throws {
    let project = try Project(
      stages: "  sarao2020/uniqueness: {parameters: {inputDimension: 1}}", figures: "figures: {}")
    let result = try runProgram(
      try productPath("refig"), command.split(separator: " ").map(String.init), in: project.workspace.path)
    #expect(result.status == 2)
    #expect(result.errors.contains("pipeline.yaml:5:55: stage 'sarao2020/uniqueness': inputDimension = 1 is not"))
  }

  @Test("without gnuplot doctor says that the machine is not fit")
  func doctor() throws {
    let result = try Project().refig("doctor", environment: ["PATH": "/nowhere"])
    #expect(result.status == 6, "\(result.errors)")
    #expect(result.output.contains("BAD  gnuplot"), "\(result.output)")
  }

  @Test("doctor says where gnuplot writes no PDF, and that this does not make the machine unfit", arguments: [0, 192])
  func doctorOnPDF(place: Int) throws {
    let project = try Project()
    let folder = project.workspace.path + "/bin"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    let answer = "[ \"$1\" = --version ] && echo 'gnuplot 6.0 patchlevel 5' || echo \(place)"
    try project.workspace.write("#!/bin/sh\n\(answer)\n", to: "bin/gnuplot")
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: folder + "/gnuplot")
    let path = ProcessInfo.processInfo.environment["PATH", default: ""]
    let result = try project.refig("doctor", environment: ["PATH": "\(folder):\(path)"])
    #expect(result.status == 0, "\(result.output)\(result.errors)")
    #expect(
      result.output.contains("ok   PDF          this gnuplot cannot write it") == (place == 0), "\(result.output)")
    #expect(result.output.contains("ok   PDF          gnuplot writes it") == (place > 0), "\(result.output)")
  }

  @Test("a verdict that is not the expected one ends with status 4")
  func unexpectedVerdict() throws {
    let project = try Project(
      figures: Project.figures.replacingOccurrences(of: "accept: [0.5, 1]", with: "accept: [0, 0.2]"))
    let result = try project.refig("verify", "--quiet")
    #expect(result.status == 4)
    #expect(result.output.contains("refuted"))
    #expect(result.output.replacing(/\s+/, with: " ").contains("1 NOT as expected"))
  }

  @Test("a claim whose estimator trapped has no verdict, even where it is expected to have none that decides")
  func trappedEstimator() throws {
    let accepted = "accept: [0.5, 1]"
    for expectation in ["", "\n    expect: inconclusive"] {
      let project = try Project(figures: Project.figures.replacing(accepted, with: accepted + expectation))
      let result = try project.refig("verify", "--junit", "j.xml", environment: ["REFIG_TRAPPED": "demo/always"])
      #expect(result.status == 1)
      #expect(result.output.replacing(/\s+/, with: " ").contains("its estimator trapped"), "\(result.output)")
      #expect(try project.workspace.read("j.xml").contains("errors=\"1\""))
      #expect(try project.refig("verify").status == (expectation.isEmpty ? 0 : 4), "it was remembered")
    }
  }

  @Test("a table that trapped costs the figures that draw it, which say so, and no others")
  func trappedTable() throws {
    let two = Project.figures.replacing(
      "claims:",
      with: """
          flow:
              caption: Another.
              source: ours
              panels:
                - x: {label: t}
                  y: {label: loss}
                  series:
                    - {table: sarao2020/population-decay, from: [sarao2020/population-flow], draw: line, x: time, y: populationLoss, where: {teacherWidth: 1}}
        claims:
        """)
    let project = try Project(figures: two)
    let result = try project.refig("run", environment: ["REFIG_TRAPPED": "table sarao2020/uniqueness"])
    #expect(result.status == 1, "\(result.output)\(result.errors)")
    let said = (result.output + result.errors).replacing(/\s+/, with: " ")
    #expect(
      said.contains(/not drawn: demo\/thresholds, \S*figures\/demo.yaml:2:\d+/)
        && said.contains("table sarao2020/uniqueness: its code trapped"),
      "\(said)")
    #expect(project.workspace.files(under: "figures/quick/demo").contains("flow.svg"), "\(said)")
    #expect(!project.workspace.files(under: "figures/quick/demo").contains("thresholds.svg"))
    #expect(try project.refig("run").status == 0, "with the mistake mended")
  }

  @Test("verify says what it computes first, on standard error, and nothing where all is there")
  func announcement() throws {
    let project = try Project()
    let first = try project.refig("verify", "--plan")
    #expect(first.errors.hasPrefix("computes first: 2 cells of 1 stage, duration unknown"), "\(first.errors)")
    #expect(!first.output.contains("computes first"))
    #expect(try !project.refig("verify", "--plan").errors.contains("computes first"))
  }

  @Test("without gnuplot the cells are kept and the status is 6, with no half-written figure")
  func noGnuplot() throws {
    let project = try Project()
    let result = try project.refig("run", "--quiet", environment: ["PATH": "/nowhere"])
    #expect(result.status == 6)
    #expect(result.errors.contains("gnuplot was not found"))
    #expect(try project.cells().count == 14)
    #expect(project.workspace.files(under: "figures/quick").isEmpty)
  }

  @Test("try answers with JSON that names every output")
  func tryOne() throws {
    let project = try Project()
    let result = try project.refig("try", "sarao2020/population-flow", "--set", "inputDimension=8", "--json")
    #expect(result.status == 0, "\(result.errors)")
    let object = try #require(
      try JSONSerialization.jsonObject(with: Data(result.output.utf8)) as? [String: Any])
    let outputs = try #require(object["outputs"] as? [String: Any])
    #expect((outputs["time"] as? [Double])?.isEmpty == false)
    #expect(project.workspace.files(under: "data").isEmpty, "nothing is stored")
  }

  @Test("explain says why a cell would run, leaf by leaf")
  func explain() throws {
    let project = try Project()
    #expect(try project.refig("run", "sarao2020/uniqueness", "--quiet").status == 0)
    let pipeline = try project.workspace.read("pipeline.yaml")
    try project.workspace.write(
      pipeline.replacingOccurrences(of: "{inputDimension: 4}", with: "{inputDimension: 5}"), to: "pipeline.yaml")
    let result = try project.refig("explain", "sarao2020/uniqueness")
    #expect(result.output.contains("parameter inputDimension: 4 → 5"), "\(result.output)")
    #expect(!result.output.contains("code"))
  }

  @Test("data prints a row per replica, or per number of an array")
  func data() throws {
    let project = try Project()
    let scalars = try project.refig("data", "sarao2020/uniqueness", "--csv", "--quiet").output.split(separator: "\n")
    #expect(scalars[0].hasPrefix("sampleCount,replica,unique"))
    #expect(scalars.count == 1 + 6 * 40)
    let tables = try project.refig("data", "fig:demo/thresholds", "--csv", "--quiet").output.split(separator: "\n")
    #expect(tables[0].hasPrefix("inputDimension,teacherWidth,sampleCount,sampleRatio,probability"))
    // Counts are whole numbers.
    #expect(tables[1].hasPrefix("4,1,"), "\(tables[1])")
    #expect(tables.count == 1 + 6)
    let paths = try project.refig("data", "sarao2020/uniqueness", "--h5", "--quiet").output.split(separator: "\n")
    #expect(paths.count == 12)
    #expect(paths.allSatisfy { FileManager.default.fileExists(atPath: project.workspace.path + "/" + $0) })
  }

  @Test("an archive of cells brings the verdict elsewhere without computing")
  func exchange() throws {
    let project = try Project()
    #expect(try project.refig("run", "--quiet").status == 0)
    #expect(try project.refig("store", "export", "cells.tar", "claim:demo/always").status == 0)
    let other = try Project()
    let archive = project.workspace.path + "/cells.tar"
    #expect(try other.refig("store", "import", archive).output.contains("12 cells added"))
    #expect(try other.refig("verify", "--cached-only").output.contains("1 confirmed"))
  }

  @Test("every query answers in JSON")
  func json() throws {
    let project = try Project()
    #expect(try project.refig("run", "--json", "sarao2020/population-flow").status == 0)
    let queries = [
      ["run", "--dry"], ["status"], ["explain", "fig:demo/thresholds"], ["explain", "demo/always"], ["graph"],
      ["data", "sarao2020/population-flow"], ["try", "sarao2020/population-flow"], ["store", "check"], ["store", "gc"],
      ["store", "export", "a.tar", "sarao2020/population-flow"], ["store", "import", "a.tar"],
      ["store", "audit", "--sample", "1"], ["store", "accept", "sarao2020/uniqueness", "--reason", "none"],
      ["verify", "--quiet"], ["doctor"], ["run"],
    ]
    for query in queries {
      let result = try runProgram(try productPath("refig"), query + ["--json"], in: project.workspace.path)
      // Not every machine is fit, and nothing is left to accept.
      let refuses = query == ["doctor"] || query.contains("accept")
      #expect(result.status == 0 || refuses, "\(query): \(result.errors)")
      #expect(throws: Never.self, "\(query): \(result.output)") {
        try JSONSerialization.jsonObject(with: Data(result.output.utf8))
      }
    }
  }

  @Test("a claim whose name could mean something to a shell, gnuplot or HTML is refused with its place")
  func hostileClaim() throws {
    let hostile = "a\"]; <b> & `touch x` $(touch x)"
    let project = try Project(figures: Project.figures.replacingOccurrences(of: "always:", with: "'\(hostile)':"))
    let result = try project.refig("graph")
    #expect(result.status == 2)
    #expect(result.errors.contains("demo.yaml:11:3: "))
    #expect(result.errors.contains("cannot name a claim"))
    #expect(!project.workspace.files(under: ".").contains("x"))
  }

  @Test("the graph is drawn in every format")
  func graph() throws {
    let project = try Project()
    for format in ["text", "dot", "mermaid", "svg", "json"] {
      let result = try project.refig("graph", "--format", format)
      #expect(result.status == 0, "\(result.errors)")
      #expect(result.output.contains("always"))
      guard format == "svg" else { continue }
      let path = project.workspace.path + "/graph.svg"
      try project.workspace.write(result.output, to: "graph.svg")
      let check = try runProgram(
        "/usr/bin/python3", ["-c", "import sys, xml.dom.minidom as m; m.parse(sys.argv[1])", path])
      #expect(check.status == 0, "\(check.errors)")
    }
  }

  @Test("a target no shell ever sees", arguments: ["$(touch x)", "`touch x`", "../x", "a\nb", "fig:'; touch x; '"])
  func hostileTargets(target: String) throws {
    let project = try Project()
    for command in [["run"], ["explain"], ["status"], ["graph"]] {
      let result = try runProgram(try productPath("refig"), command + [target], in: project.workspace.path)
      #expect(result.status == 2)
      #expect(result.errors.contains("no stage, figure or claim is called"))
    }
    #expect(!project.workspace.files(under: ".").contains("x"))
  }

  @Test("labels with quotes, back-quotes and substitutions are drawn as they are")
  func hostileLabels() throws {
    let label = "it''s `touch x` \\$(touch x) \\\"q\\\" größe"
    let figures = Project.figures.replacingOccurrences(of: "{label: n}", with: "{label: '\(label)'}")
    let project = try Project(figures: figures)
    let result = try project.refig("run", "--quiet")
    #expect(result.status == 0, "\(result.errors)")
    #expect(try project.workspace.read("figures/quick/demo/thresholds.svg").contains("`touch x`"))
    #expect(!project.workspace.files(under: ".").contains { $0.hasSuffix("/x") || $0 == "x" })
  }

  @Test("what is written where a pipe, a device or a link is leaves it what it is")
  func specialFiles() throws {
    let project = try Project()
    #expect(try project.refig("run", "--quiet").status == 0)
    let path = project.workspace.path
    let result = try runProgram(
      "sh",
      [
        "-c",
        """
        mkfifo pipe && ln -s report.md link && ln -s /dev/null null && echo mine > a.tar.part
        cat pipe > received & '\(try productPath("refig"))' verify --junit pipe --md link > /dev/null && wait
        '\(try productPath("refig"))' verify --junit null --md /dev/stdout | tail -n 1
        '\(try productPath("refig"))' store export a.tar
        test -p pipe && test -L link && test -c null && test -L null
        """,
      ], in: path)
    #expect(result.status == 0, "\(result.errors)")
    #expect(result.output.contains("The cells behind these claims cost"), "\(result.output)")
    #expect(try project.workspace.read("received").hasSuffix("</testsuites>\n"))
    #expect(try project.workspace.read("report.md").contains("| `demo/always` |"))
    #expect(try project.workspace.read("a.tar.part") == "mine\n")
    let same = try project.refig("verify", "--md", "x", "--junit", "x")
    #expect(same.status == 2)
  }

  @Test("a truncated export is reported, and nothing of it is taken")
  func truncatedExport() throws {
    let project = try Project()
    #expect(try project.refig("run", "--quiet").status == 0)
    #expect(try project.refig("store", "export", "a.tar").status == 0)
    let path = project.workspace.path + "/a.tar"
    let archive = try Data(contentsOf: URL(fileURLWithPath: path))
    try archive.prefix(archive.count / 2).write(to: URL(fileURLWithPath: path))
    let other = try Project()
    let result = try other.refig("store", "import", path)
    #expect(result.status == 5)
    #expect(result.errors.contains("it is truncated"))
    #expect(try other.cells().isEmpty)
  }
}
