import ArgumentParser
import Claims
import Figures
import Foundation
import Ledger
import Pipeline
import Platform
import Reports
import Runner
import Store

/// `refig ledger`.
struct LedgerCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "ledger",
    abstract: "What was computed at a profile's sizes, in text, in the repository.",
    discussion: """
      data/ledger/PROFILE holds a line for every cell (digest of its results, processor time), the number of every claim and \
      the rows of every table. With it `refig verify` and `refig run --from-ledger` need no cell; `refig audit` computes a \
      random sample again.
      """,
    subcommands: [Update.self, Standings.self, AcceptCode.self, Judge.self])

  /// `refig ledger update`.
  struct Update: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "update",
      abstract: "Write down what the store holds and can prove.",
      discussion: """
        Cells whose files are sound, and the claims and tables whose cells are all here. What is new goes into new files, so \
        that two people's updates merge. A cell that came out otherwise than the ledger says, for the same code, ends it with \
        status 5 and changes nothing.
        """)

    @Argument(help: "Stages, figures, claims or paper:KEY; everything unless given.", completion: .targets)
    var targets: [String] = []

    @Flag(help: "Put all that still holds into one file each and remove the others; best done by one person at a time.")
    var compact = false

    @OptionGroup var project: ProjectOptions
    @OptionGroup var output: OutputOptions

    func run() throws {
      Interruption.listen()
      let project = try project.load()
      let summary = try project.updateLedger(
        targets: targets, isCompacting: compact, time: RunLog.timeStamp())
      try output.show(
        summary,
        "new in the ledger: \(Text.count(summary.cells, "cell")), \(Text.count(summary.claims, "claim")), "
          + "\(Text.count(summary.tables, "table")); \(Text.count(summary.written, "file")) written, "
          + "\(summary.removed) removed")
    }
  }

  /// `refig ledger status`.
  struct Standings: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "status", abstract: "How complete the ledger is, what of it is out of date, and what audits prove.")

    @Flag(help: "Print as a page of Markdown.")
    var markdown = false

    @Flag(help: "Name every stage that is out of date.")
    var all = false

    @OptionGroup var project: ProjectOptions
    @OptionGroup var output: OutputOptions

    func run() throws {
      let project = try project.load()
      let page = try LedgerPage(of: project)
      if markdown { return print(page.markdown, terminator: "") }
      try output.show(page.papers, page.text(columns: StandardOutput.columns, showsAll: all))
    }
  }

  /// `refig ledger accept`.
  struct AcceptCode: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "accept",
      abstract: "After a harmless change of code: make a sample again and keep the ledger's lines if it agrees.",
      discussion: """
        Of stages, cells: only code may have changed, and inputs whose own stages are current. Of papers, also the numbers of \
        claims and the tables that other code has made of today's cells. What was made again, by whom, when and from which \
        code to which goes on record in the ledger. Status 7 if there was nothing to accept.
        """)

    @Argument(help: "Stages, or paper:KEY.", completion: .targets)
    var targets: [String]

    @Option(
      help: "How many cells of each stage to compute again, and how many numbers and tables of each paper to make.")
    var sample = 5

    @Option(help: "Draw no number or table whose cells take more processor time than this, such as 60s.")
    var budget = "2m"

    @Option(help: "Why the change is harmless.")
    var reason: String

    @OptionGroup var project: ProjectOptions
    @OptionGroup var execution: ExecutionOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
      guard sample > 0 else { throw ValidationError("--sample must be at least 1: without a sample nothing is shown") }
      _ = try AuditCommand.seconds(budget)
      guard reason.contains(where: { !$0.isWhitespace }) else { throw ValidationError("--reason: say why") }
    }

    func run() throws {
      Interruption.listen()
      let project = try project.load()
      let plan = try Plan(
        project.pipeline, stages: Set(project.pipeline.stages.map(\.id)), catalogue: project.catalogue)
      let wanted = try project.targets(targets).stages
      var accepted: [String: Int] = [:]
      for stage in plan.stages where wanted.contains(stage.id) {
        guard let reader = try project.ledger(plan) else { continue }
        guard let acceptance = reader.acceptance(of: stage, sample: sample, seed: RunLog.timeStamp()) else { continue }
        let second = try SecondStore(
          computing: [stage.id: Set(acceptance.sample)], of: project, plan: plan, execution: execution)
        defer { second.remove() }
        try reader.accept(
          acceptance, store: second.store, who: try Git.user(project.root), reason: reason, time: RunLog.timeStamp())
        accepted[stage.id] = acceptance.sample.count
      }
      var reasons: [String] = []
      var lines = accepted.sorted { $0.key < $1.key }.map {
        "\($0.key): kept, \(Text.count($0.value, "cell")) computed again"
      }
      for paper in targets.filter({ $0.hasPrefix("paper:") }).map({ String($0.dropFirst("paper:".count)) }) {
        for acceptance in try evaluations(of: paper, project, plan) {
          let things = "\(paper): \(acceptance.count) numbers and tables"
          guard acceptance.sampleCount > 0 else {
            reasons.append("\(things) of other code stay, as none has cells that are known to take less than \(budget)")
            continue
          }
          try accept(acceptance, project, plan)
          accepted["paper:\(paper)", default: 0] += acceptance.sampleCount
          lines.append("\(things) kept, \(acceptance.sampleCount) made again")
        }
      }
      if output.json || !accepted.isEmpty {
        try output.show(accepted, (lines + reasons).joined(separator: "\n"))
      }
      if accepted.isEmpty { throw PipelineError.nothingAccepted(reasons: reasons) }
    }

    /// Numbers and tables of a paper that other code has made of today's cells.
    private func evaluations(of paper: String, _ project: Project, _ plan: Plan) throws -> [EvaluationAcceptance] {
      try project.ledger(plan)?.evaluationAcceptances(
        of: paper, claims: project.claims, tables: project.tables, sample: sample,
        budget: AuditCommand.seconds(budget), seed: RunLog.timeStamp()) ?? []
    }

    /// Keeps them, or throws where one of the sample is otherwise.
    private func accept(_ acceptance: EvaluationAcceptance, _ project: Project, _ plan: Plan) throws {
      guard let reader = try project.ledger(plan) else { return }
      let second = try SecondStore(computing: acceptance.cells, of: project, plan: plan, execution: execution)
      defer { second.remove() }
      // Of the sample's stages, only the cells that it is made of were computed.
      let cells = ResultReader(plan: plan, store: second.store, absence: .failedReplicas)
      try reader.accept(
        acceptance, store: second.store,
        sources: .init(estimation: project.judge(cells).estimation, table: project.gallery(plan, cells).table),
        who: Git.user(project.root), reason: reason, time: RunLog.timeStamp())
    }
  }

  /// `refig ledger verify`.
  struct Judge: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "verify", abstract: "Judge the claims by somebody else's ledger: a folder such as data/ledger/paper."
    )

    @Argument(help: "The folder.", completion: .directory)
    var folder: String

    @Flag(help: "Show every claim, not only those that are not as expected or undecided.")
    var all = false

    @OptionGroup var project: ProjectOptions
    @OptionGroup var output: OutputOptions

    func run() throws {
      let project = try project.load()
      let plan = try Plan(
        project.pipeline, stages: Set(project.pipeline.stages.map(\.id)), catalogue: project.catalogue)
      let ledger = try Ledger(folder: folder, profile: project.profile)
      guard !ledger.isEmpty else { throw PipelineError.ledgerEmpty(path: folder) }
      let reader = try LedgerReader(ledger, plan: plan, catalogue: project.catalogue)
      let verdicts = try Verdicts(of: project.claims, in: project, plan: plan, ledger: reader, usesCells: false)
      if output.json {
        print(try verdicts.report.json(), terminator: "")
      } else {
        print(verdicts.report.text(columns: StandardOutput.columns, showsAll: all))
      }
      if !verdicts.report.differing.isEmpty {
        throw PipelineError.verdictsDiffer(count: verdicts.report.differing.count)
      }
      if !verdicts.staleStages.isEmpty { throw PipelineError.ledgerOutOfDate(stages: verdicts.staleStages) }
    }
  }
}

