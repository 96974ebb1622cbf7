internal import Foundation
internal import NumericalMethods
internal import PaperKit
internal import Pipeline
internal import Platform
private import Synchronization

/// A running program, which is asked for one block of replicas after the other: docs/protocol.md.
///
/// It reads requests from descriptor 3 and answers on 4. What it prints goes to a log of which the end is kept, for the
/// reason of a failure.
final class Program {
  /// It broke the protocol or ended: it cannot be asked any more.
  struct Failure: Error {
    let reason: String
    /// Whether it had ended after another answer, before it read anything of this request, so that a new one can be asked.
    var isUnread = false
  }

  let process: pid_t
  /// The leader of its group, if that is its own.
  private let groupGuard: (process: pid_t, descriptor: Int32)?
  private let name: String
  private let isPython: Bool
  private let showsPrinted: Bool
  /// Is called once, when it begins to read what it is asked; nil then.
  private var onBegin: (() -> Void)?
  private var requests: Int32
  private let answers: Int32
  private let log: Int32
  private var lastWords: [UInt8] = []
  /// The last cell that it answered for.
  private var lastCell: String?
  private var isLogOpen = true

  /// How many programs are computing: what ends their worker must then end them too.
  private static let busyCount = Atomic(0)
  package static var isAnyBusy: Bool { busyCount.load(ordering: .relaxed) > 0 }

  private static let lineLimit = 64 << 20
  private static let logLimit = 1 << 14
  /// Milliseconds after which a program that is silent is looked at: one whose children hold its descriptors may be gone.
  private static let lookInterval: Int32 = 500
  /// The same for one that has not begun.
  private static let beginningInterval: Int32 = 20

  init(
    _ experiment: ProgramExperiment, showsPrinted: Bool, hasOwnGroup: Bool, onBegin: @escaping () -> Void
  ) throws {
    name = experiment.command.joined(separator: " ")
    isPython = experiment.command.contains {
      $0.hasSuffix(".py") || $0.split(separator: "/").last?.hasPrefix("python") ?? false
    }
    self.showsPrinted = showsPrinted
    self.onBegin = onBegin
    try Self.provideHelper(in: experiment.pythonFolder)
    let pipes = try (0..<3).map { _ in try ChildProcess.makePipe() }
    let nothing = open("/dev/null", O_RDONLY | O_CLOEXEC)
    defer { for descriptor in [nothing, pipes[0][0], pipes[1][1], pipes[2][1]] { close(descriptor) } }
    (requests, answers, log) = (pipes[0][1], pipes[1][0], pipes[2][0])
    var groupGuard: (process: pid_t, descriptor: Int32)?
    do {
      if hasOwnGroup { groupGuard = try ChildProcess.startGuard() }
      process = try ChildProcess.start(
        experiment.command, input: nothing, output: pipes[2][1], errors: pipes[2][1],
        others: [pipes[0][0], pipes[1][1]], environment: experiment.environment, folder: experiment.folder,
        leader: groupGuard?.process)
    } catch {
      for descriptor in [requests, answers, log] { close(descriptor) }
      if let groupGuard { Self.end(groupGuard) }
      throw error
    }
    self.groupGuard = groupGuard
    for descriptor in [requests, answers, log] { _ = fcntl(descriptor, F_SETFL, O_NONBLOCK) }
  }

  /// Puts refig.py where programs in Python find it.
  private static func provideHelper(in folder: String) throws {
    let path = "\(folder)/refig.py"
    let text = PackageResources.refig_py
    if Files.sizeAndTime(path)?.size == text.count, try Files.bytes(of: path) == text { return }
    try Files.write(text, to: path, by: "\(path).\(getpid()).tmp")
  }

  /// Asks for a block of replicas. Throws ``Failure`` if the program is of no use any more,
  /// ``PipelineError/programFailed(reason:)`` for an answer that says why there is none or does not fit.
  /// `onInterruption` hears while it computes that the user asked to stop.
  func answer(
    to request: ProgramRequest, outputs: [OutputArray], onInterruption: () -> Void
  ) throws -> ReplicaResults {
    Self.busyCount.add(1, ordering: .relaxed)
    defer { Self.busyCount.subtract(1, ordering: .relaxed) }
    lastWords = []
    let (answer, bytes, start) = try exchange(request, onInterruption) {
      $0.misfit(of: request.replicas, outputs: outputs)
    }
    if let error = answer.error {
      let reason = ErrorMessage.reasonOfProgram(error)
      throw PipelineError.programFailed(reason: (reason.isEmpty ? "it answered with an empty error" : reason) + printed)
    }
    do {
      return try answer.results(of: request.replicas, outputs: outputs, bytes: bytes[start...])
    } catch let misfit as EvidenceError {
      throw PipelineError.programFailed(reason: misfit.description)
    }
  }

