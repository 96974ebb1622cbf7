import ArgumentParser
import Claims
import Figures
import Foundation
import Ledger
import NumericalMethods
import PaperKit
import Papers
import Pipeline
import Platform
import Reports
import Runner
import Slurm
import Store

/// The command line.
@main
struct Refig: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "refig",
    abstract: "Recompute the figures of theory papers, and check what they claim.",
    discussion: """
      pipeline.yaml names stages: numerical experiments swept over parameters. Their arrays are kept in data/store by the \
      hash of everything they depend on, so nothing is computed twice and nothing stale is shown. Figures and claims are in \
      figures/<paper>.yaml.

        refig new mypaper                a paper of your own, in Python or C
        refig run                        all stages and figures of the quick profile
        refig run sarao2020/uniqueness   one stage
        refig run fig:sarao2020/fig1     one figure and what it needs
        refig verify paper:sarao2020     the claims of one paper, with verdicts
        refig report                     a page of all figures and verdicts
        refig explain sarao2020/fig1     what it depends on, what would run and why
        refig doctor                     is this machine fit? where are documents?

      Exit status: 0 fine; 1 a bug of refig; 2 command line or YAML; 3 cells failed; 4 a verdict differs from the expected \
      one; 5 damaged data; 6 environment (gnuplot missing, disk full, …); 7 out of date, as under `status \
      --check`, or nothing to accept; 130 interrupted.
      """,
    version: "refig 0.1.0",
    subcommands: [
      New.self, Run.self, Watch.self, Cancel.self, Verify.self, ReportCommand.self, CrateCommand.self, Mutate.self,
      LedgerCommand.self, AuditCommand.self, TeXCommand.self, Status.self,
      Show.self, Explain.self,
      GraphCommand.self, SchemaCommand.self, Try.self, DataCommand.self, StoreCommand.self, Doctor.self,
      WorkerCommand.self,
    ])

  static func main() {
    StandardStreams.open()
    do {
      var command = try parseAsRoot()
      try command.run()
      try StandardOutput.finish()
      ProcessEnvironment.endRuns(with: nil)
    } catch let code as ExitCode {
      Foundation.exit(code.rawValue)
    } catch {
      let parserCode = exitCode(for: error)
      if parserCode == .success || error is CleanExit { help(fullMessage(for: error)) }
      if parserCode == .validationFailure {
        let message = fullMessage(for: error) + (misspeltCommand.map { "\n  Did you mean '\($0)'?" } ?? "")
        warn(message)
        Foundation.exit(ErrorMessage.ExitCode.input.rawValue)
      }
      fail(error)
    }
  }

  /// The command that is nearest to the first word that is none, as in `refig store chek`.
  private static var misspeltCommand: String? {
    var commands = configuration.subcommands
    for word in CommandLine.arguments.dropFirst() {
      let names = commands.map { $0._commandName }
      guard let place = names.firstIndex(of: word) else { return nearestSpelling(of: word, among: names) }
      commands = commands[place].configuration.subcommands
    }
    return nil
  }

  private static func fail(_ error: any Error) -> Never {
    ProcessEnvironment.endRuns(with: error)
    fflush(nil)  // What was said before comes first.
    warn("refig: \(ErrorMessage.text(of: error))")
    Foundation.exit(ErrorMessage.exitCode(of: error).rawValue)
  }

  private static func help(_ text: String) -> Never {
    print(text)
    do { try StandardOutput.finish() } catch { fail(error) }
    Foundation.exit(ErrorMessage.ExitCode.success.rawValue)
  }
}

extension Catalogue {
  /// The papers this executable was linked with.
  static let linked = Catalogue(
    papers: allPapers, fingerprints: Fingerprints(files: sourceFingerprints, compiler: compilerVersion),
    sourceFolder: "Sources/Papers")
}

extension CompletionKind {
  /// What the project in this folder has to name: stages, figures, claims and papers.
  static var targets: CompletionKind {
    .custom { _, _, _ in
      do {
        let project = try Project(root: ProjectOptions.nearest, profile: nil, catalogue: .linked)
        let ids = project.pipeline.stages.map(\.id) + project.figures.map(\.id) + project.claims.map(\.id)
        return ids + Set(ids.map { "paper:" + $0.paper }).sorted()
      } catch {
        return []  // No project, or mistakes in it: a command will say so.
      }
    }
  }
}

