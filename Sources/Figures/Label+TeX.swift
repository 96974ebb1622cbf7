private import Pipeline

extension Label {
  /// As TeX: `{/:Italic n}_{50}` as `\ensuremath{n}\textsubscript{50}`. What is no markup is shown as it stands: nothing in a
  /// label is a command of TeX's.
  var tex: String { TeXText(markup).text }
}

private struct TeXText {
  private(set) var text = ""
  private var rest: Substring

  init(_ markup: String) {
    rest = markup[...]
    text = stretch()
    // gnuplot would take what stands in brackets here for a place, and braces for what it need not center itself.
    if text.first == "[" || text.first == "{" { text = "\\relax " + text }
  }

  /// What stands until the end or a closing brace.
  private mutating func stretch() -> String {
    var text = ""
    while let next = rest.popFirst(), next != "}" { text += piece(next) }
    return text
  }

  private mutating func piece(_ sign: Character) -> String {
    switch sign {
    case "\\": return rest.popFirst().map { Text.escapedForTeX(String($0)) } ?? ""
    case "_": return "\\textsubscript{\(argument())}"
    case "^": return "\\textsuperscript{\(argument())}"
    case "{":
      guard rest.first == "/" else { return "{\(stretch())}" }
      let look = rest.prefix { $0 != " " && $0 != "}" }
      rest = rest.dropFirst(look.count)
      if rest.first == " " { rest.removeFirst() }
      let inner = stretch()
      return look.contains("Italic") ? "\\ensuremath{\(inner)}" : look.contains("Bold") ? "\\textbf{\(inner)}" : inner
    default: return Text.escapedForTeX(String(sign))
    }
  }

  /// What a script takes: a group or one sign.
  private mutating func argument() -> String {
    guard let next = rest.popFirst() else { return "" }
    return next == "{" && rest.first != "/" ? stretch() : piece(next)
  }
}
