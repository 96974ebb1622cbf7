import Foundation
import Pipeline
import Reports
import Runner
import TestSupport
import Testing
import ToyPaper

/// Runs on a cluster: the same store as on one machine, whatever happens to the tasks.
@Suite(.enabled(if: clusterFolder != nil, "Tests/slurm-cluster brings up a cluster")) struct SlurmTests {
  private static let walks = """
      toy/walk:
        sweep: [{drift: [0, 1, 2]}, {law: [normal, uniform]}]
        replicas: {count: 5, perCell: 2}
      toy/mean:
        inputs: {walks: toy/walk}
        sweep: [{factor: [1, 2]}]
    """

  @Test("a store made by tasks is that of a local run, bit for bit; a wave is one job; nothing is left behind")
  func sameBits() async throws {
    let local = try ToyProject(Self.walks)
    let catalogue = toyCatalogue()
    let project = try Project(root: local.workspace.path, profile: nil, catalogue: catalogue)
    let plan = try Plan(project.pipeline, stages: ["toy/walk", "toy/mean"], catalogue: catalogue)
    let root = local.workspace.path
    var build = Build(
      store: project.store, plan: plan,
      executor: InProcessExecutor(worker: Worker(catalogue: catalogue, store: project.store)),
      makeLog: { try RunLog(root: root, command: [], profile: "quick", facts: [:]) })
    #expect(try build.run().computed == 20)

    let cluster = try ToyProject(Self.walks, slurm: "cellTime: 200, runningTasks: 3, processors: 2")
    let (status, end) = try await cluster.run()
    #expect(status == 0)
    #expect(end["computed"] == "20")
    #expect(try cluster.cells() == local.cells())
    // 18 cells of 200 s for two processors are three tasks of 10 min.
    #expect(try cluster.events("job").map { $0["tasks"] } == ["3", "1"])
    #expect(cluster.leftArrays.isEmpty)
    #expect(try await cluster.run().status == 0)
    #expect(try cluster.events("job").count == 2)
  }

  @Test("the program computes real stages of papers on the cluster, with the bits of a local run")
  func realStages() throws {
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    let stages = ["sarao2020/uniqueness-below", "martin2023/orthonormal-flow"]
    let stores = try ["local", "slurm"].map { place in
      let project = try ToyProject("")
      try project.workspace.copyPipeline(from: root.path)
      let result = try runProgram(
        try productPath("refig"), ["run", "--quiet", "--executor", place] + stages, in: project.workspace.path)
      #expect(result.status == 0, "\(result.errors)")
      return try project.cells()
    }
    #expect(stores[0].count >= 4)
    #expect(stores[0] == stores[1])
  }

  @Test(
    "programs of a project run on the nodes with the bits of a local run, and one that is killed fails its cell alone")
  func programs() throws {
    let stores = try ["local", "slurm"].map { place in
      let workspace = try Workspace()
      func refig(_ arguments: String..., folder: String) throws -> ProgramResult {
        try runProgram(try productPath("refig"), arguments, in: folder)
      }
      #expect(try refig("new", "mine", folder: workspace.path).status == 0)
      let code = try workspace.read("mine/walk.py")
      let fault = "if p.steps == 64 and cell.replicas == [100]: import os; os.kill(os.getpid(), 9)\n    bias ="
      try workspace.write(code.replacing("bias =", with: fault), to: "mine/walk.py")
      let result = try refig("run", "mine/walk", "--quiet", "--executor", place, folder: workspace.path + "/mine")
      #expect(result.status == 3, "\(result.output)\(result.errors)")
      let failed = workspace.files(under: "mine/data/store/failed")
      #expect(failed.count == 1)
      #expect(try failed.allSatisfy { try workspace.read("mine/data/store/failed/\($0)").contains("signal 9") })
      let cells = workspace.files(under: "mine/data/store").filter { $0.hasSuffix(".h5") }
      return try Dictionary(
        uniqueKeysWithValues: cells.map {
          ($0, try Data(contentsOf: URL(fileURLWithPath: "\(workspace.path)/mine/data/store/\($0)")))
        })
    }
    #expect(stores[0].count == 19)
    #expect(stores[0] == stores[1])
  }

  @Test("a task that is cancelled from outside is submitted again, with the reason in the record")
  func cancelledTask() async throws {
    let project = try ToyProject(gated)
    let head = try project.startHead()
    try await project.until { try project.cells().count == 3 }
    let job = try #require(try project.events("job").first)
    #expect(try runProgram("scancel", ["--name=\(job["name"] ?? "")"]).status == 0)
    try await project.until { try project.events("task").count == 1 }
    try project.openGate()
    #expect(try await project.end(of: head).end["computed"] == "4")
    let lost = try project.events("task")
    #expect(lost.map { $0["cells"] } == ["1"])
    #expect(lost[0]["reason"] == "it was cancelled")
    #expect(lost[0]["attempt"] == "2")
    #expect(project.leftArrays.isEmpty)
  }

  @Test("a task that hits its time limit is submitted again, with the reason in the record")
  func timeLimit() async throws {
    let project = try ToyProject(gated, slurm: "cellTime: 600, time: 1")
    let head = try project.startHead()
    try await project.until { try !project.events("task").isEmpty }
    try project.openGate()
    #expect(try await project.end(of: head).end["computed"] == "4")
    #expect(try project.events("task").map { $0["reason"] } == ["it hit its time limit of 1 min; raise `time:`"])
  }

  @Test("a task that takes more memory than it asked for fails its cell after three attempts; the others finish")
  func outOfMemory() async throws {
    let project = try ToyProject(
      """
        toy/fault:
          parameters: {kind: memory}
          replicas: {count: 3, perCell: 1}
          slurm: {memory: 200}
        toy/walk: {replicas: 2}
      """)
    let end = try await project.run().end
    #expect(end["computed"] == "3")
    #expect(end["failed"] == "1")
    let reason = try #require(try project.events("cell").first { $0["outcome"] == "failed" }?["reason"])
    #expect(reason.contains("ended 3 times"))
    #expect(reason.contains("it ran out of memory (200 MB); raise `memory:`"), "\(reason)")
    #expect(try project.events("task").count == 2)
  }

  @Test("a cell that crashes its worker fails alone and is not tried again")
  func crash() async throws {
    let project = try ToyProject(
      "  toy/fault: {parameters: {kind: crash}, replicas: {count: 4, perCell: 1}}", slurm: "cellTime: 1")
    let end = try await project.run().end
    #expect(end["computed"] == "3")
    #expect(end["failed"] == "1")
    #expect(try project.events("job").count == 1)
    let reason = try #require(try project.events("cell").first { $0["outcome"] == "failed" }?["reason"])
    #expect(reason.contains("its worker died of signal"))
  }

  @Test("a head that is killed and started again follows the tasks that run, and submits nothing twice")
  func adoption() async throws {
    let project = try ToyProject(gated)
    let first = try project.startHead()
    try await project.until { try project.cells().count == 3 }
    kill(first.processIdentifier, SIGKILL)
    first.waitUntilExit()
    let second = try project.startHead()
    try await project.until { try project.events("job").count == 2 }
    try project.openGate()
    #expect(try await project.end(of: second).status == 0)
    let jobs = try project.events("job")
    #expect(jobs[0]["name"] == jobs[1]["name"])
    #expect(jobs[1]["adopted"] == "yes")
    #expect(try project.cells().count == 4)
    #expect(try project.events("task").isEmpty)
    #expect(project.leftArrays.isEmpty)
  }

  @Test("a head that comes back when all is over asks nothing again of cells that are there, and computes the others")
  func lateAdoption() async throws {
    let project = try ToyProject(gated)
    let first = try project.startHead()
    try await project.until { try project.cells().count == 3 }
    kill(first.processIdentifier, SIGKILL)
    first.waitUntilExit()
    // The task ends while nobody looks, without its cell.
    let job = try #require(try project.events("job").first)
    #expect(try runProgram("scancel", ["--name=\(job["name"] ?? "")"]).status == 0)
    try await project.until { try runProgram("squeue", ["--noheader", "--name=\(job["name"] ?? "")"]).output.isEmpty }
    try project.openGate()
    let end = try await project.run().end
    #expect(end["cached"] == "3")
    #expect(end["computed"] == "1")
    #expect(try project.events("task").map { $0["cells"] } == ["1"])
    #expect(project.leftArrays.isEmpty)
  }

  @Test(
    "what Slurm refuses ends the run at once, with Slurm's reason and what to do",
    arguments: [
      ("partition: nowhere", "invalid partition specified: nowhere"), ("memory: 900T", "Memory specification"),
      ("options: [--constraint=golden]", "Invalid feature specification"),
    ])
  func refused(slurm: String, reason: String) async throws {
    let project = try ToyProject(gated, slurm: slurm)
    #expect(try await project.run().status == ErrorMessage.ExitCode.environment.rawValue)
    let errors = try project.workspace.read("errors")
    #expect(errors.contains(reason), "\(errors)")
    #expect(errors.contains("Change the `slurm:` blocks of pipeline.yaml"))
    #expect(project.leftArrays.isEmpty)
  }

  @Test("a worker that cannot be started on the nodes ends the run with what it said, after three submissions")
  func brokenWorker() async throws {
    let project = try ToyProject(gated)
    let status = try await project.run(worker: "/nonexistent/worker").status
    #expect(status == ErrorMessage.ExitCode.environment.rawValue)
    let errors = try project.workspace.read("errors")
    #expect(errors.contains("no task in Slurm finished a single cell"))
    #expect(errors.contains("/nonexistent/worker"), "\(errors)")
    #expect(try project.events("job").count == 3)
  }

  @Test("a run that was left to itself is followed and ended by its id; its tasks end with it")
  func cancel() async throws {
    let project = try ToyProject("")
    try project.workspace.write(
      """
      seed: 3
      profiles: [quick]
      stages:
        sarao2020/uniqueness:
          parameters: {inputDimension: 40, sampleCount: 90}
          replicas: {count: 3000000, perCell: 1000000}
      """, to: "pipeline.yaml")
    let program = try productPath("refig")
    func refig(_ arguments: String...) throws -> ProgramResult {
      try runProgram(program, arguments, in: project.workspace.path)
    }
    let detached = try refig("run", "--executor", "slurm", "--detach")
    #expect(detached.status == 0, "\(detached.errors)")
    let id = try #require(detached.output.split(separator: " ").dropFirst().first.map(String.init))
    #expect(detached.output.hasPrefix("run \(id) goes on by itself"))
    let name = try #require(try project.events("job").first?["name"])
    try await project.until { try runProgram("squeue", ["--noheader", "--name=\(name)"]).output.contains(" R ") }
    #expect(try refig("status", id).output.contains("0 of 3 cells"))

    let watcher = Process()
    watcher.executableURL = URL(fileURLWithPath: program)
    watcher.arguments = ["watch"]
    watcher.currentDirectoryURL = URL(fileURLWithPath: project.workspace.path)
    watcher.standardOutput = FileHandle.nullDevice
    watcher.standardError = FileHandle.nullDevice
    try watcher.run()
    let cancelled = try refig("cancel", id)
    #expect(cancelled.status == 0)
    #expect(cancelled.output == "run \(id) is cancelled\n", "\(cancelled.errors)")
    try await project.until { !watcher.isRunning }
    #expect(watcher.terminationStatus == ErrorMessage.ExitCode.interrupted.rawValue)
    try await project.until { try runProgram("squeue", ["--noheader", "--name=\(name)"]).output.isEmpty }
    #expect(project.leftArrays.isEmpty)
    #expect(try refig("status", id).output.contains("over: cancelled; finished cells are saved"))
    #expect(try refig("cancel", id).output == "run \(id) is over\n")
    #expect(try refig("watch", "2199").status == ErrorMessage.ExitCode.input.rawValue)
  }
}
