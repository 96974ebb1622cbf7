import Foundation
import NumericalMethods
import PaperKit
import Pipeline
import Platform
import Runner
import Store
import TestSupport
import Testing
import ToyPaper

/// A store with the cells of a few walks.
private struct WalkStore {
  let workspace: Workspace
  let store: Store
  let care: StoreCare
  let worker: Worker
  let keys: [CellKey]

  init(count: Int = 3, code: [String: String] = [:]) throws {
    workspace = try Workspace()
    store = Store(root: workspace.path + "/store")
    let catalogue = toyCatalogue(code: code)
    care = StoreCare(store: store, catalogue: catalogue)
    worker = Worker(catalogue: catalogue, store: store)
    let manifests = try (0..<count).map { try Self.manifest($0, catalogue) }
    keys = manifests.map(\.key)
    for manifest in manifests {
      guard case .computed = worker.perform(manifest) else { throw CocoaError(.featureUnsupported) }
    }
  }

  /// Says when a cell was written, in seconds since 1970: cells written one after the other may have the same time.
  func setTime(of key: CellKey, to seconds: Double) throws {
    try FileManager.default.setAttributes(
      [.modificationDate: Date(timeIntervalSince1970: seconds)], ofItemAtPath: store.path(of: key))
  }

  /// Changes the first number of a cell's output 'end', relative to the greatest, and says that it is of some class.
  func forge(_ index: Int, by change: Double, in numericClass: NumericClass?) throws {
    guard let cell = try store.cell(keys[index]) else { throw CocoaError(.fileNoSuchFile) }
    var arrays = cell.arrays
    let greatest = arrays["end"]?.values.map { abs($0) }.max() ?? 0
    arrays["end"]?.values[0] += change * greatest
    let forged = Cell(
      manifest: cell.manifest, replicas: cell.replicas, failures: [], arrays: arrays, coordinates: cell.coordinates,
      numericClass: numericClass)
    try store.publish(forged.encoded(outputs: Walk.outputs), as: keys[index])
  }

  static func manifest(_ index: Int, _ catalogue: Catalogue) throws -> Manifest {
    var parameters = Walk.Parameters().values()
    parameters["drift"] = .real(Double(index))
    return Manifest(
      experiment: "toy/walk", code: catalogue.code(of: Walk.self), seed: 1, streams: .independent,
      parameters: parameters, replicas: 0..<2)
  }
}

extension StoreCare {
  fileprivate func accept(_ pairs: [(old: CellKey, new: Manifest)], because reason: String) throws -> Int {
    try accept(pairs, sampled: 2, who: "someone", reason: reason, time: "2027-01-01T00:00:00Z")
  }
}

@Suite struct StoreCareTests {
  @Test("a check counts sound cells and moves damaged ones to quarantine", arguments: [false, true])
  func check(deep: Bool) throws {
    let walks = try WalkStore()
    #expect(try walks.care.check(deep: deep).damaged == [])
    try walks.store.publish([1, 2, 3], as: walks.keys[1])
    let report = try walks.care.check(deep: deep)
    #expect(report.cells == 3)
    #expect(report.damaged.count == 1)
    #expect(try walks.store.presentKeys() == Set([walks.keys[0], walks.keys[2]]))
  }

  @Test("garbage is what nothing needs and is older than the grace time")
  func garbage() throws {
    let walks = try WalkStore()
    let now = Date().timeIntervalSince1970
    try walks.store.recordFailure(walks.keys[0], reason: "needed")
    func found(grace: Double) throws -> [CellKey] {
      try walks.care.garbage(needed: [walks.keys[0]], graceSeconds: grace, now: now + 10).keys
    }
    #expect(try found(grace: 3600).isEmpty)
    #expect(try Set(found(grace: 0)) == Set(walks.keys[1...]))
    try walks.care.remove(try walks.care.garbage(needed: [walks.keys[0]], graceSeconds: 0, now: now + 10))
    #expect(try walks.store.presentKeys() == [walks.keys[0]])
  }

  @Test("an archive is the same bytes in any order, and brings every cell elsewhere bit for bit")
  func exchange() throws {
    let walks = try WalkStore()
    let archive = try walks.care.archive(walks.keys)
    #expect(try walks.care.archive(walks.keys.reversed()) == archive)
    let other = try WalkStore(count: 1)
    let report = try other.care.take(other.workspace.write(archive, to: "a.tar"))
    #expect(report.added == 2)
    #expect(report.present == 1)
    #expect(report.refused.isEmpty)
    for key in walks.keys {
      #expect(try Files.bytes(of: other.store.path(of: key)) == Files.bytes(of: walks.store.path(of: key)))
    }
    let listing = try walks.workspace.write(archive, to: "a.tar")
    let names = try runProgram("tar", ["-tf", listing]).output.split(separator: "\n").map(String.init)
    #expect(names == walks.keys.sorted().map { "\($0).h5" })
  }

