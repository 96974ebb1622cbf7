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

/// Stages that hold the same 40 walks of drift 1 in different ways, some beside others.
private let stages = """
  seed: 5
  profiles: [quick]
  figures: [figures/toy.yaml]
  stages:
    plain: {experiment: toy/walk, parameters: {drift: 1}, replicas: {count: 40, perCell: 40}}
    again: {experiment: toy/walk, parameters: {drift: 1.0}, replicas: {count: 40, perCell: 40}}
    cut: {experiment: toy/walk, parameters: {drift: 1}, replicas: {count: 40, perCell: 7}}
    part: {experiment: toy/walk, parameters: {drift: 1}, replicas: {count: 25, perCell: 10}}
    swept: {experiment: toy/walk, sweep: [{drift: [0.5, 1]}], replicas: {count: 40, perCell: 9}}
    groups:
      experiment: toy/walk
      sweep: [[{drift: {range: [-1, 1]}}, {drift: {linspace: [1, 3, 3]}}]]
      replicas: {count: 40, perCell: 13}
    defaults:
      experiment: toy/walk
      parameters: {drift: 1}
      sweep: [[{stepCount: [2, 4]}, {drift: [1, 7]}, {drift: 1, stepCount: 4}]]
      replicas: {count: 40, perCell: 40}
    mean-of-plain: {experiment: toy/mean, inputs: {walks: plain}}
    mean-of-cut: {experiment: toy/mean, inputs: {walks: cut}}
    mean-of-part: {experiment: toy/mean, inputs: {walks: part}}

  """

private func claim(_ name: String, from stages: String, accept: String) -> String {
  """
    \(name):
      statement: Walks end near 4.
      source: ours
      kind: derived
      estimate: toy/mean-end
      from: [\(stages)]
      where: {drift: 1, stepCount: 4}
      accept: \(accept)
      expect: inconclusive
      because: four steps of drift 1

  """
}

private struct Evaluated {
  let workspace: Workspace
  let project: Project
  let plan: Plan
  let reader: ResultReader
  let judge: Judge

  /// Computes all cells of the stages above.
  init(_ claims: String, in workspace: Workspace) throws {
    self.workspace = workspace
    try workspace.write(stages, to: "pipeline.yaml")
    try workspace.write("claims:\n" + claims, to: "figures/toy.yaml")
    project = try Project(root: workspace.path, profile: nil, catalogue: toyCatalogue())
    plan = try Plan(project.pipeline, stages: Set(project.pipeline.stages.map(\.id)), catalogue: project.catalogue)
    let worker = Worker(catalogue: project.catalogue, store: project.store)
    for stage in plan.stages {
      for index in stage.keys.indices {
        if case .failed(let reason) = worker.perform(stage.manifest(index)) { Issue.record("\(reason)") }
      }
    }
    reader = project.reader(plan)
    judge = project.judge(reader)
  }
}

@Suite struct ReplicaIdentityTests {
  @Test("a claim that is inconclusive with 40 replicas stays so however they are repeated and cut")
  func repeatedEvidence() throws {
    let workspace = try Workspace()
    let first = try Evaluated(claim("plain", from: "plain", accept: "[0, 8]"), in: workspace)
    let interval = try #require(try first.judge.judge(first.project.claims[0]).judgement).confirming
    // Twice the replicas would shrink it to 0.71 of its width, and confirm.
    let centre = (interval.low + interval.high) / 2
    let accept = "[\(centre - 0.85 * interval.halfWidth), \(centre + 0.85 * interval.halfWidth)]"
    let ways = [
      "plain", "plain, again", "plain, cut", "cut, plain, part", "part, cut", "swept, plain", "groups", "groups, part",
      "defaults", "defaults, cut, groups, swept, part, again, plain",
    ]
    let claims = ways.enumerated().map { claim("way-\($0)", from: $1, accept: accept) }.joined()
    let all = try Evaluated(claims, in: workspace)
    // The size of the family changes with the number of claims, the estimate does not.
    let expected = try #require(try all.judge.judge(all.project.claims[0]).estimate)
    #expect(expected.replicaCount == 40)
    for (way, claim) in zip(ways, all.project.claims) {
      let evaluated = try all.judge.judge(claim)
      #expect(evaluated.verdict == .inconclusive, "\(way)")
      #expect("\(evaluated.estimate as Any)" == "\(expected as Estimate?)", "\(way)")
      let judged = try all.judge.judge(claim, present: [])
      #expect(judged.missingCount == Set(judged.cells).count && judged.cells.count == judged.missingCount, "\(way)")
    }
  }

