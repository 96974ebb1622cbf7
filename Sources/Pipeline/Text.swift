private import Foundation

/// Forms of texts and numbers that several modules write.
package enum Text {
  /// A duration for people.
  package static func duration(_ seconds: Double) -> String {
    switch seconds {
    case ..<99.5: String(format: seconds < 9.95 ? "%.1f s" : "%.0f s", seconds)
    case ..<5970: String(format: "%.0f min", seconds / 60)
    default: String(format: "%.1f h", seconds / 3600)
    }
  }

  /// A size for people, in the unit that fits: "512 bytes", "4.1 kB", "120 MB".
  package static func size(_ bytes: Int) -> String {
    var (size, unit) = (Double(bytes), "")
    for larger in ["kB", "MB", "GB", "TB"] where size >= 999.5 { (size, unit) = (size / 1000, larger) }
    return unit.isEmpty ? count(bytes, "byte") : String(format: size < 9.95 ? "%.1f" : "%.0f", size) + " \(unit)"
  }

  /// A number of things: "1 cell", "12 cells".
  package static func count(_ number: Int, _ thing: String) -> String {
    "\(number) \(thing)" + (number == 1 ? "" : "s")
  }

  /// A block of replicas by their numbers: "replica 7", "replicas 0–49".
  package static func replicas(_ block: Range<Int>) -> String {
    block.count == 1 ? "replica \(block.lowerBound)" : "replicas \(block.lowerBound)–\(block.upperBound - 1)"
  }

  /// How many of some things have each reason, the most frequent first: "12 replicas: did not converge".
  package static func tally(_ counts: [String: Int], of thing: String, limit: Int = 5) -> [String] {
    let sorted = counts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
    let lines = sorted.prefix(limit).map { "\(count($0.value, thing)): \($0.key)" }
    let rest = sorted.dropFirst(limit)
    return lines
      + (rest.isEmpty
        ? [] : ["\(count(rest.reduce(0) { $0 + $1.value }, thing)): \(count(rest.count, "other reason"))"])
  }

  /// Lines of at most so many columns, broken between words; all but the first are indented. A word that is longer has a line
  /// of its own.
  package static func wrapped(_ text: String, columns: Int, indent: Int) -> [String] {
    let margin = text.prefix { $0 == " " }
    var lines = [String(margin)]
    var isEmpty = true
    for word in text.dropFirst(margin.count).split(separator: " ", omittingEmptySubsequences: false) {
      if !isEmpty, lines[lines.count - 1].count + 1 + word.count > columns {
        lines.append(String(repeating: " ", count: indent))
        isEmpty = true
      }
      lines[lines.count - 1] += (isEmpty ? "" : " ") + word
      isEmpty = false
    }
    return lines
  }

  /// Text as HTML and XML take it, in elements and in quoted attributes. Control characters, which neither may hold, become
  /// spaces.
  package static func escapedForXML(_ text: some StringProtocol) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "\"": result += "&quot;"
      case "'": result += "&#39;"
      case "\n", "\t": result.unicodeScalars.append(scalar)
      default:
        let isControl = scalar.properties.generalCategory == .control
        result.unicodeScalars.append(isControl ? " " : scalar)
      }
    }
    return result
  }

  private static let raised: [Character: String] = [
    "⁰": "0", "¹": "1", "²": "2", "³": "3", "⁴": "4", "⁵": "5", "⁶": "6", "⁷": "7", "⁸": "8", "⁹": "9", "⁻": "-",
    "⁺": "+", "ᵀ": "T", "′": "\\prime",
  ]

  /// A text as TeX shows it, whatever it contains. Signs that TeX's fonts may lack become their names in mathematics, and
  /// those without one a question mark.
  package static func escapedForTeX(_ text: String) -> String {
    text.map { character -> String in
      switch character {
      case "\\": return "\\textbackslash{}"
      case "{", "}", "$", "&", "#", "%", "_": return "\\\(character)"
      case "^": return "\\textasciicircum{}"
      case "~": return "\\textasciitilde{}"
      case "<", ">", "|": return "\\ensuremath{\(character)}"
      case "−": return "\\ensuremath{-}"
      case "–": return "--"
      case "’": return "'"
      case " "..."~" where character.isASCII: return "\(character)"
      default:
        if let sign = raised[character] { return "\\ensuremath{{}^{\(sign)}}" }
        if let (base, mark) = accent(of: character) { return "\\ensuremath{\\\(mark){\(escapedForTeX(base))}}" }
        if let command = Formula.command(for: character) { return "\\ensuremath{\(command)}" }
        return character.isLetter ? "\(character)" : character.isWhitespace ? " " : "?"
      }
    }.joined()
  }

  /// A letter and TeX's name of the mark that a formula in one line sets over it.
  private static func accent(of character: Character) -> (base: String, mark: String)? {
    let scalars = character.unicodeScalars
    let marks: [Unicode.Scalar: String] = ["\u{304}": "bar", "\u{302}": "hat", "\u{303}": "tilde", "\u{307}": "dot"]
    guard scalars.count == 2, let mark = scalars.last.flatMap({ marks[$0] }) else { return nil }
    return (String(scalars.prefix(1).map(Character.init)), mark)
  }
}

extension String {
  /// The paper that an id such as `sarao2020/recovery-map` belongs to; an id without a slash is of itself.
  package var paper: String { String(prefix { $0 != "/" }) }
}