/// What all commands on a project take.
struct ProjectOptions: ParsableArguments {
  @Option(name: .customLong("project"), help: "Folder with pipeline.yaml; unless given, the nearest from here upward.")
  var folder: String?

  /// The project's folder.
  var root: String { folder ?? Self.nearest }

  /// The nearest folder from here upward that has a pipeline.yaml. A project may start programs, so above this folder only
  /// files of this user's or of the administrator's count.
  static var nearest: String {
    var path = "."
    while path.utf8.count < 300 {
      var (file, folder, above) = (stat(), stat(), stat())
      if stat(path + "/pipeline.yaml", &file) == 0, path == "." || [0, geteuid()].contains(file.st_uid) { return path }
      let next = path == "." ? ".." : path + "/.."
      guard stat(path, &folder) == 0, stat(next, &above) == 0,
        folder.st_ino != above.st_ino || folder.st_dev != above.st_dev
      else { break }
      path = next
    }
    return "."
  }

  @Option(help: "Profile of pipeline.yaml, such as quick or paper; the first one unless given.")
  var profile: String?

  @Flag(help: "Run all of figures/style.gp, also what can start programs; you have read it.")
  var trust = false

  /// The project; for some targets, figure files of other papers may have mistakes, which is said.
  func load(for targets: [String] = []) throws -> Project {
    let papers =
      targets.isEmpty ? nil : Set(targets.map { ($0.split(separator: ":").last.map(String.init) ?? $0).paper })
    var project = try Project(root: root, profile: profile, catalogue: .linked, papers: papers)
    project.trustsStyle = trust
    for file in project.faultyFiles {
      warn("refig: \(file) has mistakes, which do not concern what is asked for")
    }
    return project
  }
}

/// How answers are printed.
struct OutputOptions: ParsableArguments {
  @Flag(help: "Print as JSON.")
  var json = false

  /// Prints the value, or what it says for people.
  func show(_ value: some Encodable, _ text: @autoclosure () -> String) throws {
    guard json else { return print(text()) }
    print(try JSON.text(value, indented: true))
  }
}

/// The papers of stages, each once, in the stages' order.
func paperNames(of stages: [String]) -> [String] {
  stages.map(\.paper).reduce(into: []) { if $0.last != $1 { $0.append($1) } }
}

/// How cells are computed.
struct ExecutionOptions: ParsableArguments {
  @Option(
    name: [.customShort("j", allowingJoined: true), .long],
    help: "Worker processes; 0 computes in this process, for debuggers.")
  var workers: Int = ProcessInfo.processInfo.activeProcessorCount

  /// Where cells are computed.
  enum Place: String, ExpressibleByArgument, CaseIterable {
    case local, slurm
  }

  @Option(help: "Where cells are computed: local, or slurm for tasks of a cluster that shares this folder.")
  var executor = Place.local

  @Flag(name: .shortAndLong, help: "No progress, only errors and results.")
  var quiet = false

  func validate() throws {
    guard (0...1024).contains(workers) else { throw ValidationError("--workers must be from 0 to 1024") }
  }

  /// `store` is where the cells go, unless the project's own.
  func executor(_ project: Project, _ plan: Plan, store: Store? = nil) throws -> any Executor {
    let store = store ?? project.store
    if executor == .slurm {
      // Tasks run in a folder of their own.
      let program = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
      let root = URL(fileURLWithPath: project.root).path
      return SlurmExecutor(
        plan: plan,
        worker: [program, "worker", "--store", URL(fileURLWithPath: store.root).path] + programs(project, root),
        root: root + "/data/slurm",
        costs: try CostHistory(root: project.root))
    }
    guard workers > 0 else {
      return InProcessExecutor(worker: Worker(catalogue: project.catalogue, store: store))
    }
    return try LocalExecutor(
      command: ["/proc/self/exe", "worker", "--store", store.root] + programs(project, project.root),
      workerCount: workers)
  }

  /// Options by which a worker finds a project with experiments of its own.
  private func programs(_ project: Project, _ root: String) -> [String] {
    project.catalogue.hasPrograms ? ["--project", root] : []
  }

