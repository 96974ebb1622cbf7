import Foundation
import TestSupport
import Testing

/// Which module may import which: what Package.swift cannot say, because system modules and undeclared imports pass.
@Suite struct LayeringTests {
  private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()

  /// Imported modules by source file, relative to Sources.
  private static func imports() throws -> [String: Set<String>] {
    let sources = root.appending(path: "Sources")
    var imports: [String: Set<String>] = [:]
    let files = FileManager.default.enumerator(atPath: sources.path())?.allObjects as? [String] ?? []
    for file in files where file.hasSuffix(".swift") {
      let text = try String(contentsOf: sources.appending(path: file), encoding: .utf8)
      imports[file] = Set(text.matches(of: /(?m)^(?:[a-z]+ )?import (\w+)/).map { String($0.1) })
    }
    return imports
  }

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
    Set(try imports().keys.filter { $0.hasPrefix("Papers/") }.map { String($0.split(separator: "/")[1]) })
  }

  @Test("papers know no engine, no files, no C but their own")
  func papers() throws {
    let strangers = Self.engine.union(["Yams", "CHDF5", "COpenBLAS", "CKernels", "CVectors", "CCrypto", "Digest"])
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
      let arrows = try #require(drawn[module], "Package.swift draws no \(module)")
      for (file, found) in try Self.imports() where file.hasPrefix(module + "/") {
        let own = found.filter { modules.contains($0) || $0.first == "C" && $0.dropFirst().first?.isUppercase ?? false }
        #expect(own.isSubset(of: arrows), "\(file) imports \(own.subtracting(arrows).sorted())")
      }
    }
  }

  @Test("the vocabulary of papers and the numerical methods know neither files nor papers nor the engine")
  func pure() throws {
    let strangers = try Self.papers().union(Self.engine).union(["Papers", "Yams", "CHDF5", "CCrypto", "Digest"])
    for folder in ["PaperKit/", "NumericalMethods/"] { #expect(try importers(of: strangers, in: folder) == []) }
  }

  @Test(
    "each C module has exactly one importing file",
    arguments: ["CHDF5", "COpenBLAS", "CKernels", "CVectors", "CCrypto", "CZlib", "CQuantiles"])
  func oneImporter(module: String) throws {
    #expect(try Self.imports().filter { $0.value.contains(module) }.count == 1)
  }

  @Test("pure code reads no clock, no environment, no global randomness")
  func purity() throws {
    for folder in ["NumericalMethods", "PaperKit", "Papers"] {
      let path = Self.root.appending(path: "Sources/\(folder)")
      let files = FileManager.default.enumerator(atPath: path.path())?.allObjects as? [String] ?? []
      for file in files where file.hasSuffix(".swift") {
        let text = try String(contentsOf: path.appending(path: file), encoding: .utf8)
        #expect(!text.contains(/Date\(|ProcessInfo|\.random\(in|getenv|ContinuousClock|FileManager/), "\(file)")
      }
    }
  }
}
