package import Claims
package import Figures
private import Foundation
package import Ledger
package import Pipeline
private import Platform
private import Runner
package import Store

/// A project folder with its YAML files read for one profile: stages, figures and claims that fit together.
package struct Project: Sendable {
  package let root: String
  package let profile: String
  package let pipeline: PipelineFile
  package let figures: [Figure]
  /// Digest of all figure files: what their figures look like and which claims they name.
  package let claims: [Claim]
  package let catalogue: Catalogue
  /// Whether figures/style.gp may hold any command of gnuplot: whoever runs this vouches for it.
  package var trustsStyle = false

  package var store: Store { Store(root: root + "/data/store", catalogue: catalogue) }

  package static let figureFileKeys = ["font", "figures", "claims"]

  /// Figure files with mistakes that were left aside.
  package let faultyFiles: [String]

  /// Reads the files. Throws ``PipelineError/invalidFiles(_:)`` with all mistakes of all files; with `papers`, of all but the
  /// figure files of others, whose figures and claims are left out if there are some.
  package init(root: String, profile: String?, catalogue: Catalogue, papers asked: Set<String>? = nil) throws {
    let diagnostics = Diagnostics()
    let pipeline = try PipelineFile(
      path: root == "." ? "pipeline.yaml" : root + "/pipeline.yaml", profile: profile, catalogue: catalogue,
      diagnostics: diagnostics)
    let catalogue = pipeline.catalogue
    let profile = profile ?? pipeline.profiles.first ?? ""
    var figures: [Figure] = []
    var claims: [Claim] = []
    var papers: Set<String> = []
    var faultyFiles: [String] = []
    for file in pipeline.figureFiles {
      let path = root == "." ? file.path : root + "/" + file.path
      let paper = URL(fileURLWithPath: path).deletingPathExtension().lastPathComponent
      if !PipelineFile.isName(paper) {
        diagnostics.report(.badName(kind: "paper", name: paper), at: file.location, in: "")
      }
      // It begins the ids of all that the file names.
      guard papers.insert(paper).inserted else {
        diagnostics.report(
          .message("a figure file '\(paper)' is listed already; list each once, and give each a name of its own"),
          at: file.location, in: "")
        continue
      }
      let isAsked = asked?.contains(paper) ?? true
      if Files.sizeAndTime(path) == nil, isAsked {
        let there = try Files.names(in: "\(root)/figures").filter { $0.hasSuffix(".yaml") }.map { "figures/\($0)" }
        let advice =
          nearestSpelling(of: file.path, among: there).map { "did you mean '\($0)'?" }
          ?? "correct its name, or leave it out"
        diagnostics.report(.message("there is no file '\(file.path)'; \(advice)"), at: file.location, in: "figures")
        continue
      }
      let document: YAMLValue
      do {
        document = try YAMLValue.document(at: path, purpose: "\(pipeline.path) lists it", diagnostics: diagnostics)
      } catch is PipelineError where !isAsked {
        faultyFiles.append(path)
        continue
      }
      let before = (mistakes: diagnostics.reportCount, figures: figures.count, claims: claims.count)
      defer {
        if !isAsked, diagnostics.reportCount > before.mistakes {
          faultyFiles.append(path)
          figures.removeLast(figures.count - before.figures)
          claims.removeLast(claims.count - before.claims)
        }
      }
      let top = document.mapping("file", allowing: Self.figureFileKeys, in: "")
      let font = top?["font"].map { FigureFile.font($0, in: "") } ?? .standard
      figures +=
        top?["figures"].map {
          FigureFile.figures(
            in: $0, paper: paper, table: catalogue.table, tableNames: catalogue.tableNames(for:),
            stages: pipeline.stageNames, pipeline: pipeline, font: font)
        } ?? []
      let reader = ClaimFile(
        paper: paper, pipeline: pipeline, profile: profile, catalogue: catalogue, diagnostics: diagnostics)
      claims += top?["claims"].map(reader.claims) ?? []
    }
    try diagnostics.throwIfAny(leavingAside: Set(faultyFiles))
    self.faultyFiles = faultyFiles
    self.root = root
    self.profile = profile
    self.pipeline = pipeline
    self.figures = figures
    self.claims = claims
    self.catalogue = catalogue
  }

  /// The look of figures in projects that have none of their own.
  package static let standardStyle = String(decoding: PackageResources.style_gp, as: UTF8.self)

  /// The look that all figures share: figures/style.gp, or the standard one.
  package func style() throws -> String {
    let path = root + "/figures/style.gp"
    guard let source = try SourceText(path: path, limit: YAMLValue.byteLimit) else { return Self.standardStyle }
    let text = source.lines.joined(separator: "\n")
    guard !trustsStyle else { return text }
    let diagnostics = Diagnostics()
    for (line, reason) in StyleFile.problems(in: text) {
      diagnostics.report(
        .message(
          "\(reason) can make gnuplot run programs or read files; if you have read this file and trust it, say --trust"),
        at: SourceLocation(file: path, line: line, column: 1), in: "")
    }
    try diagnostics.throwIfAny()
    return text
  }

  /// A reader of the plan's cells.
  package func reader(_ plan: Plan, absence: ResultReader.Absence = .error) -> ResultReader {
    ResultReader(plan: plan, store: store, absence: absence)
  }

  /// A judge of the project's claims. The family is all claims of the profile, whichever are asked for: a verdict must not
  /// depend on the question.
  package func judge(_ reader: ResultReader) -> Judge {
    Judge(reader: reader, catalogue: catalogue, familySize: claims.count)
  }

  /// The ledger of the profile beside a plan; nil if nothing was written down.
  package func ledger(_ plan: Plan) throws -> LedgerReader? {
    let ledger = try Ledger(root: root, profile: profile)
    return try ledger.isEmpty ? nil : LedgerReader(ledger, plan: plan, catalogue: catalogue)
  }

  /// The tables of all figures, each once.
  package var tables: [TableReference] {
    Set(figures.flatMap(\.tables)).sorted { $0.ledgerName < $1.ledgerName }
  }

  /// Writes down what the store holds of some targets.
  package func updateLedger(targets names: [String], isCompacting: Bool, time: String) throws -> LedgerUpdate.Summary {
    let targets = try targets(names)
    let plan = try Plan(pipeline, stages: Set(pipeline.stages.map(\.id)), catalogue: catalogue)
    let reader = reader(plan)
    let judge = judge(reader)
    let gallery = try gallery(plan, reader)
    var update = LedgerUpdate(
      try Ledger(root: root, profile: profile), plan: plan, catalogue: catalogue, store: store,
      records: try EarlierRuns(root: root, profile: profile, cells: Set(plan.stages.flatMap(\.keys))), time: time,
      sources: .init(estimation: judge.estimation, table: gallery.table))
    // Claims and figures that read the stages, whichever were named.
    let stages = names.isEmpty ? Set(pipeline.stages.map(\.id)) : targets.stages
    func isTouched(_ ids: [String]) -> Bool { ids.contains(where: stages.contains) }
    let summary = try update.run(
      stages: stages, claims: claims.filter { isTouched($0.evidence.stages) },
      tables: tables.filter { isTouched($0.stages) }, allClaims: claims, allTables: tables,
      isCompacting: isCompacting)
    judge.saveEstimations()
    return summary
  }

  /// The gallery of the plan's figures, figures/<profile>. Tables whose cells are not all here are taken from the ledger,
  /// if there is one.
  package func gallery(_ plan: Plan, _ reader: ResultReader, ledger: LedgerReader? = nil) throws -> Gallery {
    let present = try ledger == nil ? [] : store.presentKeys()
    return Gallery(
      root: "\(root)/figures/\(profile)", catalogue: catalogue, plan: plan, reader: reader,
      claims: { claims(onArraysOf: $0).map(\.id) },
      recorded: { reference in
        let stages = plan.stages.filter { reference.stages.contains($0.id) }
        guard let ledger, !stages.flatMap(\.keys).allSatisfy(present.contains),
          let recorded = try ledger.table(reference)
        else { return nil }
        if case .outOfDate = recorded.origin {
          throw PipelineError.ledgerOutOfDate(
            stages: reference.stages.filter { !(ledger.standings[$0]?.isCurrent ?? true) })
        }
        return Gallery.RecordedTable(
          table: recorded.table, origin: recorded.origin.explanation, evidence: recorded.evidence)
      })
  }

  /// The files of a figure without their endings.
  package func stem(of figure: Figure) -> String { "\(root)/figures/\(profile)/\(figure.id)" }

  /// What all figures are made from, beside their tables.
  package func look() throws -> Gallery.Look { Gallery.Look(style: try style()) }

  /// What a command was asked for.
  package struct Targets: Sendable {
    /// Stages that were named, and those that the figures and claims read.
    package var stages: Set<String> = []
    /// Those of them that were named: all of their points are asked for.
    package var namedStages: Set<String> = []
    package var figures: [Figure] = []
    package var claims: [Claim] = []
  }

  /// Resolves names given on the command line: a stage, a figure or a claim by its id, with `fig:` or `claim:` in front
  /// where they need telling apart, `paper:KEY` for all of a paper. None: everything.
  package func targets(_ names: [String]) throws -> Targets {
    guard !names.isEmpty else {
      let stages = Set(pipeline.stages.map(\.id))
      return Targets(stages: stages, namedStages: stages, figures: figures, claims: claims)
    }
    var targets = Targets()
    for name in names {
      let found = matches(name)
      guard !found.stages.isEmpty || !found.figures.isEmpty || !found.claims.isEmpty else {
        throw PipelineError.unknownTarget(name, nearest: nearest(to: name))
      }
      targets.stages.formUnion(found.stages)
      targets.namedStages.formUnion(found.namedStages)
      targets.figures += found.figures.filter { figure in !targets.figures.contains { $0.id == figure.id } }
      targets.claims += found.claims.filter { claim in !targets.claims.contains { $0.id == claim.id } }
    }
    return targets
  }

  /// The planned cells that targets need, without those that the `where:` of their claims and figures leave out; nil if all.
  package func neededCells(_ targets: Targets, _ plan: Plan) -> Set<CellKey>? {
    guard !targets.stages.isSubset(of: targets.namedStages) else { return nil }
    return reader(plan).closure(
      of: targets.namedStages.map { Evidence(stages: [$0]) } + targets.claims.map(\.evidence)
        + targets.figures.flatMap(\.tables).map { Evidence(stages: $0.stages, conditions: $0.conditions) })
  }

  /// The claims that names stand for: a claim for itself, `paper:KEY` for the paper's, and whatever has none of its own,
  /// such as a stage, for those that read it. None: all.
  package func claims(of names: [String]) throws -> [Claim] {
    guard !names.isEmpty else { return claims }
    var ids: Set<String> = []
    for name in names {
      let found = try targets([name])
      let chosen =
        found.claims.isEmpty ? claims.filter { !found.stages.isDisjoint(with: $0.evidence.stages) } : found.claims
      ids.formUnion(chosen.map(\.id))
    }
    return claims.filter { ids.contains($0.id) }
  }

  /// What was meant by a name that nothing has, if that can be guessed: one that is misspelt, lacks its paper, as S4 does, or
  /// is a paper's.
  private func nearest(to name: String) -> String? {
    let (stages, figures, claims) = (pipeline.stages.map(\.id), figures.map(\.id), claims.map(\.id))
    let ids = stages + figures + claims
    func withPaper(_ name: String, among ids: [String]) -> String? {
      let names = ids.map { String($0.dropFirst($0.paper.count + 1)) }
      let meant = names.contains(name) ? name : nearestSpelling(of: name, among: names)
      return meant.flatMap(names.firstIndex).map { ids[$0] }
    }
    if let colon = name.firstIndex(of: ":") {
      let (kind, id) = (name[...colon], String(name[name.index(after: colon)...]))
      guard let known = ["stage:": stages, "fig:": figures, "claim:": claims][kind] else {
        return nearestSpelling(of: name, among: ids.map { kind + $0.paper })
      }
      return (id.contains("/") ? nearestSpelling(of: id, among: known) : withPaper(id, among: known)).map { kind + $0 }
    }
    if name.contains("/") { return nearestSpelling(of: name, among: ids) }
    let papers = Set(ids.map(\.paper)).sorted()
    if papers.contains(name) { return "paper:\(name)" }
    return ids.first { $0.dropFirst($0.paper.count + 1) == name }
      ?? nearestSpelling(of: name, among: papers).map { "paper:\($0)" } ?? withPaper(name, among: ids)
  }

  private func matches(_ name: String) -> Targets {
    let parts = name.split(separator: ":", maxSplits: 1).map(String.init)
    let (kind, id) = parts.count == 2 ? (parts[0], parts[1]) : ("", name)
    func matches(_ candidate: String, _ kinds: String...) -> Bool {
      kind == "paper" ? candidate.paper == id : kinds.contains(kind) && candidate == id
    }
    var targets = Targets(
      stages: Set(pipeline.stages.map(\.id).filter { matches($0, "", "stage") }),
      figures: figures.filter { matches($0.id, "", "fig") }, claims: claims.filter { matches($0.id, "", "claim") })
    targets.namedStages = targets.stages
    targets.stages.formUnion(targets.claims.flatMap(\.evidence.stages))
    targets.stages.formUnion(targets.figures.flatMap { $0.tables.flatMap(\.stages) })
    return targets
  }
}
