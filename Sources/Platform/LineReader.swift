private import Foundation

/// Lines and blocks of bytes from a descriptor.
package struct LineReader {
  private let descriptor: Int32
  private var buffer: [UInt8] = []
  private var position = 0
  /// How far no line ends: a long one is not looked through again for each part of it that arrives.
  private var searched = 0
  /// Bytes that were handed out so far, ends of lines included: what is not UTF-8 is repaired in a line and has other
  /// lengths there.
  package private(set) var consumedCount = 0

  /// A line of more bytes than ``lineLimit``.
  package struct EndlessLine: Error {}

  /// No line of a file that refig writes line by line is longer, in bytes: 16 MiB.
  package static let lineLimit = 1 << 24

  package init(descriptor: Int32) { self.descriptor = descriptor }

  /// Reads what is there, at least one byte; false at the end.
  package mutating func fill() throws -> Bool {
    buffer.removeSubrange(..<position)
    searched = max(0, searched - position)
    position = 0
    while true {
      var count = 0
      buffer += [UInt8](unsafeUninitializedCapacity: 1 << 16) { chunk, used in
        count = read(descriptor, chunk.baseAddress, chunk.count)
        used = max(0, count)
      }
      if count > 0 { return true }
      if count == 0 { return false }
      guard errno == EINTR else { throw FileError(.read, "pipe", code: errno) }
    }
  }

  /// A whole line that has been read already, without its end.
  package mutating func bufferedLine() -> Substring? {
    guard let end = buffer[max(position, searched)...].firstIndex(of: UInt8(ascii: "\n")) else {
      searched = buffer.count
      return nil
    }
    defer {
      consumedCount += end + 1 - position
      position = end + 1
    }
    return Substring(decoding: buffer[position..<end], as: UTF8.self)
  }

  /// The next line, nil at the end. Throws ``EndlessLine``, as for a file of zeros that somebody put in place of another.
  package mutating func line() throws -> Substring? {
    while true {
      if let line = bufferedLine() { return line }
      guard buffer.count - position <= Self.lineLimit else { throw EndlessLine() }
      guard try fill() else { return nil }
    }
  }

  /// The next `count` bytes, nil if the end comes before.
  package mutating func bytes(_ count: Int) throws -> ArraySlice<UInt8>? {
    while buffer.count - position < count { guard try fill() else { return nil } }
    defer {
      position += count
      consumedCount += count
    }
    return buffer[position..<(position + count)]
  }
}
