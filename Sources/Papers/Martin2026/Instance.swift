private import Foundation
package import NumericalMethods
package import PaperKit

/// The law of the sensing matrices X_k; both have E tr(XA)^2 = 2 |A|_F^2/d for centred A.
package enum SensingLaw: String, Choice {
  /// Symmetric Gaussian, off-diagonal variance 1/d, diagonal variance 2/d.
  case gaussian
  /// (x x^T - I)/sqrt(d) with Gaussian x: the network with quadratic activation.
  case quadratic
}

/// The sizes of one system and how its data are drawn; what every simulation's parameters contain.
package struct SystemSize: Sendable {
  /// d.
  package var inputDimension: Int
  /// kappa, kappa*, alpha: m = round(kappa d), m* = round(kappa* d), n = floor(alpha d^2).
  package var studentWidthRatio: Double
  package var teacherWidthRatio: Double
  package var sampleRatio: Double
  /// Delta.
  package var noiseVariance: Double

  package init(
    inputDimension: Int, studentWidthRatio: Double, teacherWidthRatio: Double, sampleRatio: Double,
    noiseVariance: Double
  ) {
    self.inputDimension = inputDimension
    self.studentWidthRatio = studentWidthRatio
    self.teacherWidthRatio = teacherWidthRatio
    self.sampleRatio = sampleRatio
    self.noiseVariance = noiseVariance
  }

  /// m.
  package var studentWidth: Int { Int((studentWidthRatio * Double(inputDimension)).rounded()) }
  /// m*.
  package var teacherWidth: Int { Int((teacherWidthRatio * Double(inputDimension)).rounded()) }
  /// n. Why the tiny excess: 0.29 * 10000 is 2899.9999999999995 in binary.
  package var sampleCount: Int { Int(sampleRatio * Double(inputDimension * inputDimension) + 1e-9) }
  /// p = d(d + 1)/2, dimension of the symmetric matrices.
  package var symmetricDimension: Int { inputDimension * (inputDimension + 1) / 2 }

  /// Numbers that the sensing matrices and their Gram matrix may take together: 4 GiB.
  package static let numberLimit = 1 << 29

  /// Whether the minimum by the long-time equations has the student's full rank, so that the width limits it. True where
  /// they have no solution.
  func bindsRank(regularization: Double) -> Bool {
    let theory = LongTimeTheory(
      studentWidthRatio: studentWidthRatio, teacherWidthRatio: teacherWidthRatio, noiseVariance: noiseVariance)
    return (try? theory.solve(sampleRatio: sampleRatio, regularization: regularization).isRankLimited) ?? true
  }

  /// Throws ``InvalidParameter`` for a system without a neuron or a sample, and for one that does not fit into memory.
  package func validate() throws {
    func require(_ condition: Bool, _ name: String, _ value: some Any, _ allowed: String) throws {
      if !condition { throw InvalidParameter(name, value, allowed: allowed) }
    }
    try require(studentWidth >= 1, "studentWidthRatio", studentWidthRatio, "at least 1/(2 inputDimension)")
    try require(teacherWidth >= 1, "teacherWidthRatio", teacherWidthRatio, "at least 1/(2 inputDimension)")
    try require(sampleCount >= 1, "sampleRatio", sampleRatio, "at least 1/inputDimension^2")
    let numbers = Double(sampleCount + symmetricDimension) * Double(symmetricDimension)
    try require(
      numbers <= Double(Self.numberLimit), "sampleRatio", sampleRatio,
      """
      (n + p) p at most \(Self.numberLimit) numbers (4 GiB); with inputDimension \(inputDimension), n = \(sampleCount), \
      p = \(symmetricDimension) they are \(numbers)
      """)
  }
}

