import ArgumentParser
import Pipeline
import Reports
import Store

/// `refig graph`.
struct GraphCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "graph", abstract: "Stages, figures and claims, what they read and whether it is there.",
    discussion: "`refig graph --format svg > graph.svg` draws it; Graphviz and Mermaid take the formats of their names."
  )

  @Argument(help: "Stages, figures, claims or paper:KEY; everything unless given.", completion: .targets)
  var targets: [String] = []

  @Option(help: "text, dot, mermaid, svg or json.")
  var format = StageGraph.Format.text

  @Flag(help: "The same as --format json.")
  var json = false

  @OptionGroup var project: ProjectOptions

  func run() throws {
    let project = try project.load()
    let plan = try Plan(project.pipeline, stages: try project.targets(targets).stages, catalogue: project.catalogue)
    let graph = StageGraph(project: project, plan: plan, present: try project.store.presentKeys())
    print(try graph.text(json ? .json : format))
  }
}

extension StageGraph.Format: ExpressibleByArgument {}
