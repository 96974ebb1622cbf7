package import NumericalMethods
package import PaperKit

/// The plateau in closed form, and by integration: from Q = I and R = 0 the norms settle and stay.
package enum Plateau: Experiment {
  package struct Parameters: NetworkParameters {
    @Parameter("p", in: 1...16) package var studentWidth = 2
    @Parameter("p*", in: 1...16) package var teacherWidth = 2
    @Parameter("eta", atLeast: 1e-6) package var learningRate = 0.05
    @Parameter("free rows of the student, or rows of unit norm") package var constraint = Constraint.free
    @Parameter("whether the noise of single samples is left out, as at eta -> 0: the plateau then is at 1/(p+2) + 1/p*")
    package var isGradientFlow = false

    package init() {}

    package func validateRelations() throws { try validateNetwork() }
  }

  package static let name = "bocchi2026/plateau"
  package static let sourceFile = #fileID
  package static let squaredNorm = OutputArray("squaredNorm", meaning: "q = p kappa, the rows' squared norm over N")
  package static let populationLoss = OutputArray("populationLoss", meaning: "population loss in closed form")
  package static let settledLoss = OutputArray("settledLoss", meaning: "population loss by integration to time 20/eta")
  package static let escapeRate = OutputArray("escapeRate", unit: "N/steps", meaning: "growth rate r of R")
  package static let prefactor = OutputArray("prefactor", meaning: "A at eta -> 0")
  package static let noiseGain = OutputArray("noiseGain", allowsNaN: true, meaning: "nu, NaN for constrained rows")
  package static let outputs = [squaredNorm, populationLoss, settledLoss, escapeRate, prefactor, noiseGain]
  package static let mutants = Mistake.ofEquations

  package static func drawsRandomNumbers(_ parameters: Parameters) -> Bool { false }

  package static func run(_ parameters: Parameters, in context: RunContext) throws -> [OutputArray: NDArray] {
    let (p, pStar) = (parameters.studentWidth, parameters.teacherWidth)
    let theory = parameters.theory
    // Without noise the closed forms are those of eta = 0, but for the unit of time.
    let closed =
      parameters.isGradientFlow
      ? Theory(studentWidth: p, teacherWidth: pStar, learningRate: 0, constraint: parameters.constraint) : theory
    let start = Overlaps(teacherOverlap: Matrix(rowCount: p, columnCount: pStar), selfOverlap: .identity(p))
    let equations = OverlapEquations(
      theory, isGradientFlow: parameters.isGradientFlow, mistakes: context.equationMistakes)
    let settled = try equations.solve(
      from: start, at: [20 / theory.learningRate], method: OverlapEquations.method(inputDimension: 1))
    let rate = parameters.isGradientFlow ? 4 * theory.learningRate / Double(pStar) : try theory.escapeRate()
    return [
      squaredNorm: NDArray(Double(p) * (try closed.plateauNorm())), populationLoss: NDArray(try closed.plateauLoss()),
      settledLoss: NDArray(equations.loss(settled[0])), escapeRate: NDArray(rate),
      prefactor: NDArray(theory.prefactor),
      noiseGain: NDArray(parameters.constraint == .free ? try closed.noiseGain() : .nan),
    ]
  }
}
