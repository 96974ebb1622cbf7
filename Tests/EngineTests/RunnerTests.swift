import Foundation
import Pipeline
import Platform
import Reports
import Runner
import Slurm
import Store
import TestSupport
import Testing
import ToyPaper

/// What a runner makes of workers, records and processes that do not do as they should.
@Suite struct RunnerTests {
  /// Runs six cells with this shell script as worker.
  private func build(
    _ script: String, workers: Int = 2, timeLimit: Double = 600, startLimit: Double = 60,
    reason: String = "its worker ended with status 7"
  ) throws -> Result<Build.Summary, any Error> {
    let workspace = try Workspace()
    try workspace.write(
      "seed: 3\nprofiles: [quick]\nstages:\n"
        + "  toy/walk: {timeLimit: \(timeLimit), sweep: [{drift: [0, 1, 2]}, {law: [normal, uniform]}]}\n",
      to: "pipeline.yaml")
    let project = try Project(root: workspace.path, profile: nil, catalogue: toyCatalogue())
    let plan = try Plan(project.pipeline, stages: ["toy/walk"], catalogue: project.catalogue)
    let executor = try LocalExecutor(command: ["/bin/sh", "-c", script], workerCount: workers, startLimit: startLimit)
    let outcome = Result {
      var build = Build(
        store: project.store, plan: plan, executor: executor,
        makeLog: { try RunLog(root: workspace.path, command: [], profile: "quick", facts: [:]) })
      return try build.run()
    }
    if case .success = outcome {
      for key in plan.stages[0].keys {
        #expect(try project.store.failure(of: key) == reason)
      }
    } else {
      #expect(try project.store.failedKeys() == [])
    }
    return outcome
  }

  @Test("workers that end before they are ready stop the run after a few, and no cell is blamed", arguments: [1, 2])
  func falseStarts(workers: Int) throws {
    for script in ["exit 7", "read line; exit 7", "echo hello; exit 7"] {
      guard case .failure(PipelineError.workerNotStarted(let reason)) = try build(script, workers: workers)
      else {
        Issue.record("'\(script)' did not stop the run")
        continue
      }
      #expect(reason.contains("in a row") || reason.contains("hello"), "\(reason)")
    }
  }

  @Test("a worker that was ready and ended over a cell fails that cell; the others have their turn")
  func endedOverACell() throws {
    let summary = try build("echo ready; read line; exit 7").get()
    #expect(summary.failed == 6)
    #expect(summary.computed == 0)
  }

  @Test("a worker that is stopped does not use up its cell's time; one that idles does", .timeLimit(.minutes(10)))
  func stopped() throws {
    let answer = "failed its worker ended with status 7"
    func worker(_ pause: String) -> String {
      "echo ready; while read count; do head -c $count > /dev/null; \(pause); echo '\(answer)'; done"
    }
    let stopped = try build(worker("(sleep 1.5; kill -CONT $$) & kill -STOP $$"), workers: 6, timeLimit: 0.5).get()
    #expect(stopped.failed == 6)
    let idle = try build(
      worker("sleep 5"), workers: 6, timeLimit: 0.5, reason: "it took longer than its time limit of 0.5 s"
    ).get()
    #expect(idle.failed == 6)
  }

