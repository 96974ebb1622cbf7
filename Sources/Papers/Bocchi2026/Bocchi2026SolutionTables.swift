internal import NumericalMethods
internal import PaperKit

// Tables on solutions, curvature and late times.

/// How far from constant the conserved quantities are: the greatest over the starts.
let driftTable = TableDefinition(
  "bocchi2026/drifts", from: [ConservedQuantity.self],
  columns: [
    studentWidthColumn, constrainedColumn, timeColumn,
    Column("polarDrift", meaning: "greatest change of polar(R), noise included, Q(0) = I"),
    Column("earlyTime", unit: "steps/N", meaning: "time of the matrix drift"),
    Column("matrixDrift", meaning: "greatest relative change of C in gradient flow"),
  ]
) { results in
  try results.points(of: ConservedQuantity.self).flatMap { point in
    let times = point[ConservedQuantity.time].values
    let early = point[ConservedQuantity.earlyTime].values
    return times.indices.map { time in
      [
        Double(point.parameters.studentWidth), flag(point.parameters.constraint), times[time],
        point[ConservedQuantity.polarDrift].column(time).greatest(), early[time],
        point[ConservedQuantity.matrixDrift].column(time).greatest(),
      ]
    }
  }
}

/// First column of R along the overlap equations, one path per random start.
let pathTable = TableDefinition(
  "bocchi2026/paths", of: ConservedQuantity.self, eachReplica: true, along: ConservedQuantity.time,
  columns: [
    .parameter(studentWidthColumn, \.studentWidth), .parameter(inputDimensionColumn, \.inputDimension),
    .parameter(constrainedColumn) { $0.constraint == .spherical }, .replica(startColumn),
    .place(ConservedQuantity.time),
    .first(ConservedQuantity.path, as: "first", meaning: "R_11") { $0[0, 0] },
    .first(ConservedQuantity.path, as: "second", meaning: "R_21") { $0[1, 0] },
  ])

/// Where those paths end, and the solutions nearest to their starts.
let endTable = TableDefinition(
  "bocchi2026/path-ends", of: ConservedQuantity.self, eachReplica: true,
  columns: [
    .parameter(studentWidthColumn, \.studentWidth), .parameter(inputDimensionColumn, \.inputDimension),
    .parameter(constrainedColumn) { $0.constraint == .spherical }, .replica(startColumn),
    onSphere(Column("reachedFirst", meaning: "R_11 at the end"), ConservedQuantity.reached, row: 0),
    onSphere(Column("reachedSecond", meaning: "R_21 at the end"), ConservedQuantity.reached, row: 1),
    onSphere(Column("nearestFirst", meaning: "R_11 of the nearest solution"), ConservedQuantity.nearest, row: 0),
    onSphere(Column("nearestSecond", meaning: "R_21 of the nearest solution"), ConservedQuantity.nearest, row: 1),
  ])

private let startColumn = Column("start", meaning: "number of the random start")

/// An element of the first column of polar(R), scaled to a solution.
private func onSphere(_ column: Column, _ polar: OutputArray, row: Int) -> Columns<ConservedQuantity> {
  .computed(column) {
    let radius = (Double($0.parameters.studentWidth) / Double($0.parameters.teacherWidth)).squareRoot()
    return $0.first(polar) { $0[row, 0] } * radius
  }
}

/// The first column of R at the solutions of p = p* = 2: the unit circle.
let circleTable = TableDefinition(
  "bocchi2026/solution-circle", from: [],
  columns: [Column("first", meaning: "R_11"), Column("second", meaning: "R_21")]
) { _ in
  (0...200).map { index in
    // A rational parametrisation, quarter by quarter, needs no sine.
    let quarter = index / 50 % 4
    let t = Double(index % 50) / 50
    let x = (1 - t * t) / (1 + t * t)
    let y = 2 * t / (1 + t * t)
    return [[x, y], [-y, x], [-x, -y], [y, -x]][quarter]
  }
}

/// How far descent ends from the nearest solution, per (p, eta, N).
let deficitTable = TableDefinition(
  "bocchi2026/deficits", of: NearestSolution.self,
  columns: [
    .parameter(studentWidthColumn, \.studentWidth), .parameter(learningRateColumn, \.learningRate),
    .parameter(inputDimensionColumn, \.inputDimension), .mean(NearestSolution.deficit),
    .computed(Column("predicted", meaning: "prediction from nu")) { $0.mean(NearestSolution.predictedDeficit) },
  ])

/// The same for the overlap equations, without noise of single samples of its own.
let flowDeficitTable = TableDefinition(
  "bocchi2026/flow-deficits", of: ConservedQuantity.self,
  columns: [
    .parameter(studentWidthColumn, \.studentWidth), .parameter(learningRateColumn, \.learningRate),
    .parameter(inputDimensionColumn, \.inputDimension), .parameter(constrainedColumn) { $0.constraint == .spherical },
    .mean(ConservedQuantity.deficit, meaning: "1 - efficiency of the overlap equations"),
  ])

