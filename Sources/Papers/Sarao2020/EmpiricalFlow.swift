private import Foundation
public import NumericalMethods
public import PaperKit

/// Gradient flow on the training loss: with few samples the population loss stalls, with enough it decays as with
/// infinitely many.
///
///     dW/dt = -W M,   M = (1/n) sum_k (x_k^T B x_k) x_k x_k^T,   B = W^T W - A*.
///
/// Integrated by an adaptive method: its step follows the largest curvature, which differs tenfold between data sets, so no
/// learning rate has to be guessed.
public enum EmpiricalFlow: Experiment {
  /// What can be varied.
  public struct Parameters: ExperimentParameters {
    /// d, 2 to 64.
    public var inputDimension = 8
    /// m*, at least 1.
    public var teacherWidth = 1
    /// m, at least 1; beyond d it costs nothing.
    public var studentWidth = 32
    /// n, at least 1; beyond d(d+1)/2 it costs nothing per step.
    public var sampleCount = 64
    /// First time, above 0.
    public var firstTime = 0.1
    /// Last time, above the first.
    public var lastTime = 200.0
    /// Number of times, in equal ratios, at least 2.
    public var timeCount = 34
    /// Relative tolerance of the integrator on every weight.
    public var relativeTolerance = 1e-6
    /// Absolute tolerance of the integrator on every weight.
    public var absoluteTolerance = 1e-10

    /// The defaults: d = 8, m = 32, m* = 1, n = 64, to t = 200.
    public init() {}

    /// Checks the ranges above.
    public func validate() throws {
      try require((2...64).contains(inputDimension), "inputDimension", inputDimension, allowed: "2 to 64")
      try require(teacherWidth >= 1, "teacherWidth", teacherWidth, allowed: "at least 1")
      try require(studentWidth >= 1, "studentWidth", studentWidth, allowed: "at least 1")
      try require(sampleCount >= 1, "sampleCount", sampleCount, allowed: "at least 1")
      try require(firstTime > 0, "firstTime", firstTime, allowed: "above 0")
      try require(lastTime > firstTime, "lastTime", lastTime, allowed: "above firstTime")
      try require(timeCount >= 2, "timeCount", timeCount, allowed: "at least 2")
      try require(
        relativeTolerance > 0 && relativeTolerance < 1, "relativeTolerance", relativeTolerance, allowed: "in (0, 1)")
      try require(absoluteTolerance > 0, "absoluteTolerance", absoluteTolerance, allowed: "above 0")
    }
  }

  public static let name = "sarao2020/empirical-flow"
  public static let sourceFile = #fileID

  /// The times.
  public static let time = OutputArray("time", axes: ["time"], meaning: "time of the flow")
  /// E_n(t).
  public static let trainingLoss = OutputArray("trainingLoss", axes: ["time"], meaning: "training loss")
  /// E(t).
  public static let populationLoss = OutputArray("populationLoss", axes: ["time"], meaning: "population loss")
  public static let outputs = [time, trainingLoss, populationLoss]

  /// Time runs at half its pace.
  public static let halvedGradient = Mutant("halved-gradient", meaning: "the right-hand side is halved")
  public static let mutants = [halvedGradient]

  /// Draws teacher, data and start and integrates.
  public static func run(_ parameters: Parameters, in context: RunContext) throws -> [OutputArray: NDArray] {
    let instance = try Instance(
      inputDimension: parameters.inputDimension, teacherWidth: parameters.teacherWidth,
      sampleCount: parameters.sampleCount, studentWidth: parameters.studentWidth, in: context)
    let loss = QuadraticLoss(data: instance.data, teacher: instance.teacher)
    let weights = Weights(instance.start)
    let direction = Weights(neuronCount: weights.neuronCount, inputDimension: weights.inputDimension)
    let ratio = parameters.lastTime / parameters.firstTime
    let times = (0..<parameters.timeCount).map { index in
      index == parameters.timeCount - 1
        ? parameters.lastTime : parameters.firstTime * pow(ratio, Double(index) / Double(parameters.timeCount - 1))
    }
    let factor = context.mutant == halvedGradient ? -0.5 : -1.0
    let method = DormandPrince(
      relativeTolerance: parameters.relativeTolerance, absoluteTolerance: parameters.absoluteTolerance)
    let states = try method.integrate(from: 0, to: parameters.lastTime, state: weights.numbers, at: times) {
      _, state, derivative in
      weights.read(state)
      _ = loss.evaluate(weights)
      loss.writeDirection(at: weights, into: direction)
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
