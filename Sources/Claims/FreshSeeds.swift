private import Foundation
private import PaperKit
private import Platform

/// What the claims said on other random numbers: data/fresh-seeds.jsonl, one verification a line. It shows whether the
/// verdicts of the pipeline's own seed are luck.
package struct FreshSeeds {
  /// One verification of all claims of a profile.
  package struct Record: Codable, Sendable, Equatable {
    /// One claim's number.
    package struct Number: Codable, Sendable, Equatable {
      package let estimate: Double?
      package let standardError: Double?
    }

    package let seed: Int
    package let profile: String
    package let claims: Int
    /// Verdicts other than the expected ones, by claim.
    package let changed: [String: String]
    package let numbers: [String: Number]
  }

  package let path: String

  package init(root: String) { path = root + "/data/fresh-seeds.jsonl" }

  /// Adds the outcome of one verification.
  package func add(_ report: VerdictReport, seed: Int) throws {
    func rounded(_ value: Double?) -> Double? {
      value.flatMap { $0.isFinite ? Double(String(format: "%.5g", $0)) : nil }
    }
    let record = Record(
      seed: seed, profile: report.profile, claims: report.claims.count,
      changed: Dictionary(uniqueKeysWithValues: report.differing.map { ($0.claim.id, $0.verdict.rawValue) }),
      numbers: Dictionary(
        uniqueKeysWithValues: report.claims.filter { ($0.estimate?.standardError ?? 0) > 0 }.map {
          (
            $0.claim.id,
            .init(estimate: rounded($0.estimate?.value), standardError: rounded($0.estimate?.standardError))
          )
        }))
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    let line = Array(try encoder.encode(record)) + [UInt8(ascii: "\n")]
    try Files.append(line, to: path)
  }
}
