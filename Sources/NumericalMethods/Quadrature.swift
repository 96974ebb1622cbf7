/// Adaptive integration of functions of one variable.
public enum Quadrature {
  /// The integral over an interval, finite or not, by adaptive Gauss–Kronrod quadrature with 7 and 15 nodes.
  ///
  /// The piece with the greatest estimated error is halved until the estimates sum to at most
  /// max(absoluteTolerance, relativeTolerance |integral|). The ends are never evaluated. Infinite ends are mapped by
  /// x = a + t / (1 - t), or x = t / (1 - t^2) for the whole line. Nodes, weights and error estimate as in QUADPACK
  /// (Piessens, de Doncker, Überhuber, Kahaner, 1983; qk15, qag). Fifteen evaluations a piece.
  ///
  /// Throws ``NumericalError/notConverged(method:iterations:residual:)`` (residual: the estimated error) after
  /// `maximumPieceCount` pieces or where halving no longer helps, `undefined` where the function is not finite, and what the
  /// function throws. Checked: tolerances >= 0 and not both 0.
  public static func integral(
    over interval: Interval, absoluteTolerance: Double, relativeTolerance: Double, maximumPieceCount: Int = 2000,
    _ function: (Double) throws -> Double
  ) throws -> (value: Double, error: Double) {
    precondition(
      absoluteTolerance >= 0 && relativeTolerance >= 0 && max(absoluteTolerance, relativeTolerance) > 0,
      "tolerances: absolute \(absoluteTolerance), relative \(relativeTolerance)")
    let adaptive = Adaptive(
      absoluteTolerance: absoluteTolerance, relativeTolerance: relativeTolerance, maximumPieceCount: maximumPieceCount)
    let (low, high) = (interval.low, interval.high)
    switch (low.isFinite, high.isFinite) {
    case (true, true): return try adaptive.integral(over: interval, function)
    case (true, false):
      return try adaptive.integral(over: Interval(0, 1)) { t in
        try function(low + t / (1 - t)) / ((1 - t) * (1 - t))
      }
    case (false, true):
      return try adaptive.integral(over: Interval(0, 1)) { t in
        try function(high - t / (1 - t)) / ((1 - t) * (1 - t))
      }
    case (false, false):
      return try adaptive.integral(over: Interval(-1, 1)) { t in
        let rest = (1 - t) * (1 + t)
        return try function(t / rest) * (1 + t * t) / (rest * rest)
      }
    }
  }

  private struct Adaptive {
    let absoluteTolerance: Double
    let relativeTolerance: Double
    let maximumPieceCount: Int

    func integral(
      over interval: Interval, _ function: (Double) throws -> Double
    ) throws -> (value: Double, error: Double) {
      var pieces = [try Piece(interval, function)]
      while true {
        // Summed anew each time: a running sum would drown small pieces in the rounding of the first large ones.
        let value = pieces.reduce(0) { $0 + $1.value }
        let error = pieces.reduce(0) { $0 + $1.error }
        if error <= max(absoluteTolerance, relativeTolerance * abs(value)) { return (value, error) }
        guard let worst = pieces.indices.max(by: { pieces[$0].error < pieces[$1].error }),
          pieces.count < maximumPieceCount, let halves = pieces[worst].halves
        else { throw NumericalError.notConverged(method: "quadrature", iterations: pieces.count, residual: error) }
        pieces[worst] = try Piece(halves.0, function)
        pieces.append(try Piece(halves.1, function))
      }
    }
  }

  private struct Piece {
    let interval: Interval
    let value: Double
    let error: Double

    /// Both halves, or nil when the interval is too short to halve.
    var halves: (Interval, Interval)? {
      let middle = (interval.low + interval.high) / 2
      guard interval.halfWidth > 8 * max(interval.low.magnitude, interval.high.magnitude).ulp else { return nil }
      return (Interval(interval.low, middle), Interval(middle, interval.high))
    }

    init(_ interval: Interval, _ function: (Double) throws -> Double) throws {
      self.interval = interval
      let centre = (interval.low + interval.high) / 2
      let half = interval.halfWidth
      func evaluate(_ x: Double) throws -> Double {
        let value = try function(x)
        if !value.isFinite { throw NumericalError.undefined("the integrand is not finite at \(x)") }
        return value
      }
      let middle = try evaluate(centre)
      let pairs = try Self.nodes.map { (try evaluate(centre - half * $0), try evaluate(centre + half * $0)) }
      var kronrod = Self.centreWeights.kronrod * middle
      var gauss = Self.centreWeights.gauss * middle
      var absolute = Self.centreWeights.kronrod * abs(middle)
      for (index, pair) in pairs.enumerated() {
        kronrod += Self.kronrodWeights[index] * (pair.0 + pair.1)
        absolute += Self.kronrodWeights[index] * (abs(pair.0) + abs(pair.1))
        // Every other node of the Kronrod rule is one of the Gauss rule.
        if index % 2 == 1 { gauss += Self.gaussWeights[index / 2] * (pair.0 + pair.1) }
      }
      let mean = kronrod / 2
      var deviation = Self.centreWeights.kronrod * abs(middle - mean)
      for (index, pair) in pairs.enumerated() {
        deviation += Self.kronrodWeights[index] * (abs(pair.0 - mean) + abs(pair.1 - mean))
      }
      value = half * kronrod
      // The difference of the two rules belongs to the weaker one; QUADPACK's 3/2 power, fitted to experience, to the
      // better one. Never below rounding.
      let difference = half * abs(kronrod - gauss)
      deviation *= half
      let ratio = min(1, 200 * difference / deviation)
      let estimate = deviation == 0 || difference == 0 ? difference : deviation * ratio * ratio.squareRoot()
      error = max(estimate, half * absolute > 1e-290 ? 1e-14 * half * absolute : 0)
    }

    static let nodes = [
      0.991_455_371_120_812_639_206_854_697_526_329, 0.949_107_912_342_758_524_526_189_684_047_851,
      0.864_864_423_359_769_072_789_712_788_640_926, 0.741_531_185_599_394_439_863_864_773_280_788,
      0.586_087_235_467_691_130_294_144_838_258_730, 0.405_845_151_377_397_166_906_606_412_076_961,
      0.207_784_955_007_898_467_600_689_403_773_245,
    ]
    static let kronrodWeights = [
      0.022_935_322_010_529_224_963_732_008_058_970, 0.063_092_092_629_978_553_290_700_663_189_204,
      0.104_790_010_322_250_183_839_876_322_541_518, 0.140_653_259_715_525_918_745_189_590_510_238,
      0.169_004_726_639_267_902_826_583_426_598_550, 0.190_350_578_064_785_409_913_256_402_421_014,
      0.204_432_940_075_298_892_414_161_999_234_649,
    ]
    static let gaussWeights = [
      0.129_484_966_168_869_693_270_611_432_679_082, 0.279_705_391_489_276_667_901_467_771_423_780,
      0.381_830_050_505_118_944_950_369_775_488_975,
    ]
    static let centreWeights = (
      kronrod: 0.209_482_141_084_727_828_012_999_174_891_714, gauss: 0.417_959_183_673_469_387_755_102_040_816_327
    )
  }
}
