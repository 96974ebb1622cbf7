import NumericalMethods
import PaperKit

/// An experiment with a coordinate, which draws random numbers or not.
enum Decay: Experiment {
  struct Parameters: ExperimentParameters, Equatable {
    @Parameter("whether it draws random numbers") var isNoisy = true
    @Parameter("rate of the decay", above: 0) var rate = 1.0
  }

  static let time = OutputArray("time", axes: ["time"], meaning: "time")
  static let level = OutputArray("level", axes: ["time"], allowsNaN: true, meaning: "level")
  static let end = OutputArray("end", allowsNaN: true, meaning: "last level")
  static let name = "test/decay"
  static let sourceFile = #fileID
  static let outputs = [time, level, end]

  static func drawsRandomNumbers(_ parameters: Parameters) -> Bool { parameters.isNoisy }

  static func run(_ parameters: Parameters, in context: RunContext) throws -> [OutputArray: NDArray] {
    let start = parameters.isNoisy ? 0 : 1.0
    return [time: NDArray([0, 1]), level: NDArray([start, 1]), end: NDArray(1)]
  }

  /// A sweep point with a level of 10 times its number plus the index of the time for every replica.
  static func point(
    _ replicas: [Int], failed: [Int] = [], isNoisy: Bool = true, rate: Double = 1, times: [Double] = [0, 0.1, 0.2]
  ) throws -> Results.Point {
    var parameters = Parameters()
    parameters.isNoisy = isNoisy
    parameters.rate = rate
    let levels = replicas.map { replica in times.indices.map { Double(10 * replica + $0) } }
    return Results.Point(
      experiment: name, parameters: parameters.values(), replicas: replicas, failedReplicas: failed,
      arrays: [
        "time": NDArray(times), "level": NDArray(shape: [replicas.count, times.count], values: levels.flatMap { $0 }),
        "end": NDArray(levels.map { $0[times.count - 1] }),
      ])
  }
}

/// An exact number, from a calculation made up for it.
func exact(_ value: Double, numericalError: Double = 0) throws -> Estimate {
  let results = Results(points: [try Decay.point([0], isNoisy: false)])
  return .exact(value, numericalError: numericalError, from: try results.calculations(of: Decay.self))
}
