/// A text of the user's that may hold formulas between dollar signs, as `the threshold $n_c$`: a statement, a caption, a
/// reason or a label. As in pandoc, a formula has no space inside its dollar signs and no digit behind them, so that those of
/// prices are text, as is `\$`. Interpolated into a text it is Unicode.
package struct Prose: Sendable, Equatable, CustomStringConvertible {
  private enum Piece: Equatable {
    case text(String)
    case formula(Formula)
  }

  private let pieces: [Piece]

  /// Throws ``Formula/Mistake`` for what begins as a formula, and not with a digit as a price does, and does not end as one,
  /// and for what is no formula.
  package init(_ source: String) throws(Formula.Mistake) {
    var pieces: [Piece] = []
    var text = String.UnicodeScalarView()
    var rest = Array(source.unicodeScalars)[...]
    while let scalar = rest.popFirst() {
      guard scalar == "$" else {
        text.append(scalar == "\\" && rest.first == "$" ? rest.removeFirst() : scalar)
        continue
      }
      var end = rest.startIndex
      while end < rest.endIndex, rest[end] != "$" { end += rest[end] == "\\" ? 2 : 1 }
      // A tab or a line break there may be what YAML made of '\theta' or '\nu', which is told below.
      guard let first = rest.first, first == "\t" || first == "\n" || !first.properties.isWhitespace else {
        text.append(scalar)
        continue
      }
      guard end < rest.endIndex, Self.closes(rest, at: end) else {
        if Self.digits.contains(first) || first.properties.isWhitespace {
          text.append(scalar)
          continue
        }
        let head = rest.prefix(20).map { "\($0)" }.joined()
        throw Formula.Mistake(
          reason:
            "the formula '$\(head)' has no end: close it with '$', with no space before it and no digit after it, or "
            + "write '\\$' for a dollar sign")
      }
      if let broken = rest[..<end].first(where: { $0 == "\t" || $0 == "\n" }) {
        throw Formula.Mistake(
          reason:
            "a \(broken == "\t" ? "tab" : "line break") stands in a formula: in double quotes YAML makes one of '\\t' and "
            + "'\\n', as of those in '\\theta' and '\\nu'; take single quotes, or write '\\\\'")
      }
      pieces += [.text(String(text)), .formula(try Formula(rest[..<end]))]
      text.removeAll()
      rest = rest[(end + 1)...]
    }
    self.pieces = pieces + [.text(String(text))]
  }

  private static let digits: ClosedRange<Unicode.Scalar> = "0"..."9"

  /// Whether a dollar sign can end a formula.
  private static func closes(_ scalars: ArraySlice<Unicode.Scalar>, at place: Int) -> Bool {
    let after = scalars[(place + 1)...].first
    return !(place > scalars.startIndex && scalars[place - 1].properties.isWhitespace)
      && !(after.map(digits.contains) ?? false)
  }

  /// All of it, with each kind of stretch in the form that is asked for.
  package func rendered(text: (String) -> String, formula: (Formula) -> String) -> String {
    pieces.map { piece in
      switch piece {
      case .text(let stretch): text(stretch)
      case .formula(let tree): formula(tree)
      }
    }.joined()
  }

  /// For terminals, records and whatever else shows plain text.
  package var unicode: String { rendered(text: { $0 }, formula: \.unicode) }
  package var description: String { unicode }
  /// For HTML, with all text of the user's escaped.
  package var html: String { rendered(text: { Text.escapedForXML($0) }, formula: \.mathML) }
  /// For gnuplot, whose own signs in the text around the formulas stay in force.
  package var gnuplot: String { rendered(text: { $0 }, formula: \.gnuplot) }
}

extension YAMLValue {
  /// A text with formulas, or nil with a report of what is wrong with one.
  package func prose(_ key: String, in context: String) -> Prose? {
    guard let text = text(key, in: context) else { return nil }
    do { return try Prose(text) } catch {
      report(.message("'\(key)': \(error.reason)"), in: context)
      return nil
    }
  }
}
