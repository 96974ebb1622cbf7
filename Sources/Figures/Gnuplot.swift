private import Digest
package import Foundation
private import Pipeline
private import Platform

/// Draws figures with gnuplot: each in a private folder, checked, and only then moved to its place.
package struct Gnuplot {
  /// A figure to be drawn and where.
  package struct Job: Sendable {
    package let script: GnuplotScript
    /// The folder of the paper's figures in one profile.
    package let folder: URL
    /// Keys of the cells its tables read.
    package let cells: [String]
    /// See ``Gnuplot/isCurrent(_:inputs:in:)``.
    package let inputs: String
    /// Where its numbers come from, if not from cells that are here.
    package let origin: String?

    package init(_ script: GnuplotScript, folder: URL, cells: [String], inputs: String = "", origin: String? = nil) {
      self.script = script
      self.folder = folder
      self.cells = cells
      self.inputs = inputs
      self.origin = origin
    }

    fileprivate func file(_ ending: String) -> URL { folder.appending(path: script.figure.name + ending) }
  }

  package enum Outcome: Sendable {
    case unchanged, drawn
    case failed(any Error)
  }

  /// Whether a figure was drawn from these inputs and its files are as they were left: then not even its tables need
  /// to be made. `inputs` is a digest of all that the script is made from: cells, code, figure file and style.
  package static func isCurrent(_ figure: Figure, inputs: String, in folder: URL) -> Bool {
    do {
      func bytes(_ ending: String) throws -> [UInt8] {
        try Files.bytes(of: "\(folder.path)/\(figure.name)\(ending)") ?? []
      }
      // The facts are looked for in the sidecar's text: reading it all as JSON would be most of the work of a no-op.
      let text = try bytes(".json")
      let facts =
        try [("inputs", inputs)]
        + ([".gp", ".svg"] + (text.firstIndex(of: "\"\(figure.name).pdf\"") == nil ? [] : [".pdf"])).map { ending in
          (figure.name + ending, try bytes(ending).withUnsafeBytes { SHA256.hexadecimal($0) })
        }
      return text.suffix(2).elementsEqual("}\n".utf8)
        && facts.allSatisfy { text.firstIndex(of: "\"\($0.0)\" : \"\($0.1)\"") != nil }
    } catch {
      return false  // Unreadable: to be drawn, which tells what is wrong with the folder.
    }
  }

  /// Whether a figure's files are what its script asks for. Starts no gnuplot.
  package static func isUpToDate(_ job: Job) -> Bool {
    guard let sidecar = sidecar(of: job.script.figure, in: job.folder) else { return false }
    return sidecar == self.sidecar(job, files: drawn(sidecar.files, by: job.script), gnuplot: sidecar.gnuplot)
  }

  /// Draws what is not up to date, `processCount` at a time. A figure that fails keeps its older files and does not stop
  /// the others. Throws ``PipelineError/gnuplotMissing`` if there is something to draw and nothing to draw it with, and
  /// ``PipelineError/interrupted`` when the user wants to stop: nothing is left running then. `path` is the list of folders to look in.
  package static func draw(
    _ jobs: [Job], path: String = ProcessInfo.processInfo.environment["PATH"] ?? "", processCount: Int = 2
  ) throws -> [Outcome] {
    var outcomes: [Outcome] = []
    var running: [(index: Int, run: Run)] = []
    defer { for (_, run) in running { run.cancel() } }
    func finishFirst() throws {
      let (index, run) = running[0]
      outcomes[index] = try outcome {
        let drawn = try run.finish()
        try write(drawn, for: jobs[index])
        return .drawn
      }
      running.removeFirst()
    }
    for (index, job) in jobs.enumerated() {
      outcomes.append(.unchanged)
      if let old = sidecar(of: job.script.figure, in: job.folder), old.files == drawn(old.files, by: job.script) {
        // Same picture; what is told about it may have changed.
        let new = sidecar(job, files: old.files, gnuplot: old.gnuplot)
        if new != old {
          outcomes[index] = try outcome {
            try write(new, for: job); return .unchanged
          }
        }
        continue
      }
      let program = try find(in: path)
      if running.count >= max(1, processCount) { try finishFirst() }
      outcomes[index] = try outcome {
        running.append((index, try Run(job.script, program: program, path: path)))
        return .drawn
      }
    }
    while !running.isEmpty { try finishFirst() }
    return outcomes
  }

  /// What came of a figure. An interruption is no outcome: it is thrown.
  private static func outcome(_ body: () throws -> Outcome) throws -> Outcome {
    do {
      return try body()
    } catch PipelineError.interrupted {
      throw PipelineError.interrupted
    } catch let error as PipelineError {
      return .failed(error)
    } catch let error as FileError {
      return .failed(error)
    } catch {
      return .failed(FileError(.write, FileManager.default.temporaryDirectory.path, error))
    }
  }

  private static func find(in path: String) throws -> String {
    for folder in path.split(separator: ":") {
      let program = "\(folder)/gnuplot"
      if FileManager.default.isExecutableFile(atPath: program) { return program }
    }
    throw PipelineError.gnuplotMissing
  }

  /// A figure as pixels, in one of gnuplot's forms for these, such as pngcairo. Throws ``PipelineError/gnuplotMissing`` and
  /// ``PipelineError/gnuplotFailed(figure:message:)``.
  package static func picture(
    _ script: GnuplotScript, terminal: String, path: String = ProcessInfo.processInfo.environment["PATH"] ?? ""
  ) throws -> [UInt8] {
    let file = FileManager.default.temporaryDirectory.appending(path: "refig-picture-\(UUID().uuidString).gp").path
    try Files.write(Array(script.pixels(terminal: terminal).utf8), to: file, by: file + ".tmp")
    defer { unlink(file) }
    let answer = try ChildProcess.run(
      [try find(in: path), "-d", file], environment: ProcessInfo.processInfo.environment, seconds: 600)
    guard answer.status == 0, !answer.bytes.isEmpty else {
      throw PipelineError.gnuplotFailed(figure: script.figure.id, message: "no picture for the terminal")
    }
    return answer.bytes
  }

  /// A figure whose labels LaTeX sets, of a script made for that. Throws ``PipelineError/gnuplotMissing`` and
  /// ``PipelineError/gnuplotFailed(figure:message:)``.
  package static func latex(
    _ script: GnuplotScript, path: String = ProcessInfo.processInfo.environment["PATH"] ?? ""
  ) throws -> (tex: [UInt8], pdf: [UInt8]) {
    let name = script.figure.name
    let folder = FileManager.default.temporaryDirectory.appending(path: "refig-latex-\(UUID().uuidString)").path
    try Files.makeFolder(folder)
    defer { Run.remove(URL(fileURLWithPath: folder)) }
    try Files.write(Array(script.text.utf8), to: "\(folder)/\(name).gp", by: "\(folder)/\(name).tmp")
    let answer = try ChildProcess.run(
      [try find(in: path), "-d", name + ".gp"],
      environment: ProcessInfo.processInfo.environment.merging(["TZ": "UTC"]) { $1 }, seconds: 600, folder: folder)
    guard answer.status == 0, let tex = try Files.bytes(of: "\(folder)/\(name).tex"),
      let pdf = try Files.bytes(of: "\(folder)/\(name).pdf")
    else {
      let told = answer.errors.split(separator: "\n").last.map(String.init)
      throw PipelineError.gnuplotFailed(figure: script.figure.id, message: told ?? "no picture for LaTeX")
    }
    return (tex, pdf)
  }

  // MARK: One run

  /// A gnuplot at work in its own folder, without the user's settings.
  private struct Run {
    let script: GnuplotScript
    let folder: URL
    private let process: pid_t

    init(_ script: GnuplotScript, program: String, path: String) throws {
      self.script = script
      folder = FileManager.default.temporaryDirectory.appending(path: "refig-figure-\(UUID().uuidString)")
      do {
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        try Data(script.text.utf8).write(to: folder.appending(path: script.figure.name + ".gp"))
        let messages = open(folder.path + "/messages", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o666)
        let nothing = open("/dev/null", O_RDWR | O_CLOEXEC)
        defer { close(messages); close(nothing) }
        guard messages >= 0, nothing >= 0 else { throw FileError(.write, folder.path, code: errno) }
        do {
          process = try ChildProcess.start(
            ["env", "-C", folder.path, program, "-d", script.figure.name + ".gp"], input: nothing, output: nothing,
            errors: messages,
            environment: ["PATH": path, "HOME": folder.path, "LC_ALL": "C.UTF-8", "LANG": "C.UTF-8", "TZ": "UTC"],
            group: .own)
        } catch let failure as ChildProcess.NotStarted {
          throw PipelineError.gnuplotFailed(figure: script.figure.id, message: FileError.reason(failure.code))
        }
      } catch {
        Self.remove(folder)
        throw error
      }
    }

    static func remove(_ folder: URL) {
      do {
        try FileManager.default.removeItem(at: folder)
      } catch {
        // A temporary folder: in time the system removes it.
      }
    }

    /// Ends it.
    func cancel() {
      kill(process, SIGKILL)
      var status: Int32 = 0
      while waitpid(process, &status, 0) < 0, errno == EINTR {}
      Self.remove(folder)
    }

    /// Waits, checks, and returns the two pictures; no PDF from a gnuplot that makes none. Throws
    /// ``PipelineError/interrupted`` when the user wants to stop; the
    /// run then goes on until ``cancel()``.
    func finish() throws -> (svg: Data, pdf: Data?) {
      var status: Int32 = 0
      while waitpid(process, &status, WNOHANG) == 0 {
        try Interruption.check()
        usleep(5_000)
      }
      defer { Self.remove(folder) }
      let name = script.figure.name
      let read = { (file: String) -> Data in
        let url = folder.appending(path: file)
        return FileManager.default.fileExists(atPath: url.path) ? try Data(contentsOf: url) : Data()
      }
      // gnuplot draws on after a warning, for instance of a series without a point.
      let messages = String(decoding: try read("messages"), as: UTF8.self).split(separator: "\n").map(String.init)
      let told = messages.last { $0.contains("\(name).gp\" line") }
      guard status & 0x7f == 0 else { throw failed("it was ended by signal \(status & 0x7f)") }
      // Some builds of gnuplot, such as its Python wheel, can write SVG alone, which the script draws first.
      let lacksPDF = messages.contains { $0.contains("unknown or ambiguous terminal type") }
      guard lacksPDF || status == 0 && told == nil else {
        throw failed(told ?? messages.last ?? "it ended with status \(status >> 8)")
      }
      var svg = try read(name + ".svg")
      let pdf = try read(name + ".pdf")
      guard svg.suffix(16).range(of: Data("</svg>".utf8)) != nil else { throw failed("\(name).svg is not complete") }
      guard lacksPDF || pdf.suffix(16).range(of: Data("%%EOF".utf8)) != nil else {
        throw failed("\(name).pdf is not complete")
      }
      Gnuplot.escapeAmpersands(&svg)
      return (svg, lacksPDF ? nil : pdf)
    }

    private func failed(_ message: String) -> PipelineError {
      .gnuplotFailed(figure: script.figure.id, message: message)
    }
  }

  /// gnuplot 5.4 escapes < and > in texts with markup, but not &: other programs would refuse the SVG.
  private static func escapeAmpersands(_ svg: inout Data) {
    guard svg.contains(UInt8(ascii: "&")) else { return }
    let text = String(decoding: svg, as: UTF8.self)
    svg = Data(text.replacing(#/&(?!(amp|lt|gt|quot|apos|#\w+);)/#, with: "&amp;").utf8)
  }

  // MARK: Files

  /// The sidecar on disk, if the other files are those it tells of.
  private static func sidecar(of figure: Figure, in folder: URL) -> FigureSidecar? {
    do {
      let file = { (ending: String) in
        Data(try Files.bytes(of: folder.appending(path: figure.name + ending).path) ?? [])
      }
      let sidecar = try JSONDecoder().decode(FigureSidecar.self, from: file(".json"))
      let endings = [".gp", ".svg"] + (sidecar.files[figure.name + ".pdf"] == nil ? [] : [".pdf"])
      let isWhole = try endings.allSatisfy { sidecar.files[figure.name + $0] == digest(try file($0)) }
      return isWhole ? sidecar : nil
    } catch {
      return nil  // Missing or unreadable: to be drawn, which tells what is wrong with the folder.
    }
  }

  /// The digests of a figure's files if it was drawn by this script.
  private static func drawn(_ files: [String: String], by script: GnuplotScript) -> [String: String] {
    files.merging([script.figure.name + ".gp": digest(Data(script.text.utf8))]) { $1 }
  }

  private static func digest(_ data: Data) -> String { data.withUnsafeBytes { SHA256.hexadecimal($0) } }

  private static func sidecar(_ job: Job, files: [String: String], gnuplot: String) -> FigureSidecar {
    let figure = job.script.figure
    return FigureSidecar(
      figure: figure.id, caption: figure.caption.unicode, source: figure.source.unicode, key: job.script.key,
      series: job.script.series, inputs: job.inputs, cells: job.cells, claims: job.script.claims, files: files,
      gnuplot: gnuplot, origin: job.origin)
  }

  /// The sidecar comes last: without one that fits, the files before it are not believed.
  private static func write(_ drawn: (svg: Data, pdf: Data?), for job: Job) throws {
    let files =
      [(".gp", Data(job.script.text.utf8)), (".svg", drawn.svg)] + (drawn.pdf.map { [(".pdf", $0)] } ?? [])
    // One of an older drawing would not be of these numbers.
    if drawn.pdf == nil { unlink(job.file(".pdf").path) }
    for (ending, data) in files { try replace(job.file(ending), with: data) }
    let digests = files.map { (job.script.figure.name + $0.0, digest($0.1)) }
    // The version as gnuplot itself wrote it into the SVG.
    let version = String(decoding: drawn.svg.prefix(1000), as: UTF8.self)
      .firstMatch(of: /Produced by GNUPLOT ([^<]*?) *</).map { String($0.output.1) }
    let sidecar = sidecar(job, files: Dictionary(uniqueKeysWithValues: digests), gnuplot: version ?? "unknown")
    try write(sidecar, for: job)
  }

  private static func write(_ sidecar: FigureSidecar, for job: Job) throws {
    try replace(job.file(".json"), with: Data("\(JSON.text(sidecar, indented: true))\n".utf8))
  }

  private static func replace(_ file: URL, with data: Data) throws {
    try Files.write(Array(data), to: file.path, by: "\(file.path).\(getpid()).tmp")
  }
}
