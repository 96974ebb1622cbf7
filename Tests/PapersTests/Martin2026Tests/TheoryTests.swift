import Foundation
import Martin2026
import NumericalMethods
import TestSupport
import Testing

/// One table of data/reference/martin2026.json: rows of named numbers.
struct ReferenceRow: Decodable {
  let numbers: [String: Double]
  let lists: [String: [Double]]

  private enum Value: Decodable {
    case number(Double)
    case list([Double])
    case other

    init(from decoder: any Decoder) throws {
      let container = try decoder.singleValueContainer()
      if let number = try? container.decode(Double.self) {
        self = .number(number)
      } else if let list = try? container.decode([Double].self) {
        self = .list(list)
      } else {
        self = .other
      }
    }
  }

  init(from decoder: any Decoder) throws {
    var numbers: [String: Double] = [:]
    var lists: [String: [Double]] = [:]
    for (name, value) in try decoder.singleValueContainer().decode([String: Value].self) {
      switch value {
      case .number(let number): numbers[name] = number
      case .list(let list): lists[name] = list
      case .other: break
      }
    }
    (self.numbers, self.lists) = (numbers, lists)
  }

  subscript(_ name: String) -> Double { numbers[name] ?? .nan }
}

/// data/reference/martin2026.json; the path is that of this file's folder, one level deeper than other tests.
func martinReference(_ folder: String = #filePath) throws -> Data {
  try referenceData("martin2026", from: URL(fileURLWithPath: folder).deletingLastPathComponent().path)
}

struct Reference: Decodable {
  struct Table: Decodable {
    let rows: [ReferenceRow]
    init(from decoder: any Decoder) throws {
      let container = try decoder.singleValueContainer()
      if let rows = try? container.decode([ReferenceRow].self) {
        self.rows = rows
      } else {
        rows = [try container.decode(ReferenceRow.self)]
      }
    }
  }
  let deterministic: [String: Table]
  /// Means of the authors' own runs at d = 100.
  let authors: [String: Table]

  static func rows(_ name: String, in block: KeyPath<Reference, [String: Table]> = \.deterministic) throws
    -> [ReferenceRow]
  {
    let reference = try JSONDecoder().decode(Reference.self, from: martinReference())
    return try #require(reference[keyPath: block][name]?.rows, "no table \(name)")
  }
}

@Suite struct FreeConvolutionTests {
  @Test("edges, density, transform and upper integrals equal the reference")
  func reference() throws {
    for row in try Reference.rows("free_convolution") {
      let law = try FreeConvolution(variance: row["xi"], teacherWidthRatio: row["kstar"])
      let name = Comment(rawValue: "xi \(row["xi"]) k* \(row["kstar"])")
      expectClose(
        law.intervals.flatMap { [$0.low, $0.high] }, row.lists["edges"] ?? [], relative: 1e-9, absolute: 1e-9, name)
      let x = row.lists["x"] ?? []
      expectClose(x.map(law.density), row.lists["density"] ?? [], relative: 1e-8, name)
      expectClose(x.map { law.transform(at: $0).hilbert }, row.lists["hilbert"] ?? [], relative: 1e-8, name)
      let b = row["b"]
      expectClose(law.mass(above: b), row["mass_above_b"], relative: 1e-8, name)
      expectClose(law.secondMoment(above: b), row["int_x2_rho"], relative: 1e-8, name)
      expectClose(law.divergence(above: b, threshold: 0), row["int_xHrho"], relative: 1e-8, name)
      expectClose(
        law.divergence(above: b, threshold: 0) - law.divergence(above: b, threshold: 1), row["int_Hrho"],
        relative: 1e-8, name)
    }
    for row in try Reference.rows("quantile_omega") {
      let law = try FreeConvolution(variance: row["xi"], teacherWidthRatio: row["kstar"])
      expectClose(try law.quantile(mass: row["kappa"]), row["omega"], relative: 1e-8)
    }
  }

