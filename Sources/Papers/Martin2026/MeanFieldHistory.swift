private import CMartin2026
private import Foundation
import NumericalMethods
import PaperKit

/// The process of ``DynamicalMeanField`` up to the present step.
struct MeanFieldHistory {
  private let parameters: DynamicalMeanField.Parameters
  private let noiseVariance: Double
  private let forceFactor: Double
  private let d: Int
  private let m: Int
  private let systems: Int
  /// The first systems, in which the response is measured.
  private let probedSystems: Int
  /// D(D+1)/2, and the same for all systems and for the probed ones.
  private let packed: Int
  private let packedAll: Int
  private let packedProbed: Int
  private var noiseStream: RandomStream
  private var probeStream: RandomStream
  private var step = 0

  private var teachers: [Matrix]
  private var weights: [Matrix]
  /// Z_k - Z* and the GOE matrices N_k of every step, one row a step: [step, system, component], in the basis of
  /// symmetric matrices (svec), where scalar products are those of matrices.
  private var errors: [[Double]] = []
  private var normals: [[Double]] = []
  /// Probes H_j, the same layout, of the probed systems, of signs.
  ///
  /// Why signs: the estimate of the trace is then free of the chance in H_j^2.
  private var probes: [[Double]] = []
  /// Transposed tangents (dW/dH_j)^T at the present step, per system one after the other for all j: [j, m, D], so that one
  /// product with the symmetric drift moves them all.
  private var tangents: [[Double]]
  /// dZ_l/dH_j for l > j: [j][l - j - 1][probed system, component], single precision, in one buffer for each j.
  ///
  /// Why single: this history is nine tenths of the memory and of the memory traffic, and enters only a sum whose Monte
  /// Carlo error is 1e-2. Everything that is factorised stays in double precision.
  private var tangentHistory: [[Float]] = []
  private var correlation: [[Double]] = []
  private var responses: [[Double]] = []
  private var inverse: [[Double]] = []
  private var residual: [[Double]] = []
  private var factor: [[Double]] = []

  // Work space for all past steps of one system, kept because memory of this size comes fresh from the system, page by page.
  private var upright: [Double]
  private var products: [Double]
  private var stacked: [Double]
  private var recoil: [Double]
  private var pushed: [Double]

  var meanSquaredError: [Double] = []
  var trainingLoss: [Double] = []
  var response: [Double] = []

  init(
    _ parameters: DynamicalMeanField.Parameters, noiseVariance: Double, forceFactor: Double, in context: RunContext
  ) {
    self.parameters = parameters
    self.noiseVariance = noiseVariance
    self.forceFactor = forceFactor
    let (d, m) = (parameters.inputDimension, parameters.studentWidth)
    (self.d, self.m) = (d, m)
    (systems, probedSystems) = (parameters.systemCount, parameters.probedSystemCount)
    packed = d * (d + 1) / 2
    packedAll = packed * systems
    packedProbed = packed * probedSystems
    noiseStream = context.random("noise")
    probeStream = context.random("probe")
    var teacherStream = context.random("teacher")
    var startStream = context.random("start")
    let teacherDeviation = 1 / Double(parameters.teacherWidth).squareRoot()
    let startDeviation = (parameters.initialScale / Double(m)).squareRoot()
    teachers = (0..<parameters.systemCount).map { _ in
      LinearAlgebra.outerGram(
        teacherStream.normalMatrix(
          rowCount: d, columnCount: parameters.teacherWidth, standardDeviation: teacherDeviation))
    }
    weights = (0..<parameters.systemCount).map { _ in
      startStream.normalMatrix(rowCount: d, columnCount: m, standardDeviation: startDeviation)
    }
    tangents = (0..<parameters.probedSystemCount).map { _ in
      [Double](repeating: 0, count: parameters.stepCount * d * m)
    }
    upright = tangents[0]
    recoil = tangents[0]
    pushed = tangents[0]
    products = [Double](repeating: 0, count: parameters.stepCount * d * d)
    stacked = products
  }

  /// One step of all systems.
  mutating func advance() throws {
    let k = step
    measure(k)
    try extendKernels(k)
    // A GOE matrix: off-diagonal variance 1/D, diagonal 2/D, so variance 2/D in this basis.
    let deviation = (2 / Double(d)).squareRoot()
    normals.append(noiseStream.normals(packedAll).map { deviation * $0 })
    // Probes of unit variance in this basis.
    probes.append((0..<packedProbed).map { _ in probeStream.sign() })
    trainingLoss.append(residual[k][k] / 4)
    var drift = [Double](repeating: 0, count: packedAll)
    for j in 0...k {
      LinearAlgebra.add(factor[k][j], times: normals[j], to: &drift)
      LinearAlgebra.add(forceFactor * inverse[k][j], times: errors[j], to: &drift)
    }
    move(k, drift)
    step += 1
    if let last = meanSquaredError.last, !last.isFinite {
      throw NumericalError.notFinite(quantity: "mean squared error", time: Double(k) * parameters.learningRate)
    }
  }

