private import Foundation
package import NumericalMethods
private import PaperKit
private import Pipeline

/// The verdicts of one verification, as a table for people; as records for programs and in the two forms that CI services
/// show in VerdictReport+Files.swift.
package struct VerdictReport: Sendable {
  package let profile: String
  package let claims: [EvaluatedClaim]
  /// Claims that could not be judged because cells are missing, and why they are.
  package let unjudged: [(claim: Claim, reason: String)]
  package var unjudgedCount: Int { unjudged.count }
  /// Where the number of each claim was made, in a word or two, if not all are of cells that are here.
  package let origins: [String: String]

  package init(
    profile: String, claims: [EvaluatedClaim], unjudged: [(claim: Claim, reason: String)] = [],
    origins: [String: String] = [:]
  ) {
    self.profile = profile
    self.claims = claims
    self.unjudged = unjudged
    self.origins = origins
  }

  package var differing: [EvaluatedClaim] { claims.filter { !$0.isExpected } }

  /// "profile quick: 217 claims: 210 confirmed, …; all as expected".
  package var headline: String {
    let counts = Verdict.allCases.map { verdict in
      "\(claims.filter { $0.verdict == verdict }.count) \(verdict.rawValue)"
    }
    let fragile = claims.filter(\.isFragile).count
    let answer =
      !differing.isEmpty
      ? "\(differing.count) NOT as expected"
      : unjudgedCount == 0 ? "all as expected" : claims.isEmpty ? "nothing was judged" : "the others as expected"
    return "profile \(profile): \(Text.count(claims.count + unjudgedCount, "claim")): \(counts.joined(separator: ", "))"
      + (fragile > 0 ? ", \(fragile) fragile" : "") + (unjudgedCount > 0 ? ", \(unjudgedCount) not judged" : "")
      + "; " + answer
  }

  // MARK: For people

  /// How many claims are shown one by one where nobody asked for all of them.
  package static let shownCount = 20

  /// Counts, of each paper too, and then the claims one by one: those that are not as expected or undecided, or all of
  /// them. Wrapped at so many columns.
  package func text(columns: Int, showsAll: Bool) -> String {
    var lines = Text.wrapped(headline, columns: columns, indent: 2)
    let papers = byPaper
    if papers.count > 1 {
      let width = papers.map(\.paper.count).max() ?? 0
      for (paper, claims) in papers {
        let name = "  " + paper.padding(toLength: width + 2, withPad: " ", startingAt: 0)
        lines += Text.wrapped(name + Self.counts(claims), columns: columns, indent: width + 4)
      }
    }
    let made = Dictionary(grouping: origins.values) { $0 }.mapValues(\.count).sorted { $0.key < $1.key }
    if !made.isEmpty {
      let counts = made.map { "\($0.value) \($0.key)" }.joined(separator: ", ")
      lines += Text.wrapped("  origin of the numbers: \(counts)", columns: columns, indent: 4)
    }
    let shown = showsAll || claims.count <= Self.shownCount ? claims : claims.filter(\.needsAttention)
    for evaluated in shown { lines += ["", paragraph(evaluated, columns: columns)] }
    for (claim, reason) in unjudged.prefix(showsAll ? .max : Self.shownCount) {
      lines += [""] + Text.wrapped("\(claim.id): not judged: \(reason)", columns: columns, indent: 2)
    }
    if shown.count < claims.count || !showsAll && unjudged.count > Self.shownCount {
      lines += ["", "`--all` shows every claim, `refig verify ID` one."]
    }
    return lines.joined(separator: "\n")
  }

  /// "30 claims: 27 confirmed, 3 refuted".
  private static func counts(_ claims: [EvaluatedClaim]) -> String {
    let verdicts = Verdict.allCases.compactMap { verdict in
      let count = claims.count { $0.verdict == verdict }
      return count > 0 ? "\(count) \(verdict.rawValue)" : nil
    }
    let unexpected = claims.count { !$0.isExpected }
    return Text.count(claims.count, "claim") + ": " + verdicts.joined(separator: ", ")
      + (unexpected > 0 ? "; \(unexpected) NOT as expected" : "")
  }

  /// A claim with its statement, its number and why that is its verdict.
  private func paragraph(_ evaluated: EvaluatedClaim, columns: Int) -> String {
    let claim = evaluated.claim
    let verdict = [evaluated.verdict.rawValue, evaluated.isExpected ? "as expected" : "", evaluated.remarks]
      .filter { !$0.isEmpty }
    var numbers = ["\(evaluated.concise), accepted \(Self.accepted(claim.accepted))"]
    if let judgement = evaluated.judgement { numbers.append("interval \(Self.interval(judgement.confirming))") }
    if !evaluated.margin.isEmpty { numbers.append("margin \(evaluated.margin)") }
    numbers.append(claim.kind.rawValue)
    if let origin = origins[claim.id] { numbers.append("origin: \(origin)") }
    var lines = Text.wrapped("\(claim.id): \(verdict.joined(separator: ", "))", columns: columns, indent: 2)
    for text in [claim.statement.unicode, numbers.joined(separator: "; "), evaluated.reason] where !text.isEmpty {
      lines += Text.wrapped("  " + text, columns: columns, indent: 2)
    }
    return lines.joined(separator: "\n")
  }

  /// How many replicas each claim needs for the same verdict in all but one of a thousand repetitions.
  package var planText: String {
    let header = ["claim", "replicas", "needed", "verdict", ""]
    let rows = claims.map { evaluated -> [String] in
      let count = evaluated.estimate?.replicaCount ?? 0
      let growth = evaluated.neededGrowth
      let needed = growth.map { growth in
        evaluated.estimate?.replicas(growth: growth)
          ?? (evaluated.judgement?.refuting.halfWidth == .infinity ? "more" : "at the bound")
      }
      return [
        evaluated.claim.id, count > 0 ? "\(count)" : "–", needed ?? "–", evaluated.verdict.rawValue,
        evaluated.isUnderpowered ? "underpowered" : evaluated.reasonWithoutNeed,
      ]
    }
    let underpowered = claims.filter(\.isUnderpowered)
    return Self.columns([header] + rows) + "\n\nprofile \(profile): \(Text.count(claims.count, "claim")), "
      + "\(underpowered.count) with too few replicas to stand for their verdict on other random numbers"
  }

  private static func columns(_ rows: [[String]]) -> String {
    let widths = rows[0].indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
    return rows.map { row in
      zip(row, widths).map { $0 + String(repeating: " ", count: $1 - $0.count) }.joined(separator: "  ")
        .trimmingCharacters(in: .whitespaces)
    }.joined(separator: "\n")
  }

  package static func number(_ value: Double) -> String {
    guard value.isFinite else { return value > 0 ? "∞" : value < 0 ? "−∞" : "NaN" }
    return String(format: "%.4g", value)
  }

  /// A measured interval: both ends to the same place, the third digit of its length, times the same power of ten.
  package static func interval(_ interval: Interval) -> String {
    let (low, high) = (interval.low, interval.high)
    let (length, magnitude) = (high - low, max(abs(low), abs(high)))
    // Ends that agree in all digits that a number is given with have no length to go by.
    guard length.isFinite, length > 1e-9 * magnitude else { return "[\(number(low)), \(number(high))]" }
    let power = magnitude < 1e-3 || magnitude >= 1e6 ? Int(log10(magnitude).rounded(.down)) : 0
    let decimals = max(0, 2 - Int(log10(length).rounded(.down)) + power)
    // In two steps, as the power may be no Double.
    let (first, second) = (pow(10, Double(power / 2)), pow(10, Double(power - power / 2)))
    let ends = [low, high].map { end in
      let digits = String(format: "%.\(decimals)f", end / first / second)
      // What rounds to 0 has no sign.
      let text = Double(digits) == 0 ? digits.replacing("-", with: "") : digits
      return end == 0 ? "0" : power == 0 ? text : "\(text)e\(power)"
    }
    return "[\(ends[0]), \(ends[1])]"
  }

  /// An accepted interval, to the last digit of what somebody wrote.
  package static func accepted(_ interval: Interval) -> String {
    func bound(_ value: Double) -> String {
      guard value.isFinite else { return number(value) }
      return Int(exactly: value).map { "\($0)" } ?? "\(value)"
    }
    return "[\(bound(interval.low)), \(bound(interval.high))]"
  }

  var byPaper: [(paper: String, claims: [EvaluatedClaim])] {
    var papers: [(paper: String, claims: [EvaluatedClaim])] = []
    for evaluated in claims {
      if papers.last?.paper == evaluated.claim.paper {
        papers[papers.count - 1].claims.append(evaluated)
      } else {
        papers.append((evaluated.claim.paper, [evaluated]))
      }
    }
    return papers
  }
}

