import Claims
import Foundation
import FoundationXML
import NumericalMethods
import PaperKit
import Pipeline
import Platform
import Reports
import Runner
import Store
import TestSupport
import Testing
import ToyPaper

/// Walks with a drift of 1, and claims about where they end.
private struct WalkClaims {
  let workspace: Workspace
  let project: Project
  let plan: Plan

  init(_ claims: String) throws {
    workspace = try Workspace()
    try workspace.write(
      """
      seed: 3
      profiles: [quick]
      figures: [figures/toy.yaml]
      stages:
        toy/walk: {parameters: {drift: 1, stepCount: 4}, replicas: {count: 60, perCell: 30}}
      """, to: "pipeline.yaml")
    try workspace.write("claims:\n" + claims, to: "figures/toy.yaml")
    project = try Project(root: workspace.path, profile: nil, catalogue: toyCatalogue())
    plan = try Plan(project.pipeline, stages: ["toy/walk"], catalogue: project.catalogue)
  }

  static func claim(_ name: String, accept: String, _ more: String = "") -> String {
    """
      \(name):
        statement: Walks end <near> "4" & not | elsewhere.
        source: ours
        kind: derived
        estimate: toy/mean-end
        from: [toy/walk]
        accept: \(accept)
        because: four steps of drift 1
    \(more)
    """
  }

  /// The plan's results, computed on the spot.
  func results(_ plan: Plan, _ claim: Claim) throws -> Results {
    let worker = Worker(catalogue: project.catalogue, store: project.store)
    for stage in plan.stages {
      for index in stage.keys.indices { _ = worker.perform(stage.manifest(index)) }
    }
    return try project.reader(plan).results(claim.evidence)
  }

  func evaluated(_ claim: Claim, _ results: Results) -> EvaluatedClaim {
    EvaluatedClaim(claim, familySize: project.claims.count, results: results, catalogue: project.catalogue)
  }

  /// The kill matrix with the mistake `no-drift` tried on every claim.
  func matrix() throws -> KillMatrix {
    let mutated = try Plan(
      project.pipeline, stages: ["toy/walk"], catalogue: project.catalogue, mutant: "no-drift")
    let rows = try project.claims.map { claim in
      let results = try self.results(plan, claim)
      var row = try KillMatrix.Row(evaluated(claim, results), results: results, catalogue: project.catalogue)
      row.science["no-drift"] = evaluated(claim, try self.results(mutated, claim))
      return row
    }
    return KillMatrix(rows: rows, pipeline: project.pipeline, claims: project.claims)
  }
}

@Suite struct MutationTests {
  @Test("a claim that can fail is killed by every deadly mutant and by the mistake it lists; nothing is wrong with it")
  func soundClaim() throws {
    let claims = try WalkClaims(WalkClaims.claim("near", accept: "[2, 6]", "    kills: [no-drift]"))
    let matrix = try claims.matrix()
    let row = try #require(matrix.rows.first)
    #expect(row.evaluated.verdict == .confirmed)
    for mutant in SyntheticMutant.allCases where mutant.isDeadly {
      #expect(row.synthetic[mutant] == .killed, "\(mutant)")
    }
    // One walk says nothing on the mean of walks.
    #expect(row.synthetic[.single] == .killed)
    #expect(row.kills("no-drift") == true)
    #expect(matrix.problems.isEmpty, "\(matrix.problems)")
    #expect(matrix.summary.hasPrefix("1 claim, 1 of 1 deliberate mistakes noticed"))
  }

