import ArgumentParser
import Claims
import Foundation
import Pipeline
import Platform
import Reports
import Runner

/// `refig report`.
struct ReportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "report",
    abstract: "Make a page of all figures and verdicts that says where each number comes from.",
    discussion: """
      One HTML file that needs no network, index.html, and beside it the figures' files. It shows what is in the store: \
      figures whose cells are all there are drawn, the others are named with the reason. Nothing is computed; without any \
      cell of the profile there is nothing to show, and the exit status is 7.
      """)

  @OptionGroup var project: ProjectOptions

  @Option(help: "Folder to write to; report/PROFILE unless given.")
  var out: String?

  @OptionGroup var output: OutputOptions

  private struct Summary: Encodable {
    let page: String
    let bytes: Int
    let figures, claims, differing, notJudged: Int
  }

  func run() throws {
    Interruption.listen()
    let project = try project.load()
    let folder = out ?? "\(project.root)/report/\(project.profile)"
    let report = try Report(
      of: project, facts: try ProcessEnvironment.facts(of: project),
      processCount: ProcessInfo.processInfo.activeProcessorCount, prepare: { try Files.makeFolder(folder) })
    let bytes = try report.write(to: folder)
    try record(report.verdicts, of: project)
    let verdicts = report.verdicts
    try output.show(
      Summary(
        page: "\(folder)/index.html", bytes: bytes, figures: project.figures.count, claims: verdicts.claims.count,
        differing: verdicts.differing.count, notJudged: verdicts.unjudgedCount),
      "\(verdicts.headline)\nwrote \(folder)/index.html, \(Text.size(bytes))")
  }

  /// Keeps the numbers for the next report to compare with, unless the newest record has the same.
  private func record(_ verdicts: VerdictReport, of project: Project) throws {
    do {
      guard try !Report.isRecorded(verdicts, root: project.root) else { return }
      let log = try ProcessEnvironment.log(for: project)
      for evaluated in verdicts.claims { log.write(evaluated.record()) }
    } catch let error as FileError {
      // A page of somebody else's store is as good without.
      warn("refig: not recorded for later comparison: \(error.path): \(error.reason)")
    }
  }
}
