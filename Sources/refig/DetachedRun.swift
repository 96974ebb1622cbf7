import Foundation
import Pipeline
import Platform
import Reports
import Runner

/// This command once more, as a process of its own that outlives the terminal. What it says goes to `console.txt` beside
/// its record.
struct DetachedRun {
  let project: Project
  /// Seconds after which a run that has begun is left to itself, whatever its cells take: what ends one early shows by then.
  let patience: Double

  /// Starts it and waits until its first cells are on their way, or for as long as there is patience. Returns its id, and whether it has ended well already. If
  /// it ends otherwise before, what it said is repeated and this process ends with its status.
  func start() throws -> (run: String, hasEnded: Bool) {
    let runs = project.root + "/data/runs"
    try Files.makeFolder(runs)
    let console = "\(project.root)/data/.console-\(getpid()).txt"
    let output = open(console, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0o666)
    let nothing = open("/dev/null", O_RDONLY | O_CLOEXEC)
    guard output >= 0, nothing >= 0 else {
      throw FileError(.write, console, code: errno)
    }
    let program = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
    let head = try ChildProcess.start(
      [program] + CommandLine.arguments.dropFirst().filter { $0 != "--detach" }, input: nothing, output: output,
      errors: output, environment: ProcessInfo.processInfo.environment, group: .ownSession)
    close(output)
    close(nothing)
    var status: Int32 = 0
    var begun: Double?
    while waitpid(head, &status, WNOHANG) == 0 {
      if let run = try run(of: head) {
        begun = begun ?? ChildProcess.now()
        if try ChildProcess.now() - (begun ?? 0) > patience || isOnItsWay(run) {
          rename(console, "\(runs)/\(run)/console.txt")
          return (run, false)
        }
      }
      usleep(100_000)
    }
    let text = try Files.bytes(of: console) ?? []
    let run = try run(of: head)
    if let run { rename(console, "\(runs)/\(run)/console.txt") } else { unlink(console) }
    if status == 0, let run { return (run, true) }
    StandardStreams.report(String(decoding: text, as: UTF8.self))
    exit(status & 0x7f == 0 ? (status >> 8) & 0xff : ErrorMessage.ExitCode.bug.rawValue)
  }

  /// The id of a process's run; nil until it has begun.
  private func run(of process: pid_t) throws -> String? {
    // Numbers of processes come again; the newest record is the one.
    try RunLog.runs(root: project.root).last { $0.hasSuffix("-\(process)") }
  }

  private func isOnItsWay(_ run: String) throws -> Bool {
    let record = try RunRecord(root: project.root, run: run)
    try record.update()
    let status = record.status
    return !status.hasEnded && (!status.jobs.isEmpty || status.computed + status.present + status.failed > 0)
  }
}
