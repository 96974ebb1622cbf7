import Foundation
import Pipeline
import Runner

/// Progress on standard error: one bar per active stage on a terminal, otherwise a plain line per finished stage and now
/// and then one for a slow stage. `NO_COLOR` is honoured.
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
    isTerminal = isatty(2) == 1
    usesColor = isTerminal && ProcessInfo.processInfo.environment["NO_COLOR", default: ""].isEmpty
    isQuiet = quiet
  }

  /// Shows what a build tells.
  func show(_ progress: Build.Progress) {
    switch progress {
    case .began(let stages): begin(stages)
    case .finished(let stage, let seconds): finished(stage, seconds: seconds)
    case .failed(let stage, let message): failed(stage, message: message)
    case .line(let text): line(text)
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

  /// A cell of a stage failed.
  func failed(_ stage: String, message: String) {
    line("\(paint("failed", 31))  \(message)")
    update(stage) { $0.failed += 1 }
  }

  /// Says something beside the bars.
  func line(_ text: String) {
    guard !isQuiet else { return }
    erase()
    write(ErrorMessage.visibleInLines(text) + "\n")
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
    for bar in shown { write(text(bar) + "\n") }
    drawnLines = shown.count
  }

  private func erase() {
    if drawnLines > 0 { write("\u{1b}[\(drawnLines)A\u{1b}[0J") }
    drawnLines = 0
  }

  private func text(_ bar: Bar) -> String {
    let finished = bar.done + bar.failed
    let name = bar.name.padding(toLength: max(34, bar.name.count), withPad: " ", startingAt: 0)
    var text = "\(name) \(finished)/\(bar.total) cells"
    if bar.isFinished { text += String(format: ", %.1f CPU-s", bar.seconds) }
    if bar.failed > 0 { text += ", " + paint("\(bar.failed) failed", 31) }
    let elapsed = Self.now() - start
    guard isTerminal else { return text }
    let width = 20
    let filled = finished * width / max(1, bar.total)
    let meter =
      paint(String(repeating: "━", count: filled), 32) + paint(String(repeating: "━", count: width - filled), 90)
    guard !bar.isFinished, finished > 0, elapsed > 1 else { return "\(meter) \(text)" }
    let rate = Double(finished) / elapsed
    return
      "\(meter) \(text), \(String(format: "%.1f", rate))/s, \(Text.duration(Double(bar.total - finished) / rate)) left"
  }

  private func paint(_ text: String, _ color: Int) -> String { usesColor ? "\u{1b}[\(color)m\(text)\u{1b}[0m" : text }
  private func write(_ text: String) { FileHandle.standardError.write(Data(text.utf8)) }

  private static func now() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) + 1e-9 * Double(time.tv_nsec)
  }
}