  @Test("a truncated or damaged archive is refused whole; an unsound member is left out")
  func badArchives() throws {
    let walks = try WalkStore()
    let archive = try walks.care.archive(walks.keys)
    let empty = try WalkStore(count: 0)
    for bad in [
      Array(archive.prefix(archive.count / 2)), Array(archive.prefix(700)), [UInt8](repeating: 7, count: 2000),
    ] {
      #expect(throws: PipelineError.self) { try empty.care.take(empty.workspace.write(bad, to: "a.tar")) }
    }
    #expect(try empty.store.presentKeys().isEmpty)
    var flipped = archive
    flipped[2000] ^= 4
    let report = try empty.care.take(empty.workspace.write(flipped, to: "a.tar"))
    #expect(report.added == 2)
    #expect(report.refused.count == 1)
    let foreign = TarArchive.encoded([("../../etc/passwd", [1]), ("\(walks.keys[0]).h5", Array("hello".utf8))])
    #expect(try empty.care.take(empty.workspace.write(foreign, to: "a.tar")).refused.count == 2)
  }

  @Test("an audit finds the cell whose numbers are not those the code gives")
  func audit() throws {
    let walks = try WalkStore()
    #expect(try walks.care.audit(walks.keys).differences.isEmpty)
    for numericClass in [NumericClass.current, nil] {
      try walks.forge(1, by: 1e-15, in: numericClass)
      let audit = try walks.care.audit(walks.keys)
      #expect(audit.differences.map(\.key) == [walks.keys[1]])
      #expect(audit.differences[0].reason.contains("'end' of replica 0"), "\(audit.differences)")
      #expect(audit.ofOtherClasses == 0)
    }
  }

  @Test("a cell of another numeric class may differ by rounding, not by more")
  func auditAcrossClasses() throws {
    let walks = try WalkStore()
    let other = NumericClass("another machine")
    try walks.forge(1, by: NumericClass.tolerance / 2, in: other)
    let audit = try walks.care.audit(walks.keys)
    #expect(audit.differences.isEmpty, "\(audit.differences)")
    #expect(audit.ofOtherClasses == 1)
    try walks.forge(1, by: NumericClass.tolerance * 4, in: other)
    #expect(try walks.care.audit(walks.keys).differences.map(\.key) == [walks.keys[1]])
    try walks.forge(1, by: .nan, in: other)
    #expect(try walks.care.audit(walks.keys).differences.map(\.key) == [walks.keys[1]])
  }

  @Test(
    "a size is told in the unit that fits",
    arguments: [
      (0, "0 bytes"), (1, "1 byte"), (999, "999 bytes"), (1000, "1.0 kB"), (9949, "9.9 kB"), (9951, "10 kB"),
      (999_499, "999 kB"), (999_500, "1.0 MB"), (123_456_789, "123 MB"), (7_000_000_000_000, "7.0 TB"),
    ])
  func size(bytes: Int, text: String) { #expect(Text.size(bytes) == text) }

  @Test("a check counts the cells of each numeric class")
  func classes() throws {
    let walks = try WalkStore()
    try walks.forge(1, by: 0, in: NumericClass("another machine"))
    try walks.forge(2, by: 0, in: nil)
    #expect(
      try walks.care.check(deep: true).classes
        == [NumericClass.current.description: 1, "another machine": 1, "not recorded": 1])
  }

  @Test("an import leaves what is there: the same cell, or one that other machines round differently")
  func importOfPresentCells() throws {
    let walks = try WalkStore()
    let bytes = try Files.bytes(of: walks.store.path(of: walks.keys[1]))
    for (change, numericClass, isRefused) in [
      (0, NumericClass.current, false), (1e-15, .current, true), (1e-15, NumericClass("another machine"), false),
      (0.5, NumericClass("another machine"), true),
    ] {
      let other = try WalkStore()
      try other.forge(1, by: change, in: numericClass)
      let archive = try other.workspace.write(other.care.archive([other.keys[1]]), to: "a.tar")
      let report = try walks.care.take(archive)
      #expect(report.added == 0)
      #expect(report.present == (isRefused ? 0 : 1), "\(change), \(numericClass): \(report.refused)")
      #expect(try Files.bytes(of: walks.store.path(of: walks.keys[1])) == bytes)
    }
  }

