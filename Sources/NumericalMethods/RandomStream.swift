private import CKernels

/// A stream of random numbers that is a pure function of (key, stream, position).
///
/// Numbers come from the counter-based generator Philox4x32-10 (Salmon, Moraes, Dror, Shaw, SC 2011), so streams of
/// different keys or numbers are independent and the n-th number is the same however the ones before it were drawn: one
/// at a time, in bulk, in any chunks. Normals and uniforms use separate counters, so drawing one kind never shifts the
/// other. A copy of the value is a copy of the state: both continue with the same numbers. The bits are the same on
/// every x86-64 processor.
public struct RandomStream: Sendable {
  private let key: UInt64
  private let stream: UInt64
  private var normalPosition: UInt64 = 0
  private var wordPosition: UInt64 = 0
  // Why groups: the kernel makes sixteen numbers at a time. A buffer holds the group of its position whenever that
  // position is not the first of a group.
  private var normalGroup: [Double] = []
  private var wordGroup: [UInt64] = []
  private static let groupSize = 16

  /// The stream of a key with a number, such as that of a replica.
  public init(key: UInt64, stream: UInt64) {
    self.key = key
    self.stream = stream
  }

  /// The stream of a key for one purpose ("teacher", "noise"): streams of other purposes are independent of it.
  ///
  /// The key becomes `mix(mix(key) xor h(purpose))`, where h is FNV-1a of the UTF-8 bytes (64 bits) and mix the step of
  /// splitmix64 (Steele, Lea, Flood, OOPSLA 2014), which is one-to-one.
  public init(key: UInt64, purpose: String, stream: UInt64) {
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    for byte in purpose.utf8 { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01B3 }
    self.init(key: Self.mixed(Self.mixed(key) ^ hash), stream: stream)
  }

  private static func mixed(_ value: UInt64) -> UInt64 {
    var mixed = value &+ 0x9E37_79B9_7F4A_7C15
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }

  // MARK: Normals

  /// The next standard normal number (Box and Muller; never beyond 8.6 in size).
  public mutating func normal() -> Double {
    let place = Int(normalPosition % UInt64(Self.groupSize))
    if place == 0 {
      if normalGroup.isEmpty { normalGroup = Array(repeating: 0, count: Self.groupSize) }
      let (key, stream, group) = (key, stream, normalPosition / UInt64(Self.groupSize))
      normalGroup.withUnsafeMutableBufferPointer { ck_normals($0.baseAddress, 1, key, stream, group) }
    }
    normalPosition += 1
    return normalGroup[place]
  }

  /// The next `count` standard normal numbers.
  public mutating func normals(_ count: Int) -> [Double] {
    precondition(count >= 0, "\(count) normals")
    return Array(unsafeUninitializedCapacity: count) { buffer, initializedCount in
      fillNormals(UnsafeMutableBufferPointer(rebasing: buffer[..<count]))
      initializedCount = count
    }
  }

  /// Fills a buffer with the next standard normal numbers, at the full speed of the kernel.
  public mutating func fillNormals(_ buffer: UnsafeMutableBufferPointer<Double>) {
    var filled = 0
    while filled < buffer.count, normalPosition % UInt64(Self.groupSize) != 0 {
      buffer[filled] = normal()
      filled += 1
    }
    let groupCount = (buffer.count - filled) / Self.groupSize
    if groupCount > 0, let start = buffer.baseAddress {
      ck_normals(start + filled, groupCount, key, stream, normalPosition / UInt64(Self.groupSize))
      normalPosition += UInt64(groupCount * Self.groupSize)
      filled += groupCount * Self.groupSize
    }
    while filled < buffer.count {
      buffer[filled] = normal()
      filled += 1
    }
  }

  // MARK: Uniforms

  /// The next 64 uniform random bits.
  public mutating func word() -> UInt64 {
    let place = Int(wordPosition % UInt64(Self.groupSize))
    if place == 0 {
      if wordGroup.isEmpty { wordGroup = Array(repeating: 0, count: Self.groupSize) }
      let (key, stream, group) = (key, stream, wordPosition / UInt64(Self.groupSize))
      wordGroup.withUnsafeMutableBufferPointer { ck_words($0.baseAddress, 1, key, stream, group) }
    }
    wordPosition += 1
    return wordGroup[place]
  }

  /// The next uniform number in the open interval (0, 1): (k + 1/2) / 2^52 with k the top 52 bits of ``word()``.
  public mutating func uniform() -> Double { ck_uniform_of_word(word()) }

  /// The next `count` uniform numbers in (0, 1).
  public mutating func uniforms(_ count: Int) -> [Double] {
    precondition(count >= 0, "\(count) uniforms")
    return Array(unsafeUninitializedCapacity: count) { buffer, initializedCount in
      while initializedCount < count, wordPosition % UInt64(Self.groupSize) != 0 {
        buffer.initializeElement(at: initializedCount, to: uniform())
        initializedCount += 1
      }
      let groupCount = (count - initializedCount) / Self.groupSize
      if groupCount > 0, let start = buffer.baseAddress {
        ck_uniforms(start + initializedCount, groupCount, key, stream, wordPosition / UInt64(Self.groupSize))
        wordPosition += UInt64(groupCount * Self.groupSize)
        initializedCount += groupCount * Self.groupSize
      }
      while initializedCount < count {
        buffer.initializeElement(at: initializedCount, to: uniform())
        initializedCount += 1
      }
    }
  }
}

// MARK: What tests need of the kernel

extension RandomStream {
  /// Standard normals of the groups from `firstGroup` on.
  package static func normals(groupCount: Int, key: UInt64, stream: UInt64, firstGroup: UInt64) -> [Double] {
    var normals = Array(repeating: 0.0, count: groupCount * groupSize)
    normals.withUnsafeMutableBufferPointer { ck_normals($0.baseAddress, groupCount, key, stream, firstGroup) }
    return normals
  }

  /// One block of Philox4x32-10.
  package static func philoxBlock(counter: [UInt32], key: [UInt32]) -> [UInt32] {
    precondition(counter.count == 4 && key.count == 2, "counter \(counter), key \(key)")
    var block: [UInt32] = [0, 0, 0, 0]
    ck_philox_block(counter, key, &block)
    return block
  }
}
