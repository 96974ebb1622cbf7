/// A formula in the part of TeX's notation that statements need, as a tree. Its forms are made of the signs listed here, of
/// letters and of digits: nothing of the user's text passes through as it stands.
package indirect enum Formula: Sendable, Equatable {
  case sign(Sign)
  case row([Formula])
  case scripts(Formula, below: Formula?, above: Formula?)
  case fraction(Formula, Formula)
  case root(Formula)
  /// A mark over it, by TeX's name.
  case accent(String, Formula)

  /// One sign, number or name.
  package struct Sign: Sendable, Equatable {
    /// How it stands to its neighbours, as in TeX; `word` is the name of a function, `prefix` an operation with one side.
    package enum Kind: Sendable {
      case letter, number, upright, symbol, word, sum, relation, operation, prefix, slash, comma, open, close, bar,
        space
    }

    package let text: String
    package let kind: Kind
    package let tex: String
  }

  /// What is wrong with a formula, and what to write.
  package struct Mistake: Error {
    package let reason: String
  }

  init(_ scalars: ArraySlice<Unicode.Scalar>) throws(Mistake) {
    var reader = FormulaReader(scalars)
    self = .row(try reader.formula())
  }

  init(group items: [Formula]) { self = items.count == 1 && items[0].isOperand ? items[0] : .row(items) }

  /// Signs by TeX's name; of several names the first is the one that is written.
  private static let named: [(kind: Sign.Kind, signs: String)] = [
    (
      .letter,
      """
      α alpha β beta γ gamma δ delta ε varepsilon ϵ epsilon ζ zeta η eta θ theta ι iota κ kappa λ lambda μ mu ν nu ξ xi \
      π pi ρ rho σ sigma τ tau υ upsilon φ varphi ϕ phi χ chi ψ psi ω omega ℓ ell ∂ partial
      """
    ),
    (
      .symbol,
      """
      Γ Gamma Δ Delta Θ Theta Λ Lambda Ξ Xi Π Pi Σ Sigma Φ Phi Ψ Psi Ω Omega ∞ infty ∇ nabla ⊤ top † dagger ′ prime √ surd \
      … ldots … dots
      """
    ),
    (
      .relation,
      """
      ≤ leq ≤ le ≥ geq ≥ ge ≠ neq ≠ ne ≈ approx ≃ simeq ≡ equiv ∼ sim ∝ propto ≪ ll ≫ gg → to ⇒ Rightarrow ∈ in ∉ notin \
      ⊂ subset ⟂ perp | mid = = < < > > : :
      """
    ),
    (.operation, "− - + + * * × times · cdot ± pm ∓ mp ∘ circ ⊗ otimes"), (.slash, "/ /"), (.comma, ", , ; ;"),
    (.sum, "∑ sum ∏ prod ∫ int"), (.open, "⟨ langle { { ( ( [ ["), (.close, "⟩ rangle } } ) ) ] ] ! !"),
    (.bar, "‖ | ‖ Vert | vert"), (.upright, "% %"), (.space, "\u{2009} ,"),
    (.word, "arg cos cosh det dim exp inf ker lim ln log max min Pr sin sinh sup tan tanh"),
  ]

  /// Signs by command, without the backslash, and those that stand for themselves.
  static let (commands, characters): ([String: Sign], [Unicode.Scalar: Sign]) = {
    var (commands, characters): ([String: Sign], [Unicode.Scalar: Sign]) = ([:], [:])
    let own = Set("=<>:-+*/,;([)]!")
    for (kind, list) in named {
      let words = list.split(separator: " ").map(String.init)
      let pairs =
        kind == .word
        ? words.map { ($0, $0) } : stride(from: 0, to: words.count, by: 2).map { (words[$0], words[$0 + 1]) }
      for (text, name) in pairs {
        let isOwn = kind != .space && name.allSatisfy(own.contains)
        let end = name.last?.isLetter ?? false ? " " : ""
        let sign = Sign(text: text, kind: kind, tex: isOwn ? name : "\\\(name)\(end)")
        if isOwn { characters[name.unicodeScalars.first ?? " "] = sign } else { commands[name] = sign }
        if kind != .word, !"{}%".contains(text), let scalar = text.unicodeScalars.first, characters[scalar] == nil {
          characters[scalar] = sign
        }
      }
    }
    characters["|"] = commands["vert"]
    return (commands, characters)
  }()

  /// TeX's command for a sign that stands in a text.
  package static func command(for character: Character) -> String? {
    let scalars = character.unicodeScalars
    let sign = scalars.count == 1 ? scalars.first.flatMap { characters[$0] } : nil
    return sign.flatMap { $0.tex.last == " " ? String($0.tex.dropLast()) : nil }
  }
}

