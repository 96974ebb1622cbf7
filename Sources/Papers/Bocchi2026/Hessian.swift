package import NumericalMethods
package import PaperKit

/// Eigenvalues of the Hessian at a critical point of the population loss of free rows, in canonical units (the Hessian in the
/// weights times N p).
///
/// There c W^T W is diag(c* + delta/2) on k of the teacher's directions, delta/2 on j others and 0 elsewhere, with k + j <= p and
/// delta = 2 (1 - k/p*) / (2 + k + j): k directions are learnt, and of p - k - j rows nothing is left but rotation. [derived]
package enum Hessian: Experiment {
  /// Where.
  package enum Place: String, Choice {
    /// R = 0, Q = p/(p+2) I.
    case plateau
    /// R = sqrt(p/p*) O with a random O, Q = R R^T; needs p >= p*.
    case solution
    /// The critical point of k = `learntCount` and j = `otherCount`, rotated at random; the plateau is k = 0, j = p and the
    /// solutions k = p*, j = 0.
    case critical
  }

  package struct Parameters: NetworkParameters {
    @Parameter("p", in: 1...16) package var studentWidth = 2
    @Parameter("p*", in: 1...16) package var teacherWidth = 2
    @Parameter("N", atLeast: 4) package var inputDimension = 100
    @Parameter("where the Hessian is taken") package var place = Place.plateau
    @Parameter("k, at most min(p, p*)", in: 0...16) package var learntCount = 0
    @Parameter("j, at most p - k; 0 where k = p*", in: 0...16) package var otherCount = 0
    package let learningRate = 0.01
    package let constraint = Constraint.free

    package init() {}

    package static var idleParameters: [IdleParameter<Self>] {
      ["learntCount", "otherCount"].map { name in
        IdleParameter(name, "unless place: critical") { $0.place != .critical }
      }
    }

    /// delta = E[e] there.
    package var residual: Double {
      2 * (1 - Double(learntCount) / Double(teacherWidth)) / Double(2 + learntCount + otherCount)
    }

    package func validateRelations() throws {
      try validateNetwork()
      try validate(inputDimension: inputDimension)
      try require(
        place != .solution || studentWidth >= teacherWidth, "place", place.rawValue,
        allowed: "plateau or critical where studentWidth is below teacherWidth")
      try require(
        (0...min(studentWidth, teacherWidth)).contains(learntCount), "learntCount", learntCount,
        allowed: "0 to the lesser width")
      try require(
        (0...(learntCount == teacherWidth ? 0 : studentWidth - learntCount)).contains(otherCount), "otherCount",
        otherCount, allowed: "0 to studentWidth - learntCount, 0 where all is learnt")
    }
  }

  package static let name = "bocchi2026/hessian"
  package static let sourceFile = #fileID
  package static let eigenvalues = OutputArray("eigenvalues", axes: ["mode"], meaning: "eigenvalues, ascending")
  package static let multiplicities = OutputArray("multiplicities", axes: ["mode"], meaning: "their multiplicities")
  package static let populationLoss = OutputArray("populationLoss", meaning: "population loss")
  package static let gradient = OutputArray(
    "gradient", meaning: "greatest rate of change of an overlap by gradient flow at eta = 1, 0 at a critical point")
  package static let outputs = [eigenvalues, multiplicities, populationLoss, gradient]
  package static let mutants = [Mistake.halvedTrace, Mistake.halvedTeacher]

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
    case .critical:
      var stream = context.random("solution")
      let rotation = try LinearAlgebra.qr(stream.normalMatrix(rowCount: p, columnCount: p)).q
      let (k, j, half) = (parameters.learntCount, parameters.otherCount, parameters.residual / 2)
      let length = (Double(p) * (1 / Double(pStar) + half)).squareRoot()
      overlaps = Overlaps(
        teacherOverlap: Matrix(rowCount: p, columnCount: pStar) { $1 < k ? length * rotation[$0, $1] : 0 },
        perpendicular: Matrix(rowCount: p, columnCount: p) { row, column in
          (k..<(k + j)).reduce(0) { $0 + Double(p) * half * rotation[row, $1] * rotation[column, $1] }
        })
    }
    let spectrum = try HessianSpectrum(
      overlaps, traceShare: context.mutant == Mistake.halvedTrace ? 0.5 : 1,
      teacherShare: context.mutant == Mistake.halvedTeacher ? 0.5 : 1)
    let flow = OverlapEquations(
      Theory(studentWidth: p, teacherWidth: pStar, learningRate: 1), isGradientFlow: true)
    let others = Double(parameters.inputDimension - p - pStar)
    let modes = (spectrum.inside.map { ($0, 1) } + spectrum.outside.map { ($0, others) }).sorted { $0.0 < $1.0 }
    return [
      eigenvalues: NDArray(modes.map(\.0)), multiplicities: NDArray(modes.map(\.1)),
      populationLoss: NDArray(flow.loss(overlaps)), gradient: NDArray(flow.greatestRate(overlaps)),
    ]
  }
}
