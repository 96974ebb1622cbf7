private import Foundation
internal import PaperKit
internal import Pipeline
internal import Platform
internal import Store

/// Estimates made before, in `estimates` of a store: verdicts on cells that are all there need not read thousands of them.
///
/// An estimate is a function of code and of what is in the cells it reads; its name is made of the digests of both.
/// The file holds the estimates of one version of the code, with a digest of its own: whatever is wrong with it, it counts
/// as empty.
package final class KnownEstimations {
  private let store: Store
  private let codeDigest: String
  private var estimations: [String: Estimation] = [:]
  private var hasNew = false
  private var path: String { store.root + "/estimates" }

  init(store: Store, codeDigest: String) {
    self.store = store
    self.codeDigest = codeDigest
    do {
      guard let bytes = try Files.bytes(of: path, limit: 1 << 30), let end = bytes.firstIndex(of: UInt8(ascii: "\n"))
      else { return }
      let json = Array(bytes[(end + 1)...])
      guard bytes[..<end].elementsEqual(head(json).utf8) else { return }
      estimations = try Self.decoded(json)
    } catch {
      // Unreadable, or of another form: the estimates are then made again.
    }
  }

  /// What the estimator made of the cells, if that is known.
  func estimation(by estimator: Estimator, from cells: [String]) -> Estimation? {
    estimations[Self.name(estimator, cells)]
  }

  func add(_ estimation: Estimation, by estimator: Estimator, from cells: [String]) {
    estimations[Self.name(estimator, cells)] = estimation
    hasNew = true
  }

  /// Writes the new ones down.
  func save() {
    guard hasNew else { return }
    hasNew = false
    do {
      let json = try Self.encoded(estimations)
      try Files.write(Array("\(head(json))\n".utf8) + json, to: path, by: store.temporary("estimates"))
    } catch {
      // A store that cannot be written to: its verdicts only take longer the next time.
    }
  }

  private static func name(_ estimator: Estimator, _ cells: [String]) -> String {
    CellKey.digest(estimator.name + cells.map { "\n\($0)" }.joined())
  }

  private func head(_ json: [UInt8]) -> String {
    "refig estimates 1 \(codeDigest) \(json.withUnsafeBytes(CellKey.digest))"
  }

  /// Estimations as JSON, from which every bit of their numbers comes back.
  package static func encoded(_ estimations: [String: Estimation]) throws -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    return Array(try encoder.encode(estimations))
  }

  package static func decoded(_ json: [UInt8]) throws -> [String: Estimation] {
    let decoder = JSONDecoder()
    decoder.nonConformingFloatDecodingStrategy = .convertFromString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    return try decoder.decode([String: Estimation].self, from: Data(json))
  }
}
