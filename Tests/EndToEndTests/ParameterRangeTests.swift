import PaperKit
import Papers
import Testing

extension Experiment {
  fileprivate static var values: [String: ParameterValue] { Parameters().values() }

  /// What is allowed instead, when the defaults with one value changed are refused; nil when they pass.
  fileprivate static func refusal(_ name: String, _ value: ParameterValue) throws -> String? {
    do {
      _ = try Parameters(values: values.merging([name: value]) { $1 })
      return nil
    } catch let error as InvalidParameter {
      return error.allowed
    }
  }
}

/// Parameters come from files: whatever stands there, an experiment answers with a message, not with a trap.
@Suite struct ParameterRangeTests {
  private static let experiments = allPapers.flatMap(\.experiments)

  /// Values at the ends of what a file can hold; those a parameter cannot take are skipped.
  private static let extremes: [ParameterValue] = [
    .integer(.max), .integer(.min), .integer(0), .integer(-1), .real(1e300), .real(.leastNonzeroMagnitude), .real(0),
    .real(-1e300),
    .real(1), .list([]), .list([.real(1e300)]), .list([.integer(.max)]), .text(""),
  ]

  @Test("every value is taken or refused with a reason", arguments: experiments.indices)
  func noTraps(_ index: Int) throws {
    let experiment = Self.experiments[index]
    for name in experiment.values.keys {
      for value in Self.extremes {
        if let reason = try experiment.refusal(name, value) { #expect(!reason.isEmpty, "\(name) = \(value)") }
      }
    }
  }

  /// N enters the equations of bocchi2026 as a number, not as a count.
  private static let unbounded: Set = [
    "bocchi2026/overlap-flow", "bocchi2026/hessian", "bocchi2026/hessian-path", "bocchi2026/late-time",
    "bocchi2026/conserved-quantity", "bocchi2026/escape-time", "bocchi2026/escape-rate",
  ]

  @Test("nothing that is counted goes without a largest value", arguments: experiments.indices)
  func counts(_ index: Int) throws {
    let experiment = Self.experiments[index]
    for (name, value) in experiment.values {
      guard case .integer = value else { continue }
      if name == "inputDimension", Self.unbounded.contains(experiment.name) { continue }
      #expect(try experiment.refusal(name, .integer(.max)) != nil, "\(experiment.name) \(name)")
    }
  }

  @Test("no number of steps is beyond whole numbers", arguments: experiments.indices)
  func steps(_ index: Int) throws {
    let experiment = Self.experiments[index]
    let absurd: [String: ParameterValue] = [
      "lastTime": .real(1e300), "learningRate": .real(1e-300), "parameterRatio": .real(1e-300),
      "relativeTolerance": .real(1e-17),
    ]
    for name in experiment.values.keys {
      guard let value = absurd[name] else { continue }
      #expect(try experiment.refusal(name, value) != nil, "\(experiment.name) \(name)")
    }
  }
}
