public import NumericalMethods
public import PaperKit

/// Does the width enter only through A(0)? Fixed-step gradient descent on m x d weights beside descent on the d x d
/// Cholesky factor of the same A(0): the losses must agree to round-off for ever.
public enum WidthReduction: Experiment {
  /// What can be varied.
  public struct Parameters: ExperimentParameters {
    /// d, at least 2.
    public var inputDimension = 6
    /// m*, at least 1.
    public var teacherWidth = 2
    /// m, above d.
    public var studentWidth = 20
    /// n, at least 1.
    public var sampleCount = 40
    /// eta, above 0, small enough for stability.
    public var learningRate = 0.003
    /// Number of steps, at least 1.
    public var stepCount = 500

    /// The defaults: d = 6, m = 20.
    public init() {}

    /// Checks the ranges above.
    public func validate() throws {
      try require((2...64).contains(inputDimension), "inputDimension", inputDimension, allowed: "2 to 64")
      try require(teacherWidth >= 1, "teacherWidth", teacherWidth, allowed: "at least 1")
      try require(studentWidth > inputDimension, "studentWidth", studentWidth, allowed: "above inputDimension")
      try require(sampleCount >= 1, "sampleCount", sampleCount, allowed: "at least 1")
      try require(learningRate > 0, "learningRate", learningRate, allowed: "above 0")
      try require(stepCount >= 1, "stepCount", stepCount, allowed: "at least 1")
    }
  }

  public static let name = "sarao2020/width-reduction"
  public static let sourceFile = #fileID

  /// Greatest relative difference of the two training losses over all steps.
  public static let relativeDifference = OutputArray(
    "relativeDifference", meaning: "greatest relative difference of the training losses of wide and reduced weights")
  public static let outputs = [relativeDifference]

  /// Descends twice.
  public static func run(_ parameters: Parameters, in context: RunContext) throws -> [OutputArray: NDArray] {
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
    return [relativeDifference: NDArray(differences.reduce(0) { $1.isNaN ? .nan : max($0, $1) })]
  }
}
