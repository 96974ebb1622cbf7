public import NumericalMethods

/// A row of a table in the making: a sweep point of an experiment, or one place along axes of its outputs there.
public struct TableRow<E: Experiment>: Sendable {
  /// The sweep point; in a table with a row for each replica, with that replica alone.
  public let point: ExperimentPoint<E>
  /// The index on each axis that the table goes along, by the axis's name.
  let place: [String: Int]

  /// The parameters of the sweep point.
  public var parameters: E.Parameters { point.parameters }

  /// One number for each replica: an output at the place of this row. Checked: the table goes along all of its axes.
  public subscript(output: OutputArray) -> [Double] { perReplica(output) { $0[] } }

  /// One number for each replica, from its part of an output at the place of this row: shape of those axes, in order, that
  /// the table does not go along.
  public func perReplica(_ output: OutputArray, _ measure: (NDArray) throws -> Double) rethrows -> [Double] {
    precondition(!output.isCoordinate, "the scale '\(output.name)' is the same for every replica")
    let array = point[output]
    var (stride, free, start) = (1, [(length: Int, stride: Int)](), 0)
    for (axis, length) in zip(output.axes, array.shape.dropFirst()).reversed() {
      if let index = place[axis] {
        precondition(index < length, "'\(output.name)' has \(length) elements along '\(axis)'")
        start += index * stride
      } else {
        free.insert((length, stride), at: 0)
      }
      stride *= length
    }
    let offsets = free.reduce([start]) { offsets, axis in
      offsets.flatMap { offset in (0..<axis.length).map { offset + $0 * axis.stride } }
    }
    return try (0..<point.replicaCount).map { replica in
      let first = replica * stride
      return try measure(NDArray(shape: free.map(\.length), values: offsets.map { array.values[first + $0] }))
    }
  }

  /// An output at the place of this row in the first replica: the only one of a calculation without chance. Of what has more
  /// axes than the table goes along, `element` says which number.
  public func first(_ output: OutputArray, element: (NDArray) -> Double = { $0[] }) -> Double {
    perReplica(output, element)[0]
  }

  /// The mean of an output at the place of this row over the replicas, those left out for which it is NaN.
  public func mean(_ output: OutputArray) -> Double { Statistics.mean(self[output].filter { !$0.isNaN }) }

  /// The value of a scale at the place of this row. Checked: the table goes along its axis.
  public func place(_ coordinate: OutputArray) -> Double {
    guard let index = place[coordinate.name] else {
      preconditionFailure("the table does not go along '\(coordinate.name)'")
    }
    return point[coordinate].values[index]
  }

  /// The rows of a sweep point: one, or one for each place along some axes, the last of which runs fastest.
  static func rows(_ point: ExperimentPoint<E>, along axes: [OutputArray]) -> [Self] {
    let places = axes.reduce([[:]]) { (places: [[String: Int]], axis) in
      places.flatMap { place in
        point[axis].values.indices.map { place.merging([axis.name: $0]) { $1 } }
      }
    }
    return places.map { Self(point: point, place: $0) }
  }
}
