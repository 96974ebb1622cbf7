import Figures
import Foundation
import FoundationXML
import Pipeline
import TestSupport
import Testing

@Suite struct FormulaTests {
  /// A formula, what a terminal shows of it, gnuplot's text and TeX's.
  static let forms = [
    ("n_{50}/d \\to 2", "n₅₀/d → 2", "{/:Italic n}_{50}/{/:Italic d} → 2", "n_{50}/d\\to 2"),
    ("κ^* ≥ κ_\\min", "κ* ≥ κₘᵢₙ", "{/:Italic κ}* ≥ {/:Italic κ}_{min}", "\\kappa ^{*}\\geq \\kappa _{\\min }"),
    (
      "d(m^*+1) - 2", "d(m* + 1) − 2", "{/:Italic d}({/:Italic m}* + 1) − 2", "d(m^{*}+1)-2"
    ),
    ("n_c d", "n_c d", "{/:Italic n}_{{/:Italic c}}{/:Italic d}", "n_{c}d"),
    ("d^{-2/5}", "d^(−2/5)", "{/:Italic d}^{−2/5}", "d^{-2/5}"),
    ("\\frac{1}{2} n", "(1/2)n", "(1/2){/:Italic n}", "\\frac{1}{2}n"),
    ("1 - \\frac{1}{\\sqrt 2}", "1 − 1/√2", "1 − 1/√2", "1-\\frac{1}{\\sqrt{2}}"),
    ("\\frac{n+1}{2d}", "(n + 1)/(2d)", "({/:Italic n} + 1)/(2{/:Italic d})", "\\frac{n+1}{2d}"),
    (
      "\\sum_{i=1}^n x_i^2", "∑ᵢ₌₁ⁿ xᵢ²",
      "∑_{{/:Italic i}=1}^{{/:Italic n}} {/:Italic x}_{{/:Italic i}}^{2}", "\\sum _{i=1}^{n}x_{i}^{2}"
    ),
    ("n \\log n", "n log n", "{/:Italic n} log {/:Italic n}", "n\\log n"),
    ("\\bar x = -1", "x̄ = −1", "{/:Italic x̄} = −1", "\\bar{x}=-1"),
    ("\\|Z\\|^2, |-x|", "‖Z‖², |−x|", "‖{/:Italic Z}‖^{2}, |−{/:Italic x}|", "\\|Z\\|^{2},\\vert -x\\vert"),
    ("m \\in \\{1, 2\\}", "m ∈ {1, 2}", "{/:Italic m} ∈ \\{1, 2\\}", "m\\in \\{1,2\\}"),
    ("f''(0) \\pm \\mathrm{SD}", "f′′(0) ± SD", "{/:Italic f}′′(0) ± SD", "f^{\\prime \\prime }(0)\\pm \\mathrm{SD}"),
  ]

  @Test("a formula has the same content in every form", arguments: forms)
  func content(source: String, unicode: String, gnuplot: String, tex: String) throws {
    let prose = try Prose("see $\(source)$.")
    #expect(prose.unicode == "see \(unicode).")
    #expect(prose.gnuplot == "see \(gnuplot).")
    #expect(prose.rendered(text: { $0 }, formula: \.tex) == "see \(tex).")
    #expect(try Prose("see $\(tex)$.") == prose)
    #expect(Self.isInertMarkup(prose.html))
  }

