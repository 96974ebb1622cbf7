private import Foundation
private import Pipeline

/// A text in a picture, in gnuplot's markup: scripts behind `^` and `_`, groups in braces, faces as in `{/:Italic n}`. In a
/// series' label a `{column}` stands for a value. What the markup means is known in this file and in that of ``tex`` alone.
package struct Label: Sendable, Hashable {
  /// As it was written.
  package let markup: String

  package static let none = Label(known: "")

  /// Nil for what gnuplot cannot draw: more than one line, control characters, or braces that are not in pairs.
  package init?(_ markup: String) {
    guard Self.isDrawable(markup) else { return nil }
    self.markup = markup
  }

  /// One that this module makes.
  init(known markup: String) {
    precondition(Self.isDrawable(markup), "text with control characters or unpaired braces: \(markup.debugDescription)")
    self.markup = markup
  }

  /// A number.
  init(_ number: Double) { self.init(known: number.drawnText) }

  package var isEmpty: Bool { markup.isEmpty }

  static func + (first: Label, second: Label) -> Label { Label(known: first.markup + second.markup) }

  private static func isDrawable(_ markup: String) -> Bool {
    var depth = 0
    var isEscaped = false
    for scalar in markup.unicodeScalars {
      switch scalar.properties.generalCategory {
      case .control, .lineSeparator, .paragraphSeparator: return false
      default: break
      }
      if !isEscaped { depth += scalar == "{" ? 1 : scalar == "}" ? -1 : 0 }
      if depth < 0 { return false }
      isEscaped = scalar == "\\" && !isEscaped
    }
    return depth == 0 && !isEscaped
  }

  // MARK: Values in it

  /// `{word}`, with a `^` or `_` before it. Made once: making it costs more than most uses.
  nonisolated(unsafe) private static let placeholder = /([\^_]?)\{([A-Za-z][A-Za-z0-9_-]*)\}/

  /// The columns that it names. A `{word}` that is a sub- or superscript may be plain text, and is not among them.
  var columns: [String] {
    guard markup.contains("{") else { return [] }
    return markup.matches(of: Self.placeholder).filter(\.output.1.isEmpty).map { String($0.output.2) }
  }

  /// With each `{column}` replaced by its value; where `value` has none, it stays what it is.
  func filled(_ value: (String) throws -> Double?) rethrows -> Label {
    guard markup.contains("{") else { return self }
    return Label(
      known: try markup.replacing(Self.placeholder) { match in
        guard let value = try value(String(match.output.2))?.drawnText else { return match.output.0 }
        return match.output.1.isEmpty ? Substring(value) : "\(match.output.1){\(value)}"
      })
  }

  // MARK: As others take it

  /// As text: `{/:Italic n}_{c}` is n_c, `10^{3}` is 10³.
  package var plainText: String {
    markup.replacing(/\{\/[^ ]* ([^{}]*)\}/) { $0.output.1 }
      .replacing(/\\(.)|([_^])(?:\{([^{}]*)\}|([^{}\\ ]))|\{\/[^ ]* |[{}]/) { match in
        match.output.2.map { mark in
          Formula.script(String(mark), String(match.output.3 ?? match.output.4 ?? "").replacing("-", with: "−"))
        } ?? match.output.1.map(String.init) ?? ""
      }
  }

  /// How many letters wide it is at most.
  var letterCount: Int { markup.replacing(#/\{/[^ ]* |[{}^_\\]/#, with: "").count }

  /// As gnuplot's single-quoted string, in which nothing is executed or replaced. Of gnuplot's signs for setting text
  /// ^, _ and braces work; & @ ~ stand for themselves.
  var gnuplot: String {
    // Why zero-width spaces: SVG viewers may lose a space that ends or begins a piece of text in one font.
    let spaced = markup.replacing(" {", with: " \u{200B}{")
      .replacing(#/(\}|[\^_][^\s{]) /#) { "\($0.output.1)\u{200B} " }
      .replacing(#/\\.|[&@~]/#) { $0.output.count == 2 ? $0.output : "\\" + $0.output }
      // In SVG, "]]>" ends a section of a kind that is none of a text's, and gnuplot 5.4 writes ">" as it is.
      .replacing(#/\](?=\\?>)/#, with: "]\u{200B}")
      .replacing("^{-", with: "^{−")  // gnuplot sets minus signs in its own numbers only
    return Self.literal(spaced)
  }

  /// As gnuplot's single-quoted string of TeX.
  var latex: String { Self.literal(tex) }

  /// gnuplot's single-quoted string of some text.
  private static func literal(_ text: String) -> String {
    // Why not doubled quotes: gnuplot 5.4 misreads one that begins the string, and two in a row. Why not a quote in double
    // quotes: its macros take that for the end of the string, and what follows for commands.
    "'" + text.replacing("'", with: "'.sprintf('%c',39).'") + "'"
  }
}
