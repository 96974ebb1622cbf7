private import Foundation
package import NumericalMethods
package import PaperKit

/// Gradient flow on the training loss: with few samples the population loss stalls, with enough it decays as with
/// infinitely many.
///
///     dW/dt = -W M,   M = (1/n) sum_k (x_k^T B x_k) x_k x_k^T,   B = W^T W - A*.
///
/// Integrated by an adaptive method: its step follows the largest curvature, which differs tenfold between data sets, so no
/// learning rate has to be guessed.
package enum EmpiricalFlow: Experiment {
  /// What can be varied.
  package struct Parameters: ExperimentParameters {
    @Parameter("d", in: 2...64) package var inputDimension = 8
    @Parameter("m*", in: 1...1_000_000) package var teacherWidth = 1
    @Parameter("m; beyond d it costs nothing", in: 1...1_000_000) package var studentWidth = 32
    @Parameter("n; beyond d(d+1)/2 it costs nothing per step", in: 1...1_000_000) package var sampleCount = 64
    @Parameter("first time", above: 1e-12) package var firstTime = 0.1
    @Parameter("last time", above: 0, atMost: 1e9) package var lastTime = 200.0
    @Parameter("number of times, in equal ratios", in: 2...1_000_000) package var timeCount = 34
    // Losses end in its noise, at most (100 relativeTolerance)^2.
    @Parameter("relative tolerance of the integrator on every weight", atLeast: 1e-14, below: 1)
    package var relativeTolerance = 1e-6
    @Parameter("absolute tolerance of the integrator on every weight", above: 0) package var absoluteTolerance = 1e-10

    /// The defaults: d = 8, m = 32, m* = 1, n = 64, to t = 200.
    package init() {}

    package func validateRelations() throws {
      try require(lastTime > firstTime, "lastTime", lastTime, allowed: "above firstTime")
    }
  }

  package static let name = "sarao2020/empirical-flow"
  package static let sourceFile = #fileID

  /// The times.
  package static let time = OutputArray("time", axes: ["time"], meaning: "time of the flow")
  /// E_n(t).
  package static let trainingLoss = OutputArray("trainingLoss", axes: ["time"], meaning: "training loss")
  /// E(t).
  package static let populationLoss = OutputArray("populationLoss", axes: ["time"], meaning: "population loss")
  package static let outputs = [time, trainingLoss, populationLoss]

  /// Time runs at half its pace.
  package static let halvedGradient = Mutant("halved-gradient", meaning: "the right-hand side is halved")
  /// The flow follows the loss of fewer samples than the one that is reported.
  package static let unseenSamples = Mutant(
    "unseen-samples", meaning: "the gradient sees an eighth of the samples")
  /// The flow follows the loss of more samples than the one that is reported.
  package static let surplusSamples = Mutant(
    "surplus-samples", meaning: "the gradient sees half as many samples again as are stated")
  package static let mutants = [halvedGradient, unseenSamples, surplusSamples]

  /// Draws teacher, data and start and integrates.
  package static func run(_ parameters: Parameters, in context: RunContext) throws -> [OutputArray: NDArray] {
    let isSurplus = context.mutant == surplusSamples
    let instance = try Instance(
      inputDimension: parameters.inputDimension, teacherWidth: parameters.teacherWidth,
      sampleCount: isSurplus ? (3 * parameters.sampleCount + 1) / 2 : parameters.sampleCount,
      studentWidth: parameters.studentWidth, in: context)
    let stated = isSurplus ? instance.data.rows(0..<parameters.sampleCount) : instance.data
    let loss = QuadraticLoss(data: stated, teacher: instance.teacher)
    let weights = Weights(instance.start)
    let direction = Weights(neuronCount: weights.neuronCount, inputDimension: weights.inputDimension)
    let ratio = parameters.lastTime / parameters.firstTime
    let times = (0..<parameters.timeCount).map { index in
      index == parameters.timeCount - 1
        ? parameters.lastTime : parameters.firstTime * pow(ratio, Double(index) / Double(parameters.timeCount - 1))
    }
    let factor = context.mutant == halvedGradient ? -0.5 : -1.0
    let followed =
      switch context.mutant {
      case unseenSamples:
        QuadraticLoss(data: instance.data.rows(0..<(parameters.sampleCount + 7) / 8), teacher: instance.teacher)
      case surplusSamples: QuadraticLoss(data: instance.data, teacher: instance.teacher)
      default: loss
      }
    let method = DormandPrince(
      relativeTolerance: parameters.relativeTolerance, absoluteTolerance: parameters.absoluteTolerance)
    let states = try method.integrate(from: 0, to: parameters.lastTime, state: weights.numbers, at: times) {
      _, state, derivative in
      weights.read(state)
      _ = followed.evaluate(weights)
      followed.writeDirection(at: weights, into: direction)
      direction.write(derivative, times: factor)
    }
    var losses: [(training: Double, population: Double)] = []
    for state in states {
      state.withUnsafeBufferPointer { weights.read($0) }
      losses.append((loss.evaluate(weights), loss.populationLoss))
    }
    return [
      time: NDArray(times), trainingLoss: NDArray(losses.map(\.training)),
      populationLoss: NDArray(losses.map(\.population)),
    ]
  }
}
