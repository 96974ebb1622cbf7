private import Foundation
private import Platform

/// What the cells of a stage cost together in one run.
struct StageCost: Codable {
  var computed = 0
  var failed = 0
  var wallSeconds = 0.0
  var processorSeconds = 0.0
  var fileBytes = 0
  /// Of the cell that needed most.
  var peakBytes = 0
  /// Why replicas failed, with how many for each reason; nil in the records of a refig that did not say it.
  var replicaFailures: [String: Int]?

  mutating func add(_ cost: Worker.Cost, _ failures: [String: Int]) {
    computed += 1
    if !failures.isEmpty { replicaFailures = (replicaFailures ?? [:]).merging(failures, uniquingKeysWith: +) }
    wallSeconds += cost.wallSeconds
    processorSeconds += cost.processorSeconds
    fileBytes += cost.fileBytes
    peakBytes = max(peakBytes, cost.peakBytes)
  }

  /// Whether a run can have said so: a record may be written by others too, and sums over records must stay numbers.
  var isPossible: Bool {
    let summands = [Double(computed), wallSeconds] + (replicaFailures ?? [:]).values.map(Double.init)
    return summands.allSatisfy { (0...Self.summandLimit).contains($0) } && peakBytes >= 0
  }

  private static let summandLimit = 1e11

  /// The same as an event's fields.
  func fields(_ stage: String) -> [String: any Sendable] {
    var fields: [String: any Sendable] = [
      "stage": stage, "computed": computed, "failed": failed, "wallSeconds": wallSeconds,
      "processorSeconds": processorSeconds, "fileBytes": fileBytes, "peakBytes": peakBytes,
    ]
    if let replicaFailures {
      let frequent = replicaFailures.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.prefix(Self.reasonLimit)
      fields["replicaFailures"] = Dictionary(uniqueKeysWithValues: frequent.map { ($0.key, $0.value) })
    }
    return fields
  }

  /// How many reasons a record holds.
  private static let reasonLimit = 10
}

/// What cells cost in earlier runs, from the runs' records.
package struct CostHistory: Sendable {
  /// Costs of the cells of one stage.
  package struct Entry: Sendable, Equatable {
    package var cells = 0
    package var wallSeconds = 0.0
    package var processorSeconds = 0.0
    package var peakBytes = 0
    /// Wall seconds of all its cells in the last run that computed any, and when that was.
    package let lastSeconds: Double
    package let lastTime: String
    /// Why replicas failed in that run, with how many for each reason.
    package let lastFailures: [String: Int]

    /// Mean wall seconds of a cell: how long it keeps a worker.
    package var meanSeconds: Double { wallSeconds / Double(max(1, cells)) }
    /// Mean processor seconds of a cell: what it costs.
    package var meanProcessorSeconds: Double { processorSeconds / Double(max(1, cells)) }
  }

  package private(set) var stages: [String: Entry] = [:]

  /// Reads the records of the last runs, newest first, until `byteLimit`. Lines that cannot be read, such as the last of
  /// a run that is being written, are left out.
  package init(root: String, byteLimit: Int = 64 << 20) throws {
    try RunLog.forEachRecord(root: root, byteLimit: byteLimit) { _, bytes in
      var position = 0
      // A run has a line for every cell; the few that are wanted are found without reading the others.
      while let found = bytes.firstIndex(of: "\"event\":\"stage\"", from: position) {
        let start = bytes[..<found].lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
        position = bytes[found...].firstIndex(of: UInt8(ascii: "\n")) ?? bytes.count
        add(Data(bytes[start..<position]))
      }
    }
  }

  private struct Event: Decodable {
    let stage: String
    let time: String
  }

  private mutating func add(_ line: Data) {
    let (event, cost): (Event, StageCost)
    do {
      event = try JSONDecoder().decode(Event.self, from: line)
      cost = try JSONDecoder().decode(StageCost.self, from: line)
    } catch {
      return
    }
    guard cost.computed > 0, cost.isPossible else { return }
    var entry =
      stages[event.stage]
      ?? Entry(
        lastSeconds: cost.wallSeconds, lastTime: event.time, lastFailures: cost.replicaFailures ?? [:])
    entry.cells += cost.computed
    entry.wallSeconds += cost.wallSeconds
    entry.processorSeconds += cost.processorSeconds
    entry.peakBytes = max(entry.peakBytes, cost.peakBytes)
    stages[event.stage] = entry
  }

  /// Wall seconds that `counts` cells by stage would take on some workers, and how many of them are of stages that never
  /// ran, which it leaves out. `recorded` has mean seconds of a cell of the same profile, which go before those of all runs.
  package func estimate(
    _ counts: [String: Int], workers: Int, recorded: [String: Double] = [:]
  ) -> (seconds: Double, unknown: Int) {
    var (seconds, unknown) = (0.0, 0)
    for (stage, count) in counts {
      if let mean = recorded[stage] ?? stages[stage]?.meanSeconds {
        seconds += Double(count) * mean
      } else {
        unknown += count
      }
    }
    return (seconds / Double(max(1, workers)), unknown)
  }
}
