private import Foundation
private import Synchronization

/// Places where tests kill the process, as a power cut would: `REFIG_FAULT=<name>` or `<name>:<count>` for the count-th
/// time it is passed; `a` stands for all places `a.b`. Without the variable they do nothing.
package enum FaultPoint {
  private static let wanted = ProcessInfo.processInfo.environment["REFIG_FAULT"].map { text -> (String, Int) in
    let parts = text.split(separator: ":")
    return (String(parts.first ?? ""), parts.count > 1 ? Int(parts[1]) ?? 1 : 1)
  }
  private static let passes = PassCount()

  /// Passes a place of this name.
  package static func pass(_ name: String) {
    guard let (place, count) = wanted, name == place || name.hasPrefix(place + "."), passes.next() == count else {
      return
    }
    kill(getpid(), SIGKILL)
  }
}

/// Counts how often the wanted place was passed.
private final class PassCount: Sendable {
  private let count = Atomic(0)
  func next() -> Int { count.add(1, ordering: .relaxed).newValue }
}
