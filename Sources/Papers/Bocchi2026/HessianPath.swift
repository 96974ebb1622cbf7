package import NumericalMethods
package import PaperKit

/// The Hessian's least eigenvalue along the overlap equations, from plateau to solution, from a typical start.
package enum HessianPath: Experiment {
  package struct Parameters: NetworkParameters {
    @Parameter("p", in: 1...16) package var studentWidth = 3
    @Parameter("p*", in: 1...16) package var teacherWidth = 2
    @Parameter("eta", atLeast: 1e-6) package var learningRate = 0.05
    @Parameter("N", atLeast: 4) package var inputDimension = 1000
    @Parameter("last output time", above: 0, atMost: 1e9) package var lastTime = 200.0
    @Parameter("number of output times", in: 2...1_000_000) package var timeCount = 101
    package let constraint = Constraint.free

    package init() {}

    package func validateRelations() throws {
      try validateNetwork()
      try validate(inputDimension: inputDimension)
    }
  }

  package static let name = "bocchi2026/hessian-path"
  package static let sourceFile = #fileID
  package static let time = OutputArray("time", axes: ["time"], unit: "steps/N", meaning: "time")
  package static let populationLoss = OutputArray("populationLoss", axes: ["time"], meaning: "population loss")
  package static let leastEigenvalue = OutputArray(
    "leastEigenvalue", axes: ["time"], meaning: "least eigenvalue of the Hessian, times N p")
  package static let negativeCount = OutputArray("negativeCount", axes: ["time"], meaning: "eigenvalues below -1e-8")
  package static let pathMinimum = OutputArray(
    "pathMinimum", meaning: "least of the least eigenvalue at all times up to the last, whichever are output; times N p"
  )
  package static let minimumTime = OutputArray("minimumTime", unit: "steps/N", meaning: "time of pathMinimum")
  package static let outputs = [time, populationLoss, leastEigenvalue, negativeCount, pathMinimum, minimumTime]
  package static let mutants = Mistake.ofEquations + [Mistake.halvedTeacher]

  package static func drawsRandomNumbers(_ parameters: Parameters) -> Bool { false }

  package static func run(_ parameters: Parameters, in context: RunContext) throws -> [OutputArray: NDArray] {
    let dimension = Double(parameters.inputDimension)
    let equations = OverlapEquations(parameters.theory, mistakes: context.equationMistakes)
    let times = Spacing.linear.times(to: parameters.lastTime, count: parameters.timeCount)
    let start = Overlaps.start(.typical, parameters.theory, inputDimension: dimension, in: context)
    let states = try equations.solve(
      from: start, at: times, method: OverlapEquations.method(inputDimension: dimension))
    let share = context.mutant == Mistake.halvedTeacher ? 0.5 : 1
    func spectrum(_ state: [Double]) throws -> HessianSpectrum {
      try HessianSpectrum(equations.overlaps(state), teacherShare: share)
    }
    let spectra = try states.map(spectrum)
    let lowest = try minimum(
      along: equations, from: equations.state(start), to: parameters.lastTime,
      method: OverlapEquations.method(inputDimension: dimension)
    ) { try spectrum($0).least }
    return [
      time: NDArray(times), populationLoss: NDArray(states.map { equations.loss($0) }),
      leastEigenvalue: NDArray(spectra.map(\.least)),
      negativeCount: NDArray(
        spectra.map {
          Double(
            $0.count(
              in: -.infinity ... -1e-8, inputDimension: parameters.inputDimension,
              dimensions: parameters.studentWidth + parameters.teacherWidth))
        }),
      pathMinimum: NDArray(lowest.value), minimumTime: NDArray(lowest.time),
    ]
  }

  /// Where a function of the state is least on a solution, and its value there: over the ends of the integrator's steps, and
  /// between the neighbours of the least of these by Brent's method to 1e-6 of the time between them. Throws what the
  /// integrator, the function and Brent's method throw.
  private static func minimum(
    along equations: OverlapEquations, from start: [Double], to lastTime: Double, method: DormandPrince,
    of function: ([Double]) throws -> Double
  ) throws -> (time: Double, value: Double) {
    var state = start
    var previous = (time: 0.0, state: start)
    var best = (time: 0.0, value: try function(start))
    // The step ends beside the best one; nil at an end of the way.
    var before: (time: Double, state: [Double])?
    var after: Double?
    try method.integrate(from: 0, to: lastTime, state: &state) { _, state, change in
      equations.derivative(state, change)
    } onStep: { step in
      let reached = (time: step.endTime, state: Array(step.endState))
      let value = try function(reached.state)
      if value < best.value {
        (best, before, after) = ((reached.time, value), previous, nil)
      } else if after == nil {
        after = reached.time
      }
      previous = reached
      return .proceed
    }
    guard let before, let after else { return best }
    let between = try RootFinding.minimum(
      in: Interval(before.time, after), tolerance: 1e-6 * (after - before.time)
    ) { time in
      try function(
        equations.solve(from: equations.overlaps(before.state), at: [time - before.time], method: method)[0])
    }
    return between.value < best.value ? (between.argument, between.value) : best
  }
}