  /// Sends a request and reads the answer, while the log is read too: a program that waits for somebody to read one of the
  /// three would wait for ever. Numbers of an answer that does not fit, as `misfit` tells, are not waited for.
  private func exchange(
    _ asked: ProgramRequest, _ onInterruption: () -> Void, misfit: (ProgramAnswer) -> String?
  ) throws -> (answer: ProgramAnswer, bytes: [UInt8], start: Int) {
    var silence = AnswerSilence(of: process)
    let request = asked.bytes
    // Of what was sent, what the pipe took.
    var (sent, written) = (0, 0)
    var bytes: [UInt8] = []
    var searched = 0
    var head: (answer: ProgramAnswer, start: Int, end: Int)?
    try requireSilence()
    while true {
      if let onBegin, unreadCount < sent || !bytes.isEmpty {
        self.onBegin = nil
        onBegin()
      }
      if head == nil, let end = bytes[searched...].firstIndex(of: UInt8(ascii: "\n")) {
        let answer = try self.answer(bytes[..<end])
        guard answer.request ?? asked.number == asked.number else {
          throw failure(
            "it answered request \(answer.request ?? 0) where \(asked.number) was asked: an answer too many, such as one that a "
              + "child process wrote once more")
        }
        guard let count = answer.byteCount else {
          throw failure("it announced arrays of impossible shapes, or of more than \(ProgramAnswer.byteLimit >> 30) GB")
        }
        head = (answer, end + 1, end + 1 + count)
        bytes.reserveCapacity(end + 1 + count)
      }
      searched = bytes.count
      if let head, bytes.count >= head.end {
        guard bytes.count == head.end, sent == request.count else {
          throw failure("it wrote more than its answer, or before it had read its request")
        }
        guard head.answer.request != nil || head.answer.error != nil else {
          throw failure(
            #"its answer does not say to which request; repeat "request":\#(asked.number) in its line of JSON"#)
        }
        readLog()
        lastCell = asked.cell
        return (head.answer, bytes, head.start)
      }
      guard head != nil || bytes.count <= Self.lineLimit else {
        throw failure("its answer begins with an endless line")
      }
      var polls = [
        pollfd(fd: answers, events: Int16(POLLIN), revents: 0),
        pollfd(fd: isLogOpen ? log : -1, events: Int16(POLLIN), revents: 0),
        pollfd(fd: sent < request.count ? requests : -1, events: Int16(POLLOUT), revents: 0),
      ]
      let count = poll(&polls, 3, onBegin == nil ? Self.lookInterval : Self.beginningInterval)
      if Interruption.requests > 1 { throw failure("it was interrupted") }
      if Interruption.requests > 0 { onInterruption() }
      if count == 0, let status = endedStatus() { throw ended(status, bytes.count) }
      if count == 0, let head, let reason = misfit(head.answer) {
        throw failure("\(reason); \(head.end - bytes.count) bytes that it announced do not come")
      }
      if polls[0].revents == 0, !bytes.isEmpty, try silence.isTooLong() {
        throw failure(silence.reason(bytes.count, of: head?.end))
      }
      if polls[1].revents != 0 { readLog() }
      if polls[2].revents != 0 {
        let count = request.withUnsafeBytes {
          write(requests, $0.baseAddress?.advanced(by: sent), min(request.count - sent, 1 << 20))
        }
        if count >= 0 {
          sent += count
          written = sent
        } else if errno != EAGAIN, errno != EINTR {
          sent = request.count  // It reads no more; what it says, or its end, tells why.
        }
      }
      if polls[0].revents != 0 {
        silence.end()
        let room = max(1 << 16, min(1 << 22, (head?.end ?? 0) - bytes.count))
        var count = 0
        bytes += [UInt8](unsafeUninitializedCapacity: room) { buffer, used in
          count = read(answers, buffer.baseAddress, room)
          used = max(0, count)
        }
        if count > 0, bytes.count == count, lastCell != nil, unreadCount == sent { throw surplus(bytes) }
        if count == 0 {
          var failure = ended(waitedStatus(), bytes.count)
          failure.isUnread = lastCell != nil && bytes.isEmpty && unreadCount == written
          throw failure
        }
        if count < 0, errno != EAGAIN, errno != EINTR { throw failure("its answer cannot be read") }
      }
    }
  }

  /// Throws ``Failure`` where it has written something that nobody asked for since its last answer. That is no fault of the
  /// cell which is to be asked for now, and says so.
  private func requireSilence() throws {
    guard lastCell != nil else { return }
    var bytes = [UInt8](repeating: 0, count: 1 << 12)
    let count = read(answers, &bytes, bytes.count)
    if count > 0 { throw surplus(bytes[..<count]) }
  }

  private func surplus(_ bytes: some Collection<UInt8>) -> Failure {
    let text = ErrorMessage.visible(String(decoding: bytes.prefix(80), as: UTF8.self))
    return failure(
      "before this cell was asked for, it wrote more than its answer for \(lastCell ?? "another"): '\(text)'; an answer is a line "
        + "of JSON and the arrays that it announces, and nothing after them")
  }

  /// How many bytes of what was sent it has not read.
  private var unreadCount: Int {
    var count: Int32 = 0
    return ioctl(requests, UInt(FIONREAD), &count) == 0 ? Int(count) : 0
  }

  private func answer(_ line: ArraySlice<UInt8>) throws -> ProgramAnswer {
    do {
      let answer = try JSONDecoder().decode(ProgramAnswer.self, from: Data(line))
      if answer.error != nil || answer.arrays != nil { return answer }
      throw failure("its answer has neither 'arrays' nor 'error'")
    } catch let error as DecodingError {
      let text = ErrorMessage.visible(String(decoding: line.prefix(80), as: UTF8.self))
      if let misfit = ProgramAnswer.misfit(error, in: line) {
        throw failure(
          #"its answer has another form than {"request":1,"arrays":[{"name":"x","shape":[2]}],"failed":{"1":"why"}}: "#
            + "\(misfit), in '\(text)'")
      }
      throw failure(
        "its answer does not begin with the line of JSON that the protocol asks for, but with '\(text)'"
          + (lastCell.map { ", unless that is more than its answer for \($0)" } ?? ""))
    }
  }

  // MARK: Its end

  private func failure(_ reason: String) -> Failure {
    readLog()
    return Failure(reason: "the program `\(name)`: \(reason)" + printed)
  }

  /// The last that it printed, to follow a reason; nothing where that was shown at once.
  private var printed: String {
    guard !showsPrinted else { return "" }
    let words = ErrorMessage.reasonOfProgram(String(decoding: lastWords, as: UTF8.self))
    return words.isEmpty ? "" : "; it printed: \(words)"
  }

  private func ended(_ status: Int32?, _ count: Int) -> Failure {
    let how = status.map(ChildProcess.cause(of:)) ?? "closed its answers"
    let when = count == 0 ? "before it answered" : "in the middle of its answer, after \(count) bytes"
    // env's, where there is no such program.
    let notFound = count == 0 && status.map { $0 & 0x7f == 0 && ($0 >> 8) & 0xff == 127 } ?? false
    if notFound {
      return failure(
        "it \(how) \(when), which says that a program was not found: is the first word of `command:` installed, and on PATH?"
      )
    }
    let question = isPython && count == 0 && status == 0 ? "; does it call refig.main()?" : ""
    return failure("it \(how) \(when)\(question)")
  }

  /// How it ended, if it has; it is waited for no more then.
  private func endedStatus() -> Int32? {
    guard !hasEnded else { return 0 }
    var status: Int32 = 0
    guard waitpid(process, &status, WNOHANG) == process else { return nil }
    hasEnded = true
    return status
  }

  /// The same for one that is about to end.
  private func waitedStatus() -> Int32? {
    for _ in 0..<100 {
      if let status = endedStatus() { return status }
      usleep(10_000)
    }
    return nil
  }

  private var hasEnded = false

  private func readLog() {
    while isLogOpen {
      var count = 0
      lastWords += [UInt8](unsafeUninitializedCapacity: 1 << 14) { buffer, used in
        count = read(log, buffer.baseAddress, buffer.count)
        used = max(0, count)
      }
      if showsPrinted, count > 0 {
        StandardStreams.report(ErrorMessage.visibleInLines(String(decoding: lastWords.suffix(count), as: UTF8.self)))
      }
      if lastWords.count > 4 * Self.logLimit { lastWords.removeFirst(lastWords.count - Self.logLimit) }
      if count == 0 { isLogOpen = false }
      if count <= 0 { break }
    }
    if lastWords.count > Self.logLimit { lastWords.removeFirst(lastWords.count - Self.logLimit) }
  }

  /// Lets it go: it ends when its requests do.
  func end() {
    for descriptor in [requests, answers, log] { close(descriptor) }
    if waitedStatus() == nil { endNow() }
    if let groupGuard { Self.end(groupGuard) }
  }

  /// Ends it.
  func kill() {
    endNow()
    if let groupGuard { Self.end(groupGuard) }
    for descriptor in [requests, answers, log] { close(descriptor) }
  }

  /// Ends a group with whatever the program has started and left.
  private static func end(_ group: (process: pid_t, descriptor: Int32)) {
    Glibc.kill(-group.process, SIGKILL)
    var status: Int32 = 0
    while waitpid(group.process, &status, 0) < 0, errno == EINTR {}
    close(group.descriptor)
  }

  private func endNow() {
    guard !hasEnded else { return }
    // Before it, while they are still its own: those in a session of theirs no signal to the group reaches.
    ProcessTree(root: process).endDescendants()
    Glibc.kill(process, SIGKILL)
    var status: Int32 = 0
    while waitpid(process, &status, 0) < 0, errno == EINTR {}
    hasEnded = true
  }
}
