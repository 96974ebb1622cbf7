public struct RandomStream: Sendable {
  public init(key: UInt64, purpose: String, stream: UInt64) {}
}
