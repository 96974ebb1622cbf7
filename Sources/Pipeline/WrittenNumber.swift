/// A number as it stands in a YAML file: decimal digits and a power of ten, none of them lost.
package struct WrittenNumber: Sendable {
  package let text: String
  /// The Double nearest to it; infinite where it is beyond all of them.
  package let nearest: Double
  /// The number is digits · 10^exponent, with a minus in front if it is negative.
  private let isNegative: Bool
  /// Without zeros at either end; empty for 0.
  private let digits: Substring.UTF8View
  private let exponent: Int
  private let isInfinite: Bool

  /// 1, the step of a range that has none.
  static let one = WrittenNumber(1)

  private init(_ value: Int) {
    (text, nearest, isInfinite, isNegative) = ("\(value)", Double(value), false, value < 0)
    (digits, exponent) = Self.trimmed("\(value.magnitude)", fractionLength: 0, exponent: 0)
  }

  /// Reads `12`, `-1.5e-3`, `.5`, `0x1F` (whole numbers of up to 64 bits) and `.inf`; nil for all else.
  package init?(_ text: String) {
    self.text = text
    var rest = text.utf8[...]
    isNegative = rest.first == UInt8(ascii: "-")
    if isNegative || rest.first == UInt8(ascii: "+") { rest = rest.dropFirst() }
    isInfinite = rest.elementsEqual(".inf".utf8)
    let sign = isNegative ? -1.0 : 1.0
    if isInfinite {
      (nearest, digits, exponent) = (sign * .infinity, ""[...].utf8, 0)
    } else if rest.starts(with: "0x".utf8) {
      let digits = Substring(rest.dropFirst(2))
      guard digits.allSatisfy(\.isHexDigit), let value = UInt64(digits, radix: 16) else { return nil }
      nearest = sign * Double(value)
      (self.digits, exponent) = Self.trimmed("\(value)", fractionLength: 0, exponent: 0)
    } else {
      guard let parts = Self.parts(rest), let value = Double(text) else { return nil }
      nearest = value
      (digits, exponent) = Self.trimmed(
        parts.digits, fractionLength: parts.fractionLength, exponent: parts.exponent)
    }
  }

  /// The digits on both sides of the point, how many are behind it, and the power of ten that follows.
  private static func parts(_ text: Substring.UTF8View) -> (digits: String, fractionLength: Int, exponent: Int)? {
    func isDigit(_ byte: UInt8) -> Bool { (48...57).contains(byte) }
    let whole = text.prefix(while: isDigit)
    var rest = text[whole.endIndex...]
    var fraction = rest.prefix(0)
    if rest.first == UInt8(ascii: ".") {
      rest = rest.dropFirst()
      fraction = rest.prefix(while: isDigit)
      rest = rest[fraction.endIndex...]
    }
    guard !whole.isEmpty || !fraction.isEmpty else { return nil }
    var exponent = 0
    if rest.first.map({ $0 | 0x20 }) == UInt8(ascii: "e") {
      rest = rest.dropFirst()
      let sign = rest.first == UInt8(ascii: "-") ? -1 : 1
      if rest.first == UInt8(ascii: "-") || rest.first == UInt8(ascii: "+") { rest = rest.dropFirst() }
      guard !rest.isEmpty, rest.allSatisfy(isDigit) else { return nil }
      // Beyond it every number but 0 is none that a Double holds.
      exponent = sign * min(Int(Substring(rest)) ?? .max, 1 << 40)
    } else if !rest.isEmpty {
      return nil
    }
    return (String(Substring(whole)) + String(Substring(fraction)), fraction.count, exponent)
  }

  private static func trimmed(_ text: String, fractionLength: Int, exponent: Int) -> (Substring.UTF8View, Int) {
    var digits = text.utf8.drop { $0 == 48 }
    let length = digits.count
    while digits.last == 48 { digits.removeLast() }
    guard !digits.isEmpty else { return (digits, 0) }
    return (digits, exponent - fractionLength + length - digits.count)
  }

  /// Whether it has no fraction.
  package var isWhole: Bool { !isInfinite && exponent >= 0 }

  /// The number, if it is whole and an Int holds it.
  package var integer: Int? {
    guard isWhole, exponent < 20, let value = scaled(to: 0) else { return nil }
    return Int(exactly: value)
  }

  /// Why no Double stands for the number, as what would be allowed instead; nil if one does.
  ///
  /// Every decimal between the smallest and the greatest Double is within half a unit in the last place of its nearest,
  /// and that is what it means: 0.1 and 0.1000000000000000055 are the same number. Refused is what would become another
  /// one: 0 or a number with fewer digits below the normal range, infinity above it, and from 2^53 on, where a Double has
  /// no room for every whole number, all that is neither exact nor printed as it was written.
  package var allowedInstead: String? {
    if isInfinite || digits.isEmpty { return nil }
    if nearest.isInfinite { return "at most \(Double.greatestFiniteMagnitude) in size" }
    if nearest.magnitude < .leastNormalMagnitude { return "0, or at least \(Double.leastNormalMagnitude) in size" }
    if nearest.magnitude < 0x1p53 || integer.flatMap(Double.init(exactly:)) != nil { return nil }
    guard let printed = WrittenNumber("\(nearest)"), !equals(printed) else { return nil }
    return "it would become \(nearest), the nearest number that there is; write that"
  }

  private func equals(_ other: WrittenNumber) -> Bool {
    exponent == other.exponent && digits.elementsEqual(other.digits) && isNegative == other.isNegative
  }

  /// The power of ten of its last digit; nil for 0, which has none.
  var lastPlace: Int? { digits.isEmpty ? nil : exponent }

  /// The number in units of 10^place, if it is a whole number of them that an Int128 holds.
  func scaled(to place: Int) -> Int128? {
    guard !digits.isEmpty else { return 0 }
    guard digits.count <= 39, (0...39).contains(exponent - place) else { return nil }
    guard let magnitude = Int128(Substring(digits) + String(repeating: "0", count: exponent - place)) else {
      return nil
    }
    return isNegative ? -magnitude : magnitude
  }

  /// The digits of a positive number as a whole number, and its power of ten, if there are no more than 38.
  var positiveParts: (digits: UInt128, exponent: Int)? {
    guard !isNegative, !digits.isEmpty, digits.count <= 38 else { return nil }
    return UInt128(Substring(digits)).map { ($0, exponent) }
  }
}
