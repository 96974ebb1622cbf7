private import Foundation
private import PaperKit
package import Pipeline

/// What the records of earlier runs, data/runs/<id>/events.jsonl, say about cells that are there and about claims.
package struct EarlierRuns: Sendable {
  /// A run and what it ran on.
  package struct Run: Sendable {
    /// Name of its folder, which sorts by time.
    package let id: String
    /// When it began and, if it is over, ended, ISO 8601.
    package let time: String
    package fileprivate(set) var end: String?
    package let command: [String]
    package let profile: String
    /// Versions, commit and machine, by name; see ``RunLog/facts(compiler:blas:)``.
    package let facts: [String: String]
  }

  /// What a cell cost and which run computed it.
  package struct Cost: Sendable {
    package let processorSeconds: Double
    package let wallSeconds: Double
    package let run: String
  }

  /// What a claim's number was.
  package struct Number: Sendable, Codable, Equatable {
    package let claim: String
    package let verdict: String
    /// Nil when there was none that is finite.
    package let estimate: Double?
    package let standardError: Double?
    /// The root seed, where it was not the pipeline's own.
    package let freshSeed: Int?

    package init(claim: String, verdict: String, estimate: Double?, standardError: Double?, freshSeed: Int?) {
      self.claim = claim
      self.verdict = verdict
      self.estimate = estimate
      self.standardError = standardError
      self.freshSeed = freshSeed
    }
  }

  package private(set) var runs: [String: Run] = [:]
  package private(set) var costs: [CellKey: Cost] = [:]
  /// The numbers of each run that judged claims of the profile, newest first.
  package private(set) var judgements: [(run: String, numbers: [String: Number])] = []

  /// Reads the records newest first, until `byteLimit`. Lines that cannot be read, such as the last of a run that is being
  /// written, are left out. Costs are those of `cells`, claims those of `profile`.
  package init(root: String, profile: String, cells: Set<CellKey>, byteLimit: Int = 256 << 20) throws {
    try RunLog.forEachRecord(root: root, byteLimit: byteLimit) { run, bytes in
      var numbers = judgements.last?.run == run ? judgements.removeLast().numbers : [:]
      for line in bytes.split(separator: UInt8(ascii: "\n")) { read(Data(line), run, profile, cells, &numbers) }
      if !numbers.isEmpty, runs[run]?.profile == profile { judgements.append((run, numbers)) }
    }
  }

  private struct Event: Decodable {
    let event: String
    let time: String
    let command: [String]?
    let profile: String?
    let facts: [String: String]?
    let key: String?
    let outcome: String?
    let processorSeconds: Double?
    let wallSeconds: Double?
  }

  private mutating func read(
    _ line: Data, _ run: String, _ profile: String, _ cells: Set<CellKey>, _ numbers: inout [String: Number]
  ) {
    do {
      let event = try JSONDecoder().decode(Event.self, from: line)
      switch event.event {
      case "run":
        runs[run] = Run(
          id: run, time: ErrorMessage.visible(event.time), command: event.command ?? [], profile: event.profile ?? "",
          facts: (event.facts ?? [:]).mapValues(ErrorMessage.visible))
      case "cell":
        guard event.outcome == "computed", let key = event.key.flatMap({ CellKey($0) }), cells.contains(key),
          costs[key] == nil
        else { return }
        let seconds = [event.processorSeconds, event.wallSeconds].map { $0 ?? 0 }
        guard seconds.allSatisfy({ (0..<Worker.Cost.limit).contains($0) }) else { return }
        costs[key] = Cost(
          processorSeconds: seconds[0], wallSeconds: seconds[1], run: run)
      case "end": runs[run]?.end = event.time
      case "claim":
        let number = try JSONDecoder().decode(Number.self, from: line)
        if number.freshSeed == nil { numbers[number.claim] = number }
      default: break
      }
    } catch {
      return  // A line that is not whole, or of an older refig.
    }
  }
}

extension RunLog {
  /// Adds a claim's verdict and number.
  package func write(_ number: EarlierRuns.Number) {
    var fields: [String: any Sendable] = ["claim": number.claim, "verdict": number.verdict]
    fields["estimate"] = number.estimate
    fields["standardError"] = number.standardError
    fields["freshSeed"] = number.freshSeed
    write("claim", fields)
  }
}

/// What became of a claim since an earlier run.
package struct ClaimChange: Sendable {
  package let before: EarlierRuns.Number
  package let now: EarlierRuns.Number

  package var hasOtherVerdict: Bool { before.verdict != now.verdict }

  /// By how many of today's standard errors the number moved; nil where there is no number or no chance in it.
  package var standardErrors: Double? {
    guard let old = before.estimate, let new = now.estimate, let error = now.standardError, error > 0 else {
      return nil
    }
    return (new - old) / error
  }

  /// The claims that changed their verdict or moved by more than a standard error; a calculation without chance by more
  /// than rounding can.
  package static func between(_ before: [String: EarlierRuns.Number], _ now: [EarlierRuns.Number]) -> [ClaimChange] {
    now.compactMap { number in before[number.claim].map { ClaimChange(before: $0, now: number) } }.filter { change in
      if change.hasOtherVerdict { return true }
      if let moved = change.standardErrors { return abs(moved) > 1 }
      guard let old = change.before.estimate, let new = change.now.estimate else { return false }
      return abs(new - old) > 1e-9 * max(abs(old), abs(new)) + 1e-12
    }
  }
}
