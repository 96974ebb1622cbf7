private import Claims
private import Figures
private import Foundation
private import Ledger
package import Pipeline
private import Store

/// The graph of stages, figures and claims with their state, as text for people and programs.
package struct StageGraph: Sendable {
  /// Forms of the graph.
  package enum Format: String, Sendable, CaseIterable {
    case text, dot, mermaid, svg, json
  }

  private struct Node: Encodable {
    let id: String
    let kind: String
    let state: String
    let isComplete: Bool
    let inputs: [String]
    /// Those of which each replica reads the one with its own number.
    var own: [String] = []

    var readings: [String] { inputs.map { own.contains($0) ? "\($0) (own replicas)" : $0 } }
  }

  private let nodes: [Node]

  /// The graph of planned stages and the figures and, unless `hasClaims` is false, claims that read only these.
  package init(project: Project, plan: Plan, present: Set<CellKey>, hasClaims: Bool = true) {
    let planned = Set(plan.stages.map(\.id))
    var nodes: [Node] = []
    for stage in plan.stages {
      let count = stage.keys.filter { present.contains($0) }.count
      nodes.append(
        Node(
          id: stage.id, kind: "stage", state: "\(count)/\(Text.count(stage.keys.count, "cell"))",
          isComplete: count == stage.keys.count, inputs: stage.definition.inputs.map(\.stage),
          own: stage.definition.inputs.filter { $0.replicas == .own }.map(\.stage)))
    }
    let ends =
      project.figures.map { (id: "fig:\($0.id)", kind: "figure", evidence: $0.tables.map(\.evidence)) }
      + (hasClaims ? project.claims : []).map { (id: "claim:\($0.id)", kind: "claim", evidence: [$0.evidence]) }
    let reader = project.reader(plan)
    for end in ends {
      let stages = Set(end.evidence.flatMap(\.stages))
      guard stages.isSubset(of: planned) else { continue }
      let isComplete = end.evidence.allSatisfy { reader.keys($0).allSatisfy(present.contains) }
      nodes.append(
        Node(
          id: end.id, kind: end.kind, state: isComplete ? "ready" : "needs cells", isComplete: isComplete,
          inputs: stages.sorted()))
    }
    self.nodes = nodes
  }

  package func text(_ format: Format) throws -> String {
    switch format {
    case .text:
      nodes.map { node in
        "\(node.kind) \(node.id)  \(node.state)"
          + (node.inputs.isEmpty ? "" : "  ← \(node.readings.joined(separator: ", "))")
      }.joined(separator: "\n")
    case .dot: dot
    case .mermaid: mermaid
    case .svg: svg
    case .json: try json
    }
  }

  private var json: String {
    get throws { try JSON.text(nodes, indented: true) }
  }

  /// A text without the signs that mean something to its reader.
  private static func escaped(_ text: String, _ signs: [Character: String]) -> String {
    String(text.flatMap { $0.isNewline ? " " : signs[$0] ?? String($0) })
  }

  private var dot: String {
    func quoted(_ text: String) -> String { "\"" + Self.escaped(text, ["\"": "\\\"", "\\": "\\\\"]) + "\"" }
    let shapes = ["stage": "box", "figure": "ellipse", "claim": "diamond"]
    var lines = ["digraph refig {", "  rankdir=LR;"]
    for node in nodes {
      let style = node.isComplete ? "solid" : "dashed"
      lines.append(
        "  \(quoted(node.id)) [shape=\(shapes[node.kind] ?? "box"), style=\(style), label=\(quoted("\(node.id): \(node.state)"))];"
      )
      for input in node.inputs {
        let label = node.own.contains(input) ? " [label=\"own\"]" : ""
        lines.append("  \(quoted(input)) -> \(quoted(node.id))\(label);")
      }
    }
    return (lines + ["}"]).joined(separator: "\n")
  }

  private var mermaid: String {
    var numbers: [String: Int] = [:]
    for (index, node) in nodes.enumerated() { numbers[node.id] = index }
    var lines = ["graph LR"]
    for (index, node) in nodes.enumerated() {
      let (open, close) = node.kind == "stage" ? ("[", "]") : node.kind == "figure" ? ("([", "])") : ("{{", "}}")
      let id = Self.escaped(node.id, ["\"": "#quot;", "<": "#lt;", ">": "#gt;"])
      lines.append("  n\(index)\(open)\"\(id)<br/>\(node.state)\"\(close)")
      for input in node.inputs {
        lines.append("  n\(numbers[input] ?? 0) -->\(node.own.contains(input) ? "|own|" : "") n\(index)")
      }
    }
    return lines.joined(separator: "\n")
  }

  /// Columns from left to right: stages by depth, figures, claims. In a column, nodes stand in the order of the middle of
  /// what they read.
  private var svg: String {
    let (rowHeight, charWidth, gap) = (24.0, 6.2, 70.0)
    var column: [String: Int] = [:]
    for node in nodes where node.kind == "stage" {
      column[node.id] = node.inputs.reduce(0) { max($0, 1 + (column[$1] ?? 0)) }
    }
    let depth = (column.values.max() ?? 0) + 1
    for node in nodes where node.kind != "stage" { column[node.id] = depth + (node.kind == "figure" ? 0 : 1) }
    var place: [String: (x: Double, y: Double, width: Double)] = [:]
    var (left, height) = (10.0, 0.0)
    let columns = Dictionary(grouping: nodes) { column[$0.id] ?? 0 }
    for number in 0..<(depth + 2) {
      guard let members = columns[number] else { continue }
      let width = 12 + charWidth * Double(members.map { "\($0.id) (\($0.state))".count }.max() ?? 0)
      func middle(_ node: Node) -> Double {
        let heights = node.inputs.compactMap { place[$0]?.y }
        return heights.isEmpty ? 0 : heights.reduce(0, +) / Double(heights.count)
      }
      for (row, node) in members.enumerated().sorted(by: { (middle($0.1), $0.0) < (middle($1.1), $1.0) }).map(\.1)
        .enumerated()
      {
        place[node.id] = (left, 10 + rowHeight * Double(row), width)
      }
      height = max(height, 20 + rowHeight * Double(members.count))
      left += width + gap
    }
    let xml: [Character: String] = ["&": "&amp;", "<": "&lt;", ">": "&gt;", "\"": "&quot;"]
    var lines = [
      "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"\(left - gap + 10)\" height=\"\(height)\" font-family=\"sans-serif\" font-size=\"11\">"
    ]
    func text(_ length: Double) -> String { String(format: "%g", length) }
    lines.append("<g fill=\"none\" stroke=\"#bbb\">")
    for node in nodes {
      guard let end = place[node.id] else { continue }
      for input in node.inputs {
        guard let start = place[input] else { continue }
        let (x, y, endY) = (start.x + start.width, text(start.y + 9), text(end.y + 9))
        let bend = text((x + end.x) / 2)
        lines.append("<path d=\"M\(text(x)) \(y)C\(bend) \(y) \(bend) \(endY) \(text(end.x)) \(endY)\"/>")
      }
    }
    lines.append("</g><g fill=\"#e3f1e6\" stroke=\"#666\">")
    for node in nodes {
      guard let (x, y, width) = place[node.id] else { continue }
      let look = node.isComplete ? "" : " fill=\"#fff\" stroke-dasharray=\"4 2\""
      let corner = node.kind == "stage" ? 2 : 9
      lines.append(
        "<rect x=\"\(text(x))\" y=\"\(text(y))\" width=\"\(text(width))\" height=\"18\" rx=\"\(corner)\"\(look)/>")
    }
    lines.append("</g>")
    for node in nodes {
      guard let (x, y, _) = place[node.id] else { continue }
      let label = Self.escaped("\(node.id) (\(node.state))", xml)
      lines.append("<text x=\"\(text(x + 6))\" y=\"\(text(y + 13))\">\(label)</text>")
    }
    return (lines + ["</svg>"]).joined(separator: "\n")
  }
}
