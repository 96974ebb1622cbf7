import ArgumentParser
import Claims
import Foundation
import PaperKit
import Pipeline
import Platform
import Reports
import Runner
import Store

/// `refig mutate`.
struct Mutate: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "mutate",
    abstract: "Show that the claims can fail: what they notice of deliberate mistakes.",
    discussion: """
      Synthetic mutants change a claim's results (its number past a bound, a replica that is not a number, pure noise, …) \
      and cost no run. Science mutants are mistakes built into the experiments (a halved gradient, a forgotten term); their \
      cells have keys of their own and are never drawn. Each is tried on the claims that list it under `kills:`. Exit status \
      4 when a claim survives what must kill it, or a mistake goes unnoticed.
      """)

  @Argument(help: "Claims by id, stages, or paper:KEY; all claims unless given.", completion: .targets)
  var targets: [String] = []

  @OptionGroup var project: ProjectOptions
  @OptionGroup var execution: ExecutionOptions

  @Flag(help: "Only the synthetic mutants.")
  var synthetic = false

  @Flag(help: "Try every mistake on every claim whose results can have it; long.")
  var all = false

  @Flag(help: "Only say how many cells would run.")
  var dry = false

  func run() throws {
    let project = try project.load()
    let claims = try project.claims(of: targets)
    guard !claims.isEmpty else { throw PipelineError.noClaims }
    let plan = try Plan(
      project.pipeline, stages: Set(claims.flatMap(\.evidence.stages)), catalogue: project.catalogue)
    let progress = ProgressDisplay(quiet: execution.quiet)
    guard !dry else {
      var none: [KillMatrix.Row] = []
      return synthetic ? () : try tryMistakes(on: claims, project, progress, &none)
    }
    let reader = project.reader(plan)
    let (_, _, failure) = try execution.recordedBuild(
      project, plan, needed: reader.closure(of: claims.map(\.evidence)), progress: progress)
    let present = try project.store.presentKeys()
    let whole = claims.filter { reader.keys($0.evidence).allSatisfy(present.contains) }
    var rows = try whole.map { claim in
      let results = try reader.results(claim.evidence)
      return try guarding(claim.id) {
        try KillMatrix.Row(
          evaluated(claim, results, project), results: results, catalogue: project.catalogue)
      }
    }
    if !synthetic { try tryMistakes(on: whole, project, progress, &rows) }
    let matrix = KillMatrix(rows: rows, pipeline: project.pipeline, claims: project.claims)
    print(matrix.text + "\n")
    for problem in matrix.problems { print(problem) }
    print("profile \(project.profile): \(matrix.summary)")
    for claim in claims where !whole.contains(where: { $0.id == claim.id }) {
      print("not tried, as cells failed: \(claim.id)")
    }
    if let failure { throw failure }
    if !matrix.problems.isEmpty { throw PipelineError.mutantsSurvive(count: matrix.problems.count) }
  }

  private func evaluated(_ claim: Claim, _ results: Results, _ project: Project) -> EvaluatedClaim {
    EvaluatedClaim(claim, familySize: project.claims.count, results: results, catalogue: project.catalogue)
  }

  /// Judges results by an estimator that may trap. Throws ``PipelineError/estimatorTrapped(claim:)`` if it has.
  private func guarding<Result>(_ name: String, _ body: () throws -> Result) throws -> Result {
    if TrapGuard.trapped.contains(name) { throw PipelineError.estimatorTrapped(claim: name) }
    return try TrapGuard.guarding(name, body)
  }

  /// Runs the claims' evidence with one mistake at a time.
  private func tryMistakes(
    on claims: [Claim], _ project: Project, _ progress: ProgressDisplay, _ rows: inout [KillMatrix.Row]
  ) throws {
    var missingCount = 0
    for (paper, mutant) in mistakes(of: claims, project) {
      let chosen = claims.indices.filter { claims[$0].paper == paper && isTried(mutant, on: claims[$0], project) }
      let plan = try Plan(
        project.pipeline, stages: Set(chosen.flatMap { claims[$0].evidence.stages }), catalogue: project.catalogue,
        mutant: mutant)
      let reader = project.reader(plan, absence: .failedReplicas)
      var build = Build(
        store: project.store, plan: plan, needed: reader.closure(of: chosen.map { claims[$0].evidence }),
        executor: try execution.executor(project, plan), progress: progress.show,
        makeLog: { try ProcessEnvironment.log(for: project) })
      if dry {
        let count = try build.missing().reduce(0) { $0 + $1.count }
        missingCount += count
        print("\(paper) \(mutant): \(Text.count(count, "cell")) would run")
        continue
      }
      // A mistake may make cells fail: they count as failed replicas, and the claim notices.
      _ = try build.run()
      for index in chosen {
        let results = try reader.results(claims[index].evidence)
        rows[index].science[mutant] = try guarding(claims[index].id) { evaluated(claims[index], results, project) }
      }
    }
    if dry { print("\(Text.count(missingCount, "cell")) would run") }
  }

  private func mistakes(of claims: [Claim], _ project: Project) -> [(paper: String, mutant: String)] {
    var found: [(paper: String, mutant: String)] = []
    for claim in claims {
      for mutant in project.pipeline.mutants(of: claim.evidence).map(\.name)
      where isTried(mutant, on: claim, project) && !found.contains(where: { $0 == (claim.paper, mutant) }) {
        found.append((claim.paper, mutant))
      }
    }
    return found
  }

  private func isTried(_ mutant: String, on claim: Claim, _ project: Project) -> Bool {
    claim.kills.contains(mutant) || claim.immunities[mutant] != nil
      || all && project.pipeline.mutants(of: claim.evidence).contains { $0.name == mutant }
  }
}
