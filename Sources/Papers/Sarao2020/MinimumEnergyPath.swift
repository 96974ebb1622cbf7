private import Foundation
package import NumericalMethods
package import PaperKit

/// Is there a barrier between where a student is and the teacher? The string method on the training loss in weight space.
///
/// A chain of images W_0 ... W_N, ends fixed, straight at first; every iteration moves the inner images one descent step
/// and spreads them to equal distances (Frobenius) along the chain again. W_N is the teacher, padded with silent neurons
/// and rotated among its neurons to lie closest to W_0 (orthogonal Procrustes): the loss does not see that rotation.
/// [known] The paper shows such paths; its details were not available, so step rule and sizes are ours.
///
/// The chain is relaxed for a number of iterations and not to convergence, with as many images as are asked for. So the
/// greatest loss on it is an upper bound of the lowest pass, up to what the loss rises between two images. At d = 8,
/// m = m* = 1, with 24 images and 1000 iterations it is within 5 % of that with four times the images and eight times the
/// iterations.
package enum MinimumEnergyPath: Experiment {
  /// Where the chain starts.
  package enum Beginning: String, Choice {
    /// At the random initial weights.
    case random
    /// At the end point of gradient descent from there.
    case descent
  }

  /// What can be varied.
  package struct Parameters: ExperimentParameters {
    @Parameter("d", in: 2...64) package var inputDimension = 8
    @Parameter("m*", in: 1...1_000_000) package var teacherWidth = 1
    @Parameter("m, from min(m*, d) to d", atLeast: 1) package var studentWidth = 8
    @Parameter("n", in: 1...1_000_000) package var sampleCount = 24
    @Parameter("where the chain starts") package var beginning = Beginning.descent
    @Parameter("number of images, ends included", in: 3...10_000) package var imageCount = 24
    @Parameter("iterations of the chain", in: 0...1_000_000) package var iterationCount = 2000
    @Parameter("most steps of descent to the beginning; it ends earlier at 1e-10 of the first loss", in: 1...1_000_000)
    package var descentStepCount = 20_000

    /// The defaults: d = m = 8, m* = 1.
    package init() {}

    package static var idleParameters: [IdleParameter<Self>] {
      [IdleParameter("descentStepCount", "with beginning: random, which does not descend") { $0.beginning == .random }]
    }

    package func validateRelations() throws {
      let least = min(teacherWidth, inputDimension)
      try require(
        (least...inputDimension).contains(studentWidth), "studentWidth", studentWidth,
        allowed: "\(least) to \(inputDimension)")
    }
  }

  package static let name = "sarao2020/minimum-energy-path"
  package static let sourceFile = #fileID

  /// Normalised arc length, 0 ... 1.
  package static let arcLength = OutputArray(
    "arcLength", axes: ["arcLength"], meaning: "arc length from the beginning, over the length of the path")
  /// Training loss of every image.
  package static let trainingLoss = OutputArray(
    "trainingLoss", axes: ["arcLength"],
    meaning: "training loss along a relaxed, not converged path; the greatest is an upper bound of the lowest pass")
  /// Training loss of the random initial weights, the scale of barriers.
  package static let initialLoss = OutputArray("initialLoss", meaning: "training loss of the random initial weights")
  package static let outputs = [arcLength, trainingLoss, initialLoss]

  /// Finds the beginning and relaxes the chain.
  package static func run(_ parameters: Parameters, in context: RunContext) throws -> [OutputArray: NDArray] {
    let instance = try Instance(
      inputDimension: parameters.inputDimension, teacherWidth: parameters.teacherWidth,
      sampleCount: parameters.sampleCount, studentWidth: parameters.studentWidth, in: context)
    let loss = QuadraticLoss(data: instance.data, teacher: instance.teacher)
    let beginning = Weights(instance.start)
    let initial = loss.evaluate(beginning)
    if parameters.beginning == .descent {
      let rule = StoppingRule(
        maximumStepCount: parameters.descentStepCount, successTolerance: 0, failureTolerance: 0,
        trainingTolerance: 1e-10)
      _ = try Descent.plain(loss, from: beginning, learningRate: 1e-3, until: rule)
    }
    let end = try aligned(instance.teacherWeights, with: beginning.matrix)
    var chain = Chain(from: beginning.matrix, to: end, imageCount: parameters.imageCount)
    for _ in 0..<parameters.iterationCount { chain.iterate(loss) }
    let positions = (0..<parameters.imageCount).map { Double($0) / Double(parameters.imageCount - 1) }
    return [
      arcLength: NDArray(positions), trainingLoss: NDArray(chain.images.map(loss.evaluate)),
      initialLoss: NDArray(initial),
    ]
  }

  /// The teacher's weights with rows of zeros added and rotated by the orthogonal O that minimises |O V - W|_F.
  private static func aligned(_ teacherWeights: Matrix, with weights: Matrix) throws -> Matrix {
    let rows = try Instance.reduced(teacherWeights)
    let padded = Matrix(rowCount: weights.rowCount, columnCount: weights.columnCount) {
      $0 < rows.rowCount ? rows[$0, $1] : 0
    }
    let parts = try LinearAlgebra.singularValueDecomposition(
      LinearAlgebra.multiply(weights, padded, transposingSecond: true))
    let rotation = LinearAlgebra.multiply(parts.left, parts.right)
    return LinearAlgebra.multiply(rotation, padded)
  }

  /// The images with their learning rates.
  private struct Chain {
    let images: [Weights]
    private let moved: [Weights]
    private let direction: Weights
    private var rates: [Double]

    /// A straight chain.
    init(from start: Matrix, to end: Matrix, imageCount: Int) {
      images = (0..<imageCount).map { image in
        let share = Double(image) / Double(imageCount - 1)
        return Weights((1 - share) * start + share * end)
      }
      moved = images.map { Weights(neuronCount: $0.neuronCount, inputDimension: $0.inputDimension) }
      direction = Weights(neuronCount: start.rowCount, inputDimension: start.columnCount)
      rates = Array(repeating: 1e-3, count: imageCount)
    }

    /// One descent step of every inner image, then equal distances.
    ///
    /// A step that would raise an image's loss is halved until it does not; after it the rate grows by 1.05.
    mutating func iterate(_ loss: QuadraticLoss) {
      for image in 1..<(images.count - 1) {
        let before = loss.evaluate(images[image])
        loss.writeDirection(at: images[image], into: direction)
        while true {
          moved[image].set(images[image], plus: -rates[image], times: direction)
          if loss.evaluate(moved[image]) <= before || rates[image] < 1e-12 { break }
          rates[image] /= 2
        }
        rates[image] *= 1.05
      }
      moved[0].copy(from: images[0])
      moved[images.count - 1].copy(from: images[images.count - 1])
      var lengths = [0.0]
      for image in 1..<images.count {
        lengths.append(lengths[image - 1] + moved[image].distance(to: moved[image - 1]))
      }
      var segment = 0
      for image in 1..<(images.count - 1) {
        let target = lengths[images.count - 1] * Double(image) / Double(images.count - 1)
        while segment < images.count - 2, lengths[segment + 1] < target { segment += 1 }
        let width = lengths[segment + 1] - lengths[segment]
        let share = width > 0 ? (target - lengths[segment]) / width : 0
        // Extrapolating from the far end by -(1 - share) lands at share of the way.
        images[image].extrapolate(from: moved[segment], through: moved[segment + 1], by: share - 1)
      }
    }
  }
}