  /// Errors and correlations at step k, responses to all earlier probes.
  private mutating func measure(_ k: Int) {
    var error: [Double] = []
    error.reserveCapacity(packedAll)
    for system in 0..<systems {
      error += Instance.vector(of: LinearAlgebra.outerGram(weights[system]) - teachers[system])
    }
    errors.append(error)
    let scale = 1 / Double(d * systems)
    correlation.append((0...k).map { 2 * scale * LinearAlgebra.dot(errors[$0], error) + noiseVariance })
    meanSquaredError.append(scale * LinearAlgebra.dot(error, error))
    responses.append(Array(repeating: 0, count: k + 1))
    if k > 0 { measureResponses(k) }
    response.append(responses[k][0])
  }

  /// dZ_k/dH_j = dW W^T + W dW^T for all j < k, and chi_kj.
  private mutating func measureResponses(_ k: Int) {
    let (d, m, packed, packedProbed) = (d, m, packed, packedProbed)
    for j in 0..<k { tangentHistory[j].append(contentsOf: repeatElement(0, count: packedProbed)) }
    var (products, upright): ([Double], [Double]) = ([], [])
    swap(&products, &self.products)
    swap(&upright, &self.upright)
    let scale = 2 / Double(d * d * probedSystems)
    let root = 2.0.squareRoot()
    for system in 0..<probedSystems {
      upright.withUnsafeMutableBufferPointer { upright in
        tangents[system].withUnsafeBufferPointer { tangents in
          for j in 0..<k {
            for column in 0..<m {
              for row in 0..<d { upright[(j * d + row) * m + column] = tangents[(j * m + column) * d + row] }
            }
          }
        }
        products.withUnsafeMutableBufferPointer { products in
          weights[system].values.withUnsafeBufferPointer { weights in
            LinearAlgebra.multiply(
              UnsafeBufferPointer(upright), weights, rowCount: k * d, innerCount: m, columnCount: d,
              transposingSecond: true, into: products)
          }
        }
      }
      for j in 0..<k {
        let offset = (k - j - 1) * packedProbed + system * packed
        var sum = 0.0
        tangentHistory[j].withUnsafeMutableBufferPointer { history in
          products.withUnsafeBufferPointer { products in
            probes[j].withUnsafeBufferPointer { probe in
              let base = j * d * d
              var index = 0
              for row in 0..<d {
                let diagonal = 2 * products[base + row * d + row]
                history[offset + index] = Float(diagonal)
                sum += probe[system * packed + index] * diagonal
                index += 1
                for column in (row + 1)..<max(d, row + 1) {
                  let value = root * (products[base + row * d + column] + products[base + column * d + row])
                  history[offset + index] = Float(value)
                  sum += probe[system * packed + index] * value
                  index += 1
                }
              }
            }
          }
        }
        responses[k][j] += scale * sum
      }
    }
    swap(&products, &self.products)
    swap(&upright, &self.upright)
  }

  /// Row k of R = (I + eta chi/alpha)^{-1}, of C_r = R C R^T, and of the Cholesky factor of C_r/alpha.
  private mutating func extendKernels(_ k: Int) throws {
    let strength = parameters.learningRate / parameters.sampleRatio
    var row = [Double](repeating: 0, count: k + 1)
    row[k] = 1
    for j in 0..<k {
      let weight = strength * responses[k][j]
      for l in 0...j { row[l] -= weight * inverse[j][l] }
    }
    inverse.append(row)
    // Why the jitter: sampling noise in C leaves the increments of a smooth process barely positive.
    func c(_ i: Int, _ j: Int) -> Double {
      let value = i >= j ? correlation[i][j] : correlation[j][i]
      return i == j ? value * (1 + 1e-8) : value
    }
    let half = (0...k).map { j in (0...k).reduce(0.0) { $0 + row[$1] * c($1, j) } }
    residual.append((0...k).map { i in (0...i).reduce(0.0) { $0 + half[$1] * inverse[i][$1] } })
    var lower = [Double](repeating: 0, count: k + 1)
    var remaining = residual[k][k] / parameters.sampleRatio
    for j in 0..<k {
      var value = residual[k][j] / parameters.sampleRatio
      for l in 0..<j { value -= factor[j][l] * lower[l] }
      lower[j] = value / factor[j][j]
      remaining -= lower[j] * lower[j]
    }
    lower[k] = max(remaining, 1e-10 * residual[k][k] / parameters.sampleRatio).squareRoot()
    guard lower[k] > 0, lower[k].isFinite else { throw NumericalError.notPositiveDefinite(order: k + 1) }
    factor.append(lower)
  }

