private import Foundation

/// The folder of cells, named by their keys. Present means complete: a cell is written under a private name and renamed.
/// Nothing else reads or writes there.
package struct Store: Sendable {
  package let root: String

  package init(root: String) { self.root = root }

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
    for folder in try Self.names(in: root) where folder.utf8.count == 2 {
      try Self.forEachName(in: "\(root)/\(folder)") { folder, name in
        let bytes = UnsafeRawBufferPointer(start: name, count: strlen(name))
        if bytes.count == 67, bytes.suffix(3).elementsEqual(".h5".utf8), let key = CellKey(digits: bytes.prefix(64)) {
          body(key, folder, name)
        }
      }
    }
  }

  /// The names in a folder but for hidden ones; none if there is no such folder.
  static func names(in folder: String) throws -> [String] {
    var names: [String] = []
    try forEachName(in: folder) { names.append(String(cString: $1)) }
    return names.filter { !$0.hasPrefix(".") }
  }

  /// The names of a folder's files, not made into texts: a store has many. None if there is no such folder.
  private static func forEachName(in folder: String, _ body: (Int32, UnsafePointer<CChar>) -> Void) throws {
    guard let stream = opendir(folder) else {
      guard errno == ENOENT else { throw PipelineError.unreadable(path: folder, reason: reason(errno)) }
      return
    }
    defer { closedir(stream) }
    while let entry = readdir(stream) {
      withUnsafePointer(to: &entry.pointee.d_name) { name in
        name.withMemoryRebound(to: CChar.self, capacity: 256) { body(dirfd(stream), $0) }
      }
    }
  }

  /// Reads a cell, nil if it is not there. The file's digest is checked first; throws ``PipelineError/damaged`` if it is
  /// wrong, and has then moved the file to `quarantine`.
  package func cell(_ key: CellKey) throws -> Cell? {
    guard let bytes = try verifiedBytes(key) else { return nil }
    let cell: Cell
    do {
      cell = try bytes.withUnsafeBytes { try Cell(verified: $0) }
    } catch let malformed as Cell.Malformed {
      throw quarantine(key, reason: malformed.reason)
    }
    guard cell.manifest.key == key else { throw quarantine(key, reason: "it holds another cell's manifest") }
    return cell
  }

  /// The bytes of a cell's file after its digest was checked; otherwise like ``cell(_:)``.
  func verifiedBytes(_ key: CellKey) throws -> [UInt8]? {
    let path = path(of: key)
    guard let bytes = try Self.bytes(of: path) else { return nil }
    if let reason = try bytes.withUnsafeBytes({ try Cell.damage(in: $0, path: path) }) {
      throw quarantine(key, reason: reason)
    }
    return bytes
  }

  /// The bytes of a file, nil if it is not there.
  package static func bytes(of path: String) throws -> [UInt8]? {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else {
      guard errno == ENOENT else { throw PipelineError.unreadable(path: path, reason: reason(errno)) }
      return nil
    }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw PipelineError.unreadable(path: path, reason: reason(errno)) }
    var bytes: [UInt8] = []
    // Files of /proc have no size: read until the end, whatever fstat says.
    var room = max(Int(status.st_size), 1 << 12)
    while true {
      var step = 0
      let part = [UInt8](unsafeUninitializedCapacity: room) { buffer, count in
        step = read(descriptor, buffer.baseAddress, room)
        count = max(0, step)
      }
      if step < 0, errno == EINTR { continue }
      guard step >= 0 else { throw PipelineError.unreadable(path: path, reason: reason(errno)) }
      if step == 0 { return bytes }
      if bytes.isEmpty { bytes = part } else { bytes += part }
      room = 1 << 16
    }
  }

  /// Puts a cell's bytes in place under its key.
  package func publish(_ bytes: [UInt8], as key: CellKey) throws {
    try Self.write(bytes, to: path(of: key), by: temporary(key.short), passing: FaultPoint.pass)
    unlink(failurePath(key))
  }

  /// A name of this process's own in the store's file system: processes of other machines may have the same number.
  func temporary(_ name: String) -> String { "\(root)/tmp/\(Self.host)-\(getpid())-\(name)" }
  private static let host = String(ProcessInfo.processInfo.hostName.prefix { $0 != "." && $0 != "/" })

  /// Writes a file by way of a private name in the same file system, so that it is whole whenever it is there. Folders
  /// are made as needed. `step` hears of every step, for tests that kill the process there.
  package static func write(
    _ bytes: [UInt8], to path: String, by temporary: String, passing step: (String) -> Void = { _ in }
  ) throws {
    let descriptor = try creating(temporary, for: path) {
      open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    }
    step("write.opened")
    do {
      try fill(descriptor, with: bytes, path)
      step("write.written")
    } catch {
      close(descriptor)
      unlink(temporary)
      throw error
    }
    do {
      // Some file systems tell of a full disk only now.
      guard close(descriptor) == 0 else { throw PipelineError.notWritable(path: path, reason: reason(errno)) }
      try creating(path) { rename(temporary, path, bytes.count) }
    } catch {
      unlink(temporary)
      throw error
    }
    step("write.renamed")
  }

  private static func fill(_ descriptor: Int32, with bytes: [UInt8], _ path: String) throws {
    var written = 0
    try bytes.withUnsafeBytes { buffer in
      while written < buffer.count {
        let count = Glibc.write(descriptor, buffer.baseAddress?.advanced(by: written), buffer.count - written)
        if count < 0, errno == EINTR { continue }
        guard count >= 0 else { throw PipelineError.notWritable(path: path, reason: reason(errno)) }
        written += count
      }
    }
  }

  /// Writes a file that a user has named: a new or ordinary one whole or not at all. Devices, pipes and what links lead to
  /// are written to, and stay what they are.
  package static func save(_ bytes: [UInt8], to path: String) throws {
    var status = stat()
    guard lstat(path, &status) == 0, status.st_mode & S_IFMT != S_IFREG else {
      return try write(bytes, to: path, by: "\(path).\(getpid())-\(UInt32.random(in: 0 ... .max)).tmp")
    }
    let descriptor = try creating(path) { open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644) }
    defer { close(descriptor) }
    try fill(descriptor, with: bytes, path)
  }

  /// Renames a file and makes sure that the new name is seen. On NFS, an answer that is lost makes a client ask for the
  /// same again, and the second answer is that there is no such file.
  private static func rename(_ temporary: String, _ path: String, _ size: Int) -> Int32 {
    let result = Glibc.rename(temporary, path)
    guard result == 0 || errno == ENOENT else { return result }
    let code = errno
    for attempt in 0..<6 {
      if attempt > 0 { usleep(10_000 << UInt32(attempt)) }
      if sizeAndTime(path)?.size == size { return 0 }
      // The folder may be missing, and is then made.
      if result != 0, access(temporary, F_OK) == 0 { break }
    }
    errno = result == 0 ? ESTALE : code
    return -1
  }

  package static func makeFolder(_ path: String) throws {
    // Not FileManager's: its errors do not say what the system said.
    var failure = mkdir(path, 0o777) == 0 ? 0 : errno
    if failure == ENOENT, let slash = path.dropLast().lastIndex(of: "/"), slash > path.startIndex {
      try makeFolder(String(path[..<slash]))
      failure = mkdir(path, 0o777) == 0 ? 0 : errno
    }
    if failure == EEXIST { failure = isFolder(path) ? 0 : ENOTDIR }
    guard failure == 0 else { throw PipelineError.notWritable(path: path, reason: reason(failure)) }
  }

  package static func isFolder(_ path: String) -> Bool {
    var status = stat()
    return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
  }

  /// Moves a damaged file aside, if the store can be written to; the cell is then missing and will be computed again.
  /// Returns the error to throw.
  func quarantine(_ key: CellKey, reason: String) -> PipelineError {
    let name = "\(root)/quarantine/\(key)-\(UInt32.random(in: 0 ... .max)).h5"
    let outcome: String
    do {
      // Another process may have moved it already.
      try Self.creating(name) { Glibc.rename(path(of: key), name) == 0 || !contains(key) ? 0 : -1 }
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
    try Self.write(Array(reason.utf8), to: failurePath(key), by: temporary("failure-\(key.short)"))
  }

  /// Keys of the cells whose last run failed.
  package func failedKeys() throws -> Set<CellKey> {
    Set(try Self.names(in: root + "/failed").compactMap { CellKey($0.dropLast(4)) })
  }

  /// Why a cell's last run failed; nil if it did not.
  package func failure(of key: CellKey) throws -> String? {
    try Self.bytes(of: failurePath(key)).map { String(decoding: $0, as: UTF8.self) }
  }

  // MARK: Sharing work

  /// Runs the body while holding the cell's lock; returns nil if another process holds it. The kernel frees the lock when
  /// its process ends, however it ends. It only saves work: two processes that computed the same cell would publish the
  /// same bytes, so a file system without locks is no obstacle.
  package func withClaim<Result>(on key: CellKey, _ body: () throws -> Result) throws -> Result? {
    let path = root + "/lock"
    let descriptor = try Self.creating(path) { open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644) }
    defer { close(descriptor) }
    // A byte of one file for each cell: making and removing a file for each costs as much as the cell's own.
    let failure = Self.lock(descriptor, at: key.lockOffset)
    return failure == EAGAIN || failure == EACCES ? nil : try body()
  }

  /// Locks one byte of a file for as long as the descriptor is open. Returns 0 or the system's error, which is EAGAIN or
  /// EACCES if somebody else holds it.
  package static func lock(_ descriptor: Int32, at offset: Int) -> Int32 {
    var request = flock()
    request.l_type = Int16(F_WRLCK)
    request.l_whence = Int16(SEEK_SET)
    request.l_start = offset
    request.l_len = 1
    // F_OFD_SETLK, whose name C shows to GNU sources only: a lock of the descriptor, not of the process.
    return fcntl(descriptor, 37, &request) == 0 ? 0 : errno
  }

  /// A call that makes a file, tried again with its folder made if that was missing. Returns its result, never negative.
  /// Errors tell of the target, if the file is one on the way to it.
  @discardableResult
  private static func creating(_ path: String, for target: String? = nil, _ body: () -> Int32) throws -> Int32 {
    var result = body()
    if result < 0, errno == ENOENT {
      try makeFolder(String(path.prefix(upTo: path.lastIndex(of: "/") ?? path.startIndex)))
      result = body()
    }
    guard result >= 0 else { throw PipelineError.notWritable(path: target ?? path, reason: reason(errno)) }
    return result
  }

  package static func reason(_ code: Int32) -> String { String(cString: strerror(code)) }
}

extension [UInt8] {
  /// Where a text first begins, at this position or after it (Horspool's search: most bytes are never looked at).
  func firstIndex(of text: String, from start: Int = 0) -> Int? {
    let wanted = Array(text.utf8)
    var shifts = [Int](repeating: wanted.count, count: 256)
    for (index, byte) in wanted.dropLast().enumerated() { shifts[Int(byte)] = wanted.count - 1 - index }
    return withUnsafeBytes { bytes in
      var end = start + wanted.count - 1
      while end < bytes.count {
        if bytes[end] == wanted[wanted.count - 1], bytes[(end - wanted.count + 1)...].starts(with: wanted) {
          return end - wanted.count + 1
        }
        end += shifts[Int(bytes[end])]
      }
      return nil
    }
  }
}
