import Foundation
import TestSupport
import Testing

/// The cluster at hand, as its administrator sees it.
struct Cluster {
  let folder: String

  /// Asks a program of Slurm, which may wait for a controller that is gone.
  func ask(_ words: String...) throws -> ProgramResult { try runProgram("timeout", ["20"] + words) }

  /// All nodes are asked for: about one alone, a controller says what it was busy with when somebody last asked for all.
  func state(of node: String) throws -> String {
    let lines = try ask("sinfo", "--noheader", "--Node", "--partition=main", "--format=%N %T").output.split(
      separator: "\n")
    let words = lines.map { $0.split(separator: " ").map(String.init) }
    return words.first { $0.first == node && $0.count == 2 }?[1] ?? ""
  }

  func set(_ node: String, to state: String) throws {
    _ = try ask("scontrol", "update", "NodeName=\(node)", "State=\(state)", "Reason=test")
  }

  /// A project's tasks in a state: Slurm's name for each, and its node.
  func tasks(_ project: ToyProject, in state: String) throws -> [(id: String, node: String)] {
    let names = Set(try project.events("job").compactMap { $0["name"] })
    guard !names.isEmpty else { return [] }
    let lines = try ask(
      "squeue", "--noheader", "--array", "--states=\(state)", "--name=\(names.joined(separator: ","))",
      "--format=%F_%K %N"
    ).output.split(separator: "\n")
    return lines.map { line in
      let words = line.split(separator: " ").map(String.init)
      return (words[0], words.count > 1 ? words[1] : "")
    }
  }

  /// A node loses its power, and the controller notices.
  func lose(_ node: String, _ project: ToyProject) async throws {
    try endNode(node)
    try await project.until { try state(of: node).hasPrefix("down") }
  }

  /// Waits until all nodes take tasks. What earlier tests left is ended.
  func isWhole(_ nodes: [String] = ["node1", "node2", "node3"]) async throws {
    _ = try ask("scancel", "--quiet", "--user=root")
    for node in nodes { try await isBack(node) }
  }

  /// Waits until a node takes tasks, and does what an administrator would do for that.
  func isBack(_ node: String) async throws {
    if access("\(folder)/slurmd-\(node).pid", F_OK) != 0 { try start("slurmd-\(node)") }
    for _ in 0..<2000 {
      let state = try state(of: node)
      if ["idle", "mixed", "allocated", "completing"].contains(state) { return }
      // With a star it has not answered yet, and comes back by itself when it does.
      if !state.hasSuffix("*") { try set(node, to: "RESUME") }
      try await Task.sleep(for: .milliseconds(200))
    }
    Issue.record("\(node) did not come back: \(try state(of: node))")
  }

  func process(_ daemon: String) throws -> pid_t {
    let text = try String(contentsOfFile: "\(folder)/\(daemon).pid", encoding: .utf8)
    return try #require(pid_t(text.trimmingCharacters(in: .whitespacesAndNewlines)))
  }

  func end(_ daemon: String, by signal: Int32, _ project: ToyProject) async throws {
    let process = try process(daemon)
    #expect(kill(process, signal) == 0)
    try await project.until(seconds: 60) { kill(process, 0) != 0 }
  }

  func start(_ daemon: String) throws { try Data().write(to: URL(fileURLWithPath: "\(folder)/start-\(daemon)")) }

  /// Ends a node's daemon and all that runs for its tasks.
  private func endNode(_ node: String) throws {
    let daemon = try process("slurmd-\(node)")
    kill(daemon, SIGKILL)
    unlink("\(folder)/slurmd-\(node).pid")
    for name in try FileManager.default.contentsOfDirectory(atPath: "/proc") {
      guard let process = pid_t(name), process != getpid(),
        let environment = FileManager.default.contents(atPath: "/proc/\(name)/environ"),
        let line = FileManager.default.contents(atPath: "/proc/\(name)/cmdline")
      else { continue }
      let isStep = String(decoding: line, as: UTF8.self).hasPrefix("slurmstepd")
      let words = environment.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
      if words.contains("SLURMD_NODENAME=\(node)") || isStep && words.contains("SLURM_CONF=\(folder)/slurm.conf") {
        kill(process, SIGKILL)
      }
    }
  }
}
