import Foundation
import TestSupport
import Testing

/// Experiments that are programs of a project, through the command line, as their author sees them.
@Suite struct ProgramTests {
  /// A folder with a pipeline and a program in Python.
  struct Folder {
    let workspace: Workspace

    init(_ pipeline: String, program: String = ProgramTests.program) throws {
      workspace = try Workspace()
      try workspace.write("seed: 3\nprofiles: [quick]\n" + pipeline, to: "pipeline.yaml")
      try workspace.write(program, to: "walk.py")
    }

    func refig(_ arguments: String..., environment: [String: String] = [:]) throws -> ProgramResult {
      try runProgram(try productPath("refig"), arguments, in: workspace.path, environment: environment)
    }

    /// Starts refig and leaves it running; what it says on standard error goes to the file `errors`.
    func start(_ arguments: String...) throws -> Process { try start(arguments) }

    func start(_ arguments: [String]) throws -> Process {
      let process = Process()
      process.executableURL = URL(fileURLWithPath: try productPath("refig"))
      process.arguments = arguments
      process.currentDirectoryURL = URL(fileURLWithPath: workspace.path)
      try workspace.write("", to: "errors")
      process.standardError = try FileHandle(forWritingTo: URL(fileURLWithPath: workspace.path + "/errors"))
      process.standardOutput = FileHandle.nullDevice
      try process.run()
      return process
    }

    /// How many programs of this folder are running.
    func programs() throws -> Int {
      try runProgram("pgrep", ["-f", "walk.py"]).output.split(separator: "\n").filter { number in
        (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(number)/cwd")) == workspace.path
      }.count
    }

    /// The text of all failures of cells.
    func failures() throws -> [String] {
      try workspace.files(under: "data/store/failed").map { try workspace.read("data/store/failed/" + $0) }
    }

    /// The cells' files by name.
    func cells() throws -> [String: Data] {
      let names = workspace.files(under: "data/store").filter { $0.hasSuffix(".h5") }
      return try Dictionary(
        uniqueKeysWithValues: names.map {
          ($0, try Data(contentsOf: URL(fileURLWithPath: workspace.path + "/data/store/" + $0)))
        })
    }
  }

  private static let program = """
    import os, signal, sys, time
    import numpy as np
    import refig

    @refig.experiment
    def walk(p, rng, cell):
        print("a stray word")
        os.write(1, b"and another\\n")
        drift = 0.0 if cell.mutant == "no-drift" else p.drift
        steps = rng("steps").normal(drift, 1, p.steps)
        if p.kind == "fails" and cell.replicas == [1]:
            raise refig.Failure("did not converge")
        if p.kind == "divides" and cell.replicas == [1]:
            return {"end": 1 / (p.drift - p.drift)}
        if p.kind == "mistaken":
            return {"end": undefined_name}
        if p.kind == "undeclared":
            return {"end": 0.0, "time": [0.0], "position": [0.0], "other": 1}
        if p.kind == "missing":
            return {"end": 0.0}
        if p.kind == "rank":
            return {"end": 0.0, "time": [0.0], "position": [[0.0]]}
        if p.kind == "length":
            return {"end": 0.0, "time": [0.0, 1.0], "position": [0.0]}
        if p.kind == "nan":
            return {"end": np.nan, "time": [0.0], "position": [0.0]}
        if p.kind == "complex":
            return {"end": 1j, "time": [0.0], "position": [0.0]}
        if p.kind == "exit":
            print("goodbye", file=sys.stderr); sys.stderr.flush()
            os._exit(3)
        if p.kind == "killed":
            os.kill(os.getpid(), signal.SIGKILL)
        if p.kind == "garbage":
            os.write(4, b"no answer\\n")
        if p.kind == "form":
            os.write(4, b'{"arrays":[{"name":"end","shape":2}]}\\n')
        if p.kind == "list":
            os.write(4, b'[1, 2]\\n')
        if p.kind == "half":
            os.write(4, b'{"arrays":[{"name":"end","shape":[1000]}]}\\n' + bytes(100)); os._exit(0)
        if p.kind == "announced":
            os.write(4, b'{"arrays":[{"name":"end","shape":[2,50]}]}\\n' + bytes(100)); time.sleep(1000)
        if p.kind == "huge":
            os.write(4, b'{"arrays":[{"name":"end","shape":[1000000,1000000]}]}\\n')
        if p.kind == "more":
            os.write(4, b'{"error":"no"}\\nmore')
        if p.kind == "hangs":
            time.sleep(1000)
        if p.kind == "hungry":
            taken = np.ones(50_000_000); time.sleep(1000)
        position = np.concatenate([[0.0], np.cumsum(steps)])
        return {"end": position[-1], "time": np.arange(len(position)), "position": position}

    refig.main()
    """
  private static let experiment = """
    experiments:
      my/walk:
        command: [python3, walk.py]
        versions: [[python3, --version]]
        parameters: {steps: 4, drift: 0.5, kind: none}
        outputs:
          time: {axes: [time], unit: step, meaning: time}
          position: {axes: [time], meaning: where the walker is}
          end: {meaning: where it ends}
        mutants: {no-drift: the drift is forgotten}

    """
  private static let stages =
    experiment + """
      stages:
        my/walk: {sweep: [{drift: [0.0, 1.0, 2.0]}], replicas: {count: 6, perCell: 3}}

      """

  @Test("a program's cells are the same for any number of workers, and are computed once")
  func workers() throws {
    var stores: [[String: Data]] = []
    for workers in ["-j1", "-j2", "-j0"] {
      let folder = try Folder(Self.stages)
      let first = try folder.refig("run", workers)
      #expect(first.status == 0, "\(first.errors)")
      #expect(first.output.contains("6 cells: 0 cached, 6 computed"))
      #expect(try folder.refig("run", workers).output.contains("6 cached, 0 computed"))
      stores.append(try folder.cells())
    }
    #expect(stores[0].count == 6)
    #expect(stores[0] == stores[1] && stores[1] == stores[2])
  }

  @Test("cells that stages share are listed once")
  func sharedCells() throws {
    let folder = try Folder(
      Self.stages
        + "  my/again: {experiment: my/walk, sweep: [{drift: [1.0, 3.0]}], replicas: {count: 6, perCell: 3}}\n")
    let paths = try folder.refig("data", "paper:my", "--h5").output.split(separator: "\n")
    #expect(paths.count == 8 && Set(paths).count == 8, "\(paths)")
  }

  @Test("replicas have random numbers of their own, however they are cut into cells")
  func blocks() throws {
    let whole = try Folder(Self.stages)
    let cut = try Folder(Self.stages.replacing("perCell: 3", with: "perCell: 1"))
    func ends(_ folder: Folder) throws -> String {
      let run = try folder.refig("run", "-j1")
      #expect(run.status == 0, "\(run.errors)")
      return try folder.refig("data", "my/walk", "--csv", "--output", "end").output
    }
    let numbers = try ends(whole)
    #expect(numbers == (try ends(cut)))
    let rows = numbers.split(separator: "\n").dropFirst()
    #expect(rows.count == 18)
    #expect(Set(rows.map { $0.split(separator: ",").last }).count == 18)
  }

  @Test("a comment changes no key, code does, and explain says so")
  func fingerprint() throws {
    let folder = try Folder(Self.stages)
    #expect(try folder.refig("run", "-j1").status == 0)
    try folder.workspace.write("# a remark\n\n" + Self.program, to: "walk.py")
    #expect(try folder.refig("run", "--dry").output.contains("nothing to compute"))
    try folder.workspace.write(Self.program.replacing("drift, 1,", with: "drift, 2,"), to: "walk.py")
    let explained = try folder.refig("explain", "my/walk")
    #expect(explained.output.contains("sources of the program of my/walk changed: walk.py"), "\(explained.output)")
    #expect(explained.output.contains("6 cells would run"))
    // A docstring can be read by the program, and so counts.
    try folder.workspace.write("'''What it does.'''\n" + Self.program, to: "walk.py")
    #expect(try !folder.refig("run", "--dry").output.contains("nothing to compute"))
    // A file more, and nothing known of the files before.
    let added = try folder.workspace.read("pipeline.yaml")
      .replacing("command: ", with: "sources: [\"two words.py\"]\n    command: ")
    try folder.workspace.write("x = 1\n", to: "two words.py")
    try folder.workspace.write(added, to: "pipeline.yaml")
    try folder.workspace.write(Self.program, to: "walk.py")
    let more = try folder.refig("explain", "my/walk").output
    #expect(more.contains("changed: two words.py (new)\n"), "\(more)")
    try FileManager.default.removeItem(atPath: folder.workspace.path + "/data/store/sources")
    let unknown = try folder.refig("explain", "my/walk").output
    #expect(unknown.contains("changed; those that count: two words.py, walk.py"), "\(unknown)")
  }

  @Test(
    "whatever a program does, its cell fails with the reason and the rest goes on",
    arguments: [
      ("mistaken", "NameError: name 'undefined_name' is not defined (walk.py:16: return {\"end\": undefined_name})"),
      ("undeclared", "returned 'other', which pipeline.yaml does not declare; it declares time, position, end"),
      ("missing", "did not return 'time', which pipeline.yaml declares"),
      (
        "rank",
        "'position' of replica 0: returned shape (1, 1), declared axes [time]: an array with 1 dimension is meant (walk.py:"
      ),
      ("length", "returned shape (1,), declared axes [time]: its length along 'time' is 1, that of 'time' 2 (walk.py:"),
      (
        "nan",
        "output 'end' of replica 0 holds NaN; where that is a result and no mistake, the output is declared with allowsNaN"
      ),
      ("complex", "'end' of replica 0 is 1j, of type complex; a number or an array of real numbers is expected"),
      ("exit", "it ended with status 3 before it answered; it printed: a stray word; and another; goodbye"),
      ("killed", "was killed (signal 9; out of memory?) before it answered"),
      ("garbage", "its answer does not begin with the line of JSON that the protocol asks for, but with 'no answer'"),
      ("form", "'arrays.Index 0.shape' is not a list"),
      ("list", "its answer has another form than {\"request\":1,\"arrays\""),
      ("half", "it ended with status 0 in the middle of its answer, after 143 bytes"),
      (
        "announced",
        "it announced 'end' with shape [2, 50], where numbers of 2 replicas along the axes [] are asked for; 700 bytes"
      ),
      ("huge", "it announced arrays of impossible shapes"), ("more", "it wrote more than its answer"),
      ("hangs", "it took longer than its time limit of 3.0 s"),
      ("hungry", "MB of memory, more than its limit of 300 MB"),
    ])
  func faults(kind: String, reason: String) throws {
    let limits = kind == "hangs" ? ", timeLimit: 3" : kind == "hungry" ? ", memoryLimit: 300" : ""
    let folder = try Folder(
      Self.experiment
        + "stages: {my/walk: {sweep: [{kind: [none, \(kind)]}, {steps: [3, 4]}], replicas: {count: 2}\(limits)}}\n")
    let run = try folder.refig("run", "-j1")
    #expect(run.status == 3, "\(run.output)\(run.errors)")
    let failures = folder.workspace.files(under: "data/store/failed")
    #expect(failures.count == 2)
    for name in failures {
      let text = try folder.workspace.read("data/store/failed/" + name)
      #expect(text.contains(reason), "\(text)")
    }
    #expect(try folder.cells().count == 2)
  }

