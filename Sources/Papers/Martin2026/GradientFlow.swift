private import Foundation
package import NumericalMethods

/// The gradient flow dW/dt = -(F(W) + 2 lambda) W itself, for several starts at once on the same data.
///
/// The paper approximates the flow by explicit Euler steps of 0.005, which stability forces on it long after the solution
/// has become smooth. The Jacobian of a gradient flow is symmetric, its spectrum real: the case of the stabilised
/// Runge-Kutta method of second order by Chebyshev recursion (Sommeijer, Shampine and Verwer, J. Comput. Appl. Math. 88,
/// 1998). s evaluations of F reach a step of 0.65 s^2/rho, rho the spectral radius, where s Euler steps reach 2 s/rho; with
/// steps that grow in proportion to t the flow to a time T costs of the order of sqrt(rho T) evaluations instead of rho T.
///
/// rho comes from the power method on the Jacobian, J D = -(F + 2 lambda) D - (d/n) smat(S^T S svec(D W^T + W D^T)) W, one
/// iteration a step. The step is chosen so that the estimated local error stays below `tolerance` times |W|_F.
package struct GradientFlow: Sendable {
  private let startCount: Int
  /// Numbers of one start, d m.
  private let count: Int
  private let tolerance: Double
  private var field: Field

  /// All weights, start after start, and dW/dt there.
  private var state: [Double]
  private var velocity: [Double]
  /// F at the state, one matrix for each start.
  private var forces: [[Double]]
  /// The power method's vectors, of unit length for each start.
  private var mode: [Double]
  private var radius = 0.0
  private var proposedStep = 0.0

  /// Time reached.
  package private(set) var time = 0.0
  /// Evaluations of F (and of its derivative) so far, for all starts together.
  package private(set) var evaluationCount = 0

  /// Begins at time 0 at the given weights [d, m]. Checked: at least one start.
  package init(
    _ instance: Instance, starts: [Matrix], regularization: Double, data: NormalOperator, tolerance: Double = 1e-5,
    mistakes: Descent.Mistakes = Descent.Mistakes()
  ) {
    precondition(!starts.isEmpty, "flow without a start")
    field = Field(
      instance, width: starts[0].columnCount, startCount: starts.count, decay: 2 * regularization, data: data,
      forceFactor: mistakes.halvesForce ? 0.5 : 1)
    startCount = starts.count
    count = field.count
    self.tolerance = tolerance
    state = starts.flatMap(\.values)
    velocity = state
    forces = starts.map { _ in [] }
    mode = []
    field.evaluate(state, into: &velocity, forces: &forces)
    // Why the velocity: it is rich in the fast modes.
    mode = velocity
    for _ in 0..<12 { improveRadius() }
    proposedStep = radius > 0 ? 0.25 / radius : 1
  }

  /// The weights W [d, m], one for each start.
  package var weights: [Matrix] {
    (0..<startCount).map { index in
      Matrix(
        rowCount: field.inputDimension, columnCount: field.width,
        values: Array(state[(index * count)..<((index + 1) * count)]))
    }
  }

  /// Follows the flow to a later time.
  ///
  /// Throws ``NumericalError/stepSizeUnderflow(time:stepSize:)`` where no step is short enough.
  package mutating func advance(to end: Double) throws {
    precondition(end >= time, "from time \(time) back to \(end)")
    while time < end {
      let remaining = end - time
      // The last step takes all that is left, or half of it rather than leave a sliver.
      let step = proposedStep >= remaining ? remaining : min(proposedStep, max(remaining / 2, proposedStep / 2))
      let (next, nextVelocity, nextForces, error) = attempt(step)
      let factor = error.isFinite ? min(5, max(0.1, 0.8 / cbrt(max(error, 1e-12)))) : 0.1
      if error <= 1 {
        time = step == remaining ? end : time + step
        (state, velocity, forces) = (next, nextVelocity, nextForces)
        // A step cut short by an output time says little about the one after it.
        if step >= 0.5 * proposedStep || factor < 1 { proposedStep = max(step * factor, 0.5 * proposedStep) }
        improveRadius()
      } else {
        proposedStep = step * factor
        for _ in 0..<4 { improveRadius() }
        if proposedStep < 1e-14 * max(end, 1e-6) {
          throw NumericalError.stepSizeUnderflow(time: time, stepSize: proposedStep)
        }
      }
    }
  }

  /// One step of length h: the new state, dW/dt and F there, and the estimated error over what is allowed.
  private mutating func attempt(_ h: Double) -> ([Double], [Double], [[Double]], Double) {
    // Damped by 2/13: stability reaches 0.65 (s^2 - 1) along the negative real axis.
    let stageCount = max(2, 1 + Int((1.54 * h * 1.1 * radius + 1).squareRoot()))
    let s = Double(stageCount)
    let w0 = 1 + 2 / (13 * s * s)
    let root = (w0 * w0 - 1).squareRoot()
    let argument = s * log(w0 + root)
    let w1 = sinh(argument) * root * root / (cosh(argument) * s * root - w0 * sinh(argument))
    // Chebyshev polynomials T_j(w0) with two derivatives; b_j = T''/T'^2.
    var (t, d1, d2) = ((1.0, w0), (0.0, 1.0), (0.0, 0.0))
    var b = (1 / (4 * w0 * w0), 1 / (4 * w0 * w0))
    var before = state
    var now = state
    LinearAlgebra.add(h * w1 * b.1, times: velocity, to: &now)
    var slope = velocity
    var nextForces = forces
    for _ in 2...stageCount {
      let (t2, d12, d22) = (
        2 * w0 * t.1 - t.0, 2 * w0 * d1.1 - d1.0 + 2 * t.1, 2 * w0 * d2.1 - d2.0 + 4 * d1.1
      )
      let b2 = d22 / (d12 * d12)
      let a = 1 - t.1 * b.1
      let mu = 2 * w0 * b2 / b.1
      let nu = -b2 / b.0
      let muTilde = h * mu * w1 / w0
      field.evaluate(now, into: &slope, forces: &nextForces)
      combine(mu, now, nu, 1 - mu - nu, muTilde, slope, -muTilde * a, into: &before)
      swap(&before, &now)
      (t, d1, d2, b) = ((t.1, t2), (d1.1, d12), (d2.1, d22), (b.1, b2))
    }
    field.evaluate(now, into: &slope, forces: &nextForces)
    evaluationCount += stageCount
    var worst = 0.0
    for start in 0..<startCount {
      var (error, size) = (0.0, 0.0)
      for index in (start * count)..<((start + 1) * count) {
        let local = 0.8 * (state[index] - now[index]) + 0.4 * h * (velocity[index] + slope[index])
        error += local * local
        size += now[index] * now[index]
      }
      worst = max(worst, (error / size).squareRoot() / tolerance)
      if !error.isFinite { worst = .infinity }
    }
    return (now, slope, nextForces, worst)
  }

  /// before <- mu now + nu before + rest state + scale slope + back velocity.
  private func combine(
    _ mu: Double, _ now: [Double], _ nu: Double, _ rest: Double, _ scale: Double, _ slope: [Double], _ back: Double,
    into before: inout [Double]
  ) {
    before.withUnsafeMutableBufferPointer { before in
      now.withUnsafeBufferPointer { now in
        state.withUnsafeBufferPointer { state in
          velocity.withUnsafeBufferPointer { velocity in
            slope.withUnsafeBufferPointer { slope in
              for index in before.indices {
                before[index] =
                  (mu * now[index] + nu * before[index]) + (rest * state[index] + back * velocity[index])
                  + scale * slope[index]
              }
            }
          }
        }
      }
    }
  }

  /// One iteration of the power method at the present state: mode <- J mode, normalised, and rho its growth.
  private mutating func improveRadius() {
    evaluationCount += 1
    let last = mode
    field.differentiate(at: state, forces: forces, along: last, into: &mode)
    radius = 0
    for start in 0..<startCount {
      let range = (start * count)..<((start + 1) * count)
      var (before, after) = (0.0, 0.0)
      for index in range {
        before += last[index] * last[index]
        after += mode[index] * mode[index]
      }
      guard before > 0, after > 0 else { continue }
      radius = max(radius, (after / before).squareRoot())
      let scale = 1 / after.squareRoot()
      for index in range { mode[index] *= scale }
    }
  }
}

