import ArgumentParser
import Figures
import Foundation
import NumericalMethods
import Pipeline
import Platform
import Reports
import Runner
import Store

/// `refig doctor`.
struct Doctor: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "doctor",
    abstract: "Check what refig needs from this machine: gnuplot, font, libraries, disk.")

  @OptionGroup var project: ProjectOptions
  @OptionGroup var output: OutputOptions

  private struct Finding: Encodable {
    let name: String
    let text: String
    let isGood: Bool
  }

  func run() throws {
    guard Files.isFolder(project.root) else {
      throw PipelineError.fileMissing(path: project.root, purpose: "doctor tries the file system of a project's folder")
    }
    var findings: [Finding] = []
    func tell(_ name: String, _ text: String, isGood: Bool = true) {
      findings.append(Finding(name: name, text: text, isGood: isGood))
    }
    tell("refig", "\(Refig.configuration.version), \(RunLog.facts(compiler: "", blas: "")["machine"] ?? "")")
    if let reason = LinearAlgebra.loadingError {
      tell("BLAS", "\(reason); install it (Debian: apt-get install libopenblas0-pthread)", isGood: false)
    } else {
      tell("BLAS", LinearAlgebra.configuration)
      tell(
        "numbers",
        NumericClass.hasRequiredProcessor
          ? "\(NumericClass.current)"
          : "the processor is no x86-64 with AVX2 and FMA: an x86-64 cannot run the inner loops in C without these; "
            + "elsewhere cells are recorded as of the class \(NumericClass.current), and agree with those of other "
            + "machines to a relative \(NumericClass.tolerance), not bit for bit",
        isGood: NumericClass.hasRequiredProcessor)
    }
    if let documents = Self.documents { tell("documents", documents) }
    do {
      tell("HDF5", try HDF5File.libraryVersion)
    } catch {
      tell("HDF5", "\(error)", isGood: false)
    }
    let gnuplot = try ProcessEnvironment.firstLine(of: ["gnuplot", "--version"])
    tell("gnuplot", gnuplot ?? "not found; install it (Debian: apt-get install gnuplot-nox)", isGood: gnuplot != nil)
    if gnuplot != nil {
      let place = try ProcessEnvironment.firstLine(
        of: ["gnuplot", "-e", "set print '-'; print strstrt(GPVAL_TERMINALS, 'pdfcairo')"])
      tell(
        "PDF",
        place.flatMap(Int.init) ?? 0 > 0
          ? "gnuplot writes it"
          : "this gnuplot cannot write it: figures are drawn as SVG alone, and `refig tex` has none; install one that can "
            + "(Debian: apt-get install gnuplot-nox)")
    }
    for family in fonts() {
      let found = try ProcessEnvironment.firstLine(of: ["fc-match", ":family=\(family)"])
      let substitute = try ProcessEnvironment.substitute(forFont: family)
      tell(
        "font",
        substitute.map { "\(family) is not installed; figures are drawn with \($0)" } ?? found
          ?? "\(family): fontconfig's fc-match not found, cannot tell", isGood: substitute == nil)
    }
    let store = project.root + "/data/store"
    do {
      try Self.tryFileSystem(Files.sizeAndTime(store) == nil ? project.root : store + "/tmp")
      tell("file system", "\(store): files are renamed and locked as they should be")
    } catch {
      tell("file system", ErrorMessage.text(of: error), isGood: false)
    }
    let values = try URL(fileURLWithPath: project.root).resourceValues(forKeys: [.volumeAvailableCapacityKey])
    if let free = values.volumeAvailableCapacity {
      tell("disk", "\(free / 1_000_000_000) GB free", isGood: free > 1_000_000_000)
    }
    try output.show(
      findings,
      findings.map {
        "\($0.isGood ? "ok  " : "BAD ") \($0.name.padding(toLength: 12, withPad: " ", startingAt: 0)) \($0.text)"
      }
      .joined(separator: "\n"))
    let problems = findings.filter { !$0.isGood }.count
    if problems > 0 { throw PipelineError.unfitMachine(count: problems) }
  }

  /// Those of the project's figures, and the one of figures that state none.
  private func fonts() -> [String] {
    var families = [Figure.Font.standard.family]
    do {
      families += try Project(root: project.root, profile: nil, catalogue: .linked).figures.map(\.font.family)
    } catch {
      // No project, or mistakes in it: other commands say so.
    }
    return Set(families).sorted()
  }

  /// The folder of the documents that came with this program, own-paper.md, yaml.md and protocol.md; nil if none did.
  static var documents: String? {
    // Of a wheel, of a Debian package, of a checkout.
    let program = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
    return ["docs", "../../share/doc/refig", "../../../docs"].map { program.appending(path: $0).standardized.path }
      .first { Files.sizeAndTime($0 + "/protocol.md") != nil }
  }

  /// Writes, renames, reads and locks a file where cells will be.
  /// Leaves nothing behind, also where there is no project.
  private static func tryFileSystem(_ folder: String) throws {
    try Files.makeFolder(folder)
    let name = "\(folder)/doctor-\(getpid())"
    try Files.write([1, 2, 3], to: name, by: name + ".part")
    defer { unlink(name) }
    guard try Files.bytes(of: name) == [1, 2, 3] else {
      throw FileError(.read, name, reason: "what was written is not what is read")
    }
    let descriptor = open(name, O_RDWR)
    defer { close(descriptor) }
    guard Files.lock(descriptor, at: 0) == 0 else {
      throw FileError(
        .write, name, reason: "no file locks; runs at the same time may compute a cell twice, which is harmless")
    }
  }
}
