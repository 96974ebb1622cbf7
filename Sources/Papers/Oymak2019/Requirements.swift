internal import PaperKit

// What ties the parameters of several experiments to each other.

extension ExperimentParameters {
  /// k even: half of the output weights are positive, half negative; kd <= 10^8 weights.
  func requireNetwork(inputDimension: Int, studentWidth: Int) throws {
    try requireEven(studentWidth)
    try require(
      studentWidth * inputDimension <= 100_000_000, "studentWidth", studentWidth,
      allowed: "at most 10^8/d = \(100_000_000 / inputDimension)")
  }

  /// k even.
  func requireEven(_ studentWidth: Int) throws {
    try require(studentWidth.isMultiple(of: 2), "studentWidth", studentWidth, allowed: "an even number")
  }

  /// n k <= 10^8, the number of the hidden layer's values.
  func requireSamples(_ sampleCount: Int, studentWidth: Int) throws {
    try require(
      sampleCount * studentWidth <= 100_000_000, "studentWidth", studentWidth,
      allowed: "at most 10^8/n = \(100_000_000 / sampleCount)")
  }

  /// kd/n such that n, rounded, is a number of samples from 2 to 20000, and n times `perSample` numbers are at most 10^8.
  func requireRatio(_ parameterRatio: Double, parameterCount: Int, perSample: Int) throws {
    let count = Double(parameterCount)
    let most = min(20_000, 1e8 / Double(perSample))
    try require(
      parameterRatio >= count / most && parameterRatio <= count / 2, "parameterRatio", parameterRatio,
      allowed: "kd/n = \(count / most) to \(count / 2), for 2 to \(Int(most)) samples")
  }
}
