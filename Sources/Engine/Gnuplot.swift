private import Digest
package import Foundation

/// Draws figures with gnuplot: each in a private folder, checked, and only then moved to its place.
package struct Gnuplot {
  /// A figure to be drawn and where.
  package struct Job: Sendable {
    package let script: GnuplotScript
    /// figures/<profile>/<paper>
    package let folder: URL
    /// Keys of the cells its tables read.
    package let cells: [String]

    package init(_ script: GnuplotScript, folder: URL, cells: [String]) {
      self.script = script
      self.folder = folder
      self.cells = cells
    }

    fileprivate func file(_ ending: String) -> URL { folder.appending(path: script.figure.name + ending) }
  }

  package enum Outcome: Sendable {
    case unchanged, drawn
    case failed(PipelineError)
  }

  /// Whether all four files are there and are what the script and their sidecar say. Starts no gnuplot.
  package static func isUpToDate(_ job: Job) -> Bool {
    guard let sidecar = sidecar(of: job) else { return false }
    return sidecar == self.sidecar(job, files: sidecar.files, gnuplot: sidecar.gnuplot)
  }

  /// Draws what is not up to date, `processCount` at a time. A figure that fails keeps its older files and does not stop
  /// the others. Throws ``PipelineError/gnuplotMissing`` if there is something to draw and nothing to draw it with;
  /// `path` is the list of folders to look in.
  package static func draw(
    _ jobs: [Job], path: String = ProcessInfo.processInfo.environment["PATH"] ?? "", processCount: Int = 2
  ) throws -> [Outcome] {
    var outcomes: [Outcome] = []
    var running: [(index: Int, run: Run)] = []
    func finishFirst() {
      let (index, run) = running.removeFirst()
      outcomes[index] = outcome {
        let drawn = try run.finish()
        try write(drawn, for: jobs[index])
        return .drawn
      }
    }
    for (index, job) in jobs.enumerated() {
      outcomes.append(.unchanged)
      if let old = sidecar(of: job) {
        // Same picture; what is told about it may have changed.
        let new = sidecar(job, files: old.files, gnuplot: old.gnuplot)
        if new != old { outcomes[index] = outcome { try write(new, for: job); return .unchanged } }
        continue
      }
      let program = try find(in: path)
      if running.count >= max(1, processCount) { finishFirst() }
      outcomes[index] = outcome {
        running.append((index, try Run(job.script, program: program, path: path)))
        return .drawn
      }
    }
    while !running.isEmpty { finishFirst() }
    return outcomes
  }

  private static func outcome(_ body: () throws -> Outcome) -> Outcome {
    do {
      return try body()
    } catch let error as PipelineError {
      return .failed(error)
    } catch {
      return .failed(.notWritable(path: FileManager.default.temporaryDirectory.path, reason: error.localizedDescription))
    }
  }

  private static func find(in path: String) throws -> URL {
    for folder in path.split(separator: ":") {
      let program = URL(fileURLWithPath: String(folder)).appending(path: "gnuplot")
      if FileManager.default.isExecutableFile(atPath: program.path) { return program }
    }
    throw PipelineError.gnuplotMissing
  }

  // MARK: One run

  /// A gnuplot at work in its own folder, without the user's settings.
  private struct Run {
    let script: GnuplotScript
    let folder: URL
    let process = Process()

    init(_ script: GnuplotScript, program: URL, path: String) throws {
      self.script = script
      folder = FileManager.default.temporaryDirectory.appending(path: "refig-figure-\(UUID().uuidString)")
      do {
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        try Data(script.text.utf8).write(to: folder.appending(path: script.figure.name + ".gp"))
        let messages = folder.appending(path: "messages")
        try Data().write(to: messages)
        process.executableURL = program
        process.arguments = ["-d", script.figure.name + ".gp"]
        process.currentDirectoryURL = folder
        process.environment = ["PATH": path, "HOME": folder.path, "LC_ALL": "C.UTF-8", "LANG": "C.UTF-8", "TZ": "UTC"]
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        process.standardError = try FileHandle(forWritingTo: messages)
        try process.run()
      } catch {
        Self.remove(folder)
        throw PipelineError.gnuplotFailed(figure: script.figure.id, message: error.localizedDescription)
      }
    }

    private static func remove(_ folder: URL) {
      do { try FileManager.default.removeItem(at: folder) } catch { /* a temporary folder: the system removes it */  }
    }

    /// Waits, checks, and returns the two pictures.
    func finish() throws -> (svg: Data, pdf: Data) {
      process.waitUntilExit()
      defer { Self.remove(folder) }
      let name = script.figure.name
      let read = { (file: String) -> Data in
        let url = folder.appending(path: file)
        return FileManager.default.fileExists(atPath: url.path) ? try Data(contentsOf: url) : Data()
      }
      // gnuplot draws on after a warning, for instance of a series without a point.
      let messages = String(decoding: try read("messages"), as: UTF8.self).split(separator: "\n").map(String.init)
      let told = messages.last { $0.contains("\(name).gp\" line") }
      if process.terminationReason == .uncaughtSignal {
        throw failed("it was ended by signal \(process.terminationStatus)")
      }
      guard process.terminationStatus == 0, told == nil else {
        throw failed(told ?? messages.last ?? "it ended with status \(process.terminationStatus)")
      }
      let svg = try read(name + ".svg")
      var pdf = try read(name + ".pdf")
      guard svg.suffix(16).range(of: Data("</svg>".utf8)) != nil else { throw failed("\(name).svg is not complete") }
      guard pdf.suffix(16).range(of: Data("%%EOF".utf8)) != nil else { throw failed("\(name).pdf is not complete") }
      Gnuplot.removeDate(&pdf)
      return (svg, pdf)
    }

    private func failed(_ message: String) -> PipelineError {
      .gnuplotFailed(figure: script.figure.id, message: message)
    }
  }

  /// Cairo writes the time of drawing into a PDF; zeros of the same length keep all offsets of the file right.
  private static func removeDate(_ pdf: inout Data) {
    guard let start = pdf.range(of: Data("/CreationDate (D:".utf8)) else { return }
    for (index, digit) in zip(start.upperBound..., "19700101000000".utf8) where index < pdf.endIndex {
      guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(pdf[index]) else { return }
      pdf[index] = digit
    }
  }

  // MARK: Files

  /// The sidecar on disk, if the script is the one on disk and the pictures are those the sidecar tells of.
  private static func sidecar(of job: Job) -> FigureSidecar? {
    do {
      let sidecar = try JSONDecoder().decode(FigureSidecar.self, from: Data(contentsOf: job.file(".json")))
      let script = job.script
      guard try Data(contentsOf: job.file(".gp")) == Data(script.text.utf8) else { return nil }
      for ending in [".gp", ".svg", ".pdf"] {
        guard sidecar.files[script.figure.name + ending] == digest(try Data(contentsOf: job.file(ending))) else {
          return nil
        }
      }
      return sidecar
    } catch {
      return nil  // Missing or unreadable: to be drawn, which tells what is wrong with the folder.
    }
  }

  private static func digest(_ data: Data) -> String { data.withUnsafeBytes { SHA256.hexadecimal($0) } }

  private static func sidecar(_ job: Job, files: [String: String], gnuplot: String) -> FigureSidecar {
    let figure = job.script.figure
    return FigureSidecar(
      figure: figure.id, caption: figure.caption, source: figure.source, key: job.script.key,
      series: job.script.series, cells: job.cells, claims: job.script.claims, files: files, gnuplot: gnuplot)
  }

  /// The sidecar comes last: without one that fits, the files before it are not believed.
  private static func write(_ drawn: (svg: Data, pdf: Data), for job: Job) throws {
    let files = [(".gp", Data(job.script.text.utf8)), (".svg", drawn.svg), (".pdf", drawn.pdf)]
    for (ending, data) in files { try replace(job.file(ending), with: data) }
    let digests = files.map { (job.script.figure.name + $0.0, digest($0.1)) }
    // The version as gnuplot itself wrote it into the SVG.
    let version = String(decoding: drawn.svg.prefix(1000), as: UTF8.self)
      .firstMatch(of: /Produced by GNUPLOT ([^<]*?) *</).map { String($0.output.1) }
    let sidecar = sidecar(job, files: Dictionary(uniqueKeysWithValues: digests), gnuplot: version ?? "unknown")
    try write(sidecar, for: job)
  }

  private static func write(_ sidecar: FigureSidecar, for job: Job) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    try replace(job.file(".json"), with: encoder.encode(sidecar) + Data("\n".utf8))
  }

  private static func replace(_ file: URL, with data: Data) throws {
    do {
      try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
      try data.write(to: file, options: .atomic)
    } catch {
      throw PipelineError.notWritable(path: file.path, reason: error.localizedDescription)
    }
  }
}
