internal import NumericalMethods

/// Gradient flow on the population risk, integrated on the weights:
/// dW/dt = -2 (Z - Z*) W - tr(Z - Z*) W by Dormand and Prince, phi' = tr(Z - Z*) as one more unknown.
///
/// The authors descend by plain gradient steps (eta = 1e-2 or 2e-3), which differ from the flow by less than 1 % in the
/// risk. Cost per right-hand side 4 d m^2 operations; steps are bounded by 3.3/(2 tr Z), the stiff trace mode. At that bound
/// the tolerated error stays in the stiff mode, so a risk that goes to 0 ends in noise of about 3 (relativeTolerance tr Z*)^2:
/// 1e-11 at the default tolerances and tr Z* = 20.
package struct DirectFlow: Sendable {
  private let network: Network
  private let method: DormandPrince
  private let dropsTrace: Bool

  /// The flow from a network, with the tolerances of the integrator on every weight; `dropsTrace` leaves out the last
  /// term, a deliberate mistake.
  package init(
    _ network: Network, relativeTolerance: Double = 1e-7, absoluteTolerance: Double = 1e-10, dropsTrace: Bool = false
  ) {
    self.network = network
    method = DormandPrince(
      relativeTolerance: relativeTolerance, absoluteTolerance: absoluteTolerance, maximumStepCount: 100_000_000)
    self.dropsTrace = dropsTrace
  }

  /// The observables at ascending times >= 0.
  ///
  /// Throws ``NumericalError``.
  package func states(at times: [Double]) throws -> [FlowState] {
    var states: [FlowState] = []
    var state = network.weights.values + [0]
    var between = state
    while states.count < times.count, times[states.count] == 0 { states.append(observed(0, state)) }
    let (rowCount, columnCount) = (network.weights.rowCount, network.weights.columnCount)
    let count = rowCount * columnCount
    let levels = network.teacherEigenvalues
    let teacherTrace = levels.reduce(0, +)
    let taught = levels.firstIndex(of: 0) ?? levels.count
    var gram = [Double](repeating: 0, count: columnCount * columnCount)
    try levels.withUnsafeBufferPointer { levels in
      try gram.withUnsafeMutableBufferPointer { gram in
        _ = try method.integrate(
          from: 0, to: times.last ?? 0, state: &state,
          derivative: { _, state, derivative in
            let weights = UnsafeBufferPointer(rebasing: state[..<count])
            // -2 P - tau I with P = W^T W, so that dW/dt = 2 Z* W + W (-2 P - tau I).
            LinearAlgebra.multiply(
              weights, weights, rowCount: columnCount, innerCount: rowCount, columnCount: columnCount,
              transposingFirst: true, scale: -2, into: gram)
            var trace = 0.0
            for index in 0..<columnCount { trace -= gram[index * (columnCount + 1)] / 2 }
            let tau = trace - teacherTrace
            if !dropsTrace { for index in 0..<columnCount { gram[index * (columnCount + 1)] -= tau } }
            for row in 0..<taught {
              let level = 2 * levels[row]
              for index in (row * columnCount)..<((row + 1) * columnCount) { derivative[index] = level * state[index] }
            }
            for index in (taught * columnCount)..<count { derivative[index] = 0 }
            LinearAlgebra.multiply(
              weights, UnsafeBufferPointer(gram), rowCount: rowCount, innerCount: columnCount,
              columnCount: columnCount, into: UnsafeMutableBufferPointer(rebasing: derivative[..<count]), adding: 1)
            derivative[count] = tau
          },
          onStep: { step in
            while states.count < times.count, times[states.count] <= step.endTime {
              let time = times[states.count]
              between.withUnsafeMutableBufferPointer { step.write(at: time, to: $0) }
              states.append(observed(time, between))
            }
            return .proceed
          })
      }
    }
    return states
  }

  private func observed(_ time: Double, _ state: [Double]) -> FlowState {
    let weights = Matrix(
      rowCount: network.weights.rowCount, columnCount: network.weights.columnCount, values: Array(state.dropLast()))
    return FlowState(
      time: time, student: LinearAlgebra.outerGram(weights), teacherEigenvalues: network.teacherEigenvalues,
      integratedTrace: state[state.count - 1])
  }
}
