private import Foundation
package import NumericalMethods
package import PaperKit

/// The gradient flow of the paper, dW/dt = -(F + 2 lambda) W, followed in time; or its discrete version,
///
///     W <- W - eta (F + 2 lambda) W,   time = eta times steps,
///
/// by which the paper approximates it (eta = 0.005). Several starts of different scale share teacher, data and noise. Cost
/// of a step of descent, or of an evaluation of F: about 4 n p = 2 alpha d^4 operations a start.
package enum GradientDescent: Experiment {
  /// What moves the weights.
  package enum Dynamics: String, Choice {
    /// Continuous time, to a relative local error of 1e-5.
    case flow
    /// Steps of the learning rate.
    case descent
  }

  /// How saved times are spaced.
  package enum Spacing: String, Choice {
    /// Equal ratios.
    case logarithmic
    /// Equal differences.
    case linear
  }

  /// What can be varied.
  package struct Parameters: ExperimentParameters {
    @Parameter("d", in: 2...1000) package var inputDimension = 40
    @Parameter("kappa = m/d", above: 0, atMost: 4) package var studentWidthRatio = 0.4
    @Parameter("kappa* = m*/d", above: 0, atMost: 4) package var teacherWidthRatio = 0.3
    @Parameter("alpha = n/d^2", above: 0, atMost: 1000) package var sampleRatio = 0.3
    @Parameter("Delta", atLeast: 0) package var noiseVariance = 0.0
    @Parameter("lambda", atLeast: 0) package var regularization = 0.0
    @Parameter("gamma of every start, each above 0: entries of W(0) have variance gamma/m")
    package var initialScales = [1.0]
    @Parameter("law of the sensing matrices") package var sensing = SensingLaw.gaussian
    @Parameter("flow or descent") package var dynamics = Dynamics.flow
    // Stable below about 1/(2 lambda_max(Z*) (1 + (2 alpha)^(-1/2))^2).
    @Parameter("eta of descent", atLeast: 1e-9, below: 1) package var learningRate = 0.01
    @Parameter("first saved time; time 0 is always saved too", atLeast: 1e-9) package var firstTime = 0.1
    @Parameter("last saved time", above: 0, atMost: 1e9) package var lastTime = 40.0
    @Parameter("number of saved times after 0; times on the same step of descent are saved once", in: 2...1_000_000)
    package var timeCount = 31
    @Parameter("their spacing") package var timeSpacing = Spacing.logarithmic
    @Parameter("whether to go on from the end to the minimum, whose regularised loss is then limitLoss")
    package var findsLimit = false

    /// The defaults: d = 40, kappa = 0.4, kappa* = 0.3, alpha = 0.3, no noise, no regularisation.
    package init() {}

    /// The system.
    package var size: SystemSize {
      SystemSize(
        inputDimension: inputDimension, studentWidthRatio: studentWidthRatio, teacherWidthRatio: teacherWidthRatio,
        sampleRatio: sampleRatio, noiseVariance: noiseVariance)
    }

    package static var idleParameters: [IdleParameter<Self>] {
      [IdleParameter("learningRate", "with dynamics: flow, which chooses its steps") { $0.dynamics == .flow }]
    }

    /// Checks that the data fit into memory.
    package func validateRelations() throws {
      try size.validate()
      try require(!initialScales.isEmpty, "initialScales", "[]", allowed: "one value or more")
      for scale in initialScales { try require(scale > 0, "initialScales", scale, allowed: "above 0") }
      try require(
        dynamics == .flow || firstTime >= learningRate, "firstTime", firstTime, allowed: "at least learningRate")
      try require(
        lastTime > firstTime, "lastTime", lastTime, allowed: "above firstTime")
      try require(!findsLimit || regularization > 0, "findsLimit", findsLimit, allowed: "false without regularization")
    }

    /// The saved times, ascending from 0; of descent, whole multiples of the learning rate.
    package var savedTimes: [Double] {
      let last = Double(timeCount - 1)
      let times = (0..<timeCount).map { index -> Double in
        if index == timeCount - 1 { return lastTime }
        switch timeSpacing {
        case .linear: return firstTime + (lastTime - firstTime) * Double(index) / last
        case .logarithmic: return firstTime * pow(lastTime / firstTime, Double(index) / last)
        }
      }
      guard dynamics == .descent else { return [0] + times }
      return Set([0] + times.map(stepCount)).sorted().map { Double($0) * learningRate }
    }

    /// Steps of descent to a time.
    package func stepCount(_ time: Double) -> Int { Int((time / learningRate).rounded()) }
  }

  package static let name = "martin2026/gradient-descent"
  package static let sourceFile = #fileID

  package static let time = OutputArray("time", axes: ["time"], meaning: "time; of descent, learning rate times steps")
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
  package static let halvedNoise = Mutant("halved-noise", meaning: "the labels' noise has half its variance")
  package static let repeatedSamples = Mutant(
    "repeated-samples", meaning: "a quarter of the samples are copies of others")
  package static let mutants = [uncentredData, halvedForce, forgottenNoise, halvedNoise, repeatedSamples]

  /// Draws teacher, data and starts and descends.
  package static func run(_ parameters: Parameters, in context: RunContext) throws -> [OutputArray: NDArray] {
    let isUncentred = context.mutant == uncentredData
    let instance = Instance(
      parameters.size, law: isUncentred ? .quadratic : parameters.sensing,
      mistakes: Instance.Mistakes(
        isUncentred: isUncentred,
        noiseShare: context.mutant == forgottenNoise ? 0 : context.mutant == halvedNoise ? 0.5 : 1,
        repeatsSamples: context.mutant == repeatedSamples),
      in: context)
    let data = NormalOperator(sensing: instance.sensing, labels: instance.labels)
    let starts = parameters.initialScales.map { instance.start(initialScale: $0, in: context) }
    let mistakes = Descent.Mistakes(halvesForce: context.mutant == halvedForce)
    let times = parameters.savedTimes
    var arrays = [meanSquaredError, trainingLoss, inSampleError, regularizedLoss].map {
      ($0, NDArray(shape: [starts.count, times.count]))
    }
    func save(_ weights: [Matrix], column: Int) {
      for (row, weights) in weights.enumerated() {
        let errors = instance.errors(of: weights)
        let penalty = parameters.regularization * weights.squaredNorm / Double(parameters.inputDimension)
        let values = [
          errors.meanSquaredError, errors.trainingLoss, errors.inSampleError, errors.trainingLoss + penalty,
        ]
        for index in arrays.indices { arrays[index].1[row, column] = values[index] }
      }
    }
    let ends: [Matrix]
    switch parameters.dynamics {
    case .flow:
      var flow = GradientFlow(
        instance, starts: starts, regularization: parameters.regularization, data: data, mistakes: mistakes)
      for (column, time) in times.enumerated() {
        try flow.advance(to: time)
        save(flow.weights, column: column)
      }
      ends = flow.weights
    case .descent:
      var descent = Descent(
        instance, starts: starts, regularization: parameters.regularization, learningRate: parameters.learningRate,
        data: data, mistakes: mistakes)
      for (column, time) in times.enumerated() {
        try descent.advance(
          stepCount: parameters.stepCount(time) - (column == 0 ? 0 : parameters.stepCount(times[column - 1])))
        save(descent.weights, column: column)
      }
      ends = descent.weights
    }
    let limits = try ends.map { weights -> Double in
      guard parameters.findsLimit else { return .nan }
      // The gradient is small already, and the loss above its minimum is quadratic in it.
      let end = try RegularizedDescent(tolerance: 1e-6, maximumIterationCount: 20_000).minimise(
        instance, from: weights, regularization: parameters.regularization, data: data)
      return instance.errors(of: end.weights).trainingLoss
        + parameters.regularization * end.weights.squaredNorm / Double(parameters.inputDimension)
    }
    return [
      time: NDArray(times),
      initialScale: NDArray(parameters.initialScales), limitLoss: NDArray(limits),
    ].merging(arrays) { first, _ in first }
  }
}
