private import Foundation
internal import Pipeline
internal import Platform

/// The client programs of Slurm. They are asked only what is waiting, running or over: what came of it is in the store.
struct Slurm {
  /// What came of a submission.
  enum Submission {
    case accepted(id: String)
    /// Not now: a limit on jobs is reached, or nobody answers.
    case busy(String)
    case refused(String)
    /// No answer in time: it may have been accepted.
    case unknown
  }

  /// A line of the queue: one task of an array, or those of its tasks that nothing has happened to yet.
  struct Line: Equatable {
    let name: String
    let id: String
    /// Nil: all tasks that no other line tells of.
    let tasks: [ClosedRange<Int>]?
    let state: String
    let reason: String

    /// Whether the tasks are over, however they ended.
    var isOver: Bool { Self.finalStates.contains(state) }
    var isWaiting: Bool { state == "PENDING" }

    private static let finalStates: Set = [
      "BOOT_FAIL", "CANCELLED", "COMPLETED", "DEADLINE", "FAILED", "NODE_FAIL", "OUT_OF_MEMORY", "PREEMPTED",
      "REVOKED", "TIMEOUT",
    ]

    static let format = "%j %F %K %T %r"

    init?(_ text: Substring) {
      let words = text.split(separator: " ", maxSplits: 4).map(String.init)
      guard words.count >= 4 else { return nil }
      (name, id, state) = (words[0], words[1], words[3])
      reason = words.count > 4 && words[4] != "None" ? words[4] : ""
      tasks = Self.tasks(words[2])
    }

    /// The tasks in "7", "[2-5,9%3]" or "1-9:2".
    private static func tasks(_ text: String) -> [ClosedRange<Int>]? {
      var ranges: [ClosedRange<Int>] = []
      for part in text.prefix(while: { $0 != "%" }).filter({ $0 != "[" && $0 != "]" }).split(separator: ",") {
        let numbers = part.split(whereSeparator: { $0 == "-" || $0 == ":" }).map { Int($0) }
        switch numbers.count {
        case 1: if let only = numbers[0] { ranges.append(only...only) } else { return nil }
        case 2, 3:
          guard let first = numbers[0], let last = numbers[1], first <= last,
            let step = numbers.count == 3 ? numbers[2] : 1,
            step > 0
          else { return nil }
          if step == 1 {
            ranges.append(first...last)
          } else {
            ranges += stride(from: first, through: last, by: step).map { $0...$0 }
          }
        default: return nil
        }
      }
      return ranges.isEmpty ? nil : ranges
    }
  }

  private let environment: [String: String]

  init(environment: [String: String] = ProcessInfo.processInfo.environment) {
    // Inside a job, Slurm's variables describe that job, and its programs would take them for wishes, as they take
    // others that a site or a user has set: what is to be said is said by options. What stays is who pays for jobs and
    // where they run, without which some clusters take none; options come before it.
    let wishes = ["SLURM_", "SBATCH_", "SQUEUE_", "SCANCEL_", "SCONTROL_", "SALLOC_"]
    let kept = ["SLURM_CONF"] + ["ACCOUNT", "PARTITION", "QOS", "RESERVATION"].map { "SBATCH_\($0)" }
    var own = environment.filter { variable in
      !wishes.contains { variable.key.hasPrefix($0) } || kept.contains(variable.key)
    }
    own["SLURM_BITSTR_LEN"] = "0"  // Lists of tasks in full.
    own["LC_ALL"] = "C"
    self.environment = own
  }

  private func run(
    _ command: [String], seconds: Double = 60, until last: String? = nil
  ) throws -> ChildProcess.Answer {
    do {
      return try ChildProcess.run(command, environment: environment, seconds: seconds, until: last)
    } catch let failure as ChildProcess.NotStarted {
      throw PipelineError.slurmMissing(program: command[0], reason: FileError.reason(failure.code))
    }
  }

