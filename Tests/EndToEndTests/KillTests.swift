import Foundation
import TestSupport
import Testing

/// Programs killed while they write something for others, at every step of writing and at moments in between: what has a
/// name of its own is whole, nothing that was there is lost, and then comes what would have come undisturbed.
@Suite struct KillTests {
  private static let killed = -SIGKILL

  /// Runs a command killed at each step of writing a file (or each `stride`-th), and at moments spread over its time. Before each
  /// and after each kill something is done.
  private func kill(
    _ project: Project, _ arguments: [String], stride: Int = 1, before: () throws -> Void, after: () throws -> Void
  ) throws {
    let program = try productPath("refig")
    var stepCount = 0
    for step in Swift.stride(from: 1, to: 10_000, by: stride) {
      try before()
      let result = try runProgram(
        program, arguments, in: project.workspace.path, environment: ["REFIG_FAULT": "file:\(step)"])
      guard result.status == Self.killed else {
        #expect(result.status == 0, "\(result.errors)")
        break
      }
      stepCount += 1
      try after()
    }
    #expect(stepCount * stride >= 12, "a file is opened, filled, closed and renamed")
    try before()
    let clock = ContinuousClock()
    let start = clock.now
    #expect(try runProgram(program, arguments, in: project.workspace.path).status == 0)
    let time = clock.now - start
    var killCount = 0
    for moment in 1...20 {
      try before()
      let process = Process()
      process.executableURL = URL(fileURLWithPath: program)
      process.arguments = arguments
      process.currentDirectoryURL = URL(fileURLWithPath: project.workspace.path)
      process.standardOutput = FileHandle.nullDevice
      try process.run()
      usleep(UInt32(Double(moment) / 20 * 1e6 * (time / .seconds(1))))
      Glibc.kill(process.processIdentifier, SIGKILL)
      process.waitUntilExit()
      if process.terminationReason == .uncaughtSignal { killCount += 1 }
      try after()
    }
    #expect(killCount > 5)
  }

