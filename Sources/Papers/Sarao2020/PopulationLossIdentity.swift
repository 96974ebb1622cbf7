public import NumericalMethods
public import PaperKit

/// Is the population loss |B|^2 + (tr B)^2 / 2? Monte Carlo over fresh inputs, for a Gaussian teacher and student.
public enum PopulationLossIdentity: Experiment {
  /// What can be varied.
  public struct Parameters: ExperimentParameters {
    /// d, at least 1.
    public var inputDimension = 8
    /// m*, at least 1.
    public var teacherWidth = 2
    /// m, at least 1.
    public var studentWidth = 8
    /// Inputs per replica, at least 2.
    public var inputCount = 100_000

    /// The defaults: d = m = 8, m* = 2.
    public init() {}

    /// Checks the ranges above.
    public func validate() throws {
      try require((1...256).contains(inputDimension), "inputDimension", inputDimension, allowed: "1 to 256")
      try require(teacherWidth >= 1, "teacherWidth", teacherWidth, allowed: "at least 1")
      try require(studentWidth >= 1, "studentWidth", studentWidth, allowed: "at least 1")
      try require(inputCount >= 2, "inputCount", inputCount, allowed: "at least 2")
    }
  }

  public static let name = "sarao2020/population-loss-identity"
  public static let sourceFile = #fileID

  /// Monte Carlo mean of (x^T B x)^2 / 2 over the closed form.
  public static let ratio = OutputArray("ratio", meaning: "Monte Carlo population loss over the closed form")
  public static let outputs = [ratio]

  /// Draws A* and A, then inputs in blocks.
  public static func run(_ parameters: Parameters, in context: RunContext) throws -> [OutputArray: NDArray] {
    let instance = try Instance(
      inputDimension: parameters.inputDimension, teacherWidth: parameters.teacherWidth, sampleCount: 1,
      studentWidth: parameters.studentWidth, in: context)
    let difference = LinearAlgebra.gram(instance.start) - instance.teacher
    var stream = context.random("inputs")
    var sum = 0.0
    var left = parameters.inputCount
    while left > 0 {
      let block = stream.normalMatrix(rowCount: min(left, 4096), columnCount: parameters.inputDimension)
      let images = LinearAlgebra.multiply(block, difference)
      for row in 0..<block.rowCount {
        var form = 0.0
        for input in 0..<block.columnCount { form += block[row, input] * images[row, input] }
        sum += form * form / 2
      }
      left -= block.rowCount
    }
    return [ratio: NDArray(sum / Double(parameters.inputCount) / Theory.populationLoss(difference: difference))]
  }
}
