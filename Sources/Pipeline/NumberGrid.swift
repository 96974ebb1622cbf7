private import Foundation

/// The numbers of `range`, `linspace` and `logspace`: each is the Double nearest to its exact value, which follows from
/// the decimals that were written. They are the same on every machine, and 0.3 is the 0.3 of a list.
enum NumberGrid {
  /// What would be allowed instead.
  struct Refusal: Error {
    let allowed: String
  }

  /// Numbers a `logspace` may have: each takes a few hundred multiplications of 128 bits.
  static let logarithmicLimit = 10_000

  /// first, first + step, … up to last.
  static func range(_ first: WrittenNumber, _ last: WrittenNumber, step: WrittenNumber, limit: Int) throws(Refusal)
    -> [Double]
  {
    let place = [first, last, step].compactMap(\.lastPlace).min() ?? 0
    let (a, b, s) = (try scaled(first, place), try scaled(last, place), try scaled(step, place))
    let refusal = Refusal(allowed: "a step other than 0 that leads from first to last in at most \(limit) steps")
    guard s != 0 else { throw refusal }
    let (span, overflow) = b.subtractingReportingOverflow(a)
    guard !overflow else { throw farApart }
    let count = span / s
    guard count >= 0, span == 0 || (span < 0) == (s < 0), count < limit else { throw refusal }
    return (0...Int(count)).map { Ratio(a + Int128($0) * s, over: 1, place: place).nearest }
  }

  /// `count` numbers at equal distances, of which the ends are the first and the last.
  static func linear(_ first: WrittenNumber, _ last: WrittenNumber, count: Int) throws(Refusal) -> [Double] {
    let place = [first, last].compactMap(\.lastPlace).min() ?? 0
    let (a, b, steps) = (try scaled(first, place), try scaled(last, place), Int128(count - 1))
    guard ![a, b].contains(where: { $0.multipliedReportingOverflow(by: 2 * steps).overflow }) else { throw farApart }
    return (0...steps).map { Ratio(a * (steps - $0) + b * $0, over: steps, place: place).nearest }
  }

  /// `count` numbers with equal ratios, of which the ends are the first and the last.
  static func logarithmic(_ first: WrittenNumber, _ last: WrittenNumber, count: Int) throws(Refusal) -> [Double] {
    guard count <= logarithmicLimit else { throw Refusal(allowed: "a count of at most \(logarithmicLimit)") }
    guard let a = first.positiveParts, let b = last.positiveParts else {
      throw Refusal(allowed: first.nearest > 0 && last.nearest > 0 ? "ends of at most 38 digits" : "positive ends")
    }
    let (logA, logB) = (log(first.nearest), log(last.nearest))
    return (0..<count).map { index in
      if index == 0 { return first.nearest }
      if index == count - 1 { return last.nearest }
      let divisor = greatestCommonDivisor(index, count - 1)
      let (u, v) = (index / divisor, (count - 1) / divisor)
      return nearestMean(a, b, u, of: v, guess: exp(logA + (logB - logA) * Double(index) / Double(count - 1)))
    }
  }

  /// The Double nearest to x = (a^(v-u) b^u)^(1/v), for positive decimals a and b. A candidate c is compared with x by
  /// c^v and x^v: by their first 128 digits, and where these cannot tell, by all of them. That happens only for an x that
  /// is rational, or as good as one: then v is small.
  private static func nearestMean(
    _ a: (digits: UInt128, exponent: Int), _ b: (digits: UInt128, exponent: Int), _ u: Int, of v: Int, guess: Double
  ) -> Double {
    let ten = a.exponent * (v - u) + b.exponent * u
    func mean<Value>(_ value: (UInt128) -> Value, _ power: (Value, Int) -> Value, _ product: (Value, Value) -> Value)
      -> (mean: Value, ten: Value)
    {
      (
        product(power(value(a.digits), v - u), power(value(b.digits), u)), power(value(10), abs(ten))
      )
    }
    let first = mean({ Enclosure($0) }, { $0.power($1) }, *)
    lazy var all = mean({ Natural($0) }, { $0.power($1) }, *)
    return Double(nearestTo: guess) { significand, exponent in
      let power = Enclosure(UInt128(significand), exponent: exponent).power(v)
      let isGreater =
        ten < 0
        ? (power * first.ten).isGreater(than: first.mean) : power.isGreater(than: first.mean * first.ten)
      if let isGreater { return isGreater ? .greater : .less }
      let shift = exponent * v
      let left = Natural(UInt128(significand)).power(v).shifted(by: max(shift, 0))
      let right = all.mean.shifted(by: max(-shift, 0))
      return order(ten < 0 ? left * all.ten : left, ten < 0 ? right : right * all.ten)
    }
  }

  fileprivate static func order(_ left: Natural, _ right: Natural) -> Order {
    left == right ? .equal : left < right ? .less : .greater
  }

  private static let farApart = Refusal(
    allowed: "numbers of which 30 digits reach from the first of the greatest to the last of any")

  private static func scaled(_ number: WrittenNumber, _ place: Int) throws(Refusal) -> Int128 {
    guard let scaled = number.scaled(to: place) else { throw farApart }
    return scaled
  }

  private static func greatestCommonDivisor(_ a: Int, _ b: Int) -> Int { b == 0 ? a : greatestCommonDivisor(b, a % b) }

  /// numerator / denominator · 10^place, with a positive denominator.
  private struct Ratio {
    let numerator: Int128
    let denominator: Int128
    let place: Int

    init(_ numerator: Int128, over denominator: Int128, place: Int) {
      (self.numerator, self.denominator, self.place) = (numerator, denominator, place)
    }

    var nearest: Double {
      if numerator == 0 { return 0 }
      // Two numbers that a Double holds: their quotient is rounded once, to the nearest.
      let room: Int128 = 1 << 53
      if abs(place) <= 15 {
        let ten = NumberGrid.powersOfTen[abs(place)]
        let (top, isTooLarge) = numerator.multipliedReportingOverflow(by: place > 0 ? ten : 1)
        let bottom = denominator * (place < 0 ? ten : 1)
        if !isTooLarge, top.magnitude <= room.magnitude, bottom <= room { return Double(top) / Double(bottom) }
      }
      let top = Natural(numerator.magnitude) * Natural(10).power(max(place, 0))
      let bottom = Natural(denominator.magnitude) * Natural(10).power(max(-place, 0))
      let guess = Double(numerator) / Double(denominator) * pow(10, Double(place))
      let size = Double(nearestTo: guess) { significand, exponent in
        NumberGrid.order(
          (Natural(UInt128(significand)) * bottom).shifted(by: max(exponent, 0)), top.shifted(by: max(-exponent, 0)))
      }
      return numerator < 0 ? -size : size
    }
  }

  private static let powersOfTen = (0...15).map { exponent in
    (0..<exponent).reduce(Int128(1)) { power, _ in 10 * power }
  }
}
