private import Claims
private import Digest
private import Figures
private import Foundation
private import Ledger
private import PaperKit
private import Pipeline
private import Runner

/// The page of a report: one HTML file that asks nothing of the network, with pictures from the folder beside it. This file
/// has its frame, ``FigureTemplate`` and ``TableTemplate`` what stands in it.
package struct ReportPage {
  private let report: Report
  /// Profiles whose reports beside this one have a figure.
  private let others: (_ figure: String) -> [String]

  /// `others` tells which profiles' reports beside this one have a figure of some id.
  init(_ report: Report, others: @escaping (_ figure: String) -> [String]) {
    self.report = report
    self.others = others
  }

  /// The page.
  package var html: String { page.compact }

  private static let style = HTML(trusted: String(decoding: PackageResources.report_css, as: UTF8.self))
  private static let script = String(decoding: PackageResources.report_js, as: UTF8.self)
  /// Only this script runs, and nothing but pictures beside the page is fetched, whatever a text in it might ask for.
  private static let policy =
    "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:; base-uri 'none'; form-action 'none'; script-src "
    + "'sha256-\(Data(SHA256.digest(script)).base64EncodedString())'"

  private var page: HTML {
    """
    <!DOCTYPE html>
    <html lang="en">
    <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta http-equiv="Content-Security-Policy" content="\(HTML(trusted: Self.policy))">
    <title>refig report, profile \(report.profile)</title>
    <link rel="icon" href="data:,">
    <style>
    \(Self.style)</style>
    </head>
    <body>
    <a class="skip" href="#papers">Skip to the figures</a>
    \(top)
    \(navigation)
    <main id="papers">
    \(report.sections.filter { !$0.figures.isEmpty || !$0.claims.isEmpty }.map(section))
    \(TableTemplate(report).all)
    </main>
    <footer>Made by <code>refig report --profile \(report.profile)</code>. It needs no network. The folder
    <code>figures</code> beside it has every figure as SVG, PDF, gnuplot script, CSV and JSON.</footer>
    \(charts)
    <script>\(HTML(trusted: Self.script))</script>
    </body>
    </html>

    """
  }

  /// The numbers of all pictures, in the order of the page.
  private var charts: HTML {
    let charts = report.figures.compactMap { entry -> ChartData? in
      if case .success(let picture) = entry.picture { picture.chart } else { nil }
    }
    return "<script type=\"application/zlib\" id=\"charts\">\(ChartData.packed(charts))</script>"
  }

  // MARK: Top

  private var top: HTML {
    let papers = report.sections.filter { !$0.claims.isEmpty || !$0.figures.isEmpty }
    return """
      <header class="top">
      <p class="quiet">refig report · profile \(report.profile) · \(date) · \(commit)</p>
      <h1>\(papers.count == 1 ? "One paper" : "\(papers.count) papers"), recomputed</h1>
      \(answer)
      \(Self.bar(report.claims))
      <p>\(Self.counts(report.claims)). Each claim is a number with a confidence interval, judged against an interval that was
      fixed with its reason: <b>confirmed</b> where the whole confidence interval (wrong for any of the claims with probability
      at most 1 %) lies inside, <b>refuted</b> where a wider one lies outside, <b>inconclusive</b> otherwise.
      <span class="for-screen">Click a figure to see where it comes from.</span></p>
      \(report.audits.map { audits -> HTML in
        "<p>Where cells are not here, numbers are those of the ledger. Its audits: \(audits.text).</p>" })
      \(notable)
      <ul class="papers">\(papers.map(Self.card))</ul>
      </header>
      """
  }

  /// The day of the newest of the runs that computed the cells.
  private var date: HTML { report.runs.first.map { "computed \($0.time.prefix(10))" } ?? "cells of unknown date" }

  /// What a reader asks for first: verdicts that say no, or not yet.
  private var notable: HTML? {
    let claims = report.claims.filter { entry in
      entry.evaluated.map { $0.verdict != .confirmed || $0.isFragile } ?? false
    }
    guard !claims.isEmpty else { return nil }
    let links = claims.map { entry -> HTML in
      "<li>\(VerdictBadge(entry).html) <a href=\"#claim:\(entry.claim.id)\">\(entry.claim.id)</a> \(entry.claim.statement)</li>"
    }
    return """
      <details class="notable"><summary>\(Text.count(claims.count, "claim")) refuted, undecided or fragile</summary>
      <ul>\(links)</ul></details>
      """
  }

  private var commit: HTML {
    guard let commit = report.facts["commit"] else {
      return report.facts["gitFailure"].map { "commit unknown, git says: \($0)" } ?? "not a git checkout"
    }
    return
      "commit <code>\(commit.prefix(10))</code>\(report.facts["hasChanges"] == "yes" ? " with uncommitted changes" : "")"
  }

  private var answer: HTML {
    let differing = report.verdicts.differing
    if report.claims.isEmpty { return "<p class=\"answer\">No claim is judged in this profile.</p>" }
    guard differing.isEmpty else {
      let links = differing.map { evaluated -> HTML in
        "<li><a href=\"#claim:\(evaluated.claim.id)\">\(evaluated.claim.id)</a>: \(evaluated.verdict.rawValue), expected \(evaluated.claim.expected.rawValue)</li>"
      }
      return """
        <p class="answer bad">✗ \(differing.count) of \(Text.count(report.claims.count, "verdict")) \
        \(differing.count == 1 ? "is" : "are") \
        not as expected</p><ul>\(links)</ul>
        """
    }
    guard report.waiting.isEmpty else {
      return """
        <p class="answer">\(report.waiting.count) of \(Text.count(report.claims.count, "claim")) \
        \(report.waiting.count == 1 ? "waits" : "wait") for cells: \
        <code>refig run --profile \(report.profile)</code></p>
        """
    }
    let all = report.claims.count == 1 ? "The one verdict is" : "All \(report.claims.count) verdicts are"
    return "<p class=\"answer good\">✓ \(all) as expected</p>"
  }

  static func counts(_ claims: [Report.ClaimEntry]) -> HTML {
    let parts =
      Verdict.allCases.map { verdict in (claims.count { $0.evaluated?.verdict == verdict }, verdict.rawValue) }
      + [(claims.count { $0.evaluated == nil }, "not judged")]
    let said = parts.filter { $0.0 > 0 }.map { "\($0.0) \($0.1)" }.joined(separator: ", ")
    return "\(Text.count(claims.count, "claim"))\(said.isEmpty ? "" : ": \(said)")"
  }

  /// Shares of the verdicts, for the eye; the numbers stand beside it as text.
  static func bar(_ claims: [Report.ClaimEntry]) -> HTML {
    let kinds = claims.map { VerdictBadge($0).name }
    let parts = ["unexpected", "confirmed", "refuted", "inconclusive", "waiting"].compactMap { kind -> HTML? in
      let count = kinds.count { $0 == kind }
      return count == 0 ? nil : "<i class=\"\(kind)\" style=\"flex:\(count)\"></i>"
    }
    return "<div class=\"bar\" aria-hidden=\"true\">\(parts)</div>"
  }

  private static func card(_ section: Report.Section) -> HTML {
    """
    <li>\(thumbnail(section))<a href="#paper:\(section.key)">\(section.key)</a>
    <div class="small quiet">\(linked(section.citation))</div>\(bar(section.claims))
    <div class="small">\(Text.count(section.figures.count, "figure")), \(counts(section.claims))</div></li>
    """
  }

  /// The first picture of a paper, for the eye.
  private static func thumbnail(_ section: Report.Section) -> HTML? {
    for entry in section.figures {
      guard case .success = entry.picture else { continue }
      return """
        <a class="thumbnail" href="#fig:\(entry.figure.id)" aria-label="\(entry.figure.id)">\
        <img src="figures/\(entry.figure.id).svg" alt=""></a>
        """
    }
    return nil
  }

  /// A citation whose arXiv number is a link.
  private static func linked(_ citation: String) -> HTML {
    guard let match = citation.firstMatch(of: /arXiv:(\d{4}\.\d{4,5})/) else { return "\(citation)" }
    return """
      \(citation[..<match.range.lowerBound])<a href="https://arxiv.org/abs/\(match.output.1)">\(match.output.0)</a>\
      \(citation[match.range.upperBound...])
      """
  }

  private var navigation: HTML {
    let papers = report.sections.filter { !$0.claims.isEmpty || !$0.figures.isEmpty }
      .map { section -> HTML in "<li><a href=\"#paper:\(section.key)\">\(section.key)</a></li>" }
    let parts: [(String, String)] = [
      ("changes", "Changes"), ("evidence", "Evidence"), ("stages", "Stages"), ("code", "Code"),
      ("provenance", "Provenance"),
    ]
    return """
      <nav aria-label="Parts of the page"><ul>\(papers)\
      \(parts.map { part -> HTML in "<li><a href=\"#\(part.0)\">\(part.1)</a></li>" })</ul></nav>
      """
  }

  // MARK: Papers

  private func section(_ section: Report.Section) -> HTML {
    """
    <section id="paper:\(section.key)" aria-labelledby="title:\(section.key)">
    <h2 id="title:\(section.key)">\(section.key)</h2>
    <p class="quiet">\(Self.linked(section.citation))</p>
    \(section.figures.map(figure))
    \(claimsWithoutFigure(section))
    </section>

    """
  }

  private func figure(_ entry: Report.FigureEntry) -> HTML {
    FigureTemplate(entry: entry, report: report, others: others(entry.figure.id)).html
  }

  private func claimsWithoutFigure(_ section: Report.Section) -> HTML? {
    let shown = Set(section.figures.flatMap { $0.claims.map(\.claim.id) })
    let rest = section.claims.filter { !shown.contains($0.claim.id) }
    guard !rest.isEmpty else { return nil }
    return """
      <article><details class="others"><summary>\(Text.count(rest.count, "claim")) on arrays that no figure shows</summary>
      <ul class="claims">\(rest.map(FigureTemplate.claim))</ul></details></article>
      """
  }
}

/// What a verdict is called and how it is coloured; never by colour alone.
struct VerdictBadge {
  /// The class of its look.
  let name: String
  let text: String

  init(_ entry: Report.ClaimEntry) {
    guard let evaluated = entry.evaluated else {
      name = "waiting"
      text = "… not judged"
      return
    }
    let sign =
      switch evaluated.verdict {
      case .confirmed: "✓"
      case .refuted: "✗"
      case .inconclusive: "?"
      }
    name = evaluated.isExpected ? evaluated.verdict.rawValue : "unexpected"
    let remark =
      !evaluated.isExpected
      ? ", expected \(evaluated.claim.expected.rawValue)" : evaluated.verdict == .confirmed ? "" : ", as expected"
    text =
      "\(sign) \(evaluated.verdict.rawValue)\(remark)\(evaluated.isFragile ? " · fragile" : "")"
      + (entry.origin.map { $0 == .computed ? "" : " · \($0.name)" } ?? "")
  }

  var html: HTML { "<span class=\"badge \(name)\">\(text)</span>" }
}
