private import Pipeline

/// Files in a POSIX ustar archive, the same bytes for the same files: no times, owners or machine facts.
package enum TarArchive {
  private static let block = 512

  /// An archive of files in the given order. Checked: names are shorter than 100 bytes.
  package static func encoded(_ files: [(name: String, bytes: [UInt8])]) -> [UInt8] {
    var archive: [UInt8] = []
    for (name, bytes) in files {
      precondition(name.utf8.count < 100, "archive member name '\(name)'")
      archive += header(name: name, size: bytes.count)
      archive += bytes
      archive += [UInt8](repeating: 0, count: (block - bytes.count % block) % block)
    }
    return archive + [UInt8](repeating: 0, count: 2 * block)
  }

  private static func header(name: String, size: Int) -> [UInt8] {
    var header = [UInt8](repeating: 0, count: block)
    func put(_ text: String, at offset: Int) {
      for (index, byte) in text.utf8.enumerated() { header[offset + index] = byte }
    }
    func octal(_ number: Int, digits: Int) -> String {
      let text = String(number, radix: 8)
      return String(repeating: "0", count: digits - text.count) + text
    }
    put(name, at: 0)
    put("0000644", at: 100)
    put("0000000", at: 108)
    put("0000000", at: 116)
    put(octal(size, digits: 11), at: 124)
    put(octal(0, digits: 11), at: 136)
    put("        ", at: 148)
    put("0", at: 156)
    put("ustar\0" + "00", at: 257)
    let sum = header.reduce(0) { $0 + Int($1) }
    put(octal(sum, digits: 6) + "\0 ", at: 148)
    return header
  }

  /// The regular files of an archive. Nothing else is looked at: no links, no folders, no owners. Nil with a reason for
  /// bytes that are not a whole archive.
  package static func files(in archive: [UInt8]) -> Result<[(name: String, bytes: ArraySlice<UInt8>)], Malformed> {
    var files: [(name: String, bytes: ArraySlice<UInt8>)] = []
    var position = 0
    while position + block <= archive.count {
      let header = archive[position..<(position + block)]
      if header.allSatisfy({ $0 == 0 }) { return .success(files) }
      func field(_ offset: Int, _ length: Int) -> String {
        let start = position + offset
        return String(decoding: archive[start..<(start + length)].prefix { $0 != 0 }, as: UTF8.self)
      }
      var sum = 0
      for (index, byte) in header.enumerated() { sum += (148..<156).contains(index) ? 32 : Int(byte) }
      guard Int(field(148, 8).filter { $0 != " " }, radix: 8) == sum else {
        return .failure(Malformed(reason: "the header at byte \(position) is damaged"))
      }
      guard let size = Int(field(124, 12).filter { $0 != " " }, radix: 8), size >= 0,
        size <= archive.count - position - block
      else { return .failure(Malformed(reason: "it is truncated in '\(ErrorMessage.visible(field(0, 100)))'")) }
      position += block
      let kind = header[header.startIndex + 156]
      if kind == UInt8(ascii: "0") || kind == 0 {
        files.append(
          (
            String(decoding: header.prefix(100).prefix { $0 != 0 }, as: UTF8.self),
            archive[position..<(position + size)]
          ))
      }
      position += (size + block - 1) / block * block
    }
    return .failure(Malformed(reason: "it is truncated: its end mark is missing"))
  }

  /// Why bytes are not an archive.
  package struct Malformed: Error, Equatable {
    package let reason: String
  }
}
