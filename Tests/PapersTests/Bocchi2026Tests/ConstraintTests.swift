import Bocchi2026
import Foundation
import NumericalMethods
import PaperKit
import TestSupport
import Testing

/// Constrained rows from a typical start with p <= p*: R = r [I, 0] and Q = I by symmetry, and x = r^2 follows
/// dx/dt = x (a - b x), of which everything is known. With c = 1/p and c* = 1/p*
///
///     a = 8 eta c* - 8 eta^2 (c + c* + 4 c^2),   b = 8 eta c* - 16 eta^2 (c* + 4 c c* - 2 c*^2),
///     loss = c + c* - 2 c* x.
private struct SymmetricPath {
  let theory: Theory
  let inputDimension: Double
  private var c: Double { 1 / Double(theory.studentWidth) }
  private var cStar: Double { 1 / Double(theory.teacherWidth) }
  private var eta: Double { theory.learningRate }
  private var a: Double { 8 * eta * cStar - 8 * eta * eta * (c + cStar + 4 * c * c) }
  private var b: Double { 8 * eta * cStar - 16 * eta * eta * (cStar + 4 * c * cStar - 2 * cStar * cStar) }
  private var start: Double { Double(theory.teacherWidth) / inputDimension }

  init(_ p: Int, _ pStar: Int, learningRate: Double, inputDimension: Double) {
    theory = Theory(studentWidth: p, teacherWidth: pStar, learningRate: learningRate, constraint: .spherical)
    self.inputDimension = inputDimension
  }

  func loss(at time: Double) -> Double {
    // Divided by e^(a t), which may overflow.
    let decay = exp(-a * time)
    return c + cStar - 2 * cStar * a * start / (a * decay + b * start * (1 - decay))
  }

  /// When x is (c + c*)/(4 c*), where the loss is half that of the plateau; nil if x stays below.
  var escapeTime: Double? {
    let x = (c + cStar) / (4 * cStar)
    guard a > b * x else { return nil }
    return log(x * (a - b * start) / (start * (a - b * x))) / a
  }
}

@Suite struct ConstraintTests {
  @Test("constrained rows of a narrow student follow the closed form, from the plateau to late times")
  func closedForm() throws {
    for (p, pStar, eta, dimension) in [
      (2, 3, 0.04, 2000.0), (1, 2, 0.04, 2000), (1, 2, 0.04, 1e9), (1, 4, 0.03, 1e6), (2, 5, 0.02, 1e12),
      (3, 4, 0.1, 1e18),
      (4, 16, 0.05, 1e4), (2, 2, 0.005, 1e15), (16, 16, 0.2, 1e18),
    ] {
      let path = SymmetricPath(p, pStar, learningRate: eta, inputDimension: dimension)
      let equations = OverlapEquations(path.theory)
      let start = Overlaps.deterministic(.typical, studentWidth: p, teacherWidth: pStar, inputDimension: dimension)
      let scale = 1 / (try path.theory.escapeRate())
      let times = (0...40).map { Double($0) * scale } + [20_000]
      let states = try equations.solve(
        from: start, at: times, method: OverlapEquations.method(inputDimension: dimension))
      expectClose(
        states.map { equations.loss($0) }, times.map(path.loss), absolute: 1e-9, "p = \(p), p* = \(pStar), eta = \(eta)"
      )
    }
    // The closed form itself, against thirty digits and a method of order 8.
    let path = SymmetricPath(2, 3, learningRate: 0.04, inputDimension: 2000)
    expectClose(path.loss(at: 150), 0.195536967349787, absolute: 1e-15)
    expectClose(path.loss(at: 1000), 0.193989071038, absolute: 1e-12)
  }

