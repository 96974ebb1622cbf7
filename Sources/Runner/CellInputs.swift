internal import PaperKit
internal import Pipeline
internal import Store

/// What a cell is given of other stages.
struct CellInputs {
  /// Which of its replicas have all that they read.
  let replicas: [Int]
  /// Why the others have not: each reads the replica with its own number of a stage where that one failed.
  let failures: [(replica: Int, reason: String)]
  /// By the names that the experiment knows; of those in `own`, `replicas` alone.
  let results: [String: Results]
  /// Names of the inputs of which each replica is given the one with its own number.
  let own: Set<String>
  /// The scales of axes among the outputs of each experiment: they have no axis for replicas.
  let scales: [String: Set<String>]

  /// Reads the cells. Throws `Absence` where one is missing, `EvidenceError` where a replica of those that are read by
  /// number is.
  init(of manifest: Manifest, in store: Store) throws {
    own = manifest.ownInputs
    var cells: [String: [Cell]] = [:]
    var scales: [String: Set<String>] = [:]
    for (name, key) in manifest.inputs {
      guard let cell = try store.cell(key) else {
        throw Absence(
          "its input \(key.short) ('\(name)') is not in the store any more; run again, and it is computed first")
      }
      cells[name, default: []].append(cell)
      scales[cell.manifest.experiment, default: []].formUnion(cell.coordinates.keys)
    }
    self.scales = scales
    var reasons: [Int: String] = [:]
    for name in own.sorted() {
      let known = try Self.failures(of: manifest.replicas, in: cells[name] ?? [], name)
      reasons.merge(known) { first, _ in first }
    }
    let replicas = manifest.replicas.filter { reasons[$0] == nil }
    (self.replicas, failures) = (replicas, reasons.sorted { $0.key < $1.key }.map { ($0.key, $0.value) })
    results = try cells.reduce(into: [:]) { results, entry in
      let all = try Results(cells: entry.value)
      results[entry.key] =
        manifest.ownInputs.contains(entry.key)
        ? Self.keeping(replicas, of: all, scales: scales) : all
    }
  }

  /// Why replicas cannot be computed that read those with their own numbers in some cells.
  private static func failures(of replicas: Range<Int>, in cells: [Cell], _ name: String) throws -> [Int: String] {
    var reasons: [Int: String] = [:]
    var points: [String: Set<Int>] = [:]
    let varying = varyingParameters(cells.map(\.manifest))
    for cell in cells {
      let manifest = cell.manifest
      points[manifest.identity(), default: []].formUnion(cell.manifest.replicas)
      for (replica, _) in cell.failures where replicas.contains(replica) && reasons[replica] == nil {
        let place = varying.map { "\($0) = \(manifest.parameters[$0]?.canonicalText ?? "")" }.joined(separator: ", ")
        reasons[replica] =
          "replica \(replica) of \(manifest.experiment)\(place.isEmpty ? "" : " at \(place)") failed"
      }
    }
    for replica in replicas where points.isEmpty || points.values.contains(where: { !$0.contains(replica) }) {
      throw EvidenceError("its input '\(name)' has no replica \(replica)")
    }
    return reasons
  }

  /// The parameters that tell cells of one stage apart, by name.
  private static func varyingParameters(_ manifests: [Manifest]) -> [String] {
    (manifests.first?.parameters ?? [:]).filter { name, value in
      manifests.contains { $0.parameters[name]?.canonicalText != value.canonicalText }
    }.keys.sorted()
  }

  private static func keeping(_ replicas: [Int], of results: Results, scales: [String: Set<String>]) -> Results {
    Results(points: results.points.map { $0.keeping(replicas, scales: scales[$0.experiment] ?? []) })
  }

  /// What a single replica is given: of the inputs in ``own`` itself, along an axis of length 1.
  func results(for replica: Int) -> [String: Results] {
    results.reduce(into: results) { results, entry in
      if own.contains(entry.key) { results[entry.key] = Self.keeping([replica], of: entry.value, scales: scales) }
    }
  }
}
