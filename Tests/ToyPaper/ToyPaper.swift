package import Engine
public import NumericalMethods
public import PaperKit

/// A random walk: one coordinate, one array over it, one single number.
public enum Walk: Experiment {
  public enum Law: String, Choice {
    case normal, uniform
  }

  public struct Parameters: ExperimentParameters {
    public var stepCount = 4
    public var drift = 0.0
    public var law = Law.normal
    public var isReflected = false
    public var weights = [1.0]
    public init() {}
    public func validate() throws {
      try require(stepCount >= 1, "stepCount", stepCount, allowed: "at least 1")
    }
  }

  public static let time = OutputArray("time", axes: ["time"], unit: "step", meaning: "time")
  public static let position = OutputArray("position", axes: ["time"], unit: "m", meaning: "where the walker is")
  public static let end = OutputArray("end", unit: "m", meaning: "where it ends")
  public static let name = "toy/walk"
  public static let sourceFile = "ToyPaper/Walk.swift"
  public static let outputs = [time, position, end]
  public static let mutants = [Mutant("no-drift", meaning: "the drift is forgotten")]

  public static func run(_ parameters: Parameters, in context: RunContext) throws -> [OutputArray: NDArray] {
    var random = context.random("steps")
    let drift = context.mutant == mutants[0] ? 0 : parameters.drift
    var positions = [0.0]
    for _ in 0..<parameters.stepCount {
      let step = parameters.law == .normal ? random.normal() : random.uniform() - 0.5
      positions.append(positions[positions.count - 1] + drift + step)
    }
    return [
      time: NDArray(positions.indices.map(Double.init)), position: NDArray(positions),
      end: NDArray(positions[positions.count - 1]),
    ]
  }
}

/// The mean end of the walks of another stage.
public enum Mean: Experiment {
  public struct Parameters: ExperimentParameters {
    public var factor = 1.0
    public init() {}
    public func validate() throws {}
  }

  public static let mean = OutputArray("mean", unit: "m", meaning: "factor times the mean end of all walks")
  public static let name = "toy/mean"
  public static let sourceFile = "ToyPaper/Mean.swift"
  public static let outputs = [mean]

  public static func run(_ parameters: Parameters, in context: RunContext) throws -> [OutputArray: NDArray] {
    guard let walks = context.inputs["walks"] else { throw EvidenceError("needs the input 'walks'") }
    let ends = try walks.points(of: Walk.self).flatMap { $0[Walk.end].values }
    return [mean: NDArray(parameters.factor * Statistics.mean(ends))]
  }
}

/// Fails in the way it is asked to.
public enum Fault: Experiment {
  public enum Kind: String, Choice {
    case none, numerical, notFinite, undeclared, wrongShape, crash, sleep, thrown
  }

  public struct Parameters: ExperimentParameters {
    public var kind = Kind.none
    /// The replica that fails.
    public var replica = 1
    public init() {}
    public func validate() throws {}
  }

  struct Unexpected: Error {}

  public static let value = OutputArray("value", meaning: "the number of the replica")
  public static let name = "toy/fault"
  public static let sourceFile = "ToyPaper/Fault.swift"
  public static let outputs = [value]

  public static func run(_ parameters: Parameters, in context: RunContext) throws -> [OutputArray: NDArray] {
    let result = NDArray(Double(context.replica))
    guard context.replica == parameters.replica else { return [value: result] }
    switch parameters.kind {
    case .none: return [value: result]
    case .numerical: throw NumericalError.notConverged(method: "toy", iterations: 3, residual: 0.5)
    case .notFinite: return [value: NDArray(.infinity)]
    case .undeclared: return [value: result, OutputArray("other", meaning: ""): result]
    case .wrongShape: return [value: NDArray([1, 2])]
    case .crash: preconditionFailure("asked to crash")
    case .sleep: while true {}
    case .thrown: throw Unexpected()
    }
  }
}

/// The toy paper.
public let toyPaper = Paper(
  key: "toy", citation: "A toy", experiments: [Walk.self, Mean.self, Fault.self],
  tables: [
    TableDefinition(
      "toy/ends", from: [Walk.self],
      columns: [Column("drift", meaning: "drift"), Column("end", unit: "m", meaning: "mean end")]
    ) { results in
      try results.points(of: Walk.self).map { [$0.parameters.drift, Statistics.mean($0[Walk.end].values)] }
    }
  ],
  estimators: [
    Estimator("toy/mean-end", from: [Walk.self], meaning: "mean end of the walks") { results in
      .mean(try results.points(of: Walk.self).flatMap { $0[Walk.end].values })
    },
    Estimator("toy/no-evidence", from: [Walk.self], meaning: "nothing") { _ in throw EvidenceError("nothing to see") },
  ])

/// The catalogue of the toy paper, as a build with this code of its files would have it.
package func toyCatalogue(code: [String: String] = [:]) -> Catalogue {
  var files = ["Walk", "Mean", "Fault", "Theory"].reduce(into: [:]) { $0["ToyPaper/\($1).swift"] = "digest-of-\($1)" }
  files["NumericalMethods/Brent.swift"] = "digest-of-Brent"
  files["ToyPaper/ToyPaperTables.swift"] = "digest-of-tables"
  return Catalogue(
    papers: [toyPaper], fingerprints: Fingerprints(files: files.merging(code) { $1 }, compiler: "toy-1"))
}
