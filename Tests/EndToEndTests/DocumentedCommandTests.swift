import Foundation
import TestSupport
import Testing

/// A command that the documentation tells the reader to type.
private struct DocumentedCommand {
  let file: String
  let text: String

  /// All of README.md, docs and the DocC articles: the lines of `sh` blocks, what follows `$` in `text` blocks, and what
  /// stands in the text as `refig …`, `make …` and the like.
  static func all(in root: URL) throws -> [DocumentedCommand] {
    var commands: [DocumentedCommand] = []
    for file in try documents(in: root) {
      let text = try String(contentsOf: root.appending(path: file), encoding: .utf8)
      var prose = ""
      var language: Substring?
      for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
        let words = line.drop { $0 == " " }
        if words.hasPrefix("```") {
          language = language == nil ? words.dropFirst(3) : nil
        } else if language == nil {
          prose += line + "\n"
        } else if language == "sh", !words.isEmpty, !words.hasPrefix("#") {
          commands.append(DocumentedCommand(file: file, text: String(words.replacing(/\s+#.*/, with: ""))))
        } else if language == "text", words.hasPrefix("$ ") {
          commands.append(DocumentedCommand(file: file, text: String(words.dropFirst(2))))
        }
      }
      for span in prose.matches(of: /`([^`]+)`/) {
        let command = span.output.1.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        if command.contains(/^(refig|make|srun|sbatch|scripts\/\S+|dist\/\S+)( |$)/),
          !["refig", "make", "sbatch"].contains(command)
        {
          commands.append(DocumentedCommand(file: file, text: command))
        }
      }
    }
    return commands
  }

  private static func documents(in root: URL) throws -> [String] {
    let manager = FileManager.default
    let docs = try manager.contentsOfDirectory(atPath: root.appending(path: "docs").path()).map { "docs/\($0)" }
    let articles = (manager.enumerator(atPath: root.appending(path: "Sources").path())?.allObjects as? [String] ?? [])
      .filter { $0.contains(".docc/") }.map { "Sources/\($0)" }
    return ["README.md"] + (docs + articles).filter { $0.hasSuffix(".md") }.sorted()
  }
}

/// What is done with a command, where it is not simply typed.
private enum Treatment {
  /// Typed so instead: where the documentation leaves something open.
  case typed([String])
  /// Tried in another test, or not at all, for a reason.
  case left(String)
}

/// Everything that the documentation tells to type works. Commands are typed in a small project that has the names of the
/// big one; their names must exist in the big one as well. Of `make` it is asked what it would do, and that is done.
@Suite struct DocumentedCommandTests {
  private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()

  private static let cluster = "needs a cluster: SlurmTests run it on one"
  private static let example = "the paper is none of this build: ExamplePaperTests and scripts/follow-article add it"

  private static let own = "of a project that `refig new` made: OwnPaperTests follows the page"

  /// By the text of the command. What is not here is typed as it stands.
  private static let treatments: [String: Treatment] = [
    "refig run --profile paper --executor slurm": .typed(["refig run --profile paper --executor slurm --dry"]),
    "refig run sarao2020/uniqueness-growth --executor slurm --detach": .left(cluster),
    "srun dist/refig doctor": .typed(["refig doctor"]),
    "sbatch --time=2-0 --wrap='refig run --profile paper --executor slurm'": .left(cluster),
    "dist/refig": .typed(["refig --help"]),
    "refig crate DIR [--author NAME] [--refig ADDRESS]": .typed(["refig crate DIR"]),
    "refig try": .typed(["refig try sarao2020/uniqueness"]),
    "refig try --data": .left("no experiment of the small project reads a file: DataFileTests"),
    "refig run … --detach": .typed(["refig run --detach"]),
    "refig status 20261125T161537.267-51": .typed(["refig status RUN"]),
    "refig watch [RUN]": .typed(["refig watch", "refig watch RUN"]),
    "refig watch|cancel RUN": .typed(["refig watch RUN", "refig cancel RUN"]),
    "refig run [TARGET…]": .typed([
      "refig run", "refig run TARGET fig:sarao2020/fig1 claim:sarao2020/S1 paper:sarao2020",
    ]),
    "refig verify [TARGET…]": .typed(["refig verify", "refig verify TARGET"]),
    "refig mutate [TARGET…]": .typed(["refig mutate --synthetic", "refig mutate claim:sarao2020/S1"]),
    "refig show claim:ID|fig:ID": .typed(["refig show claim:ID", "refig show fig:sarao2020/fig1"]),
    "refig data TARGET --csv|--json|--h5": .typed(["csv", "json", "h5"].map { "refig data TARGET --\($0)" }),
    "refig store check|gc|export|import|audit|accept": .typed([
      "refig store check", "refig store gc", "refig store export all.tar", "refig store import all.tar",
      "refig store audit --sample 1",
    ]),
    "refig schema pipeline|figures": .typed(["refig schema pipeline", "refig schema figures"]),
    "refig store accept STAGE --reason \"…\"": .left("it takes a change of code: CommandTests"),
    "refig ledger update|status|accept|verify": .typed([
      "refig ledger update --profile paper", "refig ledger status --profile paper",
      "refig ledger verify --profile paper data/ledger/paper",
    ]),
    "refig ledger update [TARGET…]": .typed(["refig ledger update", "refig ledger update TARGET"]),
    "refig ledger accept STAGE --reason WHY": .left("it takes a change of code: LedgerTests"),
    "refig ledger accept paper:KEY --reason WHY": .left("it takes a change of code: LedgerTests"),
    "refig audit [TARGET…]": .typed(["refig audit --profile paper --sample 1 TARGET"]),
    "refig audit --profile paper --budget 10m": .typed(["refig audit --profile paper --budget 2s"]),
    "refig tex [--check FILE]": .typed(["refig tex", "refig tex --check figures/sarao2020.yaml"]),
    "refig tex --check FILE": .typed(["refig tex --check figures/sarao2020.yaml"]),
    "refig new": .typed(["refig new second"]),
    "refig new KEY [--c|--swift]": .typed(["refig new third", "refig new fourth --c"]),
    "refig new smith2027 --swift": .left(example),
    "refig data fig:drunkard/approach --table limit": .left("of the page's own project: OwnPaperTests"),
    "refig data lu2020/overlap --csv": .left("of the page's own project, which has no program"),
    "refig explain mypaper/walk": .left(own),
    "refig data mypaper/walk": .left(own),
    "refig try mypaper/walk --set steps=100": .left(own),
    "refig try mypaper/walk --mutant biased": .left(own),
    "refig try mypaper/resampled --stage mypaper/resampled": .left(own),
    "refig try EXPERIMENT --set ratio=3": .typed(["refig try sarao2020/uniqueness --set sampleCount=7"]),
    "refig try … --request": .left("no experiment of the small project is a program: ProgramTests"),
    "refig run paper:smith2027 && refig verify paper:smith2027": .left(example),
    "refig try smith2027/sample-mean --set sampleCount=10": .left(example),
    "refig show smith2027/sample-mean": .left(example),
    "refig show EXPERIMENT": .typed(["refig show sarao2020/uniqueness"]),
  ]

  private static let placeholders = [
    ("TARGET", "sarao2020/uniqueness"), ("STAGE", "sarao2020/uniqueness"), ("claim:ID", "claim:sarao2020/S1"),
    ("EXPERIMENT --set name=value", "sarao2020/uniqueness --set sampleCount=7"), ("--sample N", "--sample 1"),
    ("--md FILE", "--md verdicts.md"), ("REVISION", "HEAD"),
  ]

  /// A project of a second's work under version control, with what the documentation names.
  private static func scratch() throws -> Workspace {
    let workspace = try Workspace()
    let parameters = "parameters: {inputDimension: 4}, replicas: 40"
    try workspace.write(
      """
      seed: 3
      profiles: [quick, paper]
      figures: [figures/sarao2020.yaml]
      stages:
        sarao2020/uniqueness:
          {parameters: {inputDimension: 4}, replicas: 160, sweep: [{sampleCount: {range: [5, 10]}}]}
        sarao2020/uniqueness-below: {experiment: sarao2020/uniqueness, \(parameters), sweep: [{sampleCount: [4, 5]}]}
        sarao2020/uniqueness-growth: {experiment: sarao2020/uniqueness, \(parameters), sweep: [{sampleCount: [8, 9]}]}
      """, to: "pipeline.yaml")
    // With five samples a fifth of the teachers are determined, with a quarter more about half.
    let figures = Project.figures.replacing("thresholds:", with: "fig1:").replacing("always:", with: "S1:")
      .replacing("where: {sampleCount: 10}", with: "where: {sampleCount: 5}")
      .replacing("accept: [0.5, 1]", with: "accept: [0, 0.45]\n    kills: [uncounted-samples]")
    try workspace.write(figures, to: "figures/sarao2020.yaml")
    try workspace.write(
      try String(contentsOf: root.appending(path: "figures/style.gp"), encoding: .utf8), to: "figures/style.gp")
    try workspace.write("data/\nbin/\n", to: ".gitignore")
    try FileManager.default.createDirectory(atPath: workspace.path + "/bin", withIntermediateDirectories: true)
    try FileManager.default.createSymbolicLink(
      atPath: workspace.path + "/bin/refig", withDestinationPath: try productPath("refig"))
    for command in [
      "git init -q && git add . && git -c user.name=a -c user.email=a@b commit -q -m all", "refig run --quiet",
      "refig run --quiet --profile paper", "refig ledger update --profile paper",
    ] {
      let result = try type(command, in: workspace)
      #expect(result.status == 0, "\(command): \(result.errors)")
    }
    return workspace
  }

  /// Types a command into a shell that finds refig, for at most two minutes.
  private static func type(_ command: String, in workspace: Workspace) throws -> ProgramResult {
    let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
    return try runProgram(
      "timeout", ["120", "bash", "-c", command], in: workspace.path,
      environment: ["PATH": "\(workspace.path)/bin:\(path)"])
  }

  @Test("every command of the documentation works")
  func commands() throws {
    let workspace = try Self.scratch()
    let run = try #require(workspace.files(under: "data/runs").first { !$0.contains("/") })
    let documented = try DocumentedCommand.all(in: Self.root)
    #expect(documented.count > 50)
    var typed: Set<String> = []
    var unused = Set(Self.treatments.keys)
    for command in documented {
      let text = command.text.replacing("\\|", with: "|")
      unused.remove(text)
      switch Self.treatments[text] ?? .typed([text]) {
      case .left: continue
      case .typed(let texts):
        for text in try texts.flatMap({ $0.hasPrefix("make ") ? try Self.recipe($0) : [$0] }) {
          var text = Self.placeholders.reduce(text) { $0.replacing($1.0, with: $1.1) }.replacing("RUN", with: run)
          if text.hasSuffix(" crate DIR") { text = text.replacing("DIR", with: "crate-\(typed.count)") }
          guard typed.insert(text).inserted else { continue }
          if text.hasPrefix("scripts/") {
            let script = text.prefix { $0 != " " }
            #expect(FileManager.default.isExecutableFile(atPath: Self.root.appending(path: script).path()), "\(text)")
            continue
          }
          let result = try Self.type(text, in: workspace)
          #expect(result.status == 0, "\(command.file): \(text): status \(result.status)\n\(result.errors)")
        }
      }
    }
    #expect(unused.isEmpty, "the documentation does not have \(unused.sorted()) any more")
  }

  /// What `make` would type. Swift's own commands are left out: this test would not run without them.
  private static func recipe(_ command: String) throws -> [String] {
    let result = try runProgram(
      "bash", ["-c", command.replacing("make ", with: "make -n ", maxReplacements: 1)], in: root.path())
    #expect(result.status == 0, "\(command): \(result.errors)")
    let lines = result.output.split(separator: "\n").flatMap { $0.components(separatedBy: " && ") }
      .map { $0.replacing(/\s+#.*/, with: "").replacing(".build/release/refig", with: "refig") }
    return lines.filter { $0.hasPrefix("refig ") }
      + lines.filter { $0.hasPrefix("scripts/") }.compactMap { $0.split(separator: " ").first.map(String.init) }
  }

  @Test("the stages, figures and papers that the documentation names exist")
  func names() throws {
    var names: Set<String> = []
    for command in try DocumentedCommand.all(in: Self.root) where Self.treatments[command.text] == nil {
      for word in command.text.split(separator: " ") where !command.text.contains("smith2027") {
        if let goal = word.wholeMatch(of: /stage-(\S+)/) { names.insert("stage:\(goal.output.1)") }
        if let goal = word.wholeMatch(of: /figure-(\S+)/) { names.insert("fig:\(goal.output.1)") }
        if word.contains(/^((fig|claim):)?[a-z]+20\d\d\/\S+$|^paper:[a-z]+\d+$/) { names.insert(String(word)) }
      }
    }
    #expect(names.count >= 5)
    for name in names.sorted() {
      let result = try runProgram(try productPath("refig"), ["run", "--dry", "--project", Self.root.path(), name])
      #expect(result.status == 0, "\(name): \(result.errors)")
    }
  }
}
