import NumericalMethods
import PaperKit

/// Mean of `sampleCount` standard normal numbers.
enum SampleMean: Experiment {
  struct Parameters: ExperimentParameters {
    @Parameter("n, the size of the sample", atLeast: 1) var sampleCount = 100
  }

  static let name = "smith2027/sample-mean"
  static let sourceFile = #fileID
  static let mean = OutputArray("mean", meaning: "mean of the sample")
  static let outputs = [mean]

  static func run(_ parameters: Parameters, in context: RunContext) throws -> [OutputArray: NDArray] {
    var random = context.random("sample")
    return [mean: NDArray(Statistics.mean(random.normals(parameters.sampleCount)))]
  }
}
