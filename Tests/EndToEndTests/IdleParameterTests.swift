import Foundation
import NumericalMethods
import PaperKit
import Papers
import TestSupport
import Testing

extension Experiment {
  fileprivate static var idleNames: Set<String> { Set(Parameters.idleParameters.map(\.name)) }

  /// One replica at the defaults with some values changed, and whether a parameter is declared idle there.
  fileprivate static func outcome(
    _ changes: [String: ParameterValue], idle name: String
  ) throws -> (results: [OutputArray: NDArray], isIdle: Bool) {
    let parameters = try Parameters(values: Parameters().values().merging(changes) { $1 })
    let isIdle = Parameters.idleParameters.contains { $0.name == name && $0.isIdle(parameters) }
    return (try run(parameters, in: RunContext(replica: 1, streamKey: 77)), isIdle)
  }
}

/// Equal bit for bit, NaN to NaN.
private func isSame(_ one: [OutputArray: NDArray], _ other: [OutputArray: NDArray]) -> Bool {
  one.count == other.count
    && one.allSatisfy { output, array in
      array.shape == other[output]?.shape
        && zip(array.values, other[output]?.values ?? []).allSatisfy { $0.bitPattern == $1.bitPattern }
    }
}

/// A parameter without effect is declared so, refused where it is set, and really has none.
@Suite struct IdleParameterTests {
  /// A declared parameter with two values, the setting in which it is idle, and one in which it acts.
  private struct Example {
    let experiment: String
    let parameter: String
    let values: [ParameterValue]
    let idle: [String: ParameterValue]
    let acting: [String: ParameterValue]
  }

