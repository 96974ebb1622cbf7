private import Pipeline

/// Cells that failed, by stage and reason: what is the same but for numbers is printed once, and how often at the end.
package struct FailureTally {
  private struct Failure: Hashable {
    let stage, reason: String
  }

  /// So many reasons of a stage are printed; where every cell has one of its own, they say no more.
  package static let reasonLimit = 10

  private var failures: [Failure: (example: String, count: Int)] = [:]
  private var untold: [String: Int] = [:]

  /// Nothing has failed yet.
  package init() {}

  /// Counts a cell. Returns what to tell of it; nil if another of its stage has failed for the same reason, or many for others.
  package mutating func add(_ label: String, of stage: String, reason: String) -> String? {
    let failure = Failure(stage: stage, reason: Self.masked(reason))
    if failures[failure] == nil, failures.count(where: { $0.key.stage == stage }) == Self.reasonLimit {
      untold[stage, default: 0] += 1
      return nil
    }
    failures[failure, default: (label, 0)].count += 1
    return failures[failure]?.count == 1 ? "\(stage) \(label): \(reason)" : nil
  }

  /// What to tell of those that were not told.
  package var rest: [String] {
    failures.sorted { ($0.key.stage, $0.value.example) < ($1.key.stage, $1.value.example) }
      .filter { $0.value.count > 1 }.map { failure, cells in
        "\(failure.stage): \(Text.count(cells.count - 1, "more cell")) failed for the same reason as \(cells.example)"
      }
      + untold.sorted { $0.key < $1.key }.map { stage, count in
        "\(stage): \(Text.count(count, "more cell")) failed for other reasons, which the run's record tells"
      }
  }

  /// A reason without its numbers, such as those of a replica or a byte; those of lines, behind a colon or "line", stay.
  private static func masked(_ reason: String) -> String {
    reason.replacing(/(?<place>(?:[:A-Za-z_]|line )[0-9]+)|[-+]?[0-9]+(?:\.[0-9]+)?(?:e[-+]?[0-9]+)?/) {
      $0.output.place.map(String.init) ?? "0"
    }
  }
}
