internal import Claims
private import Foundation
internal import NumericalMethods
internal import PaperKit

/// A small picture of a claim: a dot for the estimate with its confidence interval as whiskers, over the accepted interval
/// as a band. Confirmed is a whisker inside the band. A page draws each once and shows it elsewhere by reference.
struct IntervalPlot {
  private let evaluated: EvaluatedClaim
  private static let (width, margin) = (220.0, 8.0)

  /// Nil when there is no number to draw.
  init?(_ evaluated: EvaluatedClaim) {
    guard let value = evaluated.estimate?.value, value.isFinite, evaluated.judgement != nil else { return nil }
    self.evaluated = evaluated
  }

  /// The picture where it is drawn: once on a page.
  var drawn: HTML { frame("<g id=\"\(id)\" aria-label=\"\(description)\">\(marks)</g>") }
  /// The same picture elsewhere on the page.
  var shown: HTML { frame("<use href=\"#\(id)\"/>") }

  private var id: String { "i:\(evaluated.claim.id)" }

  private func frame(_ content: HTML) -> HTML {
    """
    <svg class="interval" viewBox="0 0 \(Int(Self.width)) 26" role="img" aria-labelledby="\(id)">\
    \(content)</svg>
    """
  }

  private var marks: HTML {
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
      "<path class=\"\(name)\" d=\"M\(text(x(interval.low))) 9v8m0-4H\(text(x(interval.high)))m0-4v8\"/>"
    }
    let (left, right) = (x(accepted.low), x(accepted.high))
    // A band of no width is still to be seen.
    let bandWidth = max(right - left, 2)
    let band: HTML = """
      <rect class="accepted" x="\(text((left + right - bandWidth) / 2))" width="\(text(bandWidth))"/>
      """
    return """
      \(band)\(line("refuting", judgement.refuting))\(line("confirming", judgement.confirming))\
      <circle class="estimate" cx="\(text(x(value)))"/>
      """
  }

  /// The picture in words.
  private var description: String {
    let interval = evaluated.judgement.map { VerdictReport.interval($0.confirming) } ?? ""
    return "estimate \(evaluated.concise) in \(interval), accepted \(VerdictReport.accepted(evaluated.claim.accepted))"
  }
}
