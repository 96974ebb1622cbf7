private import Foundation

/// A complex number, with the few operations that the resolvent needs.
struct Complex {
  /// Real part.
  var re: Double
  /// Imaginary part.
  var im: Double

  init(_ re: Double, _ im: Double = 0) {
    self.re = re
    self.im = im
  }

  static func + (a: Complex, b: Complex) -> Complex { Complex(a.re + b.re, a.im + b.im) }
  static func - (a: Complex, b: Complex) -> Complex { Complex(a.re - b.re, a.im - b.im) }
  static func * (a: Complex, b: Complex) -> Complex {
    Complex(a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re)
  }
  static func * (a: Double, b: Complex) -> Complex { Complex(a * b.re, a * b.im) }

  /// 1 / self; not protected against overflow of |self|^2.
  var reciprocal: Complex {
    let square = re * re + im * im
    return Complex(re / square, -im / square)
  }

  /// Principal logarithm, argument in [-pi, pi]; on the negative axis the sign of the zero imaginary part decides.
  var logarithm: Complex { Complex(0.5 * log(re * re + im * im), atan2(im, re)) }
}
