import Foundation
import PaperKit
import Papers
import Pipeline
import Reports
import Runner
import Store
import TestSupport
import Testing
import ToyPaper

/// The law of correct builds on a quick stage of every paper: pipeline.yaml's own stages, computed by the program.
@Suite struct RealStageTests {
  private static let stages = [
    "sarao2020/uniqueness-below", "oymak2019/start-residual", "martin2023/orthonormal-flow", "martin2026/theory-f2",
    "bocchi2026/escape-time-small-rate",
  ]

  /// The pipeline of this checkout in a folder of its own.
  private func checkout() throws -> Workspace {
    let workspace = try Workspace()
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    try workspace.copyPipeline(from: root.path)
    return workspace
  }

  private func cells(_ workspace: Workspace) throws -> [String: Data] {
    var cells: [String: Data] = [:]
    for name in workspace.files(under: "data/store") where name.hasSuffix(".h5") {
      cells[name] = try Data(contentsOf: URL(fileURLWithPath: workspace.path + "/data/store/" + name))
    }
    return cells
  }

  @Test("every paper has a stage here")
  func everyPaper() { #expect(Set(Self.stages.map { "\($0.prefix { $0 != "/" })" }) == Set(allPapers.map(\.key))) }

  @Test("a real stage is the same bit for bit with one worker, two, none, and in any order", arguments: stages)
  func correctBuild(stage: String) throws {
    let stores = try ["-j1", "-j2", "-j0"].map { workers in
      let workspace = try checkout()
      let result = try runProgram(
        try productPath("refig"), ["run", stage, workers, "--quiet"], in: workspace.path)
      #expect(result.status == 0, "\(result.errors)")
      return try cells(workspace)
    }
    #expect(stores[0].count >= 2)
    #expect(stores[0] == stores[1])
    #expect(stores[0] == stores[2])

    let workspace = try checkout()
    let catalogue = Catalogue(
      papers: allPapers, fingerprints: Fingerprints(files: sourceFingerprints, compiler: compilerVersion))
    let project = try Reports.Project(root: workspace.path, profile: nil, catalogue: catalogue)
    let plan = try Plan(project.pipeline, stages: [stage], catalogue: catalogue)
    let worker = [try productPath("refig"), "worker", "--store", project.store.root]
    var build = Build(
      store: project.store, plan: plan, executor: Shuffled(try LocalExecutor(command: worker, workerCount: 2)),
      makeLog: { try RunLog(root: workspace.path, command: [], profile: "quick", facts: [:]) })
    #expect(try build.run().failed == 0)
    #expect(try cells(workspace) == stores[0])
    // Recomputing gives what is stored.
    let audit = try runProgram(
      try productPath("refig"), ["store", "audit", stage, "--sample", "2"], in: workspace.path)
    #expect(audit.status == 0, "\(audit.output)\(audit.errors)")
  }
}
