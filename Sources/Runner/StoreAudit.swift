private import NumericalMethods
package import Pipeline
package import Store

extension StoreCare {
  /// A cell that was computed again and came out differently.
  package struct Difference: Sendable, Equatable {
    package let key: CellKey
    package let reason: String
  }

  /// Computes cells again and compares them bit for bit. Cells of other code than this build's are compared all the same.
  package func differences(of keys: [CellKey]) throws -> [Difference] {
    let worker = Worker(catalogue: catalogue, store: store)
    return try keys.compactMap { key in
      guard let stored = try store.cell(key), let experiment = catalogue.experiments[stored.manifest.experiment] else {
        return Difference(key: key, reason: "not in the store, or of an experiment this refig does not have")
      }
      var manifest = stored.manifest
      manifest.code = catalogue.code(of: experiment)
      let again = try worker.compute(manifest)
      // Bits, because NaN is a number like others here.
      func bits(_ arrays: [String: NDArray]) -> [String: [UInt64]] { arrays.mapValues { $0.values.map(\.bitPattern) } }
      let same =
        again.replicas == stored.replicas && bits(again.arrays) == bits(stored.arrays)
        && again.arrays.allSatisfy { stored.arrays[$0.key]?.shape == $0.value.shape }
        && again.failures.map(\.replica) == stored.failures.map(\.replica)
        && bits(again.coordinates).allSatisfy { bits(stored.coordinates)[$0.key] == $0.value }
      return same ? nil : Difference(key: key, reason: "\(stored.manifest.experiment) gives other numbers now")
    }
  }
}
