package import Glibc

/// A process, the programs that it started, and theirs, as /proc shows them.
package struct ProcessTree {
  private let root: pid_t

  package init(root: pid_t) { self.root = root }

  /// Whether the first process is stopped, by a signal or a debugger. Throws ``FileError``, as all of these do.
  package var isStopped: Bool {
    get throws {
      let state = try fields(of: "/proc/\(root)").first
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

  /// The seconds for which each thread of each of them, and what they have waited for, computed or waited for a processor;
  /// by the place where the kernel says so. Nil while one of them is stopped or waits for a disk.
  package func busyTimes() throws -> [String: Double]? {
    var times: [String: Double] = [:]
    for process in try processes(from: root) {
      let path = "/proc/\(process)"
      let ticks = try fields(of: path).dropFirst(11).prefix(4).compactMap { Double($0) }
      times[path] = ticks.reduce(0, +) / Double(sysconf(Int32(_SC_CLK_TCK)))
      for thread in try threads(of: process) {
        let path = "\(path)/task/\(thread)"
        if let state = try fields(of: path).first, "TtD".contains(state) { return nil }
        times[path] = try 1e-9 * Double(numbers(in: path + "/schedstat").prefix(2).reduce(0, +))
      }
    }
    return times
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

  /// Ends what the first process has started, in whatever group or session it is, and what that has, but not itself. One whose
  /// parent is gone belongs to another process and is not found.
  package func endDescendants() {
    do {
      for process in try processes(from: root).dropFirst() { kill(process, SIGKILL) }
    } catch {
      // The kernel does not say which they are: those of the group are ended without.
    }
  }

  private func processes(from process: pid_t) throws -> [pid_t] {
    let children = try threads(of: process).flatMap { try numbers(in: "/proc/\(process)/task/\($0)/children") }
    return try [process] + children.flatMap { try processes(from: pid_t($0)) }
  }

  /// Each may have started programs of its own. None where the process is gone.
  private func threads(of process: pid_t) throws -> [pid_t] {
    try Files.names(in: "/proc/\(process)/task").compactMap { pid_t($0) }
  }

  /// What the kernel says in `stat` from the state on: before it stands the program's name, in parentheses, which may
  /// hold any sign.
  private func fields(of path: String) throws -> [Substring] {
    let text = try text(in: path + "/stat")
    return text.split(separator: ")").last?.split(whereSeparator: \.isWhitespace) ?? []
  }

  /// A file of /proc; empty where the process has gone, before it was opened or since.
  private func text(in path: String) throws -> String {
    do {
      return String(decoding: try Files.bytes(of: path) ?? [], as: UTF8.self)
    } catch let error as FileError where error.cause == .notThere {
      return ""
    }
  }

  /// The whole numbers in a file of /proc; none where it is gone.
  private func numbers(in path: String) throws -> [Int] {
    try text(in: path).split(whereSeparator: \.isWhitespace).compactMap { Int($0) }
  }
}
