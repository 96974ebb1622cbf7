package import NumericalMethods
package import PaperKit

/// One-pass stochastic gradient descent through its exact reduced chain, and the overlap equations from the same start.
package enum ReducedSGD: Experiment {
  package struct Parameters: NetworkParameters {
    @Parameter("p", in: 1...16) package var studentWidth = 2
    @Parameter("p*", in: 1...16) package var teacherWidth = 2
    @Parameter("eta", atLeast: 1e-6) package var learningRate = 0.05
    @Parameter("N", atLeast: 4) package var inputDimension = 1000
    @Parameter("where the student starts") package var start = Start.random
    @Parameter("free rows of the student, or rows of unit norm") package var constraint = Constraint.free
    @Parameter("s of the teacher rows' squared norms 1 + s ... 1 - s", atLeast: 0, below: 1)
    package var teacherSpread = 0.0
    @Parameter("last output time", above: 0, atMost: 1e9) package var lastTime = 120.0
    @Parameter("number of output times", in: 2...1_000_000) package var timeCount = 61

    package init() {}

    package static var idleParameters: [IdleParameter<Self>] {
      [IdleParameter("teacherSpread", "with one teacher row") { $0.teacherWidth == 1 }]
    }

    package func validateRelations() throws {
      try validateNetwork()
      try validate(inputDimension: inputDimension, upTo: 1_000_000_000)
    }
  }

  package static let name = "bocchi2026/reduced-sgd"
  package static let sourceFile = #fileID
  package static let time = OutputArray("time", axes: ["time"], unit: "steps/N", meaning: "time")
  package static let populationLoss = OutputArray(
    "populationLoss", axes: ["time"], meaning: "population loss of descent")
  package static let flowLoss = OutputArray(
    "flowLoss", axes: ["time"], meaning: "population loss of the overlap equations from the same start")
  package static let singularValues = OutputArray(
    "singularValues", axes: ["time", "singularValue"], meaning: "singular values of R, descending")
  package static let flowSingularValues = OutputArray(
    "flowSingularValues", axes: ["time", "singularValue"],
    meaning: "singular values of R by the overlap equations, descending")
  package static let squaredNorm = OutputArray("squaredNorm", axes: ["time"], meaning: "mean diagonal element of Q")
  package static let flowSquaredNorm = OutputArray(
    "flowSquaredNorm", axes: ["time"], meaning: "mean diagonal element of Q by the overlap equations")
  package static let plateauLoss = OutputArray("plateauLoss", meaning: "population loss of the plateau")
  package static let outputs = [
    time, populationLoss, flowLoss, singularValues, flowSingularValues, squaredNorm, flowSquaredNorm, plateauLoss,
  ]
  package static let mutants = Mistake.ofEquations + Mistake.ofDescent + [Mistake.halvedLength]

  package static func run(_ parameters: Parameters, in context: RunContext) throws -> [OutputArray: NDArray] {
    try run(parameters, replicas: [context])[0]
  }

  package static func run(_ parameters: Parameters, replicas: [RunContext]) throws -> [[OutputArray: NDArray]] {
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
          squaredNorm: NDArray(paths[lane].map(\.meanSquaredNorm)),
          flowSquaredNorm: NDArray(flow.map(\.meanSquaredNorm)),
          plateauLoss: NDArray(plateau),
        ]
      }
    }
  }
}