  /// Submits a script with its words as an array of tasks 1…count that run in a folder and write 1.txt, 2.txt, … there.
  /// Slurm is not to start tasks again by itself, which takes it minutes: what is missing is submitted, with the reason.
  func submit(
    _ script: [String], name: String, folder: String, count: Int, settings: SlurmSettings
  ) throws -> Submission {
    let limit = settings.runningTasks.map { "%\($0)" } ?? ""
    let answer = try run(
      [
        "sbatch", "--parsable", "--export=ALL", "--no-requeue", "--job-name=\(name)", "--chdir=\(folder)",
        "--output=%a.txt",
        "--array=1-\(count)\(limit)",
      ]
        + settings.arguments + script, until: Self.patience)
    let told = answer.errors.split(separator: "\n").map { String($0.replacing("sbatch: error: ", with: "")) }
      .filter { !$0.hasPrefix("sbatch: ") }
    guard let status = answer.status else {
      return answer.errors.contains(Self.patience) ? .busy(told.last ?? "") : .unknown
    }
    if status == 0 {
      // What it has accepted and does not name is followed by the array's name, as what it did not answer for in time.
      return Self.id(in: answer.output).map(Submission.accepted) ?? .unknown
    }
    let reason = told.joined(separator: "; ")
    // Limits on the number of jobs are called …SubmitJob…; others, such as those on time, no waiting will lift.
    let passing = [
      "SubmitJob", "queue full", "temporarily", "Unable to contact", "timed out", "Connection refused", "ry again",
    ]
    return passing.contains { reason.contains($0) } ? .busy(reason) : .refused(reason)
  }

  /// The number of an accepted job: a line of its own, "id;cluster" where there are several clusters. A site may greet its
  /// users on other lines.
  static func id(in output: String) -> String? {
    output.split(whereSeparator: \.isNewline).reversed()
      .compactMap { $0.wholeMatch(of: /\s*([0-9]+)(;\S+)?\s*/).map { String($0.output.1) } }.first
  }

  /// What sbatch says at a limit on jobs, before it waits by itself for up to two minutes.
  private static let patience = "sleeping and retrying"

  /// What the controller knows of the named arrays, those that ended lately too; nil if it does not answer.
  func queue(_ names: [String]) throws -> [Line]? {
    let answer = try run([
      "squeue", "--noheader", "--states=all", "--name=\(names.joined(separator: ","))", "--format=\(Line.format)",
    ])
    return answer.status == 0 ? answer.output.split(separator: "\n").compactMap { Line($0) } : nil
  }

  /// Whether the controller still knows a job; nil if it does not say. A controller that lost its state counts from 1
  /// again: the number may be another job's by now.
  func knows(_ id: String, name: String) throws -> Bool? {
    let answer = try run(["scontrol", "--oneliner", "show", "job", id])
    if answer.status == 0 { return answer.output.split(whereSeparator: \.isWhitespace).contains("JobName=\(name)") }
    return answer.errors.contains("Invalid job id") ? false : nil
  }

  /// Ends all tasks of the named arrays.
  func cancel(_ names: [String]) throws {
    for name in names { _ = try run(["scancel", "--quiet", "--name=\(name)"]) }
  }

  /// Throws ``PipelineError/slurmMissing(program:reason:)`` if there are no client programs here.
  func require() throws { _ = try run(["sbatch", "--version"]) }

  /// How many tasks an array may have; what Slurm's own default allows if the controller does not say.
  func largestArray() throws -> Int {
    let lines = try run(["scontrol", "show", "config"]).output.split(separator: "\n")
    let size = lines.first { $0.hasPrefix("MaxArraySize") }?.split(separator: "=").last
      .flatMap { Int($0.filter { $0 != " " }) }
    // The size bounds the numbers of tasks, which begin with 1 here.
    return max(1, min(size ?? 1001, 1001) - 1)
  }
}
