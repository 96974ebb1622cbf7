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

/// The only element; throws otherwise.
func only<Element>(_ elements: [Element], _ what: String) throws -> Element {
  guard let element = elements.first, elements.count == 1 else {
    throw EvidenceError("needs exactly one \(what), found \(elements.count)")
  }
  return element
}

/// All of them, at least one; throws otherwise.
func some<Element>(_ elements: [Element], _ what: String) throws -> [Element] {
  if elements.isEmpty { throw EvidenceError("needs some \(what), found none") }
  return elements
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
    let point = try only(
      calculations(of: HighDimensionalLimit.self).filter { $0.parameters.ratios == ratios },
      "limit at the ratios \(ratios)")
    return point[output][try point.index(of: gamma, in: HighDimensionalLimit.rescaledTime)]
  }

  /// An output of the Gaussian limit at given ratios and gamma.
  func gaussianLimit(_ output: OutputArray, ratios: [Double], at gamma: Double) throws -> Double {
    let point = try only(
      calculations(of: GaussianLimit.self).filter { $0.parameters.ratios == ratios }, "limit at the ratios \(ratios)")
    return point[output][try point.index(of: gamma, in: GaussianLimit.rescaledTime)]
  }
}
