package import PaperKit

/// Everything a cell's arrays depend on, and nothing else.
///
/// Its canonical text is hashed to the key, stored in the cell and shown by `explain`: one text, so that decision and
/// reason cannot differ. One fact per line, in a fixed order, parameters sorted by name:
///
///     refig manifest 1
///     experiment sarao2020/uniqueness
///     code.experiment 5b1c…
///     seed 20200626
///     streams independent
///     input.flow 3f9a…
///     own.edges 8d02…
///     data.digits 77c1…
///     parameter inputDimension 8
///     replicas 0 50
package struct Manifest: Sendable, Equatable {
  /// Whether every sweep point has random streams of its own, or all share the same (paired comparisons).
  package enum Streams: String, Sendable, CaseIterable {
    case independent, common
  }

  /// Version of the text's format.
  package static let format = 1

  package var experiment: String
  package var mutant: String?
  package var code: [(part: String, digest: String)]
  package var seed: Int
  package var streams: Streams
  /// The cells of other stages that it reads.
  package var inputs: [(name: String, key: CellKey)]
  /// Names of the inputs of which each replica reads the one with its own number. Only they change the text, so that keys
  /// without them are what they were.
  package var ownInputs: Set<String>
  /// SHA-256 of the committed files that are read.
  package var data: [(name: String, digest: String)]
  package var parameters: [String: ParameterValue]
  package var replicas: Range<Int>

  package init(
    experiment: String, mutant: String? = nil, code: [(part: String, digest: String)], seed: Int, streams: Streams,
    inputs: [(name: String, key: CellKey)] = [], ownInputs: Set<String> = [],
    data: [(name: String, digest: String)] = [], parameters: [String: ParameterValue], replicas: Range<Int>
  ) {
    self.experiment = experiment
    self.mutant = mutant
    self.code = code
    self.seed = seed
    self.streams = streams
    self.inputs = inputs
    self.ownInputs = ownInputs
    self.data = data
    self.parameters = parameters
    self.replicas = replicas
  }

  package var key: CellKey { ManifestText(self).key }

  /// The parameters as JSON, sorted by name, for programs that read cells.
  package var parametersJSON: String {
    let members = parameters.sorted { $0.key < $1.key }.map { "\"\($0.key)\": \($0.value.canonicalText)" }
    return "{" + members.joined(separator: ", ") + "}"
  }

  /// The text that is hashed.
  package var canonicalText: String { stageText + cellText }

  /// The facts of the text, a line each.
  package var facts: [(name: String, value: String)] { stageFacts + cellFacts }

  /// The lines that all cells of a stage share.
  package var stageText: String { "refig manifest \(Self.format)\n" + Self.text(stageFacts) }

  /// The other lines.
  package var cellText: String { Self.text(cellFacts) }

  private var stageFacts: [(name: String, value: String)] {
    [("experiment", experiment)] + (mutant.map { [("mutant", $0)] } ?? [])
      + code.map { ("code.\($0.part)", $0.digest) } + [("seed", "\(seed)"), ("streams", streams.rawValue)]
      + inputs.map { ("\(ownInputs.contains($0.name) ? "own" : "input").\($0.name)", "\($0.key)") }
      + data.map { ("data.\($0.name)", $0.digest) }
  }

  private var cellFacts: [(name: String, value: String)] {
    parameterFacts + [("replicas", Self.replicaValue(replicas))]
  }

  private var parameterFacts: [(name: String, value: String)] {
    parameters.sorted { $0.key < $1.key }.map { ("parameter \($0.key)", $0.value.canonicalText) }
  }

  private static func text(_ facts: [(name: String, value: String)]) -> String {
    var text = ""
    for (name, value) in facts { text += "\(name) \(value)\n" }
    return text
  }

  fileprivate static func replicaValue(_ replicas: Range<Int>) -> String {
    "\(replicas.lowerBound) \(replicas.upperBound)"
  }

  /// What a replica of this cell is, its number aside: all facts but how replicas are cut into cells. `origins` names each
  /// input by what its stage holds, however that is cut (``Plan/Stage/origins``); without it, by its cells, which tells
  /// apart the points of one stage alone.
  package func identity(origins: [(name: String, key: CellKey)]? = nil) -> String {
    var identity = self
    identity.replicas = 0..<1
    // Of what replicas read by their own numbers, each block has other cells.
    identity.inputs = origins ?? inputs.filter { !ownInputs.contains($0.name) }
    return identity.canonicalText
  }

  /// What tells this cell's random numbers from another's, replica and purpose aside: seed and experiment, and with
  /// independent streams the parameters. Not the code: a fix of a typo draws the same data again. Not the mutant: a
  /// deliberate mistake is compared on the same data.
  package var streamKey: UInt64 { CellKey.streamKey(streamText) }

  /// The text that the random numbers follow from.
  package var streamText: String {
    "refig streams 1\n\(experiment)\n\(seed)\n" + (streams == .independent ? Self.text(parameterFacts) : "")
  }

  /// Reads a canonical text back; nil if it is not one.
  package init?(canonicalText text: String) {
    var lines = text.split(separator: "\n", omittingEmptySubsequences: true)[...]
    func fields(_ line: Substring) -> (key: Substring, value: Substring) {
      let parts = line.split(separator: " ", maxSplits: 1)
      return (parts.first ?? "", parts.count > 1 ? parts[1] : "")
    }
    guard lines.popFirst() == "refig manifest \(Self.format)" else { return nil }
    var experiment: String?
    var mutant: String?
    var code: [(part: String, digest: String)] = []
    var seed: Int?
    var streams: Streams?
    var inputs: [(name: String, key: CellKey)] = []
    var ownInputs: Set<String> = []
    var data: [(name: String, digest: String)] = []
    var parameters: [String: ParameterValue] = [:]
    var replicas: Range<Int>?
    for line in lines {
      let (key, value) = fields(line)
      switch key {
      case "experiment": experiment = String(value)
      case "mutant": mutant = String(value)
      case "seed": seed = Int(value)
      case "streams": streams = Streams(rawValue: String(value))
      case "parameter":
        let (name, text) = fields(value)
        guard let parameter = ParameterValue(canonicalText: String(text)) else { return nil }
        parameters[String(name)] = parameter
      case "replicas":
        let bounds = value.split(separator: " ").compactMap { Int($0) }
        guard bounds.count == 2, 0 <= bounds[0], bounds[0] < bounds[1], bounds[1] <= PipelineFile.Replicas.limit
        else { return nil }
        replicas = bounds[0]..<bounds[1]
      case _ where key.hasPrefix("code."): code.append((String(key.dropFirst(5)), String(value)))
      case _ where key.hasPrefix("input."):
        guard let input = CellKey(value) else { return nil }
        inputs.append((String(key.dropFirst(6)), input))
      case _ where key.hasPrefix("own."):
        guard let input = CellKey(value) else { return nil }
        inputs.append((String(key.dropFirst(4)), input))
        ownInputs.insert(String(key.dropFirst(4)))
      case _ where key.hasPrefix("data."):
        // The digest becomes part of a path.
        guard let digest = CellKey(value) else { return nil }
        data.append((String(key.dropFirst(5)), "\(digest)"))
      default: return nil
      }
    }
    guard let experiment, let seed, let streams, let replicas else { return nil }
    self.init(
      experiment: experiment, mutant: mutant, code: code, seed: seed, streams: streams, inputs: inputs,
      ownInputs: ownInputs, data: data, parameters: parameters, replicas: replicas)
  }

  package static func == (left: Manifest, right: Manifest) -> Bool { left.canonicalText == right.canonicalText }
}

