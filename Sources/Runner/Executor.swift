private import Foundation
package import Pipeline
private import Platform
package import Store

/// Cells to compute, and where.
package struct Batch {
  /// A cell by its stage and its number there.
  package struct Item: Sendable, Hashable {
    package let stage: Int
    package let cell: Int

    package init(stage: Int, cell: Int) {
      self.stage = stage
      self.cell = cell
    }
  }

  /// What a cell may take: seconds, and bytes of memory.
  package struct Limits: Sendable, Equatable {
    package var time: Double?
    package var memory: Int?

    package init(time: Double?, memory: Int?) {
      self.time = time
      self.memory = memory
    }
  }

  package let items: [Item]
  package let store: Store
  package let manifest: (Item) -> Manifest
  package let key: (Item) -> CellKey
  package let limits: (Item) -> Limits
  /// A cell for people.
  package var label: (Item) -> String = { _ in "a cell" }
  /// Takes what an executor has to tell beside outcomes: an event of the run's record, and a line for people.
  package var note: (_ event: String, _ fields: [String: any Sendable], _ line: String?) -> Void = { _, _, _ in }
  /// The event that tells after Ctrl-C what is waited for.
  static let interruption = "interruption"
  /// The folder of the run's record, where others may leave word for the run.
  package var runFolder: String?

  /// Whether `refig cancel` was asked to end this run.
  package var isCancelled: Bool { hasWord(RunRecord.cancelName) }
  /// Whether it was asked again: cells at work are not waited for.
  package var isCancelledNow: Bool { hasWord(RunRecord.cancelNowName) }

  private func hasWord(_ name: String) -> Bool { runFolder.map { access("\($0)/\(name)", F_OK) == 0 } ?? false }

  package init(
    items: [Item], store: Store, manifest: @escaping (Item) -> Manifest, key: @escaping (Item) -> CellKey,
    limits: @escaping (Item) -> Limits
  ) {
    self.items = items
    self.store = store
    self.manifest = manifest
    self.key = key
    self.limits = limits
  }

  package init(plan: Plan, items: [Item], store: Store) {
    self.init(
      items: items, store: store, manifest: { plan.stages[$0.stage].manifest($0.cell) },
      key: { plan.stages[$0.stage].keys[$0.cell] },
      limits: {
        let stage = plan.stages[$0.stage].definition
        return Limits(time: stage.timeLimit, memory: stage.memoryLimit)
      })
    label = { "\(plan.stages[$0.stage].id) \(plan.stages[$0.stage].label($0.cell))" }
  }

  /// Says after Ctrl-C which cells are waited for and how long each has taken, and how not to wait.
  func tellOfWaiting(_ busy: [(item: Item, seconds: Double)]) {
    guard !busy.isEmpty else { return }
    let cells = busy.prefix(3).map { "\(label($0.item)), for \(Text.duration($0.seconds)) so far" }
    let rest = busy.count - cells.count
    note(
      Self.interruption, ["cells": busy.count],
      "waiting for \(Text.count(busy.count, "cell")) at work: \(cells.joined(separator: "; "))"
        + (rest > 0 ? "; and \(rest) more" : "")
        + ". \(isCancelled ? "Type `refig cancel`" : "Press Ctrl-C") again to end \(busy.count == 1 ? "it" : "them") now, "
        + "unfinished.")
  }

  /// Says that cells are waited for which another process computes.
  func tellOfOthers(_ items: [Item]) {
    guard let first = items.first else { return }
    note(
      "claimed", ["cells": items.count],
      "another run computes \(Text.count(items.count, "cell")) that this one needs, such as \(label(first)); waiting for it"
    )
  }
}

/// Starts workers on a batch and reports what they say. It is no authority on success: ask the store.
package protocol Executor: Sendable {
  /// Runs the batch to its end, or to an interruption; `report` hears of every item once.
  func run(_ batch: Batch, report: (Batch.Item, Worker.Outcome) throws -> Void) throws
}

/// Computes in the runner's own process, one cell after the other: for debuggers, and for tests.
package struct InProcessExecutor: Executor {
  private let worker: Worker

  package init(worker: Worker) { self.worker = worker }

  package func run(_ batch: Batch, report: (Batch.Item, Worker.Outcome) throws -> Void) throws {
    for item in batch.items {
      if Interruption.requests > 0 { throw PipelineError.interrupted }
      if batch.isCancelled { throw PipelineError.cancelled }
      let start = ChildProcess.now()
      let outcome = worker.perform(batch.manifest(item)) { batch.tellOfWaiting([(item, ChildProcess.now() - start)]) }
      if Interruption.requests > 1 { throw PipelineError.interrupted }
      try report(item, outcome)
    }
    if Interruption.requests > 0 { throw PipelineError.interrupted }
  }
}
