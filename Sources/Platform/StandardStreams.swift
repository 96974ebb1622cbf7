private import Glibc

/// The three streams that every process has.
package enum StandardStreams {
  /// Opens those that this process was started without. To be called before anything else is opened: a file that got one
  /// of their numbers would receive messages meant for people.
  package static func open() {
    for descriptor in STDIN_FILENO...STDERR_FILENO where fcntl(descriptor, F_GETFD) < 0 {
      // The lowest number that is free is this one.
      _ = Glibc.open("/dev/null", descriptor == STDIN_FILENO ? O_RDONLY : O_WRONLY)
    }
  }

  /// Writes a text for people to standard error. If it cannot be written, as to a full disk or to a reader that has gone,
  /// it is lost: no message is worth the work it is about.
  package static func report(_ text: String) {
    var rest = Array(text.utf8)[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { write(STDERR_FILENO, $0.baseAddress, $0.count) }
      if count >= 0 {
        rest = rest.dropFirst(count)
      } else if errno == EAGAIN {
        var output = pollfd(fd: STDERR_FILENO, events: Int16(POLLOUT), revents: 0)
        _ = poll(&output, 1, -1)
      } else if errno != EINTR {
        return
      }
    }
  }
}
