import ArgumentParser
import Engine
import Foundation

/// `refig worker`: what runners start.
struct WorkerCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "worker", abstract: "Compute cells asked for on standard input.", shouldDisplay: false)

  @Option(help: "Folder of the store.")
  var store: String

  func run() throws {
    // Answers go to a private copy of standard output, so that nothing printed by a library can garble them.
    let answers = dup(1)
    dup2(2, 1)
    Thread.detachNewThread {
      // The other end of standard input is closed when the runner is gone, however it went: nobody waits for the cell.
      var input = pollfd(fd: 0, events: 0, revents: 0)
      while poll(&input, 1, -1) < 0 {}
      _exit(0)
    }
    try Worker(catalogue: .linked, store: Store(root: store)).serve(input: 0, output: answers)
  }
}
