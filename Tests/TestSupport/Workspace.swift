import Foundation

/// A folder of its own for one test, removed when the test is over.
public final class Workspace: Sendable {
  /// The folder's path.
  public let path: String

  /// Makes an empty folder.
  public init() throws {
    path = NSTemporaryDirectory() + "refig-test-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { remove() }

  /// Removes the folder: for one that a test shares with all others, which nobody gives up.
  public func remove() {
    do { try FileManager.default.removeItem(atPath: path) } catch { print("left behind \(path): \(error)") }
  }

  /// Writes a text file; folders are made as needed.
  public func write(_ text: String, to name: String) throws {
    let url = URL(fileURLWithPath: path + "/" + name)
    try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
    try text.write(to: url, atomically: false, encoding: .utf8)
  }

  /// Writes a file into the folder itself and returns its path.
  @discardableResult
  public func write(_ bytes: [UInt8], to name: String) throws -> String {
    try Data(bytes).write(to: URL(fileURLWithPath: path + "/" + name))
    return path + "/" + name
  }

  /// Reads a text file.
  public func read(_ name: String) throws -> String {
    try String(contentsOfFile: path + "/" + name, encoding: .utf8)
  }

  /// Copies a checkout's pipeline.yaml without its figures, and the data files that it reads.
  public func copyPipeline(from root: String) throws {
    let text = try String(contentsOfFile: root + "/pipeline.yaml", encoding: .utf8)
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    try write(
      lines.filter { !$0.hasPrefix("figures:") && !$0.hasPrefix("  - figures/") }.joined(separator: "\n"),
      to: "pipeline.yaml")
    try FileManager.default.createDirectory(atPath: path + "/data", withIntermediateDirectories: true)
    for name in try FileManager.default.contentsOfDirectory(atPath: root + "/data") where name.hasSuffix(".h5") {
      try FileManager.default.copyItem(atPath: "\(root)/data/\(name)", toPath: "\(path)/data/\(name)")
    }
  }

  /// Names of all files below a folder, sorted; empty if there is none.
  public func files(under name: String) -> [String] {
    (FileManager.default.enumerator(atPath: path + "/" + name)?.allObjects as? [String] ?? []).sorted()
  }
}

/// What a program said.
public struct ProgramResult: Sendable {
  /// Exit status, or minus the signal.
  public let status: Int32
  /// Standard output.
  public let output: String
  /// Standard error.
  public let errors: String
}

/// Runs a program to its end. Names without a slash are looked up on PATH.
public func runProgram(
  _ program: String, _ arguments: [String], in folder: String? = nil, environment: [String: String] = [:]
) throws -> ProgramResult {
  let process = Process()
  process.executableURL = URL(fileURLWithPath: program.contains("/") ? program : "/usr/bin/env")
  process.arguments = program.contains("/") ? arguments : [program] + arguments
  if let folder { process.currentDirectoryURL = URL(fileURLWithPath: folder) }
  process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
  // Files, not pipes: a full pipe nobody reads would block the program.
  let files = try [0, 1].map { _ in try temporaryFile() }
  process.standardOutput = files[0].handle
  process.standardError = files[1].handle
  process.standardInput = FileHandle.nullDevice
  try process.run()
  process.waitUntilExit()
  defer { for file in files { unlink(file.path) } }
  let texts = try files.map { try String(contentsOfFile: $0.path, encoding: .utf8) }
  let status = process.terminationStatus
  return ProgramResult(
    status: process.terminationReason == .uncaughtSignal ? -status : status, output: texts[0], errors: texts[1])
}

private func temporaryFile() throws -> (path: String, handle: FileHandle) {
  let path = NSTemporaryDirectory() + "refig-output-\(UUID().uuidString)"
  guard FileManager.default.createFile(atPath: path, contents: nil) else { throw CocoaError(.fileWriteUnknown) }
  guard let handle = FileHandle(forWritingAtPath: path) else { throw CocoaError(.fileWriteUnknown) }
  return (path, handle)
}

/// Path of another product of this build, such as the executable `refig`.
public func productPath(_ name: String) throws -> String {
  let own = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
  return URL(fileURLWithPath: own).deletingLastPathComponent().appending(path: name).path()
}
