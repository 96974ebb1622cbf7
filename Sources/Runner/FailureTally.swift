private import Pipeline

/// Cells that failed, by stage and reason: equal reasons are printed once, and their number at the end.
package struct FailureTally {
  private struct Failure: Hashable {
    let stage, reason: String
  }

  private var failures: [Failure: (example: String, count: Int)] = [:]

  /// Nothing has failed yet.
  package init() {}

  /// Counts a cell. Returns what to tell of it; nil if another of its stage has failed for the same reason.
  package mutating func add(_ label: String, of stage: String, reason: String) -> String? {
    let failure = Failure(stage: stage, reason: reason)
    failures[failure, default: (label, 0)].count += 1
    return failures[failure]?.count == 1 ? "\(stage) \(label): \(reason)" : nil
  }

  /// What to tell of those that were not told.
  package var rest: [String] {
    failures.sorted { ($0.key.stage, $0.value.example) < ($1.key.stage, $1.value.example) }
      .filter { $0.value.count > 1 }.map { failure, cells in
        "\(failure.stage): \(Text.count(cells.count - 1, "more cell")) failed for the same reason as \(cells.example)"
      }
  }
}
