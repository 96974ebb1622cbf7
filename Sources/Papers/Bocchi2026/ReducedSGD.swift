internal import NumericalMethods
internal import PaperKit

/// One-pass stochastic gradient descent through its exact reduced chain, and the overlap equations from the same start.
enum ReducedSGD: Experiment {
  struct Parameters: NetworkParameters {
    /// p, 1 to 16.
    var studentWidth = 2
    /// p*, 1 to 16.
    var teacherWidth = 2
    /// eta, above 0 and below p*/(2(p*+2)).
    var learningRate = 0.05
    /// N, at least p + p* + 2.
    var inputDimension = 1000
    var start = Start.random
    var constraint = Constraint.free
    /// Last output time, above 0.
    var lastTime = 120.0
    /// Number of output times, at least 2.
    var timeCount = 61

    func validate() throws {
      try validateNetwork()
      try validate(inputDimension: inputDimension)
      try require(lastTime > 0 && lastTime.isFinite, "lastTime", lastTime, allowed: "above 0")
      try require(timeCount >= 2, "timeCount", timeCount, allowed: "at least 2")
    }
  }

  static let name = "bocchi2026/reduced-sgd"
  static let sourceFile = #fileID
  static let time = OutputArray("time", axes: ["time"], unit: "steps/N", meaning: "time")
  static let populationLoss = OutputArray("populationLoss", axes: ["time"], meaning: "population loss of descent")
  static let flowLoss = OutputArray(
    "flowLoss", axes: ["time"], meaning: "population loss of the overlap equations from the same start")
  static let singularValues = OutputArray(
    "singularValues", axes: ["time", "singularValue"], meaning: "singular values of R, descending")
  static let flowSingularValues = OutputArray(
    "flowSingularValues", axes: ["time", "singularValue"],
    meaning: "singular values of R by the overlap equations, descending")
  static let squaredNorm = OutputArray("squaredNorm", axes: ["time"], meaning: "mean diagonal element of Q")
  static let flowSquaredNorm = OutputArray(
    "flowSquaredNorm", axes: ["time"], meaning: "mean diagonal element of Q by the overlap equations")
  static let plateauLoss = OutputArray("plateauLoss", meaning: "population loss of the plateau")
  static let outputs = [
    time, populationLoss, flowLoss, singularValues, flowSingularValues, squaredNorm, flowSquaredNorm, plateauLoss,
  ]
  static let mutants = Mistake.ofEquations + Mistake.ofDescent

  static func run(_ parameters: Parameters, in context: RunContext) throws -> [OutputArray: NDArray] {
    try run(parameters, replicas: [context])[0]
  }

  static func run(_ parameters: Parameters, replicas: [RunContext]) throws -> [[OutputArray: NDArray]] {
    let theory = parameters.theory
    let times = Spacing.linear.times(to: parameters.lastTime, count: parameters.timeCount)
    let plateau = try theory.plateauLoss()
    let method = OverlapEquations.method(inputDimension: Double(parameters.inputDimension))
    return try ReducedChain.run(
      theory, inputDimension: parameters.inputDimension, start: parameters.start, replicas: replicas
    ) { chain, starts, contexts in
      let equations = OverlapEquations(theory, mistakes: contexts[0].equationMistakes)
      var paths = Array(repeating: [Overlaps](), count: starts.count)
      for time in times {
        try chain.advance(to: time, inputDimension: parameters.inputDimension)
        for lane in starts.indices { paths[lane].append(chain.overlaps(lane: lane)) }
      }
      return try starts.indices.map { lane in
        let flow = try equations.solve(from: starts[lane], at: times, method: method).map(equations.overlaps)
        return [
          time: NDArray(times), populationLoss: NDArray(paths[lane].map(equations.loss)),
          flowLoss: NDArray(flow.map(equations.loss)),
          singularValues: NDArray(rows: try paths[lane].map { try $0.singularValues() }),
          flowSingularValues: NDArray(rows: try flow.map { try $0.singularValues() }),
          squaredNorm: NDArray(paths[lane].map(\.meanSquaredNorm)), flowSquaredNorm: NDArray(flow.map(\.meanSquaredNorm)),
          plateauLoss: NDArray(plateau),
        ]
      }
    }
  }
}
