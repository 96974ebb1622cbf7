import Claims
import Foundation
import NumericalMethods
import PaperKit
import Pipeline
import Reports
import Runner
import Store
import TestSupport
import Testing
import ToyPaper

/// What `where:`, `accept:` and `expect:` of a claim may say.
@Suite struct ConditionTests {
  /// The claim of a project with walks of two kinds. Mistakes come as an error.
  private func claim(
    _ lines: String..., estimate: String = "toy/mean-end", profile: String? = nil
  ) throws -> Claim? {
    let workspace = try Workspace()
    try workspace.write(
      """
      seed: 3
      profiles: [quick, paper]
      figures: [toy.yaml]
      stages:
        toy/walk:
          parameters: {drift: 0.5}
          sweep:
            - - {stepCount: 1, law: [normal, uniform]}
              - {stepCount: [2, 3], drift: 1}
            - {isReflected: [true, false]}
          profiles: {paper: {sweep: [{stepCount: {range: [1, 9]}}]}}
        other: {experiment: toy/walk, parameters: {stepCount: 7}}
      """, to: "pipeline.yaml")
    let text = ["statement: s", "source: ours", "kind: derived", "estimate: \(estimate)", "because: b"] + lines
    try workspace.write(
      "claims:\n  ends:\n" + text.map { "    \($0)\n" }.joined(), to: "toy.yaml")
    return try Project(root: workspace.path, profile: profile, catalogue: toyCatalogue()).claims.first
  }

  private func refusal(_ lines: String..., estimate: String = "toy/mean-end") -> String {
    do {
      _ = try claim(lines[0], lines[1], lines.count > 2 ? lines[2] : "only: [quick]", estimate: estimate)
      return "nothing"
    } catch {
      return ErrorMessage.text(of: error).split(separator: "toy.yaml:").dropFirst().joined(separator: "|")
    }
  }

  private static let from = "from: [toy/walk]"

  @Test(
    "each value of where: must belong to a point, also together with the others",
    arguments: [
      ("{stepCount: [1, 9, 2]}", "8:28: claim 'ends': no point has stepCount = 9; there it is 1, 2, 3"),
      ("{stepCount: [1, two]}", "8:28: claim 'ends': 'stepCount' must be a whole number, not the word 'two'"),
      ("{drift: [0.5, 0.75]}", "8:26: claim 'ends': no point has drift = 0.75; there it is 0.5, 1.0"),
      ("{law: uniform, stepCount: [1, 3]}", "8:42: claim 'ends': no point has stepCount = 3 together with the other"),
      ("{law: levy}", "8:18: claim 'ends': no point has law = levy; there it is normal, uniform"),
      ("{isReflected: 1}", "8:26: claim 'ends': 'isReflected' must be true or false, not the number 1"),
      ("{weights: [2]}", "8:22: claim 'ends': no point has weights = [2.0]; there it is [1.0]"),
      ("{weights: []}", "8:22: claim 'ends': weights = [] is not allowed: at least one value"),
      ("{drift: []}", "8:20: claim 'ends': drift = [] is not allowed: at least one value"),
      ("{stepcount: 1}", "8:24: claim 'ends': unknown parameter 'stepcount'; did you mean 'stepCount'?"),
    ])
  func refused(condition: String, message: String) {
    let told = refusal("where: \(condition)", "accept: [0, 1]", Self.from)
    #expect(told.hasPrefix(message), "\(told)")
  }

  @Test(
    "each value of a where: within estimate: must belong to a point that the claim's own leaves",
    arguments: [
      ("{mean: {of: end, where: {stepCount: 4}}}", "6:51: claim 'ends': no point has stepCount = 4; there it is 1,"),
      (
        "{ratio: [{of: end, where: {drift: 1}}, {of: end, where: {drift: 2}}]}",
        "6:79: claim 'ends': no point has drift = 2.0; there it is 0.5, 1.0"
      ),
      (
        "{greatest: {of: end, where: {law: uniform}}}",
        "6:49: claim 'ends': no point has law = uniform together with the other conditions"
      ),
      (
        "{slope: {of: end, against: stepCount, where: {drift: 0.5}}}",
        "6:68: claim 'ends': no point has drift = 0.5 together with the other conditions"
      ),
      ("{median: {of: end, where: {stepCount: [2, 3, 2]}}}", "6:60: claim 'ends': stepCount 2 is listed twice"),
      ("{median: {of: end, where: {weights: [1, 2]}}}", "6:51: claim 'ends': no point has weights = [1.0, 2.0]"),
      ("{mean: {of: end, where: {isReflected: []}}}", "6:53: claim 'ends': isReflected = [] is not allowed"),
    ])
  func refusedOfQuantities(estimate: String, message: String) {
    let told = refusal(Self.from, "where: {stepCount: [2, 3]}", "accept: [0, 1]", estimate: estimate)
    #expect(told.hasPrefix(message), "\(told)")
  }

