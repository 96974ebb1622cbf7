private import CZlib

/// Compression by zlib, in streams of RFC 1950.
package enum Deflate {
  /// No compressed byte becomes more bytes than this (zlib's technical notes: 1032 to 1, in the limit).
  static let greatestRatio = 1032

  /// A stream of these bytes, as small as zlib makes it.
  package static func deflate(_ bytes: [UInt8]) -> [UInt8] {
    var count = compressBound(uLong(bytes.count))
    return [UInt8](unsafeUninitializedCapacity: Int(count)) { stream, used in
      // With room for the bound it can only lack memory.
      guard compress2(stream.baseAddress, &count, bytes, uLong(bytes.count), Z_BEST_COMPRESSION) == Z_OK else {
        preconditionFailure("zlib cannot compress \(bytes.count) bytes")
      }
      used = Int(count)
    }
  }

  /// Decompresses a stream that must fill the destination exactly.
  static func inflate(_ source: UnsafeRawBufferPointer, into destination: UnsafeMutableRawBufferPointer) throws {
    var used = uLong(source.count)
    var filled = uLongf(destination.count)
    let status = uncompress2(
      destination.baseAddress?.assumingMemoryBound(to: UInt8.self), &filled,
      source.baseAddress?.assumingMemoryBound(to: UInt8.self), &used)
    guard status == Z_OK, used == source.count, filled == destination.count else {
      throw Malformed("its compressed data do not have the declared size")
    }
  }
}

/// The content of a gzip file (RFC 1952) in parts: one compressed stream or several, and perhaps zeros.
final class Gunzip {
  /// zlib keeps the address.
  private let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
  private let read: () throws -> [UInt8]
  private var input: [UInt8]
  private var position = 0
  private var isBetweenStreams = false
  /// How many bytes went in and came out.
  private var (consumed, produced) = (0, 0)

  /// Cells are compressed already: an archive of them shrinks by a factor of about ten, and more than this only if it is
  /// made to fill memory or time. The first megabytes may be anything.
  private static let greatestRatio = 200
  private static let freeSize = 1 << 24

  /// `start` is what was read already; the closure reads more, nothing at the end.
  init(_ start: [UInt8], read: @escaping () throws -> [UInt8]) throws {
    self.read = read
    input = start
    stream.initialize(to: z_stream())
    // 15 bits of window, and 16 for a header of gzip.
    guard inflateInit2_(stream, 15 + 16, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK else {
      throw Malformed("zlib cannot begin to decompress it")
    }
  }

  deinit {
    inflateEnd(stream)
    stream.deinitialize(count: 1)
    stream.deallocate()
  }

  /// The next bytes, nil at the end. Throws ``Malformed`` and what the closure throws.
  func next() throws -> [UInt8]? {
    while true {
      if position == input.count {
        (input, position) = (try read(), 0)
        if input.isEmpty {
          guard isBetweenStreams else { throw Malformed("it is truncated: its compressed data end too early") }
          return nil
        }
      }
      if isBetweenStreams {
        // Tapes and some programs fill the last block with zeros.
        position = input[position...].firstIndex { $0 != 0 } ?? input.count
        if position == input.count { continue }
        inflateReset(stream)
        isBetweenStreams = false
      }
      let output = try step()
      if !output.isEmpty { return output }
    }
  }

  private func step() throws -> [UInt8] {
    var status = Z_OK
    let start = position
    let output = input.withUnsafeMutableBufferPointer { input in
      [UInt8](unsafeUninitializedCapacity: 1 << 16) { output, count in
        stream.pointee.next_in = input.baseAddress?.advanced(by: position)
        stream.pointee.avail_in = uInt(input.count - position)
        stream.pointee.next_out = output.baseAddress
        stream.pointee.avail_out = uInt(output.count)
        status = inflate(stream, Z_NO_FLUSH)
        position = input.count - Int(stream.pointee.avail_in)
        count = output.count - Int(stream.pointee.avail_out)
      }
    }
    consumed += position - start
    produced += output.count
    guard produced <= Self.freeSize + Self.greatestRatio * consumed else {
      throw Malformed("it would become more than \(Self.greatestRatio) times larger: no archive of cells does")
    }
    switch status {
    case Z_STREAM_END: isBetweenStreams = true
    case Z_OK where position > start || !output.isEmpty: break
    default: throw Malformed("its compressed data are damaged")
    }
    return output
  }
}
