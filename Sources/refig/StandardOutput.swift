// Not Foundation, which has it too: C's stdout is a variable, which nobody here ever sets.
@preconcurrency import Glibc
import Pipeline
import Platform

/// What this command prints.
enum StandardOutput {
  /// Hands on what was printed. Numbers that a full disk has swallowed must not pass for printed; whoever reads a pipe may
  /// go away. Throws ``FileError``.
  static func finish() throws {
    let last = fflush(stdout) == 0 ? 0 : errno
    let failure = firstFailure != 0 ? firstFailure : last
    guard failure != 0 || ferror(stdout) != 0, !isPipe else { return }
    throw failure == 0
      ? FileError(.write, "standard output", reason: "some of it was lost")
      : FileError(.write, "standard output", code: failure)
  }

  /// How wide lines may be: as the terminal at this moment, or 80 columns.
  static var columns: Int { width(of: STDOUT_FILENO) ?? 80 }

  /// The columns of a terminal; nil for what is none.
  private static func width(of descriptor: Int32) -> Int? {
    var size = winsize()
    return ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0 ? max(20, Int(size.ws_col)) : nil
  }

  /// A text as it fits a terminal, broken between words; as it is where there is none, so that programs find whole lines.
  static func fitted(_ text: String, to descriptor: Int32 = STDOUT_FILENO) -> String {
    guard let columns = width(of: descriptor) else { return text }
    return text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
      guard line.count > columns else { return String(line) }
      let indent = min(line.prefix { $0 == " " }.count + 2, columns / 2)
      return Text.wrapped(String(line), columns: columns, indent: indent).joined(separator: "\n")
    }.joined(separator: "\n")
  }

  /// Prints bytes as they are, after what was printed before.
  static func write(_ bytes: [UInt8]) {
    fwrite(bytes, 1, bytes.count, stdout)
    noteFailure()
  }

  /// What the system said when a text did not fit the buffer and could not be written; C keeps that it happened, not why.
  nonisolated(unsafe) private static var firstFailure: Int32 = 0

  fileprivate static func noteFailure() {
    if ferror(stdout) != 0, firstFailure == 0 { firstFailure = errno }
  }

  private static var isPipe: Bool {
    var status = stat()
    return fstat(STDOUT_FILENO, &status) == 0 && [S_IFIFO, S_IFSOCK].contains(status.st_mode & S_IFMT)
  }
}

/// The way of all texts to standard output. Signs that a terminal obeys may stand in files and archives of others: they
/// reach a file as they are, a terminal as their numbers.
func print(_ text: String, terminator: String = "\n") {
  let isTerminal = isatty(STDOUT_FILENO) == 1
  Swift.print(isTerminal ? StandardOutput.fitted(ErrorMessage.visibleInLines(text)) : text, terminator: terminator)
  StandardOutput.noteFailure()
}

/// The way of all lines for people to standard error, with the same care.
func warn(_ text: String) {
  StandardStreams.report(StandardOutput.fitted(ErrorMessage.visibleInLines(text), to: STDERR_FILENO) + "\n")
}
