import ArgumentParser
import Engine
import Foundation

/// `refig status`.
struct Status: ParsableCommand {
  static let configuration = CommandConfiguration(abstract: "Per stage: how many cells are there, missing, failed.")

  @Argument(help: "Stages or paper:KEY; all unless given.")
  var targets: [String] = []

  @OptionGroup var project: ProjectOptions

  @Flag(help: "Exit with status 7 if anything is missing.")
  var check = false

  func run() throws {
    let project = try project.load()
    let plan = Plan(project.pipeline, stages: try project.targets(targets).stages, catalogue: project.catalogue)
    let present = try project.store.presentKeys()
    var missingCount = 0
    let width = plan.stages.map(\.id.count).max() ?? 0
    for stage in plan.stages {
      let missing = stage.keys.filter { !present.contains($0) }
      let failed = try missing.filter { try project.store.failure(of: $0) != nil }.count
      missingCount += missing.count
      print(
        stage.id.padding(toLength: width, withPad: " ", startingAt: 0),
        "\(stage.keys.count - missing.count)/\(stage.keys.count) cells"
          + (missing.isEmpty ? "" : ", \(missing.count) missing") + (failed > 0 ? ", \(failed) failed last time" : ""))
    }
    print("profile \(project.profile): \(project.claims.count) claims")
    if check, missingCount > 0 { throw PipelineError.outOfDate(count: missingCount) }
  }
}
