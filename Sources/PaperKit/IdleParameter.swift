/// A parameter that has no effect with some values of the others, such as the tolerances of a method that is not used.
///
/// pipeline.yaml and `refig try` refuse to set it then, as they refuse a name that does not exist: who sets a parameter
/// believes that it acts. Defaults are no one's belief and pass.
public struct IdleParameter<Parameters: Sendable>: Sendable {
  /// Its name, as in pipeline.yaml.
  public let name: String
  /// When it has no effect, in words that follow "no effect": "with start: identity".
  public let condition: String
  /// Whether it has none; may depend on every parameter but itself.
  public let isIdle: @Sendable (Parameters) -> Bool

  /// Declares it.
  public init(_ name: String, _ condition: String, where isIdle: @escaping @Sendable (Parameters) -> Bool) {
    self.name = name
    self.condition = condition
    self.isIdle = isIdle
  }
}

extension ExperimentParameters {
  /// None.
  public static var idleParameters: [IdleParameter<Self>] { [] }
}
