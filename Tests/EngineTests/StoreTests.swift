import Foundation
import NumericalMethods
import PaperKit
import Pipeline
import Platform
import Store
import TestSupport
import Testing
import ToyPaper

/// A store with one cell of the toy walk: two replicas, and a third that failed.
private func storeWithCell() throws -> (workspace: Workspace, store: Store, cell: Cell) {
  let workspace = try Workspace()
  let manifest = Manifest(
    experiment: "toy/walk", code: toyCatalogue().code(of: Walk.self), seed: 1, streams: .independent,
    parameters: Walk.Parameters().values(), replicas: 0..<3)
  let cell = Cell(
    manifest: manifest, replicas: [0, 2], failures: [(1, "step size 1e-30 at time 0.5")],
    arrays: ["position": NDArray(rows: [[0, 1.5, -2], [0, .pi, 1e-300]]), "end": NDArray([-2, 1e-300])],
    coordinates: ["time": NDArray([0, 1, 2])], numericClass: .current)
  let store = Store(root: workspace.path + "/store")
  try store.publish(cell.encoded(outputs: Walk.outputs), as: manifest.key)
  return (workspace, store, cell)
}

@Suite struct StoreTests {
  @Test("what is stored is what is read")
  func roundTrip() throws {
    let (workspace, store, cell) = try storeWithCell()
    defer { withExtendedLifetime(workspace) {} }
    let read = try #require(try store.cell(cell.manifest.key))
    #expect(read.manifest == cell.manifest)
    #expect(read.replicas == cell.replicas)
    #expect(read.arrays == cell.arrays)
    #expect(read.coordinates == cell.coordinates)
    #expect(read.numericClass == cell.numericClass)
    #expect(read.failures.map(\.replica) == [1])
    #expect(read.failures.map(\.reason) == ["step size 1e-30 at time 0.5"])
    #expect(try store.presentKeys() == [cell.manifest.key])
  }

  @Test("a numeric class that repeats a long setting of the environment is read back")
  func longClass() throws {
    let (workspace, store, cell) = try storeWithCell()
    defer { withExtendedLifetime(workspace) {} }
    let features = (0..<40).map { "-AVX\($0)" }.joined(separator: ",")
    let name = "x86-64, glibc 2.36 with glibc.cpu.hwcaps=\(features):\n\u{1B}[31mé"
    let other = Cell(
      manifest: cell.manifest, replicas: cell.replicas, failures: cell.failures, arrays: cell.arrays,
      coordinates: cell.coordinates, numericClass: NumericClass(name))
    try store.publish(other.encoded(outputs: Walk.outputs), as: cell.manifest.key)
    let read = try #require(try store.cell(cell.manifest.key)?.numericClass)
    #expect(read == NumericClass(ErrorMessage.visible(name)) && read.description.contains(features))
  }

  @Test("equal content gives equal bytes, at any time")
  func reproducibleBytes() throws {
    let (_, _, cell) = try storeWithCell()
    let first = try cell.encoded(outputs: Walk.outputs)
    usleep(1_100_000)  // HDF5's times count seconds: with them, the bytes would differ now.
    #expect(try cell.encoded(outputs: Walk.outputs) == first)
  }

  @Test("400 random single-bit flips: none silently wrong, none crashes")
  func bitFlips() throws {
    let (workspace, store, cell) = try storeWithCell()
    defer { withExtendedLifetime(workspace) {} }
    let key = cell.manifest.key
    let good = try #require(try Files.bytes(of: store.path(of: key)))
    var random = RandomStream(key: 1, stream: 0)
    for _ in 0..<400 {
      var bad = good
      bad[random.integer(below: bad.count)] ^= 1 << UInt8(random.integer(below: 8))
      try store.publish(bad, as: key)
      #expect(throws: PipelineError.self) { try store.cell(key) }
      #expect(!store.contains(key), "a damaged file must be moved aside")
    }
  }

