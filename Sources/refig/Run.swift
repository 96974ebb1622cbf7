import ArgumentParser
import Figures
import Foundation
import Ledger
import Pipeline
import Platform
import Reports
import Runner
import Store

/// `refig run`.
struct Run: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run",
    abstract: "Compute stages and draw figures, as far as they are not there yet.")

  @Argument(help: "Stages, figures or claims by id, or paper:KEY; everything unless given.", completion: .targets)
  var targets: [String] = []

  @OptionGroup var project: ProjectOptions
  @OptionGroup var execution: ExecutionOptions
  @OptionGroup var output: OutputOptions

  @Flag(help: "Only say what would run.")
  var dry = false

  @Flag(help: "With --dry: name every stage, complete ones too.")
  var all = false

  @Flag(help: "Compute nothing: draw figures from the cells that are here and from data/ledger.")
  var fromLedger = false

  /// Whether the command stays until the run is over.
  enum Presence: String, EnumerableFlag {
    case wait, detach

    static func help(for value: Presence) -> ArgumentHelp? {
      value == .wait ? "Stay until the run is over." : "Leave the run to itself and print its id, for watch and cancel."
    }
  }

  @Flag var presence = Presence.wait

  /// What a run did.
  private struct Report: Encodable {
    let cells: Build.Summary
    var figures: [String: String] = [:]
  }

  /// What a run would do.
  private struct Forecast: Encodable {
    struct Stage: Encodable {
      let stage: String
      let cells: Int
      let missing: Int
      /// Data files that missing cells need and that are neither in the project nor in the store: what to do.
      let absentData: [String]
    }

    let stages: [Stage]
    let missing: Int
    /// Estimated from earlier runs, without cells of stages that have never run.
    let seconds: Double
    let cellsOfUnknownCost: Int
  }

  func validate() throws {
    if dry, fromLedger {
      throw ValidationError("--from-ledger computes nothing, so --dry has nothing to say: give one of them")
    }
  }

  func run() throws {
    let project = try project.load(for: targets)
    let targets = try project.targets(targets)
    let plan = try Plan(project.pipeline, stages: targets.stages, catalogue: project.catalogue)
    let needed = project.neededCells(targets, plan)
    if dry { return try forecast(project, plan, needed) }
    if fromLedger { return try drawFromLedger(targets.figures, project, plan) }
    if presence == .detach, !(try execution.missing(project, plan, needed).isEmpty) {
      let (run, hasEnded) = try DetachedRun(
        project: project, patience: execution.executor == .local ? 2 : .infinity
      ).start()
      return try output.show(
        ["run": run],
        hasEnded
          ? "run \(run) has ended"
          : """
          run \(run) goes on by itself
            refig watch \(run)     follow it
            refig cancel \(run)    end it
          """)
    }
    let progress = ProgressDisplay(quiet: execution.quiet || output.json)
    var (summary, log, failure) = try execution.recordedBuild(project, plan, needed: needed, progress: progress)
    if !execution.quiet, !output.json {
      print(
        "\(Text.count(summary.planned, "cell")): \(summary.cached) cached, \(summary.computed) computed"
          + (summary.computed > 0 ? " in \(Text.duration(summary.processorSeconds)) of processor time" : ""))
    }
    let incomplete = try failure == nil ? [:] : incompleteStages(of: targets.figures, project, plan)
    try report(
      Report(cells: summary), draw(targets.figures.filter { incomplete[$0.id] == nil }, project, plan), project, &log,
      incomplete, failure)
  }

  /// By figure, the stages that it reads of which cells are missing, for those where there are any.
  private func incompleteStages(of figures: [Figure], _ project: Project, _ plan: Plan) throws -> [String: [String]] {
    let (present, reader) = (try project.store.presentKeys(), project.reader(plan))
    return figures.reduce(into: [:]) { found, figure in
      let stages = figure.tables.flatMap { table in
        table.stages.filter { stage in
          let evidence = Evidence(stages: [stage], conditions: table.conditions)
          return !reader.keys(evidence).allSatisfy(present.contains)
        }
      }
      if !stages.isEmpty { found[figure.id] = Set(stages).sorted() }
    }
  }

  private func drawFromLedger(_ figures: [Figure], _ project: Project, _ plan: Plan) throws {
    Interruption.listen()
    guard let ledger = try project.ledger(plan) else {
      throw PipelineError.ledgerEmpty(path: Ledger.folder(root: project.root, profile: project.profile))
    }
    var log: RunLog?
    try report(Report(cells: Build.Summary()), draw(figures, project, plan, ledger), project, &log)
  }

  private func draw(
    _ figures: [Figure], _ project: Project, _ plan: Plan, _ ledger: LedgerReader? = nil
  ) throws -> [(figure: Figure, outcome: Gallery.Outcome)] {
    guard !figures.isEmpty else { return [] }
    let gallery = try project.gallery(plan, project.reader(plan), ledger: ledger)
    return try gallery.draw(figures, look: project.look(), processCount: max(1, execution.workers))
  }

  private func report(
    _ report: Report, _ outcomes: [(figure: Figure, outcome: Gallery.Outcome)], _ project: Project,
    _ log: inout RunLog?, _ incomplete: [String: [String]] = [:], _ cellFailure: PipelineError? = nil
  ) throws {
    var report = report
    var failures: [any Error] = []
    for (figure, stages) in incomplete.sorted(by: { $0.key < $1.key }) {
      report.figures[figure] = "not drawn"
      log?.write("figure", ["figure": figure, "outcome": "not drawn", "stages": stages])
      if !execution.quiet, !output.json {
        print("not drawn: \(figure), which reads \(stages.joined(separator: ", ")), of which cells failed")
      }
    }
    for (figure, outcome) in outcomes {
      var fields = ["figure": figure.id]
      switch outcome {
      case .unchanged:
        fields["outcome"] = "unchanged"
        // Where those lie that were asked for by name; of all others it is known.
        if !targets.isEmpty, outcomes.count <= 10, !execution.quiet, !output.json {
          print("up to date: \(project.stem(of: figure)).svg")
        }
      case .drawn:
        fields["outcome"] = "drawn"
        if !execution.quiet, !output.json {
          let stem = project.stem(of: figure)
          print(
            "drew \(stem).svg"
              + (Files.sizeAndTime(stem + ".pdf") == nil ? "; no PDF, which this gnuplot cannot write" : " and .pdf"))
        }
      case .failed(let error):
        failures.append(error)
        // Why is told for all that share what is wrong.
        if !execution.quiet, !output.json { print("not drawn: \(figure.id), \(figure.location)") }
        fields["outcome"] = "failed"
        fields["reason"] = ErrorMessage.reason(of: error)
      }
      report.figures[figure.id] = fields["outcome"]
      if case .unchanged = outcome { continue }
      if log == nil { log = try ProcessEnvironment.log(for: project) }
      log?.write("figure", fields)
    }
    if targets.isEmpty, !outcomes.isEmpty, failures.isEmpty, !execution.quiet, !output.json,
      outcomes.allSatisfy({ if case .unchanged = $0.outcome { true } else { false } })
    {
      print("up to date: \(project.root)/figures/\(project.profile)")
    }
    try tellOfSubstitutes(
      outcomes.compactMap { figure, outcome in if case .drawn = outcome { figure } else { nil } })
    let drawnCount = report.figures.values.filter { $0 == "drawn" }.count
    if output.json || !execution.quiet && !report.figures.isEmpty {
      try output.show(
        report,
        "\(Text.count(report.figures.count, "figure")): \(drawnCount) drawn, \(failures.count) failed"
          + (incomplete.isEmpty ? "" : ", \(incomplete.count) not drawn for want of cells"))
    }
    if let cellFailure { failures.append(cellFailure) }
    guard let last = failures.last else { return }
    // Figures may share what is wrong.
    var told = [ErrorMessage.text(of: last)]
    for text in failures.dropLast().map(ErrorMessage.text) where !told.contains(text) {
      told.append(text)
      warn("refig: \(text)")
    }
    throw last
  }

  /// Says which fonts of figures just drawn are not installed: gnuplot takes another without a word.
  private func tellOfSubstitutes(_ drawn: [Figure]) throws {
    for (family, figures) in Dictionary(grouping: drawn, by: \.font.family).sorted(by: { $0.key < $1.key }) {
      guard let substitute = try ProcessEnvironment.substitute(forFont: family) else { continue }
      let others = figures.count > 1 ? " and \(Text.count(figures.count - 1, "other figure"))" : ""
      warn(
        "refig: the font '\(family)' of \(figures[0].id)\(others) is not installed, and \(substitute) was taken; install it "
          + "and delete what was drawn, or state another under `font:`")
    }
  }

  private func forecast(_ project: Project, _ plan: Plan, _ needed: Set<CellKey>?) throws {
    let missing = try execution.missing(project, plan, needed).reduce(into: [:]) { $0[$1.stage, default: 0] += 1 }
    let stages = plan.stages.enumerated().map { index, stage in
      Forecast.Stage(
        stage: stage.id, cells: stage.keys.count, missing: missing[index] ?? 0,
        absentData: missing[index] == nil
          ? [] : stage.definition.data.compactMap(project.store.absence(of:)).map(\.description))
    }
    let counts = Dictionary(uniqueKeysWithValues: stages.map { ($0.stage, $0.missing) })
    let (seconds, unknown) = try execution.cost(of: counts, project, plan)
    let total = needed?.count ?? plan.cellCount
    let present = try missing.isEmpty ? [] : project.store.presentKeys()
    let recut = missing.keys.sorted().compactMap { plan.stages[$0].recut(among: present) }
    try output.show(
      Forecast(stages: stages, missing: counts.values.reduce(0, +), seconds: seconds, cellsOfUnknownCost: unknown),
      ([text(stages, of: total, project, seconds: seconds, ofUnknownCost: unknown)]
        + recut.flatMap { Text.wrapped($0, columns: StandardOutput.columns, indent: 2) }).joined(separator: "\n"))
  }

  /// What would run, in all, by paper and by stage.
  private func text(
    _ stages: [Forecast.Stage], of total: Int, _ project: Project, seconds: Double, ofUnknownCost unknown: Int
  ) -> String {
    let columns = StandardOutput.columns
    let missing = stages.reduce(0) { $0 + $1.missing }
    guard missing > 0 else {
      return
        "profile \(project.profile): nothing to compute, \(Text.count(total, "cell")) \(total == 1 ? "is" : "are") here"
    }
    let time = execution.duration(of: missing, seconds: seconds, ofUnknownCost: unknown)
    var lines = Text.wrapped(
      "profile \(project.profile): \(missing) of \(Text.count(total, "cell")) would run, \(time)", columns: columns,
      indent: 2)
    let incomplete = stages.filter { $0.missing > 0 }
    let papers = paperNames(of: stages.map(\.stage))
    if papers.count > 1 {
      for paper in papers {
        let rows = incomplete.filter { $0.stage.paper == paper }
        let cells = rows.reduce(0) { $0 + $1.missing }
        if cells > 0 { lines.append("  \(paper): \(Text.count(cells, "cell")) of \(Text.count(rows.count, "stage"))") }
      }
    }
    let shown = all ? stages : Array(incomplete.prefix(20))
    lines +=
      [""]
      + shown.map { stage in
        "\(stage.stage): \(stage.missing) of \(stage.cells) cells would "
          + (stage.absentData.isEmpty ? "run" : "fail: \(stage.absentData.joined(separator: "; "))")
      }
    if !all, incomplete.count > shown.count {
      lines += ["", "\(Text.count(incomplete.count - shown.count, "stage")) more; `--all` shows every stage."]
    }
    return lines.joined(separator: "\n")
  }
}
