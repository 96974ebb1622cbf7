/// What the last bits of a number depend on besides code, parameters and seed: instructions of the processor, kernels of
/// OpenBLAS, the C library's functions.
///
/// Of one class, cells are the same bit for bit; across classes they agree to ``tolerance``. refig has one class for
/// x86-64: processors with AVX2 and FMA, on which OpenBLAS is made to use its kernels for Haswell, on one thread,
/// whatever the processor could do beyond that and whatever the environment says. The class names the versions of the
/// libraries too, as others may round differently.
public struct NumericClass: Hashable, Sendable, CustomStringConvertible {
  /// As it is stored in cells: `x86-64 AVX2 FMA, OpenBLAS 0.3.21 Haswell, glibc 2.36`.
  public let description: String

  /// A class by its name.
  public init(_ description: String) { self.description = description }

  /// The class of numbers that are computed here.
  public static let current: NumericClass = {
    let version = LinearAlgebra.configuration.split(separator: " ").prefix(2).joined(separator: " ")
    return NumericClass(
      "\(OpenBLAS.architecture)\(hasRequiredProcessor ? " AVX2 FMA" : ""), \(version) \(LinearAlgebra.coreName), "
        + OpenBLAS.mathLibrary)
  }()

  /// Whether the processor is one of those that all compute the same: x86-64 with AVX2 and FMA.
  public static var hasRequiredProcessor: Bool { OpenBLAS.hasAVX2AndFMA }

  /// How far two classes may be apart: the greatest difference of an output's numbers over the greatest of their
  /// magnitudes.
  ///
  /// Why so large: rounding errors of 1e-16 grow along a descent to several times 1e-6 of the loss. Small numbers, and
  /// counts have rules of their own, when two cells are compared.
  public static let tolerance = 1e-4
}
