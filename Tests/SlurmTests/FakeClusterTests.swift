import Foundation
import TestSupport
import Testing

/// A head with client programs that are no Slurm's: what it asks, how often, and what it makes of bad answers.
@Suite struct FakeClusterTests {
  /// A project whose cells are made by nobody, and the programs.
  private struct FakeCluster {
    let workspace: Workspace

    /// `cellCount` cells, a multiple of 10, in tasks of ten.
    init(cellCount: Int) throws {
      workspace = try Workspace()
      try workspace.write(
        """
        seed: 3
        profiles: [quick]
        slurm: {cellTime: 60, partition: main}
        stages:
          sarao2020/uniqueness:
            parameters: {inputDimension: 4, teacherWidth: 0}
            sweep: [{sampleCount: {range: [1, 10]}}]
            replicas: {count: \(cellCount / 10), perCell: 1}
        """, to: "pipeline.yaml")
      try workspace.write("", to: "fake/calls")
      let fake = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appending(path: "fake-slurm").path
      for name in ["sbatch", "squeue", "scontrol", "scancel"] {
        try FileManager.default.createDirectory(
          atPath: workspace.path + "/bin", withIntermediateDirectories: true)
        try FileManager.default.createSymbolicLink(
          atPath: workspace.path + "/bin/" + name, withDestinationPath: fake)
      }
    }

    func start(trouble: String, rate: Int, environment: [String: String] = [:]) throws -> Process {
      let process = Process()
      process.executableURL = URL(fileURLWithPath: try productPath("refig"))
      process.arguments = ["run", "--executor", "slurm"]
      process.currentDirectoryURL = URL(fileURLWithPath: workspace.path)
      let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
      process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }.merging([
        "PATH": "\(workspace.path)/bin:\(path)", "FAKE_SLURM": workspace.path + "/fake", "FAKE_TROUBLE": trouble,
        "FAKE_RATE": "\(rate)",
      ]) { $1 }
      for name in ["output", "errors"] { try workspace.write("", to: name) }
      process.standardOutput = FileHandle(forWritingAtPath: workspace.path + "/output")
      process.standardError = FileHandle(forWritingAtPath: workspace.path + "/errors")
      try process.run()
      return process
    }

    /// Runs to the end; returns the exit status and the greatest memory of the head in bytes.
    func run(
      trouble: String = "", rate: Int, environment: [String: String] = [:]
    ) async throws -> (status: Int32, peakBytes: Int) {
      let process = try start(trouble: trouble, rate: rate, environment: environment)
      var peak = 0
      while process.isRunning {
        if let text = FileManager.default.contents(atPath: "/proc/\(process.processIdentifier)/status"),
          let line = String(decoding: text, as: UTF8.self).split(separator: "\n").first(where: { $0.hasPrefix("VmHWM") }
          ),
          let kilobytes = line.split(separator: " ").dropFirst().first.flatMap({ Int($0) })
        {
          peak = max(peak, kilobytes << 10)
        }
        try await Task.sleep(for: .milliseconds(20))
      }
      return (process.terminationStatus, peak)
    }

    /// When the programs were called, in seconds.
    func calls(_ programs: String...) throws -> [Double] {
      try workspace.read("fake/calls").split(separator: "\n").compactMap { line in
        let words = line.split(separator: " ")
        let isQuestion = words.count < 3 || !["--version", "show"].contains(words[2])
        return programs.contains(String(words[1])) && isQuestion ? Double(words[0]) : nil
      }
    }

