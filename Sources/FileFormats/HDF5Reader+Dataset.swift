extension HDF5Reader {
  /// What the header of a dataset says.
  package struct Dataset: Sendable {
    package let name: String
    package let shape: [Int]
    /// Whether it is marked as the scale of an axis.
    package let isScale: Bool
    fileprivate let storage: Storage
  }

  fileprivate enum Storage {
    /// Neither chunks nor filters; nil if there is nothing to store.
    case contiguous(address: Int?)
    /// A B-tree of chunks of so many rows of the first axis.
    case chunked(tree: Int, rows: Int)
  }

  /// Reads the header of a dataset. Throws ``Malformed`` for anything refig does not write. Each can be read once.
  package mutating func dataset(_ name: String) throws -> Dataset {
    do {
      return try header(of: name)
    } catch let malformed as Malformed {
      throw Malformed("dataset '\(name)': \(malformed.reason)")
    }
  }

  private mutating func header(of name: String) throws -> Dataset {
    var parts: [Kind: UnsafeRawBufferPointer] = [:]
    var isScale = false
    for (kind, body) in try messages(at: try address(of: name)) {
      if kind == .attribute {
        let (name, _, _, data) = try attribute(body)
        if name == "CLASS" { isScale = data.rest.starts(with: "DIMENSION_SCALE".utf8) }
      } else if parts.updateValue(body, forKey: kind) != nil || kind == .symbolTable {
        throw Malformed("its header holds a property twice, or one of a group")
      }
    }
    guard let space = parts[.dataspace], let type = parts[.datatype], let layout = parts[.layout] else {
      throw Malformed("its header lacks shape, type or layout")
    }
    guard type.starts(with: doubleType) else { throw Malformed("its type is not a 64-bit little-endian number") }
    let shape = try Self.shape(space)
    let storage = try Self.storage(layout, shape: shape)
    if case .chunked = storage {
      guard let filters = parts[.filters], filters.elementsEqual(filterMessage) else {
        throw Malformed("its filters are not shuffle, deflate and fletcher32")
      }
    } else if parts[.filters] != nil {
      throw Malformed("it has filters without chunks")
    }
    return Dataset(name: name, shape: shape, isScale: isScale, storage: storage)
  }

  /// A dataspace message of version 1 that cannot grow.
  private static func shape(_ message: UnsafeRawBufferPointer) throws -> [Int] {
    var fields = FieldReader(message, of: "the shape")
    try fields.expect([1])
    let rank = Int(try fields.number(UInt8.self))
    guard rank <= 32 else { throw Malformed("its shape has \(rank) axes") }
    // Bit 0: the greatest lengths follow.
    try fields.expect([rank == 0 ? 0 : 1, 0, 0, 0, 0, 0])
    let shape = try (0..<rank).map { _ in try fields.size() }
    guard try shape == (0..<rank).map({ _ in try fields.size() }) else { throw Malformed("its shape can grow") }
    var count = 8
    for length in shape where length > 0 {
      let (product, isTooMuch) = count.multipliedReportingOverflow(by: length)
      guard !isTooMuch else { throw Malformed("its shape \(shape) is impossible") }
      count = product
    }
    return shape
  }

  /// A layout message of version 3.
  private static func storage(_ message: UnsafeRawBufferPointer, shape: [Int]) throws -> Storage {
    var fields = FieldReader(message, of: "the layout")
    if shape.isEmpty || shape.contains(0) {
      try fields.expect([3, 1])
      if shape.contains(0) {
        try fields.expect(undefinedAddress + [0, 0, 0, 0, 0, 0, 0, 0])
        return .contiguous(address: nil)
      }
      let address = try fields.size()
      try fields.expect([8, 0, 0, 0, 0, 0, 0, 0])
      return .contiguous(address: address)
    }
    try fields.expect([3, 2, UInt8(shape.count + 1)])
    let tree = try fields.size()
    let chunk = try shape.map { _ in Int(try fields.number(UInt32.self)) }
    try fields.expect([8, 0, 0, 0])
    guard (1...shape[0]).contains(chunk[0]), chunk.dropFirst() == shape.dropFirst() else {
      throw Malformed("its chunks \(chunk) are not whole rows of its shape \(shape)")
    }
    return .chunked(tree: tree, rows: chunk[0])
  }

  /// The numbers of a dataset, the last axis running fastest.
  package mutating func values(of dataset: Dataset) throws -> [Double] {
    do {
      switch dataset.storage {
      case .contiguous(let address):
        return try address.map { [Double(bitPattern: try number(at: $0))] } ?? []
      case .chunked(let tree, let rows): return try values(of: dataset, tree: tree, rows: rows)
      }
    } catch let malformed as Malformed {
      throw Malformed("dataset '\(dataset.name)': \(malformed.reason)")
    }
  }

  private mutating func number(at address: Int) throws -> UInt64 {
    var field = FieldReader(try claim(address, 8), of: "the number")
    return try field.number(UInt64.self)
  }

  // MARK: Chunks

  /// A stored chunk without its checksum.
  private struct Chunk {
    let bytes: UnsafeRawBufferPointer
    let isDeflated: Bool
  }

  private mutating func values(of dataset: Dataset, tree: Int, rows: Int) throws -> [Double] {
    let rowCount = dataset.shape[0]
    let rowLength = dataset.shape.dropFirst().reduce(1, *)
    let chunkLength = rows * rowLength
    var chunks: [Chunk] = []
    try collect(&chunks, tree: tree, level: nil, rank: dataset.shape.count, rows: rows, chunkLength: chunkLength)
    guard chunks.count == (rowCount + rows - 1) / rows else { throw Malformed("it lacks some of its chunks") }
    // Nothing is allocated before all its bytes were seen.
    return try [Double](unsafeUninitializedCapacity: rowCount * rowLength) { values, count in
      try withUnsafeTemporaryAllocation(byteCount: 8 * chunkLength, alignment: 16) { scratch in
        for chunk in chunks {
          var planes = chunk.bytes
          if chunk.isDeflated {
            try Deflate.inflate(chunk.bytes, into: scratch)
            planes = UnsafeRawBufferPointer(scratch)
          }
          // The last chunk is as long as the others and holds rows beyond the end.
          let needed = min(chunkLength, values.count - count)
          let part = UnsafeMutableBufferPointer(rebasing: values[count..<(count + needed)])
          unshuffle(planes, stride: chunkLength, into: part)
          count += needed
        }
      }
    }
  }

  /// The chunks in the order of their rows.
  private mutating func collect(
    _ chunks: inout [Chunk], tree: Int, level: UInt8?, rank: Int, rows: Int, chunkLength: Int
  ) throws {
    let (level, count) = try node(at: tree, kind: 1, level: level)
    let keySize = 8 + 8 * (rank + 1)
    var entries = FieldReader(try claim(tree + 24, count * (keySize + 8)), of: "the list of chunks")
    for _ in 0..<count {
      let (storedSize, skipped) = (Int(try entries.number(UInt32.self)), try entries.number(UInt32.self))
      let row = try entries.size()
      guard row == chunks.count * rows, try entries.bytes(8 * rank).allSatisfy({ $0 == 0 }) else {
        throw Malformed("its chunks are out of order")
      }
      let child = try entries.size()
      if level > 0 {
        try collect(&chunks, tree: child, level: level - 1, rank: rank, rows: rows, chunkLength: chunkLength)
        continue
      }
      // Deflate, the second filter, is left out where it would make a chunk longer.
      guard skipped == 0 || skipped == 2, storedSize > 4 else { throw Malformed("one of its chunks lacks a filter") }
      let stored = try claim(child, storedSize)
      let bytes = UnsafeRawBufferPointer(rebasing: stored.dropLast(4))
      let size = 8 * chunkLength
      let isPossible = skipped == 0 ? size <= bytes.count * Deflate.greatestRatio : size == bytes.count
      guard isPossible else {
        throw Malformed("one of its chunks cannot have \(size) bytes")
      }
      var checksum = FieldReader(UnsafeRawBufferPointer(rebasing: stored.suffix(4)), of: "a checksum")
      guard try checksum.number(UInt32.self) == fletcher32(bytes) else {
        throw Malformed("the checksum of one of its chunks is wrong")
      }
      chunks.append(Chunk(bytes: bytes, isDeflated: skipped == 0))
    }
  }
}

