package import Pipeline

/// A piece of HTML. What is interpolated into it is text unless it is HTML itself, so that no label, caption or name of a
/// user's can become markup: a template cannot forget to escape.
package struct HTML: ExpressibleByStringInterpolation, Sendable {
  package private(set) var text: String

  package init(stringLiteral text: String) { self.text = text }

  package init(stringInterpolation: StringInterpolation) { text = stringInterpolation.text }

  /// Markup from elsewhere, such as a drawing that ``StageGraph`` has made.
  init(trusted text: String) { self.text = text }

  package struct StringInterpolation: StringInterpolationProtocol {
    fileprivate var text = ""

    package init(literalCapacity: Int, interpolationCount: Int) { text.reserveCapacity(2 * literalCapacity) }
    package mutating func appendLiteral(_ literal: String) { text += literal }
    package mutating func appendInterpolation(_ value: some StringProtocol) { text += Text.escapedForXML(value) }
    package mutating func appendInterpolation(_ value: Prose) { text += value.html }
    /// What was not read as prose, such as a text in Swift: as it stands where it is none.
    package mutating func appendInterpolation(prose value: String) {
      if let prose = try? Prose(value) { appendInterpolation(prose) } else { appendInterpolation(value) }
    }
    package mutating func appendInterpolation(_ value: Int) { text += "\(value)" }
    package mutating func appendInterpolation(_ value: HTML?) { text += value?.text ?? "" }
    package mutating func appendInterpolation(_ values: [HTML]) { for value in values { text += value.text } }
  }

  /// A source text as it is laid out; the lines with these numbers can be linked to by the ids they are given.
  static func source(_ text: some StringProtocol, ids: [Int: String] = [:]) -> HTML {
    var lines = inert(text)
    if !ids.isEmpty {
      lines = lines.split(separator: "\n", omittingEmptySubsequences: false).enumerated().map { index, line in
        ids[index + 1].map { "<span id=\"\(Text.escapedForXML($0))\">\(line)</span>" } ?? String(line)
      }.joined(separator: "\n")
    }
    return HTML(trusted: "<pre tabindex=\"0\">\(lines)</pre>")
  }

  /// Between tags quotes are signs like others, and code has thousands of them.
  private static func inert(_ text: some StringProtocol) -> String {
    Text.escapedForXML(text).replacing("&quot;", with: "\"").replacing("&#39;", with: "'").replacing("&gt;", with: ">")
  }

  static func += (left: inout HTML, right: HTML) { left.text += right.text }
}
