import Foundation
import NumericalMethods
import TestSupport
import Testing

@Suite struct QuadratureTests {
  @Test(arguments: [1, 2, 5, 16, 64, 200]) func legendreIsExactBelowDegreeTwoN(count: Int) {
    let rule = GaussRule.legendre(count)
    for degree in Set([0, 1, count - 1, count, 2 * count - 2, 2 * count - 1]) {
      let exact = degree % 2 == 0 ? 2 / Double(degree + 1) : 0
      expectClose(rule.sum { pow($0, Double(degree)) }, exact, absolute: 3e-15, "degree \(degree)")
    }
    let missed = 2 / Double(2 * count + 1) - rule.sum { pow($0, Double(2 * count)) }
    if count < 20 { #expect(missed > 1e-14, "a rule of \(count) nodes cannot be exact in degree \(2 * count)") }
    #expect(rule.nodes == rule.nodes.sorted())
    #expect(rule.weights.allSatisfy { $0 > 0 })
  }

  /// The moments E Z^(2k) = (2k - 1)!! of a standard normal Z.
  @Test(arguments: [1, 2, 5, 16, 64, 300]) func hermiteIsExactBelowDegreeTwoN(count: Int) throws {
    let rule = try GaussRule.hermite(count)
    var moment = 1.0
    for half in 0..<min(count, 40) {
      if half > 0 { moment *= Double(2 * half - 1) }
      expectClose(rule.sum { pow($0, Double(2 * half)) }, moment, relative: 1e-12, "degree \(2 * half)")
      expectClose(rule.sum { pow($0, Double(2 * half + 1)) }, 0, absolute: 1e-12 * moment * Double(2 * half + 1))
    }
    expectClose(rule.nodes, rule.nodes.reversed().map { -$0 }, absolute: 1e-13)
  }

  @Test func hermiteKnownRule() throws {
    let rule = try GaussRule.hermite(3)
    expectClose(rule.nodes, [-3.0.squareRoot(), 0, 3.0.squareRoot()], absolute: 1e-15)
    expectClose(rule.weights, [1.0 / 6, 2.0 / 3, 1.0 / 6], absolute: 1e-15)
    expectClose(try GaussRule.hermite(40).sum { cos($0) }, exp(-0.5), absolute: 1e-14)
  }

  @Test func rulesMoveToOtherIntervals() {
    expectClose(GaussRule.legendre(20).integral(over: Interval(1, 3)) { 1 / $0 }, log(3), absolute: 1e-14)
  }

  /// Function, interval, integral.
  static let integrals: [(name: String, function: @Sendable (Double) -> Double, interval: Interval, value: Double)] = [
    ("smooth", { exp($0) }, Interval(0, 1), M_E - 1),
    ("root at the end", { $0.squareRoot() }, Interval(0, 1), 2.0 / 3),
    ("infinite at the end", { 1 / $0.squareRoot() }, Interval(0, 4), 4),
    ("logarithm", { log($0) }, Interval(0, 1), -1),
    ("corner", { abs($0 - 0.3) }, Interval(0, 1), 0.29),
    ("narrow peak", { 1e-3 / (($0 - 0.7) * ($0 - 0.7) + 1e-6) }, Interval(0, 1), atan(300) + atan(700)),
    ("oscillating", { cos(200 * $0) }, Interval(0, 1), sin(200) / 200),
    ("Gaussian", { exp(-$0 * $0 / 2) }, .everything, (2 * Double.pi).squareRoot()),
    ("shifted Gaussian", { exp(-($0 - 8) * ($0 - 8) / 2) }, .everything, (2 * Double.pi).squareRoot()),
    ("tail", { exp(-$0) }, Interval(2, .infinity), exp(-2)),
    ("other tail", { exp($0) }, Interval(-.infinity, -2), exp(-2)),
    ("heavy tail", { 1 / (1 + $0 * $0) }, .everything, .pi),
  ]

  @Test(arguments: integrals.indices) func knownIntegrals(index: Int) throws {
    let (name, function, interval, exact) = Self.integrals[index]
    let (value, error) = try Quadrature.integral(
      over: interval, absoluteTolerance: 1e-11, relativeTolerance: 1e-11, function)
    expectClose(value, exact, absolute: 2e-11 + 1e-11 * abs(exact), "\(name)")
    #expect(error <= 1e-11 * max(1, abs(value)))
  }

  @Test func divergenceIsNotAnAnswer() {
    #expect(throws: NumericalError.self) {
      try Quadrature.integral(over: Interval(0, 1), absoluteTolerance: 1e-8, relativeTolerance: 0) { 1 / $0 }
    }
    #expect(throws: NumericalError.self) {
      try Quadrature.integral(over: Interval(0, 1), absoluteTolerance: 1e-8, relativeTolerance: 0) { _ in .nan }
    }
  }
}