  @Test(
    "a replica without result fails alone",
    arguments: [("fails", "did not converge"), ("divides", "ZeroDivisionError")])
  func failedReplicas(kind: String, reason: String) throws {
    let folder = try Folder(
      Self.experiment + "stages: {my/walk: {parameters: {kind: \(kind)}, replicas: {count: 4}}}\n")
    let run = try folder.refig("run", "-j1")
    #expect(run.status == 0, "\(run.errors)")
    #expect(run.errors.contains("1 replica failed:"))
    let rows = try folder.refig("data", "my/walk", "--csv", "--output", "end").output.split(separator: "\n")
    #expect(rows.count == 4)
    let cell = try #require(try folder.cells().values.first)
    #expect(String(decoding: cell, as: UTF8.self).contains("1 \(reason)"))
  }

  @Test("two spellings of a replica's number fail the cell, and leave none that is damaged")
  func spellings() throws {
    let folder = try Folder(
      """
      experiments: {my/raw: {command: [python3, walk.py], outputs: {m: {meaning: a number}}}}
      stages: {my/raw: {replicas: 3}}

      """,
      program: """
        import json, os
        while line := os.read(3, 1 << 20):
            head = b'{"request":%d,"arrays":[{"name":"m","shape":[2]}],"failed":{"1":"why","01":"why"}}\\n'
            os.write(4, head % json.loads(line)["request"] + bytes(16))
        """)
    for _ in 1...2 {
      let run = try folder.refig("run", "-j1")
      #expect(run.status == 3, "\(run.output)\(run.errors)")
      #expect(run.errors.contains("it says that replica '01' failed, for which it was not asked"), "\(run.errors)")
    }
    #expect(try folder.cells().isEmpty)
  }

  @Test("a runner that is killed takes its programs with it", arguments: ["-j1", "-j0"])
  func noOrphans(workers: String) throws {
    let folder = try Folder(Self.experiment + "stages: {my/walk: {parameters: {kind: hangs}}}\n")
    let process = try folder.start("run", workers, "--quiet")
    while process.isRunning, try folder.programs() == 0 { usleep(20_000) }
    #expect(process.isRunning)
    sleep(1)
    kill(process.processIdentifier, SIGKILL)
    process.waitUntilExit()
    // The program would hang for hours; its worker needs a moment to notice that the runner is gone.
    for _ in 0..<1500 where try folder.programs() > 0 { usleep(20_000) }
    #expect(try folder.programs() == 0)
  }

  private static let stubborn = Self.program.replacing(
    "if p.kind == \"hangs\":\n        time.sleep(1000)",
    with: """
      if p.kind == "hangs":
              for name in (signal.SIGTERM, signal.SIGINT):
                  signal.signal(name, signal.SIG_IGN)
              open("hanging", "w").close()
              time.sleep(1000)
      """)

  @Test(
    "the first Ctrl-C says what is waited for, the second ends it, and nothing is left behind",
    arguments: [
      ["run", "-j1"], ["run", "-j2"], ["run", "-j2", "--quiet"], ["verify", "-j2"], ["run", "-j0"],
      ["try", "my/walk", "--set", "kind=hangs"],
    ])
  func interruption(arguments: [String]) throws {
    let folder = try Folder(
      "figures: [my.yaml]\n" + Self.experiment + "stages: {my/walk: {sweep: [{kind: [hangs]}, {drift: [0.0, 1.5]}]}}\n",
      program: Self.stubborn)
    try folder.workspace.write(
      """
      claims:
        c: {statement: It ends., source: ours, kind: derived, estimate: {greatest: end}, from: [my/walk],
            accept: [0, 1], because: a test}

      """, to: "my.yaml")
    #expect(Self.stubborn.contains("SIG_IGN"))
    let process = try folder.start(arguments)
    func wait(_ isOver: () throws -> Bool) rethrows { for _ in 0..<3000 where try !isOver() { usleep(20_000) } }
    wait { folder.workspace.files(under: "").contains("hanging") || !process.isRunning }
    kill(process.processIdentifier, SIGINT)
    if arguments[0] != "try" {
      try wait { try folder.workspace.read("errors").contains("Press Ctrl-C again") }
      let told = try folder.workspace.read("errors")
      #expect(told.contains("waiting for \(arguments[1] == "-j2" ? 2 : 1) cell"), "\(told)")
      #expect(told.contains("my/walk") && told.contains("drift"), "\(told)")
      #expect(process.isRunning)
    }
    if arguments[0] != "try" { kill(process.processIdentifier, SIGINT) }
    process.waitUntilExit()
    let said = try folder.workspace.read("errors")
    #expect(process.terminationStatus == 130, "\(said)")
    #expect(said.contains("finished cells are saved") == (arguments[0] != "try"), "\(said)")
    #expect(said.contains("keeps nothing") == (arguments[0] == "try"), "\(said)")
    #expect(try folder.programs() == 0)
    #expect(try folder.failures().isEmpty)
  }

  /// Runs a command on a terminal of its own, and presses Ctrl-C when the file `started` is there: once, and then makes
  /// the file `go`, or twice.
  private static let terminal = """
    import os, pty, signal, sys, time
    signal.alarm(120)
    process, terminal = pty.fork()
    if process == 0:
        os.execv(sys.argv[2], sys.argv[2:])
    while not os.path.exists("started"):
        time.sleep(0.01)
    os.write(terminal, b"\\x03")
    text = b""
    while b"Press Ctrl-C again" not in text:
        text += os.read(terminal, 4096)
    if sys.argv[1] == "twice":
        os.write(terminal, b"\\x03")
    else:
        open("go", "w").close()
    try:
        while data := os.read(terminal, 4096):
            text += data
    except OSError:
        pass
    print(text.decode())
    sys.exit(os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]))
    """

  @Test(
    "Ctrl-C on a terminal lets the last cell end too, and the second one leaves no failure, with workers or without",
    arguments: ["-j0", "-j1"], ["once", "twice"])
  func terminalInterruption(workers: String, times: String) throws {
    let folder = try Folder(
      "experiments: {my/f: {command: [python3, walk.py], outputs: {x: {meaning: x}}}}\nstages: {my/f: {}}\n",
      program: """
        import os, time
        import refig

        @refig.experiment
        def f(p, rng):
            open("started", "w").close()
            while not os.path.exists("go"):
                time.sleep(0.01)
            return {"x": rng.normal()}

        refig.main()
        """)
    let result = try runProgram(
      "python3", ["-c", Self.terminal, times, try productPath("refig"), "run", workers], in: folder.workspace.path,
      environment: ["TERM": "xterm"])
    #expect(result.status == 130, "\(result.output)\(result.errors)")
    #expect(result.output.contains("waiting for 1 cell at work: my/f"), "\(result.output)")
    #expect(!result.output.contains("KeyboardInterrupt"), "\(result.output)")
    // Lines are erased from their beginning, where the terminal has shown ^C.
    let erasures = result.output.components(separatedBy: "\u{1b}[0J").dropLast()
    #expect(
      !erasures.isEmpty && erasures.allSatisfy { $0.contains(/\r\x1b\[\d+A$/) }, "\(result.output.debugDescription)")
    #expect(try folder.failures().isEmpty)
    #expect(try folder.cells().count == (times == "once" ? 1 : 0))
    #expect(try folder.programs() == 0)
  }

