package import NumericalMethods
package import PaperKit

/// The sample ratios at which fitting and recovery become possible, as functions of the student's width (closed forms).
package enum SampleThresholds: Experiment {
  /// What can be varied.
  package struct Parameters: ExperimentParameters {
    @Parameter("kappa* = m*/d", above: 0, below: 1) package var teacherWidthRatio = 0.3
    @Parameter("last width ratio kappa of the student; the first is kappa*", above: 0)
    package var lastStudentWidthRatio = 1.1
    @Parameter("number of width ratios", in: 2...1_000_000) package var studentWidthCount = 101
    @Parameter("Delta for the noisy interpolation threshold; evaluated at every width ratio", above: 0, atMost: 1000)
    package var noiseVariance = 0.5

    /// The defaults: kappa* = 0.3, kappa up to 1.1.
    package init() {}

    package func validateRelations() throws {
      try require(
        lastStudentWidthRatio > teacherWidthRatio, "lastStudentWidthRatio", lastStudentWidthRatio,
        allowed: "above teacherWidthRatio")
    }
  }

  package static let name = "martin2026/thresholds"
  package static let sourceFile = #fileID

  package static let studentWidthRatio = OutputArray(
    "studentWidthRatio", axes: ["studentWidthRatio"], meaning: "student width over input dimension")
  package static let interpolation = OutputArray(
    "interpolation", axes: ["studentWidthRatio"], meaning: "sample ratio of noiseless interpolation")
  package static let regularizedRecovery = OutputArray(
    "regularizedRecovery", axes: ["studentWidthRatio"], meaning: "sample ratio of recovery for lambda -> 0+")
  package static let unregularizedRecovery = OutputArray(
    "unregularizedRecovery", axes: ["studentWidthRatio"],
    meaning: "conjectured sample ratio of recovery without regularisation")
  package static let noisyInterpolation = OutputArray(
    "noisyInterpolation", axes: ["studentWidthRatio"], meaning: "sample ratio of interpolation with label noise")
  package static let criticalWidthRatio = OutputArray(
    "criticalWidthRatio", meaning: "width ratio kappa_c+ beyond which regularised recovery no longer changes")
  package static let crossingWidthRatio = OutputArray(
    "crossingWidthRatio", meaning: "width ratio beyond which a little regularisation helps recovery")
  package static let outputs = [
    studentWidthRatio, interpolation, regularizedRecovery, unregularizedRecovery, noisyInterpolation,
    criticalWidthRatio, crossingWidthRatio,
  ]

  /// The student can have any rank.
  package static let ignoredRank = Mutant("ignored-rank", meaning: "the rank constraint Z = W W^T is ignored")
  package static let mutants = [ignoredRank]

  package static func drawsRandomNumbers(_ parameters: Parameters) -> Bool { false }

  /// Evaluates the closed forms.
  package static func run(_ parameters: Parameters, in context: RunContext) throws -> [OutputArray: NDArray] {
    let teacher = parameters.teacherWidthRatio
    let count = parameters.studentWidthCount
    let widths = (0..<count).map { index in
      index == count - 1
        ? parameters.lastStudentWidthRatio
        : teacher + (parameters.lastStudentWidthRatio - teacher) * Double(index) / Double(count - 1)
    }
    let effective = context.mutant == ignoredRank ? widths.map { _ in 1 } : widths
    return [
      studentWidthRatio: NDArray(widths),
      interpolation: NDArray(try effective.map { try Thresholds.interpolation($0, teacher) }),
      regularizedRecovery: NDArray(try effective.map { try Thresholds.regularizedRecovery($0, teacher).sampleRatio }),
      unregularizedRecovery: NDArray(try effective.map { try Thresholds.unregularizedRecovery($0, teacher) }),
      noisyInterpolation: NDArray(
        try effective.map { width in
          try LongTimeTheory(
            studentWidthRatio: width, teacherWidthRatio: teacher, noiseVariance: parameters.noiseVariance
          ).interpolation().sampleRatio
        }),
      criticalWidthRatio: NDArray(try Thresholds.criticalWidthRatio(teacher)),
      crossingWidthRatio: NDArray(try Thresholds.crossingWidthRatio(teacher)),
    ]
  }
}
