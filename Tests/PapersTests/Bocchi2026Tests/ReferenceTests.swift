import Bocchi2026
import Foundation
import NumericalMethods
import PaperKit
import TestSupport
import Testing

/// Values of an independent implementation, data/reference/bocchi2026.json.
struct Reference: Decodable {
  struct Rates: Decodable {
    let dR: [[Double]]
    let dQ: [[Double]]
  }
  struct Example: Decodable {
    let eta: Double
    let R: [[Double]]
    let Q: [[Double]]
    let loss: Double
    let free: Rates
    let free_nonoise: Rates
    let spherical_at_row_normalised_point: Rates
  }
  struct PlateauValues: Decodable {
    let p: Int
    let ps: Int
    let eta: Double
    let kappa: Double?
    let loss: Double
    let rateR: Double
  }
  struct Trajectory: Decodable {
    let p: Int
    let ps: Int
    let eta: Double
    let spherical: Bool
    let R0: [[Double]]
    let Q0: [[Double]]
    let alpha: [Double]
    let loss: [Double]
    let R_end: [Double]
    let Q_end: [Double]
  }
  struct Escape: Decodable {
    let p: Int
    let ps: Int
    let eta: Double
    let N: Int
    let alpha_esc: Double
  }
  struct Prefactor: Decodable {
    let p: Int
    let ps: Int
    let eta: Double
    let rate_over_8eta_ps: Double
    let A: Double
  }
  struct Gain: Decodable {
    let p: Int
    let ps: Int
    let eta: Double
    let nu: Double
  }
  struct Value: Decodable {
    let p: Int
    let ps: Int?
    let eta: Double?
    let rate: Double?
    let L_alpha2: Double?
    let L: Double?
  }
  struct Widths: Decodable {
    let p: Int
    let L: [Double]
  }
  struct Conserved: Decodable {
    let R0: [[Double]]
    let Q0: [[Double]]
    let C0: [[Double]]
  }
  struct Polar: Decodable {
    let R0: [[Double]]
    let polar: [[Double]]
  }

  let rhs_example: Example
  let plateau: [PlateauValues]
  let plateau_spherical: [PlateauValues]
  let ode_trajectory: [Trajectory]
  let escape_time_typical: [Escape]
  let escape_prefactor: [Prefactor]
  let late_rate_p_eq_ps: [Value]
  let tail_const: [Value]
  let floor_p_lt_ps: [Value]
  let eta_c: [String: Double]
  let noise_nu: [Gain]
  let loss_vs_p_typical_ps4_eta0: [Widths]
  let conserved: Conserved
  let polar_Q0_identity: Polar

  enum CodingKeys: String, CodingKey {
    case rhs_example, plateau, plateau_spherical, ode_trajectory, escape_time_typical, escape_prefactor
    case late_rate_p_eq_ps, tail_const, floor_p_lt_ps, eta_c, noise_nu, conserved, polar_Q0_identity
    case loss_vs_p_typical_ps4_eta0 = "loss_vs_p_typical_ps4_eta0.05_N1000_alpha_60_400"
  }

  static func read() throws -> Reference {
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appending(path: "../../..")
    return try JSONDecoder().decode(
      Reference.self, from: Data(contentsOf: root.appending(path: "data/reference/bocchi2026.json")))
  }
}

extension Matrix {
  init(_ rows: [[Double]]) {
    self.init(rowCount: rows.count, columnCount: rows[0].count, values: rows.flatMap { $0 })
  }
}

/// dR/dt and dQ/dt = dS/dt + dR/dt R^T + R dR^T/dt.
private func rates(_ equations: OverlapEquations, _ overlaps: Overlaps) -> (r: Matrix, q: Matrix) {
  let state = equations.state(overlaps)
  var change = [Double](repeating: 0, count: state.count)
  state.withUnsafeBufferPointer { state in
    change.withUnsafeMutableBufferPointer { equations.derivative(state, $0) }
  }
  let rate = equations.overlaps(change)
  let product = LinearAlgebra.multiply(rate.teacherOverlap, overlaps.teacherOverlap, transposingSecond: true)
  return (rate.teacherOverlap, rate.perpendicular + product + product.transposed)
}

@Suite struct ReferenceTests {
  let reference: Reference

  init() throws { reference = try Reference.read() }

  @Test("right-hand sides at a point: free, gradient flow, constrained")
  func rightHandSides() {
    let example = reference.rhs_example
    let overlaps = Overlaps(teacherOverlap: Matrix(example.R), selfOverlap: Matrix(example.Q))
    let free = Theory(studentWidth: 3, teacherWidth: 2, learningRate: example.eta)
    let spherical = Theory(studentWidth: 3, teacherWidth: 2, learningRate: example.eta, constraint: .spherical)
    expectClose(OverlapEquations(free).loss(overlaps), example.loss, relative: 1e-13)
    for (equations, point, expected) in [
      (OverlapEquations(free), overlaps, example.free),
      (OverlapEquations(free, isGradientFlow: true), overlaps, example.free_nonoise),
      (OverlapEquations(spherical), overlaps.normalised, example.spherical_at_row_normalised_point),
    ] {
      let found = rates(equations, point)
      expectClose(found.r, Matrix(expected.dR), absolute: 1e-14)
      expectClose(found.q, Matrix(expected.dQ), absolute: 1e-14)
    }
  }

