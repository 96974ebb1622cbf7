private import Foundation
package import NumericalMethods
package import PaperKit

/// Are the outputs tr(X_k Z(t)) of the student on its own training data Gaussian along the flow?
package enum GaussianOutputs: Experiment {
  /// What can be varied.
  package struct Parameters: ExperimentParameters {
    @Parameter("d", in: 2...1000) package var inputDimension = 30
    @Parameter("kappa = m/d", above: 0, atMost: 4) package var studentWidthRatio = 0.4
    @Parameter("kappa* = m*/d", above: 0, atMost: 4) package var teacherWidthRatio = 0.3
    @Parameter("alpha = n/d^2", above: 0, atMost: 1000) package var sampleRatio = 0.25
    @Parameter("times at which outputs are looked at, ascending, above 0") package var times = [0.5, 5.0, 40.0]
    @Parameter("bins of the histogram over [-4, 4] standard deviations", in: 2...1_000_000) package var binCount = 32

    /// The defaults: d = 30, kappa = 0.4, kappa* = 0.3, alpha = 0.25.
    package init() {}

    /// The system; no noise.
    package var size: SystemSize {
      SystemSize(
        inputDimension: inputDimension, studentWidthRatio: studentWidthRatio, teacherWidthRatio: teacherWidthRatio,
        sampleRatio: sampleRatio, noiseVariance: 0)
    }

    /// Checks that the data fit into memory.
    package func validateRelations() throws {
      try size.validate()
      try require(!times.isEmpty && times[0] > 0, "times", times, allowed: "one or more, above 0")
      try require(
        zip(times, times.dropFirst()).allSatisfy { $0.0 < $0.1 }, "times", times, allowed: "in ascending order")
    }
  }

  package static let name = "martin2026/gaussian-outputs"
  package static let sourceFile = #fileID

  package static let time = OutputArray("time", axes: ["time"], meaning: "time of the flow")
  package static let standardizedOutput = OutputArray(
    "standardizedOutput", axes: ["standardizedOutput"], meaning: "output over its root mean square, centre of a bin")
  package static let density = OutputArray(
    "density", axes: ["time", "standardizedOutput"], meaning: "share of outputs in a bin over its width")
  package static let secondMoment = OutputArray("secondMoment", axes: ["time"], meaning: "mean square of the outputs")
  package static let distance = OutputArray(
    "distance", axes: ["time"],
    meaning: "sqrt(n) times the Kolmogorov distance to the centred Gaussian of the same second moment")
  package static let outputs = [time, standardizedOutput, density, secondMoment, distance]

  package static let uncentredData = Mutant("uncentred-data", meaning: "quadratic data x x^T without subtracting I")
  package static let mutants = [uncentredData]

  /// Follows the flow without regularisation and looks at the outputs.
  package static func run(_ parameters: Parameters, in context: RunContext) throws -> [OutputArray: NDArray] {
    let isUncentred = context.mutant == uncentredData
    let instance = Instance(
      parameters.size, law: isUncentred ? .quadratic : .gaussian, mistakes: Instance.Mistakes(isUncentred: isUncentred),
      in: context)
    var flow = GradientFlow(
      instance, starts: [instance.start(initialScale: 1, in: context)], regularization: 0,
      data: NormalOperator(sensing: instance.sensing, labels: instance.labels))
    let width = 8 / Double(parameters.binCount)
    var densities: [[Double]] = []
    var moments: [Double] = []
    var distances: [Double] = []
    for time in parameters.times {
      try flow.advance(to: time)
      let values = instance.sensing * Instance.vector(of: LinearAlgebra.outerGram(flow.weights[0]))
      let n = Double(values.count)
      let moment = LinearAlgebra.dot(values, values) / n
      var bins = [Double](repeating: 0, count: parameters.binCount)
      let standard = values.map { $0 / moment.squareRoot() }.sorted()
      for value in standard {
        let bin = Int(((value + 4) / width).rounded(.down))
        if bins.indices.contains(bin) { bins[bin] += 1 / (n * width) }
      }
      densities.append(bins)
      moments.append(moment)
      let distance = standard.enumerated().map { index, value in
        let expected = 0.5 * erfc(-value / 2.0.squareRoot())
        return max(abs(expected - Double(index) / n), abs(expected - Double(index + 1) / n))
      }.greatest()
      distances.append(distance * n.squareRoot())
    }
    return [
      time: NDArray(parameters.times),
      standardizedOutput: NDArray((0..<parameters.binCount).map { -4 + width * (Double($0) + 0.5) }),
      density: NDArray(rows: densities), secondMoment: NDArray(moments), distance: NDArray(distances),
    ]
  }
}
