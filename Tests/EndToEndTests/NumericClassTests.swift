import Foundation
import NumericalMethods
import PaperKit
import Papers
import Pipeline
import Reports
import Store
import TestSupport
import Testing

/// The law of the numeric class: on every machine of it, whatever the environment says, every experiment gives the same
/// bits. What they are is committed, in digests.txt, so that another machine notices.
@Suite(.serialized) struct NumericClassTests {
  /// A line of digests.txt: what is computed, and the SHA-256 of its numbers.
  private struct Line {
    /// An experiment's name and parameters in YAML, or `libm` and the name of a function.
    let text: String
    var digest: String

    var isExperiment: Bool { !text.hasPrefix("libm ") }
    var words: (name: String, rest: String) {
      let parts = text.split(separator: " ", maxSplits: 1).map(String.init)
      return (parts[0], parts.count > 1 ? parts[1] : "")
    }
  }

  private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
  private static let path = folder.appending(path: "digests.txt")

  private static func committed() throws -> (numericClass: NumericClass, lines: [Line]) {
    var numericClass = NumericClass("")
    var lines: [Line] = []
    for line in try String(contentsOf: path, encoding: .utf8).split(separator: "\n") where !line.hasPrefix("#") {
      if line.hasPrefix("class ") {
        numericClass = NumericClass(String(line.dropFirst(6)))
      } else {
        let end = try #require(line.firstRange(of: "  "), "no digest in '\(line)'")
        lines.append(Line(text: String(line[end.upperBound...]), digest: String(line[..<end.lowerBound])))
      }
    }
    return (numericClass, lines)
  }

  // MARK: Computing

  private static let catalogue = Catalogue(
    papers: allPapers, fingerprints: Fingerprints(files: sourceFingerprints, compiler: compilerVersion))

  /// A project with one stage for each of the lines.
  private static func project(_ lines: [Line]) throws -> Workspace {
    let workspace = try Workspace()
    var text = "seed: 17\nprofiles: [quick]\nstages:\n"
    for (index, line) in lines.enumerated() {
      let (name, parameters) = line.words
      let experiment = try #require(catalogue.experiments[name], "no experiment '\(name)'")
      text += "  \(name)-\(index):\n    experiment: \(name)\n    parameters: \(parameters)\n"
      text += "    replicas: \(try experiment.drawsRandomNumbers(experiment.defaults) ? 2 : 1)\n"
      for file in Set(experiment.data.map(\.file)) {
        let bytes = try Data(contentsOf: folder.appending(path: "../../data/\(file).h5"))
        try bytes.write(to: URL(fileURLWithPath: "\(workspace.path)/\(file).h5"))
        text += "    data: {\(file): {path: \(file).h5, sha256: \(bytes.withUnsafeBytes { CellKey.digest($0) })}}\n"
      }
    }
    try workspace.write(text, to: "pipeline.yaml")
    return workspace
  }

  /// Runs the program in an environment in which OpenBLAS is told nothing but what is said here.
  private static func refig(
    _ arguments: [String], in workspace: Workspace, environment: [String: String]
  ) throws -> ProgramResult {
    let inherited = ["OPENBLAS_CORETYPE", "OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"].flatMap { ["-u", $0] }
    return try runProgram(
      "/usr/bin/env", inherited + environment.map { "\($0)=\($1)" } + [try productPath("refig")] + arguments,
      in: workspace.path)
  }