/// Reads a formula, each scalar once.
private struct FormulaReader {
  private let source: String
  private var rest: ArraySlice<Unicode.Scalar>
  /// Groups may be in each other so often.
  private static let depthLimit = 32
  private static let accents = ["bar", "hat", "tilde", "dot"]
  /// Commands that take words, with how TeX is to set these.
  private static let wordForms = [
    "mathrm": ("\\mathrm{", "}"), "text": ("\\mbox{", "}"), "operatorname": ("\\mathop{\\mathrm{", "}}\\nolimits "),
  ]

  init(_ scalars: ArraySlice<Unicode.Scalar>) {
    source = "$" + scalars.prefix(60).map { "\($0)" }.joined() + (scalars.count > 60 ? "…" : "$")
    rest = scalars
  }

  private func mistake(_ reason: String) -> Formula.Mistake {
    Formula.Mistake(reason: "in \(source): \(reason); the notation is in docs/yaml.md")
  }

  mutating func formula() throws(Formula.Mistake) -> [Formula] {
    let items = try items(depth: 0)
    guard rest.isEmpty else { throw mistake("'}' closes nothing; remove it, or write '\\}' for a brace") }
    guard !items.isEmpty else { throw mistake("there is no formula; write '\\$' for a dollar sign") }
    return items
  }

  /// What stands until the end or a closing brace.
  private mutating func items(depth: Int) throws(Formula.Mistake) -> [Formula] {
    var items: [Formula] = []
    skipSpace()
    while let next = rest.first, next != "}" {
      guard !"_^'".unicodeScalars.contains(next) else {
        throw mistake("'\(next)' has nothing before it; take in what it belongs to, as in 'x\(next)'")
      }
      let start = rest
      let base = try item(depth: depth)
      let group = start[..<rest.startIndex]
      let item = try scripts(of: base, depth: depth)
      if next == "{", item == base { try refuseName(group, base) }
      items.append(item)
      skipSpace()
    }
    return items
  }

  /// Refuses a group that looks like a placeholder, as `{steps}` does in `$k = {steps}$`: as letters it would be drawn as their
  /// product.
  private func refuseName(_ group: ArraySlice<Unicode.Scalar>, _ tree: Formula) throws(Formula.Mistake) {
    let text = group.map { "\($0)" }.joined()
    guard text.wholeMatch(of: /\{\s*[A-Za-z][A-Za-z0-9_-]*\s*\}/) != nil || tree.isName else { return }
    let name = text.filter { !"{} ".contains($0) }
    throw mistake(
      "'\(text)' stands for no value in a formula: in the label of a series end the formula before it, as in "
        + "'$k =$ {\(name)}'; for a name write '\\mathrm{…}', for a product leave the braces out")
  }

  private mutating func scripts(of base: Formula, depth: Int) throws(Formula.Mistake) -> Formula {
    var below: Formula?
    var above: Formula?
    var primes: [Formula] = []
    skipSpace()
    while let mark = rest.first, "_^'".unicodeScalars.contains(mark) {
      rest.removeFirst()
      switch mark {
      case "'": primes += Formula.commands["prime"].map { [.sign($0)] } ?? []
      case "_" where below == nil: below = try argument(of: "_", depth: depth)
      case "^" where above == nil: above = try argument(of: "^", depth: depth)
      default: throw mistake("two '\(mark)' at one place; put braces around what belongs together")
      }
      skipSpace()
    }
    if !primes.isEmpty {
      let rest = if case .row(let items) = above { items } else { above.map { [$0] } ?? [] }
      above = Formula(group: primes + rest)
    }
    return below == nil && above == nil ? base : .scripts(base, below: below, above: above)
  }

