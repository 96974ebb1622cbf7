package import Foundation

/// A process of this machine that is told from later ones with the same number.
package struct ProcessIdentity: Sendable, Equatable {
  package let process: pid_t
  /// When it began, in clock ticks after the machine's start, and which start that was.
  package let start: String

  package init(process: pid_t, start: String) {
    self.process = process
    self.start = start
  }

  /// The process that has a number now; nil if there is none, or the system does not say when it began.
  package init?(process: pid_t) throws {
    guard let bytes = try Files.bytes(of: "/proc/\(process)/stat"), let boot = try Self.boot() else { return nil }
    // The second field is a name in parentheses, which may hold any sign; the start is the 22nd.
    let fields = String(decoding: bytes.suffix(from: (bytes.lastIndex(of: UInt8(ascii: ")")) ?? -1) + 1), as: UTF8.self)
      .split(separator: " ")
    guard fields.count > 19 else { return nil }
    self.process = process
    start = "\(fields[19])@\(boot)"
  }

  /// Which start of this machine this is.
  private static func boot() throws -> String? {
    try Files.bytes(of: "/proc/sys/kernel/random/boot_id").map {
      String(decoding: $0, as: UTF8.self).filter { !$0.isWhitespace }
    }
  }

  /// Whether the process began on this machine, since its last start.
  package var isOfThisMachine: Bool {
    get throws { try Self.boot().map { start.hasSuffix("@\($0)") } ?? false }
  }

  /// Whether this very process is still there.
  package var isRunning: Bool {
    get throws {
      if let now = try ProcessIdentity(process: process) { return now == self }
      // Processes of other users may be hidden.
      return kill(process, 0) != 0 && errno == EPERM
    }
  }
}
