/// Cells to compute, and where.
package struct Batch: Sendable {
  /// A cell by its stage and its number there.
  package struct Item: Sendable, Hashable {
    package let stage: Int
    package let cell: Int
  }

  package let plan: Plan
  package let items: [Item]
  package let store: Store

  package init(plan: Plan, items: [Item], store: Store) {
    self.plan = plan
    self.items = items
    self.store = store
  }

  package func manifest(_ item: Item) -> Manifest { plan.stages[item.stage].manifest(item.cell) }
  package func key(_ item: Item) -> CellKey { plan.stages[item.stage].keys[item.cell] }
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
      try report(item, worker.perform(batch.manifest(item)))
    }
  }
}
