private import Foundation
private import Pipeline
private import Platform
private import Store

/// Worker processes on this machine, fed one cell at a time over pipes, because cells differ in cost. One thread waits for
/// all of them.
package struct LocalExecutor: Executor {
  private let command: [String]
  private let workerCount: Int
  private let memory: Int
  /// Seconds that the start of a program may take, if its cell's limit is not greater.
  private let startLimit: Double

  /// The run stops when so many workers in a row end before they are ready, as after an upgrade of a library.
  static let falseStartLimit = 3
  /// Seconds between two signs of life in the run's record.
  private static let signInterval = 60.0
  /// Seconds between two looks at how long cells have been at work, and the most that counts of it: if more has passed,
  /// this process was suspended too.
  private static let (lookInterval, longestLook) = (0.1, 1.0)
  /// Seconds of waiting for another run after which that is said, once.
  private static let quietInterval = 3.0

  /// `command` starts a worker that serves its standard input. Cells of stages that state a memory limit run together
  /// only as far as the limits fit into `memory`, one at least; nil: into what this machine has left. There are fewer
  /// workers where this process may not open enough files for all of them.
  package init(command: [String], workerCount: Int, memory: Int? = nil, startLimit: Double = 60) throws {
    precondition(workerCount > 0, "\(workerCount) workers")
    Interruption.ignoreBrokenPipes()
    self.command = command
    self.workerCount = max(1, min(workerCount, try Self.availableDescriptors() / WorkerProcess.descriptorCount))
    self.memory = try memory ?? Self.availableMemory()
    self.startLimit = startLimit
  }

  /// Files that this process may open beside those it needs for itself.
  private static func availableDescriptors() throws -> Int {
    var limit = rlimit()
    getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    let (own, taken) = (16, try Files.names(in: "/proc/self/fd").count)
    return Int(min(limit.rlim_cur, 1 << 20)) - taken - own
  }

  package func run(_ batch: Batch, report: (Batch.Item, Worker.Outcome) throws -> Void) throws {
    var queue = batch.items[...]
    var claimedElsewhere: [Batch.Item] = []
    var workers: [WorkerProcess] = []
    // Workers in a row that ended before they were ready.
    var falseStarts = 0
    defer {
      for worker in workers { worker.letGo() }
      for worker in workers { worker.end() }
    }
    func failToStart(_ how: String) throws {
      falseStarts += 1
      guard falseStarts < Self.falseStartLimit else {
        throw PipelineError.workerNotStarted(
          reason: "\(falseStarts) in a row ended before they were ready; the last one \(how)")
      }
    }
    var (lastSign, lastLook) = (ChildProcess.now(), ChildProcess.now())
    var hasToldOfWaiting = false
    var idleSince: Double?
    while true {
      if Interruption.requests > 1 { throw PipelineError.interrupted }
      if batch.isCancelledNow { throw PipelineError.cancelled }
      let isCancelled = batch.isCancelled
      let isStopping = Interruption.requests > 0 || isCancelled
      if isStopping, !hasToldOfWaiting {
        hasToldOfWaiting = true
        batch.tellOfWaiting(workers.compactMap { worker in worker.item.map { ($0, worker.secondsAtWork) } })
      }
      if queue.isEmpty, !claimedElsewhere.isEmpty, !workers.contains(where: { $0.item != nil }) {
        // Whoever holds the claims is still at work: look again a little later.
        usleep(50_000)
        let since = idleSince ?? ChildProcess.now()
        if ChildProcess.now() - since > Self.quietInterval {
          batch.tellOfOthers(claimedElsewhere)
          idleSince = .infinity
        } else {
          idleSince = since
        }
        queue = claimedElsewhere[...]
        claimedElsewhere = []
      }
      while !isStopping, let item = queue.first {
        let taken = workers.compactMap(\.item).reduce(0) { $0 + (batch.limits($1).memory ?? 0) }
        if let limit = batch.limits(item).memory, taken > 0, taken + limit > memory { break }
        if let idle = workers.first(where: { $0.item == nil }) {
          queue.removeFirst()
          guard try idle.give(item, batch.manifest(item).canonicalText, batch.limits(item)) else {
            queue.insert(item, at: queue.startIndex)
            workers.removeAll { $0 === idle }
            let how = idle.end()
            if !idle.isReady { try failToStart(how) }
            continue
          }
        } else if workers.count < min(workerCount, batch.items.count) {
          workers.append(try WorkerProcess(command, startLimit: startLimit))
        } else {
          break
        }
      }
      // Who watches from another machine sees nothing else of a head whose cells take long.
      if ChildProcess.now() - lastSign > Self.signInterval {
        batch.note("alive", ["cells": workers.count { $0.item != nil }], nil)
        lastSign = ChildProcess.now()
      }
      let busy = workers.filter { $0.item != nil }
      if busy.isEmpty {
        if isStopping { throw isCancelled ? PipelineError.cancelled : .interrupted }
        if queue.isEmpty, claimedElsewhere.isEmpty { return }
        continue
      }
      for worker in try WorkerProcess.waitForAny(busy, milliseconds: 100) {
        guard let item = worker.item else { continue }
        switch try worker.readAnswer() {
        case .nothing: break
        case .answer(.claimed): claimedElsewhere.append(item)
        case .answer(let outcome): try report(item, outcome)
        case .died(let how):
          workers.removeAll { $0 === worker }
          worker.end()
          if worker.isReady {
            try fail(item, .workerEnded(how), batch, report)
          } else {
            queue.insert(item, at: queue.startIndex)
            try failToStart(how)
          }
        }
        if worker.isReady { falseStarts = 0 }
      }
      let step = ChildProcess.now() - lastLook
      if step > Self.lookInterval {
        lastLook += step
        for worker in workers { try worker.age(by: min(step, Self.longestLook)) }
      }
      for worker in workers {
        guard let item = worker.item, let excess = try worker.excess() else { continue }
        workers.removeAll { $0 === worker }
        worker.end()
        try fail(item, .failed(excess), batch, report)
      }
    }
  }

  private func fail(
    _ item: Batch.Item, _ outcome: Worker.Outcome, _ batch: Batch,
    _ report: (Batch.Item, Worker.Outcome) throws -> Void
  ) throws {
    // A worker may have published its cell and died before it could say so.
    try report(item, batch.store.contains(batch.key(item)) ? .present : outcome)
  }

  /// Bytes that can be had without swapping, in this machine and in this process's control groups; `root` is the folder
  /// that holds proc and sys.
  package static func availableMemory(root: String = "") throws -> Int {
    func number(_ path: String, after name: String = "") throws -> Int? {
      let text = String(decoding: try Files.bytes(of: root + path) ?? [], as: UTF8.self)
      let line = text.split(separator: "\n").first { $0.hasPrefix(name) }?.dropFirst(name.count)
      return line?.split(separator: " ").first.flatMap { Int($0) }
    }
    var available = try number("/proc/meminfo", after: "MemAvailable:").map { $0 << 10 } ?? .max
    // Lines such as `4:memory:/batch/7` (version 1) and `0::/batch/7`; a container sees its own group as the root.
    let lines = String(decoding: try Files.bytes(of: root + "/proc/self/cgroup") ?? [], as: UTF8.self)
      .split(separator: "\n")
    for fields in lines.map({ $0.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false) })
    where fields.count == 3 && ["", "memory"].contains(fields[1]) {
      let (root, limit, use) =
        fields[1].isEmpty
        ? ("/sys/fs/cgroup", "memory.max", "memory.current")
        : ("/sys/fs/cgroup/memory", "memory.limit_in_bytes", "memory.usage_in_bytes")
      // A group may use what all those that it lies in allow.
      var group = root
      for name in [""] + fields[2].split(separator: "/").map(String.init) {
        if !name.isEmpty { group += "/" + name }
        if let limit = try number("\(group)/\(limit)"), let used = try number("\(group)/\(use)") {
          available = min(available, limit - used)
        }
      }
    }
    return available
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
  private var input: Int32
  private let output: Int32
  private var reader: LineReader
  private(set) var item: Batch.Item?
  private var limits = Batch.Limits(time: nil, memory: nil)
  /// When it was given the cell.
  private var start = 0.0
  var secondsAtWork: Double { ChildProcess.now() - start }
  /// Seconds that the cell has had, or the start of the program that it needs, as far as it has a limit on them.
  private var age = 0.0
  private var isStarting = false
  private let startLimit: Double
  /// Seconds that the worker and each of its programs had waited for a processor when last looked at.
  private var waited: [pid_t: Double] = [:]
  private var residentAtStart = 0
  /// Whether it has said that it can take cells: until then, its end says nothing about the one it was given.
  private(set) var isReady = false
  private var hasEnded = false

  /// How many files one keeps open in the runner.
  static let descriptorCount = 2

  init(_ command: [String], startLimit: Double) throws {
    self.startLimit = startLimit
    let toWorker = try ChildProcess.makePipe()
    defer { close(toWorker[0]) }
    do {
      let fromWorker = try ChildProcess.makePipe()
      defer { close(fromWorker[1]) }
      do {
        // A process group of its own: Ctrl-C is the runner's to handle, the worker finishes its cell. Of a trap its
        // message is enough: on a terminal Swift would add thousands of lines, with every register and library.
        process = try ChildProcess.start(
          command, input: toWorker[0], output: fromWorker[1],
          environment: ["SWIFT_BACKTRACE": "enable=no"].merging(ProcessInfo.processInfo.environment) { $1 },
          group: .own)
      } catch {
        close(fromWorker[0])
        throw error
      }
      output = fromWorker[0]
    } catch {
      close(toWorker[1])
      throw error
    }
    input = toWorker[1]
    reader = LineReader(descriptor: output)
  }

  /// Counts time that has passed as the cell's: not what the worker was stopped, nor what it or a program that it started
  /// waited for a processor that others were using.
  func age(by step: Double) throws {
    guard item != nil, limits.time != nil else { return }
    let times = try processes.waitingTimes()
    let waits = times.map { $1 - (waited[$0] ?? 0) }.max() ?? 0
    waited = times
    if try !processes.isStopped { age += max(0, step - waits) }
  }

  /// By what the cell at work breaks its limits; nil if it keeps them. Memory is what the worker has gained since it was
  /// given the cell.
  func excess() throws -> String? {
    if let limit = limits.time {
      let startLimit = max(limit, startLimit)
      if isStarting, age > startLimit { return "its program took longer than \(startLimit) s to start" }
      if !isStarting, age > limit { return "it took longer than its time limit of \(limit) s" }
    }
    guard let limit = limits.memory else { return nil }
    let taken = try processes.residentBytes - residentAtStart
    return taken > limit
      ? "it took \(taken / 1_000_000) MB of memory, more than its limit of \(limit / 1_000_000) MB" : nil
  }

  /// The worker and the programs it started.
  private var processes: ProcessTree { ProcessTree(root: process) }

  /// Hands over a cell; false if the worker is gone.
  func give(_ item: Batch.Item, _ manifest: String, _ limits: Batch.Limits) throws -> Bool {
    guard try Worker.send("\(manifest.utf8.count)\n\(manifest)", to: input) else { return false }
    (self.item, self.limits, start, age, isStarting) = (item, limits, ChildProcess.now(), 0, false)
    waited = limits.time == nil ? [:] : try processes.waitingTimes()
    residentAtStart = limits.memory == nil ? 0 : try processes.residentBytes
    return true
  }

  /// What a worker that can be read from has said of its cell.
  func readAnswer() throws -> Answer {
    guard try reader.fill() else {
      hasEnded = true
      // Not waited for in full: its number must stay its own until its programs are ended.
      var facts = siginfo_t()
      waitid(P_PID, id_t(process), &facts, WEXITED | WNOWAIT)
      Glibc.kill(-process, SIGKILL)
      var status: Int32 = 0
      waitpid(process, &status, 0)
      letGo()
      close(output)
      return .died(ChildProcess.cause(of: status))
    }
    if !isReady, let line = reader.bufferedLine() {
      guard line == Worker.ready else { return .died("answered '\(line)'") }
      isReady = true
    }
    // The answer may have come in the same bytes as the sign: nothing more would then wake the runner.
    while let line = reader.bufferedLine() {
      if line == Worker.starting || line == Worker.begun {
        (isStarting, age) = (line == Worker.starting, 0)
        continue
      }
      guard let outcome = Worker.outcome(line) else { return .died("answered '\(line)'") }
      item = nil
      return .answer(outcome)
    }
    return .nothing
  }

  /// Lets the worker go: it ends when its input does.
  func letGo() {
    if input >= 0 { close(input) }
    input = -1
  }

  /// Waits for the worker to end, and returns how it did. One at work is ended, with its programs, which are of its group, and
  /// whatever these have started.
  @discardableResult
  func end() -> String {
    guard !hasEnded else { return "" }
    hasEnded = true
    if item != nil {
      processes.endDescendants()
      Glibc.kill(-process, SIGKILL)
    }
    letGo()
    var status: Int32 = 0
    waitpid(process, &status, 0)
    close(output)
    return ChildProcess.cause(of: status)
  }

  static func waitForAny(_ workers: [WorkerProcess], milliseconds: Int32) throws -> [WorkerProcess] {
    var polls = workers.map { pollfd(fd: $0.output, events: Int16(POLLIN), revents: 0) }
    let count = poll(&polls, nfds_t(polls.count), milliseconds)
    guard count >= 0 || errno == EINTR else {
      throw PipelineError.workerNotStarted(reason: FileError.reason(errno))
    }
    return zip(workers, polls).filter { $1.revents != 0 }.map(\.0)
  }
}
