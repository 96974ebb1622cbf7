private import Foundation
internal import NumericalMethods
internal import PaperKit

// How the numbers behind the claims on spectra are measured.

/// Estimators of the spectra.
let spectrumEstimators = [
  Estimator(
    "oymak2019/rank-gap", from: [JacobianSpectrum.self],
    meaning: "greatest distance of the rank of a Jacobian from min(n, kd)"
  ) { results in
    .identity(
      try results.points(of: JacobianSpectrum.self).flatMap { point in
        let parameters = point.parameters
        let full = Double(min(parameters.sampleCount, parameters.studentWidth * parameters.inputDimension))
        return point[JacobianSpectrum.rank].values.map { abs($0 - full) }
      })
  },
  Estimator(
    "oymak2019/kernel-distance-exponent", from: [JacobianSpectrum.self],
    meaning: "slope of ln(|K - Sigma|/|Sigma|) against ln k, median over data sets"
  ) { results in
    .median(
      try logSlopes(results.points(of: JacobianSpectrum.self), JacobianSpectrum.kernelDistance) {
        Double($0.studentWidth)
      })
  },
  Estimator(
    "oymak2019/eigenvalue-ratio", from: [JacobianSpectrum.self],
    meaning: "lambda_min(K)/lambda(X) at one width"
  ) { .mean(try $0.point(of: JacobianSpectrum.self)[JacobianSpectrum.eigenvalueRatio].values) },
  Estimator(
    "oymak2019/eigenvalue-deficit-exponent", from: [JacobianSpectrum.self],
    meaning: "slope of ln(1 - lambda_min(K)/lambda(X)) against ln k, of the means over data sets"
  ) { results in
    let points = try paired(results.points(of: JacobianSpectrum.self))
    return try deficitSlope(
      points.map { (Double($0.parameters.studentWidth), $0[JacobianSpectrum.eigenvalueRatio].values) })
  },
  Estimator(
    "oymak2019/free-edge-gap", from: [CovarianceEigenvalue.self],
    meaning: "greatest relative distance of the median lambda(X) from the free edge"
  ) { results in
    let points = try requireSome(results.points(of: CovarianceEigenvalue.self))
    return .greatest(
      points.map { point in
        let values = zip(point[CovarianceEigenvalue.eigenvalue].values, point[CovarianceEigenvalue.prediction].values)
        return .median(values.map { $0 / $1 }).distance(from: 1)
      })
  },
  Estimator(
    "oymak2019/eigenvalue-fall", from: [CovarianceEigenvalue.self],
    meaning: "mean lambda(X) at the fewest samples over that at the most"
  ) { results in
    let points = try results.points(of: CovarianceEigenvalue.self).sorted {
      $0.parameters.sampleCount < $1.parameters.sampleCount
    }
    guard let first = points.first, let last = points.last, points.count > 1 else {
      throw EvidenceError("needs two sample counts or more")
    }
    let values = [first, last].map { point in
      let values = point[CovarianceEigenvalue.eigenvalue].values
      return (Statistics.mean(values), Statistics.standardError(values))
    }
    return propagated(
      values, degreesOfFreedom: Double(min(first.replicaCount, last.replicaCount) - 1)
    ) { $0[0] / $0[1] }
  },
  Estimator(
    "oymak2019/schur-violation", from: [CovarianceEigenvalue.self],
    meaning: "1 if lambda(X) of a data set is below Schur's bound by more than rounding, else 0"
  ) { results in
    .identity(
      try results.points(of: CovarianceEigenvalue.self).flatMap { point in
        zip(point[CovarianceEigenvalue.eigenvalue].values, point[CovarianceEigenvalue.schurBound].values)
          .map { $0 >= $1 * (1 - 1e-9) ? 0 : 1 }
      })
  },
  Estimator(
    "oymak2019/feature-eigenvalue-ratio", from: [OutputLayer.self],
    meaning: "lambda_min(Phi Phi^T)/k over lambda_out(X) at one width"
  ) { .mean(try $0.point(of: OutputLayer.self)[OutputLayer.eigenvalueRatio].values) },
  Estimator(
    "oymak2019/feature-deficit-exponent", from: [OutputLayer.self],
    meaning: "slope of ln(1 - lambda_min(Phi Phi^T)/(k lambda_out)) against ln k, of the means over data sets"
  ) { results in
    let points = try paired(results.points(of: OutputLayer.self))
    return try deficitSlope(
      points.map { (Double($0.parameters.studentWidth), $0[OutputLayer.eigenvalueRatio].values) })
  },
]

/// The slope of ln(1 - mean ratio) against ln k: how a least eigenvalue reaches its limit. One value per replica and width.
private func deficitSlope(_ points: [(width: Double, ratios: [Double])]) throws -> Estimate {
  guard Set(points.map(\.width)).count > 1 else { throw EvidenceError("needs two widths or more") }
  return try jackknife(replicaCount: points[0].ratios.count) { replicas in
    let deficits = points.map { point in 1 - Statistics.mean(replicas.map { point.ratios[$0] }) }
    guard deficits.allSatisfy({ $0 > 0 }) else {
      throw EvidenceError("a least eigenvalue exceeds its limit at some width, so the deficit has no logarithm")
    }
    return Statistics.linearFit(points.map { log($0.width) }, deficits.map { log($0) }).slope
  }
}
