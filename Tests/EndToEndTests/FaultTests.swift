import Foundation
import TestSupport
import Testing

/// What other tools are known to lose or to accept: kills at every step, full and read-only disks, interruptions.
@Suite struct FaultTests {
  private static let reference = Result { () throws -> [String: Data] in
    let project = try Project()
    _ = try project.refig("run", "--quiet", "-j1")
    return try project.cells()
  }

  /// Runs once more without the fault: the store must then be that of an undisturbed run.
  private func expectRecovery(_ project: Project) throws {
    let again = try project.refig("run", "--quiet")
    #expect(again.status == 0, "\(again.errors)")
    #expect(try project.cells() == Self.reference.get())
    #expect(try project.refig("store", "check", "--deep").status == 0)
  }

  @Test(
    "a worker killed at any step of a write fails its cell only; the next run repairs it",
    arguments: ["write.opened", "write.written", "write.renamed"])
  func killedWorker(place: String) throws {
    let project = try Project()
    let result = try project.refig("run", "--quiet", "-j2", environment: ["REFIG_FAULT": "\(place):3"])
    // A worker killed after the rename has published its cell: nothing is lost.
    #expect(result.status == (place == "write.renamed" ? 0 : 3), "\(result.errors)")
    #expect(try project.cells().allSatisfy { try Self.reference.get()[$0.key] == $0.value })
    try expectRecovery(project)
  }

  @Test("a runner killed in the middle leaves whole cells; the next run goes on from there", arguments: [1, 5, 13])
  func killedRunner(count: Int) throws {
    let project = try Project()
    let result = try project.refig("run", "--quiet", "-j2", environment: ["REFIG_FAULT": "runner.recorded:\(count)"])
    #expect(result.status == -9)
    #expect(try project.cells().count >= count)
    try expectRecovery(project)
  }

