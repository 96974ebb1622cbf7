private import Foundation
private import Pipeline
private import Platform

/// The record of a run, read while it is written: by anybody who sees the project's folder.
package final class RunRecord {
  /// What the record tells so far.
  package struct Status: Sendable, Encodable {
    package let run: String
    package fileprivate(set) var command = ""
    package fileprivate(set) var profile = ""
    package fileprivate(set) var host = ""
    package fileprivate(set) var started = ""
    /// Cells to compute by stage, and what became of them.
    package fileprivate(set) var missing: [String: Int] = [:]
    package fileprivate(set) var computed = 0
    package fileprivate(set) var present = 0
    package fileprivate(set) var failed = 0
    /// Arrays of tasks of a cluster.
    package fileprivate(set) var jobs: [Job] = []
    /// Tasks that ended without all their cells.
    package fileprivate(set) var lostTasks = 0
    package fileprivate(set) var lastLoss = ""
    /// Of the tasks, when the cluster was last asked.
    package fileprivate(set) var running = 0
    package fileprivate(set) var waiting = 0
    package fileprivate(set) var reasons: [String] = []
    package fileprivate(set) var hasEnded = false
    /// Why it ended before its end.
    package fileprivate(set) var error: String?
    /// With which the command ended; nil in the records of a refig that did not say it of success.
    package fileprivate(set) var exitStatus: Int?

    /// An array of tasks.
    package struct Job: Sendable, Encodable {
      package let name: String
      package let id: String
      package let tasks: Int
    }
  }

  /// What was added to the record.
  package enum Event {
    /// Cells to compute by stage.
    case plan([String: Int])
    case cell(stage: String, failure: (label: String, reason: String)?)
    /// Something else, told as it was to whoever started the run.
    case line(String)
  }

  package let folder: String
  package private(set) var status: Status
  private var position = 0
  private var lineCount = 0
  private var hasBeenRead = false
  /// The process that writes the record, on its host; nil where the record does not say it.
  private var head: ProcessIdentity?
  /// By how many seconds the clock of the file system that holds the record is ahead of this machine's.
  private lazy var clockOffset = Files.time(in: folder).map { $0 - now() } ?? 0
  /// This machine's clock, in seconds since 1970.
  private let now: () -> Double
  private var path: String { folder + "/events.jsonl" }

  /// The record of a run by its id or the beginning of it; the newest one's unless given. Nothing of it has been read
  /// yet. Throws ``PipelineError/unknownRun(_:known:)``.
  package init(
    root: String, run name: String?, now: @escaping () -> Double = { Date().timeIntervalSince1970 }
  ) throws {
    self.now = now
    let known = try RunLog.runs(root: root)
    let found =
      name.map { name in known.contains(name) ? [name] : known.filter { $0.hasPrefix(name) } } ?? known.suffix(1)
    guard found.count == 1, !(name?.isEmpty ?? false) else { throw PipelineError.unknownRun(name ?? "", known: known) }
    folder = "\(root)/data/runs/\(found[0])"
    status = Status(run: found[0])
  }

  /// Files in the folder by which a run is asked to end, and to end without its cells at work.
  package static let (cancelName, cancelNowName) = ("cancel", "cancel-now")

  /// Whether somebody asked it to end.
  package var wasAskedToEnd: Bool { access("\(folder)/\(Self.cancelName)", F_OK) == 0 }

  /// Whether a text names a run: no stage is called so.
  package static func isRun(_ name: String, root: String) -> Bool {
    name.first?.isNumber ?? false && !name.contains("/")
      && FileManager.default.fileExists(atPath: "\(root)/data/runs/\(name)/events.jsonl")
  }

  /// Whether the run may still be going on, as far as can be told from here. Nothing is guessed of what was not read.
  package var isAlive: Bool {
    get throws {
      guard hasBeenRead else { return true }
      guard !status.hasEnded else { return false }
      // A head begins with what it runs on, at once.
      if status.host.isEmpty { return age < 10 }
      if status.host == RunLog.hostName, let head, try head.isOfThisMachine { return try head.isRunning }
      // On another machine, perhaps of the same name: a head writes something once a minute. A record from the future is
      // nobody's work.
      return abs(age) < 600
    }
  }

  /// Seconds since something was added.
  private var age: Double { Files.sizeAndTime(path).map { now() + clockOffset - $0.changed } ?? 0 }

  /// Throws ``PipelineError/damaged(path:reason:)`` for a record that tells of no run and will not any more.
  package func requireBeginning() throws {
    guard status.host.isEmpty, try !isAlive else { return }
    throw PipelineError.damaged(
      path: path, reason: "its beginning is missing: the run was killed before that, or something emptied the file")
  }

  /// Reads what was added. Throws ``PipelineError/damaged(path:reason:)`` for a line that is none of a record.
  package func update(_ hear: (Event) -> Void = { _ in }) throws {
    hasBeenRead = true
    // Not to wait for the other end, should it be a pipe.
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { return }
    defer { close(descriptor) }
    let size = Int(lseek(descriptor, 0, SEEK_END))
    lseek(descriptor, off_t(position), SEEK_SET)
    var reader = LineReader(descriptor: descriptor)
    let start = position
    func line() throws -> Substring? {
      do { return try reader.line() } catch is LineReader.EndlessLine {
        throw PipelineError.damaged(path: "\(path):\(lineCount + 1)", reason: "this line is no event of a run")
      }
    }
    while position < size, let line = try line() {
      position = start + reader.consumedCount
      lineCount += 1
      // There is a line for every cell: they are not taken apart.
      if line.contains("\"event\":\"cell\"") { hear(try cell(line)) } else { try take(line, hear) }
    }
  }

  private func cell(_ line: Substring) throws -> Event {
    let hasFailed = line.contains("\"outcome\":\"failed\"")
    if hasFailed {
      status.failed += 1
    } else if line.contains("\"outcome\":\"computed\"") {
      status.computed += 1
    } else {
      status.present += 1
    }
    let stage = line.firstRange(of: "\"stage\":\"").map { line[$0.upperBound...].prefix { $0 != "\"" } } ?? ""
    guard hasFailed else { return .cell(stage: String(stage), failure: nil) }
    let event = try event(line)
    return .cell(
      stage: String(stage),
      failure: (event["label"] as? String ?? "", event["reason"] as? String ?? "no reason is given"))
  }

  /// A count as far as a run can have one: sums of what anybody wrote into a record must stay numbers.
  private static func count(_ number: Int?) -> Int { min(max(0, number ?? 0), Int(Int32.max)) }

  private func event(_ line: Substring) throws -> [String: Any] {
    let object: Any?
    do { object = try JSONSerialization.jsonObject(with: Data(line.utf8)) } catch { object = nil }
    guard let event = object as? [String: Any] else {
      throw PipelineError.damaged(path: "\(path):\(lineCount)", reason: "this line is no event of a run")
    }
    return event
  }

  private func take(_ line: Substring, _ hear: (Event) -> Void) throws {
    let event = try event(line)
    func text(_ key: String) -> String { ErrorMessage.visible(event[key] as? String ?? "") }
    func count(_ key: String) -> Int { Self.count(event[key] as? Int) }
    switch text("event") {
    case "run":
      status.command = ErrorMessage.visible(
        (event["command"] as? [String] ?? []).dropFirst().joined(separator: " "))
      status.profile = text("profile")
      status.started = text("time")
      status.host = ErrorMessage.visible((event["facts"] as? [String: String])?["host"] ?? "")
      if let number = event["process"] as? Int, let process = pid_t(exactly: number) {
        head = ProcessIdentity(process: process, start: text("processStart"))
      }
    case "plan":
      status.missing = (event["stages"] as? [String: [String: Int]] ?? [:]).mapValues { Self.count($0["missing"]) }
        .filter { $0.value > 0 }
      hear(.plan(status.missing))
    case "job":
      status.jobs.append(Status.Job(name: text("name"), id: text("id"), tasks: count("tasks")))
    case "task":
      status.lostTasks += 1
      status.lastLoss = "\(text("task")): \(text("reason"))"
    case "queue":
      (status.running, status.waiting) = (count("running"), count("waiting"))
      status.reasons = (event["reasons"] as? [String] ?? []).map(ErrorMessage.visible)
    case "end":
      status.hasEnded = true
      status.error = (event["error"] as? String).map(ErrorMessage.visible)
      status.exitStatus = event["status"] as? Int
    default: break
    }
    if let text = event["text"] as? String { hear(.line(text)) }
  }
}

