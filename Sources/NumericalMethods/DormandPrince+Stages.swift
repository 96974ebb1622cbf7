extension DormandPrince {
  /// One accepted step with its continuous solution; lives only during the observer's call.
  public struct Step: ~Copyable {
    /// Time at the start of the step.
    public let startTime: Double
    /// Time at its end.
    public let endTime: Double
    /// The state at the start of the step.
    public let startState: UnsafeBufferPointer<Double>
    /// The state at its end.
    public let endState: UnsafeBufferPointer<Double>
    fileprivate let stages: Stages

    /// One component of the continuous solution at a time within the step (not checked), error of order 4 + 1 per step.
    ///
    /// The cubic Hermite polynomial through both ends plus theta^2 (1 - theta)^2 h sum_i d_i k_i, theta the place within
    /// the step of size h and k_i the stages (Hairer, Nørsett and Wanner, II.6).
    public func component(_ index: Int, at time: Double) -> Double {
      interpolated(index, (time - startTime) / (endTime - startTime))
    }

    /// The continuous solution at a time within the step (not checked).
    public func state(at time: Double) -> [Double] {
      let theta = (time - startTime) / (endTime - startTime)
      return (0..<endState.count).map { interpolated($0, theta) }
    }

    /// Writes the continuous solution at a time within the step into a buffer of the state's count (both not checked).
    public func write(at time: Double, to buffer: UnsafeMutableBufferPointer<Double>) {
      let theta = (time - startTime) / (endTime - startTime)
      for index in 0..<endState.count { buffer[index] = interpolated(index, theta) }
    }

    private func interpolated(_ i: Int, _ theta: Double) -> Double {
      // Not only faster: at the ends the polynomial would be right only up to rounding.
      if theta == 1 { return endState[i] }
      let h = endTime - startTime
      let (k1, k3, k4, k5, k6, k7) = (
        stages.k1[i], stages.k3[i], stages.k4[i], stages.k5[i], stages.k6[i], stages.k7[i]
      )
      let rest = 1 - theta
      let hermite =
        theta * theta * (3 - 2 * theta) * (endState[i] - startState[i])
        + h * theta * rest * (rest * k1 - theta * k7)
      let d1 = -12_715_105_075.0 / 11_282_082_432
      let d3 = 87_487_479_700.0 / 32_700_410_799
      let d4 = -10_690_763_975.0 / 1_880_347_072
      let d5 = 701_980_252_875.0 / 199_316_789_632
      let d6 = -1_453_857_185.0 / 822_651_844
      let d7 = 69_997_945.0 / 29_380_423
      let bubble = d1 * k1 + d3 * k3 + d4 * k4 + d5 * k5 + d6 * k6 + d7 * k7
      return startState[i] + hermite + h * theta * theta * rest * rest * bubble
    }
  }

  /// The memory of an integration: state, next state, and the seven stages k1 ...
  ///
  /// k7.
  struct Stages {
    let count: Int
    private let memory: UnsafeMutablePointer<Double>
    private(set) var y, next, k1, k2, k3, k4, k5, k6, k7: UnsafeMutablePointer<Double>

    init(_ state: [Double]) {
      count = state.count
      memory = .allocate(capacity: 9 * count)
      memory.initialize(repeating: 0, count: 9 * count)
      y = memory
      next = memory + count
      (k1, k2, k3) = (memory + 2 * count, memory + 3 * count, memory + 4 * count)
      (k4, k5, k6) = (memory + 5 * count, memory + 6 * count, memory + 7 * count)
      k7 = memory + 8 * count
      for (index, value) in state.enumerated() { y[index] = value }
    }

    func deallocate() { memory.deallocate() }

    func copyState(to state: inout [Double]) {
      for index in 0..<count { state[index] = y[index] }
    }

    /// The first stage of the first step.
    func begin(_ time: Double, _ derivative: TimeDerivative) throws {
      try evaluate(derivative, time, y, k1)
      guard (0..<count).allSatisfy({ k1[$0].isFinite }) else {
        throw NumericalError.notFinite(quantity: "derivative", time: time)
      }
    }

    /// Tries a step of size h: fills `next` and k2 ...
    ///
    /// k7, returns the scaled error (not finite where a stage is not).
    func attempt(
      _ t: Double, _ h: Double, _ settings: DormandPrince, _ derivative: TimeDerivative
    ) throws -> Double {
      // Loops over plain pointers, one per stage: the compiler turns them into vector code.
      for i in 0..<count { next[i] = y[i] + h * (1.0 / 5 * k1[i]) }
      try evaluate(derivative, t + h / 5, next, k2)
      for i in 0..<count { next[i] = y[i] + h * (3.0 / 40 * k1[i] + 9.0 / 40 * k2[i]) }
      try evaluate(derivative, t + 3 * h / 10, next, k3)
      for i in 0..<count {
        next[i] = y[i] + h * (44.0 / 45 * k1[i] - 56.0 / 15 * k2[i] + 32.0 / 9 * k3[i])
      }
      try evaluate(derivative, t + 4 * h / 5, next, k4)
      for i in 0..<count {
        let early = 19_372.0 / 6561 * k1[i] - 25_360.0 / 2187 * k2[i]
        next[i] = y[i] + h * (early + 64_448.0 / 6561 * k3[i] - 212.0 / 729 * k4[i])
      }
      try evaluate(derivative, t + 8 * h / 9, next, k5)
      for i in 0..<count {
        let early = 9017.0 / 3168 * k1[i] - 355.0 / 33 * k2[i] + 46_732.0 / 5247 * k3[i]
        next[i] = y[i] + h * (early + 49.0 / 176 * k4[i] - 5103.0 / 18_656 * k5[i])
      }
      try evaluate(derivative, t + h, next, k6)
      for i in 0..<count {
        let early = 35.0 / 384 * k1[i] + 500.0 / 1113 * k3[i] + 125.0 / 192 * k4[i]
        next[i] = y[i] + h * (early - 2187.0 / 6784 * k5[i] + 11.0 / 84 * k6[i])
      }
      try evaluate(derivative, t + h, next, k7)
      return scaledError(h, settings)
    }

    /// Root mean square over components of the difference of the embedded solutions in units of the tolerance.
    private func scaledError(_ h: Double, _ settings: DormandPrince) -> Double {
      var sum = 0.0
      for i in 0..<count {
        let early = 71.0 / 57_600 * k1[i] - 71.0 / 16_695 * k3[i] + 71.0 / 1920 * k4[i]
        let late = -17_253.0 / 339_200 * k5[i] + 22.0 / 525 * k6[i] - 1.0 / 40 * k7[i]
        // max(x, NaN) is x: so that a next state that is not a number is not overlooked, it enters the error itself.
        let scaled = h * (early + late) / settings.scale(y[i], next[i])
        sum += scaled * scaled + 0 * next[i]
      }
      return (sum / Double(count)).squareRoot()
    }

    /// Makes the next state the current one and the last stage the first.
    mutating func accept() {
      swap(&y, &next)
      swap(&k1, &k7)
    }

    func step(from start: Double, to end: Double) -> Step {
      Step(
        startTime: start, endTime: end, startState: UnsafeBufferPointer(start: y, count: count),
        endState: UnsafeBufferPointer(start: next, count: count), stages: self)
    }

    /// Root mean squares of the state and its derivative in units of the tolerance.
    func scaledSizes(_ settings: DormandPrince) -> (state: Double, slope: Double) {
      var (state, slope) = (0.0, 0.0)
      for i in 0..<count {
        let scale = settings.scale(y[i], y[i])
        state += (y[i] / scale) * (y[i] / scale)
        slope += (k1[i] / scale) * (k1[i] / scale)
      }
      return ((state / Double(count)).squareRoot(), (slope / Double(count)).squareRoot())
    }

    /// The same of the second derivative, from a step of Euler's method of size h.
    func scaledCurvature(
      _ time: Double, _ h: Double, _ settings: DormandPrince, _ derivative: TimeDerivative
    ) throws -> Double {
      for i in 0..<count { next[i] = y[i] + h * k1[i] }
      try evaluate(derivative, time + h, next, k2)
      var sum = 0.0
      for i in 0..<count {
        let scaled = (k2[i] - k1[i]) / settings.scale(y[i], y[i])
        sum += scaled * scaled
      }
      return (sum / Double(count)).squareRoot() / abs(h)
    }

    private func evaluate(
      _ derivative: TimeDerivative, _ time: Double, _ state: UnsafeMutablePointer<Double>,
      _ slope: UnsafeMutablePointer<Double>
    ) throws {
      try derivative(
        time, UnsafeBufferPointer(start: state, count: count), UnsafeMutableBufferPointer(start: slope, count: count))
    }
  }

  /// The error that a component may have in one step.
  fileprivate func scale(_ before: Double, _ after: Double) -> Double {
    // Never 0, so that a component that stays exactly 0 has error 0, not 0 / 0.
    max(absoluteTolerance + relativeTolerance * max(abs(before), abs(after)), .leastNormalMagnitude)
  }
}
