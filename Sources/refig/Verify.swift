import ArgumentParser
import Engine
import Foundation
import NumericalMethods
import PaperKit

/// `refig verify`.
struct Verify: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Check the papers' claims and print a verdict for each.",
    discussion: """
      confirmed: the confidence interval (family-wise error 1 %) lies inside the accepted interval. refuted: the wider
      interval (0.1 %) misses it. inconclusive: neither; the reason says what would help. Exit status 4 when a verdict
      differs from the expected one.
      """)

  @Argument(help: "Claims by id, stages, or paper:KEY; all claims unless given.")
  var targets: [String] = []

  @OptionGroup var project: ProjectOptions
  @OptionGroup var execution: ExecutionOptions

  @Flag(help: "Compute nothing: fail if cells are missing.")
  var cachedOnly = false

  @Flag(help: "Print as JSON.")
  var json = false

  func run() throws {
    let project = try project.load()
    let claims = try project.targets(targets).claims
    guard !claims.isEmpty else { throw PipelineError.noClaims }
    let plan = Plan(
      project.pipeline, stages: Set(claims.flatMap(\.evidence.stages)), catalogue: project.catalogue)
    let progress = ProgressDisplay(quiet: execution.quiet)
    if cachedOnly {
      let build = Build(
        project: project, plan: plan, executor: try execution.executor(project, plan), progress: progress,
        makeLog: { try ProcessEnvironment.log(for: project) })
      let missing = try build.missing().reduce(0) { $0 + $1.count }
      if missing > 0 {
        throw PipelineError.cellsMissing(count: missing, command: "refig run --profile \(project.profile)")
      }
    } else {
      _ = try execution.build(project, plan, progress: progress)
    }
    // The family is all claims of the profile, whichever are asked for: a verdict must not depend on the question.
    let reader = ResultReader(plan: plan, store: project.store)
    let evaluated = try claims.map {
      EvaluatedClaim(
        $0, familySize: project.claims.count, results: try reader.results($0.evidence), catalogue: project.catalogue)
    }
    print(json ? try VerdictTable.json(evaluated) : VerdictTable.text(evaluated, profile: project.profile))
    let differing = evaluated.filter { !$0.isExpected }.count
    if differing > 0 { throw PipelineError.verdictsDiffer(count: differing) }
  }
}

/// Verdicts as text.
enum VerdictTable {
  /// A table for people, with reasons and disagreements below.
  static func text(_ claims: [EvaluatedClaim], profile: String) -> String {
    let header = ["claim", "kind", "estimate", "± s.e.", "interval", "accepted", "margin", "verdict", "expected"]
    let rows = claims.map { evaluated -> [String] in
      let claim = evaluated.claim
      let estimate = evaluated.estimate
      let margin = evaluated.judgement.map { judgement -> String in
        guard let estimate, estimate.standardError > 0, judgement.margin.isFinite else { return "" }
        return String(format: "%+.1f s.e.", judgement.margin)
      }
      return [
        claim.id, claim.kind.rawValue, estimate.map { number($0.value) } ?? "–",
        estimate.map { $0.standardError == 0 ? "" : number($0.standardError) } ?? "–",
        evaluated.judgement.map { interval($0.confirming) } ?? "–", interval(claim.accepted), margin ?? "–",
        evaluated.verdict.rawValue, evaluated.isExpected ? "" : "expected \(claim.expected.rawValue)",
      ]
    }
    let widths = header.indices.map { column in ([header] + rows).map { $0[column].count }.max() ?? 0 }
    var text = ([header] + rows).map { row in
      zip(row, widths).map { $0.padding(toLength: $1, withPad: " ", startingAt: 0) }.joined(separator: "  ")
        .trimmingCharacters(in: .whitespaces)
    }.joined(separator: "\n")
    for evaluated in claims where !evaluated.reason.isEmpty {
      text += "\n\(evaluated.claim.id): \(evaluated.verdict.rawValue): \(evaluated.reason)"
    }
    let counts = Verdict.allCases.map { verdict in
      "\(claims.filter { $0.verdict == verdict }.count) \(verdict.rawValue)"
    }
    let differing = claims.filter { !$0.isExpected }.count
    return text + "\n\nprofile \(profile): \(claims.count) claims: \(counts.joined(separator: ", ")); "
      + (differing == 0 ? "all as expected" : "\(differing) NOT as expected")
  }

  /// One object per claim, for programs.
  static func json(_ claims: [EvaluatedClaim]) throws -> String {
    func finite(_ value: Double?) -> Any {
      guard let value else { return NSNull() }
      return value.isFinite ? value as Any : "\(value)"
    }
    func pair(_ interval: Interval?) -> Any { interval.map { [finite($0.low), finite($0.high)] } ?? NSNull() }
    let objects = claims.map { evaluated -> [String: Any] in
      [
        "claim": evaluated.claim.id, "statement": evaluated.claim.statement, "source": evaluated.claim.source,
        "kind": evaluated.claim.kind.rawValue, "estimate": finite(evaluated.estimate?.value),
        "standardError": finite(evaluated.estimate?.standardError),
        "numericalError": finite(evaluated.estimate?.numericalError),
        "replicas": evaluated.estimate?.replicaCount ?? 0, "confirming": pair(evaluated.judgement?.confirming),
        "refuting": pair(evaluated.judgement?.refuting), "accepted": pair(evaluated.claim.accepted),
        "because": evaluated.claim.because, "margin": finite(evaluated.judgement?.margin),
        "verdict": evaluated.verdict.rawValue, "reason": evaluated.reason,
        "expected": evaluated.claim.expected.rawValue,
      ]
    }
    let data = try JSONSerialization.data(
      withJSONObject: objects, options: [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes])
    return String(decoding: data, as: UTF8.self)
  }

  private static func number(_ value: Double) -> String {
    guard value.isFinite else { return value > 0 ? "∞" : value < 0 ? "−∞" : "NaN" }
    return String(format: "%.4g", value)
  }

  private static func interval(_ interval: Interval) -> String { "[\(number(interval.low)), \(number(interval.high))]" }
}