  @Test("mistakes have cells of their own, drawn from the same random numbers")
  func mutantCells() throws {
    let claims = try WalkClaims(WalkClaims.claim("near", accept: "[2, 6]"))
    let mutated = try Plan(
      claims.project.pipeline, stages: ["toy/walk"], catalogue: claims.project.catalogue, mutant: "no-drift")
    #expect(Set(mutated.stages[0].keys).isDisjoint(with: claims.plan.stages[0].keys))
    let claim = claims.project.claims[0]
    let right = try claims.results(claims.plan, claim).point(of: Walk.self)[Walk.end].values
    let wrong = try claims.results(mutated, claim).point(of: Walk.self)[Walk.end].values
    for (right, wrong) in zip(right, wrong) { #expect(abs(right - wrong - 4) < 1e-12) }
  }

  @Test(
    "a claim that accepts everything, one that does not notice what it lists, and a mistake nobody lists are problems")
  func weakClaims() throws {
    func problems(_ claims: String...) throws -> String {
      try WalkClaims(claims.joined(separator: "\n")).matrix().problems.joined(separator: "\n")
    }
    #expect(try problems(WalkClaims.claim("any", accept: "[-.inf, .inf]")).contains("toy/any: no number"))
    #expect(
      try problems(WalkClaims.claim("any", accept: "[-.inf, .inf]")).contains("no claim lists the mistake 'no-drift'"))
    #expect(
      try problems(WalkClaims.claim("wide", accept: "[-50, 50]", "    kills: [no-drift]"))
        .contains("toy/wide: does not notice the mistake 'no-drift'"))
    #expect(
      try problems(WalkClaims.claim("near", accept: "[2, 6]", "    kills: [no-drift]\n    immune: {no-drift: hm}"))
        .contains("toy/near: notices 'no-drift' although it says: hm"))
    #expect(
      try problems(WalkClaims.claim("wide", accept: "[-50, 50]")).contains("toy/wide: is still confirmed under noise"))
    // Mistakes say nothing of a verdict that is another than the expected one without them.
    let undecided = try problems(WalkClaims.claim("near", accept: "[3.8, 6]", "    kills: [no-drift]"))
    #expect(undecided.contains("toy/near: is inconclusive without any mistake, not confirmed, and tells nothing"))
    #expect(!undecided.contains("does not notice") && !undecided.contains("is still"), "\(undecided)")
    let excused = WalkClaims.claim(
      "wide", accept: "[-50, 50]", "    immune:\n      noise: walks of noise end here too\n      no-drift: a wide claim"
    )
    #expect(try !problems(excused).contains("toy/wide"))
  }

  @Test("a mutant that the evidence cannot have is refused with its place in the file")
  func unknownMutant() throws {
    #expect(throws: PipelineError.self) {
      try WalkClaims(WalkClaims.claim("near", accept: "[2, 6]", "    kills: [no-drifd]"))
    }
    do {
      _ = try WalkClaims(WalkClaims.claim("near", accept: "[2, 6]", "    immune: {noisy: no reason}"))
      Issue.record("accepted an unknown mutant")
    } catch {
      #expect(ErrorMessage.text(of: error).contains("toy.yaml:10:"))
      #expect(ErrorMessage.text(of: error).contains("did you mean 'noise'?"))
    }
  }

  @Test("results that hold something that is not a number, or nothing, are never confirmed")
  func undefinedResults() throws {
    let claims = try WalkClaims(WalkClaims.claim("wide", accept: "[-.inf, 50]"))
    let claim = claims.project.claims[0]
    let point = try claims.results(claims.plan, claim).points[0]
    var arrays = point.arrays
    arrays["position"]?.values[0] = .nan
    let broken = Results(points: [
      .init(
        experiment: point.experiment, parameters: point.parameters, replicas: point.replicas, arrays: arrays)
    ])
    // The estimator reads another array, and would confirm.
    #expect(claims.evaluated(claim, broken).reason.contains("'position' of toy/walk"))
    #expect(claims.evaluated(claim, Results(points: [])).verdict == .inconclusive)
    #expect(claims.evaluated(claim, Results(points: [point])).verdict == .confirmed)
  }
}

@Suite struct KnownEstimationTests {
  private let claims: WalkClaims
  private var claim: Claim { claims.project.claims[0] }
  private var path: String { claims.project.store.root + "/estimates" }

  init() throws {
    claims = try WalkClaims(WalkClaims.claim("near", accept: "[2, 6]"))
    _ = try claims.results(claims.plan, claim)
  }

  /// Judges anew, with the digests of other tables if there are such; whether a cell had to be read.
  private func judged(tables: String? = nil) throws -> (verdict: EvaluatedClaim, hasRead: Bool) {
    let catalogue = tables.map { toyCatalogue(code: ["ToyPaper/ToyPaperTables.swift": $0]) }
    let project = try catalogue.map { try Project(root: claims.workspace.path, profile: nil, catalogue: $0) }
    let current = project ?? claims.project
    let judge = current.judge(current.reader(claims.plan))
    let verdict = try judge.judge(claim)
    try? FileManager.default.setAttributes([.modificationDate: Date(timeIntervalSince1970: 1)], ofItemAtPath: path)
    judge.saveEstimations()
    let after = try #require(Files.sizeAndTime(path))
    return (verdict, after.changed != 1)
  }

  @Test("an estimate is made once, and is the same bit for bit afterwards")
  func madeOnce() throws {
    let (made, known) = (try judged(), try judged())
    #expect(made.hasRead && !known.hasRead)
    #expect(made.verdict.verdict == .confirmed)
    for tail in [1e-5, 0.005, 0.3] {
      #expect(made.verdict.estimate?.interval(tail: tail) == known.verdict.estimate?.interval(tail: tail))
    }
    #expect(made.verdict.reason == known.verdict.reason)
  }

  @Test("other code makes other estimates")
  func otherNames() throws {
    _ = try judged()
    #expect(try judged(tables: "changed").hasRead)
    #expect(try judged(tables: "changed").hasRead == false)
    #expect(try judged().hasRead)
  }

