private import Foundation
package import NumericalMethods

/// The eigenvalues of Y = U^T P U at finite size: squared cosines of the principal angles between the span of m Haar
/// student directions and that of m* teacher directions in dimension d.
package struct Overlaps: Sendable, Equatable {
  /// Eigenvalues that are 0 for counting reasons, max(m - m*, 0).
  package let zeroCount: Int
  /// Eigenvalues that are 1 for counting reasons, max(m + m* - d, 0).
  package let oneCount: Int
  /// The others, ascending, in [0, 1]; m eigenvalues in all.
  package let interior: [Double]

  /// From all m eigenvalues, such as those of a given frame; the zeros and ones that counting demands are made exact.
  ///
  /// Checked: m values, 1 <= m, m* <= d.
  package init(_ eigenvalues: [Double], inputDimension d: Int, teacherWidth: Int) {
    let m = eigenvalues.count
    precondition(m >= 1 && m <= d && teacherWidth >= 1 && teacherWidth <= d, "widths \(m), \(teacherWidth) in \(d)")
    zeroCount = max(m - teacherWidth, 0)
    oneCount = max(m + teacherWidth - d, 0)
    interior = eigenvalues.sorted()[zeroCount..<(m - oneCount)].map { min(max($0, 0), 1) }
  }

  /// All m eigenvalues, ascending.
  package var values: [Double] {
    Array(repeating: 0, count: zeroCount) + interior + Array(repeating: 1, count: oneCount)
  }

  /// Draws the eigenvalues from their exact joint law without any frame. O(n^2), n = min(m, m*, d-m, d-m*).
  ///
  /// The beta = 1 Jacobi model of Edelman and Sutton (Found. Comput. Math. 8, 2008): singular values of an upper bidiagonal
  /// matrix whose entries are cosines and sines with independent Beta squares.
  /// Checked: 1 <= m, m* <= d. Throws ``NumericalError`` when the eigenvalue iteration fails.
  package static func sample(
    inputDimension d: Int, studentWidth m: Int, teacherWidth: Int, from stream: inout RandomStream
  ) throws -> Overlaps {
    precondition(m >= 1 && m <= d && teacherWidth >= 1 && teacherWidth <= d, "widths \(m), \(teacherWidth) in \(d)")
    let (p, q) = m + teacherWidth <= d ? (m, teacherWidth) : (d - m, d - teacherWidth)
    let n = min(p, q)
    let a = Double(abs(p - q))
    let b = Double(d - p - q)
    var cosine: [Double] = []
    var sine: [Double] = []
    for k in stride(from: n, to: 0, by: -1) {
      // Why both from one Beta and its complement: 1 - c^2 loses nothing here, c^2 is small or not near 1 by more than 1/d.
      let square = stream.beta((a + Double(k)) / 2, (b + Double(k)) / 2)
      cosine.append(square.squareRoot())
      sine.append((1 - square).squareRoot())
    }
    var diagonal = cosine
    var above: [Double] = []
    for (index, k) in stride(from: n - 1, to: 0, by: -1).enumerated() {
      let square = stream.beta(Double(k) / 2, (a + b + 1 + Double(k)) / 2)
      diagonal[index + 1] *= (1 - square).squareRoot()
      above.append(-sine[index] * square.squareRoot())
    }
    // B^T B is tridiagonal.
    var squares = diagonal.map { $0 * $0 }
    for index in above.indices { squares[index + 1] += above[index] * above[index] }
    let products = above.indices.map { diagonal[$0] * above[$0] }
    let interior = try tridiagonalEigenvalues(diagonal: squares, offDiagonal: products)
    let zeros = Array(repeating: 0.0, count: max(m - teacherWidth, 0))
    let ones = Array(repeating: 1.0, count: max(m + teacherWidth - d, 0))
    return Overlaps(zeros + interior.map { min(max($0, 0), 1) } + ones, inputDimension: d, teacherWidth: teacherWidth)
  }

  /// The eigenvalues of a given frame [d, m] with orthonormal columns against the first m* basis vectors.
  ///
  /// Throws ``NumericalError`` when LAPACK fails.
  package static func of(frame: Matrix, teacherWidth: Int) throws -> Overlaps {
    let cosines = try LinearAlgebra.singularValues(frame.rows(0..<teacherWidth))
    let missing = Array(repeating: 0.0, count: max(0, frame.columnCount - cosines.count))
    return Overlaps(missing + cosines.map { $0 * $0 }, inputDimension: frame.rowCount, teacherWidth: teacherWidth)
  }
}

/// Eigenvalues of a symmetric tridiagonal matrix, ascending, by the QL method with implicit shifts; O(n^2), error of the
/// order of rounding times the norm.
///
/// Why here: for a tridiagonal matrix LAPACK's dense routines would take n^3 operations and n^2 memory.
package func tridiagonalEigenvalues(diagonal: [Double], offDiagonal: [Double]) throws -> [Double] {
  precondition(offDiagonal.count == max(0, diagonal.count - 1), "\(diagonal.count), \(offDiagonal.count) elements")
  var d = diagonal
  var e = offDiagonal + [0]
  for l in d.indices {
    var iterations = 0
    while true {
      var m = l
      while m < d.count - 1, abs(e[m]) > .ulpOfOne / 2 * (abs(d[m]) * abs(d[m + 1])).squareRoot(),
        abs(e[m]) > .leastNormalMagnitude
      { m += 1 }
      if m == l { break }
      iterations += 1
      if iterations > 60 { throw NumericalError.notConverged(method: "QL", iterations: 60, residual: abs(e[l])) }
      // Wilkinson's shift.
      var g = (d[l + 1] - d[l]) / (2 * e[l])
      var r = (g * g + 1).squareRoot()
      g = d[m] - d[l] + e[l] / (g + (g < 0 ? -r : r))
      var (s, c, p) = (1.0, 1.0, 0.0)
      var i = m - 1
      var deflated = false
      while i >= l {
        let f = s * e[i]
        let b = c * e[i]
        r = (f * f + g * g).squareRoot()
        e[i + 1] = r
        if r == 0 {
          d[i + 1] -= p
          e[m] = 0
          deflated = true
          break
        }
        s = f / r
        c = g / r
        g = d[i + 1] - p
        r = (d[i] - g) * s + 2 * c * b
        p = s * r
        d[i + 1] = g + p
        g = c * r - b
        i -= 1
      }
      if deflated { continue }
      d[l] -= p
      e[l] = g
      e[m] = 0
    }
  }
  return d.sorted()
}
