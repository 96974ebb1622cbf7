import ArgumentParser
import Foundation
import Pipeline
import Platform
import Reports

/// `refig new`.
struct New: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "new",
    abstract: "Make the folder of a paper of your own: an experiment, a figure, a claim and a mistake it notices.",
    discussion: """
      What it makes runs at once: `cd KEY`, then `refig run` and `refig verify`. With --swift, inside refig's own \
      repository, it adds a paper whose experiment is compiled in.
      """)

  /// The language of the experiment.
  enum Language: String, EnumerableFlag {
    case python, c, swift
  }

  @Argument(help: "The paper's key, such as lu2020: the folder's name, and how the ids of all that is in it begin.")
  var key: String

  @Flag(help: "The language of the experiment.")
  var language = Language.python

  func run() throws {
    guard PipelineFile.isName(key), !key.contains("/") else {
      throw PipelineError.badOption(
        name: "new", value: key, allowed: "must be letters, digits, '.', '_' and '-', and not begin with '.'")
    }
    if language == .swift { return try CompiledPaper(key).write() }
    guard Files.sizeAndTime(key) == nil else {
      throw PipelineError.badOption(name: "new", value: key, allowed: "is there already; take another name")
    }
    for (path, text) in files {
      try Files.save(Array(text.replacing("KEY", with: key).utf8), to: "\(key)/\(path)")
    }
    print(
      """
      made \(key)/: the experiment is \(code), what it shows and says is in figures/\(key).yaml
        cd \(key)
        refig run        compute and draw
        refig verify     check the claim
        refig mutate     can it fail?
        refig report     a page of everything
      """ + (Doctor.documents.map { "\nfrom here to a paper of your own: \($0)/own-paper.md" } ?? ""))
  }

  private var code: String { language == .python ? "walk.py" : "walk.c" }

  private var files: [(path: String, text: String)] {
    func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }
    typealias Own = PackageResources
    let experiment = text(language == .python ? Own.experiment_python_yaml : Own.experiment_c_yaml)
    let sources =
      language == .python
      ? [("walk.py", text(Own.walk_py))] : [("walk.c", text(Own.walk_c)), ("Makefile", text(Own.makefile))]
    // The program that its Makefile makes.
    let ignored = text(Own.gitignore) + (language == .c ? "/walk\n" : "")
    return [
      ("pipeline.yaml", text(Own.pipeline_yaml).replacing("EXPERIMENT", with: experiment)),
      ("figures/\(key).yaml", text(Own.figures_yaml)), ("figures/style.gp", Project.standardStyle),
      ("README.md", text(Own.readme_md).replacing("CODE", with: code)), (".gitignore", ignored),
      (".github/workflows/verify.yml", text(Own.workflow_yml)), ("CITATION.cff", text(Own.citation_cff)),
    ] + sources
  }
}