/// The text of a manifest, rendered once, with the key that is its SHA-256.
package struct ManifestText: Sendable {
  package let text: String
  package let key: CellKey

  package init(_ manifest: Manifest) {
    text = manifest.canonicalText
    key = CellKey(manifest: text)
  }

  /// The keys of a stage's cells, point after point and block after block, without a manifest for each: most of the text is
  /// the same. `template` is any of their manifests.
  package static func keys(
    _ template: Manifest, _ sweep: Sweep, pointCount: Int, blocks: [Range<Int>]
  ) -> [CellKey] {
    let names = sweep.names
    let base = names.compactMap { template.parameters[$0] }
    // Text before the first varying value, between them, and after the last.
    var pieces: [[UInt8]] = []
    var piece = template.stageText
    for (name, value) in template.parameters.sorted(by: { $0.key < $1.key }) {
      piece += "parameter \(name) "
      if names.contains(name) {
        pieces.append(Array(piece.utf8))
        piece = "\n"
      } else {
        piece += value.canonicalText + "\n"
      }
    }
    pieces.append(Array(piece.utf8))
    let endings = blocks.map { Array("replicas \(Manifest.replicaValue($0))\n".utf8) }
    var keys: [CellKey] = []
    keys.reserveCapacity(pointCount * blocks.count)
    var text: [UInt8] = []
    for number in 0..<pointCount {
      text.removeAll(keepingCapacity: true)
      // The names are sorted, as the parameters are.
      for (piece, value) in zip(pieces, sweep.point(number, names: names, base: base)) {
        text += piece
        text += value.canonicalText.utf8
      }
      text += pieces[pieces.count - 1]
      let count = text.count
      for ending in endings {
        text.removeSubrange(count...)
        text += ending
        keys.append(text.withUnsafeBytes { CellKey(manifest: $0) })
      }
    }
    return keys
  }
}

