package import NumericalMethods
package import PaperKit

/// The Hessian's least eigenvalue along the overlap equations, from plateau to solution.
package enum HessianPath: Experiment {
  package struct Parameters: NetworkParameters {
    /// p, 1 to 16.
    package var studentWidth = 3
    /// p*, 1 to 16.
    package var teacherWidth = 2
    /// eta, 1e-6 to p*/(2(p*+2)), exclusive.
    package var learningRate = 0.05
    /// N, at least p + p* + 2.
    package var inputDimension = 1000
    /// Last output time, above 0, at most 1e9.
    package var lastTime = 200.0
    /// Number of output times, at least 2.
    package var timeCount = 101
    package let constraint = Constraint.free

    package init() {}

    enum CodingKeys: String, CodingKey {
      case studentWidth, teacherWidth, learningRate, inputDimension, lastTime, timeCount
    }

    package func validate() throws {
      try validateNetwork()
      try validate(inputDimension: inputDimension)
      try validate(lastTime: lastTime)
      try require((2...1_000_000).contains(timeCount), "timeCount", timeCount, allowed: "2 to 1000000")
    }
  }

  package static let name = "bocchi2026/hessian-path"
  package static let sourceFile = #fileID
  package static let time = OutputArray("time", axes: ["time"], unit: "steps/N", meaning: "time")
  package static let populationLoss = OutputArray("populationLoss", axes: ["time"], meaning: "population loss")
  package static let leastEigenvalue = OutputArray(
    "leastEigenvalue", axes: ["time"], meaning: "least eigenvalue of the Hessian, times N p")
  package static let negativeCount = OutputArray("negativeCount", axes: ["time"], meaning: "eigenvalues below -1e-8")
  package static let outputs = [time, populationLoss, leastEigenvalue, negativeCount]
  package static let mutants = Mistake.ofEquations + [Mistake.halvedTeacher]

  package static func run(_ parameters: Parameters, in context: RunContext) throws -> [OutputArray: NDArray] {
    let dimension = Double(parameters.inputDimension)
    let equations = OverlapEquations(parameters.theory, mistakes: context.equationMistakes)
    let times = Spacing.linear.times(to: parameters.lastTime, count: parameters.timeCount)
    let start = Overlaps.start(.typical, parameters.theory, inputDimension: dimension, in: context)
    let states = try equations.solve(
      from: start, at: times, method: OverlapEquations.method(inputDimension: dimension))
    let share = context.mutant == Mistake.halvedTeacher ? 0.5 : 1
    let spectra = try states.map { try HessianSpectrum(equations.overlaps($0), teacherShare: share) }
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
    ]
  }
}
