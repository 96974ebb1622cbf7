/// Reads a tar archive as people make them, compressed by gzip or not, from its beginning to its end in constant memory.
///
/// The archive may be hostile: names are only told, never opened, and no size is believed before its bytes are there.
/// Formats: POSIX.1-2017 pax, section "ustar Interchange Format", and what GNU tar and bsdtar add to it.
package struct ArchiveReader {
  /// What a header announces.
  package struct Member: Sendable, Equatable {
    package enum Kind: Sendable, Equatable {
      case file, folder
      /// Links, devices and what is unknown, in words.
      case other(String)
    }

    /// The name as it stands there.
    package let name: String
    package let kind: Kind
    /// Size of the content in bytes.
    package let size: Int
  }

  private var source: ByteSource
  /// Bytes of the last member's content, and zeros after it, that were not read.
  private var unread = 0
  private var padding = 0
  private var position = 0
  private var memberCount = 0

  /// An archive whose bytes come from a closure, which fills a buffer or a part of it and says how much; 0 at the end.
  /// Throws what the closure throws.
  package init(_ read: @escaping (UnsafeMutableRawBufferPointer) throws -> Int) throws {
    source = try ByteSource(read)
  }

  private static let blockSize = 512

  /// The next member, nil after the last. What was not read of the one before is skipped. Throws ``Malformed``.
  package mutating func next() throws -> Member? {
    // Set by an extended header: why the member after it cannot be taken.
    var reason: String?
    while true {
      try skip(unread + padding)
      (unread, padding) = (0, 0)
      let start = position
      guard let header = try block() else { throw Malformed("it is truncated: its end mark is missing") }
      if header.allSatisfy({ $0 == 0 }) {
        // One block of zeros is an end that GNU tar accepts; whatever follows the end is not part of the archive.
        guard memberCount > 0 else { throw Malformed("it is no archive, or an empty one") }
        return nil
      }
      guard Self.hasRightSum(header) else {
        throw Malformed(memberCount > 0 ? "the header at byte \(start) is damaged" : Self.foreignKind(header))
      }
      guard let size = Self.octal(header[124..<136]) else {
        throw Malformed("the size of the member at byte \(start) is not a number")
      }
      memberCount += 1
      unread = size
      padding = -size & (Self.blockSize - 1)
      let kind: Member.Kind
      switch header[156] {
      case UInt8(ascii: "0"), UInt8(ascii: "7"), 0: kind = reason.map(Member.Kind.other) ?? .file
      case UInt8(ascii: "1"), UInt8(ascii: "2"): kind = .other("a link")
      case UInt8(ascii: "3"), UInt8(ascii: "4"), UInt8(ascii: "6"): kind = .other("a device")
      case UInt8(ascii: "5"): kind = .folder
      case UInt8(ascii: "g"): continue
      case UInt8(ascii: "x"):
        // Times and owners are of no interest; names and sizes that do not fit a header are not a cell's.
        let text = size <= 1 << 16 ? String(decoding: try contents(), as: UTF8.self) : " path="
        if [" path=", " size=", " GNU.sparse"].contains(where: text.contains) {
          reason = "its name or size is unlike a cell's"
        }
        continue
      case UInt8(ascii: "L"), UInt8(ascii: "K"):
        reason = "its name is too long"
        continue
      default: kind = .other("of an unknown kind")
      }
      let isUstar = header[257..<262].elementsEqual("ustar".utf8)
      let prefix = isUstar ? Self.text(header[345..<500]) : ""
      let name = Self.text(header[0..<100])
      return Member(name: prefix.isEmpty ? name : "\(prefix)/\(name)", kind: kind, size: size)
    }
  }

  /// The content of the member last returned. Memory grows as its bytes come. Throws ``Malformed`` if they end too early.
  package mutating func contents() throws -> [UInt8] {
    var bytes: [UInt8] = []
    while unread > 0 {
      let step = try source.withBytes(atMost: unread) { bytes += $0 }
      guard step > 0 else { throw Malformed("it is truncated") }
      unread -= step
      position += step
    }
    return bytes
  }

  private mutating func skip(_ count: Int) throws {
    var left = count
    while left > 0 {
      let step = try source.withBytes(atMost: left) { _ in }
      guard step > 0 else { throw Malformed("it is truncated") }
      left -= step
      position += step
    }
  }

  /// The next block, nil at the end. Throws ``Malformed`` for a part of one.
  private mutating func block() throws -> [UInt8]? {
    var block: [UInt8] = []
    while block.count < Self.blockSize {
      let step = try source.withBytes(atMost: Self.blockSize - block.count) { block += $0 }
      position += step
      if step == 0 { break }
    }
    guard block.isEmpty || block.count == Self.blockSize else { throw Malformed("it is truncated") }
    return block.isEmpty ? nil : block
  }

  /// How files begin that other programs compressed.
  private static let compressors: [(name: String, start: [UInt8])] = [
    ("bzip2", Array("BZh".utf8)), ("xz", [0xfd, 0x37, 0x7a, 0x58, 0x5a]), ("zstd", [0x28, 0xb5, 0x2f, 0xfd]),
    ("zip", Array("PK".utf8)), ("7-Zip", [0x37, 0x7a, 0xbc, 0xaf]), ("lz4", [0x04, 0x22, 0x4d, 0x18]),
  ]

  private static func foreignKind(_ start: [UInt8]) -> String {
    let name = compressors.first { start.starts(with: $0.start) }?.name
    return name.map { "it is compressed by \($0): decompress it first" } ?? "it is no tar archive"
  }

  // MARK: Fields

  /// The sum of a header's bytes, its own field taken as spaces.
  private static func hasRightSum(_ header: [UInt8]) -> Bool {
    let sum = header.indices.reduce(0) { $0 + Int((148..<156).contains($1) ? 32 : header[$1]) }
    return octal(header[148..<156]) == sum
  }

  /// An octal number between spaces or zeros; nil for anything else, such as sizes of 8 GiB and more.
  private static func octal(_ field: ArraySlice<UInt8>) -> Int? {
    let digits = field.drop { $0 == 32 }.prefix { $0 != 32 && $0 != 0 }
    guard digits.count <= 12, digits.allSatisfy({ (48..<56).contains($0) }) else { return nil }
    return digits.reduce(0) { $0 << 3 | Int($1 - 48) }
  }

  private static func text(_ field: ArraySlice<UInt8>) -> String {
    String(decoding: field.prefix { $0 != 0 }, as: UTF8.self)
  }
}