  @Test("cells that disagree on a replica they share are refused, whichever is named first")
  func disagreement() throws {
    let all = try Evaluated(claim("plain", from: "plain", accept: "[0, 8]"), in: Workspace())
    let store = all.project.store
    let key = try #require(all.plan["cut"]?.keys[2])
    let cell = try #require(try store.cell(key))
    var arrays = cell.arrays
    var values = try #require(arrays["end"]).values
    values[3] = values[3].nextUp
    arrays["end"] = NDArray(values)
    let other = Cell(
      manifest: cell.manifest, replicas: cell.replicas, failures: cell.failures, arrays: arrays,
      coordinates: cell.coordinates, numericClass: cell.numericClass)
    try store.publish(other.encoded(outputs: Walk.outputs), as: key)
    let reader = all.project.reader(all.plan)
    for stages in [["plain", "cut"], ["cut", "plain"]] {
      #expect(throws: PipelineError.self) { try reader.results(Evidence(stages: stages)) }
    }
    // Alone each stands for itself, and cells of another numeric class may differ.
    #expect(try reader.results(Evidence(stages: ["cut"])).points.count == 1)
    let foreign = Cell(
      manifest: cell.manifest, replicas: cell.replicas, failures: cell.failures, arrays: arrays,
      coordinates: cell.coordinates, numericClass: NumericClass("another"))
    try store.publish(foreign.encoded(outputs: Walk.outputs), as: key)
    #expect(try all.project.reader(all.plan).results(Evidence(stages: ["plain", "cut"])).points.count == 1)
  }

  @Test("the same inputs cut into other cells are the same inputs; others are not")
  func identityOfInputs() throws {
    let all = try Evaluated(claim("plain", from: "plain", accept: "[0, 8]"), in: Workspace())
    func replicaCount(_ stages: String...) throws -> Int {
      try all.reader.results(Evidence(stages: stages)).points(of: Mean.self).reduce(0) { $0 + $1.replicaCount }
    }
    #expect(try replicaCount("mean-of-plain", "mean-of-cut") == 1)
    #expect(try replicaCount("mean-of-plain", "mean-of-part", "mean-of-cut") == 2)
    #expect(all.plan["mean-of-plain"]?.keys != all.plan["mean-of-cut"]?.keys)
  }

