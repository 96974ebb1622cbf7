package import NumericalMethods
package import PaperKit

extension NumericClass {
  /// What two classes may be apart whatever the magnitude: an output that is zero but for rounding, such as a residual or
  /// the drift of an invariant, is another small number in each. Outputs are of order one or scaled to it.
  package static let absoluteTolerance = 1e-9
  /// Units of outputs that count the work of a method. When it stops is decided at a threshold, by the last bits too, so
  /// such outputs are not compared across classes.
  package static let unitsOfWork: Set = ["steps", "iterations"]
}

extension Cell {
  /// What tells a cell from another of the same replicas, nil if nothing does. Cells of one numeric class must have the
  /// same bits, and so must those that do not say their class. Of two classes, the numbers of each output must agree to
  /// ``NumericClass/tolerance`` of the greatest of them, or to ``NumericClass/absoluteTolerance``.
  ///
  /// `other` may have more scales: those that stand for plain indices exist in a file only.
  package func difference(from other: Cell, outputs: [OutputArray]) -> String? {
    guard replicas == other.replicas, failures.map(\.replica) == other.failures.map(\.replica) else {
      return "replicas \(failures.map(\.replica)) failed, where \(other.failures.map(\.replica)) did"
    }
    guard Set(arrays.keys) == Set(other.arrays.keys) else {
      return "the outputs are \(arrays.keys.sorted()), where they were \(other.arrays.keys.sorted())"
    }
    let areOfOneClass = Self.areOfOneClass(self, other)
    let countsOfWork = Set(outputs.filter { NumericClass.unitsOfWork.contains($0.unit) }.map(\.name))
    let both = arrays.merging(coordinates) { $1 }
    let theirs = other.arrays.merging(other.coordinates) { $1 }
    for (name, array) in both.sorted(by: { $0.key < $1.key }) {
      guard let their = theirs[name], array.shape == their.shape else {
        return "'\(name)' has shape \(array.shape), where it was \(theirs[name]?.shape ?? [])"
      }
      if !areOfOneClass, countsOfWork.contains(name) { continue }
      let agrees: (Double, Double) -> Bool
      if areOfOneClass {
        // Bits, because NaN is a number like others here.
        agrees = { $0.bitPattern == $1.bitPattern }
      } else {
        let greatest = (array.values + their.values).reduce(0) { $1.isFinite ? max($0, abs($1)) : $0 }
        let bound = max(NumericClass.absoluteTolerance, NumericClass.tolerance * greatest)
        agrees = { $0 == $1 || abs($0 - $1) <= bound || $0.isNaN && $1.isNaN }
      }
      guard let place = array.values.indices.first(where: { !agrees(array.values[$0], their.values[$0]) }) else {
        continue
      }
      let isCoordinate = coordinates[name] != nil
      let replica = isCoordinate ? "" : " of replica \(replicas[place / (array.values.count / replicas.count)])"
      return "'\(name)'\(replica) holds \(array.values[place]), where it held \(their.values[place])"
    }
    return nil
  }

  /// Whether two cells hold the same bits for one replica, which stands in a row of each; cells of two classes need not.
  func agrees(inRow row: Int, with other: Cell, inRow otherRow: Int) -> Bool {
    guard Self.areOfOneClass(self, other) else { return true }
    return arrays.allSatisfy { name, array in
      guard let their = other.arrays[name] else { return false }
      let size = array.shape.dropFirst().reduce(1, *)
      return (0..<size).allSatisfy {
        array.values[row * size + $0].bitPattern == their.values[otherRow * size + $0].bitPattern
      }
    }
  }

  private static func areOfOneClass(_ first: Cell, _ second: Cell) -> Bool {
    guard let first = first.numericClass, let second = second.numericClass else { return true }
    return first == second
  }
}
