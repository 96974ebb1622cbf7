import Claims
import ExamplePaper
import Figures
import Foundation
import PaperKit
import Pipeline
import Reports
import Runner
import Store
import TestSupport
import Testing

/// The article "Adding a paper in one folder" does what it says.
@Suite struct ExamplePaperTests {
  private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()

  private static func text(_ path: String) throws -> String {
    try String(contentsOf: root.appending(path: path), encoding: .utf8)
  }

  /// The blocks of code of one language in an article.
  private static func blocks(_ language: String, in path: String) throws -> [String] {
    try text(path).split(separator: "```\(language)\n", omittingEmptySubsequences: false).dropFirst().compactMap {
      $0.split(separator: "```").first.map(String.init)
    }
  }

  private static let article = "Sources/Pipeline/Pipeline.docc/AddingAPaper.md"

  @Test("the Swift of the article is the Swift that is compiled here")
  func sources() throws {
    let files = try ["Smith2027/SampleMean", "Smith2027/Smith2027", "EngineTests/SampleMeanTests"]
      .map { try Self.text("Tests/\($0).swift") }
    let blocks = try Self.blocks("swift", in: Self.article)
    #expect(blocks.prefix(2) == files.prefix(2))
    // Here the module has another name, which leaves the article's free for whoever follows it.
    func body(_ text: String) -> [Substring] { text.split(separator: "\n").filter { !$0.hasPrefix("import ") } }
    #expect(blocks.dropFirst(2).map(body) == files.dropFirst(2).map(body))
  }

  @Test("the YAML of the article runs: cells, figure, verdict")
  func run() throws {
    let yaml = try Self.blocks("yaml", in: Self.article)
    #expect(yaml.count == 2)
    let workspace = try Workspace()
    try workspace.write(
      "seed: 1\nprofiles: [quick]\nfigures: [figures/smith2027.yaml]\nstages:\n" + yaml[0], to: "pipeline.yaml")
    try workspace.write(yaml[1], to: "figures/smith2027.yaml")
    try workspace.write(try Self.text("figures/style.gp"), to: "figures/style.gp")
    let catalogue = Catalogue(
      papers: [smith2027],
      fingerprints: Fingerprints(files: ["ExamplePaper/SampleMean.swift": "digest"], compiler: "example"))
    let project = try Project(root: workspace.path, profile: nil, catalogue: catalogue)
    let plan = try Plan(project.pipeline, stages: ["smith2027/sample-mean"], catalogue: catalogue)
    var build = Build(
      store: project.store, plan: plan,
      executor: InProcessExecutor(worker: Worker(catalogue: catalogue, store: project.store)),
      makeLog: { try RunLog(root: workspace.path, command: ["test"], profile: "quick", facts: [:]) })
    #expect(try build.run().computed == plan.stages[0].keys.count)
    let reader = project.reader(plan)
    let outcome = try project.gallery(plan, reader).draw(project.figures, look: project.look(), processCount: 1)[0]
      .outcome
    guard case .drawn = outcome else {
      Issue.record("\(outcome)")
      return
    }
    let claim = try #require(project.claims.first)
    let evaluated = EvaluatedClaim(
      claim, familySize: 1, results: try reader.results(claim.evidence), catalogue: catalogue)
    #expect(evaluated.verdict == .confirmed, "\(evaluated.sentence)")
  }
}
