/// A whole number of any size, for comparisons that must be exact.
struct Natural: Comparable {
  /// Least significant word first, none of them zero at the end.
  private var words: [UInt64]

  init(_ value: UInt128) {
    words = [UInt64(truncatingIfNeeded: value), UInt64(truncatingIfNeeded: value >> 64)]
    trim()
  }

  private mutating func trim() {
    while words.last == 0 { words.removeLast() }
  }

  static func * (left: Natural, right: Natural) -> Natural {
    var product = left
    product.words = [UInt64](repeating: 0, count: left.words.count + right.words.count)
    for (i, a) in left.words.enumerated() {
      var carry: UInt64 = 0
      for (j, b) in right.words.enumerated() {
        // At most (2^64 - 1)^2 + 2 (2^64 - 1) = 2^128 - 1.
        let sum = UInt128(a) * UInt128(b) + UInt128(product.words[i + j]) + UInt128(carry)
        product.words[i + j] = UInt64(truncatingIfNeeded: sum)
        carry = UInt64(truncatingIfNeeded: sum >> 64)
      }
      product.words[i + right.words.count] = carry
    }
    product.trim()
    return product
  }

  func power(_ exponent: Int) -> Natural {
    var (result, square, rest) = (Natural(1), self, exponent)
    while rest > 0 {
      if rest & 1 == 1 { result = result * square }
      rest >>= 1
      if rest > 0 { square = square * square }
    }
    return result
  }

  /// The number times 2^count.
  func shifted(by count: Int) -> Natural {
    var shifted = self * Natural(1 << UInt128(count % 64))
    if !shifted.words.isEmpty { shifted.words.insert(contentsOf: [UInt64](repeating: 0, count: count / 64), at: 0) }
    return shifted
  }

  static func < (left: Natural, right: Natural) -> Bool {
    guard left.words.count == right.words.count else { return left.words.count < right.words.count }
    return left.words.reversed().lexicographicallyPrecedes(right.words.reversed())
  }
}

/// Two numbers of 128 binary digits with a positive real number between them, for powers of which only the first digits
/// matter. Both bounds are off by a factor of at most 1 + 2^-127 for each multiplication.
struct Enclosure {
  /// mantissa · 2^exponent, with the mantissa's highest bit set.
  private struct Bound: Comparable {
    var mantissa: UInt128
    var exponent: Int

    func times(_ other: Bound, isUpper: Bool) -> Bound {
      let product = mantissa.multipliedFullWidth(by: other.mantissa)
      var (high, low) = (product.high, product.low)
      var result = exponent + other.exponent + 128
      if high.leadingZeroBitCount == 1 {
        (high, low) = (high << 1 | low >> 127, low << 1)
        result -= 1
      }
      guard isUpper, low != 0 else { return Bound(mantissa: high, exponent: result) }
      return high == .max
        ? Bound(mantissa: 1 << 127, exponent: result + 1) : Bound(mantissa: high + 1, exponent: result)
    }

    static func < (left: Bound, right: Bound) -> Bool {
      (left.exponent, left.mantissa) < (right.exponent, right.mantissa)
    }
  }

  private var low: Bound
  private var high: Bound

  /// value · 2^exponent, exactly; the value must be positive.
  init(_ value: UInt128, exponent: Int = 0) {
    let shift = value.leadingZeroBitCount
    low = Bound(mantissa: value << UInt128(shift), exponent: exponent - shift)
    high = low
  }

  static func * (left: Enclosure, right: Enclosure) -> Enclosure {
    var product = left
    product.low = left.low.times(right.low, isUpper: false)
    product.high = left.high.times(right.high, isUpper: true)
    return product
  }

  func power(_ exponent: Int) -> Enclosure {
    var (result, square, rest) = (Enclosure(1), self, exponent)
    while rest > 0 {
      if rest & 1 == 1 { result = result * square }
      rest >>= 1
      if rest > 0 { square = square * square }
    }
    return result
  }

  /// Whether the number is greater than another; nil where these bounds cannot tell.
  func isGreater(than other: Enclosure) -> Bool? { low > other.high ? true : high < other.low ? false : nil }
}

/// How one number compares with another.
enum Order { case less, equal, greater }

extension Double {
  /// The number as programs read it; one that is none has no sign, which only the processor gave it.
  package var readableText: String { isNaN ? "NaN" : "\(self)" }

  /// The Double nearest to a positive real number x, ties to even: found by comparing x with the middles between
  /// neighbours, so that neither the processor nor a library has a say in it.
  ///
  /// - Parameters:
  ///   - guess: where to begin; any number will do.
  ///   - compare: whether significand · 2^exponent is less than x, equal or greater.
  init(nearestTo guess: Double, compare: (_ significand: UInt64, _ exponent: Int) -> Order) {
    /// Whether x is to be rounded to the number of this pattern or to a greater one.
    func isAtMost(_ pattern: UInt64) -> Bool {
      let below = Double(bitPattern: pattern - 1)
      let isNormal = below >= .leastNormalMagnitude
      let significand = isNormal ? below.significandBitPattern | 1 << 52 : below.significandBitPattern
      let exponent = isNormal ? Int(below.exponentBitPattern) - 1075 : -1074
      switch compare(2 * significand + 1, exponent - 1) {
      case .less: return true
      case .equal: return pattern % 2 == 0
      case .greater: return false
      }
    }
    let last = Double.greatestFiniteMagnitude.bitPattern
    var low = guess.isFinite ? min(max(guess.magnitude.bitPattern, 1), last - 1) : 1
    var step: UInt64 = 1
    while low > 0, !isAtMost(low) {
      low -= min(step, low)
      step *= 2
    }
    var high = low + 1
    step = 1
    while high <= last, isAtMost(high) {
      low = high
      high = min(high + step, last + 1)
      step *= 2
    }
    while high - low > 1 {
      let middle = low + (high - low) / 2
      if isAtMost(middle) { low = middle } else { high = middle }
    }
    self.init(bitPattern: low)
  }
}
