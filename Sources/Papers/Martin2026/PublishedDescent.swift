package import NumericalMethods
package import PaperKit

/// The ends of the authors' own runs of gradient descent at d = 100, with step 0.005 and ten repetitions, from a file.
package enum PublishedDescent: Experiment {
  /// Which of the paper's figures.
  package struct Parameters: ExperimentParameters {
    @Parameter("number of the figure", in: 16...19) package var figure = 16

    /// The defaults: figure 16.
    package init() {}
  }

  package static let name = "martin2026/published-descent"
  package static let sourceFile = #fileID

  private static let columns = [
    ("studentWidthRatio", "student width over input dimension"),
    ("teacherWidthRatio", "teacher width over input dimension"), ("noiseVariance", "variance of the label noise"),
    ("regularization", "strength of the l2 penalty"), ("sampleRatio", "sample ratio n/d^2"),
    ("meanSquaredError", "mean squared error |Z - Z*|^2/d, mean over repetitions"),
    ("meanSquaredErrorError", "its standard error"),
    ("loss", "training loss (figures 16 and 17) or in-sample error (18 and 19), mean over repetitions"),
    ("lossError", "its standard error"),
  ]
  private static let figure = DataArray(
    file: "published-descent", "figure", axes: ["run"], meaning: "figure of the paper that shows the run")
  private static let arrays = columns.map { DataArray(file: "published-descent", $0.0, axes: ["run"], meaning: $0.1) }
  package static let data = [figure] + arrays

  /// The columns, one row for each point of the figure.
  package static let outputs = columns.map { OutputArray($0.0, axes: ["run"], meaning: $0.1) }

  package static func drawsRandomNumbers(_ parameters: Parameters) -> Bool { false }

  /// Picks the figure's rows.
  package static func run(_ parameters: Parameters, in context: RunContext) throws -> [OutputArray: NDArray] {
    let figures = context[figure].values
    let rows = figures.indices.filter { figures[$0] == Double(parameters.figure) }
    return Dictionary(
      uniqueKeysWithValues: zip(outputs, arrays).map { output, array in
        (output, NDArray(rows.map { context[array].values[$0] }))
      })
  }
}
