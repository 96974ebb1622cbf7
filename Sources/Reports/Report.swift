package import Claims
internal import Figures
internal import Ledger
internal import PaperKit
internal import Pipeline
internal import Platform
internal import Runner
internal import Store

/// What the report page shows: figures, verdicts and where each number comes from, of one profile.
package struct Report {
  /// A figure with its picture, or the reason why there is none.
  struct FigureEntry {
    let figure: Figure
    let lineage: FigureLineage
    let picture: Result<Picture, Absence>
    let claims: [ClaimEntry]

    var hasPDF: Bool { if case .success(let picture) = picture { picture.hasPDF } else { false } }
  }

  /// The files of a figure that was drawn from the cells that are there.
  struct Picture {
    /// Their path without the ending: .svg, .pdf, .gp, .json.
    let stem: String
    /// Some gnuplots make none.
    let hasPDF: Bool
    /// Width and height of the picture.
    let size: (width: Double, height: Double)
    let tables: [Table]
    /// What of it can be pointed at.
    let chart: ChartData

    /// A table behind the figure as CSV.
    struct Table {
      /// The ending of its file: .csv, or .name.csv where there are several.
      let ending: String
      let reference: TableReference
      /// Its first rows, and all of it.
      let head: String
      let text: () throws -> String
    }
  }

  /// Why a figure has no picture.
  struct Absence: Error {
    let reason: String
    /// Nil where cells are missing.
    let error: (any Error)?

    init(missing: Int, of all: Int) {
      let those =
        all == 1 ? "its only cell is" : "\(missing) of its \(all) cells \(missing == 1 ? "is" : "are")"
      (reason, error) = ("\(those) missing", nil)
    }

    init(_ error: any Error) { (reason, self.error) = (ErrorMessage.reason(of: error), error) }
  }

  typealias ClaimEntry = Verdicts.Entry

  struct StageEntry {
    let stage: Plan.Stage
    let yaml: SourceExcerpt
    let code: [String]
    let presentCount: Int
    /// Of the cells that are there; nil where no record tells, as for cells that were imported.
    let processorSeconds: Double?
    let runs: [String]
  }

  /// One paper's part of the page.
  struct Section {
    let key: String
    let citation: String
    let figures: [FigureEntry]
    let claims: [ClaimEntry]
    let stages: [StageEntry]
    /// Stages and figures as a picture.
    let graph: String
    /// Code of the experiments: path in the project and text.
    let code: [(path: String, text: String)]
  }

  let profile: String
  /// All of the project's.
  let profiles: [String]
  /// What a command needs to mean this profile: nothing if it is the first.
  let option: String
  let sections: [Section]
  let changes: [ClaimChange]
  /// The run that is compared with.
  let baseline: EarlierRuns.Run?
  /// Number of claims that were judged then and now.
  let comparedCount: Int
  /// The runs that computed the cells, newest first.
  let runs: [EarlierRuns.Run]
  /// All cells, each once where stages share it: how many are planned, there, and of known cost; and that cost.
  let cells: (planned: Int, present: Int, known: Int, processorSeconds: Double)
  /// Versions, commit and machine of this report.
  let facts: [String: String]
  /// Where estimators are declared, by their names: path in the project and line.
  let estimators: [String: (path: String, line: Int)]
  /// What audits prove of the ledger, if numbers of it are shown.
  let audits: AuditStatement?
  /// The verdicts, without those that cannot be judged yet.
  package let verdicts: VerdictReport

  var claims: [ClaimEntry] { sections.flatMap(\.claims) }
  var figures: [FigureEntry] { sections.flatMap(\.figures) }
  var stages: [StageEntry] { sections.flatMap(\.stages) }
  /// The claims that cannot be judged because cells are missing.
  var waiting: [ClaimEntry] { claims.filter { $0.evaluated == nil } }

  /// Throws the first of what kept figures from being drawn, beside cells that are missing.
  package func requireFigures() throws {
    for entry in figures { if case .failure(let absence) = entry.picture, let error = absence.error { throw error } }
  }

  /// Rows of each table that the page itself shows.
  static let rowLimit = 5

  /// Gathers what there is, and draws the figures whose cells are all there. Throws
  /// ``PipelineError/cellsMissing(count:command:)`` if there is no cell at all.
  /// `prepare` is called when it is known that there is something to show, before anything that takes long.
  package init(
    of project: Project, facts: [String: String], processCount: Int, prepare: () throws -> Void = {}
  ) throws {
    let plan = try Plan(project.pipeline, stages: Set(project.pipeline.stages.map(\.id)), catalogue: project.catalogue)
    let present = try project.store.presentKeys()
    let keys = Set(plan.stages.flatMap(\.keys))
    let ledger = try project.ledger(plan)
    guard ledger != nil || keys.contains(where: present.contains) else {
      throw PipelineError.cellsMissing(count: keys.count, command: "refig run --profile \(project.profile)")
    }
    try prepare()
    let reader = project.reader(plan)
    let judged = try Verdicts(of: project.claims, in: project, plan: plan, ledger: ledger)
    let entries = judged.entries
    let records = try EarlierRuns(root: project.root, profile: project.profile, cells: keys)
    let now = entries.compactMap { $0.evaluated?.record() }
    let before = records.judgements.first { judgement in
      now.contains { number in judgement.numbers[number.claim].map { $0 != number } ?? false }
    }
    self.facts = facts
    profile = project.profile
    profiles = project.pipeline.profiles
    option = project.profileOption
    estimators = project.claims.reduce(into: [:]) { found, claim in
      guard let path = project.sourcePath(of: claim.estimator), let source = claim.estimator.source else { return }
      found[claim.estimator.name] = (path, source.line)
    }
    verdicts = judged.report
    audits = judged.audits
    baseline = before.flatMap { records.runs[$0.run] }
    changes = ClaimChange.between(before?.numbers ?? [:], now)
    comparedCount = now.count { before?.numbers[$0.claim] != nil }
    let costs = keys.filter(present.contains).compactMap { records.costs[$0]?.processorSeconds }
    cells = (keys.count, keys.count(where: present.contains), costs.count, costs.reduce(0, +))
    let used = Set(records.costs.values.map(\.run))
    runs = records.runs.values.filter { used.contains($0.id) }.sorted { $0.id > $1.id }
    let builder = SectionBuilder(
      project: project, plan: plan, present: present, records: records, claims: entries,
      pictures: try Self.pictures(project, plan, reader, present, ledger, processCount))
    // By the part of the id before the slash: a paper's key, or the name of a figure file that is no paper's.
    var sectionKeys: [String] = []
    for id in project.figures.map(\.id) + project.claims.map(\.id) + plan.stages.map(\.id) {
      let key = id.paper
      if !sectionKeys.contains(key) { sectionKeys.append(key) }
    }
    sections = try sectionKeys.map(builder.section)
  }

  /// Whether the numbers are those of the newest record, so that a new one would say nothing.
  package static func isRecorded(_ report: VerdictReport, root: String) throws -> Bool {
    let newest = try EarlierRuns(root: root, profile: report.profile, cells: []).judgements.first
    return report.claims.allSatisfy { newest?.numbers[$0.claim.id] == $0.record() }
  }

  private static func pictures(
    _ project: Project, _ plan: Plan, _ reader: ResultReader, _ present: Set<CellKey>, _ ledger: LedgerReader?,
    _ processCount: Int
  ) throws -> [String: Result<Picture, Absence>] {
    let gallery = try project.gallery(plan, reader, ledger: ledger)
    func missing(_ figure: Figure) -> (missing: Int, all: Int) {
      let keys = Set(figure.tables.flatMap { reader.keys($0.evidence) })
      return (keys.count { !present.contains($0) }, keys.count)
    }
    var pictures: [String: Result<Picture, Absence>] = [:]
    var drawable: [Figure] = []
    for figure in project.figures {
      let (count, all) = missing(figure)
      let isRecorded = try ledger.map { ledger in
        try figure.tables.allSatisfy { try ledger.table($0)?.origin.isCurrent ?? false }
      }
      if count == 0 || isRecorded ?? false {
        drawable.append(figure)
      } else {
        // An older picture may lie there; it would be of other numbers.
        pictures[figure.id] = .failure(Absence(missing: count, of: all))
      }
    }
    let look = try project.look()
    let outcomes: [(figure: Figure, outcome: Gallery.Outcome)]
    do {
      outcomes = try gallery.draw(drawable, look: look, processCount: processCount)
    } catch PipelineError.gnuplotMissing {
      for figure in drawable { pictures[figure.id] = .failure(Absence(PipelineError.gnuplotMissing)) }
      return pictures
    }
    for (figure, outcome) in outcomes {
      if case .failed(let error) = outcome {
        // Its cells were there, and are not any more: what is told elsewhere on the page would not be so.
        if [.integrity, .outOfDate].contains(ErrorMessage.exitCode(of: error)) { throw error }
        pictures[figure.id] = .failure(Absence(error))
        continue
      }
      let stem = project.stem(of: figure)
      pictures[figure.id] = .success(
        Picture(
          stem: stem, hasPDF: Files.sizeAndTime(stem + ".pdf") != nil,
          size: size(ofSVG: try bytes(stem + ".svg")),
          tables: try figure.namedTables.map { name, table in
            Picture.Table(
              ending: figure.tables.count == 1 ? ".csv" : ".\(name).csv", reference: table,
              head: try gallery.csv(table, rowLimit: rowLimit), text: { try gallery.csv(table) })
          },
          chart: ChartData(
            try gallery.chart(of: figure, style: look.style), plan: plan, option: project.profileOption)))
    }
    return pictures
  }

  private static func bytes(_ path: String) throws -> [UInt8] {
    guard let bytes = try Files.bytes(of: path) else {
      throw PipelineError.fileMissing(path: path, purpose: "it was drawn a moment ago")
    }
    return bytes
  }

  /// Width and height as an SVG says, in its units; those of a page's column where it does not.
  private static func size(ofSVG svg: [UInt8]) -> (width: Double, height: Double) {
    let head = String(decoding: svg.prefix(1000), as: UTF8.self)
    guard let match = head.firstMatch(of: /<svg[^>]*?\swidth="([0-9.]+)[^>]*?\sheight="([0-9.]+)/),
      let width = Double(match.output.1), let height = Double(match.output.2)
    else { return (400, 300) }
    return (width, height)
  }
}

