package import PaperKit

/// The points of a stage: a cross product of factors. A factor is a group of parameters that advance together, or a
/// union of such groups.
package struct Sweep: Sendable, Equatable {
  /// Parameters that advance together, as rows of values.
  package struct Group: Sendable, Equatable {
    package let names: [String]
    package let rows: [[ParameterValue]]
  }

  package let factors: [[Group]]

  package init(factors: [[Group]]) { self.factors = factors }

  /// Points a stage may have.
  package static let pointLimit = 10_000_000

  /// Number of rows of every factor.
  package var factorSizes: [Int] { factors.map { $0.reduce(0) { $0 + $1.rows.count } } }

  /// Number of points; nil beyond what an Int holds.
  package var pointCount: Int? {
    var product = 1
    for size in factorSizes {
      let (next, overflow) = product.multipliedReportingOverflow(by: size)
      if overflow { return nil }
      product = next
    }
    return product
  }

  /// The values that the groups of one point give.
  package func given(_ number: Int) -> [String: ParameterValue] {
    var given: [String: ParameterValue] = [:]
    var rest = number
    for (factor, size) in zip(factors, factorSizes).reversed() {
      var row = rest % size
      rest /= size
      for group in factor {
        if row >= group.rows.count {
          row -= group.rows.count
          continue
        }
        for (name, value) in zip(group.names, group.rows[row]) { given[name] = value }
        break
      }
    }
    return given
  }

  /// All parameters that vary, in sorted order.
  package var names: [String] { Set(factors.flatMap { $0.flatMap(\.names) }).sorted() }

  /// One point, a value for each of `names`, of which `base` holds those that its groups leave out. Points are numbered
  /// with the first factor varying slowest; they are made when asked for, as a stage may have a million.
  package func point(_ number: Int, names: [String], base: [ParameterValue]) -> [ParameterValue] {
    var point = base
    var rest = number
    for (factor, size) in zip(factors, factorSizes).reversed() {
      var row = rest % size
      rest /= size
      for group in factor {
        if row >= group.rows.count {
          row -= group.rows.count
          continue
        }
        for (name, value) in zip(group.names, group.rows[row]) {
          if let index = names.firstIndex(of: name) { point[index] = value }
        }
        break
      }
    }
    return point
  }
}
