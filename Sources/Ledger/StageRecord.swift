internal import PaperKit
package import Pipeline
package import Store

/// What a ledger says of one stage: what its cells were computed from, and what came out.
package struct StageRecord: Sendable {
  /// Facts that all cells of a stage share: lines of their manifests, each a name and a value.
  package struct Basis: Sendable, Equatable {
    /// `code.experiment`, `code.paper`, …; not the compiler, which is a fact of the run (see ``Cell/bitClass``).
    package var code: [String: String]
    /// `input.NAME`: one digest of what a stage upstream is computed from.
    package var inputs: [String: String]
    /// Experiment, seed, streams, data files and the parameters that do not vary.
    package let settings: [String: String]
    /// The parameters that vary, sorted.
    package let names: [String]

    package init(code: [String: String], inputs: [String: String], settings: [String: String], names: [String]) {
      self.code = code
      self.inputs = inputs
      self.settings = settings
      self.names = names
    }

    private init(_ stage: Plan.Stage, inputs: [String: String]) {
      let manifest = stage.manifest(0)
      code = manifest.codeParts
      self.inputs = inputs
      names = stage.names
      var settings = [
        "experiment": manifest.experiment, "seed": "\(manifest.seed)", "streams": manifest.streams.rawValue,
      ]
      settings["mutant"] = manifest.mutant
      for (name, digest) in manifest.data { settings["data.\(name)"] = digest }
      for (name, value) in manifest.parameters where !names.contains(name) {
        settings["parameter \(name)"] = value.canonicalText
      }
      self.settings = settings
    }

    /// The bases of a plan's stages, by id.
    static func all(of plan: Plan) -> [String: Basis] {
      var bases: [String: Basis] = [:]
      var digests: [String: String] = [:]
      let read = Set(plan.stages.flatMap { $0.definition.inputs.map(\.stage) })
      // Inputs come before the stages that read them.
      for stage in plan.stages {
        let inputs = stage.definition.inputs.map {
          ("\($0.replicas == .own ? "own" : "input").\($0.name)", digests[$0.stage] ?? "")
        }
        let basis = Basis(stage, inputs: Dictionary(inputs) { first, _ in first })
        bases[stage.id] = basis
        if read.contains(stage.id) {
          let facts = [basis.settings, basis.inputs, basis.code].flatMap { $0.map { "\($0.key) \($0.value)\n" } }
          let places = stage.keys.indices.map { stage.place($0) + "\n" }
          digests[stage.id] = CellKey.digest((facts.sorted() + places.sorted()).joined())
        }
      }
      return bases
    }

    /// What is different in another basis, perhaps of somebody else's ledger, in visible words; empty if nothing is.
    package func differences(from other: Basis) -> [String] {
      var differences: [String] = []
      func compare(_ own: [String: String], _ others: [String: String], isShown: Bool) {
        for name in Set(own.keys).union(others.keys).sorted() where own[name] != others[name] {
          differences.append(
            isShown ? "\(name) is \(own[name] ?? "not given"), was \(others[name] ?? "not given")" : "\(name) changed")
        }
      }
      compare(code, other.code, isShown: false)
      compare(inputs, other.inputs, isShown: false)
      compare(settings, other.settings, isShown: true)
      if names != other.names {
        differences.append("it varies \(names.joined(separator: ", ")), varied \(other.names.joined(separator: ", "))")
      }
      return differences.map(ErrorMessage.visible)
    }
  }

  /// When and where cells were computed.
  package struct Run: Sendable, Hashable {
    /// ISO 8601; empty where no record tells, as for cells that were imported.
    package let time: String
    /// Cells of one have the same bits, see ``Cell/bitClass``.
    package let numericClass: String
    /// Processor and versions, for people.
    package let machine: String
    /// When they were written down: audits of later times could draw them.
    package let recorded: String

    package init(time: String, numericClass: String, machine: String, recorded: String) {
      self.time = time
      self.numericClass = numericClass
      self.machine = machine
      self.recorded = recorded
    }
  }

  /// What came out of one cell.
  package struct Outcome: Sendable, Equatable {
    /// See ``Cell/resultDigest(outputs:)``.
    package let digest: String
    /// Processor time; nil where no record tells.
    package let seconds: Double?
    package let run: Run
    /// For machines of other numeric classes, by output: see ``Cell/probes(outputs:)``.
    package let probes: [String: Double]

    package init(digest: String, seconds: Double?, run: Run, probes: [String: Double]) {
      self.digest = digest
      self.seconds = seconds
      self.run = run
      self.probes = probes
    }

    /// The same with its processor time.
    func costing(_ seconds: Double) -> Outcome {
      Outcome(digest: digest, seconds: seconds, run: run, probes: probes)
    }
  }

  package let stage: String
  package var basis: Basis
  package var acceptances: [CodeAcceptance]
  /// By place, see ``Plan/Stage/place(_:)``.
  package var outcomes: [String: Outcome]

  package init(stage: String, basis: Basis, acceptances: [CodeAcceptance] = [], outcomes: [String: Outcome] = [:]) {
    self.stage = stage
    self.basis = basis
    self.acceptances = acceptances
    self.outcomes = outcomes
  }

  /// When its newest cells were written down.
  var recorded: String { outcomes.values.reduce("") { max($0, $1.run.recorded) } }
}

