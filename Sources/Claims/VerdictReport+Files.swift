private import Foundation
private import NumericalMethods
private import PaperKit
private import Pipeline

/// Verdicts as records for programs, and as JUnit and Markdown for CI services.
extension VerdictReport {
  /// One object per claim, under a versioned head. A number that is not finite, such as the end of an interval without
  /// end, is null.
  package func json() throws -> String {
    func finite(_ value: Double?) -> Any {
      guard let value, value.isFinite else { return NSNull() }
      return value
    }
    func pair(_ interval: Interval?) -> Any { interval.map { [finite($0.low), finite($0.high)] } ?? NSNull() }
    let objects = claims.map { evaluated -> [String: Any] in
      let claim = evaluated.claim
      return [
        "claim": claim.id, "statement": claim.statement.unicode, "source": claim.source.unicode,
        "kind": claim.kind.rawValue,
        "estimate": finite(evaluated.estimate?.value), "standardError": finite(evaluated.estimate?.standardError),
        "numericalError": finite(evaluated.estimate?.numericalError), "skewness": finite(evaluated.estimate?.skewness),
        "evidence": evaluated.estimate?.kind ?? "none", "replicas": evaluated.estimate?.replicaCount ?? 0,
        "familySize": evaluated.familySize,
        "confirming": pair(evaluated.judgement?.confirming), "refuting": pair(evaluated.judgement?.refuting),
        "accepted": pair(claim.accepted), "because": claim.because.unicode,
        "margin": finite(evaluated.judgement?.margin),
        "verdict": evaluated.verdict.rawValue, "reason": evaluated.reason, "expected": claim.expected.rawValue,
        "isFragile": evaluated.isFragile, "neededGrowth": finite(evaluated.neededGrowth),
        "isUnderpowered": evaluated.isUnderpowered, "origin": origins[claim.id] ?? "here", "kills": claim.kills,
        "stages": claim.evidence.stages,
      ]
    }
    let notJudged = unjudged.map { ["claim": $0.claim.id, "reason": $0.reason] }
    let data = try JSONSerialization.data(
      withJSONObject: ["schema": 2, "profile": profile, "claims": objects, "notJudged": notJudged] as [String: Any],
      options: [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes])
    return String(decoding: data, as: UTF8.self) + "\n"
  }

  /// JUnit: a suite per paper, a case per claim that prints its numbers, one a line. A verdict other than the expected
  /// one is a failure, an expected inconclusive one is skipped, and what could not be judged is an error. Valid for the
  /// schema of Jenkins' xUnit plugin, which allows a case no properties.
  package var junit: String {
    var text = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
    text +=
      "<testsuites name=\"refig verify, profile \(Self.escaped(profile))\" tests=\"\(claims.count + unjudgedCount)\" "
    text += "failures=\"\(differing.count)\">\n"
    for (paper, claims) in byPaper {
      let skipped = claims.filter { $0.isExpected && $0.verdict == .inconclusive }.count
      let failed = claims.filter { !$0.isExpected }.count
      text += "  <testsuite name=\"\(paper)\" tests=\"\(claims.count)\" failures=\"\(failed)\" "
      text += "errors=\"0\" skipped=\"\(skipped)\">\n"
      for evaluated in claims { text += Self.testCase(evaluated, of: paper) }
      text += "  </testsuite>\n"
    }
    if !unjudged.isEmpty {
      text += "  <testsuite name=\"not judged\" tests=\"\(unjudgedCount)\" failures=\"0\" "
      text += "errors=\"\(unjudgedCount)\" skipped=\"0\">\n"
      for (claim, reason) in unjudged {
        text += "    <testcase classname=\"\(claim.paper)\" name=\"\(Self.escaped(claim.id))\">\n"
        text += "      <error message=\"not judged: \(Self.escaped(reason))\"/>\n    </testcase>\n"
      }
      text += "  </testsuite>\n"
    }
    return text + "</testsuites>\n"
  }

  private static func testCase(_ evaluated: EvaluatedClaim, of paper: String) -> String {
    let claim = evaluated.claim
    let properties: [(String, String)] = [
      ("statement", claim.statement.unicode), ("source", claim.source.unicode), ("kind", claim.kind.rawValue),
      ("estimate", evaluated.estimate.map { "\($0.value)" } ?? ""),
      ("standardError", evaluated.estimate.map { "\($0.standardError)" } ?? ""),
      ("evidence", evaluated.estimate?.kind ?? "none"),
      ("replicas", "\(evaluated.estimate?.replicaCount ?? 0)"),
      ("confirming", evaluated.judgement.map { "\($0.confirming.low) \($0.confirming.high)" } ?? ""),
      ("refuting", evaluated.judgement.map { "\($0.refuting.low) \($0.refuting.high)" } ?? ""),
      ("accepted", "\(claim.accepted.low) \(claim.accepted.high)"), ("because", claim.because.unicode),
      ("verdict", evaluated.verdict.rawValue), ("expected", claim.expected.rawValue),
    ]
    var text = "    <testcase classname=\"\(paper)\" name=\"\(escaped(claim.id))\">\n"
    let message = escaped("\(evaluated.verdict.rawValue), expected \(claim.expected.rawValue). \(evaluated.reason)")
    if !evaluated.isExpected {
      text += "      <failure message=\"\(message)\">\(escaped(evaluated.sentence))</failure>\n"
    } else if evaluated.verdict == .inconclusive {
      text += "      <skipped message=\"\(message)\"/>\n"
    }
    let numbers = properties.map { "\($0): \(escaped($1))\n" }.joined()
    text += "      <system-out>\n\(numbers)      </system-out>\n"
    return text + "    </testcase>\n"
  }