  /// The files below a folder by name, without those under private names.
  private func files(_ project: Project, _ folder: String) throws -> [String: Data] {
    var files: [String: Data] = [:]
    for name in project.workspace.files(under: folder) where !name.hasSuffix(".tmp") {
      let path = "\(project.workspace.path)/\(folder)/\(name)"
      var isFolder: ObjCBool = false
      if FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), !isFolder.boolValue {
        files[name] = try Data(contentsOf: URL(fileURLWithPath: path))
      }
    }
    return files
  }

  private func replace(_ name: String, by other: String?, in project: Project) throws {
    let path = project.workspace.path + "/"
    if FileManager.default.fileExists(atPath: path + name) { try FileManager.default.removeItem(atPath: path + name) }
    if let other { try FileManager.default.copyItem(atPath: path + other, toPath: path + name) }
  }

  /// Files without the times in them, and without digests of files that hold times.
  private func timeless(_ files: [String: Data]) -> [String: String] {
    let dated = #/\d{4}-\d\d-\d\dT[0-9:.]+(Z|\+00:00)/#
    let sums = #/[0-9a-f]{64}  (codecheck.yml|ro-crate-metadata.json)/#
    return files.mapValues { data in
      String(decoding: data, as: UTF8.self).replacing(dated, with: "").replacing(sums, with: "")
    }
  }

  @Test("an export is the older archive or the new one, whole")
  func export() throws {
    let project = try Project()
    #expect(try project.refig("run", "--quiet").status == 0)
    #expect(try project.refig("store", "export", "older.tar", "sarao2020/population-flow").status == 0)
    #expect(try project.refig("store", "export", "new.tar").status == 0)
    func bytes(_ name: String) throws -> Data {
      try Data(contentsOf: URL(fileURLWithPath: project.workspace.path + "/" + name))
    }
    let (older, new) = (try bytes("older.tar"), try bytes("new.tar"))
    #expect(older != new)
    try kill(project, ["store", "export", "a.tar"]) {
      try replace("a.tar", by: "older.tar", in: project)
    } after: {
      let archive = try bytes("a.tar")
      #expect(archive == older || archive == new)
    }
    #expect(try project.refig("store", "export", "a.tar").status == 0)
    #expect(try bytes("a.tar") == new)
  }

  @Test("a report's files are the older ones or the new ones, and with the new page all are new")
  func report() throws {
    let project = try Project()
    #expect(try project.refig("run", "--quiet").status == 0)
    #expect(try project.refig("report", "--out", "older").status == 0)
    try project.workspace.write(
      Project.figures.replacing("caption: Probability", with: "caption: Share"), to: "figures/demo.yaml")
    #expect(try project.refig("run", "--quiet").status == 0)
    #expect(try project.refig("report", "--out", "new").status == 0)
    let (older, new) = (try files(project, "older"), try files(project, "new"))
    #expect(older.keys.sorted() == new.keys.sorted() && older["index.html"] != new["index.html"])
    try kill(project, ["report", "--out", "page"]) {
      try replace("page", by: "older", in: project)
    } after: {
      let page = try files(project, "page")
      #expect(page.allSatisfy { older[$0.key] == $0.value || new[$0.key] == $0.value })
      #expect(page.count == older.count)
      if page["index.html"] == new["index.html"] { #expect(page == new) }
    }
    #expect(try project.refig("report", "--out", "page").status == 0)
    #expect(try files(project, "page") == new)
  }

  @Test("a crate is not there or whole")
  func crate() throws {
    let project = try Project()
    let path = project.workspace.path
    // With a source, which git writes.
    for words in [
      ["init", "--quiet"], ["add", "pipeline.yaml", "figures"],
      ["-c", "user.name=A", "-c", "user.email=a@example.org", "commit", "--quiet", "-m", "First"],
    ] { #expect(try runProgram("git", words, in: path).status == 0) }
    #expect(try project.refig("run", "--quiet").status == 0)
    #expect(try project.refig("crate", "reference").status == 0)
    let reference = try timeless(files(project, "reference"))
    #expect(reference["source.tar"] != nil)
    try kill(project, ["crate", "crate"], stride: 7) {
      try replace("crate", by: nil, in: project)
    } after: {
      guard FileManager.default.fileExists(atPath: path + "/crate") else { return }
      let crate = try timeless(files(project, "crate"))
      #expect(crate == reference)
    }
    try replace("crate", by: nil, in: project)
    #expect(try project.refig("crate", "crate").status == 0)
    #expect(try timeless(files(project, "crate")) == reference)
    #expect(
      try runProgram("sha256sum", ["--check", "--quiet", "manifest-sha256.txt"], in: path + "/crate").status == 0)
  }

  @Test("a ledger says what it said, and what is new or not yet", arguments: [[], ["--compact"]])
  func ledger(options: [String]) throws {
    let project = try Project()
    let ledger = "data/ledger/quick"
    #expect(try project.refig("run", "--quiet").status == 0)
    #expect(try project.refig("ledger", "update", "sarao2020/population-flow").status == 0)
    try replace("older", by: ledger, in: project)
    /// All that the ledger says, one fact a line, without the times.
    func facts() throws -> Set<String> {
      Set(try timeless(files(project, ledger)).values.flatMap { $0.split(separator: "\n").map(String.init) })
    }
    let older = try facts()
    let update = ["ledger", "update"] + options
    #expect(try runProgram(productPath("refig"), update, in: project.workspace.path).status == 0)
    let new = try facts()
    #expect(older.isStrictSubset(of: new))
    try kill(project, update) {
      try replace(ledger, by: "older", in: project)
    } after: {
      let now = try facts()
      #expect(older.isSubset(of: now) && now.isSubset(of: new))
      // A file that is not what its name says would be damage.
      let status = try project.refig("ledger", "status").status
      #expect(status == 0)
    }
    #expect(try runProgram(productPath("refig"), update, in: project.workspace.path).status == 0)
    #expect(try facts() == new)
    #expect(try project.refig("ledger", "verify", ledger).status == 0)
  }
}
