private import Foundation

/// A file that could not be read or written.
package struct FileError: Error, Sendable, Equatable {
  /// What was tried.
  package enum Action: Sendable {
    case read, write
  }

  /// Why it failed, by what can be done about it.
  package enum Cause: Sendable {
    /// The disk or the quota is full.
    case noSpace
    /// The permissions or a read-only file system forbid it.
    case notPermitted
    /// It is not there, or no longer.
    case notThere
    /// Something else has this name.
    case nameTaken
    /// It is no file, or more than it may be.
    case unsuitable
    case other
  }

  package let action: Action
  package let path: String
  package let cause: Cause
  /// The cause in words: the system's own if it has any.
  package let reason: String

  /// A failure that the system reports by this error number.
  package init(_ action: Action, _ path: String, code: Int32) {
    self.action = action
    self.path = path
    cause =
      switch code {
      case ENOSPC, EDQUOT, EFBIG: .noSpace
      case EACCES, EPERM, EROFS: .notPermitted
      case ENOENT, ESTALE, ESRCH: .notThere
      case EISDIR, ENOTDIR, EEXIST, ENOTEMPTY: .nameTaken
      default: .other
      }
    reason = Self.reason(code)
  }

  /// A failure that has no error number, or one that Foundation wraps.
  package init(_ action: Action, _ path: String, _ error: any Error) {
    if let code = Self.code(of: error) {
      self.init(action, path, code: code)
    } else {
      self.init(action, path, reason: error.localizedDescription)
    }
  }

  /// A failure that the system does not know of.
  package init(_ action: Action, _ path: String, _ cause: Cause = .other, reason: String) {
    self.action = action
    self.path = path
    self.cause = cause
    self.reason = reason
  }

  /// The system's words for an error number.
  package static func reason(_ code: Int32) -> String { String(cString: strerror(code)) }

  /// The system's words for a failure, which Foundation wraps in words of its own.
  package static func reason(of error: any Error) -> String {
    code(of: error).map(reason) ?? error.localizedDescription
  }

  private static func code(of error: any Error) -> Int32? {
    var cause: NSError? = error as NSError
    while let found = cause {
      if found.domain == NSPOSIXErrorDomain { return Int32(found.code) }
      cause = found.userInfo[NSUnderlyingErrorKey] as? NSError
    }
    return nil
  }
}