  @Test("accepting a harmless change gives old cells their new keys")
  func accept() throws {
    let walks = try WalkStore()
    let edited = toyCatalogue(code: ["ToyPaper/Walk.swift": "edited"])
    let care = StoreCare(store: walks.store, catalogue: edited)
    let wanted = try (0..<4).map { try WalkStore.manifest($0, edited) }
    let pairs = try care.predecessors(of: wanted)
    #expect(Set(pairs.map(\.old)) == Set(walks.keys), "the fourth was never computed")
    #expect(try care.accept(pairs, because: "only\na name") == 3)
    for manifest in wanted.prefix(3) {
      let cell = try #require(try walks.store.cell(manifest.key))
      #expect(cell.manifest == manifest)
    }
    #expect(try care.predecessors(of: wanted).isEmpty)
    // Cells keep on record from which code they come, over all changes; the last written is taken.
    for key in walks.keys { try walks.setTime(of: key, to: 1) }
    let twice = toyCatalogue(code: ["ToyPaper/Walk.swift": "edited twice"])
    let last = try WalkStore.manifest(0, twice)
    let again = StoreCare(store: walks.store, catalogue: twice)
    #expect(try again.accept(again.predecessors(of: [last]), because: "again") == 1)
    let acceptances = try #require(try walks.store.cell(last.key)).acceptances
    #expect(acceptances.map(\.reason) == ["only a name", "again"] && acceptances.allSatisfy { $0.sampled == 2 })
    #expect(acceptances.map(\.to) == [wanted[0].codeDigest, last.codeDigest])
    #expect(acceptances.map(\.from) == [try WalkStore.manifest(0, toyCatalogue()).codeDigest, wanted[0].codeDigest])
  }

  @Test("what could be accepted has a grace time of its own; what is older than that code, or was accepted, has not")
  func acceptableGarbage() throws {
    let walks = try WalkStore()
    let olderCode = toyCatalogue(code: ["ToyPaper/Walk.swift": "older", "NumericalMethods/Brent.swift": "older"])
    let older = try WalkStore.manifest(0, olderCode)
    guard case .computed = Worker(catalogue: olderCode, store: walks.store).perform(older) else {
      throw CocoaError(.featureUnsupported)
    }
    let edited = toyCatalogue(code: ["ToyPaper/Walk.swift": "edited"])
    let care = StoreCare(store: walks.store, catalogue: edited)
    let wanted = try (0..<2).map { try WalkStore.manifest($0, edited) }
    func garbage(after seconds: Double) throws -> StoreCare.Garbage {
      try care.garbage(
        needed: Set(wanted.map(\.key)), wanted: wanted, graceSeconds: 10, acceptanceSeconds: 1000,
        now: Date().timeIntervalSince1970 + seconds)
    }
    #expect(try garbage(after: 0).keys.isEmpty)
    #expect(try Set(garbage(after: 100).keys) == [older.key, walks.keys[2]])
    #expect(try garbage(after: 100).acceptableCount == 2)
    #expect(try Set(garbage(after: 2000).keys) == Set(walks.keys + [older.key]))
    // A damaged cell, or one of a later refig, is nothing to accept, and stops nothing.
    var bytes = try #require(try Files.bytes(of: walks.store.path(of: walks.keys[1])))
    bytes[bytes.count - 1] ^= 1
    try walks.store.publish(bytes, as: walks.keys[1])
    #expect(try garbage(after: 100).acceptableCount == 1)
    #expect(try care.accept(care.predecessors(of: wanted), because: "one is left") == 1)
    #expect(try garbage(after: 100).acceptableCount == 0)
  }

  @Test("of several older cells the last written is kept")
  func acceptLast() throws {
    let walks = try WalkStore(count: 1)
    let olderCode = toyCatalogue(code: ["ToyPaper/Walk.swift": "older"])
    let older = try WalkStore.manifest(0, olderCode)
    guard case .computed = Worker(catalogue: olderCode, store: walks.store).perform(older) else {
      throw CocoaError(.featureUnsupported)
    }
    let edited = toyCatalogue(code: ["ToyPaper/Walk.swift": "edited"])
    let wanted = [try WalkStore.manifest(0, edited)]
    for (last, first) in [(walks.keys[0], older.key), (older.key, walks.keys[0])] {
      for (key, date) in [(first, 1_000_000.0), (last, 2_000_000)] {
        try walks.setTime(of: key, to: date)
      }
      #expect(try StoreCare(store: walks.store, catalogue: edited).predecessors(of: wanted).map(\.old) == [last])
    }
  }
}
