import Foundation
import Pipeline
import Platform
import Runner

/// Progress on standard error: one bar per active stage on a terminal that can erase lines, otherwise a plain line per
/// finished stage and now and then one for a slow stage. `NO_COLOR` is honoured.
final class ProgressDisplay {
  private struct Bar {
    let name: String
    let total: Int
    var done = 0
    var failed = 0
    var seconds = 0.0
    var isFinished: Bool { done + failed == total }
  }

  private let isTerminal: Bool
  private let usesColor: Bool
  private let isQuiet: Bool
  private var bars: [Bar] = []
  private var drawnLines = 0
  private var start = ProgressDisplay.now()
  private var lastDrawn = 0.0
  private var lastLine = 0.0

  init(quiet: Bool) {
    let environment = ProcessInfo.processInfo.environment
    isTerminal = isatty(STDERR_FILENO) == 1 && environment["TERM", default: "dumb"] != "dumb"
    usesColor = isTerminal && environment["NO_COLOR", default: ""].isEmpty
    isQuiet = quiet
  }

  /// Shows what a build tells.
  func show(_ progress: Build.Progress) {
    switch progress {
    case .began(let stages): begin(stages)
    case .finished(let stage, let seconds): finished(stage, seconds: seconds)
    case .failed(let stage, let message): failed(stage, message: message)
    case .line(let text): line(text)
    case .failures(let text), .waiting(let text): say(text)
    case .ended: end()
    }
  }

  /// Starts a wave with the number of cells to compute by stage.
  func begin(_ stages: [(stage: String, count: Int)]) {
    bars = stages.map { Bar(name: $0.stage, total: $0.count) }
    drawnLines = 0
    start = Self.now()
    lastDrawn = 0
    lastLine = start
    draw()
  }

  /// A cell of a stage is done, after `seconds` of computing.
  func finished(_ stage: String, seconds: Double) {
    update(stage) {
      $0.done += 1; $0.seconds += seconds
    }
  }

  /// A cell of a stage failed: why, unless that was said of another.
  func failed(_ stage: String, message: String?) {
    if let message { say("failed  " + message, painting: "failed") }
    update(stage) { $0.failed += 1 }
  }

  /// Says something beside the bars.
  func line(_ text: String) {
    if !isQuiet { say(text) }
  }

  /// The text begins with `mark`, a word of ours that may be painted.
  private func say(_ text: String, painting mark: String = "") {
    erase()
    let text = StandardOutput.fitted(ErrorMessage.visibleInLines(text), to: STDERR_FILENO)
    write((mark.isEmpty ? "" : paint(mark, 31)) + text.dropFirst(mark.count) + "\n")
    draw()
  }

  /// Ends a wave and leaves its bars.
  func end() {
    if isTerminal { draw(isLast: true) }
    drawnLines = 0
    bars = []
  }

  private func update(_ stage: String, _ change: (inout Bar) -> Void) {
    guard let index = bars.firstIndex(where: { $0.name == stage }) else { return }
    change(&bars[index])
    let time = Self.now()
    if isTerminal {
      if time - lastDrawn > 0.1 { draw() }
    } else if bars[index].isFinished || time - lastLine > 30 {
      lastLine = time
      if !isQuiet { write(text(bars[index]) + "\n") }
    }
  }

  private func draw(isLast: Bool = false) {
    guard isTerminal, !isQuiet, !bars.isEmpty else { return }
    lastDrawn = Self.now()
    erase()
    let shown = isLast ? bars : bars.filter { !$0.isFinished }.prefix(8).map { $0 }
    for bar in shown { write(line(bar) + "\n") }
    drawnLines = shown.count
  }

  private func erase() {
    // From the first column: a terminal shows the ^C of Ctrl-C wherever the cursor is.
    if drawnLines > 0 { write("\r\u{1b}[\(drawnLines)A\u{1b}[0J") }
    drawnLines = 0
  }

  /// A bar as one plain line of at most so many columns, as far as its numbers allow: the name yields.
  private func text(_ bar: Bar, columns: Int = .max) -> String {
    let finished = bar.done + bar.failed
    var numbers = "\(finished)/\(bar.total) cells"
    // Whoever follows another process's run does not know them.
    if bar.isFinished, bar.seconds > 0 { numbers += String(format: ", %.1f CPU-s", bar.seconds) }
    if bar.failed > 0 { numbers += ", \(bar.failed) failed" }
    let elapsed = Self.now() - start
    if isTerminal, !bar.isFinished, finished > 0, elapsed > 1 {
      let rate = Double(finished) / elapsed
      numbers += String(format: ", %.1f/s, ", rate) + Text.duration(Double(bar.total - finished) / rate) + " left"
    }
    let room = min(max(34, bar.name.count), max(8, columns - numbers.count - 1))
    let name = bar.name.count > room ? bar.name.prefix(room - 1) + "…" : bar.name
    return name.padding(toLength: room, withPad: " ", startingAt: 0) + " " + numbers
  }

  /// A bar with its meter where there is room. Never wider than the terminal: a line that wraps could not be erased.
  private func line(_ bar: Bar) -> String {
    let room = Self.columns - 1
    let text = String(text(bar, columns: room).prefix(room))
    let width = min(20, room - text.count - 1)
    guard width >= 5 else { return text }
    let filled = (bar.done + bar.failed) * width / max(1, bar.total)
    let rest = String(repeating: "━", count: width - filled)
    return paint(String(repeating: "━", count: filled), bar.failed > 0 ? 31 : 32) + paint(rest, 90) + " " + text
  }

  /// How wide the terminal is at this moment.
  private static var columns: Int {
    var size = winsize()
    return ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0 ? Int(size.ws_col) : 80
  }

  private func paint(_ text: String, _ color: Int) -> String { usesColor ? "\u{1b}[\(color)m\(text)\u{1b}[0m" : text }
  private func write(_ text: String) { StandardStreams.report(text) }

  private static func now() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) + 1e-9 * Double(time.tv_nsec)
  }
}
