private import Foundation
package import Pipeline
private import Platform
package import Runner
private import Store

/// Tasks of a Slurm cluster: one array job for each wave and kind of task. The store is the truth; Slurm is asked only
/// whether a task is still waiting or running, and a task that is over without its cells is submitted again.
package struct SlurmExecutor: Executor {
  private let worker: [String]
  private let settings: [SlurmSettings]
  private let seconds: [Double?]
  private let root: String
  private let slurm: Slurm
  /// Least seconds between two questions to Slurm's controller.
  private let askInterval: Double

  /// A cell is given up when this many tasks ended without having finished any.
  static let attemptLimit = 3

  /// `worker` starts a worker, given `--batch` and `--slice` in addition; `root` is the folder for what tasks read and
  /// write; `costs` tells what cells took before.
  package init(plan: Plan, worker: [String], root: String, costs: CostHistory, askInterval: Double = 5) {
    self.worker = worker
    self.root = root
    self.askInterval = askInterval
    settings = plan.stages.map { $0.definition.slurm }
    seconds = plan.stages.map { costs.stages[$0.id]?.meanSeconds ?? $0.definition.slurm.cellTime }
    slurm = Slurm()
  }

  package func run(_ batch: Batch, report: (Batch.Item, Worker.Outcome) throws -> Void) throws {
    try withoutActuallyEscaping(report) { report in
      try SlurmHead(
        batch, worker: worker, settings: settings, seconds: seconds, root: root, slurm: slurm,
        askInterval: askInterval, report: report
      ).run()
    }
  }
}

/// One wave on its way.
private final class SlurmHead {
  private let batch: Batch
  private let worker: [String]
  private let root: String
  private let slurm: Slurm
  private let askInterval: Double
  private let report: (Batch.Item, Worker.Outcome) throws -> Void

  private var open: [CellKey: OpenCell] = [:]
  /// What tasks say of cells that cannot be seen from here yet.
  private var unseen: [CellKey: Worker.Outcome] = [:]
  private var queues: [Queue] = []
  private var queueOfStage: [Int: Int] = [:]
  private var arrays: [SlurmArray] = []
  /// Those that are over; some were kept for cells that were then submitted again.
  private var past: [SlurmArray] = []
  /// Wall seconds of a cell by stage: as recorded or stated, then as measured.
  private var seconds: [Double?]
  private var measured: [Int: (count: Int, seconds: Double)] = [:]
  /// Whether any task has finished a cell.
  private var isFruitful = false
  private var pace: SubmissionPace
  private var nextQuestion = 0.0
  private var lastNote = (time: 0.0, text: "")

  /// A task has no more cells: it holds all their manifests at once.
  private static let cellLimit = 50_000

  init(
    _ batch: Batch, worker: [String], settings: [SlurmSettings], seconds: [Double?], root: String, slurm: Slurm,
    askInterval: Double, report: @escaping (Batch.Item, Worker.Outcome) throws -> Void
  ) throws {
    self.batch = batch
    self.worker = worker
    self.seconds = seconds
    self.root = root
    self.slurm = slurm
    self.askInterval = askInterval
    self.report = report
    try slurm.require()
    pace = SubmissionPace(largestArray: try slurm.largestArray())
    for item in batch.items { open[batch.key(item)] = OpenCell(item: item) }
    arrays = try SlurmArray.found(in: root, wanted: open.mapValues(\.item))
    let adopted = Set(arrays.flatMap { $0.tasks.values.flatMap(\.items) })
    for item in batch.items {
      let own = settings[item.stage]
      let index = queues.firstIndex { $0.settings == own } ?? queues.count
      if index == queues.count { queues.append(Queue(settings: own)) }
      queueOfStage[item.stage] = index
      if !adopted.contains(item) { queues[index].fresh.append(item) }
    }
    for array in arrays {
      batch.note(
        "job", ["name": array.name, "id": array.id ?? "", "tasks": array.tasks.count, "adopted": "yes"],
        "job \(array.id ?? array.name), submitted earlier, has \(array.tasks.count) tasks with cells of this run: followed, not submitted again"
      )
    }
  }

  func run() throws {
    while !open.isEmpty {
      try heed()
      try submit()
      try look()
      try ask()
      try settle()
      if open.isEmpty { break }
      usleep(500_000)
    }
    for array in arrays + past { try array.remove(store: batch.store) }
  }

  /// Stops if the user asked for it. Tasks go on after Ctrl-C: the next run finds them; after `refig cancel` they end.
  private func heed() throws {
    if batch.isCancelled {
      try slurm.cancel(arrays.map(\.name))
      for array in arrays { try array.remove(store: batch.store) }
      throw PipelineError.cancelled
    }
    guard Interruption.requests > 0 else { return }
    let count = arrays.reduce(0) { $0 + $1.tasks.count }
    if count == 0 { throw PipelineError.interrupted }
    throw PipelineError.tasksGoOn(
      count: count, run: batch.runFolder.map { String($0.split(separator: "/").last ?? "") } ?? "")
  }

