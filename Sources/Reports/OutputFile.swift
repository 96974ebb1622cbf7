private import Digest
private import Foundation
private import Platform

/// A file of a report or a crate, made when it is written: no more than one of them is in memory.
struct OutputFile {
  let path: String
  let description: String
  private let make: (_ path: String) throws -> Void

  /// A file that `make` makes at the path it is given, whole or not at all.
  init(path: String, description: String, make: @escaping (_ path: String) throws -> Void) {
    self.path = path
    self.description = description
    self.make = make
  }

  /// A file whose bytes the closure hands to its argument.
  init(path: String, description: String, parts: @escaping (_ write: ([UInt8]) throws -> Void) throws -> Void) {
    self.init(
      path: path, description: description, make: { try Files.write(to: $0, by: "\($0).\(getpid()).tmp", parts) })
  }

  init(path: String, description: String, text: @escaping () throws -> String) {
    self.init(path: path, description: description, parts: { try $0(Array(text().utf8)) })
  }

  /// A copy of another file.
  init(path: String, description: String, copyOf source: String) {
    self.init(path: path, description: description, parts: { try Files.read(source, $0) })
  }

  /// The same file below a folder of the place where it was.
  func moved(below folder: String) -> OutputFile {
    OutputFile(path: "\(folder)/\(path)", description: description, make: make)
  }

  /// Writes it below a folder.
  func write(to folder: String) throws { try make("\(folder)/\(path)") }

  /// What its bytes are below a folder: what was written, not what was to be.
  func sum(in folder: String) throws -> (digest: String, byteCount: Int) {
    let path = "\(folder)/\(path)"
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw FileError(.read, path, code: errno) }
    defer { close(descriptor) }
    guard let (digest, byteCount) = SHA256.digest(descriptor: descriptor) else {
      throw FileError(.read, path, code: errno)
    }
    return (SHA256.hexadecimal(of: digest), byteCount)
  }
}
