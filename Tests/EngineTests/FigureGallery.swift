import Foundation
import NumericalMethods
import PaperKit

/// A toy paper with a table for each kind of drawing, and figures of them: the specimens for tests and for the eye.
enum FigureGallery {
  struct Toy: Experiment {
    struct Parameters: ExperimentParameters {
      init() {}
    }
    static let name = "toy/run"
    static var sourceFile: String { #fileID }
    static let outputs: [OutputArray] = []
    static func run(_ parameters: Parameters, in context: RunContext) throws -> [OutputArray: NDArray] { [:] }
  }

  /// A number in (-1, 1) that looks random and is the same on every machine.
  static func noise(_ i: Int) -> Double {
    let value = (Double(i) * 0.754_877_666).truncatingRemainder(dividingBy: 1)
    return 2 * value - 1
  }

  /// A table whose numbers depend on nothing.
  static func table(
    _ name: String, _ columns: [String], isTheory: Bool = false, _ rows: @escaping @Sendable () -> [[Double]]
  ) -> TableDefinition {
    TableDefinition(
      "toy/\(name)", from: isTheory ? [] : [Toy.self], columns: columns.map { Column($0, meaning: $0) },
      rows: { _ in rows() })
  }

  /// Rows for each pair of a value and a whole number from zero.
  static func rows(_ values: [Double], _ count: Int, _ row: (Double, Int) -> [Double]?) -> [[Double]] {
    values.flatMap { value in (0..<count).compactMap { row(value, $0) } }
  }

  static func threshold(_ width: Double) -> Double { width < 7 ? 8 * (width + 1) - width * (width + 1) / 2 : 36 }

  static func error(_ lambda: Double, _ alpha: Double) -> Double {
    0.3 + 1 / (20 * lambda + 40 * (alpha - 0.3) * (alpha - 0.3))
  }

  static let tables: [TableDefinition] = [
    // Unequal ranges of n for each width, in steps of 1 or 2, and one cell missing.
    table("recovery", ["width", "n", "success"]) {
      rows([1, 2, 3, 4, 5, 6, 7, 8], 18) { width, i in
        let n = threshold(width) - 9 + Double(i) * (width > 5 ? 2 : 1)
        if n < 4 || n > threshold(width) + 8 || width == 3 && n == 24 { return nil }
        return [width, n, 1 / (1 + exp(-(n - threshold(width) - 0.5)))]
      }
    },
    table("half", ["width", "n50", "low", "high"]) {
      rows([1, 2, 3, 4, 5, 6, 7, 8], 1) { width, _ in
        [width, threshold(width) + 0.4 * noise(Int(width)), threshold(width) - 1.2, threshold(width) + 1]
      }
    },
    table("threshold", ["width", "n", "nSD"], isTheory: true) {
      rows([0], 17) { _, i in
        [0.5 + 0.5 * Double(i), threshold(0.5 + 0.5 * Double(i)), threshold(0.5 + 0.5 * Double(i)) + 4]
      }
    },
    table("decay", ["ratio", "time", "loss", "error"]) {
      rows([1, 2, 4], 12) { ratio, i in
        let time = pow(10, Double(i) / 4)
        let loss = (1 + 0.15 * noise(i + Int(ratio))) / (1 + ratio * time * time)
        return [ratio, time, loss, 0.2 * loss]
      }
    },
    table("decay-theory", ["ratio", "time", "loss", "low", "high"], isTheory: true) {
      rows([1, 2, 4], 30) { ratio, i in
        let time = pow(10, Double(i) / 10)
        let loss = 1 / (1 + ratio * time * time)
        return [ratio, time, loss, 0.7 * loss, 1.4 * loss]
      }
    },
    table("descent", ["lambda", "alpha", "mse", "train", "rank", "error"]) {
      rows([0.1, 0.01], 12) { lambda, i in
        let alpha = 0.05 * Double(i + 1)
        let mse = error(lambda, alpha) + 0.02 * noise(i)
        return [lambda, alpha, mse, max(1e-6, 0.4 * pow(alpha, 3)), min(0.9, 0.3 + alpha), 0.05 * mse]
      }
    },
    table("descent-theory", ["lambda", "alpha", "mse", "train", "rank"], isTheory: true) {
      rows([0.1, 0.01], 41) { lambda, i in
        let alpha = 0.02 + 0.015 * Double(i)
        return [lambda, alpha, error(lambda, alpha), max(1e-6, 0.4 * pow(alpha, 3)), min(0.9, 0.3 + alpha)]
      }
    },
    table("spectrum", ["alpha", "eigenvalue", "density"]) {
      rows([0.25, 0.4], 24) { alpha, i in
        let x = 0.05 + 0.1 * Double(i)
        let shape = sqrt(max(0, (x - 0.3) * (2.1 - x))) * (alpha + 0.5)
        return [alpha, x, shape * (1 + 0.12 * noise(i))]
      }
    },
    table("spectrum-theory", ["alpha", "eigenvalue", "density"], isTheory: true) {
      rows([0.25, 0.4], 37) { alpha, i in
        let x = 0.3 + 0.05 * Double(i)
        return [alpha, x, sqrt(max(0, (x - 0.3) * (2.1 - x))) * (alpha + 0.5)]
      }
    },
    table("atoms", ["alpha", "eigenvalue", "weight"]) { [[0.25, 0, 0.55], [0.4, 0.02, 0.45]] },
    table("family", ["lambda", "noise", "alpha", "rank"], isTheory: true) {
      [0, 0.5].flatMap { noise in
        rows([5, 2, 1, 0.5, 0.2, 0.1, 0.05, 0.01, 0.005, 1e-5], 26) { lambda, i in
          let alpha = 0.03 * Double(i)
          return [lambda, noise, alpha, (0.5 - 0.09 * log10(lambda)) * (1 - exp(-5 * alpha)) + noise * alpha * 0.3]
        }
      }
    },
    table("empirical", ["eigenvalue", "fraction"]) { rows([0], 10) { _, i in [0.2 * Double(i), Double(i) / 9] } },
    table("bad", ["x", "y", "low", "high"]) {
      [[1, 1, 0.5, 2], [2, 0, 0, 0], [3, 2, -1, 4], [4, .nan, 1, 2], [5, 3, 2, 4]]
    },
    table("long", ["x", "y"]) {
      rows([0], 20_000) { _, i in [Double(i), sin(Double(i) / 900) + (i == 7_001 ? 3 : 0)] }
    },
  ]

