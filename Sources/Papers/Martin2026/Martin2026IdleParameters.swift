package import PaperKit

/// Parameters of an experiment that finds the regularised minimum by descent or, if asked to, follows the flow to it where
/// the rank constraint binds.
package protocol MinimumParameters: ExperimentParameters {
  /// The system.
  var size: SystemSize { get }
  /// lambda.
  var regularization: Double { get }
  /// Whether to follow the flow where the theory says that the rank constraint binds.
  var followsFlow: Bool { get }
}

extension MinimumParameters {
  /// What is idle: the flow's parameters where it is not followed, and those of descent, here by their names, where it is.
  static func idleParameters(ofDescent names: [String]) -> [IdleParameter<Self>] {
    let bindsRank: @Sendable (Self) -> Bool = { $0.size.bindsRank(regularization: $0.regularization) }
    return [
      IdleParameter("lastTime", "without followsFlow, or where the rank does not bind") {
        !$0.followsFlow || !bindsRank($0)
      },
      IdleParameter("followsFlow", "where the rank does not bind") { !bindsRank($0) },
    ]
      + names.map { name in
        IdleParameter(name, "with followsFlow where the rank binds") { $0.followsFlow && bindsRank($0) }
      }
  }
}