  @Test(
    "total mass 1, second moment 1 + 1/k + xi, int x H rho = 1/2, from xi = 1e-10 to 1000",
    arguments: [1e-10, 1e-8, 1e-6, 1e-4, 1e-2, 0.1, 1, 30, 1000], [0.1, 0.3, 0.7, 1, 1.3])
  func sumRules(xi: Double, k: Double) throws {
    let law = try FreeConvolution(variance: xi, teacherWidthRatio: k)
    let below = law.support.low - 1
    expectClose(law.mass(above: below), 1, absolute: 1e-12)
    expectClose(law.secondMoment(above: below), 1 + 1 / k + xi, relative: 1e-7)
    expectClose(law.secondMoment(below: law.support.high), 1 + 1 / k + xi, relative: 1e-10)
    expectClose(law.divergence(above: below, threshold: 0), 0.5, absolute: 1e-11)
    // The density satisfies the cubic: the pair from Vieta is a root.
    let x = (law.support.low + law.support.high) / 2 * 0.9
    let (re, im) = law.transform(at: x)
    if im > 0 {
      // z - 1/g - k/(k - g) - xi g = 0
      let g2 = re * re + im * im
      let p2 = (k - re) * (k - re) + im * im
      expectClose(re / g2 + k * (k - re) / p2 + xi * re, x, relative: 1e-11, absolute: 1e-12)
      expectClose(-im / g2 + k * im / p2 + xi * im, 0, absolute: 1e-11)
    }
  }

  @Test("closed forms equal quadrature where both are accurate; the quantile inverts the mass")
  func closedForms() throws {
    for (xi, k) in [(0.02, 0.3), (0.011, 0.5), (1.0, 0.3), (5.0, 1.0), (0.2, 1.3)] {
      let law = try FreeConvolution(variance: xi, teacherWidthRatio: k)
      for share in [0.1, 0.35, 0.6, 0.9] {
        let b = try law.quantile(mass: share)
        expectClose(law.mass(above: b), share, absolute: 1e-13)
        expectClose(
          law.secondMoment(below: b), 1 + 1 / k + xi - law.secondMoment(above: b), relative: 1e-10, absolute: 1e-12)
      }
    }
  }
}

@Suite struct LongTimeTheoryTests {
  @Test(
    "long-time solutions equal the reference",
    arguments: [
      "longtime_f2", "longtime_f4", "longtime_f6a", "longtime_f6b", "longtime_f7", "longtime_f7_zero_plus",
      "longtime_f3_Delta0", "longtime_f3_Delta05", "longtime_f10_zero", "longtime_f12", "longtime_f14",
    ])
  func longTime(name: String) throws {
    for row in try Reference.rows(name) {
      let theory = LongTimeTheory(
        studentWidthRatio: row["kappa"], teacherWidthRatio: row["kstar"], noiseVariance: row["Delta"])
      let found = try theory.solve(sampleRatio: row["alpha"], regularization: row["lam"])
      let point = Comment(rawValue: "\(name) alpha \(row["alpha"]) lambda \(row["lam"])")
      expectClose(found.effectiveNoise, row["xi"], relative: 1e-8, point)
      expectClose(found.threshold, row["q"], relative: 1e-8, absolute: 1e-10, point)
      expectClose(found.meanSquaredError, row["mse"], relative: 1e-8, point)
      expectClose(found.trainingLoss, row["train_loss"], relative: 1e-8, absolute: 1e-12, point)
      expectClose(found.inSampleError, row["in_sample_err"], relative: 1e-8, absolute: 1e-12, point)
      expectClose(found.rank, row["rank"], relative: 1e-8, point)
    }
  }

  @Test("the solution satisfies its equations") func equations() throws {
    for (kappa, teacher, delta, alpha, lambda) in [
      (0.7, 0.5, 0.0, 0.3, 0.1), (0.35, 0.3, 0.0, 0.3, 0.01), (1.0, 0.3, 0.5, 0.2, 1.0), (0.3, 0.2, 0.0, 0.34, 1e-4),
    ] {
      let theory = LongTimeTheory(studentWidthRatio: kappa, teacherWidthRatio: teacher, noiseVariance: delta)
      let found = try theory.solve(sampleRatio: alpha, regularization: lambda)
      expectClose(2 * alpha * found.effectiveNoise, found.meanSquaredError + delta / 2, relative: 1e-11)
      let law = try FreeConvolution(variance: found.effectiveNoise, teacherWidthRatio: teacher)
      let divergence = law.divergence(above: found.cutoff, threshold: found.threshold)
      expectClose(found.threshold * (1 - divergence / alpha), lambda, relative: 1e-10)
      #expect(found.rank <= kappa + 1e-12)
    }
  }

