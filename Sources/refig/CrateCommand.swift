import ArgumentParser
import Claims
import Foundation
import Pipeline
import Platform
import Reports

/// `refig crate`.
struct CrateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "crate",
    abstract: "Pack a run for an archive: a Workflow Run RO-Crate with cells, figures, verdicts and source.",
    discussion: """
      The folder is a project's folder too: refig runs in it. README.md says how to check the verdicts without computing, \
      codecheck.yml what a CODECHECKer compares, manifest-sha256.txt what every file must be. All cells of the profile must \
      be there.
      """)

  @Argument(help: "The folder to make; it must be new or empty.")
  var folder: String

  @Option(help: "Who answers for the run.")
  var author: String?

  @Option(help: "Where others get refig, such as the address of its wheel; the crate's README says so.")
  var refig: String?

  @OptionGroup var project: ProjectOptions
  @OptionGroup var output: OutputOptions

  private struct Summary: Encodable {
    let folder: String
    let bytes: Int
  }

  func run() throws {
    Interruption.listen()
    let project = try project.load()
    // Before anything that takes long.
    try Crate.checkFree(folder)
    let facts = try ProcessEnvironment.facts(of: project)
    let report = try Report(
      of: project, facts: facts, processCount: ProcessInfo.processInfo.activeProcessorCount)
    let git = facts["commit"] == nil ? nil : Git(project.root)
    var crate = try Crate(
      of: project, report: report, author: author, refigAddress: refig, source: git.map { git in git.archive })
    let bytes = try crate.write(to: folder)
    for remark in crate.remarks { warn("refig: \(remark)") }
    try output.show(
      Summary(folder: folder, bytes: bytes),
      "\(report.verdicts.headline)\nwrote \(folder), \(Text.size(bytes)); its README.md says how to check it")
  }
}
