import ArgumentParser
import Claims
import Figures
import Foundation
import NumericalMethods
import PaperKit
import Pipeline
import Platform
import Reports
import Store

/// `refig data`.
struct DataCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "data", abstract: "Print the numbers of a stage, computed if they are not there yet.",
    discussion: """
      Of a claim the points it is measured on, of paper:KEY all stages of the paper. As JSON all of it is one list. As CSV one \
      table is printed: where there are several, choose one by --table, or write a file for each with --folder.

      --csv   one row per replica with all outputs that are single numbers;
              with --output NAME one row per number of that array, with its
              indices. Where all outputs are arrays: those, the ones of the
              same axes in one table
      --json  everything, nested lists
      --h5    paths of the HDF5 files of the cells, one a line
      """)

  /// Forms of output.
  enum Format: String, EnumerableFlag {
    case csv, json, h5
  }

  @Argument(help: "A stage, a claim, or a figure for the tables it shows.", completion: .targets)
  var target: String

  @Flag(help: "Form of the output.")
  var format = Format.csv

  @Option(help: "The output array to print as CSV.")
  var output: String?

  @Option(help: "The table to print as CSV, of several: the last part of its name, or all of it.")
  var table: String?

  @Option(help: "Write each table into a CSV file in this folder.", completion: .directory)
  var folder: String?

  @OptionGroup var project: ProjectOptions
  @OptionGroup var execution: ExecutionOptions

  func validate() throws {
    for (option, value) in [("output NAME", output), ("table NAME", table), ("folder DIR", folder)] {
      if value != nil, format != .csv { throw ValidationError("--\(option): goes with --csv") }
    }
    if table != nil, folder != nil { throw ValidationError("--table NAME: all tables are written with --folder DIR") }
  }

  func run() throws {
    let project = try project.load()
    let targets = try project.targets([target])
    let figure = targets.figures.first { [$0.id, "fig:\($0.id)"].contains(target) }
    if figure != nil, let output {
      throw PipelineError.badOption(name: "--output", value: output, allowed: "goes with a stage, not with a figure")
    }
    let ids = targets.stages
    let plan = try Plan(project.pipeline, stages: ids, catalogue: project.catalogue)
    // An output that there is none of is told before anything is computed.
    for stage in plan.stages where figure == nil && ids.contains(stage.id) { _ = try tables(of: stage) }
    let needed = project.neededCells(targets, plan)
    _ = try execution.build(project, plan, needed: needed, progress: ProgressDisplay(quiet: execution.quiet))
    let reader = project.reader(plan)
    if let figure, format != .h5 {
      let gallery = try project.gallery(plan, reader)
      guard format == .csv else { return try printJSON(figure, gallery) }
      return try write(
        figure.namedTables.map { name, table in Table(name: name, fullName: table.table) { try gallery.csv(table) } })
    }
    let stages = plan.stages.filter { ids.contains($0.id) }
    if format == .h5 {
      // Stages may share cells.
      var listed: Set<CellKey> = []
      return stages.flatMap(\.keys).forEach {
        if needed?.contains($0) ?? true, listed.insert($0).inserted { print(project.store.path(of: $0)) }
      }
    }
    let claim = targets.namedStages.isEmpty ? targets.claims.first : nil
    // All of it before anything is printed.
    let parts = try stages.map { stage in
      let evidence = Evidence(stages: [stage.id], conditions: claim?.evidence.conditions ?? [:])
      return (stage, try tables(of: stage), try reader.results(evidence).points)
    }
    if format == .json {
      return try parts.flatMap { stage, _, points in points.map { Point(stage.id, $0) } }.printJSON()
    }
    try write(
      parts.flatMap { stage, tables, points in
        tables.map { outputs in
          // Those of one stage have their axes for a name.
          let own = tables.count > 1 ? [outputs[0].axes.joined(separator: "-")] : []
          let stages = parts.count > 1 ? [stage.id.replacing("/", with: "-")] : []
          return Table(name: (stages + own).joined(separator: "-")) { Self.csv(stage, outputs, points) }
        }
      })
    for (stage, tables, _) in parts {
      let printed = Set(tables.joined().map(\.name))
      let left = stage.definition.experiment.outputs.filter { !$0.isCoordinate && !printed.contains($0.name) }
      if output == nil, !left.isEmpty, !execution.quiet {
        let names = left.map(\.name).joined(separator: ", ")
        warn("\(stage.id): without the arrays \(names), which `--output NAME` prints one by one and `--json` together")
      }
    }
  }

  /// A table as CSV.
  private struct Table {
    let name: String
    /// As pipeline.yaml and figure files know it, where they do.
    var fullName: String?
    let text: () throws -> String
  }

  /// Prints the only or the chosen table, or writes each into a file. Throws ``PipelineError`` where there is no such table or
  /// a choice to make.
  private func write(_ tables: [Table]) throws {
    if let folder {
      try Files.makeFolder(folder)
      // The only table of a stage has the stage's own name.
      let own = target.split(separator: "/").last.map(String.init) ?? target
      for table in tables {
        let path = "\(folder)/\(table.name.isEmpty ? own : table.name).csv"
        try Files.save(Array(table.text().utf8), to: path)
        print(path)
      }
      return
    }
    let names = tables.map(\.name).joined(separator: ", ")
    // A full name may be that of several tables, of other stages or points.
    let chosen =
      table.map { name in
        let found = tables.filter { $0.name == name }
        return found.isEmpty ? tables.filter { $0.fullName == name } : found
      } ?? tables
    guard let only = chosen.first, chosen.count == 1 else {
      throw PipelineError.badOption(
        name: "--table", value: table ?? "NAME",
        allowed: tables.count > 1 ? "one of \(names); or --folder DIR for all" : "not needed, there is one table")
    }
    print(try only.text(), terminator: "")
  }

  /// The outputs to print as CSV, those of one table together.
  private func tables(of stage: Plan.Stage) throws -> [[OutputArray]] {
    let outputs = stage.definition.experiment.outputs
    if let output {
      guard let chosen = outputs.first(where: { $0.name == output }) else {
        let names = outputs.map(\.name).joined(separator: ", ")
        throw PipelineError.badOption(name: "--output", value: output, allowed: "one of \(names), for \(stage.id)")
      }
      return [[chosen]]
    }
    let numbers = outputs.filter(\.axes.isEmpty)
    if !numbers.isEmpty { return [numbers] }
    // A coordinate stands beside the arrays along its axis.
    let arrays = outputs.filter { !$0.isCoordinate }
    var shapes: [[String]] = []
    for array in arrays where !shapes.contains(array.axes) { shapes.append(array.axes) }
    return shapes.map { axes in arrays.filter { $0.axes == axes } }
  }

  private func printJSON(_ figure: Figure, _ gallery: Gallery) throws {
    let objects = try figure.namedTables.map { name, reference -> [String: Any] in
      let table = try gallery.table(reference)
      let rows = table.rows.map { $0.map { $0.isFinite ? $0 as Any : NSNull() } }
      return [
        "name": name, "table": reference.table, "stages": reference.stages, "columns": table.columns, "rows": rows,
      ]
    }
    let data = try JSONSerialization.data(withJSONObject: objects, options: [.sortedKeys, .withoutEscapingSlashes])
    print(String(decoding: data, as: UTF8.self))
  }

  private static func csv(_ stage: Plan.Stage, _ chosen: [OutputArray], _ points: [Results.Point]) -> String {
    let axes = chosen.first?.axes ?? []
    // Where nothing varies, every parameter says what the numbers are of.
    let names = stage.names.isEmpty ? stage.definition.base.keys.sorted() : stage.names
    var lines = [(names + ["replica"] + axes + chosen.map(\.name)).map(\.csvField).joined(separator: ",")]
    for point in points {
      let parameters = names.map { point.parameters[$0]?.csvField ?? "" }
      for (row, replica) in point.replicas.enumerated() {
        let arrays = chosen.compactMap { point.arrays[$0.name] }
          .map { chosen[0].isCoordinate ? $0 : $0.slice(row) }
        for index in 0..<(arrays.first?.values.count ?? 0) {
          let indices = Self.indices(index, shape: arrays[0].shape)
          let scales = zip(axes, indices).map { axis, index in
            point.arrays[axis].map { $0.values[index].readableText } ?? "\(index)"
          }
          let values = arrays.map { $0.values[index].readableText }
          lines.append((parameters + ["\(replica)"] + scales + values).joined(separator: ","))
        }
        if chosen[0].isCoordinate { break }
      }
    }
    return lines.map { $0 + "\n" }.joined()
  }

  private static func indices(_ flat: Int, shape: [Int]) -> [Int] {
    var rest = flat
    return shape.reversed().map { length in
      defer { rest /= length }
      return rest % length
    }.reversed()
  }

  /// A point of a stage as JSON.
  private struct Point: Encodable {
    let stage: String
    let parameters: [String: ParameterValue]
    let replicaCount, failedReplicaCount: Int
    let replicas, failedReplicas: [Int]
    let arrays: [String: NestedArray]

    init(_ stage: String, _ point: Results.Point) {
      self.stage = stage
      parameters = point.parameters
      (replicas, failedReplicas) = (point.replicas, point.failedReplicas)
      (replicaCount, failedReplicaCount) = (replicas.count, failedReplicas.count)
      arrays = point.arrays.mapValues(NestedArray.init)
    }
  }
}
