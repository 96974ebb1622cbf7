/// The colours that a style gives to looks, for what draws a series beside gnuplot.
package struct StyleColors: Sendable {
  /// As `#rrggbb`, by "lt 1" and "ls 11".
  private var lines: [String: String] = [:]
  /// Places from 0 to 1 with red, green and blue.
  private var palette: [(place: Double, color: [Double])] = []

  /// Reads the text of figures/style.gp; what it says in another way than the standard one has no colour here.
  package init(style: String) {
    let text = style.replacing("\\\n", with: " ")
    for match in text.matches(
      of: /(?m)^\s*set (linetype|style line) (\d+) [^\n]*?\b(?:lc|linecolor) rgb ['"](#[0-9a-fA-F]{6})['"]/)
    {
      lines["\(match.output.1 == "linetype" ? "lt" : "ls") \(match.output.2)"] = String(match.output.3)
    }
    guard let list = text.matches(of: /(?m)^\s*set palette defined \(([^)]*)\)/).last?.output.1 else { return }
    let stops = list.matches(of: /([0-9.]+) ['"]#([0-9a-fA-F]{6})['"]/).compactMap { match in
      Double(match.output.1).flatMap { place in
        Int(match.output.2, radix: 16).map { (place, [$0 >> 16, $0 >> 8 & 255, $0 & 255].map(Double.init)) }
      }
    }
    guard let first = stops.first?.0, let last = stops.last?.0, first < last else { return }
    palette = stops.map { (($0.0 - first) / (last - first), $0.1) }
  }

  /// The colour of a look, such as "lt 2", "lt 2 lc rgb '#000000'" or "lt 2 lc palette frac 0.3"; nil if it is not known.
  package func color(of look: String) -> String? {
    if let own = look.firstMatch(of: /lc rgb '(#[0-9a-fA-F]{6})'/) { return String(own.output.1) }
    if let place = look.firstMatch(of: /lc palette frac ([0-9.]+)/).flatMap({ Double($0.output.1) }) {
      return color(at: place)
    }
    return look.firstMatch(of: /^l[ts] \d+/).flatMap { lines[String($0.output)] }
  }

  private func color(at place: Double) -> String? {
    guard let end = palette.firstIndex(where: { $0.place >= place }) else { return nil }
    let (low, high) = (palette[max(0, end - 1)], palette[end])
    let share = high.place > low.place ? (place - low.place) / (high.place - low.place) : 1
    let parts = zip(low.color, high.color).map { Int(($0 + share * ($1 - $0)).rounded()) }
    return "#" + parts.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }
}