  @Test("a file that is damaged, cut or of another form counts as empty")
  func damage() throws {
    let before = try judged().verdict
    let whole = try #require(try Files.bytes(of: path))
    var random = RandomStream(key: 7, purpose: "damage", stream: 0)
    for _ in 0..<60 {
      var bytes = whole
      let place = Int(random.uniform() * Double(bytes.count))
      bytes[place] ^= 1 << UInt8(random.uniform() * 8)
      try Files.write(bytes, to: path, by: path + ".tmp")
      let (verdict, hasRead) = try judged()
      #expect(hasRead, "bit flip at \(place)")
      #expect(verdict.estimate?.value == before.estimate?.value)
    }
    for text in ["", "\n", String(decoding: whole.prefix(whole.count / 2), as: UTF8.self), "{}"] {
      try Files.write(Array(text.utf8), to: path, by: path + ".tmp")
      #expect(try judged().hasRead)
    }
  }

  /// Estimates as JSON, of all kinds, with N where a number stands that may be any.
  private static let forms = [
    #"{"exact":{"_0":N,"numericalError":N}}"#, #"{"identity":{"worst":N,"replicaCount":N,"numericalError":N}}"#,
    #"{"mean":{"_0":[N,N,N,N],"scale":"linear"}}"#, #"{"mean":{"_0":[N,N],"scale":"logarithmic"}}"#,
    #"{"mean":{"_0":[],"scale":"linear"}}"#, #"{"median":{"_0":[N,N,N,N,N]}}"#, #"{"median":{"_0":[]}}"#,
    #"{"proportion":{"successes":N,"trials":N}}"#, #"{"fit":{"value":N,"standardError":N,"degreesOfFreedom":N}}"#,
    #"{"greatest":{"_0":[{"evidence":{"fit":{"value":N,"standardError":N,"degreesOfFreedom":N}},"numericalError":N},{"evidence":{"proportion":{"successes":N,"trials":N}},"numericalError":N}]}}"#,
    #"{"greatest":{"_0":[]}}"#,
    #"{"distance":{"_0":{"evidence":{"mean":{"_0":[N,N,N],"scale":"linear"}},"numericalError":N},"from":N}}"#,
  ]
  private static let numbers = [
    "0", "1", "2", "3", "40", "-1", "0.5", "1e-300", "-1e-300", "1e300", "-1e300", "1000000000", "1000000001",
    "9223372036854775807", "-9223372036854775808", "4611686018427387904", #""nan""#, #""inf""#, #""-inf""#,
  ]

