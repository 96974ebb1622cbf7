import Foundation
import NumericalMethods
import TestSupport

/// data/reference/oymak2019.json.
struct Reference: Decodable {
  struct Network: Decodable {
    let covarianceSpectrum: [Double]
    let covarianceRow: [Double]
    let singularValues: [Double]
    let outputs: [Double]
    let loss: Double
    let gradientNorm: Double
    let gradientRow: [Double]
    let stepSize: Double
    let residualNorms: [String: Double]
    let distances: [String: Double]
    let stochasticStepSize: Double
    let stochasticResidual: Double
    let stochasticDistance: Double
    let leastSquares: Double
  }
  struct Fixture: Decodable {
    let data: [[Double]]
    let start: [[Double]]
    let labels: [Double]
    let outputWeights: [Double]
    let spectralNorm: Double
    let quadraticSpectrum: [Double]
    let networks: [String: Network]
  }
  struct FreeEdge: Decodable {
    let activation: String
    let sampleCount: Int
    let dimension: Int
    let value: Double
  }
  struct Logistic: Decodable {
    let positions: [Double]
    let successes: [Int]
    let midpoint: Double
    let slope: Double
    let standardError: Double
  }
  struct SeparableLogistic: Decodable {
    let firstSuccess: Double
    let midpoint: Double
    let slope: Double
    let standardError: Double
  }
  let rho: [Double]
  let derivativeKernel: [String: [Double]]
  let reluOutputKernel: [Double]
  let hermiteCoefficients: [String: [Double]]
  let slopeSecondMoment: [String: Double]
  let variance: [String: Double]
  let mean: [String: Double]
  let fixture: Fixture
  let freeEdge: [FreeEdge]
  let harmonicWeights: [String: [Double]]
  let harmonicCounts: [Double]
  let logistic: Logistic
  let separableLogistic: SeparableLogistic

  init() throws {
    let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().path()
    self = try JSONDecoder().decode(Self.self, from: referenceData("oymak2019", from: folder))
  }
}

/// Rows of numbers as a matrix.
func matrix(_ rows: [[Double]]) -> Matrix {
  Matrix(rowCount: rows.count, columnCount: rows[0].count, values: rows.flatMap { $0 })
}
