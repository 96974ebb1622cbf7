private import Foundation
package import NumericalMethods
package import PaperKit

/// At how many samples does the flow without regularisation recover the teacher? One cell scans sample ratios on nested
/// data: the same teacher and start, ever more samples.
package enum RecoveryScan: Experiment {
  /// What can be varied.
  package struct Parameters: ExperimentParameters {
    @Parameter("d", in: 2...1000) package var inputDimension = 24
    @Parameter("kappa = m/d", above: 0, atMost: 4) package var studentWidthRatio = 0.7
    @Parameter("kappa* = m*/d", above: 0, atMost: 4) package var teacherWidthRatio = 0.5
    @Parameter("first alpha = n/d^2, whatever the widths", above: 0, atMost: 1000) package var firstSampleRatio = 0.15
    @Parameter("last alpha", above: 0, atMost: 1000) package var lastSampleRatio = 0.5
    @Parameter("number of sample ratios, evenly spread", in: 3...1_000_000) package var sampleRatioCount = 15
    @Parameter("duration of the flow", above: 0, atMost: 1e9) package var lastTime = 150.0

    /// The defaults: kappa = 0.7, kappa* = 0.5, 15 sample ratios.
    package init() {}

    /// The sample ratios.
    package var sampleRatios: [Double] {
      (0..<sampleRatioCount).map { index in
        firstSampleRatio + (lastSampleRatio - firstSampleRatio) * Double(index) / Double(sampleRatioCount - 1)
      }
    }

    /// The system at a sample ratio.
    package func size(sampleRatio: Double) -> SystemSize {
      SystemSize(
        inputDimension: inputDimension, studentWidthRatio: studentWidthRatio, teacherWidthRatio: teacherWidthRatio,
        sampleRatio: sampleRatio, noiseVariance: 0)
    }

    /// Checks that the data fit into memory.
    package func validateRelations() throws {
      try require(
        lastSampleRatio > firstSampleRatio, "lastSampleRatio", lastSampleRatio, allowed: "above firstSampleRatio")
      for ratio in [firstSampleRatio, lastSampleRatio] { try size(sampleRatio: ratio).validate() }
    }
  }

  package static let name = "martin2026/recovery-scan"
  package static let sourceFile = #fileID

  package static let sampleRatio = OutputArray("sampleRatio", axes: ["sampleRatio"], meaning: "sample ratio n/d^2")
  package static let meanSquaredError = OutputArray(
    "meanSquaredError", axes: ["sampleRatio"], meaning: "mean squared error at the last time")
  package static let trainingLoss = OutputArray(
    "trainingLoss", axes: ["sampleRatio"], meaning: "training loss at the last time")
  package static let steepestRatio = OutputArray(
    "steepestRatio", meaning: "sample ratio at which the logarithm of the error falls fastest")
  package static let predictedRatio = OutputArray("predictedRatio", meaning: "conjectured recovery threshold")
  package static let outputs = [sampleRatio, meanSquaredError, trainingLoss, steepestRatio, predictedRatio]

  package static let uncentredData = Mutant("uncentred-data", meaning: "quadratic data x x^T without subtracting I")
  package static let addedDecay = Mutant(
    "added-decay",
    meaning: "a little regularisation, lambda = 0.05, that moves recovery to the threshold of the limit 0+")
  package static let mutants = [uncentredData, addedDecay]

  /// Follows the flow at every sample ratio.
  package static func run(_ parameters: Parameters, in context: RunContext) throws -> [OutputArray: NDArray] {
    let ratios = parameters.sampleRatios
    let isUncentred = context.mutant == uncentredData
    var errors: [Instance.Errors] = []
    for ratio in ratios {
      // Streams start anew each time, so fewer samples are the first of more.
      let instance = Instance(
        parameters.size(sampleRatio: ratio), law: isUncentred ? .quadratic : .gaussian,
        mistakes: Instance.Mistakes(isUncentred: isUncentred), in: context)
      var flow = GradientFlow(
        instance, starts: [instance.start(initialScale: 1, in: context)],
        regularization: context.mutant == addedDecay ? 0.05 : 0,
        data: NormalOperator(sensing: instance.sensing, labels: instance.labels))
      try flow.advance(to: parameters.lastTime)
      errors.append(instance.errors(of: flow.weights[0]))
    }
    return [
      sampleRatio: NDArray(ratios), meanSquaredError: NDArray(errors.map(\.meanSquaredError)),
      trainingLoss: NDArray(errors.map(\.trainingLoss)),
      steepestRatio: NDArray(steepest(ratios, errors.map { log($0.meanSquaredError) })),
      predictedRatio: NDArray(
        try Thresholds.unregularizedRecovery(parameters.studentWidthRatio, parameters.teacherWidthRatio)),
    ]
  }

  /// Where y falls fastest: the vertex of the parabola through the steepest difference quotient and its neighbours; the
  /// midpoint of the interval at the ends of the range.
  package static func steepest(_ x: [Double], _ y: [Double]) -> Double {
    var middles: [Double] = []
    var slopes: [Double] = []
    for index in 1..<x.count {
      middles.append((x[index] + x[index - 1]) / 2)
      slopes.append((y[index] - y[index - 1]) / (x[index] - x[index - 1]))
    }
    guard let best = slopes.indices.min(by: { slopes[$0] < slopes[$1] }) else { return .nan }
    guard best > 0, best < slopes.count - 1 else { return middles[best] }
    let (before, at, after) = (slopes[best - 1], slopes[best], slopes[best + 1])
    let bend = before - 2 * at + after
    guard bend > 0 else { return middles[best] }
    let shift: Double = 0.5 * (before - after) / bend
    return middles[best] + shift * (middles[best + 1] - middles[best])
  }
}
