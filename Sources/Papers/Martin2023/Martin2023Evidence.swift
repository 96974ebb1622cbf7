internal import NumericalMethods
internal import PaperKit

// What tables and estimators share.

/// The three regimes of the paper's figures.
enum Regime: String, CaseIterable {
  /// m > m*.
  case wider
  /// m = m*.
  case equal
  /// m < m*.
  case narrower

  init(student: Double, teacher: Double) {
    self = student > teacher ? .wider : student == teacher ? .equal : .narrower
  }
}

extension OrthonormalFlow.Parameters {
  var regime: Regime { Regime(student: Double(studentWidth), teacher: Double(teacherWidth)) }
  /// alpha and alpha*.
  var ratios: [Double] { [studentWidth, teacherWidth].map { Double($0) / Double(inputDimension) } }
}

extension GaussianFlow.Parameters {
  var regime: Regime { Regime(student: Double(studentWidth), teacher: Double(teacherWidth)) }
  /// alpha and alpha*.
  var ratios: [Double] { [studentWidth, teacherWidth].map { Double($0) / Double(inputDimension) } }
}

extension HighDimensionalLimit.Parameters {
  var regime: Regime { Regime(student: studentWidthRatio, teacher: teacherWidthRatio) }
  var ratios: [Double] { [studentWidthRatio, teacherWidthRatio] }
  var law: OverlapLaw { OverlapLaw(studentWidthRatio: studentWidthRatio, teacherWidthRatio: teacherWidthRatio) }
}

extension GaussianLimit.Parameters {
  var ratios: [Double] { [studentWidthRatio, teacherWidthRatio] }
}

extension Results {
  /// An output of the orthonormal limit at given ratios and gamma.
  func orthonormalLimit(_ output: OutputArray, ratios: [Double], at gamma: Double) throws -> Double {
    let point = try calculation(of: HighDimensionalLimit.self) { $0.ratios == ratios }
    return point[output][try point.index(of: gamma, in: HighDimensionalLimit.rescaledTime)]
  }

  /// phi of the orthonormal limit at given ratios and gamma = 1.
  func orthonormalPhi(ratios: [Double]) throws -> Double {
    try orthonormalLimit(HighDimensionalLimit.integratedTrace, ratios: ratios, at: 1)
  }

  /// phi of the Gaussian limit at given ratios and gamma = 1.
  func gaussianPhi(ratios: [Double]) throws -> Double {
    let point = try calculation(of: GaussianLimit.self) { $0.ratios == ratios }
    return point[GaussianLimit.integratedTrace][try point.index(of: 1, in: GaussianLimit.rescaledTime)]
  }
}
