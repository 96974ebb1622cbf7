private import Foundation

/// What cells of a stage cost in earlier runs, from the runs' records.
package struct CostHistory: Sendable {
  /// Costs of the cells of one stage.
  package struct Entry: Sendable, Equatable {
    package var cells = 0
    package var wallSeconds = 0.0
    package var fileBytes = 0
    package var peakBytes = 0

    /// Mean wall seconds of a cell.
    package var meanSeconds: Double { cells == 0 ? 0 : wallSeconds / Double(cells) }
  }

  package private(set) var stages: [String: Entry] = [:]

  /// Reads the records of the last runs of a project, at most `limit` of them. Lines that cannot be read, such as the last
  /// of a run that is being written, are left out.
  package init(root: String, limit: Int = 50) throws {
    let folder = root + "/data/runs"
    guard FileManager.default.fileExists(atPath: folder) else { return }
    for run in try FileManager.default.contentsOfDirectory(atPath: folder).sorted().suffix(limit) {
      guard let bytes = try Store.bytes(of: "\(folder)/\(run)/events.jsonl") else { continue }
      for line in bytes.split(separator: UInt8(ascii: "\n")) { add(Data(line)) }
    }
  }

  private struct Event: Decodable {
    let event: String
    let stage: String?
    let outcome: String?
    let wallSeconds: Double?
    let fileBytes: Int?
    let peakBytes: Int?
  }

  private mutating func add(_ line: Data) {
    let event: Event
    do { event = try JSONDecoder().decode(Event.self, from: line) } catch { return }
    guard event.event == "cell", event.outcome == "computed", let stage = event.stage else { return }
    stages[stage, default: Entry()].cells += 1
    stages[stage, default: Entry()].wallSeconds += event.wallSeconds ?? 0
    stages[stage, default: Entry()].fileBytes += event.fileBytes ?? 0
    stages[stage, default: Entry()].peakBytes = max(stages[stage]?.peakBytes ?? 0, event.peakBytes ?? 0)
  }

  /// Wall seconds that `counts` cells by stage would take on some workers; nil if a stage was never run.
  package func estimate(_ counts: [String: Int], workers: Int) -> Double? {
    var seconds = 0.0
    for (stage, count) in counts where count > 0 {
      guard let entry = stages[stage] else { return nil }
      seconds += Double(count) * entry.meanSeconds
    }
    return seconds / Double(max(1, workers))
  }
}
