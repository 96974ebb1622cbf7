/// The right-hand side of an ordinary differential equation dy/dt = f(t, y).
///
/// Called with the time, the state y, and the memory for dy/dt, of the same count and apart from y. It must write every
/// element of the latter; what was there before has no meaning. Why buffers: a step of an integrator then allocates
/// nothing.
public typealias TimeDerivative = (
  _ time: Double, _ state: UnsafeBufferPointer<Double>, _ derivative: UnsafeMutableBufferPointer<Double>
) throws -> Void

/// What the observer of an integration wants next.
public enum Continuation: Sendable {
  /// The next step.
  case proceed
  /// No further step.
  case stop
}
