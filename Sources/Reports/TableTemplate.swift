private import Claims
private import Figures
private import Foundation
private import NumericalMethods
private import PaperKit
private import Pipeline
private import Runner

/// The lower half of the report: what has changed, all claims, stages, code, and where all of it ran.
struct TableTemplate {
  private let report: Report
  private let figuresByClaim: [String: [String]]

  init(_ report: Report) {
    self.report = report
    var figures: [String: [String]] = [:]
    for entry in report.figures {
      for claim in entry.claims { figures[claim.claim.id, default: []].append(entry.figure.id) }
    }
    figuresByClaim = figures
  }

  var all: HTML { "\(changes)\(evidence)\(stages)\(code)\(provenance)" }

  // MARK: Changes

  private var changes: HTML {
    var text: HTML
    if let baseline = report.baseline {
      text = """
        <p>Compared with the run of \(Self.time(baseline.time)), commit \
        <code>\(baseline.facts["commit"]?.prefix(10) ?? "unknown")</code>: of \(Text.count(report.comparedCount, "claim")) judged then \
        and now, \(report.changes.isEmpty ? "none" : "\(report.changes.count)") changed the verdict or moved by more than a
        standard error.</p>
        """
      if !report.changes.isEmpty {
        let rows = report.changes.map { change -> HTML in
          let moved = change.standardErrors.map { VerdictReport.number($0) + " s.e." } ?? ""
          let verdict =
            change.hasOtherVerdict ? "\(change.before.verdict) → \(change.now.verdict)" : change.now.verdict
          return """
            <tr><td><a href="#claim:\(change.now.claim)">\(change.now.claim)</a></td><td>\(verdict)</td>\
            <td class="number">\(Self.number(change.before.estimate))</td>\
            <td class="number">\(Self.number(change.now.estimate))</td><td class="number">\(moved)</td></tr>
            """
        }
        text += """
          <div class="scroll"><table><thead><tr><th scope="col">claim</th><th scope="col">verdict</th>\
          <th scope="col" class="number">before</th><th scope="col" class="number">now</th>\
          <th scope="col" class="number">moved by</th></tr></thead><tbody>\(rows)</tbody></table></div>
          """
      }
    } else {
      text = """
        <p>No earlier run with other numbers is on record for this profile, so there is nothing to compare with.</p>
        """
    }
    return "<section id=\"changes\"><h2>What has changed</h2>\(text)</section>\n"
  }

  private static func number(_ value: Double?) -> String { value.map(VerdictReport.number) ?? "–" }

  /// "2026-11-25 12:03" of an ISO time.
  private static func time(_ text: String) -> String {
    "\(text.prefix(10)) \(text.dropFirst(11).prefix(5)) UTC"
  }

  // MARK: Evidence

  private var evidence: HTML {
    let heads = ["claim", "kind", "verdict", "estimate", "margin", "replicas"].enumerated().map {
      index, name -> HTML in
      """
      <th scope="col"\(index > 2 ? " class=\"number\"" : "" as HTML)><button type="button">\(name)</button></th>
      """
    }
    return """
      <section id="evidence"><h2>Evidence</h2>
      <p>All claims of the profile. The dot is the estimate, the thick whiskers the confidence interval that must lie inside the
      green band to confirm, the thin ones the interval that must lie outside it to refute. Open a claim for its source and the
      reason for its band. In the terminal, <code>refig show claim:ID\(report.option)</code> tells the same,
      <code>refig verify ID\(report.option)</code> judges it again, and
      <code>refig store audit stage:STAGE --sample 5\(report.option)</code> recomputes a sample of a stage.</p>
      <div class="filter" role="search"><label>words <input id="filter-text" type="search" autocomplete="off"></label>
      <label>verdict <select id="filter-verdict"><option value="">all</option><option>confirmed</option><option>refuted</option>\
      <option>inconclusive</option><option value="unexpected">not as expected</option><option value="fragile">fragile</option>\
      <option value="waiting">not judged</option></select></label>
      <output id="filter-count" aria-live="polite">\(report.claims.count) of \(Text.count(report.claims.count, "claim"))</output></div>
      <div class="scroll"><table class="sortable" data-option="\(report.option)"><thead><tr>\(heads.prefix(4).map { $0 })\
      <th scope="col">interval, accepted</th>\(heads.suffix(2).map { $0 })</tr></thead>
      \(report.claims.map(row))</table></div></section>

      """
  }

  private static let columnCount = 7