/// Bytes one after the other, decompressed if they are of a gzip file.
private struct ByteSource {
  private let read: (UnsafeMutableRawBufferPointer) throws -> Int
  private let gunzip: Gunzip?
  /// What was read, from `position` on not yet used.
  private var buffer: [UInt8]
  private var position = 0

  private static let capacity = 1 << 16

  init(_ read: @escaping (UnsafeMutableRawBufferPointer) throws -> Int) throws {
    self.read = read
    let start = try Self.fill(read)
    gunzip = start.starts(with: [0x1f, 0x8b]) ? try Gunzip(start, read: { try Self.fill(read) }) : nil
    buffer = gunzip == nil ? start : []
  }

  private static func fill(_ read: (UnsafeMutableRawBufferPointer) throws -> Int) throws -> [UInt8] {
    try [UInt8](unsafeUninitializedCapacity: capacity) { buffer, count in
      count = try read(UnsafeMutableRawBufferPointer(buffer))
    }
  }

  /// Passes on some of the next bytes, and says how many; 0 at the end.
  mutating func withBytes(atMost count: Int, _ body: (UnsafeBufferPointer<UInt8>) throws -> Void) throws -> Int {
    if position == buffer.count {
      buffer = try gunzip?.next() ?? (gunzip == nil ? Self.fill(read) : [])
      position = 0
    }
    let end = min(buffer.count, position + count)
    try buffer.withUnsafeBufferPointer { try body(UnsafeBufferPointer(rebasing: $0[position..<end])) }
    defer { position = end }
    return end - position
  }
}