  @Test("MathML names what is a variable, a number and an operator, and how they are stacked")
  func mathML() throws {
    #expect(
      try Prose("$\\frac{x_i}{2} \\leq \\sqrt{y}$").html
        == "<math><mfrac><msub><mi>x</mi><mi>i</mi></msub><mn>2</mn></mfrac><mo>≤</mo><msqrt><mi>y</mi></msqrt></math>"
    )
    #expect(try Prose("a<b $x<y$").html == "a&lt;b <math><mi>x</mi><mo>&lt;</mo><mi>y</mi></math>")
    // What is more than one sign is one script, and a minus in front of its number is no operation between two.
    #expect(
      try Prose("$t^{-2} m^*$").html
        == "<math><msup><mi>t</mi><mrow><mo form=\"prefix\">−</mo><mn>2</mn></mrow></msup><msup><mi>m</mi><mo>*</mo></msup></math>"
    )
    #expect(
      try Prose("$\\sim \\frac{d}{3} \\sim d$").html
        == "<math><mo form=\"infix\">∼</mo><mfrac><mi>d</mi><mn>3</mn></mfrac><mo>∼</mo><mi>d</mi></math>")
  }

  @Test("a text without a dollar sign is left as it is, and \\$ is one", arguments: ["a_b ^c {d} \\alpha é", "", "\\"])
  func plain(text: String) throws {
    for form in [try Prose(text).unicode, try Prose(text).gnuplot] { #expect(form == text) }
    #expect(try Prose("\\$5 \(text)").unicode == "$5 \(text)")
  }

  @Test("the table of the manual shows what a terminal shows")
  func manual() throws {
    let manual = try String(contentsOf: repository.appending(path: "docs/yaml.md"), encoding: .utf8)
    let rows = manual.matches(of: /\n\| (`\$.*\$`) \| (.*) \|(?=\n)/)
    #expect(rows.count >= 6)
    for row in rows {
      for formula in row.output.1.matches(of: /`([^`]*)`/) {
        let shown = try Prose(String(formula.output.1)).unicode.replacing("\u{2009}", with: " ")
        #expect(row.output.2.contains(shown), "\(shown)")
      }
    }
  }

  @Test(
    "dollar signs of prices are text: a formula has no space inside and no digit behind",
    arguments: [
      ("costs $5 and $6", "costs $5 and $6"), ("$20,000 or USD$30", "$20,000 or USD$30"), ("a $ b $", "a $ b $"),
      ("from $7 for $n$ of them", "from $7 for n of them"), ("$2n$-th, \\$3", "2n-th, $3"), ("$5", "$5"),
      ("$n$, $5", "n, $5"), ("in $\nall", "in $\nall"), ("($k$)", "(k)"),
    ])
  func prices(text: String, shown: String) throws {
    #expect(try Prose(text).unicode == shown)
  }

  @Test("groups that are no names are groups", arguments: ["{x_i}^2", "{ab}^2", "x^{ab}", "\\frac{ab}{k}", "2{+x}"])
  func groups(source: String) throws {
    #expect(throws: Never.self) { try Prose("$\(source)$") }
  }

  @Test(
    "a column's name in the formula of a label is refused, for it is not the column's value",
    arguments: ["$10^{loss}$", "$n_\\mathrm{loss}$"])
  func columns(label: String) throws {
    let series = "{draw: line, table: toy/decay-theory, x: time, y: loss, label: '\(label)'}"
    let found = try FigureFileTests().mistakes(FigureFileTests.yaml(series: series))
    #expect(ErrorMessage.text(of: PipelineError.invalidFiles(found)).contains("'$k =$ {loss}'"), "\(found)")
  }

  @Test("what YAML makes of a backslash in double quotes is no space in a formula", arguments: ["$a\tau$", "$\nu$"])
  func escapes(text: String) throws {
    let mistake = #expect(throws: Formula.Mistake.self) { try Prose(text) }
    #expect(mistake?.reason.contains("take single quotes") == true, "\(mistake?.reason ?? "")")
    #expect(try Prose("two\nlines of text, $a$ tab\tand $b$").unicode == "two\nlines of text, a tab\tand b")
  }

  @Test(
    "a mistake is told with its place and with what to write",
    arguments: [
      ("costs $n", "write '\\$' for a dollar sign"), ("$n $ of them", "has no end"), ("$n$2", "has no end"),
      ("$k = {steps}$", "'$k =$ {steps}'"), ("${k}$", "stands for no value"), ("$2 {max_degree} n$", "{max_degree}"),
      ("$x + {y 2 z}$", "leave the braces out"), ("$\\gek 2$", "did you mean '\\geq'?"),
      ("$\\lambdda$", "did you mean '\\lambda'?"), ("${a$", "add '}'"), ("$a}$", "remove it"), ("$$", "no formula"),
      ("$x_12$", "braces around what '_' takes"), ("$n^-2$", "braces around what '^' takes"),
      ("$x^2^3$", "put braces around"), ("$^2$", "nothing before it"), ("$x_$", "something after it"),
      ("$\\frac{1}$", "'\\frac' needs something after it, as in '\\frac{1}{2}'"), ("$\\mathrm x$", "words in braces"),
      ("$\\text{a<b}$", "cannot stand"),
      ("$5%$", "write '\\%'"), ("$é$", "has no place in a formula"),
      ("$\(String(repeating: "{", count: 100_000))$", "32 groups deep"),
      ("$\(String(repeating: "\\sqrt", count: 100_000)) x$", "32 groups deep"),
    ])
  func mistakes(text: String, advice: String) throws {
    for yaml in [
      FigureFileTests.yaml().replacing("A caption.", with: "'\(text)'"),
      FigureFileTests.yaml(axes: "x: {label: '\(text)'}, y: {label: b}"),
    ] {
      let found = try FigureFileTests().mistakes(yaml)
      #expect(found.count == 1)
      let told = ErrorMessage.text(of: PipelineError.invalidFiles(found))
      #expect(told.contains(advice), "\(told)")
      let line = yaml.contains("caption: '") ? 2 : 5
      #expect(found.first?.location.line == line)
    }
  }

  @Test("a label with a formula is drawn as the same label in gnuplot's own markup")
  func labels() throws {
    func yaml(_ label: String) -> String { FigureFileTests.yaml(axes: "x: {label: '\(label)'}, y: {label: b}") }
    let own = try script(yaml("ratio {/:Italic α} = {/:Italic n}/{/:Italic d}^{2}"))
    #expect(try script(yaml("ratio $\\alpha = n/d^2$")).text == own.text)
    #expect(try script(yaml("ratio $\\alpha = n/d^3$")).key != own.key)
  }

  @Test("whatever is written, no form holds a sign that its reader obeys", arguments: 0..<8)
  func noise(seed: UInt64) throws {
    let words = [
      "$", "\\$", "{", "}", "_", "^", "'", "\\", "x", "y", "12", "0.5", " ", "\\alpha", "\\leq", "\\frac", "\\sqrt",
      "\\bar", "\\mathrm{ab}", "+", "-", "=", "(", ")", "|", "\\|", "\\{", "\\}", "*", "/", ",", "\\log", "\\sum", "∞",
      "<", ">", "&", "\"", "%", "#", "@", "~", "é", "\u{301}", "\\%", "\\,",
    ]
    var state = seed
    func draw(_ count: Int) -> Int {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int(state >> 33) % count
    }
    var readCount = 0
    for _ in 0..<4000 {
      let body = (0..<draw(12)).map { _ in words[draw(words.count)] }.joined()
      guard let prose = try? Prose("<a> $\(body)$ & $x$") else { continue }
      readCount += 1
      #expect(Self.isInertMarkup(prose.html), "\(body)")
      let tex = prose.rendered(text: { _ in "" }, formula: { "$\($0.tex)$" })
      #expect(try Prose(tex).unicode == prose.rendered(text: { _ in "" }, formula: \.unicode), "\(body)")
      for formula in [
        prose.rendered(text: { _ in "" }, formula: \.gnuplot), prose.rendered(text: { _ in "" }, formula: \.tex),
      ] {
        var depth = 0
        for sign in formula.replacing(/\\[{}]/, with: "") {
          depth += sign == "{" ? 1 : sign == "}" ? -1 : 0
          #expect(depth >= 0, "\(body)")
        }
        #expect(depth == 0, "\(body)")
        #expect(!formula.contains { "\"&@~#$`\n".contains($0) }, "\(body)")
      }
    }
    #expect(readCount > 100)
  }

  /// Whether it is well-formed and has no tags but those of mathematics, without scripts or addresses.
  private static func isInertMarkup(_ html: String) -> Bool {
    let tag =
      #/</?m(?:ath|row|i|n|o|text|space|sub|sup|subsup|frac|sqrt|over)(?: (?:mathvariant|form|stretchy|lspace|rspace|accent|width)="[a-z0-9.]*")*>/#
    return XMLParser(data: Data("<p>\(html)</p>".utf8)).parse()
      && !html.replacing(tag.matchingSemantics(.unicodeScalar), with: "").unicodeScalars.contains {
        "<>".unicodeScalars.contains($0)
      }
  }
}
