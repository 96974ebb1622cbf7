private import Claims
private import Figures
private import Foundation
private import Ledger
private import PaperKit
private import Pipeline
private import Platform
private import Runner
private import Store

/// An archive of a run that others' tools understand: a Workflow Run RO-Crate (https://w3id.org/ro/wfrun/workflow/0.5).
///
/// It is a project's folder with pipeline.yaml, figure files and data, so refig runs in it; beside them stand the cells,
/// the report with all figures, the verdicts, and what a person, a CODECHECKer and a program need to find their way.
///
/// It is written file by file, so that memory does not limit its size.
package struct Crate {
  /// A file of the crate.
  struct File {
    let output: OutputFile
    let kind: Kind
    /// Once it is written.
    fileprivate(set) var sum: (digest: String, byteCount: Int)?

    var path: String { output.path }
    var description: String { output.description }

    init(_ output: OutputFile, _ kind: Kind) {
      self.output = output
      self.kind = kind
    }
  }

  enum Kind {
    /// What was run, what it read, what it made, and what tells about these.
    case workflow, input, result, note
  }

  let project: Project
  let report: Report
  /// Who answers for the run, if that is said.
  let author: String?
  /// When the crate was made, ISO 8601.
  let time: String
  /// Papers that are recomputed, and how to cite the project where one of them is its own.
  let citations: [String]
  /// Where refig is to be had, if that is said.
  let refigAddress: String?
  /// What the programs of `versions:` said, each once: it is part of the cells' keys.
  let versions: [String]
  /// What its maker should know.
  package let remarks: [String]
  private(set) var files: [File] = []

  /// Whether the project is refig itself, whose experiments are compiled in.
  private let isOfRefig: Bool

  /// Gathers the run of a project's profile. `source` makes an archive of the project's last commit at a path. Throws
  /// ``PipelineError/cellsMissing(count:command:)`` unless all cells of the profile are there,
  /// ``PipelineError/badOption(name:value:allowed:)`` for a project with files outside its folder, `Absence` for a data
  /// file that is not there, and what kept a figure from being drawn.
  package init(
    of project: Project, report: Report, author: String?, refigAddress: String? = nil,
    source: ((_ path: String) throws -> Void)?
  ) throws {
    self.project = project
    self.report = report
    self.author = author
    self.refigAddress = refigAddress
    time = RunLog.timeStamp()
    isOfRefig = ["Package.swift", "Sources/refig/Refig.swift"].allSatisfy {
      Files.sizeAndTime("\(project.root)/\($0)") != nil
    }
    let papers = report.sections.filter { !$0.claims.isEmpty || !$0.figures.isEmpty }.map(\.citation)
    let own = papers.contains("") ? CitationFile.text(at: "\(project.root)/CITATION.cff") : nil
    remarks =
      own?.contains(CitationFile.placeholder) ?? false
      ? ["CITATION.cff names \(CitationFile.placeholder) as author, and so does the crate; write the authors there"]
      : []
    citations = papers.filter { !$0.isEmpty } + (own.map { [$0] } ?? [])
    let plan = try Plan(project.pipeline, stages: Set(project.pipeline.stages.map(\.id)), catalogue: project.catalogue)
    versions = try plan.stages.reduce(into: []) { found, stage in
      for (part, text) in try project.catalogue.code(of: stage.definition.experiment)
      where part == "versions" && !found.contains(text) { found.append(text) }
    }
    let keys = Set(plan.stages.flatMap(\.keys))
    let missing = keys.count { !project.store.contains($0) }
    guard missing == 0 else {
      throw PipelineError.cellsMissing(count: missing, command: "refig run --profile \(project.profile)")
    }
    try report.requireFigures()
    try add("pipeline.yaml", .workflow, "Stages: experiments, parameters, sweeps and replicas")
    for path in project.pipeline.figureFiles.map(\.path) {
      try add(path, .input, "What a paper shows and says: figures and claims with their accepted intervals")
    }
    let style = "figures/style.gp"
    if Files.sizeAndTime("\(project.root)/\(style)") != nil {
      try add(style, .input, "The look that all figures share")
    } else {
      add(style, "The look that all figures share", Project.standardStyle)
    }
    let profiles = try project.pipeline.profiles.map {
      try Project(root: project.root, profile: $0, catalogue: project.catalogue)
    }
    let data = Dictionary(profiles.flatMap { $0.pipeline.stages.flatMap(\.data) }.map { ($0.path, $0) }) { first, _ in
      first
    }
    for (path, file) in data.sorted(by: { $0.key < $1.key }) {
      guard file.bytes != nil else { throw file.absence }
      try add(path, .input, "Data that an experiment reads")
    }
    for path in try project.pipeline.programSources() {
      try add(path, .input, "Code of an experiment")
    }
    for (path, description) in [("LICENSE", "The licence"), ("CITATION.cff", "How to cite")]
    where Files.sizeAndTime("\(project.root)/\(path)") != nil {
      try add(path, .note, description)
    }
    for path in try Ledger.files(root: project.root) {
      try add(path, .result, "What was computed at a profile's sizes, in text, and the audits of it: docs/ledger.md")
    }
    if let source {
      let description = isOfRefig ? "The program's source" : "The project as it was committed"
      files.append(File(OutputFile(path: "source.tar", description: description, make: source), .input))
    }
    let care = StoreCare(store: project.store, catalogue: project.catalogue)
    files.append(
      File(
        OutputFile(
          path: "cells.tar", description: "The arrays behind all figures and claims, made by `refig store export`",
          parts: { try care.export(keys, write: $0) }), .result))
    files += report.files(in: nil).map { File($0.moved(below: "report"), .result) }
    add("codecheck.yml", "What a CODECHECKer compares, https://codecheck.org.uk", codecheck)
  }

  private mutating func add(_ path: String, _ kind: Kind, _ description: String) throws {
    guard PipelineFile.isPath(path) else {
      throw PipelineError.badOption(
        name: "crate", value: path, allowed: "is not a plain path inside the project's folder; move the file there")
    }
    let source = "\(project.root)/\(path)"
    guard Files.sizeAndTime(source) != nil else {
      throw PipelineError.fileMissing(path: path, purpose: "it was to be part of the crate")
    }
    files.append(File(OutputFile(path: path, description: description, copyOf: source), kind))
  }

  private mutating func add(_ path: String, _ description: String, _ text: String) {
    files.append(File(OutputFile(path: path, description: description, text: { text }), .note))
  }

  /// Writes the crate to a new or empty folder: all of it, or nothing. Returns its size in bytes. Throws
  /// ``PipelineError/badOption(name:value:allowed:)`` for a folder with something in it.
  package mutating func write(to folder: String) throws -> Int {
    try Self.checkFree(folder)
    // Beside the folder, not in it: "new/" is the folder "new".
    let folder = folder.hasSuffix("/") ? String(folder.reversed().drop { $0 == "/" }.reversed()) : folder
    let partial = "\(folder).\(getpid()).part"
    do {
      try writeFiles(to: partial)
      // What tells of the others comes after them, each of all that are there by then.
      add("README.md", "What is here, how to check it, hardware, time and expected numbers", readme)
      try writeFiles(to: partial)
      add("ro-crate-metadata.json", "RO-Crate metadata", try metadata)
      try writeFiles(to: partial)
      add("manifest-sha256.txt", "SHA-256 of every other file, for `sha256sum --check`", manifest)
      try writeFiles(to: partial)
      guard rename(partial, folder) == 0 else {
        throw FileError(.write, folder, code: errno)
      }
    } catch {
      do {
        try FileManager.default.removeItem(atPath: partial)
      } catch {
        // It was not even begun.
      }
      throw error
    }
    return files.reduce(0) { $0 + ($1.sum?.byteCount ?? 0) }
  }

  /// Writes the files that are not written yet.
  private mutating func writeFiles(to folder: String) throws {
    for index in files.indices where files[index].sum == nil {
      try Interruption.check()
      try files[index].output.write(to: folder)
      files[index].sum = try files[index].output.sum(in: folder)
    }
  }

  /// Throws unless a folder is not there or empty.
  package static func checkFree(_ folder: String) throws {
    guard Files.sizeAndTime(folder) != nil else { return }
    let isEmpty: Bool
    do { isEmpty = try FileManager.default.contentsOfDirectory(atPath: folder).isEmpty } catch { isEmpty = false }
    guard isEmpty else {
      throw PipelineError.badOption(
        name: "crate", value: folder,
        allowed: "is not an empty folder; name a new one, so that no file of an older crate stays in it")
    }
  }

  private var manifest: String {
    files.compactMap { file in file.sum.map { "\($0.digest)  \(file.path)\n" } }.joined()
  }

  // MARK: For people

  var title: String { "Figures and claims recomputed by refig, profile \(project.profile)" }

  /// A text as YAML and JSON write it.
  private static func quoted(_ text: String) -> String {
    "\""
      + text.flatMap { sign -> String in
        switch sign {
        case "\"", "\\": "\\\(sign)"
        case _ where sign.isNewline: " "
        default: String(sign)
        }
      } + "\""
  }

  private var codecheck: String {
    let drawn = report.figures.filter { if case .success = $0.picture { true } else { false } }
    let manifest =
      drawn.map { entry in
        "  - file: report/figures/\(entry.figure.id).\(entry.hasPDF ? "pdf" : "svg")\n    comment: \(Self.quoted("\(entry.figure.source): \(entry.figure.caption)"))\n"
      } + ["  - file: report/verdicts.json\n    comment: \"All claims with estimates, intervals and verdicts\"\n"]
    let reference = citations.isEmpty ? "" : "\n  reference: \(Self.quoted(citations.joined(separator: "; ")))"
    return """
      ---
      version: https://codecheck.org.uk/spec/config/1.0/
      paper:
        title: \(Self.quoted(title))\(reference)
      manifest:
      \(manifest.joined())check_time: \(Self.quoted(time))
      summary: \(Self.quoted(report.verdicts.headline))

      """
  }

  private static func machine(_ facts: [String: String]) -> String {
    func fact(_ name: String) -> String { facts[name] ?? "unknown" }
    let memory = Double(fact("memoryBytes")).map { "\(Int($0 / 1e9)) GB" } ?? "unknown"
    return """
      \(fact("machine")), \(fact("cores")) cores, \(memory) of memory, \(fact("system")) \(fact("release")), \
      \(fact("compiler")), \(fact("blas")), HDF5 \(fact("hdf5")), \(fact("gnuplot"))
      """
  }

  private var readme: String {
    let facts = report.facts
    // Cells that were imported tell of no machine; then it is this one.
    var machines: [String] = []
    for facts in report.runs.isEmpty ? [facts] : report.runs.map(\.facts) {
      let machine = Self.machine(facts)
      if !machines.contains(machine) { machines.append(machine) }
    }
    let (count, _, known, processorSeconds) = report.cells
    let cells = count == 1 ? "one cell" : "\(count) cells"
    let cost =
      known == 0
      ? "No record here tells what the \(cells) took: \(count == 1 ? "it was" : "they were") imported, or computed by older code that gives the same bits."
      : """
      The \(cells) took \(Text.duration(processorSeconds)) of processor time\
      \(known < count ? ", as far as records tell (of \(known) of them)" : ""); \
      n workers take an n-th of it.
      """
    let option = project.profile == project.pipeline.profiles.first ? "" : " --profile \(project.profile)"
    let commit = facts["commit"].map {
      "commit \($0)\(facts["hasChanges"] == "yes" ? " with uncommitted changes that are not in it" : "")"
    }
    let absence = facts["gitFailure"].map { "git says: \($0)" } ?? "it was not a git checkout"
    let hasSource = files.contains { $0.path == "source.tar" }
    let installation = """
      `pip install` of its wheel or `apt install` of its Debian package gives you refig, on Linux with an x86-64 processor; \
      this crate was made by \(facts["refig"] ?? "a version that is unknown"). \
      \(refigAddress.map { "It is to be had at \($0)." } ?? "Ask who made this crate for one, or make it with `make wheel` or `make deb` in refig's source.") \
      Nothing else is to be built. What the programs of the experiments need beside it, `pipeline.yaml` says under `command:` \
      and `versions:`\(versions.isEmpty ? "" : "; the cells are of \(versions.map { "`\($0)`" }.joined(separator: ", "))").

      \(hasSource ? "`source.tar` is the project as it was committed (\(commit ?? ""))." : "The project's last commit is not in here: \(absence).")

      """
    let build =
      !isOfRefig
      ? installation
      : hasSource
        ? """
        `source.tar` is the source (\(commit ?? "")). With Swift 6.2 or newer on Debian 12:

        ```sh
        mkdir source && tar xf source.tar -C source && make -C source build
        alias refig="$PWD/source/.build/release/refig"
        ```

        """ : "The source is not in here: \(absence).\n"
    return """
      # \(title)

      \(citations.map { "* \($0)\n" }.joined() + (citations.isEmpty ? "" : "\n"))\
      This folder is a Workflow Run RO-Crate and a project folder of refig. `report/index.html` shows the figures, the claims
      beside them and where each number comes from; no program is needed to read it.

      | file | holds |
      |---|---|
      \(files.filter { !$0.path.hasPrefix("report/figures/") }.map { "| `\($0.path)` | \($0.description) |\n" }.joined())\
      | `report/figures/` | each figure as SVG, PDF, gnuplot script, CSV and JSON |

      ## The program

      \(build)
      ## Check it without computing

      ```sh
      sha256sum --check manifest-sha256.txt
      refig store import cells.tar
      refig verify\(option) --cached-only     # judges the numbers in cells.tar: the verdicts below
      refig store audit --sample 10\(option)   # computes ten cells again and compares bits
      ```

      ## Compute it again

      ```sh
      refig run\(option)        # what is not there; with the cells imported, nothing
      refig verify\(option)
      ```

      ## Hardware and time

      \(machines.map { "* \($0)\n" }.joined())
      \(cost)

      ## Expected numbers

      Random numbers are named, not drawn in order: they are the same on every machine, and so are the numbers up to the last
      bits of the processor's own arithmetic. Verdicts must be the same.

      \(report.verdicts.markdown(processorSeconds: processorSeconds, changes: nil))
      """
  }
}
