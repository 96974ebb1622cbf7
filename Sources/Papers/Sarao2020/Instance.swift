internal import NumericalMethods
internal import PaperKit

/// One teacher, one data set and one start, drawn as in the paper: all entries independent and Gaussian.
///
/// Matrices carry the 1/m of the networks: rows of `teacherWeights` are w*_i / sqrt(m*), entries N(0, 1/m*), so
/// A* = V^T V with E A* = I; rows of `start` are w_i / sqrt(m), entries N(0, 1/m), so E A(0) = I.
struct Instance {
  /// V, [teacher neuron, input].
  let teacherWeights: Matrix
  /// A* = V^T V, [input, input].
  let teacher: Matrix
  /// X, [sample, input].
  let data: Matrix
  /// W(0), [neuron, input], at most d neurons: wider starts are replaced by the Cholesky factor of A(0).
  let start: Matrix

  /// Draws from the streams "teacher", "data" and "start".
  init(inputDimension: Int, teacherWidth: Int, sampleCount: Int, studentWidth: Int, in context: RunContext) throws {
    var teacherStream = context.random("teacher")
    teacherWeights = teacherStream.normalMatrix(
      rowCount: teacherWidth, columnCount: inputDimension, standardDeviation: (1 / Double(teacherWidth)).squareRoot())
    teacher = LinearAlgebra.gram(teacherWeights)
    var dataStream = context.random("data")
    data = dataStream.normalMatrix(rowCount: sampleCount, columnCount: inputDimension)
    start = try Self.start(inputDimension: inputDimension, studentWidth: studentWidth, in: context)
  }

  /// W(0) drawn from the stream "start".
  static func start(inputDimension: Int, studentWidth: Int, in context: RunContext) throws -> Matrix {
    try reduced(wideStart(inputDimension: inputDimension, studentWidth: studentWidth, in: context))
  }

  /// The same W(0) with all its m rows, however many.
  static func wideStart(inputDimension: Int, studentWidth: Int, in context: RunContext) -> Matrix {
    var stream = context.random("start")
    return stream.normalMatrix(
      rowCount: studentWidth, columnCount: inputDimension, standardDeviation: (1 / Double(studentWidth)).squareRoot())
  }

  /// W itself when it has at most d rows, else the d x d triangular factor R with R^T R = W^T W.
  ///
  /// Why that is exact: descent and flow act on A = W^T W as A -> (I - eta M) A (I - eta M) with M a function of A only, so
  /// the width enters through A(0) alone. [derived; it is the closed equation for A of the paper's appendix, (A.1)]
  static func reduced(_ weights: Matrix) throws -> Matrix {
    guard weights.rowCount > weights.columnCount else { return weights }
    return try LinearAlgebra.cholesky(LinearAlgebra.gram(weights)).transposed
  }

  /// Whether the teacher is the only zero of the training loss on these data: the certificate, after a rotation of the
  /// data that turns the teacher's range into the span of the first m* coordinates.
  ///
  /// `rotating: false` forgets the rotation, a deliberate mistake.
  func certificate(rotating: Bool = true) throws -> Certificate {
    let width = teacherWeights.rowCount
    guard rotating, width < data.columnCount else { return try Certificate.decide(data: data, teacherWidth: width) }
    let frame = try LinearAlgebra.qr(teacherWeights.transposed, complete: true).q
    return try Certificate.decide(data: LinearAlgebra.multiply(data, frame), teacherWidth: width)
  }
}
