import Foundation
import TestSupport
import Testing

/// `refig crate`, `refig show fig:…` and what a shell asks for.
@Suite struct CrateTests {
  /// A project that has run, and its crate.
  private func crate() throws -> (project: Project, path: String) {
    let project = try Project()
    #expect(try project.refig("run", "--quiet").status == 0)
    let result = try project.refig("crate", "crate", "--author", "A. \"Referee\"")
    #expect(result.status == 0, "\(result.errors)")
    return (project, project.workspace.path + "/crate")
  }

  private func json(_ path: String) throws -> [String: Any] {
    try #require(
      try JSONSerialization.jsonObject(with: Data(contentsOf: URL(fileURLWithPath: path))) as? [String: Any])
  }

  @Test("every file is in the checksums and in the metadata, and every entity that is referred to is there")
  func complete() throws {
    let (project, path) = try crate()
    let files = Set(
      project.workspace.files(under: "crate").filter { name in
        var isFolder: ObjCBool = false
        return FileManager.default.fileExists(atPath: "\(path)/\(name)", isDirectory: &isFolder) && !isFolder.boolValue
      })
    let sums = try runProgram("sha256sum", ["--check", "manifest-sha256.txt"], in: path)
    #expect(sums.status == 0, "\(sums.output)")
    let listed = sums.output.split(separator: "\n").map { String($0.prefix { $0 != ":" }) }
    #expect(Set(listed) == files.subtracting(["manifest-sha256.txt"]))
    let graph = try #require(try json(path + "/ro-crate-metadata.json")["@graph"] as? [[String: Any]])
    let ids = graph.compactMap { $0["@id"] as? String }
    #expect(Set(ids).count == ids.count)
    func isFile(_ entity: [String: Any]) -> Bool {
      (entity["@type"] as? [String] ?? [entity["@type"] as? String ?? ""]).contains("File")
    }
    let described = graph.filter(isFile).compactMap { $0["@id"] as? String }
    #expect(Set(described) == files.subtracting(["ro-crate-metadata.json"]))
    func references(_ value: Any) -> [String] {
      if let list = value as? [Any] { return list.flatMap(references) }
      guard let object = value as? [String: Any] else { return [] }
      return object.count == 1 ? (object["@id"] as? String).map { [$0] } ?? [] : object.values.flatMap(references)
    }
    let inside = graph.flatMap(references).filter { !$0.hasPrefix("http") }
    #expect(inside.count > 20)
    #expect(Set(inside).subtracting(ids).isEmpty)
    let readme = try project.workspace.read("crate/README.md")
    for part in ["## Hardware and time", "refig verify --cached-only", "`demo/always`", "confirmed"] {
      #expect(readme.contains(part), "\(part)")
    }
    #expect(try project.workspace.read("crate/codecheck.yml").contains("  - file: report/figures/demo/thresholds.pdf"))
  }

  @Test("sources with spaces, percent signs and umlauts are there, and their identifiers are URIs")
  func namesOfSources() throws {
    let workspace = try Workspace()
    #expect(try runProgram(try productPath("refig"), ["new", "mine"], in: workspace.path).status == 0)
    let names = ["two words.csv", "100%20.txt", "Größe#1.csv"]
    for name in names { try workspace.write("1\n", to: "mine/" + name) }
    let list = names.map { "\"\($0)\"" }.joined(separator: ", ")
    let pipeline = try workspace.read("mine/pipeline.yaml")
    #expect(pipeline.contains("    sources: [walk.py]") || pipeline.contains("    command: [python3, walk.py]\n"))
    try workspace.write(
      pipeline.replacing(
        "    command: [python3, walk.py]\n", with: "    command: [python3, walk.py]\n    sources: [walk.py, \(list)]\n"),
      to: "mine/pipeline.yaml")
    func refig(_ arguments: String...) throws -> ProgramResult {
      try runProgram(try productPath("refig"), arguments, in: workspace.path + "/mine")
    }
    #expect(try refig("run", "--quiet").status == 0)
    let made = try refig("crate", "crate")
    #expect(made.status == 0, "\(made.errors)")
    let graph = try #require(
      try json(workspace.path + "/mine/crate/ro-crate-metadata.json")["@graph"] as? [[String: Any]])
    let ids = Set(graph.compactMap { $0["@id"] as? String })
    let files = workspace.files(under: "mine/crate")
    for (name, encoded) in zip(names, ["two%20words.csv", "100%2520.txt", "Gr%C3%B6%C3%9Fe%231.csv"]) {
      #expect(files.contains { $0.hasSuffix(name) }, "\(name)")
      #expect(ids.contains { $0.hasSuffix(encoded) }, "\(encoded) in \(ids.sorted())")
    }
    #expect(ids.allSatisfy { !$0.contains(" ") })
    let about = graph.first { $0["@id"] as? String == "ro-crate-metadata.json" }
    let profiles = (about?["conformsTo"] as? [[String: String]] ?? []).compactMap { $0["@id"] }
    #expect(profiles.contains("https://w3id.org/ro/crate/1.1"), "\(profiles)")
  }
  @Test("the crate of a paper of one's own says what to install, builds nothing, and cites what CITATION.cff says")
  func ownPaper() throws {
    let workspace = try Workspace()
    #expect(try runProgram(try productPath("refig"), ["new", "mine"], in: workspace.path).status == 0)
    let folder = workspace.path + "/mine"
    let isCommitted = try runProgram(
      "sh", ["-c", "git init -q && git add . && git -c user.name=a -c user.email=a@b.example commit -qm a"], in: folder)
    #expect(isCommitted.status == 0, "\(isCommitted.errors)")
    #expect(try runProgram(try productPath("refig"), ["run", "--quiet"], in: folder).status == 0)
    func crate(_ name: String) throws
      -> (readme: String, codecheck: String, description: String, platform: String, errors: String)
    {
      let result = try runProgram(
        try productPath("refig"), ["crate", "../\(name)", "--refig", "https://example.org/refig.whl"], in: folder)
      #expect(result.status == 0, "\(result.errors)")
      func text(_ file: String) throws -> String { try workspace.read("\(name)/\(file)") }
      let graph = try json("\(workspace.path)/\(name)/ro-crate-metadata.json")["@graph"] as? [[String: Any]]
      let root = try #require(graph?.first { $0["@id"] as? String == "./" })
      let workflow = try #require(graph?.first { $0["@id"] as? String == "pipeline.yaml" })
      return (
        try text("README.md"), try text("codecheck.yml"), try #require(root["description"] as? String),
        try #require(workflow["runtimePlatform"] as? String), result.errors
      )
    }
    let version = try runProgram(try productPath("refig"), ["--version"]).output.trimmingCharacters(in: .newlines)
    let cited = try crate("cited")
    for part in [
      "`pip install`", "`apt install`", "made by \(version)", "`source.tar` is the project as it was committed",
    ] {
      #expect(cited.readme.contains(part), "\(part) is not in \(cited.readme)")
    }
    for part in ["It is to be had at https://example.org/refig.whl", "Python 3.", "NumPy "] {
      #expect(cited.readme.contains(part), "\(part) is not in \(cited.readme)")
    }
    #expect(cited.errors.contains("CITATION.cff names Given Surname as author"), "\(cited.errors)")
    #expect(cited.platform.contains(/Python 3\.\d+.*NumPy \d/), "\(cited.platform)")
    #expect(!cited.readme.contains("Swift") && !cited.readme.contains("make -C"), "\(cited.readme)")
    #expect(cited.readme.contains("\n* Given Surname: mine: figures and claims\n"), "\(cited.readme)")
    #expect(
      cited.codecheck.contains("\n  reference: \"Given Surname: mine: figures and claims\"\n"), "\(cited.codecheck)")
    let preferred = """
      title: the code
      preferred-citation:
        title: "A: theorem"
        authors: [{given-names: Ada, name-particle: von, family-names: Neumann}, {name: The group}]

      """
    try workspace.write(preferred, to: "mine/CITATION.cff")
    let preferredCrate = try crate("preferred")
    #expect(preferredCrate.readme.contains("\n* Ada von Neumann, The group: A: theorem\n"))
    #expect(!preferredCrate.errors.contains("CITATION"), "\(preferredCrate.errors)")
    try workspace.write("title: [", to: "mine/CITATION.cff")
    let broken = try crate("broken")
    try FileManager.default.removeItem(atPath: folder + "/CITATION.cff")
    for silent in [broken, try crate("silent")] {
      #expect(!silent.readme.contains("\n* \n"), "\(silent.readme)")
      #expect(!silent.codecheck.contains("reference:"), "\(silent.codecheck)")
      #expect(silent.description.contains("1 claim") && !silent.description.hasPrefix("."), "\(silent.description)")
    }
  }

  @Test("elsewhere the same verdicts, without computing anything")
  func roundTrip() throws {
    let (project, path) = try crate()
    let other = try Workspace()
    try FileManager.default.copyItem(atPath: path, toPath: other.path + "/crate")
    func refig(_ arguments: String...) throws -> ProgramResult {
      try runProgram(try productPath("refig"), arguments, in: other.path + "/crate")
    }
    #expect(try refig("verify", "--cached-only").status == 7)
    #expect(try refig("store", "import", "cells.tar").output.contains("14 cells added"))
    let verdicts = try refig("verify", "--cached-only", "--json")
    #expect(verdicts.status == 0, "\(verdicts.errors)")
    #expect(try verdicts.output == project.workspace.read("crate/report/verdicts.json"))
    #expect(try refig("run").output.contains("14 cached, 0 computed"))
  }

  @Test("refused before anything is written: a folder with something in it, a project with cells missing")
  func refused() throws {
    let project = try Project()
    #expect(try project.refig("run", "sarao2020/uniqueness", "--quiet").status == 0)
    let early = try project.refig("crate", "crate")
    #expect(early.status == 7)
    #expect(early.errors.contains("2 cells are not in the store; run `refig run --profile quick` first"))
    try project.workspace.write("mine", to: "taken/file")
    let taken = try project.refig("crate", "taken")
    #expect(taken.status == 2)
    #expect(taken.errors.contains("taken: is not an empty folder"), "\(taken.errors)")
    #expect(project.workspace.files(under: "taken") == ["file"])
    #expect(!project.workspace.files(under: ".").contains { $0.contains("crate") || $0.contains(".part") })
  }

  @Test("a crate has all its figures, or there is none")
  func withoutFigures() throws {
    let project = try Project()
    #expect(try project.refig("run", "--quiet").status == 0)
    try FileManager.default.removeItem(atPath: project.workspace.path + "/figures/quick")
    let noGnuplot = try project.refig("crate", "crate", environment: ["PATH": "/nowhere"])
    #expect(noGnuplot.status == 6)
    #expect(noGnuplot.errors.contains("gnuplot was not found"))
    try project.workspace.write("in the way", to: "figures/quick")
    let noFolder = try project.refig("crate", "crate")
    #expect(noFolder.status == 6)
    #expect(noFolder.errors.contains("figures/quick/demo"), "\(noFolder.errors)")
    #expect(!project.workspace.files(under: ".").contains { $0.contains("crate") || $0.contains(".part") })
  }

  @Test("a crate may be larger than the memory there is")
  func large() throws {
    let project = try Project()
    #expect(try project.refig("run", "--quiet").status == 0)
    let result = try runProgram(
      "sh",
      ["-c", "truncate -s 700M LICENSE && ulimit -v 900000 && exec '\(try productPath("refig"))' crate crate"],
      in: project.workspace.path)
    #expect(result.status == 0, "\(result.errors)")
    let size = try FileManager.default.attributesOfItem(atPath: project.workspace.path + "/crate/LICENSE")[.size]
    #expect(size as? Int == 700 << 20)
    let graph = try #require(
      try json(project.workspace.path + "/crate/ro-crate-metadata.json")["@graph"] as? [[String: Any]])
    #expect(graph.contains { $0["@id"] as? String == "LICENSE" && $0["contentSize"] as? String == "\(700 << 20)" })
  }

  @Test("a folder may be named with a slash at its end", arguments: [false, true])
  func slash(isThere: Bool) throws {
    let project = try Project()
    #expect(try project.refig("run", "--quiet").status == 0)
    let path = project.workspace.path + "/new"
    if isThere { try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true) }
    let result = try project.refig("crate", "new/")
    #expect(result.status == 0, "\(result.errors)")
    #expect(project.workspace.files(under: "new").contains("ro-crate-metadata.json"))
    #expect(!project.workspace.files(under: ".").contains { $0.contains(".part") })
  }

  @Test("show says of a figure what the report says: YAML, cells with parameters, claims, commands; and shows it")
  func show() throws {
    let project = try Project()
    let early = try project.refig("show", "fig:demo/thresholds", "--picture", "kitty")
    #expect(early.status == 0, "\(early.errors)")
    #expect(early.output.contains("12 cells, 12 missing"))
    #expect(!early.output.contains("\u{1b}"), "no picture of numbers that are not there")
    #expect(try project.refig("run", "--quiet").status == 0)
    let short = try project.refig("show", "fig:demo/thresholds").output
    #expect(short.contains("and 9 more; --all lists them") && !short.contains("sampleCount=7"), "\(short)")
    #expect(try project.refig("show", "claim:demo/always").output.matches(of: /[0-9a-f]{64}/).count <= 4)
    let result = try project.refig("show", "fig:demo/thresholds", "--all")
    for part in [
      "draw it again: refig run fig:demo/thresholds", "refig data fig:demo/thresholds --csv", "figures/demo.yaml:2",
      "series:", "sampleCount=7 replicas 20–39", "claims from the same arrays: demo/always",
      "experiment sarao2020/uniqueness",
    ] {
      #expect(result.output.contains(part), "\(part)")
    }
    #expect(!result.output.contains("\u{1b}"), "no picture where the output is not a terminal")
    for (form, start) in [("kitty", "\u{1b}_Ga=T,f=100,m="), ("sixel", "\u{1b}P")] {
      let shown = try project.refig("show", "fig:demo/thresholds", "--picture", form)
      let picture = try #require(shown.output.range(of: start))
      #expect(shown.output[..<picture.lowerBound].contains("sampleCount=5"), "text first")
      #expect(
        shown.output.hasSuffix(form == "kitty" ? "\u{1b}\\\n" : "\u{1b}\\"),
        "\(shown.output.suffix(20).debugDescription)")
    }
  }

  @Test("completions: a script for every shell, and the names that the project has")
  func completions() throws {
    let project = try Project()
    for shell in ["bash", "zsh", "fish"] {
      let script = try project.refig("--generate-completion-script", shell)
      #expect(script.status == 0)
      #expect(script.output.contains("crate"))
    }
    try project.workspace.write(try project.refig("--generate-completion-script", "bash").output, to: "refig.bash")
    let check = try runProgram("bash", ["-n", "refig.bash"], in: project.workspace.path)
    #expect(check.status == 0, "\(check.errors)")
    let names = try project.refig("---completion", "run", "--", "positional@0", "0", "0", "").output.split(
      separator: "\n")
    for name in ["sarao2020/uniqueness", "demo/thresholds", "demo/always", "paper:sarao2020"] {
      #expect(names.contains { $0 == name }, "\(names)")
    }
  }
}
