import ArgumentParser
import Claims
import Foundation
import Ledger
import Pipeline
import Platform
import Reports
import Runner
import Store

/// `refig audit`.
struct AuditCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "audit",
    abstract: "Compute a random sample of the ledger's cells again and demand the same results.",
    discussion: """
      Three draws: cells uniformly, which bounds how many can differ; cells by their processor time, which bounds how much of \
      it can lie in cells that differ; and one cell of each stage whose turn it is. Also, where its cost allows, the number of \
      one random claim is made again from all of its cells. The draws follow from the digest of the ledger and the date, so \
      that nobody can choose convenient cells, or from --seed, which is recorded. In one numeric class results must be the \
      same bit for bit; across classes they agree to a stated tolerance. Each audit adds a line to data/ledger/audits.jsonl, \
      and all of them count together. Status 5 if something differs.
      """)

  @Argument(help: "Stages, figures, claims or paper:KEY; everything unless given.", completion: .targets)
  var targets: [String] = []

  @Option(help: "Time to compute for, such as 60s, 10m or 2h; 10m unless given.")
  var budget: String?

  @Option(help: "Draw this many cells of each kind, whatever they cost.")
  var sample: Int?

  @Option(help: "What the draws follow from.")
  var seed: String?

  @Flag(help: "Leave no line in data/ledger/audits.jsonl.")
  var unrecorded = false

  @OptionGroup var project: ProjectOptions
  @OptionGroup var execution: ExecutionOptions
  @OptionGroup var output: OutputOptions

  func validate() throws {
    if budget != nil, sample != nil { throw ValidationError("--budget and --sample: give one of them") }
    if let sample, sample < 1 { throw ValidationError("--sample must be at least 1") }
    _ = try Self.seconds(budget ?? Self.usualBudget)
  }

  private static let usualBudget = "10m"

  /// A budget in seconds.
  static func seconds(_ text: String) throws -> Double {
    let factor = ["s": 1.0, "m": 60, "h": 3600][text.suffix(1)]
    guard let factor, let number = Double(text.dropLast()), number > 0, number.isFinite else {
      throw ValidationError("--budget '\(text)' is not a time such as 60s, 10m or 2h")
    }
    return number * factor
  }

  private struct Report: Encodable {
    let record: AuditRecord
    /// What all audits together prove.
    let statement: String
  }

  func run() throws {
    Interruption.listen()
    let project = try project.load()
    let plan = try Plan(
      project.pipeline, stages: Set(project.pipeline.stages.map(\.id)), catalogue: project.catalogue)
    guard let reader = try project.ledger(plan) else {
      throw PipelineError.ledgerEmpty(path: Ledger.folder(root: project.root, profile: project.profile))
    }
    let targets = try project.targets(targets)
    let time = RunLog.timeStamp()
    let earlier = try AuditRecord.all(root: project.root, profile: project.profile)
    let extent: Audit.Extent =
      try sample.map { .cells($0) }
      ?? .seconds(Self.seconds(budget ?? Self.usualBudget) * Double(max(1, execution.workers)))
    let audit = try Audit(
      reader, stages: targets.stages, claims: targets.claims, earlier: earlier, extent: extent,
      seed: seed ?? CellKey.digest("\(reader.ledger.digest) \(time)"))
    guard !audit.drawn.isEmpty else {
      throw PipelineError.ledgerEmpty(path: Ledger.folder(root: project.root, profile: project.profile))
    }
    let second = try SecondStore(computing: audit.drawn, of: project, plan: plan, execution: execution)
    defer { second.remove() }
    // Of the claim's stages, only the cells that it reads were computed.
    let judge = project.judge(ResultReader(plan: plan, store: second.store, absence: .failedReplicas))
    let differences = try audit.differences(second.store) { try judge.estimation(of: $0) }
    let facts = try ProcessEnvironment.facts(of: project)
    let record = audit.record(
      time: time, machine: facts["processor"] ?? "", processorSeconds: second.processorSeconds,
      differences: differences)
    if !unrecorded { try record.save(root: project.root) }
    let all = Audit.statement(reader, earlier + [record])
    try output.show(Report(record: record, statement: all.text), text(record, all))
    if let first = differences.first {
      throw PipelineError.auditFailed(
        count: differences.count, first: "\(first.stage) \(first.place) was \(first.was), is \(first.now) here")
    }
  }

  private func text(_ record: AuditRecord, _ all: AuditStatement) -> String {
    var lines = record.differences.map { "\($0.stage) \($0.place): was \($0.was), is \($0.now) here" }
    let count = Set(record.uniform + record.weighted + record.visits).count
    lines.append(
      "\(Text.count(count, "cell")) computed again in \(Text.duration(record.processorSeconds)) of processor time"
        + (record.claims.isEmpty ? "" : ", and the number of \(record.claims.joined(separator: ", "))")
        + (record.differences.isEmpty ? ": all the same" : ": \(record.differences.count) differ"))
    lines.append("all audits: " + all.text)
    if !all.unvisitedStages.isEmpty {
      lines.append(
        "stages never looked at: \(all.unvisitedStages.count); each has its turn within \(Audit.visitPeriod) audits")
    }
    return lines.joined(separator: "\n")
  }
}