    var cellCount: Int { workspace.files(under: "data/store").filter { $0.hasSuffix(".h5") }.count }
  }

  @Test("no client programs: status 6 and what to do, before anything is written")
  func missing() throws {
    let cluster = try FakeCluster(cellCount: 10)
    let result = try runProgram(
      try productPath("refig"), ["run", "--executor", "slurm"], in: cluster.workspace.path,
      environment: ["PATH": "/nonexistent"])
    #expect(result.status == 6)
    #expect(result.errors.contains("sbatch cannot be started: No such file or directory. Run on a machine that has"))
    #expect(cluster.workspace.files(under: "data/slurm").isEmpty)
  }

  @Test(
    "no answer, an empty one or a late one is no failure: each cell is asked for once",
    arguments: ["silent", "forgetful", "silent,forgetful", "mute"])
  func unknown(trouble: String) async throws {
    let cluster = try FakeCluster(cellCount: 100)
    // A task that would be submitted twice would find its cells there, which the programs do not forgive.
    #expect(try await cluster.run(trouble: trouble, rate: 6).status == 0)
    #expect(cluster.cellCount == 100)
    #expect(try cluster.calls("sbatch").count == 1)
    #expect(cluster.workspace.files(under: "data/slurm").isEmpty)
  }

  @Test(
    "what a site prints around sbatch's answer is not taken for it; of what it sets for sbatch, who pays counts and nothing else"
  )
  func chatter() async throws {
    let cluster = try FakeCluster(cellCount: 100)
    let result = try await cluster.run(
      trouble: "chatty", rate: 10,
      environment: ["SBATCH_EXPORT": "NONE", "SBATCH_ARRAY_INX": "1-3", "SBATCH_ACCOUNT": "theory"])
    #expect(result.status == 0)
    #expect(cluster.cellCount == 100)
    #expect(try cluster.calls("sbatch").count == 1)
    #expect(try cluster.workspace.read("fake/export") == "ALL ['SBATCH_ACCOUNT=theory']")
    #expect(try cluster.workspace.read("errors").contains("job 1: 100 cells"))
  }

  @Test("a number that the controller gave to another job is not taken for the task that had it")
  func strangers() async throws {
    let cluster = try FakeCluster(cellCount: 2000)
    // Some tasks die without all their cells: whether they are over is asked by number.
    #expect(try await cluster.run(trouble: "forgetful,stranger,lossy", rate: 100).status == 0)
    #expect(cluster.cellCount == 2000)
  }

  @Test("what a power cut or a killed head left of an array stops no later run, and is cleaned up in time")
  func remains() async throws {
    let cluster = try FakeCluster(cellCount: 100)
    let offsets = [14, 900, 14].map { String(repeating: "0", count: 20 - "\($0)".count) + "\($0)\n" }.joined()
    let remains: [(name: String, batch: String?, age: Double)] = [
      ("refig-empty", "", 7200), ("refig-none", nil, 7200), ("refig-half", "refig batch 1\nstage - - 9\n", 7200),
      ("refig-backwards", "refig batch 1\n" + offsets, 7200), ("refig-new", "", 0), ("mine", nil, 7200),
    ]
    for (name, batch, age) in remains {
      let folder = "data/slurm/\(name)"
      try cluster.workspace.write(batch ?? "half", to: "\(folder)/" + (batch == nil ? "batch.tmp" : "batch"))
      try FileManager.default.setAttributes(
        [.modificationDate: Date(timeIntervalSinceNow: -age)], ofItemAtPath: cluster.workspace.path + "/" + folder)
    }
    try cluster.workspace.write("", to: "data/slurm/refig-pipe/1.txt")
    #expect(mkfifo(cluster.workspace.path + "/data/slurm/refig-pipe/batch", 0o644) == 0)
    #expect(try await cluster.run(rate: 20).status == 0)
    #expect(cluster.cellCount == 100)
    let left = Set(cluster.workspace.files(under: "data/slurm").map { String($0.prefix { $0 != "/" }) })
    #expect(left == ["refig-new", "refig-pipe", "mine"])
  }

  @Test(
    "what others write among the files of an array neither ends nor delays its head, nor is taken for a path or a job")
  func foreignWords() async throws {
    let cluster = try FakeCluster(cellCount: 100)
    let head = try cluster.start(trouble: "deaf", rate: 1)
    while try cluster.calls("squeue").isEmpty, head.isRunning { try await Task.sleep(for: .milliseconds(20)) }
    head.interrupt()
    while head.isRunning { try await Task.sleep(for: .milliseconds(20)) }
    let name = try #require(cluster.workspace.files(under: "data/slurm").first?.split(separator: "/").first)
    let key = String(repeating: "ab", count: 32)
    let numbers = ["1e300", "nan", "inf", "-1"].map { "cell \(key) computed 1.0 1.0 \($0) \($0) \($0) 0\n" }
    try cluster.workspace.write(numbers.joined(), to: "data/slurm/\(name)/1.txt")
    try cluster.workspace.write("", to: "data/slurm/\(name)/2.txt")
    #expect(truncate("\(cluster.workspace.path)/data/slurm/\(name)/2.txt", 1 << 30) == 0)
    try cluster.workspace.write("../../../stray", to: "data/slurm/\(name)/id")
    // Nothing but a folder where a number is to stand, and folders that are named as no array is.
    try cluster.workspace.write("", to: "data/slurm/refig-1/id/batch")
    try cluster.workspace.write("", to: "data/slurm/a,b/batch")
    // The fifth task to end dies after half of its cells, and its output is kept beside the run's record.
    try cluster.workspace.write("95", to: "fake/count-tasks")
    #expect(try await cluster.run(trouble: "lossy", rate: 20).status == 0)
    #expect(cluster.cellCount == 100)
    let files = cluster.workspace.files(under: ".")
    #expect(files.contains { $0.contains("data/runs/") && $0.hasSuffix("_5.txt") }, "\(files)")
    #expect(!files.contains { $0.contains("stray") })
  }

  @Test("no job but a run's own is ended with it, whatever names its record has")
  func foreignJobs() throws {
    let cluster = try FakeCluster(cellCount: 10)
    let run = "20260101T000000.000-1"
    let names = ["", "..", "a,b", "refig-x,mine"]
    let events = names.map { "{\"event\":\"job\",\"time\":\"\",\"name\":\"\($0)\",\"id\":\"1\",\"tasks\":1}\n" }
    func cancel(_ events: [String]) throws -> Int {
      try cluster.workspace.write(
        "{\"event\":\"run\",\"time\":\"\",\"facts\":{\"host\":\"elsewhere.example\"}}\n" + events.joined()
          + "{\"event\":\"end\",\"time\":\"\"}\n",
        to: "data/runs/\(run)/events.jsonl")
      let result = try runProgram(
        try productPath("refig"), ["cancel", run], in: cluster.workspace.path,
        environment: [
          "PATH": "\(cluster.workspace.path)/bin:/usr/bin:/bin", "FAKE_SLURM": cluster.workspace.path + "/fake",
        ])
      #expect(result.status == 0, "\(result.errors)")
      return try cluster.calls("scancel").count
    }
    for name in names + ["refig-x1"] { try cluster.workspace.write("", to: "data/slurm/\(name)/batch") }
    #expect(try cancel(events) == 0)
    #expect(try cancel(events + [events[0].replacing("\"name\":\"\"", with: "\"name\":\"refig-x1\"")]) == 1)
  }

  @Test("a limit on jobs is waited for, with smaller arrays, and said")
  func limit() async throws {
    let cluster = try FakeCluster(cellCount: 100)
    #expect(try await cluster.run(trouble: "full", rate: 10).status == 0)
    #expect(cluster.cellCount == 100)
    #expect(
      try cluster.workspace.read("errors").contains("Slurm takes no more tasks for now (QOSMaxSubmitJobPerUserLimit"))
  }

  @Test("Ctrl-C leaves the tasks to go on and says how to follow and to end them")
  func interrupted() async throws {
    let cluster = try FakeCluster(cellCount: 100)
    let head = try cluster.start(trouble: "deaf", rate: 1)
    while try cluster.calls("squeue").isEmpty, head.isRunning { try await Task.sleep(for: .milliseconds(20)) }
    head.interrupt()
    while head.isRunning { try await Task.sleep(for: .milliseconds(20)) }
    #expect(head.terminationStatus == 130)
    let errors = try cluster.workspace.read("errors")
    #expect(
      errors.contains("interrupted; 10 tasks go on in Slurm. Run the same command to follow them, or `refig cancel 2"))
  }

  @Test(
    "10^5 cells: an array per thousand tasks, a question every five seconds, and no more memory than a browser tab",
    .enabled(if: ProcessInfo.processInfo.environment["REFIG_SCALE"] != nil, "takes a minute"))
  func scale() async throws {
    let cluster = try FakeCluster(cellCount: 100_000)
    let (status, peak) = try await cluster.run(trouble: "lossy", rate: 2000)
    #expect(status == 0)
    #expect(cluster.cellCount == 100_000)
    let submissions = try cluster.calls("sbatch")
    // Ten thousand tasks, and a hundred of them again.
    #expect(submissions.count <= 11)
    let questions = try cluster.calls("squeue", "scontrol")
    for (last, next) in zip(questions, questions.dropFirst()) { #expect(next - last > 4.9) }
    #expect(peak < 100_000_000)
    print("head: \(peak / 1_000_000) MB, \(submissions.count) submissions, \(questions.count) questions")
  }
}
