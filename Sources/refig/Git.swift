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
  func bytes(_ arguments: [String]) throws -> [UInt8] { try run(arguments, settings: filtersOff()) }

  /// The first line a command of git prints, nil if it prints nothing.
  func firstLine(_ arguments: [String]) throws -> String? {
    String(decoding: try bytes(arguments), as: UTF8.self).split(separator: "\n").first.map(String.init)
  }

  /// The name of who works in a folder, as git's settings have it.
  static func user(_ folder: String) throws -> String {
    let name = try Git(folder)?.firstLine(["config", "--default", "", "user.name"])
    return name.flatMap { $0.isEmpty ? nil : ErrorMessage.visible($0) } ?? "unknown"
  }

  /// Whether anything was ever committed.
  func hasCommits() throws -> Bool { try firstLine(["rev-list", "--all", "--max-count=1"]) != nil }

  /// Writes what the last commit holds to a tar archive.
  func archive(to path: String) throws {
    // git works in the repository's folder.
    let path = URL(fileURLWithPath: path).path
    _ = try bytes(["archive", "--format=tar", "--output=\(path)", "HEAD"])
  }

  /// Whether files differ from the last commit.
  func hasChanges() throws -> Bool {
    try !bytes(["status", "--porcelain", "--ignore-submodules=all"]).isEmpty
  }

  /// Settings without the programs that the repository's own name for contents to pass through, on their way into a commit
  /// or an archive.
  private func filtersOff() throws -> [(name: String, value: String)] {
    let list = ["config", "--null", "--includes", "--show-scope", "--name-only", "--list"]
    let words = try run(list).split(separator: 0, omittingEmptySubsequences: false).map {
      String(decoding: $0, as: UTF8.self)
    }
    // Scope and name in turn; a repository has settings of its own in two places.
    return stride(from: 0, to: words.count - 1, by: 2)
      .filter { ["local", "worktree"].contains(words[$0]) && words[$0 + 1].hasPrefix("filter.") }
      .map { (words[$0 + 1], "") }
  }

  private func run(_ arguments: [String], settings: [(name: String, value: String)] = []) throws -> [UInt8] {
    var environment = ProcessInfo.processInfo.environment
    // Objects that a repository says to lie elsewhere are not asked for: that starts the program it names.
    environment["GIT_ALLOW_PROTOCOL"] = "none"
    environment["GIT_NO_LAZY_FETCH"] = "1"
    environment["GIT_TERMINAL_PROMPT"] = "0"
    // In the environment, where a name may hold any sign; on the command line it would end at the first "=".
    environment["GIT_CONFIG_COUNT"] = "\(settings.count)"
    for (index, setting) in settings.enumerated() {
      environment["GIT_CONFIG_KEY_\(index)"] = setting.name
      environment["GIT_CONFIG_VALUE_\(index)"] = setting.value
    }
    let answer = try ChildProcess.run(
      ["git", "--no-optional-locks", "-c", "core.fsmonitor=", "-c", "core.hooksPath=/dev/null", "-C", folder]
        + arguments, environment: environment, seconds: 600)
    guard answer.status == 0 else {
      let lines = answer.errors.split(separator: "\n").map { ErrorMessage.visible(String($0)) }
      let end = answer.status.map { "git ended with status \($0)" } ?? "git was ended by a signal"
      throw FileError(
        .read, "the git repository of \(folder)", reason: lines.isEmpty ? end : lines.joined(separator: "; "))
    }
    return answer.bytes
  }
}