  @Test("streams that draw the same numbers are the same replicas, here and behind an input; others are not")
  func sameStreams() throws {
    let workspace = try Workspace()
    try workspace.write(
      """
      seed: 8
      profiles: [quick]
      stages:
        coins: {experiment: toy/coin, replicas: {count: 6, perCell: 6}}
        common: {experiment: toy/coin, replicas: {count: 6, perCell: 6}, streams: common}
        cut: {experiment: toy/coin, replicas: {count: 6, perCell: 4}, streams: common}
        walks: {experiment: toy/walk, replicas: 6}
        common-walks: {experiment: toy/walk, replicas: 6, streams: common}
        square: {experiment: toy/formula}
        common-square: {experiment: toy/formula, streams: common}
        noise: {experiment: toy/formula, parameters: {isNoisy: true}}
        common-noise: {experiment: toy/formula, parameters: {isNoisy: true}, streams: common}
        of-walks: {experiment: toy/mean, inputs: {walks: walks}}
        of-common-walks: {experiment: toy/mean, inputs: {walks: common-walks}}
        of-coins: {experiment: toy/mean, inputs: {walks: coins}}
        of-common: {experiment: toy/mean, inputs: {walks: common}}
        of-cut: {experiment: toy/mean, inputs: {walks: cut}}
        of-square: {experiment: toy/mean, inputs: {walks: square}}
        of-common-square: {experiment: toy/mean, inputs: {walks: common-square}}

      """, to: "pipeline.yaml")
    let project = try Project(root: workspace.path, profile: nil, catalogue: toyCatalogue())
    let plan = try Plan(project.pipeline, stages: Set(project.pipeline.stages.map(\.id)), catalogue: project.catalogue)
    func areSame(_ first: String, _ second: String) throws -> Bool {
      try #require(plan[first]).identity(0) == #require(plan[second]).identity(0)
    }
    #expect(try areSame("coins", "common") && areSame("coins", "cut"))
    #expect(try areSame("square", "common-square"))
    #expect(try !areSame("walks", "common-walks"))
    #expect(try !areSame("noise", "common-noise"))
    #expect(try areSame("of-coins", "of-common") && areSame("of-coins", "of-cut"))
    #expect(try areSame("of-square", "of-common-square"))
    #expect(try !areSame("of-walks", "of-common-walks"))

    let worker = Worker(catalogue: project.catalogue, store: project.store)
    for stage in try ["coins", "common", "cut"].map({ try #require(plan[$0]) }) {
      for index in stage.keys.indices { _ = worker.perform(stage.manifest(index)) }
    }
    let results = try project.reader(plan).results(Evidence(stages: ["cut", "coins", "common"]))
    #expect(try results.point(of: Coin.self).replicas == Array(0..<6))
  }

  @Test("a union of groups has every point once, in the order in which they first appear")
  func unions() throws {
    let all = try Evaluated(claim("plain", from: "plain", accept: "[0, 8]"), in: Workspace())
    func points(_ stage: String) throws -> [[Double]] {
      try all.reader.results(Evidence(stages: [stage])).points(of: Walk.self).map {
        [$0.parameters.drift, Double($0.parameters.stepCount), Double($0.replicaCount)]
      }
    }
    #expect(try points("groups").map { $0[0] } == [-1, 0, 1, 2, 3])
    #expect(try points("defaults") == [[1, 2, 40], [1, 4, 40], [7, 4, 40]])
    #expect(all.plan.stages.allSatisfy { Set($0.keys).count == $0.keys.count })
  }

  @Test("failed replicas leave their numbers to nobody, and a replica that some cell has did not fail")
  func failedReplicas() throws {
    let workspace = try Workspace()
    try workspace.write(
      """
      seed: 1
      profiles: [quick]
      stages:
        one: {experiment: toy/fault, parameters: {kind: numerical, replica: 2}, replicas: {count: 5, perCell: 2}}
        two: {experiment: toy/fault, parameters: {kind: numerical, replica: 2}, replicas: {count: 8, perCell: 3}}
      """, to: "pipeline.yaml")
    let project = try Project(root: workspace.path, profile: nil, catalogue: toyCatalogue())
    let plan = try Plan(project.pipeline, stages: ["one", "two"], catalogue: project.catalogue)
    let worker = Worker(catalogue: project.catalogue, store: project.store)
    for index in 0..<3 { _ = worker.perform(plan.stages[0].manifest(index)) }
    // Of the second stage nothing is there.
    let point = try project.reader(plan, absence: .failedReplicas)
      .results(Evidence(stages: ["two", "one"])).points[0]
    #expect(point.replicas == [0, 1, 3, 4])
    #expect(point.failedReplicas == [2, 5, 6, 7])
    #expect(point.arrays["value"]?.values == [0, 1, 3, 4])
  }

  @Test(
    "what a list says twice is refused with its place",
    arguments: [
      ("sweep: [{drift: [1, 2, 1.0]}]", "pipeline.yaml:4:37: stage 'toy/walk': drift 1.0 is listed twice"),
      ("sweep: [{stepCount: [8, 8]}]", "pipeline.yaml:4:38: stage 'toy/walk': stepCount 8 is listed twice"),
      (
        "sweep: [{stepCount: [8, 9, 8], drift: [1, 1, 1]}]",
        "pipeline.yaml:4:22: stage 'toy/walk': stepCount 8, drift 1.0 is listed twice"
      ),
      ("sweep: [[{drift: 1}, {weights: [[1, 2], [1, 2]]}]]", "weights [1.0, 2.0] is listed twice"),
    ])
  func repeatedValues(sweep: String, message: String) throws {
    let workspace = try Workspace()
    try workspace.write("seed: 1\nprofiles: [quick]\nstages:\n  toy/walk: {\(sweep)}\n", to: "pipeline.yaml")
    let error = #expect(throws: PipelineError.self) {
      try Project(root: workspace.path, profile: nil, catalogue: toyCatalogue())
    }
    let text = try ErrorMessage.text(of: #require(error))
    #expect(text.contains(message), "\(text)")
  }

  @Test("a stage or a condition that a claim names twice is refused with its place")
  func repeatedEvidenceNames() throws {
    func message(_ claims: String) throws -> String {
      let error = #expect(throws: PipelineError.self) { try Evaluated(claims, in: Workspace()) }
      return try ErrorMessage.text(of: #require(error))
    }
    #expect(
      try message(claim("a", from: "plain, cut, plain", accept: "[0, 8]"))
        .contains("toy.yaml:7:24: claim 'a': stage 'plain' is listed twice"))
    let twice = claim("a", from: "plain", accept: "[0, 8]").replacing("drift: 1,", with: "drift: [1, 2, 1.0],")
    #expect(try message(twice).contains("toy.yaml:8:27: claim 'a': drift 1.0 is listed twice"))
  }

  @Test(
    "an estimate is of all sweep points: where one has lost more than a twentieth there is none, however few those are")
  func emptyPoints() throws {
    let greatest = Estimator("toy/greatest", from: [Fault.self], meaning: "greatest value of all points") { results in
      .identity(try results.points(of: Fault.self).flatMap { $0[Fault.value].values })
    }
    func estimation(failedAtLast failed: [Int], of count: Int = 2) throws -> Estimation {
      let points = (0..<25).map { row in
        var parameters = Fault.Parameters().values()
        parameters["row"] = .integer(row)
        let replicas = (0..<count).filter { row < 24 || !failed.contains($0) }
        return Results.Point(
          experiment: Fault.name, parameters: parameters, replicas: replicas, failedReplicas: row < 24 ? [] : failed,
          arrays: replicas.isEmpty ? [:] : ["value": NDArray(replicas.map(Double.init))])
      }
      return Estimation(by: greatest, from: Results(points: points), catalogue: toyCatalogue())
    }
    #expect(try estimation(failedAtLast: []).estimate?.replicaCount == 50)
    #expect(try estimation(failedAtLast: [1], of: 20).estimate?.replicaCount == 499)
    // One or two of fifty replicas: a verdict tolerates as many where they are spread.
    #expect(Judgement.tolerates(failed: 2, of: 50))
    let half = try estimation(failedAtLast: [1]).failure
    #expect(half.contains("1 of 2 replicas failed at one of 25 sweep points (toy/fault)"), "\(half)")
    let empty = try estimation(failedAtLast: [0, 1])
    #expect(empty.estimate == nil)
    #expect(
      empty.failure.contains("replicas failed at one of 25 sweep points (toy/fault)"), "\(empty.failure)")
  }

