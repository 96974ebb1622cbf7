private import Claims
private import Figures
private import PaperKit
private import Pipeline

/// A figure of the report with the claims beside it and, folded, where it comes from.
struct FigureTemplate {
  let entry: Report.FigureEntry
  let report: Report
  /// Profiles whose reports stand beside this one and have the figure.
  let others: [String]
  private var figure: Figure { entry.figure }
  private var lineage: FigureLineage { entry.lineage }
  /// Beside this many claims the others are folded.
  private static let claimLimit = 4
  /// Of each stage so many cells are listed.
  private static let cellLimit = 3

  var html: HTML {
    """
    <article id="fig:\(figure.id)"\(entry.claims.isEmpty ? "" : " class=\"with-claims\"" as HTML)>
    <figure>
    \(shown)
    <figcaption><h3>\(figure.id)</h3><p>\(figure.caption)</p><p class="small quiet">\(figure.source)</p></figcaption>
    </figure>
    \(claims)
    <details class="lineage"><summary>Where does \(figure.name) come from?</summary>
    \(commands)
    \(stages)
    \(texts)
    </details>
    </article>

    """
  }

  private var shown: HTML {
    if case .success(let picture) = entry.picture {
      let size = picture.size
      let shape = (size.width > 400 ? " wide" : "") + (size.height > 0.9 * size.width ? " tall" : "")
      return """
        <div class="picture\(shape)" style="width:\(Int(size.width * 1.5 + 22))px">\
        <div class="canvas" data-name="\(figure.id)">\
        <img class="plot" loading="lazy" src="\(file(".svg"))" width="\(Int(size.width * 1.5))" \
        height="\(Int(size.height * 1.5))" alt="Figure \(figure.id), with its caption below"></div></div>
        \(profiles)
        """
    }
    guard case .failure(let absence) = entry.picture else { return "" }
    return """
      <p class="absent">No picture: \(absence.reason). <code>\(lineage.drawCommand)</code> makes it.</p>
      """
  }

  /// The same figure in the reports of other profiles beside this one.
  private var profiles: HTML? {
    guard !others.isEmpty else { return nil }
    let links = others.map { profile -> HTML in
      "<a href=\"../\(profile)/\(file(".svg"))\">\(profile)</a> "
    }
    return "<p class=\"profiles small\" data-profile=\"\(report.profile)\">The same at other sizes: \(links)</p>\n"
  }

  /// Name of one of its files, beside the page.
  private func file(_ ending: String) -> String { "figures/\(figure.id)\(ending)" }

  // MARK: Claims

  private var claims: HTML? {
    guard !entry.claims.isEmpty else { return nil }
    // What needs looking at comes first.
    let order = ["unexpected", "waiting", "inconclusive", "refuted", "confirmed"]
    let sorted = order.flatMap { name in entry.claims.filter { VerdictBadge($0).name == name } }
    let rest = sorted.dropFirst(Self.claimLimit)
    let more: HTML? =
      rest.isEmpty
      ? nil
      : "<details><summary>\(rest.count) more</summary><ul class=\"claims\">\(rest.map(Self.claim))</ul></details>"
    return """
      <div><ul class="claims" aria-label="Claims on the arrays of \(figure.id)">\
      \(sorted.prefix(Self.claimLimit).map(Self.claim))</ul>\(more)</div>
      """
  }

  static func claim(_ entry: Report.ClaimEntry) -> HTML {
    let claim = entry.claim
    var numbers: HTML
    if let evaluated = entry.evaluated {
      numbers = """
        \(evaluated.concise), accepted \
        \(VerdictReport.accepted(claim.accepted))\(evaluated.reason.isEmpty ? "" : "; \(evaluated.reason)")
        """
    } else {
      numbers = "\(entry.reason)"
    }
    return """
      <li>\(VerdictBadge(entry).html) <a href="#claim:\(claim.id)">\(claim.id)</a> <small>\
      \(claim.kind.rawValue)</small><p>\(claim.statement)</p>\(entry.evaluated.flatMap { IntervalPlot($0)?.shown })\
      <small>\(numbers)</small></li>

      """
  }

  // MARK: Lineage

  private var commands: HTML {
    let tables = picture?.tables.map(\.ending) ?? []
    let files = ([".svg"] + (entry.hasPDF ? [".pdf"] : []) + [".gp"] + tables + [".json"]).map { ending -> HTML in
      "<a href=\"\(file(ending))\">\(figure.name)\(ending)</a> "
    }
    return """
      <dl><dt>draw it again</dt><dd><code>\(lineage.drawCommand)</code></dd>
      <dt>all its numbers</dt><dd><code>\(lineage.dataCommand)</code></dd>
      <dt>all of this, with every cell, in the terminal</dt><dd><code>\(showCommand)</code></dd>
      \(picture != nil ? "<dt>files beside this page</dt><dd>\(files)</dd>" : "" as HTML)</dl>
      """
  }

  private var showCommand: String { "refig show fig:\(figure.id)\(report.option)" }

  private var picture: Report.Picture? { if case .success(let picture) = entry.picture { picture } else { nil } }

  private var stages: HTML {
    guard !lineage.stages.isEmpty else { return "<p>It shows formulas of its tables' own and reads no stage.</p>" }
    let rows = lineage.stages.map { stage -> HTML in
      let name: HTML = stage.code.isEmpty ? "\(stage.experiment)" : "code of \(stage.experiment)"
      let code = TableTemplate.codeLinks(stage.code, name)
      let inputs = stage.inputs.map { input -> HTML in ", reads <a href=\"#stage:\(input)\">\(input)</a>" }
      let cells = stage.cells.prefix(Self.cellLimit).map { cell -> HTML in
        "<dt>\(cell.key.prefix(12))<dd>\(cell.label)\(cell.isPresent ? "" : " (missing)")"
      }
      let rest = stage.cells.count - cells.count
      let more: HTML? =
        rest > 0 ? "<p>and \(rest) more</p>" : nil
      return """
        <h4><a href="#stage:\(stage.id)">\(stage.id)</a></h4>
        <p>\(code)\(inputs); \(Text.count(stage.cells.count, "cell"))\
        \(stage.missingCount > 0 ? ", \(stage.missingCount) missing" : "")</p>
        <details><summary>cells by key</summary>\
        <dl class="cells">\(cells)</dl>\(more)</details>

        """
    }
    return "<h3>Stages it reads</h3>\(rows)"
  }

  private var texts: HTML {
    var parts: HTML = """
      <h4>As it is written</h4>
      <details><summary>YAML, \(lineage.yaml.file):\(lineage.yaml.line)</summary>\
      \(HTML.source(lineage.yaml.text))</details>

      """
    for table in picture?.tables ?? [] {
      parts += """
        <details><summary>\(table.reference.table) as CSV; all rows and digits are in \
        \(figure.name)\(table.ending)</summary>\(HTML.source(table.head))</details>

        """
    }
    return parts
  }
}