  @Test("a program that does not end with its requests is ended, and so is what it started", arguments: ["-j2", "-j0"])
  func lingering(workers: String) throws {
    let folder = try Folder(
      Self.stages,
      program: "import subprocess, threading, time\n"
        + "subprocess.Popen(['sleep', '1000'])\nthreading.Thread(target=lambda: time.sleep(1000)).start()\n"
        + Self.program)
    #expect(try folder.refig("run", workers).status == 0)
    #expect(try folder.programs() == 0)
    let sleeping = try runProgram("pgrep", ["-f", "sleep 1000"]).output.split(separator: "\n").filter { number in
      (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(number)/cwd")) == folder.workspace.path
    }
    #expect(sleeping.isEmpty)
  }

  /// An experiment without randomness in a program of its own.
  private static func project(_ sources: String = "") -> String {
    "experiments: {my/f: {command: [python3, walk.py], \(sources)random: false, parameters: {way: none}, outputs: {x: {meaning: x}}}}\n"
      + "stages: {my/f: {}}\n"
  }

  @Test(
    "a file of the project that the program imports must be a source, or the cell fails",
    arguments: [
      ("import helper", "", "helper.py"), ("import parts.one", "", "parts/one.py"),
      ("import parts", "", "parts/__init__.py"),
      ("from lib import deep", "", "lib/deep.py"), ("import linked", "", "linked.py"),
      ("import parts.one", "sources: [parts], ", nil), ("import helper", "sources: [helper.py], ", nil),
      ("from lib import deep", "sources: [lib/], ", nil), ("import linked", "sources: [linked.py], ", nil),
      ("import json, helper2", "sources: [helper.py], ", "helper2.py"), ("import installed", "", nil),
    ])
  func undeclaredSources(statement: String, sources: String, file: String?) throws {
    for isLazy in [false, true] {
      let program = """
        import os, sys
        sys.path.append("env/lib/python3/site-packages")
        \(isLazy ? "" : statement)
        import refig

        @refig.experiment
        def f(p):
            \(isLazy ? statement : "")
            os.chdir("/")
            return {"x": 1.0}

        refig.main()
        """
      let folder = try Folder(Self.project(sources), program: program)
      for name in [
        "helper.py", "helper2.py", "parts/__init__.py", "parts/one.py", "lib/deep.py",
        "env/lib/python3/site-packages/installed.py",
      ] { try folder.workspace.write("value = 1\n", to: name) }
      let elsewhere = try Workspace()
      try elsewhere.write("value = 1\n", to: "linked.py")
      try FileManager.default.createSymbolicLink(
        atPath: folder.workspace.path + "/linked.py", withDestinationPath: elsewhere.path + "/linked.py")
      let run = try folder.refig("run", "-j1")
      guard let file else {
        #expect(run.status == 0, "\(run.errors)")
        continue
      }
      #expect(run.status == 3, "\(run.output)\(run.errors)")
      let reason = try #require(folder.failures().first)
      #expect(reason.contains("imports ") && reason.contains(file) && reason.contains("`sources:`"), "\(reason)")
      let tried = try folder.refig("try", "my/f")
      #expect(tried.status == 3 && tried.errors.contains(file), "\(tried.errors)")
      // What the message says helps, and then an edit is noticed.
      let advice = try #require(reason.firstMatch(of: /sources: \[[^\]]*\]/)).0
      try folder.workspace.write("seed: 3\nprofiles: [quick]\n" + Self.project("\(advice), "), to: "pipeline.yaml")
      #expect(try folder.refig("run", "-j1").status == 0)
      try folder.workspace.write("value = 2\n", to: file)
      #expect(try folder.refig("run", "--dry").output.contains("1 of 1 cell would run"))
    }
  }

  @Test(
    "a file of the project that the program reads must be a source too, by whatever means it is read",
    arguments: [
      ("np.loadtxt('table.csv')", "table.csv"),
      ("open('parts/two words, in Zürich.csv').read()", "two words, in Zürich.csv"),
      ("exec(open('piece.py').read())", "piece.py"), ("runpy.run_path('piece.py')", "piece.py"),
      ("load('piece.py')", "piece.py"), ("(load('piece.py'), load('piece.py'))", "piece.py"),
      ("np.load('parts/x.npy')", "parts/x.npy"), ("os.open('table.csv', os.O_RDONLY)", "table.csv"),
      ("open(os.environ['REFIG_PROJECT'] + '/table.csv')", "table.csv"), ("open('table.csv', 'r+')", "table.csv"),
      ("open('log', 'a').write('x')", nil), ("(open('own', 'w').write('x'), open('own').read())", nil),
      ("(open('own.tmp', 'w').write('x'), os.replace('own.tmp', 'own'), open('own').read())", nil),
      ("open('.hidden').read()", nil), ("open('/etc/hostname').read()", nil), ("missing()", nil), ("passing()", nil),
      ("os.listdir('parts')", nil), ("open('mine.egg-info/PKG-INFO').read()", nil),
      ("open('env/lib/python3/site-packages/other.csv').read()", nil),
    ])
  func undeclaredReads(expression: String, file: String?) throws {
    for isEarly in [false, true] {
      let program = """
        import importlib.util, os, runpy, subprocess
        import numpy as np
        import refig

        def load(path):
            spec = importlib.util.spec_from_file_location("piece", path)
            module = importlib.util.module_from_spec(spec)
            spec.loader.exec_module(module)

        def missing():
            try:
                open("nothing.csv")
            except FileNotFoundError:
                open("nothing.csv", "w").close()

        def passing():
            subprocess.run(["sh", "-c", "echo 1 > passing"], check=True)
            open("passing").read()
            os.remove("passing")

        \(isEarly ? expression : "")

        @refig.experiment
        def f(p):
            \(isEarly ? "" : expression)
            return {"x": 1.0}

        refig.main()
        """
      let folder = try Folder(Self.project(), program: program)
      for name in ["table.csv", "piece.py", ".hidden", "parts/two words, in Zürich.csv"] {
        try folder.workspace.write("1\n", to: name)
      }
      for name in ["env/lib/python3/site-packages/other.csv", "mine.egg-info/PKG-INFO"] {
        try folder.workspace.write("1\n", to: name)
      }
      let made = try runProgram(
        "python3", ["-c", "import numpy; numpy.save('parts/x.npy', 1.0)"], in: folder.workspace.path)
      #expect(made.status == 0, "\(made.errors)")
      let run = try folder.refig("run", "-j1")
      guard let file else {
        #expect(run.status == 0, "\(run.errors)")
        continue
      }
      #expect(run.status == 3, "\(run.output)\(run.errors)")
      let reason = try #require(folder.failures().first)
      #expect(reason.contains("reads ") && reason.contains(file) && reason.contains("`sources:`"), "\(reason)")
      // What the message says helps, whatever the file is called, and then an edit is noticed.
      let advice = try #require(reason.firstMatch(of: /sources: \[[^\]]*\]/)).0
      try folder.workspace.write("seed: 3\nprofiles: [quick]\n" + Self.project("\(advice), "), to: "pipeline.yaml")
      let again = try folder.refig("run", "-j1")
      #expect(again.status == 0, "\(again.errors)")
      try folder.workspace.write("2 \n", to: file.hasPrefix("two") ? "parts/" + file : file)
      #expect(try folder.refig("run", "--dry").output.contains("1 of 1 cell would run"))
    }
  }

  @Test(
    "what is edited between its key and its import is stored under no key, however short the moment",
    arguments: [
      ("value = 2\n", false, false), ("value = 2\n", true, false), ("value = 1  # as before\n", false, true),
      (nil, false, false),
    ])
  func editsDuringARun(text: String?, keepsTime: Bool, isHarmless: Bool) throws {
    let folder = try Folder(
      """
      experiments:
        my/f: {command: [python3, walk.py], sources: [helper.py], parameters: {k: 1}, outputs: {x: {meaning: x}}}
      stages: {my/f: {sweep: [{k: [1, 2]}]}}

      """,
      program: """
        import os, time
        import refig

        @refig.experiment
        def f(p, rng):
            open("started", "w").close()
            while not os.path.exists("edited"):
                time.sleep(0.01)
            try:
                import helper
            except ModuleNotFoundError:
                return {"x": 0.0}
            return {"x": helper.value}

        refig.main()
        """)
    let path = folder.workspace.path + "/helper.py"
    try folder.workspace.write("value = 1\n", to: "helper.py")
    let process = try folder.start("run", "-j1")
    while process.isRunning, !folder.workspace.files(under: "").contains("started") { usleep(10_000) }
    let before = try FileManager.default.attributesOfItem(atPath: path)[.modificationDate]
    if let text {
      try folder.workspace.write(text, to: "helper.py")
    } else {
      try FileManager.default.removeItem(atPath: path)
    }
    if keepsTime, let before { try FileManager.default.setAttributes([.modificationDate: before], ofItemAtPath: path) }
    try folder.workspace.write("", to: "edited")
    process.waitUntilExit()
    let said = try folder.workspace.read("errors")
    #expect(process.terminationStatus == (isHarmless ? 0 : 3), "\(said)")
    #expect(try folder.cells().count == (isHarmless ? 2 : 0))
    guard !isHarmless else { return }
    let failures = try folder.failures()
    #expect(failures.count == 2)
    for reason in failures {
      #expect(reason.contains("sources have changed since this run began: helper.py; run again"), "\(reason)")
    }
    try folder.workspace.write("value = 3\n", to: "helper.py")
    let again = try folder.refig("run", "-j1")
    #expect(again.status == 0, "\(again.errors)")
    let rows = try folder.refig("data", "my/f", "--csv").output.split(separator: "\n").dropFirst()
    #expect(rows.count == 2 && rows.allSatisfy { $0.hasSuffix(",3.0") }, "\(rows)")
  }

  @Test("files of any name are sources, also of the command, and a crate names them")
  func fileNames() throws {
    let folder = try Folder(
      """
      experiments:
        my/f:
          {command: [python3, "./my walk.py"], sources: ["Größe, [1].py"], random: false, outputs: {x: {meaning: x}}}
      stages: {my/f: {}}

      """)
    try folder.workspace.write(
      """
      import runpy
      import refig

      @refig.experiment
      def f(p):
          return {"x": runpy.run_path("Größe, [1].py")["value"]}

      refig.main()
      """, to: "my walk.py")
    try folder.workspace.write("value = 1\n", to: "Größe, [1].py")
    let run = try folder.refig("run", "-j1")
    #expect(run.status == 0, "\(run.errors)")
    for name in ["my walk.py", "Größe, [1].py"] {
      let text = try folder.workspace.read(name)
      try folder.workspace.write(text + "more = 1\n", to: name)
      #expect(try folder.refig("run", "--dry").output.contains("1 of 1 cell would run"), "\(name)")
      try folder.workspace.write(text, to: name)
    }
    for name in ["..", "../walk.py", "/etc/hosts", "lib/../walk.py", "."] {
      try folder.workspace.write(
        "seed: 3\nprofiles: [quick]\n" + Self.project("sources: [\(name)], "), to: "pipeline.yaml")
      let refused = try folder.refig("run", "--dry")
      #expect(refused.status == 2 && refused.errors.contains("'\(name)' cannot name a source"), "\(refused.errors)")
    }
  }

  @Test("a link to a folder is followed within the project; one that leads out of it, or nowhere new, is refused")
  func links() throws {
    let folder = try Folder(
      Self.project("sources: [lib], "),
      program: "import sys\nsys.path.append('lib/shared')\nimport one\nimport refig\n\n@refig.experiment\ndef f(p):\n"
        + "    return {\"x\": one.value}\n\nrefig.main()\n")
    func link(_ name: String, to target: String) throws {
      try FileManager.default.createSymbolicLink(
        atPath: folder.workspace.path + "/" + name, withDestinationPath: target)
    }
    try folder.workspace.write("", to: "lib/other.py")
    try folder.workspace.write("value = 1\n", to: "common/one.py")
    try link("lib/shared", to: "../common")
    let run = try folder.refig("run", "-j1")
    #expect(run.status == 0, "\(run.errors)")
    try folder.workspace.write("value = 2\n", to: "common/one.py")
    #expect(try folder.refig("run", "--dry").output.contains("1 of 1 cell would run"))
    let elsewhere = try Workspace()
    try elsewhere.write("value = 1\n", to: "two.py")
    for (target, reason) in [
      (elsewhere.path, "outside the project"), ("../lib", "that it lies in"), ("..", "that it lies in"),
      ("/", "outside"),
    ] {
      try link("lib/deeper", to: target)
      let refused = try folder.refig("run")
      #expect(refused.status == 2 && refused.errors.contains(reason), "\(target): \(refused.errors)")
      #expect(refused.errors.contains("sources: lib/") && refused.errors.contains("deeper"), "\(refused.errors)")
      try FileManager.default.removeItem(atPath: folder.workspace.path + "/lib/deeper")
    }
  }

  @Test("a time limit is for a cell: what its program needs to start does not count")
  func slowStart() throws {
    let folder = try Folder(
      Self.experiment + "stages: {my/walk: {sweep: [{kind: [none, hangs]}], timeLimit: 1.5}}\n",
      program: "import time\ntime.sleep(4)\n" + Self.program)
    let run = try folder.refig("run", "-j2")
    #expect(run.status == 3, "\(run.errors)")
    #expect(try folder.cells().count == 1)
    #expect(try folder.failures().allSatisfy { $0.contains("it took longer than its time limit of 1.5 s") })
  }

  @Test("what a program has started ends with it when a limit ends it, also in a session of its own")
  func ownSession() throws {
    let folder = try Folder(
      Self.experiment + "stages: {my/walk: {sweep: [{kind: [hangs]}], timeLimit: 1}}\n",
      program: Self.program.replacing(
        "    if p.kind == \"hangs\":\n",
        with: """
              if p.kind == "hangs":
                  import subprocess
                  child = subprocess.Popen(["sleep", "600"], start_new_session=True)
                  with open(".child", "w") as file: file.write(str(child.pid))

          """))
    let run = try folder.refig("run", "-j1")
    #expect(run.status == 3 && run.errors.contains("longer than its time limit"), "\(run.errors)")
    let child = try #require(pid_t(folder.workspace.read(".child")))
    // Gone, or dead and not yet waited for.
    let state = try? String(contentsOfFile: "/proc/\(child)/stat", encoding: .utf8).split(separator: " ")[2]
    #expect(state == nil || state == "Z", "\(state ?? "")")
  }

  @Test("the failure of a program in Python that never asks names refig.main()")
  func noMain() throws {
    let folder = try Folder(Self.project(), program: "import refig\nprint('done')\n")
    let run = try folder.refig("run", "-j1")
    #expect(
      run.status == 3
        && run.errors.contains("ended with status 0 before it answered; does it call refig.main()?; it printed: done"),
      "\(run.errors)")
    try folder.workspace.write("import refig\nraise SystemExit(1)\n", to: "walk.py")
    let failed = try folder.refig("run", "-j1")
    #expect(failed.status == 3 && !failed.errors.contains("refig.main()"), "\(failed.errors)")
  }

