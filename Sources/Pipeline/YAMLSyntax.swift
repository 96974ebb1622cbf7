/// What is wrong with a text that is not YAML, in words for its author: libyaml's are those of its grammar.
enum YAMLSyntax {
  /// The reason for what libyaml calls a problem, found at a sign of a text. What is not known here stays in its words.
  static func reason(_ problem: String, at index: Int, of text: String) -> String {
    let scalars = text.unicodeScalars
    let place = scalars.index(scalars.startIndex, offsetBy: index, limitedBy: scalars.endIndex) ?? scalars.endIndex
    let sign = place < scalars.endIndex ? scalars[place] : nil
    let before = scalars[..<place].reversed().prefix { $0 != "\n" && $0 != "\r" }
    let beginsLine = before.allSatisfy { $0 == " " || $0 == "\t" }
    let isIndentedByTab = beginsLine && (sign == "\t" || before.contains("\t"))
    switch problem {
    case _ where isIndentedByTab, "found a tab character that violates indentation":
      return "a tab; indent with spaces"
    case "mapping values are not allowed in this context":
      return "a colon that begins a value has no place here; put a text with a colon in quotes, or below `>-` on lines"
        + " of its own; a key on a line of its own is indented as its neighbours are"
    case "did not find expected key", "did not find expected '-' indicator":
      return beginsLine
        ? "the indentation of this line or of one before differs from that of its neighbours"
        : "a text goes on behind its closing quote; a quote within quotes is written twice ('it''s'), and a quote lines before may have no end"
    case "could not find expected ':'":
      return "a line before is neither a key with a colon nor part of a text; write `key: value`, and indent a text"
        + " that goes on below its key"
    case "did not find expected ',' or ']'": return "',' or ']' is missing before this: a list that began with '['"
    case "did not find expected ',' or '}'": return "',' or '}' is missing before this: a mapping that began with '{'"
    case "found unexpected end of stream": return "a text in quotes has no end"
    case "found character that cannot start any token":
      return "no text can begin with '\(sign.map(String.init) ?? "")'; put it in quotes"
    case "found unknown escape character": return "no such sign behind a backslash; use single quotes, or write \\\\"
    case "block sequence entries are not allowed in this context":
      return "a list with '-' begins on a line of its own; write [a, b] on this one"
    case "did not find expected node content":
      return sign.map { "'\($0)' has no place here" } ?? "a value is missing here"
    default: return problem
    }
  }
}