/// Cells that were computed again, with all that they read, in a store that nothing else reads.
struct SecondStore {
  let store: Store
  let processorSeconds: Double

  init(
    computing cells: [String: Set<Int>], of project: Project, plan: Plan, execution: ExecutionOptions
  ) throws {
    let second = Store(
      root: FileManager.default.temporaryDirectory.appending(path: "refig-audit-\(UUID().uuidString)").path,
      catalogue: project.catalogue)
    let chosen = plan.stages.flatMap { stage in (cells[stage.id] ?? []).map { stage.keys[$0] } }
    let inputs = Set(plan.stages.filter { cells[$0.id] != nil }.flatMap { $0.definition.inputs.map(\.stage) })
    let upstream = project.pipeline.closure(of: Array(inputs)).compactMap { plan[$0.id] }.flatMap(\.keys)
    do {
      var build = Build(
        store: second, plan: plan, needed: Set(chosen + upstream),
        executor: try execution.executor(project, plan, store: second),
        progress: ProgressDisplay(quiet: execution.quiet).show, makeLog: { try ProcessEnvironment.log(for: project) })
      let summary = try build.run()
      if summary.failed > 0 {
        throw PipelineError.cellsFailed(count: summary.failed, log: (build.log?.folder ?? "") + "/events.jsonl")
      }
      (store, processorSeconds) = (second, summary.processorSeconds)
    } catch {
      Self.remove(second)
      throw error
    }
  }

  func remove() { Self.remove(store) }

  private static func remove(_ store: Store) {
    do {
      try FileManager.default.removeItem(atPath: store.root)
    } catch {
      // Nothing was computed, or the folder of temporary files is cleaned by others.
    }
  }
}