  /// What takes the place of the verdicts in JUnit while there are none, so that those of an earlier call do not pass for
  /// this one's: a failure with its reason.
  package static func junit(withoutVerdicts reason: String) -> String {
    """
    <?xml version="1.0" encoding="UTF-8"?>
    <testsuites name="refig verify" tests="1" failures="1">
      <testsuite name="refig" tests="1" failures="1" errors="0" skipped="0">
        <testcase classname="refig" name="verify">
          <failure message="nothing was judged: \(escaped(reason))"/>
        </testcase>
      </testsuite>
    </testsuites>

    """
  }

  /// The same in Markdown.
  package static func markdown(withoutVerdicts reason: String) -> String {
    "## Claims\n\n**Nothing was judged**: \(inertMarkdown(reason))\n"
  }

  /// For XML and for the HTML in Markdown, on one line.
  private static func escaped(_ text: String) -> String {
    Text.escapedForXML(text).replacing(/[\n\t]/, with: " ")
  }

  /// CI services cut summaries at a mebibyte.
  package static let markdownLimit = 900 * 1024

  /// A summary for a CI job: counts, what is not as expected, all claims folded by paper, what it cost, and the accepted
  /// intervals that have changed. At most ``markdownLimit`` bytes.
  package func markdown(processorSeconds: Double, changes: [BoundChange]?) -> String {
    var blocks = ["## Claims\n\n\(Self.inertMarkdown(headline))\n"]
    if !differing.isEmpty { blocks.append("### Not as expected\n\n" + Self.markdownTable(differing)) }
    if !unjudged.isEmpty {
      let lines = unjudged.map { "- `\($0.claim.id)`: \(Self.inertMarkdown($0.reason))\n" }
      blocks.append("### Not judged\n\n" + lines.joined())
    }
    if let changes {
      let lines = changes.map { "- `\($0.claim)`: \(Self.inertMarkdown($0.text))" }
      blocks.append(
        "### Accepted intervals changed\n\n" + (lines.isEmpty ? "none" : lines.joined(separator: "\n")) + "\n")
    }
    for (paper, claims) in byPaper {
      let summary =
        "\(paper): \(Text.count(claims.count, "claim")), \(claims.filter { !$0.isExpected }.count) not as expected"
      blocks.append("<details><summary>\(summary)</summary>\n\n\(Self.markdownTable(claims))\n</details>\n")
    }
    blocks.append("The cells behind these claims cost \(Text.duration(processorSeconds)) of processor time.\n")
    var text = ""
    for (index, block) in blocks.enumerated() {
      guard text.utf8.count + block.utf8.count < Self.markdownLimit else {
        return text + "\n\(blocks.count - index) more parts were left out: this summary is limited in size.\n"
      }
      text += (index == 0 ? "" : "\n") + block
    }
    return text
  }

  private static func markdownTable(_ claims: [EvaluatedClaim]) -> String {
    let rows = claims.map { evaluated -> String in
      let claim = evaluated.claim
      let texts = [
        claim.statement.unicode, claim.kind.rawValue,
        evaluated.concise, accepted(claim.accepted),
        evaluated.margin, evaluated.verdict.rawValue + (evaluated.remarks.isEmpty ? "" : " (\(evaluated.remarks))"),
        claim.because.unicode + (evaluated.reason.isEmpty ? "" : ". \(evaluated.reason)"),
      ]
      return "| `\(claim.id)` | " + texts.map(inertMarkdown).joined(separator: " | ") + " |"
    }
    return "| claim | statement | kind | estimate | accepted | margin | verdict | because |\n"
      + "|---|---|---|---:|---|---:|---|---|\n" + rows.joined(separator: "\n") + "\n"
  }

  /// Text that Markdown takes as text, also in a table, and in which GitHub finds no addresses, names and numbers to link.
  package static func inertMarkdown(_ text: String) -> String {
    // An empty comment parts what a renderer would otherwise join to a mention or a reference.
    let seam = "\u{e000}"
    let marked = text.replacing(/[\\`*_~|$]|\](?=[(\[:])/) { "\\\($0.output)" }
      .replacing(/[@#](?=\w)/) { "\($0.output)\(seam)" }
    return escaped(marked).replacing("://", with: "&#58;//").replacing(/(?i)www\./, with: "www&#46;")
      .replacing(seam, with: "<!-- -->")
  }
}