  /// A claim: a row of numbers, and under it, folded and as wide as the table, where they come from. HTML ends cells and rows
  /// by itself, here and elsewhere where there are many, and the style knows the columns by their places.
  private func row(_ entry: Report.ClaimEntry) -> HTML {
    let (claim, evaluated) = (entry.claim, entry.evaluated)
    let badge = VerdictBadge(entry)
    var words = [badge.name]
    if let evaluated, evaluated.verdict.rawValue != badge.name { words.append(evaluated.verdict.rawValue) }
    if evaluated?.isFragile ?? false { words.append("fragile") }
    func sortKey(_ value: Double?) -> String { value.map { $0.isFinite ? String(format: "%g", $0) : "" } ?? "" }
    let estimate = evaluated?.estimate
    let accepted = VerdictReport.accepted(claim.accepted)
    return """
      <tbody id="claim:\(claim.id)" data-verdict="\(words.joined(separator: " "))"><tr><td class="claim">\
      <b>\(claim.id)</b> \(claim.statement)\
      <td>\(claim.kind.rawValue)<td>\(badge.html)\
      <td data-sort="\(sortKey(estimate?.value))">\(evaluated?.concise ?? "–")\
      <td>\(evaluated.flatMap { IntervalPlot($0)?.drawn })\
      <small>\(accepted)</small>\
      <td data-sort="\(sortKey(evaluated?.judgement?.margin))">\(evaluated?.margin ?? "")\
      <td>\(estimate.map { $0.replicaCount > 0 ? "\($0.replicaCount)" : "" } ?? "")\
      <tr class="more"><td colspan="\(Self.columnCount)"><details><summary>evidence for \(claim.id)</summary>\
      \(details(entry))</details>

      """
  }

  private func details(_ entry: Report.ClaimEntry) -> HTML {
    let claim = entry.claim
    func links(_ names: [String], _ kind: String) -> [HTML] {
      names.map { name in "<a href=\"#\(kind):\(name)\">\(name)</a> " }
    }
    var facts: [(String, HTML)] = [
      ("source", "\(claim.source)"),
      ("measured by", "\(claim.estimator.name): \(prose: claim.estimator.meaning)\(estimatorLink(claim))"),
      ("accepted because", "\(claim.because)"),
    ]
    if let evaluated = entry.evaluated {
      if let judgement = evaluated.judgement {
        facts.append(
          (
            "intervals",
            "confirming \(VerdictReport.interval(judgement.confirming)), refuting \(VerdictReport.interval(judgement.refuting))"
          ))
      }
      if !evaluated.reason.isEmpty { facts.append(("why \(evaluated.verdict.rawValue)", "\(evaluated.reason)")) }
    } else {
      facts.append(("why not judged", "\(entry.reason)"))
    }
    facts.append(("from stages", "\(links(claim.evidence.stages, "stage"))"))
    if let figures = figuresByClaim[claim.id] { facts.append(("seen in", "\(links(figures, "fig"))")) }
    if !claim.kills.isEmpty { facts.append(("notices", "\(claim.kills.joined(separator: ", "))")) }
    facts.append(("written at", "\(claim.location.file):\(claim.location.line)"))
    return "<dl>\(facts.map { fact -> HTML in "<dt>\(fact.0)<dd>\(fact.1)" })</dl>"
  }

  private func estimatorLink(_ claim: Claim) -> HTML? {
    report.estimators[claim.estimator.name].map { source in
      " (<a href=\"#code:\(source.path):\(source.line)\">\(Self.name(source.path)), line \(source.line)</a>)"
    }
  }

  // MARK: Stages and code

  private var stages: HTML {
    return """
      <section id="stages"><h2>Stages</h2>
      <p>\(Text.count(report.stages.count, "stage")), \(report.cells.present) of \
      \(Text.count(report.cells.planned, "cell")) there. \(cost)
      In the drawings, what is complete is filled and what waits for cells is dashed.</p>
      \(report.sections.filter { !$0.stages.isEmpty }.map(stageList))</section>

      """
  }

  private var cost: String {
    let missing = report.cells.present - report.cells.known
    let those = report.cells.present == 1 ? "It" : "They"
    let others = "\(Text.count(missing, "cell")) that \(missing == 1 ? "was" : "were")"
    return "\(those) cost \(Text.duration(report.cells.processorSeconds)) of processor time"
      + (missing > 0 ? ", without \(others) computed elsewhere or long ago." : ".")
  }