  @Test("on a terminal with colours a failure begins with a red word, and what the program says stays visible")
  func colours() throws {
    let folder = try Folder(
      Self.project(),
      program: "import refig\n\n@refig.experiment\ndef f(p):\n    raise ValueError('\\x1b[2Jgone')\n\nrefig.main()\n")
    let result = try runProgram(
      "script", ["-qec", "'\(try productPath("refig"))' run -j1", "typescript"], in: folder.workspace.path,
      environment: ["TERM": "xterm", "NO_COLOR": ""])
    #expect(result.status == 3, "\(result.output)")
    let text = try folder.workspace.read("typescript")
    #expect(text.contains("\u{1b}[31mfailed\u{1b}[0m  my/f"), "\(text)")
    #expect(text.contains("\\u{1B}[2Jgone") && !text.contains("\u{1b}[2J"), "\(text)")
  }

  @Test("experiments of one program may have different sources, each of which it imports when it is asked")
  func sharedProgram() throws {
    let folder = try Folder(
      """
      experiments:
        my/one: {command: [python3, walk.py], sources: [one.py], random: false, outputs: {x: {meaning: x}}}
        my/two: {command: [python3, walk.py], sources: [two.py], random: false, outputs: {x: {meaning: x}}}
      stages: {my/one: {}, my/two: {}}

      """,
      program: """
        import refig

        @refig.experiment
        def one(p):
            import one
            return {"x": one.value}

        @refig.experiment
        def two(p):
            import two
            return {"x": two.value}

        refig.main()
        """)
    for name in ["one", "two"] { try folder.workspace.write("value = 1\n", to: name + ".py") }
    let run = try folder.refig("run", "-j1")
    #expect(run.status == 0, "\(run.errors)")
  }

  @Test(
    "which cells fail for a file that is no source depends on what each reads, not on which comes first",
    arguments: ["[1, 2, 3, 4, 5, 6]", "[6, 5, 4, 3, 2, 1]", "[4, 2, 6, 1, 5, 3]"])
  func orderOfReads(order: String) throws {
    let folder = try Folder(
      """
      experiments: {my/f: {command: [python3, walk.py], random: false, parameters: {k: 0}, outputs: {x: {meaning: x}}}}
      stages: {my/f: {sweep: [{k: \(order)}]}}

      """,
      program: """
        import os
        import refig

        home = os.getcwd()

        @refig.experiment
        def f(p):
            os.chdir("/")
            os.environ.clear()
            if p.k in (2, 4):
                open(home + "/table.csv").read()
            if p.k == 4:
                raise ValueError("four")
            if p.k == 5:
                open(home + "/own", "w").write("five")
            if p.k == 6:
                try:
                    open(home + "/own").read()
                except FileNotFoundError:
                    raise ValueError("six came first")
            return {"x": p.k}

        refig.main()
        """)
    try folder.workspace.write("1\n", to: "table.csv")
    let run = try folder.refig("run", "-j1")
    #expect(run.status == 3, "\(run.errors)")
    #expect(try folder.cells().count == 3, "those of k = 1, 3 and 5")
    let reasons = try folder.failures()
    #expect(reasons.count == 3 && reasons.count { $0.contains("reads table.csv") } == 1, "\(reasons)")
    #expect(reasons.count { $0.contains("ValueError: four") } == 1, "\(reasons)")
    #expect(reasons.count { $0.contains("reads own") || $0.contains("six came first") } == 1, "\(reasons)")
  }

  @Test(
    "numbers from a random state that all code shares are refused",
    arguments: [
      ("np.random.normal()", "numpy.random"), ("(np.random.seed(1), 0.5)[1]", "numpy.random"),
      ("np.random.rand(3).sum()", "numpy.random"), ("random.random()", "of random,"),
      ("random.gauss(0, 1)", "of random,"),
      ("np.random.default_rng(5).normal()", nil), ("random.Random(3).random()", nil), ("rng.normal()", nil),
    ])
  func globalRandomNumbers(expression: String, name: String?) throws {
    for decorator in ["@refig.experiment", "@refig.experiment(vectorised=True)"] {
      let isVectorised = decorator.contains("True")
      if isVectorised, expression.contains("rng.normal") { continue }
      let folder = try Folder(
        "experiments: {my/f: {command: [python3, walk.py], outputs: {x: {meaning: x}}}}\nstages: {my/f: {replicas: 3}}\n",
        program: """
          import random
          import numpy as np
          import refig

          \(decorator)
          def f(p, rng):
              x = \(expression)
              return {"x": \(isVectorised ? "[x] * len(rng)" : "x")}

          refig.main()
          """)
      let run = try folder.refig("run", "-j1")
      guard let name else {
        #expect(run.status == 0, "\(run.errors)")
        continue
      }
      #expect(
        run.status == 3 && run.errors.contains(name) && run.errors.contains("draw from its argument rng"),
        "\(run.errors)")
      #expect(try folder.cells().isEmpty)
    }
  }

  @Test("a failure names the user's own line, wherever the exception was raised, and ends with what was printed")
  func ownLine() throws {
    let folder = try Folder(
      Self.project("sources: [inner.py], "),
      program: """
        import json, sys, warnings
        import numpy as np
        import refig
        import inner

        @refig.experiment
        def f(p):
            print("the condition number is", 1e17, file=sys.stderr)
            return {"x": inner.of(p.way)}

        refig.main()
        """)
    try folder.workspace.write(
      """
      import json
      import numpy as np

      def of(way):
          if way == "shape":
              return np.concatenate([np.zeros((2, 2)), np.zeros(3)])  # shapes
          if way == "text":
              return json.loads("{,}")  # text
          return np.linalg.solve(np.zeros((2, 3)), np.zeros(2))  # square

      """, to: "inner.py")
    for (way, line, error) in [
      ("shape", "inner.py:6: return np.concatenate", "ValueError"),
      ("text", "inner.py:8: return json.loads", "JSONDecodeError"),
    ] {
      let tried = try folder.refig("try", "my/f", "--set", "way=\(way)")
      #expect(tried.status == 3 && tried.errors.contains(line) && tried.errors.contains(error), "\(tried.errors)")
      // What it prints is there at once, and not again in the reason.
      let printed = tried.errors.components(separatedBy: "the condition number is 1e+17")
      #expect(printed.count == 2 && !tried.errors.contains("it printed"), "\(tried.errors)")
    }
    let singular = try folder.refig("run", "-j1")
    #expect(singular.errors.contains("1 replica: LinAlgError"), "\(singular.errors)")
    #expect(singular.errors.contains("inner.py:9: return np.linalg.solve"), "\(singular.errors)")
  }

  @Test("equal failures are reported once with their number, and a program that answers is not started again")
  func equalFailures() throws {
    let folder = try Folder(
      Self.experiment
        + "stages: {my/walk: {parameters: {kind: mistaken}, sweep: [{drift: [0.0, 1.0, 2.0, 3.0]}], replicas: {count: 2}}}\n",
      program: "open('starts', 'a').write('.')\n" + Self.program)
    let run = try folder.refig("run", "-j1")
    #expect(run.status == 3)
    #expect(run.errors.components(separatedBy: "NameError").count == 2, "\(run.errors)")
    #expect(run.errors.contains("my/walk: 3 more cells failed for the same reason as"), "\(run.errors)")
    #expect(try folder.workspace.read("starts") == ".")
    #expect(try folder.failures().count == 4)
    let watched = try folder.refig("watch")
    #expect(watched.status == 3)
    #expect(watched.errors.components(separatedBy: "NameError").count == 2, "\(watched.errors)")
    #expect(watched.errors.contains("my/walk: 3 more cells failed for the same reason as"), "\(watched.errors)")
  }

