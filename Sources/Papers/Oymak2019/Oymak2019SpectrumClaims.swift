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
    "oymak2019/kernel-distance-ratio", from: [JacobianSpectrum.self],
    meaning: """
      k (|K - Sigma|/|Sigma|)^2 over its value for a mean of k independent terms; mean over widths, median over data \
      sets
      """
  ) { results in
    let points = try paired(requireSome(results.points(of: JacobianSpectrum.self)))
    let ratios = try points.map { point in
      let parameters = point.parameters
      let limit = try relativeKernelVariance(
        parameters.activation, sampleCount: parameters.sampleCount, inputDimension: parameters.inputDimension)
      return point[JacobianSpectrum.kernelDistance].values.map { Double(parameters.studentWidth) * $0 * $0 / limit }
    }
    return .median(ratios[0].indices.map { replica in Statistics.mean(ratios.map { $0[replica] }) })
  },
  Estimator(
    "oymak2019/eigenvalue-half-share", from: [JacobianSpectrum.self],
    meaning: "share of starts with lambda_min(K) of lambda(X)/2 or more, at one width"
  ) { results in
    let point = try results.point(of: JacobianSpectrum.self)
    return .proportion(
      successes: point[JacobianSpectrum.eigenvalueRatio].values.count { $0 >= 0.5 }, trials: point.replicaCount,
      undetermined: point.failedReplicas.count)
  },
  Estimator(
    "oymak2019/eigenvalue-deficit-exponent", from: [JacobianSpectrum.self],
    meaning: "slope of ln(1 - lambda_min(K)/lambda(X)) against ln k, of the means over data sets"
  ) { results in
    let points = try paired(results.points(of: JacobianSpectrum.self))
    guard Set(points.map(\.parameters.studentWidth)).count > 1 else { throw EvidenceError("needs two widths or more") }
    return try jackknife(replicaCount: points[0].replicaCount) { replicas in
      let deficits = points.map { point in
        1 - Statistics.mean(replicas.map { point[JacobianSpectrum.eigenvalueRatio][$0] })
      }
      guard deficits.allSatisfy({ $0 > 0 }) else {
        throw EvidenceError("a least eigenvalue exceeds its limit at some width, so the deficit has no logarithm")
      }
      let widths = points.map { log(Double($0.parameters.studentWidth)) }
      return Statistics.linearFit(widths, deficits.map { log($0) }).slope
    }
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
    "oymak2019/eigenvalue-fall-ratio", from: [CovarianceEigenvalue.self],
    meaning: "mean lambda(X) at the fewest samples over that at the most, over what the free edge says of this ratio"
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
    let edges = [first, last].map { $0[CovarianceEigenvalue.prediction][0] }
    return propagated(
      values, degreesOfFreedom: Double(min(first.replicaCount, last.replicaCount) - 1)
    ) { $0[0] / $0[1] * edges[1] / edges[0] }
  },
  Estimator(
    "oymak2019/feature-eigenvalue-ratio", from: [OutputLayer.self],
    meaning: "lambda_min(Phi Phi^T)/k over lambda_out(X) at one width"
  ) { .mean(try $0.point(of: OutputLayer.self)[OutputLayer.eigenvalueRatio].values) },
]
