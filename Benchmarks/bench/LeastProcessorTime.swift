import Foundation

/// Least processor time of several runs, in seconds: unlike the time on the clock, that of this program alone.
func leastProcessorTime(repetitions: Int, _ body: () throws -> Void) rethrows -> Double {
  func now() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return Double(time.tv_sec) + 1e-9 * Double(time.tv_nsec)
  }
  var least = Double.infinity
  for _ in 0..<repetitions {
    let before = now()
    try body()
    least = min(least, now() - before)
  }
  return least
}
