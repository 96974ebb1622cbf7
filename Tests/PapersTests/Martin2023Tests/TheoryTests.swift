import Foundation
import Martin2023
import NumericalMethods
import TestSupport
import Testing

@Suite("Martin2023: closed forms and limits")
struct TheoryTests {
  let reference: ReferenceNumbers

  init() throws { reference = try ReferenceNumbers.read() }
  let pairs = [(0.5, 0.25), (0.5, 0.5), (0.25, 0.5), (0.3, 0.5), (0.8, 0.7), (0.3, 0.3), (0.6, 0.9)]

  @Test("The overlap law agrees with the reference") func spectrum() {
    for entry in reference.spectrum {
      let law = OverlapLaw(studentWidthRatio: entry.alpha, teacherWidthRatio: entry.alphastar)
      expectClose(law.edges.lowerBound, entry.r1, absolute: 1e-14)
      expectClose(law.edges.upperBound, entry.r2, absolute: 1e-14)
      expectClose(law.massAtZero, entry.atom0, absolute: 1e-14)
      expectClose(law.massAtOne, entry.atom1, absolute: 1e-14)
      expectClose(entry.pdf_x.map(law.density), entry.pdf, absolute: 1e-9)
      expectClose(entry.T_x.map(law.resolvent), entry.T, absolute: 1e-9)
      expectClose(entry.T_x.map(law.logarithmicIntegral), entry.Theta, absolute: 1e-9)
      expectClose(law.logarithmicMoment, entry.K_log, absolute: 1e-9)
    }
  }

  @Test("Density and atoms have mass 1, and the integrals are those of the law") func masses() throws {
    for (alpha, alphaStar) in pairs {
      let law = OverlapLaw(studentWidthRatio: alpha, teacherWidthRatio: alphaStar)
      let middle = (law.edges.lowerBound + law.edges.upperBound) / 2
      let half = (law.edges.upperBound - law.edges.lowerBound) / 2
      func integral(_ f: (Double) -> Double) -> Double {
        let count = 20_000
        let bulk = (0..<count).reduce(0.0) { sum, index in
          let theta = (Double(index) + 0.5) * .pi / Double(count)
          let x = middle - half * cos(theta)
          return sum + law.density(x) * half * sin(theta) * f(x) * .pi / Double(count)
        }
        return bulk + law.massAtZero * f(0) + law.massAtOne * f(1)
      }
      expectClose(integral { _ in 1 }, 1, absolute: 1e-7)
      for x in [0.5, 10.0] {
        expectClose(alpha * integral { $0 / (1 + x * $0) }, law.resolvent(x), absolute: 1e-7)
        expectClose(alpha * integral { log(1 + x * $0) }, law.logarithmicIntegral(x), absolute: 1e-7)
        let slope = (law.logarithmicIntegral(x + 1e-5) - law.logarithmicIntegral(x - 1e-5)) / 2e-5
        expectClose(slope, law.resolvent(x), absolute: 1e-8)
      }
    }
  }

