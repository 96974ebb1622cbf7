private import Foundation
private import Pipeline
private import Platform
private import Runner
package import Store

/// What a task of an array runs on its node: the cells of one slice, with as many workers as the task has processors. It
/// writes a line for each, `cell <key> <answer>`; nobody needs to be listening.
package struct SlurmTask {
  private let batch: Batch
  private let executor: LocalExecutor

  /// Slice `slice`, "k/n", of a batch file. `worker` starts a worker that serves its standard input. Throws
  /// ``PipelineError`` for a file that is not there or has other slices.
  package init(
    file path: String, slice: String, store: Store, worker: [String],
    environment: [String: String] = ProcessInfo.processInfo.environment
  ) throws {
    let file = try BatchFile(path: path)
    let numbers = slice.split(separator: "/", omittingEmptySubsequences: false).map { Int($0) }
    guard numbers.count == 2, let number = numbers[0], numbers[1] == file.sliceCount, number >= 1,
      number <= file.sliceCount
    else {
      throw PipelineError.badOption(
        name: "--slice", value: slice, allowed: "the batch has the slices 1/\(file.sliceCount) and so on")
    }
    batch = try file.batch(number, store: store)
    executor = try LocalExecutor(
      command: worker, workerCount: environment["SLURM_CPUS_PER_TASK"].flatMap { Int($0) } ?? 1,
      // Megabytes of 2^20; 0 is all of the node's.
      memory: environment["SLURM_MEM_PER_NODE"].flatMap { Int($0) }.flatMap { $0 > 0 ? $0 << 20 : nil })
  }

  /// Computes the slice. Returns at its end, or at SIGTERM after the cells at work.
  package func run(output: Int32) throws {
    do {
      try executor.run(batch) { item, outcome in
        if case .workerEnded = outcome {
          // Whoever killed the worker may be about to kill this process too: then it was not the cell's fault.
          sleep(2)
          if Interruption.requests > 0 { return }
        }
        _ = try Worker.send("cell \(batch.key(item)) \(Worker.answer(outcome))\n", to: output)
      }
    } catch PipelineError.interrupted {
      // Slurm says why, and the cells that are missing say what is left.
    }
  }
}
