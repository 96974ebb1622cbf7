package import Claims
package import Figures
package import PaperKit
package import Pipeline
private import Platform
private import Store

/// Where a figure's picture comes from: what was written for it, the stages and cells it reads, the code that computed
/// them, and the claims that read the same arrays.
package struct FigureLineage: Sendable, Encodable {
  package struct Stage: Sendable, Encodable {
    package let id: String
    package let experiment: String
    /// The files that define the experiment, relative to the project's folder; its own first.
    package let code: [String]
    /// The stages it reads itself.
    package let inputs: [String]
    package let cells: [Cell]

    package var missingCount: Int { cells.count { !$0.isPresent } }
  }

  package struct Cell: Sendable, Encodable {
    package let key: String
    /// The parameters that vary in the stage, and the replicas.
    package let label: String
    package let isPresent: Bool
  }

  package let figure: String
  package let yaml: SourceExcerpt
  package let stages: [Stage]
  package let claims: [String]
  /// What draws it again, and what prints its numbers.
  package let drawCommand: String
  package let dataCommand: String

  package var cellCount: Int { stages.reduce(0) { $0 + $1.cells.count } }
  package var missingCount: Int { stages.reduce(0) { $0 + $1.missingCount } }

  /// The plan must hold the figure's stages; `present` are the keys in the store.
  package init(of figure: Figure, in project: Project, plan: Plan, present: Set<CellKey>) throws {
    self.figure = figure.id
    yaml = try SourceExcerpt(at: figure.location)
    let ids = Set(figure.tables.flatMap(\.stages))
    stages = plan.stages.filter { ids.contains($0.id) }.map { stage in
      let experiment = stage.definition.experiment
      return Stage(
        id: stage.id, experiment: experiment.name, code: project.sourcePaths(of: experiment),
        inputs: stage.definition.inputs.map(\.stage),
        cells: stage.keys.indices.map { index in
          let key = stage.keys[index]
          return Cell(key: "\(key)", label: stage.label(index), isPresent: present.contains(key))
        })
    }
    claims = project.claims(onArraysOf: figure).map(\.id)
    let option = project.profileOption
    drawCommand = "refig run fig:\(figure.id)\(option)"
    dataCommand = "refig data fig:\(figure.id) --csv\(option)"
  }
}

extension Project {
  /// What a command needs to mean this profile: nothing if it is the first.
  var profileOption: String { profile == pipeline.profiles.first ? "" : " --profile \(profile)" }

  /// The files that define an experiment, relative to the project's folder, its own first; none where the sources are not
  /// there, as in a folder that holds a pipeline only.
  package func sourcePaths(of experiment: ExperimentDescription) -> [String] {
    catalogue.sourcePaths(of: experiment).compactMap(present)
  }

  /// Where the code of an estimator is in the project, if it is there.
  package func sourcePath(of estimator: Estimator) -> String? { catalogue.sourcePath(of: estimator).flatMap(present) }

  private func present(_ path: String) -> String? {
    Files.sizeAndTime("\(root)/\(path)") == nil ? nil : path
  }

  /// The claims that read a stage that the figure shows.
  package func claims(onArraysOf figure: Figure) -> [Claim] {
    let stages = Set(figure.tables.flatMap(\.stages))
    return claims.filter { !stages.isDisjoint(with: $0.evidence.stages) }
  }
}
