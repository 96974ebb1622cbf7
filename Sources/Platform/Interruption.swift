private import Foundation
private import Synchronization

/// Ctrl-C and SIGTERM: counted, for loops to look at. Once: finish what is running and save. Twice: stop now.
package enum Interruption {
  private static let count = Atomic<Int>(0)

  /// How often the user asked to stop.
  package static var requests: Int { count.load(ordering: .relaxed) }

  /// Counts signals from now on instead of dying of them. With `once`, the first is as good as two: there is nothing to
  /// finish or save.
  package static func listen(once: Bool = false) {
    // Whoever started this process may have blocked them.
    var names = sigset_t()
    sigemptyset(&names)
    for name in [SIGINT, SIGTERM] {
      if once {
        signal(name) { _ in Interruption.count.add(2, ordering: .relaxed) }
      } else {
        signal(name) { _ in Interruption.count.add(1, ordering: .relaxed) }
      }
      sigaddset(&names, name)
    }
    pthread_sigmask(SIG_UNBLOCK, &names, nil)
    ignoreBrokenPipes()
  }

  /// Lets writing to a pipe that nobody reads any more fail instead of ending this process: a worker that died must not
  /// take its runner with it.
  package static func ignoreBrokenPipes() { signal(SIGPIPE, SIG_IGN) }
}
