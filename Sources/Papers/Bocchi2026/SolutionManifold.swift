package import NumericalMethods
package import PaperKit

/// The zero-loss solutions W = sqrt(p/p*) O W*, O^T O = I, of free rows: loss at a random one, and the dimension of the set
/// there, counted as the rank of the p(p-1)/2 infinitesimal rotations (E_ij - E_ji) O of the student.
package enum SolutionManifold: Experiment {
  package struct Parameters: NetworkParameters {
    /// p, p* to 16.
    package var studentWidth = 3
    /// p*, 1 to 16.
    package var teacherWidth = 2
    package let learningRate = 0.01
    package let constraint = Constraint.free

    package init() {}

    enum CodingKeys: String, CodingKey { case studentWidth, teacherWidth }

    package func validate() throws {
      try validateNetwork()
      try require(
        studentWidth >= teacherWidth, "studentWidth", studentWidth, allowed: "at least teacherWidth (\(teacherWidth))")
    }
  }

  package static let name = "bocchi2026/solution-manifold"
  package static let sourceFile = #fileID
  package static let populationLoss = OutputArray("populationLoss", meaning: "population loss")
  package static let dimension = OutputArray("dimension", meaning: "number of independent infinitesimal rotations")
  package static let expectedDimension = OutputArray("expectedDimension", meaning: "p p* - p*(p*+1)/2")
  package static let outputs = [populationLoss, dimension, expectedDimension]

  package static func run(_ parameters: Parameters, in context: RunContext) throws -> [OutputArray: NDArray] {
    let (p, pStar) = (parameters.studentWidth, parameters.teacherWidth)
    var stream = context.random("solution")
    let overlaps = try Overlaps.solution(studentWidth: p, teacherWidth: pStar, stream: &stream)
    var rank = 0
    if p > 1 {
      let r = overlaps.teacherOverlap
      let rotations = (0..<p).flatMap { i in
        (0..<i).map { j in
          (0..<p).flatMap { row in
            (0..<pStar).map { column in row == i ? r[j, column] : row == j ? -r[i, column] : 0 }
          }
        }
      }
      let matrix = Matrix(rowCount: rotations.count, columnCount: p * pStar, values: rotations.flatMap { $0 })
      rank = try LinearAlgebra.singularValues(matrix).count { $0 > 1e-10 }
    }
    return [
      populationLoss: NDArray(OverlapEquations(parameters.theory).loss(overlaps)), dimension: NDArray(Double(rank)),
      expectedDimension: NDArray(Double(parameters.theory.solutionDimension)),
    ]
  }
}
