import Figures
import Foundation

/// Shows a figure in terminals that draw pictures.
enum TerminalPicture: String, CaseIterable {
  case kitty, sixel

  /// What this terminal understands, as it says in its environment; nil if that is not known, or the output is no terminal.
  static var ofThisTerminal: TerminalPicture? {
    guard isatty(STDOUT_FILENO) == 1 else { return nil }
    return understood(in: ProcessInfo.processInfo.environment)
  }

  static func understood(in environment: [String: String]) -> TerminalPicture? {
    let name = environment["TERM"] ?? ""
    if environment["TMUX"] != nil || name.hasPrefix("screen") { return nil }
    if environment["KITTY_WINDOW_ID"] != nil || ["ghostty", "WezTerm"].contains(environment["TERM_PROGRAM"] ?? "")
      || name.contains("kitty")
    {
      return .kitty
    }
    return ["foot", "mlterm", "contour", "sixel"].contains { name.contains($0) } ? .sixel : nil
  }

  /// The picture as the terminal takes it. Throws what ``Gnuplot/picture(_:terminal:)`` throws.
  func escapes(for script: GnuplotScript) throws -> [UInt8] {
    switch self {
    case .sixel: return try Gnuplot.picture(script, terminal: "sixelgd")
    case .kitty:
      // In pieces of at most 4096 signs, all but the last with m=1.
      var rest = try Gnuplot.picture(script, terminal: "pngcairo").withUnsafeBytes { Data($0) }.base64EncodedString()[
        ...]
      var text = ""
      var keys = "a=T,f=100,"
      while !rest.isEmpty {
        let piece = rest.prefix(4096)
        rest = rest.dropFirst(4096)
        text += "\u{1b}_G\(keys)m=\(rest.isEmpty ? 0 : 1);\(piece)\u{1b}\\"
        keys = ""
      }
      return Array((text + "\n").utf8)
    }
  }
}
