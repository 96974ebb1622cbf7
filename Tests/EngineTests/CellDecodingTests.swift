import FileFormats
import Foundation
import NumericalMethods
import PaperKit
import Pipeline
import Store
import TestSupport
import Testing
import ToyPaper

/// Bytes of a cell whose header states the right digest, whatever follows it.
func sealed(_ bytes: [UInt8]) -> [UInt8] {
  let digest = bytes.dropFirst(512).withUnsafeBytes { CellKey.digest($0) }
  let header = "refig cell 1\nsha256 \(digest)\nbytes \(bytes.count)\n"
  return Array(header.utf8) + [UInt8](repeating: UInt8(ascii: "\n"), count: 512 - header.utf8.count)
    + bytes.dropFirst(512)
}

/// A cell of the toy walk, five replicas of which the fourth failed, in parts that can be forged.
private struct Forgery {
  var manifest: Manifest
  var failures: String? = "3 no step"
  var key: String?
  var text: String?
  var attributes: [(name: String, text: String)] = []
  var datasets: [HDF5File.Dataset]

  init() throws {
    manifest = Manifest(
      experiment: "toy/walk", code: toyCatalogue().code(of: Walk.self), seed: 1, streams: .independent,
      parameters: Walk.Parameters().values(), replicas: 0..<5)
    datasets = [
      Self.dataset("replica", [4], ["replica"], [0, 1, 2, 4]), Self.dataset("time", [3], ["time"], [0, 1, 2]),
      Self.dataset("position", [4, 3], ["replica", "time"], (0..<12).map(Double.init)),
      Self.dataset("end", [4], ["replica"], [1, 2, 3, 4]),
    ]
  }

  static func dataset(_ name: String, _ shape: [Int], _ axes: [String], _ values: [Double]) -> HDF5File.Dataset {
    HDF5File.Dataset(name: name, shape: shape, axes: axes, unit: "1", meaning: "", values: values)
  }

  mutating func replace(_ name: String, _ shape: [Int], _ values: [Double], axes: [String]? = nil) {
    guard let index = datasets.firstIndex(where: { $0.name == name }) else { return }
    datasets[index] = Self.dataset(name, shape, axes ?? datasets[index].axes, values)
  }

  mutating func accept(by who: String = "me", because reason: String = "why", sampled: String = "5", to: String? = nil)
  {
    attributes.append(
      ("accepted", "2027-01-01 \(sampled) \(manifest.key) \(to ?? "\(manifest.key)")\n\(who)\n\(reason)"))
  }

  func bytes() throws -> [UInt8] {
    var all = [("key", key ?? "\(manifest.key)"), ("manifest", text ?? manifest.canonicalText)] + attributes
    if let failures { all.append(("failures", failures)) }
    return sealed(try HDF5File(attributes: all, datasets: datasets).encoded(headerSize: 512))
  }

  func cell() throws -> Cell {
    try bytes().withUnsafeBytes { try Cell(verified: $0, key: manifest.key, catalogue: toyCatalogue()) }
  }
}

@Suite struct CellDecodingTests {
  @Test("arrays of any size and kind come back bit for bit")
  func roundTrip() throws {
    var random = RandomStream(key: 1, purpose: "arrays", stream: 0)
    // Rows of 2^17 + 1 numbers make a chunk each: the tree of 66 chunks has two levels.
    for shape in [[1], [3], [1, 1, 1, 1], [7, 100], [300, 1000], [66, (1 << 17) + 1], [0], [4, 0], []] {
      let count = shape.reduce(1, *)
      let regular = count > 1_000_000
      // Random bits are longer when deflated, and are then stored as they are.
      func bits() -> UInt64 { UInt64(random.integer(below: 1 << 32)) << 32 | UInt64(random.integer(below: 1 << 32)) }
      let values = (0..<count).map { regular ? Double($0 / 5) : Double(bitPattern: bits()) }
      let axes = shape.indices.map { "axis\($0)" }
      let file = HDF5File(
        attributes: [("text", "a\nb, é"), ("empty", ""), ("long", String(repeating: "long", count: 5000))],
        datasets: [
          HDF5File.Dataset(name: "a", shape: shape, axes: axes, unit: "m", meaning: "some", values: values),
          HDF5File.Dataset(name: "axis0", shape: [2], axes: ["axis0"], unit: "1", meaning: "", values: [0, 1]),
        ])
      try file.encoded(headerSize: 512).withUnsafeBytes { bytes in
        var reader = try HDF5Reader(bytes, headerSize: 512)
        #expect(reader.attributes == Dictionary(uniqueKeysWithValues: file.attributes.map { ($0.name, $0.text) }))
        #expect(reader.datasetNames == ["a", "axis0"])
        let (array, scale) = (try reader.dataset("a"), try reader.dataset("axis0"))
        #expect(array.shape == shape)
        #expect([array.isScale, scale.isScale] == [false, true])
        #expect(try reader.values(of: array).map(\.bitPattern) == values.map(\.bitPattern))
        #expect(try reader.values(of: scale) == [0, 1])
      }
    }
  }

