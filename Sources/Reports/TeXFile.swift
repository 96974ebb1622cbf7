private import Claims
package import Figures
private import Foundation
private import Ledger
private import PaperKit
private import Pipeline

/// refig.tex: the numbers of a project's claims and its figures as macros, so that a paper's text cites them instead of
/// copying them.
///
///     \refigvalue{sarao2020/S4}            2.016(15)
///     \refigverdict{sarao2020/S4}          confirmed
///     \refigorigin …, \refigcommit         where the number was made, and the commit
///     \refigquote{sarao2020/S4}{2.02(2)}   a number written by hand, which `refig tex --check` compares
///     \refigfigure[width=8cm]{martin2026/fig6}   the picture; \refigcaption …, \refiglink …
///     \refiglatex{martin2026/fig6}   the picture with labels in the paper's own type
///
/// Each works in running text, mathematics, captions and headings: it expands to plain text, and nothing in it is fragile.
package struct TeXFile {
  /// A claim as the macros give it.
  private struct Value {
    /// The number and its standard error, 0 for none; nil where there is no number.
    let measured: (value: Double, error: Double)?
    let number, verdict, origin: String
    let statement: Prose
  }

  private let values: [String: Value]
  /// Without a picture where there is none of today's numbers.
  private let figures: [(id: String, picture: String?, latex: String?, caption: Prose)]
  private let commit: String
  private let profile: String

  /// Figures without a picture of today's numbers.
  package var picturelessFigures: [String] { figures.filter { $0.picture == nil }.map(\.id) }

  /// `picture` gives a figure's PDF as TeX is to find it, if it shows today's numbers, and `latex` in the same way a
  /// file whose labels TeX sets.
  package init(
    of project: Project, verdicts: Verdicts, commit: String?, picture: (Figure) throws -> String?,
    latex: (Figure) throws -> String?
  ) rethrows {
    values = Dictionary(
      uniqueKeysWithValues: verdicts.entries.compactMap { entry in
        guard let evaluated = entry.evaluated else { return nil }
        return (
          entry.claim.id,
          Value(
            measured: evaluated.estimate.map { ($0.value, $0.standardError) },
            number: evaluated.estimate.map {
              Self.mathematics(ConciseNumber($0.value, error: $0.standardError))
            } ?? "\\textendash{}",
            verdict: evaluated.verdict.rawValue,
            origin: entry.origin?.name ?? "", statement: entry.claim.statement)
        )
      })
    figures = try project.figures.map { ($0.id, try picture($0), try latex($0), $0.caption) }
    self.commit = commit ?? "unknown"
    profile = project.profile
  }

  // MARK: Numbers

  /// A number as mathematics of TeX.
  private static func mathematics(_ number: ConciseNumber) -> String {
    let mantissa = ["NaN": "?", "∞": "\\infty", "−∞": "-\\infty"][number.mantissa] ?? number.mantissa
    return "\\ensuremath{\(mantissa)" + (number.exponent.map { "\\times10^{\($0)}" } ?? "") + "}"
  }

  // MARK: The file

  private static let firstWords = "% Made by `refig tex`"

  /// Whether a source is a file that `refig tex` made, once.
  package static func isMade(_ source: String) -> Bool { source.hasPrefix(firstWords + ";") }

  /// Whether a file made before says what one made now would. Of which commit and where numbers were made may differ, or
  /// a file under version control were never right; a picture that is no longer there is a mistake only where it is used.
  package func isCurrent(_ source: String) -> Bool {
    func lines(_ text: String) -> [Substring] {
      text.split(separator: "\n").filter { !$0.contains(/^\\def\\refigcommit|refig@origin@/) }
    }
    let today = lines(text)
    let known = Set(today)
    return lines(source).filter { known.contains($0) || !$0.contains(/csname refig@(?:picture|latex)@/) } == today
  }

  package var text: String {
    var text = """
      \(Self.firstWords); do not edit. Numbers of claims and figures by name.
      % \\refigvalue{ID} \\refigverdict{ID} \\refigorigin{ID} \\refigstatement{ID} \\refigquote{ID}{NUMBER} \\refigcommit
      % \\refigfigure[OPTIONS OF \\includegraphics]{ID} \\refiglatex{ID} \\refigcaption{ID} \\refiglink{ID}
      \\makeatletter
      \\def\\refig@get#1#2{\\ifcsname refig@#1@#2\\endcsname\\csname refig@#1@#2\\endcsname\\else
        \\refig@unknown{#1}{#2}\\fi}
      \\DeclareRobustCommand\\refig@unknown[2]{\\PackageError{refig}{no #1 of '#2'}{`refig tex` knows the names in
        pipeline.yaml and figures/*.yaml whose cells are computed or in the ledger.}\\textbf{??}}
      \\def\\refigvalue#1{\\refig@get{value}{#1}}
      \\def\\refigverdict#1{\\refig@get{verdict}{#1}}
      \\def\\refigorigin#1{\\refig@get{origin}{#1}}
      \\def\\refigstatement#1{\\refig@get{statement}{#1}}
      \\def\\refigquote#1#2{\\ensuremath{#2}}
      \\def\\refigcaption#1{\\refig@get{caption}{#1}}
      \\def\\refiglink#1{\\texttt{\\detokenize{refig run fig:#1}} at \\refigcommit}
      \\providecommand\\refigmargin[1]{\\llap{\\smash{\\parbox[b]{\\marginparwidth}{\\raggedright\\tiny\\refiglink{#1}}}%
        \\hspace{\\marginparsep}}}
      \\DeclareRobustCommand\\refigfigure[2][width=\\linewidth]{%
        \\refigmargin{#2}\\includegraphics[#1]{\\refig@get{picture}{#2}}}
      \\DeclareRobustCommand\\refiglatex[1]{\\refigmargin{#1}{%
        \\footnotesize\\providecommand\\definecolor[3]{}\\sbox\\z@{\\refig@get{latex}{#1}}%
        \\ifdim\\wd\\z@>\\linewidth\\resizebox{\\linewidth}{!}{\\box\\z@}\\else\\box\\z@\\fi}}
      \\def\\refigcommit{\(Text.escapedForTeX(String(commit.prefix(10))))}

      """
    func define(_ kind: String, _ id: String, _ value: String) {
      text += "\\expandafter\\def\\csname refig@\(kind)@\(id)\\endcsname{\(value)}\n"
    }
    for (id, value) in values.sorted(by: { $0.key < $1.key }) {
      define("value", id, value.number)
      define("verdict", id, value.verdict)
      define("origin", id, value.origin)
      define("statement", id, Self.text(value.statement))
    }
    for figure in figures {
      if let picture = figure.picture { define("picture", figure.id, picture) }
      if let latex = figure.latex {
        let folder = latex.prefix(through: latex.lastIndex(of: "/") ?? latex.startIndex)
        define("latex", figure.id, "\\graphicspath{{\(folder)}}\\input{\(latex)}")
      }
      define("caption", figure.id, Self.text(figure.caption))
    }
    return text + "\\makeatother\n"
  }

  /// A text with its formulas.
  private static func text(_ prose: Prose) -> String {
    prose.rendered(text: Text.escapedForTeX) { "\\ensuremath{\($0.tex)}" }
  }

  // MARK: Checking a text

  /// A number in a text that is not what it should be.
  package struct Mistake: Sendable, Equatable {
    package let line: Int
    package let column: Int
    package let text: String
  }

  /// Looks through a paper's source: every macro names something known, and every `\refigquote` says what `\refigvalue`
  /// would, or that rightly rounded. Comments are passed over.
  package func mistakes(in source: String) -> [Mistake] {
    var mistakes: [Mistake] = []
    let ids = Set(figures.map(\.id))
    let pictureless = Set(picturelessFigures)
    let latexless = Set(figures.filter { $0.latex == nil }.map(\.id))
    // An argument may stand on the next line, behind a comment.
    let code = Self.code(of: source)
    let macro =
      #/
      \\refig(value|verdict|origin|statement|quote|figure|latex|caption|link) \s* (?:\[[^\]]*\] \s*)?
      \{([^{}]*)\} (?: \s* \{( [^{}]* (?: \{[^{}]*\} [^{}]* )* )\} )?
      /#
    for match in code.matches(of: macro) {
      let (kind, id) = (String(match.output.1), String(match.output.2).trimmingCharacters(in: .whitespaces))
      func report(_ text: String) {
        let before = code[..<match.range.lowerBound]
        let lineStart = before.lastIndex(of: "\n").map(before.index(after:)) ?? before.startIndex
        mistakes.append(
          Mistake(
            line: before.count { $0 == "\n" } + 1, column: before.distance(from: lineStart, to: before.endIndex) + 1,
            text: text))
      }
      if ["figure", "latex", "caption", "link"].contains(kind) {
        if !ids.contains(id) {
          report("no figure '\(id)' in this project")
        } else if kind == "figure" ? pictureless.contains(id) : kind == "latex" && latexless.contains(id) {
          let commands =
            (pictureless.contains(id) ? ["`refig run fig:\(id) --profile \(profile)`"] : [])
            + (kind == "latex" ? ["`refig tex --latex --profile \(profile)`"] : [])
          report(
            "no picture of \(id) with today's numbers\(kind == "latex" ? " for \\refiglatex" : ""); draw it with "
              + commands.joined(separator: " and "))
        }
        continue
      }
      guard let value = values[id] else {
        report("no number for the claim '\(id)': it is unknown, or neither computed nor in the ledger")
        continue
      }
      guard kind == "quote" else { continue }
      let said = String(match.output.3 ?? "")
      func bare(_ text: String) -> String {
        text.replacing(/\\ensuremath|\\,|[{}$\s]/, with: "").replacing("−", with: "-")
      }
      let isRounding =
        value.measured.map { ConciseNumber.isRounding(bare(said), of: $0.value, error: $0.error) } ?? false
      if bare(said) != bare(value.number), !isRounding {
        let digits = value.measured.map { " (\($0.value))" } ?? ""
        report("\(id) is \(bare(value.number)) now\(digits); \(said) is neither that nor a rounding of it")
      }
    }
    return mistakes
  }

  /// The files that a source takes in with `\input` or `\include`, by the names it gives.
  package static func inputs(in source: String) -> [String] {
    code(of: source).matches(of: /\\(?:(?:input|include)\s*\{([^{}]+)\}|input\s+([^\s{}\\]+))/).map { match in
      String(match.output.1 ?? match.output.2 ?? "").trimmingCharacters(in: .whitespacesAndNewlines)
    }
  }

  /// A source without its comments, with the same lines.
  private static func code(of source: String) -> String {
    source.replacing("\r\n", with: "\n").split(separator: "\n", omittingEmptySubsequences: false)
      .map { $0.prefix(upTo: comment(in: $0)) }.joined(separator: "\n")
  }

  /// Where a comment of TeX begins.
  private static func comment(in line: Substring) -> Substring.Index {
    var index = line.startIndex
    while index < line.endIndex {
      if line[index] == "\\", line.index(after: index) < line.endIndex {
        index = line.index(index, offsetBy: 2)
        continue
      }
      if line[index] == "%" { return index }
      index = line.index(after: index)
    }
    return line.endIndex
  }
}
