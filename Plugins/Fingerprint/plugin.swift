import Foundation
import PackagePlugin

/// Makes `Fingerprints.swift`: a digest of the tokens of every source file a result can depend on.
@main
struct Fingerprint: BuildToolPlugin {
  func createBuildCommands(context: PluginContext, target: any Target) throws -> [Command] {
    []
  }
}
