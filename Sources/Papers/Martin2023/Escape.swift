private import Foundation
package import NumericalMethods
package import PaperKit

/// When narrow networks leave the plateau at large input dimension: m, m* fixed, orthonormal start and teacher. [derived]
///
/// From overlaps of order 1/d, that grow as e^(4t/m*), escape and recovery come at (m*/4) ln d + O(1) for every m; a wider
/// student gains a constant.
package enum Escape: Experiment {
  /// What can be varied.
  package struct Parameters: ExperimentParameters {
    @Parameter("d", in: 2...1_000_000_000) package var inputDimension = 10_000
    @Parameter("m", atLeast: 1) package var studentWidth = 5
    @Parameter("m*", atLeast: 1) package var teacherWidth = 5
    @Parameter("relative tolerance of the integrator", in: 1e-13...1e-3) package var relativeTolerance = 1e-8

    /// The defaults: five neurons and five.
    package init() {}

    package func validateRelations() throws {
      try validateWidth(studentWidth, "studentWidth", upTo: inputDimension)
      try validateWidth(teacherWidth, "teacherWidth", upTo: inputDimension)
    }
  }

  package static let name = "martin2023/escape"
  package static let sourceFile = #fileID

  /// t_1/2.
  package static let escapeTime = OutputArray(
    "escapeTime", meaning: "time t when the overlap passes half of its final value min(1, sqrt(m/m*))")
  /// t_0.99.
  package static let recoveryTime = OutputArray(
    "recoveryTime", meaning: "time t when the overlap passes 0.99 of its final value")
  package static let outputs = [escapeTime, recoveryTime]

  /// Half of the risk's gradient is missing.
  package static let droppedTrace = Mutant("dropped-trace", meaning: "the term tr(Z - Z*) W is missing from the flow")
  /// The rate of growth is wrong.
  package static let halvedTime = Mistake.halvedTime
  package static let mutants = [droppedTrace, halvedTime, Mistake.surplusNeurons]

  /// Draws the overlaps and follows the flow until recovery, on its continuous solution.
  package static func run(_ parameters: Parameters, in context: RunContext) throws -> [OutputArray: NDArray] {
    let width =
      context.mutant == Mistake.surplusNeurons ? parameters.studentWidth * 3 / 2 : parameters.studentWidth
    let (m, mStar) = (Double(width), Double(parameters.teacherWidth))
    var stream = context.random("start")
    let overlaps = try Overlaps.sample(
      inputDimension: parameters.inputDimension, studentWidth: width,
      teacherWidth: parameters.teacherWidth, from: &stream)
    let reduction = ScalarReduction(
      overlaps, teacherWidth: parameters.teacherWidth, dropsTrace: context.mutant == droppedTrace)
    let final = min(1, (m / mStar).squareRoot())
    var levels = [final / 2, final * 0.99]
    var crossings: [Double] = []
    // Far beyond the slowest start seen; the flow is over by then.
    let end = mStar / 4 * (log(Double(parameters.inputDimension)) + 60)
    try reduction.follow(to: end, relativeTolerance: parameters.relativeTolerance) { step in
      while let level = levels.first, reduction.observables(.init(step, at: step.endTime)).overlap >= level {
        crossings.append(crossing(of: level, in: step, reduction))
        levels.removeFirst()
      }
      return levels.isEmpty ? .stop : .proceed
    }
    guard crossings.count == 2 else {
      throw NumericalError.undefined("the overlap does not reach \(levels) before t = \(end)")
    }
    let scale = context.mutant == halvedTime ? 0.5 : 1
    return [escapeTime: NDArray(scale * crossings[0]), recoveryTime: NDArray(scale * crossings[1])]
  }

  /// When the overlap, which grows, passes a level within a step; by bisection to the resolution of time.
  private static func crossing(
    of level: Double, in step: borrowing DormandPrince.Step, _ reduction: ScalarReduction
  ) -> Double {
    var (low, high) = (step.startTime, step.endTime)
    while true {
      let middle = (low + high) / 2
      guard middle > low, middle < high else { return high }
      if reduction.observables(.init(step, at: middle)).overlap >= level { high = middle } else { low = middle }
    }
  }
}
