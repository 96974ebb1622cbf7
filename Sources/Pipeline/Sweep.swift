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
  /// Number of rows of every factor.
  package let factorSizes: [Int]

  package init(factors: [[Group]]) {
    self.factors = factors
    factorSizes = factors.map { $0.reduce(0) { $0 + $1.rows.count } }
  }

  /// Points a stage may have.
  package static let pointLimit = 10_000_000

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
    for index in factors.indices.reversed() {
      var row = rest % factorSizes[index]
      rest /= factorSizes[index]
      for group in factors[index] {
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

  /// Whether a point fulfils conditions on parameters, of which `base` holds those that a group or all groups leave out.
  /// Factors do not depend on each other, so that not all points need be looked at.
  package func hasPoint(base: [String: ParameterValue], where isAllowed: (String, ParameterValue) -> Bool) -> Bool {
    let varying = Set(names)
    guard base.allSatisfy({ varying.contains($0.key) || isAllowed($0.key, $0.value) }) else { return false }
    return factors.allSatisfy { groups in
      let own = Set(groups.flatMap(\.names))
      return groups.contains { group in
        let isLeftOutAllowed = own.subtracting(group.names).allSatisfy { name in
          base[name].map { isAllowed(name, $0) } ?? true
        }
        return isLeftOutAllowed
          && group.rows.contains { row in zip(group.names, row).allSatisfy { isAllowed($0, $1) } }
      }
    }
  }

  /// The values that a parameter has at some point.
  package func values(of name: String, base: ParameterValue?) -> Set<ParameterValue> {
    guard let groups = factors.first(where: { $0.contains { $0.names.contains(name) } }) else {
      return base.map { [$0] } ?? []
    }
    return groups.reduce(into: []) { values, group in
      if let column = group.names.firstIndex(of: name) {
        values.formUnion(group.rows.map { $0[column] })
      } else if let base {
        values.insert(base)
      }
    }
  }
}
