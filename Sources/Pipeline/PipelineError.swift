/// A place in a user's file; line and column count from 1.
package struct SourceLocation: Sendable, Hashable, CustomStringConvertible {
  package let file: String
  package let line: Int
  package let column: Int

  package init(file: String, line: Int, column: Int) {
    self.file = file
    self.line = line
    self.column = column
  }

  package var description: String { "\(file):\(line):\(column)" }
}

/// One mistake in a user's file: where, in what, and the fact.
package struct Diagnostic: Sendable, Equatable {
  /// What is wrong. Facts only; ``ErrorMessage`` makes the sentences.
  package enum Fact: Sendable, Equatable {
    case unknownKey(String, known: [String])
    case duplicateKey(String)
    case missingKey(String)
    case wrongType(key: String, expected: String, found: String)
    case unknownName(kind: String, name: String, known: [String])
    case badName(kind: String, name: String)
    case refusedValue(name: String, value: String, allowed: String)
    case badData(path: String, reason: String)
    case emptySweep
    case unequalLists([(name: String, count: Int)])
    case repeatedParameter(String)
    /// At `idleCount` of the `pointCount` points that a sweep gives it at; 0 and 0 for a value fixed for the stage.
    case idleParameter(String, condition: String, idleCount: Int, pointCount: Int)
    /// A value that a list has already.
    case repeatedValue(String)
    case tooManyCells(points: Int, blocks: Int, limit: Int)
    /// Of a stage of which each replica of another reads its own.
    case tooFewReplicas(of: String, count: Int, needed: Int)
    /// A mapping in place of a parameter's values that does not say them in one way.
    case notOneRange(String, known: [String])
    /// A control character or one that is none, by its code.
    case hiddenCharacter(String)
    case sweepTooLarge(factors: [Int], limit: Int)
    case dependencyCycle([String])
    case invertedInterval(low: Double, high: Double)
    case syntax(String)
    case tooManyNodes(limit: Int)
    case tooDeep(limit: Int)
    case tag(String)
    /// A value of `where:` that no point has, or none that fulfils the other conditions.
    case selectsNothing(name: String, value: String, there: [String])
    case message(String)

    package static func == (left: Fact, right: Fact) -> Bool { String(describing: left) == String(describing: right) }
  }

  package let location: SourceLocation
  /// What the mistake is in: "stage 'sarao2020/uniqueness'"; empty at top level.
  package let context: String
  package let fact: Fact
}

/// Anything that stops refig which is not a bug of its own: a user's mistake or the outside world.
package enum PipelineError: Error, Sendable {
  /// Mistakes in the YAML files, all that were found in one pass.
  case invalidFiles([Diagnostic])
  case fileMissing(path: String, purpose: String)
  case notUTF8(path: String)
  /// Cells of a sample came out otherwise: stages, each with why.
  case changeMatters(stages: [String])
  case unknownTarget(String, nearest: String?)
  case unknownExperiment(String, known: [String])
  case unknownProfile(String, known: [String])
  case badOption(name: String, value: String, allowed: String)
  case cellsFailed(count: Int, log: String)
  case cellsMissing(count: Int, command: String)
  case verdictsDiffer(count: Int)
  /// A mistake in the code of a claim's estimator ended the process.
  case estimatorTrapped(claim: String)
  /// The same of the code of a table.
  case tableTrapped(table: String)
  case noClaims
  case underpowered(count: Int)
  case mutantsSurvive(count: Int)
  case damaged(path: String, reason: String)
  case newerFormat(path: String, found: Int, known: Int)
  /// So many of the machine's facts are not what they must be.
  case unfitMachine(count: Int)
  case gnuplotMissing
  case gnuplotFailed(figure: String, message: String)
  case droppedPoints(figure: String, series: String, count: Int, axis: String)
  case evidence(subject: String, reason: String)
  /// A program, or a replica, has no result: why.
  case programFailed(reason: String)
  case workerNotStarted(reason: String)
  /// A program of `versions:` does not say what it was asked.
  case versionUnknown(command: String, reason: String)
  /// A client program of Slurm cannot be started.
  case slurmMissing(program: String, reason: String)
  /// Slurm does not take the tasks.
  case slurmRefused(reason: String)
  /// No task ever finished a cell.
  case slurmTasksFailed(task: String, reason: String)
  case unknownRun(String, known: [String])
  case outOfDate(count: Int)
  /// No cell could be kept for any of the so many that are missing.
  case nothingKept(missing: Int)
  /// No line of the ledger was accepted: why, if there were any to accept.
  case nothingAccepted(reasons: [String])
  /// Stages whose cells in the ledger were computed from something else than today's.
  case ledgerOutOfDate(stages: [String])
  /// Numbers, names or pictures in a paper's source, or its refig.tex, that are not those of today.
  case quotedNumbers(count: Int)
  /// Nothing was recorded for what was asked for.
  case ledgerEmpty(path: String)
  /// Cells or claims that an audit found to be other than the ledger says.
  case auditFailed(count: Int, first: String)
  case interrupted
  /// Interrupted, while tasks go on elsewhere.
  case tasksGoOn(count: Int, run: String)
  /// Ended by `refig cancel`.
  case cancelled
}
