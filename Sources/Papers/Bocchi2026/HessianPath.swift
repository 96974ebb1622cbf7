internal import NumericalMethods
internal import PaperKit

/// The Hessian's least eigenvalue along the overlap equations, from plateau to solution.
enum HessianPath: Experiment {
  struct Parameters: NetworkParameters {
    /// p, 1 to 16.
    var studentWidth = 3
    /// p*, 1 to 16.
    var teacherWidth = 2
    /// eta, above 0 and below p*/(2(p*+2)).
    var learningRate = 0.05
    /// N, at least p + p* + 2.
    var inputDimension = 1000
    /// Last output time, above 0.
    var lastTime = 200.0
    /// Number of output times, at least 2.
    var timeCount = 101
    let constraint = Constraint.free

    enum CodingKeys: String, CodingKey {
      case studentWidth, teacherWidth, learningRate, inputDimension, lastTime, timeCount
    }

    func validate() throws {
      try validateNetwork()
      try validate(inputDimension: inputDimension)
      try require(lastTime > 0 && lastTime.isFinite, "lastTime", lastTime, allowed: "above 0")
      try require(timeCount >= 2, "timeCount", timeCount, allowed: "at least 2")
    }
  }

  static let name = "bocchi2026/hessian-path"
  static let sourceFile = #fileID
  static let time = OutputArray("time", axes: ["time"], unit: "steps/N", meaning: "time")
  static let populationLoss = OutputArray("populationLoss", axes: ["time"], meaning: "population loss")
  static let leastEigenvalue = OutputArray(
    "leastEigenvalue", axes: ["time"], meaning: "least eigenvalue of the Hessian, times N p")
  static let negativeCount = OutputArray("negativeCount", axes: ["time"], meaning: "eigenvalues below -1e-8")
  static let outputs = [time, populationLoss, leastEigenvalue, negativeCount]
  static let mutants = Mistake.ofEquations

  static func run(_ parameters: Parameters, in context: RunContext) throws -> [OutputArray: NDArray] {
    let dimension = Double(parameters.inputDimension)
    let equations = OverlapEquations(parameters.theory, mistakes: context.equationMistakes)
    let times = Spacing.linear.times(to: parameters.lastTime, count: parameters.timeCount)
    let start = Overlaps.start(.typical, parameters.theory, inputDimension: dimension, in: context)
    let states = try equations.solve(
      from: start, at: times, method: OverlapEquations.method(inputDimension: dimension))
    let spectra = try states.map { try HessianSpectrum(equations.overlaps($0)) }
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