  @Test("run, explain and status say why replicas failed, with how many for each reason")
  func reasonsOfReplicas() throws {
    let folder = try Folder(
      Self.experiment + "stages: {my/walk: {sweep: [{drift: [0.0, 1.0]}], replicas: {count: 10, perCell: 5}}}\n",
      program: Self.program.replacing(
        "    drift =",
        with: "    if cell.replicas[0] % 3 == 1:\n        raise refig.Failure('no minimum')\n"
          + "    if cell.replicas[0] == 6:\n        raise refig.Failure('no maximum')\n    drift ="))
    let run = try folder.refig("run", "-j2")
    #expect(run.status == 0)
    for answer in [run.errors, try folder.refig("explain", "my/walk").output] {
      #expect(
        answer.contains(/6 (failed )?replicas: no minimum/) && answer.contains(/2 (failed )?replicas: no maximum/),
        "\(answer)")
    }
    let status = try folder.refig("status").output.replacing(/\s+/, with: " ")
    #expect(status.contains("6 failed replicas: no minimum"), "\(status)")
    let tried = try folder.refig("try", "my/walk", "--replica", "4")
    #expect(tried.status == 3 && tried.errors.contains("no minimum"), "\(tried.errors)")
  }

  @Test(
    "of claims and figures only the cells that `where:` leaves are computed, with all that those read; of stages all")
  func onlyNeeded() throws {
    let folder = try Folder(
      "figures: [figures/my.yaml]\n" + Self.experiment + """
          my/sum: {command: [python3, sum.py], random: false, parameters: {factor: 1.0}, outputs: {sum: {meaning: sum}}}
        stages:
          my/walk: {sweep: [{drift: [0.0, 1.0, 2.0]}], replicas: 20}
          my/sum: {inputs: {walks: my/walk}, sweep: [{factor: [1.0, 2.0, 3.0, 4.0]}]}

        """)
    try folder.workspace.write(
      "import refig\n@refig.experiment\ndef sum(p, rng, cell):\n    ends = [point.arrays['end'].sum() "
        + "for point in cell.inputs['walks']]\n    return {'sum': p.factor * max(ends)}\nrefig.main()\n", to: "sum.py")
    func claim(_ name: String, _ stage: String, _ condition: String, expect: String) -> String {
      "  \(name): {statement: It ends., source: ours, kind: derived, estimate: {greatest: \(name)}, from: [my/\(stage)], "
        + "where: {\(condition)}, accept: [-.inf, .inf], expect: \(expect), because: a test}\n"
    }
    try folder.workspace.write(
      """
      figures:
        few: {caption: Ends., source: ours, panels: [{x: {label: factor}, y: {label: sum}, series: [
          {table: my/sum, from: [my/sum], where: {factor: [3.0, 4.0]}, draw: points, x: factor, y: sum}]}]}
      claims:

      """ + claim("end", "walk", "drift: 1.0", expect: "confirmed")
        // Its one replica reads random ones, of which it shows no spread.
        + claim("sum", "sum", "factor: 2.0", expect: "inconclusive"), to: "figures/my.yaml")
    #expect(try folder.refig("run", "--dry", "claim:my/end").output.contains("1 of 1 cell would run"))
    #expect(try folder.refig("verify", "-j1", "claim:my/end").status == 0)
    #expect(try folder.cells().count == 1)
    #expect(try folder.refig("verify", "-j1", "--cached-only", "claim:my/end").status == 0)
    let rows = try folder.refig("data", "claim:my/end", "--csv").output.split(separator: "\n")
    #expect(rows.count == 21 && rows.dropFirst().allSatisfy { $0.contains("1.0") }, "\(rows)")
    #expect(try folder.refig("verify", "-j1").status == 0)
    #expect(try folder.cells().count == 4, "a sum reads every walk")
    #expect(try folder.refig("run", "-j1", "fig:my/few").status == 0)
    #expect(try folder.cells().count == 7, "what a figure leaves out by a column of its table are rows, not cells")
  }

  @Test("failed cells keep nothing else from being drawn and judged, and what needs them says so")
  func partialFailure() throws {
    let folder = try Folder(
      "figures: [figures/my.yaml]\n" + Self.experiment + """
          my/mean: {command: [python3, mean.py], random: false, outputs: {mean: {meaning: mean end}}}
        stages:
          my/walk: {sweep: [{drift: [0.0, 1.0]}], replicas: 20}
          my/lost: {experiment: my/walk, sweep: [{kind: [none, mistaken]}], replicas: 20}
          my/mean: {inputs: {walks: my/lost}}

        """)
    try folder.workspace.write("import refig\n", to: "mean.py")
    func figure(_ stage: String) -> String {
      """
        \(stage):
          {caption: Ends., source: ours, panels: [{x: {label: drift}, y: {label: end}, series: [
            {table: my/walk, from: [my/\(stage)], draw: points, x: drift, y: end}]}]}

      """
    }
    func claim(_ name: String, _ stage: String, _ output: String) -> String {
      """
        \(name): {statement: It ends., source: ours, kind: derived, estimate: {greatest: \(output)}, from: [my/\(stage)],
          accept: [-.inf, .inf], because: a test}

      """
    }
    try folder.workspace.write(
      "figures:\n" + figure("walk") + figure("lost") + "claims:\n" + claim("good", "walk", "end")
        + claim("bad", "lost", "end") + claim("worse", "mean", "mean"), to: "figures/my.yaml")
    let run = try folder.refig("run", "-j2")
    #expect(run.status == 3, "\(run.errors)")
    #expect(run.output.contains("drew ./figures/quick/my/walk.svg"), "\(run.output)")
    #expect(run.output.contains("not drawn: my/lost, which reads my/lost, of which cells failed"), "\(run.output)")
    #expect(run.output.contains("2 figures: 1 drawn, 0 failed, 1 not drawn"), "\(run.output)")
    #expect(run.errors.contains("2 cells failed"), "\(run.errors)")
    #expect(folder.workspace.files(under: "figures/quick/my").contains("walk.svg"))
    #expect(!folder.workspace.files(under: "figures/quick/my").contains("lost.svg"))
    let verify = try folder.refig("verify", "-j2", "--junit", "v.xml", "--md", "v.md")
    let text = verify.output.replacing(/\s+/, with: " ")
    #expect(verify.status == 3)
    #expect(
      text.contains("3 claims: 1 confirmed, 0 refuted, 0 inconclusive, 2 not judged; the others as expected"), "\(text)"
    )
    #expect(text.contains("my/bad: not judged: 1 cell of my/lost failed: NameError"), "\(text)")
    #expect(text.contains("my/worse: not judged: 1 cell of my/mean is missing, as cells of my/lost failed"), "\(text)")
    let junit = try folder.workspace.read("v.xml")
    #expect(
      junit.contains("tests=\"3\"") && junit.components(separatedBy: "<error message=\"not judged").count == 3,
      "\(junit)")
    #expect(try folder.workspace.read("v.md").contains("### Not judged"))
    let object = try folder.refig("verify", "-j2", "--json")
    #expect(object.output.contains("\"notJudged\"") && object.status == 3)
  }

  @Test("a stage reads another's results, and a calculation without chance has one replica")
  func inputs() throws {
    let folder = try Folder(
      Self.experiment + """
          my/mean: {command: [python3, mean.py], random: false, outputs: {mean: {meaning: mean end}, count: {meaning: points}}}
        stages:
          my/walk: {sweep: [{drift: [0.0, 1.0]}], replicas: {count: 5}}
          my/mean: {inputs: {walks: my/walk}}

        """)
    try folder.workspace.write(
      """
      import refig

      @refig.experiment
      def mean(p, rng, cell):
          assert rng is None
          points = cell.inputs["walks"]
          assert [point.parameters.drift for point in points] == [0.0, 1.0]
          return {"mean": sum(point.arrays["end"].mean() for point in points) / 2, "count": len(points)}

      refig.main()
      """, to: "mean.py")
    #expect(try folder.refig("run", "-j1").status == 0)
    func column(_ target: String, _ output: String) throws -> [Double] {
      try folder.refig("data", target, "--csv", "--output", output).output.split(separator: "\n").dropFirst()
        .compactMap { $0.split(separator: ",").last.flatMap { Double($0) } }
    }
    let ends = try column("my/walk", "end")
    let mean = try #require(try column("my/mean", "mean").first)
    expectClose(mean, ends.reduce(0, +) / 10, relative: 1e-12)
    let refused = try Folder(
      "experiments: {my/f: {command: [python3, walk.py], random: false, outputs: {x: {meaning: x}}}}\n"
        + "stages: {my/f: {replicas: 3}}\n"
    ).refig("run")
    #expect(refused.status == 2 && refused.errors.contains("no random numbers are drawn"), "\(refused.errors)")
  }

  @Test("mistakes under experiments: are reported together, with their places")
  func mistakes() throws {
    let folder = try Folder(
      """
      experiments:
        walk: {command: [python3, walk.py], outputs: {x: {meaning: x}}}
        sarao2020/uniqueness: {command: [python3, walk.py], outputs: {x: {meaning: x}}}
        my/a: {command: python3 walk.py, outputs: {x: {meaning: x}}}
        my/b: {command: [python3, walk.py], sources: [missing.py, ../walk.py], outputs: {x: {meaning: x, axis: [t]}}}
        my/c: {command: [python3], outputs: {}}
        my/f: {command: [python3, wlak.py, ./lib/a.py], outputs: {x: {meaning: x}}}
        my/d: {command: [python3, walk.py], parameters: {a: {}, b: [], c: [1, x]}, outputs: {replica: {}, y: {axes: [replica]}}}
      stages:
        my/e: {}

      """)
    let run = try folder.refig("run")
    #expect(run.status == 2)
    for message in [
      "pipeline.yaml:4:3: experiment 'walk': its name must be that of the paper and its own, as in lu2020/walk",
      "refig has an experiment of this name itself",
      "'command' must be a list, not the word 'python3 walk.py'", "no file or folder 'missing.py' in the project",
      "'../walk.py' cannot name a source in the project", "unknown key 'axis'", "declares no output",
      "say under `sources:` which files are its code",
      "the project has no file 'wlak.py', './lib/a.py', which its command", "'a' must be a default",
      "'b' must be a default",
      "'c' must be a default", "an output cannot be called 'replica'", "'replica' cannot name an axis",
      "'meaning' is missing", "unknown experiment 'my/e'",
    ] { #expect(run.errors.contains(message), "\(message) is not in \(run.errors)") }
  }

  @Test("versions are asked when keys are needed, never for completion, and their answers are part of the keys")
  func versions() throws {
    let folder = try Folder(
      Self.stages.replacing("[[python3, --version]]", with: "[[sh, -c, 'echo asked >> asked; cat version']]"))
    try folder.workspace.write("1.0", to: "version")
    let names = try folder.refig("---completion", "run", "--", "positional@0", "0", "0", "")
    #expect(names.output.contains("my/walk"))
    #expect(!folder.workspace.files(under: "").contains("asked"))
    #expect(try folder.refig("run", "-j1").status == 0)
    try folder.workspace.write("2.0", to: "version")
    #expect(try folder.refig("explain", "my/walk").output.contains("versions: 1.0 → 2.0"))
    try folder.workspace.write("stages: {}", to: "asked")
    let broken = try Folder(Self.stages.replacing("[[python3, --version]]", with: "[[no-such-program]]"))
    let run = try broken.refig("run")
    #expect(run.status == 6 && run.errors.contains("`no-such-program`, which `versions:`"), "\(run.errors)")
  }

  @Test("arrays of 10 MB come through, and try runs one replica")
  func large() throws {
    let folder = try Folder(Self.experiment + "stages: {my/walk: {parameters: {steps: 1400000}}}\n")
    #expect(try folder.refig("run", "-j1").status == 0)
    #expect(try folder.refig("data", "my/walk", "--csv", "--output", "position").output.utf8.count > 10_000_000)
    let tried = try folder.refig("try", "my/walk", "--set", "steps=2")
    #expect(tried.status == 0 && tried.output.contains("position[time] = [3] 0"), "\(tried.output)\(tried.errors)")
    #expect(tried.errors.contains("a stray word\n") && tried.errors.contains("and another\n"), "\(tried.errors)")
    let byHand = try runProgram(
      "python3", ["walk.py", "--try", "steps=2"], in: folder.workspace.path,
      environment: ["PYTHONPATH": folder.workspace.path + "/data/python", "REFIG": try productPath("refig")])
    #expect(byHand.status == 0 && byHand.output.contains("position = [0."), "\(byHand.output)\(byHand.errors)")
    #expect(byHand.output.contains("a stray word\n") && byHand.output.contains("and another\n"), "\(byHand.output)")
    let lost = try runProgram(
      "python3", ["walk.py", "--try", "steps=2"], in: folder.workspace.path,
      environment: ["PYTHONPATH": folder.workspace.path + "/data/python", "REFIG": "/nowhere/refig"])
    #expect(lost.status == 1 && lost.errors.hasPrefix("/nowhere/refig: No such file"), "\(lost.errors)")
    #expect(lost.errors.contains("put refig on PATH") && !lost.errors.contains("Traceback"), "\(lost.errors)")
    try folder.workspace.write(
      folder.refig("try", "my/walk", "--set", "steps=2", "--request").output, to: "request")
    let asked = try runProgram(
      "bash", ["-c", "python3 walk.py 3<request 4>answer"], in: folder.workspace.path,
      environment: ["PYTHONPATH": folder.workspace.path + "/data/python", "REFIG_PROTOCOL": "1"])
    #expect(asked.status == 0, "\(asked.errors)")
    let answer = try Data(contentsOf: URL(fileURLWithPath: folder.workspace.path + "/answer"))
    #expect(answer.starts(with: Data("{\"request\": 1, \"arrays\"".utf8)))
  }

  @Test("a program is given the arrays of a committed file, here 10 MB, of which the SHA-256 is part of the key")
  func data() throws {
    let workspace = try Workspace()
    func refig(_ arguments: String...) throws -> ProgramResult {
      try runProgram(try productPath("refig"), arguments, in: workspace.path)
    }
    try workspace.write(
      """
      import refig

      @refig.experiment
      def total(p, rng, cell):
          numbers = cell.data["table"]["numbers"]
          assert numbers.shape == (1300, 1000) and cell.data["table"]["shift"].shape == ()
          return {"total": p.factor * numbers.sum() + cell.data["table"]["shift"], "last": numbers[-1, 0]}

      refig.main()
      """, to: "total.py")
    /// Writes the file, and pipeline.yaml with the digest given or else the file's.
    func write(shift: Int, digest: String? = nil) throws {
      let made = try runProgram(
        "/usr/bin/python3",
        [
          "-c",
          """
          import h5py, numpy, sys
          with h5py.File('table.h5', 'w') as f:
              f['numbers'] = numpy.arange(1300 * 1000.0).reshape(1300, 1000)
              f['shift'] = float(sys.argv[1])
          """, "\(shift)",
        ], in: workspace.path)
      #expect(made.status == 0, "\(made.errors)")
      let own = try runProgram("sha256sum", ["table.h5"], in: workspace.path).output.prefix(64)
      try workspace.write(
        """
        seed: 3
        profiles: [quick]
        experiments:
          my/total:
            command: [python3, total.py]
            random: false
            parameters: {factor: 2.0}
            data: {table: {numbers: {axes: [row, column], meaning: numbers}, shift: {axes: [], meaning: what is added}}}
            outputs: {total: {meaning: their sum}, last: {meaning: first number of the last row}}
        stages:
          my/total: {parameters: {factor: 3.0}, data: {table: {path: table.h5, sha256: \(digest ?? String(own))}}}

        """, to: "pipeline.yaml")
    }
    try write(shift: 5)
    let run = try refig("run", "-j1")
    #expect(run.status == 0, "\(run.errors)")
    let sum = 3 * (1_300_000.0 * 1_299_999 / 2)
    #expect(try refig("data", "my/total", "--csv").output.hasSuffix("0,\(sum + 5),1299000.0\n"))
    #expect(try refig("run").output.contains("1 cached, 0 computed"))
    let tried = try refig("try", "my/total", "--json", "--data", "table=table.h5")
    #expect(tried.output.contains("\(Int(sum / 3 * 2) + 5)"), "\(tried.output)\(tried.errors)")
    let staged = try refig("try", "my/total", "--json", "--stage", "my/total")
    #expect(staged.output.contains("\(Int(sum) + 5)"), "\(staged.output)\(staged.errors)")
    #expect(try refig("try", "my/total").errors.contains("--data table=FILE"))

    try write(shift: 6, digest: String(repeating: "a", count: 64))
    let foreign = try refig("run")
    #expect(foreign.status == 3 && foreign.errors.contains("not the one stated"), "\(foreign.errors)")
    try write(shift: 6)
    #expect(try refig("run").output.contains("0 cached, 1 computed"))
    #expect(try refig("data", "my/total", "--csv").output.hasSuffix("0,\(sum + 6),1299000.0\n"))
    // What of the file the program is given is part of the key as well.
    let pipeline = try workspace.read("pipeline.yaml")
    try workspace.write(pipeline.replacing("axes: [row, column]", with: "axes: [line, column]"), to: "pipeline.yaml")
    #expect(try refig("run", "--dry").output.contains("1 of 1 cell would run"))
    let explained = try refig("explain", "my/total").output
    #expect(explained.contains("the arrays of data files that my/total declares changed"), "\(explained)")
  }

  @Test("try makes a deliberate mistake, and knows no others")
  func tryMutant() throws {
    let folder = try Folder(Self.stages)
    func end(_ options: String...) throws -> Substring {
      let tried = try runProgram(
        try productPath("refig"), ["try", "my/walk", "--set", "drift=100.0"] + options, in: folder.workspace.path)
      #expect(tried.status == 0, "\(tried.errors)")
      return try #require(tried.output.firstMatch(of: /end = (\S+)/)).1
    }
    // Four steps with the same random numbers.
    let (right, mistaken) = (try end(), try end("--mutant", "no-drift"))
    expectClose(try #require(Double(right)) - (try #require(Double(mistaken))), 400, relative: 1e-4)
    let byHand = try runProgram(
      "python3", ["walk.py", "--try", "drift=100.0", "--mutant=no-drift"], in: folder.workspace.path,
      environment: ["PYTHONPATH": folder.workspace.path + "/data/python", "REFIG": try productPath("refig")])
    #expect(byHand.output.contains("end = \(mistaken.prefix(4))"), "\(byHand.output)\(byHand.errors)")
    let wrong = try folder.refig("try", "my/walk", "--set", "steps=many")
    #expect(
      wrong.status == 2 && wrong.errors.contains("refig: --set steps: 'steps' must"), "\(wrong.errors)")
    let unknown = try folder.refig("try", "my/walk", "--mutant", "drift")
    #expect(unknown.status == 2 && unknown.errors.contains("my/walk has the mutants no-drift"), "\(unknown.errors)")
  }

  @Test("figure files that share an experiment share its mistakes: one claim of the project lists each")
  func sharedMistakes() throws {
    func claims(_ kills: String) -> String {
      """
      claims:
        drifts: {statement: It drifts., source: ours, kind: derived, estimate: {mean: end}, from: [my/walk],
          where: {drift: 2.0}, accept: [4, 12], because: a test, kills: [\(kills)]}

      """
    }
    let folder = try Folder(
      "figures: [figures/first.yaml, figures/second.yaml]\n" + Self.experiment
        + "stages: {my/walk: {sweep: [{drift: [0.0, 2.0]}], replicas: 40}}\n")
    try folder.workspace.write(claims("no-drift"), to: "figures/first.yaml")
    try folder.workspace.write(claims(""), to: "figures/second.yaml")
    for targets in [[], ["paper:second"]] {
      let mutate = try runProgram(try productPath("refig"), ["mutate"] + targets, in: folder.workspace.path)
      #expect(mutate.status == 0, "\(mutate.output)\(mutate.errors)")
    }
    try folder.workspace.write(claims(""), to: "figures/first.yaml")
    let unlisted = try folder.refig("mutate")
    #expect(unlisted.status == 4)
    #expect(
      unlisted.output.components(separatedBy: "no claim lists the mistake 'no-drift'").count == 2, "\(unlisted.output)")
  }

  @Test(
    "a mistake is told once, with the project's own names, and not what follows from it",
    arguments: [
      ("    command: [", "    comand: [", "unknown key 'comand'; did you mean 'command'?"),
      ("    parameters: {steps: 4, ", "    paramters: {steps: 4, ", "unknown key 'paramters'"),
      ("      end: {meaning: ", "      end: {meening: ", "unknown key 'meening'; did you mean 'meaning'?"),
      ("    outputs:", "    outptus:", "unknown key 'outptus'"),
      ("drift: [0.0, 1.0]}", "drfit: [0.0, 1.0]}", "unknown parameter 'drfit'"),
    ])
  func consequences(text: String, mistake: String, message: String) throws {
    let pipeline =
      "figures: [figures/my.yaml]\n" + Self.experiment + "stages:\n  my/walk: {sweep: [{drift: [0.0, 1.0]}]}\n"
      + "  my/other: {experiment: my/walk}\n"
    #expect(pipeline.contains(text))
    let folder = try Folder(pipeline.replacing(text, with: mistake))
    try folder.workspace.write(
      """
      figures:
        ends:
          {caption: Ends., source: ours, panels: [{x: {label: drift}, y: {label: end}, series: [
            {table: my/walk, from: [my/walk], where: {kind: none}, draw: points, x: drift, y: end},
            {table: my/walk/time, from: [my/walk], draw: line, x: time, y: position}]}]}
      claims:
        drifts: {statement: It drifts., source: ours, kind: derived, estimate: {mean: end}, from: [my/walk],
          where: {drift: 1.0}, accept: [0, 12], because: a test, kills: [no-drift]}

      """, to: "figures/my.yaml")
    let run = try folder.refig("run")
    #expect(run.status == 2 && run.errors.contains(message), "\(run.errors)")
    #expect(run.errors.split(separator: "\n").count == 1, "\(run.errors)")
    #expect(!run.errors.contains("sarao2020"), "\(run.errors)")
  }

  @Test("where a name is unknown, those of the project are offered, and one of refig's own only if it is near")
  func offeredNames() throws {
    let folder = try Folder(
      Self.stages + "  my/b: {experiment: my/random}\n  my/c: {experiment: sarao2020/uniquenes}\n")
    let run = try folder.refig("run")
    #expect(run.errors.contains("unknown experiment 'my/random'; known: my/walk\n"), "\(run.errors)")
    #expect(
      run.errors.contains("unknown experiment 'sarao2020/uniquenes'; did you mean 'sarao2020/uniqueness'?"),
      "\(run.errors)")
    let tried = try folder.refig("try", "my/random")
    #expect(tried.errors.contains("known: my/walk."), "\(tried.errors)")
  }

  @Test("a value that no point has is one mistake")
  func valueOfNoPoint() throws {
    let folder = try Folder("figures: [my.yaml]\n" + Self.stages)
    try folder.workspace.write(
      """
      claims:
        c: {statement: s, source: ours, kind: derived, estimate: {mean: end}, from: [my/walk], where: {drift: 7.0},
            accept: [0, 1], because: b, immune: {no-drift: not meant}}

      """, to: "my.yaml")
    let verify = try folder.refig("verify")
    #expect(verify.status == 2 && verify.errors.contains("no point has drift = 7"), "\(verify.errors)")
    #expect(verify.errors.split(separator: "\n").count == 1, "\(verify.errors)")
  }

  @Test("figures and claims of a program need no Swift: automatic tables and standard estimates")
  func figuresAndClaims() throws {
    let folder = try Folder(
      "figures: [figures/my.yaml]\n" + Self.experiment
        + "  my/other: {command: [python3, walk.py], outputs: {end: {meaning: end}}}\n"
        + "stages: {my/walk: {parameters: {steps: 9}, sweep: [{drift: [0.0, 1.0, 2.0]}, {kind: [none, other]}], replicas: 40}}\n"
    )
    func claim(_ name: String, _ estimate: String, _ accept: String, kills: String = "[]", only: String = "none")
      -> String
    {
      """
        \(name):
          {statement: It drifts., source: ours, kind: derived, estimate: \(estimate), from: [my/walk], where: {kind: \(only)},
           accept: \(accept), because: the law of the steps, kills: \(kills)}

      """
    }
    let file = """
      figures:
        ends:
          caption: Where walks end.
          source: ours
          panels:
            - x: {label: drift}
              y: {label: end}
              series:
                - {table: my/walk, from: [my/walk], where: {kind: none}, draw: points, x: drift, y: end, error: endError}
            - x: {label: time}
              y: {label: position}
              series:
                - {table: my/walk/time, from: [my/walk], where: {kind: other, drift: 2}, draw: line, x: time, y: position}
      claims:

      """
    let claims =
      claim("mean", "{mean: {of: end, where: {drift: 1}}}", "[6, 12]", kills: "[no-drift]")
      + claim("slope", "{slope: {of: end, against: drift}}", "[7, 11]", kills: "[no-drift]")
      + claim("crossing", "{crossing: {of: position, at: {time: 9}, against: drift, level: 5}}", "[0, 1]")
      + claim("monotone", "{monotone: {of: end, against: drift, direction: increasing}}", "[-.inf, 0]")
    try folder.workspace.write(file + claims, to: "figures/my.yaml")
    let style = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().appending(path: "figures/style.gp")
    try folder.workspace.write(try String(contentsOf: style, encoding: .utf8), to: "figures/style.gp")
    let run = try folder.refig("run", "-j2")
    #expect(run.status == 0 && run.output.contains("1 figure: 1 drawn, 0 failed"), "\(run.output)\(run.errors)")
    #expect(
      try folder.refig("data", "fig:my/ends", "--csv").errors.contains("one of walk, time; or --folder DIR for all"))
    let table = try folder.refig("data", "fig:my/ends", "--csv", "--table", "walk").output
    #expect(table.contains("drift,steps,replicas,end,endError"))
    #expect(
      table.split(separator: "\n").filter { $0.hasPrefix("2,9,40,") || $0.hasPrefix("1,9,40,") }.count == 2,
      "\(table)")
    let verify = try folder.refig("verify")
    #expect(verify.output.contains("4 claims: 4 confirmed"), "\(verify.output)\(verify.errors)")
    let mutate = try folder.refig("mutate", "-j2")
    #expect(mutate.status == 0 && mutate.output.contains("1 of 1 deliberate mistakes noticed"), "\(mutate.output)")

    let mistaken =
      claim("a", "{mean: ends}", "[0, 1]") + claim("b", "{mean: position}", "[0, 1]")
      + claim("c", "{slope: {of: end, against: kind}}", "[0, 1]") + claim("d", "{mean: end, median: end}", "[0, 1]")
      + claim("e", "{crossing: {of: end, against: drift}}", "[0, 1]") + claim("f", "{means: end}", "[0, 1]")
      + claim("g", "{mean: end}", "[0, 1]")
      + claim("h", "{slope: {of: end, against: drift, where: {drift: 2}}}", "[0, 1]")
      + claim("i", "{difference: [end, {of: end, where: {drift: 2}}]}", "[0, 1]")
      + claim("j", "{greatestGap: {between: [end, {of: end, where: {drift: 2}}]}}", "[0, 1]")
      + claim("k", "{greatestGap: {between: [end, {of: end, where: {drift: 2}}], against: drift}}", "[0, 1]")
      + claim("l", "{slope: {of: end, against: drift, scale: log}}", "[0, 1]", only: "other")
    try folder.workspace.write(
      (file + mistaken).replacing("{table: my/walk/time, from: [my/walk]", with: "{table: my/other, from: [my/walk]"),
      to: "figures/my.yaml")
    let errors = try folder.refig("verify").errors
    #expect(errors.contains(": stage 'my/walk' runs my/walk, but the table 'my/other' is of my/other"), "\(errors)")
    for message in [
      "unknown output 'ends'; did you mean 'end'?",
      "'position' has a value for each time; say which with at: {time: …}",
      "unknown parameter that is a number 'kind'", "must be given by exactly one of mean, median", "'level' is missing",
      "unknown key 'means'; did you mean 'mean'?", "claim 'g': mean: 3 points have end, and the estimate is of one",
      "claim 'h': slope: needs points with different values of drift",
      "claim 'i': difference: 3 points have end, and",
      "claim 'j': greatestGap: the two quantities are not of the same",
      "claim 'k': greatestGap: 0 points of the other quantity have drift = 0.0, not one",
      "claim 'l': slope: the scale is logarithmic, and there is a point whose drift is not positive",
    ] { #expect(errors.contains(message), "\(message) is not in \(errors)") }

    // What no point of a series has is a mistake before anything is drawn, be it a number or a word.
    let absent = file.replacing("where: {kind: none}", with: "where: {kind: nonne}").replacing(
      "drift: 2}", with: "drift: [2, 3]}")
    try folder.workspace.write(absent + claims, to: "figures/my.yaml")
    let refused = try folder.refig("run", "--dry")
    #expect(refused.status == 2, "\(refused.output)")
    for message in [
      "panel 1, series 1: no point has kind = nonne; there it is none, other",
      "panel 2, series 1: no point has drift = 3.0; there it is 0.0, 1.0, 2.0",
    ] { #expect(refused.errors.contains(message), "\(message) is not in \(refused.errors)") }

    // gnuplot takes another font for one that is missing, and says nothing.
    try folder.workspace.write("font: {family: No Such Font}\n" + file + claims, to: "figures/my.yaml")
    let drawn = try folder.refig("run", "fig:my/ends")
    #expect(drawn.status == 0 && drawn.errors.contains("the font 'No Such Font' of my/ends is not installed, and"))
    let doctor = try folder.refig("doctor")
    #expect(doctor.status == 6 && doctor.output.contains("No Such Font is not installed"), "\(doctor.output)")
  }

  @Test("docs/protocol.md: its pipeline is a whole file, of which refig makes its request")
  func page() throws {
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    let page = try String(contentsOf: root.appending(path: "docs/protocol.md"), encoding: .utf8)
    let workspace = try Workspace()
    let pipeline = try #require(page.firstMatch(of: /```yaml\n([^`]*)```/)).1
    try workspace.write(String(pipeline), to: "pipeline.yaml")
    for file in ["spectral.py", "common/weights.py"] { try workspace.write("pass\n", to: file) }
    func refig(_ arguments: String...) throws -> String {
      let result = try runProgram(try productPath("refig"), arguments, in: workspace.path)
      #expect(result.status == 0, "\(result.errors)")
      return result.output
    }
    #expect(try refig("run", "--dry").contains("75 of 75 cells would run"))
    func object(_ text: some StringProtocol) throws -> NSMutableDictionary {
      let object = try JSONSerialization.jsonObject(with: Data(text.utf8), options: .mutableContainers)
      return try #require(object as? NSMutableDictionary)
    }
    let told = try object(try #require(page.firstMatch(of: /```json\n(.*)\n```/)).1)
    let made = try object(refig("try", "lu2020/spectral-overlap", "--request"))
    #expect(told.count == 12)
    // Another replica, and so another key; another request.
    for name in ["request", "replicas", "keys"] {
      #expect(told[name] != nil && made[name] != nil)
      told[name] = nil
      made[name] = nil
    }
    #expect(told == made)
  }

  /// A cluster of one node that computes a task as soon as it is submitted.
  private static let cluster = """
    #!/bin/bash
    case $(basename "$0") in
    sbatch)
      for word in "$@"; do
        case $word in
        --version) echo slurm 23; exit ;;
        --chdir=*) cd "${word#*=}" ;;
        --job-name=*) name=${word#*=} ;;
        --array=*) count=${word##*-} ;;
        esac
      done
      while [ "${1#--}" != "$1" ]; do shift; done
      export SLURM_ARRAY_TASK_COUNT=$count SLURM_CPUS_PER_TASK=1
      for SLURM_ARRAY_TASK_ID in $(seq "$count"); do
        export SLURM_ARRAY_TASK_ID
        sh "$@" >"$SLURM_ARRAY_TASK_ID.txt" 2>&1
      done
      echo "$name 7 [1-$count] COMPLETED None" >>"$FAKE_QUEUE"
      echo 7 ;;
    squeue) cat "$FAKE_QUEUE" ;;
    scontrol) echo MaxArraySize = 1001 ;;
    esac

    """

  @Test("tasks of a cluster run programs, with the bits of this machine's own workers")
  func cluster() throws {
    let here = try Folder(Self.stages)
    #expect(try here.refig("run", "-j1").status == 0)
    let there = try Folder(Self.stages)
    try there.workspace.write(Self.cluster, to: "bin/sbatch")
    #expect(chmod(there.workspace.path + "/bin/sbatch", 0o755) == 0)
    for name in ["squeue", "scontrol", "scancel"] {
      try FileManager.default.createSymbolicLink(
        atPath: "\(there.workspace.path)/bin/\(name)", withDestinationPath: "sbatch")
    }
    let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
    let run = try there.refig(
      "run", "--executor", "slurm",
      environment: ["PATH": "\(there.workspace.path)/bin:\(path)", "FAKE_QUEUE": there.workspace.path + "/queue"])
    #expect(run.status == 0, "\(run.output)\(run.errors)")
    #expect(try there.cells() == here.cells())
  }

  /// Where groups of processes can be given a limit on memory.
  private static let groups = "/sys/fs/cgroup/memory"

  @Test(
    "a program that the kernel kills for want of memory costs its cell alone",
    .enabled(if: access(groups + "/cgroup.procs", W_OK) == 0, "needs root, and control groups of version 1"))
  func killedForMemory() throws {
    let folder = try Folder(
      """
      experiments:
        mine/eater:
          command: [python3, walk.py]
          parameters: {megabytes: 1}
          outputs: {taken: {meaning: bytes}}
      stages:
        mine/eater: {sweep: [{megabytes: [1, 600, 2]}]}

      """,
      program: """
        import refig

        @refig.experiment
        def eater(p, rng):
            return {"taken": len(b"x" * (p.megabytes << 20))}

        refig.main()
        """)
    let group = "\(Self.groups)/refig-\(UUID())"
    try FileManager.default.createDirectory(atPath: group, withIntermediateDirectories: false)
    defer { rmdir(group) }
    try Data("300M".utf8).write(to: URL(fileURLWithPath: group + "/memory.limit_in_bytes"))
    let run = "echo $$ >'\(group)/cgroup.procs' && exec '\(try productPath("refig"))' run --quiet"
    let result = try runProgram("sh", ["-c", run], in: folder.workspace.path)
    #expect(result.status == 3, "\(result.errors)")
    #expect(try folder.cells().count == 2)
    let failures = try folder.failures()
    #expect(failures.count == 1 && failures[0].contains("out of memory?"), "\(failures)")
  }

  @Test("whether an experiment draws random numbers is in the key: a draw does not become exact by a word")
  func chanceInTheKey() throws {
    let pipeline =
      "experiments: {my/f: {command: [python3, walk.py], CHANCEoutputs: {x: {meaning: x}}}}\nstages: {my/f: {}}\n"
    let program = "import refig\n\n@refig.experiment\ndef f(p, rng=None):\n    return {\"x\": 1.0}\n\nrefig.main()\n"
    let folder = try Folder(pipeline.replacing("CHANCE", with: ""), program: program)
    #expect(try folder.refig("run", "--quiet").status == 0)
    let text = try folder.workspace.read("pipeline.yaml")
    try folder.workspace.write(text.replacing("outputs:", with: "random: false, outputs:"), to: "pipeline.yaml")
    #expect(try folder.refig("run", "--dry", "--json").output.contains("\"my/f\""))
    #expect(try folder.refig("status", "--check").status == 7)
  }

  @Test("a claim on the points that worked is judged, whatever became of the others of its stage")
  func pointsThatWorked() throws {
    let folder = try Folder(
      """
      figures: [mine.yaml]
      experiments:
        mine/f: {command: [python3, walk.py], parameters: {law: kind}, outputs: {x: {meaning: x}}}
      stages:
        mine/f: {sweep: [{law: [kind, harsh, unknown]}], replicas: 20}

      """,
      program: """
        import refig

        @refig.experiment
        def f(p, rng, cell):
            if p.law != "kind":
                raise RuntimeError("no such law")
            return {"x": rng.normal(5, 1)}

        refig.main()
        """)
    try folder.workspace.write(
      """
      claims:
        some: {statement: s, source: ours, kind: observation, estimate: {mean: x}, from: [mine/f], where: {law: kind}, accept: [2, 8], because: b}
        whole: {statement: s, source: ours, kind: observation, estimate: {greatest: x}, from: [mine/f], accept: [2, 8], because: b}
      figures:
        some:
          caption: c
          source: ours
          panels:
            - {x: {label: n}, y: {label: x}, series: [{draw: points, table: mine/f, from: [mine/f], where: {law: kind}, x: replicas, y: x}]}
        whole:
          caption: c
          source: ours
          panels:
            - {x: {label: n}, y: {label: x}, series: [{draw: points, table: mine/f, from: [mine/f], x: replicas, y: x}]}

      """, to: "mine.yaml")
    let result = try folder.refig("verify")
    #expect(result.status == 3, "\(result.errors)")
    #expect(result.output.contains("1 confirmed") && result.output.contains("1 not judged"), "\(result.output)")
    #expect(try folder.refig("run", "--quiet").status == 3)
    let pictures = folder.workspace.files(under: "figures").filter { $0.hasSuffix(".svg") }
    #expect(pictures == ["quick/mine/some.svg"], "\(pictures)")
    // Deliberate mistakes are tried on what there is.
    let mutants = try folder.refig("mutate", "--synthetic")
    #expect(
      mutants.status == 3 && mutants.output.contains("not tried, as cells failed: mine/whole"), "\(mutants.output)")
  }

  @Test("what reads numbers with chance in them is no calculation without chance, however little it draws itself")
  func chanceOfInputs() throws {
    let folder = try Folder(
      """
      figures: [mine.yaml]
      experiments:
        mine/noise: {command: [python3, walk.py], outputs: {x: {meaning: x}}}
        mine/law: {command: [python3, walk.py], random: false, outputs: {z: {meaning: z}}}
        mine/sum: {command: [python3, walk.py], random: false, outputs: {y: {meaning: y}}}
      stages:
        mine/noise: {replicas: 3}
        mine/law: {}
        mine/chance: {experiment: mine/sum, inputs: {up: mine/noise}}
        mine/certain: {experiment: mine/sum, inputs: {up: mine/law}}

      """,
      program: """
        import refig

        @refig.experiment
        def noise(p, rng):
            return {"x": rng.normal()}

        @refig.experiment
        def law(p):
            return {"z": 1.0}

        @refig.experiment
        def sum(p, rng, cell):
            (array,) = cell.inputs["up"][0].arrays.values()
            return {"y": array.mean()}

        refig.main()
        """)
    let claim = "{statement: s, source: ours, kind: observation, estimate: {mean: y}, accept: [-9, 9], because: b, "
    try folder.workspace.write(
      "claims:\n  a: \(claim)from: [mine/chance], expect: inconclusive}\n  b: \(claim)from: [mine/certain]}\n",
      to: "mine.yaml")
    let result = try folder.refig("verify", "--all")
    #expect(result.status == 0, "\(result.output)\(result.errors)")
  }

  @Test("a list that one replica changes does not reach the next")
  func ownParameters() throws {
    let folder = try Folder(
      """
      experiments:
        mine/f: {command: [python3, walk.py], parameters: {start: [1.0, 2.0]}, outputs: {x: {meaning: x}}}
      stages:
        mine/f: {replicas: {count: 6, perCell: 6}}

      """,
      program: """
        import refig

        @refig.experiment
        def f(p, rng):
            p.start[0] += 1
            return {"x": p.start[0]}

        refig.main()
        """)
    #expect(try folder.refig("run", "--quiet").status == 0)
    let rows = try folder.refig("data", "mine/f", "--csv").output.split(separator: "\n").dropFirst()
    #expect(rows.count == 6 && rows.allSatisfy { $0.hasSuffix(",2.0") }, "\(rows)")
  }

  @Test("an estimate is of what the cells hold now, not of what cells with their keys held")
  func otherNumbers() throws {
    let folder = try Folder(
      """
      figures: [mine.yaml]
      experiments:
        mine/f: {command: [python3, walk.py], outputs: {x: {meaning: x}}}
      stages:
        mine/f: {replicas: 20}

      """,
      program: """
        import os, refig

        @refig.experiment
        def f(p, rng):
            return {"x": float(int.from_bytes(os.urandom(4), "big"))}

        refig.main()
        """)
    try folder.workspace.write(
      "claims:\n  a: {statement: s, source: ours, kind: observation, estimate: {mean: x}, from: [mine/f], "
        + "accept: [-1, 1e30], because: b}\n", to: "mine.yaml")
    func number() throws -> String {
      try folder.refig("verify", "--json").output.matches(of: /"estimate" : .*/).map { "\($0.output)" }.joined()
    }
    let first = try number()
    #expect(try !first.isEmpty && number() == first)
    for cell in folder.workspace.files(under: "data/store") where cell.hasSuffix(".h5") {
      try FileManager.default.removeItem(atPath: folder.workspace.path + "/data/store/" + cell)
    }
    #expect(try number() != first)
  }

  @Test("a damaged cell costs the claims that read it, not the others, and is computed again")
  func damagedCell() throws {
    let folder = try Folder(
      """
      figures: [mine.yaml]
      experiments:
        mine/f: {command: [python3, walk.py], parameters: {k: 1}, outputs: {x: {meaning: x}}}
      stages:
        mine/one: {experiment: mine/f, parameters: {k: 1}, replicas: 20}
        mine/two: {experiment: mine/f, parameters: {k: 2}, replicas: 20}

      """,
      program: """
        import refig

        @refig.experiment
        def f(p, rng):
            return {"x": rng.normal(5, 1)}

        refig.main()
        """)
    let claim =
      "{statement: s, source: ours, kind: observation, estimate: {mean: x}, accept: [2, 8], because: b, from: "
    try folder.workspace.write("claims:\n  a: \(claim)[mine/one]}\n  b: \(claim)[mine/two]}\n", to: "mine.yaml")
    #expect(try folder.refig("verify").status == 0)
    let cell = try #require(folder.workspace.files(under: "data/store").filter { $0.hasSuffix(".h5") }.first)
    let path = folder.workspace.path + "/data/store/" + cell
    var bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
    bytes[bytes.count - 9] ^= 4
    try Data(bytes).write(to: URL(fileURLWithPath: path))
    let damaged = try folder.refig("verify")
    #expect(damaged.status == 5 && damaged.errors.contains(cell.split(separator: "/").last ?? "?"), "\(damaged.errors)")
    #expect(damaged.output.contains("1 confirmed") && damaged.output.contains("1 not judged"), "\(damaged.output)")
    #expect(try folder.refig("verify").status == 0)
  }
}