/// The right side of the flow and its derivative, with their work space.
private struct Field: Sendable {
  let inputDimension: Int
  let width: Int
  private let startCount: Int
  /// d/n.
  private let forceScale: Double
  private let decay: Double
  private let data: NormalOperator
  private var square: [Double]
  private var vectors: [[Double]]
  private var products: [[Double]]
  var count: Int { inputDimension * width }

  init(
    _ instance: Instance, width: Int, startCount: Int, decay: Double, data: NormalOperator, forceFactor: Double
  ) {
    inputDimension = instance.size.inputDimension
    self.width = width
    self.startCount = startCount
    forceScale = forceFactor * Double(inputDimension) / Double(instance.size.sampleCount)
    self.decay = decay
    self.data = data
    square = [Double](repeating: 0, count: inputDimension * inputDimension)
    vectors = (0..<startCount).map { _ in [Double](repeating: 0, count: instance.size.symmetricDimension) }
    products = vectors
  }

  private func range(_ start: Int) -> Range<Int> { (start * count)..<((start + 1) * count) }

  /// rate <- -(F + 2 lambda) W for every start, and F itself.
  mutating func evaluate(_ weights: [Double], into rate: inout [Double], forces: inout [[Double]]) {
    for start in 0..<startCount { pack(weights, weights, start) }
    data.multiply(vectors, into: &products)
    for start in 0..<startCount {
      LinearAlgebra.add(-1, times: data.projectedLabels, to: &products[start])
      push(start, scale: forceScale, by: weights, adding: weights, into: &rate)
      forces[start] = square
    }
  }

