private import NumericalMethods
private import PaperKit
package import Pipeline
package import Store

extension StoreCare {
  /// A cell and why it does not count as the same.
  package struct Difference: Sendable, Equatable {
    package let key: CellKey
    package let reason: String
  }

  /// What an audit found.
  package struct Audit: Sendable {
    package var differences: [Difference] = []
    /// Cells that could not be computed again, as something that they are computed from is not here.
    package var skipped: [Difference] = []
    /// How many cells were of other numeric classes than this machine's, and so compared to a tolerance.
    package var ofOtherClasses = 0
  }

  /// Computes cells again and compares them, bit for bit if they are of this machine's numeric class, else to a tolerance
  /// (see ``NumericClass``). Cells of other code than this build's are compared all the same. `files` are the project's data
  /// files, for cells whose own are not in the store.
  package func audit(_ keys: [CellKey], data files: [DataFile] = []) throws -> Audit {
    let worker = Worker(catalogue: catalogue, store: store)
    var audit = Audit()
    for key in keys {
      guard let stored = try store.cell(key), let experiment = catalogue.experiments[stored.manifest.experiment] else {
        audit.differences.append(
          Difference(key: key, reason: "not in the store, or of an experiment this refig does not have"))
        continue
      }
      var manifest = stored.manifest
      manifest.code = try catalogue.code(of: experiment)
      func fail(_ reason: String) {
        audit.differences.append(
          Difference(key: key, reason: "\(stored.manifest.experiment) gives no numbers now: \(reason)"))
      }
      do {
        let cell = try worker.compute(manifest, data: files)
        if stored.numericClass ?? .current != .current { audit.ofOtherClasses += 1 }
        if let difference = cell.difference(from: stored, outputs: experiment.outputs) {
          audit.differences.append(
            Difference(key: key, reason: "\(stored.manifest.experiment) gives other numbers now: \(difference)"))
        }
      } catch let absence as Absence {
        audit.skipped.append(Difference(key: key, reason: absence.description))
      } catch let error as EvidenceError {
        fail("\(error)")
      } catch PipelineError.programFailed(let reason) {
        fail(reason)
      }
    }
    return audit
  }
}
