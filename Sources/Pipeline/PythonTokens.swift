/// The tokens of a Python file, so that editing a comment, an empty line or spaces within a line changes no key.
///
/// Strings, also formatted ones with all that they hold, and the indentation of a line stay as they are. A file in another
/// encoding than UTF-8, one with a line of which the indentation is continued by a backslash, and what does not end as it
/// should stay as they are altogether.
package enum PythonTokens {
  /// A text that two files share exactly if they have the same tokens.
  package static func text(of bytes: [UInt8]) -> [UInt8] {
    var reader = Reader(bytes: bytes)
    return !declaresEncoding(bytes) && reader.read() ? reader.result : bytes
  }

  /// Whether a comment in the first two lines says what strings mean, other than in UTF-8 (PEP 263).
  private static func declaresEncoding(_ bytes: [UInt8]) -> Bool {
    bytes.split(maxSplits: 2, omittingEmptySubsequences: false) { $0 == UInt8(ascii: "\n") || $0 == UInt8(ascii: "\r") }
      .prefix(2).contains { line in
        guard let name = String(decoding: line, as: UTF8.self).firstMatch(of: /^[ \t\f]*#.*?coding[:=][ \t]*([-.\w]+)/)
        else {
          return false
        }
        return !["utf-8", "utf8"].contains(name.1.lowercased().replacing("_", with: "-"))
      }
  }

  private struct Reader {
    let bytes: [UInt8]
    var result: [UInt8] = []
    private var position = 0
    /// Open brackets: within them, ends of lines separate nothing.
    private var depth = 0
    /// Whether spaces, or what counts as such, stand before the next token of this line.
    private var hasGap = false
    private var isLineStart = true

    init(bytes: [UInt8]) { self.bytes = bytes }

    private func at(_ offset: Int) -> UInt8? {
      position + offset < bytes.count ? bytes[position + offset] : nil
    }

    /// False where a string or a bracket does not end, or where an indentation is continued.
    mutating func read() -> Bool {
      while let byte = at(0) {
        if isLineStart {
          guard readIndentation() else { return false }
          continue
        }
        switch byte {
        case UInt8(ascii: "#"): skipComment()
        case UInt8(ascii: "\n"), UInt8(ascii: "\r"):
          position += 1
          if depth == 0 { endLine() } else { hasGap = true }
        case UInt8(ascii: " "), UInt8(ascii: "\t"), 0x0c:
          position += 1
          hasGap = true
        case UInt8(ascii: "\\") where at(1) == UInt8(ascii: "\n") || at(1) == UInt8(ascii: "\r"):
          position += at(1) == UInt8(ascii: "\r") && at(2) == UInt8(ascii: "\n") ? 3 : 2
          hasGap = true
        case UInt8(ascii: "\""), UInt8(ascii: "'"):
          separate(byte)
          guard readString(prefix: bytes[position..<position]) else { return false }
        case _ where Self.isWord(byte):
          separate(byte)
          let start = position
          while let next = at(0), Self.isWord(next) { position += 1 }
          let word = bytes[start..<position]
          result += word
          if let quote = at(0), Self.isQuote(quote), !readString(prefix: word) { return false }
        default:
          if [UInt8(ascii: "("), UInt8(ascii: "["), UInt8(ascii: "{")].contains(byte) { depth += 1 }
          if [UInt8(ascii: ")"), UInt8(ascii: "]"), UInt8(ascii: "}")].contains(byte) { depth -= 1 }
          guard depth >= 0 else { return false }
          separate(byte)
          result.append(byte)
          position += 1
        }
      }
      endLine()
      return depth == 0
    }

    /// Copies the spaces before a line's first token, or skips a line without any. False for a backslash that continues
    /// them: which of the two lines' spaces count, depends on the version of Python.
    private mutating func readIndentation() -> Bool {
      var end = position
      while end < bytes.count, bytes[end] == UInt8(ascii: " ") || bytes[end] == UInt8(ascii: "\t") || bytes[end] == 0x0c
      {
        end += 1
      }
      let indentation = bytes[position..<end]
      position = end
      switch at(0) {
      case nil: break
      case UInt8(ascii: "#"): skipComment()
      case UInt8(ascii: "\n"), UInt8(ascii: "\r"): position += 1
      case UInt8(ascii: "\\") where at(1) == UInt8(ascii: "\n") || at(1) == UInt8(ascii: "\r"): return false
      default:
        result += indentation
        isLineStart = false
      }
      return true
    }

    private mutating func skipComment() {
      while let byte = at(0), byte != UInt8(ascii: "\n"), byte != UInt8(ascii: "\r") { position += 1 }
    }

    private mutating func endLine() {
      if !isLineStart { result.append(UInt8(ascii: "\n")) }
      isLineStart = true
      hasGap = false
    }

    /// Keeps apart what spaces kept apart and what would be one token without them: words, and signs of operators.
    private mutating func separate(_ next: UInt8) {
      if hasGap, let last = result.last, last != UInt8(ascii: "\n"),
        (Self.isWord(last) || Self.isQuote(last)) && (Self.isWord(next) || Self.isQuote(next))
          || Self.pairs.contains([last, next])
      {
        result.append(UInt8(ascii: " "))
      }
      hasGap = false
    }

    /// The operators of two signs; those of three begin and end with one.
    private static let pairs = Set(
      [
        "==", "!=", "<=", ">=", "<>", ":=", "->", "+=", "-=", "*=", "/=", "%=", "@=", "&=", "|=", "^=", "//", "**",
        "<<", ">>",
        "..",
      ].map { Array($0.utf8) })

    /// Copies a string that begins here, its prefix being copied already; false if it does not end.
    private mutating func readString(prefix: ArraySlice<UInt8>) -> Bool {
      let isFormatted = Self.isFormatted(prefix)
      let quote = bytes[position]
      let isTriple = at(1) == quote && at(2) == quote
      let start = position
      position += isTriple ? 3 : 1
      guard readText(quote, isTriple: isTriple, isFormatted: isFormatted) else { return false }
      result += bytes[start..<position]
      return true
    }

    /// Goes on behind the closing quotes.
    private mutating func readText(_ quote: UInt8, isTriple: Bool, isFormatted: Bool) -> Bool {
      while let byte = at(0) {
        if byte == UInt8(ascii: "\\") {
          position += 2
        } else if byte == quote, !isTriple || at(1) == quote && at(2) == quote {
          position += isTriple ? 3 : 1
          return true
        } else if !isTriple, byte == UInt8(ascii: "\n") {
          return false
        } else if isFormatted, byte == UInt8(ascii: "{") {
          position += 1
          if at(0) == UInt8(ascii: "{") { position += 1 } else if !readField(quote, isTriple) { return false }
        } else {
          position += 1
        }
      }
      return false
    }

    /// Goes on behind the brace that closes a field of a formatted string; in its format, quotes are plain signs.
    private mutating func readField(_ quote: UInt8, _ isTriple: Bool) -> Bool {
      var brackets = 0
      var isFormat = false
      while let byte = at(0) {
        switch byte {
        case UInt8(ascii: "}") where brackets == 0:
          position += 1
          return true
        case UInt8(ascii: "{") where isFormat:
          position += 1
          guard readField(quote, isTriple) else { return false }
          continue
        case UInt8(ascii: "\""), UInt8(ascii: "'"):
          if isFormat {
            // The string's own quotes cannot stand here.
            if byte == quote, !isTriple { return false }
            break
          }
          var prefixStart = position
          while prefixStart > 0, Self.isWord(bytes[prefixStart - 1]) { prefixStart -= 1 }
          let prefix = bytes[prefixStart..<position]
          let isTripleInside = at(1) == byte && at(2) == byte
          position += isTripleInside ? 3 : 1
          guard readText(byte, isTriple: isTripleInside, isFormatted: Self.isFormatted(prefix)) else { return false }
          continue
        case UInt8(ascii: "("), UInt8(ascii: "["), UInt8(ascii: "{"): brackets += 1
        case UInt8(ascii: ")"), UInt8(ascii: "]"), UInt8(ascii: "}"): brackets -= 1
        case UInt8(ascii: ":") where brackets == 0: isFormat = true
        // A comment in a field may hold anything.
        case UInt8(ascii: "#") where !isFormat: return false
        default: break
        }
        position += 1
      }
      return false
    }

    private static func isFormatted(_ prefix: ArraySlice<UInt8>) -> Bool {
      ["f", "fr", "rf", "t", "tr", "rt"].contains(String(decoding: prefix, as: UTF8.self).lowercased())
    }

    private static func isQuote(_ byte: UInt8) -> Bool { byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'") }

    private static func isWord(_ byte: UInt8) -> Bool {
      switch byte {
      case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
        UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "_"), 0x80...0xff:
        true
      default: false
      }
    }
  }
}