  /// rate <- J D = -(F + 2 lambda) D - (d/n) smat(S^T S svec(D W^T + W D^T)) W for every start.
  mutating func differentiate(
    at weights: [Double], forces: [[Double]], along direction: [Double], into rate: inout [Double]
  ) {
    for start in 0..<startCount { pack(direction, weights, start) }
    data.multiply(vectors, into: &products)
    for start in 0..<startCount {
      push(start, scale: 2 * forceScale, by: weights, adding: direction, into: &rate)
      forces[start].withUnsafeBufferPointer { force in
        direction.withUnsafeBufferPointer { direction in
          rate.withUnsafeMutableBufferPointer { rate in
            LinearAlgebra.multiply(
              force, UnsafeBufferPointer(rebasing: direction[range(start)]), rowCount: inputDimension,
              innerCount: inputDimension, columnCount: width, scale: -1,
              into: UnsafeMutableBufferPointer(rebasing: rate[range(start)]), adding: 1)
          }
        }
      }
    }
  }

  /// vectors[start] <- svec of the symmetric part of A B^T.
  private mutating func pack(_ first: [Double], _ second: [Double], _ start: Int) {
    let (d, range) = (inputDimension, range(start))
    let width = width
    square.withUnsafeMutableBufferPointer { square in
      first.withUnsafeBufferPointer { first in
        second.withUnsafeBufferPointer { second in
          LinearAlgebra.multiply(
            UnsafeBufferPointer(rebasing: first[range]), UnsafeBufferPointer(rebasing: second[range]), rowCount: d,
            innerCount: width, columnCount: d, transposingSecond: true, into: square)
        }
      }
      let half = 0.5.squareRoot()
      vectors[start].withUnsafeMutableBufferPointer { vector in
        var index = 0
        for i in 0..<d {
          vector[index] = square[i * d + i]
          index += 1
          for j in (i + 1)..<max(d, i + 1) {
            vector[index] = half * (square[i * d + j] + square[j * d + i])
            index += 1
          }
        }
      }
    }
  }

  /// rate <- -scale smat(products[start]) A - 2 lambda B, leaving the matrix in `square`.
  private mutating func push(
    _ start: Int, scale: Double, by first: [Double], adding second: [Double], into rate: inout [Double]
  ) {
    let (d, range) = (inputDimension, range(start))
    let (width, decay) = (width, decay)
    let offDiagonal = scale / 2.0.squareRoot()
    square.withUnsafeMutableBufferPointer { square in
      products[start].withUnsafeBufferPointer { vector in
        var index = 0
        for i in 0..<d {
          square[i * d + i] = scale * vector[index]
          index += 1
          for j in (i + 1)..<max(d, i + 1) {
            let value = offDiagonal * vector[index]
            square[i * d + j] = value
            square[j * d + i] = value
            index += 1
          }
        }
      }
      rate.withUnsafeMutableBufferPointer { rate in
        first.withUnsafeBufferPointer { first in
          second.withUnsafeBufferPointer { second in
            for index in range { rate[index] = decay * second[index] }
            LinearAlgebra.multiply(
              UnsafeBufferPointer(square), UnsafeBufferPointer(rebasing: first[range]), rowCount: d, innerCount: d,
              columnCount: width, scale: -1, into: UnsafeMutableBufferPointer(rebasing: rate[range]), adding: -1)
          }
        }
      }
    }
  }
}

extension Instance {
  /// Where the regularised flow from a start goes. Its end is the minimum that L-BFGS finds, unless the theory says that
  /// the rank constraint binds: then there are several, and with `followsFlow` the flow itself is followed until
  /// `lastTime`. The count is of iterations, or of evaluations of the flow.
  func endOfFlow(
    from start: Matrix, regularization: Double, bindsRank: Bool, followsFlow: Bool, lastTime: Double,
    descent: RegularizedDescent, mistakes: Descent.Mistakes = Descent.Mistakes()
  ) throws -> (weights: Matrix, count: Int) {
    let data = NormalOperator(sensing: sensing, labels: labels)
    guard followsFlow, bindsRank else {
      let end = try descent.minimise(self, from: start, regularization: regularization, data: data)
      return (end.weights, end.iterationCount)
    }
    var flow = GradientFlow(self, starts: [start], regularization: regularization, data: data, mistakes: mistakes)
    try flow.advance(to: lastTime)
    return (flow.weights[0], flow.evaluationCount)
  }
}
