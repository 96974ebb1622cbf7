// Not Foundation, which has it too: C's stdout is a variable, which nobody here ever sets.
@preconcurrency import Glibc
import Platform

/// What this command prints.
enum StandardOutput {
  /// Hands on what was printed. Numbers that a full disk has swallowed must not pass for printed; whoever reads a pipe may
  /// go away. Throws ``FileError``.
  static func finish() throws {
    let failure = fflush(stdout) == 0 ? 0 : errno
    guard failure != 0 || ferror(stdout) != 0, !isPipe else { return }
    throw failure == 0
      ? FileError(.write, "standard output", reason: "some of it was lost")
      : FileError(.write, "standard output", code: failure)
  }

  private static var isPipe: Bool {
    var status = stat()
    return fstat(STDOUT_FILENO, &status) == 0 && [S_IFIFO, S_IFSOCK].contains(status.st_mode & S_IFMT)
  }
}
