private import Foundation
private import NumericalMethods
private import PaperKit
private import Platform

/// The only place that makes sentences and exit codes out of errors.
package enum ErrorMessage {
  /// Exit codes, as documented in the README.
  package enum ExitCode: Int32, Sendable {
    case success = 0
    case bug = 1
    case input = 2
    case cellsFailed = 3
    case verdict = 4
    case integrity = 5
    case environment = 6
    case outOfDate = 7
    case interrupted = 130
  }

  /// The exit code of an error.
  package static func exitCode(of error: any Error) -> ExitCode {
    switch error {
    case let error as PipelineError:
      switch error {
      case .invalidFiles, .fileMissing, .notUTF8, .unknownTarget, .unknownExperiment, .unknownProfile,
        .badOption, .droppedPoints, .evidence, .unknownRun:
        .input
      case .cellsFailed, .programFailed: .cellsFailed
      case .verdictsDiffer, .noClaims, .mutantsSurvive, .underpowered: .verdict
      case .damaged, .newerFormat, .auditFailed, .changeMatters: .integrity
      case .unfitMachine, .gnuplotMissing, .gnuplotFailed, .workerNotStarted, .versionUnknown, .slurmMissing,
        .slurmRefused,
        .slurmTasksFailed:
        .environment
      case .outOfDate, .nothingKept, .nothingAccepted, .cellsMissing, .ledgerOutOfDate, .ledgerEmpty, .quotedNumbers:
        .outOfDate
      case .interrupted, .tasksGoOn, .cancelled: .interrupted
      case .estimatorTrapped, .tableTrapped: .bug
      }
    case let error as FileError: error.cause == .unsuitable ? .input : .environment
    case is ChildProcess.NotStarted: .environment
    case is InvalidParameter, is EvidenceError: .input
    case is NumericalError, is Absence: .cellsFailed
    default: .bug
    }
  }

  /// What to tell the user: what, where, why, what to do.
  package static func text(of error: any Error) -> String {
    switch error {
    case let error as PipelineError: text(of: error)
    case let error as FileError: text(of: error)
    case let error as ChildProcess.NotStarted: text(of: error)
    case let error as InvalidParameter: sentence(error)
    default: "\(error)"
    }
  }

  /// The same in one line, for a log.
  package static func reason(of error: any Error) -> String {
    text(of: error).split(whereSeparator: \.isNewline).joined(separator: "; ")
  }

  private static func text(of error: FileError) -> String {
    if error.action == .read { return "\(error.path): cannot be read: \(error.reason)." }
    let advice =
      switch error.cause {
      case .noSpace: "Free some space"
      case .notPermitted: "Change the permissions or name another place"
      case .nameTaken: "Something else of this name is in the way: move it or name another place"
      case .notThere, .unsuitable, .other: "Fix the cause or name another place"
      }
    return "\(error.path): cannot be written: \(error.reason). \(advice), then run again: finished cells are kept."
  }

  private static func text(of error: ChildProcess.NotStarted) -> String {
    let advice =
      switch error.code {
      case EMFILE, ENFILE: " Raise the limit on open files (`ulimit -n`), or take fewer `--workers`."
      case EAGAIN, ENOMEM: " Raise the limit on processes (`ulimit -u`), or take fewer `--workers`."
      default: ""
      }
    return "\(error.program) cannot be started: \(FileError.reason(error.code)).\(advice)"
  }

  private static func sentence(_ error: InvalidParameter) -> String {
    "\(error.name) = \(error.value) is not allowed: \(error.allowed)"
  }

  /// Mistakes that are reported together at most.
  private static let mistakeLimit = 100

  private static func text(of error: PipelineError) -> String {
    switch error {
    case .invalidFiles(let diagnostics):
      (diagnostics.prefix(mistakeLimit).map(text(of:))
        + (diagnostics.count > mistakeLimit ? ["… and \(diagnostics.count - mistakeLimit) more mistakes"] : []))
        .joined(separator: "\n")
    case .fileMissing(let path, let purpose):
      "\(path): no such file; \(purpose). Run refig in the project's folder or name it with --project."
    case .notUTF8(let path): "\(path): not UTF-8 text; save it in UTF-8."
    case .unknownTarget(let name, let nearest):
      "no stage, figure or claim is called '\(visible(name))' (`refig graph` lists them)"
        + (nearest.map { "; did you mean '\($0)'?" } ?? ".")
    case .unknownExperiment(let name, let known):
      "there is no experiment '\(name)'\(suggestion(name, known, listing: true, end: "."))"
    case .unknownProfile(let name, let known):
      "there is no profile '\(name)' (the pipeline has \(list(known)))\(suggestion(name, known, end: "."))"
    case .badOption(let name, let value, let allowed): "\(name) \(value): \(allowed)."
    case .cellsFailed(let count, let log):
      """
      \(Text.count(count, "cell")) failed; the rest is saved. Reasons: \(log). `refig try EXPERIMENT --stage STAGE \
      --replica N` runs one replica alone; correct the cause and run again.
      """
    case .cellsMissing(let count, let command):
      "\(Text.count(count, "cell")) \(count == 1 ? "is" : "are") not in the store; run `\(command)` first."
    case .tableTrapped(let table):
      """
      table \(table): its code trapped, at an index or a number out of range, say: a mistake in the code of the table, or \
      results that it does not expect.
      """
    case .estimatorTrapped(let claim):
      """
      \(claim): its estimator trapped, at an index or a number out of range, say: a mistake in its code. \
      `refig show claim:\(claim)` names it.
      """
    case .verdictsDiffer(let count):
      """
      \(count) \(count == 1 ? "verdict differs" : "verdicts differ") from the expected. `refig show claim:ID`, with the \
      same --profile, tells what a number is made of.
      """
    case .mutantsSurvive(let count):
      "\(count) \(count == 1 ? "claim or mistake" : "claims or mistakes") listed above: a check that cannot fail proves nothing."
    case .underpowered(let count):
      """
      \(count) \(count == 1 ? "claim has" : "claims have") too few replicas for the verdict to stand on other random \
      numbers; raise `replicas:` of their stages, or do not gate on them (`expect: inconclusive`).
      """
    case .noClaims:
      """
      no claim was judged, so nothing was verified; state one under `claims:` of a file that `figures:` of pipeline.yaml \
      lists, or name others.
      """
    case .damaged(let path, let reason): "\(path): damaged: \(reason)."
    case .newerFormat(let path, let found, let known):
      "\(path): written in format \(found) by a newer refig; this one knows \(known). Use the newer refig."
    case .unfitMachine(let count): "\(count) of the above \(count == 1 ? "is" : "are") bad."
    case .gnuplotMissing: "gnuplot was not found on PATH; install it (Debian: apt-get install gnuplot-nox)."
    case .gnuplotFailed(let figure, let message): "figure '\(figure)': gnuplot failed: \(message)"
    case .droppedPoints(let figure, let series, let count, let axis):
      """
      figure '\(figure)', series '\(series)': the logarithmic \(axis) axis cannot show \(count) points that are not \
      positive; filter them, use a linear axis, or say dropNonPositive: true.
      """
    case .evidence(let subject, let reason): "\(subject): \(reason)."
    case .programFailed(let reason): reason
    case .workerNotStarted(let reason): "a worker could not be run: \(reason). `refig doctor` tries this machine."
    case .versionUnknown(let command, let reason):
      """
      `\(command)`, which `versions:` of an experiment asks, gives no answer: \(reason). Type it in the project's folder; \
      correct it there or in pipeline.yaml.
      """
    case .slurmMissing(let program, let reason):
      """
      \(program) cannot be started: \(reason). Run on a machine that has Slurm's client programs on PATH, such as the \
      cluster's login node, or without --executor slurm.
      """
    case .slurmRefused(let reason):
      """
      Slurm refuses the tasks: \(reason). Change the `slurm:` blocks of pipeline.yaml (`sinfo` shows partitions and \
      their limits), then run again: finished cells are kept.
      """
    case .slurmTasksFailed(let task, let reason):
      """
      no task in Slurm finished a single cell, the last one, \(task): \(reason). Try the worker on a node: \
      `srun refig doctor` with this refig's path.
      """
    case .unknownRun(let name, let known):
      "there is no record of a run '\(visible(name))' (data/runs holds them)\(suggestion(name, known, end: "."))"
    case .outOfDate(let count): "\(count) \(count == 1 ? "cell is" : "cells are") missing; `refig run` makes them."
    case .nothingKept(0): "no cell was kept under new code: all are there already."
    case .nothingKept(let missing):
      """
      no cell was kept: \(missing) are missing, and the store holds none that differs from one of them in code alone; \
      `refig run` computes them.
      """
    case .nothingAccepted(let reasons):
      "nothing was accepted: "
        + (reasons.isEmpty
          ? "no line of the ledger for what was asked for differs from today's in code alone; `refig ledger status` tells what is out of date."
          : reasons.joined(separator: "; ") + ".")
    case .ledgerOutOfDate(let stages):
      """
      \(stages.count) \(stages.count == 1 ? "stage" : "stages") of the ledger \(stages.count == 1 ? "is" : "are") out of date: \
      \(stages.prefix(3).joined(separator: ", "))\(stages.count > 3 ? ", …" : ""). `refig explain STAGE` tells what changed; \
      `refig run STAGE` and `refig ledger update STAGE` make the lines anew, and after a harmless change of code `refig ledger \
      accept STAGE` keeps them.
      """
    case .quotedNumbers(let count):
      "\(count) \(count == 1 ? "place is" : "places are") not what the project says today: listed above."
    case .ledgerEmpty(let path):
      "\(path) holds nothing of what was asked for; `refig run` computes cells and `refig ledger update` writes them down."
    case .auditFailed(let count, let first):
      """
      \(count) \(count == 1 ? "result is" : "results are") not what the ledger says: \(first). `refig run` and `refig ledger \
      update` of that stage write down what today's code gives; a line that no code ever gave was forged or damaged.
      """
    case .changeMatters(let stages):
      """
      the change of code changes results, so nothing was accepted of \(stages.joined(separator: ", ")); `refig run` computes \
      them anew.
      """
    case .interrupted: "interrupted; finished cells are saved, run the same command to go on."
    case .tasksGoOn(let count, let run):
      """
      interrupted; \(count) \(count == 1 ? "task goes" : "tasks go") on in Slurm. Run the same command to follow them, or \
      `refig cancel \(run)` to end them.
      """
    case .cancelled: "cancelled; finished cells are saved, run the same command to go on."
    }
  }

  /// One mistake in a file: `pipeline.yaml:14:5: stage 'escape': unknown parameter …`.
  package static func text(of diagnostic: Diagnostic) -> String {
    let location = diagnostic.location
    // An option has one line, in sight.
    let place = location.file.hasPrefix("--") ? location.file : "\(location)"
    let context = diagnostic.context.isEmpty ? "" : "\(diagnostic.context): "
    let text = visible("\(place): \(context)\(sentence(diagnostic.fact))")
    return text.utf8.count > 2000 ? text.prefix(2000) + "…" : text
  }

  private static func sentence(_ fact: Diagnostic.Fact) -> String {
    switch fact {
    case .unknownKey(let key, let known):
      "unknown key '\(key)'\(suggestion(key, known)); known: \(known.isEmpty ? "none" : list(known))"
    case .duplicateKey(let key): "key '\(key)' is given twice; keep one"
    case .missingKey(let key): "'\(key)' is missing"
    case .wrongType(let key, let expected, let found): "'\(key)' must be \(expected), not \(found)"
    case .unknownName(let kind, let name, let known):
      "unknown \(kind) '\(name)'\(suggestion(name, known, listing: true))"
    case .badName(let kind, let name):
      "'\(name)' cannot name \("aeio".contains(kind.first ?? " ") ? "an" : "a") \(kind): use at most \(PipelineFile.nameLimit) letters, digits, '.', '_', '-' and single '/', no part beginning with '.'"
    case .refusedValue(let name, let value, let allowed): "\(name) = \(value) is not allowed: \(allowed)"
    case .badData(let path, let reason): "data file '\(path)': \(reason)"
    case .emptySweep: "the sweep is empty: give every factor at least one value"
    case .unequalLists(let lists):
      "lists in one group advance together but have unequal lengths: "
        + lists.map { "\($0.name) \($0.count)" }.joined(separator: ", ")
        + "; make them equal, or put each in a factor of its own for all combinations"
    case .repeatedParameter(let name): "parameter '\(name)' is swept by two factors; keep one"
    case .idleParameter(let name, let condition, _, 0): "parameter '\(name)' has no effect \(condition); leave it out"
    case .idleParameter(let name, let condition, let idle, let points):
      "parameter '\(name)' has no effect \(condition), as at \(idle) of the \(points) points swept with it; give it only in groups where it acts"
    case .repeatedValue(let value): "\(value) is listed twice, which would add nothing: remove one, or correct it"
    case .tooManyCells(let points, let blocks, let limit):
      "\(points) points with \(blocks) blocks of replicas are more than the \(limit) cells allowed; take fewer of either, or raise perCell"
    case .tooFewReplicas(let stage, let count, let needed):
      "each of its \(Text.count(needed, "replica")) reads the one of '\(stage)' with its own number, but there are only \(count); take more there, or fewer here"
    case .notOneRange(let name, let known): "the values of '\(name)' must be given by exactly one of \(list(known))"
    case .hiddenCharacter(let code):
      "the character \(code) cannot stand in a text: other programs could not read what refig makes of it; remove it"
    case .sweepTooLarge(let factors, let limit):
      "a sweep of \(factors.map(String.init).joined(separator: " x ")) points is more than the \(limit) allowed"
    case .dependencyCycle(let cycle):
      "stages depend on each other in a circle: "
        + (cycle.count > 12 ? cycle.prefix(10) + ["…"] + cycle.suffix(1) : cycle[...]).joined(separator: " -> ")
    case .invertedInterval(let low, let high): "the interval [\(low), \(high)] is empty: put the smaller bound first"
    case .syntax(let problem): "not valid YAML: \(problem)"
    case .tooManyNodes(let limit): "more than \(limit) values once its aliases are expanded"
    case .tooDeep(let limit): "lists and mappings are more than \(limit) deep in each other"
    case .tag(let tag): "the tag '\(tag)' has no meaning here; remove it, and put quotes around what is a text"
    case .selectsNothing(let name, let value, let there):
      "no point has \(name) = \(value)"
        + (there.isEmpty ? " together with the other conditions" : "; there it is \(list(there))")
    case .message(let text): text
    }
  }

  /// What goes on after an unknown name; `end` where it ends a sentence that is no question.
  private static func suggestion(
    _ name: String, _ known: [String], listing: Bool = false, end: String = ""
  ) -> String {
    if let nearest = nearestSpelling(of: name, among: known) { return "; did you mean '\(nearest)'?" }
    return (listing && !known.isEmpty ? "; known: \(list(known))" : "") + end
  }

  /// A text of the user's without line breaks, changes of direction and other signs that a terminal obeys.
  package static func visible(_ text: String) -> String {
    guard !isVisible(text.utf8) else { return text }
    return text.unicodeScalars.map { isObeyed($0) ? $0.escaped(asASCII: true) : "\($0)" }.joined()
  }

  /// The same with its line breaks and tabs kept: texts as they are printed.
  package static func visibleInLines(_ text: String) -> String {
    guard !isVisibleInLines(text) else { return text }
    return text.unicodeScalars.map {
      isObeyed($0) && $0 != "\n" && $0 != "\t" ? $0.escaped(asASCII: true) : "\($0)"
    }.joined()
  }

  /// Whether a text has no signs that a terminal obeys, line breaks aside.
  package static func isVisibleInLines(_ text: String) -> Bool {
    text.utf8.split(separator: UInt8(ascii: "\n")).allSatisfy(isVisible)
      || text.unicodeScalars.allSatisfy { $0 == "\n" || !isObeyed($0) }
  }

  /// Whether all is printable ASCII, as most texts are: looking up the properties of signs takes long.
  private static func isVisible(_ bytes: some Sequence<UInt8>) -> Bool {
    bytes.allSatisfy { (0x20..<0x7f).contains($0) }
  }

  /// Control characters, those that turn the direction of writing, and the line breaks of Unicode.
  private static func isObeyed(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.properties.generalCategory {
    case .control, .format, .lineSeparator, .paragraphSeparator: true
    default: false
    }
  }

  private static func list(_ names: [String]) -> String {
    names.count > 12 ? names.prefix(12).joined(separator: ", ") + ", …" : names.joined(separator: ", ")
  }
}
