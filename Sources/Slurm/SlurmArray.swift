private import Foundation
internal import Pipeline
internal import Platform
internal import Runner
internal import Store

/// An array job that some head submitted, perhaps one that is gone: the folder data/slurm/<name>, with the batch file and
/// what the tasks wrote. It is there until its last task is over, so that another head finds it.
final class SlurmArray {
  /// A task that is followed.
  struct Task {
    /// What Slurm last said of it. Slurm may put one that is over back into the queue.
    enum State {
      case waiting, running
      /// Slurm's word for how it ended, and when that was noticed.
      case over(String, since: Double)
    }

    /// Its cells that are wanted here.
    let items: [Batch.Item]
    fileprivate(set) var state = State.waiting
    /// Whether it has finished a cell, and whether that is news.
    fileprivate(set) var isFruitful = false
    var hasNews = false
    fileprivate var lostMemory = false
    /// The last line it wrote that is no answer.
    fileprivate(set) var lastWords = ""
    /// How far its output has been read.
    fileprivate var position = 0

    var isWaiting: Bool { if case .waiting = state { true } else { false } }
    var isRunning: Bool { if case .running = state { true } else { false } }
    /// Since when it has been over; nil if it is not.
    var overSince: Double? { if case .over(_, let time) = state { time } else { nil } }
  }

  let name: String
  let folder: String
  let settings: SlurmSettings
  /// Whether this process submitted it; others may be following one that it did not.
  private let isOwn: Bool
  private(set) var id: String?
  var tasks: [Int: Task]
  let taskCount: Int
  private(set) var isFruitful = false
  /// Tasks that the queue, as last shown, leaves out, and whether it shows others of this array.
  private(set) var doubted: Set<Int> = []
  private var isShown = false
  private var missCount = 0

  private static let namePrefix = "refig-"

  /// Whether an array may be called so. Names stand in folders and records that others may write too; Slurm, asked to end
  /// the jobs of another name or of a list, would end other jobs.
  static func isName(_ name: String) -> Bool { name.wholeMatch(of: /refig-[0-9a-z]+/) != nil }

  private static let batchName = "batch"
  private static let idName = "id"
  /// The end of a task that Slurm has forgotten.
  private static let forgotten = "forgotten"

  /// An array that is about to be submitted.
  init(_ slices: some Collection<[Batch.Item]>, of batch: Batch, settings: SlurmSettings, in root: String) throws {
    name = Self.namePrefix + String(UInt64.random(in: .min ... .max), radix: 36)
    folder = "\(root)/\(name)"
    self.settings = settings
    isOwn = true
    taskCount = slices.count
    tasks = Dictionary(uniqueKeysWithValues: zip(1..., slices.map { Task(items: $0) }))
    try Files.makeFolder(folder)
    try BatchFile.write(slices, of: batch, to: "\(folder)/\(Self.batchName)")
    try Files.write(Array(Self.script.utf8), to: "\(folder)/task", by: "\(folder)/task.tmp", isDurable: true)
  }

  /// What a task runs: its words with the slice's number. They are words throughout, so that a path may hold any sign.
  private static let script = """
    #!/bin/sh
    exec "$@" --batch \(batchName) --slice "$SLURM_ARRAY_TASK_ID/$SLURM_ARRAY_TASK_COUNT"

    """

  /// The words to submit, given those that start a worker.
  func command(_ worker: [String]) -> [String] { ["\(folder)/task"] + worker }

  func accepted(_ id: String) throws {
    self.id = id
    try Files.write(Array(id.utf8), to: "\(folder)/\(Self.idName)", by: "\(folder)/id.tmp", isDurable: true)
  }

  /// Seconds after which a folder without a batch is no longer one that another head is just making.
  private static let makingTime = 3600.0

