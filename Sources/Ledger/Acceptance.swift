private import Glibc
private import NumericalMethods
package import Pipeline
private import Platform
package import Store

/// A stage whose lines could be kept after a change of code, with the cells that have to agree.
package struct Acceptance {
  package let stage: Plan.Stage
  /// Numbers of the cells to compute again.
  package let sample: [Int]
  let record: StageRecord
}

extension LedgerReader {
  /// What has to be shown before a stage's lines stand for today's code; nil unless code alone has changed, or inputs whose
  /// own stages are current.
  package func acceptance(of stage: Plan.Stage, sample: Int, seed: String) -> Acceptance? {
    guard let standing = standings[stage.id], !standing.isCurrent, let record = standing.record else { return nil }
    let basis = standing.basis
    var sameCode = record.basis
    sameCode.code = basis.code
    sameCode.inputs = basis.inputs
    guard sameCode == basis, stage.definition.inputs.allSatisfy({ standings[$0.stage]?.isCurrent ?? false }) else {
      return nil
    }
    var random = RandomStream(key: CellKey.streamKey(seed), purpose: "accept", stream: 0)
    let cells = standing.outcomes.keys.sorted()
    return Acceptance(
      stage: stage, sample: random.permutation(cells.count).prefix(sample).map { cells[$0] }, record: record)
  }

  /// Writes a stage's lines down for today's code, if the sample, computed in `store`, has the results that they say. Throws
  /// ``PipelineError/auditFailed(count:first:)`` if not, and changes nothing.
  package func accept(_ acceptance: Acceptance, store: Store, who: String, reason: String, time: String) throws {
    let stage = acceptance.stage
    let outputs = stage.definition.experiment.outputs
    let differing = try acceptance.sample.filter { index in
      guard let cell = try store.cell(stage.keys[index]), let outcome = standings[stage.id]?.outcomes[index] else {
        return true
      }
      return Audit.difference(cell, outcome, outputs) != nil
    }
    if let first = differing.first {
      throw PipelineError.auditFailed(count: differing.count, first: "\(stage.id) \(stage.label(first))")
    }
    guard let basis = standings[stage.id]?.basis else { return }
    var record = acceptance.record
    record.acceptances.append(
      CodeAcceptance(
        time: time, who: who, reason: reason, sampled: acceptance.sample.count,
        from: Manifest.digest(ofCode: record.basis.code), to: Manifest.digest(ofCode: basis.code)))
    record.basis = basis
    let text = record.text
    let path = LedgerFile.path(.stage, stage.id, text: text)
    let target = "\(ledger.folder)/\(path)"
    try Files.write(Array(text.utf8), to: target, by: "\(target).\(getpid()).tmp", isDurable: true)
  }
}