  /// A group, or one letter, digit or command. What TeX would tear apart, as the 12 in x_12, is refused.
  private mutating func argument(of command: String, depth: Int) throws(Formula.Mistake) -> Formula {
    skipSpace()
    guard let next = rest.first, !"}_^'".unicodeScalars.contains(next) else {
      let example = command == "\\frac" ? "\\frac{1}{2}" : command + "{2}"
      throw mistake("'\(command)' needs something after it, as in '\(example)'")
    }
    let item = try item(depth: depth + 1)
    if next != "{", next != "\\", case .sign(let sign) = item {
      let isSigned = sign.kind == .operation && !(rest.first.map { isDigit($0) || $0.properties.isAlphabetic } ?? false)
      guard isSigned || item.isOperand && sign.text.unicodeScalars.count == 1 else {
        let example = command == "\\frac" ? "\\frac{-1}{10}" : command + "{-10}"
        throw mistake("put braces around what '\(command)' takes, as in '\(example)'")
      }
    }
    return Formula(group: [item])
  }

  private mutating func item(depth: Int) throws(Formula.Mistake) -> Formula {
    guard depth <= Self.depthLimit else { throw mistake("it is more than \(Self.depthLimit) groups deep") }
    guard let next = rest.popFirst() else { throw mistake("it ends too early") }
    switch next {
    case "{":
      let items = try items(depth: depth + 1)
      guard rest.popFirst() == "}" else { throw mistake("'{' is not closed; add '}', or write '\\{' for a brace") }
      return Formula(group: items)
    case "\\": return try command(depth: depth)
    case "0"..."9":
      var digits = "\(next)"
      while let digit = rest.first,
        isDigit(digit) || digit == "." && !digits.contains(".") && rest.dropFirst().first.map(isDigit) ?? false
      {
        digits.unicodeScalars.append(rest.removeFirst())
      }
      return .sign(Formula.Sign(text: digits, kind: .number, tex: digits))
    case "a"..."z", "A"..."Z": return .sign(Formula.Sign(text: "\(next)", kind: .letter, tex: "\(next)"))
    default:
      if let sign = Formula.characters[next] { return .sign(sign) }
      let instead = next == "%" ? "write '\\%'" : "write '\\text{…}' for words, or close the formula before it"
      throw mistake("'\(next)' has no place in a formula; \(instead)")
    }
  }

  private mutating func command(depth: Int) throws(Formula.Mistake) -> Formula {
    var name = ""
    while let letter = rest.first, letter.isASCII, letter.properties.isAlphabetic {
      name.unicodeScalars.append(rest.removeFirst())
    }
    if name.isEmpty, let sign = rest.popFirst() { name = "\(sign)" }
    if name == "frac" {
      let above = try argument(of: "\\frac", depth: depth)
      return .fraction(above, try argument(of: "\\frac", depth: depth))
    }
    if name == "sqrt" { return .root(try argument(of: "\\sqrt", depth: depth)) }
    if Self.accents.contains(name) { return .accent(name, try argument(of: "\\\(name)", depth: depth)) }
    if let (start, end) = Self.wordForms[name] {
      let words = try words(of: name)
      let tex = start + (name == "text" ? words : words.replacing(" ", with: "\\ ")) + end
      return .sign(Formula.Sign(text: words, kind: name == "operatorname" ? .word : .upright, tex: tex))
    }
    if let sign = Formula.commands[name] { return .sign(sign) }
    let known = ["frac", "sqrt"] + Self.accents + Self.wordForms.keys.sorted() + Formula.commands.keys.sorted(by: >)
    let nearest = name.first?.isLetter ?? false ? nearestSpelling(of: name, among: known) : nil
    throw mistake("unknown command '\\\(name)'" + (nearest.map { ", did you mean '\\\($0)'?" } ?? ""))
  }

  /// The words that a command has in braces.
  private mutating func words(of command: String) throws(Formula.Mistake) -> String {
    let end = rest.firstIndex(of: "}") ?? rest.endIndex
    guard rest.first == "{", end < rest.endIndex, end > rest.startIndex + 1 else {
      throw mistake("'\\\(command)' needs words in braces, as in '\\\(command){max}'")
    }
    let words = rest[(rest.startIndex + 1)..<end]
    rest = rest[(end + 1)...]
    let marks = " .,-".unicodeScalars
    if let other = words.first(where: { !$0.properties.isAlphabetic && !isDigit($0) && !marks.contains($0) }) {
      throw mistake("'\(other)' cannot stand in '\\\(command){…}'; it takes letters, digits, spaces, '.', ',' and '-'")
    }
    return words.map { "\($0)" }.joined()
  }

  private func isDigit(_ scalar: Unicode.Scalar) -> Bool { ("0"..."9").contains(scalar) }

  private mutating func skipSpace() {
    while let next = rest.first, next == " " || next == "\n" || next == "\t" { rest.removeFirst() }
  }
}
