private import FileFormats
package import Pipeline

/// That results of other code were taken for those of today's, after a sample was made again.
package struct CodeAcceptance: Sendable, Hashable {
  package let time: String
  package let who: String
  package let reason: String
  /// How many cells were computed again, or how many estimates and tables made again, with the same results.
  package let sampled: Int
  /// Digests of the code before and after, see ``Manifest/codeDigest``.
  package let from: String
  package let to: String

  /// Of words the first 300 signs are kept, without what would end a line or a field, or what a terminal obeys.
  package init(time: String, who: String, reason: String, sampled: Int, from: String, to: String) {
    func field(_ text: String) -> String {
      String(ErrorMessage.visible(text.replacing("\t", with: " ").replacing("\n", with: " ")).prefix(300))
    }
    self.time = field(time)
    self.who = field(who)
    self.reason = field(reason)
    self.sampled = sampled
    self.from = field(from)
    self.to = field(to)
  }
}

extension Manifest {
  /// Names and digests of the code without the compiler's, which is a fact of the run (see ``Cell/bitClass``).
  package var codeParts: [String: String] {
    Dictionary(code.filter { $0.part != Cell.compilerPart }.map { ("code.\($0.part)", $0.digest) }) { first, _ in
      first
    }
  }

  /// One digest of the code.
  package var codeDigest: String { Self.digest(ofCode: codeParts) }

  package static func digest(ofCode parts: [String: String]) -> String {
    CellKey.digest(parts.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)\n" }.joined())
  }
}

// MARK: In a cell

extension CodeAcceptance {
  /// How many a cell keeps, the last ones, and bytes that they may take.
  static let countLimit = 16
  private static let byteLimit = countLimit * 2_600

  /// The attribute of a cell that was kept under other code; three lines each.
  static func text(_ acceptances: [Self]) -> String {
    acceptances.map { "\($0.time) \($0.sampled) \($0.from) \($0.to)\n\($0.who)\n\($0.reason)" }.joined(separator: "\n")
  }

  /// Reads the attribute. Throws `Malformed`.
  static func all(in text: String) throws -> [Self] {
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    guard text.utf8.count <= byteLimit, ErrorMessage.isVisibleInLines(text), lines.count.isMultiple(of: 3) else {
      throw Malformed("its list of accepted code cannot be read")
    }
    return try stride(from: 0, to: lines.count, by: 3).map { line in
      let words = lines[line].split(separator: " ", omittingEmptySubsequences: false)
      guard words.count == 4, let sampled = Int(words[1]), words[2...].allSatisfy({ CellKey($0) != nil }) else {
        throw Malformed("its list of accepted code names no code")
      }
      return Self(
        time: String(words[0]), who: String(lines[line + 1]), reason: String(lines[line + 2]), sampled: sampled,
        from: String(words[2]), to: String(words[3]))
    }
  }
}
