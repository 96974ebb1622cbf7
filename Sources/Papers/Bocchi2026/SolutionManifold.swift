package import NumericalMethods
package import PaperKit

/// The zero-loss solutions W = sqrt(p/p*) O W*, O^T O = I: the loss at a random one, and the dimension of the set there from
/// below and from above.
///
/// From below: rotations of the student, (E_ij - E_ji) O, lead to solutions, and so do rotations O (E_ij - E_ji) of the
/// teacher's directions, which keep the norms of the rows. From above: a motion along the set keeps O^T O = I and, for
/// constrained rows, the norms to first order. Where both counts are equal the set is smooth and has that dimension.
package enum SolutionManifold: Experiment {
  package struct Parameters: NetworkParameters {
    @Parameter("p; a multiple of p* for rows of unit norm", in: 1...16) package var studentWidth = 3
    @Parameter("p*", in: 1...16) package var teacherWidth = 2
    @Parameter("free rows of the student, or rows of unit norm") package var constraint = Constraint.free
    package let learningRate = 0.01

    package init() {}

    package func validateRelations() throws {
      try validateNetwork()
      try require(
        studentWidth >= teacherWidth, "studentWidth", studentWidth, allowed: "at least teacherWidth (\(teacherWidth))")
      try require(
        constraint == .free || studentWidth % teacherWidth == 0, "studentWidth", studentWidth,
        allowed: "a multiple of teacherWidth (\(teacherWidth)) for constrained rows")
    }
  }

  package static let name = "bocchi2026/solution-manifold"
  package static let sourceFile = #fileID
  package static let populationLoss = OutputArray("populationLoss", meaning: "population loss")
  package static let dimension = OutputArray("dimension", meaning: "number of independent motions to solutions")
  package static let greatestDimension = OutputArray(
    "greatestDimension", meaning: "number of independent motions that break no condition to first order")
  package static let expectedDimension = OutputArray(
    "expectedDimension", meaning: "p p* - p*(p*+1)/2; for constrained rows with p > p* p(p*-1) - p*(p*+1)/2 + 1")
  package static let outputs = [populationLoss, dimension, greatestDimension, expectedDimension]
  /// Half of the teacher's directions, which solutions turn.
  package static let halvedTeacherWidth = Mutant(
    "halved-teacher-width", meaning: "the teacher has half as many rows as it should")
  package static let mutants = [Mistake.shortSolution, Mistake.forgottenLengths, halvedTeacherWidth]

  package static func run(_ parameters: Parameters, in context: RunContext) throws -> [OutputArray: NDArray] {
    let p = parameters.studentWidth
    let q = context.mutant == halvedTeacherWidth ? (parameters.teacherWidth + 1) / 2 : parameters.teacherWidth
    let theory = Theory(
      studentWidth: p, teacherWidth: q, learningRate: parameters.learningRate, constraint: parameters.constraint)
    let isFree = parameters.constraint == .free
    var stream = context.random("solution")
    var overlaps = try Overlaps.solution(studentWidth: isFree ? p : q, teacherWidth: q, stream: &stream)
    if !isFree {
      var rows = overlaps.teacherOverlap.values
      while rows.count < p * q {
        rows += try Overlaps.solution(studentWidth: q, teacherWidth: q, stream: &stream).teacherOverlap.values
      }
      overlaps = Overlaps(
        teacherOverlap: Matrix(rowCount: p, columnCount: q, values: rows),
        perpendicular: Matrix(rowCount: p, columnCount: p))
    }
    if context.mutant == Mistake.shortSolution {
      overlaps.teacherOverlap = (1 - 1e-6) * overlaps.teacherOverlap
    }
    let r = overlaps.teacherOverlap
    // Of the student's rotations constrained rows allow those within an orthonormal basis.
    var motions: [[Double]] = []
    for (i, j) in pairs(p) where isFree || i / q == j / q {
      motions.append(row(p, q) { a, t in a == i ? r[j, t] : a == j ? -r[i, t] : 0 })
    }
    for (s, u) in pairs(q) { motions.append(row(p, q) { a, t in t == s ? r[a, u] : t == u ? -r[a, s] : 0 }) }
    var conditions: [[Double]] = []
    for s in 0..<q {
      for u in 0...s where context.mutant != Mistake.forgottenLengths || u != s {
        conditions.append(row(p, q) { a, t in (t == s ? r[a, u] : 0) + (t == u ? r[a, s] : 0) })
      }
    }
    if !isFree { for k in 0..<p { conditions.append(row(p, q) { a, t in a == k ? r[a, t] : 0 }) } }
    return [
      populationLoss: NDArray(OverlapEquations(theory).loss(overlaps)),
      dimension: NDArray(Double(try rank(motions))),
      greatestDimension: NDArray(Double(p * q - (try rank(conditions)))),
      expectedDimension: NDArray(Double(parameters.theory.solutionDimension)),
    ]
  }

  private static func pairs(_ count: Int) -> [(Int, Int)] { (0..<count).flatMap { i in (0..<i).map { (i, $0) } } }

  private static func row(_ p: Int, _ q: Int, _ element: (Int, Int) -> Double) -> [Double] {
    (0..<p).flatMap { a in (0..<q).map { element(a, $0) } }
  }

  private static func rank(_ rows: [[Double]]) throws -> Int {
    guard let first = rows.first else { return 0 }
    let matrix = Matrix(rowCount: rows.count, columnCount: first.count, values: rows.flatMap { $0 })
    return try LinearAlgebra.singularValues(matrix).count { $0 > 1e-10 }
  }
}
