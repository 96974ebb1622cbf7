import Foundation
import TestSupport
import Testing

/// What docs/foreign-bytes.md promises is held by the tests that it names.
@Suite struct DocumentedTestTests {
  private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()

  /// The names of all tests, by suite.
  private static func tests() throws -> [String: Set<String>] {
    let folder = root.appending(path: "Tests")
    let files = FileManager.default.enumerator(atPath: folder.path())?.allObjects as? [String] ?? []
    var tests: [String: Set<String>] = [:]
    for file in files where file.hasSuffix("Tests.swift") {
      let text = try String(contentsOf: folder.appending(path: file), encoding: .utf8)
      var suite = ""
      for match in text.matches(of: /(?:struct|class|enum|extension) (\w+Tests)\b|@Test\(\s*"([^"]+)"/) {
        if let name = match.output.1 { suite = String(name) }
        tests[suite, default: []].formUnion(match.output.2.map { [String($0)] } ?? [])
      }
    }
    return tests
  }

  @Test("the pages that packages install link to what is installed with them")
  func links() throws {
    let check = try runProgram("\(Self.root.path())/scripts/check-links", ["docs"], in: Self.root.path())
    #expect(check.status == 0, "\(check.output)\(check.errors)")
    // What a package would make of the folder: links as the files that they stand for, and nothing around it.
    let workspace = try Workspace()
    let copy = try runProgram("cp", ["-rL", "\(Self.root.path())/docs", workspace.path])
    #expect(copy.status == 0, "\(copy.errors)")
    func found() throws -> String {
      try runProgram("\(Self.root.path())/scripts/check-links", ["docs"], in: workspace.path).output
    }
    #expect(try found().contains("lead somewhere"))
    let page = try workspace.read("docs/ledger.md")
    for dead in ["[gone](gone.md)", "[out](../README.md)", "[place](yaml.md#no-such-heading)"] {
      try workspace.write("\(page)\n\(dead)\n", to: "docs/ledger.md")
      #expect(try found().contains("docs/ledger.md:"), "\(dead)")
    }
  }

  @Test("docs/foreign-bytes.md: each row of its tables names a test, and each test that it names exists")
  func foreignBytes() throws {
    let tests = try Self.tests()
    let page = try String(contentsOf: Self.root.appending(path: "docs/foreign-bytes.md"), encoding: .utf8)
    let rows = page.split(separator: "\n").filter { $0.hasPrefix("| ") && !$0.hasSuffix("| Test |") }
    #expect(rows.count > 35)
    for row in rows {
      let cell = row.split(separator: " | ").last ?? ""
      let named = cell.matches(of: /`(\w+Tests)`(?:: "([^"]+)")?/)
      #expect(!named.isEmpty, "\(row)")
      for test in named {
        let known = tests[String(test.output.1)]
        #expect(known != nil, "no suite \(test.output.1)")
        if let name = test.output.2 { #expect(known?.contains(String(name)) == true, "\(test.output.1): \(name)") }
      }
    }
  }
}
