internal import PaperKit
internal import Pipeline
internal import Platform

/// The programs that a worker has started and keeps.
final class Programs: @unchecked Sendable {
  // Why unchecked: a worker computes one cell at a time.
  private var running: [Kind: Program] = [:]
  /// Whether what they print is shown at once.
  private let showsPrinted: Bool
  /// Whether they are in groups of their own, which Ctrl-C on a terminal does not reach. Those of a worker are in its
  /// group, which its runner ends.
  var haveOwnGroups = true
  /// Hears once, while a program computes, that the user asked to stop.
  var onInterruption: (() -> Void)?
  /// Hears that the program which a cell needs is being started, and that it has begun to read what it is asked.
  var onStart: (_ hasBegun: Bool) -> Void = { _ in }

  init(showsPrinted: Bool) { self.showsPrinted = showsPrinted }

  /// Experiments share a program only if they have the same code: what one has imported, another must not be said to.
  private struct Kind: Hashable {
    let command, sources: [String]
  }

  /// Computes a block of replicas. Throws ``PipelineError/programFailed(reason:)`` where the program gives no answer.
  func answer(
    of experiment: ProgramExperiment, to request: ProgramRequest, outputs: [OutputArray]
  ) throws -> ReplicaResults {
    let kind = Kind(command: experiment.command, sources: experiment.sources)
    let program: Program
    if let known = running[kind] {
      program = known
    } else {
      try experiment.requireSameSources()
      onStart(false)
      program = try Program(
        experiment, showsPrinted: showsPrinted, hasOwnGroup: haveOwnGroups, onBegin: { [onStart] in onStart(true) })
      running[kind] = program
    }
    func end() {
      running[kind] = nil
      program.kill()
    }
    do {
      let results: ReplicaResults
      do {
        results = try program.answer(to: request, outputs: outputs) { [self] in
          onInterruption?()
          onInterruption = nil
        }
      } catch let failure as Program.Failure where failure.isUnread {
        end()
        return try answer(of: experiment, to: request, outputs: outputs)
      }
      // It may have imported only now what somebody has edited since its key was made.
      do {
        try experiment.requireSameSources()
      } catch {
        end()
        throw error
      }
      return results
    } catch let failure as Program.Failure {
      // What it would say next belongs to no question.
      end()
      if Interruption.requests > 1 { throw PipelineError.interrupted }
      throw PipelineError.programFailed(reason: failure.reason)
    }
  }

  /// Usage of this process and the programs before a cell: their peaks count from here on.
  func usageOfNewCell() -> Usage {
    Usage.forgetPeak()
    for program in running.values { Usage.forgetPeak(of: "\(program.process)") }
    return usage()
  }

  /// Usage of this process and the programs after it, with the greatest of their peaks.
  func usageWithPeak() -> Usage {
    var usage = usage()
    for program in running.values { usage.addPeak(of: program.process) }
    return usage
  }

  private func usage() -> Usage {
    var usage = Usage.ofThisProcess()
    for program in running.values { usage.addTime(of: program.process) }
    return usage
  }

  deinit { for program in running.values { program.end() } }
}
