import Foundation
import TestSupport
import Testing
import ToyPaper

/// The cluster that Tests/slurm-cluster brought up; nil without one.
let clusterFolder = ProcessInfo.processInfo.environment["REFIG_SLURM"]

/// A project of toy stages whose cells are computed on the cluster, or on this machine.
struct ToyProject: Sendable {
  let workspace: Workspace
  /// A cell waits for this file.
  var gate: String { workspace.path + "/gate" }

  /// `stages` may hold `GATE`, the path of the gate. Every cell is a task unless the settings say otherwise.
  init(_ stages: String, slurm: String = "cellTime: 600") throws {
    workspace = try Workspace()
    try workspace.write(
      "seed: 3\nprofiles: [quick]\nslurm: {\(slurm)}\nstages:\n"
        + stages.replacingOccurrences(of: "GATE", with: workspace.path + "/gate"), to: "pipeline.yaml")
  }

  /// Starts a head that runs everything; what it says on standard error goes to the file `errors`.
  func startHead(worker: String? = nil) throws -> Process {
    let process = Process()
    let program = try productPath("toy-worker")
    process.executableURL = URL(fileURLWithPath: program)
    process.arguments = ["--head", workspace.path, worker ?? program]
    try workspace.write("", to: "errors")
    process.standardError = FileHandle(forWritingAtPath: workspace.path + "/errors")
    try process.run()
    return process
  }

  /// Runs everything; returns the head's exit status and the last event of its record.
  func run(worker: String? = nil) async throws -> (status: Int32, end: [String: String]) {
    try await end(of: try startHead(worker: worker))
  }

  func end(of head: Process, seconds: Int = 600) async throws -> (status: Int32, end: [String: String]) {
    try await until(seconds: seconds) { !head.isRunning }
    if head.isRunning { kill(head.processIdentifier, SIGKILL) }
    head.waitUntilExit()
    return (head.terminationStatus, try events("end").last ?? [:])
  }

  func openGate() throws { try workspace.write("", to: "gate") }

  func cells(in store: String = "data/store") throws -> [String: Data] {
    var cells: [String: Data] = [:]
    for name in workspace.files(under: store) where name.hasSuffix(".h5") {
      cells[name] = try Data(contentsOf: URL(fileURLWithPath: "\(workspace.path)/\(store)/\(name)"))
    }
    return cells
  }

  /// The events of all runs of the given kind, oldest first.
  func events(_ kind: String) throws -> [[String: String]] {
    let records = workspace.files(under: "data/runs").filter { $0.hasSuffix("events.jsonl") }
    return try records.flatMap { name in
      try workspace.read("data/runs/" + name).split(separator: "\n").compactMap { line in
        let event = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
        return event?["event"] as? String == kind ? event?.mapValues { "\($0)" } : nil
      }
    }
  }

  /// Waits until something is so. Slurm looks at time limits every half minute and forgets jobs every minute; ten minutes
  /// are more than any of it takes.
  func until(
    seconds: Int = 600, sourceLocation: SourceLocation = #_sourceLocation, _ isSo: () throws -> Bool
  ) async throws {
    let end = ContinuousClock.now + .seconds(seconds)
    while ContinuousClock.now < end {
      if try isSo() { return }
      try await Task.sleep(for: .milliseconds(100))
    }
    Issue.record("it did not come true within \(seconds) seconds", sourceLocation: sourceLocation)
  }

  /// Arrays that have left something behind.
  var leftArrays: [String] { workspace.files(under: "data/slurm") }
}

/// Four cells, one of which waits for the gate.
let gated = """
    toy/fault:
      parameters: {kind: gate, path: GATE}
      replicas: {count: 4, perCell: 1}
  """