  private static let examples: [Example] = {
    let flow: [String: ParameterValue] = [
      "inputDimension": .integer(3), "lastTime": .real(5), "timeCount": .integer(4),
    ]
    let path: [String: ParameterValue] = [
      "inputDimension": .integer(3), "studentWidth": .integer(3), "sampleCount": .integer(8),
      "imageCount": .integer(5), "iterationCount": .integer(3),
    ]
    let certified: [String: ParameterValue] = [
      "inputDimension": .integer(10), "sampleCount": .integer(3), "maximumIterationCount": .integer(10),
      "greatestWidth": .integer(20_000),
    ]
    let small: [String: ParameterValue] = ["inputDimension": .integer(8)]
    // Narrow enough for the rank constraint to bind, which is where the flow is followed.
    let narrow: [String: ParameterValue] = [
      "inputDimension": .integer(10), "studentWidthRatio": .real(0.35), "teacherWidthRatio": .real(0.3),
      "noiseVariance": .real(1), "regularization": .real(0.01), "sampleRatio": .real(0.3),
    ]
    let oneRow: [String: ParameterValue] = [
      "inputDimension": .integer(60), "teacherWidth": .integer(1), "timeCount": .integer(4),
    ]
    let shortFlow: [String: ParameterValue] = ["lastTime": .real(5)]
    let network: [String: ParameterValue] = [
      "inputDimension": .integer(6), "studentWidth": .integer(3), "teacherWidth": .integer(2), "lastTime": .real(0.5),
    ]
    func with(_ base: [String: ParameterValue], _ more: [String: ParameterValue]) -> [String: ParameterValue] {
      base.merging(more) { $1 }
    }
    return [
      Example(
        experiment: "sarao2020/population-flow", parameter: "studentWidth", values: [.integer(2), .integer(5)],
        idle: flow, acting: with(flow, ["start": .text("wishart")])),
      Example(
        experiment: "sarao2020/population-flow", parameter: "teacherEigenvalues",
        values: [.list([.real(2)]), .list([.real(0.5)])], idle: flow, acting: with(flow, ["teacher": .text("diagonal")])
      ),
      Example(
        experiment: "sarao2020/minimum-energy-path", parameter: "descentStepCount", values: [.integer(2), .integer(9)],
        idle: with(path, ["beginning": .text("random")]), acting: path),
      Example(
        experiment: "oymak2019/certified-regime", parameter: "widthFactor", values: [.real(1), .real(1.5)],
        idle: certified, acting: with(certified, ["runsDescent": .flag(true)])),
      Example(
        experiment: "oymak2019/certified-regime", parameter: "maximumIterationCount",
        values: [.integer(5), .integer(60)], idle: certified, acting: with(certified, ["runsDescent": .flag(true)])),
      Example(
        experiment: "martin2026/gradient-descent", parameter: "learningRate", values: [.real(0.01), .real(0.02)],
        idle: with(small, ["lastTime": .real(1)]),
        acting: with(small, ["lastTime": .real(1), "dynamics": .text("descent")])),
      Example(
        experiment: "martin2026/regularized-minimum", parameter: "lastTime", values: [.real(1), .real(3)], idle: narrow,
        acting: with(narrow, ["followsFlow": .flag(true)])),
      Example(
        experiment: "martin2026/spectrum", parameter: "lastTime", values: [.real(1), .real(3)], idle: narrow,
        acting: with(narrow, ["followsFlow": .flag(true)])),
      Example(
        experiment: "martin2026/regularized-minimum", parameter: "followsFlow", values: [.flag(false), .flag(true)],
        idle: with(narrow, ["studentWidthRatio": .real(1)]), acting: narrow),
      Example(
        experiment: "martin2026/regularized-minimum", parameter: "gradientTolerance",
        values: [.real(0.1), .real(1e-6)],
        idle: with(narrow, ["followsFlow": .flag(true), "lastTime": .real(1)]), acting: narrow),
      Example(
        experiment: "martin2026/spectrum", parameter: "followsFlow", values: [.flag(false), .flag(true)],
        idle: with(narrow, ["studentWidthRatio": .real(1)]), acting: narrow),
      Example(
        experiment: "martin2026/spectrum", parameter: "gradientTolerance", values: [.real(0.1), .real(1e-6)],
        idle: with(narrow, ["followsFlow": .flag(true), "lastTime": .real(1)]), acting: narrow),
      Example(
        experiment: "martin2026/long-time", parameter: "lastSampleRatio", values: [.real(0.01), .real(0.5)],
        idle: ["firstSampleRatio": .real(0.3), "sampleRatioCount": .integer(1), "spectrumPointCount": .integer(2)],
        acting: ["firstSampleRatio": .real(0.005), "sampleRatioCount": .integer(2), "spectrumPointCount": .integer(2)]),
      Example(
        experiment: "martin2023/width-sweep", parameter: "startScale", values: [.real(1), .real(3)], idle: network,
        acting: with(network, ["start": .text("gaussian")])),
      Example(
        experiment: "martin2023/width-sweep", parameter: "startAnisotropy", values: [.real(1), .real(3)], idle: network,
        acting: with(network, ["start": .text("gaussian")])),
      Example(
        experiment: "bocchi2026/overlap-flow", parameter: "inputDimension", values: [.integer(50), .integer(5000)],
        idle: with(shortFlow, ["start": .text("informed"), "timeCount": .integer(4)]),
        acting: with(shortFlow, ["timeCount": .integer(4)])),
      Example(
        experiment: "bocchi2026/hessian", parameter: "learntCount", values: [.integer(0), .integer(1)],
        idle: ["studentWidth": .integer(3), "inputDimension": .integer(20)],
        acting: [
          "studentWidth": .integer(3), "inputDimension": .integer(20), "place": .text("critical"),
          "otherCount": .integer(1),
        ]),
      Example(
        experiment: "bocchi2026/hessian", parameter: "otherCount", values: [.integer(1), .integer(2)],
        idle: ["studentWidth": .integer(3), "inputDimension": .integer(20)],
        acting: ["studentWidth": .integer(3), "inputDimension": .integer(20), "place": .text("critical")]),
    ]
      + ["full-sgd", "reduced-sgd", "overlap-flow", "conserved-quantity"].map { name in
        let base = name == "conserved-quantity" ? oneRow : with(oneRow, shortFlow)
        return Example(
          experiment: "bocchi2026/\(name)", parameter: "teacherSpread", values: [.real(0), .real(0.3)], idle: base,
          acting: with(base, ["teacherWidth": .integer(2)]))
      }
      + ["gaussian-flow", "convergence-rates"].map { name in
        let base: [String: ParameterValue] = [
          "inputDimension": .integer(6), "studentWidth": .integer(3), "teacherWidth": .integer(2),
          "lastTime": .real(1), "timeCount": .integer(4),
        ]
        return Example(
          experiment: "martin2023/\(name)", parameter: "absoluteTolerance", values: [.real(1e-12), .real(1e-4)],
          idle: with(base, ["method": .text("riccati")]), acting: with(base, ["method": .text("direct")]))
      }
  }()

  private static let experiments = Dictionary(
    uniqueKeysWithValues: allPapers.flatMap(\.experiments).map { ($0.name, $0) })

