import Foundation
import NumericalMethods

/// data/reference/sarao2020.json, made by independent prototypes in numpy, scipy and C.
struct Reference: Decodable {
  struct Certificate: Decodable {
    let inputDimension, teacherWidth, sampleCount: Int
    let seed: UInt64
    let firstEntry, certificate: Double
    let unique: Bool
  }
  struct Descent: Decodable {
    let inputDimension, teacherWidth, sampleCount, studentWidth: Int
    let learningRate: Double
    let seed: UInt64
    let step: [Int]
    let trainingLoss, populationLoss: [Double]
  }
  struct Flow: Decodable {
    let inputDimension: Int
    let teacherEigenvalues, time, populationLoss: [Double]
    let exponentialRate: Double
  }
  struct Prefactor: Decodable {
    let inputDimension, teacherWidth, rank: Int
    let prefactor: Double
  }
  struct Threshold: Decodable {
    let inputDimension, teacherWidth, replicaCount: Int
    let sampleCount, unique: [Int]
    let conicThreshold: Double
  }
  struct CountingThreshold: Decodable { let inputDimension, teacherWidth, threshold: Int }

  let certificates: [Certificate]
  let fixedStepDescent: [Descent]
  let populationFlow: [Flow]
  let prefactors: [Prefactor]
  let thresholds: [Threshold]
  let countingThresholds: [CountingThreshold]

  static func load() throws -> Reference {
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent()
    return try JSONDecoder().decode(
      Reference.self, from: Data(contentsOf: root.appending(path: "data/reference/sarao2020.json")))
  }
}

/// The generator behind the reference's fixtures: splitmix64, u = ((z >> 11) + 1/2) 2^-53, Box–Muller pairs with the
/// cosine first, matrices row by row.
struct FixtureGenerator {
  private var state: UInt64
  private var spare: Double?

  init(seed: UInt64) { state = seed }

  private mutating func uniform() -> Double {
    state &+= 0x9E37_79B9_7F4A_7C15
    var word = state
    word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
    word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
    word ^= word >> 31
    return (Double(word >> 11) + 0.5) * 0x1p-53
  }

  mutating func normal() -> Double {
    if let value = spare {
      spare = nil
      return value
    }
    let radius = (-2 * log(uniform())).squareRoot()
    let angle = 2 * Double.pi * uniform()
    spare = radius * sin(angle)
    return radius * cos(angle)
  }

  mutating func matrix(_ rowCount: Int, _ columnCount: Int, scale: Double = 1) -> Matrix {
    Matrix(rowCount: rowCount, columnCount: columnCount) { _, _ in scale * normal() }
  }
}
