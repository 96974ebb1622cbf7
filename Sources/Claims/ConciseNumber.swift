private import Foundation

/// A number with the error of its last digits: 2.016(15), -0.0084(27), 1.23(15) times a power of ten.
///
/// The error has two digits, more where it is 100 or greater. A number without error has four digits.
package struct ConciseNumber: Sendable, Equatable {
  /// "2.016(15)".
  package let mantissa: String
  /// The power of ten it is to be multiplied by, if any.
  package let exponent: Int?

  /// A value with its standard error; 0 for none. A value that is not a number is "NaN", "∞" or "−∞".
  package init(_ value: Double, error: Double = 0) {
    guard value.isFinite else {
      (mantissa, exponent) = (value.isNaN ? "NaN" : value > 0 ? "∞" : "−∞", nil)
      return
    }
    let magnitude = max(abs(value), error)
    // An error beyond the digits of a Double is none.
    guard error > 1e-13 * magnitude, error.isFinite else {
      let text = String(format: "%.4g", value).split(separator: "e")
      (mantissa, exponent) = (String(text[0]), text.count > 1 ? Int(text[1]) : nil)
      return
    }
    let power = magnitude < 1e-3 || magnitude >= 1e6 ? Int(log10(magnitude).rounded(.down)) : 0
    // In two steps, as the power may be no Double.
    let (first, second) = (pow(10, Double(power / 2)), pow(10, Double(power - power / 2)))
    let (scaled, scaledError) =
      power < -300
      ? (value / first / second, error / first / second)
      : (value / pow(10, Double(power)), error / pow(10, Double(power)))
    var decimals = max(0, 1 - Int(log10(scaledError).rounded(.down)))
    var digits = Int((scaledError * pow(10, Double(decimals))).rounded())
    if digits >= 100 {
      decimals = max(0, decimals - 1)
      digits = Int((scaledError * pow(10, Double(decimals))).rounded())
    }
    mantissa = String(format: "%.\(decimals)f", scaled) + "(\(digits))"
    exponent = power == 0 ? nil : power
  }

  /// Whether a text such as "1.02", "1.02(4)", "1.02(4)e-5" or "1.02(4)\times10^-5" is a value with its standard error, 0 for none, rightly
  /// rounded: each is within half a unit of the last digit that is written, of which there are no more than the error leaves.
  package static func isRounding(_ text: String, of value: Double, error: Double) -> Bool {
    let form =
      #/
      ([+-]?\d+) (?: \.(\d+) )? (?: \((\d+)\) )? (?: (?: \\(?:times|cdot) 10 \^ | e ) ([+-]?\d{1,3}) )?
      /#
    guard let match = text.wholeMatch(of: form), let exponent = Int(match.4 ?? "0"),
      let written = Double("\(match.1).\(match.2 ?? "0")e\(exponent)"),
      let unit = Double("1e\(exponent - (match.2 ?? "").count)"),
      value.isFinite, unit > 0, written != 0 || value == 0
    else { return false }
    func isNear(_ one: Double, _ other: Double) -> Bool { abs(one - other) <= unit * (0.5 + 1e-9) }
    if let digits = match.3 {
      guard let digits = Double(digits), digits > 0, error > 0, isNear(digits * unit, error) else { return false }
    }
    // The last of the two digits that an error has.
    let finest = error > 0 && error.isFinite ? pow(10, log10(error).rounded(.down) - 1) : 0
    return unit > 0.5 * finest && isNear(written, value)
  }

  /// For a terminal and for Markdown: "2.016(15)", "1.23(15)e-5".
  package var text: String { mantissa + (exponent.map { "e\($0)" } ?? "") }
}
