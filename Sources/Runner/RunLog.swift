private import Foundation
private import Pipeline
private import Platform
private import Store

/// The record of one run: data/runs/<id>/events.jsonl, one JSON object a line, each with `event` and `time`.
///
/// Schema 1: `run` (schema, command, profile, versions, commit, host facts, number and start of the process), `plan` (cells
/// in all and missing, by stage), `alive` (once a minute while cells are at work),
/// `cell` (stage, key, label, outcome, cost), `stage` (the sum of its cells in this run), `figure` (what became of it),
/// `claim` (its verdict), `accept` (cells kept under new code), `end` (counts; the command's exit `status`, and `error` if it
/// failed). With Slurm also `job` (an array submitted or followed), `task` (one that ended without its cells, and why),
/// `refused`, and `queue` (what runs and waits) once a minute. What was told to the user has a `text`.
package final class RunLog {
  /// The run's folder.
  package let folder: String
  private let handle: FileHandle
  /// Whether an event could not be written; said once.
  private var isIncomplete = false
  /// What the last event tells; it is written when nobody can write any more.
  package var totals: [String: any Sendable] = [:]

  /// Begins a run in the project's folder and writes what it runs on.
  package init(root: String, command: [String], profile: String, facts: [String: String]) throws {
    let stamp = Self.timeStamp().filter { $0 != "-" && $0 != ":" }.prefix(19)
    try Files.makeFolder("\(root)/data/runs")
    // A clock that was set back may give a name that is taken; no record is written over.
    var name = "\(stamp)-\(getpid())"
    while mkdir("\(root)/data/runs/\(name)", 0o777) != 0 {
      guard errno == EEXIST else {
        throw FileError(.write, "\(root)/data/runs/\(name)", code: errno)
      }
      name += "+"
    }
    folder = "\(root)/data/runs/\(name)"
    let path = folder + "/events.jsonl"
    guard FileManager.default.createFile(atPath: path, contents: nil),
      let handle = FileHandle(forWritingAtPath: path)
    else { throw FileError(.write, path, code: errno) }
    self.handle = handle
    var fields: [String: any Sendable] = ["schema": 1, "command": command, "profile": profile, "facts": facts]
    if let own = try ProcessIdentity(process: getpid()) {
      fields["process"] = Int(own.process)
      fields["processStart"] = own.start
    }
    write("run", fields)
  }

  deinit { write("end", totals) }

  /// Notes how the command ends that the run is part of, and why, if not well.
  package func end(with error: (any Error)?) {
    totals["error"] = error.map(ErrorMessage.reason(of:))
    totals["status"] = Int(error.map(ErrorMessage.exitCode(of:))?.rawValue ?? 0)
  }

  /// Adds an event. Fields are numbers, texts, lists and mappings of these.
  package func write(_ event: String, _ fields: [String: any Sendable]) {
    var object = fields
    object["event"] = event
    object["time"] = Self.timeStamp()
    do {
      try handle.write(contentsOf: Data("\(Self.json(object))\n".utf8))
    } catch {
      // A record that cannot be written must not stop the computing.
      if !isIncomplete {
        StandardStreams.report("refig: the run's record cannot be written: \(FileError.reason(of: error))\n")
      }
      isIncomplete = true
    }
  }

  /// A value as JSON, keys sorted. By hand, because a line is written for every cell: JSONSerialization takes longer for
  /// it than all else a runner does for a cell.
  private static func json(_ value: any Sendable) -> String {
    switch value {
    case let text as String: quoted(text)
    case let number as Int: "\(number)"
    case let number as Double: number.isFinite ? "\(number)" : "null"
    case let list as [any Sendable]: "[" + list.map(json).joined(separator: ",") + "]"
    case let object as [String: any Sendable]:
      "{" + object.sorted { $0.key < $1.key }.map { "\(quoted($0.key)):\(json($0.value))" }.joined(separator: ",") + "}"
    default: preconditionFailure("\(value) in a run's record")
    }
  }

  private static func quoted(_ text: String) -> String {
    var quoted = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"", "\\": quoted += "\\\(scalar)"
      case "\0"..<" ": quoted += "\\u00" + (scalar.value < 16 ? "0" : "") + String(scalar.value, radix: 16)
      default: quoted.unicodeScalars.append(scalar)
      }
    }
    return quoted + "\""
  }

  /// The names of the runs that have a record, oldest first. Whatever else lies in their folder is passed over.
  package static func runs(root: String) throws -> [String] {
    let folder = root + "/data/runs"
    return try Files.names(in: folder).filter {
      $0.first?.isNumber ?? false && Files.sizeAndTime("\(folder)/\($0)/events.jsonl") != nil
    }.sorted()
  }

  /// No record is longer, in bytes.
  private static let recordLimit = 1 << 30

  /// The records of the runs, newest first, until `byteLimit`: the id of each and the bytes of its events.jsonl, in parts of
  /// whole lines.
  static func forEachRecord(root: String, byteLimit: Int, _ body: (String, [UInt8]) throws -> Void) throws {
    var byteCount = 0
    for run in try runs(root: root).reversed() where byteCount < byteLimit {
      let path = "\(root)/data/runs/\(run)/events.jsonl"
      var lines: [UInt8] = []
      let start = byteCount
      do {
        try Files.read(path) { part in
          byteCount += part.count
          let end = part.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
          lines += part[..<end]
          if end > 0 { try body(run, lines) }
          lines = (end > 0 ? [] : lines) + part[end...]
          guard lines.count <= LineReader.lineLimit, byteCount - start <= recordLimit else {
            throw FileError(.read, path, .unsuitable, reason: "it has no end")
          }
        }
        try body(run, lines)
      } catch let error as FileError where [.unsuitable, .notThere].contains(error.cause) {
        // A device, a pipe or an endless file that somebody put there is no record, and one may just have been removed.
        continue
      }
    }
  }

  /// When the runs on record began, in seconds since 1970, oldest first; from the names of their folders.
  package static func starts(root: String) throws -> [Double] {
    try runs(root: root).compactMap { name in
      // 20261125T041600.123
      func number(_ start: Int, _ count: Int) -> Int32? { Int32(name.dropFirst(start).prefix(count)) }
      guard let year = number(0, 4), let month = number(4, 2), let day = number(6, 2), let hour = number(9, 2),
        let minute = number(11, 2), let second = number(13, 2)
      else { return nil }
      var time = tm()
      (time.tm_year, time.tm_mon, time.tm_mday) = (year - 1900, month - 1, day)
      (time.tm_hour, time.tm_min, time.tm_sec) = (hour, minute, second)
      return Double(timegm(&time)) + Double(number(16, 3) ?? 0) / 1000
    }
  }

  package static func timeStamp() -> String {
    Date().formatted(.iso8601.year().month().day().time(includingFractionalSeconds: true).timeZone(separator: .omitted))
  }

  /// This machine's name.
  static var hostName: String { ProcessInfo.processInfo.hostName }

  /// What results may depend on beside their manifests: versions and the machine.
  package static func facts(compiler: String, blas: String) -> [String: String] {
    var name = utsname()
    uname(&name)
    func text<Tuple>(_ field: Tuple) -> String {
      withUnsafeBytes(of: field) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    }
    // A run whose cells are all there needs no HDF5: its record says why there is none.
    let hdf5: String
    do { hdf5 = try HDF5File.libraryVersion } catch { hdf5 = "\(error)" }
    return [
      "compiler": compiler, "hdf5": hdf5, "blas": blas, "system": text(name.sysname),
      "release": text(name.release), "machine": text(name.machine), "host": text(name.nodename),
      "cores": "\(ProcessInfo.processInfo.activeProcessorCount)",
      "memoryBytes": "\(ProcessInfo.processInfo.physicalMemory)", "processor": processorName,
    ]
  }

  /// What the processor calls itself.
  private static var processorName: String {
    do {
      let lines = String(decoding: try Files.bytes(of: "/proc/cpuinfo") ?? [], as: UTF8.self).split(separator: "\n")
      let name = lines.first { $0.hasPrefix("model name") }?.split(separator: ":").last
      return name.map { $0.trimmingCharacters(in: .whitespaces) } ?? "unknown"
    } catch { return "unknown" }
  }
}
