internal import Foundation
private import Platform

/// For how long a program that has begun to answer has been silent: docs/protocol.md. What it computes, or waits for a
/// processor or a disk, does not count, nor while it is stopped: a machine that is busy must fail no cell.
struct AnswerSilence {
  /// Seconds after which nothing more is expected. The variable is for tests.
  static let limit = ProcessInfo.processInfo.environment["REFIG_ANSWER_SILENCE"].flatMap(Double.init) ?? 60
  /// Seconds between two looks.
  private static let step = 0.4

  private let processes: ProcessTree
  private var seconds = 0.0
  /// When it was looked at, and what it had computed then; nil if it was busy in a way that is not counted.
  private var last: (time: Double, busy: [String: Double]?)?

  init(of process: pid_t) { processes = ProcessTree(root: process) }

  /// It has sent something.
  mutating func end() { (seconds, last) = (0, nil) }

  /// Looks whether the silence is longer than the limit. Throws `FileError` where the kernel does not let itself be asked.
  mutating func isTooLong() throws -> Bool {
    let now = ChildProcess.now()
    if let last, now < last.time + Self.step { return false }
    let busy = try processes.busyTimes()
    if let last, let before = last.busy, let busy {
      let worked = busy.map { $0.value - (before[$0.key] ?? 0) }.max() ?? 0
      // Why at most two steps: this process may have been stopped too.
      seconds += max(0, min(now - last.time, 2 * Self.step) - worked)
    }
    last = (now, busy)
    return seconds > Self.limit
  }

  /// Why the cell fails: `count` bytes came, of so many if their line said so.
  func reason(_ count: Int, of announced: Int?) -> String {
    let sent =
      announced.map { "it sent \(count) of the \($0) bytes of its answer" }
      ?? "it sent \(count) bytes of its answer's line, without the newline that ends it"
    return "\(sent), then for \(Self.limit) s nothing more, and computed nothing; "
      + "it should answer when it has all its numbers, send as many as it announces, and flush its output"
  }
}
