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

  private func expectNone(of modules: Set<String>, under folder: String) throws {
    let imports = try Self.imports().filter { $0.key.hasPrefix(folder) }
    #expect(!imports.isEmpty)
    for (file, found) in imports { #expect(found.isDisjoint(with: modules), "\(file) imports \(found)") }
  }

  @Test("papers know no engine, no files, no C but their own")
  func papers() throws {
    try expectNone(
      of: ["Engine", "Yams", "CHDF5", "COpenBLAS", "CKernels", "CVectors", "CCrypto", "Digest"], under: "Papers/")
    for paper in ["Bocchi2026", "Martin2026"] {
      for (file, found) in try Self.imports() where found.contains("C\(paper)") {
        #expect(file.hasPrefix("Papers/\(paper)/"), "\(file)")
      }
    }
  }

  @Test("a paper uses no other paper's types")
  func siblings() throws {
    let imports = try Self.imports()
    let papers = Set(imports.keys.filter { $0.hasPrefix("Papers/") }.map { String($0.split(separator: "/")[1]) })
    for (file, found) in imports where file.hasPrefix("Papers/") && file != "Papers/AllPapers.swift" {
      #expect(found.isDisjoint(with: papers), "\(file) imports \(found)")
    }
  }

  @Test("the engine knows no paper")
  func engine() throws { try expectNone(of: ["Papers", "Sarao2020"], under: "Engine/") }

  @Test("the vocabulary of papers and the numerical methods know neither files nor papers nor the engine")
  func pure() throws {
    for folder in ["PaperKit/", "NumericalMethods/"] {
      try expectNone(of: ["Engine", "Papers", "Yams", "CHDF5", "CCrypto", "Digest"], under: folder)
    }
  }

  @Test(
    "each C module has exactly one importing file",
    arguments: ["CHDF5", "COpenBLAS", "CKernels", "CVectors", "CCrypto", "CQuantiles"])
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
