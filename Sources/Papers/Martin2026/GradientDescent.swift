private import Foundation
package import NumericalMethods
package import PaperKit

/// Gradient descent with a small learning rate, followed in time: the gradient flow of the paper, and its discrete version.
///
///     W <- W - eta (F + 2 lambda) W,   time = eta times steps.
///
/// Several starts of different scale share teacher, data and noise. Cost of a step: about 2 alpha d^4 operations a start.
package enum GradientDescent: Experiment {
  /// How saved times are spaced.
  package enum Spacing: String, Choice {
    /// Equal ratios.
    case logarithmic
    /// Equal differences.
    case linear
  }

  /// What can be varied.
  package struct Parameters: ExperimentParameters {
    /// d, 2 to 1000.
    package var inputDimension = 40
    /// kappa = m/d, above 0.
    package var studentWidthRatio = 0.4
    /// kappa* = m*/d, above 0.
    package var teacherWidthRatio = 0.3
    /// alpha = n/d^2, above 0.
    package var sampleRatio = 0.3
    /// Delta, at least 0.
    package var noiseVariance = 0.0
    /// lambda, at least 0.
    package var regularization = 0.0
    /// gamma of every start, each above 0: entries of W(0) have variance gamma/m.
    package var initialScales = [1.0]
    /// Law of the sensing matrices.
    package var sensing = SensingLaw.gaussian
    /// eta, above 0; stable below about 1/(2 lambda_max(Z*) (1 + (2 alpha)^(-1/2))^2).
    package var learningRate = 0.01
    /// First saved time, above 0; time 0 is always saved too.
    package var firstTime = 0.1
    /// Last saved time, above the first.
    package var lastTime = 40.0
    /// Number of saved times after 0, at least 2; times on the same step are saved once.
    package var timeCount = 31
    /// Their spacing.
    package var timeSpacing = Spacing.logarithmic
    /// Whether to go on from the end to the minimum, whose regularised loss is then `limitLoss`; needs lambda > 0.
    package var findsLimit = false

    /// The defaults: d = 40, kappa = 0.4, kappa* = 0.3, alpha = 0.3, no noise, no regularisation.
    package init() {}

    /// The system.
    package var size: SystemSize {
      SystemSize(
        inputDimension: inputDimension, studentWidthRatio: studentWidthRatio, teacherWidthRatio: teacherWidthRatio,
        sampleRatio: sampleRatio, noiseVariance: noiseVariance)
    }

    /// Checks the ranges above and that the data fit into memory.
    package func validate() throws {
      try size.validate()
      try require(
        regularization >= 0 && regularization.isFinite, "regularization", regularization, allowed: "at least 0")
      try require(!initialScales.isEmpty, "initialScales", "[]", allowed: "one value or more")
      for scale in initialScales { try require(scale > 0, "initialScales", scale, allowed: "above 0") }
      try require(learningRate > 0 && learningRate < 1, "learningRate", learningRate, allowed: "in (0, 1)")
      try require(firstTime >= learningRate, "firstTime", firstTime, allowed: "at least learningRate")
      try require(lastTime > firstTime, "lastTime", lastTime, allowed: "above firstTime")
      try require(timeCount >= 2, "timeCount", timeCount, allowed: "at least 2")
      try require(!findsLimit || regularization > 0, "findsLimit", findsLimit, allowed: "false without regularization")
    }

    /// Numbers of steps after which the state is saved, ascending from 0.
    package var savedSteps: [Int] {
      let last = Double(timeCount - 1)
      let times = (0..<timeCount).map { index -> Double in
        switch timeSpacing {
        case .linear: firstTime + (lastTime - firstTime) * Double(index) / last
        case .logarithmic: firstTime * pow(lastTime / firstTime, Double(index) / last)
        }
      }
      return Set([0] + times.map { Int(($0 / learningRate).rounded()) }).sorted()
    }
  }

  package static let name = "martin2026/gradient-descent"
  package static let sourceFile = #fileID

  package static let time = OutputArray("time", axes: ["time"], meaning: "time, learning rate times steps")
  package static let initialScale = OutputArray(
    "initialScale", axes: ["initialScale"], meaning: "scale gamma of the start")
  package static let meanSquaredError = OutputArray(
    "meanSquaredError", axes: ["initialScale", "time"], meaning: "mean squared error |Z - Z*|^2/d")
  package static let trainingLoss = OutputArray(
    "trainingLoss", axes: ["initialScale", "time"], meaning: "training loss without the regulariser")
  package static let inSampleError = OutputArray(
    "inSampleError", axes: ["initialScale", "time"], meaning: "loss against the clean labels")
  package static let regularizedLoss = OutputArray(
    "regularizedLoss", axes: ["initialScale", "time"], meaning: "training loss with the regulariser")
  package static let limitLoss = OutputArray(
    "limitLoss", axes: ["initialScale"], allowsNaN: true,
    meaning: "regularised loss of the minimum reached from the end; missing unless asked for")
  package static let outputs = [
    time, initialScale, meanSquaredError, trainingLoss, inSampleError, regularizedLoss, limitLoss,
  ]

  package static let uncentredData = Mutant("uncentred-data", meaning: "quadratic data x x^T without subtracting I")
  package static let halvedForce = Mutant("halved-force", meaning: "the factor 2 of the population force is missing")
  package static let forgottenNoise = Mutant("forgotten-noise", meaning: "labels carry no noise")
  package static let mutants = [uncentredData, halvedForce, forgottenNoise]

  /// Draws teacher, data and starts and descends.
  package static func run(_ parameters: Parameters, in context: RunContext) throws -> [OutputArray: NDArray] {
    let isUncentred = context.mutant == uncentredData
    let instance = Instance(
      parameters.size, law: isUncentred ? .quadratic : parameters.sensing,
      mistakes: Instance.Mistakes(isUncentred: isUncentred, forgetsNoise: context.mutant == forgottenNoise),
      in: context)
    let data = NormalOperator(sensing: instance.sensing, labels: instance.labels)
    var descent = Descent(
      instance, starts: parameters.initialScales.map { instance.start(initialScale: $0, in: context) },
      regularization: parameters.regularization, learningRate: parameters.learningRate, data: data,
      mistakes: Descent.Mistakes(halvesForce: context.mutant == halvedForce))
    let steps = parameters.savedSteps
    let shape = [parameters.initialScales.count, steps.count]
    var arrays = [meanSquaredError, trainingLoss, inSampleError, regularizedLoss].map { ($0, NDArray(shape: shape)) }
    for (column, step) in steps.enumerated() {
      try descent.advance(stepCount: column == 0 ? 0 : step - steps[column - 1])
      for (row, weights) in descent.weights.enumerated() {
        let errors = instance.errors(of: weights)
        let penalty = parameters.regularization * weights.squaredNorm / Double(parameters.inputDimension)
        let values = [
          errors.meanSquaredError, errors.trainingLoss, errors.inSampleError, errors.trainingLoss + penalty,
        ]
        for index in arrays.indices { arrays[index].1[row, column] = values[index] }
      }
    }
    let limits = try descent.weights.map { weights -> Double in
      guard parameters.findsLimit else { return .nan }
      let end = try RegularizedDescent(tolerance: 1e-10, maximumIterationCount: 20_000).minimise(
        instance, from: weights, regularization: parameters.regularization, data: data)
      return instance.errors(of: end.weights).trainingLoss
        + parameters.regularization * end.weights.squaredNorm / Double(parameters.inputDimension)
    }
    return [
      time: NDArray(steps.map { Double($0) * parameters.learningRate }),
      initialScale: NDArray(parameters.initialScales), limitLoss: NDArray(limits),
    ].merging(arrays) { first, _ in first }
  }
}