  /// The cells of all stages, in order.
  private static func cells(_ workspace: Workspace) throws -> [Cell] {
    let project = try Reports.Project(root: workspace.path, profile: nil, catalogue: catalogue)
    let stages = project.pipeline.stages.map(\.id)
    let plan = try Plan(project.pipeline, stages: Set(stages), catalogue: catalogue)
    return try stages.flatMap { id in
      try (plan[id]?.keys ?? []).map { try #require(try project.store.cell($0), "\(id) was not computed") }
    }
  }

  private static func digest(_ cell: Cell) -> String {
    var bytes: [UInt8] = []
    for (name, array) in cell.arrays.merging(cell.coordinates, uniquingKeysWith: { $1 }).sorted(by: { $0.key < $1.key })
    {
      bytes += Array("\(name) \(array.shape)\n".utf8)
      for value in array.values { withUnsafeBytes(of: value.bitPattern.littleEndian) { bytes += Array($0) } }
    }
    bytes += Array("failed \(cell.failures.map(\.replica))\n".utf8)
    return bytes.withUnsafeBytes { CellKey.digest($0) }
  }

  /// The lines' digests, computed by the program in some environment, in its own process or in two workers.
  private static func computed(_ lines: [Line], environment: [String: String], workers: String) throws -> [Line] {
    let workspace = try project(lines)
    let run = try refig(["run", workers, "--quiet"], in: workspace, environment: environment)
    #expect(run.status == 0, "\(run.errors)")
    let cells = try cells(workspace)
    try #require(cells.count == lines.count)
    for (cell, line) in zip(cells, lines) {
      // An experiment that fails alike everywhere would tell nothing.
      #expect(cell.failures.isEmpty, "\(line.text): \(cell.failures)")
    }
    return zip(cells, lines).map { Line(text: $1.text, digest: digest($0)) }
  }

  // MARK: The C library

  private static let functions: [String: @Sendable (Double) -> Double] = [
    "acos": { acos($0) }, "asin": { asin($0) }, "atan2": { atan2($0, 0.3) }, "cbrt": { cbrt(9 * $0) },
    "cos": { cos(9 * $0) }, "cosh": { cosh(9 * $0) }, "erf": { erf(4 * $0) }, "erfc": { erfc(6 * $0) },
    "exp": { exp(50 * $0) },
    "expm1": { expm1(3 * $0) }, "lgamma": { lgamma(40 * abs($0) + 0.1) }, "log": { log(9 * abs($0)) },
    "log1p": { log1p($0) }, "pow": { pow(9 * abs($0), 7 * $0) }, "sin": { sin(9 * $0) },
    "sinh": { sinh(9 * $0) },
  ]

  /// Digest of a function's values at 20 000 points of (-1, 1), scaled to the range where it is of interest.
  private static func digest(ofFunction name: String) throws -> String {
    let function = try #require(functions[name], "no function '\(name)' is known here")
    let values = (0..<20_000).map { function((Double($0) + 0.5) / 10_000 - 1).bitPattern.littleEndian }
    return values.withUnsafeBytes { CellKey.digest($0) }
  }

  // MARK: Tests

  /// Whether digests.txt is to be written anew, by `make digests`.
  private static var isRenewal: Bool { ProcessInfo.processInfo.environment["RENEW_DIGESTS"] != nil }

  private func expectSame(_ found: [Line], _ expected: [Line], _ circumstances: String) {
    for (found, expected) in zip(found, expected) where found.digest != expected.digest {
      Issue.record(
        "\(found.text) gives other bits \(circumstances); if its numbers were meant to change: make digests")
    }
  }

  @Test("every experiment has a line in digests.txt")
  func everyExperiment() throws {
    let named = Set(try Self.committed().lines.filter(\.isExperiment).map(\.words.name))
    let missing = Set(Self.catalogue.experiments.keys).subtracting(named).sorted()
    let unknown = named.subtracting(Self.catalogue.experiments.keys).sorted()
    #expect(missing.isEmpty, "add a line of zeros, two spaces, the name and small parameters; then: make digests")
    #expect(unknown.isEmpty, "these experiments are gone: remove their lines")
  }

  @Test(
    "no variable of the environment changes a bit, nor does AVX-512", .enabled(if: !isRenewal),
    arguments: [
      "", "OPENBLAS_CORETYPE=Haswell", "OPENBLAS_CORETYPE=Zen OPENBLAS_NUM_THREADS=4 OMP_NUM_THREADS=4",
      "OPENBLAS_CORETYPE=SkylakeX", "OPENBLAS_CORETYPE=Nehalem OPENBLAS_BLOCK_FACTOR=37",
      "OPENBLAS_CORETYPE=garbage OPENBLAS_L2_SIZE=131072 GOTO_NUM_THREADS=2",
      "GLIBC_TUNABLES=glibc.cpu.hwcaps=-AVX512F,-AVX512VL,-AVX512DQ,-AVX512BW,-AVX512CD",
    ])
  func environments(variables: String) throws {
    let (numericClass, lines) = try Self.committed()
    let experiments = lines.filter(\.isExperiment)
    let pairs = variables.split(separator: " ").map { $0.split(separator: "=", maxSplits: 1).map(String.init) }
    let environment = Dictionary(uniqueKeysWithValues: pairs.map { ($0[0], $0[1]) })
    // Both ways of computing have their turn.
    let workers = variables.utf8.count % 2 == 0 ? "-j0" : "-j2"
    let found = try Self.computed(experiments, environment: environment, workers: workers)
    if numericClass == .current {
      expectSame(found, experiments, "than are committed, with '\(variables)'")
    } else {
      // A machine of another class: its own bits are what must not change.
      let plain = try Self.computed(experiments, environment: [:], workers: "-j2")
      expectSame(found, plain, "with '\(variables)' than without")
    }
  }

  @Test("doctor prints the class, of which the environment's tunables of the C library are a part")
  func doctor() throws {
    let workspace = try Workspace()
    for (variables, isCurrent) in [
      (["OPENBLAS_CORETYPE": "SkylakeX"], true), (["GLIBC_TUNABLES": "glibc.cpu.hwcaps=-FMA"], false),
    ] {
      let result = try Self.refig(["doctor"], in: workspace, environment: variables)
      #expect(result.output.contains("\(NumericClass.current)\n") == isCurrent, "\(result.output)")
      #expect(result.output.contains("glibc.cpu.hwcaps") != isCurrent, "\(result.output)")
    }
  }

  @Test("the C library's functions give the committed bits")
  func mathLibrary() throws {
    let (numericClass, lines) = try Self.committed()
    guard !Self.isRenewal, numericClass == .current else { return }
    let functions = lines.filter { !$0.isExperiment }
    #expect(Set(functions.map(\.words.rest)) == Set(Self.functions.keys))
    expectSame(
      try functions.map { Line(text: $0.text, digest: try Self.digest(ofFunction: $0.words.rest)) }, functions,
      "than are committed")
  }

  @Test("every function of the C library that results depend on has a line in digests.txt")
  func everyFunction() throws {
    // Those that are not correctly rounded by the standard, as sqrt and fma are.
    let inexact: Set<Substring> = [
      "acos", "acosh", "asin", "asinh", "atan", "atan2", "atanh", "cbrt", "cos", "cosh", "erf", "erfc", "exp", "exp10",
      "exp2", "expm1", "hypot", "j0", "j1", "jn", "lgamma", "log", "log10", "log1p", "log2", "pow", "sin", "sincos",
      "sinh", "tan", "tanh", "tgamma", "y0", "y1", "yn",
    ]
    let sources = Self.folder.appending(path: "../../Sources")
    let files = try #require(FileManager.default.enumerator(at: sources, includingPropertiesForKeys: nil))
    var used: Set<String> = []
    // The engine makes no results.
    let folders: Set = [
      "CBocchi2026", "CKernels", "CMartin2023", "CMartin2026", "CQuantiles", "CSarao2020", "CVectors",
      "NumericalMethods", "Papers",
    ]
    for case let file as URL in files where ["swift", "c", "cpp", "h"].contains(file.pathExtension) {
      guard !folders.isDisjoint(with: file.pathComponents) else { continue }
      for line in try String(contentsOf: file, encoding: .utf8).split(separator: "\n") {
        let code = line.firstRange(of: "//").map { line[..<$0.lowerBound] } ?? line
        for match in code.matches(of: /(?:^|[^A-Za-z0-9_.])([a-z][a-z0-9]*)\(/) where inexact.contains(match.1) {
          used.insert(String(match.1))
        }
      }
    }
    #expect(used.contains("exp") && used.contains("sinh"))
    let missing = used.subtracting(Self.functions.keys).sorted()
    #expect(missing.isEmpty, "add a line of zeros, two spaces and 'libm \(missing)' each; then: make digests")
  }

  @Test("renewal of digests.txt", .enabled(if: isRenewal))
  func renewal() throws {
    var (_, lines) = try Self.committed()
    for index in lines.indices where !lines[index].isExperiment {
      lines[index].digest = try Self.digest(ofFunction: lines[index].words.rest)
    }
    let places = lines.indices.filter { lines[$0].isExperiment }
    let found = try Self.computed(places.map { lines[$0] }, environment: [:], workers: "-j2")
    for (place, line) in zip(places, found) { lines[place].digest = line.digest }
    let comments = try String(contentsOf: Self.path, encoding: .utf8).split(separator: "\n").filter {
      $0.hasPrefix("#")
    }
    let text = comments + ["class \(NumericClass.current)"] + lines.map { "\($0.digest)  \($0.text)" }
    try (text.joined(separator: "\n") + "\n").write(to: Self.path, atomically: true, encoding: .utf8)
  }

  @Test(
    "with other kernels or other functions bits do change, cells say their class, and agree to the tolerance",
    .enabled(if: NumericClass.hasRequiredProcessor && !isRenewal),
    arguments: [
      // What is loaded before the program's own code cannot be told which kernels to use.
      ["LD_PRELOAD": "libopenblas.so.0", "OPENBLAS_CORETYPE": "Nehalem"],
      ["GLIBC_TUNABLES": "glibc.cpu.hwcaps=-AVX2,-FMA,-FMA4"],
    ])
  func otherClasses(environment: [String: String]) throws {
    let lines = try Self.committed().lines.filter(\.isExperiment)
    let workspace = try Self.project(lines)
    // In one process: what it has set would hold for its workers.
    let run = try Self.refig(["run", "-j0", "--quiet"], in: workspace, environment: environment)
    #expect(run.status == 0, "\(run.errors)")
    let cells = try Self.cells(workspace)
    #expect(cells.allSatisfy { $0.numericClass != .current && $0.numericClass != nil })
    #expect(zip(cells, lines).contains { Self.digest($0) != $1.digest })
    let audit = try Self.refig(["store", "audit", "--sample", "1000"], in: workspace, environment: [:])
    #expect(audit.status == 0, "\(audit.output)\(audit.errors)")
    #expect(audit.output.contains("\(cells.count) of another numeric class"), "\(audit.output)")
  }
}
