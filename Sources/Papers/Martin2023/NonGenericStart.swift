package import NumericalMethods
package import PaperKit

/// A start orthogonal to the first teacher direction stays so for ever and ends at a saddle. [derived]
///
/// The authors' scripts have such a switch but no figure uses it.
package enum NonGenericStart: Experiment {
  /// What can be varied.
  package struct Parameters: ExperimentParameters {
    @Parameter("d", in: 2...10_000) package var inputDimension = 12
    @Parameter("m", in: 1...10_000) package var studentWidth = 6
    @Parameter("m*", atLeast: 1) package var teacherWidth = 4
    @Parameter("whether the start is orthogonal to the first teacher direction; false for the generic start")
    package var orthogonal = true
    @Parameter("last time t", above: 0, atMost: 1e9) package var lastTime = 1e4

    /// The defaults: d = 12, m = 6, m* = 4.
    package init() {}

    package func validateRelations() throws {
      try validateWidth(teacherWidth, "teacherWidth", upTo: inputDimension)
      try require(studentWidth >= teacherWidth, "studentWidth", studentWidth, allowed: "at least teacherWidth")
    }
  }

  package static let name = "martin2023/non-generic-start"
  package static let sourceFile = #fileID

  /// L at the end.
  package static let finalLoss = OutputArray("finalLoss", meaning: "population risk at t = lastTime")
  /// L of the saddle.
  package static let saddleLoss = OutputArray(
    "saddleLoss", meaning: "predicted risk of a student that never sees the first teacher direction")
  package static let outputs = [finalLoss, saddleLoss]

  /// Half of the risk's gradient is missing.
  package static let droppedTrace = Mutant("dropped-trace", meaning: "the term tr(Z - Z*) W is missing from the flow")
  /// One neuron too few.
  package static let lostNeuron = Mutant("lost-neuron", meaning: "the student has one neuron fewer than it should")
  package static let mutants = [droppedTrace, lostNeuron]

  /// Draws the network and follows the flow.
  package static func run(_ parameters: Parameters, in context: RunContext) throws -> [OutputArray: NDArray] {
    var teacher = context.random("teacher")
    var start = context.random("start")
    let network = try Network.gaussian(
      inputDimension: parameters.inputDimension,
      studentWidth: parameters.studentWidth - (context.mutant == lostNeuron ? 1 : 0),
      teacherWidth: parameters.teacherWidth, raw: true, teacher: &teacher, start: &start)
    var weights = network.weights
    if parameters.orthogonal {
      for column in 0..<weights.columnCount { weights[0, column] = 0 }
    }
    let levels = network.teacherEigenvalues
    let end = try RiccatiMarch(
      Network(weights: weights, teacherEigenvalues: levels).compressed(), dropsTrace: context.mutant == droppedTrace
    ).states(at: [parameters.lastTime])[0]
    let saddle = Theory.saddleLoss(
      firstEigenvalue: levels[0], inputDimension: parameters.inputDimension, studentWidth: parameters.studentWidth)
    return [finalLoss: NDArray(end.loss), saddleLoss: NDArray(saddle)]
  }
}
