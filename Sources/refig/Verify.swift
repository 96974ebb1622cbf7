import ArgumentParser
import Claims
import Foundation
import Ledger
import NumericalMethods
import PaperKit
import Pipeline
import Platform
import Reports
import Runner
import Store

/// `refig verify`.
struct Verify: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify",
    abstract: "Check the papers' claims and print a verdict for each.",
    discussion: """
      confirmed: the confidence interval (family-wise error 1 %) lies inside the accepted interval. refuted: the wider \
      interval (0.1 %) misses it. inconclusive: neither; the reason says what would help. fragile: the interval's end is so \
      close to the bound that another machine's rounding could tip it. Exit status 4 when a verdict differs from the \
      expected one.

      A profile with a ledger (data/ledger) is judged without computing: by the cells that are here and, where some are \
      missing, by the numbers of the ledger. The column origin says which; status 7 if one of them is out of date or missing.
      """)

  @Argument(help: "Claims by id, stages, or paper:KEY; all claims unless given.", completion: .targets)
  var targets: [String] = []

  @OptionGroup var project: ProjectOptions
  @OptionGroup var execution: ExecutionOptions

  @Flag(help: "Compute nothing: fail if cells are missing.")
  var cachedOnly = false

  @Flag(help: "Take no number from data/ledger: compute what is missing.")
  var noLedger = false

  @Flag(help: "Draw new random numbers: a root seed from the clock. The outcome is added to data/fresh-seeds.jsonl.")
  var freshSeeds = false

  @Option(help: "The same with this root seed.")
  var seed: Int?

  @Flag(help: "Print how many replicas each claim needs to stand on other random numbers; status 4 if one has too few.")
  var plan = false

  @Option(help: "Write the verdicts as JUnit XML.")
  var junit: String?

  @Option(help: "Write the verdicts as Markdown, for the summary of a CI job.")
  var md: String?

  @Flag(help: "Show every claim, not only those that are not as expected or undecided.")
  var all = false

  @Flag(help: "Print as JSON.")
  var json = false

  @Option(help: "In the Markdown, list the accepted intervals that have changed since this git revision.")
  var diffBounds: String?

  func validate() throws {
    if freshSeeds, seed != nil { throw ValidationError("--fresh-seeds and --seed: give one of them") }
    if junit != nil, junit == md { throw ValidationError("--junit and --md: give each a file of its own") }
    if diffBounds != nil, md == nil { throw ValidationError("--diff-bounds REF: goes with --md FILE") }
    if diffBounds?.hasPrefix("-") ?? false { throw ValidationError("--diff-bounds: not a git revision") }
  }

  func run() throws {
    var areWritten = false
    do {
      try replaceVerdicts(reason: "verify has not ended")
      try judge { areWritten = true }
    } catch {
      if !areWritten { try replaceVerdicts(reason: ErrorMessage.reason(of: error)) }
      throw error
    }
  }

  private func judge(afterWriting: () -> Void) throws {
    let project = try project.load()
    let claims = try project.claims(of: targets)
    guard !claims.isEmpty else { throw PipelineError.noClaims }
    let changes = try diffBounds.map { try boundChanges(since: $0, in: project) }
    let rootSeed = freshSeeds ? Int(Date().timeIntervalSince1970) : seed
    let stages = try Plan(
      project.pipeline, stages: Set(claims.flatMap(\.evidence.stages)), catalogue: project.catalogue, seed: rootSeed)
    let ledger = noLedger || rootSeed != nil ? nil : try project.ledger(stages)
    let (log, failure) = ledger == nil ? try bringIn(claims, stages, of: project) : (nil, nil)
    let verdicts = try Verdicts(of: claims, in: project, plan: stages, ledger: ledger, goesOn: true)
    let report = verdicts.report
    if cachedOnly, report.claims.isEmpty, verdicts.problem == nil {
      throw PipelineError.cellsMissing(
        count: verdicts.missingCount, command: "refig run --profile \(project.profile)")
    }
    for evaluated in report.claims {
      log?.write(evaluated.record(freshSeed: rootSeed))
    }
    try write(report, changes, project, verdicts.audits)
    afterWriting()
    if let failure { throw failure }
    if let problem = verdicts.problem {
      if case .damaged = problem {
        warn(
          "refig: a damaged cell lies in data/store/quarantine now, and `refig run` computes it again; `refig store check` looks for "
            + "others")
      }
      throw problem
    }
    if let rootSeed { try FreshSeeds(root: project.root).add(report, seed: rootSeed) }
    if plan {
      let count = report.claims.filter(\.isUnderpowered).count
      if count > 0 { throw PipelineError.underpowered(count: count) }
    }
    if !report.differing.isEmpty {
      if verdicts.missingCount > 0 {
        warn(
          "refig: \(Text.count(report.unjudgedCount, "claim")) not judged: `refig run --profile \(project.profile)` computes the "
            + "\(Text.count(verdicts.missingCount, "missing cell"))")
      }
      throw PipelineError.verdictsDiffer(count: report.differing.count)
    }
    if !verdicts.staleStages.isEmpty { throw PipelineError.ledgerOutOfDate(stages: verdicts.staleStages) }
    if report.unjudgedCount > 0 {
      throw PipelineError.cellsMissing(
        count: verdicts.missingCount, command: "refig run --profile \(project.profile)")
    }
  }

  /// Makes sure that the cells are there, as far as they do not fail; the record of the run if any had to be computed, and
  /// what there is to throw in the end if some failed.
  private func bringIn(
    _ claims: [Claim], _ plan: Plan, of project: Project
  ) throws -> (log: RunLog?, failure: PipelineError?) {
    let progress = ProgressDisplay(quiet: execution.quiet)
    // Claims whose cells are missing are not judged then, and the status is 7.
    guard !cachedOnly else { return (nil, nil) }
    let needed = project.reader(plan).closure(of: claims.map(\.evidence))
    if let forecast = try execution.forecast(project, plan, needed) { progress.line("computes first: \(forecast)") }
    let (_, log, failure) = try execution.recordedBuild(project, plan, needed: needed, progress: progress)
    return (log, failure)
  }

  private func write(
    _ report: VerdictReport, _ changes: [BoundChange]?, _ project: Project, _ audits: AuditStatement?
  ) throws {
    if json {
      print(try report.json(), terminator: "")
    } else if plan {
      print(report.planText)
    } else {
      print(report.text(columns: StandardOutput.columns, showsAll: all))
      if let audits {
        let text = "audits of the cells behind these claims: " + ErrorMessage.visible(audits.text)
        print(Text.wrapped(text, columns: StandardOutput.columns, indent: 2).joined(separator: "\n"))
      }
    }
    if let junit { try Self.save(report.junit, to: junit) }
    if let md {
      let costs = try CostHistory(root: project.root).stages
      let stages = Set(report.claims.flatMap(\.claim.evidence.stages))
      let seconds = stages.reduce(0) { $0 + (costs[$1]?.processorSeconds ?? 0) }
      try Self.save(report.markdown(processorSeconds: seconds, changes: changes), to: md)
    }
  }

  /// Takes the verdicts of an earlier call away from those who would take them for this one's.
  private func replaceVerdicts(reason: String) throws {
    // A pipe or a device keeps nothing of an earlier call.
    if let junit, Files.isOrdinaryOrAbsent(junit) {
      try Self.save(VerdictReport.junit(withoutVerdicts: reason), to: junit)
    }
    if let md, Files.isOrdinaryOrAbsent(md) { try Self.save(VerdictReport.markdown(withoutVerdicts: reason), to: md) }
  }

  private static func save(_ text: String, to path: String) throws {
    fflush(nil)  // The path may be this command's own output.
    try Files.save(Array(text.utf8), to: path)
  }

  /// Compares the accepted intervals with those of a git revision.
  private func boundChanges(since revision: String, in project: Project) throws -> [BoundChange] {
    func refuse(_ reason: String) -> PipelineError {
      .badOption(name: "--diff-bounds", value: revision, allowed: "must be a revision git knows here: \(reason)")
    }
    guard let git = Git(project.root) else { throw refuse("the project lies in no repository") }
    let commit: String?
    do {
      commit = try git.firstLine(["rev-parse", "--verify", "--end-of-options", "\(revision)^{commit}"])
    } catch let failure as FileError {
      throw refuse(failure.reason)
    }
    var before: [String: Interval] = [:]
    for file in project.pipeline.figureFiles {
      // A figure file that was not there yet has no intervals.
      guard
        let commit, try git.firstLine(["ls-tree", "--name-only", commit, "./\(file.path)"]) != nil
      else { continue }
      let text = String(decoding: try git.bytes(["cat-file", "blob", "\(commit):./\(file.path)"]), as: UTF8.self)
      let paper = URL(fileURLWithPath: file.path).deletingPathExtension().lastPathComponent
      before.merge(
        try ClaimFile.acceptedIntervals(
          in: text, file: "\(revision):\(file.path)", paper: paper, profile: project.profile)
      ) { $1 }
    }
    return BoundChange.between(
      before, Dictionary(uniqueKeysWithValues: project.claims.map { ($0.id, $0.accepted) }))
  }
}
