private import PaperKit
package import Pipeline
private import Store

extension Plan {
  /// Reports parameters that their experiment does not accept, at the points that `needed` selects, and files without the
  /// arrays it reads: a cell in the store was accepted when it was computed.
  package func validate(_ diagnostics: Diagnostics, where needed: (CellKey) -> Bool) {
    for stage in stages {
      if !stage.definition.data.isEmpty, stage.keys.contains(where: needed) { stage.validateData(diagnostics) }
      var told: Set<String> = []
      for index in 0..<stage.pointCount {
        let keys = stage.keys[(index * stage.blocks.count)..<((index + 1) * stage.blocks.count)]
        guard keys.contains(where: needed) else { continue }
        do {
          try stage.definition.experiment.validate(
            stage.parameters(index),
            replicaCount: stage.definition.readsOwnReplicas ? 1 : stage.definition.replicas.count)
        } catch let error as InvalidParameter {
          guard told.insert("\(error)").inserted else { continue }
          diagnostics.report(
            .refusedValue(name: error.name, value: error.value, allowed: error.allowed),
            at: stage.definition.locations[error.name] ?? stage.definition.location, in: "stage '\(stage.id)'")
        } catch {
          diagnostics.report(.message("\(error)"), at: stage.definition.location, in: "stage '\(stage.id)'")
        }
        guard stage.definition.experiment.validatesValues else { break }
      }
    }
  }
}

extension Plan.Stage {
  fileprivate func validateData(_ diagnostics: Diagnostics) {
    for file in definition.data {
      guard let bytes = file.bytes else { continue }
      do {
        _ = try DataFile.arrays(definition.experiment.data.filter { $0.file == file.name }, in: bytes)
      } catch {
        diagnostics.report(.badData(path: file.path, reason: "\(error)"), at: file.location, in: "stage '\(id)'")
      }
    }
  }
}