  static let yaml = """
    map:
      caption: Success of gradient descent from random starts.
      source: Fig. 1
      height: 7
      panels:
        - x: {label: "teacher width {/:Italic m}^∗", range: [0.5, 8.5], ticks: [1, 2, 3, 4, 5, 6, 7, 8]}
          y: {label: "number of samples {/:Italic n}"}
          z: {label: "fraction of successful runs", range: [0, 1]}
          series:
            - {draw: heatmap, table: toy/recovery, from: success, x: width, y: n, z: success}
            - {draw: line, table: toy/threshold, x: width, y: n, label: "theory, {/:Italic n}_c"}
            - {draw: line, table: toy/threshold, x: width, y: nSD, label: "theory, gradient flow"}
            - {draw: points, table: toy/half, from: success, x: width, y: n50, low: low, high: high, label: "half of the runs"}
    decay:
      caption: Population loss against time.
      source: Fig. 2
      key: bottom left
      panels:
        - x: {label: "time {/:Italic t}", scale: log}
          y: {label: "population loss {/:Italic L}({/:Italic t})", scale: log, range: [1e-7, 3]}
          series:
            - {draw: band, table: toy/decay-theory, x: time, low: low, high: high, split: ratio}
            - {draw: line, table: toy/decay-theory, x: time, y: loss, split: ratio}
            - {draw: points, table: toy/decay, from: [one, two], x: time, y: loss, error: error, split: ratio,
               label: "{/:Italic γ} = {ratio}"}
            - {draw: guide, slope: -2, through: [30, 0.02], range: [10, 600], label: "∝ {/:Italic t}^{−2}"}
            - {draw: vertical, value: 200, label: "end of the flow"}
    two:
      caption: Double descent.
      source: Fig. 6
      width: two-column
      layout: [1, 2]
      panels:
        - title: generalisation
          x: {label: "sample ratio {/:Italic α}"}
          y: {label: "mean squared error", scale: log}
          series:
            - {draw: line, table: toy/descent-theory, x: alpha, y: mse, split: lambda}
            - {draw: points, table: toy/descent, from: one, x: alpha, y: mse, error: error, split: lambda,
               label: "{/:Italic λ} = {lambda}"}
            - {draw: vertical, value: 0.3, label: "interpolation threshold"}
        - title: training
          x: {label: "sample ratio {/:Italic α}"}
          y: {label: "training loss", scale: log}
          series:
            - {draw: line, table: toy/descent-theory, x: alpha, y: train, split: lambda}
            - {draw: points, table: toy/descent, from: one, x: alpha, y: train, split: lambda,
               label: "{/:Italic λ} = {lambda}"}
            - {draw: vertical, value: 0.3, label: "interpolation threshold"}
    stacked:
      caption: Three quantities.
      source: ours
      layout: [3, 1]
      panels:
        - x: &alpha {label: "sample ratio {/:Italic α}", range: [0, 0.65]}
          y: {label: "error"}
          series:
            - {draw: line, table: toy/descent-theory, x: alpha, y: mse, split: lambda, label: "theory, {/:Italic λ} = {lambda}"}
            - {draw: points, table: toy/descent, from: one, x: alpha, y: mse, error: error, split: lambda,
               label: "simulation, {/:Italic λ} = {lambda}"}
        - x: *alpha
          y: {label: "training loss", scale: log}
          series:
            - {draw: line, table: toy/descent-theory, x: alpha, y: train, split: lambda}
            - {draw: points, table: toy/descent, from: one, x: alpha, y: train, split: lambda, label: "{/:Italic λ} = {lambda}"}
        - x: *alpha
          y: {label: "rank / {/:Italic d}", range: [0, 1]}
          series:
            - {draw: line, table: toy/descent-theory, x: alpha, y: rank, split: lambda}
            - {draw: points, table: toy/descent, from: one, x: alpha, y: rank, split: lambda, label: "{/:Italic λ} = {lambda}"}
    spectra:
      caption: Spectra with their atoms.
      source: Fig. 4
      width: two-column
      layout: [1, 3]
      height: 5.5
      panels:
        - x: &x {label: "eigenvalue", range: [-0.1, 2.5]}
          y: &y {label: "spectral density", range: [0, 1.05]}
          key: top right
          series:
            - &h {draw: histogram, table: toy/spectrum, from: one, x: eigenvalue, y: density, where: {alpha: 0.25}}
            - &t {draw: line, table: toy/spectrum-theory, x: eigenvalue, y: density, where: {alpha: 0.25}, style: 2,
               label: "{/:Italic α} = {alpha}"}
            - &a {draw: impulses, table: toy/atoms, from: one, x: eigenvalue, y: weight, where: {alpha: 0.25}, style: 8}
        - x: *x
          y: *y
          key: top right
          series:
            - {draw: histogram, table: toy/spectrum, from: one, x: eigenvalue, y: density, where: {alpha: 0.4}}
            - {draw: line, table: toy/spectrum-theory, x: eigenvalue, y: density, where: {alpha: [0.4]}, style: 2,
               label: "{/:Italic α} = {alpha}"}
            - {draw: impulses, table: toy/atoms, from: one, x: eigenvalue, y: weight, where: {alpha: 0.4}, style: 8}
        - x: {label: "eigenvalue"}
          y: {label: "fraction below"}
          key: bottom right
          series:
            - {draw: steps, table: toy/empirical, from: one, x: eigenvalue, y: fraction, label: simulation}
            - {draw: horizontal, value: 0.5, label: median}
    family:
      caption: Minimal width.
      source: Fig. 3
      layout: [1, 2]
      panels:
        - title: "{/:Italic Δ} = 0"
          x: {label: "{/:Italic α}", range: [0, 0.75]}
          y: {label: "{/:Italic κ}_{min}"}
          series:
            - {draw: line, table: toy/family, x: alpha, y: rank, where: {noise: 0}, split: lambda,
               label: "{/:Italic λ} = {lambda}"}
        - title: "{/:Italic Δ} = ½"
          x: {label: "{/:Italic α}", range: [0, 0.75]}
          y: {label: "{/:Italic κ}_{min}"}
          series:
            - {draw: line, table: toy/family, x: alpha, y: rank, where: {noise: 0.5}, split: lambda,
               label: "{/:Italic λ} = {lambda}"}
    """
}