  /// A run with one worker that is at work, and what it says.
  private func longRun(_ project: Project) throws -> (process: Process, errors: Pipe) {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: try productPath("refig"))
    process.arguments = ["run", "--quiet", "-j1"]
    process.currentDirectoryURL = URL(fileURLWithPath: project.workspace.path)
    let errors = Pipe()
    process.standardError = errors
    try process.run()
    return (process, errors)
  }

  @Test("one Ctrl-C finishes the running cells and says how to go on")
  func interrupted() throws {
    let project = try Project(
      stages: """
          sarao2020/uniqueness:
            parameters: {inputDimension: 40, sampleCount: 90}
            replicas: {count: 400, perCell: 2}
        """, figures: "figures: {}")
    let (process, errors) = try longRun(project)
    while try project.cells().count < 2, process.isRunning { usleep(5000) }
    process.interrupt()
    process.waitUntilExit()
    let text = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    #expect(process.terminationStatus == 130, "\(text)")
    #expect(text.contains("interrupted; finished cells are saved"))
    let count = try project.cells().count
    #expect(count >= 2 && count < 200)
    #expect(try project.refig("store", "check", "--deep").status == 0)
  }

  /// One cell that would take hours.
  private static let endless = """
      sarao2020/uniqueness:
        parameters: {inputDimension: 40, sampleCount: 90}
        replicas: {count: 1000000, perCell: 1000000}
    """

  /// Whether the worker of this project comes, or goes, within a minute.
  private func workerBecomes(_ isThere: Bool, in project: Project) throws -> Bool {
    func worker() throws -> Bool {
      try FileManager.default.contentsOfDirectory(atPath: "/proc").contains { name in
        guard Int(name) != nil, let line = FileManager.default.contents(atPath: "/proc/\(name)/cmdline") else {
          return false
        }
        let words = line.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
        let folder = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(name)/cwd")
        return words.contains("worker") && folder == project.workspace.path
      }
    }
    for _ in 0..<12_000 {
      if try worker() == isThere { return true }
      usleep(5000)
    }
    return false
  }

  @Test("a second Ctrl-C stops at once and leaves no worker and no claim in the way")
  func interruptedTwice() throws {
    let project = try Project(stages: Self.endless, figures: "figures: {}")
    let (process, errors) = try longRun(project)
    #expect(try workerBecomes(true, in: project))
    process.interrupt()
    process.interrupt()
    // Two signals that arrive together count once: ask until it listens.
    while process.isRunning {
      usleep(20000)
      process.interrupt()
    }
    process.waitUntilExit()
    #expect(process.terminationStatus == 130)
    let text = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    #expect(text.contains("run the same command to go on"))
    #expect(try workerBecomes(false, in: project))
    #expect(try project.cells().isEmpty)
  }

  @Test("a run that is silent is watched as long as it is there, and not a moment longer than that")
  func watched() throws {
    let project = try Project(stages: Self.endless, figures: "figures: {}")
    let (process, _) = try longRun(project)
    defer { process.terminate() }
    #expect(try workerBecomes(true, in: project))
    let watcher = Process()
    watcher.executableURL = URL(fileURLWithPath: try productPath("refig"))
    watcher.arguments = ["watch"]
    watcher.currentDirectoryURL = URL(fileURLWithPath: project.workspace.path)
    watcher.standardOutput = FileHandle.nullDevice
    watcher.standardError = FileHandle.nullDevice
    try watcher.run()
    defer { watcher.terminate() }
    sleep(12)
    #expect(watcher.isRunning)
    kill(process.processIdentifier, SIGKILL)
    process.waitUntilExit()
    for _ in 0..<100 where watcher.isRunning { usleep(100_000) }
    #expect(!watcher.isRunning)
    if !watcher.isRunning { #expect(watcher.terminationStatus == 130) }
  }

  @Test("a runner that is killed takes its workers with it")
  func orphans() throws {
    let project = try Project(stages: Self.endless, figures: "figures: {}")
    let (process, _) = try longRun(project)
    #expect(try workerBecomes(true, in: project))
    kill(process.processIdentifier, SIGKILL)
    process.waitUntilExit()
    #expect(try workerBecomes(false, in: project))
  }

  @Test("a full disk is reported, nothing half-written is left, and after making room the run goes on")
  func fullDisk() throws {
    let project = try Project()
    let store = project.workspace.path + "/data/store"
    try FileManager.default.createDirectory(atPath: store, withIntermediateDirectories: true)
    let mounted = try runProgram("mount", ["-t", "tmpfs", "-o", "size=64k", "tmpfs", store])
    guard mounted.status == 0 else { return }  // Only root may mount; elsewhere this cannot be tried.
    var isMounted = true
    defer { if isMounted { _ = Result { try runProgram("umount", ["-l", store]) } } }
    let result = try project.refig("run", "--quiet", "-j1")
    #expect(result.status == 3 || result.status == 6, "\(result.errors)")
    #expect(result.errors.contains("failed") || result.errors.contains("cannot be written"))
    #expect(try project.cells().allSatisfy { try Self.reference.get()[$0.key] == $0.value })
    _ = try runProgram("mount", ["-o", "remount,size=64m", store])
    try expectRecovery(project)
    _ = try runProgram("umount", [store])
    isMounted = false
  }

  /// Two figures of one stage, of which the second reads its cells when they have been found damaged.
  private func projectWithTwoFigures() throws -> Project {
    let figure = try #require(Project.figures.firstMatch(of: /(?s)  thresholds:.*?(?=claims:)/)).output
    return try Project(
      figures: Project.figures.replacing("claims:", with: figure.replacing("thresholds:", with: "again:") + "claims:"))
  }

  private func damageOneCell(of project: Project) throws {
    let paths = try project.refig("data", "sarao2020/uniqueness", "--h5", "--quiet").output.split(separator: "\n")
    let path = project.workspace.path + "/" + (try #require(paths.last))
    var bytes = Array(try Data(contentsOf: URL(fileURLWithPath: path)))
    bytes[bytes.count - 1] ^= 1
    try Data(bytes).write(to: URL(fileURLWithPath: path))
  }

  @Test("with a damaged cell no figure, table or page is made of the others; the older figures stay")
  func damagedCell() throws {
    let project = try projectWithTwoFigures()
    #expect(try project.refig("run", "--quiet").status == 0)
    let names = project.workspace.files(under: "figures/quick/demo")
    #expect(names.count == 8)
    func files() throws -> [Data] {
      try names.map {
        try Data(contentsOf: URL(fileURLWithPath: project.workspace.path + "/figures/quick/demo/" + $0))
      }
    }
    try project.workspace.write(
      try project.workspace.read("figures/style.gp") + "\n# other\n", to: "figures/style.gp")
    let before = try files()
    try damageOneCell(of: project)
    let result = try project.refig("run")
    #expect(result.status == 5, "\(result.errors)")
    #expect(result.output.contains("2 figures: 0 drawn, 2 failed"))
    #expect(result.errors.split(separator: "\n").count == 1, "\(result.errors)")
    #expect(try files() == before)
    let again = try project.refig("run")
    #expect(again.output.contains("13 cached, 1 computed"), "\(again.output)")
    #expect(again.output.contains("2 figures: 2 drawn, 0 failed"))
    for command in [["data", "sarao2020/uniqueness"], ["data", "fig:demo/again", "--json"], ["report"]] {
      try damageOneCell(of: project)
      let refused = try runProgram(try productPath("refig"), command, in: project.workspace.path)
      #expect(refused.status == 5, "\(command): \(refused.output) \(refused.errors)")
      #expect(refused.output.isEmpty)
      #expect(project.workspace.files(under: "report").allSatisfy { !$0.hasSuffix("html") })
      #expect(try project.refig("run", "--quiet").status == 0)
    }
  }

  @Test("a damaged cell that several claims read is told as damage, and the next verification computes it again")
  func damagedCellOfClaims() throws {
    let claim = try #require(Project.figures.firstMatch(of: /(?s)  always:.*/)).output
    let project = try Project(
      figures: Project.figures + "\n" + claim.replacing("always:", with: "ever:") + "\n"
        + claim.replacing("always:", with: "again:"))
    #expect(try project.refig("verify", "--quiet").status == 0)
    for path in try project.refig("data", "sarao2020/uniqueness", "--h5", "--quiet").output.split(separator: "\n") {
      try Data().write(to: URL(fileURLWithPath: project.workspace.path + "/" + path))
    }
    let result = try project.refig("verify", "--quiet")
    #expect(result.status == 5 && result.errors.contains("damaged: it has 0 bytes"), "\(result)")
    // Each call finds one of the two cells and computes the one before again.
    #expect(try project.refig("verify", "--quiet").status == 5)
    #expect(try project.refig("verify", "--quiet").status == 0)
  }

  @Test("a damaged cell of a store that cannot be written to is reported as damage")
  func damagedReadOnlyStore() throws {
    let project = try Project()
    #expect(try project.refig("run", "--quiet").status == 0)
    try damageOneCell(of: project)
    let store = project.workspace.path + "/data/store"
    guard try runProgram("mount", ["--bind", store, store]).status == 0 else { return }
    defer { _ = Result { try runProgram("umount", ["-l", store]) } }
    guard try runProgram("mount", ["-o", "remount,ro,bind", store]).status == 0 else { return }
    let result = try project.refig("data", "sarao2020/uniqueness", "--quiet")
    #expect(result.status == 5, "\(result.errors)")
    #expect(result.errors.contains(".h5: damaged: "))
    #expect(result.errors.contains("it could not be moved aside"))
    #expect(result.errors.contains("Read-only file system"))
  }

  @Test(
    "output that nobody keeps is reported, whatever the command",
    arguments: [
      "data sarao2020/uniqueness", "status", "graph --format json", "--help", "--version", "run --dry --json",
    ])
  func fullOutput(command: String) throws {
    let project = try Project()
    #expect(try project.refig("run", "--quiet").status == 0)
    let full = try runProgram(
      "sh", ["-c", "'\(try productPath("refig"))' \(command) > /dev/full"], in: project.workspace.path)
    #expect(full.status == 6, "\(full.errors)")
    #expect(
      full.errors.hasPrefix("refig: standard output: cannot be written: No space left on device. Free some space"),
      "\(full.errors)")
    let reader = try runProgram(
      "bash", ["-c", "'\(try productPath("refig"))' \(command) | true; exit ${PIPESTATUS[0]}"],
      in: project.workspace.path)
    #expect(reader.errors.isEmpty, "whoever reads a pipe may go away")
  }

  @Test("a store that cannot be written is an environment error; what is cached is still read")
  func readOnlyStore() throws {
    let project = try Project()
    #expect(try project.refig("run", "--quiet").status == 0)
    let store = project.workspace.path + "/data/store"
    guard try runProgram("mount", ["--bind", store, store]).status == 0 else { return }
    defer { _ = Result { try runProgram("umount", ["-l", store]) } }
    guard try runProgram("mount", ["-o", "remount,ro,bind", store]).status == 0 else { return }
    #expect(try project.refig("verify", "--cached-only").status == 0)
    let pipeline = try project.workspace.read("pipeline.yaml")
    try project.workspace.write(pipeline.replacingOccurrences(of: "seed: 3", with: "seed: 4"), to: "pipeline.yaml")
    let result = try project.refig("run", "--quiet")
    #expect(result.status == 6 || result.status == 3, "\(result.errors)")
  }
}
