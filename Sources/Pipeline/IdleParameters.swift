package import PaperKit

extension Experiment {
  /// Names of the parameters that some values of the others make idle.
  package static var idleParameterNames: Set<String> { Set(Parameters.idleParameters.map(\.name)) }

  /// Those of some parameters (nil: of all) that have no effect at these values, with when that is; none where the values
  /// are refused anyway.
  package static func idleParameters(
    of values: [String: ParameterValue], among names: Set<String>? = nil
  ) -> [String: String] {
    do {
      let parameters = try Parameters(values: values)
      return Dictionary(
        Parameters.idleParameters.filter { (names?.contains($0.name) ?? true) && $0.isIdle(parameters) }
          .map { ($0.name, $0.condition) }
      ) { first, _ in first }
    } catch { return [:] }
  }
}

extension PipelineFile.Stage {
  /// Reports values without effect: one fixed for the stage that acts at none of its points, and one of a sweep at a point
  /// where it does nothing, which would compute the same again under another key.
  func reportIdleParameters(fixed: Set<String>, _ diagnostics: Diagnostics) {
    // Most experiments have none, and a stage may have a million points.
    let candidates = experiment.idleParameterNames.intersection(locations.keys)
    guard !candidates.isEmpty else { return }
    var acting: Set<String> = []
    var conditions: [String: String] = [:]
    var swept: [String: (idle: Int, given: Int)] = [:]
    for number in 0..<(sweep.pointCount ?? 0) {
      let given = sweep.given(number)
      // Whether it acts can take a calculation: of a fixed one that has acted it is not asked again.
      let open = candidates.filter { given[$0] != nil || !acting.contains($0) }
      guard !open.isEmpty else { continue }
      let idle = experiment.idleParameters(of: base.merging(given) { $1 }, among: open)
      for name in open {
        if let condition = idle[name] { conditions[name] = conditions[name] ?? condition }
        if given[name] != nil {
          swept[name, default: (0, 0)].given += 1
          if idle[name] != nil { swept[name, default: (0, 0)].idle += 1 }
        } else if idle[name] == nil {
          acting.insert(name)
        }
      }
    }
    for name in candidates.sorted() {
      guard let condition = conditions[name] else { continue }
      let counts = swept[name] ?? (0, 0)
      // A fixed value that every point overwrites is the sweep's to report, if anybody's.
      let isIdleEverywhere = fixed.contains(name) && !acting.contains(name) && counts.given == 0
      guard counts.idle > 0 || isIdleEverywhere else { continue }
      diagnostics.report(
        .idleParameter(name, condition: condition, idleCount: counts.idle, pointCount: counts.given),
        at: locations[name] ?? location, in: "stage '\(id)'")
    }
  }
}