extension ParameterValue {
  /// Reads a canonical text back; nil if it is not one.
  package init?(canonicalText text: String) {
    // Scalars, because a quote and a combining mark behind it are one character.
    var reader = Substring(text).unicodeScalars
    guard let value = Self.read(&reader, depth: 0), reader.isEmpty else { return nil }
    self = value
  }

  /// Lists of lists of lists … need not be read: no parameter is one.
  private static let depthLimit = 8

  private static func read(_ text: inout Substring.UnicodeScalarView, depth: Int) -> ParameterValue? {
    guard depth <= depthLimit else { return nil }
    switch text.first {
    case "\"":
      text.removeFirst()
      return readWord(&text).map(ParameterValue.text)
    case "[":
      text.removeFirst()
      var values: [ParameterValue] = []
      while let next = text.first {
        if next == "]" {
          text.removeFirst()
          return .list(values)
        }
        if !values.isEmpty {
          guard text.starts(with: ", ".unicodeScalars) else { return nil }
          text.removeFirst(2)
        }
        guard let value = read(&text, depth: depth + 1) else { return nil }
        values.append(value)
      }
      return nil
    default:
      let scalars = text.prefix { $0 != "," && $0 != "]" }
      text = text.dropFirst(scalars.count)
      let token = String(scalars)
      switch token {
      case "true": return .flag(true)
      case "false": return .flag(false)
      default: return Int(token).map(ParameterValue.integer) ?? Double(token).map(ParameterValue.real)
      }
    }
  }

  /// The rest of a word, up to its closing quote.
  private static func readWord(_ text: inout Substring.UnicodeScalarView) -> String? {
    var units: [UInt16] = []
    while let scalar = text.popFirst() {
      switch scalar {
      case "\"": return String(validating: units, as: UTF16.self)
      case "\\":
        guard let escaped = text.popFirst() else { return nil }
        if escaped == "u" {
          let digits = text.prefix(4)
          guard digits.count == 4, let unit = UInt16(String(digits), radix: 16) else { return nil }
          text.removeFirst(4)
          units.append(unit)
        } else {
          units += String(["n": "\n", "r": "\r", "t": "\t"][escaped] ?? escaped).utf16
        }
      default: units += String(scalar).utf16
      }
    }
    return nil
  }
}
