private import Foundation

/// Files and folders, read and written whole.
package enum Files {
  /// The names in a folder but for hidden ones; none if there is no such folder.
  package static func names(in folder: String) throws -> [String] {
    var names: [String] = []
    try forEachName(in: folder) { names.append(String(cString: $1)) }
    return names.filter { !$0.hasPrefix(".") }
  }

  /// The names of a folder's files, not made into texts: a store has many. None if there is no such folder.
  package static func forEachName(in folder: String, _ body: (Int32, UnsafePointer<CChar>) -> Void) throws {
    guard let stream = opendir(folder) else {
      guard errno == ENOENT else { throw FileError(.read, folder, code: errno) }
      return
    }
    defer { closedir(stream) }
    while let entry = readdir(stream) {
      withUnsafePointer(to: &entry.pointee.d_name) { name in
        name.withMemoryRebound(to: CChar.self, capacity: 256) { body(dirfd(stream), $0) }
      }
    }
  }

  /// No file that refig writes for itself is larger, in bytes: 256 MiB.
  package static let usualLimit = 1 << 28

  /// The bytes of a file, nil if it is not there. Throws ``FileError`` for what is no file, such as a device or a pipe,
  /// which may have no end, and for a file of more than `limit` bytes, which a file that somebody else made must have.
  package static func bytes(of path: String, limit: Int = usualLimit) throws -> [UInt8]? {
    guard let (descriptor, status) = try opened(path) else { return nil }
    defer { close(descriptor) }
    guard status.st_size <= limit else {
      throw FileError(
        .read, path, .unsuitable, reason: "it has \(status.st_size) bytes, and at most \(limit) are allowed")
    }
    var bytes: [UInt8] = []
    // Files of /proc have no size: read until the end, whatever fstat says.
    var room = max(Int(status.st_size), 1 << 12)
    while true {
      var step = 0
      let part = [UInt8](unsafeUninitializedCapacity: room) { buffer, count in
        step = Glibc.read(descriptor, buffer.baseAddress, room)
        count = max(0, step)
      }
      if step < 0, errno == EINTR { continue }
      guard step >= 0 else { throw FileError(.read, path, code: errno) }
      if step == 0 { return bytes }
      if bytes.isEmpty { bytes = part } else { bytes += part }
      guard bytes.count <= limit else {
        throw FileError(.read, path, .unsuitable, reason: "it grew beyond the \(limit) bytes that are allowed")
      }
      room = 1 << 16
    }
  }

  /// A file opened for reading, nil if it is not there. Throws ``FileError`` for a device or a pipe.
  private static func opened(_ path: String) throws -> (descriptor: Int32, status: stat)? {
    // Not to wait for the other end of a pipe.
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else {
      guard errno == ENOENT else { throw FileError(.read, path, code: errno) }
      return nil
    }
    var status = stat()
    let code = fstat(descriptor, &status) == 0 ? 0 : errno
    if code == 0, [S_IFREG, S_IFDIR].contains(status.st_mode & S_IFMT) { return (descriptor, status) }
    close(descriptor)
    throw code == 0
      ? FileError(.read, path, .unsuitable, reason: "it is a device or a pipe, not a file")
      : FileError(.read, path, code: code)
  }

  /// What is now for the file system that holds a folder, in seconds since 1970: a server's clock may be hours off this
  /// machine's, and it is the server that says when files changed. Nil where nothing can be written.
  package static func time(in folder: String) -> Double? {
    let path = "\(folder)/.time-\(getpid())-\(UInt32.random(in: 0 ... .max))"
    let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { return nil }
    close(descriptor)
    defer { unlink(path) }
    return sizeAndTime(path)?.changed
  }

  /// Size in bytes and time of last change in seconds since 1970 of a file.
  package static func sizeAndTime(_ path: String) -> (size: Int, changed: Double)? {
    var status = stat()
    guard stat(path, &status) == 0 else { return nil }
    return (Int(status.st_size), Double(status.st_mtim.tv_sec) + 1e-9 * Double(status.st_mtim.tv_nsec))
  }

  /// What tells that a file was written or replaced, without reading it: also its change of state counts, which no program
  /// can set back.
  package struct Stamp: Sendable, Equatable {
    private let device, inode, size, mode: Int
    private let times: [Int]
    /// The change of state, in seconds since 1970.
    package let changed: Double

    package var isFolder: Bool { mode & Int(S_IFMT) == Int(S_IFDIR) }

    /// That of no file.
    package static let absent = Stamp(stat())

    fileprivate init(_ status: stat) {
      (device, inode) = (Int(truncatingIfNeeded: status.st_dev), Int(truncatingIfNeeded: status.st_ino))
      (size, mode) = (Int(status.st_size), Int(status.st_mode))
      times = [status.st_mtim, status.st_ctim].flatMap { [$0.tv_sec, $0.tv_nsec] }
      changed = Double(status.st_ctim.tv_sec) + 1e-9 * Double(status.st_ctim.tv_nsec)
    }
  }

  /// The stamp of a file, or of what a link leads to.
  package static func stamp(_ path: String) -> Stamp {
    var status = stat()
    return stat(path, &status) == 0 ? Stamp(status) : .absent
  }

  /// The path of a file or folder without links; nil where there is none.
  package static func ownPath(_ path: String) -> String? {
    guard let own = realpath(path, nil) else { return nil }
    defer { free(own) }
    return String(cString: own)
  }

  /// Writes a file by way of a private name in the same file system, so that it is whole whenever it is there. Folders
  /// are made as needed. `fault` is what the steps are called in tests that kill the process there.
  package static func write(
    _ bytes: [UInt8], to path: String, by temporary: String, isDurable: Bool = false, fault: String = "file"
  ) throws {
    try write(to: path, by: temporary, isDurable: isDurable, fault: fault) { try $0(bytes) }
  }

  /// The same with the bytes in parts, which the closure hands to its argument. What is durable is on the disk before it
  /// has its name, so that a power cut leaves no half of it; where a digest tells what is whole, that would only cost time.
  package static func write(
    to path: String, by temporary: String, isDurable: Bool = false, fault: String = "file",
    _ parts: (_ write: ([UInt8]) throws -> Void) throws -> Void
  ) throws {
    var size = 0
    let descriptor = try creating(temporary, for: path) {
      open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o666)
    }
    FaultPoint.pass("\(fault).opened")
    do {
      try parts {
        try fill(descriptor, with: $0, path)
        size += $0.count
        FaultPoint.pass("\(fault).part")
      }
      // What a file system does not offer is no error.
      if isDurable, fsync(descriptor) != 0, [EIO, ENOSPC, EDQUOT].contains(errno) {
        throw FileError(.write, path, code: errno)
      }
      FaultPoint.pass("\(fault).written")
    } catch {
      close(descriptor)
      unlink(temporary)
      throw error
    }
    do {
      // Some file systems tell of a full disk only now.
      guard close(descriptor) == 0 else { throw FileError(.write, path, code: errno) }
      try creating(path) { rename(temporary, path, size) }
    } catch {
      unlink(temporary)
      throw error
    }
    FaultPoint.pass("\(fault).renamed")
  }

  private static func fill(_ descriptor: Int32, with bytes: [UInt8], _ path: String) throws {
    var written = 0
    try bytes.withUnsafeBytes { buffer in
      while written < buffer.count {
        let count = Glibc.write(descriptor, buffer.baseAddress?.advanced(by: written), buffer.count - written)
        if count < 0, errno == EINTR { continue }
        guard count >= 0 else { throw FileError(.write, path, code: errno) }
        written += count
      }
    }
  }

  /// Hands the bytes of a file on, of which no more than a part is in memory at a time. Throws ``FileError`` for a device
  /// or a pipe.
  package static func read(_ path: String, _ write: ([UInt8]) throws -> Void) throws {
    guard let (descriptor, _) = try opened(path) else { throw FileError(.read, path, code: ENOENT) }
    defer { close(descriptor) }
    while true {
      var step = 0
      let part = [UInt8](unsafeUninitializedCapacity: 1 << 18) { buffer, count in
        step = Glibc.read(descriptor, buffer.baseAddress, buffer.count)
        count = max(0, step)
      }
      if step < 0, errno == EINTR { continue }
      guard step >= 0 else { throw FileError(.read, path, code: errno) }
      if step == 0 { return }
      try write(part)
    }
  }

  /// Adds a line to a file that several processes write to. While it is written, the file is locked, where the file system
  /// has locks. What a process that was killed left of its own line is closed first.
  package static func append(_ line: [UInt8], to path: String) throws {
    let descriptor = try creating(path) { open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0o666) }
    defer {
      unlock(descriptor)
      close(descriptor)
    }
    var request = wholeFile
    // F_OFD_SETLKW: like F_OFD_SETLK below, but it waits.
    while fcntl(descriptor, 38, &request) != 0, errno == EINTR {}
    var last = UInt8(ascii: "\n")
    let size = lseek(descriptor, 0, SEEK_END)
    if size > 0 { _ = pread(descriptor, &last, 1, size - 1) }
    try fill(descriptor, with: (last == UInt8(ascii: "\n") ? [] : [UInt8(ascii: "\n")]) + line, path)
  }

  private static var wholeFile: flock {
    var request = flock()
    request.l_type = Int16(F_WRLCK)
    request.l_whence = Int16(SEEK_SET)
    return request
  }

  /// Writes a file that a user has named: a new or ordinary one whole or not at all. Devices, pipes and what links lead to
  /// are written to, and stay what they are.
  package static func save(_ bytes: [UInt8], to path: String) throws { try save(to: path) { try $0(bytes) } }

  /// The same with the bytes in parts, which the closure hands to its argument.
  package static func save(to path: String, _ parts: (_ write: ([UInt8]) throws -> Void) throws -> Void) throws {
    var status = stat()
    guard lstat(path, &status) == 0, status.st_mode & S_IFMT != S_IFREG else {
      return try write(to: path, by: "\(path).\(getpid())-\(UInt32.random(in: 0 ... .max)).tmp", isDurable: true, parts)
    }
    let descriptor = try creating(path) { open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o666) }
    defer { close(descriptor) }
    try parts { try fill(descriptor, with: $0, path) }
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
    guard failure == 0 else { throw FileError(.write, path, code: failure) }
  }

  /// Whether a path names an ordinary file or nothing; a link is neither.
  package static func isOrdinaryOrAbsent(_ path: String) -> Bool {
    var status = stat()
    return lstat(path, &status) != 0 || status.st_mode & S_IFMT == S_IFREG
  }

  package static func isFolder(_ path: String) -> Bool {
    var status = stat()
    return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
  }

  /// Locks one byte of a file for as long as the descriptor is open. Returns 0 or the system's error, which is EAGAIN or
  /// EACCES if somebody else holds it.
  package static func lock(_ descriptor: Int32, at offset: Int) -> Int32 {
    var request = wholeFile
    request.l_start = offset
    request.l_len = 1
    // F_OFD_SETLK, whose name C shows to GNU sources only: a lock of the descriptor, not of the process.
    return fcntl(descriptor, 37, &request) == 0 ? 0 : errno
  }

  /// Ends all locks of a descriptor. To close it is not enough: a copy of this process may have it open, too.
  package static func unlock(_ descriptor: Int32) {
    var request = wholeFile
    request.l_type = Int16(F_UNLCK)
    _ = fcntl(descriptor, 37, &request)
  }

  /// A call that makes a file, tried again with its folder made if that was missing. Returns its result, never negative.
  /// Errors tell of the target, if the file is one on the way to it.
  @discardableResult
  package static func creating(_ path: String, for target: String? = nil, _ body: () -> Int32) throws -> Int32 {
    var result = body()
    if result < 0, errno == ENOENT {
      try makeFolder(String(path.prefix(upTo: path.lastIndex(of: "/") ?? path.startIndex)))
      result = body()
    }
    guard result >= 0 else { throw FileError(.write, target ?? path, code: errno) }
    return result
  }
}

extension [UInt8] {
  /// Where a text first begins, at this position or after it (Horspool's search: most bytes are never looked at).
  package func firstIndex(of text: String, from start: Int = 0) -> Int? {
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
