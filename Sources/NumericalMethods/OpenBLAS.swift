private import COpenBLAS

/// The calls to OpenBLAS, over pointers and with sizes as `Int`; the only file that imports it.
///
/// Why everything goes through here: LAPACK is column-major and `Matrix` row-major, so what LAPACK sees is the transpose.
/// Each routine below is chosen so that this costs no copy: it says what it does to the *row-major* matrix.
enum OpenBLAS {
  typealias Input = UnsafePointer<Double>
  typealias Output = UnsafeMutablePointer<Double>

  /// Why one thread: several threads give other bits than one, and they spin on cores that other workers need.
  private static let routines = co_load()

  /// The kernel family in use, such as `Haswell`.
  static var coreName: String { String(cString: routines.core_name()) }
  /// Version and build options.
  static var configuration: String { String(cString: routines.configuration()) }
  /// Why the library cannot be loaded; nil if it can.
  static var loadingError: String? { co_loading_error().map { String(cString: $0) } }

  /// Whether the processor is an x86-64 with AVX2 and FMA.
  static var hasAVX2AndFMA: Bool { co_has_avx2_and_fma() != 0 }
  static var architecture: String { String(cString: co_architecture()) }
  /// Name and version of the C library, whose functions the numbers depend on too.
  static var mathLibrary: String { String(cString: co_c_library()) }

  // MARK: Products

  /// C <- scale op(A) op(B) + adding C with op(A) of shape m x k, op(B) of k x n.
  static func multiply(
    _ m: Int, _ n: Int, _ k: Int, scale: Double, _ a: Input, transposed aTransposed: Bool, _ b: Input,
    transposed bTransposed: Bool, adding: Double, into c: Output
  ) {
    routines.dgemm(
      CblasRowMajor, aTransposed ? CblasTrans : CblasNoTrans, bTransposed ? CblasTrans : CblasNoTrans, CInt(m),
      CInt(n), CInt(k), scale, a, CInt(max(1, aTransposed ? m : k)), b, CInt(max(1, bTransposed ? k : n)),
      adding, c, CInt(max(1, n)))
  }

  /// Lower triangle of C <- A A^T (A of shape n x k), or A^T A (A of shape k x n) when transposed.
  static func symmetricProduct(_ n: Int, _ k: Int, _ a: Input, transposed: Bool, into c: Output) {
    routines.dsyrk(
      CblasRowMajor, CblasLower, transposed ? CblasTrans : CblasNoTrans, CInt(n), CInt(k), 1, a,
      CInt(max(1, transposed ? n : k)), 0, c, CInt(max(1, n)))
  }

  /// y <- scale op(A) x + adding y with A of shape m x n.
  static func multiply(
    _ m: Int, _ n: Int, scale: Double, _ a: Input, transposed: Bool, _ x: Input, adding: Double, into y: Output
  ) {
    routines.dgemv(
      CblasRowMajor, transposed ? CblasTrans : CblasNoTrans, CInt(m), CInt(n), scale, a, CInt(max(1, n)), x, 1,
      adding, y, 1)
  }

  /// Scalar product of x and y over `count` elements.
  static func dot(_ count: Int, _ x: Input, _ y: Input) -> Double {
    routines.ddot(CInt(count), x, 1, y, 1)
  }

  /// y <- y + factor x over `count` elements.
  static func add(_ count: Int, _ factor: Double, _ x: Input, to y: Output) {
    routines.daxpy(CInt(count), factor, x, 1, y, 1)
  }

  // MARK: Factorisations

  /// Replaces a symmetric matrix by its eigenvectors, one per row, when they are wanted; destroys it otherwise.
  static func symmetricEigen(_ n: Int, _ a: Output, values: Output, vectors: Bool) throws {
    try withWork("dsyevd") { work, workCount, integers, integerCount, info in
      var size = CInt(n)
      var leading = CInt(max(1, n))
      var job = letter(vectors ? "V" : "N")
      var triangle = letter("U")
      routines.dsyevd(&job, &triangle, &size, a, &leading, values, work, &workCount, integers, &integerCount, &info)
    }
  }

  /// QR factorisation of an m x n matrix in place: R on and above the diagonal, the reflectors below it. (What LAPACK sees
  /// is the transpose, so this is its LQ.)
  static func qr(_ m: Int, _ n: Int, _ a: Output, reflectors: Output) throws {
    try withWork("dgelqf") { work, workCount, _, _, info in
      var rows = CInt(n)
      var columns = CInt(m)
      var leading = CInt(max(1, n))
      routines.dgelqf(&rows, &columns, a, &leading, reflectors, work, &workCount, &info)
    }
  }