  @Test("a number that somebody else wrote down is refused or judged, whatever it is")
  func hostile() throws {
    var random = RandomStream(key: 8, purpose: "mutants", stream: 0)
    var (judgedCount, refusedCount) = (0, 0)
    for _ in 0..<10_000 {
      let form = Self.forms[random.integer(below: Self.forms.count)]
      let json =
        #"{"":{"estimate":{"evidence":\#(form),"numericalError":N},"failure":"\u001b[31m","#
        + #""failedReplicas":N,"plannedReplicas":N}}"#
      // Most numbers are ordinary ones, or hardly anything would be accepted.
      let kind = random.integer(below: 3)
      let text = json.split(separator: "N", omittingEmptySubsequences: false).map(String.init)
      var filled = text[0]
      for part in text.dropFirst() {
        filled += Self.numbers[random.integer(below: kind == 0 ? Self.numbers.count : 5)] + part
      }
      guard let estimation = try? KnownEstimations.decoded(Array(filled.utf8))[""] else {
        refusedCount += 1
        continue
      }
      judgedCount += 1
      #expect(!estimation.failure.contains("\u{1b}"))
      let evaluated = EvaluatedClaim(claim, familySize: 1 + random.integer(below: 300), estimation: estimation)
      let report = VerdictReport(profile: "quick", claims: [evaluated])
      #expect(!report.text(columns: 80, showsAll: true).isEmpty && !report.planText.isEmpty && !report.junit.isEmpty)
      #expect(try !report.json().isEmpty)
    }
    #expect(judgedCount > 1000 && refusedCount > 1000, "\(judgedCount) \(refusedCount)")
    let deep = String(repeating: #"{"evidence":{"distance":{"from":0,"_0":"#, count: 100_000)
    #expect(throws: (any Error).self) { try KnownEstimations.decoded(Array(#"{"":{"estimate":\#(deep)"#.utf8)) }
  }

  @Test("a cell that is damaged or gone is reported, however well its estimate is known")
  func damagedCell() throws {
    #expect(try judged().verdict.verdict == .confirmed)
    let path = claims.project.store.path(of: claims.plan.stages[0].keys[1])
    var bytes = try #require(try Files.bytes(of: path))
    bytes[bytes.count / 2] ^= 1
    try Files.write(bytes, to: path, by: path + ".tmp")
    for code in [ErrorMessage.ExitCode.integrity, .outOfDate] {
      do {
        _ = try judged()
        Issue.record("judged without a sound cell")
      } catch { #expect(ErrorMessage.exitCode(of: error) == code) }
    }
  }

  @Test("nothing is estimated while cells are missing")
  func missingCells() throws {
    let key = claims.plan.stages[0].keys[1]
    let bytes = try #require(try Files.bytes(of: claims.project.store.path(of: key)))
    unlink(claims.project.store.path(of: key))
    let judge = claims.project.judge(claims.project.reader(claims.plan))
    for _ in 0..<2 { #expect(throws: PipelineError.self) { try judge.judge(claim) } }
    judge.saveEstimations()
    try claims.project.store.publish(bytes, as: key)
    #expect(try judged().verdict.verdict == .confirmed)
  }

  @Test(
    "every kind of estimate is the same after it was written and read",
    arguments: [
      Estimate.identity([0.1, 0.1 + 0.2], numericalError: 1e-17), .mean([0.1, .infinity, 3]),
      .mean([1e-300, 7], scale: .logarithmic),
      .median([.nan, 1, 2]), .proportion(successes: 3, trials: 9),
      .fit(value: -0.0, standardError: .leastNonzeroMagnitude, degreesOfFreedom: .infinity),
      .greatest([.identity([1]), .mean([1 / 3, 2 / 3])]), Estimate.median([1, 2, 4]).distance(from: 3),
    ])
  func everyKind(_ estimate: Estimate) throws {
    let json = try KnownEstimations.encoded([
      "name": Estimation(estimate, failedReplicas: 1, plannedReplicas: 9)
    ])
    let back = try #require(try KnownEstimations.decoded(json)["name"])
    #expect("\(back.estimate as Any)" == "\(estimate as Estimate?)")
    #expect((back.failedReplicas, back.plannedReplicas, back.failure) == (1, 9, ""))
  }
}

@Suite struct VerdictReportTests {
  private func report() throws -> (VerdictReport, Project) {
    let claims = try WalkClaims(
      [
        WalkClaims.claim("near", accept: "[2, 6]"), WalkClaims.claim("far", accept: "[20, 60]"),
        WalkClaims.claim("edge", accept: "[4, 6]", "    expect: inconclusive"),
      ].joined(separator: "\n"))
    let evaluated = try claims.project.claims.map { claims.evaluated($0, try claims.results(claims.plan, $0)) }
    return (VerdictReport(profile: "quick", claims: evaluated), claims.project)
  }

  @Test("for people: counts first, statements, numbers with their error, never wider than asked", arguments: [40, 80])
  func people(columns: Int) throws {
    let (report, _) = try report()
    let text = report.text(columns: columns, showsAll: false)
    #expect(text.hasPrefix("profile quick: 3 claims:"), "\(text)")
    let words = text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    #expect(words.contains("toy/far: refuted, expected confirmed Walks end <near>"), "\(text)")
    #expect(words.contains(/toy\/near: confirmed, as expected .* \d\.\d+\(\d\d\), accepted \[2, 6\]/), "\(text)")
    #expect(text.split(separator: "\n").allSatisfy { $0.count <= columns }, "\(text)")
  }

  @Test("of many claims those that need attention are shown, and all where asked")
  func manyClaims() throws {
    let (report, _) = try report()
    let many = VerdictReport(
      profile: "quick", claims: Array(repeating: report.claims[0], count: VerdictReport.shownCount) + report.claims)
    let text = many.text(columns: 80, showsAll: false)
    #expect(!text.contains("toy/near:") && text.contains("toy/far:") && text.contains("toy/edge:"), "\(text)")
    #expect(text.contains("--all"))
    let all = many.text(columns: 80, showsAll: true)
    #expect(all.components(separatedBy: "toy/near:").count == VerdictReport.shownCount + 2)
    #expect(!all.contains("--all"))
  }

  @Test(
    "a number says the error of its last digits",
    arguments: [
      (2.0163, 0.0154, "2.016(15)"), (-0.00842, 0.0027, "-0.0084(27)"), (1.2345e-5, 1.5e-6, "1.23(15)e-5"),
      (123.4, 45, "123(45)"), (1.5, 0, "1.5"), (0, 0, "0"), (1e-7, 0, "1e-7"), (1.02217, 0.004363, "1.0222(44)"),
      (0.00099, 0.00996, "0.001(10)"), (.infinity, 1, "∞"), (2.5e8, 1e7, "2.50(10)e8"),
      (1e308, 1e-300, "1e308"), (.leastNormalMagnitude, .leastNormalMagnitude, "2.2(22)e-308"),
      (1e300, 1e308, "0.0(10)e308"), (2, .nan, "2"), (0, .leastNonzeroMagnitude, "0.0(49)e-324"),
    ])
  func concise(value: Double, error: Double, text: String) {
    #expect(ConciseNumber(value, error: error).text == text)
  }

  @Test(
    "a number is quoted rightly if value and error are rounded to the last digit that is written, and none is made up",
    arguments: [
      ("2.718", 2.71828, 0.0037, true), ("2.72", 2.71828, 0.0037, true), ("2.71", 2.71828, 0.0037, false),
      ("2.72(1)", 2.71828, 0.0037, false), ("2.718(4)", 2.71828, 0.0037, true), ("2.718(3)", 2.71828, 0.0037, false),
      ("2.7183(37)", 2.71828, 0.0037, true), ("2.71828", 2.71828, 0.0037, false), ("3", 2.71828, 0.0037, true),
      ("-2.72", 2.71828, 0.0037, false), ("-2.72", -2.71828, 0.0037, true), ("0", 0.2, 0.01, false),
      ("0", 0, 0.01, true),
      (#"4.7\times10^-5"#, 4.6913e-5, 2e-7, true), (#"4.6\times10^-5"#, 4.6913e-5, 2e-7, false),
      (#"4.69(2)\times10^-5"#, 4.6913e-5, 2e-7, true), ("3.14159", Double.pi, 0, true),
      ("3.14160", Double.pi, 0, false), ("4.7e-5", 4.6913e-5, 2e-7, true), ("4.69(2)e-5", 4.6913e-5, 2e-7, true),
      ("4.6e-5", 4.6913e-5, 2e-7, false), ("4.7e", 4.7, 2e-3, false), ("2.50(10)e8", 2.5e8, 1e7, true),
      ("", 1, 0.1, false), ("1.", 1, 0.1, false), ("one", 1, 0.1, false), ("1", .nan, 0.1, false),
    ])
  func quoted(text: String, value: Double, error: Double, isRight: Bool) {
    #expect(ConciseNumber.isRounding(text, of: value, error: error) == isRight)
  }

  @Test("JUnit: a suite per paper, a case per claim with its numbers, failures and skips where they belong")
  func junit() throws {
    let (report, _) = try report()
    let document = try XMLDocument(data: Data(report.junit.utf8))
    let suite = try #require(try document.nodes(forXPath: "/testsuites/testsuite").first as? XMLElement)
    #expect(suite.attribute(forName: "name")?.stringValue == "toy")
    #expect(suite.attribute(forName: "tests")?.stringValue == "3")
    #expect(suite.attribute(forName: "failures")?.stringValue == "1")
    #expect(suite.attribute(forName: "skipped")?.stringValue == "1")
    #expect(try document.nodes(forXPath: "//testcase[@name='toy/far']/failure").count == 1)
    #expect(try document.nodes(forXPath: "//testcase[@name='toy/edge']/skipped").count == 1)
    let printed = try #require(
      try document.nodes(forXPath: "//testcase[@name='toy/near']/system-out").first?.stringValue)
    #expect(printed.contains("\nstatement: Walks end <near> \"4\" & not | elsewhere.\n"))
    #expect(printed.contains("\naccepted: 2.0 6.0\n"))
    #expect(try document.nodes(forXPath: "//testcase/properties").isEmpty, "Jenkins' xUnit plugin refuses them")
  }

  @Test(
    "JUnit has no element, attribute or form of a time that Jenkins' xUnit plugin refuses, with verdicts and without")
  func junitForJenkins() throws {
    let (report, _) = try report()
    let unjudged = VerdictReport(
      profile: "quick", claims: report.claims, unjudged: report.claims.prefix(1).map { ($0.claim, "cells are missing") }
    )
    let parts: [String: (attributes: Set<String>, required: Set<String>, children: Set<String>)] = [
      "testsuites": (["name", "time", "tests", "failures", "errors"], [], ["testsuite"]),
      "testsuite": (
        ["name", "tests", "failures", "errors", "group", "time", "skipped", "timestamp", "hostname", "id", "package"],
        ["name", "tests", "failures", "errors"], ["testcase", "system-out", "system-err"]
      ),
      "testcase": (
        ["name", "time", "classname", "group"], ["name"], ["skipped", "error", "failure", "system-out", "system-err"]
      ),
      "failure": (["type", "message"], [], []), "error": (["type", "message"], [], []),
      "skipped": (["type", "message"], [], []), "system-out": ([], [], []), "system-err": ([], [], []),
    ]
    var seen: Set<String> = []
    for text in [report.junit, unjudged.junit, VerdictReport.junit(withoutVerdicts: "no <reason>")] {
      let document = try XMLDocument(data: Data(text.utf8))
      for case let element as XMLElement in try document.nodes(forXPath: "//*") {
        let name = try #require(element.name)
        let part = try #require(parts[name], "no <\(name)>")
        let attributes = Set((element.attributes ?? []).compactMap(\.name))
        #expect(attributes.isSubset(of: part.attributes) && attributes.isSuperset(of: part.required), "\(element)")
        let children = (element.children ?? []).compactMap { ($0 as? XMLElement)?.name }
        #expect(part.children.isSuperset(of: children), "\(element)")
        if name.hasPrefix("testsuite"), let time = element.attribute(forName: "time")?.stringValue {
          #expect(time.wholeMatch(of: /\d{0,3}(,?\d{3})*(\.\d*)?/) != nil, "\(time)")
        }
        seen.insert(name)
      }
    }
    #expect(seen.isSuperset(of: ["testsuites", "testsuite", "testcase", "failure", "skipped", "error", "system-out"]))
  }

  @Test("Markdown: counts first, what is not as expected in the open, text inert, within the limit of CI services")
  func markdown() throws {
    let (report, _) = try report()
    let text = report.markdown(
      processorSeconds: 12, changes: [.init(claim: "toy/near", before: Interval(2, 5), after: Interval(2, 6))])
    #expect(
      text.hasPrefix("## Claims\n\nprofile quick: 3 claims: 1 confirmed, 1 refuted, 1 inconclusive; 1 NOT as expected"))
    #expect(text.contains("### Not as expected"))
    #expect(text.contains("- `toy/near`: [2, 5] → [2, 6]"))
    #expect(text.contains("&lt;near&gt;"))
    #expect(text.contains("not \\| elsewhere"))
    let many = VerdictReport(
      profile: "quick", claims: Array(repeating: report.claims, count: 2000).flatMap { $0 })
    #expect(many.markdown(processorSeconds: 12, changes: nil).utf8.count < VerdictReport.markdownLimit + 200)
  }

  @Test("an accepted interval is shown to the last digit of what was written")
  func acceptedInterval() {
    for (low, high, text) in [
      (0.99999, 1.000001, "[0.99999, 1.000001]"), (-3, 16.00004, "[-3, 16.00004]"), (0, 2e-7, "[0, 2e-07]"),
      (0.1 + 0.2, .infinity, "[0.30000000000000004, ∞]"),
    ] { #expect(VerdictReport.accepted(Interval(low, high)) == text) }
  }

  @Test("both ends of a measured interval are shown to the same place, the third digit of its length")
  func measuredInterval() {
    let cases: [(Double, Double, String)] = [
      (0.91678, 1.0699, "[0.917, 1.070]"), (2.7744, 3.2159, "[2.774, 3.216]"),
      (-1.234e-5, 5.67e-5, "[-1.23e-5, 5.67e-5]"), (999_999.4, 1_000_003.6, "[0.99999940e6, 1.00000360e6]"),
      (1234.5, 5678.9, "[1234, 5679]"), (1, 1, "[1, 1]"), (0, 0.5, "[0, 0.500]"), (-0.0002, 0.5, "[0.000, 0.500]"),
      (-Double.infinity, 0.123456, "[−∞, 0.1235]"), (0.33333333333333, 0.33333333333334, "[0.3333, 0.3333]"),
    ]
    for (low, high, text) in cases { #expect(VerdictReport.interval(Interval(low, high)) == text) }
  }

  @Test("Markdown shows any text as it is: no markup, no links, no mentions, no mathematics")
  func inertMarkdown() {
    let text = #"\|w\| `x` *a* _b_ [c](https://d.e) ~~f~~ <g> & www.h.i @j #12 $k$ [3, 4] &#64;"#
    let shown =
      #"\\\|w\\\| \`x\` \*a\* \_b\_ [c\](https&#58;//d.e) \~\~f\~\~ &lt;g&gt; &amp; www&#46;h.i @<!-- -->j "#
      + #"#<!-- -->12 \$k\$ [3, 4] &amp;#<!-- -->64;"#
    #expect(VerdictReport.markdown(withoutVerdicts: text) == "## Claims\n\n**Nothing was judged**: \(shown)\n")
  }

  @Test("JSON is versioned and holds what a reader needs to judge again")
  func json() throws {
    let (report, _) = try report()
    let object = try #require(
      try JSONSerialization.jsonObject(with: Data(report.json().utf8)) as? [String: Any])
    #expect(object["schema"] as? Int == 2)
    let near = try #require((object["claims"] as? [[String: Any]])?.first)
    #expect(near["verdict"] as? String == "confirmed")
    #expect(near["accepted"] as? [Double] == [2, 6])
    #expect((near["confirming"] as? [Double])?.count == 2)
    #expect(near["because"] as? String == "four steps of drift 1")
  }

  @Test("of a median of two values it is told that they are two, where it is inconclusive for that and nothing else")
  func medianOfTwoValues() throws {
    let claim = try #require(WalkClaims(WalkClaims.claim("near", accept: "[0, 2]")).project.claims.first)
    func judged(_ values: [Double], failed: Int = 0) -> EvaluatedClaim {
      EvaluatedClaim(
        claim, familySize: 3,
        estimation: Estimation(.median(values), failedReplicas: failed, plannedReplicas: values.count + failed))
    }
    func signs(_ low: Double, _ high: Double, _ count: Int, lowCount: Int) -> [Double] {
      (0..<count).map { $0 < lowCount ? low : high }
    }
    for (low, high) in [(-1.0, 1.0), (-3, 0.5)] {
      let reason = judged(signs(low, high, 60, lowCount: 28)).reason
      #expect(reason.contains("two values alone") && reason.contains("(28 times)"), "\(reason)")
      #expect(
        reason.contains("`proportion`") && !reason.contains("too few") && !reason.contains("would do"), "\(reason)")
    }
    #expect(judged(signs(-1, 1, 60, lowCount: 2)).verdict == .confirmed)
    #expect(judged(signs(-1, 1, 60, lowCount: 28), failed: 40).reason == "40 of 100 replicas failed")
    #expect(judged([0.5, 0.7]).reason == "too few replicas (2); at least 9 have an interval")
    #expect(judged(signs(-1, 1, 60, lowCount: 28) + [0.25]).reason.contains("too few replicas"))
  }

  @Test("too few replicas for an interval: the message gives the smallest number that has one")
  func fewestReplicas() throws {
    let claim = try #require(WalkClaims(WalkClaims.claim("near", accept: "[-100, 100]")).project.claims.first)
    func reason(_ estimate: Estimate) -> String {
      let estimation = Estimation(estimate, failedReplicas: 0, plannedReplicas: estimate.replicaCount)
      return EvaluatedClaim(claim, familySize: 60, estimation: estimation).reason
    }
    func numbers(_ count: Int, _ shift: Double) -> [Double] { (0..<count).map { shift + Double($0 * 7 % 5) } }
    let makes: [(Int) -> Estimate] = [
      { .median(numbers($0, 0)) }, { .mean(numbers($0, 0)) },
      { count in .greatest((0..<4).map { .median(numbers(count, Double($0) / 100)) }) },
    ]
    for make in makes {
      let told = reason(make(1))
      let match = try #require(told.firstMatch(of: /at least (\d+) have an interval/), "\(told)")
      let fewest = try #require(Int(match.1))
      #expect(fewest > 1 && !reason(make(fewest)).contains("have an interval"), "\(fewest)")
      #expect(reason(make(fewest - 1)).contains("at least \(fewest) have an interval"))
    }
  }

  @Test("of runs that all come out alike, the fewest that prove it are needed, however many there are")
  func unanimousRuns() throws {
    for (accept, isSuccess) in [("[0.9, 1]", true), ("[0, 0.02]", false)] {
      let claim = try #require(WalkClaims(WalkClaims.claim("near", accept: accept)).project.claims.first)
      func evaluated(_ count: Int) -> EvaluatedClaim {
        let estimate = Estimate.proportion(successes: isSuccess ? count : 0, trials: count)
        return EvaluatedClaim(
          claim, familySize: 7, estimation: Estimation(estimate, failedReplicas: 0, plannedReplicas: count))
      }
      let fewest = Int((try #require(evaluated(40).neededGrowth) * 40).rounded(.up))
      #expect(evaluated(fewest).verdict == .confirmed && evaluated(fewest - 1).verdict == .inconclusive, "\(fewest)")
      for count in [4, 63, 2000] {
        #expect(abs(try #require(evaluated(count).neededGrowth) * Double(count) - Double(fewest)) <= 1)
      }
    }
  }

  @Test("where replicas do not help, no number of them is needed, and it is said why")
  func noNeed() throws {
    let claim = try #require(WalkClaims(WalkClaims.claim("near", accept: "[-9, 9]")).project.claims.first)
    func planned(_ estimate: Estimate, failed: Int = 0) -> (need: Double?, text: String) {
      let evaluated = EvaluatedClaim(
        claim, familySize: 3,
        estimation: Estimation(estimate, failedReplicas: failed, plannedReplicas: estimate.replicaCount + failed))
      return (evaluated.neededGrowth, VerdictReport(profile: "quick", claims: [evaluated]).planText)
    }
    let numbers = (0..<40).map { Double($0 * 7 % 5) }
    #expect(planned(.mean(numbers)).need != nil)
    for (estimate, failed, why) in [
      (.mean(numbers), 30, "30 of 70 replicas failed"),
      (.mean(numbers.map { $0 < 4 ? 0.1 * $0 : 8 * $0 }), 0, "skewed"),
      (.mean(numbers.map { _ in 0.3 }), 0, "all equal"), (.greatest([.mean(numbers.map { _ in 0.3 })]), 0, "all equal"),
      (.mean([1, .nan, 2]), 0, "not a number"),
    ] as [(Estimate, Int, String)] {
      let (need, text) = planned(estimate, failed: failed)
      #expect(need == nil && text.contains("–") && text.contains(why), "\(text)")
    }
  }

  @Test("what a verdict says of more replicas is what the plan says, if there must be thousands of times as many")
  func sameNumbers() throws {
    let claim = try #require(WalkClaims(WalkClaims.claim("near", accept: "[-9, 9]")).project.claims.first)
    func told(_ estimate: Estimate) -> (reason: String, plan: String) {
      let evaluated = EvaluatedClaim(
        claim, familySize: 3,
        estimation: Estimation(estimate, failedReplicas: 0, plannedReplicas: estimate.replicaCount))
      return (evaluated.reason, VerdictReport(profile: "quick", claims: [evaluated]).planText)
    }
    func numbers(_ mean: Double) -> [Double] { (0..<40).map { mean + Double($0 * 7 % 5) - 2 } }
    let estimates: [Estimate] = [
      .mean(numbers(8.9)), .mean(numbers(8.995)), .mean(numbers(9.005)), .proportion(successes: 1, trials: 2),
      .greatest([.mean(numbers(8.99)), .mean(numbers(1))]), .median(numbers(8.9).map { $0 + 1e-3 * $0 * $0 }),
    ]
    for estimate in estimates {
      let (reason, plan) = told(estimate)
      guard !reason.isEmpty else { continue }
      let count = try #require(reason.firstMatch(of: /; about (\d+) would do/), "\(reason)").1
      #expect(plan.contains("  \(count) "), "\(reason)\n\(plan)")
    }
    #expect(told(.mean(numbers(9))).reason == "at the bound")
    #expect(told(.mean(numbers(9))).plan.contains("at the bound"))
    let single = told(.mean([2]))
    #expect(single.reason.hasPrefix("too few replicas (1)") && single.plan.contains("  more  "), "\(single)")
  }

  @Test("JSON has null for every number that is not finite, as a parser that knows no other word for it reads it")
  func notFinite() throws {
    let claims = try WalkClaims(
      WalkClaims.claim("near", accept: "[2, 6]") + "\n" + WalkClaims.claim("open", accept: "[3, .inf]")
    ).project.claims
    let estimates: [Estimate] = [
      .identity([3]), .identity([.nan]), .mean([1, .nan]), .mean([2]), .mean([]), .median([.infinity]),
      .fit(value: -.infinity, standardError: 1), .fit(value: 3, standardError: 0), .proportion(successes: 0, trials: 0),
    ]
    let evaluated = claims.flatMap { claim in
      estimates.map {
        EvaluatedClaim(
          claim, familySize: 7, estimation: Estimation($0, failedReplicas: 0, plannedReplicas: 4))
      } + [EvaluatedClaim(claim, familySize: 7, estimation: Estimation(failure: "none"))]
    }
    #expect(evaluated.contains { $0.judgement?.margin.isNaN ?? false })
    #expect(evaluated.contains { $0.judgement?.margin.isInfinite ?? false })
    let text = try VerdictReport(profile: "quick", claims: evaluated).json()
    let workspace = try Workspace()
    try workspace.write(text, to: "verdicts.json")
    try workspace.write(
      try JSON.text(["a": [Double.nan, 1.5, -.infinity], "b": [.infinity]], indented: false), to: "numbers.json")
    let script = """
      import json, sys
      def refuse(word): raise ValueError(word)
      def numbers(path): return json.load(open(path), parse_constant=refuse)
      assert numbers("numbers.json") == {"a": [None, 1.5, None], "b": [None]}
      for claim in numbers("verdicts.json")["claims"]:
          for name in ["estimate", "standardError", "numericalError", "skewness", "margin", "neededGrowth"]:
              assert claim[name] is None or type(claim[name]) in (int, float), (name, claim[name])
          for name in ["confirming", "refuting", "accepted"]:
              assert claim[name] is None or len(claim[name]) == 2
              assert all(x is None or type(x) in (int, float) for x in claim[name] or []), (name, claim[name])
      """
    let read = try runProgram("/usr/bin/python3", ["-c", script], in: workspace.path)
    #expect(read.status == 0, "\(read.errors)")
  }

  @Test("accepted intervals of an older figure file are compared with today's")
  func bounds() throws {
    let old = try ClaimFile.acceptedIntervals(
      in: """
        claims:
          near: {accept: [2, 5], other: key}
          gone: {accept: [0, 1], profiles: {paper: {accept: [0, 2]}}}
          paper: {accept: [0, 1], only: [paper]}
        """, file: "old", paper: "toy", profile: "quick")
    #expect(old == ["toy/near": Interval(2, 5), "toy/gone": Interval(0, 1)])
    let changes = BoundChange.between(old, ["toy/near": Interval(2, 6), "toy/new": Interval(0, 1)])
    #expect(changes.map(\.claim) == ["toy/gone", "toy/near", "toy/new"])
    #expect(changes.map(\.text) == ["removed, was [0, 1]", "[2, 5] → [2, 6]", "new, [0, 1]"])
  }
}
