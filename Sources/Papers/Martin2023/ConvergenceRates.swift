private import Foundation
package import NumericalMethods
package import PaperKit

/// How fast the risk goes to zero at fixed size with eigenvalues of order 1 (Fig. 5): t^2 L tends to a constant for m > m*,
/// L falls as e^(-4 mu_min t) for m = m*.
package enum ConvergenceRates: Experiment {
  /// What can be varied.
  package struct Parameters: ExperimentParameters, TimeGrid {
    @Parameter("d", in: 1...10_000) package var inputDimension = 20
    @Parameter("m", in: 1...10_000) package var studentWidth = 10
    @Parameter("m*", atLeast: 1) package var teacherWidth = 5
    @Parameter("how many starts share the teacher of a replica", in: 1...1_000_000) package var startCount = 1
    @Parameter("how the flow is integrated") package var method = GaussianFlow.Method.direct
    @Parameter("whether the exponential rate is fitted, on 400 equal steps of its own to 14/mu_min, at most 400")
    package var fitsRate = false
    @Parameter("first time t reported", atLeast: 0) package var firstTime = 1e-2
    @Parameter("last time reported", above: 0, atMost: 1e9) package var lastTime = 25.0
    @Parameter("number of times", in: 2...1_000_000) package var timeCount = 60
    @Parameter("spacing of the times") package var timeSpacing = Spacing.logarithmic
    @Parameter("relative tolerance of the integrator; of the march at least 1e-10", in: 1e-13...1e-3)
    package var relativeTolerance = 1e-8
    @Parameter("absolute tolerance of direct integration", above: 0) package var absoluteTolerance = 1e-12

    /// The defaults: Fig. 5 left, the smallest size.
    package init() {}

    package static var idleParameters: [IdleParameter<Self>] {
      [IdleParameter("absoluteTolerance", "with method: riccati") { $0.method == .riccati }]
    }

    package func validateRelations() throws {
      try validateWidth(teacherWidth, "teacherWidth", upTo: inputDimension)
      try require(
        !fitsRate || studentWidth == teacherWidth, "fitsRate", fitsRate,
        allowed: "false unless studentWidth equals teacherWidth")
      try validateTimes()
      try validateTolerance(relativeTolerance, method)
    }
  }

  package static let name = "martin2023/convergence-rates"
  package static let sourceFile = #fileID

  /// t.
  package static let time = OutputArray("time", axes: ["time"], meaning: "time t of the flow, not rescaled")
  /// L.
  package static let populationLoss = OutputArray(
    "populationLoss", axes: ["start", "time"], meaning: "population risk")
  /// mu_min.
  package static let smallestEigenvalue = OutputArray(
    "smallestEigenvalue", meaning: "smallest of the teacher's m* non-zero eigenvalues")
  /// Fitted rate over 4 mu_min.
  package static let rateRatio = OutputArray(
    "rateRatio", axes: ["start"], allowsNaN: true,
    meaning: "fitted rate of the exponential decay over 4 smallestEigenvalue; NaN without a fit")
  package static let outputs = [time, populationLoss, smallestEigenvalue, rateRatio]

  /// Half of the risk's gradient is missing.
  package static let droppedTrace = Mutant("dropped-trace", meaning: "the term tr(Z - Z*) W is missing from the flow")
  /// Half of a power of time.
  package static let halvedPower = Mutant(
    "halved-power", meaning: "times are taken half as far from the last as they should be, in their logarithm")
  /// Half of a wide student's surplus.
  package static let halvedSurplus = Mutant(
    "halved-surplus", meaning: "the student has half as many neurons more than its teacher as it should")
  package static let mutants = [
    droppedTrace, Mistake.halvedTime, Mistake.noSurplus, halvedPower, halvedSurplus,
  ]

  /// Draws one teacher and its students and follows the flows.
  package static func run(_ parameters: Parameters, in context: RunContext) throws -> [OutputArray: NDArray] {
    let dropsTrace = context.mutant == droppedTrace
    let pace: Double = context.mutant == Mistake.halvedTime ? 2 : 1
    let times = parameters.times.map {
      context.mutant == halvedPower ? ($0 * parameters.lastTime).squareRoot() : pace * $0
    }
    let width =
      context.mutant == Mistake.noSurplus
      ? parameters.teacherWidth
      : context.mutant == halvedSurplus
        ? (parameters.studentWidth + parameters.teacherWidth) / 2 : parameters.studentWidth
    var teacher = context.random("teacher")
    let levels = try Network.gaussianTeacher(
      inputDimension: parameters.inputDimension, teacherWidth: parameters.teacherWidth, raw: true, from: &teacher)
    let smallest = levels[parameters.teacherWidth - 1]
    var start = context.random("start")
    var losses: [[Double]] = []
    var ratios: [Double] = []
    for _ in 0..<parameters.startCount {
      let weights = Network.gaussianStart(
        inputDimension: parameters.inputDimension, studentWidth: width, raw: true, from: &start)
      let network = try Network(weights: weights, teacherEigenvalues: levels).compressed()
      let states: [FlowState] =
        switch parameters.method {
        case .direct:
          try DirectFlow(
            network, relativeTolerance: parameters.relativeTolerance, absoluteTolerance: parameters.absoluteTolerance,
            dropsTrace: dropsTrace
          ).states(at: times)
        case .riccati:
          try RiccatiMarch(network, relativeTolerance: parameters.relativeTolerance, dropsTrace: dropsTrace)
            .states(at: times)
        }
      losses.append(states.map(\.loss))
      ratios.append(
        parameters.fitsRate ? pace * (try fittedRate(network, smallest, dropsTrace: dropsTrace)) / (4 * smallest) : .nan
      )
    }
    return [
      time: NDArray(parameters.times), populationLoss: NDArray(rows: losses), smallestEigenvalue: NDArray(smallest),
      rateRatio: NDArray(ratios),
    ]
  }

  /// Minus the slope of ln L over t by least squares, over the times after L < 1e-6 and before L < 1e-10; NaN for fewer than
  /// four.
  ///
  /// Why the march: an explicit solver at relative tolerance 1e-9 leaves a noise of 1e-9 to 1e-7 in the risk, because it
  /// rides its stability limit in the trace mode; rates were off by 25 % in 1 run of 40.
  ///
  /// Numerical error: within 2e-3, relative, of the slope that ten times as many times and a hundredth of the march's
  /// tolerance give; nearly all of it is which times the window holds.
  private static func fittedRate(_ network: Network, _ smallest: Double, dropsTrace: Bool) throws -> Double {
    let times = Spacing.linear.times(from: 0.1, to: min(14 / smallest, 400), count: 400)
    let states = try RiccatiMarch(network, dropsTrace: dropsTrace).states(at: times)
    let window = states.prefix { $0.loss >= 1e-10 }.filter { $0.loss < 1e-6 }
    guard window.count >= 4 else { return .nan }
    let meanTime = Statistics.mean(window.map(\.time))
    let meanLog = Statistics.mean(window.map { log($0.loss) })
    let covariance = window.reduce(0) { $0 + ($1.time - meanTime) * (log($1.loss) - meanLog) }
    return -covariance / window.reduce(0) { $0 + ($1.time - meanTime) * ($1.time - meanTime) }
  }
}
