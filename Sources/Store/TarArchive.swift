/// Writes files as a POSIX ustar archive, the same bytes for the same files: no times, owners or machine facts.
package enum TarArchive {
  private static let block = 512

  /// An archive of files in the given order.
  package static func encoded(_ files: [(name: String, bytes: [UInt8])]) -> [UInt8] {
    files.flatMap { member(name: $0.name, $0.bytes) } + end
  }

  /// One file in it. Checked: its name is shorter than 100 bytes, and its size below 8 GiB.
  package static func member(name: String, _ bytes: [UInt8]) -> [UInt8] {
    precondition(name.utf8.count < 100 && bytes.count < 1 << 33, "archive member '\(name)'")
    return header(name: name, size: bytes.count) + bytes + [UInt8](repeating: 0, count: -bytes.count & (block - 1))
  }

  /// What stands after the last file.
  package static let end = [UInt8](repeating: 0, count: 2 * block)

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
}
