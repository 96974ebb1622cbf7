import ArgumentParser
import Engine
import Foundation
import NumericalMethods
import PaperKit

/// `refig data`.
struct DataCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "data", abstract: "Print the numbers of a stage, computed if they are not there yet.",
    discussion: """
      --csv   one row per replica with all outputs that are single numbers; with --output NAME one row per number of that
              array, with its indices
      --json  everything, nested lists
      --h5    paths of the HDF5 files of the cells, one a line
      """)

  /// Forms of output.
  enum Format: String, EnumerableFlag {
    case csv, json, h5
  }

  @Argument(help: "A stage, or a figure for the tables it shows.", completion: .targets)
  var target: String

  @Flag(help: "Form of the output.")
  var format = Format.csv

  @Option(help: "The output array to print as CSV.")
  var output: String?

  @OptionGroup var project: ProjectOptions
  @OptionGroup var execution: ExecutionOptions

  func run() throws {
    let project = try project.load()
    let targets = try project.targets([target])
    let ids = targets.stages
    let plan = Plan(project.pipeline, stages: ids, catalogue: project.catalogue)
    _ = try execution.build(project, plan, progress: ProgressDisplay(quiet: execution.quiet))
    let reader = ResultReader(plan: plan, of: project)
    if let figure = targets.figures.first, format != .h5 {
      return try printTables(figure, Gallery(project: project, plan: plan, reader: reader))
    }
    for stage in plan.stages where ids.contains(stage.id) {
      let points = try reader.results(Evidence(stages: [stage.id])).points
      switch format {
      case .csv: try printCSV(stage, points)
      case .json: try printJSON(stage, points)
      case .h5: for key in stage.keys { print(project.store.path(of: key)) }
      }
    }
  }

  private func printTables(_ figure: Figure, _ gallery: Gallery) throws {
    guard format == .json else { return print(try gallery.csv(figure), terminator: "") }
    let objects = try figure.tables.map { reference -> [String: Any] in
      let table = try gallery.table(reference)
      let rows = table.rows.map { $0.map { $0.isFinite ? $0 as Any : NSNull() } }
      return ["table": reference.table, "stages": reference.stages, "columns": table.columns, "rows": rows]
    }
    let data = try JSONSerialization.data(withJSONObject: objects, options: [.sortedKeys, .withoutEscapingSlashes])
    print(String(decoding: data, as: UTF8.self))
  }

  private func printCSV(_ stage: Plan.Stage, _ points: [Results.Point]) throws {
    let outputs = stage.definition.experiment.outputs
    let chosen: [OutputArray]
    if let output {
      chosen = outputs.filter { $0.name == output }
      guard !chosen.isEmpty else {
        let names = outputs.map(\.name).joined(separator: ", ")
        throw PipelineError.badOption(name: "--output", value: output, allowed: "one of \(names)")
      }
    } else {
      chosen = outputs.filter(\.axes.isEmpty)
    }
    let axes = chosen.first?.axes ?? []
    print((stage.names + ["replica"] + axes + chosen.map(\.name)).map(\.csvField).joined(separator: ","))
    for point in points {
      let parameters = stage.names.map { (point.parameters[$0]?.canonicalText ?? "").csvField }
      for replica in 0..<point.replicaCount {
        let arrays = chosen.compactMap { point.arrays[$0.name] }
          .map { chosen[0].isCoordinate ? $0 : $0.slice(replica) }
        for index in 0..<(arrays.first?.values.count ?? 0) {
          let indices = Self.indices(index, shape: arrays[0].shape)
          let scales = zip(axes, indices).map { axis, index in
            point.arrays[axis].map { "\($0.values[index])" } ?? "\(index)"
          }
          let values = arrays.map { "\($0.values[index])" }
          print((parameters + ["\(replica)"] + scales + values).joined(separator: ","))
        }
        if chosen[0].isCoordinate { break }
      }
    }
  }

  private static func indices(_ flat: Int, shape: [Int]) -> [Int] {
    var rest = flat
    return shape.reversed().map { length in
      defer { rest /= length }
      return rest % length
    }.reversed()
  }

  private func printJSON(_ stage: Plan.Stage, _ points: [Results.Point]) throws {
    let objects = points.map { point -> [String: Any] in
      [
        "stage": stage.id, "parameters": point.parameters.mapValues { $0.canonicalText },
        "replicaCount": point.replicaCount, "failedReplicaCount": point.failedReplicaCount,
        "arrays": point.arrays.mapValues(Try.nested),
      ]
    }
    let data = try JSONSerialization.data(withJSONObject: objects, options: [.sortedKeys, .withoutEscapingSlashes])
    print(String(decoding: data, as: UTF8.self))
  }
}
