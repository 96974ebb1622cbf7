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

  /// With the time that another process has taken. Nothing is added for a process that is gone.
  mutating func addTime(of process: pid_t) {
    var (clock, time) = (clockid_t(), timespec())
    if clock_getcpuclockid(process, &clock) == 0, clock_gettime(clock, &time) == 0 {
      processor += Double(time.tv_sec) + 1e-9 * Double(time.tv_nsec)
    }
  }

  /// With the peak memory of another process in place of this one's if it is more.
  mutating func addPeak(of process: pid_t) {
    do {
      // Bytes, as it is asked for every cell: as texts these lines would cost more than all else that a program adds.
      let lines = try Files.bytes(of: "/proc/\(process)/status")?.split(separator: UInt8(ascii: "\n")) ?? []
      let digits = lines.first { $0.starts(with: "VmHWM:".utf8) }?.filter { (0x30...0x39).contains($0) } ?? []
      peakBytes = max(peakBytes, 1024 * digits.reduce(0) { 10 * $0 + Int($1 - 0x30) })
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
