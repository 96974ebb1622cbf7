import Foundation
import PackagePlugin

/// Makes `Fingerprints.swift` in the target it is applied to: a digest of the tokens of every source file of the package
/// that a result, a table or a verdict can depend on. Every such file is an input, so editing one makes it anew.
@main
struct Fingerprint: BuildToolPlugin {
  func createBuildCommands(context: PluginContext, target: any Target) throws -> [Command] {
    let output = context.pluginWorkDirectoryURL.appending(path: "Fingerprints.swift")
    let modules = context.package.targets.compactMap { $0 as? any SourceModuleTarget }
      .filter { $0.kind == .generic && $0.name != target.name && $0.name != "TestSupport" }
      .sorted { $0.name < $1.name }
    return [
      .buildCommand(
        displayName: "Fingerprinting the sources",
        executable: try context.tool(named: "FingerprintTool").url,
        arguments: [output.path()] + modules.map { "\($0.name)=\($0.directoryURL.path())" },
        inputFiles: modules.flatMap { $0.sourceFiles.map(\.url) },
        outputFiles: [output])
    ]
  }
}
