import Foundation
import TestSupport
import Testing
import ToyPaper

/// Limits, and the ends of daemons, one test after the other: on a cluster of their own, with MaxJobCount=12.
@Suite(.serialized, .enabled(if: clusterFolder != nil, "Tests/slurm-cluster brings up a cluster"))
struct SlurmOutageTests {
  private func process(_ name: String) throws -> pid_t {
    let text = try String(contentsOfFile: try #require(clusterFolder) + "/\(name).pid", encoding: .utf8)
    return try #require(pid_t(text.trimmingCharacters(in: .whitespacesAndNewlines)))
  }

  private func end(_ name: String, by signal: Int32, _ project: ToyProject) async throws {
    let process = try process(name)
    #expect(kill(process, signal) == 0)
    try await project.until { kill(process, 0) != 0 }
  }

  private func start(_ name: String) throws {
    try Data().write(to: URL(fileURLWithPath: try #require(clusterFolder) + "/start-\(name)"))
  }

  private func state() throws -> String {
    try runProgram("sinfo", ["--noheader", "--format=%T"]).output.trimmingCharacters(in: .whitespacesAndNewlines)
  }

  /// Waits until the node takes tasks again, and does what an administrator would do for that.
  private func nodeIsBack(_ project: ToyProject) async throws {
    let name = try runProgram("sinfo", ["--noheader", "--format=%N"]).output.split(separator: "\n").first ?? ""
    try await project.until {
      if ["idle", "mixed", "allocated"].contains(try state()) { return true }
      _ = try runProgram("scontrol", ["update", "NodeName=\(name)", "State=RESUME"])
      return false
    }
  }

  /// Ends all that runs for tasks of this cluster's node, as when its power fails.
  private func endTasks() throws {
    for name in try FileManager.default.contentsOfDirectory(atPath: "/proc") {
      guard let process = pid_t(name), let line = FileManager.default.contents(atPath: "/proc/\(name)/cmdline") else {
        continue
      }
      let words = line.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
      if words.first?.hasPrefix("slurmstepd") ?? false || words.contains("--slice") || words.contains("--no-claims") {
        kill(process, SIGKILL)
      }
    }
  }

  @Test("a limit on jobs is met with smaller arrays, one after the other")
  func limit() async throws {
    let project = try ToyProject("  toy/walk: {replicas: {count: 30, perCell: 1}}")
    let (status, end) = try await project.run()
    #expect(status == 0)
    #expect(end["computed"] == "30")
    let refusals = try project.events("refused").compactMap { $0["reason"] }
    #expect(refusals.contains { $0.contains("temporarily unable to accept job") })
    #expect(try project.events("job").compactMap { Int($0["tasks"] ?? "") }.allSatisfy { $0 <= 12 })
  }

  @Test("a controller that is gone stops nothing: tasks finish, and the store says so")
  func controller() async throws {
    let project = try ToyProject(gated)
    let head = try project.startHead()
    try await project.until { try project.cells().count == 3 }
    // Politely, or it takes tasks that run for waiting ones when it comes back, and their node for a broken one.
    try await end("slurmctld", by: SIGTERM, project)
    try project.openGate()
    #expect(try await project.end(of: head).end["computed"] == "4")
    #expect(try project.events("task").isEmpty)
    try start("slurmctld")
    try await project.until { try runProgram("scontrol", ["ping"]).output.contains("is UP") }
    try await nodeIsBack(project)
  }

  @Test("a node that is lost and comes back: the run finishes")
  func node() async throws {
    let project = try ToyProject(gated)
    let head = try project.startHead()
    try await project.until { try project.cells().count == 3 }
    try await end("slurmd", by: SIGKILL, project)
    try endTasks()
    // The controller has to notice.
    try await project.until { try state().contains(/^(down|drained)/) }
    try start("slurmd")
    try await nodeIsBack(project)
    try project.openGate()
    let end = try await project.end(of: head)
    #expect(end.status == 0)
    #expect(try project.cells().count == 4)
    let reasons = try project.events("task").map { $0["reason"] }
    #expect(reasons == ["its node failed"], "\(reasons)")
    #expect(project.leftArrays.isEmpty)
  }
}