  /// Weights and tangents take the step; the newest probe starts its tangent.
  private mutating func move(_ k: Int, _ drift: [Double]) {
    let eta = parameters.learningRate
    let keep = 1 - 2 * eta * parameters.regularization
    let memories = (0..<k).map { memory(of: $0, at: k) }
    var matrix = Matrix(rowCount: d, columnCount: d)
    for system in 0..<systems {
      Instance.write(drift[(system * packed)..<((system + 1) * packed)], times: 1, into: &matrix)
      if system < probedSystems { moveTangents(k, of: system, drift: matrix, memories: memories) }
      weights[system] = keep * weights[system] - eta * (matrix * weights[system])
    }
    tangentHistory.append([])
    tangentHistory[k].reserveCapacity((parameters.stepCount - k) * packedProbed)
  }

  private mutating func moveTangents(_ k: Int, of system: Int, drift: Matrix, memories: [[Float]]) {
    let (d, m, packed) = (d, m, packed)
    let eta = parameters.learningRate
    let keep = 1 - 2 * eta * parameters.regularization
    var (stacked, recoil, pushed): ([Double], [Double], [Double]) = ([], [], [])
    swap(&stacked, &self.stacked)
    swap(&recoil, &self.recoil)
    swap(&pushed, &self.pushed)
    // Memory term: 2 sum_l R_kl dZ_l/dH_j, times W, for all j in one product.
    stacked.withUnsafeMutableBufferPointer { stacked in
      let offDiagonal = forceFactor / 2.0.squareRoot()
      for j in 0..<k {
        memories[j].withUnsafeBufferPointer { memory in
          var index = system * packed
          for row in (j * d)..<((j + 1) * d) {
            let place = row - j * d
            stacked[row * d + place] = forceFactor * Double(memory[index])
            index += 1
            for column in (place + 1)..<max(d, place + 1) {
              let value = offDiagonal * Double(memory[index])
              stacked[row * d + column] = value
              stacked[(j * d + column) * d + place] = value
              index += 1
            }
          }
        }
      }
    }
    stacked.withUnsafeBufferPointer { stacked in
      weights[system].values.withUnsafeBufferPointer { weights in
        recoil.withUnsafeMutableBufferPointer {
          LinearAlgebra.multiply(stacked, weights, rowCount: k * d, innerCount: d, columnCount: m, into: $0)
        }
      }
    }
    tangents[system].withUnsafeMutableBufferPointer { tangents in
      drift.values.withUnsafeBufferPointer { drift in
        pushed.withUnsafeMutableBufferPointer {
          LinearAlgebra.multiply(
            UnsafeBufferPointer(tangents), drift, rowCount: k * m, innerCount: d, columnCount: d, into: $0)
        }
      }
      pushed.withUnsafeBufferPointer { pushed in
        recoil.withUnsafeBufferPointer { recoil in
          for j in 0..<k {
            for column in 0..<m {
              let first = (j * m + column) * d
              for row in 0..<d {
                tangents[first + row] =
                  keep * tangents[first + row] - eta * (pushed[first + row] + recoil[(j * d + row) * m + column])
              }
            }
          }
        }
      }
    }
    var probe = Matrix(rowCount: d, columnCount: d)
    Instance.write(probes[k][(system * packed)..<((system + 1) * packed)], times: 1, into: &probe)
    let kicked = LinearAlgebra.multiply(weights[system], probe, transposingFirst: true)
    tangents[system].replaceSubrange((k * d * m)..<((k + 1) * d * m), with: kicked.values)
    swap(&stacked, &self.stacked)
    swap(&recoil, &self.recoil)
    swap(&pushed, &self.pushed)
  }

  /// sum_{j<l<=k} R_kl dZ_l/dH_j, [system, component].
  private func memory(of j: Int, at k: Int) -> [Float] {
    var sum = [Float](repeating: 0, count: packedProbed)
    let weights = inverse[k][(j + 1)...k].map { Float($0) }
    tangentHistory[j].withUnsafeBufferPointer { history in
      sum.withUnsafeMutableBufferPointer { sum in
        weights.withUnsafeBufferPointer { weights in
          guard let history = history.baseAddress, let sum = sum.baseAddress, let weights = weights.baseAddress else {
            return
          }
          cm_add_weighted_rows(history, k - j, packedProbed, weights, sum)
        }
      }
    }
    return sum
  }
}
