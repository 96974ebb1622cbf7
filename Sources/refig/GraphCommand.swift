import ArgumentParser
import Engine

/// `refig graph`.
struct GraphCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "graph", abstract: "Stages, figures and claims, what they read and whether it is there.",
    discussion: "With --format dot, `refig graph --format dot | dot -Tsvg` draws it.")

  @Argument(help: "Stages, figures, claims or paper:KEY; everything unless given.")
  var targets: [String] = []

  @Option(help: "text, dot or mermaid.")
  var format = StageGraph.Format.text

  @OptionGroup var project: ProjectOptions

  func run() throws {
    let project = try project.load()
    let plan = Plan(project.pipeline, stages: try project.targets(targets).stages, catalogue: project.catalogue)
    print(StageGraph(project: project, plan: plan, present: try project.store.presentKeys()).text(format))
  }
}

extension StageGraph.Format: ExpressibleByArgument {}
