private import Foundation

/// Worker processes on this machine, fed one cell at a time over pipes, because cells differ in cost. One thread waits for
/// all of them.
package struct LocalExecutor: Executor {
  private let command: [String]
  private let workerCount: Int
  private let memory: Int

  /// `command` starts a worker that serves its standard input. Cells of stages that state a memory limit run together
  /// only as far as the limits fit into `memory`, one at least; nil: into what this machine has left.
  package init(command: [String], workerCount: Int, memory: Int? = nil) throws {
    precondition(workerCount > 0, "\(workerCount) workers")
    self.command = command
    self.workerCount = workerCount
    self.memory = try memory ?? Self.availableMemory()
  }

  package func run(_ batch: Batch, report: (Batch.Item, Worker.Outcome) throws -> Void) throws {
    var queue = batch.items[...]
    var claimedElsewhere: [Batch.Item] = []
    var workers: [WorkerProcess] = []
    defer { for worker in workers { worker.end() } }
    func definition(_ item: Batch.Item) -> PipelineFile.Stage { batch.plan.stages[item.stage].definition }
    while true {
      if Interruption.requests > 1 { throw PipelineError.interrupted }
      let isStopping = Interruption.requests > 0
      if queue.isEmpty, !claimedElsewhere.isEmpty, !workers.contains(where: { $0.item != nil }) {
        // Whoever holds the claims is still at work: look again a little later.
        usleep(50_000)
        queue = claimedElsewhere[...]
        claimedElsewhere = []
      }
      while !isStopping, let item = queue.first {
        let taken = workers.compactMap(\.item).reduce(0) { $0 + (definition($1).memoryLimit ?? 0) }
        if let limit = definition(item).memoryLimit, taken > 0, taken + limit > memory { break }
        if let idle = workers.first(where: { $0.item == nil }) {
          queue.removeFirst()
          let hasMemoryLimit = definition(item).memoryLimit != nil
          guard try idle.give(item, batch.manifest(item).canonicalText, hasMemoryLimit: hasMemoryLimit) else {
            queue.insert(item, at: queue.startIndex)
            workers.removeAll { $0 === idle }
            idle.end()
            continue
          }
        } else if workers.count < min(workerCount, batch.items.count) {
          workers.append(try WorkerProcess(command))
        } else {
          break
        }
      }
      let busy = workers.filter { $0.item != nil }
      if busy.isEmpty {
        if isStopping { throw PipelineError.interrupted }
        if queue.isEmpty, claimedElsewhere.isEmpty { return }
        continue
      }
      for worker in try WorkerProcess.waitForAny(busy, milliseconds: 100) {
        guard let item = worker.item else { continue }
        switch try worker.readAnswer() {
        case .nothing: continue
        case .answer(.claimed): claimedElsewhere.append(item)
        case .answer(let outcome): try report(item, outcome)
        case .died(let how):
          workers.removeAll { $0 === worker }
          try fail(item, "its worker \(how)", batch, report)
        }
      }
      for worker in workers {
        guard let item = worker.item, let excess = try worker.excess(over: definition(item)) else { continue }
        workers.removeAll { $0 === worker }
        worker.kill()
        try fail(item, excess, batch, report)
      }
    }
  }

  private func fail(
    _ item: Batch.Item, _ reason: String, _ batch: Batch, _ report: (Batch.Item, Worker.Outcome) throws -> Void
  ) throws {
    // A worker may have published its cell and died before it could say so.
    try report(item, batch.store.contains(batch.key(item)) ? .present : .failed(reason))
  }

  /// Bytes that can be had without swapping, in this machine and in this process's control group.
  private static func availableMemory() throws -> Int {
    func number(_ path: String, after name: String = "") throws -> Int? {
      let text = String(decoding: try Store.bytes(of: path) ?? [], as: UTF8.self)
      let line = text.split(separator: "\n").first { $0.hasPrefix(name) }?.dropFirst(name.count)
      return line?.split(separator: " ").first.flatMap { Int($0) }
    }
    var available = try number("/proc/meminfo", after: "MemAvailable:").map { $0 << 10 } ?? .max
    if let limit = try number("/sys/fs/cgroup/memory.max"), let used = try number("/sys/fs/cgroup/memory.current") {
      available = min(available, limit - used)
    }
    return available
  }

  /// What a worker's environment adds to the runner's. OpenBLAS reads its core type before `main`, so only a parent can
  /// set it: 0.3.21 does not know recent processors and takes their AVX-512 for AVX2, at half the speed. One thread each:
  /// its threads spin, and other counts give other bits.
  package static func workerEnvironment() throws -> [String: String] {
    var environment = ["OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"]
    // An empty value would not mean "unset" to OpenBLAS but some core type.
    if (ProcessInfo.processInfo.environment["OPENBLAS_CORETYPE"] ?? "").isEmpty {
      let needed = ["avx512f", "avx512dq", "avx512bw", "avx512vl", "avx512cd"]
      let facts = String(decoding: try Store.bytes(of: "/proc/cpuinfo") ?? [], as: UTF8.self)
      let line = facts.split(separator: "\n").first { $0.hasPrefix("flags") } ?? ""
      let flags = Set(line.split(separator: " ").map(String.init))
      if flags.isSuperset(of: needed) { environment["OPENBLAS_CORETYPE"] = "SkylakeX" }
    }
    return environment
  }
}