  @Test("The law behind the distance is as exact as stated, at the smallest differences of ratios too")
  func distanceError() {
    for (alpha, alphaStar) in [
      (0.3, 0.5), (0.8, 0.7), (0.5, 0.5), (0.02, 0.98), (0.02, 0.5), (0.9, 0.05), (0.5, 0.51), (0.4, 0.61),
      (0.5, 0.5001), (0.4, 0.6001), (0.1, 0.1001), (0.01, 0.9899),
    ] {
      let law = OverlapLaw(studentWidthRatio: alpha, teacherWidthRatio: alphaStar)
      let differences = [abs(alpha - alphaStar), abs(1 - alpha - alphaStar)].filter { $0 > 1e-12 }
      let stated = 1e-9 / (differences.min() ?? 1)
      // The same rule with a hundred times as many points, read off between its points at half the distance.
      let count = 2_000_000
      let (middle, half) = (
        (law.edges.lowerBound + law.edges.upperBound) / 2, (law.edges.upperBound - law.edges.lowerBound) / 2
      )
      var (mass, worst) = (law.massAtZero, 0.0)
      for index in 0..<count {
        let theta = (Double(index) + 0.5) * .pi / Double(count)
        let x = middle - half * cos(theta)
        mass += law.density(x) * half * sin(theta) * .pi / Double(count)
        // Both ends in detail.
        let isNearEnd = min(index, count - index) < 300
        guard index % (isNearEnd ? 25 : 4999) == 0 else { continue }
        // Of one value the distance is the greater of F and 1 - F at it.
        let end = middle - half * cos(Double(index + 1) * .pi / Double(count))
        guard end > law.edges.lowerBound, end < law.edges.upperBound else { continue }
        worst = max(worst, abs(law.kolmogorovDistance(of: [end]) - max(mass, 1 - mass)))
      }
      #expect(worst < stated, "\(alpha), \(alphaStar): \(worst), stated \(stated)")
    }
  }

  @Test("The distance from the law is small for its quantiles and large without atoms") func distances() throws {
    var stream = RandomStream(key: 3, stream: 0)
    let values = try Overlaps.sample(inputDimension: 400, studentWidth: 320, teacherWidth: 280, from: &stream).values
    let law = OverlapLaw(studentWidthRatio: 0.8, teacherWidthRatio: 0.7)
    #expect(law.kolmogorovDistance(of: values) < 0.02)
    #expect(law.kolmogorovDistance(of: values, includingAtoms: false) > 0.3)
    #expect(law.kolmogorovDistance(of: Array(repeating: 0.5, count: 10)) > 0.3)
  }

  @Test("The orthonormal limit agrees with the reference") func orthonormalLimit() throws {
    let gammas = reference.hd_orthonormal.gamma
    for entry in reference.hd_orthonormal.cases {
      let law = OverlapLaw(studentWidthRatio: entry.alpha, teacherWidthRatio: entry.alphastar)
      let limit = try HighDimensionalLimit.solve(law, at: gammas)
      expectClose(limit.map(\.integratedTrace), entry.phi, absolute: 1e-9)
      expectClose(limit.map(\.overlap), entry.chi, absolute: 1e-9)
      expectClose(limit.map(\.scaledLoss), entry.dloss, absolute: 1e-9)
      expectClose(limit.map(\.rho), entry.rho, absolute: 1e-9)
      expectClose(limit.map(\.logarithmOfF), entry.lnF, absolute: 1e-9)
      expectClose(Theory.finalOverlap(law), entry.chi_limit, absolute: 1e-14)
      expectClose(Theory.integratedTrace(law, rescaledTime: 10), entry.phi_asym_at_10, absolute: 1e-12)
      expectClose(Theory.overlapGap(law, rescaledTime: 3), entry.delta_asym_at_3, relative: 1e-12)
    }
  }

  @Test("The conserved quantity is kept to 1e-11 up to gamma = 1000, nothing is NaN, the loss only falls")
  func conservation() throws {
    let gammas = [0.0] + Spacing.logarithmic.times(from: 1e-4, to: 1000, count: 120)
    for (alpha, alphaStar) in pairs + [(0.02, 0.9), (0.97, 0.03), (0.5, 0.4999)] {
      let law = OverlapLaw(studentWidthRatio: alpha, teacherWidthRatio: alphaStar)
      let limit = try HighDimensionalLimit.solve(law, at: gammas)
      for state in limit {
        #expect(abs(state.conservedResidual) <= 1e-11, "\(alpha), \(alphaStar), gamma \(state.rescaledTime)")
        #expect(state.overlapGap >= 0 && state.overlap > 0 && state.overlap <= 1 + 1e-14)
        #expect(state.integratedTrace.isFinite && state.scaledLoss.isFinite && state.rho.isFinite)
      }
      for (early, late) in zip(limit, limit.dropFirst()) {
        #expect(late.scaledLoss <= early.scaledLoss + 1e-13, "\(alpha), \(alphaStar), gamma \(late.rescaledTime)")
      }
    }
  }

