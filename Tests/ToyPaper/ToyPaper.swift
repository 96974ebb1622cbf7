private import Foundation
package import NumericalMethods
package import PaperKit
package import Pipeline
private import Reports
package import Runner
private import Slurm
private import Store

/// A random walk: one coordinate, one array over it, one single number.
package enum Walk: Experiment {
  package enum Law: String, Choice {
    case normal, uniform
  }

  package struct Parameters: ExperimentParameters {
    @Parameter("number of steps", atLeast: 1) package var stepCount = 4
    @Parameter("mean of a step") package var drift = 0.0
    @Parameter("law of a step") package var law = Law.normal
    @Parameter("whether there is a wall") package var isReflected = false
    @Parameter("what nothing reads") package var weights = [1.0]
    package init() {}
  }

  package static let time = OutputArray("time", axes: ["time"], unit: "step", meaning: "time")
  package static let position = OutputArray("position", axes: ["time"], unit: "m", meaning: "where the walker is")
  package static let end = OutputArray("end", unit: "m", meaning: "where it ends")
  package static let name = "toy/walk"
  package static let sourceFile = "ToyPaper/Walk.swift"
  package static let outputs = [time, position, end]
  package static let mutants = [Mutant("no-drift", meaning: "the drift is forgotten")]

  package static func run(_ parameters: Parameters, in context: RunContext) throws -> [OutputArray: NDArray] {
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
package enum Mean: Experiment {
  package struct Parameters: ExperimentParameters {
    @Parameter("factor of the result") package var factor = 1.0
    package init() {}
  }

  package static let mean = OutputArray("mean", unit: "m", meaning: "factor times the mean end of all walks")
  package static let name = "toy/mean"
  package static let sourceFile = "ToyPaper/Mean.swift"
  package static let outputs = [mean]

  package static func run(_ parameters: Parameters, in context: RunContext) throws -> [OutputArray: NDArray] {
    guard let walks = context.inputs["walks"] else { throw EvidenceError("needs the input 'walks'") }
    let ends = try walks.points(of: Walk.self).flatMap { $0[Walk.end].values }
    return [mean: NDArray(parameters.factor * Statistics.mean(ends))]
  }
}

/// Fails in the way it is asked to.
package enum Fault: Experiment {
  package enum Kind: String, Choice {
    case none, numerical, notFinite, undeclared, wrongShape, crash, killed, sleep, memory, endless, thrown, alone, gate
    case read, write, column, array
  }

  package struct Parameters: ExperimentParameters {
    @Parameter("what goes wrong") package var kind = Kind.none
    @Parameter("the replica that fails") package var replica = 1
    @Parameter("a file that only one cell at a time may hold, or that a cell waits for") package var path = ""
    @Parameter("row in which a matrix of 3 rows and 5 columns is read or written") package var row = 0
    @Parameter("its column") package var column = 0
    package init() {}
  }

  struct Unexpected: Error {}

  package static let value = OutputArray("value", meaning: "the number of the replica")
  package static let name = "toy/fault"
  package static let sourceFile = "ToyPaper/Fault.swift"
  package static let outputs = [value]

  package static func run(_ parameters: Parameters, in context: RunContext) throws -> [OutputArray: NDArray] {
    let result = NDArray(Double(context.replica))
    if parameters.kind == .alone {
      let descriptor = open(parameters.path, O_RDWR | O_CREAT, 0o644)
      defer { close(descriptor) }
      guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else { throw Unexpected() }
      var random = context.random("work")
      for _ in 0..<1_000_000 { _ = random.normal() }
      return [value: result]
    }
    guard context.replica == parameters.replica else { return [value: result] }
    var taken: [UInt8] = []
    switch parameters.kind {
    case .none, .alone: return [value: result]
    case .numerical: throw NumericalError.notConverged(method: "toy", iterations: 3, residual: 0.5)
    case .notFinite: return [value: NDArray(.infinity)]
    case .undeclared: return [value: result, OutputArray("other", meaning: ""): result]
    case .wrongShape: return [value: NDArray([1, 2])]
    case .crash: preconditionFailure("asked to crash")
    case .killed: kill(getpid(), SIGKILL)  // As the kernel does when memory is exhausted.
    case .sleep: break
    case .memory: taken = [UInt8](repeating: 1, count: 300_000_000)
    case .endless: taken = [UInt8](repeating: 1, count: 1 << 55)
    case .thrown: throw Unexpected()
    case .read: return [value: NDArray(Matrix(rowCount: 3, columnCount: 5)[parameters.row, parameters.column])]
    case .write:
      var matrix = Matrix(rowCount: 3, columnCount: 5)
      matrix[parameters.row, parameters.column] = 1
      return [value: NDArray(matrix[0, 0])]
    case .column: return [value: NDArray(Matrix(rowCount: 3, columnCount: 5).column(parameters.column)[0])]
    case .array: return [value: NDArray(NDArray(shape: [3, 5])[parameters.row, parameters.column])]
    case .gate:
      while access(parameters.path, F_OK) != 0 { usleep(10_000) }
      return [value: result]
    }
    return withExtendedLifetime(taken) {
      while true { usleep(10_000) }  // Until it is stopped.
    }
  }
}

/// The sum of numbers in a committed file, with a draw of its own.
package enum FileSum: Experiment {
  package struct Parameters: ExperimentParameters {
    @Parameter("factor of the result") package var factor = 1.0
    package init() {}
  }

  package static let numbers = DataArray(file: "table", "numbers", axes: ["row"], meaning: "numbers to add")
  package static let sum = OutputArray("sum", meaning: "factor times their sum, plus a normal number")
  package static let name = "toy/file-sum"
  package static let sourceFile = "ToyPaper/FileSum.swift"
  package static let outputs = [sum]
  package static let data = [numbers]

  package static func run(_ parameters: Parameters, in context: RunContext) throws -> [OutputArray: NDArray] {
    var random = context.random("noise")
    return [sum: NDArray(parameters.factor * context[numbers].values.reduce(0, +) + random.normal())]
  }
}

/// A calculation without chance, unless it is asked for noise, or says that it is and draws all the same.
package enum Formula: Experiment {
  package struct Parameters: ExperimentParameters {
    @Parameter("what is squared") package var x = 2.0
    @Parameter("whether a normal number is added") package var isNoisy = false
    @Parameter("whether it says that there is none") package var isLying = false
    package init() {}
  }

  package static let square = OutputArray("square", meaning: "x^2, and a normal number if it is noisy")
  package static let name = "toy/formula"
  package static let sourceFile = "ToyPaper/Formula.swift"
  package static let outputs = [square]

  package static func drawsRandomNumbers(_ parameters: Parameters) -> Bool { parameters.isNoisy }

  package static func run(_ parameters: Parameters, in context: RunContext) throws -> [OutputArray: NDArray] {
    let square = parameters.x * parameters.x
    guard parameters.isNoisy || parameters.isLying else { return [Self.square: NDArray(square)] }
    var random = context.random("noise")
    return [Self.square: NDArray(square + random.normal())]
  }
}

/// A random number, and nothing that could be set.
package enum Coin: Experiment {
  package struct Parameters: ExperimentParameters {
    package init() {}
  }

  package static let side = OutputArray("side", meaning: "a uniform number")
  package static let name = "toy/coin"
  package static let sourceFile = "ToyPaper/Coin.swift"
  package static let outputs = [side]

  package static func run(_ parameters: Parameters, in context: RunContext) throws -> [OutputArray: NDArray] {
    var random = context.random("side")
    return [side: NDArray(random.uniform())]
  }
}

/// The toy paper.
package let toyPaper = Paper(
  key: "toy", citation: "A toy",
  experiments: [Walk.self, Mean.self, Fault.self, FileSum.self, Formula.self, Coin.self],
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
    Estimator("toy/square", from: [Formula.self], meaning: "the square") { results in
      let point = try results.calculation(of: Formula.self)
      return .exact(point.number(Formula.square), from: [point])
    },
    Estimator("toy/no-evidence", from: [Walk.self], meaning: "nothing") { _ in throw EvidenceError("nothing to see") },
  ])

/// The catalogue of the toy paper, as a build with this code of its files would have it.
package func toyCatalogue(code: [String: String] = [:]) -> Catalogue {
  var files = ["Walk", "Mean", "Fault", "FileSum", "Formula", "Coin", "Theory"].reduce(into: [:]) {
    $0["ToyPaper/\($1).swift"] = "digest-of-\($1)"
  }
  files["NumericalMethods/Brent.swift"] = "digest-of-Brent"
  files["ToyPaper/ToyPaperTables.swift"] = "digest-of-tables"
  return Catalogue(
    papers: [toyPaper], fingerprints: Fingerprints(files: files.merging(code) { $1 }, compiler: "toy-1"))
}

/// Runs batches in another order.
package struct Shuffled: Executor {
  private let executor: any Executor

  package init(_ executor: any Executor) { self.executor = executor }

  package func run(_ batch: Batch, report: (Batch.Item, Worker.Outcome) throws -> Void) throws {
    var random = RandomStream(key: 5, stream: 0)
    let order = random.permutation(batch.items.count)
    try executor.run(
      Batch(
        items: order.map { batch.items[$0] }, store: batch.store, manifest: batch.manifest, key: batch.key,
        limits: batch.limits), report: report)
  }
}

/// Runs all stages of a project on the cluster at hand; `worker` is the program of this paper's worker.
package func toyRun(in folder: String, worker: String) throws -> Build.Summary {
  let project = try Project(root: folder, profile: nil, catalogue: toyCatalogue())
  let plan = try Plan(project.pipeline, stages: Set(project.pipeline.stages.map(\.id)), catalogue: project.catalogue)
  let executor = SlurmExecutor(
    plan: plan, worker: [worker, project.store.root], root: folder + "/data/slurm",
    costs: try CostHistory(root: folder))
  var build = Build(
    store: project.store, plan: plan, executor: executor,
    makeLog: { try RunLog(root: folder, command: ["toy"], profile: "quick", facts: ["host": ""]) })
  return try build.run()
}
