package import PaperKit
package import Pipeline

/// Which claims notice which mistakes.
package struct KillMatrix: Sendable {
  /// A claim with its verdicts under mutants.
  package struct Row: Sendable {
    package let evaluated: EvaluatedClaim
    package let synthetic: [SyntheticMutant: SyntheticMutant.Outcome]
    /// By the name of the deliberate mistake; only those that were tried.
    package var science: [String: EvaluatedClaim] = [:]

    package init(_ evaluated: EvaluatedClaim, results: Results, catalogue: Catalogue) throws {
      self.evaluated = evaluated
      synthetic = Dictionary(
        uniqueKeysWithValues: try SyntheticMutant.allCases.map {
          ($0, try evaluated.outcome(of: $0, results: results, catalogue: catalogue))
        })
    }

    package var claim: Claim { evaluated.claim }

    /// Whether the claim's verdict changed under a deliberate mistake; nil if it was not tried, or tells nothing because the
    /// verdict is not the expected one without any mistake.
    package func kills(_ mutant: String) -> Bool? {
      evaluated.isExpected ? science[mutant].map { $0.verdict != evaluated.verdict } : nil
    }
  }

  package let rows: [Row]
  /// The deliberate mistakes that the papers' experiments can make, by paper, in the order of their declaration.
  private let mutants: [(paper: String, mutants: [Mutant])]
  /// The mistakes of the experiments behind the rows that no claim of the whole project says it notices.
  private let unlisted: [Mistake]

  /// A mistake of the experiments of one paper, whichever figure files have claims on them.
  private struct Mistake: Hashable {
    let paper, name, meaning: String

    /// Those that evidence can have.
    static func all(of evidence: Evidence, in pipeline: PipelineFile) -> [Mistake] {
      pipeline.closure(of: evidence.stages).flatMap { stage in
        stage.experiment.mutants.map {
          Mistake(paper: stage.experiment.name.paper, name: $0.name, meaning: $0.meaning)
        }
      }
    }
  }

  /// `claims` are all of the project, among which are those of the rows.
  package init(rows: [Row], pipeline: PipelineFile, claims: [Claim]) {
    self.rows = rows
    var mutants: [(paper: String, mutants: [Mutant])] = []
    for row in rows {
      let paper = row.claim.paper
      if mutants.last?.paper != paper { mutants.append((paper, [])) }
      for mutant in pipeline.mutants(of: row.claim.evidence)
      where !mutants[mutants.count - 1].mutants.contains(where: { $0.name == mutant.name }) {
        mutants[mutants.count - 1].mutants.append(mutant)
      }
    }
    self.mutants = mutants
    func id(_ mistake: Mistake) -> String { "\(mistake.paper) \(mistake.name)" }
    var told = Set(
      claims.flatMap { claim in
        Mistake.all(of: claim.evidence, in: pipeline).filter { claim.kills.contains($0.name) }.map(id)
      })
    unlisted = rows.flatMap { Mistake.all(of: $0.claim.evidence, in: pipeline) }.filter { told.insert(id($0)).inserted }
  }

  /// What should not be: claims that cannot fail, mistakes that a claim should notice and does not, and mistakes that no
  /// claim is there to notice. Empty when all is well.
  package var problems: [String] {
    var problems: [String] = []
    for row in rows {
      if !row.evaluated.isExpected {
        problems.append(
          "\(row.claim.id): is \(row.evaluated.verdict.rawValue) without any mistake, not \(row.claim.expected.rawValue), and "
            + "tells nothing of mistakes; `refig verify \(row.claim.id)` says why")
      }
      let survived = SyntheticMutant.allCases.filter {
        $0.isDeadly && row.synthetic[$0] == .survived && row.claim.immunities[$0.rawValue] == nil
      }
      if !survived.isEmpty {
        problems.append(
          "\(row.claim.id): is still \(row.claim.expected.rawValue) under \(survived.map(\.rawValue).joined(separator: ", "))"
        )
      }
      if row.evaluated.isExpected, row.evaluated.verdict != .inconclusive,
        row.synthetic[.below] == .notApplicable, row.synthetic[.above] == .notApplicable
      {
        problems.append("\(row.claim.id): no number that it could measure would be outside its accepted interval")
      }
      for (name, reason) in row.claim.immunities.sorted(by: { $0.key < $1.key }) {
        let synthetic = SyntheticMutant(rawValue: name).map { row.synthetic[$0] != .survived }
        if synthetic ?? row.kills(name) ?? false {
          problems.append("\(row.claim.id): notices '\(name)' although it says: \(reason)")
        }
      }
      for mutant in row.claim.kills where row.kills(mutant) == false {
        problems.append("\(row.claim.id): does not notice the mistake '\(mutant)'")
      }
    }
    for mistake in unlisted {
      problems.append(
        "\(mistake.paper): no claim lists the mistake '\(mistake.name)' (\(mistake.meaning)) under `kills:`")
    }
    return problems
  }

  /// The matrix for people: × where the verdict changed, · where it did not, nothing where a mutant says nothing about the
  /// claim or was not tried.
  package var text: String {
    let blocks = mutants.map { paper, mutants in
      let rows = rows.filter { $0.claim.paper == paper }
      let width = rows.map(\.claim.id.count).max() ?? 0
      let letters = SyntheticMutant.allCases.enumerated().map { "\(Self.letter($0.offset)) \($0.element.rawValue)" }
      let numbers = mutants.enumerated().map { "  \($0.offset + 1) \($0.element.name): \($0.element.meaning)" }
      let header =
        String(repeating: " ", count: width) + "  "
        + SyntheticMutant.allCases.indices.map(Self.letter).joined(separator: " ") + "   "
        + mutants.indices.map { "\($0 + 1)" }.joined(separator: " ")
      let lines = rows.map { row in
        let synthetic = SyntheticMutant.allCases.map { mutant in
          switch row.synthetic[mutant] {
          case .killed: "×"
          case .survived: "·"
          default: " "
          }
        }
        let science = mutants.enumerated().map { index, mutant in
          let mark = row.kills(mutant.name).map { $0 ? "×" : "·" } ?? " "
          return mark + String(repeating: " ", count: "\(index + 1)".count - 1)
        }
        return row.claim.id + String(repeating: " ", count: width - row.claim.id.count) + "  "
          + synthetic.joined(separator: " ") + "   " + science.joined(separator: " ")
      }
      return
        (["\(paper): synthetic mutants " + letters.joined(separator: ", ") + "; deliberate mistakes"] + numbers
        + [header] + lines).joined(separator: "\n")
    }
    return (blocks + [Self.legend]).joined(separator: "\n\n")
  }

  private static let legend =
    "× the verdict changes, · it does not; nothing where a mutant says nothing about the claim or was not tried"

  /// How many claims and mistakes, in one line.
  package var summary: String {
    let outcomes = rows.flatMap { row in row.science.keys.map(row.kills) }
    let tried = outcomes.count
    let killed = outcomes.count { $0 == true }
    let mistakes = mutants.flatMap { paper, mutants in
      mutants.filter { mutant in rows.contains { $0.claim.paper == paper && $0.kills(mutant.name) == true } }
    }
    return
      "\(Text.count(rows.count, "claim")), "
      + (tried == 0
        ? "deliberate mistakes not tried, "
        : "\(mistakes.count) of \(mutants.reduce(0) { $0 + $1.mutants.count }) deliberate mistakes noticed "
          + "(\(killed) of \(Text.count(tried, "pair"))), ")
      + Text.count(problems.count, "problem")
  }

  private static func letter(_ index: Int) -> String { String(UnicodeScalar(UInt8(97 + index))) }
}

extension Claim {
  /// Key of the paper.
  package var paper: String { id.paper }
}