  /// The first `columnCount` columns of Q (m rows) from the reflectors of ``qr(_:_:_:reflectors:)`` in its first columns.
  static func orthogonal(_ m: Int, columnCount: Int, reflectorCount: Int, _ q: Output, reflectors: Input) throws {
    try withWork("dorglq") { work, workCount, _, _, info in
      var rows = CInt(columnCount)
      var columns = CInt(m)
      var count = CInt(reflectorCount)
      var leading = CInt(max(1, columnCount))
      routines.dorglq(&rows, &columns, &count, q, &leading, reflectors, work, &workCount, &info)
    }
  }

  /// Thin singular value decomposition of an m x n matrix, which is destroyed; `left` is m x k, `right` k x n with the
  /// right singular vectors in its rows, k = min(m, n).
  ///
  /// Without the two only the values.
  static func singularValues(_ m: Int, _ n: Int, _ a: Output, values: Output, left: Output?, right: Output?) throws {
    try withWork("dgesdd", integerCount: 8 * min(m, n)) { work, workCount, integers, _, info in
      var rows = CInt(n)
      var columns = CInt(m)
      var leading = CInt(max(1, n))
      var rank = CInt(max(1, min(m, n)))
      var job = letter(left == nil ? "N" : "S")
      routines.dgesdd(
        &job, &rows, &columns, a, &leading, values, right, &leading, left, &rank, work, &workCount, integers, &info)
    }
  }

  /// Overwrites the lower triangle of a positive definite matrix by its Cholesky factor L.
  static func cholesky(_ n: Int, _ a: Output) throws {
    var size = CInt(n)
    var leading = CInt(max(1, n))
    var triangle = letter("U")
    var info: CInt = 0
    routines.dpotrf(&triangle, &size, a, &leading, &info)
    if info > 0 { throw NumericalError.notPositiveDefinite(order: Int(info)) }
    try check(info, "dpotrf")
  }

  /// B <- op(L)^-1 B for a lower or upper triangular n x n matrix and B of n x columnCount.
  static func solveTriangular(
    _ n: Int, columnCount: Int, _ a: Input, lower: Bool, transposed: Bool, _ b: Output
  ) {
    routines.dtrsm(
      CblasRowMajor, CblasLeft, lower ? CblasLower : CblasUpper, transposed ? CblasTrans : CblasNoTrans, CblasNonUnit,
      CInt(n), CInt(columnCount), 1, a, CInt(max(1, n)), b, CInt(max(1, columnCount)))
  }

  /// Solves A x = b for the right-hand sides in the ROWS of b (columnCount x n), overwriting A by its factors.
  static func solve(_ n: Int, columnCount: Int, _ a: Output, _ b: Output) throws {
    var size = CInt(n)
    var leading = CInt(max(1, n))
    var pivots = [CInt](repeating: 0, count: n)
    var info: CInt = 0
    routines.dgetrf(&size, &size, a, &leading, &pivots, &info)
    try check(info, "dgetrf")
    var count = CInt(columnCount)
    var transposition = letter("T")
    routines.dgetrs(&transposition, &size, &count, a, &leading, pivots, b, &leading, &info)
    try check(info, "dgetrs")
  }

  // MARK: Calling conventions

  private static func letter(_ letter: Unicode.Scalar) -> CChar { CChar(letter.value) }

  private static func check(_ info: CInt, _ routine: String) throws {
    if info != 0 { throw NumericalError.linearAlgebraFailed(routine: routine, info: Int(info)) }
  }

  /// Calls a LAPACK routine twice: with work count -1, for which it answers with the counts it wants, and then for
  /// good.
  ///
  /// `integerCount` is for routines that need integer work but do not answer for it.
  private static func withWork(
    _ routine: String, integerCount: Int = 1,
    _ call: (
      _ work: Output, _ workCount: inout CInt, _ integers: UnsafeMutablePointer<CInt>, _ integerCount: inout CInt,
      _ info: inout CInt
    ) -> Void
  ) throws {
    var info: CInt = 0
    var answer = 0.0
    var query: CInt = -1
    var integerQuery: CInt = -1
    var integerAnswer: CInt = 0
    call(&answer, &query, &integerAnswer, &integerQuery, &info)
    try check(info, routine)
    var workCount = CInt(max(1, answer))
    var integersWanted = max(integerAnswer, CInt(integerCount))
    withUnsafeTemporaryAllocation(of: Double.self, capacity: Int(workCount)) { work in
      withUnsafeTemporaryAllocation(of: CInt.self, capacity: Int(integersWanted)) { integers in
        guard let work = work.baseAddress, let integers = integers.baseAddress else { return }
        call(work, &workCount, integers, &integersWanted, &info)
      }
    }
    try check(info, routine)
  }
}