/// Puts numbers together from planes: all first bytes, all second ones, …, each plane `stride` bytes long.
private func unshuffle(
  _ planes: UnsafeRawBufferPointer, stride: Int, into numbers: UnsafeMutableBufferPointer<Double>
) {
  precondition(planes.count == 8 * stride && numbers.count <= stride)
  guard let source = planes.baseAddress?.assumingMemoryBound(to: UInt8.self) else { return }
  for index in 0..<numbers.count {
    var bits: UInt64 = 0
    for plane in 0..<8 { bits |= UInt64(source[plane * stride + index]) << UInt64(8 * plane) }
    numbers.initializeElement(at: index, to: Double(bitPattern: bits))
  }
}

/// The checksum of HDF5's filter of this name: two sums modulo 65535 of big-endian words of 16 bits, a last odd byte being
/// the upper half of a word.
private func fletcher32(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
  var (first, second): (UInt32, UInt32) = (0, 0)
  func fold(_ sum: UInt32) -> UInt32 { (sum & 0xffff) &+ (sum >> 16) }
  var index = 0
  while index < bytes.count {
    // So many words cannot overflow the sums.
    let end = min(bytes.count, index + 720)
    while index + 1 < end {
      first &+= UInt32(bytes[index]) << 8 | UInt32(bytes[index + 1])
      second &+= first
      index += 2
    }
    if index < end {
      first &+= UInt32(bytes[index]) << 8
      second &+= first
      index += 1
    }
    (first, second) = (fold(first), fold(second))
  }
  return fold(second) << 16 | fold(first)
}

/// IEEE 754 binary64, little-endian, as bytes of a datatype message.
private let doubleType: [UInt8] = [0x11, 0x20, 0x3f, 0, 8, 0, 0, 0, 0, 0, 64, 0, 52, 11, 0, 52, 0xff, 3, 0, 0]

/// Filter pipeline of version 1: shuffle of 8 bytes, deflate at level 1, fletcher32. The middle of each entry: whether a
/// chunk may go without it, and how many numbers follow its name.
private let filterMessage: [UInt8] =
  [1, 3, 0, 0, 0, 0, 0, 0]
  + [2, 0, 8, 0, 1, 0, 1, 0] + Array("shuffle\0".utf8) + [8, 0, 0, 0, 0, 0, 0, 0]
  + [1, 0, 8, 0, 1, 0, 1, 0] + Array("deflate\0".utf8) + [1, 0, 0, 0, 0, 0, 0, 0]
  + [3, 0, 16, 0, 0, 0, 0, 0] + Array("fletcher32\0\0\0\0\0\0".utf8)
