private import Foundation
internal import Platform

/// How many tasks may be submitted at once, and when: what Slurm's refusals have taught.
struct SubmissionPace {
  /// Tasks of an array: as many as Slurm allows, until a limit on jobs is met.
  private let largestArray: Int
  private(set) var arraySize: Int
  private(set) var refusals = 0
  private(set) var nextSubmission = 0.0

  init(largestArray: Int) { (self.largestArray, arraySize) = (largestArray, largestArray) }

  mutating func accepted() {
    refusals = 0
    arraySize = min(largestArray, 2 * arraySize)
  }

  /// After an array of `taskCount` was not taken for now; returns for how many seconds to wait. With nothing of this run in
  /// the queue, a smaller array may be what a limit allows.
  mutating func refused(taskCount: Int, isAlone: Bool) -> Double {
    refusals += 1
    if isAlone { arraySize = max(1, taskCount / 2) }
    let delay = min(60, 2 * pow(2, Double(refusals)))
    nextSubmission = ChildProcess.now() + delay
    return delay
  }
}
