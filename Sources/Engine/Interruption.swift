private import Foundation
private import Synchronization

/// Ctrl-C and SIGTERM: counted, for loops to look at. Once: finish what is running and save. Twice: stop now.
package enum Interruption {
  private static let count = Atomic<Int>(0)

  /// How often the user asked to stop.
  package static var requests: Int { count.load(ordering: .relaxed) }

  /// Counts signals from now on instead of dying of them.
  package static func listen() {
    for name in [SIGINT, SIGTERM] {
      signal(name) { _ in Interruption.count.add(1, ordering: .relaxed) }
    }
    // A worker that died must not take the runner with it.
    signal(SIGPIPE, SIG_IGN)
  }
}
