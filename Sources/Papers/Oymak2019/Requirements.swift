internal import PaperKit

// Ranges that the parameters of several experiments share.

extension ExperimentParameters {
  /// d >= 2, k >= 2 and even: half of the output weights are positive, half negative; kd <= 10^8 weights.
  func requireNetwork(inputDimension: Int, studentWidth: Int) throws {
    try requireSphere(inputDimension: inputDimension)
    try requireWidth(studentWidth)
    try require(
      studentWidth * inputDimension <= 100_000_000, "studentWidth", studentWidth,
      allowed: "at most 10^8/d = \(100_000_000 / inputDimension)")
  }

  /// k >= 2 and even.
  func requireWidth(_ studentWidth: Int) throws {
    try require(
      (2...1_000_000).contains(studentWidth) && studentWidth.isMultiple(of: 2), "studentWidth", studentWidth,
      allowed: "an even number from 2 to 1000000")
  }

  /// 2 <= d <= 10000.
  func requireSphere(inputDimension: Int) throws {
    try require((2...10_000).contains(inputDimension), "inputDimension", inputDimension, allowed: "2 to 10000")
  }

  /// 1 <= n <= 20000 (kernels have n^2 elements), and n k <= 10^8 (so have the hidden layer's values).
  func requireSamples(_ sampleCount: Int, studentWidth: Int = 1) throws {
    try require((1...20_000).contains(sampleCount), "sampleCount", sampleCount, allowed: "1 to 20000")
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

  /// A share of the labels.
  func requireShare(_ share: Double) throws {
    try require((0...1).contains(share), "corruptedShare", share, allowed: "0 to 1")
  }

  /// At least one step; a tolerance that is not met at once.
  func requireDescent(maximumIterationCount: Int, tolerance: Double) throws {
    try require(
      (1...1_000_000_000).contains(maximumIterationCount), "maximumIterationCount", maximumIterationCount,
      allowed: "1 to 1000000000")
    try require(tolerance > 0 && tolerance < 1, "tolerance", tolerance, allowed: "above 0, below 1")
  }

  /// Activations that networks are trained with.
  func requireTrainable(_ activation: Activation) throws {
    try require(
      Activation.trained.contains(activation), "activation", activation.rawValue,
      allowed: Activation.trained.map(\.rawValue).joined(separator: ", "))
  }
}
