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

  /// All parameters that vary, in sorted order.
  package var names: [String] { Set(factors.flatMap { $0.flatMap(\.names) }).sorted() }

  /// The points, one value for each of `names`; the first factor varies slowest. A parameter that a union's group leaves
  /// out keeps its value of `base`.
  package func points(base: [String: ParameterValue]) -> [[ParameterValue]] {
    let names = names
    var position: [String: Int] = [:]
    for (index, name) in names.enumerated() { position[name] = index }
    var points = [names.compactMap { base[$0] }]
    for factor in factors {
      var next: [[ParameterValue]] = []
      next.reserveCapacity(points.count * factor.reduce(0) { $0 + $1.rows.count })
      let groups = factor.map { group in (indices: group.names.compactMap { position[$0] }, rows: group.rows) }
      for point in points {
        for group in groups {
          for row in group.rows {
            var extended = point
            for (index, value) in zip(group.indices, row) { extended[index] = value }
            next.append(extended)
          }
        }
      }
      points = next
    }
    return points
  }
}
