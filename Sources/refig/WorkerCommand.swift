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
    try Worker(catalogue: .linked, store: Store(root: store)).serve(input: 0, output: answers)
  }
}
