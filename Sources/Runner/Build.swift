private import Foundation
package import Pipeline
private import Platform
package import Store

/// Brings the cells behind some targets into the store, wave after wave.
package struct Build {
  /// What a build did.
  package struct Summary: Sendable, Encodable {
    package var planned = 0
    package var cached = 0
    package var computed = 0
    package var failed = 0
    /// Replicas that failed numerically inside computed cells.
    package var failedReplicas = 0
    /// Why they failed, with how many for each reason.
    package var replicaFailures: [String: Int] = [:]
    /// For each of these reasons, the first cell that had it: stage and label.
    package var firstFailures: [String: String] = [:]
    /// Computed cells that another process had published in the meantime.
    package var duplicates = 0
    package var processorSeconds = 0.0

    /// Nothing was done yet.
    package init() {}
  }

  /// What a build tells while it is at work.
  package enum Progress {
    /// A wave begins: the cells to compute by stage.
    case began([(stage: String, count: Int)])
    /// A cell of a stage is there, after so many seconds of computing.
    case finished(_ stage: String, seconds: Double)
    /// A cell of a stage failed: why, unless another of the stage has failed for the same reason. Whoever wants no progress
    /// is told as well.
    case failed(_ stage: String, message: String?)
    /// How many more cells failed, or were not tried. Whoever wants no progress is told as well.
    case failures(String)
    /// Something else for people.
    case line(String)
    /// After Ctrl-C: what is waited for. Whoever wants no progress is told as well.
    case waiting(String)
    /// The wave is over.
    case ended
  }

  private let store: Store
  package let plan: Plan
  /// The cells to bring in, if not all of the plan.
  private let needed: Set<CellKey>?
  private let executor: any Executor
  private let progress: (Progress) -> Void
  private let makeLog: () throws -> RunLog

  /// A build of planned stages. `makeLog` is called when the first cell has to be computed: a no-op leaves no trace.
  package init(
    store: Store, plan: Plan, needed: Set<CellKey>? = nil, executor: any Executor,
    progress: @escaping (Progress) -> Void = { _ in },
    makeLog: @escaping () throws -> RunLog
  ) {
    self.store = store
    self.plan = plan
    self.needed = needed
    self.executor = executor
    self.progress = progress
    self.makeLog = makeLog
  }

  /// The run's record, if anything was computed.
  package private(set) var log: RunLog?

  /// The cells that are not in the store, each key once, in waves: a wave needs only earlier ones. Their parameters are
  /// such as the experiments accept.
  package func missing() throws -> [[Batch.Item]] {
    let (_, waves, present) = try sift()
    if !waves.isEmpty { try validate(besides: present) }
    return waves
  }

  /// How many cells are planned, which of them are missing, and the keys of those that are there.
  private func sift() throws -> (planned: Int, missing: [[Batch.Item]], present: Set<CellKey>) {
    let present = try store.presentKeys()
    let experiments = plan.sharedExperiments
    var seen: Set<CellKey> = []
    var planned = 0
    var depth: [String: Int] = [:]
    var waves: [[Batch.Item]] = []
    for (index, stage) in plan.stages.enumerated() {
      let level = stage.definition.inputs.map { depth[$0.stage, default: 0] + 1 }.max() ?? 0
      depth[stage.id] = level
      while waves.count <= level { waves.append([]) }
      let isShared = experiments.contains(stage.definition.experiment.name)
      for (cell, key) in stage.keys.enumerated()
      where (needed?.contains(key) ?? true) && (!isShared || seen.insert(key).inserted) {
        planned += 1
        if !present.contains(key) { waves[level].append(Batch.Item(stage: index, cell: cell)) }
      }
    }
    return (planned, waves.filter { !$0.isEmpty }, present)
  }

  /// Computes what is missing. Parameters of missing cells are validated before the first runs. Throws
  /// ``PipelineError/interrupted`` after Ctrl-C; failed cells are counted, not thrown.
  package mutating func run() throws -> Summary {
    let (planned, waves, present) = try sift()
    var summary = Summary()
    summary.planned = planned
    summary.cached = summary.planned - waves.reduce(0) { $0 + $1.count }
    guard !waves.isEmpty else { return summary }
    try validate(besides: present)
    for stage in Set(waves.joined().map(\.stage)) {
      for file in plan.stages[stage].definition.data { try store.keep(file) }
      try store.keepSources(of: plan.stages[stage].definition.experiment)
    }
    let log = try self.log ?? makeLog()
    self.log = log
    defer {
      log.totals = [
        "computed": summary.computed, "failed": summary.failed, "cached": summary.cached,
        "duplicates": summary.duplicates,
      ]
    }
    for stage in Set(waves.joined().map(\.stage)).sorted() {
      if let text = plan.stages[stage].recut(among: present) { progress(.line(text)) }
    }
    let missingCounts = waves.joined().reduce(into: [:]) { $0[plan.stages[$1.stage].id, default: 0] += 1 }
    log.write(
      "plan",
      [
        "stages": plan.stages.reduce(into: [:]) {
          $0[$1.id] = ["cells": $1.keys.count, "missing": missingCounts[$1.id] ?? 0]
        }
      ])
    for items in waves {
      let items = try ready(items, &summary)
      var absences: [Int: String] = [:]
      for stage in Set(items.map(\.stage)) {
        absences[stage] = plan.stages[stage].definition.data.compactMap(store.absence(of:)).first?.description
      }
      var batch = Batch(plan: plan, items: items.filter { absences[$0.stage] == nil }, store: store)
      batch.runFolder = log.folder
      batch.note = { [progress] event, fields, line in
        log.write(event, line.map { line in fields.merging(["text": line]) { $1 } } ?? fields)
        if let line { progress(event == Batch.interruption ? .waiting(line) : .line(line)) }
      }
      let counts = Dictionary(grouping: items, by: \.stage)
      progress(.began(counts.keys.sorted().map { (plan.stages[$0].id, counts[$0]?.count ?? 0) }))
      var costs: [Int: StageCost] = [:]
      var failures = FailureTally()
      defer {
        for line in failures.rest { progress(.failures(line)) }
        progress(.ended)
        for (stage, cost) in costs.sorted(by: { $0.key < $1.key }) {
          log.write("stage", cost.fields(plan.stages[stage].id))
        }
      }
      func report(_ item: Batch.Item, _ outcome: Worker.Outcome) throws {
        try record(item, outcome, batch, log, &summary, &costs[item.stage, default: StageCost()], &failures)
      }
      // What nobody could compute is not asked of the executor, which may have to wait for a cluster.
      for item in items { try absences[item.stage].map { try report(item, .failed($0)) } }
      if !batch.items.isEmpty { try executor.run(batch, report: report) }
    }
    return summary
  }

  private func validate(besides present: Set<CellKey>) throws {
    let diagnostics = Diagnostics()
    plan.validate(diagnostics) { needed?.contains($0) ?? true && !present.contains($0) }
    try diagnostics.throwIfAny()
  }

  /// Leaves out cells whose inputs failed: they would fail for that reason alone.
  private func ready(_ items: [Batch.Item], _ summary: inout Summary) throws -> [Batch.Item] {
    let upstream = Set(items.map(\.stage)).filter { !plan.stages[$0].definition.inputs.isEmpty }
    guard !upstream.isEmpty else { return items }
    let present = try store.presentKeys()
    let blocked = upstream.filter { index in
      plan.stages[index].definition.inputs.contains { input in
        plan[input.stage]?.keys.contains { !present.contains($0) } ?? false
      }
    }
    let ready = items.filter { !blocked.contains($0.stage) }
    for index in blocked { progress(.failures("skipped \(plan.stages[index].id): cells of a stage it reads failed")) }
    summary.failed += items.count - ready.count
    return ready
  }

  private func record(
    _ item: Batch.Item, _ outcome: Worker.Outcome, _ batch: Batch, _ log: RunLog, _ summary: inout Summary,
    _ stageCost: inout StageCost, _ failures: inout FailureTally
  ) throws {
    let stage = plan.stages[item.stage]
    let key = batch.key(item)
    var fields: [String: any Sendable] = ["stage": stage.id, "key": "\(key)", "label": stage.label(item.cell)]
    func fail(_ reason: String) throws {
      summary.failed += 1
      stageCost.failed += 1
      fields["outcome"] = "failed"
      fields["reason"] = reason
      try store.recordFailure(key, reason: reason)
      progress(.failed(stage.id, message: failures.add(stage.label(item.cell), of: stage.id, reason: reason)))
    }
    switch outcome {
    case .computed(let cost):
      summary.computed += 1
      summary.processorSeconds += cost.processorSeconds
      summary.failedReplicas += cost.failedReplicas
      if cost.isDuplicate { summary.duplicates += 1 }
      var reasons: [String: Int] = [:]
      // Why: the worker says how many; the cell, which need not be opened otherwise, knows why.
      if cost.failedReplicas > 0 { reasons = try store.manifestAndFailures(key)?.failures ?? [:] }
      summary.replicaFailures.merge(reasons, uniquingKeysWith: +)
      summary.firstFailures.merge(reasons.mapValues { _ in "\(stage.id) \(stage.label(item.cell))" }) { first, _ in
        first
      }
      stageCost.add(cost, reasons)
      fields["outcome"] = "computed"
      fields["wallSeconds"] = cost.wallSeconds
      fields["processorSeconds"] = cost.processorSeconds
      fields["peakBytes"] = cost.peakBytes
      fields["fileBytes"] = cost.fileBytes
      if cost.failedReplicas > 0 { fields["failedReplicas"] = cost.failedReplicas }
      if cost.isDuplicate { fields["duplicate"] = "yes" }
      progress(.finished(stage.id, seconds: cost.processorSeconds))
    case .present, .claimed:
      summary.cached += 1
      fields["outcome"] = "present"
      progress(.finished(stage.id, seconds: 0))
    case .failed(let reason): try fail(reason)
    case .workerEnded(let how): try fail("its worker \(how)")
    }
    log.write("cell", fields)
    FaultPoint.pass("runner.recorded")
  }
}
