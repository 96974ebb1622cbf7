/// Reads the HDF5 files that refig writes, and nothing else of HDF5: the earliest format (superblock 0, version 1 object
/// headers and B-trees), texts as attributes of the root, and datasets of 64-bit floating-point numbers, contiguous if they
/// are scalars or empty, else in chunks of whole rows with the filters shuffle, deflate and fletcher32.
///
/// The bytes may be hostile. Every access is checked; the structures that are visited may claim each byte of the file only
/// once in total, so time and memory are bounded by the size of the file and, for compressed data, by
/// ``Deflate/greatestRatio`` times it, whatever the file refers to. Links other than hard ones, external storage, shared
/// messages, plug-ins: none of them is ever followed.
///
/// Format: "HDF5 File Format Specification Version 3.0", The HDF Group.
package struct HDF5Reader {
  /// The texts of the root group by name.
  package private(set) var attributes: [String: String] = [:]
  /// The datasets by name: where their object headers begin.
  private var addresses: [String: Int] = [:]

  /// The file from its superblock on; all addresses count from there.
  let image: UnsafeRawBufferPointer
  /// How many bytes the structures not yet visited can have.
  private var unclaimed: Int
  /// The texts in the global heap by the address of the collection and their number there. Each is used once.
  private var texts: [Int: [UInt16: UnsafeRawBufferPointer]] = [:]

  package var datasetNames: [String] { addresses.keys.sorted() }

  /// Opens a file that begins with `headerSize` bytes of something else. The bytes must outlive the reader. Throws
  /// ``Malformed``.
  package init(_ bytes: UnsafeRawBufferPointer, headerSize: Int) throws {
    guard bytes.count > headerSize else { throw Malformed("it has only \(bytes.count) bytes") }
    image = UnsafeRawBufferPointer(rebasing: bytes.dropFirst(headerSize))
    unclaimed = image.count
    var superblock = FieldReader(try claim(0, 96), of: "the superblock")
    try superblock.expect([0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a])
    // Versions 0; addresses and sizes of 8 bytes; at most 8 links in a leaf and 32 in a node; nothing open for writing.
    try superblock.expect([0, 0, 0, 0, 0, 8, 8, 0, 4, 0, 16, 0, 0, 0, 0, 0])
    let base = try superblock.size()
    try superblock.expect(undefinedAddress)
    guard [0, headerSize].contains(base), try superblock.size() == base + image.count else {
      throw Malformed("the superblock states another size of the file")
    }
    try superblock.expect(undefinedAddress)
    try superblock.expect([0, 0, 0, 0, 0, 0, 0, 0])
    let root = try superblock.size()

    var table: (tree: Int, heap: Int)?
    for (kind, body) in try messages(at: root) {
      var fields = FieldReader(body, of: "the root group")
      switch kind {
      case .symbolTable where table == nil: table = (try fields.size(), try fields.size())
      case .attribute:
        let (name, text) = try textAttribute(body)
        guard attributes.updateValue(text, forKey: name) == nil else {
          throw Malformed("it has the attribute '\(name)' twice")
        }
      default: throw Malformed("its root is not a plain group")
      }
    }
    guard let table else { throw Malformed("its root is not a plain group") }
    try readLinks(tree: table.tree, heap: table.heap)
    guard Set(addresses.values).count == addresses.count else { throw Malformed("two of its names are one dataset") }
  }

  /// The bytes of a structure. Throws ``Malformed`` if they are not in the file, or if more bytes are claimed in total than
  /// the file has.
  mutating func claim(_ address: Int, _ count: Int) throws -> UnsafeRawBufferPointer {
    guard address >= 0, count >= 0, address <= image.count, count <= image.count - address else {
      throw Malformed("it refers to bytes beyond its end")
    }
    guard count <= unclaimed else { throw Malformed("it refers to the same bytes more than once") }
    unclaimed -= count
    return UnsafeRawBufferPointer(rebasing: image[address..<(address + count)])
  }

  // MARK: Object headers

  enum Kind: UInt16 {
    case none = 0
    case dataspace = 1
    case datatype = 3
    case fillValue = 5
    case layout = 8
    case filters = 11
    case attribute = 12
    case continuation = 16
    case symbolTable = 17
  }

  /// The messages of an object header of version 1, but for continuations and unused space.
  mutating func messages(at address: Int) throws -> [(kind: Kind, body: UnsafeRawBufferPointer)] {
    var prefix = FieldReader(try claim(address, 16), of: "an object header")
    try prefix.expect([1, 0])
    let count = Int(try prefix.number(UInt16.self))
    // Referred to by one hard link.
    try prefix.expect([1, 0, 0, 0])
    let size = Int(try prefix.number(UInt32.self))
    var blocks = [try claim(address + 16, size)]
    var messages: [(kind: Kind, body: UnsafeRawBufferPointer)] = []
    var found = 0
    var next = 0
    while next < blocks.count {
      var block = FieldReader(blocks[next], of: "an object header")
      next += 1
      while !block.rest.isEmpty {
        let (type, size) = (try block.number(UInt16.self), Int(try block.number(UInt16.self)))
        let flags = try block.number(UInt8.self)
        try block.expect([0, 0, 0])
        let body = try block.bytes(size)
        found += 1
        // Bit 1: the message is elsewhere. The others say what other programs may do with it.
        guard let kind = Kind(rawValue: type), flags & 2 == 0 else {
          throw Malformed("an object has a property refig does not write (message type \(type))")
        }
        switch kind {
        case .none: break
        case .continuation:
          var fields = FieldReader(body, of: "an object header")
          blocks.append(try claim(try fields.size(), try fields.size()))
        default: messages.append((kind, body))
        }
      }
    }
    guard found == count else { throw Malformed("an object header has \(found) messages, not the stated \(count)") }
    return messages
  }

  // MARK: Attributes

  /// The parts of an attribute message of version 1.
  func attribute(_ body: UnsafeRawBufferPointer) throws
    -> (name: String, type: UnsafeRawBufferPointer, space: UnsafeRawBufferPointer, data: FieldReader)
  {
    var fields = FieldReader(body, of: "an attribute")
    try fields.expect([1, 0])
    let sizes = [try fields.number(UInt16.self), try fields.number(UInt16.self), try fields.number(UInt16.self)]
    let padded = sizes.map { (Int($0) + 7) & ~7 }
    let name = try text(try fields.bytes(padded[0]).prefix { $0 != 0 })
    return (name, try fields.bytes(padded[1]), try fields.bytes(padded[2]), fields)
  }

  private mutating func textAttribute(_ body: UnsafeRawBufferPointer) throws -> (name: String, text: String) {
    var (name, type, space, data) = try attribute(body)
    guard type.elementsEqual(textType), space.elementsEqual(scalarSpace) else {
      throw Malformed("its attribute '\(name)' is not one text")
    }
    let length = Int(try data.number(UInt32.self))
    let (address, index) = (try data.size(), try data.number(UInt32.self))
    if length == 0 { return (name, "") }
    if texts[address] == nil { texts[address] = try collection(at: address) }
    guard let index = UInt16(exactly: index), let bytes = texts[address]?.removeValue(forKey: index),
      bytes.count == length
    else { throw Malformed("the text of its attribute '\(name)' is missing") }
    return (name, try text(bytes))
  }

  private func text(_ bytes: some Collection<UInt8>) throws -> String {
    guard !bytes.contains(0), let text = String(validating: bytes, as: UTF8.self) else {
      throw Malformed("one of its texts is not UTF-8")
    }
    return text
  }

  /// The objects of a collection in the global heap by number.
  private mutating func collection(at address: Int) throws -> [UInt16: UnsafeRawBufferPointer] {
    var prefix = FieldReader(try claim(address, 16), of: "the global heap")
    try prefix.expect(Array("GCOL".utf8) + [1, 0, 0, 0])
    var fields = FieldReader(try claim(address + 16, try prefix.size() - 16), of: "the global heap")
    var objects: [UInt16: UnsafeRawBufferPointer] = [:]
    // Less room than an object's prefix may be left over; number 0 is the free space at the end.
    while fields.rest.count >= 16 {
      let index = try fields.number(UInt16.self)
      if index == 0 { break }
      _ = try fields.bytes(6)
      let size = try fields.size()
      let bytes = try fields.bytes(size)
      _ = try fields.bytes(-size & 7)
      guard objects.updateValue(bytes, forKey: index) == nil else {
        throw Malformed("the global heap has an object twice")
      }
    }
    return objects
  }

  // MARK: Links

  private static let longestName = 255

  private mutating func readLinks(tree: Int, heap: Int) throws {
    var header = FieldReader(try claim(heap, 32), of: "the local heap")
    try header.expect(Array("HEAP".utf8) + [0, 0, 0, 0])
    let size = try header.size()
    _ = try header.bytes(8)
    try readLinks(tree: tree, level: nil, names: try claim(try header.size(), size))
  }

  private mutating func readLinks(tree: Int, level: UInt8?, names: UnsafeRawBufferPointer) throws {
    let (level, count) = try node(at: tree, kind: 0, level: level)
    var entries = FieldReader(try claim(tree + 24, count * 16), of: "the list of links")
    for _ in 0..<count {
      // A key, which serves the search of one name.
      _ = try entries.bytes(8)
      let child = try entries.size()
      guard level == 0 else {
        try readLinks(tree: child, level: level - 1, names: names)
        continue
      }
      var leaf = FieldReader(try claim(child, 8), of: "the list of links")
      try leaf.expect(Array("SNOD".utf8) + [1, 0])
      let links = Int(try leaf.number(UInt16.self))
      var fields = FieldReader(try claim(child + 8, links * 40), of: "the list of links")
      for _ in 0..<links {
        let (offset, address) = (try fields.size(), try fields.size())
        // Neither a symbolic link nor a group.
        try fields.expect([0, 0, 0, 0, 0, 0, 0, 0])
        _ = try fields.bytes(16)
        guard offset < names.count else { throw Malformed("a link has no name") }
        let name = names[offset...].prefix(Self.longestName + 1).prefix { $0 != 0 }
        guard (1...Self.longestName).contains(name.count) else { throw Malformed("a link has no name") }
        let key = try text(name)
        guard addresses.updateValue(address, forKey: key) == nil else {
          throw Malformed("it has two datasets '\(key)'")
        }
      }
    }
  }

  /// Level and number of entries of a B-tree's node, whose level is prescribed but for the root's.
  mutating func node(at address: Int, kind: UInt8, level: UInt8?) throws -> (level: UInt8, count: Int) {
    var header = FieldReader(try claim(address, 24), of: "a B-tree")
    try header.expect(Array("TREE".utf8) + [kind])
    let found = try header.number(UInt8.self)
    let count = Int(try header.number(UInt16.self))
    guard level ?? found == found, count > 0 || level == nil && kind == 0 && found == 0 else {
      throw Malformed("a B-tree has a node of the wrong level")
    }
    return (found, count)
  }

  /// Where a dataset's object header begins.
  func address(of name: String) throws -> Int {
    guard let address = addresses[name] else { throw Malformed("it has no dataset '\(name)'") }
    return address
  }
}

let undefinedAddress = [UInt8](repeating: 0xff, count: 8)

/// Text of variable length in UTF-8, as bytes of a datatype message.
private let textType: [UInt8] = [
  0x19, 1, 1, 0, 16, 0, 0, 0, 0x10, 0, 0, 0, 1, 0, 0, 0, 0, 0, 8, 0, 0, 0, 0, 0,
]

private let scalarSpace: [UInt8] = [1, 0, 0, 0, 0, 0, 0, 0]
