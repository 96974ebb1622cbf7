package import Glibc

/// A process, the programs that it started, and theirs, as /proc shows them.
package struct ProcessTree {
  private let root: pid_t

  package init(root: pid_t) { self.root = root }

  /// Whether the first process is stopped, by a signal or a debugger. Throws ``FileError``, as all of these do.
  package var isStopped: Bool {
    get throws {
      // The state follows the program's name, which stands in parentheses and may hold any sign.
      let text = String(decoding: try Files.bytes(of: "/proc/\(root)/stat") ?? [], as: UTF8.self)
      let state = text.split(separator: ")").last?.first { $0 != " " }
      return state == "T" || state == "t"
    }
  }

  /// The seconds for which each of them could have run and did not, as the kernel counts them; nothing where it does not.
  package func waitingTimes() throws -> [pid_t: Double] {
    try processes(from: root).reduce(into: [:]) { times, process in
      let counts = try numbers(in: "/proc/\(process)/schedstat")
      if counts.count > 1 { times[process] = 1e-9 * Double(counts[1]) }
    }
  }

  /// Memory of all of them; 0 if the first has just died.
  package var residentBytes: Int {
    get throws {
      let pages = try processes(from: root).reduce(0) {
        try $0 + (numbers(in: "/proc/\($1)/statm").dropFirst().first ?? 0)
      }
      return pages * sysconf(Int32(_SC_PAGESIZE))
    }
  }

  private func processes(from process: pid_t) throws -> [pid_t] {
    try [process]
      + numbers(in: "/proc/\(process)/task/\(process)/children").flatMap { try processes(from: pid_t($0)) }
  }

  /// The whole numbers in a file of /proc; none where it is gone.
  private func numbers(in path: String) throws -> [Int] {
    String(decoding: try Files.bytes(of: path) ?? [], as: UTF8.self).split(whereSeparator: \.isWhitespace).compactMap {
      Int($0)
    }
  }
}
