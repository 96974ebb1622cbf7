private import Foundation
package import NumericalMethods
package import PaperKit

/// How fast and with what amplitude the overlap equations leave the plateau: a typical start of huge N leaves a long linear
/// regime, loss = plateau - A X exp(2 r time)/N, which is followed until the squared overlaps reach 10^-5.
package enum EscapeRate: Experiment {
  package struct Parameters: NetworkParameters {
    @Parameter("p", in: 1...16) package var studentWidth = 2
    @Parameter("p*", in: 1...16) package var teacherWidth = 2
    @Parameter("eta", atLeast: 1e-6) package var learningRate = 0.002
    @Parameter("N of the start, at least 10^8, so that there is a linear regime", atLeast: 100_000_000)
    package var inputDimension = 1_000_000_000_000_000_000
    @Parameter("free rows, which escape alike, or rows of unit norm from random R and Q = I")
    package var constraint = Constraint.free

    package init() {}

    package func validateRelations() throws { try validateNetwork() }
  }

  package static let name = "bocchi2026/escape-rate"
  package static let sourceFile = #fileID
  package static let time = OutputArray("time", axes: ["time"], unit: "steps/N", meaning: "time")
  package static let gap = OutputArray(
    "gap", axes: ["time"], meaning: "N (plateau loss - loss) by its leading term 2 c c* N tr R R^T")
  package static let rateRatio = OutputArray(
    "rateRatio", meaning: "growth rate of tr R R^T over the last time 2/eta, in units of 8 eta/p*")
  package static let amplitude = OutputArray(
    "amplitude", meaning: "A = N (plateau loss - loss) exp(-2 r time) / X at the last time, from tr R R^T")
  package static let lossAmplitude = OutputArray(
    "lossAmplitude", meaning: "the same from the loss itself, which differs by 10^-5 of it")
  package static let outputs = [time, gap, rateRatio, amplitude, lossAmplitude]
  package static let mutants = Mistake.ofEquations + [Mistake.plainGradient]

  package static func drawsRandomNumbers(_ parameters: Parameters) -> Bool { parameters.constraint == .spherical }

  package static func run(_ parameters: Parameters, in context: RunContext) throws -> [OutputArray: NDArray] {
    let theory = context.mutant == Mistake.plainGradient ? parameters.theory.ofPlainGradient : parameters.theory
    let dimension = Double(parameters.inputDimension)
    var start = Overlaps.start(
      parameters.constraint == .free ? .typical : .random, theory, inputDimension: dimension, in: context)
    if parameters.constraint == .spherical {
      start = Overlaps(teacherOverlap: start.teacherOverlap, selfOverlap: .identity(theory.studentWidth))
    }
    let equations = OverlapEquations(theory, mistakes: context.equationMistakes)
    let rate = try theory.escapeRate()
    let last = log(1e-5 * dimension) / (2 * rate)
    let before = last - 2 / theory.learningRate
    guard before > 0 else { throw NumericalError.undefined("no linear regime: it would end at time \(last)") }
    // Denser at the start, where norms are learnt.
    let times = (0..<100).map { before * (Double($0) / 99) * (Double($0) / 99) } + [last]
    let states = try equations.solve(
      from: start, at: times, method: OverlapEquations.method(inputDimension: dimension))
    let squares = states.map { equations.overlaps($0).teacherOverlap.squaredNorm }
    let factor = 2 / Double(theory.studentWidth * theory.teacherWidth)
    let x = start.amplitude(inputDimension: dimension)
    let decay = exp(-2 * rate * last) * dimension / x
    let measured = log(squares[100] / squares[99]) / (last - before)
    return [
      time: NDArray(times), gap: NDArray(squares.map { factor * dimension * $0 }),
      rateRatio: NDArray(measured * Double(theory.teacherWidth) / (8 * parameters.learningRate)),
      amplitude: NDArray(factor * squares[100] * decay),
      lossAmplitude: NDArray((try theory.plateauLoss() - equations.loss(states[100])) * decay),
    ]
  }
}
