/// The graph of stages, figures and claims with their state, as text for people and programs.
package struct StageGraph: Sendable {
  /// Forms of the graph.
  package enum Format: String, Sendable, CaseIterable {
    case text, dot, mermaid
  }

  private struct Node {
    let id: String
    let kind: String
    let state: String
    let isComplete: Bool
    let inputs: [String]
  }

  private let nodes: [Node]

  /// The graph of planned stages and the figures and claims that read only these.
  package init(project: Project, plan: Plan, present: Set<CellKey>) {
    let planned = Set(plan.stages.map(\.id))
    var nodes: [Node] = []
    var complete: Set<String> = []
    for stage in plan.stages {
      let count = stage.keys.filter { present.contains($0) }.count
      if count == stage.keys.count { complete.insert(stage.id) }
      nodes.append(
        Node(
          id: stage.id, kind: "stage", state: "\(count)/\(stage.keys.count) cells",
          isComplete: count == stage.keys.count, inputs: stage.definition.inputs.map(\.stage)))
    }
    let ends =
      project.figures.map { (id: "fig:\($0.id)", kind: "figure", stages: Set($0.tables.flatMap(\.stages))) }
      + project.claims.map { (id: "claim:\($0.id)", kind: "claim", stages: Set($0.evidence.stages)) }
    for end in ends where end.stages.isSubset(of: planned) {
      let isComplete = end.stages.isSubset(of: complete)
      nodes.append(
        Node(
          id: end.id, kind: end.kind, state: isComplete ? "ready" : "needs cells", isComplete: isComplete,
          inputs: end.stages.sorted()))
    }
    self.nodes = nodes
  }

  package func text(_ format: Format) -> String {
    switch format {
    case .text:
      nodes.map { node in
        "\(node.kind) \(node.id)  \(node.state)"
          + (node.inputs.isEmpty ? "" : "  ← \(node.inputs.joined(separator: ", "))")
      }.joined(separator: "\n")
    case .dot: dot
    case .mermaid: mermaid
    }
  }

  private var dot: String {
    let shapes = ["stage": "box", "figure": "ellipse", "claim": "diamond"]
    var lines = ["digraph refig {", "  rankdir=LR;"]
    for node in nodes {
      let style = node.isComplete ? "solid" : "dashed"
      lines.append(
        "  \"\(node.id)\" [shape=\(shapes[node.kind] ?? "box"), style=\(style), label=\"\(node.id)\\n\(node.state)\"];")
      for input in node.inputs { lines.append("  \"\(input)\" -> \"\(node.id)\";") }
    }
    return (lines + ["}"]).joined(separator: "\n")
  }

  private var mermaid: String {
    var numbers: [String: Int] = [:]
    for (index, node) in nodes.enumerated() { numbers[node.id] = index }
    var lines = ["graph LR"]
    for (index, node) in nodes.enumerated() {
      let (open, close) = node.kind == "stage" ? ("[", "]") : node.kind == "figure" ? ("([", "])") : ("{{", "}}")
      lines.append("  n\(index)\(open)\"\(node.id)<br/>\(node.state)\"\(close)")
      for input in node.inputs { lines.append("  n\(numbers[input] ?? 0) --> n\(index)") }
    }
    return lines.joined(separator: "\n")
  }
}