  /// Computes what is missing, of the cells that are needed if not of all, and tells about it.
  func build(
    _ project: Project, _ plan: Plan, needed: Set<CellKey>? = nil, progress: ProgressDisplay
  ) throws -> Build.Summary {
    let (summary, _, failure) = try recordedBuild(project, plan, needed: needed, progress: progress)
    if let failure { throw failure }
    return summary
  }

  /// The cells that a build would compute.
  func missing(_ project: Project, _ plan: Plan, _ needed: Set<CellKey>?) throws -> [Batch.Item] {
    let build = Build(
      store: project.store, plan: plan, needed: needed, executor: try executor(project, plan),
      makeLog: { try ProcessEnvironment.log(for: project) })
    return Array(try build.missing().joined())
  }

  /// How many cells a build would compute, and for how long; nil if none.
  func forecast(_ project: Project, _ plan: Plan, _ needed: Set<CellKey>?) throws -> String? {
    let counts = try missing(project, plan, needed).reduce(into: [:]) { $0[plan.stages[$1.stage].id, default: 0] += 1 }
    let count = counts.values.reduce(0, +)
    guard count > 0 else { return nil }
    let (seconds, unknown) = try cost(of: counts, project, plan)
    return "\(Text.count(count, "cell")) of \(Text.count(counts.count, "stage")), "
      + duration(of: count, seconds: seconds, ofUnknownCost: unknown)
  }

  /// Seconds that cells by stage would take, by the ledger of this profile and by earlier runs, and how many are of stages
  /// that neither knows.
  func cost(of counts: [String: Int], _ project: Project, _ plan: Plan) throws -> (seconds: Double, unknown: Int) {
    let recorded = try project.ledger(plan)?.standings.compactMapValues { standing -> Double? in
      let seconds = standing.outcomes.values.compactMap(\.seconds)
      return seconds.isEmpty ? nil : Statistics.mean(seconds)
    }
    return try CostHistory(root: project.root).estimate(counts, workers: workers, recorded: recorded ?? [:])
  }

  /// For how long so many cells would be computed, in words that follow a comma.
  func duration(of count: Int, seconds: Double, ofUnknownCost unknown: Int) -> String {
    if unknown == count { return "duration unknown, as these stages have never run" }
    return
      "about \(Text.duration(seconds)) of elapsed time with \(Text.count(max(1, workers), "worker")), by the costs on record"
      + (unknown > 0 ? ", and \(Text.count(unknown, "cell")) of stages that have never run" : "")
  }

  /// The same with the run's record, if anything was computed, and with what there is to throw if cells failed: what does not
  /// need them comes first.
  func recordedBuild(
    _ project: Project, _ plan: Plan, needed: Set<CellKey>? = nil, progress: ProgressDisplay
  ) throws -> (summary: Build.Summary, log: RunLog?, failure: PipelineError?) {
    Interruption.listen()
    var build = Build(
      store: project.store, plan: plan, needed: needed, executor: try executor(project, plan), progress: progress.show,
      makeLog: { try ProcessEnvironment.log(for: project) })
    let summary = try build.run()
    // Cells that failed for it have said so. The others are right, but not what whoever changed the file looks for.
    let others = Set(
      plan.stages.flatMap(\.definition.data).filter { $0.impostor != nil && project.store.absence(of: $0) == nil }
        .map(\.absence.description))
    for other in others.sorted() {
      warn("refig: \(other); until then cells are those of the file that is stated")
    }
    if summary.failedReplicas > 0 {
      let placed = summary.replicaFailures.map { reason, count in
        (reason + (summary.firstFailures[reason].map { " (first of \($0))" } ?? ""), count)
      }
      let reasons = Text.tally(Dictionary(placed, uniquingKeysWith: +), of: "replica").map { "\n  \($0)" }
      progress.show(.failures("\(Text.count(summary.failedReplicas, "replica")) failed:" + reasons.joined()))
    }
    if summary.duplicates > 0 {
      progress.line("computed by another process too: \(Text.count(summary.duplicates, "cell"))")
    }
    let failure =
      summary.failed > 0
      ? PipelineError.cellsFailed(count: summary.failed, log: (build.log?.folder ?? "") + "/events.jsonl") : nil
    return (summary, build.log, failure)
  }
}
