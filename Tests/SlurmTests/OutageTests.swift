import Foundation
import TestSupport
import Testing
import ToyPaper

/// Limits, and the ends of daemons, one test after the other: on a cluster of their own, with MaxJobCount=12.
@Suite(.serialized, .enabled(if: clusterFolder != nil, "Tests/slurm-cluster brings up a cluster"))
struct SlurmOutageTests {
  private let cluster: Cluster

  init() throws { cluster = Cluster(folder: try #require(clusterFolder)) }

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
    try await cluster.end("slurmctld", by: SIGTERM, project)
    try project.openGate()
    #expect(try await project.end(of: head).end["computed"] == "4")
    #expect(try project.events("task").isEmpty)
    try cluster.start("slurmctld")
    try await project.until { try cluster.ask("scontrol", "ping").output.contains("is UP") }
    try await cluster.isWhole(["node1"])
  }

  @Test("a node that is lost and comes back: the run finishes")
  func node() async throws {
    let project = try ToyProject(gated)
    let head = try project.startHead()
    try await project.until { try project.cells().count == 3 }
    try await cluster.lose("node1", project)
    try project.openGate()
    try await cluster.isBack("node1")
    let end = try await project.end(of: head)
    #expect(end.status == 0)
    #expect(try project.cells().count == 4)
    let reasons = try project.events("task").map { $0["reason"] }
    #expect(reasons == ["its node failed"], "\(reasons)")
    #expect(project.leftArrays.isEmpty)
  }
}
