private import Foundation
internal import NumericalMethods
internal import PaperKit

// How the numbers behind the claims on spectra are measured.

/// Estimators of the spectra.
let spectrumEstimators: [Estimator] = [
  .identity(
    "oymak2019/rank-gap", of: JacobianSpectrum.self,
    meaning: "greatest distance of the rank of a Jacobian from min(n, kd)"
  ) { point in
    let parameters = point.parameters
    let full = Double(min(parameters.sampleCount, parameters.studentWidth * parameters.inputDimension))
    return point[JacobianSpectrum.rank].values.map { abs($0 - full) }
  },
  Estimator(
    "oymak2019/kernel-distance-ratio", from: [JacobianSpectrum.self],
    meaning: """
      $k (|K - Σ|/|Σ|)^2$ over its value for a mean of k independent terms; mean over widths, median over data \
      sets
      """
  ) { results in
    let points = try paired(results.points(of: JacobianSpectrum.self))
    let ratios = try points.map { point in
      let parameters = point.parameters
      let limit = try relativeKernelVariance(
        parameters.activation, sampleCount: parameters.sampleCount, inputDimension: parameters.inputDimension)
      return point[JacobianSpectrum.kernelDistance].values.map { Double(parameters.studentWidth) * $0 * $0 / limit }
    }
    return .median(ratios[0].indices.map { replica in Statistics.mean(ratios.map { $0[replica] }) })
  },
  .share(
    "oymak2019/eigenvalue-half-share", of: JacobianSpectrum.self,
    meaning: "share of starts with $λ_\\min(K)$ of $λ(X)/2$ or more, at one width"
  ) { $0[JacobianSpectrum.eigenvalueRatio].values.map { $0 >= 0.5 } },
  Estimator(
    "oymak2019/eigenvalue-deficit-exponent", from: [JacobianSpectrum.self],
    meaning: "slope of $\\ln(1 - λ_\\min(K)/λ(X))$ against $\\ln k$, of the means over data sets"
  ) { results in
    let points = try paired(results.points(of: JacobianSpectrum.self))
    guard Set(points.map(\.parameters.studentWidth)).count > 1 else { throw EvidenceError("needs two widths or more") }
    let count = points[0].replicaCount
    guard count > 2 else { throw EvidenceError("needs 3 replicas or more, found \(count)") }
    let slope = try Statistics.jackknife(Array(0..<count)) { replicas in
      let deficits = points.map { point in
        1 - Statistics.mean(replicas.map { point[JacobianSpectrum.eigenvalueRatio][$0] })
      }
      guard deficits.allSatisfy({ $0 > 0 }) else {
        throw EvidenceError("a least eigenvalue exceeds its limit at some width, so the deficit has no logarithm")
      }
      let widths = points.map { log(Double($0.parameters.studentWidth)) }
      return Statistics.linearFit(widths, deficits.map { log($0) }).slope
    }
    return .fit(value: slope.value, standardError: slope.standardError, degreesOfFreedom: Double(count - 1))
  },
  .greatest(
    "oymak2019/free-edge-gap", of: CovarianceEigenvalue.self,
    meaning: "greatest relative distance of the median $λ(X)$ from the free edge"
  ) { .median($0.ratios(CovarianceEigenvalue.eigenvalue, over: CovarianceEigenvalue.prediction)).distance(from: 1) },
  Estimator(
    "oymak2019/eigenvalue-fall-ratio", from: [CovarianceEigenvalue.self],
    meaning: "mean $λ(X)$ at the fewest samples over that at the most, over what the free edge says of this ratio"
  ) { results in
    let points = try results.points(of: CovarianceEigenvalue.self, ascending: \.sampleCount)
    let ends = [points[0], points[points.count - 1]]
    let edges = ends.map { $0[CovarianceEigenvalue.prediction][0] }
    return .propagated(
      ends.map { .mean($0[CovarianceEigenvalue.eigenvalue].values) },
      degreesOfFreedom: Double((ends.map(\.replicaCount).min() ?? 0) - 1)
    ) { $0[0] / $0[1] * edges[1] / edges[0] }
  },
  .mean(
    "oymak2019/feature-eigenvalue-ratio", of: OutputLayer.self,
    meaning: "$λ_\\min(Φ Φ^\\top)/k$ over $λ_\\text{out}(X)$ at one width"
  ) { $0[OutputLayer.eigenvalueRatio].values },
]
