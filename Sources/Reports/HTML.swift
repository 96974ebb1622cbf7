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

  /// The same page in fewer bytes: without the quotes around values of attributes that need none. Whatever reads HTML makes
  /// the same elements of it.
  var compact: String {
    let bytes = Array(text.utf8)
    var result: [UInt8] = []
    result.reserveCapacity(bytes.count)
    var position = 0
    func copy(to end: Int) {
      result += bytes[position..<end]
      position = end
    }
    /// The place behind the next of these signs; the end without one.
    func end(of signs: String) -> Int {
      let signs = Array(signs.utf8)
      var start = position
      while start + signs.count <= bytes.count {
        if bytes[start] == signs[0], bytes[start..<(start + signs.count)].elementsEqual(signs) {
          return start + signs.count
        }
        start += 1
      }
      return bytes.count
    }
    while position < bytes.count {
      copy(to: end(of: "<"))
      guard position < bytes.count, Self.isLetter(bytes[position]) else { continue }
      let name = bytes[position...].prefix(while: Self.isLetter)
      while position < bytes.count, bytes[position] != UInt8(ascii: ">") {
        guard bytes[position] == UInt8(ascii: "\"") else {
          copy(to: position + 1)
          continue
        }
        let value = bytes[(position + 1)...].prefix { $0 != UInt8(ascii: "\"") }
        let next = value.endIndex + 1
        let isBefore = next < bytes.count && [UInt8(ascii: " "), UInt8(ascii: ">")].contains(bytes[next])
        if !value.isEmpty, isBefore, value.allSatisfy(Self.needsNoQuotes) {
          result += value
          position = next
        } else {
          copy(to: min(next, bytes.count))
        }
      }
      // What stands in these is no markup.
      for raw in ["script", "style"] where name.elementsEqual(raw.utf8) { copy(to: end(of: "</\(raw)")) }
    }
    return String(decoding: result, as: UTF8.self)
  }

  private static func isLetter(_ byte: UInt8) -> Bool { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 32) }

  /// Letters, digits and the signs of paths, ids and lengths.
  private static func needsNoQuotes(_ byte: UInt8) -> Bool {
    isLetter(byte) || (UInt8(ascii: "-")...UInt8(ascii: ":")).contains(byte) || byte == UInt8(ascii: "#")
      || byte == UInt8(ascii: "_")
  }

  static func += (left: inout HTML, right: HTML) { left.text += right.text }
}