  // MARK: Submitting

  private func submit() throws {
    for index in queues.indices {
      while ChildProcess.now() >= pace.nextSubmission, let slices = nextSlices(of: index) {
        let settings = queues[index].settings
        let array = try SlurmArray(slices, of: batch, settings: settings, in: root)
        let answer: Slurm.Submission
        do {
          answer = try slurm.submit(
            array.command(worker), name: array.name, folder: array.folder, count: slices.count, settings: settings)
        } catch {
          try array.remove(store: batch.store)
          throw error
        }
        switch answer {
        case .refused(let reason):
          try array.remove(store: batch.store)
          throw PipelineError.slurmRefused(reason: reason)
        case .busy(let reason):
          try array.remove(store: batch.store)
          try wait(reason, taskCount: slices.count)
          return
        case .accepted(let id): try array.accepted(id)
        case .unknown: break
        }
        pace.accepted()
        arrays.append(array)
        queues[index].slices.removeFirst(slices.count)
        let cellCount = slices.reduce(0) { $0 + $1.count }
        batch.note(
          "job", ["name": array.name, "id": array.id ?? "", "tasks": slices.count, "cells": cellCount],
          "job \(array.id ?? array.name): \(cellCount) \(cellCount == 1 ? "cell" : "cells") in \(slices.count) \(slices.count == 1 ? "task" : "tasks")"
        )
      }
    }
  }

  /// What to submit next, if anything may be. With a limit on running tasks, which Slurm keeps for each array alone, one
  /// array follows the other. What was lost waits until the rest of its array is through, or fills another one.
  private func nextSlices(of index: Int) -> ArraySlice<[Batch.Item]>? {
    let queue = queues[index]
    if queue.isEmpty { return nil }
    let isIdle = !arrays.contains { array in
      array.tasks.values.contains { queueOfStage[$0.items[0].stage] == index }
    }
    guard isIdle || queue.settings.runningTasks == nil else { return nil }
    if queue.slices.isEmpty {
      if !queue.fresh.isEmpty {
        queues[index].slices = bundles(queue.fresh, queue.settings)[...]
        queues[index].fresh = []
      } else if !queue.lost.isEmpty {
        // Where other tasks got on, the trouble is in a few cells: each task that finished none is taken apart.
        let isSuspect = { [self] (item: Batch.Item) in isFruitful && open[batch.key(item)]?.attempts ?? 0 > 0 }
        let slices =
          queue.lost.filter(isSuspect).map { [$0] } + bundles(queue.lost.filter { !isSuspect($0) }, queue.settings)
        guard isIdle || slices.count >= pace.arraySize else { return nil }
        queues[index].slices = slices[...]
        queues[index].lost = []
      }
    }
    let next = queues[index].slices.prefix(pace.arraySize)
    return next.isEmpty ? nil : next
  }

  /// Cuts cells into tasks of about the wanted time. Cells are dealt out like cards, because their cost grows along a
  /// sweep more often than not.
  private func bundles(_ items: [Batch.Item], _ settings: SlurmSettings) -> [[Batch.Item]] {
    // Half the time limit, for cells that take longer than they did.
    let target = min(settings.taskTime, (settings.time ?? .infinity) / 2) * Double(settings.processors)
    let total = items.reduce(0.0) { sum, item in
      // A cell that nobody knows anything of is taken for a minute's work.
      sum + (measured[item.stage].map { $0.seconds / Double($0.count) } ?? seconds[item.stage] ?? 60)
    }
    let fewest = (items.count + Self.cellLimit - 1) / Self.cellLimit
    let count = min(items.count, max(fewest, Int(min(total / target, 1e9).rounded(.up))))
    return items.isEmpty
      ? [] : (0..<count).map { first in stride(from: first, to: items.count, by: count).map { items[$0] } }
  }

  /// After a submission that Slurm did not take for now.
  private func wait(_ reason: String, taskCount: Int) throws {
    let delay = pace.refused(taskCount: taskCount, isAlone: arrays.isEmpty)
    if arrays.isEmpty, pace.refusals > 10 {
      throw PipelineError.slurmRefused(reason: "\(reason) (\(pace.refusals) times)")
    }
    batch.note(
      "refused", ["reason": reason], "Slurm takes no more tasks for now (\(reason)); trying again in \(Int(delay)) s")
  }

  // MARK: Following

  /// Takes in what the tasks have written.
  private func look() throws {
    for array in arrays {
      let isSmall = array.tasks.count < 100
      for (number, task) in array.tasks where isSmall || !task.isWaiting {
        for (key, outcome) in try array.answers(of: number) { try take(key, outcome) }
      }
      isFruitful = isFruitful || array.isFruitful
    }
    for (key, outcome) in unseen where batch.store.contains(key) {
      unseen[key] = nil
      try take(key, outcome)
    }
  }

