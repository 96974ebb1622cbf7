import Foundation
import NumericalMethods
import TestSupport
import Testing

@Suite struct RootFindingTests {
  /// Function, its derivative, bracket, zero.
  struct Problem: Sendable {
    let name: String
    let bracket: Interval
    let zero: Double
    let function: @Sendable (Double) -> Double
    let derivative: @Sendable (Double) -> Double
  }

  static let problems = [
    Problem(
      name: "cos x = x", bracket: Interval(0, 1), zero: 0.739_085_133_215_160_6, function: { cos($0) - $0 },
      derivative: { -sin($0) - 1 }),
    Problem(
      name: "falling", bracket: Interval(-3, 1), zero: -1, function: { 1 - exp($0 + 1) }, derivative: { -exp($0 + 1) }),
    Problem(
      name: "triple zero", bracket: Interval(-1, 1.5), zero: 0, function: { $0 * $0 * $0 }, derivative: { 3 * $0 * $0 }),
    Problem(
      name: "steep", bracket: Interval(-10, 10), zero: 0.25, function: { atan(1000 * ($0 - 0.25)) },
      derivative: { 1000 / (1 + 1e6 * ($0 - 0.25) * ($0 - 0.25)) }),
    Problem(
      name: "far away", bracket: Interval(0, 1e8), zero: 12_345.678, function: { $0 / 12_345.678 - 1 },
      derivative: { _ in 1 / 12_345.678 }),
  ]

  @Test(arguments: problems) func zerosAreFound(problem: Problem) throws {
    var count = 0
    let brent = try RootFinding.brent(in: problem.bracket, tolerance: 1e-13) {
      count += 1
      return problem.function($0)
    }
    expectClose(brent, problem.zero, absolute: 1e-11, "Brent")
    #expect(count < 150)
    let bisection = try RootFinding.bisection(in: problem.bracket, tolerance: 1e-13, problem.function)
    expectClose(bisection, problem.zero, absolute: 1e-11, "bisection")
    let newton = try RootFinding.newton(in: problem.bracket, tolerance: 1e-13) {
      (problem.function($0), problem.derivative($0))
    }
    expectClose(newton, problem.zero, absolute: 1e-11, "Newton")
  }

  @Test func smoothZerosTakeFewEvaluations() throws {
    var count = 0
    _ = try RootFinding.brent(in: Interval(0, 1), tolerance: 1e-14) {
      count += 1
      return cos($0) - $0
    }
    #expect(count <= 9)
  }

  @Test func aZeroAtAnEndIsTaken() throws {
    for interval in [Interval(0, 1), Interval(-1, 0)] {
      for sign in [1.0, -1] {
        #expect(try RootFinding.brent(in: interval, tolerance: 1e-12) { sign * $0 } == 0)
        #expect(try RootFinding.bisection(in: interval, tolerance: 1e-12) { sign * $0 } == 0)
        #expect(try RootFinding.newton(in: interval, tolerance: 1e-12) { (sign * $0, sign) } == 0)
      }
    }
  }

  @Test func missingSignChangesAreReported() {
    #expect(
      throws: NumericalError.notBracketed(lower: 1, upper: 2, valueAtLower: 1, valueAtUpper: 4)
    ) { try RootFinding.brent(in: Interval(1, 2), tolerance: 1e-12) { $0 * $0 } }
    #expect(throws: NumericalError.self) { try RootFinding.brent(in: Interval(1, 2), tolerance: 1e-12) { _ in .nan } }
  }

  @Test func bracketsGrowUntilTheSignChanges() throws {
    let found = try RootFinding.bracket(startingFrom: Interval(0, 1)) { $0 + 1000 }
    #expect(found.contains(-1000))
    let limited = try RootFinding.bracket(startingFrom: Interval(1, 2), within: Interval(0, .infinity)) { log($0) - 9 }
    #expect(limited.contains(exp(9)) && limited.low >= 0)
    #expect(throws: NumericalError.self) { try RootFinding.bracket(startingFrom: Interval(0, 1)) { $0 * $0 + 1 } }
  }

  @Test func minimaAreFound() throws {
    let parabola = try RootFinding.minimum(in: Interval(-4, 9), tolerance: 1e-9) { ($0 - 1.25) * ($0 - 1.25) + 3 }
    expectClose(parabola.argument, 1.25, absolute: 1e-7)
    expectClose(parabola.value, 3, absolute: 1e-14)
    let corner = try RootFinding.minimum(in: Interval(-1, 2), tolerance: 1e-10) { abs($0 - 0.3) }
    expectClose(corner.argument, 0.3, absolute: 2e-10)
    // Minimum of the gamma function.
    let gamma = try RootFinding.minimum(in: Interval(1, 2), tolerance: 1e-9) { tgamma($0) }
    expectClose(gamma.argument, 1.461_632_144_968_362_3, absolute: 1e-7)
    let end = try RootFinding.minimum(in: Interval(0, 1), tolerance: 1e-9) { $0 }
    expectClose(end.argument, 0, absolute: 2e-9)
  }
}
