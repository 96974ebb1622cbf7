package import NumericalMethods
package import PaperKit

/// The overlaps of a Haar student with an orthonormal teacher, beside their limit law (Fig. 1).
package enum OverlapSpectrum: Experiment {
  /// What can be varied.
  package struct Parameters: ExperimentParameters {
    @Parameter("d", in: 2...10_000) package var inputDimension = 2000
    @Parameter("m, below d", atLeast: 1) package var studentWidth = 600
    @Parameter("m*, below d", atLeast: 1) package var teacherWidth = 1000

    /// The defaults: Fig. 1, alpha = 0.3, alpha* = 0.5.
    package init() {}

    package func validateRelations() throws {
      for (width, name) in [(studentWidth, "studentWidth"), (teacherWidth, "teacherWidth")] {
        try require(
          width >= 1 && width < inputDimension, name, width,
          allowed: "1 to \(inputDimension - 1), below the input dimension")
      }
    }

    /// The limit law at these ratios.
    package var law: OverlapLaw {
      OverlapLaw(
        studentWidthRatio: Double(studentWidth) / Double(inputDimension),
        teacherWidthRatio: Double(teacherWidth) / Double(inputDimension))
    }
  }

  package static let name = "martin2023/overlap-spectrum"
  package static let sourceFile = #fileID

  /// y.
  package static let overlaps = OutputArray(
    "overlaps", axes: ["neuron"], meaning: "squared cosines of the principal angles, ascending")
  /// sup |F_m - F|.
  package static let kolmogorovDistance = OutputArray(
    "kolmogorovDistance", meaning: "Kolmogorov-Smirnov distance of the overlaps from the limit law, atoms included")
  package static let outputs = [overlaps, kolmogorovDistance]

  /// A law without its atoms.
  package static let forgottenAtoms = Mutant("forgotten-atoms", meaning: "the limit law is taken without its atoms")
  /// Half of the student's directions that make the atoms.
  package static let halvedAtoms = Mutant(
    "halved-atoms", meaning: "every other student direction within or across the teacher's span is missing")
  package static let mutants = [forgottenAtoms, halvedAtoms]

  /// Draws the overlaps from their exact joint law.
  package static func run(_ parameters: Parameters, in context: RunContext) throws -> [OutputArray: NDArray] {
    var stream = context.random("start")
    var values = try Overlaps.sample(
      inputDimension: parameters.inputDimension, studentWidth: parameters.studentWidth,
      teacherWidth: parameters.teacherWidth, from: &stream
    ).values
    if context.mutant == halvedAtoms {
      values = values.enumerated().filter { $1 > 0 && $1 < 1 || $0.isMultiple(of: 2) }.map(\.element)
    }
    let distance = parameters.law.kolmogorovDistance(
      of: values, includingAtoms: context.mutant != forgottenAtoms)
    return [overlaps: NDArray(values), kolmogorovDistance: NDArray(distance)]
  }
}
