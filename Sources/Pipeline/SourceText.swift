private import Platform

/// The text of a user's file, and where its lines begin: after each line feed, carriage return, or pair of both. A byte
/// order mark at the front, which some editors write, is no part of it.
package struct SourceText {
  package let string: String
  /// How many scalars stand before each line.
  private let lineStarts: [Int]

  package init(_ text: String) {
    let scalars = text.unicodeScalars
    string = scalars.first == "\u{FEFF}" ? String(scalars.dropFirst()) : text
    var (starts, index, last) = ([0], 0, Unicode.Scalar(0))
    for scalar in string.unicodeScalars {
      index += 1
      if scalar == "\n", last == "\r" {
        starts[starts.count - 1] = index
      } else if scalar == "\n" || scalar == "\r" {
        starts.append(index)
      }
      last = scalar
    }
    lineStarts = starts
  }

  /// The text of a file, nil if it is not there. Throws `FileError` if it is no file or larger than the limit in bytes,
  /// ``PipelineError`` if it is not UTF-8.
  package init?(path: String, limit: Int) throws {
    guard let bytes = try Files.bytes(of: path, limit: limit) else { return nil }
    guard let text = String(validating: bytes, as: UTF8.self) else { throw PipelineError.notUTF8(path: path) }
    self.init(text)
  }

  /// Line and column, counting scalars from 1, of the scalar that so many stand before.
  package func place(_ index: Int) -> (line: Int, column: Int) {
    var (low, high) = (0, lineStarts.count)
    while high - low > 1 {
      let middle = (low + high) / 2
      if lineStarts[middle] <= index { low = middle } else { high = middle }
    }
    return (low + 1, index - lineStarts[low] + 1)
  }

  /// The lines without what ends them.
  package var lines: [Substring] {
    string.split(omittingEmptySubsequences: false) { $0 == "\n" || $0 == "\r\n" || $0 == "\r" }
  }
}
