import Foundation
import Pipeline
import Platform

/// Asks git about the repository that a project lies in.
///
/// The repository may come from somebody else, whose settings name programs for git to run: none of them is run. Where git
/// gives no answer, a `FileError` is thrown with its own words.
struct Git {
  private let folder: String

  /// Nil if neither the folder nor one above it holds a repository: then there is nothing to ask.
  init?(_ folder: String) {
    self.folder = folder
    var url = URL(fileURLWithPath: folder).standardizedFileURL.resolvingSymlinksInPath()
    while !FileManager.default.fileExists(atPath: url.appending(path: ".git").path) {
      let above = url.deletingLastPathComponent()
      guard above.path != url.path else { return nil }
      url = above
    }
  }

  /// What a command of git prints.
  func data(_ arguments: [String]) throws -> Data { try run(command + filtersOff() + arguments) }

  /// The first line a command of git prints, nil if it prints nothing.
  func firstLine(_ arguments: [String]) throws -> String? {
    String(decoding: try data(arguments), as: UTF8.self).split(separator: "\n").first.map(String.init)
  }

  /// Whether files differ from the last commit.
  func hasChanges() throws -> Bool {
    try !data(["status", "--porcelain", "--ignore-submodules=all"]).isEmpty
  }

  /// Settings without the programs that the repository's own name for contents to pass through, on their way into a commit
  /// or an archive.
  private func filtersOff() throws -> [String] {
    let own = ["config", "--local", "--includes", "--name-only", "--get-regexp", "^filter[.]"]
    do {
      let names = String(decoding: try run(command + own), as: UTF8.self).split(separator: "\n")
      return names.flatMap { ["-c", "\($0)="] }
    } catch is FileError {
      // There are none: status 1.
      return []
    }
  }

  private var command: [String] {
    [
      "git", "--no-optional-locks", "-c", "core.fsmonitor=", "-c", "core.hooksPath=/dev/null", "-C", folder,
    ]
  }

  private func run(_ command: [String]) throws -> Data {
    let process = Process()
    let (output, errors) = (Pipe(), Pipe())
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = command
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = output
    process.standardError = errors
    try process.run()
    // Both at once: a full pipe that nobody reads would stop git.
    let messages = Messages()
    let reader = Thread { messages.finish(errors.fileHandleForReading.readDataToEndOfFile()) }
    reader.start()
    let data = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    guard process.terminationReason == .exit, process.terminationStatus == 0 else {
      let lines = messages.wait().split(separator: "\n").map { ErrorMessage.visible(String($0)) }
      throw FileError(
        .read, "the git repository of \(folder)",
        reason: lines.isEmpty ? "git ended with status \(process.terminationStatus)" : lines.joined(separator: "; "))
    }
    return data
  }

  /// A text that another thread reads.
  private final class Messages: @unchecked Sendable {
    private let isRead = DispatchSemaphore(value: 0)
    private var text = ""

    func finish(_ data: Data) {
      text = String(decoding: data, as: UTF8.self)
      isRead.signal()
    }

    func wait() -> String {
      isRead.wait()
      return text
    }
  }
}
