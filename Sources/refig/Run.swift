import ArgumentParser
import Engine
import Foundation

/// `refig run`.
struct Run: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Compute stages and draw figures, as far as they are not there yet.")

  @Argument(help: "Stages, figures or claims by id, or paper:KEY; everything unless given.")
  var targets: [String] = []

  @OptionGroup var project: ProjectOptions
  @OptionGroup var execution: ExecutionOptions

  @Flag(help: "Only say what would run.")
  var dry = false

  func run() throws {
    let project = try project.load()
    let targets = try project.targets(targets)
    let plan = Plan(project.pipeline, stages: targets.stages, catalogue: project.catalogue)
    if dry { return try printMissing(project, plan) }
    let progress = ProgressDisplay(quiet: execution.quiet)
    let summary = try execution.build(project, plan, progress: progress)
    if !execution.quiet {
      print(
        "\(summary.planned) cells: \(summary.cached) cached, \(summary.computed) computed"
          + (summary.computed > 0 ? " in \(ProgressDisplay.duration(summary.processorSeconds)) of processor time" : ""))
    }
    try draw(targets.figures, project, plan)
  }

  private func draw(_ figures: [Figure], _ project: Project, _ plan: Plan) throws {
    guard !figures.isEmpty else { return }
    let gallery = Gallery(project: project, plan: plan, reader: ResultReader(plan: plan, store: project.store))
    var failures: [any Error] = []
    var drawnCount = 0
    for (figure, outcome) in try gallery.draw(figures, processCount: max(1, execution.workers)) {
      switch outcome {
      case .unchanged: break
      case .drawn:
        drawnCount += 1
        if !execution.quiet { print("drew \(Gallery.folder(of: figure, in: project))/\(figure.name).svg and .pdf") }
      case .failed(let error): failures.append(error)
      }
    }
    if !execution.quiet { print("\(figures.count) figures: \(drawnCount) drawn, \(failures.count) failed") }
    for error in failures.dropLast() {
      FileHandle.standardError.write(Data("refig: \(ErrorMessage.text(of: error))\n".utf8))
    }
    if let error = failures.last { throw error }
  }

  private func printMissing(_ project: Project, _ plan: Plan) throws {
    let build = Build(
      project: project, plan: plan, executor: try execution.executor(project, plan),
      progress: ProgressDisplay(quiet: true),
      makeLog: { try ProcessEnvironment.log(for: project) })
    let missing = Dictionary(grouping: try build.missing().joined(), by: \.stage)
    let costs = try CostHistory(root: project.root)
    var counts: [String: Int] = [:]
    for (index, stage) in plan.stages.enumerated() {
      counts[stage.id] = missing[index]?.count ?? 0
      print("\(stage.id): \(counts[stage.id] ?? 0) of \(stage.keys.count) cells would run")
    }
    let total = counts.values.reduce(0, +)
    guard total > 0 else { return print("nothing to compute") }
    let time = costs.estimate(counts, workers: execution.workers).map { "about \(ProgressDisplay.duration($0))" }
    print("\(total) cells, \(time ?? "for a time unknown, as some of these stages never ran")")
  }
}