  @Test("truncated, emptied and zeroed files are refused and moved to quarantine")
  func otherDamage() throws {
    let (workspace, store, cell) = try storeWithCell()
    let key = cell.manifest.key
    let good = try #require(try Files.bytes(of: store.path(of: key)))
    let damages = [
      [], Array(good.prefix(100)), Array(good.prefix(512)), Array(good.prefix(good.count / 2)),
      Array(good.dropLast(1)), good + [0], [UInt8](repeating: 0, count: good.count),
      Array(good.prefix(512)) + [UInt8](repeating: 0, count: good.count - 512),
    ]
    for bad in damages {
      try store.publish(bad, as: key)
      do {
        _ = try store.cell(key)
        Issue.record("damage was not noticed")
      } catch { #expect(ErrorMessage.exitCode(of: error) == .integrity) }
    }
    #expect(workspace.files(under: "store/quarantine").count == damages.count)
    #expect(try store.cell(key) == nil)
  }

  @Test("a sound cell under another cell's key is refused")
  func wrongKey() throws {
    let (workspace, store, cell) = try storeWithCell()
    defer { withExtendedLifetime(workspace) {} }
    var other = cell.manifest
    other.seed = 2
    try store.publish(cell.encoded(outputs: Walk.outputs), as: other.key)
    #expect(throws: PipelineError.self) { try store.cell(other.key) }
  }

  @Test("a claim excludes others, and ends with its work, even while a forked copy has its file open")
  func claims() throws {
    let workspace = try Workspace()
    let store = Store(root: workspace.path + "/store")
    let key = CellKey(manifest: "any")
    // A copy of the descriptor holds the lock as a copy of the process does.
    var copy: Int32 = -1
    let other = try store.withClaim(on: key) {
      let descriptor = try #require(
        (0..<1024).first {
          URL(fileURLWithPath: "/proc/self/fd/\($0)").resolvingSymlinksInPath().path == store.root + "/lock"
        })
      copy = dup(Int32(descriptor))
      return try store.withClaim(on: key) { true }
    }
    defer { close(copy) }
    #expect(copy >= 0 && other == .some(nil))
    #expect(try store.withClaim(on: key) { true } == true)
  }

  @Test("failures are remembered until the cell is there")
  func failures() throws {
    let (workspace, store, cell) = try storeWithCell()
    defer { withExtendedLifetime(workspace) {} }
    let key = cell.manifest.key
    try store.recordFailure(key, reason: "why")
    #expect(try store.failure(of: key) == "why")
    try store.publish(cell.encoded(outputs: Walk.outputs), as: key)
    #expect(try store.failure(of: key) == nil)
  }

