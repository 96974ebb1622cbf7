/// Why bytes are not what they claim to be, as a phrase that begins with a small letter. Whatever it quotes of the bytes is
/// left as it is: printing makes it visible.
package struct Malformed: Error, Equatable, Sendable, CustomStringConvertible {
  package let reason: String

  package init(_ reason: String) { self.reason = reason }

  package var description: String { reason }
}

/// Little-endian fields read one after the other from some bytes; each access is checked.
struct FieldReader {
  private(set) var rest: UnsafeRawBufferPointer
  /// What is read, for messages.
  private let subject: String

  init(_ bytes: UnsafeRawBufferPointer, of subject: String) {
    rest = bytes
    self.subject = subject
  }

  /// The next `count` bytes.
  mutating func bytes(_ count: Int) throws -> UnsafeRawBufferPointer {
    guard count >= 0, count <= rest.count else { throw Malformed("\(subject) ends too early") }
    defer { rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(count)) }
    return UnsafeRawBufferPointer(rebasing: rest.prefix(count))
  }

  /// An unsigned number.
  mutating func number<Value: FixedWidthInteger & UnsignedInteger>(_: Value.Type) throws -> Value {
    Value(littleEndian: try bytes(MemoryLayout<Value>.size).loadUnaligned(as: Value.self))
  }

  /// An unsigned number of eight bytes that counts or places bytes of a file.
  mutating func size() throws -> Int {
    guard let size = Int(exactly: try number(UInt64.self)) else {
      throw Malformed("\(subject) holds a size beyond 2^63")
    }
    return size
  }

  /// Exactly these bytes.
  mutating func expect(_ expected: [UInt8]) throws {
    guard try bytes(expected.count).elementsEqual(expected) else {
      throw Malformed("\(subject) is of a kind refig does not write")
    }
  }
}