  private func stageList(_ section: Report.Section) -> HTML {
    let rows = section.stages.map { entry -> HTML in
      let definition = entry.stage.definition
      let code = Self.codeLinks(entry.code, "\(definition.experiment.name)")
      let missing = entry.stage.keys.count - entry.presentCount
      return """
        <tr><td><details id="stage:\(entry.stage.id)"><summary>\(entry.stage.id)</summary>\
        <p class="small">\(entry.yaml.file):\(entry.yaml.line)</p>\(HTML.source(entry.yaml.text))</details>\
        <td>\(code)<td class="number">\(entry.presentCount)/\(entry.stage.keys.count)\
        \(missing > 0 ? ", \(missing) missing" : "")\
        <td class="number">\(entry.processorSeconds.map { Text.duration($0) } ?? "–")

        """
    }
    return """
      <div class="stage-list"><h3>\(section.key)</h3>
      <details><summary>what reads what, as a drawing</summary><div class="graph" role="img" tabindex="0" \
      aria-label="Stages and figures of \(section.key), from left to right what reads them">\(HTML(trusted: section.graph))</div></details>
      <div class="scroll"><table><thead><tr><th scope="col">stage</th><th scope="col">experiment</th>\
      <th scope="col" class="number">cells</th><th scope="col" class="number">processor time</th></tr></thead>\
      <tbody>\(rows)</tbody></table></div></div>

      """
  }

  /// A file without its folders, which the link to it tells.
  private static func name(_ path: String) -> Substring { path.split(separator: "/").last ?? path[...] }

  /// What an experiment is called, leading to the first of its files, and the others behind it.
  static func codeLinks(_ files: [String], _ name: HTML) -> HTML {
    guard let own = files.first else { return name }
    let others = files.dropFirst().map { file -> HTML in ", <a href=\"#code:\(file)\">\(Self.name(file))</a>" }
    return "<a href=\"#code:\(own)\">\(name)</a>\(others)"
  }

  private var code: HTML {
    let files = report.sections.flatMap(\.code)
    let estimators = Dictionary(grouping: report.estimators.values, by: \.path)
    let list = files.map { file -> HTML in
      let ids = (estimators[file.path] ?? []).reduce(into: [:]) { $0[$1.line] = "code:\(file.path):\($1.line)" }
      return """
        <details id="code:\(file.path)"><summary><code>\(file.path)</code></summary>\
        \(HTML.source(file.text, ids: ids))</details>

        """
    }
    return """
      <section id="code" class="code"><h2>Code of experiments and estimators</h2>
      <p>\(files.isEmpty ? "The sources are not in this project's folder." : "What a replica does, and how the arrays of a stage become the number that is judged, file by file; what a paper's experiments share stands beside them in the same folder of the project. Of a program these are the files among its sources.")</p>
      \(list)</section>

      """
  }

  // MARK: Provenance

  private var provenance: HTML {
    let names = [
      ("refig", "refig"), ("commit", "commit"), ("hasChanges", "uncommitted changes"), ("compiler", "compiler"),
      ("blas", "BLAS"), ("numericClass", "numeric class"), ("hdf5", "HDF5"), ("gnuplot", "gnuplot"),
      ("system", "system"),
      ("release", "kernel"), ("machine", "processor"), ("host", "host"), ("cores", "cores"),
      ("memoryBytes", "memory in bytes"),
    ]
    let facts = names.compactMap { key, name -> HTML? in
      report.facts[key].map { "<dt>\(name)</dt><dd>\($0)</dd>" }
    }
    let rows = report.runs.map { run -> HTML in
      let cells = report.stages.count { $0.runs.contains(run.id) }
      let cores = run.facts["cores"].map { $0 == "1" ? "1 core" : "\($0) cores" } ?? "– cores"
      return """
        <tr><td>\(Self.time(run.time))</td><td><code>\(run.facts["commit"]?.prefix(10) ?? "–")</code>\
        \(run.facts["hasChanges"] == "yes" ? " with changes" : "")</td><td class="number">\(cells)</td>\
        <td>\(run.facts["compiler"] ?? "–")</td><td>\(run.facts["numericClass"] ?? "–")</td>\
        <td>\(run.facts["hdf5"] ?? "–")</td><td>\(run.facts["machine"] ?? "–"), \(cores)</td></tr>

        """
    }
    return """
      <section id="provenance"><h2>Provenance</h2>
      <p>This page was made with:</p><dl>\(facts)</dl>
      <p>The cells were computed by \(report.runs.count == 1 ? "this run" : "these \(report.runs.count) runs"); cells that were
      imported have no record here. Their names are the SHA-256 of everything they depend on.</p>
      <div class="scroll"><table><thead><tr><th scope="col">began</th><th scope="col">commit</th>\
      <th scope="col" class="number">stages</th><th scope="col">compiler</th><th scope="col">numeric class</th>\
      <th scope="col">HDF5</th><th scope="col">machine</th></tr></thead><tbody>\(rows)</tbody></table></div></section>

      """
  }
}
