import Foundation
import TestSupport
import Testing

/// Which module may import which: what Package.swift cannot say, because system modules and undeclared imports pass.
@Suite struct LayeringTests {
  private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()

  /// All Swift files, by their paths relative to Sources; read once.
  private static let sources = Result { () throws -> [String: String] in
    let folder = root.appending(path: "Sources")
    let files = FileManager.default.enumerator(atPath: folder.path())?.allObjects as? [String] ?? []
    return try Dictionary(
      uniqueKeysWithValues: files.filter { $0.hasSuffix(".swift") }.map {
        ($0, try String(contentsOf: folder.appending(path: $0), encoding: .utf8))
      })
  }

  /// Imported modules by source file, relative to Sources.
  private static let allImports = Result { () throws -> [String: Set<String>] in
    try sources.get().mapValues { text in
      Set(
        text.split(separator: "\n").filter { $0.contains("import ") }.compactMap {
          $0.wholeMatch(of: /(?:[a-z]+ )?import (\w+)/).map { String($0.1) }
        })
    }
  }

  private static func imports() throws -> [String: Set<String>] { try allImports.get() }

  /// The files in a folder that import one of these modules, nil for a folder without files.
  private func importers(of modules: Set<String>, in folder: String) throws -> [String]? {
    let imports = try Self.imports().filter { $0.key.hasPrefix(folder) }
    return imports.isEmpty ? nil : imports.filter { !$0.value.isDisjoint(with: modules) }.keys.sorted()
  }

  /// The engine's modules.
  private static let engine: Set = [
    "Platform", "Pipeline", "Store", "Runner", "Slurm", "Figures", "Claims", "Reports",
  ]

  /// The papers' modules: folders of Sources/Papers.
  private static func papers() throws -> Set<String> {
    // The folders: AllPapers.swift lies beside them.
    let parts = try imports().keys.map { file -> [Substring] in file.split(separator: "/") }
    return Set(parts.filter { $0[0] == "Papers" && $0.count > 2 }.map { String($0[1]) })
  }