extension RunRecord.Status {
  /// The same for people.
  package func text(isAlive: Bool) -> String {
    let total = missing.values.reduce(0, +)
    var lines = ["run \(run): refig \(command)", "  began \(started) on \(host), profile \(profile)"]
    var cells = "  \(computed + present + failed) of \(total) cells: \(computed) computed"
    if present > 0 { cells += ", \(present) made by others" }
    if failed > 0 { cells += ", \(failed) failed" }
    lines.append(cells)
    if !jobs.isEmpty {
      let ids = jobs.suffix(5).map { $0.id.isEmpty ? $0.name : $0.id }.joined(separator: ", ")
      lines.append(
        "  \(jobs.reduce(0) { $0 + $1.tasks }) tasks in \(jobs.count == 1 ? "job" : "\(jobs.count) jobs, the last") \(ids)"
      )
    }
    if lostTasks > 0 { lines.append("  \(Text.count(lostTasks, "task")) ended too early, the last \(lastLoss)") }
    if hasEnded {
      lines.append("  over" + (error.map { ": \($0)" } ?? ""))
    } else if isAlive {
      if !jobs.isEmpty {
        lines.append(
          "  \(running) tasks running, \(waiting) waiting"
            + (reasons.isEmpty ? "" : " (\(reasons.joined(separator: ", ")))"))
      }
    } else {
      lines.append("  its head is gone; type the command again to go on: it follows the tasks that still run")
    }
    return lines.joined(separator: "\n")
  }
}
