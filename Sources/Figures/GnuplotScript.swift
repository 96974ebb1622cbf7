private import Digest
private import Foundation
package import PaperKit
private import Pipeline

/// The gnuplot script of one figure: a pure function of the figure, its tables and the style. It holds all numbers, so
/// `gnuplot <name>.gp` in an empty folder writes `<name>.svg` and `<name>.pdf`.
package struct GnuplotScript: Sendable {
  package let figure: Figure
  package let text: String
  /// Digest of all that can be seen: numbers, drawing and style, but not the comment at the top. It is part of the title
  /// of the SVG, so that a picture on its own tells which numbers it shows.
  package let key: String
  /// Claims that read the same arrays.
  package let claims: [String]
  /// What was drawn, for the sidecar.
  package let series: [FigureSidecar.Series]
  /// Where it was drawn, for what points at it.
  package let chart: FigureChart
  private let drawing: ScriptDrawing
  private let style: String

  /// Who sets the texts of a figure.
  package enum Labels: Sendable {
    case gnuplot
    /// The LaTeX of a paper: gnuplot writes `<name>.tex`, which places them over `<name>.pdf`.
    case latex
  }

  /// `style` is the text of figures/style.gp; `claims` and `command`, which rebuilds the figure, go into the comment at
  /// the top; `table` is asked once for each table. Throws ``PipelineError/droppedPoints(figure:series:count:axis:)`` for points that a logarithmic axis would
  /// leave out silently, ``PipelineError/evidence(subject:reason:)`` for series without a row, and what `table` throws.
  package init(
    _ figure: Figure, style: String, claims: [String], command: String, labels: Labels = .gnuplot,
    table: (TableReference) throws -> Table
  ) throws {
    self.figure = figure
    self.claims = claims
    self.style = style
    let tables = try Dictionary(uniqueKeysWithValues: figure.tables.map { ($0, try table($0)) })
    let curves = try figure.panels.enumerated().flatMap { panel, axes in
      try axes.series.enumerated().flatMap { position, series in
        try Curve.curves(of: series, position: position, panel: panel, in: figure, tables)
      }
    }
    series = curves.map(FigureSidecar.Series.init)
    drawing = ScriptDrawing(figure, curves, labels)
    let colors = StyleColors(style: style)
    chart = FigureChart(
      curves, colors: drawing.looks.map(colors.color), layout: drawing.layout, ranges: drawing.ranges)
    let (width, height) = (drawing.layout.width / 72, drawing.layout.height / 72)
    let size = "\(rounded(width))in,\(rounded(height))in"
    key = SHA256.hexadecimal("\(size)\n\(style)\n\(drawing.blocks)\n\(drawing.commands)")
    // Letters, digits and _ are all that gnuplot allows here, in the only place where an SVG can hold a text of ours.
    let title = "\(figure.id)_key_\(key)".replacing(/[^A-Za-z0-9]/, with: "_")
    if labels == .latex {
      text = """
        set encoding utf8
        \(style)
        \(drawing.blocks)
        set terminal cairolatex pdf size \(size) font ',\(Self.latexSize)' linewidth 4 pointscale 0.62 dashlength 2 butt
        set output '\(figure.name).tex'
        set multiplot
        \(drawing.commands)unset multiplot
        unset output
        \(Self.dateRemoval(figure))

        """
      return
    }
    text = """
      # Figure \(figure.id) (\(oneLine(figure.source.unicode)))
      # Data key \(key)
      # Claims from the same arrays: \(claims.isEmpty ? "none" : oneLine(claims.joined(separator: ", ")))
      # Rebuild with: \(oneLine(command))
      # This file is complete: `TZ=UTC gnuplot \(figure.name).gp` writes the same \(figure.name).svg and \(figure.name).pdf here.
      reset session
      set encoding utf8
      set minussign

      \(style)
      \(drawing.blocks)
      do for [format in 'svg pdf'] {
      if (format eq 'svg') {
      set terminal svg size \(drawing.pixels) fixed \(figure.font.command) \
      fontscale 1.3333 linewidth 1.3333 background '#ffffff' butt name '\(title)'
      } else {
      set terminal pdfcairo size \(size) \(figure.font.command) \
      fontscale 0.75 linewidth 2 pointscale 0.62 dashlength 2 background '#ffffff' butt
      }
      set output '\(figure.name).'.format
      set multiplot
      \(drawing.commands)unset multiplot
      unset output
      }
      \(Self.dateRemoval(figure))

      """
  }

  /// Gives a PDF one date for all drawings, where there is a sed to do it: cairo asks the clock and takes no other. Another
  /// one of the same length keeps the file's offsets right; spaces stand for a time zone other than UTC. The shell sees no
  /// text of a user's but the name, of letters, digits and `._-` alone.
  private static func dateRemoval(_ figure: Figure) -> String {
    precondition(figure.name.wholeMatch(of: /[A-Za-z0-9._-]+/) != nil, "a figure named \(figure.name.debugDescription)")
    let (date, fixed) = ("/CreationDate (D:[0-9]*", "/CreationDate (D:19700101000000Z)")
    let file = "./\(figure.name).pdf"
    return """
      # One date for all drawings, so that equal figures have equal bytes.
      system "LC_ALL=C sed -i.dated -e 's|\(date)Z)|\(fixed)|' -e 's|\(date)[-+][^)]*)|\(fixed)     |' \(file) && rm \(file).dated"
      """
  }
}

extension GnuplotScript {
  /// What \footnotesize is in a paper of 10 points; gnuplot makes room for it and leaves the size to LaTeX.
  fileprivate static let latexSize = 8

  /// The same drawing as pixels on standard output. `terminal` is gnuplot's name of a form, such as pngcairo.
  func pixels(terminal: String) -> String {
    """
    set encoding utf8
    set minussign
    \(style)
    \(drawing.blocks)
    set terminal \(terminal) size \(drawing.pixels) \(figure.font.command) fontscale 1.3333 linewidth 1.3333 background '#ffffff'
    set multiplot
    \(drawing.commands)unset multiplot

    """
  }
}

extension Figure.Font {
  fileprivate var command: String { "font '\(family),\(size.scriptText)'" }
}