  @Test("when constrained rows escape, and that some never do")
  func escapeTimes() throws {
    for (p, pStar, eta, dimension) in [
      (1, 2, 0.04, 1000), (1, 2, 0.04, 1_000_000), (1, 2, 0.04, 1_000_000_000), (2, 4, 0.04, 1_000_000_000),
      (2, 2, 0.005, 1_000_000_000_000_000), (3, 5, 0.02, 100_000), (1, 4, 0.04, 1000), (2, 9, 0.01, 1_000_000),
    ] {
      var parameters = EscapeTime.Parameters()
      (parameters.studentWidth, parameters.teacherWidth) = (p, pStar)
      (parameters.learningRate, parameters.inputDimension) = (eta, dimension)
      parameters.constraint = .spherical
      try parameters.validate()
      let path = SymmetricPath(p, pStar, learningRate: eta, inputDimension: Double(dimension))
      if let expected = path.escapeTime {
        let result = try EscapeTime.run(parameters, in: RunContext())
        expectClose(try #require(result[EscapeTime.escapeTime]).values[0], expected, relative: 1e-9)
      } else {
        #expect(throws: NumericalError.self) { try EscapeTime.run(parameters, in: RunContext()) }
      }
    }
    // Of those above, this one is known to three decimals from elsewhere, and these never escape.
    let known = SymmetricPath(2, 4, learningRate: 0.04, inputDimension: 1e9)
    expectClose(try #require(known.escapeTime), 361.824, absolute: 1e-3)
    #expect(SymmetricPath(1, 4, learningRate: 0.04, inputDimension: 1000).escapeTime == nil)
    #expect(SymmetricPath(2, 9, learningRate: 0.01, inputDimension: 1e6).escapeTime == nil)
  }

  @Test("constrained rows keep their norm and Q - R R^T its sign at the corners of the parameters")
  func norms() throws {
    var worst = (drift: 0.0, eigenvalue: 0.0)
    for (p, pStar) in [(1, 1), (1, 2), (1, 16), (2, 3), (2, 4), (3, 2), (16, 1), (4, 16), (16, 16)] {
      for share in [0.01, 0.5, 0.99] {
        // The greatest learning rate at which both solutions are stable and the plateau is left.
        let (c, cStar) = (1 / Double(p), 1 / Double(pStar))
        let most = min(Theory.criticalLearningRate(teacherWidth: pStar), cStar / (c + cStar + 4 * c * c))
        let theory = Theory(
          studentWidth: p, teacherWidth: pStar, learningRate: share * most, constraint: .spherical)
        let equations = OverlapEquations(theory)
        var stream = RandomStream(key: 6, stream: UInt64(p))
        let small = Double(p + pStar + 2)
        for (start, dimension) in [
          (Overlaps.deterministic(.typical, studentWidth: p, teacherWidth: pStar, inputDimension: 1e18), 1e18),
          (
            Overlaps.random(
              studentWidth: p, teacherWidth: pStar, inputDimension: small, constraint: .spherical, stream: &stream),
            small
          ),
        ] {
          let times = (0...50).map { 20_000 * Double($0) / 50 }
          for state in try equations.solve(
            from: start, at: times, method: OverlapEquations.method(inputDimension: dimension))
          {
            let overlaps = equations.overlaps(state)
            worst.drift = max(worst.drift, overlaps.selfOverlap.diagonal.map { abs($0 - 1) }.max() ?? .nan)
            let least = try LinearAlgebra.symmetricEigenvalues(overlaps.perpendicular)[0]
            worst.eigenvalue = min(worst.eigenvalue, least)
          }
        }
      }
    }
    // Errors of 1e-11 per step die out and do not add up.
    #expect(worst.drift < 1e-10, "\(worst.drift)")
    #expect(worst.eigenvalue > -1e-13, "\(worst.eigenvalue)")
  }

  @Test("free rows keep C in gradient flow, polar(R) from Q = I, and the sign of Q - R R^T, at the corners")
  func freeRows() throws {
    var worst = (matrix: 0.0, polar: 0.0, eigenvalue: 0.0)
    for (p, pStar) in [(1, 1), (2, 2), (16, 1), (16, 16), (4, 2)] {
      for share in [0.01, 0.95] {
        // Wide students lose their plateau at a smaller rate than their solutions.
        var eta = share * Theory.criticalLearningRate(teacherWidth: pStar)
        while Theory(studentWidth: p, teacherWidth: pStar, learningRate: eta).plateauDiscriminant < 0 { eta *= 0.9 }
        let theory = Theory(studentWidth: p, teacherWidth: pStar, learningRate: eta)
        let dimension = 1e4
        var stream = RandomStream(key: 8, stream: UInt64(p))
        let start = Overlaps.random(
          studentWidth: p, teacherWidth: pStar, inputDimension: dimension, constraint: .free, stream: &stream)
        let method = OverlapEquations.method(inputDimension: dimension)
        // As long as the stages follow it: to (2/3) (3 + 0.4 ln N)/eta.
        let end = 2.0 / 3 * (3 + 0.4 * log(dimension)) / eta
        let times = (0...20).map { end * Double($0) / 20 }
        let gradientFlow = OverlapEquations(theory, isGradientFlow: true)
        let states = try gradientFlow.solve(from: start, at: times, method: method).map(gradientFlow.overlaps)
        let matrices = try zip(times, states).map { time, overlaps in
          exp(-8 * eta / Double(pStar) * time)
            * LinearAlgebra.multiply(
              overlaps.teacherOverlap,
              try LinearAlgebra.solve(positiveDefinite: overlaps.perpendicular, overlaps.teacherOverlap),
              transposingFirst: true)
        }
        let size = matrices[0].values.map(abs).max() ?? .nan
        for matrix in matrices {
          worst.matrix = max(worst.matrix, (matrix - matrices[0]).values.map { abs($0) / size }.max() ?? .nan)
        }
        let equations = OverlapEquations(theory)
        let fromIdentity = Overlaps(teacherOverlap: start.teacherOverlap, selfOverlap: .identity(p))
        let near = try Overlaps.polar(start.teacherOverlap)
        for state in try equations.solve(from: fromIdentity, at: times, method: method) {
          let change = try Overlaps.polar(equations.overlaps(state).teacherOverlap) - near
          worst.polar = max(worst.polar, change.values.map(abs).max() ?? .nan)
        }
        for state in try equations.solve(from: start, at: [0, end, 2000, 20_000].sorted(), method: method) {
          let overlaps = equations.overlaps(state)
          worst.eigenvalue = min(
            worst.eigenvalue, try LinearAlgebra.symmetricEigenvalues(overlaps.perpendicular)[0])
        }
      }
    }
    #expect(worst.matrix < 1e-5, "\(worst.matrix)")
    #expect(worst.polar < 1e-7, "\(worst.polar)")
    #expect(worst.eigenvalue > -1e-13, "\(worst.eigenvalue)")
  }

  @Test("gradient flow conserves C for teachers of unequal norms and for narrow students too, free or constrained")
  func unequalNorms() throws {
    // exp(-4 eta c* (t_r + t_q) time) (R^T (Q - R R^T)^-1 R)_rq, which is C for equal norms.
    for constraint in [Constraint.free, .spherical] {
      for (p, pStar, spread) in [
        (1, 2, 0.0), (1, 2, 0.9), (2, 2, 0.99), (3, 2, 0.4), (2, 5, 0.0), (2, 5, 0.7), (4, 16, 0.95), (16, 2, 0.5),
        (1, 16, 0.3), (16, 16, 0.9),
      ] {
        let plain = Theory(
          studentWidth: p, teacherWidth: pStar, learningRate: 1e-3, constraint: constraint, teacherSpread: spread)
        let theory = Theory(
          studentWidth: p, teacherWidth: pStar, learningRate: 0.5 * plain.criticalLearningRate, constraint: constraint,
          teacherSpread: spread)
        let dimension = 1000.0
        var stream = RandomStream(key: 18, stream: UInt64(17 * p + pStar))
        let start = Overlaps.random(
          studentWidth: p, teacherWidth: pStar, inputDimension: dimension, constraint: constraint, stream: &stream)
        let equations = OverlapEquations(theory, isGradientFlow: true)
        // Until the first direction is learnt; later C is a quotient of numbers that vanish.
        let norms = theory.teacherNorms
        let end = log(dimension) * Double(pStar) / (8 * theory.learningRate * norms[0])
        let times = (0...8).map { end * Double($0) / 8 }
        let method = OverlapEquations.method(inputDimension: dimension)
        var first: Matrix?
        for (time, state) in zip(times, try equations.solve(from: start, at: times, method: method)) {
          let overlaps = equations.overlaps(state)
          let quotient = LinearAlgebra.multiply(
            overlaps.teacherOverlap,
            try LinearAlgebra.solve(positiveDefinite: overlaps.perpendicular, overlaps.teacherOverlap),
            transposingFirst: true)
          let conserved = Matrix(rowCount: pStar, columnCount: pStar) { r, q in
            exp(-4 * theory.learningRate / Double(pStar) * (norms[r] + norms[q]) * time) * quotient[r, q]
          }
          guard let first else {
            first = conserved
            continue
          }
          let size = first.values.map(abs).greatest()
          expectClose(
            (conserved - first).values.map { abs($0) / size }.greatest(), 0, absolute: 1e-6,
            "\(constraint) \(p) \(pStar) \(spread) time \(time)")
        }
      }
    }
  }

  @Test("with unequal norms rows keep theirs and Q - R R^T its sign over the longest time any stage follows")
  func unequalNormsAtLateTimes() throws {
    for constraint in [Constraint.free, .spherical] {
      for (p, pStar, spread) in [(1, 2, 0.9), (2, 2, 0.2), (2, 2, 0.99), (4, 2, 0.5), (2, 6, 0.8), (16, 16, 0.9)] {
        let plain = Theory(
          studentWidth: p, teacherWidth: pStar, learningRate: 1e-3, constraint: constraint, teacherSpread: spread)
        for share in [0.05, 0.5] {
          var eta = share * plain.criticalLearningRate
          while Theory(
            studentWidth: p, teacherWidth: pStar, learningRate: eta, teacherSpread: spread
          ).plateauDiscriminant < 0 { eta *= 0.9 }
          let theory = Theory(
            studentWidth: p, teacherWidth: pStar, learningRate: eta, constraint: constraint, teacherSpread: spread)
          let dimension = 1e6
          var stream = RandomStream(key: 19, stream: UInt64(p))
          let start = Overlaps.random(
            studentWidth: p, teacherWidth: pStar, inputDimension: dimension, constraint: constraint, stream: &stream)
          for isGradientFlow in [false, true] {
            let equations = OverlapEquations(theory, isGradientFlow: isGradientFlow)
            let method = OverlapEquations.method(inputDimension: dimension)
            let startNorms = start.selfOverlap.diagonal
            for state in try equations.solve(from: start, at: [0, 20, 300, 5000, 20_000], method: method) {
              let overlaps = equations.overlaps(state)
              let least = try LinearAlgebra.symmetricEigenvalues(overlaps.perpendicular)[0]
              #expect(least > -1e-13, "\(constraint) \(p) \(pStar) \(spread): \(least)")
              guard constraint == .spherical else { continue }
              for (norm, first) in zip(overlaps.selfOverlap.diagonal, startNorms) {
                expectClose(norm, first, absolute: 1e-9, "\(p) \(pStar) \(spread)")
              }
            }
          }
        }
      }
    }
  }

  @Test("every critical point has no gradient and the curvature of its kind, at all corners of the parameters")
  func saddles() throws {
    for (p, pStar) in [(1, 1), (1, 2), (2, 1), (1, 16), (16, 1), (3, 4), (16, 2), (7, 7)] {
      let learnt = Set([0, min(1, p, pStar), min(p, pStar) - 1, min(p, pStar)]).filter { $0 >= 0 }
      for k in learnt.sorted() {
        let most = k == pStar ? 0 : p - k
        for j in Set([0, most / 2, most]).sorted() {
          var parameters = Hessian.Parameters()
          (parameters.studentWidth, parameters.teacherWidth, parameters.place) = (p, pStar, .critical)
          (parameters.learntCount, parameters.otherCount) = (k, j)
          parameters.inputDimension = p + pStar + 2
          try parameters.validate()
          let result = try Hessian.run(parameters, in: RunContext(streamKey: 23))
          let gradient = try #require(result[Hessian.gradient])[]
          // Rounding of products of up to 16 numbers of size 4, and of eigenvalues of a matrix of order 300.
          expectClose(gradient, 0, absolute: 1e-12, "\(p) \(pStar) \(k) \(j)")
          // -4/p* for a direction not learnt, 2 delta less for a row that does nothing; 0 where min(p, p*) are learnt, or
          // more where one row and one direction leave nothing to move along.
          let delta = 2 * (1 - Double(k) / Double(pStar)) / Double(2 + k + j)
          let flat = p == 1 && pStar == 1 ? 4.0 : 0
          let least = k == min(p, pStar) ? flat : -4 / Double(pStar) - (k + j < p ? 2 * delta : 0)
          expectClose(
            try #require(result[Hessian.eigenvalues]).values.least(), least, absolute: 1e-11, "\(p) \(pStar) \(k) \(j)")
          // (tr D)^2/2 + |D|^2, where D is -delta/2 on k + j directions and 1/p* on those that are not learnt.
          let loss = delta * delta / 2 + Double(k + j) * delta * delta / 4 + Double(pStar - k) / Double(pStar * pStar)
          expectClose(
            try #require(result[Hessian.populationLoss])[], loss, absolute: 1e-13, "\(p) \(pStar) \(k) \(j)")
        }
      }
    }
  }

  @Test("descent with constrained rows settles where the equations do, with fewer neurons than the teacher")
  func descent() throws {
    for (p, pStar, eta) in [(2, 3, 0.04), (1, 2, 0.04)] {
      let (dimension, time) = (1000, 300.0)
      let theory = Theory(studentWidth: p, teacherWidth: pStar, learningRate: eta, constraint: .spherical)
      let equations = OverlapEquations(theory)
      let method = OverlapEquations.method(inputDimension: Double(dimension))
      var differences: [Double] = []
      for first in stride(from: 0, to: 64, by: 8) {
        let contexts = (first..<(first + 8)).map { RunContext(replica: $0, streamKey: 31) }
        let starts = contexts.map { Overlaps.start(.random, theory, inputDimension: Double(dimension), in: $0) }
        let chain = ReducedChain(theory, inputDimension: dimension, starts: starts, contexts: contexts)
        try chain.advance(to: time, inputDimension: dimension)
        for lane in 0..<8 {
          let flow = try equations.solve(from: starts[lane], at: [time], method: method)[0]
          differences.append(equations.loss(chain.overlaps(lane: lane)) - equations.loss(flow))
        }
      }
      // The mean has a bias of order 1/N.
      let allowed = 4 * Statistics.standardError(differences) + 5 / Double(dimension)
      expectClose(Statistics.mean(differences), 0, absolute: allowed)
      #expect(allowed < 0.02)
    }
  }
}