  @Test("peaks of double descent stand where the reference has them") func peaks() throws {
    for row in try Reference.rows("peak_f6") where row["lam"] > 0 {
      let theory = LongTimeTheory(
        studentWidthRatio: row["kappa"], teacherWidthRatio: row["kstar"], noiseVariance: row["Delta"])
      func error(_ shift: Double) throws -> Double {
        try theory.solve(sampleRatio: row["alpha_peak"] + shift, regularization: row["lam"]).meanSquaredError
      }
      let (before, at, after) = (try error(-1e-4), try error(0), try error(1e-4))
      let peak: Comment = "kappa \(row["kappa"]), lambda \(row["lam"])"
      expectClose(0.5e-4 * (before - after) / (before - 2 * at + after), 0, absolute: 1e-5, peak)
      expectClose(at, row["mse_peak"], relative: 1e-6, peak)
    }
  }

  @Test("the authors' runs at d = 100 end where the theory says, but for a finite-size bias of a few per cent")
  func authorsRuns() throws {
    for (figure, noise, allowed) in [("f2", 0.0, 0.97...1.06), ("f6", 1.0, 0.92...1.10)] {
      let rows = try Reference.rows(figure, in: \.authors)
      let logarithms = try rows.map { row in
        let theory = LongTimeTheory(
          studentWidthRatio: row["kappa"], teacherWidthRatio: row["kstar"], noiseVariance: noise)
        let found = try theory.solve(sampleRatio: row["alpha"], regularization: row["lam"])
        if let loss = row.numbers["loss"] { #expect((0.96...1.02).contains(loss / found.trainingLoss)) }
        return log(row["mse"] / found.meanSquaredError)
      }
      #expect(allowed.contains(exp(Statistics.mean(logarithms))), "\(figure): \(exp(Statistics.mean(logarithms)))")
    }
  }

  @Test("spectra equal the reference") func spectra() throws {
    for row in try Reference.rows("spectrum_f2") {
      let theory = LongTimeTheory(studentWidthRatio: 0.7, teacherWidthRatio: 0.5, noiseVariance: 0)
      let found = try theory.solve(sampleRatio: row["alpha"], regularization: row["lam"])
      let spectrum = try theory.spectrum(of: found)
      expectClose(1 - found.rank, row["atom"], relative: 1e-8)
      expectClose(spectrum.bulk.high, row["upper_edge"], relative: 1e-8)
      expectClose((row.lists["y"] ?? []).map(spectrum.density), row.lists["density"] ?? [], relative: 1e-8)
      expectClose(spectrum.share(above: 0), found.rank, relative: 1e-10)
    }
  }

  @Test("small regularisation: prefactors equal the reference, and the error approaches them")
  func smallRegularization() throws {
    for row in try Reference.rows("small_lambda") {
      let leading = try Thresholds.smallRegularization(
        sampleRatio: row["alpha"], regularization: row["lam"], row["kappa"], row["kstar"])
      expectClose(leading.meanSquaredError, row["mse_leading"], relative: 1e-8)
      expectClose(leading.slope, row["c"], relative: 1e-8)
      let theory = LongTimeTheory(studentWidthRatio: row["kappa"], teacherWidthRatio: row["kstar"], noiseVariance: 0)
      let exact = try theory.solve(sampleRatio: row["alpha"], regularization: row["lam"])
      expectClose(exact.meanSquaredError, row["mse_exact"], relative: 1e-8)
    }
  }
}

@Suite struct ThresholdTests {
  @Test("thresholds equal the reference") func thresholds() throws {
    for row in try Reference.rows("thresholds") {
      let (kappa, teacher) = (row["kappa"], row["kstar"])
      expectClose(try Thresholds.rankCutoff(kappa, teacher), row["omega_sc"], absolute: 1e-9)
      expectClose(try Thresholds.interpolation(kappa, teacher), row["alpha_inter0"], absolute: 1e-9)
      expectClose(try Thresholds.unregularizedRecovery(kappa, teacher), row["alpha_pr"], absolute: 1e-9)
      let (ratio, q) = try Thresholds.regularizedRecovery(kappa, teacher)
      expectClose(ratio, row["alpha_pr_plus"], absolute: 1e-9)
      expectClose(q, row["q_opt"], absolute: 1e-9)
    }
    for row in try Reference.rows("kappa_c") {
      expectClose(try Thresholds.criticalWidthRatio(row["kstar"]), row["kappa_c_plus"], absolute: 1e-9)
      expectClose(try Thresholds.crossingWidthRatio(row["kstar"]), row["kappa_cross_pr_vs_prplus"], absolute: 1e-9)
      expectClose(
        try Thresholds.regularizedRecovery(1, row["kstar"]).sampleRatio, row["alpha_pr_plus_inf"], absolute: 1e-9)
    }
    for row in try Reference.rows("noisy_interpolation") {
      let theory = LongTimeTheory(
        studentWidthRatio: row["kappa"], teacherWidthRatio: row["kstar"], noiseVariance: row["Delta"])
      let found = try theory.interpolation()
      expectClose(found.sampleRatio, row["alpha_inter"], absolute: 1e-9)
      expectClose(found.effectiveNoise, row["xi"], relative: 1e-8)
    }
  }

