import ArgumentParser
import Claims
import Figures
import Pipeline
import Reports

/// `refig schema`.
struct SchemaCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "schema", abstract: "The JSON Schema of the project's YAML files, for editors.",
    discussion: """
      `refig schema pipeline > pipeline.schema.json` and, in pipeline.yaml, a first line `# yaml-language-server: \
      $schema=pipeline.schema.json` let an editor complete keys and names and mark mistakes. It holds the project's names, so \
      make it again when stages or experiments come or go.
      """)

  enum File: String, CaseIterable, ExpressibleByArgument { case pipeline, figures }

  @Argument(help: "Of pipeline.yaml or of the files under figures/.")
  var file: File

  @OptionGroup var project: ProjectOptions

  func run() throws {
    let project = try project.load()
    print(try JSON.text(file == .pipeline ? project.pipeline.schema : Self.figures(project), indented: true))
  }

  private static func figures(_ project: Project) -> Schema {
    let (figures, drawn) = FigureFile.schema(
      tables: project.catalogue.tableNames.sorted(), stages: project.pipeline.stageNames)
    let (claims, judged) = ClaimFile.schema(project.pipeline)
    return .document(
      title: "figures and claims of refig",
      .mapping(Project.figureFileKeys, ["font": .reference("font"), "figures": figures, "claims": claims]),
      definitions: drawn.merging(judged) { first, _ in first })
  }
}
