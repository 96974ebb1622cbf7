private import FileFormats
private import Foundation
package import Pipeline
private import Platform

/// The folder of cells, named by their keys. Present means complete: a cell is written under a private name and renamed.
/// Nothing else reads or writes there.
package struct Store: Sendable {
  package let root: String
  /// What the arrays of cells are compared with; without it, and for cells of other code than this build's, only with
  /// each other.
  private let catalogue: Catalogue?

  package init(root: String, catalogue: Catalogue? = nil) {
    self.root = root
    self.catalogue = catalogue
  }

  /// Path of a cell's file: two digits, then the key.
  package func path(of key: CellKey) -> String {
    let name = "\(key)"
    return "\(root)/\(name.prefix(2))/\(name).h5"
  }

  package func contains(_ key: CellKey) -> Bool { access(path(of: key), F_OK) == 0 }

  /// Keys of all cells, from the names of the files alone.
  package func presentKeys() throws -> Set<CellKey> {
    var keys: Set<CellKey> = []
    try forEachCell { key, _, _ in keys.insert(key) }
    return keys
  }

  /// Sizes of the files of all cells.
  package func presentSizes() throws -> [CellKey: Int] {
    var sizes: [CellKey: Int] = [:]
    try forEachCell { key, folder, name in
      var status = stat()
      if fstatat(folder, name, &status, 0) == 0 { sizes[key] = Int(status.st_size) }
    }
    return sizes
  }

  /// Every cell with the descriptor of its folder and its file's name there.
  private func forEachCell(_ body: (CellKey, Int32, UnsafePointer<CChar>) -> Void) throws {
    for folder in try Files.names(in: root) where folder.utf8.count == 2 {
      try Files.forEachName(in: "\(root)/\(folder)") { folder, name in
        guard strlen(name) == 67, strcmp(name + 64, ".h5") == 0 else { return }
        if let key = CellKey(digits: UnsafeRawBufferPointer(start: name, count: 64)) { body(key, folder, name) }
      }
    }
  }

  /// Reads a cell, nil if it is not there. The file's digest is checked first, then all it holds; throws
  /// ``PipelineError/damaged`` if anything is wrong, and has then moved the file to `quarantine`.
  package func cell(_ key: CellKey) throws -> Cell? {
    try decoded(key) { try Cell(verified: $0, key: key, catalogue: catalogue) }
  }

  /// Reads a cell's manifest alone, otherwise like ``cell(_:)``.
  package func manifest(_ key: CellKey) throws -> Manifest? {
    try decoded(key) { try Cell.manifest(verified: $0, key: key) }
  }

  /// Reads a cell's manifest and why its replicas failed, with how many for each reason; otherwise like ``cell(_:)``.
  package func manifestAndFailures(_ key: CellKey) throws -> (manifest: Manifest, failures: [String: Int])? {
    try decoded(key) { try Cell.manifestAndFailures(verified: $0, key: key) }
  }

  private func decoded<Value>(_ key: CellKey, _ decode: (UnsafeRawBufferPointer) throws -> Value) throws -> Value? {
    guard let bytes = try verifiedBytes(key) else { return nil }
    do {
      return try bytes.withUnsafeBytes(decode)
    } catch let malformed as Malformed {
      throw quarantine(key, reason: ErrorMessage.visible(malformed.reason))
    }
  }

  /// The bytes of a cell's file after its digest was checked; otherwise like ``cell(_:)``.
  func verifiedBytes(_ key: CellKey) throws -> [UInt8]? {
    let path = path(of: key)
    let bytes: [UInt8]
    do {
      guard let found = try Files.bytes(of: path, limit: Self.cellLimit) else { return nil }
      bytes = found
    } catch let error as FileError where error.cause == .unsuitable {
      throw quarantine(key, reason: error.reason)
    }
    if let reason = try bytes.withUnsafeBytes({ try Cell.damage(in: $0, path: path) }) {
      throw quarantine(key, reason: reason)
    }
    return bytes
  }

  /// No cell is larger, in bytes; what a compressed archive claims beyond it is not read.
  static let cellLimit = 1 << 30

  /// Puts a cell's bytes in place under its key.
  package func publish(_ bytes: [UInt8], as key: CellKey) throws {
    try Files.write(bytes, to: path(of: key), by: temporary(key.short), fault: "write")
    unlink(failurePath(key))
  }

  /// A name of this process's own in the store's file system: processes of other machines may have the same number.
  package func temporary(_ name: String) -> String { "\(root)/tmp/\(Self.host)-\(getpid())-\(name)" }
  private static let host = String(ProcessInfo.processInfo.hostName.prefix { $0 != "." && $0 != "/" })

  /// Moves a damaged file aside, if the store can be written to; the cell is then missing and will be computed again.
  /// Returns the error to throw.
  func quarantine(_ key: CellKey, reason: String) -> PipelineError {
    let name = "\(root)/quarantine/\(key)-\(UInt32.random(in: 0 ... .max)).h5"
    let outcome: String
    do {
      // Another process may have moved it already.
      try Files.creating(name) { Glibc.rename(path(of: key), name) == 0 || !contains(key) ? 0 : -1 }
      outcome = "moved to \(name)"
    } catch {
      outcome = "it could not be moved aside: \(ErrorMessage.reason(of: error))"
    }
    return .damaged(path: path(of: key), reason: "\(reason); \(outcome)")
  }

  // MARK: Failures

  private func failurePath(_ key: CellKey) -> String { "\(root)/failed/\(key).txt" }

  /// Remembers why a cell could not be computed, until it is.
  package func recordFailure(_ key: CellKey, reason: String) throws {
    try Files.write(Array(reason.utf8), to: failurePath(key), by: temporary("failure-\(key.short)"))
  }

  /// Keys of the cells whose last run failed.
  package func failedKeys() throws -> Set<CellKey> {
    Set(try Files.names(in: root + "/failed").compactMap { CellKey($0.dropLast(4)) })
  }

  /// Why a cell's last run failed; nil if it did not.
  package func failure(of key: CellKey) throws -> String? {
    try Files.bytes(of: failurePath(key)).map { String(decoding: $0, as: UTF8.self) }
  }

  // MARK: Sharing work

  /// Runs the body while holding the cell's lock; returns nil if another process holds it. The kernel frees the lock when
  /// its process ends, however it ends. It only saves work: two processes that computed the same cell would publish the
  /// same bytes, so a file system without locks is no obstacle.
  package func withClaim<Result>(on key: CellKey, _ body: () throws -> Result) throws -> Result? {
    let path = root + "/lock"
    let descriptor: Int32
    do {
      descriptor = try Files.creating(path) { open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o666) }
    } catch let error as FileError where error.cause == .notPermitted && access(root, W_OK) == 0 {
      // Made by another member of the group without write permission for the rest.
      return try body()
    }
    defer {
      Files.unlock(descriptor)
      close(descriptor)
    }
    // A byte of one file for each cell: making and removing a file for each costs as much as the cell's own.
    let failure = Files.lock(descriptor, at: key.lockOffset)
    return failure == EAGAIN || failure == EACCES ? nil : try body()
  }
}
