internal import NumericalMethods

/// A number for each replica of a sweep point: an output, or its element at a place on its axes.
public struct Quantity: Sendable, Hashable {
  /// Name of the output.
  public let output: String
  /// Where on each of its axes: the value of the axis's scale, or the index where it has none.
  public let place: [String: Double]
  /// Values of parameters that its sweep points have; empty: all.
  public let conditions: [String: [ParameterValue]]

  /// Declares a quantity.
  public init(_ output: String, at place: [String: Double] = [:], where conditions: [String: [ParameterValue]] = [:]) {
    self.output = output
    self.place = place
    self.conditions = conditions
  }

  /// The quantity in words: "loss at time = 10 where width = 4".
  public var description: String {
    func list(_ parts: [String], _ word: String) -> String {
      parts.isEmpty ? "" : " \(word) " + parts.sorted().joined(separator: ", ")
    }
    return output + list(place.map { "\($0) = \($1)" }, "at")
      + list(
        conditions.map { "\($0) = \($1.map(\.canonicalText).joined(separator: " or "))" }, "where")
  }
}

/// A quantity at one sweep point.
struct Sample {
  enum Values {
    /// Of a calculation without chance.
    case exact(Double)
    /// By number of the replica; those that are not numbers count as failed.
    case replicas([Int: Double], failed: Set<Int>)
  }

  let parameters: [String: ParameterValue]
  let values: Values

  /// Replicas without a number.
  var failed: Set<Int> { if case .replicas(_, let failed) = values { failed } else { [] } }
}

extension Quantity {
  /// The quantity at every point that has it, in order. Throws ``EvidenceError`` where a point lacks the place on an axis.
  func samples(_ results: Results, isExact: (Results.Point) throws -> Bool) throws -> [Sample] {
    try results.points.compactMap { point in
      let isMeant = conditions.allSatisfy { name, allowed in
        guard let value = point.parameters[name] else { return false }
        return allowed.contains(where: value.isSame)
      }
      guard isMeant, point.replicaCount > 0, let array = point.arrays[output] else { return nil }
      let numbers = try numbers(array, of: point)
      if try isExact(point) {
        guard numbers.count == 1 else {
          throw EvidenceError("\(point.experiment) is a calculation without chance, but has \(numbers.count) replicas")
        }
        return Sample(parameters: point.parameters, values: .exact(numbers[0]))
      }
      var found: [Int: Double] = [:]
      for (replica, number) in zip(point.replicas, numbers) where !number.isNaN { found[replica] = number }
      let failed = Set(point.replicas + point.failedReplicas).subtracting(found.keys)
      return Sample(parameters: point.parameters, values: .replicas(found, failed: failed))
    }
  }

  /// One number for each replica in an array of shape [replica] + axes.
  private func numbers(_ array: NDArray, of point: Results.Point) throws -> [Double] {
    let axes = try axes(array, of: point)
    return try (0..<point.replicaCount).map { replica in
      var element = array.slice(replica)
      for axis in axes { element = element.slice(try index(on: axis, of: element.shape[0], in: point)) }
      return element[]
    }
  }

  /// The axes of an output in order. Results do not name them, so the place must: one name, or none.
  private func axes(_ array: NDArray, of point: Results.Point) throws -> [String] {
    let names = place.keys.sorted()
    guard array.rank - 1 == names.count, names.count < 2 else {
      throw EvidenceError(
        "'\(output)' has \(array.rank - 1) axes and a place on \(names.count); estimates are of numbers, or of an element "
          + "of an array with one axis")
    }
    return names
  }

  private static func indices(_ length: Int) -> String {
    switch length {
    case 0: "it has none at all"
    case 1: "its only index is 0"
    default: "its indices go from 0 to \(length - 1)"
    }
  }

  private func index(on axis: String, of length: Int, in point: Results.Point) throws -> Int {
    let wanted = place[axis] ?? 0
    guard let scale = point.arrays[axis]?.values, scale.count == length else {
      guard let index = Int(exactly: wanted), (0..<length).contains(index) else {
        throw EvidenceError("'\(output)' has no element \(wanted) along '\(axis)': \(Self.indices(length))")
      }
      return index
    }
    let found = scale.indices.filter { abs(scale[$0] - wanted) <= 1e-12 * max(abs(scale[$0]), abs(wanted)) }
    guard let index = found.first else {
      throw EvidenceError("\(axis) \(wanted) is not among the \(length) from \(scale.least()) to \(scale.greatest())")
    }
    guard found.count == 1 else { throw EvidenceError("\(axis) is \(wanted) at \(found.count) places of '\(output)'") }
    return index
  }
}