  /// The arrays in a folder that hold some of the wanted cells. What has no sound batch, as after a power cut or a head that
  /// was killed while it made it, can be no array any more, and is removed after a while.
  static func found(in root: String, wanted: [CellKey: Batch.Item]) throws -> [SlurmArray] {
    guard !wanted.isEmpty else { return [] }
    return try Files.names(in: root).filter(isName).sorted().compactMap { name -> SlurmArray? in
      let folder = "\(root)/\(name)"
      do {
        return try SlurmArray(name: name, folder: folder, wanted: wanted)
      } catch PipelineError.damaged {
        removeRemains(name, in: root)
        return nil
      } catch let error as FileError {
        // Its head removed it in this very moment: it was over. Or it is nobody's to read here.
        if error.cause == .notThere { removeRemains(name, in: root) }
        return nil
      }
    }
  }

  private static func removeRemains(_ name: String, in root: String) {
    let folder = "\(root)/\(name)"
    guard let changed = Files.sizeAndTime(folder)?.changed,
      Date().timeIntervalSince1970 - changed > makingTime
    else { return }
    do {
      try FileManager.default.removeItem(atPath: folder)
    } catch {
      // Another head was faster, or it is somebody else's.
    }
  }

  private init?(name: String, folder: String, wanted: [CellKey: Batch.Item]) throws {
    let file = try BatchFile(path: "\(folder)/\(Self.batchName)")
    var tasks: [Int: Task] = [:]
    for number in 1...file.sliceCount {
      let items = try file.slice(number).keys.compactMap { wanted[$0] }
      if !items.isEmpty { tasks[number] = Task(items: items) }
    }
    guard !tasks.isEmpty else { return nil }
    self.name = name
    self.folder = folder
    settings = SlurmSettings()
    isOwn = false
    self.tasks = tasks
    taskCount = file.sliceCount
    // A name of a file is made of it: nothing but a number may stand there.
    id = try Files.bytes(of: "\(folder)/\(Self.idName)").flatMap { Slurm.id(in: String(decoding: $0, as: UTF8.self)) }
  }

  /// The name of a task for people: as Slurm has it, if it does.
  func label(_ task: Int) -> String { "\(id ?? name)_\(task)" }

  /// Reads what a task has written since the last time, and returns its answers.
  func answers(of number: Int) throws -> [(key: CellKey, outcome: Worker.Outcome)] {
    guard var task = tasks[number] else { return [] }
    let path = "\(folder)/\(number).txt"
    guard Files.isOrdinaryOrAbsent(path) else { return [] }
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { return [] }
    defer { close(descriptor) }
    let size = Int(lseek(descriptor, 0, SEEK_END))
    // Shorter than it was: Slurm started the task again, and it begins anew.
    if size < task.position { task.position = 0 }
    lseek(descriptor, off_t(task.position), SEEK_SET)
    var reader = LineReader(descriptor: descriptor)
    var answers: [(key: CellKey, outcome: Worker.Outcome)] = []
    let start = task.position
    func line() throws -> Substring? {
      do { return try reader.line() } catch is LineReader.EndlessLine {
        // Nothing that is waited for: what the task has made is in the store.
        task.position = size
        return nil
      }
    }
    while size > task.position, let line = try line() {
      task.position = start + reader.consumedCount
      let words = line.split(separator: " ", maxSplits: 2)
      if words.count == 3, words[0] == "cell", let key = CellKey(words[1]), let outcome = Worker.outcome(words[2]) {
        answers.append((key, outcome))
        (task.isFruitful, task.hasNews) = (true, true)
        isFruitful = true
      } else if line.contains("oom-kill") || line.contains("memory limit") {
        // Not every Slurm has a state of its own for it.
        task.lostMemory = true
      } else if !line.isEmpty, !line.contains("error: *** ") {
        // Slurm's own last line says that the task was ended, which its state says too.
        task.lastWords = String(line.prefix(300))
      }
    }
    tasks[number] = task
    return answers
  }

