extension Formula {
  private var kind: Sign.Kind {
    switch self {
    case .sign(let sign): sign.kind
    case .scripts(let base, _, _): base.kind
    case .row, .fraction, .root, .accent: .letter
    }
  }

  private static let operands: Set<Sign.Kind> = [.letter, .number, .upright, .symbol]
  private static let names: Set<Sign.Kind> = [.word, .sum]
  /// Whether it can be multiplied or carry an exponent.
  var isOperand: Bool { Self.operands.contains(kind) }

  /// Whether it is a row of Latin letters, digits and hyphens that begins with a letter.
  var isName: Bool {
    guard case .row(let items) = self, items.first?.kind == .letter else { return false }
    return items.allSatisfy { item in
      guard case .sign(let sign) = item else { return false }
      return sign.tex == "-" || [.letter, .number].contains(sign.kind) && sign.text.utf8.allSatisfy { $0 < 0x80 }
    }
  }

  /// The kinds of neighbours: an operation without a left side is a prefix.
  private static func kinds(_ items: [Formula]) -> [Sign.Kind] {
    let leftSides = operands.union([.close, .slash, .space])
    var (kinds, isInBars): ([Sign.Kind], Bool) = ([], false)
    for item in items {
      let isLeft = kinds.last.map { leftSides.contains($0) || $0 == .bar && !isInBars } ?? false
      kinds.append(item.kind == .operation && !isLeft ? .prefix : item.kind)
      if item.kind == .bar { isInBars.toggle() }
    }
    return kinds
  }

  /// Whether a name stands apart from what is beside it.
  private static func partsNames(_ left: Sign.Kind, _ right: Sign.Kind) -> Bool {
    names.contains(left) && (operands.union(names).contains(right) || right == .prefix)
      || names.contains(right) && (operands.contains(left) || left == .close)
  }

  // MARK: MathML

  /// Inline MathML, as browsers draw it without help.
  package var mathML: String {
    // It is a row by itself.
    if case .row(let items) = self { "<math>\(Self.markup(items))</math>" } else { "<math>\(markup())</math>" }
  }

  private func markup(as neighbour: Sign.Kind? = nil) -> String {
    switch self {
    case .sign(let sign): return Self.markup(sign, neighbour ?? sign.kind)
    case .row(let items): return items.count == 1 ? items[0].markup() : "<mrow>\(Self.markup(items))</mrow>"
    case .scripts(let base, let below, let above):
      let name = below == nil ? "msup" : above == nil ? "msub" : "msubsup"
      return "<\(name)>\(base.markup())\(below?.markup() ?? "")\(above?.markup() ?? "")</\(name)>"
    case .fraction(let above, let below): return "<mfrac>\(above.markup())\(below.markup())</mfrac>"
    case .root(let inner): return "<msqrt>\(inner.markup())</msqrt>"
    case .accent(let name, let base):
      let mark = ["bar": "¯", "hat": "^", "tilde": "~"][name] ?? "˙"
      return "<mover accent=\"true\">\(base.markup())<mo stretchy=\"false\">\(mark)</mo></mover>"
    }
  }

  private static func markup(_ items: [Formula]) -> String {
    let kinds = kinds(items)
    return items.indices.map { index in
      let isParted = index > 0 && partsNames(kinds[index - 1], kinds[index])
      // Browsers take a ∼ that comes first for a prefix and set it close to what follows.
      if index == 0, case .sign(let sign) = items[0], sign.kind == .relation {
        return "<mo form=\"infix\">\(Text.escapedForXML(sign.text))</mo>"
      }
      return (isParted ? "<mspace width=\"0.17em\"></mspace>" : "") + items[index].markup(as: kinds[index])
    }.joined()
  }

  private static func markup(_ sign: Sign, _ kind: Sign.Kind) -> String {
    let text = Text.escapedForXML(sign.text)
    return switch kind {
    case .letter, .word: "<mi>\(text)</mi>"
    case .number: "<mn>\(text)</mn>"
    case .symbol, .upright: text.contains(" ") ? "<mtext>\(text)</mtext>" : "<mi mathvariant=\"normal\">\(text)</mi>"
    case .relation, .operation, .comma, .sum: "<mo>\(text)</mo>"
    case .prefix: "<mo form=\"prefix\">\(text)</mo>"
    // Browsers know on which side of its content a bracket stands, and that a slash keeps its height.
    case .open, .close: "<mo stretchy=\"false\">\(text)</mo>"
    case .bar: "<mo stretchy=\"false\" lspace=\"0\" rspace=\"0\">\(text)</mo>"
    case .slash: "<mo lspace=\"0\" rspace=\"0\">\(text)</mo>"
    case .space: "<mtext>\(text)</mtext>"
    }
  }

  // MARK: In one line

  private enum Line { case unicode, gnuplot }

  /// Plain text: `n_{50} \geq \sqrt{2 d}` as "n₅₀ ≥ √(2d)".
  package var unicode: String { line(.unicode) }
  /// Enhanced text of gnuplot: `n_c` as "{/:Italic n}_{{/:Italic c}}".
  package var gnuplot: String { line(.gnuplot) }