  @Test("The late-time laws are reached") func asymptotes() throws {
    let slow = OverlapLaw(studentWidthRatio: 0.5, teacherWidthRatio: 0.25)
    let late = try HighDimensionalLimit.solve(slow, at: [1000])[0]
    expectClose(late.overlapGap, Theory.overlapGap(slow, rescaledTime: 1000), relative: 2e-3)
    expectClose(late.scaledLoss, Theory.scaledLossGap(slow, rescaledTime: 1000), relative: 2e-3)
    expectClose(late.integratedTrace, Theory.integratedTrace(slow, rescaledTime: 1000), absolute: 1e-4)
    for (alpha, alphaStar) in [(0.5, 0.5), (0.3, 0.3), (0.25, 0.5)] {
      let law = OverlapLaw(studentWidthRatio: alpha, teacherWidthRatio: alphaStar)
      let late = try HighDimensionalLimit.solve(law, at: [10])[0]
      expectClose(late.integratedTrace, Theory.integratedTrace(law, rescaledTime: 10), absolute: 1e-8)
      expectClose(late.scaledLoss, Theory.finalScaledLoss(law), absolute: 1e-12)
    }
    // The limit of d L_min at d = 10^8.
    let narrow = OverlapLaw(studentWidthRatio: 0.25, teacherWidthRatio: 0.5)
    let (m, teacherWidth) = (2.5e7, 5e7)
    let lost = 1 - m / teacherWidth
    let least = (lost / teacherWidth + lost * lost / (m + 2)) / 2
    expectClose(1e8 * least, Theory.finalScaledLoss(narrow), relative: 1e-7)
    let equal = OverlapLaw(studentWidthRatio: 0.5, teacherWidthRatio: 0.5)
    expectClose(Theory.integratedTrace(equal, rescaledTime: 10), -log(2), absolute: 1e-14)
  }

  @Test("The Gaussian limit agrees with the reference and starts where it must") func gaussianLimit() throws {
    for entry in reference.hd_gaussian.cases {
      let limit = try GaussianLimit.solve(
        studentWidthRatio: entry.alpha, teacherWidthRatio: entry.alphastar, at: reference.hd_gaussian.gamma)
      expectClose(limit.map(\.integratedTrace), entry.phi, absolute: 1e-8)
      expectClose(limit.map(\.overlap), entry.chi, absolute: 1e-8)
      expectClose(limit.map(\.scaledLoss), entry.dloss, absolute: 1e-8)
      let start = try GaussianLimit.solve(
        studentWidthRatio: entry.alpha, teacherWidthRatio: entry.alphastar, at: [0])[0]
      expectClose(start.overlap, entry.chi0, absolute: 1e-8)
    }
  }

  @Test("Power law, plateau and minimum agree with the reference") func constants() {
    for entry in reference.t2L_limit {
      expectClose(
        Theory.powerLawLimit(inputDimension: entry.d, studentWidth: entry.m, teacherWidth: entry.ms), entry.value,
        relative: 1e-14)
    }
    let plateau = reference.plateau
    expectClose(
      Theory.plateauLoss(studentWidth: plateau.m, teacherWidth: plateau.ms), plateau.loss, absolute: 1e-14)
    for entry in reference.direct_flow {
      let minimum = Theory.minimum(teacherEigenvalues: entry.mu, studentWidth: entry.m)
      expectClose(minimum.loss, entry.min_loss, absolute: 1e-14)
      expectClose(minimum.overlap, entry.chi_inf, absolute: 1e-14)
    }
    // ORTHO, m < m*: the overlap of the minimum is sqrt(m/m*).
    let narrow = Theory.minimum(teacherEigenvalues: Array(repeating: 0.1, count: 10), studentWidth: 4)
    expectClose(narrow.overlap, 0.4.squareRoot(), absolute: 1e-14)
  }
}