  @Test("every declaration has an example here")
  func complete() {
    // The effect of these two is an error, no other number.
    let declared = Self.experiments.values.flatMap { experiment in
      experiment.idleNames.map { "\(experiment.name) \($0)" }
    }
    let shown = Self.examples.map { "\($0.experiment) \($0.parameter)" }
    #expect(
      Set(declared)
        == Set(shown).union([
          "oymak2019/certified-regime greatestWidth", "martin2026/regularized-minimum maximumIterationCount",
        ]))
  }

  @Test("an idle parameter changes not one bit, and one that acts does", arguments: examples.indices)
  func effects(_ index: Int) throws {
    let example = Self.examples[index]
    let experiment = try #require(Self.experiments[example.experiment])
    let idle = try example.values.map { value in
      try experiment.outcome(example.idle.merging([example.parameter: value]) { $1 }, idle: example.parameter)
    }
    #expect(idle.allSatisfy { $0.isIdle })
    #expect(isSame(idle[0].results, idle[1].results), "\(example.experiment) \(example.parameter)")
    let acting = try example.values.map { value in
      try experiment.outcome(example.acting.merging([example.parameter: value]) { $1 }, idle: example.parameter)
    }
    #expect(acting.allSatisfy { !$0.isIdle })
    #expect(!isSame(acting[0].results, acting[1].results), "\(example.experiment) \(example.parameter)")
  }

  private func status(_ stage: String) throws -> ProgramResult {
    let workspace = try Workspace()
    try workspace.write("seed: 1\nprofiles: [quick]\nfigures: []\nstages:\n  s:\n" + stage, to: "pipeline.yaml")
    return try runProgram(productPath("refig"), ["status"], in: workspace.path)
  }

  @Test(
    "a value without effect is refused with its place and the reason",
    arguments: [
      (
        """
            experiment: sarao2020/population-flow
            parameters: {teacherWidth: 2, studentWidth: 8}
        """, "pipeline.yaml:7:49: stage 's': parameter 'studentWidth' has no effect with start: identity"
      ),
      (
        """
            experiment: martin2026/long-time
            parameters: {sampleRatioCount: 1, lastSampleRatio: 0.6}
        """, "pipeline.yaml:7:56: stage 's': parameter 'lastSampleRatio' has no effect with sampleRatioCount: 1"
      ),
      // Acts at half of the points: half of the cells would be computed twice.
      (
        """
            experiment: martin2026/gradient-descent
            sweep:
              - {dynamics: [flow, descent]}
              - {learningRate: [0.01, 0.02]}
        """, "pipeline.yaml:9:24: stage 's': parameter 'learningRate' has no effect with dynamics: flow"
      ),
      (
        """
            experiment: martin2026/gradient-descent
            parameters: {learningRate: 0.02}
            sweep: [{regularization: [0, 0.1]}]
        """, "pipeline.yaml:7:32: stage 's': parameter 'learningRate' has no effect with dynamics: flow"
      ),
    ])
  func refused(_ stage: String, _ message: String) throws {
    let result = try status(stage)
    #expect(result.status == 2)
    #expect(result.errors.contains(message), "\(result.errors)")
  }

  @Test(
    "a value that acts somewhere, or in its group, passes",
    arguments: [
      """
          experiment: martin2026/gradient-descent
          parameters: {learningRate: 0.02}
          sweep: [{dynamics: [flow, descent]}]
      """,
      """
          experiment: martin2026/gradient-descent
          sweep:
            - - {dynamics: flow}
              - {dynamics: descent, learningRate: [0.01, 0.02]}
      """,
      """
          experiment: sarao2020/population-flow
          parameters: {start: wishart, studentWidth: 8}
      """,
    ])
  func accepted(_ stage: String) throws {
    let result = try status(stage)
    #expect(!result.errors.contains("no effect"), "\(result.errors)")
  }

  @Test("`try` refuses what has no effect, and a parameter set twice")
  func tried() throws {
    let workspace = try Workspace()
    func attempt(_ arguments: [String]) throws -> ProgramResult {
      try runProgram(productPath("refig"), ["try"] + arguments, in: workspace.path)
    }
    let idle = try attempt(["sarao2020/population-flow", "--set", "teacherEigenvalues=[2.0]"])
    #expect(idle.status == 2)
    #expect(idle.errors.contains("teacherEigenvalues: it has no effect with teacher: gaussian"), "\(idle.errors)")
    let twice = try attempt(["bocchi2026/plateau", "--set", "studentWidth=2", "--set", "studentWidth=4"])
    #expect(twice.status == 2)
    #expect(twice.errors.contains("'studentWidth' is set twice"), "\(twice.errors)")
    let acting = try attempt([
      "sarao2020/population-flow", "--set", "teacher=diagonal", "--set", "teacherEigenvalues=[2.0]", "--set",
      "lastTime=1.0",
    ])
    #expect(acting.status == 0, "\(acting.errors)")
  }
}
