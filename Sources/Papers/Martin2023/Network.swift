private import Foundation
package import NumericalMethods

/// A student W(0) and a teacher Z* = diag(mu) in the teacher's eigenbasis, as small as rotations allow.
///
/// The flow commutes with rotations of the inputs that leave Z* alone and with rotations of the neurons. So the d - m* inputs
/// without teacher may be rotated into at most m, and m > d neurons into d, without changing Z in the teacher's
/// span, any trace or any norm: everything measured here. Exact, by QR.
package struct Network: Sendable {
  /// W(0), [input, neuron].
  package let weights: Matrix
  /// Eigenvalues mu of Z*, descending, one per input.
  package let teacherEigenvalues: [Double]

  /// A network as given.
  ///
  /// Checked: one eigenvalue per row.
  package init(weights: Matrix, teacherEigenvalues: [Double]) {
    precondition(weights.rowCount == teacherEigenvalues.count, "\(weights.rowCount) inputs")
    self.weights = weights
    self.teacherEigenvalues = teacherEigenvalues
  }

  /// The network with inputs and neurons rotated together; needs descending eigenvalues >= 0.
  ///
  /// Throws ``NumericalError`` when LAPACK fails.
  package func compressed() throws -> Network {
    var weights = weights
    var levels = teacherEigenvalues
    let rank = levels.firstIndex(of: 0) ?? levels.count
    if levels.count - rank > weights.columnCount {
      let rest = try LinearAlgebra.qr(weights.rows(rank..<levels.count)).r
      weights = Matrix(
        rowCount: rank + rest.rowCount, columnCount: weights.columnCount,
        values: weights.rows(0..<rank).values + rest.values)
      levels = Array(levels.prefix(rank + rest.rowCount))
    }
    if weights.columnCount > weights.rowCount { weights = try LinearAlgebra.qr(weights.transposed).r.transposed }
    return Network(weights: weights, teacherEigenvalues: levels)
  }

  /// Gaussian teacher and student [authors' scripts]: entries of W* of variance 1/(d m*), of W(0) 1/(d m), so that both
  /// traces are 1 + O(1/d); `raw` without the 1/d, so that eigenvalues are O(1) and traces O(d).
  ///
  /// The teacher is rotated to its eigenbasis, which leaves the law of the student as it is. Checked: m* <= d. Throws
  /// ``NumericalError``.
  package static func gaussian(
    inputDimension d: Int, studentWidth m: Int, teacherWidth: Int, raw: Bool = false, teacher: inout RandomStream,
    start: inout RandomStream
  ) throws -> Network {
    let levels = try gaussianTeacher(inputDimension: d, teacherWidth: teacherWidth, raw: raw, from: &teacher)
    return Network(
      weights: gaussianStart(inputDimension: d, studentWidth: m, raw: raw, from: &start), teacherEigenvalues: levels)
  }

  /// Eigenvalues of a Gaussian teacher, descending, d of them.
  package static func gaussianTeacher(
    inputDimension d: Int, teacherWidth: Int, raw: Bool, from stream: inout RandomStream
  ) throws -> [Double] {
    precondition(teacherWidth >= 1 && teacherWidth <= d, "\(teacherWidth) teacher neurons in \(d) dimensions")
    let variance = 1 / (Double(teacherWidth) * (raw ? 1 : Double(d)))
    let teacher = stream.normalMatrix(
      rowCount: d, columnCount: teacherWidth, standardDeviation: variance.squareRoot())
    let levels = try LinearAlgebra.symmetricEigenvalues(LinearAlgebra.gram(teacher))
    return levels.reversed() + Array(repeating: 0, count: d - teacherWidth)
  }

  /// A Gaussian W(0), [input, neuron].
  package static func gaussianStart(
    inputDimension d: Int, studentWidth m: Int, raw: Bool, from stream: inout RandomStream
  ) -> Matrix {
    let variance = 1 / (Double(m) * (raw ? 1 : Double(d)))
    return stream.normalMatrix(rowCount: d, columnCount: m, standardDeviation: variance.squareRoot())
  }

  /// The network with another start: W(0) times `scale`, and its row i of d times anisotropy^(i/(d-1) - 1/2), so that the start
  /// is least along the strongest of the teacher's directions; 1 and 1 change nothing.
  package func started(scale: Double, anisotropy: Double) -> Network {
    let last = Double(max(1, weights.rowCount - 1))
    let factors = (0..<weights.rowCount).map { scale * pow(anisotropy, Double($0) / last - 0.5) }
    return Network(
      weights: Matrix(rowCount: weights.rowCount, columnCount: weights.columnCount) { weights[$0, $1] * factors[$0] },
      teacherEigenvalues: teacherEigenvalues)
  }

  /// Orthonormal teacher U* U*^T/m* (U* the first m* basis vectors, by rotation invariance) and student U/sqrt(m), U a
  /// Haar frame; traces 1. Returns U too.
  ///
  /// Checked: m, m* <= d. Throws ``NumericalError``.
  package static func orthonormal(
    inputDimension d: Int, studentWidth m: Int, teacherWidth: Int, start: inout RandomStream
  ) throws -> (network: Network, frame: Matrix) {
    precondition(m >= 1 && m <= d && teacherWidth >= 1 && teacherWidth <= d, "widths \(m), \(teacherWidth) in \(d)")
    let frame = try LinearAlgebra.qr(start.normalMatrix(rowCount: d, columnCount: m)).q
    let levels =
      Array(repeating: 1 / Double(teacherWidth), count: teacherWidth)
      + Array(repeating: 0.0, count: d - teacherWidth)
    return (Network(weights: (1 / Double(m).squareRoot()) * frame, teacherEigenvalues: levels), frame)
  }
}

/// What is measured along a flow of weights.
package struct FlowState: Sendable {
  /// Time t.
  package let time: Double
  /// L.
  package let loss: Double
  /// chi.
  package let overlap: Double
  /// tr(Z - Z*).
  package let traceDifference: Double
  /// phi.
  package let integratedTrace: Double

  /// From its parts.
  package init(time: Double, loss: Double, overlap: Double, traceDifference: Double, integratedTrace: Double) {
    self.time = time
    self.loss = loss
    self.overlap = overlap
    self.traceDifference = traceDifference
    self.integratedTrace = integratedTrace
  }

  /// Measures a student Z = W W^T [input, input] in the teacher's eigenbasis.
  ///
  /// Why by Z - Z* itself, though d x d: |Z|^2 - 2 tr(Z Z*) + |Z*|^2 would leave losses below 1e-16 |Z*|^2 to rounding.
  package init(time: Double, student: Matrix, teacherEigenvalues: [Double], integratedTrace: Double) {
    var difference = student
    var inner = 0.0
    for (index, level) in teacherEigenvalues.enumerated() {
      inner += level * student[index, index]
      difference[index, index] -= level
    }
    let teacherNorm = teacherEigenvalues.reduce(0) { $0 + $1 * $1 }
    let trace = difference.trace
    self.init(
      time: time, loss: difference.squaredNorm / 2 + trace * trace / 4,
      overlap: inner / (student.squaredNorm * teacherNorm).squareRoot(), traceDifference: trace,
      integratedTrace: integratedTrace)
  }
}