  @Test("what can be set of an experiment's parameters says what it is and what is allowed")
  func parametersAreDeclared() throws {
    var count = 0
    for (file, text) in try Self.sources.get() where file.hasPrefix("Papers/") {
      let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
      guard let start = lines.firstIndex(where: { $0.contains("struct Parameters:") }) else { continue }
      for number in start..<lines.count {
        if lines[number].contains("init() {}") { break }
        guard lines[number].contains(#/package var \w+ = /#) else { continue }
        count += 1
        // The attribute stands before the property, on its line or on the one above.
        let isDeclared = lines[number - 1...number].contains { $0.contains("@Parameter(") }
        #expect(isDeclared, "\(file):\(number + 1)")
      }
    }
    #expect(count > 300)
  }

  @Test("papers know no engine, no files, no C but their own")
  func papers() throws {
    let strangers = Self.engine.union([
      "Yams", "CYaml", "CHDF5", "COpenBLAS", "CKernels", "CVectors", "CCrypto", "Digest",
    ])
    #expect(try importers(of: strangers, in: "Papers/") == [])
    for paper in try Self.papers() {
      for (file, found) in try Self.imports() where found.contains("C\(paper)") {
        #expect(file.hasPrefix("Papers/\(paper)/"), "\(file)")
      }
    }
  }

  @Test("a paper uses no other paper's types")
  func siblings() throws {
    let papers = try Self.papers()
    for (file, found) in try Self.imports() where file.hasPrefix("Papers/") && file != "Papers/AllPapers.swift" {
      #expect(found.isDisjoint(with: papers), "\(file) imports \(found)")
    }
  }

  @Test("the engine knows no paper")
  func engine() throws {
    for module in Self.engine { #expect(try importers(of: Self.papers().union(["Papers"]), in: module + "/") == []) }
  }

  @Test("a module imports only what Package.swift draws an arrow to")
  func arrows() throws {
    let package = try String(contentsOf: Self.root.appending(path: "Package.swift"), encoding: .utf8)
    let drawn = Dictionary(
      uniqueKeysWithValues: package.matches(of: /\.target\(\s*name: "(\w+)",\s*(?:dependencies: \[([^\]]*)\])?/).map {
        (String($0.1), Set(($0.2 ?? "").matches(of: /"(\w+)"/).map { String($0.1) }))
      })
    let modules = Self.engine.union(["PaperKit", "NumericalMethods", "Digest"])
    for module in modules {
      var arrows = try #require(drawn[module], "Package.swift draws no \(module)")
      // The C library inside the package Yams, which names no product for it.
      if arrows.contains("Yams") { arrows.insert("CYaml") }
      for (file, found) in try Self.imports() where file.hasPrefix(module + "/") {
        let own = found.filter { modules.contains($0) || $0.first == "C" && $0.dropFirst().first?.isUppercase ?? false }
        #expect(own.isSubset(of: arrows), "\(file) imports \(own.subtracting(arrows).sorted())")
      }
    }
  }

  @Test("the vocabulary of papers and the numerical methods know neither files nor papers nor the engine")
  func pure() throws {
    let strangers = try Self.papers().union(Self.engine).union([
      "Papers", "Yams", "CYaml", "CHDF5", "CCrypto", "Digest",
    ])
    for folder in ["PaperKit/", "NumericalMethods/"] { #expect(try importers(of: strangers, in: folder) == []) }
  }

  @Test(
    "each C module has exactly one importing file",
    arguments: ["CHDF5", "COpenBLAS", "CKernels", "CVectors", "CCrypto", "CZlib", "CQuantiles", "CYaml"])
  func oneImporter(module: String) throws {
    #expect(try Self.imports().filter { $0.value.contains(module) }.count == 1)
  }

  /// What a file declares for other files: types, functions and constants at its top level.
  private static func declarations(in text: String) -> (types: Set<String>, functions: Set<String>) {
    func names(_ pattern: Regex<(Substring, Substring)>) -> Set<String> {
      Set(text.matches(of: pattern).map { String($0.1) })
    }
    return (
      names(/(?m)^(?:package |public |indirect |final )*(?:struct|class|enum|protocol|typealias|let|var) (\w+)/),
      names(/(?m)^(?:package |public )*func (\w+)/)
    )
  }

  /// Uses of what a fingerprint leaves out that carry no number into results.
  private static let harmless: Set = [
    // The names of two integrators, and the ranges of their tolerances.
    "Martin2023/ConvergenceRates.swift uses Martin2023/GaussianFlow.swift",
    // The parameters of the one experiment that it serves.
    "Martin2026/MeanFieldHistory.swift uses Martin2026/DynamicalMeanField.swift",
    // Which parameters are refused for having no effect, not what the others do.
    "Martin2026/RegularizedMinimum.swift uses Martin2026/Martin2026IdleParameters.swift",
    "Martin2026/Spectrum.swift uses Martin2026/Martin2026IdleParameters.swift",
  ]

  @Test("an experiment uses no code that its fingerprint leaves out: other experiments' files, tables and claims")
  func fingerprinted() throws {
    var uses: Set<String> = []
    for paper in try Self.papers() {
      var texts: [String: String] = [:]
      for (path, text) in try Self.sources.get() where path.hasPrefix("Papers/\(paper)/") {
        texts[String(path.split(separator: "/")[2])] =
          text.replacing(/\/\/[^\n]*/, with: "").replacing(/"[^"\n]*"/, with: "")
      }
      #expect(!texts.isEmpty)
      // Left out of the fingerprints of other experiments: see `Fingerprints.code(of:)`.
      let left = texts.filter {
        $0.key.hasPrefix(paper) || $0.value.contains(/(?m)^package enum \w+:[^{]*\bExperiment\b/)
      }
      let declared = left.mapValues(Self.declarations)
      for (file, text) in texts where !file.hasPrefix(paper) {
        let words = Set(text.matches(of: /\w+/).map { String($0.0) })
        let calls = Set(text.matches(of: /(?:^|[^.\w])(\w+)\(/).map { String($0.1) })
        for (other, (types, functions)) in declared where other != file {
          if !types.isDisjoint(with: words) || !functions.isDisjoint(with: calls) {
            uses.insert("\(paper)/\(file) uses \(paper)/\(other)")
          }
        }
      }
    }
    #expect(uses == Self.harmless)
  }

  @Test("the article Architecture walks through functions that are there")
  func article() throws {
    let article = try String(
      contentsOf: Self.root.appending(path: "Sources/Pipeline/Pipeline.docc/Architecture.md"), encoding: .utf8)
    let texts = try Self.sources.get().values
    let names = article.matches(of: /`([A-Z]\w+)\.(\w+)(?:\([\w:]*\))?`/).map { (String($0.1), String($0.2)) }
      .filter { $0.0 != "Package" }
    #expect(names.count > 20)
    func has(_ text: String, _ keywords: [String], _ name: String) -> Bool {
      keywords.contains { keyword in
        text.ranges(of: keyword + name).contains { !(text[$0.upperBound...].first?.isWordCharacter ?? false) }
      }
    }
    for (type, member) in names {
      let ofType = texts.filter { has($0, ["struct ", "class ", "enum ", "protocol ", "extension "], type) }
      #expect(
        ofType.contains { member == "init" ? $0.contains(/\binit[?(]/) : has($0, ["func ", "var "], member) },
        "\(type).\(member)")
    }
  }

  @Test("make clean removes nothing that took computing or tells of it")
  func clean() throws {
    let makefile = try String(contentsOf: Self.root.appending(path: "Makefile"), encoding: .utf8)
    let recipe = try #require(makefile.firstMatch(of: /(?m)^clean:[^\n]*rm -rf ([^#\n]*)/)).1
    #expect(recipe.split(separator: " ").contains(".build"))
    #expect(!recipe.contains("data"))
  }

  @Test("pure code reads no clock, no environment, no global randomness")
  func purity() throws {
    for folder in ["NumericalMethods", "PaperKit", "Papers"] {
      for (file, text) in try Self.sources.get() where file.hasPrefix(folder + "/") {
        #expect(!text.contains(/Date\(|ProcessInfo|\.random\(in|getenv|ContinuousClock|FileManager/), "\(file)")
      }
    }
  }
}

extension Character {
  fileprivate var isWordCharacter: Bool { isLetter || isNumber || self == "_" }
}