  @Test("h5dump and h5py read a cell with named axes, units and scales")
  func foreignReaders() throws {
    let (workspace, store, cell) = try storeWithCell()
    defer { withExtendedLifetime(workspace) {} }
    let path = store.path(of: cell.manifest.key)
    let dump = try runProgram("h5dump", ["-pH", path])
    #expect(dump.status == 0)
    for word in ["position", "DIMENSION_LIST", "units", "long_name", "FLETCHER32", "H5T_IEEE_F64LE"] {
      #expect(dump.output.contains(word))
    }
    let script = """
      import h5py, sys
      f = h5py.File(sys.argv[1])
      p = f['position']
      print([d.label for d in p.dims], [d[0].name for d in p.dims], p.attrs['units'], p[1, 1], list(f['replica'][:]))
      print(f.attrs['Conventions'], f.attrs['key'], f['time'].attrs['units'])
      """
    let read = try runProgram("/usr/bin/python3", ["-c", script, path])
    #expect(
      read.output == """
        ['replica', 'time'] ['/replica', '/time'] m 3.141592653589793 [0.0, 2.0]
        CF-1.8, refig-1 \(cell.manifest.key) step

        """, "\(read.errors)")
  }

  @Test("the page on the cell's format reads a cell with h5py, xarray and pandas, as it says")
  func cellPage() throws {
    let (workspace, store, cell) = try storeWithCell()
    let page = try String(contentsOf: repository.appending(path: "docs/cells.md"), encoding: .utf8)
    let programs = page.matches(of: /```python\n([^`]+)```/).map { String($0.output.1) }
    #expect(programs.count == 3)
    for program in programs {
      try workspace.write(program, to: "read.py")
      let read = try runProgram("/usr/bin/python3", [workspace.path + "/read.py", store.path(of: cell.manifest.key)])
      #expect(read.status == 0, "\(read.errors)")
      let expected = page.components(separatedBy: program)[1].firstMatch(of: /```text\n([^`]+)```/)?.output.1
      #expect(try read.output == String(#require(expected)))
    }
  }

  @Test("a folder that cannot be written is an environment error and leaves nothing")
  func notWritable() throws {
    let workspace = try Workspace()
    try workspace.write("a file, not a folder", to: "store")
    let (_, _, cell) = try storeWithCell()
    do {
      try Store(root: workspace.path + "/store").publish(cell.encoded(outputs: Walk.outputs), as: cell.manifest.key)
      Issue.record("wrote below a file")
    } catch { #expect(ErrorMessage.exitCode(of: error) == .environment) }
  }

  @Test("a cell of a newer refig is reported and left where it is; one flipped bit of the format is damage")
  func newerFormat() throws {
    let (workspace, store, cell) = try storeWithCell()
    let key = cell.manifest.key
    let good = try #require(try Files.bytes(of: store.path(of: key)))
    func publish(format: String) throws {
      try store.publish(Array("refig cell \(format)".utf8) + good.dropFirst(12), as: key)
    }
    try publish(format: "2")
    #expect { try store.cell(key) } throws: { error in
      ErrorMessage.exitCode(of: error) == .integrity && ErrorMessage.text(of: error).contains("Use the newer refig")
    }
    #expect(store.contains(key))
    let care = StoreCare(store: store, catalogue: toyCatalogue())
    #expect(try care.check(deep: true).newer == 1)
    #expect(try care.garbage(needed: [], graceSeconds: 0, now: Date().timeIntervalSince1970 + 10).keys.isEmpty)
    try publish(format: "3")
    #expect(throws: PipelineError.self) { try store.cell(key) }
    #expect(workspace.files(under: "store/quarantine").count == 1)
  }

  @Test("HDF5 files of other programs, and sound bytes that hold no cell, are refused and moved aside")
  func foreignFiles() throws {
    let (workspace, store, cell) = try storeWithCell()
    let key = cell.manifest.key
    func sealed(_ bytes: [UInt8]) -> [UInt8] {
      let digest = bytes.withUnsafeBytes { CellKey.digest($0) }
      let header = "refig cell 1\nsha256 \(digest)\nbytes \(bytes.count + 512)\n"
      return Array(header.utf8) + [UInt8](repeating: UInt8(ascii: "\n"), count: 512 - header.utf8.count) + bytes
    }
    let foreign = try HDF5File(
      attributes: [("creator", "somebody")],
      datasets: [
        HDF5File.Dataset(name: "x", shape: [3], axes: ["x"], unit: "m", meaning: "", values: [1, 2, 3])
      ]
    ).encoded(headerSize: 512)
    let bad = [foreign, sealed(Array(foreign.dropFirst(512))), sealed(Array("no HDF5 at all".utf8)), sealed([])]
    for bytes in bad {
      try store.publish(bytes, as: key)
      do {
        _ = try store.cell(key)
        Issue.record("it was taken for a cell")
      } catch { #expect(ErrorMessage.exitCode(of: error) == .integrity, "\(error)") }
    }
    #expect(workspace.files(under: "store/quarantine").count == bad.count)
    let care = StoreCare(store: store, catalogue: toyCatalogue())
    let archive = TarArchive.encoded(bad.enumerated().map { ("\($0)/\(key).h5", $1) })
    #expect(try care.take(workspace.write(archive, to: "a.tar")).refused.count == bad.count)
    #expect(try store.presentKeys().isEmpty)
  }
}