  @Test("a calculation without chance has one replica, whose number is exact; with noise nothing is")
  func calculations() throws {
    func evaluated(_ parameters: String, replicas: Int = 1) throws -> EvaluatedClaim {
      let workspace = try Workspace()
      try workspace.write(
        """
        seed: 1
        profiles: [quick]
        figures: [figures/toy.yaml]
        stages:
          toy/formula: {parameters: {x: 3, \(parameters)}, replicas: \(replicas)}
        """, to: "pipeline.yaml")
      try workspace.write(
        "claims:\n"
          + claim("square", from: "toy/formula", accept: "[9, 9]").replacing("toy/mean-end", with: "toy/square")
          .replacing("    where: {drift: 1, stepCount: 4}\n", with: ""), to: "figures/toy.yaml")
      let project = try Project(root: workspace.path, profile: nil, catalogue: toyCatalogue())
      let plan = try Plan(project.pipeline, stages: ["toy/formula"], catalogue: project.catalogue)
      let diagnostics = Diagnostics()
      plan.validate(diagnostics) { _ in true }
      try diagnostics.throwIfAny()
      let worker = Worker(catalogue: project.catalogue, store: project.store)
      for index in plan.stages[0].keys.indices { _ = worker.perform(plan.stages[0].manifest(index)) }
      return try project.judge(project.reader(plan)).judge(project.claims[0])
    }
    let exact = try evaluated("isNoisy: false")
    #expect(exact.verdict == .confirmed && exact.estimate?.replicaCount == 0)
    #expect(try evaluated("isNoisy: true").reason.contains("toy/formula draws random numbers"))
    let error = #expect(throws: PipelineError.self) { try evaluated("isNoisy: false", replicas: 3) }
    #expect(
      try ErrorMessage.text(of: #require(error)).contains("replicas = 3 is not allowed: 1: with these parameters"))
    #expect(try evaluated("isNoisy: true", replicas: 3).verdict == .inconclusive)
  }
}
