private import Digest

/// The name of a cell in the store: SHA-256 of its manifest's canonical text.
package struct CellKey: Hashable, Sendable, Comparable, CustomStringConvertible {
  private let words: (UInt64, UInt64, UInt64, UInt64)

  /// The key of a manifest's text.
  package init(manifest: UnsafeRawBufferPointer) { self.init(bytes: SHA256.digest(manifest)) }

  /// The key of a manifest's text.
  package init(manifest: String) { self.init(bytes: SHA256.digest(manifest)) }

  private init(bytes: [UInt8]) {
    func word(_ index: Int) -> UInt64 { bytes[(8 * index)..<(8 * index + 8)].reduce(0) { $0 << 8 | UInt64($1) } }
    words = (word(0), word(1), word(2), word(3))
  }

  /// A key from its 64 hexadecimal digits; nil if they are not that.
  package init?(_ text: some StringProtocol) {
    var parsed: [UInt64] = [0, 0, 0, 0]
    var count = 0
    for byte in text.utf8 {
      let digit: UInt8
      switch byte {
      case 48...57: digit = byte - 48
      case 97...102: digit = byte - 87
      default: return nil
      }
      guard count < 64 else { return nil }
      parsed[count >> 4] = parsed[count >> 4] << 4 | UInt64(digit)
      count += 1
    }
    guard count == 64 else { return nil }
    words = (parsed[0], parsed[1], parsed[2], parsed[3])
  }

  /// 64 lower-case hexadecimal digits.
  package var description: String {
    [words.0, words.1, words.2, words.3].map { word in
      let digits = String(word, radix: 16)
      return String(repeating: "0", count: 16 - digits.count) + digits
    }.joined()
  }

  /// The first ten digits, for people.
  package var short: String { String(description.prefix(10)) }

  package static func == (left: CellKey, right: CellKey) -> Bool { left.words == right.words }
  package static func < (left: CellKey, right: CellKey) -> Bool { left.words < right.words }
  package func hash(into hasher: inout Hasher) { hasher.combine(words.0) }

  /// SHA-256 of a text as hexadecimal digits, for digests that are no keys.
  package static func digest(_ text: String) -> String { SHA256.hexadecimal(text) }

  /// SHA-256 of some bytes as hexadecimal digits, for digests that are no keys.
  package static func digest(_ bytes: UnsafeRawBufferPointer) -> String { SHA256.hexadecimal(bytes) }

  /// The first eight bytes of the SHA-256 of a text, for random streams.
  package static func streamKey(_ text: String) -> UInt64 { CellKey(manifest: text).words.0 }
}
