private import Pipeline

/// figures/style.gp is part of every script, and gnuplot runs what it says: programs too. This tells what may stand there
/// when nobody vouches for the file: settings of the look, and nothing that can start a program or touch a file.
package enum StyleFile {
  /// What may follow `set` and `unset`.
  private static let looks: Set = [
    "angles", "arrow", "border", "boxwidth", "bars", "clip", "cbtics", "cblabel", "colorbox", "decimalsign",
    "errorbars", "format", "grid", "jitter", "key", "linetype", "margins", "bmargin", "lmargin", "rmargin", "tmargin",
    "minussign",
    "mxtics", "mytics", "mx2tics", "my2tics", "palette", "pointintervalbox", "pointsize", "samples", "style", "tics",
    "xtics", "x2tics", "xzeroaxis", "ytics", "y2tics", "yzeroaxis", "zeroaxis", "ztics",
  ]

  /// Words that run a program or read a file wherever an expression may stand.
  private static let actions = ["system", "shell", "load", "call", "evaluate", "file", "import", "output", "print"]

  /// Lines that are more than settings of the look: counted from 1, with the reason.
  package static func problems(in text: String) -> [(line: Int, reason: String)] {
    var problems: [(line: Int, reason: String)] = []
    var first = 1
    var statement = ""
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    for (index, line) in lines.enumerated() {
      // A comment goes on in the next line too.
      let goesOn = line.last == "\\" && index < lines.count - 1
      statement += goesOn ? line.dropLast() + " " : line
      if goesOn { continue }
      if let reason = problem(in: statement) { problems.append((first, reason)) }
      (statement, first) = ("", index + 2)
    }
    return problems
  }

  private static func problem(in statement: String) -> String? {
    let trimmed = statement.drop { $0 == " " || $0 == "\t" }
    if trimmed.isEmpty || trimmed.first == "#" { return nil }
    guard ErrorMessage.isVisibleInLines(statement.replacing("\t", with: " ")) else { return "hidden characters" }
    if let sign = trimmed.first(where: { "`@|<!$".contains($0) }) { return "the sign '\(sign)'" }
    let words = trimmed.split { !$0.isLetter && !$0.isNumber && $0 != "_" }
    // gnuplot takes beginnings of these for the whole, but not in an expression.
    if let word = words.first(where: { actions.contains($0.lowercased()) }) { return "'\(word)'" }
    for command in trimmed.split(separator: ";") {
      let words = command.split { $0 == " " || $0 == "\t" }.prefix(2).map(String.init)
      guard words.count == 2, ["set", "unset"].contains(words[0]), looks.contains(words[1]) else {
        return "'\(words.joined(separator: " "))', which is no setting of the look"
      }
    }
    return nil
  }
}
