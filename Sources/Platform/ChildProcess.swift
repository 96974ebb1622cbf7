package import Foundation

/// Other programs, started with words that no shell ever sees.
package enum ChildProcess {
  /// What a program said.
  package struct Answer {
    /// Exit status; nil if it died of a signal or was ended because it took too long.
    package let status: Int32?
    /// What it wrote to standard output.
    package let bytes: [UInt8]
    package let errors: String

    package var output: String { String(decoding: bytes, as: UTF8.self) }
  }

  /// Which processes a child is one of: a signal from the terminal goes to a group, its end to a session.
  package enum Group: Int16 {
    case parents = 0
    case own = 0x02  // POSIX_SPAWN_SETPGROUP
    case ownSession = 0x80  // POSIX_SPAWN_SETSID, whose name C shows to GNU sources only.
  }

  /// A program that could not be started: the system's error.
  package struct NotStarted: Error {
    package let program: String
    package let code: Int32
  }

  /// Starts a program, looked up on PATH, with these descriptors as its standard streams, and others from 3 on. In
  /// a folder, if one is named, it is env that looks it up, and that ends with status 127 where there is none. With
  /// a `leader` it joins that process's group. Throws ``NotStarted``.
  package static func start(
    _ command: [String], input: Int32, output: Int32, errors: Int32 = 2, others: [Int32] = [],
    environment: [String: String], folder: String? = nil, group: Group = .parents, leader: pid_t? = nil
  ) throws -> pid_t {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    // Copies out of the way: one descriptor must not take another's place before that is copied.
    let copies = others.isEmpty ? [] : ([input, output, errors] + others).map { fcntl($0, F_DUPFD_CLOEXEC, 16) }
    defer { for copy in copies { close(copy) } }
    for (target, descriptor) in (copies.isEmpty ? [input, output, errors] : copies).enumerated() {
      posix_spawn_file_actions_adddup2(&actions, descriptor, Int32(target))
    }
    if group == .ownSession {
      // Whoever started this process may wait until the last holder of what it opened is gone.
      let descriptors = try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").compactMap { Int32($0) }
      for descriptor in descriptors where descriptor > 2 {
        posix_spawn_file_actions_addclose(&actions, descriptor)
      }
    }
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    posix_spawnattr_setflags(&attributes, leader == nil ? group.rawValue : Group.own.rawValue)
    posix_spawnattr_setpgroup(&attributes, leader ?? 0)
    var process = pid_t()
    // What changes the folder in posix_spawn, C shows to GNU sources only.
    let command = folder.map { ["/usr/bin/env", "-C", $0] + command } ?? command
    let code = CStrings(command).withPointers { arguments in
      CStrings(environment.map { "\($0)=\($1)" }).withPointers { environment in
        posix_spawnp(&process, command[0], &actions, &attributes, arguments, environment)
      }
    }
    guard code == 0 else { throw NotStarted(program: command[0], code: code) }
    return process
  }

  /// A process that leads a group of its own and ends all of it when this process is gone, however it went, or when
  /// the descriptor is closed. Throws ``NotStarted``.
  package static func startGuard() throws -> (process: pid_t, descriptor: Int32) {
    let pipe = try makePipe()
    defer { close(pipe[0]) }
    do {
      let environment = ["PATH": "/usr/bin:/bin"]
      let process = try start(
        ["/bin/sh", "-c", "read -r _; kill -9 0"], input: pipe[0], output: 2, environment: environment, group: .own)
      return (process, pipe[1])
    } catch {
      close(pipe[1])
      throw error
    }
  }

  /// A pipe that closes on exec, or a child would keep its siblings' pipes open and never see the end of its own.
  package static func makePipe() throws -> [Int32] {
    var ends: [Int32] = [0, 0]
    guard pipe(&ends) == 0 else { throw NotStarted(program: "a pipe to it", code: errno) }
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    return ends
  }

  /// Runs a program that reads nothing to its end, or for at most so many seconds, or until it says this on standard
  /// error. Throws ``NotStarted``.
  package static func run(
    _ command: [String], environment: [String: String], seconds: Double, folder: String? = nil,
    until last: String? = nil
  ) throws -> Answer {
    let pipes = try [makePipe(), makePipe()]
    let nothing = open("/dev/null", O_RDONLY | O_CLOEXEC)
    defer { close(nothing) }
    defer { for pipe in pipes { close(pipe[0]) } }
    let process: pid_t
    do {
      defer { for pipe in pipes { close(pipe[1]) } }
      process = try start(
        command, input: nothing, output: pipes[0][1], errors: pipes[1][1], environment: environment, folder: folder)
    }
    let deadline = now() + seconds
    var texts: [[UInt8]] = [[], []]
    var isOpen = [true, true]
    var isLate = false
    while isOpen.contains(true) {
      var polls = pipes.indices.map { pollfd(fd: isOpen[$0] ? pipes[$0][0] : -1, events: Int16(POLLIN), revents: 0) }
      let wait = Int32(max(0, min(1000 * (deadline - now()), 1e6)).rounded(.up))
      let hasSaidIt = last.map { String(decoding: texts[1], as: UTF8.self).contains($0) } ?? false
      if hasSaidIt || poll(&polls, 2, wait) == 0 {
        isLate = true
        kill(process, SIGKILL)
        break
      }
      for index in polls.indices where polls[index].revents != 0 {
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        let count = read(pipes[index][0], &buffer, buffer.count)
        if count > 0 { texts[index] += buffer[..<count] } else if count == 0 || errno != EINTR { isOpen[index] = false }
      }
    }
    var status: Int32 = 0
    while waitpid(process, &status, 0) < 0, errno == EINTR {}
    let hasExited = status & 0x7f == 0 && !isLate
    return Answer(
      status: hasExited ? (status >> 8) & 0xff : nil, bytes: texts[0],
      errors: String(decoding: texts[1], as: UTF8.self))
  }

  /// How a process ended, in words that follow "it", by the status that waiting for it gave.
  package static func cause(of status: Int32) -> String {
    let signal = status & 0x7f
    guard signal != 0 else { return "ended with status \((status >> 8) & 0xff)" }
    return signal == SIGKILL
      ? "was killed (signal 9; out of memory?)" : "died of signal \(signal) (\(String(cString: strsignal(signal))))"
  }

  /// Seconds of a clock that is never set.
  package static func now() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) + 1e-9 * Double(time.tv_nsec)
  }
}

/// A null-terminated array of C strings, for as long as a call takes.
private struct CStrings {
  private let texts: [String]

  init(_ texts: [String]) { self.texts = texts }

  func withPointers<Result>(_ body: ([UnsafeMutablePointer<CChar>?]) -> Result) -> Result {
    var pointers = texts.map { strdup($0) }
    defer { for pointer in pointers { free(pointer) } }
    pointers.append(nil)
    return body(pointers)
  }
}
