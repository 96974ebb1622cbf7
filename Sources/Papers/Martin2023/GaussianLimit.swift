private import Foundation
package import NumericalMethods
package import PaperKit

/// The flow of a Gaussian student and teacher at infinite input dimension, at fixed alpha = m/d, alpha* = m*/d, gamma = t/d.
///
/// Ours, by a deterministic equivalent of the Riccati solution [derived]; the paper draws the orthonormal limit instead. nu
/// runs over the spectral law of d Z*: mass 1 - alpha* at 0 and the Marchenko–Pastur density
/// sqrt((nu+ - nu)(nu - nu-)) / (2 pi nu), nu-/+ = (1 -/+ sqrt(alpha*))^2/alpha*. With q = e^(-4 gamma nu) and one unknown R
/// per node,
///
///     g + (1/alpha) sum w u = 1,  u = R g/(q + R g),  k = g/(q + R g),  S = sum w k = e^(2 phi),  R' = 4/S - 4 nu R.
package enum GaussianLimit: Experiment {
  /// What can be varied.
  package struct Parameters: ExperimentParameters, TimeGrid {
    @Parameter("alpha = m/d", above: 0) package var studentWidthRatio = 0.5
    @Parameter("alpha* = m*/d", atLeast: 1e-6, below: 1) package var teacherWidthRatio = 0.25
    @Parameter("first gamma reported", atLeast: 0) package var firstTime = 1e-3
    @Parameter("last gamma reported", above: 0, atMost: 1e9) package var lastTime = 10.0
    @Parameter("number of values of gamma", in: 2...1_000_000) package var timeCount = 100
    @Parameter("spacing of the times") package var timeSpacing = Spacing.logarithmic
    @Parameter("number of nodes for the spectral law", in: 20...10_000) package var nodeCount = 400
    @Parameter("relative tolerance of the integrator", in: 1e-14...1e-3) package var relativeTolerance = 1e-10

    /// The defaults: the first panel of Fig. 4.
    package init() {}

    package func validateRelations() throws { try validateTimes() }
  }

  package static let name = "martin2023/gaussian-limit"
  package static let sourceFile = #fileID

  /// gamma.
  package static let rescaledTime = OutputArray(
    "rescaledTime", axes: ["rescaledTime"], meaning: "gamma = t/d, time over input dimension")
  /// chi.
  package static let overlap = OutputArray(
    "overlap", axes: ["rescaledTime"], meaning: "overlap chi of student and teacher, limit of large d")
  /// phi.
  package static let integratedTrace = OutputArray(
    "integratedTrace", axes: ["rescaledTime"], meaning: "phi = integral of tr(Z - Z*) over time")
  /// d L.
  package static let scaledLoss = OutputArray(
    "scaledLoss", axes: ["rescaledTime"], meaning: "input dimension times population risk")
  package static let outputs = [rescaledTime, overlap, integratedTrace, scaledLoss]

  /// phi with the wrong sign.
  package static let flippedPhi = Mutant("flipped-phi", meaning: "phi is reported with the wrong sign")
  /// Half of a term of the equations.
  package static let halvedSource = Mutant("halved-source", meaning: "R' is 2/S - 4 nu R instead of 4/S - 4 nu R")
  package static let mutants = [flippedPhi, halvedSource]

  package static func drawsRandomNumbers(_ parameters: Parameters) -> Bool { false }

  /// Solves the equations, with half of the nodes too. Throws ``NumericalError`` where the two differ by more than 1e-6 in
  /// chi or, relative to 1 + |phi|, in phi: the spectral law then has a sharper edge than the nodes resolve, as for a
  /// teacher nearly as wide as the input.
  package static func run(_ parameters: Parameters, in context: RunContext) throws -> [OutputArray: NDArray] {
    func limit(nodeCount: Int) throws -> [State] {
      try solve(
        studentWidthRatio: parameters.studentWidthRatio, teacherWidthRatio: parameters.teacherWidthRatio,
        at: parameters.times, nodeCount: nodeCount, relativeTolerance: parameters.relativeTolerance,
        source: context.mutant == halvedSource ? 2 : 4)
    }
    let states = try limit(nodeCount: parameters.nodeCount)
    let differences = zip(states, try limit(nodeCount: parameters.nodeCount / 2)).map { fine, coarse in
      max(
        abs(fine.overlap - coarse.overlap),
        abs(fine.integratedTrace - coarse.integratedTrace) / (1 + abs(fine.integratedTrace)))
    }
    guard differences.greatest() <= 1e-6 else {
      throw NumericalError.notConverged(
        method: "the spectral law by \(parameters.nodeCount) nodes instead of half of them",
        iterations: parameters.nodeCount, residual: differences.greatest())
    }
    let factor: Double = context.mutant == flippedPhi ? -1 : 1
    return [
      rescaledTime: NDArray(parameters.times), overlap: NDArray(states.map(\.overlap)),
      integratedTrace: NDArray(states.map { factor * $0.integratedTrace }),
      scaledLoss: NDArray(states.map(\.scaledLoss)),
    ]
  }

  /// The limit at one gamma.
  package struct State: Sendable {
    /// chi.
    package let overlap: Double
    /// phi.
    package let integratedTrace: Double
    /// d L.
    package let scaledLoss: Double
  }

  /// The limit at ascending gamma >= 0; a `source` other than 4 in R' is a deliberate mistake. Throws ``NumericalError``. Cost: a few thousand right-hand sides of `nodeCount`.
  package static func solve(
    studentWidthRatio: Double, teacherWidthRatio: Double, at gammas: [Double], nodeCount: Int = 400,
    relativeTolerance: Double = 1e-10, source: Double = 4
  ) throws -> [State] {
    let method = DormandPrince(relativeTolerance: relativeTolerance, absoluteTolerance: 1e-14)
    var equations = Equations(
      studentWidthRatio: studentWidthRatio, teacherWidthRatio: teacherWidthRatio, nodeCount: nodeCount)
    var state = Array(repeating: 0.0, count: equations.nodes.count)
    var time = 0.0
    return try gammas.map { gamma in
      time = try method.integrate(
        from: time, to: gamma, state: &state,
        derivative: { gamma, state, derivative in
          try equations.solve(gamma, state)
          for index in 0..<state.count {
            derivative[index] = source / equations.sum - 4 * equations.nodes[index] * state[index]
          }
        }, onStep: { _ in .proceed })
      return try state.withUnsafeBufferPointer { state in
        try equations.solve(gamma, state)
        return equations.observed(state)
      }
    }
  }

  private struct Equations {
    let studentWidthRatio: Double
    /// Values nu of the spectral law, the last one 0, and their weights, of sum 1.
    let nodes: [Double]
    let weights: [Double]
    /// q = e^(-4 gamma nu).
    private var decay: [Double]
    /// g, also the guess for the next solution.
    private var g = 1.0
    /// S.
    private(set) var sum = 1.0

    init(studentWidthRatio: Double, teacherWidthRatio b: Double, nodeCount: Int) {
      self.studentWidthRatio = studentWidthRatio
      let low = (1 - b.squareRoot()) * (1 - b.squareRoot()) / b
      let high = (1 + b.squareRoot()) * (1 + b.squareRoot()) / b
      let half = (high - low) / 2
      var nodes: [Double] = []
      var weights: [Double] = []
      for index in 0..<nodeCount {
        let theta = (Double(index) + 0.5) * .pi / Double(nodeCount)
        let node = (low + high) / 2 + half * cos(theta)
        nodes.append(node)
        weights.append(half * sin(theta) * half * sin(theta) * b / (2 * node) / Double(nodeCount))
      }
      self.nodes = nodes + [0]
      self.weights = weights + [1 - b]
      decay = Array(repeating: 1, count: nodeCount + 1)
    }

    /// Finds g by Newton's method within a bracket: the left side grows with g, is negative at 0 and not at 1.
    mutating func solve(_ gamma: Double, _ state: UnsafeBufferPointer<Double>) throws {
      for index in 0..<nodes.count { decay[index] = exp(-4 * gamma * nodes[index]) }
      var (low, high) = (0.0, 1.0)
      for _ in 0..<200 {
        var total = 0.0
        var slope = 0.0
        var kSum = 0.0
        for index in 0..<nodes.count {
          let r = max(state[index], 0) * g
          let inverse = 1 / (decay[index] + r)
          let u = r * inverse
          total += weights[index] * u
          slope += weights[index] * u * (1 - u)
          kSum += weights[index] * g * inverse
        }
        let excess = g + total / studentWidthRatio - 1
        if excess > 0 { high = g } else { low = g }
        var next = g - excess / (1 + slope / (studentWidthRatio * g))
        if abs(next - g) <= 2e-15 * g {
          sum = kSum
          return
        }
        if !(next > low && next < high) { next = (low + high) / 2 }
        if next == g {
          sum = kSum
          return
        }
        g = next
      }
      throw NumericalError.notConverged(method: "Newton", iterations: 200, residual: high - low)
    }

    /// Observables; phi' by implicit differentiation of the equations for g and S.
    func observed(_ state: UnsafeBufferPointer<Double>) -> State {
      let p = 4 / sum
      let a = studentWidthRatio
      var (first, second) = (0.0, 0.0)
      for index in 0..<nodes.count {
        let r = max(state[index], 0) * g
        let k = g / (decay[index] + r)
        let u = r / (decay[index] + r)
        first += weights[index] * p * k * (1 - u)
        second += weights[index] * u * (1 - u)
      }
      let growth = -first / a / (g + second / a)
      var (inner, rate, teacherNorm) = (0.0, 0.0, 0.0)
      for index in 0..<nodes.count {
        let r = max(state[index], 0) * g
        let k = g / (decay[index] + r)
        let u = r / (decay[index] + r)
        inner += weights[index] * nodes[index] * k / sum
        rate += weights[index] * k * (4 * nodes[index] + growth * (1 - u) - p * k) / (2 * sum)
        teacherNorm += weights[index] * nodes[index] * nodes[index]
      }
      let norm = inner - rate / 2
      return State(
        overlap: inner / (norm * teacherNorm).squareRoot(), integratedTrace: log(sum) / 2,
        scaledLoss: (norm - 2 * inner + teacherNorm) / 2)
    }
  }
}