extension Plan.Stage {
  /// Where a cell stands in its stage: the values of the parameters that vary, and the replicas, separated by tabs.
  package func place(_ cell: Int) -> String {
    let manifest = manifest(cell)
    let values = names.map { manifest.parameters[$0]?.canonicalText ?? "" }
    return (values + ["\(manifest.replicas.lowerBound)-\(manifest.replicas.upperBound - 1)"]).joined(separator: "\t")
  }
}

// MARK: As text

extension StageRecord {
  /// The text of its file. Equal records give equal texts.
  var text: String {
    var lines = (Array(basis.settings) + Array(basis.inputs) + Array(basis.code)).sorted { $0.key < $1.key }.map {
      ["given", $0.key, $0.value]
    }
    lines.append(["varies"] + basis.names)
    lines += CodeAcceptance.lines(acceptances)
    let runs = Set(outcomes.values.map(\.run)).sorted { left, right in
      (left.recorded, left.time, left.machine, left.numericClass)
        < (right.recorded, right.time, right.machine, right.numericClass)
    }
    let numbers = Dictionary(uniqueKeysWithValues: runs.enumerated().map { ($1, $0) })
    for (number, run) in runs.enumerated() {
      lines.append(["run", "\(number)", run.time, run.numericClass, run.machine, run.recorded])
    }
    let probes = Set(outcomes.values.flatMap(\.probes.keys)).sorted()
    lines.append(["probes"] + probes)
    for (place, outcome) in outcomes.sorted(by: { $0.key < $1.key }) {
      let seconds = outcome.seconds.map { "\($0)" } ?? "-"
      lines.append(
        ["cell", place, outcome.digest, seconds, "\(numbers[outcome.run] ?? 0)"]
          + probes.map { name in outcome.probes[name].map { "\($0)" } ?? "-" })
    }
    return LedgerFile.text(.stage, stage, lines.map { $0.map(Self.field) })
  }

  /// A place keeps its tabs; whatever else came from outside loses what would end a field.
  private static func field(_ text: String) -> String { text.replacing("\n", with: " ") }

  /// Reads the facts of a file. Throws ``UnreadableFact``.
  init(_ file: LedgerFile) throws {
    var (code, inputs, settings): ([String: String], [String: String], [String: String]) = ([:], [:], [:])
    var names: [String] = []
    var runs: [Substring: Run] = [:]
    var probes: [String] = []
    var acceptances: [CodeAcceptance] = []
    var outcomes: [String: Outcome] = [:]
    for fields in file.lines {
      let values = fields.dropFirst().map(String.init)
      switch (fields[0], values.count) {
      case ("given", 2) where values[0].hasPrefix("code."): code[values[0]] = values[1]
      case ("given", 2) where values[0].hasPrefix("input.") || values[0].hasPrefix("own."):
        inputs[values[0]] = values[1]
      case ("given", 2): settings[values[0]] = values[1]
      case ("varies", _): names = values
      case ("accepted", 6): acceptances.append(try CodeAcceptance(fields))
      case ("run", 5):
        runs[fields[1]] = Run(time: values[1], numericClass: values[2], machine: values[3], recorded: values[4])
      case ("probes", _): probes = values
      case ("cell", names.count + 4 + probes.count):
        let place = fields[1...(names.count + 1)].joined(separator: "\t")
        let rest = fields[(names.count + 2)...].map { $0 }
        guard CellKey(rest[0]) != nil, let run = runs[rest[2]] else {
          throw UnreadableFact("the cell '\(place)' has no digest or no run")
        }
        let seconds = Double(rest[1])
        guard seconds.map({ $0 >= 0 && $0.isFinite }) ?? (rest[1] == "-") else {
          throw UnreadableFact("the cell '\(place)' took '\(rest[1])' seconds")
        }
        let outcome = Outcome(
          digest: String(rest[0]), seconds: seconds, run: run,
          probes: Dictionary(
            zip(probes, rest[3...].map { Double($0) }).compactMap { name, value in value.map { (name, $0) } }
          ) {
            first, _ in first
          })
        guard outcomes.updateValue(outcome, forKey: place) == nil else {
          throw UnreadableFact("the cell '\(place)' occurs twice")
        }
      default: throw UnreadableFact("a line of \(fields.count) fields that begins with '\(fields[0].prefix(40))'")
      }
    }
    self.init(
      stage: file.subject, basis: Basis(code: code, inputs: inputs, settings: settings, names: names),
      acceptances: acceptances, outcomes: outcomes)
  }
}

extension CodeAcceptance {
  /// The lines of several in the order of their times.
  static func lines(_ acceptances: [Self]) -> [[String]] {
    acceptances.sorted { ($0.time, $0.to) < ($1.time, $1.to) }.map {
      ["accepted", $0.time, $0.who, $0.reason, "\($0.sampled)", $0.from, $0.to]
    }
  }

  /// Those among the lines of a file. Throws ``UnreadableFact``.
  static func all(in file: LedgerFile) throws -> [Self] { try file.lines.filter { $0[0] == "accepted" }.map(Self.init) }

  init(_ fields: [Substring]) throws {
    guard fields.count == 7 else {
      throw UnreadableFact("a line of \(fields.count) fields that begins with 'accepted'")
    }
    let values = fields.dropFirst().map(String.init)
    guard let sampled = Int(values[3]) else { throw UnreadableFact("a sample of '\(values[3].prefix(40))'") }
    self.init(time: values[0], who: values[1], reason: values[2], sampled: sampled, from: values[4], to: values[5])
  }
}
