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
    var text = String(text)
    guard let key = text.withUTF8({ CellKey(digits: UnsafeRawBufferPointer($0)) }) else { return nil }
    self = key
  }

  /// The same of bytes.
  package init?(digits: UnsafeRawBufferPointer) {
    var words: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
    var count = 0
    for byte in digits {
      let digit: UInt8
      switch byte {
      case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = byte - UInt8(ascii: "0")
      case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = byte - UInt8(ascii: "a") + 10
      default: return nil
      }
      switch count >> 4 {
      case 0: words.0 = words.0 << 4 | UInt64(digit)
      case 1: words.1 = words.1 << 4 | UInt64(digit)
      case 2: words.2 = words.2 << 4 | UInt64(digit)
      case 3: words.3 = words.3 << 4 | UInt64(digit)
      default: return nil
      }
      count += 1
    }
    guard count == 64 else { return nil }
    self.words = words
  }

  /// 64 lower-case hexadecimal digits.
  package var description: String { String(decoding: digits, as: UTF8.self) }

  /// The same as bytes.
  package var digits: [UInt8] {
    [UInt8](unsafeUninitializedCapacity: 64) { buffer, count in
      for (index, word) in [words.0, words.1, words.2, words.3].enumerated() {
        for place in 0..<16 {
          let digit = UInt8(truncatingIfNeeded: word >> (60 - 4 * UInt64(place))) & 15
          buffer[16 * index + place] = digit + (digit < 10 ? UInt8(ascii: "0") : UInt8(ascii: "a") - 10)
        }
      }
      count = 64
    }
  }

  /// The place of this key's lock in a file of locks.
  package var lockOffset: Int { Int(words.0 >> 1) }

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