  private func take(_ key: CellKey, _ outcome: Worker.Outcome) throws {
    guard let item = open[key]?.item else { return }
    switch outcome {
    case .computed, .present:
      // Other machines see a new name a little later than the one that made it.
      guard batch.store.contains(key) else {
        unseen[key] = outcome
        return
      }
      if case .computed(let cost) = outcome {
        let old = measured[item.stage] ?? (0, 0)
        measured[item.stage] = (old.count + 1, old.seconds + cost.wallSeconds)
      }
    case .claimed: return
    case .failed, .workerEnded: break
    }
    open[key] = nil
    try report(item, outcome)
  }

  /// Asks Slurm about the tasks, now and then.
  private func ask() throws {
    guard !arrays.isEmpty, ChildProcess.now() >= nextQuestion else { return }
    defer { nextQuestion = ChildProcess.now() + askInterval }
    if let array = arrays.first(where: { !$0.doubted.isEmpty }) { return try array.resolveDoubt(slurm) }
    guard let lines = try slurm.queue(arrays.map(\.name)) else { return tell("Slurm does not answer") }
    // Once it has answered: a busy controller takes its time, in which tasks write on.
    let time = ChildProcess.now()
    let byName = Dictionary(grouping: lines, by: \.name)
    for array in arrays { array.update(byName[array.name] ?? [], time: time) }
    let tasks = arrays.flatMap { $0.tasks.values }
    let (waiting, running) = (tasks.count(where: \.isWaiting), tasks.count(where: \.isRunning))
    let reasons = Set(lines.filter { $0.isWaiting && !$0.reason.isEmpty }.map(\.reason)).sorted()
    tell(
      "\(running) tasks running, \(waiting) waiting"
        + (reasons.isEmpty ? "" : " (\(reasons.joined(separator: ", ")))"),
      ["running": running, "waiting": waiting, "reasons": reasons])
  }

  /// A sign of life, once a minute; for people only if there is something new.
  private func tell(_ text: String, _ fields: [String: any Sendable] = [:]) {
    let time = ChildProcess.now()
    guard lastNote.time == 0 || time - lastNote.time > 60 else { return }
    batch.note("queue", fields.isEmpty ? ["reasons": [text]] : fields, text == lastNote.text ? nil : text)
    lastNote = (time, text)
  }

  // MARK: Tasks that are over

  private func settle() throws {
    for array in arrays {
      for (number, task) in array.tasks where task.hasNews || task.overSince != nil {
        array.tasks[number]?.hasNews = false
        var missing = task.items.filter { open[batch.key($0)] != nil }
        if !missing.isEmpty, let time = task.overSince {
          // Slurm may put it back into the queue; and what it wrote may take a moment to be seen from here, the name of a
          // cell up to a minute.
          let grace = missing.contains(where: isUnseen) ? 60 : askInterval + 1
          guard ChildProcess.now() - time > grace else { continue }
          for item in missing where batch.store.contains(batch.key(item)) { try take(batch.key(item), .present) }
          missing = missing.filter { open[batch.key($0)] != nil }
          try lose(missing, of: array, number, task)
        }
        if missing.isEmpty || task.overSince != nil { array.tasks[number] = nil }
      }
    }
    for array in arrays where array.tasks.isEmpty {
      try array.remove(store: batch.store)
      past.append(array)
    }
    arrays.removeAll { $0.tasks.isEmpty }
  }

  private func isUnseen(_ item: Batch.Item) -> Bool { unseen[batch.key(item)] != nil }

  private func lose(
    _ items: [Batch.Item], of array: SlurmArray, _ number: Int, _ task: SlurmArray.Task
  ) throws {
    guard !items.isEmpty else { return }
    array.keepOutput(of: number, in: batch.runFolder)
    let isInvisible = items.contains(where: isUnseen)
    let reason =
      isInvisible
      ? "it stored a cell that cannot be seen from here; is \(batch.store.root) in a file system that all machines share?"
      : array.reason(of: task)
    var again: [Batch.Item] = []
    for item in items {
      let key = batch.key(item)
      unseen[key] = nil
      if !task.isFruitful || isInvisible { open[key]?.attempts += 1 }
      if open[key]?.attempts ?? 0 < SlurmExecutor.attemptLimit {
        again.append(item)
      } else if !isFruitful, batch.items.count > 1 {
        throw PipelineError.slurmTasksFailed(task: array.label(number), reason: reason)
      } else {
        open[key] = nil
        try report(
          item,
          .failed(
            "its task in Slurm ended \(SlurmExecutor.attemptLimit) times; the last, \(array.label(number)): \(reason)"))
      }
    }
    guard !again.isEmpty else { return }
    let attempt = 1 + (again.compactMap { open[batch.key($0)]?.attempts }.max() ?? 0)
    batch.note(
      "task", ["task": array.label(number), "reason": reason, "cells": again.count, "attempt": attempt],
      "task \(array.label(number)): \(reason); its missing cells (\(again.count)) are submitted again"
        + (attempt > 1 ? " (attempt \(attempt) of \(SlurmExecutor.attemptLimit))" : ""))
    for item in again { queues[queueOfStage[item.stage] ?? 0].lost.append(item) }
  }
}
