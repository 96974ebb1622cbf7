internal import PaperKit

extension StandardEstimate {
  /// Why sweep points do not have the estimate, whatever their results are; nil if they may. `points` gives the parameters of
  /// those that have a quantity, each point once.
  func misfit(of points: (Quantity) -> [[String: ParameterValue]]) -> String? {
    func one(_ quantity: Quantity) -> String? {
      let count = points(quantity).count
      return count == 1
        ? nil : "\(count) points have \(quantity.description), and the estimate is of one; say which under `where:`"
    }
    switch self {
    case .mean(let quantity, _), .median(let quantity), .proportion(let quantity): return one(quantity)
    case .ratio(let first, let second), .difference(let first, let second): return one(first) ?? one(second)
    case .slope(let quantity, let parameter, .logarithmic)
    where points(quantity).contains { $0[parameter]?.number.map { $0 <= 0 } ?? false }:
      return
        "the scale is logarithmic, and there is a point whose \(parameter) is not positive; leave it out under `where:`"
    case .slope(let quantity, let parameter, _), .crossing(let quantity, let parameter, _),
      .monotone(let quantity, let parameter, _):
      let places = points(quantity).map { $0[parameter]?.number }
      return places.count > 1 && Set(places).count == places.count
        ? nil : "needs points with different values of \(parameter); narrow them with `where:`"
    case .greatestGap(let first, let second, let parameter):
      guard let parameter else {
        return Set(points(first)) == Set(points(second))
          ? nil : "the two quantities are not of the same points; say along which parameter, with `against:`"
      }
      let places = points(second).map { $0[parameter]?.number }
      for place in points(first).map({ $0[parameter]?.number }) {
        let count = places.count { $0 == place }
        if count != 1 {
          return "\(count) points of the other quantity have \(parameter) = \(place ?? .nan), not one"
        }
      }
      return nil
    case .greatest: return nil
    }
  }
}
