private import Foundation
package import PaperKit
package import Pipeline
private import Platform
package import Store

/// Draws figures of a project from the cells in its store.
package struct Gallery {
  /// What became of a figure.
  package enum Outcome: Sendable {
    case unchanged
    case drawn
    case failed(any Error)
  }

  /// Beside its tables, what all pictures are made from.
  package struct Look: Sendable {
    /// Text of figures/style.gp.
    package let style: String

    package init(style: String) { self.style = style }
  }

  private let root: String
  private let catalogue: Catalogue
  private let plan: Plan
  private let reader: ResultReader
  private let claims: (Figure) -> [String]
  private let recorded: (TableReference) throws -> RecordedTable?

  /// A table that was made elsewhere.
  package struct RecordedTable {
    package let table: Table
    /// Where it comes from, in words.
    package let origin: String
    /// One digest of what it was made from.
    package let evidence: String

    package init(table: Table, origin: String, evidence: String) {
      self.table = table
      self.origin = origin
      self.evidence = evidence
    }
  }

  /// A gallery in `root`. `reader` reads the stages of the plan; `claims` are the ids of those that read the same stages as a
  /// figure; `recorded` gives tables that need not be made of cells.
  package init(
    root: String, catalogue: Catalogue, plan: Plan, reader: ResultReader, claims: @escaping (Figure) -> [String],
    recorded: @escaping (TableReference) throws -> RecordedTable? = { _ in nil }
  ) {
    self.root = root
    self.catalogue = catalogue
    self.plan = plan
    self.reader = reader
    self.claims = claims
    self.recorded = recorded
  }

  /// The folder of a paper's figures: <root>/<paper>.
  private func folder(of figure: Figure) -> String { "\(root)/\(figure.id.paper)" }

  /// The table behind a series. Throws ``PipelineError/tableTrapped(table:)`` where its code ended an earlier start of this
  /// process.
  package func table(_ reference: TableReference) throws -> Table {
    if let recorded = try recorded(reference) { return recorded.table }
    guard let definition = catalogue.table(reference.table) else {
      preconditionFailure("no table \(reference.table)")
    }
    let results = try reader.results(
      Evidence(stages: reference.stages, conditions: reference.conditions))
    let name = "table \(reference.table)"
    if TrapGuard.trapped.contains(name) { throw PipelineError.tableTrapped(table: reference.table) }
    do {
      let rows = try TrapGuard.guarding(name) { try definition.rows(results) }
      return Table(columns: definition.columns.map(\.name), rows: rows)
    } catch let error as EvidenceError {
      throw PipelineError.evidence(subject: "table \(reference.table)", reason: error.description)
    }
  }

  /// A table behind a figure as CSV; for the eye its first `rowLimit` rows, to six digits.
  package func csv(_ reference: TableReference, rowLimit: Int? = nil) throws -> String {
    let table = try table(reference)
    // A column of counts is one, not of real numbers.
    let isWhole = table.columns.indices.map { column in
      table.rows.allSatisfy { $0[column].isNaN || Int(exactly: $0[column]) != nil }
    }
    let rows = table.rows.prefix(rowLimit ?? .max).map { row in
      zip(row, isWhole).map { number, isWhole in
        if rowLimit != nil, number.isFinite { return String(format: "%.6g", number) }
        return isWhole && !number.isNaN ? "\(Int(number))" : number.readableText
      }.joined(separator: ",")
    }
    let rest = table.rows.count - rows.count
    return
      ([table.columns.map(\.csvField).joined(separator: ",")] + rows
      + (rest > 0 ? ["# and \(rest) more \(rest == 1 ? "row" : "rows")"] : [])).map { $0 + "\n" }.joined()
  }

  /// The script that draws a figure.
  package func script(of figure: Figure, style: String) throws -> GnuplotScript {
    try GnuplotScript(
      figure, style: style, claims: claims(figure),
      command: "refig run fig:\(figure.id) --profile \(plan.profile)", table: table)
  }

  /// Draws a figure whose labels the LaTeX of a paper sets: <folder>/<name>.tex, which is to be input, and <name>.pdf, which
  /// has all but texts. The first is headed by a digest of both and of all that they are made from. Throws what
  /// ``script(of:style:)`` and ``Gnuplot/latex(_:path:)`` throw, and ``FileError``.
  package func drawLaTeX(_ figure: Figure, look: Look, in folder: String) throws {
    let script = try GnuplotScript(figure, style: look.style, claims: [], command: "", labels: .latex, table: table)
    let (tex, pdf) = try Gnuplot.latex(script)
    try Files.save(pdf, to: "\(folder)/\(figure.name).pdf")
    let header = Self.header(inputs: try inputs(of: figure, look).digest, tex: tex, pdf: pdf)
    try Files.save(header + tex, to: "\(folder)/\(figure.name).tex")
  }

  /// Whether what ``drawLaTeX(_:look:in:)`` wrote is that of today's cells, code and look, and as it was left.
  package func isLaTeXCurrent(_ figure: Figure, look: Look, in folder: String) throws -> Bool {
    guard let inputs = try currentInputs(of: figure, look) else { return false }
    do {
      guard let text = try Files.bytes(of: "\(folder)/\(figure.name).tex"),
        let pdf = try Files.bytes(of: "\(folder)/\(figure.name).pdf"),
        let end = text.firstIndex(of: UInt8(ascii: "\n"))
      else { return false }
      return text[...end].elementsEqual(Self.header(inputs: inputs, tex: Array(text[(end + 1)...]), pdf: pdf))
    } catch {
      return false  // Unreadable: to be drawn, which tells what is wrong with the folder.
    }
  }

  private static func header(inputs: String, tex: [UInt8], pdf: [UInt8]) -> [UInt8] {
    let digest = (Array(inputs.utf8) + tex + pdf).withUnsafeBytes { CellKey.digest($0) }
    return Array("% Made by `refig tex --latex`: \(digest)\n".utf8)
  }

  /// Where the numbers of a figure are in its picture.
  package func chart(of figure: Figure, style: String) throws -> FigureChart {
    try script(of: figure, style: style).chart
  }

  /// One digest of all that a figure is made from, the cells among it, and the origin of its tables unless it is those.
  private func inputs(of figure: Figure, _ look: Look) throws -> (digest: String, cells: [CellKey], origin: String?) {
    let read = Set(
      figure.tables.flatMap { reader.keys(Evidence(stages: $0.stages, conditions: $0.conditions)) })
    let stages = Set(figure.tables.flatMap(\.stages))
    let cells = plan.stages.filter { stages.contains($0.id) }.flatMap(\.keys).filter(read.contains)
    // Only this figure's part of the figure files counts, and the names of its claims, which stand in its script: no picture
    // shows what a claim states.
    let told = [catalogue.codeDigest, figure.id, figure.digest] + claims(figure) + [look.style]
    var text = Array(told.joined(separator: "\n").utf8)
    for cell in cells {
      text.append(UInt8(ascii: "\n"))
      text += cell.digits
    }
    let recorded = try figure.tables.compactMap(self.recorded)
    for table in recorded { text += "\n\(table.evidence) \(table.origin)".utf8 }
    return (text.withUnsafeBytes { CellKey.digest($0) }, cells, recorded.first?.origin)
  }

  /// Whether the files of a figure are those of today's cells, code and look. One that cannot be made is not.
  package func isCurrent(_ figure: Figure, look: Look) throws -> Bool {
    guard let inputs = try currentInputs(of: figure, look) else { return false }
    return Gnuplot.isCurrent(figure, inputs: inputs, in: URL(fileURLWithPath: folder(of: figure)))
  }

  /// The digest of what a figure is made from; nil if it cannot be made.
  private func currentInputs(of figure: Figure, _ look: Look) throws -> String? {
    do {
      return try inputs(of: figure, look).digest
    } catch let error as PipelineError {
      switch error {
      case .ledgerOutOfDate, .damaged: return nil
      default: throw error
      }
    }
  }

  /// Draws what is not up to date. A figure that fails keeps its older files and does not stop the others; only
  /// ``PipelineError/gnuplotMissing`` and ``PipelineError/interrupted`` are thrown.
  package func draw(_ figures: [Figure], look: Look, processCount: Int) throws -> [(figure: Figure, outcome: Outcome)] {
    var outcomes: [(figure: Figure, outcome: Outcome)] = figures.map { ($0, .unchanged) }
    var jobs: [(index: Int, job: Gnuplot.Job)] = []
    for (index, figure) in figures.enumerated() {
      try Interruption.check()
      let folder = URL(fileURLWithPath: folder(of: figure))
      do {
        let (inputs, cells, origin) = try inputs(of: figure, look)
        // Nothing it is made from has changed: no cell needs to be read.
        if Gnuplot.isCurrent(figure, inputs: inputs, in: folder) { continue }
        jobs.append(
          (
            index,
            Gnuplot.Job(
              try script(of: figure, style: look.style), folder: folder, cells: cells.map(\.description),
              inputs: inputs, origin: origin)
          ))
      } catch {
        outcomes[index].outcome = .failed(error)
      }
    }
    for ((index, _), outcome) in zip(jobs, try Gnuplot.draw(jobs.map(\.job), processCount: processCount)) {
      switch outcome {
      case .unchanged: break
      case .drawn: outcomes[index].outcome = .drawn
      case .failed(let error): outcomes[index].outcome = .failed(error)
      }
    }
    return outcomes
  }
}

extension ParameterValue {
  /// As a field of CSV. A word that spreadsheets would take for a formula stands behind an apostrophe.
  package var csvField: String {
    guard case .text(let word) = self, let first = word.first, "=+-@\t\r".contains(first) else {
      return plainText.csvField
    }
    return "'\(word)".csvField
  }
}

extension String {
  /// As a field of CSV (RFC 4180).
  package var csvField: String {
    contains { $0 == "," || $0 == "\"" || $0.isNewline }
      ? "\"" + replacingOccurrences(of: "\"", with: "\"\"") + "\"" : self
  }
}
