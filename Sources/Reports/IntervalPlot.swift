internal import Claims
private import Foundation
internal import NumericalMethods
internal import PaperKit

/// A small picture of a claim: a dot for the estimate with its confidence interval as whiskers, over the accepted interval
/// as a band. Confirmed is a whisker inside the band.
struct IntervalPlot {
  private let evaluated: EvaluatedClaim
  private static let (width, height, margin) = (220.0, 26.0, 8.0)

  /// Nil when there is no number to draw.
  init?(_ evaluated: EvaluatedClaim) {
    guard let value = evaluated.estimate?.value, value.isFinite, evaluated.judgement != nil else { return nil }
    self.evaluated = evaluated
  }

  var svg: HTML {
    guard let value = evaluated.estimate?.value, let judgement = evaluated.judgement else { return "" }
    let accepted = evaluated.claim.accepted
    let ends = [accepted, judgement.confirming, judgement.refuting].flatMap { [$0.low, $0.high] } + [value]
    let finite = ends.filter(\.isFinite)
    var (low, high) = (finite.min() ?? value, finite.max() ?? value)
    if low == high { (low, high) = (low - max(abs(low), 1), high + max(abs(high), 1)) }
    // What has no end runs out of the picture; what has one keeps away from its border.
    let spread = (high - low) * 0.06
    (low, high) = (low - spread, high + spread)
    func x(_ value: Double) -> Double {
      let share = value.isFinite ? (value - low) / (high - low) : value > 0 ? 1 : 0
      return Self.margin + share * (Self.width - 2 * Self.margin)
    }
    func text(_ position: Double) -> String { String(format: "%.1f", position) }
    func line(_ name: String, _ interval: Interval) -> HTML {
      let (left, right) = (x(interval.low), x(interval.high))
      let middle = Self.height / 2
      return """
        <path class="\(name)" d="M\(text(left)) \(text(middle))H\(text(right))\
        M\(text(left)) \(text(middle - 4))v8M\(text(right)) \(text(middle - 4))v8"/>
        """
    }
    let (left, right) = (x(accepted.low), x(accepted.high))
    // A band of no width is still to be seen.
    let bandWidth = max(right - left, 2)
    let band: HTML = """
      <rect class="accepted" x="\(text((left + right - bandWidth) / 2))" y="3" width="\(text(bandWidth))" height="20" rx="2"/>
      """
    return """
      <svg class="interval \(evaluated.verdict.rawValue)" viewBox="0 0 \(Int(Self.width)) \(Int(Self.height))" role="img" \
      aria-label="\(description)">\(band)\(line("refuting", judgement.refuting))\
      \(line("confirming", judgement.confirming))\
      <circle cx="\(text(x(value)))" cy="\(text(Self.height / 2))" r="3.6"/></svg>
      """
  }

  /// The picture in words.
  private var description: String {
    let interval = evaluated.judgement.map { VerdictReport.interval($0.confirming) } ?? ""
    return "estimate \(evaluated.concise) in \(interval), accepted \(VerdictReport.interval(evaluated.claim.accepted))"
  }
}
