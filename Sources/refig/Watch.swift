import ArgumentParser
import Foundation
import Pipeline
import Platform
import Runner
import Slurm

/// `refig watch`.
struct Watch: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "watch",
    abstract: "Follow a run from any terminal, to its end.",
    discussion: "Ctrl-C ends the watching, not the run. The exit status is that of the run.")

  @Argument(help: "The run's id, or the beginning of it; the newest run unless given.")
  var id: String?

  @OptionGroup var project: ProjectOptions

  func run() throws {
    let record = try RunRecord(root: project.root, run: id)
    let progress = ProgressDisplay(quiet: false)
    var failures = FailureTally()
    var isAlive = true
    while true {
      let wasAlive = isAlive
      isAlive = try record.isAlive
      var texts: [String] = []
      try record.update { event in
        switch event {
        case .plan(let missing): progress.begin(missing.sorted { $0.key < $1.key }.map { ($0.key, $0.value) })
        case .cell(let stage, nil): progress.finished(stage, seconds: 0)
        case .cell(let stage, let failure?):
          progress.failed(stage, message: failures.add(failure.label, of: stage, reason: failure.reason))
        case .line(let text): texts.append(text)
        }
      }
      // Of what was told before this began, the last lines will do.
      for text in texts.suffix(10) { progress.line(text) }
      let status = record.status
      if status.hasEnded || !wasAlive {
        try record.requireBeginning()
        for line in failures.rest { progress.line(line) }
        progress.end()
        print(status.text(isAlive: false))
        if !status.hasEnded { throw ExitCode(ErrorMessage.ExitCode.interrupted.rawValue) }
        let code =
          status.exitStatus.map(Int32.init) ?? (status.failed > 0 ? ErrorMessage.ExitCode.cellsFailed.rawValue : 0)
        if code != 0 { throw ExitCode(code) }
        return
      }
      usleep(500_000)
    }
  }
}

/// `refig cancel`.
struct Cancel: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "cancel",
    abstract: "End a run, wherever it is, and its tasks. Finished cells are kept.")

  @Argument(help: "The run's id, or the beginning of it.")
  var id: String

  @OptionGroup var project: ProjectOptions

  func run() throws {
    let record = try RunRecord(root: project.root, run: id)
    try record.update()
    let wasAlive = try record.isAlive
    let again = record.wasAskedToEnd
    let arrayCount = try record.cancel(root: project.root)
    guard wasAlive || arrayCount > 0 else { return print("run \(record.status.run) is over") }
    // The head ends what it may have submitted in the meantime.
    let hint = "it finishes the cells at work; `refig cancel \(record.status.run)` again ends them now, unfinished"
    for round in 0..<150 where try record.isAlive {
      if round == 10, !again { warn("run \(record.status.run) is asked to end: \(hint)") }
      usleep(200_000)
      try record.update()
    }
    guard try record.isAlive else { return print("run \(record.status.run) is cancelled") }
    print(
      "run \(record.status.run) is asked to end, but goes on: "
        + (again ? "its head, on \(record.status.host), has not answered yet" : hint))
  }
}
