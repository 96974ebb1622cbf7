package import NumericalMethods
package import PaperKit

/// Two identities on which the rest leans, checked by computation on one random instance.
///
/// The width enters only through A(0): fixed-step gradient descent on m x d weights beside descent on the d x d Cholesky
/// factor of the same A(0); the losses must agree to round-off for ever. And the population loss is |B|^2 + (tr B)^2 / 2:
/// Monte Carlo over fresh inputs, B = A(0) - A*.
package enum Identities: Experiment {
  /// What can be varied.
  package struct Parameters: ExperimentParameters {
    /// d, 2 to 64.
    package var inputDimension = 6
    /// m*, at least 1.
    package var teacherWidth = 2
    /// m, above d.
    package var studentWidth = 20
    /// n, at least 1.
    package var sampleCount = 40
    /// eta, above 0, small enough for stability.
    package var learningRate = 0.003
    /// Number of steps, at least 1.
    package var stepCount = 500
    /// Fresh inputs for the population loss, at least 2.
    package var inputCount = 20_000

    /// The defaults: d = 6, m = 20.
    package init() {}

    /// Checks the ranges above.
    package func validate() throws {
      try require("inputDimension", inputDimension, in: 2...64)
      try require("teacherWidth", teacherWidth, atLeast: 1)
      try require(studentWidth > inputDimension, "studentWidth", studentWidth, allowed: "above inputDimension")
      try require("sampleCount", sampleCount, atLeast: 1)
      try require("learningRate", learningRate, above: 0)
      try require("stepCount", stepCount, atLeast: 1)
      try require("inputCount", inputCount, atLeast: 2)
    }
  }

  package static let name = "sarao2020/identities"
  package static let sourceFile = #fileID

  /// Greatest relative difference of the two training losses over all steps.
  package static let widthDifference = OutputArray(
    "widthDifference", meaning: "greatest relative difference of the training losses of wide and reduced weights")
  /// Monte Carlo mean of (x^T B x)^2 / 2 over the closed form.
  package static let populationLossRatio = OutputArray(
    "populationLossRatio", meaning: "Monte Carlo population loss over the closed form")
  package static let outputs = [widthDifference, populationLossRatio]

  package static func run(_ parameters: Parameters, in context: RunContext) throws -> [OutputArray: NDArray] {
    let instance = try Instance(
      inputDimension: parameters.inputDimension, teacherWidth: parameters.teacherWidth,
      sampleCount: parameters.sampleCount, studentWidth: parameters.studentWidth, in: context)
    let wide = Instance.wideStart(
      inputDimension: parameters.inputDimension, studentWidth: parameters.studentWidth, in: context)
    let losses = [wide, instance.start].map { start in
      Descent.fixedStep(
        QuadraticLoss(data: instance.data, teacher: instance.teacher), from: Weights(start),
        learningRate: parameters.learningRate, stepCount: parameters.stepCount
      ).map(\.training)
    }
    let differences = zip(losses[0], losses[1]).map { abs($0 - $1) / $0 }
    return [
      widthDifference: NDArray(differences.reduce(0) { $1.isNaN ? .nan : max($0, $1) }),
      populationLossRatio: NDArray(
        ratio(LinearAlgebra.gram(wide) - instance.teacher, parameters.inputCount, context.random("inputs"))),
    ]
  }

  /// Monte Carlo population loss of a difference B over its closed form.
  private static func ratio(_ difference: Matrix, _ inputCount: Int, _ stream: RandomStream) -> Double {
    var stream = stream
    let inputs = stream.normalMatrix(rowCount: inputCount, columnCount: difference.columnCount)
    let images = LinearAlgebra.multiply(inputs, difference)
    let sum = (0..<inputCount).reduce(0) { sum, row in
      let form = (0..<inputs.columnCount).reduce(0) { $0 + inputs[row, $1] * images[row, $1] }
      return sum + form * form / 2
    }
    return sum / Double(inputCount) / Theory.populationLoss(difference: difference)
  }
}
