private import Foundation
private import PaperKit
internal import Platform
private import Synchronization

/// A program of the project that computes an experiment: the words that start it, and what its results depend on. See
/// docs/protocol.md for what it is asked and answers.
package struct ProgramExperiment: Sendable {
  /// Version of the protocol and of how random numbers follow from keys; part of every key.
  package static let protocolVersion = 1

  /// The words that start it, in the project's folder and without a shell.
  package let command: [String]
  /// The project's folder.
  package let folder: String
  /// Whether it draws random numbers.
  package let isRandom: Bool
  /// Files and folders of its code, relative to the project's folder.
  package let sources: [String]
  /// Programs that print what else the results depend on, such as the version of a library.
  let versions: [[String]]
  /// What it declares, as far as results depend on it: outputs with axes and units.
  let declaration: String
  /// The arrays that it reads from committed files, which stages name.
  let dataDeclaration: String
  let facts: ProjectFacts

  /// All files of its code.
  func sourceFiles() throws -> [String] { try sources.flatMap(facts.files).map(\.path) }

  /// The files among its sources, those that its command names first.
  var sourcePaths: [String] {
    let files = sources.filter { !Files.isFolder("\(folder)/\($0)") }
    let own = command.map(ExperimentReader.path).filter(files.contains)
    return own + files.filter { !own.contains($0) }
  }

  /// The code its results depend on, as lines of a manifest. Asks the programs of `versions` once in a process. Throws
  /// `PipelineError` where a source or a version cannot be had.
  func code() throws -> [(part: String, digest: String)] {
    let words = ParameterValue.list(command.map(ParameterValue.text)).canonicalText
    return try facts.code(of: "\(words)\n\(sources)\n\(versions)\n\(declaration)\n\(dataDeclaration)") {
      var code = [
        (part: "protocol", digest: "\(Self.protocolVersion)"), (part: "command", digest: words),
        (part: "sources", digest: try facts.sourcesDigest(sources)),
        (part: "outputs", digest: CellKey.digest(declaration)),
      ]
      if !dataDeclaration.isEmpty { code.append((part: "data", digest: CellKey.digest(dataDeclaration))) }
      if !versions.isEmpty {
        let answers = try versions.map { try facts.version(of: $0, environment: environment) }
        code.append((part: "versions", digest: answers.joined(separator: "; ")))
      }
      return code
    }
  }

  /// What the digest of its sources is of: a line for each file with its path and the digest of what counts of it.
  package func sourcesText() throws -> String { try facts.sourcesText(sources) }

  /// Throws `EvidenceError` if the sources are others than when this process first looked at them.
  package func requireSameSources() throws {
    let changed = try facts.changedSources(sources)
    if !changed.isEmpty {
      throw EvidenceError(
        "its sources have changed since this run began: \(ErrorMessage.visible(changed.joined(separator: ", "))); run again"
      )
    }
  }

  /// Where refig.py lies, for programs in Python.
  package var pythonFolder: String { "\(folder)/data/python" }

  /// The environment it is started in: this process's, with refig.py on Python's path, and libraries on one thread each,
  /// because every processor has a worker of its own.
  package var environment: [String: String] {
    var environment = ProcessInfo.processInfo.environment
    let path = environment["PYTHONPATH"].map { $0.isEmpty ? "" : ":" + $0 } ?? ""
    environment["PYTHONPATH"] = pythonFolder + path
    environment["PYTHONHASHSEED"] = "0"
    // Bytecode is told from that of an edited source by the second alone: none is left for later programs.
    environment["PYTHONDONTWRITEBYTECODE"] = "1"
    environment["REFIG_PROTOCOL"] = "\(Self.protocolVersion)"
    environment["REFIG_PROJECT"] = URL(fileURLWithPath: folder).path
    for name in ["OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"] { environment[name] = "1" }
    return environment
  }
}

/// What a process found out about the code of a project's programs; each is looked at once.
final class ProjectFacts: Sendable {
  private struct Found {
    var sources: [[String]: Sources] = [:]
    var versions: [[String]: String] = [:]
    /// By all that an experiment says of its code.
    var codes: [String: [(part: String, digest: String)]] = [:]
  }

  /// What sources were when they were first looked at.
  private struct Sources {
    /// By path, the digest of what counts of a file.
    let digests: [String: String]
    /// These, a line each.
    let text: String
    let digest: String
    /// What the file system said of them when they were last read.
    var stamps: [String: Files.Stamp]
  }

  private let folder: String
  private let found = Mutex(Found())
  /// Bytes that the sources of an experiment may have together.
  private static let sourceLimit = 64 << 20
  /// Seconds within which a file system may not tell two changes apart.
  private static let clockGrain = 2.0
  private static let versionSeconds = 60.0
  private static let versionLength = 200

  init(folder: String) { self.folder = folder }

  /// The code of an experiment, made once: every cell that is read asks for it.
  func code(
    of experiment: String, make: () throws -> [(part: String, digest: String)]
  ) rethrows -> [(part: String, digest: String)] {
    if let known = found.withLock({ $0.codes[experiment] }) { return known }
    let code = try make()
    found.withLock { $0.codes[experiment] = code }
    return code
  }

