package import NumericalMethods
package import PaperKit

/// Eigenvalues of the Hessian at the plateau and at a solution of free rows, in canonical units (the Hessian in the weights
/// times N p), for gradient flow's plateau q = p/(p+2).
package enum Hessian: Experiment {
  /// Where.
  package enum Place: String, Choice {
    /// R = 0, Q = p/(p+2) I.
    case plateau
    /// R = sqrt(p/p*) O with a random O, Q = R R^T; needs p >= p*.
    case solution
  }

  package struct Parameters: NetworkParameters {
    /// p, 1 to 16.
    package var studentWidth = 2
    /// p*, 1 to 16.
    package var teacherWidth = 2
    /// N, at least p + p* + 2.
    package var inputDimension = 100
    package var place = Place.plateau
    package let learningRate = 0.01
    package let constraint = Constraint.free

    package init() {}

    enum CodingKeys: String, CodingKey { case studentWidth, teacherWidth, inputDimension, place }

    package func validate() throws {
      try validateNetwork()
      try validate(inputDimension: inputDimension)
      try require(
        place == .plateau || studentWidth >= teacherWidth, "place", place.rawValue,
        allowed: "plateau where studentWidth is below teacherWidth")
    }
  }

  package static let name = "bocchi2026/hessian"
  package static let sourceFile = #fileID
  package static let eigenvalues = OutputArray("eigenvalues", axes: ["mode"], meaning: "eigenvalues, ascending")
  package static let multiplicities = OutputArray("multiplicities", axes: ["mode"], meaning: "their multiplicities")
  package static let populationLoss = OutputArray("populationLoss", meaning: "population loss")
  package static let outputs = [eigenvalues, multiplicities, populationLoss]

  package static func run(_ parameters: Parameters, in context: RunContext) throws -> [OutputArray: NDArray] {
    let (p, pStar) = (parameters.studentWidth, parameters.teacherWidth)
    let overlaps: Overlaps
    switch parameters.place {
    case .plateau:
      overlaps = Overlaps(
        teacherOverlap: Matrix(rowCount: p, columnCount: pStar),
        perpendicular: Matrix(diagonal: Array(repeating: Double(p) / Double(p + 2), count: p)))
    case .solution:
      var stream = context.random("solution")
      overlaps = try Overlaps.solution(studentWidth: p, teacherWidth: pStar, stream: &stream)
    }
    let spectrum = try HessianSpectrum(overlaps)
    let others = Double(parameters.inputDimension - p - pStar)
    let modes = (spectrum.inside.map { ($0, 1) } + spectrum.outside.map { ($0, others) }).sorted { $0.0 < $1.0 }
    return [
      eigenvalues: NDArray(modes.map(\.0)), multiplicities: NDArray(modes.map(\.1)),
      populationLoss: NDArray(OverlapEquations(parameters.theory).loss(overlaps)),
    ]
  }
}
