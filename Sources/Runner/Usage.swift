internal import Foundation
private import Platform

/// Wall time, processor time and peak memory of some processes so far.
struct Usage {
  private(set) var wall: Double
  private(set) var processor: Double
  private(set) var peakBytes: Int

  /// Of this process.
  static func ofThisProcess() -> Usage {
    var usage = rusage()
    getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
    func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + 1e-6 * Double(time.tv_usec) }
    return Usage(
      wall: ChildProcess.now(), processor: seconds(usage.ru_utime) + seconds(usage.ru_stime),
      peakBytes: usage.ru_maxrss * 1024)
  }

  /// With the time that another process has taken, and its memory in place of this one's if it is more. Nothing is added
  /// for a process that is gone.
  mutating func add(_ process: pid_t) {
    var (clock, time) = (clockid_t(), timespec())
    if clock_getcpuclockid(process, &clock) == 0, clock_gettime(clock, &time) == 0 {
      processor += Double(time.tv_sec) + 1e-9 * Double(time.tv_nsec)
    }
    do {
      let status = String(decoding: try Files.bytes(of: "/proc/\(process)/status") ?? [], as: UTF8.self)
      let line = status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") }
      let kilobytes = line?.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap { Int($0) } ?? 0
      peakBytes = max(peakBytes, kilobytes * 1024)
    } catch {
      // It has just ended.
    }
  }

  /// Lets the peak of a process count from here on, where the kernel lets us.
  static func forgetPeak(of process: String = "self") {
    let descriptor = open("/proc/\(process)/clear_refs", O_WRONLY | O_CLOEXEC)
    if descriptor >= 0 {
      write(descriptor, "5", 1)
      close(descriptor)
    }
  }
}
