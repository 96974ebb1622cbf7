import ArgumentParser
import Claims
import Foundation
import Pipeline
import Platform
import Runner
import Slurm
import Store

/// `refig worker`: what runners start, and the tasks of a cluster.
struct WorkerCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "worker", abstract: "Compute cells asked for on standard input, or a slice of a batch.",
    shouldDisplay: false)

  @Option(help: "Folder of the store.")
  var store: String

  @Option(help: "Folder with pipeline.yaml, where some experiments are programs.")
  var project: String?

  @Option(help: "File with the cells of a batch; none are read from standard input.")
  var batch: String?

  @Option(help: "Which part of the batch: k/n.")
  var slice: String?

  @Flag(help: "Claim no cells: others may compute the same ones.")
  var noClaims = false

  func validate() throws {
    guard (batch == nil) == (slice == nil) else { throw ValidationError("--batch and --slice go together") }
  }

  func run() throws {
    // Answers go to a private copy of standard output, so that nothing printed by a library can garble them.
    let answers = dup(1)
    dup2(2, 1)
    let catalogue =
      try project.map { try PipelineFile.catalogue(.linked, withProgramsOf: $0 + "/pipeline.yaml") } ?? .linked
    let store = Store(root: store, catalogue: catalogue)
    if let batch, let slice {
      Interruption.listen()
      let worker =
        ["/proc/self/exe", "worker", "--store", store.root, "--no-claims"] + (project.map { ["--project", $0] } ?? [])
      return try SlurmTask(file: batch, slice: slice, store: store, worker: worker).run(output: answers)
    }
    // What ends a task of a cluster is sent to all its processes; the one that gave the cell decides.
    if noClaims { signal(SIGTERM, SIG_IGN) }
    Thread.detachNewThread {
      // The other end of standard input is closed when the runner is gone, however it went: nobody waits for the cell.
      var input = pollfd(fd: 0, events: 0, revents: 0)
      while poll(&input, 1, -1) < 0 {}
      // A program at work would go on for nobody; an idle one sees that its requests end, and is given a moment.
      if catalogue.hasPrograms, !Worker.hasBusyPrograms { sleep(3) }
      Self.exitWithPrograms(of: catalogue)
    }
    try Worker(catalogue: catalogue, store: store, claims: !noClaims).serve(input: 0, output: answers)
    Self.exitWithPrograms(of: catalogue)
  }

  /// Ends this process and whatever its programs have started and left: they are of its group.
  private static func exitWithPrograms(of catalogue: Catalogue) -> Never {
    if catalogue.hasPrograms, getpgrp() == getpid() { kill(0, SIGKILL) }
    _exit(0)
  }
}