/// Eigenvalues of the Hessian with their total multiplicities.
let spectrumTable = TableDefinition(
  "bocchi2026/spectra", from: [Hessian.self],
  columns: [
    studentWidthColumn, teacherWidthColumn, inputDimensionColumn,
    Column("isSolution", meaning: "0: plateau, 1: solution"), Column("eigenvalue", meaning: "eigenvalue times N p"),
    Column("multiplicity", meaning: "multiplicity"),
  ]
) { results in
  try results.points(of: Hessian.self).flatMap { point in
    // Equal but for rounding.
    let rounded = eigenvalues(point).map { ($0 * 1e6).rounded() / 1e6 + 0 }
    return Dictionary(grouping: rounded) { $0 }.sorted { $0.key < $1.key }.map { value, copies in
      [
        Double(point.parameters.studentWidth), Double(point.parameters.teacherWidth),
        Double(point.parameters.inputDimension), point.parameters.place == .solution ? 1 : 0, value,
        Double(copies.count),
      ]
    }
  }
}

/// Loss and least eigenvalue along the overlap equations.
let curvatureTable = TableDefinition(
  "bocchi2026/curvature", of: HessianPath.self, along: HessianPath.time,
  columns: [
    .parameter(studentWidthColumn, \.studentWidth), .place(HessianPath.time),
    .first(HessianPath.populationLoss, as: "loss"), .first(HessianPath.leastEigenvalue),
    .computed(Column("descent", meaning: "minus the same")) { -$0.first(HessianPath.leastEigenvalue) },
    .first(HessianPath.negativeCount),
  ])

/// The loss at late times, with the predicted tail for p > p*.
let lateTable = TableDefinition(
  "bocchi2026/late-times", of: LateTime.self, along: LateTime.time,
  columns: [
    .parameter(studentWidthColumn, \.studentWidth), .parameter(teacherWidthColumn, \.teacherWidth),
    .place(LateTime.time), .first(LateTime.populationLoss, as: "loss"),
    .computed(Column("tail", meaning: "predicted tail for p > p* from time 200 on")) { row in
      let (parameters, time) = (row.parameters, row.place(LateTime.time))
      let hasTail = parameters.studentWidth > parameters.teacherWidth && time >= 200
      return hasTail ? row.first(LateTime.prediction) / (time * time) : .nan
    },
  ])

/// The loss of the overlap equations against the student's width.
let widthTable = TableDefinition(
  "bocchi2026/loss-by-width", of: OverlapFlow.self, along: OverlapFlow.time,
  columns: [
    .place(OverlapFlow.time), .parameter(studentWidthColumn, \.studentWidth),
    .parameter(teacherWidthColumn, \.teacherWidth), .first(OverlapFlow.populationLoss, as: "loss"),
  ])

/// The dimension of the set of zero-loss solutions, free rows and unit rows.
let dimensionTable = TableDefinition(
  "bocchi2026/solution-dimensions", of: SolutionManifold.self,
  columns: [
    .parameter(studentWidthColumn, \.studentWidth), .parameter(teacherWidthColumn, \.teacherWidth),
    .parameter(constrainedColumn) { $0.constraint == .spherical },
    .mean(SolutionManifold.dimension, meaning: "dimension from below, mean over random solutions"),
    .mean(SolutionManifold.greatestDimension, meaning: "dimension from above, mean over random solutions"),
  ])

/// The dimension in closed form: p p* - p*(p*+1)/2 for free rows, p(p*-1) - p*(p*+1)/2 + 1 for unit rows with p > p*.
let dimensionCurveTable = TableDefinition(
  "bocchi2026/dimension-curve", from: [],
  columns: [
    studentWidthColumn, teacherWidthColumn, Column("free", meaning: "dimension for free rows"),
    Column("unit", meaning: "dimension for unit rows"),
  ]
) { _ in
  [1, 2].flatMap { q in
    (q...8).map { p in
      let dimensions = [Constraint.free, .spherical].map {
        Theory(studentWidth: p, teacherWidth: q, learningRate: 0.01, constraint: $0).solutionDimension
      }
      return [Double(p), Double(q)] + dimensions.map(Double.init)
    }
  }
}

/// The squared norms of the rows of the zero-loss solutions reached, ascending, with the share of rows up to each, and the
/// law for free rows: p/p* times a Beta number of p*/2 and (p - p*)/2, which the rows of a uniformly random O have.
let rowNormTable = TableDefinition(
  "bocchi2026/row-norms", from: [ConservedQuantity.self],
  columns: [
    studentWidthColumn, inputDimensionColumn, constrainedColumn,
    Column("squaredNorm", meaning: "squared norm over N of a row of the zero-loss solution reached"),
    Column("share", meaning: "share of rows whose squared norm is at most that"),
    Column("law", meaning: "the same by the law for free rows; 1 from the squared norm 1 on for p = p*"),
  ]
) { results in
  try results.points(of: ConservedQuantity.self).flatMap { point -> [[Double]] in
    let (p, q) = (point.parameters.studentWidth, point.parameters.teacherWidth)
    let values = point[ConservedQuantity.reached].values
    let norms = (0..<values.count / q).map { row in
      values[(row * q)..<((row + 1) * q)].reduce(0) { $0 + $1 * $1 } * Double(p) / Double(q)
    }.sorted()
    let fixed = [
      Double(p), Double(point.parameters.inputDimension), flag(point.parameters.constraint),
    ]
    return norms.enumerated().map { index, norm in
      let law =
        p == q
        ? (norm < 1 ? 0 : 1)
        : Distributions.betaCumulative(
          min(1, norm * Double(q) / Double(p)), a: Double(q) / 2, b: Double(p - q) / 2)
      return fixed + [norm, Double(index + 1) / Double(norms.count), law]
    }
  }
}
