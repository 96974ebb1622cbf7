import ArgumentParser
import Foundation
import NumericalMethods
import Papers
import Pipeline
import Platform
import Reports
import Runner

/// The programs and the machine around this process.
enum ProcessEnvironment {
  /// First line a program prints; nil if there is no such program, it fails or it prints nothing.
  static func firstLine(of command: [String]) throws -> String? {
    do {
      let answer = try ChildProcess.run(command, environment: ProcessInfo.processInfo.environment, seconds: 60)
      return answer.status == 0 ? answer.output.split(separator: "\n").first.map(String.init) : nil
    } catch let failure as ChildProcess.NotStarted where failure.code == ENOENT {
      return nil
    }
  }

  /// The font that figures are drawn with in place of one that is not installed; nil where it is, and where fontconfig's
  /// program is missing that would know.
  static func substitute(forFont family: String) throws -> String? {
    let names = try firstLine(of: ["fc-match", "-f", "%{family}\n", ":family=\(family)"])?.split(separator: ",")
    guard let names, !names.contains(where: { $0.lowercased() == family.lowercased() }) else { return nil }
    return names.first.map(String.init)
  }

  /// The records of this command, which has one thread. How it ends is known only at its end.
  nonisolated(unsafe) private static var logs: [RunLog] = []

  /// A record for a run of this command.
  static func log(for project: Project) throws -> RunLog {
    let log = try RunLog(
      root: project.root, command: CommandLine.arguments, profile: project.profile, facts: facts(of: project))
    logs.append(log)
    return log
  }

  /// Says in the records how the command ends, and closes them.
  static func endRuns(with error: (any Error)?) {
    for log in logs { log.end(with: error) }
    logs = []
  }

  /// Versions, machine and commit.
  static func facts(of project: Project) throws -> [String: String] {
    var facts = RunLog.facts(compiler: compilerVersion, blas: LinearAlgebra.configuration)
    facts["numericClass"] = NumericClass.current.description
    facts["gnuplot"] = try firstLine(of: ["gnuplot", "--version"])
    facts["refig"] = Refig.configuration.version
    guard let git = Git(project.root) else { return facts }
    do {
      guard try git.hasCommits() else {
        facts["gitFailure"] = "nothing was committed yet"
        warn(
          "refig: the record names no commit, as the repository has none yet: `git add --all` and `git commit` make one"
        )
        return facts
      }
      facts["commit"] = try git.firstLine(["rev-parse", "HEAD"])
      facts["hasChanges"] = try git.hasChanges() ? "yes" : "no"
    } catch let failure as FileError {
      facts["gitFailure"] = failure.reason
      warn("refig: no commit is recorded: git says: \(failure.reason)")
    }
    return facts
  }
}
