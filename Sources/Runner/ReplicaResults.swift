internal import NumericalMethods
internal import PaperKit
internal import Pipeline
internal import Store

/// What a block of replicas came to: arrays of those that succeeded, reasons of those that failed.
struct ReplicaResults {
  var arrays: [(replica: Int, arrays: [OutputArray: NDArray])] = []
  var failures: [(replica: Int, reason: String)] = []
}

extension Experiment {
  /// Runs a block of replicas. If the block fails numerically, its replicas run one by one, so that only those that fail
  /// are missing.
  static func results(_ values: [String: ParameterValue], _ contexts: [RunContext]) throws -> ReplicaResults {
    let parameters = try Parameters(values: values)
    var results = ReplicaResults()
    do {
      let block = try run(parameters, replicas: contexts)
      guard block.count == contexts.count else {
        throw EvidenceError("\(name) returned \(block.count) results for \(contexts.count) replicas")
      }
      results.arrays = zip(contexts, block).map { ($0.replica, $1) }
    } catch is NumericalError {
      for context in contexts {
        do {
          results.arrays.append((context.replica, try run(parameters, in: context)))
        } catch let error as NumericalError {
          results.failures.append((context.replica, error.description))
        }
      }
    }
    return results
  }
}

extension Cell {
  /// Stacks what replicas came to, which must be what their experiment declares.
  init(_ manifest: Manifest, _ results: ReplicaResults, of experiment: ExperimentDescription) throws {
    for (replica, arrays) in results.arrays { try experiment.check(arrays, of: replica) }
    var arrays: [String: NDArray] = [:]
    var coordinates: [String: NDArray] = [:]
    for output in experiment.outputs {
      let parts = results.arrays.compactMap { $0.arrays[output] }
      guard let first = parts.first else { continue }
      guard parts.allSatisfy({ $0.shape == first.shape }) else {
        throw EvidenceError("output '\(output.name)' has shapes that differ between replicas")
      }
      guard output.isCoordinate else {
        arrays[output.name] = NDArray.stack(parts)
        continue
      }
      guard parts.allSatisfy({ $0 == first }) else {
        throw EvidenceError("coordinate '\(output.name)' differs between replicas")
      }
      coordinates[output.name] = first
    }
    self.init(
      manifest: manifest, replicas: results.arrays.map(\.replica), failures: results.failures, arrays: arrays,
      coordinates: coordinates, numericClass: .current)
  }
}

extension ExperimentDescription {
  /// What an experiment returns must be what it declares.
  fileprivate func check(_ arrays: [OutputArray: NDArray], of replica: Int) throws {
    if let extra = arrays.keys.first(where: { !outputs.contains($0) }) {
      throw EvidenceError("\(name) returned '\(extra.name)', which it does not declare")
    }
    var lengths: [String: (length: Int, output: String)] = [:]
    for output in outputs {
      guard let array = arrays[output] else { throw EvidenceError("\(name) did not return '\(output.name)'") }
      guard array.rank == output.axes.count else {
        throw EvidenceError(
          shape(array, output, replica)
            + (output.axes.isEmpty
              ? "a single number is meant" : "an array with \(Text.count(output.axes.count, "dimension")) is meant"))
      }
      for (axis, length) in zip(output.axes, array.shape) {
        if let other = lengths[axis], other.length != length {
          throw EvidenceError(
            shape(array, output, replica)
              + "its length along '\(axis)' is \(length), that of '\(other.output)' \(other.length)")
        }
        lengths[axis] = lengths[axis] ?? (length, output.name)
      }
      if let bad = array.values.first(where: { !($0.isFinite || output.allowsNaN && $0.isNaN) }) {
        let advice =
          bad.isNaN
          ? "; where that is a result and no mistake, the output is declared with allowsNaN: true"
          : "; results are finite numbers, and a replica that has none fails"
        throw NumericalError.undefined(
          "output '\(output.name)' of replica \(replica) holds \(bad.readableText)\(advice)")
      }
    }
  }

  /// The beginning of a message: a shape as Python writes it, beside the axes.
  private func shape(_ array: NDArray, _ output: OutputArray, _ replica: Int) -> String {
    let lengths = array.shape.map(String.init).joined(separator: ", ") + (array.rank == 1 ? "," : "")
    return "output '\(output.name)' of replica \(replica): returned shape (\(lengths)), declared axes "
      + "[\(output.axes.joined(separator: ", "))]: "
  }
}