  @Test("regularised recovery is where the error of the limit lambda -> 0+ vanishes") func recoveryIsConsistent() throws
  {
    for (kappa, teacher) in [(0.3, 0.2), (1.0, 0.3)] {
      let threshold = try Thresholds.regularizedRecovery(kappa, teacher).sampleRatio
      let theory = LongTimeTheory(studentWidthRatio: kappa, teacherWidthRatio: teacher, noiseVariance: 0)
      let below = try theory.solve(sampleRatio: threshold - 1e-3, regularization: 0)
      #expect(below.meanSquaredError > 0 && below.meanSquaredError < 0.05)
      #expect(try theory.solve(sampleRatio: threshold + 1e-3, regularization: 0).meanSquaredError == 0)
    }
  }
}

@Suite struct BayesOptimalTests {
  /// int H^2 rho by the trapezoidal rule in the angle, for one interval.
  private func squaredTransform(_ law: FreeConvolution) -> Double {
    law.intervals.reduce(0) { sum, interval in
      let (centre, radius) = ((interval.low + interval.high) / 2, (interval.high - interval.low) / 2)
      let count = 20_000
      return sum
        + (1..<count).reduce(0) { sum, index in
          let phi = .pi * (Double(index) / Double(count) - 0.5)
          let (hilbert, imaginary) = law.transform(at: centre + radius * sin(phi))
          return sum + hilbert * hilbert * imaginary * radius * cos(phi) / Double(count)
        }
    }
  }

  @Test(
    "the denoiser's two forms agree: int H^2 rho = (pi^2/3) int rho^3", arguments: [0.01, 0.3, 1, 30], [0.3, 0.7, 1.3])
  func identity(xi: Double, teacher: Double) throws {
    let law = try FreeConvolution(variance: xi, teacherWidthRatio: teacher)
    expectClose(squaredTransform(law), .pi * .pi / 3 * law.cubedDensity, relative: 1e-6)
  }

  @Test("the error lies between 0 and that of the best linear method, and tends to the degrees of freedom")
  func limits()
    throws
  {
    for teacher in [0.1, 0.3, 0.7] {
      let right = BayesOptimalTheory(teacherWidthRatio: teacher, noiseVariance: 0)
      let linear = BayesOptimalTheory(teacherWidthRatio: teacher, noiseVariance: 0, denoisesLinearly: true)
      for xi in [1e-8, 1e-3, 0.1, 1, 100] {
        let error = try right.denoisingError(effectiveNoise: xi)
        let worse = try linear.denoisingError(effectiveNoise: xi)
        #expect(error > 0 && error <= worse)
      }
      // Directions that the teacher leaves empty are known to be empty.
      expectClose(
        try right.denoisingError(effectiveNoise: 1e-8) / 2e-8, teacher - teacher * teacher / 2, relative: 1e-3)
    }
  }

  @Test("without noise the teacher is recovered exactly from its degrees of freedom on, and the error falls before")
  func recovery() throws {
    let theory = BayesOptimalTheory(teacherWidthRatio: 0.5, noiseVariance: 0)
    var last = Double.infinity
    for ratio in [0.05, 0.2, 0.3, 0.36, 0.374] {
      let (noise, error) = try theory.solve(sampleRatio: ratio)
      expectClose(2 * ratio * noise, error, relative: 1e-10)
      #expect(error > 0 && error < last)
      last = error
    }
    #expect(try theory.solve(sampleRatio: 0.376).meanSquaredError == 0)
  }

  @Test("approximate message passing at d = 200 comes within 5 % of it, as Maillard et al. publish")
  func messagePassing()
    throws
  {
    // Their noise sits on the activations, sigma = 0.25: Delta = 2 sigma^2 (2 + sigma^2)/kappa*; their error is half of ours.
    let theory = BayesOptimalTheory(teacherWidthRatio: 0.5, noiseVariance: 2 * 0.0625 * 2.0625 / 0.5)
    for (ratio, error) in [(0.1, 0.798604), (0.2, 0.538104), (0.3, 0.348565), (0.4, 0.237077)] {
      let excess = 2 * error / (try theory.solve(sampleRatio: ratio).meanSquaredError)
      #expect((1...1.05).contains(excess), "\(ratio): \(excess)")
    }
  }
}