  @Test("failures that differ in numbers alone are printed once, and at most ten reasons for a stage")
  func tally() {
    var tally = FailureTally()
    func told(_ reasons: [String], of stage: String) -> [String] {
      reasons.enumerated().compactMap { tally.add("replica \($0)", of: stage, reason: $1) }
    }
    let same = [
      "ValueError: boom 1.5 (walk.py:12: raise ValueError(x))",
      "ValueError: boom -2e-05 (walk.py:12: raise ValueError(x))",
    ]
    #expect(told(same, of: "a") == ["a replica 0: \(same[0])"])
    // Another line is another reason, and so is another word with a number in it.
    #expect(told(["ValueError: boom 1.5 (walk.py:15: raise ValueError(x))", "bad x1", "bad x2"], of: "a").count == 3)
    #expect(
      told((0..<30).map { "no \(["a", "b", "c", "d", "e"][$0 % 5])\(["v", "w", "x"][$0 % 3])" }, of: "b").count == 10)
    #expect(
      tally.rest == [
        "a: 1 more cell failed for the same reason as replica 0",
        "b: 1 more cell failed for the same reason as replica 0",
        "b: 1 more cell failed for the same reason as replica 1",
        "b: 1 more cell failed for the same reason as replica 2",
        "b: 1 more cell failed for the same reason as replica 3",
        "b: 1 more cell failed for the same reason as replica 4",
        "b: 1 more cell failed for the same reason as replica 5",
        "b: 1 more cell failed for the same reason as replica 6",
        "b: 1 more cell failed for the same reason as replica 7",
        "b: 1 more cell failed for the same reason as replica 8",
        "b: 1 more cell failed for the same reason as replica 9",
        "b: 10 more cells failed for other reasons, which the run's record tells",
      ])
  }

  @Test("what a program waits for a processor does not use up its cell's time", .timeLimit(.minutes(10)))
  func crowded() throws {
    let workspace = try Workspace()
    // Six programs share one processor, so that each takes six times its half second.
    try workspace.write(
      """
      import os, time
      os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
      while time.process_time() < 0.5: pass
      """, to: "busy.py")
    let answer = "failed its worker ended with status 7"
    let summary = try build(
      "echo ready; while read count; do head -c $count > /dev/null; python3 \(workspace.path)/busy.py; echo '\(answer)'; done",
      workers: 6, timeLimit: 1.5
    ).get()
    #expect(summary.failed == 6)
  }

  @Test("the start of a program has a limit of its own, and none of it counts for the cell", .timeLimit(.minutes(10)))
  func startOfAProgram() throws {
    func worker(_ start: String, _ work: String) -> String {
      "echo ready; while read count; do head -c $count > /dev/null; echo starting; \(start); echo begun; \(work); "
        + "echo 'failed its worker ended with status 7'; done"
    }
    let slow = try build(worker("sleep 1.5", "sleep 0.1"), workers: 6, timeLimit: 1).get()
    #expect(slow.failed == 6)
    let hanging = try build(
      worker("sleep 30", "true"), workers: 6, timeLimit: 0.2, startLimit: 1,
      reason: "its program took longer than 1.0 s to start"
    ).get()
    #expect(hanging.failed == 6)
    let patient = try build(
      worker("sleep 1.5", "sleep 30"), workers: 6, timeLimit: 2, startLimit: 1,
      reason: "it took longer than its time limit of 2.0 s"
    ).get()
    #expect(patient.failed == 6)
  }

  @Test("an answer that comes in the same bytes as the sign of readiness is heard", .timeLimit(.minutes(10)))
  func answerWithReadiness() throws {
    let answer = "failed its worker ended with status 7"
    let summary = try build(
      """
      read count; head -c $count > /dev/null; printf 'ready\\n\(answer)\\n'
      while read count; do head -c $count > /dev/null; echo '\(answer)'; done
      """
    ).get()
    #expect(summary.failed == 6)
  }

  @Test("a line of a file that many write to is whole, and none is lost")
  func appending() throws {
    let workspace = try Workspace()
    let path = workspace.path + "/lines"
    try workspace.write("torn", to: "lines")
    let line = String(repeating: "x", count: 5000)
    DispatchQueue.concurrentPerform(iterations: 200) { number in
      do { try Files.append(Array("\(number) \(line)\n".utf8), to: path) } catch { Issue.record("\(error)") }
    }
    let lines = try workspace.read("lines").split(separator: "\n")
    #expect(lines.count == 201)
    #expect(lines.first == "torn")
    #expect(lines.dropFirst().allSatisfy { $0.hasSuffix(" " + line) })
    #expect(Set(lines).count == 201)
  }

  @Test("a file that is gone is told from one that cannot be read")
  func gone() throws {
    let workspace = try Workspace()
    try workspace.write("", to: "file")
    for (path, cause) in [("missing", FileError.Cause.notThere), ("file/batch", .nameTaken)] {
      let error = #expect(throws: FileError.self) { try BatchFile(path: workspace.path + "/" + path) }
      #expect(error?.cause == cause)
    }
  }

  @Test("bytes that are not UTF-8 do not shift what is read after them")
  func repairedText() throws {
    let workspace = try Workspace()
    let path = workspace.path + "/output"
    try Files.write(Array("caf".utf8) + [0xe9, 0x0a] + Array("next\nlast\n".utf8), to: path, by: path + ".tmp")
    let descriptor = open(path, O_RDONLY)
    defer { close(descriptor) }
    var reader = LineReader(descriptor: descriptor)
    #expect(try reader.line()?.hasPrefix("caf") == true)
    lseek(descriptor, off_t(reader.consumedCount), SEEK_SET)
    var later = LineReader(descriptor: descriptor)
    #expect(try later.line() == "next")
    #expect(later.consumedCount == 5)
  }

  /// A record of a run that has not ended, last written long ago unless something else is said; `now` is this machine's clock.
  private func record(
    _ fields: String, in workspace: Workspace, written: Date = Date(timeIntervalSince1970: 1),
    now: @escaping () -> Double = { Date().timeIntervalSince1970 }
  ) throws -> RunRecord {
    let name = "data/runs/20200101T000000.000-1/events.jsonl"
    try workspace.write(
      "{\"event\":\"run\",\"time\":\"2020-01-01T00:00:00.000Z\",\"command\":[],\"profile\":\"quick\",\(fields)}\n",
      to: name)
    try FileManager.default.setAttributes([.modificationDate: written], ofItemAtPath: workspace.path + "/" + name)
    return try RunRecord(root: workspace.path, run: nil, now: now)
  }

  @Test("a head elsewhere is judged by the clock of the file system, however wrong this machine's is")
  func clocks() throws {
    let workspace = try Workspace()
    for error in [-7200.0, 0, 7200] {
      for (silence, isAlive) in [(0.0, true), (500, true), (700, false)] {
        // Of the same name and the same numbers, but not the same machine.
        let record = try record(
          "\"facts\":{\"host\":\"\(ProcessInfo.processInfo.hostName)\"},\"process\":1,\"processStart\":\"1@elsewhere\"",
          in: workspace, written: Date(timeIntervalSinceNow: -silence),
          now: { Date().timeIntervalSince1970 + error })
        try record.update()
        #expect(try record.isAlive == isAlive, "\(error) \(silence)")
      }
    }
    #expect(workspace.files(under: ".").allSatisfy { !$0.contains(".time") })
  }

  @Test("a run is followed as long as its own process is there, however silent; a number that came again is another's")
  func headOfARun() throws {
    let workspace = try Workspace()
    let own = try #require(try ProcessIdentity(process: getpid()))
    #expect(try own.isRunning)
    let host = "\"facts\":{\"host\":\"\(ProcessInfo.processInfo.hostName)\"}"
    let elsewhere = "\"facts\":{\"host\":\"elsewhere.example\"}"
    let process = "\"process\":\(own.process),\"processStart\":\"\(own.start)\""
    for (fields, isAlive) in [
      ("\(host),\(process)", true), ("\(host),\"process\":\(own.process),\"processStart\":\"1@before\"", false),
      ("\(host),\"process\":\(Int32.max),\"processStart\":\"\(own.start)\"", false), ("\(elsewhere),\(process)", false),
    ] {
      let record = try record(fields, in: workspace)
      #expect(try record.isAlive, "nothing has been read that says otherwise")
      try record.update()
      #expect(try record.isAlive == isAlive, "\(fields)")
    }
  }

  @Test("a pipe or a device among the records is none, and nobody waits for it", .timeLimit(.minutes(15)))
  func noRecords() throws {
    let workspace = try Workspace()
    let names = (1...2).map { "20200101T000000.000-\($0)" }
    let paths = names.map { "\(workspace.path)/data/runs/\($0)/events.jsonl" }
    for name in names { try workspace.write("", to: "data/runs/\(name)/console.txt") }
    #expect(mkfifo(paths[0], 0o644) == 0)
    #expect(symlink("/dev/zero", paths[1]) == 0)
    #expect(try EarlierRuns(root: workspace.path, profile: "quick", cells: []).runs.isEmpty)
    #expect(try CostHistory(root: workspace.path).stages.isEmpty)
    for name in names {
      let record = try RunRecord(root: workspace.path, run: name)
      try record.update()
      #expect(record.status.host.isEmpty)
    }
  }

  @Test("a record without line ends, however long, is none, at once", .timeLimit(.minutes(5)))
  func endlessRecord() throws {
    let workspace = try Workspace()
    let name = "20200101T000000.000-1"
    try workspace.write("", to: "data/runs/\(name)/events.jsonl")
    #expect(truncate("\(workspace.path)/data/runs/\(name)/events.jsonl", 1 << 40) == 0)
    #expect(try EarlierRuns(root: workspace.path, profile: "quick", cells: []).runs.isEmpty)
    #expect(try CostHistory(root: workspace.path).stages.isEmpty)
    let record = try RunRecord(root: workspace.path, run: name)
    let error = #expect(throws: PipelineError.self) { try record.update() }
    #expect(error.map { ErrorMessage.text(of: $0) }?.contains("events.jsonl:1") == true)
  }

  @Test("a record is read line by line, wherever the parts end in which it comes")
  func longRecord() throws {
    let workspace = try Workspace()
    // Some lines of other lengths than any power of two, together longer than what is read at a time.
    let lines = (0..<7000).map { index in
      "{\"event\":\"stage\",\"time\":\"t\",\"stage\":\"s\(index % 7)\",\"computed\":1,\"failed\":0,"
        + "\"wallSeconds\":\(index),\"processorSeconds\":1,\"fileBytes\":1,\"peakBytes\":1}\n"
    }
    try workspace.write(lines.joined(), to: "data/runs/20200101T000000.000-1/events.jsonl")
    let stages = try CostHistory(root: workspace.path).stages
    #expect(stages.count == 7 && stages.values.allSatisfy { $0.cells == 1000 })
    #expect(stages.values.reduce(0) { $0 + $1.wallSeconds } == 6999 * 7000 / 2)
  }

  @Test("numbers that no run has, in answers and records, are left out or cut: no sum of them traps")
  func impossibleNumbers() throws {
    let numbers = ["1.5", "2.5", "3000000", "100", "4", "0"]
    #expect(Worker.outcome("computed \(numbers.joined(separator: " "))") != nil)
    for place in numbers.indices {
      for bad in ["nan", "inf", "-inf", "1e300", "-1"] {
        var answer = numbers
        answer[place] = bad
        #expect(Worker.outcome("computed \(answer.joined(separator: " "))") == nil, "\(answer)")
      }
    }
    for place in [3, 4] {
      var answer = numbers
      answer[place] = "9e17"
      #expect(Worker.outcome("computed \(answer.joined(separator: " "))") == nil, "what is added up over cells")
    }
    let workspace = try Workspace()
    func stage(_ changes: (String, String)...) -> String {
      var fields = [
        "computed": "3", "failed": "0", "wallSeconds": "6", "processorSeconds": "6", "fileBytes": "1", "peakBytes": "9",
        "event": "\"stage\"", "stage": "\"s\"", "time": "\"t\"",
      ]
      for (key, value) in changes { fields[key] = value }
      return "{" + fields.map { "\"\($0.key)\":\($0.value)" }.joined(separator: ",") + "}\n"
    }
    let most = "\(Int.max)"
    let job = "{\"event\":\"job\",\"name\":\"j\",\"id\":\"1\",\"tasks\":\(most)}\n"
    let name = "data/runs/20200101T000000.000-1/events.jsonl"
    try workspace.write(
      "{\"event\":\"run\",\"time\":\"\",\"facts\":{\"host\":\"h\"}}\n"
        + "{\"event\":\"plan\",\"stages\":{\"a\":{\"missing\":\(most)},\"b\":{\"missing\":\(most)}}}\n" + job + job
        + stage() + stage(("computed", most)) + stage(("wallSeconds", "-1e300")) + stage(("wallSeconds", "1e300"))
        + stage(("peakBytes", "-1"))
        + stage(("replicaFailures", "{\"a\":\(most),\"b\":1,\"c\":1,\"d\":\(most),\"e\":\(most)}")) + stage(),
      to: name)
    let entry = try #require(try CostHistory(root: workspace.path).stages["s"])
    #expect(entry.cells == 6 && entry.meanSeconds == 2 && entry.peakBytes == 9 && entry.lastFailures.isEmpty)
    let record = try RunRecord(root: workspace.path, run: nil)
    try record.update()
    #expect(record.status.text(isAlive: false).contains(" of \(2 * Int(Int32.max)) cells"))
  }

  @Test("no more memory is planned with than the machine has left, and each group that the process lies in")
  func memoryOfGroups() throws {
    let workspace = try Workspace()
    let files = [
      "proc/meminfo": "MemTotal: 9000 kB\nMemAvailable:    8000 kB\n",
      "proc/self/cgroup": "5:cpu:/elsewhere\n4:memory:/batch/job\n0::/user/run\n",
      // Version 2, and a limit that a group far above sets.
      "sys/fs/cgroup/memory.max": "max\n", "sys/fs/cgroup/memory.current": "1\n",
      "sys/fs/cgroup/user/memory.max": "max\n", "sys/fs/cgroup/user/memory.current": "1000\n",
      "sys/fs/cgroup/user/run/memory.max": "max\n", "sys/fs/cgroup/user/run/memory.current": "900\n",
      // Version 1.
      "sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n",
      "sys/fs/cgroup/memory/memory.usage_in_bytes": "5000\n",
      "sys/fs/cgroup/memory/batch/memory.limit_in_bytes": "9223372036854771712\n",
      "sys/fs/cgroup/memory/batch/memory.usage_in_bytes": "5000\n",
      "sys/fs/cgroup/memory/batch/job/memory.limit_in_bytes": "9223372036854771712\n",
      "sys/fs/cgroup/memory/batch/job/memory.usage_in_bytes": "5000\n",
      // Not of this process.
      "sys/fs/cgroup/memory/elsewhere/memory.limit_in_bytes": "1\n",
      "sys/fs/cgroup/memory/elsewhere/memory.usage_in_bytes": "1\n",
    ]
    for (name, text) in files { try workspace.write(text, to: name) }
    #expect(try LocalExecutor.availableMemory(root: workspace.path) == 8000 << 10)
    for (group, limit, left) in [
      ("", "max", 69_999), ("user/", "max", 69_000), ("user/run/", "max", 69_100),
      ("memory/", "limit_in_bytes", 65_000),
      ("memory/batch/", "limit_in_bytes", 65_000), ("memory/batch/job/", "limit_in_bytes", 65_000),
    ] {
      let name = "sys/fs/cgroup/\(group)memory.\(limit)"
      try workspace.write("70000\n", to: name)
      #expect(try LocalExecutor.availableMemory(root: workspace.path) == left, "\(name)")
      try workspace.write(try #require(files[name]), to: name)
    }
  }

  @Test("a run's record names its process")
  func ownRecord() throws {
    let workspace = try Workspace()
    let log = try RunLog(
      root: workspace.path, command: [], profile: "quick", facts: ["host": ProcessInfo.processInfo.hostName])
    let record = try RunRecord(root: workspace.path, run: nil)
    try record.update()
    #expect(try record.isAlive)
    withExtendedLifetime(log) {}
  }

  @Test("what traps costs itself alone")
  func trapGuard() throws {
    let result = try runProgram(try productPath("toy-worker"), ["--trap", "first", "trap", "last"])
    #expect(result.status == 0, "\(result.errors)")
    #expect(result.output == "first\nnot trap\nlast\n")
  }
}