/// A teacher with its data, in the basis of symmetric matrices.
///
/// A symmetric A is the vector svec A = (A_ij: i = j, sqrt(2) A_ij: i < j), row by row of the upper triangle, p = d(d+1)/2
/// long, so that <A, B> = svec A . svec B. Sensing matrices are the rows of S [sample, p]; Gaussian ones have independent
/// components of variance 2/d, so S is drawn directly. Drawn sensing matrices are rounded to single precision.
package struct Instance: Sendable {
  /// Deliberate mistakes in the data.
  package struct Mistakes: Sendable {
    /// X = x x^T/sqrt(d) without centring: the trace direction gets a spike of size d.
    package var isUncentred = false
    /// Share of Delta that the variance of the labels' noise has.
    package var noiseShare = 1.0
    /// The last quarter of the samples are copies of the first.
    package var repeatsSamples = false

    package init(isUncentred: Bool = false, noiseShare: Double = 1, repeatsSamples: Bool = false) {
      self.isUncentred = isUncentred
      self.noiseShare = noiseShare
      self.repeatsSamples = repeatsSamples
    }
  }

  package let size: SystemSize
  /// Z* = G G^T/m* [d, d].
  package let teacher: Matrix
  /// S [sample, p].
  package let sensing: Matrix
  /// tr X_k Z*, without noise.
  package let cleanLabels: [Double]
  /// y_k = tr X_k Z* + sqrt(Delta) xi_k.
  package let labels: [Double]

  /// Draws teacher, sensing matrices and label noise from the streams "teacher", "sensing" and "noise".
  package init(_ size: SystemSize, law: SensingLaw, mistakes: Mistakes = Mistakes(), in context: RunContext) {
    let d = size.inputDimension
    var teacherStream = context.random("teacher")
    let g = teacherStream.normalMatrix(
      rowCount: d, columnCount: size.teacherWidth, standardDeviation: 1 / Double(size.teacherWidth).squareRoot())
    var sensingStream = context.random("sensing")
    var sensing: Matrix
    switch law {
    case .gaussian:
      sensing = sensingStream.normalMatrix(
        rowCount: size.sampleCount, columnCount: size.symmetricDimension,
        standardDeviation: (2 / Double(d)).squareRoot())
    case .quadratic:
      sensing = Self.quadraticSensing(size, isCentred: !mistakes.isUncentred, &sensingStream)
    }
    // Single precision holds the data exactly, so products with them may read half the memory.
    sensing.values.withUnsafeMutableBufferPointer { values in
      for index in values.indices { values[index] = Double(Float(values[index])) }
    }
    var noise = context.random("noise").copyOfNormals(size.sampleCount)
    if mistakes.noiseShare != 1 { noise = noise.map { mistakes.noiseShare.squareRoot() * $0 } }
    if mistakes.repeatsSamples {
      let count = size.sampleCount / 4
      let length = count * size.symmetricDimension
      sensing.values.replaceSubrange((sensing.values.count - length)..., with: sensing.values[..<length])
      noise.replaceSubrange((noise.count - count)..., with: noise[..<count])
    }
    self.init(size, teacher: LinearAlgebra.outerGram(g), sensing: sensing, noise: noise)
  }

  /// An instance from its parts; `noise` of unit variance.
  package init(_ size: SystemSize, teacher: Matrix, sensing: Matrix, noise: [Double]) {
    self.size = size
    self.teacher = teacher
    self.sensing = sensing
    cleanLabels = sensing * Self.vector(of: teacher)
    let deviation = size.noiseVariance.squareRoot()
    labels = zip(cleanLabels, noise).map { $0 + deviation * $1 }
  }

  private static func quadraticSensing(
    _ size: SystemSize, isCentred: Bool, _ stream: inout RandomStream
  ) -> Matrix {
    let d = size.inputDimension
    var values: [Double] = []
    values.reserveCapacity(size.sampleCount * size.symmetricDimension)
    let scale = 1 / Double(d).squareRoot()
    for _ in 0..<size.sampleCount {
      let x = stream.normals(d)
      for i in 0..<d {
        values.append((x[i] * x[i] - (isCentred ? 1 : 0)) * scale)
        for j in (i + 1)..<max(d, i + 1) { values.append(x[i] * x[j] * scale * 2.0.squareRoot()) }
      }
    }
    return Matrix(rowCount: size.sampleCount, columnCount: size.symmetricDimension, values: values)
  }

  /// A start W [d, m] with independent entries of variance gamma/m, from the stream "start".
  package func start(initialScale gamma: Double, in context: RunContext) -> Matrix {
    var stream = context.random("start")
    let m = size.studentWidth
    return stream.normalMatrix(
      rowCount: size.inputDimension, columnCount: m, standardDeviation: (gamma / Double(m)).squareRoot())
  }

  /// svec A.
  package static func vector(of matrix: Matrix) -> [Double] {
    let d = matrix.rowCount
    return [Double](unsafeUninitializedCapacity: d * (d + 1) / 2) { vector, count in
      var index = 0
      for i in 0..<d {
        vector[index] = matrix.values[i * d + i]
        index += 1
        for j in (i + 1)..<max(d, i + 1) {
          vector[index] = matrix.values[i * d + j] * 2.0.squareRoot()
          index += 1
        }
      }
      count = index
    }
  }

  /// The symmetric matrix [d, d] of a vector, times a factor, written into `matrix`.
  package static func write(_ vector: ArraySlice<Double>, times factor: Double, into matrix: inout Matrix) {
    let d = matrix.rowCount
    let offDiagonal = factor / 2.0.squareRoot()
    matrix.values.withUnsafeMutableBufferPointer { matrix in
      vector.withUnsafeBufferPointer { vector in
        var index = 0
        for i in 0..<d {
          matrix[i * d + i] = factor * vector[index]
          index += 1
          for j in (i + 1)..<max(d, i + 1) {
            let value = offDiagonal * vector[index]
            matrix[i * d + j] = value
            matrix[j * d + i] = value
            index += 1
          }
        }
      }
    }
  }

  /// The errors of Z.
  package struct Errors: Sendable {
    /// |Z - Z*|_F^2/d.
    package let meanSquaredError: Double
    /// (1/4n) sum (tr X_k Z - y_k)^2.
    package let trainingLoss: Double
    /// The same against the clean labels.
    package let inSampleError: Double
  }

  /// Errors of Z = W W^T.
  package func errors(of weights: Matrix) -> Errors {
    let z = LinearAlgebra.outerGram(weights)
    let outputs = sensing * Self.vector(of: z)
    func loss(_ targets: [Double]) -> Double {
      zip(outputs, targets).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) } / Double(4 * targets.count)
    }
    return Errors(
      meanSquaredError: (z - teacher).squaredNorm / Double(size.inputDimension), trainingLoss: loss(labels),
      inSampleError: loss(cleanLabels))
  }
}

extension RandomStream {
  /// The first normals of a stream, which itself stays where it is.
  fileprivate func copyOfNormals(_ count: Int) -> [Double] {
    var copy = self
    return copy.normals(count)
  }
}
