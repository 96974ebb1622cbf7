// Writes Fingerprints.swift: the SHA-256 of the tokens of every source file that a result can depend on, by module and
// file name as in `#fileID`. Comments and white space are no tokens, so editing them changes no key.
//
// usage: FingerprintTool OUTPUT MODULE=FOLDER...

import Digest
import Foundation

/// The tokens of Swift or C source text, one per line.
func tokens(of source: String) -> String {
  let text = Array(source.unicodeScalars)
  var tokens = ""
  var index = 0
  func starts(with prefix: String, at position: Int) -> Bool {
    let prefix = Array(prefix.unicodeScalars)
    return position + prefix.count <= text.count && Array(text[position..<(position + prefix.count)]) == prefix
  }
  func isWord(_ scalar: Unicode.Scalar) -> Bool {
    scalar == "_" || scalar == "$" || scalar.properties.isAlphabetic || scalar.properties.numericType != nil
  }
  func take(through end: Int) {
    tokens.unicodeScalars.append(contentsOf: text[index..<min(end, text.count)])
    tokens += "\n"
    index = min(end, text.count)
  }
  while index < text.count {
    let scalar = text[index]
    if scalar.properties.isWhitespace {
      index += 1
    } else if starts(with: "//", at: index) {
      while index < text.count, text[index] != "\n" { index += 1 }
    } else if starts(with: "/*", at: index) {
      var depth = 0
      repeat {
        if starts(with: "/*", at: index) {
          depth += 1
          index += 2
        } else if starts(with: "*/", at: index) {
          depth -= 1
          index += 2
        } else {
          index += 1
        }
      } while depth > 0 && index < text.count
    } else if scalar == "\"" {
      let quote = starts(with: "\"\"\"", at: index) ? "\"\"\"" : "\""
      var end = index + quote.count
      while end < text.count, !starts(with: quote, at: end) { end += text[end] == "\\" ? 2 : 1 }
      take(through: end + quote.count)
    } else if isWord(scalar) {
      var end = index
      while end < text.count, isWord(text[end]) { end += 1 }
      take(through: end)
    } else {
      take(through: index + 1)
    }
  }
  return tokens
}

func compilerVersion() throws -> String {
  let process = Process()
  let pipe = Pipe()
  process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
  process.arguments = ["swiftc", "--version"]
  process.standardOutput = pipe
  process.standardError = FileHandle.nullDevice
  try process.run()
  let text = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
  process.waitUntilExit()
  guard let version = text.firstMatch(of: /Swift version ([^ ]+)/) else { return "unknown" }
  return "swift-\(version.1)"
}

let arguments = CommandLine.arguments.dropFirst()
guard let output = arguments.first else {
  FileHandle.standardError.write(Data("usage: FingerprintTool OUTPUT MODULE=FOLDER...\n".utf8))
  exit(2)
}
var lines: [String] = []
for argument in arguments.dropFirst() {
  let parts = argument.split(separator: "=", maxSplits: 1).map(String.init)
  let folder = URL(fileURLWithPath: parts[1])
  let files = FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil)
  for case let file as URL in files ?? .init() where ["swift", "c", "h", "cpp"].contains(file.pathExtension) {
    let digest = SHA256.hexadecimal(tokens(of: try String(contentsOf: file, encoding: .utf8)))
    lines.append("  \"\(parts[0])/\(file.lastPathComponent)\": \"\(digest)\",")
  }
}
let text = """
  // Made at build time by the plugin Fingerprint.

  /// Digests of the tokens of source files, by module and file name.
  public let sourceFingerprints: [String: String] = [
  \(lines.sorted().joined(separator: "\n"))
  ]

  /// The compiler that built them.
  public let compilerVersion = "\(try compilerVersion())"

  """
try text.write(toFile: output, atomically: true, encoding: .utf8)