/// Puts together one paper's part.
private struct SectionBuilder {
  let project: Project
  let plan: Plan
  let present: Set<CellKey>
  let records: EarlierRuns
  let claims: [Report.ClaimEntry]
  let pictures: [String: Result<Report.Picture, Report.Absence>]

  func section(_ key: String) throws -> Report.Section {
    func isOwn(_ id: String) -> Bool { id.paper == key }
    let own = claims.filter { isOwn($0.claim.id) }
    let figures = try project.figures.filter { isOwn($0.id) }.map { figure -> Report.FigureEntry in
      let lineage = try FigureLineage(of: figure, in: project, plan: plan, present: present)
      let beside = Set(lineage.claims)
      return Report.FigureEntry(
        figure: figure, lineage: lineage,
        picture: pictures[figure.id] ?? .failure(Report.Absence(missing: lineage.missingCount, of: lineage.cellCount)),
        claims: claims.filter { beside.contains($0.claim.id) })
    }
    let stages = try plan.stages.filter { isOwn($0.id) }.map(stage)
    let part = try Plan(project.pipeline, stages: Set(stages.map(\.stage.id)), catalogue: project.catalogue)
    return Report.Section(
      key: key, citation: project.catalogue.papers.first { $0.key == key }?.citation ?? "", figures: figures,
      claims: own, stages: stages,
      graph: try StageGraph(project: project, plan: part, present: present, hasClaims: false).text(.svg),
      code: try code(at: stages.flatMap(\.code) + own.compactMap { project.sourcePath(of: $0.claim.estimator) }))
  }

  private func stage(_ stage: Plan.Stage) throws -> Report.StageEntry {
    let costs = stage.keys.filter(present.contains).compactMap { records.costs[$0] }
    return Report.StageEntry(
      stage: stage, yaml: try SourceExcerpt(at: stage.definition.location),
      code: project.sourcePaths(of: stage.definition.experiment),
      presentCount: stage.keys.count(where: present.contains),
      processorSeconds: costs.isEmpty ? nil : costs.reduce(0) { $0 + $1.processorSeconds },
      runs: Set(costs.map(\.run)).sorted().reversed())
  }

  /// The code of experiments and estimators, each file once.
  private func code(at paths: [String]) throws -> [(path: String, text: String)] {
    let files = paths.reduce(into: [String]()) { if !$0.contains($1) { $0.append($1) } }
    return try files.compactMap { path in
      try Files.bytes(of: "\(project.root)/\(path)").map { bytes in
        let text = bytes.count > Self.codeLimit ? nil : String(validating: bytes, as: UTF8.self)
        return (path, text ?? "(not shown: \(Text.count(bytes.count, "byte")) of data)")
      }
    }
  }

  /// What has more bytes, or is no text, is data that a program reads and not code.
  private static let codeLimit = 200_000
}