  @Test("many datasets, more than a leaf of the list of links holds, are all found")
  func manyDatasets() throws {
    for count in [0, 1, 8, 9, 300] {
      let names = (0..<count).map { "array\($0)" }
      let bytes = try HDF5File(
        attributes: [], datasets: names.map { Forgery.dataset($0, [2], [], [0, Double(count)]) }
      ).encoded(headerSize: 512)
      try bytes.withUnsafeBytes { bytes in
        var reader = try HDF5Reader(bytes, headerSize: 512)
        #expect(reader.datasetNames == names.sorted())
        for name in names { #expect(try reader.values(of: reader.dataset(name)) == [0, Double(count)]) }
      }
    }
  }

  @Test("a sound cell is read, also one whose replicas all failed")
  func sound() throws {
    var forgery = try Forgery()
    let cell = try forgery.cell()
    #expect(cell.replicas == [0, 1, 2, 4])
    #expect(cell.failures.map(\.reason) == ["no step"])
    #expect(cell.coordinates == ["time": NDArray([0, 1, 2])])
    #expect(cell.mismatch(with: Walk.outputs) == nil)
    #expect(cell.mismatch(with: Fault.outputs) == "its experiment declares no 'end'")
    forgery.accept(because: "a name is other")
    #expect(try forgery.cell().acceptances.map(\.reason) == ["a name is other"])
    forgery.failures = (0..<5).map { "\($0) no" }.joined(separator: "\n")
    forgery.datasets = []
    #expect(try forgery.cell().replicas.isEmpty)
  }

  /// What is wrong with a cell, and how to make it so.
  private static let forgeries: [(reason: String, forge: @Sendable (inout Forgery) -> Void)] = [
    ("not those of its manifest", { $0.replace("replica", [4], [0, 1, 2, .nan]) }),
    ("not those of its manifest", { $0.replace("replica", [4], [0, 1, 2, 1e300]) }),
    ("not those of its manifest", { $0.replace("replica", [4], [0, 1, 2, 3]) }),
    ("not those of its manifest", { $0.replace("replica", [4], [0, 1, 1, 4]) }),
    ("not those of its manifest", { $0.replace("replica", [4], [1, 0, 2, 4]) }),
    ("not those of its manifest", { $0.replace("replica", [4], [0.5, 1, 2, 4]) }),
    ("not those of its manifest", { $0.replace("replica", [4], [0, 1, 2, 7]) }),
    ("it has 3 replicas", { $0.replace("replica", [3], [0, 1, 2]) }),
    ("it has 6 replicas", { $0.replace("replica", [6], [0, 1, 2, 4, 5, 6]) }),
    ("it has 4 replicas, its manifest 5", { $0.failures = nil }),
    ("names no replica", { $0.failures = " " }),
    ("names no replica", { $0.failures = "3" }),
    ("names no replica", { $0.failures = "3 no\n" }),
    ("names no replica", { $0.failures = "9 no" }),
    ("names no replica", { $0.failures = "-9223372036854775808 no" }),
    ("out of order", { $0.failures = "3 no\n3 no" }),
    ("out of order", { $0.failures = "3 \u{1b}[31mred" }),
    ("out of order", { $0.failures = "3 \u{202e}turned" }),
    ("it lacks 'end'", { $0.datasets.removeLast() }),
    ("declares no 'other'", { $0.datasets.append(Forgery.dataset("other", [4], ["replica"], [1, 2, 3, 4])) }),
    ("it lacks 'time'", { $0.datasets.remove(at: 1) }),
    ("it has 0 replicas", { $0.datasets.remove(at: 0) }),
    ("does not have 4 replicas", { $0.replace("end", [3], [1, 2, 3]) }),
    ("does not have 4 replicas", { $0.replace("end", [], [1], axes: []) }),
    ("lengths of its axes", { $0.replace("end", [4, 1], [1, 2, 3, 4], axes: ["replica", "time"]) }),
    ("lengths of its axes", { $0.replace("position", [4, 2], (0..<8).map(Double.init)) }),
    ("lengths of its axes", { $0.replace("position", [4], [1, 2, 3, 4], axes: ["replica"]) }),
    ("lengths of its axes", { $0.replace("time", [2], [0, 1]) }),
    ("not finite", { $0.replace("end", [4], [1, 2, 3, .nan]) }),
    ("not finite", { $0.replace("time", [3], [0, 1, .infinity]) }),
    ("another cell's manifest", { $0.key = String(repeating: "0", count: 64) }),
    ("no manifest", { $0.text = "no manifest" }),
    ("no manifest", { $0.text = $0.manifest.canonicalText + "\n" }),
    ("no manifest", { $0.text = $0.manifest.canonicalText.replacingOccurrences(of: "0 5", with: "-1 5") }),
    (
      "no manifest",
      { $0.text = $0.manifest.canonicalText.replacingOccurrences(of: "0 5", with: "0 9223372036854775808") }
    ),
    (
      "no manifest",
      {
        $0.text = $0.manifest.canonicalText.replacingOccurrences(
          of: "replicas", with: "parameter z \(String(repeating: "[", count: 100_000))\nreplicas")
      }
    ),
    ("its parameters are not", { $0.attributes.append(("parameters", "{\"stepCount\": 5}")) }),
    ("its parameters are not", { $0.attributes.append(("parameters", "")) }),
    ("list of accepted code cannot be read", { $0.accept(by: "me\u{1b}[2J") }),
    ("list of accepted code cannot be read", { $0.accept(because: String(repeating: "y", count: 50_000)) }),
    ("list of accepted code cannot be read", { $0.accept(because: "of two\nlines") }),
    ("list of accepted code names no code", { $0.accept(to: "code") }),
    ("list of accepted code names no code", { $0.accept(sampled: "some") }),
    ("attribute 'other'", { $0.attributes.append(("other", "text")) }),
  ]

  @Test("a cell that is not what its manifest and its experiment say is refused", arguments: forgeries.indices)
  func forged(index: Int) throws {
    let (reason, forge) = Self.forgeries[index]
    var forgery = try Forgery()
    forge(&forgery)
    #expect { try forgery.cell() } throws: { ($0 as? Malformed)?.reason.contains(reason) ?? false }
  }

  @Test("a forged cell in the store is moved aside, refused in an archive, and says so with status 5")
  func quarantine() throws {
    let workspace = try Workspace()
    let catalogue = toyCatalogue()
    let store = Store(root: workspace.path + "/store", catalogue: catalogue)
    let care = StoreCare(store: store, catalogue: catalogue)
    var forgery = try Forgery()
    let key = forgery.manifest.key
    try store.publish(forgery.bytes(), as: key)
    #expect(try care.check(deep: true).damaged == [])
    #expect(try store.manifest(key) == forgery.manifest)
    forgery.replace("replica", [4], [0, 1, 1, 4])
    try store.publish(forgery.bytes(), as: key)
    #expect(try care.check(deep: true).damaged.count == 1)
    #expect(!store.contains(key))
    #expect(workspace.files(under: "store/quarantine").count == 1)
    let archive = TarArchive.encoded([("\(key).h5", try forgery.bytes())])
    let report = try care.take(workspace.write(archive, to: "a.tar"))
    #expect(report.refused.count == 1)
    try store.publish(forgery.bytes(), as: key)
    #expect { try store.cell(key) } throws: { ErrorMessage.exitCode(of: $0) == .integrity }
  }

  @Test(
    "what is no file, or one without an end, is no cell: it is moved aside, and nobody waits", .timeLimit(.minutes(15)))
  func noFile() throws {
    let workspace = try Workspace()
    let catalogue = toyCatalogue()
    let store = Store(root: workspace.path + "/store", catalogue: catalogue)
    let care = StoreCare(store: store, catalogue: catalogue)
    let key = try Forgery().manifest.key
    let path = store.path(of: key)
    try workspace.write("", to: "store/\("\(key)".prefix(2))/other")
    let makers: [() -> Int32] = [
      { mkfifo(path, 0o644) }, { symlink("/dev/zero", path) }, { mkdir(path, 0o755) },
      {
        let descriptor = open(path, O_WRONLY | O_CREAT, 0o644)
        defer { close(descriptor) }
        return ftruncate(descriptor, 1 << 42)
      },
    ]
    for (index, make) in makers.enumerated() {
      #expect(make() == 0)
      #expect(try care.garbage(needed: [], graceSeconds: 0, now: Date().timeIntervalSince1970 + 10).keys == [key])
      #expect(throws: (any Error).self) { try store.cell(key) }
      // A folder stays, and is no damage that could be mended by computing again.
      if index == 2 { #expect(rmdir(path) == 0) }
      #expect(!store.contains(key))
    }
    #expect(workspace.files(under: "store/quarantine").count == 3)
  }

  @Test("cells of one point with axes of other lengths or other coordinates are not joined")
  func join() throws {
    func cell(_ replicas: Range<Int>, times: [Double]) throws -> Cell {
      var manifest = try Forgery().manifest
      manifest.replicas = replicas
      return Cell(
        manifest: manifest, replicas: Array(replicas), failures: [],
        arrays: [
          "position": NDArray(shape: [replicas.count, times.count], repeating: 1),
          "end": NDArray(shape: [replicas.count]),
        ], coordinates: ["time": NDArray(times)], numericClass: nil)
    }
    let first = try cell(0..<5, times: [0, 1, 2])
    #expect(try Results(cells: [first, cell(5..<7, times: [0, 1, 2])]).points[0].replicaCount == 7)
    for times in [[0, 1], [0, 1, 2.5]] {
      #expect { try Results(cells: [first, cell(5..<7, times: times)]) } throws: {
        ErrorMessage.exitCode(of: $0) == .integrity
      }
    }
  }

  @Test("no mutant of a sound file traps, and what is read of it has the promised shape")
  func mutants() throws {
    let catalogue = toyCatalogue()
    let forgery = try Forgery()
    let good = try forgery.bytes()
    var random = RandomStream(key: 2, purpose: "mutants", stream: 0)
    // Most of a file is free space, where nothing matters.
    let places = good.indices.dropFirst(512).filter { good[$0] != 0 }
    var accepted = 0
    for _ in 0..<10_000 {
      var bad = good
      for _ in 0...random.integer(below: 3) {
        let place = places[random.integer(below: places.count)]
        switch random.integer(below: 4) {
        case 0: bad[place] ^= 1 << UInt8(random.integer(below: 8))
        case 1: bad[place] = [0, 1, 0x7f, 0x80, 0xff][random.integer(below: 5)]
        case 2: bad[place] = UInt8(random.integer(below: 256))
        default: bad[place] &+= 1
        }
      }
      let cell = try? bad.withUnsafeBytes {
        try Cell(verified: $0, key: forgery.manifest.key, catalogue: catalogue)
      }
      guard let cell else { continue }
      accepted += 1
      #expect(cell.mismatch(with: Walk.outputs) == nil)
      #expect(cell.replicas == [0, 1, 2, 4])
    }
    // Texts that are not read, such as units, can be changed.
    #expect(accepted < 5000)
  }
}
