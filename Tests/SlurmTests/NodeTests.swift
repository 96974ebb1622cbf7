import Foundation
import Pipeline
import Reports
import Runner
import Store
import TestSupport
import Testing
import ToyPaper

/// Three nodes, and what happens to them while a run is at work: it ends with the bytes of one that nothing happened to. One
/// test after the other, on a cluster of their own.
@Suite(
  .serialized, .enabled(if: clusterFolder != nil, "Tests/slurm-cluster brings up a cluster"), .timeLimit(.minutes(15)))
struct SlurmNodeTests {
  /// Nine cells that wait for the gate, three on each node, and others that read some, in a second wave.
  private static let stages = """
      toy/fault:
        parameters: {kind: gate, path: GATE, replica: 0}
        sweep: [{column: {range: [1, 9]}}]
      toy/walk: {sweep: [{drift: [0, 1]}], replicas: {count: 4, perCell: 2}}
      toy/mean: {inputs: {walks: toy/walk}, sweep: [{factor: [1, 2]}]}
    """
  private static let cellCount = 15

  private let cluster: Cluster

  init() throws { cluster = Cluster(folder: try #require(clusterFolder)) }

  /// The same project computed here, where nothing happens.
  private func undisturbed(_ project: ToyProject) throws -> [String: Data] {
    let catalogue = toyCatalogue()
    let root = project.workspace.path
    let loaded = try Project(root: root, profile: nil, catalogue: catalogue)
    let store = Store(root: root + "/undisturbed/data/store", catalogue: catalogue)
    let plan = try Plan(
      loaded.pipeline, stages: Set(loaded.pipeline.stages.map(\.id)), catalogue: catalogue)
    var build = Build(
      store: store, plan: plan, executor: InProcessExecutor(worker: Worker(catalogue: catalogue, store: store)),
      makeLog: { try RunLog(root: root + "/undisturbed", command: [], profile: "quick", facts: [:]) })
    #expect(try build.run().computed == Self.cellCount)
    return try project.cells(in: "undisturbed/data/store")
  }

  /// Starts a run, does something to the cluster when nine tasks are at work on all nodes, opens the gate, and compares.
  /// Returns the reasons why tasks were lost.
  private func run(
    slurm: String = "cellTime: 600", worker: (ToyProject) throws -> String? = { _ in nil },
    _ happens: (ToyProject) async throws -> Void
  ) async throws -> [String] {
    try await cluster.isWhole()
    let project = try ToyProject(Self.stages, slurm: slurm)
    let head = try project.startHead(worker: worker(project))
    defer { head.terminate() }
    try await project.until { try cluster.tasks(project, in: "RUNNING").count == 9 }
    #expect(Set(try cluster.tasks(project, in: "RUNNING").map(\.node)).count == 3)
    try await happens(project)
    try project.openGate()
    let (status, end) = try await project.end(of: head)
    let errors = try project.workspace.read("errors")
    #expect(status == 0, "\(errors)")
    #expect(end["failed"] == "0")
    #expect(try project.cells() == undisturbed(project))
    #expect(project.leftArrays.isEmpty)
    return try project.events("task").compactMap { $0["reason"] }
  }

  @Test("a node that loses its power: its tasks go to the others")
  func power() async throws {
    let reasons = try await run { try await cluster.lose("node2", $0) }
    #expect(reasons == Array(repeating: "its node failed", count: 3))
    #expect(try cluster.state(of: "node2").hasPrefix("down"), "the run did not need it")
  }

  @Test("a node that is drained finishes what it has; what comes later goes elsewhere")
  func drain() async throws {
    let reasons = try await run { _ in try cluster.set("node1", to: "DRAIN") }
    #expect(reasons.isEmpty)
  }

  @Test("tasks that make room for another job are submitted again when it is over")
  func preemption() async throws {
    let reasons = try await run { project in
      #expect(
        try cluster.ask(
          "sbatch", "--partition=urgent", "--nodes=3", "--exclusive", "--output=/dev/null", "--wrap=sleep 2"
        ).status == 0)
      try await project.until { try cluster.tasks(project, in: "PREEMPTED").count == 9 }
      // What has been asked to end and sees the gate open finishes its cell.
      try await project.until { try cluster.tasks(project, in: "COMPLETING").isEmpty }
    }
    #expect(reasons == Array(repeating: "it had to make room for another job", count: 9), "\(reasons)")
  }

  @Test("tasks that Slurm itself starts again are followed")
  func requeue() async throws {
    let reasons = try await run(slurm: "cellTime: 600, options: [--requeue]") { project in
      let tasks = try cluster.tasks(project, in: "RUNNING").filter { $0.node == "node3" }
      for task in tasks { #expect(try cluster.ask("scontrol", "requeue", task.id).status == 0) }
      try await project.until { try cluster.tasks(project, in: "PENDING").count == 3 }
      // Slurm would wait two minutes.
      for task in tasks {
        #expect(try cluster.ask("scontrol", "update", "JobId=\(task.id)", "StartTime=now").status == 0)
      }
      try await project.until { try cluster.tasks(project, in: "RUNNING").count == 9 }
    }
    #expect(reasons.isEmpty, "\(reasons)")
  }

  @Test("a controller that ends, politely or not, and comes back", arguments: [SIGTERM, SIGKILL])
  func controller(signal: Int32) async throws {
    _ = try await run { project in
      try await cluster.end("slurmctld", by: signal, project)
      try await Task.sleep(for: .seconds(2))
      try cluster.start("slurmctld")
      try await project.until { try cluster.ask("scontrol", "ping").output.contains("is UP") }
      try await project.until { try !cluster.tasks(project, in: "RUNNING").isEmpty }
    }
  }

  /// A worker by way of a script, in which PROGRAM is the real one and `$1` the store.
  private func worker(_ project: ToyProject, _ script: String) throws -> String {
    let path = project.workspace.path + "/worker"
    let program = try productPath("toy-worker")
    try project.workspace.write("#!/bin/sh\n" + script.replacing("PROGRAM", with: "'\(program)'"), to: "worker")
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path)
    return path
  }

  @Test("cells that the head sees only when their task has been over for a while")
  func lateFiles() async throws {
    let reasons = try await run(worker: { project in
      try worker(
        project,
        """
        near=$1; far=$(mktemp -d "$near.XXXXXX"); shift
        [ -d "$near" ] && cp -a "$near/." "$far"
        PROGRAM "$far" "$@"; code=$?
        setsid sh -c '
          sleep 9; cd "$1"
          for cell in ??/*.h5; do mkdir -p "$2/${cell%/*}"; mv "$cell" "$2/$cell"; done
          rm -r "$1"' sh "$far" "$near" </dev/null >/dev/null 2>&1 &
        exit $code
        """)
    }) { _ in }
    #expect(reasons.isEmpty, "\(reasons)")
  }

  @Test("clocks that are two hours apart on the head and on the nodes")
  func clocks() async throws {
    let reasons = try await run(worker: { project in
      try project.workspace.write(
        """
        #define _GNU_SOURCE
        #include <dlfcn.h>
        #include <stdlib.h>
        #include <time.h>
        int clock_gettime(clockid_t clock, struct timespec *time) {
          int (*real)(clockid_t, struct timespec *) = dlsym(RTLD_NEXT, "clock_gettime");
          int result = real(clock, time);
          const char *seconds = getenv("CLOCK_ERROR");
          if (clock == CLOCK_REALTIME && seconds) time->tv_sec += atol(seconds);
          return result;
        }
        """, to: "clock.c")
      let path = project.workspace.path
      #expect(try runProgram("cc", ["-shared", "-fPIC", "-o", "clock.so", "clock.c", "-ldl"], in: path).status == 0)
      return try worker(
        project,
        "export LD_PRELOAD='\(path)/clock.so' CLOCK_ERROR=7200\ndate +%s >'\(path)/date'\nexec PROGRAM \"$@\"\n")
    }) { project in
      try await project.until { (try? project.workspace.read("date"))?.hasSuffix("\n") ?? false }
      let seconds = try #require(Double(project.workspace.read("date").split(separator: "\n").first ?? ""))
      #expect(abs(seconds - Date().timeIntervalSince1970 - 7200) < 600)
    }
    #expect(reasons.isEmpty, "\(reasons)")
  }
}
