private import Foundation

/// Keeps what traps, such as an index out of range, from costing the work beside it: the program starts again with the
/// same words, and knows then what trapped. What was computed before is on disk or is computed once more.
package enum TrapGuard {
  private static let variable = "REFIG_TRAPPED"

  /// Names of what trapped in earlier starts of this process.
  package static let trapped = Set(
    (ProcessInfo.processInfo.environment[variable] ?? "").split(separator: "\n").map(String.init))

  /// Does something; if it traps, the program starts again with the name among those ``trapped``.
  package static func guarding<Result>(_ name: String, _ body: () throws -> Result) rethrows -> Result {
    let environment = ProcessInfo.processInfo.environment
      .merging([variable: trapped.union([name]).sorted().joined(separator: "\n")]) { $1 }
    let restart = Restart(
      arguments: CommandLine.arguments, environment: environment.map { "\($0.key)=\($0.value)" })
    current = restart
    for name in traps {
      // The signal stays blocked otherwise, in the new start too; a second one, or an exec that fails, ends the process.
      var action = sigaction()
      action.__sigaction_handler.sa_handler = { _ in
        if let current { execve("/proc/self/exe", current.arguments, current.environment) }
      }
      action.sa_flags = SA_NODEFER | Int32(bitPattern: UInt32(SA_RESETHAND))
      sigaction(name, &action, nil)
    }
    defer {
      for name in traps { signal(name, SIG_DFL) }
      current = nil
      restart.free()
    }
    return try body()
  }

  private static let traps = [SIGILL, SIGTRAP, SIGFPE, SIGBUS, SIGSEGV]
}

/// The words and the environment of a start, made before: in a handler of signals nothing can be allocated.
private struct Restart {
  let arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>
  let environment: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>

  init(arguments: [String], environment: [String]) {
    self.arguments = Self.list(arguments)
    self.environment = Self.list(environment)
  }

  private static func list(_ texts: [String]) -> UnsafeMutablePointer<UnsafeMutablePointer<CChar>?> {
    let list = UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>.allocate(capacity: texts.count + 1)
    for (index, text) in texts.enumerated() { list[index] = strdup(text) }
    list[texts.count] = nil
    return list
  }

  func free() {
    for list in [arguments, environment] {
      var index = 0
      while let text = list[index] {
        Foundation.free(text)
        index += 1
      }
      list.deallocate()
    }
  }
}

/// What a trap leads to now. Only the thread that judges sets it.
nonisolated(unsafe) private var current: Restart?