  @Test("points of quantities are looked at in the profile that judges the claim, by its own stages")
  func quantities() throws {
    let lines = [Self.from, "profiles: {paper: {from: [other]}}", "accept: [0, 1]"]
    for (profile, place) in [("quick", 2), ("paper", 7)] {
      for value in [2, 7] {
        let estimate = "{greatest: {of: end, where: {stepCount: \(value), weights: [1]}}}"
        func read() throws -> Claim? {
          try claim(lines[0], lines[1], lines[2], estimate: estimate, profile: profile)
        }
        if value == place {
          #expect(try read() != nil)
        } else {
          #expect(throws: PipelineError.self) { try read() }
        }
      }
    }
    let estimate = "{mean: {of: end, where: {stepCount: 88}}}"
    #expect(try claim(Self.from, "only: [paper]", "accept: [0, 1]", estimate: estimate) == nil)
  }

  @Test(
    "values that points have are taken, in the parameter's own type",
    arguments: [
      ("{stepCount: [1, 3.0]}", 6), ("{drift: 1}", 4), ("{drift: [1, 0.50]}", 8), ("{law: normal, drift: 0.5}", 2),
      ("{weights: [1]}", 8), ("{weights: [[1]], isReflected: true}", 4),
    ])
  func accepted(condition: String, count: Int) throws {
    let claim = try #require(try claim(Self.from, "where: \(condition)", "accept: [0, 1]"))
    let project = try claimProject()
    let plan = try Plan(project.pipeline, stages: ["toy/walk"], catalogue: project.catalogue)
    #expect(project.reader(plan).keys(claim.evidence).count == count)
  }

  /// The same stage without claims.
  private func claimProject() throws -> Project {
    let workspace = try Workspace()
    try workspace.write(
      """
      seed: 3
      profiles: [quick]
      stages:
        toy/walk:
          parameters: {drift: 0.5}
          sweep:
            - - {stepCount: 1, law: [normal, uniform]}
              - {stepCount: [2, 3], drift: 1}
            - {isReflected: [true, false]}
      """, to: "pipeline.yaml")
    return try Project(root: workspace.path, profile: nil, catalogue: toyCatalogue())
  }

  @Test("a stage of which nothing is selected is reported; a claim of other profiles is not checked")
  func stages() throws {
    let told = refusal("from: [toy/walk, other]", "where: {stepCount: 1}", "accept: [0, 1]")
    #expect(
      told.hasPrefix("8:11: claim 'ends': stage 'other' has no point that `where:` selects; leave it out"), "\(told)")
    #expect(try claim(Self.from, "where: {stepCount: 8}", "accept: [0, 1]", "only: [paper]") == nil)
    #expect(
      try claim(Self.from, "where: {stepCount: 8}", "accept: [0, 1]", "only: [paper]", profile: "paper") != nil)
  }

  @Test(
    "what a profile overrides is read all the same",
    arguments: [
      ("accept: [2, 1]", "profiles: {quick: {accept: [0, 1]}}", "the interval [2.0, 1.0] is empty"),
      ("accept: [0, wide]", "profiles: {quick: {accept: [0, 1]}}", "'accept' must be a number, not the word 'wide'"),
      ("accept: [0, 1]", "profiles: {paper: {accept: 3}}", "'accept' must be a list of two numbers"),
      ("accept: [0, 1]", "expect: sure\n    profiles: {quick: {expect: refuted}}", "unknown expect 'sure'"),
      ("accept: [0, 1]", "profiles: {paper: {expect: sure}}", "unknown expect 'sure'"),
    ])
  func overridden(accept: String, profiles: String, message: String) {
    #expect(refusal(Self.from, accept, profiles).contains(message))
  }

  @Test("a profile may select other points; they are looked at in that profile, and read in all")
  func ownCondition() throws {
    let own = "profiles: {paper: {where: {stepCount: [8, 9]}}}"
    for (profile, values) in [("quick", [1, 2]), ("paper", [8, 9])] {
      let claim = try #require(
        try claim(Self.from, "where: {stepCount: [1, 2]}", "accept: [0, 1]", own, profile: profile))
      #expect(claim.evidence.conditions == ["stepCount": values.map(ParameterValue.integer)])
    }
    // Other stages too, under the conditions of the claim unless it has its own.
    let stages = "profiles: {paper: {from: [other]}}"
    for (profile, names) in [("quick", ["toy/walk"]), ("paper", ["other"])] {
      let claim = try #require(try claim(Self.from, "accept: [0, 1]", stages, profile: profile))
      #expect(claim.evidence.stages == names)
    }
    #expect(refusal(Self.from, "accept: [0, 1]", "profiles: {paper: {from: [nowhere]}}").contains("nowhere"))
    let told = refusal(Self.from, "accept: [0, 1]", "profiles: {paper: {where: {stepCount: [8, nine]}}}")
    #expect(told.contains("'stepCount' must be a whole number, not the word 'nine'"), "\(told)")
  }

  @Test("the profile's interval and expectation count, where it has some")
  func overrides() throws {
    let lines = ["accept: [0, 1]", "expect: refuted", "profiles: {quick: {accept: [2, 3], expect: inconclusive}}"]
    for (profile, low, expected) in [("quick", 2.0, Verdict.inconclusive), ("paper", 0, .refuted)] {
      let claim = try #require(try claim(Self.from, lines[0], lines[1], lines[2], profile: profile))
      #expect(claim.accepted.low == low && claim.expected == expected)
    }
  }
}