  /// SHA-256 of names and contents of files and of all files in folders, but for hidden ones and what Python compiles.
  /// Of a file in Python its tokens count.
  func sourcesDigest(_ sources: [String]) throws -> String { try known(sources).digest }

  /// What that is the digest of.
  func sourcesText(_ sources: [String]) throws -> String { try known(sources).text }

  private func known(_ sources: [String]) throws -> Sources {
    if let known = found.withLock({ $0.sources[sources] }) { return known }
    let stamps = try stamps(sources)
    let digests = try digests(stamps.keys)
    // A file that two of the sources stand for is there twice.
    let text = try sources.flatMap(files).map(\.path).sorted().map { "\($0) \(digests[$0] ?? "")\n" }.joined()
    let known = Sources(digests: digests, text: text, digest: CellKey.digest(text), stamps: stamps)
    found.withLock { $0.sources[sources] = known }
    return known
  }

  /// The sources that are others than when they were first looked at, in what counts. They are read only if the file
  /// system says that something was written since, or so shortly before that its clock might not tell.
  func changedSources(_ sources: [String]) throws -> [String] {
    _ = try sourcesDigest(sources)
    guard let known = found.withLock({ $0.sources[sources] }) else { return [] }
    let now = try stamps(sources)
    let time = Date().timeIntervalSince1970
    if now == known.stamps, now.values.allSatisfy({ $0.changed < time - Self.clockGrain }) { return [] }
    let gone = now.filter { $0.value == .absent }.keys
    let digests = try digests(now.keys.filter { !gone.contains($0) })
    let changed = Set(digests.keys).union(known.digests.keys).filter { digests[$0] != known.digests[$0] }
    if changed.isEmpty { found.withLock { $0.sources[sources]?.stamps = now } }
    return changed.sorted()
  }

  private func stamps(_ sources: [String]) throws -> [String: Files.Stamp] {
    Dictionary(try sources.flatMap(files).map { ($0.path, $0.stamp) }, uniquingKeysWith: { first, _ in first })
  }

  /// By path, what counts of files.
  private func digests(_ paths: some Sequence<String>) throws -> [String: String] {
    var digests: [String: String] = [:]
    var size = 0
    for path in paths.sorted() {
      guard let bytes = try Files.bytes(of: "\(folder)/\(path)", limit: Self.sourceLimit) else {
        throw PipelineError.fileMissing(path: "\(folder)/\(path)", purpose: "pipeline.yaml lists it under `sources:`")
      }
      size += bytes.count
      guard size <= Self.sourceLimit else {
        throw PipelineError.badOption(
          name: "sources:", value: path, allowed: "more than \(Self.sourceLimit >> 20) MB together; name the code alone"
        )
      }
      let content = path.hasSuffix(".py") ? PythonTokens.text(of: bytes) : bytes
      digests[path] = content.withUnsafeBytes { CellKey.digest($0) }
    }
    return digests
  }

  /// The files that a path among sources stands for. A link to a file stands for what the file holds, wherever it lies; one
  /// to a folder is followed within the project, where others will find it too.
  func files(_ path: String) throws -> [(path: String, stamp: Files.Stamp)] { try files(path, within: []) }

  /// `outer` are the folders that this one was reached through, by their own paths.
  private func files(_ path: String, within outer: [String]) throws -> [(path: String, stamp: Files.Stamp)] {
    let place = "\(folder)/\(path)"
    let stamp = Files.stamp(place)
    guard stamp.isFolder else { return [(path, stamp)] }
    guard let own = Files.ownPath(place), let project = Files.ownPath(folder) else {
      throw FileError(.read, place, code: errno)
    }
    func refuse(_ reason: String) -> PipelineError {
      PipelineError.badOption(name: "sources:", value: path, allowed: "it is a link to a folder \(reason)")
    }
    guard own == project || own.hasPrefix(project == "/" ? "/" : project + "/") else {
      throw refuse("outside the project, \(own), which no copy of the project has; put the code into the project")
    }
    guard !outer.contains(own) else { throw refuse("that it lies in, which has no end; name the code alone") }
    return try Files.names(in: place).sorted()
      .filter { $0 != "__pycache__" && !$0.hasSuffix(".pyc") }.flatMap {
        try files("\(path)/\($0)", within: outer + [own])
      }
  }

  /// What a program prints, in one line.
  func version(of command: [String], environment: [String: String]) throws -> String {
    if let known = found.withLock({ $0.versions[command] }) { return known }
    let words = command.joined(separator: " ")
    let answer = try ChildProcess.run(
      command, environment: environment, seconds: Self.versionSeconds, folder: folder)
    guard answer.status == 0 else {
      let how =
        answer.status.map { "it ended with status \($0)" } ?? "it died, or took more than \(Int(Self.versionSeconds)) s"
      let last = answer.errors.split(whereSeparator: \.isNewline).last.map { ": \($0)" } ?? ""
      throw PipelineError.versionUnknown(command: words, reason: how + last)
    }
    // Some programs print their version on standard error.
    let lines = (answer.output + "\n" + answer.errors).split(whereSeparator: \.isNewline).joined(separator: ", ")
    var text = ErrorMessage.visible(lines)
    if text.utf8.count > Self.versionLength { text = "\(text.prefix(80))… \(CellKey.digest(text))" }
    found.withLock { [text] in $0.versions[command] = text }
    return text
  }
}
