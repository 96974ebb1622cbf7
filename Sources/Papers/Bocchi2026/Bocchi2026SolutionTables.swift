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
  "bocchi2026/paths", from: [ConservedQuantity.self],
  columns: [
    studentWidthColumn, inputDimensionColumn, constrainedColumn, Column("start", meaning: "number of the random start"),
    timeColumn, Column("first", meaning: "R_11"), Column("second", meaning: "R_21"),
  ]
) { results in
  try results.points(of: ConservedQuantity.self).flatMap { point in
    let times = point[ConservedQuantity.time].values
    return (0..<point.replicaCount).flatMap { replica in
      times.indices.map { time in
        [
          Double(point.parameters.studentWidth), Double(point.parameters.inputDimension),
          flag(point.parameters.constraint), Double(point.replicas[replica]), times[time],
          point[ConservedQuantity.path][replica, time, 0, 0],
          point[ConservedQuantity.path][replica, time, 1, 0],
        ]
      }
    }
  }
}

/// Where those paths end, and the solutions nearest to their starts.
let endTable = TableDefinition(
  "bocchi2026/path-ends", from: [ConservedQuantity.self],
  columns: [
    studentWidthColumn, inputDimensionColumn, constrainedColumn, Column("start", meaning: "number of the random start"),
    Column("reachedFirst", meaning: "R_11 at the end"), Column("reachedSecond", meaning: "R_21 at the end"),
    Column("nearestFirst", meaning: "R_11 of the nearest solution"),
    Column("nearestSecond", meaning: "R_21 of the nearest solution"),
  ]
) { results in
  try results.points(of: ConservedQuantity.self).flatMap { point in
    let parameters = point.parameters
    let radius = (Double(parameters.studentWidth) / Double(parameters.teacherWidth)).squareRoot()
    let reached = point[ConservedQuantity.reached]
    let nearest = point[ConservedQuantity.nearest]
    return (0..<point.replicaCount).map { replica -> [Double] in
      let head = [
        Double(parameters.studentWidth), Double(parameters.inputDimension), flag(parameters.constraint),
        Double(point.replicas[replica]),
      ]
      let ends = [reached[replica, 0, 0], reached[replica, 1, 0], nearest[replica, 0, 0], nearest[replica, 1, 0]]
      return head + ends.map { $0 * radius }
    }
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
  "bocchi2026/deficits", from: [NearestSolution.self],
  columns: [
    studentWidthColumn, learningRateColumn, inputDimensionColumn,
    Column("deficit", meaning: "1 - efficiency of descent, mean over runs"),
    Column("deficitError", meaning: "its standard error"), Column("predicted", meaning: "prediction from nu"),
  ]
) { results in
  try results.points(of: NearestSolution.self).map { point in
    let values = point[NearestSolution.deficit].values
    return [
      Double(point.parameters.studentWidth), point.parameters.learningRate, Double(point.parameters.inputDimension),
      Statistics.mean(values), Statistics.standardError(values),
      Statistics.mean(point[NearestSolution.predictedDeficit].values),
    ]
  }
}

/// The same for the overlap equations, without noise of single samples of its own.
let flowDeficitTable = TableDefinition(
  "bocchi2026/flow-deficits", from: [ConservedQuantity.self],
  columns: [
    studentWidthColumn, learningRateColumn, inputDimensionColumn, constrainedColumn,
    Column("deficit", meaning: "1 - efficiency of the overlap equations, mean over starts"),
    Column("deficitError", meaning: "its standard error"),
  ]
) { results in
  try results.points(of: ConservedQuantity.self).map { point in
    let values = point[ConservedQuantity.deficit].values
    return [
      Double(point.parameters.studentWidth), point.parameters.learningRate, Double(point.parameters.inputDimension),
      flag(point.parameters.constraint), Statistics.mean(values), Statistics.standardError(values),
    ]
  }
}

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
  "bocchi2026/curvature", from: [HessianPath.self],
  columns: [
    studentWidthColumn, timeColumn, Column("loss", meaning: "population loss"),
    Column("leastEigenvalue", meaning: "least eigenvalue of the Hessian times N p"),
    Column("descent", meaning: "minus the same"),
    Column("negativeCount", meaning: "number of negative eigenvalues"),
  ]
) { results in
  try results.points(of: HessianPath.self).flatMap { point in
    let times = point[HessianPath.time].values
    return times.indices.map { time in
      let least = point[HessianPath.leastEigenvalue][0, time]
      return [
        Double(point.parameters.studentWidth), times[time], point[HessianPath.populationLoss][0, time], least, -least,
        point[HessianPath.negativeCount][0, time],
      ]
    }
  }
}

/// The loss at late times, with the predicted tail for p > p*.
let lateTable = TableDefinition(
  "bocchi2026/late-times", from: [LateTime.self],
  columns: [
    studentWidthColumn, teacherWidthColumn, timeColumn, Column("loss", meaning: "population loss"),
    Column("tail", meaning: "predicted tail for p > p* from time 200 on"),
  ]
) { results in
  try results.points(of: LateTime.self).flatMap { point in
    let parameters = point.parameters
    return zip(point[LateTime.time].values, point[LateTime.populationLoss].row(0)).map { time, loss in
      let hasTail = parameters.studentWidth > parameters.teacherWidth && time >= 200
      return [
        Double(parameters.studentWidth), Double(parameters.teacherWidth), time, loss,
        hasTail ? point[LateTime.prediction].values[0] / (time * time) : .nan,
      ]
    }
  }
}

/// The loss of the overlap equations against the student's width.
let widthTable = TableDefinition(
  "bocchi2026/loss-by-width", from: [OverlapFlow.self],
  columns: [
    timeColumn, studentWidthColumn, teacherWidthColumn, Column("loss", meaning: "population loss"),
  ]
) { results in
  try results.points(of: OverlapFlow.self).flatMap { point in
    zip(point[OverlapFlow.time].values, point[OverlapFlow.populationLoss].row(0)).map { time, loss in
      [time, Double(point.parameters.studentWidth), Double(point.parameters.teacherWidth), loss]
    }
  }
}