/// One worker process and the cell it is computing.
private final class WorkerProcess {
  enum Answer {
    case nothing
    case answer(Worker.Outcome)
    case died(String)
  }

  private let process: pid_t
  private let input: Int32
  private let output: Int32
  private var reader: LineReader
  private var start = 0.0
  private var residentAtStart = 0
  private(set) var item: Batch.Item?
  private var hasEnded = false

  init(_ command: [String]) throws {
    let toWorker = try Self.makePipe()
    let fromWorker = try Self.makePipe()
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_adddup2(&actions, toWorker[0], 0)
    posix_spawn_file_actions_adddup2(&actions, fromWorker[1], 1)
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    // A process group of its own: Ctrl-C is the runner's to handle, the worker finishes its cell.
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP))
    var environment = ProcessInfo.processInfo.environment
    environment.merge(try LocalExecutor.workerEnvironment()) { $1 }
    var process = pid_t()
    let status = CStrings(command).withPointers { arguments in
      CStrings(environment.map { "\($0)=\($1)" }).withPointers { environment in
        posix_spawnp(&process, command[0], &actions, &attributes, arguments, environment)
      }
    }
    close(toWorker[0])
    close(fromWorker[1])
    guard status == 0 else {
      close(toWorker[1])
      close(fromWorker[0])
      throw PipelineError.workerNotStarted(reason: "\(command[0]): \(Store.reason(status))")
    }
    self.process = process
    input = toWorker[1]
    output = fromWorker[0]
    reader = LineReader(descriptor: output)
  }

  /// A pipe that closes on exec, or a worker would keep its siblings' pipes open and never see the end of its own.
  private static func makePipe() throws -> [Int32] {
    var ends: [Int32] = [0, 0]
    guard pipe(&ends) == 0 else { throw PipelineError.workerNotStarted(reason: Store.reason(errno)) }
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    return ends
  }

  /// By what the cell at work breaks its stage's limits; nil if it keeps them. Memory is what the worker has gained since
  /// it was given the cell.
  func excess(over stage: PipelineFile.Stage) throws -> String? {
    if let limit = stage.timeLimit, Self.now() - start > limit {
      return "it took longer than its time limit of \(limit) s"
    }
    guard let limit = stage.memoryLimit else { return nil }
    let taken = try residentBytes() - residentAtStart
    return taken > limit
      ? "it took \(taken / 1_000_000) MB of memory, more than its limit of \(limit / 1_000_000) MB" : nil
  }

  /// 0 for a worker that has just died.
  private func residentBytes() throws -> Int {
    let fields = String(decoding: try Store.bytes(of: "/proc/\(process)/statm") ?? [], as: UTF8.self).split(
      separator: " ")
    return fields.count > 1 ? (Int(fields[1]) ?? 0) * sysconf(Int32(_SC_PAGESIZE)) : 0
  }

  /// Hands over a cell; false if the worker is gone.
  func give(_ item: Batch.Item, _ manifest: String, hasMemoryLimit: Bool) throws -> Bool {
    guard try Worker.send("\(manifest.utf8.count)\n\(manifest)", to: input) else { return false }
    self.item = item
    start = Self.now()
    residentAtStart = hasMemoryLimit ? try residentBytes() : 0
    return true
  }

  func readAnswer() throws -> Answer {
    guard try reader.fill() else {
      hasEnded = true
      var status: Int32 = 0
      waitpid(process, &status, 0)
      close(input)
      close(output)
      return .died(Self.cause(of: status))
    }
    guard let line = reader.bufferedLine() else { return .nothing }
    guard let outcome = Worker.outcome(line) else { return .died("answered '\(line)'") }
    item = nil
    return .answer(outcome)
  }

  /// Lets the worker go: it ends when its input does.
  func end() {
    guard !hasEnded else { return }
    hasEnded = true
    close(input)
    if item != nil { Glibc.kill(process, SIGTERM) }
    var status: Int32 = 0
    waitpid(process, &status, 0)
    close(output)
  }

  func kill() {
    Glibc.kill(process, SIGKILL)
    end()
  }

  static func waitForAny(_ workers: [WorkerProcess], milliseconds: Int32) throws -> [WorkerProcess] {
    var polls = workers.map { pollfd(fd: $0.output, events: Int16(POLLIN), revents: 0) }
    let count = poll(&polls, nfds_t(polls.count), milliseconds)
    guard count >= 0 || errno == EINTR else {
      throw PipelineError.workerNotStarted(reason: Store.reason(errno))
    }
    return zip(workers, polls).filter { $1.revents != 0 }.map(\.0)
  }

  private static func cause(of status: Int32) -> String {
    let signal = status & 0x7f
    guard signal != 0 else { return "ended with status \((status >> 8) & 0xff)" }
    return signal == SIGKILL
      ? "was killed (signal 9; out of memory?)" : "died of signal \(signal) (\(String(cString: strsignal(signal))))"
  }

  private static func now() -> Double {
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
