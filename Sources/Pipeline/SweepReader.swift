internal import PaperKit

/// Reads `sweep:` of one stage.
struct SweepReader {
  let context: String
  let defaults: [String: ParameterValue]
  /// What parameters are that a point does not set.
  let base: [String: ParameterValue]
  let stage: StageReader
  static let ranges = ["range", "linspace", "logspace"]

  func sweep(_ value: YAMLValue?, locations: inout [String: SourceLocation]) -> Sweep? {
    guard let value else { return Sweep(factors: []) }
    guard let list = value.list("sweep", in: context) else { return nil }
    var factors: [[Sweep.Group]] = []
    var taken: Set<String> = []
    for factor in list {
      let groups = factor.listOrSingle.compactMap { group($0, &locations) }
      guard groups.count == factor.listOrSingle.count else { return nil }
      for name in Set(groups.flatMap(\.names)) where !taken.insert(name).inserted {
        factor.report(.repeatedParameter(name), in: context)
      }
      guard groups.contains(where: { !$0.rows.isEmpty }) else {
        factor.report(.emptySweep, in: context)
        return nil
      }
      factors.append(united(groups))
    }
    let sweep = Sweep(factors: factors)
    guard let count = sweep.pointCount, count <= Sweep.pointLimit else {
      value.report(.sweepTooLarge(factors: sweep.factorSizes, limit: Sweep.pointLimit), in: context)
      return nil
    }
    return sweep
  }

  /// The groups of a factor without the points that an earlier group has: a union has every point once.
  private func united(_ groups: [Sweep.Group]) -> [Sweep.Group] {
    guard groups.count > 1 else { return groups }
    let names = Set(groups.flatMap(\.names)).sorted()
    var seen: Set<[ParameterValue?]> = []
    return groups.compactMap { group in
      let rows = group.rows.filter { row in
        let values = Dictionary(zip(group.names, row)) { $1 }
        return seen.insert(names.map { values[$0] ?? base[$0] }).inserted
      }
      return rows.isEmpty ? nil : Sweep.Group(names: group.names, rows: rows)
    }
  }

  private func group(_ value: YAMLValue, _ locations: inout [String: SourceLocation]) -> Sweep.Group? {
    guard let mapping = value.mapping("sweep", in: context) else { return nil }
    var columns: [(name: String, values: [ParameterValue], isList: Bool, elements: [YAMLValue]?)] = []
    for entry in mapping.entries {
      guard let standard = stage.known(entry.key, defaults, at: entry.location) else { continue }
      guard let values = values(entry.key, entry.value, like: standard) else { continue }
      locations[entry.key] = entry.value.location
      columns.append((entry.key, values.list, values.isList, entry.value.elements))
    }
    guard columns.count == mapping.entries.count else { return nil }
    let lists = columns.filter(\.isList)
    let count = lists.first?.values.count ?? 1
    guard lists.allSatisfy({ $0.values.count == count }) else {
      value.report(.unequalLists(lists.map { ($0.name, $0.values.count) }), in: context)
      return nil
    }
    guard count > 0, !columns.isEmpty else {
      value.report(.emptySweep, in: context)
      return nil
    }
    let rows = (0..<count).map { row in columns.map { $0.isList ? $0.values[row] : $0.values[0] } }
    var seen: Set<[ParameterValue]> = []
    for (index, row) in rows.enumerated() where !seen.insert(row).inserted {
      let place = lists.count == 1 ? lists[0].elements?[index] : nil
      let point = zip(columns, row).filter { $0.0.isList }.map { "\($0.name) \($1.canonicalText)" }
      (place ?? value).report(.repeatedValue(point.joined(separator: ", ")), in: context)
      return nil
    }
    return Sweep.Group(names: columns.map(\.name), rows: rows)
  }

  /// The values of one parameter: a list, a range, or a single value (which a list beside it broadcasts).
  private func values(_ name: String, _ value: YAMLValue, like standard: ParameterValue) -> (
    list: [ParameterValue], isList: Bool
  )? {
    switch (value.content, standard) {
    case (.list(let elements), _):
      // For a parameter that is itself a list, a list of numbers is one value.
      if case .list = standard, !elements.allSatisfy({ if case .list = $0.content { true } else { false } }) {
        return stage.parameter(name, value, like: standard).map { ([$0], false) }
      }
      let list = elements.compactMap { stage.parameter(name, $0, like: standard) }
      return list.count == elements.count ? (list, true) : nil
    case (.mapping, _): return range(name, value, like: standard).map { ($0, true) }
    default: return stage.parameter(name, value, like: standard).map { ([$0], false) }
    }
  }

  private func range(_ name: String, _ value: YAMLValue, like standard: ParameterValue) -> [ParameterValue]? {
    guard let mapping = value.mapping(name, allowing: Self.ranges, in: context) else { return nil }
    guard let entry = mapping.entries.first, mapping.entries.count == 1 else {
      value.report(.notOneRange(name, known: Self.ranges), in: context)
      return nil
    }
    guard Self.ranges.contains(entry.key), let values = entry.value.list(entry.key, in: context) else { return nil }
    let numbers = values.compactMap { $0.writtenNumber(entry.key, in: context) }
    guard numbers.count == values.count else { return nil }
    func refuse(_ allowed: String) -> [ParameterValue]? {
      let value = "[\(numbers.map(\.text).joined(separator: ", "))]"
      entry.value.report(.refusedValue(name: "\(name).\(entry.key)", value: value, allowed: allowed), in: context)
      return nil
    }
    guard numbers.allSatisfy(\.nearest.isFinite) else { return refuse("finite numbers") }
    let grid: [Double]
    do throws(NumberGrid.Refusal) {
      switch entry.key {
      case "range":
        guard (2...3).contains(numbers.count) else { return refuse("[first, last] or [first, last, step]") }
        grid = try NumberGrid.range(
          numbers[0], numbers[1], step: numbers.count == 3 ? numbers[2] : .one, limit: Sweep.pointLimit)
      default:
        guard numbers.count == 3, let count = numbers[2].integer, (2...Sweep.pointLimit).contains(count) else {
          return refuse("[first, last, count] with a count of at least 2")
        }
        let make = entry.key == "linspace" ? NumberGrid.linear : NumberGrid.logarithmic
        grid = try make(numbers[0], numbers[1], count)
      }
    } catch {
      return refuse(error.allowed)
    }
    switch standard {
    case .real: return grid.map(ParameterValue.real)
    case .integer:
      // Beyond it a Double has no room for every whole number.
      guard grid.allSatisfy({ abs($0) <= 0x1p53 }) else { return refuse("whole numbers up to 2^53") }
      // Its decimals are written as good as one by one; numbers between two ends are asked for, where they may be.
      guard entry.key != "range" || grid.allSatisfy({ $0 == $0.rounded() }) else {
        return refuse("whole numbers, as '\(name)' is one")
      }
      var integers: [ParameterValue] = []
      for number in grid.map({ ParameterValue.integer(Int($0.rounded())) }) where integers.last != number {
        integers.append(number)
      }
      return integers
    default: return refuse("only for parameters that are numbers")
    }
  }
}