  private func line(_ form: Line, isScript: Bool = false) -> String {
    func part(_ item: Formula, isClear: Bool) -> String {
      let text = item.line(form, isScript: isScript)
      return isClear ? text : "(\(text))"
    }
    switch self {
    case .sign(let sign):
      guard form == .gnuplot else { return sign.text }
      return sign.kind == .letter ? "{/:Italic \(sign.text)}" : "{}".contains(sign.text) ? sign.tex : sign.text
    case .row(let items): return Self.line(items, form, isScript: isScript)
    case .scripts(let base, let below, let above):
      return part(base, isClear: base.isAtom) + (below?.script("_", form) ?? "") + (above?.script("^", form) ?? "")
    case .fraction(let above, let below):
      return part(above, isClear: above.isProduct) + "/" + part(below, isClear: below.isAtom)
    case .root(let inner): return "√" + part(inner, isClear: inner.isAtom)
    case .accent(let name, let base):
      guard case .sign(let sign) = base, sign.text.unicodeScalars.count == 1 else {
        return "\(name)(\(base.line(form, isScript: isScript)))"
      }
      let mark = ["bar": "\u{304}", "hat": "\u{302}", "tilde": "\u{303}"][name] ?? "\u{307}"
      return Formula.sign(Sign(text: sign.text + mark, kind: sign.kind, tex: "")).line(form)
    }
  }

  private static func line(_ items: [Formula], _ form: Line, isScript: Bool) -> String {
    let kinds = kinds(items)
    let wide: Set<Sign.Kind> = isScript ? [] : [.relation, .operation]
    var (text, last) = ("", "")
    for (index, item) in items.enumerated() {
      var piece = item.line(form, isScript: isScript)
      if case .fraction = item {
        let quiet: Set<Sign.Kind> = [.relation, .operation, .prefix, .comma, .bar, .space]
        let isClear =
          (index == 0 || quiet.union([.open]).contains(kinds[index - 1]))
          && (index + 1 == items.count || quiet.union([.close]).contains(kinds[index + 1]))
        if !isClear { piece = "(\(piece))" }
      }
      if index > 0 {
        let (left, right) = (kinds[index - 1], kinds[index])
        let isParted = partsNames(left, right) || wide.contains(left) || wide.contains(right)
        if isParted || left == .comma && !isScript || left == .number && right == .number || runsOn(last, piece) {
          text += " "
        }
      }
      text += piece
      last = piece
    }
    return text
  }

  /// Whether a letter or number would be taken for a part of the script before it, which has no brackets.
  private static func runsOn(_ left: String, _ right: String) -> Bool {
    let name = left.reversed().prefix { $0.isLetter || $0.isNumber }
    let isBare = left.count > name.count && "_^".contains(left.dropLast(name.count).last ?? " ")
    return isBare && right.first.map { $0.isLetter || $0.isNumber } ?? false
  }

  /// Whether it stays together in one line.
  private var isAtom: Bool {
    switch self {
    case .sign, .root, .accent: true
    case .row(let items): items.isEmpty
    case .scripts(let base, _, _): base.isAtom
    case .fraction: false
    }
  }

  private var isProduct: Bool {
    if case .row(let items) = self { items.allSatisfy { $0.isAtom && $0.isOperand } } else { isAtom }
  }

  private func script(_ mark: String, _ form: Line) -> String {
    let plain = line(.unicode, isScript: true)
    if form == .gnuplot, !plain.allSatisfy({ "*′†".contains($0) }) { return "\(mark){\(line(form, isScript: true))}" }
    return Self.script(mark, plain)
  }

  /// Plain text as a script, below for the mark "_" and above for "^": in signs of Unicode if there are all of them, as ₅₀.
  package static func script(_ mark: String, _ plain: String) -> String {
    let table = mark == "_" ? lowered : raised
    let signs = plain.compactMap { table[$0] }
    if signs.count == plain.count { return String(signs) }
    return plain.allSatisfy { $0.isLetter || $0.isNumber } ? mark + plain : "\(mark)(\(plain))"
  }

  private static let lowered = Dictionary(
    uniqueKeysWithValues: zip("0123456789+−=()aehijklmnoprstuvxβγρφχ", "₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓᵦᵧᵨᵩᵪ"))
  private static let raised = Dictionary(
    uniqueKeysWithValues: zip(
      "0123456789+−=()abcdefghijklmnoprstuvwxyzABDEGHIJKLMNOPRTUVWβγδθφχ⊤*′†",
      "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ᵃᵇᶜᵈᵉᶠᵍʰⁱʲᵏˡᵐⁿᵒᵖʳˢᵗᵘᵛʷˣʸᶻᴬᴮᴰᴱᴳᴴᴵᴶᴷᴸᴹᴺᴼᴾᴿᵀᵁⱽᵂᵝᵞᵟᶿᵠᵡᵀ*′†"))

  // MARK: TeX

  /// Mathematics of TeX, without what begins and ends it. Not with a space at its end, with which no formula ends.
  package var tex: String { texMarkup.hasSuffix(" ") ? String(texMarkup.dropLast()) : texMarkup }

  private var texMarkup: String {
    switch self {
    case .sign(let sign): return sign.tex
    case .row(let items):
      return items.indices.map { index in
        if case .row = items[index] { return "{\(items[index].texMarkup)}" }
        let isApart = index > 0 && items[index].kind == .number && items[index - 1].kind == .number
        return (isApart ? " " : "") + items[index].texMarkup
      }.joined()
    case .scripts(let base, let below, let above):
      let body = if case .sign(let sign) = base { sign.tex } else { "{\(base.texMarkup)}" }
      return body + (below.map { "_{\($0.texMarkup)}" } ?? "") + (above.map { "^{\($0.texMarkup)}" } ?? "")
    case .fraction(let above, let below): return "\\frac{\(above.texMarkup)}{\(below.texMarkup)}"
    case .root(let inner): return "\\sqrt{\(inner.texMarkup)}"
    case .accent(let name, let base): return "\\\(name){\(base.texMarkup)}"
    }
  }
}
