package import NumericalMethods
package import PaperKit

/// Is the closed form of the risk the mean squared error over Gaussian inputs? A Monte Carlo check.
package enum PopulationRisk: Experiment {
  /// What can be varied.
  package struct Parameters: ExperimentParameters {
    @Parameter("d", in: 1...10_000) package var inputDimension = 6
    @Parameter("m", in: 1...10_000) package var studentWidth = 4
    @Parameter("m*", atLeast: 1) package var teacherWidth = 3
    @Parameter("number of inputs x", in: 1...1_000_000) package var sampleCount = 200_000

    /// The defaults: a small network.
    package init() {}

    package func validateRelations() throws { try validateWidth(teacherWidth, "teacherWidth", upTo: inputDimension) }
  }

  package static let name = "martin2023/population-risk"
  package static let sourceFile = #fileID

  /// Monte Carlo over closed form.
  package static let ratio = OutputArray(
    "ratio", meaning: "mean of (f_W(x) - f_W*(x))^2 / 4 over Gaussian inputs, over the closed form of the risk")
  package static let outputs = [ratio]

  /// A forgotten mean.
  package static let droppedTrace = Mutant("dropped-trace", meaning: "the closed form lacks (tr(Z - Z*))^2 / 4")
  /// Half of a mean.
  package static let halvedTrace = Mutant(
    "halved-trace", meaning: "the closed form contains half of (tr(Z - Z*))^2 / 4")
  package static let mutants = [droppedTrace, halvedTrace]

  /// Draws a network and inputs.
  package static func run(_ parameters: Parameters, in context: RunContext) throws -> [OutputArray: NDArray] {
    var teacher = context.random("teacher")
    var start = context.random("start")
    let d = parameters.inputDimension
    let network = try Network.gaussian(
      inputDimension: d, studentWidth: parameters.studentWidth, teacherWidth: parameters.teacherWidth, raw: true,
      teacher: &teacher, start: &start)
    // A teacher twice as strong, so that the traces differ by more than chance.
    let difference =
      LinearAlgebra.outerGram(network.weights) - 2 * Matrix(diagonal: network.teacherEigenvalues)
    let share: Double = context.mutant == droppedTrace ? 0 : context.mutant == halvedTrace ? 0.5 : 1
    let trace = difference.trace
    let risk = difference.squaredNorm / 2 + share * trace * trace / 4
    var inputs = context.random("inputs")
    var sum = 0.0
    for _ in 0..<parameters.sampleCount {
      let x = inputs.normals(d)
      var error = 0.0
      for row in 0..<d {
        var product = 0.0
        for column in 0..<d { product += difference[row, column] * x[column] }
        error += x[row] * product
      }
      sum += error * error
    }
    return [ratio: NDArray(sum / 4 / Double(parameters.sampleCount) / risk)]
  }
}