  @Test("plateau, escape rate and critical learning rate in closed form")
  func plateaus() throws {
    for (values, constraint) in [(reference.plateau, Constraint.free), (reference.plateau_spherical, .spherical)] {
      for value in values {
        let theory = Theory(
          studentWidth: value.p, teacherWidth: value.ps, learningRate: value.eta, constraint: constraint)
        if let kappa = value.kappa { expectClose(try theory.plateauNorm(), kappa, relative: 1e-14) }
        expectClose(try theory.plateauLoss(), value.loss, relative: 1e-14)
        expectClose(try theory.escapeRate(), value.rateR, relative: 1e-13)
      }
    }
    for (width, rate) in reference.eta_c {
      expectClose(Theory.criticalLearningRate(teacherWidth: try #require(Int(width))), rate, relative: 1e-15)
    }
  }

  @Test("trajectories against a method of order 8 at 1e-13")
  func trajectories() throws {
    for value in reference.ode_trajectory {
      let theory = Theory(
        studentWidth: value.p, teacherWidth: value.ps, learningRate: value.eta,
        constraint: value.spherical ? .spherical : .free)
      let equations = OverlapEquations(theory)
      let start = Overlaps(teacherOverlap: Matrix(value.R0), selfOverlap: Matrix(value.Q0))
      let states = try equations.solve(
        from: start, at: value.alpha, method: OverlapEquations.method(inputDimension: 1000))
      expectClose(states.map { equations.loss($0) }, value.loss, relative: 1e-8, absolute: 1e-12)
      let end = equations.overlaps(try #require(states.last))
      expectClose(end.teacherOverlap.values, value.R_end, absolute: 1e-9)
      expectClose(end.selfOverlap.values, value.Q_end, absolute: 1e-9)
    }
  }

  @Test("escape times from typical starts; the reference interpolates on a grid of 0.25")
  func escapeTimes() throws {
    for value in reference.escape_time_typical {
      var parameters = EscapeTime.Parameters()
      parameters.studentWidth = value.p
      parameters.teacherWidth = value.ps
      parameters.learningRate = value.eta
      parameters.inputDimension = value.N
      let result = try EscapeTime.run(parameters, in: RunContext())
      expectClose(try #require(result[EscapeTime.escapeTime]).values[0], value.alpha_esc, absolute: 1e-3)
    }
  }

  @Test("rates and prefactors of the escape")
  func prefactors() throws {
    for value in reference.escape_prefactor {
      var parameters = EscapeRate.Parameters()
      parameters.studentWidth = value.p
      parameters.teacherWidth = value.ps
      parameters.learningRate = value.eta
      let result = try EscapeRate.run(parameters, in: RunContext())
      // The reference's fixed steps h have a relative error (r h)^4 / 120 = 1.3e-5 in the rate, times r time in A.
      let rate = try #require(result[EscapeRate.rateRatio]).values[0]
      expectClose(rate, value.rate_over_8eta_ps, relative: 2e-5)
      expectClose(try #require(result[EscapeRate.amplitude]).values[0], value.A, relative: 1e-3)
      // Saturation at tr R R^T = 1e-5 is all that is left against the closed form.
      expectClose(
        rate, 2 * (try parameters.theory.escapeRate()) * Double(value.ps) / (8 * value.eta), relative: 5e-5)
    }
  }

  @Test("noise gain; the reference cuts the integral at 12 p*/(8 eta) and uses a fixed grid")
  func noiseGains() throws {
    for value in reference.noise_nu {
      let theory = Theory(studentWidth: value.p, teacherWidth: value.ps, learningRate: value.eta)
      let gain = try theory.noiseGain()
      expectClose(gain, value.nu, relative: 2e-4)
      #expect(gain > value.nu)
      expectClose(try theory.noiseGain(until: 1e6), gain, relative: 1e-10)
    }
  }

  @Test("late times: rates, tails, floors, and the loss against width")
  func lateTimes() throws {
    for value in reference.late_rate_p_eq_ps {
      let theory = Theory(studentWidth: value.p, teacherWidth: value.p, learningRate: try #require(value.eta))
      expectClose(theory.decayRate, try #require(value.rate), relative: 1e-13)
    }
    for value in reference.tail_const {
      let theory = Theory(
        studentWidth: value.p, teacherWidth: try #require(value.ps), learningRate: try #require(value.eta))
      expectClose(theory.tailConstant, try #require(value.L_alpha2), relative: 1e-13)
    }
    for value in reference.floor_p_lt_ps {
      let theory = Theory(studentWidth: value.p, teacherWidth: try #require(value.ps), learningRate: 0.05)
      expectClose(theory.lossFloor, try #require(value.L), relative: 1e-14)
    }
    for value in reference.loss_vs_p_typical_ps4_eta0 {
      let equations = OverlapEquations(Theory(studentWidth: value.p, teacherWidth: 4, learningRate: 0.05))
      let start = Overlaps.deterministic(.typical, studentWidth: value.p, teacherWidth: 4, inputDimension: 1000)
      let states = try equations.solve(
        from: start, at: [60, 400], method: OverlapEquations.method(inputDimension: 1000))
      // The reference's losses have an absolute error near 1e-15, its integrator one of 1e-7.
      expectClose(states.map { equations.loss($0) }, value.L, relative: 1e-6, absolute: 1e-14)
    }
  }

  @Test("the conserved matrix of a start, and its polar factor")
  func conserved() throws {
    let start = Overlaps(
      teacherOverlap: Matrix(reference.conserved.R0), selfOverlap: Matrix(reference.conserved.Q0))
    let quotient = LinearAlgebra.multiply(
      start.teacherOverlap, try LinearAlgebra.solve(positiveDefinite: start.perpendicular, start.teacherOverlap),
      transposingFirst: true)
    expectClose(quotient, Matrix(reference.conserved.C0), relative: 1e-12)
    expectClose(
      try Overlaps.polar(Matrix(reference.polar_Q0_identity.R0)), Matrix(reference.polar_Q0_identity.polar),
      absolute: 1e-13)
  }
}
