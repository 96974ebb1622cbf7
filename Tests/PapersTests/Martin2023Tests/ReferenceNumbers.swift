import Foundation
import Testing

/// data/reference/martin2023.json: numbers of an independent implementation.
struct ReferenceNumbers: Decodable {
  struct Spectrum: Decodable {
    let alpha, alphastar, r1, r2, atom0, atom1, K_log: Double
    let pdf_x, pdf, T_x, T, Theta: [Double]
  }
  struct Limits<Case: Decodable>: Decodable {
    let gamma: [Double]
    let cases: [Case]
  }
  struct OrthonormalCase: Decodable {
    let alpha, alphastar, chi_limit, phi_asym_at_10, delta_asym_at_3: Double
    let phi, chi, dloss, rho, lnF: [Double]
  }
  struct GaussianCase: Decodable {
    let alpha, alphastar, chi0: Double
    let phi, chi, dloss: [Double]
  }
  struct DirectFlowCase: Decodable {
    let d, m: Int
    let mu, t, loss, tau, chi, phi: [Double]
    let risk0, min_loss, chi_inf: Double
  }
  struct ReductionCase: Decodable {
    let d, m, ms: Int
    let gamma, phi, chi, loss, tau, rho, c: [Double]
  }
  struct PowerLaw: Decodable {
    let d, m, ms: Int
    let value: Double
  }
  struct Plateau: Decodable {
    let m, ms: Int
    let loss, tau: Double
  }
  struct Moments: Decodable {
    let alpha, alphastar: Double
    let d, runs: Int
    let gamma, phi_mean, phi_sd, chi_mean, chi_sd: [Double]
  }

  let spectrum: [Spectrum]
  let hd_orthonormal: Limits<OrthonormalCase>
  let hd_gaussian: Limits<GaussianCase>
  let direct_flow: [DirectFlowCase]
  let ortho_scalar: [ReductionCase]
  let t2L_limit: [PowerLaw]
  let plateau: Plateau
  let stat_orthonormal: [Moments]
  let stat_gaussian: [Moments]

  static func read() throws -> ReferenceNumbers {
    let url = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appending(path: "../../../data/reference/martin2023.json")
    return try JSONDecoder().decode(ReferenceNumbers.self, from: Data(contentsOf: url))
  }
}