  /// Takes in the lines of the queue that are this array's.
  func update(_ lines: [Slurm.Line], time: Double) {
    var untold = Set(tasks.keys)
    func apply(_ line: Slurm.Line, to number: Int) {
      guard let task = tasks[number] else { return }
      untold.remove(number)
      if !line.isOver {
        tasks[number]?.state = line.isWaiting ? .waiting : .running
      } else if task.overSince == nil {
        tasks[number]?.state = .over(line.state, since: time)
      }
    }
    for line in lines {
      id = id ?? line.id
      for range in line.tasks ?? [] { for number in range.clamped(to: 1...taskCount) { apply(line, to: number) } }
    }
    // What nothing had happened to when the array was cancelled has one line without numbers.
    if let rest = lines.first(where: { $0.tasks == nil }) { for number in untold { apply(rest, to: number) } }
    (doubted, isShown) = (untold.filter { tasks[$0]?.overSince == nil }, !lines.isEmpty)
  }

  /// Asks about the tasks that the queue leaves out. They may be over for so long that Slurm forgot them; but an empty
  /// answer is no answer: Slurm must say that it does not know the job, or show the rest of the array twice without them.
  func resolveDoubt(_ slurm: Slurm) throws {
    let isKnown: Bool?
    if let id {
      isKnown = try slurm.knows(id, name: name)
    } else {
      // Its head was ended before it heard of sbatch's success, or there was none.
      missCount += 1
      isKnown = missCount < 2 ? nil : false
    }
    if isKnown == false || isKnown == true && isShown {
      for number in doubted { tasks[number]?.state = .over(Self.forgotten, since: ChildProcess.now()) }
    }
    doubted = []
  }

  /// Why a task ended without its cells, for people.
  func reason(of task: Task) -> String {
    guard case .over(let state, _) = task.state else { return task.lastWords }
    let reason = Self.reason(task.lostMemory ? "OUT_OF_MEMORY" : state, settings)
    return task.lastWords.isEmpty ? reason : "\(reason): \(task.lastWords)"
  }

  private static func reason(_ state: String, _ settings: SlurmSettings) -> String {
    switch state {
    case forgotten: "Slurm no longer knows of it"
    case "TIMEOUT":
      "it hit its time limit" + (settings.time.map { " of \(Int($0 / 60)) min" } ?? "") + "; raise `time:`"
    case "OUT_OF_MEMORY":
      "it ran out of memory" + (settings.memory.map { " (\($0 / 1_000_000) MB)" } ?? "") + "; raise `memory:`"
    case "NODE_FAIL": "its node failed"
    case "BOOT_FAIL": "its node did not start"
    case "CANCELLED": "it was cancelled"
    case "PREEMPTED": "it had to make room for another job"
    case "DEADLINE": "it missed its deadline"
    case "COMPLETED": "it ended without all its cells"
    default: "it failed"
    }
  }

  /// Keeps what a task wrote beside the run's record, for people.
  func keepOutput(of number: Int, in runFolder: String?) {
    guard let runFolder, Files.sizeAndTime("\(folder)/\(number).txt")?.size ?? 0 > 0 else { return }
    link("\(folder)/\(number).txt", "\(runFolder)/\(label(number)).txt")
  }

  /// The array is over for this process: nothing is left of it, unless another head may still want what it makes.
  func remove(store: Store) throws {
    if !isOwn, FileManager.default.fileExists(atPath: "\(folder)/\(Self.batchName)") {
      do {
        let file = try BatchFile(path: "\(folder)/\(Self.batchName)")
        for number in 1...taskCount where try !file.slice(number).keys.allSatisfy(store.contains) { return }
      } catch {
        // It is gone, or no array any more.
        return
      }
    }
    do {
      try FileManager.default.removeItem(atPath: folder)
    } catch {
      // Something still writes there, or another head was faster. The batch file is what makes it an array.
      unlink("\(folder)/\(Self.batchName)")
    }
  }
}
