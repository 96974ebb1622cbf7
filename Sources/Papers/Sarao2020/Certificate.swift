package import NumericalMethods

/// Whether the teacher is the only zero of the training loss among positive matrices: an exact decision with a proof.
///
/// Setting: data x_k = (u_k, z_k) in a frame where the teacher's range is spanned by the first m* coordinates, q = d - m*.
/// Which A >= 0 satisfy x_k^T A x_k = x_k^T A* x_k for all k? Besides A* there is another one if and only if there is a
/// symmetric B != 0 with x_k^T B x_k = 0 for all k whose block B_zz is positive.
///
/// Theorem [derived; both directions proved, checked against the end points of gradient descent]. For m* < d and generic
/// data let c run over the vectors with sum_k c_k u_k x_k^T = 0, S(c) = sum_k c_k z_k z_k^T, and
///
///     t* = max { lambda_min(S(c)) : tr S(c) = 1 }.
///
/// t* > 0: the teacher is the only zero (0 = sum_k c_k x_k^T B x_k = tr S(c) B_zz forces B_zz = 0, and more than p
/// equations then force B = 0). t* < 0: the zeros are a continuum (by minimax some R > 0 is orthogonal to every S(c),
/// and R is the zz block of such a B). Here p and D are those of ``Theory/tangentDimension(inputDimension:teacherWidth:)``
/// and ``Theory/symmetricDimension(_:)``.
package struct Certificate: Sendable {
  /// The three answers.
  package enum Verdict: Sendable {
    /// The teacher is the only zero.
    case unique
    /// There is a continuum of zeros.
    case continuum
    /// |t*| is below the tolerance, or a matrix of generic full rank has lost it: probability zero up to round-off.
    case ambiguous
  }

  /// The answer.
  package let verdict: Verdict
  /// t*, in (-inf, 1/q]; NaN where counting or a rank decides, or where the sign was enough.
  package let value: Double
  /// Newton steps taken.
  package let stepCount: Int

  private init(_ verdict: Verdict, value: Double = .nan, stepCount: Int = 0) {
    self.verdict = verdict
    self.value = value
    self.stepCount = stepCount
  }

  /// Decides for a data set.
  ///
  /// By rank where counting suffices: n >= D (the products x_i x_j then span all symmetric matrices: unique), m* >= d
  /// and n < D (A* is interior: continuum), m* = 0 and n < d, n <= p (any B_zz can be completed: continuum). Otherwise
  /// by the barrier method, see ``BarrierProblem``.
  /// - Parameters:
  ///   - data: [sample, input], the teacher's range being the span of the first m* coordinates.
  ///   - teacherWidth: m* >= 0.
  ///   - gapTolerance: bound on |t* - t| at which the sign is given up as ambiguous, or at which t* is called known.
  ///   - resolving: whether to go on to the value of t* once its sign is certain.
  /// - Throws: ``NumericalError`` when a factorisation fails.
  /// - Complexity: per Newton step 4 n^2 q + 2 n^2 (n-p) flop and an eigenvalue problem of size q; 5 (d = 8) to 15
  ///   (d = 64) steps when only the sign is asked for.
  package static func decide(
    data: Matrix, teacherWidth: Int, gapTolerance: Double = 1e-9, resolving: Bool = false
  ) throws -> Certificate {
    let n = data.rowCount
    let d = data.columnCount
    let p = Theory.tangentDimension(inputDimension: d, teacherWidth: teacherWidth)
    if n >= Theory.symmetricDimension(d) { return try ranked(products(data, rowsBelow: d), if: .unique) }
    if teacherWidth >= d { return Certificate(.continuum) }
    if teacherWidth == 0, n < d { return Certificate(.continuum) }
    let equations = products(data, rowsBelow: teacherWidth)
    if n <= p { return try ranked(equations.transposed, if: .continuum) }
    let nullSpace =
      teacherWidth == 0 ? Matrix.identity(n) : try LinearAlgebra.qr(equations, complete: true).q.columns(p..<n)
    var problem = try BarrierProblem(block: data.columns(teacherWidth..<d), multipliers: nullSpace)
    return try problem.solve(gapTolerance: gapTolerance, resolving: resolving)
  }

  /// The products x_i x_j with i < `rowsBelow` and j >= i, [sample, pair].
  private static func products(_ data: Matrix, rowsBelow: Int) -> Matrix {
    let pairs = (0..<rowsBelow).flatMap { i in (i..<data.columnCount).map { (i, $0) } }
    return Matrix(rowCount: data.rowCount, columnCount: pairs.count) { data[$0, pairs[$1].0] * data[$0, pairs[$1].1] }
  }

  /// The verdict if a matrix with no more columns than rows has full column rank, else ambiguous.
  private static func ranked(_ matrix: Matrix, if verdict: Verdict) throws -> Certificate {
    let triangle = try LinearAlgebra.qr(matrix, complete: false).r
    let pivots = triangle.diagonal.map(abs)
    let isFull = pivots.isEmpty || pivots.least() > 1e-12 * pivots.greatest()
    return Certificate(isFull ? verdict : .ambiguous)
  }

  /// Maximise t subject to S(c) >= t I, tr S(c) = 1, c in the span of the multipliers, by the logarithmic barrier
  ///
  ///     minimise -eta t - log det(S(c) - t I),   eta growing.
  ///
  /// Writing c = c_0 + K y with tr S(c_0) = 1 and traceless columns of K, G = (S - t I)^-1, P = Z G Z^T (samples x
  /// samples), the gradient and Hessian of the barrier need no matrix of the pencil:
  ///
  ///     d/dy = -K^T diag P,   d/dt = tr G - eta,   yy = K^T (P o P) K,   yt = -K^T diag(Z G^2 Z^T),   tt = tr G^2.
  ///
  /// Both signs are proved early, at any iterate: S(c) > 0 proves t* > 0. With D the change of S - t I under the full
  /// Newton step, R = G - G D G satisfies <R, S(K y)> = 0 exactly, and R > 0 if and only if D < S - t I; then
  /// t* <= <R, S(c_0)> / tr R = t + (q - tr G D) / eta.
  private struct BarrierProblem {
    /// Z, [sample, complement].
    let block: Matrix
    /// K, [sample, unknown].
    let directions: Matrix
    /// S(c) - t I for the present c, [complement, complement].
    var slack: Matrix
    /// t.
    var level: Double

    /// Starts at the least-squares multiplier of trace one.
    init(block: Matrix, multipliers: Matrix) throws {
      self.block = block
      // Orthonormal S(K_j): their Gram matrix is the Hessian at G = I.
      let overlaps = LinearAlgebra.outerGram(block)
      let gram = LinearAlgebra.multiply(
        multipliers, LinearAlgebra.multiply(squares(overlaps), multipliers), transposingFirst: true)
      let factor = try LinearAlgebra.cholesky(gram)
      var basis = LinearAlgebra.solveTriangular(factor, multipliers.transposed).transposed
      // A reflection that leaves a trace to the first column only.
      let norms = overlaps.diagonal
      let traces = (0..<basis.columnCount).map { column in
        (0..<basis.rowCount).reduce(0) { $0 + norms[$1] * basis[$1, column] }
      }
      let length = traces.reduce(0) { $0 + $1 * $1 }.squareRoot()
      guard length > 1e-12 else { throw NumericalError.undefined("every S(c) is traceless: no certificate exists") }
      let sign = traces[0] < 0 ? -1.0 : 1.0
      var normal = traces
      normal[0] += sign * length
      let scale = 1 / (length * (length + abs(traces[0])))
      for row in 0..<basis.rowCount {
        let projection = scale * (0..<normal.count).reduce(0) { $0 + basis[row, $1] * normal[$1] }
        for column in normal.indices { basis[row, column] -= projection * normal[column] }
      }
      directions = basis.columns(1..<basis.columnCount)
      let pencil = Self.pencil(block, basis.column(0).map { -sign / length * $0 })
      let q = block.columnCount
      let least = try LinearAlgebra.symmetricEigenvalues(pencil)[0]
      level = least - 1 / Double(q)
      slack = pencil
      for index in 0..<q { slack[index, index] -= level }
    }

    /// S(c) = sum_k c_k z_k z_k^T.
    static func pencil(_ block: Matrix, _ multiplier: [Double]) -> Matrix {
      let weighted = Matrix(rowCount: block.rowCount, columnCount: block.columnCount) {
        multiplier[$0] * block[$0, $1]
      }
      return LinearAlgebra.multiply(block, weighted, transposingFirst: true)
    }

    /// Whether S(c) itself is positive definite, so that t* > 0.
    private var isPositive: Bool {
      if level > 0 { return true }
      var pencil = slack
      for index in 0..<block.columnCount { pencil[index, index] += level }
      do {
        _ = try LinearAlgebra.cholesky(pencil)
        return true
      } catch { return false }
    }

    /// Newton steps until the sign of t*, or its value, is known.
    mutating func solve(gapTolerance: Double, resolving: Bool) throws -> Certificate {
      let q = Double(block.columnCount)
      var weight = q
      var verdict: Verdict?
      for step in 0..<500 {
        if verdict == nil, isPositive { verdict = .unique }
        if let verdict, !resolving { return Certificate(verdict, stepCount: step) }
        let newton = try NewtonSystem(self)
        if let upperBound = newton.upperBound(weight, level) {
          if upperBound < 0 { verdict = .continuum }
          if q / weight < gapTolerance {
            return Certificate(verdict ?? .ambiguous, value: resolving ? level : .nan, stepCount: step)
          }
          // Why 5: the fewest Newton steps in all among 3 ... 100 for d = 8 ... 64.
          weight *= 5
        }
        if verdict != nil, !resolving { continue }
        try advance(newton, weight)
      }
      throw NumericalError.notConverged(method: "barrier method", iterations: 500, residual: q / weight)
    }

    /// Goes along the Newton step to the minimum of the barrier.
    ///
    /// With mu the eigenvalues of L^-1 D L^-T, S - t I = L L^T, the barrier at s of the way is, but for a constant,
    /// -eta s dt - sum log(1 + s mu_i): convex in s, its derivative bisected.
    private mutating func advance(_ newton: NewtonSystem, _ weight: Double) throws {
      let (multiplierChange, levelChange) = newton.step(weight, directions)
      var change = Self.pencil(block, multiplierChange)
      for index in 0..<block.columnCount { change[index, index] -= levelChange }
      let half = LinearAlgebra.multiply(newton.inverseFactor, change)
      let relative = try LinearAlgebra.symmetricEigenvalues(
        LinearAlgebra.multiply(half, newton.inverseFactor, transposingSecond: true))
      var low = 0.0
      var high = min(100, relative[0] < 0 ? -(1 - 1e-9) / relative[0] : .infinity)
      for _ in 0..<30 {
        let middle = (low + high) / 2
        let fall = relative.reduce(weight * levelChange) { $0 + $1 / (1 + middle * $1) }
        if fall > 0 { low = middle } else { high = middle }
      }
      LinearAlgebra.add(low, times: change, to: &slack)
      level += low * levelChange
    }
  }

  /// Gradient and factorised Hessian of the barrier at one iterate; the step is linear in eta, so one serves all eta.
  private struct NewtonSystem {
    /// L^-1 with S - t I = L L^T.
    let inverseFactor: Matrix
    /// Minus the gradient without its eta: (K^T diag P, -tr G).
    private let fall: [Double]
    /// The step of `fall` and that of the unit vector of t, as two columns.
    private let steps: Matrix

    init(_ problem: BarrierProblem) throws {
      let (block, directions) = (problem.block, problem.directions)
      let unknownCount = directions.columnCount + 1
      let factor = try LinearAlgebra.cholesky(problem.slack)
      inverseFactor = LinearAlgebra.solveTriangular(factor, .identity(block.columnCount))
      let inverse = LinearAlgebra.gram(inverseFactor)
      let images = LinearAlgebra.multiply(block, inverse)
      let projection = LinearAlgebra.multiply(images, block, transposingSecond: true)
      let weighted = LinearAlgebra.multiply(squares(projection), directions)
      let inner = LinearAlgebra.multiply(directions, weighted, transposingFirst: true)
      // Along K: the traces tr G S(K_j) and tr G^2 S(K_j).
      var first = [Double](repeating: 0, count: unknownCount)
      var second = first
      for sample in 0..<block.rowCount {
        let diagonal = projection[sample, sample]
        let norm = (0..<block.columnCount).reduce(0) { $0 + images[sample, $1] * images[sample, $1] }
        for column in 0..<(unknownCount - 1) {
          first[column] += diagonal * directions[sample, column]
          second[column] -= norm * directions[sample, column]
        }
      }
      first[unknownCount - 1] = -inverse.trace
      second[unknownCount - 1] = inverse.squaredNorm
      let hessian = Matrix(rowCount: unknownCount, columnCount: unknownCount) { row, column in
        row == unknownCount - 1 ? second[column] : column == unknownCount - 1 ? second[row] : inner[row, column]
      }
      let right = Matrix(rowCount: unknownCount, columnCount: 2) { row, column in
        column == 0 ? first[row] : row == unknownCount - 1 ? 1 : 0
      }
      fall = first
      steps = try LinearAlgebra.solve(positiveDefinite: hessian, right)
    }

    /// The Newton step for eta: change of the multiplier c and of t.
    func step(_ weight: Double, _ directions: Matrix) -> (multiplierChange: [Double], levelChange: Double) {
      let last = steps.rowCount - 1
      let unknowns = (0...last).map { steps[$0, 0] + weight * steps[$0, 1] }
      let change = (0..<directions.rowCount).map { sample in
        (0..<last).reduce(0) { $0 + directions[sample, $1] * unknowns[$1] }
      }
      return (change, unknowns[last])
    }

    /// The bound t* <= t + (q - tr G D) / eta if the Newton decrement |G^(1/2) D G^(1/2)|_F is below 0.95, which makes R
    /// positive; nil otherwise.
    func upperBound(_ weight: Double, _ level: Double) -> Double? {
      let last = steps.rowCount - 1
      let unknowns = (0...last).map { steps[$0, 0] + weight * steps[$0, 1] }
      let traceChange = zip(unknowns, fall).reduce(0) { $0 + $1.0 * $1.1 }
      let decrement = traceChange + weight * unknowns[last]
      guard decrement < 0.95 * 0.95 else { return nil }
      return level + (Double(inverseFactor.rowCount) - traceChange) / weight
    }
  }
}

/// The element-wise square of a matrix.
private func squares(_ matrix: Matrix) -> Matrix {
  Matrix(rowCount: matrix.rowCount, columnCount: matrix.columnCount, values: matrix.values.map { $0 * $0 })
}