extension EvaluatedClaim {
  package var isFragile: Bool { judgement?.isFragile ?? false }

  /// Whether a verdict that CI rests on might come out otherwise on other random numbers.
  package var isUnderpowered: Bool { claim.expected != .inconclusive && (neededGrowth ?? 0) > 1 }

  /// The estimate with the error of its last digits: "1.022(44)"; a dash where there is none.
  package var concise: String {
    estimate.map { ConciseNumber($0.value, error: $0.standardError).text } ?? "–"
  }

  /// Whether a summary names the claim: it is not as expected, undecided, or hangs by a thread.
  var needsAttention: Bool { !isExpected || verdict == .inconclusive || isFragile }
  package var margin: String {
    guard let estimate, let judgement, estimate.standardError > 0, judgement.margin.isFinite else { return "" }
    return String(format: "%+.1f s.e.", judgement.margin)
  }
  package var remarks: String {
    [
      estimate?.kind == "identity" ? "identity" : "", isFragile ? "fragile" : "",
      isExpected ? "" : "expected \(claim.expected.rawValue)",
    ].filter { !$0.isEmpty }
      .joined(separator: ", ")
  }

  /// The claim with its numbers in one sentence.
  package var sentence: String { "\(claim.statement) \(result)" }

  /// The verdict with its numbers.
  package var result: String {
    "Estimate \(concise), accepted "
      + "\(VerdictReport.accepted(claim.accepted)): \(verdict.rawValue)\(reason.isEmpty ? "" : " (\(reason))")"
  }
}
